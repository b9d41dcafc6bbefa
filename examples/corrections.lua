-- Correcting mistakes: nothing is ever edited. A payment is reversed, corrected or refunded, and all of it can be read.
-- What each line prints stands behind the arrow.
dofile((arg[0]:match "^(.*/)" or "") .. "setup.lua")
local tallystick = require "tallystick"

local now = "2026-03-02T09:00"
local ledger <close> = assert(tallystick.open(":memory:", { actor = "desk-1", clock = function() return now end }))

local function show(number)
  local document = assert(ledger:document(number))
  print(document.number, document.status, "charged " .. document.charged, "owes " .. document.remaining)
end

assert(ledger:consultation { patient = "P17", amount = "120.00" })

-- Recorded by mistake: reverse. The visit is owed again.
assert(ledger:pay { document = "C-00001" })
assert(ledger:reverse { payment = "R-00001", reason = "wrong patient" })
show "C-00001"
--> C-00001	pending	charged 120.00 CHF	owes 120.00 CHF

-- Paid by card and entered as cash: correct reverses and pays again, both or neither. What is not named stays.
assert(ledger:pay { document = "C-00001" })
now = "2026-03-03T08:00"
local corrected = assert(ledger:correct {
  payment = "R-00002", type = "card", group = "POS-1", reason = "it was the card",
})
print(corrected.number, corrected.type, "instead of " .. corrected.corrects, corrected.day)
--> R-00003	card	instead of R-00002	2026-03-02
show "C-00001"
--> C-00001	paid	charged 120.00 CHF	owes 0.00 CHF

-- Money goes back, and the visit stays settled: the charge falls too.
now = "2026-03-04T10:00"
local refund = assert(ledger:refund { payment = "R-00003", amount = "20.00", reopen = false, reason = "shorter visit" })
print(refund.number, refund.amount, "of " .. refund.refund_of)
--> R-00004	20.00 CHF	of R-00003
show "C-00001"
--> C-00001	paid	charged 100.00 CHF	owes 0.00 CHF

-- Money goes back, and is owed again: the card was debited twice at the terminal, and the patient will pay in cash.
assert(ledger:refund { payment = "R-00003", reopen = true, reason = "pays in cash next week" })
show "C-00001"
--> C-00001	pending	charged 100.00 CHF	owes 100.00 CHF

-- A payment that was refunded cannot be reversed as well.
local _, message, code = ledger:reverse { payment = "R-00003", reason = "again" }
print(code)
print(message)
--> payment-refunded
--> payment "R-00003" is refunded in part or whole and cannot be undone

-- A wrong invoice is cancelled. Its visit is free again, payments intact.
assert(ledger:invoice { consultations = { "C-00001" } })
assert(ledger:cancel { document = "F-00001", reason = "goes to the insurance" })
show "C-00001"
show "F-00001"
--> C-00001	pending	charged 100.00 CHF	owes 100.00 CHF
--> F-00001	cancelled	charged 0.00 CHF	owes 0.00 CHF

-- The journal has every step, and who asks why finds the reasons with the payments.
for payment in ledger:payments { document = "C-00001" } do
  print(payment.number, payment.kind, payment.type, payment.amount, payment.reversed, payment.reason or "-")
end
--> R-00001	pay	cash	120.00 CHF	true	-
--> R-00002	pay	cash	120.00 CHF	true	-
--> R-00003	pay	card	120.00 CHF	false	it was the card
--> R-00004	refund	card	20.00 CHF	false	shorter visit
--> R-00005	refund	card	100.00 CHF	false	pays in cash next week
for entry in ledger:entries { kind = "reversal" } do print(entry.seq, "undoes " .. entry.refers, entry.amount) end
--> 3	undoes 2	120.00 CHF
--> 5	undoes 4	120.00 CHF
