/* store_follower.c - how far the named consumers of the journal have come. */
#include "store_sqlite.h"

tally_code store_follower_get(store *in, tally_text name, int64_t *seq) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_FOLLOWER_GET, &prepared);
  if (code) return code;
  bind_text(prepared, 1, name);
  code = store_step(in, prepared);
  *seq = code == TALLY_OK ? sqlite3_column_int64(prepared, 0) : 0;
  sqlite3_reset(prepared);
  return code;
}

tally_code store_follower_put(store *in, tally_text name, int64_t seq) {
  sqlite3_stmt *prepared;
  tally_code code = store_statement(in, STMT_FOLLOWER_PUT, &prepared);
  if (code) return code;
  bind_text(prepared, 1, name);
  sqlite3_bind_int64(prepared, 2, seq);
  return store_run(in, prepared);
}
