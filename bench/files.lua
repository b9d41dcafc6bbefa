-- files.lua - the plans and ledgers of a run: folder/LEDGER/NAME.tsv and folder/LEDGER/SIDE.prepared.db.
local shell = require "shell"
local workload = require "workload"
local works = require "works"

local files = {}

local quoted = shell.quoted

function files.folder_of(folder, work)
  return ("%s/%s"):format(folder, work.ledger)
end

function files.prepared(folder, work, side)
  return ("%s/%s.prepared.db"):format(files.folder_of(folder, work), side.id)
end

-- Where a work is done: in a copy of the prepared ledger, unless it goes on in that one.
function files.ledger_of(folder, work, side)
  if work.goes_on then return files.prepared(folder, work, side) end
  return ("%s/%s.%s.db"):format(files.folder_of(folder, work), side.id, work.id)
end

local function remove_ledger(path)
  for _, suffix in ipairs { "", "-wal", "-shm" } do os.remove(path .. suffix) end
end

local function steps_of(size, id)
  return size[id][1] + size[id][2]
end

local function write_plans(folder, size, seed)
  workload.write_clinic(folder .. "/clinic", {
    seed = seed, documents = size.documents.clinic,
    payments = math.max(steps_of(size, "durable"), steps_of(size, "batch"), steps_of(size, "open")),
    reads = steps_of(size, "read"), pages = steps_of(size, "page"),
  })
  workload.write_scattered(folder .. "/scattered", {
    seed = seed, documents = size.documents.scattered, payments = size.rounds * steps_of(size, "scattered"),
  })
end

---Draws all plans and makes each side's ledgers from them, all sides at once: this is not measured.
function files.prepare(folder, sides, size, seed)
  shell.progress "drawing the plans"
  shell.run("mkdir -p", quoted(folder .. "/clinic"), quoted(folder .. "/scattered"))
  write_plans(folder, size, seed)
  collectgarbage() -- what drew a million documents is memory that the sides' files can be cached in
  local waiting = {}
  for _, ledger in ipairs { "scattered", "clinic" } do
    for _, side in ipairs(sides) do
      local work = { ledger = ledger }
      local path = files.prepared(folder, work, side)
      remove_ledger(path)
      waiting[#waiting + 1] = shell.start(side.command, "prepare", quoted(path), quoted(files.folder_of(folder, work)),
        "&& sync", quoted(path))
    end
  end
  for i, wait in ipairs(waiting) do
    shell.progress("preparing ledgers, %d of %d", i, #waiting)
    wait()
  end
end

---Copies the prepared ledger for a work. The copy is on disk before a clock starts: its writing back must not fall into
---the measured time.
function files.copy(folder, work, side)
  local path = files.ledger_of(folder, work, side)
  remove_ledger(path)
  shell.run("cp", quoted(files.prepared(folder, work, side)), quoted(path))
  shell.run("sync", quoted(path))
end

---Draws when the payments of the open loop arrive.
function files.write_arrivals(folder, size, seed, per_second)
  workload.write_arrivals(files.folder_of(folder, works.open), {
    seed = seed, count = size.open[2], per_second = per_second,
  })
end

return files
