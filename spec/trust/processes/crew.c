/* crew.c - forks, shared memory and clocks. */
#include "crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GATE_NAP_US = 20 };

uint64_t dice(uint64_t *seed) {
  uint64_t x = *seed += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

size_t below(uint64_t *seed, size_t count) {
  return (size_t)(dice(seed) % count);
}

void *share(size_t bytes) {
  void *shared = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared != MAP_FAILED) return shared;
  perror("no shared memory");
  exit(2);
}

void unshare(void *shared, size_t bytes) {
  munmap(shared, bytes);
}

pid_t start(void (*work)(void *with, size_t index), void *with, size_t index, unsigned seconds) {
  pid_t parent = getpid(), process = fork();
  if (process < 0) {
    perror("no process");
    exit(2);
  }
  if (process > 0) return process;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_TIMERSLACK, 1); /* naps are as short as they say */
  if (getppid() != parent) _exit(2);
  alarm(seconds);
  work(with, index);
  _exit(0);
}

bool came_to_end(pid_t process) {
  int status = 0;
  while (waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void gate_pass(gate *in, size_t count) {
  size_t round = atomic_load(&in->round);
  if (atomic_fetch_add(&in->here, 1) + 1 == count) {
    atomic_store(&in->here, 0);
    atomic_fetch_add(&in->round, 1);
    return;
  }
  while (atomic_load(&in->round) == round) nap_us(GATE_NAP_US);
}

int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void nap_us(int64_t us) {
  struct timespec rest = {us / 1000000, (us % 1000000) * 1000};
  while (nanosleep(&rest, &rest) != 0 && errno == EINTR) continue;
}
