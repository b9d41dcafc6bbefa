-- Paying what a bank's notification tells of, and a table of card payments. What each line prints stands behind the
-- arrow.
local here = arg[0]:match "^(.*/)" or ""
dofile(here .. "../setup.lua")
local tallystick = require "tallystick"
local import = require "tallystick.import"
local camt = require "tallystick.import.camt"
local csv = require "tallystick.import.csv"
local reference = require "tallystick.reference"

local now = "2026-11-02T09:00"
local ledger <close> = assert(tallystick.open(":memory:", {
  config = here .. "clinic.lua", actor = "accueil", clock = function() return now end,
}))
for index, amount in ipairs { "120.00", "130.00", "45.00" } do
  assert(ledger:invoice { patient = "P" .. index, amount = amount })
end

-- Each invoice is printed with a reference that holds its number, of the one kind or the other.
print(reference.format(assert(reference.qr("F-00001", { prefix = "880042" }))))
print(reference.format(assert(reference.creditor "F-00002")))
--> 88 00420 00000 00000 00000 00014
--> RF69 F000 02

-- In the evening the bank's file comes. The plan says what would be paid, and writes nothing.
now = "2026-11-20T19:00"
local statement = assert(camt.read(here .. "notification.xml"))
local function plan()
  return assert(import.plan(ledger, statement.credits, { qr_prefix = "880042" }))
end
local function show(made)
  for _, item in ipairs(made.items) do
    print(item.action, item.amount, item.document or item.code, item.deposited and "credit " .. item.deposited)
  end
end
local made = plan()
show(made)
--> pay	120.00 CHF	F-00001	credit 0.00 CHF
--> pay	140.00 CHF	F-00002	credit 10.00 CHF
--> list	30.00 CHF	document-missing	nil

-- Then it is paid, one act for each credit. What is on the list a person looks at: here a patient forgot the number.
print(import.apply(ledger, made).paid, made.items[3].message)
--> 2	nothing in it names a document of this ledger
assert(ledger:pay { document = "F-00003", type = "transfer", amount = "30.00", reference = made.items[3].credit.id,
  key = made.items[3].key })

-- The same file once more pays nothing. The credit of the list is known by its key, too.
made = plan()
show(made)
print(import.apply(ledger, made).paid)
--> done	120.00 CHF	F-00001	credit 0.00 CHF
--> done	140.00 CHF	F-00002	credit 10.00 CHF
--> list	30.00 CHF	key-conflict	nil
--> 0

-- A table of payments needs a map: which column holds what.
local rows = assert(csv.parse("Datum;Rechnung;Betrag\n20.11.2026;F-00003;15,00\n20.11.2026;F-00009;1'015,00\n", {
  columns = { at = "Datum", document = "Rechnung", amount = "Betrag" }, constants = { type = "cash" },
  dates = "DD.MM.YYYY", decimal = ",", currency = "CHF",
}))
made = assert(import.plan(ledger, rows.credits))
show(made)
print(import.apply(ledger, made).paid, ledger:document("F-00003").status)
--> pay	15.00 CHF	F-00003	credit 0.00 CHF
--> list	1015.00 CHF	document-unknown	nil
--> 1	paid
print(ledger:verify() and "every entry holds")
--> every entry holds
