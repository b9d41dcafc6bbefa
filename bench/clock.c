/* clock.c - what Lua lacks for measuring: a clock that only goes forward. */
#include <lauxlib.h>
#include <time.h>

/* clock.now(): seconds since some moment in the past, to the nanosecond. */
static int now(lua_State *L) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  lua_pushnumber(L, (lua_Number)at.tv_sec + (lua_Number)at.tv_nsec / 1e9);
  return 1;
}

int luaopen_clock(lua_State *L);
int luaopen_clock(lua_State *L) {
  static const luaL_Reg functions[] = {{"now", now}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
