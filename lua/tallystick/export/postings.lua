-- postings.lua - between which two accounts an entry moves how much (design.md §4), and what they come to.
local accounts = require "tallystick.export.accounts"
local keys = require "tallystick.keys"

local postings = {}

---An account of the ledger: a class, and a key where the class has many.
---@class tallystick.export.Account
---@field class string such as "receivable"
---@field key? string of receivable the document, of tender the payment type, of patient credit the patient
---@field type? string the payment type by which the entry was made, where its account decides
---@field version? integer of that type

---@class tallystick.export.Posting
---@field debit tallystick.export.Account
---@field credit tallystick.export.Account
---@field amount tallystick.Money

-- Which side of a kind is not the entry's own document or patient, but the counter one.
local COUNTER_SIDE = { invoicing = "debit", release = "credit", transfer = "credit" }

local function by_type(class)
  return function(entry) return { class = class, key = entry.type, type = entry.type, version = entry.type_version } end
end

-- The classes that stand alone, but whose payment type may name the accountant's account for them.
local function alone_by_type(class)
  return function(entry) return { class = class, type = entry.type, version = entry.type_version } end
end

local function alone(class)
  return function() return { class = class } end
end

---How the account of a class is told from an entry and whether the counter document or patient is meant.
---@type table<string, fun(entry: tallystick.Entry, counter: boolean): tallystick.export.Account>
local ACCOUNT = {
  receivable = function(entry, counter)
    return { class = "receivable", key = counter and entry.counter_document or entry.document }
  end,
  ["patient credit"] = function(entry, counter)
    return { class = "patient credit", key = counter and entry.counter_patient or entry.patient }
  end,
  tender = by_type "tender",
  discounts = alone_by_type "discounts",
  losses = alone_by_type "losses",
  income = alone "income",
  rounding = alone "rounding",
  ["over/short"] = alone "over/short",
}

---Reads one entry.
---@param ledger tallystick.Ledger
---@param seq integer
---@return tallystick.Entry?
function postings.entry_at(ledger, seq)
  local step, state, control, cursor <close> = ledger:entries { from_seq = seq }
  local entry = step(state, control)
  return entry and entry.seq == seq and entry or nil
end

local function accounts_of(entry)
  local counter = COUNTER_SIDE[entry.kind]
  return ACCOUNT[entry.debit](entry, counter == "debit"), ACCOUNT[entry.credit](entry, counter == "credit")
end

---Gives what an entry moves; nil for one of a kind that moves no money. A reversal moves between the accounts of its
---original, the other way round; the original is read for it.
---@param ledger tallystick.Ledger
---@param entry tallystick.Entry as ledger:entries gives it
---@return tallystick.export.Posting?
function postings.of(ledger, entry)
  if not entry.debit then return nil end
  if entry.kind ~= "reversal" then
    local debit, credit = accounts_of(entry)
    return { debit = debit, credit = credit, amount = entry.amount }
  end
  local debit, credit = accounts_of(assert(postings.entry_at(ledger, entry.refers), "a reversal has an original"))
  return { debit = credit, credit = debit, amount = entry.amount }
end

-- ---- Balances ----

-- How much of a day names its period.
local PERIOD_BYTES = { day = 10, month = 7, year = 4 }

---@class tallystick.export.Balance
---@field period string such as "2026-03"
---@field account string as the exports name it
---@field balance tallystick.Money at the period's end

local function overflow(account)
  return nil, ("amount: the balance of %s would leave 64-bit minor units"):format(account), "amount-overflow",
    { account = account }
end

local function add(sums, account, minor)
  local before = sums[account] or 0
  local sum = before + minor
  if (before ~ sum) & (minor ~ sum) < 0 then return nil end
  sums[account] = sum
  return true
end

-- What each period moved on each account: by period, then by account.
local function movements(ledger, names, bytes)
  local periods = {}
  for entry in ledger:entries {} do
    local posting = postings.of(ledger, entry)
    if posting and posting.amount.minor ~= 0 then
      local period = entry.day:sub(1, bytes)
      local sums = periods[period] or {}
      periods[period] = sums
      local debit, credit = names:of(posting.debit), names:of(posting.credit)
      if not add(sums, debit, posting.amount.minor) then return overflow(debit) end
      if not add(sums, credit, -posting.amount.minor) then return overflow(credit) end
    end
  end
  return periods
end

-- The smallest amount of the ledger's currency: what minor units are multiples of.
local function unit_of(ledger)
  local one = assert(ledger:money "1"):decimal():gsub("1", "0")
  return assert(ledger:money((one:gsub("0$", "1"))))
end

---Folds the journal: the balance of every account at the end of every period in which something moved. Debits are
---positive. Codes: `field-invalid`, `amount-overflow`.
---@param ledger tallystick.Ledger
---@param options? { by: "month"|"day"|"year"|nil, detail: "class"|"document"|nil }
---@return tallystick.export.Balance[]? rows by period, then by account
---@return string? message
---@return string? code
---@return tallystick.Details? details
function postings.balances(ledger, options)
  local by = options and options.by or "month"
  local bytes = PERIOD_BYTES[by]
  if not bytes then
    return nil, ("by: %s is no period; give day, month or year"):format(tostring(by)), "field-invalid",
      { field = "by", value = tostring(by) }
  end
  local names = accounts.new(ledger, options and options.detail)
  local periods, message, code, details = movements(ledger, names, bytes)
  if not periods then return nil, message, code, details end
  local unit, sums, rows = unit_of(ledger), {}, {}
  for _, period in ipairs(keys(periods)) do
    for account, moved in pairs(periods[period]) do
      if not add(sums, account, moved) then return overflow(account) end
    end
    for _, account in ipairs(keys(sums)) do
      rows[#rows + 1] = { period = period, account = account, balance = unit * sums[account] }
    end
  end
  return rows
end

return postings
