/* readings.c - opens a ledger, asks all that it can be asked, and keeps one digest of the answers. */
#include "readings.h"

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 64, NAMES_MAX = 64 };

typedef struct look {
  tally_ledger *ledger;
  tally_request *request;
  crypto_generichash_state state;
  bool texts;
  size_t document_count;
  char documents[NAMES_MAX][NAME_BYTES];
} look;

void readings_begin(void) {
  sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
  if (sodium_init() < 0) abort();
}

/* ---- What goes into the digest ---- */

static void add_bytes(look *at, const void *data, size_t length) {
  crypto_generichash_update(&at->state, data, length);
}

static void add(look *at, int64_t value) {
  add_bytes(at, &value, sizeof value);
}

static void add_text(look *at, tally_text text) {
  add(at, text.data ? (int64_t)text.length : -1);
  if (text.data) add_bytes(at, text.data, text.length);
}

static void add_free_text(look *at, tally_text text) {
  if (at->texts) add_text(at, text);
}

static void add_string(look *at, const char *text) {
  add_text(at, (tally_text){text, text ? strlen(text) : 0});
}

static void add_texts(look *at, const tally_text *list, size_t count) {
  add(at, (int64_t)count);
  for (size_t i = 0; i < count; i++) add_text(at, list[i]);
}

static void add_pairs(look *at, const tally_pair *pairs, size_t count) {
  add(at, (int64_t)count);
  for (size_t i = 0; i < count; i++) {
    add_text(at, pairs[i].key);
    add_text(at, pairs[i].value);
  }
}

static void add_document(look *at, const tally_document *document) {
  const tally_facts *facts = &document->facts;
  const int64_t numbers[] = {document->id,    document->kind,    document->status,  document->remaining_minor,
                             document->at_ms, document->day,     document->has_due, document->recorded_at_ms,
                             document->due,   document->overdue, facts->charged,    facts->collected,
                             facts->credited, facts->discounted, facts->lost,       facts->rounded,
                             facts->invoiced, facts->cancelled};
  add_bytes(at, numbers, sizeof numbers);
  add_text(at, document->number);
  add_text(at, document->patient);
  add_text(at, document->invoice);
  add_free_text(at, document->label);
  add_free_text(at, document->note);
  add_texts(at, document->consultations, document->consultation_count);
  add_texts(at, document->payments, document->payment_count);
}

static void add_payment(look *at, const tally_payment *payment) {
  const int64_t numbers[] = {payment->act,          payment->command,        payment->type_version,
                             payment->effect,       payment->amount_minor,   payment->deposited_minor,
                             payment->has_tendered, payment->tendered_minor, payment->change_minor,
                             payment->at_ms,        payment->recorded_at_ms, payment->day,
                             payment->reversed_by,  payment->refunded_minor, (int64_t)payment->allocation_count};
  const tally_text texts[] = {payment->number,       payment->type,      payment->patient,
                              payment->group,        payment->reference, payment->actor,
                              payment->corrected_by, payment->corrects,  payment->refund_of};
  add_bytes(at, numbers, sizeof numbers);
  add_texts(at, texts, sizeof texts / sizeof texts[0]);
  add_free_text(at, payment->note);
  add_free_text(at, payment->reason);
  add_pairs(at, payment->fields, payment->field_count);
  add_texts(at, payment->refunds, payment->refund_count);
  for (size_t i = 0; i < payment->allocation_count; i++) {
    add_text(at, payment->allocations[i].document);
    add(at, payment->allocations[i].amount_minor);
    add(at, payment->allocations[i].rounded_minor);
    add(at, payment->allocations[i].refunded_minor);
  }
}

static void add_entry(look *at, const tally_entry *entry) {
  const int64_t numbers[] = {entry->seq,     entry->act,          entry->kind,           entry->command,
                             entry->serial,  entry->type_version, entry->amount_minor,   entry->at_ms,
                             entry->day,     entry->has_tendered, entry->recorded_at_ms, entry->tendered_minor,
                             entry->has_due, entry->due,          entry->refers,         entry->script_version};
  const tally_text texts[] = {entry->number, entry->document, entry->counter_document, entry->patient,
                              entry->type,   entry->actor,    entry->counter_patient,  entry->group,
                              entry->fields, entry->key,      entry->reference,        entry->commitment,
                              entry->content};
  add_bytes(at, numbers, sizeof numbers);
  add_texts(at, texts, sizeof texts / sizeof texts[0]);
  add_free_text(at, entry->note);
  add_free_text(at, entry->label);
  add_free_text(at, entry->reason);
  add_bytes(at, entry->hash, sizeof entry->hash);
}

