/* state.c - one number that tells two states of a ledger apart. */
#include "world.h"

#include <string.h>

#define TRY(call)                                                                                                     \
  do {                                                                                                                \
    tally_code tried = (call);                                                                                        \
    if (tried) return tried;                                                                                          \
  } while (0)

/* FNV-1a, 64 bits. */
void mix(uint64_t *digest, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  if (*digest == 0) *digest = 14695981039346656037u;
  for (size_t i = 0; i < count; i++) *digest = (*digest ^ at[i]) * 1099511628211u;
}

void mix_number(uint64_t *digest, int64_t number) {
  mix(digest, &number, sizeof number);
}

void mix_text(uint64_t *digest, tally_text text) {
  mix_number(digest, text.data ? (int64_t)text.length : -1);
  if (text.data) mix(digest, text.data, text.length);
}

void mix_document(uint64_t *digest, const tally_document *document) {
  const tally_facts *facts = &document->facts;
  const int64_t numbers[] = {document->id,
                             document->kind,
                             document->status,
                             document->remaining_minor,
                             document->day,
                             document->due,
                             facts->charged,
                             facts->collected,
                             facts->credited,
                             facts->discounted,
                             facts->lost,
                             facts->rounded,
                             facts->invoiced,
                             facts->cancelled,
                             (int64_t)document->consultation_count,
                             (int64_t)document->payment_count};
  mix(digest, numbers, sizeof numbers);
  mix_text(digest, document->number);
  mix_text(digest, document->patient);
  mix_text(digest, document->invoice);
  mix_text(digest, document->label);
  mix_text(digest, document->note);
  for (size_t i = 0; i < document->consultation_count; i++) mix_text(digest, document->consultations[i]);
  for (size_t i = 0; i < document->payment_count; i++) mix_text(digest, document->payments[i]);
}

void mix_payment(uint64_t *digest, const tally_payment *payment) {
  const int64_t numbers[] = {payment->act,
                             payment->command,
                             payment->effect,
                             payment->amount_minor,
                             payment->deposited_minor,
                             payment->tendered_minor,
                             payment->change_minor,
                             payment->day,
                             payment->reversed_by,
                             payment->refunded_minor,
                             (int64_t)payment->allocation_count};
  mix(digest, numbers, sizeof numbers);
  mix_text(digest, payment->number);
  mix_text(digest, payment->type);
  mix_text(digest, payment->patient);
  mix_text(digest, payment->group);
  mix_text(digest, payment->reason);
  mix_text(digest, payment->corrected_by);
  mix_text(digest, payment->corrects);
  mix_text(digest, payment->refund_of);
  for (size_t i = 0; i < payment->allocation_count; i++) {
    mix_text(digest, payment->allocations[i].document);
    mix_number(digest, payment->allocations[i].amount_minor);
    mix_number(digest, payment->allocations[i].rounded_minor);
  }
}

/* Salts and hashes are random from run to run; all else of the journal is here. */
static void mix_entry(uint64_t *digest, const tally_entry *entry) {
  const int64_t numbers[] = {entry->seq,    entry->act,          entry->kind, entry->command,
                             entry->serial, entry->amount_minor, entry->day,  entry->refers};
  mix(digest, numbers, sizeof numbers);
  mix_text(digest, entry->document);
  mix_text(digest, entry->patient);
  mix_text(digest, entry->type);
  mix_text(digest, entry->key);
  mix_text(digest, entry->note);
  mix_text(digest, entry->reason);
}

static tally_code next_document(tally_cursor *cursor, uint64_t *digest) {
  const tally_document *document;
  TRY(tally_cursor_document(cursor, &document));
  mix_document(digest, document);
  return TALLY_OK;
}

static tally_code next_payment(tally_cursor *cursor, uint64_t *digest) {
  const tally_payment *payment;
  TRY(tally_cursor_payment(cursor, &payment));
  mix_payment(digest, payment);
  return TALLY_OK;
}

static tally_code next_entry(tally_cursor *cursor, uint64_t *digest) {
  const tally_entry *entry;
  TRY(tally_cursor_entry(cursor, &entry));
  mix_entry(digest, entry);
  return TALLY_OK;
}

