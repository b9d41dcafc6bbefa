/* payment.c - the commands that record and undo payments: pay, reverse, correct (§6). */
#include "payment.h"

#include "config.h"
#include "numbers.h"
#include "pairs.h"
#include "settlement.h"

/* ---- pay ---- */

static tally_code name_list(work *in, const text_list *numbers, settlement *out) {
  out->count = numbers->count;
  out->documents = ARENA_ARRAY(&in->ledger->call, planned_document *, numbers->count);
  if (out->documents == NULL) return fail_memory(in->ledger);
  for (size_t i = 0; i < numbers->count; i++) TRY(name_document(in, numbers->items[i], &out->documents[i]));
  return TALLY_OK;
}

/* The patient's open documents by day of issue, then by number. More than a list may name is refused: to pay the first
 * thousand in silence would not be what was asked. */
static tally_code name_oldest(work *in, settlement *out) {
  tally_ledger *ledger = in->ledger;
  size_t count;
  document_row *rows = ARENA_ARRAY(&ledger->call, document_row, LIST_MAX + 1);
  if (rows == NULL) return fail_memory(ledger);
  TRY(fail_store(
      ledger, store_documents_oldest(ledger->store, &ledger->call, in->asked->patient, rows, LIST_MAX + 1, &count)));
  if (count > LIST_MAX) {
    fail(ledger, TALLY_ERR_FIELD_INVALID, "documents: the patient has more than %d open documents; name some",
         LIST_MAX);
    return with_detail(ledger, TALLY_ERR_FIELD_INVALID, "field", text_of("documents"));
  }
  text_list numbers = {ARENA_ARRAY(&ledger->call, tally_text, count), count};
  if (numbers.items == NULL) return fail_memory(ledger);
  for (size_t i = 0; i < count; i++) numbers.items[i] = rows[i].number;
  return name_list(in, &numbers, out);
}

static tally_code name_documents(work *in, settlement *out) {
  const parsed_command *asked = in->asked;
  text_list one = {(tally_text *)&asked->document, 1};
  if (asked->oldest) return name_oldest(in, out);
  return name_list(in, command_has(asked, FIELD_DOCUMENT) ? &one : &asked->documents, out);
}

static settlement settlement_of(const parsed_command *asked) {
  return (settlement){.has_amount = command_has(asked, FIELD_AMOUNT),
                      .amount_minor = asked->amount_minor,
                      .has_tendered = command_has(asked, FIELD_TENDERED),
                      .tendered_minor = asked->tendered_minor,
                      .patient = asked->patient,
                      .group = asked->group,
                      .reference = asked->reference,
                      .fields = asked->fields,
                      .field_types = asked->field_types,
                      .field_count = asked->field_count,
                      .at_ms = asked->at_ms,
                      .day = asked->day};
}

tally_code plan_pay(work *in) {
  settlement settling = settlement_of(in->asked);
  TRY(name_type(in, in->asked->type, &settling.type));
  TRY(settlement_check_fields(in, &settling));
  TRY(check_not_retired(in, settling.type));
  TRY(name_documents(in, &settling));
  if (in->asked->patient.data) TRY(name_patient(in, in->asked->patient));
  TRY(check_permit(in, TALLY_COMMAND_PAY));
  TRY(check_type_roles(in, settling.type));
  TRY(settlement_check(in, &settling));
  return settlement_plan(in, &settling);
}

/* ---- The payment that reverse, correct and refund name ---- */

tally_code payment_load(work *in, tally_text number, payment_entries *out) {
  tally_ledger *ledger = in->ledger;
  tally_entry first;
  size_t count, skip = 0;
  tally_entry *entries;
  tally_code code = numbers_find(ledger, number, &first);
  if (code == TALLY_DONE) {
    fail(ledger, TALLY_ERR_PAYMENT_UNKNOWN, "payment: no payment has the number %s", shown(ledger, number));
    return with_detail(ledger, TALLY_ERR_PAYMENT_UNKNOWN, "payment", number);
  }
  if (code) return code;
  TRY(journal_read_act(ledger, &ledger->call, first.act, &entries, &count));
  /* A correction's act begins with the reversals of what it replaced. */
  while (skip < count && entries[skip].seq < first.seq) skip++;
  if (skip == count)
    return fail(ledger, TALLY_ERR_CORRUPT, "the entries of payment %s are missing", shown(ledger, number));
  *out = (payment_entries){.entries = entries + skip, .count = count - skip};
  out->first = out->entries;
  return TALLY_OK;
}

/* The definition in force speaks; of a type that is declared no more, the one the payment was made under. */
tally_code payment_type_of(work *in, const payment_entries *payment, const tally_payment_type **type) {
  tally_text id = payment->first->type;
  *type = id.data ? tally_ledger_type(in->ledger, id) : NULL;
  if (*type || id.data == NULL) return TALLY_OK;
  tally_payment_type *old = arena_alloc(&in->ledger->call, sizeof *old);
  if (old == NULL) return fail_memory(in->ledger);
  *type = old;
  return config_type_version(in->ledger, id, payment->first->type_version, old);
}

