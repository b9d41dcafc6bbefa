/* slow_sync.c - preloaded, it makes each sync take longer by so many microseconds as SLOW_SYNC_US says: a disk that is slower
 * to sync than this machine's, for both sides alike (bench/floor.lua). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int slowly(const char *name, int file) {
  int (*sync_file)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  const char *wanted = getenv("SLOW_SYNC_US");
  long us = wanted ? atol(wanted) : 0;
  struct timespec pause = {us / 1000000, us % 1000000 * 1000};
  if (us > 0) nanosleep(&pause, NULL);
  return sync_file(file);
}

int fdatasync(int file) {
  return slowly("fdatasync", file);
}

int fsync(int file) {
  return slowly("fsync", file);
}
