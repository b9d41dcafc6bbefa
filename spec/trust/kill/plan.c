/* plan.c - documents, payments, corrections, invoices, closings, alone and in transactions. */
#include "plan.h"

#include <stdio.h>
#include <string.h>

#include "crew.h"

enum { PATIENTS = 5, TOGETHER_OF = 4, HOT_OF = 4, STEP_MINOR = 500, HOT_MINOR = 1000000000 };

/* ---- Choosing -------------------------------------------------------------------------------------------------- */
static void pick(desk *at, char (*list)[NAME_BYTES], size_t count, char name[NAME_BYTES]) {
  size_t known = count < RECENT ? count : RECENT;
  if (known) memcpy(name, list[below(&at->seed, known)], NAME_BYTES);
  else snprintf(name, NAME_BYTES, "none");
}

static void pick_document(desk *at, char name[NAME_BYTES]) {
  pick(at, at->documents, at->document_count, name);
}

static void pick_payment(desk *at, char name[NAME_BYTES]) {
  pick(at, at->payments, at->payment_count, name);
}

static void pick_patient(desk *at, char name[NAME_BYTES]) {
  snprintf(name, NAME_BYTES, "P%zu-%zu", at->worker, below(&at->seed, PATIENTS));
}

static void set(char name[NAME_BYTES], const char *text) {
  snprintf(name, NAME_BYTES, "%s", text);
}

static int64_t amount(desk *at, size_t steps) {
  return STEP_MINOR * (int64_t)(1 + below(&at->seed, steps));
}

/* ---- One command ----------------------------------------------------------------------------------------------- */
static void plan_document(desk *at, question *out) {
  pick_patient(at, out->patient);
  out->amount_minor = 8 * STEP_MINOR + amount(at, 60);
}

static void plan_settlement(desk *at, question *out) {
  static const char *const types[] = {"cash", "card", "transfer", "discount", "loss", "credit"};
  if (below(&at->seed, HOT_OF) == 0) set(out->document, HOT_DOCUMENT);
  else pick_document(at, out->document);
  set(out->type, types[below(&at->seed, 8) % 6]);
  if (below(&at->seed, 2) || strcmp(out->document, HOT_DOCUMENT) == 0) out->amount_minor = amount(at, 8);
}

static void plan_invoice(desk *at, question *out) {
  size_t wanted = 1 + below(&at->seed, CONSULTATIONS_MAX);
  while (out->consultation_count < wanted) pick_document(at, out->consultations[out->consultation_count++]);
}

static void plan_change(desk *at, question *out) {
  pick_document(at, out->document);
  if (out->command == TALLY_COMMAND_CANCEL) set(out->reason, "made twice");
  else out->amount_minor = amount(at, 5);
}

static void plan_undo(desk *at, question *out) {
  pick_payment(at, out->payment);
  set(out->reason, "the wrong line");
  out->reopen = below(&at->seed, 2);
  if (out->command != TALLY_COMMAND_REVERSE) out->amount_minor = STEP_MINOR;
}

static void plan_credit(desk *at, question *out) {
  pick_patient(at, out->patient);
  out->amount_minor = amount(at, 20);
  if (out->command == TALLY_COMMAND_TRANSFER) pick_patient(at, out->to);
  else set(out->type, below(&at->seed, 2) ? "cash" : "card");
}

static void plan_print(desk *at, question *out) {
  pick_payment(at, out->payment);
}

