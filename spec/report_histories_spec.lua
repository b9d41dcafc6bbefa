-- The reports of random histories: whatever was done, every split sums to the whole, an account ends where the patient
-- stands, receivables are what the documents say, and no correction of the journal is missing.
local helper = require "spec.helper"
local histories = require "spec.histories"
local report_sums = require "spec.report_sums"
local report = require "tallystick.report"

local SEEDS <const> = tonumber(os.getenv "HISTORIES") or 12
local FIRST <const> = tonumber(os.getenv "HISTORIES_FIRST") or 1
local COMMANDS <const> = 80
local FIRST_DAY <const>, LAST_DAY <const> = 1, 17

local WAYS <const> = { "type", "group", "day", "month", "year", "actor" }
local sheet, whole_of, plain = report_sums.sheet, report_sums.whole_of, report_sums.plain
local SUMS <const> = report_sums.NAMES

after_each(helper.finish)

local function day(number)
  return ("2026-03-%02d"):format(number)
end

-- A ledger in which a history happened, and the number of commands that it took.
local function played(seed)
  local ledger, clock = helper.open()
  local accepted = 0
  for index, command in ipairs(histories.make(seed, COMMANDS)) do
    clock.now = histories.time(index)
    local _, done = histories.answer(ledger, command)
    if done then accepted = accepted + 1 end
  end
  return ledger, accepted
end

