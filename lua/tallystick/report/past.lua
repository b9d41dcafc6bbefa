-- report/past.lua - the documents that were open at the end of a day, as the books show it today.
--
-- What a document was by then is what ledger:document{as_of=} folds from the journal. Only those are asked for whose
-- answer can differ from the present one: all that were touched by an entry of a later business day, and the invoices
-- that such a consultation stands on. An entry is recorded at or after its own time, so those entries stand behind the
-- first that was recorded after the day; the journal's order of recording finds that one by halving.
local core = require "tallystick.core"
local tools = require "tallystick.report.tools"

local past = {}

-- The first seq that was recorded after an instant; one behind the head where there is none.
local function first_recorded_after(ledger, head_seq, instant_ms)
  local low, high = 1, head_seq + 1
  while low < high do
    local middle = (low + high) // 2
    if core.instant(ledger, tools.entry_at(ledger, middle).recorded_at) > instant_ms then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

-- The numbers of all documents that an entry of a later day touches.
local function touched_after(ledger, from_seq, day)
  local touched = {}
  for entry in ledger:entries { from_seq = from_seq } do
    if entry.day > day then
      if entry.document then touched[entry.document] = true end
      if entry.counter_document then touched[entry.counter_document] = true end
    end
  end
  return touched
end

local function add_invoices(ledger, touched)
  local invoices = {}
  for number in pairs(touched) do
    local document = assert(ledger:document(number))
    if document.invoice then invoices[document.invoice] = true end
  end
  for number in pairs(invoices) do touched[number] = true end
end

---Whether a document counts among the receivables.
---@param document tallystick.Document
---@return boolean
function past.is_open(document)
  return document.remaining.minor > 0 and not document.cancelled and not document.invoiced
end

-- The first instant of the next day, less a millisecond, in local time.
local function end_of(day)
  return day .. "T23:59:59.999"
end

---Calls visit for each document that was open at the end of a day, in no order.
---@param ledger tallystick.Ledger
---@param head_seq integer
---@param day string
---@param visit fun(document: tallystick.Document)
function past.each_open(ledger, head_seq, day, visit)
  local as_of = end_of(day)
  local touched = {}
  if head_seq > 0 then
    touched = touched_after(ledger, first_recorded_after(ledger, head_seq, core.instant(ledger, as_of)), day)
  end
  add_invoices(ledger, touched)
  past.each_open_now(ledger, function(document)
    if not touched[document.number] then visit(document) end
  end)
  for number in pairs(touched) do
    local document, message, code = ledger:document(number, { as_of = as_of })
    assert(document or code == "document-unknown", message) -- one that was not there yet is unknown
    if document and past.is_open(document) then visit(document) end
  end
end

---Calls visit for each open document. Asked by kind, the ledger reads nothing but those.
---@param ledger tallystick.Ledger
---@param visit fun(document: tallystick.Document)
function past.each_open_now(ledger, visit)
  for _, kind in ipairs { "consultation", "invoice" } do
    for document in ledger:documents { kind = kind, open = true, order = "oldest" } do visit(document) end
  end
end

return past
