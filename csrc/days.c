/* days.c - the totals of business days: their coding, adding to them, and summing them up. */
#include "days.h"

#include <stdlib.h>
#include <string.h>

#include "packed.h"

enum { COLUMNS = 9, DAYS_PER_PAGE = 64 };

static const int64_t *column(const tally_totals *row, int index) {
  const int64_t *columns[COLUMNS] = {&row->collected, &row->refunded, &row->deposited,
                                     &row->withdrawn, &row->credited, &row->discounted,
                                     &row->lost,      &row->rounded,  &row->count};
  return columns[index];
}

static int compare_texts(const tally_totals *a, const tally_totals *b) {
  int order = text_compare(a->type, b->type);
  if (!order) order = text_compare(a->group, b->group);
  return order ? order : text_compare(a->actor, b->actor);
}

int days_compare(const tally_totals *a, const tally_totals *b) {
  if (a->day != b->day) return a->day < b->day ? -1 : 1;
  return compare_texts(a, b);
}

/* ---- Coding: for each row its type, group and actor (empty where there is none), which of its columns are not zero, and
 * those ---- */

static size_t room_for(const tally_totals *rows, size_t count) {
  size_t room = 1;
  for (size_t i = 0; i < count; i++) {
    room += rows[i].type.length + rows[i].group.length + rows[i].actor.length + (4 + COLUMNS) * PACKED_INTEGER_MAX;
  }
  return room;
}

static tally_text encode(arena *from, const tally_totals *rows, size_t count) {
  unsigned char *start = arena_piece(from, room_for(rows, count)), *at = start;
  if (start == NULL) return (tally_text){NULL, 0};
  for (size_t i = 0; i < count; i++) {
    at = pack_text(at, rows[i].type);
    at = pack_text(at, rows[i].group);
    at = pack_text(at, rows[i].actor);
    unsigned present = 0;
    for (int k = 0; k < COLUMNS; k++) present |= (unsigned)(*column(&rows[i], k) != 0) << k;
    at = pack_unsigned(at, present);
    for (int k = 0; k < COLUMNS; k++) {
      if (present >> k & 1) at = pack_signed(at, *column(&rows[i], k));
    }
  }
  return (tally_text){(char *)start, (size_t)(at - start)};
}

static tally_totals take_row(packed *in, int32_t day) {
  tally_totals row = {.day = day};
  row.type = unpack_text(in);
  row.group = unpack_text(in);
  row.actor = unpack_text(in);
  uint64_t present = unpack_unsigned(in);
  if (present >> COLUMNS) in->broken = true;
  for (int k = 0; k < COLUMNS; k++) {
    if (present >> k & 1) *(int64_t *)column(&row, k) = unpack_signed(in);
  }
  return row;
}

static tally_code broken(tally_ledger *ledger, int32_t day) {
  const char *text = day_text(ledger, day);
  fail(ledger, TALLY_ERR_CORRUPT, "the totals of %s cannot be read; go back to a backup that verifies", text);
  return with_detail(ledger, TALLY_ERR_CORRUPT, "day", text_of(text));
}

/* Gives room for more rows than there are. */
static tally_totals *grow(arena *from, const tally_totals *rows, size_t count, size_t room) {
  tally_totals *grown = arena_piece(from, room * sizeof *grown);
  if (grown && count) memcpy(grown, rows, count * sizeof *rows);
  return grown;
}

tally_code days_decode(tally_ledger *ledger, arena *from, const day_row *coded, tally_totals **rows, size_t *count) {
  packed in = packed_of(coded->totals);
  tally_totals *list = NULL;
  size_t room = 0;
  for (*count = 0; !in.broken && in.at < in.end; (*count)++) {
    if (*count == room) {
      room = room ? room * 2 : 16;
      list = grow(from, list, *count, room);
      if (list == NULL) return fail_memory(ledger);
    }
    list[*count] = take_row(&in, coded->day);
    bool ordered = *count == 0 || compare_texts(&list[*count - 1], &list[*count]) < 0;
    if (!ordered) return broken(ledger, coded->day);
  }
  *rows = list;
  return in.broken ? broken(ledger, coded->day) : TALLY_OK;
}

/* ---- Adding ---- */

