/* watch.h - says in a worker's slot what its SQLite asks of the disk. */
#ifndef KILL_WATCH_H
#define KILL_WATCH_H

#include "trial.h"

/* Stands between SQLite and the system for the rest of this process, and makes some calls slow, by lot. Ends it where
 * SQLite does not let it. */
void watch_start(slot *told, uint64_t by_lot);

#endif
