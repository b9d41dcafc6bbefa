/* cursor.c - the queries of §6 that give many rows: they page by key, and hold nothing between two pages. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"
#include "request.h"

/* ---- Opening ---- */

/* What a cursor asks for, in memory of its own: the request is used for other things meanwhile. */
struct tally_cursor {
  tally_ledger *ledger;
  parsed_command asked;
  arena filter, page;
  document_query query;
  int64_t after;     /* id or seq of the last row looked at */
  int64_t last;      /* seq of the last row that may be looked at */
  int64_t after_day; /* where entries go by day: that of the last one looked at */
  bool by_day;       /* corrections, by their index */
  int64_t given;     /* rows given so far */
  size_t count, next, room;
  int32_t today;
  bool ended;
  tally_status status; /* TALLY_STATUS_END: any */
  tally_kind kind;     /* 0: any */
  union {
    document_row documents[STORE_PAGE];
    tally_entry entries[STORE_PAGE];
  } rows;
  tally_document document;
  tally_payment payment;
};

static tally_code keep_text(tally_cursor *cursor, tally_text *text) {
  tally_text copy = arena_copy(&cursor->filter, *text);
  if (!arena_copied(*text, copy)) return fail_memory(cursor->ledger);
  *text = copy;
  return TALLY_OK;
}

static tally_code keep_filter(tally_cursor *cursor) {
  parsed_command *asked = &cursor->asked;
  TRY(keep_text(cursor, &asked->document));
  TRY(keep_text(cursor, &asked->patient));
  TRY(keep_text(cursor, &asked->type));
  TRY(keep_text(cursor, &asked->group));
  return keep_text(cursor, &asked->actor);
}

static tally_code unknown_word(tally_cursor *cursor, field which, tally_text word, const char *wanted) {
  fail(cursor->ledger, TALLY_ERR_FIELD_INVALID, "%s: %s; give %s", field_name(which), shown(cursor->ledger, word),
       wanted);
  with_detail(cursor->ledger, TALLY_ERR_FIELD_INVALID, "field", text_of(field_name(which)));
  return with_detail(cursor->ledger, TALLY_ERR_FIELD_INVALID, "value", word);
}

static tally_code parse_document_kind(tally_cursor *cursor) {
  tally_text word = cursor->asked.kind;
  if (word.data == NULL) return TALLY_OK;
  if (text_equal(word, text_of("consultation"))) cursor->query.kind = TALLY_CONSULTATION;
  else if (text_equal(word, text_of("invoice"))) cursor->query.kind = TALLY_INVOICE;
  else return unknown_word(cursor, FIELD_KIND, word, "consultation or invoice");
  return TALLY_OK;
}

static tally_code parse_status(tally_cursor *cursor) {
  tally_text word = cursor->asked.status;
  cursor->status = TALLY_STATUS_END;
  if (word.data == NULL) return TALLY_OK;
  for (int i = 0; i < TALLY_STATUS_END; i++) {
    if (text_equal(word, text_of(tally_status_name((tally_status)i)))) cursor->status = (tally_status)i;
  }
  if (cursor->status != TALLY_STATUS_END) return TALLY_OK;
  return unknown_word(cursor, FIELD_STATUS, word, "a status of §3, such as unpaid");
}

static tally_code parse_order(tally_cursor *cursor) {
  tally_text word = cursor->asked.order;
  cursor->query.order = ORDER_NEWEST;
  if (word.data == NULL || text_equal(word, text_of("newest"))) return TALLY_OK;
  cursor->query.order = ORDER_OLDEST;
  if (text_equal(word, text_of("oldest"))) return TALLY_OK;
  return unknown_word(cursor, FIELD_ORDER, word, "newest or oldest");
}

