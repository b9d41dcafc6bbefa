/* follower.c - named consumers of the journal: each is handed every entry at least once, in order (§7). */
#include "ledger.h"
#include "utf8.h"

enum { FOLLOWER_NAME_BYTES = 64 };

static tally_code check_name(tally_ledger *ledger, tally_text name) {
  if (name.length > 0 && name.length <= FOLLOWER_NAME_BYTES && utf8_valid(name)) return TALLY_OK;
  fail(ledger, TALLY_ERR_FIELD_INVALID, "name: %s; give a follower's name of 1 to %d bytes of UTF-8",
       shown(ledger, name), FOLLOWER_NAME_BYTES);
  return with_detail(ledger, TALLY_ERR_FIELD_INVALID, "field", text_of("name"));
}

tally_code tally_follower_get(tally_ledger *ledger, tally_text name, int64_t *seq) {
  TRY(ledger_enter(ledger));
  TRY(check_name(ledger, name));
  tally_code code = store_follower_get(ledger->store, name, seq);
  return code == TALLY_DONE ? TALLY_OK : fail_store(ledger, code);
}

static tally_code check_place(tally_ledger *ledger, tally_text name, int64_t seq) {
  tally_head head;
  TRY(check_name(ledger, name));
  TRY(ledger_refresh(ledger));
  head = ledger->state.head;
  if (seq >= 0 && seq <= head.seq) return TALLY_OK;
  fail(ledger, TALLY_ERR_FIELD_INVALID, "seq: the journal ends at %lld; give 0 to that", (long long)head.seq);
  return with_detail(ledger, TALLY_ERR_FIELD_INVALID, "field", text_of("seq"));
}

tally_code tally_follower_set(tally_ledger *ledger, tally_text name, int64_t seq) {
  TRY(ledger_enter(ledger));
  if (ledger->read_only)
    return fail(ledger, TALLY_ERR_READ_ONLY, "the ledger is open for reading only; a follower's place is written");
  if (ledger->depth)
    return fail(ledger, TALLY_ERR_BUSY, "a transaction is open on this ledger handle; follow outside of it");
  TRY(ledger_not_proposing(ledger));
  TRY(fail_store(ledger, store_begin(ledger->store)));
  tally_code code = check_place(ledger, name, seq);
  if (!code && seq > 0) code = fail_store(ledger, store_follower_put(ledger->store, name, seq));
  if (!code) code = fail_store(ledger, store_commit(ledger->store));
  if (code) {
    store_rollback(ledger->store);
    ledger->state.valid = false;
    return code;
  }
  ledger_committed(ledger);
  return TALLY_OK;
}
