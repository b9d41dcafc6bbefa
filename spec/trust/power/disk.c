/* disk.c - rebuilds the files at a power cut. */
#include "disk.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR_BYTES = 512, NO_FILE = -1 };

struct disk {
  const record *of;
  mutation mutated;
  size_t cut;             /* so many events came to their end */
  size_t asked;           /* and so many were asked for: one more, where there is one */
  content *synced;        /* by file: as of its last sync */
  size_t *synced_through; /* by file: events before this one are in it */
  size_t folder_through;  /* names are as of this event */
  int names[NAME_COUNT];  /* the file that a name surely stands for; NO_FILE: none */
  content image;
};

static const char *const loss_names[LOSSES] = {"all lost", "all kept", "some writes", "some sectors", "garbage"};

const char *disk_loss_name(loss how) {
  return loss_names[how];
}

/* SplitMix64 (Steele, Lea and Flood, 2014). */
uint64_t dice(uint64_t *seed) {
  uint64_t x = *seed += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

disk *disk_new(const record *of, mutation mutated) {
  disk *in = calloc(1, sizeof *in);
  assert(in);
  in->of = of;
  in->mutated = mutated;
  in->synced = calloc((size_t)of->files, sizeof *in->synced);
  in->synced_through = calloc((size_t)of->files, sizeof *in->synced_through);
  assert(in->synced && in->synced_through);
  for (int i = 0; i < NAME_COUNT; i++) in->names[i] = NO_FILE;
  return in;
}

void disk_free(disk *in) {
  for (int i = 0; i < in->of->files; i++) free(in->synced[i].bytes);
  free(in->synced);
  free(in->synced_through);
  free(in->image.bytes);
  free(in);
}

/* Sets the length; what is new reads as zeros. */
static void set_length(content *file, size_t length) {
  if (length > file->room) {
    file->room = 2 * length;
    file->bytes = realloc(file->bytes, file->room);
    assert(file->bytes);
  }
  if (length > file->length) memset(file->bytes + file->length, 0, length - file->length);
  file->length = length;
}

static void put(content *file, const event *done, size_t from, size_t length) {
  if (done->offset + from + length > file->length) set_length(file, done->offset + from + length);
  memcpy(file->bytes + done->offset + from, done->bytes + from, length);
}

static void apply(content *file, const event *done) {
  if (done->kind == EVENT_WRITE) put(file, done, 0, done->length);
  if (done->kind == EVENT_TRUNCATE) set_length(file, done->offset);
}

static bool changes(const event *done, int file) {
  return done->file == file && (done->kind == EVENT_WRITE || done->kind == EVENT_TRUNCATE);
}

static bool renames(const event *done) {
  return done->kind == EVENT_CREATE || done->kind == EVENT_REMOVE;
}

static void sync_file(disk *in, int file, size_t through) {
  for (size_t i = in->synced_through[file]; i < through; i++) {
    if (changes(&in->of->events[i], file)) apply(&in->synced[file], &in->of->events[i]);
  }
  in->synced_through[file] = through;
}

static void name_file(int names[NAME_COUNT], const event *done) {
  names[done->name] = done->kind == EVENT_CREATE ? done->file : NO_FILE;
}

static void sync_folder(disk *in, size_t through) {
  for (size_t i = in->folder_through; i < through; i++) {
    if (renames(&in->of->events[i])) name_file(in->names, &in->of->events[i]);
  }
  in->folder_through = through;
}

void disk_advance(disk *in, size_t cut) {
  assert(cut >= in->cut && cut <= in->of->count);
  bool files = in->mutated != MUTATE_NO_SYNC, folder = files && in->mutated != MUTATE_NO_FOLDER;
  for (size_t i = in->cut; i < cut; i++) {
    const event *done = &in->of->events[i];
    if (files && done->kind == EVENT_SYNC) sync_file(in, done->file, i);
    if (folder && done->kind == EVENT_SYNC_FOLDER) sync_folder(in, i);
  }
  in->cut = cut;
  in->asked = cut < in->of->count ? cut + 1 : cut;
}

size_t disk_pending(const disk *in) {
  size_t count = 0;
  for (size_t i = 0; i < in->asked; i++) {
    const event *done = &in->of->events[i];
    if (renames(done)) count += i >= in->folder_through;
    else if (done->file >= 0 && changes(done, done->file)) count += i >= in->synced_through[done->file];
  }
  return count;
}

/* ---- Images ---------------------------------------------------------------------------------------------------- */
static bool toss(uint64_t *seed) {
  return dice(seed) & 1;
}

/* Puts any of the sectors of a write; a sector is the disk's, so it is counted from the start of the file. */
static void tear(content *file, const event *done, uint64_t *seed) {
  for (size_t from = 0; from < done->length;) {
    size_t rest = SECTOR_BYTES - (done->offset + from) % SECTOR_BYTES;
    size_t length = rest < done->length - from ? rest : done->length - from;
    if (toss(seed)) put(file, done, from, length);
    from += length;
  }
}

static void lose(content *file, const event *done, loss how, uint64_t *seed) {
  bool by_sector = how == LOSS_SECTORS || how == LOSS_GARBAGE;
  if (by_sector && done->kind == EVENT_WRITE) tear(file, done, seed);
  else if (how == LOSS_NONE || toss(seed)) apply(file, done);
}

/* Lets a file have grown to all that was asked for, with bytes that nobody wrote. */
static void grow(disk *in, int file, uint64_t *seed) {
  size_t before = in->image.length, length = before;
  for (size_t i = in->synced_through[file]; i < in->asked; i++) {
    const event *done = &in->of->events[i];
    if (!changes(done, file) || done->kind != EVENT_WRITE) continue;
    if (done->offset + done->length > length) length = done->offset + done->length;
  }
  set_length(&in->image, length);
  for (size_t i = before; i < length; i++) in->image.bytes[i] = (unsigned char)dice(seed);
}

static void build(disk *in, int file, loss how, uint64_t *seed) {
  const content *synced = &in->synced[file];
  set_length(&in->image, synced->length);
  if (synced->length) memcpy(in->image.bytes, synced->bytes, synced->length);
  if (how == LOSS_ALL) return;
  if (how == LOSS_GARBAGE) grow(in, file, seed);
  for (size_t i = in->synced_through[file]; i < in->asked; i++) {
    if (changes(&in->of->events[i], file)) lose(&in->image, &in->of->events[i], how, seed);
  }
}

/* Each name has come through some of its changes since the folder was synced, from the first on. */
static void choose_names(const disk *in, loss how, uint64_t *seed, int names[NAME_COUNT]) {
  bool stopped[NAME_COUNT] = {false};
  memcpy(names, in->names, sizeof in->names);
  for (size_t i = in->folder_through; i < in->asked; i++) {
    const event *done = &in->of->events[i];
    if (!renames(done) || stopped[done->name]) continue;
    stopped[done->name] = how == LOSS_ALL || (how != LOSS_NONE && toss(seed));
    if (!stopped[done->name]) name_file(names, done);
  }
}

static void save(const content *image, const char *path) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert(file >= 0);
  for (size_t done = 0; done < image->length;) {
    ssize_t wrote = write(file, image->bytes + done, image->length - done);
    assert(wrote > 0);
    done += (size_t)wrote;
  }
  close(file);
}

void disk_write(disk *in, loss how, uint64_t seed, const char *path) {
  int names[NAME_COUNT];
  char full[600];
  snprintf(full, sizeof full, "%s-shm", path);
  unlink(full);
  choose_names(in, how, &seed, names);
  for (int i = 0; i < NAME_COUNT; i++) {
    snprintf(full, sizeof full, "%s%s", path, record_suffix(i));
    unlink(full);
    if (names[i] == NO_FILE) continue;
    build(in, names[i], how, &seed);
    save(&in->image, full);
  }
}
