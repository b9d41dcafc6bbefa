/* ledger.c - the handle: opening and closing, the last error, what is cached, transactions (§6, §7). */
#include "ledger.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchor.h"
#include "config.h"
#include "journal.h"
#include "numbers.h"
#include "pending.h"
#include "utf8.h"

enum { BUSY_TIMEOUT_DEFAULT_MS = 5000, SHOWN_BYTES = 64 };

/* ---- The last error ---- */

tally_code fail(tally_ledger *ledger, tally_code code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(ledger->error.message, sizeof ledger->error.message, format, arguments);
  va_end(arguments);
  ledger->error.code = code;
  ledger->error.detail_count = 0;
  return code;
}

tally_code fail_store(tally_ledger *ledger, tally_code code) {
  if (code == TALLY_DONE)
    return fail(ledger, TALLY_ERR_CORRUPT, "a row that must be there is missing; go back to a backup");
  return code ? fail(ledger, code, "%s", store_message(ledger->store)) : TALLY_OK;
}

tally_code fail_memory(tally_ledger *ledger) {
  return fail(ledger, TALLY_ERR_OUT_OF_MEMORY, "out of memory; nothing was written");
}

/* Cuts a value to what a detail holds, at a character's start. */
static void copy_cut(char *to, size_t room, tally_text text) {
  size_t length = text.length < room ? text.length : room - 4;
  while (length < text.length && length > 0 && ((unsigned char)text.data[length] & 0xc0) == 0x80) length--;
  if (length) memcpy(to, text.data, length);
  snprintf(to + length, room - length, "%s", length < text.length ? "…" : "");
}

tally_code with_detail(tally_ledger *ledger, tally_code code, const char *key, tally_text value) {
  last_error *error = &ledger->error;
  if (error->detail_count == ERROR_DETAILS_MAX) return code;
  error_detail *detail = &error->details[error->detail_count++];
  detail->key = key;
  copy_cut(detail->value, sizeof detail->value, value.data ? value : text_of(""));
  return code;
}

tally_code with_integer(tally_ledger *ledger, tally_code code, const char *key, int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, value);
  return with_detail(ledger, code, key, text_of(text));
}

tally_code with_amount(tally_ledger *ledger, tally_code code, const char *key, int64_t amount_minor) {
  return with_detail(ledger, code, key, text_of(amount_text(ledger, amount_minor)));
}

static const char *keep(tally_ledger *ledger, const char *text) {
  tally_text copy = arena_copy(&ledger->call, text_of(text));
  return copy.data ? copy.data : "…";
}

const char *amount_text(tally_ledger *ledger, int64_t amount_minor) {
  char text[TALLY_MONEY_TEXT_MAX + 8];
  size_t length = tally_money_print(amount_minor, ledger->currency, text);
  snprintf(text + length, sizeof text - length, " %s", ledger->currency->code);
  return keep(ledger, text);
}

const char *day_text(tally_ledger *ledger, int32_t day) {
  char text[TALLY_TIME_TEXT_MAX];
  tally_day_print(day, text);
  return keep(ledger, text);
}

const char *shown(tally_ledger *ledger, tally_text text) {
  char cut[SHOWN_BYTES + 8], quoted[SHOWN_BYTES + 16];
  size_t used = text.length < SHOWN_BYTES - 4 ? text.length : SHOWN_BYTES - 4;
  bool plain = utf8_valid(text);
  copy_cut(cut, SHOWN_BYTES, text.data ? text : text_of(""));
  for (size_t i = 0; i < used; i++) {
    unsigned char c = (unsigned char)cut[i];
    if (c < 0x20 || c == 0x7f || (c >= 0x80 && !plain)) cut[i] = '?';
  }
  snprintf(quoted, sizeof quoted, "\"%s\"", cut);
  return keep(ledger, quoted);
}

tally_code tally_error_code(const tally_ledger *ledger) {
  return ledger ? ledger->error.code : TALLY_ERR_OUT_OF_MEMORY;
}

const char *tally_error_message(const tally_ledger *ledger) {
  return ledger ? ledger->error.message : "out of memory";
}

void tally_error_add(tally_ledger *ledger, const char *key, tally_text value) {
  if (ledger->error.code && value.data) with_detail(ledger, ledger->error.code, key, value);
}

bool tally_error_detail(const tally_ledger *ledger, size_t index, const char **key, const char **value) {
  if (ledger == NULL || index >= ledger->error.detail_count) return false;
  *key = ledger->error.details[index].key;
  *value = ledger->error.details[index].value;
  return true;
}

/* ---- What is cached ---- */

