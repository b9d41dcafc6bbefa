/* store_totals.c - days' totals, number series, closings and counts in SQLite. */
#include <string.h>

#include "store_sqlite.h"

static tally_text text_or_empty(tally_text text) {
  return text.data ? text : text_of("");
}

static tally_code write_totals(store *in, statement which, const tally_totals *delta) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, which, &prepared);
  if (code) return code;
  const int64_t columns[] = {delta->collected,  delta->refunded, delta->deposited, delta->withdrawn, delta->credited,
                             delta->discounted, delta->lost,     delta->rounded,   delta->count};
  for (int i = 0; i < (int)(sizeof columns / sizeof columns[0]); i++) sqlite3_bind_int64(prepared, 1 + i, columns[i]);
  sqlite3_bind_int(prepared, 10, delta->day);
  bind_text(prepared, 11, text_or_empty(delta->type));
  bind_text(prepared, 12, text_or_empty(delta->group));
  bind_text(prepared, 13, text_or_empty(delta->actor));
  return store_run(in, prepared);
}

tally_code store_day_get(store *in, arena *from, int32_t day, tally_text *totals) {
  sqlite3_stmt *prepared;
  bool failed = false;
  tally_code code = store_statement(in, STMT_DAY_GET, &prepared);
  if (code) return code;
  sqlite3_bind_int(prepared, 1, day);
  code = store_step(in, prepared);
  if (code) return code;
  *totals = column_blob(prepared, 0, from, &failed);
  sqlite3_reset(prepared);
  return failed ? store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory") : TALLY_OK;
}

static tally_code write_day(store *in, statement which, const day_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, which, &prepared);
  if (code) return code;
  bind_blob(prepared, 1, row->totals);
  sqlite3_bind_int(prepared, 2, row->day);
  return store_run(in, prepared);
}

tally_code store_day_put(store *in, const day_row *row) {
  return write_day(in, STMT_DAY_PUT, row);
}

tally_code store_day_set(store *in, const day_row *row) {
  return write_day(in, STMT_DAY_SET, row);
}

tally_code store_days_page(store *in, arena *from, int64_t first, int64_t last, day_row *rows, size_t room,
                           size_t *count) {
  sqlite3_stmt *prepared;
  bool failed = false, damaged = false;
  *count = 0;
  tally_code code = store_statement(in, STMT_DAYS_PAGE, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, first);
  sqlite3_bind_int64(prepared, 2, last);
  sqlite3_bind_int64(prepared, 3, (sqlite3_int64)room);
  while (*count < room && (code = store_step(in, prepared)) == TALLY_OK) {
    rows[*count].day = column_int32(prepared, 0, &damaged);
    rows[(*count)++].totals = column_blob(prepared, 1, from, &failed);
  }
  sqlite3_reset(prepared);
  if (failed) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  if (damaged) return store_failed_with(in, TALLY_ERR_CORRUPT, "a day of the file is out of its range");
  return code == TALLY_DONE ? TALLY_OK : code;
}

tally_code store_checked_begin(store *in) {
  tally_code code = store_run_plain(in, STMT_CHECKED_TABLE);
  return code ? code : store_run_plain(in, STMT_CHECKED_CLEAR);
}

tally_code store_checked_add(store *in, const tally_totals *delta) {
  tally_code code = write_totals(in, STMT_CHECKED_MOVE, delta);
  return code || store_found_row(in) ? code : write_totals(in, STMT_CHECKED_PUT, delta);
}

static void read_totals(sqlite3_stmt *row, arena *from, tally_totals *out, bool *failed) {
  *out = (tally_totals){.day = sqlite3_column_int(row, 0)};
  out->type = column_text(row, 1, from, failed);
  out->group = column_text(row, 2, from, failed);
  out->actor = column_text(row, 3, from, failed);
  int64_t *columns[] = {&out->collected,  &out->refunded, &out->deposited, &out->withdrawn, &out->credited,
                        &out->discounted, &out->lost,     &out->rounded,   &out->count};
  for (int i = 0; i < (int)(sizeof columns / sizeof columns[0]); i++) *columns[i] = sqlite3_column_int64(row, 4 + i);
}

tally_code store_checked_of_day(store *in, arena *from, int32_t day, tally_totals *rows, size_t room, size_t *count) {
  sqlite3_stmt *prepared;
  bool failed = false;
  *count = 0;
  tally_code code = store_statement(in, STMT_CHECKED_OF_DAY, &prepared);
  if (code) return code;
  sqlite3_bind_int(prepared, 1, day);
  sqlite3_bind_int64(prepared, 2, (sqlite3_int64)room);
  while (*count < room && (code = store_step(in, prepared)) == TALLY_OK) {
    read_totals(prepared, from, &rows[(*count)++], &failed);
  }
  sqlite3_reset(prepared);
  if (failed) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  return code == TALLY_DONE ? TALLY_OK : code;
}

