/* lua_read.c - reading in Lua: documents, payments, entries, patients, totals, closings. */
#include <string.h>

#include "lua_tallystick.h"

static const tally_currency *currency_of(const l_ledger *box) {
  return tally_ledger_currency(box->ledger);
}

/* The name that a reading call is given; refused like any other field. */
static bool check_name(lua_State *L, int index, const char *field, tally_text *text, int *pushed) {
  if (lua_type(L, index) == LUA_TSTRING) {
    *text = l_text(L, index);
    return true;
  }
  *pushed = l_refuse(L, TALLY_ERR_FIELD_INVALID, field,
                     lua_pushfstring(L, "%s: %s; give a string", field, luaL_typename(L, index)));
  return false;
}

static void check_options(lua_State *L, int index) {
  if (!lua_isnoneornil(L, index)) luaL_checktype(L, index, LUA_TTABLE);
}

/* ---- One ---- */

static int read_document(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const tally_document *document;
  tally_text number;
  int pushed;
  check_options(L, 3);
  lua_settop(L, 3);
  if (!check_name(L, 2, "document", &number, &pushed)) return pushed;
  l_fill_request(L, 1, 3, TALLY_QUERY_DOCUMENT);
  tally_code code = tally_read_document(box->ledger, number, box->request, &document);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  l_push_document(L, document, currency_of(box), true);
  return l_done(box, 1);
}

static int read_payment(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const tally_payment *payment;
  tally_text number;
  int pushed;
  if (!check_name(L, 2, "payment", &number, &pushed)) return pushed;
  l_hold(box);
  tally_code code = tally_read_payment(box->ledger, number, &payment);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  l_push_payment(L, payment, currency_of(box));
  return l_done(box, 1);
}

static int read_patient(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const tally_patient *patient;
  tally_text id;
  int pushed;
  lua_settop(L, 2);
  if (!check_name(L, 2, "patient", &id, &pushed)) return pushed;
  lua_pushnil(L);
  l_fill_request(L, 1, 3, TALLY_QUERY_DOCUMENT);
  tally_code code = tally_read_patient(box->ledger, id, box->request, &patient);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  l_push_patient(L, patient, currency_of(box));
  return l_done(box, 1);
}

/* ---- Cursors ---- */

/* A cursor's box; user value 1 is its ledger, which so outlives it. */
typedef struct l_cursor {
  tally_cursor *cursor;
} l_cursor;

static int cursor_close(lua_State *L) {
  l_cursor *box = luaL_checkudata(L, 1, CURSOR_TYPE);
  tally_cursor *cursor = box->cursor;
  box->cursor = NULL;
  tally_cursor_close(cursor);
  return 0;
}

static const luaL_Reg cursor_metamethods[] = {{"__gc", cursor_close}, {"__close", cursor_close}, {NULL, NULL}};

void l_open_cursor(lua_State *L) {
  luaL_newmetatable(L, CURSOR_TYPE);
  luaL_setfuncs(L, cursor_metamethods, 0);
  l_protect_type(L, CURSOR_TYPE);
  lua_pop(L, 1);
}

static tally_code push_row(lua_State *L, tally_cursor *cursor, tally_command query, const tally_currency *currency) {
  const tally_document *document;
  const tally_payment *payment;
  const tally_entry *entry;
  tally_code code;
  switch (query) {
  case TALLY_QUERY_DOCUMENTS:
    code = tally_cursor_document(cursor, &document);
    if (code == TALLY_OK) l_push_document(L, document, currency, false);
    return code;
  case TALLY_QUERY_PAYMENTS:
    code = tally_cursor_payment(cursor, &payment);
    if (code == TALLY_OK) l_push_payment(L, payment, currency);
    return code;
  default:
    code = tally_cursor_entry(cursor, &entry);
    if (code == TALLY_OK) l_push_entry(L, entry, currency);
    return code;
  }
}

/* The iterator: upvalues are the cursor's box and the query. A failing read in the middle of a loop raises. */
static int next_row(lua_State *L) {
  l_cursor *box = lua_touserdata(L, lua_upvalueindex(1));
  if (box->cursor == NULL) return 0;
  lua_getiuservalue(L, lua_upvalueindex(1), 1);
  l_ledger *ledger = l_check_ledger(L, -1);
  tally_command query = (tally_command)lua_tointeger(L, lua_upvalueindex(2));
  l_hold(ledger);
  tally_code code = push_row(L, box->cursor, query, currency_of(ledger));
  l_done(ledger, 0);
  if (code == TALLY_OK) return 1;
  tally_cursor_close(box->cursor);
  box->cursor = NULL;
  if (code == TALLY_DONE) return 0;
  return luaL_error(L, "%s: %s", tally_code_name(code), tally_error_message(ledger->ledger));
}

