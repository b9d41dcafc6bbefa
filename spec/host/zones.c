/* zones.c - a process that is given another time zone while it runs: what the core tells of an instant must be what the C
 * library tells. Prints one line for each instant and zone where they differ, then how many were looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tallystick.h"

static const char *const zones[] = {"Europe/Zurich",    "Africa/Algiers", "Africa/Tunis", "Europe/Zurich",
                                    "America/New_York", "America/Lima",   "UTC",          "Asia/Kathmandu",
                                    "Europe/Zurich",    "Europe/Paris",   "Africa/Tunis"};

int main(void) {
  enum { HOURS = 24 * 800, STEP = 5 };
  int looked = 0;
  for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
    setenv("TZ", zones[i], 1);
    tzset();
    for (int hour = 0; hour < HOURS; hour += STEP, looked++) {
      time_t at = 1735689600 + (time_t)hour * 3600;
      struct tm local;
      char expected[32], found[TALLY_TIME_TEXT_MAX];
      localtime_r(&at, &local);
      strftime(expected, sizeof expected, "%Y-%m-%d", &local);
      tally_day_print(tally_day_of((int64_t)at * 1000), found);
      for (int k = 0; k < 10; k++) {
        if (expected[k] == found[k]) continue;
        printf("%s: %lld is %s, and was told as %s\n", zones[i], (long long)at, expected, found);
        break;
      }
    }
  }
  printf("%d\n", looked);
  return 0;
}
