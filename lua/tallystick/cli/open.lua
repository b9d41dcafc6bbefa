-- Opens a ledger for a subcommand, and tells a person why it could not.
local exit = require "tallystick.cli.exit"

local open = {}

---Writes a message of the command line.
---@param ... string
function open.complain(...)
  io.stderr:write("tallystick: ", table.concat({ ... }), "\n")
end

-- A script's mistakes come all at once, each with its place.
local function complain_of_script(errors)
  for _, mistake in ipairs(errors) do
    local place = ("%s:%s: "):format(mistake.file or "script", mistake.line or "?")
    open.complain(place, mistake.path and mistake.path .. ": " or "", mistake.message)
  end
end

---Opens a ledger as tallystick.open does.
---@param path string
---@param options table
---@return tallystick.Ledger? ledger nil once the reason was written
---@return integer? exit_code
function open.ledger(path, options)
  local tallystick = require "tallystick"
  local ledger, message, code, details = tallystick.open(path, options)
  if ledger then return ledger end
  open.complain(path, ": ", message or "cannot be opened", code and " (" .. code .. ")" or "")
  if type(details) == "table" and details.errors then complain_of_script(details.errors) end
  return nil, exit.of(code, exit.USAGE)
end

---Opens a ledger that is there: one that a person names is not made where there is none.
---@param path string
---@param options table
---@return tallystick.Ledger? ledger nil once the reason was written, in the system's words where there is no such file
---@return integer? exit_code
function open.existing(path, options)
  local file, missing = io.open(path)
  if not file then
    open.complain(missing)
    return nil, exit.USAGE
  end
  file:close()
  return open.ledger(path, options)
end

return open