/* A refused query in the head of a for loop has its details where Lua looks for a value to be closed: closing them raises
 * the refusal's own sentence, instead of Lua's on a nil iterator. */
static int raise_refusal(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  return lua_error(L);
}

static int refuse_cursor(lua_State *L, const tally_ledger *ledger, tally_code code) {
  int pushed = l_push_error(L, ledger, code);
  lua_createtable(L, 0, 1);
  lua_pushfstring(L, "%s: %s", tally_code_name(code), tally_error_message(ledger));
  lua_pushcclosure(L, raise_refusal, 1);
  lua_setfield(L, -2, "__close");
  lua_setmetatable(L, -2);
  return pushed;
}

static int open_cursor(lua_State *L, tally_command query) {
  l_ledger *box = l_check_ledger(L, 1);
  check_options(L, 2);
  lua_settop(L, 2);
  l_fill_request(L, 1, 2, query);
  l_cursor *cursor = lua_newuserdatauv(L, sizeof *cursor, 1);
  cursor->cursor = NULL;
  luaL_setmetatable(L, CURSOR_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  tally_code code = tally_cursor_open(box->ledger, box->request, &cursor->cursor);
  if (code) return l_done(box, refuse_cursor(L, box->ledger, code));
  lua_pushvalue(L, -1);
  lua_pushinteger(L, query);
  lua_pushcclosure(L, next_row, 2);
  lua_insert(L, -2);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_rotate(L, -3, 2); /* iterator, nil, nil, cursor to be closed */
  return l_done(box, 4);
}

static int read_documents(lua_State *L) {
  return open_cursor(L, TALLY_QUERY_DOCUMENTS);
}

static int read_payments(lua_State *L) {
  return open_cursor(L, TALLY_QUERY_PAYMENTS);
}

static int read_entries(lua_State *L) {
  return open_cursor(L, TALLY_QUERY_ENTRIES);
}

/* ---- Names, totals and closings ---- */

/* In the order of tally_names. */
static const char *const name_kinds[] = {"document", "payment", "patient", NULL};

static int refuse_kind(lua_State *L) {
  return l_refuse(L, TALLY_ERR_FIELD_INVALID, "kind",
                  "kind: there are no such names; give \"document\", \"payment\" or \"patient\"");
}

static int find_kind(lua_State *L, int index) {
  const char *given = lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "";
  for (int i = 0; name_kinds[i]; i++) {
    if (strcmp(given, name_kinds[i]) == 0) return i;
  }
  return -1;
}

static int read_names(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const tally_text *names;
  size_t count;
  tally_text prefix = {"", 0};
  int pushed, kind = find_kind(L, 2);
  lua_settop(L, 4);
  if (kind < 0) return refuse_kind(L);
  if (!lua_isnil(L, 3) && !check_name(L, 3, "prefix", &prefix, &pushed)) return pushed;
  bool limited = lua_isinteger(L, 4) && lua_tointeger(L, 4) > 0;
  if (!limited && !lua_isnil(L, 4))
    return l_refuse(L, TALLY_ERR_FIELD_INVALID, "limit", "limit: this is no count; give a number from 1 on");
  lua_Integer limit = limited && lua_tointeger(L, 4) < TALLY_NAMES_MAX ? lua_tointeger(L, 4) : TALLY_NAMES_MAX;
  l_hold(box);
  tally_code code = tally_read_names(box->ledger, (tally_names)kind, prefix, (size_t)limit, &names, &count);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    lua_pushlstring(L, names[i].data, names[i].length);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return l_done(box, 1);
}

static int read_totals(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const tally_totals *rows;
  size_t count;
  unsigned by;
  check_options(L, 2);
  lua_settop(L, 2);
  l_fill_request(L, 1, 2, TALLY_QUERY_TOTALS);
  tally_code code = tally_read_totals(box->ledger, box->request, &rows, &count, &by);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    l_push_totals(L, &rows[i], by, currency_of(box));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return l_done(box, 1);
}

static int read_closings(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const tally_closing *closings;
  size_t count;
  l_hold(box);
  tally_code code = tally_read_closings(box->ledger, &closings, &count);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    l_push_closing(L, &closings[i], currency_of(box));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return l_done(box, 1);
}

const luaL_Reg l_read_methods[READ_METHODS + 1] = {{"document", read_document}, {"documents", read_documents},
                                                   {"payment", read_payment},   {"payments", read_payments},
                                                   {"entries", read_entries},   {"patient", read_patient},
                                                   {"totals", read_totals},     {"closings", read_closings},
                                                   {"names", read_names},       {NULL, NULL}};
