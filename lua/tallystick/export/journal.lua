-- journal.lua - what the journals of all accounting programs share: one transaction for each entry that moves money,
-- between two accounts, both amounts written out; an account is declared before it is first used.
local accounts = require "tallystick.export.accounts"
local postings = require "tallystick.export.postings"

local journal = {}

---What beside date, accounts and amount a transaction carries, and the entry's field that has it.
---@type { [1]: string, [2]: string }[]
journal.tags = {
  { "seq", "seq" }, { "act", "act" }, { "number", "number" }, { "document", "document" },
  { "counter-document", "counter_document" }, { "patient", "patient" }, { "counter-patient", "counter_patient" },
  { "type", "type" }, { "group", "group" }, { "actor", "actor" }, { "reference", "reference" }, { "refers", "refers" },
}

---Free text may say anything of anybody: only where it is asked for.
---@type { [1]: string, [2]: string }[]
journal.note_tags = { { "label", "label" }, { "reason", "reason" }, { "note", "note" } }

---How one program's journal is written.
---@class tallystick.export.Syntax
---@field name string of the program
---@field first string the first day that it can read
---@field last string the last one
---@field head fun(info: tallystick.Info, sample: string): string with a sample amount, as decimals
---@field declare fun(account: string, currency: string): string
---@field transaction fun(moved: tallystick.export.Moved): string

---What a transaction is written of.
---@class tallystick.export.Moved
---@field entry tallystick.Entry
---@field debit string the account's name
---@field credit string
---@field amount tallystick.Money
---@field tags { [1]: string, [2]: string|integer }[] names with what they hold

---@class tallystick.export.Journal : tallystick.export.Writing
---@field private syntax tallystick.export.Syntax
---@field private declared table<string, boolean>
local Journal = {}
Journal.__index = Journal

---@param syntax tallystick.export.Syntax
---@return table format with the function `start`
function journal.format(syntax)
  return {
    start = function(ledger, options, info)
      return setmetatable({
        count = 0, syntax = syntax, ledger = ledger, info = info, notes = options.notes, declared = {},
        names = accounts.new(ledger, options.detail),
      }, Journal)
    end,
  }
end

function Journal:head()
  return self.syntax.head(self.info, assert(self.ledger:money "1000"):decimal())
end

function Journal.finish()
  return ""
end

local function add_tags(tags, entry, named)
  for _, tag in ipairs(named) do
    local value = entry[tag[2]]
    if value ~= nil then tags[#tags + 1] = { tag[1], value } end
  end
end

local function declare(self, account)
  if self.declared[account] then return "" end
  self.declared[account] = true
  return self.syntax.declare(account, self.info.currency)
end

local function refuse_day(syntax, entry)
  return nil, ("day: entry %d is of %s, which %s cannot read; export from %s to %s, or as CSV"):format(entry.seq,
    entry.day, syntax.name, syntax.first, syntax.last), "date-invalid", { field = "day", value = entry.day }
end

function Journal:entry(entry)
  local posting = postings.of(self.ledger, entry)
  if not posting or posting.amount.minor == 0 then return "" end
  local syntax = self.syntax
  if entry.day < syntax.first or entry.day > syntax.last then return refuse_day(syntax, entry) end
  local tags = {}
  add_tags(tags, entry, journal.tags)
  if self.notes then add_tags(tags, entry, journal.note_tags) end
  local debit, credit = self.names:of(posting.debit), self.names:of(posting.credit)
  self.count = self.count + 1
  return declare(self, debit) .. declare(self, credit) .. syntax.transaction {
    entry = entry, debit = debit, credit = credit, amount = posting.amount, tags = tags,
  }
end

-- ---- What hledger and ledger share ----

local function percent(char)
  return (char:gsub(".", function(byte) return ("%%%02X"):format(byte:byte()) end))
end

-- What these programs take for space at the ends of a text, and drop.
local SPACES = {
  " ", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80[\x80-\x8A\xA8\xA9\xAF]", "\xE2\x81\x9F", "\xE3\x80\x80",
}

-- Neither program can quote within a comment. A comma ends a tag of hledger's, a bracket begins a date of ledger's, a
-- line end ends the comment, and space at the ends is dropped: these are written as "%" and two hexadecimal digits.
local function tag_text(value)
  value = tostring(value):gsub("[\0-\31\127,%[%%]", percent):gsub("\xC2[\x80-\x9F]", percent)
  for _, space in ipairs(SPACES) do value = value:gsub("^" .. space, percent):gsub(space .. "$", percent) end
  return value
end

---Writes a transaction as hledger and ledger read it. Its description has words and numbers of the ledger's only.
---@param moved tallystick.export.Moved
---@return string
function journal.plain_transaction(moved)
  local entry, lines = moved.entry, {}
  local code = entry.number and ("(%s) "):format(entry.number) or ""
  local document = entry.document and " " .. entry.document or ""
  lines[1] = ("\n%s * %s%s%s"):format(entry.day, code, entry.kind, document)
  for _, tag in ipairs(moved.tags) do lines[#lines + 1] = ("    ; %s: %s"):format(tag[1], tag_text(tag[2])) end
  local currency = moved.amount.currency
  lines[#lines + 1] = ("    %-40s  %12s %s"):format(moved.debit, moved.amount:decimal(), currency)
  lines[#lines + 1] = ("    %-40s  %12s %s\n"):format(moved.credit, (-moved.amount):decimal(), currency)
  return table.concat(lines, "\n")
end

---Declares all tags, one a line.
---@return string
function journal.plain_tags()
  local lines = {}
  for _, list in ipairs { journal.tags, journal.note_tags } do
    for _, tag in ipairs(list) do lines[#lines + 1] = "tag " .. tag[1] .. "\n" end
  end
  return table.concat(lines)
end

---Says of which ledger a journal is.
---@param info tallystick.Info
---@return string
function journal.plain_title(info)
  return ("; The journal of the ledger %s up to entry %d, by Tallystick %s\n"):format(info.id, info.entries,
    info.version)
end

return journal
