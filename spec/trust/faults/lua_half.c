/* lua_half.c - one state for a scenario: the ledger is opened anew for each point, the module is not. */
#include "lua_half.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inject.h"

static const char prelude[] =
    "package.path = 'lua/?.lua;lua/?/init.lua'\n"
    "tallystick = require 'tallystick'\n"
    "function now() return '2026-11-25T10:00:00Z' end\n"
    "function start(path, config)\n"
    "  ledger = assert(tallystick.open(path, { actor = 'desk-1', clock = now, config = config }))\n"
    "end\n"
    "function spoil(path)\n"
    "  local file = assert(io.open(path, 'w'))\n"
    "  file:write 'garbled\\n'\n"
    "  file:close()\n"
    "end\n"
    "function following() return ledger:consultation { patient = 'P9', amount = '1.00' } end\n"
    "function told(value, name)\n"
    "  if type(value) ~= 'table' then return seen(tostring(name) .. '=' .. tostring(value)) end\n"
    "  local names = {}\n"
    "  for key in pairs(value) do if key ~= 'hash' and key ~= 'warnings' and key ~= 'log' then names[#names + 1] = "
    "key end end\n"
    "  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)\n"
    "  for _, key in ipairs(names) do told(value[key], key) end\n"
    "end\n"
    "function stop() ledger:close() ledger = nil collectgarbage() collectgarbage() end\n";

/* Digests what an iterator gave. */
static int seen(lua_State *L) {
  world *in = lua_touserdata(L, lua_upvalueindex(1));
  size_t length;
  const char *text = luaL_tolstring(L, 1, &length);
  mix(&in->answer, text, length);
  return 0;
}

static void must(lua_State *L, int status) {
  if (status == LUA_OK) return;
  fprintf(stderr, "Lua: %s\n", lua_tostring(L, -1));
  exit(2);
}

void lua_half_begin(world *in, const char *chunk, long long *bytes) {
  lua_State *L = in->L = lua_newstate(fault_lua_allocate, bytes);
  luaL_openlibs(L);
  luaL_requiref(L, "tallystick.core", luaopen_tallystick_core, 0);
  lua_pop(L, 1);
  must(L, luaL_dostring(L, prelude));
  lua_pushlightuserdata(L, in);
  lua_pushcclosure(L, seen, 1);
  lua_setglobal(L, "seen");
  lua_pushstring(L, in->copy);
  lua_setglobal(L, "copy");
  lua_pushstring(L, in->path);
  lua_setglobal(L, "path");
  must(L, luaL_loadstring(L, chunk));
  lua_setglobal(L, "act");
}

int lua_half_methods(void) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaL_requiref(L, "tallystick.core", luaopen_tallystick_core, 0);
  must(L, luaL_dostring(L, prelude));
  must(L, luaL_dostring(L, "for name in pairs(require('tallystick.core').methods) do print(name) end"));
  lua_close(L);
  return 0;
}

void lua_half_end(world *in) {
  lua_close(in->L);
  in->L = NULL;
}

void lua_half_open(world *in, bool scripted) {
  lua_State *L = in->L;
  lua_getglobal(L, "start");
  lua_pushstring(L, in->path);
  lua_pushstring(L, scripted ? "spec/trust/faults/clinic.lua" : NULL);
  must(L, lua_pcall(L, 2, 0, 0));
}

static tally_code code_of(const char *name) {
  for (int code = 1; code < TALLY_ERR_END; code++) {
    if (strcmp(tally_code_name((tally_code)code), name) == 0) return (tally_code)code;
  }
  return TALLY_ERR_END;
}

/* What was raised: memory that ran out by Lua itself, or an iterator's error, which has its code in it. */
static tally_code raised(world *in, int status) {
  lua_State *L = in->L;
  const char *text = lua_tostring(L, -1);
  snprintf(in->said, sizeof in->said, "raised %s", text ? text : luaL_typename(L, -1));
  if (status == LUA_ERRMEM) return TALLY_ERR_OUT_OF_MEMORY;
  if (text == NULL) return TALLY_ERR_END;
  for (int code = 1; code < TALLY_ERR_END; code++) {
    if (strstr(text, tally_code_name((tally_code)code))) return (tally_code)code;
  }
  return strstr(text, "not enough memory") || strstr(text, "out of memory") ? TALLY_ERR_OUT_OF_MEMORY : TALLY_ERR_END;
}

static tally_code call(world *in, const char *name) {
  lua_State *L = in->L;
  lua_settop(L, 0);
  lua_pushglobaltable(L);
  lua_getfield(L, 1, name);
  int status = lua_pcall(L, 0, 3, 0);
  if (status != LUA_OK) return raised(in, status);
  if (lua_toboolean(L, 2)) {
    lua_pushvalue(L, 2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, prelude);
    return TALLY_OK;
  }
  snprintf(in->said, sizeof in->said, "%s", lua_isstring(L, 3) ? lua_tostring(L, 3) : "no message");
  return lua_isstring(L, 4) ? code_of(lua_tostring(L, 4)) : TALLY_ERR_END;
}

tally_code lua_half_act(world *in) {
  return call(in, "act");
}

void lua_half_tell(world *in) {
  lua_settop(in->L, 0);
  lua_getglobal(in->L, "told");
  lua_rawgetp(in->L, LUA_REGISTRYINDEX, prelude);
  must(in->L, lua_pcall(in->L, 1, 0, 0));
  lua_pushnil(in->L);
  lua_rawsetp(in->L, LUA_REGISTRYINDEX, prelude);
}

tally_code lua_half_next(world *in) {
  return call(in, "following");
}

bool lua_half_close(world *in) {
  lua_State *L = in->L;
  lua_settop(L, 0);
  lua_getglobal(L, "stop");
  if (lua_pcall(L, 0, 0, 0) == LUA_OK) return true;
  snprintf(in->said, sizeof in->said, "raised %s", lua_tostring(L, -1));
  lua_settop(L, 0);
  lua_pushnil(L);
  lua_setglobal(L, "ledger"); /* its collector closes what close() does not */
  lua_gc(L, LUA_GCCOLLECT);
  lua_gc(L, LUA_GCCOLLECT);
  return false;
}
