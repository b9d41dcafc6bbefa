-- files.lua - what Lua's own library lacks for files, done by the commands of every base system.
local files = {}

---Quotes a word for the shell.
---@param word string
---@return string
function files.quote(word)
  return "'" .. word:gsub("'", [['\'']]) .. "'"
end

-- A path as an operand, also where it begins with a hyphen.
local function operands(paths)
  local words = {}
  for index, path in ipairs(paths) do words[index] = files.quote(path:find "^%-" and "./" .. path or path) end
  return table.concat(words, " ")
end

---Tells whether something is there, also where it may not be read. It is not opened: who closes the file of a ledger
---that this process has open loses the locks on it.
---@param path string
---@return boolean
function files.exists(path)
  return files.run("test -e " .. operands { path }) ~= nil
end

---The folder in which a path lies.
---@param path string
---@return string
function files.folder_of(path)
  local folder = path:match "^(.*)/[^/]*$"
  return folder == "" and "/" or folder or "."
end

---The last part of a path.
---@param path string
---@return string
function files.name_of(path)
  return path:match "([^/]*)/*$"
end

---The path to which a link leads; any other as it is.
---@param path string
---@return string
function files.real(path)
  local out = files.command("test -L", path) and files.command("readlink -f", path)
  return out and out:match "^([^\n]+)\n$" or path
end

---Gives a name beside a path that nothing has yet.
---@param path string
---@param mark string what it says of itself, such as "partial"
---@return string
function files.beside(path, mark)
  local name
  repeat name = ("%s.%08x.%s"):format(path, math.random(0, 0xFFFFFFFF), mark) until not files.exists(name)
  return name
end

-- How a shell tells that Ctrl-C ended a command.
local function is_interrupted(kind, code)
  return kind == "signal" and code == 2 or kind == "exit" and code == 130
end

---Runs a line of shell, and gives what it wrote to its output. Raises "interrupted!", as the interpreter does, where
---Ctrl-C ended it.
---@param line string
---@return string? out
---@return string? message what it complained of
function files.run(line)
  local pipe <close> = assert(io.popen(("export LC_ALL=C\n{ %s\n} 2>&1"):format(line)))
  local out = pipe:read "a" or ""
  local done, kind, code = pipe:close()
  if done then return out end
  if is_interrupted(kind, code) then error("interrupted!", 0) end
  return nil, out:match "([^\n]*)\n*$"
end

---Runs a command on paths.
---@param words string the command with its options
---@param ... string
---@return string? out
---@return string? message
function files.command(words, ...)
  return files.run(words .. " " .. operands { ... })
end

---Puts on disk what was written to files, or the names in a folder.
---@param ... string
---@return string? done
---@return string? message
function files.sync(...)
  return files.command("sync", ...)
end

---Makes an empty file that only its owner may read, where there is none.
---@param path string
---@return string? done
---@return string? message
function files.make_private(path)
  return files.run(("umask 077; set -C; : >%s"):format(files.quote(path)))
end

---Gives a file the name that it is to have, unless something has that name.
---@param path string
---@param name string
---@return boolean? done
---@return string? message
function files.publish(path, name)
  local done, message = files.command("mv -n", path, name)
  if not done then return nil, message end
  if files.exists(path) then return nil, name .. ": File exists" end
  files.sync(files.folder_of(name))
  return true
end

---Tells whether a path is a folder in which files can be made.
---@param path string
---@return boolean
function files.is_writable_folder(path)
  local word = operands { path }
  return files.run(("test -d %s && test -w %s"):format(word, word)) ~= nil
end

---Tells whether a file can be made: nothing has its name, and its folder is there.
---@param path string
---@return boolean? free
---@return string? message
function files.is_free(path)
  if files.exists(path) then return nil, path .. ": a file is there already; name a new one" end
  local folder = files.folder_of(path)
  if files.is_writable_folder(folder) then return true end
  return nil, ("%s: the folder %s is not there, or may not be written"):format(path, folder)
end

---Tells whether no log of another ledger is there, which SQLite would take for that of a new one, or delete. One that
---holds nothing, as readers leave it, does no harm.
---@param path string of the new ledger
---@return boolean? free
---@return string? message
function files.has_no_log(path)
  for _, suffix in ipairs { "-wal", "-journal" } do
    local facts = files.facts(path .. suffix)
    if facts and facts.bytes > 0 then
      return nil, ("%s%s: this is left of another ledger, and would be taken for a part of the new one; "
        .. "move it elsewhere, and keep it: it may hold that one's last entries"):format(path, suffix)
    end
  end
  return true
end

---Tells whether a ledger can be made: nothing has its name, nor that of its log, and its folder is there.
---@param path string
---@return boolean? free
---@return string? message
function files.is_free_for_ledger(path)
  local free, message = files.has_no_log(path)
  if not free then return nil, message end
  return files.is_free(path)
end

---Tells whether two paths lead to one file.
---@param one string
---@param other string
---@return boolean
function files.is_same(one, other)
  return files.run(("test %s -ef %s"):format(operands { one }, operands { other })) ~= nil
end

---Removes a ledger's file that was never given its name, with what SQLite may have left beside it.
---@param path string
function files.remove_ledger(path)
  for _, suffix in ipairs { "", "-wal", "-shm", "-journal" } do os.remove(path .. suffix) end
end

---What a file says of itself.
---@class tallystick.files.Facts
---@field bytes integer
---@field mode string such as "600"
---@field owner string such as "0:0"
---@field names integer how many names (hard links) it has

---@param path string
---@return tallystick.files.Facts?
function files.facts(path)
  local out = files.command("stat -L -c '%s %a %u:%g %h'", path)
  local bytes, mode, owner, names = (out or ""):match "^(%d+) (%d+) (%S+) (%d+)"
  if not bytes then return nil end
  return { bytes = math.tointeger(bytes), mode = mode, owner = owner, names = math.tointeger(names) }
end

return files
