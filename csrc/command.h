/* command.h - what the commands share: the act they build, and checks that more than one of them makes (§6, §8). */
#ifndef TALLY_COMMAND_H
#define TALLY_COMMAND_H

#include "plan.h"

/* What undoes a command that is refused: a transaction of its own, a savepoint where it is only tried inside of one, or the
 * caller's transaction. */
typedef enum command_bracket { BRACKET_OWN, BRACKET_TRY, BRACKET_NONE } command_bracket;

/* A command at work: what was asked, what is planned, what will be answered. */
typedef struct work {
  tally_ledger *ledger;
  const parsed_command *asked;
  tally_result *result;
  plan plan;
  command_bracket bracket;
  bool stale; /* asked under another script than the one in force: neither refused nor done */
} work;

/* The steps of running a command. Parsing looks at the request alone; after _open, _close ends what was opened, whatever
 * the code, and passes it on. _look says done where the key has answered. */
tally_code command_parse(tally_ledger *ledger, tally_request *request, parsed_command *asked);
tally_code command_open(work *in);
tally_code command_look(work *in, bool *done);
tally_code command_answer(work *in); /* from the plan, written or not */
tally_code command_close(work *in, tally_code code);

/* The commands: each checks in the order of §8, then fills the plan. */
tally_code plan_consultation(work *in);
tally_code plan_invoice(work *in);
tally_code plan_charge(work *in);
tally_code plan_cancel(work *in);
tally_code plan_pay(work *in);
tally_code plan_reverse(work *in);
tally_code plan_correct(work *in);
tally_code plan_refund(work *in);
tally_code plan_deposit(work *in);
tally_code plan_withdraw(work *in);
tally_code plan_credit_transfer(work *in);
tally_code plan_close_days(work *in);
tally_code plan_move(work *in);
tally_code plan_print(work *in);

/* What it names (§8.3). Payment types: named, or the default. */
tally_code name_type(work *in, tally_text id, const tally_payment_type **type);
tally_code check_not_retired(work *in, const tally_payment_type *type);
/* Both: type-unknown, type-retired. */
tally_code name_usable_type(work *in, tally_text id, const tally_payment_type **type);
tally_code name_document(work *in, tally_text number, planned_document **document);
tally_code name_patient(work *in, tally_text patient);

/* Who asks (§8.4): the command's permit and the roles of a type (NULL: none). */
tally_code check_permit(work *in, tally_command command);
tally_code check_asker(tally_ledger *ledger, tally_command command, const text_list *roles);
tally_code check_type_roles(work *in, const tally_payment_type *type);

/* The state of things (§8.5), each in its own place of the order. */
tally_code check_not_cancelled(work *in, const planned_document *document);
tally_code check_not_invoiced(work *in, const planned_document *document);
tally_code check_money_type(work *in, const tally_payment_type *type);
tally_code check_group(work *in, const tally_payment_type *type, tally_text group);
tally_code check_date(work *in, int64_t at_ms);            /* date-in-future */
tally_code check_day_open(work *in, int32_t day);          /* period-closed */
tally_code check_positive(work *in, int64_t amount_minor); /* amount-not-positive */
tally_code check_tenderable(work *in, const char *name, int64_t amount_minor, const tally_payment_type *type);
tally_code check_limit(work *in, int64_t amount_minor, const tally_payment_type *type);

/* Takes the next payment number and marks the act's first entry of the payment with it. */
tally_code give_number(work *in, tally_entry *entry);
/* Fills an entry's type, version, group and reference. */
void describe_entry(tally_entry *entry, const tally_payment_type *type, tally_text group, tally_text reference);

tally_code refuse_document(work *in, tally_code code, const planned_document *document, const char *why);

#endif
