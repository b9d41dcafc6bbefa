/* making.c - all make the same new file at the same time. */
#include <stdio.h>
#include <string.h>

#include "crowd.h"

enum { VISITS = 2 };

typedef struct making {
  const scene *in;
  size_t rounds;
  gate begun, made;
  char ids[CROWD][40];
  char numbers[CROWD][VISITS][NAME_BYTES];
} making;

static void name_round(const making *at, size_t round, char path[PATH_BYTES]) {
  char name[NAME_BYTES];
  snprintf(name, sizeof name, "%zu", round);
  name_file(at->in, name, path);
}

static void look(const making *at) {
  for (size_t i = 0; i < CROWD; i++) {
    check(at->in, strcmp(at->ids[0], at->ids[i]) == 0, "there are two ledgers: %s and %s", at->ids[0], at->ids[i]);
    for (size_t k = 0; k < CROWD * VISITS; k++) {
      const char *one = at->numbers[i][0], *other = at->numbers[k / VISITS][k % VISITS];
      if (one != other && strcmp(one, other) == 0) wrong(at->in, "%s was given twice", one);
    }
  }
}

static void make(making *at, size_t round, size_t index) {
  char path[PATH_BYTES];
  tally_info info;
  question visit = {.command = TALLY_COMMAND_CONSULTATION, .patient = "P1", .amount_minor = 100};
  name_round(at, round, path);
  gate_pass(&at->begun, CROWD);
  tally_ledger *ledger = open_ledger(at->in, path, PATIENT_MS);
  if (tally_read_info(ledger, &info)) wrong(at->in, "info: %s", tally_error_message(ledger));
  snprintf(at->ids[index], sizeof at->ids[index], "%s", info.id);
  for (size_t i = 0; i < VISITS; i++) {
    reply answer;
    expect(at->in, ledger, &visit, TALLY_OK, &answer);
    memcpy(at->numbers[index][i], answer.number, NAME_BYTES);
  }
  tally_close(ledger);
  gate_pass(&at->made, CROWD);
}

static void work(void *with, size_t index) {
  making *at = with;
  for (size_t round = 0; round < at->rounds; round++) {
    make(at, round, index);
    if (index == 0) look(at);
    if (index == 0) atomic_fetch_add(&at->in->verdict->faults, 1);
    gate_pass(&at->made, CROWD);
  }
}

void play_making(const scene *in) {
  making *at = share(sizeof *at);
  at->in = in;
  at->rounds = times(in, 40, 1500);
  run_crowd(in, CROWD, work, at);
  for (size_t round = 0; round < at->rounds; round++) {
    char path[PATH_BYTES];
    book found;
    name_round(at, round, path);
    if (read_book(in, path, &found)) {
      check(in, found.count == CROWD * VISITS, "ledger %zu has %zu acts", round, found.count);
      remove(path);
    }
    book_free(&found);
  }
  unshare(at, sizeof *at);
}
