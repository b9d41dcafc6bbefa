-- A real terminal for the specs of the shell: tmux holds it, types keys and reads the screen back.
local command = require "spec.command"

local terminal = {}

-- A key is answered within milliseconds; on a machine that is busy with other specs it may take seconds.
local SECONDS_MAX = 15
local SECONDS_BETWEEN_LOOKS = 0.05

---Whether there is a tmux.
---@return boolean
function terminal.is_there()
  return os.execute "command -v tmux >/dev/null 2>&1" == true
end

---@class spec.Terminal
---@field folder string the home of what runs in it
---@field private socket string
local Terminal = {}
Terminal.__index = Terminal

-- Runs one command of tmux's; gives what it says.
local function tmux(self, ...)
  local words = { "tmux -f /dev/null -S", command.quote(self.socket) }
  for _, word in ipairs { ... } do words[#words + 1] = command.quote(word) end
  local pipe = assert(io.popen(table.concat(words, " ") .. " </dev/null 2>&1"))
  local said = pipe:read "a"
  return pipe:close() == true, said
end

-- Each terminal has a server of its own, so that none meets another's or a person's.
local opened = 0

---Opens a terminal in which a line of shell runs.
---@param line string
---@param options? { columns?: integer, rows?: integer, folder?: string, environment?: string[] }
---@return spec.Terminal
function terminal.open(line, options)
  options = options or {}
  local folder = options.folder or command.folder()
  local self = setmetatable({ folder = folder, is_own = options.folder == nil }, Terminal)
  opened = opened + 1
  self.socket = ("%s/tmux-%d"):format(folder, opened)
  local environment = table.concat(options.environment or {}, " ")
  -- The shell around it must outlive each Ctrl-C, so that it can tell how the other ended.
  local wrapped = ("trap : INT; env -u XDG_STATE_HOME -u PAGER -u INPUTRC -u NO_COLOR HOME=%s TZ=UTC LC_ALL=C.UTF-8 "
    .. "%s %s; echo ended with $?; sleep 60"):format(command.quote(folder), environment, line)
  assert(tmux(self, "new-session", "-d", "-x", tostring(options.columns or 100), "-y",
    tostring(options.rows or 30), "env TERM=screen-256color sh -c " .. command.quote(wrapped)))
  return self
end

---Types keys; each is a name of tmux's (Enter, C-c, Tab) or a text.
---@param ... string
function Terminal:keys(...)
  for _, key in ipairs { ... } do assert(tmux(self, "send-keys", key)) end
end

---Types a text without an end.
---@param text string
function Terminal:text(text)
  assert(tmux(self, "send-keys", "-l", text))
end

---Types a line, with its end.
---@param text string
function Terminal:line(text)
  self:text(text)
  self:keys "Enter"
end

---Pastes a text, as a terminal does that tells its program so.
---@param text string
function Terminal:paste(text)
  assert(tmux(self, "set-buffer", text))
  assert(tmux(self, "paste-buffer", "-p"))
end

---Gives what the screen shows.
---@param with_colours? boolean
---@return string
function Terminal:screen(with_colours)
  local _, screen = tmux(self, "capture-pane", "-p", with_colours and "-e" or nil)
  return screen
end

---Waits until the screen shows a text, and gives the screen.
---@param text string
---@param count? integer how often it must stand there
---@return string screen
function Terminal:wait(text, count)
  local deadline = os.time() + SECONDS_MAX
  repeat
    local screen, from, found = self:screen(), 1, 0
    repeat
      local _, to = screen:find(text, from, true)
      found, from = found + (to and 1 or 0), (to or 0) + 1
    until not to
    if found >= (count or 1) then return screen end
    os.execute("sleep " .. SECONDS_BETWEEN_LOOKS)
  until os.time() > deadline
  error(("the screen does not show %q:\n%s"):format(text, self:screen()), 2)
end

---Ends what runs and takes the terminal away.
function Terminal:close()
  tmux(self, "kill-server")
  if self.is_own then command.remove(self.folder) end
end

return terminal
