/* hot.c - all pay small amounts on one document until nothing is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crowd.h"

enum { CHARGED_MINOR = 3000, PAYMENTS_MAX = 2000, STEP_MINOR = 5, STEPS = 4 };

typedef struct payment {
  int64_t act, minor, remaining_minor;
} payment;

typedef struct hot {
  const scene *in;
  char path[PATH_BYTES], document[NAME_BYTES];
  gate opened;
  atomic_size_t paid, of[CROWD]; /* payments, in all and by process */
  atomic_size_t too_much;
  payment payments[PAYMENTS_MAX];
} hot;

/* Cash gives change, and so takes no more than is left; a card is refused then, and the rest is asked for. */
static void plan(const hot *at, uint64_t *seed, question *out) {
  bool cash = below(seed, 3) == 0;
  *out = (question){.command = TALLY_COMMAND_PAY, .amount_minor = STEP_MINOR * (int64_t)(1 + below(seed, STEPS))};
  memcpy(out->document, at->document, NAME_BYTES);
  snprintf(out->type, NAME_BYTES, "%s", cash ? "cash" : "card");
}

static bool pay(hot *at, tally_ledger *ledger, uint64_t *seed, size_t index) {
  question wanted;
  reply answer;
  plan(at, seed, &wanted);
  tally_code code = ask(ledger, &wanted, 0, &answer);
  if (code == TALLY_ERR_AMOUNT_EXCEEDS_REMAINING) {
    atomic_fetch_add(&at->too_much, 1);
    wanted.amount_minor = 0;
    code = ask(ledger, &wanted, 0, &answer);
  }
  if (code) {
    check(at->in, code == TALLY_ERR_DOCUMENT_SETTLED, "the last answer is %s", tally_code_name(code));
    return false;
  }
  size_t place = atomic_fetch_add(&at->paid, 1);
  atomic_fetch_add(&at->of[index], 1);
  if (place < PAYMENTS_MAX) at->payments[place] = (payment){answer.act, answer.minor, answer.remaining_minor};
  return check(at->in, place < PAYMENTS_MAX, "there are more payments than the document has room for");
}

static void work(void *with, size_t index) {
  hot *at = with;
  uint64_t seed = at->in->seed * 97 + index;
  tally_ledger *ledger = open_ledger(at->in, at->path, PATIENT_MS);
  gate_pass(&at->opened, CROWD);
  while (pay(at, ledger, &seed, index)) give_way(&seed);
  tally_close(ledger);
}

static int by_act(const void *a, const void *b) {
  int64_t left = ((const payment *)a)->act, right = ((const payment *)b)->act;
  return (left > right) - (left < right);
}

/* In the order of their acts each payment leaves what the one before it left, less its own amount. */
static void look_at_payments(hot *at) {
  size_t count = atomic_load(&at->paid);
  int64_t left = CHARGED_MINOR;
  qsort(at->payments, count, sizeof *at->payments, by_act);
  for (size_t i = 0; i < count; i++) {
    left -= at->payments[i].minor;
    if (at->payments[i].remaining_minor != left || left < 0) {
      wrong(at->in, "act %lld is answered with %lld left, and leaves %lld", (long long)at->payments[i].act,
            (long long)at->payments[i].remaining_minor, (long long)left);
      return;
    }
  }
  if (left != 0) wrong(at->in, "of what was paid %lld are missing or too much", (long long)left);
}

static void look_at_book(hot *at) {
  book found;
  int64_t sum = 0;
  size_t count = 0;
  if (read_book(at->in, at->path, &found)) {
    for (size_t i = 0; i < found.count; i++) {
      if (found.acts[i].command != TALLY_COMMAND_PAY || strcmp(found.acts[i].document, at->document) != 0) continue;
      sum += found.acts[i].minor;
      count++;
    }
    if (sum != CHARGED_MINOR || count != atomic_load(&at->paid))
      wrong(at->in, "the journal has %zu payments of %lld in all", count, (long long)sum);
  }
  book_free(&found);
}

static void make_document(hot *at) {
  reply answer;
  question wanted = {.command = TALLY_COMMAND_CONSULTATION, .patient = "P1", .amount_minor = CHARGED_MINOR};
  tally_ledger *ledger = open_ledger(at->in, at->path, 0);
  expect(at->in, ledger, &wanted, TALLY_OK, &answer);
  memcpy(at->document, answer.number, NAME_BYTES);
  tally_close(ledger);
}

void play_hot(const scene *in) {
  hot *at = share(sizeof *at);
  size_t least = SIZE_MAX, most = 0;
  at->in = in;
  name_file(in, "one", at->path);
  for (size_t round = times(in, 4, 150); round--;) {
    atomic_store(&at->paid, 0);
    make_document(at);
    atomic_fetch_add(&in->verdict->faults, 1);
    run_crowd(in, CROWD, work, at);
    look_at_payments(at);
    look_at_book(at);
  }
  for (size_t i = 0; i < CROWD; i++) {
    size_t paid = atomic_load(&at->of[i]);
    if (paid < least) least = paid;
    if (paid > most) most = paid;
  }
  figure(in, "between %zu and %zu payments came from one process; %zu were of more than was left, and refused", least,
         most, atomic_load(&at->too_much));
  unshare(at, sizeof *at);
}
