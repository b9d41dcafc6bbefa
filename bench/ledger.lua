-- ledger.lua - the same works as plain.c's, through the Lua API: a configured script, no hook, the chain on, each
-- payment with a key. Called like it:
--   ledger.lua prepare FILE PLANS                    makes the ledger that the plans describe
--   ledger.lua WORK FILE PLANS SKIP WARMUP COUNT     does a work from the row after SKIP on
--   ledger.lua settings FILE                         prints journal mode, synchronous and SQLite's version
local clock = require "clock"
local tallystick = require "tallystick"

local CONFIG = os.getenv "BENCH_CONFIG" or "examples/practice-year/clinic.lua"
local PAYMENTS_PER_COMMIT = 1000
-- Preparing writes as much to a commit: what is not yet committed is held in memory.
local PREPARED_PER_COMMIT = 20000
local PAGE_ROWS = 50

local function open(path)
  return assert(tallystick.open(path, { config = CONFIG, actor = "desk-1", roles = { "secretary" } }))
end

-- ---- Plans: read whole, and put into the API's own terms, before the clock starts ----

-- Goes through the rows of a plan, each made by make(cell, cell, …); a plan may be too long to be held.
local function each_row(folder, name, make)
  local next_line = io.lines(("%s/%s.tsv"):format(folder, name))
  return function()
    local line = next_line()
    if not line then return nil end
    local cells = {}
    for cell in (line .. "\t"):gmatch "(.-)\t" do cells[#cells + 1] = cell end
    return make(table.unpack(cells))
  end
end

local function as_it_is(cell)
  return cell
end

-- Gives `count` rows, from the one after `skip` on.
local function read_plan(folder, name, make, skip, count)
  local rows = {}
  local next_row = each_row(folder, name, function(...) return { ... } end)
  for i = 1, skip + count do
    local cells = assert(next_row(), "the plan is too short")
    if i > skip then rows[#rows + 1] = make(table.unpack(cells)) end
  end
  return rows
end

local function decimal(digits)
  local minor = math.tointeger(digits)
  return ("%d.%02d"):format(minor // 100, minor % 100)
end

local function local_time(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%S", math.tointeger(seconds))
end

local function document_of(kind, number, patient, charged, at)
  return { kind = kind, number = number, patient = patient, amount = decimal(charged), at = local_time(at) }
end

local function payment_of(document, type, group, amount, at, key)
  return { document = document, type = type, group = group ~= "" and group or nil, amount = decimal(amount),
    at = local_time(at), key = key }
end

-- ---- The works: each does one operation of its plan, and gives what it moved or read for the checksum ----

-- The table of the call is made here, as a host makes it.
local function pay(ledger, asked)
  local payment = assert(ledger:pay {
    document = asked.document, type = asked.type, group = asked.group, amount = asked.amount, at = asked.at,
    key = asked.key,
  })
  return payment.amount.minor
end

local function sum_of(document)
  return document.remaining.minor + (document.status == "paid" and 1 or 0)
end

local function read_document(ledger, number)
  return sum_of(assert(ledger:document(number)))
end

local function read_page(ledger, after)
  local sum = 0
  local query = { kind = "invoice", status = "unpaid", limit = PAGE_ROWS, after = after ~= "" and after or nil }
  for document in ledger:documents(query) do sum = sum + sum_of(document) end
  return sum
end

local WORKS = {
  durable = { plan = "payments", make = payment_of, step = pay, timed = true },
  open = { plan = "payments", make = payment_of, step = pay, timed = true, arrivals = true },
  batch = { plan = "payments", make = payment_of, step = pay, steps_per_commit = PAYMENTS_PER_COMMIT },
  scattered = { plan = "payments", make = payment_of, step = pay, steps_per_commit = PAYMENTS_PER_COMMIT },
  read = { plan = "reads", make = as_it_is, step = read_document },
  page = { plan = "pages", make = as_it_is, step = read_page },
}

local function do_steps(work, ledger, rows, first, last)
  local sum, step = 0, work.step
  for i = first, last do sum = sum + step(ledger, rows[i]) end
  return sum
end

local function do_commits(work, ledger, rows, first, last)
  local sum = 0
  for start = first, last, work.steps_per_commit do
    local stop = math.min(start + work.steps_per_commit - 1, last)
    sum = sum + assert(ledger:transaction(function(tx) return do_steps(work, tx, rows, start, stop) end))
  end
  return sum
end

-- Each step's latency in nanoseconds goes into `latencies`.
local function do_timed_steps(work, ledger, rows, first, last, latencies)
  local sum, step = 0, work.step
  local before = clock.now_ns()
  for i = first, last do
    sum = sum + step(ledger, rows[i])
    local after = clock.now_ns()
    latencies[i - first + 1] = after - before
    before = after
  end
  return sum
end

-- The same, but each step begins when it is due, and its latency counts from then: waiting behind a slow one counts.
local function do_steps_when_due(work, ledger, rows, first, last, latencies, arrivals)
  local sum, step = 0, work.step
  local start = clock.now_ns()
  for i = first, last do
    local due = start + arrivals[i - first + 1]
    clock.wait_until_ns(due)
    sum = sum + step(ledger, rows[i])
    latencies[i - first + 1] = clock.now_ns() - due
  end
  return sum
end

-- The function that does a work's measured steps.
local function doer_of(work)
  if work.arrivals then return do_steps_when_due end
  if work.timed then return do_timed_steps end
  return work.steps_per_commit and do_commits or do_steps
end

local function zeros(count)
  local list = {}
  for i = 1, count do list[i] = 0 end
  return list
end

local function measure(work, path, folder, skip, warmup, count)
  local rows = read_plan(folder, work.plan, work.make, skip, warmup + count)
  local arrivals = work.arrivals and read_plan(folder, "arrivals", math.tointeger, 0, count)
  local latencies = zeros(work.timed and count or 0)
  local ledger <close> = open(path)
  local do_warmup, do_measured = work.steps_per_commit and do_commits or do_steps, doer_of(work)
  do_warmup(work, ledger, rows, 1, warmup)
  collectgarbage()
  local start = clock.now()
  local sum = do_measured(work, ledger, rows, warmup + 1, warmup + count, latencies, arrivals)
  local seconds = clock.now() - start
  print(("%d %.9f %d"):format(count, seconds, sum))
  for _, latency in ipairs(latencies) do print(latency) end
end

-- ---- Preparing ----

local function make_document(tx, document)
  local made = assert(tx[document.kind](tx, { patient = document.patient, amount = document.amount,
    at = document.at }))
  assert(made.number == document.number)
end

-- Takes rows as long as there are some: some thousands in each commit.
local function write_all(ledger, next_row, write)
  local row = next_row()
  while row do
    assert(ledger:transaction(function(tx)
      for _ = 1, PREPARED_PER_COMMIT do
        if not row then break end
        write(tx, row)
        row = next_row()
      end
      return true
    end))
  end
end

local function make_ledger(path, folder)
  local ledger <close> = open(path)
  write_all(ledger, each_row(folder, "documents", document_of), make_document)
  write_all(ledger, each_row(folder, "history", payment_of), pay)
end

local function print_settings(path)
  local ledger <close> = open(path)
  local info = assert(ledger:info())
  print(info.journal_mode, info.synchronous == "FULL" and 2 or info.synchronous, info.sqlite_version)
end

local what, path, folder, skip, warmup, count = table.unpack(arg)
if what == "prepare" then
  make_ledger(path, folder)
elseif what == "settings" then
  print_settings(path)
else
  measure(WORKS[what], path, folder, math.tointeger(skip), math.tointeger(warmup), math.tointeger(count))
end
