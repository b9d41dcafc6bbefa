/* clinic.c - the work: documents, payments, corrections, invoices, closings, alone and in transactions. */
#include "clinic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

enum {
  PATIENTS = 9,
  RECENT = 12,           /* what is touched is mostly young */
  UNITS_A_SESSION = 150, /* enough for a checkpoint by size; then the ledger is closed, and opened again */
  STEP_MS = 11 * 60 * 1000
};

/* What the next command may be about. */
typedef struct desk {
  clinic *in;
  tally_ledger *ledger;
  char (*documents)[NAME_BYTES], (*payments)[NAME_BYTES];
  size_t document_count, payment_count, keys;
  int64_t now_ms;
} desk;

static void fail_at(const tally_ledger *ledger, const char *what) {
  fprintf(stderr, "power: %s: %s\n", what, tally_error_message(ledger));
  exit(2);
}

/* ---- Asking ---------------------------------------------------------------------------------------------------- */
static void set(tally_request *request, const char *name, const char *value) {
  if (value && *value) tally_request_set_text(request, name, value, strlen(value));
}

static void fill(tally_request *request, const step *asked, tally_ledger *ledger) {
  bool transfers = asked->command == TALLY_COMMAND_TRANSFER;
  set(request, "key", asked->key);
  set(request, transfers ? "from" : "patient", asked->patient);
  set(request, "to", asked->to);
  set(request, "document", asked->document);
  set(request, "payment", asked->payment);
  set(request, "type", asked->type);
  set(request, "reason", asked->reason);
  if (asked->command == TALLY_COMMAND_REFUND) tally_request_set_boolean(request, "reopen", true);
  if (asked->command == TALLY_COMMAND_INVOICE) tally_request_set_list(request, "consultations");
  for (size_t i = 0; i < asked->consultation_count; i++) {
    tally_request_add_text(request, "consultations", asked->consultations[i], strlen(asked->consultations[i]));
  }
  tally_money amount = {asked->amount_minor, tally_ledger_currency(ledger)};
  if (asked->amount_minor) tally_request_set_money(request, "amount", amount);
}

static void note(const tally_result *result, answer *answered) {
  const tally_payment *payment = result->payment;
  const tally_document *document = result->document_made;
  snprintf(answered->number, NAME_BYTES, "%.*s", (int)result->number.length,
           result->number.data ? result->number.data : "");
  answered->is_payment = payment && result->number.length;
  answered->minor = payment ? payment->amount_minor : document ? document->facts.charged : result->amount_minor;
  answered->replayed = result->replayed;
}

static tally_code ask(tally_ledger *ledger, const step *asked, int64_t now_ms, answer *answered) {
  tally_result result;
  char day[TALLY_TIME_TEXT_MAX] = "";
  tally_request *request = tally_request_new();
  if (request == NULL) return TALLY_ERR_OUT_OF_MEMORY;
  tally_request_begin(request, asked->command);
  tally_request_now(request, now_ms);
  fill(request, asked, ledger);
  if (asked->through) {
    tally_day_print(asked->through, day);
    set(request, "through", day);
  }
  tally_code code = tally_execute(ledger, request, &result);
  if (!code) note(&result, answered);
  tally_request_free(request);
  return code;
}

tally_code clinic_ask(const clinic *in, tally_ledger *ledger, const unit *asked, answer answers[STEPS_MAX]) {
  tally_code code = asked->in_transaction ? tally_begin(ledger) : TALLY_OK;
  for (size_t i = 0; i < asked->count && !code; i++) {
    step again = asked->steps[i];
    if (in->mutated == MUTATE_NO_KEY) again.key[0] = '\0';
    code = ask(ledger, &again, asked->now_ms, &answers[i]);
  }
  if (asked->in_transaction && !code) return tally_commit(ledger);
  if (asked->in_transaction) tally_rollback(ledger);
  return code;
}

/* ---- Choosing -------------------------------------------------------------------------------------------------- */
static size_t below(desk *at, size_t count) {
  return (size_t)(dice(&at->in->seed) % count);
}

static void pick(desk *at, char (*list)[NAME_BYTES], size_t count, char name[NAME_BYTES]) {
  size_t back = count < RECENT ? count : RECENT;
  if (count) memcpy(name, list[count - 1 - below(at, back)], NAME_BYTES);
  else snprintf(name, NAME_BYTES, "none");
}

