/* lua_ledger.c - the module, opening and closing a ledger, its commands and transactions. */
#include <string.h>

#include "lua_script.h"

/* ---- The box ---- */

/* A call that raised for want of memory never came to l_done. Only a finalizer can come between a call and its answer, and
 * Lua's collector stands still while one runs: where it does not, the call is over. */
static bool is_answering(lua_State *L, l_ledger *box) {
  if (box->answering && lua_gc(L, LUA_GCISRUNNING) == 1) box->answering = false;
  return box->answering;
}

l_ledger *l_check_ledger(lua_State *L, int index) {
  l_ledger *box = l_test(L, index, LEDGER_TYPE);
  if (box == NULL)
    luaL_argerror(L, index, "a ledger is expected: call its methods with a colon, as in ledger:pay{...}");
  if (is_answering(L, box)) luaL_error(L, "busy: the ledger is answering another call; a finalizer must not use it");
  if (box->ledger == NULL) luaL_error(L, "closed: the ledger is closed");
  return box;
}

static void close_box(l_ledger *box) {
  tally_ledger *ledger = box->ledger;
  tally_request *request = box->request;
  box->ledger = NULL;
  box->request = NULL;
  tally_close(ledger);
  tally_request_free(request);
}

/* close and __close are this one function: the second time there is nothing left to do. */
static int ledger_close(lua_State *L) {
  l_ledger *box = luaL_checkudata(L, 1, LEDGER_TYPE);
  if (box->held || is_answering(L, box))
    return luaL_error(L, "busy: the ledger cannot be closed while a call of it is at work");
  close_box(box);
  return 0;
}

/* Nothing can be at work on what nobody holds. */
static int ledger_collect(lua_State *L) {
  close_box(luaL_checkudata(L, 1, LEDGER_TYPE));
  return 0;
}

static int ledger_to_string(lua_State *L) {
  l_ledger *box = luaL_checkudata(L, 1, LEDGER_TYPE);
  lua_pushfstring(L, "%s (%s)", LEDGER_TYPE, box->ledger ? "open" : "closed");
  return 1;
}

/* ---- Opening ---- */

/* Keeps the clock, the actor and the roles in the box's user values; their texts live there. */
static void keep_defaults(lua_State *L, l_ledger *box, int self, int options) {
  lua_getfield(L, options, "clock");
  box->has_clock = !lua_isnil(L, -1);
  lua_setiuservalue(L, self, LEDGER_CLOCK);
  lua_getfield(L, options, "actor");
  if (lua_type(L, -1) == LUA_TSTRING) box->actor = l_text(L, -1);
  lua_setiuservalue(L, self, LEDGER_ACTOR);
  lua_getfield(L, options, "roles");
  size_t count = lua_istable(L, -1) ? (size_t)lua_rawlen(L, -1) : 0;
  lua_createtable(L, (int)count, 0);
  tally_text *texts = lua_newuserdatauv(L, (count + 1) * sizeof *texts, 0);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, -3, (lua_Integer)i + 1);
    texts[i] = l_text(L, -1);
    lua_rawseti(L, -3, (lua_Integer)i + 1);
  }
  lua_setiuservalue(L, self, LEDGER_ROLE_TEXTS);
  lua_setiuservalue(L, self, LEDGER_ROLES);
  lua_pop(L, 1);
  box->roles = texts;
  box->role_count = count;
  lua_getfield(L, options, "script_limits");
  lua_setiuservalue(L, self, LEDGER_LIMITS);
  lua_getfield(L, options, "on_error");
  lua_setiuservalue(L, self, LEDGER_ON_ERROR);
  lua_getfield(L, options, "on_log");
  lua_setiuservalue(L, self, LEDGER_ON_LOG);
}

enum { BUSY_TIMEOUT_MAX_MS = 24 * 60 * 60 * 1000 };

static tally_options read_options(lua_State *L, int options) {
  tally_options out = {0};
  lua_getfield(L, options, "mode");
  out.read_only = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "ro") == 0;
  lua_getfield(L, options, "busy_timeout");
  if (lua_isinteger(L, -1)) {
    lua_Integer timeout = lua_tointeger(L, -1);
    out.busy_timeout_ms = timeout <= 0 ? -1 : timeout > BUSY_TIMEOUT_MAX_MS ? BUSY_TIMEOUT_MAX_MS : (int)timeout;
  }
  lua_getfield(L, options, "anchor");
  out.anchor = lua_toboolean(L, -1);
  lua_pop(L, 3);
  return out;
}

