-- receipt/common.lua - what receipts and statements have in common: the clinic's lines, the notices, the proof.
local common = {}

---@param data tallystick.receipt.Data
---@return tallystick.receipt.Block? head
function common.head(data)
  local lines = data.clinic and data.clinic.lines
  return lines and #lines > 0 and { kind = "head", lines = { table.unpack(lines) } } or nil
end

---A row, unless there is nothing to say.
---@param rows tallystick.receipt.Row[]
---@param label string
---@param value string?
---@param flags? { strong?: boolean, indent?: boolean }
function common.row(rows, label, value, flags)
  if value == nil or value == "" then return end
  flags = flags or {}
  rows[#rows + 1] = { label = label, value = value, strong = flags.strong, indent = flags.indent }
end

---What remains on a document, or why nothing is owed on it.
---@param rows tallystick.receipt.Row[]
---@param document tallystick.Document
---@param tools tallystick.receipt.Tools
---@param flags? { strong?: boolean, indent?: boolean }
function common.remaining(rows, document, tools, flags)
  if document.cancelled then
    common.row(rows, tools.word("receipt", "status"), tools.word("status", "cancelled"), flags)
  elseif document.invoice then
    common.row(rows, tools.word("receipt", "on_invoice"), document.invoice, flags)
  elseif document.remaining.minor < 0 then
    common.row(rows, tools.word("receipt", "overpaid"), tools.money(-document.remaining), flags)
  else
    common.row(rows, tools.word("receipt", "remaining"), tools.money(document.remaining), flags)
  end
end

-- A payment that was undone, in whole or in part, must not pass for one that stands.
local function payment_notice(payment, tools)
  if payment.reversed then
    local by = payment.corrected_by
    return {
      kind = "notice", text = tools.word("receipt", "reversed"),
      detail = by and tools.word("receipt", "replaced_by", by) or nil,
    }
  end
  if payment.refunded.minor <= 0 then return nil end
  local name = payment.refunded == payment.amount and "refunded" or "refunded_in_part"
  return { kind = "notice", text = tools.word("receipt", name, tools.money(payment.refunded)) }
end

---The notices that no template may leave out.
---@param data tallystick.receipt.Data
---@param tools tallystick.receipt.Tools
---@return tallystick.receipt.Block[]
function common.notices(data, tools)
  local notices = {}
  local count = data.print and data.print.count or 1
  if data.preview then
    notices[1] = { kind = "notice", text = tools.word("receipt", "preview") }
  elseif count > 1 then
    notices[1] = { kind = "notice", text = tools.word("receipt", "duplicate", tostring(count)) }
  end
  if data.payment then
    notices[#notices + 1] = payment_notice(data.payment, tools)
  elseif data.document.cancelled then
    notices[#notices + 1] = { kind = "notice", text = tools.word("status", "cancelled") }
  end
  return notices
end

local HASH_SHOWN = 8

local function printed(data, tools)
  local at = data.printed_at and tools.time(data.printed_at)
  if data.preview or not data.print then return at and tools.word("receipt", "printed_at", at) end
  local number = tools.word("receipt", "printed", tostring(data.print.count))
  return at and ("%s · %s"):format(number, at) or number
end

---When this was printed, and the head of the journal: who kept the paper can hold a ledger against it.
---@param blocks tallystick.receipt.Block[]
---@param data tallystick.receipt.Data
---@param tools tallystick.receipt.Tools
function common.proof(blocks, data, tools)
  local lines, head = { printed(data, tools) }, data.head
  if data.ledger then lines[#lines + 1] = ("%s %s"):format(tools.word("receipt", "ledger"), data.ledger.id) end
  if head then
    local short = head.hash:sub(1, HASH_SHOWN)
    lines[#lines + 1] = ("%s %d · %s…"):format(tools.word("receipt", "entry"), head.seq, short)
  end
  if #lines == 0 then return end
  blocks[#blocks + 1] = { kind = "rule" }
  blocks[#blocks + 1] = { kind = "small", text = table.concat(lines, "\n") }
  if head then blocks[#blocks + 1] = { kind = "code", text = head.hash } end
end

---Puts what follows under the list, passing over what is not there.
---@param blocks tallystick.receipt.Block[]
---@param block tallystick.receipt.Block?
function common.add(blocks, block)
  if block and not (block.rows and #block.rows == 0) then blocks[#blocks + 1] = block end
end

return common
