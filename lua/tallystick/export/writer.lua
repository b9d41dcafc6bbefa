-- writer.lua - collects small texts and hands them on in large ones; tells what a sink's refusal means.
local writer = {}

-- Large enough that the calls cost nothing beside the text, small enough to be no matter in memory.
local PIECE_BYTES = 1 << 16

-- How the C library says that there is no room; anything else is a fault of the file.
local FULL = { "No space left", "[Qq]uota exceeded", "File too large" }

---@class tallystick.export.Writer
---@field private sink fun(text: string): any, string?
---@field private parts string[]
---@field private bytes integer
local Writer = {}
Writer.__index = Writer

---@param sink fun(text: string): any, string? gives nil and a message where it fails
---@return tallystick.export.Writer
function writer.new(sink)
  return setmetatable({ sink = sink, parts = {}, bytes = 0 }, Writer)
end

local function failed(message)
  local sentence = "sink: the text could not be written: " .. message
  for _, pattern in ipairs(FULL) do
    if message:find(pattern) then return nil, sentence, "full", { field = "sink" } end
  end
  return nil, sentence, "io-error", { field = "sink" }
end

---Hands on what was collected.
---@return true? done
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Writer:flush()
  if self.bytes == 0 then return true end
  local text = table.concat(self.parts)
  self.parts, self.bytes = {}, 0
  local taken, message = self.sink(text)
  if not taken and message then return failed(tostring(message)) end
  return true
end

---Takes a text.
---@param text string
---@return true? done
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Writer:put(text)
  self.parts[#self.parts + 1] = text
  self.bytes = self.bytes + #text
  if self.bytes < PIECE_BYTES then return true end
  return self:flush()
end

return writer
