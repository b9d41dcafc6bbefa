-- tallystick verify: recomputes a ledger from its journal, and says what is wrong and where.
local exit = require "tallystick.cli.exit"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local verify = {}

local function shown(value)
  return math.type(value) == "integer" and text.grouped(value) or tostring(value)
end

---Sets a report as lines, each a name and a value.
---@param report table<string, any>
---@return string
function verify.describe(report)
  local rows = {}
  for name, value in pairs(report) do
    if type(value) ~= "table" then rows[#rows + 1] = { (name:gsub("_", " ")), shown(value) } end
  end
  table.sort(rows, function(a, b) return a[1] < b[1] end)
  return text.table({ { title = "checked" }, { title = "", right = true } }, rows, "  ")
end

-- Keeps a progress line for the phases of a verification.
local function follow(bar)
  return function(done, total, phase)
    bar.label = "verifying " .. (phase or "")
    bar:show(done, done, total)
  end
end

local function record_of(report)
  local fields = {}
  for _, name in ipairs { "entries", "acts", "documents", "patients", "payments", "days", "closings" } do
    fields[#fields + 1] = { name = name, title = name, value = report[name] }
  end
  return { fields = fields, object = report }
end

-- Reads a head as receipts and closings print it: its seq and its hash.
local function read_head(word)
  local seq, hash = word:match "^(%d+)[:%s]+(%x+)$"
  return seq and #hash == 64 and { seq = math.tointeger(tonumber(seq)), hash = hash:lower() }
end

local function complain(call, message, code, details)
  local seq = type(details) == "table" and details.seq
  call:complain(call.path .. (seq and (": entry %s: "):format(seq) or ": ") .. message, code or "chain-broken", details)
  return exit.of(code, exit.BROKEN)
end

---@param call tallystick.cli.Call
---@return integer exit_code
function verify.run(call)
  local head = call.args.head and read_head(call.args.head)
  if call.args.head and not head then
    return call:misuse(("--head needs SEQ:HASH with 64 hexadecimal digits, not '%s'"):format(call.args.head))
  end
  local bar = call:progress "verifying"
  local started = terminal.now()
  local holds, report, code, details = call.ledger:verify { progress = follow(bar), head = head }
  bar:clear()
  if not holds then return complain(call, report, code, details) end
  if call.output.format ~= "text" then
    call.output:record(record_of(report))
  elseif not call.args.quiet then
    call.output:say(verify.describe(report))
    call.output:say(("%s holds: every entry, sum and link was recomputed, in %s"):format(call.path,
      text.duration(terminal.now() - started)))
  end
  return exit.DONE
end

return verify
