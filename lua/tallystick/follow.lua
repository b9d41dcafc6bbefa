-- follow.lua - hands every entry of the journal to a named consumer, at least once and in order (design.md §7).
local core = require "tallystick.core"

-- How many entries are handed on before the place is kept in the file: what may be handed on again after a crash.
local KEEP_EVERY = 64

---Keeps how far a follower has come; what it raises stands behind what the consumer raised.
local function keep(ledger, name, seq)
  return core.follower_set(ledger, name, seq)
end

---Hands the entries after the follower's place to `consume`, one by one. It ends at the journal's head as it was
---when it began; where `consume`
---returns false, which leaves that entry for the next time; or where it raises, which is raised again after the place
---was kept. The place stands in the ledger's file, under the name.
---Errors: `field-invalid` (a name of no or more than 64 bytes), `busy` (inside a transaction), `read-only`.
---@param ledger tallystick.Ledger
---@param name string
---@param consume fun(entry: tallystick.Entry): boolean?
---@return integer? count of entries that were handed on
---@return string? message
---@return string? code
---@return table? details
return function(ledger, name, consume)
  local seq, message, code, details = core.follower_get(ledger, name)
  if not seq then return nil, message, code, details end
  if type(consume) ~= "function" then
    return nil, "consume: give a function that takes an entry", "field-invalid", { field = "consume" }
  end
  -- Whether a place can be kept at all is known before the first entry is handed on.
  local kept
  kept, message, code, details = keep(ledger, name, seq)
  if not kept then return nil, message, code, details end
  local head
  head, message, code, details = ledger:head() -- what the consumer writes itself is for the next time
  if not head then return nil, message, code, details end
  local count, done = 0, seq
  for entry in ledger:entries { from_seq = seq + 1 } do
    if entry.seq > head.seq then break end
    local ok, answer = pcall(consume, entry)
    if not ok then
      keep(ledger, name, done)
      error(answer, 0)
    end
    if answer == false then break end
    count, done = count + 1, entry.seq
    if count % KEEP_EVERY == 0 then
      kept, message, code, details = keep(ledger, name, done)
      if not kept then return nil, message, code, details end
    end
  end
  if done > seq then
    kept, message, code, details = keep(ledger, name, done)
    if not kept then return nil, message, code, details end
  end
  return count
end
