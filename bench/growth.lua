-- growth.lua - one ledger that grows by powers of ten: what each work costs at each size. Called by bench/growth.
--   growth.lua grow FOLDER TO REPETITIONS   grows, measures, prints the table, writes build/bench/growth.json
--   growth.lua verify FILE                  verifies in a process of its own: prints seconds and its peak memory
--   growth.lua use FILE                     does some of everything else: prints its peak memory
local clock = require "clock"
local report = require "report"
local tallystick = require "tallystick"

local CONFIG = "examples/practice-year/clinic.lua"
local RESULT = "build/bench/growth.json"
local FIRST_PAYMENTS = 10000
local PAYMENTS_PER_COMMIT = 1000

-- The clinic: 80 documents a business day, each paid once on its day or one of the next, one in five in two parts. One
-- invoice in 25 is not paid; when it is some 250 days old it is written off, so that open invoices stay few.
local DOCUMENTS_PER_DAY = 80
local FIRST_DAY = -8520336000 -- 1700-01-01: ten million payments are three centuries of such a clinic
local DAY_SECONDS = 86400
local WRITTEN_OFF_DAYS = 250
local PAID_IN_PARTS_PERCENT = 20
local UNPAID_EVERY = 50 -- documents: every second is an invoice
local ACTORS = { "desk-1", "desk-2", "desk-3" }

local PAGE_ROWS, PAGES = 50, 1000

-- How many single operations one repetition times.
local SIZES = { durable = 100, batches = 3, reads = 2000, pages = 100, totals = 20, opens = 5 }

local random = math.random

local function peak_memory_bytes()
  local file <close> = assert(io.open "/proc/self/status")
  return math.tointeger(file:read("a"):match "VmHWM:%s*(%d+) kB") * 1024
end

local function open(path, mode)
  return assert(tallystick.open(path, { config = mode ~= "ro" and CONFIG or nil, mode = mode, actor = ACTORS[1],
    roles = { "secretary", "manager" } }))
end

-- ---- The clinic's work ----

---@class growth.Clinic
---@field documents integer made so far
---@field payments integer made so far
---@field unpaid table[] invoices that nobody pays, the oldest first
local clinic = { documents = 0, payments = 0, unpaid = {}, written_off = 0 }

local function day_of(index)
  return FIRST_DAY + index // DOCUMENTS_PER_DAY * DAY_SECONDS
end

