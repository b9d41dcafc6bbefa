/* config.c - checking a configuration, and storing its scripts and types with versions (§5, §7). */
#include "config.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "config_codec.h"
#include "preset.h"

enum { TYPE_ID_MAX_BYTES = 32, NUMBER_MAX_BYTES = 32, SERIAL_DIGITS = 18, DIGITS_MAX = 18 };

/* ---- Number formats ---- */

typedef struct number_format {
  tally_text prefix, suffix;
  int width; /* zero-filled to */
} number_format;

static bool parse_format(tally_text format, number_format *out) {
  const char *percent = format.data ? memchr(format.data, '%', format.length) : NULL;
  if (percent == NULL) return false;
  const char *end = format.data + format.length, *at = percent + 1;
  *out = (number_format){.prefix = {format.data, (size_t)(percent - format.data)}};
  if (at < end && *at == '0') {
    for (at++; at < end && *at >= '0' && *at <= '9' && out->width < 100; at++)
      out->width = out->width * 10 + (*at - '0');
    if (out->width < 1 || out->width > DIGITS_MAX) return false;
  }
  if (at == end || *at != 'd') return false;
  out->suffix = (tally_text){at + 1, (size_t)(end - at - 1)};
  return true;
}

static bool is_number_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' ||
         c == '/' || c == '-';
}

static bool all_number_characters(tally_text text) {
  for (size_t i = 0; i < text.length; i++) {
    if (!is_number_character(text.data[i])) return false;
  }
  return true;
}

bool number_format_valid(tally_text format) {
  number_format parts;
  if (!parse_format(format, &parts)) return false;
  if (!all_number_characters(parts.prefix) || !all_number_characters(parts.suffix)) return false;
  return parts.prefix.length + parts.suffix.length + SERIAL_DIGITS <= NUMBER_MAX_BYTES;
}

tally_text number_print(tally_text format, int64_t serial, char text[NUMBER_BYTES]) {
  number_format parts;
  if (!parse_format(format, &parts)) return (tally_text){NULL, 0};
  char digits[20], *first = digits + sizeof digits, *at = text; /* a damaged file may hold any serial */
  uint64_t left = (uint64_t)serial;
  do *--first = (char)('0' + left % 10);
  while (left /= 10);
  int count = (int)(digits + sizeof digits - first);
  memcpy(at, parts.prefix.data, parts.prefix.length);
  at += parts.prefix.length;
  for (int i = count; i < parts.width; i++) *at++ = '0';
  memcpy(at, first, (size_t)count);
  at += count;
  memcpy(at, parts.suffix.data, parts.suffix.length);
  at += parts.suffix.length;
  *at = '\0';
  return (tally_text){text, (size_t)(at - text)};
}

bool number_head(tally_text format, tally_text *head, int *width) {
  number_format parts;
  if (!parse_format(format, &parts)) return false;
  *head = parts.prefix;
  *width = parts.width > 0 ? parts.width : 1;
  return true;
}

bool number_parse(tally_text format, tally_text number, int64_t *serial) {
  number_format parts;
  char text[NUMBER_BYTES];
  *serial = 0;
  if (!parse_format(format, &parts) || number.length <= parts.prefix.length + parts.suffix.length) return false;
  const char *at = number.data + parts.prefix.length, *end = number.data + number.length - parts.suffix.length;
  if (end - at > SERIAL_DIGITS) return false;
  for (; at < end; at++) {
    if (*at < '0' || *at > '9') return false;
    *serial = *serial * 10 + (*at - '0');
  }
  return text_equal(number_print(format, *serial, text), number);
}

/* ---- Checking ---- */

