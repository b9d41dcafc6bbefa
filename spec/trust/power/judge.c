/* judge.c - opens an image as a clinic would the next morning: nothing lost, nothing halved, nothing twice. */
#include "judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct bench {
  const clinic *in;
  tally_ledger *ledger;
  judgement *out;
} bench;

TALLY_PRINTF(3, 4) static bool no(bench *at, breach found, const char *template, ...) {
  va_list rest;
  at->out->found = found;
  va_start(rest, template);
  vsnprintf(at->out->verdict, VERDICT_BYTES, template, rest);
  va_end(rest);
  return false;
}

static bool same_head(const tally_head *a, const tally_head *b) {
  return a->seq == b->seq && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

static bool verify(bench *at, const tally_head *expected) {
  tally_verify *verify = NULL;
  tally_code code = tally_verify_begin(at->ledger, expected, &verify);
  while (!code) code = tally_verify_step(verify);
  if (code != TALLY_DONE)
    no(at, BREACH_BROKEN, "verify says %s: %s", tally_code_name(code), tally_error_message(at->ledger));
  tally_verify_end(verify);
  return code == TALLY_DONE;
}

static bool look_at_id(bench *at) {
  tally_info info;
  if (tally_read_info(at->ledger, &info)) return no(at, BREACH_BROKEN, "info: %s", tally_error_message(at->ledger));
  return strcmp(info.id, at->in->id) == 0 || no(at, BREACH_LOST, "it is another ledger");
}

/* A cut falls between two units: the last acknowledged is whole, and the one under way is there whole or not at all. */
static bool look_at_head(bench *at) {
  const unit *units = at->in->units;
  size_t known = at->out->acknowledged;
  tally_head head;
  if (tally_read_head(at->ledger, &head)) return no(at, BREACH_BROKEN, "head: %s", tally_error_message(at->ledger));
  at->out->kept_next = known < at->in->unit_count && same_head(&head, &units[known].head);
  if (at->out->kept_next) return true;
  if (known == 0 ? head.seq == 0 : same_head(&head, &units[known - 1].head)) return true;
  int64_t wanted = known ? units[known - 1].head.seq : 0;
  if (head.seq < wanted)
    return no(at, BREACH_LOST, "acts are lost: %lld of %lld entries", (long long)head.seq, (long long)wanted);
  return no(at, BREACH_HALVED, "entry %lld is the head, which no command left", (long long)head.seq);
}

static bool look_at_chain(bench *at) {
  const tally_entry *entry;
  tally_cursor *cursor;
  int64_t seq = 0;
  tally_request *request = tally_request_new();
  tally_request_begin(request, TALLY_QUERY_ENTRIES);
  tally_code code = tally_cursor_open(at->ledger, request, &cursor);
  while (!code && (code = tally_cursor_entry(cursor, &entry)) == TALLY_OK) {
    if (entry->seq != ++seq || memcmp(at->in->chain[seq], entry->hash, sizeof entry->hash) != 0) break;
  }
  tally_cursor_close(cursor);
  tally_request_free(request);
  return code == TALLY_DONE || no(at, BREACH_LOST, "entry %lld is not the one that was written", (long long)seq);
}

static bool look_at_step(bench *at, const step *done) {
  tally_text number = {done->number, strlen(done->number)};
  const tally_payment *payment;
  if (!done->is_payment) return true;
  if (tally_read_payment(at->ledger, number, &payment)) return no(at, BREACH_LOST, "payment %s is lost", done->number);
  return payment->amount_minor == done->answered_minor ||
         no(at, BREACH_LOST, "payment %s has another amount", done->number);
}

static bool look_at_acts(bench *at) {
  for (size_t i = 0; i < at->out->acknowledged; i++) {
    const unit *done = &at->in->units[i];
    for (size_t s = 0; s < done->count; s++) {
      if (!look_at_step(at, &done->steps[s])) return false;
    }
  }
  return true;
}

/* Asks again. Every answer is the one that was given, or would have been; the head is where the unit left it. */
static bool ask_again(bench *at, const unit *asked, bool replays) {
  answer answers[STEPS_MAX];
  tally_head head;
  tally_code code = clinic_ask(at->in, at->ledger, asked, answers);
  const char *key = asked->steps[0].key;
  if (code) return no(at, BREACH_DOUBLED, "%s asked again: %s", key, tally_error_message(at->ledger));
  for (size_t i = 0; i < asked->count; i++) {
    const step *done = &asked->steps[i];
    if (answers[i].replayed != replays)
      return no(at, BREACH_DOUBLED, "%s %s", done->key, replays ? "is done twice" : "was there, in part");
    bool same = strcmp(answers[i].number, done->number) == 0 && answers[i].minor == done->answered_minor;
    if (!same) return no(at, BREACH_DOUBLED, "%s is answered otherwise: %s", done->key, answers[i].number);
  }
  if (tally_read_head(at->ledger, &head)) return no(at, BREACH_BROKEN, "head: %s", tally_error_message(at->ledger));
  if (head.seq != asked->head.seq)
    return no(at, BREACH_DOUBLED, "%s leaves entry %lld as the head", key, (long long)head.seq);
  bool comparable = at->out->opened && (replays || !asked->salted);
  return !comparable || same_head(&head, &asked->head) || no(at, BREACH_DOUBLED, "%s leaves another head", key);
}

/* The last acknowledged unit is replayed; the one under way has one effect, however often it is asked for. */
static bool retry(bench *at) {
  size_t known = at->out->acknowledged;
  bool kept = at->out->kept_next;
  if (known && !kept && !ask_again(at, &at->in->units[known - 1], true)) return false;
  if (known == at->in->unit_count) return true;
  const unit *next = &at->in->units[known];
  unit same = *next;
  if (!ask_again(at, next, kept)) return false;
  if (!kept && tally_read_head(at->ledger, &same.head))
    return no(at, BREACH_BROKEN, "head: %s", tally_error_message(at->ledger));
  return ask_again(at, &same, true) && verify(at, &same.head);
}

static void look(bench *at, size_t known) {
  const tally_head *expected = known ? &at->in->units[known - 1].head : NULL;
  if (at->out->opened && !look_at_id(at)) return;
  if (!look_at_head(at) || !verify(at, expected)) return;
  if (look_at_chain(at) && look_at_acts(at)) retry(at);
}

void judge(const clinic *in, const char *path, size_t acknowledged, bool opened, judgement *out) {
  bench at = {.in = in, .out = out};
  *out = (judgement){.acknowledged = acknowledged, .opened = opened};
  tally_code code = tally_open(path, NULL, &at.ledger);
  if (code) no(&at, BREACH_BROKEN, "it does not open (%s): %s", tally_code_name(code), tally_error_message(at.ledger));
  else look(&at, acknowledged);
  tally_close(at.ledger);
}
