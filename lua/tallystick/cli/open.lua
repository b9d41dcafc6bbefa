-- Opens a ledger for a subcommand, and tells a person why it could not.
local exit = require "tallystick.cli.exit"

local open = {}

-- The operating system's number for: Is a directory.
local EISDIR = 21

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

---Gives the present business day, by the ledger's clock.
---@param ledger tallystick.Ledger
---@return string day
function open.today(ledger)
  local _, _, at = require("tallystick.core").instant(ledger)
  return at:sub(1, 10)
end

-- Who acts where a command names nobody.
local function actor()
  local name = os.getenv "TALLYSTICK_ACTOR"
  return name ~= "" and name or nil
end

---Tells whether a file is there that may be a ledger: only init and replay make one, also of a file that is empty, as a
---copy that failed leaves it.
---@param path string
---@return true? there
---@return string? message
---@return string? code nil where the path is wrong
function open.is_there(path)
  local file <close>, missing = io.open(path)
  if not file then return nil, missing end
  local some, message, number = file:read(0)
  if some then return true end
  -- A folder opens, and cannot be read.
  if number == EISDIR then return nil, ("%s: %s"):format(path, message) end
  if number then return true end
  return nil, path .. ": the file is empty, and no ledger", "not-a-ledger"
end

---Opens the ledger of a call, which must be there, and complains in the call's own way where it cannot.
---@param call tallystick.cli.Call
---@param options table
---@return tallystick.Ledger? ledger nil once the reason was given
---@return integer? exit_code
function open.for_call(call, options)
  local there, why, wrong = open.is_there(call.path)
  if not there then return nil, wrong and call:refuse(why, wrong) or call:misuse(why) end
  options.actor = options.actor or actor()
  local ledger, message, code, details = require("tallystick").open(call.path, options)
  if ledger then return ledger end
  message = message or "cannot be opened"
  local is_named = message:sub(1, #call.path + 1) == call.path .. ":"
  call:complain(is_named and message or ("%s: %s"):format(call.path, message), code, details)
  local is_for_people = call.output.format ~= "json"
  if is_for_people and type(details) == "table" and details.errors then complain_of_script(details.errors) end
  return nil, exit.of(code, exit.USAGE)
end

return open
