-- reports.lua - what the books of 100,000 payments came to, asked of Tallystick and of the three text-file ledgers.
-- Called by bench/reports/run:
--   reports.lua compare [options]     makes the books, measures, compares, prints, writes build/bench/reports.json
--   reports.lua ask LEDGER QUERY      opens the ledger, prints one query's totals as accounts: a process of its own
--
-- Why it is fair:
-- - All four must give the same totals to the cent, and each journal was written from what the ledger was asked to
--   record (books.lua). The journals hold the payments alone: the ledger has some 84,000 documents besides, which the
--   others need not read. They are sorted by date, every amount stands there, no account has to be guessed.
-- - hledger and ledger keep nothing but their text, and parse the file for each report: that is how they are used. So
--   the whole process is timed, as someone at a terminal or a program that calls them waits for it. A practice could
--   keep a file for each year, and would wait for a third of it; then no report sees all years.
-- - bean-query keeps what it parsed in a pickle beside the file, and is measured with that cache warm. Its first load
--   is not counted.
-- - Tallystick is a library: its host has the ledger open, and asks. That is its first figure. Each call asks another
--   day, or 365 days from another one, so that no call can have kept another's answer. As a second figure a fresh
--   process starts Lua, opens the file, asks once and ends, which is what the others do.
-- - beancount is a library too. Its second figure is a Python program that has the journal loaded already, and asks.
-- - All whole processes are started and timed the same way, through sh, in turn, each report in each round. The files
--   are in the page cache for all of them.
local argparse = require "argparse"
local clock = require "clock"

local books = require "books"
local measuring = require "measuring"
local report = require "report"
local shell = require "shell"
local tallystick = require "tallystick"

local quoted, run, say = shell.quoted, shell.run, measuring.say

local RESULT = "build/bench/reports.json"
local LUA = os.getenv "LUA" or "lua5.4"
local DAY_SECONDS = 86400
-- How often an open ledger is asked in each round: enough for a median, still nothing beside the others.
local CALLS_PER_ROUND = 51
local TIMES_AIM = 1000

-- What is asked. `before` is the day after the last one; without dates, all that is in the file. `aim` is in seconds.
local QUERIES = {
  { id = "day", label = "totals of a day", from = "2021-06-15", to = "2021-06-15", before = "2021-06-16",
    by = { "type", "group" }, aim = 0.001 },
  { id = "year", label = "totals of a year", from = "2021-01-01", to = "2021-12-31", before = "2022-01-01",
    by = { "type", "group" }, aim = 0.010 },
  { id = "all", label = "balance by type", by = { "type" } },
}

-- ---- Tallystick ----

local function open(path)
  return assert(tallystick.open(path, { mode = "ro" }))
end

local function ask(ledger, query)
  return assert(ledger:totals { from = query.from, to = query.to, by = query.by })
end