tally_code payment_documents(work *in, const payment_entries *payment, planned_document ***documents, size_t *count) {
  *count = 0;
  *documents = ARENA_ARRAY(&in->ledger->call, planned_document *, payment->count);
  if (*documents == NULL) return fail_memory(in->ledger);
  for (size_t i = 0; i < payment->count; i++) {
    planned_document *document;
    bool listed = false;
    if (payment->entries[i].document.data == NULL) continue;
    TRY(name_document(in, payment->entries[i].document, &document));
    for (size_t k = 0; k < *count; k++) listed = listed || (*documents)[k] == document;
    if (!listed) (*documents)[(*count)++] = document;
  }
  return TALLY_OK;
}

static tally_code refuse_payment(work *in, tally_code code, const payment_entries *payment, const char *why) {
  fail(in->ledger, code, "payment %s %s", shown(in->ledger, payment->first->number), why);
  return with_detail(in->ledger, code, "payment", payment->first->number);
}

tally_code check_not_reversed(work *in, const payment_entries *payment) {
  int64_t reversal;
  tally_code code = store_reversal_of(in->ledger->store, payment->first->seq, &reversal);
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(in->ledger, code));
  refuse_payment(in, TALLY_ERR_PAYMENT_REVERSED, payment, "is reversed already");
  return with_integer(in->ledger, TALLY_ERR_PAYMENT_REVERSED, "reversal", reversal);
}

static tally_code check_not_refunded(work *in, const payment_entries *payment) {
  for (size_t i = 0; i < payment->count; i++) {
    tally_entry refund;
    size_t count;
    TRY(fail_store(in->ledger, store_refunds_of(in->ledger->store, &in->ledger->call, &payment->entries[i], 0, &refund,
                                                1, &count)));
    if (count == 0) continue;
    refuse_payment(in, TALLY_ERR_PAYMENT_REFUNDED, payment, "is refunded in part or whole and cannot be undone");
    return with_detail(in->ledger, TALLY_ERR_PAYMENT_REFUNDED, "refund", refund.number);
  }
  return TALLY_OK;
}

static tally_code check_reversible(work *in, const payment_entries *payment) {
  tally_command made_by = payment->first->command;
  bool pays = made_by == TALLY_COMMAND_PAY || made_by == TALLY_COMMAND_CORRECT;
  if (pays || (made_by == TALLY_COMMAND_DEPOSIT && in->asked->command == TALLY_COMMAND_REVERSE)) return TALLY_OK;
  return refuse_payment(in, TALLY_ERR_PAYMENT_NOT_REVERSIBLE, payment,
                        "was not made by pay: record the opposite act instead");
}

/* The deposited part must still be there, once what the reversal gives back is counted. */
static tally_code check_deposit_unspent(work *in, const payment_entries *payment) {
  int64_t deposited = 0, credit;
  tally_text patient = {NULL, 0};
  for (size_t i = 0; i < payment->count; i++) {
    if (payment->entries[i].kind != TALLY_KIND_DEPOSIT) continue;
    deposited += payment->entries[i].amount_minor; /* one entry an act, at most */
    patient = payment->entries[i].patient;
  }
  if (deposited == 0) return TALLY_OK;
  TRY(plan_credit(&in->plan, patient, &credit));
  if (credit >= deposited) return TALLY_OK;
  refuse_payment(in, TALLY_ERR_CREDIT_SPENT, payment, "put money on the patient's credit that is spent by now");
  return with_amount(in->ledger, TALLY_ERR_CREDIT_SPENT, "credit", credit);
}

/* ---- reverse ---- */

static tally_code check_reverse(work *in, const payment_entries *payment) {
  planned_document **documents;
  size_t count;
  TRY(payment_documents(in, payment, &documents, &count));
  for (size_t i = 0; i < count; i++) TRY(check_not_cancelled(in, documents[i]));
  for (size_t i = 0; i < count; i++) TRY(check_not_invoiced(in, documents[i]));
  TRY(check_not_reversed(in, payment));
  TRY(check_not_refunded(in, payment));
  TRY(check_reversible(in, payment));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_day_open(in, in->asked->day));
  return check_deposit_unspent(in, payment);
}

static tally_code undo(work *in, const payment_entries *payment) {
  for (size_t i = 0; i < payment->count; i++) TRY(plan_reversal(&in->plan, &payment->entries[i]));
  return TALLY_OK;
}

tally_code plan_reverse(work *in) {
  payment_entries payment;
  const tally_payment_type *type;
  TRY(payment_load(in, in->asked->payment, &payment));
  TRY(payment_type_of(in, &payment, &type));
  TRY(check_permit(in, TALLY_COMMAND_REVERSE));
  TRY(check_type_roles(in, type));
  TRY(check_reverse(in, &payment));
  return undo(in, &payment);
}

/* ---- correct ---- */

