/* verify_beside.c - the documents' pass of verify, in a thread with a handle of its own. */
#include "verify_beside.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 10 };

struct verify_beside {
  pthread_t thread;
  bool has_thread;
  char *path;
  atomic_bool stopped, ended;
  atomic_llong done;
  /* Set by the thread, read after it has ended. */
  bool usable;
  tally_head head; /* of the state that it saw */
  tally_code code;
  last_error error;
};

static tally_code read_head(tally_ledger *ledger, tally_head *head) {
  tally_entry last;
  journal_genesis(ledger, head->hash);
  tally_code code = store_entry_last(ledger->store, &ledger->call, &last);
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(ledger, code));
  head->seq = last.seq;
  memcpy(head->hash, last.hash, sizeof head->hash);
  return TALLY_OK;
}

static tally_code look_at_documents(verify_beside *beside, tally_verify *in) {
  tally_code code = TALLY_OK;
  while (!code && !atomic_load(&beside->stopped)) {
    arena_reset(&in->ledger->call);
    code = verify_documents(in);
    atomic_store(&beside->done, in->done);
  }
  return code;
}

static void work(verify_beside *beside, tally_ledger *ledger, tally_verify *in) {
  in->ledger = ledger;
  store_limit_memory(ledger->store, true);
  if (store_begin_read(ledger->store) || read_head(ledger, &beside->head)) return;
  beside->code = look_at_documents(beside, in);
  beside->error = ledger->error;
  beside->usable = !atomic_load(&beside->stopped);
}

static void *run(void *argument) {
  verify_beside *beside = argument;
  tally_options options = {.read_only = true};
  tally_ledger *ledger = NULL;
  tally_verify *in = calloc(1, sizeof *in);
  if (in && tally_open(beside->path, &options, &ledger) == TALLY_OK) work(beside, ledger, in);
  if (in) verify_free(in);
  tally_close(ledger);
  atomic_store(&beside->ended, true);
  return NULL;
}

/* Signals are for the host's own threads. */
static bool start_thread(verify_beside *beside) {
  sigset_t all, before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
  bool started = pthread_create(&beside->thread, NULL, run, beside) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

void verify_beside_begin(tally_ledger *ledger, verify_beside **out) {
  const char *path = store_path_beside(ledger->store);
  *out = NULL;
  if (path == NULL) return;
  verify_beside *beside = calloc(1, sizeof *beside);
  if (beside == NULL) return;
  beside->path = malloc(strlen(path) + 1);
  if (beside->path) memcpy(beside->path, path, strlen(path) + 1);
  beside->has_thread = beside->path && start_thread(beside);
  *out = beside;
}

int64_t verify_beside_done(const verify_beside *beside) {
  return atomic_load(&beside->done);
}

static void join(verify_beside *beside) {
  if (beside->has_thread) pthread_join(beside->thread, NULL);
  beside->has_thread = false;
}

static bool same_head(const tally_head *a, const tally_head *b) {
  return a->seq == b->seq && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

tally_code verify_beside_wait(verify_beside *beside, tally_ledger *ledger, const tally_head *head, bool *usable) {
  *usable = true;
  if (beside->has_thread && !atomic_load(&beside->ended)) {
    store_sleep(WAIT_MS);
    if (!atomic_load(&beside->ended)) return TALLY_OK;
  }
  join(beside);
  *usable = beside->usable && same_head(&beside->head, head);
  if (!*usable) return TALLY_OK;
  if (beside->code != TALLY_DONE) ledger->error = beside->error;
  return beside->code;
}

void verify_beside_end(verify_beside *beside) {
  if (beside == NULL) return;
  atomic_store(&beside->stopped, true);
  join(beside);
  free(beside->path);
  free(beside);
}
