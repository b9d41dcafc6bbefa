/* crowd.c - plays the scenes and prints a row for each. See `crowd --help`. */
#include "crowd.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "usage: crowd [--long] [--seed N] [--only SCENE] [--mutate nokey|notimeout] FOLDER\n"
                            "scenes:";
static const char *const mutations[MUTATIONS_END] = {"none", "nokey", "notimeout"};

static scene scenes[] = {
    {.name = "hot",
     .promise =
         "eight processes pay one document: the sum is exact, it is never overpaid, the last are told it is settled",
     .points = "payments and last answers",
     .faults = "documents that all pay on",
     .play = play_hot},
    {.name = "key",
     .promise = "eight processes ask with one key at one time: one effect, one answer for all",
     .points = "answers",
     .faults = "of them asked too late",
     .play = play_key},
    {.name = "series",
     .promise = "eight processes number documents and payments: no number is missing, none is given twice",
     .points = "numbers",
     .faults = "numbers taken by a host beforehand",
     .play = play_series},
    {.name = "busy",
     .promise =
         "`busy` comes when the time is up, no sooner and not much later, and never where the lock is free by then",
     .points = "answers",
     .faults = "times that the lock was held",
     .play = play_busy},
    {.name = "stall",
     .promise = "a process that stands still with the lock makes others `busy`, and holds up nothing once it goes on",
     .points = "answers",
     .faults = "processes stopped",
     .play = play_stall},
    {.name = "fair",
     .promise = "eight processes that write without a pause all come to write",
     .points = "commits",
     .faults = "processes in each other's way",
     .play = play_fair},
    {.name = "readers",
     .promise = "a reader never waits for a writer, and sees the books as they were committed",
     .points = "readings",
     .faults = "transactions held open",
     .play = play_readers},
    {.name = "log",
     .promise = "a long reading stops no commit, and the log is short again after it",
     .points = "commits",
     .faults = "readings held open",
     .play = play_log},
    {.name = "making",
     .promise = "eight processes make one ledger at one time: it is one ledger",
     .points = "openings",
     .faults = "ledgers made by eight",
     .play = play_making},
    {.name = "closing",
     .promise = "one opens while another closes and removes the log: all are served, nothing is lost",
     .points = "openings and acts",
     .faults = "closings",
     .play = play_closing},
};
enum { SCENES = sizeof scenes / sizeof scenes[0] };

/* ---- Options --------------------------------------------------------------------------------------------------- */
static void misuse(void) {
  fputs(usage, stderr);
  for (size_t i = 0; i < SCENES; i++) fprintf(stderr, " %s", scenes[i].name);
  fputs("\n", stderr);
  exit(2);
}

static const char *read_options(char **words, scene *common) {
  const char *only = NULL;
  *common = (scene){.seed = 1};
  for (words++; *words && **words == '-'; words++) {
    if (strcmp(*words, "--long") == 0) common->is_long = true;
    else if (strcmp(*words, "--seed") == 0) common->seed = read_count(*++words, misuse);
    else if (strcmp(*words, "--only") == 0) only = *++words;
    else if (strcmp(*words, "--mutate") == 0)
      common->mutated = (mutation)read_word(*++words, mutations, MUTATIONS_END, misuse);
    else misuse();
  }
  if (*words == NULL || words[1]) misuse();
  common->folder = *words;
  return only;
}

/* ---- Report ---------------------------------------------------------------------------------------------------- */
static size_t play(scene *in, const scene *common) {
  in->is_long = common->is_long;
  in->seed = common->seed;
  in->mutated = common->mutated;
  in->folder = common->folder;
  in->verdict = share(sizeof *in->verdict);
  if (isatty(STDERR_FILENO)) fprintf(stderr, "\r%s \033[K", in->name);
  in->play(in);
  if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
  const verdict *found = in->verdict;
  size_t failures = atomic_load(&found->failures);
  /* A scene in which nothing happened would pass for one that shows that nothing is wrong. */
  if (atomic_load(&found->points) == 0 || atomic_load(&found->faults) == 0) failures += !wrong(in, "it shows nothing");
  printf("| %s | %zu %s | %zu %s | %zu |\n%s", in->promise, atomic_load(&found->points), in->points,
         atomic_load(&found->faults), in->faults, failures, found->figures);
  if (failures) printf("  failed: %s %zu\n", in->name, failures);
  fflush(stdout);
  return failures;
}

int main(int count, char **words) {
  scene common;
  size_t passed = 0, failed = 0;
  (void)count;
  const char *only = read_options(words, &common);
  printf("seed %llu, mutation %s, %d processes\n", (unsigned long long)common.seed, mutations[common.mutated], CROWD);
  fflush(stdout);
  for (size_t i = 0; i < SCENES; i++) {
    if (only && strcmp(only, scenes[i].name) != 0) continue;
    if (play(&scenes[i], &common)) failed++;
    else passed++;
  }
  if (passed + failed == 0) misuse();
  if (failed) printf("again: spec/trust/crowd/run --seed %llu --only SCENE\n", (unsigned long long)common.seed);
  printf("%zu passed, %zu failed\n", passed, failed);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
