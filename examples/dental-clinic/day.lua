-- A dental clinic's payments under the rules of clinic.lua beside this file: terminals, mistakes, the patient's
-- balance, money that goes back. What each line prints stands behind the arrow.
local here = arg[0]:match "^(.*/)" or ""
dofile(here .. "../setup.lua")
local tallystick = require "tallystick"

local now = "2026-03-02T09:00"
local ledger <close> = assert(tallystick.open(":memory:", {
  config = here .. "clinic.lua", actor = "desk", clock = function() return now end,
}))
local MANAGER = { "manager" }

local function show(number)
  local document = assert(ledger:document(number))
  print(document.number, document.status, "charged " .. document.charged, "owes " .. document.remaining)
end

local function show_balance(id)
  local patient = assert(ledger:patient(id))
  print(id, "balance " .. patient.credit, "owes " .. patient.owed)
end

-- An invoice is paid in two parts: cash, which needs not be said, and a card at the terminal of room 2.
assert(ledger:invoice { patient = "P17", amount = "240.00", label = "crown" })
assert(ledger:pay { document = "INV-00001", amount = "90.00" })
assert(ledger:pay { document = "INV-00001", type = "card", group = "POS-2" })
show "INV-00001"
--> INV-00001	paid	charged 240.00 EUR	owes 0.00 EUR

-- The patient asks for the receipt of the card, and loses it: the second one says that it is one.
for _ = 1, 2 do
  local receipt = assert(ledger:receipt("R-00002", { format = "text" }))
  print(receipt:match "%u[^\n]+", receipt:match "DUPLICATE" or "original", receipt:match "POS%-%d")
end
--> Dental clinic at the harbour	original	POS-2
--> Dental clinic at the harbour	DUPLICATE	POS-2

-- A terminal that the clinic has not is a slip of the hand.
assert(ledger:invoice { patient = "P18", amount = "60.00", label = "check-up" })
local code = select(3, ledger:pay { document = "INV-00002", type = "card", group = "POS-3" })
print(code)
--> group-unknown
assert(ledger:pay { document = "INV-00002", type = "card", group = "POS-1" })

-- A payment is never updated: it is deleted and entered again. `correct` does both, or neither. What was wrong here was
-- the terminal; the time when the money was collected stays.
now = "2026-03-02T12:00"
local again = assert(ledger:correct { payment = "R-00003", group = "POS-2", reason = "the other terminal" })
print(again.number, again.group, "instead of " .. again.corrects, again.amount)
--> R-00004	POS-2	instead of R-00003	60.00 EUR

-- The payments under the invoice tell all of it.
for payment in ledger:payments { document = "INV-00002" } do
  print(payment.number, payment.type, payment.group, payment.reversed and "deleted" or "stands")
end
--> R-00003	card	POS-1	deleted
--> R-00004	card	POS-2	stands

-- The analytics by terminal, to be held against the slips.
for _, row in ipairs(assert(ledger:totals { by = { "type", "group" } })) do print(row.type, row.group, row.money) end
--> card	POS-1	0.00 EUR
--> card	POS-2	210.00 EUR
--> cash		90.00 EUR

-- An advance payment for an implant. Two debts are paid from it, the older one first.
now = "2026-03-03T10:00"
assert(ledger:deposit { patient = "P19", amount = "500.00", type = "card", group = "POS-1" })
assert(ledger:invoice { patient = "P19", amount = "120.00", label = "scan" })
assert(ledger:invoice { patient = "P19", amount = "180.00", label = "extraction" })
local from_balance = assert(ledger:pay { documents = "oldest", patient = "P19", type = "balance" })
print(from_balance.number, from_balance.amount, #from_balance.allocations .. " invoices")
show_balance "P19"
--> R-00006	300.00 EUR	2 invoices
--> P19	balance 200.00 EUR	owes 0.00 EUR

-- The advance payment cannot be deleted any more: a part of it is spent.
code = select(3, ledger:reverse { payment = "R-00005", reason = "entered twice" })
print(code)
--> credit-spent

-- Fifty go to her husband's balance; the rest is paid out, by a manager.
assert(ledger:invoice { patient = "P20", amount = "45.00", label = "check-up" })
assert(ledger:transfer { from = "P19", to = "P20", amount = "50.00", reason = "for her husband" })
code = select(3, ledger:withdraw { patient = "P19", amount = "150.00" })
print(code)
--> permission-denied
assert(ledger:withdraw { patient = "P19", amount = "150.00", roles = MANAGER, reason = "implant elsewhere" })
show_balance "P19"
show_balance "P20"
--> P19	balance 0.00 EUR	owes 0.00 EUR
--> P20	balance 50.00 EUR	owes 45.00 EUR

-- Refund: the crown was too dear by 40. Money goes back, and the invoice stays settled.
assert(ledger:refund { payment = "R-00001", amount = "40.00", reopen = false, roles = MANAGER, reason = "goodwill" })
show "INV-00001"
--> INV-00001	paid	charged 200.00 EUR	owes 0.00 EUR

-- Cancel: the scan was never paid by the balance. The payment goes, and both of its invoices are owed again.
assert(ledger:reverse { payment = "R-00006", reason = "recorded by mistake" })
show "INV-00003"
show_balance "P19"
--> INV-00003	unpaid	charged 120.00 EUR	owes 120.00 EUR
--> P19	balance 300.00 EUR	owes 300.00 EUR

print(ledger:verify() and "every entry holds")
--> every entry holds
