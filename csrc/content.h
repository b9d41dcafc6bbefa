/* content.h - what a caller passed with an idempotency key, kept so that a retry can be told from another command (§6). */
#ifndef TALLY_CONTENT_H
#define TALLY_CONTENT_H

#include "request.h"

/* Encodes the passed fields but actor, roles, key and dry_run. Free text goes in as a bare mark: what it said is held by
 * the act's salted digests alone, so that it can be erased. */
tally_code content_encode(tally_ledger *ledger, const parsed_command *asked, tally_text *content);
/* Compares a command with the act that first used its key: TALLY_OK where they are the same, TALLY_ERR_KEY_CONFLICT with
 * the field that differs in the details where not. */
tally_code content_compare(tally_ledger *ledger, const parsed_command *asked, const tally_entry *first);

#endif
