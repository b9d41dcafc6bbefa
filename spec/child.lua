-- Runs Lua in a process of its own: for what may not return, must not crash the specs, or needs a second process.
local command = require "spec.command"

local child = {}

---Gives the line of shell that runs a script file under the modules that this process uses.
---@param script string the path of a Lua file
---@param ... string its arguments
---@return string
function child.line(script, ...)
  local words = { "lua5.4", command.quote(script) }
  for _, word in ipairs { ... } do words[#words + 1] = command.quote(word) end
  return ("LUA_PATH_5_4=%s LUA_CPATH_5_4=%s %s"):format(command.quote(package.path),
    command.quote(package.cpath), table.concat(words, " "))
end

---Runs a Lua text and waits for its end.
---@param text string
---@param ... string arguments
---@return spec.Ended
function child.run(text, ...)
  local folder = command.folder()
  local script = folder .. "/child.lua"
  command.write(script, text)
  local ended = command.shell(child.line(script, ...))
  command.remove(folder)
  return ended
end

return child
