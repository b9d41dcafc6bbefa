/* fair.c - all write without a pause, each commit as long as a disk makes it: who waits how long. */
#include <stdio.h>

#include "crowd.h"

enum {
  TIMEOUT_MS = 5000, /* far more than eight need to take turns */
  DISK_US = 300,     /* in a transaction, with the lock */
  LEAST_SHARE = 4    /* of what would be even, each has at least this part */
};

typedef struct fair {
  const scene *in;
  char path[PATH_BYTES];
  gate opened;
  int64_t until_us;
  size_t commits[CROWD];
  atomic_size_t busy;
  samples waits[CROWD];
} fair;

static tally_code commit_one(tally_ledger *ledger, const question *deposit) {
  reply answer;
  tally_code code = tally_begin(ledger);
  if (code) return code;
  code = ask(ledger, deposit, 0, &answer);
  nap_us(DISK_US);
  tally_code committed = tally_commit(ledger);
  return code ? code : committed;
}

static void work(void *with, size_t index) {
  fair *at = with;
  question deposit = {.command = TALLY_COMMAND_DEPOSIT, .amount_minor = 100};
  snprintf(deposit.patient, NAME_BYTES, "P%zu", index);
  tally_ledger *ledger = open_ledger(at->in, at->path, TIMEOUT_MS);
  gate_pass(&at->opened, CROWD);
  while (now_us() < at->until_us) {
    int64_t began_us = now_us();
    tally_code code = commit_one(ledger, &deposit);
    int64_t took_us = now_us() - began_us;
    sample(&at->waits[index], took_us);
    if (code == TALLY_ERR_BUSY) atomic_fetch_add(&at->busy, 1);
    else at->commits[index]++;
    check(at->in, code == TALLY_OK, "process %zu is answered %s after %lld us", index, tally_code_name(code),
          (long long)took_us);
  }
  tally_close(ledger);
}

void play_fair(const scene *in) {
  fair *at = share(sizeof *at);
  size_t least = SIZE_MAX, most = 0;
  double seconds = (double)times(in, 3, 60);
  book found;
  at->in = in;
  name_file(in, "one", at->path);
  at->until_us = now_us() + (int64_t)(seconds * 1e6);
  atomic_store(&in->verdict->faults, CROWD);
  run_crowd(in, CROWD, work, at);
  for (size_t i = 0; i < CROWD; i++) {
    if (at->commits[i] < least) least = at->commits[i];
    if (at->commits[i] > most) most = at->commits[i];
  }
  quantiles waits = measure(at->waits, CROWD);
  check(in, least * CROWD * LEAST_SHARE >= waits.count, "of %zu commits one process has %zu", waits.count, least);
  figure(in, "a commit took, its turn included: median %.2f ms, p99 %.2f ms, longest %.1f ms; %zu were `busy`",
         waits.median_ms, waits.p99_ms, waits.longest_ms, atomic_load(&at->busy));
  figure(in, "%.0f commits a second in all, between %.0f and %.0f of one process", (double)waits.count / seconds,
         (double)least / seconds, (double)most / seconds);
  read_book(in, at->path, &found);
  book_free(&found);
  unshare(at, sizeof *at);
}
