/* tallystick.h - the one public header of the Tallystick core: an embeddable payment ledger over SQLite.
 *
 * Conventions
 *   - Every fallible call returns a tally_code: TALLY_OK (0), TALLY_DONE for a cursor at its end, TALLY_STALE
 *     for a request that was prepared under a script that is in force no more, or an error of
 *     TALLY_ERRORS. Where a call takes a ledger, the ledger keeps the sentence and the details of its last error.
 *   - Amounts are int64_t in minor units of the ledger's currency and end in _minor; instants are int64_t
 *     milliseconds since 1970-01-01T00:00:00Z and end in _at_ms; business days are int32_t days since 1970-01-01.
 *   - A tally_text borrows bytes: they are not NUL-terminated and not owned. Text that goes in must live until the call
 *     returns; text and structures that come out live until the next call on the same ledger or cursor.
 *   - _new and _open make something that the matching _free or _close ends; those take NULL and may be called once.
 *   - A ledger, with all made from it, belongs to one thread at a time. Nothing here keeps global state.
 *
 * The rules are those of the project's design: "§n" in a comment names the section of docs/design.md.
 */
#ifndef TALLYSTICK_H
#define TALLYSTICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TALLY_API __attribute__((visibility("default")))
#define TALLY_PRINTF(template, first) __attribute__((__format__(__printf__, template, first)))
#else
#define TALLY_API
#define TALLY_PRINTF(template, first)
#endif

#define TALLY_VERSION "0.1.0"

/* ---- Errors (§8) ------------------------------------------------------------------------------------------------
 * X(SYMBOL, number, name, text). Numbers and names never change; the order is the order in which a command answers. */
#define TALLY_ERRORS(X)                                                                                               \
  X(READ_ONLY, 1, "read-only", "the ledger is open for reading only")                                                 \
  X(FIELD_UNKNOWN, 2, "field-unknown", "the command has no such field")                                               \
  X(FIELD_MISSING, 3, "field-missing", "a required field is missing")                                                 \
  X(FIELD_INVALID, 4, "field-invalid", "a field's value is not valid")                                                \
  X(AMOUNT_INVALID, 5, "amount-invalid", "an amount is not a decimal string or a money value of the currency")        \
  X(DATE_INVALID, 6, "date-invalid", "a date or time does not exist or is not ISO 8601")                              \
  X(KEY_CONFLICT, 7, "key-conflict", "the key was used for another command or content")                               \
  X(TYPE_UNKNOWN, 8, "type-unknown", "no payment type has this id")                                                   \
  X(TYPE_RETIRED, 9, "type-retired", "the payment type is retired")                                                   \
  X(DOCUMENT_UNKNOWN, 10, "document-unknown", "no document has this number")                                          \
  X(PAYMENT_UNKNOWN, 11, "payment-unknown", "no payment has this number")                                             \
  X(PATIENT_UNKNOWN, 12, "patient-unknown", "no document or deposit names this patient")                              \
  X(PERMISSION_DENIED, 13, "permission-denied", "none of the caller's roles may do this")                             \
  X(DOCUMENT_EXISTS, 14, "document-exists", "a document with this number exists")                                     \
  X(DOCUMENT_KIND, 15, "document-kind", "the document is of the other kind")                                          \
  X(ALLOCATION_UNKNOWN, 16, "allocation-unknown", "the payment settled no such document")                             \
  X(DOCUMENT_CANCELLED, 17, "document-cancelled", "the document is cancelled")                                        \
  X(DOCUMENT_INVOICED, 18, "document-invoiced", "the consultation is on an invoice that stands")                      \
  X(DOCUMENT_HAS_PAYMENTS, 19, "document-has-payments", "the document still has payments")                            \
  X(PATIENT_MISMATCH, 20, "patient-mismatch", "the documents are not all of this patient")                            \
  X(PAYMENT_REVERSED, 21, "payment-reversed", "the payment is reversed already")                                      \
  X(PAYMENT_REFUNDED, 22, "payment-refunded", "the payment is refunded in part or whole")                             \
  X(PAYMENT_NOT_REVERSIBLE, 23, "payment-not-reversible", "an act of this kind cannot be undone this way")            \
  X(TYPE_NOT_APPLICABLE, 24, "type-not-applicable", "the payment type does not fit this use")                         \
  X(GROUP_REQUIRED, 25, "group-required", "the payment type needs a group")                                           \
  X(GROUP_UNKNOWN, 26, "group-unknown", "the payment type has no such group")                                         \
  X(DATE_IN_FUTURE, 27, "date-in-future", "the date lies in the future")                                              \
  X(PERIOD_CLOSED, 28, "period-closed", "the business day is closed")                                                 \
  X(DOCUMENT_SETTLED, 29, "document-settled", "nothing remains to be paid")                                           \
  X(AMOUNT_NOT_POSITIVE, 30, "amount-not-positive", "the amount must be above zero")                                  \
  X(AMOUNT_NOT_TENDERABLE, 31, "amount-not-tenderable", "the amount is no multiple of the smallest payable step")     \
  X(AMOUNT_ABOVE_LIMIT, 32, "amount-above-limit", "the amount is above the payment type's limit")                     \
  X(AMOUNT_EXCEEDS_REMAINING, 33, "amount-exceeds-remaining", "the amount is more than what remains")                 \
  X(CHARGE_BELOW_SETTLED, 34, "charge-below-settled", "the charge would fall below what is settled")                  \
  X(REFUND_EXCEEDS_PAYMENT, 35, "refund-exceeds-payment", "the refund is more than what was collected")               \
  X(CREDIT_INSUFFICIENT, 36, "credit-insufficient", "the patient's credit does not cover the amount")                 \
  X(CREDIT_SPENT, 37, "credit-spent", "the patient's credit no longer holds the deposited part")                      \
  X(TENDERED_TOO_SMALL, 38, "tendered-too-small", "the tendered amount does not cover the payment")                   \
  X(AMOUNT_OVERFLOW, 39, "amount-overflow", "a sum would leave the range of 64-bit minor units")                      \
  X(REFUSED, 40, "refused", "a script refused the command")                                                           \
  X(SCRIPT_FAILED, 41, "script-failed", "a script failed")                                                            \
  X(CLOSED, 42, "closed", "the ledger is closed")                                                                     \
  X(CONFIG_INVALID, 43, "config-invalid", "the configuration is not valid")                                           \
  X(TRANSACTION_POISONED, 44, "transaction-poisoned", "a command of the transaction was refused")                     \
  X(BUSY, 45, "busy", "another process holds the ledger")                                                             \
  X(FULL, 46, "full", "the disk is full")                                                                             \
  X(IO_ERROR, 47, "io-error", "the file could not be read or written")                                                \
  X(CORRUPT, 48, "corrupt", "the file is damaged")                                                                    \
  X(NOT_A_LEDGER, 49, "not-a-ledger", "the file is not a Tallystick ledger")                                          \
  X(SCHEMA_NEWER, 50, "schema-newer", "the file was written by a newer Tallystick")                                   \
  X(CHAIN_BROKEN, 51, "chain-broken", "the journal and its hash chain do not agree")                                  \
  X(OUT_OF_MEMORY, 52, "out-of-memory", "out of memory")

