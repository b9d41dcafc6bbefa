/* store_open.c - the SQLite engine's life cycle: opening with the promised settings, statements, transactions (§9). */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store_sqlite.h"

static const char *const statement_texts[STMT_COUNT] = {
#define X(name, sql) sql,
    STATEMENTS(X)
#undef X
};

/* ---- Failures ---- */

tally_code store_failed_with(store *in, tally_code code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(in->message, sizeof in->message, format, arguments);
  va_end(arguments);
  return code;
}

static tally_code code_of(int status) {
  switch (status & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_PROTOCOL: /* the race for the log's locks was lost again and again */
    return TALLY_ERR_BUSY;
  case SQLITE_FULL:
    return TALLY_ERR_FULL;
  case SQLITE_CORRUPT:
  case SQLITE_ERROR: /* our statements are fixed: only a schema that is not ours can make one wrong */
    return TALLY_ERR_CORRUPT;
  case SQLITE_NOTADB:
    return TALLY_ERR_NOT_A_LEDGER;
  case SQLITE_NOMEM:
    return TALLY_ERR_OUT_OF_MEMORY;
  case SQLITE_READONLY:
    return TALLY_ERR_READ_ONLY;
  case SQLITE_CONSTRAINT: /* a sum that left int64 is a REAL, which STRICT tables refuse */
    return status == SQLITE_CONSTRAINT_DATATYPE ? TALLY_ERR_AMOUNT_OVERFLOW : TALLY_ERR_CORRUPT;
  default:
    return TALLY_ERR_IO_ERROR;
  }
}

static const char *advice(tally_code code) {
  switch (code) {
  case TALLY_ERR_BUSY:
    return "another process is writing to the ledger; try again, or open with a longer busy_timeout";
  case TALLY_ERR_FULL:
    return "the disk is full; make room and try again, nothing was written";
  case TALLY_ERR_CORRUPT:
    return "the ledger file is damaged; run verify and go back to a backup";
  case TALLY_ERR_NOT_A_LEDGER:
    return "the file is not a Tallystick ledger; name a ledger or a new file";
  case TALLY_ERR_READ_ONLY:
    return "the ledger file or its folder may not be written; change their permissions, or open it with mode \"ro\"";
  case TALLY_ERR_AMOUNT_OVERFLOW:
    return "a sum of the amounts would leave the range of 64-bit minor units";
  case TALLY_ERR_OUT_OF_MEMORY:
    return "out of memory";
  default:
    return "the ledger file could not be read or written; see that its folder exists and may be used";
  }
}

tally_code store_failed(store *in) {
  int status = sqlite3_extended_errcode(in->database);
  tally_code code = status == SQLITE_IOERR_NOMEM ? TALLY_ERR_OUT_OF_MEMORY : code_of(status);
  /* Where the shared memory of the log finds no room SQLite calls it an error of the disk. */
  int cause = sqlite3_system_errno(in->database);
  if (code == TALLY_ERR_IO_ERROR && (cause == ENOSPC || cause == EDQUOT)) code = TALLY_ERR_FULL;
  /* sum() in a query says so in words only. */
  if (code == TALLY_ERR_CORRUPT && strcmp(sqlite3_errmsg(in->database), "integer overflow") == 0) {
    code = TALLY_ERR_AMOUNT_OVERFLOW;
  }
  if (code == TALLY_ERR_AMOUNT_OVERFLOW) return store_failed_with(in, code, "%s", advice(code));
  return store_failed_with(in, code, "%s (SQLite: %s)", advice(code), sqlite3_errmsg(in->database));
}

const char *store_message(const store *in) {
  return in ? in->message : "out of memory";
}

/* ---- Statements ---- */

static tally_code check_unlogged(store *in);

