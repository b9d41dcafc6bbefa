/* worker.h - a process that works until it is killed, and says of each act when it is acknowledged. */
#ifndef KILL_WORKER_H
#define KILL_WORKER_H

#include "trial.h"

enum { WORKER_FAILED = 3 }; /* the exit code of one that was answered what it may not be, and has counted that */

/* Lives in a process of its own; with is its trial. */
void worker_live(void *with, size_t index);

#endif
