/* journal.c - what an entry means and how it is chained (§4, docs/format.md). */
#include "journal.h"

#include <sodium.h>
#include <string.h>

#include "pairs.h"

/* The tag says which preimage this is: it changes with the format, which is frozen. */
static const char ENTRY_TAG[] = "tallystick entry 1";
static const char LEDGER_TAG[] = "tallystick ledger 1";
static const char TEXT_TAG[] = "tallystick text 1";
static const char COMMITMENT_TAG[] = "tallystick commitment 1";
#define ABSENT UINT32_MAX

/* ---- The chain ---- */

static unsigned char *put_big32(unsigned char *at, uint32_t value) {
  at[0] = (unsigned char)(value >> 24);
  at[1] = (unsigned char)(value >> 16);
  at[2] = (unsigned char)(value >> 8);
  at[3] = (unsigned char)value;
  return at + 4;
}

/* Each puts one length-prefixed field and gives the place behind it. */
static unsigned char *put_bytes(unsigned char *at, const void *data, size_t length) {
  at = put_big32(at, (uint32_t)length);
  memcpy(at, data, length);
  return at + length;
}

static unsigned char *put_text(unsigned char *at, tally_text text) {
  return text.data ? put_bytes(at, text.data, text.length) : put_big32(at, ABSENT);
}

static unsigned char *put_integer(unsigned char *at, int64_t value) {
  at = put_big32(at, 8);
  at = put_big32(at, (uint32_t)((uint64_t)value >> 32));
  return put_big32(at, (uint32_t)value);
}

static unsigned char *put_optional(unsigned char *at, bool present, int64_t value) {
  return present ? put_integer(at, value) : put_big32(at, ABSENT);
}

/* Bytes enough for an entry's preimage: each field, and the length before it. */
static size_t preimage_room(const tally_entry *entry) {
  enum { FIELDS = 31, FIXED_BYTES = 12 * 8 + 3 * 8 + 2 * 32 + 64 };
  const tally_text texts[] = {
      entry->number, entry->document, entry->counter_document, entry->patient, entry->counter_patient, entry->type,
      entry->actor,  entry->group,    entry->reference,        entry->fields,  entry->commitment,      entry->key,
      entry->content};
  size_t room = FIELDS * 4 + FIXED_BYTES;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) room += texts[i].length;
  return room;
}

tally_code journal_hash(tally_ledger *ledger, const uint8_t previous[32], const tally_entry *entry,
                        const uint8_t script[32], uint8_t hash[32]) {
  unsigned char *preimage = arena_piece(&ledger->call, preimage_room(entry)), *at = preimage;
  if (preimage == NULL) return fail_memory(ledger);
  at = put_bytes(at, ENTRY_TAG, sizeof ENTRY_TAG - 1);
  at = put_bytes(at, ledger->uuid, sizeof ledger->uuid - 1);
  at = put_bytes(at, previous, 32);
  at = put_integer(at, entry->seq);
  at = put_integer(at, entry->act);
  at = put_integer(at, entry->kind);
  at = put_integer(at, entry->command);
  at = put_text(at, entry->number);
  at = put_text(at, entry->document);
  at = put_text(at, entry->counter_document);
  at = put_text(at, entry->patient);
  at = put_text(at, entry->counter_patient);
  at = put_text(at, entry->type);
  at = put_optional(at, entry->type.data != NULL, entry->type_version);
  at = put_integer(at, entry->amount_minor);
  at = put_integer(at, entry->at_ms);
  at = put_integer(at, entry->day);
  at = put_integer(at, entry->recorded_at_ms);
  at = put_text(at, entry->actor);
  at = put_text(at, entry->group);
  at = put_text(at, entry->reference);
  at = put_optional(at, entry->has_tendered, entry->tendered_minor);
  at = put_optional(at, entry->has_due, entry->due);
  at = put_text(at, entry->fields);
  at = put_text(at, entry->commitment);
  at = put_text(at, entry->key);
  at = put_text(at, entry->content);
  at = put_optional(at, entry->refers != 0, entry->refers);
  at = put_integer(at, entry->script_version);
  at = put_bytes(at, script, 32);
  crypto_generichash(hash, 32, preimage, (unsigned long long)(at - preimage), NULL, 0);
  return TALLY_OK;
}

