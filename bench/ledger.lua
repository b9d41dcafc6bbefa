-- ledger.lua - the same works as plain.c's, through the Lua API: a configured script, no hook, the chain on, each
-- payment with a key. Called like it:
--   ledger.lua prepare FILE PLANS               makes the ledger that the plans describe
--   ledger.lua WORK FILE PLANS WARMUP COUNT     durable, batch, scattered, read or page: count, seconds and a checksum
--   ledger.lua settings FILE                    prints journal mode, synchronous and SQLite's version
local clock = require "clock"
local tallystick = require "tallystick"

local CONFIG = "examples/practice-year/clinic.lua"
local PAYMENTS_PER_COMMIT = 1000
local PAGE_ROWS = 50

local function open(path)
  return assert(tallystick.open(path, { config = CONFIG, actor = "desk-1", roles = { "secretary" } }))
end

-- ---- Plans: read whole, and put into the API's own terms, before the clock starts ----

-- Gives the rows of a plan, each made by make(cell, cell, …).
local function read_plan(folder, name, make)
  local rows = {}
  for line in io.lines(("%s/%s.tsv"):format(folder, name)) do
    local cells = {}
    for cell in (line .. "\t"):gmatch "(.-)\t" do cells[#cells + 1] = cell end
    rows[#rows + 1] = make(table.unpack(cells))
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

local function as_it_is(cell)
  return cell
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
  durable = { plan = "payments", make = payment_of, step = pay },
  batch = { plan = "payments", make = payment_of, step = pay, steps_per_commit = PAYMENTS_PER_COMMIT },
  scattered = { plan = "scattered", make = payment_of, step = pay, steps_per_commit = PAYMENTS_PER_COMMIT },
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

local function measure(work, path, folder, warmup, count)
  local rows = read_plan(folder, work.plan, work.make)
  assert(warmup + count <= #rows, "the plan is too short")
  local ledger <close> = open(path)
  local do_all = work.steps_per_commit and do_commits or do_steps
  do_all(work, ledger, rows, 1, warmup)
  collectgarbage()
  local start = clock.now()
  local sum = do_all(work, ledger, rows, warmup + 1, warmup + count)
  local seconds = clock.now() - start
  print(("%d %.9f %d"):format(count, seconds, sum))
end

-- ---- Preparing ----

local function make_ledger(path, folder)
  local documents = read_plan(folder, "documents", document_of)
  local history = read_plan(folder, "history", payment_of)
  local ledger <close> = open(path)
  assert(ledger:transaction(function(tx)
    for _, document in ipairs(documents) do
      local made = assert(tx[document.kind](tx, { patient = document.patient, amount = document.amount,
        at = document.at }))
      assert(made.number == document.number)
    end
    for _, payment in ipairs(history) do pay(tx, payment) end
    return true
  end))
end

local function print_settings(path)
  local ledger <close> = open(path)
  local info = assert(ledger:info())
  print(info.journal_mode, info.synchronous == "FULL" and 2 or info.synchronous, info.sqlite_version)
end

local what, path, folder, warmup, count = table.unpack(arg)
if what == "prepare" then
  make_ledger(path, folder)
elseif what == "settings" then
  print_settings(path)
else
  measure(WORKS[what], path, folder, tonumber(warmup), tonumber(count))
end
