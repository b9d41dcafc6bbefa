/* verify_anchor.c - the journal held against the head that is kept beside the file (§11, promise 6). */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "verify.h"

enum { WHAT_BYTES = 256, HEX_BYTES = 65 };

static const char *name_of(const tally_anchor *anchor) {
  const char *slash = strrchr(anchor->path, '/');
  return slash ? slash + 1 : anchor->path;
}

/* What both say goes into the details: it is all that there is to go by. */
static tally_code tell(tally_verify *in, int64_t seq, const char *what) {
  tally_ledger *ledger = in->ledger;
  tally_anchor *anchor = &in->report.anchor;
  char hex[HEX_BYTES], at[TALLY_TIME_TEXT_MAX];
  const tally_code code = TALLY_ERR_CHAIN_BROKEN;
  anchor->state = TALLY_ANCHOR_CONTRADICTED;
  fail(ledger, code,
       "entry %lld: %s; keep both files as evidence and go back to a backup that verifies, or reset the anchor where "
       "this file was put here on purpose",
       (long long)seq, what);
  with_integer(ledger, code, "seq", seq);
  with_detail(ledger, code, "what", text_of(what));
  with_detail(ledger, code, "anchor", text_of(anchor->path));
  with_integer(ledger, code, "anchor_seq", anchor->head.seq);
  sodium_bin2hex(hex, sizeof hex, anchor->head.hash, 32);
  with_detail(ledger, code, "anchor_hash", text_of(hex));
  tally_time_print(anchor->recorded_at_ms, at);
  with_detail(ledger, code, "anchor_recorded_at", text_of(at));
  with_integer(ledger, code, "head_seq", in->head.seq);
  sodium_bin2hex(hex, sizeof hex, in->head.hash, 32);
  return with_detail(ledger, code, "head_hash", text_of(hex));
}

/* The hash of an empty ledger is that of its own row. */
tally_code verify_anchor_begin(tally_verify *in) {
  const tally_anchor *anchor = &in->report.anchor;
  char what[WHAT_BYTES];
  if (in->anchor != ANCHOR_SAYS) return TALLY_OK;
  bool same = strcmp(anchor->ledger_id, in->ledger->uuid) == 0;
  if (same && anchor->head.seq == 0) same = memcmp(anchor->head.hash, in->head.hash, sizeof in->head.hash) == 0;
  if (same) return TALLY_OK;
  snprintf(what, sizeof what, "the anchor %s is of another ledger, %s, and this one is %s", name_of(anchor),
           anchor->ledger_id, in->ledger->uuid);
  return tell(in, 1, what);
}

tally_code verify_anchor_entry(tally_verify *in, const tally_entry *entry) {
  const tally_anchor *anchor = &in->report.anchor;
  char what[WHAT_BYTES];
  if (in->anchor != ANCHOR_SAYS || anchor->head.seq != entry->seq) return TALLY_OK;
  if (memcmp(anchor->head.hash, entry->hash, sizeof entry->hash) == 0) return TALLY_OK;
  snprintf(what, sizeof what, "its hash is another than the anchor %s says", name_of(anchor));
  return tell(in, entry->seq, what);
}

tally_code verify_anchor_end(tally_verify *in) {
  const tally_anchor *anchor = &in->report.anchor;
  char what[WHAT_BYTES], at[TALLY_TIME_TEXT_MAX];
  if (in->anchor != ANCHOR_SAYS || anchor->head.seq <= in->head.seq) return TALLY_OK;
  tally_time_print(anchor->recorded_at_ms, at);
  snprintf(what, sizeof what,
           "it is missing: the anchor %s names entry %lld, recorded at %s, and the journal ends at %lld",
           name_of(anchor), (long long)anchor->head.seq, at, (long long)in->head.seq);
  return tell(in, in->head.seq + 1, what);
}