static tally_code overflow(tally_ledger *ledger) {
  return fail(ledger, TALLY_ERR_AMOUNT_OVERFLOW,
              "a sum of the day's amounts would leave the range of 64-bit minor units");
}

static tally_code overflow_of_days(tally_ledger *ledger) {
  return fail(
      ledger, TALLY_ERR_AMOUNT_OVERFLOW,
      "a sum of the days asked for would leave the range of 64-bit minor units; ask for fewer days, or split them "
      "further");
}

/* Absent texts are empty in a day's row. */
static tally_totals filled(const tally_totals *row) {
  tally_totals out = *row;
  if (out.type.data == NULL) out.type = text_of("");
  if (out.group.data == NULL) out.group = text_of("");
  if (out.actor.data == NULL) out.actor = text_of("");
  return out;
}

/* Merges rows into those of their day; both are in order. */
static tally_code merge(tally_ledger *ledger, const tally_totals *old, size_t old_count,
                        const tally_totals *const *rows, size_t count, tally_totals **out, size_t *out_count) {
  tally_totals *merged = arena_piece(&ledger->call, (old_count + count) * sizeof *merged);
  if (merged == NULL) return fail_memory(ledger);
  size_t i = 0, k = 0;
  for (*out_count = 0; i < old_count || k < count; (*out_count)++) {
    tally_totals *into = &merged[*out_count];
    int order = i == old_count ? 1 : k == count ? -1 : compare_texts(&old[i], rows[k]);
    *into = order <= 0 ? old[i++] : filled(rows[k]);
    if (order == 0 && totals_add(into, rows[k])) return overflow(ledger);
    if (order >= 0) k++;
  }
  *out = merged;
  return TALLY_OK;
}

static tally_code add_to_day(tally_ledger *ledger, const tally_totals *const *rows, size_t count) {
  day_row day = {.day = rows[0]->day};
  tally_totals *old = NULL, *merged = NULL;
  size_t old_count = 0, merged_count = 0;
  tally_code code = store_day_get(ledger->store, &ledger->call, day.day, &day.totals);
  bool found = code == TALLY_OK;
  if (code != TALLY_DONE) TRY(fail_store(ledger, code));
  if (found) TRY(days_decode(ledger, &ledger->call, &day, &old, &old_count));
  TRY(merge(ledger, old, old_count, rows, count, &merged, &merged_count));
  day.totals = encode(&ledger->call, merged, merged_count);
  if (day.totals.data == NULL) return fail_memory(ledger);
  return fail_store(ledger, found ? store_day_set(ledger->store, &day) : store_day_put(ledger->store, &day));
}

tally_code days_add(tally_ledger *ledger, const tally_totals *const *rows, size_t count) {
  for (size_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && rows[end]->day == rows[first]->day;) end++;
    TRY(add_to_day(ledger, rows + first, end - first));
  }
  return TALLY_OK;
}

/* ---- Summing up ---- */

/* The sums so far, found by the hash of what they are asked by. */
typedef struct summary {
  tally_ledger *ledger;
  const totals_query *query;
  tally_totals *rows;
  uint32_t *slots; /* a row's place + 1, or 0; a power of two of them, at most half full */
  size_t count, room, slot_count;
  int64_t acts; /* where they alone are counted */
} summary;

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_text(uint32_t hash, tally_text text) {
  for (size_t i = 0; i < text.length; i++) hash = (hash ^ (unsigned char)text.data[i]) * 16777619u;
  return (hash ^ 0xff) * 16777619u;
}

static uint32_t hash_row(const tally_totals *row) {
  uint32_t hash = (2166136261u ^ (uint32_t)row->day) * 16777619u;
  hash = hash_text(hash_text(hash_text(hash, row->type), row->group), row->actor);
  return hash ^ hash >> 15;
}

static uint32_t *slot_of(const summary *in, const tally_totals *row) {
  for (uint32_t at = hash_row(row);; at++) {
    uint32_t *slot = &in->slots[at & (in->slot_count - 1)];
    if (*slot == 0 || days_compare(&in->rows[*slot - 1], row) == 0) return slot;
  }
}

