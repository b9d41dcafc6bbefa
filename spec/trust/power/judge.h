/* judge.h - whether a ledger that came through a power cut is what was acknowledged. */
#ifndef POWER_JUDGE_H
#define POWER_JUDGE_H

#include "clinic.h"

enum { VERDICT_BYTES = 400 };

typedef struct judgement {
  size_t acknowledged;         /* units before the cut */
  bool opened;                 /* the making of the ledger was acknowledged */
  bool kept_next;              /* the unit that was under way had come through */
  char verdict[VERDICT_BYTES]; /* empty: all holds */
} judgement;

/* Opens the image, looks at it, and asks again for what was under way at the cut. */
void judge(const clinic *in, const char *path, size_t cut, judgement *out);

#endif