local function decimal(minor)
  return ("%s%d.%02d"):format(minor < 0 and "-" or "", math.abs(minor) // 100, math.abs(minor) % 100)
end

-- The rows as the others print theirs: one line for each account, with the receivables against which all was paid.
local function print_accounts(rows)
  local sum = 0
  for _, row in ipairs(rows) do
    local minor = (row.money + row.credited + row.discounted + row.lost).minor
    local root = row.type == "loss" and "expenses" or "assets"
    local group = (row.group or "") ~= "" and ":" .. row.group or ""
    print(("%s:%s%s\t%s CHF"):format(root, row.type, group, decimal(minor)))
    sum = sum + minor
  end
  print(("assets:receivable\t%s CHF"):format(decimal(-sum)))
end

local function query_of(id)
  for _, query in ipairs(QUERIES) do
    if query.id == id then return query end
  end
  error("no query " .. tostring(id))
end

-- The same question, some days later: nothing of an earlier answer helps.
local function shifted(query, days)
  if not query.from then return query end
  local function shift(day)
    local year, month, of_month = day:match "(%d+)-(%d+)-(%d+)"
    local noon = os.time { year = year, month = month, day = of_month, hour = 12 }
    return os.date("!%Y-%m-%d", noon + days * DAY_SECONDS)
  end
  return { from = shift(query.from), to = shift(query.to), by = query.by }
end

-- The median of some calls on an open ledger.
local function time_calls(ledger, query)
  local seconds = {}
  for i = 1, CALLS_PER_ROUND do
    local asked = shifted(query, i)
    local start = clock.now()
    ask(ledger, asked)
    seconds[i] = clock.now() - start
  end
  return measuring.spread(seconds).median
end

-- ---- The programs: each a command that prints one account a line ----

local function hledger(paths, query)
  local dates = query.from and ("-b %s -e %s --flat"):format(query.from, query.before) or "--depth 2 --flat"
  return ("hledger -f %s bal %s -N -O csv"):format(quoted(paths.plain), dates)
end

-- With --flat, ledger would leave out what stands deeper than --depth; without it, it adds lines for the roots.
local function ledger_cli(paths, query)
  local dates = query.from and ("--begin %s --end %s --flat"):format(query.from, query.before) or "--depth 2"
  return ("ledger --args-only -f %s bal %s --no-total --format '%%(account)\\t%%(display_total)\\n'"):format(
    quoted(paths.plain), dates)
end

local function bean_sql(query)
  if not query.from then return "SELECT root(account, 2) AS type, sum(position) AS total GROUP BY type" end
  return ("SELECT account, sum(position) AS total WHERE date >= %s AND date < %s GROUP BY account"):format(query.from,
    query.before)
end

local function bean_query(paths, query)
  return ("bean-query -f csv %s %s"):format(quoted(paths.beancount), quoted(bean_sql(query)))
end

local function fresh_process(paths, query)
  return ("%s bench/reports.lua ask %s %s"):format(LUA, quoted(paths.ledger), query.id)
end

local PROGRAMS = {
  { id = "fresh", label = "Tallystick, fresh process", command = fresh_process },
  { id = "hledger", label = "hledger", command = hledger, version = "hledger --version", rival = true },
  { id = "ledger", label = "ledger", command = ledger_cli, version = "ledger --version", rival = true },
  { id = "beancount", label = "bean-query, warm cache", command = bean_query, version = "bean-query --version" },
}

local function minor_of(text)
  local sign, whole, cents = text:match "^(%-?)(%d+)%.(%d%d)$"
  assert(whole, "an amount that is not in cents: " .. text)
  return math.tointeger(sign .. whole .. cents)
end

-- Gives minor units by account, in small letters; all four print an account, then its amount, in some dress. Accounts
-- without a parent are ledger's roots.
local function read_accounts(text)
  local accounts = {}
  for line in text:gmatch "[^\n]+" do
    local account, amount = line:match '^"?([%a][%w:%-]*)[%s",]+(%-?[%d.]+) CHF"?%s*$'
    assert(account or not line:find "CHF", "a line that cannot be read: " .. line)
    if account and account:find ":" then accounts[account:lower()] = minor_of(amount) end
  end
  return accounts
end

local function assert_equal(expected, found, label, query)
  local names = {}
  for name in pairs(expected) do names[name] = true end
  for name in pairs(found) do names[name] = true end
  for name in pairs(names) do
    assert(expected[name] == found[name], ("%s: %s says %s for %s, and the ledger %s"):format(query.label, label,
      tostring(found[name]), name, tostring(expected[name])))
  end
end

-- ---- Measuring ----

local function time_program(program, paths, query)
  local command = program.command(paths, query)
  local start = clock.now()
  local text = run(command)
  return clock.now() - start, text
end

-- One round: each report of each program, in turn; each answer is held against the ledger's own.
local function measure_round(paths, ledger, round, seconds)
  for _, query in ipairs(QUERIES) do
    seconds.open[query.id][round] = time_calls(ledger, query)
    local expected
    for _, program in ipairs(PROGRAMS) do
      local taken, text = time_program(program, paths, query)
      local accounts = read_accounts(text)
      expected = expected or accounts
      assert(next(accounts), program.label .. " printed no account")
      assert_equal(expected, accounts, program.label, query)
      seconds[program.id][query.id][round] = taken
    end
  end
end

-- What loaded.py printed: for each query its seconds, and the lines of its accounts.
local function read_blocks(text)
  local blocks = {}
  for line in text:gmatch "[^\n]+" do
    local seconds = line:match "^seconds (.+)"
    if seconds then
      blocks[#blocks + 1] = { seconds = seconds, lines = "" }
    else
      blocks[#blocks].lines = blocks[#blocks].lines .. line .. "\n"
    end
  end
  return blocks
end

-- A Python program that has loaded the journal: its seconds by query, and the same totals.
local function measure_loaded(paths, rounds, seconds)
  local words = {}
  for i, query in ipairs(QUERIES) do words[i] = quoted(bean_sql(query)) end
  local blocks = read_blocks(run("/usr/bin/python3 bench/reports/loaded.py", quoted(paths.beancount), rounds,
    table.unpack(words)))
  for i, query in ipairs(QUERIES) do
    local expected = read_accounts(run(fresh_process(paths, query)))
    assert_equal(expected, read_accounts(blocks[i].lines), "beancount", query)
    for one in blocks[i].seconds:gmatch "%S+" do table.insert(seconds.loaded[query.id], tonumber(one)) end
  end
end

local function empty_seconds()
  local seconds = { open = {}, loaded = {} }
  for _, program in ipairs(PROGRAMS) do seconds[program.id] = {} end
  for _, by_query in pairs(seconds) do
    for _, query in ipairs(QUERIES) do by_query[query.id] = {} end
  end
  return seconds
end

local function measure(paths, rounds)
  local seconds = empty_seconds()
  say "beancount's first load "
  run(bean_query(paths, QUERIES[1]))
  local ledger <close> = open(paths.ledger)
  for round = 1, rounds do
    say("\rround %d of %d           ", round, rounds)
    measure_round(paths, ledger, round, seconds)
  end
  measure_loaded(paths, rounds, seconds)
  say("\r%s\r", (" "):rep(40))
  return seconds
end

-- ---- The table ----

local SIDES = { { id = "open", label = "Tallystick, opened" }, PROGRAMS[1], PROGRAMS[2], PROGRAMS[3], PROGRAMS[4],
  { id = "loaded", label = "beancount, loaded in Python" } }

local function times_by_round(slow, fast)
  local times = {}
  for round, seconds in ipairs(slow) do times[round] = seconds / fast[round] end
  return measuring.spread(times)
end

local function make_rows(seconds)
  local rows = {}
  for i, query in ipairs(QUERIES) do
    local row = { id = query.id, label = query.label, aim_seconds = query.aim, seconds = {}, times = {},
      times_of_fresh = {} }
    for _, side in ipairs(SIDES) do
      local own = seconds[side.id][query.id]
      row.seconds[side.id] = measuring.spread(own)
      row.times[side.id] = times_by_round(own, seconds.open[query.id])
      row.times_of_fresh[side.id] = times_by_round(own, seconds.fresh[query.id])
    end
    rows[i] = row
  end
  return rows
end

local function print_row(row)
  local padded, in_unit = measuring.padded, measuring.in_unit
  print(padded(row.label, -30) .. padded("median", 10) .. padded("(min … max)", 24) .. padded("times opened", 14)
    .. padded("times fresh", 13))
  for _, side in ipairs(SIDES) do
    local own = row.seconds[side.id]
    print("  " .. padded(side.label, -28) .. padded(in_unit(own.median), 10)
      .. padded(("(%s … %s)"):format(in_unit(own.min), in_unit(own.max)), 24)
      .. padded(measuring.grouped(row.times[side.id].median), 14)
      .. padded(side.id == "open" and "" or ("%.1f"):format(row.times_of_fresh[side.id].median), 13))
  end
end

local function print_aim(row)
  if not row.aim_seconds then return end
  local own = row.seconds.open.median
  print(("%s: %s, aim %s: %s"):format(row.label, measuring.in_unit(own), measuring.in_unit(row.aim_seconds),
    own < row.aim_seconds and "reached" or "missed"))
  for _, program in ipairs(PROGRAMS) do
    local times = row.times[program.id]
    if program.rival then
      print(("  %s times as fast as %s (%s … %s), aim %s: %s"):format(measuring.grouped(times.median), program.label,
        measuring.grouped(times.min), measuring.grouped(times.max), measuring.grouped(TIMES_AIM),
        times.median >= TIMES_AIM and "reached" or "missed"))
    end
  end
end

local function print_table(rows, result)
  print(measuring.machine_line(result.machine))
  local versions = result.versions
  print(("SQLite %s; hledger %s, ledger %s, beancount %s"):format(versions.sqlite, versions.hledger, versions.ledger,
    versions.beancount))
  print(("%s payments, medians of %d rounds; all totals are equal to the cent"):format(
    measuring.grouped(result.payments), result.rounds))
  for _, row in ipairs(rows) do
    print()
    print_row(row)
  end
  print()
  for _, row in ipairs(rows) do print_aim(row) end
end

local function find_versions(paths)
  local ledger <close> = open(paths.ledger)
  local info = ledger:info()
  local versions = { sqlite = info.sqlite_version, tallystick = info.version }
  for _, program in ipairs(PROGRAMS) do
    if program.version then versions[program.id] = run(program.version):match "%d[%w.%-]*" end
  end
  return versions
end

local function file_bytes(path)
  local file <close> = assert(io.open(path))
  return file:seek "end"
end

local function parse_arguments()
  local parser = argparse("bench/reports/run", "Measures totals beside hledger, ledger and beancount on equal books.")
  parser:option("--payments", "how many the books have; the queries' year needs some 75,000", 100000)
    :convert(math.tointeger)
  parser:option("--folder", "where the books are made", "build/bench/books")
  parser:option("--seed", "of the books", 20250106):convert(math.tointeger)
  parser:option("--rounds", "how often each program makes each report", 7):convert(math.tointeger)
  return parser:parse(table.move(arg, 2, #arg, 1, {}))
end

local function compare()
  local arguments = parse_arguments()
  local folder = arguments.folder
  local paths = { ledger = folder .. "/books.db", plain = folder .. "/books.journal",
    beancount = folder .. "/books.beancount" }
  run("mkdir -p", quoted(folder))
  local payments = books.make(paths, arguments.payments, arguments.seed)
  local rows = make_rows(measure(paths, arguments.rounds))
  local result = {
    machine = measuring.machine(folder), versions = find_versions(paths), seed = arguments.seed,
    rounds = arguments.rounds, payments = payments, reports = rows,
    bytes = { ledger = file_bytes(paths.ledger), journal = file_bytes(paths.plain) },
  }
  print_table(rows, result)
  report.write(RESULT, result)
end

if arg[1] == "ask" then
  local ledger <close> = open(arg[2])
  print_accounts(ask(ledger, query_of(arg[3])))
else
  compare()
end
