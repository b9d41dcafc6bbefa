/* lua_script.c - a Lua state of a script's own: memory, instructions and time that it may use, and plain values in and out.
 *
 * What stops what is told in docs/scripts.md. The count hook ends a script wherever it runs, also inside pcall and
 * coroutines: once the budget is spent it raises at every further instruction. Functions of C that could run long without
 * an instruction are bounded where they are given to the script (lua/tallystick/script/environment.lua). */
#include "lua_script.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK_NAME "=script"
#define CHUNK_PREFIX "script:"

enum {
  HOOK_INSTRUCTIONS = 100,   /* between two looks at the budget: one may be a concatenation of a whole megabyte */
  STOPPED_INSTRUCTIONS = 1,  /* … of a thread that was stopped */
  VALUE_BYTES_MAX = 1 << 20, /* of one string or table: what bounds one instruction's work */
  WORK_LONG = 100000,        /* steps of a C function after which the clock is looked at */
  CHURN_FACTOR = 16,         /* how often the memory may be filled anew within one call */
  COPY_DEPTH_MAX = 32
};

/* ---- Memory ---- */

static bool may_grow(const l_script *script, size_t grown, size_t size) {
  if (!script->guarded) return true;
  if (script->spent || size > VALUE_BYTES_MAX) return false;
  return script->used_bytes + grown <= (size_t)script->limits.memory_bytes + script->waiting_bytes;
}

/* Lua's allocator. What becomes smaller always succeeds, as Lua wants it. */
static void *allocate(void *data, void *old, size_t old_size, size_t size) {
  l_script *script = data;
  if (old == NULL) old_size = 0; /* then it tells the kind of object */
  if (size == 0) {
    free(old);
    script->used_bytes -= old_size;
    return NULL;
  }
  if (size > old_size) {
    if (script->guarded && (script->churn_left -= (int64_t)(size - old_size)) < 0) script->spent = SPENT_MEMORY;
    if (!may_grow(script, size - old_size, size)) return NULL;
    if (script->keeping) script->waiting_bytes += size - old_size;
  }
  void *memory = realloc(old, size);
  if (memory == NULL) return size < old_size ? old : NULL;
  script->used_bytes += size;
  script->used_bytes -= old_size;
  return memory;
}

/* ---- The budget ---- */

static double processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void count(lua_State *S, lua_Debug *unused);

/* The script's box stands before the state's own extra space, where every coroutine of the state finds it too. */
l_script *l_script_of(lua_State *S) {
  return *(l_script **)lua_getextraspace(S);
}

/* The innermost line of the script on a thread's stack, 0 where there is none. */
static int script_line(lua_State *S) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(S, level, &frame); level++) {
    lua_getinfo(S, "Sl", &frame);
    if (strcmp(frame.source, CHUNK_NAME) == 0) return frame.currentline;
  }
  return 0;
}

/* Raises a value that needs no memory, at every instruction from now on. */
static int stop(lua_State *S, l_script *script) {
  if (script->line == 0) script->line = script_line(S);
  lua_sethook(S, count, LUA_MASKCOUNT, STOPPED_INSTRUCTIONS);
  lua_pushlightuserdata(S, script);
  return lua_error(S);
}

bool l_script_stopped(lua_State *thread) {
  return lua_gethookcount(thread) == STOPPED_INSTRUCTIONS;
}

void l_script_look(lua_State *S) {
  l_script *script = l_script_of(S);
  if (!script->guarded) return;
  script->instructions_left -= HOOK_INSTRUCTIONS;
  if (!script->spent && script->instructions_left < 0) script->spent = SPENT_INSTRUCTIONS;
  if (!script->spent && processor_seconds() > script->deadline) script->spent = SPENT_TIME;
  if (script->spent) stop(S, script);
}

static void count(lua_State *S, lua_Debug *unused) {
  (void)unused;
  l_script_look(S);
}

void l_script_worked(lua_State *S, double steps) {
  l_script *script = l_script_of(S);
  if (!script->guarded || steps < WORK_LONG || processor_seconds() <= script->deadline) return;
  script->spent = SPENT_TIME;
  stop(S, script);
}