static void hash_piece(crypto_generichash_state *state, const void *data, size_t length) {
  unsigned char big[4];
  for (int i = 0; i < 4; i++) big[i] = (unsigned char)(length >> (24 - 8 * i));
  crypto_generichash_update(state, big, sizeof big);
  crypto_generichash_update(state, data, length);
}

void journal_genesis(const tally_ledger *ledger, uint8_t hash[32]) {
  crypto_generichash_state state;
  unsigned char created[8];
  for (int i = 0; i < 8; i++) created[i] = (unsigned char)((uint64_t)ledger->created_at_ms >> (56 - 8 * i));
  crypto_generichash_init(&state, NULL, 0, 32);
  hash_piece(&state, LEDGER_TAG, sizeof LEDGER_TAG - 1);
  hash_piece(&state, ledger->uuid, strlen(ledger->uuid));
  hash_piece(&state, ledger->currency->code, strlen(ledger->currency->code));
  hash_piece(&state, created, sizeof created);
  crypto_generichash_final(&state, hash, 32);
}

void journal_digest(annotation_field which, const uint8_t salt[SALT_BYTES], tally_text body,
                    uint8_t digest[DIGEST_BYTES]) {
  crypto_generichash_state state;
  unsigned char number = (unsigned char)which;
  crypto_generichash_init(&state, NULL, 0, DIGEST_BYTES);
  hash_piece(&state, TEXT_TAG, sizeof TEXT_TAG - 1);
  hash_piece(&state, &number, 1);
  hash_piece(&state, salt, SALT_BYTES);
  hash_piece(&state, body.data, body.length);
  crypto_generichash_final(&state, digest, DIGEST_BYTES);
}

void journal_commitment(const uint8_t *const digests[ANNOTATION_FIELDS], uint8_t commitment[DIGEST_BYTES]) {
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, DIGEST_BYTES);
  hash_piece(&state, COMMITMENT_TAG, sizeof COMMITMENT_TAG - 1);
  for (int i = 0; i < ANNOTATION_FIELDS; i++) hash_piece(&state, digests[i], digests[i] ? DIGEST_BYTES : 0);
  crypto_generichash_final(&state, commitment, DIGEST_BYTES);
}

/* ---- What an entry moves ---- */

tally_code journal_effect(tally_ledger *ledger, const tally_entry *entry, entry_effect *effect) {
  *effect = (entry_effect){entry->kind, 1};
  if (entry->kind != TALLY_KIND_REVERSAL) return TALLY_OK;
  tally_entry original;
  tally_code code = store_entry_get(ledger->store, &ledger->call, entry->refers, &original);
  if (code == TALLY_DONE)
    return fail(ledger, TALLY_ERR_CHAIN_BROKEN, "entry %lld reverses an entry that is not there",
                (long long)entry->seq);
  TRY(fail_store(ledger, code));
  *effect = (entry_effect){original.kind, -1};
  return TALLY_OK;
}

static tally_code signed_amount(const tally_entry *entry, int sign, int64_t *amount) {
  return tally_minor_multiply(entry->amount_minor, sign, amount);
}

tally_code journal_move_facts(const tally_entry *entry, entry_effect effect, tally_facts *facts) {
  int sign;
  int64_t amount;
  int64_t *moved = facts_field(facts, kind_fact(effect.kind, &sign));
  if (moved == NULL) return TALLY_OK;
  TRY(signed_amount(entry, sign * effect.sign, &amount));
  TRY(tally_minor_add(*moved, amount, moved));
  return tally_status_of(facts, NULL, NULL); /* the sum of all facts must fit too */
}

