/* pending.c - day totals and number series that the open transaction has moved and not yet written. */
#include "pending.h"

#include "journal.h"

static tally_code add_row(tally_ledger *ledger, const tally_totals *delta) {
  pending_rows *pending = &ledger->pending;
  tally_totals *row = &pending->totals[pending->count];
  *row = *delta;
  row->type = arena_copy(&pending->memory, delta->type);
  row->group = arena_copy(&pending->memory, delta->group);
  row->actor = arena_copy(&pending->memory, delta->actor);
  bool copied = arena_copied(delta->type, row->type) && arena_copied(delta->group, row->group) &&
                arena_copied(delta->actor, row->actor);
  if (!copied) return fail_memory(ledger);
  pending->count++;
  return TALLY_OK;
}

tally_code pending_add(tally_ledger *ledger, const tally_totals *delta) {
  pending_rows *pending = &ledger->pending;
  for (size_t i = pending->count; i-- > 0;) {
    if (!totals_same_key(&pending->totals[i], delta)) continue;
    if (totals_add(&pending->totals[i], delta) == TALLY_OK) return TALLY_OK;
    return fail(ledger, TALLY_ERR_AMOUNT_OVERFLOW,
                "a sum of the day's amounts would leave the range of 64-bit minor units");
  }
  if (pending->count == PENDING_ROWS_MAX) TRY(pending_flush(ledger));
  return add_row(ledger, delta);
}

void pending_series(tally_ledger *ledger, series which, int64_t next) {
  ledger->state.series_next[which] = next;
  ledger->pending.series_moved |= 1u << which;
}

static tally_code write_all(tally_ledger *ledger) {
  const pending_rows *pending = &ledger->pending;
  for (size_t i = 0; i < pending->count; i++) {
    TRY(fail_store(ledger, store_totals_add(ledger->store, &pending->totals[i])));
  }
  for (int which = 1; which < SERIES_END; which++) {
    if (!(pending->series_moved >> which & 1)) continue;
    TRY(fail_store(ledger, store_series_set(ledger->store, (series)which, ledger->state.series_next[which])));
  }
  return TALLY_OK;
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
  ledger->pending.count = 0;
  ledger->pending.series_moved = 0;
  arena_reset(&ledger->pending.memory);
}