tally_code store_statement(store *in, statement which, sqlite3_stmt **out) {
  sqlite3_stmt **kept = &in->statements[which];
  tally_code code = check_unlogged(in);
  if (code) return code;
  if (*kept == NULL) {
    int status = sqlite3_prepare_v3(in->database, statement_texts[which], -1, SQLITE_PREPARE_PERSISTENT, kept, NULL);
    if (status != SQLITE_OK) return store_failed(in);
  }
  *out = *kept;
  return TALLY_OK;
}

tally_code store_step(store *in, sqlite3_stmt *prepared) {
  int status = sqlite3_step(prepared);
  if (status == SQLITE_ROW) return TALLY_OK;
  if (status == SQLITE_DONE) {
    sqlite3_reset(prepared);
    return TALLY_DONE;
  }
  tally_code code = store_failed(in);
  sqlite3_reset(prepared);
  return code;
}

tally_code store_run(store *in, sqlite3_stmt *prepared) {
  tally_code code = store_step(in, prepared);
  if (code == TALLY_OK) sqlite3_reset(prepared);
  return code == TALLY_DONE ? TALLY_OK : code;
}

bool store_found_row(const store *in) {
  return sqlite3_changes(in->database) > 0;
}

tally_code store_run_plain(store *in, statement which) {
  sqlite3_stmt *prepared = NULL;
  tally_code code = store_statement(in, which, &prepared);
  return code ? code : store_run(in, prepared);
}

tally_code store_read_integer(store *in, sqlite3_stmt *prepared, int64_t *value) {
  tally_code code = store_step(in, prepared);
  if (code) return code;
  *value = sqlite3_column_int64(prepared, 0);
  bool null = sqlite3_column_type(prepared, 0) == SQLITE_NULL;
  sqlite3_reset(prepared);
  return null ? TALLY_DONE : TALLY_OK;
}

void bind_text(sqlite3_stmt *prepared, int index, tally_text text) {
  if (text.data == NULL) sqlite3_bind_null(prepared, index);
  else sqlite3_bind_text64(prepared, index, text.data, text.length, SQLITE_STATIC, SQLITE_UTF8);
}

void bind_blob(sqlite3_stmt *prepared, int index, tally_text bytes) {
  if (bytes.data == NULL) sqlite3_bind_null(prepared, index);
  else sqlite3_bind_blob64(prepared, index, bytes.data, bytes.length, SQLITE_STATIC);
}

void bind_integer_or_null(sqlite3_stmt *prepared, int index, bool present, int64_t value) {
  if (present) sqlite3_bind_int64(prepared, index, value);
  else sqlite3_bind_null(prepared, index);
}

static tally_text copy_column(sqlite3_stmt *prepared, int index, const void *data, arena *from, bool *failed) {
  tally_text source = {data ? data : "", data ? (size_t)sqlite3_column_bytes(prepared, index) : 0};
  tally_text copy = arena_copy(from, source);
  if (copy.data == NULL) *failed = true;
  return copy;
}

tally_text column_text(sqlite3_stmt *prepared, int index, arena *from, bool *failed) {
  if (sqlite3_column_type(prepared, index) == SQLITE_NULL) return (tally_text){NULL, 0};
  const void *data = sqlite3_column_text(prepared, index);
  if (data == NULL) *failed = true; /* no memory for the zero byte at its end */
  return copy_column(prepared, index, data, from, failed);
}

tally_text column_blob(sqlite3_stmt *prepared, int index, arena *from, bool *failed) {
  if (sqlite3_column_type(prepared, index) == SQLITE_NULL) return (tally_text){NULL, 0};
  return copy_column(prepared, index, sqlite3_column_blob(prepared, index), from, failed);
}

int column_int32(sqlite3_stmt *prepared, int index, bool *damaged) {
  sqlite3_int64 value = sqlite3_column_int64(prepared, index);
  if (value < INT32_MIN || value > INT32_MAX) *damaged = true;
  return (int)value;
}

/* ---- Opening ---- */

