/* lua_erase.c - ledger:erase: free texts taken out for good. */
#include "lua_tallystick.h"

int l_erase(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  tally_erasure erasure;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  l_fill_request(L, 1, 2, TALLY_CALL_ERASE);
  tally_code code = tally_erase(box->ledger, box->request, &erasure);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  lua_createtable(L, 0, 3);
  l_set_integer(L, "acts", erasure.acts);
  l_set_integer(L, "texts", erasure.texts);
  if (erasure.dry_run) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "dry_run");
  }
  return l_done(box, 1);
}
