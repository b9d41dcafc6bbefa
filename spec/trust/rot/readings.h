/* readings.h - one digest of all that a ledger answers, for comparing a damaged file with the sound one. */
#ifndef TRUST_READINGS_H
#define TRUST_READINGS_H

#include "tallystick.h"

enum { READINGS_BYTES = 32 };

/* What a look at a file found. */
typedef struct readings {
  tally_code opened; /* not TALLY_OK: nothing was read */
  uint8_t digest[READINGS_BYTES];
  tally_code verified; /* TALLY_DONE where the ledger holds */
  int64_t bad_seq;     /* the first bad entry that verify names; 0: none */
  char message[512];   /* of the refusal, or of verify */
} readings;

/* Opens a file for reading, takes every reading, and verifies it up to a head that was kept outside (NULL: none). Free
 * text may lawfully be erased from a file: without texts it is left out of the digest. */
void readings_take(const char *path, const tally_head *head, bool texts, readings *found);

/* Has SQLite do without threads, so that verify looks at everything one after the other. Called first of all. */
void readings_begin(void);

#endif
