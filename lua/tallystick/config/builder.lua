-- The builder that a script gets as `...`: takes its declarations, checks each at once and keeps what is sound.

local amounts = require "tallystick.config.amounts"
local host = require "tallystick.script.host"
local mistakes = require "tallystick.config.mistakes"
local nearest = require "tallystick.config.nearest"
local numbering = require "tallystick.config.numbering"
local schema = require "tallystick.config.schema"
local workflow = require "tallystick.config.workflow"

local builder = {}

---@class tallystick.DeclaredType
---@field payment_type table as the schema gives it
---@field place tallystick.Place

---What a script has declared so far.
---@class tallystick.Draft
---@field list tallystick.Mistakes
---@field line integer of the last call
---@field once table<string, integer> line by method that may be called only once
---@field currency string?
---@field currency_exponent integer?
---@field language string?
---@field numbering table<string, string>?
---@field type_count integer calls of payment_type, sound or not
---@field type_line integer of the last of them
---@field types tallystick.DeclaredType[]
---@field permits table<string, string[]>
---@field permit_lines table<string, integer>
---@field hooks tallystick.Hook[]
---@field complete boolean? whether the script has run: nothing is declared any more
---@field workflows table[]
---@field receipt { head: string[]?, template: function? }?

---@param draft tallystick.Draft
---@param place tallystick.Place
---@param code any
local function currency(draft, place, code)
  local expected = 'an ISO 4217 code, such as "CHF"'
  if type(code) ~= "string" then return place:refuse_kind(code, expected) end
  local exponent = code:find "^[A-Z][A-Z][A-Z]$" and host.exponent(code)
  if exponent then
    draft.currency, draft.currency_exponent = code, exponent
    return
  end
  local capitals = code:find "^%a%a%a$" and code:upper()
  local suggestion = capitals and host.exponent(capitals) and capitals or nil
  place:refuse("is not a currency", { value = code, expected = expected, suggestion = suggestion })
end

---@param draft tallystick.Draft
---@param place tallystick.Place
---@param code any
local function language(draft, place, code)
  draft.language = schema.language(code, place)
end

---@param draft tallystick.Draft
---@param place tallystick.Place
---@param formats any
local function set_numbering(draft, place, formats)
  draft.numbering = numbering.check(formats, place)
end

---@param draft tallystick.Draft
---@param place tallystick.Place
---@param value any
local function receipt(draft, place, value)
  draft.receipt = schema.receipt(value, place)
end

---@param draft tallystick.Draft
---@param id string
---@return tallystick.DeclaredType?
local function declared_type(draft, id)
  for _, declared in ipairs(draft.types) do
    if declared.payment_type.id == id then return declared end
  end
  return nil
end

