-- Waits for another process that writes so that Ctrl-C is heard meanwhile: where the ledger itself waits it is not.
local terminal = require "tallystick.cli.terminal"

local patience = {}

-- The ledger waits so long at a time, and Ctrl-C no longer.
local SLICE_MS = 100

---Runs a command of the ledger; where another process writes it is tried again, for as long as the ledger would wait.
---@param ledger tallystick.Ledger
---@param name string
---@param fields table
---@return table? result as the command answers
---@return string? message
---@return string? code
---@return table? details
function patience.run(ledger, name, fields)
  local wait = require("tallystick.core").wait
  local whole_ms <const> = wait(ledger, SLICE_MS)
  local _ <close> = setmetatable({}, { __close = function() wait(ledger, whole_ms) end })
  local started = terminal.now()
  while true do
    local result, message, code, details = ledger[name](ledger, fields)
    if code ~= "busy" or (terminal.now() - started) * 1000 >= whole_ms then return result, message, code, details end
  end
end

return patience
