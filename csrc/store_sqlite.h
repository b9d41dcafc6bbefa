/* store_sqlite.h - the SQLite engine's inside: its handle and its one list of statements. */
#ifndef TALLY_STORE_SQLITE_H
#define TALLY_STORE_SQLITE_H

#include <sqlite3.h>

#include "store.h"

/* What queries ask for, or what a person with an SQL shell would; all else is in details (details.h). */
#define ENTRY_COLUMNS                                                                                                 \
  "seq, kind, number, document, counter_document, patient, counter_patient, type, amount, at_ms, day, key, refers, "  \
  "details, hash"
#define DOCUMENT_COLUMNS                                                                                              \
  "id, number, kind, patient, at_ms, recorded_at_ms, day, due, invoice, cancelled, open, charged, collected, "        \
  "credited, discounted, lost, rounded"
/* Written word for word as in the partial index, so that the planner takes it. */
#define DOCUMENT_IS_OPEN "open = 1"
/* … with the few documents of 0.00: a charge of nothing may also say that a document is cancelled. */
#define ENTRY_IS_CORRECTION "(kind = 10 OR kind = 12 OR kind = 14 OR (kind = 1 AND amount <= 0))"
/* As verify adds them up. */
#define CHECKED_COLUMNS                                                                                               \
  "day INTEGER NOT NULL, type TEXT NOT NULL, group_tag TEXT NOT NULL, actor TEXT NOT NULL, "                          \
  "collected INTEGER NOT NULL, refunded INTEGER NOT NULL, deposited INTEGER NOT NULL, withdrawn INTEGER NOT NULL, "   \
  "credited INTEGER NOT NULL, discounted INTEGER NOT NULL, lost INTEGER NOT NULL, rounded INTEGER NOT NULL, "         \
  "count INTEGER NOT NULL"
#define TOTALS_COLUMNS "collected, refunded, deposited, withdrawn, credited, discounted, lost, rounded, count"

/* SQLite keeps a copy of every page that a statement of many rows touches, to take this one statement back. Nobody asks
 * for that here: an act that fails is rolled back whole. (PostgreSQL: INSERT INTO, UPDATE.) */
#define INSERT_ROWS "INSERT OR FAIL INTO "
#define UPDATE_ROWS "UPDATE OR FAIL "

/* The order of the columns in both; binding counts from 1, reading from 0. */
enum {
  COLUMN_SEQ,
  COLUMN_KIND,
  COLUMN_NUMBER,
  COLUMN_DOCUMENT,
  COLUMN_COUNTER_DOCUMENT,
  COLUMN_PATIENT,
  COLUMN_COUNTER_PATIENT,
  COLUMN_TYPE,
  COLUMN_AMOUNT,
  COLUMN_AT,
  COLUMN_DAY,
  COLUMN_KEY,
  COLUMN_REFERS,
  COLUMN_DETAILS,
  COLUMN_HASH
};
enum {
  COLUMN_ID,
  COLUMN_ITS_NUMBER,
  COLUMN_ITS_KIND,
  COLUMN_ITS_PATIENT,
  COLUMN_ITS_AT,
  COLUMN_ITS_RECORDED,
  COLUMN_ITS_DAY,
  COLUMN_ITS_DUE,
  COLUMN_INVOICE,
  COLUMN_CANCELLED,
  COLUMN_OPEN,
  COLUMN_CHARGED,
  COLUMN_COLLECTED,
  COLUMN_CREDITED,
  COLUMN_DISCOUNTED,
  COLUMN_LOST,
  COLUMN_ROUNDED
};

