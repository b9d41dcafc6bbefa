/* stage.c - entries that move no money: a document's stage in a workflow, a receipt printed (§4, §6, §7). */
#include "stage.h"

#include "command.h"
#include "payment.h"
#include "reading.h"

static const char KEY_WORKFLOW[] = "workflow", KEY_FROM[] = "from", KEY_TO[] = "to";

/* ---- Stages: pairs of a stage entry's fields; what a script hands on stands among them ---- */

static bool is_own_key(tally_text key) {
  return text_equal(key, text_of(KEY_WORKFLOW)) || text_equal(key, text_of(KEY_FROM)) ||
         text_equal(key, text_of(KEY_TO));
}

tally_text stage_field(const tally_entry *entry, const char *name) {
  tally_text rest = entry->fields, key, value;
  while (rest.data && pairs_take(&rest, &key) && pairs_take(&rest, &value)) {
    if (text_equal(key, text_of(name))) return value;
  }
  return (tally_text){NULL, 0};
}

bool tally_entry_field(const tally_entry *entry, size_t index, tally_text *key, tally_text *value) {
  tally_text rest = entry->fields;
  while (rest.data && pairs_take(&rest, key) && pairs_take(&rest, value)) {
    if (index-- == 0) return true;
  }
  return false;
}

/* The latest stage entry of a document in one workflow. TALLY_DONE where there is none. */
static tally_code last_stage(tally_ledger *ledger, tally_text document, tally_text workflow, tally_entry *out) {
  tally_entry page[STORE_PAGE];
  int64_t after = 0;
  bool found = false;
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(fail_store(
        ledger, store_entries_of_document(ledger->store, &ledger->call, document, after, page, STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) {
      after = page[i].seq;
      if (page[i].kind != TALLY_KIND_STAGE || !text_equal(stage_field(&page[i], KEY_WORKFLOW), workflow)) continue;
      *out = page[i];
      found = true;
    }
  }
  return found ? TALLY_OK : TALLY_DONE;
}

static tally_code read_stage(tally_ledger *ledger, tally_text document, tally_text workflow, tally_stage *out) {
  tally_entry entry;
  document_row row;
  tally_code code = store_document_get(ledger->store, &ledger->call, document, &row);
  if (code == TALLY_DONE) {
    fail(ledger, TALLY_ERR_DOCUMENT_UNKNOWN, "document: no document has the number %s", shown(ledger, document));
    return with_detail(ledger, TALLY_ERR_DOCUMENT_UNKNOWN, "document", document);
  }
  TRY(fail_store(ledger, code));
  *out = (tally_stage){.at_ms = row.at_ms, .day = row.day};
  code = last_stage(ledger, document, workflow, &entry);
  if (code) return code == TALLY_DONE ? TALLY_OK : code;
  *out = (tally_stage){.name = stage_field(&entry, KEY_TO), .seq = entry.seq, .at_ms = entry.at_ms, .day = entry.day};
  return TALLY_OK;
}

tally_code tally_read_stage(tally_ledger *ledger, tally_text document, tally_text workflow, tally_stage *stage) {
  bool own;
  TRY(ledger_enter(ledger));
  TRY(ledger_snapshot_begin(ledger, &own));
  return ledger_snapshot_end(ledger, own, read_stage(ledger, document, workflow, stage));
}

static tally_code check_keys(work *in) {
  for (size_t i = 0; i < in->asked->field_count; i++) {
    if (!is_own_key(in->asked->fields[i].key)) continue;
    fail(in->ledger, TALLY_ERR_FIELD_INVALID, "fields.%s: the name is the stage entry's own; take another",
         in->asked->fields[i].key.data);
    return with_detail(in->ledger, TALLY_ERR_FIELD_INVALID, "field", text_of("fields"));
  }
  return TALLY_OK;
}

static tally_code refuse_move(work *in, const char *reason, tally_text stands) {
  with_detail(in->ledger, TALLY_ERR_REFUSED, "rule", in->asked->workflow);
  with_detail(in->ledger, TALLY_ERR_REFUSED, "code", text_of(reason));
  return with_detail(in->ledger, TALLY_ERR_REFUSED, "stage", stands);
}

/* Two people may move one document: who says where it stands must be right. */
static tally_code check_from(work *in, tally_text *from) {
  tally_entry last;
  tally_code code = last_stage(in->ledger, in->asked->document, in->asked->workflow, &last);
  if (code && code != TALLY_DONE) return code;
  tally_text stands = code ? (tally_text){NULL, 0} : stage_field(&last, KEY_TO);
  *from = in->asked->from.data ? in->asked->from : stands;
  if (stands.data && text_equal(stands, in->asked->to)) {
    fail(in->ledger, TALLY_ERR_REFUSED, "to: the document stands at %s already", shown(in->ledger, stands));
    return refuse_move(in, "already-there", stands);
  }
  if (in->asked->from.data == NULL || stands.data == NULL || text_equal(in->asked->from, stands)) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_REFUSED, "from: the document stands at %s, not at %s", shown(in->ledger, stands),
       shown(in->ledger, in->asked->from));
  return refuse_move(in, "moved-meanwhile", stands);
}

