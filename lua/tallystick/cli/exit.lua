-- The exit codes of the command line, and which of the ledger's codes end in which.
local exit = {
  DONE = 0,
  REFUSED = 1, -- the ledger, or the state of things, said no to a command
  USAGE = 2, -- the arguments, the configuration or a file's rights need a person
  BUSY = 3, -- another process holds the ledger; the same command may work later
  BROKEN = 4, -- the ledger is damaged, or its storage failed
  FAULT = 70, -- an error of this program
  INTERRUPTED = 130,
  READER_GONE = 141, -- as the signal ends a process that writes to nobody; only seen where that signal is ignored
}

-- What stops a run whatever it was about to do next: no later command could fare better.
local STOPPING = {
  ["busy"] = exit.BUSY,
  ["read-only"] = exit.USAGE,
  ["config-invalid"] = exit.USAGE,
  ["schema-newer"] = exit.USAGE,
  ["full"] = exit.BROKEN,
  ["io-error"] = exit.BROKEN,
  ["corrupt"] = exit.BROKEN,
  ["not-a-ledger"] = exit.BROKEN,
  ["chain-broken"] = exit.BROKEN,
  ["out-of-memory"] = exit.BROKEN,
  ["transaction-poisoned"] = exit.FAULT,
}

---Tells whether a code is about the ledger as a whole, and not about one command.
---@param code string?
---@return boolean
function exit.stops(code)
  return STOPPING[code] ~= nil
end

---Gives the exit code for one of the ledger's codes.
---@param code string?
---@param otherwise integer what a code that is about one command ends in
---@return integer
function exit.of(code, otherwise)
  return STOPPING[code] or otherwise
end

-- What the operating system calls a failing or a full disk.
local STORAGE = { [5] = "io-error", [27] = "full", [28] = "full", [122] = "full" }

---Gives the ledger's code for an error of the operating system, where the storage is to blame.
---@param number integer? errno
---@return string? code
function exit.storage_code(number)
  return STORAGE[number]
end

---Tells whether an error is Ctrl-C: the interpreter raises it as this text.
---@param problem any
---@return boolean
function exit.is_interrupt(problem)
  return type(problem) == "string" and problem:find("interrupted!", 1, true) ~= nil
end

local function is_code(name)
  for _, one in ipairs(require("tallystick.core").errors) do
    if one.code == name then return name ~= "closed" end
  end
  return false
end

-- A loop over the ledger's rows raises where the file fails, and an operator on money where a sum leaves 64 bits: with
-- a code in front, behind the place in a Lua file.
local function failure_of(problem)
  local code, message = problem:gsub("^[^\n]-:%d+: ", "", 1):match "^(%l[%l-]+): ([^\n]+)"
  return code and is_code(code) and { code = code, message = message } or nil
end

---A message handler for xpcall: adds where it happened, unless a person, the storage or the reader made it happen.
---@param problem any
---@return any
function exit.explain(problem)
  if type(problem) == "table" or exit.is_interrupt(problem) then return problem end
  local text = tostring(problem)
  local failure = failure_of(text)
  if failure then return failure end
  return text:find("stack traceback:", 1, true) and text or debug.traceback(text, 2)
end

return exit