typedef enum tally_code {
  TALLY_OK = 0,
#define X(symbol, number, name, text) TALLY_ERR_##symbol = number,
  TALLY_ERRORS(X)
#undef X
      TALLY_ERR_END,
  TALLY_DONE = 100,
  TALLY_STALE = 101
} tally_code;

/* Gives the contract's name of a code, such as "document-settled"; "ok" for 0; never NULL. */
TALLY_API const char *tally_code_name(tally_code code);
/* Gives one English sentence on a code; never NULL. */
TALLY_API const char *tally_code_text(tally_code code);

/* ---- Text ------------------------------------------------------------------------------------------------------ */
typedef struct tally_text {
  const char *data; /* NULL where there is none */
  size_t length;    /* bytes */
} tally_text;

/* ---- Money (§2, §6) -------------------------------------------------------------------------------------------- */
/* A currency of ISO 4217 (list one, 2024): its exponent is how many decimals it has. */
typedef struct tally_currency {
  char code[4];
  uint8_t exponent;
} tally_currency;

typedef struct tally_money {
  int64_t minor;
  const tally_currency *currency;
} tally_money;

enum { TALLY_MONEY_TEXT_MAX = 32 }; /* sign, 19 digits, point, blank, code and NUL fit well */

/* Finds a currency by its three capital letters; NULL where ISO 4217 has none. */
TALLY_API const tally_currency *tally_currency_find(const char *code, size_t length);
/* Parses "120", "120.5", "-0.05": sign, digits, at most exponent decimals. TALLY_ERR_AMOUNT_INVALID otherwise, also
 * for what int64 minor units cannot hold. */
TALLY_API tally_code tally_money_parse(const char *text, size_t length, const tally_currency *currency,
                                       int64_t *minor);
/* Writes "120.50" and a NUL; gives the length. */
TALLY_API size_t tally_money_print(int64_t minor, const tally_currency *currency, char text[TALLY_MONEY_TEXT_MAX]);
/* Checked arithmetic on minor units: TALLY_ERR_AMOUNT_OVERFLOW, and *result untouched, where int64 ends. */
TALLY_API tally_code tally_minor_add(int64_t a, int64_t b, int64_t *result);
TALLY_API tally_code tally_minor_subtract(int64_t a, int64_t b, int64_t *result);
TALLY_API tally_code tally_minor_multiply(int64_t a, int64_t b, int64_t *result);
/* Rounds to the nearest multiple of step (> 0), halves up (towards +infinity). */
TALLY_API tally_code tally_minor_round(int64_t minor, int64_t step, int64_t *result);
/* Splits an amount by non-negative weights (not all zero) so that the parts sum to it to the last unit (largest
 * remainder, earlier parts first). TALLY_ERR_FIELD_INVALID for other weights. */
TALLY_API tally_code tally_minor_split(int64_t minor, const int64_t *weights, size_t count, int64_t *parts);

/* ---- Time (§6) -------------------------------------------------------------------------------------------------
 * Local time and business days follow the process's TZ. */
enum { TALLY_TIME_TEXT_MAX = 40 };

/* Parses ISO 8601: "2026-11-20", "2026-11-20T14:30", with seconds, milliseconds, Z or an offset; without one local time.
 * A date alone is that day's local midnight. Years 1 to 9999. TALLY_ERR_DATE_INVALID otherwise. */
TALLY_API tally_code tally_time_parse(const char *text, size_t length, int64_t *at_ms);
/* Writes local ISO 8601 with offset, "2026-11-20T14:30:00+01:00" ("Z" for none; milliseconds only where there are some). */
TALLY_API size_t tally_time_print(int64_t at_ms, char text[TALLY_TIME_TEXT_MAX]);
/* Says whether an instant lies in the years 1 to 9999. */
TALLY_API bool tally_time_valid(int64_t at_ms);
/* Gives the local calendar day of an instant. */
TALLY_API int32_t tally_day_of(int64_t at_ms);
/* Gives the instant at which a local day starts. */
TALLY_API int64_t tally_day_start_ms(int32_t day);
/* Parses "2026-11-20" alone. */
TALLY_API tally_code tally_day_parse(const char *text, size_t length, int32_t *day);
TALLY_API size_t tally_day_print(int32_t day, char text[TALLY_TIME_TEXT_MAX]);
/* The system's clock. */
TALLY_API int64_t tally_now_ms(void);

/* ---- Status (§3) ----------------------------------------------------------------------------------------------- */
typedef enum tally_document_kind { TALLY_CONSULTATION = 1, TALLY_INVOICE = 2 } tally_document_kind;

