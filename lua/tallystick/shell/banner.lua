-- What the shell says when it begins: which ledger this is, how it is open, and three things to try.
local anchors = require "tallystick.cli.anchors"
local text = require "tallystick.cli.text"

local banner = {}

local function counts(info)
  return ("%s, %s, %s"):format(text.counted(info.documents, "document"), text.counted(info.payments, "payment"),
    text.counted(info.entries, "entry", "entries"))
end

local NEW = {
  { 'write --actor NAME --reason "first steps"', "makes it writable, and the prompt says so" },
  { "consultation P17 120.00", "then records a visit of the patient P17" },
  { "pay C-00001 50", "and a payment of 50.00, in cash" },
}

local USED = {
  { "unpaid", "lists the invoices that are not paid" },
  { "dry-run pay 1", "shows what paying the first of that list would do" },
  { "help", "lists all commands; help pay tells of one" },
}

local function try(info, grey)
  local lines, room = {}, 0
  local tips = info.documents == 0 and NEW or USED
  for _, tip in ipairs(tips) do room = math.max(room, #tip[1]) end
  for index, tip in ipairs(tips) do
    lines[index] = ("   %s%s   %s"):format(tip[1], (" "):rep(room - #tip[1]), grey(tip[2]))
  end
  return table.concat(lines, "\n")
end

-- A script that cannot be read any more keeps the ledger from being written.
local function broken(info)
  local mistake = info.script.errors and info.script.errors[1]
  if not mistake then return "" end
  return ("Its script cannot be read, so it cannot be written: line %s: %s\n"):format(mistake.line or "?",
    mistake.message)
end

-- What the head that is kept outside says against this file, before anybody works with it.
local function suspicious(info)
  local warning = anchors.warning(info.anchor)
  return warning and ("Careful: %s\n"):format(warning) or ""
end

---Gives the text.
---@param session tallystick.shell.Session
---@param info table as ledger:info gives it
---@return string
function banner.of(session, info)
  local function style(code)
    return function(piece) return session.colour and code .. piece .. "\27[0m" or piece end
  end
  local bold, grey = style "\27[1m", style "\27[90m"
  local closed = info.closed_through and ", closed through " .. info.closed_through or ""
  local state = session.mode == "rw" and ("Open for writing, by %s; read makes it read-only."):format(session.actor)
    or 'Read-only: write --actor NAME --reason "why" makes it writable.'
  return ("%s\n%s: %s%s\n%s%s%s Ctrl-D leaves.\n%s\n"):format(bold(session.path), info.currency, counts(info), closed,
    suspicious(info), broken(info), state, try(info, grey))
end

return banner
