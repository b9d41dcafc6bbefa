-- What each kind of damage that a verification finds means to the person who keeps the ledger, and what to do next.
local damage = {}

---@class tallystick.cli.Damage
---@field code? string only of this code
---@field pattern? string of the message
---@field means string
---@field anchor? boolean whether it is the anchor that tells

-- The first that fits. The messages are those of the core's verification.
---@type tallystick.cli.Damage[]
local KINDS = {
  { pattern = "the head kept outside is entry",
    means = "The journal ends before the head that you kept: its last entries were cut off, or an older copy was put "
      .. "in the place of this ledger." },
  { pattern = "another than the head kept outside",
    means = "These are other books than those whose head you kept: from this entry or an earlier one on, the journal "
      .. "was written anew." },
  { code = "chain-broken", pattern = "it is missing: the anchor ", anchor = true,
    means = "The journal ends before the entry that the anchor beside the file names: its last entries were cut off, "
      .. "or an older copy was put in the place of this ledger. What is left is as it was written." },
  { code = "chain-broken", pattern = "another than the anchor ", anchor = true,
    means = "These are other books than those that the anchor beside the file was made of: an older copy was put in "
      .. "the place of this ledger and then written to, or the journal was written anew." },
  { code = "chain-broken", pattern = "the anchor .* is of another ledger", anchor = true,
    means = "The file of another ledger was put in the place of this one, or its anchor beside this file." },
  { code = "chain-broken", pattern = "it is missing",
    means = "An entry was taken out of the journal. All entries before it are as they were written; whether those "
      .. "behind it are cannot be known." },
  { code = "chain-broken", pattern = "it cannot be read",
    means = "This entry is no entry any more: a failing disk or another program wrote over it. All entries before it "
      .. "are as they were written." },
  { code = "chain-broken", pattern = "content does not match its hash",
    means = "This entry was changed after it was written, by another program or a failing disk: an amount, a day, a "
      .. "name or anything else of it, or the script or the identity of the ledger behind it. All entries before "
      .. "it are as they were written." },
  { code = "chain-broken", pattern = " texts? ",
    means = "The amounts hold up to here, but the note, label or reason of this entry is not the one that was written "
      .. "with it." },
  { code = "chain-broken",
    means = "This entry does not fit those before it: it was changed or put in by another program. All entries before "
      .. "it are as they were written." },
  { code = "corrupt", pattern = "the file is damaged",
    means = "The file itself is damaged, as a failing disk or a copy made by other tools while it was in use leaves "
      .. "it. Which entries are hit is not known." },
  { code = "corrupt", pattern = "belongs to no entry",
    means = "The journal holds. Another program has put a free text into the file." },
  { code = "corrupt", pattern = " it has no row",
    means = "The journal holds. What it makes was taken out of the tables that are computed from it: lists and totals "
      .. "are wrong until it is back." },
  { code = "corrupt", pattern = "; keep this file",
    means = "The journal holds: every entry is as it was written. A table that is computed from it says something "
      .. "else, so that lists, statuses or totals may be wrong." },
  { code = "corrupt",
    means = "The file is not as Tallystick made it: another program has changed its tables, or a disk is failing." },
}

-- What every kind leads to. %s is the ledger's path.
local STEPS = [[
What to do:
  1. Stop the programs that use it, and keep it as evidence: copy %s with its -wal and -shm, if they are there.
  2. Find the newest backup that holds: tallystick verify BACKUP
  3. Put it in place: tallystick restore BACKUP %s
     What stands there now is kept beside it.
  4. Enter again what was recorded since that backup. docs/administration.md tells how to list it.]]

-- Where the file is sound in itself, it may stand there on purpose.
local ANCHOR_STEPS = [[
What to do:
  1. Stop the programs that use it, and keep all of it as evidence: copy %s with its -wal and -shm, if they are there,
     and its -anchor.
  2. Somebody put this file here on purpose, as with a backup after a failed disk? Then accept it:
     tallystick anchor %s --reset
     What the anchor said until then is kept beside it.
  3. Else find the newest backup that has the entry which the anchor names: tallystick info BACKUP
     and put it in place: tallystick restore BACKUP %s]]

local function kind_of(message, code)
  if code ~= "chain-broken" and code ~= "corrupt" then return nil end
  for _, kind in ipairs(KINDS) do
    if (not kind.code or kind.code == code) and (not kind.pattern or message:find(kind.pattern)) then return kind end
  end
end

---Says what a failed verification means.
---@param message string the core's
---@param code string?
---@return string? sentence nil where it is no damage
function damage.meaning(message, code)
  local kind = kind_of(message, code)
  return kind and kind.means
end

---Says what to do next about a ledger.
---@param path string
---@param message? string the core's
---@param code? string
---@return string lines
function damage.steps(path, message, code)
  local kind = message and kind_of(message, code)
  if kind and kind.anchor then return ANCHOR_STEPS:format(path, path, path) end
  return STEPS:format(path, path)
end

return damage
