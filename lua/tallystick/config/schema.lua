-- What a script may declare: the fields of payment types, numbering, permits and languages, each with its check.

local amounts = require "tallystick.config.amounts"
local checks = require "tallystick.config.checks"
local host = require "tallystick.script.host"
local pattern = require "tallystick.config.pattern"

local schema = {}

-- Ids and field names become column values, JSON keys and command line words: short enough to read in a table.
local ID_BYTES_MAX = 32
-- Labels and accounting codes go on one line of a receipt or an export.
local LABEL_BYTES_MAX = 128
-- Groups and roles are names that a host gives, often with a prefix of its own.
local NAME_BYTES_MAX = 64

local EFFECTS = { "money", "credit", "discount", "loss" }
local KINDS = { "consultation", "invoice" }
local COMMANDS = host.commands

local label_text = checks.text(LABEL_BYTES_MAX)
local roles = checks.list_of(checks.text(NAME_BYTES_MAX), '{ "manager" }')

local label_by_language = checks.map {
  key = checks.name {
    patterns = { "^[a-z][a-z]$", "^[a-z][a-z]%-[A-Z][A-Z]$" }, bytes_max = 5,
    expected = 'a language code, such as "fr" or "fr-CH"',
  },
  value = label_text,
  example = '{ fr = "Espèces", en = "Cash" }',
}

---A text for every language, or one for each. A text alone is kept under the empty code.
---@param value any
---@param place tallystick.Place
---@return table<string, string>?
local function label(value, place)
  if type(value) == "table" then return label_by_language(value, place) end
  local text = label_text(value, place)
  return text and { [""] = text }
end

---@param value any
---@param place tallystick.Place
---@return string?
local function lua_pattern(value, place)
  local expected = 'a Lua pattern, such as "^%d+$"'
  if type(value) ~= "string" then return place:refuse_kind(value, expected) end
  local fault = pattern.fault(value)
  if fault then return place:refuse(fault, { value = value, expected = expected }) end
  return value
end

local extra_field = checks.record({
  { name = "type", check = checks.one_of { "string", "integer", "boolean", "date" }, default = "string" },
  { name = "required", check = checks.boolean, default = false },
  { name = "pattern", check = lua_pattern },
}, '{ type = "string", required = true }')

---@param value any
---@param place tallystick.Place
---@return table?
local function extra_field_whole(value, place)
  local field = extra_field(value, place)
  if field and field.pattern and field.type and field.type ~= "string" then
    place:at "pattern":refuse(("is for strings, and this field is of type %q"):format(field.type), {
      expected = 'type = "string", or leave the pattern out',
    })
  end
  return field
end

local PAYMENT_TYPE_FIELDS = {
  { name = "id", required = true, check = checks.name {
    patterns = { "^[a-z][a-z0-9_-]*$" }, bytes_max = ID_BYTES_MAX,
    expected = 'an id of a-z, 0-9, "_" and "-" that begins with a letter, at most 32 bytes, such as "cash"',
  } },
  { name = "label", check = label },
  { name = "effect", check = checks.one_of(EFFECTS), default = "money" },
  { name = "default", check = checks.boolean, default = false },
  { name = "applies_to", check = checks.list_of(checks.one_of(KINDS), '{ "invoice" }'), default = KINDS },
  { name = "group", check = checks.record({
    { name = "required", check = checks.boolean, default = false },
    { name = "one_of", check = checks.list_of(checks.text(NAME_BYTES_MAX), '{ "POS-1", "POS-2" }') },
  }, '{ required = true, one_of = { "POS-1" } }') },
  { name = "fields", check = checks.map {
    key = checks.name {
      patterns = { "^[a-z][a-z0-9_]*$" }, bytes_max = ID_BYTES_MAX,
      expected = 'a field name of a-z, 0-9 and "_" that begins with a letter, at most 32 bytes, such as "cheque_no"',
    },
    value = extra_field_whole,
    example = '{ cheque_no = { type = "string", required = true } }',
  } },
  { name = "round_to", check = amounts.check },
  { name = "excess", check = checks.one_of { "refuse", "change", "credit" }, default = "refuse" },
  { name = "max", check = amounts.check },
  { name = "roles", check = roles },
  { name = "account", check = checks.text(LABEL_BYTES_MAX) },
  { name = "retired", check = checks.boolean, default = false },
}

