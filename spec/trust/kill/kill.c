/* kill.c - kills processes at work on a ledger, at any moment, and looks at what is left. See `kill --help`. */
#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "diary.h"
#include "judge.h"
#include "report.h"
#include "trial.h"
#include "worker.h"

enum {
  ROUNDS = 12, /* so many times a ledger's processes are killed; then comes a new ledger, so that none grows long */
  VERIFIES_OF = 4, /* verified whole is every how-manieth time, and at the end */
  SOON_US = 4000,  /* every third kill comes soon: most of opening is over by then; */
  LATE_US = 24000, /* the others come at any time up to this */
  SHOWN_BREACHES = 5,
  LIFE_SECONDS = 60
};

typedef struct run {
  const options *asked;
  sum *sum;
} run;

bool breached(const trial *in, breach found, const char *template, ...) {
  char words[VERDICT_BYTES];
  va_list rest;
  va_start(rest, template);
  vsnprintf(words, sizeof words, template, rest);
  va_end(rest);
  atomic_fetch_add(&in->sum->breaches[found], 1);
  size_t before = atomic_fetch_add(&in->sum->failures[in->how], 1);
  if (before >= (in->mutated ? 1 : SHOWN_BREACHES)) return false;
  fprintf(stderr, "  %s in ledger %zu, %s: %s\n", breach_name(found), in->ledger, shape_name(in->how), words);
  return false;
}

/* ---- Processes ------------------------------------------------------------------------------------------------- */
static pid_t start_worker(trial *in, size_t index) {
  atomic_store(&in->slots[index].stage, STAGE_STARTING);
  atomic_store(&in->slots[index].disk, DISK_QUIET);
  return start(worker_live, in, index, LIFE_SECONDS);
}

/* It must be the signal that ended it; one that failed has said so. */
static void bury(trial *in, size_t index, pid_t worker) {
  int status = 0;
  const slot *last = &in->slots[index];
  waitpid(worker, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == WORKER_FAILED) return;
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
    fprintf(stderr, "kill: ledger %zu: a worker ended by itself\n", in->ledger);
    atomic_fetch_add(&in->sum->faults, 1);
    return;
  }
  atomic_fetch_add(&in->sum->kills[in->how], 1);
  atomic_fetch_add(&in->sum->struck[atomic_load(&last->stage)], 1);
  atomic_fetch_add(&in->sum->struck_disk[atomic_load(&last->disk)], 1);
}

/* Four share what one has alone. */
static void wait_for_moment(trial *in) {
  size_t longest_us = below(&in->seed, 3) ? LATE_US : SOON_US;
  nap_us((int64_t)below(&in->seed, longest_us * (in->workers > 1 ? 2 : 1)));
}

/* One is killed, and another takes its place, while the others go on. */
static void replace_some(trial *in, pid_t workers[WORKERS_MAX]) {
  for (size_t times = 1 + below(&in->seed, 3); times--;) {
    size_t victim = below(&in->seed, in->workers);
    wait_for_moment(in);
    kill(workers[victim], SIGKILL);
    bury(in, victim, workers[victim]);
    workers[victim] = start_worker(in, victim);
  }
}

static void kill_round(trial *in) {
  pid_t workers[WORKERS_MAX];
  bool replaces = in->workers > 1 && below(&in->seed, 2);
  in->how = in->workers == 1 ? SHAPE_ALONE : replaces ? SHAPE_ONE : SHAPE_ALL;
  for (size_t w = 0; w < in->workers; w++) workers[w] = start_worker(in, w);
  if (replaces) replace_some(in, workers);
  if (in->workers > 1) in->how = SHAPE_ALL;
  wait_for_moment(in);
  for (size_t w = 0; w < in->workers; w++) kill(workers[w], SIGKILL);
  for (size_t w = 0; w < in->workers; w++) bury(in, w, workers[w]);
}

/* ---- One ledger ------------------------------------------------------------------------------------------------ */
static void judge(trial *in, judging *at, size_t round) {
  at->verifies = round % VERIFIES_OF == 0 || round == ROUNDS;
  at->ends = round == ROUNDS;
  pid_t judge = start(judge_ledger, at, 0, LIFE_SECONDS);
  if (!came_to_end(judge)) breached(in, BREACH_BROKEN, "the judge did not come to its end");
}

