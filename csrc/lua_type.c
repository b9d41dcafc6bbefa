/* lua_type.c - payment types as Lua sees them: those in force, and how one was when an entry was made (§5). */
#include <string.h>

#include "lua_tallystick.h"

static void set_flag(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

/* By language; under "" a label for all of them. */
static void set_labels(lua_State *L, const tally_payment_type *type) {
  lua_createtable(L, 0, (int)type->label_count);
  for (size_t i = 0; i < type->label_count; i++) {
    lua_pushlstring(L, type->labels[i].key.data, type->labels[i].key.length);
    lua_pushlstring(L, type->labels[i].value.data, type->labels[i].value.length);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "label");
}

static void set_kinds(lua_State *L, const tally_payment_type *type) {
  tally_text kinds[2];
  size_t count = 0;
  if (type->for_consultation) kinds[count++] = l_text_of(tally_document_kind_name(TALLY_CONSULTATION));
  if (type->for_invoice) kinds[count++] = l_text_of(tally_document_kind_name(TALLY_INVOICE));
  l_set_texts(L, "applies_to", kinds, count);
}

static void set_group(lua_State *L, const tally_payment_type *type) {
  if (!type->group_required && type->group_count == 0) return;
  lua_createtable(L, 0, 2);
  set_flag(L, "required", type->group_required);
  if (type->group_count) l_set_texts(L, "one_of", type->groups, type->group_count);
  lua_setfield(L, -2, "group");
}

static void set_fields(lua_State *L, const tally_payment_type *type) {
  static const char *const names[] = {"", "string", "integer", "boolean", "date"};
  if (type->field_count == 0) return;
  lua_createtable(L, 0, (int)type->field_count);
  for (size_t i = 0; i < type->field_count; i++) {
    const tally_extra_field *extra = &type->fields[i];
    lua_pushlstring(L, extra->name.data, extra->name.length);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, names[extra->type]);
    lua_setfield(L, -2, "type");
    set_flag(L, "required", extra->required);
    l_set_text(L, "pattern", extra->pattern);
    lua_rawset(L, -3);
  }
  lua_setfield(L, -2, "fields");
}

static void push_type(lua_State *L, const tally_payment_type *type, const tally_currency *currency) {
  static const char *const excesses[] = {"", "refuse", "change", "credit"};
  lua_createtable(L, 0, 16);
  l_set_text(L, "id", type->id);
  lua_pushinteger(L, type->version);
  lua_setfield(L, -2, "version");
  lua_pushstring(L, tally_effect_name(type->effect));
  lua_setfield(L, -2, "effect");
  lua_pushstring(L, excesses[type->excess]);
  lua_setfield(L, -2, "excess");
  set_flag(L, "default", type->is_default);
  set_flag(L, "retired", type->retired);
  l_set_text(L, "account", type->account);
  if (type->round_to_minor) {
    l_push_money(L, type->round_to_minor, currency);
    lua_setfield(L, -2, "round_to");
  }
  if (type->max_minor) {
    l_push_money(L, type->max_minor, currency);
    lua_setfield(L, -2, "max");
  }
  if (type->role_count) l_set_texts(L, "roles", type->roles, type->role_count);
  set_labels(L, type);
  set_kinds(L, type);
  set_group(L, type);
  set_fields(L, type);
}

/* ledger:type(id [, version]): a payment type as it is, or as it was in a version. */
int l_read_type(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const tally_payment_type *type;
  lua_settop(L, 3);
  if (lua_type(L, 2) != LUA_TSTRING) return l_refuse(L, TALLY_ERR_FIELD_INVALID, "type", "type: give a type's id");
  lua_Integer version = lua_isnil(L, 3) ? 0 : lua_isinteger(L, 3) ? lua_tointeger(L, 3) : -1;
  if (version < 0 || version > INT32_MAX)
    return l_refuse(L, TALLY_ERR_FIELD_INVALID, "version", "version: give a whole number above zero");
  l_hold(box);
  tally_code code = tally_read_type(box->ledger, l_text(L, 2), (int32_t)version, &type);
  if (code) return l_done(box, l_push_error(L, box->ledger, code));
  push_type(L, type, tally_ledger_currency(box->ledger));
  return l_done(box, 1);
}

/* ledger:types(): the payment types in force, in the order of their declaration. */
int l_read_types(lua_State *L) {
  l_ledger *box = l_check_ledger(L, 1);
  const tally_payment_type *type;
  int32_t version;
  tally_code code = tally_ledger_reload(box->ledger, &version);
  if (code) return l_push_error(L, box->ledger, code);
  l_hold(box);
  lua_newtable(L);
  for (size_t i = 0; (type = tally_ledger_type_at(box->ledger, i)) != NULL; i++) {
    push_type(L, type, tally_ledger_currency(box->ledger));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return l_done(box, 1);
}
