-- config.lua - reads the configuration script of a clinic and checks it whole, before anything is opened.
local script = require "tallystick.script"

local config = {}

-- A ledger keeps the text of its script with every version of it; a megabyte is thousands of payment types. check.lua
-- refuses a longer one.
config.TEXT_BYTES_MAX = 1024 * 1024

---Checks the text of a script. It never raises for what the text holds, and reports every mistake at once.
---@param text string
---@param name string how mistakes call the file; its last part is kept in the ledger
---@param limits? table what the script may use
---@return tallystick.Config? config
---@return tallystick.Mistake[]? errors sorted by line
function config.check(text, name, limits)
  local state <close>, fault = script.new(limits)
  if not state then return nil, { { file = name, line = 1, path = "script", message = fault } } end
  return script.load(state, text, name)
end

---Reads a file, no further than a script may be long.
---@param path string
---@return string? text
---@return tallystick.Mistake[]? errors
function config.read(path)
  local file <close>, fault = io.open(path, "rb")
  local text
  if file then text, fault = file:read(config.TEXT_BYTES_MAX + 1) end
  -- At the end of an empty file read() gives nil and no fault.
  if text or not fault then return text or "" end
  fault = "the script cannot be read: " .. fault:gsub("^.*: ", "")
  return nil, { { file = path, line = 1, path = "script", message = fault } }
end

---Checks the script in a file.
---@param path string
---@param limits? table what the script may use
---@return tallystick.Config? config
---@return tallystick.Mistake[]? errors sorted by line
function config.load(path, limits)
  local text, errors = config.read(path)
  if not text then return nil, errors end
  return config.check(text, path, limits)
end

---All mistakes as one text, a line each.
---@param errors tallystick.Mistake[]
---@return string
function config.report(errors)
  local lines = {}
  for index, mistake in ipairs(errors) do
    lines[index] = ("%s:%d: %s: %s"):format(mistake.file, mistake.line, mistake.path, mistake.message)
  end
  return table.concat(lines, "\n")
end

return config
