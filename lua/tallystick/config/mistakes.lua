-- Gathers the mistakes of one script, each with its place, and words them for people.

local mistakes = {}

-- A script can make mistakes in a loop. Nobody reads past the first few hundred, and memory must not grow with them.
mistakes.COUNT_MAX = 500

-- Enough to recognise what was written, short enough for one line of a terminal.
local SHOWN_BYTES_MAX = 40

---@class tallystick.Mistake
---@field file string the name that was given with the text
---@field line integer of the call in the script; 1 where the file as a whole is wrong
---@field path string such as `payment_type "cash".round_to`
---@field message string the whole sentence
---@field value string? what was found, as text
---@field expected string? what would do
---@field suggestion string? the nearest known name

---@class tallystick.Refusal
---@field value any what was found; nil where nothing was
---@field expected string? what would do, to be read after "write"
---@field suggestion string? the nearest known name

---@param byte string
---@return string
local function escape(byte)
  return ("\\x%02X"):format(byte:byte())
end

---Cuts a text before the character that would pass the limit.
---@param text string
---@param bytes_max integer
---@return string
function mistakes.shorten(text, bytes_max)
  if #text <= bytes_max then return text end
  local last = bytes_max
  while last > 0 and (text:byte(last + 1) & 0xC0) == 0x80 do last = last - 1 end
  return text:sub(1, last) .. "…"
end

-- In UTF-8: the controls of ISO 8859-1, and the marks that turn the direction of what follows them, by which a text can
-- look like another.
local CONTROLS = { "\xC2[\x80-\x9F]", "\xE2\x80[\xAA-\xAE]", "\xE2\x81[\xA6-\xA9]" }

---@param control string
---@return string
local function escape_codepoint(control)
  local codepoint = utf8.codepoint(control)
  return (codepoint < 0x100 and "\\x%02X" or "\\u{%X}"):format(codepoint)
end

---A text that can be printed anywhere: a script may not send control sequences to the terminal of its reader.
---@param text string
---@param bytes_max integer
---@return string
function mistakes.printable(text, bytes_max)
  local shown = mistakes.shorten(text, bytes_max):gsub("[\0-\31\127]", escape)
  if not utf8.len(shown) then shown = shown:gsub("[\x80-\xFF]", escape) end
  for _, control in ipairs(CONTROLS) do shown = shown:gsub(control, escape_codepoint) end
  return shown
end

---A string in quotes, escaped and cut where it is long.
---@param text string
---@return string
function mistakes.quote(text)
  return '"' .. mistakes.printable(text:gsub('[\\"]', "\\%0"), SHOWN_BYTES_MAX) .. '"'
end

---What a value looks like in a message: scalars as they are written, the rest by kind.
---@param value any
---@return string shown
---@return boolean scalar
function mistakes.show(value)
  local kind = type(value)
  if kind == "string" then return mistakes.quote(value), true end
  if kind == "number" or kind == "boolean" or kind == "nil" then return tostring(value), true end
  return "a " .. kind, false
end

---Known names as they stand in a sentence: `"a", "b" or "c"`.
---@param names string[]
---@return string
function mistakes.alternatives(names)
  local quoted = {}
  for index, name in ipairs(names) do quoted[index] = mistakes.quote(name) end
  local last = table.remove(quoted)
  return #quoted == 0 and last or table.concat(quoted, ", ") .. " or " .. last
end

---@param problem string
---@param refusal tallystick.Refusal
---@return string message
local function sentence(problem, refusal)
  local parts = { problem }
  if refusal.value ~= nil then
    local shown, scalar = mistakes.show(refusal.value)
    parts[1] = (scalar and shown or "this") .. " " .. problem
  end
  if refusal.suggestion then
    parts[2] = "did you mean " .. mistakes.quote(refusal.suggestion) .. "?"
  elseif refusal.expected then
    parts[2] = "write " .. refusal.expected
  end
  return table.concat(parts, "; ")
end

---Where a value stands: a line of the script and the path to it.
---@class tallystick.Place
---@field list tallystick.Mistakes
---@field line integer
---@field path string
local Place = {}
Place.__index = Place

---The place of a field or of an item of a list.
---@param key any
---@return tallystick.Place
function Place:at(key)
  local plain = type(key) == "string" and #key <= SHOWN_BYTES_MAX and key:find "^[%a_][%w_]*$"
  local step = plain and "." .. key or "[" .. mistakes.show(key) .. "]"
  return self.list:place(self.line, self.path .. step)
end

---Notes a mistake at this place: what was found, what is wrong with it, what would do.
---@param problem string to be read after the value that was found
---@param refusal tallystick.Refusal?
function Place:refuse(problem, refusal)
  refusal = refusal or {}
  self.list:add {
    file = self.list.file,
    line = self.line,
    path = self.path,
    message = sentence(problem, refusal),
    value = refusal.value ~= nil and mistakes.show(refusal.value) or nil,
    expected = refusal.expected,
    suggestion = refusal.suggestion,
  }
end

---Notes that a value is of the wrong Lua type.
---@param value any
---@param expected string
function Place:refuse_kind(value, expected)
  if value == nil then return self:refuse("is missing", { expected = expected }) end
  self:refuse("is a " .. type(value), { value = value, expected = expected })
end

---@class tallystick.Mistakes
---@field file string
---@field found tallystick.Mistake[] in the order of finding
---@field full boolean whether some were dropped
local Mistakes = {}
Mistakes.__index = Mistakes

---@param line integer
---@param path string
---@return tallystick.Place
function Mistakes:place(line, path)
  return setmetatable({ list = self, line = line, path = path }, Place)
end

---@param mistake tallystick.Mistake
function Mistakes:add(mistake)
  if #self.found < mistakes.COUNT_MAX then
    self.found[#self.found + 1] = mistake
  else
    self.full = true
  end
end

---Notes what is wrong with the script as a whole. It is never dropped.
---@param line integer
---@param path string
---@param message string
function Mistakes:note(line, path, message)
  self.found[#self.found + 1] = { file = self.file, line = line, path = path, message = message }
end

---All mistakes by line; those of one line in the order in which they were found.
---@return tallystick.Mistake[]
function Mistakes:sorted()
  local order, sorted = {}, {}
  for index, mistake in ipairs(self.found) do
    order[mistake], sorted[index] = index, mistake
  end
  table.sort(sorted, function(left, right)
    if left.line ~= right.line then return left.line < right.line end
    return order[left] < order[right]
  end)
  return sorted
end

---@param file string the name that every mistake of this list carries
---@return tallystick.Mistakes
function mistakes.new(file)
  return setmetatable({ file = file, found = {}, full = false }, Mistakes)
end

return mistakes
