-- tallystick verify: recomputes a ledger from its journal, and says what is wrong and where.
local exit = require "tallystick.cli.exit"
local open = require "tallystick.cli.open"
local progress = require "tallystick.cli.progress"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local verify = { name = "verify", summary = "Recompute a ledger from its journal and compare" }

---@param parser table
function verify.define(parser)
  parser:argument("ledger", "The ledger; it is only read")
  parser:flag("--quiet", "Show no progress and no report")
end

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

local function complain(path, message, code, details)
  local seq = type(details) == "table" and details.seq
  open.complain(path, seq and (": entry %s: "):format(seq) or ": ", message, " (", code or "chain-broken", ")")
end

---@param args table
---@return integer exit_code
function verify.run(args)
  local ledger <close>, exit_code = open.existing(args.ledger, { mode = "ro" })
  if not ledger then return exit_code end
  local bar = progress.start("verifying", not args.quiet and terminal.is_live(2))
  local started = terminal.now()
  local holds, report, code, details = ledger:verify { progress = follow(bar) }
  bar:clear()
  if not holds then
    complain(args.ledger, report, code, details)
    return exit.of(code, exit.BROKEN)
  end
  if not args.quiet then
    print(verify.describe(report))
    print(("%s holds: every entry, sum and link was recomputed, in %s"):format(args.ledger,
      text.duration(terminal.now() - started)))
  end
  return exit.DONE
end

return verify
