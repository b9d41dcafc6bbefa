/* credit.c - the commands on patients' credit: deposit, withdraw, transfer (§6). */
#include "command.h"

static tally_code check_credit_covers(work *in, tally_text patient) {
  int64_t credit;
  TRY(plan_credit(&in->plan, patient, &credit));
  if (credit >= in->asked->amount_minor) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_CREDIT_INSUFFICIENT, "amount: the credit of patient %s is %s", shown(in->ledger, patient),
       amount_text(in->ledger, credit));
  with_detail(in->ledger, TALLY_ERR_CREDIT_INSUFFICIENT, "patient", patient);
  return with_amount(in->ledger, TALLY_ERR_CREDIT_INSUFFICIENT, "credit", credit);
}

static tally_code check_when(work *in) {
  TRY(check_date(in, in->asked->at_ms));
  return check_day_open(in, in->asked->day);
}

tally_code plan_deposit(work *in) {
  const parsed_command *asked = in->asked;
  const tally_payment_type *type;
  tally_entry *entry;
  TRY(name_usable_type(in, asked->type, &type));
  TRY(check_permit(in, TALLY_COMMAND_DEPOSIT));
  TRY(check_type_roles(in, type));
  TRY(check_money_type(in, type));
  TRY(check_group(in, type, asked->group));
  TRY(check_when(in));
  TRY(check_positive(in, asked->amount_minor));
  TRY(check_tenderable(in, "amount", asked->amount_minor, type));
  TRY(check_limit(in, asked->amount_minor, type));
  TRY(plan_entry(&in->plan, TALLY_KIND_DEPOSIT, NULL, asked->patient, asked->amount_minor, &entry));
  describe_entry(entry, type, asked->group, asked->reference);
  return give_number(in, entry);
}

tally_code plan_withdraw(work *in) {
  const parsed_command *asked = in->asked;
  const tally_payment_type *type;
  tally_entry *entry;
  TRY(name_usable_type(in, asked->type, &type));
  TRY(name_patient(in, asked->patient));
  TRY(check_permit(in, TALLY_COMMAND_WITHDRAW));
  TRY(check_type_roles(in, type));
  TRY(check_money_type(in, type));
  TRY(check_when(in));
  TRY(check_positive(in, asked->amount_minor));
  TRY(check_tenderable(in, "amount", asked->amount_minor, type));
  TRY(check_credit_covers(in, asked->patient));
  TRY(plan_entry(&in->plan, TALLY_KIND_WITHDRAWAL, NULL, asked->patient, asked->amount_minor, &entry));
  describe_entry(entry, type, (tally_text){NULL, 0}, (tally_text){NULL, 0});
  return give_number(in, entry);
}

tally_code plan_credit_transfer(work *in) {
  const parsed_command *asked = in->asked;
  TRY(name_patient(in, asked->from));
  TRY(name_patient(in, asked->to));
  TRY(check_permit(in, TALLY_COMMAND_TRANSFER));
  TRY(check_when(in));
  TRY(check_positive(in, asked->amount_minor));
  TRY(check_credit_covers(in, asked->from));
  return plan_transfer(&in->plan, asked->from, asked->to, asked->amount_minor);
}
