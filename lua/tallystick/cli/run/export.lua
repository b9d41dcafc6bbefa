-- tallystick export: writes the books for other programs, to a file or to the output.
local exit = require "tallystick.cli.exit"
local export = require "tallystick.export"
local save = require "tallystick.cli.save"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local run = {}

-- One warning comes with the first act that it is about; beyond so many nobody reads on.
local WARNINGS_SHOWN_MAX = 20

local WHAT_IS_WRITTEN = { csv = "row", log = "command" }

local function title_of(name)
  for _, format in ipairs(export.formats) do
    if format.name == name then return format.title end
  end
end

local function options_of(call, bar)
  local args = call.args
  return {
    format = args.format, from = args.from, to = args.to, actor = args.actor, detail = args.detail, notes = args.notes,
    progress = function(done, total) bar:show(done, done, total) end,
  }
end

-- What the export leaves out, and what may keep a program from taking it: for people, beside what was written.
local function warn(call, report)
  if not report or call.args.quiet then return end
  local kinds = {}
  for kind, count in pairs(report.left_out) do kinds[#kinds + 1] = text.counted(count, kind) end
  table.sort(kinds)
  if #kinds > 0 then call:complain("left out, as they move no money: " .. table.concat(kinds, ", ")) end
  if report.split > 0 then
    call:complain("told as a reversal and a payment each: " .. text.counted(report.split, "correction"))
  end
  if report.erased > 0 then call:complain("erased, and told as such: " .. text.counted(report.erased, "reason")) end
  for index, warning in ipairs(report.warnings) do
    if index > WARNINGS_SHOWN_MAX then
      return call:complain(("… and %d more warnings"):format(#report.warnings - WARNINGS_SHOWN_MAX))
    end
    call:complain("warning: " .. warning.message, warning.code)
  end
end

-- Writes it by a sink. Gives how much was written, or nil and the exit code.
local function write(call, sink)
  local bar = call:progress "exporting"
  bar.unit = "entries"
  local done, count, report, details = export.write(call.ledger, options_of(call, bar), sink)
  bar:clear()
  if not done then return nil, call:refuse(count, report, details) end
  return count, report
end

local function write_file(call)
  local args, started = call.args, terminal.now()
  local file <close>, wrong = save.start(args.output, args.force)
  if not file then return call:misuse(wrong) end
  local count, report = write(call, function(piece) return file:write(piece) end)
  if not count then return report end
  local done, message, code = file:finish()
  if not done then return call:refuse(message, code) end
  if not args.quiet then
    call.output:say(("%s: %s written, %s, %s bytes, in %s"):format(args.output, title_of(args.format),
      text.counted(count, WHAT_IS_WRITTEN[args.format] or "transaction"), text.grouped(file.bytes),
      text.duration(terminal.now() - started)))
  end
  warn(call, report)
  return exit.DONE
end

---@param call tallystick.cli.Call
---@return integer exit_code
function run.run(call)
  if call.args.output and call.args.output ~= "-" then return write_file(call) end
  local count, report = write(call, function(piece)
    call.output:raw(piece)
    return true
  end)
  if not count then return report end
  warn(call, report)
  return exit.DONE
end

return run
