/* steps_read.c - the steps that read: documents, payments, what else a ledger answers, and what a handle holds. */
#include "steps.h"

#include <stdlib.h>
#include <string.h>

tally_code step_document(world *in, char *rest) {
  const tally_document *document;
  char *fields = strchr(rest, ' ');
  if (fields) *fields++ = '\0';
  char none[] = "";
  begin_request(in, TALLY_QUERY_DOCUMENT, fields ? fields : none);
  TRY(tally_read_document(in->ledger, text_of(rest), in->request, &document));
  mix_document(&in->answer, document);
  return TALLY_OK;
}

tally_code step_payment(world *in, char *rest) {
  const tally_payment *payment;
  TRY(tally_read_payment(in->ledger, text_of(rest), &payment));
  mix_payment(&in->answer, payment);
  return TALLY_OK;
}

tally_code step_patient(world *in, char *rest) {
  const tally_patient *patient;
  char none[] = "";
  begin_request(in, TALLY_QUERY_DOCUMENT, none);
  TRY(tally_read_patient(in->ledger, text_of(rest), in->request, &patient));
  mix_number(&in->answer, patient->credit_minor);
  mix_number(&in->answer, patient->owed_minor);
  for (size_t i = 0; i < patient->document_count; i++) mix_document(&in->answer, &patient->documents[i]);
  return TALLY_OK;
}

static tally_code next_row(world *in, tally_cursor *cursor, tally_command query) {
  const tally_document *document;
  const tally_payment *payment;
  const tally_entry *entry;
  if (query == TALLY_QUERY_DOCUMENTS) {
    TRY(tally_cursor_document(cursor, &document));
    mix_document(&in->answer, document);
  } else if (query == TALLY_QUERY_PAYMENTS) {
    TRY(tally_cursor_payment(cursor, &payment));
    mix_payment(&in->answer, payment);
  } else {
    TRY(tally_cursor_entry(cursor, &entry));
    mix_number(&in->answer, entry->seq);
    mix_number(&in->answer, entry->amount_minor);
    mix_text(&in->answer, entry->note);
    mix_text(&in->answer, entry->reason);
    tally_text key, value;
    for (size_t i = 0; tally_entry_field(entry, i, &key, &value); i++) mix_text(&in->answer, value);
  }
  return TALLY_OK;
}

static tally_code rows(world *in, tally_command query, char *rest) {
  tally_cursor *cursor = NULL;
  begin_request(in, query, rest);
  TRY(tally_cursor_open(in->ledger, in->request, &cursor));
  tally_code code = TALLY_OK;
  while (code == TALLY_OK) code = next_row(in, cursor, query);
  tally_cursor_close(cursor);
  return code == TALLY_DONE ? TALLY_OK : code;
}

tally_code step_documents(world *in, char *rest) {
  return rows(in, TALLY_QUERY_DOCUMENTS, rest);
}

tally_code step_payments(world *in, char *rest) {
  return rows(in, TALLY_QUERY_PAYMENTS, rest);
}

tally_code step_entries(world *in, char *rest) {
  return rows(in, TALLY_QUERY_ENTRIES, rest);
}

tally_code step_totals(world *in, char *rest) {
  const tally_totals *row;
  size_t count;
  unsigned by;
  begin_request(in, TALLY_QUERY_TOTALS, rest);
  TRY(tally_read_totals(in->ledger, in->request, &row, &count, &by));
  mix_number(&in->answer, by);
  for (size_t i = 0; i < count; i++) mix_number(&in->answer, row[i].money);
  return TALLY_OK;
}

tally_code step_names(world *in, char *rest) {
  static const char *const kinds[] = {"document", "payment", "patient"};
  const tally_text *names;
  size_t count;
  int which = 0;
  while (strcmp(kinds[which], rest) != 0) which++;
  TRY(tally_read_names(in->ledger, (tally_names)which, text_of(""), 10, &names, &count));
  for (size_t i = 0; i < count; i++) mix_text(&in->answer, names[i]);
  return TALLY_OK;
}

tally_code step_closings(world *in, char *rest) {
  const tally_closing *closings;
  size_t count;
  (void)rest;
  TRY(tally_read_closings(in->ledger, &closings, &count));
  for (size_t i = 0; i < count; i++) {
    mix_number(&in->answer, closings[i].through);
    for (size_t j = 0; j < closings[i].total_count; j++) mix_number(&in->answer, closings[i].totals[j].money);
  }
  return TALLY_OK;
}

tally_code step_head(world *in, char *rest) {
  tally_head head;
  (void)rest;
  TRY(tally_read_head(in->ledger, &head));
  mix_number(&in->answer, head.seq);
  return TALLY_OK;
}

tally_code step_info(world *in, char *rest) {
  tally_info info;
  (void)rest;
  TRY(tally_read_info(in->ledger, &info));
  const int64_t numbers[] = {info.entries, info.documents, info.payments, info.closings, info.synchronous};
  mix(&in->answer, numbers, sizeof numbers);
  mix_text(&in->answer, text_of(info.journal_mode));
  return TALLY_OK;
}

tally_code step_type(world *in, char *rest) {
  const tally_payment_type *type;
  TRY(tally_read_type(in->ledger, text_of(rest), 1, &type));
  mix_text(&in->answer, type->id);
  mix_number(&in->answer, (int64_t)type->label_count);
  mix_number(&in->answer, type->round_to_minor);
  return TALLY_OK;
}

tally_code step_stage(world *in, char *rest) {
  tally_stage stage;
  TRY(tally_read_stage(in->ledger, text_of(rest), text_of("reminders"), &stage));
  mix_text(&in->answer, stage.name);
  mix_number(&in->answer, stage.seq);
  return TALLY_OK;
}

tally_code step_reload(world *in, char *rest) {
  int32_t version;
  (void)rest;
  TRY(tally_ledger_reload(in->ledger, &version));
  mix_number(&in->answer, version);
  return TALLY_OK;
}

/* What a handle holds in memory. */
tally_code step_settings(world *in, char *rest) {
  const tally_payment_type *type = tally_ledger_type(in->ledger, text_of("card"));
  (void)rest;
  mix_number(&in->answer, type ? type->version : -1);
  for (size_t i = 0; (type = tally_ledger_type_at(in->ledger, i)) != NULL; i++) mix_text(&in->answer, type->id);
  mix_text(&in->answer, tally_ledger_default_type(in->ledger)->id);
  mix_text(&in->answer, text_of(tally_ledger_currency(in->ledger)->code));
  mix_number(&in->answer, (int64_t)tally_ledger_config(in->ledger)->type_count);
  int waits_ms = tally_set_busy_timeout(in->ledger, 1);
  mix_number(&in->answer, tally_set_busy_timeout(in->ledger, waits_ms));
  return TALLY_OK;
}

tally_code step_followed(world *in, char *rest) {
  int64_t seq;
  TRY(tally_follower_get(in->ledger, text_of(rest), &seq));
  mix_number(&in->answer, seq);
  return TALLY_OK;
}

tally_code step_follow(world *in, char *rest) {
  return tally_follower_set(in->ledger, text_of("letters"), strtoll(rest, NULL, 10));
}
