-- An invoice that an insurer and a patient pay together, under the rules of clinic.lua beside this file. What each line
-- prints stands behind the arrow.
local here = arg[0]:match "^(.*/)" or ""
dofile(here .. "../setup.lua")
local tallystick = require "tallystick"

local now = "2026-03-02T09:00"
local ledger <close> = assert(tallystick.open(":memory:", {
  config = here .. "clinic.lua", actor = "desk", clock = function() return now end,
}))

local function show(number)
  local document = assert(ledger:document(number))
  print(document.number, document.status, "owes " .. document.remaining)
end

-- Tries a payment, and says why it was not taken: the script's own code and words, or the ledger's.
local function try(payment)
  local paid, message, code, details = ledger:pay(payment)
  if paid then return print(paid.number, paid.type, paid.amount) end
  print(details.code or code, message)
end

-- A promise that is nearly right is refused while the patient is still at the desk.
local _, message, code, details = ledger:invoice { patient = "P17", amount = "361.35", label = "Insurer Helvia 80 %" }
print(code, details.rule)
print(message)
--> refused	promise
--> write the label as "insurer HELVIA 80%", with one of our insurers
assert(ledger:invoice { patient = "P17", amount = "361.35", label = "insurer HELVIA 80%" })
assert(ledger:invoice { patient = "P17", amount = "40.00", label = "certificate" })

-- The patient pays the patient's part. One click asks for all of it, and is told how much it is.
try { document = "F-00001" }
try { document = "F-00001", amount = "72.27" }
show "F-00001"
--> patient-part	of F-00001, the patient pays 72.27 CHF more
--> R-00001	card	72.27 CHF
--> F-00001	partial	owes 289.08 CHF

-- The insurer's money names the claim it is for, in the insurer's way of writing it.
now = "2026-04-10T09:00"
local function insured(document, amount, claim, group)
  return {
    document = document, type = "insurer", group = group or "HELVIA", amount = amount, fields = { claim = claim },
    roles = { "office" },
  }
end
code = select(3, ledger:pay(insured("F-00001", "200.00", "26-17")))
print(code)
--> field-invalid
try(insured("F-00001", "200.00", "2026-000017"))
--> R-00002	insurer	200.00 CHF

-- It pays the right invoice, for its own insured, and no more than it promised.
try(insured("F-00002", "40.00", "2026-000018"))
try(insured("F-00001", "89.08", "2026-000018", "ALPINA"))
try(insured("F-00001", "89.08", "2026-000018"))
show "F-00001"
--> no-promise	F-00002 has no insurer; the patient pays it
--> other-insurer	F-00001 is insured by HELVIA
--> R-00003	insurer	89.08 CHF
--> F-00001	paid	owes 0.00 CHF

-- Five centimes above the promise are too many.
assert(ledger:invoice { patient = "P18", amount = "100.00", label = "insurer ALPINA 90%" })
try(insured("F-00003", "90.05", "2026-000044", "ALPINA"))
--> above-share	of F-00003, ALPINA pays 90.00 CHF more at most

-- Alpina pays half of what it promised and declines the rest, and takes ten back later. The office, and nobody else,
-- asks the patient for what is missing.
try(insured("F-00003", "45.00", "2026-000044", "ALPINA"))
assert(ledger:refund { payment = "R-00004", amount = "10.00", reopen = true, reason = "claimed back by the insurer" })
try { document = "F-00003" }
try { document = "F-00003", roles = { "office" }, note = "declined by the insurer on 2026-04-28" }
show "F-00003"
--> R-00004	insurer	45.00 CHF
--> patient-part	of F-00003, the patient pays 10.00 CHF more
--> R-00006	card	65.00 CHF
--> F-00003	paid	owes 0.00 CHF

-- What came from whom. What went back stands under its type, and under no group.
for _, row in ipairs(assert(ledger:totals { by = { "type", "group" } })) do print(row.type, row.group, row.money) end
print(ledger:payment("R-00003").fields.claim)
--> card		137.27 CHF
--> insurer		-10.00 CHF
--> insurer	ALPINA	45.00 CHF
--> insurer	HELVIA	289.08 CHF
--> 2026-000018

print(ledger:verify() and "every entry holds")
--> every entry holds
