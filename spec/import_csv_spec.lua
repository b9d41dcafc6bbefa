-- Payments from a table of comma-separated values: columns by name, amounts and days as people write them, and keys.
local bank = require "spec.bank"
local cells = require "tallystick.import.cells"
local csv = require "tallystick.import.csv"
local helper = require "spec.helper"
local import = require "tallystick.import"

local COLUMNS = { document = "Invoice", amount = "Betrag", at = "Datum" }

local function read(text, options)
  options = options or {}
  options.columns, options.currency = options.columns or COLUMNS, options.currency or "CHF"
  return csv.parse(text, options)
end

describe("an amount of a table", function()
  for _, row in ipairs {
    { "120.50", ".", "120.50" }, { "120,50", ",", "120.50" }, { "1'000.00", ".", "1000.00" },
    { "1’234’567.80", ".", "1234567.80" }, { "1 000,00", ",", "1000.00" }, { "1\u{A0}000", ".", "1000" },
    { "1\u{202F}000,5", ",", "1000.5" }, { "-5.00", ".", "-5.00" }, { "+5", ".", "+5" }, { "007", ".", "007" },
    { "1,000.00", "." }, { "1.000,00", "," }, { "120,50", "." }, { "120.50", "," }, { "1'00.00", "." },
    { "1'0000", "." }, { "1234'567", "." }, { "1'000’000", "." }, { "'100", "." }, { "100'", "." }, { "1e3", "." },
    { "NaN", "." }, { "inf", "." }, { "0x10", "." }, { ".5", "." }, { "5.", "." }, { "", "." }, { "-", "." },
    { "1.2.3", "." }, { "CHF 5", "." }, { "5.-", "." }, { "--5", "." },
  } do
    it(("%q with %q is %s"):format(row[1], row[2], row[3]), function()
      assert.equal(row[3], cells.amount(row[1], row[2]))
    end)
  end
end)

describe("a day of a table", function()
  for _, row in ipairs {
    { "2026-01-31", "YYYY-MM-DD", "2026-01-31" }, { "31.01.2026", "DD.MM.YYYY", "2026-01-31" },
    { "1.2.2026", "DD.MM.YYYY", "2026-02-01" }, { "01/31/2026", "MM/DD/YYYY", "2026-01-31" },
    { "29.02.2028", "DD.MM.YYYY", "2028-02-29" },
    { "29.02.2026", "DD.MM.YYYY" }, { "31/01/2026", "MM/DD/YYYY" }, { "2026-1-31", "YYYY-MM-DD" },
    { "31.01.26", "DD.MM.YYYY" }, { "2026-01-31T10:00", "YYYY-MM-DD" }, { "0.1.2026", "DD.MM.YYYY" },
    { "2026-13-01", "YYYY-MM-DD" }, { "", "YYYY-MM-DD" }, { "2026-01-31", "DD.MM.YYYY" },
  } do
    it(("%q as %s is %s"):format(row[1], row[2], row[3]), function()
      assert.equal(row[3], cells.day(row[1], row[2]))
    end)
  end
end)

