/* shim.c - loaded before the C library, stands between a process and what it does to an anchor's file: counts these calls,
 * fails or kills at the n-th, or waits before the file is made and gets its name. ANCHOR_FAULT is "fail N ERRNO", "short N", "kill N",
 * "after N" (killed behind it) or "delay MS"; ANCHOR_COUNT is a file that is told how many calls there were. A file that
 * gets its name before it is synced is a fault of the program: it ends by SIGABRT. With ANCHOR_HURRY half a minute passes
 * from one look at the coarse clock to the next. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

static int folder = -1, file = -1;
static bool unsynced;
static long calls;

static const char *setting(const char *word) {
  const char *fault = getenv("ANCHOR_FAULT");
  size_t length = strlen(word);
  return fault && strncmp(fault, word, length) == 0 && fault[length] == ' ' ? fault + length + 1 : NULL;
}

static bool is_due(const char *word) {
  const char *at = setting(word);
  return at && strtol(at, NULL, 10) == calls;
}

/* Before each call; true where it is to fail. */
static bool enter(void) {
  calls++;
  if (is_due("kill")) raise(SIGKILL);
  if (!is_due("fail")) return false;
  const char *code = strrchr(getenv("ANCHOR_FAULT"), ' ');
  errno = (int)strtol(code, NULL, 10);
  return true;
}

static int leave(int result) {
  if (is_due("after")) raise(SIGKILL);
  return result;
}

/* So that of processes that are at it at once one that looked earlier may come later. */
static void wait_a_while(void) {
  const char *delay = setting("delay");
  struct timespec pause = {0, delay ? (strtol(delay, NULL, 10) * ((long)getpid() % 4)) * 1000000L : 0};
  nanosleep(&pause, NULL);
}

static bool is_beside(const char *name) {
  size_t length = strlen(name);
  return length >= 11 && strcmp(name + length - 11, "-anchor-new") == 0;
}

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

static mode_t mode_of(int flags, va_list rest) {
  return flags & O_CREAT ? va_arg(rest, mode_t) : 0;
}

int open(const char *path, int flags, ...) {
  int (*call)(const char *, int, ...) = real("open");
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  if (!(flags & O_DIRECTORY)) return call(path, flags, mode);
  if (enter()) return -1;
  folder = call(path, flags, mode);
  return leave(folder);
}

int openat(int at, const char *path, int flags, ...) {
  int (*call)(int, const char *, int, ...) = real("openat");
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  if (at != folder || at < 0) return call(at, path, flags, mode);
  wait_a_while();
  if (enter()) return -1;
  file = call(at, path, flags, mode);
  unsynced = true;
  return leave(file);
}

int flock(int descriptor, int what) {
  int (*call)(int, int) = real("flock");
  if (descriptor == folder && enter()) return -1;
  int result = call(descriptor, what);
  return descriptor == folder ? leave(result) : result;
}

ssize_t write(int descriptor, const void *bytes, size_t length) {
  ssize_t (*call)(int, const void *, size_t) = real("write");
  if (descriptor != file || file < 0) return call(descriptor, bytes, length);
  if (enter()) return -1;
  unsynced = true;
  /* As on a disk that becomes full, or where a signal comes: half of it, and the rest is asked for again. */
  ssize_t done = call(descriptor, bytes, is_due("short") ? length / 2 : length);
  leave(0);
  return done;
}

int fsync(int descriptor) {
  int (*call)(int) = real("fsync");
  bool ours = descriptor >= 0 && (descriptor == file || descriptor == folder);
  if (!ours) return call(descriptor);
  if (enter()) return -1;
  if (descriptor == file) unsynced = false;
  return leave(call(descriptor));
}

int close(int descriptor) {
  int (*call)(int) = real("close");
  bool ours = descriptor >= 0 && (descriptor == file || descriptor == folder);
  if (!ours) return call(descriptor);
  bool fails = enter();
  int error = errno;
  if (descriptor == file) file = -1;
  else folder = -1;
  int result = call(descriptor);
  if (!fails) return leave(result);
  errno = error;
  return -1;
}

int renameat(int from, const char *old, int to, const char *name) {
  int (*call)(int, const char *, int, const char *) = real("renameat");
  if (from != folder || from < 0) return call(from, old, to, name);
  wait_a_while();
  if (is_beside(old) && unsynced) abort();
  if (enter()) return -1;
  return leave(call(from, old, to, name));
}

int unlinkat(int at, const char *path, int flags) {
  int (*call)(int, const char *, int) = real("unlinkat");
  if (at != folder || at < 0) return call(at, path, flags);
  if (enter()) return -1;
  return leave(call(at, path, flags));
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static long looks;
  int (*call)(clockid_t, struct timespec *) = real("clock_gettime");
  int result = call(clock, now);
  if (clock == CLOCK_MONOTONIC_COARSE && getenv("ANCHOR_HURRY")) now->tv_sec += 30 * looks++;
  return result;
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("ANCHOR_COUNT");
  FILE *out = path ? fopen(path, "w") : NULL;
  if (out == NULL) return;
  fprintf(out, "%ld\n", calls);
  fclose(out);
}
