/* lua_hook.c - what hooks see and read: the event, facts of the call, documents, payments, patients, totals (§7). */
#include <stdio.h>
#include <string.h>

#include "lua_script.h"

/* ---- The event: the proposed act, read field by field as a hook asks for it ---- */

#define EVENT_CLASS "tallystick.event"

/* Every field that an event has; where the command has none of it, it is nil. docs/scripts.md says what each is. */
#define EVENT_FIELDS(X)                                                                                               \
  X(COMMAND, "command")                                                                                               \
  X(NUMBER, "number")                                                                                                 \
  X(ACT, "act")                                                                                                       \
  X(TYPE, "type")                                                                                                     \
  X(EFFECT, "effect")                                                                                                 \
  X(AMOUNT, "amount")                                                                                                 \
  X(DEPOSITED, "deposited")                                                                                           \
  X(TENDERED, "tendered")                                                                                             \
  X(CHANGE, "change")                                                                                                 \
  X(GROUP, "group")                                                                                                   \
  X(REFERENCE, "reference")                                                                                           \
  X(PATIENT, "patient")                                                                                               \
  X(WORKFLOW, "workflow")                                                                                             \
  X(FROM, "from")                                                                                                     \
  X(TO, "to")                                                                                                         \
  X(ACTOR, "actor")                                                                                                   \
  X(ROLES, "roles")                                                                                                   \
  X(NOTE, "note")                                                                                                     \
  X(REASON, "reason")                                                                                                 \
  X(LABEL, "label")                                                                                                   \
  X(KEY, "key")                                                                                                       \
  X(AT, "at")                                                                                                         \
  X(DAY, "day")                                                                                                       \
  X(RECORDED_AT, "recorded_at")                                                                                       \
  X(FIELDS, "fields")                                                                                                 \
  X(PAYMENT, "payment")                                                                                               \
  X(REOPEN, "reopen")                                                                                                 \
  X(DUE, "due")                                                                                                       \
  X(THROUGH, "through")                                                                                               \
  X(DOCUMENT, "document")                                                                                             \
  X(BEFORE, "before")                                                                                                 \
  X(AFTER, "after")                                                                                                   \
  X(DOCUMENTS, "documents")                                                                                           \
  X(ALLOCATIONS, "allocations")                                                                                       \
  X(DRY_RUN, "dry_run")

typedef enum event_field {
#define X(symbol, name) EVENT_##symbol,
  EVENT_FIELDS(X)
#undef X
      EVENT_FIELD_COUNT
} event_field;

static const char *const event_names[EVENT_FIELD_COUNT] = {
#define X(symbol, name) name,
    EVENT_FIELDS(X)
#undef X
};

typedef struct event {
  uint64_t run; /* the script's, as long as the event lasts */
} event;

static void push_text(lua_State *S, tally_text text) {
  if (text.data) lua_pushlstring(S, text.data, text.length);
  else lua_pushnil(S);
}

static const tally_currency *currency_of(const l_script *script) {
  return tally_ledger_currency(script->box->ledger);
}

/* What was recorded: the payment's, else what the first entry moves. */
static void push_amount(lua_State *S, const l_script *script, const tally_proposal *proposal) {
  const tally_payment *payment = proposal->result->payment;
  if (payment) l_push_money(S, payment->amount_minor, currency_of(script));
  else if (proposal->command == TALLY_COMMAND_CANCEL || proposal->command == TALLY_COMMAND_MOVE ||
           proposal->closes_days)
    lua_pushnil(S);
  else if (proposal->entries[0].kind == TALLY_KIND_CHARGE || proposal->command == TALLY_COMMAND_TRANSFER)
    l_push_money(S, proposal->entries[0].amount_minor, currency_of(script));
  else l_push_money(S, 0, currency_of(script));
}

static int read_failed(lua_State *S, const l_script *script) {
  return luaL_error(S, "%s", tally_error_message(script->box->ledger));
}

