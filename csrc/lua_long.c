/* lua_long.c - the calls that take long and tell how far they are: verify and backup. */
#include <string.h>

#include "lua_tallystick.h"

typedef struct l_verify {
  tally_verify *verify;
  l_ledger *ledger;
} l_verify;

typedef struct l_backup {
  tally_backup *backup;
  l_ledger *ledger;
} l_backup;

static int verify_end(lua_State *L) {
  l_verify *box = luaL_checkudata(L, 1, VERIFY_TYPE);
  tally_verify *verify = box->verify;
  box->verify = NULL;
  if (verify) box->ledger->held--;
  tally_verify_end(verify);
  return 0;
}

static int backup_end(lua_State *L) {
  l_backup *box = luaL_checkudata(L, 1, BACKUP_TYPE);
  tally_backup *backup = box->backup;
  box->backup = NULL;
  if (backup) box->ledger->held--;
  tally_backup_end(backup);
  return 0;
}

static void open_type(lua_State *L, const char *type, lua_CFunction end) {
  luaL_newmetatable(L, type);
  lua_pushcfunction(L, end);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, end);
  lua_setfield(L, -2, "__close");
  l_protect_type(L, type);
  lua_pop(L, 1);
}

void l_open_long(lua_State *L) {
  open_type(L, VERIFY_TYPE, verify_end);
  open_type(L, BACKUP_TYPE, backup_end);
}

/* ---- Options ---- */

/* Reads the options table at 2 or 3: only the names given are known. The progress function is left on the stack. */
static bool check_names(lua_State *L, int options, const char *other, int *pushed) {
  if (lua_isnoneornil(L, options)) return true;
  luaL_checktype(L, options, LUA_TTABLE);
  lua_pushnil(L);
  while (lua_next(L, options)) {
    lua_pop(L, 1);
    const char *name = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (strcmp(name, "progress") == 0 || (other && strcmp(name, other) == 0)) continue;
    *pushed = l_refuse(L, TALLY_ERR_FIELD_UNKNOWN, name,
                       lua_pushfstring(L, "there is no field \"%s\" here; there is progress%s%s", name,
                                       other ? " and " : "", other ? other : ""));
    return false;
  }
  return true;
}

static bool push_progress(lua_State *L, int options, int *pushed) {
  if (lua_isnoneornil(L, options)) {
    lua_pushnil(L);
    return true;
  }
  l_raw_field(L, options, "progress");
  if (lua_isnil(L, -1) || lua_isfunction(L, -1)) return true;
  *pushed = l_refuse(L, TALLY_ERR_FIELD_INVALID, "progress", "progress: give a function of done and total");
  return false;
}

static int hex_digit(char c) {
  const char *digits = "0123456789abcdef", *at = strchr(digits, c);
  return c && at ? (int)(at - digits) : -1;
}

static bool read_hash(tally_text text, uint8_t hash[32]) {
  if (text.data == NULL || text.length != 64) return false;
  for (int i = 0; i < 32; i++) {
    int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    hash[i] = (uint8_t)(high * 16 + low);
  }
  return true;
}

/* A head kept outside: {seq=, hash="64 hex digits"}, as ledger:head() gave it. */
static bool read_head(lua_State *L, int options, tally_head *head, bool *given, int *pushed) {
  *given = false;
  if (lua_isnoneornil(L, options)) return true;
  l_raw_field(L, options, "head");
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return true;
  }
  *given = true;
  bool fine = lua_istable(L, -1);
  if (fine) {
    l_raw_field(L, -1, "seq");
    l_raw_field(L, -2, "hash");
    fine = lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 0 && lua_type(L, -1) == LUA_TSTRING &&
           read_hash(l_text(L, -1), head->hash);
    head->seq = lua_tointeger(L, -2);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
  if (!fine)
    *pushed = l_refuse(L, TALLY_ERR_FIELD_INVALID, "head",
                       "head: give what ledger:head() gave, {seq=…, hash=\"64 hex digits\"}");
  return fine;
}

/* ---- verify ---- */

static void push_report(lua_State *L, const tally_report *report) {
  lua_createtable(L, 0, 9);
  l_set_integer(L, "entries", report->entries);
  l_set_integer(L, "acts", report->acts);
  l_set_integer(L, "documents", report->documents);
  l_set_integer(L, "patients", report->patients);
  l_set_integer(L, "payments", report->payments);
  l_set_integer(L, "days", report->days);
  l_set_integer(L, "closings", report->closings);
  lua_createtable(L, 0, 2);
  l_set_integer(L, "seq", report->head.seq);
  l_push_hash(L, report->head.hash);
  lua_setfield(L, -2, "hash");
  lua_setfield(L, -2, "head");
  l_push_anchor(L, &report->anchor);
  lua_setfield(L, -2, "anchor");
}

