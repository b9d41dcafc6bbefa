/* backup.c - a live copy of the ledger, step by step (§6). */
#include <stdlib.h>

#include "ledger.h"

struct tally_backup {
  tally_ledger *ledger;
  store_copy *copy;
};

tally_code tally_backup_begin(tally_ledger *ledger, const char *path, tally_backup **out) {
  *out = NULL;
  TRY(ledger_enter(ledger));
  TRY(ledger_not_proposing(ledger));
  if (ledger->depth)
    return fail(ledger, TALLY_ERR_BUSY, "a transaction is open on this ledger handle; back up after it");
  tally_backup *backup = calloc(1, sizeof *backup);
  if (backup == NULL) return fail_memory(ledger);
  backup->ledger = ledger;
  tally_code code = fail_store(ledger, store_copy_begin(ledger->store, path, &backup->copy));
  ledger->at_work = true;
  if (code) tally_backup_end(backup);
  else *out = backup;
  return code;
}

tally_code tally_backup_step(tally_backup *backup) {
  tally_code code = store_copy_step(backup->copy);
  return code == TALLY_DONE ? TALLY_DONE : fail_store(backup->ledger, code);
}

void tally_backup_progress(const tally_backup *backup, int64_t *done_pages, int64_t *total_pages) {
  store_copy_progress(backup->copy, done_pages, total_pages);
}

void tally_backup_end(tally_backup *backup) {
  if (backup == NULL) return;
  store_copy_end(backup->copy);
  backup->ledger->at_work = false;
  free(backup);
}
