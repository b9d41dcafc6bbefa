-- remaining.lua - what remains on a document at the point of the journal that a walk has come to. A document's
-- receivable account says it: invoicing moves what remained on a consultation to its invoice.
local postings = require "tallystick.export.postings"

-- Documents are paid soon after they are made, so the latest few thousand are kept; others are read again.
local KEPT_MAX = 4096

---@class tallystick.export.Remaining
---@field private ledger tallystick.Ledger
---@field private young table<string, integer> minor units by number
---@field private old table<string, integer> those before, until they are young again
---@field private count integer of the young
local Remaining = {}
Remaining.__index = Remaining

local remaining = {}

---@param ledger tallystick.Ledger
---@return tallystick.export.Remaining
function remaining.new(ledger)
  return setmetatable({ ledger = ledger, young = {}, old = {}, count = 0 }, Remaining)
end

local function keep(self, number, minor)
  if self.young[number] == nil then
    if self.count >= KEPT_MAX then self.young, self.old, self.count = {}, self.young, 0 end
    self.count = self.count + 1
  end
  self.young[number] = minor
end

local function move(self, account, minor)
  if account.class ~= "receivable" then return end
  local before = self.young[account.key] or self.old[account.key]
  if before then keep(self, account.key, before + minor) end
end

-- Where an act makes a document, nothing remains on it before.
local function made_by(entry)
  if entry.seq ~= entry.act then return nil end
  if entry.command == "consultation" then return entry.document end
  return entry.command == "invoice" and (entry.counter_document or entry.document) or nil
end

---Takes the next entry of the walk.
---@param entry tallystick.Entry
function Remaining:take(entry)
  local made = made_by(entry)
  if made then keep(self, made, 0) end
  local posting = postings.of(self.ledger, entry)
  if not posting then return end
  move(self, posting.debit, posting.amount.minor)
  move(self, posting.credit, -posting.amount.minor)
end

---Reads what remained on a document after an entry; nothing where it was made later, or not open then.
---@param ledger tallystick.Ledger
---@param number string
---@param seq integer
---@return integer minor units
function remaining.at(ledger, number, seq)
  local sum = 0
  for entry in ledger:entries { document = number } do
    if entry.seq > seq then break end
    local posting = postings.of(ledger, entry)
    for side, sign in pairs { debit = 1, credit = -1 } do
      local account = posting and posting[side]
      if account and account.class == "receivable" and account.key == number then
        sum = sum + sign * posting.amount.minor
      end
    end
  end
  return sum
end

---Gives what remains on a document now, after the entries taken.
---@param number string
---@param seq integer the last entry taken
---@return integer minor units
function Remaining:of(number, seq)
  local kept = self.young[number] or self.old[number]
  if kept then return kept end
  local read = remaining.at(self.ledger, number, seq)
  keep(self, number, read)
  return read
end

return remaining
