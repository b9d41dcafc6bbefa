/* request.c - filling a request by name, and looking at it alone: names, needs, shapes, amounts, dates (§6, §8.1). */
#include "request.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger.h"
#include "nearest.h"
#include "utf8.h"

typedef enum field_type {
  TYPE_NAME,
  TYPE_LINE,
  TYPE_FREE,
  TYPE_NUMBER,
  TYPE_NAMES,
  TYPE_AMOUNT,
  TYPE_AMOUNTS,
  TYPE_MAP,
  TYPE_DAY,
  TYPE_TIME,
  TYPE_BOOLEAN,
  TYPE_COUNT
} field_type;

typedef struct field_spec {
  const char *name;
  size_t length; /* of the name */
  field_type type;
  size_t limit; /* bytes of a text, or of each of a list */
} field_spec;

static const field_spec fields[FIELD_COUNT] = {
#define X(symbol, name, type, limit) {name, sizeof name - 1, TYPE_##type, limit},
    FIELDS(X)
#undef X
};

const char *field_name(field which) {
  return fields[which].name;
}

/* ---- The commands and their fields, in the order of §6's table ---- */

typedef struct command_spec {
  const char *name;
  uint64_t required, optional;
} command_spec;

#define F(symbol) ((uint64_t)1 << FIELD_##symbol)
#define COMMON (F(AT) | F(ACTOR) | F(ROLES) | F(NOTE) | F(KEY) | F(DRY_RUN))
#define ERASED_BY (F(DOCUMENT) | F(PAYMENT) | F(PATIENT) | F(ACT))
#define OF_PAY                                                                                                        \
  (F(DOCUMENT) | F(DOCUMENTS) | F(TYPE) | F(AMOUNT) | F(GROUP) | F(REFERENCE) | F(TENDERED) | F(FIELDS) | F(PATIENT))

static const command_spec commands[TALLY_COMMAND_END] = {
    [TALLY_COMMAND_CONSULTATION] = {"consultation", F(PATIENT) | F(AMOUNT), F(NUMBER) | F(LABEL) | COMMON},
    [TALLY_COMMAND_INVOICE] = {"invoice", 0,
                               F(CONSULTATIONS) | F(PATIENT) | F(AMOUNT) | F(DUE) | F(NUMBER) | F(LABEL) | COMMON},
    [TALLY_COMMAND_CHARGE] = {"charge", F(DOCUMENT) | F(AMOUNT), F(LABEL) | COMMON},
    [TALLY_COMMAND_CANCEL] = {"cancel", F(DOCUMENT) | F(REASON), COMMON},
    [TALLY_COMMAND_PAY] = {"pay", 0, OF_PAY | COMMON},
    [TALLY_COMMAND_REVERSE] = {"reverse", F(PAYMENT) | F(REASON), COMMON},
    [TALLY_COMMAND_CORRECT] = {"correct", F(PAYMENT) | F(REASON), OF_PAY | COMMON},
    [TALLY_COMMAND_REFUND] = {"refund", F(PAYMENT) | F(REOPEN) | F(REASON),
                              F(AMOUNT) | F(TYPE) | F(DOCUMENT) | COMMON},
    [TALLY_COMMAND_DEPOSIT] = {"deposit", F(PATIENT) | F(AMOUNT), F(TYPE) | F(GROUP) | F(REFERENCE) | COMMON},
    [TALLY_COMMAND_WITHDRAW] = {"withdraw", F(PATIENT) | F(AMOUNT), F(TYPE) | F(REASON) | COMMON},
    [TALLY_COMMAND_TRANSFER] = {"transfer", F(FROM) | F(TO) | F(AMOUNT), F(REASON) | COMMON},
    [TALLY_COMMAND_CLOSE_DAYS] = {"close_days", F(THROUGH), F(COUNTED) | COMMON},
    [TALLY_COMMAND_MOVE] = {"move", F(DOCUMENT) | F(WORKFLOW) | F(TO), F(FROM) | F(REASON) | F(FIELDS) | COMMON},
    [TALLY_COMMAND_PRINT] = {"print", F(PAYMENT), COMMON},
    [TALLY_QUERY_DOCUMENT] = {"document", 0, F(AS_OF)},
    [TALLY_QUERY_DOCUMENTS] = {"documents", 0,
                               F(KIND) | F(STATUS) | F(PATIENT) | F(FROM_DAY) | F(TO_DAY) | F(OPEN) | F(OVERDUE) |
                                   F(ORDER) | F(LIMIT) | F(AFTER)},
    [TALLY_QUERY_PAYMENTS] = {"payments", 0,
                              F(DOCUMENT) | F(PATIENT) | F(TYPE) | F(GROUP) | F(FROM_DAY) | F(TO_DAY) | F(ACTOR) |
                                  F(REVERSED) | F(LIMIT) | F(AFTER)},
    [TALLY_QUERY_ENTRIES] = {"entries", 0,
                             F(FROM_SEQ) | F(DOCUMENT) | F(PATIENT) | F(ACT) | F(KIND) | F(CORRECTIONS) | F(FROM_DAY) |
                                 F(TO_DAY)},
    [TALLY_QUERY_TOTALS] = {"totals", 0, F(FROM_DAY) | F(TO_DAY) | F(BY)},
    [TALLY_CALL_ERASE] = {"erase", 0, ERASED_BY | F(TEXTS) | F(ROLES) | F(DRY_RUN)},
};

