-- A deposit, what is paid from it and what is left, under the rules of clinic.lua beside this file. What each line
-- prints stands behind the arrow.
local here = arg[0]:match "^(.*/)" or ""
dofile(here .. "../setup.lua")
local tallystick = require "tallystick"

local now = "2026-03-02T09:00"
local ledger <close> = assert(tallystick.open(":memory:", {
  config = here .. "clinic.lua", actor = "desk-1", clock = function() return now end,
}))

-- Tries a command, and says why it was refused.
local function try(command, fields)
  local done, message, _, details = ledger[command](ledger, fields)
  if done then return print(done.number, command) end
  print(details.code, message)
end

-- A check-up needs no deposit. A treatment of 900 francs needs 300, also where some of it is there.
try("consultation", { patient = "P17", amount = "120.00", label = "check-up" })
try("consultation", { patient = "P18", amount = "900.00", label = "root canal" })
assert(ledger:deposit { patient = "P18", amount = "250.00" })
try("consultation", { patient = "P18", amount = "900.00", label = "root canal" })
--> C-00001	consultation
--> deposit-first	a deposit of 300.00 CHF is asked first; 300.00 CHF is missing
--> deposit-first	a deposit of 300.00 CHF is asked first; 50.00 CHF is missing

-- With the deposit it may begin. What the deposit is needed for already does not count for the next treatment.
assert(ledger:deposit { patient = "P18", amount = "250.00" })
try("consultation", { patient = "P18", amount = "900.00", label = "root canal" })
try("consultation", { patient = "P18", amount = "600.00", label = "crown" })
--> C-00002	consultation
--> deposit-first	a deposit of 200.00 CHF is asked first; 200.00 CHF is missing

-- It was less work than thought: the charge falls. The deposit pays all of it.
now = "2026-03-09T09:00"
assert(ledger:charge { document = "C-00002", amount = "-480.00", label = "two canals only" })
local payment = assert(ledger:pay { document = "C-00002", type = "credit" })
print(payment.amount, payment.status, "left " .. ledger:patient("P18").credit)
--> 420.00 CHF	paid	left 80.00 CHF

-- What is left is paid out once nothing else is owed.
assert(ledger:consultation { patient = "P18", amount = "30.00", label = "X-ray" })
try("withdraw", { patient = "P18", amount = "80.00", reason = "rest of the deposit" })
assert(ledger:pay { document = "C-00003", type = "credit" })
try("withdraw", { patient = "P18", amount = "50.00", type = "cash", reason = "rest of the deposit" })
print("left " .. ledger:patient("P18").credit)
--> debts-first	P18 still owes 30.00 CHF
--> R-00005	withdraw
--> left 0.00 CHF

print(ledger:verify() and "every entry holds")
--> every entry holds
