/* store_journal.c - entries and their free text in SQLite: append and read. */
#include <string.h>

#include "details.h"
#include "store_sqlite.h"

tally_code store_entry_append(store *in, const tally_entry *entry) {
  return held_append(in, entry);
}

/* What is held back must be in the tables before they are asked. */
static tally_code ask(store *in, statement which, sqlite3_stmt **prepared) {
  tally_code code = held_settle(in);
  return code ? code : store_statement(in, which, prepared);
}

static void read_entry_texts(sqlite3_stmt *row, arena *from, tally_entry *entry, bool *failed) {
  entry->number = column_text(row, COLUMN_NUMBER, from, failed);
  entry->document = column_text(row, COLUMN_DOCUMENT, from, failed);
  entry->counter_document = column_text(row, COLUMN_COUNTER_DOCUMENT, from, failed);
  entry->patient = column_text(row, COLUMN_PATIENT, from, failed);
  entry->counter_patient = column_text(row, COLUMN_COUNTER_PATIENT, from, failed);
  entry->type = column_text(row, COLUMN_TYPE, from, failed);
  entry->key = column_text(row, COLUMN_KEY, from, failed);
}

/* A hash of another length than 32 bytes is read as zeros: it fits no chain. */
static void read_hash(sqlite3_stmt *row, tally_entry *entry) {
  const void *hash = sqlite3_column_blob(row, COLUMN_HASH);
  if (hash && sqlite3_column_bytes(row, COLUMN_HASH) == (int)sizeof entry->hash) {
    memcpy(entry->hash, hash, sizeof entry->hash);
  }
}

static tally_code damaged_entry(store *in, int64_t seq) {
  in->damaged_seq = seq;
  return store_failed_with(in, TALLY_ERR_CORRUPT, "entry %lld cannot be read; go back to a backup", (long long)seq);
}

static tally_code read_entry(store *in, sqlite3_stmt *row, arena *from, tally_entry *entry) {
  bool failed = false, damaged = false;
  *entry = (tally_entry){0};
  entry->seq = sqlite3_column_int64(row, COLUMN_SEQ);
  entry->kind = (tally_kind)column_int32(row, COLUMN_KIND, &damaged);
  entry->amount_minor = sqlite3_column_int64(row, COLUMN_AMOUNT);
  entry->at_ms = sqlite3_column_int64(row, COLUMN_AT);
  entry->day = column_int32(row, COLUMN_DAY, &damaged);
  entry->refers = sqlite3_column_int64(row, COLUMN_REFERS);
  read_entry_texts(row, from, entry, &failed);
  tally_text details = column_blob(row, COLUMN_DETAILS, from, &failed);
  read_hash(row, entry);
  if (failed) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  return damaged || !details_decode(details, entry) ? damaged_entry(in, entry->seq) : TALLY_OK;
}

/* Reads the one row of a prepared and bound query. */
static tally_code read_one(store *in, sqlite3_stmt *prepared, arena *from, tally_entry *entry) {
  tally_code code = store_step(in, prepared);
  if (code) return code;
  code = read_entry(in, prepared, from, entry);
  sqlite3_reset(prepared);
  return code;
}

static tally_code read_page(store *in, sqlite3_stmt *prepared, arena *from, tally_entry *rows, size_t room,
                            size_t *count) {
  tally_code code = TALLY_OK;
  *count = 0;
  in->damaged_seq = 0;
  while (!code && *count < room) {
    code = store_step(in, prepared);
    if (code == TALLY_DONE) return TALLY_OK;
    if (!code) code = read_entry(in, prepared, from, &rows[(*count)++]);
  }
  sqlite3_reset(prepared);
  return code;
}

int64_t store_damaged_entry(const store *in) {
  return in->damaged_seq;
}

tally_code store_entry_get(store *in, arena *from, int64_t seq, tally_entry *entry) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_ENTRY_GET, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, seq);
  return read_one(in, prepared, from, entry);
}

tally_code store_entry_last(store *in, arena *from, tally_entry *entry) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_ENTRY_LAST, &prepared);
  return code ? code : read_one(in, prepared, from, entry);
}

tally_code store_entry_serial(store *in, int64_t seq, int64_t *serial) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_ENTRY_DETAILS, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, seq);
  code = store_step(in, prepared);
  if (code) return code;
  tally_text details = {sqlite3_column_blob(prepared, 0), (size_t)sqlite3_column_bytes(prepared, 0)};
  *serial = details_serial(details);
  sqlite3_reset(prepared);
  return *serial < 0 ? damaged_entry(in, seq) : TALLY_OK;
}

/* A key that no entry has, the usual case, is asked of its index alone, without writing what is held back. */
tally_code store_entry_by_key(store *in, arena *from, tally_text key, tally_entry *entry) {
  sqlite3_stmt *prepared;
  int64_t seq = held_key(in, key);
  if (seq) return store_entry_get(in, from, seq, entry);
  tally_code code = store_statement(in, STMT_SEQ_OF_KEY, &prepared);
  if (code) return code;
  bind_text(prepared, 1, key);
  code = store_read_integer(in, prepared, &seq);
  return code ? code : store_entry_get(in, from, seq, entry);
}