static tally_code load_closing(tally_ledger *ledger, ledger_state *state) {
  closing_row closing;
  tally_code code = store_closing_last(ledger->store, &closing);
  state->has_closed = code == TALLY_OK;
  state->closed_through = state->has_closed ? closing.through : 0;
  return code == TALLY_DONE ? TALLY_OK : fail_store(ledger, code);
}

static tally_code load_head(tally_ledger *ledger, ledger_state *state) {
  tally_entry last;
  journal_genesis(ledger, state->head.hash);
  state->series_next[SERIES_PAYMENT] = 1;
  tally_code code = store_entry_last(ledger->store, &ledger->call, &last);
  if (code == TALLY_DONE) return TALLY_OK;
  TRY(fail_store(ledger, code));
  state->head.seq = last.seq;
  memcpy(state->head.hash, last.hash, sizeof last.hash);
  state->last_recorded_at_ms = last.recorded_at_ms;
  state->series_next[SERIES_PAYMENT] = last.serial + 1;
  return TALLY_OK;
}

/* The payments' series is where the last entry says. */
static tally_code load_series(tally_ledger *ledger, ledger_state *state) {
  TRY(fail_store(ledger,
                 store_series_get(ledger->store, SERIES_CONSULTATION, &state->series_next[SERIES_CONSULTATION])));
  return fail_store(ledger, store_series_get(ledger->store, SERIES_INVOICE, &state->series_next[SERIES_INVOICE]));
}

static tally_code load_config_if_changed(tally_ledger *ledger) {
  int64_t version;
  tally_code code = store_script_latest_version(ledger->store, &version);
  if (code == TALLY_DONE) return fail(ledger, TALLY_ERR_CORRUPT, "the ledger has no configuration");
  TRY(fail_store(ledger, code));
  return version == ledger->in_force.version ? TALLY_OK : config_load(ledger);
}

tally_code ledger_reload(tally_ledger *ledger) {
  bool own;
  TRY(ledger_snapshot_begin(ledger, &own));
  return ledger_snapshot_end(ledger, own, load_config_if_changed(ledger));
}

tally_code ledger_refresh(tally_ledger *ledger) {
  uint32_t version;
  TRY(fail_store(ledger, store_data_version(ledger->store, &version)));
  if (ledger->state.valid && version == ledger->state.data_version) return TALLY_OK;
  ledger_state fresh = {.data_version = version};
  TRY(load_head(ledger, &fresh));
  TRY(load_closing(ledger, &fresh));
  TRY(load_config_if_changed(ledger));
  TRY(load_series(ledger, &fresh));
  fresh.valid = true;
  ledger->state = fresh;
  if (!ledger->depth) ledger->anchor.closed = false; /* what was closed before has been committed or taken back */
  return TALLY_OK;
}

tally_code ledger_enter(tally_ledger *ledger) {
  arena_reset(&ledger->call);
  ledger->error.code = TALLY_OK;
  ledger->error.message[0] = '\0';
  ledger->error.detail_count = 0;
  if (ledger->store == NULL)
    return fail(ledger, TALLY_ERR_CLOSED, "the ledger did not open; nothing can be asked of it");
  if (!ledger->at_work) return ledger_still_open(ledger);
  return fail(ledger, TALLY_ERR_BUSY, "verify or backup is running on this ledger handle; wait for it to end");
}

void ledger_begin_proposal(tally_ledger *ledger, struct proposed *proposed) {
  ledger->proposed = proposed;
  ledger->kept = ledger->call;
  ledger->call = (arena){NULL};
}

void ledger_end_proposal(tally_ledger *ledger) {
  if (ledger->proposed == NULL) return;
  arena_free(&ledger->call);
  ledger->call = ledger->kept;
  ledger->kept = (arena){NULL};
  ledger->proposed = NULL;
}

tally_code ledger_not_proposing(tally_ledger *ledger) {
  if (ledger->proposed == NULL) return TALLY_OK;
  return fail(ledger, TALLY_ERR_BUSY,
              "a command is proposed and not yet accepted; until then nothing else is written");
}

tally_code ledger_snapshot_begin(tally_ledger *ledger, bool *own) {
  *own = !store_in_transaction(ledger->store);
  TRY(ledger_still_open(ledger));
  if (!*own) return pending_flush(ledger);
  return fail_store(ledger, store_snapshot(ledger->store));
}

tally_code ledger_snapshot_end(tally_ledger *ledger, bool own, tally_code code) {
  if (own) store_rollback(ledger->store);
  return code;
}

/* ---- Opening ---- */

static void make_uuid(char text[37]) {
  unsigned char bytes[16];
  randombytes_buf(bytes, sizeof bytes);
  bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40); /* version 4: random (RFC 9562) */
  bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
  char *at = text;
  for (int i = 0; i < 16; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *at++ = '-';
    at += snprintf(at, 3, "%02x", bytes[i]);
  }
}

