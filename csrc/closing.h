/* closing.h - the totals under a seal. */
#ifndef TALLY_CLOSING_H
#define TALLY_CLOSING_H

#include "journal.h"

/* Reads the totals by type of the days from..through, money worked out. */
tally_code closing_totals(tally_ledger *ledger, int32_t from, int32_t through, tally_totals **rows, size_t *count);

/* Reads the closing whose own entry is seq. */
tally_code closing_read(tally_ledger *ledger, int64_t seq, const tally_closing **closing);

#endif
