/* lua_command.c - commands and transactions in Lua, and the hooks of a script around them (§6, §7). */
#include <string.h>

#include "lua_script.h"

/* ---- A script that was stored meanwhile ---- */

/* Asks lua/tallystick/init.lua to load the script in force; false, and what the command answers, where it is broken. */
static bool reload_script(lua_State *L, int *pushed) {
  int top = lua_gettop(L);
  lua_getfield(L, LUA_REGISTRYINDEX, "tallystick.reload");
  lua_pushvalue(L, 1);
  lua_getiuservalue(L, 1, LEDGER_LIMITS);
  lua_call(L, 2, LUA_MULTRET);
  if (lua_toboolean(L, top + 1)) {
    lua_settop(L, top);
    return true;
  }
  *pushed = lua_gettop(L) - top;
  return false;
}

/* core.refresh(ledger): loads the script in force where another process has stored one. Gives its version, or nil,
 * message, code, details. */
int l_refresh_script(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  int32_t version;
  int pushed = 0;
  lua_settop(L, 1);
  tally_code code = tally_ledger_reload(box->ledger, &version);
  if (code) return l_push_error(L, box->ledger, code);
  if (version != box->script_version && !reload_script(L, &pushed)) return pushed;
  lua_pushinteger(L, version);
  return 1;
}

/* core.poison(ledger, code): what refuses a move refuses the transaction that it was to be part of. */
int l_poison(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const char *name = luaL_checkstring(L, 2);
  for (int code = 1; code < TALLY_ERR_END; code++) {
    if (strcmp(tally_code_name((tally_code)code), name) == 0) tally_poison(box->ledger, (tally_code)code);
  }
  return 0;
}

int l_take_script(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  l_script *script = lua_isnoneornil(L, 2) ? NULL : luaL_checkudata(L, 2, SCRIPT_TYPE);
  lua_Integer version = luaL_checkinteger(L, 3);
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, LEDGER_SCRIPT);
  box->script = script;
  box->script_version = (int32_t)version;
  lua_pushboolean(L, 1);
  return 1;
}

/* ---- What hooks tell ---- */

/* Calls a function of the host's, with the arguments on top of the stack; what it raises concerns nobody any more. What it
 * asks of the ledger may fail and log in its turn: that stands in its answers, and is not told again without end. */
static void tell(lua_State *L, int self, int which, int arguments) {
  l_ledger *box = lua_touserdata(L, self);
  lua_getiuservalue(L, self, which);
  lua_insert(L, -arguments - 1);
  if (box->telling || lua_isnil(L, -arguments - 1)) {
    lua_pop(L, arguments + 1);
    return;
  }
  box->telling = true;
  if (lua_pcall(L, arguments, 0, 0) != LUA_OK) lua_pop(L, 1);
  box->telling = false;
}

/* Adds the value at the top to the list in a field of an answer. */
static void add_to_list(lua_State *L, int answer, const char *name) {
  if (lua_getfield(L, answer, name) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, answer, name);
  }
  lua_insert(L, -2);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}

static void set_string(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

void l_push_failure(lua_State *L, const hook_failure *failure) {
  lua_createtable(L, 0, 6);
  set_string(L, "message", failure->message);
  set_string(L, "code", tally_code_name(TALLY_ERR_SCRIPT_FAILED));
  set_string(L, "rule", failure->rule);
  set_string(L, "hook", failure->hook);
  set_string(L, "script", failure->script);
  lua_pushinteger(L, failure->line);
  lua_setfield(L, -2, "line");
}

static void tell_failure(lua_State *L, int self, const hook_failure *failure) {
  lua_pushstring(L, failure->message);
  l_push_failure(L, failure);
  tell(L, self, LEDGER_ON_ERROR, 2);
}

/* What was logged since the last time goes to the host line by line, and into the answer where there is one (not 0). */
void l_tell_log(lua_State *L, int self, l_script *script, int answer) {
  if (!l_push_log(L, script)) return;
  const char *from = lua_tostring(L, -1), *end;
  for (; (end = strchr(from, '\n')) != NULL; from = end + 1) {
    lua_pushlstring(L, from, (size_t)(end - from));
    if (answer) {
      lua_pushvalue(L, -1);
      add_to_list(L, answer, "log");
    }
    tell(L, self, LEDGER_ON_LOG, 1);
  }
  lua_pop(L, 1);
}

/* ---- After the commit ---- */

static bool has_after(const l_ledger *box) {
  return box->script && box->script->after;
}

/* Keeps an answer beside its event: its hooks' warnings will stand in it. */
static void keep_answer(lua_State *L, int self, int answer, int64_t place) {
  if (lua_getiuservalue(L, self, LEDGER_ANSWERS) != LUA_TTABLE) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, self, LEDGER_ANSWERS);
  }
  lua_pushvalue(L, answer);
  lua_rawseti(L, -2, (lua_Integer)place);
  lua_pop(L, 1);
}

