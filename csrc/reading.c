/* reading.c - the queries of §6 that give one thing: a document, payment or patient; totals; head and info. */
#include "reading.h"

#include <string.h>

#include "days.h"
#include "numbers.h"
#include "pending.h"
#include "request.h"
#include "view.h"

int32_t reading_today(const parsed_command *asked) {
  return tally_day_of(asked->now_ms);
}

/* ---- One document, one payment, one patient ---- */

static tally_code unknown_document(tally_ledger *ledger, tally_text number) {
  fail(ledger, TALLY_ERR_DOCUMENT_UNKNOWN, "document: no document has the number %s", shown(ledger, number));
  return with_detail(ledger, TALLY_ERR_DOCUMENT_UNKNOWN, "document", number);
}

tally_code reading_document(tally_ledger *ledger, tally_text number, document_row *row) {
  tally_code code = store_document_get(ledger->store, &ledger->call, number, row);
  return code == TALLY_DONE ? unknown_document(ledger, number) : fail_store(ledger, code);
}

static tally_code read_document(tally_ledger *ledger, tally_text number, const parsed_command *asked,
                                const tally_document **document) {
  document_row row;
  journal_bound bound = BOUND_NONE;
  TRY(reading_document(ledger, number, &row));
  int32_t today = reading_today(asked);
  if (command_has(asked, FIELD_AS_OF)) {
    bound.at_ms = asked->as_of_ms;
    today = tally_day_of(asked->as_of_ms);
    tally_code code = journal_fold_document(ledger, bound, &row);
    if (code) return code == TALLY_DONE ? unknown_document(ledger, number) : code;
  }
  tally_document *out = arena_alloc(&ledger->call, sizeof *out);
  if (out == NULL) return fail_memory(ledger);
  TRY(view_document(ledger, &row, today, out));
  TRY(view_document_lists(ledger, &ledger->call, bound, out));
  *document = out;
  return TALLY_OK;
}

tally_code tally_read_document(tally_ledger *ledger, tally_text number, tally_request *request,
                               const tally_document **document) {
  parsed_command asked;
  bool own;
  TRY(ledger_enter(ledger));
  TRY(request_parse(ledger, request, &asked));
  TRY(ledger_snapshot_begin(ledger, &own));
  return ledger_snapshot_end(ledger, own, read_document(ledger, number, &asked, document));
}

/* Reads the payment of an act with all that is known of it. */
tally_code reading_payment(tally_ledger *ledger, arena *from, int64_t act, tally_payment *out) {
  tally_entry *entries;
  size_t count;
  TRY(journal_read_act(ledger, from, act, &entries, &count));
  tally_code code = view_payment(ledger, from, entries, count, out);
  if (code) return code;
  TRY(view_payment_texts(ledger, from, out));
  TRY(view_payment_origin(ledger, from, entries, count, out));
  return view_payment_fate(ledger, from, entries, count, out);
}

static tally_code unknown_payment(tally_ledger *ledger, tally_text number) {
  fail(ledger, TALLY_ERR_PAYMENT_UNKNOWN, "payment: no payment has the number %s", shown(ledger, number));
  return with_detail(ledger, TALLY_ERR_PAYMENT_UNKNOWN, "payment", number);
}

tally_code reading_payment_entry(tally_ledger *ledger, tally_text number, tally_entry *entry) {
  tally_code code = numbers_find(ledger, number, entry);
  return code == TALLY_DONE ? unknown_payment(ledger, number) : code;
}

static tally_code read_payment(tally_ledger *ledger, tally_text number, const tally_payment **payment) {
  tally_entry entry;
  TRY(reading_payment_entry(ledger, number, &entry));
  tally_payment *out = arena_alloc(&ledger->call, sizeof *out);
  if (out == NULL) return fail_memory(ledger);
  *payment = out;
  return reading_payment(ledger, &ledger->call, entry.act, out);
}

tally_code tally_read_payment(tally_ledger *ledger, tally_text number, const tally_payment **payment) {
  bool own;
  TRY(ledger_enter(ledger));
  TRY(ledger_snapshot_begin(ledger, &own));
  return ledger_snapshot_end(ledger, own, read_payment(ledger, number, payment));
}

tally_code reading_patient(tally_ledger *ledger, tally_text id) {
  bool known;
  TRY(fail_store(ledger, store_patient_known(ledger->store, id, &known)));
  if (known) return TALLY_OK;
  fail(ledger, TALLY_ERR_PATIENT_UNKNOWN, "patient: no document or deposit names %s", shown(ledger, id));
  return with_detail(ledger, TALLY_ERR_PATIENT_UNKNOWN, "patient", id);
}

