/* lua_script.h - a clinic's script in a Lua state of its own: its budget, and what goes in and out (§7).
 *
 * Two states are at work: L, the host's, and S, the script's. While S runs (inside l_script_run) nothing touches L, and
 * nothing in S calls a function of L's: an error of one never jumps over the other's frames. */
#ifndef TALLY_LUA_SCRIPT_H
#define TALLY_LUA_SCRIPT_H

#include "lua_tallystick.h"

/* What a script may use within one call into it, unless the host says otherwise. The script of examples/practice-year, its
 * checks included, takes some ten thousand instructions: a thousand times that is out of reach by honest means, and over
 * within about a tenth of a second, for which a desk can wait. The time is for what no instruction shows. */
enum { SCRIPT_INSTRUCTIONS = 10 * 1000 * 1000, SCRIPT_MEMORY_BYTES = 16 << 20, SCRIPT_SECONDS = 2 };
enum { SCRIPT_MESSAGE_BYTES = 512 };

typedef enum script_spent { SPENT_NOTHING, SPENT_INSTRUCTIONS, SPENT_MEMORY, SPENT_TIME } script_spent;

typedef struct script_limits {
  int64_t instructions;
  int64_t memory_bytes;
  double seconds; /* of processor time */
} script_limits;

typedef struct l_script {
  lua_State *S;
  script_limits limits;
  size_t used_bytes;
  bool guarded; /* the script itself is at work: the budget counts */
  script_spent spent;
  int64_t instructions_left;
  int64_t churn_left; /* bytes that may still be asked for, whether given back or not */
  double deadline;
  char message[SCRIPT_MESSAGE_BYTES]; /* of the last failure, and the script's line, 0 where it is not known */
  int line;
  uint32_t before, after; /* the commands that have such hooks, a bit each */
  /* How many events wait for their commit, and how many lists of committed ones are gone through, one within the other.
   * What they hold is the host's doing, and no part of the script's memory. */
  int64_t waiting;
  int batches;
  bool keeping;
  size_t waiting_bytes;
  /* While hooks run: what they may read. */
  l_ledger *box;
  const tally_proposal *proposal; /* while `before` hooks run */
  uint64_t run;                   /* counts proposals: an event is of one */
  tally_request *request;
  int64_t now_ms;
  tally_text actor;
  const tally_text *roles;
  size_t role_count;
} l_script;

/* Adds core.script to the module at the top. */
void l_open_script(lua_State *L);
l_script *l_script_of(lua_State *S);

/* Runs C code in S, from an empty stack, without a budget: data is its argument, and what it returns is left on S's stack.
 * False where it raised: script->message tells why. */
bool l_script_run(l_script *script, lua_CFunction body, void *data);
/* Inside such code: calls a function of the script's side with the values on top of the stack, within the budget. False, and
 * nothing on the stack, where it failed. */
bool l_script_call(l_script *script, const char *name, int arguments, int results);
/* Copies a plain value of S onto L's stack: texts, numbers, booleans, money, and tables of them; nil for others. */
void l_script_copy(lua_State *L, l_script *script, int index);

/* lua_bounds.c: bounds what the libraries of S do within one instruction. */
void l_bound_libraries(lua_State *S);
/* Counts and looks at the clock as if a hundred instructions had run; raises where the budget is spent. */
void l_script_look(lua_State *S);
/* Looks at the clock around work that takes many steps; raises where the time is spent. */
void l_script_worked(lua_State *S, double steps);
/* Whether the end of the budget was raised in a thread. */
bool l_script_stopped(lua_State *thread);

/* Copies a plain value of L's onto S's stack; inside of l_script_run. Two stack places of L are used meanwhile. */
void l_script_give(l_script *script, lua_State *L, int index);

/* ---- lua_hook.c ---- */

/* Adds what hooks see to the table at the top. */
void l_open_hooks(lua_State *S);

/* Where a hook failed, for people: "clinic.lua:12: before("pay") "cash-cap": what it raised". */
typedef struct hook_failure {
  char message[SCRIPT_MESSAGE_BYTES + 256], reason[SCRIPT_MESSAGE_BYTES], script[104], hook[48], rule[40];
  int line;
} hook_failure;

/* Tells where what ran last in S failed, and empties S's stack. */
void l_describe_failure(l_script *script, hook_failure *out);
/* … as a table of Lua's: message, code, rule, hook, script, line. */
void l_push_failure(lua_State *L, const hook_failure *failure);
/* From the one to the other the script may read the ledger, as of an instant. */
void l_begin_reading(l_script *script, l_ledger *box, int64_t now_ms);
void l_end_reading(l_script *script);

/* Runs the `before` hooks on a proposal that is not done. Where one refuses or fails, the proposal is declined, and the code
 * is what the command answers. */
tally_code l_ask_hooks(l_script *script, l_ledger *box, const tally_proposal *proposal);

/* Events for `after` hooks wait for their commit, as many as script->waiting tells: who takes them back makes it less. Keeps
 * one; where it cannot be kept, the proposal is declined with the code that this gives. */
tally_code l_keep_event(l_script *script, l_ledger *box, const tally_proposal *proposal);

/* Takes the events that wait as committed. Their hooks are run until HOOK_NONE_LEFT, before those of any earlier ones. False
 * without memory: they go on waiting. */
bool l_begin_after(l_script *script);

/* Runs the next `after` hook; HOOK_EVENT_DONE after the last of an event's; HOOK_LOST where the others cannot be run, which
 * failure->message tells. */
typedef enum hook_step { HOOK_RAN, HOOK_FAILED, HOOK_EVENT_DONE, HOOK_NONE_LEFT, HOOK_LOST } hook_step;
hook_step l_run_after(l_script *script, l_ledger *box, hook_failure *failure);

/* Hands what was logged to the host's on_log, and into the answer at a stack place where there is one (not 0). */
void l_tell_log(lua_State *L, int self, l_script *script, int answer);
/* Pushes the lines that hooks logged since it was asked last, as one text; pushes nothing where there are none. */
bool l_push_log(lua_State *L, l_script *script);

#endif
