/* settlement.c - one payment over documents: what it takes, what it rounds, what it gives back (§6, pay). */
#include "settlement.h"

#include "pairs.h"

/* ---- Extra fields ---- */

static tally_code refuse_extra(work *in, tally_code code, tally_text name, const char *why) {
  fail(in->ledger, code, "fields: %s %s", shown(in->ledger, name), why);
  with_detail(in->ledger, code, "field", text_of("fields"));
  return with_detail(in->ledger, code, "name", name);
}

static const tally_extra_field *find_extra(const tally_payment_type *type, tally_text name) {
  for (size_t i = 0; i < type->field_count; i++) {
    if (text_equal(type->fields[i].name, name)) return &type->fields[i];
  }
  return NULL;
}

static bool has_extra(const settlement *asked, tally_text name) {
  for (size_t i = 0; i < asked->field_count; i++) {
    if (text_equal(asked->fields[i].key, name)) return true;
  }
  return false;
}

/* A text will do for any type that it reads as; an integer or a boolean only for its own. */
static bool extra_fits(const tally_extra_field *extra, tally_text value, tally_field_type given) {
  int64_t integer;
  int32_t day;
  if (given != TALLY_FIELD_STRING && given != extra->type) return false;
  switch (extra->type) {
  case TALLY_FIELD_INTEGER:
    return pairs_integer(value, &integer);
  case TALLY_FIELD_BOOLEAN:
    return text_equal(value, text_of("true")) || text_equal(value, text_of("false"));
  case TALLY_FIELD_DATE:
    return tally_day_parse(value.data, value.length, &day) == TALLY_OK;
  default:
    return true;
  }
}

tally_code settlement_check_fields(work *in, const settlement *asked) {
  int32_t matched = in->asked->matched_under;
  if (matched && matched != in->ledger->in_force.version) {
    return fail(in->ledger, TALLY_ERR_BUSY, "the configuration was changed at this moment; try again");
  }
  for (size_t i = 0; i < asked->field_count; i++) {
    if (find_extra(asked->type, asked->fields[i].key)) continue;
    return refuse_extra(in, TALLY_ERR_FIELD_UNKNOWN, asked->fields[i].key, "is no field of the payment type");
  }
  for (size_t i = 0; i < asked->type->field_count; i++) {
    const tally_extra_field *extra = &asked->type->fields[i];
    if (!extra->required || has_extra(asked, extra->name)) continue;
    return refuse_extra(in, TALLY_ERR_FIELD_MISSING, extra->name, "is missing; the payment type needs it");
  }
  for (size_t i = 0; i < asked->field_count; i++) {
    tally_field_type given = asked->field_types ? asked->field_types[i] : TALLY_FIELD_STRING;
    if (extra_fits(find_extra(asked->type, asked->fields[i].key), asked->fields[i].value, given)) continue;
    return refuse_extra(in, TALLY_ERR_FIELD_INVALID, asked->fields[i].key, "has a value of another type");
  }
  if (in->asked->mismatched.data == NULL || !has_extra(asked, in->asked->mismatched)) return TALLY_OK;
  return refuse_extra(in, TALLY_ERR_FIELD_INVALID, in->asked->mismatched, "does not match its pattern");
}

/* ---- Amounts ---- */

/* What each document still misses; those with nothing open are passed over. A sum that leaves int64 is told in its turn;
 * until then it is more than any amount. */
static tally_code sum_open(work *in, settlement *asked) {
  asked->open = ARENA_ARRAY(&in->ledger->call, int64_t, asked->count);
  if (asked->open == NULL) return fail_memory(in->ledger);
  for (size_t i = 0; i < asked->count; i++) {
    int64_t remaining = 0;
    const document_row *row = &asked->documents[i]->row;
    if (tally_status_of(&row->facts, NULL, &remaining)) asked->overflows = true;
    if (remaining <= 0) continue;
    if (tally_minor_add(asked->remaining, remaining, &asked->remaining)) asked->overflows = true;
    if (asked->overflows) asked->remaining = INT64_MAX;
    asked->open[i] = remaining;
    if (asked->payer.data == NULL) asked->payer = row->patient;
    if (!text_equal(asked->payer, row->patient)) asked->two_payers = true;
  }
  return TALLY_OK;
}

/* A credit type takes, unless told an amount, what the patient's credit covers. */
static tally_code default_amount(work *in, settlement *asked) {
  asked->given = asked->due;
  if (asked->type->effect != TALLY_EFFECT_CREDIT || asked->count == 0) return TALLY_OK;
  int64_t credit;
  TRY(plan_credit(&in->plan, asked->documents[0]->row.patient, &credit));
  if (credit < asked->given) asked->given = credit;
  return TALLY_OK;
}

