-- Writes a file that a person names: readable by its owner only from the start, under another name until it is whole.
-- What stands there already is replaced only by who says so.
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"

---@class tallystick.cli.Save
---@field path string
---@field bytes integer that were written
---@field private partial string the name for the time being
---@field private file? file*
---@field private force boolean
local Save = {}
Save.__index = Save

local save = {}

-- How a database of SQLite's begins, and the ends of the names of what belongs to one.
local DATABASE = "SQLite format 3\0"
local COMPANIONS = { "%-wal$", "%-shm$", "%-journal$", "%-anchor$" }

-- Read by another process: who closes the file of a ledger that this one has open loses the locks on it. Only a plain
-- file is read: /dev/stdout would be the reader's own.
local function is_database(path)
  return files.command("test -f", path) ~= nil and files.command(("head -c %d"):format(#DATABASE), path) == DATABASE
end

---Tells whether replacing a file would do away with somebody's books: what is written here is never a ledger.
---@param path string
---@return boolean
function save.is_of_ledger(path)
  for _, companion in ipairs(COMPANIONS) do
    if path:find(companion) then return is_database((path:gsub(companion, ""))) end
  end
  return is_database(path)
end

-- Only a plain file is replaced: a folder, a device or a pipe is something else than what a person means.
local function may_replace(path, force)
  if not files.exists(path) then return true end
  if not force then return nil, path .. ": a file is there already; name a new one, or give --force to replace it" end
  if not files.command("test -f", path) then
    return nil, path .. ": what is there is no plain file, and is not replaced"
  end
  if save.is_of_ledger(path) then return nil, path .. ": this is a ledger or a part of one, and is never replaced" end
  return true
end

-- Makes an empty file that nobody else can read.
local function make(path)
  local made, message = files.make_private(path)
  if not made then return nil, message end
  return io.open(path, "wb")
end

---Begins a file.
---@param path string
---@param force? boolean whether a file that is there may be replaced
---@return tallystick.cli.Save? saved close it with Save:finish; `local saved <close>` takes away what is not finished
---@return string? message
function save.start(path, force)
  local free, message = may_replace(path, force)
  if not free then return nil, message end
  local partial = files.beside(path, "partial")
  -- An interruption that comes now finds nobody else who would take it away.
  local _ <close> = setmetatable({}, { __close = function(_, problem) if problem then os.remove(partial) end end })
  local file, why = make(partial)
  if not file then
    return nil, ("%s: it cannot be written: %s"):format(path, (why or "unknown"):match "([^: ][^:]*)$")
  end
  return setmetatable({ path = path, partial = partial, file = file, force = force or false, bytes = 0 }, Save)
end

local function failed(self, message, number)
  return nil, ("%s: %s"):format(self.path, message), exit.storage_code(number) or "io-error"
end

---Writes a piece.
---@param piece string
---@return true? done
---@return string? message
---@return string? code
function Save:write(piece)
  local done, message, number = self.file:write(piece)
  if not done then return failed(self, message, number) end
  self.bytes = self.bytes + #piece
  return true
end

-- Gives the file its name.
local function publish(self)
  if not self.force then return files.publish(self.partial, self.path) end
  local done, message = os.rename(self.partial, self.path)
  if done then files.sync(files.folder_of(self.path)) end
  return done, message
end

---Puts the file on disk under its name.
---@return true? done
---@return string? message
---@return string? code
function Save:finish()
  local file = self.file
  self.file = nil
  local done, message, number = file:close()
  if not done then return failed(self, message, number) end
  done, message = files.sync(self.partial)
  if done then done, message = publish(self) end
  if not done then return failed(self, message) end
  self.partial = nil
  return true
end

-- What was not finished is taken away, however it came to that.
function Save:__close()
  if self.file then self.file:close() end
  if self.partial then os.remove(self.partial) end
end

---Writes a whole file.
---@param path string
---@param content string
---@param force? boolean
---@return true? done
---@return string? message
---@return string? code
function save.all(path, content, force)
  local saved <close>, message = save.start(path, force)
  if not saved then return nil, message end
  local done, wrong, code = saved:write(content)
  if not done then return nil, wrong, code end
  return saved:finish()
end

return save
