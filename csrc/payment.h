/* payment.h - the payment that another command names: its entries, type and documents (§6). */
#ifndef TALLY_PAYMENT_H
#define TALLY_PAYMENT_H

#include "command.h"

/* The entries of one payment: its act's, without the reversals that a correction begins with. */
typedef struct payment_entries {
  tally_entry *entries;
  size_t count;
  const tally_entry *first; /* carries the number and what belongs to the whole */
} payment_entries;

/* Errors: payment-unknown. */
tally_code payment_load(work *in, tally_text number, payment_entries *out);
/* The payment's type; NULL where the act has none. */
tally_code payment_type_of(work *in, const payment_entries *payment, const tally_payment_type **type);
/* The documents it touched, each once, in order. */
tally_code payment_documents(work *in, const payment_entries *payment, planned_document ***documents, size_t *count);
tally_code check_not_reversed(work *in, const payment_entries *payment);

#endif
