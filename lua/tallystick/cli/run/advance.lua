-- tallystick advance: moves documents along the workflows of the ledger's script, as far as is due.
local exit = require "tallystick.cli.exit"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local advance = {}

-- The options of ledger:advance that the arguments name, and a progress line that is drawn as it goes.
local function options_of(args, bar)
  return {
    as_of = args.as_of, workflow = args.workflow, limit = args.limit, after = args.after, actor = args.actor,
    roles = args.roles,
    progress = function(report)
      bar.label = ("advancing, %s moved, looked at"):format(text.grouped(report.moved))
      bar:show(report.looked)
    end,
  }
end

local function record_of(report)
  local fields = {}
  for index, name in ipairs { "looked", "moved", "refused", "complete", "after" } do
    fields[index] = { name = name, title = name, value = report[name] }
  end
  return { fields = fields, object = report }
end

local function print_report(output, report, seconds)
  output:say(("%s documents looked at, %s moved, %s refused, in %s"):format(text.grouped(report.looked),
    text.grouped(report.moved), text.grouped(report.refused), text.duration(seconds)))
  for _, refusal in ipairs(report.refusals) do
    output:say(("  %s  %s: %s (%s)"):format(refusal.document, refusal.workflow, refusal.message, refusal.code))
  end
  if report.refused > #report.refusals then
    output:say(("  … and %s more"):format(text.grouped(report.refused - #report.refusals)))
  end
  if report.complete then return end
  local after = report.after
  output:say(after and ("stopped after %s; --after %s goes on there"):format(after, after)
    or "stopped at its limit; the next run goes on there")
end

---@param call tallystick.cli.Call
---@return integer exit_code
function advance.run(call)
  local bar = call:progress "advancing"
  local started = terminal.now()
  local report, message, code, details = call.ledger:advance(options_of(call.args, bar))
  bar:clear()
  if not report then
    call:complain(("%s: %s"):format(call.path, message), code, details)
    return exit.of(code, exit.USAGE)
  end
  if call.output.format ~= "text" then
    call.output:record(record_of(report))
  elseif not call.args.quiet then
    print_report(call.output, report, terminal.now() - started)
  end
  return report.refused > 0 and exit.REFUSED or exit.DONE
end

return advance
