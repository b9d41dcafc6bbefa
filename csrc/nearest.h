/* nearest.h - the known name that a mistyped one most likely meant. */
#ifndef TALLY_NEAREST_H
#define TALLY_NEAREST_H

#include "tallystick.h"

/* Gives the nearest of count names by edit distance (Levenshtein), or NULL where none is near. */
const char *nearest_name(tally_text name, const char *const *known, size_t count);

#endif
