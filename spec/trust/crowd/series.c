/* series.c - all make documents, invoices and payments, without keys: each number once, and none missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"

enum { NUMBERS_MAX = 40000, AHEAD = 30, PASSING_BY = 2 * AHEAD };

typedef struct given {
  int64_t act;
  char number[NAME_BYTES];
} given;

typedef struct series {
  const scene *in;
  char path[PATH_BYTES];
  gate opened;
  given numbers[CROWD][NUMBERS_MAX];
  size_t counts[CROWD];
} series;

static void keep(series *at, size_t index, const reply *answer) {
  size_t *count = &at->counts[index];
  if (*count && at->numbers[index][*count - 1].act >= answer->act)
    wrong(at->in, "act %lld is answered after act %lld", (long long)answer->act,
          (long long)at->numbers[index][*count - 1].act);
  if (*count == NUMBERS_MAX) exit(2);
  given *kept = &at->numbers[index][(*count)++];
  kept->act = answer->act;
  memcpy(kept->number, answer->number, NAME_BYTES);
}

static void make(series *at, tally_ledger *ledger, size_t index, question wanted, char number[NAME_BYTES]) {
  reply answer;
  if (!expect(at->in, ledger, &wanted, TALLY_OK, &answer)) return;
  keep(at, index, &answer);
  memcpy(number, answer.number, NAME_BYTES);
}

/* A host takes a number that the series would soon give: the series passes it by. */
static void take_ahead(series *at, tally_ledger *ledger, size_t index, const char *last) {
  reply answer;
  unsigned long serial = strtoul(last + 2, NULL, 10) + AHEAD;
  question wanted = {.command = TALLY_COMMAND_CONSULTATION, .patient = "P9", .amount_minor = 100};
  snprintf(wanted.number, NAME_BYTES, "C-%05lu", serial);
  tally_code code = ask(ledger, &wanted, 0, &answer);
  if (code == TALLY_ERR_DOCUMENT_EXISTS) return;
  atomic_fetch_add(&at->in->verdict->faults, 1);
  if (code) wrong(at->in, "%s is answered %s", wanted.number, tally_code_name(code));
  else keep(at, index, &answer);
}

static void work(void *with, size_t index) {
  series *at = with;
  char visit[NAME_BYTES] = "", other[NAME_BYTES];
  question consultation = {.command = TALLY_COMMAND_CONSULTATION, .amount_minor = 10000};
  question deposit = {.command = TALLY_COMMAND_DEPOSIT, .amount_minor = 100};
  snprintf(consultation.patient, NAME_BYTES, "P%zu", index);
  snprintf(deposit.patient, NAME_BYTES, "P%zu", index);
  uint64_t seed = at->in->seed * 83 + index;
  tally_ledger *ledger = open_ledger(at->in, at->path, PATIENT_MS);
  gate_pass(&at->opened, CROWD);
  for (size_t i = 0; i < times(at->in, 60, 4000); i++) {
    make(at, ledger, index, consultation, visit);
    question pay = {.command = TALLY_COMMAND_PAY, .amount_minor = 500, .type = "card"};
    memcpy(pay.document, visit, NAME_BYTES);
    make(at, ledger, index, pay, other);
    give_way(&seed);
    make(at, ledger, index, deposit, other);
    question invoice = {.command = TALLY_COMMAND_INVOICE, .consultation_count = 1};
    memcpy(invoice.consultations[0], visit, NAME_BYTES);
    if (i % 2) make(at, ledger, index, invoice, other);
    if (index == 0 && i % 10 == 5) take_ahead(at, ledger, index, visit);
  }
  tally_close(ledger);
}

/* What a host took last may lie ahead of the series: it is brought past it. */
static void pass_by(series *at) {
  char number[NAME_BYTES];
  question wanted = {.command = TALLY_COMMAND_CONSULTATION, .patient = "P9", .amount_minor = 100};
  tally_ledger *ledger = open_ledger(at->in, at->path, PATIENT_MS);
  for (size_t i = 0; i < PASSING_BY; i++) make(at, ledger, 0, wanted, number);
  tally_close(ledger);
}

static void look_at_number(const series *at, const book *found, const given *told) {
  book_act *act = book_by_seq(found, told->act);
  bool makes = act && (act->command == TALLY_COMMAND_CONSULTATION || act->command == TALLY_COMMAND_INVOICE);
  bool same = act && strcmp(makes ? act->document : act->number, told->number) == 0;
  check(at->in, same && act->asked_for++ == 0, "%s, answered as act %lld, is not there, or twice", told->number,
        (long long)told->act);
}

void play_series(const scene *in) {
  series *at = share(sizeof *at);
  book found;
  size_t told = 0;
  at->in = in;
  name_file(in, "one", at->path);
  run_crowd(in, CROWD, work, at);
  pass_by(at);
  if (read_book(in, at->path, &found)) {
    for (size_t i = 0; i < CROWD; i++) {
      for (size_t k = 0; k < at->counts[i]; k++) look_at_number(at, &found, &at->numbers[i][k]);
      told += at->counts[i];
    }
    if (told != found.count) wrong(in, "%zu acts were answered, and %zu stand there", told, found.count);
  }
  book_free(&found);
  unshare(at, sizeof *at);
}
