/* anchor.c - a ledger's anchor: when it is kept up, and what a ledger that it contradicts is told by. */
#include "anchor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "journal.h"

enum {
  KEEP_EVERY_MS = 60 * 1000, /* while acts are committed: what a cut tail may lack of the anchor */
  WAIT_AT_CLOSE_MS = 2000    /* for the turn of others; a commit does not wait at all */
};

/* ---- The time ---- */

/* A clock that never goes back and costs next to nothing: read with each commit. */
static int64_t steady_now_ms(void) {
#ifdef CLOCK_MONOTONIC_COARSE
  const clockid_t steady = CLOCK_MONOTONIC_COARSE;
#else
  const clockid_t steady = CLOCK_MONOTONIC;
#endif
  struct timespec now;
  if (clock_gettime(steady, &now) != 0) return 0;
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- Looking ---- */

const char *tally_anchor_state_name(tally_anchor_state state) {
  static const char *const names[] = {"none", "holds", "contradicted", "unreadable"};
  return names[state];
}

anchor_found anchor_read(const tally_ledger *ledger, tally_anchor *anchor) {
  anchor_record record;
  *anchor = (tally_anchor){.path = ledger->anchor.path[0] ? ledger->anchor.path : NULL};
  snprintf(anchor->error, sizeof anchor->error, "%s", ledger->anchor.error);
  if (anchor->path == NULL) return ANCHOR_NOT_THERE;
  anchor_found found = anchor_file_read(anchor->path, &record, anchor->why);
  if (found == ANCHOR_NOT_READABLE) anchor->state = TALLY_ANCHOR_UNREADABLE;
  if (found != ANCHOR_SAYS) return found;
  anchor->state = TALLY_ANCHOR_HOLDS;
  memcpy(anchor->ledger_id, record.ledger_id, sizeof anchor->ledger_id);
  anchor->head = record.head;
  anchor->recorded_at_ms = record.recorded_at_ms;
  return found;
}

static tally_code contradicted(tally_anchor *anchor, const char *why) {
  anchor->state = TALLY_ANCHOR_CONTRADICTED;
  snprintf(anchor->why, sizeof anchor->why, "%s", why);
  return TALLY_OK;
}

/* The hash of an entry, or what stands for that of an empty ledger. */
static tally_code hash_at(tally_ledger *ledger, int64_t seq, uint8_t hash[32]) {
  arena scratch = {0};
  tally_entry entry;
  if (seq == 0) {
    journal_genesis(ledger, hash);
    return TALLY_OK;
  }
  tally_code code = store_entry_get(ledger->store, &scratch, seq, &entry);
  if (code == TALLY_OK) memcpy(hash, entry.hash, sizeof entry.hash);
  arena_free(&scratch);
  return code;
}

tally_code anchor_look(tally_ledger *ledger, anchor_found found, tally_anchor *anchor) {
  uint8_t hash[32];
  if (found != ANCHOR_SAYS) return TALLY_OK;
  if (strcmp(anchor->ledger_id, ledger->uuid) != 0) return contradicted(anchor, "it is of another ledger");
  tally_code code = hash_at(ledger, anchor->head.seq, hash);
  if (code == TALLY_DONE) return contradicted(anchor, "the entry that it names is missing");
  if (code == TALLY_ERR_CORRUPT) return contradicted(anchor, "the entry that it names cannot be read");
  if (code) return code;
  bool same = memcmp(hash, anchor->head.hash, sizeof hash) == 0;
  return same ? TALLY_OK : contradicted(anchor, "the entry that it names has another hash");
}

tally_code tally_read_anchor(tally_ledger *ledger, tally_anchor *anchor) {
  TRY(ledger_enter(ledger));
  anchor_found found = anchor_read(ledger, anchor);
  return fail_store(ledger, anchor_look(ledger, found, anchor));
}

/* ---- Keeping it up ---- */

static tally_code read_head(tally_ledger *ledger, anchor_record *record) {
  arena scratch = {0};
  tally_entry last;
  memcpy(record->ledger_id, ledger->uuid, sizeof record->ledger_id);
  tally_code code = store_entry_last(ledger->store, &scratch, &last);
  if (code == TALLY_OK) {
    record->head.seq = last.seq;
    memcpy(record->head.hash, last.hash, sizeof last.hash);
    record->recorded_at_ms = last.recorded_at_ms;
  } else if (code == TALLY_DONE) {
    record->head.seq = 0;
    journal_genesis(ledger, record->head.hash);
    record->recorded_at_ms = ledger->created_at_ms;
    code = TALLY_OK;
  }
  arena_free(&scratch);
  return code;
}

typedef struct keeping {
  bool make;             /* where there is none */
  bool reset;            /* what stands there is set aside, whatever it says */
  const char *set_aside; /* under this name */
  char free[ANCHOR_PATH_BYTES];
  tally_code code; /* why the ledger could not be read for it */
} keeping;

/* What stands there, and the head to put in its place, in one state of the file: read after the anchor, which can then not
 * be ahead of it. A process that was forked off has no part in it. */
static tally_code look_at_both(tally_ledger *ledger, anchor_found found, tally_anchor *old, anchor_record *now) {
  tally_code code = store_snapshot(ledger->store);
  if (code) return code;
  code = anchor_look(ledger, found, old);
  if (!code) code = read_head(ledger, now);
  store_rollback(ledger->store);
  return code;
}

/* A ledger that does not contain what its anchor says keeps that anchor: it is evidence. error says what went wrong. */
static void keep_in_turn(tally_ledger *ledger, const anchor_turn *turn, keeping *how, char *error) {
  tally_anchor old;
  anchor_record now;
  anchor_found found = anchor_read(ledger, &old);
  if (found == ANCHOR_NOT_THERE && !how->make) return;
  how->code = look_at_both(ledger, found, &old, &now);
  if (how->code) {
    snprintf(error, TALLY_ANCHOR_WORDS_MAX, "%s", store_message(ledger->store));
    return;
  }
  bool sound = found == ANCHOR_NOT_THERE || old.state == TALLY_ANCHOR_HOLDS;
  if (!sound && !how->reset) return;
  if (found == ANCHOR_SAYS && sound && old.head.seq >= now.head.seq) return;
  if (!sound) {
    if (!anchor_file_set_aside(turn, tally_now_ms(), how->free, error)) return;
    how->set_aside = how->free;
  }
  anchor_file_write(turn, store_path(ledger->store), &now, error);
}

/* A file that was moved away or replaced while it is open must not speak for the one that is there now. */
static void keep_up(tally_ledger *ledger, int wait_ms, keeping *how) {
  anchor_keeping *in = &ledger->anchor;
  tally_anchor old;
  anchor_turn turn;
  in->due_ms = steady_now_ms() + KEEP_EVERY_MS;
  in->error[0] = '\0';
  if (!how->make && anchor_read(ledger, &old) == ANCHOR_NOT_THERE) return;
  if (store_moved(ledger->store)) {
    snprintf(in->error, sizeof in->error, "the ledger file was moved, deleted or replaced while it was open");
    return;
  }
  if (!anchor_turn_take(in->path, wait_ms, &turn, in->error)) return;
  keep_in_turn(ledger, &turn, how, in->error);
  anchor_turn_end(&turn);
  if (in->error[0] == '\0') in->wrote = false;
}

static bool is_kept(const tally_ledger *ledger) {
  return ledger->anchor.path[0] != '\0' && !ledger->read_only;
}

void anchor_open(tally_ledger *ledger, bool wanted, bool made) {
  anchor_keeping *in = &ledger->anchor;
  const char *path = store_path(ledger->store);
  if (path == NULL || snprintf(in->path, sizeof in->path, "%s-anchor", path) >= (int)sizeof in->path) {
    in->path[0] = '\0';
    return;
  }
  in->wanted = wanted;
  in->due_ms = steady_now_ms() + KEEP_EVERY_MS;
  keeping how = {.make = wanted, .reset = made};
  if (is_kept(ledger) && (wanted || made)) keep_up(ledger, WAIT_AT_CLOSE_MS, &how);
}

void anchor_committed(tally_ledger *ledger) {
  anchor_keeping *in = &ledger->anchor;
  if (!is_kept(ledger)) return;
  in->wrote = true;
  bool closed = in->closed;
  in->closed = false;
  if (!closed && steady_now_ms() < in->due_ms) return;
  keeping how = {.make = in->wanted};
  keep_up(ledger, closed ? WAIT_AT_CLOSE_MS : 0, &how);
}

void anchor_close(tally_ledger *ledger) {
  keeping how = {.make = ledger->anchor.wanted};
  if (is_kept(ledger) && ledger->anchor.wrote) keep_up(ledger, WAIT_AT_CLOSE_MS, &how);
}

/* ---- By hand ---- */

/* A name in the anchor's folder as a path. */
static tally_text beside(tally_ledger *ledger, const char *name) {
  char path[2 * ANCHOR_PATH_BYTES];
  const char *anchor = ledger->anchor.path, *slash = strrchr(anchor, '/');
  snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - anchor) + 1 : 0, anchor, name);
  return arena_copy(&ledger->call, text_of(path));
}

