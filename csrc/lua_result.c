/* lua_result.c - what the core gives, as plain Lua tables. */
#include <stdio.h>
#include <string.h>

#include "lua_tallystick.h"

/* ---- Pieces ---- */

void l_set_text(lua_State *L, const char *name, tally_text text) {
  if (text.data == NULL) return;
  lua_pushlstring(L, text.data, text.length);
  lua_setfield(L, -2, name);
}

static void set_string(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

void l_set_integer(lua_State *L, const char *name, int64_t value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

/* Money values do not change, so one zero serves for all: the registry keeps it by its currency's address. */
static void push_zero(lua_State *L, const tally_currency *currency) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, currency) == LUA_TUSERDATA) return;
  lua_pop(L, 1);
  l_push_money(L, 0, currency);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, currency);
}

static void push_money(lua_State *L, int64_t minor, const tally_currency *currency) {
  if (minor == 0) push_zero(L, currency);
  else l_push_money(L, minor, currency);
}

static void set_money(lua_State *L, const char *name, int64_t minor, const tally_currency *currency) {
  push_money(L, minor, currency);
  lua_setfield(L, -2, name);
}

void l_push_time(lua_State *L, int64_t at_ms) {
  char text[TALLY_TIME_TEXT_MAX];
  size_t length = tally_time_print(at_ms, text);
  lua_pushlstring(L, text, length);
}

void l_push_day(lua_State *L, int32_t day) {
  char text[TALLY_TIME_TEXT_MAX];
  size_t length = tally_day_print(day, text);
  lua_pushlstring(L, text, length);
}

static void set_time(lua_State *L, const char *name, int64_t at_ms) {
  l_push_time(L, at_ms);
  lua_setfield(L, -2, name);
}

static void set_day(lua_State *L, const char *name, int32_t day) {
  l_push_day(L, day);
  lua_setfield(L, -2, name);
}

void l_push_hash(lua_State *L, const uint8_t hash[32]) {
  char hex[65];
  for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
  lua_pushlstring(L, hex, 64);
}

