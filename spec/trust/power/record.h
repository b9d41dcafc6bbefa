/* record.h - what a ledger asked of the disk, in order and with contents: a SQLite VFS that writes it down. */
#ifndef POWER_RECORD_H
#define POWER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum event_kind {
  EVENT_CREATE, /* a name came into the folder, for a file of its own */
  EVENT_REMOVE, /* a name left the folder */
  EVENT_WRITE,
  EVENT_TRUNCATE,
  EVENT_SYNC,
  EVENT_SYNC_FOLDER,
  EVENT_KINDS
} event_kind;

/* The files beside one another: the ledger, its log, its rollback journal. */
enum { NAME_MAIN, NAME_LOG, NAME_JOURNAL, NAME_COUNT };

typedef struct event {
  event_kind kind;
  int name;
  int file; /* the how-manieth that was created: a name that was removed comes back with another one */
  size_t offset, length;
  unsigned char *bytes; /* of a write */
} event;

typedef struct record {
  event *events;
  size_t count, room;
  int files; /* how many were created */
  size_t of_kind[EVENT_KINDS];
} record;

/* The protections that can be taken out, so that the harness itself is tested. */
typedef enum mutation {
  MUTATE_NOTHING,
  MUTATE_NORMAL,         /* the engine runs with synchronous=NORMAL, and says it is FULL */
  MUTATE_NO_SYNC,        /* no sync of a file or of the folder has an effect */
  MUTATE_NO_FOLDER,      /* no sync of the folder has one */
  MUTATE_NO_TRANSACTION, /* what belongs together is committed one by one */
  MUTATE_NO_KEY,         /* what was under way is asked for again without its key */
  MUTATE_NO_OPENING,     /* no sync that opening makes after a kill has an effect */
  MUTATIONS
} mutation;

/* Makes the recording VFS the default one. The record is one for the process: SQLite's own interface has no other place. */
void record_start(const char *path, mutation mutated);
/* Goes on with the first `place` events of a record, for files that stand elsewhere now: another process opens what the
 * first one left when it was killed. */
void record_resume(const char *path, const record *before, size_t place);
/* Says that the ledger is open now in this other process. */
void record_opened(void);
/* Gives the real VFS its place back; the record stays until the process ends. */
const record *record_stop(void);
/* How many events there are so far: a place in the record. */
size_t record_place(void);
/* The name that SQLite puts behind the ledger's for each file. */
const char *record_suffix(int name);
const char *record_event_name(event_kind kind);

#endif
