-- tallystick check: finds every mistake of configuration scripts, and shows each where it stands.
local exit = require "tallystick.cli.exit"
local json = require "tallystick.json"
local locate = require "tallystick.cli.locate"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local check = {}

-- A terminal's width, less the margin with the line's number. A longer line is shown around its mistake.
local SHOWN_CHARS_MAX = 100
-- How much of a long line stands before its mistake.
local SHOWN_CHARS_BEFORE = 30

local STYLES = { bold = "\27[1m", red = "\27[31m", green = "\27[32m", grey = "\27[90m" }

---@alias tallystick.cli.Paint fun(style: string, words: string): string

---@param colour boolean
---@return tallystick.cli.Paint
local function painter(colour)
  return function(style, words) return colour and STYLES[style] .. words .. "\27[0m" or words end
end

-- ---- A line as it can be shown ----

-- Characters that would move what is printed, or hide it: controls, and marks that turn the direction of writing.
local function is_shown(codepoint)
  return codepoint >= 0x20 and (codepoint < 0x7F or codepoint > 0x9F)
    and not (codepoint >= 0x202A and codepoint <= 0x202E or codepoint >= 0x2066 and codepoint <= 0x2069)
end

-- The characters from one byte to another, each as it is shown; what is no character is shown as one.
local function characters(source, from, to)
  local chars = {}
  while from <= to do
    local codepoint = utf8.len(source, from, from) and utf8.codepoint(source, from)
    local char = codepoint and utf8.char(codepoint) or source:sub(from, from)
    chars[#chars + 1] = codepoint and is_shown(codepoint) and char or char == "\t" and " " or "·"
    from = from + #char
  end
  return chars
end

-- The part of a line that is shown where it is too long, and how far it was moved.
local function window(chars, column)
  if #chars <= SHOWN_CHARS_MAX then return table.concat(chars), 0 end
  local first = math.max(math.min(column - SHOWN_CHARS_BEFORE, #chars - SHOWN_CHARS_MAX + 1), 1)
  local last = math.min(first + SHOWN_CHARS_MAX - 1, #chars)
  local before, after = first > 1 and "…" or "", last < #chars and "…" or ""
  return before .. table.concat(chars, "", first, last) .. after, first - 1 - (first > 1 and 1 or 0)
end

---A mistake's place as people count: lines and characters.
---@class tallystick.cli.Found
---@field line integer
---@field column? integer from 1; nil where only the line is known
---@field length? integer in characters, no further than the line goes

---@param script tallystick.cli.Script
---@param mistake tallystick.Mistake
---@return tallystick.cli.Found
local function find(script, mistake)
  local span = locate.find(script, mistake)
  if not span then return { line = mistake.line } end
  local line = script.lines[span.line]
  return {
    line = span.line,
    column = #characters(script.text, line.from, span.from - 1) + 1,
    length = #characters(script.text, span.from, math.min(span.to, line.to)),
  }
end

-- The line with what is wrong underlined.
local function excerpt(script, found, paint)
  local line = script.lines[found.line]
  local margin = (" "):rep(#tostring(found.line))
  if not line then return "" end
  local shown, moved = window(characters(script.text, line.from, line.to), found.column or 1)
  if shown:find "^%s*$" then return "" end
  local lines = paint("grey", (" %d | "):format(found.line)) .. shown .. "\n"
  if not found.column then return lines end
  local column = found.column - moved
  local length = math.max(math.min(found.length, utf8.len(shown) - column + 1), 1)
  return lines .. paint("grey", (" %s | "):format(margin)) .. (" "):rep(column - 1)
    .. paint("red", ("^"):rep(length)) .. "\n"
end

---Shows a mistake: its place and sentence, then the line with what is wrong underlined.
---@param script tallystick.cli.Script
---@param mistake tallystick.Mistake
---@param colour boolean
---@return string lines
function check.describe(script, mistake, colour)
  local paint = painter(colour)
  local found = find(script, mistake)
  local place = ("%s:%d:"):format(mistake.file, found.line) .. (found.column and found.column .. ":" or "")
  return ("%s %s: %s\n%s"):format(paint("bold", place), mistake.path, mistake.message, excerpt(script, found, paint))
end

-- ---- For programs ----

---Gives a mistake as one line of JSON. `line` is that of the call; what is wrong in it stands at `found`.
---@param script tallystick.cli.Script
---@param mistake tallystick.Mistake
---@return string line
function check.encode(script, mistake)
  local members = { ('"file":%s,"line":%d'):format(json.quote(mistake.file), mistake.line) }
  for _, name in ipairs { "path", "message", "value", "expected", "suggestion" } do
    if mistake[name] then members[#members + 1] = ('"%s":%s'):format(name, json.quote(mistake[name])) end
  end
  local found = find(script, mistake)
  if found.column then
    members[#members + 1] = ('"found":{"line":%d,"column":%d,"length":%d}'):format(found.line, found.column,
      found.length)
  end
  return "{" .. table.concat(members, ",") .. "}\n"
end

-- ---- The command ----

---Says in one line what a sound script declares.
---@param declared tallystick.Declared
---@return string
function check.tell(declared)
  local parts = {}
  if declared.currency then parts[#parts + 1] = declared.currency end
  if declared.language then parts[#parts + 1] = "language " .. declared.language end
  local types = #declared.types
  parts[#parts + 1] = types == 0 and "the payment types of the preset" or text.counted(types, "payment type")
  if #declared.hooks > 0 then parts[#parts + 1] = "hooks " .. table.concat(declared.hooks, ", ") end
  if #declared.workflows > 0 then parts[#parts + 1] = "workflows " .. table.concat(declared.workflows, ", ") end
  if #declared.permits > 0 then parts[#parts + 1] = "roles for " .. table.concat(declared.permits, ", ") end
  return table.concat(parts, "; ")
end

-- What cannot be read has one mistake, and no line to show.
local function read(path)
  local file <close> = io.open(path, "rb")
  return locate.read(file and file:read "a" or "")
end

local function check_one(path, args, colour)
  local tallystick = require "tallystick"
  local sound, declared, _, details = tallystick.check(path)
  local paint = painter(colour)
  if sound then
    if not args.json then print(("%s %s: %s"):format(path, paint("green", "is sound"), check.tell(declared))) end
    return true
  end
  local script = read(path)
  for _, mistake in ipairs(details.errors) do
    io.write(args.json and check.encode(script, mistake) or check.describe(script, mistake, colour))
  end
  if not args.json then print(("%s has %s"):format(path, text.counted(#details.errors, "mistake"))) end
  return false
end

---@param call tallystick.cli.Call
---@return integer exit_code
function check.run(call)
  local colour = not call.args.json and terminal.has_colour(1)
  local exit_code = exit.DONE
  for _, path in ipairs(call.args.script) do
    if not check_one(path, call.args, colour) then exit_code = exit.USAGE end
  end
  return exit_code
end

return check
