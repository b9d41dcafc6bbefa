/* store_check.c - the engine's own check of a file: beside the caller, on a connection and a thread of its own, where that
 * can be; it reads every page and looks up every row in every index. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_sqlite.h"

enum { WAIT_MS = 20 };

typedef enum check_end {
  CHECK_RUNS,
  CHECK_FINE,
  CHECK_DAMAGED,
  CHECK_UNREAD,
  CHECK_NO_MEMORY,
  CHECK_FAILED
} check_end;

struct store_checking {
  store *in;
  char *path; /* NULL: the caller's own connection is asked, when it waits */
  pthread_t thread;
  bool has_thread;
  atomic_bool stopped;
  atomic_int end; /* set last by the thread */
  char message[256];
};

/* A page that the disk did not give, or that found no memory, is told of among the damage, by the result of reading it. */
static check_end end_of(const char *answer) {
  static const char mark[] = "error code";
  const char *at = strstr(answer, mark);
  if (at == NULL) return CHECK_DAMAGED;
  at += sizeof mark - 1;
  long status = strtol(at + strspn(at, " ="), NULL, 10);
  if (status == SQLITE_NOMEM || status == SQLITE_IOERR_NOMEM) return CHECK_NO_MEMORY;
  return (status & 0xff) == SQLITE_IOERR ? CHECK_UNREAD : CHECK_DAMAGED;
}

/* Asks one pragma for what is wrong; sets the message where something is. */
static check_end ask(sqlite3 *database, const char *pragma, const char *fine, char message[256]) {
  sqlite3_stmt *prepared;
  if (sqlite3_prepare_v2(database, pragma, -1, &prepared, NULL) != SQLITE_OK) return CHECK_FAILED;
  int status = sqlite3_step(prepared);
  const char *answer = status == SQLITE_ROW ? (const char *)sqlite3_column_text(prepared, 0) : NULL;
  check_end end = status == SQLITE_DONE ? CHECK_FINE : CHECK_FAILED;
  if (answer) end = strcmp(answer, fine) == 0 ? CHECK_FINE : end_of(answer);
  if (answer) snprintf(message, 256, "%s", answer);
  sqlite3_finalize(prepared);
  return end;
}

static check_end end_of_status(int status) {
  if ((status & 0xff) == SQLITE_NOMEM || status == SQLITE_IOERR_NOMEM) return CHECK_NO_MEMORY;
  if ((status & 0xff) == SQLITE_IOERR) return CHECK_UNREAD;
  return (status & 0xff) == SQLITE_CORRUPT ? CHECK_DAMAGED : CHECK_FAILED;
}

/* Holds the rows that an index leads to against those of its table. where: the index's own condition, or "". */
static check_end ask_index(sqlite3 *database, const char *index, const char *table, const char *where,
                           char message[256]) {
  sqlite3_stmt *prepared = NULL;
  char *query = sqlite3_mprintf(
      "SELECT (SELECT count(*) || ' ' || coalesce(sum(rowid & 1048575), 0) FROM \"%w\" INDEXED BY \"%w\"%s) = "
      "(SELECT count(*) || ' ' || coalesce(sum(rowid & 1048575), 0) FROM \"%w\" NOT INDEXED%s)",
      table, index, where, table, where);
  if (query == NULL) return CHECK_NO_MEMORY;
  int status = sqlite3_prepare_v2(database, query, -1, &prepared, NULL);
  sqlite3_free(query);
  if (status == SQLITE_OK) status = sqlite3_step(prepared);
  check_end end = end_of_status(status);
  if (status == SQLITE_ROW) end = sqlite3_column_int(prepared, 0) ? CHECK_FINE : CHECK_DAMAGED;
  if (end == CHECK_DAMAGED) snprintf(message, 256, "the index %s leads to other rows than there are", index);
  sqlite3_finalize(prepared);
  return end;
}

/* SQLite looks for each row in each index, and takes an entry for it that agrees as far as it goes: one that was cut short
 * passes, and leads nowhere. */
static check_end ask_indexes(sqlite3 *database, char message[256]) {
  sqlite3_stmt *listed;
  check_end end = CHECK_FINE;
  int status = sqlite3_prepare_v2(database, "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'index'", -1,
                                  &listed, NULL);
  if (status != SQLITE_OK) return end_of_status(status);
  while (end == CHECK_FINE && (status = sqlite3_step(listed)) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(listed, 0),
               *table = (const char *)sqlite3_column_text(listed, 1);
    const char *made = (const char *)sqlite3_column_text(listed, 2), *where = made ? strstr(made, " WHERE ") : NULL;
    end = name && table ? ask_index(database, name, table, where ? where : "", message) : CHECK_NO_MEMORY;
  }
  if (end == CHECK_FINE && status != SQLITE_DONE) end = end_of_status(status);
  sqlite3_finalize(listed);
  return end;
}