/* X(NAME, "SQL"): each is prepared on first use and kept. Parameters are numbered in order of appearance. */
#define STATEMENTS(X)                                                                                                 \
  X(BEGIN, "BEGIN IMMEDIATE")                                                                                         \
  X(BEGIN_READ, "BEGIN")                                                                                              \
  X(SNAPSHOT, "PRAGMA data_version")                                                                                  \
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
  X(ENTRIES_PUT, INSERT_ROWS "entry (" ENTRY_COLUMNS ") SELECT " ENTRY_COLUMNS " FROM " HELD_ENTRIES)                 \
  X(ENTRY_PUT, INSERT_ROWS "entry (" ENTRY_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "    \
                           "$13, $14, $15)")                                                                          \
  X(ENTRY_GET, "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq = $1")                                                  \
  X(ENTRY_LAST, "SELECT " ENTRY_COLUMNS " FROM entry ORDER BY seq DESC LIMIT 1")                                      \
  X(ENTRY_DETAILS, "SELECT details FROM entry WHERE seq = $1")                                                        \
  X(SEQ_OF_KEY, "SELECT seq FROM entry WHERE key = $1")                                                               \
  X(ENTRIES_AFTER, "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq > $1 ORDER BY seq LIMIT $2")                        \
  X(CORRECTIONS,                                                                                                      \
    "SELECT " ENTRY_COLUMNS " FROM entry WHERE (day, seq) > ($1, $2) AND day <= $3 AND " ENTRY_IS_CORRECTION          \
    " ORDER BY day, seq LIMIT $4")                                                                                    \
  X(ENTRIES_OF_DOCUMENT,                                                                                              \
    "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq IN (SELECT seq FROM entry WHERE document = $1 AND seq > $2 "       \
    "UNION SELECT seq FROM entry WHERE counter_document = $1 AND seq > $2 ORDER BY 1 LIMIT $3) ORDER BY seq")         \
  X(ENTRIES_BY_DOCUMENT,                                                                                              \
    "SELECT seq, kind, NULL, document, counter_document, patient, NULL, NULL, amount, at_ms, day, NULL, refers, "     \
    "details, NULL FROM entry WHERE document IS NOT NULL AND (document, seq) > ($1, $2) ORDER BY document, seq "      \
    "LIMIT $3")                                                                                                       \
  X(INVOICE_RELEASED, "SELECT EXISTS (SELECT 1 FROM entry WHERE counter_document = $1 AND kind = 12)")                \
  X(LINKS_OF_DOCUMENT,                                                                                                \
    "SELECT seq, kind, number, NULL, details FROM entry WHERE document = $1 AND seq > $2 AND seq <= $3 "              \
    "AND at_ms <= $4 AND (kind BETWEEN 2 AND 5 OR kind = 7 OR kind = 10 OR seq = $5) ORDER BY seq LIMIT $6")          \
  X(LINKS_OF_INVOICE,                                                                                                 \
    "SELECT seq, kind, NULL, document, details FROM entry WHERE counter_document = $1 AND seq > $2 AND "              \
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
  X(ANNOTATION_ERASE,                                                                                                 \
    "UPDATE annotation SET salt = NULL, body = NULL WHERE seq = $1 AND field = $2 AND body IS NOT NULL")              \
  X(DOCUMENT_GET, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE number = $1")                                      \
  X(DOCUMENTS_PUT, INSERT_ROWS "document (" DOCUMENT_COLUMNS ") SELECT " DOCUMENT_COLUMNS " FROM " HELD_DOCUMENTS)    \
  X(DOCUMENTS_SET, UPDATE_ROWS                                                                                        \
    "document SET charged = held.charged, collected = held.collected, credited = held.credited, discounted = "        \
    "held.discounted, lost = held.lost, rounded = held.rounded, invoice = held.invoice, cancelled = held.cancelled, " \
    "open = held.open FROM " HELD_DOCUMENTS " AS held WHERE document.id = held.id")                                   \
  X(DOCUMENTS_SET_OPEN, UPDATE_ROWS                                                                                   \
    "document SET charged = held.charged, collected = held.collected, credited = held.credited, discounted = "        \
    "held.discounted, lost = held.lost, rounded = held.rounded, open = held.open FROM " HELD_DOCUMENTS " AS held "    \
    "WHERE document.id = held.id")                                                                                    \
  X(DOCUMENTS_SET_FACTS, UPDATE_ROWS                                                                                  \
    "document SET charged = held.charged, collected = held.collected, credited = held.credited, discounted = "        \
    "held.discounted, lost = held.lost, rounded = held.rounded FROM " HELD_DOCUMENTS                                  \
    " AS held WHERE document.id = held.id")                                                                           \
  X(DOCUMENT_SET, UPDATE_ROWS                                                                                         \
    "document SET charged = $1, collected = $2, credited = $3, discounted = $4, lost = $5, rounded = $6, "            \
    "invoice = $7, cancelled = $8, open = $9 WHERE id = $10")                                                         \
  X(DOCUMENT_SET_OPEN, UPDATE_ROWS                                                                                    \
    "document SET charged = $1, collected = $2, credited = $3, discounted = $4, lost = $5, rounded = $6, open = $7 "  \
    "WHERE id = $8")                                                                                                  \
  X(DOCUMENT_SET_FACTS,                                                                                               \
    UPDATE_ROWS "document SET charged = $1, collected = $2, credited = $3, discounted = $4, lost = $5, rounded = $6 " \
                "WHERE id = $7")                                                                                      \
  X(DOCUMENTS_NEWEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE id < $1 ORDER BY id DESC LIMIT $2")            \
  X(DOCUMENTS_OLDEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE id > $1 ORDER BY id LIMIT $2")                 \
  X(OPEN_NEWEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE kind = $1 AND id < $2 AND " DOCUMENT_IS_OPEN        \
                 " ORDER BY id DESC LIMIT $3")                                                                        \
  X(OPEN_OLDEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE kind = $1 AND id > $2 AND " DOCUMENT_IS_OPEN        \
                 " ORDER BY id LIMIT $3")                                                                             \
  X(ANY_OPEN_NEWEST,                                                                                                  \
    "SELECT " DOCUMENT_COLUMNS " FROM (SELECT * FROM (SELECT " DOCUMENT_COLUMNS " FROM document WHERE kind = 1 AND "  \
    "id < $1 AND " DOCUMENT_IS_OPEN " ORDER BY id DESC LIMIT $2) UNION ALL SELECT * FROM (SELECT " DOCUMENT_COLUMNS   \
    " FROM document WHERE kind = 2 AND id < $1 AND " DOCUMENT_IS_OPEN " ORDER BY id DESC LIMIT $2)) AS both "         \
    "ORDER BY id DESC LIMIT $2")                                                                                      \
  X(ANY_OPEN_OLDEST,                                                                                                  \
    "SELECT " DOCUMENT_COLUMNS " FROM (SELECT * FROM (SELECT " DOCUMENT_COLUMNS " FROM document WHERE kind = 1 AND "  \
    "id > $1 AND " DOCUMENT_IS_OPEN " ORDER BY id LIMIT $2) UNION ALL SELECT * FROM (SELECT " DOCUMENT_COLUMNS        \
    " FROM document WHERE kind = 2 AND id > $1 AND " DOCUMENT_IS_OPEN " ORDER BY id LIMIT $2)) AS both "              \
    "ORDER BY id LIMIT $2")                                                                                           \
  X(PATIENT_NEWEST,                                                                                                   \
    "SELECT " DOCUMENT_COLUMNS " FROM document WHERE patient = $1 AND id < $2 ORDER BY id DESC LIMIT $3")             \
  X(PATIENT_OLDEST, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE patient = $1 AND id > $2 ORDER BY id LIMIT $3")  \
  X(DOCUMENTS_BY_NUMBER, "SELECT " DOCUMENT_COLUMNS " FROM document WHERE number > $1 ORDER BY number LIMIT $2")      \
  X(NAMES_OF_DOCUMENTS, "SELECT number FROM document WHERE number >= $1 ORDER BY number LIMIT $2")                    \
  X(NAMES_OF_PATIENTS, "SELECT patient FROM document WHERE patient >= $1 UNION SELECT patient FROM credit WHERE "     \
                       "patient >= $1 ORDER BY 1 LIMIT $2")                                                           \
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
  X(DAY_GET, "SELECT totals FROM day_total WHERE day = $1")                                                           \
  X(DAY_SET, "UPDATE day_total SET totals = $1 WHERE day = $2")                                                       \
  X(DAY_PUT, "INSERT INTO day_total (totals, day) VALUES ($1, $2)")                                                   \
  X(DAYS_PAGE, "SELECT day, totals FROM day_total WHERE day >= $1 AND day <= $2 ORDER BY day LIMIT $3")               \
  X(CHECKED_TABLE, "CREATE TEMP TABLE IF NOT EXISTS checked_total (" CHECKED_COLUMNS                                  \
                   ", PRIMARY KEY (day, type, group_tag, actor)) STRICT, WITHOUT ROWID")                              \
  X(CHECKED_CLEAR, "DELETE FROM checked_total")                                                                       \
  X(CHECKED_MOVE,                                                                                                     \
    "UPDATE checked_total SET collected = collected + $1, refunded = refunded + $2, deposited = deposited + $3, "     \
    "withdrawn = withdrawn + $4, credited = credited + $5, discounted = discounted + $6, lost = lost + $7, "          \
    "rounded = rounded + $8, count = count + $9 WHERE day = $10 AND type = $11 AND group_tag = $12 AND actor = $13")  \
  X(CHECKED_PUT, "INSERT INTO checked_total (" TOTALS_COLUMNS ", day, type, group_tag, actor) VALUES ($1, $2, $3, "   \
                 "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")                                                       \
  X(CHECKED_OF_DAY, "SELECT day, type, group_tag, actor, " TOTALS_COLUMNS " FROM checked_total WHERE day = $1 "       \
                    "ORDER BY type, group_tag, actor LIMIT $2")                                                       \
  X(CHECKED_MISSING, "SELECT min(day) FROM checked_total WHERE day NOT IN (SELECT day FROM day_total)")               \
  X(SERIES_GET, "SELECT next FROM series WHERE id = $1")                                                              \
  X(SERIES_SET, "UPDATE series SET next = $1 WHERE id = $2")                                                          \
  X(SERIES_PUT, "INSERT INTO series (next, id) VALUES ($1, $2)")                                                      \
  X(FOLLOWER_GET, "SELECT seq FROM follower WHERE name = $1")                                                         \
  X(FOLLOWER_PUT, "INSERT INTO follower (name, seq) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET seq = "          \
                  "excluded.seq WHERE follower.seq < excluded.seq")                                                   \
  X(CLOSING_PUT, "INSERT INTO closing (through, seq) VALUES ($1, $2)")                                                \
  X(CLOSING_LAST, "SELECT through, seq FROM closing ORDER BY through DESC LIMIT 1")                                   \
  X(CLOSINGS_ALL, "SELECT through, seq FROM closing ORDER BY through")                                                \
  X(COUNT_ANNOTATIONS, "SELECT count(*) FROM annotation")                                                             \
  X(COUNT_DOCUMENTS, "SELECT count(*) FROM document")                                                                 \
  X(COUNT_PATIENTS, "SELECT count(*) FROM (SELECT patient FROM document UNION SELECT patient FROM credit)")           \
  X(COUNT_CLOSINGS, "SELECT count(*) FROM closing")                                                                   \
  X(COUNT_DAYS, "SELECT count(*) FROM day_total")

