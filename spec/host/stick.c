/* stick.c - a backup to a file system that knows no links, as memory sticks and some shares do, under a system that renames
 * over whatever is there: link() and renameat2() are this file's own (-Wl,--wrap=link,--wrap=renameat2). Prints
 * what the backup is answered, and what the copy holds; then the same where the name is taken. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tallystick.h"

int __wrap_link(const char *from, const char *to);
int __wrap_renameat2(int folder, const char *from, int other, const char *to, unsigned flags);

int __wrap_link(const char *from, const char *to) {
  (void)from, (void)to;
  errno = EPERM;
  return -1;
}

int __wrap_renameat2(int folder, const char *from, int other, const char *to, unsigned flags) {
  (void)folder, (void)from, (void)other, (void)to, (void)flags;
  errno = EINVAL;
  return -1;
}

static tally_code make(tally_ledger *ledger) {
  tally_result result;
  tally_request *request = tally_request_new();
  tally_request_begin(request, TALLY_COMMAND_CONSULTATION);
  tally_request_set_text(request, "patient", "P1", 2);
  tally_request_set_text(request, "amount", "1.00", 4);
  tally_code code = tally_execute(ledger, request, &result);
  tally_request_free(request);
  return code;
}

/* Somebody takes the name meanwhile where taken is true. */
static tally_code back_up(tally_ledger *ledger, const char *path, int taken) {
  tally_backup *backup;
  tally_code code = tally_backup_begin(ledger, path, &backup);
  FILE *file = taken ? fopen(path, "wx") : NULL;
  if (file) fclose(file);
  while (code == TALLY_OK) code = tally_backup_step(backup);
  tally_backup_end(backup);
  return code;
}

int main(int count, char **words) {
  tally_ledger *ledger, *copy;
  tally_options options = {0}, reading = {.read_only = true};
  tally_head head;
  if (count < 4 || tally_open(words[1], &options, &ledger) || make(ledger)) return 1;
  printf("%s\n", back_up(ledger, words[2], 0) == TALLY_DONE ? "done" : tally_error_message(ledger));
  if (tally_open(words[2], &reading, &copy) || tally_read_head(copy, &head)) return 1;
  printf("%lld\n", (long long)head.seq);
  tally_close(copy);
  printf("%s\n", tally_code_name(back_up(ledger, words[3], 1)));
  tally_close(ledger);
  return 0;
}