static void add_totals(look *at, const tally_totals *row) {
  const int64_t numbers[] = {row->day,       row->collected, row->refunded,   row->deposited,
                             row->withdrawn, row->credited,  row->discounted, row->lost,
                             row->rounded,   row->count,     row->money};
  add_bytes(at, numbers, sizeof numbers);
  add_text(at, row->type);
  add_text(at, row->group);
  add_text(at, row->actor);
}

static void add_closing(look *at, const tally_closing *closing) {
  add(at, closing->seq);
  add(at, closing->has_from ? closing->from : 0);
  add(at, closing->through);
  add(at, closing->at_ms);
  add(at, closing->recorded_at_ms);
  add_text(at, closing->actor);
  add_bytes(at, closing->hash, sizeof closing->hash);
  for (size_t i = 0; i < closing->total_count; i++) add_totals(at, &closing->totals[i]);
  for (size_t i = 0; i < closing->counted_count; i++) {
    add_text(at, closing->counted[i].type);
    add(at, closing->counted[i].expected_minor);
    add(at, closing->counted[i].counted_minor);
    add(at, closing->counted[i].variance_minor);
  }
}

static void add_type(look *at, const tally_payment_type *type) {
  const int64_t numbers[] = {type->version,
                             type->effect,
                             type->is_default,
                             type->for_consultation,
                             type->for_invoice,
                             type->group_required,
                             type->retired,
                             type->round_to_minor,
                             type->max_minor,
                             type->excess,
                             (int64_t)type->field_count};
  add_bytes(at, numbers, sizeof numbers);
  add_text(at, type->id);
  add_text(at, type->account);
  add_pairs(at, type->labels, type->label_count);
  add_texts(at, type->groups, type->group_count);
  add_texts(at, type->roles, type->role_count);
  for (size_t i = 0; i < type->field_count; i++) {
    add_text(at, type->fields[i].name);
    add_text(at, type->fields[i].pattern);
    add(at, type->fields[i].type);
    add(at, type->fields[i].required);
  }
}

/* ---- Readings ---- */

enum { NOW_DAYS = 20700 };

static void begin(look *at, tally_command query) {
  tally_request_begin(at->request, query);
  tally_request_now(at->request, (int64_t)NOW_DAYS * 86400000);
}

static void set(look *at, const char *name, const char *value) {
  tally_request_set_text(at->request, name, value, strlen(value));
}

/* Reads to the end what the request asks for. */
static void read_rows(look *at, tally_command query) {
  tally_cursor *cursor = NULL;
  tally_code code = tally_cursor_open(at->ledger, at->request, &cursor);
  while (code == TALLY_OK) {
    const tally_document *document;
    const tally_payment *payment;
    const tally_entry *entry;
    if (query == TALLY_QUERY_DOCUMENTS) code = tally_cursor_document(cursor, &document);
    else if (query == TALLY_QUERY_PAYMENTS) code = tally_cursor_payment(cursor, &payment);
    else code = tally_cursor_entry(cursor, &entry);
    if (code) break;
    if (query == TALLY_QUERY_DOCUMENTS) add_document(at, document);
    else if (query == TALLY_QUERY_PAYMENTS) add_payment(at, payment);
    else add_entry(at, entry);
  }
  add(at, code);
  tally_cursor_close(cursor);
}