static tally_code work_out(work *in, settlement *asked) {
  const tally_payment_type *type = asked->type;
  TRY(sum_open(in, asked));
  asked->due = asked->remaining;
  bool rounds = type->round_to_minor > 0;
  if (rounds && tally_minor_round(asked->remaining, type->round_to_minor, &asked->due)) asked->overflows = true;
  if (asked->has_amount) asked->given = asked->amount_minor;
  else TRY(default_amount(in, asked));
  asked->exceeds = asked->given > asked->due;
  asked->settled = asked->exceeds ? asked->due : asked->given;
  asked->closes = asked->settled == asked->due;
  bool gives_change = asked->exceeds && type->excess == TALLY_EXCESS_CHANGE;
  asked->recorded = gives_change ? asked->settled : asked->given;
  return TALLY_OK;
}

/* ---- The state of things ---- */

static tally_code check_patient(work *in, const settlement *asked) {
  bool one_patient = asked->type->effect == TALLY_EFFECT_CREDIT;
  for (size_t i = 0; i < asked->count; i++) {
    const planned_document *document = asked->documents[i];
    bool theirs = asked->patient.data == NULL || text_equal(asked->patient, document->row.patient);
    bool same = !one_patient || text_equal(document->row.patient, asked->documents[0]->row.patient);
    if (theirs && same) continue;
    refuse_document(in, TALLY_ERR_PATIENT_MISMATCH, document, "is another patient's");
    return with_detail(in->ledger, TALLY_ERR_PATIENT_MISMATCH, "patient", document->row.patient);
  }
  if (!asked->exceeds || asked->type->excess != TALLY_EXCESS_CREDIT || !asked->two_payers) return TALLY_OK;
  return fail(in->ledger, TALLY_ERR_PATIENT_MISMATCH,
              "amount: more than is owed cannot become credit of two patients");
}

static tally_code check_applies(work *in, const settlement *asked) {
  const tally_payment_type *type = asked->type;
  for (size_t i = 0; i < asked->count; i++) {
    bool invoice = asked->documents[i]->row.facts.kind == TALLY_INVOICE;
    if (invoice ? type->for_invoice : type->for_consultation) continue;
    fail(in->ledger, TALLY_ERR_TYPE_NOT_APPLICABLE, "type %s does not settle %s", shown(in->ledger, type->id),
         invoice ? "invoices" : "consultations");
    return with_detail(in->ledger, TALLY_ERR_TYPE_NOT_APPLICABLE, "type", type->id);
  }
  if (!asked->has_tendered || type->effect == TALLY_EFFECT_MONEY) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_TYPE_NOT_APPLICABLE, "tendered: type %s is no money", shown(in->ledger, type->id));
  return with_detail(in->ledger, TALLY_ERR_TYPE_NOT_APPLICABLE, "field", text_of("tendered"));
}

static tally_code check_unsettled(work *in, const settlement *asked) {
  if (asked->remaining > 0) return TALLY_OK;
  if (asked->count == 0) return fail(in->ledger, TALLY_ERR_DOCUMENT_SETTLED, "the patient has no open document");
  return refuse_document(in, TALLY_ERR_DOCUMENT_SETTLED, asked->documents[0], "is settled: nothing remains");
}

static tally_code check_step(work *in, const settlement *asked) {
  const tally_payment_type *type = asked->type;
  if (type->round_to_minor == 0) return TALLY_OK;
  if (asked->due == 0) {
    fail(in->ledger, TALLY_ERR_AMOUNT_NOT_TENDERABLE, "amount: %s remains, less than can be paid in steps of %s",
         amount_text(in->ledger, asked->remaining), amount_text(in->ledger, type->round_to_minor));
    return with_amount(in->ledger, TALLY_ERR_AMOUNT_NOT_TENDERABLE, "remaining", asked->remaining);
  }
  /* Where nobody named an amount it is what is due, which is a multiple though it has no room. */
  if (asked->has_amount || !asked->overflows) TRY(check_tenderable(in, "amount", asked->given, type));
  return asked->has_tendered ? check_tenderable(in, "tendered", asked->tendered_minor, type) : TALLY_OK;
}

static tally_code check_excess(work *in, const settlement *asked) {
  if (!asked->exceeds || asked->type->excess != TALLY_EXCESS_REFUSE) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_AMOUNT_EXCEEDS_REMAINING, "amount: %s is more than the %s that remains",
       amount_text(in->ledger, asked->given), amount_text(in->ledger, asked->due));
  with_amount(in->ledger, TALLY_ERR_AMOUNT_EXCEEDS_REMAINING, "amount", asked->given);
  return with_amount(in->ledger, TALLY_ERR_AMOUNT_EXCEEDS_REMAINING, "remaining", asked->remaining);
}

static tally_code check_credit(work *in, const settlement *asked) {
  int64_t credit;
  if (asked->type->effect != TALLY_EFFECT_CREDIT) return TALLY_OK;
  TRY(plan_credit(&in->plan, asked->documents[0]->row.patient, &credit));
  if (credit > 0 && credit >= asked->given) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_CREDIT_INSUFFICIENT, "the patient's credit is %s", amount_text(in->ledger, credit));
  return with_amount(in->ledger, TALLY_ERR_CREDIT_INSUFFICIENT, "credit", credit);
}

