-- The reports of a whole year of a practice: the sums of every split, the account of every patient, what was open at
-- every month's end and every correction, each against what the ledger itself says.
local command = require "spec.command"
local report = require "tallystick.report"
local report_sums = require "spec.report_sums"
local tallystick = require "tallystick"

local LOG <const> = "examples/practice-year/practice-year.jsonl"
local CONFIG <const> = "examples/practice-year/clinic.lua"
local WAYS <const> = { "type", "group", "day", "month", "year", "actor" }
local sheet, whole_of, plain = report_sums.sheet, report_sums.whole_of, report_sums.plain
local SUMS <const> = report_sums.NAMES
local MONTH_DAYS <const> = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local folder, ledger

setup(function()
  folder = command.folder()
  local ended = command.run("replay", folder .. "/year.db", LOG, "--config", CONFIG, "--batch", "500", "--quiet")
  assert(ended.code == 0, ended.err)
  ledger = assert(tallystick.open(folder .. "/year.db",
    { mode = "ro", clock = function() return "2025-12-31T18:00" end }))
end)

teardown(function()
  ledger:close()
  command.remove(folder)
end)

local function subset(mask)
  local by = {}
  for place, way in ipairs(WAYS) do
    if mask >> (place - 1) & 1 == 1 then by[#by + 1] = way end
  end
  return by
end

describe("the reports of a year", function()
  it("sum to the whole by any split", function()
    local whole = plain(assert(ledger:totals { from = "2025-01-01", to = "2025-12-31" })[1])
    assert.is_true(whole.count > 2000)
    for mask = 0, (1 << #WAYS) - 1 do
      local by = subset(mask)
      assert.same(whole, whole_of(assert(report.period(ledger, { by = by }))), table.concat(by, ", "))
    end
  end)

  it("sum day by day and month by month to the year", function()
    local sums, count = {}, 0
    for month, days in ipairs(MONTH_DAYS) do
      local from, to = ("2025-%02d-01"):format(month), ("2025-%02d-%02d"):format(month, days)
      local of_month = whole_of(assert(report.period(ledger, { from = from, to = to })))
      local of_days = {}
      for day = 1, days do
        local one = whole_of(assert(report.day(ledger, { day = ("2025-%02d-%02d"):format(month, day) })))
        count = count + one.count
        for _, name in ipairs(SUMS) do
          of_days[name] = (of_days[name] or ledger:money "0") + ledger:money(one[name])
          sums[name] = (sums[name] or ledger:money "0") + ledger:money(one[name])
        end
      end
      of_days.count = of_month.count
      assert.same(of_month, plain(of_days), from)
    end
    sums.count = count
    assert.same(whole_of(assert(report.period(ledger))), plain(sums))
  end)

  it("end the account of every patient where the patient stands", function()
    local patients, seen = 0, {}
    for document in ledger:documents {} do
      local id = document.patient
      if not seen[id] then
        seen[id], patients = true, patients + 1
        local stands = assert(ledger:patient(id))
        local account = sheet(assert(report.statement(ledger, { patient = id })), "account")
        assert.equal(stands.owed - stands.credit, account.sum.balance, id)
        assert.equal(account.sum.balance, account.rows[#account.rows].balance, id)
      end
    end
    assert.is_true(patients > 400)
  end)

  it("find what was open at the end of every month", function()
    local all, found = {}, 0
    for document in ledger:documents {} do all[#all + 1] = document.number end
    for month, days in ipairs(MONTH_DAYS) do
      local day = ("2025-%02d-%02d"):format(month, days)
      local expected = {}
      for _, number in ipairs(all) do
        local document = ledger:document(number, { as_of = day .. "T23:59:59.999" })
        if document and document.remaining.minor > 0 then expected[number] = document.remaining:decimal() end
      end
      local listed = {}
      for _, row in ipairs(sheet(assert(report.receivables(ledger, { as_of = day })), "documents").rows) do
        listed[row.number], found = row.remaining:decimal(), found + 1
      end
      assert.same(expected, listed, day)
    end
    assert.is_true(found > 1000)
  end)

  it("list every correction of the journal", function()
    local expected, listed = {}, {}
    for entry in ledger:entries {} do
      if entry.kind == "reversal" or entry.kind == "refund" or entry.command == "cancel"
        or entry.kind == "charge" and entry.amount.minor < 0 then expected[entry.act] = entry.command end
    end
    for _, row in ipairs(sheet(assert(report.corrections(ledger, { from = "2024-01-01" })), "corrections").rows) do
      assert.is_nil(listed[row.act])
      listed[row.act] = row.command
    end
    assert.same(expected, listed)
    assert.is_truthy(next(listed))
  end)
end)
