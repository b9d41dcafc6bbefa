-- What the command line knows of the terminal it runs in: whether there is one, its colours, its size, and the time of
-- day. The module tallystick.tty tells; where it is not built, other programs are asked.
local terminal = {}

local built, tty = pcall(require, "tallystick.tty")

local function knows_escapes()
  local term = os.getenv "TERM"
  return term ~= nil and term ~= "" and term ~= "dumb"
end

---Tells whether a stream is a terminal.
---@param descriptor integer 0 for the input, 1 for the output, 2 for messages
---@return boolean
function terminal.is_terminal(descriptor)
  if built then return tty.isatty(descriptor) end
  return os.execute(("test -t %d"):format(descriptor)) == true
end

---Tells whether a stream is a terminal that can redraw its line.
---@param descriptor integer 1 for the output, 2 for messages
---@return boolean
function terminal.is_live(descriptor)
  return knows_escapes() and terminal.is_terminal(descriptor)
end

---Tells whether to colour what goes to a stream (no-color.org).
---@param descriptor integer
---@return boolean
function terminal.has_colour(descriptor)
  local no_color = os.getenv "NO_COLOR"
  return (no_color == nil or no_color == "") and terminal.is_live(descriptor)
end

-- Where a terminal does not tell its size, this is what terminals had.
local COLUMNS_DEFAULT, ROWS_DEFAULT = 80, 24

local function ask_stty()
  local pipe <close> = io.popen "stty size </dev/tty 2>/dev/null"
  local rows, columns
  if pipe then rows, columns = pipe:read("n", "n") end
  return columns ~= 0 and columns or nil, rows
end

---Gives the size of the window.
---@return integer columns
---@return integer rows
function terminal.columns()
  local ask = built and tty.size or ask_stty
  local columns, rows = ask()
  return columns or COLUMNS_DEFAULT, columns and rows or ROWS_DEFAULT
end

---Gives the columns of the window that a stream goes to.
---@param descriptor integer
---@return integer? columns nil where it goes to no window
function terminal.window(descriptor)
  return terminal.is_live(descriptor) and terminal.columns() or nil
end

---Gives seconds that go on while the process waits for the disk, from some instant on. Lua's own clock stands still
---then, and its time of day knows whole seconds only; they serve where the kernel does not tell.
---@return number
function terminal.now()
  local uptime <close> = io.open "/proc/uptime"
  return uptime and uptime:read "n" or os.time()
end

return terminal
