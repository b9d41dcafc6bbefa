-- hooks.lua - what a script's hooks cost a payment, and what it costs that they run in a state of their own. The sides
-- take turns, each in a process of its own, on a copy of the same ledger. Called by `make bench-hooks`.
local measuring = require "measuring"
local shell = require "shell"
local states = require "states"

local FOLDER = "build/bench/hooks"
local LEDGERS = "build/bench/ledgers"
local PLANS = LEDGERS .. "/clinic"
local CONFIG = "examples/practice-year/clinic.lua"
local ROUNDS = 15
local LUA = os.getenv "LUA" or "lua5.4"
-- Skipped, warm-up, measured.
local SIZE = "0 1000 9000"
-- One trivial `before` hook may make a payment so many times as long.
local AIM = 1.25

local BEFORE = 'clinic:before("pay", { id = "hook-%d" }, function(event, ctx) %s end)\n'
local READS = "if event.after.remaining > event.before.remaining then return ctx.refuse(\"more\", \"owes more\") end"

local function lines_of(count, template, body)
  local lines = {}
  for i = 1, count do lines[i] = template:format(i, body) end
  return table.concat(lines)
end

local CAPS = "if event.amount > ctx.money '9000.00' then return ctx.refuse('cap', 'too much') end"

-- The first is what the others are held against.
local SIDES = {
  { id = "none", label = "no hook", hooks = "" },
  { id = "other", label = "a hook before another command",
    hooks = 'clinic:before("refund", { id = "other" }, function(event, ctx) end)\n' },
  { id = "before", label = "one trivial before hook", hooks = lines_of(1, BEFORE, ""), aim = AIM },
  { id = "amount", label = "one before hook that reads event.amount", hooks = lines_of(1, BEFORE, CAPS) },
  { id = "after", label = "one trivial after hook",
    hooks = 'clinic:after("pay", { id = "after" }, function(event, ctx) end)\n' },
  { id = "five", label = "five before hooks that read event.before and .after", hooks = lines_of(5, BEFORE, READS) },
}

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(text))
end

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function path_of(side)
  return ("%s/%s.lua"):format(FOLDER, side.id)
end

-- Each side gets its own copy of the prepared ledger; opening it with another script stores that as a version.
local function microseconds(side)
  local path = FOLDER .. "/ledger.db"
  for _, suffix in ipairs { "-wal", "-shm" } do os.remove(path .. suffix) end
  shell.run("cp", PLANS .. "/ledger.prepared.db", path, "&& sync", path)
  local line = shell.run("BENCH_CONFIG=" .. path_of(side), LUA, "bench/ledger.lua", "batch", path, PLANS, SIZE)
  local count, seconds, sum = line:match "(%d+) (%d+%.%d+) (%-?%d+)"
  return tonumber(seconds) / tonumber(count) * 1e6, sum
end

local function measure()
  local figures, expected = {}, nil
  for _, side in ipairs(SIDES) do figures[side.id] = { us = {}, ratio = {} } end
  for round = 1, ROUNDS do
    for _, side in ipairs(SIDES) do
      shell.progress("round %d of %d: %s", round, ROUNDS, side.label)
      local us, sum = microseconds(side)
      expected = expected or sum
      assert(sum == expected, side.label .. " paid other amounts")
      figures[side.id].us[round] = us
      figures[side.id].ratio[round] = us / figures[SIDES[1].id].us[round]
    end
  end
  shell.end_progress()
  return figures
end

local function show(side, figures)
  local us, ratio = measuring.spread(figures[side.id].us), measuring.spread(figures[side.id].ratio)
  local aim = side.aim and ("  aim %.2f: %s"):format(side.aim, ratio.median <= side.aim and "met" or "missed") or ""
  print(("  %s %7.2f µs  (%.2f … %.2f)  %5.2f  (%.2f … %.2f)%s"):format(measuring.padded(side.label, -52), us.median,
    us.min, us.max, ratio.median, ratio.min, ratio.max, aim))
end

-- What of a call into another state costs how much: each row has all that the rows before it have.
local PARTS = {
  { "same", "a trivial function, called from C in the state at hand" },
  { "other", "the same in another state, inside a protected call" },
  { "event", "and an event made for it" },
  { "budget", "and a budget begun and ended" },
}
local CALLS = 300000

local function measure_states()
  local seen = {}
  for round = 1, ROUNDS do
    for _, row in ipairs(PARTS) do
      seen[row[1]] = seen[row[1]] or {}
      seen[row[1]][round] = states.measure(row[1], CALLS)
    end
  end
  for _, row in ipairs(PARTS) do
    local spread = measuring.spread(seen[row[1]])
    print(("  %s %7.0f ns  (%.0f … %.0f)"):format(measuring.padded(row[2], -56), spread.median, spread.min, spread.max))
  end
end

shell.run("mkdir -p", FOLDER)
shell.run("bench/run --rounds 1 --short --peers none >/dev/null")
for _, side in ipairs(SIDES) do write(path_of(side), read(CONFIG) .. side.hooks) end
print(measuring.machine_line(measuring.machine(FOLDER)))
print(("medians of %d rounds (least … greatest)\n"):format(ROUNDS))
print "one payment of 1,000 in a commit: µs, and times that without a hook, within the round"
local figures = measure()
for _, side in ipairs(SIDES) do show(side, figures) end
print "\none call"
measure_states()
