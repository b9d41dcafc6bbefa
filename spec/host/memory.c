/* memory.c - a ledger is opened again and again, and each time another allocation of SQLite's fails: it does not open, for want
 * of memory, or it opens with its whole script. An act that is made then must hold with all others. Prints what else happens,
 * and in the end whether the books hold. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tallystick.h"

static sqlite3_mem_methods memory;
static long left; /* until the one that fails; 0: none does */
static int failed;

static int fails(void) {
  if (left == 0 || --left > 0) return 0;
  failed = 1;
  return 1;
}

static void *give(int bytes) {
  return fails() ? NULL : memory.xMalloc(bytes);
}

static void *give_again(void *old, int bytes) {
  return fails() ? NULL : memory.xRealloc(old, bytes);
}

static void set_up(void) {
  static sqlite3_mem_methods failing;
  sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory);
  failing = memory;
  failing.xMalloc = give;
  failing.xRealloc = give_again;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &failing);
}

static void make(tally_ledger *ledger) {
  tally_result result;
  tally_request *request = tally_request_new();
  tally_request_begin(request, TALLY_COMMAND_CONSULTATION);
  tally_request_set_text(request, "patient", "P1", 2);
  tally_request_set_text(request, "amount", "1.00", 4);
  if (tally_execute(ledger, request, &result)) printf("%s\n", tally_error_message(ledger));
  tally_request_free(request);
}

/* Whether another allocation than this one may fail. */
static int open_without(const char *path, long which, size_t script_bytes) {
  tally_ledger *ledger;
  tally_options options = {0};
  failed = 0;
  left = which;
  tally_code code = tally_open(path, &options, &ledger);
  left = 0;
  if (code && code != TALLY_ERR_OUT_OF_MEMORY) printf("%ld: %s\n", which, tally_error_message(ledger));
  if (code == TALLY_OK && failed) {
    size_t found = tally_ledger_config(ledger)->script_text.length;
    if (found != script_bytes) printf("%ld: a script of %zu bytes\n", which, found);
    make(ledger);
  }
  tally_close(ledger);
  return failed;
}

static void verify(const char *path) {
  tally_ledger *ledger;
  tally_options options = {0};
  tally_verify *work = NULL;
  tally_code code = tally_open(path, &options, &ledger);
  if (!code) code = tally_verify_begin(ledger, NULL, &work);
  while (code == TALLY_OK) code = tally_verify_step(work);
  printf("%s\n", code == TALLY_DONE ? "holds" : tally_error_message(ledger));
  tally_verify_end(work);
  tally_close(ledger);
}

int main(int count, char **words) {
  if (count < 3) return 1;
  long which = 1;
  set_up();
  while (open_without(words[1], which, (size_t)atol(words[2]))) which++;
  if (which < 100) printf("only %ld allocations were met\n", which);
  verify(words[1]);
  return 0;
}
