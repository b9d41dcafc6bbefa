/* command.c - running one command: itself, its key, the ledger, then one act (§6, §8). */
#include "command.h"

#include "closing.h"
#include "content.h"
#include "pending.h"
#include "stage.h"
#include "view.h"

typedef tally_code (*planner)(work *in);

static const planner planners[] = {
    [TALLY_COMMAND_CONSULTATION] = plan_consultation,
    [TALLY_COMMAND_INVOICE] = plan_invoice,
    [TALLY_COMMAND_CHARGE] = plan_charge,
    [TALLY_COMMAND_CANCEL] = plan_cancel,
    [TALLY_COMMAND_PAY] = plan_pay,
    [TALLY_COMMAND_REVERSE] = plan_reverse,
    [TALLY_COMMAND_CORRECT] = plan_correct,
    [TALLY_COMMAND_REFUND] = plan_refund,
    [TALLY_COMMAND_DEPOSIT] = plan_deposit,
    [TALLY_COMMAND_WITHDRAW] = plan_withdraw,
    [TALLY_COMMAND_TRANSFER] = plan_credit_transfer,
    [TALLY_COMMAND_CLOSE_DAYS] = plan_close_days,
    [TALLY_COMMAND_MOVE] = plan_move,
    [TALLY_COMMAND_PRINT] = plan_print,
};

/* ---- The answer ---- */

static bool is_document_command(tally_command command) {
  return command >= TALLY_COMMAND_CONSULTATION && command <= TALLY_COMMAND_CANCEL;
}

/* Finds the documents that entries touch; an invoice's own life counts as one document, the invoice. */
static tally_text touched_document(const tally_entry *entries, size_t count, bool *one) {
  tally_text found = {NULL, 0};
  *one = true;
  for (size_t i = 0; i < count; i++) {
    bool invoice = entries[i].counter_document.data != NULL;
    tally_text document = invoice ? entries[i].counter_document : entries[i].document;
    if (document.data == NULL || entries[i].kind == TALLY_KIND_PRINT) continue;
    if (found.data && !text_equal(found, document)) *one = false;
    found = document;
  }
  if (found.data == NULL) *one = false;
  return found;
}

static void answer_document(tally_result *result, const tally_document *document) {
  result->has_document = true;
  result->document = document->number;
  result->status = document->status;
  result->remaining_minor = document->remaining_minor;
}

/* The payment that a reverse undid, seen through the entry its first reversal points to. */
static tally_code reversed_payment(tally_ledger *ledger, const tally_entry *entries, size_t count,
                                   tally_payment *out) {
  tally_entry first, *original;
  size_t original_count;
  for (size_t i = 0; i < count; i++) {
    tally_code code = store_entry_get(ledger->store, &ledger->call, entries[i].refers, &first);
    if (code == TALLY_DONE) break;
    TRY(fail_store(ledger, code));
    TRY(journal_read_act(ledger, &ledger->call, first.act, &original, &original_count));
    return view_payment(ledger, &ledger->call, original, original_count, out);
  }
  return fail(ledger, TALLY_ERR_CORRUPT, "a reversal points to no entry");
}

static tally_code answer_payment(work *in, const tally_entry *entries, size_t count) {
  tally_ledger *ledger = in->ledger;
  tally_payment *payment = arena_alloc(&ledger->call, sizeof *payment);
  if (payment == NULL) return fail_memory(ledger);
  bool reverses = entries[0].command == TALLY_COMMAND_REVERSE;
  tally_code code = reverses ? reversed_payment(ledger, entries, count, payment)
                             : view_payment(ledger, &ledger->call, entries, count, payment);
  if (code == TALLY_DONE) return fail(ledger, TALLY_ERR_CORRUPT, "act %lld has no payment", (long long)entries[0].act);
  if (code) return code;
  if (!reverses) in->result->number = payment->number;
  if (reverses) payment->reversed_by = entries[0].act;
  if (!reverses) TRY(view_payment_origin(ledger, &ledger->call, entries, count, payment));
  payment->note = in->asked->note;
  payment->reason = in->asked->reason;
  in->result->payment = payment;
  return TALLY_OK;
}

