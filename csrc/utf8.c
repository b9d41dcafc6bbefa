/* utf8.c - well-formed UTF-8 (RFC 3629, section 4). */
#include "utf8.h"

/* Gives the length of the sequence at the front, and the bounds of its second byte; 0 where none starts so. */
static size_t sequence_length(unsigned char lead, unsigned char *low, unsigned char *high) {
  *low = 0x80;
  *high = 0xbf;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead == 0xe0) *low = 0xa0;
  if (lead == 0xed) *high = 0x9f;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead == 0xf0) *low = 0x90;
  if (lead == 0xf4) *high = 0x8f;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

bool utf8_valid(tally_text text) {
  const unsigned char *bytes = (const unsigned char *)text.data;
  for (size_t i = 0; i < text.length;) {
    unsigned char low, high;
    size_t length = sequence_length(bytes[i], &low, &high);
    if (length == 0 || length > text.length - i) return false;
    if (length > 1 && (bytes[i + 1] < low || bytes[i + 1] > high)) return false;
    for (size_t k = 2; k < length; k++) {
      if (bytes[i + k] < 0x80 || bytes[i + k] > 0xbf) return false;
    }
    i += length;
  }
  return true;
}
