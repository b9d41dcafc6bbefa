/* steps.c - runs what a scenario writes as text: commands with their fields, and every other call of the C API by name. */
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW_MS_HIGH = 1795168, STEP_BYTES = 512 }; /* 2026-11-20, in thousands of seconds */

static tally_code run_step(world *in, char *step);

/* ---- Fields: a=text, a=#12, a=true, a=$150, a=?shape, a=[x,y], a={k:v}; in a map !v is marked as no match ---- */

static void set_list(tally_request *request, const char *name, char *members) {
  char *rest = members;
  tally_request_set_list(request, name);
  for (char *one = strtok_r(members, ",]", &rest); one; one = strtok_r(NULL, ",]", &rest)) {
    tally_request_add_text(request, name, one, strlen(one));
  }
}

static tally_money francs(const char *minor) {
  return (tally_money){strtoll(minor, NULL, 10), tally_currency_find("CHF", 3)};
}

static void put_member(tally_request *request, const char *name, tally_text key, const char *value) {
  bool truth = strcmp(value, "true") == 0;
  if (*value == '!') tally_request_mark_mismatch(request, key);
  if (*value == '#') tally_request_put_integer(request, name, key, strtoll(value + 1, NULL, 10));
  else if (*value == '$') tally_request_put_money(request, name, key, francs(value + 1));
  else if (*value == '?') tally_request_put_other(request, name, key, value + 1);
  else if (truth || strcmp(value, "false") == 0) tally_request_put_boolean(request, name, key, truth);
  else tally_request_put_text(request, name, key, text_of(value));
}

static void set_map(tally_request *request, const char *name, char *members) {
  char *rest = members;
  tally_request_set_map(request, name);
  for (char *one = strtok_r(members, ",}", &rest); one; one = strtok_r(NULL, ",}", &rest)) {
    char *colon = strchr(one, ':');
    *colon = '\0';
    put_member(request, name, text_of(one), colon + 1);
  }
}

static void set_field(tally_request *request, const char *name, char *value) {
  bool truth = strcmp(value, "true") == 0;
  if (*value == '[') set_list(request, name, value + 1);
  else if (*value == '{') set_map(request, name, value + 1);
  else if (*value == '#') tally_request_set_integer(request, name, strtoll(value + 1, NULL, 10));
  else if (*value == '$') tally_request_set_money(request, name, francs(value + 1));
  else if (*value == '?') tally_request_set_other(request, name, value + 1);
  else if (truth || strcmp(value, "false") == 0) tally_request_set_boolean(request, name, truth);
  else tally_request_set_text(request, name, value, strlen(value));
}

void begin_request(world *in, tally_command command, char *rest) {
  char *left = rest;
  tally_request_begin(in->request, command);
  tally_request_now(in->request, (int64_t)NOW_MS_HIGH * 1000000);
  tally_request_default_actor(in->request, text_of("desk-1"));
  for (char *one = strtok_r(rest, " ", &left); one; one = strtok_r(NULL, " ", &left)) {
    char *equals = strchr(one, '=');
    if (equals == NULL) continue;
    *equals = '\0';
    set_field(in->request, one, equals + 1);
  }
}

/* ---- Commands ---- */

static void mix_result(world *in, const tally_result *result) {
  mix_number(&in->answer, result->command);
  mix_number(&in->answer, result->act);
  mix_text(&in->answer, result->number);
  mix_text(&in->answer, result->document);
  const int64_t numbers[] = {result->status,
                             result->remaining_minor,
                             result->replayed,
                             result->dry_run,
                             result->prints,
                             result->amount_minor,
                             result->closing ? result->closing->through : 0};
  mix(&in->answer, numbers, sizeof numbers);
  if (result->document_made) mix_document(&in->answer, result->document_made);
  if (result->payment) mix_payment(&in->answer, result->payment);
}

static tally_code execute(world *in, tally_command command, char *rest) {
  tally_result result;
  begin_request(in, command, rest);
  TRY(tally_execute(in->ledger, in->request, &result));
  mix_result(in, &result);
  return TALLY_OK;
}

tally_code step_propose(world *in, char *rest) {
  const tally_proposal *proposal;
  const tally_document *before, *after;
  char *fields = strchr(rest, ' ');
  *fields = '\0';
  begin_request(in, tally_command_find(rest, strlen(rest)), fields + 1);
  TRY(tally_propose(in->ledger, in->request, &proposal));
  mix_number(&in->answer, (int64_t)proposal->entry_count);
  size_t count = proposal->document_count;
  tally_code code = TALLY_OK;
  for (size_t i = 0; i < count && !code; i++) {
    code = tally_proposal_document(in->ledger, i, &before, &after);
    if (!code && after) mix_document(&in->answer, after);
  }
  if (code) tally_decline(in->ledger, TALLY_ERR_REFUSED, "the proposal could not be read");
  return code;
}

