/* checks.c - the checks that more than one command makes, one function a code (§8). */
#include <stdio.h>

#include "command.h"
#include "config.h"
#include "nearest.h"

enum { TYPES_SHOWN_MAX = 64, GROUPS_SHOWN_MAX = 8, GROUPS_SHOWN_BYTES = 400 };

tally_code name_type(work *in, tally_text id, const tally_payment_type **type) {
  tally_ledger *ledger = in->ledger;
  *type = id.data ? tally_ledger_type(ledger, id) : tally_ledger_default_type(ledger);
  if (*type == NULL) {
    const char *known[TYPES_SHOWN_MAX];
    size_t count = 0;
    const tally_payment_type *at;
    /* Ids are NUL-terminated in the memory of the configuration in force only by chance, so copies are compared. */
    for (; count < TYPES_SHOWN_MAX && (at = tally_ledger_type_at(ledger, count)) != NULL; count++) {
      tally_text copy = arena_copy(&ledger->call, at->id);
      if (copy.data == NULL) return fail_memory(ledger);
      known[count] = copy.data;
    }
    const char *near = nearest_name(id, known, count);
    fail(ledger, TALLY_ERR_TYPE_UNKNOWN, "type: no payment type is called %s%s%s%s", shown(ledger, id),
         near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return with_detail(ledger, TALLY_ERR_TYPE_UNKNOWN, "type", id);
  }
  return TALLY_OK;
}

tally_code check_not_retired(work *in, const tally_payment_type *type) {
  if (!type->retired) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_TYPE_RETIRED, "type %s is retired; use another", shown(in->ledger, type->id));
  return with_detail(in->ledger, TALLY_ERR_TYPE_RETIRED, "type", type->id);
}

tally_code name_usable_type(work *in, tally_text id, const tally_payment_type **type) {
  TRY(name_type(in, id, type));
  return check_not_retired(in, *type);
}

tally_code name_document(work *in, tally_text number, planned_document **document) {
  tally_code code = plan_document(&in->plan, number, document);
  if (code != TALLY_DONE) return code;
  fail(in->ledger, TALLY_ERR_DOCUMENT_UNKNOWN, "document: no document has the number %s", shown(in->ledger, number));
  return with_detail(in->ledger, TALLY_ERR_DOCUMENT_UNKNOWN, "document", number);
}

tally_code name_patient(work *in, tally_text patient) {
  bool known;
  TRY(fail_store(in->ledger, store_patient_known(in->ledger->store, patient, &known)));
  if (known) return TALLY_OK;
  fail(in->ledger, TALLY_ERR_PATIENT_UNKNOWN, "patient: no document or deposit names %s", shown(in->ledger, patient));
  return with_detail(in->ledger, TALLY_ERR_PATIENT_UNKNOWN, "patient", patient);
}

/* ---- Who asks ---- */

static bool has_any_role(const text_list *held, const tally_text *wanted, size_t count) {
  for (size_t i = 0; i < held->count; i++) {
    for (size_t k = 0; k < count; k++) {
      if (text_equal(held->items[i], wanted[k])) return true;
    }
  }
  return false;
}

static tally_code deny(tally_ledger *ledger, const char *what, const tally_text *wanted) {
  fail(ledger, TALLY_ERR_PERMISSION_DENIED, "roles: %s needs the role %s", what, shown(ledger, wanted[0]));
  return with_detail(ledger, TALLY_ERR_PERMISSION_DENIED, "role", wanted[0]);
}

tally_code check_asker(tally_ledger *ledger, tally_command command, const text_list *roles) {
  const char *name = tally_command_name(command);
  const tally_permit *permit = config_permit(ledger, text_of(name));
  if (permit == NULL || has_any_role(roles, permit->roles, permit->role_count)) return TALLY_OK;
  return deny(ledger, name, permit->roles);
}

tally_code check_permit(work *in, tally_command command) {
  return check_asker(in->ledger, command, &in->asked->roles);
}

tally_code check_type_roles(work *in, const tally_payment_type *type) {
  if (type == NULL || type->role_count == 0) return TALLY_OK;
  if (has_any_role(&in->asked->roles, type->roles, type->role_count)) return TALLY_OK;
  tally_text id = arena_copy(&in->ledger->call, type->id);
  return deny(in->ledger, id.data ? id.data : "the payment type", type->roles);
}

/* ---- The state of things ---- */

tally_code refuse_document(work *in, tally_code code, const planned_document *document, const char *why) {
  fail(in->ledger, code, "document %s %s", shown(in->ledger, document->row.number), why);
  return with_detail(in->ledger, code, "document", document->row.number);
}

tally_code check_not_cancelled(work *in, const planned_document *document) {
  if (!document->row.facts.cancelled) return TALLY_OK;
  return refuse_document(in, TALLY_ERR_DOCUMENT_CANCELLED, document, "is cancelled");
}

tally_code check_not_invoiced(work *in, const planned_document *document) {
  if (!document->row.facts.invoiced) return TALLY_OK;
  refuse_document(in, TALLY_ERR_DOCUMENT_INVOICED, document,
                  "is on an invoice that stands; work on the invoice, or cancel it first");
  return with_detail(in->ledger, TALLY_ERR_DOCUMENT_INVOICED, "invoice", document->row.invoice);
}

