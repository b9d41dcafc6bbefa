-- Makes the small ledgers that are damaged, into a folder: whole.db with all its acts in the file, early.db as it was
-- before the last days, log.db with the later acts still in its log, and for each the head that was recorded.
local helper = require "spec.helper"
local story = require "spec.trust.rot.story"

local folder <const> = assert(arg[1], "usage: make.lua FOLDER")

local function quoted(path) return "'" .. path:gsub("'", [['\'']]) .. "'" end

local function copy(from, to) assert(os.execute(("cp %s %s"):format(quoted(from), quoted(to)))) end

local function keep_head(ledger, name)
  local head <const> = assert(ledger:head())
  helper.write(folder .. "/" .. name .. ".head", ("%d %s\n"):format(head.seq, head.hash))
end

local whole, clock = story.begin(folder .. "/whole.db")
-- Yesterday's file, for putting it back.
keep_head(whole, "early")
assert(whole:backup(folder .. "/early.db"))
story.later_days(whole, clock)
keep_head(whole, "whole")
assert(whole:verify())
whole:close()

-- The log is copied while the ledger is open: closing would carry it over into the file.
local live = folder .. "/live.db"
local logged <const> = story.begin(live)
story.few_acts(logged)
keep_head(logged, "log")
copy(live, folder .. "/log.db")
copy(live .. "-wal", folder .. "/log.db-wal")
logged:close()
os.remove(live)
