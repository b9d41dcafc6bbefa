/* disk.h - the disk as a power cut may leave it, from the record of what was asked of it.
 *
 * Of each file all that was written before its last sync is there. What came after may be there or not, write for write or
 * sector for sector. Names that came or went since the folder was last synced may have done so or not, each name in order.
 * The log's shared memory is never there. */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#include "record.h"

typedef enum loss {
  LOSS_ALL,     /* nothing that was not synced is there */
  LOSS_NONE,    /* all of it is */
  LOSS_WRITES,  /* any of the writes are: lost, or overtaken by later ones */
  LOSS_SECTORS, /* any of the sectors of the writes are */
  LOSS_GARBAGE, /* likewise, where the file grew at once and what was not written yet holds anything */
  LOSSES
} loss;

typedef struct content {
  unsigned char *bytes;
  size_t length, room;
} content;

typedef struct disk disk;
disk *disk_new(const record *of, mutation mutated);
void disk_free(disk *in);
/* Goes on to a cut: the first `cut` events came to their end, and the one after them was asked for. Cuts come in rising
 * order. */
void disk_advance(disk *in, size_t cut);
/* How many writes, truncations and names hang in the air at this cut. */
size_t disk_pending(const disk *in);
/* Puts the files into a folder. */
void disk_write(disk *in, loss how, uint64_t seed, const char *path);

const char *disk_loss_name(loss how);
/* A small generator: the same seed gives the same image everywhere. */
uint64_t dice(uint64_t *seed);

#endif
