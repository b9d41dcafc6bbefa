/* view.c - documents and payments as they are shown: rows and entries made whole for a reader. */
#include "view.h"

#include <string.h>

#include "config.h"
#include "packed.h"
#include "pairs.h"

tally_code view_text(tally_ledger *ledger, arena *from, int64_t act, annotation_field which, tally_text *text) {
  annotation_row row;
  *text = (tally_text){NULL, 0};
  tally_code code = store_annotation_get(ledger->store, from, act, which, &row);
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(ledger, code));
  *text = row.body;
  return TALLY_OK;
}

/* ---- Documents ---- */

tally_code view_document(tally_ledger *ledger, const document_row *row, int32_t today, tally_document *out) {
  *out = (tally_document){.id = row->id,
                          .number = row->number,
                          .kind = row->facts.kind,
                          .patient = row->patient,
                          .invoice = row->invoice,
                          .facts = row->facts,
                          .at_ms = row->at_ms,
                          .recorded_at_ms = row->recorded_at_ms,
                          .day = row->day,
                          .has_due = row->has_due,
                          .due = row->due};
  if (tally_status_of(&row->facts, &out->status, &out->remaining_minor)) {
    return fail(ledger, TALLY_ERR_CORRUPT, "the facts of document %s leave 64-bit minor units",
                shown(ledger, row->number));
  }
  out->overdue = row->has_due && out->remaining_minor > 0 && row->due < today;
  return TALLY_OK;
}

/* A list of texts that grows in an arena. */
typedef struct name_list {
  tally_text *items;
  size_t count, room;
} name_list;

static tally_code add_name(tally_ledger *ledger, arena *from, name_list *list, tally_text name) {
  /* Entries of one act stand side by side: a name that comes again comes at once. */
  if (list->count > 0 && text_equal(list->items[list->count - 1], name)) return TALLY_OK;
  if (list->count == list->room) {
    size_t room = list->room ? list->room * 2 : 4;
    tally_text *grown = ARENA_ARRAY(from, tally_text, room);
    if (grown == NULL) return fail_memory(ledger);
    if (list->count) memcpy(grown, list->items, list->count * sizeof *grown);
    list->items = grown;
    list->room = room;
  }
  list->items[list->count++] = name;
  return TALLY_OK;
}

static void drop_name(name_list *list, tally_text name) {
  for (size_t i = 0; i < list->count; i++) {
    if (!text_equal(list->items[i], name)) continue;
    list->count--;
    memmove(&list->items[i], &list->items[i + 1], (list->count - i) * sizeof *list->items);
    return;
  }
}

/* The payment that an entry belongs to: its own number, or that of the act's first numbered entry. */
static tally_code number_of(tally_ledger *ledger, arena *from, const tally_entry *entry, tally_text *number) {
  tally_entry *entries;
  size_t count;
  *number = entry->number;
  if (number->data) return TALLY_OK;
  TRY(journal_read_act(ledger, from, entry->act, &entries, &count));
  for (size_t i = 0; i < count && number->data == NULL; i++) *number = entries[i].number;
  return TALLY_OK;
}

/* What an entry adds to a list, or takes from it: a consultation, or a payment. */
static tally_code take_link(tally_ledger *ledger, arena *from, const link_query *query, const tally_entry *entry,
                            name_list *names) {
  tally_text name = entry->document;
  if (entry->kind == TALLY_KIND_RELEASE) drop_name(names, name);
  if (entry->kind == TALLY_KIND_RELEASE || entry->kind == TALLY_KIND_CHARGE) return TALLY_OK;
  if (!query->joins) TRY(number_of(ledger, from, entry, &name));
  return name.data ? add_name(ledger, from, names, name) : TALLY_OK;
}

