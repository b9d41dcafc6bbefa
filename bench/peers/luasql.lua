-- The same ledger rules by hand, in Lua over luasql-sqlite3: what a clinic's programmer would write instead.
--
-- Tables, rules and favours are those of bench/peers/python.py. What LuaSQL 2.6, Debian 12's, cannot do: it has neither
-- `prepare` nor bound parameters (its library does not even use sqlite3_bind_*), so each statement is text, compiled
-- anew for each call and thrown away after it, with what came from outside escaped. That costs it most of its time, and
-- is how its users write. Why it is fair: texts are put together by one string.format, there are as few statements as
-- the rules allow, and rows are fetched by number into tables.
--
-- Called like bench/plain.c: prepare FILE PLANS | settings FILE | WORK FILE PLANS SKIP WARMUP COUNT
local clock = require "clock"
local luasql = require "luasql.sqlite3"

local PAYMENTS_PER_COMMIT, PAGE_ROWS, DAY_SECONDS = 1000, 50, 86400
local UNPAID = "kind = 2 AND charged > 0 AND collected = 0 AND credited = 0 AND discounted = 0 AND lost = 0 "
  .. "AND rounded = 0 AND invoice IS NULL AND cancelled = 0"
local SCHEMA = {
  [[CREATE TABLE document (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,
    patient TEXT NOT NULL, at INTEGER NOT NULL, charged INTEGER NOT NULL, collected INTEGER NOT NULL DEFAULT 0,
    credited INTEGER NOT NULL DEFAULT 0, discounted INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
    rounded INTEGER NOT NULL DEFAULT 0, invoice TEXT, cancelled INTEGER NOT NULL DEFAULT 0)
    STRICT]],
  "CREATE INDEX document_unpaid ON document (kind) WHERE " .. UNPAID,
  [[CREATE TABLE payment (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, document TEXT NOT NULL,
    type TEXT NOT NULL, group_tag TEXT, amount INTEGER NOT NULL, rounded INTEGER NOT NULL, at INTEGER NOT NULL,
    day INTEGER NOT NULL, recorded_at INTEGER NOT NULL, actor TEXT, key TEXT UNIQUE) STRICT]],
  "CREATE INDEX payment_document ON payment (document)",
  [[CREATE TABLE day_total (day INTEGER NOT NULL, type TEXT NOT NULL, group_tag TEXT NOT NULL, actor TEXT NOT NULL,
    collected INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, type, group_tag, actor))
    STRICT, WITHOUT ROWID]],
  "CREATE TABLE closing (through INTEGER PRIMARY KEY) STRICT",
}
local FACTS = "kind, charged, collected, credited, discounted, lost, rounded, invoice, cancelled, id, number, patient, "
  .. "at"
local GET_DOCUMENT = "SELECT " .. FACTS .. " FROM document WHERE number = %s"
-- The document and the last closed day.
local GET_PAYABLE = "SELECT " .. FACTS .. ", (SELECT max(through) FROM closing) FROM document WHERE number = %s"
local ADD_PAYMENT = "INSERT INTO payment (number, document, type, group_tag, amount, rounded, at, day, recorded_at, "
  .. "actor, key) VALUES ('%s', %s, %s, %s, %d, %d, %d, %d, %d, %s, %s)"
local ADD_TOTAL = "INSERT INTO day_total VALUES (%d, %s, %s, %s, %d, 1) ON CONFLICT DO UPDATE SET "
  .. "collected = collected + excluded.collected, count = count + 1"
local GET_FIRST_PAGE = ("SELECT %s FROM document WHERE %s ORDER BY id DESC LIMIT %d"):format(FACTS, UNPAID, PAGE_ROWS)
local GET_PAGE_AFTER = ("SELECT %s FROM document WHERE %s AND id < (SELECT id FROM document WHERE number = %%s) "
  .. "ORDER BY id DESC LIMIT %d"):format(FACTS, UNPAID, PAGE_ROWS)
local TYPES = {
  cash = { step = 5, excess = "change" },
  card = { groups = { ["POS-1"] = true, ["POS-2"] = true }, excess = "refuse" },
  twint = { excess = "refuse" },
  transfer = { excess = "credit" },
}

local environment = assert(luasql.sqlite3())
local connection
local ledger = { actor = "desk-1" }

local function run(sql, ...)
  return assert(connection:execute(sql:format(...)))
end

local function one(sql, ...)
  local cursor = run(sql, ...)
  local row = cursor:fetch({}, "n")
  cursor:close()
  return row
end

local function quoted(text)
  return text and "'" .. connection:escape(text) .. "'" or "NULL"
end

local function open_file(path)
  connection = assert(environment:connect(path))
  run "PRAGMA page_size = 2048"
  assert(one("PRAGMA journal_mode = WAL")[1] == "wal")
  run "PRAGMA cache_size = -16384"
  run "PRAGMA synchronous = FULL"
  assert(tostring(one("PRAGMA synchronous")[1]) == "2")
