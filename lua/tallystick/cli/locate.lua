-- Finds where in a script a mistake stands. The builder knows the line of a call and the path to what is wrong in it;
-- here the path is followed through the text of the call, which may go over several lines.
local lexer = require "tallystick.cli.lexer"
local mistakes = require "tallystick.config.mistakes"

local locate = {}

-- A comma within a function, or within brackets, does not end an entry of a table.
local OPENING = { ["{"] = true, ["("] = true, ["["] = true, ["function"] = true, ["if"] = true, ["do"] = true,
  ["repeat"] = true }
local CLOSING = { ["}"] = true, [")"] = true, ["]"] = true, ["end"] = true, ["until"] = true }

---Bytes of the text, and the line on which the first stands.
---@class tallystick.cli.Span
---@field line integer
---@field from integer
---@field to integer

---An entry of a table as it is written.
---@class tallystick.cli.Entry
---@field key tallystick.cli.Token? none for an item of a list
---@field index integer? its place, for an item of a list
---@field first integer the first token of its value
---@field last integer the last

---A text to find places in.
---@class tallystick.cli.Script
---@field text string
---@field lines { from: integer, to: integer }[]
---@field tokens tallystick.cli.Token[]
---@field first_of table<integer, integer> by line, its first token

---Splits a path as mistakes have it: `payment_type "cash".fields.number[1]`.
---@param path string
---@return string head the method, or "script"
---@return string[] steps each `.name` or `[…]`
local function split(path)
  local head, rest = path:match "^([%w_]+)(.*)$"
  if not head then return path, {} end
  rest = rest:gsub('^ "[^"\\]*"', ""):gsub("^ #%d+", "")
  -- A quote within an id is escaped; such an id is never right, and its path is followed no further.
  if rest:find "^ " then return head, {} end
  local steps = {}
  while rest ~= "" do
    local step = rest:match "^%.[%w_]+" or rest:match '^%["[^"]*"%]' or rest:match "^%[[^%]]*%]"
    if not step then return head, steps end
    steps[#steps + 1], rest = step, rest:sub(#step + 1)
  end
  return head, steps
end

---The last token of the value that begins at `first`.
---@param tokens tallystick.cli.Token[]
---@param first integer
---@return integer last
local function value_end(tokens, first)
  local depth = 0
  for index = first, #tokens do
    local token = tokens[index]
    local word = token.kind ~= "string" and token.text
    if depth == 0 and (word == "," or word == ";" or CLOSING[word]) then return index - 1 end
    if OPENING[word] then depth = depth + 1 end
    if CLOSING[word] then depth = depth - 1 end
  end
  return #tokens
end

---The key of an entry, and where its value begins.
---@param tokens tallystick.cli.Token[]
---@param index integer of the entry's first token
---@return tallystick.cli.Token? key
---@return integer first
local function key_at(tokens, index)
  local token, second, third, fourth = tokens[index], tokens[index + 1], tokens[index + 2], tokens[index + 3]
  if token.kind == "name" and second and second.text == "=" then return token, index + 2 end
  local bracketed = token.text == "[" and third and third.text == "]" and fourth and fourth.text == "="
  if bracketed then return second, index + 4 end
  return nil, index
end

---The entries of the table whose bracket is at `opening`.
---@param tokens tallystick.cli.Token[]
---@param opening integer
---@return fun(): tallystick.cli.Entry?
local function entries(tokens, opening)
  local index, items = opening + 1, 0
  return function()
    if not tokens[index] or tokens[index].text == "}" then return nil end
    local key, first = key_at(tokens, index)
    if not key then items = items + 1 end
    local last = math.max(value_end(tokens, first), index)
    local following = tokens[last + 1]
    index = last + (following and (following.text == "," or following.text == ";") and 2 or 1)
    return { key = key, index = not key and items or nil, first = first, last = math.min(last, #tokens) }
  end
end

---@param entry tallystick.cli.Entry
---@param step string
---@return boolean
local function is_meant(entry, step)
  if entry.index then return step == ("[%d]"):format(entry.index) end
  local key = entry.key
  if key.kind == "name" then return step == "." .. key.text or step == "[" .. mistakes.quote(key.text) .. "]" end
  if key.value then return step == "." .. key.value or step == "[" .. mistakes.quote(key.value) .. "]" end
  return step == "[" .. key.text .. "]"
end

---@param tokens tallystick.cli.Token[]
---@param opening integer a token that may be a table's bracket
---@param step string
---@return tallystick.cli.Entry?
local function find_entry(tokens, opening, step)
  if not tokens[opening] or tokens[opening].text ~= "{" then return nil end
  for entry in entries(tokens, opening) do
    if is_meant(entry, step) then return entry end
  end
  return nil
end

---@param first tallystick.cli.Token
---@param last tallystick.cli.Token?
---@return tallystick.cli.Span
local function span(first, last)
  return { line = first.line, from = first.from, to = (last or first).to }
end

---Follows the steps from the value at `first`, as far as they can be followed.
---@param tokens tallystick.cli.Token[]
---@param first integer
---@param steps string[]
---@return tallystick.cli.Entry? entry the last that was found
---@return integer found how many steps that were
local function follow(tokens, first, steps)
  local entry
  for count, step in ipairs(steps) do
    local inner = find_entry(tokens, first, step)
    if not inner then return entry, count - 1 end
    entry, first = inner, inner.first
  end
  return entry, #steps
end

---Whether a mistake is about the value, and not about the name of it.
---@param tokens tallystick.cli.Token[]
---@param mistake tallystick.Mistake
---@param entry tallystick.cli.Entry
---@return boolean
local function is_of_value(tokens, mistake, entry)
  if not entry.key then return true end
  if not mistake.value then return false end
  local value = tokens[entry.first]
  local is_key = mistakes.quote(entry.key.value or entry.key.text) == mistake.value
  return not is_key or value and value.value ~= nil and mistakes.quote(value.value) == mistake.value
end

---The place of a mistake within the call of a method.
---@param tokens tallystick.cli.Token[]
---@param call integer the token of the method's name
---@param mistake tallystick.Mistake
---@param steps string[]
---@return tallystick.cli.Span? place
---@return integer found how many steps of the path lead to it
local function place_in_call(tokens, call, mistake, steps)
  local first = tokens[call + 1] and tokens[call + 1].text == "(" and call + 2 or call + 1
  local entry, found = follow(tokens, first, steps)
  if entry and tokens[entry.first] then
    local of_value = found == #steps and is_of_value(tokens, mistake, entry)
    if of_value then return span(tokens[entry.first], tokens[entry.last]), found end
    return span(entry.key or tokens[entry.first]), found
  end
  local value = #steps == 0 and mistake.value and tokens[first]
  -- What follows a call without brackets is one token, unless it is a table.
  if value and first == call + 1 and value.kind == "string" then return span(value), 0 end
  if value then return span(value, tokens[math.max(value_end(tokens, first), first)]), 0 end
  return span(tokens[call]), 0
end

---Whether a call's text names the id by which its mistakes are listed.
---@param tokens tallystick.cli.Token[]
---@param call integer
---@param id string? in quotes
---@return boolean
local function names_id(tokens, call, id)
  if not id then return true end
  local first = tokens[call + 1] and tokens[call + 1].text == "(" and call + 2 or call + 1
  local entry = find_entry(tokens, first, ".id")
  local value = entry and tokens[entry.first]
  return value ~= nil and value ~= false and value.value ~= nil and mistakes.quote(value.value) == id
end

---The tokens of a line, with the last of the line before: a call counts as standing where its values begin.
---@param script tallystick.cli.Script
---@param line integer
---@return fun(): integer?, tallystick.cli.Token?
local function tokens_of(script, line)
  local index = script.first_of[line]
  index = index and math.max(index - 2, 0) or #script.tokens
  return function()
    index = index + 1
    local token = script.tokens[index]
    if token and token.line <= line then return index, token end
  end
end

---@param script tallystick.cli.Script
---@param mistake tallystick.Mistake
---@return tallystick.cli.Span?
local function place_by_path(script, mistake)
  local head, steps = split(mistake.path)
  local id = mistake.path:match '^[%w_]+ ("[^"\\]*")'
  local best, best_found, best_named = nil, -1, false
  for index, token in tokens_of(script, mistake.line) do
    if token.kind == "name" and token.text == head then
      local place, found = place_in_call(script.tokens, index, mistake, steps)
      local named = names_id(script.tokens, index, id)
      if named and not best_named or named == best_named and found > best_found then
        best, best_found, best_named = place, found, named
      end
    end
  end
  return best
end

-- What Lua and the sandbox say of a script that broke, and whether the last such token of the line is meant: a syntax
-- error is noticed at the token that does not fit.
local NAMED = {
  { pattern = "near '(.*)'$", last = true },
  { pattern = "^the script sets the global ([%w_]+)" },
  { pattern = "%(%l+ '([^']*)'%)" },
}

---@param script tallystick.cli.Script
---@param line integer
---@param text string
---@param last boolean?
---@return tallystick.cli.Span?
local function place_of_token(script, line, text, last)
  local place
  for _, token in tokens_of(script, line) do
    if token.line == line and (token.text == text or token.value == text) then
      place = span(token)
      if not last then return place end
    end
  end
  return place
end

---@param script tallystick.cli.Script
---@param mistake tallystick.Mistake
---@return tallystick.cli.Span?
local function place_by_message(script, mistake)
  for _, form in ipairs(NAMED) do
    local text = mistake.message:match(form.pattern)
    local place = text and place_of_token(script, mistake.line, text, form.last)
    if place then return place end
  end
  return nil
end

---Reads a text once, to find the places of all its mistakes.
---@param text string
---@return tallystick.cli.Script
function locate.read(text)
  local script = { text = text, lines = lexer.lines(text), tokens = lexer.tokens(text), first_of = {} }
  for index = #script.tokens, 1, -1 do script.first_of[script.tokens[index].line] = index end
  return script
end

---Finds where a mistake stands, as near as its text tells.
---@param script tallystick.cli.Script
---@param mistake tallystick.Mistake
---@return tallystick.cli.Span? place nil where only its line is known
function locate.find(script, mistake)
  if mistake.path == "script" then return place_by_message(script, mistake) end
  -- What the builder does not have is looked for by itself: a script may call its builder as it likes.
  local unknown = mistake.path:match "^clinic%.([%w_]+)$"
  if unknown then return place_of_token(script, mistake.line, unknown) end
  return place_by_path(script, mistake)
end

return locate
