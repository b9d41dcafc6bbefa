/* store_held.c - rows that the open transaction holds back, and the virtual tables by which one statement writes them all.
 *
 * A statement that writes one row costs several times what one row more costs a statement that writes many. So entries
 * wait in memory, and documents in a small cache, until something else reads or writes their tables, a savepoint begins,
 * or the transaction ends. Documents that were read stay kept, for as long as no other connection has written. */
#include <stdlib.h>
#include <string.h>

#include "details.h"
#include "store_sqlite.h"

/* FNV-1a (Fowler, Noll, Vo): short texts; who chooses them to collide only slows himself. */
static uint32_t hash_text(tally_text text) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < text.length; i++) hash = (hash ^ (unsigned char)text.data[i]) * 16777619u;
  return hash ^ hash >> 15;
}

/* ---- Entries ---- */

static uint16_t *key_slot(store *in, tally_text key) {
  held_rows *held = &in->held;
  for (uint32_t at = hash_text(key);; at++) {
    uint16_t *slot = &held->keys[at % HELD_KEY_SLOTS];
    if (*slot == 0 || text_equal(held->entries[*slot - 1].key, key)) return slot;
  }
}

int64_t held_key(store *in, tally_text key) {
  if (in->held.entry_count == 0) return 0;
  uint16_t slot = *key_slot(in, key);
  return slot ? in->held.entries[slot - 1].seq : 0;
}

/* Copies what has a column of its own; the rest goes into the details. */
static bool copy_entry(arena *memory, const tally_entry *entry, held_entry *copy) {
  *copy = (held_entry){.seq = entry->seq,
                       .kind = entry->kind,
                       .amount_minor = entry->amount_minor,
                       .at_ms = entry->at_ms,
                       .day = entry->day,
                       .refers = entry->refers};
  memcpy(copy->hash, entry->hash, sizeof copy->hash);
  const tally_text *from[] = {&entry->number,  &entry->document,        &entry->counter_document,
                              &entry->patient, &entry->counter_patient, &entry->type,
                              &entry->key};
  tally_text *to[] = {&copy->number, &copy->document, &copy->counter_document, &copy->patient, &copy->counter_patient,
                      &copy->type,   &copy->key};
  for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
    *to[i] = arena_copy(memory, *from[i]);
    if (!arena_copied(*from[i], *to[i])) return false;
  }
  copy->details = details_encode(memory, entry);
  return copy->details.data != NULL;
}

