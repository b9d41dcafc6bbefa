/* store_sqlite.h - the SQLite engine's inside: its handle and its one list of statements. */
#ifndef TALLY_STORE_SQLITE_H
#define TALLY_STORE_SQLITE_H

#include <sqlite3.h>

#include "store.h"

#define ENTRY_COLUMNS                                                                                                 \
  "seq, act, kind, command, number, document, counter_document, patient, counter_patient, type, type_version, "       \
  "amount, at_ms, day, recorded_at_ms, actor, group_tag, reference, tendered, due, fields, commitment, key, "         \
  "content, "                                                                                                         \
  "refers, script_version, hash"
#define DOCUMENT_COLUMNS                                                                                              \
  "id, number, kind, patient, at_ms, recorded_at_ms, day, due, invoice, cancelled, open, charged, collected, "        \
  "credited, discounted, lost, rounded"
/* Written word for word as in the partial index, so that the planner takes it. */
#define DOCUMENT_IS_OPEN "open = 1"
/* As the table of days' totals has them. */
#define DAY_TOTAL_COLUMNS                                                                                             \
  "day INTEGER NOT NULL, type TEXT NOT NULL, group_tag TEXT NOT NULL, actor TEXT NOT NULL, "                          \
  "collected INTEGER NOT NULL, refunded INTEGER NOT NULL, deposited INTEGER NOT NULL, withdrawn INTEGER NOT NULL, "   \
  "credited INTEGER NOT NULL, discounted INTEGER NOT NULL, lost INTEGER NOT NULL, rounded INTEGER NOT NULL, "         \
  "count INTEGER NOT NULL"
#define TOTALS_COLUMNS "collected, refunded, deposited, withdrawn, credited, discounted, lost, rounded, count"

/* For a plain INSERT beside a trigger SQLite keeps a copy of every page it touches, to take one statement back. Nobody asks
 * for that here: an act that fails is rolled back whole. (PostgreSQL: INSERT INTO.) */
#define INSERT_ROW "INSERT OR FAIL INTO "

/* The collation that the journal's insert trigger names: whoever opens the file with another program has none. */
#define APPENDS_COLLATION "only_tallystick_appends_entries"