#define TALLY_STATUSES(X)                                                                                             \
  X(CANCELLED, "cancelled")                                                                                           \
  X(INVOICED, "invoiced")                                                                                             \
  X(OVERPAID, "overpaid")                                                                                             \
  X(PENDING, "pending")                                                                                               \
  X(UNPAID, "unpaid")                                                                                                 \
  X(PARTIAL, "partial")                                                                                               \
  X(WRITTEN_OFF, "written_off")                                                                                       \
  X(OFFERED, "offered")                                                                                               \
  X(PAID, "paid")

typedef enum tally_status {
#define X(symbol, name) TALLY_STATUS_##symbol,
  TALLY_STATUSES(X)
#undef X
      TALLY_STATUS_END
} tally_status;

/* What a status is a function of. All amounts in minor units of one currency. */
typedef struct tally_facts {
  tally_document_kind kind;
  int64_t charged, collected, credited, discounted, lost, rounded;
  bool invoiced, cancelled;
} tally_facts;

/* Computes status and remaining (minor units; zero on a cancelled document and an invoiced consultation). Pure.
 * TALLY_ERR_AMOUNT_OVERFLOW where the sums leave int64. Either result may be NULL. */
TALLY_API tally_code tally_status_of(const tally_facts *facts, tally_status *status, int64_t *remaining_minor);
TALLY_API const char *tally_status_name(tally_status status);
TALLY_API const char *tally_document_kind_name(tally_document_kind kind);

/* ---- The journal's kinds (§4) ----------------------------------------------------------------------------------
 * X(SYMBOL, number, name, debit account, credit account, fact moved, sign). Numbers are stored and never change. */
#define TALLY_KINDS(X)                                                                                                \
  X(CHARGE, 1, "charge", RECEIVABLE, INCOME, CHARGED, 1)                                                              \
  X(PAYMENT, 2, "payment", TENDER, RECEIVABLE, COLLECTED, 1)                                                          \
  X(DISCOUNT, 3, "discount", DISCOUNTS, RECEIVABLE, DISCOUNTED, 1)                                                    \
  X(LOSS, 4, "loss", LOSSES, RECEIVABLE, LOST, 1)                                                                     \
  X(ROUNDING, 5, "rounding", ROUNDING, RECEIVABLE, ROUNDED, 1)                                                        \
  X(DEPOSIT, 6, "deposit", TENDER, CREDIT, NOTHING, 1)                                                                \
  X(CREDIT, 7, "credit", CREDIT, RECEIVABLE, CREDITED, 1)                                                             \
  X(WITHDRAWAL, 8, "withdrawal", CREDIT, TENDER, NOTHING, 1)                                                          \
  X(TRANSFER, 9, "transfer", CREDIT, COUNTER_CREDIT, NOTHING, 1)                                                      \
  X(REFUND, 10, "refund", RECEIVABLE, TENDER, COLLECTED, -1)                                                          \
  X(INVOICING, 11, "invoicing", COUNTER_RECEIVABLE, RECEIVABLE, NOTHING, 1)                                           \
  X(RELEASE, 12, "release", RECEIVABLE, COUNTER_RECEIVABLE, NOTHING, 1)                                               \
  X(VARIANCE, 13, "variance", OVER_SHORT, TENDER, NOTHING, 1)                                                         \
  X(REVERSAL, 14, "reversal", SWAPPED, SWAPPED, NOTHING, -1)                                                          \
  X(STAGE, 15, "stage", NONE, NONE, NOTHING, 0)                                                                       \
  X(PRINT, 16, "print", NONE, NONE, NOTHING, 0)                                                                       \
  X(CLOSING, 17, "closing", NONE, NONE, NOTHING, 0)

typedef enum tally_kind {
#define X(symbol, number, name, debit, credit, fact, sign) TALLY_KIND_##symbol = number,
  TALLY_KINDS(X)
#undef X
      TALLY_KIND_END
} tally_kind;

/* The account classes; keys: receivable by document, tender by payment type, credit by patient. */
typedef enum tally_account {
  TALLY_ACCOUNT_NONE,
  TALLY_ACCOUNT_RECEIVABLE,         /* of the entry's document */
  TALLY_ACCOUNT_COUNTER_RECEIVABLE, /* of the entry's counter document */
  TALLY_ACCOUNT_INCOME,
  TALLY_ACCOUNT_TENDER,
  TALLY_ACCOUNT_DISCOUNTS,
  TALLY_ACCOUNT_LOSSES,
  TALLY_ACCOUNT_ROUNDING,
  TALLY_ACCOUNT_CREDIT,         /* of the entry's patient */
  TALLY_ACCOUNT_COUNTER_CREDIT, /* of the entry's counter patient */
  TALLY_ACCOUNT_OVER_SHORT,
  TALLY_ACCOUNT_SWAPPED /* as the entry it reverses, debit and credit swapped */
} tally_account;

TALLY_API const char *tally_kind_name(tally_kind kind);
/* Finds a kind by name; 0 where there is none. */
TALLY_API tally_kind tally_kind_find(const char *name, size_t length);
/* Gives a class's name: "receivable", "income", "tender" …; counter classes have the name of their class. */
TALLY_API const char *tally_account_name(tally_account account);
TALLY_API void tally_kind_accounts(tally_kind kind, tally_account *debit, tally_account *credit);

/* ---- Configuration (§5, §7) ------------------------------------------------------------------------------------ */
#define TALLY_EFFECTS(X)                                                                                              \
  X(MONEY, 1, "money")                                                                                                \
  X(CREDIT, 2, "credit")                                                                                              \
  X(DISCOUNT, 3, "discount")                                                                                          \
  X(LOSS, 4, "loss")
typedef enum tally_effect {
#define X(symbol, number, name) TALLY_EFFECT_##symbol = number,
  TALLY_EFFECTS(X)
#undef X
      TALLY_EFFECT_END
} tally_effect;

#define TALLY_EXCESSES(X)                                                                                             \
  X(REFUSE, 1, "refuse")                                                                                              \
  X(CHANGE, 2, "change")                                                                                              \
  X(CREDIT, 3, "credit")
