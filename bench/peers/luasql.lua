-- The same ledger rules by hand, in Lua over luasql-sqlite3: what a clinic's programmer would write instead.
--
-- Tables, rules and favours are those of bench/peers/python.py. LuaSQL 2.6 has no bound parameters and keeps no
-- prepared statement: each is text, with what came from outside escaped, which is how its users write.
--
-- Called like bench/plain.c: prepare FILE PLANS | settings FILE | WORK FILE PLANS WARMUP COUNT
local clock = require "clock"
local luasql = require "luasql.sqlite3"

local PAYMENTS_PER_COMMIT, PAGE_ROWS, DAY_SECONDS = 1000, 50, 86400
local SCHEMA = {
  [[CREATE TABLE document (id INTEGER PRIMARY KEY, number TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,
    patient TEXT NOT NULL, at INTEGER NOT NULL, charged INTEGER NOT NULL, collected INTEGER NOT NULL DEFAULT 0,
    credited INTEGER NOT NULL DEFAULT 0, discounted INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0,
    rounded INTEGER NOT NULL DEFAULT 0, invoice TEXT, cancelled INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL) STRICT]],
  "CREATE INDEX document_open ON document (kind) WHERE open = 1",
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
  return assert(one("SELECT " .. FACTS .. " FROM document WHERE number = %s", quoted(number)), "document-unknown")
end

local function answer(number, document, amount, replayed)
  local status, remaining = status_of(get_document(document))
  return { number = number, document = document, amount = amount, status = status, remaining = remaining,
    replayed = replayed }
end

-- Holds a payment against the rules; gives the document, what is paid and what is rounded away.
local function check(asked, type, minor, at, day)
  local row = get_document(asked.document)
  local status, remaining = status_of(row)
  assert(status ~= "cancelled" and status ~= "invoiced", "document-cancelled or -invoiced")
  assert(not type.groups or type.groups[asked.group], "group-required or -unknown")
  assert(at <= os.time() + DAY_SECONDS, "date-in-future")
  local closed = one("SELECT max(through) FROM closing")[1]
  assert(not closed or day > closed, "period-closed")
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
  run("INSERT INTO payment (number, document, type, group_tag, amount, rounded, at, day, recorded_at, actor, key) " ..
    "VALUES (%s, %s, %s, %s, %d, %d, %d, %d, %d, %s, %s)", quoted(number), quoted(asked.document), quoted(asked.type),
    quoted(asked.group), paid, rounded, at, day, os.time() * 1000, quoted(ledger.actor), quoted(asked.key))
  row[3], row[7] = row[3] + paid, row[7] + rounded
  local status, remaining = status_of(row)
  run("UPDATE document SET collected = %d, rounded = %d, open = %d WHERE id = %d", row[3], row[7],
    remaining > 0 and 1 or 0, row[10])
  run("INSERT INTO day_total VALUES (%d, %s, %s, %s, %d, 1) ON CONFLICT DO UPDATE SET " ..
    "collected = collected + excluded.collected, count = count + 1", day, quoted(asked.type),
    quoted(asked.group or ""), quoted(ledger.actor), paid)
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
  local last = after == "" and math.maxinteger or one("SELECT id FROM document WHERE number = %s", quoted(after))[1]
  local cursor = run("SELECT " .. FACTS .. " FROM document WHERE kind = 2 AND open = 1 AND id < %d ORDER BY id DESC",
    last)
  local found = {}
  while #found < PAGE_ROWS do
    local row = cursor:fetch({}, "n")
    if not row then break end
    local document = shown(row)
    if document.status == "unpaid" then found[#found + 1] = document end
  end
  cursor:close()
  return found
end

-- ---- The works, as in bench/ledger.lua ----

local function read_plan(folder, name, make)
  local rows = {}
  for line in io.lines(("%s/%s.tsv"):format(folder, name)) do
    local cells = {}
    for cell in (line .. "\t"):gmatch "(.-)\t" do cells[#cells + 1] = cell end
    rows[#rows + 1] = make(table.unpack(cells))
  end
  return rows
end

local function payment_of(document, type, group, amount, at, key)
  local minor = math.tointeger(amount)
  return { document = document, type = type, group = group ~= "" and group or nil, key = key,
    amount = ("%d.%02d"):format(minor // 100, minor % 100), at = os.date("!%Y-%m-%dT%H:%M:%S", math.tointeger(at)) }
end

local function as_it_is(...)
  return select("#", ...) > 1 and { ... } or (...)
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
  durable = { "payments", payment_of, paid_amount, 1 },
  batch = { "payments", payment_of, paid_amount, PAYMENTS_PER_COMMIT },
  scattered = { "scattered", payment_of, paid_amount, PAYMENTS_PER_COMMIT },
  read = { "reads", as_it_is, function(number) return sum_of(read_document(number)) end },
  page = { "pages", as_it_is, sum_of_page },
}

local function make_ledger(folder)
  for _, statement in ipairs(SCHEMA) do run((statement:gsub("%%", "%%%%"))) end
  ledger.next = 1
  run "BEGIN IMMEDIATE"
  for _, document in ipairs(read_plan(folder, "documents", as_it_is)) do
    local kind, number, patient, charged, at = table.unpack(document)
    run("INSERT INTO document (number, kind, patient, at, charged, open) VALUES (%s, %d, %s, %s, %s, 1)",
      quoted(number), kind == "consultation" and 1 or 2, quoted(patient), at, charged)
  end
  for _, payment in ipairs(read_plan(folder, "history", payment_of)) do pay(payment) end
  run "COMMIT"
end

local function do_steps(step, rows, first, last, each)
  local sum = 0
  for start = first, last, each or last do
    if each then run "BEGIN IMMEDIATE" end
    for i = start, each and math.min(start + each - 1, last) or last do sum = sum + step(rows[i]) end
    if each then run "COMMIT" end
  end
  return sum
end

local function measure(work, folder, warmup, count)
  local plan, make, step, each = table.unpack(WORKS[work])
  local rows = read_plan(folder, plan, make)
  ledger.next = one("SELECT count(*) FROM payment")[1] + 1
  do_steps(step, rows, 1, warmup, each)
  collectgarbage()
  local start = clock.now()
  local sum = do_steps(step, rows, warmup + 1, warmup + count, each)
  print(("%d %.9f %d"):format(count, clock.now() - start, sum))
end

local what, path, folder, warmup, count = table.unpack(arg)
open_file(path)
if what == "settings" then
  print("wal", 2, one("SELECT sqlite_version()")[1])
elseif what == "prepare" then
  make_ledger(folder)
else
  measure(what, folder, math.tointeger(warmup), math.tointeger(count))
end
connection:close()
