-- The shell: reads lines, runs them, and ends when it is told to. docs/shell.md is its guide.
local banner = require "tallystick.shell.banner"
local complete = require "tallystick.shell.complete"
local dispatch = require "tallystick.shell.dispatch"
local editor = require "tallystick.shell.editor"
local exit = require "tallystick.cli.exit"
local grammar = require "tallystick.cli.grammar"
local history = require "tallystick.shell.history"
local session = require "tallystick.shell.session"
local terminal = require "tallystick.cli.terminal"
local width = require "tallystick.width"

local shell = {}

local MORE = "..> "

-- Reads one line, or several where the first goes on.
local function read_whole(self)
  local line, why = self.reader:read(self:prompt())
  if not line then return nil, why end
  local joint, text = dispatch.continues(self, line)
  while joint do
    local following
    following, why = self.reader:read(MORE)
    -- What lacks its end is run as it is, and says so.
    if not following and why == "end" then return line end
    if not following then return nil, why end
    line = text .. joint .. following
    joint, text = dispatch.continues(self, line)
  end
  return line
end

-- Who reads the messages of a script wants to know which line they are about; a program that reads JSON does not.
local function locate(self, number, line)
  if self.live or line:find("--json", 1, true) then return end
  io.stderr:write(("   line %d: %s\n"):format(number, width.printable(line:match "^[^\n]*")))
end

-- Runs a line. An error that is none of its own may not end the shell; only Ctrl-C ends a script.
local function run_line(self, line)
  local ran, result = xpcall(dispatch.line, exit.explain, self, line)
  if ran then return result end
  if exit.is_interrupt(result) then error(result, 0) end
  self:complain(tostring(result))
  return exit.FAULT
end

local function loop(self)
  while not self.leaving do
    local number = self.reader.number + 1
    local line, why = read_whole(self)
    if why == "end" then return end
    local exit_code = line and run_line(self, line) or exit.DONE
    if exit_code ~= exit.DONE then
      self.failed = true
      locate(self, number, line)
    end
  end
end

local function prepare(self, args)
  if not self.live then
    self.reader = editor.for_script()
    return
  end
  local path = not args.no_history and history.path(os.getenv) or nil
  local kept, unkept = history.open(path, self.tty)
  self.history = kept
  local lacking
  self.reader, lacking = editor.for_terminal { tty = self.tty, history = kept,
    complete = function(line, from, to) return complete.line(self, line, from, to) end }
  for _, message in ipairs { unkept or lacking, unkept and lacking } do self:complain(message) end
end

-- Where the terminal's module is not built lines are read as from a script: nothing would stop a command.
local function terminal_module()
  if not (terminal.is_terminal(0) and terminal.is_terminal(1)) then return nil end
  local built, tty = pcall(require, "tallystick.tty")
  if built then return tty end
  io.stderr:write "tallystick.tty is not built, so there is no prompt: run make\n"
  return nil
end

-- `shell --write` is the shell's own write before the first line.
local function start(self, args)
  if not args.write then return exit.DONE end
  local list = {}
  for _, option in ipairs { "actor", "reason" } do
    if args[option] then list = table.move({ "--" .. option, args[option] }, 1, 2, #list + 1, list) end
  end
  for _, role in ipairs(args.roles or {}) do list = table.move({ "--role", role }, 1, 2, #list + 1, list) end
  return dispatch.command(self, grammar.find "write", list, { line = "write" })
end

---Runs the shell.
---@param call tallystick.cli.Call with the ledger open for reading
---@return integer exit_code
function shell.run(call)
  local tty = terminal_module()
  local self = session.new { path = call.path, ledger = call.ledger, live = tty ~= nil, tty = tty }
  local _ <close> = tty and setmetatable({}, { __close = tty.release }) or nil
  if tty then
    tty.catch()
    -- What the pager gets is UTF-8, whatever the locale.
    tty.setenv("LESSCHARSET", os.getenv "LESSCHARSET" or "utf-8")
  end
  local exit_code = start(self, call.args)
  if exit_code ~= exit.DONE then return exit_code end
  prepare(self, call.args)
  if self.live then io.stdout:write(banner.of(self, assert(self.ledger:info()))) end
  loop(self)
  self.ledger:close()
  return self.failed and not self.live and exit.REFUSED or exit.DONE
end

return shell
