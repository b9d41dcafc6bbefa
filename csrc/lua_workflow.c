/* lua_workflow.c - what workflows and followers need of the core: where a document stands, what a script's transition says,
 * how far a follower has come (§7). lua/tallystick/workflow.lua and follow.lua do the rest. */
#include <stdio.h>

#include "lua_script.h"

static int refuse_text(lua_State *L, const char *field) {
  return l_refuse(L, TALLY_ERR_FIELD_INVALID, field, lua_pushfstring(L, "%s: give a string", field));
}

/* core.read_stage(ledger, document, workflow): { stage, seq, since, day }; no stage where it stands at none yet. */
int l_read_stage(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  tally_stage stage;
  if (lua_type(L, 2) != LUA_TSTRING) return refuse_text(L, "document");
  if (lua_type(L, 3) != LUA_TSTRING) return refuse_text(L, "workflow");
  l_hold(box);
  tally_code code = tally_read_stage(box->ledger, l_text(L, 2), l_text(L, 3), &stage);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  lua_createtable(L, 0, 5);
  l_set_text(L, "stage", stage.name);
  if (stage.seq) {
    lua_pushinteger(L, (lua_Integer)stage.seq);
    lua_setfield(L, -2, "seq");
  }
  l_push_time(L, stage.at_ms);
  lua_setfield(L, -2, "since");
  l_push_day(L, stage.day);
  lua_setfield(L, -2, "day");
  lua_pushinteger(L, (lua_Integer)stage.at_ms);
  lua_setfield(L, -2, "since_ms");
  return l_done(box, 1);
}

/* ---- Asking a transition ---- */

typedef struct question {
  l_script *script;
  const char *name; /* of the function in the script's state: when, action */
  lua_Integer workflow, transition;
  const tally_document *document;
} question;

static int ask_body(lua_State *S) {
  const question *asked = lua_touserdata(S, 1);
  l_script *script = asked->script;
  lua_settop(S, 0);
  lua_pushinteger(S, asked->workflow);
  lua_pushinteger(S, asked->transition);
  l_push_document(S, asked->document, tally_ledger_currency(script->box->ledger), true);
  if (l_script_call(script, asked->name, 3, 1)) {
    lua_pushboolean(S, 1);
    lua_insert(S, 1);
    return 2;
  }
  lua_pushboolean(S, 0);
  return 1;
}

/* Details of an error are texts, as everywhere. */
static int push_script_failure(lua_State *L, const hook_failure *failure) {
  lua_pushnil(L);
  lua_pushstring(L, failure->message);
  lua_pushstring(L, tally_code_name(TALLY_ERR_SCRIPT_FAILED));
  l_push_failure(L, failure);
  lua_pushfstring(L, "%d", failure->line);
  lua_setfield(L, -2, "line");
  return 4;
}

/* Who acts, where the call names somebody: texts that live in the caller's values and in a userdata on the stack. */
static void name_actor(lua_State *L, l_script *script, int actor, int roles) {
  if (lua_type(L, actor) == LUA_TSTRING) script->actor = l_text(L, actor);
  if (!lua_istable(L, roles)) return;
  size_t count = (size_t)lua_rawlen(L, roles);
  tally_text *texts = lua_newuserdatauv(L, (count + 1) * sizeof *texts, 0);
  script->role_count = 0;
  script->roles = texts;
  for (size_t i = 1; i <= count; i++) {
    if (lua_rawgeti(L, roles, (lua_Integer)i) == LUA_TSTRING) texts[script->role_count++] = l_text(L, -1);
    lua_pop(L, 1);
  }
}

/* core.ask(ledger, question, workflow, transition, document, now_ms, actor, roles): true and what the script's function
 * gives, as plain values; or nil, message, code, details. */
