/* store_erase.c - free texts taken out of the file, and the file written anew without what they left behind. */
#include "store_sqlite.h"

tally_code store_annotation_erase(store *in, int64_t seq, annotation_field field) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_ANNOTATION_ERASE, &prepared);
  if (code) return code;
  sqlite3_bind_int64(prepared, 1, seq);
  sqlite3_bind_int(prepared, 2, (int)field);
  code = store_run(in, prepared);
  if (code) return code;
  return store_found_row(in) ? TALLY_OK : TALLY_DONE;
}

/* A page that was split keeps a copy of what moved away in its unused part, so zeroing what is deleted (secure_delete) is
 * not enough: VACUUM copies only what is there. The log still holds the pages as they were until it is cut to nothing,
 * which waits for its readers. */
tally_code store_rewrite(store *in) {
  held_drop(in);
  if (sqlite3_exec(in->database, "VACUUM", NULL, NULL, NULL) != SQLITE_OK) return store_failed(in);
  if (in->in_memory) return TALLY_OK;
  int status = sqlite3_wal_checkpoint_v2(in->database, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  return status == SQLITE_OK ? TALLY_OK : store_failed(in);
}
