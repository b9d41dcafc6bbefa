-- tallystick anchor: keeps the head of a ledger in a small file beside it, and shows what that says.
local anchors = require "tallystick.cli.anchors"
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"

local run = {}

local FIELDS = { "path", "state", "seq", "hash", "recorded_at", "id", "why", "replaced" }

local function record(call, anchor)
  local fields = {}
  for index, name in ipairs(FIELDS) do
    fields[index] = { name = name, title = (name:gsub("_", " ")), value = anchor[name] }
  end
  call.output:record { fields = fields }
end

local function tell(call, before, anchor)
  local name = files.name_of(anchor.path)
  if anchor.replaced then
    local old = before and before.seq and ", which named " .. anchors.named(before) .. "," or ""
    call.output:say(("What stands here is accepted. The old anchor%s is kept as %s"):format(old, anchor.replaced))
  elseif before and before.state == "none" then
    call.output:say(name .. " was made. Every program that writes to the ledger keeps it up from now on.")
  end
  call.output:say(("%s names %s:"):format(name, anchors.named(anchor)))
  call.output:say(("  %d:%s"):format(anchor.seq, anchor.hash))
end

---@param call tallystick.cli.Call
---@return integer exit_code
function run.run(call)
  local before = call.ledger:info().anchor
  local anchor, message, code, details = call.ledger:anchor { reset = call.args.reset or false }
  if not anchor then return call:refuse(message, code, details) end
  if anchor.state == "unreadable" then return call:refuse(anchors.warning(anchor), "io-error", anchor) end
  if anchor.state == "contradicted" then
    local warning = anchors.warning(anchor):gsub("^it", call.path or "it", 1)
    return call:refuse(warning .. "; with --reset what stands here is accepted", "chain-broken", anchor)
  end
  if call.output.format ~= "text" then record(call, anchor) else tell(call, before, anchor) end
  return exit.DONE
end

return run
