-- options.lua - the options of tallystick.open: names, shapes, and what is wrong with them.

local function is_count(value)
  return math.type(value) == "integer" and value >= 0
end

-- As the core takes it of a command: what is not UTF-8 could not be exported, and not be replayed.
local function is_name(value)
  if type(value) ~= "string" or #value == 0 or #value > 128 then return false end
  return utf8.len(value) ~= nil and not value:find "[\0-\31\127]"
end

local function is_list_of_names(value)
  if type(value) ~= "table" then return false end
  for index, name in ipairs(value) do
    if index > 1000 or not is_name(name) then return false end
  end
  for key in pairs(value) do
    if math.type(key) ~= "integer" or key < 1 or key > #value then return false end
  end
  return true
end

--- What a script may use: whole numbers but for the seconds, all above zero.
local function is_limits(value)
  if type(value) ~= "table" then return false end
  for name, limit in pairs(value) do
    local whole = name == "instructions" or name == "memory_bytes"
    if not whole and name ~= "seconds" then return false end
    if type(limit) ~= "number" or limit <= 0 or limit > 1e12 then return false end
    if whole and math.type(limit) ~= "integer" then return false end
  end
  return true
end

local function is_boolean(value)
  return type(value) == "boolean"
end

local function is_function(value)
  return type(value) == "function"
end

--- Each option with its check and what would do.
local known = {
  mode = { check = function(value) return value == "rw" or value == "ro" end, expected = '"rw" or "ro"' },
  config = { check = function(value) return type(value) == "string" and #value > 0 end, expected = "a script's path" },
  actor = { check = is_name, expected = "a name of 1 to 128 bytes of plain UTF-8" },
  roles = { check = is_list_of_names, expected = "a list of names" },
  clock = { check = is_function, expected = "a function that gives epoch seconds or ISO 8601" },
  busy_timeout = { check = is_count, expected = "milliseconds as an integer" },
  anchor = { check = is_boolean, expected = "true or false" },
  on_error = { check = is_function, expected = "a function" },
  on_log = { check = is_function, expected = "a function" },
  script_limits = {
    check = is_limits, expected = "{ instructions = …, memory_bytes = …, seconds = … }, each above zero",
  },
}

local names = {}
for name in pairs(known) do names[#names + 1] = name end
table.sort(names)

local function refuse(code, field, message, details)
  details = details or {}
  details.field = field
  return nil, message, code, details
end

-- A value as a message shows it, on one line of text.
local function shown(value)
  local text = tostring(value):gsub("[\0-\31\127]", "?")
  return utf8.len(text) and text or (text:gsub("[\128-\255]", "?"))
end

local function check_option(name, value, nearest)
  local option = known[name]
  if not option then
    local near = nearest(tostring(name), names)
    local hint = near and ('; did you mean "%s"?'):format(near) or ""
    return refuse("field-unknown", tostring(name), ("open has no option %q%s"):format(tostring(name), hint),
      { nearest = near })
  end
  if option.check(value) then return true end
  return refuse("field-invalid", name, ("%s: %s will not do; give %s"):format(name, shown(value), option.expected),
    { expected = option.expected })
end

---Checks the path and options of `open`; gives a copy of the options.
---@param path string
---@param options? tallystick.Options
---@param nearest fun(name: string, candidates: string[]): string?
---@return table? checked
---@return string? message
---@return string? code
---@return table? details
return function(path, options, nearest)
  if type(path) ~= "string" or path == "" or path:find("\0", 1, true) then
    return refuse("field-invalid", "path", "path: give the path of a ledger file, or \":memory:\"")
  end
  if options ~= nil and type(options) ~= "table" then
    return refuse("field-invalid", "options", "options: give a table such as { actor = \"desk-1\" }")
  end
  local checked = {}
  for name, value in pairs(options or {}) do
    local ok, message, code, details = check_option(name, value, nearest)
    if not ok then return nil, message, code, details end
    checked[name] = value
  end
  return checked
end
