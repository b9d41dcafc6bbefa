/* store_documents.c - documents with their running facts, and patients' credit, in SQLite. */
#include "store_sqlite.h"

/* A flag is 0 or 1: any other number is true to us and in no index. */
static bool column_flag(sqlite3_stmt *row, int index, bool *damaged) {
  sqlite3_int64 value = sqlite3_column_int64(row, index);
  if (value != 0 && value != 1) *damaged = true;
  return value != 0;
}

static tally_code read_document(store *in, sqlite3_stmt *row, arena *from, document_row *out) {
  bool failed = false, damaged = false;
  *out = (document_row){.id = sqlite3_column_int64(row, 0)};
  out->number = column_text(row, 1, from, &failed);
  out->facts.kind = (tally_document_kind)column_int32(row, 2, &damaged);
  if (out->facts.kind != TALLY_CONSULTATION && out->facts.kind != TALLY_INVOICE) damaged = true;
  out->patient = column_text(row, 3, from, &failed);
  out->at_ms = sqlite3_column_int64(row, 4);
  out->recorded_at_ms = sqlite3_column_int64(row, 5);
  out->day = column_int32(row, 6, &damaged);
  out->has_due = sqlite3_column_type(row, 7) != SQLITE_NULL;
  out->due = column_int32(row, 7, &damaged);
  out->invoice = column_text(row, 8, from, &failed);
  out->facts.invoiced = out->invoice.data != NULL;
  out->facts.cancelled = column_flag(row, 9, &damaged);
  out->open = column_flag(row, 10, &damaged);
  out->facts.charged = sqlite3_column_int64(row, 11);
  out->facts.collected = sqlite3_column_int64(row, 12);
  out->facts.credited = sqlite3_column_int64(row, 13);
  out->facts.discounted = sqlite3_column_int64(row, 14);
  out->facts.lost = sqlite3_column_int64(row, 15);
  out->facts.rounded = sqlite3_column_int64(row, 16);
  if (damaged)
    return store_failed_with(in, TALLY_ERR_CORRUPT, "a number of the file is out of its range; go back to a backup");
  return failed ? store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory") : TALLY_OK;
}

static tally_code read_one(store *in, sqlite3_stmt *prepared, arena *from, document_row *row) {
  tally_code code = store_step(in, prepared);
  if (code) return code;
  code = read_document(in, prepared, from, row);
  sqlite3_reset(prepared);
  return code;
}

static tally_code read_page(store *in, sqlite3_stmt *prepared, arena *from, document_row *rows, size_t room,
                            size_t *count) {
  tally_code code = TALLY_OK;
  *count = 0;
  while (!code && *count < room) {
    code = store_step(in, prepared);
    if (code == TALLY_DONE) return TALLY_OK;
    if (!code) code = read_document(in, prepared, from, &rows[(*count)++]);
  }
  sqlite3_reset(prepared);
  return code;
}

/* What is held back must be in the table before it is asked. */
static tally_code ask(store *in, statement which, sqlite3_stmt **prepared) {
  tally_code code = held_settle(in);
  return code ? code : store_statement(in, which, prepared);
}

/* A document that is not kept has no change held back either. */
tally_code store_document_get(store *in, arena *from, tally_text number, document_row *row) {
  sqlite3_stmt *prepared;
  tally_code code;
  if (held_document(in, from, number, row, &code)) return code;
  code = store_statement(in, STMT_DOCUMENT_GET, &prepared);
  if (code) return code;
  bind_text(prepared, 1, number);
  code = read_one(in, prepared, from, row);
  return code ? code : held_keep(in, row, HELD_SAME);
}

tally_code store_document_put(store *in, const document_row *row) {
  return held_keep(in, row, HELD_NEW);
}

tally_code store_document_set(store *in, const document_row *row) {
  return held_keep(in, row, HELD_ALL);
}

tally_code store_document_set_open(store *in, const document_row *row) {
  return held_keep(in, row, HELD_OPEN);
}

tally_code store_document_set_facts(store *in, const document_row *row) {
  return held_keep(in, row, HELD_FACTS);
}

tally_text store_document_lists(store *in, arena *from, tally_text number) {
  return held_lists(in, from, number);
}

void store_document_keep_lists(store *in, tally_text number, tally_text lists) {
  held_keep_lists(in, number, lists);
}

/* The open index serves those with something remaining, the patient's index theirs; else the making order itself. */
static statement choose_page(const document_query *query) {
  bool newest = query->order == ORDER_NEWEST;
  if (query->patient.data) return newest ? STMT_PATIENT_NEWEST : STMT_PATIENT_OLDEST;
  if (query->open && query->kind == 0) return newest ? STMT_ANY_OPEN_NEWEST : STMT_ANY_OPEN_OLDEST;
  if (query->open) return newest ? STMT_OPEN_NEWEST : STMT_OPEN_OLDEST;
  return newest ? STMT_DOCUMENTS_NEWEST : STMT_DOCUMENTS_OLDEST;
}

