-- tallystick documents, unpaid, payments, entries, types, closings, totals: what the ledger holds, as lists. Rows are
-- read as they are written, so that a list may be as long as the ledger.
local calendar = require "tallystick.calendar"
local column = require "tallystick.cli.column"
local exit = require "tallystick.cli.exit"
local json = require "tallystick.json"
local labels = require "tallystick.labels"
local open = require "tallystick.cli.open"
local sum_of = require "tallystick.cli.sum"
local text = require "tallystick.cli.text"

local lists = {}

---A column of a list, with who gets it: everyone, people alone, programs alone, or JSON alone, which can hold what has
---parts.
---@class tallystick.cli.ListColumn : tallystick.Column
---@field only? "people"|"programs"|"json"

-- How many rows the shell's user can point at by their place.
local REMEMBERED_MAX = 10000

local function for_programs(columns, kind, names)
  for _, name in ipairs(names) do columns[#columns + 1] = column(name, kind, { only = "programs" }) end
  return columns
end

local GETS = {
  text = { people = true }, csv = { programs = true }, json = { programs = true, json = true },
}

local function columns_for(columns, format)
  local chosen = {}
  for _, one in ipairs(columns) do
    if not one.only or GETS[format][one.only] then chosen[#chosen + 1] = one end
  end
  return chosen
end

-- ---- Documents ----

local DOCUMENT_COLUMNS = for_programs(for_programs({
  column("status", "status"), column "number", column("kind", nil, { spare = 3 }),
  column("patient", nil, { flex = true }), column("day", "day", { title = "issued", spare = 2 }),
  column("due", "day", { spare = 1 }), column("charged", "money"), column("settled", "money", { spare = 4 }),
  column("remaining", "money"), column("invoice", nil, { only = "programs" }),
}, "money", { "collected", "credited", "discounted", "lost", "rounded" }), nil,
  { "overdue", "invoiced", "cancelled", "at", "recorded_at" })

local function unpaid_columns()
  local columns = table.move(DOCUMENT_COLUMNS, 1, #DOCUMENT_COLUMNS, 1, {})
  for index, one in ipairs(columns) do
    if one.name == "due" then
      table.insert(columns, index + 1, column("overdue_days", "count", { title = "overdue" }))
      break
    end
  end
  return columns
end

local function query_of(args)
  local query = {}
  for name, value in pairs(args) do
    if name ~= "json" and name ~= "csv" and name ~= "ledger" then query[name] = value end
  end
  return query
end

-- The days since an invoice was due, and for people the sums of all.
local function watch_unpaid(call)
  local today = calendar.day_of(open.today(call.ledger))
  local sum, count = call.output.format == "text" and {} or nil, 0
  return sum, function(document)
    document.overdue_days = document.overdue and today - calendar.day_of(document.due) or 0
    if not sum then return end
    count = count + 1
    sum.number = text.counted(count, "invoice")
    for _, name in ipairs { "charged", "settled", "remaining" } do
      sum[name] = sum[name] and sum[name] + document[name] or document[name]
    end
  end
end

local function unpaid(call)
  local query = query_of(call.args)
  query.kind, query.open, query.order = "invoice", true, "oldest"
  local sum, visit = watch_unpaid(call)
  return { query = query, of = "documents", sum = sum, visit = visit, columns = unpaid_columns(),
    empty = "no invoice is unpaid" }
end

-- ---- Payments ----

local function payment_state(payment)
  if payment.corrected_by then return "corrected by " .. payment.corrected_by end
  if payment.reversed then return "reversed" end
  if payment.refund_of then return "of " .. payment.refund_of end
  if payment.refunded.minor == 0 then return nil end
  return payment.refunded < payment.amount and "refunded in part" or "refunded"
end

local PAYMENT_COLUMNS = for_programs(for_programs({
  column "number", column("kind", nil, { spare = 4 }), column("day", "day"), column("patient", nil, { flex = true }),
  column("documents", nil, { flex = true }), column("type", nil, { flex = true }), column("group", nil, { spare = 3 }),
  column("amount", "money"), column("state", nil, { title = "", only = "people", spare = 2 }),
  column("actor", nil, { spare = 5 }), column("allocations", nil, { only = "json" }),
  column("fields", nil, { only = "json" }),
}, "money", { "deposited", "tendered", "change", "refunded" }), nil, { "effect", "type_version", "reference", "reason",
  "note", "at", "recorded_at", "act", "reversed", "reversed_by", "corrected_by", "corrects", "refund_of", "refunds" })

local function complete_payment(payment)
  local documents = {}
  for index, allocation in ipairs(payment.allocations) do documents[index] = allocation.document end
  payment.documents, payment.state = setmetatable(documents, json.array), payment_state(payment)
  setmetatable(payment.allocations, json.array)
  setmetatable(payment.refunds, json.array)
end

-- ---- Entries ----

local ENTRY_COLUMNS = for_programs(for_programs({
  column("seq", "count"), column("act", "count", { spare = 3 }), column "kind", column("day", "day"),
  column("number", nil, { title = "payment" }), column("document"), column("patient", nil, { flex = true }),
  column("type", nil, { flex = true }), column("debit", nil, { spare = 1 }),
  column("credit", nil, { spare = 2 }), column("amount", "money"), column("actor", nil, { spare = 4 }),
  column("text", nil, { only = "people", flex = true, spare = 5 }), column("fields", nil, { only = "json" }),
}, "money", { "tendered" }), nil, { "command", "counter_document", "counter_patient", "group", "type_version", "at",
  "recorded_at", "due", "reference", "label", "reason", "note", "key", "refers", "script_version", "hash" })

local function complete_entry(entry)
  entry.text = entry.label or entry.reason or entry.note
end

-- The journal is walked from one end to the other: where it stops is told here.
local function entries(call)
  local query = query_of(call.args)
  local limit = query.limit
  query.limit = nil
  return { query = query, of = "entries", columns = ENTRY_COLUMNS, visit = complete_entry, limit = limit,
    empty = "no such entry" }
end

-- ---- What is read from the ledger row by row ----

local STREAMED = {
  documents = function(call)
    return { query = query_of(call.args), of = "documents", columns = DOCUMENT_COLUMNS, empty = "no such document" }
  end,
  unpaid = unpaid,
  payments = function(call)
    return { query = query_of(call.args), of = "payments", columns = PAYMENT_COLUMNS, visit = complete_payment,
      empty = "no such payment" }
  end,
  entries = entries,
}

-- In the shell each row has a place, by which the next command can name it.
local function with_places(call, columns, next_row)
  if not (call.session and call.definition.list) then return columns, next_row, {} end
  local names, count = {}, 0
  if call.output.format == "text" then table.insert(columns, 1, { name = "place", title = "#", kind = "count" }) end
  return columns, function()
    local row = next_row()
    count = count + 1
    if row and count <= REMEMBERED_MAX then row.place, names[count] = count, row.number end
    return row
  end, names
end

local function stream(call)
  local list = STREAMED[call.definition.name](call)
  local iterator, state, control, closing = call.ledger[list.of](call.ledger, list.query)
  if not iterator then return call:refuse(state, control, closing) end
  local _ <close> = closing
  local left = list.limit
  local function next_row()
    if left == 0 then return nil end
    control = iterator(state, control)
    if control and list.visit then list.visit(control) end
    left = left and left - 1
    return control
  end
  local columns, rows, names = with_places(call, columns_for(list.columns, call.output.format), next_row)
  -- Before it is shown: who leaves a pager early has seen the first rows.
  call:remember(names)
  call.output:sheet { name = call.definition.name, columns = columns, rows = rows, sum = list.sum, empty = list.empty }
  return exit.DONE
end

-- ---- Payment types ----

local function group_of(payment_type)
  local group = payment_type.group
  if not group then return nil end
  local named = group.one_of and table.concat(group.one_of, ", ") or "any"
  return group.required and named or named .. " (or none)"
end

local TYPE_COLUMNS = {
  column "id", column("label", nil, { flex = true }), column "effect", column("default"), column "excess",
  column("round_to", "money", { spare = 1 }), column("max", "money", { spare = 2 }),
  column("groups", nil, { flex = true, title = "group" }), column("applies_to", nil, { flex = true, spare = 5 }),
  column("roles", nil, { flex = true, spare = 3 }), column("account", nil, { spare = 4 }), column("retired"),
  column("version", "count", { spare = 6 }),
  column("labels", nil, { only = "json" }), column("group", nil, { only = "json" }),
  column("fields", nil, { only = "json" }),
}

local function read_types(call)
  local types, message, code, details = call.ledger:types()
  if not types then return nil, message, code, details end
  local info
  info, message, code, details = call.ledger:info()
  if not info then return nil, message, code, details end
  local is_text = call.output.format == "text"
  for _, one in ipairs(types) do
    one.label, one.labels, one.groups = labels.type(one, info.language), one.label, group_of(one)
    -- What most types are not is left blank for people.
    if is_text then one.default, one.retired = one.default or nil, one.retired or nil end
  end
  return { { name = "types", columns = TYPE_COLUMNS, rows = types } }
end

-- ---- Closings ----

local CLOSING_COLUMNS = {
  column("from", "day"), column("through", "day"), column("money", "money"), column("variance", "money"),
  column("actor", nil, { flex = true }), column("at", "time", { spare = 1 }),
  column("recorded_at", "time", { only = "programs" }), column("seq", "count", { title = "entry" }),
  column("hash", nil, { title = "head", flex = true }), column("counted", nil, { only = "json" }),
  column("totals", nil, { only = "json" }),
}

-- A closing with sums of what it holds by type. The totals of one may not fit 64 bits, nor their sum; then it has none.
local function closing_row(closing, zero)
  closing.seq, closing.hash = closing.head.seq, closing.head.hash
  closing.money = closing.totals and sum_of(closing.totals, "money", zero)
  closing.variance = sum_of(closing.counted, "variance", zero)
end

local function read_closings(call)
  local closings, message, code, details = call.ledger:closings()
  if not closings then return nil, message, code, details end
  local zero = call.ledger:money "0"
  for _, closing in ipairs(closings) do closing_row(closing, zero) end
  return { { name = "closings", columns = CLOSING_COLUMNS, rows = closings, empty = "no day is closed yet" } }
end

-- ---- Totals ----

local MONEY = { "count", "collected", "refunded", "deposited", "withdrawn", "money" }
local SETTLED = { "credited", "discounted", "lost", "rounded" }

local function totals_columns(by, ...)
  local columns = {}
  for _, way in ipairs(by) do columns[#columns + 1] = column(way, way == "day" and "day" or nil) end
  for _, names in ipairs { ... } do
    for _, name in ipairs(names) do columns[#columns + 1] = column(name, name == "count" and "count" or "money") end
  end
  return columns
end

local function has_any(row, names)
  for _, name in ipairs(names) do
    if row[name].minor ~= 0 then return true end
  end
  return false
end

-- People get money and what is none in two tables, as both together are too wide for most windows.
local function totals_sheets(call, made, rows, by)
  local function sheet(columns, own, title)
    return { name = "totals", title = title, columns = columns, rows = own, sum = made:sums(columns, own),
      empty = "nothing happened on these days" }
  end
  if call.output.format ~= "text" then return { sheet(totals_columns(by, MONEY, SETTLED), rows) } end
  local sheets, settled = { sheet(totals_columns(by, MONEY), rows, "Money") }, {}
  for _, row in ipairs(rows) do
    if has_any(row, SETTLED) then settled[#settled + 1] = row end
  end
  if #settled > 0 then sheets[2] = sheet(totals_columns(by, SETTLED), settled, "Settled without money") end
  return sheets
end

local function read_totals(call)
  local options = require "tallystick.report.options"
  local split = require "tallystick.report.split"
  local tools = require "tallystick.report.tools"
  local asked, message, code, details = options.check("totals",
    { from = { kind = "day" }, to = { kind = "day" }, by = { kind = "list", of = split.ways } }, query_of(call.args),
    call.ledger)
  if not asked then return nil, message, code, details end
  asked.by = asked.by or { "type" }
  return tools.build(call.ledger, nil, function(made)
    local rows, why, wrong, with = split.read(made, asked)
    if not rows then return nil, why, wrong, with end
    return totals_sheets(call, made, rows, asked.by)
  end)
end

local READ = { types = read_types, closings = read_closings, totals = read_totals }

---@param call tallystick.cli.Call
---@return integer exit_code
function lists.run(call)
  local read = READ[call.definition.name]
  if not read then return stream(call) end
  local sheets, message, code, details = read(call)
  if not sheets then return call:refuse(message, code, details) end
  for index, sheet in ipairs(sheets) do
    if index > 1 then call.output:say() end
    sheet.columns = columns_for(sheet.columns, call.output.format)
    call.output:sheet(sheet)
  end
  return exit.DONE
end

return lists
