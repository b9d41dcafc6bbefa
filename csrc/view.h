/* view.h - documents and payments as they are shown: rows and entries made whole for a reader. */
#ifndef TALLY_VIEW_H
#define TALLY_VIEW_H

#include "journal.h"

/* Fills a document from its row; status, remaining and overdue are worked out. today: the day asked about. Memory of
 * from. Does not read the label, consultations and payments: view_document_lists does, up to the bound. */
tally_code view_document(tally_ledger *ledger, const document_row *row, int32_t today, tally_document *out);
tally_code view_document_lists(tally_ledger *ledger, arena *from, journal_bound bound, tally_document *out);

/* Makes a payment of its act's entries (the reversals a correction begins with are passed over). TALLY_DONE where the act
 * has no payment. What it replaced or refunds is its origin; what later acts did to it is its fate. */
tally_code view_payment(tally_ledger *ledger, arena *from, const tally_entry *entries, size_t count,
                        tally_payment *out);
tally_code view_payment_origin(tally_ledger *ledger, arena *from, const tally_entry *entries, size_t count,
                               tally_payment *out);
tally_code view_payment_fate(tally_ledger *ledger, arena *from, const tally_entry *entries, size_t count,
                             tally_payment *out);
tally_code view_payment_texts(tally_ledger *ledger, arena *from, tally_payment *out);

/* The free text of an act; none where there is none or it is erased. */
tally_code view_text(tally_ledger *ledger, arena *from, int64_t act, annotation_field which, tally_text *text);

#endif
