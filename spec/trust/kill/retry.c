/* retry.c - one effect, whole, and one answer. */
#include "retry.h"

#include <string.h>

#include "plan.h"

static tally_code ask_unit(const trial *in, tally_ledger *ledger, unit *wanted) {
  wanted->code = wanted->together ? tally_begin(ledger) : TALLY_OK;
  for (size_t i = 0; i < wanted->count && !wanted->code; i++) {
    wanted->code = ask(ledger, &wanted->steps[i], atomic_load(in->now_ms), &wanted->answers[i]);
  }
  if (wanted->together && wanted->code) tally_rollback(ledger);
  if (wanted->together && !wanted->code) wanted->code = tally_commit(ledger);
  return wanted->code;
}

size_t count_kept(const book *found, const unit *of) {
  size_t kept = 0;
  for (size_t i = 0; i < of->count; i++) kept += book_by_key(found, of->steps[i].key) != NULL;
  return kept;
}

/* Others ask for the document of all at the same time. */
static bool is_shared(const unit *of) {
  return strcmp(of->steps[0].key, HOT_KEY) == 0;
}

static bool look_at_answers(const trial *in, const book *found, const unit *again, bool kept) {
  for (size_t i = 0; i < again->count; i++) {
    const char *key = again->steps[i].key;
    const reply *answer = &again->answers[i];
    const book_act *act = kept ? book_by_key(found, key) : NULL;
    if (kept && !answer->replayed && answer->act != act->seq)
      return breached(in, BREACH_DOUBLED, "%s is act %lld, and is done again as act %lld", key, (long long)act->seq,
                      (long long)answer->act);
    if (kept && answer->act != act->seq)
      return breached(in, BREACH_BROKEN, "%s is act %lld, and is answered as act %lld", key, (long long)act->seq,
                      (long long)answer->act);
    if (!kept && answer->replayed && !is_shared(again))
      return breached(in, BREACH_BROKEN, "%s was not there, and is answered as if it were", key);
  }
  return true;
}

/* Once more: that is a replay in every case, and the same answer. */
static bool ask_once_more(const trial *in, tally_ledger *ledger, const unit *again) {
  unit more = *again;
  if (ask_unit(in, ledger, &more))
    return breached(in, BREACH_BROKEN, "%s asked once more: %s", again->steps[0].key, tally_error_message(ledger));
  for (size_t i = 0; i < again->count; i++) {
    if (!more.answers[i].replayed) return breached(in, BREACH_DOUBLED, "%s is done twice", again->steps[i].key);
    if (!same_answer(&more.answers[i], &again->answers[i]))
      return breached(in, BREACH_BROKEN, "%s is answered in two ways", again->steps[i].key);
  }
  return true;
}

static bool note_refusal(const trial *in, tally_ledger *ledger, const unit *again, bool kept) {
  if (kept || !is_refusal(again->code))
    return breached(in, BREACH_BROKEN, "%s asked again%s: %s", again->steps[0].key, kept ? ", and it is there" : "",
                    tally_error_message(ledger));
  atomic_fetch_add(&in->sum->retries_refused, 1);
  return true;
}

bool retry(const trial *in, tally_ledger *ledger, const book *found, unit *again) {
  size_t kept = count_kept(found, again);
  if (kept && kept < again->count)
    return breached(in, BREACH_HALVED, "of a transaction %zu commands are there, and %zu are not: %s", kept,
                    again->count - kept, again->steps[0].key);
  bool keyless = in->mutated == MUTATE_NO_KEY && !is_shared(again);
  unit asked = *again;
  for (size_t i = 0; keyless && i < asked.count; i++) asked.steps[i].key[0] = '\0';
  ask_unit(in, ledger, &asked);
  again->code = asked.code;
  memcpy(again->answers, asked.answers, sizeof again->answers);
  if (again->code) return note_refusal(in, ledger, again, kept);
  if (!look_at_answers(in, found, again, kept)) return false;
  atomic_fetch_add(kept ? &in->sum->retries_kept : &in->sum->retries_new, 1);
  return keyless || ask_once_more(in, ledger, again);
}