static tally_code make_room(summary *in) {
  arena *from = &in->ledger->call;
  in->room = in->room ? in->room * 2 : 32;
  in->slot_count = in->room * 2;
  in->rows = grow(from, in->rows, in->count, in->room);
  in->slots = ARENA_ARRAY(from, uint32_t, in->slot_count);
  if (in->rows == NULL || in->slots == NULL) return fail_memory(in->ledger);
  for (size_t i = 0; i < in->count; i++) *slot_of(in, &in->rows[i]) = (uint32_t)i + 1;
  return TALLY_OK;
}

/* Empties what is not asked for, so that rows which differ in it alone fall together. */
static void mask(unsigned by, tally_totals *row) {
  if (!(by & TALLY_BY_DAY)) row->day = 0;
  if (!(by & TALLY_BY_TYPE)) row->type = text_of("");
  if (!(by & TALLY_BY_GROUP)) row->group = text_of("");
  if (!(by & TALLY_BY_ACTOR)) row->actor = text_of("");
}

/* The page that a row's texts lie in is given back: a row that stays gets its own. */
static tally_code own_texts(summary *in, tally_totals *row) {
  tally_text *texts[] = {&row->type, &row->group, &row->actor};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    *texts[i] = arena_copy(&in->ledger->call, *texts[i]);
    if (texts[i]->data == NULL) return fail_memory(in->ledger);
  }
  return TALLY_OK;
}

static tally_code sum_row(summary *in, tally_totals row) {
  const totals_query *query = in->query;
  if (query->type.data && !text_equal(query->type, row.type)) return TALLY_OK;
  mask(query->by, &row);
  if (in->count == in->room) TRY(make_room(in));
  uint32_t *slot = slot_of(in, &row);
  if (*slot) return totals_add(&in->rows[*slot - 1], &row) ? overflow_of_days(in->ledger) : TALLY_OK;
  TRY(own_texts(in, &row));
  in->rows[in->count++] = row;
  *slot = (uint32_t)in->count;
  return TALLY_OK;
}

/* Rows are summed as they are decoded: a list of them would cost more than their sum. */
static tally_code sum_day(summary *in, const day_row *day) {
  packed coded = packed_of(day->totals);
  while (!coded.broken && coded.at < coded.end) {
    tally_totals row = take_row(&coded, day->day);
    if (!coded.broken) TRY(sum_row(in, row));
  }
  return coded.broken ? broken(in->ledger, day->day) : TALLY_OK;
}

static int compare_rows(const void *a, const void *b) {
  return days_compare(a, b);
}

static tally_code sum_pages(summary *in, arena *page, tally_code (*take)(summary *in, const day_row *day)) {
  day_row days[DAYS_PER_PAGE];
  int64_t first = in->query->from;
  for (size_t count = DAYS_PER_PAGE; count == DAYS_PER_PAGE && first <= in->query->to;) {
    arena_reset(page);
    TRY(fail_store(in->ledger,
                   store_days_page(in->ledger->store, page, first, in->query->to, days, DAYS_PER_PAGE, &count)));
    for (size_t i = 0; i < count; i++) TRY(take(in, &days[i]));
    if (count) first = (int64_t)days[count - 1].day + 1;
  }
  return TALLY_OK;
}

tally_code days_read(tally_ledger *ledger, const totals_query *query, tally_totals **rows, size_t *count) {
  summary in = {.ledger = ledger, .query = query};
  arena page = {NULL};
  bool own;
  TRY(ledger_snapshot_begin(ledger, &own));
  tally_code code = ledger_snapshot_end(ledger, own, sum_pages(&in, &page, sum_day));
  arena_free(&page);
  if (in.count) qsort(in.rows, in.count, sizeof *in.rows, compare_rows);
  *rows = in.rows;
  *count = in.count;
  return code;
}

static tally_code count_day(summary *in, const day_row *day) {
  packed coded = packed_of(day->totals);
  while (!coded.broken && coded.at < coded.end) {
    tally_totals row = take_row(&coded, day->day);
    if (tally_minor_add(in->acts, row.count, &in->acts)) return overflow_of_days(in->ledger);
  }
  return coded.broken ? broken(in->ledger, day->day) : TALLY_OK;
}

tally_code days_count(tally_ledger *ledger, int64_t *count) {
  totals_query all = {.from = INT32_MIN, .to = INT32_MAX};
  summary in = {.ledger = ledger, .query = &all};
  arena page = {NULL};
  tally_code code = sum_pages(&in, &page, count_day);
  arena_free(&page);
  *count = in.acts;
  return code;
}