static const struct {
  tally_command command;
  unsigned share; /* of a hundred */
  void (*plan)(desk *at, question *out);
} choices[] = {
    {TALLY_COMMAND_CONSULTATION, 22, plan_document},
    {TALLY_COMMAND_PAY, 34, plan_settlement},
    {TALLY_COMMAND_INVOICE, 8, plan_invoice},
    {TALLY_COMMAND_CHARGE, 3, plan_change},
    {TALLY_COMMAND_CANCEL, 4, plan_change},
    {TALLY_COMMAND_REVERSE, 6, plan_undo},
    {TALLY_COMMAND_CORRECT, 5, plan_undo},
    {TALLY_COMMAND_REFUND, 5, plan_undo},
    {TALLY_COMMAND_DEPOSIT, 6, plan_credit},
    {TALLY_COMMAND_WITHDRAW, 2, plan_credit},
    {TALLY_COMMAND_TRANSFER, 2, plan_credit},
    {TALLY_COMMAND_PRINT, 1, plan_print},
    {TALLY_COMMAND_CLOSE_DAYS, 2, NULL},
};

static question *begin_step(desk *at, unit *out, tally_command command) {
  question *step = &out->steps[out->count++];
  step->command = command;
  snprintf(step->key, KEY_BYTES, "w%zu/%zu", at->worker, ++at->keys);
  return step;
}

static void plan_one(desk *at, int64_t now_ms, unit *out) {
  size_t roll = below(&at->seed, 100), i = 0;
  while (roll >= choices[i].share) roll -= choices[i++].share;
  question *step = begin_step(at, out, choices[i].command);
  if (choices[i].plan) choices[i].plan(at, step);
  else step->through = tally_day_of(now_ms) - 1;
}

/* Of what is never refused for the sake of what others do: so a transaction is there whole, or not at all. */
static void plan_several(desk *at, unit *out) {
  size_t steps = 2 + below(&at->seed, STEPS_MAX - 1);
  out->together = true;
  while (out->count < steps) {
    size_t roll = below(&at->seed, 3);
    question *step = begin_step(at, out,
                                roll == 0   ? TALLY_COMMAND_CONSULTATION
                                : roll == 1 ? TALLY_COMMAND_DEPOSIT
                                            : TALLY_COMMAND_PAY);
    if (roll == 0) plan_document(at, step);
    if (roll == 1) plan_credit(at, step);
    if (roll != 2) continue;
    set(step->document, HOT_DOCUMENT);
    set(step->type, "card");
    step->amount_minor = amount(at, 3);
  }
}

void plan_unit(desk *at, int64_t now_ms, unit *out) {
  *out = (unit){0};
  if (below(&at->seed, TOGETHER_OF) == 0) plan_several(at, out);
  else plan_one(at, now_ms, out);
}

void plan_hot(unit *out) {
  *out = (unit){.count = 1};
  question *step = &out->steps[0];
  step->command = TALLY_COMMAND_CONSULTATION;
  snprintf(step->key, KEY_BYTES, HOT_KEY);
  set(step->number, HOT_DOCUMENT);
  set(step->patient, "P-hot");
  step->amount_minor = HOT_MINOR;
}

/* ---- Learning -------------------------------------------------------------------------------------------------- */
static void learn_key(desk *at, const question *step) {
  size_t keys = 0;
  if (sscanf(step->key, "w%*u/%zu", &keys) == 1 && keys > at->keys) at->keys = keys;
}

/* Only what was not refused made anything. */
static void learn_step(desk *at, const question *step, const reply *answer) {
  switch (step->command) {
  case TALLY_COMMAND_CONSULTATION:
  case TALLY_COMMAND_INVOICE:
    if (strcmp(answer->number, HOT_DOCUMENT) == 0) return;
    memcpy(at->documents[at->document_count++ % RECENT], answer->number, NAME_BYTES);
    return;
  case TALLY_COMMAND_PAY:
  case TALLY_COMMAND_CORRECT:
  case TALLY_COMMAND_DEPOSIT:
    memcpy(at->payments[at->payment_count++ % RECENT], answer->number, NAME_BYTES);
    return;
  default:
    return;
  }
}

void plan_learn(desk *at, const unit *done) {
  for (size_t i = 0; i < done->count; i++) {
    learn_key(at, &done->steps[i]);
    if (!done->code) learn_step(at, &done->steps[i], &done->answers[i]);
  }
}
