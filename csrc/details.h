/* details.h - the coding of an entry's column `details`: what no query asks for (docs/format.md, "Details"). */
#ifndef TALLY_DETAILS_H
#define TALLY_DETAILS_H

#include "arena.h"

/* Codes all that has no column of its own; seq and at_ms are read as well. Memory of the arena; data is NULL where that is
 * out. */
tally_text details_encode(arena *from, const tally_entry *entry);
/* Sets it, from an entry whose seq and at_ms are set. Texts borrow the coded bytes. False where the coding is broken. */
bool details_decode(tally_text details, tally_entry *entry);
/* The serial alone; -1 where the coding is broken. */
int64_t details_serial(tally_text details);

#endif
