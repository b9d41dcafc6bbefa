/* lua_bounds.c - the functions of Lua's libraries that could work for long within one instruction, bounded.
 *
 * No hook of Lua's fires inside a function of C. What bounds most of them is that no string or table is larger than a
 * megabyte (lua_script.c); those here repeat work over it. Each raises before it begins where the bound is passed. */
#include <string.h>

#include "lua_script.h"

enum { WORK_MAX = 200 * 1000 * 1000, LENGTH_MAX = 1 << 20 };

/* Calls the library's own function, kept as the upvalue, with the same arguments. */
static int pass_on(lua_State *S, double steps) {
  int count = lua_gettop(S);
  lua_pushvalue(S, lua_upvalueindex(1));
  lua_insert(S, 1);
  lua_call(S, count, LUA_MULTRET);
  l_script_worked(S, steps);
  return lua_gettop(S);
}

static int refuse_work(lua_State *S, const char *what) {
  return luaL_error(S, "%s would take too long; give it a shorter text or a simpler pattern", what);
}

/* ---- Patterns ---- */

/* How many steps a match may take at worst: a choice of a place in the text for each sign that can repeat, in order, times
 * two for each item that may be left out. */
typedef struct pattern_shape {
  int places, doublings;
} pattern_shape;

static pattern_shape shape_of(const char *pattern, size_t length, bool searches) {
  pattern_shape shape = {0, 0};
  size_t i = length && pattern[0] == '^' ? 1 : 0;
  shape.places = i && !searches ? 0 : 1;
  for (; i < length; i++) {
    char c = pattern[i];
    if (c == '%') {
      char escaped = i + 1 < length ? pattern[i + 1] : 0;
      if (escaped == 'b' || (escaped >= '0' && escaped <= '9')) shape.places++;
      i++;
    } else if (c == '*' || c == '+' || c == '-') {
      shape.places++; /* inside a set it is no sign, and then counted for nothing */
    } else if (c == '?') {
      shape.doublings++;
    }
  }
  return shape;
}

static double steps_of(pattern_shape shape, double length) {
  double steps = 1;
  for (int i = 1; i <= shape.places && steps < 1e300; i++) steps *= (length + i) / i;
  for (int i = 0; i < shape.doublings && steps < 1e300; i++) steps *= 2;
  return steps;
}

static int bounded_match(lua_State *S, const char *name, bool searches, bool may_be_plain) {
  size_t length, pattern_length;
  const char *text = lua_tolstring(S, 1, &length), *pattern = lua_tolstring(S, 2, &pattern_length);
  if (text == NULL || pattern == NULL) return pass_on(S, 0);
  bool plain = may_be_plain && lua_toboolean(S, 4);
  double steps = plain ? (double)length * (double)pattern_length
                       : steps_of(shape_of(pattern, pattern_length, searches), (double)length);
  if (steps > WORK_MAX) return refuse_work(S, name);
  return pass_on(S, steps);
}

static int bounded_find(lua_State *S) {
  return bounded_match(S, "find", false, true);
}
static int bounded_first_match(lua_State *S) {
  return bounded_match(S, "match", false, false);
}
static int bounded_gmatch(lua_State *S) {
  return bounded_match(S, "gmatch", true, false);
}
static int bounded_gsub(lua_State *S) {
  return bounded_match(S, "gsub", true, false);
}

/* An empty text can be repeated without end and without memory. */
static int bounded_rep(lua_State *S) {
  size_t length, separator;
  luaL_checklstring(S, 1, &length);
  lua_Integer count = luaL_checkinteger(S, 2);
  luaL_optlstring(S, 3, "", &separator);
  if (count > LENGTH_MAX && length + separator == 0) return refuse_work(S, "rep");
  return pass_on(S, 0);
}

/* ---- Tables ---- */

/* A metatable could tell any length. */
static lua_Integer plain_length(lua_State *S, const char *what) {
  luaL_checktype(S, 1, LUA_TTABLE);
  if (lua_getmetatable(S, 1)) luaL_error(S, "%s wants a table without a metatable", what);
  return (lua_Integer)lua_rawlen(S, 1);
}

static int bounded_insert(lua_State *S) {
  return pass_on(S, (double)plain_length(S, "insert"));
}
static int bounded_remove(lua_State *S) {
  return pass_on(S, (double)plain_length(S, "remove"));
}
static int bounded_concat(lua_State *S) {
  return pass_on(S, (double)plain_length(S, "concat"));
}

/* Comparing texts takes as long as they are. */
static int bounded_sort(lua_State *S) {
  lua_Integer length = plain_length(S, "sort");
  double bytes = (double)length, rounds = 1;
  if (lua_iscfunction(S, 2)) return luaL_error(S, "sort wants a function of the script");
  for (lua_Integer i = length; i > 1; i /= 2) rounds++;
  for (lua_Integer i = 1; i <= length; i++) {
    if (lua_rawgeti(S, 1, i) == LUA_TSTRING) bytes += (double)lua_rawlen(S, -1);
    lua_pop(S, 1);
  }
  if (bytes * rounds * 2 > WORK_MAX) return refuse_work(S, "sort");
  return pass_on(S, bytes * rounds * 2);
}

/* ---- Metatables ---- */

/* A finalizer runs when nobody counts. */
static int bounded_setmetatable(lua_State *S) {
  if (lua_istable(S, 2)) {
    lua_pushliteral(S, "__gc");
    if (lua_rawget(S, 2) != LUA_TNIL) return luaL_error(S, "a metatable with __gc is not for scripts");
    lua_pop(S, 1);
  }
  return pass_on(S, 0);
}

/* ---- The whole ---- */

typedef struct bound {
  const char *library, *name;
  lua_CFunction function; /* NULL: taken out */
} bound;

static const bound bounds[] = {
    {LUA_STRLIBNAME, "find", bounded_find},
    {LUA_STRLIBNAME, "match", bounded_first_match},
    {LUA_STRLIBNAME, "gmatch", bounded_gmatch},
    {LUA_STRLIBNAME, "gsub", bounded_gsub},
    {LUA_STRLIBNAME, "rep", bounded_rep},
    {LUA_STRLIBNAME, "dump", NULL},
    {LUA_TABLIBNAME, "insert", bounded_insert},
    {LUA_TABLIBNAME, "remove", bounded_remove},
    {LUA_TABLIBNAME, "concat", bounded_concat},
    {LUA_TABLIBNAME, "sort", bounded_sort},
    {LUA_TABLIBNAME, "move", NULL},    /* counts to 2^63 within one instruction */
    {LUA_MATHLIBNAME, "random", NULL}, /* what is kept must mean the same every year */
    {LUA_MATHLIBNAME, "randomseed", NULL},
    {LUA_GNAME, "setmetatable", bounded_setmetatable},
    {NULL, NULL, NULL},
};

/* Methods of strings are found in the library itself, so it is bounded there; a script has a copy of it. */
void l_bound_libraries(lua_State *S) {
  for (const bound *one = bounds; one->library; one++) {
    lua_getglobal(S, one->library);
    if (one->function) {
      lua_getfield(S, -1, one->name);
      lua_pushcclosure(S, one->function, 1);
    } else {
      lua_pushnil(S);
    }
    lua_setfield(S, -2, one->name);
    lua_pop(S, 1);
  }
  lua_pushliteral(S, "");
  lua_getmetatable(S, -1);
  lua_pushboolean(S, 0);
  lua_setfield(S, -2, "__metatable");
  lua_pop(S, 2);
}