tally_code held_append(store *in, const tally_entry *entry) {
  held_rows *held = &in->held;
  if (held->entries == NULL) held->entries = malloc(HELD_ENTRIES_MAX * sizeof *held->entries);
  if (held->entry_count == HELD_ENTRIES_MAX) {
    tally_code code = held_settle(in);
    if (code) return code;
  }
  held->touched = true;
  if (held->entries == NULL || !copy_entry(&held->memory, entry, &held->entries[held->entry_count]))
    return store_failed_with(in, held->failed = TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  held->entry_count++;
  if (entry->key.data) *key_slot(in, entry->key) = (uint16_t)held->entry_count;
  return TALLY_OK;
}

/* ---- Documents ---- */

static bool is_kept(const store *in, const kept_document *slot) {
  return slot->generation == in->held.generation;
}

/* The places of a number. */
static kept_document *place(store *in, uint32_t hash, unsigned which) {
  return &in->held.documents[(hash + which) % KEPT_DOCUMENTS];
}

static kept_document *find_kept(store *in, tally_text number) {
  uint32_t hash = hash_text(number);
  if (in->held.documents == NULL) return NULL;
  for (unsigned which = 0; which < KEPT_PLACES; which++) {
    kept_document *slot = place(in, hash, which);
    if (is_kept(in, slot) && text_equal(slot->row.number, number)) return slot;
  }
  return NULL;
}

/* What is kept is right only in a transaction or snapshot: there nobody else's writing is seen. */
static bool may_keep(const store *in) {
  return store_in_transaction(in);
}

bool held_document(store *in, arena *from, tally_text number, document_row *row, tally_code *code) {
  const kept_document *slot = may_keep(in) ? find_kept(in, number) : NULL;
  if (slot == NULL) return false;
  *row = slot->row;
  *code = TALLY_OK;
  tally_text copied = arena_copy(from, (tally_text){slot->texts, slot->length});
  if (copied.data == NULL) {
    *code = store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
    return true;
  }
  row->number.data = copied.data;
  row->patient.data = copied.data + row->number.length;
  if (row->invoice.data) row->invoice.data = row->patient.data + row->patient.length;
  return true;
}

/* Finds where a number may be kept: where it is, a free place, or one whose row need not be written. */
static kept_document *choose_slot(store *in, tally_text number) {
  uint32_t hash = hash_text(number);
  kept_document *found = find_kept(in, number);
  for (unsigned which = 0; found == NULL && which < KEPT_PLACES; which++) {
    kept_document *slot = place(in, hash, which);
    if (!is_kept(in, slot)) found = slot;
  }
  for (unsigned which = 0; found == NULL && which < KEPT_PLACES; which++) {
    kept_document *slot = place(in, hash, which);
    if (slot->change == HELD_SAME) found = slot;
  }
  return found;
}

static bool copy_texts(kept_document *slot, const document_row *row) {
  const tally_text texts[] = {row->number, row->patient, row->invoice};
  size_t length = row->number.length + row->patient.length + row->invoice.length;
  if (slot->texts == NULL || slot->room < length) {
    char *grown = realloc(slot->texts, length + 16);
    if (grown == NULL) return false;
    slot->texts = grown;
    slot->room = length + 16;
  }
  char *at = slot->texts;
  tally_text *to[] = {&slot->row.number, &slot->row.patient, &slot->row.invoice};
  slot->row = *row;
  slot->length = length;
  for (size_t i = 0; i < sizeof to / sizeof to[0]; i++) {
    if (texts[i].data == NULL) continue;
    if (texts[i].length) memmove(at, texts[i].data, texts[i].length);
    to[i]->data = at;
    at += texts[i].length;
  }
  return true;
}

static tally_code out_of_memory(store *in, held_change change) {
  if (change != HELD_SAME) in->held.failed = TALLY_ERR_OUT_OF_MEMORY;
  return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
}

tally_code held_keep(store *in, const document_row *row, held_change change) {
  held_rows *held = &in->held;
  if (!may_keep(in)) return TALLY_OK;
  if (held->documents == NULL) held->documents = calloc(KEPT_DOCUMENTS, sizeof *held->documents);
  if (held->documents == NULL) return out_of_memory(in, change);
  kept_document *slot = choose_slot(in, row->number);
  if (slot == NULL || held->changed_count == CHANGED_DOCUMENTS) {
    tally_code code = held_settle(in);
    if (code) return code;
    slot = choose_slot(in, row->number);
  }
  held_change before = is_kept(in, slot) && text_equal(slot->row.number, row->number) ? slot->change : HELD_SAME;
  slot->generation = 0;
  slot->lists_length = 0;
  if (!copy_texts(slot, row)) return out_of_memory(in, change);
  slot->generation = held->generation;
  slot->change = change > before ? change : before;
  if (before == HELD_SAME && change != HELD_SAME) held->changed[held->changed_count++] = slot;
  held->touched = held->touched || change != HELD_SAME;
  return TALLY_OK;
}

tally_text held_lists(store *in, arena *from, tally_text number) {
  const kept_document *slot = may_keep(in) ? find_kept(in, number) : NULL;
  if (slot == NULL || slot->lists_length == 0) return (tally_text){NULL, 0};
  return arena_copy(from, (tally_text){slot->lists, slot->lists_length});
}

void held_keep_lists(store *in, tally_text number, tally_text lists) {
  kept_document *slot = may_keep(in) && lists.length <= KEPT_LISTS_BYTES ? find_kept(in, number) : NULL;
  if (slot == NULL) return;
  char *grown = realloc(slot->lists, lists.length);
  if (grown == NULL) return;
  memcpy(grown, lists.data, lists.length);
  slot->lists = grown;
  slot->lists_length = lists.length;
}

/* ---- The virtual tables ---- */

typedef struct held_cursor {
  sqlite3_vtab_cursor base;
  size_t at;
} held_cursor;

typedef struct held_table {
  sqlite3_vtab base;
  const store *in;
} held_table;

static const store *store_of(const sqlite3_vtab_cursor *cursor) {
  return ((const held_table *)cursor->pVtab)->in;
}

static int connect_table(sqlite3 *database, void *in, const char *columns, sqlite3_vtab **out) {
  held_table *table = sqlite3_malloc(sizeof *table);
  if (table == NULL) return SQLITE_NOMEM;
  *table = (held_table){.in = in};
  int status = sqlite3_declare_vtab(database, columns);
  if (status == SQLITE_OK) *out = &table->base;
  else sqlite3_free(table); /* SQLite lets go only of what was made */
  return status;
}

static int connect_entries(sqlite3 *database, void *in, int count, const char *const *words, sqlite3_vtab **out,
                           char **message) {
  (void)count, (void)words, (void)message;
  return connect_table(database, in, "CREATE TABLE held (" ENTRY_COLUMNS ")", out);
}

static int connect_documents(sqlite3 *database, void *in, int count, const char *const *words, sqlite3_vtab **out,
                             char **message) {
  (void)count, (void)words, (void)message;
  return connect_table(database, in, "CREATE TABLE held (" DOCUMENT_COLUMNS ")", out);
}

static int disconnect_table(sqlite3_vtab *table) {
  sqlite3_free(table);
  return SQLITE_OK;
}

/* There is one way to read it; few rows, so that the planner begins here. */
static int best_index(sqlite3_vtab *table, sqlite3_index_info *info) {
  (void)table;
  info->estimatedCost = 10;
  info->estimatedRows = 10;
  return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out) {
  (void)table;
  held_cursor *cursor = sqlite3_malloc(sizeof *cursor);
  if (cursor == NULL) return SQLITE_NOMEM;
  *cursor = (held_cursor){.at = 0};
  *out = &cursor->base;
  return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor) {
  sqlite3_free(cursor);
  return SQLITE_OK;
}

static int first_row(sqlite3_vtab_cursor *cursor, int index, const char *name, int count, sqlite3_value **values) {
  (void)index, (void)name, (void)count, (void)values;
  ((held_cursor *)cursor)->at = 0;
  return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *cursor) {
  ((held_cursor *)cursor)->at++;
  return SQLITE_OK;
}

static int entries_ended(sqlite3_vtab_cursor *cursor) {
  return ((held_cursor *)cursor)->at >= store_of(cursor)->held.entry_count;
}

static int documents_ended(sqlite3_vtab_cursor *cursor) {
  return ((held_cursor *)cursor)->at >= store_of(cursor)->held.written_count;
}

static int row_number(sqlite3_vtab_cursor *cursor, sqlite3_int64 *number) {
  *number = (sqlite3_int64)((held_cursor *)cursor)->at;
  return SQLITE_OK;
}

/* What is held stays where it is until the statement has ended. */
static void give_text(sqlite3_context *context, tally_text text) {
  if (text.data) sqlite3_result_text64(context, text.data, text.length, SQLITE_STATIC, SQLITE_UTF8);
}

static void give_blob(sqlite3_context *context, const void *data, size_t length) {
  sqlite3_result_blob64(context, data, length, SQLITE_STATIC);
}

static int entry_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int index) {
  const held_entry *entry = &store_of(cursor)->held.entries[((held_cursor *)cursor)->at];
  switch (index) {
  case COLUMN_SEQ:
    sqlite3_result_int64(context, entry->seq);
    break;
  case COLUMN_KIND:
    sqlite3_result_int(context, (int)entry->kind);
    break;
  case COLUMN_NUMBER:
    give_text(context, entry->number);
    break;
  case COLUMN_DOCUMENT:
    give_text(context, entry->document);
    break;
  case COLUMN_COUNTER_DOCUMENT:
    give_text(context, entry->counter_document);
    break;
  case COLUMN_PATIENT:
    give_text(context, entry->patient);
    break;
  case COLUMN_COUNTER_PATIENT:
    give_text(context, entry->counter_patient);
    break;
  case COLUMN_TYPE:
    give_text(context, entry->type);
    break;
  case COLUMN_AMOUNT:
    sqlite3_result_int64(context, entry->amount_minor);
    break;
  case COLUMN_AT:
    sqlite3_result_int64(context, entry->at_ms);
    break;
  case COLUMN_DAY:
    sqlite3_result_int(context, entry->day);
    break;
  case COLUMN_KEY:
    give_text(context, entry->key);
    break;
  case COLUMN_REFERS:
    if (entry->refers) sqlite3_result_int64(context, entry->refers);
    break;
  case COLUMN_DETAILS:
    give_blob(context, entry->details.data, entry->details.length);
    break;
  default:
    give_blob(context, entry->hash, sizeof entry->hash);
  }
  return SQLITE_OK;
}

