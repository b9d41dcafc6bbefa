/* plan.c - an act on its way into the journal: proposed, then written at once. */
#include "plan.h"

#include <sodium.h>
#include <string.h>

#include "config.h"
#include "content.h"
#include "numbers.h"
#include "pending.h"

void plan_begin(plan *out, tally_ledger *ledger, const parsed_command *asked) {
  *out = (plan){.ledger = ledger, .asked = asked, .at_ms = asked->at_ms, .day = asked->day};
}

/* Makes room for one more item of a list in the call's memory. */
static bool grow(plan *in, void **items, size_t size, size_t count, size_t *room) {
  if (count < *room) return true;
  size_t wanted = *room ? *room * 4 : 2; /* most acts have one entry, or two */
  void *grown = arena_array(&in->ledger->call, size, wanted);
  if (grown == NULL) return false;
  if (count) memcpy(grown, *items, size * count);
  *items = grown;
  *room = wanted;
  return true;
}

/* ---- Documents and credits ---- */

static tally_code add_document(plan *in, const document_row *row, planned_document **document) {
  void *items = in->documents;
  if (!grow(in, &items, sizeof *in->documents, in->document_count, &in->document_room)) return fail_memory(in->ledger);
  in->documents = items;
  planned_document *added = arena_alloc(&in->ledger->call, sizeof *added);
  if (added == NULL) return fail_memory(in->ledger);
  added->row = *row;
  in->documents[in->document_count++] = added;
  *document = added;
  return TALLY_OK;
}

tally_code plan_document(plan *in, tally_text number, planned_document **document) {
  for (size_t i = 0; i < in->document_count; i++) {
    *document = in->documents[i];
    if (text_equal((*document)->row.number, number)) return TALLY_OK;
  }
  document_row row;
  tally_code code = store_document_get(in->ledger->store, &in->ledger->call, number, &row);
  if (code == TALLY_DONE) return TALLY_DONE;
  TRY(fail_store(in->ledger, code));
  return add_document(in, &row, document);
}

tally_code plan_new_document(plan *in, const document_row *row, planned_document **document) {
  TRY(add_document(in, row, document));
  (*document)->is_new = true;
  (*document)->row.at_ms = in->at_ms;
  (*document)->row.day = in->day;
  return TALLY_OK;
}

static tally_code find_credit(plan *in, tally_text patient, planned_credit **credit) {
  for (size_t i = 0; i < in->credit_count; i++) {
    *credit = &in->credits[i];
    if (text_equal((*credit)->patient, patient)) return TALLY_OK;
  }
  void *items = in->credits;
  if (!grow(in, &items, sizeof *in->credits, in->credit_count, &in->credit_room)) return fail_memory(in->ledger);
  in->credits = items;
  *credit = &in->credits[in->credit_count];
  (*credit)->patient = patient;
  TRY(fail_store(in->ledger, store_credit_get(in->ledger->store, patient, &(*credit)->balance_minor)));
  in->credit_count++;
  return TALLY_OK;
}

tally_code plan_credit(plan *in, tally_text patient, int64_t *balance_minor) {
  planned_credit *credit;
  TRY(find_credit(in, patient, &credit));
  *balance_minor = credit->balance_minor;
  return TALLY_OK;
}

/* ---- Entries ---- */

static void note_overflow(plan *in, tally_code code) {
  if (code && !in->overflow) in->overflow = code;
}

static tally_code move_credit(plan *in, tally_text patient, int64_t amount_minor) {
  planned_credit *credit;
  if (amount_minor == 0 || patient.data == NULL) return TALLY_OK;
  TRY(find_credit(in, patient, &credit));
  note_overflow(in, tally_minor_add(credit->balance_minor, amount_minor, &credit->balance_minor));
  credit->changed = true;
  return TALLY_OK;
}

/* Moves what the newest entry moves. */
static tally_code apply(plan *in, planned_document *document) {
  const tally_entry *entry = &in->entries[in->count - 1];
  entry_effect effect = in->effects[in->count - 1];
  int64_t patient, counter;
  if (document) {
    note_overflow(in, journal_move_facts(entry, effect, &document->row.facts));
    document->changed = true;
  }
  tally_code code = journal_credit_moved(entry, effect, &patient, &counter);
  note_overflow(in, code);
  if (code) return TALLY_OK;
  TRY(move_credit(in, entry->patient, patient));
  return move_credit(in, entry->counter_patient, counter);
}

