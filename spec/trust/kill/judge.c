/* judge.c - reads the book and the diaries, and holds them against each other; then asks again. */
#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diary.h"
#include "retry.h"

typedef struct bench {
  judging *at;
  const trial *in;
  tally_ledger *ledger;
  book found;
  diary diaries[WORKERS_MAX];
} bench;

/* ---- What is there --------------------------------------------------------------------------------------------- */
/* An act is found by its key; by its seq where the mutation asked without one. */
static book_act *find(const bench *on, const question *step, const reply *answer) {
  book_act *act = book_by_key(&on->found, step->key);
  return act || on->in->mutated != MUTATE_NO_KEY ? act : book_by_seq(&on->found, answer->act);
}

/* Of what the command makes, the number that the book has. */
static const char *number_of(const book_act *act, const reply *answer) {
  switch (act->command) {
  case TALLY_COMMAND_CONSULTATION:
  case TALLY_COMMAND_INVOICE:
    return act->document;
  case TALLY_COMMAND_PAY:
  case TALLY_COMMAND_CORRECT:
  case TALLY_COMMAND_REFUND:
  case TALLY_COMMAND_DEPOSIT:
  case TALLY_COMMAND_WITHDRAW:
    return act->number;
  default:
    return answer->number;
  }
}

static bool look_at_step(bench *on, const question *step, const reply *answer) {
  book_act *act = find(on, step, answer);
  if (act == NULL)
    return breached(on->in, BREACH_LOST, "%s, acknowledged as act %" PRId64 ", is not there", step->key, answer->act);
  act->asked_for++;
  bool same = act->seq == answer->act && act->command == step->command;
  if (same && strcmp(number_of(act, answer), answer->number) == 0) return true;
  return breached(on->in, BREACH_BROKEN, "%s, acknowledged as act %" PRId64 " %s, stands as act %" PRId64 " %s",
                  step->key, answer->act, answer->number, act->seq, number_of(act, answer));
}

/* What one transaction wrote stands together. */
static bool look_at_order(bench *on, const unit *done) {
  for (size_t i = 1; i < done->count; i++) {
    const book_act *before = find(on, &done->steps[i - 1], &done->answers[i - 1]);
    const book_act *act = find(on, &done->steps[i], &done->answers[i]);
    if (before->seq + (int64_t)before->entries != act->seq)
      return breached(on->in, BREACH_HALVED, "between %s and %s of one transaction stands another's act", before->key,
                      act->key);
  }
  return true;
}

static bool look_at_unit(bench *on, const unit *done) {
  if (done->code) {
    return count_kept(&on->found, done) == 0 ||
           breached(on->in, BREACH_BROKEN, "%s was refused, and is there", done->steps[0].key);
  }
  for (size_t i = 0; i < done->count; i++) {
    if (!look_at_step(on, &done->steps[i], &done->answers[i])) return false;
  }
  return look_at_order(on, done);
}

static bool look_at_under_way(bench *on, const unit *of) {
  size_t kept = count_kept(&on->found, of);
  for (size_t i = 0; i < of->count; i++) {
    book_act *act = book_by_key(&on->found, of->steps[i].key);
    if (act) act->asked_for++;
  }
  if (kept == 0 || kept == of->count) return true;
  return breached(on->in, BREACH_HALVED, "of a transaction %zu commands are there, and %zu are not: %s", kept,
                  of->count - kept, of->steps[0].key);
}

static bool look_at_diaries(bench *on) {
  for (size_t w = 0; w < on->in->workers; w++) {
    const diary *of = &on->diaries[w];
    for (size_t i = 0; i < of->count; i++) {
      if (!look_at_unit(on, &of->done[i])) return false;
    }
    if (of->has_under_way && !look_at_under_way(on, &of->under_way)) return false;
  }
  return true;
}

static bool look_at_acts(bench *on) {
  for (size_t i = 0; i < on->found.count; i++) {
    const book_act *act = &on->found.acts[i];
    if (act->asked_for == 0)
      return breached(on->in, BREACH_DOUBLED, "act %" PRId64 " (%s, key \"%s\") is more than was asked for", act->seq,
                      tally_command_name(act->command), act->key);
  }
  return true;
}

static bool look_at_id(bench *on) {
  tally_info info;
  if (tally_read_info(on->ledger, &info))
    return breached(on->in, BREACH_BROKEN, "info: %s", tally_error_message(on->ledger));
  for (size_t w = 0; w < on->in->workers; w++) {
    const char *id = on->diaries[w].id;
    if (*id && strcmp(id, info.id) != 0) return breached(on->in, BREACH_LOST, "it is another ledger");
  }
  return true;
}

