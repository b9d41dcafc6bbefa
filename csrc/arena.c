/* arena.c - memory that is given piece by piece and taken back at once. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

/* One block serves a usual command whole; larger wishes get a block of their own. */
enum { BLOCK_BYTES = 16 * 1024, ALIGNMENT = 16 };

struct arena_block {
  arena_block *older;
  size_t size, used;
  _Alignas(ALIGNMENT) unsigned char bytes[];
};

static arena_block *add_block(arena *from, size_t size) {
  size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
  arena_block *block = malloc(sizeof *block + room);
  if (block == NULL) return NULL;
  *block = (arena_block){.older = from->newest, .size = room};
  from->newest = block;
  return block;
}

void *arena_piece(arena *from, size_t size) {
  if (size > SIZE_MAX / 2) return NULL;
  size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  arena_block *block = from->newest;
  if (block == NULL || block->size - block->used < rounded) block = add_block(from, rounded);
  if (block == NULL) return NULL;
  void *piece = block->bytes + block->used;
  block->used += rounded;
  return piece;
}

void *arena_alloc(arena *from, size_t size) {
  void *piece = arena_piece(from, size);
  return piece ? memset(piece, 0, size) : NULL;
}

void *arena_array(arena *from, size_t size, size_t count) {
  if (count > 0 && size > SIZE_MAX / 4 / count) return NULL;
  return arena_alloc(from, size * count);
}

tally_text arena_copy(arena *from, tally_text text) {
  if (text.data == NULL) return text;
  char *copy = text.length < SIZE_MAX ? arena_piece(from, text.length + 1) : NULL;
  if (copy) {
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
  }
  return (tally_text){copy, copy ? text.length : 0};
}

bool arena_copied(tally_text source, tally_text copy) {
  return source.data == NULL || copy.data != NULL;
}

void arena_reset(arena *from) {
  arena_block *block = from->newest;
  while (block && (block->older || block->size > BLOCK_BYTES)) {
    from->newest = block->older;
    free(block);
    block = from->newest;
  }
  if (block) block->used = 0;
}

void arena_free(arena *from) {
  while (from->newest) {
    arena_block *older = from->newest->older;
    free(from->newest);
    from->newest = older;
  }
}

tally_text text_of(const char *string) {
  return (tally_text){string, string ? strlen(string) : 0};
}

bool text_equal(tally_text a, tally_text b) {
  if (a.data == NULL || b.data == NULL) return a.data == b.data;
  return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

int text_compare(tally_text a, tally_text b) {
  size_t shared = a.length < b.length ? a.length : b.length;
  int order = shared ? memcmp(a.data, b.data, shared) : 0;
  if (order) return order;
  return a.length < b.length ? -1 : a.length > b.length;
}