tally_code store_documents_page(store *in, arena *from, const document_query *query, int64_t after_id,
                                document_row *rows, size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  statement which = choose_page(query);
  tally_code code = ask(in, which, &prepared);
  if (code) return code;
  bool from_top = query->order == ORDER_NEWEST && after_id == 0;
  bool of_kind = query->open && query->kind != 0;
  int at = query->patient.data || of_kind ? 2 : 1;
  if (query->patient.data) bind_text(prepared, 1, query->patient);
  else if (of_kind) sqlite3_bind_int(prepared, 1, (int)query->kind);
  sqlite3_bind_int64(prepared, at, from_top ? INT64_MAX : after_id);
  sqlite3_bind_int64(prepared, at + 1, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

tally_code store_documents_by_number(store *in, arena *from, tally_text after, document_row *rows, size_t room,
                                     size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_DOCUMENTS_BY_NUMBER, &prepared);
  if (code) return code;
  bind_text(prepared, 1, after.data ? after : text_of(""));
  sqlite3_bind_int64(prepared, 2, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

tally_code store_names_from(store *in, arena *from, store_names which, tally_text first, tally_text *names,
                            size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  bool failed = false;
  *count = 0;
  tally_code code = ask(in, which == NAMES_OF_PATIENTS ? STMT_NAMES_OF_PATIENTS : STMT_NAMES_OF_DOCUMENTS, &prepared);
  if (code) return code;
  bind_text(prepared, 1, first.data ? first : text_of(""));
  sqlite3_bind_int64(prepared, 2, (sqlite3_int64)room);
  while (*count < room && (code = store_step(in, prepared)) == TALLY_OK && !failed) {
    names[(*count)++] = column_text(prepared, 0, from, &failed);
  }
  sqlite3_reset(prepared);
  if (failed) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  return code == TALLY_DONE ? TALLY_OK : code;
}

tally_code store_consultations_of(store *in, arena *from, tally_text invoice, int64_t after_id, document_row *rows,
                                  size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_CONSULTATIONS_OF, &prepared);
  if (code) return code;
  bind_text(prepared, 1, invoice);
  sqlite3_bind_int64(prepared, 2, after_id);
  sqlite3_bind_int64(prepared, 3, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

tally_code store_documents_oldest(store *in, arena *from, tally_text patient, document_row *rows, size_t room,
                                  size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = ask(in, STMT_OLDEST_OPEN, &prepared);
  if (code) return code;
  bind_text(prepared, 1, patient);
  sqlite3_bind_int64(prepared, 2, (sqlite3_int64)room);
  return read_page(in, prepared, from, rows, room, count);
}

/* Runs a query for one integer by patient; 0 where there is no row. */
static tally_code integer_of(store *in, statement which, tally_text patient, int64_t *value) {
  sqlite3_stmt *prepared;
  *value = 0;
  tally_code code = ask(in, which, &prepared);
  if (code) return code;
  bind_text(prepared, 1, patient);
  code = store_read_integer(in, prepared, value);
  return code == TALLY_DONE ? TALLY_OK : code;
}

tally_code store_patient_owed(store *in, tally_text patient, int64_t *owed_minor) {
  return integer_of(in, STMT_PATIENT_OWED, patient, owed_minor);
}

tally_code store_patient_known(store *in, tally_text patient, bool *known) {
  int64_t value;
  tally_code code = integer_of(in, STMT_PATIENT_KNOWN, patient, &value);
  *known = value != 0;
  return code;
}

tally_code store_credit_get(store *in, tally_text patient, int64_t *balance_minor) {
  return integer_of(in, STMT_CREDIT_GET, patient, balance_minor);
}

static tally_code write_credit(store *in, statement which, tally_text patient, int64_t balance_minor) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, which, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, balance_minor);
  bind_text(prepared, 2, patient);
  return store_run(in, prepared);
}

tally_code store_credit_set(store *in, tally_text patient, int64_t balance_minor) {
  tally_code code = write_credit(in, STMT_CREDIT_SET, patient, balance_minor);
  return code || store_found_row(in) ? code : write_credit(in, STMT_CREDIT_PUT, patient, balance_minor);
}

tally_code store_credits_page(store *in, arena *from, tally_text after, credit_row *rows, size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_CREDITS_PAGE, &prepared);
  if (code) return code;
  bool failed = false;
  *count = 0;
  bind_text(prepared, 1, after.data ? after : text_of(""));
  sqlite3_bind_int64(prepared, 2, (sqlite3_int64)room);
  while (*count < room && (code = store_step(in, prepared)) == TALLY_OK && !failed) {
    credit_row *row = &rows[(*count)++];
    row->patient = column_text(prepared, 0, from, &failed);
    row->balance_minor = sqlite3_column_int64(prepared, 1);
  }
  sqlite3_reset(prepared);
  if (failed) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  return code == TALLY_DONE ? TALLY_OK : code;
}
