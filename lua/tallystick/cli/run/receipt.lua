-- tallystick receipt: sets a payment's receipt and counts the print, or shows it without counting.
local exit = require "tallystick.cli.exit"
local save = require "tallystick.cli.save"
local text = require "tallystick.cli.text"

local receipt = {}

local function options_of(args)
  local options = { preview = args.preview, format = args.format, width = args.width, lang = args.lang }
  if not args.preview then options.actor, options.roles = args.actor, args.roles end
  return options
end

-- A print is counted when the file has begun and can be written: one that was counted and not made would be a duplicate
-- the next time.
local function write_file(call, number, options)
  local path = call.args.output
  local file <close>, wrong = save.start(path, call.args.force)
  if not file then return call:misuse(wrong) end
  local made, message, code, details = call.ledger:receipt(number, options)
  if not made then return call:refuse(message, code, details) end
  local done
  done, message, code = file:write(made)
  if done then done, message, code = file:finish() end
  if not done then return call:refuse(message, code) end
  call.output:say(("%s: written, %s bytes"):format(path, text.grouped(file.bytes)))
  return exit.DONE
end

---@param call tallystick.cli.Call
---@return integer exit_code
function receipt.run(call)
  local number, options = call.args.payment, options_of(call.args)
  if call.args.output and call.args.output ~= "-" then return write_file(call, number, options) end
  local made, message, code, details = call.ledger:receipt(number, options)
  if not made then return call:refuse(message, code, details) end
  call.output:raw(made)
  return exit.DONE
end

return receipt
