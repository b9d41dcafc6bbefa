-- shell.lua - commands, and progress for whoever looks on.
local shell = {}

-- Progress is for people at a terminal.
local QUIET = os.getenv "BENCH_QUIET"
local CLEAR_LINE = "\r\27[K"

-- Single quotes make a word of any text for the shell.
function shell.quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Starts a command; what it gives waits for its end and gives what it printed. A bench that met an error has nothing to
-- tell.
function shell.start(...)
  local command = table.concat({ ... }, " ")
  local pipe = assert(io.popen(command))
  return function()
    local text = pipe:read "a"
    assert(pipe:close(), command .. " failed")
    return text
  end
end

function shell.run(...)
  return shell.start(...)()
end

function shell.succeeds(command)
  return os.execute(command .. " >/dev/null 2>&1") == true
end

-- Shows what is being done in place of what was shown before.
function shell.progress(...)
  if not QUIET then io.stderr:write(CLEAR_LINE, string.format(...)) end
end

function shell.end_progress()
  if not QUIET then io.stderr:write(CLEAR_LINE) end
end

return shell
