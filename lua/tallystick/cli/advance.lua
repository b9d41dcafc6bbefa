-- tallystick advance: moves documents along the workflows of the ledger's script, as far as is due.
local exit = require "tallystick.cli.exit"
local open = require "tallystick.cli.open"
local progress = require "tallystick.cli.progress"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local advance = { name = "advance", summary = "Move documents along their workflows, as far as is due",
  interrupted = "what was moved stays, and the same command goes on" }

---@param parser table
function advance.define(parser)
  parser:argument("ledger", "The ledger")
  parser:option("--as-of", "The instant by which it is due, such as 2026-11-20T08:00 (default: now)")
  parser:option("--workflow", "Only this workflow")
  parser:option("--limit", "At most so many moves"):convert(math.tointeger)
  parser:option("--after", "Go on after this document, where an earlier run was stopped")
  parser:option("--actor", "Who acts")
  parser:option("--role", "A role of the actor (may be given several times)"):count "*"
  parser:flag("--quiet", "Show no progress and no report")
end

-- The options of ledger:advance that the arguments name, and a progress line that is drawn as it goes.
local function options_of(args, bar)
  return {
    as_of = args.as_of, workflow = args.workflow, limit = args.limit, after = args.after, actor = args.actor,
    roles = #args.role > 0 and args.role or nil,
    progress = function(report)
      bar.label = ("advancing, %s moved, looked at"):format(text.grouped(report.moved))
      bar:show(report.looked)
    end,
  }
end

local function print_report(report, seconds)
  print(("%s documents looked at, %s moved, %s refused, in %s"):format(text.grouped(report.looked),
    text.grouped(report.moved), text.grouped(report.refused), text.duration(seconds)))
  for _, refusal in ipairs(report.refusals) do
    print(("  %s  %s: %s (%s)"):format(refusal.document, refusal.workflow, refusal.message, refusal.code))
  end
  if report.refused > #report.refusals then
    print(("  … and %s more"):format(text.grouped(report.refused - #report.refusals)))
  end
  if report.complete then return end
  local after = report.after
  print(after and ("stopped after %s; --after %s goes on there"):format(after, after)
    or "stopped at its limit; the next run goes on there")
end

---@param args table
---@return integer exit_code
function advance.run(args)
  local ledger <close>, exit_code = open.existing(args.ledger, {})
  if not ledger then return exit_code end
  local bar = progress.start("advancing", not args.quiet and terminal.is_live(2))
  local started = terminal.now()
  local report, message, code = ledger:advance(options_of(args, bar))
  bar:clear()
  if not report then
    open.complain(args.ledger, ": ", message, " (", code, ")")
    return exit.of(code, exit.USAGE)
  end
  if not args.quiet then print_report(report, terminal.now() - started) end
  return report.refused > 0 and exit.REFUSED or exit.DONE
end

return advance