static void read_lists(look *at) {
  static const struct {
    tally_command query;
    const char *name, *value;
  } lists[] = {
      {TALLY_QUERY_DOCUMENTS, NULL, NULL},         {TALLY_QUERY_DOCUMENTS, "patient", "P1"},
      {TALLY_QUERY_DOCUMENTS, "kind", "invoice"},  {TALLY_QUERY_PAYMENTS, NULL, NULL},
      {TALLY_QUERY_PAYMENTS, "patient", "P1"},     {TALLY_QUERY_PAYMENTS, "from", "2026-03-03"},
      {TALLY_QUERY_ENTRIES, NULL, NULL},           {TALLY_QUERY_ENTRIES, "patient", "P2"},
      {TALLY_QUERY_ENTRIES, "from", "2026-03-03"}, {TALLY_QUERY_ENTRIES, "kind", "reversal"},
  };
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    begin(at, lists[i].query);
    if (lists[i].name) set(at, lists[i].name, lists[i].value);
    read_rows(at, lists[i].query);
  }
  begin(at, TALLY_QUERY_ENTRIES);
  tally_request_set_boolean(at->request, "corrections", true);
  read_rows(at, TALLY_QUERY_ENTRIES);
  begin(at, TALLY_QUERY_DOCUMENTS);
  tally_request_set_boolean(at->request, "open", true);
  read_rows(at, TALLY_QUERY_DOCUMENTS);
}

static void read_names(look *at) {
  for (int which = TALLY_NAMES_DOCUMENT; which <= TALLY_NAMES_PATIENT; which++) {
    const tally_text *names;
    size_t count;
    tally_code code =
        tally_read_names(at->ledger, (tally_names)which, (tally_text){"", 0}, TALLY_NAMES_MAX, &names, &count);
    add(at, code);
    if (code) continue;
    add_texts(at, names, count);
    for (size_t i = 0; which == TALLY_NAMES_DOCUMENT && i < count && i < NAMES_MAX; i++) {
      size_t length = names[i].length < NAME_BYTES - 1 ? names[i].length : NAME_BYTES - 1;
      if (length) memcpy(at->documents[i], names[i].data, length); /* a damaged file may hold an empty name */
      at->documents[i][length] = '\0';
      at->document_count = i + 1;
    }
  }
}

/* One by one, each by its own name: another way through the file than the lists. */
static void read_each_document(look *at) {
  for (size_t i = 0; i < at->document_count; i++) {
    const tally_document *document;
    begin(at, TALLY_QUERY_DOCUMENT);
    tally_text number = {at->documents[i], strlen(at->documents[i])};
    tally_code code = tally_read_document(at->ledger, number, at->request, &document);
    add(at, code);
    if (!code) add_document(at, document);
    begin(at, TALLY_QUERY_ENTRIES);
    set(at, "document", at->documents[i]);
    read_rows(at, TALLY_QUERY_ENTRIES);
  }
}

static void read_each_payment(look *at) {
  for (int serial = 1; serial <= 24; serial++) {
    char number[16];
    const tally_payment *payment;
    snprintf(number, sizeof number, "R-%05d", serial);
    tally_code code = tally_read_payment(at->ledger, (tally_text){number, strlen(number)}, &payment);
    add(at, code);
    if (!code) add_payment(at, payment);
  }
}

static void read_patients(look *at) {
  for (int i = 1; i <= 4; i++) {
    char id[8];
    const tally_patient *patient;
    snprintf(id, sizeof id, "P%d", i);
    begin(at, TALLY_QUERY_DOCUMENT);
    tally_code code = tally_read_patient(at->ledger, (tally_text){id, strlen(id)}, at->request, &patient);
    add(at, code);
    if (code) continue;
    add(at, patient->credit_minor);
    add(at, patient->owed_minor);
    for (size_t k = 0; k < patient->document_count; k++) add_document(at, &patient->documents[k]);
  }
}

static void read_totals(look *at) {
  const tally_totals *rows;
  size_t count;
  unsigned by;
  begin(at, TALLY_QUERY_TOTALS);
  tally_request_set_list(at->request, "by");
  static const char *const columns[] = {"type", "group", "day", "actor"};
  for (size_t i = 0; i < 4; i++) tally_request_add_text(at->request, "by", columns[i], strlen(columns[i]));
  tally_code code = tally_read_totals(at->ledger, at->request, &rows, &count, &by);
  add(at, code);
  for (size_t i = 0; !code && i < count; i++) add_totals(at, &rows[i]);
}