bool store_read_pragma(store *in, const char *sql, char *text, size_t size) {
  sqlite3_stmt *prepared;
  text[0] = '\0';
  if (sqlite3_prepare_v2(in->database, sql, -1, &prepared, NULL) != SQLITE_OK) return false;
  bool found = sqlite3_step(prepared) == SQLITE_ROW;
  if (found && sqlite3_column_text(prepared, 0)) {
    snprintf(text, size, "%s", (const char *)sqlite3_column_text(prepared, 0));
  }
  return sqlite3_finalize(prepared) == SQLITE_OK && found;
}

static tally_code expect_pragma(store *in, const char *sql, const char *wanted) {
  char value[32];
  if (!store_read_pragma(in, sql, value, sizeof value)) return store_failed(in);
  if (strcmp(value, wanted) == 0) return TALLY_OK;
  return store_failed_with(in, TALLY_ERR_IO_ERROR, "SQLite keeps \"%s\" at %s where %s is needed", sql, value, wanted);
}

enum { TURN_MS = 1 };

/* SQLite's own handler waits longer each time, up to a tenth of a second. Where others write without a pause, who has
 * waited for long would look least often, and may never come to write: this one goes on looking until the time is up. */
static int wait_for_turn(void *waiting, int tries) {
  store *in = waiting;
  struct timespec now;
  if (in->busy_timeout_ms <= 0 || clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
  int64_t now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  if (tries == 0) in->waits_until_ms = now_ms + in->busy_timeout_ms;
  if (now_ms > in->waits_until_ms) return 0;
  sqlite3_sleep(TURN_MS);
  return 1;
}

/* Settings of the connection that need no page of the file. */
static tally_code harden(store *in) {
  sqlite3 *database = in->database;
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_handler(database, wait_for_turn, in);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
  /* The triggers keep others from changing what is only added to; they would cost our own statements a third more. */
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  return held_register(in);
}

/* Settings that SQLite takes once it has read the file; 16 MB of cache hold a clinic's hot pages. A new file gets pages of
 * 2 KB: a commit writes each page it touched whole, and an act touches few bytes of many (docs/storage.md). A log that
 * grew because somebody read for long is cut to twice what it has otherwise. */
static tally_code settle(store *in) {
  const char *pragmas = "PRAGMA page_size = 2048; PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL; "
                        "PRAGMA cache_size = -16384; PRAGMA journal_size_limit = 4194304";
  if (sqlite3_exec(in->database, pragmas, NULL, NULL, NULL) != SQLITE_OK) return store_failed(in);
  return expect_pragma(in, "PRAGMA synchronous", "2");
}

void store_limit_memory(store *in, bool limited) {
  const char *pragma = limited ? "PRAGMA cache_size = -4096" : "PRAGMA cache_size = -16384";
  sqlite3_exec(in->database, pragma, NULL, NULL, NULL); /* it is a wish: no harm where it is not granted */
}

void store_sleep(int ms) {
  sqlite3_sleep(ms);
}

enum { WAIT_MS = 5, SMALLEST_PAGE_BYTES = 512 };

static bool is_busy(const store *in) {
  return (sqlite3_errcode(in->database) & 0xff) == SQLITE_BUSY;
}

/* WAL is asked for and read back; a ledger in memory has no log. A read-only connection takes the file as it is. */
static tally_code choose_journal(store *in) {
  if (in->in_memory || in->read_only) return TALLY_OK;
  char mode[32];
  /* Changing to WAL does not wait by itself, as all else does: another process may be making the same file. */
  bool asked = store_read_pragma(in, "PRAGMA journal_mode = WAL", mode, sizeof mode);
  for (int waited = 0; !asked && is_busy(in) && waited < in->busy_timeout_ms; waited += WAIT_MS) {
    sqlite3_sleep(WAIT_MS);
    asked = store_read_pragma(in, "PRAGMA journal_mode = WAL", mode, sizeof mode);
  }
  if (!asked) return store_failed(in);
  if (strcmp(mode, "wal") == 0) return TALLY_OK;
  if (sqlite3_db_readonly(in->database, "main")) return TALLY_ERR_READ_ONLY;
  return store_failed_with(in, TALLY_ERR_IO_ERROR, "the file system gives no write-ahead log (journal mode %s)", mode);
}

static bool has_content(const char *path) {
  struct stat facts;
  return stat(path, &facts) == 0 && facts.st_size > 0;
}

static tally_code refuse_log(store *in, const char *log, const char *what) {
  return store_failed_with(in, TALLY_ERR_IO_ERROR,
                           "%s, but the log %s of one; bring the file back to it, or move the log", what, log);
}

/* A log that waits for a ledger which is gone from here holds its latest acts: SQLite would delete it without a word. */
static tally_code refuse_orphan_log(store *in, const char *path) {
  char *log = sqlite3_mprintf("%s-wal", path);
  if (log == NULL) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  /* Asked in this order: who makes a ledger has its file before its log. */
  bool waits = has_content(log) && access(path, F_OK) != 0;
  tally_code code = waits ? refuse_log(in, log, "there is no such file") : TALLY_OK;
  sqlite3_free(log);
  return code;
}

/* A new file is made here first, so that only its owner may read it; SQLite gives its log the same mode. */
static tally_code make_private(store *in, const char *path) {
  tally_code code = refuse_orphan_log(in, path);
  if (code) return code;
  int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    close(file);
    return TALLY_OK;
  }
  if (errno == EEXIST) return TALLY_OK;
  return store_failed_with(in, TALLY_ERR_IO_ERROR,
                           "the file cannot be made (%s); see that its folder exists and may be written",
                           strerror(errno));
}