static tally_code check_tendered(work *in, const settlement *asked) {
  /* Change was given on the amount named: that is what the tendered money has to cover. */
  int64_t least = asked->exceeds ? asked->given : asked->recorded;
  if (!asked->has_tendered || asked->tendered_minor >= least) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_TENDERED_TOO_SMALL, "tendered: %s does not cover %s",
       amount_text(in->ledger, asked->tendered_minor), amount_text(in->ledger, least));
  return with_amount(in->ledger, TALLY_ERR_TENDERED_TOO_SMALL, "tendered", asked->tendered_minor);
}

tally_code settlement_check(work *in, settlement *asked) {
  for (size_t i = 0; i < asked->count; i++) TRY(check_not_cancelled(in, asked->documents[i]));
  for (size_t i = 0; i < asked->count; i++) TRY(check_not_invoiced(in, asked->documents[i]));
  TRY(work_out(in, asked));
  TRY(check_patient(in, asked));
  TRY(check_applies(in, asked));
  TRY(check_group(in, asked->type, asked->group));
  TRY(check_date(in, asked->at_ms));
  TRY(check_day_open(in, asked->day));
  TRY(check_unsettled(in, asked));
  if (asked->has_amount) TRY(check_positive(in, asked->given));
  TRY(check_step(in, asked));
  TRY(check_limit(in, asked->recorded, asked->type));
  TRY(check_excess(in, asked));
  TRY(check_credit(in, asked));
  TRY(check_tendered(in, asked));
  if (!asked->overflows) return TALLY_OK;
  return fail(in->ledger, TALLY_ERR_AMOUNT_OVERFLOW,
              "amount: what remains, with all documents and rounded, leaves the range of 64-bit minor units");
}

/* ---- Entries ---- */

static tally_kind settling_kind(tally_effect effect) {
  switch (effect) {
  case TALLY_EFFECT_CREDIT:
    return TALLY_KIND_CREDIT;
  case TALLY_EFFECT_DISCOUNT:
    return TALLY_KIND_DISCOUNT;
  case TALLY_EFFECT_LOSS:
    return TALLY_KIND_LOSS;
  default:
    return TALLY_KIND_PAYMENT;
  }
}

static tally_code add(work *in, const settlement *asked, tally_kind kind, planned_document *document, int64_t amount) {
  tally_entry *entry;
  if (amount == 0) return TALLY_OK;
  tally_text patient = document ? document->row.patient : asked->payer;
  TRY(plan_entry(&in->plan, kind, document, patient, amount, &entry));
  describe_entry(entry, asked->type, asked->group, asked->reference);
  return TALLY_OK;
}

/* Each document in order takes up to its own; a payment that closes rounds what is still missing, and what rounding up
 * adds goes to the last. */
static tally_code allocate(work *in, const settlement *asked) {
  int64_t left = asked->settled;
  bool rounds = asked->closes && asked->type->round_to_minor > 0;
  size_t last = 0;
  for (size_t i = 0; i < asked->count; i++) {
    if (asked->open[i] > 0) last = i;
  }
  for (size_t i = 0; i < asked->count; i++) {
    if (asked->open[i] == 0) continue;
    int64_t part = left < asked->open[i] || (rounds && i == last) ? left : asked->open[i];
    left -= part;
    TRY(add(in, asked, settling_kind(asked->type->effect), asked->documents[i], part));
    if (rounds) TRY(add(in, asked, TALLY_KIND_ROUNDING, asked->documents[i], asked->open[i] - part));
  }
  return TALLY_OK;
}

/* The first entry carries what belongs to the payment as a whole. */
static tally_code mark_first(work *in, const settlement *asked, size_t first) {
  tally_entry *entry = &in->plan.entries[first];
  TRY(give_number(in, entry));
  bool gives_change = asked->exceeds && asked->type->excess == TALLY_EXCESS_CHANGE;
  entry->has_tendered = asked->has_tendered || gives_change;
  entry->tendered_minor = asked->has_tendered ? asked->tendered_minor : asked->given;
  if (!entry->has_tendered) entry->tendered_minor = 0;
  if (asked->field_count == 0) return TALLY_OK;
  bytes coded = {.from = &in->ledger->call};
  for (size_t i = 0; i < asked->field_count; i++) {
    pairs_put(&coded, asked->fields[i].key);
    pairs_put(&coded, asked->fields[i].value);
  }
  entry->fields = bytes_text(&coded);
  return coded.failed ? fail_memory(in->ledger) : TALLY_OK;
}

tally_code settlement_plan(work *in, settlement *asked) {
  size_t first = in->plan.count;
  in->plan.at_ms = asked->at_ms;
  in->plan.day = asked->day;
  TRY(allocate(in, asked));
  TRY(add(in, asked, TALLY_KIND_DEPOSIT, NULL, asked->recorded - asked->settled));
  return mark_first(in, asked, first);
}
