-- report/statement.lua - a patient's account: every entry that moves what the patient owes or has on credit.
--
-- The balance is what is owed less what is on credit: above zero the patient owes, below zero the clinic does. An entry
-- moves it by its accounts: a receivable or the patient's credit that it debits goes up, one that it credits goes down.
local labels = require "tallystick.labels"
local options = require "tallystick.report.options"
local tools = require "tallystick.report.tools"

local KNOWN = {
  patient = { kind = "name", required = true }, from = { kind = "day" }, to = { kind = "day" },
  lang = { kind = "lang" },
}

local RECEIVABLE, CREDIT, SWAPPED = "receivable", "patient credit", "swapped"

-- Whose credit an entry takes from and gives to: it differs in a transfer only.
local function is_own(entry, class, side, patient)
  if class == RECEIVABLE then return true end
  if class ~= CREDIT then return false end
  local holder = side == "credit" and entry.counter_patient or entry.patient
  return holder == patient
end

-- What an entry puts on the patient's account, and takes from it. What does both leaves the balance as it is.
local function sides_of(entry, patient)
  return is_own(entry, entry.debit, "debit", patient), is_own(entry, entry.credit, "credit", patient)
end

-- Invoicing moves what is owed from one document of the patient to another: nothing is moved for the patient.
local function moves_nothing(entry)
  return entry.amount.minor == 0 or entry.debit == RECEIVABLE and entry.credit == RECEIVABLE
end

local function row_of(entry, debits, credits)
  return {
    seq = entry.seq, day = entry.day, number = entry.number, document = entry.document, kind = entry.kind,
    type = entry.type, text = entry.label or entry.reason, debit = debits and entry.amount or nil,
    credit = credits and entry.amount or nil,
  }
end

-- A reversal is its original the other way round. The original was made before, for the same patient.
local function reversal_row(entry, originals)
  local original = originals[entry.refers]
  local row = row_of(entry, original.credits, original.debits)
  row.reverses, row.type = original.number, row.type or original.type
  return row
end

-- The rows in the order of the journal. Numbers stand on an act's first entry alone, and hold for all of it.
local function walk(ledger, patient)
  local rows, originals, act, number = {}, {}, nil, nil
  for entry in ledger:entries { patient = patient } do
    if entry.act ~= act then act, number = entry.act, nil end
    number = entry.number or number
    if moves_nothing(entry) then goto continue end
    if entry.debit == SWAPPED then
      rows[#rows + 1] = reversal_row(entry, originals)
    else
      local debits, credits = sides_of(entry, patient)
      local row = row_of(entry, debits, credits)
      row.number = number
      rows[#rows + 1] = row
      originals[entry.seq] = { debits = debits, credits = credits, number = number, type = entry.type }
    end
    ::continue::
  end
  return rows
end

local function movement(row, zero)
  return (row.debit or zero) - (row.credit or zero)
end

-- By business day, within a day as they were recorded. Gives those of the period, and the balances around them.
local function cut(made, rows, from, to)
  table.sort(rows, function(one, other)
    if one.day ~= other.day then return one.day < other.day end
    return one.seq < other.seq
  end)
  local kept, opening, balance = {}, made.zero, made.zero
  for _, row in ipairs(rows) do
    if row.day <= to then
      balance = balance + movement(row, made.zero)
      row.balance = balance
      if from and row.day < from then opening = balance else kept[#kept + 1] = row end
    end
  end
  return kept, opening, balance
end

local function account_sheet(made, rows, closing)
  local kinds = made.labels_of(rows, "kind", function(kind) return labels.get(made.lang, "kind", kind) end)
  kinds.opening = made:word "opening"
  local columns = {
    made:column("day", "day"), made:column("number"), made:column("document"),
    made:column("kind", nil, { title = made:word "what", labels = kinds }),
    made:column("type", nil, { labels = made.labels_of(rows, "type", function(id) return made:type_label(id) end) }),
    made:column("text", nil, { flex = true }), made:column("reverses"),
  }
  made:add_columns(columns, "money", { "debit", "credit" })
  columns[#columns + 1] = made:column("balance", "money", { sum = false })
  local sheet = made:sheet("account", columns, rows)
  sheet.sum.balance = closing
  return sheet
end

local function build(made, asked)
  local known, message, code, details = made.ledger:patient(asked.patient)
  if not known then return nil, message, code, details end
  local to = asked.to or made.today
  local rows, opening, closing = cut(made, walk(made.ledger, asked.patient), asked.from, to)
  if asked.from then table.insert(rows, 1, { day = asked.from, kind = "opening", balance = opening }) end
  return made:report {
    name = "statement", title = made:word("title_statement", asked.patient),
    facts = {
      made:fact("patient", asked.patient), made:fact("from", asked.from, "day"), made:fact("to", to, "day"),
      made:fact("opening", opening, "money"), made:fact("balance", closing, "money"),
    },
    sheets = { account_sheet(made, rows, closing) }, notes = { made:word "note_balance" },
  }
end

---A patient's account with a running balance: all of it, or a period of it. Errors: `field-unknown`, `field-missing`,
---`field-invalid`, `date-invalid`, `patient-unknown`, `amount-overflow`, `busy`.
---@param ledger tallystick.Ledger
---@param asked { patient: string, from?: tallystick.Day, to?: tallystick.Day, lang?: string }
---@return tallystick.report.Report? report
---@return string? message
---@return string? code
---@return table? details
return function(ledger, asked)
  local checked, message, code, details = options.check("statement", KNOWN, asked, ledger)
  if not checked then return nil, message, code, details end
  local whole
  whole, message, code, details = options.check_period(checked)
  if not whole then return nil, message, code, details end
  return tools.build(ledger, checked.lang, function(made) return build(made, checked) end)
end
