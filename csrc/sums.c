/* sums.c - running sums under keys, in memory. */
#include "sums.h"

#include <sodium.h>
#include <stdlib.h>

enum { FIRST_ROOM = 256 };

/* SipHash under a fixed key: the keys come from the file, and verify ends even where they are chosen with malice. */
static uint64_t hash_key(tally_text key) {
  static const unsigned char secret[crypto_shorthash_KEYBYTES] = "tallystick sums";
  unsigned char out[crypto_shorthash_BYTES];
  uint64_t value = 0;
  crypto_shorthash(out, (const unsigned char *)key.data, key.length, secret);
  for (size_t i = 0; i < sizeof value; i++) value = value << 8 | out[i];
  return value;
}

static sums_row **find_slot(sums_row **slots, size_t room, tally_text key) {
  size_t at = (size_t)hash_key(key) & (room - 1);
  while (slots[at] && !text_equal(slots[at]->key, key)) at = (at + 1) & (room - 1);
  return &slots[at];
}

static bool grow(sums *in) {
  size_t room = in->room ? in->room * 2 : FIRST_ROOM;
  sums_row **slots = calloc(room, sizeof *slots);
  if (slots == NULL) return false;
  for (size_t i = 0; i < in->room; i++) {
    if (in->slots[i]) *find_slot(slots, room, in->slots[i]->key) = in->slots[i];
  }
  free(in->slots);
  in->slots = slots;
  in->room = room;
  return true;
}

sums_row *sums_at(sums *in, tally_text key) {
  if (in->count >= in->room / 4 * 3 && !grow(in)) return NULL;
  sums_row **slot = find_slot(in->slots, in->room, key), *row = *slot;
  if (row) return row;
  row = arena_alloc(&in->memory, sizeof *row);
  if (row == NULL) return NULL;
  row->key = arena_copy(&in->memory, key);
  if (row->key.data == NULL) return NULL;
  *slot = row;
  in->count++;
  return row;
}

sums_row *sums_find(const sums *in, tally_text key) {
  return in->room ? *find_slot(in->slots, in->room, key) : NULL;
}

sums_row *sums_next(const sums *in, size_t *slot) {
  while (*slot < in->room) {
    sums_row *row = in->slots[(*slot)++];
    if (row) return row;
  }
  return NULL;
}

void sums_free(sums *in) {
  free(in->slots);
  arena_free(&in->memory);
  *in = (sums){0};
}
