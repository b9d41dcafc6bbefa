/* days.h - the totals of business days: one row a day in the store, with the sums of each type, group and actor coded in
 * it (docs/format.md, "Totals of a day"). */
#ifndef TALLY_DAYS_H
#define TALLY_DAYS_H

#include "journal.h"

/* Orders rows of totals by day, type, group and actor. */
int days_compare(const tally_totals *a, const tally_totals *b);
/* Adds rows, in that order and each once, to the days' totals. TALLY_ERR_AMOUNT_OVERFLOW where a sum leaves int64. */
tally_code days_add(tally_ledger *ledger, const tally_totals *const *rows, size_t count);
/* Reads the rows of a day out of their coding, in order; texts borrow its bytes. TALLY_ERR_CORRUPT where it is broken. */
tally_code days_decode(tally_ledger *ledger, arena *from, const day_row *coded, tally_totals **rows, size_t *count);

typedef struct totals_query {
  int32_t from, to;
  unsigned by;
  tally_text type; /* none: all */
} totals_query;
/* Sums the days' totals by the columns asked for, in their order; memory of the call. TALLY_ERR_AMOUNT_OVERFLOW. */
tally_code days_read(tally_ledger *ledger, const totals_query *query, tally_totals **rows, size_t *count);

/* Counts the numbered acts of all days: each counts once, on its day. */
tally_code days_count(tally_ledger *ledger, int64_t *count);

#endif