static uint64_t allowed_fields(tally_command command) {
  return commands[command].required | commands[command].optional;
}

const char *tally_command_name(tally_command command) {
  return command > 0 && command < TALLY_COMMAND_END ? commands[command].name : "none";
}

tally_command tally_command_find(const char *name, size_t length) {
  for (int i = 1; i <= TALLY_COMMAND_LAST_WRITING; i++) {
    if (strlen(commands[i].name) == length && memcmp(commands[i].name, name, length) == 0) return (tally_command)i;
  }
  return TALLY_COMMAND_NONE;
}

bool tally_command_permitted(tally_command command) {
  return (command > 0 && command <= TALLY_COMMAND_LAST_WRITING) || command == TALLY_CALL_ERASE;
}

bool tally_command_field(tally_command command, size_t index, const char **name, bool *required) {
  if (command <= 0 || command >= TALLY_COMMAND_END) return false;
  for (int i = 0; i < FIELD_COUNT; i++) {
    if (!(allowed_fields(command) >> i & 1) || index-- > 0) continue;
    *name = fields[i].name;
    *required = (commands[command].required >> i & 1) != 0;
    return true;
  }
  return false;
}

/* ---- Filling ---- */

typedef enum shape {
  SHAPE_NONE,
  SHAPE_TEXT,
  SHAPE_INTEGER,
  SHAPE_BOOLEAN,
  SHAPE_MONEY,
  SHAPE_LIST,
  SHAPE_MAP,
  SHAPE_OTHER
} shape;

typedef struct value {
  shape shape;
  tally_text text; /* of SHAPE_OTHER: its description */
  int64_t integer;
  tally_money money;
} value;

typedef struct member {
  tally_text key;
  value value;
} member;

typedef struct slot {
  value value;
  member *members; /* of lists (without keys) and maps */
  size_t count, room;
} slot;

struct tally_request {
  tally_command command;
  arena memory;
  uint64_t present; /* a bit for each slot that was filled; the others hold what an earlier request left */
  slot slots[FIELD_COUNT];
  tally_text unknown; /* the first in the alphabet, so that the answer does not hang on a table's order */
  tally_text mismatched;
  uint64_t made;
  int32_t prepared_under;
  int32_t matched_under;
  bool failed; /* memory ran out */
  bool has_now;
  int64_t now_ms;
  const char *clock_failure;
  tally_text actor;
  text_list roles;
};

tally_request *tally_request_new(void) {
  return calloc(1, sizeof(tally_request));
}

void tally_request_free(tally_request *request) {
  if (request == NULL) return;
  arena_free(&request->memory);
  free(request);
}

void tally_request_begin(tally_request *request, tally_command command) {
  if (command <= 0 || command >= TALLY_COMMAND_END) command = TALLY_COMMAND_NONE;
  arena_reset(&request->memory);
  request->command = command;
  request->present = 0;
  request->unknown = request->mismatched = request->actor = (tally_text){NULL, 0};
  request->prepared_under = request->matched_under = 0;
  request->made = 0;
  request->failed = request->has_now = false;
  request->clock_failure = NULL;
  request->roles = (text_list){NULL, 0};
}

/* Gives a field's place, or FIELD_COUNT for a name that the command has not. */
static field find_field(tally_request *request, const char *name) {
  size_t length = strlen(name);
  for (uint64_t left = allowed_fields(request->command); left; left &= left - 1) {
    int i = __builtin_ctzll(left);
    if (fields[i].length == length && memcmp(fields[i].name, name, length) == 0) return (field)i;
  }
  tally_text unknown = text_of(name);
  if (request->unknown.data && text_compare(unknown, request->unknown) >= 0) return FIELD_COUNT;
  request->unknown = arena_copy(&request->memory, unknown);
  if (request->unknown.data == NULL) request->failed = true;
  return FIELD_COUNT;
}

