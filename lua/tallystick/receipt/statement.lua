-- receipt/statement.lua - the blocks of a document's statement: what was charged, what was paid, what remains.
local common = require "tallystick.receipt.common"

local add, row = common.add, common.row

local SETTLED_BY = { "collected", "credited", "discounted", "lost", "rounded" }
local NOTHING = "–"

local function about(document, tools)
  local word = tools.word
  local rows = {}
  row(rows, word("receipt", "date"), tools.day(document.day))
  row(rows, word("receipt", "due"), document.due and tools.day(document.due))
  row(rows, word("receipt", "patient"), document.patient)
  row(rows, word("receipt", "label"), document.label)
  row(rows, word("receipt", "consultations"), table.concat(document.consultations or {}, ", "))
  row(rows, word("receipt", "status"), word("status", document.status))
  return { kind = "rows", rows = rows }
end

local function columns(title, tools)
  return {
    { title = tools.word("receipt", "date") }, { title = title },
    { title = tools.word("receipt", "amount"), right = true },
  }
end

local function charges(data, tools)
  local rows = {}
  for _, charge in ipairs(data.charges or {}) do
    local text = charge.label or tools.word("kind", "charge")
    if charge.document then text = charge.document .. " " .. text end
    rows[#rows + 1] = { tools.day(charge.at), text, tools.money(charge.amount) }
  end
  return { kind = "table", columns = columns(tools.word("receipt", "charges"), tools), rows = rows }
end

-- What a payment did on the document and on the consultations that it counts; money that went back is below zero.
local function share(payment, counted)
  local sum
  for _, allocation in ipairs(payment.allocations or {}) do
    if counted[allocation.document] then sum = sum and sum + allocation.amount or allocation.amount end
  end
  return sum and payment.kind == "refund" and -sum or sum
end

local function payments(data, tools)
  local counted, rows = { [data.document.number] = true }, {}
  for _, number in ipairs(data.document.consultations or {}) do counted[number] = true end
  for _, payment in ipairs(data.payments or {}) do
    local sum, text = share(payment, counted), ("%s %s"):format(payment.number, tools.type(payment.type))
    if payment.kind == "refund" then text = ("%s, %s"):format(text, tools.word("kind", "refund")) end
    if payment.reversed then text = ("%s (%s)"):format(text, tools.word("receipt", "is_reversed")) end
    local amount = sum and not payment.reversed and tools.money(sum) or NOTHING
    rows[#rows + 1] = { tools.day(payment.day), text, amount }
  end
  return { kind = "table", columns = columns(tools.word("receipt", "payments"), tools), rows = rows }
end

local function sums(document, tools)
  local rows = {}
  row(rows, tools.word("fact", "charged"), tools.money(document.charged))
  row(rows, tools.word("fact", "settled"), tools.money(document.settled))
  for _, fact in ipairs(SETTLED_BY) do
    if document[fact].minor ~= 0 then
      row(rows, tools.word("fact", fact), tools.money(document[fact]), { indent = true })
    end
  end
  common.remaining(rows, document, tools, { strong = true })
  return { kind = "rows", rows = rows }
end

---@param data tallystick.receipt.StatementData
---@param tools tallystick.receipt.Tools
---@return tallystick.receipt.Block[]
return function(data, tools)
  local document, blocks = data.document, {}
  local of = ("%s %s"):format(tools.word("document", document.kind), document.number)
  add(blocks, common.head(data))
  add(blocks, { kind = "title", text = tools.word("receipt", "statement"), number = of })
  for _, notice in ipairs(common.notices(data, tools)) do add(blocks, notice) end
  add(blocks, about(document, tools))
  add(blocks, charges(data, tools))
  add(blocks, payments(data, tools))
  add(blocks, { kind = "rule" })
  add(blocks, sums(document, tools))
  common.proof(blocks, data, tools)
  return blocks
end