static void pick_patient(desk *at, char name[NAME_BYTES]) {
  snprintf(name, NAME_BYTES, "P%zu", below(at, PATIENTS));
}

static void plan_invoice(desk *at, step *asked) {
  asked->consultation_count = 1 + below(at, LIST_MAX);
  for (size_t i = 0; i < asked->consultation_count; i++) {
    pick(at, at->documents, at->document_count, asked->consultations[i]);
  }
}

static void plan_settlement(desk *at, step *asked) {
  static const char *const types[] = {"cash", "card", "transfer", "discount", "loss", "credit"};
  pick(at, at->documents, at->document_count, asked->document);
  asked->type = types[below(at, 8) % 6];
  if (below(at, 2)) asked->amount_minor = 500 * (int64_t)(1 + below(at, 8));
}

static void plan_credit(desk *at, step *asked) {
  pick_patient(at, asked->patient);
  asked->amount_minor = 500 * (int64_t)(1 + below(at, 20));
  if (asked->command == TALLY_COMMAND_TRANSFER) pick_patient(at, asked->to);
  else asked->type = below(at, 2) ? "cash" : "card";
}

static void plan_undo(desk *at, step *asked) {
  pick(at, at->payments, at->payment_count, asked->payment);
  asked->reason = "typed into the wrong line";
  if (asked->command == TALLY_COMMAND_REFUND || asked->command == TALLY_COMMAND_CORRECT) asked->amount_minor = 500;
}

static void plan_document(desk *at, step *asked) {
  pick_patient(at, asked->patient);
  asked->amount_minor = 500 * (int64_t)(8 + below(at, 60));
}

static void plan_change(desk *at, step *asked) {
  pick(at, at->documents, at->document_count, asked->document);
  if (asked->command == TALLY_COMMAND_CANCEL) asked->reason = "made twice";
  else asked->amount_minor = 500 * (int64_t)(1 + below(at, 5));
}

static void plan_print(desk *at, step *asked) {
  pick(at, at->payments, at->payment_count, asked->payment);
}

static void plan_closing(desk *at, step *asked) {
  asked->through = tally_day_of(at->now_ms) - 1;
}

static const struct {
  tally_command command;
  unsigned share; /* of a hundred */
  void (*plan)(desk *at, step *asked);
} choices[] = {
    {TALLY_COMMAND_CONSULTATION, 24, plan_document}, {TALLY_COMMAND_PAY, 34, plan_settlement},
    {TALLY_COMMAND_INVOICE, 8, plan_invoice},        {TALLY_COMMAND_CHARGE, 3, plan_change},
    {TALLY_COMMAND_CANCEL, 4, plan_change},          {TALLY_COMMAND_REVERSE, 5, plan_undo},
    {TALLY_COMMAND_CORRECT, 4, plan_undo},           {TALLY_COMMAND_REFUND, 4, plan_undo},
    {TALLY_COMMAND_DEPOSIT, 5, plan_credit},         {TALLY_COMMAND_WITHDRAW, 2, plan_credit},
    {TALLY_COMMAND_TRANSFER, 2, plan_credit},        {TALLY_COMMAND_PRINT, 3, plan_print},
    {TALLY_COMMAND_CLOSE_DAYS, 2, plan_closing},
};

static void plan_step(desk *at, step *asked) {
  size_t roll = below(at, 100), i = 0;
  while (roll >= choices[i].share) roll -= choices[i++].share;
  *asked = (step){.command = choices[i].command};
  snprintf(asked->key, NAME_BYTES, "key-%zu", ++at->keys);
  choices[i].plan(at, asked);
}

/* ---- Working --------------------------------------------------------------------------------------------------- */
static void remember(desk *at, unit *made) {
  for (size_t i = 0; i < made->count; i++) {
    step *done = &made->steps[i];
    bool makes = done->command == TALLY_COMMAND_CONSULTATION || done->command == TALLY_COMMAND_INVOICE;
    if (makes) memcpy(at->documents[at->document_count++], done->number, NAME_BYTES);
    if (done->is_payment && done->command != TALLY_COMMAND_PRINT && done->command != TALLY_COMMAND_REVERSE) {
      memcpy(at->payments[at->payment_count++], done->number, NAME_BYTES);
    }
    made->salted = made->salted || done->reason;
    at->in->of_command[done->command]++;
  }
}