/* X(NAME, "SQL"): each is prepared on first use and kept. Parameters are numbered in order of appearance. */
#define STATEMENTS(X)                                                                                                 \
  X(BEGIN, "BEGIN IMMEDIATE")                                                                                         \
  X(BEGIN_READ, "BEGIN")                                                                                              \
  X(COMMIT, "COMMIT")                                                                                                 \
  X(ROLLBACK, "ROLLBACK")                                                                                             \
  X(SAVEPOINT, "SAVEPOINT nested")                                                                                    \
  X(RELEASE, "RELEASE nested")                                                                                        \
  X(ROLLBACK_TO, "ROLLBACK TO nested")                                                                                \
  X(LEDGER_GET, "SELECT uuid, currency, created_at_ms FROM ledger WHERE id = 1")                                      \
  X(LEDGER_PUT, "INSERT INTO ledger (id, uuid, currency, created_at_ms) VALUES (1, $1, $2, $3)")                      \
  X(SCRIPT_LATEST, "SELECT version, name, body, definition, stored_at_ms FROM script ORDER BY version DESC LIMIT 1")  \
  X(SCRIPT_GET, "SELECT version, name, body, definition, stored_at_ms FROM script WHERE version = $1")                \
  X(SCRIPT_LATEST_VERSION, "SELECT max(version) FROM script")                                                         \
  X(SCRIPT_PUT, "INSERT INTO script (version, name, body, definition, stored_at_ms) VALUES ($1, $2, $3, $4, $5)")     \
  X(TYPE_GET, "SELECT definition FROM payment_type WHERE id = $1 AND version = $2")                                   \
  X(TYPE_LATEST, "SELECT version, definition FROM payment_type WHERE id = $1 ORDER BY version DESC LIMIT 1")          \
  X(TYPE_PUT, "INSERT INTO payment_type (id, version, definition) VALUES ($1, $2, $3)")                               \
  X(ENTRY_PUT, INSERT_ROW "entry (" ENTRY_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "     \
                          "$13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)")               \
  X(ENTRY_GET, "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq = $1")                                                  \
  X(ENTRY_LAST, "SELECT " ENTRY_COLUMNS " FROM entry ORDER BY seq DESC LIMIT 1")                                      \
  X(ENTRY_BY_NUMBER, "SELECT " ENTRY_COLUMNS " FROM entry WHERE number = $1")                                         \
  X(ENTRY_BY_KEY, "SELECT " ENTRY_COLUMNS " FROM entry WHERE key = $1")                                               \
  X(ENTRIES_AFTER, "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2")                        \
  X(ENTRIES_OF_DOCUMENT,                                                                                              \
    "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq IN (SELECT seq FROM entry WHERE document = $1 AND seq > $2 "       \
    "UNION SELECT seq FROM entry WHERE counter_document = $1 AND seq > $2 ORDER BY 1 LIMIT $3) ORDER BY seq")         \
  X(ENTRIES_BY_DOCUMENT, "SELECT " ENTRY_COLUMNS " FROM entry WHERE document IS NOT NULL AND (document, seq) > "      \
                         "($1, $2) ORDER BY document, seq LIMIT $3")                                                  \
  X(MOVED_BY, "SELECT EXISTS (SELECT 1 FROM entry WHERE counter_document = $1 AND command = $2)")                     \
  X(LINKS_OF_DOCUMENT,                                                                                                \
    "SELECT seq, act, kind, number, NULL, commitment FROM entry WHERE document = $1 AND seq > $2 AND seq <= $3 "      \
    "AND at_ms <= $4 AND (kind BETWEEN 2 AND 4 OR kind = 7 OR kind = 10 OR seq = $5) ORDER BY seq LIMIT $6")          \
  X(LINKS_OF_INVOICE,                                                                                                 \
    "SELECT seq, act, kind, NULL, document, commitment FROM entry WHERE counter_document = $1 AND seq > $2 AND "      \
    "seq <= $3 AND at_ms <= $4 ORDER BY seq LIMIT $5")                                                                \
  X(ENTRIES_OF_PATIENT,                                                                                               \
    "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq IN (SELECT e.seq FROM document d JOIN entry e ON e.document = "    \
    "d.number WHERE d.patient = $1 AND e.seq > $2 UNION SELECT seq FROM entry WHERE patient = $1 AND document IS "    \
    "NULL AND seq > $2 UNION SELECT seq FROM entry WHERE counter_patient = $1 AND seq > $2 ORDER BY 1 LIMIT $3) "     \
    "ORDER BY seq")                                                                                                   \
  X(REFUNDS_OF, "SELECT " ENTRY_COLUMNS " FROM entry WHERE document = $1 AND refers = $2 AND kind = 10 AND seq > $3 " \
                "ORDER BY seq LIMIT $4")                                                                              \
  X(REVERSAL_OF, "SELECT seq FROM entry WHERE refers = $1 AND kind = 14")                                             \
  X(ANNOTATION_PUT, "INSERT INTO annotation (seq, field, salt, body, digest) VALUES ($1, $2, $3, $4, $5)")            \
  X(ANNOTATION_GET, "SELECT salt, body, digest FROM annotation WHERE seq = $1 AND field = $2")                        \
  X(DOCUMENT_GET, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE number = $1")                                      \
  X(DOCUMENT_GET_ID, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE id = $1")                                       \
  X(DOCUMENT_PUT, "INSERT INTO document (" DOCUMENT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, "     \
                  "$11, $12, $13, $14, $15, $16, $17)")                                                               \
  X(DOCUMENT_SET, "UPDATE document SET charged = $1, collected = $2, credited = $3, discounted = $4, lost = $5, "     \
                  "rounded = $6, invoice = $7, cancelled = $8, open = $9 WHERE id = $10")                             \
  X(DOCUMENT_SET_OPEN, "UPDATE document SET charged = $1, collected = $2, credited = $3, discounted = $4, "           \
                       "lost = $5, rounded = $6, open = $7 WHERE id = $8")                                            \
  X(DOCUMENT_SET_FACTS, "UPDATE document SET charged = $1, collected = $2, credited = $3, discounted = $4, "          \
                        "lost = $5, rounded = $6 WHERE id = $7")                                                      \
  X(DOCUMENTS_NEWEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE id < $1 ORDER BY id DESC LIMIT $2")            \
  X(DOCUMENTS_OLDEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE id > $1 ORDER BY id LIMIT $2")                 \
  X(OPEN_NEWEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE kind = $1 AND id < $2 AND " DOCUMENT_IS_OPEN        \
                 " ORDER BY id DESC LIMIT $3")                                                                        \
  X(OPEN_OLDEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE kind = $1 AND id > $2 AND " DOCUMENT_IS_OPEN        \
                 " ORDER BY id LIMIT $3")                                                                             \
  X(PATIENT_NEWEST,                                                                                                   \
    "SELECT " DOCUMENT_COLUMNS " FROM document WHERE patient = $1 AND id < $2 ORDER BY id DESC LIMIT $3")             \
  X(PATIENT_OLDEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE patient = $1 AND id > $2 ORDER BY id LIMIT $3")  \
  X(DOCUMENTS_BY_NUMBER, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE number > $1 ORDER BY number LIMIT $2")      \
  X(CONSULTATIONS_OF,                                                                                                 \
    "SELECT " DOCUMENT_COLUMNS " FROM document WHERE invoice = $1 AND id > $2 ORDER BY id LIMIT $3")                  \
  X(OLDEST_OPEN, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE patient = $1 AND " DOCUMENT_IS_OPEN                 \
                 " ORDER BY day, number LIMIT $2")                                                                    \
  X(PATIENT_OWED, "SELECT sum(charged - (collected + credited + discounted + lost + rounded)) FROM document "         \
                  "WHERE patient = $1 AND " DOCUMENT_IS_OPEN)                                                         \
  X(PATIENT_KNOWN, "SELECT EXISTS (SELECT 1 FROM document WHERE patient = $1) OR EXISTS (SELECT 1 FROM credit "       \
                   "WHERE patient = $1)")                                                                             \
  X(CREDIT_GET, "SELECT balance FROM credit WHERE patient = $1")                                                      \
  X(CREDIT_SET, "UPDATE credit SET balance = $1 WHERE patient = $2")                                                  \
  X(CREDIT_PUT, "INSERT INTO credit (balance, patient) VALUES ($1, $2)")                                              \
  X(CREDITS_PAGE, "SELECT patient, balance FROM credit WHERE patient > $1 ORDER BY patient LIMIT $2")                 \
  X(TOTALS_MOVE,                                                                                                      \
    "UPDATE day_total SET collected = collected + $1, refunded = refunded + $2, deposited = deposited + $3, "         \
    "withdrawn = withdrawn + $4, credited = credited + $5, discounted = discounted + $6, lost = lost + $7, "          \
    "rounded = rounded + $8, count = count + $9 WHERE day = $10 AND type = $11 AND group_tag = $12 AND actor = $13")  \
  X(TOTALS_PUT, "INSERT INTO day_total (" TOTALS_COLUMNS ", day, type, group_tag, actor) VALUES ($1, $2, $3, $4, "    \
                "$5, $6, $7, $8, $9, $10, $11, $12, $13)")                                                            \
  X(CHECKED_TABLE, "CREATE TEMP TABLE IF NOT EXISTS checked_total (" DAY_TOTAL_COLUMNS                                \
                   ", PRIMARY KEY (day, type, group_tag, actor)) STRICT, WITHOUT ROWID")                              \
  X(CHECKED_CLEAR, "DELETE FROM checked_total")                                                                       \
  X(CHECKED_MOVE,                                                                                                     \
    "UPDATE checked_total SET collected = collected + $1, refunded = refunded + $2, deposited = deposited + $3, "     \
    "withdrawn = withdrawn + $4, credited = credited + $5, discounted = discounted + $6, lost = lost + $7, "          \
    "rounded = rounded + $8, count = count + $9 WHERE day = $10 AND type = $11 AND group_tag = $12 AND actor = $13")  \
  X(CHECKED_PUT, "INSERT INTO checked_total (" TOTALS_COLUMNS ", day, type, group_tag, actor) VALUES ($1, $2, $3, "   \
                 "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")                                                       \
  X(CHECKED_DIFFERENT,                                                                                                \
    "SELECT c.day FROM checked_total c LEFT JOIN day_total d ON d.day = c.day AND d.type = c.type AND d.group_tag = " \
    "c.group_tag AND d.actor = c.actor WHERE d.id IS NULL OR d.collected <> c.collected OR d.refunded <> c.refunded " \
    "OR d.deposited <> c.deposited OR d.withdrawn <> c.withdrawn OR d.credited <> c.credited OR d.discounted <> "     \
    "c.discounted OR d.lost <> c.lost OR d.rounded <> c.rounded OR d.count <> c.count LIMIT 1")                       \
  X(CHECKED_UNKNOWN,                                                                                                  \
    "SELECT d.day FROM day_total d LEFT JOIN checked_total c ON c.day = d.day AND c.type = d.type AND c.group_tag = " \
    "d.group_tag AND c.actor = d.actor WHERE c.day IS NULL LIMIT 1")                                                  \
  X(TOTALS_READ,                                                                                                      \
    "SELECT CASE WHEN $1 THEN day END, CASE WHEN $2 THEN type END, CASE WHEN $3 THEN group_tag END, "                 \
    "CASE WHEN $4 THEN actor END, sum(collected), sum(refunded), sum(deposited), sum(withdrawn), sum(credited), "     \
    "sum(discounted), sum(lost), sum(rounded), sum(count) FROM day_total WHERE day BETWEEN $5 AND $6 "                \
    "AND ($7 IS NULL OR type = $7) "                                                                                  \
    "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4")                                                                        \
  X(SERIES_GET, "SELECT next FROM series WHERE id = $1")                                                              \
  X(SERIES_SET, "UPDATE series SET next = $1 WHERE id = $2")                                                          \
  X(SERIES_PUT, "INSERT INTO series (next, id) VALUES ($1, $2)")                                                      \
  X(CLOSING_PUT, "INSERT INTO closing (through, seq) VALUES ($1, $2)")                                                \
  X(CLOSING_LAST, "SELECT through, seq FROM closing ORDER BY through DESC LIMIT 1")                                   \
  X(CLOSINGS_ALL, "SELECT through, seq FROM closing ORDER BY through")                                                \
  X(COUNT_ANNOTATIONS, "SELECT count(*) FROM annotation")                                                             \
  X(COUNT_DOCUMENTS, "SELECT count(*) FROM document")                                                                 \
  X(COUNT_PATIENTS, "SELECT count(*) FROM (SELECT patient FROM document UNION SELECT patient FROM credit)")           \
  X(COUNT_PAYMENTS, "SELECT count(*) FROM entry WHERE number IS NOT NULL")                                            \
  X(COUNT_CLOSINGS, "SELECT count(*) FROM closing")                                                                   \
  X(COUNT_DAYS, "SELECT count(*) FROM (SELECT DISTINCT day FROM day_total)")                                          \
  X(CHECK_FILE, "PRAGMA integrity_check(1)")                                                                          \
  X(CHECK_REFERENCES, "PRAGMA foreign_key_check")

typedef enum statement {
#define X(name, sql) STMT_##name,
  STATEMENTS(X)
#undef X
      STMT_COUNT
} statement;

struct store {
  sqlite3 *database;
  sqlite3_stmt *statements[STMT_COUNT];
  bool read_only, in_memory, is_new;
  int busy_timeout_ms;
  char message[512];
};

/* Prepares (once) and gives a statement, reset; NULL and a code on failure. */
tally_code store_statement(store *in, statement which, sqlite3_stmt **out);
/* Steps a statement that gives no row, and resets it. */
tally_code store_run(store *in, sqlite3_stmt *prepared);
/* Steps; TALLY_OK with a row, TALLY_DONE (and reset) at the end, else the code (and reset). */
tally_code store_step(store *in, sqlite3_stmt *prepared);
tally_code store_run_plain(store *in, statement which);
/* Says whether the last UPDATE found its row: where it did not, the row is inserted. (SQLite's ON CONFLICT DO UPDATE costs
 * more than both.) */
bool store_found_row(const store *in);
/* Turns the engine's last result into a code and keeps its words. */
tally_code store_failed(store *in);
tally_code store_failed_with(store *in, tally_code code, const char *format, ...) TALLY_PRINTF(3, 4);

void bind_text(sqlite3_stmt *prepared, int index, tally_text text);
void bind_blob(sqlite3_stmt *prepared, int index, tally_text bytes);
void bind_integer_or_null(sqlite3_stmt *prepared, int index, bool present, int64_t value);
/* Copies a column; *failed is set where memory is out. */
tally_text column_text(sqlite3_stmt *prepared, int index, arena *from, bool *failed);
tally_text column_blob(sqlite3_stmt *prepared, int index, arena *from, bool *failed);
/* Reads an integer that must fit 32 bits; *failed is set where it does not: the file is damaged. */
int column_int32(sqlite3_stmt *prepared, int index, bool *damaged);
/* Reads the one integer of a one-row query; 0 for null. */
tally_code store_read_integer(store *in, sqlite3_stmt *prepared, int64_t *value);

/* Makes or migrates the schema; new says that there was none. */
tally_code store_schema_ready(store *in);
int store_schema_version(void);
/* TALLY_ERR_CORRUPT where a table, index or trigger is not as this version makes it. */
tally_code store_schema_check(store *in);
bool store_read_pragma(store *in, const char *sql, char *text, size_t size);

#endif