local function decimal(minor)
  return ("%d.%02d"):format(minor // 100, minor % 100)
end

local function draw_type()
  local drawn = random(100)
  if drawn <= 50 then return "card", drawn <= 35 and "POS-1" or "POS-2" end
  if drawn <= 80 then return "cash" end
  return drawn <= 90 and "twint" or "transfer"
end

local function make_document(tx)
  local index = clinic.documents
  local at = day_of(index) + 8 * 3600 + index % DOCUMENTS_PER_DAY * 420
  local minor = random(400, 8000) * 5
  local make = index % 2 == 0 and tx.consultation or tx.invoice
  local patient = ("P%06d"):format(random(index // 8 + 100))
  local made = assert(make(tx, { patient = patient, amount = decimal(minor), at = at }))
  clinic.documents = index + 1
  return { number = made.number, minor = minor, at = at, index = index }
end

local function pay(tx, document, minor)
  local type, group = draw_type()
  clinic.payments = clinic.payments + 1
  assert(tx:pay { document = document.number, type = type, group = group, amount = decimal(minor),
    at = document.at + random(0, 2) * DAY_SECONDS, actor = ACTORS[random(#ACTORS)],
    key = ("g%09d"):format(clinic.payments) })
end

-- Pays a document in whole, or in two parts.
local function settle(tx, document)
  if random(100) > PAID_IN_PARTS_PERCENT then return pay(tx, document, document.minor) end
  local part = document.minor // 10 * 5
  pay(tx, document, part)
  pay(tx, document, document.minor - part)
end

local function write_off(tx, document)
  clinic.payments = clinic.payments + 1
  assert(tx:pay { document = document.number, type = "loss", at = document.at + WRITTEN_OFF_DAYS * DAY_SECONDS })
end

local function write_off_old(tx)
  local oldest = clinic.unpaid[clinic.written_off + 1]
  if not oldest or clinic.documents - oldest.index < WRITTEN_OFF_DAYS * DOCUMENTS_PER_DAY then return end
  clinic.unpaid[clinic.written_off + 1] = false
  clinic.written_off = clinic.written_off + 1
  write_off(tx, oldest)
end

local function visit(tx)
  local document = make_document(tx)
  write_off_old(tx)
  if document.index % UNPAID_EVERY == UNPAID_EVERY - 1 then
    clinic.unpaid[#clinic.unpaid + 1] = document
  else
    settle(tx, document)
  end
end

local function progress(to)
  if os.getenv "BENCH_QUIET" then return end
  io.stderr:write(("\r%d of %d payments "):format(clinic.payments, to))
end

local function grow(ledger, to)
  while clinic.payments < to do
    assert(ledger:transaction(function(tx)
      local stop = math.min(clinic.payments + PAYMENTS_PER_COMMIT, to)
      while clinic.payments < stop do visit(tx) end
      return true
    end))
    progress(to)
  end
end

-- ---- What is measured: each gives seconds for one operation ----

local function timed(count, step)
  local start = clock.now()
  for i = 1, count do step(i) end
  return (clock.now() - start) / count
end

-- Documents made untimed, for payments that are timed.
local function fresh_documents(ledger, count)
  local documents = {}
  assert(ledger:transaction(function(tx)
    for i = 1, count do documents[i] = make_document(tx) end
    return true
  end))
  return documents
end

local function number_near(share)
  local index = math.floor((clinic.documents - 1) * share)
  return ("%s-%05d"):format(index % 2 == 0 and "C" or "F", index // 2 + 1)
end

-- Four readings in five are of the last ten days' documents.
local function read_one(ledger)
  local recent = math.max(0, 1 - 10 * DOCUMENTS_PER_DAY / clinic.documents)
  local share = random(5) > 1 and recent + (1 - recent) * random() or random()
  assert(ledger:document(number_near(share)))
end

local function read_page(ledger, after)
  for _ in ledger:documents { kind = "invoice", status = "unpaid", limit = PAGE_ROWS, after = after } do end
end

local function iso(seconds)
  return os.date("!%Y-%m-%d", seconds)
end

local function total(ledger, days)
  local to = day_of(clinic.documents) - DAY_SECONDS
  assert(ledger:totals { from = iso(to - (days - 1) * DAY_SECONDS), to = iso(to), by = { "type", "group" } })
end

-- In a process of its own, whose peak memory is that of the work alone; gives the numbers that it printed.
local function run_apart(what, path)
  local pipe <close> = assert(io.popen(("%s bench/growth.lua %s '%s'"):format(os.getenv "LUA" or "lua5.4", what, path)))
  local first, second = pipe:read("a"):match "^(%S+) ?(%S*)"
  return tonumber(first), tonumber(second)
end

-- A thousand pages of unpaid invoices, made for the moment: the transaction is taken back.
local function time_thousandth_page(ledger)
  local before, seconds = clinic.documents
  ledger:transaction(function(tx)
    local newest_first, count = {}, PAGES * PAGE_ROWS
    for i = count, 1, -1 do
      local made = assert(tx:invoice { patient = "P" .. i % 1000, amount = "70.00" })
      newest_first[i] = made.number
    end
    local last_of_page_before = newest_first[(PAGES - 1) * PAGE_ROWS]
    seconds = timed(SIZES.pages, function() read_page(tx, last_of_page_before) end)
    return nil, "taken back"
  end)
  clinic.documents = before
  return seconds
end

local works = {
  { id = "durable", label = "one durable payment", run = function(ledger)
    local documents = fresh_documents(ledger, SIZES.durable)
    return timed(SIZES.durable, function(i) pay(ledger, documents[i], documents[i].minor) end)
  end },
  { id = "batch", label = "a payment of 1,000 in a commit", run = function(ledger)
    local documents = fresh_documents(ledger, SIZES.batches * PAYMENTS_PER_COMMIT)
    return timed(SIZES.batches, function(batch)
      assert(ledger:transaction(function(tx)
        for i = (batch - 1) * PAYMENTS_PER_COMMIT + 1, batch * PAYMENTS_PER_COMMIT do
          pay(tx, documents[i], documents[i].minor)
        end
        return true
      end))
    end) / PAYMENTS_PER_COMMIT
  end },
  { id = "read", label = "a document with its status", run = function(ledger)
    return timed(SIZES.reads, function() read_one(ledger) end)
  end },
  { id = "page", label = "the first page of 50 unpaid invoices", run = function(ledger)
    return timed(SIZES.pages, function() read_page(ledger) end)
  end },
  { id = "far_page", label = "a page half-way through them", run = function(ledger)
    local half = (#clinic.unpaid - clinic.written_off) // 2
    local after = clinic.unpaid[clinic.written_off + 1 + half].number
    return timed(SIZES.pages, function() read_page(ledger, after) end)
  end },
  { id = "page_1000", label = "the 1,000th page of them", run = time_thousandth_page },
  { id = "day", label = "a day's totals by type and group", run = function(ledger)
    return timed(SIZES.totals, function() total(ledger, 1) end)
  end },
  { id = "year", label = "a year's totals by type and group", run = function(ledger)
    return timed(SIZES.totals, function() total(ledger, 365) end)
  end },
  { id = "open", label = "opening the ledger", run = function(_, path)
    return timed(SIZES.opens, function() open(path, "ro"):close() end)
  end },
}

local function spread(values)
  table.sort(values)
  return { median = values[(#values + 1) // 2], min = values[1], max = values[#values] }
end

local function measure(ledger, path, repetitions)
  local point = { payments = clinic.payments, documents = clinic.documents, entries = ledger:head().seq }
  for _, work in ipairs(works) do
    local seconds = {}
    for i = 1, repetitions do seconds[i] = work.run(ledger, path) end
    point[work.id] = spread(seconds)
  end
  local seconds, bytes = run_apart("verify", path)
  local info = ledger:info()
  point.verify = { seconds = seconds, entries_per_second = info.entries / seconds, peak_bytes = bytes }
  point.file_bytes = info.file_bytes
  point.file_bytes_per_payment = info.file_bytes / info.payments
  point.peak_bytes = run_apart("use", path)
  return point
end

-- ---- The table ----

local function in_unit(seconds)
  if seconds >= 1 then return ("%.2f s"):format(seconds) end
  if seconds >= 1e-3 then return ("%.2f ms"):format(seconds * 1e3) end
  return ("%.1f µs"):format(seconds * 1e6)
end

local function print_line(label, points, show)
  local cells = {}
  for i, point in ipairs(points) do
    local text = show(point)
    cells[i] = (" "):rep(12 - utf8.len(text)) .. text
  end
  print(("%-38s%s"):format(label, table.concat(cells)))
end

local function print_table(points)
  print_line("payments", points, function(point) return ("%d"):format(point.payments) end)
  for _, work in ipairs(works) do
    print_line(work.label, points, function(point) return in_unit(point[work.id].median) end)
  end
  print_line("verify, entries a second", points, function(point)
    return ("%.0f"):format(point.verify.entries_per_second)
  end)
  print_line("verify, peak memory, MB", points, function(point)
    return ("%.1f"):format(point.verify.peak_bytes / 1e6)
  end)
  print_line("commands and reports, peak memory, MB", points, function(point)
    return ("%.1f"):format(point.peak_bytes / 1e6)
  end)
  print_line("file, bytes a payment", points, function(point) return ("%.0f"):format(point.file_bytes_per_payment) end)
end

local function run_growth(folder, to, repetitions)
  local path = folder .. "/growth.db"
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
  math.randomseed(20250106)
  local ledger <close> = open(path)
  local points, size = {}, FIRST_PAYMENTS
  while size <= to do
    grow(ledger, size)
    points[#points + 1] = measure(ledger, path, repetitions)
    size = size * 10
  end
  io.stderr:write("\r", (" "):rep(40), "\r")
  print_table(points)
  report.write(RESULT, { points = points, repetitions = repetitions })
end

local function run_verify(path)
  local ledger <close> = open(path, "ro")
  local start = clock.now()
  assert(ledger:verify())
  print(("%.6f %d"):format(clock.now() - start, peak_memory_bytes()))
end

local function drain(rows, most)
  for _ in rows do
    most = most - 1
    if most == 0 then return end
  end
end

-- Payments that are taken back, so that the file stays as it is.
local function use_commands(ledger)
  local given = select(3, ledger:transaction(function(tx)
    for i = 1, 2 * PAYMENTS_PER_COMMIT do
      local made = assert(tx:invoice { patient = "P" .. i, amount = "70.00", label = "used" })
      assert(tx:pay { document = made.number, type = "cash", amount = "50.00", key = "used-" .. i })
    end
    return nil, "taken back", "used"
  end))
  assert(given == "used", given)
end

local function use_reports(ledger)
  drain(ledger:documents {}, 50000)
  drain(ledger:documents { kind = "invoice", status = "unpaid" }, math.huge)
  drain(ledger:payments {}, 20000)
  drain(ledger:entries {}, 50000)
  local last = ledger:documents { limit = 1 }()
  assert(ledger:document(last.number))
  assert(ledger:patient(last.patient))
  assert(ledger:totals { by = { "type", "group", "actor" } })
end

local function run_use(path)
  local ledger <close> = open(path)
  use_commands(ledger)
  use_reports(ledger)
  print(peak_memory_bytes())
end

local what, first, to, repetitions = table.unpack(arg)
if what == "verify" then
  run_verify(first)
elseif what == "use" then
  run_use(first)
else
  run_growth(first, math.tointeger(to), math.tointeger(repetitions))
end