static tally_code write_stage_fields(work *in, tally_text from, tally_entry *entry) {
  const parsed_command *asked = in->asked;
  bytes coded = {.from = &in->ledger->call};
  pairs_put_pair(&coded, KEY_WORKFLOW, asked->workflow);
  if (from.data) pairs_put_pair(&coded, KEY_FROM, from);
  pairs_put_pair(&coded, KEY_TO, asked->to);
  for (size_t i = 0; i < asked->field_count; i++) {
    pairs_put(&coded, asked->fields[i].key);
    pairs_put(&coded, asked->fields[i].value);
  }
  entry->fields = bytes_text(&coded);
  return coded.failed ? fail_memory(in->ledger) : TALLY_OK;
}

tally_code plan_move(work *in) {
  planned_document *document;
  tally_entry *entry;
  tally_text from;
  TRY(check_keys(in));
  TRY(name_document(in, in->asked->document, &document));
  TRY(check_permit(in, TALLY_COMMAND_MOVE));
  TRY(check_not_cancelled(in, document));
  TRY(check_not_invoiced(in, document));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_day_open(in, in->asked->day));
  TRY(check_from(in, &from));
  TRY(plan_entry(&in->plan, TALLY_KIND_STAGE, document, document->row.patient, 0, &entry));
  document->changed = false; /* a stage moves no fact */
  return write_stage_fields(in, from, entry);
}

void answer_move(const tally_entry *entry, tally_result *result) {
  result->workflow = stage_field(entry, KEY_WORKFLOW);
  result->from = stage_field(entry, KEY_FROM);
  result->to = stage_field(entry, KEY_TO);
}

/* ---- Prints ---- */

static tally_code print_page(tally_ledger *ledger, const tally_entry *payment, int64_t after, tally_entry *rows,
                             size_t *count) {
  bool of_document = payment->document.data != NULL;
  tally_text key = of_document ? payment->document : payment->patient;
  return fail_store(ledger,
                    of_document
                        ? store_entries_of_document(ledger->store, &ledger->call, key, after, rows, STORE_PAGE, count)
                        : store_entries_of_patient(ledger->store, &ledger->call, key, after, rows, STORE_PAGE, count));
}

/* Counts the prints of a payment before an entry, by its first entry: they stand among its document's entries, or its
 * patient's. */
static tally_code count_prints(tally_ledger *ledger, const tally_entry *payment, int64_t before, int64_t *prints) {
  tally_entry page[STORE_PAGE];
  int64_t after = payment->seq;
  *prints = 0;
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(print_page(ledger, payment, after, page, &count));
    for (size_t i = 0; i < count; i++) {
      after = page[i].seq;
      if (page[i].kind == TALLY_KIND_PRINT && page[i].refers == payment->seq && after < before) ++*prints;
    }
  }
  return TALLY_OK;
}

tally_code plan_print(work *in) {
  tally_entry payment, *entry;
  planned_document *document = NULL;
  TRY(reading_payment_entry(in->ledger, in->asked->payment, &payment));
  TRY(check_permit(in, TALLY_COMMAND_PRINT));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_day_open(in, in->asked->day));
  if (payment.document.data) TRY(name_document(in, payment.document, &document));
  TRY(plan_entry(&in->plan, TALLY_KIND_PRINT, document, payment.patient, 0, &entry));
  if (document) document->changed = false; /* a print moves no fact */
  entry->refers = payment.seq;
  return TALLY_OK;
}

/* The payment that was printed, and how often up to this print. */
tally_code answer_print(work *in, const tally_entry *entry) {
  tally_ledger *ledger = in->ledger;
  tally_entry payment;
  tally_code code = store_entry_get(ledger->store, &ledger->call, entry->refers, &payment);
  if (code == TALLY_DONE) return fail(ledger, TALLY_ERR_CORRUPT, "a print points to no entry");
  TRY(fail_store(ledger, code));
  tally_payment *out = arena_alloc(&ledger->call, sizeof *out);
  if (out == NULL) return fail_memory(ledger);
  TRY(reading_payment(ledger, &ledger->call, payment.act, out));
  in->result->payment = out;
  TRY(count_prints(ledger, &payment, entry->seq, &in->result->prints));
  in->result->prints++;
  return TALLY_OK;
}