/* SQLite opens a file that may only be read without a word; a ledger asked for writing must say so. */
static tally_code check_writable(store *in) {
  if (in->read_only || !sqlite3_db_readonly(in->database, "main")) return TALLY_OK;
  return store_failed_with(in, TALLY_ERR_READ_ONLY, "%s", advice(TALLY_ERR_READ_ONLY));
}

static tally_code check_engine(store *in) {
  if (sqlite3_libversion_number() >= 3037000) return TALLY_OK;
  return store_failed_with(in, TALLY_ERR_IO_ERROR, "SQLite 3.37 or newer is needed, this is %s", sqlite3_libversion());
}

/* SQLite takes a file of less than a page's header for an empty one, and would write over what someone keeps in it. Under
 * each of its names a file has another log: who comes by the second would neither see nor keep what stands in the first. */
static tally_code check_file(store *in, const char *path) {
  struct stat facts;
  if (in->in_memory || stat(path, &facts) != 0 || !S_ISREG(facts.st_mode)) return TALLY_OK;
  if (facts.st_nlink > 1) {
    return store_failed_with(
        in, TALLY_ERR_IO_ERROR,
        "the file has %ld names (hard links), and acts would be lost between them; find the others "
        "with find -samefile, and remove them",
        (long)facts.st_nlink);
  }
  if (facts.st_size == 0 || facts.st_size >= SMALLEST_PAGE_BYTES) return TALLY_OK;
  return store_failed_with(in, TALLY_ERR_NOT_A_LEDGER, "%s", advice(TALLY_ERR_NOT_A_LEDGER));
}

/* SQLite may be built to read a name that begins with "file:" as a URI; a ledger's path is always a path. */
static int open_plain(store *in, const char *path, int flags) {
  if (strncmp(path, "file:", 5) != 0) return sqlite3_open_v2(path, &in->database, flags, NULL);
  char *plain = sqlite3_mprintf("./%s", path);
  if (plain == NULL) return SQLITE_NOMEM;
  int status = sqlite3_open_v2(plain, &in->database, flags, NULL);
  sqlite3_free(plain);
  return status;
}

