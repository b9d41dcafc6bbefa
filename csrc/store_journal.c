/* store_journal.c - entries and their free text in SQLite: append and read. */
#include <string.h>

#include "store_sqlite.h"

/* The order of ENTRY_COLUMNS; binding counts from 1, reading from 0. */
enum {
  COLUMN_SEQ,
  COLUMN_ACT,
  COLUMN_KIND,
  COLUMN_COMMAND,
  COLUMN_NUMBER,
  COLUMN_DOCUMENT,
  COLUMN_COUNTER_DOCUMENT,
  COLUMN_PATIENT,
  COLUMN_COUNTER_PATIENT,
  COLUMN_TYPE,
  COLUMN_TYPE_VERSION,
  COLUMN_AMOUNT,
  COLUMN_AT,
  COLUMN_DAY,
  COLUMN_RECORDED,
  COLUMN_ACTOR,
  COLUMN_GROUP,
  COLUMN_REFERENCE,
  COLUMN_TENDERED,
  COLUMN_DUE,
  COLUMN_FIELDS,
  COLUMN_COMMITMENT,
  COLUMN_KEY,
  COLUMN_CONTENT,
  COLUMN_REFERS,
  COLUMN_SCRIPT,
  COLUMN_HASH
};

static void bind_entry(sqlite3_stmt *prepared, const tally_entry *entry) {
  sqlite3_bind_int64(prepared, COLUMN_SEQ + 1, entry->seq);
  sqlite3_bind_int64(prepared, COLUMN_ACT + 1, entry->act);
  sqlite3_bind_int(prepared, COLUMN_KIND + 1, (int)entry->kind);
  sqlite3_bind_int(prepared, COLUMN_COMMAND + 1, (int)entry->command);
  bind_text(prepared, COLUMN_NUMBER + 1, entry->number);
  bind_text(prepared, COLUMN_DOCUMENT + 1, entry->document);
  bind_text(prepared, COLUMN_COUNTER_DOCUMENT + 1, entry->counter_document);
  bind_text(prepared, COLUMN_PATIENT + 1, entry->patient);
  bind_text(prepared, COLUMN_COUNTER_PATIENT + 1, entry->counter_patient);
  bind_text(prepared, COLUMN_TYPE + 1, entry->type);
  bind_integer_or_null(prepared, COLUMN_TYPE_VERSION + 1, entry->type.data != NULL, entry->type_version);
  sqlite3_bind_int64(prepared, COLUMN_AMOUNT + 1, entry->amount_minor);
  sqlite3_bind_int64(prepared, COLUMN_AT + 1, entry->at_ms);
  sqlite3_bind_int(prepared, COLUMN_DAY + 1, entry->day);
  sqlite3_bind_int64(prepared, COLUMN_RECORDED + 1, entry->recorded_at_ms);
  bind_text(prepared, COLUMN_ACTOR + 1, entry->actor);
  bind_text(prepared, COLUMN_GROUP + 1, entry->group);
  bind_text(prepared, COLUMN_REFERENCE + 1, entry->reference);
  bind_integer_or_null(prepared, COLUMN_TENDERED + 1, entry->has_tendered, entry->tendered_minor);
  bind_integer_or_null(prepared, COLUMN_DUE + 1, entry->has_due, entry->due);
  bind_blob(prepared, COLUMN_FIELDS + 1, entry->fields);
  bind_blob(prepared, COLUMN_COMMITMENT + 1, entry->commitment);
  bind_text(prepared, COLUMN_KEY + 1, entry->key);
  bind_blob(prepared, COLUMN_CONTENT + 1, entry->content);
  bind_integer_or_null(prepared, COLUMN_REFERS + 1, entry->refers != 0, entry->refers);
  sqlite3_bind_int(prepared, COLUMN_SCRIPT + 1, entry->script_version);
  sqlite3_bind_blob(prepared, COLUMN_HASH + 1, entry->hash, sizeof entry->hash, SQLITE_STATIC);
}

tally_code store_entry_append(store *in, const tally_entry *entry) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_ENTRY_PUT, &prepared);
  if (code) return code;
  bind_entry(prepared, entry);
  return store_run(in, prepared);
}

static void read_entry_texts(sqlite3_stmt *row, arena *from, tally_entry *entry, bool *failed) {
  entry->number = column_text(row, COLUMN_NUMBER, from, failed);
  entry->document = column_text(row, COLUMN_DOCUMENT, from, failed);
  entry->counter_document = column_text(row, COLUMN_COUNTER_DOCUMENT, from, failed);
  entry->patient = column_text(row, COLUMN_PATIENT, from, failed);
  entry->counter_patient = column_text(row, COLUMN_COUNTER_PATIENT, from, failed);
  entry->type = column_text(row, COLUMN_TYPE, from, failed);
  entry->actor = column_text(row, COLUMN_ACTOR, from, failed);
  entry->group = column_text(row, COLUMN_GROUP, from, failed);
  entry->reference = column_text(row, COLUMN_REFERENCE, from, failed);
  entry->fields = column_blob(row, COLUMN_FIELDS, from, failed);
  entry->commitment = column_blob(row, COLUMN_COMMITMENT, from, failed);
  entry->key = column_text(row, COLUMN_KEY, from, failed);
  entry->content = column_blob(row, COLUMN_CONTENT, from, failed);
}

/* A hash of another length than 32 bytes is read as zeros: it fits no chain. */
static void read_hash(sqlite3_stmt *row, tally_entry *entry) {
  const void *hash = sqlite3_column_blob(row, COLUMN_HASH);
  if (hash && sqlite3_column_bytes(row, COLUMN_HASH) == (int)sizeof entry->hash) {
    memcpy(entry->hash, hash, sizeof entry->hash);
  }
}

