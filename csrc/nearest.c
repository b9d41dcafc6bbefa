/* nearest.c - the known name that a mistyped one most likely meant, by edit distance. */
#include "nearest.h"

#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static size_t smallest(size_t a, size_t b, size_t c) {
  size_t least = a < b ? a : b;
  return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time. */
static size_t edit_distance(tally_text a, tally_text b) {
  size_t row[NAME_MAX_BYTES + 1];
  for (size_t j = 0; j <= b.length; j++) row[j] = j;
  for (size_t i = 1; i <= a.length; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.length; j++) {
      size_t above = row[j];
      row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + (a.data[i - 1] != b.data[j - 1]));
      diagonal = above;
    }
  }
  return row[b.length];
}

const char *nearest_name(tally_text name, const char *const *known, size_t count) {
  const char *best = NULL;
  /* More than a third of the letters wrong is no slip of the finger. */
  size_t least = name.length / 3 + 2;
  if (name.length > NAME_MAX_BYTES) return NULL;
  for (size_t i = 0; i < count; i++) {
    tally_text other = {known[i], strlen(known[i])};
    if (other.length > NAME_MAX_BYTES) continue;
    size_t distance = edit_distance(name, other);
    if (distance >= least) continue;
    least = distance;
    best = known[i];
  }
  return best;
}
