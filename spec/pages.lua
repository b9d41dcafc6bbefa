-- Runs what pages and examples show: the code blocks of a page, and what is printed against what `--> ` promises.
local command = require "spec.command"

local pages = {}

---@class spec.Block
---@field language string the first word after the fence
---@field mark string the rest of that line
---@field line integer where the code begins
---@field text string

---Gives the fenced blocks of a Markdown page.
---@param path string
---@return spec.Block[]
function pages.blocks(path)
  local blocks, open, number = {}, nil, 0
  for line in command.read(path):gmatch "([^\n]*)\n" do
    number = number + 1
    if not open then
      local language, mark = line:match "^```(%w+)%s*(.*)$"
      if language then open = { language = language, mark = mark, line = number + 1, lines = {} } end
    elseif line == "```" then
      open.text, open.lines = table.concat(open.lines, "\n") .. "\n", nil
      blocks[#blocks + 1], open = open, nil
    else
      open.lines[#open.lines + 1] = line
    end
  end
  return blocks
end

---Gives what a program says it prints: the rest of each line behind `--> `, or `//> ` in C.
---@param text string
---@return string
function pages.promised(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line:match "%-%-> ?(.*)$" or line:match "//> ?(.*)$" end
  return table.concat(lines, "\n")
end

---Runs a block in an environment that it shares with others of its page; gives what it printed.
---@param block spec.Block
---@param environment table
---@return string printed
function pages.run(block, environment)
  local lines = {}
  environment.print = function(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    lines[#lines + 1] = table.concat(words, "\t")
  end
  assert(load(block.text, ("=line %d"):format(block.line), "t", environment))()
  return table.concat(lines, "\n")
end

return pages
