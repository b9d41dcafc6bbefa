-- The history of the shell: a file of the lines that were typed, which its owner alone may read. Lines are appended as
-- they are typed, so that several shells share it and none is lost.
local history = {}

-- So many lines are kept; the file is cut when it has twice as many.
local LINES_MAX = 1000

---Gives where the history is kept.
---@param environment fun(name: string): string?
---@return string? path nil where none is wanted, or no home is known
function history.path(environment)
  local named = environment "TALLYSTICK_HISTORY"
  if named then return named ~= "" and named or nil end
  local state, home = environment "XDG_STATE_HOME", environment "HOME"
  if state and state:find "^/" then return state .. "/tallystick/history" end
  return home and home ~= "" and home .. "/.local/state/tallystick/history" or nil
end

local function quoted(word)
  return "'" .. word:gsub("'", [['\'']]) .. "'"
end

-- Nobody else may read the file: neither when it is made, nor where one was there that others could read.
local function make_private(path, tty)
  local before = tty.umask(tonumber("077", 8))
  local line = ("mkdir -p -- %s && : >>%s && chmod 600 -- %s"):format(quoted(path:match "^(.*)/[^/]*$" or "."),
    quoted(path), quoted(path))
  local made = os.execute("{ " .. line .. "; } 2>/dev/null")
  tty.umask(before)
  return made == true
end

local function read_lines(path)
  local lines = {}
  local file <close> = io.open(path)
  if not file then return lines end
  for line in file:lines() do lines[#lines + 1] = line end
  return lines
end

-- Writes a new file and puts it in the other's place, so that a crash leaves one of the two.
local function write_lines(path, lines, tty)
  local beside = path .. ".new"
  if not make_private(beside, tty) then return end
  local file = io.open(beside, "w")
  if not file then return end
  file:write(table.concat(lines, "\n"), "\n")
  if file:close() then os.rename(beside, path) end
end

---@class tallystick.shell.History
---@field lines string[]
---@field path? string
local History = {}
History.__index = History

---Opens a history; without a path it is kept in memory only.
---@param path string?
---@param tty table
---@return tallystick.shell.History
---@return string? message why it is not kept
function history.open(path, tty)
  local opened = setmetatable({ lines = {} }, History)
  if not path then return opened end
  if not make_private(path, tty) then return opened, path .. " cannot be written; the history is not kept" end
  local lines = read_lines(path)
  opened.path = path
  opened.lines = table.move(lines, math.max(1, #lines - LINES_MAX + 1), #lines, 1, {})
  if #lines > 2 * LINES_MAX then write_lines(path, opened.lines, tty) end
  return opened
end

---Keeps a line, unless it is empty, begins with a space, or is the one before again.
---@param line string
---@return boolean kept
function History:add(line)
  if line == "" or line:find "^%s" or line == self.lines[#self.lines] then return false end
  self.lines[#self.lines + 1] = line
  local file <close> = self.path and io.open(self.path, "a")
  if file then file:write(line, "\n") end
  return true
end

return history
