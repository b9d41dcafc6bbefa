-- A line on a terminal that shows how far a long run is, how fast it goes and how long it may still take.
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"
local width = require "tallystick.width"

local progress = {}

local BAR_WIDTH = 24
-- Often enough to look alive, too seldom to cost anything.
local SECONDS_BETWEEN_DRAWINGS = 0.1
-- Asking for the time costs more than a command in a large batch. So where calls come fast, only every so many look at
-- the clock; where each takes long, each does.
local CALLS_BETWEEN_LOOKS_MAX = 1024
-- A rate of less than this is one of a run that has hardly begun.
local SECONDS_OF_A_RATE = 0.2
-- The window is asked for its size so often: people make it smaller while they wait.
local DRAWINGS_PER_WINDOW = 10

---@class tallystick.cli.Progress
---@field label string what is going on; may change as it goes
---@field unit? string what is counted, such as "pages"
---@field private live boolean
---@field private started number when what is counted now began
local Progress = {}
Progress.__index = Progress

---@param label string what is going on, such as "replaying"
---@param live boolean whether messages go to a terminal
---@return tallystick.cli.Progress
function progress.start(label, live)
  local now = live and terminal.now() or 0
  return setmetatable({
    label = label, live = live, started = now, looked = now, drawn = now, drawings = 0, calls = 0, stride = 1,
  }, Progress)
end

local function bar(share)
  local full = math.floor(share * BAR_WIDTH)
  return ("[%s%s]"):format(("█"):rep(full), ("·"):rep(BAR_WIDTH - full))
end

-- What can be said of a run, by name; of a whole that is not known there is no share, and no time that is left.
local function facts_of(self, count, share, seconds)
  local facts = { label = self.label, count = text.grouped(count) .. (self.unit and " " .. self.unit or "") }
  if share then facts.bar, facts.share = bar(share), ("%3d %%"):format(math.floor(share * 100)) end
  if seconds < SECONDS_OF_A_RATE then return facts end
  facts.rate = text.grouped(math.floor(count / seconds)) .. "/s"
  if share and share > 0 then
    facts.left = text.duration(math.ceil(seconds / share - seconds)):gsub("%.%d+", "") .. " left"
  end
  return facts
end

-- What the line says, by the room that there is: a line that goes over the window's edge cannot be drawn over.
local LINES = {
  { "label", "bar", "share", "count", "rate", "left" }, { "label", "bar", "share", "left" },
  { "label", "share", "left" }, { "label", "share" }, { "label" },
}

local function line_of(facts, names)
  local parts = {}
  for _, name in ipairs(names) do parts[#parts + 1] = facts[name] end
  return width.printable(table.concat(parts, "  "))
end

---Sets the line that says the most and fits.
---@param facts table<string, string>
---@param window integer columns
---@return string
local function fitted(facts, window)
  for _, names in ipairs(LINES) do
    local line = line_of(facts, names)
    if width.of(line) < window then return line end
  end
  return ""
end

-- Whether it is time to draw anew; looks at the clock only now and then where calls come fast.
local function is_due(self)
  self.calls = self.calls + 1
  if self.calls < self.stride then return false end
  local now = terminal.now()
  local since = now - self.looked
  self.calls, self.looked = 0, now
  if since < SECONDS_BETWEEN_DRAWINGS / 4 then
    self.stride = math.min(self.stride * 2, CALLS_BETWEEN_LOOKS_MAX)
  elseif since > SECONDS_BETWEEN_DRAWINGS then
    self.stride = math.max(self.stride // 2, 1)
  end
  return now - self.drawn >= SECONDS_BETWEEN_DRAWINGS
end

local function window_of(self)
  if self.drawings % DRAWINGS_PER_WINDOW == 0 then self.window = terminal.columns() end
  self.drawings = self.drawings + 1
  return self.window
end

---Draws the line anew, unless it was drawn a moment ago.
---@param count integer things done
---@param done? number how much of the whole that is
---@param whole? number nil where it is not known
function Progress:show(count, done, whole)
  if not self.live or not is_due(self) then return end
  self.drawn = self.looked
  local share = whole and whole > 0 and math.min(done / whole, 1) or nil
  io.stderr:write("\r\27[K", fitted(facts_of(self, count, share, self.drawn - self.started), window_of(self)))
  io.stderr:flush()
end

---Goes on to another part of the run, with a count and a speed of its own. It is said at once: not each part tells
---how far it is.
---@param label string
---@param unit? string
function Progress:phase(label, unit)
  if label == self.label then return end
  self.label, self.unit = label, unit
  if not self.live then return end
  self.started, self.stride = terminal.now(), 1
  io.stderr:write("\r\27[K", fitted({ label = label }, window_of(self)))
  io.stderr:flush()
end

---Takes the line away, so that something else can be written.
function Progress:clear()
  if self.live then io.stderr:write "\r\27[K" end
end

return progress
