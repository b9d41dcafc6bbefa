/* store_schema.c - the tables, and the steps from one schema version to the next (§9, docs/format.md). */
#include <string.h>

#include "store_sqlite.h"

enum { APPLICATION_ID = 0x54414c59 }; /* "TALY" */

#define INSERT_ONLY(table)                                                                                            \
  "CREATE TRIGGER " #table "_no_update BEFORE UPDATE ON " #table " BEGIN SELECT RAISE(ABORT, '" #table                \
  " rows are never changed'); END;"                                                                                   \
  "CREATE TRIGGER " #table "_no_delete BEFORE DELETE ON " #table " BEGIN SELECT RAISE(ABORT, '" #table                \
  " rows are never deleted'); END;"
/* A REPLACE deletes the row in its way without firing delete triggers, so what would be in the way is looked for first.
 * Tallystick's own connections fire no triggers (harden): these are for all others. */
#define NOT_REPLACED(table, same)                                                                                     \
  "CREATE TRIGGER " #table "_no_replace BEFORE INSERT ON " #table " WHEN EXISTS (SELECT 1 FROM " #table               \
  " WHERE " same ") BEGIN SELECT RAISE(ABORT, '" #table " rows are never replaced'); END;"

static const char tables_1[] =
    "CREATE TABLE ledger (id INTEGER PRIMARY KEY CHECK (id = 1), uuid TEXT NOT NULL, currency TEXT NOT NULL, "
    "  created_at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE script (version INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL, "
    "  definition BLOB NOT NULL, stored_at_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE payment_type (id TEXT NOT NULL, version INTEGER NOT NULL, definition BLOB NOT NULL, "
    "  PRIMARY KEY (id, version)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE entry ("
    "  seq INTEGER PRIMARY KEY CHECK (seq > 0), kind INTEGER NOT NULL, number TEXT, document TEXT, "
    "  counter_document TEXT, patient TEXT, counter_patient TEXT, type TEXT, amount INTEGER NOT NULL, "
    "  at_ms INTEGER NOT NULL, day INTEGER NOT NULL, key TEXT, refers INTEGER, details BLOB NOT NULL, "
    "  hash BLOB NOT NULL) STRICT;"
    "CREATE TABLE annotation (seq INTEGER NOT NULL, field INTEGER NOT NULL, salt BLOB, "
    "  body TEXT, digest BLOB NOT NULL, PRIMARY KEY (seq, field)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE document (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL, "
    "  patient TEXT NOT NULL, at_ms INTEGER NOT NULL, recorded_at_ms INTEGER NOT NULL, day INTEGER NOT NULL, "
    "  due INTEGER, invoice TEXT, cancelled INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL, charged INTEGER NOT "
    "NULL DEFAULT 0, "
    "  collected INTEGER NOT NULL DEFAULT 0, credited INTEGER NOT NULL DEFAULT 0, "
    "  discounted INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0, rounded INTEGER NOT NULL DEFAULT 0) "
    "  STRICT;"
    "CREATE TABLE credit (patient TEXT PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0)) "
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE day_total (day INTEGER PRIMARY KEY, totals BLOB NOT NULL) STRICT;"
    "CREATE TABLE series (id INTEGER PRIMARY KEY, next INTEGER NOT NULL CHECK (next > 0)) STRICT;"
    "CREATE TABLE follower (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE closing (through INTEGER PRIMARY KEY, seq INTEGER NOT NULL REFERENCES entry (seq)) STRICT;";

static const char indexes_1[] =
    "CREATE INDEX entry_document ON entry (document) WHERE document IS NOT NULL;"
    "CREATE INDEX entry_counter_document ON entry (counter_document) WHERE counter_document IS NOT NULL;"
    "CREATE INDEX entry_patient ON entry (patient) WHERE document IS NULL AND patient IS NOT NULL;"
    "CREATE INDEX entry_counter_patient ON entry (counter_patient) WHERE counter_patient IS NOT NULL;"
    "CREATE UNIQUE INDEX entry_key ON entry (key) WHERE key IS NOT NULL;"
    "CREATE UNIQUE INDEX entry_reversal ON entry (refers) WHERE kind = 14;"
    "CREATE INDEX document_patient ON document (patient);"
    "CREATE INDEX document_invoice ON document (invoice) WHERE invoice IS NOT NULL;"
    "CREATE INDEX document_open ON document (kind) WHERE " DOCUMENT_IS_OPEN ";";