/* Says whether the payment, when it was made, left nothing open on its documents and put nothing on credit. */
static tally_code closed_all(work *in, const payment_entries *payment, planned_document **documents, size_t count,
                             bool *closed) {
  journal_bound bound = {payment->entries[payment->count - 1].seq, INT64_MAX};
  *closed = true;
  for (size_t i = 0; i < payment->count; i++) {
    if (payment->entries[i].kind == TALLY_KIND_DEPOSIT) *closed = false;
  }
  for (size_t i = 0; i < count && *closed; i++) {
    document_row row = documents[i]->row;
    int64_t remaining;
    tally_code code = journal_fold_document(in->ledger, bound, &row);
    if (code)
      return code == TALLY_DONE ? fail(in->ledger, TALLY_ERR_CHAIN_BROKEN, "a payment is older than its document")
                                : code;
    if (tally_status_of(&row.facts, NULL, &remaining))
      return fail(in->ledger, TALLY_ERR_CORRUPT, "the facts of document %s leave 64-bit minor units",
                  shown(in->ledger, row.number));
    if (remaining != 0) *closed = false;
  }
  return TALLY_OK;
}

static int64_t recorded_amount(const payment_entries *payment) {
  int64_t amount = 0;
  for (size_t i = 0; i < payment->count; i++) {
    if (payment->entries[i].kind != TALLY_KIND_ROUNDING) amount += payment->entries[i].amount_minor;
  }
  return amount;
}

/* The original's extra fields, as far as the new type has them. */
static tally_code inherit_fields(work *in, const payment_entries *payment, settlement *out) {
  const tally_pair *pairs;
  size_t count;
  if (command_has(in->asked, FIELD_FIELDS) || payment->first->fields.data == NULL) return TALLY_OK;
  if (pairs_decode(&in->ledger->call, payment->first->fields, &pairs, &count)) {
    return fail(in->ledger, TALLY_ERR_CORRUPT, "the payment's extra fields cannot be read");
  }
  tally_pair *kept = ARENA_ARRAY(&in->ledger->call, tally_pair, count);
  if (kept == NULL) return fail_memory(in->ledger);
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < out->type->field_count; k++) {
      if (text_equal(out->type->fields[k].name, pairs[i].key)) kept[out->field_count++] = pairs[i];
    }
  }
  out->fields = kept;
  out->field_types = NULL;
  return TALLY_OK;
}

/* What is not named is the original's. */
static tally_code inherit(work *in, const payment_entries *payment, settlement *out) {
  const tally_entry *first = payment->first;
  if (!command_has(in->asked, FIELD_GROUP)) out->group = first->group;
  if (!command_has(in->asked, FIELD_REFERENCE)) out->reference = first->reference;
  if (!command_has(in->asked, FIELD_AT)) {
    out->at_ms = first->at_ms;
    out->day = first->day;
  }
  return inherit_fields(in, payment, out);
}

static tally_code inherit_amount(work *in, const payment_entries *payment, settlement *out) {
  planned_document **documents;
  size_t count;
  bool closed;
  if (out->has_amount) return TALLY_OK;
  TRY(payment_documents(in, payment, &documents, &count));
  TRY(closed_all(in, payment, documents, count, &closed));
  out->has_amount = !closed;
  out->amount_minor = recorded_amount(payment);
  return TALLY_OK;
}

static tally_code correct_documents(work *in, const payment_entries *payment, settlement *out) {
  bool named = command_has(in->asked, FIELD_DOCUMENT) || command_has(in->asked, FIELD_DOCUMENTS);
  return named ? name_documents(in, out) : payment_documents(in, payment, &out->documents, &out->count);
}

/* What the new payment names; what it does not is the original's. */
static tally_code correct_names(work *in, const payment_entries *payment, settlement *out) {
  TRY(name_type(in, in->asked->type.data ? in->asked->type : payment->first->type, &out->type));
  TRY(inherit(in, payment, out));
  TRY(settlement_check_fields(in, out));
  TRY(check_not_retired(in, out->type));
  TRY(correct_documents(in, payment, out));
  return in->asked->patient.data ? name_patient(in, in->asked->patient) : TALLY_OK;
}

/* All that reverse would refuse, then all that pay would: names, roles, state, each time. */
tally_code plan_correct(work *in) {
  settlement settling = settlement_of(in->asked);
  payment_entries payment;
  const tally_payment_type *original;
  TRY(payment_load(in, in->asked->payment, &payment));
  TRY(payment_type_of(in, &payment, &original));
  TRY(check_permit(in, TALLY_COMMAND_CORRECT));
  TRY(check_permit(in, TALLY_COMMAND_REVERSE));
  TRY(check_type_roles(in, original));
  TRY(check_reverse(in, &payment));
  TRY(inherit_amount(in, &payment, &settling)); /* from the journal as it stands before anything is undone */
  TRY(correct_names(in, &payment, &settling));
  TRY(check_permit(in, TALLY_COMMAND_PAY));
  TRY(check_type_roles(in, settling.type));
  TRY(undo(in, &payment));
  TRY(settlement_check(in, &settling));
  return settlement_plan(in, &settling);
}
