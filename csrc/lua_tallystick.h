/* lua_tallystick.h - what the binding's files share. A binding function checks, calls, converts; memory that a call may
 * leave behind is boxed in a userdata first, so that an error of Lua's never loses it. */
#ifndef TALLY_LUA_H
#define TALLY_LUA_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "tallystick.h"

#define LEDGER_TYPE l_ledger_type
#define MONEY_TYPE l_money_type
#define SCRIPT_TYPE "tallystick.script"
#define CURSOR_TYPE "tallystick.cursor"
#define VERIFY_TYPE "tallystick.verify"
#define BACKUP_TYPE "tallystick.backup"
#define CONFIG_TYPE "tallystick.config"

struct l_script;

/* A ledger's box. User values: the clock, the default actor, the default roles (a list), their texts (a userdata), the
 * script's state, what is told of failures and of the log, the answers whose events wait for a commit. */
typedef struct l_ledger {
  tally_ledger *ledger; /* NULL once closed */
  tally_request *request;
  bool has_clock;
  bool pretends;  /* what is written will be taken back: hooks are told that it is a dry run */
  int held;       /* verify or backup at work: not to be closed meanwhile */
  bool answering; /* between l_hold and l_done */
  bool telling;   /* while on_error or on_log runs */
  tally_text actor;
  const tally_text *roles;
  size_t role_count;
  struct l_script *script; /* NULL: none */
  int32_t script_version;  /* that it holds; 0: none, and no hook is asked */
} l_ledger;
enum {
  LEDGER_CLOCK = 1,
  LEDGER_ACTOR,
  LEDGER_ROLES,
  LEDGER_ROLE_TEXTS,
  LEDGER_SCRIPT,
  LEDGER_LIMITS,
  LEDGER_ON_ERROR,
  LEDGER_ON_LOG,
  LEDGER_ANSWERS,
  LEDGER_USER_VALUES = LEDGER_ANSWERS
};

/* Gives an open ledger's box; raises for another value and for a closed ledger. */
l_ledger *l_check_ledger(lua_State *L, int index);
tally_text l_text(lua_State *L, int index);
tally_text l_text_of(const char *string);
/* What is asked of every value and call: a type's metatable by the address of its name's first letter, which costs less than
 * by the name. l_know_type takes the metatable at the top of the stack and leaves it there; l_test gives the userdata, or
 * NULL where the value is none of the type. */
extern const char l_ledger_type[], l_money_type[];
void l_know_type(lua_State *L, const char *type);
void *l_test(lua_State *L, int index, const char *type);
/* From a request's first field to its answer's last, what the core gave is borrowed and the request is shared. A finalizer
 * that runs meanwhile and uses the same ledger would take both away: between l_hold and l_done (which gives the count of
 * results back) the ledger's calls raise busy. */
void l_hold(l_ledger *box);
int l_done(l_ledger *box, int results);
/* Pushes a field of a caller's table without asking its metatable: no code of the caller's runs in a command. */
void l_raw_field(lua_State *L, int index, const char *name);

/* lua_money.c */
void l_push_money(lua_State *L, int64_t minor, const tally_currency *currency);
const tally_money *l_to_money(lua_State *L, int index); /* NULL where it is none */
int l_money_new(lua_State *L);
int l_currency_exponent(lua_State *L);
int l_status(lua_State *L);
void l_open_money(lua_State *L);

/* lua_command.c */
void l_push_commands(lua_State *L); /* sets each in the table at the top */
int l_ledger_transaction(lua_State *L);
/* core.take_script(ledger, script, version): from now on the hooks of that state, which holds that version, are asked. */
int l_take_script(lua_State *L);

/* lua_type.c: methods of the ledger. */
int l_read_type(lua_State *L);
int l_read_types(lua_State *L);
int l_erase(lua_State *L);

/* lua_anchor.c: what the anchor says, as a table, or nil where a ledger has none; and ledger:anchor. */
void l_push_anchor(lua_State *L, const tally_anchor *anchor);
int l_keep_anchor(lua_State *L);

/* lua_sign.c: functions of the module. */
extern const luaL_Reg l_sign_functions[];

/* lua_workflow.c: what lua/tallystick/workflow.lua and follow.lua ask of the core. */
int l_read_stage(lua_State *L);
int l_ask_transition(lua_State *L);
int l_follower_get(lua_State *L);
int l_follower_set(lua_State *L);
int l_declared(lua_State *L);
int l_run_template(lua_State *L);

/* core.instant(ledger, time): the instant that a time names (nil: now, by the host's clock) as milliseconds since 1970 and as
 * a count of local days since then, and as text; nil, message, code, details for what is no time. */
int l_instant(lua_State *L);
/* core.roles(ledger): the roles that hold where a command names none. */
int l_default_roles(lua_State *L);

int l_refresh_script(lua_State *L);
int l_poison(lua_State *L);
int l_probe_move(lua_State *L);
int l_pretend(lua_State *L);

/* lua_request.c: fills the box's request from the table at an index (nil: no fields), with what the host's clock says. */
void l_fill_request(lua_State *L, int self, int table, tally_command command);
/* Marks a type whose metatable is not the caller's to change. */
void l_protect_type(lua_State *L, const char *type);

/* lua_config.c: reads the table that lua/tallystick/config.lua makes into a boxed configuration, left on the stack. */
const tally_config *l_check_config(lua_State *L, int index);

/* lua_bounds.c: how many steps a match of a pattern against so many bytes may take at worst. */
double l_pattern_steps(tally_text pattern, size_t length);

/* lua_result.c */
int l_push_error(lua_State *L, const tally_ledger *ledger, tally_code code); /* nil, message, code, details */
int l_refuse(lua_State *L, tally_code code, const char *field, const char *message);
void l_push_time(lua_State *L, int64_t at_ms);
void l_push_day(lua_State *L, int32_t day);
void l_push_hash(lua_State *L, const uint8_t hash[32]);
void l_push_document(lua_State *L, const tally_document *document, const tally_currency *currency, bool whole);
void l_push_payment(lua_State *L, const tally_payment *payment, const tally_currency *currency);
void l_push_entry(lua_State *L, const tally_entry *entry, const tally_currency *currency);
void l_push_patient(lua_State *L, const tally_patient *patient, const tally_currency *currency);
void l_push_totals(lua_State *L, const tally_totals *row, unsigned by, const tally_currency *currency);
void l_push_closing(lua_State *L, const tally_closing *closing, const tally_currency *currency);
void l_push_result(lua_State *L, const tally_result *result, const tally_currency *currency);
void l_push_texts(lua_State *L, const tally_text *items, size_t count);
void l_set_texts(lua_State *L, const char *name, const tally_text *items, size_t count);
void l_set_integer(lua_State *L, const char *name, int64_t value);
void l_set_text(lua_State *L, const char *name, tally_text text); /* leaves nil where there is none */

/* lua_read.c, lua_verify.c: methods of the ledger. */
enum { READ_METHODS = 9 };
extern const luaL_Reg l_read_methods[READ_METHODS + 1];
extern const luaL_Reg l_long_methods[];
void l_open_cursor(lua_State *L);
void l_open_long(lua_State *L);

#endif