static void tell_verify(lua_State *L, int progress, const tally_verify *verify) {
  int64_t done, total;
  const char *phase;
  if (lua_isnil(L, progress)) return;
  tally_verify_progress(verify, &done, &total, &phase);
  lua_pushvalue(L, progress);
  lua_pushinteger(L, (lua_Integer)done);
  lua_pushinteger(L, (lua_Integer)total);
  lua_pushstring(L, phase);
  lua_call(L, 3, 0);
}

/* Runs under a protected call: box at 1, progress function or nil at 2. */
static int verify_body(lua_State *L) {
  l_verify *box = lua_touserdata(L, 1);
  for (;;) {
    tally_code code = tally_verify_step(box->verify);
    if (code == TALLY_DONE) break;
    if (code) return l_push_error(L, box->ledger->ledger, code);
    tell_verify(L, 2, box->verify);
  }
  lua_pushboolean(L, 1);
  push_report(L, tally_verify_report(box->verify));
  return 2;
}

/* Calls a body with box and progress, ends the work whatever happened, and passes on what it gave. */
static int run_protected(lua_State *L, lua_CFunction body, lua_CFunction end, int box, int progress) {
  int base = lua_gettop(L);
  lua_pushcfunction(L, body);
  lua_pushvalue(L, box);
  lua_pushvalue(L, progress);
  int status = lua_pcall(L, 2, LUA_MULTRET, 0);
  lua_pushcfunction(L, end);
  lua_pushvalue(L, box);
  lua_call(L, 1, 0);
  return status == LUA_OK ? lua_gettop(L) - base : lua_error(L);
}

static int ledger_verify(lua_State *L) {
  l_ledger *ledger = l_check_ledger(L, 1);
  tally_head head;
  bool given;
  int pushed;
  lua_settop(L, 2);
  if (!check_names(L, 2, "head", &pushed) || !read_head(L, 2, &head, &given, &pushed)) return pushed;
  if (!push_progress(L, 2, &pushed)) return pushed;
  l_verify *box = lua_newuserdatauv(L, sizeof *box, 1);
  *box = (l_verify){NULL, ledger};
  luaL_setmetatable(L, VERIFY_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  tally_code code = tally_verify_begin(ledger->ledger, given ? &head : NULL, &box->verify);
  if (code) return l_push_error(L, ledger->ledger, code);
  ledger->held++;
  return run_protected(L, verify_body, verify_end, 4, 3);
}

/* ---- backup ---- */

static void tell_backup(lua_State *L, int progress, const tally_backup *backup) {
  int64_t done, total;
  if (lua_isnil(L, progress)) return;
  tally_backup_progress(backup, &done, &total);
  lua_pushvalue(L, progress);
  lua_pushinteger(L, (lua_Integer)done);
  lua_pushinteger(L, (lua_Integer)total);
  lua_call(L, 2, 0);
}

static int backup_body(lua_State *L) {
  l_backup *box = lua_touserdata(L, 1);
  for (;;) {
    tally_code code = tally_backup_step(box->backup);
    if (code == TALLY_DONE) break;
    if (code) return l_push_error(L, box->ledger->ledger, code);
    tell_backup(L, 2, box->backup);
  }
  lua_pushboolean(L, 1);
  return 1;
}

static int ledger_backup(lua_State *L) {
  l_ledger *ledger = l_check_ledger(L, 1);
  int pushed;
  lua_settop(L, 3);
  bool fine = lua_type(L, 2) == LUA_TSTRING && lua_rawlen(L, 2) > 0 && strlen(lua_tostring(L, 2)) == lua_rawlen(L, 2);
  if (!fine)
    return l_refuse(L, TALLY_ERR_FIELD_INVALID, "path", "path: give the path of a file that is not there yet");
  if (!check_names(L, 3, NULL, &pushed) || !push_progress(L, 3, &pushed)) return pushed;
  l_backup *box = lua_newuserdatauv(L, sizeof *box, 1);
  *box = (l_backup){NULL, ledger};
  luaL_setmetatable(L, BACKUP_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  tally_code code = tally_backup_begin(ledger->ledger, lua_tostring(L, 2), &box->backup);
  if (code) return l_push_error(L, ledger->ledger, code);
  ledger->held++;
  return run_protected(L, backup_body, backup_end, 5, 4);
}

const luaL_Reg l_long_methods[] = {{"verify", ledger_verify}, {"backup", ledger_backup}, {NULL, NULL}};
