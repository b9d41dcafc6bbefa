-- The command log (design §10): reads one command a line, and writes the line that tells what became of it.
local json = require "tallystick.json"

local log = {}

---A line holds a command with a note of 4 KiB at most; one of this length is no command, and is not kept in memory.
log.LINE_BYTES_MAX = 1 << 20

local CHUNK_BYTES = 1 << 16

-- The commands that a log may name, as design §6 lists them.
local OPS = {}
for op in ([[consultation invoice charge cancel pay reverse correct refund deposit withdraw transfer
  close_days]]):gmatch "%S+" do
  OPS[op] = true
end

---@class tallystick.cli.Log
---@field name string for messages
---@field bytes? integer its size, where it has one
---@field private file file*
local Log = {}
Log.__index = Log
Log.__close = function(self)
  if self.file ~= io.stdin then self.file:close() end
end

---Opens a log for reading; "-" is the standard input.
---@param path string
---@return tallystick.cli.Log?
---@return string? message
function log.open(path)
  if path == "-" then return setmetatable({ name = "(standard input)", file = io.stdin }, Log) end
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local empty, failure = file:read(0)
  if not empty and failure then
    file:close()
    return nil, ("%s: %s"):format(path, failure)
  end
  local bytes = file:seek "end"
  if bytes then file:seek "set" end
  return setmetatable({ name = path, bytes = bytes, file = file }, Log)
end

-- Gives the next chunk, or nil at the end; a disk that fails ends the run.
local function read_chunk(self)
  local chunk, failure = self.file:read(CHUNK_BYTES)
  if not chunk and failure then error(("%s: %s"):format(self.name, failure), 0) end
  return chunk
end

---Iterates the lines: gives each one's number, its text, and where the next begins. The text of a line that is longer
---than LINE_BYTES_MAX is false.
---@return fun(): integer?, string|false|nil, integer?
function Log:lines()
  local buffer, start, number, position, ended = "", 1, 0, 0, false
  return function()
    local overlong, newline = false, buffer:find("\n", start, true)
    while not newline and not ended do
      local kept = buffer:sub(start)
      if #kept > log.LINE_BYTES_MAX then overlong, position, kept = true, position + #kept, "" end
      local chunk = read_chunk(self)
      ended = chunk == nil
      buffer, start = kept .. (chunk or ""), 1
      newline = buffer:find("\n", #kept + 1, true)
    end
    if ended and not overlong and start > #buffer then return nil end
    local text = buffer:sub(start, (newline or #buffer + 1) - 1)
    start, number = (newline or #buffer) + 1, number + 1
    position = position + #text + (newline and 1 or 0)
    return number, not overlong and #text <= log.LINE_BYTES_MAX and text, position
  end
end

-- Columns are counted as an editor does, in characters.
local function column(text, position)
  return (utf8.len(text, 1, position - 1) or position - 1) + 1
end

---@class tallystick.cli.Command
---@field op string
---@field fields table

---Reads a line's command.
---@param text string|false as Log:lines gives it
---@return tallystick.cli.Command?
---@return string? message what is wrong with the line
---@return integer? column where
function log.parse(text)
  if not text then return nil, ("longer than %d bytes"):format(log.LINE_BYTES_MAX), log.LINE_BYTES_MAX + 1 end
  local fields, message, position = json.decode(text)
  if message then return nil, message, column(text, position) end
  local start = text:find "[^ \t\r]"
  if text:sub(start, start) ~= "{" then return nil, "not an object", start end
  local op = fields.op
  if op == nil then return nil, 'no "op"', start end
  if not OPS[op] then
    local shown = type(op) == "string" and json.quote(op) or "of this kind"
    return nil, "no op " .. shown, column(text, text:find '"op"%s*:' or start)
  end
  fields.op = nil
  return { op = op, fields = fields }
end

---Writes the line for a command that was done.
---@param number integer the line's number in the log
---@param result table what the ledger answered
---@return string
function log.done(number, result)
  local members = { ('"line":%d,"ok":true'):format(number) }
  local function add(name, value) members[#members + 1] = ('"%s":%s'):format(name, value) end
  if result.number then add("number", json.quote(result.number)) end
  if result.document then
    add("document", json.quote(result.document))
    add("status", json.quote(result.status))
    add("remaining", json.quote(result.remaining:decimal()))
  end
  if result.replayed then add("replayed", "true") end
  if result.dry_run then add("dry_run", "true") end
  return "{" .. table.concat(members, ",") .. "}\n"
end

---Writes the line for a command that was refused.
---@param number integer
---@param code string
---@return string
function log.refused(number, code)
  return ('{"line":%d,"ok":false,"code":%s}\n'):format(number, json.quote(code))
end

return log