static tally_code read_integer_of(store *in, statement which, int64_t *count) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, which, &prepared);
  return code ? code : store_read_integer(in, prepared, count);
}

tally_code store_checked_missing(store *in, int64_t *day) {
  return read_integer_of(in, STMT_CHECKED_MISSING, day);
}

tally_code store_series_get(store *in, series which, int64_t *next) {
  sqlite3_stmt *prepared;
  *next = 1;
  tally_code code = store_statement(in, STMT_SERIES_GET, &prepared);
  if (code) return code;
  sqlite3_bind_int(prepared, 1, (int)which);
  code = store_read_integer(in, prepared, next);
  return code == TALLY_DONE ? TALLY_OK : code;
}

static tally_code write_series(store *in, statement sql, series which, int64_t next) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, sql, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, next);
  sqlite3_bind_int(prepared, 2, (int)which);
  return store_run(in, prepared);
}

tally_code store_series_set(store *in, series which, int64_t next) {
  tally_code code = write_series(in, STMT_SERIES_SET, which, next);
  return code || store_found_row(in) ? code : write_series(in, STMT_SERIES_PUT, which, next);
}

tally_code store_closing_put(store *in, const closing_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = held_settle(in); /* it refers to its entry */
  if (!code) code = store_statement(in, STMT_CLOSING_PUT, &prepared);
  if (code) return code;
  sqlite3_bind_int(prepared, 1, row->through);
  sqlite3_bind_int64(prepared, 2, row->seq);
  return store_run(in, prepared);
}

tally_code store_closing_last(store *in, closing_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_CLOSING_LAST, &prepared);
  if (!code) code = store_step(in, prepared);
  if (code) return code;
  *row = (closing_row){sqlite3_column_int(prepared, 0), sqlite3_column_int64(prepared, 1)};
  sqlite3_reset(prepared);
  return TALLY_OK;
}

tally_code store_closings_all(store *in, arena *from, const closing_row **rows, size_t *count) {
  sqlite3_stmt *prepared;
  int64_t total;
  *count = 0;
  tally_code code = store_statement(in, STMT_COUNT_CLOSINGS, &prepared);
  if (!code) code = store_read_integer(in, prepared, &total);
  if (!code) code = store_statement(in, STMT_CLOSINGS_ALL, &prepared);
  if (code) return code;
  closing_row *list = ARENA_ARRAY(from, closing_row, (size_t)total + 1);
  if (list == NULL) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  *rows = list;
  while (*count < (size_t)total && (code = store_step(in, prepared)) == TALLY_OK) {
    list[(*count)++] = (closing_row){sqlite3_column_int(prepared, 0), sqlite3_column_int64(prepared, 1)};
  }
  sqlite3_reset(prepared);
  return code == TALLY_DONE ? TALLY_OK : code;
}

tally_code store_facts_get(store *in, store_facts *facts) {
  *facts = (store_facts){0};
  tally_code code = store_schema_version(in, &facts->schema_version);
  if (!code) code = held_settle(in);
  if (!code) code = read_integer_of(in, STMT_COUNT_DOCUMENTS, &facts->documents);
  if (!code) code = read_integer_of(in, STMT_COUNT_CLOSINGS, &facts->closings);
  if (code) return code;
  char text[32];
  bool read = store_read_pragma(in, "PRAGMA journal_mode", facts->journal_mode, sizeof facts->journal_mode);
  if (!read || !store_read_pragma(in, "PRAGMA synchronous", text, sizeof text)) return store_failed(in);
  facts->synchronous = text[0] - '0';
  const char *size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
  int64_t bytes = 0;
  tally_text digits;
  if (!store_read_pragma(in, size, text, sizeof text)) return store_failed(in);
  digits = text_of(text);
  for (size_t i = 0; i < digits.length; i++) bytes = bytes * 10 + (digits.data[i] - '0');
  facts->file_bytes = bytes;
  return TALLY_OK;
}

tally_code store_counts_get(store *in, store_counts *counts) {
  *counts = (store_counts){0};
  tally_code code = held_settle(in);
  if (!code) code = read_integer_of(in, STMT_COUNT_PATIENTS, &counts->patients);
  if (!code) code = read_integer_of(in, STMT_COUNT_DAYS, &counts->days);
  if (!code) code = read_integer_of(in, STMT_COUNT_ANNOTATIONS, &counts->annotations);
  return code;
}
