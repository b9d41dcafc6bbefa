/* lua_sign.c - Ed25519 keys and signatures for lua/tallystick/signing.lua; secret keys never come into Lua. */
#include <string.h>

#include "lua_tallystick.h"

/* A path as Lua has it, without a zero byte inside. */
static const char *check_path(lua_State *L, int index) {
  const char *path = luaL_checkstring(L, index);
  luaL_argcheck(L, *path && strlen(path) == lua_rawlen(L, index), index, "a path is expected");
  return path;
}

static int refuse_key(lua_State *L, tally_code code, const char *path, const char *words) {
  return l_refuse(L, code, "key", lua_pushfstring(L, "%s: %s", path, words));
}

/* core.key_make(path): writes a new secret key; gives the public one, 32 bytes. */
static int key_make(lua_State *L) {
  const char *path = check_path(L, 1);
  uint8_t public_key[TALLY_PUBLIC_KEY_BYTES];
  char words[TALLY_KEY_WORDS_MAX];
  tally_code code = tally_key_make(path, public_key, words);
  if (code) return refuse_key(L, code, path, words);
  lua_pushlstring(L, (const char *)public_key, sizeof public_key);
  return 1;
}

/* core.key_sign(path, bytes): the signature, 64 bytes, and the public key. */
static int key_sign(lua_State *L) {
  const char *path = check_path(L, 1);
  luaL_checktype(L, 2, LUA_TSTRING);
  uint8_t public_key[TALLY_PUBLIC_KEY_BYTES], signature[TALLY_SIGNATURE_BYTES];
  char words[TALLY_KEY_WORDS_MAX];
  tally_code code = tally_key_sign(path, l_text(L, 2), public_key, signature, words);
  if (code) return refuse_key(L, code, path, words);
  lua_pushlstring(L, (const char *)signature, sizeof signature);
  lua_pushlstring(L, (const char *)public_key, sizeof public_key);
  return 2;
}

/* core.signature_holds(public, bytes, signature) */
static int signature_holds(lua_State *L) {
  for (int i = 1; i <= 3; i++) luaL_checktype(L, i, LUA_TSTRING);
  tally_text public_key = l_text(L, 1), signature = l_text(L, 3);
  bool holds = public_key.length == TALLY_PUBLIC_KEY_BYTES && signature.length == TALLY_SIGNATURE_BYTES &&
               tally_signature_holds((const uint8_t *)public_key.data, l_text(L, 2), (const uint8_t *)signature.data);
  lua_pushboolean(L, holds);
  return 1;
}

/* core.public_key_print(public): as PEM. */
static int public_key_print(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  luaL_argcheck(L, lua_rawlen(L, 1) == TALLY_PUBLIC_KEY_BYTES, 1, "32 bytes are expected");
  char pem[TALLY_PEM_MAX];
  tally_public_key_print((const uint8_t *)lua_tostring(L, 1), pem);
  lua_pushstring(L, pem);
  return 1;
}

/* core.public_key_parse(pem): its 32 bytes, or nil. */
static int public_key_parse(lua_State *L) {
  luaL_checktype(L, 1, LUA_TSTRING);
  uint8_t public_key[TALLY_PUBLIC_KEY_BYTES];
  if (tally_public_key_parse(l_text(L, 1), public_key))
    lua_pushlstring(L, (const char *)public_key, sizeof public_key);
  else lua_pushnil(L);
  return 1;
}

const luaL_Reg l_sign_functions[] = {{"key_make", key_make},
                                     {"key_sign", key_sign},
                                     {"signature_holds", signature_holds},
                                     {"public_key_print", public_key_print},
                                     {"public_key_parse", public_key_parse},
                                     {NULL, NULL}};
