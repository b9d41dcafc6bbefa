/* judge.h - a ledger after a kill, beside what was acknowledged: nothing lost, halved, doubled or broken. */
#ifndef KILL_JUDGE_H
#define KILL_JUDGE_H

#include "trial.h"

/* How far a judgement goes. Shared, as the next one goes on from it. */
typedef struct judging {
  const trial *in;
  size_t seen[WORKERS_MAX]; /* how many units of each diary were asked for again */
  bool verifies;            /* the whole file */
  bool ends;                /* asks again for what is under way, and for all that was ever acknowledged */
} judging;

/* Judges, in a process of its own, while no other has the ledger open; with is a judging. */
void judge_ledger(void *with, size_t index);

#endif
