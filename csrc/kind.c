/* kind.c - what the list of journal kinds in tallystick.h says of each: name, accounts, fact moved (§4). */
#include "kind.h"

#include <string.h>

typedef struct kind_row {
  const char *name;
  tally_account debit, credit;
  tally_fact fact;
  int sign;
} kind_row;

static const kind_row rows[TALLY_KIND_END] = {
#define X(symbol, number, name, debit, credit, fact, sign)                                                            \
  [number] = {name, TALLY_ACCOUNT_##debit, TALLY_ACCOUNT_##credit, FACT_##fact, sign},
    TALLY_KINDS(X)
#undef X
};

static bool known(tally_kind kind) {
  return kind > 0 && kind < TALLY_KIND_END;
}

const char *tally_kind_name(tally_kind kind) {
  return known(kind) ? rows[kind].name : "unknown";
}

tally_kind tally_kind_find(const char *name, size_t length) {
  for (int kind = 1; kind < TALLY_KIND_END; kind++) {
    if (strlen(rows[kind].name) == length && memcmp(rows[kind].name, name, length) == 0) return (tally_kind)kind;
  }
  return (tally_kind)0;
}

void tally_kind_accounts(tally_kind kind, tally_account *debit, tally_account *credit) {
  *debit = known(kind) ? rows[kind].debit : TALLY_ACCOUNT_NONE;
  *credit = known(kind) ? rows[kind].credit : TALLY_ACCOUNT_NONE;
}

const char *tally_account_name(tally_account account) {
  switch (account) {
  case TALLY_ACCOUNT_RECEIVABLE:
  case TALLY_ACCOUNT_COUNTER_RECEIVABLE:
    return "receivable";
  case TALLY_ACCOUNT_INCOME:
    return "income";
  case TALLY_ACCOUNT_TENDER:
    return "tender";
  case TALLY_ACCOUNT_DISCOUNTS:
    return "discounts";
  case TALLY_ACCOUNT_LOSSES:
    return "losses";
  case TALLY_ACCOUNT_ROUNDING:
    return "rounding";
  case TALLY_ACCOUNT_CREDIT:
  case TALLY_ACCOUNT_COUNTER_CREDIT:
    return "patient credit";
  case TALLY_ACCOUNT_OVER_SHORT:
    return "over/short";
  case TALLY_ACCOUNT_SWAPPED:
    return "swapped";
  default:
    return "none";
  }
}

tally_fact kind_fact(tally_kind kind, int *sign) {
  *sign = known(kind) ? rows[kind].sign : 0;
  return known(kind) ? rows[kind].fact : FACT_NOTHING;
}

int64_t *facts_field(tally_facts *facts, tally_fact fact) {
  switch (fact) {
  case FACT_CHARGED:
    return &facts->charged;
  case FACT_COLLECTED:
    return &facts->collected;
  case FACT_CREDITED:
    return &facts->credited;
  case FACT_DISCOUNTED:
    return &facts->discounted;
  case FACT_LOST:
    return &facts->lost;
  case FACT_ROUNDED:
    return &facts->rounded;
  default:
    return NULL;
  }
}
