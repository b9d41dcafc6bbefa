-- tallystick restore: puts a backup in a ledger's place. Whatever happens on the way, the name leads to the old ledger
-- or to the new one, whole; what stood there is kept beside it.
local anchors = require "tallystick.cli.anchors"
local backup = require "tallystick.cli.run.backup"
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
local text = require "tallystick.cli.text"
local verify = require "tallystick.cli.run.verify"

local restore = {}

-- What a ledger's writers keep beside it while they have it open.
local LOG_SUFFIXES = { "-wal", "-shm" }

-- ---- What stands at the place ----

---@class tallystick.cli.Standing
---@field there boolean whether anything is
---@field ledger boolean whether it can be read as a ledger
---@field id? string
---@field head? tallystick.Head
---@field message? string why it cannot be read
---@field code? string
---@field linked? boolean whether it has a second name, by none of which it is opened

-- A ledger that was opened for writing and closed again by its last user has no log any more: SQLite takes that for its
-- own alone, and fails to where another process has it open. So a log that stays tells of such a process.
local function is_in_use(path)
  return files.exists(path .. "-wal")
end

-- Whether an entry of this seq and hash is in a ledger; hashes are chained, so all before it is then the same too.
local function has_entry(ledger, head)
  if head.seq == 0 then return true end
  local read, state, control, cursor <close> = ledger:entries { from_seq = head.seq }
  local entry = read(state, control)
  return entry ~= nil and entry.seq == head.seq and entry.hash == head.hash and cursor ~= nil
end

-- Reads what stands at the place, and brings its log home: what the log holds belongs to it. One that cannot be read is
-- evidence, and is not opened for writing.
local function look(path)
  if not files.exists(path) then return { there = false, ledger = false } end
  for _, mode in ipairs { "ro", "rw" } do
    local ledger <close>, message, code = backup.open(path, mode)
    if not ledger then
      local linked = (files.facts(path) or { names = 1 }).names > 1
      return { there = true, ledger = false, message = message, code = code, linked = linked }
    end
    if mode == "rw" then return { there = true, ledger = true, id = ledger:info().id, head = ledger:head() } end
  end
end

-- ---- What would be lost ----

-- Whether the books that stand there go on where the backup ends.
local function follows(path, head)
  local ledger <close> = backup.open(path, "ro")
  return ledger ~= nil and has_entry(ledger, head)
end

-- What a place that holds no ledger we can read says of what is lost; and whether that must be asked for.
local UNREADABLE = {
  ["not-a-ledger"] = { "what stands there is no ledger, or its first page is damaged", true },
  ["schema-newer"] = { "a newer Tallystick wrote the ledger that stands there", true },
}

-- What the backup lacks of a ledger that it would replace.
local function tell_missing(path, standing, copy)
  local head, own = copy:head(), standing.head
  if standing.id ~= copy:info().id then
    return ("another ledger stands there, with %s"):format(text.counted(own.seq, "entry", "entries"))
  end
  if own.seq <= head.seq and has_entry(copy, own) then return nil end
  if own.seq > head.seq and follows(path, head) then
    return ("the backup is older: it ends at entry %s, and lacks %s of the ledger"):format(text.grouped(head.seq),
      text.counted(own.seq - head.seq, "later entry", "later entries"))
  end
  return ("the backup has another journal: they differ at entry %s or before, and the ledger has %s"):format(
    text.grouped(math.min(own.seq, head.seq)), text.counted(own.seq, "entry", "entries"))
end

-- Says what the backup may lack of what stands at the place, and whether that must be asked for; nil: nothing.
local function tell_lost(path, standing, copy)
  if not standing.there then return nil end
  if standing.ledger then
    local missing = tell_missing(path, standing, copy)
    return missing, missing ~= nil
  end
  if standing.linked then
    return "what stands there has a second name (a hard link), and is not opened: it may hold later entries", true
  end
  local known = UNREADABLE[standing.code]
  if known then return known[1], known[2] end
  return "what stood there cannot be read, so that nobody knows whether it held later entries", false
