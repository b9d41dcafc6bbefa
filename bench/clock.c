/* clock.c - what Lua lacks for measuring: a clock that only goes forward, and waiting for a moment of it. */
#include <lauxlib.h>

#include "clock.h"

/* clock.now(): seconds since some moment in the past, to the nanosecond. */
static int now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)clock_now() / NS_PER_SECOND);
  return 1;
}

/* clock.now_ns(): the same in nanoseconds, an integer. */
static int now_ns(lua_State *L) {
  lua_pushinteger(L, clock_now());
  return 1;
}

/* clock.wait_until_ns(moment): returns then, or at once where it is past. */
static int wait_until_ns(lua_State *L) {
  clock_wait_until(luaL_checkinteger(L, 1));
  return 0;
}

int luaopen_clock(lua_State *L);
int luaopen_clock(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"now", now}, {"now_ns", now_ns}, {"wait_until_ns", wait_until_ns}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
