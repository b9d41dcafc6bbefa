/* utf8.h - well-formed UTF-8 (RFC 3629). */
#ifndef TALLY_UTF8_H
#define TALLY_UTF8_H

#include "tallystick.h"

/* Says whether a text is well-formed: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_valid(tally_text text);

#endif
