/* power.c - cuts the power under a clinic at work, and looks at what a morning after finds. See `power --help`. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../processes/words.h"
#include "clinic.h"
#include "disk.h"
#include "judge.h"
#include "record.h"

enum {
  SHORT_UNITS = 330,
  LONG_UNITS = 400,
  SHORT_LOG_SYNCS = 40,    /* so many of the log's syncs are cut at in the short form, */
  SHORT_LEDGER_WRITES = 7, /* of the ledger's writes every how-manieth, */
  SHORT_SAMPLE = 150,      /* and as many events by lot */
  LEAST_FOLDER_SYNCS = 4,  /* below these a workload shows too little: */
  LEAST_LEDGER_SYNCS = 5,  /* checkpoints */
  LEAST_COMMANDS = 13,     /* kinds of commands done */
  SHOWN_FAILURES = 5,
  JOBS_MAX = 64
};

static const char usage[] =
    "usage: power [--long] [--seed N] [--units N] [--jobs N] [--cut N] [--mutate NAME] FOLDER\n"
    "mutations: normal, nosync, nofolder, notransaction, nokey, noopening\n";
static const char *const mutations[MUTATIONS] = {"none",          "normal", "nosync",   "nofolder",
                                                 "notransaction", "nokey",  "noopening"};

typedef struct options {
  bool is_long;
  uint64_t seed;
  size_t units, jobs;
  size_t cut; /* the only one to try; 0: all that are chosen */
  mutation mutated;
  const char *folder;
} options;

typedef struct counts {
  size_t cuts, kills, images, faults, failures, breaches[BREACH_END];
} counts;

typedef struct run {
  const options *asked;
  const clinic *work;
  const record *log;
  bool *chosen; /* by cut: it comes after as many events, within the next */
  size_t job;
  char path[512];
  counts sum;
} run;

/* ---- Cuts ------------------------------------------------------------------------------------------------------ */
static bool is_log_sync(const run *in, size_t place) {
  const event *next = &in->log->events[place];
  return place < in->log->count && next->kind == EVENT_SYNC && next->name == NAME_LOG;
}

/* Where the order of things matters most: at each barrier, at a checkpoint's writes, where the log begins anew. Of the many
 * syncs of the log the short form takes the first. */
static bool is_near(const run *in, size_t place, size_t *log_syncs) {
  const event *next = &in->log->events[place];
  if (is_log_sync(in, place)) return (*log_syncs)++ < SHORT_LOG_SYNCS;
  if (next->kind != EVENT_WRITE) return true;
  if (next->name == NAME_LOG) return next->offset == 0;
  return place % SHORT_LEDGER_WRITES == 0;
}

static void choose_cuts(run *in) {
  size_t count = in->log->count, log_syncs = 0, only = in->asked->cut;
  uint64_t seed = in->asked->seed ^ 0xc0;
  in->chosen = calloc(count + 1, sizeof *in->chosen);
  assert(in->chosen);
  in->chosen[only && only < count ? only : count] = true;
  if (only) return;
  for (size_t i = 0; i < count; i++) {
    if (in->asked->is_long) in->chosen[i] = true;
    else if (is_near(in, i, &log_syncs)) in->chosen[i] = in->chosen[i + 1] = true;
  }
  for (size_t i = 0; i < SHORT_SAMPLE; i++) in->chosen[dice(&seed) % (count + 1)] = true;
}

static void complain(run *in, size_t cut, loss how, const judgement *found) {
  in->sum.breaches[found->found]++;
  if (in->sum.failures++ >= (in->asked->mutated ? 1 : SHOWN_FAILURES)) return;
  const event *under_way = cut < in->log->count ? &in->log->events[cut] : NULL;
  fprintf(stderr, "  cut %zu (%s%s, %zu units acknowledged), %s: %s\n", cut,
          under_way ? record_event_name(under_way->kind) : "the end",
          under_way && under_way->name >= 0 ? record_suffix(under_way->name) : "", found->acknowledged,
          disk_loss_name(how), found->verdict);
}

static void count_image(run *in, size_t cut, loss how, const judgement *found) {
  in->sum.images++;
  if (found->found) complain(in, cut, how, found);
}

static void try_image(run *in, disk *rebuilt, size_t cut, loss how) {
  judgement found;
  disk_write(rebuilt, how, in->asked->seed * 1000003 + cut * LOSSES + (uint64_t)how, in->path);
  judge(in->work, in->path, clinic_acknowledged(in->work, cut), in->work->opened_place <= cut, &found);
  count_image(in, cut, how, &found);
}

