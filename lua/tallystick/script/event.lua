-- event.lua - the event of a command that is over, as its `after` hooks see it: as `before` hooks do (csrc/lua_hook.c).
local host = require "tallystick.script.host"
local nearest = require "tallystick.config.nearest"

local event = {}

local names = {}
for name in pairs(host.event_names) do names[#names + 1] = name end
table.sort(names)

---@param fields table what the event holds
---@return table event that cannot be changed; a name that no event has is a mistake of the script's
function event.of(fields)
  return setmetatable({}, {
    __index = function(_, name)
      local value = fields[name]
      if value ~= nil or host.event_names[name] then return value end
      local near = nearest(name, names)
      local hint = near and ("; did you mean %s?"):format(near) or ""
      error(("the event has no field %s%s"):format(tostring(name), hint), 2)
    end,
    __newindex = function() error("the event is not to be changed", 2) end,
    __pairs = function()
      local copy = {}
      for name, value in pairs(fields) do copy[name] = value end
      return next, copy
    end,
    __metatable = "tallystick.event",
  })
end

return event
