/* config_codec.c - how payment types and whole configurations are written into the file (docs/format.md). */
#include "config_codec.h"

#include "pairs.h"

static const char *const effect_names[TALLY_EFFECT_END] = {
#define X(symbol, number, name) [number] = name,
    TALLY_EFFECTS(X)
#undef X
};
static const char *const excess_names[TALLY_EXCESS_END] = {
#define X(symbol, number, name) [number] = name,
    TALLY_EXCESSES(X)
#undef X
};

const char *tally_effect_name(tally_effect effect) {
  return effect > 0 && effect < TALLY_EFFECT_END ? effect_names[effect] : "unknown";
}

const char *tally_excess_name(tally_excess excess) {
  return excess > 0 && excess < TALLY_EXCESS_END ? excess_names[excess] : "unknown";
}

/* ---- Writing ---- */

static void put_texts(bytes *out, const char *key, const tally_text *items, size_t count) {
  bytes inner = {.from = out->from};
  for (size_t i = 0; i < count; i++) pairs_put(&inner, items[i]);
  out->failed = out->failed || inner.failed;
  pairs_put_pair(out, key, bytes_text(&inner));
}

static void put_labels(bytes *out, const tally_payment_type *type) {
  bytes inner = {.from = out->from};
  for (size_t i = 0; i < type->label_count; i++) {
    pairs_put(&inner, type->labels[i].key);
    pairs_put(&inner, type->labels[i].value);
  }
  out->failed = out->failed || inner.failed;
  pairs_put_pair(out, "label", bytes_text(&inner));
}

static void put_extra_fields(bytes *out, const tally_payment_type *type) {
  bytes all = {.from = out->from};
  for (size_t i = 0; i < type->field_count; i++) {
    const tally_extra_field *extra = &type->fields[i];
    bytes one = {.from = out->from};
    pairs_put_pair(&one, "name", extra->name);
    pairs_put_integer(&one, "type", extra->type);
    pairs_put_integer(&one, "required", extra->required);
    if (extra->pattern.data) pairs_put_pair(&one, "pattern", extra->pattern);
    pairs_put(&all, bytes_text(&one));
    all.failed = all.failed || one.failed;
  }
  out->failed = out->failed || all.failed;
  pairs_put_pair(out, "fields", bytes_text(&all));
}

tally_code codec_put_type(tally_ledger *ledger, const tally_payment_type *type, tally_text *definition) {
  bytes out = {.from = &ledger->call};
  pairs_put_integer(&out, "effect", type->effect);
  pairs_put_integer(&out, "excess", type->excess);
  pairs_put_integer(&out, "default", type->is_default);
  pairs_put_integer(&out, "retired", type->retired);
  pairs_put_integer(&out, "consultation", type->for_consultation);
  pairs_put_integer(&out, "invoice", type->for_invoice);
  pairs_put_integer(&out, "round_to", type->round_to_minor);
  pairs_put_integer(&out, "max", type->max_minor);
  pairs_put_integer(&out, "group_required", type->group_required);
  put_texts(&out, "groups", type->groups, type->group_count);
  put_texts(&out, "roles", type->roles, type->role_count);
  put_labels(&out, type);
  put_extra_fields(&out, type);
  if (type->account.data) pairs_put_pair(&out, "account", type->account);
  *definition = bytes_text(&out);
  return out.failed ? fail_memory(ledger) : TALLY_OK;
}

tally_code codec_put_config(tally_ledger *ledger, const tally_config *config, const int64_t *type_versions,
                            tally_text *definition) {
  bytes out = {.from = &ledger->call}, types = {.from = &ledger->call}, permits = {.from = &ledger->call};
  pairs_put_pair(&out, "currency", config->currency);
  pairs_put_pair(&out, "language", config->language);
  pairs_put_pair(&out, "consultation", config->consultation_format);
  pairs_put_pair(&out, "invoice", config->invoice_format);
  pairs_put_pair(&out, "payment", config->payment_format);
  for (size_t i = 0; i < config->type_count; i++) {
    bytes one = {.from = &ledger->call};
    pairs_put_pair(&one, "id", config->types[i].id);
    pairs_put_integer(&one, "version", type_versions[i]);
    pairs_put(&types, bytes_text(&one));
    types.failed = types.failed || one.failed;
  }
  pairs_put_pair(&out, "types", bytes_text(&types));
  for (size_t i = 0; i < config->permit_count; i++) {
    bytes one = {.from = &ledger->call};
    pairs_put_pair(&one, "command", config->permits[i].command);
    put_texts(&one, "roles", config->permits[i].roles, config->permits[i].role_count);
    pairs_put(&permits, bytes_text(&one));
    permits.failed = permits.failed || one.failed;
  }
  pairs_put_pair(&out, "permits", bytes_text(&permits));
  *definition = bytes_text(&out);
  return out.failed || types.failed || permits.failed ? fail_memory(ledger) : TALLY_OK;
}

/* ---- Reading ---- */

typedef struct decoder {
  tally_ledger *ledger;
  arena *from;
  const tally_pair *pairs;
  size_t count;
  tally_code code; /* the first failure */
} decoder;

static tally_code broken(tally_ledger *ledger) {
  return fail(ledger, TALLY_ERR_CORRUPT, "a stored configuration cannot be read; go back to a backup");
}

static decoder decode(tally_ledger *ledger, arena *from, tally_text coded) {
  decoder in = {.ledger = ledger, .from = from};
  in.code = pairs_decode(from, coded, &in.pairs, &in.count);
  if (in.code == TALLY_ERR_CORRUPT) broken(ledger);
  else if (in.code) fail_memory(ledger);
  return in;
}

