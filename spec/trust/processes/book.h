/* book.h - the journal as another process finds it: its acts, in order, and what is wrong with their numbers. */
#ifndef PROCESSES_BOOK_H
#define PROCESSES_BOOK_H

#include "ask.h"

enum { VERDICT_BYTES = 1200 };

typedef struct book_act {
  int64_t seq;
  size_t entries;
  tally_command command;
  char key[KEY_BYTES], number[NAME_BYTES], document[NAME_BYTES];
  int64_t minor;    /* of its first entry */
  size_t asked_for; /* for the reader's use: how many commands are known to have asked for it */
} book_act;

typedef struct book {
  book_act *acts;
  size_t count, room;
  const book_act **by_key; /* those with a key, sorted by it */
  size_t key_count;
  tally_head head;
} book;

/* Reads all acts, in one pass. False, with a sentence, where a seq is missing, a payment's number is missing or given
 * twice, a document's likewise, or the file cannot be read. */
bool book_read(tally_ledger *ledger, book *out, char wrong[VERDICT_BYTES]);
void book_free(book *in);
/* Finds the act of a key, or the one that begins at a seq; NULL where there is none. */
book_act *book_by_key(const book *in, const char *key);
book_act *book_by_seq(const book *in, int64_t seq);
/* Verifies the whole file, which must be at this head or behind it; false with a sentence. */
bool book_verify(tally_ledger *ledger, const tally_head *head, char wrong[VERDICT_BYTES]);

#endif
