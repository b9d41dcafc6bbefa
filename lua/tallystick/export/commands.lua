-- commands.lua - tells from an act of the journal by which command it can be made again (design.md §6, §10). Each of
-- these gives the fields of what it was; amounts, documents and types are named always, also where they followed.
local postings = require "tallystick.export.postings"

local commands = {}

---What an act was made by: its entries, and what has to be known beside.
---@class tallystick.export.Act
---@field entries tallystick.Entry[]
---@field first tallystick.Entry

---@class tallystick.export.Command
---@field op string
---@field fields table<string, any>
---@field entry tallystick.Entry whose time it was made at

---Stands for a reason that was erased: the commands that have one must have one.
commands.ERASED = "erased"

local SETTLES = { payment = true, credit = true, discount = true, loss = true }

local function find(entries, kind)
  for _, entry in ipairs(entries) do
    if entry.kind == kind then return entry end
  end
  return nil
end

-- The number of the payment that an entry belongs to; it stands on the payment's first entry.
local function payment_of(ledger, seq)
  local entry = assert(postings.entry_at(ledger, seq), "a reversal or refund has an original")
  if entry.number then return entry.number end
  for other in ledger:entries { act = entry.act } do
    if other.number then return other.number end
  end
  return nil
end

local function reason_of(entry)
  return entry.reason or commands.ERASED
end

-- ---- Documents ----

local makers = {}

function makers.consultation(act)
  local first = act.first
  return { { op = "consultation", entry = first, fields = {
    number = first.document, patient = first.patient, amount = first.amount, label = first.label,
  } } }
end

function makers.invoice(act)
  local first, consultations = act.first, {}
  for _, entry in ipairs(act.entries) do
    if entry.kind == "invoicing" then consultations[#consultations + 1] = entry.document end
  end
  local own = find(act.entries, "charge")
  return { { op = "invoice", entry = first, fields = {
    number = first.counter_document or first.document, patient = first.patient, amount = own and own.amount,
    consultations = #consultations > 0 and consultations or nil, due = first.due, label = first.label,
  } } }
end

function makers.charge(act)
  local first = act.first
  return { { op = "charge", entry = first, fields = {
    document = first.document, amount = first.amount, label = first.label,
  } } }
end

function makers.cancel(act)
  local first = act.first
  return { { op = "cancel", entry = first, fields = {
    document = first.counter_document or first.document, reason = reason_of(first),
  } } }
end

-- ---- Payments ----

---What a payment was given for: its documents in their order, its amount with what became credit, and what of it
---settled.
---@param entries tallystick.Entry[]
---@return string[] documents
---@return tallystick.Money amount
---@return tallystick.Money settled
function commands.allocation(entries)
  local documents, listed = {}, {}
  local settled = entries[1].amount * 0
  local deposited = settled
  for _, entry in ipairs(entries) do
    if SETTLES[entry.kind] then settled = settled + entry.amount end
    if entry.kind == "deposit" then deposited = deposited + entry.amount end
    if entry.document and not listed[entry.document] then
      documents[#documents + 1], listed[entry.document] = entry.document, true
    end
  end
  return documents, settled + deposited, settled
end

-- The fields of a payment. More than is owed was recorded as what was due, with what was tendered; naming these two
-- gives the same.
local function pay_fields(entries, first, company)
  local documents, amount = commands.allocation(entries)
  for _, other in ipairs(company) do documents[#documents + 1] = other end
  local one = #documents == 1
  return {
    document = one and documents[1] or nil, documents = not one and documents or nil, amount = amount,
    type = first.type, group = first.group, reference = first.reference, tendered = first.tendered,
    fields = first.fields,
  }
end

function makers.pay(act, context)
  local company, message, code, details = context.company(act.entries)
  if not company then return nil, message, code, details end
  return { { op = "pay", entry = act.first, fields = pay_fields(act.entries, act.first, company) } }
end

function makers.reverse(act, context)
  local first = act.first
  return { { op = "reverse", entry = first, fields = {
    payment = payment_of(context.ledger, first.refers), reason = reason_of(first),
  } } }
end

-- A correction's reversals come first, then the new payment, which has the number.
local function split_correction(entries)
  local payment = {}
  for _, entry in ipairs(entries) do
    if entry.kind ~= "reversal" then payment[#payment + 1] = entry end
  end
  return payment
end

-- One command dates both parts alike. Where they differ, two commands say it, which leaves the link out.
function makers.correct(act, context)
  local first, payment = act.first, split_correction(act.entries)
  local company, message, code, details = context.company(payment)
  if not company then return nil, message, code, details end
  local fields = pay_fields(payment, payment[1], company)
  local undone = { payment = payment_of(context.ledger, first.refers), reason = reason_of(first) }
  if first.at ~= payment[1].at then
    context.report.split = context.report.split + 1
    return {
      { op = "reverse", entry = first, fields = undone },
      { op = "pay", entry = payment[1], fields = fields, carries = true },
    }
  end
  fields.payment, fields.reason = undone.payment, undone.reason
  fields.fields = fields.fields or {} -- else those of the original would be taken
  return { { op = "correct", entry = first, fields = fields } }
end

function makers.refund(act, context)
  local first = act.first
  return { { op = "refund", entry = first, fields = {
    payment = payment_of(context.ledger, first.refers), document = first.document, amount = first.amount,
    type = first.type, reopen = find(act.entries, "charge") == nil, reason = reason_of(first),
  } } }
end

-- ---- Credit and closings ----

function makers.deposit(act)
  local first = act.first
  return { { op = "deposit", entry = first, fields = {
    patient = first.patient, amount = first.amount, type = first.type, group = first.group,
    reference = first.reference,
  } } }
end

function makers.withdraw(act)
  local first = act.first
  return { { op = "withdraw", entry = first, fields = {
    patient = first.patient, amount = first.amount, type = first.type, reason = first.reason,
  } } }
end

function makers.transfer(act)
  local first = act.first
  return { { op = "transfer", entry = first, fields = {
    from = first.patient, to = first.counter_patient, amount = first.amount, reason = first.reason,
  } } }
end

function makers.close_days(act, context)
  local last = act.entries[#act.entries]
  return { { op = "close_days", entry = last, fields = {
    through = last.day, counted = context.counted(last),
  } } }
end

---What each command's acts are told by. Those that move no money are not told.
commands.makers = makers

return commands
