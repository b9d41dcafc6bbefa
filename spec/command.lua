-- Runs the command line as a person does, through a shell, for the specs of what it prints and how it ends.
local command = {}

---Quotes a word for the shell.
---@param word string
---@return string
function command.quote(word)
  return "'" .. word:gsub("'", [['\'']]) .. "'"
end

---Makes a new folder, which the caller removes with command.remove.
---@return string path
function command.folder()
  local pipe <close> = assert(io.popen "mktemp -d")
  return assert(pipe:read "l")
end

---@param path string
function command.remove(path)
  os.execute("rm -rf " .. command.quote(path))
end

---@param path string
---@return string
function command.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

---@param path string
---@param text string
function command.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

---@class spec.Ended
---@field code integer the exit code
---@field out string what went to the output
---@field err string what went to the messages

---Runs a line of shell.
---@param line string
---@return spec.Ended
function command.shell(line)
  local folder = command.folder()
  local _, _, code = os.execute(("{ %s ; } >%s/out 2>%s/err"):format(line, folder, folder))
  local ended = { code = code, out = command.read(folder .. "/out"), err = command.read(folder .. "/err") }
  command.remove(folder)
  return ended
end

---Runs bin/tallystick with arguments, each a word.
---@param ... string
---@return spec.Ended
function command.run(...)
  local words = {}
  for i, word in ipairs { ... } do words[i] = command.quote(word) end
  return command.shell("TZ=UTC bin/tallystick " .. table.concat(words, " ") .. " </dev/null")
end

return command
