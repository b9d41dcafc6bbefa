/* series.h - the number series: which number comes next.
 *
 * The row of the payments' series is written now and then only, since with each payment it would cost a page more on disk:
 * it says from where on to look. The numbers behind it were given without a gap, so the next is the first that no payment
 * has. A configuration that is stored brings the row up to date first: it may change the numbers' format. */
#ifndef TALLY_SERIES_H
#define TALLY_SERIES_H

#include "ledger.h"

/* The row of the payments' series is less than this behind the next number. */
enum { SERIES_BEHIND = 16 };

/* Reads where all series stand, under the configuration in force. */
tally_code series_load(tally_ledger *ledger, ledger_state *state);
/* Sets the next number of a series, in the state at once and in the store with pending_flush. */
void series_move(tally_ledger *ledger, series which, int64_t next);
/* Writes the series that moved, where that is due; inside a write transaction. */
tally_code series_write(tally_ledger *ledger);
/* Brings the payments' row up to date, before another configuration is stored; inside that transaction. */
tally_code series_settle(tally_ledger *ledger);
/* Whether a payment has the number that the configuration in force gives to a serial. */
tally_code series_given(tally_ledger *ledger, int64_t serial, bool *given);

#endif