/* The statuses that only an open document of one kind can have let the index of open documents serve. */
static void choose_index(tally_cursor *cursor) {
  tally_status status = cursor->status;
  tally_document_kind kind = (tally_document_kind)0;
  if (status == TALLY_STATUS_PENDING) kind = TALLY_CONSULTATION;
  if (status == TALLY_STATUS_UNPAID || status == TALLY_STATUS_PARTIAL || cursor->asked.overdue) kind = TALLY_INVOICE;
  if (kind == 0) {
    cursor->query.open = cursor->asked.open;
    return;
  }
  if (cursor->query.kind && cursor->query.kind != kind) cursor->ended = true; /* no document is both */
  cursor->query.kind = kind;
  cursor->query.open = true;
}

static tally_code start_documents(tally_cursor *cursor) {
  document_row row;
  TRY(parse_document_kind(cursor));
  TRY(parse_status(cursor));
  TRY(parse_order(cursor));
  choose_index(cursor);
  cursor->query.patient = cursor->asked.patient;
  if (cursor->asked.after.data == NULL) return TALLY_OK;
  TRY(reading_document(cursor->ledger, cursor->asked.after, &row));
  cursor->after = row.id;
  return TALLY_OK;
}

/* ---- The part of the journal in which some days' entries must stand ---- */

/* Days are those of the clinic's calendar, instants everybody's: no two places of the earth are further apart. */
enum { CALENDARS_APART_MS = 48 * 3600 * 1000 };

/* Finds the last entry that was recorded before an instant, 0 for none: instants of recording never go back. */
static tally_code last_before(tally_ledger *ledger, int64_t at_ms, int64_t high, int64_t *seq) {
  int64_t low = 0;
  while (high - low > 1) {
    tally_entry entry;
    int64_t middle = low + (high - low) / 2;
    TRY(fail_store(ledger, store_entry_get(ledger->store, &ledger->call, middle, &entry)));
    if (entry.recorded_at_ms < at_ms) low = middle;
    else high = middle;
  }
  *seq = low;
  return TALLY_OK;
}

/* Nothing is recorded before it happened: what stands on a day stands behind all that was recorded before it. */
static tally_code skip_earlier(tally_cursor *cursor) {
  tally_entry last;
  int64_t seq;
  if (!command_has(&cursor->asked, FIELD_FROM_DAY)) return TALLY_OK;
  tally_code code = store_entry_last(cursor->ledger->store, &cursor->ledger->call, &last);
  if (code) return code == TALLY_DONE ? TALLY_OK : fail_store(cursor->ledger, code);
  int64_t at_ms = tally_day_start_ms(cursor->asked.from_day) - CALENDARS_APART_MS;
  TRY(last_before(cursor->ledger, at_ms, last.seq, &seq));
  if (seq > cursor->after) cursor->after = seq;
  return TALLY_OK;
}

/* No entry of a closed day stands behind the closing. */
static tally_code stop_at_closing(tally_cursor *cursor) {
  const closing_row *rows;
  size_t count;
  if (!command_has(&cursor->asked, FIELD_TO_DAY)) return TALLY_OK;
  TRY(fail_store(cursor->ledger, store_closings_all(cursor->ledger->store, &cursor->ledger->call, &rows, &count)));
  for (size_t i = 0; i < count && cursor->last == INT64_MAX; i++) {
    if (rows[i].through >= cursor->asked.to_day) cursor->last = rows[i].seq;
  }
  return TALLY_OK;
}

static tally_code bound_by_days(tally_cursor *cursor) {
  TRY(skip_earlier(cursor));
  return stop_at_closing(cursor);
}

static tally_code start_payments(tally_cursor *cursor) {
  tally_entry entry;
  TRY(bound_by_days(cursor));
  if (cursor->asked.after.data == NULL) return TALLY_OK;
  TRY(reading_payment_entry(cursor->ledger, cursor->asked.after, &entry));
  if (entry.seq > cursor->after) cursor->after = entry.seq;
  cursor->payment.act = entry.act; /* whose other entries follow */
  return TALLY_OK;
}

