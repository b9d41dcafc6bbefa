/* turn.c - a process that is forked off while an anchor is written, as another thread of a host may do: its copy of the
 * descriptor must not keep the turn once that has ended. Prints whether the turn can be had again. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "anchor_file.h"

int main(int count, char **words) {
  anchor_turn turn;
  char why[TALLY_ANCHOR_WORDS_MAX] = "had again";
  if (count < 2 || !anchor_turn_take(words[1], 0, &turn, why)) return 1;
  pid_t child = fork();
  if (child == 0) pause();
  anchor_turn_end(&turn);
  if (anchor_turn_take(words[1], 0, &turn, why)) anchor_turn_end(&turn);
  printf("%s\n", why);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return 0;
}
