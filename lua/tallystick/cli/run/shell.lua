-- tallystick shell: hands over to the shell, which loads only here.
local shell = {}

---@param call tallystick.cli.Call
---@return integer exit_code
function shell.run(call)
  return require("tallystick.shell").run(call)
end

return shell
