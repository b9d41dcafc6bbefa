/* lua_request.c - filling a request from the table that a command is given. */
#include <string.h>

#include "lua_tallystick.h"

const char l_ledger_type[] = "tallystick.ledger", l_money_type[] = "tallystick.money";

void l_know_type(lua_State *L, const char *type) {
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, type);
}

void *l_test(lua_State *L, int index, const char *type) {
  void *data = lua_touserdata(L, index);
  if (data == NULL || !lua_getmetatable(L, index)) return NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, type);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? data : NULL;
}

tally_text l_text(lua_State *L, int index) {
  size_t length;
  const char *data = lua_tolstring(L, index, &length);
  return (tally_text){data, length};
}

tally_text l_text_of(const char *string) {
  return (tally_text){string, strlen(string)};
}

void l_raw_field(lua_State *L, int index, const char *name) {
  index = lua_absindex(L, index);
  lua_pushstring(L, name);
  lua_rawget(L, index);
}

void l_protect_type(lua_State *L, const char *type) {
  lua_pushstring(L, type);
  lua_setfield(L, -2, "__metatable");
}

void l_hold(l_ledger *box) {
  box->answering = true;
}

int l_done(l_ledger *box, int results) {
  box->answering = false;
  return results;
}

/* ---- The clock ---- */

/* Reads what a clock gave: epoch seconds or ISO 8601. */
static bool read_clock(lua_State *L, int64_t *now_ms) {
  if (lua_isinteger(L, -1)) {
    lua_Integer seconds = lua_tointeger(L, -1);
    return !__builtin_mul_overflow(seconds, 1000, now_ms) && tally_time_valid(*now_ms);
  }
  if (lua_type(L, -1) != LUA_TSTRING) return false;
  tally_text text = l_text(L, -1);
  return tally_time_parse(text.data, text.length, now_ms) == TALLY_OK;
}

/* Asks the host's clock before anything is filled: it is Lua, and may use the ledger itself. What it gave, or the reason
 * why it gave nothing (NULL for no reason), is left on the stack. */
static bool ask_clock(lua_State *L, int self, int64_t *now_ms, const char **failure) {
  lua_getiuservalue(L, self, LEDGER_CLOCK);
  *failure = "it gave no time";
  int status = lua_pcall(L, 0, 1, 0);
  if (status == LUA_ERRMEM) lua_error(L); /* no fault of the clock's */
  if (status != LUA_OK) {
    *failure = luaL_tolstring(L, -1, NULL);
    return false;
  }
  return read_clock(L, now_ms);
}

/* ---- Values ---- */

typedef enum table_shape { TABLE_LIST, TABLE_MAP, TABLE_MIXED } table_shape;

/* A list has the keys 1 … n and no other; a map has strings only; an empty table is a list. */
static table_shape look_at(lua_State *L, int table) {
  lua_Integer integers = 0, strings = 0, others = 0, length = (lua_Integer)lua_rawlen(L, table);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING) strings++;
    else if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 && lua_tointeger(L, -1) <= length) integers++;
    else others++;
  }
  if (others || (integers && strings) || integers != length) return TABLE_MIXED;
  return strings ? TABLE_MAP : TABLE_LIST;
}

/* Describes a value that no field takes. The text must live as long as the request: literals do. */
static const char *shape_name(lua_State *L, int index) {
  switch (lua_type(L, index)) {
  case LUA_TNUMBER:
    return lua_isinteger(L, index) ? "an integer" : "a float";
  case LUA_TFUNCTION:
    return "a function";
  case LUA_TTABLE:
    return "a table";
  case LUA_TTHREAD:
    return "a coroutine";
  case LUA_TBOOLEAN:
    return "a boolean";
  default:
    return "a userdata";
  }
}

static void fill_list(lua_State *L, tally_request *request, const char *name, int table) {
  lua_Integer length = (lua_Integer)lua_rawlen(L, table);
  tally_request_set_list(request, name);
  for (lua_Integer i = 1; i <= length; i++) {
    lua_rawgeti(L, table, i);
    bool text = lua_type(L, -1) == LUA_TSTRING;
    if (text) {
      tally_text item = l_text(L, -1); /* lives on in the caller's table */
      tally_request_add_text(request, name, item.data, item.length);
    } else {
      tally_request_set_other(request, name, "a list with other things than strings in it");
    }
    lua_pop(L, 1);
    if (!text) return;
  }
}

