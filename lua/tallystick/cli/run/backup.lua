-- tallystick backup: copies a ledger while it is in use, and verifies the copy before it gets its name.
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
local terminal = require "tallystick.cli.terminal"
local text = require "tallystick.cli.text"
local verify = require "tallystick.cli.run.verify"

local backup = {}

---Copies a ledger to a file that nobody has yet, with a progress line.
---@param call tallystick.cli.Call
---@param ledger tallystick.Ledger
---@param path string
---@return true? done
---@return string? message
---@return string? code
---@return table? details
function backup.copy(call, ledger, path)
  local bar = call:progress "copying"
  bar.unit = "pages"
  local done, message, code, details = ledger:backup(path, {
    progress = function(pages, all) bar:show(pages, pages, all) end,
  })
  bar:clear()
  if done then return true end
  return nil, message, code, details
end

---Opens a ledger whose script is of no matter; the message does not begin with its path. A copy is opened for reading
---only: it is to stay as it is, also where an older Tallystick made the ledger.
---@param path string
---@param mode "rw"|"ro"
---@return tallystick.Ledger? ledger
---@return string? message
---@return string? code
---@return table? details
function backup.open(path, mode)
  local ledger, message, code, details = require("tallystick.core").open(path, { mode = mode })
  if ledger then return ledger end
  if message:sub(1, #path + 2) == path .. ": " then message = message:sub(#path + 3) end
  return nil, message, code, details
end

-- What the copy is called in messages: by the name that it is to get.
local function renamed(message, partial, to)
  local pattern = partial:gsub("%p", "%%%0")
  return (message:gsub(pattern .. "%.%x+%.partial", to):gsub(pattern, to))
end

-- A copy that does not hold is kept, as it may be the last that can be read, but under a name that nobody trusts.
local function complain_of_copy(call, partial, message, code, details)
  local kept = files.beside(call.args.to, "damaged")
  os.rename(partial, kept)
  call:complain(("%s: the copy does not verify, and is kept as %s"):format(call.args.to, kept))
  return verify.complain(call, call.args.to, message, code, details,
    ("What to do:\n  tallystick verify %s tells whether it is the ledger, or the disk of the copy."):format(call.path))
end

-- Reads a copy's head, and unless no one asks for that recomputes it whole.
local function read_copy(call, partial)
  local copy <close>, message, code, details = backup.open(partial, "ro")
  if not copy then return nil, complain_of_copy(call, partial, message, code, details) end
  if call.args.no_verify then return copy:head() end
  local report
  report, message, code, details = verify.recompute(call, copy)
  if report then return report.head end
  return nil, complain_of_copy(call, partial, message, code, details)
end

-- Makes the copy under a name for the time being. Gives its head, or the exit code once the reason was given.
local function make(call, partial)
  local done, message, code, details = backup.copy(call, call.ledger, partial)
  if done then return read_copy(call, partial) end
  return nil, call:refuse(renamed(message, partial, call.args.to), code, details)
end

---Runs a function with a name for the time being, and removes what is left there, however it ends.
---@generic T
---@param path string
---@param body fun(partial: string): T
---@return T
function backup.with_partial(path, body)
  local partial = files.beside(path, "partial")
  local _ <close> = setmetatable({}, { __close = function() files.remove_ledger(partial) end })
  return body(partial)
end

local function report(call, head, seconds)
  local path = call.args.to
  local facts = files.facts(path)
  local verified = not call.args.no_verify
  if call.output.format ~= "text" then
    return call.output:record { fields = {
      { name = "path", title = "path", value = path }, { name = "bytes", title = "bytes", value = facts.bytes },
      { name = "seq", title = "seq", value = head.seq }, { name = "hash", title = "hash", value = head.hash },
      { name = "verified", title = "verified", value = verified },
    } }
  end
  if call.args.quiet then return end
  call.output:say(("%s: %s, %s bytes, in %s"):format(path, verified and "copied and verified" or "copied, not verified",
    text.grouped(facts.bytes), text.duration(seconds)))
  call.output:say "Its head, to keep outside:"
  call.output:say(("  %d:%s"):format(head.seq, head.hash))
end

---@param call tallystick.cli.Call
---@return integer exit_code
function backup.run(call)
  local to = call.args.to
  local free, taken = files.is_free_for_ledger(to)
  if not free then return call:misuse(taken) end
  local started = terminal.now()
  return backup.with_partial(to, function(partial)
    local head, exit_code = make(call, partial)
    if not head then return exit_code end
    call.so_far = to .. " may be there already, and is whole then"
    local done, message = files.publish(partial, to)
    if not done then return call:misuse(message) end
    report(call, head, terminal.now() - started)
    return exit.DONE
  end)
end

return backup