tally_code store_entries_after(store *in, arena *from, int64_t after_seq, tally_entry *rows, size_t room,
                               size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_ENTRIES_AFTER, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, after_seq);
  sqlite3_bind_int64(prepared, 2, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

tally_code store_corrections(store *in, arena *from, int64_t after_day, int64_t after_seq, int64_t last_day,
                             tally_entry *rows, size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_CORRECTIONS, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, after_day);
  sqlite3_bind_int64(prepared, 2, after_seq);
  sqlite3_bind_int64(prepared, 3, last_day);
  sqlite3_bind_int64(prepared, 4, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

static tally_code entries_of(store *in, statement which, arena *from, tally_text name, int64_t after_seq,
                             tally_entry *rows, size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, which, &prepared);
  if (code) return code;
  bind_text(prepared, 1, name);
  sqlite3_bind_int64(prepared, 2, after_seq);
  sqlite3_bind_int64(prepared, 3, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

tally_code store_entries_of_document(store *in, arena *from, tally_text document, int64_t after_seq, tally_entry *rows,
                                     size_t room, size_t *count) {
  return entries_of(in, STMT_ENTRIES_OF_DOCUMENT, from, document, after_seq, rows, room, count);
}

tally_code store_entries_by_document(store *in, arena *from, tally_text after, int64_t after_seq, tally_entry *rows,
                                     size_t room, size_t *count) {
  return entries_of(in, STMT_ENTRIES_BY_DOCUMENT, from, after.data ? after : text_of(""), after_seq, rows, room,
                    count);
}

tally_code store_invoice_released(store *in, tally_text invoice, bool *released) {
  sqlite3_stmt *prepared;
  int64_t found = 0;
  tally_code code = ask(in, STMT_INVOICE_RELEASED, &prepared);
  if (code) return code;
  bind_text(prepared, 1, invoice);
  code = store_read_integer(in, prepared, &found);
  *released = found != 0;
  return code;
}

static tally_code read_link(store *in, sqlite3_stmt *row, arena *from, tally_entry *entry) {
  bool failed = false;
  *entry = (tally_entry){0};
  entry->seq = sqlite3_column_int64(row, 0);
  entry->kind = (tally_kind)sqlite3_column_int(row, 1);
  entry->number = column_text(row, 2, from, &failed);
  entry->document = column_text(row, 3, from, &failed);
  tally_text details = column_blob(row, 4, from, &failed);
  if (failed) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  return details_decode(details, entry) ? TALLY_OK : damaged_entry(in, entry->seq);
}

tally_code store_links_of_document(store *in, arena *from, const link_query *query, tally_entry *rows, size_t room,
                                   size_t *count) {
  sqlite3_stmt *prepared;
  *count = 0;
  tally_code code = ask(in, query->joins ? STMT_LINKS_OF_INVOICE : STMT_LINKS_OF_DOCUMENT, &prepared);
  if (code) return code;
  bind_text(prepared, 1, query->document);
  sqlite3_bind_int64(prepared, 2, query->after_seq);
  sqlite3_bind_int64(prepared, 3, query->last_seq);
  sqlite3_bind_int64(prepared, 4, query->last_at_ms);
  if (!query->joins) sqlite3_bind_int64(prepared, 5, query->made_seq);
  sqlite3_bind_int64(prepared, query->joins ? 5 : 6, (sqlite3_int64)room);
  while (*count < room && (code = store_step(in, prepared)) == TALLY_OK) {
    code = read_link(in, prepared, from, &rows[(*count)++]);
    if (code) break;
  }
  sqlite3_reset(prepared);
  return code == TALLY_DONE ? TALLY_OK : code;
}

tally_code store_entries_of_patient(store *in, arena *from, tally_text patient, int64_t after_seq, tally_entry *rows,
                                    size_t room, size_t *count) {
  return entries_of(in, STMT_ENTRIES_OF_PATIENT, from, patient, after_seq, rows, room, count);
}

tally_code store_refunds_of(store *in, arena *from, const tally_entry *entry, int64_t after_seq, tally_entry *rows,
                            size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_REFUNDS_OF, &prepared);
  if (code) return code;
  bind_text(prepared, 1, entry->document);
  sqlite3_bind_int64(prepared, 2, entry->seq);
  sqlite3_bind_int64(prepared, 3, after_seq);
  sqlite3_bind_int64(prepared, 4, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

tally_code store_reversal_of(store *in, int64_t seq, int64_t *reversal) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_REVERSAL_OF, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, seq);
  return store_read_integer(in, prepared, reversal);
}

tally_code store_annotation_put(store *in, const annotation_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_ANNOTATION_PUT, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, row->seq);
  sqlite3_bind_int(prepared, 2, (int)row->field);
  bind_blob(prepared, 3, row->salt);
  bind_text(prepared, 4, row->body);
  bind_blob(prepared, 5, row->digest);
  return store_run(in, prepared);
}

tally_code store_annotation_get(store *in, arena *from, int64_t seq, annotation_field field, annotation_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_ANNOTATION_GET, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, seq);
  sqlite3_bind_int(prepared, 2, (int)field);
  code = store_step(in, prepared);
  if (code) return code;
  bool failed = false;
  *row = (annotation_row){.seq = seq, .field = field};
  row->salt = column_blob(prepared, 0, from, &failed);
  row->body = column_text(prepared, 1, from, &failed);
  row->digest = column_blob(prepared, 2, from, &failed);
  sqlite3_reset(prepared);
  return failed ? store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory") : TALLY_OK;
}
