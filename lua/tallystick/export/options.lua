-- options.lua - checks the options of an export.
local calendar = require "tallystick.calendar"
local nearest = require "tallystick.config.nearest"

-- A day that the calendar has: written again, it is the same.
local function is_day(value)
  if type(value) ~= "string" or not value:find "^%d%d%d%d%-%d%d%-%d%d$" then return false end
  return value > "0001" and calendar.text_of(calendar.day_of(value)) == value
end

local function is_function(value) return type(value) == "function" end
local function is_boolean(value) return type(value) == "boolean" end
local function is_text(value) return type(value) == "string" end
local function is_detail(value) return value == "class" or value == "document" end

---@class tallystick.export.Known
---@field check fun(value: any): boolean
---@field expected string
---@field code? string default "field-invalid"

---@type table<string, tallystick.export.Known>
local KNOWN = {
  from = { check = is_day, expected = 'a business day such as "2026-11-20"', code = "date-invalid" },
  to = { check = is_day, expected = 'a business day such as "2026-11-20"', code = "date-invalid" },
  detail = { check = is_detail, expected = '"class" or "document"' },
  actor = { check = is_text, expected = 'an actor\'s name, or "" for entries that name none' },
  notes = { check = is_boolean, expected = "true or false" },
  progress = { check = is_function, expected = "a function" },
}

-- What can be named, sorted for messages.
local NAMES = { "actor", "detail", "format", "from", "notes", "progress", "to" }

local function refuse(code, field, message, details)
  details = details or {}
  details.field = field
  return nil, message, code, details
end

local function check_option(name, value)
  local known = KNOWN[name]
  if not known then
    local near = nearest(name, NAMES)
    local hint = near and ('; did you mean "%s"?'):format(near) or ""
    return refuse("field-unknown", tostring(name), ('an export has no option "%s"%s'):format(tostring(name), hint),
      { nearest = near })
  end
  if known.check(value) then return true end
  return refuse(known.code or "field-invalid", name,
    ("%s: %s will not do; give %s"):format(name, tostring(value), known.expected),
    { value = tostring(value), expected = known.expected })
end

local function check_format(value, formats)
  for _, format in ipairs(formats) do
    if format == value then return true end
  end
  local near = nearest(value, formats)
  local hint = near and ('did you mean "%s"?'):format(near) or "give one of " .. table.concat(formats, ", ")
  return refuse("field-invalid", "format", ("format: there is no format %s; %s"):format(tostring(value), hint),
    { value = tostring(value), nearest = near, expected = table.concat(formats, ", ") })
end

---Checks the options of an export.
---@param options table
---@param formats string[] the formats' names
---@param taken table<string, table<string, boolean>> by format, the options that it takes beside format and progress
---@return true? sound
---@return string? message
---@return string? code
---@return tallystick.Details? details
return function(options, formats, taken)
  if options.format == nil then
    return refuse("field-missing", "format", "format: give one of " .. table.concat(formats, ", "))
  end
  local sound, message, code, details = check_format(options.format, formats)
  if not sound then return nil, message, code, details end
  for name, value in pairs(options) do
    if name ~= "format" then sound, message, code, details = check_option(name, value) end
    if not sound then return nil, message, code, details end
    if name ~= "format" and name ~= "progress" and not taken[options.format][name] then
      return refuse("field-invalid", name, ("%s: the format %s has no use for it"):format(name, options.format),
        { value = tostring(value) })
    end
  end
  if options.from and options.to and options.from > options.to then
    return refuse("field-invalid", "from", ("from: %s is after to, %s"):format(options.from, options.to),
      { value = options.from, to = options.to })
  end
  return true
end
