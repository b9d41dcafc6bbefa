/* inject.h - makes the n-th call of a kind fail: allocations of SQLite, of the library and of Lua, and calls of the disk. */
#ifndef FAULTS_INJECT_H
#define FAULTS_INJECT_H

#include <stdbool.h>
#include <stddef.h>

/* X(SYMBOL, name, code that SQLite gets). */
#define FAULT_KINDS(X)                                                                                                \
  X(SQLITE, "sqlite-memory", SQLITE_NOMEM)                                                                            \
  X(MEMORY, "own-memory", SQLITE_NOMEM)                                                                               \
  X(LUA, "lua-memory", SQLITE_NOMEM)                                                                                  \
  X(READ, "read", SQLITE_IOERR_READ)                                                                                  \
  X(WRITE, "write", SQLITE_IOERR_WRITE)                                                                               \
  X(FULL, "disk-full", SQLITE_FULL)                                                                                   \
  X(SYNC, "sync", SQLITE_IOERR_FSYNC)                                                                                 \
  X(TRUNCATE, "truncate", SQLITE_IOERR_TRUNCATE)                                                                      \
  X(SIZE, "file-size", SQLITE_IOERR_FSTAT)                                                                            \
  X(LOCK, "lock", SQLITE_IOERR_LOCK)                                                                                  \
  X(BUSY, "lock-busy", SQLITE_BUSY)                                                                                   \
  X(SHM_MAP, "shm-map", SQLITE_IOERR_SHMMAP)                                                                          \
  X(SHM_LOCK, "shm-lock", SQLITE_IOERR_SHMLOCK)                                                                       \
  X(SHM_BUSY, "shm-busy", SQLITE_BUSY)                                                                                \
  X(OPEN, "open", SQLITE_CANTOPEN)                                                                                    \
  X(DELETE, "delete", SQLITE_IOERR_DELETE)                                                                            \
  X(ACCESS, "access", SQLITE_IOERR_ACCESS)

typedef enum fault_kind {
#define X(symbol, name, code) FAULT_##symbol,
  FAULT_KINDS(X)
#undef X
      FAULT_KIND_COUNT
} fault_kind;

/* What a mutation takes out: a failed write says that it went well; a fault leaks a little; a fault is kept from the
 * caller. Each must be found. */
typedef enum mutation { MUTATION_NONE, MUTATION_IGNORE, MUTATION_LEAK, MUTATION_HIDE } mutation;

const char *fault_name(fault_kind kind);
/* Puts the allocator and the shim under SQLite; before any other use of it. */
void fault_setup(mutation which);
/* From here on the n-th call of the kind fails (1 is the next), alone or with all that follow. */
void fault_arm(fault_kind kind, long n, bool forever);
/* Ends that, and gives how many calls of the kind there were. */
long fault_disarm(void);
/* How many calls failed since the last arming. */
long fault_count(void);
/* What the library holds by malloc, and what SQLite holds. */
long fault_blocks(void);
long long fault_sqlite_bytes(void);
/* An allocator for lua_newstate; user_data counts the bytes it holds. */
void *fault_lua_allocate(void *user_data, void *old, size_t old_size, size_t size);

#endif
