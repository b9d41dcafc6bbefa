/* reading.h - what the queries share. */
#ifndef TALLY_READING_H
#define TALLY_READING_H

#include "request.h"
#include "view.h"

/* The day that a query is asked on. */
int32_t reading_today(const parsed_command *asked);
/* Errors: document-unknown, payment-unknown, patient-unknown. */
tally_code reading_document(tally_ledger *ledger, tally_text number, document_row *row);
tally_code reading_payment_entry(tally_ledger *ledger, tally_text number, tally_entry *entry);
tally_code reading_patient(tally_ledger *ledger, tally_text id);
/* Reads the payment of an act with all that is known of it; TALLY_DONE where the act has none. */
tally_code reading_payment(tally_ledger *ledger, arena *from, int64_t act, tally_payment *out);

#endif
