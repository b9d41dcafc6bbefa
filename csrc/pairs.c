/* pairs.c - one plain coding for keyed texts inside a stored field. */
#include "pairs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 256 }; /* the content of a usual command fits */

static bool make_room(bytes *out, size_t more) {
  if (out->failed) return false;
  if (out->room - out->length >= more) return true;
  size_t room = (out->room ? out->room * 2 : FIRST_ROOM) + more;
  unsigned char *grown = arena_piece(out->from, room);
  if (grown == NULL) {
    out->failed = true;
    return false;
  }
  if (out->length) memcpy(grown, out->data, out->length);
  out->data = grown;
  out->room = room;
  return true;
}

void bytes_put(bytes *out, const void *data, size_t length) {
  if (!make_room(out, length) || length == 0) return;
  memcpy(out->data + out->length, data, length);
  out->length += length;
}

tally_text bytes_text(const bytes *in) {
  return (tally_text){in->data ? (const char *)in->data : "", in->length};
}

void pairs_put(bytes *out, tally_text piece) {
  char head[24], *at = head + sizeof head;
  size_t length = piece.length;
  *--at = ':';
  do *--at = (char)('0' + length % 10);
  while (length /= 10);
  bytes_put(out, at, (size_t)(head + sizeof head - at));
  bytes_put(out, piece.data, piece.length);
}

void pairs_put_pair(bytes *out, const char *key, tally_text value) {
  pairs_put(out, text_of(key));
  pairs_put(out, value);
}

void pairs_put_integer(bytes *out, const char *key, int64_t value) {
  char text[24];
  int length = snprintf(text, sizeof text, "%" PRId64, value);
  pairs_put_pair(out, key, (tally_text){text, (size_t)length});
}

bool pairs_take(tally_text *rest, tally_text *piece) {
  size_t length = 0, i = 0;
  for (; i < rest->length && rest->data[i] >= '0' && rest->data[i] <= '9'; i++) {
    if (length > SIZE_MAX / 20) return false;
    length = length * 10 + (size_t)(rest->data[i] - '0');
  }
  if (i == 0 || i == rest->length || rest->data[i] != ':' || rest->length - i - 1 < length) return false;
  *piece = (tally_text){rest->data + i + 1, length};
  *rest = (tally_text){rest->data + i + 1 + length, rest->length - i - 1 - length};
  return true;
}

static bool count_pieces(tally_text coded, size_t *count) {
  tally_text piece;
  *count = 0;
  while (pairs_take(&coded, &piece)) ++*count;
  return coded.length == 0 && *count % 2 == 0;
}

tally_code pairs_decode(arena *from, tally_text coded, const tally_pair **pairs, size_t *count) {
  size_t pieces;
  if (!count_pieces(coded, &pieces)) return TALLY_ERR_CORRUPT;
  tally_pair *list = ARENA_ARRAY(from, tally_pair, pieces / 2);
  if (list == NULL) return TALLY_ERR_OUT_OF_MEMORY;
  for (size_t i = 0; i < pieces / 2; i++) {
    pairs_take(&coded, &list[i].key);
    pairs_take(&coded, &list[i].value);
  }
  *pairs = list;
  *count = pieces / 2;
  return TALLY_OK;
}

bool pairs_integer(tally_text value, int64_t *number) {
  size_t i = value.length > 0 && value.data[0] == '-' ? 1 : 0;
  int64_t negative = 0;
  if (i == value.length) return false;
  for (; i < value.length; i++) {
    if (value.data[i] < '0' || value.data[i] > '9') return false;
    if (__builtin_mul_overflow(negative, 10, &negative)) return false;
    if (__builtin_sub_overflow(negative, value.data[i] - '0', &negative)) return false;
  }
  if (value.data[0] != '-' && negative == INT64_MIN) return false;
  *number = value.data[0] == '-' ? negative : -negative;
  return true;
}
