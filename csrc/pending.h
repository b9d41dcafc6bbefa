/* pending.h - day totals and number series that the open transaction has moved and not yet written.
 *
 * A batch of payments moves the same few rows again and again; they are added up in memory and written once: before the
 * commit, before a savepoint, and before anything reads them. What a rollback undoes is dropped with it, since a savepoint
 * begins with nothing pending. */
#ifndef TALLY_PENDING_H
#define TALLY_PENDING_H

#include "ledger.h"

/* Adds to a day's totals. TALLY_ERR_AMOUNT_OVERFLOW where the pending sum leaves int64. */
tally_code pending_add(tally_ledger *ledger, const tally_totals *delta);
/* Sets the next number of a series, in the state at once. */
void pending_series(tally_ledger *ledger, series which, int64_t next);
/* Writes all. */
tally_code pending_flush(tally_ledger *ledger);
void pending_drop(tally_ledger *ledger);

#endif