static void fill_map(lua_State *L, tally_request *request, const char *name, int table) {
  tally_request_set_map(request, name);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    tally_text key = l_text(L, -2);
    const tally_money *money = l_to_money(L, -1);
    if (money) tally_request_put_money(request, name, key, *money);
    else if (lua_type(L, -1) == LUA_TSTRING) tally_request_put_text(request, name, key, l_text(L, -1));
    else if (lua_isinteger(L, -1)) tally_request_put_integer(request, name, key, lua_tointeger(L, -1));
    else if (lua_isboolean(L, -1)) tally_request_put_boolean(request, name, key, lua_toboolean(L, -1));
    else tally_request_put_other(request, name, key, shape_name(L, -1));
    lua_pop(L, 1);
  }
}

static void fill_table(lua_State *L, tally_request *request, const char *name, int table) {
  switch (look_at(L, table)) {
  case TABLE_LIST:
    fill_list(L, request, name, table);
    break;
  case TABLE_MAP:
    fill_map(L, request, name, table);
    break;
  default:
    tally_request_set_other(request, name, "a table of mixed keys");
  }
}

static void fill_field(lua_State *L, tally_request *request, const char *name, int index) {
  const tally_money *money = l_to_money(L, index);
  if (money) {
    tally_request_set_money(request, name, *money);
    return;
  }
  switch (lua_type(L, index)) {
  case LUA_TSTRING: {
    tally_text text = l_text(L, index);
    tally_request_set_text(request, name, text.data, text.length);
    break;
  }
  case LUA_TBOOLEAN:
    tally_request_set_boolean(request, name, lua_toboolean(L, index));
    break;
  case LUA_TTABLE:
    fill_table(L, request, name, index);
    break;
  default:
    if (lua_isinteger(L, index)) tally_request_set_integer(request, name, lua_tointeger(L, index));
    else tally_request_set_other(request, name, shape_name(L, index));
  }
}

/* The name of a field as C reads it; a key that is no plain string is some name that no command has. */
static const char *key_name(lua_State *L, int index) {
  size_t length;
  if (lua_type(L, index) != LUA_TSTRING)
    return lua_isinteger(L, index) ? "[a list item]" : "[a key that is no string]";
  const char *name = lua_tolstring(L, index, &length);
  return strlen(name) == length ? name : "[a name with a NUL byte]";
}

enum { PATTERN_STEPS_MAX = 20 * 1000 * 1000 }; /* about a tenth of a second */

/* ---- Patterns of extra fields: Lua patterns, so matched here ---- */

/* The payment that a correction names, or NULL. */
static const tally_payment *corrected_payment(lua_State *L, l_ledger *box, int table) {
  const tally_payment *payment = NULL;
  l_raw_field(L, table, "payment");
  bool named = lua_type(L, -1) == LUA_TSTRING;
  if (!named || tally_read_payment(box->ledger, l_text(L, -1), &payment) != TALLY_OK) payment = NULL;
  lua_pop(L, 1);
  return payment;
}

static const tally_payment_type *type_of_request(lua_State *L, l_ledger *box, int table,
                                                 const tally_payment *payment) {
  l_raw_field(L, table, "type");
  const tally_payment_type *type = NULL;
  if (lua_type(L, -1) == LUA_TSTRING) type = tally_ledger_type(box->ledger, l_text(L, -1));
  else if (payment) type = tally_ledger_type(box->ledger, payment->type);
  else type = tally_ledger_default_type(box->ledger);
  lua_pop(L, 1);
  return type;
}

/* Pushes an extra field's text: of the request's own table (at the top), or, where it has none, the one that the corrected
 * payment passes on. Pushes nil where there is none. */
static void push_extra(lua_State *L, tally_text name, const tally_payment *payment) {
  if (lua_istable(L, -1)) {
    lua_pushlstring(L, name.data, name.length);
    lua_rawget(L, -2);
    return;
  }
  for (size_t i = 0; payment && i < payment->field_count; i++) {
    tally_pair pair = payment->fields[i];
    if (pair.key.length != name.length || memcmp(pair.key.data, name.data, name.length) != 0) continue;
    lua_pushlstring(L, pair.value.data, pair.value.length);
    return;
  }
  lua_pushnil(L);
}

