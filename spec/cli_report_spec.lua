-- The reports and receipts on the command line: as tables, JSON, CSV and pages, and the files that they write.
local clinic = require "spec.clinic"
local command = require "spec.command"
local files = require "tallystick.files"
local save = require "tallystick.cli.save"
local reports = require "tallystick.report"
local tallystick = require "tallystick"
local text = require "tallystick.cli.text"

local contains, lacks, with = clinic.contains, clinic.lacks, clinic.with

local folder, path

setup(function()
  folder = command.folder()
  path = folder .. "/clinic.db"
  clinic.make(path)
end)
teardown(function() command.remove(folder) end)

local function run(name, ...)
  return command.run(name, path, ...)
end

local function answers(name, ...)
  local ended = run(name, ...)
  assert.equal("", ended.err)
  assert.equal(0, ended.code)
  return ended.out
end

local function mode_of(name)
  return command.shell("stat -c %a " .. command.quote(name)).out:match "%d+"
end

local function files_in(name)
  return command.shell("ls -A " .. command.quote(name)).out
end

-- Each report with its words, what the library is asked for the same, and the sheet that CSV has.
local REPORTS = {
  { { "day", "2026-02-17" }, "day", { day = "2026-02-17" }, "money" },
  { { "day", "2026-01-15" }, "day", { day = "2026-01-15" }, "money" },
  { { "period", "2026-01-01", "2026-12-31" }, "period", { from = "2026-01-01", to = "2026-12-31" }, "money" },
  { { "period", "2026-01-01", "2026-12-31", "--by", "month,type,actor" }, "period",
    { from = "2026-01-01", to = "2026-12-31", by = { "month", "type", "actor" } }, "money" },
  { { "receivables", "--as-of", "2026-02-28" }, "receivables", { as_of = "2026-02-28" }, "documents" },
  { { "receivables", "--as-of", "2026-02-28", "--age", "issue", "--by-patient" }, "receivables",
    { as_of = "2026-02-28", age = "issue", by_patient = true }, "documents" },
  { { "statement", "P17", "--to", "2026-12-31" }, "statement", { patient = "P17", to = "2026-12-31" }, "account" },
  { { "statement", clinic.FORMULA, "--from", "2026-01-01", "--to", "2026-12-31" }, "statement",
    { patient = clinic.FORMULA, from = "2026-01-01", to = "2026-12-31" }, "account" },
  { { "corrections", "2026-01-01", "2026-12-31" }, "corrections", { from = "2026-01-01", to = "2026-12-31" },
    "corrections" },
}

local function made_by_library(name, asked)
  local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
  return assert(reports[name](ledger, asked))
end

-- The values of a row as JSON has them.
local function plain_row(row, columns)
  local out = {}
  for _, column in ipairs(columns) do
    local value = row[column.name]
    if type(value) == "userdata" then value = value:decimal() end
    out[column.name] = value
  end
  return out
end

local function plain_rows(sheet)
  local rows = {}
  for index, row in ipairs(sheet.rows) do rows[index] = plain_row(row, sheet.columns) end
  return rows
end