static bool id_valid(tally_text id) {
  if (id.data == NULL || id.length == 0 || id.length > TYPE_ID_MAX_BYTES) return false;
  if (id.data[0] < 'a' || id.data[0] > 'z') return false;
  for (size_t i = 1; i < id.length; i++) {
    char c = id.data[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-')) return false;
  }
  return true;
}

static tally_code type_fault(tally_ledger *ledger, const tally_payment_type *type, const char *fault) {
  fail(ledger, TALLY_ERR_CONFIG_INVALID, "payment_type %s: %s", shown(ledger, type->id), fault);
  return with_detail(ledger, TALLY_ERR_CONFIG_INVALID, "type", type->id);
}

static tally_code check_type(tally_ledger *ledger, const tally_payment_type *type) {
  bool money = type->effect == TALLY_EFFECT_MONEY;
  if (!id_valid(type->id)) return type_fault(ledger, type, "the id must be [a-z][a-z0-9_-]*, at most 32 bytes");
  if (type->effect < 1 || type->effect >= TALLY_EFFECT_END) return type_fault(ledger, type, "effect is unknown");
  if (type->excess < 1 || type->excess >= TALLY_EXCESS_END) return type_fault(ledger, type, "excess is unknown");
  if (type->round_to_minor < 0 || type->max_minor < 0) return type_fault(ledger, type, "an amount is not positive");
  if (type->round_to_minor > 0 && !money) return type_fault(ledger, type, "round_to goes with effect \"money\"");
  if (type->excess != TALLY_EXCESS_REFUSE && !money)
    return type_fault(ledger, type, "excess goes with effect \"money\"");
  if (type->round_to_minor > 0 && type->max_minor % type->round_to_minor) {
    return type_fault(ledger, type, "max is no multiple of round_to");
  }
  if (type->is_default && type->retired) return type_fault(ledger, type, "the default type may not be retired");
  if (!type->for_consultation && !type->for_invoice)
    return type_fault(ledger, type, "applies_to names no document kind");
  return TALLY_OK;
}

static tally_code check_types(tally_ledger *ledger, const tally_config *config) {
  size_t defaults = 0;
  for (size_t i = 0; i < config->type_count; i++) {
    TRY(check_type(ledger, &config->types[i]));
    defaults += config->types[i].is_default;
    for (size_t k = 0; k < i; k++) {
      if (text_equal(config->types[k].id, config->types[i].id)) {
        return type_fault(ledger, &config->types[i], "it is declared twice");
      }
    }
  }
  if (config->type_count == 0 || defaults == 1) return TALLY_OK;
  return fail(ledger, TALLY_ERR_CONFIG_INVALID, "payment types: exactly one has default = true, here %zu", defaults);
}

static tally_code check_formats(tally_ledger *ledger, const tally_config *config) {
  const tally_text formats[] = {config->consultation_format, config->invoice_format, config->payment_format};
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    if (formats[i].data && !number_format_valid(formats[i])) {
      return fail(ledger, TALLY_ERR_CONFIG_INVALID,
                  "numbering: %s; give one %%d or %%05d between characters of A-Z a-z 0-9 . _ / -",
                  shown(ledger, formats[i]));
    }
  }
  return TALLY_OK;
}

const tally_currency *config_currency(const tally_config *config) {
  if (config == NULL || config->currency.data == NULL) return tally_currency_find("CHF", 3);
  return tally_currency_find(config->currency.data, config->currency.length);
}

tally_code config_check_amounts(tally_ledger *ledger, const tally_config *config) {
  if (config->currency.data || ledger->currency == config_currency(config)) return TALLY_OK;
  for (size_t i = 0; i < config->type_count; i++) {
    if (config->types[i].round_to_minor == 0 && config->types[i].max_minor == 0) continue;
    return fail(ledger, TALLY_ERR_CONFIG_INVALID,
                "currency: the script has amounts and names no currency; the ledger's is %s", ledger->currency->code);
  }
  return TALLY_OK;
}

static bool is_permitted(tally_text name) {
  for (int i = 1; i < TALLY_COMMAND_END; i++) {
    if (tally_command_permitted((tally_command)i) && text_equal(name, text_of(tally_command_name((tally_command)i))))
      return true;
  }
  return false;
}