/* One page of links after another, in order. *texts is set where the entry that made the document has free texts. */
static tally_code list_links(tally_ledger *ledger, arena *from, link_query query, name_list *names, bool *texts) {
  tally_entry page[STORE_PAGE];
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(fail_store(ledger, store_links_of_document(ledger->store, from, &query, page, STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) {
      query.after_seq = page[i].seq;
      if (page[i].seq == query.made_seq && page[i].commitment.data) *texts = true;
      TRY(take_link(ledger, from, &query, &page[i], names));
    }
  }
  return TALLY_OK;
}

static tally_code read_lists(tally_ledger *ledger, arena *from, journal_bound bound, tally_document *out) {
  name_list consultations = {0}, payments = {0};
  link_query query = {.document = out->number, .made_seq = out->id, .last_seq = bound.seq, .last_at_ms = bound.at_ms};
  bool texts = false;
  TRY(list_links(ledger, from, query, &payments, &texts));
  query.joins = true;
  if (out->kind == TALLY_INVOICE) TRY(list_links(ledger, from, query, &consultations, &texts));
  if (texts) TRY(view_text(ledger, from, out->id, ANNOTATION_LABEL, &out->label));
  if (texts) TRY(view_text(ledger, from, out->id, ANNOTATION_NOTE, &out->note));
  out->consultations = consultations.items;
  out->consultation_count = consultations.count;
  out->payments = payments.items;
  out->payment_count = payments.count;
  return TALLY_OK;
}

/* ---- Lists that are kept: how many names, then the names, for payments and consultations; then each text or 0 ---- */

static size_t names_room(const tally_text *names, size_t count) {
  size_t room = PACKED_INTEGER_MAX;
  for (size_t i = 0; i < count; i++) room += names[i].length + PACKED_INTEGER_MAX;
  return room;
}

static unsigned char *pack_names(unsigned char *at, const tally_text *names, size_t count) {
  at = pack_unsigned(at, count);
  for (size_t i = 0; i < count; i++) at = pack_text(at, names[i]);
  return at;
}

static unsigned char *pack_optional(unsigned char *at, tally_text text) {
  at = pack_unsigned(at, text.data != NULL);
  return text.data ? pack_text(at, text) : at;
}

static void keep_lists(tally_ledger *ledger, arena *from, const tally_document *document) {
  size_t room = names_room(document->payments, document->payment_count) +
                names_room(document->consultations, document->consultation_count) + document->label.length +
                document->note.length + 4 * PACKED_INTEGER_MAX;
  unsigned char *start = arena_piece(from, room), *at = start;
  if (start == NULL) return;
  at = pack_names(at, document->payments, document->payment_count);
  at = pack_names(at, document->consultations, document->consultation_count);
  at = pack_optional(at, document->label);
  at = pack_optional(at, document->note);
  store_document_keep_lists(ledger->store, document->number, (tally_text){(char *)start, (size_t)(at - start)});
}

static tally_code take_names(tally_ledger *ledger, arena *from, packed *in, const tally_text **names, size_t *count) {
  *count = (size_t)unpack_unsigned(in);
  tally_text *list = ARENA_ARRAY(from, tally_text, *count);
  if (list == NULL) return fail_memory(ledger);
  for (size_t i = 0; i < *count; i++) list[i] = unpack_text(in);
  *names = list;
  return TALLY_OK;
}

static tally_text take_optional(packed *in) {
  return unpack_unsigned(in) ? unpack_text(in) : (tally_text){NULL, 0};
}

static tally_code take_lists(tally_ledger *ledger, arena *from, tally_text kept, tally_document *out) {
  packed in = packed_of(kept);
  TRY(take_names(ledger, from, &in, &out->payments, &out->payment_count));
  TRY(take_names(ledger, from, &in, &out->consultations, &out->consultation_count));
  out->label = take_optional(&in);
  out->note = take_optional(&in);
  return TALLY_OK;
}

tally_code view_document_lists(tally_ledger *ledger, arena *from, journal_bound bound, tally_document *out) {
  bool all = bound.seq == INT64_MAX && bound.at_ms == INT64_MAX;
  tally_text kept = {NULL, 0};
  if (all) kept = store_document_lists(ledger->store, from, out->number);
  if (kept.data) return take_lists(ledger, from, kept, out);
  TRY(read_lists(ledger, from, bound, out));
  if (all) keep_lists(ledger, from, out);
  return TALLY_OK;
}

/* ---- Payments ---- */

static tally_allocation *find_allocation(tally_allocation *list, size_t *count, tally_text document) {
  for (size_t i = 0; i < *count; i++) {
    if (text_equal(list[i].document, document)) return &list[i];
  }
  list[*count] = (tally_allocation){.document = document};
  return &list[(*count)++];
}

/* Only a damaged file has a payment whose sums leave int64. */
static tally_code checked_sum(tally_ledger *ledger, const tally_payment *payment, tally_code code) {
  if (code == TALLY_OK) return TALLY_OK;
  fail(ledger, TALLY_ERR_CORRUPT, "the amounts of payment %s cannot be those of one", shown(ledger, payment->number));
  return with_detail(ledger, TALLY_ERR_CORRUPT, "payment", payment->number);
}

static tally_code add_amount(tally_ledger *ledger, const tally_payment *payment, int64_t *sum, int64_t amount_minor) {
  return checked_sum(ledger, payment, tally_minor_add(*sum, amount_minor, sum));
}

static tally_code take_entry(tally_ledger *ledger, tally_payment *out, tally_allocation *allocations,
                             const tally_entry *entry) {
  tally_allocation *on;
  switch (entry->kind) {
  case TALLY_KIND_PAYMENT:
  case TALLY_KIND_CREDIT:
  case TALLY_KIND_DISCOUNT:
  case TALLY_KIND_LOSS:
  case TALLY_KIND_REFUND:
    on = find_allocation(allocations, &out->allocation_count, entry->document);
    TRY(add_amount(ledger, out, &on->amount_minor, entry->amount_minor));
    return add_amount(ledger, out, &out->amount_minor, entry->amount_minor);
  case TALLY_KIND_ROUNDING:
    on = find_allocation(allocations, &out->allocation_count, entry->document);
    return add_amount(ledger, out, &on->rounded_minor, entry->amount_minor);
  case TALLY_KIND_DEPOSIT:
    TRY(add_amount(ledger, out, &out->deposited_minor, entry->amount_minor));
    return add_amount(ledger, out, &out->amount_minor, entry->amount_minor);
  case TALLY_KIND_WITHDRAWAL:
    return add_amount(ledger, out, &out->amount_minor, entry->amount_minor);
  default:
    return TALLY_OK;
  }
}

static tally_effect effect_of(const tally_entry *entry) {
  switch (entry->kind) {
  case TALLY_KIND_CREDIT:
    return TALLY_EFFECT_CREDIT;
  case TALLY_KIND_DISCOUNT:
    return TALLY_EFFECT_DISCOUNT;
  case TALLY_KIND_LOSS:
    return TALLY_EFFECT_LOSS;
  default:
    return TALLY_EFFECT_MONEY;
  }
}

static tally_payment payment_of(const tally_entry *first) {
  return (tally_payment){.number = first->number,
                         .act = first->act,
                         .command = first->command,
                         .type = first->type,
                         .type_version = first->type_version,
                         .effect = effect_of(first),
                         .patient = first->patient,
                         .group = first->group,
                         .reference = first->reference,
                         .actor = first->actor,
                         .has_tendered = first->has_tendered,
                         .tendered_minor = first->tendered_minor,
                         .at_ms = first->at_ms,
                         .recorded_at_ms = first->recorded_at_ms,
                         .day = first->day};
}

tally_code view_payment(tally_ledger *ledger, arena *from, const tally_entry *entries, size_t count,
                        tally_payment *out) {
  size_t first = 0;
  while (first < count && entries[first].number.data == NULL) first++;
  if (first == count) return TALLY_DONE;
  tally_allocation *allocations = ARENA_ARRAY(from, tally_allocation, count);
  if (allocations == NULL) return fail_memory(ledger);
  *out = payment_of(&entries[first]);
  for (size_t i = first; i < count; i++) TRY(take_entry(ledger, out, allocations, &entries[i]));
  out->allocations = allocations;
  if (out->has_tendered) {
    TRY(checked_sum(ledger, out, tally_minor_subtract(out->tendered_minor, out->amount_minor, &out->change_minor)));
  }
  if (entries[first].fields.data == NULL) return TALLY_OK;
  if (pairs_decode(from, entries[first].fields, &out->fields, &out->field_count)) {
    return fail(ledger, TALLY_ERR_CORRUPT, "the extra fields of payment %s cannot be read",
                shown(ledger, out->number));
  }
  return TALLY_OK;
}

tally_code view_payment_texts(tally_ledger *ledger, arena *from, tally_payment *out) {
  TRY(view_text(ledger, from, out->act, ANNOTATION_NOTE, &out->note));
  return view_text(ledger, from, out->act, ANNOTATION_REASON, &out->reason);
}

static tally_code number_of_act(tally_ledger *ledger, arena *from, int64_t seq, tally_text *number, int64_t *act) {
  tally_entry entry;
  tally_code code = store_entry_get(ledger->store, from, seq, &entry);
  if (code == TALLY_DONE) return fail(ledger, TALLY_ERR_CORRUPT, "entry %lld is missing", (long long)seq);
  TRY(fail_store(ledger, code));
  *act = entry.act;
  return number_of(ledger, from, &entry, number);
}

static tally_code add_refunds(tally_ledger *ledger, arena *from, const tally_entry *entry, tally_payment *out,
                              name_list *numbers) {
  tally_entry page[STORE_PAGE];
  int64_t after = 0;
  tally_allocation *allocations = (tally_allocation *)out->allocations;
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(fail_store(ledger, store_refunds_of(ledger->store, from, entry, after, page, STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) {
      after = page[i].seq;
      tally_allocation *on = find_allocation(allocations, &out->allocation_count, entry->document);
      TRY(add_amount(ledger, out, &out->refunded_minor, page[i].amount_minor));
      TRY(add_amount(ledger, out, &on->refunded_minor, page[i].amount_minor));
      TRY(add_name(ledger, from, numbers, page[i].number));
    }
  }
  return TALLY_OK;
}

tally_code view_payment_origin(tally_ledger *ledger, arena *from, const tally_entry *entries, size_t count,
                               tally_payment *out) {
  int64_t act;
  for (size_t i = 0; i < count; i++) {
    if (entries[i].kind == TALLY_KIND_REFUND)
      return number_of_act(ledger, from, entries[i].refers, &out->refund_of, &act);
    /* Before its own entries, a correction's act holds the reversals of what it replaced. */
    if (entries[i].number.data) return TALLY_OK;
    if (entries[i].kind == TALLY_KIND_REVERSAL && out->corrects.data == NULL) {
      TRY(number_of_act(ledger, from, entries[i].refers, &out->corrects, &act));
    }
  }
  return TALLY_OK;
}

/* What later acts say of one of a payment's own entries. */
static tally_code read_fate(tally_ledger *ledger, arena *from, const tally_entry *entry, tally_payment *out,
                            name_list *refunds) {
  int64_t reversal;
  if (entry->kind == TALLY_KIND_PAYMENT) TRY(add_refunds(ledger, from, entry, out, refunds));
  if (entry->number.data == NULL) return TALLY_OK;
  tally_code code = store_reversal_of(ledger->store, entry->seq, &reversal);
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(ledger, code));
  return number_of_act(ledger, from, reversal, &out->corrected_by, &out->reversed_by);
}

tally_code view_payment_fate(tally_ledger *ledger, arena *from, const tally_entry *entries, size_t count,
                             tally_payment *out) {
  name_list refunds = {0};
  bool own = false;
  for (size_t i = 0; i < count; i++) {
    own = own || entries[i].number.data != NULL;
    if (own) TRY(read_fate(ledger, from, &entries[i], out, &refunds));
  }
  out->refunds = refunds.items;
  out->refund_count = refunds.count;
  return TALLY_OK;
}
