/* closing.c - all open, write a little and close, again and again: who closes last removes the log while another opens. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"

enum { ACTS_MAX = 3, READER = CROWD - 1, PAUSE_US = 3000 };

typedef struct closing {
  const scene *in;
  char path[PATH_BYTES];
  gate opened;
  atomic_size_t acts, removals;
} closing;

static void write_some(closing *at, uint64_t *seed, size_t index, size_t round) {
  reply answer;
  tally_ledger *ledger = open_ledger(at->in, at->path, PATIENT_MS);
  for (size_t i = below(seed, ACTS_MAX + 1); i--;) {
    question deposit = {.command = TALLY_COMMAND_DEPOSIT, .amount_minor = 100};
    snprintf(deposit.key, KEY_BYTES, "%zu/%zu/%zu", index, round, i);
    snprintf(deposit.patient, NAME_BYTES, "P%zu", index);
    if (check(at->in, expect(at->in, ledger, &deposit, TALLY_OK, &answer), "an act is refused"))
      atomic_fetch_add(&at->acts, 1);
  }
  tally_close(ledger);
}

/* One opens for reading only: it may make nothing, and must find a ledger all the same. */
static void read_some(closing *at) {
  tally_ledger *ledger;
  tally_head head;
  tally_options options = {.read_only = true, .busy_timeout_ms = PATIENT_MS};
  size_t before = atomic_load(&at->acts);
  tally_code code = tally_open(at->path, &options, &ledger);
  if (!code) code = tally_read_head(ledger, &head);
  bool seen = check(at->in, code == TALLY_OK, "who opens for reading is answered %s: %s", tally_code_name(code),
                    tally_error_message(ledger));
  if (seen) check(at->in, head.seq >= (int64_t)before, "a reader sees %lld acts of %zu", (long long)head.seq, before);
  tally_close(ledger);
}

static void work(void *with, size_t index) {
  closing *at = with;
  uint64_t seed = at->in->seed * 89 + index;
  char log[PATH_BYTES + 4];
  snprintf(log, sizeof log, "%s-wal", at->path);
  gate_pass(&at->opened, CROWD);
  for (size_t round = 0; round < times(at->in, 150, 6000); round++) {
    atomic_fetch_add(&at->in->verdict->points, 1);
    if (index == READER) read_some(at);
    else write_some(at, &seed, index, round);
    atomic_fetch_add(&at->in->verdict->faults, 1);
    if (access(log, F_OK) != 0) atomic_fetch_add(&at->removals, 1);
    if (below(&seed, 2)) nap_us((int64_t)below(&seed, PAUSE_US));
  }
}

void play_closing(const scene *in) {
  closing *at = share(sizeof *at);
  book found;
  at->in = in;
  name_file(in, "one", at->path);
  tally_close(open_ledger(in, at->path, 0));
  run_crowd(in, CROWD, work, at);
  size_t acts = atomic_load(&at->acts), removals = atomic_load(&at->removals);
  if (read_book(in, at->path, &found))
    check(in, found.count == acts && found.key_count == acts, "%zu acts were answered, and %zu stand there", acts,
          found.count);
  check(in, removals > 0, "the log was never removed");
  figure(in, "the log was gone after %zu of %zu closings", removals, atomic_load(&in->verdict->faults));
  book_free(&found);
  unshare(at, sizeof *at);
}
