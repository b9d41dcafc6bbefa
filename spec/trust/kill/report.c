/* report.c - options, progress, rows, and the places where kills struck. */
#include "report.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHORT_KILLS = 240, LONG_KILLS = 20000, PROGRESS_US = 200000, LEAST_COMMANDS = 13 };

static const char usage[] =
    "usage: kill [--long] [--seed N] [--kills N] [--jobs N] [--ledger N] [--mutate NAME] FOLDER\n"
    "mutations: early, nokey, split\n";

#define X(symbol, name) name,
static const char *const mutations[] = {MUTATIONS(X)};
static const char *const breaches[] = {BREACHES(X)};
static const char *const stages[] = {STAGES(X)};
static const char *const disks[] = {DISKS(X)};
static const char *const shapes[] = {SHAPES(X)};
#undef X

const char *breach_name(breach found) {
  return breaches[found];
}

const char *shape_name(shape how) {
  return shapes[how];
}

size_t all_kills(const sum *in) {
  size_t kills = 0;
  for (size_t i = 0; i < SHAPE_END; i++) kills += atomic_load(&in->kills[i]);
  return kills;
}

size_t all_failures(const sum *in) {
  size_t failures = atomic_load(&in->faults);
  for (size_t i = 0; i < SHAPE_END; i++) failures += atomic_load(&in->failures[i]);
  return failures;
}

/* ---- Options --------------------------------------------------------------------------------------------------- */
static void misuse(void) {
  fputs(usage, stderr);
  exit(2);
}

void read_options(char **words, options *out) {
  *out = (options){.seed = 1, .jobs = 2};
  for (words++; *words && **words == '-'; words++) {
    if (strcmp(*words, "--long") == 0) out->is_long = true;
    else if (strcmp(*words, "--seed") == 0) out->seed = read_count(*++words, misuse);
    else if (strcmp(*words, "--kills") == 0) out->kills = read_count(*++words, misuse);
    else if (strcmp(*words, "--jobs") == 0) out->jobs = read_count(*++words, misuse);
    else if (strcmp(*words, "--ledger") == 0) out->only = read_count(*++words, misuse) + 1;
    else if (strcmp(*words, "--mutate") == 0)
      out->mutated = (mutation)read_word(*++words, mutations, MUTATIONS_END, misuse);
    else misuse();
  }
  if (*words == NULL || words[1] || out->jobs < 1 || out->jobs > JOBS_MAX) misuse();
  out->folder = *words;
  if (out->kills == 0) out->kills = out->is_long ? LONG_KILLS : SHORT_KILLS;
}

/* ---- Progress -------------------------------------------------------------------------------------------------- */
static bool all_ended(const options *asked, const pid_t *jobs) {
  for (size_t job = 0; job < asked->jobs; job++) {
    siginfo_t ended = {0};
    if (waitid(P_PID, (id_t)jobs[job], &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == 0) return false;
  }
  return true;
}

void show_progress(const options *asked, const sum *in, const pid_t *jobs) {
  if (!isatty(STDERR_FILENO)) return;
  while (!all_ended(asked, jobs)) {
    fprintf(stderr, "\r%zu of %zu kills ", all_kills(in), asked->kills);
    nap_us(PROGRESS_US);
  }
  fputs("\r\033[K", stderr);
}

/* ---- Report ---------------------------------------------------------------------------------------------------- */
static void print_rows(const sum *in) {
  for (size_t i = 0; i < SHAPE_END; i++) {
    printf(
        "| acknowledged means on disk: no act is lost, halved or doubled (%s) | %zu acts acknowledged | %zu processes "
        "killed | %zu |\n",
        shapes[i], atomic_load(&in->acknowledged[i]), atomic_load(&in->kills[i]), atomic_load(&in->failures[i]));
  }
  size_t kept = atomic_load(&in->retries_kept), fresh = atomic_load(&in->retries_new);
  size_t refused = atomic_load(&in->retries_refused);
  printf("| what was under way, asked for again with its key, has one effect | %zu retries: %zu had been written, %zu "
         "had not, %zu are refused by now | %zu processes killed | %zu |\n",
         kept + fresh + refused, kept, fresh, refused, all_kills(in), atomic_load(&in->breaches[BREACH_DOUBLED]));
}

static void print_places(const char *title, const char *const *names, const atomic_size_t *counts, size_t count) {
  printf("  %s", title);
  for (size_t i = 0; i < count; i++) printf("%s %s %zu", i ? "," : "", names[i], atomic_load(&counts[i]));
  printf("\n");
}

/* Before opening there is nothing to strike, and a retry has its own count. */
static bool struck_everywhere(const sum *in) {
  bool everywhere = true;
  for (size_t i = STAGE_OPENING; i < STAGE_END; i++) everywhere = everywhere && atomic_load(&in->struck[i]) > 0;
  for (size_t i = 0; i < DISK_END; i++) everywhere = everywhere && atomic_load(&in->struck_disk[i]) > 0;
  for (size_t i = 0; i < SHAPE_END; i++) everywhere = everywhere && atomic_load(&in->kills[i]) > 0;
  return everywhere && atomic_load(&in->retries_kept) > 0 && atomic_load(&in->retries_new) > 0;
}

static size_t commands_done(const sum *in) {
  size_t commands = 0;
  for (size_t i = 0; i <= TALLY_COMMAND_LAST_WRITING; i++) commands += atomic_load(&in->of_command[i]) > 0;
  return commands;
}

/* A run that has come to show less must not pass for one that shows that nothing is wrong. */
static size_t count_gaps(const options *asked, const sum *in) {
  size_t commands = commands_done(in), gaps = 0;
  if (!asked->is_long || asked->only) return 0;
  if (!struck_everywhere(in) && ++gaps) fputs("kill: there is a place where no kill struck\n", stderr);
  if (commands < LEAST_COMMANDS && ++gaps) fprintf(stderr, "kill: only %zu kinds of commands were done\n", commands);
  return gaps;
}

static void print_commands(const sum *in) {
  printf("  commands done:");
  for (size_t i = 1; i <= TALLY_COMMAND_LAST_WRITING; i++) {
    printf(" %s %zu%s", tally_command_name((tally_command)i), atomic_load(&in->of_command[i]),
           i < TALLY_COMMAND_LAST_WRITING ? "," : "\n");
  }
}

int report(const options *asked, const sum *in, bool whole) {
  printf("seed %llu, mutation %s: %zu ledgers, %zu kinds of commands done (%zu commands refused), %zu judgements, %zu "
         "with all verified, %zu with an anchor\n",
         (unsigned long long)asked->seed, mutations[asked->mutated], atomic_load(&in->ledgers), commands_done(in),
         atomic_load(&in->refused), atomic_load(&in->judged), atomic_load(&in->verified), atomic_load(&in->anchors));
  print_rows(in);
  print_commands(in);
  print_places("struck", stages, in->struck, STAGE_END);
  print_places("and there", disks, in->struck_disk, DISK_END);
  for (size_t i = 0; i < BREACH_END && all_failures(in); i++) {
    printf("  %s: %zu\n", breaches[i], atomic_load(&in->breaches[i]));
  }
  size_t gaps = count_gaps(asked, in), failures = all_failures(in) + gaps;
  printf("%zu passed, %zu failed\n", all_kills(in), failures);
  if (!whole) fputs("kill: a job did not come to its end\n", stderr);
  if (!whole || atomic_load(&in->faults) || gaps) return 2;
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
