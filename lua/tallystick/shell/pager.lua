-- Shows what is longer than the window through a pager. A command writes as if to the screen; what fits is written
-- there at its end, and with the first line too many the pager is started.
local pager = {}

local DEFAULT = "less -FRX"

---@class tallystick.shell.Pager
---@field private tty table
---@field private room integer lines that fit beside the prompt
---@field private program? string
---@field private pieces? string[] what waits; nil once the pager has it
---@field private pipe? file*
local Pager = {}
Pager.__index = Pager

local function is_there(program)
  local name = program:match "^%S+"
  return name ~= nil and os.execute(("command -v '%s' >/dev/null 2>&1"):format(name:gsub("'", ""))) == true
end

---Gives the pager that people want: $PAGER, else less; nil where it is empty or not there.
---@param environment fun(name: string): string?
---@return string? program
function pager.program(environment)
  local program = environment "PAGER" or DEFAULT
  return is_there(program) and program or nil
end

---@param options { tty: table, rows: integer, program?: string }
---@return tallystick.shell.Pager
function pager.new(options)
  return setmetatable({ tty = options.tty, room = options.rows - 2, program = options.program, pieces = {}, lines = 0 },
    Pager)
end

-- Who leaves a pager early has seen enough: what is written then raises as a closed pipe does.
local function put(pipe, piece)
  local done, message = pipe:write(piece)
  if not done then error({ unwritable = message, is_pipe = true }, 0) end
end

-- From here on Ctrl-C is the pager's.
function Pager:start()
  io.stdout:flush()
  local waiting = table.concat(self.pieces)
  self.pieces, self.pipe = nil, io.popen(self.program, "w")
  if self.pipe then
    self.tty.hold(true)
    return put(self.pipe, waiting)
  end
  self.program = nil
  io.stdout:write(waiting)
end

---@param piece string
function Pager:write(piece)
  if self.pipe then return put(self.pipe, piece) end
  if not self.program then return io.stdout:write(piece) end
  self.pieces[#self.pieces + 1] = piece
  self.lines = self.lines + select(2, piece:gsub("\n", ""))
  if self.lines > self.room then self:start() end
end

---Writes what waits, or waits until the pager is left.
function Pager:finish()
  if self.pipe then
    self.pipe:close()
    self.tty.hold(false)
    self.pipe = nil
  elseif self.pieces then
    io.stdout:write(table.concat(self.pieces))
  end
  self.pieces = {}
  self.lines = 0
  io.stdout:flush()
end

return pager