static void try_cut(run *in, disk *rebuilt, size_t cut) {
  size_t pending = disk_pending(rebuilt);
  in->sum.cuts++;
  in->sum.faults += pending;
  try_image(in, rebuilt, cut, LOSS_ALL);
  for (loss how = LOSS_NONE; pending && how < LOSSES; how++) try_image(in, rebuilt, cut, how);
}

/* ---- Killed, asked again, and then cut ------------------------------------------------------------------------- */
/* Rebuilds the disk as it is surely after all that both processes did, and looks at it with the unit acknowledged. */
static void cut_after(run *in, const record *both, size_t cut, size_t acknowledged) {
  judgement found;
  char path[520];
  disk *rebuilt = disk_new(both, in->asked->mutated);
  snprintf(path, sizeof path, "%s-cut", in->path);
  disk_advance(rebuilt, both->count);
  disk_write(rebuilt, LOSS_ALL, in->asked->seed, path);
  judge(in->work, path, acknowledged, true, &found);
  count_image(in, cut, LOSS_ALL, &found);
  disk_free(rebuilt);
}

/* The process is killed while it waits for a sync: the next one sees all that was written, synced or not. It asks again
 * for what was under way, and is answered: from then on no cut may take it away. */
static void try_kill(run *in, disk *rebuilt, size_t cut) {
  answer answers[STEPS_MAX];
  tally_ledger *ledger;
  size_t known = clinic_acknowledged(in->work, cut);
  if (known == in->work->unit_count || in->work->units[known].salted || in->work->opened_place > cut) return;
  in->sum.kills++;
  disk_write(rebuilt, LOSS_NONE, in->asked->seed, in->path);
  record_resume(in->path, in->log, cut);
  tally_code code = tally_open(in->path, NULL, &ledger);
  record_opened();
  if (!code) code = clinic_ask(in->work, ledger, &in->work->units[known], answers);
  const record *both = record_stop();
  judgement in_vain = {.found = BREACH_BROKEN, .acknowledged = known};
  snprintf(in_vain.verdict, VERDICT_BYTES, "after a kill: %s", tally_error_message(ledger));
  if (code) count_image(in, cut, LOSS_NONE, &in_vain);
  else cut_after(in, both, cut, known + 1);
  tally_close(ledger);
}

/* Every how-manieth cut is this job's. */
static void try_cuts(run *in) {
  disk *rebuilt = disk_new(in->log, in->asked->mutated);
  size_t turn = 0;
  snprintf(in->path, sizeof in->path, "%s/image-%zu.db", in->asked->folder, in->job);
  for (size_t cut = 0; cut <= in->log->count; cut++) {
    if (!in->chosen[cut] || turn++ % in->asked->jobs != in->job) continue;
    disk_advance(rebuilt, cut);
    try_cut(in, rebuilt, cut);
    if (is_log_sync(in, cut)) try_kill(in, rebuilt, cut);
  }
  disk_free(rebuilt);
}

/* ---- Jobs ------------------------------------------------------------------------------------------------------ */
/* Each job is a process: the core keeps no global state, but a fault that ends one must not end the count. */
static void start_job(run *in, size_t job, int ends[2]) {
  int made = pipe(ends);
  assert(made == 0);
  pid_t child = fork();
  assert(child >= 0);
  if (child == 0) {
    in->job = job;
    try_cuts(in);
    ssize_t wrote = write(ends[1], &in->sum, sizeof in->sum);
    _exit(wrote == (ssize_t)sizeof in->sum ? 0 : 1);
  }
  close(ends[1]);
}

static bool collect_job(run *in, int end) {
  counts part;
  bool whole = read(end, &part, sizeof part) == (ssize_t)sizeof part;
  close(end);
  if (!whole) return false;
  in->sum.cuts += part.cuts;
  in->sum.kills += part.kills;
  in->sum.images += part.images;
  in->sum.faults += part.faults;
  in->sum.failures += part.failures;
  for (size_t i = 0; i < BREACH_END; i++) in->sum.breaches[i] += part.breaches[i];
  return true;
}

static bool run_jobs(run *in) {
  int ends[JOBS_MAX][2];
  bool whole = true;
  for (size_t job = 0; job < in->asked->jobs; job++) start_job(in, job, ends[job]);
  for (size_t job = 0; job < in->asked->jobs; job++) whole = collect_job(in, ends[job][0]) && whole;
  while (wait(NULL) > 0) continue;
  return whole;
}

