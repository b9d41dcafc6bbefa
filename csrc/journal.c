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

static void put_text(bytes *out, tally_text text) {
  bytes_put_u32(out, text.data ? (uint32_t)text.length : ABSENT);
  if (text.data) bytes_put(out, text.data, text.length);
}

static void put_integer(bytes *out, int64_t value) {
  bytes_put_u32(out, 8);
  bytes_put_i64(out, value);
}

static void put_optional(bytes *out, bool present, int64_t value) {
  if (present) put_integer(out, value);
  else bytes_put_u32(out, ABSENT);
}

tally_code journal_hash(tally_ledger *ledger, const uint8_t previous[32], const tally_entry *entry,
                        const uint8_t script[32], uint8_t hash[32]) {
  bytes out = {.from = &ledger->call};
  put_text(&out, text_of(ENTRY_TAG));
  put_text(&out, text_of(ledger->uuid));
  put_text(&out, (tally_text){(const char *)previous, 32});
  put_integer(&out, entry->seq);
  put_integer(&out, entry->act);
  put_integer(&out, entry->kind);
  put_integer(&out, entry->command);
  put_text(&out, entry->number);
  put_text(&out, entry->document);
  put_text(&out, entry->counter_document);
  put_text(&out, entry->patient);
  put_text(&out, entry->counter_patient);
  put_text(&out, entry->type);
  put_optional(&out, entry->type.data != NULL, entry->type_version);
  put_integer(&out, entry->amount_minor);
  put_integer(&out, entry->at_ms);
  put_integer(&out, entry->day);
  put_integer(&out, entry->recorded_at_ms);
  put_text(&out, entry->actor);
  put_text(&out, entry->group);
  put_text(&out, entry->reference);
  put_optional(&out, entry->has_tendered, entry->tendered_minor);
  put_optional(&out, entry->has_due, entry->due);
  put_text(&out, entry->fields);
  put_text(&out, entry->commitment);
  put_text(&out, entry->key);
  put_text(&out, entry->content);
  put_optional(&out, entry->refers != 0, entry->refers);
  put_integer(&out, entry->script_version);
  put_text(&out, (tally_text){(const char *)script, 32});
  if (out.failed) return fail_memory(ledger);
  crypto_generichash(hash, 32, out.data, out.length, NULL, 0);
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

static tally_code fold_entry(fold *in, const tally_entry *entry) {
  document_row *row = in->row;
  if (entry->command == TALLY_COMMAND_CANCEL &&
      (entry->kind == TALLY_KIND_CHARGE || text_equal(entry->counter_document, row->number))) {
    row->facts.cancelled = true;
  }
  if (text_equal(entry->counter_document, row->number)) { /* row is the invoice */
    if (entry->kind == TALLY_KIND_INVOICING) return join(in, entry->document);
    if (entry->kind == TALLY_KIND_RELEASE) leave(in, entry->document);
    return TALLY_OK;
  }
  if (entry->kind == TALLY_KIND_INVOICING) row->invoice = entry->counter_document;
  if (entry->kind == TALLY_KIND_RELEASE) row->invoice = (tally_text){NULL, 0};
  entry_effect effect;
  TRY(journal_effect(in->ledger, entry, &effect));
  return journal_move_facts(entry, effect, &row->facts);
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

static tally_code add_facts(tally_facts *to, const tally_facts *more) {
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
    TRY(add_facts(&row->facts, &consultation.facts));
  }
  row->facts.invoiced = row->invoice.data != NULL;
  return TALLY_OK;
}
