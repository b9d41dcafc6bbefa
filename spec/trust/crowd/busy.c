/* busy.c - one holds the write lock, for longer than the others wait, and for less. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"

enum {
  WAITERS = CROWD - 1,
  LATE_US = 250000, /* so much later than the time is up an answer may come, where other programs run too */
  EARLY_US = 1000   /* clocks differ by less */
};

typedef struct busy {
  const scene *in;
  char path[PATH_BYTES], document[NAME_BYTES];
  gate begun, held, over;
  int timeout_ms, hold_ms; /* held until all have answered where hold_ms is 0 */
  _Atomic int64_t until_us;
  samples late[CROWD]; /* how much later than the time was up, or the lock was free */
} busy;

/* ---- The one who holds ----------------------------------------------------------------------------------------- */
static void hold(busy *at, tally_ledger *ledger) {
  reply answer;
  question wanted = {.command = TALLY_COMMAND_DEPOSIT, .patient = "P1", .amount_minor = 100};
  tally_code code = tally_begin(ledger);
  if (code) wrong(at->in, "who would hold the lock is answered %s", tally_code_name(code));
  expect(at->in, ledger, &wanted, TALLY_OK, &answer);
  atomic_fetch_add(&at->in->verdict->faults, 1);
  gate_pass(&at->held, CROWD);
  if (at->hold_ms) nap_us(at->hold_ms * 1000);
  else gate_pass(&at->over, CROWD);
  code = tally_commit(ledger);
  atomic_store(&at->until_us, now_us());
  if (code) wrong(at->in, "who held the lock is answered %s", tally_code_name(code));
}

/* ---- Those who wait -------------------------------------------------------------------------------------------- */
static tally_code begin_alone(tally_ledger *ledger) {
  tally_code code = tally_begin(ledger);
  if (!code) tally_rollback(ledger);
  return code;
}

/* Each writes in a way of its own. */
static tally_code ask_for_something(busy *at, tally_ledger *ledger, size_t index) {
  reply answer;
  question pay = {.command = TALLY_COMMAND_PAY, .amount_minor = 5, .type = "card"};
  question visit = {.command = TALLY_COMMAND_CONSULTATION, .patient = "P2", .amount_minor = 500};
  question deposit = {.command = TALLY_COMMAND_DEPOSIT, .patient = "P3", .amount_minor = 500};
  memcpy(pay.document, at->document, NAME_BYTES);
  deposit.dry_run = index == 4;
  switch (index) {
  case 1:
    return begin_alone(ledger);
  case 2:
    return tally_follower_set(ledger, (tally_text){"reader", 6}, 1);
  case 3:
  case 4:
    return ask(ledger, &deposit, 0, &answer);
  case 5:
    return ask(ledger, &visit, 0, &answer);
  default:
    return ask(ledger, &pay, 0, &answer);
  }
}

static void judge_held(busy *at, size_t index, tally_code code, int64_t took_us) {
  int64_t late_us = took_us - at->timeout_ms * 1000;
  check(at->in, code == TALLY_ERR_BUSY, "process %zu is answered %s while the lock is held", index,
        tally_code_name(code));
  check(at->in, late_us >= -EARLY_US, "`busy` comes after %lld us, and has %d ms to come", (long long)took_us,
        at->timeout_ms);
  check(at->in, late_us <= LATE_US, "`busy` comes after %lld us, and should after %d ms", (long long)took_us,
        at->timeout_ms);
  sample(&at->late[index], late_us > 0 ? late_us : 0);
}

/* Where the lock was held for longer than was meant, by a machine that was busy otherwise, `busy` may come. */
static void judge_freed(busy *at, size_t index, tally_code code, int64_t began_us, int64_t ended_us) {
  int64_t until_us = atomic_load(&at->until_us);
  bool overheld = code == TALLY_ERR_BUSY && until_us - began_us > at->timeout_ms * 1000 - EARLY_US;
  check(at->in, code == TALLY_OK || overheld,
        "process %zu, which waits for %d ms, is answered %s after %lld us, the lock being held for %d ms", index,
        at->timeout_ms, tally_code_name(code), (long long)(ended_us - began_us), at->hold_ms);
  sample(&at->late[index], ended_us > until_us ? ended_us - until_us : 0);
}

static void wait_for_lock(busy *at, tally_ledger *ledger, size_t index) {
  gate_pass(&at->held, CROWD);
  int64_t began_us = now_us();
  tally_code code = ask_for_something(at, ledger, index);
  int64_t ended_us = now_us();
  if (at->hold_ms == 0) {
    judge_held(at, index, code, ended_us - began_us);
    gate_pass(&at->over, CROWD);
    return;
  }
  judge_freed(at, index, code, began_us, ended_us);
}

/* ---- Playing --------------------------------------------------------------------------------------------------- */
static void work(void *with, size_t index) {
  busy *at = with;
  int timeout_ms = patience_ms(at->in, at->timeout_ms);
  /* By an option, or later. */
  tally_ledger *ledger = open_ledger(at->in, at->path, index % 2 && index ? timeout_ms : PATIENT_MS);
  if (index && index % 2 == 0) tally_set_busy_timeout(ledger, timeout_ms);
  gate_pass(&at->begun, CROWD);
  if (index == 0) hold(at, ledger);
  else wait_for_lock(at, ledger, index);
  /* And once it is free again all are served. */
  gate_pass(&at->begun, CROWD);
  tally_set_busy_timeout(ledger, PATIENT_MS);
  tally_code code = index ? ask_for_something(at, ledger, index) : TALLY_OK;
  check(at->in, code == TALLY_OK, "process %zu is answered %s once the lock is free", index, tally_code_name(code));
  tally_close(ledger);
}

static void play_case(busy *at, int timeout_ms, int hold_ms) {
  at->timeout_ms = timeout_ms;
  at->hold_ms = hold_ms;
  run_crowd(at->in, CROWD, work, at);
}

static void tell(busy *at, const char *what) {
  quantiles late = measure(at->late, CROWD);
  figure(at->in, "%s: median %.1f ms, p99 %.1f ms, longest %.1f ms", what, late.median_ms, late.p99_ms,
         late.longest_ms);
  memset(at->late, 0, sizeof at->late);
}

void play_busy(const scene *in) {
  static const int timeouts_ms[] = {0, 20, 100, 300, 1000};
  busy *at = share(sizeof *at);
  reply answer;
  question visit = {.command = TALLY_COMMAND_CONSULTATION, .patient = "P1", .amount_minor = 1000000};
  book found;
  at->in = in;
  name_file(in, "one", at->path);
  tally_ledger *ledger = open_ledger(in, at->path, 0);
  expect(in, ledger, &visit, TALLY_OK, &answer);
  memcpy(at->document, answer.number, NAME_BYTES);
  tally_close(ledger);
  for (size_t round = times(in, 1, 12); round--;) {
    for (size_t i = 0; i < sizeof timeouts_ms / sizeof timeouts_ms[0]; i++) play_case(at, timeouts_ms[i], 0);
  }
  tell(at, "`busy` came later than the time was up by");
  for (size_t round = times(in, 1, 12); round--;) {
    for (size_t i = 2; i < sizeof timeouts_ms / sizeof timeouts_ms[0]; i++)
      play_case(at, timeouts_ms[i], timeouts_ms[i] / 2);
  }
  tell(at, "the lock free, seven who waited were served after");
  read_book(in, at->path, &found);
  book_free(&found);
  unshare(at, sizeof *at);
}
