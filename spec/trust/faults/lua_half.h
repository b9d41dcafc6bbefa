/* lua_half.h - scenarios written in Lua, run over the same ledger. */
#ifndef FAULTS_LUA_HALF_H
#define FAULTS_LUA_HALF_H

#include "world.h"

/* Makes a state whose allocator can fail; bytes counts what it holds. The chunk is what lua_act runs. */
void lua_half_begin(world *in, const char *chunk, long long *bytes);
void lua_half_end(world *in);
/* Prints the names of a ledger's methods, one a line. */
int lua_half_methods(void);
/* Opens the ledger, with a script where it is to be scripted; runs the chunk; runs the next command; closes the ledger and collects all that is left. */
void lua_half_open(world *in, bool scripted);
tally_code lua_half_act(world *in);
/* Mixes what the chunk gave into the answer. */
void lua_half_tell(world *in);
tally_code lua_half_next(world *in);
bool lua_half_close(world *in);

#endif