static void set_value(tally_request *request, const char *name, value given) {
  field which = find_field(request, name);
  if (which == FIELD_COUNT) return;
  request->slots[which] = (slot){.value = given};
  request->present |= (uint64_t)1 << which;
}

void tally_request_set_text(tally_request *request, const char *name, const char *data, size_t length) {
  set_value(request, name, (value){.shape = SHAPE_TEXT, .text = {data ? data : "", length}});
}

void tally_request_set_integer(tally_request *request, const char *name, int64_t integer) {
  set_value(request, name, (value){.shape = SHAPE_INTEGER, .integer = integer});
}

void tally_request_set_boolean(tally_request *request, const char *name, bool truth) {
  set_value(request, name, (value){.shape = SHAPE_BOOLEAN, .integer = truth});
}

void tally_request_set_money(tally_request *request, const char *name, tally_money money) {
  set_value(request, name, (value){.shape = SHAPE_MONEY, .money = money});
}

void tally_request_set_other(tally_request *request, const char *name, const char *description) {
  set_value(request, name, (value){.shape = SHAPE_OTHER, .text = text_of(description)});
}

void tally_request_set_list(tally_request *request, const char *name) {
  set_value(request, name, (value){.shape = SHAPE_LIST});
}

void tally_request_set_map(tally_request *request, const char *name) {
  set_value(request, name, (value){.shape = SHAPE_MAP});
}

/* One past the bound is kept, so that the check can see that there were too many. */
static void add_member(tally_request *request, const char *name, member added) {
  field which = find_field(request, name);
  if (which == FIELD_COUNT || !(request->present >> which & 1)) return;
  slot *place = &request->slots[which];
  if (place->count > LIST_MAX) return;
  if (place->count == place->room) {
    size_t room = place->room ? place->room * 2 : 8;
    member *grown = ARENA_ARRAY(&request->memory, member, room);
    if (grown == NULL) {
      request->failed = true;
      return;
    }
    if (place->count) memcpy(grown, place->members, place->count * sizeof *grown);
    place->members = grown;
    place->room = room;
  }
  place->members[place->count++] = added;
}

void tally_request_add_text(tally_request *request, const char *name, const char *data, size_t length) {
  add_member(request, name, (member){.value = {.shape = SHAPE_TEXT, .text = {data, length}}});
}

void tally_request_put_text(tally_request *request, const char *name, tally_text key, tally_text text) {
  add_member(request, name, (member){.key = key, .value = {.shape = SHAPE_TEXT, .text = text}});
}

void tally_request_put_money(tally_request *request, const char *name, tally_text key, tally_money money) {
  add_member(request, name, (member){.key = key, .value = {.shape = SHAPE_MONEY, .money = money}});
}

void tally_request_put_integer(tally_request *request, const char *name, tally_text key, int64_t integer) {
  add_member(request, name, (member){.key = key, .value = {.shape = SHAPE_INTEGER, .integer = integer}});
}

void tally_request_put_boolean(tally_request *request, const char *name, tally_text key, bool truth) {
  add_member(request, name, (member){.key = key, .value = {.shape = SHAPE_BOOLEAN, .integer = truth}});
}

void tally_request_put_other(tally_request *request, const char *name, tally_text key, const char *description) {
  add_member(request, name, (member){.key = key, .value = {.shape = SHAPE_OTHER, .text = text_of(description)}});
}

void tally_request_mark_mismatch(tally_request *request, tally_text key) {
  if (request->mismatched.data && text_compare(key, request->mismatched) >= 0) return;
  request->mismatched = arena_copy(&request->memory, key);
  if (request->mismatched.data == NULL) request->failed = true;
}

void tally_request_set_made(tally_request *request, const char *name) {
  field which = find_field(request, name);
  if (which != FIELD_COUNT) request->made |= (uint64_t)1 << which;
}

void tally_request_prepared_under(tally_request *request, int32_t script_version) {
  request->prepared_under = script_version;
}

void tally_request_matched_under(tally_request *request, int32_t script_version) {
  request->matched_under = script_version;
}

void tally_request_now(tally_request *request, int64_t now_ms) {
  request->has_now = true;
  request->now_ms = now_ms;
}

void tally_request_clock_failed(tally_request *request, const char *reason) {
  tally_text copy = arena_copy(&request->memory, text_of(reason));
  request->clock_failure = copy.data ? copy.data : "it gave no time";
}

void tally_request_default_actor(tally_request *request, tally_text actor) {
  request->actor = actor;
}

void tally_request_default_roles(tally_request *request, const tally_text *roles, size_t count) {
  request->roles = (text_list){ARENA_ARRAY(&request->memory, tally_text, count), count};
  if (request->roles.items == NULL) {
    request->failed = true;
    return;
  }
  for (size_t i = 0; i < count; i++) request->roles.items[i] = roles[i];
}