/* A document as it is and as it would be: { number, before, after }. */
static void push_touched(lua_State *S, l_script *script, size_t index) {
  const tally_document *before, *after;
  if (tally_proposal_document(script->box->ledger, index, &before, &after)) read_failed(S, script);
  lua_createtable(S, 0, 3);
  l_set_text(S, "number", after->number);
  l_push_document(S, after, currency_of(script), false);
  lua_setfield(S, -2, "after");
  if (before == NULL) return;
  l_push_document(S, before, currency_of(script), false);
  lua_setfield(S, -2, "before");
}

static void push_documents(lua_State *S, l_script *script, const tally_proposal *proposal) {
  lua_createtable(S, (int)proposal->document_count, 0);
  for (size_t i = 0; i < proposal->document_count; i++) {
    push_touched(S, script, i);
    lua_rawseti(S, -2, (lua_Integer)i + 1);
  }
}

/* The one document that the act is about, as it is or as it would be; nil where it is about several, or about none. */
static void push_one_document(lua_State *S, l_script *script, const tally_proposal *proposal, bool as_it_is) {
  const tally_document *before, *after;
  tally_text number = proposal->result->document;
  for (size_t i = 0; proposal->result->has_document && i < proposal->document_count; i++) {
    if (tally_proposal_document(script->box->ledger, i, &before, &after)) read_failed(S, script);
    if (after->number.length != number.length || memcmp(after->number.data, number.data, number.length) != 0) continue;
    const tally_document *shown = as_it_is ? before : after;
    if (shown) l_push_document(S, shown, currency_of(script), false);
    else lua_pushnil(S);
    return;
  }
  lua_pushnil(S);
}

static void push_fields(lua_State *S, const tally_proposal *proposal) {
  lua_createtable(S, 0, (int)proposal->field_count);
  for (size_t i = 0; i < proposal->field_count; i++) {
    push_text(S, proposal->fields[i].key);
    push_text(S, proposal->fields[i].value);
    lua_rawset(S, -3);
  }
}

static void push_allocations(lua_State *S, const l_script *script, const tally_payment *payment) {
  lua_createtable(S, (int)payment->allocation_count, 0);
  for (size_t i = 0; i < payment->allocation_count; i++) {
    lua_createtable(S, 0, 3);
    l_set_text(S, "document", payment->allocations[i].document);
    l_push_money(S, payment->allocations[i].amount_minor, currency_of(script));
    lua_setfield(S, -2, "amount");
    l_push_money(S, payment->allocations[i].rounded_minor, currency_of(script));
    lua_setfield(S, -2, "rounded");
    lua_rawseti(S, -2, (lua_Integer)i + 1);
  }
}

static bool push_of_payment(lua_State *S, const l_script *script, const tally_payment *payment, event_field field) {
  if (payment == NULL) return false;
  switch (field) {
  case EVENT_EFFECT:
    lua_pushstring(S, tally_effect_name(payment->effect));
    return true;
  case EVENT_DEPOSITED:
    l_push_money(S, payment->deposited_minor, currency_of(script));
    return true;
  case EVENT_TENDERED:
    if (payment->has_tendered) l_push_money(S, payment->tendered_minor, currency_of(script));
    else lua_pushnil(S);
    return true;
  case EVENT_CHANGE:
    l_push_money(S, payment->change_minor, currency_of(script));
    return true;
  case EVENT_ALLOCATIONS:
    push_allocations(S, script, payment);
    return true;
  default:
    return false;
  }
}

static bool push_of_documents(lua_State *S, l_script *script, const tally_proposal *proposal, event_field field) {
  l_script_look(S); /* each is read */
  switch (field) {
  case EVENT_DOCUMENT:
    push_text(S, proposal->result->has_document ? proposal->result->document : (tally_text){NULL, 0});
    return true;
  case EVENT_BEFORE:
    push_one_document(S, script, proposal, true);
    return true;
  case EVENT_AFTER:
    push_one_document(S, script, proposal, false);
    return true;
  case EVENT_DOCUMENTS:
    push_documents(S, script, proposal);
    return true;
  default:
    return false;
  }
}

