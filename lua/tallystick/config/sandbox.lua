-- Runs a script of the clinic apart from its host: few globals, text only, a bounded number of instructions.

local sandbox = {}

-- The script of examples/practice-year, checks included, takes some ten thousand instructions. A thousand times that is
-- out of reach by honest means, and still over within about a tenth of a second, for which a desk can wait.
sandbox.INSTRUCTIONS_MAX = 10 * 1000 * 1000

-- A fixed name instead of the path: Lua shortens long names in its messages, and the line must be found in each.
local CHUNK_NAME = "=script"
local CHUNK_PREFIX = "^script:(%d+): "

-- setmetatable is not among them: a __gc method would run after the script, without a budget.
local FUNCTIONS = {
  "assert", "error", "ipairs", "next", "pairs", "rawequal", "rawlen", "select", "tonumber", "tostring", "type",
}
local LIBRARIES = { "math", "string", "table", "utf8" }

-- The random functions share one state with the host's, and a text that is kept must mean the same every year.
-- table.move can count to 2^63 within one instruction.
local LEFT_OUT = { ["math.random"] = true, ["math.randomseed"] = true, ["table.move"] = true }

---The line of the script that a thread stands on, by the innermost function that the script defined.
---@param thread thread
---@return integer? line nil where the script has no frame left, as after `return clinic:currency "CHF"`
local function line_in(thread)
  local level = 0
  local frame = debug.getinfo(thread, level, "Sl")
  while frame and frame.source ~= CHUNK_NAME do
    level = level + 1
    frame = debug.getinfo(thread, level, "Sl")
  end
  return frame and frame.currentline
end

---The line of the running script, for functions that the script calls.
---@return integer? line
function sandbox.line()
  return line_in((coroutine.running()))
end

---@param name string
---@return table copy
local function copy_library(name)
  local copy = {}
  for key, value in pairs(_G[name]) do
    if not LEFT_OUT[name .. "." .. key] then copy[key] = value end
  end
  return copy
end

---A pcall that does not catch the end of the budget, or a loop around it would run for ever.
---@param run table
---@return function
local function pcall_within(run)
  return function(...)
    local results = table.pack(pcall(...))
    if run.spent then error(run.spent, 0) end
    return table.unpack(results, 1, results.n)
  end
end

---The globals of one run. What the script assigns is noted and kept, so that one slip does not cause ten messages.
---@param run table
---@param on_global fun(name: any, line: integer?)
---@return table
local function environment(run, on_global)
  local globals = { pcall = pcall_within(run) }
  for _, name in ipairs(FUNCTIONS) do globals[name] = _G[name] end
  for _, name in ipairs(LIBRARIES) do globals[name] = copy_library(name) end
  return setmetatable({}, {
    __index = globals,
    __newindex = function(_, name, value)
      on_global(name, sandbox.line())
      if type(name) == "string" then globals[name] = value end
    end,
  })
end

---Ends the run once its instructions are used up. The hook is the thread's own: the host's is not touched.
---@param run table
---@param thread thread
local function limit(run, thread)
  debug.sethook(thread, function()
    run.spent_line = run.spent_line or sandbox.line()
    run.spent = ("the script ran for more than %d instructions"):format(sandbox.INSTRUCTIONS_MAX)
    error(run.spent, 0)
  end, "", sandbox.INSTRUCTIONS_MAX)
end

---@param raised any what error() was given
---@return string message without the position
---@return integer? line that the message names
local function describe(raised)
  if type(raised) ~= "string" and type(raised) ~= "number" then
    return ("the script raised a %s; raise a message instead"):format(type(raised)), nil
  end
  local text = tostring(raised)
  local line = text:match(CHUNK_PREFIX)
  return (text:gsub(CHUNK_PREFIX, "", 1)), math.tointeger(tonumber(line))
end

---Compiles and runs a script. Never raises for anything the script does.
---@param text string source text
---@param argument any what the script gets as `...`
---@param on_global fun(name: any, line: integer?) told of each assignment to a global
---@return boolean ok
---@return string? message
---@return integer? line nil where it is not known
function sandbox.run(text, argument, on_global)
  local run = {}
  local source = text:gsub("^\xEF\xBB\xBF", "")
  local chunk, fault = load(source, CHUNK_NAME, "t", environment(run, on_global))
  if not chunk then return false, describe(fault) end
  local thread = coroutine.create(chunk)
  limit(run, thread)
  local ok, raised = coroutine.resume(thread, argument)
  if ok then return true end
  local message, line = describe(raised)
  return false, message, run.spent_line or line or line_in(thread)
end

return sandbox
