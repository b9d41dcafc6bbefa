/* closing.c - sealing business days, with what was counted held against what is expected (§6, close_days). */
#include "closing.h"

#include <string.h>

#include "command.h"
#include "days.h"
#include "pairs.h"
#include "pending.h"

/* ---- Expected money ---- */

static int32_t first_open_day(const ledger_state *state) {
  return state->has_closed ? state->closed_through + 1 : INT32_MIN;
}

static tally_code read_totals(tally_ledger *ledger, const totals_query *query, const tally_totals **rows,
                              size_t *count) {
  tally_totals *list;
  TRY(pending_flush(ledger));
  TRY(days_read(ledger, query, &list, count));
  *rows = list;
  for (size_t i = 0; i < *count; i++) {
    if (totals_money(&list[i])) {
      return fail(ledger, TALLY_ERR_AMOUNT_OVERFLOW, "the days' totals leave 64-bit minor units");
    }
  }
  return TALLY_OK;
}

/* The net money of one type on the days from..through. Other types' sums have no say in it. */
static tally_code expected_money(tally_ledger *ledger, int32_t from, int32_t through, tally_text type,
                                 int64_t *money) {
  totals_query query = {from, through, TALLY_BY_TYPE, type};
  const tally_totals *rows;
  size_t count;
  TRY(read_totals(ledger, &query, &rows, &count));
  *money = count ? rows[0].money : 0;
  return TALLY_OK;
}

/* ---- Checking ---- */

static tally_code name_counted(work *in, const tally_payment_type **types) {
  for (size_t i = 0; i < in->asked->counted_count; i++) TRY(name_type(in, in->asked->counted[i].type, &types[i]));
  return TALLY_OK;
}

static tally_code check_through(work *in) {
  int32_t today = tally_day_of(in->asked->now_ms);
  if (in->asked->through <= today) return TALLY_OK;
  const char *text = day_text(in->ledger, in->asked->through);
  fail(in->ledger, TALLY_ERR_DATE_IN_FUTURE, "through: %s lies in the future; a day can be closed once it has come",
       text);
  return with_detail(in->ledger, TALLY_ERR_DATE_IN_FUTURE, "day", text_of(text));
}

static tally_code check_closing(work *in, const tally_payment_type *const *types) {
  for (size_t i = 0; i < in->asked->counted_count; i++) TRY(check_money_type(in, types[i]));
  TRY(check_date(in, in->asked->at_ms));
  TRY(check_through(in));
  TRY(check_day_open(in, in->asked->through));
  return check_day_open(in, in->asked->day);
}

/* ---- Entries ---- */

/* A difference is booked on the last of the sealed days; short is a debit of over/short, over a negative one. */
static tally_code book_variance(work *in, const tally_payment_type *type, int64_t expected, int64_t counted) {
  int64_t short_by, over_by;
  tally_entry *entry;
  if (tally_minor_subtract(expected, counted, &short_by) || tally_minor_subtract(counted, expected, &over_by)) {
    return fail(in->ledger, TALLY_ERR_AMOUNT_OVERFLOW, "counted: the difference leaves 64-bit minor units");
  }
  if (short_by == 0) return TALLY_OK;
  in->plan.day = in->asked->through;
  TRY(plan_entry(&in->plan, TALLY_KIND_VARIANCE, NULL, (tally_text){NULL, 0}, short_by, &entry));
  describe_entry(entry, type, (tally_text){NULL, 0}, (tally_text){NULL, 0});
  return TALLY_OK;
}

/* The closing's own entry: what was counted, by type, in the coding of extra fields. */
static tally_code book_closing(work *in) {
  tally_entry *entry;
  bytes counted = {.from = &in->ledger->call};
  for (size_t i = 0; i < in->asked->counted_count; i++) {
    char text[TALLY_MONEY_TEXT_MAX];
    size_t length = tally_money_print(in->asked->counted[i].amount_minor, in->ledger->currency, text);
    pairs_put(&counted, in->asked->counted[i].type);
    pairs_put(&counted, (tally_text){text, length});
  }
  if (counted.failed) return fail_memory(in->ledger);
  in->plan.day = in->asked->through;
  TRY(plan_entry(&in->plan, TALLY_KIND_CLOSING, NULL, (tally_text){NULL, 0}, 0, &entry));
  if (in->asked->counted_count) entry->fields = bytes_text(&counted);
  in->plan.closes = true;
  in->plan.closing.through = in->asked->through;
  return TALLY_OK;
}