/* All rows that a query without fields gives. */
static tally_code mix_rows(tally_ledger *ledger, tally_request *request, tally_command query,
                           tally_code (*next)(tally_cursor *, uint64_t *), uint64_t *digest) {
  tally_cursor *cursor;
  tally_request_begin(request, query);
  TRY(tally_cursor_open(ledger, request, &cursor));
  tally_code code = TALLY_OK;
  while (code == TALLY_OK) code = next(cursor, digest);
  tally_cursor_close(cursor);
  return code == TALLY_DONE ? TALLY_OK : code;
}

static tally_code mix_totals(tally_ledger *ledger, tally_request *request, uint64_t *digest) {
  const tally_totals *rows;
  const tally_closing *closings;
  size_t count;
  unsigned by;
  static const char *const columns[] = {"type", "group", "day", "actor"};
  tally_request_begin(request, TALLY_QUERY_TOTALS);
  tally_request_set_list(request, "by");
  for (int i = 0; i < 4; i++) tally_request_add_text(request, "by", columns[i], strlen(columns[i]));
  TRY(tally_read_totals(ledger, request, &rows, &count, &by));
  for (size_t i = 0; i < count; i++) {
    const tally_totals *row = &rows[i];
    const int64_t numbers[] = {row->collected, row->refunded, row->deposited, row->withdrawn, row->credited,
                               row->lost,      row->rounded,  row->count,     row->money,     row->day};
    mix(digest, numbers, sizeof numbers);
    mix_text(digest, row->type);
    mix_text(digest, row->group);
  }
  TRY(tally_read_closings(ledger, &closings, &count));
  for (size_t i = 0; i < count; i++) {
    mix_number(digest, closings[i].through);
    mix_number(digest, (int64_t)closings[i].counted_count);
    mix_number(digest, (int64_t)closings[i].total_count);
  }
  return TALLY_OK;
}

static tally_code mix_patients(tally_ledger *ledger, tally_request *request, uint64_t *digest) {
  const tally_text *names;
  size_t count;
  char ids[16][16];
  TRY(tally_read_names(ledger, TALLY_NAMES_PATIENT, (tally_text){"", 0}, 16, &names, &count));
  for (size_t i = 0; i < count; i++) {
    memcpy(ids[i], names[i].data, names[i].length);
    ids[i][names[i].length] = '\0';
  }
  for (size_t i = 0; i < count; i++) {
    const tally_patient *patient;
    tally_request_begin(request, TALLY_QUERY_DOCUMENT);
    TRY(tally_read_patient(ledger, (tally_text){ids[i], strlen(ids[i])}, request, &patient));
    mix_text(digest, patient->id);
    mix_number(digest, patient->credit_minor);
    mix_number(digest, patient->owed_minor);
    mix_number(digest, (int64_t)patient->document_count);
  }
  return TALLY_OK;
}

static tally_code mix_places(tally_ledger *ledger, uint64_t *digest) {
  tally_stage stage = {0};
  int64_t seq = 0;
  tally_code code = tally_read_stage(ledger, (tally_text){"F-00002", 7}, (tally_text){"reminders", 9}, &stage);
  if (code && code != TALLY_ERR_DOCUMENT_UNKNOWN) return code;
  mix_text(digest, stage.name);
  TRY(tally_follower_get(ledger, (tally_text){"letters", 7}, &seq));
  mix_number(digest, seq);
  return TALLY_OK;
}

tally_code read_state(tally_ledger *ledger, tally_request *request, uint64_t *digest) {
  tally_head head;
  *digest = 0;
  TRY(tally_read_head(ledger, &head));
  mix_number(digest, head.seq);
  TRY(mix_rows(ledger, request, TALLY_QUERY_DOCUMENTS, next_document, digest));
  TRY(mix_rows(ledger, request, TALLY_QUERY_PAYMENTS, next_payment, digest));
  TRY(mix_rows(ledger, request, TALLY_QUERY_ENTRIES, next_entry, digest));
  TRY(mix_totals(ledger, request, digest));
  TRY(mix_patients(ledger, request, digest));
  return mix_places(ledger, digest);
}
