/* arena.h - memory that is given piece by piece and taken back at once: what a call makes lives until the next call. */
#ifndef TALLY_ARENA_H
#define TALLY_ARENA_H

#include "tallystick.h"

typedef struct arena_block arena_block;
typedef struct arena {
  arena_block *newest;
} arena;

/* Gives zeroed, aligned memory; NULL where there is none. */
void *arena_alloc(arena *from, size_t size);
/* … as it comes, for who writes all of it. */
void *arena_piece(arena *from, size_t size);
/* Copies bytes and a NUL behind them, which is not counted. data is NULL where text.data is, or memory is out; ask
 * arena_copied to tell the two apart. */
tally_text arena_copy(arena *from, tally_text text);
bool arena_copied(tally_text source, tally_text copy);
/* Takes all back, keeping one block for the next use. */
void arena_reset(arena *from);
void arena_free(arena *from);

tally_text text_of(const char *string);
bool text_equal(tally_text a, tally_text b);
/* Orders by bytes, shorter first where one begins the other. */
int text_compare(tally_text a, tally_text b);

#define ARENA_ARRAY(from, type, count) ((type *)arena_array((from), sizeof(type), (count)))
void *arena_array(arena *from, size_t size, size_t count);

#endif
