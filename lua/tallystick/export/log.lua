-- log.lua - the command log (design.md §10) of a ledger: one command for each act, so that a replay into an empty
-- ledger gives the same documents, payments, totals, credits and closings. What cannot be told is refused or reported.
local commands = require "tallystick.export.commands"
local company = require "tallystick.export.company"
local json = require "tallystick.json"
local remaining = require "tallystick.export.remaining"
local rules = require "tallystick.export.rules"

-- The order in which a command's fields are written.
local ORDER = {
  "op", "number", "document", "documents", "payment", "patient", "from", "to", "consultations", "amount", "type",
  "group", "reference", "tendered", "fields", "reopen", "due", "through", "counted", "label", "reason", "note", "at",
  "actor", "roles", "key",
}

-- Commands that name a payment type which must be in use, beside those that settle.
local NAME_A_TYPE = { refund = true, deposit = true, withdraw = true }

---What the log leaves out, and what may keep a replay from giving the same.
---@class tallystick.export.Report
---@field left_out table<string, integer> entries that move no money, by kind: stages and prints
---@field split integer corrections told as a reversal and a payment, as their parts have different times
---@field erased integer commands whose reason was erased
---@field warnings tallystick.export.Warning[]

---@class tallystick.export.Log : tallystick.export.Writing
---@field report tallystick.export.Report
---@field private entries tallystick.Entry[] of the act that is being read
---@field private payments integer numbers given so far
local Log = {}
Log.__index = Log

-- What was counted at each closing, by its entry: the journal's entries do not tell it.
local function counted_at(ledger)
  local by_seq
  return function(seq)
    if not by_seq then
      by_seq = {}
      for _, closing in ipairs(assert(ledger:closings())) do
        for type_id, count in pairs(closing.counted) do
          by_seq[closing.head.seq] = by_seq[closing.head.seq] or {}
          by_seq[closing.head.seq][type_id] = count.counted
        end
      end
    end
    return by_seq[seq]
  end
end

-- What a closing counted, and whether a replay knows the types.
local function counted(self, entry)
  local found = self.counted_at(entry.seq)
  for id in pairs(found or {}) do self.rules:expect(id, entry) end
  return found
end

local function start(ledger, _, info)
  local self = setmetatable({ count = 0, ledger = ledger, entries = {}, payments = 0 }, Log)
  self.rules, self.rests, self.counted_at = rules.new(ledger, info), remaining.new(ledger), counted_at(ledger)
  self.report = { left_out = {}, split = 0, erased = 0, warnings = self.rules.warnings }
  self.context = {
    ledger = ledger, report = self.report,
    counted = function(entry) return counted(self, entry) end,
    company = function(entries)
      return company.of(ledger, entries, self.rules:type_of(entries[1]), self.rests)
    end,
  }
  return self
end

function Log.head()
  return ""
end

local function refuse(entry, message, details)
  details.seq = tostring(entry.seq)
  return nil, ("entry %d: %s"):format(entry.seq, message), "refused", details
end

-- A replay numbers payments one after the other, by the format in force.
local function check_number(self, entry)
  if not entry.number then return true end
  self.payments = self.payments + 1
  local expected = self.rules.number_format:format(self.payments)
  if entry.number == expected then return true end
  return refuse(entry, ("payment %s would be %s in a replay; the script numbers payments otherwise than it did then")
    :format(entry.number, expected), { number = entry.number, expected = expected })
end

-- A replay finds the business day from the time, by its own time zone. A closing has the last day that it seals.
local function check_day(command)
  local entry = command.entry
  if command.op == "close_days" or entry.at:sub(1, #entry.day) == entry.day then return true end
  return refuse(entry, ("%s is not on %s, its business day; export in the time zone (TZ) of the clinic"):format(
    entry.at, entry.day), { at = entry.at, day = entry.day })
end

local function line_of(self, command, first)
  local fields, entry = command.fields, command.entry
  fields.op, fields.at, fields.actor = command.op, entry.at, entry.actor
  if #self.rules.roles > 0 then fields.roles = self.rules.roles end
  if fields.reason == commands.ERASED and not first.reason then self.report.erased = self.report.erased + 1 end
  self.count = self.count + 1
  return json.encode(fields, ORDER) .. "\n"
end

-- Of an act that is told as two commands, the second has the note and the key.
local function lines_of(self, list, first)
  local lines = {}
  for index, command in ipairs(list) do
    local dated, message, code, details = check_day(command)
    if not dated then return nil, message, code, details end
    if index == #list then command.fields.note, command.fields.key = first.note, first.key end
    lines[index] = line_of(self, command, first)
  end
  return table.concat(lines)
end

-- Tells the act that was read.
local function tell(self)
  local entries, first = self.entries, self.entries[1]
  if not first then return "" end
  self.entries = {}
  local make = commands.makers[first.command]
  if not make then
    local left_out = self.report.left_out
    left_out[first.kind] = (left_out[first.kind] or 0) + #entries
    if first.kind == "stage" then self.rules:lose_stage(first) end
    return ""
  end
  if NAME_A_TYPE[first.command] then self.rules:type_of(first) end
  local list, message, code, details = make({ entries = entries, first = first }, self.context)
  if not list then return nil, message, code, details end
  return lines_of(self, list, first)
end

function Log:entry(entry)
  local text, message, code, details = "", nil, nil, nil
  if self.entries[1] and self.entries[1].act ~= entry.act then text, message, code, details = tell(self) end
  if not text then return nil, message, code, details end
  local numbered
  numbered, message, code, details = check_number(self, entry)
  if not numbered then return nil, message, code, details end
  self.rests:take(entry)
  self.entries[#self.entries + 1] = entry
  return text
end

function Log:finish()
  return tell(self)
end

return { start = start }