/* What was asked last, for whoever looks for the fault. */
static void tell_last(const trial *in) {
  fprintf(stderr, "  seed %llu; the last commands of ledger %zu, which stays in %s:\n",
          (unsigned long long)in->asked_seed, in->ledger, in->folder);
  for (size_t w = 0; w < in->workers; w++) diary_tell_last(in->path, w, stderr);
}

/* Each ledger has a folder of its own: what it leaves behind is all in it. */
static void make_folder(const run *in, trial *at) {
  snprintf(at->folder, sizeof at->folder, "%s/ledger-%zu", in->asked->folder, at->ledger);
  snprintf(at->path, sizeof at->path, "%s/clinic.db", at->folder);
  if (mkdir(at->folder, 0700) == 0) return;
  perror(at->folder);
  exit(2);
}

static void remove_folder(const trial *in) {
  char path[2 * PATH_BYTES];
  const struct dirent *entry;
  DIR *folder = opendir(in->folder);
  while (folder && (entry = readdir(folder))) {
    snprintf(path, sizeof path, "%s/%s", in->folder, entry->d_name);
    if (entry->d_name[0] != '.') unlink(path);
  }
  if (folder) closedir(folder);
  rmdir(in->folder);
}

/* What lives longer than the processes of a ledger. */
typedef struct beside {
  slot slots[WORKERS_MAX];
  atomic_llong now_ms;
  judging judging;
} beside;

static void try_ledger(const run *in, size_t ledger) {
  int64_t began_ms = 0;
  beside *shared = share(sizeof *shared);
  size_t before = all_failures(in->sum);
  trial at = {.asked_seed = in->asked->seed,
              .seed = in->asked->seed * 1000003 + ledger,
              .ledger = ledger,
              .mutated = in->asked->mutated,
              .workers = ledger / in->asked->jobs % 2 ? WORKERS_MAX : 1,
              .anchored = ledger / in->asked->jobs / 2 % 2,
              .sum = in->sum,
              .slots = shared->slots,
              .now_ms = &shared->now_ms};
  tally_time_parse("2026-03-02T08:00Z", 17, &began_ms);
  atomic_store(at.now_ms, began_ms);
  shared->judging.in = &at;
  make_folder(in, &at);
  for (size_t round = 1; round <= ROUNDS && all_failures(in->sum) == before; round++) {
    kill_round(&at);
    judge(&at, &shared->judging, round);
  }
  if (all_failures(in->sum) == before) remove_folder(&at);
  else if (before == 0 && in->asked->mutated == MUTATE_NOTHING) tell_last(&at);
  atomic_fetch_add(&in->sum->ledgers, 1);
  unshare(shared, sizeof *shared);
}

/* ---- Jobs ------------------------------------------------------------------------------------------------------ */
/* With a protection taken out all the kills are made: it may break in more than one way. */
static bool has_seen_enough(const run *in) {
  return in->asked->mutated == MUTATE_NOTHING && all_failures(in->sum) >= SHOWN_BREACHES;
}

/* Every how-manieth ledger is this job's, until there were kills enough; or the only one that is asked for. */
static void do_job(void *with, size_t job) {
  const run *in = with;
  const options *asked = in->asked;
  if (asked->only) {
    if (job == 0) try_ledger(in, asked->only - 1);
    return;
  }
  for (size_t ledger = job; all_kills(in->sum) < asked->kills && !has_seen_enough(in); ledger += asked->jobs) {
    try_ledger(in, ledger);
  }
}

int main(int count, char **words) {
  options asked;
  pid_t jobs[JOBS_MAX];
  bool whole = true;
  (void)count;
  read_options(words, &asked);
  run in = {.asked = &asked, .sum = share(sizeof *in.sum)};
  for (size_t job = 0; job < asked.jobs; job++) jobs[job] = start(do_job, &in, job, 0);
  show_progress(&asked, in.sum, jobs);
  for (size_t job = 0; job < asked.jobs; job++) whole = came_to_end(jobs[job]) && whole;
  return report(&asked, in.sum, whole);
}
