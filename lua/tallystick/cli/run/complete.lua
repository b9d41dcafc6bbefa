-- tallystick complete: what a shell's completion file asks. Its first line says what the lines behind it are: "words",
-- "open" where more is to be typed behind each, or "path" where the shell is to offer the names of files.
local candidates = require("tallystick.cli.complete").candidates
local exit = require "tallystick.cli.exit"
local line = require "tallystick.cli.complete.line"
local width = require "tallystick.width"

local complete = {}

local function kind_of(list, kind)
  for _, one in ipairs(list) do
    if one.open then return "open" end
  end
  return kind or "words"
end

-- zsh and fish hand over the words without their quotes, and set quotes themselves.
local function with_help(call, words)
  local partial = table.remove(words) or ""
  local list, kind = candidates(words, partial, "line")
  call.output:raw(kind_of(list, kind) .. "\n")
  for _, one in ipairs(list) do
    call.output:raw(("%s\t%s\n"):format(one.word, one.help and width.printable(one.help) or ""))
  end
end

-- bash hands over the line, and the part of the present word that it will replace: at an equals sign or a colon it
-- begins anew. What it is given it types as it is.
local function for_bash(call, words)
  local read, replaced = line.read(words[1] or ""), words[2] or ""
  local head = read.raw:sub(1, #read.raw - #replaced)
  local kept = replaced == read.partial and 0 or #line.read(head).partial
  table.remove(read.words, 1)
  local list, kind = candidates(read.words, read.partial, "line")
  call.output:raw(kind_of(list, kind) .. "\n")
  for _, one in ipairs(list) do call.output:raw(line.set(one.word:sub(kept + 1), read.quote) .. "\n") end
end

local WRITERS = { bash = for_bash, zsh = with_help, fish = with_help }

---@param call tallystick.cli.Call
---@return integer exit_code
function complete.run(call)
  WRITERS[call.args.shell or "zsh"](call, call.args.words or {})
  return exit.DONE
end

return complete
