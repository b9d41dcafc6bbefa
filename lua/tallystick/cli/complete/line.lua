-- complete/line.lua - reads a line of a shell as far as the cursor into words, and sets a word so that a shell takes it
-- for itself. Nothing is expanded and nothing is run: $(…) in a patient's id is text.
local line = {}

-- What a backslash takes its meaning from inside double quotes.
local ESCAPED_IN_DOUBLE = '[$`"\\]'

---@class tallystick.cli.Line
---@field words string[] before the one that is being typed
---@field partial string what is typed of that one, without its quotes
---@field raw string the same as it stands on the line
---@field quote string the quote that is open, or ""

---@class tallystick.cli.LineReader
---@field text string
---@field at integer
---@field word string? what is read of the present word
---@field from integer where it begins
---@field quote string

local function add(reader, piece)
  if not reader.word then reader.word, reader.from = "", reader.at end
  reader.word = reader.word .. piece
end

-- Takes the character at hand, and the next where a backslash takes it along.
local function step(reader, words)
  local char, following = reader.text:sub(reader.at, reader.at), reader.text:sub(reader.at + 1, reader.at + 1)
  if reader.quote == "'" or reader.quote == '"' then
    if char == reader.quote then
      reader.quote = ""
    elseif char == "\\" and reader.quote == '"' and following:find(ESCAPED_IN_DOUBLE) then
      add(reader, following)
      return 2
    else
      add(reader, char)
    end
  elseif char == "'" or char == '"' then
    add(reader, "")
    reader.quote = char
  elseif char == "\\" then
    add(reader, following)
    return 2
  elseif char:find "%s" then
    words[#words + 1], reader.word = reader.word, nil
  else
    add(reader, char)
  end
  return 1
end

---@param text string
---@return tallystick.cli.Line
function line.read(text)
  local words, reader = {}, { text = text, at = 1, quote = "", from = #text + 1 }
  while reader.at <= #text do reader.at = reader.at + step(reader, words) end
  if not reader.word then return { words = words, partial = "", raw = "", quote = "" } end
  return { words = words, partial = reader.word, raw = text:sub(reader.from), quote = reader.quote }
end

local SETTERS = {
  [""] = function(word)
    if word:find "^[%w@%%+=:,./_\x80-\xff-]+$" then return word end
    return (word:gsub("[^%w@%%+=:,./_\x80-\xff-]", "\\%0"))
  end,
  ["'"] = function(word) return (word:gsub("'", [['\'']])) end,
  -- Nothing escapes an exclamation mark inside double quotes, where bash looks for a line of its history by it.
  ['"'] = function(word) return (word:gsub(ESCAPED_IN_DOUBLE, "\\%0"):gsub("!", [["'!'"]])) end,
}

---Sets a word for a line on which a quote is open, or none.
---@param word string without control characters
---@param quote string
---@return string
function line.set(word, quote)
  return SETTERS[quote](word)
end

return line
