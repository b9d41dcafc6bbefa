/* verify_derived.c - holding the derived rows against what the journal adds up to (§4). */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "config_codec.h"
#include "days.h"
#include "packed.h"
#include "plan.h"
#include "verify.h"

static tally_code derived_wrong(tally_verify *in, int64_t seq, const char *what, const char *name) {
  fail(in->ledger, TALLY_ERR_CORRUPT, "%s: %s; keep this file as evidence and go back to a backup that verifies", name,
       what);
  if (seq) with_integer(in->ledger, TALLY_ERR_CORRUPT, "seq", seq);
  with_detail(in->ledger, TALLY_ERR_CORRUPT, "what", text_of(what));
  return with_detail(in->ledger, TALLY_ERR_CORRUPT, "row", text_of(name));
}

/* ---- Documents ---- */

static tally_code document_wrong(tally_verify *in, const document_row *row, const char *what) {
  char name[80];
  snprintf(name, sizeof name, "document %s", shown(in->ledger, row->number));
  return derived_wrong(in, row->id, what, name);
}

static tally_code document_missing(tally_verify *in, const tally_entry *entry) {
  char name[80];
  snprintf(name, sizeof name, "document %s", shown(in->ledger, entry->document));
  return derived_wrong(in, entry->seq, "it has no row", name);
}

/* What the entry that made a document says of it, apart from its facts. */
static tally_code check_making(tally_verify *in, const document_row *row, const tally_entry *entry) {
  bool invoice = row->facts.kind == TALLY_INVOICE;
  tally_text number = entry->counter_document.data ? entry->counter_document : entry->document;
  bool made =
      entry->command == (invoice ? TALLY_COMMAND_INVOICE : TALLY_COMMAND_CONSULTATION) && entry->act == entry->seq;
  if (!made || !text_equal(number, row->number)) return document_wrong(in, row, "another entry makes it");
  if (!text_equal(entry->patient, row->patient))
    return document_wrong(in, row, "its patient is another in the journal");
  bool dated = entry->at_ms == row->at_ms && entry->day == row->day && entry->recorded_at_ms == row->recorded_at_ms;
  if (!dated) return document_wrong(in, row, "its date is another in the journal");
  bool due = entry->has_due == row->has_due && (!row->has_due || entry->due == row->due);
  return due ? TALLY_OK : document_wrong(in, row, "its due day is another in the journal");
}

/* Gives the next entry that stands on a document, without taking it; TALLY_DONE at the end. */
static tally_code next_own(tally_verify *in, const tally_entry **entry) {
  if (in->own_next == in->own_count && !in->own_ended) {
    /* The last entry's text stays until the page behind it is read. */
    arena_reset(&in->ledger->call);
    tally_text after = {NULL, 0};
    int64_t after_seq = 0;
    if (in->own_count) {
      after = arena_copy(&in->ledger->call, in->own[in->own_count - 1].document);
      after_seq = in->own[in->own_count - 1].seq;
      if (after.data == NULL) return fail_memory(in->ledger);
    }
    arena_reset(&in->own_page);
    in->own_next = in->own_count = 0;
    TRY(fail_store(in->ledger, store_entries_by_document(in->ledger->store, &in->own_page, after, after_seq, in->own,
                                                         STORE_PAGE, &in->own_count)));
    in->own_ended = in->own_count < STORE_PAGE;
  }
  if (in->own_next == in->own_count) return TALLY_DONE;
  *entry = &in->own[in->own_next];
  return TALLY_OK;
}

/* Folds a document's own entries. folded's invoice may end with a page of entries: whether it is that of the row is told
 * at once. */
static tally_code fold_own(tally_verify *in, const document_row *row, document_row *folded, bool *made,
                           bool *same_invoice) {
  const tally_entry *entry;
  tally_code code;
  *made = false;
  *same_invoice = row->invoice.data == NULL;
  *folded = (document_row){.facts.kind = row->facts.kind};
  while ((code = next_own(in, &entry)) == TALLY_OK) {
    int order = text_compare(entry->document, row->number);
    if (order > 0) return TALLY_OK;
    if (order < 0) return document_missing(in, entry);
    if (entry->seq == row->id) {
      TRY(check_making(in, row, entry));
      *made = true;
    }
    code = journal_fold_entry(in->ledger, entry, folded);
    if (code == TALLY_ERR_AMOUNT_OVERFLOW) return document_wrong(in, row, "its sums leave 64-bit minor units");
    if (code) return code;
    *same_invoice = text_equal(row->invoice, folded->invoice);
    in->own_next++;
  }
  return code == TALLY_DONE ? TALLY_OK : code;
}

