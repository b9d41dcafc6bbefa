-- tallystick verify: recomputes a ledger from its journal, and says what is wrong, where, and what to do about it.
local damage = require "tallystick.cli.damage"
local exit = require "tallystick.cli.exit"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local verify = {}

local COUNTS = { "entries", "acts", "documents", "patients", "payments", "days", "closings" }

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

-- The phases of a verification, as people are told of them: what is looked at, and what of it is counted.
local PHASES = {
  file = { "verifying the file" },
  journal = { "verifying the journal", "entries" },
  totals = { "verifying the totals", "days" },
  documents = { "verifying the documents", "documents" },
  done = { "verifying" },
}

---Recomputes a ledger, with a progress line.
---@param call tallystick.cli.Call
---@param ledger tallystick.Ledger
---@param head? tallystick.Head one that was kept outside
---@return table? report
---@return string? message
---@return string? code
---@return table? details
function verify.recompute(call, ledger, head)
  local bar = call:progress "verifying"
  local holds, report, code, details = ledger:verify {
    head = head,
    progress = function(done, total, phase)
      bar:phase(table.unpack(PHASES[phase], 1, 2))
      bar:show(done, done, total)
    end,
  }
  bar:clear()
  if holds then return report end
  return nil, report, code, details
end

-- Reads a head as receipts and closings print it: its seq and its hash.
local function read_head(word)
  local digits, hash = word:match "^%s*(%d+)[:%s]+(%x+)%s*$"
  local seq = digits and math.tointeger(tonumber(digits))
  return seq and #hash == 64 and { seq = seq, hash = hash:lower() } or nil
end

-- Programs get the meaning beside what the core says of the place.
local function with_meaning(details, meaning)
  local out = { meaning = meaning }
  for name, value in pairs(type(details) == "table" and details or {}) do out[name] = value end
  return out
end

---Says what is wrong with a ledger, what that means and what to do next.
---@param call tallystick.cli.Call
---@param path string
---@param message string the core's
---@param code string?
---@param details? table
---@param steps? string what to do next, where it is no ledger in use
---@return integer exit_code
function verify.complain(call, path, message, code, details, steps)
  local meaning = damage.meaning(message, code)
  if call.output.format == "json" then
    call:complain(("%s: %s"):format(path, message), code, with_meaning(details, meaning))
    return exit.of(code, exit.BROKEN)
  end
  -- What the steps say more fully is not said twice.
  call:complain(("%s: %s"):format(path, (message:gsub("; keep this file.*$", ""))), code)
  if meaning then io.stderr:write(meaning, "\n", steps or damage.steps(path), "\n") end
  return exit.of(code, exit.BROKEN)
end

local function record_of(report)
  local fields = {}
  for index, name in ipairs(COUNTS) do fields[index] = { name = name, title = name, value = report[name] } end
  return { fields = fields, object = report }
end

---@param call tallystick.cli.Call
---@return integer exit_code
function verify.run(call)
  local head = call.args.head and read_head(call.args.head)
  if call.args.head and not head then
    return call:misuse(("--head needs SEQ:HASH with 64 hexadecimal digits, not '%s'"):format(call.args.head))
  end
  local started = terminal.now()
  local report, message, code, details = verify.recompute(call, call.ledger, head)
  if not report then return verify.complain(call, call.path, message, code, details) end
  if call.output.format ~= "text" then
    call.output:record(record_of(report))
  elseif not call.args.quiet then
    call.output:say(verify.describe(report))
    if head then call.output:say(("  the head of entry %s that you kept is in it"):format(text.grouped(head.seq))) end
    call.output:say(("%s holds: every entry, sum and link was recomputed, in %s"):format(call.path,
      text.duration(terminal.now() - started)))
  end
  return exit.DONE
end

return verify
