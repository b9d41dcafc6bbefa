/* crowd.h - several processes on one ledger: what the scenes share. */
#ifndef CROWD_CROWD_H
#define CROWD_CROWD_H

#include <stdatomic.h>

#include "ask.h"
#include "book.h"
#include "crew.h"

enum { CROWD = 8, PATH_BYTES = 512, FIGURES_BYTES = 1600, SCENE_SECONDS = 300 };

/* A timeout that no scene comes to, where waiting is not what it is about. */
enum { PATIENT_MS = 60000 };

/* The protections of the harness' own that can be taken out; others are taken out of the core (run). */
typedef enum mutation { MUTATE_NOTHING, MUTATE_NO_KEY, MUTATE_NO_TIMEOUT, MUTATIONS_END } mutation;

/* What a scene has come to; shared by its processes. */
typedef struct verdict {
  atomic_size_t points, faults, failures;
  char figures[FIGURES_BYTES]; /* lines that the starting process prints below the row */
} verdict;

typedef struct scene {
  const char *name, *promise;  /* in words */
  const char *points, *faults; /* what is counted */
  void (*play)(const struct scene *in);
  bool is_long;
  uint64_t seed;
  mutation mutated;
  const char *folder;
  verdict *verdict; /* shared */
} scene;

/* The scenes, a file each. */
void play_hot(const scene *in);
void play_key(const scene *in);
void play_series(const scene *in);
void play_busy(const scene *in);
void play_stall(const scene *in);
void play_fair(const scene *in);
void play_readers(const scene *in);
void play_log(const scene *in);
void play_making(const scene *in);
void play_closing(const scene *in);

/* Counts a failure, and tells of the first ones; gives false. */
TALLY_PRINTF(2, 3) bool wrong(const scene *in, const char *template, ...);
/* Counts a point, and a failure where it does not hold. */
TALLY_PRINTF(3, 4) bool check(const scene *in, bool holds, const char *template, ...);
/* Adds a line of figures. */
TALLY_PRINTF(2, 3) void figure(const scene *in, const char *template, ...);
/* A short while by lot, for others to come between. */
void give_way(uint64_t *seed);
/* In the short form, and in the long one. */
size_t times(const scene *in, size_t few, size_t many);

/* Names a file of the scene's. */
void name_file(const scene *in, const char *name, char path[PATH_BYTES]);
/* Opens; ends the process with a failure counted where the ledger does not. 0: the core's own timeout. */
tally_ledger *open_ledger(const scene *in, const char *path, int busy_timeout_ms);
/* Asks; counts a failure where the answer is not this code. */
bool expect(const scene *in, tally_ledger *ledger, const question *wanted, tally_code code, reply *answer);
/* How long to wait, which may be not at all: by the mutation, or where it is 0. */
int patience_ms(const scene *in, int timeout_ms);
/* Waits for processes to come to their ends; one that does not is a failure, and ends the others. */
bool gather(const scene *in, const pid_t *crowd, size_t count);
/* Runs so many processes to their ends. */
void run_crowd(const scene *in, size_t count, void (*work)(void *with, size_t index), void *with);
/* Reads the book of a ledger, verifies it, and counts what is wrong; false then. book_free ends it. */
bool read_book(const scene *in, const char *path, book *found);

/* ---- Samples: how long things took -------------------------------------------------------------------------------
 * In shared memory, a process each; more than there is room for are thinned by lot. */
enum { SAMPLES_MAX = 20000 };
typedef struct samples {
  size_t seen, count;
  uint64_t seed;
  int64_t longest_us;
  int32_t us[SAMPLES_MAX];
} samples;
void sample(samples *in, int64_t us);
typedef struct quantiles {
  size_t count;
  double median_ms, p99_ms, longest_ms;
} quantiles;
quantiles measure(const samples *in, size_t count);

#endif
