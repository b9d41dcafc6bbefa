/* names.c - the names that begin as someone has begun to type one: documents, payments and patients (§2). */
#include <string.h>

#include "config.h"
#include "ledger.h"
#include "numbers.h"

/* The longest run of digits that a serial can have. */
enum { DIGITS_MAX = 18, MISSED_MAX = 100 };

static bool begins_with(tally_text name, tally_text prefix) {
  return name.length >= prefix.length && (prefix.length == 0 || memcmp(name.data, prefix.data, prefix.length) == 0);
}

/* What stands in the store from the prefix on, as far as it begins with it. */
static tally_code stored_names(tally_ledger *ledger, store_names which, tally_text prefix, size_t limit,
                               tally_text *names, size_t *count) {
  size_t found;
  TRY(fail_store(ledger, store_names_from(ledger->store, &ledger->call, which, prefix, names, limit, &found)));
  for (*count = 0; *count < found && begins_with(names[*count], prefix); ++*count) continue;
  return TALLY_OK;
}

/* ---- Payments: no index holds their numbers, but a series leaves no gap, so they are counted up ---- */

typedef struct serials {
  int64_t first, last; /* of those with a certain count of digits */
} serials;

/* The serials of so many digits, zeros in front included, that begin with the digits typed; false where there are none. */
static bool serials_of(tally_text typed, int digits, int width, serials *out) {
  if ((int)typed.length > digits) return false;
  if (digits > width && typed.length && typed.data[0] == '0')
    return false; /* no zeros stand in front of a longer one */
  int64_t first = 0, span = 1, least = 1;
  for (size_t i = 0; i < typed.length; i++) first = first * 10 + (typed.data[i] - '0');
  for (int i = (int)typed.length; i < digits; i++) {
    first *= 10;
    span *= 10;
  }
  for (int i = 1; digits > width && i < digits; i++) least *= 10;
  *out = (serials){first < least ? least : first, first + span - 1};
  return out->first <= out->last;
}

static tally_code add_number(tally_ledger *ledger, tally_text format, int64_t serial, tally_text *names,
                             size_t *count) {
  char text[NUMBER_BYTES];
  tally_entry entry;
  tally_text number = number_print(format, serial, text);
  tally_code code = numbers_find(ledger, number, &entry);
  if (code == TALLY_DONE) return TALLY_OK; /* of another format, or passed over when it changed */
  if (code) return code;
  names[*count] = arena_copy(&ledger->call, number);
  if (names[*count].data == NULL) return fail_memory(ledger);
  ++*count;
  return TALLY_OK;
}

/* Where many serials in a row have no such number, another format gave theirs, and no more are tried. */
static tally_code add_numbers(tally_ledger *ledger, tally_text format, const serials *of, size_t limit,
                              tally_text *names, size_t *count) {
  int missed = 0;
  for (int64_t serial = of->first; serial <= of->last && *count < limit && missed < MISSED_MAX; serial++) {
    size_t before = *count;
    TRY(add_number(ledger, format, serial, names, count));
    missed = *count > before ? 0 : missed + 1;
  }
  return TALLY_OK;
}

/* Cuts a text behind its first digits, and gives the rest. */
static tally_text cut_behind_digits(tally_text *text) {
  size_t digits = 0;
  while (digits < text->length && text->data[digits] >= '0' && text->data[digits] <= '9') digits++;
  tally_text rest = {text->data + digits, text->length - digits};
  text->length = digits;
  return rest;
}

/* Whether a format goes on behind its serial as was typed there. */
static bool goes_on_with(tally_text format, size_t head, int width, tally_text typed) {
  char text[NUMBER_BYTES];
  tally_text least = number_print(format, 0, text);
  size_t before = head + (size_t)width;
  return begins_with((tally_text){least.data + before, least.length - before}, typed);
}

static tally_code payment_names(tally_ledger *ledger, tally_text prefix, size_t limit, tally_text *names,
                                size_t *count) {
  tally_text format = ledger->in_force.config.payment_format, head, typed;
  int64_t last;
  int width;
  *count = 0;
  if (!number_head(format, &head, &width)) return TALLY_OK;
  TRY(numbers_last(ledger, &last));
  bool in_head = prefix.length <= head.length;
  if (!begins_with(in_head ? head : prefix, in_head ? prefix : head)) return TALLY_OK;
  typed = in_head ? text_of("") : (tally_text){prefix.data + head.length, prefix.length - head.length};
  tally_text behind = cut_behind_digits(&typed);
  if (!goes_on_with(format, head.length, width, behind)) return TALLY_OK;
  for (int digits = width; digits <= DIGITS_MAX; digits++) {
    serials of;
    if (behind.length > 0 && digits != (int)typed.length) continue; /* no more digits are to come */
    if (!serials_of(typed, digits, width, &of)) continue;
    if (of.last > last) of.last = last;
    TRY(add_numbers(ledger, format, &of, limit, names, count));
  }
  return TALLY_OK;
}

static tally_code read_names(tally_ledger *ledger, tally_names which, tally_text prefix, size_t limit,
                             tally_text *names, size_t *count) {
  switch (which) {
  case TALLY_NAMES_DOCUMENT:
    return stored_names(ledger, NAMES_OF_DOCUMENTS, prefix, limit, names, count);
  case TALLY_NAMES_PATIENT:
    return stored_names(ledger, NAMES_OF_PATIENTS, prefix, limit, names, count);
  default:
    return payment_names(ledger, prefix, limit, names, count);
  }
}

tally_code tally_read_names(tally_ledger *ledger, tally_names which, tally_text prefix, size_t limit,
                            const tally_text **names, size_t *count) {
  bool own;
  TRY(ledger_enter(ledger));
  *count = 0;
  if (limit < 1 || limit > TALLY_NAMES_MAX) {
    fail(ledger, TALLY_ERR_FIELD_INVALID, "limit: so many are not given; ask for 1 to %d", TALLY_NAMES_MAX);
    return with_detail(ledger, TALLY_ERR_FIELD_INVALID, "field", text_of("limit"));
  }
  tally_text *list = ARENA_ARRAY(&ledger->call, tally_text, limit);
  if (list == NULL) return fail_memory(ledger);
  *names = list;
  TRY(ledger_snapshot_begin(ledger, &own));
  return ledger_snapshot_end(ledger, own, read_names(ledger, which, prefix, limit, list, count));
}