/* What corrects is found by day, unless a shorter list holds it. */
static void choose_corrections(tally_cursor *cursor) {
  const parsed_command *asked = &cursor->asked;
  bool elsewhere = asked->document.data || asked->patient.data || command_has(asked, FIELD_ACT);
  cursor->by_day = asked->corrections && !elsewhere;
  if (!cursor->by_day) return;
  cursor->after_day = command_has(asked, FIELD_FROM_DAY) ? (int64_t)asked->from_day : INT32_MIN;
  cursor->after = 0; /* no entry has this seq: all of the first day are behind it */
}

static tally_code start_entries(tally_cursor *cursor) {
  parsed_command *asked = &cursor->asked;
  if (command_has(asked, FIELD_FROM_SEQ) && asked->from_seq > 0) cursor->after = asked->from_seq - 1;
  if (command_has(asked, FIELD_ACT) && asked->act - 1 > cursor->after) cursor->after = asked->act - 1;
  choose_corrections(cursor);
  if (!cursor->by_day) TRY(bound_by_days(cursor));
  if (asked->kind.data == NULL) return TALLY_OK;
  cursor->kind = tally_kind_find(asked->kind.data, asked->kind.length);
  return cursor->kind ? TALLY_OK : unknown_word(cursor, FIELD_KIND, asked->kind, "a kind of entry, such as payment");
}

static tally_code start(tally_cursor *cursor, tally_request *request) {
  TRY(ledger_enter(cursor->ledger));
  TRY(request_parse(cursor->ledger, request, &cursor->asked));
  TRY(keep_filter(cursor));
  cursor->today = reading_today(&cursor->asked);
  cursor->last = INT64_MAX;
  switch (cursor->asked.command) {
  case TALLY_QUERY_DOCUMENTS:
    return start_documents(cursor);
  case TALLY_QUERY_PAYMENTS:
    return start_payments(cursor);
  default:
    return start_entries(cursor);
  }
}

tally_code tally_cursor_open(tally_ledger *ledger, tally_request *request, tally_cursor **out) {
  tally_cursor *cursor = malloc(sizeof *cursor);
  *out = NULL;
  if (cursor == NULL) return fail_memory(ledger);
  memset(cursor, 0, offsetof(struct tally_cursor, rows)); /* the rows are filled before they are read */
  memset(&cursor->document, 0, sizeof cursor->document);
  memset(&cursor->payment, 0, sizeof cursor->payment);
  cursor->ledger = ledger;
  tally_code code = start(cursor, request);
  if (code) tally_cursor_close(cursor);
  else *out = cursor;
  return code;
}

void tally_cursor_close(tally_cursor *cursor) {
  if (cursor == NULL) return;
  arena_free(&cursor->filter);
  arena_free(&cursor->page);
  free(cursor);
}

/* ---- Rows ---- */

static bool reached_limit(const tally_cursor *cursor) {
  return cursor->ended || (command_has(&cursor->asked, FIELD_LIMIT) && cursor->given >= cursor->asked.limit);
}

static bool day_fits(const parsed_command *asked, int32_t day) {
  if (command_has(asked, FIELD_FROM_DAY) && day < asked->from_day) return false;
  return !command_has(asked, FIELD_TO_DAY) || day <= asked->to_day;
}

static bool text_fits(tally_text wanted, tally_text found) {
  return wanted.data == NULL || text_equal(wanted, found);
}

/* A page holds no more rows than the limit still allows, unless a filter may pass rows over. */
static size_t next_room(const tally_cursor *cursor) {
  if (cursor->room > 0 || !command_has(&cursor->asked, FIELD_LIMIT)) return STORE_PAGE;
  return cursor->asked.limit < STORE_PAGE ? (size_t)cursor->asked.limit : STORE_PAGE;
}

static int64_t last_day(const parsed_command *asked) {
  return command_has(asked, FIELD_TO_DAY) ? asked->to_day : INT32_MAX;
}