/* What the ledger's head was is kept beside it, if that was asked for: from the first opening on, and never ahead. */
static bool look_at_anchor(bench *on) {
  tally_anchor anchor;
  bool opened = false;
  if (!on->in->anchored) return true;
  for (size_t w = 0; w < on->in->workers; w++) opened = opened || *on->diaries[w].id;
  if (tally_read_anchor(on->ledger, &anchor))
    return breached(on->in, BREACH_BROKEN, "anchor: %s", tally_error_message(on->ledger));
  atomic_fetch_add(&on->in->sum->anchors, 1);
  if (anchor.state == TALLY_ANCHOR_HOLDS || (anchor.state == TALLY_ANCHOR_NONE && !opened)) return true;
  return breached(on->in, BREACH_BROKEN, "the anchor is %s: %s", tally_anchor_state_name(anchor.state), anchor.why);
}

/* ---- Asking again ---------------------------------------------------------------------------------------------- */
static bool replay_unit(bench *on, const unit *done) {
  for (size_t i = 0; i < done->count; i++) {
    reply answer;
    char line[LINE_BYTES];
    if (ask(on->ledger, &done->steps[i], atomic_load(on->in->now_ms), &answer))
      return breached(on->in, BREACH_LOST, "%s asked again: %s", done->steps[i].key, tally_error_message(on->ledger));
    if (!answer.replayed) return breached(on->in, BREACH_DOUBLED, "%s is done again", done->steps[i].key);
    print_answered(&answer, line);
    if (!same_answer(&answer, &done->answers[i]))
      return breached(on->in, BREACH_BROKEN, "%s is answered otherwise: %s", done->steps[i].key, line);
  }
  return true;
}

/* All that no earlier judgement has asked for, or at the end all. */
static bool replay(bench *on) {
  for (size_t w = 0; w < on->in->workers; w++) {
    const diary *of = &on->diaries[w];
    for (size_t i = on->at->ends ? 0 : on->at->seen[w]; i < of->count; i++) {
      if (!of->done[i].code && !replay_unit(on, &of->done[i])) return false;
    }
    on->at->seen[w] = of->count;
  }
  tally_head head;
  if (tally_read_head(on->ledger, &head))
    return breached(on->in, BREACH_BROKEN, "head: %s", tally_error_message(on->ledger));
  return head.seq == on->found.head.seq || breached(on->in, BREACH_DOUBLED, "asking again wrote an entry");
}

static bool finish(bench *on) {
  bool sound = true;
  for (size_t w = 0; sound && w < on->in->workers; w++) {
    diary *of = &on->diaries[w];
    if (of->has_under_way) sound = retry(on->in, on->ledger, &on->found, &of->under_way);
  }
  return sound;
}

static bool verify(bench *on) {
  char wrong[VERDICT_BYTES];
  atomic_fetch_add(&on->in->sum->verified, 1);
  return book_verify(on->ledger, &on->found.head, wrong) || breached(on->in, BREACH_BROKEN, "%s", wrong);
}

static void look(bench *on) {
  char wrong[VERDICT_BYTES];
  if (!look_at_id(on) || !look_at_anchor(on)) return;
  if (!book_read(on->ledger, &on->found, wrong)) {
    breached(on->in, BREACH_BROKEN, "%s", wrong);
    return;
  }
  if (!look_at_diaries(on) || !look_at_acts(on)) return;
  /* The mutation's acts without a key cannot be asked for again. */
  if (on->in->mutated != MUTATE_NO_KEY && !replay(on)) return;
  if (on->at->ends && !finish(on)) return;
  if (on->at->verifies) verify(on);
}

void judge_ledger(void *with, size_t index) {
  judging *at = with;
  bench on = {.at = at, .in = at->in};
  (void)index;
  for (size_t w = 0; w < on.in->workers; w++) diary_read(on.in->path, w, &on.diaries[w]);
  tally_code code = tally_open(on.in->path, NULL, &on.ledger);
  if (code) {
    breached(on.in, BREACH_BROKEN, "it does not open (%s): %s", tally_code_name(code), tally_error_message(on.ledger));
  } else look(&on);
  tally_close(on.ledger);
  atomic_fetch_add(&on.in->sum->judged, 1);
}
