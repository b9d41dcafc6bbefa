/* ledger.h - the inside of a ledger handle: the store, what is in force, what is cached, the last error. */
#ifndef TALLY_LEDGER_H
#define TALLY_LEDGER_H

#include "arena.h"
#include "store.h"
#include "tallystick.h"

enum {
  ERROR_DETAILS_MAX = 8,
  ERROR_VALUE_BYTES = 160,    /* of a detail; longer values are cut with "…" */
  ERROR_MESSAGE_BYTES = 1024, /* of the sentence */
  TRANSACTION_DEPTH_MAX = 32, /* nested transactions */
  PENDING_ROWS_MAX = 256,     /* days' totals kept back: a batch moves a few types of a few days */
  PENDING_SLOTS = 1024        /* a power of two, never full */
};

typedef struct error_detail {
  const char *key;
  char value[ERROR_VALUE_BYTES];
} error_detail;

typedef struct last_error {
  tally_code code;
  char message[ERROR_MESSAGE_BYTES];
  error_detail details[ERROR_DETAILS_MAX];
  size_t detail_count;
} last_error;

/* What the journal's end and the derived rows say; read again when another process has written. */
typedef struct ledger_state {
  bool valid;
  uint32_t data_version;
  tally_head head;
  int64_t last_recorded_at_ms;
  bool has_closed;
  int32_t closed_through;
  int64_t series_next[SERIES_END];
} ledger_state;

/* The configuration in force, decoded. */
typedef struct config_state {
  arena memory;
  int64_t version;
  uint8_t digest[32]; /* of script, definition and types: every entry's hash holds it */
  tally_config config;
  const tally_payment_type *default_type;
} config_state;

/* See pending.h. */
typedef struct pending_rows {
  arena memory;
  tally_totals totals[PENDING_ROWS_MAX];
  uint16_t slots[PENDING_SLOTS]; /* by hash: a row's place + 1, or 0; collisions go to the next */
  size_t count;
  unsigned series_moved; /* a bit each */
} pending_rows;

/* The formats that payments' numbers had under any script so far, the newest first, each once: see numbers.h. */
typedef struct number_formats {
  arena memory;
  int64_t version; /* of the latest script looked at */
  const tally_text *items;
  size_t count;
} number_formats;

/* See anchor.h. */
typedef struct anchor_keeping {
  char path[1024]; /* "": a ledger in memory */
  bool wanted;     /* it is made where there is none */
  bool wrote;      /* since it was last kept up */
  bool closed;     /* days were, in what is to be committed */
  int64_t due_ms;  /* by a clock that never goes back */
  char error[TALLY_ANCHOR_WORDS_MAX];
} anchor_keeping;

struct tally_ledger {
  store *store;
  char *path;
  char uuid[37];
  int64_t created_at_ms;
  const tally_currency *currency;
  config_state in_force;
  ledger_state state;
  pending_rows pending;
  number_formats formats;
  anchor_keeping anchor;
  arena call; /* memory of the present call */
  last_error error;
  int depth;
  tally_code poisons[TRANSACTION_DEPTH_MAX]; /* of each open transaction: the first refusal in it, or 0 */
  bool forgiving[TRANSACTION_DEPTH_MAX];     /* … whether refusals leave it alone */
  bool broken; /* a write failed half-way inside a transaction: it can only be rolled back */
  bool read_only;
  bool made;                 /* by this handle, a moment ago */
  bool at_work;              /* verify or backup: takes no command meanwhile */
  struct proposed *proposed; /* a command between tally_propose and its end, in memory of its own: kept */
  arena kept;
};

/* Sets the last error and gives its code. The sentence names the field, the value and what would do. */
tally_code fail(tally_ledger *ledger, tally_code code, const char *format, ...) TALLY_PRINTF(3, 4);
/* Takes over the store's code and words; TALLY_OK passes. */
tally_code fail_store(tally_ledger *ledger, tally_code code);
tally_code fail_memory(tally_ledger *ledger);
/* Adds a detail to the last error, after fail. Gives the code back: return with_detail(ledger, code, …). */
tally_code with_detail(tally_ledger *ledger, tally_code code, const char *key, tally_text value);
tally_code with_amount(tally_ledger *ledger, tally_code code, const char *key, int64_t amount_minor);
tally_code with_integer(tally_ledger *ledger, tally_code code, const char *key, int64_t value);

/* An amount as "120.50 CHF", for sentences: memory of the call, never NULL. */
const char *amount_text(tally_ledger *ledger, int64_t amount_minor);
const char *day_text(tally_ledger *ledger, int32_t day);
/* A text cut and cleaned for a sentence: at most 64 bytes, no control characters. */
const char *shown(tally_ledger *ledger, tally_text text);

/* Says whether an open transaction still is one: SQLite may have rolled it back by itself, on a full disk or without memory.
 * TALLY_ERR_TRANSACTION_POISONED where nothing more may be written or read in it. */
tally_code ledger_still_open(tally_ledger *ledger);
/* Reads the configuration again where another process has stored one. */
tally_code ledger_reload(tally_ledger *ledger);
/* Takes over the store's version after our own commit: what is cached is what was just written. */
void ledger_committed(tally_ledger *ledger);
/* Notes the last error as a refusal inside the innermost open transaction. */
void ledger_poison(tally_ledger *ledger);
/* Keeps what a proposed command is made of, while readings use the memory of calls; and takes it up again, or drops it. */
void ledger_begin_proposal(tally_ledger *ledger, struct proposed *proposed);
void ledger_end_proposal(tally_ledger *ledger);
/* TALLY_ERR_BUSY while a command is proposed. */
tally_code ledger_not_proposing(tally_ledger *ledger);
/* Readies a call: forgets the last error and the last call's memory; refuses while verify or backup runs. */
tally_code ledger_enter(tally_ledger *ledger);
/* Reads what another process may have changed; inside a write transaction. */
tally_code ledger_refresh(tally_ledger *ledger);

/* A reading of several statements sees one state of the file: it opens a read transaction where none is open. The end
 * lets go, and passes on what the reading gave. */
tally_code ledger_snapshot_begin(tally_ledger *ledger, bool *own);
tally_code ledger_snapshot_end(tally_ledger *ledger, bool own, tally_code code);

#define TRY(call)                                                                                                     \
  do {                                                                                                                \
    tally_code code_of_call = (call);                                                                                 \
    if (code_of_call) return code_of_call;                                                                            \
  } while (0)

#endif