static tally_code adopt_row(tally_ledger *ledger, const ledger_row *row) {
  ledger->currency = tally_currency_find(row->currency.data, row->currency.length);
  if (ledger->currency == NULL || row->uuid.length != 36) {
    return fail(ledger, TALLY_ERR_CORRUPT, "the ledger's own row is damaged; go back to a backup");
  }
  memcpy(ledger->uuid, row->uuid.data, 37);
  ledger->created_at_ms = row->created_at_ms;
  return TALLY_OK;
}

/* Inside a write transaction: makes the ledger's row and first configuration where another process has not. */
static tally_code create(tally_ledger *ledger, const tally_config *config) {
  ledger_row row;
  tally_code code = store_ledger_get(ledger->store, &ledger->call, &row);
  if (code == TALLY_OK) return adopt_row(ledger, &row);
  if (code != TALLY_DONE) return fail_store(ledger, code);
  char uuid[37];
  make_uuid(uuid);
  row = (ledger_row){text_of(uuid), text_of(config_currency(config)->code), tally_now_ms()};
  TRY(fail_store(ledger, store_ledger_put(ledger->store, &row)));
  ledger->made = true;
  TRY(adopt_row(ledger, &row));
  return config_store(ledger, config, row.created_at_ms);
}

/* Runs a step in a write transaction of its own. */
static tally_code in_transaction(tally_ledger *ledger, const tally_config *config,
                                 tally_code (*step)(tally_ledger *, const tally_config *)) {
  TRY(fail_store(ledger, store_begin(ledger->store)));
  tally_code code = step(ledger, config);
  if (code) {
    store_rollback(ledger->store);
    return code;
  }
  return fail_store(ledger, store_commit(ledger->store));
}

static tally_code store_config_now(tally_ledger *ledger, const tally_config *config) {
  return config_store(ledger, config, tally_now_ms());
}

static tally_code take_config(tally_ledger *ledger, const tally_config *config) {
  bool differs = false;
  if (config && !ledger->read_only) {
    TRY(config_check(ledger, config));
    TRY(config_check_amounts(ledger, config));
    TRY(config_differs(ledger, config, &differs));
  }
  return differs ? in_transaction(ledger, config, store_config_now) : TALLY_OK;
}

static tally_code open_ledger(tally_ledger *ledger, const tally_options *options) {
  const tally_config *config = options->config;
  TRY(config_check(ledger, config)); /* before a file is made */
  int timeout = options->busy_timeout_ms ? options->busy_timeout_ms : BUSY_TIMEOUT_DEFAULT_MS;
  tally_code code = store_open(ledger->path, options->read_only, timeout, &ledger->store);
  if (code) return fail(ledger, code, "%s: %s", ledger->path, store_message(ledger->store));
  if (store_is_new(ledger->store)) TRY(in_transaction(ledger, config, create));
  ledger_row row;
  TRY(fail_store(ledger, store_ledger_get(ledger->store, &ledger->call, &row)));
  TRY(adopt_row(ledger, &row));
  TRY(take_config(ledger, config));
  TRY(config_load(ledger));
  anchor_open(ledger, options->anchor, ledger->made);
  return TALLY_OK;
}

int tally_set_busy_timeout(tally_ledger *ledger, int busy_timeout_ms) {
  return ledger->store ? store_set_busy_timeout(ledger->store, busy_timeout_ms) : 0;
}

tally_code tally_open(const char *path, const tally_options *options, tally_ledger **out) {
  static const tally_options defaults = {0};
  tally_ledger *ledger = calloc(1, sizeof *ledger);
  *out = ledger;
  if (ledger == NULL) return TALLY_ERR_OUT_OF_MEMORY;
  if (options == NULL) options = &defaults;
  ledger->read_only = options->read_only;
  ledger->path = malloc(strlen(path) + 1);
  if (ledger->path == NULL || sodium_init() < 0) return fail_memory(ledger);
  memcpy(ledger->path, path, strlen(path) + 1);
  tally_code code = open_ledger(ledger, options);
  if (code) {
    /* A handle that did not open holds no file. */
    store_close(ledger->store);
    ledger->store = NULL;
  }
  return code;
}

void tally_close(tally_ledger *ledger) {
  if (ledger == NULL) return;
  if (ledger->store) {
    store_rollback(ledger->store);
    anchor_close(ledger);
  }
  store_close(ledger->store);
  arena_free(&ledger->in_force.memory);
  arena_free(&ledger->pending.memory);
  arena_free(&ledger->formats.memory);
  arena_free(&ledger->call);
  arena_free(&ledger->kept);
  free(ledger->path);
  free(ledger);
}

const tally_currency *tally_ledger_currency(const tally_ledger *ledger) {
  return ledger->currency;
}

/* ---- Transactions ---- */

