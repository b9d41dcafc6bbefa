/* store_backup.c - a live copy by SQLite's backup API. */
#define _GNU_SOURCE /* for renameat2 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_sqlite.h"

/* Pages a step: a megabyte, so that writers get their turn and progress moves. */
enum { PAGES_PER_STEP = 512, PATH_BYTES = 4096 };

struct store_copy {
  store *source;
  sqlite3 *target;
  sqlite3_backup *backup;
  bool in_read; /* the read transaction that holds one state of the source */
  char path[PATH_BYTES], partial[PATH_BYTES];
};

static tally_code io_failed(store *in, const char *path) {
  return store_failed_with(in, errno == ENOSPC || errno == EDQUOT ? TALLY_ERR_FULL : TALLY_ERR_IO_ERROR, "%s: %s",
                           path, strerror(errno));
}

/* A log that was left there by another ledger would be taken for the copy's. */
static tally_code refuse_log(store_copy *copy) {
  struct stat facts;
  char *log = sqlite3_mprintf("%s-wal", copy->path);
  if (log == NULL) return store_failed_with(copy->source, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  bool left = stat(log, &facts) == 0 && facts.st_size > 0;
  tally_code code = TALLY_OK;
  if (left) {
    code = store_failed_with(copy->source, TALLY_ERR_IO_ERROR,
                             "%s is the log of another ledger and would be taken for the copy's; move it, and keep it",
                             log);
  }
  sqlite3_free(log);
  return code;
}

/* The copy grows beside its final name, private from the start. */
static tally_code make_partial(store_copy *copy) {
  if (access(copy->path, F_OK) == 0) {
    errno = EEXIST;
    return io_failed(copy->source, copy->path);
  }
  tally_code code = refuse_log(copy);
  if (code) return code;
  int file = open(copy->partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return io_failed(copy->source, copy->partial);
  close(file);
  return TALLY_OK;
}

/* Reads the source in one transaction, so that a writer elsewhere cannot make the copy begin anew for ever. The
 * transaction begins with its first read. */
static tally_code hold_source(store_copy *copy) {
  store_facts facts;
  tally_code code = store_begin_read(copy->source);
  copy->in_read = code == TALLY_OK;
  return code ? code : store_facts_get(copy->source, &facts);
}

static tally_code copy_failed(store_copy *copy, int status) {
  tally_code code = TALLY_ERR_IO_ERROR;
  if (status == SQLITE_IOERR_NOMEM || (status & 0xff) == SQLITE_NOMEM) code = TALLY_ERR_OUT_OF_MEMORY;
  else if ((status & 0xff) == SQLITE_BUSY || (status & 0xff) == SQLITE_LOCKED) code = TALLY_ERR_BUSY;
  else if ((status & 0xff) == SQLITE_FULL) code = TALLY_ERR_FULL;
  return store_failed_with(copy->source, code, "%s: %s", copy->partial, sqlite3_errstr(status));
}

static tally_code open_target(store_copy *copy) {
  int status = sqlite3_open_v2(copy->partial, &copy->target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL);
  if (status != SQLITE_OK) return copy_failed(copy, status);
  copy->backup = sqlite3_backup_init(copy->target, "main", copy->source->database, "main");
  return copy->backup ? TALLY_OK : copy_failed(copy, sqlite3_extended_errcode(copy->target));
}

tally_code store_copy_begin(store *in, const char *path, store_copy **out) {
  store_copy *copy = calloc(1, sizeof *copy);
  *out = copy;
  if (copy == NULL) return store_failed_with(in, TALLY_ERR_OUT_OF_MEMORY, "out of memory");
  copy->source = in;
  /* A name of its own: what a killed backup left behind is in nobody's way. */
  sqlite3_uint64 mark;
  sqlite3_randomness(sizeof mark, &mark);
  int length = snprintf(copy->partial, sizeof copy->partial, "%s.%016llx.partial", path, (unsigned long long)mark);
  if (length < 0 || (size_t)length >= sizeof copy->partial) {
    copy->partial[0] = '\0';
    return store_failed_with(in, TALLY_ERR_IO_ERROR, "the backup's path is longer than %d bytes", PATH_BYTES);
  }
  memcpy(copy->path, path, strlen(path) + 1);
  tally_code code = make_partial(copy);
  if (code) copy->partial[0] = '\0'; /* not ours to remove */
  if (!code) code = hold_source(copy);
  return code ? code : open_target(copy);
}

/* Where a file can have no second name, as on a memory stick, an empty file takes the name, and the copy its place. */
static bool take_name_without_link(const store_copy *copy) {
  int file = open(copy->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  close(file);
  if (rename(copy->partial, copy->path) == 0) return true;
  int failure = errno;
  unlink(copy->path);
  errno = failure;
  return false;
}

/* Renames unless the name is taken, where the system can do that in one step. */
static int rename_to_free(const char *from, const char *to) {
#ifdef RENAME_NOREPLACE
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
#else
  (void)from, (void)to;
  errno = ENOSYS;
  return -1;
#endif
}

/* Who is killed between link and unlink leaves a backup of two names, and such a one is not opened. */
static bool take_name(const store_copy *copy) {
  if (rename_to_free(copy->partial, copy->path) == 0) return true;
  if (errno != ENOSYS && errno != EINVAL) return false;
  if (link(copy->partial, copy->path) != 0) {
    bool no_links = errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP;
    return no_links && take_name_without_link(copy);
  }
  unlink(copy->partial);
  return true;
}

/* Gives the finished copy its name, which must still be free, and puts the folder's entry on disk. */
static tally_code publish(store_copy *copy) {
  sqlite3_backup_finish(copy->backup);
  copy->backup = NULL;
  if (sqlite3_close(copy->target) != SQLITE_OK)
    return store_failed_with(copy->source, TALLY_ERR_IO_ERROR, "%s: close", copy->partial);
  copy->target = NULL;
  if (!take_name(copy)) return io_failed(copy->source, copy->path);
  char *slash = strrchr(copy->partial, '/');
  if (slash) slash[slash == copy->partial ? 1 : 0] = '\0';
  int folder = open(slash ? copy->partial : ".", O_RDONLY | O_CLOEXEC);
  copy->partial[0] = '\0';
  if (folder >= 0) {
    fsync(folder);
    close(folder);
  }
  return TALLY_DONE;
}

tally_code store_copy_step(store_copy *copy) {
  int status = sqlite3_backup_step(copy->backup, PAGES_PER_STEP);
  if (status == SQLITE_OK) return TALLY_OK;
  if (status == SQLITE_DONE) return publish(copy);
  return copy_failed(copy, status);
}

void store_copy_progress(const store_copy *copy, int64_t *done, int64_t *total) {
  *total = copy->backup ? sqlite3_backup_pagecount(copy->backup) : 0;
  *done = copy->backup ? *total - sqlite3_backup_remaining(copy->backup) : 0;
}

void store_copy_end(store_copy *copy) {
  if (copy == NULL) return;
  if (copy->backup) sqlite3_backup_finish(copy->backup);
  if (copy->target) sqlite3_close(copy->target);
  if (copy->in_read) store_rollback(copy->source);
  if (copy->partial[0]) unlink(copy->partial);
  free(copy);
}
