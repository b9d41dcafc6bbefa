/* record.c - a VFS that hands everything to the real one, and writes down what reaches the disk. */
#include "record.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

typedef struct recorded_file {
  sqlite3_file base;
  int name; /* -1: one that no power cut matters to */
  sqlite3_file *real;
} recorded_file;

static struct {
  record log;
  sqlite3_vfs vfs, *real;
  char path[512];
  int live[NAME_COUNT]; /* the file that a name stands for; -1: none */
  mutation mutated;
  bool opens_again; /* after a kill */
  size_t own_from;  /* in a record that was resumed: the events before are another's */
  sqlite3_syscall_ptr open_folder;
} state;

static const char *const suffixes[NAME_COUNT] = {"", "-wal", "-journal"};
static const char *const event_names[EVENT_KINDS] = {"create", "remove", "write", "truncate", "sync", "folder sync"};

const char *record_suffix(int name) {
  return suffixes[name];
}

const char *record_event_name(event_kind kind) {
  return event_names[kind];
}

size_t record_place(void) {
  return state.log.count;
}

static int name_of(const char *path) {
  size_t length = strlen(state.path);
  if (path == NULL || strncmp(path, state.path, length) != 0) return -1;
  for (int i = 0; i < NAME_COUNT; i++) {
    if (strcmp(path + length, suffixes[i]) == 0) return i;
  }
  return -1;
}

static void add(event_kind kind, int name, size_t offset, size_t length, const void *bytes) {
  record *log = &state.log;
  if (log->count == log->room) {
    log->room = log->room ? 2 * log->room : 1024;
    log->events = realloc(log->events, log->room * sizeof *log->events);
    assert(log->events);
  }
  event *made = &log->events[log->count++];
  *made = (event){.kind = kind, .name = name, .file = name < 0 ? -1 : state.live[name], .offset = offset};
  made->length = length;
  if (bytes) {
    made->bytes = malloc(length ? length : 1);
    assert(made->bytes);
    memcpy(made->bytes, bytes, length);
  }
  log->of_kind[kind]++;
}

/* ---- A file's methods ------------------------------------------------------------------------------------------ */
static recorded_file *of(sqlite3_file *file) {
  return (recorded_file *)file;
}

static sqlite3_file *real(sqlite3_file *file) {
  return of(file)->real;
}

static int f_close(sqlite3_file *file) {
  return real(file)->pMethods ? real(file)->pMethods->xClose(real(file)) : SQLITE_OK;
}

static int f_read(sqlite3_file *file, void *bytes, int length, sqlite3_int64 offset) {
  return real(file)->pMethods->xRead(real(file), bytes, length, offset);
}

static int f_write(sqlite3_file *file, const void *bytes, int length, sqlite3_int64 offset) {
  int name = of(file)->name, status = real(file)->pMethods->xWrite(real(file), bytes, length, offset);
  if (status == SQLITE_OK && name >= 0) add(EVENT_WRITE, name, (size_t)offset, (size_t)length, bytes);
  return status;
}

static int f_truncate(sqlite3_file *file, sqlite3_int64 size) {
  int status = real(file)->pMethods->xTruncate(real(file), size);
  if (status == SQLITE_OK && of(file)->name >= 0) add(EVENT_TRUNCATE, of(file)->name, (size_t)size, 0, NULL);
  return status;
}

/* The real VFS syncs the folder of a new log or journal within its first sync: open_folder sees that. */
static int f_sync(sqlite3_file *file, int flags) {
  int status = real(file)->pMethods->xSync(real(file), flags);
  bool deaf = state.opens_again && state.mutated == MUTATE_NO_OPENING;
  if (status == SQLITE_OK && of(file)->name >= 0 && !deaf) add(EVENT_SYNC, of(file)->name, 0, 0, NULL);
  return status;
}

static int f_size(sqlite3_file *file, sqlite3_int64 *size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}

static int f_lock(sqlite3_file *file, int lock) {
  return real(file)->pMethods->xLock(real(file), lock);
}

static int f_unlock(sqlite3_file *file, int lock) {
  return real(file)->pMethods->xUnlock(real(file), lock);
}

static int f_reserved(sqlite3_file *file, int *result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}

/* Under the mutation the core's PRAGMA synchronous = FULL is swallowed, and reading it back gives what it wants to see. */
static int f_control(sqlite3_file *file, int op, void *argument) {
  if (op == SQLITE_FCNTL_PRAGMA && state.mutated == MUTATE_NORMAL) {
    char **words = argument;
    bool asked = sqlite3_stricmp(words[1], "synchronous") == 0;
    if (asked && words[2] == NULL) words[0] = sqlite3_mprintf("2");
    if (asked && (words[2] == NULL || sqlite3_stricmp(words[2], "FULL") == 0)) return SQLITE_OK;
  }
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}

