/* readers.c - one writes in transactions that stand open for long; the others read meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crowd.h"

enum {
  ACTS = 3,        /* in each transaction, of one franc each */
  ACT_MINOR = 100, /* paid on the document, */
  CHARGED_MINOR = 100000000,
  HELD_MS = 60,
  OPENED_OF = 40, /* every how-manieth reading opens the ledger anew, every second time for reading only */
  COPIED_OF = 90  /* every how-manieth verifies it, or makes a backup */
};

typedef struct reading {
  const scene *in;
  char path[PATH_BYTES], document[NAME_BYTES];
  gate opened;
  atomic_bool ends;
  /* Transactions that may have been committed, that were, and whether one stands open. */
  atomic_size_t begun, committed, held;
  atomic_size_t inside[CROWD]; /* readings that began and ended while the same transaction stood open */
  samples took[CROWD];
} reading;

/* ---- Writing --------------------------------------------------------------------------------------------------- */
static void hold_once(reading *at, tally_ledger *ledger, size_t number) {
  reply answer;
  question pay = {.command = TALLY_COMMAND_PAY, .amount_minor = ACT_MINOR, .type = "card"};
  memcpy(pay.document, at->document, NAME_BYTES);
  tally_code code = tally_begin(ledger);
  for (size_t i = 0; i < ACTS && !code; i++) code = ask(ledger, &pay, 0, &answer);
  if (code) wrong(at->in, "the writer is answered %s", tally_code_name(code));
  atomic_store(&at->held, number);
  nap_us(HELD_MS * 1000);
  atomic_store(&at->held, 0);
  atomic_store(&at->begun, number);
  code = tally_commit(ledger);
  if (code) wrong(at->in, "the writer is answered %s at its commit", tally_code_name(code));
  atomic_store(&at->committed, number);
  atomic_fetch_add(&at->in->verdict->faults, 1);
}

static void write_on(reading *at) {
  tally_ledger *ledger = open_ledger(at->in, at->path, PATIENT_MS);
  gate_pass(&at->opened, CROWD);
  for (size_t number = 1; number <= times(at->in, 30, 700); number++) hold_once(at, ledger, number);
  atomic_store(&at->ends, true);
  tally_close(ledger);
}

/* ---- Reading --------------------------------------------------------------------------------------------------- */
static tally_code read_totals(tally_ledger *ledger, tally_request *request, int64_t *collected) {
  const tally_totals *rows;
  size_t count;
  unsigned by;
  tally_request_begin(request, TALLY_QUERY_TOTALS);
  tally_code code = tally_read_totals(ledger, request, &rows, &count, &by);
  *collected = !code && count ? rows[0].collected : 0;
  return code;
}

static tally_code read_patient(tally_ledger *ledger, tally_request *request, int64_t *collected) {
  const tally_patient *patient;
  tally_request_begin(request, TALLY_QUERY_DOCUMENT);
  tally_code code = tally_read_patient(ledger, (tally_text){"P1", 2}, request, &patient);
  *collected = code ? 0 : CHARGED_MINOR - patient->owed_minor;
  return code;
}

static tally_code read_document(const reading *at, tally_ledger *ledger, tally_request *request, int64_t *collected) {
  const tally_document *document;
  tally_request_begin(request, TALLY_QUERY_DOCUMENT);
  tally_text number = {at->document, strlen(at->document)};
  tally_code code = tally_read_document(ledger, number, request, &document);
  *collected = code ? 0 : document->facts.collected;
  return code;
}

static tally_code read_one(const reading *at, tally_ledger *ledger, size_t which, int64_t *collected) {
  tally_head head;
  tally_code code;
  tally_request *request = tally_request_new();
  switch (which % 4) {
  case 0:
    code = read_document(at, ledger, request, collected);
    break;
  case 1:
    code = read_patient(ledger, request, collected);
    break;
  case 2:
    code = read_totals(ledger, request, collected);
    break;
  default:
    code = tally_read_head(ledger, &head);
    *collected = (head.seq - 1) * ACT_MINOR; /* the first entry made the document */
  }
  tally_request_free(request);
  return code;
}

