/* What a program at a terminal needs and Lua lacks: Ctrl-C that stops what runs and not the program, whether a stream
   is a terminal, the window's size, the rights of new files, the environment of children. It knows no ledger. */
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* The text by which an interruption is known; the interpreter's own is the same. */
#define INTERRUPTED "interrupted!"

/* A signal belongs to the process, and its handler gets no argument of ours, so what it may touch has to be static. It is
   a Lua state only while tty.guard runs in it, so no state is kept that could be closed; the module is loaded by a program
   of its own, one state a process, and a host that has several uses none of this. A pointer is lock-free wherever signals
   are, which is what C asks of an object that a handler reads. */
static _Atomic(lua_State *) guarded;
static volatile sig_atomic_t held;
static volatile sig_atomic_t interrupts;
/* How many of them have become errors of what is guarded. */
static volatile sig_atomic_t raised;
static struct sigaction interrupt_before, pipe_before;
static bool caught;

/* What an interruption meets closes its files and takes away what is half made. That takes some hundred steps of Lua;
   this many are over in less than a millisecond. */
#define STEPS_TO_TIDY_UP 10000

static void raise_interruption(lua_State *L, lua_Debug *ar);

static void raise_at_next_step(lua_State *L) {
  lua_sethook(L, raise_interruption, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

static void raise_once_tidied_up(lua_State *L) {
  lua_sethook(L, raise_interruption, LUA_MASKCOUNT, STEPS_TO_TIDY_UP);
}

/* The first Ctrl-C is one error. Who asks a second time meets code that caught the first, or that tidies up after it and
   is to come to its end: so there is time for that, and then each step raises until the guard is left. */
static void raise_interruption(lua_State *L, lua_Debug *ar) {
  (void)ar;
  raised = raised < 2 ? raised + 1 : 2;
  if (interrupts < 2) lua_sethook(L, NULL, 0, 0);
  else if (raised == 1) raise_once_tidied_up(L);
  else raise_at_next_step(L);
  lua_pushliteral(L, INTERRUPTED);
  lua_error(L);
}

/* Async-signal-safe: it counts, and sets a hook, which Lua allows at any instant (ldebug.c says so of lua_sethook). The
   third Ctrl-C waits for nothing. */
static void on_interrupt(int number) {
  (void)number;
  int saved = errno;
  lua_State *L = atomic_load(&guarded);
  if (interrupts < 1000) interrupts++;
  if (L != NULL && !held) {
    if (interrupts == 2 && raised == 1) raise_once_tidied_up(L);
    else raise_at_next_step(L);
  }
  errno = saved;
}

/* A pager that was left early is an error of the write. A handler, and not SIG_IGN: children would inherit that one. */
static void on_broken_pipe(int number) {
  (void)number;
}

static void watch_interrupts(int flags, struct sigaction *before) {
  struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = flags};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, before);
}

/* tty.catch(): from now on Ctrl-C is noted, or stops what tty.guard runs; a broken pipe is an error of the write. */
static int l_tty_catch(lua_State *L) {
  (void)L;
  if (caught) return 0;
  watch_interrupts(0, &interrupt_before);
  struct sigaction action = {.sa_handler = on_broken_pipe};
  sigemptyset(&action.sa_mask);
  sigaction(SIGPIPE, &action, &pipe_before);
  interrupts = 0;
  caught = true;
  return 0;
}

static void on_end(int number);
static void on_stop(int number);

static void unwatch(int number) {
  struct sigaction action;
  if (sigaction(number, NULL, &action) != 0) return;
  if (action.sa_handler == on_end || action.sa_handler == on_stop) signal(number, SIG_DFL);
}

/* tty.release(): puts the signals back as they were. Closing the state unloads this module, and with it the handlers. */
static int l_tty_release(lua_State *L) {
  (void)L;
  unwatch(SIGTERM);
  unwatch(SIGHUP);
  unwatch(SIGTSTP);
  if (!caught) return 0;
  sigaction(SIGINT, &interrupt_before, NULL);
  sigaction(SIGPIPE, &pipe_before, NULL);
  caught = false;
  return 0;
}