/* Asks string.find (the registry keeps it) whether the value at the top matches; an error is no match, and so is a text for
 * which the script's pattern might take longer than a desk waits. */
static bool matches(lua_State *L, tally_text pattern) {
  if (l_pattern_steps(pattern, (size_t)lua_rawlen(L, -1)) > PATTERN_STEPS_MAX) return false;
  lua_getfield(L, LUA_REGISTRYINDEX, "tallystick.find");
  lua_pushvalue(L, -2);
  lua_pushlstring(L, pattern.data, pattern.length);
  bool found = lua_pcall(L, 2, 1, 0) == LUA_OK && !lua_isnil(L, -1);
  lua_pop(L, 1);
  return found;
}

static void match_patterns(lua_State *L, l_ledger *box, int table, tally_command command) {
  l_raw_field(L, table, "fields");
  bool corrects = command == TALLY_COMMAND_CORRECT;
  int32_t version;
  if ((lua_istable(L, -1) || corrects) && tally_ledger_reload(box->ledger, &version) == TALLY_OK) {
    tally_request_matched_under(box->request, version);
    const tally_payment *payment = corrects ? corrected_payment(L, box, table) : NULL;
    const tally_payment_type *type = type_of_request(L, box, table, payment);
    for (size_t i = 0; type && i < type->field_count; i++) {
      const tally_extra_field *extra = &type->fields[i];
      if (extra->pattern.data == NULL) continue;
      push_extra(L, extra->name, payment);
      bool text = lua_type(L, -1) == LUA_TSTRING;
      if (text && !matches(L, extra->pattern)) tally_request_mark_mismatch(box->request, extra->name);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

/* ---- The whole ---- */

static void fill_fields(lua_State *L, l_ledger *box, int table) {
  lua_pushnil(L);
  while (lua_next(L, table)) {
    fill_field(L, box->request, key_name(L, -2), lua_gettop(L));
    lua_pop(L, 1);
  }
}

void l_fill_request(lua_State *L, int self, int table, tally_command command) {
  l_ledger *box = lua_touserdata(L, self);
  int64_t now_ms = 0;
  const char *failure = NULL;
  bool pays = command == TALLY_COMMAND_PAY || command == TALLY_COMMAND_CORRECT;
  luaL_checkstack(L, 16, "too many values");
  bool told = box->has_clock && ask_clock(L, self, &now_ms, &failure);
  if (box->has_clock) box = l_check_ledger(L, self); /* it may have closed the ledger */
  l_hold(box);
  tally_request_begin(box->request, command);
  if (told) tally_request_now(box->request, now_ms);
  else if (box->has_clock) tally_request_clock_failed(box->request, failure);
  if (box->actor.data) tally_request_default_actor(box->request, box->actor);
  if (box->role_count) tally_request_default_roles(box->request, box->roles, box->role_count);
  if (!lua_istable(L, table)) return;
  fill_fields(L, box, table);
  if (pays) match_patterns(L, box, table, command);
}

/* ---- Instants and roles, for lua/tallystick/workflow.lua ---- */

int l_instant(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  int64_t at_ms = tally_now_ms();
  const char *failure;
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    if (!read_clock(L, &at_ms))
      return l_refuse(L, TALLY_ERR_DATE_INVALID, "as_of",
                      "as_of: give a time such as \"2026-11-20T14:30\" or epoch seconds");
  } else if (box->has_clock && !ask_clock(L, 1, &at_ms, &failure)) {
    return l_refuse(L, TALLY_ERR_DATE_INVALID, "clock", lua_pushfstring(L, "clock: %s", failure));
  }
  lua_pushinteger(L, (lua_Integer)at_ms);
  lua_pushinteger(L, tally_day_of(at_ms));
  l_push_time(L, at_ms);
  return 3;
}

int l_default_roles(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  lua_createtable(L, (int)box->role_count, 0);
  for (size_t i = 0; i < box->role_count; i++) {
    lua_pushlstring(L, box->roles[i].data, box->roles[i].length);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}
