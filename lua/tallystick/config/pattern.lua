-- Tells whether a text is a valid Lua pattern. Lua itself finds a fault only when a match gets that far.

local pattern = {}

-- LUA_MAXCAPTURES of Lua as it is distributed.
local CAPTURES_MAX = 32

---@class tallystick.PatternScan
---@field text string
---@field closed boolean[] by capture, whether its ")" was seen

---Skips a set that begins at `from`, as lstrlib.c does: a "]" right after the opening is a member.
---@param text string
---@param from integer position of the "["
---@return integer? next
---@return string? fault
local function skip_set(text, from)
  local at = from + (text:sub(from + 1, from + 1) == "^" and 2 or 1)
  repeat
    if at > #text then return nil, "has a [ without its ]" end
    at = at + (text:sub(at, at) == "%" and 2 or 1)
  until text:sub(at, at) == "]"
  return at + 1
end

---@param text string
---@param at integer
---@return integer next behind the sign of repetition, where one stands there
local function skip_repetition(text, at)
  return text:find("^[*+?-]", at) and at + 1 or at
end

---@param scan tallystick.PatternScan
---@param at integer
---@return integer? next
---@return string? fault
local function skip_single(scan, at)
  if scan.text:sub(at, at) ~= "[" then return skip_repetition(scan.text, at + 1) end
  local next_at, fault = skip_set(scan.text, at)
  if not next_at then return nil, fault end
  return skip_repetition(scan.text, next_at)
end

---@param scan tallystick.PatternScan
---@param at integer
---@return integer? next
---@return string? fault
local function open_capture(scan, at)
  if #scan.closed == CAPTURES_MAX then return nil, ("has more than %d captures"):format(CAPTURES_MAX) end
  local position_only = scan.text:sub(at + 1, at + 1) == ")"
  scan.closed[#scan.closed + 1] = position_only
  return at + (position_only and 2 or 1)
end

---@param scan tallystick.PatternScan
---@param at integer
---@return integer? next
---@return string? fault
local function close_capture(scan, at)
  for capture = #scan.closed, 1, -1 do
    if not scan.closed[capture] then
      scan.closed[capture] = true
      return at + 1
    end
  end
  return nil, "has a ) without its ("
end

---@param scan tallystick.PatternScan
---@param at integer
---@return integer? next
---@return string? fault
local function skip_escape(scan, at)
  local letter = scan.text:sub(at + 1, at + 1)
  if letter == "" then return nil, "ends with a single %" end
  if letter == "b" then
    if at + 3 > #scan.text then return nil, "has a %b without its two characters" end
    return at + 4
  end
  if letter == "f" then
    if scan.text:sub(at + 2, at + 2) ~= "[" then return nil, "has a %f without its set" end
    return skip_set(scan.text, at + 2)
  end
  if letter:find "%d" then
    if not scan.closed[tonumber(letter)] then return nil, "refers to a capture that is not there" end
    return at + 2
  end
  return skip_repetition(scan.text, at + 2)
end

local STEPS = { ["("] = open_capture, [")"] = close_capture, ["%"] = skip_escape }

---What is wrong with a pattern, to be read after it, or nil where it is valid.
---@param text string
---@return string? fault
function pattern.fault(text)
  local scan = { text = text, closed = {} }
  local at = text:sub(1, 1) == "^" and 2 or 1
  while at <= #text do
    local step = STEPS[text:sub(at, at)] or skip_single
    local next_at, fault = step(scan, at)
    if not next_at then return fault end
    at = next_at
  end
  for _, closed in ipairs(scan.closed) do
    if not closed then return "has a ( without its )" end
  end
  return nil
end

return pattern