local function rows_of(objects, name)
  local rows = {}
  for _, object in ipairs(objects) do
    if object.sheet == name then
      object.sheet = nil
      rows[#rows + 1] = object
    end
  end
  return rows
end

local function sheet_of(report, name)
  for _, sheet in ipairs(report.sheets) do
    if sheet.name == name then return sheet end
  end
end

describe("a report", function()
  for _, case in ipairs(REPORTS) do
    local words, name, asked, main = table.unpack(case)
    local named = table.concat(words, " ")

    it("is JSON: its facts, then the library's rows, each with its sheet: " .. named, function()
      local report, objects = made_by_library(name, asked), clinic.json(answers(with(words, "--json")))
      local facts = table.remove(objects, 1)
      assert.equal(name, facts.report)
      for _, fact in ipairs(report.facts) do
        if fact.name ~= "made_at" then
          local value = fact.value
          assert.equal(type(value) == "userdata" and value:decimal() or value, facts[fact.name])
        end
      end
      local count = 0
      for _, sheet in ipairs(report.sheets) do
        assert.same(plain_rows(sheet), rows_of(objects, sheet.name))
        count = count + #sheet.rows
      end
      assert.equal(count, #objects)
    end)

    it("is CSV of its main sheet, equal to the JSON: " .. named, function()
      local sheet = sheet_of(made_by_library(name, asked), main)
      local rows, names = clinic.csv(answers(with(words, "--csv")))
      assert.equal(#sheet.columns, #names)
      local objects = rows_of(clinic.json(answers(with(words, "--json"))), main)
      assert.same(clinic.cells(objects, names), rows)
    end)

    it("is CSV of any other sheet: " .. named, function()
      for _, sheet in ipairs(made_by_library(name, asked).sheets) do
        local rows, names = clinic.csv(answers(with(words, "--csv", "--sheet", sheet.name)))
        assert.same(clinic.cells(plain_rows(sheet), names), rows)
      end
    end)

    it("is text: title, facts, every table with its sums, and nothing that a terminal obeys: " .. named, function()
      local report, shown = made_by_library(name, asked), answers(table.unpack(words))
      assert.is_true(clinic.is_harmless(shown))
      contains(report.title .. "\n", shown)
      for _, sheet in ipairs(report.sheets) do
        contains("\n" .. sheet.title .. "\n", shown)
        for _, sum in pairs(#sheet.rows > 0 and sheet.sum or {}) do
          local value = type(sum) == "userdata" and sum:decimal() or tostring(sum)
          if not value:find "^0[.0]*$" then contains(text.grouped(value), shown) end
        end
      end
    end)

    it("is one page, readable by its owner only: " .. named, function()
      local page = folder .. "/page.html"
      contains(page .. ": written", answers(with(words, "--html", page, "--force")))
      local html = command.read(page)
      assert.matches("^<!DOCTYPE html>", html)
      assert.matches("</html>%s*$", html)
      assert.equal("600", mode_of(page))
    end)
  end

  it("speaks the language that it is asked for, else the clinic's", function()
    contains("Espèces", answers("day", "2026-01-15"))
    contains("Tag", answers("day", "2026-01-15", "--lang", "de"):match "^[^\n]*")
    lacks("Espèces", answers("day", "2026-01-15", "--lang", "en"))
    contains("Cash", answers("day", "2026-01-15", "--lang", "en"))
  end)

  it("without days is of today, and of this year", function()
    local facts = clinic.json(answers("day", "--json"))[1]
    assert.equal(os.date "!%Y-%m-%d", facts.day)
    facts = clinic.json(answers("period", "--json"))[1]
    assert.equal(os.date "!%Y-01-01", facts.from)
  end)

  it("of a period sums to the totals of the ledger, however it is split", function()
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    local whole = assert(ledger:totals { from = "2026-01-01", to = "2026-12-31" })[1]
    for _, by in ipairs { "type", "group", "day", "month", "year", "actor", "type,day,group,actor" } do
      local money, lost = ledger:money "0", ledger:money "0"
      for _, row in ipairs(clinic.json(answers("period", "2026-01-01", "2026-12-31", "--by", by, "--json"))) do
        if row.sheet == "money" then money = money + ledger:money(row.money) end
        if row.sheet == "settled" then lost = lost + ledger:money(row.lost) end
      end
      assert.equal(whole.money, money)
      assert.equal(whole.lost, lost)
    end
  end)
end)

describe("a statement", function()
  it("of a patient ends in what is owed less what is on credit", function()
    local facts = clinic.json(answers("statement", "P17", "--json"))[1]
    local patient = clinic.json(answers("patient", "P17", "--json"))[1]
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    assert.equal(ledger:money(patient.owed) - ledger:money(patient.credit), ledger:money(facts.balance))
  end)

  it("of a document is its letter, as text or as a page", function()
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    assert.equal(ledger:statement "F-00001", answers("statement", "F-00001"))
    answers("statement", "F-00001", "--html", folder .. "/letter.html", "--lang", "de")
    contains('lang="de"', command.read(folder .. "/letter.html"))
  end)

  it("of a document has no rows and no period", function()
    for _, words in ipairs { { "--json" }, { "--csv" }, { "--sheet", "account" }, { "--from", "2026-01-01" } } do
      assert.equal(2, run("statement", "F-00001", table.unpack(words)).code)
    end
  end)
end)

describe("what is refused of reports", function()
  for _, case in ipairs {
    { 1, "patient-unknown", "statement", "P99" }, { 1, "date-invalid", "day", "yesterday" },
    { 1, "field-invalid", "period", "2026-02-01", "2026-01-01" },
    { 1, "field-invalid", "period", "--by", "type,weekday" },
    { 1, "date-in-future", "receivables", "--as-of", "2999-01-01" },
    { 1, "date-invalid", "corrections", "2026-13-01" },
    { 2, nil, "day", "--sheet", "cash" }, { 2, nil, "receivables", "--age", "birth" }, { 2, nil, "statement" },
    { 2, nil, "day", "--lang", "es" }, { 2, nil, "day", "--html", "/nowhere/day.html" },
  } do
    local code, name = table.unpack(case, 1, 2)
    local words = table.move(case, 3, #case, 1, {})
    it("ends in " .. code .. ": " .. table.concat(words, " "), function()
      local ended = run(with(words, "--json"))
      assert.equal(code, ended.code)
      assert.equal("", ended.out)
      local complaint = clinic.json(ended.err)
      assert.equal(1, #complaint)
      assert.equal(name, complaint[1].code)
    end)
  end

  it("names what would do", function()
    contains("money, settled, till, open_days", run("day", "--sheet", "cash").err)
    contains("no patient and no document", run("statement", "P99").err)
  end)
end)

-- ---- Receipts ----

describe("a receipt", function()
  it("counts each print, and says duplicate from the second on", function()
    lacks("DUPLICATA", answers("receipt", "R-00001"))
    contains("DUPLICATA", answers("receipt", "R-00001"))
    contains("Duplikat Nr. 3", answers("receipt", "R-00001", "--lang", "de", "--format", "html"))
  end)

  it("is shown by --preview without being counted, also where the ledger cannot be written", function()
    local before = clinic.json(answers("info", "--json"))[1].head_seq
    local shown = answers("receipt", "R-00002", "--preview", "--lang", "en", "--width", "32")
    contains("PREVIEW", shown)
    for line in shown:gmatch "[^\n]+" do assert(utf8.len(line) <= 32, line) end
    assert.equal(before, clinic.json(answers("info", "--json"))[1].head_seq)
  end)

  it("goes to a file, whole or not at all", function()
    local file = folder .. "/receipt.html"
    answers("receipt", "R-00005", "--format", "html", "--output", file)
    assert.matches("^<!DOCTYPE html>", command.read(file))
    assert.equal("600", mode_of(file))
    local before = clinic.json(answers("info", "--json"))[1].head_seq
    local ended = run("receipt", "R-00005", "--output", file)
    assert.equal(2, ended.code)
    contains("--force", ended.err)
    assert.equal(before, clinic.json(answers("info", "--json"))[1].head_seq)
    assert.equal(1, run("receipt", "R-99999", "--output", folder .. "/none.txt").code)
    lacks("none.txt", files_in(folder))
  end)

  for _, case in ipairs {
    { 1, "R-99999" }, { 1, "R-00001", "--width", "5" }, { 2, "R-00001", "--format", "pdf" }, { 2 },
  } do
    it("is refused: " .. table.concat(case, " "), function()
      local ended = run("receipt", table.unpack(case, 2))
      assert.equal(case[1], ended.code)
      assert.equal("", ended.out)
    end)
  end
end)

-- ---- Files that a person names ----

describe("a file that a person names", function()
  local own

  before_each(function() own = command.folder() end)
  after_each(function() command.remove(own) end)

  it("is readable by its owner only from the start, and has its name when it is whole", function()
    do
      local file <close> = assert(save.start(own .. "/a b's.txt"))
      assert(file:write "half")
      local partial = files_in(own):match "[^\n]+"
      assert(partial ~= "a b's.txt", partial)
      assert.equal("600", mode_of(own .. "/" .. partial))
      assert(file:write " and half")
      assert(file:finish())
      assert.equal(13, file.bytes)
    end
    assert.equal("a b's.txt\n", files_in(own))
    assert.equal("half and half", command.read(own .. "/a b's.txt"))
    assert.equal("600", mode_of(own .. "/a b's.txt"))
  end)

  it("leaves nothing where it is not finished, also where something raised", function()
    pcall(function()
      local file <close> = assert(save.start(own .. "/out.txt"))
      file:write "half"
      error "stop"
    end)
    assert.equal("", files_in(own))
  end)

  it("leaves nothing where an interruption meets it while it is made", function()
    local run_line <const> = files.run
    function files.run(line)
      run_line(line)
      error("interrupted!", 0)
    end
    local ran, problem = pcall(save.start, own .. "/out.txt")
    files.run = run_line
    assert.same({ false, "interrupted!", "" }, { ran, problem, files_in(own) })
  end)

  it("is not put in the place of another, unless that is asked for", function()
    command.write(own .. "/out.txt", "old")
    local file, message = save.start(own .. "/out.txt")
    assert.is_nil(file)
    contains("--force", message)
    assert(save.all(own .. "/out.txt", "new", true))
    assert.equal("new", command.read(own .. "/out.txt"))
    assert.equal("600", mode_of(own .. "/out.txt"))
  end)

  it("stays as it was where its replacement is not finished", function()
    command.write(own .. "/out.txt", "old")
    do
      local file <close> = assert(save.start(own .. "/out.txt", true))
      file:write "half"
    end
    assert.equal("old", command.read(own .. "/out.txt"))
    assert.equal("out.txt\n", files_in(own))
  end)

  it("is not put in the place of one that appeared meanwhile", function()
    local file <close> = assert(save.start(own .. "/out.txt"))
    file:write "mine"
    command.write(own .. "/out.txt", "theirs")
    local done, message = file:finish()
    assert.is_nil(done)
    contains("out.txt", message)
    assert.equal("theirs", command.read(own .. "/out.txt"))
  end)

  it("never takes the place of what is no file", function()
    for _, name in ipairs { own, "/dev/null" } do
      local file, message = save.start(name, true)
      assert.is_nil(file)
      contains("no plain file", message)
    end
  end)

  it("cannot be made where there is no folder", function()
    local file, message = save.start(own .. "/no/out.txt")
    assert.is_nil(file)
    contains(own .. "/no/out.txt", message)
  end)
end)