/* Lists a patient's open documents, page by page. */
static tally_code read_open_documents(tally_ledger *ledger, int32_t today, tally_patient *out) {
  document_row page[STORE_PAGE];
  document_query query = {.patient = out->id, .order = ORDER_OLDEST};
  tally_document *list = NULL;
  size_t room = 0;
  int64_t after = 0;
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(fail_store(ledger,
                   store_documents_page(ledger->store, &ledger->call, &query, after, page, STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) {
      after = page[i].id;
      if (!page[i].open) continue;
      if (out->document_count == room) {
        room = room ? room * 2 : 8;
        tally_document *grown = ARENA_ARRAY(&ledger->call, tally_document, room);
        if (grown == NULL) return fail_memory(ledger);
        if (list) memcpy(grown, list, out->document_count * sizeof *grown);
        list = grown;
      }
      TRY(view_document(ledger, &page[i], today, &list[out->document_count++]));
    }
  }
  out->documents = list;
  return TALLY_OK;
}

static tally_code read_patient(tally_ledger *ledger, tally_text id, int32_t today, const tally_patient **patient) {
  TRY(reading_patient(ledger, id));
  tally_patient *out = arena_alloc(&ledger->call, sizeof *out);
  if (out == NULL) return fail_memory(ledger);
  out->id = arena_copy(&ledger->call, id);
  if (out->id.data == NULL) return fail_memory(ledger);
  TRY(fail_store(ledger, store_credit_get(ledger->store, id, &out->credit_minor)));
  TRY(fail_store(ledger, store_patient_owed(ledger->store, id, &out->owed_minor)));
  *patient = out;
  return read_open_documents(ledger, today, out);
}

tally_code tally_read_patient(tally_ledger *ledger, tally_text id, tally_request *request,
                              const tally_patient **patient) {
  parsed_command asked;
  bool own;
  TRY(ledger_enter(ledger));
  TRY(request_parse(ledger, request, &asked));
  TRY(ledger_snapshot_begin(ledger, &own));
  return ledger_snapshot_end(ledger, own, read_patient(ledger, id, reading_today(&asked), patient));
}

/* ---- Totals ---- */

static tally_code parse_by(tally_ledger *ledger, const parsed_command *asked, unsigned *by) {
  static const struct {
    const char *name;
    unsigned bit;
  } columns[] = {{"type", TALLY_BY_TYPE}, {"group", TALLY_BY_GROUP}, {"day", TALLY_BY_DAY}, {"actor", TALLY_BY_ACTOR}};
  *by = 0;
  for (size_t i = 0; i < asked->by.count; i++) {
    unsigned bit = 0;
    for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++) {
      if (text_equal(asked->by.items[i], text_of(columns[k].name))) bit = columns[k].bit;
    }
    if (bit == 0) {
      fail(ledger, TALLY_ERR_FIELD_INVALID, "by: %s; give type, group, day or actor",
           shown(ledger, asked->by.items[i]));
      return with_detail(ledger, TALLY_ERR_FIELD_INVALID, "field", text_of("by"));
    }
    *by |= bit;
  }
  return TALLY_OK;
}

tally_code tally_read_totals(tally_ledger *ledger, tally_request *request, const tally_totals **rows, size_t *count,
                             unsigned *by) {
  static const tally_totals nothing = {0};
  parsed_command asked;
  TRY(ledger_enter(ledger));
  TRY(request_parse(ledger, request, &asked));
  TRY(parse_by(ledger, &asked, by));
  totals_query query = {.from = command_has(&asked, FIELD_FROM_DAY) ? asked.from_day : INT32_MIN,
                        .to = command_has(&asked, FIELD_TO_DAY) ? asked.to_day : INT32_MAX,
                        .by = *by};
  tally_totals *list;
  TRY(pending_flush(ledger));
  TRY(days_read(ledger, &query, &list, count));
  *rows = list;
  for (size_t i = 0; i < *count; i++) {
    if (totals_money(&list[i]))
      return fail(ledger, TALLY_ERR_AMOUNT_OVERFLOW, "totals: a sum leaves 64-bit minor units; ask for fewer days");
  }
  if (*count > 0 || *by) return TALLY_OK;
  *rows = &nothing; /* the whole of nothing is one row of zeros */
  *count = 1;
  return TALLY_OK;
}

/* ---- Head and info ---- */

tally_code tally_read_head(tally_ledger *ledger, tally_head *head) {
  tally_entry last;
  TRY(ledger_enter(ledger));
  journal_genesis(ledger, head->hash);
  head->seq = 0;
  tally_code code = store_entry_last(ledger->store, &ledger->call, &last);
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(ledger, code));
  head->seq = last.seq;
  memcpy(head->hash, last.hash, sizeof head->hash);
  return TALLY_OK;
}

tally_code tally_read_info(tally_ledger *ledger, tally_info *info) {
  tally_head head;
  store_facts facts;
  closing_row closing;
  int64_t payments;
  tally_anchor anchor;
  TRY(tally_read_anchor(ledger, &anchor));
  TRY(tally_read_head(ledger, &head));
  TRY(pending_flush(ledger));
  TRY(ledger_reload(ledger));
  TRY(fail_store(ledger, store_facts_get(ledger->store, &facts)));
  TRY(numbers_count(ledger, &payments));
  *info = (tally_info){.version = TALLY_VERSION,
                       .sqlite_version = store_engine_version(),
                       .path = ledger->path,
                       .currency = ledger->currency,
                       .language = ledger->in_force.config.language,
                       .schema_version = facts.schema_version,
                       .created_at_ms = ledger->created_at_ms,
                       .entries = head.seq,
                       .documents = facts.documents,
                       .payments = payments,
                       .closings = facts.closings,
                       .file_bytes = facts.file_bytes,
                       .script_version = (int32_t)ledger->in_force.version,
                       .script_name = ledger->in_force.config.script_name,
                       .script_text = ledger->in_force.config.script_text,
                       .read_only = ledger->read_only,
                       .in_memory = store_in_memory(ledger->store),
                       .synchronous = facts.synchronous,
                       .anchor = anchor};
  memcpy(info->id, ledger->uuid, sizeof info->id);
  memcpy(info->journal_mode, facts.journal_mode, sizeof info->journal_mode);
  tally_code code = store_closing_last(ledger->store, &closing);
  info->has_closed_through = code == TALLY_OK;
  info->closed_through = info->has_closed_through ? closing.through : 0;
  return code == TALLY_DONE ? TALLY_OK : fail_store(ledger, code);
}