tally_code ledger_still_open(tally_ledger *ledger) {
  if (ledger->depth == 0) return TALLY_OK;
  if (!ledger->broken && store_in_transaction(ledger->store)) return TALLY_OK;
  ledger->broken = true;
  ledger->state.valid = false;
  pending_drop(ledger);
  fail(ledger, TALLY_ERR_TRANSACTION_POISONED, "a write failed in this transaction; it can only be rolled back");
  return with_detail(ledger, TALLY_ERR_TRANSACTION_POISONED, "cause", text_of("a write failed"));
}

void ledger_committed(tally_ledger *ledger) {
  uint32_t version;
  if (ledger->state.valid) {
    if (store_data_version(ledger->store, &version) == TALLY_OK) ledger->state.data_version = version;
    else ledger->state.valid = false;
  }
  anchor_committed(ledger);
}

int tally_transaction_depth(const tally_ledger *ledger) {
  return ledger->depth;
}

/* A transaction may end without a command that would have read the state again: its commit must not make it seem new. */
static void forget_outdated(tally_ledger *ledger) {
  uint32_t version;
  bool known = store_data_version(ledger->store, &version) == TALLY_OK;
  if (!known || version != ledger->state.data_version) ledger->state.valid = false;
}

tally_code tally_begin(tally_ledger *ledger) {
  TRY(ledger_enter(ledger));
  if (ledger->read_only)
    return fail(ledger, TALLY_ERR_READ_ONLY, "the ledger is open for reading only; open it with mode \"rw\"");
  TRY(ledger_not_proposing(ledger));
  if (ledger->depth == TRANSACTION_DEPTH_MAX) {
    return fail(ledger, TALLY_ERR_FIELD_INVALID, "transactions nest at most %d deep", TRANSACTION_DEPTH_MAX);
  }
  TRY(ledger_still_open(ledger));
  if (ledger->depth) TRY(pending_flush(ledger));
  TRY(fail_store(ledger, ledger->depth ? store_savepoint(ledger->store) : store_begin(ledger->store)));
  if (ledger->depth == 0) forget_outdated(ledger);
  ledger->depth++;
  ledger->poisons[ledger->depth - 1] = TALLY_OK;
  ledger->forgiving[ledger->depth - 1] = false;
  return TALLY_OK;
}

void tally_allow_refusals(tally_ledger *ledger) {
  if (ledger->depth) ledger->forgiving[ledger->depth - 1] = true;
}

void tally_rollback(tally_ledger *ledger) {
  if (ledger->depth == 0) return;
  ledger_end_proposal(ledger);
  ledger->depth--;
  ledger->state.valid = false;
  pending_drop(ledger);
  if (ledger->depth) store_rollback_to(ledger->store);
  else store_rollback(ledger->store);
  ledger->broken = ledger->depth > 0 && !store_in_transaction(ledger->store);
}

void ledger_poison(tally_ledger *ledger) {
  if (ledger->depth == 0) return;
  tally_code *poison = &ledger->poisons[ledger->depth - 1];
  bool refusal = ledger->error.code <= TALLY_ERR_SCRIPT_FAILED && !ledger->broken;
  if (refusal && ledger->forgiving[ledger->depth - 1]) return;
  if (*poison == TALLY_OK) *poison = ledger->error.code;
}

void tally_poison(tally_ledger *ledger, tally_code code) {
  ledger->error.code = code;
  ledger_poison(ledger);
}

/* Why a commit may not be: a refusal, or a write that failed. */
static tally_code check_commit(tally_ledger *ledger) {
  tally_code cause = ledger->poisons[ledger->depth - 1];
  bool lost = ledger->broken || !store_in_transaction(ledger->store);
  if (!cause && !lost) return TALLY_OK;
  const char *name = cause ? tally_code_name(cause) : "a write failed";
  fail(ledger, TALLY_ERR_TRANSACTION_POISONED,
       "a command in the transaction was refused (%s), so all of it was rolled back", name);
  return with_detail(ledger, TALLY_ERR_TRANSACTION_POISONED, "cause", text_of(name));
}

tally_code tally_commit(tally_ledger *ledger) {
  if (ledger->depth == 0) return fail(ledger, TALLY_ERR_FIELD_INVALID, "there is no transaction to commit");
  TRY(ledger_not_proposing(ledger));
  tally_code code = check_commit(ledger);
  if (!code) code = pending_flush(ledger); /* of a nested one too: a sum that does not fit is its own fault */
  if (!code) code = fail_store(ledger, ledger->depth > 1 ? store_release(ledger->store) : store_commit(ledger->store));
  if (code) {
    tally_rollback(ledger);
    return code;
  }
  ledger->depth--;
  if (ledger->depth == 0) ledger_committed(ledger);
  return TALLY_OK;
}