typedef enum tally_excess {
#define X(symbol, number, name) TALLY_EXCESS_##symbol = number,
  TALLY_EXCESSES(X)
#undef X
      TALLY_EXCESS_END
} tally_excess;

TALLY_API const char *tally_effect_name(tally_effect effect);
TALLY_API const char *tally_excess_name(tally_excess excess);

typedef struct tally_pair {
  tally_text key, value;
} tally_pair;

typedef enum tally_field_type {
  TALLY_FIELD_STRING = 1,
  TALLY_FIELD_INTEGER,
  TALLY_FIELD_BOOLEAN,
  TALLY_FIELD_DATE
} tally_field_type;

/* An extra field of a payment type. The pattern is a Lua pattern: the Lua binding matches it (see
 * tally_request_mark_mismatch); a C host without Lua matches as it likes. */
typedef struct tally_extra_field {
  tally_text name;
  tally_field_type type;
  bool required;
  tally_text pattern;
} tally_extra_field;

typedef struct tally_payment_type {
  tally_text id;
  int32_t version; /* given by the ledger; ignored on the way in */
  tally_effect effect;
  bool is_default, for_consultation, for_invoice, group_required, retired;
  int64_t round_to_minor; /* 0: none */
  int64_t max_minor;      /* 0: none */
  tally_excess excess;
  tally_text account;
  const tally_pair *labels; /* language and label; language "" is any */
  size_t label_count;
  const tally_text *groups; /* none: any group will do */
  size_t group_count;
  const tally_text *roles; /* none: anyone */
  size_t role_count;
  const tally_extra_field *fields;
  size_t field_count;
} tally_payment_type;

typedef struct tally_permit {
  tally_text command;
  const tally_text *roles;
  size_t role_count;
} tally_permit;

/* Everything that a script declares. Absent text and no types: the preset's (cash, card, transfer, credit, discount,
 * loss; CHF; "C-%05d", "F-%05d", "R-%05d"; English). */
typedef struct tally_config {
  tally_text currency, language;
  tally_text consultation_format, invoice_format, payment_format;
  const tally_payment_type *types;
  size_t type_count;
  const tally_permit *permits;
  size_t permit_count;
  tally_text script_name, script_text;
} tally_config;

/* ---- The ledger ------------------------------------------------------------------------------------------------ */
typedef struct tally_ledger tally_ledger;

typedef struct tally_options {
  bool read_only;
  int busy_timeout_ms;        /* 0: 5000; below 0: none */
  const tally_config *config; /* NULL: the one in force in the file, else the preset */
  bool anchor;                /* makes the anchor where there is none; where there is one it is kept up anyway */
} tally_options;

/* Opens a ledger file, making it (mode 0600) where there is none; ":memory:" is kept nowhere. *ledger is set also where
 * the call fails (but for out-of-memory), so that its error can be read; close it either way.
 * Errors: not-a-ledger, schema-newer, config-invalid, busy, read-only, io-error, corrupt. */
TALLY_API tally_code tally_open(const char *path, const tally_options *options, tally_ledger **ledger);
/* Rolls back what is open and closes. NULL is fine. */
TALLY_API void tally_close(tally_ledger *ledger);
/* Sets how long each command waits from now on while another process writes, in milliseconds (0 and below: not at all),
 * and gives how long it was: 0 for a ledger that did not open. */
TALLY_API int tally_set_busy_timeout(tally_ledger *ledger, int busy_timeout_ms);

/* The last error of this ledger: its code, a sentence that names field, value and what would do, and its details. */
TALLY_API tally_code tally_error_code(const tally_ledger *ledger);
TALLY_API const char *tally_error_message(const tally_ledger *ledger);
/* Gives the index-th detail (from 0); false past the last. */
TALLY_API bool tally_error_detail(const tally_ledger *ledger, size_t index, const char **key, const char **value);

TALLY_API const tally_currency *tally_ledger_currency(const tally_ledger *ledger);
/* The configuration in force; lives until the next command. */
TALLY_API const tally_config *tally_ledger_config(const tally_ledger *ledger);
/* Reads the configuration again where another process has stored one, and gives the version in force. */
TALLY_API tally_code tally_ledger_reload(tally_ledger *ledger, int32_t *script_version);
/* Finds a payment type in force by id; NULL where there is none. */
TALLY_API const tally_payment_type *tally_ledger_type(const tally_ledger *ledger, tally_text id);
/* The default type, or the index-th type in force; NULL past the last. */
TALLY_API const tally_payment_type *tally_ledger_type_at(const tally_ledger *ledger, size_t index);
TALLY_API const tally_payment_type *tally_ledger_default_type(const tally_ledger *ledger);

/* ---- Transactions (§7) -----------------------------------------------------------------------------------------
 * Outside of one every command is a commit of its own. Nested ones are savepoints. A refused command poisons the
 * innermost; committing a poisoned one rolls it back and answers transaction-poisoned. */
TALLY_API tally_code tally_begin(tally_ledger *ledger);
/* Lets commands be refused in the innermost open transaction without poisoning it: who runs a log goes on with the next.
 * A refused command has written nothing. A write that failed still undoes the whole. */
TALLY_API void tally_allow_refusals(tally_ledger *ledger);
/* Notes a refusal of the host's own in the innermost open transaction, as a refused command does. */
TALLY_API void tally_poison(tally_ledger *ledger, tally_code code);
TALLY_API tally_code tally_commit(tally_ledger *ledger);
TALLY_API void tally_rollback(tally_ledger *ledger);
TALLY_API int tally_transaction_depth(const tally_ledger *ledger);

