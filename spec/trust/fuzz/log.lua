-- log.lua - fuzzes the command log: an input is a log, and is replayed as `tallystick replay` does, each line a commit.
-- Each line must end in a result or in a documented code, and a refused one must write nothing. Then every line that is
-- JSON is written anew, in another spelling, and replayed in batches into other books, which must come to the same.
local json = require "tallystick.json"
local log = require "tallystick.cli.log"
local oracle = require "spec.trust.fuzz.oracle"
local replay = require "tallystick.cli.run.replay"

local must = oracle.must

-- How many lines the second replay commits at once.
local BATCH = 7
local PATH = oracle.path "log"

-- ---- JSON in another spelling ----

local write

local function write_text(text)
  return '"' .. text:gsub(utf8.charpattern, function(character)
    local point = utf8.codepoint(character)
    if point < 0x10000 then return ("\\u%04X"):format(point) end
    return ("\\u%04x\\u%04x"):format(0xD7C0 + (point >> 10), 0xDC00 + (point & 0x3FF))
  end) .. '"'
end

local function write_number(number)
  if math.type(number) == "integer" then return tostring(number) end
  if number == math.huge then return "1e999" elseif number == -math.huge then return "-1e999" end
  local text = ("%.17g"):format(number)
  return text:find "[.e]" and text or text .. ".0"
end

local function write_members(value)
  local names, members = {}, {}
  for name in pairs(value) do names[#names + 1] = name end
  table.sort(names, function(a, b) return a > b end)
  for index, name in ipairs(names) do members[index] = write_text(name) .. "\t: " .. write(value[name]) end
  return "{ " .. table.concat(members, " ,") .. "}"
end

local function write_items(value)
  local items = {}
  for index, item in ipairs(value) do items[index] = write(item) end
  return "[ " .. table.concat(items, "\t,\r ") .. "]"
end

-- An empty table was an object or an array: nothing that reads it knows which.
function write(value)
  if value == json.null then return "null" end
  if type(value) == "string" then return write_text(value) end
  if type(value) == "number" then return write_number(value) end
  if type(value) == "boolean" then return tostring(value) end
  return (#value > 0 and write_items or write_members)(value)
end

-- Writes a line anew where it is JSON; gives it as it is where it is none.
local function spelled_anew(text)
  local value, message = json.decode(text)
  if message then
    must(value == nil, "what is malformed has no value")
    return text
  end
  return " " .. write(value)
end

-- ---- Replaying ----

-- Takes the lines of results, and looks at the books after each.
local function new_results(ledger, head)
  local results = { lines = {}, head = head }
  function results:write(line)
    self.lines[#self.lines + 1] = line
    local now = ledger:head()
    if line:find('"ok":false', 1, true) or line:find('"dry_run":true', 1, true) then
      must(now.seq == self.head.seq and now.hash == self.head.hash, "%s wrote nothing", line)
    end
    self.head = now
  end
  function results:flush() return self ~= nil end
  return results
end

local function play(ledger, text, options)
  oracle.write(PATH, text)
  local reader <close> = assert(log.open(PATH))
  local outcome = replay.play(ledger, reader, options)
  must(not outcome.stopped, "a log goes to its end: %s", outcome.stopped and outcome.stopped.message)
  for code, count in pairs(outcome.codes) do
    oracle.refusal(("refused %d times"):format(count), code)
  end
  return outcome
end

local function lines_of(text)
  local lines = {}
  for line in (text:find "\n$" and text or text .. "\n"):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

-- Gives how many of the lines are commands.
local function look(lines)
  local commands = 0
  for _, line in ipairs(lines) do
    local command, message, column = log.parse(line)
    if command then
      commands = commands + 1
    else
      must(type(message) == "string" and math.type(column) == "integer", "a malformed line says where: %s", message)
      must(column >= 1 and column <= #line + 1, "the column of %s is one of the line's, not %s", line, column)
    end
  end
  return commands
end

local function run_malformed(ledger, text, count)
  local head = ledger:head()
  local outcome = play(ledger, text, {})
  must(outcome.refused == count and outcome.done == 0, "each line is refused")
  must(ledger:head().hash == head.hash, "malformed lines write nothing")
end

-- A batch of one line undoes what fails while it is written, as a commit of its own does.
local function replay_plainly(ledger, text, count, alone)
  local results = new_results(ledger, ledger:head())
  local outcome = play(ledger, text, { results = results, batch = not alone and 1 or nil })
  must(outcome.done + outcome.refused == count and #results.lines == count, "each line has a result")
  return results.lines, ledger:head().seq
end

local function replay_anew(ledger, lines)
  local written = { lines = {} }
  function written:write(line) self.lines[#self.lines + 1] = line end
  function written:flush() return self ~= nil end
  play(ledger, table.concat(lines, "\n") .. "\n", { results = written, batch = BATCH })
  return written.lines, ledger:head().seq
end

return function(text)
  if text == "" then return end
  local lines, anew = lines_of(text), {}
  if look(lines) == 0 then
    return oracle.on_books(text, function(ledger) run_malformed(ledger, text, #lines) end)
  end
  for index, line in ipairs(lines) do anew[index] = spelled_anew(line) end
  local results, seq = oracle.on_books(text, function(ledger, alone)
    return replay_plainly(ledger, text, #lines, alone)
  end)
  local results_anew, seq_anew = oracle.on_books(text, function(ledger) return replay_anew(ledger, anew) end)
  for index, line in ipairs(results) do
    must(line == results_anew[index], "line %s has one result however it is written: %s, and then %s", index, line,
      results_anew[index])
  end
  must(seq == seq_anew, "the books end at one entry: %s, and then %s", seq, seq_anew)
end
