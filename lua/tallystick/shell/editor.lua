-- Reads lines from a person: with readline where it is installed, so that Ctrl-C gives a new prompt and not the end.
-- Also reads lines from a file or a pipe, without a word.
local editor = {}

---@class tallystick.shell.Reader
---@field read fun(self, prompt: string): string?, string? line nil at the end ("end") and at Ctrl-C ("interrupted")
---@field number integer of the line that was read last

-- Colours take no room in a prompt; readline is told so by these marks.
local function marked(prompt)
  return (prompt:gsub("\27%[[%d;]*m", "\1%0\2"))
end

-- What Ctrl-C puts into the line that it ends.
local INTERRUPT = "\3"

-- What readline is told when it starts. While a line is edited Ctrl-C is no signal: that would leave the line as it is.
-- It is a key, which ends the line with the character in it. The person's own settings stand between the two halves.
local SETTINGS = [[
set completion-query-items 0
set page-completions off
set show-all-if-ambiguous on
$include %s
"\C-c": "\C-v\C-c\C-m"
$if mode=vi
set keymap vi-command
"\C-c": "i\C-v\C-c\C-m"
set keymap vi-insert
"\C-c": "\C-v\C-c\C-m"
$endif
]]

-- What was pasted comes as one text; its lines are given one after the other.
local function take_waiting(reader)
  local line = table.remove(reader.waiting, 1)
  if line then reader.number = reader.number + 1 end
  return line
end

local function keep_lines(reader, text)
  for line in (text:gsub("\r\n?", "\n") .. "\n"):gmatch "(.-)\n" do reader.waiting[#reader.waiting + 1] = line end
  return take_waiting(reader)
end

-- ---- With readline ----

local Editor = {}
Editor.__index = Editor

-- The settings that readline would have read itself.
local function own_settings()
  for _, path in ipairs { os.getenv "INPUTRC" or false, (os.getenv "HOME" or "") .. "/.inputrc", "/etc/inputrc" } do
    local file <close> = path and io.open(path)
    if file then return path end
  end
  return "/dev/null"
end

-- Writes the settings; without them Ctrl-C stays a signal, which leaves the line as it is.
local function write_settings()
  local named, path = pcall(os.tmpname)
  local file = named and io.open(path, "w")
  if not file then return nil end
  file:write(SETTINGS:format(own_settings()))
  return file:close() and path or nil
end

-- Readline reads its settings when it is first asked for a line.
local function edit_first(self, prompt)
  local path, before = write_settings(), os.getenv "INPUTRC"
  self.has_key = path ~= nil
  if not path then return self.readline.readline(prompt) end
  self.tty.setenv("INPUTRC", path)
  self.tty.interrupt_key(false)
  local text = self.readline.readline(prompt)
  self.tty.interrupt_key(true)
  self.tty.setenv("INPUTRC", before)
  os.remove(path)
  return text
end

-- Waits for a line.
local function edit(self, prompt)
  local text
  if self.has_key == nil then
    text = edit_first(self, prompt)
  else
    if self.has_key then self.tty.interrupt_key(false) end
    text = self.readline.readline(prompt)
    if self.has_key then self.tty.interrupt_key(true) end
  end
  if not text then return nil, "end" end
  if text:find(INTERRUPT, 1, true) then return nil, "interrupted" end
  return text
end

function Editor:read(prompt)
  local waiting = take_waiting(self)
  if waiting then return waiting end
  io.stdout:flush()
  local text, why = edit(self, marked(prompt))
  if not text then
    if why == "end" then io.stdout:write "\n" end
    return nil, why
  end
  local line = keep_lines(self, text)
  self:keep(line)
  for _, later in ipairs(self.waiting) do self:keep(later) end
  return line
end

function Editor:keep(line)
  if self.history:add(line) then self.readline.add_history(line) end
end

-- Errors may not leave a function that readline calls, and an empty answer is better than none at all.
local function completer(complete, readline)
  return function(line, from, to)
    local ran, matches, append = pcall(complete, line, from, to)
    if not ran then return {} end
    readline.set_completion_append_character(append or " ")
    return matches
  end
end

---@param options { tty: table, history: tallystick.shell.History, complete: function, readline: table }
---@return tallystick.shell.Reader
local function with_readline(options)
  local readline = options.readline
  readline.set_readline_name "tallystick"
  -- It would read and write a file of its own, which others may read.
  readline.set_options { histfile = "", auto_add = false, completion = true }
  readline.set_complete_function(completer(options.complete, readline))
  for _, line in ipairs(options.history.lines) do readline.add_history(line) end
  return setmetatable({ tty = options.tty, history = options.history, readline = readline, waiting = {}, number = 0 },
    Editor)
end

-- ---- Without it ----

local Plain = {}
Plain.__index = Plain

function Plain:read(prompt)
  io.stdout:write(prompt)
  io.stdout:flush()
  if self.tty.wait(0) == "interrupted" then
    io.stdout:write "^C\n"
    return nil, "interrupted"
  end
  local line = io.read "l"
  if not line then
    io.stdout:write "\n"
    return nil, "end"
  end
  self.number = self.number + 1
  self.history:add(line)
  return line
end

---Makes the reader for a terminal.
---@param options { tty: table, history: tallystick.shell.History, complete: function }
---@return tallystick.shell.Reader
---@return string? message what it lacks
function editor.for_terminal(options)
  local found, readline = pcall(require, "readline")
  if found then
    options.readline = readline
    return with_readline(options)
  end
  local plain = setmetatable({ tty = options.tty, history = options.history, number = 0 }, Plain)
  return plain, "lines cannot be edited or completed: lua-readline is not installed"
end

-- ---- From a file or a pipe ----

local Script = {}
Script.__index = Script

function Script:read()
  local line = io.read "l"
  if not line then return nil, "end" end
  self.number = self.number + 1
  return line
end

---Makes the reader for what is no terminal: it says nothing.
---@return tallystick.shell.Reader
function editor.for_script()
  return setmetatable({ number = 0 }, Script)
end

return editor