static void read_closings(look *at) {
  const tally_closing *closings;
  size_t count;
  tally_code code = tally_read_closings(at->ledger, &closings, &count);
  add(at, code);
  for (size_t i = 0; !code && i < count; i++) add_closing(at, &closings[i]);
}

static void read_head(look *at) {
  tally_head head;
  tally_code code = tally_read_head(at->ledger, &head);
  add(at, code);
  if (code) return;
  add(at, head.seq);
  add_bytes(at, head.hash, sizeof head.hash);
}

/* Not the journal mode, which tells of this opening and is set anew by the next for writing, nor the path and the size. */
static void read_info(look *at) {
  tally_info info;
  tally_code code = tally_read_info(at->ledger, &info);
  add(at, code);
  if (code) return;
  const int64_t numbers[] = {info.schema_version, info.created_at_ms,      info.entries,
                             info.documents,      info.payments,           info.closings,
                             info.script_version, info.has_closed_through, info.closed_through};
  add_bytes(at, numbers, sizeof numbers);
  add_string(at, info.id);
  add_string(at, info.currency->code);
  add_text(at, info.language);
  add_text(at, info.script_name);
  add_text(at, info.script_text);
}

static void read_types(look *at) {
  const tally_payment_type *type, *default_type = tally_ledger_default_type(at->ledger);
  char ids[NAMES_MAX][NAME_BYTES];
  size_t count = 0;
  if (default_type) add_type(at, default_type);
  while (count < NAMES_MAX && (type = tally_ledger_type_at(at->ledger, count))) {
    snprintf(ids[count++], NAME_BYTES, "%.*s", (int)type->id.length, type->id.data);
    add_type(at, type);
  }
  for (size_t i = 0; i < count; i++) {
    for (int32_t version = 0; version <= 2; version++) {
      tally_code code = tally_read_type(at->ledger, (tally_text){ids[i], strlen(ids[i])}, version, &type);
      add(at, code);
      if (!code) add_type(at, type);
    }
  }
}

static void read_config(look *at) {
  const tally_config *config = tally_ledger_config(at->ledger);
  if (config == NULL) return;
  add_text(at, config->consultation_format);
  add_text(at, config->invoice_format);
  add_text(at, config->payment_format);
  for (size_t i = 0; i < config->permit_count; i++) {
    add_text(at, config->permits[i].command);
    add_texts(at, config->permits[i].roles, config->permits[i].role_count);
  }
}

static void read_all(look *at) {
  read_head(at);
  read_info(at);
  read_config(at);
  read_types(at);
  read_names(at);
  read_each_document(at);
  read_each_payment(at);
  read_lists(at);
  read_patients(at);
  read_totals(at);
  read_closings(at);
}

static void verify(look *at, const tally_head *head, readings *found) {
  tally_verify *verify = NULL;
  found->verified = tally_verify_begin(at->ledger, head, &verify);
  while (found->verified == TALLY_OK) found->verified = tally_verify_step(verify);
  tally_verify_end(verify);
  if (found->verified == TALLY_DONE) return;
  const char *key, *value;
  snprintf(found->message, sizeof found->message, "%s", tally_error_message(at->ledger));
  for (size_t i = 0; tally_error_detail(at->ledger, i, &key, &value); i++) {
    if (strcmp(key, "seq") == 0) found->bad_seq = strtoll(value, NULL, 10);
  }
}

void readings_take(const char *path, const tally_head *head, bool texts, readings *found) {
  tally_options options = {.read_only = true, .busy_timeout_ms = -1};
  look *at = calloc(1, sizeof *at);
  memset(found, 0, sizeof *found);
  if (at == NULL || (at->request = tally_request_new()) == NULL) abort();
  at->texts = texts;
  crypto_generichash_init(&at->state, NULL, 0, READINGS_BYTES);
  found->opened = tally_open(path, &options, &at->ledger);
  if (found->opened) snprintf(found->message, sizeof found->message, "%s", tally_error_message(at->ledger));
  if (!found->opened) {
    read_all(at);
    verify(at, head, found);
  }
  crypto_generichash_final(&at->state, found->digest, READINGS_BYTES);
  tally_close(at->ledger);
  tally_request_free(at->request);
  free(at);
}