/* Opens a file as one that nobody writes. Characters that mean something in a URI are escaped. */
static int open_immutable(store *in, const char *path, int flags) {
  sqlite3_str *uri = sqlite3_str_new(NULL);
  sqlite3_str_appendall(uri, "file:");
  for (const char *at = path; *at; at++) {
    if (strchr("%?#", *at)) sqlite3_str_appendf(uri, "%%%02X", (unsigned char)*at);
    else sqlite3_str_appendchar(uri, 1, *at);
  }
  sqlite3_str_appendall(uri, "?immutable=1");
  char *text = sqlite3_str_finish(uri);
  if (text == NULL) return SQLITE_NOMEM;
  int status = sqlite3_open_v2(text, &in->database, flags | SQLITE_OPEN_URI, NULL);
  sqlite3_free(text);
  return status;
}

/* The log stands beside the file itself, wherever the path's links lead. */
static const char *log_path(const store *in) {
  return sqlite3_filename_wal(sqlite3_db_filename(in->database, "main"));
}

/* … and so it would where the file has lost all that it held. Who makes a ledger has its first page before its log. */
static tally_code refuse_log_of_empty(store *in) {
  if (in->in_memory || !has_content(log_path(in))) return TALLY_OK;
  if (has_content(sqlite3_db_filename(in->database, "main"))) return TALLY_OK;
  return refuse_log(in, log_path(in), "the file is empty");
}

/* Reads the first page: only then does SQLite say what it thinks of the file. */
static bool probe_file(store *in, bool *has_schema) {
  char text[32];
  if (!store_read_pragma(in, "PRAGMA schema_version", text, sizeof text)) return false;
  *has_schema = strcmp(text, "0") != 0;
  return true;
}

static void read_facts(const char *path, int64_t *bytes, int64_t *changed_ns) {
  struct stat facts = {0};
  bool found = stat(path, &facts) == 0;
  *bytes = found ? (int64_t)facts.st_size : -1;
  *changed_ns = (int64_t)facts.st_mtim.tv_sec * 1000000000 + facts.st_mtim.tv_nsec;
}

/* What is written after a file was opened as one that nobody writes would not be seen, or by halves. */
static tally_code check_unlogged(store *in) {
  int64_t bytes, changed_ns;
  if (!in->unlogged) return TALLY_OK;
  read_facts(sqlite3_db_filename(in->database, "main"), &bytes, &changed_ns);
  bool same = bytes == in->unlogged_bytes && changed_ns == in->unlogged_changed_ns && !has_content(log_path(in));
  if (same) return TALLY_OK;
  return store_failed_with(in, TALLY_ERR_IO_ERROR,
                           "the ledger was written after it was opened in a folder that may only be read, where that "
                           "is not seen; open it anew");
}

/* Reading a WAL file takes a place for its shared memory. In a folder that may not be written there is none: where there
 * is no log either, the file is whole by itself and can be read as it stands. */
static tally_code probe(store *in, const char *path, int flags, bool *has_schema) {
  if (probe_file(in, has_schema)) return TALLY_OK;
  int status = sqlite3_errcode(in->database) & 0xff;
  bool no_place = status == SQLITE_CANTOPEN || status == SQLITE_READONLY;
  read_facts(path, &in->unlogged_bytes, &in->unlogged_changed_ns);
  if (!in->read_only || !no_place || access(log_path(in), F_OK) == 0) return store_failed(in);
  sqlite3_close_v2(in->database);
  in->database = NULL;
  if (open_immutable(in, path, flags) != SQLITE_OK) return in->database ? store_failed(in) : TALLY_ERR_OUT_OF_MEMORY;
  in->unlogged = true;
  tally_code code = harden(in);
  if (code) return code;
  return probe_file(in, has_schema) ? TALLY_OK : store_failed(in);
}

