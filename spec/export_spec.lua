-- Exports as a library: options, accounts, postings and balances, splits that sum to the whole, sinks that fail.
local accounts = require "tallystick.export.accounts"
local books = require "spec.books"
local csv = require "tallystick.csv"
local export = require "tallystick.export"
local helper = require "spec.helper"
local histories = require "spec.histories"
local pages = require "spec.pages"
local postings = require "tallystick.export.postings"

local open, matches, refused = helper.open, helper.matches, helper.refused
local NONE <const> = helper.NONE

after_each(helper.finish)

local function ignore() end

-- A ledger of a seed, with its days spread over two weeks.
local function history(seed, count)
  local ledger, clock = open()
  for index, made in ipairs(histories.make(seed, count or 80)) do
    clock.now = histories.time(index)
    histories.answer(ledger, made)
  end
  return ledger
end

-- A ledger whose exports are longer than one piece.
local function many(count)
  local ledger = open()
  assert(ledger:transaction(function(tx)
    for _ = 1, count do assert(tx:deposit { patient = "P17", amount = "1.00" }) end
    return true
  end))
  return ledger
end

describe("the formats", function()
  it("are listed with a title and a suffix, and each can be written", function()
    local names = {}
    for index, format in ipairs(export.formats) do
      names[index] = format.name
      assert.matches("%a", format.title)
      assert.matches("^%.%l+$", format.suffix)
      local text, count = books.export(history(7), { format = format.name })
      assert.is_true(count > 20 and #text > 1000)
    end
    assert.same({ "hledger", "ledger", "beancount", "csv", "log" }, names)
  end)

  it("can be written of an empty ledger", function()
    for _, format in ipairs(export.formats) do
      local _, count = books.export(open(), { format = format.name })
      assert.equal(0, count)
    end
  end)
end)

describe("options are refused:", function()
  for _, row in ipairs {
    { "field-missing", {}, "hledger, ledger, beancount, csv, log" },
    { "field-invalid", { format = "hleger" }, 'did you mean "hledger"?' },
    { "field-invalid", { format = "xml" }, "give one of hledger" },
    { "field-invalid", { format = 7 }, "there is no format 7" },
    { "field-unknown", { format = "csv", form = "2026-01-01" }, 'did you mean "from"?' },
    { "field-unknown", { format = "csv", [1] = "x" }, 'no option "1"' },
    { "date-invalid", { format = "csv", from = "2026-02-29" }, "2026-02-29 will not do" },
    { "date-invalid", { format = "csv", to = "1.2.2026" }, "1.2.2026 will not do" },
    { "date-invalid", { format = "csv", to = "0000-01-01" }, "0000-01-01 will not do" },
    { "date-invalid", { format = "csv", to = 20260101 }, "20260101 will not do" },
    { "field-invalid", { format = "csv", from = "2026-02-02", to = "2026-02-01" }, "is after to" },
    { "field-invalid", { format = "ledger", detail = "patient" }, '"class" or "document"' },
    { "field-invalid", { format = "ledger", notes = "yes" }, "true or false" },
    { "field-invalid", { format = "ledger", actor = 1 }, "an actor" },
    { "field-invalid", { format = "ledger", progress = true }, "a function" },
    { "field-invalid", { format = "csv", detail = "document" }, "the format csv has no use for it" },
    { "field-invalid", { format = "log", from = "2026-01-01" }, "the format log has no use for it" },
    { "field-invalid", { format = "log", to = "2026-01-01" }, "the format log has no use for it" },
    { "field-invalid", { format = "log", actor = "x" }, "the format log has no use for it" },
    { "field-invalid", { format = "log", notes = true }, "the format log has no use for it" },
  } do
    local code, options, message = table.unpack(row)
    it(message, function()
      local said = refused(code, export.write(open(), options, ignore))
      assert.is_truthy(said:find(message, 1, true), said)
    end)
  end
end)

describe("an account's name", function()
  for text, name in pairs {
    ["1000"] = "1000", Cash = "Cash", ["F-00001"] = "F-00001", P17 = "P17", p17 = "P17--l", ["a_b"] = "A--5Fb--l",
    [""] = "X--x", ["é"] = "X--C3--A9--x", ["-a"] = "X-a--x", ["A-"] = "A--2D", ["A--b"] = "A--2D-b",
    ["2026/1.5"] = "2026--2F1--2E5",
  } do
    it(("writes %q as %s"):format(text, name), function() assert.equal(name, accounts.component(text)) end)
  end

  for text, name in pairs {
    ["1000"] = "Assets:1000", ["Assets:Cash"] = "Assets:Cash", ["Liabilities:Clearing"] = "Liabilities:Clearing",
    Assets = "Assets:Assets", ["Bank:CHF"] = "Assets:Bank:CHF", ["assets:Cash"] = "Assets:Assets--l:Cash",
    ["a::b"] = "Assets:A--l:X--x:B--l", ["Assets:Tender:Cash"] = "Assets:Tender--own:Cash",
    ["Tender:Cash"] = "Assets:Tender--own:Cash",
  } do
    it(("writes the account %q as %s"):format(text, name), function()
      assert.equal(name, accounts.path(text, "Assets"))
    end)
  end

  it("is never that of two texts, and is one that beancount takes", function()
    local ALPHABET <const> = { "a", "A", "-", "2", "D", "_", "X", "x", "l", "\xC3" }
    local seen, count = {}, 0
    local function try(text, left)
      local name = accounts.component(text)
      assert(name:find "^[A-Z0-9][A-Za-z0-9-]*$", text)
      assert(not seen[name], ("%q and %q are both %s"):format(text, tostring(seen[name]), name))
      seen[name], count = text, count + 1
      if left == 0 then return end
      for _, char in ipairs(ALPHABET) do try(text .. char, left - 1) end
    end
    try("", 5)
    assert.equal(111111, count)
  end)

  it("is never that of two payment types, nor of a type and an account", function()
    local seen = {}
    for _, id in ipairs { "cash", "ca-sh", "ca_sh", "cash-", "cash_", "ca--sh", "x", "x--l" } do
      local name = accounts.of_type(id)
      assert(not seen[name], name)
      seen[name] = true
      for _, text in ipairs { id, name, name:gsub("^Assets:", ""), "Tender:" .. id } do
        assert(not seen[accounts.path(text, "Assets")], text)
      end
    end
    assert.is_true(seen["Assets:Tender:Cash"])
  end)

  it("is the one that the type had when the entry was made", function()
    local path = helper.folder() .. "/clinic.db"
    local function opened(account)
      return open { path = path, script = ([[
        local clinic = ...
        clinic:payment_type { id = "cash", default = true, account = %q }
        clinic:payment_type { id = "till", account = "1001" }]]):format(account) }
    end
    local ledger = opened "1000"
    assert(ledger:deposit { patient = "P17", amount = "10.00" })
    ledger:close()
    ledger = opened "1001"
    assert(ledger:deposit { patient = "P17", amount = "2.00" })
    assert(ledger:deposit { patient = "P17", amount = "0.30", type = "till" })
    assert(ledger:reverse { payment = "R-00001", reason = "wrong" })
    local found = {}
    for _, row in ipairs(postings.balances(ledger)) do found[row.account] = row.balance:decimal() end
    assert.same({ ["Assets:1000"] = "0.00", ["Assets:1001"] = "2.30", ["Liabilities:PatientCredit"] = "-2.30" }, found)
  end)
end)

describe("a posting", function()
  local ledger

  -- What the last entries move, as lines.
  local function moved(count)
    local lines = {}
    for entry in ledger:entries {} do
      local posting = postings.of(ledger, entry)
      local function name(account) return account.class .. (account.key and " " .. account.key or "") end
      lines[#lines + 1] = posting and ("%s: %s < %s: %s"):format(entry.kind, name(posting.debit), name(posting.credit),
        posting.amount:decimal()) or entry.kind
    end
    return table.move(lines, #lines - count + 1, #lines, 1, {})
  end

  before_each(function()
    ledger = open()
    assert(ledger:consultation { patient = "P17", amount = "10.02" })
  end)

  it("goes between the accounts of its kind", function()
    assert(ledger:pay { document = "C-00001", amount = "5.00" })
    assert(ledger:pay { document = "C-00001" })
    assert(ledger:invoice { patient = "P17", consultations = { "C-00001" }, amount = "20.00" })
    assert(ledger:pay { document = "F-00001", type = "transfer", amount = "25.00" })
    assert(ledger:consultation { patient = "P18", amount = "9.00" })
    assert(ledger:transfer { from = "P17", to = "P18", amount = "4.00" })
    assert(ledger:pay { document = "C-00002", type = "credit", amount = "1.00" })
    assert(ledger:pay { document = "C-00002", type = "discount", amount = "2.00" })
    assert(ledger:withdraw { patient = "P18", amount = "3.00" })
    assert(ledger:invoice { consultations = { "C-00002" } })
    assert(ledger:pay { document = "F-00002", type = "loss", amount = "1.00" })
    assert(ledger:close_days { through = "2026-03-02", counted = { cash = "6.00" } })
    assert.same({
      "charge: receivable C-00001 < income: 10.02",
      "payment: tender cash < receivable C-00001: 5.00",
      "payment: tender cash < receivable C-00001: 5.00",
      "rounding: rounding < receivable C-00001: 0.02",
      "charge: receivable F-00001 < income: 20.00",
      "invoicing: receivable F-00001 < receivable C-00001: 0.00",
      "payment: tender transfer < receivable F-00001: 20.00",
      "deposit: tender transfer < patient credit P17: 5.00",
      "charge: receivable C-00002 < income: 9.00",
      "transfer: patient credit P17 < patient credit P18: 4.00",
      "credit: patient credit P18 < receivable C-00002: 1.00",
      "discount: discounts < receivable C-00002: 2.00",
      "withdrawal: patient credit P18 < tender cash: 3.00",
      "invoicing: receivable F-00002 < receivable C-00002: 6.00",
      "loss: losses < receivable F-00002: 1.00",
      "variance: over/short < tender cash: 1.00",
      "closing",
    }, moved(17))
  end)

  it("is the other way round for what undoes it", function()
    assert(ledger:pay { document = "C-00001" })
    assert(ledger:reverse { payment = "R-00001", reason = "wrong" })
    assert.same({
      "reversal: receivable C-00001 < tender cash: 10.00",
      "reversal: receivable C-00001 < rounding: 0.02",
    }, moved(2))
    assert(ledger:invoice { consultations = { "C-00001" } })
    assert(ledger:cancel { document = "F-00001", reason = "wrong" })
    assert(ledger:pay { document = "C-00001", type = "twint" })
    assert(ledger:refund { payment = "R-00002", amount = "3.00", type = "cash", reopen = false, reason = "back" })
    assert.same({
      "invoicing: receivable F-00001 < receivable C-00001: 10.02",
      "release: receivable C-00001 < receivable F-00001: 10.02",
      "payment: tender twint < receivable C-00001: 10.02",
      "refund: receivable C-00001 < tender cash: 3.00",
      "charge: receivable C-00001 < income: -3.00",
    }, moved(5))
  end)
end)

describe("balances", function()
  it("are of every account at the end of every period in which something moved", function()
    local ledger, clock = open { now = "2026-05-02T10:00:00Z" }
    assert(ledger:consultation { patient = "P17", amount = "100.00", at = "2026-03-31" })
    assert(ledger:consultation { patient = "P17", amount = "10.00", at = "2026-01-31" })
    clock.now = "2026-05-03T10:00:00Z"
    assert(ledger:pay { document = "C-00001" })
    local function lines(options)
      local list = {}
      for index, row in ipairs(assert(postings.balances(ledger, options))) do
        list[index] = ("%s %s %s"):format(row.period, row.account, row.balance)
      end
      return list
    end
    assert.same({
      "2026-01 Assets:Receivable 10.00 CHF", "2026-01 Income:Services -10.00 CHF",
      "2026-03 Assets:Receivable 110.00 CHF", "2026-03 Income:Services -110.00 CHF",
      "2026-05 Assets:1000 100.00 CHF", "2026-05 Assets:Receivable 10.00 CHF", "2026-05 Income:Services -110.00 CHF",
    }, lines())
    assert.same({ "2026 Assets:1000 100.00 CHF", "2026 Assets:Receivable:C-00001 0.00 CHF",
      "2026 Assets:Receivable:C-00002 10.00 CHF", "2026 Income:Services -110.00 CHF" },
      lines { by = "year", detail = "document" })
    assert.equal("2026-01-31 Assets:Receivable 10.00 CHF", lines({ by = "day" })[1])
    refused("field-invalid", postings.balances(ledger, { by = "week" }))
  end)

  it("that would leave 64 bits are refused", function()
    local ledger = open { script = "" }
    assert(ledger:consultation { patient = "P17", amount = "92233720368547758.07" })
    assert(ledger:consultation { patient = "P18", amount = "0.02" })
    assert.matches("Assets:Receivable", (refused("amount-overflow", postings.balances(ledger))))
    assert.matches("Income:Services", (refused("amount-overflow", postings.balances(ledger, { detail = "document" }))))
  end)
end)

-- ---- Splits ----

local function bodies(text)
  local found = {}
  for block in (text .. "\n"):gmatch "(%d%d%d%d%-%d%d%-%d%d %* .-\n)\n" do found[#found + 1] = block end
  return found
end

local function records(text)
  local found = {}
  for cells in csv.reader(text) do
    assert(cells)
    found[#found + 1] = table.concat(cells, "\0")
  end
  table.remove(found, 1)
  return found
end

describe("a split of an export", function()
  for _, format in ipairs { "hledger", "ledger", "beancount", "csv" } do
    it(("by days, or by actors, sums to the whole: %s"):format(format), function()
      local parts_of = format == "csv" and records or bodies
      for seed = 1, 5 do
        local ledger = history(seed)
        local text, count = books.export(ledger, { format = format })
        local whole = parts_of(text)
        assert.equal(count, #whole)
        table.sort(whole)
        for _, split in ipairs {
          { { to = "2026-03-05" }, { from = "2026-03-06", to = "2026-03-12" }, { from = "2026-03-13" } },
          { { actor = "desk-1" }, { actor = "desk-2" }, { actor = "desk-3" }, { actor = "" } },
        } do
          local joined, counts = {}, 0
          for _, options in ipairs(split) do
            options.format = format
            local part, part_count = books.export(ledger, options)
            counts = counts + part_count
            for _, piece in ipairs(parts_of(part)) do joined[#joined + 1] = piece end
          end
          table.sort(joined)
          assert.equal(count, counts)
          assert.same(whole, joined)
        end
      end
    end)
  end
end)

-- ---- Privacy ----

describe("free text", function()
  local function ledger_with_text()
    local ledger = open()
    assert(ledger:consultation { patient = "P17", amount = "10.00", label = "the label", note = "the note" })
    assert(ledger:cancel { document = "C-00001", reason = "the reason" })
    return ledger
  end

  for _, format in ipairs { "hledger", "ledger", "beancount", "csv" } do
    it("is told only where it is asked for: " .. format, function()
      local ledger = ledger_with_text()
      local without = books.export(ledger, { format = format })
      local with = books.export(ledger, { format = format, notes = true })
      for _, text in ipairs { "the label", "the note", "the reason" } do
        assert.is_nil(without:find(text, 1, true))
        assert.is_truthy(with:find(text, 1, true))
      end
    end)
  end
end)

-- ---- CSV ----

describe("the journal as CSV", function()
  it("has every field of every entry, safe for a spreadsheet", function()
    local ledger = open()
    assert(ledger:consultation { patient = "=P17", amount = "100.00", label = "a, \"b\"", note = "1\n2" })
    assert(ledger:pay { document = "C-00001", type = "insurance", amount = "40.00", fields = { policy = "12" },
      reference = "x;y", key = "k", group = "+1" })
    assert(ledger:reverse { payment = "R-00001", reason = "-wrong" })
    assert(ledger:charge { document = "C-00001", amount = "-1.50" })
    local rows, heads = {}, nil
    for cells in csv.reader((books.export(ledger, { format = "csv", notes = true }))) do
      local row = {}
      for index, name in ipairs(heads or {}) do row[name] = cells[index] ~= "" and cells[index] or nil end
      if heads then rows[#rows + 1] = row end
      heads = heads or cells
    end
    local entries = helper.all(ledger:entries {})
    assert.equal(#entries, #rows)
    for index, entry in ipairs(entries) do
      for name in pairs(entry) do assert.is_truthy(rows[index][name], name) end
    end
    matches({ patient = "'=P17", amount = "100.00", currency = "CHF", label = 'a, "b"', note = "1\n2",
      debit = "receivable", debit_key = "C-00001", credit = "income", credit_key = NONE }, rows[1])
    matches({ fields = '{"policy":"12"}', reference = "x;y", key = "k", group = "'+1", number = "R-00001",
      debit = "tender", debit_key = "insurance" }, rows[2])
    matches({ kind = "reversal", refers = "2", debit = "receivable", credit = "tender", credit_key = "insurance",
      reason = "'-wrong" }, rows[3])
    matches({ amount = "-1.50" }, rows[4])
  end)
end)

-- ---- Sinks and progress ----

describe("a sink", function()
  local function failing(message, after)
    local pieces = 0
    return function()
      pieces = pieces + 1
      if pieces > after then return nil, message end
      return true
    end
  end

  for _, row in ipairs {
    { "full", "/dev/full: No space left on device" }, { "full", "x: Disk quota exceeded" },
    { "io-error", "x: Input/output error" }, { "io-error", "closed" },
  } do
    local code, message = table.unpack(row)
    it(("that fails ends the export with %s: %s"):format(code, message), function()
      local ledger = many(800)
      for _, format in ipairs(export.formats) do
        for after = 0, 1 do
          local said, details = refused(code, export.write(ledger, { format = format.name }, failing(message, after)))
          assert.is_truthy(said:find(message, 1, true))
          assert.equal("sink", details.field)
        end
      end
    end)
  end

  it("that is a full disk is told so", function()
    local file <close> = assert(io.open("/dev/full", "wb"))
    file:setvbuf "no"
    refused("full", export.write(history(3), { format = "csv" }, function(text) return file:write(text) end))
  end)

  it("may give nothing", function()
    local bytes = 0
    assert(export.write(history(3), { format = "csv" }, function(text) bytes = bytes + #text end))
    assert.is_true(bytes > 1000)
  end)

  it("gets the text in pieces", function()
    local ledger, sizes = many(800), {}
    assert(export.write(ledger, { format = "csv" }, function(text) sizes[#sizes + 1] = #text end))
    assert.is_true(#sizes > 1)
    for _, size in ipairs(sizes) do assert.is_true(size < 1 << 17) end
  end)
end)

it("progress is told as it goes, and at the end", function()
  local ledger, told = many(2500), {}
  books.export(ledger, { format = "csv", progress = function(done, total)
    told[#told + 1] = done .. "/" .. total
  end })
  assert.same({ "1000/2500", "2000/2500", "2500/2500" }, told)
end)

it("what is recorded while an export runs is left for the next", function()
  local ledger = open()
  assert(ledger:deposit { patient = "P17", amount = "1.00" })
  local _, count = books.export(ledger, { format = "csv" })
  assert.equal(1, count)
  local real = ledger.info
  local late = setmetatable({ info = function()
    local info = real(ledger)
    assert(ledger:deposit { patient = "P17", amount = "2.00" })
    return info
  end }, { __index = function(_, name)
    return function(_, ...) return ledger[name](ledger, ...) end
  end })
  _, count = books.export(late, { format = "csv" })
  assert.equal(1, count)
end)

describe("docs/exports.md", function()
  local environment = setmetatable({}, { __index = _G })
  for _, block in ipairs(pages.blocks "docs/exports.md") do
    if block.language == "lua" then
      it("prints what it says: line " .. block.line, function()
        local printed = pages.run(block, environment):gsub("\n\n+", "\n"):gsub("\n$", "")
        assert.equal(pages.promised(block.text), printed)
      end)
    end
  end

  it("names every option, tag and column", function()
    local page = require "spec.command".read "docs/exports.md"
    for _, name in ipairs { "from", "to", "actor", "detail", "notes", "progress", "format" } do
      assert.is_truthy(page:find("`" .. name .. "`", 1, true), name)
    end
    local journal = require "tallystick.export.journal"
    for _, tags in ipairs { journal.tags, journal.note_tags } do
      for _, tag in ipairs(tags) do assert.is_truthy(page:find("`" .. tag[1] .. "`", 1, true), tag[1]) end
    end
    for _, code in ipairs { "type-unknown", "type-retired", "type-changed", "hooks", "config-invalid" } do
      assert.is_truthy(page:find("`" .. code .. "`", 1, true), code)
    end
  end)
end)
