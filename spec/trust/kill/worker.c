/* worker.c - a worker's life: it opens, asks again for what was under way, works, closes, and opens again. */
#include "worker.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plan.h"
#include "retry.h"
#include "watch.h"

enum {
  SHORT_SESSION = 4,  /* units between opening and closing, at most, in every second life; */
  LONG_SESSION = 400, /* in the others: enough for a checkpoint by size */
  LINGERS_OF = 4, /* every how-manieth time it lingers before it acknowledges, or between commands of a transaction */
  LINGER_US = 250,
  UNIT_MS = 11 * 60 * 1000 /* as time passes in the ledger */
};

typedef struct worker {
  const trial *in;
  size_t index;
  slot *told;
  tally_ledger *ledger;
  int diary_file;
  desk desk;
  uint64_t seed;
  size_t longest; /* session, in units */
} worker;

static void set_stage(worker *me, stage now) {
  atomic_store(&me->told->disk, DISK_QUIET);
  atomic_store(&me->told->stage, now);
}

/* An answer that no kill excuses. */
static void fail_at(const worker *me, const char *what) {
  breached(me->in, BREACH_BROKEN, "worker %zu, %s: %s", me->index, what, tally_error_message(me->ledger));
  _exit(WORKER_FAILED);
}

static int64_t now_ms(const trial *in) {
  return atomic_load(in->now_ms);
}

static void linger(worker *me) {
  if (below(&me->seed, LINGERS_OF) == 0) nap_us((int64_t)below(&me->seed, LINGER_US));
}

static void tell(worker *me, entry_kind kind, const unit *of) {
  static diary_entry added; /* it is large, and a process has one worker */
  tally_info info;
  memset(&added, 0, sizeof added);
  added.kind = kind;
  if (of) added.of = *of;
  if (kind == DIARY_OPENED) {
    if (tally_read_info(me->ledger, &info)) fail_at(me, "info");
    memcpy(added.id, info.id, sizeof added.id);
  }
  diary_add(me->diary_file, &added);
}

/* ---- Asking ---------------------------------------------------------------------------------------------------- */
/* Asks for a unit as a host would; with time between the commands of a transaction. */
static void do_steps(worker *me, unit *wanted) {
  bool begins = wanted->together && me->in->mutated != MUTATE_SPLIT;
  wanted->code = begins ? tally_begin(me->ledger) : TALLY_OK;
  for (size_t i = 0; i < wanted->count && !wanted->code; i++) {
    if (i) linger(me);
    wanted->code = ask(me->ledger, &wanted->steps[i], now_ms(me->in), &wanted->answers[i]);
  }
  if (begins && wanted->code) tally_rollback(me->ledger);
  if (begins && !wanted->code) wanted->code = tally_commit(me->ledger);
}

/* The mutation: what is acknowledged is not committed yet. */
static void acknowledge_early(worker *me, unit *wanted) {
  unit inside = *wanted;
  inside.together = false;
  if (tally_begin(me->ledger)) fail_at(me, "begin");
  do_steps(me, &inside);
  inside.together = wanted->together;
  *wanted = inside;
  if (wanted->code) tally_rollback(me->ledger);
  tell(me, DIARY_ANSWERED, wanted);
  linger(me);
  if (!wanted->code && tally_commit(me->ledger)) fail_at(me, "commit");
}

static void catch_up(worker *me, unit *under_way) {
  book found;
  char wrong[VERDICT_BYTES];
  set_stage(me, STAGE_LOOKING);
  if (!book_read(me->ledger, &found, wrong)) breached(me->in, BREACH_BROKEN, "%s", wrong);
  set_stage(me, under_way->together ? STAGE_TOGETHER : STAGE_COMMAND);
  retry(me->in, me->ledger, &found, under_way);
  set_stage(me, STAGE_ANSWERED);
  tell(me, DIARY_ANSWERED, under_way);
  plan_learn(&me->desk, under_way);
  set_stage(me, STAGE_BETWEEN);
  book_free(&found);
}

/* ---- Working --------------------------------------------------------------------------------------------------- */
static void count(worker *me, const unit *done) {
  sum *figures = me->in->sum;
  if (done->code) {
    atomic_fetch_add(&figures->refused, 1);
    return;
  }
  atomic_fetch_add(&figures->acknowledged[me->in->how], done->count);
  for (size_t i = 0; i < done->count; i++) atomic_fetch_add(&figures->of_command[done->steps[i].command], 1);
}

static void do_unit(worker *me, unit *wanted) {
  tell(me, DIARY_ASKED, wanted);
  set_stage(me, wanted->together ? STAGE_TOGETHER : STAGE_COMMAND);
  if (me->in->mutated == MUTATE_EARLY) acknowledge_early(me, wanted);
  else do_steps(me, wanted);
  if (wanted->code && !is_refusal(wanted->code)) fail_at(me, tally_command_name(wanted->steps[0].command));
  set_stage(me, STAGE_ANSWERED);
  linger(me);
  if (me->in->mutated != MUTATE_EARLY) tell(me, DIARY_ANSWERED, wanted);
  set_stage(me, STAGE_BETWEEN);
  count(me, wanted);
  if (!wanted->code) plan_learn(&me->desk, wanted);
  linger(me);
}

static void open_ledger(worker *me) {
  tally_options options = {.anchor = me->in->anchored};
  set_stage(me, STAGE_OPENING);
  if (tally_open(me->in->path, &options, &me->ledger)) fail_at(me, "open");
  set_stage(me, STAGE_ANSWERED);
  tell(me, DIARY_OPENED, NULL);
  set_stage(me, STAGE_BETWEEN);
}

static void work_session(worker *me) {
  static unit wanted;
  for (size_t units = 1 + below(&me->seed, me->longest); units--;) {
    plan_unit(&me->desk, atomic_fetch_add(me->in->now_ms, UNIT_MS), &wanted);
    do_unit(me, &wanted);
  }
  set_stage(me, STAGE_CLOSING);
  tally_close(me->ledger);
  set_stage(me, STAGE_BETWEEN);
}

/* Reads what the one before it wrote down. */
static void inherit(worker *me, diary *left) {
  diary_read(me->in->path, me->index, left);
  for (size_t i = 0; i < left->count; i++) plan_learn(&me->desk, &left->done[i]);
  me->diary_file = diary_open(me->in->path, me->index);
}

void worker_live(void *with, size_t index) {
  const trial *in = with;
  diary left;
  worker me = {.in = in, .index = index, .told = &in->slots[index], .seed = in->seed * 31 + index};
  me.desk = (desk){.seed = dice(&me.seed), .worker = index};
  me.longest = below(&me.seed, 2) ? SHORT_SESSION : LONG_SESSION;
  inherit(&me, &left);
  watch_start(me.told, dice(&me.seed));
  open_ledger(&me);
  if (left.has_under_way) catch_up(&me, &left.under_way);
  if (left.count == 0 && !left.has_under_way) {
    plan_hot(&left.under_way);
    do_unit(&me, &left.under_way);
  }
  diary_free(&left);
  for (;;) {
    work_session(&me);
    open_ledger(&me);
  }
}
