-- compare.lua - measures the sides in turn, round by round, and shows their rates as ratios. Called by bench/run, which
-- builds what this needs.
local argparse = require "argparse"

local json = require "tallystick.json"
local report = require "report"
local workload = require "workload"

local BUILD = "build/bench"
local FLOOR = "bench/floor.json"
-- A ratio that lost more than a third of its floor fails.
local FLOOR_KEPT = 2 / 3

-- A side is a command that takes a work and its arguments (see plain.c): the limit, then what is held against it, then,
-- where they are asked for, its peers, the same rules written by hand.
local LUA = os.getenv "LUA" or "lua5.4"
local LIMIT = { id = "plain", label = "plain C", command = BUILD .. "/plain" }
local SUBJECT = { id = "ledger", label = "Lua API", command = LUA .. " bench/ledger.lua" }
local PEERS = {
  { id = "luasql", label = "Lua, luasql", command = LUA .. " bench/peers/luasql.lua" },
  { id = "python", label = "Python", command = "python3 bench/peers/python.py" },
  { id = "node", label = "Node, better", command = "NODE_PATH=build/bench/node/node_modules node bench/peers/node.js" },
}
local SIDES = { LIMIT, SUBJECT }

-- The works in the order of the table; `aim` is the ratio to be reached, where there is one. A work that writes gets a
-- fresh copy of the prepared file each time, so that all rounds begin alike.
local WORKS = {
  { id = "durable", label = "one durable payment per commit", unit = "payments", aim = 0.8, writes = true },
  { id = "batch", label = "1,000 payments per commit", unit = "payments", aim = 0.6, writes = true },
  { id = "scattered", label = "the same, over all open documents", unit = "payments", writes = true },
  { id = "read", label = "a document with its status", unit = "documents", aim = 0.4 },
  { id = "page", label = "a page of 50 unpaid invoices", unit = "pages", aim = 0.6 },
}

-- How much of each: { warm-up, measured }. Batches are whole commits. Payments are as many as the open third of the
-- documents takes.
local SIZES = {
  full = {
    documents = 30000, rounds = 15,
    durable = { 200, 3000 }, batch = { 1000, 12000 }, scattered = { 1000, 12000 },
    read = { 5000, 50000 }, page = { 100, 1500 },
  },
  short = {
    documents = 24000, rounds = 7,
    durable = { 100, 600 }, batch = { 1000, 9000 }, scattered = { 1000, 9000 },
    read = { 2000, 15000 }, page = { 50, 500 },
  },
}

local function say(...)
  io.stderr:write(string.format(...))
end

-- Single quotes make a word of any text for the shell.
local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Runs a command and gives what it printed; a bench that met an error has nothing to tell.
local function run(...)
  local command = table.concat({ ... }, " ")
  local pipe <close> = assert(io.popen(command))
  local text = pipe:read "a"
  assert(pipe:close(), command .. " failed")
  return text
end

-- ---- The files ----

local function prepared_path(folder, side)
  return ("%s/%s.prepared.db"):format(folder, side.id)
end

local function remove_ledger(path)
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
end

local function prepare(folder, size, seed)
  say "preparing "
  run("mkdir -p", quoted(folder))
  local function steps_of(id) return size[id][1] + size[id][2] end
  workload.write(folder, {
    seed = seed, documents = size.documents, payments = math.max(steps_of "durable", steps_of "batch"),
    scattered = steps_of "scattered", reads = steps_of "read", pages = steps_of "page",
  })
  for _, side in ipairs(SIDES) do
    local path = prepared_path(folder, side)
    remove_ledger(path)
    run(side.command, "prepare", quoted(path), quoted(folder))
    say "."
  end
end

-- The copy is on disk before the clock starts: its writing back must not fall into the measured time.
local function fresh_copy(folder, side, work)
  local path = ("%s/%s.%s.db"):format(folder, side.id, work.id)
  remove_ledger(path)
  run("cp", quoted(prepared_path(folder, side)), quoted(path))
  run("sync", quoted(path))
  return path
end

-- The guarantee is the same only where the settings are: each side reads its own back. A peer may bring its own SQLite.
local function read_settings(folder)
  local found
  for _, side in ipairs(SIDES) do
    local settings = run(side.command, "settings", quoted(prepared_path(folder, side))):gsub("%s+", " ")
    assert(settings:find "^wal 2 ", side.label .. " has other settings: " .. settings)
    side.sqlite = settings:match "^wal 2 (%S+)"
    if side == LIMIT or side == SUBJECT then
      assert(not found or found == settings, "the sides have different settings or SQLites: " .. settings)
      found = settings
    end
  end
  return found
end

-- ---- Measuring ----