describe("a table of payments", function()
  local ledger
  before_each(function() ledger = bank.practice() end)
  after_each(helper.finish)

  local function plan(text, options, planned)
    return assert(import.plan(ledger, assert(read(text, options)).credits, planned))
  end

  local function lines(text, options, planned) return bank.lines(plan(text, options, planned)) end

  it("is paid row by row, by what its columns say", function()
    local options = { columns = { document = "Rechnung", amount = "Betrag", at = "Datum", type = "Art", group = "Kasse",
      patient = "Patient", reference = "Beleg" }, dates = "DD.MM.YYYY", decimal = "," }
    local text = "\xEF\xBB\xBFDatum;Rechnung;Betrag;Art;Kasse;Patient;Beleg;Notiz\r\n"
      .. "05.01.2026;F-00001;57,35;card;POS-1;P1;4711;\"a;b\"\r\n"
      .. "06.01.2026;F-00002;10,00;twint;;;;\r\n"
      .. "06.01.2026;C-00001;5,00;;;P71;;\r\n"
      .. "06.01.2026;F-00003;5,00;;;P9;;\r\n"
    local made = plan(text, options)
    assert.same({ "pay 57.35 F-00001", "pay 10.00 F-00002", "pay 5.00 F-00071", "list 5.00 patient-mismatch" },
      bank.lines(made))
    local report = assert(import.apply(ledger, made))
    helper.matches({ type = "card", group = "POS-1", reference = "4711", day = "2026-01-05" },
      report.outcomes[1].result)
    helper.matches({ type = "transfer", day = "2026-01-06" }, report.outcomes[3].result)
    assert.same({ "done 57.35 F-00001", "done 10.00 F-00002", "done 5.00 F-00071", "list 5.00 patient-mismatch" },
      lines(text, options))
  end)

  for name, separator in pairs { [","] = ",", [";"] = ";", tab = "\t" } do
    it("finds out its separator: " .. name, function()
      local text = ("Invoice;Betrag;Datum\nF-00001;\"10.00\";2026-01-05\n"):gsub(";", separator)
      local found = assert(read(text))
      assert.same({ name, 1 }, { found.separator, found.rows })
      assert.equal(name, assert(read(text, { separator = name })).separator)
      helper.refused("field-invalid", read(text, { separator = name == ";" and "," or ";" }))
    end)
  end

  it("has values that hold for each row, and amounts of its currency", function()
    local options = { constants = { type = "twint", at = "2026-01-07" }, columns = { document = "Invoice",
      amount = "Betrag", currency = "Ccy" } }
    local text = "Invoice,Betrag,Ccy\nF-00001,10,CHF\nF-00002,10,EUR\nF-00003,10,\nF-00004,10,QQQ\nF-00004,10.005,\n"
    local made = plan(text, options)
    assert.same({ "pay 10.00 F-00001", "list 10.00 currency-other", "pay 10.00 F-00003", "list - amount-invalid",
      "list - amount-invalid" }, bank.lines(made))
    assert.equal("twint", assert(import.apply(ledger, made)).outcomes[1].result.type)
  end)

  it("is dated at now where it tells no day, and lists the row that lacks it where others have it", function()
    assert.same({ "pay 10.00 F-00001" }, lines("Invoice,Betrag\nF-00001,10\n",
      { columns = { document = "Invoice", amount = "Betrag" } }))
    assert.same({ "list 10.00 date-missing", "list 10.00 date-invalid" },
      lines "Invoice,Betrag,Datum\nF-00001,10,\nF-00001,10,2026-02-30\n")
    assert.equal("it tells no day of booking", plan("Invoice,Betrag,Datum\nF-00001,10,\n").items[1].message)
  end)

  it("finds documents by references and free text where no column names them", function()
    local options = { columns = { amount = "Betrag", reference = "Ref", text = "Text" } }
    assert.same({ "pay 10.00 F-00001", "pay 10.00 F-00002", "list 10.00 document-missing" },
      lines("Betrag,Ref,Text\n10,RF96F00001,\n10,,facture f2\n10,,\n", options))
    assert.same({ "list 10.00 document-unknown", "list 10.00 document-missing", "list 10.00 document-unknown" },
      lines "Invoice,Betrag,Datum\nf1,10,2026-01-05\n,10,2026-01-05\n\"a b\",10,2026-01-05\n")
  end)

  it("lists what is wrong with a row, with its line and its column", function()
    local made = plan("Invoice,Betrag,Datum\n\nF-00001,x,2026-01-05\nF-00001,0,2026-01-05\n"
      .. "F-00001\nF-00001,5,5.1.2026\n")
    assert.same({ "list - amount-invalid", "list 0.00 amount-not-positive", "list - row-invalid",
      "list 5.00 date-invalid" }, bank.lines(made))
    local places = {}
    for index, item in ipairs(made.items) do places[index] = item.line end
    assert.same({ 3, 4, 5, 6 }, places)
    assert.truthy(made.items[1].message:find('column "Betrag"', 1, true))
    assert.truthy(made.items[4].message:find('column "Datum"', 1, true))
    assert.same({ "pay 5.00 F-00001" }, lines "Invoice,Betrag,Datum\nF-00001,5,2026-01-05,,\n")
    assert.same({ "list - row-invalid" }, lines "Invoice,Betrag,Datum\nF-00001,5,2026-01-05,6\n")
  end)

  it("has keys that follow from what its columns say, and numbers rows that say the same", function()
    local head = "Invoice,Betrag,Datum\n"
    local same = head .. ("F-00001,10.00,2026-01-05\n"):rep(2)
    assert.same({ "pay 10.00 F-00001", "pay 10.00 F-00001" }, lines(same))
    assert(import.apply(ledger, plan(same)))
    assert.same({ "done 10.00 F-00001", "done 10.00 F-00001", "pay 10.00 F-00001" },
      lines(same .. "F-00001,10.00,2026-01-05\n"))
    -- The same rows from another export, by another separator, with another column and the amount written otherwise.
    assert.same({ "done 10.00 F-00001" }, lines("Datum;No;Invoice;Betrag\n2026-01-05;9;F-00001;10,0\n",
      { decimal = "," }))
    assert.same({ "pay 10.00 F-00001" }, lines(head .. "F-00001,10.00,2026-01-06\n"))
    -- Whether the currency stands in its column or is the table's makes no other payment.
    local with_currency = { columns = { document = "Invoice", amount = "Betrag", currency = "Ccy" } }
    assert(import.apply(ledger, plan("Invoice,Betrag,Ccy\nF-00002,10,CHF\n", with_currency)))
    assert.same({ "done 10.00 F-00002" }, lines("Invoice,Betrag,Ccy\nF-00002,10,\n", with_currency))
    -- Another type for the same rows is another content under the same key, not another payment.
    assert.same({ "list 10.00 key-conflict" }, lines(head .. "F-00001,10.00,2026-01-05\n",
      { constants = { type = "twint" } }))
  end)

  it("has the keys of a column where it has one", function()
    local options = { columns = { document = "Invoice", amount = "Betrag", key = "Id" } }
    local text = "Invoice,Betrag,Id\nF-00001,10,T1\nF-00001,10,T2\nF-00001,10,\nF-00001,10," .. ("T"):rep(128) .. "\n"
    assert.same({ "pay 10.00 F-00001", "pay 10.00 F-00001", "list 10.00 id-missing", "list 10.00 id-missing" },
      lines(text, options))
    assert(import.apply(ledger, plan(text, options)))
    assert.same({ "done 10.00 F-00001", "list 11.00 key-conflict" },
      lines("Invoice,Betrag,Id\nF-00001,10,T2\nF-00001,11,T1\n", options))
    assert.same({ "list 10.00 key-shared", "list 11.00 key-shared" },
      lines("Invoice,Betrag,Id\nF-00001,10,T7\nF-00001,11,T7\n", options))
  end)

  it("is read as Latin-1 where that is asked for, and refused where it is neither", function()
    local latin = "Invoice,Montant pay\xE9\nF-00001,10\n"
    local options = { columns = { document = "Invoice", amount = "Montant payé" }, encoding = "latin-1" }
    assert.same({ "pay 10.00 F-00001" }, lines(latin, options))
    options.encoding = nil
    local message = helper.refused("field-invalid", read(latin, options))
    assert.truthy(message:find("(text):1: this is not UTF-8; is it latin-1?", 1, true))
  end)

  for what, row in pairs {
    ["a column that is not there"] = { "Invoice,Betrg,Datum\n", nil, 'no column has the name "Betrag"; did you mean' },
    ["a name of two columns"] = { "Invoice,Betrag,Datum,Betrag\n", nil, "two columns have the name" },
    ["nothing at all"] = { "", nil, "its first line names no columns" },
    ["a quote that does not end"] = { 'Invoice,Betrag,Datum\nF-00001,"10,2026-01-05\n', nil, ":2: cell 2" },
  } do
    it("is refused for " .. what, function()
      assert.truthy(helper.refused("field-invalid", read(row[1], row[2])):find(row[3], 1, true))
    end)
  end

  for what, row in pairs {
    ["an unknown option"] = { { colums = {} }, "field-unknown" },
    ["a column for what no payment has"] = { { columns = { amuont = "Betrag" } }, "field-unknown" },
    ["a column without a name"] = { { columns = { amount = "" } }, "field-invalid" },
    ["no column of amounts"] = { { columns = { document = "Invoice" } }, "field-missing" },
    ["the same value twice"] = { { constants = { document = "F-00001" } }, "field-invalid" },
    ["one amount for all"] = { { constants = { amount = "5" }, columns = { document = "A" } }, "field-invalid" },
    ["one key for all"] = { { constants = { key = "5" } }, "field-invalid" },
    ["a separator of its own"] = { { separator = "|" }, "field-invalid" },
    ["a point that is none"] = { { decimal = ";" }, "field-invalid" },
    ["days it does not know"] = { { dates = "DD/MM/YYYY" }, "field-invalid" },
    ["another encoding"] = { { encoding = "utf-16" }, "field-invalid" },
  } do
    it("is not read with " .. what, function()
      helper.refused(row[2], read("Invoice,Betrag,Datum\n", row[1]))
    end)
  end

  it("needs a currency from somewhere", function()
    helper.refused("field-missing", csv.parse("Betrag\n5\n", { columns = { amount = "Betrag" } }))
  end)

  it("is read from a file, and refused where that is not there", function()
    local path = helper.write(helper.folder() .. "/payments.csv", "Invoice,Betrag,Datum\nF-00001,10,2026-01-05\n")
    assert.equal(1, #assert(csv.read(path, { columns = COLUMNS, currency = "CHF" })).credits)
    helper.refused("io-error", csv.read(path .. ".not", { columns = COLUMNS, currency = "CHF" }))
    helper.refused("io-error", csv.read(helper.folder(), { columns = COLUMNS, currency = "CHF" }))
  end)
end)
