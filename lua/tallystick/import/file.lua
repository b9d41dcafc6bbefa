-- import/file.lua - what readers of files and plans check first: the options that they were given.
local keys = require "tallystick.keys"
local nearest = require "tallystick.config.nearest"

local file = {}

local function refuse(code, field, message, details)
  details = details or {}
  details.field = field
  return nil, message, code, details
end

local function unknown(what, name, known)
  local near = nearest(name, keys(known))
  return refuse("field-unknown", tostring(name), ("%s has no option %q%s"):format(what, tostring(name),
    near and ("; did you mean %q?"):format(near) or ""), { nearest = near })
end

---Checks options against a table of what is known: a type's name, or a list of the values that will do.
---@param what string whose options they are, for messages
---@param options table?
---@param known table<string, string|string[]>
---@return table? options
---@return string? message
---@return string? code
---@return table? details
function file.options(what, options, known)
  for name, value in pairs(options or {}) do
    local expected = known[name]
    if not expected then return unknown(what, name, known) end
    if type(expected) == "string" and type(value) ~= expected then
      return refuse("field-invalid", name, ("%s: give a %s"):format(name, expected), { expected = expected })
    end
    local fits = type(expected) == "string"
    for _, one in ipairs(fits and {} or expected) do fits = fits or one == value end
    if not fits then
      local list = table.concat(expected, ", ")
      return refuse("field-invalid", name, ("%s: give one of %s"):format(name, list), { value = tostring(value),
        expected = list })
    end
  end
  return options or {}
end

return file
