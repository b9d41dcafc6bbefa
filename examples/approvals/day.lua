-- What needs a manager, under the rules of clinic.lua beside this file. What each line prints stands behind the arrow.
local here = arg[0]:match "^(.*/)" or ""
dofile(here .. "../setup.lua")
local tallystick = require "tallystick"

local now = "2026-03-02T09:00"
local ledger <close> = assert(tallystick.open(":memory:", {
  config = here .. "clinic.lua", actor = "desk-1", clock = function() return now end,
}))

-- Tries a payment, and says why it was not taken: the script's own code and words, or the ledger's code.
local function try(payment)
  local paid, message, code, details = ledger:pay(payment)
  if paid then return print(paid.number, paid.type, paid.amount, "by " .. paid.actor) end
  if code ~= "refused" then return print(code) end
  print(details.code, message)
end

local function as_manager(payment)
  payment.actor, payment.roles = "anna", { "manager" }
  return payment
end

-- Cash: up to 1000 at once, up to 3000 a day in all. Above that the manager enters it, and the journal says so.
for _, amount in ipairs { "1500.00", "990.00", "980.00", "970.00", "400.00" } do
  assert(ledger:invoice { patient = "P17", amount = amount })
end
try { document = "F-00001" }
try(as_manager { document = "F-00001" })
try { document = "F-00002" }
try { document = "F-00003" }
--> cash-payment	cash above 1000.00 needs a manager
--> R-00001	cash	1500.00 CHF	by anna
--> R-00002	cash	990.00 CHF	by desk-1
--> cash-day	the till would hold 3470.00 CHF; above 3000.00 call a manager

-- A deposit in cash counts as well. By card it is no matter, and tomorrow is another day.
local code = select(3, ledger:deposit { patient = "P17", amount = "600.00" })
print(code)
try { document = "F-00003", type = "card" }
now = "2026-03-03T09:00"
try { document = "F-00004" }
--> refused
--> R-00003	card	980.00 CHF	by desk-1
--> R-00004	cash	970.00 CHF	by desk-1

-- Discounts: a fifth of what is charged at the desk, in all; half with a manager. For the staff it needs a role and a
-- reason besides.
try { document = "F-00005", type = "discount", amount = "50.00" }
try { document = "F-00005", type = "discount", amount = "40.00" }
try { document = "F-00005", type = "staff-discount", amount = "40.00" }
try(as_manager { document = "F-00005", type = "staff-discount", amount = "40.00" })
try(as_manager { document = "F-00005", type = "staff-discount", amount = "40.00", note = "sister of B. in room 2" })
--> R-00005	discount	50.00 CHF	by desk-1
--> discount-share	F-00005: discounts may come to 80.00 CHF, that is 20 % of what is charged
--> permission-denied
--> discount-reason	say in the note for whom the staff discount is
--> R-00006	staff-discount	40.00 CHF	by anna

-- Losses: by a manager, and three months after the invoice at the earliest.
try { document = "F-00005", type = "loss" }
try(as_manager { document = "F-00005", type = "loss" })
now = "2026-06-02T09:00"
try(as_manager { document = "F-00005", type = "loss" })
print(ledger:document("F-00005").status)
--> permission-denied
--> loss-age	F-00005 is of 2026-03-02; it is given up after three months
--> R-00007	loss	310.00 CHF	by anna
--> written_off

-- What was refused left no trace: seven payments, and every sum agrees.
print(ledger:info().payments)
print(ledger:verify() and "every entry holds")
--> 7
--> every entry holds
