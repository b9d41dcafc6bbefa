-- measure.lua - rounds: each side in turn does a work, in a process of its own.
local files = require "files"
local report = require "report"
local shell = require "shell"

local measure = {}

---@class bench.Measured what was measured of one work
---@field work table
---@field rates table<string, number[]> operations a second, by side and round
---@field latencies table<string, table<string, number[]>> of a timed work: microseconds, by side, percentile and round

local function skip_of(work, size, round)
  return work.goes_on and (round - 1) * (size[work.id][1] + size[work.id][2]) or 0
end

-- Gives the rate, the checksum, and the latencies in nanoseconds.
local function do_work(run, work, side, round)
  local warmup, count = table.unpack(run.size[work.id])
  local lines = shell.run(side.command, work.id, shell.quoted(files.ledger_of(run.folder, work, side)),
    shell.quoted(files.folder_of(run.folder, work)), skip_of(work, run.size, round), warmup, count)
  local done, seconds, checksum, rest = lines:match "^(%d+) (%S+) (%-?%d+)\n(.*)"
  assert(tonumber(done) == count, side.label .. " printed " .. lines)
  local latencies = {}
  for latency in rest:gmatch "%d+" do latencies[#latencies + 1] = tonumber(latency) end
  assert(not work.timed or #latencies == count, side.label .. " told too few latencies")
  return count / tonumber(seconds), checksum, latencies
end

local function keep_latencies(kept, latencies, round)
  for name, nanoseconds in pairs(report.percentiles(latencies)) do
    kept[name] = kept[name] or {}
    kept[name][round] = nanoseconds / 1000
  end
end

-- One round of one work: each side in turn. Whoever did something else than the first has another checksum.
local function do_round(run, measured, sides, round)
  local work, expected = measured.work, nil
  for _, side in ipairs(sides) do
    shell.progress("round %d of %d: %s, %s", round, run.size.rounds, work.label, side.label)
    if work.writes or (round == 1 and not work.goes_on) then files.copy(run.folder, work, side) end
    local rate, checksum, latencies = do_work(run, work, side, round)
    expected = expected or checksum
    assert(checksum == expected, ("%s: %s did other work than %s"):format(work.label, side.label, sides[1].label))
    measured.rates[side.id][round] = rate
    if work.timed then keep_latencies(measured.latencies[side.id], latencies, round) end
  end
end

---Does all rounds of the works, round by round, so that all works see the same machine.
---@param run { folder: string, size: table }
---@param works table[]
---@param sides table[]
---@return bench.Measured[]
function measure.rounds(run, works, sides)
  local all = {}
  for i, work in ipairs(works) do
    all[i] = { work = work, rates = {}, latencies = {} }
    for _, side in ipairs(sides) do all[i].rates[side.id], all[i].latencies[side.id] = {}, {} end
  end
  for round = 1, run.size.rounds do
    for _, measured in ipairs(all) do do_round(run, measured, sides, round) end
  end
  return all
end

return measure
