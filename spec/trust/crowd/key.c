/* key.c - all ask for the same with the same key, at the same time; then for two things with one key. */
#include <stdio.h>
#include <string.h>

#include "crowd.h"

enum { DAY_MS = 24 * 3600 * 1000 };

typedef struct keys {
  const scene *in;
  char path[PATH_BYTES];
  gate opened, asked, looked;
  reply answers[CROWD];
} keys;

/* What the commands of a round are about: all processes know it, as all had the same answers. */
typedef struct story {
  char visit[NAME_BYTES], bill[NAME_BYTES], payment[NAME_BYTES], paid[NAME_BYTES];
  char keyed[KEY_BYTES];
  int64_t now_ms;
  size_t number;
} story;

static question begin(story *of, tally_command command, int64_t amount_minor) {
  question out = {.command = command, .amount_minor = amount_minor};
  snprintf(out.key, KEY_BYTES, "key-%zu", ++of->number);
  return out;
}

static void set(char to[NAME_BYTES], const char *value) {
  snprintf(to, NAME_BYTES, "%s", value);
}

static void look(const keys *at, const question *wanted, tally_code other) {
  size_t fresh = 0;
  const reply *first = NULL;
  for (size_t i = 0; i < CROWD; i++) {
    const reply *one = &at->answers[i];
    if (one->code == other && other) continue;
    if (one->code) {
      wrong(at->in, "%s %s is answered %s", wanted->key, tally_command_name(wanted->command),
            tally_code_name(one->code));
      return;
    }
    fresh += !one->replayed;
    if (first && !same_answer(first, one)) wrong(at->in, "%s is answered in two ways", wanted->key);
    first = one;
  }
  atomic_fetch_add(&at->in->verdict->points, CROWD);
  atomic_fetch_add(&at->in->verdict->faults, CROWD - fresh);
  if (fresh != 1) wrong(at->in, "%s %s has %zu effects", wanted->key, tally_command_name(wanted->command), fresh);
}

/* All ask; the first process looks at what all were answered. */
static reply ask_all(keys *at, tally_ledger *ledger, size_t index, question wanted, const story *of,
                     tally_code other) {
  question without = wanted;
  if (at->in->mutated == MUTATE_NO_KEY) without.key[0] = '\0';
  gate_pass(&at->asked, CROWD);
  ask(ledger, &without, of->now_ms, &at->answers[index]);
  gate_pass(&at->looked, CROWD);
  if (index == 0) look(at, &wanted, other);
  reply answer = at->answers[0];
  gate_pass(&at->opened, CROWD);
  return answer;
}

static void do_visit(keys *at, tally_ledger *ledger, size_t index, story *of) {
  question visit = begin(of, TALLY_COMMAND_CONSULTATION, 20000);
  set(visit.patient, "P1");
  set(of->visit, ask_all(at, ledger, index, visit, of, TALLY_OK).number);
  question charge = begin(of, TALLY_COMMAND_CHARGE, 500);
  set(charge.document, of->visit);
  ask_all(at, ledger, index, charge, of, TALLY_OK);
  question pay = begin(of, TALLY_COMMAND_PAY, 5000);
  set(pay.document, of->visit);
  set(of->payment, ask_all(at, ledger, index, pay, of, TALLY_OK).number);
  question correct = begin(of, TALLY_COMMAND_CORRECT, 6000);
  set(correct.payment, of->payment);
  set(correct.reason, "it was more");
  set(of->payment, ask_all(at, ledger, index, correct, of, TALLY_OK).number);
  question refund = begin(of, TALLY_COMMAND_REFUND, 1000);
  set(refund.payment, of->payment);
  set(refund.reason, "too much");
  refund.reopen = of->number % 2;
  ask_all(at, ledger, index, refund, of, TALLY_OK);
}

