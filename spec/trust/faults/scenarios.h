/* scenarios.h - what is done while calls fail. */
#ifndef FAULTS_SCENARIOS_H
#define FAULTS_SCENARIOS_H

/* The ledger that every scenario begins with. */
#define LEDGER_STEPS                                                                                                  \
  "consultation patient=P1 amount=120.00 at=2026-11-01;"                                                              \
  "consultation patient=P1 amount=80.03 at=2026-11-01 label=laser note=cold;"                                         \
  "consultation patient=P2 amount=60.00 at=2026-11-02;"                                                               \
  "pay document=C-00001 amount=50.00 key=k1 group=POS-1 at=2026-11-02 note=part;"                                     \
  "deposit patient=P1 amount=100.00 type=card at=2026-11-02;"                                                         \
  "close_days through=2026-11-05 counted={cash:49.50};"                                                               \
  "consultation patient=P2 amount=40.00;"                                                                             \
  "invoice consultations=[C-00003] due=2026-11-10;"                                                                   \
  "invoice patient=P3 amount=99.99 due=2026-12-20;"                                                                   \
  "pay document=F-00002 amount=20.00 type=transfer reference=RF18;"                                                   \
  "print payment=R-00001;"                                                                                            \
  "consultation patient=P4 amount=10.00; invoice consultations=[C-00005]; pay document=F-00003 type=card;"            \
  "refund payment=R-00004 amount=3.00 reopen=true reason=sent;"                                                       \
  "consultation patient=P5 amount=5.00; pay document=C-00006 type=card amount=2.00;"                                  \
  "reverse payment=R-00006 reason=wrong;"                                                                             \
  "move document=F-00002 workflow=reminders to=reminder-1;"                                                           \
  "follow 3"

typedef struct scenario {
  const char *name;
  const char *
      before; /* done beforehand, without faults; NULL: nothing. A ledger is open. "new": there is none; in Lua "script": it is
                         opened with one */
  const char *steps; /* in C, or a chunk of Lua */
} scenario;

extern const scenario scenarios[];
extern const int scenario_count;
extern const scenario lua_scenarios[];
extern const int lua_scenario_count;

#endif
