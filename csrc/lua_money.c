/* lua_money.c - money values in Lua: immutable userdata with operators; and the status of facts. */
#include <string.h>

#include "lua_tallystick.h"

void l_push_money(lua_State *L, int64_t minor, const tally_currency *currency) {
  tally_money *money = lua_newuserdatauv(L, sizeof *money, 0);
  *money = (tally_money){minor, currency};
  lua_rawgetp(L, LUA_REGISTRYINDEX, MONEY_TYPE);
  lua_setmetatable(L, -2);
}

const tally_money *l_to_money(lua_State *L, int index) {
  return l_test(L, index, MONEY_TYPE);
}

static const tally_money *check_money(lua_State *L, int index) {
  return luaL_checkudata(L, index, MONEY_TYPE);
}

/* Both operands, of one currency. */
static const tally_money *check_pair(lua_State *L, const tally_money **second) {
  const tally_money *first = check_money(L, 1);
  *second = check_money(L, 2);
  if (first->currency != (*second)->currency) {
    luaL_error(L, "money: %s and %s are not one currency", first->currency->code, (*second)->currency->code);
  }
  return first;
}

static int push_checked(lua_State *L, tally_code code, int64_t minor, const tally_currency *currency) {
  if (code) return luaL_error(L, "%s: %s", tally_code_name(code), tally_code_text(code));
  l_push_money(L, minor, currency);
  return 1;
}

/* ---- Making ---- */

static const tally_currency *find_currency(lua_State *L, int index) {
  size_t length;
  const char *code = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &length) : NULL;
  return code ? tally_currency_find(code, length) : NULL;
}

int l_money_new(lua_State *L) {
  size_t length;
  int64_t minor;
  const tally_currency *currency = find_currency(L, 2);
  if (currency == NULL)
    return l_refuse(L, TALLY_ERR_FIELD_INVALID, "currency", "currency: give a code of ISO 4217 such as \"CHF\"");
  if (lua_type(L, 1) != LUA_TSTRING)
    return l_refuse(L, TALLY_ERR_AMOUNT_INVALID, "amount", "amount: give a string such as \"120.50\", never a number");
  const char *text = lua_tolstring(L, 1, &length);
  tally_code code = tally_money_parse(text, length, currency, &minor);
  if (code)
    return l_refuse(L, code, "amount",
                    "amount: give digits, with at most the currency's decimals, such as \"120.50\"");
  l_push_money(L, minor, currency);
  return 1;
}

int l_currency_exponent(lua_State *L) {
  const tally_currency *currency = find_currency(L, 1);
  if (currency == NULL) return 0;
  lua_pushinteger(L, currency->exponent);
  return 1;
}

/* ---- Operators ---- */

static int money_add(lua_State *L) {
  const tally_money *b, *a = check_pair(L, &b);
  int64_t sum = 0;
  tally_code code = tally_minor_add(a->minor, b->minor, &sum);
  return push_checked(L, code, sum, a->currency);
}

static int money_subtract(lua_State *L) {
  const tally_money *b, *a = check_pair(L, &b);
  int64_t difference = 0;
  tally_code code = tally_minor_subtract(a->minor, b->minor, &difference);
  return push_checked(L, code, difference, a->currency);
}

static int money_negate(lua_State *L) {
  const tally_money *a = check_money(L, 1);
  int64_t negative = 0;
  tally_code code = tally_minor_subtract(0, a->minor, &negative);
  return push_checked(L, code, negative, a->currency);
}

/* An amount times an integer; a float has no place in money. */
static int money_multiply(lua_State *L) {
  int money_index = l_to_money(L, 1) ? 1 : 2, factor_index = 3 - money_index;
  const tally_money *a = check_money(L, money_index);
  int64_t product = 0;
  if (!lua_isinteger(L, factor_index)) return luaL_error(L, "money: multiply by an integer; use split for parts");
  tally_code code = tally_minor_multiply(a->minor, lua_tointeger(L, factor_index), &product);
  return push_checked(L, code, product, a->currency);
}

static int money_equal(lua_State *L) {
  const tally_money *a = l_to_money(L, 1), *b = l_to_money(L, 2);
  lua_pushboolean(L, a && b && a->currency == b->currency && a->minor == b->minor);
  return 1;
}

static int money_less(lua_State *L) {
  const tally_money *b, *a = check_pair(L, &b);
  lua_pushboolean(L, a->minor < b->minor);
  return 1;
}

static int money_less_equal(lua_State *L) {
  const tally_money *b, *a = check_pair(L, &b);
  lua_pushboolean(L, a->minor <= b->minor);
  return 1;
}