static const char triggers_1[] =
    "CREATE TRIGGER entry_no_insert BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, "
    "  'entry rows are only added by Tallystick'); END;" INSERT_ONLY(entry) INSERT_ONLY(script)
        INSERT_ONLY(payment_type) INSERT_ONLY(closing) INSERT_ONLY(ledger)
            NOT_REPLACED(script, "version = NEW.version")
                NOT_REPLACED(payment_type, "id = NEW.id AND version = NEW.version")
                    NOT_REPLACED(closing, "through = NEW.through") NOT_REPLACED(ledger, "id = NEW.id");

static const char *const schema_1[] = {tables_1, indexes_1, triggers_1, NULL};

/* What was corrected on a day is few among many: without an index of its own a report on it would read the journal. */
static const char index_2[] = "CREATE INDEX entry_correction ON entry (day) WHERE " ENTRY_IS_CORRECTION ";";

static const char *const schema_2[] = {index_2, NULL};

/* migrations[n] leads from version n to n + 1; a file of any version is brought up step by step in one transaction. */
static const char *const *const migrations[] = {schema_1, schema_2};

/* Version 1 lacks an index, no table and no column: it can be read as it is. */
enum { SCHEMA_VERSION = sizeof migrations / sizeof migrations[0], OLDEST_READABLE = 1 };

static tally_code execute(store *in, const char *sql) {
  return sqlite3_exec(in->database, sql, NULL, NULL, NULL) == SQLITE_OK ? TALLY_OK : store_failed(in);
}

static tally_code read_number(store *in, const char *pragma, int *value) {
  sqlite3_stmt *prepared;
  if (sqlite3_prepare_v2(in->database, pragma, -1, &prepared, NULL) != SQLITE_OK) return store_failed(in);
  int status = sqlite3_step(prepared);
  *value = status == SQLITE_ROW ? sqlite3_column_int(prepared, 0) : 0;
  sqlite3_finalize(prepared);
  return status == SQLITE_ROW ? TALLY_OK : store_failed(in);
}

tally_code store_schema_version(store *in, int *version) {
  return read_number(in, "PRAGMA user_version", version);
}

static tally_code migrate(store *in, int version, int to) {
  char pragma[96];
  for (; version < to; version++) {
    for (const char *const *step = migrations[version]; *step; step++) {
      tally_code code = execute(in, *step);
      if (code) return code;
    }
  }
  sqlite3_snprintf(sizeof pragma, pragma, "PRAGMA application_id = %d; PRAGMA user_version = %d;", APPLICATION_ID, to);
  return execute(in, pragma);
}

/* Looks again inside the write transaction: another process may have made the tables meanwhile. */
static tally_code make_ready(store *in, int *version) {
  int tables, application, shadows = 0;
  tally_code code = read_number(in, "SELECT count(*) FROM sqlite_schema", &tables);
  if (!code) code = read_number(in, "PRAGMA application_id", &application);
  if (!code) code = read_number(in, "PRAGMA user_version", version);
  if (code) return code;
  if (application != APPLICATION_ID && (tables > 0 || application != 0 || *version != 0)) {
    return store_failed_with(in, TALLY_ERR_NOT_A_LEDGER,
                             "the file is an SQLite database of another program; name a ledger or a new file");
  }
  if (!code)
    code = read_number(
        in, "SELECT count(*) FROM sqlite_schema WHERE name IN ('" HELD_ENTRIES "', '" HELD_DOCUMENTS "')", &shadows);
  if (code) return code;
  if (shadows > 0) {
    return store_failed_with(in, TALLY_ERR_CORRUPT,
                             "the file has a table that hides one of Tallystick's own; go back to a backup");
  }
  if (*version < 0 || (*version == 0 && tables > 0)) {
    return store_failed_with(in, TALLY_ERR_CORRUPT, "the file's schema version is gone; go back to a backup");
  }
  if (*version > SCHEMA_VERSION) {
    return store_failed_with(in, TALLY_ERR_SCHEMA_NEWER,
                             "the file has schema version %d and this Tallystick knows up to %d; use a newer one",
                             *version, SCHEMA_VERSION);
  }
  return TALLY_OK;
}

