-- Invoicing and partial payments: several visits on one invoice, paid in parts, a reminder, and the rest written off.
-- What each line prints stands behind the arrow.
dofile((arg[0]:match "^(.*/)" or "") .. "setup.lua")
local tallystick = require "tallystick"

local now = "2026-03-02T09:00"
local ledger <close> = assert(tallystick.open(":memory:", { actor = "desk-1", clock = function() return now end }))

local function show(number)
  local document = assert(ledger:document(number))
  print(document.mark, document.number, document.status, document.settled, document.remaining)
end

-- Three visits. Something was paid at the first one already.
assert(ledger:consultation { patient = "P17", amount = "120.00", label = "check-up" })
assert(ledger:pay { document = "C-00001", amount = "50.00" })
now = "2026-03-09T09:00"
assert(ledger:consultation { patient = "P17", amount = "80.00", label = "dressing" })
now = "2026-03-16T09:00"
assert(ledger:consultation { patient = "P17", amount = "60.00", label = "dressing" })
show "C-00001"
--> –	C-00001	pending	50.00 CHF	70.00 CHF

-- All of them on one invoice. What was paid on a visit counts for the invoice.
local invoice = assert(ledger:invoice {
  consultations = { "C-00001", "C-00002", "C-00003" }, due = "2026-04-15",
})
show(invoice.number)
--> –	F-00001	partial	50.00 CHF	210.00 CHF
show "C-00001"
--> → F-00001	C-00001	invoiced	50.00 CHF	0.00 CHF

-- From now on the invoice is paid, not the visits.
local _, message, code, details = ledger:pay { document = "C-00002", type = "card" }
print(code, details.invoice)
print(message)
--> document-invoiced	F-00001
--> document "C-00002" is on an invoice that stands; work on the invoice, or cancel it first

-- Two payments in part. The second comes by bank transfer with a reference.
now = "2026-04-01T14:30"
assert(ledger:pay { document = "F-00001", amount = "100.00", type = "card" })
now = "2026-04-10T08:00"
assert(ledger:pay { document = "F-00001", amount = "60.00", type = "transfer", reference = "RF18 5390 0754 7034" })
show "F-00001"
--> –	F-00001	partial	210.00 CHF	50.00 CHF

-- In May it is overdue. A reminder costs 20 francs.
now = "2026-05-04T09:00"
for late in ledger:documents { overdue = true } do
  assert(ledger:charge { document = late.number, amount = "20.00", label = "reminder" })
end
show "F-00001"
--> –	F-00001	partial	210.00 CHF	70.00 CHF

-- The patient pays the 50, and the fee is given up: loss stands among the means of payment, and the invoice is never
-- shown as plainly paid.
assert(ledger:pay { document = "F-00001", amount = "50.00" })
assert(ledger:pay { document = "F-00001", type = "loss", note = "not worth a second reminder" })
show "F-00001"
--> ✓	F-00001	written_off	280.00 CHF	0.00 CHF

-- An invoice may have an amount of its own, with no visit behind it. One payment can settle several documents.
assert(ledger:invoice { patient = "P18", amount = "15.00", label = "certificate" })
assert(ledger:invoice { patient = "P18", amount = "25.00", label = "copies" })
local both = assert(ledger:pay { documents = { "F-00002", "F-00003" }, type = "card" })
for _, allocation in ipairs(both.allocations) do print(both.number, allocation.document, allocation.amount) end
--> R-00006	F-00002	15.00 CHF
--> R-00006	F-00003	25.00 CHF

-- As it stood in the middle of April, before the reminder.
local then_ = assert(ledger:document("F-00001", { as_of = "2026-04-05" }))
print(then_.status, then_.remaining)
--> partial	110.00 CHF
