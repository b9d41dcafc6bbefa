-- bundle.lua - the folder of an archive while it is made: its files, their sums, and how it is packed so that the same
-- books give the same bytes.
local files = require "tallystick.files"

local bundle = {}

-- How the C library and the commands say that there is no room.
local FULL = { "No space left", "[Qq]uota exceeded", "File too large" }

---What a step raises; archive.lua hands it to its caller.
---@class tallystick.archive.Failure
---@field message string
---@field code string
---@field details table

---Ends the making of an archive.
---@param message string
---@param code? string default by what the message says of the storage
---@param details? table
function bundle.fail(message, code, details)
  local of_storage = "io-error"
  for _, pattern in ipairs(FULL) do
    if message:find(pattern) then of_storage = "full" end
  end
  error({ message = message, code = code or of_storage, details = details or {} }, 0)
end

---Gives a result, or ends the making where there is none.
---@generic T
---@param value T?
---@param message? string
---@param code? string
---@param details? table
---@return T
function bundle.need(value, message, code, details)
  if value ~= nil and value ~= false then return value end
  -- Lua's own library gives the system's number where ours give a code.
  local is_ours = type(code) == "string"
  bundle.fail(message or "it failed, and nobody says why", is_ours and code or nil, is_ours and details or nil)
end

local need = bundle.need

---@class tallystick.archive.Bundle
---@field name string of the one folder in it
---@field work string the path in which that folder is made
---@field root string the path of that folder
---@field files string[] paths within, in the order of their making
local Bundle = {}
Bundle.__index = Bundle

---Begins a bundle, in a folder for nobody else, beside the place where it is to stand.
---@param target string the path of the packed file
---@param name string of the folder in it
---@return tallystick.archive.Bundle bundle close it, or `local b <close>`: what it needed is removed
function bundle.start(target, name)
  local work = files.beside(target, "partial")
  need(files.command("mkdir -m 700", work))
  local self = setmetatable({ name = name, work = work, root = work .. "/" .. name, files = {}, folders = {} }, Bundle)
  need(files.command("mkdir", self.root))
  return self
end

function Bundle:__close()
  files.command("rm -rf", self.work)
end

---The path of a file within, its folder made; the file is one of the bundle's from now on.
---@param name string such as "books/journal.csv"
---@return string path
function Bundle:path(name)
  local folder = name:match "^(.*)/"
  if folder and not self.folders[folder] then
    need(files.command("mkdir -p", self.root .. "/" .. folder))
    self.folders[folder] = true
  end
  self.files[#self.files + 1] = name
  return self.root .. "/" .. name
end

---Writes a file by a function, which gets one that writes a piece.
---@param name string
---@param body fun(put: fun(piece: string): true)
function Bundle:write(name, body)
  local file <close> = need(io.open(self:path(name), "wb"))
  body(function(piece)
    need(file:write(piece))
    return true
  end)
  need(file:close())
end

---@param name string
---@param text string
function Bundle:add(name, text)
  self:write(name, function(put) put(text) end)
end

---Takes a file out again.
---@param name string
function Bundle:drop(name)
  os.remove(self.root .. "/" .. name)
  for index, one in ipairs(self.files) do
    if one == name then return table.remove(self.files, index) end
  end
end

-- Sums of all files that are there, as sha256sum writes and checks them.
local function add_sums(self)
  local words = {}
  table.sort(self.files)
  for index, name in ipairs(self.files) do words[index] = files.quote(name) end
  local sums = need(files.run(("cd %s && sha256sum %s"):format(files.quote(self.root), table.concat(words, " "))))
  self:add("SHA256SUMS", sums)
end

-- A packed file knows no time before this one.
local FIRST_DAY = "1970-01-01"

-- Nothing of the machine, the user or the hour goes into the packed file.
local TAR = "tar --force-local --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mode=u=rwX,go= "
  .. "--mtime=%s -C %s -cf %s %s"

---Adds the sums, packs the folder and gives it its name. Gives the sum of the packed file.
---@param target string
---@param day string the last of the period: it dates all that is in it
---@return string sum SHA-256, 64 hexadecimal digits
function Bundle:pack(target, day)
  add_sums(self)
  local tar = self.work .. "/packed.tar"
  local date = (day > FIRST_DAY and day or FIRST_DAY) .. " 23:59:59Z"
  need(files.run(TAR:format(files.quote(date), files.quote(self.work), files.quote(tar),
    files.quote(self.name))))
  need(files.command("umask 077; gzip -n", tar))
  need(files.command("chmod 600", tar .. ".gz"))
  local sum = need(files.command("sha256sum", tar .. ".gz")):match "^\\?(%x+)"
  need(files.sync(tar .. ".gz"))
  need(files.publish(tar .. ".gz", target))
  return sum
end

return bundle