typedef enum statement {
#define X(name, sql) STMT_##name,
  STATEMENTS(X)
#undef X
      STMT_COUNT
} statement;

/* ---- Rows held back (store_held.c) ---- */

/* The tables that the bulk statements read from: virtual, of this connection alone. */
#define HELD_ENTRIES "held_entry"
#define HELD_DOCUMENTS "held_document"

enum {
  HELD_ENTRIES_MAX = 512,
  HELD_KEY_SLOTS = 2048,  /* a power of two, never full */
  KEPT_DOCUMENTS = 4096,  /* a power of two */
  KEPT_PLACES = 4,        /* where one document may be */
  KEPT_LISTS_BYTES = 512, /* longer ones are read again */
  CHANGED_DOCUMENTS = 1024
};

typedef struct held_entry {
  int64_t seq, amount_minor, at_ms, refers;
  tally_kind kind;
  int32_t day;
  tally_text number, document, counter_document, patient, counter_patient, type, key, details;
  uint8_t hash[32];
} held_entry;

/* What a kept document differs in from its row in the file. */
typedef enum held_change { HELD_SAME, HELD_FACTS, HELD_OPEN, HELD_ALL, HELD_NEW } held_change;

typedef struct kept_document {
  document_row row;
  char *texts; /* of the row, one behind the other */
  size_t length, room;
  char *lists; /* what the core keeps beside it (store_document_keep_lists), until it changes */
  size_t lists_length;
  uint64_t generation; /* that of held_rows: else the place is free */
  held_change change;
} kept_document;

