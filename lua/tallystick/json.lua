-- A strict reader and a plain writer of JSON (RFC 8259), for logs that move money: what is not JSON is refused with the
-- place, not guessed at. Numbers without fraction or exponent are integers, a member that is null counts as absent, a
-- name stands once.
local json = {}

-- Deeper than any command's fields go, and far from the limits of Lua's stack.
local DEPTH_MAX = 32

---Stands for null where it is not a member of an object: in an array, or alone.
json.null = setmetatable({}, { __name = "null", __tostring = function() return "null" end })

local ESCAPES = {
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}
local NAMES = { ["true"] = true, ["false"] = false, ["null"] = json.null }

local read_value

-- What is wrong travels as a table, so that json.decode tells it from any other error that passes through.
local function malformed(position, message)
  error({ malformed = message, position = position }, 0)
end

local function skip_space(text, position)
  return text:find("[^ \t\r\n]", position) or #text + 1
end

-- Reads the four digits of \uXXXX whose backslash is at position.
local function read_unit(text, position)
  local digits = text:match("^\\u(%x%x%x%x)", position)
  return digits and tonumber(digits, 16)
end

-- Reads \uXXXX, or the pair of them that makes one character; gives it in UTF-8 with the position behind.
local function read_unicode(text, position)
  local unit = read_unit(text, position) or malformed(position, "\\u needs four hexadecimal digits")
  if unit < 0xD800 or unit > 0xDFFF then return utf8.char(unit), position + 6 end
  local low = unit < 0xDC00 and read_unit(text, position + 6)
  if not low or low < 0xDC00 or low > 0xDFFF then malformed(position, "half of a surrogate pair") end
  return utf8.char(0x10000 + (unit - 0xD800) * 0x400 + (low - 0xDC00)), position + 12
end

