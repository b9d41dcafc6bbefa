/* lua_anchor.c - the anchor in Lua: what it says, and keeping it up by hand. */
#include <string.h>

#include "lua_tallystick.h"

static void set_string(lua_State *L, const char *name, const char *value) {
  if (value[0] == '\0') return;
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

void l_push_anchor(lua_State *L, const tally_anchor *anchor) {
  if (anchor->path == NULL) {
    lua_pushnil(L);
    return;
  }
  lua_createtable(L, 0, 8);
  set_string(L, "path", anchor->path);
  set_string(L, "state", tally_anchor_state_name(anchor->state));
  set_string(L, "why", anchor->why);
  set_string(L, "error", anchor->error);
  l_set_text(L, "replaced", anchor->replaced);
  if (anchor->ledger_id[0] == '\0') return;
  set_string(L, "id", anchor->ledger_id);
  lua_pushinteger(L, (lua_Integer)anchor->head.seq);
  lua_setfield(L, -2, "seq");
  l_push_hash(L, anchor->head.hash);
  lua_setfield(L, -2, "hash");
  l_push_time(L, anchor->recorded_at_ms);
  lua_setfield(L, -2, "recorded_at");
}

/* The one field that ledger:anchor takes. */
static bool read_reset(lua_State *L, bool *reset, int *pushed) {
  *reset = false;
  if (lua_isnoneornil(L, 2)) return true;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, 2)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
    if (strcmp(name, "reset") != 0) {
      *pushed = l_refuse(L, TALLY_ERR_FIELD_UNKNOWN, name,
                         lua_pushfstring(L, "there is no field \"%s\" here; there is reset", name));
      return false;
    }
    if (!lua_isboolean(L, -1)) {
      *pushed = l_refuse(L, TALLY_ERR_FIELD_INVALID, "reset", "reset: give true or false");
      return false;
    }
    *reset = lua_toboolean(L, -1);
    lua_pop(L, 1);
  }
  return true;
}

int l_keep_anchor(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  tally_anchor anchor;
  bool reset;
  int pushed;
  lua_settop(L, 2);
  if (!read_reset(L, &reset, &pushed)) return pushed;
  l_hold(box);
  tally_code code = tally_keep_anchor(box->ledger, reset, &anchor);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  l_push_anchor(L, &anchor);
  return l_done(box, 1);
}
