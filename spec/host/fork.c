/* fork.c - a process that forks with a ledger open, as one that becomes a daemon: the child may not use what it has got of
 * its parent, for what it writes is lost when the parent closes. Prints what each is answered, and the head in the end. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tallystick.h"

static void make(tally_ledger *ledger, const char *who) {
  tally_result result;
  tally_request *request = tally_request_new();
  tally_request_begin(request, TALLY_COMMAND_CONSULTATION);
  tally_request_set_text(request, "patient", "P1", 2);
  tally_request_set_text(request, "amount", "1.00", 4);
  tally_code code = tally_execute(ledger, request, &result);
  if (code) printf("%s: %s\n", who, tally_code_name(code));
  else printf("%s: %.*s\n", who, (int)result.number.length, result.number.data);
  fflush(stdout);
  tally_request_free(request);
}

static void read_head(tally_ledger *ledger, const char *who) {
  tally_head head;
  tally_code code = tally_read_head(ledger, &head);
  if (code) printf("%s: %s\n", who, tally_code_name(code));
  else printf("%s: head %lld\n", who, (long long)head.seq);
  fflush(stdout);
}

static int in_child(void (*act)(tally_ledger *), tally_ledger *ledger) {
  int status;
  pid_t child = fork();
  if (child == 0) {
    act(ledger);
    _exit(0);
  }
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void use(tally_ledger *ledger) {
  make(ledger, "child");
  tally_close(ledger);
}

/* The parent's transaction is the parent's. */
static void end(tally_ledger *ledger) {
  tally_code code = tally_commit(ledger);
  printf("child: %s\n", tally_code_name(code));
  fflush(stdout);
  tally_close(ledger);
}

int main(int count, char **words) {
  tally_ledger *ledger;
  tally_options options = {0};
  if (count < 2 || tally_open(words[1], &options, &ledger)) return 1;
  make(ledger, "parent");
  if (in_child(use, ledger)) return 1;
  make(ledger, "parent");
  if (tally_begin(ledger)) return 1;
  make(ledger, "parent");
  if (in_child(end, ledger)) return 1;
  make(ledger, "parent");
  if (tally_commit(ledger)) return 1;
  tally_close(ledger);
  if (tally_open(words[1], &options, &ledger)) return 1;
  read_head(ledger, "again");
  tally_close(ledger);
  return 0;
}