static void begin_budget(l_script *script) {
  script->spent = SPENT_NOTHING;
  script->instructions_left = script->limits.instructions;
  script->churn_left = script->limits.memory_bytes * CHURN_FACTOR;
  script->deadline = processor_seconds() + script->limits.seconds;
  script->guarded = true;
  lua_sethook(script->S, count, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

static void end_budget(l_script *script) {
  script->guarded = false;
  lua_sethook(script->S, NULL, 0, 0);
}

/* ---- What was raised ---- */

/* Takes no memory of S: it may be what ran out. */
static void word_spent(l_script *script) {
  char *to = script->message;
  switch (script->spent) {
  case SPENT_INSTRUCTIONS:
    snprintf(to, SCRIPT_MESSAGE_BYTES, "ran for more than %lld instructions", (long long)script->limits.instructions);
    break;
  case SPENT_MEMORY:
    snprintf(to, SCRIPT_MESSAGE_BYTES, "filled its memory of %lld bytes again and again",
             (long long)script->limits.memory_bytes);
    break;
  default:
    snprintf(to, SCRIPT_MESSAGE_BYTES, "ran for more than %g seconds", script->limits.seconds);
  }
}

/* The length of the character of UTF-8 that a text begins with, 0 where it is broken or a control character. */
static size_t printable_bytes(const char *text, size_t length) {
  unsigned char first = (unsigned char)text[0], second = length > 1 ? (unsigned char)text[1] : 0;
  if (first < 0x80) return first >= 0x20 && first != 0x7f;
  size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || bytes > length) return 0;
  for (size_t i = 1; i < bytes; i++) {
    if (((unsigned char)text[i] & 0xc0) != 0x80) return 0;
  }
  if ((first == 0xc2 || first == 0xe0) && second < 0xa0) return 0; /* C1 controls; longer than need be */
  if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return first == 0xed && second > 0x9f ? 0 : bytes; /* halves of pairs */
}

/* Copies what can be printed anywhere, cut where a character begins, without the position that Lua puts before it. */
static void word_text(l_script *script, const char *text, size_t length) {
  char *end;
  size_t used = 0, at = 0, prefix = sizeof CHUNK_PREFIX - 1;
  if (length > prefix && memcmp(text, CHUNK_PREFIX, prefix) == 0) {
    long line = strtol(text + prefix, &end, 10);
    if (end > text + prefix && end[0] == ':' && end[1] == ' ' && line > 0 && line <= INT_MAX) {
      script->line = (int)line;
      length -= (size_t)(end + 2 - text);
      text = end + 2;
    }
  }
  while (at < length) {
    size_t bytes = printable_bytes(text + at, length - at), taken = bytes ? bytes : 1;
    if (used + taken > SCRIPT_MESSAGE_BYTES - 8) break;
    memcpy(script->message + used, bytes ? text + at : "?", taken);
    used += taken;
    at += taken;
  }
  snprintf(script->message + used, SCRIPT_MESSAGE_BYTES - used, "%s", at < length ? "…" : "");
}

/* Words the error at the top of S's stack and takes it away. */
static void word_error(l_script *script, int status) {
  lua_State *S = script->S;
  size_t length;
  if (script->spent) word_spent(script);
  else if (status == LUA_ERRMEM)
    snprintf(script->message, SCRIPT_MESSAGE_BYTES,
             "not enough memory: a script may use %lld bytes, and %d in one value",
             (long long)script->limits.memory_bytes, VALUE_BYTES_MAX);
  else if (lua_type(S, -1) == LUA_TSTRING) {
    const char *text = lua_tolstring(S, -1, &length);
    word_text(script, text, length);
  } else {
    snprintf(script->message, SCRIPT_MESSAGE_BYTES, "raised a %s; raise a message instead", luaL_typename(S, -1));
  }
  lua_pop(S, 1);
}

/* ---- Calls into S ---- */

/* Where an error was raised is known only while its stack stands. */
static int note_line(lua_State *S) {
  l_script *script = l_script_of(S);
  if (!script->spent) script->line = script_line(S);
  return 1;
}

bool l_script_call(l_script *script, const char *name, int arguments, int results) {
  lua_State *S = script->S;
  int base = lua_gettop(S) - arguments;
  script->line = 0;
  lua_pushcfunction(S, note_line);
  lua_insert(S, base + 1);
  lua_rawgetp(S, LUA_REGISTRYINDEX, script);
  lua_pushstring(S, name);
  lua_rawget(S, -2);
  lua_remove(S, -2);
  lua_insert(S, base + 2);
  begin_budget(script);
  int status = lua_pcall(S, arguments, results, base + 1);
  end_budget(script);
  bool within = status == LUA_OK && !script->spent;
  if (status == LUA_OK && !within) { /* it ended before its next instruction was counted */
    lua_settop(S, base + 1);
    lua_pushnil(S);
  }
  lua_remove(S, base + 1);
  if (!within) word_error(script, status);
  return within;
}

bool l_script_run(l_script *script, lua_CFunction body, void *data) {
  lua_State *S = script->S;
  lua_settop(S, 0);
  lua_pushcfunction(S, body); /* neither of the two takes memory */
  lua_pushlightuserdata(S, data);
  int status = lua_pcall(S, 1, LUA_MULTRET, 0);
  if (status != LUA_OK) word_error(script, status);
  return status == LUA_OK;
}

/* ---- Plain values, out of S ---- */

static void copy_table(lua_State *L, l_script *script, int index, int depth);

static void copy_value(lua_State *L, l_script *script, int index, int depth) {
  lua_State *S = script->S;
  size_t length;
  const tally_money *money;
  switch (lua_type(S, index)) {
  case LUA_TSTRING: {
    const char *text = lua_tolstring(S, index, &length);
    lua_pushlstring(L, text, length);
    return;
  }
  case LUA_TNUMBER:
    if (lua_isinteger(S, index)) lua_pushinteger(L, lua_tointeger(S, index));
    else lua_pushnumber(L, lua_tonumber(S, index));
    return;
  case LUA_TBOOLEAN:
    lua_pushboolean(L, lua_toboolean(S, index));
    return;
  case LUA_TTABLE:
    copy_table(L, script, index, depth);
    return;
  default:
    money = l_to_money(S, index);
    if (money) l_push_money(L, money->minor, money->currency);
    else lua_pushnil(L);
  }
}

/* lua_next raises nothing and takes no memory on a key that it gave itself. */
static void copy_table(lua_State *L, l_script *script, int index, int depth) {
  lua_State *S = script->S;
  index = lua_absindex(S, index);
  if (depth == 0 || !lua_checkstack(S, 8)) {
    lua_pushnil(L);
    return;
  }
  luaL_checkstack(L, 8, "too many values");
  lua_newtable(L);
  for (lua_pushnil(S); lua_next(S, index); lua_pop(S, 1)) {
    copy_value(L, script, -2, 0); /* keys are scalars */
    if (lua_isnil(L, -1)) {
      lua_pop(L, 1);
      continue;
    }
    copy_value(L, script, -1, depth - 1);
    lua_rawset(L, -3);
  }
}

void l_script_copy(lua_State *L, l_script *script, int index) {
  copy_value(L, script, index, COPY_DEPTH_MAX);
}

/* ---- Plain values, into S: inside of it, reading L only by what raises nothing ---- */

static void give_value(lua_State *S, lua_State *L, int index, int depth) {
  size_t length;
  const tally_money *money;
  luaL_checkstack(S, 8, "too many values");
  if (depth == 0 || !lua_checkstack(L, 8)) luaL_error(S, "the tables are nested too deeply");
  switch (lua_type(L, index)) {
  case LUA_TSTRING: {
    const char *text = lua_tolstring(L, index, &length);
    lua_pushlstring(S, text, length);
    return;
  }
  case LUA_TNUMBER:
    if (lua_isinteger(L, index)) lua_pushinteger(S, lua_tointeger(L, index));
    else lua_pushnumber(S, lua_tonumber(L, index));
    return;
  case LUA_TBOOLEAN:
    lua_pushboolean(S, lua_toboolean(L, index));
    return;
  case LUA_TTABLE:
    lua_newtable(S);
    index = lua_absindex(L, index);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
      if (lua_type(L, -2) != LUA_TSTRING && lua_type(L, -2) != LUA_TNUMBER) continue;
      give_value(S, L, -2, depth - 1);
      give_value(S, L, -1, depth - 1);
      lua_rawset(S, -3);
    }
    return;
  default:
    money = l_to_money(L, index);
    if (money) l_push_money(S, money->minor, money->currency);
    else lua_pushnil(S);
  }
}

