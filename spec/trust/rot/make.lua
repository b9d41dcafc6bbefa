-- Makes the small ledgers that are damaged, into a folder: whole.db with all its acts in the file, early.db as it was a day
-- before, log.db with the later acts still in its write-ahead log, and for each the head that was recorded.
local helper = require "spec.helper"

local folder <const> = assert(arg[1], "usage: make.lua FOLDER")
local SECOND <const> = helper.SCRIPT:gsub("max = \"200.00\"", "max = \"300.00\"")

local function quoted(path) return "'" .. path:gsub("'", [['\'']]) .. "'" end

local function copy(from, to) assert(os.execute(("cp %s %s"):format(quoted(from), quoted(to)))) end

local function keep_head(ledger, name)
  local head <const> = assert(ledger:head())
  helper.write(folder .. "/" .. name .. ".head", ("%d %s\n"):format(head.seq, head.hash))
end

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

local function later_days(ledger, clock)
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

local function make(path)
  local ledger, clock = helper.open { path = path }
  first_days(ledger, clock)
  ledger:close()
  return (helper.open { path = path, script = SECOND, clock = clock }), clock
end

local whole, clock = make(folder .. "/whole.db")
-- Yesterday's file, for putting it back.
keep_head(whole, "early")
assert(whole:backup(folder .. "/early.db"))
later_days(whole, clock)
keep_head(whole, "whole")
assert(whole:verify())
whole:close()

-- What a log holds is written again page by page with each act: a few acts are enough.
local function few_acts(ledger)
  assert(ledger:pay { document = "F-00001", type = "credit", amount = "10.00" })
  assert(ledger:pay { document = "F-00001", type = "transfer", amount = "60.00", reference = "RF18" })
  assert(ledger:consultation { patient = "P3", number = "H/1", amount = "15.00", note = "new here" })
end

-- The log is copied while the ledger is open: closing would carry it over into the file.
local live = folder .. "/live.db"
local logged <const> = make(live)
few_acts(logged)
keep_head(logged, "log")
copy(live, folder .. "/log.db")
copy(live .. "-wal", folder .. "/log.db-wal")
logged:close()
os.remove(live)
