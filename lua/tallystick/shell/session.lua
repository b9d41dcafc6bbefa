-- What the shell knows from line to line: the ledger and how it is open, who writes and why, the lists that were shown,
-- the results, and what is global in lines of Lua.
local exit = require "tallystick.cli.exit"
local open = require "tallystick.cli.open"
local output = require "tallystick.cli.output"
local pager = require "tallystick.shell.pager"
local terminal = require "tallystick.cli.terminal"
local width = require "tallystick.width"

local session = {}

---@class tallystick.shell.Session
---@field path string the ledger's
---@field ledger tallystick.Ledger
---@field id string the ledger's
---@field mode "ro"|"rw"
---@field actor? string who writes
---@field roles? string[]
---@field reason? string the note of what is written, where none is given
---@field live boolean whether a person is at a terminal
---@field colour boolean
---@field tty? table
---@field lists table<string, string[]> the numbers that were listed last, by what they are of
---@field shown? string of what the last list was
---@field results any[]
---@field environment table the globals of lines of Lua
---@field reader tallystick.shell.Reader
---@field history tallystick.shell.History
---@field failed boolean whether a line was refused or broke
---@field leaving boolean
local Session = {}
Session.__index = Session

-- Ctrl-C does not reach a coroutine from outside, so those that are made in the shell look for it now and then.
local STEPS_BETWEEN_LOOKS = 10000

local function stoppable(tty, body)
  local thread = coroutine.create(body)
  debug.sethook(thread, function()
    if tty.interrupted() then error("interrupted!", 0) end
  end, "", STEPS_BETWEEN_LOOKS)
  return thread
end

local function coroutines(tty)
  local library = setmetatable({}, { __index = coroutine })
  function library.create(body) return stoppable(tty, body) end
  function library.wrap(body)
    local thread = stoppable(tty, body)
    return function(...)
      local answer = table.pack(coroutine.resume(thread, ...))
      if not answer[1] then error(answer[2], 0) end
      return table.unpack(answer, 2, answer.n)
    end
  end
  return library
end

local function environment_of(self)
  local environment = { tallystick = require "tallystick", results = self.results }
  function environment.money(amount) return self.ledger:money(amount) end
  if self.tty then environment.coroutine = coroutines(self.tty) end
  return setmetatable(environment, { __index = _G })
end

---@param fields { path: string, ledger: tallystick.Ledger, live: boolean, tty?: table }
---@return tallystick.shell.Session
function session.new(fields)
  local self = setmetatable(fields, Session)
  self.mode, self.lists, self.results = "ro", {}, {}
  self.id = assert(self.ledger:info()).id
  self.colour = terminal.has_colour(1)
  self.program = self.live and terminal.is_live(1) and pager.program(os.getenv) or nil
  self.environment = environment_of(self)
  self.environment.ledger = self.ledger
  self.failed, self.leaving = false, false
  return self
end

---Runs a function so that Ctrl-C stops it and not the shell.
---@param body function
---@param explain function what is made of an error
---@return boolean ran
---@return any ...
function Session:guard(body, explain, ...)
  local guard = self.tty and self.tty.guard or xpcall
  return guard(body, explain, ...)
end

---Makes the output for one line.
---@param format "text"|"json"|"csv"
---@param is_paged? boolean
---@return tallystick.cli.Output
---@return fun() finish
function Session:output(format, is_paged)
  if not self.live then return output.new { format = format }, output.finish end
  local columns, rows = terminal.columns()
  local page = pager.new { tty = self.tty, rows = rows, program = is_paged and self.program or nil }
  local out = output.new { format = format, colour = self.colour, window = columns,
    write = function(piece) page:write(piece) end }
  return out, function() page:finish() end
end

---Says something to a person on the messages' stream.
---@param message string
function Session.complain(_, message)
  if terminal.has_colour(2) then message = "\27[31m" .. message .. "\27[0m" end
  io.stderr:write(message, "\n")
end

---Says something that a person at a terminal may want to know.
---@param message string
function Session:tell(message)
  if self.live then io.stdout:write(self.colour and "\27[90m" .. message .. "\27[0m" or message, "\n") end
end

---Keeps what a list has shown, so that a line can point at its rows.
---@param kind string
---@param names string[]
function Session:remember(kind, names)
  self.lists[kind], self.shown = names, kind
end

