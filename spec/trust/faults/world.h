/* world.h - a ledger under test: its file, what is done to it, and what it answers. */
#ifndef FAULTS_WORLD_H
#define FAULTS_WORLD_H

#include <lua.h>
#include <stdint.h>

#include "tallystick.h"

typedef struct world {
  char path[128], copy[160]; /* the ledger's file, and where a backup goes */
  tally_ledger *ledger;
  tally_request *request;
  uint64_t answer; /* a digest of all that was answered */
  char said[256];  /* the last error's sentence */
  lua_State *L;    /* NULL in scenarios in C */
} world;

/* Mixes bytes, text and a number into a digest. */
void mix(uint64_t *digest, const void *bytes, size_t count);
void mix_text(uint64_t *digest, tally_text text);
void mix_number(uint64_t *digest, int64_t number);
void mix_document(uint64_t *digest, const tally_document *document);
void mix_payment(uint64_t *digest, const tally_payment *payment);

/* Digests all that a ledger answers: documents, payments, entries, patients, totals, closings, stages, followers. */
tally_code read_state(tally_ledger *ledger, tally_request *request, uint64_t *digest);

/* Runs steps ("pay document=C-00001 amount=5.00; head"), to the first that fails, whose code it gives. */
tally_code run_steps(world *in, const char *steps);

/* What is on the file's three paths goes away. */
void remove_files(const char *path);
void copy_file(const char *from, const char *to);

#endif
