/* stage.h - entries that move no money: stages and prints. */
#ifndef TALLY_STAGE_H
#define TALLY_STAGE_H

#include "command.h"
#include "pairs.h"

/* One of a stage entry's own fields: workflow, from, to; none where it has none. */
tally_text stage_field(const tally_entry *entry, const char *name);
void answer_move(const tally_entry *entry, tally_result *result);
tally_code answer_print(work *in, const tally_entry *entry);

#endif
