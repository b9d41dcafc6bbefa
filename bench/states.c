/* states.c - what it costs to call a trivial function of Lua's from C: in the state at hand, and in another one, with what
 * a call into a script's state does besides (csrc/lua_script.c). Loaded by hooks.lua. */
#include <lauxlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"

enum { HOOK_INSTRUCTIONS = 100 };

/* How much of a call into a script's state is done. */
typedef enum part { PART_CALL, PART_OTHER, PART_EVENT, PART_BUDGET, PART_END } part;
static const char *const part_names[] = {"same", "other", "event", "budget", NULL};

static char function_key; /* its address: where a state keeps the function */
static volatile double deadline;

static void count(lua_State *S, lua_Debug *unused) {
  (void)S;
  (void)unused;
}

static double processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void keep_function(lua_State *S, const char *text) {
  if (luaL_dostring(S, text)) luaL_error(S, "%s", lua_tostring(S, -1));
  lua_rawsetp(S, LUA_REGISTRYINDEX, &function_key);
}

/* Calls the function with two values, as the core calls a hook. */
static void call_function(lua_State *S, int with_event) {
  lua_rawgetp(S, LUA_REGISTRYINDEX, &function_key);
  lua_pushliteral(S, "pay");
  if (with_event) {
    memset(lua_newuserdatauv(S, 2 * sizeof(void *), 0), 0, 2 * sizeof(void *));
    luaL_setmetatable(S, "event");
  } else {
    lua_pushnil(S);
  }
  if (lua_pcall(S, 2, 0, 0) != LUA_OK) lua_error(S);
}

/* What runs inside the other state, protected: nothing that is raised there may reach the state at hand. */
static int body(lua_State *S) {
  part which = (part) * (const int *)lua_touserdata(S, 1);
  lua_settop(S, 0);
  if (which == PART_BUDGET) {
    deadline = processor_seconds() + 2;
    lua_sethook(S, count, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
  }
  call_function(S, which >= PART_EVENT);
  if (which == PART_BUDGET) lua_sethook(S, NULL, 0, 0);
  return 0;
}

static void call_in(lua_State *L, lua_State *S, int which) {
  if (which == PART_CALL) {
    call_function(L, 0);
    return;
  }
  lua_settop(S, 0);
  lua_pushcfunction(S, body);
  lua_pushlightuserdata(S, &which);
  if (lua_pcall(S, 1, 0, 0) != LUA_OK) luaL_error(L, "the function failed");
}

/* states.measure(part, count): nanoseconds of one call. */
static int measure(lua_State *L) {
  static const char function[] = "return function(command, event) end";
  int which = luaL_checkoption(L, 1, NULL, part_names);
  lua_Integer times = luaL_checkinteger(L, 2);
  lua_State *S = luaL_newstate();
  if (S == NULL) return luaL_error(L, "out of memory");
  luaL_newmetatable(S, "event");
  lua_pop(S, 1);
  keep_function(L, function);
  keep_function(S, function);
  int64_t start = clock_now();
  for (lua_Integer i = 0; i < times; i++) call_in(L, S, which);
  lua_pushnumber(L, (lua_Number)(clock_now() - start) / (lua_Number)times);
  lua_close(S);
  return 1;
}

int luaopen_states(lua_State *L);
int luaopen_states(lua_State *L) {
  static const luaL_Reg functions[] = {{"measure", measure}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
