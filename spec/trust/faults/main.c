/* main.c - runs every scenario with every kind of fault at every point, and holds what is left against what may be. */
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "lua_half.h"
#include "scenarios.h"
#include "world.h"

enum { FAILURES_SHOWN = 12, PAGE = 4096, WITH_ALL = 1000000000 };

static const char NEXT[] = "consultation patient=P9 amount=1.00";

/* What a scenario comes to without a fault: its states right after, and once the next command is done too. */
typedef struct expectation {
  uint64_t before, after, before_next, after_next, answer;
} expectation;

/* What was held while nothing was open. */
typedef struct held {
  long blocks;
  long long sqlite_bytes;
} held;

typedef struct point {
  const scenario *of;
  fault_kind kind;
  long n;
  bool forever;
} point;

static struct {
  char template[128];
  long bound, strides; /* all n up to the bound, then so many more */
  long failures;
  point now;
  held held; /* before the present point */
} run;

/* ---- Files ---- */

void copy_file(const char *from, const char *to) {
  char bytes[PAGE];
  ssize_t count;
  int source = open(from, O_RDONLY), target = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  while (source >= 0 && target >= 0 && (count = read(source, bytes, sizeof bytes)) > 0) {
    if (write(target, bytes, (size_t)count) != count) exit(2);
  }
  if (source >= 0) close(source);
  if (target >= 0) close(target);
}

void remove_files(const char *path) {
  static const char *const ends[] = {"", "-wal", "-shm", "-journal", "-anchor", "-anchor-new"};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    char name[192];
    snprintf(name, sizeof name, "%s%s", path, ends[i]);
    unlink(name);
  }
  /* anchors that were reset */
  char pattern[192];
  glob_t found;
  snprintf(pattern, sizeof pattern, "%s-anchor.replaced-*", path);
  if (glob(pattern, 0, NULL, &found) != 0) return;
  for (size_t i = 0; i < found.gl_pathc; i++) unlink(found.gl_pathv[i]);
  globfree(&found);
}

/* ---- One point ---- */

static bool failed(const world *in, tally_code code, const char *why) {
  const point *at = &run.now;
  if (run.failures++ < FAILURES_SHOWN) {
    fprintf(stderr, "%s, %s %ld%s: %s (%s: %s)\n", at->of->name, fault_name(at->kind), at->n,
            at->forever ? " and on" : "", why, tally_code_name(code), in->said);
  }
  return false;
}

/* A script that finds no memory has failed. */
static bool may_answer_script(fault_kind kind, tally_code code) {
  return kind == FAULT_MEMORY && (code == TALLY_ERR_SCRIPT_FAILED || code == TALLY_ERR_CONFIG_INVALID);
}

/* Which code may answer a fault. */
static bool may_answer(fault_kind kind, tally_code code) {
  const char *before = run.now.of->before;
  if (before && strcmp(before, "script") == 0 && may_answer_script(kind, code)) return true;
  /* Taking back answers nothing: that it could not be, so that all was taken back, is told by what comes next. */
  if (code == TALLY_ERR_TRANSACTION_POISONED && strstr(run.now.of->steps, "rollback;")) return true;
  switch (kind) {
  case FAULT_SQLITE:
  case FAULT_MEMORY:
  case FAULT_LUA:
    return code == TALLY_ERR_OUT_OF_MEMORY;
  case FAULT_FULL:
    return code == TALLY_ERR_FULL;
  case FAULT_BUSY:
  case FAULT_SHM_BUSY:
    return code == TALLY_ERR_BUSY;
  default:
    return code == TALLY_ERR_IO_ERROR;
  }
}

static void prepare(world *in, const scenario *of) {
  bool is_new = of->before && strcmp(of->before, "new") == 0;
  in->answer = 0;
  in->said[0] = '\0';
  in->ledger = NULL;
  remove_files(in->path);
  unlink(in->copy);
  if (is_new) return;
  copy_file(run.template, in->path);
  if (in->L) {
    lua_half_open(in, of->before != NULL);
    return;
  }
  tally_code code = run_steps(in, "open");
  if (!code && of->before) code = run_steps(in, of->before);
  in->answer = 0;
  if (code) failed(in, code, "could not be prepared");
}

static tally_code act(world *in, const scenario *of) {
  return in->L ? lua_half_act(in) : run_steps(in, of->steps);
}

static tally_code verify(world *in) {
  return run_steps(in, "verify");
}

/* Reads the file with a handle of its own. */
static tally_code read_afresh(world *in, uint64_t *digest) {
  in->ledger = NULL;
  tally_code code = run_steps(in, "open");
  if (!code) code = read_state(in->ledger, in->request, digest);
  if (!code) code = verify(in);
  tally_close(in->ledger);
  in->ledger = NULL;
  return code;
}

