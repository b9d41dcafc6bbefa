-- What people are told of a ledger's anchor: the head that is kept in a small file beside it.
local files = require "tallystick.files"
local text = require "tallystick.cli.text"

local anchors = {}

---The path of a ledger's anchor.
---@param path string the ledger's, which is no link
---@return string
function anchors.path_of(path)
  return path .. "-anchor"
end

---Which entry an anchor names.
---@param anchor tallystick.Anchor
---@return string
function anchors.named(anchor)
  return ("entry %s, recorded at %s"):format(text.grouped(anchor.seq), anchor.recorded_at)
end

---What is wrong with an anchor, or with keeping it up.
---@param anchor? tallystick.Anchor
---@return string? sentence
function anchors.warning(anchor)
  if not anchor then return nil end
  local name = files.name_of(anchor.path)
  if anchor.state == "contradicted" then
    return ("it contradicts its anchor: %s names %s, but %s; run tallystick verify"):format(name,
      anchors.named(anchor), anchor.why)
  end
  if anchor.state == "unreadable" then
    return ("its anchor %s is not kept up: %s; tallystick anchor --reset makes it anew"):format(name, anchor.why)
  end
  return anchor.error and ("its anchor %s could not be kept up: %s"):format(name, anchor.error)
end

---How an anchor stands, in a few words.
---@param anchor? tallystick.Anchor
---@return string?
function anchors.state(anchor)
  if not anchor then return nil end
  if anchor.state == "none" then return "none; closing a day makes it" end
  if anchor.state == "unreadable" then return "unreadable: " .. anchor.why end
  local holds = anchor.state == "holds" and "" or ": contradicted, " .. anchor.why
  return anchors.named(anchor) .. holds
end

-- What an anchor says, also where nobody can open its ledger.
local function says(path)
  local file <close> = io.open(path, "rb")
  local seq, at = ((file and file:read(256)) or ""):match "^tallystick anchor %d+ %S+ (%d+) %x+ (%S+)"
  local number = seq and math.tointeger(tonumber(seq))
  if not number then return "which cannot be read," end
  return ("which named entry %s, recorded at %s,"):format(text.grouped(number), at)
end

---Accepts the ledger that now stands at a path, where an anchor lies beside: the old one is kept under another name.
---@param path string the ledger's
---@param name? string a ledger that is kept, which it is to go with
---@return string? note nil where there is no anchor
---@return string? problem
function anchors.accept(path, name)
  local place = anchors.path_of(path)
  if not files.exists(place) then return nil end
  local said = says(place)
  if name then
    local moved, why = os.rename(place, anchors.path_of(name))
    if not moved then return nil, ("%s stays as it was: %s"):format(place, why) end
  end
  local ledger <close>, message = require("tallystick.core").open(path, { mode = "rw" })
  if not ledger then return nil, message end
  local anchor, why = ledger:anchor { reset = true }
  if not anchor then return nil, why end
  local kept = name and anchors.path_of(name) or anchor.replaced
  if not kept then return nil end
  return ("Its anchor was set anew; the old one, %s is kept as %s"):format(said, kept)
end

return anchors
