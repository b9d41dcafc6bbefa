-- tallystick document, payment, patient, stage, info, reference: one thing of a ledger, with all that belongs to it.
local anchors = require "tallystick.cli.anchors"
local field = require "tallystick.cli.column"
local exit = require "tallystick.cli.exit"
local json = require "tallystick.json"

local show = {}

---A field of a thing that is shown.
---@class tallystick.cli.Shown
---@field name string
---@field kind? string as of a column
---@field title? string default the name
---@field quiet? boolean people are told of it only where there is something to tell: not of zero, not of "no"
---@field only? "people"|"programs"

---What a reading gives for showing.
---@class tallystick.cli.View
---@field title string
---@field of table what the fields are taken from
---@field fields tallystick.cli.Shown[]
---@field parts? table<string, any> what has parts of its own: for JSON alone
---@field sheets? { title: string, columns: tallystick.Column[], rows: table[] }[] for people alone
---@field numbers? string[] what the shell's user can point at
---@field lines? string[] for people, below all

local QUIET, PROGRAMS, PEOPLE = { quiet = true }, { only = "programs" }, { only = "people" }

local function array(items)
  return setmetatable(items or {}, json.array)
end

local function is_nothing(value)
  return value == false or type(value) == "userdata" and value.minor == 0 or type(value) == "table" and #value == 0
end