/* A reading sees a committed state: not before the last one that surely was, nor behind the one that may be. */
static void read_and_look(reading *at, tally_ledger *ledger, size_t index, size_t which) {
  int64_t collected = 0;
  size_t held = atomic_load(&at->held), least = atomic_load(&at->committed);
  int64_t began_us = now_us();
  tally_code code = read_one(at, ledger, which, &collected);
  sample(&at->took[index], now_us() - began_us);
  size_t most = atomic_load(&at->begun);
  if (held && held == atomic_load(&at->held)) atomic_fetch_add(&at->inside[index], 1);
  int64_t transactions = collected / (ACTS * ACT_MINOR);
  bool whole = collected % (ACTS * ACT_MINOR) == 0;
  bool within = transactions >= (int64_t)least && transactions <= (int64_t)most;
  check(at->in, code == TALLY_OK && whole && within,
        "a reading is answered %s, and sees %lld: not the state after %zu transactions, nor up to %zu",
        tally_code_name(code), (long long)collected, least, most);
}

static tally_ledger *open_again(reading *at, tally_ledger *ledger, bool read_only) {
  tally_options options = {.read_only = read_only, .busy_timeout_ms = PATIENT_MS};
  tally_close(ledger);
  size_t held = atomic_load(&at->held);
  tally_code code = tally_open(at->path, &options, &ledger);
  size_t still = atomic_load(&at->held);
  check(at->in, code == TALLY_OK, "opening %s is answered %s",
        held && held == still ? "under an open transaction" : "", tally_code_name(code));
  if (code) _exit(1);
  return ledger;
}

static void verify_it(reading *at, tally_ledger *ledger) {
  char words[VERDICT_BYTES];
  bool sound = book_verify(ledger, NULL, words);
  check(at->in, sound, "%s", words);
}

static void copy_it(reading *at, tally_ledger *ledger, size_t index) {
  char name[NAME_BYTES], path[PATH_BYTES];
  tally_backup *backup;
  snprintf(name, sizeof name, "copy-%zu", index);
  name_file(at->in, name, path);
  tally_code code = tally_backup_begin(ledger, path, &backup);
  while (!code) code = tally_backup_step(backup);
  check(at->in, code == TALLY_DONE, "a backup is answered %s: %s", tally_code_name(code), tally_error_message(ledger));
  tally_backup_end(backup);
  remove(path);
}

static void read_on(reading *at, size_t index) {
  uint64_t seed = at->in->seed * 61 + index;
  tally_ledger *ledger = open_ledger(at->in, at->path, PATIENT_MS);
  gate_pass(&at->opened, CROWD);
  for (size_t i = index; !atomic_load(&at->ends); i++) {
    if (i % OPENED_OF == 0) ledger = open_again(at, ledger, i / OPENED_OF % 2);
    if (i % COPIED_OF == 0) verify_it(at, ledger);
    if (i % COPIED_OF == COPIED_OF / 2) copy_it(at, ledger, index);
    read_and_look(at, ledger, index, i);
    give_way(&seed);
  }
  tally_close(ledger);
}

static void work(void *with, size_t index) {
  reading *at = with;
  if (index == 0) write_on(at);
  else read_on(at, index);
}

void play_readers(const scene *in) {
  reading *at = share(sizeof *at);
  reply answer;
  book found;
  question visit = {.command = TALLY_COMMAND_CONSULTATION, .patient = "P1", .amount_minor = CHARGED_MINOR};
  size_t inside = 0, holds = times(in, 30, 700);
  at->in = in;
  name_file(in, "one", at->path);
  tally_ledger *ledger = open_ledger(in, at->path, 0);
  expect(in, ledger, &visit, TALLY_OK, &answer);
  memcpy(at->document, answer.number, NAME_BYTES);
  tally_close(ledger);
  run_crowd(in, CROWD, work, at);
  for (size_t i = 1; i < CROWD; i++) {
    size_t own = atomic_load(&at->inside[i]);
    /* None was held up by the writer: each read again and again while one transaction stood open. */
    check(in, own > holds, "process %zu read %zu times beside %zu open transactions", i, own, holds);
    inside += own;
  }
  quantiles took = measure(at->took, CROWD);
  figure(in, "%zu readings while a transaction stood open; one took: median %.2f ms, p99 %.2f ms, longest %.1f ms",
         inside, took.median_ms, took.p99_ms, took.longest_ms);
  read_book(in, at->path, &found);
  book_free(&found);
  unshare(at, sizeof *at);
}
