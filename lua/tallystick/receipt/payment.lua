-- receipt/payment.lua - the blocks of a receipt: of a payment, an advance payment, a refund, credit that is paid out.
local common = require "tallystick.receipt.common"

local add, row = common.add, common.row

local function pays_out(payment)
  return payment.kind == "refund" or payment.kind == "withdraw"
end

local function is_no_money(payment)
  return payment.effect == "discount" or payment.effect == "loss"
end

-- What was no money is no receipt of money, whatever else it settles.
local function title(payment)
  if payment.kind == "refund" then return "refund" end
  if payment.kind == "deposit" then return "deposit" end
  if payment.kind == "withdraw" then return "withdrawal" end
  if is_no_money(payment) then return payment.effect end
  return "receipt"
end

local function total(payment)
  if pays_out(payment) then return "total_refunded" end
  if is_no_money(payment) then return "total_settled" end
  return "total"
end

local function extra_fields(rows, fields)
  local names = {}
  for name in pairs(fields or {}) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do row(rows, name, tostring(fields[name])) end
end

local function about(payment, tools)
  local word = tools.word
  local rows = {}
  row(rows, word("receipt", "date"), tools.time(payment.at))
  row(rows, word("receipt", "patient"), payment.patient)
  row(rows, word("receipt", "type"), tools.type(payment.type))
  row(rows, word("receipt", "group"), payment.group)
  row(rows, word("receipt", "reference"), payment.reference)
  extra_fields(rows, payment.fields)
  row(rows, word("receipt", "refund_of"), payment.refund_of)
  row(rows, word("receipt", "replaces"), payment.corrects)
  if pays_out(payment) then row(rows, word("receipt", "reason"), payment.reason) end
  row(rows, word("receipt", "refund"), table.concat(payment.refunds or {}, ", "))
  return { kind = "rows", rows = rows }
end

-- What each document was settled by, and below it what remains. What cash rounding added or took is one line for all,
-- so that the column sums to the total.
local function settled(data, tools)
  local payment, rows = data.payment, {}
  local documents, rounded = {}, nil
  for _, document in ipairs(data.documents or {}) do documents[document.number] = document end
  for _, allocation in ipairs(payment.allocations or {}) do
    local document = documents[allocation.document]
    local kind = document and tools.word("document", document.kind) .. " " or ""
    row(rows, kind .. allocation.document, tools.money(allocation.amount + allocation.rounded))
    if document then common.remaining(rows, document, tools, { indent = true }) end
    rounded = rounded and rounded + allocation.rounded or allocation.rounded
  end
  if rounded and rounded.minor ~= 0 then row(rows, tools.word("receipt", "rounding"), tools.money(-rounded)) end
  if payment.kind == "pay" and payment.deposited.minor ~= 0 then
    row(rows, tools.word("receipt", "kept"), tools.money(payment.deposited))
  end
  return { kind = "rows", rows = rows }
end

local function sums(payment, tools)
  local rows = {}
  row(rows, tools.word("receipt", total(payment)), tools.money(payment.amount), { strong = true })
  if payment.tendered then
    row(rows, tools.word("receipt", "tendered"), tools.money(payment.tendered))
    row(rows, tools.word("receipt", "change"), tools.money(payment.change))
  end
  return { kind = "rows", rows = rows }
end

---@param data tallystick.receipt.Data
---@param tools tallystick.receipt.Tools
---@return tallystick.receipt.Block[]
return function(data, tools)
  local payment, blocks = data.payment, {}
  add(blocks, common.head(data))
  add(blocks, { kind = "title", text = tools.word("receipt", title(payment)), number = payment.number })
  for _, notice in ipairs(common.notices(data, tools)) do add(blocks, notice) end
  if is_no_money(payment) then
    add(blocks, { kind = "text", text = tools.word("receipt", "no_money") })
  end
  add(blocks, about(payment, tools))
  local allocated = settled(data, tools)
  if #allocated.rows > 0 then add(blocks, { kind = "rule" }) end
  add(blocks, allocated)
  add(blocks, { kind = "rule" })
  add(blocks, sums(payment, tools))
  common.proof(blocks, data, tools)
  return blocks
end