static tally_code add_entry(plan *in, tally_entry added, entry_effect effect, tally_entry **entry) {
  void *items = in->entries, *effects = in->effects;
  size_t room = in->room;
  if (!grow(in, &effects, sizeof *in->effects, in->count, &room)) return fail_memory(in->ledger);
  if (!grow(in, &items, sizeof *in->entries, in->count, &in->room)) return fail_memory(in->ledger);
  in->entries = items;
  in->effects = effects;
  in->effects[in->count] = effect;
  in->entries[in->count] = added;
  *entry = &in->entries[in->count++];
  return TALLY_OK;
}

tally_code plan_entry(plan *in, tally_kind kind, planned_document *document, tally_text patient, int64_t amount_minor,
                      tally_entry **entry) {
  tally_entry added = {.kind = kind, .amount_minor = amount_minor, .patient = patient};
  added.at_ms = in->at_ms;
  added.day = in->day;
  if (document) {
    added.document = document->row.number;
    added.patient = document->row.patient;
  }
  TRY(add_entry(in, added, (entry_effect){kind, 1}, entry));
  return apply(in, document);
}

tally_code plan_reversal(plan *in, const tally_entry *original) {
  tally_entry *entry;
  planned_document *document = NULL;
  tally_entry added = {.kind = TALLY_KIND_REVERSAL,
                       .amount_minor = original->amount_minor,
                       .document = original->document,
                       .patient = original->patient,
                       .type = original->type,
                       .type_version = original->type_version,
                       .group = original->group,
                       .refers = original->seq,
                       .at_ms = in->at_ms,
                       .day = in->day};
  if (original->document.data) {
    tally_code code = plan_document(in, original->document, &document);
    if (code == TALLY_DONE) return fail(in->ledger, TALLY_ERR_CORRUPT, "a document of the journal is missing");
    if (code) return code;
  }
  TRY(add_entry(in, added, (entry_effect){original->kind, -1}, &entry));
  return apply(in, document);
}

tally_code plan_transfer(plan *in, tally_text from, tally_text to, int64_t amount_minor) {
  tally_entry *entry;
  tally_entry added = {.kind = TALLY_KIND_TRANSFER,
                       .amount_minor = amount_minor,
                       .patient = from,
                       .counter_patient = to,
                       .at_ms = in->at_ms,
                       .day = in->day};
  TRY(add_entry(in, added, (entry_effect){TALLY_KIND_TRANSFER, 1}, &entry));
  return apply(in, NULL);
}

/* Adds (or takes, with sign -1) a consultation's facts to its invoice's. */
static void count_facts(plan *in, tally_facts *invoice, const tally_facts *consultation, int sign) {
  int64_t *into[] = {&invoice->charged,    &invoice->collected, &invoice->credited,
                     &invoice->discounted, &invoice->lost,      &invoice->rounded};
  const int64_t from[] = {consultation->charged,    consultation->collected, consultation->credited,
                          consultation->discounted, consultation->lost,      consultation->rounded};
  for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
    note_overflow(in, sign > 0 ? tally_minor_add(*into[i], from[i], into[i])
                               : tally_minor_subtract(*into[i], from[i], into[i]));
  }
}

static tally_code add_invoice_entry(plan *in, tally_kind kind, planned_document *consultation,
                                    planned_document *invoice) {
  tally_entry *entry;
  int64_t remaining = 0;
  tally_facts facts = consultation->row.facts;
  facts.invoiced = false;
  note_overflow(in, tally_status_of(&facts, NULL, &remaining));
  TRY(plan_entry(in, kind, consultation, consultation->row.patient, remaining, &entry));
  entry->counter_document = invoice->row.number;
  count_facts(in, &invoice->row.facts, &facts, kind == TALLY_KIND_INVOICING ? 1 : -1);
  invoice->changed = true;
  return TALLY_OK;
}

tally_code plan_join(plan *in, planned_document *consultation, planned_document *invoice) {
  TRY(add_invoice_entry(in, TALLY_KIND_INVOICING, consultation, invoice));
  consultation->row.invoice = invoice->row.number;
  consultation->row.facts.invoiced = true;
  consultation->moved = true;
  return TALLY_OK;
}