/* ---- Requests: the commands and queries of §6 ------------------------------------------------------------------ */
typedef enum tally_command {
  TALLY_COMMAND_NONE,
  TALLY_COMMAND_CONSULTATION, /* the numbers of the writing commands are stored and never change */
  TALLY_COMMAND_INVOICE,
  TALLY_COMMAND_CHARGE,
  TALLY_COMMAND_CANCEL,
  TALLY_COMMAND_PAY,
  TALLY_COMMAND_REVERSE,
  TALLY_COMMAND_CORRECT,
  TALLY_COMMAND_REFUND,
  TALLY_COMMAND_DEPOSIT,
  TALLY_COMMAND_WITHDRAW,
  TALLY_COMMAND_TRANSFER,
  TALLY_COMMAND_CLOSE_DAYS,
  TALLY_COMMAND_MOVE,
  TALLY_COMMAND_PRINT,
  TALLY_COMMAND_LAST_WRITING = TALLY_COMMAND_PRINT,
  TALLY_QUERY_DOCUMENT,
  TALLY_QUERY_DOCUMENTS,
  TALLY_QUERY_PAYMENTS,
  TALLY_QUERY_ENTRIES,
  TALLY_QUERY_TOTALS,
  TALLY_QUERY_VERIFY,
  TALLY_CALL_ERASE,
  TALLY_COMMAND_END
} tally_command;

TALLY_API const char *tally_command_name(tally_command command);
/* Finds a writing command by name; TALLY_COMMAND_NONE where there is none. */
TALLY_API tally_command tally_command_find(const char *name, size_t length);
/* Whether a script's permit may name it: the writing commands, and erase. */
TALLY_API bool tally_command_permitted(tally_command command);
/* Gives the name and need of a command's index-th field, in the order of the contract; false past the last. */
TALLY_API bool tally_command_field(tally_command command, size_t index, const char **name, bool *required);

/* A request is a command with its fields, filled by name and used again for the next: begin, set, execute. A setter
 * that meets a name the command has not, or a value of the wrong shape, remembers it; tally_execute says so. */
typedef struct tally_request tally_request;
TALLY_API tally_request *tally_request_new(void);
TALLY_API void tally_request_free(tally_request *request);
TALLY_API void tally_request_begin(tally_request *request, tally_command command);
TALLY_API void tally_request_set_text(tally_request *request, const char *name, const char *data, size_t length);
TALLY_API void tally_request_set_integer(tally_request *request, const char *name, int64_t value);
TALLY_API void tally_request_set_boolean(tally_request *request, const char *name, bool value);
TALLY_API void tally_request_set_money(tally_request *request, const char *name, tally_money value);
/* Notes a value of another shape, described for the message ("a function"). */
TALLY_API void tally_request_set_other(tally_request *request, const char *name, const char *shape);
/* Lists (documents, consultations, roles, by): starts an empty one, then adds to it. */
TALLY_API void tally_request_set_list(tally_request *request, const char *name);
TALLY_API void tally_request_add_text(tally_request *request, const char *name, const char *data, size_t length);
/* Maps (fields, counted): starts an empty one, then adds to it. */
TALLY_API void tally_request_set_map(tally_request *request, const char *name);
TALLY_API void tally_request_put_text(tally_request *request, const char *name, tally_text key, tally_text value);
TALLY_API void tally_request_put_integer(tally_request *request, const char *name, tally_text key, int64_t value);
TALLY_API void tally_request_put_boolean(tally_request *request, const char *name, tally_text key, bool value);
TALLY_API void tally_request_put_other(tally_request *request, const char *name, tally_text key, const char *shape);
TALLY_API void tally_request_put_money(tally_request *request, const char *name, tally_text key, tally_money value);
/* Says which version of the script the host's hooks are of: a command is answered by TALLY_STALE, and nothing is done, where
 * another is in force by then. 0, as after _begin: no hook is asked. */
TALLY_API void tally_request_prepared_under(tally_request *request, int32_t script_version);
/* Says that a field is the host's own making and not its caller's: it is no part of what is held against a retry by key. */
TALLY_API void tally_request_set_made(tally_request *request, const char *name);
/* Marks an entry of `fields` as not matching its type's pattern: refused as field-invalid unless replayed. */
TALLY_API void tally_request_mark_mismatch(tally_request *request, tally_text key);
/* Says under which version of the script the patterns were matched, so that a script stored meanwhile is noticed. */
TALLY_API void tally_request_matched_under(tally_request *request, int32_t script_version);
/* What holds where the request names none: the host's clock, actor and roles. */
/* Says that the host's clock failed: the command is refused as date-invalid, with the reason. */
TALLY_API void tally_request_clock_failed(tally_request *request, const char *reason);
TALLY_API void tally_request_now(tally_request *request, int64_t now_ms);
TALLY_API void tally_request_default_actor(tally_request *request, tally_text actor);
TALLY_API void tally_request_default_roles(tally_request *request, const tally_text *roles, size_t count);

/* ---- What commands and queries give ---------------------------------------------------------------------------- */
typedef struct tally_document {
  int64_t id; /* seq of the entry that made it: documents in order of their making */
  tally_text number;
  tally_document_kind kind;
  tally_text patient, label, note;
  tally_text invoice; /* of a consultation that stands on one */
  tally_facts facts;  /* an invoice's count its consultations' */
  tally_status status;
  int64_t remaining_minor;
  int64_t at_ms, recorded_at_ms;
  int32_t day;
  bool has_due, overdue;
  int32_t due;
  const tally_text *consultations; /* on an invoice */
  size_t consultation_count;
  const tally_text *payments; /* numbers of the payments made on this document itself */
  size_t payment_count;
} tally_document;

typedef struct tally_allocation {
  tally_text document;
  int64_t amount_minor;
  int64_t rounded_minor;
  int64_t refunded_minor;
} tally_allocation;

typedef struct tally_payment {
  tally_text number;
  int64_t act;
  tally_command command; /* what made it: pay, correct, deposit, withdraw, refund */
  tally_text type;
  int32_t type_version;
  tally_effect effect;
  tally_text patient, group, reference, actor, note, reason;
  int64_t amount_minor; /* what was recorded, the deposited part included */
  int64_t deposited_minor;
  bool has_tendered;
  int64_t tendered_minor, change_minor;
  int64_t at_ms, recorded_at_ms;
  int32_t day;
  const tally_pair *fields;
  size_t field_count;
  const tally_allocation *allocations;
  size_t allocation_count;
  int64_t reversed_by;       /* the act that reversed it; 0: none */
  tally_text corrected_by;   /* the payment that replaced it */
  tally_text corrects;       /* the payment that it replaced */
  tally_text refund_of;      /* on a refund: the payment */
  const tally_text *refunds; /* numbers of the refunds of it */
  size_t refund_count;
  int64_t refunded_minor;
} tally_payment;