void l_script_give(l_script *script, lua_State *L, int index) {
  give_value(script->S, L, index, COPY_DEPTH_MAX);
}

/* ---- Making a state ---- */

static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                     {LUA_COLIBNAME, luaopen_coroutine},
                                     {LUA_TABLIBNAME, luaopen_table},
                                     {LUA_STRLIBNAME, luaopen_string},
                                     {LUA_MATHLIBNAME, luaopen_math},
                                     {LUA_UTF8LIBNAME, luaopen_utf8},
                                     {NULL, NULL}};

/* line(): where the script stands, for mistakes. */
static int inside_line(lua_State *S) {
  int line = script_line(S);
  if (line == 0) return 0;
  lua_pushinteger(S, line);
  return 1;
}

/* look(): for our own side, before it goes on with work that is long. */
static int inside_look(lua_State *S) {
  l_script_look(S);
  return 0;
}

/* require(name) of our own modules, whose code the host gave. Upvalues: the code by name, what was loaded. */
static int inside_require(lua_State *S) {
  size_t length;
  lua_settop(S, 1);
  lua_pushvalue(S, 1);
  if (lua_rawget(S, lua_upvalueindex(2)) != LUA_TNIL) return 1;
  lua_pushvalue(S, 1);
  if (lua_rawget(S, lua_upvalueindex(1)) != LUA_TSTRING) return luaL_error(S, "no module %s", lua_tostring(S, 1));
  const char *code = lua_tolstring(S, -1, &length);
  if (luaL_loadbufferx(S, code, length, lua_tostring(S, 1), "b") != LUA_OK) return lua_error(S);
  lua_pushvalue(S, 1);
  lua_call(S, 1, 1);
  lua_pushvalue(S, 1);
  lua_pushvalue(S, -2);
  lua_rawset(S, lua_upvalueindex(2));
  return 1;
}

