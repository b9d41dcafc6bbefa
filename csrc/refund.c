/* refund.c - money goes back: the document is owed again, or its charge falls too (§6, refund). */
#include "payment.h"

/* What the refund is about: one document of one payment. */
typedef struct refunding {
  payment_entries payment;
  const tally_payment_type *type;
  planned_document *document;
  tally_text number;            /* the document's */
  const tally_entry *collected; /* the payment's entry on it; NULL where it only rounded there */
  int64_t left;                 /* collected, less earlier refunds */
  int64_t amount;
} refunding;

/* A refund's own entry counts too: who asks to refund a refund hears of its document first, then that it is none. */
static bool is_settling(tally_kind kind) {
  return kind == TALLY_KIND_PAYMENT || kind == TALLY_KIND_CREDIT || kind == TALLY_KIND_DISCOUNT ||
         kind == TALLY_KIND_LOSS || kind == TALLY_KIND_REFUND;
}

static const tally_entry *find_settling(const payment_entries *payment, tally_text document) {
  for (size_t i = 0; i < payment->count; i++) {
    const tally_entry *entry = &payment->entries[i];
    if (is_settling(entry->kind) && (document.data == NULL || text_equal(entry->document, document))) return entry;
  }
  return NULL;
}

/* allocation-unknown: a document that the payment did not settle, or none named where there are several. */
static tally_code choose_allocation(work *in, refunding *out) {
  tally_text named = in->asked->document;
  planned_document **documents;
  size_t settled;
  TRY(payment_documents(in, &out->payment, &documents, &settled));
  out->collected = find_settling(&out->payment, named);
  if (out->collected) out->number = out->collected->document;
  for (size_t i = 0; i < settled; i++) {
    if (named.data && text_equal(documents[i]->row.number, named)) out->number = named;
  }
  if (named.data ? out->number.data != NULL : settled < 2) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_ALLOCATION_UNKNOWN,
       named.data ? "document: payment %s settled no such document" : "document: payment %s settled several; name one",
       shown(in->ledger, out->payment.first->number));
  return with_detail(in->ledger, TALLY_ERR_ALLOCATION_UNKNOWN, "payment", out->payment.first->number);
}

static tally_code check_refundable(work *in, const refunding *asked) {
  if (asked->collected && asked->collected->kind == TALLY_KIND_PAYMENT) return TALLY_OK;
  if (asked->collected == NULL && asked->number.data && asked->payment.first->kind == TALLY_KIND_PAYMENT)
    return TALLY_OK;
  fail(in->ledger, TALLY_ERR_PAYMENT_NOT_REVERSIBLE, "payment %s collected no money on a document; reverse it instead",
       shown(in->ledger, asked->payment.first->number));
  return with_detail(in->ledger, TALLY_ERR_PAYMENT_NOT_REVERSIBLE, "payment", asked->payment.first->number);
}

/* Adds up earlier refunds of the payment on the document. */
static tally_code work_out(work *in, refunding *out) {
  tally_entry page[STORE_PAGE];
  int64_t after = 0;
  out->left = out->collected ? out->collected->amount_minor : 0;
  for (size_t count = STORE_PAGE; out->collected && count == STORE_PAGE;) {
    TRY(fail_store(in->ledger, store_refunds_of(in->ledger->store, &in->ledger->call, out->collected, after, page,
                                                STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) {
      after = page[i].seq;
      if (tally_minor_subtract(out->left, page[i].amount_minor, &out->left)) { /* each was at most what was left */
        return fail(in->ledger, TALLY_ERR_CORRUPT, "the refunds of payment %s cannot be what was refunded",
                    shown(in->ledger, out->payment.first->number));
      }
    }
  }
  out->amount = command_has(in->asked, FIELD_AMOUNT) ? in->asked->amount_minor : out->left;
  return TALLY_OK;
}

static tally_code check_amount(work *in, const refunding *asked) {
  bool named = command_has(in->asked, FIELD_AMOUNT);
  if (named) TRY(check_positive(in, asked->amount));
  if (named || asked->left > 0) TRY(check_tenderable(in, "amount", asked->amount, asked->type));
  if (asked->left > 0 && asked->amount <= asked->left) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_REFUND_EXCEEDS_PAYMENT, "amount: %s can be refunded of this payment at most",
       amount_text(in->ledger, asked->left));
  return with_amount(in->ledger, TALLY_ERR_REFUND_EXCEEDS_PAYMENT, "left", asked->left);
}

static tally_code check_refund(work *in, refunding *asked) {
  TRY(choose_allocation(in, asked));
  if (asked->number.data) {
    TRY(name_document(in, asked->number, &asked->document));
    TRY(check_not_cancelled(in, asked->document));
    TRY(check_not_invoiced(in, asked->document));
  }
  TRY(check_not_reversed(in, &asked->payment));
  TRY(check_refundable(in, asked));
  TRY(check_money_type(in, asked->type));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_day_open(in, in->asked->day));
  TRY(work_out(in, asked));
  return check_amount(in, asked);
}

/* A refund that gives all of a payment back, to be paid again, also takes back what it rounded on the document. */
static tally_code take_back_rounding(work *in, const refunding *asked) {
  for (size_t i = 0; i < asked->payment.count; i++) {
    const tally_entry *entry = &asked->payment.entries[i];
    if (entry->kind != TALLY_KIND_ROUNDING || !text_equal(entry->document, asked->collected->document)) continue;
    TRY(plan_reversal(&in->plan, entry));
  }
  return TALLY_OK;
}

tally_code plan_refund(work *in) {
  refunding asked = {0};
  tally_entry *entry;
  if (in->asked->type.data) TRY(name_usable_type(in, in->asked->type, &asked.type));
  planned_document *named;
  if (in->asked->document.data) TRY(name_document(in, in->asked->document, &named));
  TRY(payment_load(in, in->asked->payment, &asked.payment));
  if (asked.type == NULL) {
    TRY(name_type(in, asked.payment.first->type, &asked.type));
    TRY(check_not_retired(in, asked.type));
  }
  TRY(check_permit(in, TALLY_COMMAND_REFUND));
  TRY(check_type_roles(in, asked.type));
  TRY(check_refund(in, &asked));
  TRY(plan_entry(&in->plan, TALLY_KIND_REFUND, asked.document, asked.document->row.patient, asked.amount, &entry));
  describe_entry(entry, asked.type, (tally_text){NULL, 0}, (tally_text){NULL, 0});
  entry->refers = asked.collected->seq;
  TRY(give_number(in, entry));
  if (!in->asked->reopen) {
    return plan_entry(&in->plan, TALLY_KIND_CHARGE, asked.document, asked.document->row.patient, -asked.amount,
                      &entry);
  }
  return asked.amount == asked.left ? take_back_rounding(in, &asked) : TALLY_OK;
}