end

-- ---- Putting it in place ----

-- The name under which what stood there is kept.
local function kept_name(path)
  local stamp = os.date "%Y-%m-%dT%H-%M-%S"
  local name, count = ("%s.replaced-%s"):format(path, stamp), 1
  while files.exists(name) do
    count = count + 1
    name = ("%s.replaced-%s-%d"):format(path, stamp, count)
  end
  return name
end

-- Keeps a copy of what stands at the place. It gets no second name instead, which costs nothing: who is killed then
-- leaves a ledger of two names, and such a one is not opened.
local function keep(path, name)
  return backup.with_partial(name, function(partial)
    local copied, message = files.command("cp -p --reflink=auto", path, partial)
    if copied then copied, message = files.sync(partial) end
    if copied then copied, message = os.rename(partial, name) end
    if copied then return files.sync(files.folder_of(path)) end
    return nil, message
  end)
end

-- A log that could not be brought home is part of what is replaced. It must be away before the new ledger stands there:
-- it would be taken for that one's.
local function move_log(path, name)
  for _, suffix in ipairs(LOG_SUFFIXES) do
    if files.exists(path .. suffix) then
      local moved, message = os.rename(path .. suffix, name .. suffix)
      if not moved then return nil, message end
    end
  end
  return true
end

-- Who could use the old one can use the new one.
local function take_rights(partial, path)
  local own, old = files.facts(partial), files.facts(path)
  if not (own and old) then return end
  if own.owner ~= old.owner then files.command("chown " .. old.owner, partial) end
  if own.mode ~= old.mode then files.command("chmod " .. old.mode, partial) end
end

local function in_use(call)
  return nil, call:refuse(call.args.ledger .. ": another process has it open; stop it, and try again", "busy")
end

-- Whether somebody has opened, written or mended what stands at the place since it was looked at.
local function has_changed(path, standing, again)
  if again.code == "busy" or again.ledger ~= standing.ledger then return true end
  return again.ledger and (is_in_use(path) or again.head.hash ~= standing.head.hash)
end

-- Puts the copy in the place of what stands there. Gives the name under which that is kept.
local function replace(call, partial, standing)
  local path = call.args.ledger
  local name = kept_name(path)
  take_rights(partial, path)
  local bar = call:progress "keeping"
  bar:phase "keeping what stands there"
  local kept, message = keep(path, name)
  bar:clear()
  if not kept then return nil, call:refuse(message, "io-error") end
  -- Asked once more, at the last moment: somebody may have opened it while the copy was made.
  if has_changed(path, standing, look(path)) then
    os.remove(name)
    return in_use(call)
  end
  call.so_far = "the backup may be in its place already; what stood there is kept as " .. name
  kept, message = move_log(path, name)
  if kept then kept, message = os.rename(partial, path) end
  if not kept then return nil, call:refuse(message, "io-error") end
  files.sync(files.folder_of(path))
  return name
end

-- ---- The command ----

local NOT_RESTORED = [[
Nothing was put in place.
What to do:
  Try an older backup: tallystick verify BACKUP tells which ones hold.]]

-- What is wrong is found in the copy, and is the backup's.
local function complain_of_backup(call, message, code, details)
  return verify.complain(call, call.args.backup, message, code, details, NOT_RESTORED)
end

-- Copies the backup beside the place and recomputes the copy: what is verified is what will stand there.
local function copy_beside(call, partial)
  local args = call.args
  local source <close>, message, code, details = backup.open(args.backup, "ro")
  if not source then return nil, complain_of_backup(call, message, code, details) end
  local done
  done, message, code, details = backup.copy(call, source, partial)
  if done then return true end
  return nil, call:refuse((message:gsub("%S*%.partial", args.ledger)), code, details)
end

