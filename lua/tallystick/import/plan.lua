-- import/plan.lua - what a file of credits would do to a ledger: for each credit what would be paid, what was paid
-- already, or why a person must look. It writes nothing.
local act = require "tallystick.import.act"
local file = require "tallystick.import.file"
local match = require "tallystick.import.match"
local reference = require "tallystick.reference"
local texts_of = require("tallystick.import.credit").texts_of

-- A transfer is what a bank's file tells of; the preset has a type of this name.
local TYPE = "transfer"

---@class tallystick.import.PlanOptions
---@field type? string the payment type of credits that name none, "transfer" by default
---@field at? "booking"|"value"|"now" what a payment is dated at: the day of booking (the default), the value day, or
---when it is applied
---@field qr_prefix? string the digits in front of the numbers of QR references
---@field deposit? boolean whether money for a settled document goes to its patient's credit, and not to the list
---@field actor? string
---@field roles? string[]

local KNOWN = {
  type = "string", at = { "booking", "value", "now" }, qr_prefix = "string", deposit = "boolean", actor = "string",
  roles = "table",
}

---What becomes of one credit.
---@class tallystick.import.Item
---@field action "pay"|"done"|"list" to be paid; paid by an earlier run; for a person to look at
---@field credit tallystick.import.Credit
---@field line integer
---@field amount? tallystick.Money
---@field key? string
---@field type? string
---@field document? string
---@field patient? string
---@field act? tallystick.import.Act what would be written
---@field deposited? tallystick.Money how much of it goes to the patient's credit
---@field remaining? tallystick.Money what the document owes then
---@field status? tallystick.Status of the document then
---@field payment? string the number of the payment that was made already
---@field twin? tallystick.import.Item the first of the same credit, where the file tells of it more than once
---@field code? string why it is listed
---@field message? string the same for people

---@class tallystick.import.Plan
---@field items tallystick.import.Item[] in the order of the file
---@field pay integer how many are to be paid
---@field done integer
---@field list integer

local AT = { booking = "booked", value = "valued" }
local DAYS = { booking = "day of booking", value = "value day" }

local function put_on_list(item, code, message)
  item.action, item.code, item.message, item.act = "list", code, message, nil
  return item
end

-- ---- What would be written ----

local function act_of(credit, document, options)
  local source = options.at or "booking"
  -- The reference and the bank's id are the credit's own: however it was matched, a second run asks for the same.
  local kept = credit.reference or credit.references[1] and credit.references[1].text or credit.id
  return { command = "pay", fields = {
    document = document, amount = credit.amount, type = credit.type or options.type or TYPE, group = credit.group,
    patient = credit.patient, reference = kept, at = credit[AT[source]], actor = options.actor,
    roles = options.roles, key = credit.key,
  } }
end

local function lacks_day(credit, options)
  local source = options.at or "booking"
  return credit.dated and AT[source] and not credit[AT[source]] and source
end

local function new_item(credit, currency, matched, options)
  local item = { action = "pay", credit = credit, line = credit.line, amount = credit.amount, key = credit.key,
    type = credit.type or options.type or TYPE, deposit = options.deposit }
  if credit.refusal then return put_on_list(item, credit.refusal.code, credit.refusal.message) end
  if credit.amount.currency ~= currency then
    return put_on_list(item, "currency-other", ("it is %s, and the ledger is kept in %s"):format(
      credit.amount.currency, currency))
  end
  local lacking = lacks_day(credit, options)
  if lacking then return put_on_list(item, "date-missing", "it tells no " .. DAYS[lacking]) end
  if not matched.document then return put_on_list(item, matched.code, matched.message) end
  item.document, item.act = matched.document, act_of(credit, matched.document, options)
  return item
end

-- ---- Credits that share a key ----

local function content_of(credit)
  return table.concat({ credit.amount:decimal(), credit.amount.currency, credit.booked or "", credit.valued or "",
    credit.booking or "", credit.document or "", credit.type or "", credit.group or "", credit.patient or "",
    credit.reference or "", table.concat(texts_of(credit.references), "\1"), table.concat(credit.texts, "\1") }, "\0")
end