tally_code journal_credit_moved(const tally_entry *entry, entry_effect effect, int64_t *patient, int64_t *counter) {
  *patient = 0;
  *counter = 0;
  tally_account debit, credit;
  tally_kind_accounts(effect.kind, &debit, &credit);
  if (credit == TALLY_ACCOUNT_CREDIT) return signed_amount(entry, effect.sign, patient);
  if (debit != TALLY_ACCOUNT_CREDIT) return TALLY_OK;
  if (credit == TALLY_ACCOUNT_COUNTER_CREDIT) TRY(signed_amount(entry, effect.sign, counter));
  return signed_amount(entry, -effect.sign, patient);
}

static int64_t *totals_column(tally_totals *row, tally_kind kind) {
  switch (kind) {
  case TALLY_KIND_PAYMENT:
    return &row->collected;
  case TALLY_KIND_REFUND:
    return &row->refunded;
  case TALLY_KIND_DEPOSIT:
    return &row->deposited;
  case TALLY_KIND_WITHDRAWAL:
    return &row->withdrawn;
  case TALLY_KIND_CREDIT:
    return &row->credited;
  case TALLY_KIND_DISCOUNT:
    return &row->discounted;
  case TALLY_KIND_LOSS:
    return &row->lost;
  case TALLY_KIND_ROUNDING:
    return &row->rounded;
  default:
    return NULL;
  }
}

bool journal_totals(const tally_entry *entry, entry_effect effect, tally_totals *delta) {
  *delta = (tally_totals){.type = entry->type, .group = entry->group, .actor = entry->actor, .day = entry->day};
  int64_t *column = totals_column(delta, effect.kind);
  if (column) *column = effect.sign < 0 ? -entry->amount_minor : entry->amount_minor;
  delta->count = entry->number.data != NULL;
  return column != NULL || delta->count > 0;
}

tally_code totals_add(tally_totals *a, const tally_totals *b) {
  int64_t *into[] = {&a->collected,  &a->refunded, &a->deposited, &a->withdrawn, &a->credited,
                     &a->discounted, &a->lost,     &a->rounded,   &a->count};
  const int64_t add[] = {b->collected,  b->refunded, b->deposited, b->withdrawn, b->credited,
                         b->discounted, b->lost,     b->rounded,   b->count};
  for (size_t i = 0; i < sizeof add / sizeof add[0]; i++) TRY(tally_minor_add(*into[i], add[i], into[i]));
  return TALLY_OK;
}

bool totals_same_key(const tally_totals *a, const tally_totals *b) {
  return a->day == b->day && text_equal(a->type, b->type) && text_equal(a->group, b->group) &&
         text_equal(a->actor, b->actor);
}

tally_code totals_money(tally_totals *row) {
  TRY(tally_minor_subtract(row->collected, row->refunded, &row->money));
  TRY(tally_minor_add(row->money, row->deposited, &row->money));
  return tally_minor_subtract(row->money, row->withdrawn, &row->money);
}

/* ---- Reading ---- */

tally_code journal_read_act(tally_ledger *ledger, arena *from, int64_t act, tally_entry **entries, size_t *count) {
  size_t room = 8;
  tally_entry *list = NULL;
  *count = 0;
  for (int64_t after = act - 1;;) {
    tally_entry *grown = ARENA_ARRAY(from, tally_entry, *count + room);
    if (grown == NULL) return fail_memory(ledger);
    if (*count) memcpy(grown, list, *count * sizeof *grown);
    list = grown;
    size_t got, fit = 0;
    TRY(fail_store(ledger, store_entries_after(ledger->store, from, after, list + *count, room, &got)));
    while (fit < got && list[*count + fit].act == act) fit++;
    *count += fit;
    if (fit < room) break;
    after = list[*count - 1].seq;
    room *= 4;
  }
  *entries = list;
  return TALLY_OK;
}

/* ---- Folding a document ---- */

static bool within(const tally_entry *entry, journal_bound bound) {
  return entry->seq <= bound.seq && entry->at_ms <= bound.at_ms;
}

typedef struct fold {
  tally_ledger *ledger;
  journal_bound bound;
  document_row *row;
  bool seen;
  /* Of an invoice: the consultations on it, most often few. */
  tally_text *joined;
  size_t joined_count, joined_room;
} fold;

