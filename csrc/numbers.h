/* numbers.h - payments by their number.
 *
 * No index holds the numbers: every entry says how far the payments' series had come, which only grows with seq. A number
 * is read back under the formats that scripts have given to payments, and its entry is found by where its serial stands. */
#ifndef TALLY_NUMBERS_H
#define TALLY_NUMBERS_H

#include "ledger.h"

/* Finds the entry that opens the payment of that number; TALLY_DONE where there is none. */
tally_code numbers_find(tally_ledger *ledger, tally_text number, tally_entry *entry);
/* Says whether a payment has the number already, as an older format may have given it. The configuration in force is the
 * file's latest: inside a write transaction. */
tally_code numbers_taken(tally_ledger *ledger, tally_text number, bool *taken);

/* How far the payments' series has come: the last serial given, 0 for none. */
tally_code numbers_last(tally_ledger *ledger, int64_t *serial);

/* Counts the payments that have a number. */
tally_code numbers_count(tally_ledger *ledger, int64_t *count);

#endif
