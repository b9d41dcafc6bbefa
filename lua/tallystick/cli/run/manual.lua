-- tallystick manual: writes manual pages, one to the output or all into a folder.
local exit = require "tallystick.cli.exit"
local grammar = require "tallystick.cli.grammar"
local manual = require "tallystick.cli.manual"

local run = {}

local function write_page(folder, definition)
  local path = ("%s/%s.1"):format(folder, manual.name(definition))
  local file <close>, message = io.open(path, "w")
  local written
  if file then written, message = file:write(manual.page(definition)) end
  if written then written, message = file:close() end
  return written, message
end

local function write_all(folder)
  local written, message = write_page(folder)
  for _, definition in ipairs(manual.commands()) do
    if not written then return nil, message end
    written, message = write_page(folder, definition)
  end
  return written, message
end

---@param call tallystick.cli.Call
---@return integer exit_code
function run.run(call)
  local command, folder = call.args.command, call.args.folder
  if command and folder then return call:misuse "--folder writes all pages; name no command beside it" end
  if folder then
    local written, message = write_all(folder)
    return written and exit.DONE or call:misuse(message)
  end
  call.output:raw(manual.page(command and grammar.find(command)))
  return exit.DONE
end

return run
