-- hledger, ledger and beancount read the exports strictly, and their balances are the ledger's, to the digit.
-- A program that is not installed leaves its cases pending. #accountants
local accounts = require "tallystick.export.accounts"
local books = require "spec.books"
local calendar = require "tallystick.calendar"
local command = require "spec.command"
local csv = require "tallystick.csv"
local export = require "tallystick.export"
local helper = require "spec.helper"
local postings = require "tallystick.export.postings"
local tallystick = require "tallystick"

local open = helper.open

local function run(...)
  local words = {}
  for index, word in ipairs { ... } do words[index] = command.quote(word) end
  return command.shell("LC_ALL=C.UTF-8 " .. table.concat(words, " ") .. " </dev/null")
end

local function run_well(...)
  local ended = run(...)
  assert(ended.code == 0, ended.err .. ended.out)
  return ended.out
end

local function is_installed(program)
  return run("sh", "-c", "command -v " .. program).code == 0
end

-- ---- What the programs say ----

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

-- What hledger and ledger cannot read is written as "%" and two hexadecimal digits.
local function decoded(lines)
  for index, line in ipairs(lines) do
    lines[index] = line:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  end
  return lines
end

-- The first day after a month.
local function day_after(month)
  local year, of_year = month:match "^(%d+)-(%d+)$"
  local count = math.tointeger(tonumber(year)) * 12 + math.tointeger(tonumber(of_year))
  return ("%04d-%02d-01"):format(count // 12, count % 12 + 1)
end

-- Balances by account and month. An amount is its digits: "0" and "0.00" are one, "1.0" and "1.00" are not.
local function set(balances, account, month, text)
  local amount, currency = text:match "^(%-?[%d.]+) ?(%u*)$"
  assert(amount, ("%s is no amount"):format(text))
  if tonumber(amount) == 0 then return currency end
  balances[account] = balances[account] or {}
  balances[account][month] = amount
  return currency
end

---@class spec.Accountant
---@field format string
---@field needs string[] programs
---@field check fun(path: string) raises where the program refuses the journal
---@field balances fun(path: string, months: string[], ledger: tallystick.Ledger): table<string, table<string, string>>
---@field references fun(path: string): string[] of all transactions, as the journal has them
local ACCOUNTANTS <const> = {}

ACCOUNTANTS[1] = {
  format = "hledger", needs = { "hledger" },
  check = function(path) run_well("hledger", "-f", path, "check", "--strict") end,
  balances = function(path)
    local out = run_well("hledger", "-f", path, "--strict", "balance", "--historical", "--monthly", "--flat",
      "--empty", "--no-total", "--layout=bare", "-O", "csv")
    local heads, balances = nil, {}
    for cells in csv.reader(out) do
      if heads then
        for index = 3, #cells do set(balances, cells[1], heads[index]:sub(1, 7), cells[index]) end
      end
      heads = heads or cells
    end
    return balances
  end,
  references = function(path)
    return decoded(lines_of(run_well("hledger", "-f", path, "tags", "reference", "--values")))
  end,
}

ACCOUNTANTS[2] = {
  format = "ledger", needs = { "ledger" },
  check = function(path) run_well("ledger", "--args-only", "-f", path, "--strict", "--pedantic", "balance") end,
  balances = function(path, months)
    local balances = {}
    for _, month in ipairs(months) do
      local out = run_well("ledger", "--args-only", "-f", path, "--strict", "--pedantic", "balance", "--flat",
        "--no-total", "--end", day_after(month), "--balance-format", "%(account)|%(display_total)\n")
      for account, text in out:gmatch "([^|\n]+)|([^\n]*)" do set(balances, account, month, text) end
    end
    return balances
  end,
  references = function(path)
    return decoded(lines_of(run_well("ledger", "--args-only", "-f", path, "register", "--format",
      "%(tag('reference'))\n")))
  end,
}

ACCOUNTANTS[3] = {
  format = "beancount", needs = { "bean-check", "bean-query" },
  check = function(path)
    assert.equal("", run_well("bean-check", "--no-cache", path))
  end,
  balances = function(path, months, ledger)
    local out = run_well("bean-query", "--no-errors", "-f", "csv", path,
      "SELECT account, year, month, sum(number) AS moved GROUP BY account, year, month")
    local moved, balances = {}, {}
    for cells in csv.reader(out) do
      local year, month = tonumber(cells[2]), tonumber(cells[3])
      if year then
        local account = cells[1]:match "^%s*(.-)%s*$"
        moved[account] = moved[account] or {}
        moved[account][("%04d-%02d"):format(year, month)] = cells[4]:match "^%s*(.-)%s*$"
      end
    end
    for account, by_month in pairs(moved) do
      local sum = ledger:money "0"
      for _, month in ipairs(months) do
        sum = sum + assert(ledger:money(by_month[month] or "0"))
        set(balances, account, month, sum:decimal())
      end
    end
    return balances
  end,
  references = function(path)
    local references, head = {}, true
    for cells in csv.reader(run_well("bean-query", "-f", "csv", path, "SELECT entry_meta('reference') AS text")) do
      if not head then references[#references + 1] = cells[1] end
      head = false
    end
    return references
  end,
}

-- ---- Comparing ----

local function folded(ledger, detail)
  local balances, months = {}, {}
  for _, row in ipairs(assert(postings.balances(ledger, { by = "month", detail = detail }))) do
    if months[#months] ~= row.period then months[#months + 1] = row.period end
    set(balances, row.account, row.period, row.balance:decimal())
  end
  return balances, months
end

-- A program that lists all months has also those in which nothing moved.
local function only(balances, months)
  local wanted, kept = {}, {}
  for _, month in ipairs(months) do wanted[month] = true end
  for account, by_month in pairs(balances) do
    for month, amount in pairs(by_month) do
      if wanted[month] then
        kept[account] = kept[account] or {}
        kept[account][month] = amount
      end
    end
  end
  return kept
end

local function assert_agrees(accountant, ledger, folder, options)
  options.format = accountant.format
  local path = helper.write(folder .. "/clinic." .. accountant.format, (books.export(ledger, options)))
  accountant.check(path)
  local expected, months = folded(ledger, options.detail)
  assert.is_truthy(next(expected))
  assert.same(expected, only(accountant.balances(path, months, ledger), months))
end

-- Cases of each program; pending where it is not there.
local function each_accountant(name, body)
  for _, accountant in ipairs(ACCOUNTANTS) do
    local missing
    for _, program in ipairs(accountant.needs) do
      if not is_installed(program) then missing = program end
    end
    local title = name:format(accountant.format)
    if missing then pending(title .. ": " .. missing .. " is not installed")
    else it(title, function() body(accountant) end) end
  end
end

-- ---- A year ----

describe("a year of a practice #accountants", function()
  local folder, ledger

  setup(function()
    folder = command.folder()
    local ended = command.run("replay", folder .. "/clinic.db", "examples/practice-year/practice-year.jsonl",
      "--config", "examples/practice-year/clinic.lua", "--batch", "2000", "--quiet")
    assert(ended.code == 0, ended.err)
    ledger = assert(tallystick.open(folder .. "/clinic.db", { mode = "ro" }))
  end)

  teardown(function()
    ledger:close()
    command.remove(folder)
  end)

  each_accountant("is read strictly by %s, which agrees on every account at every month's end", function(accountant)
    assert_agrees(accountant, ledger, folder, {})
  end)

  each_accountant("is read by %s with an account for each document and patient", function(accountant)
    assert_agrees(accountant, ledger, folder, { detail = "document", notes = true })
  end)

  local function variances(through)
    local by_type, zero = {}, ledger:money "0"
    for _, closing in ipairs(ledger:closings()) do
      for id, count in pairs(closing.through <= through and closing.counted or {}) do
        by_type[id] = (by_type[id] or zero) + count.variance
      end
    end
    return by_type
  end

  it("has balances that are the ledger's totals at every month's end", function()
    local balances, months = folded(ledger)
    assert.is_true(#months >= 12)
    for _, month in ipairs(months) do
      local through = calendar.text_of(calendar.day_of(day_after(month)) - 1)
      local zero = ledger:money "0"
      local by_type, found, over = {}, {}, zero
      for _, row in ipairs(assert(ledger:totals { to = through, by = { "type" } })) do by_type[row.type] = row end
      local discounted, lost, rounded = zero, zero, zero
      local counted = variances(through)
      for id, row in pairs(by_type) do
        discounted, lost, rounded = discounted + row.discounted, lost + row.lost, rounded + row.rounded
        local held = row.money + (counted[id] or zero)
        if held ~= zero then found[accounts.of_type(id)] = held end
      end
      for _, variance in pairs(counted) do over = over - variance end
      found["Expenses:Discounts"], found["Expenses:Losses"] = discounted, lost
      found["Expenses:Rounding"], found["Expenses:OverShort"] = rounded, over
      for account, amount in pairs(found) do
        assert.equal(amount == zero and "0" or amount:decimal(), (balances[account] or {})[month] or "0",
          month .. " " .. account)
      end
    end
  end)

  it("has balances that are what the documents and patients say", function()
    local balances, months = folded(ledger)
    local last, zero = months[#months], ledger:money "0"
    local owed, charged, credit, seen = zero, zero, zero, {}
    for document in ledger:documents {} do
      owed = owed + document.remaining
      if not document.invoiced then charged = charged + document.charged end
      if not seen[document.patient] then credit = credit + ledger:patient(document.patient).credit end
      seen[document.patient] = true
    end
    assert.equal(owed:decimal(), balances["Assets:Receivable"][last])
    assert.equal((-charged):decimal(), balances["Income:Services"][last])
    assert.equal((-credit):decimal(), balances["Liabilities:PatientCredit"][last])
  end)
end)

-- ---- Names of every nasty kind ----

local NASTY <const> = {
  "plain", "Plain", "PLAIN", "x", "X", "two  spaces", " led", "trailed ", "semi;colon", "; comment", "pipe | line",
  '"quoted"', "it's", "back\\slash", "ends\\", "\\", "a:b", "a::b", ":", ":tag:", "key: value", "key:: 1+1",
  "comma, x: y", "date: 2026-13-45", "date:2026-13-45", "[2026-01-01]", "[2026/99/99]", "[=2026-01-01]",
  "(paren)", "[bracket]",
  "* star", "! bang", "= equals", "~ period", "@ 5", "{1.00 CHF}", "100.00 CHF", "-", "--", "--41", "a-", "-a", "a--b",
  "a-b", "a_b", "#tag", "^link", "%20", "%", "é", "É", "日本", "\u{1F600}", "\u{202E}rtl", "\u{A0}nbsp\u{A0}",
  "Assets:Receivable", "include /etc/passwd", "end comment", "1", "1000",
}

local ACCOUNTS <const> = {
  "1000", "1000", "Assets:1010", "assets:1010", "Assets", "Assets:Tender:Cash", "Tender:Cash", "Assets:Bank: a; b",
  "Bank  two", "Bank two", "Kasse Zürich", "Liabilities:Clearing", "a::b", ":", "X", "x", "--", "(virtual)",
  "[balanced]",
}

local NUMBERS <const> = { "-", "--", "..", "/", "//", "a_b", "A_b", "x-", "-x", "C-1", "c-1", "0", "2026/1.5-a_B" }

local TEXTS <const> = {
  "one\ntwo; three\n\n; four\n2026-01-01 * five\n    Assets:X  1 CHF\n", ("line\n"):rep(100), "\ttab\r\nreturn",
  '\\"both\\"', "option \"title\" \"x\"", ("long "):rep(600),
}

local function nasty_script()
  local lines = { "local clinic = ...", 'clinic:payment_type { id = "cash", default = true }' }
  for index, account in ipairs(ACCOUNTS) do
    lines[#lines + 1] = ("clinic:payment_type { id = %q, account = %q }"):format("t" .. index, account)
  end
  for _, id in ipairs { "a-b", "a_b", "a--b", "a-", "a_", "x--l" } do
    lines[#lines + 1] = ("clinic:payment_type { id = %q }"):format(id)
  end
  lines[#lines + 1] = [[
    clinic:payment_type { id = "credit", effect = "credit", account = "ignored" }
    clinic:payment_type { id = "discount", effect = "discount", account = "3800" }
    clinic:payment_type { id = "offered", effect = "discount" }
    clinic:payment_type { id = "loss", effect = "loss", account = "Expenses:Bad debts; x" }
  ]]
  return table.concat(lines, "\n")
end

-- A ledger in which every name that it takes is a nasty one.
local function nasty_ledger()
  local ledger, clock = open { script = nasty_script(), now = "2026-06-30T10:00:00Z" }
  local ids, taken = {}, 0
  for _, payment_type in ipairs(ledger:types()) do ids[#ids + 1] = payment_type.id end
  local function days() return ("2026-%02d-%02dT10:00Z"):format(taken % 5 + 1, taken % 27 + 1) end
  for index, name in ipairs(NASTY) do
    taken = index
    local document = assert(ledger:consultation { patient = name, amount = "100.01", number = NUMBERS[index],
      label = name, note = TEXTS[index] or name, at = days(), actor = name })
    assert(ledger:deposit { patient = name, amount = "9.00", group = name, reference = name, actor = name })
    for offset = 0, 3 do
      local id = ids[(index * 4 + offset) % #ids + 1]
      assert(ledger:pay { document = document.number, type = id, amount = ("%d.%02d"):format(offset + 1, index),
        group = name, reference = name, actor = name, note = name })
    end
    local last = helper.all(ledger:payments { document = document.number })
    assert(ledger:reverse { payment = last[#last].number, reason = name, actor = name })
  end
  clock.now = "2026-07-01T10:00:00Z"
  assert(ledger:transfer { from = NASTY[1], to = NASTY[2], amount = "1.00", reason = NASTY[9] })
  assert(ledger:close_days { through = "2026-06-30", counted = { cash = "1.23", t1 = "0.00" } })
  return ledger
end

describe("names of every nasty kind #accountants", function()
  after_each(helper.finish)

  each_accountant("are taken by %s", function(accountant)
    local ledger = nasty_ledger()
    assert.is_true(ledger:info().entries > 200)
    assert_agrees(accountant, ledger, helper.folder(), { notes = true })
  end)

  each_accountant("are taken by %s as accounts of documents and patients", function(accountant)
    local ledger = nasty_ledger()
    assert_agrees(accountant, ledger, helper.folder(), { notes = true, detail = "document" })
  end)

  each_accountant("can be read back from what %s was told", function(accountant)
    local path = helper.write(helper.folder() .. "/clinic", (books.export(nasty_ledger(), {
      format = accountant.format })))
    local wanted, found = {}, {}
    for _, name in ipairs(NASTY) do wanted[name] = true end
    for _, name in ipairs(accountant.references(path)) do
      if name ~= "" then found[name] = true end
    end
    assert.same(wanted, found)
  end)

  for _, currency in ipairs { "JPY", "KWD", "CLF" } do
    each_accountant("are in " .. currency .. " for %s", function(accountant)
      local ledger = open { script = ('local clinic = ... clinic:currency "%s"'):format(currency) }
      assert(ledger:consultation { patient = "P17", amount = "1234567" })
      assert(ledger:pay { document = "C-00001", amount = "1000" })
      assert_agrees(accountant, ledger, helper.folder(), {})
    end)
  end

  -- The days of which each has the first and the last that it reads, and those next to them that it does not.
  local READS <const> = {
    hledger = { "0001-01-02", "1399-12-31", "1400-01-01", "1699-12-31", "1700-01-01", "2099-12-31", "2100-01-01" },
    ledger = { "1400-01-01", "1699-12-31", "1700-01-01", "2099-12-31", "2100-01-01" },
    beancount = { "1700-01-01", "2099-12-31" },
  }

  each_accountant("on days of any year are refused, or taken by %s", function(accountant)
    local ledger, folder, taken = open { now = "2200-01-01T10:00:00Z" }, helper.folder(), {}
    for _, day in ipairs(READS.hledger) do
      assert(ledger:consultation { patient = "P17", amount = "1.00", at = day .. "T12:00Z" })
      local parts, options = {}, { format = accountant.format, from = day, to = day }
      local done, message, code = export.write(ledger, options, function(text) parts[#parts + 1] = text end)
      if done then
        taken[#taken + 1] = day
        accountant.check(helper.write(folder .. "/" .. day, table.concat(parts)))
      else
        assert.equal("date-invalid", code)
        assert.is_truthy(message:find(day, 1, true))
      end
    end
    assert.same(READS[accountant.format], taken)
  end)
end)
