/* store_config.c - the ledger's own row, its scripts and its payment types' versions in SQLite. */
#include "store_sqlite.h"

static tally_code memory_or_ok(store *in, bool failed) {
  return failed ? store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory") : TALLY_OK;
}

tally_code store_ledger_get(store *in, arena *from, ledger_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_LEDGER_GET, &prepared);
  if (!code) code = store_step(in, prepared);
  if (code) return code;
  bool failed = false;
  row->uuid = column_text(prepared, 0, from, &failed);
  row->currency = column_text(prepared, 1, from, &failed);
  row->created_at_ms = sqlite3_column_int64(prepared, 2);
  sqlite3_reset(prepared);
  return memory_or_ok(in, failed);
}

tally_code store_ledger_put(store *in, const ledger_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_LEDGER_PUT, &prepared);
  if (code) return code;
  bind_text(prepared, 1, row->uuid);
  bind_text(prepared, 2, row->currency);
  sqlite3_bind_int64(prepared, 3, row->created_at_ms);
  return store_run(in, prepared);
}

static tally_code read_script(store *in, sqlite3_stmt *prepared, arena *from, script_row *row) {
  tally_code code = store_step(in, prepared);
  if (code) return code;
  bool failed = false;
  row->version = sqlite3_column_int64(prepared, 0);
  row->name = column_text(prepared, 1, from, &failed);
  row->body = column_text(prepared, 2, from, &failed);
  row->definition = column_blob(prepared, 3, from, &failed);
  row->stored_at_ms = sqlite3_column_int64(prepared, 4);
  sqlite3_reset(prepared);
  return memory_or_ok(in, failed);
}

tally_code store_script_latest(store *in, arena *from, script_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_SCRIPT_LATEST, &prepared);
  return code ? code : read_script(in, prepared, from, row);
}

tally_code store_script_get(store *in, arena *from, int64_t version, script_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_SCRIPT_GET, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, version);
  return read_script(in, prepared, from, row);
}

tally_code store_script_latest_version(store *in, int64_t *version) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_SCRIPT_LATEST_VERSION, &prepared);
  return code ? code : store_read_integer(in, prepared, version);
}

tally_code store_script_put(store *in, const script_row *row) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_SCRIPT_PUT, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, row->version);
  bind_text(prepared, 2, row->name);
  bind_text(prepared, 3, row->body);
  bind_blob(prepared, 4, row->definition);
  sqlite3_bind_int64(prepared, 5, row->stored_at_ms);
  return store_run(in, prepared);
}

tally_code store_type_get(store *in, arena *from, tally_text id, int64_t version, tally_text *definition) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_TYPE_GET, &prepared);
  if (code) return code;
  bind_text(prepared, 1, id);
  sqlite3_bind_int64(prepared, 2, version);
  code = store_step(in, prepared);
  if (code) return code;
  bool failed = false;
  *definition = column_blob(prepared, 0, from, &failed);
  sqlite3_reset(prepared);
  return memory_or_ok(in, failed);
}

tally_code store_type_latest(store *in, arena *from, tally_text id, int64_t *version, tally_text *definition) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_TYPE_LATEST, &prepared);
  if (code) return code;
  bind_text(prepared, 1, id);
  code = store_step(in, prepared);
  if (code) return code;
  bool failed = false;
  *version = sqlite3_column_int64(prepared, 0);
  *definition = column_blob(prepared, 1, from, &failed);
  sqlite3_reset(prepared);
  return memory_or_ok(in, failed);
}

tally_code store_type_put(store *in, tally_text id, int64_t version, tally_text definition) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_TYPE_PUT, &prepared);
  if (code) return code;
  bind_text(prepared, 1, id);
  sqlite3_bind_int64(prepared, 2, version);
  bind_blob(prepared, 3, definition);
  return store_run(in, prepared);
}
