/* error.c - the names and texts of the error codes, from the one list in tallystick.h. */
#include "tallystick.h"

const char *tally_code_name(tally_code code) {
  switch ((int)code) {
  case TALLY_OK:
    return "ok";
  case TALLY_DONE:
    return "done";
  case TALLY_STALE:
    return "stale";
#define X(symbol, number, name, text)                                                                                 \
  case TALLY_ERR_##symbol:                                                                                            \
    return name;
    TALLY_ERRORS(X)
#undef X
  default:
    return "unknown";
  }
}

const char *tally_code_text(tally_code code) {
  switch ((int)code) {
#define X(symbol, number, name, text)                                                                                 \
  case TALLY_ERR_##symbol:                                                                                            \
    return text;
    TALLY_ERRORS(X)
#undef X
  default:
    return "no error";
  }
}
