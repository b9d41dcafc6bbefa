/* packed.h - the compact coding inside a stored field: integers of as many bytes as they need, texts behind their
 * length (docs/format.md, "Packed"). */
#ifndef TALLY_PACKED_H
#define TALLY_PACKED_H

#include "tallystick.h"

enum { PACKED_INTEGER_MAX = 10 }; /* bytes of the largest integer */

/* Each puts one value and gives the place behind it. A text takes its length and PACKED_INTEGER_MAX at most. */
unsigned char *pack_unsigned(unsigned char *at, uint64_t value);
unsigned char *pack_signed(unsigned char *at, int64_t value);
unsigned char *pack_text(unsigned char *at, tally_text text);

/* What is left to take. broken is sticky: look at it once, at the end; what is taken after it is 0 or empty. */
typedef struct packed {
  const unsigned char *at, *end;
  bool broken;
} packed;

packed packed_of(tally_text coded);
uint64_t unpack_unsigned(packed *in);
int64_t unpack_signed(packed *in);
tally_text unpack_text(packed *in); /* borrows the coded bytes */
/* Whether all was taken and nothing was broken. */
bool packed_whole(const packed *in);

#endif