/* A process that was killed between writing the log and syncing it leaves acts that are read here, and answered for by
 * their keys: they must be on the disk first. SQLite reads such a log again without syncing it. */
static tally_code sync_log(store *in) {
  sqlite3_file *log = NULL;
  if (in->in_memory || in->read_only) return TALLY_OK;
  int status = sqlite3_file_control(in->database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (status == SQLITE_OK && log && log->pMethods) status = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
  if (status == SQLITE_OK) return TALLY_OK;
  return store_failed_with(in, TALLY_ERR_IO_ERROR, "the log could not be synced (%s)", sqlite3_errstr(status));
}

static tally_code prepare_transactions(store *in);
static void remember_log(store *in);

static tally_code open_file(store *in, const char *path) {
  bool has_schema = false;
  tally_code code = check_engine(in);
  if (!code) code = check_file(in, path);
  if (!code && !in->in_memory && !in->read_only) code = make_private(in, path);
  if (code) return code;
  int flags = in->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (in->in_memory) flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  flags |= SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  int status = open_plain(in, path, flags);
  if (in->database == NULL) return TALLY_ERR_OUT_OF_MEMORY;
  if (status != SQLITE_OK && in->read_only && access(path, F_OK) != 0) {
    return store_failed_with(in, TALLY_ERR_IO_ERROR,
                             "there is no such file; open it with mode \"rw\" to make a ledger");
  }
  if (status != SQLITE_OK) return store_failed(in);
  code = harden(in);
  if (!code) code = check_writable(in);
  if (!code) code = refuse_log_of_empty(in);
  if (!code) code = probe(in, path, flags, &has_schema);
  if (!code) code = settle(in);
  /* Before anything is written to a file, even its journal mode, it must be empty or a ledger. */
  if (!code && has_schema) code = store_schema_ready(in);
  if (!code) code = choose_journal(in);
  if (!code) code = store_schema_ready(in);
  if (!code) code = sync_log(in);
  return code ? code : prepare_transactions(in);
}

/* Whether the ledger's own row is there, and no ledger without it: the first script is written together with that row. A
 * file that has neither is one whose making was cut short. */
static tally_code look_for_ledger(store *in) {
  arena scratch = {0};
  ledger_row row;
  int64_t version;
  tally_code code = store_ledger_get(in, &scratch, &row);
  arena_free(&scratch);
  in->is_new = code == TALLY_DONE;
  if (code != TALLY_DONE) return code;
  code = store_script_latest_version(in, &version);
  if (code == TALLY_OK)
    return store_failed_with(in, TALLY_ERR_CORRUPT, "the ledger's own row is missing; go back to a backup");
  if (code != TALLY_DONE || !in->read_only) return code == TALLY_DONE ? TALLY_OK : code;
  return store_failed_with(in, TALLY_ERR_NOT_A_LEDGER,
                           "the file holds no ledger yet; open it for writing to make one");
}

tally_code store_open(const char *path, bool read_only, int busy_timeout_ms, store **out) {
  store *in = calloc(1, sizeof *in);
  *out = in;
  if (in == NULL) return TALLY_ERR_OUT_OF_MEMORY;
  in->in_memory = strcmp(path, ":memory:") == 0;
  in->read_only = read_only;
  in->busy_timeout_ms = busy_timeout_ms;
  in->process = getpid();
  tally_code code = open_file(in, path);
  if (!code) code = store_begin_read(in); /* both are looked for at one moment: another process may be making them */
  if (code) return code;
  code = look_for_ledger(in);
  if (!code) remember_log(in);
  store_rollback(in);
  return code;
}

/* A fork has its parent's memory and none of its locks: what it would write could be lost, and what it takes back or closes
 * is the parent's. */
static bool is_forked(const store *in) {
  return !in->in_memory && in->process != getpid();
}

static tally_code check_process(store *in) {
  if (!is_forked(in)) return TALLY_OK;
  return store_failed_with(
      in, TALLY_ERR_IO_ERROR,
      "the ledger was opened by the process that this one is a fork of; nothing was written: open it "
      "anew in this one");
}

static tally_code check_log(store *in);

/* The last one who closes a ledger removes what has its log's name: where this one's own log is gone, that is another's, with
 * acts in it. */
static void leave_other_log(store *in) {
  if (in->database == NULL || check_log(in) == TALLY_OK) return;
  sqlite3_db_config(in->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

void store_close(store *in) {
  if (in == NULL) return;
  if (!is_forked(in)) {
    for (int i = 0; i < STMT_COUNT; i++) sqlite3_finalize(in->statements[i]);
    leave_other_log(in);
    sqlite3_close_v2(in->database);
  }
  held_free(in);
  free(in);
}

int store_set_busy_timeout(store *in, int busy_timeout_ms) {
  int before = in->busy_timeout_ms;
  in->busy_timeout_ms = busy_timeout_ms < 0 ? 0 : busy_timeout_ms;
  return before < 0 ? 0 : before;
}

bool store_in_memory(const store *in) {
  return in->in_memory;
}

bool store_is_new(const store *in) {
  return in->is_new;
}

const char *store_path(const store *in) {
  const char *path = in->in_memory ? NULL : sqlite3_db_filename(in->database, "main");
  return path && *path ? path : NULL;
}

const char *store_engine_version(void) {
  return sqlite3_libversion();
}

/* ---- Transactions ---- */

enum { ROLLBACK_TRIES = 3 };

/* What ends a transaction is prepared before one begins: it is needed most when memory is short. */
static tally_code prepare_transactions(store *in) {
  static const statement needed[] = {STMT_BEGIN,    STMT_BEGIN_READ, STMT_SNAPSHOT, STMT_COMMIT,
                                     STMT_ROLLBACK, STMT_SAVEPOINT,  STMT_RELEASE,  STMT_ROLLBACK_TO};
  for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
    sqlite3_stmt *prepared;
    tally_code code = store_statement(in, needed[i], &prepared);
    if (code) return code;
  }
  return TALLY_OK;
}

/* A file that was moved, deleted or replaced while it was open takes writes that nobody finds again. Where only the way
 * to it may no longer be searched, as after a host gave up rights, that is not known. */
bool store_moved(store *in) {
  int moved = 0;
  if (in->in_memory) return false;
  if (sqlite3_file_control(in->database, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || !moved) return false;
  struct stat facts;
  return stat(sqlite3_db_filename(in->database, "main"), &facts) == 0 || errno == ENOENT || errno == ENOTDIR;
}

static void remember_log(store *in) {
  struct stat facts;
  if (in->in_memory || in->read_only || stat(log_path(in), &facts) != 0) return;
  in->log_device = (uint64_t)facts.st_dev;
  in->log_inode = (uint64_t)facts.st_ino;
}

/* A program that closes a file loses all its locks on it (POSIX). Where it has read the ledger's file itself, the next
 * process that closes the ledger takes itself for the last one and removes the log: what is then written to that is gone. */
static tally_code check_log(store *in) {
  struct stat facts;
  if (in->log_inode == 0) return TALLY_OK;
  bool found = stat(log_path(in), &facts) == 0;
  if (!found && errno != ENOENT && errno != ENOTDIR) return TALLY_OK;
  if (found && (uint64_t)facts.st_ino == in->log_inode && (uint64_t)facts.st_dev == in->log_device) return TALLY_OK;
  return store_failed_with(
      in, TALLY_ERR_IO_ERROR,
      "the ledger's log was removed while it was open, as happens where a program reads or copies "
      "the file of a ledger that it has open; nothing was written: close it, and open it anew");
}

/* A rollback that could not be, for want of memory, is made up for before the next transaction. */
static void end_what_was_left(store *in) {
  if (!sqlite3_get_autocommit(in->database)) store_rollback(in);
}

tally_code store_begin(store *in) {
  tally_code code = check_process(in);
  if (code) return code;
  if (store_moved(in)) {
    return store_failed_with(in, TALLY_ERR_IO_ERROR,
                             "the ledger file was moved, deleted or replaced while it was open; nothing was written: "
                             "close it, and open the file that is the ledger now");
  }
  end_what_was_left(in);
  code = store_run_plain(in, STMT_BEGIN);
  if (code) return code;
  in->writing = true;
  code = check_log(in);
  if (!code) code = held_begun(in);
  if (code) store_rollback(in);
  return code;
}

tally_code store_begin_read(store *in) {
  tally_code code = check_process(in);
  if (code) return code;
  end_what_was_left(in);
  held_drop(in); /* what is kept may be older than what will be read */
  return store_run_plain(in, STMT_BEGIN_READ);
}

/* A statement that has given a row and not ended holds the state of the file that it saw, for all others too: that costs
 * less than BEGIN and ROLLBACK. */
tally_code store_snapshot(store *in) {
  sqlite3_stmt *prepared = NULL;
  tally_code code = check_process(in);
  if (!code) code = store_statement(in, STMT_SNAPSHOT, &prepared);
  if (!code) code = store_step(in, prepared);
  if (code) return code;
  in->in_snapshot = true;
  code = held_begun(in);
  if (code) store_rollback(in);
  return code;
}

tally_code store_commit(store *in) {
  tally_code code = check_process(in);
  if (!code) code = held_settle(in);
  if (!code) code = check_log(in);
  if (!code) code = store_run_plain(in, STMT_COMMIT);
  if (code) store_rollback(in);
  else held_committed(in);
  in->writing = false;
  return code;
}

/* A rollback that cannot be would leave the lock held, or a try in the file: it is tried until there is no transaction.
 * Keeps the message of what made it necessary. */
void store_rollback(store *in) {
  if (is_forked(in)) return;
  char message[sizeof in->message];
  memcpy(message, in->message, sizeof message);
  if (in->in_snapshot) sqlite3_reset(in->statements[STMT_SNAPSHOT]);
  in->in_snapshot = false;
  if (in->held.touched || in->held.failed) held_drop(in);
  in->held.touched = in->writing = false;
  if (!sqlite3_get_autocommit(in->database)) store_run_plain(in, STMT_ROLLBACK);
  for (int i = 0; i < ROLLBACK_TRIES && !sqlite3_get_autocommit(in->database); i++) {
    sqlite3_exec(in->database, "ROLLBACK", NULL, NULL, NULL);
  }
  memcpy(in->message, message, sizeof message);
}

tally_code store_savepoint(store *in) {
  tally_code code = held_settle(in);
  return code ? code : store_run_plain(in, STMT_SAVEPOINT);
}

tally_code store_release(store *in) {
  return store_run_plain(in, STMT_RELEASE);
}

/* Where a savepoint cannot be taken back, all is: the caller sees that no transaction is open any more. */
void store_rollback_to(store *in) {
  char message[sizeof in->message];
  memcpy(message, in->message, sizeof message);
  held_drop(in);
  if (!sqlite3_get_autocommit(in->database)) {
    tally_code code = store_run_plain(in, STMT_ROLLBACK_TO);
    if (!code) code = store_run_plain(in, STMT_RELEASE);
    if (code) store_rollback(in);
  }
  memcpy(in->message, message, sizeof message);
}

bool store_in_transaction(const store *in) {
  return in->in_snapshot || !sqlite3_get_autocommit(in->database);
}

tally_code store_data_version(store *in, uint32_t *version) {
  unsigned int value = 0;
  if (sqlite3_file_control(in->database, "main", SQLITE_FCNTL_DATA_VERSION, &value) != SQLITE_OK) {
    return store_failed(in);
  }
  *version = value;
  return TALLY_OK;
}
