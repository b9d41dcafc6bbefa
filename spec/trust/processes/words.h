/* words.h - how the harnesses read the words they are called with; misuse tells how they are called, and ends. */
#ifndef TRUST_WORDS_H
#define TRUST_WORDS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline uint64_t read_count(const char *text, void (*misuse)(void)) {
  char *end = NULL;
  if (text == NULL) misuse();
  uint64_t value = strtoull(text, &end, 10);
  if (end == text || *end) misuse();
  return value;
}

/* The place of a word among those known. */
static inline size_t read_word(const char *text, const char *const known[], size_t count, void (*misuse)(void)) {
  for (size_t i = 0; text && i < count; i++) {
    if (strcmp(text, known[i]) == 0) return i;
  }
  misuse();
  return 0;
}

#endif
