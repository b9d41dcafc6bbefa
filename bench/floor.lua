-- floor.lua - what lies under the Lua API's payments: plain.c's least work, the same by who must look before he writes,
-- and what the tables of question and answer take in Lua alone; and what becomes of the ratio on a disk that takes
-- longer to sync. Called by `make bench-floor`.
local answers = require "answers"
local measuring = require "measuring"
local shell = require "shell"

local LEDGERS = "build/bench/ledgers"
local PLANS = LEDGERS .. "/clinic"
local ROUNDS = 11
local LUA = os.getenv "LUA" or "lua5.4"
local PLAIN, LEDGER = "build/bench/plain", LUA .. " bench/ledger.lua"

-- How much of each: skipped, warm-up, measured.
local WORKS = {
  { label = "1,000 payments per commit", plain = "batch", informed = "batch_informed", size = "0 1000 9000" },
  { label = "one durable payment per commit", plain = "durable", informed = "durable_informed", size = "0 100 2000" },
}

-- How much longer a sync takes than on this machine. Disks for desks take a half to a few milliseconds.
local SLOWER_US = { 500, 2000 }
local SLOW_SYNC = "LD_PRELOAD=build/bench/slow_sync.so SLOW_SYNC_US=%d %s"
local SLOW_SIZE = "0 20 400"

local function microseconds(command, side, work, size)
  local path = LEDGERS .. "/floor.db"
  for _, suffix in ipairs { "-wal", "-shm" } do os.remove(path .. suffix) end
  shell.run("cp", ("%s/%s.prepared.db"):format(PLANS, side), path, "&& sync", path)
  local line = shell.run(command, work, path, PLANS, size)
  local count, seconds = line:match "(%d+) (%d+%.%d+)"
  return tonumber(seconds) / tonumber(count) * 1e6
end

local function show(label, spread, of)
  print(("  %-44s %7.2f µs  (%.2f … %.2f)  %5.2f"):format(label, spread.median, spread.min, spread.max,
    of / spread.median))
end

local function measure(work)
  local plain, informed, ledger = {}, {}, {}
  for round = 1, ROUNDS do
    shell.progress("%s: %d of %d ", work.label, round, ROUNDS)
    plain[round] = microseconds(PLAIN, "plain", work.plain, work.size)
    informed[round] = microseconds(PLAIN, "plain", work.informed, work.size)
    ledger[round] = microseconds(LEDGER, "ledger", work.plain, work.size)
  end
  shell.end_progress()
  local least, looked = measuring.spread(plain), measuring.spread(informed)
  local answer = answers.measure(answers.pay)
  local sum = { median = looked.median + answer.median, min = looked.min + answer.min, max = looked.max + answer.max }
  print(work.label)
  show("plain C", least, least.median)
  show("the same, looking before it writes", looked, least.median)
  show("that, and question and answer in Lua", sum, least.median)
  show("the Lua API", measuring.spread(ledger), least.median)
end

local function measure_slower(us)
  local plain, ledger = {}, {}
  for round = 1, ROUNDS do
    shell.progress("a sync %d µs longer: %d of %d ", us, round, ROUNDS)
    plain[round] = microseconds(SLOW_SYNC:format(us, PLAIN), "plain", "durable", SLOW_SIZE)
    ledger[round] = microseconds(SLOW_SYNC:format(us, LEDGER), "ledger", "durable", SLOW_SIZE)
  end
  shell.end_progress()
  local least = measuring.spread(plain)
  print(("one durable payment per commit, each sync %d µs longer"):format(us))
  show("plain C", least, least.median)
  show("the Lua API", measuring.spread(ledger), least.median)
end

shell.run("bench/run --rounds 1 --short --peers none >/dev/null")
print(measuring.machine_line(measuring.machine(LEDGERS)))
print(("medians of %d rounds (least … greatest); the last column is the rate beside plain C's\n"):format(ROUNDS))
for _, work in ipairs(WORKS) do measure(work) end
for _, us in ipairs(SLOWER_US) do measure_slower(us) end
