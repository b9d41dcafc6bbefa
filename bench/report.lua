-- report.lua - medians, ratios and percentiles, as tables for people and as JSON for programs.
local measuring = require "measuring"

local grouped = measuring.grouped

local report = {}

-- By nearest rank: the least of the values that so large a share of them does not exceed.
local PERCENTILES = { p50 = 0.5, p90 = 0.9, p99 = 0.99, p99_9 = 0.999, max = 1 }

local function sorted_copy(numbers)
  local sorted = table.move(numbers, 1, #numbers, 1, {})
  table.sort(sorted)
  return sorted
end

-- The sides of one round were measured within seconds, so what slows the machine slows all: their ratio is taken round
-- by round, and the median is of the ratios.
local function ratios_of(values, others)
  local ratios = {}
  for round, value in ipairs(values) do ratios[round] = value / others[round] end
  return measuring.spread(ratios)
end

---@param values number[]
---@return table<string, number> by name: p50, p90, p99, p99_9, max
function report.percentiles(values)
  local sorted, found = sorted_copy(values), {}
  for name, share in pairs(PERCENTILES) do found[name] = sorted[math.ceil(share * #sorted)] end
  return found
end

local function rate_spreads(rates, sides)
  local rate, ratio, times = {}, {}, {}
  for id, values in pairs(rates) do
    rate[id], ratio[id] = measuring.spread(values), ratios_of(values, rates[sides.limit.id])
  end
  for _, peer in ipairs(sides.peers) do times[peer.id] = ratios_of(rates[sides.subject.id], rates[peer.id]) end
  return rate, ratio, times
end

local function latency_spreads(measured, limit)
  local latency, ratio = {}, {}
  for id, percentiles in pairs(measured.latencies) do
    latency[id], ratio[id] = {}, {}
    for name, values in pairs(percentiles) do
      latency[id][name] = measuring.spread(values)
      ratio[id][name] = ratios_of(values, measured.latencies[limit.id][name])
    end
  end
  return latency, ratio
end

---Gives what was measured of one work: the sides' rates, their ratios to the limit, how many times as fast as each peer
---the subject is, and latencies in microseconds with their ratios to the limit's; all with median, min, max. Arrivals
---set the rate themselves: such a work has latencies alone.
---@param measured bench.Measured
---@param sides { limit: table, subject: table, peers: table[] } each side with its id and label
function report.row(measured, sides)
  local work = measured.work
  local row = { id = work.id, label = work.label, unit = work.unit, aim = work.aim, peer_aims = work.peer_aims,
    latency_aim = work.latency_aim }
  if not work.of then row.rate, row.ratio, row.times = rate_spreads(measured.rates, sides) end
  if work.timed then row.latency_us, row.latency_ratio = latency_spreads(measured, sides.limit) end
  return row
end

-- ---- Tables ----

local function ratio_cells(ratio, aim)
  return ("%.2f"):format(ratio.median), ("(%.2f … %.2f)"):format(ratio.min, ratio.max),
    aim and ("%.2f"):format(aim) or "–"
end

local RATES = "%-33s %12s %12s   %6s  %-15s %5s"

local function print_ratios(rows, sides)
  print(RATES:format("work, per second", sides.limit.label, sides.subject.label, "ratio", "(min … max)", "aim"))
  for _, row in ipairs(rows) do
    print(RATES:format(row.label, grouped(row.rate[sides.limit.id].median),
      grouped(row.rate[sides.subject.id].median), ratio_cells(row.ratio[sides.subject.id], row.aim)))
  end
end

local function print_times(rows, peer, subject)
  print()
  print(RATES:format(("by hand, SQLite %s"):format(peer.sqlite), peer.label, subject.label, "times", "(min … max)",
    "aim"))
  for _, row in ipairs(rows) do
    print(RATES:format(row.label, grouped(row.rate[peer.id].median), grouped(row.rate[subject.id].median),
      ratio_cells(row.times[peer.id], row.peer_aims and row.peer_aims[peer.id])))
  end
end

local LATENCIES = "%-33s %7s %7s %7s %7s %8s   %6s  %-15s %5s"

local function print_latencies(row, sides)
  print()
  print(LATENCIES:format("latency, µs", "p50", "p90", "p99", "p99.9", "max", "of p99", "(min … max)", "aim"))
  print(row.label .. (row.arrivals_per_second and (", %s a second"):format(grouped(row.arrivals_per_second)) or ""))
  for _, side in ipairs { sides.limit, sides.subject, table.unpack(sides.peers) } do
    local found = row.latency_us[side.id]
    if found then
      print(LATENCIES:format("  " .. side.label, grouped(found.p50.median), grouped(found.p90.median),
        grouped(found.p99.median), grouped(found.p99_9.median), grouped(found.max.median),
        ratio_cells(row.latency_ratio[side.id].p99, side == sides.subject and row.latency_aim)))
    else
      print(("  %-31s cannot keep up"):format(side.label))
    end
  end
end

---Prints the tables of a run.
---@param result { machine: table, works: table[], documents: table<string, integer>, rounds: integer }
function report.print(result, sides)
  local machine, closed = result.machine, {}
  print(("%s, %d CPUs, %s, %s; SQLite %s, %s; %s"):format(machine.cpu, machine.cpus, machine.kernel,
    machine.file_system, machine.sqlite, machine.lua, machine.settings))
  print(("%s documents, %s where there is no locality; medians of %d rounds"):format(grouped(result.documents.clinic),
    grouped(result.documents.scattered), result.rounds))
  print()
  for _, row in ipairs(result.works) do
    if not row.arrivals_per_second then closed[#closed + 1] = row end
  end
  print_ratios(closed, sides)
  for _, peer in ipairs(sides.peers) do print_times(closed, peer, sides.subject) end
  for _, row in ipairs(result.works) do
    if row.latency_us then print_latencies(row, sides) end
  end
end

-- ---- JSON ----

-- Numbers, strings, and tables of them: a list has a first item, all else is an object with its names in order.
local function encode(value, indent)
  if type(value) == "string" then return ('"%s"'):format(value:gsub('[%c"\\]', function(c)
    return ("\\u%04x"):format(c:byte())
  end)) end
  if type(value) ~= "table" then return ("%.14g"):format(value) end
  if not next(value) then return "{}" end
  local items, inner = {}, indent .. "  "
  for _, item in ipairs(value) do items[#items + 1] = inner .. encode(item, inner) end
  if #items > 0 then return ("[\n%s\n%s]"):format(table.concat(items, ",\n"), indent) end
  for name, item in pairs(value) do items[#items + 1] = ('%s"%s": %s'):format(inner, name, encode(item, inner)) end
  table.sort(items)
  return ("{\n%s\n%s}"):format(table.concat(items, ",\n"), indent)
end

function report.write(path, result)
  local file <close> = assert(io.open(path, "w"))
  file:write(encode(result, ""), "\n")
end

return report
