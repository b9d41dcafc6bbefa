-- One call of a command, from either door: its values, its ledger, where its results go, and how it complains.
local exit = require "tallystick.cli.exit"
local json = require "tallystick.json"
local progress = require "tallystick.cli.progress"
local terminal = require "tallystick.cli.terminal"

---@class tallystick.cli.Call
---@field definition tallystick.cli.CommandDefinition
---@field args table<string, any> values by the parameters' names
---@field ledger? tallystick.Ledger
---@field path? string the ledger's
---@field output tallystick.cli.Output
---@field door "line"|"shell"
---@field session? table the shell's, where it runs there: session:remember(kind, names) keeps what a list showed
---@field so_far? string what is done by now, or may be: for who learns no more, after Ctrl-C or of a full disk
local Call = {}
Call.__index = Call

local call = {}

---@param fields table
---@return tallystick.cli.Call
function call.new(fields)
  return setmetatable(fields, Call)
end

-- The details of a refusal, without what is no plain value.
local function plain_details(details)
  local plain = {}
  for name, value in pairs(type(details) == "table" and details or {}) do
    local simple = type(value) == "string" or math.type(value) == "integer"
    if type(name) == "string" and simple then plain[name] = value end
  end
  return next(plain) and plain or nil
end

---Says on stderr what went wrong, in the words or as JSON.
---@param message string
---@param code? string one of the ledger's
---@param details? table
function Call:complain(message, code, details)
  if self.output.format == "json" then
    io.stderr:write(json.encode({ ok = false, code = code, message = message, details = plain_details(details) },
      { "ok", "code", "message" }), "\n")
    return
  end
  local prefix = self.door == "line" and "tallystick: " or ""
  if terminal.has_colour(2) and self.door == "shell" then message = "\27[31m" .. message .. "\27[0m" end
  io.stderr:write(prefix, message, code and (" (" .. code .. ")") or "", "\n")
end

---Says why the ledger did not do something, and gives what the command ends in.
---@param message string?
---@param code string?
---@param details? table
---@return integer exit_code
function Call:refuse(message, code, details)
  self:complain(message or "it failed, and nobody says why", code, details)
  return exit.of(code, exit.REFUSED)
end

---Says what is wrong with the words, a file or the configuration, and gives what the command ends in.
---@param message string
---@return integer exit_code
function Call:misuse(message)
  self:complain(message)
  return exit.USAGE
end

---Says what an interruption leaves, where more can be said of it than that it came.
---@return string?
function Call:left()
  return self.so_far or self.definition.interrupted
end

---Keeps for who may learn no more that a write was done, or that it may be. In the shell the journal tells.
---@param sentence string
function Call:note_write(sentence)
  if self.door == "line" and not self.args.dry_run then self.so_far = sentence end
end

---What is said before a write, whose answer may not come.
call.UNKNOWN = "whether it was written is not known: look before you give it again"

---Starts a progress line, where a person watches and did not ask for silence.
---@param label string
---@return tallystick.cli.Progress
function Call:progress(label)
  return progress.start(label, not self.args.quiet and terminal.is_live(2))
end

---Keeps what a list has shown, so that the shell's user can point at its rows; rows of the journal have no such place.
---@param names string[]
function Call:remember(names)
  if self.session and self.definition.list then self.session:remember(self.definition.list, names) end
end

return call
