/* plan.h - what a worker asks for next, by lot and by what it made so far. */
#ifndef KILL_PLAN_H
#define KILL_PLAN_H

#include "diary.h"

enum { RECENT = 12 }; /* what is touched is mostly young */

/* A document that all workers pay on, and the key by which all of them ask for it. */
#define HOT_DOCUMENT "HOT-1"
#define HOT_KEY "hot"

typedef struct desk {
  uint64_t seed;
  size_t worker, keys;
  char documents[RECENT][NAME_BYTES], payments[RECENT][NAME_BYTES];
  size_t document_count, payment_count; /* of those that ever were */
} desk;

/* Learns what a unit made that was acknowledged. */
void plan_learn(desk *at, const unit *done);
/* Plans the next unit, each command with a key of its own. */
void plan_unit(desk *at, int64_t now_ms, unit *out);
/* The unit that makes the document of all. */
void plan_hot(unit *out);

#endif