tally_code config_check(tally_ledger *ledger, const tally_config *config) {
  if (config == NULL) return TALLY_OK;
  const tally_currency *currency = config_currency(config);
  if (currency == NULL) {
    return fail(ledger, TALLY_ERR_CONFIG_INVALID, "currency: %s is not in ISO 4217", shown(ledger, config->currency));
  }
  if (ledger->currency && config->currency.data && currency != ledger->currency) {
    return fail(ledger, TALLY_ERR_CONFIG_INVALID, "currency: the script says %s and the ledger is kept in %s for ever",
                currency->code, ledger->currency->code);
  }
  for (size_t i = 0; i < config->permit_count; i++) {
    tally_text command = config->permits[i].command;
    if (!is_permitted(command)) {
      return fail(ledger, TALLY_ERR_CONFIG_INVALID, "permit: there is no command %s", shown(ledger, command));
    }
  }
  TRY(check_formats(ledger, config));
  return check_types(ledger, config);
}

/* ---- Storing ---- */

/* Fills in what a configuration leaves open. types has room for the preset's. */
static tally_config complete(tally_ledger *ledger, const tally_config *config,
                             tally_payment_type types[PRESET_TYPES]) {
  tally_config full = config ? *config : (tally_config){.script_name = text_of("preset")};
  full.currency = text_of(ledger->currency->code);
  if (full.language.data == NULL) full.language = text_of("en");
  if (full.consultation_format.data == NULL) full.consultation_format = text_of("C-%05d");
  if (full.invoice_format.data == NULL) full.invoice_format = text_of("F-%05d");
  if (full.payment_format.data == NULL) full.payment_format = text_of("R-%05d");
  if (full.script_name.data == NULL) full.script_name = text_of("host");
  if (full.script_text.data == NULL) full.script_text = text_of("");
  if (full.type_count == 0) {
    preset_types(ledger->currency, types);
    full.types = types;
    full.type_count = PRESET_TYPES;
  }
  return full;
}

/* Finds the version under which a definition stands, or the one it would get. */
static tally_code version_of_type(tally_ledger *ledger, const tally_payment_type *type, tally_text *definition,
                                  int64_t *version, bool *stands) {
  tally_text latest;
  *version = 0;
  *stands = false;
  TRY(codec_put_type(ledger, type, definition));
  tally_code code = store_type_latest(ledger->store, &ledger->call, type->id, version, &latest);
  if (code == TALLY_OK) *stands = text_equal(latest, *definition);
  if (!*stands) ++*version;
  return code == TALLY_DONE ? TALLY_OK : fail_store(ledger, code);
}

/* Works out the versions of all types and the definition of the whole; stores new types where keep is true. */
static tally_code define(tally_ledger *ledger, const tally_config *config, bool keep, tally_text *definition) {
  int64_t *versions = ARENA_ARRAY(&ledger->call, int64_t, config->type_count);
  if (versions == NULL) return fail_memory(ledger);
  for (size_t i = 0; i < config->type_count; i++) {
    tally_text type_definition;
    bool stands;
    TRY(version_of_type(ledger, &config->types[i], &type_definition, &versions[i], &stands));
    if (keep && !stands) {
      TRY(fail_store(ledger, store_type_put(ledger->store, config->types[i].id, versions[i], type_definition)));
    }
  }
  return codec_put_config(ledger, config, versions, definition);
}

/* Compares with the script in force; *latest_version is 0 where there is none. */
static tally_code same_as_latest(tally_ledger *ledger, const tally_config *config, tally_text definition, bool *same,
                                 int64_t *latest_version) {
  script_row latest;
  *same = false;
  *latest_version = 0;
  tally_code code = store_script_latest(ledger->store, &ledger->call, &latest);
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(ledger, code));
  *latest_version = latest.version;
  *same = text_equal(latest.body, config->script_text) && text_equal(latest.definition, definition);
  return TALLY_OK;
}