static int f_sector(sqlite3_file *file) {
  return real(file)->pMethods->xSectorSize(real(file));
}

static int f_device(sqlite3_file *file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int f_shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **memory) {
  return real(file)->pMethods->xShmMap(real(file), region, size, extend, memory);
}

static int f_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void f_shm_barrier(sqlite3_file *file) {
  real(file)->pMethods->xShmBarrier(real(file));
}

static int f_shm_unmap(sqlite3_file *file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

/* Version 2: without xFetch nothing is read or written past these methods. */
static const sqlite3_io_methods methods = {
    2,         f_close,  f_read,   f_write,   f_truncate, f_sync,        f_size,      f_lock, f_unlock, f_reserved,
    f_control, f_sector, f_device, f_shm_map, f_shm_lock, f_shm_barrier, f_shm_unmap, NULL,   NULL};

/* ---- The folder ------------------------------------------------------------------------------------------------ */
static int v_open(sqlite3_vfs *vfs, sqlite3_filename path, sqlite3_file *file, int flags, int *out_flags) {
  (void)vfs;
  recorded_file *opened = of(file);
  opened->real = (sqlite3_file *)(opened + 1);
  opened->name = name_of(path);
  int status = state.real->xOpen(state.real, path, opened->real, flags, out_flags);
  file->pMethods = status == SQLITE_OK ? &methods : NULL;
  if (status != SQLITE_OK || opened->name < 0 || state.live[opened->name] >= 0) return status;
  state.live[opened->name] = state.log.files++;
  add(EVENT_CREATE, opened->name, 0, 0, NULL);
  return status;
}

/* The name goes first: within the real removal the folder may be synced. */
static int v_delete(sqlite3_vfs *vfs, const char *path, int sync_folder) {
  (void)vfs;
  int name = name_of(path);
  if (name >= 0 && state.live[name] >= 0) {
    add(EVENT_REMOVE, name, 0, 0, NULL);
    state.live[name] = -1;
  }
  return state.real->xDelete(state.real, path, sync_folder);
}

/* The real VFS opens the folder only to sync it. */
static int open_folder(const char *path, int *folder) {
  int status = ((int (*)(const char *, int *))state.open_folder)(path, folder);
  if (status == SQLITE_OK && name_of(path) >= 0) add(EVENT_SYNC_FOLDER, -1, 0, 0, NULL);
  return status;
}

/* Runs on each new connection, before the core sets anything. */
static int set_normal(sqlite3 *database, const char **message, const void *routines) {
  (void)message;
  (void)routines;
  return sqlite3_exec(database, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
}

static void take_place(const char *path) {
  state.real = sqlite3_vfs_find("unix");
  assert(state.real && strlen(path) < sizeof state.path);
  strcpy(state.path, path);
  state.vfs = *state.real;
  state.vfs.zName = "power";
  state.vfs.szOsFile = (int)sizeof(recorded_file) + state.real->szOsFile;
  state.vfs.xOpen = v_open;
  state.vfs.xDelete = v_delete;
  state.open_folder = state.real->xGetSystemCall(state.real, "openDirectory");
  int status = state.real->xSetSystemCall(state.real, "openDirectory", (sqlite3_syscall_ptr)open_folder);
  assert(status == SQLITE_OK);
  if (state.mutated == MUTATE_NORMAL) status = sqlite3_auto_extension((void (*)(void))set_normal);
  assert(status == SQLITE_OK);
  status = sqlite3_vfs_register(&state.vfs, 1);
  assert(status == SQLITE_OK);
}

void record_start(const char *path, mutation mutated) {
  state.mutated = mutated;
  for (int i = 0; i < NAME_COUNT; i++) state.live[i] = -1;
  take_place(path);
}

static void forget_resumed(void) {
  for (size_t i = state.own_from; i < state.log.count; i++) free(state.log.events[i].bytes);
  free(state.log.events);
}

void record_resume(const char *path, const record *before, size_t place) {
  if (state.own_from) forget_resumed();
  state.own_from = place;
  state.opens_again = true;
  state.log = (record){.room = place + 1, .count = place, .files = before->files};
  state.log.events = calloc(state.log.room, sizeof *state.log.events);
  assert(state.log.events);
  for (int i = 0; i < NAME_COUNT; i++) state.live[i] = -1;
  for (size_t i = 0; i < place; i++) {
    const event *done = &before->events[i];
    state.log.events[i] = *done;
    if (done->kind == EVENT_CREATE) state.live[done->name] = done->file;
    if (done->kind == EVENT_REMOVE) state.live[done->name] = -1;
  }
  take_place(path);
}

void record_opened(void) {
  state.opens_again = false;
}

const record *record_stop(void) {
  sqlite3_reset_auto_extension();
  state.real->xSetSystemCall(state.real, "openDirectory", NULL);
  sqlite3_vfs_register(state.real, 1);
  return &state.log;
}
