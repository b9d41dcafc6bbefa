/* sums.h - running sums under keys, in memory: what verify adds up while it reads the journal. */
#ifndef TALLY_SUMS_H
#define TALLY_SUMS_H

#include "arena.h"

enum { SUMS_WIDTH = 9 }; /* as many as a row of totals has */

typedef struct sums_row {
  tally_text key;
  int64_t values[SUMS_WIDTH];
  bool seen; /* free for the reader's use */
} sums_row;

typedef struct sums {
  arena memory;
  sums_row **slots; /* open addressing, at most three quarters full */
  size_t count, room;
} sums;

/* Finds a key's row or makes one of zeros; NULL where memory is out. */
sums_row *sums_at(sums *in, tally_text key);
/* Finds a key's row; NULL where there is none. */
sums_row *sums_find(const sums *in, tally_text key);
/* Walks all rows: start with *slot = 0; NULL at the end. */
sums_row *sums_next(const sums *in, size_t *slot);
void sums_free(sums *in);

#endif
