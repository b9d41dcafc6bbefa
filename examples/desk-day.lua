-- A day at the desk: visits, payments in cash and by card, a double click, and the closing in the evening.
-- What each line prints stands behind the arrow.
dofile((arg[0]:match "^(.*/)" or "") .. "setup.lua")
local tallystick = require "tallystick"

-- A practice leaves `clock` out and names a file. Here the time is set by hand, so that the day is always the same.
local now = "2026-11-20T08:30"
local ledger <close> = assert(tallystick.open(":memory:", { actor = "desk-1", clock = function() return now end }))

-- The first patient pays in cash. The type is left out: cash is the default. She hands over a 200 note.
assert(ledger:consultation { patient = "P17", amount = "120.00" })
local payment = assert(ledger:pay { document = "C-00001", tendered = "200.00" })
print(payment.number, payment.amount, "change " .. payment.change, payment.status)
--> R-00001	120.00 CHF	change 80.00 CHF	paid

-- The second pays by card, at the terminal in room 2. `group` is what the analytics are split by.
now = "2026-11-20T10:15"
assert(ledger:consultation { patient = "P18", amount = "85.50" })
local by_card = { document = "C-00002", type = "card", group = "POS-2", key = "desk-1/2026-11-20/0002" }
assert(ledger:pay(by_card))

-- The button was hit twice. The key says that it is the same payment: nothing is paid twice.
local again = assert(ledger:pay(by_card))
print(again.number, again.replayed)
--> R-00002	true

-- Cash is rounded to five centimes. What a payment would do can be asked before it is made.
now = "2026-11-20T11:40"
assert(ledger:consultation { patient = "P19", amount = "64.52" })
local quote = assert(ledger:pay { document = "C-00003", dry_run = true })
print("to pay in cash: " .. quote.amount, "rounding " .. quote.allocations[1].rounded)
--> to pay in cash: 64.50 CHF	rounding 0.02 CHF
assert(ledger:pay { document = "C-00003" })

-- The last patient forgot the purse: the visit stays open, with its orange dash.
now = "2026-11-20T16:05"
assert(ledger:consultation { patient = "P20", amount = "140.00" })
for visit in ledger:documents { status = "pending" } do
  print(tallystick.marks.format(visit.status), visit.number, visit.patient, visit.remaining)
end
--> –	C-00004	P20	140.00 CHF

-- In the evening: what came in, by type and group.
now = "2026-11-20T18:00"
for _, row in ipairs(assert(ledger:totals { from = "2026-11-20", to = "2026-11-20", by = { "type", "group" } })) do
  print(row.type, row.group, row.money, row.count)
end
--> card	POS-2	85.50 CHF	1
--> cash		184.50 CHF	2

-- The till is counted and the day sealed. One franc is missing, and the ledger says so. From here on the day does not
-- move any more.
local closing = assert(ledger:close_days { through = "2026-11-20", counted = { cash = "183.50" } })
print(closing.through, "variance " .. closing.counted.cash.variance)
--> 2026-11-20	variance -1.00 CHF
local _, message, code = ledger:consultation { patient = "P21", amount = "10.00" }
print(code, message)
--> period-closed	2026-11-20 is closed: all days up to 2026-11-20 are sealed; use a later date

-- The head is written down on paper or sent by mail: who has it can prove later that nothing before it was changed.
print(closing.head.seq, (ledger:verify { head = closing.head }))
--> 10	true
