/* closing.h - the totals under a seal. */
#ifndef TALLY_CLOSING_H
#define TALLY_CLOSING_H

#include "journal.h"

/* Reads the closing whose own entry is seq. */
tally_code closing_read(tally_ledger *ledger, int64_t seq, const tally_closing **closing);

#endif