---Keeps a result for later lines.
---@param result any
function Session:keep(result)
  if result == self.results then return end
  self.results[#self.results + 1] = result
  self.environment._ = result
end

local function take(self, ledger, mode)
  local before = self.ledger
  self.ledger, self.mode, self.environment.ledger = ledger, mode, ledger
  if before ~= ledger then before:close() end
end

---Opens the ledger once more.
---@param options table as tallystick.open takes them
---@return tallystick.Ledger?
---@return string? message
---@return string? code
---@return table? details
function Session:open(options)
  local there, missing, wrong = open.is_there(self.path)
  if not there then return nil, missing, wrong or "io-error" end
  local ledger, message, code, details = require("tallystick").open(self.path, options)
  if not ledger then return nil, message, code, details end
  local info = ledger:info()
  -- The rows that were shown, and what is at hand in Lua, are of the books that were opened first.
  if info and info.id ~= self.id then
    ledger:close()
    return nil, ("%s: another ledger stands there now; leave, and start the shell anew"):format(self.path), "io-error"
  end
  if options.mode == "ro" or info and info.mode == "rw" then return ledger end
  ledger:close()
  local mistake = info and info.script.errors and info.script.errors[1]
  message = "the ledger's own script cannot be read, so nothing can be written"
  if mistake then message = ("%s: line %s: %s"):format(message, mistake.line or "?", mistake.message) end
  return nil, message, "config-invalid"
end

---Makes the ledger writable.
---@param actor string
---@param reason string
---@param roles? string[]
---@return boolean? done
---@return string? message
---@return string? code
---@return table? details
function Session:write(actor, reason, roles)
  local ledger, message, code, details = self:open { actor = actor, roles = roles }
  if not ledger then return nil, message, code, details end
  self.actor, self.reason, self.roles = actor, reason, roles
  take(self, ledger, "rw")
  return true
end

---Makes the ledger read-only.
---@return boolean? done
---@return string? message
---@return string? code
function Session:read()
  local ledger, message, code, details = self:open { mode = "ro" }
  if not ledger then return nil, message, code, details end
  self.reason = nil
  take(self, ledger, "ro")
  return true
end

---Sees to it that the ledger is open: a line of Lua may have closed it.
---@return boolean open
function Session:ensure()
  if pcall(self.ledger.head, self.ledger) then return true end
  local done, message, code = self:read()
  if done then
    self:complain "the ledger was closed; it is open again, read-only"
  else
    self:complain(("%s (%s)"):format(message, code))
  end
  return done == true
end

---Tells what the prompt is.
---@return string
function Session:prompt()
  local name = width.printable(self.path:match "[^/]+$" or self.path)
  local state = self.mode == "rw" and "WRITE " .. width.printable(self.actor) or "(read only)"
  if not self.colour then return ("%s %s> "):format(name, state) end
  return ("%s %s%s\27[0m> "):format(name, self.mode == "rw" and "\27[1;31m" or "\27[90m", state)
end

---Tells what Ctrl-C left, by how far the journal goes.
---@param before integer the head's seq before the line
---@return string
function Session:interruption(before)
  local now = self.ledger:head()
  if not now then return "interrupted" end
  if now.seq == before then return "interrupted; nothing was written" end
  return ("interrupted; meanwhile entries %d to %d were written: entries --from-seq %d shows them"):format(before + 1,
    now.seq, before + 1)
end

---Runs a line's work: Ctrl-C and errors end it, and nothing leaves here.
---@param body fun(): integer
---@param options? { explain?: function, left?: fun(): string? } what is made of an error; what an interruption leaves
---@return integer exit_code
function Session:run(body, options)
  options = options or {}
  local head = self.ledger:head()
  local ran, result = self:guard(body, options.explain or exit.explain)
  if ran then return result end
  if type(result) == "table" and result.is_pipe then return exit.DONE end
  if exit.is_interrupt(result) then
    if not self.live then error(result, 0) end
    -- The terminal has written ^C where the line stood.
    io.stderr:write "\n"
    local left = options.left and options.left()
    self:complain(self:interruption(head and head.seq or 0) .. (left and "; " .. left or ""))
    return exit.INTERRUPTED
  end
  if type(result) == "table" and (result.message or result.unwritable) then
    local message = result.message or "the output cannot be written: " .. result.unwritable
    self:complain(message .. (result.code and " (" .. result.code .. ")" or ""))
    return exit.of(result.code, exit.REFUSED)
  end
  self:complain(tostring(result))
  return exit.FAULT
end

return session
