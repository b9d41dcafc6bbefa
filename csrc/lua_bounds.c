/* lua_bounds.c - the functions of Lua's libraries that could work for long within one instruction, bounded.
 *
 * No hook of Lua's fires inside a function of C. What bounds most of them is that no string or table is larger than a
 * megabyte (lua_script.c); those here repeat work over it. Each raises before it begins where the bound is passed. */
#include <string.h>

#include "lua_script.h"

enum { WORK_MAX = 200 * 1000 * 1000, LENGTH_MAX = 1 << 20 };

/* Runs the library's own function, kept as the upvalue, in this one's place. It may raise at its end, so the clock is looked
 * at before it too. */
static int pass_on(lua_State *S, double steps) {
  lua_CFunction function = lua_tocfunction(S, lua_upvalueindex(1));
  l_script_worked(S, steps);
  int results = function(S);
  l_script_worked(S, steps);
  return results;
}

static int refuse_work(lua_State *S, const char *what) {
  return luaL_error(S, "%s would take too long; give it a shorter text or a simpler pattern", what);
}

/* ---- Patterns ---- */

/* How many steps a match may take at worst. Each sign that repeats chooses a place in the text, and of k places in order
 * there are (length + k) over k choices; an item that may be left out doubles them. A byte of the pattern is a step for each
 * choice made before it; what repeats is one for each of its own too. */
static double steps_of(const char *pattern, size_t pattern_length, double length, bool anchors) {
  bool anchored = anchors && pattern_length && pattern[0] == '^';
  double steps = 1, choices = anchored ? 1 : length + 1;
  int places = anchored ? 0 : 1, item = 0;
  for (size_t i = anchored ? 1 : 0; i < pattern_length && steps < 1e300; i++) {
    char c = pattern[i], escaped = c == '%' && i + 1 < pattern_length ? pattern[i + 1] : 0;
    bool repeats = c == '*' || c == '+' || c == '-'; /* inside a set it is no sign, and then counted for nothing */
    if (repeats || escaped == 'b' || (escaped >= '0' && escaped <= '9')) {
      places++;
      choices *= (length + places) / places;
      steps += choices * item;
    }
    if (c == '?') choices *= 2;
    item = repeats ? 0 : item + 1;
    steps += choices;
    if (escaped) i++;
  }
  return steps;
}

double l_pattern_steps(tally_text pattern, size_t length) {
  return steps_of(pattern.data, pattern.length, (double)length, true);
}

static double match_steps(lua_State *S, bool anchors, bool may_be_plain) {
  size_t length, pattern_length;
  const char *text = lua_tolstring(S, 1, &length), *pattern = lua_tolstring(S, 2, &pattern_length);
  if (text == NULL || pattern == NULL) return 0; /* the function itself says so */
  if (may_be_plain && lua_toboolean(S, 4)) return (double)length * (double)pattern_length;
  return steps_of(pattern, pattern_length, (double)length, anchors);
}

static int bounded_match(lua_State *S, const char *name, double steps) {
  return steps > WORK_MAX ? refuse_work(S, name) : pass_on(S, steps);
}

static int bounded_find(lua_State *S) {
  return bounded_match(S, "find", match_steps(S, true, true));
}
static int bounded_first_match(lua_State *S) {
  return bounded_match(S, "match", match_steps(S, true, false));
}
static int bounded_gmatch(lua_State *S) {
  return bounded_match(S, "gmatch", match_steps(S, false, false));
}

