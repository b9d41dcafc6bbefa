/* anchor.h - a ledger's anchor: its head, kept outside of its file (§11, promise 6). */
#ifndef TALLY_ANCHOR_H
#define TALLY_ANCHOR_H

#include "anchor_file.h"
#include "ledger.h"

/* Says where the anchor of an open ledger is, and makes one where that is wanted, or where the ledger itself is new and
 * another one's lies at the place. */
void anchor_open(tally_ledger *ledger, bool wanted, bool made);
/* After each commit: keeps the anchor up where days were closed, or where that is a minute or more ago. */
void anchor_committed(tally_ledger *ledger);
/* Keeps it up where anything was committed since. */
void anchor_close(tally_ledger *ledger);
/* Before a look at the ledger, outside of a transaction: what the file says now. Read first, it cannot be ahead of what is read
 * after it. */
anchor_found anchor_read(const tally_ledger *ledger, tally_anchor *anchor);
/* Sets the state: whether the ledger contains what the anchor says. */
tally_code anchor_look(tally_ledger *ledger, anchor_found found, tally_anchor *anchor);

#endif
