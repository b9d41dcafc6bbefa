-- csv.lua - the journal as comma-separated values: every entry with every field, a row each.
local csv = require "tallystick.csv"
local json = require "tallystick.json"
local postings = require "tallystick.export.postings"

-- The columns in their order: an entry's field, or what is made of it and its accounts.
local COLUMNS = {
  "seq", "act", "kind", "command", "day", "at", "recorded_at", "number", "document", "counter_document", "patient",
  "counter_patient", "type", "type_version", "debit", "debit_key", "credit", "credit_key", "amount", "currency",
  "actor", "group", "reference", "tendered", "due", "label", "reason", "note", "key", "refers", "fields",
  "script_version", "hash",
}

local FREE_TEXT = { label = true, reason = true, note = true }

local MADE = {
  debit = function(_, posting) return posting.debit.class end,
  debit_key = function(_, posting) return posting.debit.key end,
  credit = function(_, posting) return posting.credit.class end,
  credit_key = function(_, posting) return posting.credit.key end,
  currency = function(entry) return entry.amount.currency end,
  fields = function(entry) return entry.fields and json.encode(entry.fields) end,
}

-- Stands for the posting of an entry that moves no money.
local NOWHERE = { debit = {}, credit = {} }

---@class tallystick.export.Csv : tallystick.export.Writing
local Csv = {}
Csv.__index = Csv

function Csv.head()
  return csv.line(COLUMNS)
end

function Csv.finish()
  return ""
end

function Csv:entry(entry)
  local posting, cells = postings.of(self.ledger, entry) or NOWHERE, {}
  for index, name in ipairs(COLUMNS) do
    if MADE[name] then cells[index] = MADE[name](entry, posting)
    elseif self.notes or not FREE_TEXT[name] then cells[index] = entry[name] end
  end
  self.count = self.count + 1
  return csv.line(cells, #COLUMNS)
end

return {
  start = function(ledger, options)
    return setmetatable({ count = 0, ledger = ledger, notes = options.notes }, Csv)
  end,
}