-- The fields with their values, as far as the one who asked gets them.
local function fields_of(view, for_people)
  local out = {}
  for _, one in ipairs(view.fields) do
    local value = view.of[one.name]
    local is_for_other = one.only and (one.only == "people") ~= for_people
    local is_left_out = for_people and is_nothing(value) and (one.quiet or type(value) == "table")
    if not is_for_other and not is_left_out then
      out[#out + 1] = { name = one.name, title = one.title, kind = one.kind, value = value }
    end
  end
  return out
end

local function show_to_people(call, view)
  local output = call.output
  output:record { title = view.title, fields = fields_of(view, true), object = view.of }
  for _, sheet in ipairs(view.sheets or {}) do
    if #sheet.rows > 0 then
      output:say()
      output:sheet { name = sheet.title, title = sheet.title, columns = sheet.columns, rows = sheet.rows }
    end
  end
  for _, line in ipairs(view.lines or {}) do output:say(line) end
end

local function show_view(call, view)
  if call.output.format == "text" then
    show_to_people(call, view)
  else
    local fields = fields_of(view, false)
    local object = {}
    for _, one in ipairs(fields) do object[one.name] = one.value end
    for name, part in pairs(view.parts or {}) do object[name] = part end
    call.output:record { fields = fields, object = object }
  end
  if view.numbers then call:remember(view.numbers) end
end

-- ---- A document ----

local DOCUMENT_FIELDS = {
  field("number", nil, PROGRAMS), field("status", "status"), field "kind", field "patient", field "label",
  field("day", "day", { title = "issued" }), field("due", "day"), field("overdue", nil, QUIET),
  field("charged", "money"),
  field("collected", "money", QUIET), field("credited", "money", QUIET), field("discounted", "money", QUIET),
  field("lost", "money", QUIET), field("rounded", "money", QUIET), field("settled", "money"),
  field("remaining", "money"), field "invoice", field "consultations", field "note", field("at", "time"),
  field("recorded_at", "time"), field("invoiced", nil, PROGRAMS), field("cancelled", nil, PROGRAMS),
  field("payments", nil, PROGRAMS),
}

local function payment_state(payment, allocation)
  if payment.corrected_by then return "corrected by " .. payment.corrected_by end
  if payment.reversed then return "reversed" end
  if payment.refund_of then return "of " .. payment.refund_of end
  return allocation.refunded.minor ~= 0 and allocation.refunded:decimal() .. " refunded" or nil
end

local function allocation_row(payment, allocation)
  return {
    act = payment.act, payment = payment.number, kind = payment.kind, day = payment.day, type = payment.type,
    group = payment.group, document = allocation.document, amount = allocation.amount, rounded = allocation.rounded,
    refunded = allocation.refunded, reversed = payment.reversed, actor = payment.actor,
  }
end

-- A document, and the consultations that stand on it.
local function all_of(document)
  return { document.number, table.unpack(document.consultations or {}) }
end

-- What was paid on them, in the order of recording.
local function allocations_of(ledger, document, for_people)
  local rows = array()
  for _, number in ipairs(all_of(document)) do
    for payment in ledger:payments { document = number } do
      for _, allocation in ipairs(payment.allocations) do
        if allocation.document == number then
          rows[#rows + 1] = allocation_row(payment, allocation)
          rows[#rows].state = for_people and payment_state(payment, allocation) or nil
        end
      end
    end
  end
  table.sort(rows, function(one, other)
    if one.act ~= other.act then return one.act < other.act end
    return one.document < other.document
  end)
  return rows
end

local function charges_of(ledger, document)
  local rows = array()
  for _, number in ipairs(all_of(document)) do
    for entry in ledger:entries { document = number, kind = "charge" } do
      rows[#rows + 1] = { seq = entry.seq, day = entry.day, document = entry.document, amount = entry.amount,
        label = entry.label, actor = entry.actor }
    end
  end
  table.sort(rows, function(one, other) return one.seq < other.seq end)
  return rows
end

local ALLOCATION_COLUMNS = {
  field "payment", field("kind", nil, { spare = 2 }), field("day", "day"), field("type", nil, { flex = true }),
  field("group", nil, { spare = 1 }), field("document", nil, { spare = 4 }), field("amount", "money"),
  field("rounded", "money"), field("state", nil, { title = "" }), field("actor", nil, { flex = true, spare = 3 }),
}

local CHARGE_COLUMNS = {
  field("day", "day"), field("document", nil, { spare = 1 }), field("label", nil, { flex = true }),
  field("amount", "money"), field("actor", nil, { flex = true, spare = 2 }),
}

local readers = {}

function readers.document(call)
  local as_of = call.args.as_of
  local document, message, code, details = call.ledger:document(call.args.number, { as_of = as_of })
  if not document then return nil, message, code, details end
  array(document.payments)
  if document.kind == "invoice" then array(document.consultations) end
  local view = { title = document.number, of = document, fields = DOCUMENT_FIELDS }
  -- What a payment or a charge is read as is how it stands today.
  if as_of then return view end
  local allocations = allocations_of(call.ledger, document, call.output.format == "text")
  local charges = charges_of(call.ledger, document)
  view.parts = { allocations = allocations, charges = charges }
  view.sheets = { { title = "Payments", columns = ALLOCATION_COLUMNS, rows = allocations },
    { title = "Charges", columns = CHARGE_COLUMNS, rows = charges } }
  return view
end

-- ---- A payment ----

local PAYMENT_FIELDS = {
  field("number", nil, PROGRAMS), field "kind", field "patient", field "type", field "group", field("amount", "money"),
  field("deposited", "money", { quiet = true, title = "kept as credit" }), field("tendered", "money"),
  field("change", "money", QUIET), field("refunded", "money", QUIET), field "refunds", field "refund_of",
  field("reversed", nil, QUIET), field("reversed_by", nil, { title = "reversed by act" }), field "corrected_by",
  field "corrects", field "reference", field "reason", field "note", field "actor", field("at", "time"),
  field("day", "day", { title = "business day" }), field("recorded_at", "time"), field "act",
  field("documents", nil, PROGRAMS), field("effect", nil, PROGRAMS), field("type_version", nil, PROGRAMS),
}

local ALLOCATED_COLUMNS = {
  field "document", field("amount", "money"), field("rounded", "money"), field("refunded", "money"),
}

local EXTRA_COLUMNS = { field "field", field("value", nil, { flex = true }) }

-- The extra fields of its type, by their names.
local function extra_rows(payment)
  local rows = {}
  for name, value in pairs(payment.fields or {}) do rows[#rows + 1] = { field = name, value = value } end
  table.sort(rows, function(one, other) return one.field < other.field end)
  return rows
end

function readers.payment(call)
  local payment, message, code, details = call.ledger:payment(call.args.number)
  if not payment then return nil, message, code, details end
  payment.documents = array()
  for index, allocation in ipairs(payment.allocations) do payment.documents[index] = allocation.document end
  array(payment.refunds)
  return {
    title = payment.number, of = payment, fields = PAYMENT_FIELDS,
    parts = { allocations = array(payment.allocations), fields = payment.fields },
    sheets = { { title = "Documents", columns = ALLOCATED_COLUMNS, rows = payment.allocations },
      { title = "Fields", columns = EXTRA_COLUMNS, rows = extra_rows(payment) } },
  }
end

-- ---- A patient ----

local PATIENT_FIELDS = {
  field("patient", nil, PROGRAMS), field("owed", "money"), field("credit", "money"), field("documents", nil, PROGRAMS),
}

local OPEN_COLUMNS = {
  field("status", "status"), field "number", field("day", "day", { title = "issued" }),
  field("due", "day", { spare = 1 }), field("charged", "money"), field("settled", "money", { spare = 2 }),
  field("remaining", "money"),
}

function readers.patient(call)
  local patient, message, code, details = call.ledger:patient(call.args.id)
  if not patient then return nil, message, code, details end
  local open, numbers, columns = array(patient.documents), array(), OPEN_COLUMNS
  for index, document in ipairs(open) do numbers[index] = document.number end
  if call.session and call.output.format == "text" then
    columns = { { name = "place", title = "#", kind = "count" }, table.unpack(OPEN_COLUMNS) }
    for index, document in ipairs(open) do document.place = index end
  end
  patient.documents = numbers
  return {
    title = patient.patient, of = patient, fields = PATIENT_FIELDS, parts = { open = open }, numbers = numbers,
    sheets = { { title = "Open documents", columns = columns, rows = open } },
  }
end

-- ---- Where a document stands ----

local STAGE_FIELDS = {
  field("document", nil, PROGRAMS), field "workflow", field "stage", field("since", "time"),
  field("day", "day", PROGRAMS), field("seq", nil, PROGRAMS),
}

local NEXT_COLUMNS = {
  field("to", nil, { title = "next" }), field("when", nil, { title = "due" }), field("by", nil, { flex = true }),
}

function readers.stage(call)
  local stage, message, code, details = call.ledger:stage(call.args.document, call.args.workflow)
  if not stage then return nil, message, code, details end
  local rows = {}
  for index, one in ipairs(stage.next) do
    local due_at = one.due_at and os.date("%Y-%m-%d %H:%M", one.due_at) or one.due
    rows[index] = { to = one.to, by = one.by, when = one.manual and "by hand" or due_at }
  end
  return {
    title = stage.document, of = stage, fields = STAGE_FIELDS, parts = { next = array(stage.next) },
    sheets = { { title = "Ways on", columns = NEXT_COLUMNS, rows = rows } },
  }
end

-- ---- A ledger ----

local INFO_FIELDS = {
  field "path", field "id", field "currency", field "language", field("created_at", "time"), field("entries", "count"),
  field("documents", "count"), field("payments", "count"), field("closings", "count"), field("file_bytes", "count"),
  field("closed_through", "day"), field("head", nil, PEOPLE), field("head_seq", nil, PROGRAMS),
  field("head_hash", nil, PROGRAMS), field("anchor_state", nil, { title = "anchor" }),
  field("script_name", nil, { title = "script" }), field "script_version", field "writable",
  field("mode", nil, PROGRAMS), field "version", field "schema_version", field "sqlite_version", field "lua_version",
  field "journal_mode", field "synchronous",
}

-- Whether the ledger takes writing, and if not, why. Its own script may be one that can no longer be read: opened for
-- writing, it would open for reading only.
local function add_writable(info)
  local config = require "tallystick.config"
  local checked, errors = true, nil
  if info.script.text ~= "" then checked, errors = config.check(info.script.text, info.script.name) end
  info.writable = checked ~= nil
  if checked then return {} end
  return { "", "It opens for reading only, until it is given a sound script with --config:", config.report(errors) }
end

function readers.info(call)
  local info, message, code, details = call.ledger:info()
  if not info then return nil, message, code, details end
  local head
  head, message, code, details = call.ledger:head()
  if not head then return nil, message, code, details end
  info.head, info.head_seq, info.head_hash = ("%d:%s"):format(head.seq, head.hash), head.seq, head.hash
  info.script_name, info.script_version = info.script.name, info.script.version
  local lines, for_people = add_writable(info), call.output.format == "text"
  info.anchor_state = for_people and anchors.state(info.anchor) or info.anchor and info.anchor.state
  local warning = anchors.warning(info.anchor)
  if warning then lines = { "", ("%s: %s"):format(info.path, warning), table.unpack(lines) } end
  return { title = info.path, of = info, fields = INFO_FIELDS, lines = lines,
    parts = { script = info.script, anchor = info.anchor } }
end

-- ---- Payment references ----

local REFERENCE_FIELDS = {
  field("document", nil, PROGRAMS), field "patient", field("remaining", "money"),
  field("qr", nil, { title = "QR reference" }), field("creditor", nil, { title = "creditor reference" }),
}

function readers.reference(call)
  local references = require "tallystick.reference"
  local number, for_people = call.args.document, call.output.format == "text"
  local document, message, code, details = call.ledger:document(number)
  if not document then return nil, message, code, details end
  local qr, creditor
  qr, message, code, details = references.qr(number, { prefix = call.args.qr_prefix })
  if not qr then return nil, message, code, details end
  creditor, message, code, details = references.creditor(number)
  if not creditor then return nil, message, code, details end
  local shown = for_people and references.format or function(text) return text end
  return {
    title = number, fields = REFERENCE_FIELDS,
    of = { document = number, patient = document.patient, remaining = document.remaining, qr = shown(qr),
      creditor = shown(creditor) },
  }
end

---@param call tallystick.cli.Call
---@return integer exit_code
function show.run(call)
  local view, message, code, details = readers[call.definition.name](call)
  if not view then return call:refuse(message, code, details) end
  show_view(call, view)
  return exit.DONE
end

return show