/* The handle goes on: it reads one of the two states, and takes the next command. */
static bool goes_on(world *in, const expectation *wanted, tally_code code, uint64_t *allowed) {
  uint64_t digest;
  tally_code its = in->L ? TALLY_OK : read_state(in->ledger, in->request, &digest);
  if (its) return failed(in, its, "the handle cannot read afterwards");
  if (!in->L) {
    bool is_after = digest == wanted->after;
    if (!is_after && digest != wanted->before) return failed(in, code, "the handle reads half an act");
    if (!code && !is_after) return failed(in, code, "answered well, and did nothing");
    *allowed = is_after ? wanted->after_next : wanted->before_next;
  }
  its = in->L ? lua_half_next(in) : run_steps(in, NEXT);
  return its == TALLY_OK || failed(in, its, "the handle takes no command afterwards");
}

static bool is_state(const world *in, const expectation *wanted, tally_code code, uint64_t digest, uint64_t allowed,
                     bool has_next) {
  uint64_t before = has_next ? wanted->before_next : wanted->before;
  uint64_t after = has_next ? wanted->after_next : wanted->after;
  if (allowed && digest != allowed) return failed(in, code, "the file is not what the handle read");
  if (digest != after && digest != before) return failed(in, code, "the file holds half an act");
  return code || digest == after || failed(in, code, "answered well, and the file has nothing of it");
}

/* Everything is closed, and the file and memory are looked at. */
static bool is_left_well(world *in, const expectation *wanted, tally_code code, uint64_t allowed, bool has_next) {
  uint64_t digest = 0;
  if (in->L && !lua_half_close(in)) return failed(in, code, "the ledger cannot be closed");
  if (!in->L) run_steps(in, "close");
  if (fault_blocks() != run.held.blocks) return failed(in, code, "memory of the library's own is left");
  if (fault_sqlite_bytes() != run.held.sqlite_bytes) return failed(in, code, "memory of SQLite's is left");
  tally_code its = read_afresh(in, &digest);
  if (its) return failed(in, its, "the file cannot be read or verified afterwards");
  return is_state(in, wanted, code, digest, allowed, has_next);
}

/* A handle that did not open holds no file; one for reading takes no command. */
static bool is_writable(world *in) {
  tally_info info;
  return in->ledger && tally_read_info(in->ledger, &info) == TALLY_OK && !info.read_only;
}

/* Gives whether all was well; *faults is how many calls were made to fail. */
static bool try_point(world *in, const expectation *wanted, mutation mutated, long *faults) {
  uint64_t allowed = 0;
  bool well = true;
  run.held = (held){fault_blocks(), fault_sqlite_bytes()};
  prepare(in, run.now.of);
  fault_arm(run.now.kind, run.now.n, run.now.forever);
  tally_code code = act(in, run.now.of);
  fault_disarm();
  *faults = fault_count();
  if (in->L && !code) lua_half_tell(in);
  if (mutated == MUTATION_HIDE) code = TALLY_OK;
  if (code && (*faults == 0 || !may_answer(run.now.kind, code))) well = failed(in, code, "not the code of the fault");
  if (!code && in->answer != wanted->answer) well = failed(in, code, "answered well, and otherwise");
  bool has_handle = in->L || is_writable(in);
  if (has_handle && !goes_on(in, wanted, code, &allowed)) well = false;
  return is_left_well(in, wanted, code, allowed, has_handle) && well;
}

/* ---- A scenario ---- */

static void expect(world *in, const scenario *of, expectation *wanted) {
  uint64_t *const digests[] = {&wanted->before, &wanted->before_next, &wanted->after, &wanted->after_next};
  *wanted = (expectation){0};
  for (int i = 0; i < 4; i++) {
    bool acts = i >= 2, has_next = i % 2 == 1;
    prepare(in, of);
    tally_code code = acts ? act(in, of) : TALLY_OK;
    if (code) failed(in, code, "fails without a fault");
    if (acts && in->L) lua_half_tell(in);
    if (acts) wanted->answer = in->answer;
    if (has_next && in->L) code = lua_half_next(in);
    if (has_next && in->ledger) code = run_steps(in, NEXT);
    if (in->L) lua_half_close(in);
    else run_steps(in, "close");
    if (!code) code = read_afresh(in, digests[i]);
    if (code) failed(in, code, "cannot be done without a fault");
    if (has_next && !in->L && wanted->before_next == wanted->before) {
      /* nothing was open to take the next command before: it goes to the file as it was */
      run_steps(in, "open");
      run_steps(in, NEXT);
      run_steps(in, "close");
      read_afresh(in, digests[i]);
    }
  }
}

static long next_point(long n, long total) {
  if (n < run.bound || n >= total) return n + 1;
  long stride = 1 + (total - run.bound) / run.strides;
  return n + stride < total ? n + stride : total;
}

