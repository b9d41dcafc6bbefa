-- The marks that show people a document's status (design §3): pure data, to be changed or replaced by a host's own.

---@class tallystick.Mark
---@field symbol string
---@field colour "orange"|"red"|"green"|"blue"|"grey"

---@type table<string, tallystick.Mark>
local marks = {
  pending = { symbol = "–", colour = "orange" },
  partial = { symbol = "–", colour = "orange" },
  unpaid = { symbol = "✗", colour = "red" },
  paid = { symbol = "✓", colour = "green" },
  overpaid = { symbol = "+", colour = "blue" },
  written_off = { symbol = "✓", colour = "grey" },
  offered = { symbol = "✓", colour = "grey" },
  invoiced = { symbol = "→", colour = "grey" },
  cancelled = { symbol = "0", colour = "grey" },
}

-- Terminals have no orange among their eight colours; this one is of the 256 that all but the oldest know.
local ESCAPES = {
  orange = "\27[38;5;208m", red = "\27[31m", green = "\27[32m", blue = "\27[34m", grey = "\27[90m",
}
local PLAIN = "\27[0m"

---@class tallystick.MarkOptions
---@field colour? boolean whether the reader is a terminal that has colours; default false
---@field invoice? string the invoice's number, shown behind the arrow of an invoiced consultation
---@field theme? table<string, tallystick.Mark> marks that stand in for these

---Gives a status' mark as text.
---@param status string
---@param options? tallystick.MarkOptions
---@return string text empty for a status that has no mark
local function format(status, options)
  options = options or {}
  local mark = options.theme and options.theme[status] or marks[status]
  if not mark then return "" end
  local text = mark.symbol
  if status == "invoiced" and options.invoice then text = text .. " " .. options.invoice end
  if not options.colour or not ESCAPES[mark.colour] then return text end
  return ESCAPES[mark.colour] .. text .. PLAIN
end

return setmetatable(marks, { __index = { format = format } })
