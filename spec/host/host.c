/* host.c - a C program that holds two Lua states with a ledger each, and a third ledger by the C API alone. */
#include <assert.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

#include "tallystick.h"

static const char program[] = "local core = require 'tallystick.core'\n"
                              "ledger = assert(core.open(':memory:', { actor = ... }))\n"
                              "assert(ledger:consultation { patient = 'P1', amount = '120.00' })\n"
                              "local paid = assert(ledger:pay { document = 'C-00001', amount = '50.00' })\n"
                              "return paid.actor .. ' ' .. tostring(paid.remaining)\n";

static lua_State *new_state(void) {
  lua_State *L = luaL_newstate();
  assert(L);
  luaL_openlibs(L);
  luaL_requiref(L, "tallystick.core", luaopen_tallystick_core, 0);
  lua_pop(L, 1);
  return L;
}

static void run(lua_State *L, const char *actor) {
  if (luaL_loadstring(L, program) != LUA_OK) luaL_error(L, "%s", lua_tostring(L, -1));
  lua_pushstring(L, actor);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) printf("%s\n", lua_tostring(L, -1));
  else printf("%s\n", lua_tostring(L, -1));
  lua_pop(L, 1);
}

static void set(tally_request *request, const char *name, const char *value) {
  tally_request_set_text(request, name, value, strlen(value));
}

static void use_the_c_api(void) {
  tally_ledger *ledger;
  tally_result result;
  const tally_document *document;
  tally_request *request = tally_request_new();
  assert(request && tally_open(":memory:", NULL, &ledger) == TALLY_OK);
  tally_request_begin(request, TALLY_COMMAND_CONSULTATION);
  set(request, "patient", "P1");
  set(request, "amount", "120.00");
  assert(tally_execute(ledger, request, &result) == TALLY_OK);
  tally_request_begin(request, TALLY_COMMAND_PAY);
  set(request, "document", "C-00001");
  set(request, "amount", "20.00");
  assert(tally_execute(ledger, request, &result) == TALLY_OK);
  tally_request_begin(request, TALLY_QUERY_DOCUMENT);
  tally_text number = {"C-00001", 7};
  assert(tally_read_document(ledger, number, request, &document) == TALLY_OK);
  printf("%s %lld\n", tally_status_name(document->status), (long long)document->remaining_minor);
  /* Misuse is refused with a code. */
  tally_request_begin(request, TALLY_COMMAND_NONE);
  printf("%s\n", tally_code_name(tally_execute(ledger, request, &result)));
  tally_request_begin(request, TALLY_QUERY_DOCUMENTS);
  printf("%s\n", tally_code_name(tally_execute(ledger, request, &result)));
  tally_close(ledger);
  tally_close(NULL);
  tally_request_free(request);
  tally_request_free(NULL);
}

static void use_a_handle_that_did_not_open(void) {
  tally_ledger *ledger;
  tally_head head;
  tally_code code = tally_open("/nowhere/at/all/clinic.db", NULL, &ledger);
  printf("%s\n", tally_code_name(code));
  assert(strlen(tally_error_message(ledger)) > 0);
  printf("%s\n", tally_code_name(tally_read_head(ledger, &head)));
  printf("waited %d\n", tally_set_busy_timeout(ledger, 100));
  tally_close(ledger);
}

int main(void) {
  lua_State *first = new_state(), *second = new_state();
  run(first, "desk-1");
  run(second, "desk-2");
  lua_close(first); /* with its ledger left open */
  if (luaL_dostring(second, "return tostring(ledger:document('C-00001').collected)") == LUA_OK) {
    printf("%s\n", lua_tostring(second, -1));
  }
  lua_close(second);
  use_the_c_api();
  use_a_handle_that_did_not_open();
  return 0;
}