typedef struct tally_entry {
  int64_t seq, act;
  tally_kind kind;
  tally_command command;
  tally_text number; /* of the payment, on its first entry */
  int64_t serial;    /* of the payments' series: the last one given, up to and with this entry */
  tally_text document, counter_document;
  tally_text patient, counter_patient;
  tally_text type;
  int32_t type_version;
  int64_t amount_minor;
  int64_t at_ms, recorded_at_ms;
  int32_t day;
  tally_text actor, group, reference;
  bool has_tendered, has_due;
  int64_t tendered_minor;
  int32_t due;                    /* an invoice's */
  tally_text fields;              /* pairs of extra fields, or of counted amounts, as docs/format.md encodes them */
  tally_text commitment;          /* to the act's free text, 32 bytes, or none */
  tally_text note, label, reason; /* that text, on the act's first entry, unless erased; only cursors read it */
  tally_text key, content;
  int64_t refers; /* the entry that this one reverses or refunds; 0: none */
  int32_t script_version;
  uint8_t hash[32];
} tally_entry;

/* A row of totals: the columns of §6; the `by` columns that were asked for are set. */
typedef struct tally_totals {
  tally_text type, group, actor;
  int32_t day;
  int64_t collected, refunded, deposited, withdrawn, credited, discounted, lost, rounded, count;
  int64_t money;
} tally_totals;

typedef struct tally_counted {
  tally_text type;
  int64_t expected_minor, counted_minor, variance_minor; /* variance = counted - expected */
} tally_counted;
typedef struct tally_closing {
  int64_t seq; /* of the closing's own entry */
  int32_t from, through;
  bool has_from; /* false on the first closing */
  int64_t at_ms, recorded_at_ms;
  tally_text actor;
  uint8_t hash[32];           /* of that entry: with seq, the head to keep outside */
  bool has_totals;            /* false where a sum of them leaves int64 */
  const tally_totals *totals; /* of the sealed days, by type */
  size_t total_count;
  const tally_counted *counted;
  size_t counted_count;
} tally_closing;

/* What a command gives. Which parts are there follows from the command. */
typedef struct tally_result {
  tally_command command;
  int64_t act;       /* 0 where nothing was written */
  tally_text number; /* of what was made */
  bool has_document; /* the act touched exactly one document: this one */
  tally_text document;
  tally_status status;
  int64_t remaining_minor;
  bool replayed, dry_run;
  const tally_document *document_made; /* consultation, invoice, charge, cancel */
  const tally_payment *payment;        /* pay, correct, deposit, withdraw, refund; reverse, print: that payment */
  tally_text from, to;                 /* transfer: patients; move: stages */
  tally_text workflow;                 /* move */
  int64_t prints;                      /* print: how often the payment was printed, this time included */
  int64_t amount_minor;                /* transfer */
  const tally_closing *closing;        /* close_days */
} tally_result;

/* Runs a writing command: looks at the command, its key, the ledger, in the order of §8; then writes all or nothing.
 * Errors: those of §8. */
TALLY_API tally_code tally_execute(tally_ledger *ledger, tally_request *request, tally_result *result);

/* ---- Proposals: a command looked at before it is written (§7) --------------------------------------------------- */
typedef struct tally_proposal {
  tally_command command;
  const tally_result *result; /* as it would be answered; a closing is not in it */
  bool dry_run;
  bool done;   /* the key has answered: result is the answer, nothing is proposed, nothing is open */
  int64_t act; /* the seq of the first of its entries */
  int64_t at_ms, now_ms;
  int32_t day;
  tally_text actor, note, reason, label, key, group, reference, patient, type;
  const tally_text *roles;
  size_t role_count;
  const tally_pair *fields;
  size_t field_count;
  tally_text payment; /* that is reversed, corrected or refunded */
  bool reopen;        /* of a refund */
  bool has_due, closes_days;
  int32_t due, through;
  const tally_entry *entries; /* without their hashes and texts */
  size_t entry_count, document_count;
} tally_proposal;

/* Runs a command up to its first write: its transaction is open, all is checked and nothing is written. Where it gives a
 * proposal that is not done, tally_accept or tally_decline must follow; until then the ledger can be read, and takes no
 * other command. The proposal lives until then. Errors: those of tally_execute. */
TALLY_API tally_code tally_propose(tally_ledger *ledger, tally_request *request, const tally_proposal **proposal);
/* Writes what is proposed, and answers as tally_execute does. */
TALLY_API tally_code tally_accept(tally_ledger *ledger, tally_result *result);
/* Takes it back, and answers the code given, which is TALLY_ERR_REFUSED or TALLY_ERR_SCRIPT_FAILED (or TALLY_STALE, which
 * refuses nothing), with a sentence; details may be added after it. */
TALLY_API tally_code tally_decline(tally_ledger *ledger, tally_code code, const char *message);
/* Adds a detail to the last error. */
TALLY_API void tally_error_add(tally_ledger *ledger, const char *key, tally_text value);
/* A document that the proposal touches, as it is (NULL: it is made) and as it would be; memory until the next call. */
TALLY_API tally_code tally_proposal_document(tally_ledger *ledger, size_t index, const tally_document **before,
                                             const tally_document **after);

/* Reads one document (fields: as_of). Errors: document-unknown. */
TALLY_API tally_code tally_read_document(tally_ledger *ledger, tally_text number, tally_request *request,
                                         const tally_document **document);
/* Reads one payment by its number. Errors: payment-unknown. */
TALLY_API tally_code tally_read_payment(tally_ledger *ledger, tally_text number, const tally_payment **payment);

