/* crew.h - processes beside one another: what they share, how they wait for each other, how they end. */
#ifndef PROCESSES_CREW_H
#define PROCESSES_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A small generator: the same seed gives the same choices everywhere. */
uint64_t dice(uint64_t *seed);
size_t below(uint64_t *seed, size_t count);

/* Memory that this process shares with those it starts, zeroed. Ends the program where there is none. */
void *share(size_t bytes);
void unshare(void *shared, size_t bytes);

/* Starts a process that does some work and ends; it ends with its parent, and is ended when it takes longer than this. */
pid_t start(void (*work)(void *with, size_t index), void *with, size_t index, unsigned seconds);
/* Waits for its end; says whether it came to the end of its work. */
bool came_to_end(pid_t process);

/* Where so many processes wait for one another. In shared memory. */
typedef struct gate {
  atomic_size_t here, round;
} gate;
void gate_pass(gate *in, size_t count);

int64_t now_us(void);
void nap_us(int64_t us);

#endif