end

-- ---- The rules ----

local function parse_amount(text)
  local whole, fraction = text:match "^(%d+)%.?(%d*)$"
  assert(whole and #whole <= 15 and #fraction <= 2, "amount-invalid")
  return math.tointeger(whole) * 100 + math.tointeger((fraction .. "00"):sub(1, 2))
end

local function parse_time(text)
  local year, month, day, hour, minute, second = text:match "^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)$"
  return os.time { year = year, month = month, day = day, hour = hour, min = minute, sec = second, isdst = false }
end

-- The status and what remains, as design.md §3 has it.
local function status_of(row)
  local kind, charged, collected, credited, discounted, lost, rounded = table.unpack(row, 1, 7)
  local settled = collected + credited + discounted + lost + rounded
  local remaining = charged - settled
  if row[9] ~= 0 then return "cancelled", 0 end
  if row[8] then return "invoiced", 0 end
  if remaining < 0 then return "overpaid", remaining end
  if remaining > 0 then
    if kind == 1 then return "pending", remaining end
    return settled > 0 and "partial" or "unpaid", remaining
  end
  if lost > 0 then return "written_off", 0 end
  return discounted > 0 and collected + credited == 0 and "offered" or "paid", 0
end

local function get_document(number)
  return assert(one(GET_DOCUMENT, quoted(number)), "document-unknown")
end

local function answer(number, document, amount, replayed)
  local status, remaining = status_of(get_document(document))
  return { number = number, document = document, amount = amount, status = status, remaining = remaining,
    replayed = replayed }
end

-- Holds a payment against the rules; gives the document, what is paid and what is rounded away.
local function check(asked, type, minor, at, day)
  local row = assert(one(GET_PAYABLE, quoted(asked.document)), "document-unknown")
  local status, remaining = status_of(row)
  assert(status ~= "cancelled" and status ~= "invoiced", "document-cancelled or -invoiced")
  assert(not type.groups or type.groups[asked.group], "group-required or -unknown")
  assert(at <= os.time() + DAY_SECONDS, "date-in-future")
  assert(not row[14] or day > row[14], "period-closed")
  assert(remaining > 0, "document-settled")
  assert(minor > 0, "amount-not-positive")
  local step = type.step or 1
  local due = (remaining + step // 2) // step * step
  assert(due > 0 and minor % step == 0, "amount-not-tenderable")
  assert(minor <= due or type.excess == "change", "amount-exceeds-remaining")
  local paid = math.min(minor, due)
  return row, paid, paid == due and remaining - paid or 0
end

local function pay(asked)
  local minor, at = parse_amount(asked.amount), parse_time(asked.at)
  local known = one("SELECT number, document, amount, type FROM payment WHERE key = %s", quoted(asked.key))
  if known then
    assert(known[2] == asked.document and known[3] == minor and known[4] == asked.type, "key-conflict")
    return answer(known[1], asked.document, minor, true)
  end
  local type, day = assert(TYPES[asked.type], "type-unknown"), at // DAY_SECONDS
  local row, paid, rounded = check(asked, type, minor, at, day)
  local number = ("R-%05d"):format(ledger.next)
  ledger.next = ledger.next + 1
  local document, type_name, actor = quoted(asked.document), quoted(asked.type), quoted(ledger.actor)
  run(ADD_PAYMENT, number, document, type_name, quoted(asked.group), paid, rounded, at, day, os.time() * 1000, actor,
    quoted(asked.key))
  row[3], row[7] = row[3] + paid, row[7] + rounded
  local status, remaining = status_of(row)
  run("UPDATE document SET collected = %d, rounded = %d WHERE id = %d", row[3], row[7], row[10])
  run(ADD_TOTAL, day, type_name, quoted(asked.group or ""), actor, paid)
  return { number = number, document = asked.document, amount = paid, status = status, remaining = remaining }
end

local function shown(row, payments)
  local status, remaining = status_of(row)
  return { number = row[11], patient = row[12], at = os.date("!%Y-%m-%dT%H:%M:%SZ", row[13]), charged = row[2],
    collected = row[3], credited = row[4], discounted = row[5], lost = row[6], rounded = row[7], status = status,
    remaining = remaining, payments = payments }
end

local function read_document(number)
  local row, payments = get_document(number), {}
  local cursor = run("SELECT number FROM payment WHERE document = %s ORDER BY id", quoted(number))
  for payment in cursor.fetch, cursor do payments[#payments + 1] = payment end
  cursor:close()
  return shown(row, payments)
end

local function read_unpaid(after)
  local cursor = after == "" and run(GET_FIRST_PAGE) or run(GET_PAGE_AFTER, quoted(after))
  local found = {}
  local row = cursor:fetch({}, "n")
  while row do
    found[#found + 1] = shown(row)
    row = cursor:fetch(row, "n")
  end
  cursor:close()
  return found
end

-- ---- The works, as in bench/ledger.lua ----

-- Goes through the rows of a plan, which may be too long to be held.
local function each_row(folder, name)
  local next_line = io.lines(("%s/%s.tsv"):format(folder, name))
  return function()
    local line = next_line()
    if not line then return nil end
    local cells = {}
    for cell in (line .. "\t"):gmatch "(.-)\t" do cells[#cells + 1] = cell end
    return cells
  end
end

local function read_plan(folder, name, make, skip, count)
  local rows, next_row = {}, each_row(folder, name)
  for i = 1, skip + count do
    local cells = next_row()
    if i > skip then rows[#rows + 1] = make(table.unpack(cells)) end
  end
  return rows
end

local function payment_of(document, type, group, amount, at, key)
  local minor = math.tointeger(amount)
  return { document = document, type = type, group = group ~= "" and group or nil, key = key,
    amount = ("%d.%02d"):format(minor // 100, minor % 100), at = os.date("!%Y-%m-%dT%H:%M:%S", math.tointeger(at)) }
end

local function as_it_is(cell)
  return cell
end

local function sum_of(document)
  return document.remaining + (document.status == "paid" and 1 or 0)
end

local function sum_of_page(after)
  local sum = 0
  for _, document in ipairs(read_unpaid(after)) do sum = sum + sum_of(document) end
  return sum
end

local function paid_amount(asked)
  return pay(asked).amount
end

local WORKS = {
  durable = { plan = "payments", make = payment_of, step = paid_amount, each = 1, timed = true },
  open = { plan = "payments", make = payment_of, step = paid_amount, each = 1, timed = true, arrivals = true },
  batch = { plan = "payments", make = payment_of, step = paid_amount, each = PAYMENTS_PER_COMMIT },
  scattered = { plan = "payments", make = payment_of, step = paid_amount, each = PAYMENTS_PER_COMMIT },
  read = { plan = "reads", make = as_it_is, step = function(number) return sum_of(read_document(number)) end },
  page = { plan = "pages", make = as_it_is, step = sum_of_page },
}

local function make_ledger(folder)
  for _, statement in ipairs(SCHEMA) do run((statement:gsub("%%", "%%%%"))) end
  ledger.next = 1
  run "BEGIN IMMEDIATE"
  for cells in each_row(folder, "documents") do
    local kind, number, patient, charged, at = table.unpack(cells)
    run("INSERT INTO document (number, kind, patient, at, charged) VALUES (%s, %d, %s, %s, %s)",
      quoted(number), kind == "consultation" and 1 or 2, quoted(patient), at, charged)
  end
  for cells in each_row(folder, "history") do pay(payment_of(table.unpack(cells))) end
  run "COMMIT"
end

local function do_steps(work, rows, first, last)
  local sum, step, each = 0, work.step, work.each
  for start = first, last, each or last do
    if each then run "BEGIN IMMEDIATE" end
    for i = start, each and math.min(start + each - 1, last) or last do sum = sum + step(rows[i]) end
    if each then run "COMMIT" end
  end
  return sum
end

-- Each step's latency in nanoseconds, from when it was due or, where nothing arrives, from when it began.
local function do_timed_steps(work, rows, first, last, latencies, arrivals)
  local sum, start = 0, clock.now_ns()
  local before = start
  for i = first, last do
    if arrivals then
      before = start + arrivals[i - first + 1]
      clock.wait_until_ns(before)
    end
    run "BEGIN IMMEDIATE"
    sum = sum + work.step(rows[i])
    run "COMMIT"
    local after = clock.now_ns()
    latencies[i - first + 1] = after - before
    before = after
  end
  return sum
end

local function measure(work, folder, skip, warmup, count)
  local rows = read_plan(folder, work.plan, work.make, skip, warmup + count)
  local arrivals = work.arrivals and read_plan(folder, "arrivals", math.tointeger, 0, count)
  local latencies = {}
  for i = 1, work.timed and count or 0 do latencies[i] = 0 end
  ledger.next = one("SELECT count(*) FROM payment")[1] + 1
  do_steps(work, rows, 1, warmup)
  collectgarbage()
  local do_measured, start = work.timed and do_timed_steps or do_steps, clock.now()
  local sum = do_measured(work, rows, warmup + 1, warmup + count, latencies, arrivals)
  print(("%d %.9f %d"):format(count, clock.now() - start, sum))
  for _, latency in ipairs(latencies) do print(latency) end
end

local what, path, folder, skip, warmup, count = table.unpack(arg)
open_file(path)
if what == "settings" then
  print("wal", 2, one("SELECT sqlite_version()")[1], luasql._VERSION)
elseif what == "prepare" then
  make_ledger(folder)
else
  measure(WORKS[what], folder, math.tointeger(skip), math.tointeger(warmup), math.tointeger(count))
end
connection:close()