static void do_bill(keys *at, tally_ledger *ledger, size_t index, story *of) {
  question bill = begin(of, TALLY_COMMAND_INVOICE, 0);
  bill.consultation_count = 1;
  set(bill.consultations[0], of->visit);
  set(of->bill, ask_all(at, ledger, index, bill, of, TALLY_OK).number);
  question pay = begin(of, TALLY_COMMAND_PAY, 0);
  set(pay.document, of->bill);
  set(pay.type, "card");
  set(of->paid, ask_all(at, ledger, index, pay, of, TALLY_OK).number);
  question reverse = begin(of, TALLY_COMMAND_REVERSE, 0);
  set(reverse.payment, of->paid);
  set(reverse.reason, "another's card");
  ask_all(at, ledger, index, reverse, of, TALLY_OK);
  question cancel = begin(of, TALLY_COMMAND_CANCEL, 0);
  set(cancel.document, of->bill);
  set(cancel.reason, "made twice");
  ask_all(at, ledger, index, cancel, of, TALLY_OK);
}

static void do_credit(keys *at, tally_ledger *ledger, size_t index, story *of) {
  question deposit = begin(of, TALLY_COMMAND_DEPOSIT, 3000);
  set(deposit.patient, "P1");
  ask_all(at, ledger, index, deposit, of, TALLY_OK);
  question other = begin(of, TALLY_COMMAND_DEPOSIT, 1000);
  set(other.patient, "P2");
  ask_all(at, ledger, index, other, of, TALLY_OK);
  question transfer = begin(of, TALLY_COMMAND_TRANSFER, 500);
  set(transfer.patient, "P1");
  set(transfer.to, "P2");
  ask_all(at, ledger, index, transfer, of, TALLY_OK);
  question withdraw = begin(of, TALLY_COMMAND_WITHDRAW, 500);
  set(withdraw.patient, "P1");
  ask_all(at, ledger, index, withdraw, of, TALLY_OK);
  question close = begin(of, TALLY_COMMAND_CLOSE_DAYS, 0);
  close.through = tally_day_of(of->now_ms) - 1;
  ask_all(at, ledger, index, close, of, TALLY_OK);
}

/* One key for two contents: whoever comes first has it, the others of his mind are told the same, and the rest of the
 * conflict. */
static void do_conflict(keys *at, tally_ledger *ledger, size_t index, story *of) {
  question deposit = begin(of, TALLY_COMMAND_DEPOSIT, index % 2 ? 100 : 200);
  set(deposit.patient, "P3");
  ask_all(at, ledger, index, deposit, of, TALLY_ERR_KEY_CONFLICT);
}

static void work(void *with, size_t index) {
  keys *at = with;
  story of = {0};
  tally_ledger *ledger = open_ledger(at->in, at->path, PATIENT_MS);
  tally_time_parse("2026-03-02T08:00Z", 17, &of.now_ms);
  gate_pass(&at->opened, CROWD);
  for (size_t rounds = times(at->in, 12, 600); rounds-- && atomic_load(&at->in->verdict->failures) == 0;) {
    do_visit(at, ledger, index, &of);
    do_bill(at, ledger, index, &of);
    do_credit(at, ledger, index, &of);
    do_conflict(at, ledger, index, &of);
    of.now_ms += DAY_MS;
    at->answers[index].act = (int64_t)of.number;
    gate_pass(&at->looked, CROWD);
  }
  tally_close(ledger);
}

void play_key(const scene *in) {
  keys *at = share(sizeof *at);
  book found;
  at->in = in;
  name_file(in, "one", at->path);
  run_crowd(in, CROWD, work, at);
  size_t asked = (size_t)at->answers[0].act;
  if (read_book(in, at->path, &found) && atomic_load(&in->verdict->failures) == 0 &&
      (found.key_count != asked || found.count != asked))
    wrong(in, "%zu keys have %zu acts", asked, found.count);
  book_free(&found);
  unshare(at, sizeof *at);
}