static void leave_guard(lua_State *L, lua_State *outer) {
  atomic_store(&guarded, outer);
  /* The hook may have been set after the last step of Lua: it must not go off outside. */
  if (lua_gethook(L) == raise_interruption) lua_sethook(L, NULL, 0, 0);
  interrupts = raised = 0;
}

/* tty.guard(body, handler, …): as xpcall; Ctrl-C raises "interrupted!" in the body, and nowhere else. */
static int l_tty_guard(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_remove(L, 2);
  lua_insert(L, 1);
  interrupts = raised = 0;
  lua_State *outer = atomic_exchange(&guarded, L);
  int code = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 1);
  leave_guard(L, outer);
  lua_pushboolean(L, code == LUA_OK);
  lua_replace(L, 1);
  return lua_gettop(L);
}

/* tty.hold(yes): while held Ctrl-C is left to the program that has the screen; what came meanwhile is forgotten. A write
   to that program goes on after it, while otherwise a read that blocks is to end. */
static int l_tty_hold(lua_State *L) {
  bool hold = lua_toboolean(L, 1);
  if (!hold) interrupts = 0;
  held = hold;
  if (caught) watch_interrupts(hold ? SA_RESTART : 0, NULL);
  return 0;
}

/* ---- The key ---- */

/* What is put back where the process ends while the key is taken: a handler may only read what is static. */
static struct termios kept_settings;
static volatile sig_atomic_t key_taken;

static void on_end(int number) {
  if (key_taken) tcsetattr(STDIN_FILENO, TCSANOW, &kept_settings);
  signal(number, SIG_DFL);
  raise(number);
}

/* The program that has the terminal while this one is stopped needs the key; what was set is set again behind that. A
   write that the stop interrupts goes on. */
static void on_stop(int number) {
  int saved = errno;
  struct termios settings;
  bool put_back = key_taken && tcgetattr(STDIN_FILENO, &settings) == 0;
  if (put_back) tcsetattr(STDIN_FILENO, TCSANOW, &kept_settings);
  struct sigaction stop = {.sa_handler = SIG_DFL}, own;
  sigset_t unblocked, before;
  sigemptyset(&stop.sa_mask);
  sigemptyset(&unblocked);
  sigaddset(&unblocked, number);
  sigaction(number, &stop, &own);
  raise(number); /* it waits until it is unblocked */
  sigprocmask(SIG_UNBLOCK, &unblocked, &before);
  sigprocmask(SIG_SETMASK, &before, NULL);
  sigaction(number, &own, NULL);
  if (put_back) tcsetattr(STDIN_FILENO, TCSANOW, &settings);
  errno = saved;
}

/* Before a signal ends or stops the process the terminal is put back; one that is ignored already stays so. */
static void watch_default(int number, void (*handler)(int)) {
  struct sigaction action;
  if (sigaction(number, NULL, &action) != 0 || action.sa_handler != SIG_DFL) return;
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, NULL);
}

/* tty.interrupt_key(yes): without it Ctrl-C is a character like others, for a program that edits lines to read. Gives
   whether the terminal took it. */
static int l_tty_interrupt_key(lua_State *L) {
  bool wanted = lua_toboolean(L, 1);
  int failed = 0;
  if (wanted && key_taken) {
    failed = tcsetattr(STDIN_FILENO, TCSADRAIN, &kept_settings);
    key_taken = 0;
  } else if (!wanted && !key_taken && (failed = tcgetattr(STDIN_FILENO, &kept_settings)) == 0) {
    struct termios settings = kept_settings;
    settings.c_cc[VINTR] = _POSIX_VDISABLE;
    watch_default(SIGTERM, on_end);
    watch_default(SIGHUP, on_end);
    watch_default(SIGTSTP, on_stop);
    key_taken = 1;
    failed = tcsetattr(STDIN_FILENO, TCSADRAIN, &settings);
  }
  lua_pushboolean(L, failed == 0);
  return 1;
}

