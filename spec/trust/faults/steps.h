/* steps.h - what the files of steps share: each step is one call, or a few, with what stands behind its name. */
#ifndef FAULTS_STEPS_H
#define FAULTS_STEPS_H

#include <string.h>

#include "world.h"

#define TRY(call)                                                                                                     \
  do {                                                                                                                \
    tally_code tried = (call);                                                                                        \
    if (tried) return tried;                                                                                          \
  } while (0)

/* X("its name in a scenario", function). The commands of the ledger are steps besides. */
#define STEPS(X)                                                                                                      \
  X("propose", propose)                                                                                               \
  X("accept", accept)                                                                                                 \
  X("decline", decline)                                                                                               \
  X("begin", begin)                                                                                                   \
  X("commit", commit)                                                                                                 \
  X("rollback", rollback)                                                                                             \
  X("document", document)                                                                                             \
  X("payment", payment)                                                                                               \
  X("patient", patient)                                                                                               \
  X("documents", documents)                                                                                           \
  X("payments", payments)                                                                                             \
  X("entries", entries)                                                                                               \
  X("totals", totals)                                                                                                 \
  X("names", names)                                                                                                   \
  X("closings", closings)                                                                                             \
  X("head", head)                                                                                                     \
  X("info", info)                                                                                                     \
  X("type", type)                                                                                                     \
  X("stage", stage)                                                                                                   \
  X("reload", reload)                                                                                                 \
  X("followed", followed)                                                                                             \
  X("follow", follow)                                                                                                 \
  X("verify", verify)                                                                                                 \
  X("backup", backup)                                                                                                 \
  X("open", open)                                                                                                     \
  X("open-config", open_config)                                                                                       \
  X("close", close)                                                                                                   \
  X("crash", crash)                                                                                                   \
  X("request", request)                                                                                               \
  X("erase", erase)                                                                                                   \
  X("hosted", hosted)                                                                                                 \
  X("clockless", clockless)                                                                                           \
  X("refused", refused)                                                                                               \
  X("allow", allow)                                                                                                   \
  X("poison", poison)                                                                                                 \
  X("settings", settings)                                                                                             \
  X("anchor", anchor)                                                                                                 \
  X("anchored", anchored)                                                                                             \
  X("garble", garble)

#define X(name, step) tally_code step_##step(world *in, char *rest);
STEPS(X)
#undef X

static inline tally_text text_of(const char *text) {
  return (tally_text){text, strlen(text)};
}

/* Begins a request of a command with the fields of a scenario. */
void begin_request(world *in, tally_command command, char *rest);

#endif