static tally_code refuse_type(work *in, tally_code code, const tally_payment_type *type, const char *why) {
  fail(in->ledger, code, "type %s %s", shown(in->ledger, type->id), why);
  return with_detail(in->ledger, code, "type", type->id);
}

tally_code check_money_type(work *in, const tally_payment_type *type) {
  if (type->effect == TALLY_EFFECT_MONEY) return TALLY_OK;
  return refuse_type(in, TALLY_ERR_TYPE_NOT_APPLICABLE, type, "is no money; name a type with effect \"money\"");
}

/* The groups that a type knows, as far as a sentence takes them. */
static const char *groups_text(work *in, const tally_payment_type *type) {
  char text[GROUPS_SHOWN_BYTES];
  size_t used = 0, count = type->group_count < GROUPS_SHOWN_MAX ? type->group_count : GROUPS_SHOWN_MAX;
  for (size_t i = 0; i < count; i++) {
    int length = snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", shown(in->ledger, type->groups[i]));
    if (length < 0 || (size_t)length >= sizeof text - used) break;
    used += (size_t)length;
  }
  text[used] = '\0';
  tally_text copy = arena_copy(&in->ledger->call, text_of(text));
  return copy.data ? copy.data : "others";
}

tally_code check_group(work *in, const tally_payment_type *type, tally_text group) {
  if (type->group_required && group.data == NULL) {
    return refuse_type(in, TALLY_ERR_GROUP_REQUIRED, type, "needs a group, such as the card terminal");
  }
  if (group.data == NULL || type->group_count == 0) return TALLY_OK;
  for (size_t i = 0; i < type->group_count; i++) {
    if (text_equal(type->groups[i], group)) return TALLY_OK;
  }
  fail(in->ledger, TALLY_ERR_GROUP_UNKNOWN, "group: type %s has no group %s; it has %s", shown(in->ledger, type->id),
       shown(in->ledger, group), groups_text(in, type));
  with_detail(in->ledger, TALLY_ERR_GROUP_UNKNOWN, "group", group);
  return with_detail(in->ledger, TALLY_ERR_GROUP_UNKNOWN, "expected", type->groups[0]);
}

tally_code check_date(work *in, int64_t at_ms) {
  int64_t recorded = in->ledger->state.last_recorded_at_ms, now = in->asked->now_ms;
  if (at_ms <= (now > recorded ? now : recorded)) return TALLY_OK;
  const char *day = day_text(in->ledger, tally_day_of(at_ms));
  fail(in->ledger, TALLY_ERR_DATE_IN_FUTURE, "at: %s lies in the future; give when the money changed hands", day);
  return with_detail(in->ledger, TALLY_ERR_DATE_IN_FUTURE, "day", text_of(day));
}

tally_code check_day_open(work *in, int32_t day) {
  const ledger_state *state = &in->ledger->state;
  if (!state->has_closed || day > state->closed_through) return TALLY_OK;
  const char *text = day_text(in->ledger, day), *closed = day_text(in->ledger, state->closed_through);
  fail(in->ledger, TALLY_ERR_PERIOD_CLOSED, "%s is closed: all days up to %s are sealed; use a later date", text,
       closed);
  with_detail(in->ledger, TALLY_ERR_PERIOD_CLOSED, "day", text_of(text));
  return with_detail(in->ledger, TALLY_ERR_PERIOD_CLOSED, "closed_through", text_of(closed));
}

static tally_code refuse_amount(work *in, tally_code code, const char *name, int64_t amount_minor, const char *why) {
  fail(in->ledger, code, "%s: %s %s", name, amount_text(in->ledger, amount_minor), why);
  with_detail(in->ledger, code, "field", text_of(name));
  return with_amount(in->ledger, code, "value", amount_minor);
}

tally_code check_positive(work *in, int64_t amount_minor) {
  if (amount_minor > 0) return TALLY_OK;
  return refuse_amount(in, TALLY_ERR_AMOUNT_NOT_POSITIVE, "amount", amount_minor, "is not above zero");
}

tally_code check_tenderable(work *in, const char *name, int64_t amount_minor, const tally_payment_type *type) {
  if (type->round_to_minor == 0) return TALLY_OK;
  if (amount_minor > 0 && amount_minor % type->round_to_minor == 0) return TALLY_OK;
  char why[96];
  snprintf(why, sizeof why, "is no positive multiple of %s", amount_text(in->ledger, type->round_to_minor));
  return refuse_amount(in, TALLY_ERR_AMOUNT_NOT_TENDERABLE, name, amount_minor, why);
}

tally_code check_limit(work *in, int64_t amount_minor, const tally_payment_type *type) {
  if (type->max_minor == 0 || amount_minor <= type->max_minor) return TALLY_OK;
  refuse_amount(in, TALLY_ERR_AMOUNT_ABOVE_LIMIT, "amount", amount_minor, "is above the payment type's limit");
  return with_amount(in->ledger, TALLY_ERR_AMOUNT_ABOVE_LIMIT, "max", type->max_minor);
}

/* ---- What payments share ---- */

tally_code give_number(work *in, tally_entry *entry) {
  tally_text number;
  TRY(plan_number(&in->plan, SERIES_PAYMENT, &number));
  entry->number = number;
  return TALLY_OK;
}

void describe_entry(tally_entry *entry, const tally_payment_type *type, tally_text group, tally_text reference) {
  entry->type = type->id;
  entry->type_version = type->version;
  entry->group = group;
  entry->reference = reference;
}