static const tally_text *text_field(const tally_proposal *proposal, event_field field) {
  switch (field) {
  case EVENT_NUMBER:
    return &proposal->result->number;
  case EVENT_TYPE:
    return &proposal->type;
  case EVENT_GROUP:
    return &proposal->group;
  case EVENT_REFERENCE:
    return &proposal->reference;
  case EVENT_PATIENT:
    return &proposal->patient;
  case EVENT_WORKFLOW:
    return &proposal->result->workflow;
  case EVENT_FROM:
    return &proposal->result->from;
  case EVENT_TO:
    return &proposal->result->to;
  case EVENT_ACTOR:
    return &proposal->actor;
  case EVENT_NOTE:
    return &proposal->note;
  case EVENT_REASON:
    return &proposal->reason;
  case EVENT_LABEL:
    return &proposal->label;
  case EVENT_KEY:
    return &proposal->key;
  case EVENT_PAYMENT:
    return &proposal->payment;
  default:
    return NULL;
  }
}

static void push_field(lua_State *S, l_script *script, const tally_proposal *proposal, event_field field) {
  const tally_text *text = text_field(proposal, field);
  if (text) {
    push_text(S, *text);
    return;
  }
  if (push_of_payment(S, script, proposal->result->payment, field)) return;
  if (push_of_documents(S, script, proposal, field)) return;
  switch (field) {
  case EVENT_COMMAND:
    lua_pushstring(S, tally_command_name(proposal->command));
    return;
  case EVENT_ACT:
    lua_pushinteger(S, (lua_Integer)proposal->act);
    return;
  case EVENT_AMOUNT:
    push_amount(S, script, proposal);
    return;
  case EVENT_ROLES:
    l_push_texts(S, proposal->roles, proposal->role_count);
    return;
  case EVENT_AT:
    l_push_time(S, proposal->at_ms);
    return;
  case EVENT_DAY:
    l_push_day(S, proposal->day);
    return;
  case EVENT_RECORDED_AT:
    l_push_time(S, proposal->now_ms);
    return;
  case EVENT_FIELDS:
    push_fields(S, proposal);
    return;
  case EVENT_REOPEN:
    if (proposal->command == TALLY_COMMAND_REFUND) lua_pushboolean(S, proposal->reopen);
    else lua_pushnil(S);
    return;
  case EVENT_DUE:
    if (proposal->has_due) l_push_day(S, proposal->due);
    else lua_pushnil(S);
    return;
  case EVENT_THROUGH:
    if (proposal->closes_days) l_push_day(S, proposal->through);
    else lua_pushnil(S);
    return;
  case EVENT_DRY_RUN:
    lua_pushboolean(S, proposal->dry_run || script->box->pretends);
    return;
  default:
    lua_pushnil(S);
  }
}

/* The place of a name among the fields; the metatable's table of names is the upvalue. -1 where there is none. */
static int field_of(lua_State *S, int name) {
  lua_pushvalue(S, name);
  bool known = lua_rawget(S, lua_upvalueindex(1)) == LUA_TNUMBER;
  int field = known ? (int)lua_tointeger(S, -1) : -1;
  lua_pop(S, 1);
  return field;
}

/* A misspelt name would make a guard that never guards: it is an error of the script's, with the nearest name. */
static int unknown_field(lua_State *S) {
  lua_getglobal(S, "require");
  lua_pushliteral(S, "tallystick.config.nearest");
  lua_call(S, 1, 1);
  luaL_tolstring(S, 2, NULL);
  lua_createtable(S, EVENT_FIELD_COUNT, 0);
  for (int i = 0; i < EVENT_FIELD_COUNT; i++) {
    lua_pushstring(S, event_names[i]);
    lua_rawseti(S, -2, i + 1);
  }
  lua_call(S, 2, 1);
  const char *name = luaL_tolstring(S, 2, NULL), *near = lua_tostring(S, -2);
  if (near) return luaL_error(S, "the event has no field %s; did you mean %s?", name, near);
  return luaL_error(S, "the event has no field %s", name);
}