/* ---- Looking at it alone ---- */

typedef struct parser {
  tally_ledger *ledger;
  tally_request *request;
  const command_spec *spec;
  parsed_command *out;
} parser;

static tally_code refuse_field(parser *in, tally_code code, field which, const char *found, const char *wanted) {
  const char *name = fields[which].name;
  fail(in->ledger, code, "%s: %s; %s", name, found, wanted);
  with_detail(in->ledger, code, "field", text_of(name));
  with_detail(in->ledger, code, "value", text_of(found));
  return with_detail(in->ledger, code, "expected", text_of(wanted));
}

/* Describes a value for a sentence. */
static const char *describe(parser *in, const value *given) {
  char text[48];
  tally_text made;
  switch (given->shape) {
  case SHAPE_TEXT:
    made = text_of(shown(in->ledger, given->text));
    break;
  case SHAPE_OTHER:
    made = given->text;
    break;
  case SHAPE_LIST:
    return "a list";
  case SHAPE_MAP:
    return "a table of names and values";
  case SHAPE_BOOLEAN:
    return given->integer ? "true" : "false";
  case SHAPE_MONEY:
    return "a money value";
  default:
    snprintf(text, sizeof text, "the number %lld", (long long)given->integer);
    made = text_of(text);
  }
  made = arena_copy(&in->ledger->call, made);
  return made.data ? made.data : "a value";
}

static tally_code check_names(parser *in) {
  if (in->request->unknown.data == NULL) return TALLY_OK;
  const char *known[FIELD_COUNT];
  size_t count = 0;
  bool required;
  while (tally_command_field(in->out->command, count, &known[count], &required)) count++;
  const char *near = nearest_name(in->request->unknown, known, count);
  const char *name = shown(in->ledger, in->request->unknown);
  if (near)
    fail(in->ledger, TALLY_ERR_FIELD_UNKNOWN, "%s has no field %s; did you mean \"%s\"?", in->spec->name, name, near);
  else fail(in->ledger, TALLY_ERR_FIELD_UNKNOWN, "%s has no field %s", in->spec->name, name);
  with_detail(in->ledger, TALLY_ERR_FIELD_UNKNOWN, "field", in->request->unknown);
  if (near) with_detail(in->ledger, TALLY_ERR_FIELD_UNKNOWN, "nearest", text_of(near));
  return TALLY_ERR_FIELD_UNKNOWN;
}

static tally_code missing(parser *in, field which, const char *wanted) {
  return refuse_field(in, TALLY_ERR_FIELD_MISSING, which, "is missing", wanted);
}

static tally_code check_needs(parser *in) {
  const parsed_command *out = in->out;
  uint64_t absent = in->spec->required & ~out->present;
  if (absent) return missing(in, (field)__builtin_ctzll(absent), "the command needs it");
  if (out->command == TALLY_COMMAND_PAY && !command_has(out, FIELD_DOCUMENT) && !command_has(out, FIELD_DOCUMENTS)) {
    return missing(in, FIELD_DOCUMENT, "name a document or documents");
  }
  if (out->command == TALLY_CALL_ERASE && !(out->present & ERASED_BY))
    return missing(in, FIELD_DOCUMENT, "name a document, a payment, a patient or an act");
  if (out->command != TALLY_COMMAND_INVOICE || command_has(out, FIELD_CONSULTATIONS)) return TALLY_OK;
  if (!command_has(out, FIELD_PATIENT)) return missing(in, FIELD_PATIENT, "name the patient, or consultations");
  if (!command_has(out, FIELD_AMOUNT)) return missing(in, FIELD_AMOUNT, "give an amount, or consultations");
  return TALLY_OK;
}

static bool has_control(tally_text text, bool lines) {
  for (size_t i = 0; i < text.length; i++) {
    unsigned char c = (unsigned char)text.data[i];
    if (c == 0x7f || (c < 0x20 && !(lines && (c == '\n' || c == '\t' || c == '\r')))) return true;
  }
  return false;
}

static bool is_number_text(tally_text text) {
  for (size_t i = 0; i < text.length; i++) {
    char c = text.data[i];
    bool fits = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("._/-", c);
    if (c == '\0' || !fits) return false;
  }
  return true;
}

/* Says what is wrong with a text, or NULL. */
static const char *text_fault(tally_text text, field_type type, size_t limit) {
  if (text.length == 0) return "is empty";
  if (text.length > limit) return "is too long";
  if (!utf8_valid(text)) return "is not valid UTF-8";
  if (has_control(text, type == TYPE_FREE)) return "has control characters";
  if (type == TYPE_NUMBER && !is_number_text(text)) return "has other characters than A-Z a-z 0-9 . _ / -";
  return NULL;
}