tally_code config_differs(tally_ledger *ledger, const tally_config *config, bool *differs) {
  tally_payment_type types[PRESET_TYPES];
  tally_config full = complete(ledger, config, types);
  tally_text definition;
  int64_t version;
  bool same;
  TRY(define(ledger, &full, false, &definition));
  TRY(same_as_latest(ledger, &full, definition, &same, &version));
  *differs = !same;
  return TALLY_OK;
}

tally_code config_store(tally_ledger *ledger, const tally_config *config, int64_t now_ms) {
  tally_payment_type types[PRESET_TYPES];
  tally_config full = complete(ledger, config, types);
  tally_text definition;
  int64_t version;
  bool same;
  TRY(define(ledger, &full, true, &definition));
  TRY(same_as_latest(ledger, &full, definition, &same, &version));
  if (same) return TALLY_OK;
  script_row row = {version + 1, full.script_name, full.script_text, definition, now_ms};
  return fail_store(ledger, store_script_put(ledger->store, &row));
}

/* ---- In force ---- */

static const char SCRIPT_TAG[] = "tallystick script 1";

/* A digest over pieces, each length-prefixed as in the entries' preimage. */
static void add_piece(crypto_generichash_state *state, const void *data, size_t length) {
  unsigned char big[4];
  for (int i = 0; i < 4; i++) big[i] = (unsigned char)(length >> (24 - 8 * i));
  crypto_generichash_update(state, big, sizeof big);
  crypto_generichash_update(state, data, length);
}