static int document_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int index) {
  const document_row *row = &store_of(cursor)->held.written[((held_cursor *)cursor)->at]->row;
  const tally_facts *facts = &row->facts;
  switch (index) {
  case COLUMN_ID:
    sqlite3_result_int64(context, row->id);
    break;
  case COLUMN_ITS_NUMBER:
    give_text(context, row->number);
    break;
  case COLUMN_ITS_KIND:
    sqlite3_result_int(context, (int)facts->kind);
    break;
  case COLUMN_ITS_PATIENT:
    give_text(context, row->patient);
    break;
  case COLUMN_ITS_AT:
    sqlite3_result_int64(context, row->at_ms);
    break;
  case COLUMN_ITS_RECORDED:
    sqlite3_result_int64(context, row->recorded_at_ms);
    break;
  case COLUMN_ITS_DAY:
    sqlite3_result_int(context, row->day);
    break;
  case COLUMN_ITS_DUE:
    if (row->has_due) sqlite3_result_int(context, row->due);
    break;
  case COLUMN_INVOICE:
    give_text(context, row->invoice);
    break;
  case COLUMN_CANCELLED:
    sqlite3_result_int(context, facts->cancelled);
    break;
  case COLUMN_OPEN:
    sqlite3_result_int(context, row->open);
    break;
  case COLUMN_CHARGED:
    sqlite3_result_int64(context, facts->charged);
    break;
  case COLUMN_COLLECTED:
    sqlite3_result_int64(context, facts->collected);
    break;
  case COLUMN_CREDITED:
    sqlite3_result_int64(context, facts->credited);
    break;
  case COLUMN_DISCOUNTED:
    sqlite3_result_int64(context, facts->discounted);
    break;
  case COLUMN_LOST:
    sqlite3_result_int64(context, facts->lost);
    break;
  default:
    sqlite3_result_int64(context, facts->rounded);
  }
  return SQLITE_OK;
}

