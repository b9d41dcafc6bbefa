-- compare.lua - measures the sides in turn, round by round, and shows their rates as ratios. Called by bench/run, which
-- builds what this needs.
local argparse = require "argparse"

local files = require "files"
local json = require "tallystick.json"
local measure = require "measure"
local measuring = require "measuring"
local report = require "report"
local shell = require "shell"
local works = require "works"

local BUILD = "build/bench"
local FLOOR = "bench/floor.json"
-- A ratio that lost more than a third of its floor fails.
local FLOOR_KEPT = 2 / 3

-- ---- The sides ----

-- Whichever of the peers are asked for: all, none, or those that this machine has.
local function choose_peers(asked)
  local chosen = {}
  for _, peer in ipairs(asked == "none" and {} or works.peers) do
    if asked == "all" or shell.succeeds(peer.present) then chosen[#chosen + 1] = peer end
  end
  return chosen
end

-- The guarantee is the same only where the settings are: each side reads its own back. A peer may bring its own SQLite.
local function read_settings(folder, sides)
  local found
  for _, side in ipairs(sides) do
    local path = files.prepared(folder, { ledger = "clinic" }, side)
    local settings = shell.run(side.command, "settings", shell.quoted(path)):gsub("%s+", " ")
    side.sqlite, side.runtime = settings:match "^wal 2 (%S+) ?(.-) ?$"
    assert(side.sqlite, side.label .. " has other settings: " .. settings)
    if side == works.limit or side == works.subject then
      assert(not found or found == settings, "the sides have different settings or SQLites: " .. settings)
      found = settings
    end
  end
end

local function describe_sides(sides)
  local described = {}
  for i, side in ipairs(sides) do
    described[i] = { id = side.id, label = side.label, sqlite = side.sqlite, runtime = side.runtime }
  end
  return described
end

-- ---- Measuring ----

local function who_keeps_up(row, per_second, sides)
  local able = {}
  for _, side in ipairs(sides) do
    if per_second <= works.open.most_load * row.rate[side.id].median then able[#able + 1] = side end
  end
  return able
end

-- The open loop comes last, since its rate depends on what the closed one reached.
local function measure_open(run, row, roles, sides)
  local reached = math.min(row.rate[roles.limit.id].median, row.rate[roles.subject.id].median)
  local per_second = works.open.share * reached
  files.write_arrivals(run.folder, run.size, run.seed, per_second)
  local measured = measure.rounds(run, { works.open }, who_keeps_up(row, per_second, sides))
  local found = report.row(measured[1], roles)
  found.arrivals_per_second = per_second
  return found
end

local function measure_all(run, roles, sides)
  local rows, paced = {}, nil
  for i, measured in ipairs(measure.rounds(run, works.closed, sides)) do
    rows[i] = report.row(measured, roles)
    if measured.work.id == works.open.of then paced = rows[i] end
  end
  rows[#rows + 1] = measure_open(run, paced, roles, sides)
  shell.end_progress()
  return rows
end

-- What was measured must also be right: the ledgers that were paid into prove themselves.
local function verify(folder)
  local tallystick = require "tallystick"
  for _, work in ipairs { works.open, table.unpack(works.closed) } do
    if work.writes or work.goes_on then
      shell.progress("verifying: %s", work.label)
      local ledger <close> = assert(tallystick.open(files.ledger_of(folder, work, works.subject), { mode = "ro" }))
      assert(ledger:verify())
    end
  end
  shell.end_progress()
end

-- ---- The machine ----

local function describe_machine(folder)
  local machine = measuring.machine(folder)
  machine.sqlite, machine.settings = works.limit.sqlite, "journal_mode=wal, synchronous=FULL (read back)"
  return machine
end

-- ---- The floor ----

-- Holds the medians against the recorded floor; gives the sentences of those that fell.
local function below_floor(rows)
  local file <close> = assert(io.open(FLOOR))
  local floor, fallen = assert(json.decode(file:read "a")), {}
  for _, row in ipairs(rows) do
    local least, reached = (floor[row.id] or 0) * FLOOR_KEPT, row.ratio and row.ratio[works.subject.id].median
    if reached and reached < least then
      fallen[#fallen + 1] = ("%s: the ratio is %.2f, and %.2f is two thirds of its floor in %s"):format(row.label,
        reached, least, FLOOR)
    end
  end
  return fallen
end

local function parse_arguments()
  local parser = argparse("bench/run", "Measures the Lua API beside a plain C program over SQLite, as ratios.")
  parser:flag("--short", "a short run, which fails when a ratio falls below two thirds of its floor")
  parser:option("--peers", "beside the same rules by hand, in Lua over luasql, Python, Node: all, none, or found ones"
    .. " (none in a short run)"):choices { "all", "none", "found" }
  parser:option("--folder", "where the ledgers are made: the file system to be measured", BUILD .. "/ledgers")
  parser:option("--seed", "of the workload", 20250106):convert(math.tointeger)
  parser:option("--rounds", "how often each side does each work"):convert(math.tointeger)
  return parser:parse()
end

local arguments = parse_arguments()
local size = works.sizes[arguments.short and "short" or "full"]
size.rounds = arguments.rounds or size.rounds
local peers = choose_peers(arguments.peers or (arguments.short and "none" or "found"))
local roles = { limit = works.limit, subject = works.subject, peers = peers }
local sides = { works.limit, works.subject, table.unpack(peers) }
local run = { folder = arguments.folder, size = size, seed = arguments.seed }

files.prepare(run.folder, sides, size, run.seed)
read_settings(run.folder, sides)
local rows = measure_all(run, roles, sides)
verify(run.folder)
local result = {
  command = table.concat({ "bench/run", table.unpack(arg) }, " "), machine = describe_machine(run.folder),
  sides = describe_sides(sides), seed = run.seed, documents = size.documents, rounds = size.rounds, works = rows,
}
report.print(result, roles)
report.write(BUILD .. "/result.json", result)
local fallen = arguments.short and below_floor(rows) or {}
for _, sentence in ipairs(fallen) do print("too slow: " .. sentence) end
os.exit(#fallen == 0, true)