/* Reads the next page where the present one is used up; TALLY_DONE at the end. */
static tally_code turn_page(tally_cursor *cursor) {
  tally_ledger *ledger = cursor->ledger;
  const parsed_command *asked = &cursor->asked;
  if (cursor->next < cursor->count) return TALLY_OK;
  if (cursor->room > 0 && cursor->count < cursor->room) return TALLY_DONE;
  cursor->room = next_room(cursor);
  tally_code code;
  arena_reset(&cursor->page);
  cursor->next = 0;
  if (asked->command == TALLY_QUERY_DOCUMENTS) {
    code = store_documents_page(ledger->store, &cursor->page, &cursor->query, cursor->after, cursor->rows.documents,
                                cursor->room, &cursor->count);
  } else if (cursor->by_day) {
    code = store_corrections(ledger->store, &cursor->page, cursor->after_day, cursor->after, last_day(asked),
                             cursor->rows.entries, cursor->room, &cursor->count);
  } else if (asked->document.data) {
    code = store_entries_of_document(ledger->store, &cursor->page, asked->document, cursor->after,
                                     cursor->rows.entries, cursor->room, &cursor->count);
  } else if (asked->patient.data) {
    code = store_entries_of_patient(ledger->store, &cursor->page, asked->patient, cursor->after, cursor->rows.entries,
                                    cursor->room, &cursor->count);
  } else {
    code = store_entries_after(ledger->store, &cursor->page, cursor->after, cursor->rows.entries, cursor->room,
                               &cursor->count);
  }
  TRY(fail_store(ledger, code));
  return cursor->count ? TALLY_OK : TALLY_DONE;
}

static bool document_fits(const tally_cursor *cursor, const tally_document *document) {
  const parsed_command *asked = &cursor->asked;
  if (cursor->query.kind && document->kind != cursor->query.kind) return false;
  if (cursor->status != TALLY_STATUS_END && document->status != cursor->status) return false;
  if (command_has(asked, FIELD_OPEN) && (document->remaining_minor > 0) != asked->open) return false;
  if (command_has(asked, FIELD_OVERDUE) && document->overdue != asked->overdue) return false;
  return text_fits(asked->patient, document->patient) && day_fits(asked, document->day);
}

tally_code tally_cursor_document(tally_cursor *cursor, const tally_document **document) {
  TRY(ledger_enter(cursor->ledger));
  while (!reached_limit(cursor)) {
    TRY(turn_page(cursor));
    const document_row *row = &cursor->rows.documents[cursor->next++];
    cursor->after = row->id;
    TRY(view_document(cursor->ledger, row, cursor->today, &cursor->document));
    if (!document_fits(cursor, &cursor->document)) continue;
    cursor->given++;
    *document = &cursor->document;
    return TALLY_OK;
  }
  return TALLY_DONE;
}

static bool payment_settles(const tally_payment *payment, tally_text document) {
  if (document.data == NULL) return true;
  for (size_t i = 0; i < payment->allocation_count; i++) {
    if (text_equal(payment->allocations[i].document, document)) return true;
  }
  return false;
}

static bool payment_fits(const parsed_command *asked, const tally_payment *payment) {
  if (command_has(asked, FIELD_REVERSED) && (payment->reversed_by != 0) != asked->reversed) return false;
  return text_fits(asked->type, payment->type) && text_fits(asked->group, payment->group) &&
         text_fits(asked->actor, payment->actor) && payment_settles(payment, asked->document) &&
         day_fits(asked, payment->day);
}

/* Gives the act whose payment an entry shows first, or 0: the numbered entry speaks for its act; on a list by document,
 * where that entry may be another document's, so does the first of the act that is met. */
static int64_t payment_act(const tally_cursor *cursor, const tally_entry *entry, int64_t last_act) {
  if (cursor->asked.document.data == NULL && cursor->asked.patient.data == NULL)
    return entry->number.data ? entry->act : 0;
  return entry->act != last_act ? entry->act : 0;
}

/* Tells by the numbered entry alone that its payment is not asked for, without reading the whole of it. */
static bool passed_over(const parsed_command *asked, const tally_entry *entry) {
  if (entry->number.data == NULL) return false;
  return !day_fits(asked, entry->day) || !text_fits(asked->type, entry->type) ||
         !text_fits(asked->group, entry->group) || !text_fits(asked->actor, entry->actor);
}