/* Without xCreate a table is there by its module's name alone, in no schema. */
#define HELD_MODULE(connect, ended, column)                                                                           \
  {                                                                                                                   \
    .xConnect = connect, .xBestIndex = best_index, .xDisconnect = disconnect_table, .xOpen = open_cursor,             \
    .xClose = close_cursor, .xFilter = first_row, .xNext = next_row, .xEof = ended, .xColumn = column,                \
    .xRowid = row_number                                                                                              \
  }

static const sqlite3_module entries_module = HELD_MODULE(connect_entries, entries_ended, entry_column);
static const sqlite3_module documents_module = HELD_MODULE(connect_documents, documents_ended, document_column);

tally_code held_register(store *in) {
  in->held.generation = 1;
  int status = sqlite3_create_module_v2(in->database, HELD_ENTRIES, &entries_module, in, NULL);
  if (!status) status = sqlite3_create_module_v2(in->database, HELD_DOCUMENTS, &documents_module, in, NULL);
  return status ? store_failed(in) : TALLY_OK;
}

/* ---- Writing ---- */

static int compare_ids(const void *a, const void *b) {
  int64_t left = (*(kept_document *const *)a)->row.id, right = (*(kept_document *const *)b)->row.id;
  return left < right ? -1 : left > right;
}

/* Whether the last statement wrote as many rows as were held: the tables may not be what they should. */
static tally_code check_written(store *in, size_t rows) {
  if (sqlite3_changes64(in->database) == (sqlite3_int64)rows) return TALLY_OK;
  return store_failed_with(in, TALLY_ERR_CORRUPT,
                           "a row of the file was not there to be written; run verify and go back to a backup");
}

/* One row is written faster by a statement of its own than by one that reads a virtual table. */
static tally_code write_entry(store *in, const held_entry *entry) {
  sqlite3_stmt *row;
  tally_code code = store_statement(in, STMT_ENTRY_PUT, &row);
  if (code) return code;
  sqlite3_bind_int64(row, COLUMN_SEQ + 1, entry->seq);
  sqlite3_bind_int(row, COLUMN_KIND + 1, (int)entry->kind);
  bind_text(row, COLUMN_NUMBER + 1, entry->number);
  bind_text(row, COLUMN_DOCUMENT + 1, entry->document);
  bind_text(row, COLUMN_COUNTER_DOCUMENT + 1, entry->counter_document);
  bind_text(row, COLUMN_PATIENT + 1, entry->patient);
  bind_text(row, COLUMN_COUNTER_PATIENT + 1, entry->counter_patient);
  bind_text(row, COLUMN_TYPE + 1, entry->type);
  sqlite3_bind_int64(row, COLUMN_AMOUNT + 1, entry->amount_minor);
  sqlite3_bind_int64(row, COLUMN_AT + 1, entry->at_ms);
  sqlite3_bind_int(row, COLUMN_DAY + 1, entry->day);
  bind_text(row, COLUMN_KEY + 1, entry->key);
  bind_integer_or_null(row, COLUMN_REFERS + 1, entry->refers != 0, entry->refers);
  bind_blob(row, COLUMN_DETAILS + 1, entry->details);
  bind_blob(row, COLUMN_HASH + 1, (tally_text){(const char *)entry->hash, sizeof entry->hash});
  return store_run(in, row);
}