void l_push_texts(lua_State *L, const tally_text *items, size_t count) {
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    lua_pushlstring(L, items[i].data, items[i].length);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

void l_set_texts(lua_State *L, const char *name, const tally_text *items, size_t count) {
  l_push_texts(L, items, count);
  lua_setfield(L, -2, name);
}

/* ---- Errors ---- */

int l_push_error(lua_State *L, const tally_ledger *ledger, tally_code code) {
  const char *key, *value;
  lua_pushnil(L);
  lua_pushstring(L, tally_error_message(ledger));
  lua_pushstring(L, tally_code_name(code));
  lua_newtable(L);
  for (size_t i = 0; tally_error_detail(ledger, i, &key, &value); i++) set_string(L, key, value);
  return 4;
}

int l_refuse(lua_State *L, tally_code code, const char *field, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushstring(L, tally_code_name(code));
  lua_createtable(L, 0, 1);
  set_string(L, "field", field);
  return 4;
}

/* ---- Documents ---- */

/* Sets an amount that most often is one of three which lie just under the table on the stack. */
static void set_shared_money(lua_State *L, const char *name, int64_t minor, const tally_document *document,
                             const tally_currency *currency) {
  if (minor == 0) lua_pushvalue(L, -2);
  else if (minor == document->facts.charged) lua_pushvalue(L, -4);
  else if (minor == document->remaining_minor) lua_pushvalue(L, -3);
  else push_money(L, minor, currency);
  lua_setfield(L, -2, name);
}

static void set_facts(lua_State *L, const tally_document *document, const tally_currency *currency) {
  const tally_facts *facts = &document->facts;
  /* Cannot overflow: the status was computed from the same sum. */
  int64_t settled = facts->collected + facts->credited + facts->discounted + facts->lost + facts->rounded;
  set_shared_money(L, "charged", facts->charged, document, currency);
  set_shared_money(L, "collected", facts->collected, document, currency);
  set_shared_money(L, "credited", facts->credited, document, currency);
  set_shared_money(L, "discounted", facts->discounted, document, currency);
  set_shared_money(L, "lost", facts->lost, document, currency);
  set_shared_money(L, "rounded", facts->rounded, document, currency);
  set_shared_money(L, "settled", settled, document, currency);
  set_shared_money(L, "remaining", document->remaining_minor, document, currency);
  set_boolean(L, "invoiced", facts->invoiced);
  set_boolean(L, "cancelled", facts->cancelled);
}

static void set_lists(lua_State *L, const tally_document *document) {
  l_set_text(L, "label", document->label);
  l_set_text(L, "note", document->note);
  if (document->kind == TALLY_INVOICE)
    l_set_texts(L, "consultations", document->consultations, document->consultation_count);
  l_set_texts(L, "payments", document->payments, document->payment_count);
}

void l_push_document(lua_State *L, const tally_document *document, const tally_currency *currency, bool whole) {
  push_money(L, document->facts.charged, currency);
  push_money(L, document->remaining_minor, currency);
  push_zero(L, currency);
  lua_createtable(L, 0, 24);
  l_set_text(L, "number", document->number);
  set_string(L, "kind", tally_document_kind_name(document->kind));
  l_set_text(L, "patient", document->patient);
  set_string(L, "status", tally_status_name(document->status));
  set_facts(L, document, currency);
  l_set_text(L, "invoice", document->invoice);
  set_time(L, "at", document->at_ms);
  set_day(L, "day", document->day);
  set_time(L, "recorded_at", document->recorded_at_ms);
  if (document->has_due) set_day(L, "due", document->due);
  set_boolean(L, "overdue", document->overdue);
  if (whole) set_lists(L, document);
  lua_replace(L, -4);
  lua_pop(L, 2);
}

void l_push_patient(lua_State *L, const tally_patient *patient, const tally_currency *currency) {
  lua_createtable(L, 0, 4);
  l_set_text(L, "patient", patient->id);
  set_money(L, "credit", patient->credit_minor, currency);
  set_money(L, "owed", patient->owed_minor, currency);
  lua_createtable(L, (int)patient->document_count, 0);
  for (size_t i = 0; i < patient->document_count; i++) {
    l_push_document(L, &patient->documents[i], currency, false);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "documents");
}

/* ---- Payments ---- */

static const char *made_by(const tally_payment *payment) {
  return payment->command == TALLY_COMMAND_CORRECT ? "pay" : tally_command_name(payment->command);
}

static void set_allocations(lua_State *L, const tally_payment *payment, const tally_currency *currency) {
  lua_createtable(L, (int)payment->allocation_count, 0);
  for (size_t i = 0; i < payment->allocation_count; i++) {
    const tally_allocation *allocation = &payment->allocations[i];
    lua_createtable(L, 0, 4);
    l_set_text(L, "document", allocation->document);
    set_money(L, "amount", allocation->amount_minor, currency);
    set_money(L, "rounded", allocation->rounded_minor, currency);
    set_money(L, "refunded", allocation->refunded_minor, currency);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "allocations");
}

static void set_fields(lua_State *L, const tally_payment *payment) {
  if (payment->field_count == 0) return;
  lua_createtable(L, 0, (int)payment->field_count);
  for (size_t i = 0; i < payment->field_count; i++) {
    lua_pushlstring(L, payment->fields[i].key.data, payment->fields[i].key.length);
    lua_pushlstring(L, payment->fields[i].value.data, payment->fields[i].value.length);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "fields");
}

void l_push_payment(lua_State *L, const tally_payment *payment, const tally_currency *currency) {
  lua_createtable(L, 0, 32);
  l_set_text(L, "number", payment->number);
  l_set_integer(L, "act", payment->act);
  set_string(L, "kind", made_by(payment));
  l_set_text(L, "type", payment->type);
  l_set_integer(L, "type_version", payment->type_version);
  set_string(L, "effect", tally_effect_name(payment->effect));
  l_set_text(L, "patient", payment->patient);
  l_set_text(L, "group", payment->group);
  l_set_text(L, "reference", payment->reference);
  l_set_text(L, "actor", payment->actor);
  l_set_text(L, "note", payment->note);
  l_set_text(L, "reason", payment->reason);
  set_money(L, "amount", payment->amount_minor, currency);
  set_money(L, "deposited", payment->deposited_minor, currency);
  if (payment->has_tendered) set_money(L, "tendered", payment->tendered_minor, currency);
  set_money(L, "change", payment->change_minor, currency);
  set_money(L, "refunded", payment->refunded_minor, currency);
  set_time(L, "at", payment->at_ms);
  set_day(L, "day", payment->day);
  set_time(L, "recorded_at", payment->recorded_at_ms);
  set_allocations(L, payment, currency);
  set_fields(L, payment);
  set_boolean(L, "reversed", payment->reversed_by != 0);
  if (payment->reversed_by) l_set_integer(L, "reversed_by", payment->reversed_by);
  l_set_text(L, "corrected_by", payment->corrected_by);
  l_set_text(L, "corrects", payment->corrects);
  l_set_text(L, "refund_of", payment->refund_of);
  l_set_texts(L, "refunds", payment->refunds, payment->refund_count);
}

/* ---- Entries, totals, closings ---- */

static void set_accounts(lua_State *L, tally_kind kind) {
  tally_account debit, credit;
  tally_kind_accounts(kind, &debit, &credit);
  if (debit == TALLY_ACCOUNT_NONE) return;
  set_string(L, "debit", tally_account_name(debit));
  set_string(L, "credit", tally_account_name(credit));
}

/* What a payment's type asked for beside the rest; of a stage: workflow, from, to and what a script handed on. */
static void set_entry_fields(lua_State *L, const tally_entry *entry) {
  tally_text key, value;
  if (entry->fields.data == NULL || entry->kind == TALLY_KIND_CLOSING) return;
  lua_newtable(L);
  for (size_t i = 0; tally_entry_field(entry, i, &key, &value); i++) {
    lua_pushlstring(L, key.data, key.length);
    lua_pushlstring(L, value.data, value.length);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "fields");
}

void l_push_entry(lua_State *L, const tally_entry *entry, const tally_currency *currency) {
  lua_createtable(L, 0, 28);
  l_set_integer(L, "seq", entry->seq);
  l_set_integer(L, "act", entry->act);
  set_string(L, "kind", tally_kind_name(entry->kind));
  set_string(L, "command", tally_command_name(entry->command));
  set_accounts(L, entry->kind);
  l_set_text(L, "number", entry->number);
  l_set_text(L, "document", entry->document);
  l_set_text(L, "counter_document", entry->counter_document);
  l_set_text(L, "patient", entry->patient);
  l_set_text(L, "counter_patient", entry->counter_patient);
  l_set_text(L, "type", entry->type);
  if (entry->type.data) l_set_integer(L, "type_version", entry->type_version);
  set_money(L, "amount", entry->amount_minor, currency);
  set_time(L, "at", entry->at_ms);
  set_day(L, "day", entry->day);
  set_time(L, "recorded_at", entry->recorded_at_ms);
  l_set_text(L, "actor", entry->actor);
  l_set_text(L, "group", entry->group);
  l_set_text(L, "reference", entry->reference);
  if (entry->has_tendered) set_money(L, "tendered", entry->tendered_minor, currency);
  if (entry->has_due) set_day(L, "due", entry->due);
  l_set_text(L, "note", entry->note);
  l_set_text(L, "label", entry->label);
  l_set_text(L, "reason", entry->reason);
  l_set_text(L, "key", entry->key);
  if (entry->refers) l_set_integer(L, "refers", entry->refers);
  set_entry_fields(L, entry);
  l_set_integer(L, "script_version", entry->script_version);
  l_push_hash(L, entry->hash);
  lua_setfield(L, -2, "hash");
}

void l_push_totals(lua_State *L, const tally_totals *row, unsigned by, const tally_currency *currency) {
  lua_createtable(L, 0, 14);
  /* No group and no actor are empty strings: a row has each of its `by` fields. */
  if (by & TALLY_BY_TYPE) l_set_text(L, "type", row->type);
  if (by & TALLY_BY_GROUP) l_set_text(L, "group", row->group);
  if (by & TALLY_BY_ACTOR) l_set_text(L, "actor", row->actor);
  if (by & TALLY_BY_DAY) set_day(L, "day", row->day);
  set_money(L, "collected", row->collected, currency);
  set_money(L, "refunded", row->refunded, currency);
  set_money(L, "deposited", row->deposited, currency);
  set_money(L, "withdrawn", row->withdrawn, currency);
  set_money(L, "money", row->money, currency);
  set_money(L, "credited", row->credited, currency);
  set_money(L, "discounted", row->discounted, currency);
  set_money(L, "lost", row->lost, currency);
  set_money(L, "rounded", row->rounded, currency);
  l_set_integer(L, "count", row->count);
}

static void set_counted(lua_State *L, const tally_closing *closing, const tally_currency *currency) {
  lua_createtable(L, 0, (int)closing->counted_count);
  for (size_t i = 0; i < closing->counted_count; i++) {
    const tally_counted *counted = &closing->counted[i];
    lua_pushlstring(L, counted->type.data, counted->type.length);
    lua_createtable(L, 0, 3);
    set_money(L, "expected", counted->expected_minor, currency);
    set_money(L, "counted", counted->counted_minor, currency);
    set_money(L, "variance", counted->variance_minor, currency);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "counted");
}

static void set_closing_totals(lua_State *L, const tally_closing *closing, const tally_currency *currency) {
  lua_createtable(L, (int)closing->total_count, 0);
  for (size_t i = 0; i < closing->total_count; i++) {
    l_push_totals(L, &closing->totals[i], TALLY_BY_TYPE, currency);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "totals");
}

void l_push_closing(lua_State *L, const tally_closing *closing, const tally_currency *currency) {
  lua_createtable(L, 0, 10);
  if (closing->has_from) set_day(L, "from", closing->from);
  set_day(L, "through", closing->through);
  set_time(L, "at", closing->at_ms);
  set_time(L, "recorded_at", closing->recorded_at_ms);
  l_set_text(L, "actor", closing->actor);
  lua_createtable(L, 0, 2);
  l_set_integer(L, "seq", closing->seq);
  l_push_hash(L, closing->hash);
  lua_setfield(L, -2, "hash");
  lua_setfield(L, -2, "head");
  if (closing->has_totals) set_closing_totals(L, closing, currency);
  set_counted(L, closing, currency);
}

/* ---- A command's result ---- */

static void push_body(lua_State *L, const tally_result *result, const tally_currency *currency) {
  if (result->document_made) l_push_document(L, result->document_made, currency, true);
  else if (result->payment) l_push_payment(L, result->payment, currency);
  else if (result->closing) l_push_closing(L, result->closing, currency);
  else if (result->command == TALLY_COMMAND_MOVE) {
    lua_createtable(L, 0, 8);
    l_set_text(L, "workflow", result->workflow);
    l_set_text(L, "from", result->from);
    l_set_text(L, "to", result->to);
  } else {
    lua_createtable(L, 0, 6);
    l_set_text(L, "from", result->from);
    l_set_text(L, "to", result->to);
    set_money(L, "amount", result->amount_minor, currency);
  }
}

void l_push_result(lua_State *L, const tally_result *result, const tally_currency *currency) {
  push_body(L, result, currency);
  l_set_integer(L, "act", result->act);
  if (result->prints) l_set_integer(L, "prints", result->prints);
  bool is_of_payment = result->command == TALLY_COMMAND_REVERSE || result->command == TALLY_COMMAND_PRINT;
  if (is_of_payment) l_set_text(L, "payment", result->payment->number);
  if (result->number.data == NULL) {
    /* `number` names what was made; where nothing was, document and payment say what the act is about. */
    lua_pushnil(L);
    lua_setfield(L, -2, "number");
  }
  if (result->has_document) {
    l_set_text(L, "document", result->document);
    set_string(L, "status", tally_status_name(result->status));
    set_money(L, "remaining", result->remaining_minor, currency);
  }
  if (result->replayed) set_boolean(L, "replayed", true);
  if (result->dry_run) set_boolean(L, "dry_run", true);
}
