-- environment.lua - what a script finds as its globals, and how it is run. It lives in the script's own state, where a
-- budget counts (csrc/lua_script.c) and the libraries are bounded (csrc/lua_bounds.c).
local host = require "tallystick.script.host"

local environment = {}

-- A fixed name instead of the path: Lua shortens long names in its messages, and the line must be found in each. The
-- core knows it too.
local CHUNK_NAME = "=script"
local CHUNK_PREFIX = "^script:(%d+): "

local FUNCTIONS = {
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset",
  "select", "setmetatable", "tonumber", "tostring", "type", "xpcall",
}
local LIBRARIES = { "coroutine", "math", "string", "table", "utf8" }

---@param name string
---@return table copy so that what a script does to its library is its own affair
local function copy_library(name)
  local copy = {}
  for key, value in pairs(_G[name]) do copy[key] = value end
  return copy
end

---The globals of one script. What it assigns is noted and kept, so that one slip does not cause ten messages.
---@param on_global fun(name: any, line: integer?)
---@return table
local function new_globals(on_global)
  local globals = {}
  for _, name in ipairs(FUNCTIONS) do globals[name] = _G[name] end
  for _, name in ipairs(LIBRARIES) do globals[name] = copy_library(name) end
  return setmetatable({}, {
    __index = globals,
    __newindex = function(_, name, value)
      on_global(name, host.line())
      if type(name) == "string" then globals[name] = value end
    end,
    __metatable = false,
  })
end

---@param raised any what error() was given
---@param lines integer of the script: a message may name any number
---@return string message without the position
---@return integer? line that the message names
local function describe(raised, lines)
  if type(raised) ~= "string" and type(raised) ~= "number" then
    return ("the script raised a %s; raise a message instead"):format(type(raised)), nil
  end
  local text = tostring(raised)
  if text == "not enough memory" then return "the script needs more memory than a script may use", nil end
  local line = math.tointeger(tonumber(text:match(CHUNK_PREFIX)))
  if not line or line < 1 or line > lines then return text, nil end
  return (text:gsub(CHUNK_PREFIX, "", 1)), line
end

---Compiles and runs a script. It raises nothing but the end of the budget.
---@param text string source text
---@param argument any what the script gets as `...`
---@param on_global fun(name: any, line: integer?) told of each assignment to a global
---@return boolean ok
---@return string? message
---@return integer? line nil where it is not known
function environment.run(text, argument, on_global)
  local source = text:sub(1, 3) == "\xEF\xBB\xBF" and text:sub(4) or text
  local _, line_feeds = source:gsub("\n", "")
  local chunk, fault = load(source, CHUNK_NAME, "t", new_globals(on_global))
  if not chunk then return false, describe(fault, line_feeds + 1) end
  local raised_on
  local ok, raised = xpcall(chunk, function(raised)
    raised_on = host.line()
    return raised
  end, argument)
  if ok then return true end
  local message, line = describe(raised, line_feeds + 1)
  return false, message, line or raised_on
end

return environment
