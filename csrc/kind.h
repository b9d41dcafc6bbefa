/* kind.h - which fact of a document each kind of entry moves. */
#ifndef TALLY_KIND_H
#define TALLY_KIND_H

#include "tallystick.h"

typedef enum tally_fact {
  FACT_NOTHING,
  FACT_CHARGED,
  FACT_COLLECTED,
  FACT_CREDITED,
  FACT_DISCOUNTED,
  FACT_LOST,
  FACT_ROUNDED
} tally_fact;

/* Gives the fact a kind moves and the sign it moves it by. A reversal moves what the entry it undoes moved, the other
 * way: ask for that entry's kind. */
tally_fact kind_fact(tally_kind kind, int *sign);
/* Gives the place of a fact; NULL for FACT_NOTHING. */
int64_t *facts_field(tally_facts *facts, tally_fact fact);

#endif
