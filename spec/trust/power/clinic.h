/* clinic.h - a clinic at work, from a seed: what it asked of its ledger, and what was acknowledged when. */
#ifndef POWER_CLINIC_H
#define POWER_CLINIC_H

#include <tallystick.h>

#include "record.h"

enum { STEPS_MAX = 4, NAME_BYTES = 24, LIST_MAX = 3 };

/* One command as it was asked for, so that it can be asked for again, and its answer. */
typedef struct step {
  tally_command command;
  char key[NAME_BYTES], patient[NAME_BYTES], to[NAME_BYTES], document[NAME_BYTES], payment[NAME_BYTES];
  char consultations[LIST_MAX][NAME_BYTES];
  size_t consultation_count;
  const char *type, *reason;
  int64_t amount_minor; /* 0: none is said */
  int32_t through;
  /* the answer */
  char number[NAME_BYTES];
  int64_t answered_minor; /* of the payment or the document that was made */
  bool is_payment;
} step;

/* What is acknowledged together: a command, or a transaction of several. */
typedef struct unit {
  step steps[STEPS_MAX];
  size_t count;
  bool in_transaction;
  int64_t now_ms;
  size_t place;    /* in the record, when it was acknowledged */
  tally_head head; /* after it */
  bool salted;     /* its entries hold a commitment to a text, which is another one each time */
} unit;

typedef struct clinic {
  uint64_t seed;
  mutation mutated;
  unit *units;
  size_t unit_count, refused;
  size_t opened_place; /* in the record, when the new ledger was acknowledged */
  char id[37];
  uint8_t (*chain)[32]; /* the hash of each entry, from seq 1 on */
  size_t of_command[TALLY_COMMAND_LAST_WRITING + 1];
} clinic;

/* Works through a number of units on a new ledger; ends the program where the ledger fails. */
void clinic_work(clinic *in, const char *path, size_t units);
/* How many units were acknowledged when the record had come to a place. */
size_t clinic_acknowledged(const clinic *in, size_t place);
void clinic_free(clinic *in);

typedef struct answer {
  char number[NAME_BYTES];
  int64_t minor;
  bool is_payment, replayed;
} answer;
/* Asks for a unit again, and gives the answers, a step each. */
tally_code clinic_ask(const clinic *in, tally_ledger *ledger, const unit *asked, answer answers[STEPS_MAX]);

#endif