-- Reads a string that has escapes, from behind its opening quote.
local function read_escaped(text, position, opening)
  local pieces = {}
  while true do
    local stop = text:find('["\\\0-\31]', position) or malformed(opening, "the string does not end")
    pieces[#pieces + 1] = text:sub(position, stop - 1)
    local char = text:sub(stop, stop)
    if char == '"' then return table.concat(pieces), stop + 1 end
    if char ~= "\\" then malformed(stop, "a control character in a string") end
    local escape = text:sub(stop + 1, stop + 1)
    if escape == "u" then
      pieces[#pieces + 1], position = read_unicode(text, stop)
    else
      pieces[#pieces + 1] = ESCAPES[escape] or malformed(stop, "no such escape")
      position = stop + 2
    end
  end
end

local function read_string(text, position)
  local plain, after = text:match('^([^"\\\0-\31]*)"()', position + 1)
  if plain then return plain, after end
  return read_escaped(text, position + 1, position)
end

local function read_number(text, position)
  local integer, after = text:match("^(%-?%d+)()", position)
  if not integer or integer:find "^%-?0%d" then malformed(position, "not a number") end
  local fraction, behind = text:match("^(%.%d+)()", after)
  local exponent, last = text:match("^([eE][+-]?%d+)()", behind or after)
  return tonumber(integer .. (fraction or "") .. (exponent or "")), last or behind or after
end

-- Reads what an opening bracket began: member(position) takes one member and gives the position behind it.
-- The bracket's own place is for messages, where reading goes on behind it.
local function read_members(text, position, closing, member, opening)
  opening = opening or position
  position = skip_space(text, position + 1)
  if text:sub(position, position) == closing then return position + 1 end
  while true do
    position = skip_space(text, member(position))
    local char = text:sub(position, position)
    if char == closing then return position + 1 end
    if char == "" then malformed(position, ("the line ends before the '%s' of column %d"):format(closing, opening)) end
    if char ~= "," then malformed(position, ("',' or '%s' expected"):format(closing)) end
    position = skip_space(text, position + 1)
  end
end

local function read_array(text, position, depth)
  local array, length = {}, 0
  local after = read_members(text, position, "]", function(at)
    length = length + 1
    array[length], at = read_value(text, at, depth)
    return at
  end)
  return array, after
end

-- A member as logs have them: name and value plain strings, without escapes. Gives them, what comes behind, and where.
local PLAIN_MEMBER = '^[ \t\r\n]*"([^"\\\0-\31]*)"[ \t\r\n]*:[ \t\r\n]*"([^"\\\0-\31]*)"[ \t\r\n]*([,}])()'

-- Takes the plain members at the front of an object, from behind its bracket. Gives the position of what is left, or
-- true with the position behind the object.
local function take_plain_members(text, position, object)
  while true do
    local name, value, mark, after = text:match(PLAIN_MEMBER, position)
    if not name then return false, position end
    if object[name] then malformed(skip_space(text, position), ('the name "%s" stands twice'):format(name)) end
    object[name] = value
    if mark == "}" then return true, after end
    position = after
  end
end

local function read_object(text, position, depth)
  local object, seen = {}, {}
  local whole, start = take_plain_members(text, position + 1, object)
  if whole then return object, start end
  for name in pairs(object) do seen[name] = true end
  -- What is left is read as if it began here; behind a comma a member must come.
  if next(seen) and text:find("^[ \t\r\n]*}", start) then
    malformed(skip_space(text, start), "a name in quotes expected")
  end
  local after = read_members(text, start - 1, "}", function(at)
    if text:sub(at, at) ~= '"' then malformed(at, "a name in quotes expected") end
    local name, behind = read_string(text, at)
    if seen[name] then malformed(at, ('the name "%s" stands twice'):format(name)) end
    seen[name] = true
    behind = skip_space(text, behind)
    if text:sub(behind, behind) ~= ":" then malformed(behind, "':' expected") end
    local value, last = read_value(text, skip_space(text, behind + 1), depth)
    if value ~= json.null then object[name] = value end
    return last
  end, position)
  return object, after
end

function read_value(text, position, depth)
  local char = text:sub(position, position)
  if char == '"' then return read_string(text, position) end
  if char == "{" or char == "[" then
    if depth >= DEPTH_MAX then malformed(position, "nested too deep") end
    return (char == "{" and read_object or read_array)(text, position, depth + 1)
  end
  if char:find "[-%d]" then return read_number(text, position) end
  local name, after = text:match("^(%l+)()", position)
  if name == nil or NAMES[name] == nil then
    malformed(position, char == "" and "the line ends where a value is expected" or "not a JSON value")
  end
  return NAMES[name], after
end

local function read_text(text)
  local _, wrong = utf8.len(text)
  if wrong then malformed(wrong, "not UTF-8") end
  local value, after = read_value(text, skip_space(text, 1), 0)
  after = skip_space(text, after)
  if after <= #text then malformed(after, "something stands behind the value") end
  return value
end

---Reads one JSON value, the whole text.
---@param text string
---@return any value nil where the text is malformed
---@return string? message what is wrong
---@return integer? position the byte where it is, from 1
function json.decode(text)
  local done, value = pcall(read_text, text)
  if done then return value end
  if type(value) == "table" and value.malformed then return nil, value.malformed, value.position end
  error(value, 0)
end

local function escape(char)
  return ("\\u%04x"):format(char:byte())
end

---Gives a string as JSON writes it, in quotes.
---@param text string
---@return string
function json.quote(text)
  text = text:gsub('["\\]', "\\%0"):gsub("[\0-\31\127]", escape)
  -- Some terminals take U+0080 to U+009F for the beginning of an escape sequence, too.
  return '"' .. text:gsub("\xC2([\x80-\x9F])", escape) .. '"'
end

local write_value

local function write_array(array, order, depth)
  local items = {}
  for index, item in ipairs(array) do items[index] = write_value(item, order, depth) end
  return "[" .. table.concat(items, ",") .. "]"
end

-- The names of an object: those of the order first, then the others as text sorts them.
local function names_of(object, order)
  local names, listed = {}, {}
  for _, name in ipairs(order or {}) do
    if object[name] ~= nil and not listed[name] then names[#names + 1], listed[name] = name, true end
  end
  local first = #names
  for name in pairs(object) do
    assert(type(name) == "string", "a name of an object is a string")
    if not listed[name] then names[#names + 1] = name end
  end
  local others = table.move(names, first + 1, #names, 1, {})
  table.sort(others)
  return table.move(others, 1, #others, first + 1, names)
end

local function write_object(object, order, depth)
  local members = {}
  for index, name in ipairs(names_of(object, order)) do
    members[index] = json.quote(name) .. ":" .. write_value(object[name], order, depth)
  end
  return "{" .. table.concat(members, ",") .. "}"
end

-- What a list of its own is written as, beside strings and tables.
local WRITERS = {
  string = json.quote,
  boolean = tostring,
  -- A money value is the one userdata that there is; its currency is said beside it, where there can be several.
  userdata = function(money) return json.quote(money:decimal()) end,
  number = function(number)
    assert(math.type(number) == "integer", "a float is no number of ours")
    return tostring(number)
  end,
}

function write_value(value, order, depth)
  local writer = WRITERS[type(value)]
  if writer then return writer(value) end
  if value == json.null then return "null" end
  assert(type(value) == "table" and depth < DEPTH_MAX, "what is written is a table, not too deep")
  local write = (#value > 0 or getmetatable(value) == json.array) and write_array or write_object
  return write(value, order, depth + 1)
end

---The metatable of tables that are written as arrays also where they are empty.
json.array = { __name = "array" }

---Gives a value as one line of JSON. Money values are strings of their decimals, so that no reader rounds them. A table
---with items is an array, any other an object. A float, a function or a table within itself is the caller's mistake,
---and raises.
---@param value string|boolean|integer|tallystick.Money|table
---@param order? string[] names that stand first in every object, in this order; the others follow sorted
---@return string
function json.encode(value, order)
  return write_value(value, order, 0)
end

return json
