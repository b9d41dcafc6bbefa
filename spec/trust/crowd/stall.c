/* stall.c - a process is stopped, with the lock or anywhere, for longer than the others wait; then it goes on. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"

enum {
  TIMEOUT_MS = 60,
  STOPPED_MS = 100,    /* longer than that */
  EARLY_US = 1000,     /* clocks differ by less */
  WAITERS = CROWD - 1, /* beside the one that is stopped with the lock */
  BETWEEN_US = 20000,
  TRIES = 10000,
  FIRST_ANYWHERE = 1000000 /* the keys' numbers from there on */
};

typedef struct stall {
  const scene *in;
  char path[PATH_BYTES];
  gate begun, met, gone_on;
  atomic_bool ends;
  atomic_size_t acts, busy, stops_felt;
  atomic_bool inside[CROWD]; /* whether a process has a transaction open */
} stall;

static question deposit_of(size_t index, size_t number) {
  question out = {.command = TALLY_COMMAND_DEPOSIT, .amount_minor = 100};
  snprintf(out.patient, NAME_BYTES, "P%zu", index);
  snprintf(out.key, KEY_BYTES, "%zu/%zu", index, number);
  return out;
}

/* ---- Stopped with the lock ------------------------------------------------------------------------------------- */
static void hold_and_stop(void *with, size_t index) {
  stall *at = with;
  reply answer;
  question deposit = deposit_of(CROWD, index);
  tally_ledger *ledger = open_ledger(at->in, at->path, PATIENT_MS);
  if (tally_begin(ledger)) wrong(at->in, "begin: %s", tally_error_message(ledger));
  expect(at->in, ledger, &deposit, TALLY_OK, &answer);
  raise(SIGSTOP);
  /* From here on it goes on. */
  tally_code code = tally_commit(ledger);
  if (check(at->in, code == TALLY_OK, "who was stopped is answered %s", tally_code_name(code)))
    atomic_fetch_add(&at->acts, 1);
  tally_close(ledger);
}

/* While the other stands still: reading is served, writing is `busy` when the time is up. */
static void meet_stopped(stall *at, tally_ledger *ledger, const question *deposit) {
  reply answer;
  tally_head head;
  int64_t acts = (int64_t)atomic_load(&at->acts);
  tally_code code = tally_read_head(ledger, &head);
  check(at->in, code == TALLY_OK && head.seq == acts, "a reader is answered %s, and sees %lld of %lld acts",
        tally_code_name(code), (long long)head.seq, (long long)acts);
  int64_t began_us = now_us();
  code = ask(ledger, deposit, 0, &answer);
  int64_t took_us = now_us() - began_us;
  check(at->in, code == TALLY_ERR_BUSY && took_us >= TIMEOUT_MS * 1000 - EARLY_US,
        "while another stands still a writer is answered %s after %lld us", tally_code_name(code), (long long)took_us);
}

static void work_beside(void *with, size_t index) {
  stall *at = with;
  reply answer;
  question deposit = deposit_of(index, atomic_load(&at->acts));
  tally_ledger *ledger = open_ledger(at->in, at->path, patience_ms(at->in, TIMEOUT_MS));
  gate_pass(&at->begun, WAITERS);
  meet_stopped(at, ledger, &deposit);
  gate_pass(&at->met, WAITERS + 1); /* with the one that lets it go on */
  gate_pass(&at->gone_on, WAITERS + 1);
  tally_set_busy_timeout(ledger, PATIENT_MS);
  if (check(at->in, expect(at->in, ledger, &deposit, TALLY_OK, &answer), "once the other goes on an act is refused"))
    atomic_fetch_add(&at->acts, 1);
  tally_close(ledger);
}

static void stop_with_lock(stall *at, size_t round) {
  pid_t crowd[CROWD], holder = start(hold_and_stop, at, round, SCENE_SECONDS);
  int status;
  waitpid(holder, &status, WUNTRACED);
  if (!WIFSTOPPED(status)) {
    wrong(at->in, "who should stand still with the lock has ended");
    return;
  }
  atomic_fetch_add(&at->in->verdict->faults, 1);
  for (size_t i = 0; i < WAITERS; i++) crowd[i] = start(work_beside, at, i, SCENE_SECONDS);
  gate_pass(&at->met, WAITERS + 1);
  kill(holder, SIGCONT);
  gate_pass(&at->gone_on, WAITERS + 1);
  crowd[WAITERS] = holder;
  gather(at->in, crowd, CROWD);
}