static tally_code join(fold *in, tally_text consultation) {
  if (in->joined_count == in->joined_room) {
    size_t room = in->joined_room ? in->joined_room * 2 : 8;
    tally_text *grown = ARENA_ARRAY(&in->ledger->call, tally_text, room);
    if (grown == NULL) return fail_memory(in->ledger);
    if (in->joined_count) memcpy(grown, in->joined, in->joined_count * sizeof *grown);
    in->joined = grown;
    in->joined_room = room;
  }
  in->joined[in->joined_count++] = consultation;
  return TALLY_OK;
}

static void leave(fold *in, tally_text consultation) {
  for (size_t i = 0; i < in->joined_count; i++) {
    if (!text_equal(in->joined[i], consultation)) continue;
    in->joined[i] = in->joined[--in->joined_count];
    return;
  }
}

tally_code journal_fold_entry(tally_ledger *ledger, const tally_entry *entry, document_row *row) {
  entry_effect effect;
  if (entry->command == TALLY_COMMAND_CANCEL && entry->kind == TALLY_KIND_CHARGE) row->facts.cancelled = true;
  if (entry->kind == TALLY_KIND_INVOICING) row->invoice = entry->counter_document;
  if (entry->kind == TALLY_KIND_RELEASE) row->invoice = (tally_text){NULL, 0};
  TRY(journal_effect(ledger, entry, &effect));
  return journal_move_facts(entry, effect, &row->facts);
}

/* An entry by which a consultation joins or leaves the invoice that is folded. */
static tally_code fold_joining(fold *in, const tally_entry *entry) {
  if (entry->command == TALLY_COMMAND_CANCEL) in->row->facts.cancelled = true;
  if (entry->kind == TALLY_KIND_INVOICING) return join(in, entry->document);
  if (entry->kind == TALLY_KIND_RELEASE) leave(in, entry->document);
  return TALLY_OK;
}

static tally_code fold_entry(fold *in, const tally_entry *entry) {
  bool joins = text_equal(entry->counter_document, in->row->number);
  return joins ? fold_joining(in, entry) : journal_fold_entry(in->ledger, entry, in->row);
}

static tally_code fold_own(fold *in) {
  tally_ledger *ledger = in->ledger;
  tally_entry page[STORE_PAGE];
  int64_t after = 0;
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(fail_store(ledger, store_entries_of_document(ledger->store, &ledger->call, in->row->number, after, page,
                                                     STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) {
      after = page[i].seq;
      if (!within(&page[i], in->bound)) continue;
      if (page[i].seq == in->row->id) in->seen = true;
      TRY(fold_entry(in, &page[i]));
    }
  }
  return TALLY_OK;
}

tally_code journal_add_facts(tally_facts *to, const tally_facts *more) {
  TRY(tally_minor_add(to->charged, more->charged, &to->charged));
  TRY(tally_minor_add(to->collected, more->collected, &to->collected));
  TRY(tally_minor_add(to->credited, more->credited, &to->credited));
  TRY(tally_minor_add(to->discounted, more->discounted, &to->discounted));
  TRY(tally_minor_add(to->lost, more->lost, &to->lost));
  return tally_minor_add(to->rounded, more->rounded, &to->rounded);
}

tally_code journal_fold_document(tally_ledger *ledger, journal_bound bound, document_row *row) {
  fold in = {.ledger = ledger, .bound = bound, .row = row};
  row->facts = (tally_facts){.kind = row->facts.kind};
  row->invoice = (tally_text){NULL, 0};
  TRY(fold_own(&in));
  if (!in.seen) return TALLY_DONE;
  for (size_t i = 0; i < in.joined_count; i++) {
    document_row consultation = {.number = in.joined[i], .facts.kind = TALLY_CONSULTATION};
    fold inner = {.ledger = ledger, .bound = bound, .row = &consultation};
    TRY(fold_own(&inner));
    TRY(journal_add_facts(&row->facts, &consultation.facts));
  }
  row->facts.invoiced = row->invoice.data != NULL;
  return TALLY_OK;
}