/* The names of the commands that hooks are declared for: those that write to the journal. */
static void push_commands(lua_State *S) {
  lua_createtable(S, TALLY_COMMAND_LAST_WRITING, 0);
  for (int i = 1; i <= TALLY_COMMAND_LAST_WRITING; i++) {
    lua_pushstring(S, tally_command_name((tally_command)i));
    lua_rawseti(S, -2, i);
  }
}

/* … and those that permits are declared for. */
static void push_permitted(lua_State *S) {
  lua_newtable(S);
  for (int i = 1; i < TALLY_COMMAND_END; i++) {
    if (!tally_command_permitted((tally_command)i)) continue;
    lua_pushstring(S, tally_command_name((tally_command)i));
    lua_rawseti(S, -2, (lua_Integer)lua_rawlen(S, -2) + 1);
  }
}

static void open_libraries(lua_State *S) {
  for (const luaL_Reg *library = libraries; library->func; library++) {
    luaL_requiref(S, library->name, library->func, 1);
    lua_pop(S, 1);
  }
  l_open_money(S);
  l_bound_libraries(S);
}

/* What the host hands over: the state's own modules, compiled, as pairs of name and code on L's stack. */
typedef struct boot {
  l_script *script;
  const tally_text *names, *codes;
  size_t count;
} boot;

static int boot_state(lua_State *S) {
  const boot *from = lua_touserdata(S, 1);
  luaL_checkstack(S, 16, NULL);
  open_libraries(S);
  lua_createtable(S, 0, (int)from->count);
  for (size_t i = 0; i < from->count; i++) {
    lua_pushlstring(S, from->names[i].data, from->names[i].length);
    lua_pushlstring(S, from->codes[i].data, from->codes[i].length);
    lua_rawset(S, -3);
  }
  lua_newtable(S);
  lua_newtable(S);
  lua_pushcfunction(S, inside_line);
  lua_setfield(S, -2, "line");
  lua_pushcfunction(S, inside_look);
  lua_setfield(S, -2, "look");
  lua_pushcfunction(S, l_currency_exponent);
  lua_setfield(S, -2, "exponent");
  push_commands(S);
  lua_setfield(S, -2, "commands");
  push_permitted(S);
  lua_setfield(S, -2, "permitted");
  l_open_hooks(S);
  lua_setfield(S, -2, "tallystick.script.host");
  lua_pushcclosure(S, inside_require, 2);
  lua_setglobal(S, "require");
  lua_getglobal(S, "require");
  lua_pushliteral(S, "tallystick.script.inside");
  lua_call(S, 1, 1);
  lua_rawsetp(S, LUA_REGISTRYINDEX, from->script);
  return 0;
}

static l_script *check_script(lua_State *L, int index) {
  return luaL_checkudata(L, index, SCRIPT_TYPE);
}

static int script_close(lua_State *L) {
  l_script *script = check_script(L, 1);
  lua_State *S = script->S;
  tally_request *request = script->request;
  script->S = NULL;
  script->request = NULL;
  if (S) lua_close(S);
  tally_request_free(request);
  return 0;
}

static int64_t limit_of(lua_State *L, int limits, const char *name, int64_t otherwise) {
  if (!lua_istable(L, limits)) return otherwise;
  l_raw_field(L, limits, name);
  int64_t value = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : otherwise;
  lua_pop(L, 1);
  return value;
}

static double seconds_of(lua_State *L, int limits, double otherwise) {
  if (!lua_istable(L, limits)) return otherwise;
  l_raw_field(L, limits, "seconds");
  double value = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : otherwise;
  lua_pop(L, 1);
  return value;
}

