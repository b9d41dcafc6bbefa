/* lua.c - fuzzes what is written in Lua: TRUST_TARGET names a file of Lua here that gives a function of an input. libFuzzer
 * sees no line of Lua by itself. A hook tells it of each step from one line of lua/tallystick to the next, by counters beside
 * those of the C code; with TRUST_BLIND it does not. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNTERS = 1 << 16, LINES = 1 << 16, PATH_BYTES = 512 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int luaopen_tallystick_core(lua_State *L);

/* The linker puts these in the place of the two calls, in the binding and here (-Wl,--wrap). */
void __real_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count);
void __wrap_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count);

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];
static bool seen_lines[LINES], seen_steps[COUNTERS];
static uint32_t before; /* the line before, as a number */
static lua_Hook budget; /* a script's own hook */
static lua_State *host;
static bool blind;

/* ---- Lines ---- */

static uint32_t number_of(const char *source, int line) {
  uint32_t hash = 2166136261U;
  for (; *source; source++) hash = (hash ^ (uint8_t)*source) * 16777619U;
  return (hash ^ (uint32_t)line) * 2654435761U;
}

/* By hand: of what the library's functions compare, libFuzzer would make parts of inputs. */
static bool begins(const char *text, const char *with) {
  while (*with && *text == *with) text++, with++;
  return *with == '\0';
}

/* What a script's own lines do is not ours to cover, nor what those of the targets here do. */
static void take_line(lua_State *L, lua_Debug *frame) {
  lua_getinfo(L, "S", frame);
  if (frame->source[0] != '@' || begins(frame->source, "@spec/") || begins(frame->source, "@./spec/")) return;
  uint32_t line = number_of(frame->source, frame->currentline), step = (before ^ line) >> 16;
  before = line >> 1;
  if (counters[step] < UINT8_MAX) counters[step]++;
  seen_steps[step] = true;
  seen_lines[line >> 16] = true;
}

static void each_line(lua_State *L, lua_Debug *frame) {
  take_line(L, frame);
}

/* A state has one hook: a script's is called for its count, ours for lines. */
static void each_line_or_count(lua_State *L, lua_Debug *frame) {
  if (frame->event == LUA_HOOKLINE) take_line(L, frame);
  else budget(L, frame);
}

void __wrap_lua_sethook(lua_State *L, lua_Hook hook, int mask, int count) {
  if (blind || hook == NULL) {
    __real_lua_sethook(L, hook, mask, count);
    return;
  }
  budget = hook;
  __real_lua_sethook(L, each_line_or_count, mask | LUA_MASKLINE, count);
}

static size_t count_seen(const bool *set, size_t count) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) found += set[i];
  return found;
}

/* ---- The host's state ---- */

static void give_up(const char *what) {
  fprintf(stderr, "cannot begin: %s\n", what);
  exit(2);
}

static void finish(void) {
  if (host) lua_close(host);
  host = NULL;
  fprintf(stderr, "lua: %zu lines and %zu steps between lines reached\n", count_seen(seen_lines, LINES),
          count_seen(seen_steps, COUNTERS));
}

static int explain(lua_State *L) {
  luaL_traceback(L, L, luaL_tolstring(L, 1, NULL), 1);
  return 1;
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  char path[PATH_BYTES];
  const char *target = getenv("TRUST_TARGET");
  if (target == NULL) give_up("TRUST_TARGET names what is fuzzed");
  blind = getenv("TRUST_BLIND") != NULL;
  snprintf(path, sizeof path, "spec/trust/fuzz/%s.lua", target);
  host = luaL_newstate();
  if (host == NULL) give_up("memory");
  atexit(finish);
  luaL_openlibs(host);
  luaL_getsubtable(host, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(host, luaopen_tallystick_core);
  lua_setfield(host, -2, "tallystick.core");
  lua_settop(host, 0);
  lua_pushcfunction(host, explain);
  if (luaL_loadfile(host, path) || lua_pcall(host, 0, 1, 1)) give_up(lua_tostring(host, -1));
  if (!blind) __real_lua_sethook(host, each_line, LUA_MASKLINE, 0);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  before = 0;
  lua_settop(host, 2); /* what explains, and the target's function */
  lua_pushvalue(host, 2);
  lua_pushlstring(host, (const char *)data, size);
  if (lua_pcall(host, 1, 0, 1) == LUA_OK) return 0;
  fprintf(stderr, "broken: %s\n", lua_tostring(host, -1));
  abort();
}