static tally_code check_text(parser *in, field which, tally_text text) {
  const char *fault = text_fault(text, fields[which].type, fields[which].limit);
  if (fault == NULL) return TALLY_OK;
  char wanted[96];
  snprintf(wanted, sizeof wanted, "it %s: give 1 to %zu bytes of plain UTF-8", fault, fields[which].limit);
  return refuse_field(in, TALLY_ERR_FIELD_INVALID, which, shown(in->ledger, text), wanted);
}

static tally_code wrong_shape(parser *in, field which, const value *given, const char *wanted) {
  return refuse_field(in, TALLY_ERR_FIELD_INVALID, which, describe(in, given), wanted);
}

static bool listed_before(const slot *list, size_t index) {
  for (size_t i = 0; i < index; i++) {
    if (text_equal(list->members[i].value.text, list->members[index].value.text)) return true;
  }
  return false;
}

/* A list of texts: none twice; the lists that name what a command works on may not be empty. */
static tally_code check_list(parser *in, field which, const slot *list) {
  bool may_be_empty = which == FIELD_ROLES || which == FIELD_BY;
  if (list->value.shape != SHAPE_LIST && !(list->value.shape == SHAPE_MAP && list->count == 0)) {
    return wrong_shape(in, which, &list->value, "give a list of names");
  }
  if (list->count == 0 && !may_be_empty) return wrong_shape(in, which, &list->value, "name at least one");
  if (list->count > LIST_MAX) return wrong_shape(in, which, &list->value, "name at most 1000");
  for (size_t i = 0; i < list->count; i++) {
    const value *item = &list->members[i].value;
    if (item->shape != SHAPE_TEXT) return wrong_shape(in, which, item, "give a list of names");
    TRY(check_text(in, which, item->text));
    if (which != FIELD_ROLES && listed_before(list, i)) return wrong_shape(in, which, item, "it is named twice");
  }
  return TALLY_OK;
}

static tally_code check_map(parser *in, field which, const slot *map) {
  bool empty_list = map->value.shape == SHAPE_LIST && map->count == 0;
  if (map->value.shape != SHAPE_MAP && !empty_list) return wrong_shape(in, which, &map->value, "give a table by name");
  if (map->count > LIST_MAX) return wrong_shape(in, which, &map->value, "give at most 1000");
  for (size_t i = 0; i < map->count; i++) {
    const member *item = &map->members[i];
    if (text_fault(item->key, TYPE_NAME, fields[FIELD_TYPE].limit))
      return wrong_shape(in, which, &map->value, "its keys are names");
    if (fields[which].type == TYPE_AMOUNTS) continue; /* amounts are looked at with the amounts */
    if (item->value.shape == SHAPE_INTEGER || item->value.shape == SHAPE_BOOLEAN) continue;
    if (item->value.shape != SHAPE_TEXT)
      return wrong_shape(in, which, &item->value, "its values are strings, integers or booleans");
    const char *fault = item->value.text.length ? text_fault(item->value.text, TYPE_LINE, fields[which].limit) : NULL;
    if (fault) return refuse_field(in, TALLY_ERR_FIELD_INVALID, which, shown(in->ledger, item->value.text), fault);
  }
  return TALLY_OK;
}

static tally_code check_shape(parser *in, field which) {
  const slot *given = &in->request->slots[which];
  bool may_be_empty = which == FIELD_NOTE || which == FIELD_LABEL || which == FIELD_REFERENCE;
  switch (fields[which].type) {
  case TYPE_NAME:
  case TYPE_LINE:
  case TYPE_FREE:
  case TYPE_NUMBER:
    if (given->value.shape != SHAPE_TEXT) return wrong_shape(in, which, &given->value, "give a string");
    if (may_be_empty && given->value.text.length == 0) return TALLY_OK;
    return check_text(in, which, given->value.text);
  case TYPE_NAMES:
    if (which == FIELD_DOCUMENTS && given->value.shape == SHAPE_TEXT) {
      bool oldest = in->out->command == TALLY_COMMAND_PAY && text_equal(given->value.text, text_of("oldest"));
      if (oldest) return TALLY_OK;
    }
    return check_list(in, which, given);
  case TYPE_AMOUNTS:
  case TYPE_MAP:
    return check_map(in, which, given);
  case TYPE_BOOLEAN:
    if (given->value.shape == SHAPE_BOOLEAN) return TALLY_OK;
    return wrong_shape(in, which, &given->value, "give true or false");
  case TYPE_COUNT:
    if (given->value.shape == SHAPE_INTEGER && given->value.integer >= 0) return TALLY_OK;
    return wrong_shape(in, which, &given->value, "give an integer of zero or more");
  default:
    return TALLY_OK; /* amounts and dates have codes of their own, further down */
  }
}