---@param payment_type table
---@return boolean
local function moves_no_money(payment_type)
  return payment_type.effect ~= nil and payment_type.effect ~= "money"
end

---Rules between two fields of a payment type: the field that is refused, when, and what to say.
local PAYMENT_TYPE_RULES = {
  {
    field = "round_to", problem = 'is only for the effect "money"', expected = "none here",
    broken = function(it) return it.round_to and moves_no_money(it) end,
  },
  {
    field = "excess", problem = 'is only for the effect "money"', expected = '"refuse" here, or leave it out',
    broken = function(it) return it.excess and it.excess ~= "refuse" and moves_no_money(it) end,
  },
  {
    field = "default", problem = "is not possible for a retired type", expected = "default = true on a type in use",
    broken = function(it) return it.default and it.retired end,
  },
}

local payment_type_fields = checks.record(PAYMENT_TYPE_FIELDS, '{ id = "cash" }')

---Checks one payment type by itself. Amounts are held against the currency later.
---@param value any
---@param place tallystick.Place
---@return table?
function schema.payment_type(value, place)
  local payment_type = payment_type_fields(value, place)
  if not payment_type then return nil end
  for _, rule in ipairs(PAYMENT_TYPE_RULES) do
    if rule.broken(payment_type) then
      place:at(rule.field):refuse(rule.problem, { value = payment_type[rule.field], expected = rule.expected })
    end
  end
  return payment_type
end

local permit_fields = {}
for index, command in ipairs(host.permitted) do permit_fields[index] = { name = command, check = roles } end

---Roles by command.
schema.permit = checks.record(permit_fields, '{ reverse = { "manager" } }')

local function a_function(value, place)
  if type(value) == "function" then return value end
  return place:refuse_kind(value, "function(event, ctx) … end")
end

local HOOK_EXAMPLE = '{ id = "cash-cap", priority = 10 }'
local hook_options = checks.record({
  { name = "id", required = true, check = checks.name {
    patterns = { "^[a-z][a-z0-9_-]*$" }, bytes_max = ID_BYTES_MAX,
    expected = 'an id of a-z, 0-9, "_" and "-" that begins with a letter, at most 32 bytes, such as "cash-cap"',
  } },
  { name = "priority", check = checks.integer(-1000000, 1000000), default = 0 },
}, HOOK_EXAMPLE)
local hooked_command = checks.one_of(COMMANDS)

---A hook: its command, its options, its function; nil where one of them will not do.
---@param value { command: any, options: any, run: any }
---@param place tallystick.Place
---@return { command: string, id: string, priority: integer }?
function schema.hook(value, place)
  local command = hooked_command(value.command, place:at "command")
  local options = hook_options(value.options, place)
  local run = a_function(value.run, place:at "function")
  if not (command and options and options.id and options.priority and run) then return nil end
  return { command = command, id = options.id, priority = options.priority }
end

---What receipts have of the clinic's own: lines on top, and a template that may change the blocks.
schema.receipt = checks.record({
  { name = "head", check = checks.list_of(label_text, '{ "Cabinet du Lac", "1200 Genève" }') },
  { name = "template", check = function(value, place)
    if type(value) == "function" then return value end
    return place:refuse_kind(value, "function(blocks, data) … return blocks end")
  end },
}, '{ head = { "Cabinet du Lac" } }')

---The language of receipts and messages.
schema.language = checks.name {
  patterns = { "^[a-z][a-z]$" }, bytes_max = 2, expected = 'a language code of two letters, such as "fr"',
}

return schema
