/* watch.c - SQLite's own door to replace its system calls: the same calls, with a word about them before each. */
#include "watch.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
  FILES_MAX = 256,
  SLOW_OF =
      12, /* every how-manieth write is slow, as on a disk; the system's memory would leave a kill no time to strike */
  SLOW_US = 200
};

/* One process, one slot: SQLite's door has no other place for it. */
static slot *told_to;
static uint64_t seed;
static bool is_log[FILES_MAX];

static bool ends_with(const char *path, const char *end) {
  size_t length = strlen(path), of_end = strlen(end);
  return length >= of_end && strcmp(path + length - of_end, end) == 0;
}

static void be_slow(size_t of) {
  if (below(&seed, of) == 0) nap_us((int64_t)below(&seed, SLOW_US));
}

static void tell(int file) {
  bool log = file >= 0 && file < FILES_MAX && is_log[file];
  atomic_store(&told_to->disk, log ? DISK_LOG : DISK_CHECKPOINT);
  be_slow(SLOW_OF);
}

static int open_file(const char *path, int flags, int mode) {
  int file = open(path, flags, mode);
  if (file >= 0 && file < FILES_MAX) is_log[file] = ends_with(path, "-wal");
  return file;
}

static ssize_t write_here(int file, const void *bytes, size_t count) {
  tell(file);
  return write(file, bytes, count);
}

static ssize_t write_at(int file, const void *bytes, size_t count, off_t offset) {
  tell(file);
  return pwrite(file, bytes, count, offset);
}

static int truncate_file(int file, off_t length) {
  tell(file);
  return ftruncate(file, length);
}

static int remove_file(const char *path) {
  if (ends_with(path, "-wal")) {
    atomic_store(&told_to->disk, DISK_REMOVAL);
    be_slow(1);
  }
  int code = unlink(path);
  if (ends_with(path, "-wal")) be_slow(1);
  return code;
}

static void replace(const char *name, sqlite3_syscall_ptr call) {
  sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
  if (vfs->iVersion >= 3 && vfs->xSetSystemCall(vfs, name, call) == SQLITE_OK) return;
  fprintf(stderr, "kill: SQLite lets nobody replace its %s\n", name);
  _exit(2);
}

void watch_start(slot *told, uint64_t by_lot) {
  told_to = told;
  seed = by_lot;
  replace("open", (sqlite3_syscall_ptr)open_file);
  replace("write", (sqlite3_syscall_ptr)write_here);
  replace("pwrite", (sqlite3_syscall_ptr)write_at);
  replace("pwrite64", (sqlite3_syscall_ptr)write_at);
  replace("ftruncate", (sqlite3_syscall_ptr)truncate_file);
  replace("unlink", (sqlite3_syscall_ptr)remove_file);
}