static tally_text get_text(const decoder *in, const char *key) {
  for (size_t i = 0; i < in->count; i++) {
    if (text_equal(in->pairs[i].key, text_of(key))) return in->pairs[i].value;
  }
  return (tally_text){NULL, 0};
}

static int64_t get_integer(decoder *in, const char *key, int64_t low, int64_t high) {
  int64_t number = low;
  tally_text text = get_text(in, key);
  if (text.data == NULL || !pairs_integer(text, &number) || number < low || number > high) {
    if (!in->code) in->code = broken(in->ledger);
    return low;
  }
  return number;
}

static const tally_text *get_texts(decoder *in, const char *key, size_t *count) {
  tally_text rest = get_text(in, key), piece, probe = rest;
  *count = 0;
  while (pairs_take(&probe, &piece)) ++*count;
  tally_text *items = ARENA_ARRAY(in->from, tally_text, *count);
  if (!in->code && (rest.data == NULL || probe.length)) in->code = broken(in->ledger);
  if (!in->code && items == NULL) in->code = fail_memory(in->ledger);
  for (size_t i = 0; !in->code && i < *count; i++) pairs_take(&rest, &items[i]);
  return items;
}

static void get_labels(decoder *in, tally_payment_type *type) {
  decoder inner = decode(in->ledger, in->from, get_text(in, "label"));
  if (!in->code) in->code = inner.code;
  type->labels = inner.pairs;
  type->label_count = inner.count;
}

static void get_extra_fields(decoder *in, tally_payment_type *type) {
  size_t count;
  const tally_text *coded = get_texts(in, "fields", &count);
  tally_extra_field *list = ARENA_ARRAY(in->from, tally_extra_field, count);
  if (!in->code && list == NULL) in->code = fail_memory(in->ledger);
  for (size_t i = 0; !in->code && i < count; i++) {
    decoder one = decode(in->ledger, in->from, coded[i]);
    list[i].name = get_text(&one, "name");
    list[i].type = (tally_field_type)get_integer(&one, "type", TALLY_FIELD_STRING, TALLY_FIELD_DATE);
    list[i].required = get_integer(&one, "required", 0, 1) != 0;
    list[i].pattern = get_text(&one, "pattern");
    in->code = one.code;
  }
  type->fields = list;
  type->field_count = count;
}

tally_code codec_get_type(tally_ledger *ledger, arena *from, tally_text definition, tally_payment_type *type) {
  decoder in = decode(ledger, from, definition);
  if (in.code) return in.code;
  type->effect = (tally_effect)get_integer(&in, "effect", 1, TALLY_EFFECT_END - 1);
  type->excess = (tally_excess)get_integer(&in, "excess", 1, TALLY_EXCESS_END - 1);
  type->is_default = get_integer(&in, "default", 0, 1) != 0;
  type->retired = get_integer(&in, "retired", 0, 1) != 0;
  type->for_consultation = get_integer(&in, "consultation", 0, 1) != 0;
  type->for_invoice = get_integer(&in, "invoice", 0, 1) != 0;
  type->round_to_minor = get_integer(&in, "round_to", 0, INT64_MAX);
  type->max_minor = get_integer(&in, "max", 0, INT64_MAX);
  type->group_required = get_integer(&in, "group_required", 0, 1) != 0;
  type->groups = get_texts(&in, "groups", &type->group_count);
  type->roles = get_texts(&in, "roles", &type->role_count);
  type->account = get_text(&in, "account");
  get_labels(&in, type);
  get_extra_fields(&in, type);
  return in.code;
}

static void get_types(decoder *in, tally_config *config) {
  size_t count;
  const tally_text *coded = get_texts(in, "types", &count);
  tally_payment_type *types = ARENA_ARRAY(in->from, tally_payment_type, count);
  if (!in->code && types == NULL) in->code = fail_memory(in->ledger);
  for (size_t i = 0; !in->code && i < count; i++) {
    decoder one = decode(in->ledger, in->from, coded[i]);
    types[i].id = get_text(&one, "id");
    types[i].version = (int32_t)get_integer(&one, "version", 1, INT32_MAX);
    in->code = one.code;
  }
  config->types = types;
  config->type_count = count;
}

static void get_permits(decoder *in, tally_config *config) {
  size_t count;
  const tally_text *coded = get_texts(in, "permits", &count);
  tally_permit *permits = ARENA_ARRAY(in->from, tally_permit, count);
  if (!in->code && permits == NULL) in->code = fail_memory(in->ledger);
  for (size_t i = 0; !in->code && i < count; i++) {
    decoder one = decode(in->ledger, in->from, coded[i]);
    permits[i].command = get_text(&one, "command");
    permits[i].roles = get_texts(&one, "roles", &permits[i].role_count);
    in->code = one.code;
  }
  config->permits = permits;
  config->permit_count = count;
}

tally_code codec_get_config(tally_ledger *ledger, arena *from, tally_text definition, tally_config *config) {
  decoder in = decode(ledger, from, definition);
  if (in.code) return in.code;
  *config = (tally_config){
      .currency = get_text(&in, "currency"),
      .language = get_text(&in, "language"),
      .consultation_format = get_text(&in, "consultation"),
      .invoice_format = get_text(&in, "invoice"),
      .payment_format = get_text(&in, "payment"),
  };
  get_types(&in, config);
  get_permits(&in, config);
  return in.code;
}