tally_code step_accept(world *in, char *rest) {
  tally_result result;
  (void)rest;
  TRY(tally_accept(in->ledger, &result));
  mix_result(in, &result);
  return TALLY_OK;
}

tally_code step_decline(world *in, char *rest) {
  tally_code code = tally_decline(in->ledger, TALLY_ERR_REFUSED, rest);
  if (code == TALLY_ERR_REFUSED) tally_error_add(in->ledger, "rule", text_of("faults"));
  return code == TALLY_ERR_REFUSED ? TALLY_OK : code;
}

/* A command as the binding gives it: with roles, under the script in force, with a field of the host's own making. */
tally_code step_hosted(world *in, char *rest) {
  static const tally_text roles[] = {{"desk", 4}, {"manager", 7}};
  tally_result result;
  int32_t version;
  char *fields = strchr(rest, ' ');
  *fields = '\0';
  TRY(tally_ledger_reload(in->ledger, &version));
  begin_request(in, tally_command_find(rest, strlen(rest)), fields + 1);
  tally_request_default_roles(in->request, roles, 2);
  tally_request_prepared_under(in->request, version);
  tally_request_matched_under(in->request, version);
  tally_request_set_made(in->request, "from");
  TRY(tally_execute(in->ledger, in->request, &result));
  mix_result(in, &result);
  return TALLY_OK;
}

tally_code step_clockless(world *in, char *rest) {
  tally_result result;
  char *fields = strchr(rest, ' ');
  *fields = '\0';
  begin_request(in, tally_command_find(rest, strlen(rest)), fields + 1);
  tally_request_clock_failed(in->request, "the clock stands still");
  return tally_execute(in->ledger, in->request, &result);
}

/* "refused CODE STEP": the step must be answered so; its error is part of the answer. */
tally_code step_refused(world *in, char *rest) {
  const char *key, *value;
  char *step = strchr(rest, ' ');
  *step = '\0';
  tally_code code = run_step(in, step + 1);
  if (strcmp(tally_code_name(code), rest) != 0) return code ? code : TALLY_ERR_END;
  mix_number(&in->answer, tally_error_code(in->ledger));
  mix_text(&in->answer, text_of(tally_error_message(in->ledger)));
  for (size_t i = 0; tally_error_detail(in->ledger, i, &key, &value); i++) {
    mix_text(&in->answer, text_of(key));
    mix_text(&in->answer, text_of(value));
  }
  return TALLY_OK;
}

tally_code step_allow(world *in, char *rest) {
  (void)rest;
  tally_allow_refusals(in->ledger);
  return TALLY_OK;
}

tally_code step_poison(world *in, char *rest) {
  (void)rest;
  tally_poison(in->ledger, TALLY_ERR_REFUSED);
  return TALLY_OK;
}

tally_code step_begin(world *in, char *rest) {
  (void)rest;
  return tally_begin(in->ledger);
}

tally_code step_commit(world *in, char *rest) {
  (void)rest;
  return tally_commit(in->ledger);
}

tally_code step_rollback(world *in, char *rest) {
  (void)rest;
  tally_rollback(in->ledger);
  return TALLY_OK;
}

static const struct {
  const char *name;
  tally_code (*run)(world *in, char *rest);
} steps_known[] = {
#define X(name, step) {name, step_##step},
    STEPS(X)
#undef X
};

static tally_code run_step(world *in, char *step) {
  char none[] = "";
  char *rest = strchr(step, ' ');
  if (rest) *rest++ = '\0';
  else rest = none;
  tally_command command = tally_command_find(step, strlen(step));
  if (command) return execute(in, command, rest);
  for (size_t i = 0; i < sizeof steps_known / sizeof *steps_known; i++) {
    if (strcmp(steps_known[i].name, step) == 0) return steps_known[i].run(in, rest);
  }
  fprintf(stderr, "no such step: %s\n", step);
  exit(2);
}

tally_code run_steps(world *in, const char *steps) {
  tally_code code = TALLY_OK;
  while (*steps && code == TALLY_OK) {
    char step[STEP_BYTES];
    size_t length = strcspn(steps, ";");
    memcpy(step, steps, length);
    step[length] = '\0';
    steps += length;
    steps += strspn(steps, "; ");
    code = run_step(in, step);
  }
  if (in->ledger) snprintf(in->said, sizeof in->said, "%s", tally_error_message(in->ledger));
  while (in->ledger && tally_transaction_depth(in->ledger) > 0) tally_rollback(in->ledger);
  return code;
}
