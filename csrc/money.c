/* money.c - exact amounts: a strict parser and printer, checked arithmetic, rounding, splitting (§2, §6). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tallystick.h"

tally_code tally_minor_add(int64_t a, int64_t b, int64_t *result) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return TALLY_ERR_AMOUNT_OVERFLOW;
  *result = sum;
  return TALLY_OK;
}

tally_code tally_minor_subtract(int64_t a, int64_t b, int64_t *result) {
  int64_t difference;
  if (__builtin_sub_overflow(a, b, &difference)) return TALLY_ERR_AMOUNT_OVERFLOW;
  *result = difference;
  return TALLY_OK;
}

tally_code tally_minor_multiply(int64_t a, int64_t b, int64_t *result) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return TALLY_ERR_AMOUNT_OVERFLOW;
  *result = product;
  return TALLY_OK;
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/* Appends one digit to a number that is kept negative, so that INT64_MIN can be read too. */
static bool push_digit(int64_t *negative, char digit) {
  return !__builtin_mul_overflow(*negative, 10, negative) && !__builtin_sub_overflow(*negative, digit - '0', negative);
}

/* Reads the decimals behind the point and fills up to the exponent; the position must end at the text's end. */
static bool read_decimals(const char *text, size_t length, size_t position, unsigned exponent, int64_t *negative) {
  unsigned decimals = 0;
  if (position < length) {
    if (text[position++] != '.' || position == length) return false;
    for (; position < length && is_digit(text[position]); position++, decimals++) {
      if (decimals == exponent || !push_digit(negative, text[position])) return false;
    }
    if (position < length) return false;
  }
  for (; decimals < exponent; decimals++) {
    if (!push_digit(negative, '0')) return false;
  }
  return true;
}

tally_code tally_money_parse(const char *text, size_t length, const tally_currency *currency, int64_t *minor) {
  size_t position = 0;
  bool minus = length > 0 && text[0] == '-';
  if (minus) position++;
  if (position == length || !is_digit(text[position])) return TALLY_ERR_AMOUNT_INVALID;
  int64_t negative = 0;
  for (; position < length && is_digit(text[position]); position++) {
    if (!push_digit(&negative, text[position])) return TALLY_ERR_AMOUNT_INVALID;
  }
  if (!read_decimals(text, length, position, currency->exponent, &negative)) return TALLY_ERR_AMOUNT_INVALID;
  if (!minus && negative == INT64_MIN) return TALLY_ERR_AMOUNT_INVALID;
  *minor = minus ? negative : -negative;
  return TALLY_OK;
}

size_t tally_money_print(int64_t minor, const tally_currency *currency, char text[TALLY_MONEY_TEXT_MAX]) {
  uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
  uint64_t unit = 1;
  for (unsigned i = 0; i < currency->exponent; i++) unit *= 10;
  const char *sign = minor < 0 ? "-" : "";
  int length = currency->exponent == 0 ? snprintf(text, TALLY_MONEY_TEXT_MAX, "%s%" PRIu64, sign, size)
                                       : snprintf(text, TALLY_MONEY_TEXT_MAX, "%s%" PRIu64 ".%0*" PRIu64, sign,
                                                  size / unit, (int)currency->exponent, size % unit);
  return (size_t)length;
}

/* Halves go up, towards +infinity: floor((minor + step/2) / step) * step, without leaving int64. */
tally_code tally_minor_round(int64_t minor, int64_t step, int64_t *result) {
  if (step <= 0) return TALLY_ERR_FIELD_INVALID;
  int64_t rest = minor % step;
  if (rest < 0) rest += step;
  if (rest >= step - rest) return tally_minor_add(minor, step - rest, result);
  return tally_minor_subtract(minor, rest, result);
}

static tally_code sum_weights(const int64_t *weights, size_t count, int64_t *sum) {
  *sum = 0;
  for (size_t i = 0; i < count; i++) {
    if (weights[i] < 0) return TALLY_ERR_FIELD_INVALID;
    tally_code code = tally_minor_add(*sum, weights[i], sum);
    if (code) return code;
  }
  return *sum > 0 ? TALLY_OK : TALLY_ERR_FIELD_INVALID;
}

/* The product of two int64 fits 128 bits, which both gcc and clang have. */
__extension__ typedef __int128 wide;

static int64_t share_remainder(int64_t minor, int64_t weight, int64_t sum) {
  wide product = (wide)minor * weight;
  int64_t remainder = (int64_t)(product % sum);
  return remainder < 0 ? -remainder : remainder;
}

/* Says how many parts have a claim on a left-over unit before this one: larger remainder, or the same and earlier. */
static size_t claims_before(int64_t minor, const int64_t *weights, size_t count, int64_t sum, size_t index) {
  int64_t own = share_remainder(minor, weights[index], sum);
  size_t before = 0;
  for (size_t i = 0; i < count; i++) {
    int64_t other = share_remainder(minor, weights[i], sum);
    if (other > own || (other == own && i < index)) before++;
  }
  return before;
}

tally_code tally_minor_split(int64_t minor, const int64_t *weights, size_t count, int64_t *parts) {
  int64_t sum;
  tally_code code = sum_weights(weights, count, &sum);
  if (code) return code;
  int64_t left = minor;
  for (size_t i = 0; i < count; i++) {
    parts[i] = (int64_t)((wide)minor * weights[i] / sum);
    left -= parts[i];
  }
  size_t units = (size_t)(left < 0 ? -left : left); /* fewer than count: each share lost less than one unit */
  for (size_t i = 0; units > 0 && i < count; i++) {
    if (claims_before(minor, weights, count, sum, i) < units) parts[i] += minor < 0 ? -1 : 1;
  }
  return TALLY_OK;
}
