/* config.h - the configuration: checked, stored with versions, and in force (§5, §7). */
#ifndef TALLY_CONFIG_H
#define TALLY_CONFIG_H

#include "ledger.h"

/* Checks a configuration whole; NULL is the preset. TALLY_ERR_CONFIG_INVALID with a sentence. */
tally_code config_check(tally_ledger *ledger, const tally_config *config);
/* Refuses amounts that were read in the preset's currency where the ledger has another. */
tally_code config_check_amounts(tally_ledger *ledger, const tally_config *config);
/* Gives the currency that a configuration names, or the preset's. */
const tally_currency *config_currency(const tally_config *config);
/* Stores a configuration where it differs from the one in force. Inside a write transaction. */
tally_code config_store(tally_ledger *ledger, const tally_config *config, int64_t now_ms);
/* Says whether storing it would change anything. */
tally_code config_differs(tally_ledger *ledger, const tally_config *config, bool *differs);
/* Reads a version (0: the latest) whole; free state->memory. TALLY_ERR_CORRUPT where a part of it is missing. */
tally_code config_read_version(tally_ledger *ledger, int64_t version, config_state *state);
/* Reads what is in force. */
tally_code config_load(tally_ledger *ledger);
/* Reads a version of a type that may be in force no more. */
tally_code config_type_version(tally_ledger *ledger, tally_text id, int32_t version, tally_payment_type *type);

const tally_permit *config_permit(const tally_ledger *ledger, tally_text command);

/* Number formats such as "C-%05d". */
enum { NUMBER_BYTES = 40 };
bool number_format_valid(tally_text format);
tally_text number_print(tally_text format, int64_t serial, char text[NUMBER_BYTES]);
/* The text in front of a format's serial, and how many digits that has at least; false for a format that is none. */
bool number_head(tally_text format, tally_text *head, int *width);
/* Reads back what number_print has written; false where it writes no such text. */
bool number_parse(tally_text format, tally_text number, int64_t *serial);

#endif