/* core.open(path, options): the options were looked at by lua/tallystick/init.lua. */
static int core_open(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  tally_options options = read_options(L, 2);
  lua_getfield(L, 2, "config");
  if (lua_istable(L, 3)) options.config = l_check_config(L, 3); /* its memory stays on the stack */
  l_ledger *box = lua_newuserdatauv(L, sizeof *box, LEDGER_USER_VALUES);
  int self = lua_gettop(L);
  *box = (l_ledger){0};
  luaL_setmetatable(L, LEDGER_TYPE);
  keep_defaults(L, box, self, 2);
  box->request = tally_request_new();
  if (box->request == NULL) return l_refuse(L, TALLY_ERR_OUT_OF_MEMORY, "path", "out of memory");
  tally_code code = tally_open(path, &options, &box->ledger);
  if (code == TALLY_OK) {
    lua_pushvalue(L, self);
    return 1;
  }
  int pushed = l_push_error(L, box->ledger, code);
  tally_close(box->ledger);
  box->ledger = NULL;
  return pushed;
}

/* core.wait(ledger, milliseconds): sets how long each command waits while another process writes; gives how long it was. */
static int core_wait(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  lua_Integer wait_ms = luaL_checkinteger(L, 2);
  luaL_argcheck(L, wait_ms >= 0 && wait_ms <= BUSY_TIMEOUT_MAX_MS, 2, "milliseconds of a day");
  lua_pushinteger(L, tally_set_busy_timeout(box->ledger, (int)wait_ms));
  return 1;
}

/* ---- Small readings ---- */

static int ledger_head(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  tally_head head;
  tally_code code = tally_read_head(box->ledger, &head);
  if (code) return l_push_error(L, box->ledger, code);
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, (lua_Integer)head.seq);
  lua_setfield(L, -2, "seq");
  l_push_hash(L, head.hash);
  lua_setfield(L, -2, "hash");
  return 1;
}

static void set_string(lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

static void set_script(lua_State *L, const tally_info *info) {
  lua_createtable(L, 0, 3);
  l_set_integer(L, "version", info->script_version);
  l_set_text(L, "name", info->script_name);
  l_set_text(L, "text", info->script_text);
  lua_setfield(L, -2, "script");
}

static void push_info(lua_State *L, const tally_info *info) {
  lua_createtable(L, 0, 24);
  set_string(L, "version", info->version);
  set_string(L, "lua_version", LUA_VERSION);
  set_string(L, "sqlite_version", info->sqlite_version);
  l_set_integer(L, "schema_version", info->schema_version);
  set_string(L, "path", info->path);
  set_string(L, "id", info->id);
  set_string(L, "currency", info->currency->code);
  l_set_text(L, "language", info->language);
  l_push_time(L, info->created_at_ms);
  lua_setfield(L, -2, "created_at");
  l_set_integer(L, "entries", info->entries);
  l_set_integer(L, "documents", info->documents);
  l_set_integer(L, "payments", info->payments);
  l_set_integer(L, "closings", info->closings);
  l_set_integer(L, "file_bytes", info->file_bytes);
  set_string(L, "mode", info->read_only ? "ro" : "rw");
  set_string(L, "journal_mode", info->journal_mode);
  set_string(L, "synchronous", info->synchronous == 2 ? "FULL" : "other");
  if (info->has_closed_through) {
    l_push_day(L, info->closed_through);
    lua_setfield(L, -2, "closed_through");
  }
  set_script(L, info);
  l_push_anchor(L, &info->anchor);
  lua_setfield(L, -2, "anchor");
}

/* The script in force, and which version it is. */
static int ledger_script(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  int32_t version;
  l_hold(box);
  tally_code code = tally_ledger_reload(box->ledger, &version);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  const tally_config *config = tally_ledger_config(box->ledger);
  lua_createtable(L, 0, 3);
  l_set_integer(L, "version", version);
  l_set_text(L, "name", config->script_name);
  l_set_text(L, "text", config->script_text);
  return l_done(box, 1);
}

static int ledger_info(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  tally_info info;
  l_hold(box);
  tally_code code = tally_read_info(box->ledger, &info);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  push_info(L, &info);
  return l_done(box, 1);
}

/* ledger:money "120.50": a money value in the ledger's currency. */
static int ledger_money(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  lua_settop(L, 2);
  lua_remove(L, 1);
  lua_pushstring(L, tally_ledger_currency(box->ledger)->code);
  return l_money_new(L);
}

/* ---- The module ---- */

static const luaL_Reg ledger_methods[] = {{"close", ledger_close},
                                          {"transaction", l_ledger_transaction},
                                          {"head", ledger_head},
                                          {"info", ledger_info},
                                          {"money", ledger_money},
                                          {"script", ledger_script},
                                          {"type", l_read_type},
                                          {"types", l_read_types},
                                          {"anchor", l_keep_anchor},
                                          {"erase", l_erase},
                                          {NULL, NULL}};

static const luaL_Reg ledger_metamethods[] = {
    {"__gc", ledger_collect}, {"__close", ledger_close}, {"__tostring", ledger_to_string}, {NULL, NULL}};

/* A second require finds the type made: its methods may have been completed in Lua, and ledgers of it are open. */
static void open_ledger_type(lua_State *L) {
  bool first = luaL_newmetatable(L, LEDGER_TYPE);
  l_know_type(L, LEDGER_TYPE);
  if (!first) {
    lua_getfield(L, -1, "__index");
    lua_remove(L, -2);
    return;
  }
  luaL_setfuncs(L, ledger_metamethods, 0);
  luaL_newlib(L, ledger_methods);
  luaL_setfuncs(L, l_read_methods, 0);
  luaL_setfuncs(L, l_long_methods, 0);
  l_push_commands(L);
  lua_setfield(L, -2, "__index");
  l_protect_type(L, LEDGER_TYPE);
  lua_getfield(L, -1, "__index");
  lua_remove(L, -2);
}

static void push_error_list(lua_State *L) {
  lua_newtable(L);
  for (int code = 1; code < TALLY_ERR_END; code++) {
    lua_createtable(L, 0, 3);
    l_set_integer(L, "number", code);
    set_string(L, "code", tally_code_name((tally_code)code));
    set_string(L, "text", tally_code_text((tally_code)code));
    lua_rawseti(L, -2, code);
  }
}

/* The commands with their fields: what help, completion and scripts' checks are made of. */
static void push_command_list(lua_State *L) {
  const char *name;
  bool required;
  lua_newtable(L);
  for (int i = 1; i <= TALLY_COMMAND_LAST_WRITING; i++) {
    lua_createtable(L, 0, 2);
    set_string(L, "name", tally_command_name((tally_command)i));
    lua_newtable(L);
    for (size_t k = 0; tally_command_field((tally_command)i, k, &name, &required); k++) {
      lua_createtable(L, 0, 2);
      set_string(L, "name", name);
      lua_pushboolean(L, required);
      lua_setfield(L, -2, "required");
      lua_rawseti(L, -2, (lua_Integer)k + 1);
    }
    lua_setfield(L, -2, "fields");
    lua_rawseti(L, -2, i);
  }
}

static void push_statuses(lua_State *L) {
  lua_createtable(L, TALLY_STATUS_END, 0);
  for (int i = 0; i < TALLY_STATUS_END; i++) {
    lua_pushstring(L, tally_status_name((tally_status)i));
    lua_rawseti(L, -2, i + 1);
  }
}

static void push_kinds(lua_State *L) {
  lua_createtable(L, TALLY_KIND_END, 0);
  for (int i = 1; i < TALLY_KIND_END; i++) {
    lua_pushstring(L, tally_kind_name((tally_kind)i));
    lua_rawseti(L, -2, i);
  }
}

/* Patterns of extra fields are Lua's: string.find is kept, whatever a script later does to the string table. */
static void keep_find(lua_State *L) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, "tallystick.find") == LUA_TNIL) {
    if (lua_getglobal(L, LUA_STRLIBNAME) != LUA_TTABLE) {
      lua_pop(L, 1);
      luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 0);
    }
    lua_getfield(L, -1, "find");
    lua_setfield(L, LUA_REGISTRYINDEX, "tallystick.find");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* core.on_stale(reload): what loads the script in force into a ledger that holds another. */