int l_ask_transition(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  l_script *script = box->script;
  hook_failure failure;
  lua_settop(L, 8);
  question asked = {.script = script, .name = luaL_checkstring(L, 2)};
  asked.workflow = luaL_checkinteger(L, 3);
  asked.transition = luaL_checkinteger(L, 4);
  luaL_checktype(L, 5, LUA_TSTRING);
  int64_t now_ms = luaL_checkinteger(L, 6);
  if (script == NULL) return luaL_error(L, "the ledger has no script");
  l_hold(box);
  l_begin_reading(script, box, now_ms);
  name_actor(L, script, 7, 8);
  tally_request_begin(script->request, TALLY_QUERY_DOCUMENT);
  tally_request_now(script->request, now_ms);
  tally_code code = tally_read_document(box->ledger, l_text(L, 5), script->request, &asked.document);
  bool ran = code == TALLY_OK && l_script_run(script, ask_body, &asked);
  bool failed = code == TALLY_OK && (!ran || !lua_toboolean(script->S, 1));
  if (failed) l_describe_failure(script, &failure);
  l_end_reading(script);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  int pushed = 2;
  if (failed) {
    pushed = push_script_failure(L, &failure);
  } else {
    lua_pushboolean(L, 1);
    l_script_copy(L, script, 2);
    lua_settop(script->S, 0);
  }
  l_done(box, pushed);
  l_tell_log(L, 1, script, 0);
  return pushed;
}

/* ---- Followers ---- */

int l_follower_get(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  int64_t seq;
  if (lua_type(L, 2) != LUA_TSTRING) return refuse_text(L, "name");
  tally_code code = tally_follower_get(box->ledger, l_text(L, 2), &seq);
  if (code) return l_push_error(L, box->ledger, code);
  lua_pushinteger(L, (lua_Integer)seq);
  return 1;
}

int l_follower_set(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  if (lua_type(L, 2) != LUA_TSTRING) return refuse_text(L, "name");
  if (!lua_isinteger(L, 3)) return l_refuse(L, TALLY_ERR_FIELD_INVALID, "seq", "seq: give an integer");
  tally_code code = tally_follower_set(box->ledger, l_text(L, 2), lua_tointeger(L, 3));
  if (code) return l_push_error(L, box->ledger, code);
  lua_pushboolean(L, 1);
  return 1;
}

/* core.declared(ledger): what the script in force declares, as plain tables; nil where there is none. */
int l_declared(lua_State *L) {
  l_check_ledger(L, 1);
  if (lua_getiuservalue(L, 1, LEDGER_SCRIPT) != LUA_TUSERDATA) return 0;
  lua_getiuservalue(L, -1, 1);
  return 1;
}

/* ---- The template of receipts ---- */

typedef struct setting {
  l_script *script;
  lua_State *L; /* whose stack holds, at 2 and 3, the blocks and the data */
} setting;

static int template_body(lua_State *S) {
  const setting *with = lua_touserdata(S, 1);
  lua_settop(S, 0);
  l_script_give(with->script, with->L, 2);
  l_script_give(with->script, with->L, 3);
  if (l_script_call(with->script, "template", 2, 1)) {
    lua_pushboolean(S, 1);
    lua_insert(S, 1);
    return 2;
  }
  lua_pushboolean(S, 0);
  return 1;
}

/* core.template(ledger, blocks, data): what the script's template makes of the blocks; or nil, message, code, details. */
int l_run_template(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  hook_failure failure;
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  luaL_checkstack(L, 200, "too many values");
  if (box->script == NULL) return luaL_error(L, "the ledger has no script");
  setting with = {box->script, L};
  l_hold(box);
  l_begin_reading(box->script, box, tally_now_ms());
  bool ran = l_script_run(box->script, template_body, &with);
  lua_settop(L, 3);
  bool failed = !ran || !lua_toboolean(box->script->S, 1);
  if (failed) l_describe_failure(box->script, &failure);
  l_end_reading(box->script);
  int pushed = 1;
  if (failed) {
    pushed = push_script_failure(L, &failure);
  } else {
    l_script_copy(L, box->script, 2);
    lua_settop(box->script->S, 0);
  }
  l_done(box, pushed);
  l_tell_log(L, 1, box->script, 0);
  return pushed;
}
