-- report/options.lua - what reports are asked: the names and shapes of options, and what is wrong with them.
local calendar = require "tallystick.calendar"
local core = require "tallystick.core"
local keys = require "tallystick.keys"
local labels = require "tallystick.labels"
local nearest = require "tallystick.config.nearest"

local options = {}

local NAME_BYTES_MAX = 128

local function refuse(code, field, message, details)
  details = details or {}
  details.field = field
  return nil, message, code, details
end

---@param field string
---@param value any
---@param expected string
local function invalid(field, value, expected)
  return refuse("field-invalid", field, ("%s: %s will not do; give %s"):format(field, tostring(value), expected),
    { expected = expected })
end

-- Each kind of option: gives the value as reports use it, or nil, message, code and details.
local kinds = {}

function kinds.day(field, value, _, ledger)
  local ms, count = nil, nil
  if type(value) == "string" or math.type(value) == "integer" then ms, count = core.instant(ledger, value) end
  if ms then return calendar.text_of(count) end
  local message = '%s: %s is no day; give one such as "2026-11-20"'
  return refuse("date-invalid", field, message:format(field, tostring(value)))
end

function kinds.name(field, value)
  if type(value) == "string" and #value > 0 and #value <= NAME_BYTES_MAX then return value end
  return invalid(field, value, "a name of 1 to 128 bytes")
end

function kinds.flag(field, value)
  if type(value) == "boolean" then return value end
  return invalid(field, value, "true or false")
end

function kinds.lang(field, value)
  local language = labels.language(value)
  if language then return language end
  return invalid(field, value, "one of " .. table.concat(labels.languages, ", "))
end

local function quoted(values)
  local texts = {}
  for index, value in ipairs(values) do texts[index] = ('"%s"'):format(value) end
  return table.concat(texts, ", ")
end

local function is_one_of(value, values)
  for _, known in ipairs(values) do
    if value == known then return true end
  end
  return false
end

function kinds.choice(field, value, option)
  if is_one_of(value, option.of) then return value end
  return invalid(field, value, "one of " .. quoted(option.of))
end

-- A list of known words, none twice.
function kinds.list(field, value, option)
  local expected = "a list of " .. quoted(option.of)
  if type(value) ~= "table" then return invalid(field, value, expected) end
  local list, seen, count = {}, {}, 0
  for _ in pairs(value) do count = count + 1 end
  for index, item in ipairs(value) do
    if not is_one_of(item, option.of) then
      local near = nearest(item, option.of)
      local hint = near and ('; did you mean "%s"?'):format(near) or ""
      return refuse("field-invalid", field, ("%s: %s is none of %s%s"):format(field, tostring(item), quoted(option.of),
        hint), { expected = expected, nearest = near })
    end
    if seen[item] then return refuse("field-invalid", field, ("%s: %s is named twice"):format(field, item)) end
    list[index], seen[item] = item, true
  end
  if count ~= #list then return invalid(field, "a table with other keys", expected) end
  return list
end

---@class tallystick.report.Option
---@field kind "day"|"name"|"flag"|"lang"|"choice"|"list"
---@field of? string[] the words of a choice or a list
---@field required? boolean

local function check_unknown(report, known, asked)
  for name in pairs(asked) do
    if not known[name] then
      local near = nearest(name, keys(known))
      local hint = near and ('; did you mean "%s"?'):format(near) or ""
      return refuse("field-unknown", tostring(name), ("the report %s has no option %q%s"):format(report, tostring(name),
        hint), { nearest = near })
    end
  end
  return true
end

---Checks what a report is asked; gives a copy in which days are texts such as "2026-11-20".
---@param report string the report's name
---@param known table<string, tallystick.report.Option>
---@param asked? table
---@param ledger? tallystick.Ledger whose time zone and clock count; needed where there are days
---@return table? checked
---@return string? message
---@return string? code
---@return table? details
function options.check(report, known, asked, ledger)
  if asked ~= nil and type(asked) ~= "table" then
    return refuse("field-invalid", "options", "options: give a table such as { lang = \"fr\" }")
  end
  asked = asked or {}
  local sound, message, code, details = check_unknown(report, known, asked)
  if not sound then return nil, message, code, details end
  local checked = {}
  for _, name in ipairs(keys(known)) do
    local value, option = asked[name], known[name]
    if value ~= nil then
      local wrong
      value, wrong, code, details = kinds[option.kind](name, value, option, ledger)
      if value == nil then return nil, wrong, code, details end
      checked[name] = value
    elseif option.required then
      return refuse("field-missing", name, ("%s: the report %s needs it"):format(name, report))
    end
  end
  return checked
end

---Checks that a period does not end before it begins.
---@param checked { from?: string, to?: string }
---@return boolean? sound
---@return string? message
---@return string? code
---@return table? details
function options.check_period(checked)
  if not checked.from or not checked.to then return true end
  if calendar.day_of(checked.from) <= calendar.day_of(checked.to) then return true end
  return refuse("field-invalid", "from", ("from: %s is after %s; give a day up to that"):format(checked.from,
    checked.to), { expected = "a day up to " .. checked.to })
end

return options
