-- Splits a line into words as a shell does: blanks part them; '…' keeps all, "…" all but \" and \\, and a backslash
-- keeps the next character.
local words = {}

---@class tallystick.shell.Words
---@field list string[] the words that have ended
---@field word? string the one that the line's end is in
---@field quote? string the quote that is still open
---@field escaped? boolean whether a backslash ends the line

-- In double quotes a backslash stands for itself, unless it keeps one of these.
local KEPT_IN_QUOTES = { ['"'] = true, ["\\"] = true }

---@class tallystick.shell.Splitter : tallystick.shell.Words
local Splitter = {}
Splitter.__index = Splitter

function Splitter:put(char)
  self.word = (self.word or "") .. char
end

function Splitter:finish_word()
  self.list[#self.list + 1], self.word = self.word, nil
end

-- Takes a backslash and what it keeps; gives how many characters that were.
function Splitter:take_backslash(following)
  if following == "" then
    self.escaped = true
    return 1
  end
  local kept = not self.quote or KEPT_IN_QUOTES[following]
  self:put(kept and following or "\\" .. following)
  return 2
end

-- Takes the character, and gives how many it took with it.
function Splitter:take(char, following)
  if char == "\\" and self.quote ~= "'" then return self:take_backslash(following) end
  if char == self.quote then
    self.quote = nil
  elseif self.quote then
    self:put(char)
  elseif char == "'" or char == '"' then
    self.quote = char
    self:put ""
  elseif char:find "%s" then
    self:finish_word()
  else
    self:put(char)
  end
  return 1
end

---Splits a line, or as much of it as there is.
---@param line string
---@return tallystick.shell.Words
function words.read(line)
  local splitter = setmetatable({ list = {} }, Splitter)
  local at = 1
  while at <= #line do
    at = at + splitter:take(line:sub(at, at), line:sub(at + 1, at + 1))
  end
  return splitter
end

---Splits a whole line.
---@param line string
---@return string[]? words nil where a quote is open
---@return string? message
function words.split(line)
  local read = words.read(line)
  if read.quote then return nil, ("the quote %s does not end"):format(read.quote) end
  if read.word then read:finish_word() end
  return read.list
end

---Quotes a word where it needs that.
---@param word string
---@return string
function words.quote(word)
  if word ~= "" and not word:find "[^%w%-_./:=@%%+#,]" then return word end
  return '"' .. word:gsub('[\\"]', "\\%0") .. '"'
end

return words
