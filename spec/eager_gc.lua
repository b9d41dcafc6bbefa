-- A helper for busted that keeps the collector at its most eager, so that what nothing holds is gone at once. A value
-- that lives by luck then fails the specs, not a clinic. Run by `make gc`.

-- Full collections cost as much as the whole heap; this many instructions between them keep the suite within minutes.
local INSTRUCTIONS_BETWEEN_COLLECTIONS = 20000

-- No pause between cycles, and each step as large as it can be: the parameters are bytes of a quarter of their value.
collectgarbage("incremental", 1, 1000)

local function collect()
  collectgarbage()
end

debug.sethook(collect, "", INSTRUCTIONS_BETWEEN_COLLECTIONS)

-- A coroutine does not inherit the hook of the thread that makes it.
local create = coroutine.create
coroutine.create = function(body) -- luacheck: ignore 122
  local thread = create(body)
  debug.sethook(thread, collect, "", INSTRUCTIONS_BETWEEN_COLLECTIONS)
  return thread
end
