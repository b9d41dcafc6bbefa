-- import/entry.lua - one booking of a bank's notification (Ntry of camt.054) made into credits: one for each of its
-- transactions, or one for the whole where it cannot be taken apart.
--
-- A transaction is known again by the reference that the bank gave it (AcctSvcrRef) on its account. Messages, their ids
-- and their order do not count: the same booking may come in another file. NtryRef does not count either: Swiss banks
-- write the collecting account there. Where a transaction of a batch has no reference of its own, what it says stands
-- in for one, beside the reference of the booking; equal ones are numbered.
local credit = require "tallystick.import.credit"
local xml = require "tallystick.import.xml"

local entry = {}

local text, at, all = xml.text, xml.at, xml.all

-- ---- What a transaction says ----

local function append(list, value)
  if value then list[#list + 1] = credit.clean(value) end
end

-- The day of a date or an instant, as the bank writes it; whether it exists is the ledger's to say.
local function day_of(node, path)
  local day = text(node, path .. "/Dt") or text(node, path .. "/DtTm")
  return day and day:match "^%d%d%d%d%-%d%d%-%d%d"
end

local function type_of(structured)
  local choice = at(structured, "CdtrRefInf/Tp/CdOrPrtry")
  return text(choice, "Cd") or text(choice, "Prtry")
end

-- The references and the free text of a node's remittance information.
local function read_remittance(node, references, texts)
  local remittance = at(node, "RmtInf")
  for _, free in ipairs(all(remittance, "Ustrd")) do append(texts, free.text) end
  for _, structured in ipairs(all(remittance, "Strd")) do
    local named = text(structured, "CdtrRefInf/Ref")
    if named then references[#references + 1] = { text = credit.clean(named), type = type_of(structured) } end
    for _, document in ipairs(all(structured, "RfrdDocInf")) do append(texts, text(document, "Nb")) end
    for _, more in ipairs(all(structured, "AddtlRmtInf")) do append(texts, more.text) end
  end
end

-- The ids that the payer's side gave tell transactions of one batch apart, but do not name them. UETR is not among
-- them: the older versions have no place for it, and a transaction must say the same in each.
local ORIGINS = { "MsgId", "PmtInfId", "InstrId", "EndToEndId", "TxId" }

local function debtor_of(node)
  for _, path in ipairs { "RltdPties/Dbtr/Pty/Nm", "RltdPties/Dbtr/Nm", "RltdPties/UltmtDbtr/Pty/Nm",
    "RltdPties/UltmtDbtr/Nm" } do
    local name = text(node, path)
    if name then return credit.clean(name) end
  end
  return nil
end

---What is kept of a transaction until its booking ends.
---@class tallystick.import.Transaction
---@field line integer
---@field amount_text? string
---@field currency? string
---@field direction? string
---@field id? string
---@field returned boolean
---@field references tallystick.import.NamedReference[]
---@field texts string[]
---@field origins string[]
---@field debtor? string

---Reads a transaction (TxDtls).
---@param node tallystick.import.Node
---@return tallystick.import.Transaction
function entry.transaction(node)
  -- Version 02 has no amount of the transaction itself, and others may leave it out.
  local amount = at(node, "Amt") or at(node, "AmtDtls/TxAmt/Amt")
  local references, texts, origins = {}, {}, {}
  read_remittance(node, references, texts)
  append(texts, text(node, "AddtlTxInf"))
  for index, name in ipairs(ORIGINS) do origins[index] = text(node, "Refs/" .. name) or "" end
  return {
    line = node.line, amount_text = amount and amount.text, currency = amount and amount.attributes.Ccy,
    direction = text(node, "CdtDbtInd"), id = text(node, "Refs/AcctSvcrRef"), returned = at(node, "RtrInf") ~= nil,
    references = references, texts = texts, origins = origins, debtor = debtor_of(node),
  }
end

-- ---- What a booking says ----

local function read_booking(node, account)
  local amount = at(node, "Amt")
  local texts = {}
  append(texts, text(node, "AddtlNtryInf"))
  local reversal = text(node, "RvslInd")
  return {
    line = node.line, account = account, amount_text = amount and amount.text,
    currency = amount and amount.attributes.Ccy,
    direction = text(node, "CdtDbtInd"), reversal = reversal == "true" or reversal == "1",
    -- The code stands in an element of its own from version 06 on.
    status = text(node, "Sts/Cd") or text(node, "Sts"),
    booked = day_of(node, "BookgDt"), valued = day_of(node, "ValDt"),
    id = text(node, "AcctSvcrRef"), texts = texts, batches = {},
  }
end

local function refusal(code, message, ...)
  return { code = code, message = message:format(...) }
end

-- Why nothing of a booking is a payment of a patient, in this order.
local function booking_refusal(booking)
  if booking.reversal then
    return refusal("reversal", "the bank takes back an earlier booking; see whether a payment must be reversed")
  end
  if booking.direction ~= "CRDT" then return refusal("debit", "the money went out, it did not come in") end
  if booking.status ~= "BOOK" then
    return refusal("not-booked", "the booking is %s, not BOOK; wait for the notification of the booking",
      booking.status and credit.clean(booking.status) or "without a status")
  end
  return nil
end

-- ---- Batches ----

local function count_of_batches(booking)
  local count
  for _, batch in ipairs(booking.batches) do
    local number = batch:find "^%d+$" and #batch <= 15 and math.tointeger(tonumber(batch))
    if not number then return -1 end
    count = (count or 0) + number
  end
  return count
end

-- Adds what a transaction brought to a sum of minor units; nil where the sum has no room.
local function add(sum, amount, direction)
  if not sum or not amount then return nil end
  local minor = direction == "DBIT" and -amount.minor or amount.minor
  if minor > 0 and sum > math.maxinteger - minor or minor < 0 and sum < math.mininteger - minor then return nil end
  return sum + minor
end

-- Why the transactions of a booking do not make up the whole of it, so that none can be trusted.
local function batch_refusal(booking, transactions)
  local count = count_of_batches(booking)
  if count and count ~= #transactions and (#transactions > 0 or count ~= 1) then
    return refusal("batch-mismatch", "the bank booked %s transactions together and gives the details of %d",
      count >= 0 and tostring(count) or "an unreadable number of", #transactions)
  end
  local whole, message = credit.decimal(booking.amount_text, booking.currency)
  if not whole then return refusal("amount-invalid", "%s", message) end
  local sum = 0
  for _, transaction in ipairs(transactions) do
    if transaction.currency and transaction.currency ~= booking.currency then
      return refusal("currency-other", "a transaction in %s is part of a booking in %s",
        credit.clean(transaction.currency), credit.clean(booking.currency or "no currency"))
    end
    local amount = not transaction.amount_text and #transactions == 1 and whole
      or credit.decimal(transaction.amount_text, transaction.currency)
    sum = add(sum, amount or nil, transaction.direction)
  end
  if #transactions == 0 or sum == whole.minor then return nil end
  return refusal("batch-mismatch", "the amounts of its transactions do not sum to %s, which the bank booked",
    whole:decimal())
end

-- ---- Keys ----

-- How often each reference stands in a booking: a bank may write the booking's own on every transaction.
local function count_ids(transactions)
  local counts = {}
  for _, transaction in ipairs(transactions) do
    if transaction.id then counts[transaction.id] = (counts[transaction.id] or 0) + 1 end
  end
  return counts
end

-- What went out or came back is told apart from what came in, so that it takes no number from that: the order of a
-- batch may differ from file to file.
local function content_of(transaction)
  local amount = credit.decimal(transaction.amount_text, transaction.currency)
  local fields = { amount and amount:decimal() or transaction.amount_text or "", transaction.currency or "",
    transaction.direction == "DBIT" and "out" or "in", transaction.returned and "back" or "" }
  for _, list in ipairs { transaction.origins, credit.texts_of(transaction.references), transaction.texts } do
    fields[#fields + 1] = tostring(#list)
    table.move(list, 1, #list, #fields + 1, fields)
  end
  return credit.digest(fields)
end

-- Gives a function that names each transaction of a booking: its id for people, and its key.
local function new_naming(booking, transactions)
  local counts, nth, account = count_ids(transactions), credit.counter(), booking.account or ""
  return function(transaction)
    local own = transaction.id
    if own and counts[own] == 1 and (own ~= booking.id or #transactions == 1) then
      return own, credit.key("camt", account, own)
    end
    if not booking.id then return nil, nil end
    if #transactions == 1 then return booking.id, credit.key("camt", account, booking.id) end
    local content = content_of(transaction)
    return booking.id, credit.key("camt", account, booking.id, content .. "." .. nth(content))
  end
end

-- ---- Credits ----

local function new_credit(booking, from)
  return {
    source = "camt", dated = true, line = from.line, account = booking.account, booking = booking.id,
    booked = booking.booked, valued = booking.valued, amount_text = from.amount_text,
    currency = from.currency and credit.clean(from.currency), references = from.references or {}, texts = from.texts,
    debtor = from.debtor,
  }
end

-- A booking that is not taken apart. What its only transaction says helps a person to find out whose it is.
local function whole(booking, transactions, why)
  local only = #transactions == 1 and transactions[1] or nil
  local made = new_credit(booking, {
    line = booking.line, amount_text = booking.amount_text, currency = booking.currency,
    references = only and only.references, texts = only and #only.texts > 0 and only.texts or booking.texts,
    debtor = only and only.debtor,
  })
  made.amount = credit.decimal(booking.amount_text, booking.currency)
  made.id, made.refusal = only and only.id or booking.id, why
  return made
end

local function transaction_refusal(transaction, made, message)
  if transaction.direction == "DBIT" then return refusal("debit", "the money went out, it did not come in") end
  if transaction.returned then
    return refusal("returned", "an own transfer came back; nobody paid an invoice with it")
  end
  local unpayable = credit.unpayable(made.amount, message)
  if unpayable then return unpayable end
  if not made.id then return refusal("id-missing", "the bank gave no reference by which it could be known again") end
  if not made.key then return refusal("id-missing", "the bank's reference is too long to be one") end
  return nil
end

-- What is said of the whole booking is said of its only transaction, but of none among several.
local function part(booking, transaction, naming, is_only)
  local made = new_credit(booking, transaction)
  if not made.amount_text then made.amount_text, made.currency = booking.amount_text, booking.currency end
  if is_only and #made.texts == 0 and #made.references == 0 then made.texts = booking.texts end
  local message
  made.amount, message = credit.decimal(made.amount_text, made.currency)
  made.id, made.key = naming(transaction)
  made.refusal = transaction_refusal(transaction, made, message)
  return made
end

---Makes the credits of a booking that has ended.
---@param node tallystick.import.Node the booking (Ntry), without its transactions
---@param transactions tallystick.import.Transaction[]
---@param account string? the account's IBAN or number
---@return tallystick.import.Credit[]
function entry.credits(node, transactions, account)
  local booking = read_booking(node, account)
  for _, details in ipairs(all(node, "NtryDtls")) do
    append(booking.batches, text(details, "Btch/NbOfTxs"))
  end
  local why = booking_refusal(booking) or batch_refusal(booking, transactions)
  if why then return { whole(booking, transactions, why) } end
  if #transactions == 0 then
    transactions = { { line = booking.line, amount_text = booking.amount_text, currency = booking.currency,
      returned = false, references = {}, texts = {}, origins = {} } }
  end
  local naming, credits = new_naming(booking, transactions), {}
  for index, transaction in ipairs(transactions) do
    credits[index] = part(booking, transaction, naming, #transactions == 1)
  end
  return credits
end

return entry
