/* anchor_file.h - the small file beside a ledger that says what its head was: one line, replaced as a whole
 * (docs/format.md). Knows nothing of ledgers. */
#ifndef TALLY_ANCHOR_FILE_H
#define TALLY_ANCHOR_FILE_H

#include "tallystick.h"

/* What an anchor says. */
typedef struct anchor_record {
  char ledger_id[37];
  tally_head head;
  int64_t recorded_at_ms; /* of that entry; of an empty ledger, when it was made */
} anchor_record;

enum { ANCHOR_LINE_BYTES = 256, ANCHOR_PATH_BYTES = 1024 };

typedef enum anchor_found { ANCHOR_NOT_THERE, ANCHOR_SAYS, ANCHOR_NOT_READABLE } anchor_found;

/* Writes the line; gives its length, or 0 for what has no such form. */
size_t anchor_print(const anchor_record *record, char line[ANCHOR_LINE_BYTES]);
/* Whether the bytes are exactly such a line. */
bool anchor_parse(const char *line, size_t length, anchor_record *record);

/* Reads it; a link is not followed. why says what speaks against one that cannot be read. */
anchor_found anchor_file_read(const char *path, anchor_record *record, char why[TALLY_ANCHOR_WORDS_MAX]);

/* The turn to write: one process or handle at a time has it, for all anchors of a folder. It ends with the process. */
typedef struct anchor_turn {
  int folder; /* a descriptor; -1: not held */
  const char *name;
} anchor_turn;

/* Waits at most so long. Where it cannot be had why says so. */
bool anchor_turn_take(const char *path, int wait_ms, anchor_turn *turn, char why[TALLY_ANCHOR_WORDS_MAX]);
void anchor_turn_end(anchor_turn *turn);
/* Puts the record in the anchor's place: written beside it, synced, renamed. Whatever happens on the way, the old one or
 * the new one is there, whole. The ledger's file gives owner and rights, as it does to its log. */
bool anchor_file_write(const anchor_turn *turn, const char *ledger_path, const anchor_record *record,
                       char why[TALLY_ANCHOR_WORDS_MAX]);
/* Gives what stands at the place a name of its own beside it: free gets it. */
bool anchor_file_set_aside(const anchor_turn *turn, int64_t now_ms, char free[ANCHOR_PATH_BYTES],
                           char why[TALLY_ANCHOR_WORDS_MAX]);

#endif
