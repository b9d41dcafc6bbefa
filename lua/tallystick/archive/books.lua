-- books.lua - the books of a period in open formats: the journal, the journals of accounting programs with the balances
-- at the period's start, the balances of every account, closings and payment types.
local accounts = require "tallystick.export.accounts"
local bundle = require "tallystick.archive.bundle"
local csv = require "tallystick.csv"
local export = require "tallystick.export"
local json = require "tallystick.json"
local keys = require "tallystick.keys"
local labels = require "tallystick.labels"
local postings = require "tallystick.export.postings"

local books = {}

local need = bundle.need

---What an archive is made of.
---@class tallystick.archive.Period
---@field ledger tallystick.Ledger a copy that nobody writes to
---@field info tallystick.Info
---@field from string
---@field to string
---@field progress fun(label: string, done: integer, total: integer)

-- How often progress is told.
local PROGRESS_EVERY = 1000

-- Walks the journal up to a day, and tells how far it is.
local function entries_until(period, label)
  local read, state, first, cursor = period.ledger:entries {}
  return function(_, entry)
    repeat
      entry = read(state, entry)
      if entry and entry.seq % PROGRESS_EVERY == 0 then period.progress(label, entry.seq, period.info.entries) end
    until not entry or entry.day <= period.to
    return entry
  end, nil, first, cursor
end

-- ---- The journal ----

local ENTRY_FIELDS = {
  "seq", "act", "kind", "command", "day", "at", "recorded_at", "number", "document", "counter_document", "patient",
  "counter_patient", "type", "type_version", "debit", "credit", "amount", "tendered", "actor", "group", "reference",
  "due", "label", "reason", "note", "key", "refers", "fields", "script_version", "hash",
}

---Writes each entry of the period as one line of JSON. Gives how many there are, and the first and last.
---@param period tallystick.archive.Period
---@param put fun(piece: string): true
---@return { entries: integer, first_seq: integer?, last_seq: integer? }
function books.write_entries(period, put)
  local found = { entries = 0 }
  for entry in entries_until(period, "writing the journal") do
    if entry.day >= period.from then
      found.entries, found.first_seq, found.last_seq = found.entries + 1, found.first_seq or entry.seq, entry.seq
      put(json.encode(entry, ENTRY_FIELDS) .. "\n")
    end
  end
  return found
end

---Writes an export of the period, or of the whole ledger for the command log.
---@param period tallystick.archive.Period
---@param format string
---@param put fun(piece: string): true
---@return boolean done
---@return string? message why it cannot be written in this format
function books.write_export(period, format, put)
  local whole = format == "log"
  local done, message, code, details = export.write(period.ledger, {
    format = format, from = not whole and period.from or nil, to = not whole and period.to or nil,
    notes = not whole and true or nil,
    progress = function(seq, all) period.progress("writing " .. format, seq, all) end,
  }, put)
  if done then return true end
  -- A format that cannot express something of these books says so; the others hold it all the same.
  if code == "full" or code == "io-error" then bundle.fail(message, code, details) end
  return false, message
end

-- ---- Balances ----

---One account of the ledger, with what moved on it. Debits are positive.
---@class tallystick.archive.Balance
---@field class string
---@field key string document, payment type or patient; empty where the class stands alone
---@field account string what the exports call it
---@field opening tallystick.Money
---@field debits tallystick.Money in the period
---@field credits tallystick.Money in the period

local function account_row(rows, account, names, zero)
  local key = account.key or account.type or ""
  local id = account.class .. "\0" .. key .. "\0" .. (account.version or "")
  local row = rows[id]
  if not row then
    row = { class = account.class, key = key, account = names:of(account) }
    row.opening, row.debits, row.credits = zero, zero, zero
    rows[id] = row
  end
  return row
end

