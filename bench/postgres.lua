-- postgres.lua - durable payments, one to a commit, of the Lua API beside PostgreSQL and plain C. Called by
-- bench/postgres, which runs the server.
--
-- Why it is fair:
-- - The plans are workload.lua's, the sizes those of the durable work of compare.lua; all sides take turns, each in a
--   new process with one connection or handle and the next payment only after the last one's answer.
-- - Each answers when the payment is on disk: SQLite in WAL with synchronous=FULL, the server with fsync and
--   synchronous_commit, all read back. Its files are on the ledgers' file system, which is checked.
-- - The server does what plain.c does and no more, as postgres.c says; the Lua API has all its rules, and its chain.
-- - The server's other settings are its defaults. Doubts were decided in its favour: each round's database is copied
--   through the log, so that no page's full image has to be logged in the measured time (pg_stat_wal counts none), and
--   the log begins a new segment before it, so that none has to be made in it. All is synced before the clock starts.
-- - What a server gives besides, many clients at once and other machines, is not measured: one desk waits for one
--   payment. With many clients PostgreSQL shares a sync among them.
local argparse = require "argparse"

local measuring = require "measuring"
local report = require "report"
local shell = require "shell"
local workload = require "workload"

local quoted, run, say = shell.quoted, shell.run, measuring.say

local BUILD = "build/bench"
local RESULT = BUILD .. "/postgres.json"
local SUBJECT = { id = "ledger", label = "Lua API", command = (os.getenv "LUA" or "lua5.4") .. " bench/ledger.lua" }
local LIMIT = { id = "plain", label = "plain C, SQLite", command = BUILD .. "/plain" }
local SERVER = { id = "postgres", label = "C, PostgreSQL", command = BUILD .. "/postgres" }
local SIDES = { LIMIT, SUBJECT, SERVER }

local DOCUMENTS = 30000
local WARMUP, COUNT = 200, 3000

local arguments

-- ---- Where each side's payments go: a file, or a database of the server ----

local function connection(database)
  return ("host=%s user=%s dbname=%s"):format(arguments.host, arguments.user, database)
end