static check_end ask_all(sqlite3 *database, char message[256]) {
  check_end end = ask(database, "PRAGMA integrity_check(1)", "ok", message);
  if (end == CHECK_FINE) end = ask_indexes(database, message);
  if (end != CHECK_FINE) return end;
  end = ask(database, "PRAGMA foreign_key_check", "", message);
  if (end == CHECK_DAMAGED) snprintf(message, 256, "a row points to an entry that is not there");
  return end;
}

/* Not 0 interrupts the check: who has stopped it asks nothing of it any more. */
static int is_stopped(void *checking) {
  return atomic_load(&((store_checking *)checking)->stopped);
}

static void *run(void *argument) {
  store_checking *checking = argument;
  sqlite3 *database = NULL;
  int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
  check_end end = CHECK_FAILED;
  if (sqlite3_open_v2(checking->path, &database, flags, NULL) == SQLITE_OK) {
    enum { STEPS_BETWEEN_LOOKS = 10000 };
    sqlite3_busy_timeout(database, checking->in->busy_timeout_ms);
    sqlite3_progress_handler(database, STEPS_BETWEEN_LOOKS, is_stopped, checking);
    sqlite3_exec(database, "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF", NULL, NULL, NULL);
    end = ask_all(database, checking->message);
  }
  sqlite3_close_v2(database);
  atomic_store(&checking->end, (int)end);
  return NULL;
}

/* Signals are for the host's own threads. */
static bool start_thread(store_checking *checking) {
  sigset_t all, before;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return false;
  bool started = pthread_create(&checking->thread, NULL, run, checking) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

/* Another connection sees what is committed: not a ledger in memory, nor what an open transaction has written. */
/* A host may have told SQLite to do without mutexes, whatever it was built for: a connection that asks for one then has
 * none. */
static bool threads_allowed(void) {
  sqlite3 *probe = NULL;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_FULLMUTEX;
  bool allowed = sqlite3_threadsafe() && sqlite3_open_v2(":memory:", &probe, flags, NULL) == SQLITE_OK &&
                 sqlite3_db_mutex(probe) != NULL;
  sqlite3_close_v2(probe);
  return allowed;
}

const char *store_path_beside(const store *in) {
  const char *path = sqlite3_db_filename(in->database, "main");
  bool alone = in->in_memory || in->writing || path == NULL || *path == '\0' || !threads_allowed();
  return alone ? NULL : path;
}

tally_code store_check_begin(store *in, store_checking **out) {
  *out = NULL;
  tally_code code = held_settle(in);
  if (!code) code = store_schema_check(in);
  if (code) return code;
  store_checking *checking = calloc(1, sizeof *checking);
  if (checking == NULL) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  checking->in = in;
  *out = checking;
  const char *path = store_path_beside(in);
  if (path == NULL) return TALLY_OK;
  checking->path = sqlite3_mprintf("%s", path);
  checking->has_thread = checking->path && start_thread(checking);
  return TALLY_OK;
}

static void join(store_checking *checking) {
  if (checking->has_thread) pthread_join(checking->thread, NULL);
  checking->has_thread = false;
}

tally_code store_check_wait(store_checking *checking) {
  store *in = checking->in;
  if (checking->has_thread && atomic_load(&checking->end) == CHECK_RUNS) {
    sqlite3_sleep(WAIT_MS);
    if (atomic_load(&checking->end) == CHECK_RUNS) return TALLY_OK;
  }
  join(checking);
  check_end end = (check_end)atomic_load(&checking->end);
  if (end == CHECK_RUNS || end == CHECK_FAILED) end = ask_all(in->database, checking->message);
  if (end == CHECK_FINE) return TALLY_DONE;
  if (end == CHECK_FAILED) return store_failed(in);
  if (end == CHECK_NO_MEMORY) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  if (end == CHECK_UNREAD)
    return store_failed_with(in, TALLY_ERR_IO_ERROR, "the file could not be read: %s", checking->message);
  return store_failed_with(in, TALLY_ERR_CORRUPT, "the file is damaged: %s", checking->message);
}

void store_check_end(store_checking *checking) {
  if (checking == NULL) return;
  atomic_store(&checking->stopped, true);
  join(checking);
  sqlite3_free(checking->path);
  free(checking);
}
