-- What the host beside this file runs: in it, Tallystick is required as anywhere else.
local tallystick = require "tallystick"
local desk = ... -- given by the host

local ledger <close> = assert(tallystick.open(":memory:", {
  actor = desk, clock = function() return "2026-11-20T09:00" end,
}))
assert(ledger:consultation { patient = "P17", amount = "120.00" })
local payment = assert(ledger:pay { document = "C-00001", tendered = "150.00" })
print(payment.number, payment.actor, payment.change, payment.status)
--> R-00001	desk-1	30.00 CHF	paid
