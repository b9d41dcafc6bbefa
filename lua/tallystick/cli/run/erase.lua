-- tallystick erase: takes free texts out of a ledger for good. Without --yes it only says what it would take.
local exit = require "tallystick.cli.exit"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"

local run = {}

local FIELDS = { "document", "payment", "patient", "act", "texts", "roles" }

local function fields_of(args)
  local fields = { dry_run = not args.yes or nil }
  for _, name in ipairs(FIELDS) do fields[name] = args[name] end
  return fields
end

local function amount_of(erased)
  return ("%s of %s"):format(text.counted(erased.texts, "text"), text.counted(erased.acts, "act"))
end

local function tell(call, erased, seconds)
  if call.output.format ~= "text" then
    return call.output:record { fields = {
      { name = "texts", title = "texts", value = erased.texts }, { name = "acts", title = "acts", value = erased.acts },
      { name = "dry_run", title = "dry run", value = erased.dry_run },
    } }
  end
  if call.args.quiet then return end
  if erased.dry_run then
    call.output:say("It would erase " .. amount_of(erased) .. "; nothing was written.")
    if erased.texts > 0 then call.output:say "With --yes they are gone for good." end
    return
  end
  call.output:say(("Erased %s, and wrote the file anew in %s."):format(amount_of(erased), text.duration(seconds)))
  call.output:say "Backups, exports and archives that were made before still hold them."
end

---@param call tallystick.cli.Call
---@return integer exit_code
function run.run(call)
  local started = terminal.now()
  local bar = call:progress "erasing"
  if call.args.yes then
    bar:phase "writing the file anew"
    call:note_write "the texts may be erased; ask again to be sure that nothing of them is left"
  end
  local erased, message, code, details = call.ledger:erase(fields_of(call.args))
  bar:clear()
  if not erased then return call:refuse(message, code, details) end
  tell(call, erased, terminal.now() - started)
  return exit.DONE
end

return run