static int core_on_stale(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, "tallystick.reload");
  return 0;
}

static const luaL_Reg functions[] = {{"open", core_open},
                                     {"wait", core_wait},
                                     {"money", l_money_new},
                                     {"currency_exponent", l_currency_exponent},
                                     {"status", l_status},
                                     {"take_script", l_take_script},
                                     {"on_stale", core_on_stale},
                                     {"declared", l_declared},
                                     {"refresh", l_refresh_script},
                                     {"poison", l_poison},
                                     {"probe_move", l_probe_move},
                                     {"pretend", l_pretend},
                                     {"template", l_run_template},
                                     {"instant", l_instant},
                                     {"roles", l_default_roles},
                                     {"read_stage", l_read_stage},
                                     {"ask", l_ask_transition},
                                     {"follower_get", l_follower_get},
                                     {"follower_set", l_follower_set},
                                     {NULL, NULL}};

int luaopen_tallystick_core(lua_State *L) {
  l_open_money(L);
  l_open_cursor(L);
  l_open_long(L);
  keep_find(L);
  luaL_newlib(L, functions);
  luaL_setfuncs(L, l_sign_functions, 0);
  l_open_script(L);
  open_ledger_type(L);
  lua_setfield(L, -2, "methods");
  luaL_newlib(L, l_read_methods);
  lua_pushcfunction(L, ledger_info);
  lua_setfield(L, -2, "info");
  l_push_commands(L);
  lua_setfield(L, -2,
               "plain"); /* the commands and readings as they are here: lua/tallystick/init.lua completes some */
  push_error_list(L);
  lua_setfield(L, -2, "errors");
  push_command_list(L);
  lua_setfield(L, -2, "commands");
  push_statuses(L);
  lua_setfield(L, -2, "statuses");
  push_kinds(L);
  lua_setfield(L, -2, "kinds");
  set_string(L, "version", TALLY_VERSION);
  return 1;
}
