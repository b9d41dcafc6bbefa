/* ask.h - a command in plain bytes, which another process can ask for again, and its answer. */
#ifndef PROCESSES_ASK_H
#define PROCESSES_ASK_H

#include <tallystick.h>

enum { NAME_BYTES = 24, KEY_BYTES = 64, CONSULTATIONS_MAX = 3, LINE_BYTES = 512 };

typedef struct question {
  tally_command command;
  char key[KEY_BYTES];
  char number[NAME_BYTES], patient[NAME_BYTES], to[NAME_BYTES], document[NAME_BYTES], payment[NAME_BYTES];
  char type[NAME_BYTES], reason[NAME_BYTES];
  char consultations[CONSULTATIONS_MAX][NAME_BYTES];
  size_t consultation_count;
  int64_t amount_minor; /* 0: none is said */
  int32_t through;
  bool reopen;
  bool dry_run;
} question;

typedef struct reply {
  tally_code code;
  char number[NAME_BYTES]; /* of what was made */
  int64_t act;
  char document[NAME_BYTES]; /* the only one that was touched */
  tally_status status;
  int64_t remaining_minor;
  int64_t minor; /* of the payment or transfer, or what is charged on the document that was made */
  bool replayed;
} reply;

/* Asks, and gives the answer's code. now_ms 0: the system's clock. */
tally_code ask(tally_ledger *ledger, const question *wanted, int64_t now_ms, reply *answer);
/* Says whether two answers are the same, `replayed` apart. */
bool same_answer(const reply *a, const reply *b);
/* Says whether a code refuses a command by the rules, and is no fault of the machine's. */
bool is_refusal(tally_code code);
/* Writes a command as a line of the command log, or an answer as one of its results. */
void print_asked(const question *wanted, char line[LINE_BYTES]);
void print_answered(const reply *answer, char line[LINE_BYTES]);

#endif
