-- What each report says, by examples that can be added up by hand, and what it refuses to be asked.
local command = require "spec.command"
local helper = require "spec.helper"
local json = require "tallystick.json"
local pages = require "spec.pages"
local report = require "tallystick.report"

local refused = helper.refused

after_each(helper.finish)

local function sheet(of, name)
  for _, one in ipairs(of.sheets) do
    if one.name == name then return one end
  end
end

local function chart(of, name)
  for _, one in ipairs(of.charts) do
    if one.name == name then return one end
  end
end

local function fact(of, name)
  for _, one in ipairs(of.facts) do
    if one.name == name then return type(one.value) == "userdata" and one.value:decimal() or one.value end
  end
end

-- A row as a line: the columns' values that are there, in their order.
local function line(of, row)
  local values = {}
  for _, column in ipairs(of.columns) do
    local value = row[column.name]
    if value ~= nil then values[#values + 1] = type(value) == "userdata" and value:decimal() or tostring(value) end
  end
  return table.concat(values, " ")
end

local function lines(of)
  local all = {}
  for place, row in ipairs(of.rows) do all[place] = line(of, row) end
  return all
end

local function title_of(of, name)
  for _, column in ipairs(of.columns) do
    if column.name == name then return column.title end
  end
end

-- Two days of a desk: everything that can happen once.
local function two_days()
  local ledger, clock = helper.open { now = "2026-03-02T10:00" }
  assert(ledger:consultation { patient = "P1", amount = "100.02", label = "check-up" })
  assert(ledger:consultation { patient = "P2", amount = "80.00" })
  assert(ledger:pay { document = "C-00001", type = "cash" })
  assert(ledger:pay { document = "C-00002", type = "card", group = "POS-1", amount = "50.00" })
  assert(ledger:pay { document = "C-00002", type = "discount", amount = "10.00" })
  assert(ledger:deposit { patient = "P2", amount = "30.00" })
  clock.now = "2026-03-03T10:00"
  assert(ledger:refund { payment = "R-00002", amount = "20.00", reopen = true, reason = "wrong price" })
  assert(ledger:pay { document = "C-00002", type = "credit", amount = "25.00", actor = "desk-2" })
  assert(ledger:withdraw { patient = "P2", amount = "5.00" })
  assert(ledger:correct { payment = "R-00001", type = "twint", reason = "paid by telephone", actor = "desk-2" })
  return ledger, clock
end

describe("the report of a day", function()
  it("adds up by type and group", function()
    local made = assert(report.day(two_days(), { day = "2026-03-02" }))
    assert.same({
      "cash  2 100.00 0.00 30.00 0.00 130.00", "card POS-1 1 50.00 0.00 0.00 0.00 50.00",
      "twint  1 100.02 0.00 0.00 0.00 100.02",
    }, lines(sheet(made, "money")))
    assert.same({ "cash  0.00 0.00 0.00 0.02", "discount  1 0.00 10.00 0.00 0.00" }, lines(sheet(made, "settled")))
    assert.equal("4 250.02 0.00 30.00 0.00 280.02", line(sheet(made, "money"), sheet(made, "money").sum))
  end)

  it("is of today where none is named", function()
    local made = assert(report.day((two_days())))
    assert.equal("2026-03-03", fact(made, "day"))
    assert.same({ "cash  1 -100.00 0.00 0.00 5.00 -105.00", "card  1 0.00 20.00 0.00 0.00 -20.00" },
      lines(sheet(made, "money")))
  end)

  it("expects what came in since the last seal, and shows the days that have none", function()
    local ledger = two_days()
    local made = assert(report.day(ledger))
    assert.same({ "cash 25.00", "card 30.00", "twint 100.02" }, lines(sheet(made, "till")))
    assert.same({ "2026-03-02 2026-03-02 5 280.02", "2026-03-03 2026-03-03 3 -125.00" },
      lines(sheet(made, "open_days")))
    assert(ledger:close_days { through = "2026-03-02", counted = { cash = "131.00" } })
    made = assert(report.day(ledger))
    assert.same({ "cash -105.00", "card -20.00" }, lines(sheet(made, "till")))
    assert.same({ "2026-03-03 2026-03-03 3 -125.00" }, lines(sheet(made, "open_days")))
    assert.equal("2026-03-02", fact(made, "closed_through"))
  end)

  it("shows what was counted on a sealed day, and nothing left to close", function()
    local ledger = two_days()
    assert(ledger:close_days { through = "2026-03-02", counted = { cash = "131.00" } })
    local made = assert(report.day(ledger, { day = "2026-03-02" }))
    assert.same({ "cash 130.00 131.00 1.00", "card 50.00", "twint 100.02" }, lines(sheet(made, "till")))
    assert.equal("280.02", line(sheet(made, "till"), sheet(made, "till").sum))
    assert.is_nil(sheet(made, "open_days"))
    assert.equal("2026-03-02", fact(made, "sealed_through"))
    assert.equal("desk-1", fact(made, "sealed_by"))
  end)

  it("sums up what was counted where all was", function()
    local ledger = two_days()
    assert(ledger:close_days { through = "2026-03-02", counted = { cash = "131.00", card = "50.00", twint = "99.02" } })
    local till = sheet(assert(report.day(ledger, { day = "2026-03-02" })), "till")
    assert.equal("280.02 280.02 0.00", line(till, till.sum))
  end)

  it("counts a type that the script declares no more as what it was, under its label", function()
    local path = helper.folder() .. "/clinic.db"
    local cash = 'local clinic = ...\nclinic:payment_type { id = "cash", default = true }\n'
    local before <close> = helper.open { path = path, script = cash .. 'clinic:payment_type { id = "gift", label = '
      .. '"Geschenk", effect = "discount" }\n' }
    assert(before:consultation { patient = "P1", amount = "100.00" })
    assert(before:pay { document = "C-00001", type = "gift", amount = "20.00" })
    local after = helper.open { path = path, script = cash }
    local made = assert(report.day(after))
    assert.same({}, lines(sheet(made, "money")))
    assert.same({}, lines(sheet(made, "till")))
    assert.same({ "gift  1 0.00 20.00 0.00 0.00" }, lines(sheet(made, "settled")))
    assert.equal("Geschenk", sheet(made, "settled").columns[1].labels.gift)
  end)

  it("has the money of a type that is none any more", function()
    local path = helper.folder() .. "/clinic.db"
    local function open(effect)
      return helper.open { path = path, script = ('local clinic = ...\nclinic:payment_type { id = "cash", '
        .. 'default = true }\nclinic:payment_type { id = "voucher", effect = %q }\n'):format(effect) }
    end
    local before <close> = open "money"
    assert(before:consultation { patient = "P1", amount = "100.00" })
    assert(before:pay { document = "C-00001", type = "voucher", amount = "50.00" })
    local ledger = open "discount"
    assert(ledger:pay { document = "C-00001", type = "voucher", amount = "20.00" })
    local made = assert(report.day(ledger))
    assert.same({ "voucher  2 50.00 0.00 0.00 0.00 50.00" }, lines(sheet(made, "money")))
    assert.same({ "voucher  0.00 20.00 0.00 0.00" }, lines(sheet(made, "settled")))
    assert.same({ "voucher 50.00" }, lines(sheet(made, "till")))
  end)

  it("puts the open days of more than a month ago together", function()
    local ledger, clock = helper.open { now = "2026-01-01T10:00" }
    for number = 1, 40 do
      clock.now = ("2026-%02d-%02dT10:00"):format((number - 1) // 28 + 1, (number - 1) % 28 + 1)
      assert(ledger:deposit { patient = "P1", amount = number .. ".00" })
    end
    local made = assert(report.day(ledger)) -- of 2026-02-12: 31 days go back to 2026-01-13
    local rows = lines(sheet(made, "open_days"))
    assert.equal("2026-01-12 12 78.00", rows[1])
    assert.equal("2026-01-13 2026-01-13 1 13.00", rows[2])
    assert.equal(29, #rows)
    assert.equal("40 820.00", line(sheet(made, "open_days"), sheet(made, "open_days").sum))
  end)

  it("is empty on an empty ledger", function()
    local made = assert(report.day((helper.open())))
    for _, name in ipairs { "money", "settled", "till", "open_days" } do assert.same({}, sheet(made, name).rows) end
    assert.equal("0 0.00 0.00 0.00 0.00 0.00", line(sheet(made, "money"), sheet(made, "money").sum))
    assert.same({}, made.charts)
  end)
end)

describe("the report of a period", function()
  it("is split as it is asked, months and years folded from days", function()
    local ledger = two_days()
    for by, expected in pairs {
      month = "2026-03 8 150.02 20.00 30.00 5.00 155.02", year = "2026 8 150.02 20.00 30.00 5.00 155.02",
    } do
      local made = assert(report.period(ledger, { from = "2026-03-01", by = { by } }))
      assert.same({ expected }, lines(sheet(made, "money")))
    end
    local made = assert(report.period(ledger, { by = { "actor", "day" } }))
    assert.same({
      "desk-1 2026-03-02 4 150.00 0.00 30.00 0.00 180.00", "desk-1 2026-03-03 2 0.00 20.00 0.00 5.00 -25.00",
      "desk-2 2026-03-02 1 100.02 0.00 0.00 0.00 100.02", "desk-2 2026-03-03 1 -100.00 0.00 0.00 0.00 -100.00",
    }, lines(sheet(made, "money")))
  end)

  it("is one row where it is not split", function()
    local made = assert(report.period(two_days(), { by = {} }))
    assert.same({ "8 150.02 20.00 30.00 5.00 155.02" }, lines(sheet(made, "money")))
  end)

  it("begins with the year and ends today where nothing is named", function()
    local made = assert(report.period((two_days())))
    assert.same({ "2026-01-01", "2026-03-03" }, { fact(made, "from"), fact(made, "to") })
  end)

  for _, case in ipairs {
    { "days up to two months", "2026-01-01", "2026-03-03", 62, "2026-01-01" },
    { "months beyond", "2025-12-31", "2026-03-03", 4, "2025-12" },
    { "months up to five years", "2021-04-01", "2026-03-03", 60, "2021-04" },
    { "years beyond", "2021-03-01", "2026-03-03", 6, "2021" },
    { "one day", "2026-03-03", "2026-03-03", 1, "2026-03-03" },
  } do
    local name, from, to, count, first = table.unpack(case)
    it("is drawn by " .. name, function()
      local made = assert(report.period(two_days(), { from = from, to = to }))
      local drawn = chart(made, "collected_over_time")
      assert.equal(count, #drawn.categories)
      assert.equal(first, drawn.categories[1].name)
      for _, series in ipairs(drawn.series) do assert.equal(count, #series.values) end
    end)
  end

  it("draws seven types, and the others as one", function()
    local script = { 'local clinic = ...\nclinic:currency "CHF"' }
    for number = 1, 12 do
      script[#script + 1] = ("clinic:payment_type { id = %q, default = %s }"):format("t" .. number, number == 1)
    end
    local ledger = helper.open { script = table.concat(script, "\n") }
    for number = 1, 12 do
      assert(ledger:consultation { patient = "P1", amount = number .. ".00" })
      assert(ledger:pay { document = ("C-%05d"):format(number), type = "t" .. number })
    end
    local drawn = chart(assert(report.period(ledger, { from = "2026-03-01" })), "collected_over_time")
    local names, sum = {}, ledger:money "0"
    for place, series in ipairs(drawn.series) do
      names[place] = series.name
      for _, value in ipairs(series.values) do sum = sum + value end
    end
    assert.same({ "t6", "t7", "t8", "t9", "t10", "t11", "t12", "others" }, names)
    assert.equal("78.00", sum:decimal())
  end)
end)

describe("receivables", function()
  -- Documents issued on days so many before the day of the report.
  local function aged(ages, due)
    local ledger, clock = helper.open { now = "2026-01-01T08:00" }
    local issued = {}
    for place, days in ipairs(ages) do
      clock.now = os.time { year = 2026, month = 6, day = 30 - days, hour = 9 }
      issued[place] = assert(ledger:invoice { patient = "P" .. place, amount = "10.00",
        due = due and os.time { year = 2026, month = 6, day = 30 - days + due, hour = 9 } or nil }).day
    end
    clock.now = "2026-06-30T12:00"
    return ledger, issued
  end

  it("are put into four ages by their bounds", function()
    local ledger = aged { 120, 91, 90, 61, 60, 31, 30, 0 }
    local made = assert(report.receivables(ledger))
    assert.same({ "0-30 2 0.00 20.00 20.00 0.00", "31-60 2 0.00 20.00 20.00 0.00", "61-90 2 0.00 20.00 20.00 0.00",
      "over-90 2 0.00 20.00 20.00 0.00" }, lines(sheet(made, "ages")))
    local days = {}
    for place, row in ipairs(sheet(made, "documents").rows) do days[place] = row.days end
    assert.same({ 120, 91, 90, 61, 60, 31, 30, 0 }, days)
  end)

  it("age from the due day, or from the day of issue where that is asked", function()
    local ledger = aged({ 91, 30, 0 }, 30)
    local made = assert(report.receivables(ledger))
    assert.same({ "0-30 2 0.00 20.00 20.00 20.00", "31-60 0 0.00 0.00 0.00 0.00", "61-90 1 0.00 10.00 10.00 0.00",
      "over-90 0 0.00 0.00 0.00 0.00" }, lines(sheet(made, "ages")))
    made = assert(report.receivables(ledger, { age = "issue" }))
    assert.same({ "0-30 2 0.00 20.00 20.00 0.00", "31-60 0 0.00 0.00 0.00 0.00", "61-90 0 0.00 0.00 0.00 0.00",
      "over-90 1 0.00 10.00 10.00 0.00" }, lines(sheet(made, "ages")))
  end)

  it("are as the books stood at the end of a day", function()
    local ledger = two_days()
    assert.same({ "pending C-00002 consultation P2 2026-03-02 0 0-30 80.00 60.00 20.00" },
      lines(sheet(assert(report.receivables(ledger, { as_of = "2026-03-02" })), "documents")))
    assert.same({ "pending C-00002 consultation P2 2026-03-02 1 0-30 80.00 65.00 15.00" },
      lines(sheet(assert(report.receivables(ledger, { as_of = "2026-03-03" })), "documents")))
    assert.same({}, sheet(assert(report.receivables(ledger, { as_of = "2026-03-01" })), "documents").rows)
  end)

  it("are not told where one of them cannot be read as it stood", function()
    local methods = require "tallystick.core".methods
    local read, ledger = methods.document, two_days()
    methods.document = function(of, number, options)
      if options then return nil, "the disk is gone", "io-error", {} end
      return read(of, number, options)
    end
    local ok, message = pcall(report.receivables, ledger, { as_of = "2026-03-02" })
    methods.document = read
    assert.is_false(ok)
    assert.matches("the disk is gone", message)
  end)

  it("are summed by patient, who owes most first", function()
    local ledger = helper.open()
    for _, row in ipairs { { "P1", "10.00" }, { "P2", "30.00" }, { "P1", "15.00" } } do
      assert(ledger:consultation { patient = row[1], amount = row[2] })
    end
    local made = assert(report.receivables(ledger, { by_patient = true }))
    assert.same({ "P2 1 2026-03-02 30.00 0.00 0.00 0.00 30.00", "P1 2 2026-03-02 25.00 0.00 0.00 0.00 25.00" },
      lines(sheet(made, "patients")))
    assert.is_nil(sheet(assert(report.receivables(ledger)), "patients"))
  end)
end)

describe("a patient's account", function()
  it("has every entry that moves it, with the balance behind each", function()
    local made = assert(report.statement(two_days(), { patient = "P2" }))
    assert.same({
      "2026-03-02 C-00002 charge 80.00 80.00", "2026-03-02 R-00002 C-00002 payment card 50.00 30.00",
      "2026-03-02 R-00003 C-00002 discount discount 10.00 20.00", "2026-03-02 R-00004 deposit cash 30.00 -10.00",
      "2026-03-03 R-00005 C-00002 refund card wrong price 20.00 10.00",
      "2026-03-03 R-00006 C-00002 credit credit 25.00 25.00 10.00", "2026-03-03 R-00007 withdrawal cash 5.00 15.00",
    }, lines(sheet(made, "account")))
    assert.equal("15.00", fact(made, "balance"))
  end)

  it("opens with what was before, and names what a reversal undoes", function()
    local made = assert(report.statement(two_days(), { patient = "P1", from = "2026-03-03" }))
    assert.same({
      "2026-03-03 opening -100.02",
      "2026-03-03 C-00001 reversal cash paid by telephone R-00001 100.00 -0.02",
      "2026-03-03 C-00001 reversal cash R-00001 0.02 0.00",
    }, lines(sheet(made, "account")))
  end)

  it("has both sides of a transfer, each on its own account", function()
    local ledger = helper.open()
    assert(ledger:deposit { patient = "P1", amount = "30.00" })
    assert(ledger:deposit { patient = "P2", amount = "5.00" })
    assert(ledger:transfer { from = "P1", to = "P2", amount = "12.00", reason = "brother" })
    for patient, expected in pairs {
      P1 = "2026-03-02 transfer brother 12.00 -18.00", P2 = "2026-03-02 transfer brother 12.00 -17.00",
    } do
      local rows = lines(sheet(assert(report.statement(ledger, { patient = patient })), "account"))
      assert.equal(expected, rows[2])
    end
  end)
end)

describe("corrections", function()
  it("say what was done to what, by whom, why, and what came instead", function()
    local made = assert(report.corrections((two_days())))
    assert.same({
      "2026-03-03 2026-03-03T10:00:00Z refund R-00002 C-00002 card 20.00 desk-1 wrong price R-00005",
      "2026-03-03 2026-03-03T10:00:00Z correct R-00001 C-00001 cash 100.00 desk-2 paid by telephone R-00008",
    }, lines(sheet(made, "corrections")))
    assert.same({ "desk-1 1 20.00", "desk-2 1 100.00" }, lines(sheet(made, "by_actor")))
    assert.same({ "reverse 0 0.00", "correct 1 100.00", "refund 1 20.00", "cancel 0 0.00", "charge 0 0.00" },
      lines(sheet(made, "by_command")))
  end)

  it("include what took no money back: charges, cancellations of any document", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "100.00" })
    assert(ledger:consultation { patient = "P1", amount = "0" })
    assert(ledger:invoice { consultations = { "C-00001" } })
    assert(ledger:cancel { document = "F-00001", reason = "wrong insurer" })
    assert(ledger:invoice { consultations = { "C-00001" }, amount = "20.00" })
    assert(ledger:cancel { document = "F-00002", reason = "no fee" })
    assert(ledger:cancel { document = "C-00002", reason = "entered twice" })
    assert(ledger:charge { document = "C-00001", amount = "-15.00", label = "goodwill" })
    assert(ledger:charge { document = "C-00001", amount = "5.00" })
    local now = "2026-03-02 2026-03-02T10:00:00Z "
    assert.same({
      now .. "cancel F-00001 0.00 desk-1 wrong insurer", now .. "cancel F-00002 20.00 desk-1 no fee",
      now .. "cancel C-00002 0.00 desk-1 entered twice", now .. "charge C-00001 15.00 desk-1 goodwill",
    }, lines(sheet(assert(report.corrections(ledger)), "corrections")))
  end)

  it("name a payment of several documents once", function()
    local ledger = helper.open()
    assert(ledger:consultation { patient = "P1", amount = "10.00" })
    assert(ledger:consultation { patient = "P1", amount = "20.00" })
    assert(ledger:pay { documents = { "C-00001", "C-00002" }, type = "transfer", amount = "35.00" })
    assert(ledger:reverse { payment = "R-00001", reason = "another account" })
    local expected = "R-00001 C-00001, C-00002 transfer 35.00 desk-1 another account"
    assert.same({ "2026-03-02 2026-03-02T10:00:00Z reverse " .. expected },
      lines(sheet(assert(report.corrections(ledger)), "corrections")))
  end)
end)

describe("every report", function()
  local ASKED <const> = { statement = { patient = "P2" } }
  local NAMES <const> = { "day", "period", "receivables", "statement", "corrections" }

  local function with(name, more)
    local asked = {}
    for key, value in pairs(ASKED[name] or {}) do asked[key] = value end
    for key, value in pairs(more or {}) do asked[key] = value end
    return asked
  end

  for _, name in ipairs(NAMES) do
    it("is data that JSON can hold: " .. name, function()
      local made = assert(report[name](two_days(), with(name)))
      local read = json.decode(json.encode(made))
      assert.equal(made.title, read.title)
      assert.equal(#made.sheets, #read.sheets)
    end)

    it("tells up to which entry it read: " .. name, function()
      local ledger = two_days()
      local made = assert(report[name](ledger, with(name)))
      assert.same({ ledger:head().seq, ledger:head().hash }, { fact(made, "entry"), fact(made, "hash") })
    end)

    it("speaks four languages, by default the clinic's: " .. name, function()
      local ledger, titles = two_days(), {}
      for _, lang in ipairs { "de", "en", "fr", "it" } do
        local made = assert(report[name](ledger, with(name, { lang = lang })))
        assert.equal(lang, made.lang)
        assert.is_nil(titles[made.title])
        titles[made.title] = true
      end
      assert.equal("fr", assert(report[name](ledger, with(name))).lang)
    end)

    it("refuses what it does not know: " .. name, function()
      local ledger = two_days()
      refused("field-unknown", report[name](ledger, with(name, { langg = "fr" })))
      refused("field-invalid", report[name](ledger, with(name, { lang = "rm" })))
      refused("field-invalid", report[name](ledger, "fr"))
    end)
  end

  for _, case in ipairs {
    { "day", { day = "2026-02-30" }, "date-invalid" },
    { "day", { day = "yesterday" }, "date-invalid" },
    { "day", { day = {} }, "date-invalid" },
    { "day", { day = 1.5 }, "date-invalid" },
    { "day", { dya = "2026-03-02" }, "field-unknown" },
    { "period", { from = "2026-03-02", to = "2026-03-01" }, "field-invalid" },
    { "period", { from = "2027-01-01" }, "field-invalid" },
    { "period", { from = "2026-13-01" }, "date-invalid" },
    { "period", { by = "type" }, "field-invalid" },
    { "period", { by = { "types" } }, "field-invalid" },
    { "period", { by = { "type", "type" } }, "field-invalid" },
    { "period", { by = { type = true } }, "field-invalid" },
    { "receivables", { as_of = "2026-03-04" }, "date-in-future" },
    { "receivables", { as_of = "soon" }, "date-invalid" },
    { "receivables", { age = "old" }, "field-invalid" },
    { "receivables", { by_patient = "yes" }, "field-invalid" },
    { "statement", {}, "field-missing" },
    { "statement", { patient = "P9" }, "patient-unknown" },
    { "statement", { patient = "" }, "field-invalid" },
    { "statement", { patient = 7 }, "field-invalid" },
    { "statement", { patient = "P1", from = "2026-03-02", to = "2026-03-01" }, "field-invalid" },
    { "corrections", { from = "2026-03-02", to = "2026-03-01" }, "field-invalid" },
    { "corrections", { to = "x" }, "date-invalid" },
  } do
    local name, asked, code = table.unpack(case)
    it(("refuses with %s what %s is asked"):format(code, name), function()
      refused(code, report[name](two_days(), asked))
    end)
  end

  it("refuses a sum beyond 64 bits, and says so", function()
    local ledger = helper.open { script = "" }
    for number = 1, 2 do
      assert(ledger:consultation { patient = "P" .. number, amount = "90000000000000000.00" })
    end
    refused("amount-overflow", report.receivables(ledger))
  end)

  it("is of one state of the books, also where another process writes", function()
    local path = helper.folder() .. "/clinic.db"
    local other = helper.open { path = path }
    local times, writes = 0, 1
    local clock = setmetatable({}, { __index = function(_, name)
      if name ~= "now" then return nil end
      -- The clock is asked between the first reading of a report and its last.
      times = times + 1
      if times <= writes then assert(other:deposit { patient = "P1", amount = "1.00" }) end
      return helper.NOW
    end })
    local ledger = helper.open { path = path, mode = "ro", script = "", clock = clock }
    local made = assert(report.day(ledger))
    assert.same({ 1, "1.00" }, { fact(made, "entry"), sheet(made, "money").sum.money:decimal() })
    times, writes = 0, math.maxinteger
    refused("busy", report.day(ledger))
  end)

  it("takes any time of a day for that day", function()
    local ledger = two_days()
    for _, day in ipairs { "2026-03-02T23:59", os.time { year = 2026, month = 3, day = 2, hour = 5 } } do
      assert.equal("2026-03-02", fact(assert(report.day(ledger, { day = day })), "day"))
    end
  end)

  it("titles its columns in words", function()
    local made = assert(report.day(two_days(), { lang = "en" }))
    assert.equal("Means of payment", title_of(sheet(made, "money"), "type"))
    assert.equal("Card", sheet(made, "money").columns[1].labels.card)
    assert.equal("No group", sheet(made, "money").columns[2].labels[""])
  end)
end)

describe("docs/reports.md", function()
  local PAGE <const> = "docs/reports.md"

  it("prints what it says", function()
    local blocks = pages.blocks(PAGE)
    assert.equal(1, #blocks)
    assert.equal(pages.promised(blocks[1].text), pages.run(blocks[1], setmetatable({}, { __index = _G })))
  end)

  it("tells of every report and every option, and shows pictures that are there", function()
    local page = command.read(PAGE)
    for name in pairs(report) do assert.is_truthy(page:find("`report." .. name .. "(", 1, true), name) end
    for _, option in ipairs { "day", "from", "to", "by", "as_of", "age", "by_patient", "patient", "lang", "title" } do
      assert.is_truthy(page:find("%f[%w_]" .. option .. "%f[^%w_]"), option)
    end
    local pictures = 0
    for path in page:gmatch "%]%((reports/[^)]+)%)" do
      assert.equal("\137PNG", command.read("docs/" .. path):sub(1, 4))
      pictures = pictures + 1
    end
    assert.equal(4, pictures)
  end)
end)
