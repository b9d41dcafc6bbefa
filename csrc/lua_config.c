/* lua_config.c - reading the table that lua/tallystick/config.lua makes of a script into the core's configuration. */
#include <string.h>

#include "lua_tallystick.h"

/* All memory comes from userdata kept in a list on the stack, so that an error of Lua's loses none of it. */
typedef struct reader {
  lua_State *L;
  int keep; /* the list */
  const tally_currency *currency;
} reader;

static void *make(reader *in, size_t size) {
  void *memory = lua_newuserdatauv(in->L, size ? size : 1, 0);
  memset(memory, 0, size ? size : 1);
  lua_rawseti(in->L, in->keep, (lua_Integer)lua_rawlen(in->L, in->keep) + 1);
  return memory;
}

/* Takes a string field of the table at the top; the text lives in the caller's table. */
static tally_text get_text(reader *in, const char *name) {
  tally_text text = {NULL, 0};
  lua_getfield(in->L, -1, name);
  if (lua_type(in->L, -1) == LUA_TSTRING) text = l_text(in->L, -1);
  lua_pop(in->L, 1);
  return text;
}

static bool get_flag(reader *in, const char *name) {
  lua_getfield(in->L, -1, name);
  bool set = lua_toboolean(in->L, -1);
  lua_pop(in->L, 1);
  return set;
}

/* An amount that does not fit the currency becomes -1, which the core's own check refuses. */
static int64_t get_amount(reader *in, const char *name) {
  int64_t minor = 0;
  tally_text text = get_text(in, name);
  if (text.data == NULL) return 0;
  bool fits = in->currency && tally_money_parse(text.data, text.length, in->currency, &minor) == TALLY_OK && minor > 0;
  return fits ? minor : -1;
}

static int get_word(reader *in, const char *name, const char *const *words, int count) {
  tally_text text = get_text(in, name);
  for (int i = 1; i < count; i++) {
    if (text.data && strcmp(text.data, words[i]) == 0) return i;
  }
  return 0;
}

static const tally_text *get_texts(reader *in, const char *name, size_t *count) {
  lua_getfield(in->L, -1, name);
  *count = lua_istable(in->L, -1) ? (size_t)lua_rawlen(in->L, -1) : 0;
  tally_text *list = make(in, *count * sizeof *list);
  for (size_t i = 0; i < *count; i++) {
    lua_rawgeti(in->L, -1, (lua_Integer)i + 1);
    if (lua_type(in->L, -1) == LUA_TSTRING) list[i] = l_text(in->L, -1);
    lua_pop(in->L, 1);
  }
  lua_pop(in->L, 1);
  return list;
}

static size_t count_pairs(lua_State *L) {
  size_t count = 0;
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    count++;
    lua_pop(L, 1);
  }
  return count;
}

/* Labels in the order of their languages, so that the same script always gives the same definition. */
static void get_labels(reader *in, tally_payment_type *type) {
  lua_getfield(in->L, -1, "label");
  if (lua_istable(in->L, -1)) {
    tally_pair *list = make(in, count_pairs(in->L) * sizeof *list);
    lua_pushnil(in->L);
    while (lua_next(in->L, -2)) {
      tally_pair pair = {l_text(in->L, -2), l_text(in->L, -1)};
      size_t at = type->label_count++;
      for (; at > 0 && strcmp(list[at - 1].key.data, pair.key.data) > 0; at--) list[at] = list[at - 1];
      list[at] = pair;
      lua_pop(in->L, 1);
    }
    type->labels = list;
  }
  lua_pop(in->L, 1);
}

static void get_fields(reader *in, tally_payment_type *type) {
  static const char *const types[] = {"", "string", "integer", "boolean", "date"};
  lua_getfield(in->L, -1, "fields");
  type->field_count = lua_istable(in->L, -1) ? (size_t)lua_rawlen(in->L, -1) : 0;
  tally_extra_field *list = make(in, type->field_count * sizeof *list);
  for (size_t i = 0; i < type->field_count; i++) {
    lua_rawgeti(in->L, -1, (lua_Integer)i + 1);
    list[i].name = get_text(in, "name");
    list[i].type = (tally_field_type)get_word(in, "type", types, 5);
    list[i].required = get_flag(in, "required");
    list[i].pattern = get_text(in, "pattern");
    lua_pop(in->L, 1);
  }
  type->fields = list;
  lua_pop(in->L, 1);
}