tally_code plan_close_days(work *in) {
  tally_ledger *ledger = in->ledger;
  const tally_payment_type **types = ARENA_ARRAY(&ledger->call, const tally_payment_type *, in->asked->counted_count);
  if (types == NULL) return fail_memory(ledger);
  TRY(name_counted(in, types));
  TRY(check_permit(in, TALLY_COMMAND_CLOSE_DAYS));
  TRY(check_closing(in, types));
  int32_t from = first_open_day(&ledger->state), through = in->asked->through;
  for (size_t i = 0; i < in->asked->counted_count; i++) {
    int64_t expected;
    TRY(expected_money(ledger, from, through, types[i]->id, &expected));
    TRY(book_variance(in, types[i], expected, in->asked->counted[i].amount_minor));
  }
  return book_closing(in);
}

/* ---- Reading ---- */

static tally_code read_counted(tally_ledger *ledger, const tally_entry *entry, tally_closing *out) {
  const tally_pair *pairs;
  if (entry->fields.data == NULL) return TALLY_OK;
  if (pairs_decode(&ledger->call, entry->fields, &pairs, &out->counted_count)) {
    return fail(ledger, TALLY_ERR_CORRUPT, "what was counted at the closing of %s cannot be read",
                day_text(ledger, out->through));
  }
  tally_counted *list = ARENA_ARRAY(&ledger->call, tally_counted, out->counted_count);
  if (list == NULL) return fail_memory(ledger);
  for (size_t i = 0; i < out->counted_count; i++) {
    int64_t counted;
    if (tally_money_parse(pairs[i].value.data, pairs[i].value.length, ledger->currency, &counted))
      return fail(ledger, TALLY_ERR_CORRUPT, "a counted amount cannot be read");
    int64_t expected, variance;
    TRY(expected_money(ledger, out->has_from ? out->from : INT32_MIN, out->through, pairs[i].key, &expected));
    if (tally_minor_subtract(counted, expected, &variance))
      return fail(ledger, TALLY_ERR_CORRUPT, "a counted amount is not what can have been counted");
    list[i] = (tally_counted){pairs[i].key, expected, counted, variance};
  }
  out->counted = list;
  return TALLY_OK;
}

static tally_code read_closing(tally_ledger *ledger, const closing_row *row, const closing_row *before,
                               tally_closing *out) {
  tally_entry entry;
  tally_code code = store_entry_get(ledger->store, &ledger->call, row->seq, &entry);
  if (code == TALLY_DONE) return fail(ledger, TALLY_ERR_CORRUPT, "a closing's entry is missing");
  TRY(fail_store(ledger, code));
  *out = (tally_closing){.seq = row->seq,
                         .through = row->through,
                         .has_from = before != NULL,
                         .at_ms = entry.at_ms,
                         .recorded_at_ms = entry.recorded_at_ms,
                         .actor = entry.actor};
  if (before) out->from = before->through + 1;
  memcpy(out->hash, entry.hash, sizeof out->hash);
  totals_query query = {before ? out->from : INT32_MIN, row->through, TALLY_BY_TYPE, {NULL, 0}};
  code = read_totals(ledger, &query, &out->totals, &out->total_count);
  if (code && code != TALLY_ERR_AMOUNT_OVERFLOW) return code;
  out->has_totals =
      code == TALLY_OK; /* a sum that leaves int64 keeps no day from being sealed, nor its seal from being read */
  return read_counted(ledger, &entry, out);
}

tally_code closing_read(tally_ledger *ledger, int64_t seq, const tally_closing **closing) {
  const closing_row *rows;
  size_t count;
  TRY(fail_store(ledger, store_closings_all(ledger->store, &ledger->call, &rows, &count)));
  tally_closing *out = arena_alloc(&ledger->call, sizeof *out);
  if (out == NULL) return fail_memory(ledger);
  *closing = out;
  for (size_t i = 0; i < count; i++) {
    if (rows[i].seq == seq) return read_closing(ledger, &rows[i], i ? &rows[i - 1] : NULL, out);
  }
  return fail(ledger, TALLY_ERR_CORRUPT, "the row of a closing is missing");
}

static tally_code read_closings(tally_ledger *ledger, const tally_closing **closings, size_t *count) {
  const closing_row *rows;
  TRY(fail_store(ledger, store_closings_all(ledger->store, &ledger->call, &rows, count)));
  tally_closing *list = ARENA_ARRAY(&ledger->call, tally_closing, *count);
  if (list == NULL) return fail_memory(ledger);
  for (size_t i = 0; i < *count; i++) TRY(read_closing(ledger, &rows[i], i ? &rows[i - 1] : NULL, &list[i]));
  *closings = list;
  return TALLY_OK;
}

tally_code tally_read_closings(tally_ledger *ledger, const tally_closing **closings, size_t *count) {
  bool own;
  TRY(ledger_enter(ledger));
  TRY(ledger_snapshot_begin(ledger, &own));
  return ledger_snapshot_end(ledger, own, read_closings(ledger, closings, count));
}