static void add_integer(crypto_generichash_state *state, int64_t value) {
  unsigned char big[8];
  for (int i = 0; i < 8; i++) big[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
  add_piece(state, big, sizeof big);
}

static tally_code load_types(tally_ledger *ledger, config_state *state, crypto_generichash_state *digest) {
  tally_payment_type *types = (tally_payment_type *)state->config.types; /* made by the codec in our own memory */
  for (size_t i = 0; i < state->config.type_count; i++) {
    tally_text definition;
    tally_code code = store_type_get(ledger->store, &state->memory, types[i].id, types[i].version, &definition);
    if (code == TALLY_DONE)
      return fail(ledger, TALLY_ERR_CORRUPT, "a payment type of the script is missing; go back to a backup");
    TRY(fail_store(ledger, code));
    add_piece(digest, types[i].id.data, types[i].id.length);
    add_integer(digest, types[i].version);
    add_piece(digest, definition.data, definition.length);
    TRY(codec_get_type(ledger, &state->memory, definition, &types[i]));
    if (types[i].is_default) state->default_type = &types[i];
  }
  if (state->default_type == NULL) return fail(ledger, TALLY_ERR_CORRUPT, "the script in force has no default type");
  return TALLY_OK;
}

static tally_code load_state(tally_ledger *ledger, const script_row *row, config_state *state) {
  crypto_generichash_state digest;
  crypto_generichash_init(&digest, NULL, 0, sizeof state->digest);
  add_piece(&digest, SCRIPT_TAG, sizeof SCRIPT_TAG - 1);
  add_integer(&digest, row->version);
  add_piece(&digest, row->name.data, row->name.length);
  add_piece(&digest, row->body.data, row->body.length);
  add_piece(&digest, row->definition.data, row->definition.length);
  add_integer(&digest, row->stored_at_ms);
  TRY(codec_get_config(ledger, &state->memory, row->definition, &state->config));
  state->version = row->version;
  state->config.script_name = row->name;
  state->config.script_text = row->body;
  TRY(load_types(ledger, state, &digest));
  crypto_generichash_final(&digest, state->digest, sizeof state->digest);
  return TALLY_OK;
}

tally_code config_read_version(tally_ledger *ledger, int64_t version, config_state *state) {
  script_row row;
  *state = (config_state){0};
  tally_code code = version ? store_script_get(ledger->store, &state->memory, version, &row)
                            : store_script_latest(ledger->store, &state->memory, &row);
  if (code == TALLY_DONE) code = fail(ledger, TALLY_ERR_CORRUPT, "a version of the configuration is missing");
  else if (code) code = fail_store(ledger, code);
  else code = load_state(ledger, &row, state);
  if (code) arena_free(&state->memory);
  return code;
}

tally_code config_load(tally_ledger *ledger) {
  config_state fresh;
  TRY(config_read_version(ledger, 0, &fresh));
  arena_free(&ledger->in_force.memory);
  ledger->in_force = fresh;
  return TALLY_OK;
}

tally_code config_type_version(tally_ledger *ledger, tally_text id, int32_t version, tally_payment_type *type) {
  tally_text definition;
  *type = (tally_payment_type){.id = id, .version = version};
  tally_code code = store_type_get(ledger->store, &ledger->call, id, version, &definition);
  if (code == TALLY_DONE) return fail(ledger, TALLY_ERR_CORRUPT, "version %d of a payment type is missing", version);
  TRY(fail_store(ledger, code));
  return codec_get_type(ledger, &ledger->call, definition, type);
}

static tally_code unknown_type(tally_ledger *ledger, tally_text id) {
  fail(ledger, TALLY_ERR_TYPE_UNKNOWN, "type: no payment type is called %s", shown(ledger, id));
  return with_detail(ledger, TALLY_ERR_TYPE_UNKNOWN, "type", id);
}

static tally_code read_type(tally_ledger *ledger, tally_text id, int32_t version, const tally_payment_type **type) {
  tally_text definition;
  *type = tally_ledger_type(ledger, id);
  if (*type && (version == 0 || version == (*type)->version)) return TALLY_OK;
  if (version == 0) return unknown_type(ledger, id);
  tally_payment_type *old = arena_alloc(&ledger->call, sizeof *old);
  if (old == NULL) return fail_memory(ledger);
  *old = (tally_payment_type){.id = id, .version = version};
  *type = old;
  tally_code code = store_type_get(ledger->store, &ledger->call, id, version, &definition);
  if (code) return code == TALLY_DONE ? unknown_type(ledger, id) : fail_store(ledger, code);
  return codec_get_type(ledger, &ledger->call, definition, old);
}

tally_code tally_read_type(tally_ledger *ledger, tally_text id, int32_t version, const tally_payment_type **type) {
  bool own;
  TRY(ledger_enter(ledger));
  TRY(ledger_snapshot_begin(ledger, &own));
  return ledger_snapshot_end(ledger, own, read_type(ledger, id, version, type));
}

tally_code tally_ledger_reload(tally_ledger *ledger, int32_t *script_version) {
  TRY(ledger_enter(ledger));
  TRY(ledger_reload(ledger));
  *script_version = (int32_t)ledger->in_force.version;
  return TALLY_OK;
}

const tally_config *tally_ledger_config(const tally_ledger *ledger) {
  return &ledger->in_force.config;
}

const tally_payment_type *tally_ledger_type_at(const tally_ledger *ledger, size_t index) {
  const tally_config *config = &ledger->in_force.config;
  return index < config->type_count ? &config->types[index] : NULL;
}

const tally_payment_type *tally_ledger_type(const tally_ledger *ledger, tally_text id) {
  const tally_config *config = &ledger->in_force.config;
  for (size_t i = 0; i < config->type_count; i++) {
    if (text_equal(config->types[i].id, id)) return &config->types[i];
  }
  return NULL;
}

const tally_payment_type *tally_ledger_default_type(const tally_ledger *ledger) {
  return ledger->in_force.default_type;
}

const tally_permit *config_permit(const tally_ledger *ledger, tally_text command) {
  const tally_config *config = &ledger->in_force.config;
  for (size_t i = 0; i < config->permit_count; i++) {
    if (text_equal(config->permits[i].command, command)) return &config->permits[i];
  }
  return NULL;
}