/* What replaces is gone through at each match, and may come to nothing. A chain of metatables is thousands of steps. */
static int bounded_gsub(lua_State *S) {
  size_t length = 0, replacement = 0;
  double steps = match_steps(S, true, false);
  if (steps > 0) lua_tolstring(S, 1, &length);
  if (lua_istable(S, 3) && lua_getmetatable(S, 3)) return luaL_error(S, "gsub wants a table without a metatable");
  if (lua_isstring(S, 3)) lua_tolstring(S, 3, &replacement);
  return bounded_match(S, "gsub", steps + (double)(length + 1) * (double)replacement);
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
  if (lua_getmetatable(S, 1)) return luaL_error(S, "%s wants a table without a metatable", what);
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
static int bounded_unpack(lua_State *S) {
  return pass_on(S, (double)plain_length(S, "unpack"));
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

/* What a script's metatable may hold. */
static const char *const metamethods[] = {
    "__index", "__newindex", "__call", "__tostring", "__name", "__pairs", "__close", "__len", "__concat",
    "__eq",    "__lt",       "__le",   "__unm",      "__add",  "__sub",   "__mul",   "__div", "__mod",
    "__pow",   "__idiv",     "__band", "__bor",      "__bxor", "__bnot",  "__shl",   "__shr", NULL};

static void refuse_metamethod(lua_State *S, const char *name) {
  lua_pushstring(S, name);
  if (lua_rawget(S, 2) != LUA_TNIL) luaL_error(S, "a metatable with %s is not for scripts", name);
  lua_pop(S, 1);
}

/* A table takes a copy of the metatable, once, so that nothing is added to it later: a finalizer (__gc) runs when nobody
 * counts, and over weak keys (__mode) the collector takes the square of their number in one step. A thing that calls a thing
 * (__call) would be called without end. getmetatable gives what the script gave. */
static int bounded_setmetatable(lua_State *S) {
  if (!lua_istable(S, 2)) return pass_on(S, 0);
  lua_settop(S, 2);
  refuse_metamethod(S, "__gc");
  refuse_metamethod(S, "__mode");
  lua_newtable(S);
  for (const char *const *name = metamethods; *name; name++) {
    lua_pushstring(S, *name);
    lua_pushvalue(S, -1);
    int type = lua_rawget(S, 2);
    if (strcmp(*name, "__call") == 0 && type != LUA_TNIL && type != LUA_TFUNCTION)
      return luaL_error(S, "__call wants a function");
    if (type == LUA_TNIL) lua_pop(S, 2);
    else lua_rawset(S, 3);
  }
  lua_pushliteral(S, "__metatable");
  lua_pushvalue(S, -1);
  if (lua_rawget(S, 2) == LUA_TNIL) {
    lua_pop(S, 1);
    lua_pushvalue(S, 2);
  }
  lua_rawset(S, 3);
  lua_replace(S, 2);
  return pass_on(S, 0);
}

/* ---- Errors and coroutines ---- */

/* The end of the budget is raised inside the count hook, where nothing counts: no handler of a script's sees it. */
static int handle_error(lua_State *S) {
  if (l_script_of(S)->spent) return 1;
  lua_settop(S, 1);
  lua_pushvalue(S, lua_upvalueindex(1));
  lua_insert(S, 1);
  lua_call(S, 1, 1);
  return 1;
}

static int bounded_xpcall(lua_State *S) {
  luaL_checktype(S, 2, LUA_TFUNCTION);
  lua_pushvalue(S, 2);
  lua_pushcclosure(S, handle_error, 1);
  lua_replace(S, 2);
  return pass_on(S, 0);
}

/* A thread counts its own instructions, from nothing. Many that each end before they are counted are counted here. */
static int bounded_create(lua_State *S) {
  l_script_look(S);
  return pass_on(S, 0);
}

/* A thread that was stopped inside the count hook would run what is to be closed in it uncounted. */
static int bounded_close(lua_State *S) {
  lua_State *thread = lua_tothread(S, 1);
  if (thread && l_script_stopped(thread)) return luaL_error(S, "a coroutine that its budget ended stays as it is");
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
    {LUA_TABLIBNAME, "unpack", bounded_unpack},
    {LUA_TABLIBNAME, "move", NULL},    /* counts to 2^63 within one instruction */
    {LUA_MATHLIBNAME, "random", NULL}, /* what is kept must mean the same every year */
    {LUA_MATHLIBNAME, "randomseed", NULL},
    {LUA_COLIBNAME, "create", bounded_create},
    {LUA_COLIBNAME, "close", bounded_close},
    {LUA_COLIBNAME, "wrap", NULL}, /* made anew of the others in environment.lua: it closes what failed */
    {LUA_GNAME, "xpcall", bounded_xpcall},
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
