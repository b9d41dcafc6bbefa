/* pending.c - day totals and number series that the open transaction has moved and not yet written. */
#include "pending.h"

#include <stdlib.h>
#include <string.h>

#include "days.h"

/* FNV-1a (Fowler, Noll, Vo): short keys, no adversary: whoever can choose types and actors only slows himself. */
static uint32_t hash_text(uint32_t hash, tally_text text) {
  for (size_t i = 0; i < text.length; i++) hash = (hash ^ (unsigned char)text.data[i]) * 16777619u;
  return (hash ^ 0xff) * 16777619u;
}

static uint32_t hash_key(const tally_totals *row) {
  uint32_t hash = (2166136261u ^ (uint32_t)row->day) * 16777619u;
  hash = hash_text(hash, row->type);
  hash = hash_text(hash, row->group);
  return hash_text(hash, row->actor);
}

/* Finds the slot of a row with the same key, or the free one where it belongs. */
static uint16_t *find_slot(pending_rows *pending, const tally_totals *delta) {
  for (uint32_t at = hash_key(delta);; at++) {
    uint16_t *slot = &pending->slots[at % PENDING_SLOTS];
    if (*slot == 0 || totals_same_key(&pending->totals[*slot - 1], delta)) return slot;
  }
}

static tally_code add_row(tally_ledger *ledger, uint16_t *slot, const tally_totals *delta) {
  pending_rows *pending = &ledger->pending;
  tally_totals *row = &pending->totals[pending->count];
  *row = *delta;
  row->type = arena_copy(&pending->memory, delta->type);
  row->group = arena_copy(&pending->memory, delta->group);
  row->actor = arena_copy(&pending->memory, delta->actor);
  bool copied = arena_copied(delta->type, row->type) && arena_copied(delta->group, row->group) &&
                arena_copied(delta->actor, row->actor);
  if (!copied) return fail_memory(ledger);
  *slot = (uint16_t)++pending->count;
  return TALLY_OK;
}

tally_code pending_add(tally_ledger *ledger, const tally_totals *delta) {
  pending_rows *pending = &ledger->pending;
  uint16_t *slot = find_slot(pending, delta);
  if (*slot == 0 && pending->count == PENDING_ROWS_MAX) {
    TRY(pending_flush(ledger));
    slot = find_slot(pending, delta);
  }
  if (*slot == 0) return add_row(ledger, slot, delta);
  if (totals_add(&pending->totals[*slot - 1], delta) == TALLY_OK) return TALLY_OK;
  return fail(ledger, TALLY_ERR_AMOUNT_OVERFLOW,
              "a sum of the day's amounts would leave the range of 64-bit minor units");
}

/* That of the payments needs no row: their entries tell how far it has come. */
static tally_code write_series(tally_ledger *ledger) {
  static const series kept[] = {SERIES_CONSULTATION, SERIES_INVOICE};
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
    if (!(ledger->pending.series_moved >> kept[i] & 1)) continue;
    TRY(fail_store(ledger, store_series_set(ledger->store, kept[i], ledger->state.series_next[kept[i]])));
  }
  return TALLY_OK;
}

void pending_series(tally_ledger *ledger, series which, int64_t next) {
  ledger->state.series_next[which] = next;
  ledger->pending.series_moved |= 1u << which;
}

static int compare_rows(const void *a, const void *b) {
  return days_compare(*(const tally_totals *const *)a, *(const tally_totals *const *)b);
}

static tally_code write_all(tally_ledger *ledger) {
  const pending_rows *pending = &ledger->pending;
  const tally_totals *rows[PENDING_ROWS_MAX];
  for (size_t i = 0; i < pending->count; i++) rows[i] = &pending->totals[i];
  if (pending->count > 1) qsort(rows, pending->count, sizeof rows[0], compare_rows);
  TRY(days_add(ledger, rows, pending->count));
  return write_series(ledger);
}

/* What failed half-way can only be rolled back. */
tally_code pending_flush(tally_ledger *ledger) {
  if (ledger->pending.count == 0 && ledger->pending.series_moved == 0) return TALLY_OK;
  if (!store_in_transaction(ledger->store)) {
    ledger->broken = true;
    pending_drop(ledger);
    return fail(ledger, TALLY_ERR_TRANSACTION_POISONED,
                "a write failed in this transaction; it can only be rolled back");
  }
  tally_code code = write_all(ledger);
  if (code) ledger->broken = true;
  pending_drop(ledger);
  return code;
}

void pending_drop(tally_ledger *ledger) {
  if (ledger->pending.count) memset(ledger->pending.slots, 0, sizeof ledger->pending.slots);
  ledger->pending.count = 0;
  ledger->pending.series_moved = 0;
  arena_reset(&ledger->pending.memory);
}
