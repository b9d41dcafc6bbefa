-- printing.lua - receipts and statements of a ledger: what is read and counted, and handed to tallystick.receipt (§6).
local core = require "tallystick.core"

local printing = {}

-- Loaded with the first receipt: a desk that prints none need not wait for it.
local function render(data, options)
  return require("tallystick.receipt").render(data, options)
end

-- What a print is told as a command; the other options are the receipt's.
local OF_THE_PRINT = { at = true, actor = true, roles = true, note = true, key = true }

---Sorts a caller's options into those of the print and those of the receipt.
local function sort_options(ledger, asked)
  local info, message, code, details = core.plain.info(ledger)
  if not info then return nil, message, code, details end
  local print_fields, options = {}, {}
  for name, value in pairs(asked) do
    if OF_THE_PRINT[name] then print_fields[name] = value elseif name ~= "preview" then options[name] = value end
  end
  -- One that is only read has not loaded its script; a broken one has no part in receipts.
  local version, unread, cause, its_details = core.refresh(ledger)
  if not version and cause ~= "config-invalid" then return nil, unread, cause, its_details end
  local declared = core.declared(ledger)
  local own = declared and declared.receipt or {}
  -- A clinic may speak a language that receipts have no words for.
  options.lang = options.lang or require("tallystick.labels").language(info.language or "en")
  if own.has_template and options.template == nil then
    options.template = function(blocks, data)
      data.lang = options.lang
      local made, why = core.template(ledger, blocks, data)
      return made or error(why, 0)
    end
  end
  return { print_fields = print_fields, options = options, info = info, head = own.head }
end

---The payment types that payments were made under, as they were then.
local function types_of(ledger, payments)
  local types = {}
  for _, payment in ipairs(payments) do
    if payment.type then
      local found, message, code, details = ledger:type(payment.type, payment.type_version)
      if not found then return nil, message, code, details end
      types[payment.type] = found
    end
  end
  return types
end

local function common_data(ledger, payments, sorted)
  local info = sorted.info
  local head, message, code, details = ledger:head()
  if not head then return nil, message, code, details end
  local types
  types, message, code, details = types_of(ledger, payments)
  if not types then return nil, message, code, details end
  return {
    types = types, ledger = { id = info.id, currency = info.currency }, head = head,
    clinic = { lines = sorted.head },
  }
end

local function allocated_documents(ledger, payment)
  local documents = {}
  for index, allocation in ipairs(payment.allocations) do
    local document, message, code, details = ledger:document(allocation.document)
    if not document then return nil, message, code, details end
    documents[index] = document
  end
  return documents
end

---What a receipt shows, as the ledger stands.
local function receipt_data(ledger, number, sorted)
  local payment, message, code, details = ledger:payment(number)
  if not payment then return nil, message, code, details end
  local documents
  documents, message, code, details = allocated_documents(ledger, payment)
  if not documents then return nil, message, code, details end
  local data
  data, message, code, details = common_data(ledger, { payment }, sorted)
  if not data then return nil, message, code, details end
  data.kind, data.payment, data.documents = "receipt", payment, documents
  return data
end

local function check_asked(asked)
  if type(asked) == "table" then
    if asked.preview == nil or type(asked.preview) == "boolean" then return true end
    return nil, "preview: give true or false", "field-invalid", { field = "preview" }
  end
  return nil, 'options: give a table such as { format = "html" }', "field-invalid", { field = "options" }
end

---Counts a print and sets the receipt, both or neither.
local function print_receipt(tx, number, asked)
  local sorted, message, code, details = sort_options(tx, asked)
  if not sorted then return nil, message, code, details end
  sorted.print_fields.payment = number
  local counted
  counted, message, code, details = core.plain.print(tx, sorted.print_fields)
  if not counted then return nil, message, code, details end
  local data
  data, message, code, details = receipt_data(tx, number, sorted)
  if not data then return nil, message, code, details end
  data.print = { count = counted.prints }
  return render(data, sorted.options)
end

---Sets the receipt of a payment and counts the print in the journal; from the second on it says that it is a duplicate.
---With `preview = true` nothing is counted, and it says that it is no receipt.
---Errors: those of print and of the options; `script-failed` where the script's template fails.
---@param ledger tallystick.Ledger
---@param number string the payment's
---@param asked? tallystick.ReceiptOptions
---@return string? receipt
---@return string? message
---@return string? code
---@return table? details
function printing.receipt(ledger, number, asked)
  asked = asked == nil and {} or asked
  local ok, message, code, details = check_asked(asked)
  if not ok then return nil, message, code, details end
  if not asked.preview then
    local made
    made, message, code, details = ledger:transaction(function(tx) return print_receipt(tx, number, asked) end)
    -- A transaction around it is poisoned, as by any command that is refused in it.
    if not made then core.poison(ledger, code) end
    return made, message, code, details
  end
  local sorted
  sorted, message, code, details = sort_options(ledger, asked)
  if not sorted then return nil, message, code, details end
  local data
  data, message, code, details = receipt_data(ledger, number, sorted)
  if not data then return nil, message, code, details end
  data.preview = true
  return render(data, sorted.options)
end

---The charges of a document and of the consultations that stand on it, in the order of the journal.
local function charges_of(ledger, document)
  local charges = {}
  local numbers = { document.number, table.unpack(document.consultations or {}) }
  for _, number in ipairs(numbers) do
    for entry in ledger:entries { document = number, kind = "charge" } do
      if entry.document == number then
        charges[#charges + 1] = {
          at = entry.at, amount = entry.amount, label = entry.label, seq = entry.seq,
          document = number ~= document.number and number or nil,
        }
      end
    end
  end
  table.sort(charges, function(left, right) return left.seq < right.seq end)
  return charges
end

local function payments_of(ledger, document)
  local payments, seen = {}, {} -- one payment may have settled several of them
  local numbers = { document.number, table.unpack(document.consultations or {}) }
  for _, number in ipairs(numbers) do
    for payment in ledger:payments { document = number } do
      if not seen[payment.number] then payments[#payments + 1] = payment end
      seen[payment.number] = true
    end
  end
  table.sort(payments, function(left, right) return left.act < right.act end)
  return payments
end

---Sets the statement of a document: what was charged, what was paid, what remains. It is not counted.
---@param ledger tallystick.Ledger
---@param number string the document's
---@param asked? tallystick.ReceiptOptions
---@return string? statement
---@return string? message
---@return string? code
---@return table? details
function printing.statement(ledger, number, asked)
  asked = asked == nil and {} or asked
  local ok, message, code, details = check_asked(asked)
  if not ok then return nil, message, code, details end
  local document
  document, message, code, details = ledger:document(number)
  if not document then return nil, message, code, details end
  local sorted
  sorted, message, code, details = sort_options(ledger, asked)
  if not sorted then return nil, message, code, details end
  local payments = payments_of(ledger, document)
  local data
  data, message, code, details = common_data(ledger, payments, sorted)
  if not data then return nil, message, code, details end
  data.kind, data.document, data.payments, data.charges = "statement", document, payments, charges_of(ledger, document)
  return render(data, sorted.options)
end

return printing
