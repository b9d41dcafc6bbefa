/* texts.c - fuzzes what is read from text: amounts, times, days, statuses' sums, and the formats and ids of a configuration.
 * What is accepted must come back the same when it is printed and read again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tallystick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what broke, for the fuzzer to keep the input. */
static void must(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void fuzz_money(const char *text, size_t length) {
  static const char *const codes[] = {"CHF", "JPY", "KWD", "CLF"};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    const tally_currency *currency = tally_currency_find(codes[i], 3);
    char printed[TALLY_MONEY_TEXT_MAX];
    int64_t minor, again;
    must(currency != NULL, "a currency is there");
    if (tally_money_parse(text, length, currency, &minor) != TALLY_OK) continue;
    size_t count = tally_money_print(minor, currency, printed);
    must(count < TALLY_MONEY_TEXT_MAX && printed[count] == '\0', "an amount fits when printed");
    must(tally_money_parse(printed, count, currency, &again) == TALLY_OK && again == minor,
         "an amount is the same when printed and read again");
  }
}

static void fuzz_time(const char *text, size_t length) {
  char printed[TALLY_TIME_TEXT_MAX];
  int64_t at_ms, again_ms;
  if (tally_time_parse(text, length, &at_ms) != TALLY_OK) return;
  must(tally_time_valid(at_ms), "a time that was read is valid");
  size_t count = tally_time_print(at_ms, printed);
  must(count < TALLY_TIME_TEXT_MAX && printed[count] == '\0', "a time fits when printed");
  must(tally_time_parse(printed, count, &again_ms) == TALLY_OK && again_ms == at_ms,
       "a time is the same when printed and read again");
  int32_t day = tally_day_of(at_ms);
  must(tally_day_start_ms(day) <= at_ms, "a day starts before what it holds");
}

static void fuzz_day(const char *text, size_t length) {
  char printed[TALLY_TIME_TEXT_MAX];
  int32_t day, again;
  if (tally_day_parse(text, length, &day) != TALLY_OK) return;
  size_t count = tally_day_print(day, printed);
  must(count == length && memcmp(printed, text, count) == 0, "a day is printed as it was read");
  must(tally_day_parse(printed, count, &again) == TALLY_OK && again == day, "a day is the same when read again");
}

/* Any numbers: a sum either fits or is refused, and parts sum to their whole. */
static void fuzz_sums(const uint8_t *data, size_t size) {
  int64_t numbers[8] = {0}, parts[4], weights[4], sum = 0, remaining;
  tally_status status;
  memcpy(numbers, data, size < sizeof numbers ? size : sizeof numbers);
  tally_facts facts = {size & 1 ? TALLY_INVOICE : TALLY_CONSULTATION,
                       numbers[0],
                       numbers[1],
                       numbers[2],
                       numbers[3],
                       numbers[4],
                       numbers[5],
                       false,
                       false};
  if (tally_status_of(&facts, &status, &remaining) == TALLY_OK)
    must(status < TALLY_STATUS_END && tally_status_name(status) != NULL, "a status has a name");
  if (tally_minor_round(numbers[0], numbers[1], &sum) == TALLY_OK)
    must(sum % numbers[1] == 0, "a multiple of the step");
  for (size_t i = 0; i < 4; i++) weights[i] = numbers[4 + i];
  if (tally_minor_split(numbers[0], weights, 4, parts) != TALLY_OK) return;
  sum = 0;
  for (size_t i = 0; i < 4; i++) sum = (int64_t)((uint64_t)sum + (uint64_t)parts[i]);
  must(sum == numbers[0], "parts sum to their whole");
}

static void set(tally_request *request, const char *name, const char *value) {
  tally_request_set_text(request, name, value, strlen(value));
}

/* A configuration that is accepted numbers documents, and finds them by what it gave. */
static void use(tally_ledger *ledger) {
  tally_request *request = tally_request_new();
  tally_result result;
  if (request == NULL) abort();
  for (int i = 0; i < 2; i++) {
    tally_request_begin(request, TALLY_COMMAND_DEPOSIT);
    set(request, "patient", "P1");
    set(request, "amount", "1");
    if (tally_execute(ledger, request, &result) != TALLY_OK) break;
    char number[64];
    const tally_payment *payment;
    size_t length = result.number.length;
    must(length < sizeof number, "a number is short");
    memcpy(number, result.number.data, length);
    must(tally_read_payment(ledger, (tally_text){number, length}, &payment) == TALLY_OK, "a payment is found again");
  }
  tally_verify *verify = NULL;
  tally_code code = tally_verify_begin(ledger, NULL, &verify);
  while (code == TALLY_OK) code = tally_verify_step(verify);
  tally_verify_end(verify);
  must(code == TALLY_DONE, "the ledger verifies");
  tally_request_free(request);
}

/* The pieces of a configuration stand on a line each. */
static void fuzz_config(const char *text, size_t length) {
  tally_text pieces[8] = {{NULL, 0}};
  for (size_t i = 0; i < 8; i++) {
    const char *end = memchr(text, '\n', length);
    size_t count = end ? (size_t)(end - text) : length;
    if (count > 0) pieces[i] = (tally_text){text, count};
    if (end == NULL) break;
    text += count + 1;
    length -= count + 1;
  }
  tally_pair label = {pieces[5], pieces[6]};
  tally_payment_type type = {.id = pieces[4],
                             .effect = TALLY_EFFECT_MONEY,
                             .is_default = true,
                             .excess = TALLY_EXCESS_REFUSE,
                             .for_consultation = true,
                             .for_invoice = true,
                             .account = pieces[7],
                             .labels = &label,
                             .label_count = label.value.data ? 1 : 0};
  tally_config config = {.currency = pieces[0],
                         .consultation_format = pieces[1],
                         .invoice_format = pieces[2],
                         .payment_format = pieces[3],
                         .types = &type,
                         .type_count = type.id.data ? 1 : 0};
  tally_options options = {.config = &config};
  tally_ledger *ledger = NULL;
  if (tally_open(":memory:", &options, &ledger) == TALLY_OK) use(ledger);
  tally_close(ledger);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  char *text = malloc(size); /* of its very length, so that a read past its end is seen */
  if (text == NULL) abort();
  memcpy(text, data + 1, size - 1);
  switch (data[0]) {
  case 'm':
    fuzz_money(text, size - 1);
    break;
  case 't':
    fuzz_time(text, size - 1);
    break;
  case 'd':
    fuzz_day(text, size - 1);
    break;
  case 's':
    fuzz_sums((const uint8_t *)text, size - 1);
    break;
  case 'c':
    fuzz_config(text, size - 1);
    break;
  default:
    break;
  }
  free(text);
  return 0;
}
