/* document.c - the commands that make and change documents: consultation, invoice, charge, cancel (§6). */
#include "command.h"

/* ---- Making ---- */

/* A host's own number must be free; else the series gives one. Checked early, taken when all else fits. */
static tally_code check_number_free(work *in) {
  planned_document *document;
  if (in->asked->number.data == NULL) return TALLY_OK;
  tally_code code = plan_document(&in->plan, in->asked->number, &document);
  if (code == TALLY_DONE) return TALLY_OK;
  if (code) return code;
  return refuse_document(in, TALLY_ERR_DOCUMENT_EXISTS, document, "exists already; choose another number");
}

static tally_code make_document(work *in, tally_document_kind kind, tally_text patient, planned_document **document) {
  document_row row = {.number = in->asked->number, .patient = patient, .facts.kind = kind};
  if (row.number.data == NULL) {
    series which = kind == TALLY_INVOICE ? SERIES_INVOICE : SERIES_CONSULTATION;
    TRY(plan_number(&in->plan, which, &row.number));
  }
  in->plan.number = row.number;
  row.has_due = command_has(in->asked, FIELD_DUE);
  row.due = in->asked->due;
  return plan_new_document(&in->plan, &row, document);
}

static tally_code check_not_negative(work *in) {
  if (in->asked->amount_minor >= 0) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_AMOUNT_NOT_POSITIVE, "amount: %s is below zero",
       amount_text(in->ledger, in->asked->amount_minor));
  with_detail(in->ledger, TALLY_ERR_AMOUNT_NOT_POSITIVE, "field", text_of("amount"));
  return with_amount(in->ledger, TALLY_ERR_AMOUNT_NOT_POSITIVE, "value", in->asked->amount_minor);
}

tally_code plan_consultation(work *in) {
  planned_document *document;
  tally_entry *entry;
  TRY(check_permit(in, TALLY_COMMAND_CONSULTATION));
  TRY(check_number_free(in));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_day_open(in, in->asked->day));
  TRY(check_not_negative(in));
  TRY(make_document(in, TALLY_CONSULTATION, in->asked->patient, &document));
  return plan_entry(&in->plan, TALLY_KIND_CHARGE, document, in->asked->patient, in->asked->amount_minor, &entry);
}

/* ---- Invoicing ---- */

typedef struct invoice_input {
  planned_document **consultations;
  size_t count;
  tally_text patient;
} invoice_input;

static tally_code name_consultations(work *in, invoice_input *out) {
  out->count = in->asked->consultations.count;
  out->consultations = ARENA_ARRAY(&in->ledger->call, planned_document *, out->count);
  if (out->consultations == NULL) return fail_memory(in->ledger);
  for (size_t i = 0; i < out->count; i++) {
    TRY(name_document(in, in->asked->consultations.items[i], &out->consultations[i]));
  }
  return TALLY_OK;
}

static tally_code check_patients(work *in, invoice_input *input) {
  input->patient = in->asked->patient;
  for (size_t i = 0; i < input->count; i++) {
    tally_text patient = input->consultations[i]->row.patient;
    if (input->patient.data == NULL) input->patient = patient;
    if (text_equal(patient, input->patient)) continue;
    refuse_document(in, TALLY_ERR_PATIENT_MISMATCH, input->consultations[i],
                    "is another patient's; an invoice is for one");
    return with_detail(in->ledger, TALLY_ERR_PATIENT_MISMATCH, "patient", patient);
  }
  return TALLY_OK;
}

static tally_code check_invoice(work *in, invoice_input *input) {
  TRY(check_number_free(in));
  for (size_t i = 0; i < input->count; i++) {
    if (input->consultations[i]->row.facts.kind != TALLY_CONSULTATION) {
      return refuse_document(in, TALLY_ERR_DOCUMENT_KIND, input->consultations[i],
                             "is an invoice; name consultations");
    }
  }
  for (size_t i = 0; i < input->count; i++) TRY(check_not_cancelled(in, input->consultations[i]));
  for (size_t i = 0; i < input->count; i++) TRY(check_not_invoiced(in, input->consultations[i]));
  TRY(check_patients(in, input));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_day_open(in, in->asked->day));
  return check_not_negative(in);
}

tally_code plan_invoice(work *in) {
  invoice_input input = {0};
  planned_document *invoice;
  tally_entry *entry;
  TRY(name_consultations(in, &input));
  TRY(check_permit(in, TALLY_COMMAND_INVOICE));
  TRY(check_invoice(in, &input));
  TRY(make_document(in, TALLY_INVOICE, input.patient, &invoice));
  if (command_has(in->asked, FIELD_AMOUNT)) {
    TRY(plan_entry(&in->plan, TALLY_KIND_CHARGE, invoice, input.patient, in->asked->amount_minor, &entry));
  }
  for (size_t i = 0; i < input.count; i++) TRY(plan_join(&in->plan, input.consultations[i], invoice));
  if (invoice->row.has_due) {
    in->plan.entries[0].has_due = true;
    in->plan.entries[0].due = invoice->row.due;
  }
  return TALLY_OK;
}

/* ---- Charging ---- */