static void push_text(lua_State *L, const tally_money *money, bool with_code) {
  char text[TALLY_MONEY_TEXT_MAX];
  size_t length = tally_money_print(money->minor, money->currency, text);
  lua_pushlstring(L, text, length);
  if (!with_code) return;
  lua_pushfstring(L, " %s", money->currency->code);
  lua_concat(L, 2);
}

static int money_to_string(lua_State *L) {
  push_text(L, check_money(L, 1), true);
  return 1;
}

static int money_concat(lua_State *L) {
  for (int i = 1; i <= 2; i++) {
    const tally_money *money = l_to_money(L, i);
    if (money) push_text(L, money, true);
    else lua_pushvalue(L, i);
    if (!lua_isstring(L, -1)) return luaL_error(L, "attempt to concatenate money with a %s", luaL_typename(L, i));
  }
  lua_concat(L, 2);
  return 1;
}

/* ---- Methods ---- */

static int money_decimal(lua_State *L) {
  push_text(L, check_money(L, 1), false);
  return 1;
}

/* The nearest multiple of a step, halves up. */
static int money_round_to(lua_State *L) {
  const tally_money *step, *a = check_pair(L, &step);
  int64_t rounded = 0;
  luaL_argcheck(L, step->minor > 0, 2, "the step must be above zero");
  tally_code code = tally_minor_round(a->minor, step->minor, &rounded);
  return push_checked(L, code, rounded, a->currency);
}

enum { PARTS_MAX = 1000 };

/* Reads split's argument, a count of equal parts or a list of integer weights, into a userdata left on the stack. */
static int64_t *check_weights(lua_State *L, size_t *count) {
  bool list = lua_type(L, 2) == LUA_TTABLE;
  lua_Integer wanted = list ? (lua_Integer)lua_rawlen(L, 2) : luaL_checkinteger(L, 2);
  luaL_argcheck(L, wanted >= 1 && wanted <= PARTS_MAX, 2, "give 1 to 1000 parts");
  *count = (size_t)wanted;
  int64_t *weights = lua_newuserdatauv(L, *count * 2 * sizeof *weights, 0);
  for (size_t i = 0; i < *count; i++) {
    weights[i] = 1;
    if (!list) continue;
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    luaL_argcheck(L, lua_isinteger(L, -1), 2, "weights are integers");
    weights[i] = lua_tointeger(L, -1);
    lua_pop(L, 1);
  }
  return weights;
}

