/* proposal.c - a command looked at before it is written: proposed, then accepted or declined (§7). */
#include <string.h>

#include "command.h"
#include "view.h"

struct proposed {
  work work;
  parsed_command asked;
  tally_result result;
  tally_proposal shown;
};

static tally_text first_text(tally_text asked, tally_text planned) {
  return asked.data ? asked : planned;
}

/* What a hook is told, from what was asked and what is planned. */
static void show(struct proposed *in) {
  const parsed_command *asked = &in->asked;
  const tally_entry *first = &in->work.plan.entries[0];
  const tally_payment *payment = in->result.payment;
  in->shown = (tally_proposal){
      .command = asked->command,
      .dry_run = asked->dry_run,
      .result = &in->result,
      .act = first->act,
      .at_ms = in->work.plan.at_ms,
      .now_ms = first->recorded_at_ms,
      .day = in->work.plan.day,
      .actor = asked->actor,
      .note = asked->note,
      .reason = asked->reason,
      .label = asked->label,
      .key = asked->key,
      .roles = asked->roles.items,
      .role_count = asked->roles.count,
      .type = payment ? payment->type : asked->type,
      .group = payment ? payment->group : asked->group,
      .reference = payment ? payment->reference : asked->reference,
      .patient = first_text(asked->patient, payment ? payment->patient : first->patient),
      .fields = payment ? payment->fields : asked->fields,
      .field_count = payment ? payment->field_count : asked->field_count,
      .payment = asked->payment,
      .reopen = asked->reopen,
      .has_due = command_has(asked, FIELD_DUE),
      .due = asked->due,
      .closes_days = asked->command == TALLY_COMMAND_CLOSE_DAYS,
      .through = asked->through,
      .entries = in->work.plan.entries,
      .entry_count = in->work.plan.count,
      .document_count = in->work.plan.document_count,
  };
}

/* A closing's answer is read from the journal, so it is known only once it stands there. */
static tally_code foretell(struct proposed *in) {
  TRY(plan_complete(&in->work.plan));
  if (in->asked.command != TALLY_COMMAND_CLOSE_DAYS) TRY(command_answer(&in->work));
  show(in);
  return TALLY_OK;
}

tally_code tally_propose(tally_ledger *ledger, tally_request *request, const tally_proposal **proposal) {
  bool done = false;
  *proposal = NULL;
  TRY(ledger_enter(ledger));
  struct proposed *in = arena_alloc(&ledger->call, sizeof *in);
  if (in == NULL) return fail_memory(ledger);
  in->work = (work){.ledger = ledger, .asked = &in->asked, .result = &in->result};
  TRY(command_parse(ledger, request, &in->asked));
  TRY(command_open(&in->work));
  tally_code code = command_look(&in->work, &done);
  if (!code && !done) code = foretell(in);
  if (code || done) code = command_close(&in->work, code);
  if (code) return code;
  if (done) in->shown = (tally_proposal){.command = in->asked.command, .result = &in->result, .done = true};
  *proposal = &in->shown;
  if (done) return TALLY_OK;
  ledger_begin_proposal(ledger, in);
  return TALLY_OK;
}

tally_code tally_accept(tally_ledger *ledger, tally_result *result) {
  struct proposed *in = ledger->proposed;
  *result = (tally_result){0};
  if (in == NULL) return fail(ledger, TALLY_ERR_FIELD_INVALID, "no command is proposed");
  ledger_end_proposal(ledger);
  in->result = (tally_result){.command = in->asked.command};
  tally_code code = plan_post(&in->work.plan);
  if (!code) code = command_answer(&in->work);
  code = command_close(&in->work, code);
  *result = in->result;
  return code;
}

tally_code tally_decline(tally_ledger *ledger, tally_code code, const char *message) {
  struct proposed *in = ledger->proposed;
  if (in == NULL) return fail(ledger, TALLY_ERR_FIELD_INVALID, "no command is proposed");
  ledger_end_proposal(ledger);
  in->work.stale = code == TALLY_STALE;
  fail(ledger, code, "%s", message);
  return command_close(&in->work, code);
}

/* The document as the plan leaves it, and as the store has it: nothing is written yet. */
tally_code tally_proposal_document(tally_ledger *ledger, size_t index, const tally_document **before,
                                   const tally_document **after) {
  struct proposed *in = ledger->proposed;
  document_row row;
  if (in == NULL || index >= in->work.plan.document_count)
    return fail(ledger, TALLY_ERR_FIELD_INVALID, "no such document is proposed");
  TRY(ledger_enter(ledger));
  const planned_document *planned = in->work.plan.documents[index];
  tally_document *documents = ARENA_ARRAY(&ledger->call, tally_document, 2);
  if (documents == NULL) return fail_memory(ledger);
  int32_t today = tally_day_of(in->shown.now_ms);
  document_row made = planned->row;
  if (planned->is_new) {
    made.id = in->shown.act;
    made.recorded_at_ms = in->shown.now_ms;
  }
  TRY(view_document(ledger, &made, today, &documents[1]));
  *after = &documents[1];
  *before = NULL;
  if (planned->is_new) return TALLY_OK;
  tally_code code = store_document_get(ledger->store, &ledger->call, planned->row.number, &row);
  if (code)
    return code == TALLY_DONE ? fail(ledger, TALLY_ERR_CORRUPT, "a document is missing") : fail_store(ledger, code);
  TRY(view_document(ledger, &row, today, &documents[0]));
  *before = &documents[0];
  return TALLY_OK;
}
