-- Cuts the text of a script into Lua's tokens, each with its place. It takes any text, also one that is no Lua: what it
-- does not know is a token of one byte.
local lexer = {}

---@class tallystick.cli.Token
---@field kind "name"|"number"|"string"|"sign"
---@field text string as it is written
---@field value? string what a string without escapes holds
---@field line integer where it begins
---@field from integer its first byte
---@field to integer its last byte

-- Lua takes a line feed, a carriage return, and either pair of them for one end of a line.
local LINE_END = "[\n\r]"

---@param text string
---@param at integer of a line end's first byte
---@return integer next behind it
local function skip_line_end(text, at)
  local pair = text:sub(at, at + 1)
  return at + ((pair == "\r\n" or pair == "\n\r") and 2 or 1)
end

---Where each line begins and ends, without its end.
---@param text string
---@return { from: integer, to: integer }[]
function lexer.lines(text)
  local lines, from = {}, 1
  while true do
    local at = text:find(LINE_END, from)
    lines[#lines + 1] = { from = from, to = (at or #text + 1) - 1 }
    if not at then return lines end
    from = skip_line_end(text, at)
  end
end

---The last byte of a long bracket that opens at `at`, or nil where none does; one that never closes runs to the end.
---@param text string
---@param at integer
---@return integer? last
---@return string? content
local function long_bracket(text, at)
  local level, content = text:match("^%[(=*)%[()", at)
  if not level then return nil end
  local from, to = text:find("]" .. level .. "]", content, true)
  return to or #text, text:sub(content, (from or #text + 1) - 1)
end

---The last byte of a string in quotes; one that never closes ends with its line.
---@param text string
---@param at integer of the opening quote
---@return integer last
---@return string? content nil where it has escapes or does not close
local function quoted(text, at)
  local quote = text:sub(at, at)
  local from = at + 1
  while true do
    local stop = text:find("[\\\n\r" .. quote .. "]", from)
    if not stop then return #text end
    local char = text:sub(stop, stop)
    if char == quote then
      local content = text:sub(at + 1, stop - 1)
      return stop, not content:find("\\", 1, true) and content or nil
    end
    if char ~= "\\" then return stop - 1 end
    from = stop + 2
  end
end

---The first byte behind blanks and comments.
---@param text string
---@param at integer
---@return integer next
local function skip_blanks(text, at)
  while true do
    at = text:find("[^ \t\v\f\n\r]", at) or #text + 1
    if text:sub(at, at + 1) ~= "--" then return at end
    local last = long_bracket(text, at + 2)
    at = last and last + 1 or text:find(LINE_END, at) or #text + 1
  end
end

---@param text string
---@param at integer
---@return "name"|"number"|"string"|"sign" kind
---@return integer last
---@return string? value
local function token_at(text, at)
  local char = text:sub(at, at)
  local last = select(2, text:find("^[%a_][%w_]*", at))
  if last then return "name", last end
  last = select(2, text:find("^%.?%d[%w.]*", at))
  if last then return "number", last end
  if char == '"' or char == "'" then
    local stop, value = quoted(text, at)
    return "string", stop, value
  end
  local stop, value = long_bracket(text, at)
  if stop then return "string", stop, value end
  return "sign", select(2, text:find("^[=~<>]=", at)) or select(2, text:find("^%.%.+", at)) or at
end

---@param text string
---@return tallystick.cli.Token[]
function lexer.tokens(text)
  local tokens, lines, line = {}, lexer.lines(text), 1
  local at = skip_blanks(text, 1)
  while at <= #text do
    while lines[line + 1] and lines[line + 1].from <= at do line = line + 1 end
    local kind, last, value = token_at(text, at)
    tokens[#tokens + 1] = { kind = kind, text = text:sub(at, last), value = value, line = line, from = at, to = last }
    at = skip_blanks(text, last + 1)
  end
  return tokens
end

return lexer