static tally_code next_payment(tally_cursor *cursor, const tally_payment **payment) {
  tally_ledger *ledger = cursor->ledger;
  while (!reached_limit(cursor)) {
    TRY(turn_page(cursor));
    const tally_entry *entry = &cursor->rows.entries[cursor->next++];
    cursor->after = entry->seq;
    if (entry->seq > cursor->last) return TALLY_DONE;
    int64_t act = payment_act(cursor, entry, cursor->payment.act);
    if (act == 0 || passed_over(&cursor->asked, entry) || !text_fits(cursor->asked.patient, entry->patient)) continue;
    tally_code code = reading_payment(ledger, &ledger->call, act, &cursor->payment);
    if (code == TALLY_DONE) continue;
    if (code) return code;
    if (!payment_fits(&cursor->asked, &cursor->payment)) continue;
    cursor->given++;
    *payment = &cursor->payment;
    return TALLY_OK;
  }
  return TALLY_DONE;
}

tally_code tally_cursor_payment(tally_cursor *cursor, const tally_payment **payment) {
  bool own;
  TRY(ledger_enter(cursor->ledger));
  TRY(ledger_snapshot_begin(cursor->ledger, &own));
  return ledger_snapshot_end(cursor->ledger, own, next_payment(cursor, payment));
}

/* An entry with the free text of its act. */
static tally_code show_entry(tally_cursor *cursor, tally_entry *row, const tally_entry **entry) {
  tally_ledger *ledger = cursor->ledger;
  *entry = row;
  if (row->commitment.data == NULL) return TALLY_OK;
  TRY(view_text(ledger, &cursor->page, row->seq, ANNOTATION_NOTE, &row->note));
  TRY(view_text(ledger, &cursor->page, row->seq, ANNOTATION_LABEL, &row->label));
  return view_text(ledger, &cursor->page, row->seq, ANNOTATION_REASON, &row->reason);
}

/* What the index of the store has, but for documents that were made with nothing to pay. So not what cancelling an invoice
 * gives back of a charge below zero: what it lets go in the same act is a correction. */
static bool is_correction(const tally_entry *entry) {
  switch (entry->kind) {
  case TALLY_KIND_REFUND:
  case TALLY_KIND_RELEASE:
  case TALLY_KIND_REVERSAL:
    return true;
  default:
    if (entry->kind != TALLY_KIND_CHARGE || entry->amount_minor > 0) return false;
    return entry->amount_minor < 0 || entry->command == TALLY_COMMAND_CANCEL;
  }
}

static bool entry_fits(const tally_cursor *cursor, const tally_entry *entry) {
  const parsed_command *asked = &cursor->asked;
  if (command_has(asked, FIELD_ACT) && entry->act != asked->act) return false;
  if (command_has(asked, FIELD_FROM_SEQ) && entry->seq < asked->from_seq) return false;
  if (cursor->kind && entry->kind != cursor->kind) return false;
  if (command_has(asked, FIELD_CORRECTIONS) && is_correction(entry) != asked->corrections) return false;
  if (!day_fits(asked, entry->day)) return false;
  return text_fits(asked->patient, entry->patient) || text_fits(asked->patient, entry->counter_patient);
}

tally_code tally_cursor_entry(tally_cursor *cursor, const tally_entry **entry) {
  const parsed_command *asked = &cursor->asked;
  TRY(ledger_enter(cursor->ledger));
  for (;;) {
    TRY(turn_page(cursor));
    tally_entry *row = &cursor->rows.entries[cursor->next++];
    cursor->after = row->seq;
    cursor->after_day = row->day;
    if (row->seq > cursor->last) return TALLY_DONE;
    if (command_has(asked, FIELD_ACT) && row->act > asked->act) return TALLY_DONE;
    if (entry_fits(cursor, row)) return show_entry(cursor, row, entry);
  }
}