static void get_type(reader *in, tally_payment_type *type) {
  static const char *const effects[] = {"", "money", "credit", "discount", "loss"};
  static const char *const excesses[] = {"", "refuse", "change", "credit"};
  type->id = get_text(in, "id");
  type->effect = (tally_effect)get_word(in, "effect", effects, 5);
  type->excess = (tally_excess)get_word(in, "excess", excesses, 4);
  type->is_default = get_flag(in, "default");
  type->for_consultation = get_flag(in, "consultation");
  type->for_invoice = get_flag(in, "invoice");
  type->group_required = get_flag(in, "group_required");
  type->retired = get_flag(in, "retired");
  type->round_to_minor = get_amount(in, "round_to");
  type->max_minor = get_amount(in, "max");
  type->account = get_text(in, "account");
  type->groups = get_texts(in, "groups", &type->group_count);
  type->roles = get_texts(in, "roles", &type->role_count);
  get_labels(in, type);
  get_fields(in, type);
}

static void get_types(reader *in, tally_config *config) {
  lua_getfield(in->L, -1, "types");
  config->type_count = lua_istable(in->L, -1) ? (size_t)lua_rawlen(in->L, -1) : 0;
  tally_payment_type *list = make(in, config->type_count * sizeof *list);
  for (size_t i = 0; i < config->type_count; i++) {
    lua_rawgeti(in->L, -1, (lua_Integer)i + 1);
    get_type(in, &list[i]);
    lua_pop(in->L, 1);
  }
  config->types = list;
  lua_pop(in->L, 1);
}

/* Permits in the order of the commands, whatever the table's. */
static void get_permits(reader *in, tally_config *config) {
  lua_getfield(in->L, -1, "permits");
  tally_permit *list = make(in, TALLY_COMMAND_END * sizeof *list);
  for (int i = 1; lua_istable(in->L, -1) && i < TALLY_COMMAND_END; i++) {
    if (!tally_command_permitted((tally_command)i)) continue;
    const char *name = tally_command_name((tally_command)i);
    lua_getfield(in->L, -1, name);
    bool named = lua_istable(in->L, -1);
    lua_pop(in->L, 1);
    if (!named) continue;
    tally_permit *permit = &list[config->permit_count++];
    permit->command = (tally_text){name, strlen(name)};
    permit->roles = get_texts(in, name, &permit->role_count);
  }
  config->permits = list;
  lua_pop(in->L, 1);
}

static void get_numbering(reader *in, tally_config *config) {
  lua_getfield(in->L, -1, "numbering");
  if (lua_istable(in->L, -1)) {
    config->consultation_format = get_text(in, "consultation");
    config->invoice_format = get_text(in, "invoice");
    config->payment_format = get_text(in, "payment");
  }
  lua_pop(in->L, 1);
}

const tally_config *l_check_config(lua_State *L, int index) {
  luaL_checktype(L, index, LUA_TTABLE);
  luaL_checkstack(L, 24, "too many values");
  lua_newtable(L);
  reader in = {.L = L, .keep = lua_gettop(L)};
  tally_config *config = make(&in, sizeof *config);
  lua_pushvalue(L, index);
  config->currency = get_text(&in, "currency");
  config->language = get_text(&in, "language");
  in.currency = config->currency.data ? tally_currency_find(config->currency.data, config->currency.length)
                                      : tally_currency_find("CHF", 3);
  get_numbering(&in, config);
  get_types(&in, config);
  get_permits(&in, config);
  lua_getfield(L, -1, "script");
  if (lua_istable(L, -1)) {
    config->script_name = get_text(&in, "name");
    config->script_text = get_text(&in, "text");
  }
  lua_pop(L, 2);
  return config;
}