/* Reads the modules, a table of code by name, into texts that live as long as the table. */
static void read_modules(lua_State *L, int table, boot *out) {
  size_t count = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) count++;
  tally_text *texts = lua_newuserdatauv(L, (2 * count + 1) * sizeof *texts, 0);
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    luaL_checktype(L, -2, LUA_TSTRING);
    luaL_checktype(L, -1, LUA_TSTRING);
    texts[out->count] = l_text(L, -2);
    texts[count + out->count++] = l_text(L, -1);
  }
  out->names = texts;
  out->codes = texts + count;
}

/* core.script(modules, limits): a state that has run our own modules, and nothing else yet. */
static int script_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  boot from = {0};
  read_modules(L, 1, &from);
  l_script *script =
      lua_newuserdatauv(L, sizeof *script, 1); /* its user value: what the script declares, as plain tables */
  *script = (l_script){0};
  luaL_setmetatable(L, SCRIPT_TYPE);
  script->limits.instructions = limit_of(L, 2, "instructions", SCRIPT_INSTRUCTIONS);
  script->limits.memory_bytes = limit_of(L, 2, "memory_bytes", SCRIPT_MEMORY_BYTES);
  script->limits.seconds = seconds_of(L, 2, SCRIPT_SECONDS);
  script->request = tally_request_new();
  script->S = script->request ? lua_newstate(allocate, script) : NULL;
  if (script->S == NULL) return l_refuse(L, TALLY_ERR_OUT_OF_MEMORY, "config", "out of memory");
  *(l_script **)lua_getextraspace(script->S) = script;
  from.script = script;
  if (l_script_run(script, boot_state, &from)) return 1;
  return l_refuse(L, TALLY_ERR_OUT_OF_MEMORY, "config", lua_pushfstring(L, "the script's state: %s", script->message));
}

/* ---- Loading ---- */

typedef struct source {
  l_script *script;
  tally_text text, name;
} source;

/* Which commands have hooks: the third value of load, sets of names by phase. */
static uint32_t read_hooked(lua_State *S, const char *phase) {
  uint32_t set = 0;
  lua_getfield(S, 3, phase);
  for (int i = 1; i <= TALLY_COMMAND_LAST_WRITING; i++) {
    lua_getfield(S, -1, tally_command_name((tally_command)i));
    if (lua_toboolean(S, -1)) set |= (uint32_t)1 << i;
    lua_pop(S, 1);
  }
  lua_pop(S, 1);
  return set;
}

static int load_body(lua_State *S) {
  const source *from = lua_touserdata(S, 1);
  lua_settop(S, 0);
  lua_pushlstring(S, from->text.data, from->text.length);
  lua_pushlstring(S, from->name.data, from->name.length);
  if (!l_script_call(from->script, "load", 2, 3)) return luaL_error(S, "%s", from->script->message);
  if (lua_isnil(S, 1)) return 3;
  from->script->before = read_hooked(S, "before");
  from->script->after = read_hooked(S, "after");
  return 3;
}

/* script:load(text, name): checks and runs a script; the configuration, or nil and the list of mistakes. What was loaded
 * before stays in force where this one is broken. */
static int script_load(lua_State *L) {
  source from = {.script = check_script(L, 1)};
  luaL_checktype(L, 2, LUA_TSTRING);
  luaL_checktype(L, 3, LUA_TSTRING);
  from.text = l_text(L, 2);
  from.name = l_text(L, 3);
  if (from.script->S == NULL) return luaL_error(L, "closed: the script is closed");
  if (!l_script_run(from.script, load_body, &from)) {
    lua_pushnil(L);
    lua_newtable(L);
    lua_pushstring(L, from.script->message);
    lua_setfield(L, -2, "message");
    lua_pushinteger(L, from.script->line);
    lua_setfield(L, -2, "line");
    return 2;
  }
  lua_State *S = from.script->S;
  l_script_copy(L, from.script, 1);
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, 1, 1);
  }
  l_script_copy(L, from.script, 2);
  lua_settop(S, 0);
  return 2;
}

/* script:used(): bytes of memory the state holds. */
static int script_used(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_script(L, 1)->used_bytes);
  return 1;
}

static const luaL_Reg script_methods[] = {
    {"load", script_load}, {"used", script_used}, {"close", script_close}, {NULL, NULL}};

void l_open_script(lua_State *L) {
  if (luaL_newmetatable(L, SCRIPT_TYPE)) {
    lua_pushcfunction(L, script_close);
    lua_setfield(L, -2, "__gc");
    lua_pushcfunction(L, script_close);
    lua_setfield(L, -2, "__close");
    luaL_newlib(L, script_methods);
    lua_setfield(L, -2, "__index");
    l_protect_type(L, SCRIPT_TYPE);
  }
  lua_pop(L, 1);
  lua_pushcfunction(L, script_new);
  lua_setfield(L, -2, "script");
}