/* ---- Stopped anywhere ------------------------------------------------------------------------------------------ */
/* Every second act is in a transaction that stands open for a while. */
static tally_code act(stall *at, tally_ledger *ledger, uint64_t *seed, size_t index, size_t number) {
  reply answer;
  question deposit = deposit_of(index, FIRST_ANYWHERE + number);
  if (number % 2) return ask(ledger, &deposit, 0, &answer);
  tally_code code = tally_begin(ledger);
  if (code) return code;
  atomic_store(&at->inside[index], true);
  code = ask(ledger, &deposit, 0, &answer);
  give_way(seed);
  atomic_store(&at->inside[index], false);
  return code ? code : tally_commit(ledger);
}

static void work_on(void *with, size_t index) {
  stall *at = with;
  uint64_t seed = at->in->seed * 71 + index;
  tally_ledger *ledger = open_ledger(at->in, at->path, patience_ms(at->in, TIMEOUT_MS));
  for (size_t number = 0; !atomic_load(&at->ends); number++) {
    int64_t began_us = now_us();
    tally_code code = act(at, ledger, &seed, index, number);
    int64_t took_us = now_us() - began_us;
    bool in_time = code != TALLY_ERR_BUSY || took_us >= TIMEOUT_MS * 1000 - EARLY_US;
    bool sound = check(at->in, (code == TALLY_OK || code == TALLY_ERR_BUSY) && in_time,
                       "beside processes that are stopped one is answered %s after %lld us", tally_code_name(code),
                       (long long)took_us);
    if (code == TALLY_ERR_BUSY) atomic_fetch_add(&at->busy, 1);
    if (code == TALLY_OK) atomic_fetch_add(&at->acts, 1);
    if (!sound) break;
    give_way(&seed);
  }
  tally_close(ledger);
}

/* Every second time one that has the lock is stopped, where one is met soon. */
static size_t choose_victim(stall *at, uint64_t *seed, size_t number) {
  size_t victim = below(seed, CROWD);
  nap_us((int64_t)below(seed, BETWEEN_US));
  for (int tries = 0; number % 2 && tries < TRIES && !atomic_load(&at->inside[victim]); tries++) {
    victim = (victim + 1) % CROWD;
    if (victim == 0) nap_us(1);
  }
  return victim;
}

static void stop_anywhere(stall *at, size_t stops) {
  pid_t crowd[CROWD];
  uint64_t seed = at->in->seed * 67;
  for (size_t i = 0; i < CROWD; i++) crowd[i] = start(work_on, at, i, SCENE_SECONDS);
  while (stops--) {
    pid_t victim = crowd[choose_victim(at, &seed, stops)];
    size_t busy = atomic_load(&at->busy);
    kill(victim, SIGSTOP);
    atomic_fetch_add(&at->in->verdict->faults, 1);
    nap_us(STOPPED_MS * 1000);
    kill(victim, SIGCONT);
    if (atomic_load(&at->busy) > busy) atomic_fetch_add(&at->stops_felt, 1);
  }
  atomic_store(&at->ends, true);
  gather(at->in, crowd, CROWD);
}

void play_stall(const scene *in) {
  stall *at = share(sizeof *at);
  book found;
  at->in = in;
  name_file(in, "one", at->path);
  tally_close(open_ledger(in, at->path, 0));
  for (size_t round = 0; round < times(in, 3, 60); round++) stop_with_lock(at, round);
  stop_anywhere(at, times(in, 24, 600));
  size_t acts = atomic_load(&at->acts);
  if (read_book(in, at->path, &found) && (found.count != acts || found.key_count != acts))
    wrong(in, "%zu acts were answered, and %zu stand there", acts, found.count);
  check(in, atomic_load(&at->stops_felt) > 0, "no process was stopped with the lock");
  figure(in, "of the processes stopped anywhere %zu made others `busy`", atomic_load(&at->stops_felt));
  book_free(&found);
  unshare(at, sizeof *at);
}
