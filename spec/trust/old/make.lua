-- Made the ledger that is kept here, once: make.lua LEDGER makes one of the first schema by the present code. What is
-- kept is never made again: it must open, verify and replay for ever.
local raw = require "spec.raw"
local story = require "spec.trust.rot.story"

local path <const> = assert(arg[1], "usage: make.lua LEDGER")
local ledger, clock = story.begin(path)
story.later_days(ledger, clock)
ledger:close()
raw.try(path, "DROP INDEX entry_correction;;PRAGMA user_version = 1")
