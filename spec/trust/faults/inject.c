/* inject.c - the counters, and what stands in front of malloc, SQLite's allocator, Lua's and the disk. */
#include "inject.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
  fault_kind kind;
  long n, seen, failed;
  bool armed, forever;
  mutation mutation;
  long blocks;
} state;

static const struct {
  const char *name;
  int code;
} kinds[FAULT_KIND_COUNT] = {
#define X(symbol, name, code) {name, code},
    FAULT_KINDS(X)
#undef X
};

const char *fault_name(fault_kind kind) {
  return kinds[kind].name;
}

void fault_arm(fault_kind kind, long n, bool forever) {
  state.kind = kind;
  state.n = n;
  state.forever = forever;
  state.seen = state.failed = 0;
  state.armed = true;
}

long fault_disarm(void) {
  state.armed = false;
  return state.seen;
}

long fault_count(void) {
  return state.failed;
}

long fault_blocks(void) {
  return state.blocks;
}

long long fault_sqlite_bytes(void) {
  return sqlite3_memory_used();
}

/* Lua collects its garbage and asks once more where an allocation failed: one fault is two refusals. */
static bool fails(fault_kind kind) {
  if (!state.armed || state.kind != kind) return false;
  state.seen++;
  long last = state.forever ? state.seen : state.n + (kind == FAULT_LUA);
  if (state.seen < state.n || state.seen > last) return false;
  state.failed++;
  return true;
}

/* ---- The library's own allocations: the linker sends them here (--wrap) ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

static void *counted(void *made) {
  if (made) state.blocks++;
  return made;
}

void *__wrap_malloc(size_t size) {
  return fails(FAULT_MEMORY) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
  return fails(FAULT_MEMORY) ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size) {
  if (fails(FAULT_MEMORY)) return NULL;
  if (old) return __real_realloc(old, size);
  return counted(__real_realloc(old, size));
}

void __wrap_free(void *old) {
  if (old) state.blocks--;
  __real_free(old);
}

/* ---- SQLite's ---- */

static sqlite3_mem_methods memory;

static void *sqlite_malloc(int size) {
  if (!fails(FAULT_SQLITE)) return memory.xMalloc(size);
  if (state.mutation == MUTATION_LEAK && state.failed == 1) sqlite3_malloc(64);
  return NULL;
}

static void *sqlite_realloc(void *old, int size) {
  return fails(FAULT_SQLITE) ? NULL : memory.xRealloc(old, size);
}

/* ---- Lua's ---- */

void *fault_lua_allocate(void *user_data, void *old, size_t old_size, size_t size) {
  long long *bytes = user_data;
  if (old == NULL) old_size = 0; /* there it is a kind of object */
  if (size > old_size && fails(FAULT_LUA)) return NULL;
  *bytes += (long long)size - (long long)old_size;
  if (size > 0) return __real_realloc(old, size);
  __real_free(old);
  return NULL;
}

/* ---- The disk ---- */

typedef struct shim_file {
  sqlite3_file base;
  sqlite3_file *real;
} shim_file;

static sqlite3_vfs *disk;

static sqlite3_file *real_of(sqlite3_file *file) {
  return ((shim_file *)file)->real;
}

/* Gives SQLITE_OK, or the code with which the call is to fail. */
static int status_of(fault_kind kind) {
  return fails(kind) ? kinds[kind].code : SQLITE_OK;
}

static int shim_close(sqlite3_file *file) {
  return real_of(file)->pMethods->xClose(real_of(file));
}

static int shim_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at) {
  int status = status_of(FAULT_READ);
  return status ? status : real_of(file)->pMethods->xRead(real_of(file), bytes, count, at);
}

static int shim_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at) {
  int status = status_of(FAULT_WRITE);
  if (!status) status = status_of(FAULT_FULL);
  if (!status) return real_of(file)->pMethods->xWrite(real_of(file), bytes, count, at);
  return state.mutation == MUTATION_IGNORE ? SQLITE_OK : status;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int status = status_of(FAULT_TRUNCATE);
  return status ? status : real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int shim_sync(sqlite3_file *file, int flags) {
  int status = status_of(FAULT_SYNC);
  return status ? status : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size) {
  int status = status_of(FAULT_SIZE);
  return status ? status : real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int shim_lock(sqlite3_file *file, int level) {
  int status = status_of(FAULT_LOCK);
  if (!status) status = status_of(FAULT_BUSY);
  return status ? status : real_of(file)->pMethods->xLock(real_of(file), level);
}

static int shim_unlock(sqlite3_file *file, int level) {
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int shim_reserved(sqlite3_file *file, int *held) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), held);
}

static int shim_control(sqlite3_file *file, int operation, void *argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int shim_sector(sqlite3_file *file) {
  return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int shim_device(sqlite3_file *file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shim_map(sqlite3_file *file, int region, int size, int extend, void volatile **address) {
  int status = status_of(FAULT_SHM_MAP);
  if (!status) return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, address);
  *address = NULL;
  return status;
}

/* Letting go of a lock does not fail. */
static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  int status = flags & SQLITE_SHM_LOCK ? status_of(FAULT_SHM_LOCK) : SQLITE_OK;
  if (!status && flags & SQLITE_SHM_LOCK) status = status_of(FAULT_SHM_BUSY);
  return status ? status : real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shim_barrier(sqlite3_file *file) {
  real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shim_unmap(sqlite3_file *file, int delete) {
  return real_of(file)->pMethods->xShmUnmap(real_of(file), delete);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2, /* no mapping of the file itself: each read is a call */
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_barrier,
    .xShmUnmap = shim_unmap,
};

static int shim_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *given) {
  shim_file *shim = (shim_file *)file;
  (void)vfs;
  shim->base.pMethods = NULL;
  shim->real = (sqlite3_file *)(void *)(shim + 1);
  int status = status_of(FAULT_OPEN);
  if (!status) status = disk->xOpen(disk, name, shim->real, flags, given);
  if (!status) shim->base.pMethods = &shim_methods;
  return status;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync) {
  (void)vfs;
  int status = status_of(FAULT_DELETE);
  return status ? status : disk->xDelete(disk, name, sync);
}

static int shim_access(sqlite3_vfs *vfs, const char *name, int flags, int *found) {
  (void)vfs;
  int status = status_of(FAULT_ACCESS);
  return status ? status : disk->xAccess(disk, name, flags, found);
}

/* Nobody else is there to wait for. */
static int shim_sleep(sqlite3_vfs *vfs, int microseconds) {
  (void)vfs;
  return microseconds;
}

void fault_setup(mutation which) {
  static sqlite3_vfs shim;
  static sqlite3_mem_methods failing;
  state.mutation = which;
  sqlite3_config(SQLITE_CONFIG_SINGLETHREAD); /* so that verify keeps to one thread, and calls come in one order */
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1);
  sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0); /* every allocation is one that may fail */
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory);
  failing = memory;
  failing.xMalloc = sqlite_malloc;
  failing.xRealloc = sqlite_realloc;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
  if (sqlite3_initialize() != SQLITE_OK) exit(2);
  disk = sqlite3_vfs_find(NULL);
  shim = *disk;
  shim.zName = "faults";
  shim.szOsFile = (int)sizeof(shim_file) + disk->szOsFile;
  shim.xOpen = shim_open;
  shim.xDelete = shim_delete;
  shim.xAccess = shim_access;
  shim.xSleep = shim_sleep;
  sqlite3_vfs_register(&shim, 1);
}