/* Parts that sum to the whole: by a count, or by a list of integer weights. */
static int money_split(lua_State *L) {
  const tally_money *a = check_money(L, 1);
  size_t count;
  int64_t *weights = check_weights(L, &count), *parts = weights + count;
  tally_code code = tally_minor_split(a->minor, weights, count, parts);
  if (code) return luaL_error(L, "%s: weights are integers of zero or more, not all zero", tally_code_name(code));
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    l_push_money(L, parts[i], a->currency);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static const luaL_Reg money_methods[] = {
    {"decimal", money_decimal}, {"round_to", money_round_to}, {"split", money_split}, {NULL, NULL}};

/* Fields minor and currency, else a method (upvalue 1). */
static int money_index(lua_State *L) {
  const tally_money *money = check_money(L, 1);
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
  if (strcmp(name, "minor") == 0) lua_pushinteger(L, money->minor);
  else if (strcmp(name, "currency") == 0) lua_pushstring(L, money->currency->code);
  else {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
  }
  return 1;
}

static const luaL_Reg money_metamethods[] = {{"__add", money_add},
                                             {"__sub", money_subtract},
                                             {"__unm", money_negate},
                                             {"__mul", money_multiply},
                                             {"__eq", money_equal},
                                             {"__lt", money_less},
                                             {"__le", money_less_equal},
                                             {"__concat", money_concat},
                                             {"__tostring", money_to_string},
                                             {NULL, NULL}};

void l_open_money(lua_State *L) {
  luaL_newmetatable(L, MONEY_TYPE);
  l_know_type(L, MONEY_TYPE);
  luaL_setfuncs(L, money_metamethods, 0);
  luaL_newlib(L, money_methods);
  lua_pushcclosure(L, money_index, 1);
  lua_setfield(L, -2, "__index");
  l_protect_type(L, MONEY_TYPE);
  lua_pop(L, 1);
}

/* ---- Status of facts (§3) ---- */

/* Strings are read with as many decimals as any currency has, so that all of them are in one unit. */
static const tally_currency widest = {"", 4};

typedef struct facts_reader {
  lua_State *L;
  const tally_currency *currency; /* of the first money value; NULL: strings only */
  const char *wrong;              /* the field that could not be read */
  tally_code code;
} facts_reader;

static int64_t read_amount(facts_reader *in, const char *name) {
  size_t length;
  int64_t minor = 0;
  l_raw_field(in->L, 1, name);
  const tally_money *money = l_to_money(in->L, -1);
  const tally_currency *currency = in->currency ? in->currency : &widest;
  tally_code code = TALLY_OK;
  if (money && money->currency == currency) minor = money->minor;
  else if (money || (lua_type(in->L, -1) != LUA_TSTRING && !lua_isnil(in->L, -1))) code = TALLY_ERR_AMOUNT_INVALID;
  else if (!lua_isnil(in->L, -1)) {
    const char *text = lua_tolstring(in->L, -1, &length);
    code = tally_money_parse(text, length, currency, &minor);
  }
  lua_pop(in->L, 1);
  if (code && !in->code) {
    in->code = code;
    in->wrong = name;
  }
  return minor;
}

static bool read_flag(facts_reader *in, const char *name) {
  l_raw_field(in->L, 1, name);
  bool set = lua_toboolean(in->L, -1);
  if (!lua_isnil(in->L, -1) && !lua_isboolean(in->L, -1) && !in->code) {
    in->code = TALLY_ERR_FIELD_INVALID;
    in->wrong = name;
  }
  lua_pop(in->L, 1);
  return set;
}

static const char *const amount_names[] = {"charged", "collected", "credited", "discounted", "lost", "rounded"};
enum { AMOUNT_NAMES = sizeof amount_names / sizeof amount_names[0] };

static void find_facts_currency(facts_reader *in) {
  for (int i = 0; i < AMOUNT_NAMES && in->currency == NULL; i++) {
    l_raw_field(in->L, 1, amount_names[i]);
    const tally_money *money = l_to_money(in->L, -1);
    if (money) in->currency = money->currency;
    lua_pop(in->L, 1);
  }
}

static tally_document_kind read_kind(facts_reader *in) {
  l_raw_field(in->L, 1, "kind");
  const char *kind = lua_type(in->L, -1) == LUA_TSTRING ? lua_tostring(in->L, -1) : "";
  bool invoice = strcmp(kind, "invoice") == 0, consultation = strcmp(kind, "consultation") == 0;
  lua_pop(in->L, 1);
  if (!invoice && !consultation) {
    in->code = TALLY_ERR_FIELD_INVALID;
    in->wrong = "kind";
  }
  return invoice ? TALLY_INVOICE : TALLY_CONSULTATION;
}

/* Refuses names that are neither facts nor other fields of a document, so that a slip is not read as zero. */
static const char *const other_names[] = {"kind", "invoiced",    "cancelled", "number",   "patient",       "label",
                                          "note", "status",      "remaining", "settled",  "invoice",       "at",
                                          "day",  "recorded_at", "due",       "overdue",  "consultations", "payments",
                                          "mark", "act",         "document",  "replayed", "dry_run"};

static bool is_known(const char *name) {
  for (int i = 0; i < AMOUNT_NAMES; i++) {
    if (strcmp(name, amount_names[i]) == 0) return true;
  }
  for (size_t i = 0; i < sizeof other_names / sizeof other_names[0]; i++) {
    if (strcmp(name, other_names[i]) == 0) return true;
  }
  return false;
}

static bool check_fact_names(lua_State *L) {
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING && is_known(lua_tostring(L, -1))) continue;
    return false; /* the key stays on the stack for the message */
  }
  return true;
}

int l_status(lua_State *L) {
  facts_reader in = {.L = L};
  tally_status status;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (!check_fact_names(L)) {
    const char *name = luaL_tolstring(L, -1, NULL);
    const char *message = lua_pushfstring(L,
                                          "facts have no field %s; they are kind, charged, collected, credited, "
                                          "discounted, lost, rounded, invoiced, cancelled",
                                          name);
    return l_refuse(L, TALLY_ERR_FIELD_UNKNOWN, name, message);
  }
  find_facts_currency(&in);
  tally_facts facts = {.kind = read_kind(&in)};
  facts.charged = read_amount(&in, "charged");
  facts.collected = read_amount(&in, "collected");
  facts.credited = read_amount(&in, "credited");
  facts.discounted = read_amount(&in, "discounted");
  facts.lost = read_amount(&in, "lost");
  facts.rounded = read_amount(&in, "rounded");
  facts.invoiced = read_flag(&in, "invoiced");
  facts.cancelled = read_flag(&in, "cancelled");
  if (!in.code) in.code = tally_status_of(&facts, &status, NULL);
  if (in.code) {
    const char *field = in.wrong ? in.wrong : "charged";
    return l_refuse(L, in.code, field, lua_pushfstring(L, "%s: %s", field, tally_code_text(in.code)));
  }
  lua_pushstring(L, tally_status_name(status));
  return 1;
}
