-- Changes a ledger's file behind the core's back, as a forger or a failing disk would: by SQL from Python's sqlite3.
local command = require "spec.command"

local raw = {}

local PROGRAM = [[
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
if sys.argv[2] == "drop":
    for (name, text) in connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute("DROP TRIGGER " + name)
        connection.execute("CREATE TABLE IF NOT EXISTS kept_triggers (sql TEXT)")
        connection.execute("INSERT INTO kept_triggers VALUES (?)", (text,))
try:
    for statement in sys.argv[3].split(";;"):
        connection.execute(statement)
except sqlite3.Error as error:
    print(error)
if sys.argv[2] == "drop":
    for (text,) in connection.execute("SELECT sql FROM kept_triggers").fetchall():
        connection.execute(text)
    connection.execute("DROP TABLE kept_triggers")
connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
]]

local function run(path, mode, sql)
  local ended = command.shell(("python3 -c %s %s %s %s"):format(command.quote(PROGRAM), command.quote(path), mode,
    command.quote(sql)))
  assert(ended.code == 0, ended.err)
  return ended.out:gsub("\n$", "")
end

---Runs statements (separated by two semicolons) with the triggers in place; gives what SQLite refused them with, or "".
---@param path string
---@param sql string
---@return string
function raw.try(path, sql)
  return (run(path, "keep", sql))
end

---Runs statements with the triggers dropped, and puts the triggers back.
---@param path string
---@param sql string
function raw.force(path, sql)
  local refused = run(path, "drop", sql)
  assert(refused == "", refused)
end

return raw
