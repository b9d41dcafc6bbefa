/* diary.c - a file of entries of one size, a worker each. */
#include "diary.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trial.h"

enum { TOLD_UNITS = 3 };

static void name_file(const char *ledger, size_t worker, char path[PATH_BYTES]) {
  snprintf(path, PATH_BYTES, "%s-diary-%zu", ledger, worker);
}

static void fail_with(const char *what) {
  perror(what);
  _exit(2);
}

int diary_open(const char *ledger, size_t worker) {
  char path[PATH_BYTES];
  struct stat facts;
  name_file(ledger, worker, path);
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0 || fstat(file, &facts) != 0) fail_with(path);
  off_t whole = facts.st_size - facts.st_size % (off_t)sizeof(diary_entry);
  if (whole != facts.st_size && ftruncate(file, whole) != 0) fail_with(path);
  return file;
}

void diary_add(int file, const diary_entry *added) {
  if (write(file, added, sizeof *added) != (ssize_t)sizeof *added) fail_with("the diary");
}

static void add_done(diary *out, const unit *done) {
  if (out->count == out->room) {
    out->room = out->room ? out->room * 2 : 64;
    out->done = realloc(out->done, out->room * sizeof *out->done);
    if (out->done == NULL) fail_with("the diary");
  }
  out->done[out->count++] = *done;
}

static void take(diary *out, const diary_entry *entry) {
  switch (entry->kind) {
  case DIARY_OPENED:
    memcpy(out->id, entry->id, sizeof out->id);
    break;
  case DIARY_ASKED:
    out->under_way = entry->of;
    out->has_under_way = true;
    break;
  case DIARY_ANSWERED:
    add_done(out, &entry->of);
    out->has_under_way = false;
    break;
  }
}

void diary_read(const char *ledger, size_t worker, diary *out) {
  char path[PATH_BYTES];
  diary_entry *entry = malloc(sizeof *entry);
  *out = (diary){0};
  name_file(ledger, worker, path);
  FILE *file = fopen(path, "rb");
  if (entry == NULL) fail_with(path);
  while (file && fread(entry, sizeof *entry, 1, file) == 1) take(out, entry);
  if (file) fclose(file);
  free(entry);
}

static void tell_unit(const unit *of, bool is_answered, FILE *out) {
  char line[LINE_BYTES];
  for (size_t i = 0; i < of->count; i++) {
    print_asked(&of->steps[i], line);
    fprintf(out, "    %s%s\n", line, of->together ? " (in a transaction)" : "");
    if (is_answered && of->code == TALLY_OK) print_answered(&of->answers[i], line);
    else snprintf(line, sizeof line, "%s", is_answered ? tally_code_name(of->code) : "not acknowledged");
    fprintf(out, "      %s\n", line);
  }
}

void diary_tell_last(const char *ledger, size_t worker, FILE *out) {
  diary read;
  diary_read(ledger, worker, &read);
  fprintf(out, "  worker %zu, %zu units:\n", worker, read.count);
  for (size_t i = read.count > TOLD_UNITS ? read.count - TOLD_UNITS : 0; i < read.count; i++) {
    tell_unit(&read.done[i], true, out);
  }
  if (read.has_under_way) tell_unit(&read.under_way, false, out);
  diary_free(&read);
}

void diary_free(diary *in) {
  free(in->done);
  *in = (diary){0};
}