/* Tried again where memory was short: one that stays open would be in the way of the next. */
static void end_transaction(store *in) {
  enum { TRIES = 3 };
  for (int i = 0; i < TRIES && !sqlite3_get_autocommit(in->database); i++) {
    sqlite3_exec(in->database, "ROLLBACK", NULL, NULL, NULL);
  }
}

/* All that is looked at is of one moment: another process may be making the tables. */
static tally_code look(store *in, int *version) {
  tally_code code = execute(in, "BEGIN");
  if (!code) code = make_ready(in, version);
  end_transaction(in);
  return code;
}

tally_code store_schema_ready(store *in) {
  int version;
  tally_code code = look(in, &version);
  if (code || version == SCHEMA_VERSION) return code;
  if (in->read_only && version >= OLDEST_READABLE) return TALLY_OK;
  if (in->read_only) {
    return store_failed_with(in, TALLY_ERR_NOT_A_LEDGER, "the file is empty; open it for writing to make a ledger");
  }
  code = execute(in, "BEGIN IMMEDIATE");
  if (code) return code;
  code = make_ready(in, &version);
  if (!code) code = migrate(in, version, SCHEMA_VERSION);
  if (!code) code = execute(in, "COMMIT");
  if (code) end_transaction(in);
  return code;
}

/* ---- Whether the schema is still ours ---- */

static const char SCHEMA_TEXT[] =
    "SELECT group_concat(line, char(10)) FROM (SELECT type || ' ' || name || ' ' || coalesce(tbl_name, '') || ' ' || "
    "coalesce(sql, '') AS line "
    "FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name)";

/* Gives the text of all tables, indexes and triggers; NULL where it cannot be read. Free with sqlite3_free. */
static char *schema_text(sqlite3 *database) {
  sqlite3_stmt *prepared;
  char *text = NULL;
  if (sqlite3_prepare_v2(database, SCHEMA_TEXT, -1, &prepared, NULL) != SQLITE_OK) return NULL;
  const unsigned char *answer = sqlite3_step(prepared) == SQLITE_ROW ? sqlite3_column_text(prepared, 0) : NULL;
  if (answer) text = sqlite3_mprintf("%s", answer);
  sqlite3_finalize(prepared);
  return text;
}

/* Makes the schema of the file's version anew in memory and compares. */
tally_code store_schema_check(store *in) {
  store fresh = {0};
  char *expected = NULL;
  int version;
  tally_code code = store_schema_version(in, &version);
  if (code) return code;
  if (version < OLDEST_READABLE || version > SCHEMA_VERSION) {
    return store_failed_with(in, TALLY_ERR_CORRUPT, "the file's schema version was changed; go back to a backup");
  }
  if (sqlite3_open(":memory:", &fresh.database) == SQLITE_OK && migrate(&fresh, 0, version) == TALLY_OK) {
    expected = schema_text(fresh.database);
  }
  sqlite3_close(fresh.database);
  char *found = schema_text(in->database);
  bool known = expected && found, same = known && strcmp(expected, found) == 0;
  sqlite3_free(expected);
  sqlite3_free(found);
  if (same) return TALLY_OK;
  if (!known) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  return store_failed_with(in, TALLY_ERR_CORRUPT,
                           "a table, index or trigger of the file was dropped or changed; go back to a backup");
}
