/* numbers.c - payments by their number. */
#include "numbers.h"

#include "config.h"
#include "config_codec.h"
#include "days.h"

/* ---- Formats ---- */

static bool known_format(const number_formats *formats, tally_text format) {
  for (size_t i = 0; i < formats->count; i++) {
    if (text_equal(formats->items[i], format)) return true;
  }
  return false;
}

static tally_code add_format(tally_ledger *ledger, number_formats *out, int64_t version) {
  script_row script;
  tally_config config;
  TRY(fail_store(ledger, store_script_get(ledger->store, &out->memory, version, &script)));
  TRY(codec_get_config(ledger, &out->memory, script.definition, &config));
  if (known_format(out, config.payment_format)) return TALLY_OK;
  tally_text *grown = ARENA_ARRAY(&out->memory, tally_text, out->count + 1);
  if (grown == NULL) return fail_memory(ledger);
  for (size_t i = 0; i < out->count; i++) grown[i] = out->items[i];
  grown[out->count++] = config.payment_format;
  out->items = grown;
  return TALLY_OK;
}

/* Looks at all scripts up to the latest, where that has not been done. */
static tally_code load_formats(tally_ledger *ledger, int64_t latest) {
  number_formats *formats = &ledger->formats;
  if (formats->version == latest) return TALLY_OK;
  arena_reset(&formats->memory);
  *formats = (number_formats){.memory = formats->memory};
  for (int64_t version = latest; version > 0; version--) TRY(add_format(ledger, formats, version));
  formats->version = latest;
  return TALLY_OK;
}

/* ---- Serials ---- */

/* Entries of which one stands before the serial that is looked for, and one at or behind it. */
typedef struct span {
  int64_t low, low_serial, high, high_serial;
} span;

/* Payments are spread evenly enough that a guess by their share lands close; every second step halves, come what may. */
static int64_t guess(const span *in, int64_t serial, int step) {
  int64_t width = in->high - in->low;
  if (step % 2 == 1) return in->low + width / 2;
  double share = (double)(serial - in->low_serial) / (double)(in->high_serial - in->low_serial);
  int64_t at = in->low + (int64_t)(share * (double)width);
  if (at <= in->low) return in->low + 1;
  return at >= in->high ? in->high - 1 : at;
}

/* Finds the first entry whose serial is at least the one given: the payment's own, if there is one. */
static tally_code find_serial(tally_ledger *ledger, int64_t serial, const tally_entry *last, int64_t *seq) {
  span in = {.high = last->seq, .high_serial = last->serial};
  for (int step = 0; in.high - in.low > 1; step++) {
    int64_t at = guess(&in, serial, step), found;
    TRY(fail_store(ledger, store_entry_serial(ledger->store, at, &found)));
    if (found >= serial) {
      in.high = at;
      in.high_serial = found;
    } else {
      in.low = at;
      in.low_serial = found;
    }
  }
  *seq = in.high;
  return TALLY_OK;
}

/* Looks for a number under one format; TALLY_DONE where it is none of it, or not given. */
static tally_code find_under(tally_ledger *ledger, tally_text format, tally_text number, const tally_entry *last,
                             tally_entry *entry) {
  int64_t serial, seq;
  if (!number_parse(format, number, &serial) || serial < 1 || serial > last->serial) return TALLY_DONE;
  TRY(find_serial(ledger, serial, last, &seq));
  TRY(fail_store(ledger, store_entry_get(ledger->store, &ledger->call, seq, entry)));
  return text_equal(entry->number, number) ? TALLY_OK : TALLY_DONE;
}

/* Looks under all formats that there were; that of the script in force may be tried a second time. */
static tally_code find_under_older(tally_ledger *ledger, int64_t latest, tally_text number, const tally_entry *last,
                                   tally_entry *entry) {
  TRY(load_formats(ledger, latest));
  for (size_t i = 0; i < ledger->formats.count; i++) {
    tally_code code = find_under(ledger, ledger->formats.items[i], number, last, entry);
    if (code != TALLY_DONE) return code;
  }
  return TALLY_DONE;
}

/* How far the journal has come: what is known of it inside a transaction that has looked, else what the file says. */
static tally_code find_last(tally_ledger *ledger, tally_entry *last) {
  if (ledger->depth && ledger->state.valid) {
    *last = (tally_entry){.seq = ledger->state.head.seq, .serial = ledger->state.series_next[SERIES_PAYMENT] - 1};
    return TALLY_OK;
  }
  tally_code code = store_entry_last(ledger->store, &ledger->call, last);
  return code == TALLY_DONE ? code : fail_store(ledger, code);
}

tally_code numbers_find(tally_ledger *ledger, tally_text number, tally_entry *entry) {
  tally_entry last;
  int64_t latest;
  tally_code code = find_last(ledger, &last);
  if (code) return code;
  code = find_under(ledger, ledger->in_force.config.payment_format, number, &last, entry);
  if (code != TALLY_DONE) return code;
  TRY(fail_store(ledger, store_script_latest_version(ledger->store, &latest)));
  return latest == 1 ? TALLY_DONE : find_under_older(ledger, latest, number, &last, entry);
}

tally_code numbers_last(tally_ledger *ledger, int64_t *serial) {
  tally_entry last;
  tally_code code = find_last(ledger, &last);
  *serial = code ? 0 : last.serial;
  return code == TALLY_DONE ? TALLY_OK : code;
}

tally_code numbers_count(tally_ledger *ledger, int64_t *count) {
  tally_entry last;
  int64_t latest;
  *count = 0;
  tally_code code = find_last(ledger, &last);
  if (code) return code == TALLY_DONE ? TALLY_OK : code;
  TRY(fail_store(ledger, store_script_latest_version(ledger->store, &latest)));
  if (latest > 1) TRY(load_formats(ledger, latest));
  /* A series of one format has no gap; where the format was changed, numbers may have been passed over. */
  if (latest > 1 && ledger->formats.count > 1) return days_count(ledger, count);
  *count = last.serial;
  return TALLY_OK;
}

tally_code numbers_taken(tally_ledger *ledger, tally_text number, bool *taken) {
  int64_t latest = ledger->in_force.version;
  tally_entry entry, last = {.seq = ledger->state.head.seq, .serial = ledger->state.series_next[SERIES_PAYMENT] - 1};
  *taken = false;
  if (latest == 1) return TALLY_OK;
  tally_code code = find_under_older(ledger, latest, number, &last, &entry);
  *taken = code == TALLY_OK;
  return code == TALLY_DONE ? TALLY_OK : code;
}
