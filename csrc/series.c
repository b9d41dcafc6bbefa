/* series.c - the number series: which number comes next. */
#include "series.h"

#include "config.h"

tally_code series_given(tally_ledger *ledger, int64_t serial, bool *given) {
  char text[NUMBER_BYTES];
  tally_entry entry;
  tally_text number = number_print(ledger->in_force.config.payment_format, serial, text);
  tally_code code = store_entry_by_number(ledger->store, &ledger->call, number, &entry);
  *given = code == TALLY_OK;
  return code == TALLY_DONE ? TALLY_OK : fail_store(ledger, code);
}

/* Looks at one number after another: behind the next there may be some that an older format gave to earlier payments. */
static tally_code find_next(tally_ledger *ledger, int64_t serial, int64_t *next) {
  bool given = true;
  for (*next = serial; given; *next += given) {
    TRY(series_given(ledger, *next, &given));
    if (*next == INT64_MAX) return fail(ledger, TALLY_ERR_CORRUPT, "the series of payments has no end");
  }
  return TALLY_OK;
}

tally_code series_load(tally_ledger *ledger, ledger_state *state) {
  for (int which = 1; which < SERIES_END; which++) {
    TRY(fail_store(ledger, store_series_get(ledger->store, (series)which, &state->series_next[which])));
  }
  state->payment_row = state->series_next[SERIES_PAYMENT];
  return find_next(ledger, state->payment_row, &state->series_next[SERIES_PAYMENT]);
}

void series_move(tally_ledger *ledger, series which, int64_t next) {
  ledger->state.series_next[which] = next;
  ledger->pending.series_moved |= 1u << which;
}

static tally_code write_row(tally_ledger *ledger, series which, int64_t next) {
  TRY(fail_store(ledger, store_series_set(ledger->store, which, next)));
  if (which == SERIES_PAYMENT) ledger->state.payment_row = next;
  return TALLY_OK;
}

tally_code series_write(tally_ledger *ledger) {
  const ledger_state *state = &ledger->state;
  for (int which = 1; which < SERIES_END; which++) {
    int64_t next = state->series_next[which];
    bool due = which != SERIES_PAYMENT || next - state->payment_row >= SERIES_BEHIND;
    if ((ledger->pending.series_moved >> which & 1) && due) TRY(write_row(ledger, (series)which, next));
  }
  return TALLY_OK;
}

tally_code series_settle(tally_ledger *ledger) {
  ledger_state state = {0};
  TRY(series_load(ledger, &state));
  if (state.series_next[SERIES_PAYMENT] == state.payment_row) return TALLY_OK;
  return fail_store(ledger, store_series_set(ledger->store, SERIES_PAYMENT, state.series_next[SERIES_PAYMENT]));
}
