/* trial.h - one ledger under processes that are killed: what they share with the one that kills them. */
#ifndef KILL_TRIAL_H
#define KILL_TRIAL_H

#include <stdatomic.h>

#include "ask.h"
#include "book.h"
#include "crew.h"

enum { WORKERS_MAX = 4, PATH_BYTES = 512 };

/* The protections that can be taken out, so that the harness itself is tested. */
#define MUTATIONS(X)                                                                                                  \
  X(NOTHING, "none")                                                                                                  \
  X(EARLY, "early")  /* acknowledges before the commit */                                                             \
  X(NO_KEY, "nokey") /* asks again without the key */                                                                 \
  X(SPLIT, "split")  /* commits what belongs together in parts */

/* What a kill may do to a ledger. */
#define BREACHES(X)                                                                                                   \
  X(LOST, "lost")                                                                                                     \
  X(HALVED, "halved")                                                                                                 \
  X(DOUBLED, "doubled")                                                                                               \
  X(BROKEN, "broken")

/* What a process does; where a kill strikes. */
#define STAGES(X)                                                                                                     \
  X(STARTING, "before opening")                                                                                       \
  X(OPENING, "while it opened the ledger")                                                                            \
  X(LOOKING, "while it looked for what was under way")                                                                \
  X(COMMAND, "while a command ran")                                                                                   \
  X(TOGETHER, "while a transaction of several ran")                                                                   \
  X(ANSWERED, "answered, not yet acknowledged")                                                                       \
  X(BETWEEN, "between two commands")                                                                                  \
  X(CLOSING, "while it closed the ledger")

/* What it last asked of the disk in that stage. */
#define DISKS(X)                                                                                                      \
  X(QUIET, "having written nothing yet")                                                                              \
  X(LOG, "writing to the log")                                                                                        \
  X(CHECKPOINT, "in a checkpoint: writing to the ledger")                                                             \
  X(REMOVAL, "removing the log")

/* How many there are, and which are killed. */
#define SHAPES(X)                                                                                                     \
  X(ALONE, "one process alone")                                                                                       \
  X(ALL, "four on one file, killed at once")                                                                          \
  X(ONE, "four on one file, one killed while the others go on")

#define X(symbol, name) MUTATE_##symbol,
typedef enum mutation { MUTATIONS(X) MUTATIONS_END } mutation;
#undef X
#define X(symbol, name) BREACH_##symbol,
typedef enum breach { BREACHES(X) BREACH_END } breach;
#undef X
#define X(symbol, name) STAGE_##symbol,
typedef enum stage { STAGES(X) STAGE_END } stage;
#undef X
#define X(symbol, name) DISK_##symbol,
typedef enum disk { DISKS(X) DISK_END } disk;
#undef X
#define X(symbol, name) SHAPE_##symbol,
typedef enum shape { SHAPES(X) SHAPE_END } shape;
#undef X

/* A worker's: it says there what it does, for whoever kills it. */
typedef struct slot {
  _Atomic stage stage;
  _Atomic disk disk;
} slot;

/* Figures of a job; shared, since those who count are killed. */
typedef struct sum {
  atomic_size_t kills[SHAPE_END], struck[STAGE_END], struck_disk[DISK_END];
  atomic_size_t acknowledged[SHAPE_END], of_command[TALLY_COMMAND_LAST_WRITING + 1], refused;
  atomic_size_t retries_kept, retries_new, retries_refused;
  atomic_size_t breaches[BREACH_END], failures[SHAPE_END], judged, ledgers, verified, anchors;
  atomic_size_t faults; /* of the harness: a process that ended by itself */
} sum;

typedef struct trial {
  uint64_t asked_seed, seed;
  size_t ledger; /* the how-manieth */
  mutation mutated;
  shape how; /* of the kill that came last, or comes next */
  size_t workers;
  bool anchored; /* its head is kept beside it */
  char folder[PATH_BYTES], path[PATH_BYTES + 16];
  sum *sum;             /* shared, as all below */
  slot *slots;          /* a worker each */
  atomic_llong *now_ms; /* one clock for all */
} trial;

size_t all_kills(const sum *in);
/* Breaches, and faults of the harness. */
size_t all_failures(const sum *in);
/* Counts a breach, and tells of the first ones; gives false. */
TALLY_PRINTF(3, 4) bool breached(const trial *in, breach found, const char *template, ...);

#endif
