/* diary.h - what a worker asked and what it was answered, written down before it goes on: its acknowledgements. */
#ifndef KILL_DIARY_H
#define KILL_DIARY_H

#include <stdio.h>

#include "ask.h"

enum { STEPS_MAX = 4 };

/* What is acknowledged together: a command, or a transaction of several. */
typedef struct unit {
  question steps[STEPS_MAX];
  reply answers[STEPS_MAX];
  size_t count;
  bool together;
  tally_code code; /* refused, where it is not 0: nothing was written */
} unit;

typedef enum entry_kind { DIARY_OPENED = 1, DIARY_ASKED, DIARY_ANSWERED } entry_kind;

typedef struct diary_entry {
  entry_kind kind;
  char id[37]; /* of the ledger that was opened */
  unit of;
} diary_entry;

/* A worker's whole diary, read. */
typedef struct diary {
  unit *done; /* acknowledged, or refused */
  size_t count, room;
  unit under_way; /* asked, and not answered */
  bool has_under_way;
  char id[37]; /* "" where no opening was acknowledged */
} diary;

/* Opens it for adding. What a kill left of an entry is cut off: it was no acknowledgement yet. */
int diary_open(const char *ledger, size_t worker);
/* Adds an entry by one write; ends the process where that fails. */
void diary_add(int file, const diary_entry *added);
/* Reads it; ends the process where memory is out. */
void diary_read(const char *ledger, size_t worker, diary *out);
/* Prints its last units as lines of the command log, each with its answer. */
void diary_tell_last(const char *ledger, size_t worker, FILE *out);
void diary_free(diary *in);

#endif