/* Tries one step; a refused one has written nothing, and is no part of the unit. */
static void try_step(desk *at, unit *made) {
  step *asked = &made->steps[made->count];
  answer answered = {0};
  plan_step(at, asked);
  tally_code code = ask(at->ledger, asked, made->now_ms, &answered);
  if (code >= TALLY_ERR_CLOSED) fail_at(at->ledger, tally_command_name(asked->command));
  if (code) {
    at->in->refused++;
    return;
  }
  memcpy(asked->number, answered.number, NAME_BYTES);
  asked->answered_minor = answered.minor;
  asked->is_payment = answered.is_payment;
  made->count++;
}

static bool try_unit(desk *at, unit *made) {
  *made = (unit){.now_ms = at->now_ms += STEP_MS, .in_transaction = below(at, 6) == 0};
  size_t steps = made->in_transaction ? 2 + below(at, STEPS_MAX - 1) : 1;
  bool begins = made->in_transaction && at->in->mutated != MUTATE_NO_TRANSACTION;
  if (begins) {
    if (tally_begin(at->ledger)) fail_at(at->ledger, "begin");
    tally_allow_refusals(at->ledger);
  }
  for (size_t i = 0; i < steps; i++) try_step(at, made);
  if (begins && tally_commit(at->ledger)) fail_at(at->ledger, "commit");
  made->place = record_place();
  if (made->count == 0) return false;
  if (tally_read_head(at->ledger, &made->head)) fail_at(at->ledger, "head");
  remember(at, made);
  return true;
}

static void read_chain(desk *at) {
  const tally_entry *entry;
  tally_cursor *cursor;
  tally_request *request = tally_request_new();
  clinic *in = at->in;
  size_t entries = (size_t)in->units[in->unit_count - 1].head.seq;
  in->chain = calloc(entries + 1, sizeof *in->chain);
  if (request == NULL || in->chain == NULL) exit(2);
  tally_request_begin(request, TALLY_QUERY_ENTRIES);
  if (tally_cursor_open(at->ledger, request, &cursor)) fail_at(at->ledger, "entries");
  while (tally_cursor_entry(cursor, &entry) == TALLY_OK) {
    if ((size_t)entry->seq <= entries) memcpy(in->chain[entry->seq], entry->hash, sizeof entry->hash);
  }
  tally_cursor_close(cursor);
  tally_request_free(request);
}

static void open_ledger(desk *at, const char *path) {
  if (tally_open(path, NULL, &at->ledger)) fail_at(at->ledger, "open");
}

static void greet(desk *at) {
  tally_info info;
  at->in->opened_place = record_place();
  if (tally_read_info(at->ledger, &info)) fail_at(at->ledger, "info");
  memcpy(at->in->id, info.id, sizeof info.id);
}

void clinic_work(clinic *in, const char *path, size_t units) {
  desk at = {.in = in};
  in->units = calloc(units, sizeof *in->units);
  at.documents = calloc(units * STEPS_MAX, sizeof *at.documents);
  at.payments = calloc(units * STEPS_MAX, sizeof *at.payments);
  if (!in->units || !at.documents || !at.payments) exit(2);
  tally_time_parse("2026-03-02T08:00Z", 17, &at.now_ms);
  open_ledger(&at, path);
  greet(&at);
  while (in->unit_count < units) {
    in->unit_count += try_unit(&at, &in->units[in->unit_count]);
    if (in->unit_count == 0 || in->unit_count % UNITS_A_SESSION || in->unit_count == units) continue;
    tally_close(at.ledger);
    open_ledger(&at, path);
  }
  read_chain(&at);
  tally_close(at.ledger);
  free(at.documents);
  free(at.payments);
}

size_t clinic_acknowledged(const clinic *in, size_t place) {
  size_t known = 0;
  while (known < in->unit_count && in->units[known].place <= place) known++;
  return known;
}

void clinic_free(clinic *in) {
  free(in->units);
  free(in->chain);
}