/* tty.interrupted(): whether Ctrl-C came since this was last asked. */
static int l_tty_interrupted(lua_State *L) {
  lua_pushboolean(L, interrupts > 0);
  interrupts = 0;
  return 1;
}

static int wait_unblocked(int descriptor, const struct timespec *limit, const sigset_t *unblocked) {
  fd_set readable;
  FD_ZERO(&readable);
  FD_SET(descriptor, &readable);
  return pselect(descriptor + 1, &readable, NULL, NULL, limit, unblocked);
}

/* tty.wait(descriptor, milliseconds?): waits until there is something to read. Gives "ready", "interrupted" or "late".
   SIGINT is blocked but while it sleeps, so that none is missed between the look and the sleep. */
static int l_tty_wait(lua_State *L) {
  lua_Integer descriptor = luaL_checkinteger(L, 1);
  luaL_argcheck(L, descriptor >= 0 && descriptor < FD_SETSIZE, 1, "no such descriptor");
  lua_Integer limit_ms = luaL_optinteger(L, 2, -1);
  struct timespec limit = {.tv_sec = (time_t)(limit_ms / 1000), .tv_nsec = (long)(limit_ms % 1000) * 1000000};
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigprocmask(SIG_BLOCK, &interrupt, &before);
  int ready = 0;
  do {
    if (interrupts > 0) break;
    ready = wait_unblocked((int)descriptor, limit_ms < 0 ? NULL : &limit, &before);
  } while (ready < 0 && errno == EINTR);
  bool stopped = interrupts > 0;
  if (stopped) interrupts = 0;
  sigprocmask(SIG_SETMASK, &before, NULL);
  lua_pushstring(L, stopped ? "interrupted" : ready == 0 ? "late" : "ready");
  return 1;
}

/* tty.isatty(descriptor) */
static int l_tty_isatty(lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

/* tty.size(): columns and rows of the window, by whichever stream is a terminal; nil where none tells. */
static int l_tty_size(lua_State *L) {
  struct winsize window;
  for (int descriptor = STDOUT_FILENO; descriptor >= 0; descriptor--) {
    if (ioctl(descriptor, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) continue;
    lua_pushinteger(L, window.ws_col);
    lua_pushinteger(L, window.ws_row);
    return 2;
  }
  lua_pushnil(L);
  return 1;
}

/* tty.umask(mask): sets which rights new files do not get, and gives what it was. */
static int l_tty_umask(lua_State *L) {
  lua_Integer mask = luaL_checkinteger(L, 1);
  luaL_argcheck(L, mask >= 0 && mask <= 0777, 1, "0 to 0777");
  lua_pushinteger(L, (lua_Integer)umask((mode_t)mask));
  return 1;
}

/* tty.setenv(name, value?): sets a variable for the programs that are started, or takes it away. */
static int l_tty_setenv(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  const char *value = luaL_optstring(L, 2, NULL);
  luaL_argcheck(L, *name != '\0' && strchr(name, '=') == NULL, 1, "no name of a variable");
  int failed = value == NULL ? unsetenv(name) : setenv(name, value, 1);
  if (failed) return luaL_fileresult(L, 0, name);
  lua_pushboolean(L, true);
  return 1;
}

static const luaL_Reg functions[] = {
    {"catch", l_tty_catch},
    {"release", l_tty_release},
    {"guard", l_tty_guard},
    {"hold", l_tty_hold},
    {"interrupted", l_tty_interrupted},
    {"wait", l_tty_wait},
    {"isatty", l_tty_isatty},
    {"size", l_tty_size},
    {"umask", l_tty_umask},
    {"interrupt_key", l_tty_interrupt_key},
    {"setenv", l_tty_setenv},
    {NULL, NULL},
};

__attribute__((visibility("default"))) int luaopen_tallystick_tty(lua_State *L);

int luaopen_tallystick_tty(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
