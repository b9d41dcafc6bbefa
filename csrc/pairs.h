/* pairs.h - one plain coding for keyed texts inside a stored field: <length>:<bytes>, key and value in turn. */
#ifndef TALLY_PAIRS_H
#define TALLY_PAIRS_H

#include "arena.h"

/* A growing byte string in an arena. failed is sticky: look at it once, at the end. */
typedef struct bytes {
  arena *from;
  unsigned char *data;
  size_t length, room;
  bool failed;
} bytes;

void bytes_put(bytes *out, const void *data, size_t length);
tally_text bytes_text(const bytes *in);

/* Appends "5:hello". */
void pairs_put(bytes *out, tally_text piece);
void pairs_put_pair(bytes *out, const char *key, tally_text value);
void pairs_put_integer(bytes *out, const char *key, int64_t value);

/* Takes the next piece off the front; false at the end and where the coding is broken (then *rest is not empty). */
bool pairs_take(tally_text *rest, tally_text *piece);
/* Decodes all; TALLY_ERR_CORRUPT where the coding is broken. */
tally_code pairs_decode(arena *from, tally_text coded, const tally_pair **pairs, size_t *count);
bool pairs_integer(tally_text value, int64_t *number);

#endif
