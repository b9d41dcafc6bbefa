-- What happens in the small ledgers that are damaged, aged and fuzzed: some days with every kind of act, two scripts.
local helper = require "spec.helper"

local story = {}

local SECOND <const> = helper.SCRIPT:gsub("max = \"200.00\"", "max = \"300.00\"")

-- A day of every kind of act.
local function first_days(ledger, clock)
  assert(ledger:consultation { patient = "P1", amount = "120.02", label = "visit", note = "came late" })
  assert(ledger:pay { document = "C-00001", key = "till/1", amount = "120.00", tendered = "150.00" })
  assert(ledger:consultation { patient = "P1", amount = "80.00" })
  assert(ledger:pay { document = "C-00002", type = "card", group = "POS-1", amount = "30.00" })
  assert(ledger:deposit { patient = "P2", amount = "50.00", type = "twint", note = "in advance" })
  assert(ledger:invoice { consultations = { "C-00002" }, amount = "5.00", due = "2026-04-01" })
  assert(ledger:reverse { payment = "R-00001", reason = "wrong patient" })
  clock.now = "2026-03-03T09:00:00Z"
  assert(ledger:close_days { through = "2026-03-02", counted = { cash = "1.00" } })
  assert(ledger:transfer { from = "P2", to = "P1", amount = "10.00", reason = "family" })
end

function story.later_days(ledger, clock)
  assert(ledger:pay { document = "F-00001", type = "credit", amount = "10.00" })
  assert(ledger:pay { document = "F-00001", type = "transfer", amount = "60.00", reference = "RF18" })
  assert(ledger:refund { payment = "R-00005", amount = "5.00", reopen = true, reason = "too much", type = "cash" })
  assert(ledger:pay { document = "C-00001", type = "insurance", amount = "20.00", fields = { policy = "4711" } })
  assert(ledger:correct { payment = "R-00007", amount = "25.00", reason = "misread" })
  assert(ledger:charge { document = "C-00001", amount = "-5.00", label = "goodwill" })
  clock.now = "2026-03-04T09:00:00Z"
  assert(ledger:consultation { patient = "P3", number = "H/1", amount = "15.00" })
  assert(ledger:cancel { document = "H/1", reason = "did not come" })
  assert(ledger:withdraw { patient = "P2", amount = "15.00", type = "cash" })
  assert(ledger:close_days { through = "2026-03-03" })
  assert(ledger:invoice { patient = "P2", amount = "100.00" })
  assert(ledger:pay { document = "F-00002", type = "discount", amount = "10.00" })
  assert(ledger:pay { document = "F-00002", type = "loss", note = "moved away" })
end

-- What a log holds is written again page by page with each act: a few acts are enough.
function story.few_acts(ledger)
  assert(ledger:pay { document = "F-00001", type = "credit", amount = "10.00" })
  assert(ledger:pay { document = "F-00001", type = "transfer", amount = "60.00", reference = "RF18" })
  assert(ledger:consultation { patient = "P3", number = "H/1", amount = "15.00", note = "new here" })
end

---Makes a ledger of the first days, under the first script, and opens it again under the second.
function story.begin(path)
  local ledger, clock = helper.open { path = path }
  first_days(ledger, clock)
  ledger:close()
  return (helper.open { path = path, script = SECOND, clock = clock }), clock
end

return story