-- Accounts that are told apart by the version of their payment type are one row, where they are called the same.
local function merged(rows)
  local list, places = {}, {}
  for _, row in pairs(rows) do
    local id = row.class .. "\0" .. row.key .. "\0" .. row.account
    local same = places[id]
    if same then
      same.opening, same.debits, same.credits = same.opening + row.opening, same.debits + row.debits,
        same.credits + row.credits
    else
      list[#list + 1], places[id] = row, row
    end
  end
  table.sort(list, function(one, other)
    if one.class ~= other.class then return one.class < other.class end
    if one.key ~= other.key then return one.key < other.key end
    return one.account < other.account
  end)
  return list
end

---Folds the journal up to the period's end: the balance of every account at its start, and what moved in it.
---@param period tallystick.archive.Period
---@return tallystick.archive.Balance[]
function books.balances(period)
  local rows, names, zero = {}, accounts.new(period.ledger), need(period.ledger:money "0")
  for entry in entries_until(period, "balancing the accounts") do
    local posting = postings.of(period.ledger, entry)
    if posting then
      local debit = account_row(rows, posting.debit, names, zero)
      local credit = account_row(rows, posting.credit, names, zero)
      if entry.day < period.from then
        debit.opening, credit.opening = debit.opening + posting.amount, credit.opening - posting.amount
      else
        debit.debits, credit.credits = debit.debits + posting.amount, credit.credits + posting.amount
      end
    end
  end
  return merged(rows)
end

---Writes the balances: those of each document, payment type and patient that are not zero throughout.
---@param balances tallystick.archive.Balance[]
---@param put fun(piece: string): true
function books.write_balances(balances, put)
  put(csv.line { "class", "key", "account", "opening", "debits", "credits", "closing" })
  for _, row in ipairs(balances) do
    local closing = row.opening + row.debits - row.credits
    if row.opening.minor ~= 0 or row.debits.minor ~= 0 or row.credits.minor ~= 0 then
      put(csv.line { row.class, row.key, row.account, row.opening, row.debits, row.credits, closing })
    end
  end
end

-- ---- The opening in the journals of accounting programs ----

-- What was earned and spent before the period is no matter of its own result.
local CARRIED = { Assets = true, Liabilities = true, Equity = true }
local OPENING = "Equity:Opening"

local PLAIN = {
  declared = "\naccount (%S+)", declare = "\naccount %s\n", first = '\n%s * opening balances\n',
  posting = "    %-40s  %12s %s\n",
}

---How each program is told of the balances at the start.
local SYNTAX = {
  hledger = PLAIN, ledger = PLAIN,
  beancount = { declared = "\n[%d-]+ open (%S+) ", declare = "\n1700-01-01 open %s\n",
    first = '\n%s * "opening balances"\n', posting = "  %-40s  %12s %s\n" },
}

---The balances at the period's start by account, as one transaction of several amounts; what was earned and spent
---before stands in one of them.
---@param balances tallystick.archive.Balance[]
---@return { account: string, amount: tallystick.Money }[]
function books.opening(balances)
  local sums, names = {}, {}
  for _, row in ipairs(balances) do
    local name = CARRIED[row.account:match "^[^:]*"] and row.account or OPENING
    if not sums[name] then names[#names + 1] = name end
    sums[name] = sums[name] and sums[name] + row.opening or row.opening
  end
  table.sort(names)
  local opening = {}
  for _, name in ipairs(names) do
    if sums[name].minor ~= 0 then opening[#opening + 1] = { account = name, amount = sums[name] } end
  end
  return opening
end

local function opening_text(syntax, period, opening, declared)
  if #opening == 0 then return "" end
  local lines = {}
  for _, row in ipairs(opening) do
    if not declared[row.account] then lines[#lines + 1] = syntax.declare:format(row.account) end
  end
  lines[#lines + 1] = syntax.first:format(period.from)
  for _, row in ipairs(opening) do
    lines[#lines + 1] = syntax.posting:format(row.account, row.amount:decimal(), period.info.currency)
  end
  return table.concat(lines)
end

---Writes the journal of an accounting program, which stands alone: the balances at the start are its last transaction,
---dated by the first day, so that every account is declared above it.
---@param period tallystick.archive.Period
---@param format "hledger"|"ledger"|"beancount"
---@param opening { account: string, amount: tallystick.Money }[]
---@param put fun(piece: string): true
---@return boolean done
---@return string? message
function books.write_journal(period, format, opening, put)
  local syntax, declared = SYNTAX[format], {}
  local done, message = books.write_export(period, format, function(piece)
    for account in piece:gmatch(syntax.declared) do declared[account] = true end
    return put(piece)
  end)
  if done then put(opening_text(syntax, period, opening, declared)) end
  return done, message
end

-- ---- Closings and payment types ----

local function is_of_period(closing, period)
  return closing.through >= period.from and (closing.from or "") <= period.to
end

---Writes the closings that sealed days of the period, with the heads that they had.
---@param period tallystick.archive.Period
---@param put fun(piece: string): true
function books.write_closings(period, put)
  put(csv.line { "from", "through", "closed_at", "actor", "seq", "hash", "type", "expected", "counted", "variance" })
  for _, closing in ipairs(need(period.ledger:closings())) do
    if is_of_period(closing, period) then
      local ids = keys(closing.counted)
      for index = 1, math.max(#ids, 1) do
        local id = ids[index]
        local count = closing.counted[id] or {}
        put(csv.line({ closing.from, closing.through, closing.recorded_at, closing.actor, closing.head.seq,
          closing.head.hash, id, count.expected, count.counted, count.variance }, 10))
      end
    end
  end
end

---Writes the payment types in force.
---@param period tallystick.archive.Period
---@param put fun(piece: string): true
function books.write_types(period, put)
  put(csv.line { "id", "label", "effect", "account", "version", "retired" })
  for _, one in ipairs(need(period.ledger:types())) do
    put(csv.line({ one.id, labels.type(one, period.info.language), one.effect, one.account, one.version,
      one.retired and "yes" or "no" }, 6))
  end
end

return books
