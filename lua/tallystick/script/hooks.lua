-- hooks.lua - the hooks that a script declared: in which order they run, what they may return (design.md §7).
local hooks = {}

-- A correction reverses and pays: guards of either are guards of both.
local ALSO = { correct = { "reverse", "pay" } }

---@class tallystick.Hook
---@field phase "before"|"after"
---@field command string
---@field id string
---@field priority integer lower ones run first
---@field order integer of declaration
---@field line integer
---@field run function

local function earlier(left, right)
  if left.priority ~= right.priority then return left.priority < right.priority end
  return left.order < right.order
end

local function add(lists, command, hook)
  lists[command] = lists[command] or {}
  table.insert(lists[command], hook)
end

---The hooks of one phase by command, each list in the order in which they run.
---@param declared tallystick.Hook[]
---@param phase string
---@return table<string, tallystick.Hook[]>
function hooks.by_command(declared, phase)
  local lists = {}
  for _, hook in ipairs(declared) do
    if hook.phase == phase then
      add(lists, hook.command, hook)
      for command, others in pairs(ALSO) do
        for _, other in ipairs(others) do
          if other == hook.command then add(lists, command, hook) end
        end
      end
    end
  end
  for _, list in pairs(lists) do table.sort(list, earlier) end
  return lists
end

return hooks
