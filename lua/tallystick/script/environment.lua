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
-- A script is compiled in pieces, between which the budget is looked at: each sign of a long text may cost as much as
-- all before it.
local PIECE_BYTES = 1024
local LIBRARIES = { "coroutine", "math", "string", "table", "utf8" }

---@param name string
---@return table copy so that what a script does to its library is its own affair
local function copy_library(name)
  local copy = {}
  for key, value in pairs(_G[name]) do copy[key] = value end
  return copy
end

---coroutine.wrap, of functions that know which thread is not to be closed (csrc/lua_bounds.c).
---@param body function
---@return function
local function wrap(body)
  local thread = coroutine.create(body)
  local function pass_on(ok, ...)
    if ok then return ... end
    if coroutine.status(thread) == "dead" then coroutine.close(thread) end
    error((...), 0)
  end
  return function(...) return pass_on(coroutine.resume(thread, ...)) end
end

---The globals of one script. What it assigns as it is loaded is noted and kept, so that one slip does not cause ten
---messages; what its hooks assign later is an error of theirs.
---@param on_global fun(name: any, line: integer?)
---@return table
---@return fun() loaded to be called once it is
local function new_globals(on_global)
  local globals, loading = {}, true
  for _, name in ipairs(FUNCTIONS) do globals[name] = _G[name] end
  for _, name in ipairs(LIBRARIES) do globals[name] = copy_library(name) end
  globals.coroutine.wrap = wrap
  return setmetatable({}, {
    __index = globals,
    __newindex = function(_, name, value)
      if not loading then error(("sets the global %s; keep it in a local"):format(tostring(name)), 2) end
      on_global(name, host.line())
      if type(name) == "string" then globals[name] = value end
    end,
    __metatable = false,
  }), function() loading = false end
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

---@param source string
---@return fun(): string? reader for load
local function pieces_of(source)
  local from = 1
  return function()
    host.look()
    local piece = source:sub(from, from + PIECE_BYTES - 1)
    from = from + PIECE_BYTES
    return piece
  end
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
  local _, breaks = source:gsub("\r\n?", "\n"):gsub("\n", "")
  local globals, loaded = new_globals(on_global)
  local chunk, fault = load(pieces_of(source), CHUNK_NAME, "t", globals)
  if not chunk then return false, describe(fault, breaks + 1) end
  local raised_on
  local ok, raised = xpcall(chunk, function(raised)
    raised_on = host.line()
    return raised
  end, argument)
  loaded()
  if ok then return true end
  local message, line = describe(raised, breaks + 1)
  return false, message, line or raised_on
end

return environment