/* ---- Taking values over ---- */

static tally_text *text_place(parsed_command *out, field which) {
  switch (which) {
  case FIELD_DOCUMENT:
    return &out->document;
  case FIELD_PAYMENT:
    return &out->payment;
  case FIELD_PATIENT:
    return &out->patient;
  case FIELD_FROM:
    return &out->from;
  case FIELD_TO:
    return &out->to;
  case FIELD_TYPE:
    return &out->type;
  case FIELD_GROUP:
    return &out->group;
  case FIELD_REFERENCE:
    return &out->reference;
  case FIELD_NUMBER:
    return &out->number;
  case FIELD_LABEL:
    return &out->label;
  case FIELD_REASON:
    return &out->reason;
  case FIELD_ACTOR:
    return &out->actor;
  case FIELD_NOTE:
    return &out->note;
  case FIELD_KEY:
    return &out->key;
  case FIELD_WORKFLOW:
    return &out->workflow;
  case FIELD_KIND:
    return &out->kind;
  case FIELD_STATUS:
    return &out->status;
  case FIELD_ORDER:
    return &out->order;
  case FIELD_AFTER:
    return &out->after;
  default:
    return NULL;
  }
}

static tally_code take_list(parser *in, const slot *given, text_list *list) {
  *list = (text_list){ARENA_ARRAY(&in->request->memory, tally_text, given->count + 1), given->count};
  if (list->items == NULL) return fail_memory(in->ledger);
  for (size_t i = 0; i < given->count; i++) list->items[i] = given->members[i].value.text;
  return TALLY_OK;
}

static int compare_members(const void *a, const void *b) {
  return text_compare(((const member *)a)->key, ((const member *)b)->key);
}

/* Extra fields are kept as text, whatever they were given as. */
static tally_code member_text(parser *in, const value *given, tally_text *text) {
  char digits[24];
  *text = given->text;
  if (given->shape == SHAPE_TEXT) return TALLY_OK;
  if (given->shape == SHAPE_BOOLEAN) {
    *text = text_of(given->integer ? "true" : "false");
    return TALLY_OK;
  }
  snprintf(digits, sizeof digits, "%lld", (long long)given->integer);
  *text = arena_copy(&in->request->memory, text_of(digits));
  return text->data ? TALLY_OK : fail_memory(in->ledger);
}

static tally_code take_map(parser *in, slot *given) {
  parsed_command *out = in->out;
  out->fields = ARENA_ARRAY(&in->request->memory, tally_pair, given->count + 1);
  out->field_types = ARENA_ARRAY(&in->request->memory, tally_field_type, given->count + 1);
  if (out->fields == NULL || out->field_types == NULL) return fail_memory(in->ledger);
  if (given->count) qsort(given->members, given->count, sizeof(member), compare_members);
  for (size_t i = 0; i < given->count; i++) {
    shape given_as = given->members[i].value.shape;
    out->field_types[out->field_count] = given_as == SHAPE_INTEGER   ? TALLY_FIELD_INTEGER
                                         : given_as == SHAPE_BOOLEAN ? TALLY_FIELD_BOOLEAN
                                                                     : TALLY_FIELD_STRING;
    tally_pair *pair = &out->fields[out->field_count++];
    pair->key = given->members[i].key;
    TRY(member_text(in, &given->members[i].value, &pair->value));
  }
  return TALLY_OK;
}

static tally_code take_simple(parser *in, field which) {
  slot *given = &in->request->slots[which];
  parsed_command *out = in->out;
  tally_text *place = text_place(out, which);
  if (place) *place = given->value.text;
  switch (which) {
  case FIELD_DOCUMENTS:
    out->oldest = given->value.shape == SHAPE_TEXT;
    return out->oldest ? TALLY_OK : take_list(in, given, &out->documents);
  case FIELD_CONSULTATIONS:
    return take_list(in, given, &out->consultations);
  case FIELD_ROLES:
    return take_list(in, given, &out->roles);
  case FIELD_BY:
    return take_list(in, given, &out->by);
  case FIELD_TEXTS:
    return take_list(in, given, &out->texts);
  case FIELD_FIELDS:
    return take_map(in, given);
  case FIELD_REOPEN:
    out->reopen = given->value.integer != 0;
    return TALLY_OK;
  case FIELD_DRY_RUN:
    out->dry_run = given->value.integer != 0;
    return TALLY_OK;
  case FIELD_OPEN:
    out->open = given->value.integer != 0;
    return TALLY_OK;
  case FIELD_OVERDUE:
    out->overdue = given->value.integer != 0;
    return TALLY_OK;
  case FIELD_CORRECTIONS:
    out->corrections = given->value.integer != 0;
    return TALLY_OK;
  case FIELD_REVERSED:
    out->reversed = given->value.integer != 0;
    return TALLY_OK;
  case FIELD_LIMIT:
    out->limit = given->value.integer;
    return TALLY_OK;
  case FIELD_FROM_SEQ:
    out->from_seq = given->value.integer;
    return TALLY_OK;
  case FIELD_ACT:
    out->act = given->value.integer;
    return TALLY_OK;
  default:
    return TALLY_OK;
  }
}