/* The proposal that an event is of; raises where its hook is over. */
static const tally_proposal *check_event(lua_State *S) {
  event *self = luaL_checkudata(S, 1, EVENT_CLASS);
  l_script *script = l_script_of(S);
  if (script->proposal == NULL || script->run != self->run)
    luaL_error(S, "the event is over; keep what you need of it in locals while its hook runs");
  return script->proposal;
}

static int event_index(lua_State *S) {
  luaL_checkudata(S, 1, EVENT_CLASS);
  int field = field_of(S, 2);
  if (field < 0) return unknown_field(S);
  push_field(S, l_script_of(S), check_event(S), (event_field)field);
  return 1;
}

static int event_newindex(lua_State *S) {
  return luaL_error(S, "the event is not to be changed");
}

/* Sets `before` and `after` of a copy to the tables that its list of documents has of the one it is about. */
static void share_document(lua_State *S, const tally_proposal *proposal) {
  if (!proposal->result->has_document) return;
  lua_getfield(S, -1, "documents");
  for (size_t i = 1; i <= proposal->document_count; i++) {
    lua_rawgeti(S, -1, (lua_Integer)i);
    lua_getfield(S, -1, "number");
    lua_getfield(S, -4, "document");
    bool same = lua_rawequal(S, -1, -2);
    lua_pop(S, 2);
    if (same) {
      lua_getfield(S, -1, "before");
      lua_setfield(S, -4, "before");
      lua_getfield(S, -1, "after");
      lua_setfield(S, -4, "after");
    }
    lua_pop(S, 1);
  }
  lua_pop(S, 1);
}

/* A plain copy of the event: for pairs(event), and for hooks that run when the proposal is over. */
static void push_event_table(lua_State *S, l_script *script, const tally_proposal *proposal) {
  lua_createtable(S, 0, EVENT_FIELD_COUNT);
  for (int i = 0; i < EVENT_FIELD_COUNT; i++) {
    if (i == EVENT_BEFORE || i == EVENT_AFTER) continue;
    push_field(S, script, proposal, (event_field)i);
    lua_setfield(S, -2, event_names[i]);
  }
  share_document(S, proposal);
}

static int event_pairs(lua_State *S) {
  const tally_proposal *proposal = check_event(S);
  lua_getglobal(S, "next");
  push_event_table(S, l_script_of(S), proposal);
  return 2;
}

static void push_names(lua_State *S) {
  lua_createtable(S, 0, EVENT_FIELD_COUNT);
  for (int i = 0; i < EVENT_FIELD_COUNT; i++) {
    lua_pushinteger(S, i);
    lua_setfield(S, -2, event_names[i]);
  }
}

static void open_event_type(lua_State *S) {
  luaL_newmetatable(S, EVENT_CLASS);
  push_names(S);
  lua_pushcclosure(S, event_index, 1);
  lua_setfield(S, -2, "__index");
  lua_pushcfunction(S, event_newindex);
  lua_setfield(S, -2, "__newindex");
  lua_pushcfunction(S, event_pairs);
  lua_setfield(S, -2, "__pairs");
  l_protect_type(S, EVENT_CLASS);
  lua_pop(S, 1);
}

/* ---- Readings ---- */

/* The script whose hook runs; outside of one there is nothing to read. */
static l_script *check_running(lua_State *S) {
  l_script *script = l_script_of(S);
  if (script->box == NULL || script->box->ledger == NULL)
    luaL_error(S, "the ledger can be read while a hook runs, not before or after");
  l_script_look(S);
  return script;
}