static long count_calls(world *in, const scenario *of, fault_kind kind) {
  prepare(in, of);
  fault_arm(kind, WITH_ALL, false);
  act(in, of);
  long seen = fault_disarm();
  if (in->L) lua_half_close(in);
  else run_steps(in, "close");
  return seen;
}

static void try_kind(world *in, const scenario *of, fault_kind kind, const expectation *wanted, mutation mutated) {
  long total = count_calls(in, of, kind), points = 0, faults = 0, bad = 0;
  for (int forever = 0; forever < 2; forever++) {
    long fired = 1;
    for (long n = 1; fired; n = next_point(n, total)) {
      run.now = (point){of, kind, n, forever};
      if (!try_point(in, wanted, mutated, &fired)) bad++;
      faults += fired;
      points += fired > 0;
    }
  }
  if (total > 0) printf("%s %s %ld %ld %ld %ld\n", of->name, fault_name(kind), total, points, faults, bad);
  fflush(stdout);
}

static void try_scenario(world *in, const scenario *of, bool is_lua, const char *only, mutation mutated) {
  expectation wanted;
  long long bytes = 0;
  run.now = (point){of, FAULT_SQLITE, 0, false};
  if (is_lua) lua_half_begin(in, of->steps, &bytes);
  expect(in, of, &wanted);
  for (int kind = 0; kind < FAULT_KIND_COUNT; kind++) {
    if (only && strcmp(only, fault_name((fault_kind)kind)) != 0) continue;
    try_kind(in, of, (fault_kind)kind, &wanted, mutated);
  }
  if (is_lua) lua_half_end(in);
  if (bytes != 0) failed(in, TALLY_OK, "memory of Lua's is left");
}

/* ---- The program ---- */

static void crashed(int number) {
  (void)number;
  fprintf(stderr, "crashed: %s, %s %ld%s\n", run.now.of ? run.now.of->name : "outside of a scenario",
          fault_name(run.now.kind), run.now.n, run.now.forever ? " and on" : "");
  _exit(9);
}

static void make_template(world *in) {
  remove_files(in->path);
  tally_code code = run_steps(in, "open");
  if (!code) code = run_steps(in, LEDGER_STEPS);
  if (code) {
    fprintf(stderr, "the ledger cannot be made: %s: %s\n", tally_code_name(code), in->said);
    exit(2);
  }
  run_steps(in, "close");
  rename(in->path, run.template);
}

typedef struct choice {
  const char *folder, *scenario, *kind;
  long part, parts;
  mutation mutated;
} choice;

static choice read_arguments(int count, char **arguments) {
  choice chosen = {.folder = ".", .part = 0, .parts = 1};
  for (int i = 1; i + 1 < count; i += 2) {
    const char *name = arguments[i], *value = arguments[i + 1];
    if (strcmp(name, "--folder") == 0) chosen.folder = value;
    if (strcmp(name, "--scenario") == 0) chosen.scenario = value;
    if (strcmp(name, "--kind") == 0) chosen.kind = value;
    if (strcmp(name, "--part") == 0) chosen.part = atol(value);
    if (strcmp(name, "--parts") == 0) chosen.parts = atol(value);
    if (strcmp(name, "--bound") == 0) run.bound = atol(value);
    if (strcmp(name, "--strides") == 0) run.strides = atol(value);
    if (strcmp(name, "--mutate") == 0) {
      chosen.mutated = *value == 'i' ? MUTATION_IGNORE : *value == 'l' ? MUTATION_LEAK : MUTATION_HIDE;
    }
  }
  return chosen;
}

int main(int count, char **arguments) {
  static world in;
  run.bound = WITH_ALL;
  run.strides = 1;
  choice chosen = read_arguments(count, arguments);
  if (count == 2 && strcmp(arguments[1], "--methods") == 0) return lua_half_methods();
  signal(SIGSEGV, crashed);
  signal(SIGABRT, crashed);
  fault_setup(chosen.mutated);
  in.request = tally_request_new();
  snprintf(in.path, sizeof in.path, "%s/ledger.db", chosen.folder);
  snprintf(in.copy, sizeof in.copy, "%s/copy.db", chosen.folder);
  snprintf(run.template, sizeof run.template, "%s/template.db", chosen.folder);
  make_template(&in);
  for (int i = 0; i < scenario_count + lua_scenario_count; i++) {
    bool is_lua = i >= scenario_count;
    const scenario *of = is_lua ? &lua_scenarios[i - scenario_count] : &scenarios[i];
    if (i % chosen.parts != chosen.part) continue;
    if (chosen.scenario && strcmp(chosen.scenario, of->name) != 0) continue;
    try_scenario(&in, of, is_lua, chosen.kind, chosen.mutated);
  }
  tally_request_free(in.request);
  if (fault_blocks() != 0) failed(&in, TALLY_OK, "memory is left at the end");
  return run.failures ? 1 : 0;
}
