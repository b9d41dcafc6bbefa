/* settlement.h - one payment over documents: what it takes, what it rounds, what it gives back (§6, pay). */
#ifndef TALLY_SETTLEMENT_H
#define TALLY_SETTLEMENT_H

#include "command.h"

typedef struct settlement {
  /* What is asked. */
  const tally_payment_type *type;
  planned_document **documents;
  size_t count;
  bool has_amount, has_tendered;
  int64_t amount_minor, tendered_minor;
  tally_text patient, group, reference;
  const tally_pair *fields;
  const tally_field_type *field_types; /* as given; NULL where they are an earlier payment's */
  size_t field_count;
  int64_t at_ms;
  int32_t day;
  /* What follows: settlement_work_out fills it. */
  int64_t *open;     /* what each document takes at most; 0 for those passed over */
  int64_t remaining; /* their sum */
  int64_t due;       /* remaining, rounded to the type's step */
  int64_t given;     /* the amount named, or what is taken for it */
  int64_t settled;   /* goes to the documents */
  int64_t recorded;  /* settled and deposited */
  bool exceeds, closes;
  bool overflows;   /* remaining is not the whole sum, which leaves int64 */
  tally_text payer; /* whose documents take it; none where they are of two patients */
  bool two_payers;
} settlement;

/* Holds extra fields against the type's: field-unknown, field-missing, field-invalid. */
tally_code settlement_check_fields(work *in, const settlement *asked);
/* Checks the state of things in the order of §8. Works the amounts out first. */
tally_code settlement_check(work *in, settlement *asked);
/* Plans the entries. */
tally_code settlement_plan(work *in, settlement *asked);

#endif
