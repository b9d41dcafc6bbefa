-- replay.lua - the command line's replay of the practice's year, in batches and each command durable, whole processes
-- from start to end; the limit is plain.c's durable payments of the same rounds. Called by `make bench-replay`.
local clock = require "clock"
local measuring = require "measuring"
local shell = require "shell"

local YEAR = "examples/practice-year"
local LOG = YEAR .. "/practice-year.jsonl"
local LEDGERS = "build/bench/ledgers"
local PATH = LEDGERS .. "/replay.db"
local ROUNDS, BATCH = 9, 500
local PLAIN_WARMUP, PLAIN_COUNT = 200, 3000

local function count_lines(path)
  local count = 0
  for _ in io.lines(path) do count = count + 1 end
  return count
end

local function remove_ledger(path)
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
end

local function replay_seconds(options)
  remove_ledger(PATH)
  local start = clock.now()
  shell.run("bin/tallystick replay", PATH, LOG, "--config", YEAR .. "/clinic.lua", "--quiet", options)
  return clock.now() - start
end

-- The limit's own file, prepared by the bench: a fresh copy each time.
local function plain_rate()
  local prepared, path = LEDGERS .. "/clinic/plain.prepared.db", LEDGERS .. "/replay.plain.db"
  remove_ledger(path)
  shell.run("cp", prepared, path, "&& sync", path)
  local line = shell.run("build/bench/plain durable", path, LEDGERS .. "/clinic 0", PLAIN_WARMUP, PLAIN_COUNT)
  local count, seconds = line:match "(%d+) (%d+%.%d+)"
  return tonumber(count) / tonumber(seconds)
end

local function show(label, spread, unit)
  local text = measuring.grouped
  print(("%-42s %8s %-9s (%s … %s)"):format(label, text(spread.median), unit, text(spread.min), text(spread.max)))
end

shell.run("bench/run --rounds 1 --short --peers none >/dev/null")
local commands = count_lines(LOG)
local batched, durable, plain, ratios = {}, {}, {}, {}
for round = 1, ROUNDS do
  shell.progress("replaying %d of %d ", round, ROUNDS)
  batched[round] = commands / replay_seconds("--batch " .. BATCH)
  durable[round] = commands / replay_seconds("")
  plain[round] = plain_rate()
  ratios[round] = durable[round] / plain[round]
end
shell.end_progress()
print(measuring.machine_line(measuring.machine(LEDGERS)))
print(("%s commands, medians of %d rounds (least … greatest)\n"):format(measuring.grouped(commands), ROUNDS))
show(("commands a second, %d to a commit"):format(BATCH), measuring.spread(batched), "")
show("commands a second, each durable", measuring.spread(durable), "")
show("plain C, durable payments a second", measuring.spread(plain), "")
local ratio = measuring.spread(ratios)
print(("%-42s %8.2f %-9s (%.2f … %.2f)"):format("durable, of plain C", ratio.median, "", ratio.min, ratio.max))
