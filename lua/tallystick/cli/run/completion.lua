-- tallystick completion: prints the completion file of a shell.
local completions = require "tallystick.cli.completions"
local exit = require "tallystick.cli.exit"

local completion = {}

---@param call tallystick.cli.Call
---@return integer exit_code
function completion.run(call)
  call.output:raw(completions[call.args.shell])
  return exit.DONE
end

return completion