local function subsets()
  local all = {}
  for mask = 0, (1 << #WAYS) - 1 do
    local by = {}
    for place, way in ipairs(WAYS) do
      if mask >> (place - 1) & 1 == 1 then by[#by + 1] = way end
    end
    all[#all + 1] = by
  end
  return all
end

local function assert_sums_are_rows(one)
  for name, sum in pairs(one.sum) do
    local found
    for _, row in ipairs(one.rows) do
      if row[name] ~= nil then found = found and found + row[name] or row[name] end
    end
    if found then assert.equal(found, sum, one.name .. "." .. name) end
  end
end

local function numbers_of(rows)
  local numbers = {}
  for _, row in ipairs(rows) do numbers[#numbers + 1] = row.number .. " " .. row.remaining:decimal() end
  table.sort(numbers)
  return numbers
end

-- The documents that were open, each asked for by itself.
local function open_documents(ledger, as_of)
  local open = {}
  for listed in ledger:documents {} do
    local document = ledger:document(listed.number, { as_of = as_of })
    if document and document.remaining.minor > 0 then open[#open + 1] = document end
  end
  return numbers_of(open)
end

-- The acts that corrected something, found in the journal alone.
local function correcting_acts(ledger)
  local acts, seen = {}, {}
  for entry in ledger:entries {} do
    local corrects = entry.kind == "reversal" or entry.kind == "refund" or entry.command == "cancel"
      or entry.kind == "charge" and entry.amount.minor < 0
    if corrects and not seen[entry.act] then acts[#acts + 1], seen[entry.act] = entry.act, true end
  end
  table.sort(acts)
  return acts
end

describe("the reports of a random history", function()
  local commands_done = 0

  for seed = FIRST, FIRST + SEEDS - 1 do
    local function case(name, check)
      it(("%s (seed %d)"):format(name, seed), function()
        local ledger, accepted = played(seed)
        commands_done = commands_done + accepted
        check(ledger)
      end)
    end

    case("sum to the whole by any split", function(ledger)
      local whole = plain(assert(ledger:totals())[1])
      for _, by in ipairs(subsets()) do
        local made = assert(report.period(ledger, { from = day(FIRST_DAY), to = day(LAST_DAY), by = by }))
        assert.same(whole, whole_of(made), table.concat(by, ", "))
        assert_sums_are_rows(sheet(made, "money"))
        assert_sums_are_rows(sheet(made, "settled"))
      end
    end)

    case("are day by day those of the period", function(ledger)
      local sums, count = {}, 0
      for number = FIRST_DAY, LAST_DAY do
        local made = assert(report.day(ledger, { day = day(number) }))
        assert.same(plain(assert(ledger:totals { from = day(number), to = day(number) })[1]), whole_of(made))
        local one = whole_of(made)
        count = count + one.count
        for _, name in ipairs(SUMS) do sums[name] = (sums[name] or ledger:money "0") + ledger:money(one[name]) end
      end
      sums.count = count
      assert.same(whole_of(assert(report.period(ledger, { from = day(FIRST_DAY), to = day(LAST_DAY) }))), plain(sums))
    end)

    case("draw what their rows say", function(ledger)
      local made = assert(report.period(ledger, { from = day(FIRST_DAY), to = day(LAST_DAY) }))
      for _, chart in ipairs(made.charts) do
        local sum = ledger:money "0"
        for _, series in ipairs(chart.series) do
          assert.equal(#chart.categories, #series.values)
          for _, value in ipairs(series.values) do sum = sum + value end
        end
        assert.equal(sheet(made, "money").sum[chart.name:match "^%l+"], sum, chart.name)
      end
    end)

    case("count what is left to close", function(ledger)
      local closed = assert(ledger:info()).closed_through
      local made = assert(report.day(ledger, { day = day(LAST_DAY) }))
      local from = closed and ("2026-03-%02d"):format(tonumber(closed:sub(9)) + 1) or nil
      local whole = assert(ledger:totals { from = from, to = day(LAST_DAY) })[1]
      assert.equal(whole.money, sheet(made, "open_days").sum.money)
      assert.equal(whole.count, sheet(made, "open_days").sum.count)
      assert.equal(whole.money, sheet(made, "till").sum.expected)
    end)

    case("count on a sealed day what its seal says", function(ledger)
      for _, closing in ipairs(assert(ledger:closings())) do
        local till = sheet(assert(report.day(ledger, { day = closing.through })), "till")
        local counted = 0
        for _, row in ipairs(till.rows) do
          local found = closing.counted[row.type]
          if found then
            counted = counted + 1
            assert.same({ found.expected, found.counted, found.variance }, { row.expected, row.counted, row.variance })
          end
        end
        for _ in pairs(closing.counted) do counted = counted - 1 end
        assert.equal(0, counted)
      end
    end)

    case("end an account where the patient stands", function(ledger)
      for number = 1, 3 do
        local id = "P" .. number
        local patient = ledger:patient(id)
        if patient then
          local made = assert(report.statement(ledger, { patient = id }))
          local account = sheet(made, "account")
          assert.equal(patient.owed - patient.credit, account.sum.balance)
          local rows = account.rows
          if #rows > 0 then
            assert.equal(account.sum.balance, rows[#rows].balance)
            local zero = ledger:money "0"
            assert.equal(account.sum.balance, (account.sum.debit or zero) - (account.sum.credit or zero))
          end
          for cut = FIRST_DAY, LAST_DAY do
            local before = assert(report.statement(ledger, { patient = id, to = day(cut) }))
            local after = assert(report.statement(ledger, { patient = id, from = day(cut + 1) }))
            assert.equal(sheet(before, "account").sum.balance, sheet(after, "account").rows[1].balance)
            assert.equal(account.sum.balance, sheet(after, "account").sum.balance)
            assert.equal(#rows + 1, #sheet(before, "account").rows + #sheet(after, "account").rows)
          end
        end
      end
    end)

    case("find what was open on any day", function(ledger)
      for number = FIRST_DAY, LAST_DAY do
        local made = report.receivables(ledger, { as_of = day(number), by_patient = true })
        if made then
          local rows = sheet(made, "documents").rows
          assert.same(open_documents(ledger, day(number) .. "T23:59:59.999"), numbers_of(rows), day(number))
          for _, name in ipairs { "ages", "patients", "documents" } do
            assert_sums_are_rows(sheet(made, name))
            assert.equal(sheet(made, "documents").sum.remaining, sheet(made, name).sum.remaining, name)
          end
        end
      end
      assert.same(open_documents(ledger), numbers_of(sheet(assert(report.receivables(ledger)), "documents").rows))
    end)

    case("list every correction of the journal", function(ledger)
      local made = assert(report.corrections(ledger, { from = day(FIRST_DAY), to = day(LAST_DAY) }))
      local listed = {}
      for _, row in ipairs(sheet(made, "corrections").rows) do listed[#listed + 1] = row.act end
      table.sort(listed)
      assert.same(correcting_acts(ledger), listed)
      for _, name in ipairs { "by_command", "by_actor" } do
        assert.equal(#listed, sheet(made, name).sum.count)
        assert.equal(sheet(made, "corrections").sum.amount, sheet(made, name).sum.amount)
      end
    end)
  end

  -- A history whose commands are all refused would show nothing.
  it("is of commands that were done", function() assert.is_true(commands_done > 8 * SEEDS * COMMANDS // 4) end)
end)