/* What is erased is named in one way. */
static tally_code check_erased_by(parser *in) {
  uint64_t named = in->out->present & ERASED_BY, others = named & (named - 1);
  if (in->out->command != TALLY_CALL_ERASE || others == 0) return TALLY_OK;
  return refuse_field(in, TALLY_ERR_FIELD_INVALID, (field)__builtin_ctzll(others), "is named beside another",
                      "name one of document, payment, patient and act");
}

/* Rules that look at two fields: pay's documents, transfer's patients. */
static tally_code check_together(parser *in) {
  const parsed_command *out = in->out;
  TRY(check_erased_by(in));
  bool pays = out->command == TALLY_COMMAND_PAY || out->command == TALLY_COMMAND_CORRECT;
  if (pays && command_has(out, FIELD_DOCUMENT) && command_has(out, FIELD_DOCUMENTS)) {
    return refuse_field(in, TALLY_ERR_FIELD_INVALID, FIELD_DOCUMENTS, "is named beside document",
                        "name one of the two");
  }
  if (out->command == TALLY_COMMAND_TRANSFER && text_equal(out->from, out->to)) {
    return refuse_field(in, TALLY_ERR_FIELD_INVALID, FIELD_TO, shown(in->ledger, out->to),
                        "name another patient than from");
  }
  return TALLY_OK;
}

static tally_code bad_amount(parser *in, field which, const value *given) {
  const tally_currency *currency = in->ledger->currency;
  char wanted[128];
  const char *example = currency->exponent == 0 ? "\"120\"" : currency->exponent == 3 ? "\"120.500\"" : "\"120.50\"";
  snprintf(wanted, sizeof wanted, "give a string such as %s (at most %d decimals) or a money value in %s", example,
           currency->exponent, currency->code);
  return refuse_field(in, TALLY_ERR_AMOUNT_INVALID, which, describe(in, given), wanted);
}

static tally_code take_amount(parser *in, field which, const value *given, int64_t *minor) {
  const tally_currency *currency = in->ledger->currency;
  if (given->shape == SHAPE_MONEY && given->money.currency == currency) {
    *minor = given->money.minor;
    return TALLY_OK;
  }
  if (given->shape != SHAPE_TEXT) return bad_amount(in, which, given);
  tally_code code = tally_money_parse(given->text.data, given->text.length, currency, minor);
  return code ? bad_amount(in, which, given) : TALLY_OK;
}

static tally_code take_counted(parser *in) {
  slot *given = &in->request->slots[FIELD_COUNTED];
  parsed_command *out = in->out;
  out->counted = ARENA_ARRAY(&in->request->memory, counted_amount, given->count + 1);
  if (out->counted == NULL) return fail_memory(in->ledger);
  if (given->count) qsort(given->members, given->count, sizeof(member), compare_members);
  for (size_t i = 0; i < given->count; i++) {
    counted_amount *row = &out->counted[out->counted_count++];
    row->type = given->members[i].key;
    TRY(take_amount(in, FIELD_COUNTED, &given->members[i].value, &row->amount_minor));
  }
  return TALLY_OK;
}

static tally_code take_amounts(parser *in) {
  parsed_command *out = in->out;
  const slot *slots = in->request->slots;
  if (command_has(out, FIELD_AMOUNT))
    TRY(take_amount(in, FIELD_AMOUNT, &slots[FIELD_AMOUNT].value, &out->amount_minor));
  if (command_has(out, FIELD_TENDERED)) {
    TRY(take_amount(in, FIELD_TENDERED, &slots[FIELD_TENDERED].value, &out->tendered_minor));
  }
  return command_has(out, FIELD_COUNTED) ? take_counted(in) : TALLY_OK;
}

static tally_code bad_date(parser *in, field which, const value *given, const char *wanted) {
  return refuse_field(in, TALLY_ERR_DATE_INVALID, which, describe(in, given), wanted);
}