/* Reads a payment type as it was in a version (0: as it is in force); memory until the next call. Errors: type-unknown. */
TALLY_API tally_code tally_read_type(tally_ledger *ledger, tally_text id, int32_t version,
                                     const tally_payment_type **type);

/* Where a document stands in a workflow: at a stage since an entry, or at none so far (name none, seq 0) since it was made. */
typedef struct tally_stage {
  tally_text name;
  int64_t seq, at_ms;
  int32_t day;
} tally_stage;
/* Errors: document-unknown. */
TALLY_API tally_code tally_read_stage(tally_ledger *ledger, tally_text document, tally_text workflow,
                                      tally_stage *stage);
/* The index-th of an entry's extra fields (of a stage: workflow, from, to, then what was handed on); false past the last. */
TALLY_API bool tally_entry_field(const tally_entry *entry, size_t index, tally_text *key, tally_text *value);

typedef struct tally_patient {
  tally_text id;
  int64_t credit_minor, owed_minor;
  const tally_document *documents; /* those with something remaining, in order of their making; rows as of a cursor */
  size_t document_count;
} tally_patient;
/* Reads a patient's credit, what is owed and the open documents, in one state of the file; the request was begun with
 * TALLY_QUERY_DOCUMENT, for its clock. Errors: patient-unknown. */
TALLY_API tally_code tally_read_patient(tally_ledger *ledger, tally_text id, tally_request *request,
                                        const tally_patient **patient);

typedef enum tally_names { TALLY_NAMES_DOCUMENT, TALLY_NAMES_PAYMENT, TALLY_NAMES_PATIENT } tally_names;
enum { TALLY_NAMES_MAX = 1000 };
/* Gives the names of a kind that begin with a prefix, in the order of their bytes (payments: of their making), at most limit
 * (1 to TALLY_NAMES_MAX) of them: what a person may go on typing. Payments are those numbered as the script in force has
 * it. Memory until the next call. Errors: field-invalid (the limit). */
TALLY_API tally_code tally_read_names(tally_ledger *ledger, tally_names which, tally_text prefix, size_t limit,
                                      const tally_text **names, size_t *count);

/* Cursors page by key: between two pages no statement and no lock is held. */
typedef struct tally_cursor tally_cursor;
/* Opens a cursor for the query that the request began: documents, payments, entries. */
TALLY_API tally_code tally_cursor_open(tally_ledger *ledger, tally_request *request, tally_cursor **cursor);
TALLY_API void tally_cursor_close(tally_cursor *cursor);
/* The next row, TALLY_DONE at the end. The row lives until the next call on the cursor. */
TALLY_API tally_code tally_cursor_document(tally_cursor *cursor, const tally_document **document);
TALLY_API tally_code tally_cursor_payment(tally_cursor *cursor, const tally_payment **payment);
TALLY_API tally_code tally_cursor_entry(tally_cursor *cursor, const tally_entry **entry);

enum { TALLY_BY_TYPE = 1, TALLY_BY_GROUP = 2, TALLY_BY_DAY = 4, TALLY_BY_ACTOR = 8 };
/* Sums the days' totals (fields: from, to, by). *by says by which columns. Errors: amount-overflow. */
TALLY_API tally_code tally_read_totals(tally_ledger *ledger, tally_request *request, const tally_totals **rows,
                                       size_t *count, unsigned *by);

/* Reads all closings, oldest first. */
TALLY_API tally_code tally_read_closings(tally_ledger *ledger, const tally_closing **closings, size_t *count);

typedef struct tally_head {
  int64_t seq; /* 0 in an empty ledger */
  uint8_t hash[32];
} tally_head;
TALLY_API tally_code tally_read_head(tally_ledger *ledger, tally_head *head);

/* ---- The anchor: the head, kept outside of the ledger's file (§11, promise 6) ------------------------------------
 * A file of one line beside the ledger's, of its name and "-anchor" (docs/format.md). Where it is, every handle that was
 * opened for writing keeps it up: when it is closed, when days are closed, and after a commit when that is a minute or
 * more ago. It is never ahead of what is on the disk, and no act fails because of it. An anchor that the ledger
 * contradicts is evidence, and stays as it is until it is reset. */
typedef enum tally_anchor_state {
  TALLY_ANCHOR_NONE,         /* there is none */
  TALLY_ANCHOR_HOLDS,        /* the ledger contains the entry that it names */
  TALLY_ANCHOR_CONTRADICTED, /* that entry is missing, or has another hash, or it is another ledger's */
  TALLY_ANCHOR_UNREADABLE    /* it is damaged, is no plain file, or may not be read */
} tally_anchor_state;
enum { TALLY_ANCHOR_WORDS_MAX = 160 };
typedef struct tally_anchor {
  tally_anchor_state state;
  const char *path;   /* NULL: the ledger is in memory and has none */
  char ledger_id[37]; /* this and the next two where it could be read */
  tally_head head;
  int64_t recorded_at_ms;             /* of the entry that it names */
  char why[TALLY_ANCHOR_WORDS_MAX];   /* contradicted, unreadable: in words */
  char error[TALLY_ANCHOR_WORDS_MAX]; /* why this handle could last not keep it up; "" where it could */
  tally_text replaced;                /* where the one that was reset is kept */
} tally_anchor;
/* Gives "none", "holds", "contradicted", "unreadable". */
TALLY_API const char *tally_anchor_state_name(tally_anchor_state state);
/* Reads it and looks whether the ledger contains what it says. */
TALLY_API tally_code tally_read_anchor(tally_ledger *ledger, tally_anchor *anchor);
/* Makes the anchor where there is none, and brings it up to the head. With reset what stands here now is accepted: an
 * anchor that is contradicted or cannot be read is set aside under a name of its own. Errors: read-only, busy (inside a
 * transaction), field-invalid (a ledger in memory), io-error (it could not be written). */
TALLY_API tally_code tally_keep_anchor(tally_ledger *ledger, bool reset, tally_anchor *anchor);

