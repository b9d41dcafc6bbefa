/* common.c - what scenes have in common: counting, opening, asking, measuring. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"

enum { TOLD_FAILURES = 5, GIVEN_WAY_US = 600 };

/* ---- Counting -------------------------------------------------------------------------------------------------- */
static bool count_failure(const scene *in, const char *template, va_list rest) {
  char words[VERDICT_BYTES];
  vsnprintf(words, sizeof words, template, rest);
  if (atomic_fetch_add(&in->verdict->failures, 1) < TOLD_FAILURES) fprintf(stderr, "  %s: %s\n", in->name, words);
  return false;
}

bool wrong(const scene *in, const char *template, ...) {
  va_list rest;
  va_start(rest, template);
  count_failure(in, template, rest);
  va_end(rest);
  return false;
}

bool check(const scene *in, bool holds, const char *template, ...) {
  va_list rest;
  atomic_fetch_add(&in->verdict->points, 1);
  if (holds) return true;
  va_start(rest, template);
  count_failure(in, template, rest);
  va_end(rest);
  return false;
}

void figure(const scene *in, const char *template, ...) {
  char *figures = in->verdict->figures;
  size_t length = strlen(figures);
  va_list rest;
  va_start(rest, template);
  length += (size_t)snprintf(figures + length, FIGURES_BYTES - length, "  %s: ", in->name);
  vsnprintf(figures + length, FIGURES_BYTES - length, template, rest);
  va_end(rest);
  length = strlen(figures);
  snprintf(figures + length, FIGURES_BYTES - length, "\n");
}

void give_way(uint64_t *seed) {
  nap_us((int64_t)below(seed, GIVEN_WAY_US));
}

size_t times(const scene *in, size_t few, size_t many) {
  return in->is_long ? many : few;
}

/* ---- Ledgers --------------------------------------------------------------------------------------------------- */
void name_file(const scene *in, const char *name, char path[PATH_BYTES]) {
  snprintf(path, PATH_BYTES, "%s/%s-%s.db", in->folder, in->name, name);
}

tally_ledger *open_ledger(const scene *in, const char *path, int busy_timeout_ms) {
  tally_ledger *ledger;
  tally_options options = {.busy_timeout_ms = busy_timeout_ms};
  tally_code code = tally_open(path, &options, &ledger);
  if (code == TALLY_OK) return ledger;
  wrong(in, "it does not open (%s): %s", tally_code_name(code), tally_error_message(ledger));
  _exit(1);
}

bool expect(const scene *in, tally_ledger *ledger, const question *wanted, tally_code code, reply *answer) {
  char line[LINE_BYTES];
  tally_code given = ask(ledger, wanted, 0, answer);
  if (given == code) return true;
  print_asked(wanted, line);
  return wrong(in, "%s is answered %s: %s", line, tally_code_name(given), given ? tally_error_message(ledger) : "");
}

/* Where one of them is gone the others may wait for it at a gate. */
bool gather(const scene *in, const pid_t *crowd, size_t count) {
  bool whole = true;
  for (size_t left = count; left;) {
    size_t i = 0;
    siginfo_t ended;
    if (waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT) != 0) return false;
    while (i < count && crowd[i] != ended.si_pid) i++;
    bool came = came_to_end(ended.si_pid);
    if (i == count) continue; /* it is another's */
    left--;
    if (came || !whole) continue;
    whole = wrong(in, "process %zu did not come to its end", i);
    for (size_t k = 0; k < count; k++) kill(crowd[k], SIGKILL);
  }
  return whole;
}

void run_crowd(const scene *in, size_t count, void (*work)(void *with, size_t index), void *with) {
  pid_t crowd[CROWD];
  for (size_t i = 0; i < count; i++) crowd[i] = start(work, with, i, SCENE_SECONDS);
  gather(in, crowd, count);
}

int patience_ms(const scene *in, int timeout_ms) {
  return in->mutated == MUTATE_NO_TIMEOUT || timeout_ms == 0 ? -1 : timeout_ms;
}

bool read_book(const scene *in, const char *path, book *found) {
  char words[VERDICT_BYTES];
  tally_ledger *ledger = open_ledger(in, path, 0);
  bool sound = book_read(ledger, found, words) && book_verify(ledger, &found->head, words);
  tally_close(ledger);
  return sound || wrong(in, "%s", words);
}

/* ---- Samples --------------------------------------------------------------------------------------------------- */
void sample(samples *in, int64_t us) {
  int32_t kept = us > INT32_MAX ? INT32_MAX : (int32_t)us;
  if (us > in->longest_us) in->longest_us = us;
  in->seen++;
  if (in->count < SAMPLES_MAX) {
    in->us[in->count++] = kept;
    return;
  }
  size_t place = below(&in->seed, in->seen);
  if (place < SAMPLES_MAX) in->us[place] = kept;
}

static int by_length(const void *a, const void *b) {
  int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
  return (left > right) - (left < right);
}

quantiles measure(const samples *in, size_t count) {
  quantiles out = {0};
  size_t kept = 0;
  int32_t *all = malloc(count * SAMPLES_MAX * sizeof *all);
  if (all == NULL) exit(2);
  for (size_t i = 0; i < count; i++) {
    memcpy(all + kept, in[i].us, in[i].count * sizeof *all);
    kept += in[i].count;
    out.count += in[i].seen;
    if ((double)in[i].longest_us / 1000 > out.longest_ms) out.longest_ms = (double)in[i].longest_us / 1000;
  }
  qsort(all, kept, sizeof *all, by_length);
  if (kept) out.median_ms = all[kept / 2] / 1000.0;
  if (kept) out.p99_ms = all[kept - 1 - kept / 100] / 1000.0;
  free(all);
  return out;
}
