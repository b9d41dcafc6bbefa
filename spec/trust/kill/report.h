/* report.h - what is asked of a run, and what it says at its end. */
#ifndef KILL_REPORT_H
#define KILL_REPORT_H

#include <sys/types.h>

#include "trial.h"

enum { JOBS_MAX = 16 };

typedef struct options {
  bool is_long;
  uint64_t seed;
  size_t kills, jobs;
  size_t only; /* the one ledger to try, from 1 on; 0: as many as the kills need */
  mutation mutated;
  const char *folder;
} options;

/* Reads the command line; ends the program where it is not understood. */
void read_options(char **words, options *out);
/* Until the jobs have ended: how many kills there were, on a terminal only. */
void show_progress(const options *asked, const sum *in, const pid_t *jobs);
/* Prints the rows and where the kills struck; gives the exit code. */
int report(const options *asked, const sum *in, bool whole);

const char *breach_name(breach found);
const char *shape_name(shape how);

#endif
