/* named.c - a program that is killed when its backup has its name (-Wl,--wrap=unlink): what would still be tidied up is not. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "tallystick.h"

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

int __wrap_unlink(const char *path) {
  size_t length = strlen(path), end = strlen(".partial");
  if (length > end && strcmp(path + length - end, ".partial") == 0) raise(SIGKILL);
  return __real_unlink(path);
}

int main(int count, char **words) {
  tally_ledger *ledger;
  tally_backup *backup;
  tally_options options = {0};
  if (count < 3 || tally_open(words[1], &options, &ledger)) return 1;
  tally_code code = tally_backup_begin(ledger, words[2], &backup);
  while (code == TALLY_OK) code = tally_backup_step(backup);
  if (code != TALLY_DONE) return 1;
  raise(SIGKILL);
}