typedef struct held_rows {
  held_entry *entries; /* HELD_ENTRIES_MAX */
  size_t entry_count;
  uint16_t keys[HELD_KEY_SLOTS]; /* by hash: an entry's place + 1 */
  arena memory;                  /* of the entries' texts */
  kept_document *documents;      /* KEPT_DOCUMENTS places, by the hash of their number */
  kept_document *changed[CHANGED_DOCUMENTS],
      *written[CHANGED_DOCUMENTS]; /* written: by the statement that runs, by id */
  size_t changed_count, written_count;
  uint64_t generation;
  uint32_t version;  /* the file's, for which the kept documents are right */
  bool touched;      /* a rollback undoes some of it */
  tally_code failed; /* writing failed half-way: only a rollback can follow */
} held_rows;

struct store {
  sqlite3 *database;
  sqlite3_stmt *statements[STMT_COUNT];
  held_rows held;
  bool read_only, in_memory, is_new;
  bool in_snapshot;
  bool writing; /* in a transaction that may write */
  int busy_timeout_ms;
  int64_t waits_until_ms;         /* on a steady clock: for another process' writing */
  int64_t process;                /* that opened it */
  uint64_t log_device, log_inode; /* of the log that it writes; 0: not known */
  bool unlogged; /* read as it stands, without a log: right as long as nobody writes, which these tell */
  int64_t unlogged_bytes, unlogged_changed_ns;
  int64_t damaged_seq; /* of the entry that the last page of entries stopped at: see store_damaged_entry */
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

/* Makes the virtual tables known; before the schema is looked at. */
tally_code held_register(store *in);
/* Holds an entry back, to be written with others by one statement. */
tally_code held_append(store *in, const tally_entry *entry);
/* Finds a held entry by its key: its seq, or 0. */
int64_t held_key(store *in, tally_text key);
/* Gives a document as it stands in the open transaction, texts copied; false where it is not kept. */
bool held_document(store *in, arena *from, tally_text number, document_row *row, tally_code *code);
/* Keeps a document: as read (HELD_SAME), or to be written. */
tally_code held_keep(store *in, const document_row *row, held_change change);
/* The lists of a kept document, copied, or none; and keeping them, where the document itself is kept. */
tally_text held_lists(store *in, arena *from, tally_text number);
void held_keep_lists(store *in, tally_text number, tally_text lists);
/* Writes all that is held back: before the commit, a savepoint, and whatever else reads or writes these tables. */
tally_code held_settle(store *in);
/* After a transaction or snapshot has begun: forgets what another connection may have changed. */
tally_code held_begun(store *in);
/* After a commit: what is kept is what was written. */
void held_committed(store *in);
/* Forgets what is held and kept: after a rollback, also to a savepoint. */
void held_drop(store *in);
void held_free(store *in);

/* Makes or migrates the schema; new says that there was none. */
tally_code store_schema_ready(store *in);
/* That of the file, which may be older than this version makes it where it is only read. */
tally_code store_schema_version(store *in, int *version);
/* TALLY_ERR_CORRUPT where a table, index or trigger is not as this version makes it. */
tally_code store_schema_check(store *in);
bool store_read_pragma(store *in, const char *sql, char *text, size_t size);

#endif
