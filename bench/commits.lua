-- commits.lua - how many pages a commit appends to the write-ahead log, by the kind of act: the table of
-- docs/storage.md. Called by `make bench-commits` with a folder.
local tallystick = require "tallystick"

local YEAR = "examples/practice-year/"
local PAGE_BYTES = 2048 + 24 -- a page, and its header in the log
local ACTS = 60

local path = arg[1] .. "/commits.db"
local made = 0

local function log_bytes()
  local file <close> = assert(io.open(path .. "-wal", "rb"))
  return file:seek "end"
end

local function open(mode)
  return assert(tallystick.open(path, { mode = mode, actor = "desk-1", roles = { "manager", "secretary" } }))
end

local function fill()
  local script, log = YEAR .. "clinic.lua", YEAR .. "practice-year.jsonl"
  assert(os.execute(("bin/tallystick replay %s %s --config %s --batch 500 --quiet"):format(path, log, script)))
end

local function invoice(ledger)
  made = made + 1
  return assert(ledger:invoice { patient = "PX" .. made % 40, amount = "500.00" }).number
end

local function pay(ledger, document, more)
  local fields = { document = document, type = "card", group = "POS-1" }
  for name, value in pairs(more) do fields[name] = value end
  return assert(ledger:pay(fields)).number
end

-- What is done before an act, without being counted, and the act itself.
local function measure(label, acts, before, act)
  -- A ledger that is opened anew begins its log anew.
  local ledger <close> = open()
  local pages = 0
  for i = 1, acts do
    local subject = before(ledger, i)
    local start = log_bytes()
    act(ledger, subject, i)
    pages = pages + (log_bytes() - start) / PAGE_BYTES
  end
  print(("| %s | %.1f |"):format(label, pages / acts))
end

local function many(count)
  return function(ledger)
    return assert(ledger:transaction(function(tx)
      local documents = {}
      for i = 1, count do documents[i] = invoice(tx) end
      return documents
    end))
  end, function(ledger, documents)
    assert(ledger:transaction(function(tx)
      for _, document in ipairs(documents) do pay(tx, document, { amount = "20.00" }) end
      return true
    end))
  end
end

local function nothing() end

fill()
print "| act | pages |\n|---|---|"
measure("consultation", ACTS, nothing, function(ledger, _, i)
  assert(ledger:consultation { patient = "PY" .. i, amount = "80.00" })
end)
measure("payment in part", ACTS, invoice, function(ledger, document) pay(ledger, document, { amount = "20.00" }) end)
measure("the same with a key and a note", ACTS, invoice, function(ledger, document, i)
  pay(ledger, document, { amount = "20.00", key = "key-" .. i, note = "paid at the desk" })
end)
measure("payment of the rest", ACTS, invoice, function(ledger, document) pay(ledger, document, {}) end)
measure("deposit", ACTS, nothing, function(ledger, _, i)
  assert(ledger:deposit { patient = "PX" .. i % 40, amount = "10.00", type = "card", group = "POS-1" })
end)
measure("reversal, with its reason", ACTS, function(ledger)
  return pay(ledger, invoice(ledger), { amount = "20.00" })
end, function(ledger, payment) assert(ledger:reverse { payment = payment, reason = "wrong patient" }) end)
measure("10 payments in one transaction", 10, many(10))
measure("100 payments in one transaction", 5, many(100))
