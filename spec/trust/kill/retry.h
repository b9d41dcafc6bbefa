/* retry.h - asking again for what was under way when a process was killed. */
#ifndef KILL_RETRY_H
#define KILL_RETRY_H

#include "diary.h"
#include "trial.h"

/* Asks again, in a ledger as this book shows it: all of it was there or nothing was, there is one effect, and who asks
 * once more is told the same. The answers are in the unit then. */
bool retry(const trial *in, tally_ledger *ledger, const book *found, unit *again);
/* How many of a unit's commands are there. */
size_t count_kept(const book *found, const unit *of);

#endif