tally_code plan_release(plan *in, planned_document *consultation, planned_document *invoice) {
  TRY(add_invoice_entry(in, TALLY_KIND_RELEASE, consultation, invoice));
  consultation->row.invoice = (tally_text){NULL, 0};
  consultation->row.facts.invoiced = false;
  consultation->moved = true;
  return TALLY_OK;
}

/* ---- Numbers ---- */

static tally_text series_format(const tally_config *config, series which) {
  if (which == SERIES_CONSULTATION) return config->consultation_format;
  return which == SERIES_INVOICE ? config->invoice_format : config->payment_format;
}

/* A document's number may be a host's; a payment's can be taken only if the format was changed. */
static tally_code number_taken(plan *in, series which, tally_text number, bool *taken) {
  tally_ledger *ledger = in->ledger;
  document_row row;
  if (which == SERIES_PAYMENT) return numbers_taken(ledger, number, taken);
  tally_code code = store_document_get(ledger->store, &ledger->call, number, &row);
  *taken = code == TALLY_OK;
  return code == TALLY_DONE ? TALLY_OK : fail_store(ledger, code);
}

tally_code plan_number(plan *in, series which, tally_text *number) {
  tally_ledger *ledger = in->ledger;
  tally_text format = series_format(&ledger->in_force.config, which);
  char text[NUMBER_BYTES];
  int64_t next = ledger->state.series_next[which];
  for (bool taken = true; taken; next++) {
    *number = number_print(format, next, text);
    TRY(number_taken(in, which, *number, &taken));
  }
  in->series_next[which] = next;
  *number = arena_copy(&ledger->call, *number);
  in->number = *number;
  return number->data ? TALLY_OK : fail_memory(ledger);
}

/* ---- Writing ---- */

tally_code plan_check(plan *in) {
  if (!in->overflow) return TALLY_OK;
  return fail(in->ledger, TALLY_ERR_AMOUNT_OVERFLOW,
              "amount: a sum would leave the range of 64-bit minor units; nothing was written");
}

/* The act's free texts with fresh salts; the first entry holds the commitment to their digests. */
static tally_code prepare_texts(plan *in, int64_t act, annotation_row rows[ANNOTATION_FIELDS],
                                tally_text *commitment) {
  const parsed_command *asked = in->asked;
  const tally_text bodies[ANNOTATION_FIELDS] = {asked->note, asked->label, asked->reason};
  const uint8_t *digests[ANNOTATION_FIELDS] = {NULL};
  *commitment = (tally_text){NULL, 0};
  uint8_t *memory = arena_alloc(&in->ledger->call, ANNOTATION_FIELDS * (SALT_BYTES + DIGEST_BYTES) + DIGEST_BYTES);
  if (memory == NULL) return fail_memory(in->ledger);
  for (int i = 0; i < ANNOTATION_FIELDS; i++) {
    rows[i] = (annotation_row){.seq = act, .field = (annotation_field)(i + 1), .body = bodies[i]};
    if (bodies[i].data == NULL) continue;
    uint8_t *salt = memory, *digest = memory + SALT_BYTES;
    memory += SALT_BYTES + DIGEST_BYTES;
    randombytes_buf(salt, SALT_BYTES);
    journal_digest(rows[i].field, salt, bodies[i], digest);
    rows[i].salt = (tally_text){(char *)salt, SALT_BYTES};
    rows[i].digest = (tally_text){(char *)digest, DIGEST_BYTES};
    digests[i] = digest;
    *commitment = (tally_text){(char *)memory, DIGEST_BYTES};
  }
  if (commitment->data) journal_commitment(digests, memory);
  return TALLY_OK;
}

static tally_code write_texts(plan *in, const annotation_row rows[ANNOTATION_FIELDS]) {
  for (int i = 0; i < ANNOTATION_FIELDS; i++) {
    if (rows[i].body.data == NULL) continue;
    TRY(fail_store(in->ledger, store_annotation_put(in->ledger->store, &rows[i])));
  }
  return TALLY_OK;
}