-- A file may tell of one credit twice, and then both say the same. Where they do not, neither can be trusted.
local function list_shared_keys(items)
  local by_key = {}
  for _, item in ipairs(items) do
    if not item.credit.refusal then
      local same = by_key[item.key] or { content = content_of(item.credit), first = item }
      item.twin, by_key[item.key] = by_key[item.key] and same.first, same
      same.differs = same.differs or same.content ~= content_of(item.credit) and item.line
    end
  end
  for _, item in ipairs(items) do
    local same = not item.credit.refusal and by_key[item.key]
    if same and same.differs then
      put_on_list(item, "key-shared", ("lines %d and %d have one id and say different things"):format(
        same.first.line, same.differs))
    end
  end
end

-- ---- What the ledger answers ----

local function take_answer(item, answer)
  local result = answer.result
  if not result then return put_on_list(item, answer.code, answer.message) end
  if result.replayed then
    item.action, item.payment = "done", result.number
    if item.twin then item.message = ("it is the credit of line %d again"):format(item.twin.line) end
    -- The payment of a rehearsal is not there any more.
    if item.twin and item.twin.action == "pay" then item.payment = nil end
  end
  item.patient, item.deposited = result.patient, result.deposited
  item.remaining, item.status = result.remaining, result.status
end

-- Gives the items that are to be paid by their documents, in the order in which these come first.
local function by_document(items)
  local groups, of_document = {}, {}
  for _, item in ipairs(items) do
    if item.action == "pay" then
      local group = of_document[item.document]
      if not group then
        group = {}
        groups[#groups + 1], of_document[item.document] = group, group
      end
      group[#group + 1] = item
    end
  end
  return groups
end

local function rehearse_all(ledger, items)
  for _, group in ipairs(by_document(items)) do
    local answers, message, code = act.rehearse(ledger, group)
    if not answers then return nil, message, code end
    for index, item in ipairs(group) do take_answer(item, answers[index]) end
  end
  return true
end

-- What was not matched may have been settled by hand under its key; then the list says so.
local MATCHING = {
  ["document-missing"] = true, ["document-ambiguous"] = true, ["document-unknown"] = true, ["reference-unknown"] = true,
  ["reference-invalid"] = true, ["key-shared"] = true,
}

local function look_at_keys(ledger, items)
  for _, item in ipairs(items) do
    if MATCHING[item.code] and act.is_known(ledger, item.credit) then
      put_on_list(item, "key-conflict", "its key was used already, by an act that is not this credit's; " ..
        item.message)
    end
  end
end

local function count(items)
  local plan = { items = items, pay = 0, done = 0, list = 0 }
  for _, item in ipairs(items) do plan[item.action] = plan[item.action] + 1 end
  return plan
end

---Finds out what credits would do, and writes nothing.
---Errors: `field-unknown`, `field-invalid` (an option), and those of the ledger as a whole: `read-only`, `busy`,
---`io-error` and their like. What is wrong with one credit is not an error, it is on the list.
---@param ledger tallystick.Ledger open for writing, as dry runs need
---@param credits tallystick.import.Credit[]
---@param options? tallystick.import.PlanOptions
---@return tallystick.import.Plan? plan
---@return string? message
---@return string? code
---@return table? details
return function(ledger, credits, options)
  local checked, message, code, details = file.options("import.plan", options, KNOWN)
  if not checked then return nil, message, code, details end
  local prefix = checked.qr_prefix
  if prefix and not reference.is_prefix(prefix) then
    return nil, "qr_prefix: give digits, fewer than 26", "field-invalid", { field = "qr_prefix", value = prefix }
  end
  local info
  info, message, code, details = ledger:info()
  if not info then return nil, message, code, details end
  if info.mode == "ro" then
    return nil, "a plan is made by dry runs, which need a ledger that is open for writing", "read-only", {}
  end
  local matches
  matches, message, code = match.find(ledger, credits, prefix)
  if not matches then return nil, message, code, {} end
  local items = {}
  for index, credit in ipairs(credits) do
    items[index] = new_item(credit, info.currency, matches[credit], checked)
  end
  list_shared_keys(items)
  local rehearsed
  rehearsed, message, code = rehearse_all(ledger, items)
  if not rehearsed then return nil, message, code, {} end
  look_at_keys(ledger, items)
  return count(items)
end