/* Events that were taken back have no hooks. */
static void forget_events(l_ledger *box, int64_t count) {
  if (has_after(box)) box->script->waiting = count;
}

/* Runs the hooks of one event. False where no more can be run: none is left, or a host that was told closed the ledger. */
static bool run_event(lua_State *L, int self, l_ledger *box, l_script *script, int answer) {
  hook_failure failure;
  hook_step step = HOOK_RAN;
  while (box->ledger && step != HOOK_EVENT_DONE && step != HOOK_NONE_LEFT && step != HOOK_LOST) {
    step = l_run_after(script, box, &failure);
    if (step != HOOK_FAILED && step != HOOK_LOST) continue;
    if (answer) {
      l_push_failure(L, &failure);
      add_to_list(L, answer, "warnings");
    }
    l_tell_log(L, self, script, answer); /* before a command of the host's logs in its turn */
    tell_failure(L, self, &failure);
  }
  l_tell_log(L, self, script, answer);
  return box->ledger && step == HOOK_EVENT_DONE;
}

/* Runs the hooks of all events that were committed. A host that is told of a failure may use the ledger: the answers are
 * taken out first, and the script, which the ledger may replace meanwhile, is kept on the stack. */
static void run_after_hooks(lua_State *L, int self, l_ledger *box) {
  l_script *script = box->script;
  if (!has_after(box) || script->waiting == 0 || tally_transaction_depth(box->ledger) > 0) return;
  if (!l_begin_after(script)) return;
  int top = lua_gettop(L);
  lua_getiuservalue(L, self, LEDGER_SCRIPT);
  bool known = lua_getiuservalue(L, self, LEDGER_ANSWERS) == LUA_TTABLE;
  lua_pushnil(L);
  lua_setiuservalue(L, self, LEDGER_ANSWERS);
  for (lua_Integer i = 1;; i++) {
    int answer = known && lua_rawgeti(L, top + 2, i) == LUA_TTABLE ? top + 3 : 0;
    if (!run_event(L, self, box, script, answer)) break;
    lua_settop(L, top + 2);
  }
  lua_settop(L, top);
}

/* ---- Commands ---- */

enum { TRIES_MAX = 8 }; /* how often a script may be replaced while one command is asked */

/* Runs the command that the request holds, its hooks included. *event says that hooks wait for its commit. */
static tally_code run_command(l_ledger *box, tally_command command, tally_result *result, bool *event) {
  const tally_proposal *proposal;
  l_script *script = box->script;
  uint32_t bit = (uint32_t)1 << command;
  *event = false;
  tally_request_prepared_under(box->request, box->script_version);
  if (script == NULL || ((script->before | script->after) & bit) == 0)
    return tally_execute(box->ledger, box->request, result);
  tally_code code = tally_propose(box->ledger, box->request, &proposal);
  if (code) return code;
  if (proposal->done) {
    *result = *proposal->result;
    return TALLY_OK;
  }
  bool keep = (script->after & bit) && !proposal->dry_run && !box->pretends;
  if (script->before & bit) code = l_ask_hooks(script, box, proposal);
  if (!code && keep) code = l_keep_event(script, box, proposal);
  if (code) return code;
  code = tally_accept(box->ledger, result);
  if (code && keep) script->waiting--;
  *event = keep && !code;
  return code;
}

static bool is_hooked(const l_ledger *box, tally_command command) {
  return box->script && ((box->script->before | box->script->after) >> command & 1);
}

static int answer(lua_State *L, l_ledger *box, const tally_result *result, bool event) {
  bool hooked = is_hooked(box, result->command);
  l_push_result(L, result, tally_ledger_currency(box->ledger));
  l_done(box, 0);
  if (!hooked) return 1;
  int place = lua_gettop(L);
  if (event) keep_answer(L, 1, place, box->script->waiting);
  if (event && tally_transaction_depth(box->ledger) == 0) run_after_hooks(L, 1, box);
  else l_tell_log(L, 1, box->script, place);
  return 1;
}

