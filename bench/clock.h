/* clock.h - a clock that only goes forward, and waiting for a moment of it: the same for the C and the Lua side. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

/* A sleeper wakes some 50 us late, so that the last stretch is waited for by looking at the clock. */
enum { CLOCK_SPIN_NS = 100000, NS_PER_SECOND = 1000000000 };

/* Nanoseconds since some moment in the past. */
static inline int64_t clock_now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (int64_t)at.tv_sec * NS_PER_SECOND + at.tv_nsec;
}

/* Returns at the moment, or at once where it is past. */
static inline void clock_wait_until(int64_t moment) {
  int64_t wake = moment - CLOCK_SPIN_NS;
  struct timespec at = {.tv_sec = wake / NS_PER_SECOND, .tv_nsec = wake % NS_PER_SECOND};
  while (clock_now() < wake && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) continue;
  while (clock_now() < moment) continue;
}

#endif