-- All in one session, in which notices are nobody's concern.
local function administer(...)
  local words = { "psql -X -q -v ON_ERROR_STOP=1 -d", quoted(connection "postgres"),
    "-c 'SET client_min_messages = warning'" }
  for _, sql in ipairs { ... } do words[#words + 1] = "-c " .. quoted(sql) end
  words[#words + 1] = ">/dev/null"
  run(table.unpack(words))
end

local function target(side, name)
  if side == SERVER then return connection(name) end
  return ("%s/%s.%s.db"):format(arguments.folder, side.id, name)
end

local function remove_ledger(path)
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
end

local function prepare()
  say "preparing "
  run("mkdir -p", quoted(arguments.folder))
  workload.write_clinic(arguments.folder, { seed = arguments.seed, documents = DOCUMENTS, payments = WARMUP + COUNT,
    reads = 1, pages = 1 })
  administer "CREATE DATABASE prepared"
  for _, side in ipairs(SIDES) do
    if side ~= SERVER then remove_ledger(target(side, "prepared")) end
    run(side.command, "prepare", quoted(target(side, "prepared")), quoted(arguments.folder))
    say "."
  end
end

local function fresh_copy(side)
  if side == SERVER then
    administer("DROP DATABASE IF EXISTS round", "CHECKPOINT",
      "CREATE DATABASE round TEMPLATE prepared STRATEGY wal_log", "SELECT pg_switch_wal()")
    run "sync"
  else
    local path = target(side, "round")
    remove_ledger(path)
    run("cp", quoted(target(side, "prepared")), quoted(path))
    run("sync", quoted(path))
  end
  return target(side, "round")
end

-- ---- The guarantee, read back ----

local function settings_of(side)
  return (run(side.command, "settings", quoted(target(side, "prepared"))):gsub("%s+", " "))
end

local function read_settings()
  local limit, server = settings_of(LIMIT), settings_of(SERVER)
  assert(limit:find "^wal 2 ", "plain C has other settings: " .. limit)
  assert(settings_of(SUBJECT) == limit, "the SQLite sides have different settings")
  assert(server:find "^on on on ", "the server does not wait for the disk: " .. server)
  local function device(path) return run("stat -c %d", quoted(path)) end
  assert(device(arguments.folder) == device(arguments.cluster), "the cluster is on another file system")
  return { sqlite = limit:match "^wal 2 (%S+)", wal_sync_method = server:match "^on on on (%S+)",
    postgres = server:match "^on on on %S+ (%S+)" }
end

-- ---- Measuring ----

local function measure(side)
  local path = fresh_copy(side)
  local skip = side == SERVER and "" or 0 -- a copied file always begins with the plan's first payment
  local line = run(side.command, "durable", quoted(path), quoted(arguments.folder), skip, WARMUP, COUNT)
  local done, seconds, checksum = line:match "^(%d+) (%S+) (%-?%d+)"
  assert(tonumber(done) == COUNT, side.label .. " printed " .. line)
  return COUNT / tonumber(seconds), checksum
end

local function measure_all()
  local rates = {}
  for _, side in ipairs(SIDES) do rates[side.id] = {} end
  for round = 1, arguments.rounds do
    local expected
    for _, side in ipairs(SIDES) do
      local rate, checksum = measure(side)
      expected = expected or checksum
      assert(checksum == expected, side.label .. " did other work")
      rates[side.id][round] = rate
    end
    say "."
  end
  say "\n\n"
  return rates
end

local function count_lines(name)
  local count = 0
  for _ in io.lines(("%s/%s.tsv"):format(arguments.folder, name)) do count = count + 1 end
  return count
end

-- What was measured must also be right: the last round's ledger proves itself, and the server's balances are sums.
local function prove()
  local tallystick = require "tallystick"
  local ledger <close> = assert(tallystick.open(target(SUBJECT, "round"), { mode = "ro" }))
  assert(ledger:verify())
  local paid = math.tointeger(run(SERVER.command, "proof", quoted(target(SERVER, "round"))))
  assert(paid == count_lines "history" + WARMUP + COUNT, "payments are missing on the server")
  assert(paid == ledger:info().payments, "the ledger and the server have not the same payments")
end

-- ---- The table ----

-- Rounds are compared one by one: both sides of a ratio met the same machine.
local function ratios(own, other)
  local list = {}
  for round, rate in ipairs(own) do list[round] = rate / other[round] end
  return measuring.spread(list)
end

local function show_spread(spread, show)
  return ("(%s … %s)"):format(show(spread.min), show(spread.max))
end

local function print_table(result)
  local padded = measuring.padded
  local versions = result.versions
  print(measuring.machine_line(result.machine))
  print(("SQLite %s, wal, synchronous=FULL; PostgreSQL %s, fsync=on, synchronous_commit=on, %s (all read back)"):format(
    versions.sqlite, versions.postgres, versions.wal_sync_method))
  print(("one durable payment per commit, one client; medians of %d rounds of %s payments"):format(result.rounds,
    measuring.grouped(COUNT)))
  print()
  print(padded("payments a second", -20) .. padded("median", 10) .. padded("(min … max)", 22)
    .. padded("times PostgreSQL", 18) .. padded("(min … max)", 16))
  for _, side in ipairs(SIDES) do
    local rate, times = result.rate[side.id], result.times[side.id]
    print(padded(side.label, -20) .. padded(measuring.grouped(rate.median), 10)
      .. padded(show_spread(rate, measuring.grouped), 22) .. padded(("%.2f"):format(times.median), 18)
      .. padded(show_spread(times, function(number) return ("%.2f"):format(number) end), 16))
  end
end

local function parse_arguments()
  local parser = argparse("bench/postgres", "Measures durable payments of the Lua API beside PostgreSQL and plain C.")
  parser:option("--folder", "where the ledgers are made (bench/postgres gives it)"):count(1)
  parser:option("--cluster", "the server's folder (bench/postgres gives it)"):count(1)
  parser:option("--host", "the folder of its socket (bench/postgres gives it)"):count(1)
  parser:option("--user", "its user (bench/postgres gives it)"):count(1)
  parser:option("--seed", "of the workload", 20250106):convert(math.tointeger)
  parser:option("--rounds", "how often each side pays", 15):convert(math.tointeger)
  return parser:parse()
end

arguments = parse_arguments()
prepare()
local versions = read_settings()
local rates = measure_all()
prove()
local result = {
  machine = measuring.machine(arguments.folder), versions = versions, seed = arguments.seed, documents = DOCUMENTS,
  payments = COUNT, rounds = arguments.rounds, rate = {}, times = {},
}
for _, side in ipairs(SIDES) do
  result.rate[side.id] = measuring.spread(rates[side.id])
  result.times[side.id] = ratios(rates[side.id], rates[SERVER.id])
end
print_table(result)
report.write(RESULT, result)
