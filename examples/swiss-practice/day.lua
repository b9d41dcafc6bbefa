-- A day in a Swiss practice, under the rules of clinic.lua beside this file. What each line prints stands behind the
-- arrow.
local here = arg[0]:match "^(.*/)" or ""
dofile(here .. "../setup.lua")
local tallystick = require "tallystick"

local now = "2026-11-20T08:30"
local ledger <close> = assert(tallystick.open(":memory:", {
  config = here .. "clinic.lua", actor = "accueil", clock = function() return now end,
}))

local function show(number)
  local document = assert(ledger:document(number))
  print(document.mark, document.number, document.status, "owes " .. document.remaining)
end

-- A visit is paid in part, twice: so much on account the evening before, so much by card. It stays "en attente", with
-- its orange dash.
assert(ledger:consultation { patient = "P17", amount = "182.35", at = "2026-11-19T17:40" })
assert(ledger:pay { document = "C-00001", amount = "50.00", at = "2026-11-19T18:00" })
assert(ledger:pay { document = "C-00001", type = "card", amount = "100.00" })
show "C-00001"
--> –	C-00001	pending	owes 32.35 CHF

-- Two visits go on one invoice, each of them only once. The list of invoices shows the cross.
assert(ledger:consultation { patient = "P17", amount = "64.52" })
assert(ledger:consultation { patient = "P17", amount = "40.00" })
assert(ledger:invoice { consultations = { "C-00002", "C-00003" }, due = "2026-12-20" })
local _, message, code = ledger:invoice { consultations = { "C-00003" } }
print(code)
print(message)
--> document-invoiced
--> document "C-00003" is on an invoice that stands; work on the invoice, or cancel it first
show "F-00001"
show "C-00002"
--> ✗	F-00001	unpaid	owes 104.52 CHF
--> → F-00001	C-00002	invoiced	owes 0.00 CHF

-- One click on the cross records the payment: all that is owed, in cash, today. Two centimes cannot be paid in coins,
-- and are not owed for ever either.
local payment = assert(ledger:pay { document = "F-00001" })
print(payment.number, payment.type, payment.amount, "rounding " .. payment.allocations[1].rounded)
show "F-00001"
--> R-00003	cash	104.50 CHF	rounding 0.02 CHF
--> ✓	F-00001	paid	owes 0.00 CHF

-- "Rabais / Offert" and "Impayé / Perte" are entered like a payment, and never shown as one.
now = "2026-11-20T11:00"
assert(ledger:consultation { patient = "P18", amount = "30.00" })
assert(ledger:pay { document = "C-00004", type = "discount" })
assert(ledger:invoice { patient = "P19", amount = "25.00", label = "certificat" })
assert(ledger:pay { document = "F-00002", type = "loss" })
show "C-00004"
show "F-00002"
--> ✓	C-00004	offered	owes 0.00 CHF
--> ✓	F-00002	written_off	owes 0.00 CHF

-- The card payment of the first visit was the neighbour's, but the visit is invoiced by now: first the invoice is
-- cancelled, then the payment.
assert(ledger:invoice { consultations = { "C-00001" } })
code = select(3, ledger:reverse { payment = "R-00002", reason = "carte d'un autre patient" })
print(code)
--> document-invoiced
assert(ledger:cancel { document = "F-00003", reason = "paiement faux" })
assert(ledger:reverse { payment = "R-00002", reason = "carte d'un autre patient" })
show "C-00001"
show "F-00003"
--> –	C-00001	pending	owes 132.35 CHF
--> 0	F-00003	cancelled	owes 0.00 CHF

-- The evening's sum. What was given away or lost is no money.
for _, row in ipairs(assert(ledger:totals { by = { "type" } })) do
  print(row.type, "money " .. row.money, "discounted " .. row.discounted, "lost " .. row.lost)
end
--> card	money 0.00 CHF	discounted 0.00 CHF	lost 0.00 CHF
--> cash	money 154.50 CHF	discounted 0.00 CHF	lost 0.00 CHF
--> discount	money 0.00 CHF	discounted 30.00 CHF	lost 0.00 CHF
--> loss	money 0.00 CHF	discounted 0.00 CHF	lost 25.00 CHF
print(ledger:verify() and "every entry holds")
--> every entry holds