/* What follows from the entries alone, written just now or then. */
static tally_code answer_entries(work *in, const tally_entry *entries, size_t count) {
  tally_result *result = in->result;
  result->command = entries[0].command;
  result->act = entries[0].act;
  switch (result->command) {
  case TALLY_COMMAND_TRANSFER:
    result->from = entries[0].patient;
    result->to = entries[0].counter_patient;
    result->amount_minor = entries[0].amount_minor;
    return TALLY_OK;
  case TALLY_COMMAND_CLOSE_DAYS:
    return closing_read(in->ledger, entries[count - 1].seq, &result->closing);
  case TALLY_COMMAND_MOVE:
    answer_move(&entries[0], result);
    return TALLY_OK;
  case TALLY_COMMAND_PRINT:
    return answer_print(in, &entries[0]);
  default:
    return is_document_command(result->command) ? TALLY_OK : answer_payment(in, entries, count);
  }
}

static bool makes_document(tally_command command) {
  return command == TALLY_COMMAND_CONSULTATION || command == TALLY_COMMAND_INVOICE;
}

/* A document's row as an answer: what a command that is about it fills in further. */
static tally_code answer_row(work *in, const document_row *row, int64_t recorded_at_ms, tally_document **document) {
  tally_ledger *ledger = in->ledger;
  *document = arena_alloc(&ledger->call, sizeof **document);
  if (*document == NULL) return fail_memory(ledger);
  TRY(view_document(ledger, row, tally_day_of(recorded_at_ms), *document));
  answer_document(in->result, *document);
  if (!is_document_command(in->result->command)) return TALLY_OK;
  in->result->document_made = *document;
  if (makes_document(in->result->command)) in->result->number = (*document)->number;
  return TALLY_OK;
}

/* A document that was made just now has no payment yet, and the consultations that the plan joins to it. */
static tally_code list_made(work *in, tally_document *document) {
  const plan *made = &in->plan;
  tally_text *names = ARENA_ARRAY(&in->ledger->call, tally_text, made->count);
  if (names == NULL) return fail_memory(in->ledger);
  for (size_t i = 0; i < made->count; i++) {
    if (made->entries[i].kind == TALLY_KIND_INVOICING)
      names[document->consultation_count++] = made->entries[i].document;
  }
  document->consultations = names;
  document->label = in->asked->label;
  document->note = in->asked->note;
  return TALLY_OK;
}

static tally_code answer_fresh(work *in) {
  bool one;
  planned_document *planned;
  tally_document *document;
  TRY(answer_entries(in, in->plan.entries, in->plan.count));
  tally_text touched = touched_document(in->plan.entries, in->plan.count, &one);
  if (!one) return TALLY_OK;
  TRY(plan_document(&in->plan, touched, &planned));
  TRY(answer_row(in, &planned->row, in->plan.entries[0].recorded_at_ms, &document));
  if (makes_document(in->result->command)) return list_made(in, document);
  if (!is_document_command(in->result->command)) return TALLY_OK;
  return view_document_lists(in->ledger, &in->ledger->call, BOUND_NONE, document);
}

/* ---- The key ---- */

/* The first answer again, from the journal as it stood after that act. */
static tally_code answer_replayed(work *in, const tally_entry *first) {
  tally_ledger *ledger = in->ledger;
  tally_entry *entries;
  size_t count;
  bool one;
  document_row row;
  tally_document *document;
  TRY(journal_read_act(ledger, &ledger->call, first->act, &entries, &count));
  TRY(answer_entries(in, entries, count));
  in->result->replayed = true;
  tally_text touched = touched_document(entries, count, &one);
  if (!one) return TALLY_OK;
  tally_code code = store_document_get(ledger->store, &ledger->call, touched, &row);
  if (code == TALLY_DONE) return fail(ledger, TALLY_ERR_CORRUPT, "a document of the journal is missing");
  TRY(fail_store(ledger, code));
  journal_bound bound = {entries[count - 1].seq, INT64_MAX};
  code = journal_fold_document(ledger, bound, &row);
  if (code)
    return code == TALLY_DONE ? fail(ledger, TALLY_ERR_CHAIN_BROKEN, "an act is older than its document") : code;
  TRY(answer_row(in, &row, first->recorded_at_ms, &document));
  if (!is_document_command(in->result->command)) return TALLY_OK;
  return view_document_lists(ledger, &ledger->call, bound, document);
}

