-- A line on a terminal that shows how far a long run is, how fast it goes and how long it may still take.
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local progress = {}

local BAR_WIDTH = 24
-- Often enough to look alive, too seldom to cost anything.
local SECONDS_BETWEEN_DRAWINGS = 0.1
-- Asking for the time costs more than a command in a large batch, so only every so many calls do.
local CALLS_BETWEEN_LOOKS = 32

---@class tallystick.cli.Progress
---@field private label string
---@field private live boolean
local Progress = {}
Progress.__index = Progress

---@param label string what is going on, such as "replaying"
---@param live boolean whether messages go to a terminal
---@return tallystick.cli.Progress
function progress.start(label, live)
  local now = live and terminal.now() or 0
  return setmetatable({ label = label, live = live, calls = 0, started = now, drawn = now }, Progress)
end

local function bar(share)
  local full = math.floor(share * BAR_WIDTH)
  return ("[%s%s] %3d %%"):format(("█"):rep(full), ("·"):rep(BAR_WIDTH - full), math.floor(share * 100))
end

-- The line for a count of things, and for the share of the whole where the whole is known.
local function line(self, count, share, seconds)
  local parts = { self.label }
  if share then parts[#parts + 1] = bar(share) end
  parts[#parts + 1] = text.grouped(count)
  if seconds > 0 then
    parts[#parts + 1] = text.grouped(math.floor(count / seconds)) .. "/s"
    if share and share > 0 then
      parts[#parts + 1] = text.duration(math.ceil(seconds / share - seconds)):gsub("%.%d+", "") .. " left"
    end
  end
  return table.concat(parts, "  ")
end

---Draws the line anew, unless it was drawn a moment ago.
---@param count integer things done
---@param done? number how much of the whole that is
---@param whole? number nil where it is not known
function Progress:show(count, done, whole)
  if not self.live then return end
  self.calls = self.calls + 1
  if self.calls % CALLS_BETWEEN_LOOKS ~= 0 then return end
  local now = terminal.now()
  if now - self.drawn < SECONDS_BETWEEN_DRAWINGS then return end
  self.drawn = now
  local share = whole and whole > 0 and math.min(done / whole, 1) or nil
  io.stderr:write("\r\27[K", line(self, count, share, now - self.started))
  io.stderr:flush()
end

---Takes the line away, so that something else can be written.
function Progress:clear()
  if self.live then io.stderr:write "\r\27[K" end
end

return progress
