/* packed.c - the compact coding inside a stored field. */
#include "packed.h"

#include <string.h>

/* Seven bits a byte, the lowest first; the eighth says that more follow. */
unsigned char *pack_unsigned(unsigned char *at, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = (unsigned char)(value | 0x80);
  *at++ = (unsigned char)value;
  return at;
}

/* 0, -1, 1, -2 … become 0, 1, 2, 3 …: small either way. */
unsigned char *pack_signed(unsigned char *at, int64_t value) {
  uint64_t doubled = (uint64_t)value << 1;
  return pack_unsigned(at, value < 0 ? ~doubled : doubled);
}

unsigned char *pack_text(unsigned char *at, tally_text text) {
  at = pack_unsigned(at, text.length);
  if (text.length) memcpy(at, text.data, text.length);
  return at + text.length;
}

packed packed_of(tally_text coded) {
  const unsigned char *at = (const unsigned char *)coded.data;
  return (packed){.at = at, .end = at ? at + coded.length : NULL, .broken = at == NULL};
}

static uint64_t give_up(packed *in) {
  in->broken = true;
  in->at = in->end;
  return 0;
}

uint64_t unpack_unsigned(packed *in) {
  uint64_t value = 0;
  for (int shift = 0; in->at < in->end; shift += 7) {
    unsigned char byte = *in->at++;
    bool beyond = shift > 63 || (shift == 63 && byte > 1);
    if (beyond) return give_up(in);
    value |= (uint64_t)(byte & 0x7f) << shift;
    /* One value has one coding: no zero byte at its end. */
    if (byte < 0x80) return byte == 0 && shift > 0 ? give_up(in) : value;
  }
  return give_up(in);
}

int64_t unpack_signed(packed *in) {
  uint64_t doubled = unpack_unsigned(in);
  uint64_t value = doubled & 1 ? ~(doubled >> 1) : doubled >> 1;
  return (int64_t)value;
}

tally_text unpack_text(packed *in) {
  uint64_t length = unpack_unsigned(in);
  if (length > (uint64_t)(in->end - in->at)) {
    give_up(in);
    return (tally_text){"", 0};
  }
  tally_text text = {(const char *)in->at, (size_t)length};
  in->at += length;
  return text;
}

bool packed_whole(const packed *in) {
  return !in->broken && in->at == in->end;
}