/* Marks the fields, named in a list at a stack place, that lua/tallystick/workflow.lua made and its caller did not pass. */
static void mark_made(lua_State *L, l_ledger *box, int list) {
  if (!lua_istable(L, list)) return;
  for (lua_Integer i = 1; lua_rawgeti(L, list, i) == LUA_TSTRING; i++) {
    tally_request_set_made(box->request, lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static int execute(lua_State *L) {
  tally_command command = (tally_command)lua_tointeger(L, lua_upvalueindex(1));
  l_ledger *box = l_check_ledger(L, 1);
  tally_result result;
  bool event;
  int pushed;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  tally_code code = TALLY_STALE;
  for (int tries = 0; code == TALLY_STALE && tries < TRIES_MAX; tries++) {
    if (tries && !reload_script(L, &pushed)) {
      if (box->ledger) tally_poison(box->ledger, TALLY_ERR_CONFIG_INVALID);
      return pushed;
    }
    if (tries) l_check_ledger(L, 1); /* what loaded the script may have closed it */
    l_fill_request(L, 1, 2, command);
    if (command == TALLY_COMMAND_MOVE) mark_made(L, box, 3);
    code = run_command(box, command, &result, &event);
    if (code == TALLY_STALE) l_done(box, 0);
  }
  if (code == TALLY_OK) return answer(L, box, &result, event);
  pushed = l_done(box, l_push_error(L, box->ledger, code));
  if (is_hooked(box, command)) l_tell_log(L, 1, box->script, 0);
  return pushed;
}

/* core.probe_move(ledger, fields, made): what the core alone would say of a move: no hook is asked, nothing is written. */
int l_probe_move(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  tally_result result;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 3);
  l_fill_request(L, 1, 2, TALLY_COMMAND_MOVE);
  mark_made(L, box, 3);
  tally_request_set_boolean(box->request, "dry_run", true);
  tally_code code = tally_execute(box->ledger, box->request, &result);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  l_push_result(L, &result, tally_ledger_currency(box->ledger));
  return l_done(box, 1);
}

/* core.pretend(ledger, on): what is written from here on will be taken back; hooks are told so. Gives what held before. */
int l_pretend(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  lua_pushboolean(L, box->pretends);
  box->pretends = lua_toboolean(L, 2);
  return 1;
}

void l_push_commands(lua_State *L) {
  for (int i = 1; i <= TALLY_COMMAND_LAST_WRITING; i++) {
    lua_pushinteger(L, i);
    lua_pushcclosure(L, execute, 1);
    lua_setfield(L, -2, tally_command_name((tally_command)i));
  }
}

/* ---- Transactions ---- */

/* What the function returned stands on the stack above its place; nil first means: take it back. `kept` events were
 * waiting when it began. */
static int end_transaction(lua_State *L, l_ledger *box, int first, int64_t kept) {
  int count = lua_gettop(L) - first + 1;
  if (!lua_checkstack(L, 24)) {
    lua_settop(L, first);
    tally_rollback(box->ledger);
    forget_events(box, kept);
    return luaL_error(L, "the transaction's function gave too many results; it was rolled back");
  }
  if (count > 0 && lua_isnil(L, first)) {
    tally_rollback(box->ledger);
    forget_events(box, kept);
    if (count > 1) return count;
    return l_refuse(L, TALLY_ERR_REFUSED, "transaction",
                    "the transaction's function returned nil; it was rolled back");
  }
  tally_code code = tally_commit(box->ledger);
  if (code) {
    int pushed = l_push_error(L, box->ledger, code);
    forget_events(box, kept);
    return pushed;
  }
  run_after_hooks(L, 1, box);
  if (count > 0) return count;
  lua_pushboolean(L, 1);
  return 1;
}

/* Reads the table of options; raises for one that is not known. */
static bool read_allow_refusals(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return false;
  luaL_checktype(L, index, LUA_TTABLE);
  l_raw_field(L, index, "allow_refusals");
  bool allow = lua_toboolean(L, -1);
  int known = !lua_isnil(L, -1), found = 0;
  if (known && !lua_isboolean(L, -1)) luaL_argerror(L, index, "allow_refusals is true or false");
  lua_pop(L, 1);
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) found++;
  luaL_argcheck(L, found == known, index, "the one option of a transaction is allow_refusals");
  return allow;
}

int l_ledger_transaction(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  bool allow = read_allow_refusals(L, 3);
  lua_settop(L, 2);
  tally_code code = tally_begin(box->ledger);
  if (code) return l_push_error(L, box->ledger, code);
  if (allow) tally_allow_refusals(box->ledger);
  int64_t kept = has_after(box) ? box->script->waiting : 0;
  int depth = tally_transaction_depth(box->ledger);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 1);
  int status = lua_pcall(L, 1, LUA_MULTRET, 0);
  if (box->ledger == NULL)
    return luaL_error(L, "closed: the ledger was closed inside its transaction, which is rolled back");
  if (status == LUA_OK && tally_transaction_depth(box->ledger) == depth) return end_transaction(L, box, 3, kept);
  while (tally_transaction_depth(box->ledger) >= depth) tally_rollback(box->ledger);
  forget_events(box, kept);
  return lua_error(L);
}