---@param draft tallystick.Draft
---@param place tallystick.Place
---@param value any
local function payment_type(draft, place, value)
  draft.type_count, draft.type_line = draft.type_count + 1, place.line
  local id = type(value) == "table" and value.id
  local shown = type(id) == "string" and mistakes.quote(id) or "#" .. draft.type_count
  place = draft.list:place(place.line, "payment_type " .. shown)
  local checked = schema.payment_type(value, place)
  if not checked then return end
  local earlier = checked.id and declared_type(draft, checked.id)
  if earlier then
    local problem = ("is declared already, on line %d"):format(earlier.place.line)
    place:at "id":refuse(problem, { value = checked.id, expected = "another id" })
  end
  draft.types[#draft.types + 1] = { payment_type = checked, place = place }
end

---@param draft tallystick.Draft
---@param place tallystick.Place
---@param value any
local function permit(draft, place, value)
  local checked, commands = schema.permit(value, place) or {}, {}
  for command in pairs(checked) do commands[#commands + 1] = command end
  table.sort(commands)
  for _, command in ipairs(commands) do
    local roles, earlier = checked[command], draft.permit_lines[command]
    if earlier then
      local problem = ("is permitted already, on line %d"):format(earlier)
      place:at(command):refuse(problem, { expected = "all its roles there" })
    else
      draft.permits[command], draft.permit_lines[command] = roles, place.line
    end
  end
end

---@param draft tallystick.Draft
---@param phase string
---@param command string
---@param id string
---@return tallystick.Hook?
local function declared_hook(draft, phase, command, id)
  for _, hook in ipairs(draft.hooks) do
    if hook.phase == phase and hook.command == command and hook.id == id then return hook end
  end
  return nil
end

---@param draft tallystick.Draft
---@param place tallystick.Place
---@param phase "before"|"after"
local function hook(draft, place, phase, command, options, run)
  local checked = schema.hook({ command = command, options = options, run = run }, place)
  if not checked then return end
  local earlier = declared_hook(draft, phase, checked.command, checked.id)
  if earlier then
    local problem = ("is declared already for %s, on line %d"):format(checked.command, earlier.line)
    place:at "id":refuse(problem, { value = checked.id, expected = "another id" })
  end
  draft.hooks[#draft.hooks + 1] = {
    phase = phase, command = checked.command, id = checked.id, priority = checked.priority, run = run,
    order = #draft.hooks + 1, line = place.line,
  }
end

---@param draft tallystick.Draft
---@param place tallystick.Place
local function before(draft, place, ...)
  hook(draft, place, "before", ...)
end

---@param draft tallystick.Draft
---@param place tallystick.Place
local function after(draft, place, ...)
  hook(draft, place, "after", ...)
end

---@param draft tallystick.Draft
---@param place tallystick.Place
---@param value any
local function declare_workflow(draft, place, value)
  local id = type(value) == "table" and value.id
  local shown = type(id) == "string" and mistakes.quote(id) or "#" .. #draft.workflows + 1
  place = draft.list:place(place.line, "workflow " .. shown)
  local checked = workflow.check(value, place)
  if not checked then return end
  for _, earlier in ipairs(draft.workflows) do
    if checked.id and earlier.id == checked.id then
      local problem = ("is declared already, on line %d"):format(earlier.line)
      place:at "id":refuse(problem, { value = checked.id, expected = "another id" })
    end
  end
  checked.line = place.line
  draft.workflows[#draft.workflows + 1] = checked
end

---@class tallystick.Method
---@field declare fun(draft: tallystick.Draft, place: tallystick.Place, ...: any)
---@field once boolean? whether a second call is a mistake
---@field values integer how many values it takes

---@type table<string, tallystick.Method>
local METHODS = {
  currency = { declare = currency, once = true, values = 1 },
  language = { declare = language, once = true, values = 1 },
  numbering = { declare = set_numbering, once = true, values = 1 },
  payment_type = { declare = payment_type, values = 1 },
  permit = { declare = permit, values = 1 },
  receipt = { declare = receipt, once = true, values = 1 },
  before = { declare = before, values = 3 },
  after = { declare = after, values = 3 },
  workflow = { declare = declare_workflow, values = 1 },
}
local METHOD_NAMES = {
  "currency", "language", "numbering", "payment_type", "permit", "receipt", "before", "after", "workflow",
}

---The place of a call. A call in a `return` has no frame of the script any more; the line where the method was looked
---up stands in.
---@param draft tallystick.Draft
---@param path string
---@return tallystick.Place
local function place_here(draft, path)
  if draft.complete then error("declares while a hook runs; declare as the script is loaded", 0) end
  draft.line = host.line() or draft.line
  return draft.list:place(draft.line, path)
end

---Whether a method that may be called once was called before.
---@param draft tallystick.Draft
---@param name string
---@param place tallystick.Place
---@return boolean
local function is_repeated(draft, name, place)
  if not METHODS[name].once then return false end
  local earlier = draft.once[name]
  draft.once[name] = earlier or place.line
  if earlier then
    place:refuse(("is declared already, on line %d"):format(earlier), { expected = "it once" })
  end
  return earlier ~= nil
end

---@param draft tallystick.Draft
---@param proxy table
---@param name string
---@return fun(self: any, ...: any)
local function method_of(draft, proxy, name)
  local method = METHODS[name]
  return function(self, ...)
    -- A loop that makes mistakes is stopped, or it would use up the budget to say the same thing again and again.
    if draft.list.full then error("the script makes too many mistakes; the rest is not listed", 0) end
    local place = place_here(draft, name)
    if not rawequal(self, proxy) then
      return place:refuse("is not called on the builder", { expected = ("clinic:%s with a colon"):format(name) })
    end
    local count = select("#", ...)
    if count > method.values then
      return place:refuse(("has %d values"):format(count), { expected = ("at most %d"):format(method.values) })
    end
    if not is_repeated(draft, name, place) then method.declare(draft, place, ...) end
  end
end

local function ignore() end

---@param list tallystick.Mistakes
---@return tallystick.Draft
local function new_draft(list)
  return {
    list = list, line = 1, once = {}, type_count = 0, type_line = 1, types = {}, permits = {}, permit_lines = {},
    hooks = {}, workflows = {},
  }
end

---A new builder and the draft that it fills. The builder itself is empty: whatever a script reads from it or writes to
---it is seen here.
---@param list tallystick.Mistakes
---@return table proxy
---@return tallystick.Draft draft
function builder.new(list)
  local draft = new_draft(list)
  local proxy = {}
  return setmetatable(proxy, {
    __index = function(_, name)
      local place = place_here(draft, "clinic"):at(name)
      if METHODS[name] then return method_of(draft, proxy, name) end
      place:refuse("is not a known declaration", {
        expected = mistakes.alternatives(METHOD_NAMES), suggestion = nearest(name, METHOD_NAMES),
      })
      return ignore
    end,
    __newindex = function(_, name)
      place_here(draft, "clinic"):at(name):refuse("is not to be assigned", { expected = "your own values in locals" })
    end,
    __metatable = false,
  }), draft
end

---Refuses a second default and, once the whole script has run, a script without one.
---@param draft tallystick.Draft
---@param complete boolean
local function check_default(draft, complete)
  local first
  -- A type that could not be read, or whose default is not clear, may have been meant to be it.
  local unclear = #draft.types < draft.type_count
  for _, declared in ipairs(draft.types) do
    local default = declared.payment_type.default
    unclear = unclear or default == nil
    if default and first then
      local problem = ("a type is the default already, on line %d"):format(first.place.line)
      declared.place:at "default":refuse(problem, { expected = "default = true on one of them" })
    end
    first = first or default and declared
  end
  if complete and not first and not unclear and draft.type_count > 0 then
    draft.list:place(draft.type_line, "payment_type")
      :refuse("no type is the default", { expected = "default = true on one of them" })
  end
end

---The checks that need the whole script: the default, and amounts, since the currency may come after the types.
---@param draft tallystick.Draft
---@param complete boolean whether the script ran to its end
function builder.finish(draft, complete)
  draft.complete = true
  check_default(draft, complete)
  for _, declared in ipairs(draft.types) do
    amounts.settle(declared.payment_type, declared.place, draft.currency_exponent)
  end
end

return builder