static tally_code read_entry(store *in, sqlite3_stmt *row, arena *from, tally_entry *entry) {
  bool failed = false, damaged = false;
  *entry = (tally_entry){0};
  entry->seq = sqlite3_column_int64(row, COLUMN_SEQ);
  entry->act = sqlite3_column_int64(row, COLUMN_ACT);
  entry->kind = (tally_kind)column_int32(row, COLUMN_KIND, &damaged);
  entry->command = (tally_command)column_int32(row, COLUMN_COMMAND, &damaged);
  entry->type_version = column_int32(row, COLUMN_TYPE_VERSION, &damaged);
  entry->amount_minor = sqlite3_column_int64(row, COLUMN_AMOUNT);
  entry->at_ms = sqlite3_column_int64(row, COLUMN_AT);
  entry->day = column_int32(row, COLUMN_DAY, &damaged);
  entry->recorded_at_ms = sqlite3_column_int64(row, COLUMN_RECORDED);
  entry->has_tendered = sqlite3_column_type(row, COLUMN_TENDERED) != SQLITE_NULL;
  entry->tendered_minor = sqlite3_column_int64(row, COLUMN_TENDERED);
  entry->has_due = sqlite3_column_type(row, COLUMN_DUE) != SQLITE_NULL;
  entry->due = column_int32(row, COLUMN_DUE, &damaged);
  entry->refers = sqlite3_column_int64(row, COLUMN_REFERS);
  entry->script_version = column_int32(row, COLUMN_SCRIPT, &damaged);
  read_entry_texts(row, from, entry, &failed);
  read_hash(row, entry);
  if (damaged)
    return store_failed_with(in, TALLY_ERR_CORRUPT, "a number of the file is out of its range; go back to a backup");
  return failed ? store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory") : TALLY_OK;
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
  while (!code && *count < room) {
    code = store_step(in, prepared);
    if (code == TALLY_DONE) return TALLY_OK;
    if (!code) code = read_entry(in, prepared, from, &rows[(*count)++]);
  }
  sqlite3_reset(prepared);
  return code;
}

tally_code store_entry_get(store *in, arena *from, int64_t seq, tally_entry *entry) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_ENTRY_GET, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, seq);
  return read_one(in, prepared, from, entry);
}

tally_code store_entry_last(store *in, arena *from, tally_entry *entry) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_ENTRY_LAST, &prepared);
  return code ? code : read_one(in, prepared, from, entry);
}

static tally_code entry_by_text(store *in, statement which, arena *from, tally_text text, tally_entry *entry) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, which, &prepared);
  if (code) return code;
  bind_text(prepared, 1, text);
  return read_one(in, prepared, from, entry);
}

tally_code store_entry_by_number(store *in, arena *from, tally_text number, tally_entry *entry) {
  return entry_by_text(in, STMT_ENTRY_BY_NUMBER, from, number, entry);
}

tally_code store_entry_by_key(store *in, arena *from, tally_text key, tally_entry *entry) {
  return entry_by_text(in, STMT_ENTRY_BY_KEY, from, key, entry);
}

tally_code store_entries_after(store *in, arena *from, int64_t after_seq, tally_entry *rows, size_t room,
                               size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_ENTRIES_AFTER, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, after_seq);
  sqlite3_bind_int64(prepared, 2, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

static tally_code entries_of(store *in, statement which, arena *from, tally_text name, int64_t after_seq,
                             tally_entry *rows, size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, which, &prepared);
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

tally_code store_invoice_moved_by(store *in, tally_text invoice, tally_command command, bool *moved) {
  sqlite3_stmt *prepared;
  int64_t found = 0;
  tally_code code = store_statement(in, STMT_MOVED_BY, &prepared);
  if (code) return code;
  bind_text(prepared, 1, invoice);
  sqlite3_bind_int(prepared, 2, (int)command);
  code = store_read_integer(in, prepared, &found);
  *moved = found != 0;
  return code;
}

static tally_code read_link(store *in, sqlite3_stmt *row, arena *from, tally_entry *entry) {
  bool failed = false;
  *entry = (tally_entry){0};
  entry->seq = sqlite3_column_int64(row, 0);
  entry->act = sqlite3_column_int64(row, 1);
  entry->kind = (tally_kind)sqlite3_column_int(row, 2);
  entry->number = column_text(row, 3, from, &failed);
  entry->document = column_text(row, 4, from, &failed);
  entry->commitment = column_blob(row, 5, from, &failed);
  return failed ? store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory") : TALLY_OK;
}

tally_code store_links_of_document(store *in, arena *from, const link_query *query, tally_entry *rows, size_t room,
                                   size_t *count) {
  sqlite3_stmt *prepared;
  *count = 0;
  tally_code code = store_statement(in, query->joins ? STMT_LINKS_OF_INVOICE : STMT_LINKS_OF_DOCUMENT, &prepared);
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
  tally_code code = store_statement(in, STMT_REFUNDS_OF, &prepared);
  if (code) return code;
  bind_text(prepared, 1, entry->document);
  sqlite3_bind_int64(prepared, 2, entry->seq);
  sqlite3_bind_int64(prepared, 3, after_seq);
  sqlite3_bind_int64(prepared, 4, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

tally_code store_reversal_of(store *in, int64_t seq, int64_t *reversal) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_REVERSAL_OF, &prepared);
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
