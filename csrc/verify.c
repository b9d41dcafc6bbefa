/* verify.c - recomputing a ledger from its journal: the steps, and the entries one by one (§4, §6). */
#include "verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "config_codec.h"
#include "numbers.h"
#include "packed.h"
#include "pending.h"
#include "verify_beside.h"

enum { ENTRIES_PER_STEP = 4, WHAT_BYTES = 256 };

tally_code verify_wrong(tally_verify *in, int64_t seq, const char *format, ...) {
  char what[WHAT_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  fail(in->ledger, TALLY_ERR_CHAIN_BROKEN,
       "entry %lld: %s; keep this file as evidence and go back to a backup that verifies", (long long)seq, what);
  with_integer(in->ledger, TALLY_ERR_CHAIN_BROKEN, "seq", seq);
  return with_detail(in->ledger, TALLY_ERR_CHAIN_BROKEN, "what", text_of(what));
}

/* ---- One entry ---- */

static tally_code check_order(tally_verify *in, const tally_entry *entry) {
  if (entry->seq != in->head.seq + 1)
    return verify_wrong(in, in->head.seq + 1, "it is missing; the next is %lld", (long long)entry->seq);
  bool opens = entry->act == entry->seq;
  if (!opens && (entry->act != in->act || entry->command != in->act_command))
    return verify_wrong(in, entry->seq, "it belongs to no act");
  if (entry->recorded_at_ms < in->last_recorded_at_ms)
    return verify_wrong(in, entry->seq, "it was recorded before the entry before it");
  if (entry->kind < 1 || entry->kind >= TALLY_KIND_END)
    return verify_wrong(in, entry->seq, "its kind %d is unknown", (int)entry->kind);
  if (entry->command < 1 || entry->command > TALLY_COMMAND_LAST_WRITING)
    return verify_wrong(in, entry->seq, "its command %d is unknown", (int)entry->command);
  if (!opens && (entry->key.data || entry->content.data || entry->commitment.data))
    return verify_wrong(in, entry->seq, "it carries what only the first of an act does");
  if (opens) in->report.acts++;
  in->act = entry->act;
  in->act_command = entry->command;
  in->last_recorded_at_ms = entry->recorded_at_ms;
  return TALLY_OK;
}

static tally_code check_hash(tally_verify *in, const tally_entry *entry) {
  uint8_t hash[32];
  TRY(journal_hash(in->ledger, in->head.hash, entry, in->script.digest, hash));
  if (memcmp(hash, entry->hash, sizeof hash) != 0)
    return verify_wrong(in, entry->seq, "its content does not match its hash");
  in->head.seq = entry->seq;
  memcpy(in->head.hash, hash, sizeof hash);
  if (in->has_expected && in->expected.seq == entry->seq) {
    in->met_expected = memcmp(hash, in->expected.hash, sizeof hash) == 0;
    if (!in->met_expected) return verify_wrong(in, entry->seq, "its hash is another than the head kept outside");
  }
  return verify_anchor_entry(in, entry);
}

/* Free text that is still there must be what the commitment says; erased text leaves its digest. */
static tally_code check_texts(tally_verify *in, const tally_entry *entry) {
  tally_ledger *ledger = in->ledger;
  const uint8_t *digests[ANNOTATION_FIELDS] = {NULL};
  uint8_t commitment[DIGEST_BYTES], digest[DIGEST_BYTES];
  if (entry->act != entry->seq || entry->commitment.data == NULL) return TALLY_OK;
  for (int i = 0; i < ANNOTATION_FIELDS; i++) {
    annotation_row row;
    tally_code code = store_annotation_get(ledger->store, &ledger->call, entry->seq, (annotation_field)(i + 1), &row);
    if (code == TALLY_DONE) continue;
    TRY(fail_store(ledger, code));
    if (row.digest.length != DIGEST_BYTES) return verify_wrong(in, entry->seq, "the digest of its text is damaged");
    digests[i] = (const uint8_t *)row.digest.data;
    in->texts_met++;
    if (row.body.data == NULL && row.salt.data == NULL) continue;
    if (row.body.data == NULL || row.salt.data == NULL || row.salt.length != SALT_BYTES)
      return verify_wrong(in, entry->seq, "its text is damaged");
    journal_digest(row.field, (const uint8_t *)row.salt.data, row.body, digest);
    if (memcmp(digest, row.digest.data, DIGEST_BYTES) != 0)
      return verify_wrong(in, entry->seq, "its text does not match its digest");
  }
  journal_commitment(digests, commitment);
  bool same =
      entry->commitment.length == DIGEST_BYTES && memcmp(commitment, entry->commitment.data, DIGEST_BYTES) == 0;
  return same ? TALLY_OK : verify_wrong(in, entry->seq, "its texts do not match its commitment");
}

/* The script in force then must be in the file, and never go back. Every entry's hash holds its digest. */
static tally_code check_script(tally_verify *in, const tally_entry *entry) {
  config_state fresh;
  if (entry->script_version == in->script.version) return TALLY_OK;
  if (entry->script_version < in->script.version) {
    return verify_wrong(in, entry->seq, "it was made under an older script than the one before");
  }
  tally_code code = config_read_version(in->ledger, entry->script_version, &fresh);
  if (code == TALLY_ERR_CORRUPT) {
    return verify_wrong(in, entry->seq, "version %d of its script, or a type of it, is missing",
                        entry->script_version);
  }
  if (code) return code;
  arena_free(&in->script.memory);
  in->script = fresh;
  return TALLY_OK;
}

static tally_code check_type(tally_verify *in, const tally_entry *entry) {
  if (entry->type.data == NULL)
    return entry->type_version == 0 ? TALLY_OK : verify_wrong(in, entry->seq, "it has a type's version and no type");
  tally_text definition;
  unsigned char *key = arena_piece(&in->ledger->call, entry->type.length + 2 * PACKED_INTEGER_MAX), *at = key;
  if (key == NULL) return fail_memory(in->ledger);
  at = pack_signed(at, entry->type_version);
  at = pack_text(at, entry->type);
  sums_row *known = sums_at(&in->types, (tally_text){(char *)key, (size_t)(at - key)});
  if (known == NULL) return fail_memory(in->ledger);
  if (known->seen) return TALLY_OK;
  tally_code code =
      store_type_get(in->ledger->store, &in->ledger->call, entry->type, entry->type_version, &definition);
  if (code == TALLY_DONE)
    return verify_wrong(in, entry->seq, "version %d of its payment type is missing", entry->type_version);
  known->seen = true;
  return fail_store(in->ledger, code);
}

/* Whether a number that the series passed over was one that an older format had given. */
static tally_code check_passed_over(tally_verify *in, const tally_entry *entry, int64_t serial) {
  tally_entry earlier;
  char text[NUMBER_BYTES];
  tally_text number = number_print(in->script.config.payment_format, serial, text);
  tally_code code = numbers_find(in->ledger, number, &earlier);
  if (code == TALLY_DONE || (code == TALLY_OK && earlier.seq >= entry->seq))
    return verify_wrong(in, entry->seq, "its number is %s where %s is due", shown(in->ledger, entry->number),
                        shown(in->ledger, number));
  return code;
}

/* Payment numbers run without gaps; one that an older format gave to an earlier payment is passed over. */
static tally_code check_number(tally_verify *in, const tally_entry *entry) {
  char text[NUMBER_BYTES];
  int64_t last = in->payment_serial;
  in->payment_serial = entry->serial;
  if (entry->number.data == NULL) {
    return entry->serial == last ? TALLY_OK
                                 : verify_wrong(in, entry->seq, "it moves the series of payments without a number");
  }
  in->report.payments++;
  bool given = entry->serial > last &&
               text_equal(number_print(in->script.config.payment_format, entry->serial, text), entry->number);
  if (!given) {
    tally_text due = number_print(in->script.config.payment_format, last + 1, text);
    if (text_equal(due, entry->number)) return verify_wrong(in, entry->seq, "its serial is not that of its number");
    return verify_wrong(in, entry->seq, "its number is %s where %s is due", shown(in->ledger, entry->number),
                        shown(in->ledger, due));
  }
  for (int64_t serial = last + 1; serial < entry->serial; serial++) TRY(check_passed_over(in, entry, serial));
  return TALLY_OK;
}

static tally_code check_closed_days(tally_verify *in, const tally_entry *entry) {
  if (in->has_closed && entry->day <= in->closed_through)
    return verify_wrong(in, entry->seq, "it lies on a day that was closed");
  if (entry->kind != TALLY_KIND_CLOSING) return TALLY_OK;
  in->has_closed = true;
  in->closed_through = entry->day;
  in->report.closings++;
  return TALLY_OK;
}

static tally_code check_reference(tally_verify *in, const tally_entry *entry) {
  bool reverses = entry->kind == TALLY_KIND_REVERSAL, prints = entry->kind == TALLY_KIND_PRINT;
  tally_entry original;
  if (!reverses && !prints && entry->kind != TALLY_KIND_REFUND)
    return entry->refers ? verify_wrong(in, entry->seq, "it points to an entry without reason") : TALLY_OK;
  if (entry->refers < 1 || entry->refers >= entry->seq)
    return verify_wrong(in, entry->seq, "it points to no earlier entry");
  tally_code code = store_entry_get(in->ledger->store, &in->ledger->call, entry->refers, &original);
  if (code == TALLY_DONE) return verify_wrong(in, entry->seq, "the entry it points to is missing");
  TRY(fail_store(in->ledger, code));
  bool fits = text_equal(entry->document, original.document) && text_equal(entry->patient, original.patient);
  if (reverses) {
    fits = fits && original.kind != TALLY_KIND_REVERSAL && entry->amount_minor == original.amount_minor &&
           text_equal(entry->type, original.type) && text_equal(entry->group, original.group);
  } else {
    fits = fits && (prints ? original.number.data != NULL : original.kind == TALLY_KIND_PAYMENT);
  }
  return fits ? TALLY_OK
              : verify_wrong(in, entry->seq, "it does not fit the entry %lld it points to", (long long)entry->refers);
}

/* ---- What the entries add up to ---- */

static bool add_checked(int64_t *to, int64_t amount) {
  return tally_minor_add(*to, amount, to) == TALLY_OK;
}

static tally_code add_credit(tally_verify *in, const tally_entry *entry, tally_text patient, int64_t amount) {
  if (amount == 0 || patient.data == NULL) return TALLY_OK;
  sums_row *row = sums_at(&in->credits, patient);
  if (row == NULL) return fail_memory(in->ledger);
  if (!add_checked(&row->values[0], amount))
    return verify_wrong(in, entry->seq, "a patient's credit leaves 64-bit minor units");
  return row->values[0] >= 0 ? TALLY_OK : verify_wrong(in, entry->seq, "it leaves a patient's credit below zero");
}

static tally_code add_up(tally_verify *in, const tally_entry *entry) {
  entry_effect effect;
  int64_t patient, counter;
  TRY(journal_effect(in->ledger, entry, &effect));
  if (journal_credit_moved(entry, effect, &patient, &counter))
    return verify_wrong(in, entry->seq, "its amount leaves 64-bit minor units");
  TRY(add_credit(in, entry, entry->patient, patient));
  TRY(add_credit(in, entry, entry->counter_patient, counter));
  bool makes = entry->command == TALLY_COMMAND_CONSULTATION || entry->command == TALLY_COMMAND_INVOICE;
  if (makes && entry->act == entry->seq) in->documents_made++;
  tally_totals delta;
  return journal_totals(entry, effect, &delta) ? verify_add_totals(in, &delta) : TALLY_OK;
}

tally_code verify_entry(tally_verify *in, const tally_entry *entry) {
  TRY(check_order(in, entry));
  TRY(check_script(in, entry));
  TRY(check_hash(in, entry));
  TRY(check_texts(in, entry));
  TRY(check_type(in, entry));
  TRY(check_number(in, entry));
  TRY(check_closed_days(in, entry));
  TRY(check_reference(in, entry));
  return add_up(in, entry);
}

/* ---- Steps ---- */

static void enter_phase(tally_verify *in, verify_phase phase, int64_t total) {
  in->phase = phase;
  in->done = 0;
  in->total = total;
}

static tally_code step_file(tally_verify *in) {
  tally_entry last;
  store_facts facts;
  store_counts counts;
  TRY(fail_store(in->ledger, store_check_begin(in->ledger->store, &in->checking)));
  verify_beside_begin(in->ledger, &in->beside);
  TRY(fail_store(in->ledger, store_facts_get(in->ledger->store, &facts)));
  TRY(fail_store(in->ledger, store_counts_get(in->ledger->store, &counts)));
  in->report.documents = facts.documents;
  in->report.patients = counts.patients;
  in->report.days = counts.days;
  in->texts_kept = counts.annotations;
  TRY(verify_anchor_begin(in));
  tally_code code = store_entry_last(in->ledger->store, &in->ledger->call, &last);
  /* One that cannot be read may not be the first: the journal is looked at from its beginning all the same. */
  int64_t damaged = code == TALLY_ERR_CORRUPT ? store_damaged_entry(in->ledger->store) : 0;
  enter_phase(in, PHASE_JOURNAL, code == TALLY_OK ? last.seq : damaged);
  return code == TALLY_DONE || damaged ? TALLY_OK : fail_store(in->ledger, code);
}

static tally_code end_journal(tally_verify *in) {
  if (in->has_expected && in->expected.seq > in->head.seq) {
    return verify_wrong(in, in->head.seq + 1,
                        "it is missing: the head kept outside is entry %lld and the journal ends at %lld",
                        (long long)in->expected.seq, (long long)in->head.seq);
  }
  TRY(verify_anchor_end(in));
  if (in->texts_met != in->texts_kept) {
    fail(in->ledger, TALLY_ERR_CORRUPT,
         "a free text of the file belongs to no entry; keep this file as evidence and go back to a backup that "
         "verifies");
    return with_detail(in->ledger, TALLY_ERR_CORRUPT, "what", text_of("a free text of the file belongs to no entry"));
  }
  in->report.entries = in->head.seq;
  in->report.head = in->head;
  enter_phase(in, PHASE_TOTALS, in->report.days);
  return TALLY_OK;
}

static tally_code step_journal(tally_verify *in) {
  tally_entry page[STORE_PAGE];
  for (int i = 0; i < ENTRIES_PER_STEP; i++) {
    size_t count;
    arena_reset(&in->page);
    tally_code code = store_entries_after(in->ledger->store, &in->page, in->head.seq, page, STORE_PAGE, &count);
    int64_t damaged = code == TALLY_ERR_CORRUPT ? store_damaged_entry(in->ledger->store) : 0;
    if (!damaged) TRY(fail_store(in->ledger, code));
    if (damaged) count--;
    for (size_t k = 0; k < count; k++) {
      arena_reset(&in->ledger->call);
      TRY(verify_entry(in, &page[k]));
    }
    if (damaged) return verify_wrong(in, damaged, "it cannot be read");
    in->done += (int64_t)count;
    if (count < STORE_PAGE) return end_journal(in);
  }
  return TALLY_OK;
}

/* What the pass beside has found, or, where it was of no use, one page of documents more. */
static tally_code step_documents(tally_verify *in) {
  tally_code code;
  if (in->beside) {
    bool usable;
    code = verify_beside_wait(in->beside, in->ledger, &in->head, &usable);
    in->done = verify_beside_done(in->beside);
    if (!usable) {
      verify_beside_end(in->beside);
      in->beside = NULL;
      in->done = 0;
    }
  } else {
    code = verify_documents(in);
  }
  if (code != TALLY_DONE) return code;
  TRY(verify_documents_count(in));
  enter_phase(in, PHASE_WAIT, 0);
  return TALLY_OK;
}

tally_code tally_verify_step(tally_verify *verify) {
  tally_ledger *ledger = verify->ledger;
  tally_code code;
  arena_reset(&ledger->call);
  switch (verify->phase) {
  case PHASE_FILE:
    return step_file(verify);
  case PHASE_JOURNAL:
    return step_journal(verify);
  case PHASE_DOCUMENTS:
    return step_documents(verify);
  case PHASE_TOTALS:
    TRY(verify_totals(verify));
    enter_phase(verify, PHASE_DOCUMENTS, verify->report.documents);
    return TALLY_OK;
  case PHASE_WAIT:
    code = store_check_wait(verify->checking);
    if (code == TALLY_DONE) enter_phase(verify, PHASE_END, 0);
    return code == TALLY_DONE ? TALLY_OK : fail_store(ledger, code);
  default:
    return TALLY_DONE;
  }
}

tally_code tally_verify_begin(tally_ledger *ledger, const tally_head *expected, tally_verify **out) {
  *out = NULL;
  TRY(ledger_enter(ledger));
  TRY(ledger_not_proposing(ledger));
  TRY(pending_flush(ledger));
  tally_verify *in = calloc(1, sizeof *in);
  if (in == NULL) return fail_memory(ledger);
  in->ledger = ledger;
  in->anchor = anchor_read(ledger, &in->report.anchor); /* before the state of the file that is looked at is chosen */
  journal_genesis(ledger, in->head.hash);
  if (expected) {
    in->expected = *expected;
    in->has_expected = expected->seq > 0;
  }
  if (!store_in_transaction(ledger->store)) {
    tally_code code = fail_store(ledger, store_begin_read(ledger->store));
    if (code) {
      free(in);
      return code;
    }
    in->in_read = true;
  }
  /* Another process may have stored a configuration since, and with it another format of numbers. */
  tally_code code = ledger_reload(ledger);
  if (!code) code = fail_store(ledger, store_checked_begin(ledger->store));
  if (code) {
    if (in->in_read) store_rollback(ledger->store);
    free(in);
    return code;
  }
  store_limit_memory(ledger->store, true);
  ledger->at_work = true;
  *out = in;
  return TALLY_OK;
}

void tally_verify_progress(const tally_verify *verify, int64_t *done, int64_t *total, const char **phase) {
  static const char *const names[] = {"file", "journal", "totals", "documents", "file", "done"};
  *done = verify->done;
  *total = verify->total;
  *phase = names[verify->phase];
}

const tally_report *tally_verify_report(const tally_verify *verify) {
  return &verify->report;
}

void verify_free(tally_verify *in) {
  sums_free(&in->totals);
  sums_free(&in->credits);
  sums_free(&in->types);
  arena_free(&in->page);
  arena_free(&in->own_page);
  arena_free(&in->script.memory);
  free(in);
}

void tally_verify_end(tally_verify *verify) {
  if (verify == NULL) return;
  verify_beside_end(verify->beside);
  store_check_end(verify->checking);
  if (verify->in_read) store_rollback(verify->ledger->store);
  store_limit_memory(verify->ledger->store, false);
  verify->ledger->at_work = false;
  verify_free(verify);
}