tally_code tally_keep_anchor(tally_ledger *ledger, bool reset, tally_anchor *anchor) {
  keeping how = {.make = true, .reset = reset};
  TRY(ledger_enter(ledger));
  if (ledger->read_only)
    return fail(ledger, TALLY_ERR_READ_ONLY, "the ledger is open for reading only; open it with mode \"rw\"");
  TRY(ledger_not_proposing(ledger));
  if (ledger->depth)
    return fail(ledger, TALLY_ERR_BUSY, "a transaction is open on this ledger handle; keep its anchor after it");
  if (ledger->anchor.path[0] == '\0')
    return fail(ledger, TALLY_ERR_FIELD_INVALID, "a ledger in memory has no anchor; open one that is a file");
  keep_up(ledger, WAIT_AT_CLOSE_MS, &how);
  if (how.code) return fail(ledger, how.code, "%s", ledger->anchor.error);
  anchor_found found = anchor_read(ledger, anchor);
  TRY(fail_store(ledger, anchor_look(ledger, found, anchor)));
  if (how.set_aside) anchor->replaced = beside(ledger, how.set_aside);
  if (anchor->error[0] == '\0') return TALLY_OK;
  return fail(ledger, TALLY_ERR_IO_ERROR, "the anchor %s: %s; see to its folder and its rights", anchor->path,
              anchor->error);
}