static tally_code take_time(parser *in, field which, int64_t *at_ms) {
  const value *given = &in->request->slots[which].value;
  const char *wanted = "give ISO 8601 such as \"2026-11-20T14:30\", or epoch seconds as an integer";
  if (given->shape == SHAPE_INTEGER) {
    bool fits = !__builtin_mul_overflow(given->integer, 1000, at_ms) && tally_time_valid(*at_ms);
    return fits ? TALLY_OK : bad_date(in, which, given, wanted);
  }
  if (given->shape != SHAPE_TEXT) return bad_date(in, which, given, wanted);
  tally_code code = tally_time_parse(given->text.data, given->text.length, at_ms);
  return code ? bad_date(in, which, given, wanted) : TALLY_OK;
}

/* A day is named as such, or by any instant of it. */
static tally_code take_day(parser *in, field which, int32_t *day) {
  const value *given = &in->request->slots[which].value;
  int64_t at_ms;
  if (given->shape == SHAPE_TEXT && tally_day_parse(given->text.data, given->text.length, day) == TALLY_OK)
    return TALLY_OK;
  TRY(take_time(in, which, &at_ms));
  *day = tally_day_of(at_ms);
  return TALLY_OK;
}

static tally_code take_dates(parser *in) {
  parsed_command *out = in->out;
  struct {
    field which;
    int32_t *day;
  } days[] = {{FIELD_DUE, &out->due},
              {FIELD_THROUGH, &out->through},
              {FIELD_FROM_DAY, &out->from_day},
              {FIELD_TO_DAY, &out->to_day}};
  if (in->request->clock_failure) {
    fail(in->ledger, TALLY_ERR_DATE_INVALID, "clock: %s; it must give epoch seconds or ISO 8601",
         in->request->clock_failure);
    return with_detail(in->ledger, TALLY_ERR_DATE_INVALID, "field", text_of("clock"));
  }
  out->now_ms = in->request->has_now ? in->request->now_ms : tally_now_ms();
  out->at_ms = out->now_ms;
  if (command_has(out, FIELD_AT)) TRY(take_time(in, FIELD_AT, &out->at_ms));
  if (command_has(out, FIELD_AS_OF)) TRY(take_time(in, FIELD_AS_OF, &out->as_of_ms));
  for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
    if (command_has(out, days[i].which)) TRY(take_day(in, days[i].which, days[i].day));
  }
  out->day = tally_day_of(out->at_ms);
  return TALLY_OK;
}

static void take_defaults(parser *in) {
  parsed_command *out = in->out;
  out->mismatched = in->request->mismatched;
  out->made = in->request->made;
  out->prepared_under = in->request->prepared_under;
  out->matched_under = in->request->matched_under;
  if (!command_has(out, FIELD_ACTOR) && out->command <= TALLY_COMMAND_LAST_WRITING) out->actor = in->request->actor;
  if (!command_has(out, FIELD_ROLES)) out->roles = in->request->roles;
}

tally_command request_command(const tally_request *request) {
  return request->command == TALLY_COMMAND_NONE ? TALLY_COMMAND_END : request->command;
}

bool request_dry(const tally_request *request) {
  const value *given = &request->slots[FIELD_DRY_RUN].value;
  return (request->present >> FIELD_DRY_RUN & 1) && given->shape == SHAPE_BOOLEAN && given->integer != 0;
}

/* documents = "oldest" says nothing without a patient. */
static tally_code check_oldest(parser *in) {
  const value *documents = &in->request->slots[FIELD_DOCUMENTS].value;
  bool may_be = in->out->command == TALLY_COMMAND_PAY && command_has(in->out, FIELD_DOCUMENTS);
  if (!may_be || documents->shape != SHAPE_TEXT || !text_equal(documents->text, text_of("oldest"))) return TALLY_OK;
  return command_has(in->out, FIELD_PATIENT) ? TALLY_OK
                                             : missing(in, FIELD_PATIENT, "documents = \"oldest\" needs it");
}

tally_code request_parse(tally_ledger *ledger, tally_request *request, parsed_command *out) {
  *out = (parsed_command){.command = request->command, .present = request->present};
  parser in = {ledger, request, &commands[request->command], out};
  if (request->failed) return fail_memory(ledger);
  TRY(check_names(&in));
  TRY(check_needs(&in));
  TRY(check_oldest(&in));
  for (uint64_t left = out->present; left; left &= left - 1) TRY(check_shape(&in, (field)__builtin_ctzll(left)));
  for (uint64_t left = out->present; left; left &= left - 1) TRY(take_simple(&in, (field)__builtin_ctzll(left)));
  TRY(check_together(&in));
  TRY(take_amounts(&in));
  TRY(take_dates(&in));
  take_defaults(&in);
  return TALLY_OK;
}