static void begin_reading(l_script *script, tally_command query) {
  tally_request_begin(script->request, query);
  tally_request_now(script->request, script->now_ms);
}

static tally_text check_text(lua_State *S, int index, const char *what) {
  if (lua_type(S, index) != LUA_TSTRING) luaL_error(S, "%s: give a string", what);
  return l_text(S, index);
}

enum { SHOWN_BYTES = 40 }; /* of what is no amount */

/* money "120.50": a money value of the ledger's currency. */
static int read_money(lua_State *S) {
  l_script *script = check_running(S);
  int64_t minor;
  tally_text text = check_text(S, 1, "ctx.money");
  if (tally_money_parse(text.data, text.length, currency_of(script), &minor))
    return luaL_error(S, "ctx.money: %s is no amount in %s; write digits such as \"120.50\"",
                      lua_pushlstring(S, text.data, text.length < SHOWN_BYTES ? text.length : SHOWN_BYTES),
                      currency_of(script)->code);
  l_push_money(S, minor, currency_of(script));
  return 1;
}

static int push_none(lua_State *S) {
  lua_pushnil(S);
  return 1;
}

/* document(number): the document, or nil where there is none. */
static int read_document(lua_State *S) {
  l_script *script = check_running(S);
  const tally_document *document;
  tally_text number = check_text(S, 1, "ctx.document");
  begin_reading(script, TALLY_QUERY_DOCUMENT);
  tally_code code = tally_read_document(script->box->ledger, number, script->request, &document);
  if (code == TALLY_ERR_DOCUMENT_UNKNOWN) return push_none(S);
  if (code) return read_failed(S, script);
  l_push_document(S, document, currency_of(script), true);
  return 1;
}

static int read_payment(lua_State *S) {
  l_script *script = check_running(S);
  const tally_payment *payment;
  tally_text number = check_text(S, 1, "ctx.payment");
  tally_code code = tally_read_payment(script->box->ledger, number, &payment);
  if (code == TALLY_ERR_PAYMENT_UNKNOWN) return push_none(S);
  if (code) return read_failed(S, script);
  l_push_payment(S, payment, currency_of(script));
  return 1;
}

static int read_patient(lua_State *S) {
  l_script *script = check_running(S);
  const tally_patient *patient;
  tally_text id = check_text(S, 1, "ctx.patient");
  begin_reading(script, TALLY_QUERY_DOCUMENT);
  tally_code code = tally_read_patient(script->box->ledger, id, script->request, &patient);
  if (code == TALLY_ERR_PATIENT_UNKNOWN) return push_none(S);
  if (code) return read_failed(S, script);
  l_push_patient(S, patient, currency_of(script));
  return 1;
}

/* A misspelt name would be no filter at all. */
static void check_totals_names(lua_State *S) {
  for (lua_pushnil(S); lua_next(S, 1); lua_pop(S, 1)) {
    const char *name = lua_type(S, -2) == LUA_TSTRING ? lua_tostring(S, -2) : luaL_typename(S, -2);
    bool known = strcmp(name, "from") == 0 || strcmp(name, "to") == 0 || strcmp(name, "by") == 0;
    if (!known) luaL_error(S, "ctx.totals has no field %s; it takes from, to and by", name);
  }
}

/* Takes from, to and by of a totals query. */
static void fill_totals(lua_State *S, l_script *script) {
  static const char *const days[] = {"from", "to"};
  luaL_checktype(S, 1, LUA_TTABLE);
  check_totals_names(S);
  for (int i = 0; i < 2; i++) {
    l_raw_field(S, 1, days[i]);
    if (!lua_isnil(S, -1)) {
      tally_text text = check_text(S, -1, days[i]);
      tally_request_set_text(script->request, days[i], text.data, text.length);
    }
  }
  l_raw_field(S, 1, "by");
  if (lua_isnil(S, -1)) return;
  luaL_checktype(S, -1, LUA_TTABLE);
  tally_request_set_list(script->request, "by");
  for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(S, 4); i++) {
    lua_rawgeti(S, 4, i);
    tally_text text = check_text(S, 5, "by");
    tally_request_add_text(script->request, "by", text.data, text.length);
    lua_settop(S, 4);
  }
}

