-- Deposits and credit: money that comes before there is a bill, what is done with it, and how it goes back.
-- What each line prints stands behind the arrow.
dofile((arg[0]:match "^(.*/)" or "") .. "setup.lua")
local tallystick = require "tallystick"

local now = "2026-03-02T09:00"
local ledger <close> = assert(tallystick.open(":memory:", { actor = "desk-1", clock = function() return now end }))

local function show(id)
  local patient = assert(ledger:patient(id))
  print(id, "credit " .. patient.credit, "owes " .. patient.owed)
end

-- Two hundred francs in advance. They are nobody's income yet: they are held for the patient.
local deposit = assert(ledger:deposit { patient = "P17", amount = "200.00" })
show "P17"
--> P17	credit 200.00 CHF	owes 0.00 CHF

-- Two visits are paid from it. The second costs more than there is left: credit takes what it covers.
now = "2026-03-09T09:00"
assert(ledger:consultation { patient = "P17", amount = "120.00" })
assert(ledger:pay { document = "C-00001", type = "credit" })
now = "2026-03-16T09:00"
assert(ledger:consultation { patient = "P17", amount = "110.00" })
local part = assert(ledger:pay { document = "C-00002", type = "credit" })
print(part.amount, part.status, part.remaining)
--> 80.00 CHF	pending	30.00 CHF
show "P17"
--> P17	credit 0.00 CHF	owes 30.00 CHF

-- The deposit cannot be taken back any more: it is spent.
local _, _, code = ledger:reverse { payment = deposit.number, reason = "entered twice" }
print(code)
--> credit-spent

-- A bank transfer of 50 for the 30 that are owed: the preset keeps the rest as credit.
now = "2026-03-20T08:00"
local transfer = assert(ledger:pay { document = "C-00002", type = "transfer", amount = "50.00" })
print(transfer.amount, "kept " .. transfer.deposited, transfer.status)
--> 50.00 CHF	kept 20.00 CHF	paid

-- The patient's daughter may use it. A patient is known once a document or a deposit names it.
assert(ledger:consultation { patient = "P18", amount = "12.00" })
assert(ledger:transfer { from = "P17", to = "P18", amount = "15.00", reason = "for the daughter" })
assert(ledger:pay { documents = "oldest", patient = "P18", type = "credit" })
show "P17"
show "P18"
--> P17	credit 5.00 CHF	owes 0.00 CHF
--> P18	credit 3.00 CHF	owes 0.00 CHF

-- What is left is paid out in cash.
local out = assert(ledger:withdraw { patient = "P17", amount = "5.00", reason = "moves away" })
print(out.number, out.kind, out.amount)
--> R-00006	withdraw	5.00 CHF

-- Money and what is no money never mix in the totals: what came in is counted once, when it came in.
for _, row in ipairs(assert(ledger:totals { by = { "type" } })) do
  print(row.type, "money " .. row.money, "credited " .. row.credited)
end
--> cash	money 195.00 CHF	credited 0.00 CHF
--> credit	money 0.00 CHF	credited 212.00 CHF
--> transfer	money 50.00 CHF	credited 0.00 CHF
