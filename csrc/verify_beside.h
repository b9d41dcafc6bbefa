/* verify_beside.h - the documents' pass of verify, in a thread with a handle of its own, while the journal's runs. */
#ifndef TALLY_VERIFY_BESIDE_H
#define TALLY_VERIFY_BESIDE_H

#include "verify.h"

typedef struct verify_beside verify_beside;

/* Starts it where the file can be opened a second time; *out stays NULL where it cannot. */
void verify_beside_begin(tally_ledger *ledger, verify_beside **out);
int64_t verify_beside_done(const verify_beside *beside);
/* TALLY_OK while it runs, after a while; TALLY_DONE where all documents are right at the head given, or the code and the
 * ledger's last error. Gives *usable false where it saw another state of the file, or could not run: then nothing is known. */
tally_code verify_beside_wait(verify_beside *beside, tally_ledger *ledger, const tally_head *head, bool *usable);
void verify_beside_end(verify_beside *beside);

#endif
