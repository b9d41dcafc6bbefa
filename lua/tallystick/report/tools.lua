-- report/tools.lua - what all reports are built with: words, columns, sums, and one state of the books for all parts.
local calendar = require "tallystick.calendar"
local core = require "tallystick.core"
local labels = require "tallystick.labels"
local last_type = require "tallystick.last_type"

local tools = {}

---@class tallystick.report.Tools
---@field ledger tallystick.Ledger
---@field lang string
---@field zero tallystick.Money
---@field today string by the ledger's clock
---@field now string
---@field types table<string, tallystick.PaymentType> by id, those in force
---@field order table<string, integer> the place of a type among those in force
---@field head tallystick.Head
local Tools = {}
Tools.__index = Tools

-- The language of the clinic's script, where there are words in it. The ledger's facts would tell it too, but count all
-- documents for that.
local function language_of(ledger)
  core.refresh(ledger)
  local declared = core.declared(ledger)
  return declared and labels.language(declared.language) or "en"
end

-- Reads what every report needs to know.
local function new(ledger, lang)
  local head, message, code, details = ledger:head()
  if not head then return nil, message, code, details end
  local types, order = {}, {}
  local list, why, wrong_code, with = ledger:types()
  if not list then return nil, why, wrong_code, with end
  for place, one in ipairs(list) do types[one.id], order[one.id] = one, place end
  local ms, day, now, wrong = core.instant(ledger)
  if not ms then return nil, day, now, wrong end
  return setmetatable({
    ledger = ledger, types = types, order = order, now = now, today = calendar.text_of(day),
    lang = lang or language_of(ledger), zero = ledger:money("0"), head = head,
  }, Tools)
end

-- Other processes may write between two readings of one report: then it is read anew.
local ATTEMPTS_MAX = 8

-- Money raises where a sum leaves 64 bits. Any other error is no matter of the books.
local function guarded(build, made)
  local results = table.pack(pcall(build, made))
  if results[1] then return table.unpack(results, 2, results.n) end
  local raised = results[2]
  if type(raised) == "string" and raised:find "amount%-overflow" then
    return nil, "amount: a sum of this report would leave the range of 64-bit minor units", "amount-overflow",
      { field = "amount" }
  end
  error(raised, 0)
end

---Builds a report from one state of the books: where another process wrote meanwhile, once more.
---@param ledger tallystick.Ledger
---@param lang? string
---@param build fun(made: tallystick.report.Tools): tallystick.report.Report?, string?, string?, table?
---@return tallystick.report.Report? report
---@return string? message
---@return string? code
---@return table? details
function tools.build(ledger, lang, build)
  for _ = 1, ATTEMPTS_MAX do
    local made, message, code, details = new(ledger, lang)
    if not made then return nil, message, code, details end
    local report
    report, message, code, details = guarded(build, made)
    if not report then return nil, message, code, details end
    local head
    head, message, code, details = ledger:head()
    if not head then return nil, message, code, details end
    if head.seq == made.head.seq then return report end
  end
  return nil, "the books were written to while this report was read; try again", "busy", {}
end

-- ---- Words ----

---@param name string
---@param ... string what is put in
---@return string
function Tools:word(name, ...)
  local word = labels.get(self.lang, "report", name)
  return select("#", ...) > 0 and word:format(...) or word
end

---What people call a payment type, also one that the script declares no more.
---@param id string
---@return string
function Tools:type_label(id)
  return labels.type(self:type(id) or { id = id }, self.lang)
end

