-- context.lua - the second argument of hooks and workflows: money, what may be read, and the words of a refusal.
local host = require "tallystick.script.host"
local nearest = require "tallystick.config.nearest"

local context = {}

local CODE_BYTES_MAX, MESSAGE_BYTES_MAX = 64, 400
-- What a script logs is for a person who reads it at a desk.
local LOG_LINES_MAX, LOG_BYTES_MAX = 100, 400

---What one run of hooks leaves behind for the host.
---@class tallystick.Run
---@field refusal table? what ctx.refuse was called with last
---@field log string[]

local function check_text(value, what, bytes_max)
  if type(value) ~= "string" or value == "" or #value > bytes_max then
    error(("%s: give a text of 1 to %d bytes"):format(what, bytes_max), 3)
  end
end

local function functions_of(run)
  local own = {}

  function own.refuse(code, message)
    check_text(code, "ctx.refuse, code", CODE_BYTES_MAX)
    if message == nil then message = code end
    check_text(message, "ctx.refuse, message", MESSAGE_BYTES_MAX)
    run.refusal = { code = code, message = message }
    return run.refusal
  end

  function own.log(...)
    local parts = table.pack(...)
    for index = 1, parts.n do parts[index] = tostring(parts[index]) end
    local text = table.concat(parts, " ")
    if #run.log < LOG_LINES_MAX then run.log[#run.log + 1] = text:sub(1, LOG_BYTES_MAX) end
  end

  function own.has_role(name)
    for _, role in ipairs(host.fact "roles") do
      if role == name then return true end
    end
    return false
  end

  for name, read in pairs(host.readings) do own[name] = read end
  return own
end

local FACTS = { "zero", "now", "day", "actor", "roles", "currency", "language" }

---Makes the context of a script, whose fields cannot be changed; a name that it has not is a mistake of the script's.
---@param run tallystick.Run
---@return table
function context.new(run)
  local own, facts, names = functions_of(run), {}, {}
  for _, name in ipairs(FACTS) do facts[name] = true end
  for name in pairs(own) do names[#names + 1] = name end
  for name in pairs(facts) do names[#names + 1] = name end
  table.sort(names)
  return setmetatable({}, {
    __index = function(_, name)
      local known = own[name]
      if known then return known end
      if facts[name] then return host.fact(name) end
      local near = nearest(name, names)
      error(("ctx has no field %s%s"):format(tostring(name), near and ("; did you mean %s?"):format(near) or ""), 2)
    end,
    __newindex = function() error("ctx is not to be changed", 2) end,
    __metatable = false,
  })
end

return context