static tally_code look_up_key(work *in, bool *replayed) {
  tally_ledger *ledger = in->ledger;
  tally_entry first;
  *replayed = false;
  if (in->asked->key.data == NULL) return TALLY_OK;
  tally_code code = store_entry_by_key(ledger->store, &ledger->call, in->asked->key, &first);
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(ledger, code));
  TRY(content_compare(ledger, in->asked, &first));
  *replayed = true;
  return answer_replayed(in, &first);
}

/* ---- Running ---- */

tally_code command_parse(tally_ledger *ledger, tally_request *request, parsed_command *asked) {
  tally_code code = TALLY_OK;
  if (ledger->read_only) {
    code = fail(ledger, TALLY_ERR_READ_ONLY, "the ledger is open for reading only; open it with mode \"rw\" to write");
  }
  if (!code) code = ledger_not_proposing(ledger);
  if (!code && request_command(request) > TALLY_COMMAND_LAST_WRITING) {
    code = fail(ledger, TALLY_ERR_FIELD_INVALID, "the request holds no writing command: begin it with one");
  }
  if (!code) code = request_parse(ledger, request, asked);
  if (code && !request_dry(request)) ledger_poison(ledger);
  return code;
}

/* Inside a transaction a command that writes needs no bracket: it checks all before it writes, and where a write fails
 * half-way the transaction can only be rolled back. */
static command_bracket bracket_of(const work *in) {
  if (in->ledger->depth == 0) return BRACKET_OWN;
  return in->asked->dry_run ? BRACKET_TRY : BRACKET_NONE;
}

tally_code command_open(work *in) {
  tally_ledger *ledger = in->ledger;
  in->result->command = in->asked->command;
  in->bracket = bracket_of(in);
  if (in->bracket == BRACKET_OWN) return fail_store(ledger, store_begin(ledger->store));
  TRY(ledger_still_open(ledger));
  if (in->bracket == BRACKET_NONE) return TALLY_OK;
  TRY(pending_flush(ledger));
  return fail_store(ledger, store_savepoint(ledger->store));
}

tally_code command_look(work *in, bool *done) {
  tally_ledger *ledger = in->ledger;
  int32_t prepared = in->asked->prepared_under;
  TRY(ledger_refresh(ledger));
  TRY(look_up_key(in, done));
  if (*done) return TALLY_OK;
  in->stale = prepared && prepared != ledger->in_force.version;
  if (in->stale) return TALLY_STALE;
  plan_begin(&in->plan, ledger, in->asked);
  TRY(planners[in->asked->command](in));
  return plan_check(&in->plan);
}

tally_code command_answer(work *in) {
  return answer_fresh(in);
}

/* Ends a transaction of its own, or a savepoint. */
static tally_code close_bracket(work *in, tally_code code) {
  tally_ledger *ledger = in->ledger;
  bool own = in->bracket == BRACKET_OWN;
  if (!code) code = pending_flush(ledger);
  if (!code && !in->asked->dry_run) {
    code = fail_store(ledger, store_commit(ledger->store));
    if (code) ledger->state.valid = false;
    else ledger_committed(ledger);
    return code;
  }
  if (in->plan.posted) ledger->state.valid = false; /* it tells of what is taken back */
  pending_drop(ledger);
  if (own) store_rollback(ledger->store);
  else store_rollback_to(ledger->store);
  ledger->broken = !own && !store_in_transaction(ledger->store);
  if (code == TALLY_OK) in->result->dry_run = true;
  return code;
}

tally_code command_close(work *in, tally_code code) {
  tally_ledger *ledger = in->ledger;
  if (in->bracket != BRACKET_NONE) return close_bracket(in, code);
  if (code && in->plan.posted) ledger->broken = true; /* it has written, whatever it answers */
  if (code && !in->stale) ledger_poison(ledger);
  if (ledger->broken) ledger->state.valid = false;
  return code;
}

tally_code tally_execute(tally_ledger *ledger, tally_request *request, tally_result *result) {
  parsed_command asked;
  work in = {.ledger = ledger, .asked = &asked, .result = result};
  bool done;
  *result = (tally_result){0};
  TRY(ledger_enter(ledger));
  TRY(command_parse(ledger, request, &asked));
  TRY(command_open(&in));
  tally_code code = command_look(&in, &done);
  if (!code && !done) code = plan_post(&in.plan);
  if (!code && !done) code = command_answer(&in);
  return command_close(&in, code);
}
