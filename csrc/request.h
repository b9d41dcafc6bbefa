/* request.h - what a request holds once it has been looked at alone: the fields of a command, typed (§6, §8.1). */
#ifndef TALLY_REQUEST_H
#define TALLY_REQUEST_H

#include "arena.h"

/* Field types: how a value is checked. NAME, LINE and FREE are text of one line, one line, any lines. */
#define FIELDS(X)                                                                                                     \
  X(DOCUMENT, "document", NAME, 128)                                                                                  \
  X(DOCUMENTS, "documents", NAMES, 128)                                                                               \
  X(CONSULTATIONS, "consultations", NAMES, 128)                                                                       \
  X(PAYMENT, "payment", NAME, 128)                                                                                    \
  X(PATIENT, "patient", NAME, 128)                                                                                    \
  X(FROM, "from", NAME, 128)                                                                                          \
  X(TO, "to", NAME, 128)                                                                                              \
  X(AMOUNT, "amount", AMOUNT, 0)                                                                                      \
  X(TYPE, "type", NAME, 128)                                                                                          \
  X(GROUP, "group", NAME, 128)                                                                                        \
  X(REFERENCE, "reference", NAME, 256)                                                                                \
  X(TENDERED, "tendered", AMOUNT, 0)                                                                                  \
  X(FIELDS, "fields", MAP, 1024)                                                                                      \
  X(REOPEN, "reopen", BOOLEAN, 0)                                                                                     \
  X(DUE, "due", DAY, 0)                                                                                               \
  X(NUMBER, "number", NUMBER, 32)                                                                                     \
  X(LABEL, "label", LINE, 1024)                                                                                       \
  X(REASON, "reason", LINE, 1024)                                                                                     \
  X(THROUGH, "through", DAY, 0)                                                                                       \
  X(COUNTED, "counted", AMOUNTS, 0)                                                                                   \
  X(AT, "at", TIME, 0)                                                                                                \
  X(ACTOR, "actor", NAME, 128)                                                                                        \
  X(ROLES, "roles", NAMES, 128)                                                                                       \
  X(NOTE, "note", FREE, 4096)                                                                                         \
  X(KEY, "key", NAME, 128)                                                                                            \
  X(WORKFLOW, "workflow", NAME, 32)                                                                                   \
  X(DRY_RUN, "dry_run", BOOLEAN, 0)                                                                                   \
  X(AS_OF, "as_of", TIME, 0)                                                                                          \
  X(KIND, "kind", NAME, 32)                                                                                           \
  X(STATUS, "status", NAME, 32)                                                                                       \
  X(FROM_DAY, "from", DAY, 0)                                                                                         \
  X(TO_DAY, "to", DAY, 0)                                                                                             \
  X(OPEN, "open", BOOLEAN, 0)                                                                                         \
  X(OVERDUE, "overdue", BOOLEAN, 0)                                                                                   \
  X(REVERSED, "reversed", BOOLEAN, 0)                                                                                 \
  X(ORDER, "order", NAME, 32)                                                                                         \
  X(LIMIT, "limit", COUNT, 0)                                                                                         \
  X(AFTER, "after", NAME, 128)                                                                                        \
  X(FROM_SEQ, "from_seq", COUNT, 0)                                                                                   \
  X(ACT, "act", COUNT, 0)                                                                                             \
  X(BY, "by", NAMES, 32)                                                                                              \
  X(CORRECTIONS, "corrections", BOOLEAN, 0)                                                                           \
  X(TEXTS, "texts", NAMES, 16)

typedef enum field {
#define X(symbol, name, type, limit) FIELD_##symbol,
  FIELDS(X)
#undef X
      FIELD_COUNT
} field;

/* A list longer than this is a mistake, not an invoice: it bounds what one act writes. */
enum { LIST_MAX = 1000 };

typedef struct text_list {
  tally_text *items;
  size_t count;
} text_list;

typedef struct counted_amount {
  tally_text type;
  int64_t amount_minor;
} counted_amount;

typedef struct parsed_command {
  tally_command command;
  uint64_t present, made; /* a bit a field; made: by the host, not by its caller */
  tally_text document, payment, patient, from, to, type, group, reference, number, label, reason, actor, note, key,
      workflow;
  text_list documents, consultations, roles;
  bool oldest; /* documents = "oldest" */
  int64_t amount_minor, tendered_minor;
  int64_t at_ms, as_of_ms, now_ms;
  int32_t day, due, through, from_day, to_day; /* day: the business day of at */
  bool reopen, dry_run, open, overdue, reversed, corrections;
  tally_pair *fields;            /* sorted by key */
  tally_field_type *field_types; /* what each was given as: string, integer or boolean */
  size_t field_count;
  int32_t prepared_under;  /* the script version whose hooks the host has at hand; 0: none is asked for */
  int32_t matched_under;   /* the script version whose patterns the binding matched; 0: none */
  tally_text mismatched;   /* the first of fields that its pattern does not match */
  counted_amount *counted; /* sorted by type */
  size_t counted_count;
  tally_text kind, status, order, after;
  int64_t limit, from_seq, act;
  text_list by, texts;
} parsed_command;

static inline bool command_has(const parsed_command *in, field which) {
  return (in->present >> which & 1) != 0;
}

/* Looks at the request alone, in the order field-unknown, field-missing, field-invalid, amount-invalid, date-invalid.
 * The command's texts borrow from the request. */
tally_code request_parse(tally_ledger *ledger, tally_request *request, parsed_command *out);
const char *field_name(field which);
/* The command that a request was begun with; past the last for one that was never begun. */
tally_command request_command(const tally_request *request);
/* Says whether the request asks for a dry run, also where it could not be parsed. */
bool request_dry(const tally_request *request);

#endif
