/* host.c - a C program that embeds Lua, and Tallystick with it: the C core is linked in, the Lua layer is found by path.
 * It runs the script beside it, which prints what stands behind its arrows.
 *
 *   make -C examples/embed host && build/embed/host lua examples/embed/desk.lua */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

/* The core as a Lua module, from libtallystick.a. */
int luaopen_tallystick_core(lua_State *L);

/* Puts the folder of the Lua layer in front of package.path. */
static void add_path(lua_State *L, const char *folder) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "path");
  lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", folder, folder, lua_tostring(L, -1));
  lua_setfield(L, -3, "path");
  lua_pop(L, 2);
}

/* Loads a script and runs it. What the host has to say is its argument: here the name of the desk. */
static int run_script(lua_State *L, const char *script) {
  int status = luaL_loadfilex(L, script, "t");
  if (status != LUA_OK) return status;
  lua_pushliteral(L, "desk-1");
  return lua_pcall(L, 1, 0, 0);
}

static int run(const char *folder, const char *script) {
  lua_State *L = luaL_newstate();
  if (L == NULL) return EXIT_FAILURE;
  luaL_openlibs(L);
  add_path(L, folder);
  luaL_requiref(L, "tallystick.core", luaopen_tallystick_core, 0);
  lua_pop(L, 1);
  int status = run_script(L, script);
  if (status != LUA_OK) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  lua_close(L); /* ledgers that the script left open are closed here */
  return status == LUA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int count, char **arguments) {
  if (count == 3) return run(arguments[1], arguments[2]);
  fprintf(stderr, "usage: %s FOLDER_OF_THE_LUA_LAYER SCRIPT\n", arguments[0]);
  return EXIT_FAILURE;
}
