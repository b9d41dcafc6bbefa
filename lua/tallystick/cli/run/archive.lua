-- tallystick archive: bundles a closed period in open formats, or checks such a bundle.
local archive = require "tallystick.archive"
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
local json = require "tallystick.json"
local open = require "tallystick.cli.open"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local run = {}

-- A progress line whose parts come by their labels.
local function progress_of(call)
  local bar = call:progress ""
  return function(label, done, total)
    -- From here on it may get its name before an interruption is heard.
    if label == "packing" then call.so_far = "the archive may be there already, and is whole then" end
    bar:phase(label)
    bar:show(done, done, total)
  end, bar
end

-- What is wrong with the words or the place is a matter of use; what the books say no to is a refusal.
local OF_USE = { ["field-invalid"] = true, ["date-invalid"] = true, ["field-missing"] = true }

local function refuse(call, message, code, details)
  call:complain(message, code, details)
  return exit.of(code, OF_USE[code] and exit.USAGE or exit.REFUSED)
end

local function record(call, fields, made)
  local list, of_head = {}, { seq = made.head.seq, hash = made.head.hash }
  for index, name in ipairs(fields) do
    local value = of_head[name] or made[name]
    -- A list is one also where it is empty.
    list[index] = { name = name, title = name,
      value = type(value) == "table" and setmetatable(value, json.array) or value }
  end
  call.output:record { fields = list }
end

local function report(call, made, seconds)
  if call.output.format ~= "text" then
    return record(call, { "path", "bytes", "sum", "from", "to", "entries", "seq", "hash", "notes" }, made)
  end
  if call.args.quiet then return end
  local output = call.output
  output:say(("%s: %s of %s to %s, %s bytes, in %s"):format(made.path, text.counted(made.entries, "entry", "entries"),
    made.from, made.to, text.grouped(made.bytes), text.duration(seconds)))
  for _, note in ipairs(made.notes) do output:say("Note: " .. note) end
  output:say "Its sum and the ledger's head, to keep outside:"
  output:say("  " .. made.sum)
  output:say(("  %d:%s"):format(made.head.seq, made.head.hash))
end

-- The name of the ledger without its folder and ending.
local function name_of(path)
  local name = files.name_of(path):gsub("%.%w+$", ""):gsub("[^%w._-]", "_"):gsub("^[.-]+", "")
  return name ~= "" and name or "ledger"
end

local function make(call)
  local args, started = call.args, terminal.now()
  if not (args.from and args.to) then
    return call:misuse "the first and the last day are missing, such as 2026-01-01 2026-12-31"
  end
  call.path = args.ledger
  local ledger <close>, exit_code = open.for_call(call, { mode = "ro" })
  if not ledger then return exit_code end
  local progress, bar = progress_of(call)
  local made, message, code, details = archive.write(ledger, {
    from = args.from, to = args.to, folder = args.output, name = name_of(args.ledger),
    ledger = not args.no_ledger, progress = progress,
  })
  bar:clear()
  if not made then return refuse(call, message, code, details) end
  report(call, made, terminal.now() - started)
  return exit.DONE
end

local function check(call)
  local args, started = call.args, terminal.now()
  if args.from or args.to or args.output or args.no_ledger then return call:misuse "--check takes an archive alone" end
  local progress, bar = progress_of(call)
  local checked, message, code, details = archive.check(args.ledger, { progress = progress })
  bar:clear()
  if not checked then return refuse(call, message, code, details) end
  if call.output.format ~= "text" then
    record(call, { "from", "to", "files", "entries", "seq", "hash", "ledger" }, checked)
  elseif not args.quiet then
    call.output:say(("%s holds: %s, %s of %s to %s%s, in %s"):format(args.ledger, text.counted(checked.files, "file"),
      text.counted(checked.entries, "entry", "entries"), checked.from, checked.to,
      checked.ledger and "; its ledger was recomputed" or "; it has no copy of the ledger",
      text.duration(terminal.now() - started)))
    call.output:say(("  %d:%s"):format(checked.head.seq, checked.head.hash))
  end
  return exit.DONE
end

---@param call tallystick.cli.Call
---@return integer exit_code
function run.run(call)
  return call.args.check and check(call) or make(call)
end

return run