/* totals{from, to, by}: as the ledger's. */
static int read_totals(lua_State *S) {
  l_script *script = check_running(S);
  const tally_totals *rows;
  size_t count;
  unsigned by;
  lua_settop(S, 1);
  begin_reading(script, TALLY_QUERY_TOTALS);
  fill_totals(S, script);
  if (tally_read_totals(script->box->ledger, script->request, &rows, &count, &by)) return read_failed(S, script);
  lua_createtable(S, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    l_push_totals(S, &rows[i], by, currency_of(script));
    lua_rawseti(S, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* stage_of(document, workflow): the stage it was moved to last, and since which day; nil where it was moved nowhere. */
static int read_stage(lua_State *S) {
  l_script *script = check_running(S);
  tally_stage stage;
  tally_text document = check_text(S, 1, "ctx.stage"), workflow = check_text(S, 2, "ctx.stage");
  tally_code code = tally_read_stage(script->box->ledger, document, workflow, &stage);
  if (code == TALLY_ERR_DOCUMENT_UNKNOWN) return push_none(S);
  if (code) return read_failed(S, script);
  push_text(S, stage.name);
  l_push_day(S, stage.day);
  return 2;
}

static const luaL_Reg readings[] = {{"money", read_money},
                                    {"document", read_document},
                                    {"payment", read_payment},
                                    {"patient", read_patient},
                                    {"totals", read_totals},
                                    {"stage", read_stage},
                                    {NULL, NULL}};

/* ---- Facts of the call ---- */

static int read_fact(lua_State *S) {
  l_script *script = check_running(S);
  const char *name = luaL_checkstring(S, 1);
  if (strcmp(name, "zero") == 0) l_push_money(S, 0, currency_of(script));
  else if (strcmp(name, "now") == 0) l_push_time(S, script->now_ms);
  else if (strcmp(name, "day") == 0) l_push_day(S, tally_day_of(script->now_ms));
  else if (strcmp(name, "currency") == 0) lua_pushstring(S, currency_of(script)->code);
  else if (strcmp(name, "language") == 0) push_text(S, tally_ledger_config(script->box->ledger)->language);
  else if (strcmp(name, "roles") == 0) l_push_texts(S, script->roles, script->role_count);
  else push_text(S, script->actor);
  return 1;
}

void l_open_hooks(lua_State *S) {
  open_event_type(S);
  luaL_newlib(S, readings);
  lua_setfield(S, -2, "readings");
  lua_pushcfunction(S, read_fact);
  lua_setfield(S, -2, "fact");
  push_names(S);
  lua_setfield(S, -2, "event_names");
}

/* ---- Running ---- */

static void begin_run(l_script *script, l_ledger *box, const tally_proposal *proposal) {
  script->run++;
  script->box = box;
  script->proposal = proposal;
  script->now_ms = proposal->now_ms;
  script->actor = proposal->actor;
  script->roles = proposal->roles;
  script->role_count = proposal->role_count;
}

void l_begin_reading(l_script *script, l_ledger *box, int64_t now_ms) {
  script->box = box;
  script->now_ms = now_ms;
  script->actor = box->actor;
  script->roles = box->roles;
  script->role_count = box->role_count;
}

void l_end_reading(l_script *script) {
  script->box = NULL;
  script->proposal = NULL;
  script->actor = (tally_text){NULL, 0};
  script->role_count = 0;
}

/* Calls inside.before(command, event). Three results. */
static int before_body(lua_State *S) {
  l_script *script = lua_touserdata(S, 1);
  event *made;
  lua_settop(S, 0);
  lua_pushstring(S, tally_command_name(script->proposal->command));
  made = lua_newuserdatauv(S, sizeof *made, 0);
  *made = (event){script->run};
  luaL_setmetatable(S, EVENT_CLASS);
  if (!l_script_call(script, "before", 2, 3)) {
    lua_pushboolean(S, 0);
    return 1;
  }
  return 3;
}

/* Words a failure with script, line and hook, and declines the proposal by it. */
static int hook_body(lua_State *S) {
  l_script *script = lua_touserdata(S, 1);
  lua_settop(S, 0);
  lua_rawgetp(S, LUA_REGISTRYINDEX, script);
  lua_getfield(S, -1, "hook");
  lua_remove(S, 1);
  lua_call(S, 0, 4);
  return 4;
}

void l_describe_failure(l_script *script, hook_failure *out) {
  *out = (hook_failure){.line = script->line};
  snprintf(out->reason, sizeof out->reason, "%s", script->message);
  bool known = l_script_run(script, hook_body, script) && lua_type(script->S, 1) == LUA_TSTRING;
  if (known) {
    lua_State *S = script->S;
    snprintf(out->rule, sizeof out->rule, "%s", lua_tostring(S, 3));
    snprintf(out->hook, sizeof out->hook, "%s(\"%s\")", lua_tostring(S, 1), lua_tostring(S, 2));
    if (out->line == 0) out->line = (int)lua_tointeger(S, 4);
  }
  tally_text name = tally_ledger_config(script->box->ledger)->script_name;
  snprintf(out->script, sizeof out->script, "%.*s", (int)(name.length < 100 ? name.length : 100),
           name.data ? name.data : "");
  snprintf(out->message, sizeof out->message, "%s:%d: %s \"%s\": %s", out->script, out->line, out->hook, out->rule,
           out->reason);
  lua_settop(script->S, 0);
}

static tally_code decline_failed(l_script *script) {
  hook_failure failure;
  char line[16];
  tally_ledger *ledger = script->box->ledger;
  l_describe_failure(script, &failure);
  tally_code code = tally_decline(ledger, TALLY_ERR_SCRIPT_FAILED, failure.message);
  snprintf(line, sizeof line, "%d", failure.line);
  tally_error_add(ledger, "rule", l_text_of(failure.rule));
  tally_error_add(ledger, "hook", l_text_of(failure.hook));
  tally_error_add(ledger, "script", l_text_of(failure.script));
  tally_error_add(ledger, "line", l_text_of(line));
  return code;
}

/* The texts stand on S's stack until it is used again. */
static tally_code decline_refused(l_script *script) {
  lua_State *S = script->S;
  tally_ledger *ledger = script->box->ledger;
  tally_code code = tally_decline(ledger, TALLY_ERR_REFUSED, lua_tostring(S, 3));
  tally_error_add(ledger, "rule", l_text(S, 1));
  tally_error_add(ledger, "code", l_text(S, 2));
  lua_settop(S, 0);
  return code;
}

tally_code l_ask_hooks(l_script *script, l_ledger *box, const tally_proposal *proposal) {
  begin_run(script, box, proposal);
  tally_code code = TALLY_OK;
  bool ran = l_script_run(script, before_body, script);
  if (!ran || lua_type(script->S, 1) == LUA_TBOOLEAN) code = decline_failed(script);
  else if (lua_type(script->S, 1) == LUA_TSTRING) code = decline_refused(script);
  l_end_reading(script);
  lua_settop(script->S, 0);
  return code;
}

/* ---- After the commit ---- */

/* Pushes a function of inside's. */
static void push_inside(lua_State *S, l_script *script, const char *name) {
  lua_settop(S, 0);
  lua_rawgetp(S, LUA_REGISTRYINDEX, script);
  lua_getfield(S, -1, name);
  lua_remove(S, 1);
}

/* Calls inside.keep(index, command, event), with a plain copy of the event: the proposal is over by then. */
static int keep_body(lua_State *S) {
  l_script *script = lua_touserdata(S, 1);
  push_inside(S, script, "keep");
  lua_pushinteger(S, (lua_Integer)script->waiting + 1);
  lua_pushstring(S, tally_command_name(script->proposal->command));
  push_event_table(S, script, script->proposal);
  lua_call(S, 3, 0);
  return 0;
}

tally_code l_keep_event(l_script *script, l_ledger *box, const tally_proposal *proposal) {
  char message[SCRIPT_MESSAGE_BYTES];
  begin_run(script, box, proposal);
  script->keeping = true;
  bool kept = l_script_run(script, keep_body, script);
  script->keeping = false;
  l_end_reading(script);
  if (kept) script->waiting++;
  if (kept) return TALLY_OK;
  tally_code code = tally_error_code(box->ledger);
  snprintf(message, sizeof message, "%s",
           code ? tally_error_message(box->ledger) : "out of memory; nothing was written");
  return tally_decline(box->ledger, code ? code : TALLY_ERR_OUT_OF_MEMORY, message);
}

static int committed_body(lua_State *S) {
  l_script *script = lua_touserdata(S, 1);
  push_inside(S, script, "committed");
  lua_pushinteger(S, (lua_Integer)script->waiting);
  lua_call(S, 1, 0);
  return 0;
}

bool l_begin_after(l_script *script) {
  if (!l_script_run(script, committed_body, script)) return false;
  lua_settop(script->S, 0);
  script->waiting = 0;
  script->batches++;
  return true;
}

static int next_body(lua_State *S) {
  push_inside(S, lua_touserdata(S, 1), "next");
  lua_call(S, 0, 1);
  return 1;
}

static int after_body(lua_State *S) {
  lua_pushboolean(S, l_script_call(lua_touserdata(S, 1), "after", 0, 0));
  return 1;
}

/* Goes on first, without a budget: what cannot even do that would fail without end. */
hook_step l_run_after(l_script *script, l_ledger *box, hook_failure *failure) {
  *failure = (hook_failure){0};
  if (!l_script_run(script, next_body, script)) {
    snprintf(failure->message, sizeof failure->message, "hooks were not run: %s", script->message);
    return HOOK_LOST;
  }
  bool event_done = lua_type(script->S, 1) == LUA_TNUMBER, more = lua_toboolean(script->S, 1);
  lua_settop(script->S, 0);
  if (event_done) return HOOK_EVENT_DONE;
  if (!more) {
    if (--script->batches == 0 && script->waiting == 0) script->waiting_bytes = 0;
    return HOOK_NONE_LEFT;
  }
  l_begin_reading(script, box, script->now_ms); /* as of the last command */
  bool ran = l_script_run(script, after_body, script) && lua_toboolean(script->S, -1);
  if (!ran) l_describe_failure(script, failure);
  l_end_reading(script);
  lua_settop(script->S, 0);
  return ran ? HOOK_RAN : HOOK_FAILED;
}

/* ---- The log ---- */

static int log_body(lua_State *S) {
  l_script *script = lua_touserdata(S, 1);
  lua_settop(S, 0);
  lua_rawgetp(S, LUA_REGISTRYINDEX, script);
  lua_getfield(S, -1, "log");
  lua_remove(S, 1);
  lua_call(S, 0, 1);
  return 1;
}

/* One text is copied before anything else happens in L, whose collector may run a host's finalizer, which may use S. */
bool l_push_log(lua_State *L, l_script *script) {
  if (!l_script_run(script, log_body, script) || lua_type(script->S, 1) != LUA_TSTRING) return false;
  tally_text lines = l_text(script->S, 1);
  lua_pushlstring(L, lines.data, lines.length);
  return true;
}