typedef struct tally_info {
  const char *version, *sqlite_version, *path;
  char id[37]; /* a random UUID */
  const tally_currency *currency;
  tally_text language;
  int schema_version;
  int64_t created_at_ms, entries, documents, payments, closings, file_bytes;
  int32_t script_version;
  tally_text script_name, script_text;
  bool read_only, in_memory, has_closed_through;
  int32_t closed_through;
  char journal_mode[16];
  int synchronous;
  tally_anchor anchor;
} tally_info;
TALLY_API tally_code tally_read_info(tally_ledger *ledger, tally_info *info);

/* ---- Followers (§7): named consumers that must see every entry at least once, in order -------------------------- */
/* Gives the seq up to which a follower has come; 0 for one that has not begun. */
TALLY_API tally_code tally_follower_get(tally_ledger *ledger, tally_text name, int64_t *seq);
/* Keeps it, in a commit of its own; a place never goes back. Errors: field-invalid (a name of no or more than 64 bytes, a seq beyond the head), busy
 * (inside a transaction), read-only. */
TALLY_API tally_code tally_follower_set(tally_ledger *ledger, tally_text name, int64_t seq);

/* ---- Verify (§4, §6) and backup -------------------------------------------------------------------------------- */
typedef struct tally_verify tally_verify;
typedef struct tally_report {
  int64_t entries, acts, documents, patients, payments, days, closings;
  tally_head head;
  tally_anchor anchor; /* as it stood when the verification began */
} tally_report;
/* Starts (fields: head_seq, head_hash), then step until TALLY_DONE; any other code says what is wrong, the ledger's
 * details where. The ledger's anchor is held against it too; one that cannot be read is told in the report. Works in one read transaction; the ledger takes no command until _end, and is closed after it. */
TALLY_API tally_code tally_verify_begin(tally_ledger *ledger, const tally_head *expected, tally_verify **verify);
TALLY_API tally_code tally_verify_step(tally_verify *verify);
/* How far: rows done and to do in the present phase, and its name. */
TALLY_API void tally_verify_progress(const tally_verify *verify, int64_t *done, int64_t *total, const char **phase);
TALLY_API const tally_report *tally_verify_report(const tally_verify *verify);
TALLY_API void tally_verify_end(tally_verify *verify);

typedef struct tally_backup tally_backup;
/* Copies the live ledger to a path where no file is, by SQLite's backup API; the file appears whole or not at all. */
TALLY_API tally_code tally_backup_begin(tally_ledger *ledger, const char *path, tally_backup **backup);
TALLY_API tally_code tally_backup_step(tally_backup *backup);
TALLY_API void tally_backup_progress(const tally_backup *backup, int64_t *done_pages, int64_t *total_pages);
TALLY_API void tally_backup_end(tally_backup *backup);

/* ---- Erasing (§4) ----------------------------------------------------------------------------------------------- */
typedef struct tally_erasure {
  int64_t acts, texts; /* of how many acts how many texts were there to be erased */
  bool dry_run;
} tally_erasure;
/* Takes free texts out of the ledger for good: the notes, labels and reasons of one act, of a payment's act, or of all acts
 * on a document or of a patient (fields: one of document, payment, patient, act; texts, a list of "note", "label" and
 * "reason", default all; roles, dry_run). The chain stays whole: it holds digests. The file is then written anew and its log
 * emptied, so that no byte of them is left in either; where that fails the texts are erased all the same, and asking again
 * does what is left. Errors: read-only, field-*, document-, payment-, patient-unknown, permission-denied (the script's
 * permit.erase), busy (inside a transaction; a reader that stays), full, io-error. */
TALLY_API tally_code tally_erase(tally_ledger *ledger, tally_request *request, tally_erasure *out);

/* ---- Signatures (Ed25519, RFC 8032): who signs a head can show it to anyone -------------------------------------- */
enum {
  TALLY_PUBLIC_KEY_BYTES = 32,
  TALLY_SIGNATURE_BYTES = 64,
  TALLY_PEM_MAX = 160, /* a public key's, NUL included */
  TALLY_KEY_WORDS_MAX = 160
};
/* Makes a key. The secret half goes into a file that is not there yet, mode 0600, as PEM (PKCS#8, RFC 8410), which OpenSSL
 * reads; it is never given out. Errors: io-error; words say why. */
TALLY_API tally_code tally_key_make(const char *path, uint8_t public_key[TALLY_PUBLIC_KEY_BYTES],
                                    char words[TALLY_KEY_WORDS_MAX]);
/* Signs bytes with the secret key of a file that nobody but its owner may read, and gives the public half too. Errors:
 * io-error, field-invalid (the file holds no such key, or others may read it); words say why. */
TALLY_API tally_code tally_key_sign(const char *path, tally_text bytes, uint8_t public_key[TALLY_PUBLIC_KEY_BYTES],
                                    uint8_t signature[TALLY_SIGNATURE_BYTES], char words[TALLY_KEY_WORDS_MAX]);
TALLY_API bool tally_signature_holds(const uint8_t public_key[TALLY_PUBLIC_KEY_BYTES], tally_text bytes,
                                     const uint8_t signature[TALLY_SIGNATURE_BYTES]);
/* A public key as PEM (SubjectPublicKeyInfo), and back. */
TALLY_API void tally_public_key_print(const uint8_t public_key[TALLY_PUBLIC_KEY_BYTES], char pem[TALLY_PEM_MAX]);
TALLY_API bool tally_public_key_parse(tally_text pem, uint8_t public_key[TALLY_PUBLIC_KEY_BYTES]);

/* ---- Lua ------------------------------------------------------------------------------------------------------- */
/* Opens the module tallystick.core in a Lua 5.4 state: luaL_requiref(L, "tallystick.core", luaopen_tallystick_core, 0). */
struct lua_State;
TALLY_API int luaopen_tallystick_core(struct lua_State *L);

#ifdef __cplusplus
}
#endif
#endif