---@param month string "2026-11"
---@return string "Nov 2026"
function Tools:month_label(month)
  local year, of_year = month:match "^(%-?%d+)%-(%d%d)$"
  local names = {}
  for name in self:word("months"):gmatch "%S+" do names[#names + 1] = name end
  return ("%s %s"):format(names[math.tointeger(tonumber(of_year))], year)
end

---A payment type as it is in force, else as it was last. Raises where it cannot be read.
---@param id string
---@return tallystick.PaymentType?
function Tools:type(id)
  local known = self.types[id]
  if known == nil then
    local found, message, code = last_type(self.ledger, id)
    if not found and code ~= "type-unknown" then error(("%s: %s"):format(code, message), 0) end
    known = found or false
    self.types[id] = known
  end
  return known or nil
end

---Whether what is paid by this type is money, which is counted, and no credit, discount or loss.
---@param id string
---@return boolean
function Tools:is_money(id)
  local known = self:type(id)
  return not known or known.effect == "money"
end

---The entry of a seq, which must be there: the journal has no gaps.
---@param ledger tallystick.Ledger
---@param seq integer
---@return tallystick.Entry
function tools.entry_at(ledger, seq)
  local next_entry, state, control, closing <close> = ledger:entries { from_seq = seq }
  return next_entry(state, control), closing
end

---@param day string "2026-11-20"
---@return string "20.11.2026"
function tools.shown_day(day)
  return (day:gsub("^(%-?%d%d%d%d+)%-(%d%d)%-(%d%d)$", "%3.%2.%1"))
end

---The days that a report is about, where not both are named: from the first of a year, up to today.
---@param asked { from?: string, to?: string }
---@param today string
---@return string from
---@return string to
function tools.period(asked, today)
  local to = asked.to or today
  return asked.from or to:match "^%-?%d+" .. "-01-01", to
end

-- ---- Sheets ----

---A column that is called as its name is in the labels.
---@param name string
---@param kind? "text"|"money"|"count"|"day"|"time"|"status"
---@param more? table further fields
---@return tallystick.Column
function Tools:column(name, kind, more)
  local column = { name = name, title = self:word(name), kind = kind }
  for field, value in pairs(more or {}) do column[field] = value end
  return column
end

---Columns of one kind.
---@param columns tallystick.Column[]
---@param kind string
---@param names string[]
function Tools:add_columns(columns, kind, names)
  for _, name in ipairs(names) do columns[#columns + 1] = self:column(name, kind) end
end

-- Of a column in which no row has a value there is no sum, rather than one of zero.
local function add_up(zero, rows, name)
  local sum
  for _, row in ipairs(rows) do
    local value = row[name]
    if value ~= nil then sum = (sum or zero) + value end
  end
  return sum or #rows == 0 and zero or nil
end

---The row of sums of a sheet: of all columns of money and counts, but for those whose `sum` is false.
---@param columns tallystick.Column[]
---@param rows table[]
---@return table
function Tools:sums(columns, rows)
  local sums, zeros = {}, { money = self.zero, count = 0 }
  for _, column in ipairs(columns) do
    local zero = zeros[column.kind]
    if zero and column.sum ~= false then sums[column.name] = add_up(zero, rows, column.name) end
  end
  return sums
end

---@param name string
---@param columns tallystick.Column[]
---@param rows table[]
---@param has_sum? boolean default true
---@return tallystick.Sheet
function Tools:sheet(name, columns, rows, has_sum)
  return {
    name = name, title = self:word("sheet_" .. name), columns = columns, rows = rows,
    sum = has_sum ~= false and self:sums(columns, rows) or nil,
  }
end

---The words of the values of a column, for people: the values themselves are ids.
---@param rows table[]
---@param name string
---@param word fun(value: string): string
---@return table<string, string>
function Tools.labels_of(rows, name, word)
  local words = {}
  for _, row in ipairs(rows) do
    local value = row[name]
    if value and not words[value] then words[value] = word(value) end
  end
  return words
end

---@param name string
---@param value any
---@param kind? string
---@return table fact
function Tools:fact(name, value, kind)
  return { name = name, title = self:word(name), value = value, kind = kind }
end

---Puts a report together: what every report says of itself is added to its facts.
---A fact without a value is left out.
---@param report table name, title, facts, sheets, charts, notes
---@return tallystick.report.Report
function Tools:report(report)
  local facts = {}
  for _, fact in ipairs(report.facts) do
    if fact.value ~= nil then facts[#facts + 1] = fact end
  end
  facts[#facts + 1] = self:fact("currency", self.zero.currency)
  facts[#facts + 1] = self:fact("made_at", self.now, "time")
  facts[#facts + 1] = self:fact("entry", self.head.seq, "count")
  facts[#facts + 1] = self:fact("hash", self.head.hash)
  report.facts, report.lang, report.currency = facts, self.lang, self.zero.currency
  report.charts, report.notes = report.charts or {}, report.notes or {}
  return report
end

return tools
