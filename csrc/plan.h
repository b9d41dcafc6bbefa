/* plan.h - an act on its way into the journal: proposed entries with all they will move, then written at once.
 *
 * A command checks, then plans its entries; documents and credits change in memory as they are planned, so that what
 * does not fit int64 is known before the first write, and so that the answer can be told from the plan. */
#ifndef TALLY_PLAN_H
#define TALLY_PLAN_H

#include "journal.h"
#include "request.h"

typedef struct planned_document {
  document_row row;
  bool is_new, changed;
  bool moved; /* invoice or cancelled changed, not the facts alone */
} planned_document;

typedef struct planned_credit {
  tally_text patient;
  int64_t balance_minor;
  bool changed;
} planned_credit;

typedef struct plan {
  tally_ledger *ledger;
  const parsed_command *asked;
  int64_t at_ms; /* of the entries planned next, and their business day */
  int32_t day;
  tally_entry *entries;
  entry_effect *effects;
  size_t count, room;
  planned_document **documents; /* each in memory of its own: pointers stay good */
  size_t document_count, document_room;
  planned_credit *credits;
  size_t credit_count, credit_room;
  closing_row closing; /* seq 0: none */
  bool closes;
  tally_text number;               /* of the payment or document made */
  int64_t series_next[SERIES_END]; /* 0: untouched */
  tally_code overflow;
  bool completed; /* the entries have their seq, and all that an act shares */
  bool posted;    /* writing has begun */
} plan;

void plan_begin(plan *out, tally_ledger *ledger, const parsed_command *asked);

/* Finds a document, in the plan or in the store. TALLY_DONE where there is none. */
tally_code plan_document(plan *in, tally_text number, planned_document **document);
/* Adds a new document, to be written with the act's first entry. */
tally_code plan_new_document(plan *in, const document_row *row, planned_document **document);
/* Gives a patient's credit as it stands in the plan. */
tally_code plan_credit(plan *in, tally_text patient, int64_t *balance_minor);

/* Adds an entry and moves what it moves; *entry may be filled further but for kind, amount, document and patient. */
tally_code plan_entry(plan *in, tally_kind kind, planned_document *document, tally_text patient, int64_t amount_minor,
                      tally_entry **entry);
/* Adds the entry that undoes one of the journal. */
tally_code plan_reversal(plan *in, const tally_entry *original);
/* Adds a credit transfer between patients, and the two entries of an invoice's life. */
tally_code plan_transfer(plan *in, tally_text from, tally_text to, int64_t amount_minor);
tally_code plan_join(plan *in, planned_document *consultation, planned_document *invoice);
tally_code plan_release(plan *in, planned_document *consultation, planned_document *invoice);

/* Takes the next number of a series that is free; gives it in the call's memory. */
tally_code plan_number(plan *in, series which, tally_text *number);

/* Says whether something remains of facts: what the stored `open` must be. */
bool document_is_open(const tally_facts *facts);

/* amount-overflow where a planned sum did not fit. */
tally_code plan_check(plan *in);
/* Fills in what every entry of the act shares; done by plan_post where it was not done before. */
tally_code plan_complete(plan *in);
/* Writes all; the entries then have their seq and hash. */
tally_code plan_post(plan *in);

#endif
