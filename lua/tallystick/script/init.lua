-- init.lua - makes the Lua state in which a clinic's script is checked and its hooks run (design.md §7).
local core = require "tallystick.core"

local script = {}

-- What runs in the script's state, besides the script. `inside` is what the core calls there.
local MODULES = {
  "tallystick.calendar", "tallystick.config.amounts", "tallystick.config.builder", "tallystick.config.check",
  "tallystick.config.checks", "tallystick.config.mistakes", "tallystick.config.nearest",
  "tallystick.config.numbering", "tallystick.config.pattern", "tallystick.config.schema",
  "tallystick.config.workflow", "tallystick.labels", "tallystick.labels.de", "tallystick.labels.en",
  "tallystick.labels.fr", "tallystick.labels.it", "tallystick.receipt.tools", "tallystick.script.context",
  "tallystick.script.environment", "tallystick.script.event", "tallystick.script.hooks", "tallystick.script.inside",
}

---A module's code, compiled: from where require would find it.
---@param name string
---@return string
local function code_of(name)
  local chunk = package.preload[name]
  local path = not chunk and package.searchpath(name, package.path)
  if path then chunk = assert(loadfile(path, "t")) end
  return string.dump(assert(chunk, name .. " is not to be found"))
end

local codes -- compiled once: they are constants

---@return table<string, string>
local function all_codes()
  if not codes then
    local compiled = {}
    for _, name in ipairs(MODULES) do compiled[name] = code_of(name) end
    codes = compiled
  end
  return codes
end

---Makes a state that holds no script yet. Close it, or leave it to the collector.
---@param limits? { instructions: integer?, memory_bytes: integer?, seconds: number? }
---@return tallystick.Script? state
---@return string? message
---@return string? code `out-of-memory`
---@return table? details
function script.new(limits)
  return core.script(all_codes(), limits)
end

---Checks a text and takes it into a state.
---@param state tallystick.Script
---@param text string
---@param name string how mistakes call the file
---@return tallystick.Config? config
---@return tallystick.Mistake[]? errors
function script.load(state, text, name)
  local config, errors = state:load(text, name)
  if config or errors[1] then return config, errors end
  -- The budget is spent: what ended it is all that is known.
  local message = "the script " .. errors.message
  return nil, { { file = name, line = math.max(errors.line, 1), path = "script", message = message } }
end

return script