/* ---- Report ---------------------------------------------------------------------------------------------------- */
static size_t syncs_of(const record *log, int name) {
  size_t count = 0;
  for (size_t i = 0; i < log->count; i++) count += log->events[i].kind == EVENT_SYNC && log->events[i].name == name;
  return count;
}

/* A workload that has come to show less must not pass for one that shows that nothing is wrong. */
static bool shows_enough(const run *in) {
  size_t commands = 0;
  for (size_t i = 0; i <= TALLY_COMMAND_LAST_WRITING; i++) commands += in->work->of_command[i] > 0;
  size_t ledger = syncs_of(in->log, NAME_MAIN), log = syncs_of(in->log, NAME_LOG);
  size_t folder = in->log->of_kind[EVENT_SYNC_FOLDER];
  printf(
      "seed %llu, mutation %s: %zu units acknowledged (%zu commands refused), %zu kinds of commands; %zu events: %zu "
      "writes, %zu syncs of the log, %zu of the ledger, %zu of the folder\n",
      (unsigned long long)in->asked->seed, mutations[in->asked->mutated], in->work->unit_count, in->work->refused,
      commands, in->log->count, in->log->of_kind[EVENT_WRITE], log, ledger, folder);
  if (in->asked->mutated) return true;
  return commands >= LEAST_COMMANDS && ledger >= LEAST_LEDGER_SYNCS && folder >= LEAST_FOLDER_SYNCS &&
         log >= in->work->unit_count;
}

static const char *const breach_names[BREACH_END] = {"",
#define X(symbol, name) name,
                                                     BREACHES(X)
#undef X
};

static int report(const run *in) {
  const counts *sum = &in->sum;
  printf("| no power cut loses, halves or doubles an acknowledged act | %zu cuts, %zu images | %zu unsynced changes, "
         "%zu kills before a cut | %zu |\n",
         sum->cuts, sum->images, sum->faults, sum->kills, sum->failures);
  for (size_t i = 1; i < BREACH_END && sum->failures; i++) printf("  %s: %zu\n", breach_names[i], sum->breaches[i]);
  printf("%zu passed, %zu failed\n", sum->images - sum->failures, sum->failures);
  return sum->failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- Options --------------------------------------------------------------------------------------------------- */
static void misuse(void) {
  fputs(usage, stderr);
  exit(2);
}

static void read_options(char **words, options *asked) {
  *asked = (options){.seed = 1, .jobs = 2};
  for (words++; *words && **words == '-'; words++) {
    if (strcmp(*words, "--long") == 0) asked->is_long = true;
    else if (strcmp(*words, "--seed") == 0) asked->seed = read_count(*++words, misuse);
    else if (strcmp(*words, "--units") == 0) asked->units = read_count(*++words, misuse);
    else if (strcmp(*words, "--jobs") == 0) asked->jobs = read_count(*++words, misuse);
    else if (strcmp(*words, "--cut") == 0) asked->cut = read_count(*++words, misuse);
    else if (strcmp(*words, "--mutate") == 0)
      asked->mutated = (mutation)read_word(*++words, mutations, MUTATIONS, misuse);
    else misuse();
  }
  if (*words == NULL || words[1] || asked->jobs < 1 || asked->jobs > JOBS_MAX) misuse();
  asked->folder = *words;
  if (asked->units == 0) asked->units = asked->is_long ? LONG_UNITS : SHORT_UNITS;
}

int main(int count, char **words) {
  options asked;
  char path[512];
  (void)count;
  read_options(words, &asked);
  clinic work = {.seed = asked.seed, .mutated = asked.mutated};
  snprintf(path, sizeof path, "%s/clinic.db", asked.folder);
  record_start(path, asked.mutated);
  clinic_work(&work, path, asked.units);
  const record first = *record_stop();
  run in = {.asked = &asked, .work = &work, .log = &first};
  bool enough = shows_enough(&in);
  fflush(stdout);
  choose_cuts(&in);
  bool whole = run_jobs(&in);
  if (!enough) fputs("power: the workload shows too little\n", stderr);
  if (!whole) fputs("power: a job did not come to its end\n", stderr);
  int code = report(&in);
  free(in.chosen);
  clinic_free(&work);
  return enough && whole ? code : 2;
}