local function measure(side, work, path, folder, size)
  local warmup, count = table.unpack(size[work.id])
  local line = run(side.command, work.id, quoted(path), quoted(folder), warmup, count)
  local done, seconds, checksum = line:match "^(%d+) (%S+) (%-?%d+)"
  assert(tonumber(done) == count, side.label .. " printed " .. line)
  return count / tonumber(seconds), checksum
end

-- One round of one work: each side in turn. Whoever did something else than the limit has another checksum.
local function measure_round(work, round, folder, size, rates)
  local expected
  for _, side in ipairs(SIDES) do
    local path = ("%s/%s.%s.db"):format(folder, side.id, work.id)
    if work.writes or round == 1 then path = fresh_copy(folder, side, work) end
    local rate, checksum = measure(side, work, path, folder, size)
    expected = expected or checksum
    assert(checksum == expected, ("%s: %s did other work than %s"):format(work.label, side.label, LIMIT.label))
    rates[side.id][round] = rate
  end
end

local function measure_all(folder, size)
  local measured = {}
  for i, work in ipairs(WORKS) do
    measured[i] = { work = work, rates = {} }
    for _, side in ipairs(SIDES) do measured[i].rates[side.id] = {} end
  end
  for round = 1, size.rounds do
    for i, work in ipairs(WORKS) do measure_round(work, round, folder, size, measured[i].rates) end
    say "."
  end
  say "\n\n"
  return measured
end

-- What was measured must also be right: the ledgers that were paid into prove themselves.
local function verify(folder)
  local tallystick = require "tallystick"
  for _, work in ipairs(WORKS) do
    if work.writes then
      local path = ("%s/%s.%s.db"):format(folder, SUBJECT.id, work.id)
      local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
      assert(ledger:verify())
    end
  end
end

-- ---- The machine ----

local function first_match(path, pattern)
  local file <close> = io.open(path)
  return file and file:read("a"):match(pattern) or "unknown"
end

local function describe_machine(folder, settings)
  return {
    cpu = first_match("/proc/cpuinfo", "model name%s*:%s*([^\n]+)"),
    cpus = tonumber(run "nproc"),
    kernel = run("uname -sr"):gsub("\n", ""),
    file_system = run("stat -f -c %T", quoted(folder)):gsub("\n", ""),
    lua = run((os.getenv "LUA" or "lua5.4"), "-v"):match "Lua [%d.]+",
    sqlite = settings:match "wal 2 (%S+)",
    settings = "journal_mode=wal, synchronous=FULL (read back)",
  }
end

-- ---- The floor ----

-- Holds the medians against the recorded floor; gives the sentences of those that fell.
local function below_floor(rows)
  local file <close> = assert(io.open(FLOOR))
  local floor, fallen = assert(json.decode(file:read "a")), {}
  for _, row in ipairs(rows) do
    local least = floor[row.id] * FLOOR_KEPT
    if row.ratio.median < least then
      fallen[#fallen + 1] = ("%s: the ratio is %.2f, and %.2f is two thirds of its floor in %s"):format(row.label,
        row.ratio.median, least, FLOOR)
    end
  end
  return fallen
end

local function parse_arguments()
  local parser = argparse("bench/run", "Measures the Lua API beside a plain C program over SQLite, as ratios.")
  parser:flag("--short", "a short run, which fails when a ratio falls below two thirds of its floor")
  parser:flag("--peers", "also the same rules by hand, in Lua over luasql, in Python and in Node (make bench-peers)")
  parser:option("--folder", "where the ledgers are made: the file system to be measured", BUILD .. "/ledgers")
  parser:option("--seed", "of the workload", 20250106):convert(math.tointeger)
  parser:option("--rounds", "how often each side does each work"):convert(math.tointeger)
  return parser:parse()
end

local arguments = parse_arguments()
local size = SIZES[arguments.short and "short" or "full"]
size.rounds = arguments.rounds or size.rounds
local peers = arguments.peers and PEERS or {}
for _, peer in ipairs(peers) do SIDES[#SIDES + 1] = peer end
prepare(arguments.folder, size, arguments.seed)
local settings = read_settings(arguments.folder)
local sides = { limit = LIMIT, subject = SUBJECT, peers = peers }
local rows = report.rows(measure_all(arguments.folder, size), sides)
verify(arguments.folder)
local machine = describe_machine(arguments.folder, settings)
report.print(rows, sides, machine, size)
report.write(BUILD .. "/result.json", {
  machine = machine, seed = arguments.seed, documents = size.documents, rounds = size.rounds, works = rows,
})
local fallen = arguments.short and below_floor(rows) or {}
for _, sentence in ipairs(fallen) do print("too slow: " .. sentence) end
os.exit(#fallen == 0, true)
