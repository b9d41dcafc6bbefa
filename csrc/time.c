/* time.c - ISO 8601 in and out, local business days (§6). Local means the process's TZ. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tallystick.h"

enum { MS_PER_SECOND = 1000, SECONDS_PER_DAY = 86400, FIRST_YEAR = 1, LAST_YEAR = 9999 };

typedef struct civil {
  int year, month, day, hour, minute, second, millisecond;
} civil;

/* Days since 1970-01-01 of a proleptic Gregorian date: the era arithmetic of H. Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms". */
static int32_t days_from_civil(int year, int month, int day) {
  int shifted_year = month <= 2 ? year - 1 : year;
  int era = shifted_year / 400;
  int year_of_era = shifted_year - era * 400;
  int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int32_t days, int *year, int *month, int *day) {
  int shifted = days + 719468;
  int era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  int day_of_era = shifted - era * 146097;
  int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int shifted_month = (5 * day_of_year + 2) / 153;
  *day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  *month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

static int month_length(int year, int month) {
  static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : lengths[month - 1];
}

/* A reader of fixed-width digits that remembers whether all went well. */
typedef struct reader {
  const char *text;
  size_t length, position;
  bool ok;
} reader;

static bool at_end(const reader *in) {
  return in->position == in->length;
}

static bool next_is(const reader *in, char c) {
  return !at_end(in) && in->text[in->position] == c;
}

static void expect(reader *in, char c) {
  if (next_is(in, c)) in->position++;
  else in->ok = false;
}

static int read_digits(reader *in, int count, int low, int high) {
  int value = 0;
  for (int i = 0; i < count; i++) {
    if (at_end(in) || in->text[in->position] < '0' || in->text[in->position] > '9') {
      in->ok = false;
      return low;
    }
    value = value * 10 + (in->text[in->position++] - '0');
  }
  if (value < low || value > high) in->ok = false;
  return value;
}

static void read_date(reader *in, civil *out) {
  out->year = read_digits(in, 4, FIRST_YEAR, LAST_YEAR);
  expect(in, '-');
  out->month = read_digits(in, 2, 1, 12);
  expect(in, '-');
  out->day = read_digits(in, 2, 1, 31);
  if (in->ok && out->day > month_length(out->year, out->month)) in->ok = false;
}

static void read_clock(reader *in, civil *out) {
  out->hour = read_digits(in, 2, 0, 23);
  expect(in, ':');
  out->minute = read_digits(in, 2, 0, 59);
  if (!in->ok || !next_is(in, ':')) return;
  in->position++;
  out->second = read_digits(in, 2, 0, 59);
  if (!in->ok || !next_is(in, '.')) return;
  in->position++;
  out->millisecond = read_digits(in, 3, 0, 999);
}

/* Reads "+01:00"; gives seconds east of UTC. Offsets reach from -14:00 to +14:00. */
static int64_t read_offset(reader *in) {
  int sign = next_is(in, '-') ? -1 : 1;
  in->position++;
  int hours = read_digits(in, 2, 0, 14);
  expect(in, ':');
  int minutes = read_digits(in, 2, 0, 59);
  if (hours == 14 && minutes > 0) in->ok = false;
  return sign * (hours * 3600 + minutes * 60);
}

static int64_t utc_seconds(const civil *at) {
  return (int64_t)days_from_civil(at->year, at->month, at->day) * SECONDS_PER_DAY + at->hour * 3600 + at->minute * 60 +
         at->second;
}

static int64_t floor_div(int64_t value, int64_t divisor) {
  return value / divisor - (value % divisor < 0 ? 1 : 0);
}

static int64_t ask_offset(int64_t seconds) {
  time_t when = (time_t)seconds;
  struct tm local;
  if (localtime_r(&when, &local) == NULL) return 0;
  return (int64_t)local.tm_gmtoff;
}

/* Offsets of a few spans of six hours, each in one word that is read and written whole: the span, what tells the
 * process's time zone from another that it is given later, and the offset. No zone of the tz database has ever changed
 * twice within a day, so what holds at both ends of a span holds within. */
enum { KNOWN_SPANS = 256, SPAN_SECONDS = 21600, ZONE_BITS = 19, OFFSET_BITS = 20, SPAN_BIAS = 1 << 24 };
static _Atomic uint64_t known_offsets[KNOWN_SPANS];

/* A zone is known by where the environment keeps its name, and by what the library has made of it. */
static uint64_t zone_key(void) {
  uint64_t key = (uint64_t)(uintptr_t)getenv("TZ") ^ (uint64_t)(uintptr_t)tzname[0] << 20;
  key =
      (key ^ (uint64_t)(uintptr_t)tzname[1] << 40 ^ ((uint64_t)timezone * 2 + (daylight != 0))) * 0x9E3779B97F4A7C15u;
  return key >> (64 - ZONE_BITS);
}

static uint64_t span_key(int64_t span) {
  return ((uint64_t)(span + SPAN_BIAS) << ZONE_BITS | zone_key()) << OFFSET_BITS;
}

/* Seconds that local time is ahead of UTC at an instant. The library computes it from its rules each time, and a command
 * asks several times about the same days. */
static int64_t local_offset(int64_t seconds) {
  int64_t span = floor_div(seconds, SPAN_SECONDS), start = span * SPAN_SECONDS, bias = 1 << (OFFSET_BITS - 1);
  _Atomic uint64_t *place = &known_offsets[(uint64_t)span % KNOWN_SPANS];
  uint64_t known = atomic_load_explicit(place, memory_order_relaxed), low = (1u << OFFSET_BITS) - 1;
  uint64_t key = span_key(span);
  if ((known & ~low) == key) return (int64_t)(known & low) - bias;
  int64_t offset = ask_offset(seconds);
  bool steady = ask_offset(start) == offset && ask_offset(start + SPAN_SECONDS - 1) == offset;
  bool fits = offset > -bias && offset < bias;
  if (steady && fits) atomic_store_explicit(place, span_key(span) | (uint64_t)(offset + bias), memory_order_relaxed);
  return offset;
}

/* Finds the instant at which local clocks show a civil time: the earlier where clocks are put back and show it twice;
 * false where they are put forward and never show it. An offset holds on either side of a change, so those of a day
 * before and a day after cover both. */
static bool local_seconds(const civil *at, int64_t *seconds) {
  int64_t shown = utc_seconds(at);
  int64_t before = local_offset(shown - SECONDS_PER_DAY), after = local_offset(shown + SECONDS_PER_DAY);
  int64_t candidates[] = {shown - before, shown - after};
  bool found = false;
  for (int i = 0; i < 2; i++) {
    if (local_offset(candidates[i]) != shown - candidates[i]) continue;
    if (!found || candidates[i] < *seconds) *seconds = candidates[i];
    found = true;
  }
  return found;
}

int64_t tally_day_start_ms(int32_t day) {
  civil at = {0};
  civil_from_days(day, &at.year, &at.month, &at.day);
  int64_t seconds;
  /* Where clocks go forward at midnight the day starts at the first instant after it. */
  if (!local_seconds(&at, &seconds)) {
    int64_t shown = utc_seconds(&at);
    seconds = shown - local_offset(shown - SECONDS_PER_DAY);
  }
  return seconds * MS_PER_SECOND;
}

static bool read_zone(reader *in, const civil *at, int64_t *seconds) {
  if (at_end(in)) return local_seconds(at, seconds);
  if (next_is(in, 'Z')) {
    in->position++;
    *seconds = utc_seconds(at);
    return true;
  }
  if (!next_is(in, '+') && !next_is(in, '-')) return false;
  *seconds = utc_seconds(at) - read_offset(in);
  return true;
}

tally_code tally_time_parse(const char *text, size_t length, int64_t *at_ms) {
  reader in = {text, length, 0, true};
  civil at = {0};
  read_date(&in, &at);
  if (!in.ok) return TALLY_ERR_DATE_INVALID;
  if (at_end(&in)) {
    int64_t start_ms = tally_day_start_ms(days_from_civil(at.year, at.month, at.day));
    if (!tally_time_valid(start_ms)) return TALLY_ERR_DATE_INVALID;
    *at_ms = start_ms;
    return TALLY_OK;
  }
  int64_t seconds;
  expect(&in, 'T');
  if (in.ok) read_clock(&in, &at);
  if (!in.ok || !read_zone(&in, &at, &seconds) || !in.ok || !at_end(&in)) return TALLY_ERR_DATE_INVALID;
  int64_t parsed = seconds * MS_PER_SECOND + at.millisecond;
  if (!tally_time_valid(parsed)) return TALLY_ERR_DATE_INVALID;
  *at_ms = parsed;
  return TALLY_OK;
}

/* The first and the last instant of the years that there are. */
static const int64_t day_ms = (int64_t)SECONDS_PER_DAY * MS_PER_SECOND;

static int64_t first_ms(void) {
  return days_from_civil(FIRST_YEAR, 1, 1) * day_ms;
}

static int64_t last_ms(void) {
  return (days_from_civil(LAST_YEAR, 12, 31) + 1) * day_ms - 1;
}

bool tally_time_valid(int64_t at_ms) {
  return at_ms >= first_ms() && at_ms <= last_ms();
}

int32_t tally_day_of(int64_t at_ms) {
  int64_t seconds = floor_div(at_ms, MS_PER_SECOND);
  return (int32_t)floor_div(seconds + local_offset(seconds), SECONDS_PER_DAY);
}

tally_code tally_day_parse(const char *text, size_t length, int32_t *day) {
  reader in = {text, length, 0, true};
  civil at = {0};
  read_date(&in, &at);
  if (!in.ok || !at_end(&in)) return TALLY_ERR_DATE_INVALID;
  *day = days_from_civil(at.year, at.month, at.day);
  return TALLY_OK;
}

/* Writes digits by hand: a result holds many dates, and printf would cost more than the rest of it. */
static char *put_digits(char *at, int value, int count) {
  for (int i = count - 1; i >= 0; i--, value /= 10) at[i] = (char)('0' + value % 10);
  return at + count;
}

static char *put_day(char *at, int32_t day) {
  int32_t first = days_from_civil(FIRST_YEAR, 1, 1), last = days_from_civil(LAST_YEAR, 12, 31);
  day = day < first ? first : day > last ? last : day;
  int year, month, day_of_month;
  civil_from_days(day, &year, &month, &day_of_month);
  at = put_digits(at, year, 4);
  *at++ = '-';
  at = put_digits(at, month, 2);
  *at++ = '-';
  return put_digits(at, day_of_month, 2);
}

size_t tally_day_print(int32_t day, char text[TALLY_TIME_TEXT_MAX]) {
  char *end = put_day(text, day);
  *end = '\0';
  return (size_t)(end - text);
}

static char *put_offset(char *at, int64_t offset) {
  int minutes = (int)((offset < 0 ? -offset : offset) / 60);
  if (offset == 0) {
    *at++ = 'Z';
    return at;
  }
  *at++ = offset < 0 ? '-' : '+';
  at = put_digits(at, minutes / 60, 2);
  *at++ = ':';
  return put_digits(at, minutes % 60, 2);
}

/* A damaged file may hold any number: beyond the years that there are, the nearest that is. */
static int64_t nearest_time(int64_t at_ms) {
  return at_ms < first_ms() ? first_ms() : at_ms > last_ms() ? last_ms() : at_ms;
}

size_t tally_time_print(int64_t at_ms, char text[TALLY_TIME_TEXT_MAX]) {
  at_ms = nearest_time(at_ms);
  int64_t seconds = floor_div(at_ms, MS_PER_SECOND);
  int milliseconds = (int)(at_ms - seconds * MS_PER_SECOND);
  int64_t offset = local_offset(seconds);
  int32_t day = (int32_t)floor_div(seconds + offset, SECONDS_PER_DAY);
  int clock = (int)(seconds + offset - (int64_t)day * SECONDS_PER_DAY);
  char *at = put_day(text, day);
  *at++ = 'T';
  at = put_digits(at, clock / 3600, 2);
  *at++ = ':';
  at = put_digits(at, clock / 60 % 60, 2);
  *at++ = ':';
  at = put_digits(at, clock % 60, 2);
  if (milliseconds) {
    *at++ = '.';
    at = put_digits(at, milliseconds, 3);
  }
  at = put_offset(at, offset);
  *at = '\0';
  return (size_t)(at - text);
}

int64_t tally_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}
