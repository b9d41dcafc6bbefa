-- tallystick keys: makes a key to sign closings with.
local exit = require "tallystick.cli.exit"

local keys = {}

local NEXT = [[

Nobody but you may read %s: keep a copy of it in another place, and not where the ledger is.
Give %s to whoever is to check. Then:
  tallystick sign LEDGER --key %s      signs the last closing]]

---@param call tallystick.cli.Call
---@return integer exit_code
function keys.run(call)
  local made, message, code, details = require("tallystick.signing").make_keys(call.args.key)
  if not made then
    call:complain(message, code, details)
    return exit.USAGE
  end
  call.output:record { fields = {
    { name = "key", title = "secret key", value = made.key },
    { name = "public", title = "public key", value = made.public },
    { name = "public_key", title = "in short", value = made.public_key },
  } }
  call.output:say(NEXT:format(made.key, made.public, made.key))
  return exit.DONE
end

return keys