static tally_code write_entries(store *in) {
  const held_rows *held = &in->held;
  if (held->entry_count == 0) return TALLY_OK;
  tally_code code =
      held->entry_count == 1 ? write_entry(in, &held->entries[0]) : store_run_plain(in, STMT_ENTRIES_PUT);
  return code ? code : check_written(in, held->entry_count);
}

static tally_code write_document(store *in, const document_row *row, held_change change) {
  static const statement statements[] = {
      [HELD_FACTS] = STMT_DOCUMENT_SET_FACTS, [HELD_OPEN] = STMT_DOCUMENT_SET_OPEN, [HELD_ALL] = STMT_DOCUMENT_SET};
  sqlite3_stmt *prepared;
  const tally_facts *facts = &row->facts;
  tally_code code = store_statement(in, statements[change], &prepared);
  if (code) return code;
  const int64_t columns[] = {facts->charged,    facts->collected, facts->credited,
                             facts->discounted, facts->lost,      facts->rounded};
  int at = 1;
  for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) sqlite3_bind_int64(prepared, at++, columns[i]);
  if (change == HELD_ALL) bind_text(prepared, at++, row->invoice);
  if (change == HELD_ALL) sqlite3_bind_int(prepared, at++, facts->cancelled);
  if (change >= HELD_OPEN) sqlite3_bind_int(prepared, at++, row->open);
  sqlite3_bind_int64(prepared, at, row->id);
  return store_run(in, prepared);
}

/* Writes the changed documents of one kind of change, in the order of their pages. */
static tally_code write_documents(store *in, held_change change, statement sql) {
  held_rows *held = &in->held;
  held->written_count = 0;
  for (size_t i = 0; i < held->changed_count; i++) {
    if (held->changed[i]->change == change) held->written[held->written_count++] = held->changed[i];
  }
  if (held->written_count == 0) return TALLY_OK;
  bool alone = held->written_count == 1 && change != HELD_NEW;
  if (!alone) qsort(held->written, held->written_count, sizeof held->written[0], compare_ids);
  tally_code code = alone ? write_document(in, &held->written[0]->row, change) : store_run_plain(in, sql);
  return code ? code : check_written(in, held->written_count);
}

static tally_code write_all(store *in) {
  tally_code code = write_entries(in);
  if (!code) code = write_documents(in, HELD_NEW, STMT_DOCUMENTS_PUT);
  if (!code) code = write_documents(in, HELD_ALL, STMT_DOCUMENTS_SET);
  if (!code) code = write_documents(in, HELD_OPEN, STMT_DOCUMENTS_SET_OPEN);
  if (!code) code = write_documents(in, HELD_FACTS, STMT_DOCUMENTS_SET_FACTS);
  return code;
}

static void forget_entries(held_rows *held) {
  if (held->entry_count) memset(held->keys, 0, sizeof held->keys);
  held->entry_count = 0;
  arena_reset(&held->memory);
}

tally_code held_settle(store *in) {
  held_rows *held = &in->held;
  if (held->failed)
    return store_failed_with(in, held->failed, "a write failed; the transaction can only be rolled back");
  if (held->entry_count == 0 && held->changed_count == 0) return TALLY_OK;
  if (sqlite3_get_autocommit(in->database)) {
    return store_failed_with(in, held->failed = TALLY_ERR_IO_ERROR,
                             "SQLite has rolled the transaction back by itself");
  }
  held->failed = write_all(in);
  if (held->failed) return held->failed;
  for (size_t i = 0; i < held->changed_count; i++) held->changed[i]->change = HELD_SAME;
  held->changed_count = 0;
  forget_entries(held);
  return TALLY_OK;
}

/* ---- Beginnings and ends ---- */

void held_drop(store *in) {
  held_rows *held = &in->held;
  held->generation++;
  held->changed_count = 0;
  held->failed = TALLY_OK;
  forget_entries(held);
}

tally_code held_begun(store *in) {
  uint32_t version;
  tally_code code = store_data_version(in, &version);
  if (code) return code;
  if (version != in->held.version) held_drop(in);
  in->held.version = version;
  return TALLY_OK;
}

void held_committed(store *in) {
  in->held.touched = false;
  if (store_data_version(in, &in->held.version)) held_drop(in);
}

void held_free(store *in) {
  held_rows *held = &in->held;
  for (size_t i = 0; held->documents && i < KEPT_DOCUMENTS; i++) {
    free(held->documents[i].texts);
    free(held->documents[i].lists);
  }
  free(held->documents);
  free(held->entries);
  arena_free(&held->memory);
}