static tally_code check_charge_fits(work *in, const planned_document *document) {
  const tally_facts *facts = &document->row.facts;
  int64_t remaining, charged, least;
  tally_code code = tally_status_of(facts, NULL, &remaining);
  if (!code) code = tally_minor_subtract(facts->charged, remaining, &least); /* what is settled */
  if (!code) code = tally_minor_add(facts->charged, in->asked->amount_minor, &charged);
  if (code) return TALLY_OK; /* told as amount-overflow, when the entry is planned */
  if (least < 0) least = 0;
  if (charged >= least || in->asked->amount_minor > 0) return TALLY_OK;
  refuse_document(in, TALLY_ERR_CHARGE_BELOW_SETTLED, document,
                  "would be charged less than is settled; refund or reverse first");
  with_amount(in->ledger, TALLY_ERR_CHARGE_BELOW_SETTLED, "charged", charged);
  return with_amount(in->ledger, TALLY_ERR_CHARGE_BELOW_SETTLED, "least", least);
}

tally_code plan_charge(work *in) {
  planned_document *document;
  tally_entry *entry;
  TRY(name_document(in, in->asked->document, &document));
  TRY(check_permit(in, TALLY_COMMAND_CHARGE));
  TRY(check_not_cancelled(in, document));
  TRY(check_not_invoiced(in, document));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_day_open(in, in->asked->day));
  if (in->asked->amount_minor == 0) {
    return fail(in->ledger, TALLY_ERR_AMOUNT_NOT_POSITIVE,
                "amount: zero charges nothing; give what to add, or take with a minus");
  }
  TRY(check_charge_fits(in, document));
  return plan_entry(&in->plan, TALLY_KIND_CHARGE, document, document->row.patient, in->asked->amount_minor, &entry);
}

/* ---- Cancelling ---- */

typedef struct joined {
  planned_document **items;
  size_t count, room;
} joined;

/* Loads the consultations that stand on an invoice, page by page. */
static tally_code load_consultations(work *in, const planned_document *invoice, joined *out) {
  document_row page[STORE_PAGE];
  int64_t after = 0;
  tally_ledger *ledger = in->ledger;
  if (invoice->row.facts.kind != TALLY_INVOICE) return TALLY_OK;
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(fail_store(ledger, store_consultations_of(ledger->store, &ledger->call, invoice->row.number, after, page,
                                                  STORE_PAGE, &count)));
    planned_document **grown = ARENA_ARRAY(&ledger->call, planned_document *, out->count + count);
    if (grown == NULL) return fail_memory(ledger);
    for (size_t i = 0; i < out->count; i++) grown[i] = out->items[i];
    out->items = grown;
    for (size_t i = 0; i < count; i++) {
      after = page[i].id;
      TRY(name_document(in, page[i].number, &out->items[out->count++]));
    }
  }
  return TALLY_OK;
}

/* What is settled on the document itself: an invoice's facts less those of its consultations. The parts were added,
 * checked: only in a damaged file they cannot be taken away again. */
static tally_code own_facts(work *in, const planned_document *document, const joined *consultations,
                            tally_facts *own) {
  *own = document->row.facts;
  int64_t *left[] = {&own->charged, &own->collected, &own->credited, &own->discounted, &own->lost, &own->rounded};
  bool fits = true;
  for (size_t i = 0; i < consultations->count; i++) {
    const tally_facts *part = &consultations->items[i]->row.facts;
    const int64_t taken[] = {part->charged,    part->collected, part->credited,
                             part->discounted, part->lost,      part->rounded};
    for (size_t k = 0; k < sizeof taken / sizeof taken[0]; k++)
      fits = fits && tally_minor_subtract(*left[k], taken[k], left[k]) == TALLY_OK;
  }
  if (fits && own->charged != INT64_MIN) return TALLY_OK;
  return refuse_document(in, TALLY_ERR_CORRUPT, document, "does not hold what its consultations do");
}

static tally_code check_nothing_settled(work *in, const planned_document *document, const tally_facts *own) {
  if (!own->collected && !own->credited && !own->discounted && !own->lost && !own->rounded) return TALLY_OK;
  return refuse_document(in, TALLY_ERR_DOCUMENT_HAS_PAYMENTS, document,
                         "still has payments; reverse or refund them first");
}

tally_code plan_cancel(work *in) {
  planned_document *document;
  tally_entry *entry;
  joined consultations = {0};
  TRY(name_document(in, in->asked->document, &document));
  TRY(check_permit(in, TALLY_COMMAND_CANCEL));
  TRY(check_not_cancelled(in, document));
  TRY(check_not_invoiced(in, document));
  TRY(load_consultations(in, document, &consultations));
  tally_facts own;
  TRY(own_facts(in, document, &consultations, &own));
  TRY(check_nothing_settled(in, document, &own));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_day_open(in, in->asked->day));
  for (size_t i = 0; i < consultations.count; i++) TRY(plan_release(&in->plan, consultations.items[i], document));
  /* A document that never charged anything of its own still needs an entry that says it is cancelled. */
  if (own.charged != 0 || consultations.count == 0) {
    TRY(plan_entry(&in->plan, TALLY_KIND_CHARGE, document, document->row.patient, -own.charged, &entry));
  }
  document->row.facts.cancelled = true;
  document->changed = document->moved = true;
  return TALLY_OK;
}