/* What every entry of the act shares, and what only its first carries. */
tally_code plan_complete(plan *in) {
  const ledger_state *state = &in->ledger->state;
  int64_t now = in->asked->now_ms, last = state->last_recorded_at_ms, recorded_at_ms = now > last ? now : last;
  if (in->completed) return TALLY_OK;
  int64_t act = state->head.seq + 1, serial = state->series_next[SERIES_PAYMENT] - 1;
  for (size_t i = 0; i < in->count; i++) {
    tally_entry *entry = &in->entries[i];
    if (entry->number.data) serial = in->series_next[SERIES_PAYMENT] - 1;
    entry->serial = serial;
    entry->seq = act + (int64_t)i;
    entry->act = act;
    entry->command = in->asked->command;
    entry->recorded_at_ms = recorded_at_ms;
    entry->actor = in->asked->actor;
    entry->script_version = (int32_t)in->ledger->in_force.version;
  }
  in->entries[0].key = in->asked->key;
  if (in->asked->key.data) TRY(content_encode(in->ledger, in->asked, &in->entries[0].content));
  in->completed = true;
  return TALLY_OK;
}

static tally_code append_entries(plan *in, ledger_state *state) {
  for (size_t i = 0; i < in->count; i++) {
    tally_entry *entry = &in->entries[i];
    TRY(journal_hash(in->ledger, state->head.hash, entry, in->ledger->in_force.digest, entry->hash));
    TRY(fail_store(in->ledger, store_entry_append(in->ledger->store, entry)));
    state->head.seq = entry->seq;
    memcpy(state->head.hash, entry->hash, sizeof state->head.hash);
  }
  return TALLY_OK;
}

bool document_is_open(const tally_facts *facts) {
  int64_t remaining;
  return tally_status_of(facts, NULL, &remaining) == TALLY_OK && remaining > 0;
}

static tally_code write_document(plan *in, planned_document *document) {
  store *to = in->ledger->store;
  bool was_open = document->row.open;
  document->row.open = document_is_open(&document->row.facts);
  if (document->is_new) return store_document_put(to, &document->row);
  if (document->moved) return store_document_set(to, &document->row);
  if (was_open != document->row.open) return store_document_set_open(to, &document->row);
  return document->changed ? store_document_set_facts(to, &document->row) : TALLY_OK;
}

static tally_code write_documents(plan *in, int64_t act, int64_t recorded_at_ms) {
  for (size_t i = 0; i < in->document_count; i++) {
    planned_document *document = in->documents[i];
    if (document->is_new) {
      document->row.id = act;
      document->row.recorded_at_ms = recorded_at_ms;
    } else if (!document->changed) {
      continue;
    }
    TRY(fail_store(in->ledger, write_document(in, document)));
  }
  return TALLY_OK;
}

static tally_code write_credits(plan *in) {
  for (size_t i = 0; i < in->credit_count; i++) {
    const planned_credit *credit = &in->credits[i];
    if (!credit->changed) continue;
    TRY(fail_store(in->ledger, store_credit_set(in->ledger->store, credit->patient, credit->balance_minor)));
  }
  return TALLY_OK;
}

static tally_code move_totals(plan *in) {
  tally_totals delta;
  for (size_t i = 0; i < in->count; i++) {
    if (journal_totals(&in->entries[i], in->effects[i], &delta)) TRY(pending_add(in->ledger, &delta));
  }
  for (int which = 1; which < SERIES_END; which++) {
    if (in->series_next[which]) pending_series(in->ledger, (series)which, in->series_next[which]);
  }
  return TALLY_OK;
}

static tally_code write_closing(plan *in, ledger_state *state) {
  if (!in->closes) return TALLY_OK;
  in->closing.seq = state->head.seq;
  TRY(fail_store(in->ledger, store_closing_put(in->ledger->store, &in->closing)));
  state->has_closed = true;
  state->closed_through = in->closing.through;
  in->ledger->anchor.closed = true;
  return TALLY_OK;
}

tally_code plan_post(plan *in) {
  ledger_state *state = &in->ledger->state;
  annotation_row texts[ANNOTATION_FIELDS];
  TRY(plan_complete(in));
  int64_t act = in->entries[0].act, recorded = in->entries[0].recorded_at_ms;
  TRY(prepare_texts(in, act, texts, &in->entries[0].commitment));
  in->posted = true;
  in->ledger->broken = true; /* until all is written */
  TRY(append_entries(in, state));
  TRY(write_texts(in, texts));
  TRY(write_documents(in, act, recorded));
  TRY(write_credits(in));
  TRY(move_totals(in));
  TRY(write_closing(in, state));
  state->last_recorded_at_ms = recorded;
  in->ledger->broken = false;
  return TALLY_OK;
}
