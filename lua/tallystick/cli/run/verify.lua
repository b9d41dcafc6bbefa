-- tallystick verify: recomputes a ledger from its journal, and says what is wrong, where, and what to do about it.
local anchors = require "tallystick.cli.anchors"
local damage = require "tallystick.cli.damage"
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
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
  call:complain(("%s: %s"):format(path, (message:gsub("; keep %a+ files? as evidence.*$", ""))), code)
  if meaning then io.stderr:write(meaning, "\n", steps or damage.steps(path, message, code), "\n") end
  return exit.of(code, exit.BROKEN)
end

local function record_of(report)
  local fields = {}
  for index, name in ipairs(COUNTS) do fields[index] = { name = name, title = name, value = report[name] } end
  return { fields = fields, object = report }
end

-- ---- What was kept outside ----

local function read_file(path)
  local file <close>, message = io.open(path, "rb")
  if not file then return nil, message end
  local bytes, wrong = file:read "a"
  if not bytes then return nil, ("%s: %s"):format(path, wrong) end
  return bytes
end

-- Reads a signed closing and checks its signature. Gives the exit code once the reason was given.
local function read_signed(call)
  local signing = require "tallystick.signing"
  local path, public_path, public = call.args.signed, call.args.public, nil
  local statement, message = read_file(path)
  if not statement then return nil, call:misuse(message) end
  local signature
  signature, message = read_file(path .. ".sig")
  if not signature then return nil, call:misuse(message) end
  if public_path then public, message = read_file(public_path) end
  if public_path and not public then return nil, call:misuse(message) end
  local facts, wrong, code, details = signing.check(statement, signature, public)
  if facts then return facts end
  return nil, call:refuse(("%s: %s"):format(details.field == "public" and public_path or path, wrong), code, details)
end

local function tell_signed(call, facts)
  local signer = call.args.public and "the key of " .. call.args.public
    or "whoever has the key that it names (--public tells whose it must be)"
  call.output:say(("  the closing through %s, entry %s, is the one that was signed by %s"):format(facts.through,
    text.grouped(facts.seq), signer))
end

local function tell_anchor(call, anchor)
  if not anchor or anchor.state ~= "holds" then return end
  call.output:say(("  its anchor %s names %s, which is in it"):format(files.name_of(anchor.path),
    anchors.named(anchor)))
end

-- ---- The command ----

-- The words that name what was kept outside. Gives false and the exit code where they will not do.
local function kept_outside(call)
  local args = call.args
  if args.public and not args.signed then return false, call:misuse "--public goes with --signed" end
  if args.head and args.signed then return false, call:misuse "give --head or --signed, not both" end
  local head = args.head and read_head(args.head)
  if args.head and not head then
    return false, call:misuse(("--head needs SEQ:HASH with 64 hexadecimal digits, not '%s'"):format(args.head))
  end
  if not args.signed then return head end
  local facts, exit_code = read_signed(call)
  if not facts then return false, exit_code end
  return nil, nil, facts
end

local function recompute(call, head, facts)
  if not facts then return verify.recompute(call, call.ledger, head) end
  return require("tallystick.signing").verify(call.ledger, facts, function(signed)
    return verify.recompute(call, call.ledger, signed)
  end)
end

local function report_people(call, report, head, facts, seconds)
  call.output:say(verify.describe(report))
  if head then call.output:say(("  the head of entry %s that you kept is in it"):format(text.grouped(head.seq))) end
  if facts then tell_signed(call, facts) end
  tell_anchor(call, report.anchor)
  call.output:say(("%s holds: every entry, sum and link was recomputed, in %s"):format(call.path,
    text.duration(seconds)))
end

---@param call tallystick.cli.Call
---@return integer exit_code
function verify.run(call)
  local started = terminal.now()
  local head, exit_code, facts = kept_outside(call)
  if head == false then return exit_code end
  local report, message, code, details = recompute(call, head, facts)
  -- That a statement is of something else is no damage.
  if code == "refused" then return call:refuse(("%s: %s"):format(call.args.signed, message), code, details) end
  if not report then return verify.complain(call, call.path, message, code, details) end
  if call.output.format ~= "text" then
    call.output:record(record_of(report))
  elseif not call.args.quiet then
    report_people(call, report, head, facts, terminal.now() - started)
  end
  -- One that cannot be read proves nothing, and breaks nothing.
  local warning = anchors.warning(report.anchor)
  if warning then call:complain(("%s: %s"):format(call.path, warning)) end
  return exit.DONE
end

return verify
