/* judge.h - whether a ledger that came through a power cut is what was acknowledged. */
#ifndef POWER_JUDGE_H
#define POWER_JUDGE_H

#include "clinic.h"

enum { VERDICT_BYTES = 400 };

/* What a power cut must not do. */
#define BREACHES(X)                                                                                                   \
  X(LOST, "lost")       /* an acknowledged act is not there, or not as it was answered */                             \
  X(HALVED, "halved")   /* of what belongs together a part is there */                                                \
  X(DOUBLED, "doubled") /* what is asked for again has not one effect */                                              \
  X(BROKEN, "broken")   /* the ledger does not open, or verify does not hold */
typedef enum breach {
  BREACH_NONE,
#define X(symbol, name) BREACH_##symbol,
  BREACHES(X)
#undef X
      BREACH_END
} breach;

typedef struct judgement {
  breach found;
  size_t acknowledged; /* units before the cut */
  bool opened;         /* the making of the ledger was acknowledged */
  bool kept_next;      /* the unit that was under way had come through */
  char verdict[VERDICT_BYTES];
} judgement;

/* Opens the image, looks at it, and asks again for what was under way when so many units were acknowledged. */
void judge(const clinic *in, const char *path, size_t acknowledged, bool opened, judgement *out);

#endif
