-- report.lua - medians and ratios, as a table for people and as JSON for programs.
local report = {}

local function median_of(numbers)
  local sorted = table.move(numbers, 1, #numbers, 1, {})
  table.sort(sorted)
  local half = #sorted // 2
  if #sorted % 2 == 1 then return sorted[half + 1] end
  return (sorted[half] + sorted[half + 1]) / 2
end

local function spread_of(numbers)
  return { median = median_of(numbers), min = math.min(table.unpack(numbers)), max = math.max(table.unpack(numbers)) }
end

-- The two sides of one round were measured within a second, so what slows the machine slows both: their ratio is taken
-- round by round, and the median is of the ratios.
local function ratios_of(rates, limit_rates)
  local ratios = {}
  for round, rate in ipairs(rates) do ratios[round] = rate / limit_rates[round] end
  return ratios
end

---Gives a row for each work: the sides' rates, the subject's ratio to the limit, and how many times as fast as each
---peer the subject is; all with median, min, max.
---@param measured { work: table, rates: table<string, number[]> }[]
---@param sides { limit: table, subject: table, peers: table[] } each side with its id and label
function report.rows(measured, sides)
  local rows = {}
  for i, one in ipairs(measured) do
    local work, rates = one.work, one.rates
    local row = { id = work.id, label = work.label, unit = work.unit, aim = work.aim, rate = {}, times = {} }
    for id, values in pairs(rates) do row.rate[id] = spread_of(values) end
    row.ratio = spread_of(ratios_of(rates[sides.subject.id], rates[sides.limit.id]))
    for _, peer in ipairs(sides.peers) do
      row.times[peer.id] = spread_of(ratios_of(rates[sides.subject.id], rates[peer.id]))
    end
    rows[i] = row
  end
  return rows
end

-- 1234567.8 becomes "1,234,568".
local function grouped(number)
  local digits = ("%.0f"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (digits:gsub("^,", ""))
end

function report.print(rows, sides, machine, size)
  print(("%s, %d CPUs, %s, %s; SQLite %s, %s; %s"):format(machine.cpu, machine.cpus, machine.kernel,
    machine.file_system, machine.sqlite, machine.lua, machine.settings))
  print(("%s documents, medians of %d rounds"):format(grouped(size.documents), size.rounds))
  print()
  local line = "%-33s %12s %12s   %6s  %-13s %5s"
  print(line:format("work, per second", sides.limit.label, sides.subject.label, "ratio", "(min … max)", "aim"))
  for _, row in ipairs(rows) do
    print(line:format(row.label, grouped(row.rate[sides.limit.id].median), grouped(row.rate[sides.subject.id].median),
      ("%.2f"):format(row.ratio.median), ("(%.2f … %.2f)"):format(row.ratio.min, row.ratio.max),
      row.aim and ("%.2f"):format(row.aim) or "–"))
  end
  for _, peer in ipairs(sides.peers) do report.print_peer(rows, peer, sides.subject) end
end

function report.print_peer(rows, peer, subject)
  local line = "%-33s %12s %12s   %6s  %s"
  print()
  print(line:format(("by hand, SQLite %s"):format(peer.sqlite), peer.label, subject.label, "times", "(min … max)"))
  for _, row in ipairs(rows) do
    local times = row.times[peer.id]
    print(line:format(row.label, grouped(row.rate[peer.id].median), grouped(row.rate[subject.id].median),
      ("%.2f"):format(times.median), ("(%.2f … %.2f)"):format(times.min, times.max)))
  end
end

-- Numbers, strings, and tables of them: a list has a first item, all else is an object with its names in order.
local function encode(value, indent)
  if type(value) == "string" then return ('"%s"'):format(value:gsub('[%c"\\]', function(c)
    return ("\\u%04x"):format(c:byte())
  end)) end
  if type(value) ~= "table" then return ("%.14g"):format(value) end
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