/* An invoice made of consultations alone has no entry of its own: theirs makes it. */
static tally_code check_made_elsewhere(tally_verify *in, const document_row *row) {
  tally_entry entry;
  tally_code code = store_entry_get(in->ledger->store, &in->ledger->call, row->id, &entry);
  if (code == TALLY_DONE) return document_wrong(in, row, "no entry makes it");
  TRY(fail_store(in->ledger, code));
  return check_making(in, row, &entry);
}

/* Adds the consultations on an invoice, whose rows are looked at in this same pass. */
static tally_code fold_consultations(tally_verify *in, const document_row *row, document_row *folded) {
  document_row page[STORE_PAGE];
  bool cancelled;
  int64_t after = 0;
  store *from = in->ledger->store;
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(fail_store(in->ledger,
                   store_consultations_of(from, &in->ledger->call, row->number, after, page, STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) {
      after = page[i].id;
      if (journal_add_facts(&folded->facts, &page[i].facts))
        return document_wrong(in, row, "its sums leave 64-bit minor units");
    }
  }
  TRY(fail_store(in->ledger, store_invoice_released(from, row->number, &cancelled)));
  if (cancelled) folded->facts.cancelled = true;
  return TALLY_OK;
}

static tally_code check_document(tally_verify *in, const document_row *row) {
  document_row folded;
  bool made, same_invoice;
  TRY(fold_own(in, row, &folded, &made, &same_invoice));
  if (!made) TRY(check_made_elsewhere(in, row));
  if (row->facts.kind == TALLY_INVOICE) TRY(fold_consultations(in, row, &folded));
  tally_facts *a = &folded.facts;
  const tally_facts *b = &row->facts;
  bool same = a->charged == b->charged && a->collected == b->collected && a->credited == b->credited &&
              a->discounted == b->discounted && a->lost == b->lost && a->rounded == b->rounded;
  if (!same) return document_wrong(in, row, "its sums are not those of the journal");
  if (a->cancelled != b->cancelled) return document_wrong(in, row, "the journal differs on whether it is cancelled");
  if (!same_invoice) return document_wrong(in, row, "its invoice is another in the journal");
  a->invoiced = b->invoiced;
  return row->open == document_is_open(a) ? TALLY_OK
                                          : document_wrong(in, row, "its mark of being open is not what its sums say");
}

/* After the last document no entry may be left. */
static tally_code end_documents(tally_verify *in) {
  const tally_entry *entry;
  tally_code code = next_own(in, &entry);
  return code ? code : document_missing(in, entry);
}

tally_code verify_documents_count(tally_verify *in) {
  if (in->documents_made == in->report.documents) return TALLY_OK;
  return derived_wrong(in, 0, "the journal makes another number of them", "documents");
}

tally_code verify_documents(tally_verify *in) {
  document_row page[STORE_PAGE];
  size_t count;
  tally_ledger *ledger = in->ledger;
  tally_text after = arena_copy(&ledger->call, in->last_number);
  arena_reset(&in->page);
  TRY(fail_store(ledger, store_documents_by_number(ledger->store, &in->page, after, page, STORE_PAGE, &count)));
  for (size_t i = 0; i < count; i++) {
    arena_reset(&ledger->call);
    TRY(check_document(in, &page[i]));
    in->last_number = page[i].number;
  }
  in->done += (int64_t)count;
  return count == STORE_PAGE ? TALLY_OK : end_documents(in);
}

/* ---- Days ---- */

static tally_code totals_key(tally_verify *in, const tally_totals *row, tally_text *key) {
  size_t room = row->type.length + row->group.length + row->actor.length + 4 * PACKED_INTEGER_MAX;
  unsigned char *start = arena_piece(&in->ledger->call, room), *at = start;
  if (start == NULL) return fail_memory(in->ledger);
  at = pack_signed(at, row->day);
  at = pack_text(at, row->type);
  at = pack_text(at, row->group);
  at = pack_text(at, row->actor);
  *key = (tally_text){(char *)start, (size_t)(at - start)};
  return TALLY_OK;
}

static tally_totals totals_of(const sums_row *row) {
  packed rest = packed_of(row->key);
  const int64_t *values = row->values;
  tally_totals out = {.collected = values[0],
                      .refunded = values[1],
                      .deposited = values[2],
                      .withdrawn = values[3],
                      .credited = values[4],
                      .discounted = values[5],
                      .lost = values[6],
                      .rounded = values[7],
                      .count = values[8]};
  out.day = (int32_t)unpack_signed(&rest);
  out.type = unpack_text(&rest);
  out.group = unpack_text(&rest);
  out.actor = unpack_text(&rest);
  return out;
}

/* Brings what was added up in memory to the table of checked totals. */
static tally_code spill_totals(tally_verify *in) {
  size_t slot = 0;
  for (sums_row *row = sums_next(&in->totals, &slot); row; row = sums_next(&in->totals, &slot)) {
    tally_totals delta = totals_of(row);
    tally_code code = store_checked_add(in->ledger->store, &delta);
    if (code == TALLY_ERR_AMOUNT_OVERFLOW)
      return derived_wrong(in, 0, "its totals leave 64-bit minor units", day_text(in->ledger, delta.day));
    TRY(fail_store(in->ledger, code));
  }
  sums_free(&in->totals);
  return TALLY_OK;
}

tally_code verify_add_totals(tally_verify *in, const tally_totals *delta) {
  tally_text key;
  if (in->totals.count >= TOTALS_AT_HAND) TRY(spill_totals(in));
  TRY(totals_key(in, delta, &key));
  sums_row *row = sums_at(&in->totals, key);
  if (row == NULL) return fail_memory(in->ledger);
  const int64_t columns[SUMS_WIDTH] = {delta->collected, delta->refunded, delta->deposited,
                                       delta->withdrawn, delta->credited, delta->discounted,
                                       delta->lost,      delta->rounded,  delta->count};
  for (int i = 0; i < SUMS_WIDTH; i++) {
    if (tally_minor_add(row->values[i], columns[i], &row->values[i]))
      return derived_wrong(in, 0, "its totals leave 64-bit minor units", day_text(in->ledger, delta->day));
  }
  return TALLY_OK;
}

static tally_code day_wrong(tally_verify *in, int32_t day) {
  const char *text = day_text(in->ledger, day);
  tally_code code = derived_wrong(in, 0, "its totals are not those of the journal", text);
  return with_detail(in->ledger, code, "day", text_of(text));
}

static bool same_totals(const tally_totals *a, const tally_totals *b) {
  return days_compare(a, b) == 0 && a->collected == b->collected && a->refunded == b->refunded &&
         a->deposited == b->deposited && a->withdrawn == b->withdrawn && a->credited == b->credited &&
         a->discounted == b->discounted && a->lost == b->lost && a->rounded == b->rounded && a->count == b->count;
}

/* Holds a day's row against what the journal adds up to. */
static tally_code check_day(tally_verify *in, const day_row *day) {
  tally_ledger *ledger = in->ledger;
  tally_totals *rows;
  size_t count, found;
  arena_reset(&ledger->call);
  tally_code code = days_decode(ledger, &ledger->call, day, &rows, &count);
  if (code) return code == TALLY_ERR_CORRUPT ? day_wrong(in, day->day) : code;
  tally_totals *checked = ARENA_ARRAY(&ledger->call, tally_totals, count + 1);
  if (checked == NULL) return fail_memory(ledger);
  TRY(fail_store(ledger, store_checked_of_day(ledger->store, &ledger->call, day->day, checked, count + 1, &found)));
  bool same = found == count && count > 0;
  for (size_t i = 0; same && i < count; i++) same = same_totals(&rows[i], &checked[i]);
  return same ? TALLY_OK : day_wrong(in, day->day);
}

static tally_code check_days(tally_verify *in) {
  day_row page[STORE_PAGE];
  int64_t first = INT32_MIN, missing;
  TRY(spill_totals(in));
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    arena_reset(&in->page);
    TRY(fail_store(in->ledger,
                   store_days_page(in->ledger->store, &in->page, first, INT32_MAX, page, STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) TRY(check_day(in, &page[i]));
    if (count) first = (int64_t)page[count - 1].day + 1;
  }
  tally_code code = store_checked_missing(in->ledger->store, &missing);
  if (code) return code == TALLY_DONE ? TALLY_OK : fail_store(in->ledger, code);
  return day_wrong(in, (int32_t)missing);
}

/* ---- Credits, series, closings ---- */

static tally_code check_credits(tally_verify *in) {
  credit_row page[STORE_PAGE];
  tally_text after = {NULL, 0};
  size_t slot = 0;
  arena_reset(&in->page);
  for (size_t count = STORE_PAGE; count == STORE_PAGE;) {
    TRY(fail_store(in->ledger, store_credits_page(in->ledger->store, &in->page, after, page, STORE_PAGE, &count)));
    for (size_t i = 0; i < count; i++) {
      sums_row *sum = sums_find(&in->credits, page[i].patient);
      if (sum == NULL || sum->values[0] != page[i].balance_minor)
        return derived_wrong(in, 0, "the credit is not that of the journal", shown(in->ledger, page[i].patient));
      sum->seen = true;
      after = page[i].patient;
    }
  }
  for (sums_row *row = sums_next(&in->credits, &slot); row; row = sums_next(&in->credits, &slot)) {
    if (!row->seen && row->values[0] != 0)
      return derived_wrong(in, 0, "the credit of the journal has no row", shown(in->ledger, row->key));
  }
  return TALLY_OK;
}

/* The number before the next of a document series must have been made, under any script's format. */
static tally_code check_document_series(tally_verify *in, series which) {
  tally_ledger *ledger = in->ledger;
  int64_t next, latest;
  TRY(fail_store(ledger, store_series_get(ledger->store, which, &next)));
  if (next == 1) return TALLY_OK;
  TRY(fail_store(ledger, store_script_latest_version(ledger->store, &latest)));
  for (int64_t version = latest; version > 0; version--) {
    script_row script;
    tally_config config;
    document_row row;
    char text[NUMBER_BYTES];
    TRY(fail_store(ledger, store_script_get(ledger->store, &ledger->call, version, &script)));
    TRY(codec_get_config(ledger, &ledger->call, script.definition, &config));
    tally_text format = which == SERIES_INVOICE ? config.invoice_format : config.consultation_format;
    tally_code code = store_document_get(ledger->store, &ledger->call, number_print(format, next - 1, text), &row);
    if (code != TALLY_DONE) return fail_store(ledger, code);
  }
  return derived_wrong(in, 0, "it stands beyond the numbers that were made",
                       which == SERIES_INVOICE ? "the series of invoices" : "the series of consultations");
}

static tally_code check_series(tally_verify *in) {
  TRY(check_document_series(in, SERIES_CONSULTATION));
  return check_document_series(in, SERIES_INVOICE);
}

static tally_code check_closings(tally_verify *in) {
  const closing_row *rows;
  size_t count;
  TRY(fail_store(in->ledger, store_closings_all(in->ledger->store, &in->ledger->call, &rows, &count)));
  if ((int64_t)count != in->report.closings)
    return derived_wrong(in, 0, "the journal has another number of them", "closings");
  for (size_t i = 0; i < count; i++) {
    tally_entry entry;
    tally_code code = store_entry_get(in->ledger->store, &in->ledger->call, rows[i].seq, &entry);
    if (code != TALLY_OK && code != TALLY_DONE) return fail_store(in->ledger, code);
    bool fits = code == TALLY_OK && entry.kind == TALLY_KIND_CLOSING && entry.day == rows[i].through;
    if (!fits) return derived_wrong(in, rows[i].seq, "its row does not match its entry", "a closing");
  }
  return TALLY_OK;
}

tally_code verify_totals(tally_verify *in) {
  TRY(check_days(in));
  TRY(check_credits(in));
  TRY(check_series(in));
  return check_closings(in);
}