-- Recomputes the copy, and holds it against what it would replace. Gives its head.
local function check_copy(call, partial, standing)
  local args = call.args
  local copy <close>, message, code, details = backup.open(partial, "ro")
  if not copy then return nil, complain_of_backup(call, message, code, details) end
  local lost, must_be_asked = tell_lost(args.ledger, standing, copy)
  if must_be_asked and not args.force then
    return nil, call:refuse(("%s: %s; with --force the backup takes its place, and it is kept beside"):format(
      args.ledger, lost))
  end
  local report
  report, message, code, details = verify.recompute(call, copy)
  if report then return report.head, lost end
  return nil, complain_of_backup(call, message, code, details)
end

-- Puts the anchor right: the old one goes with what was replaced, as it is evidence of what stood there.
local function accept(call, kept)
  local note, problem = anchors.accept(call.args.ledger, kept)
  if problem then
    call:complain(("%s: its anchor could not be set anew: %s; tallystick anchor %s --reset does it"):format(
      call.args.ledger, problem, call.args.ledger))
  end
  return note
end

local function report(call, head, kept, lost)
  local args = call.args
  local note = accept(call, kept)
  if call.output.format ~= "text" then
    return call.output:record { fields = {
      { name = "path", title = "path", value = args.ledger }, { name = "seq", title = "seq", value = head.seq },
      { name = "hash", title = "hash", value = head.hash }, { name = "replaced", title = "replaced", value = kept },
      { name = "lost", title = "lost", value = lost }, { name = "anchor", title = "anchor", value = note },
    } }
  end
  if args.quiet then return end
  call.output:say(("%s holds, and is what %s held: %s"):format(args.ledger, args.backup,
    text.counted(head.seq, "entry", "entries")))
  if lost then call.output:say("Note: " .. lost) end
  if kept then call.output:say(("What stood there is kept as %s"):format(kept)) end
  if note then call.output:say(note) end
  call.output:say "Its head, to keep outside:"
  call.output:say(("  %d:%s"):format(head.seq, head.hash))
end

local function put(call, partial, standing)
  if not standing.there then
    call.so_far = call.args.ledger .. " may be there already, and is whole then"
    local done, message = files.publish(partial, call.args.ledger)
    return done and "" or nil, not done and call:misuse(message) or nil
  end
  return replace(call, partial, standing)
end

local function run(call, partial, standing)
  local copied, exit_code = copy_beside(call, partial)
  if not copied then return exit_code end
  local head, lost = check_copy(call, partial, standing)
  if not head then return lost end
  local kept
  kept, exit_code = put(call, partial, standing)
  if not kept then return exit_code end
  report(call, head, kept ~= "" and kept or nil, lost)
  return exit.DONE
end

-- What speaks against the paths, if anything does.
local function check_paths(args)
  if not files.exists(args.backup) then return nil, args.backup .. ": No such file or directory" end
  if files.is_same(args.backup, args.ledger) then
    return nil, ("%s and %s are one file"):format(args.backup, args.ledger)
  end
  if not files.exists(args.ledger) then return files.is_free_for_ledger(args.ledger) end
  -- A link is followed: the ledger is where it leads, and so is its log.
  args.ledger = files.real(args.ledger)
  if not files.command("test -f", args.ledger) then return nil, args.ledger .. ": what is there is no plain file" end
  local folder = files.folder_of(args.ledger)
  if files.is_writable_folder(folder) then return true end
  return nil, ("%s: the folder %s may not be written"):format(args.ledger, folder)
end

---@param call tallystick.cli.Call
---@return integer exit_code
function restore.run(call)
  local sound, message = check_paths(call.args)
  if not sound then return call:misuse(message) end
  local path = call.args.ledger
  local standing = look(path)
  if standing.code == "busy" or standing.ledger and is_in_use(path) then return select(2, in_use(call)) end
  local log = standing.linked and files.facts(path .. "-wal")
  if log and log.bytes > 0 then
    return call:refuse(path .. ": it has a second name (a hard link) and a log, which somebody may be writing; remove "
      .. "the other name, which find -samefile tells, and try again", "busy")
  end
  if standing.code == "read-only" then return call:refuse(("%s: %s"):format(path, standing.message), standing.code) end
  return backup.with_partial(path, function(partial) return run(call, partial, standing) end)
end

return restore
