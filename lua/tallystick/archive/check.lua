-- check.lua - checks an archive by what is in it: sums and hashes are recomputed, and nothing else is trusted.
local bundle = require "tallystick.archive.bundle"
local files = require "tallystick.files"
local json = require "tallystick.json"

local fail, need = bundle.fail, bundle.need

---@class tallystick.archive.Checked
---@field files integer
---@field from string
---@field to string
---@field entries integer of the period
---@field head tallystick.Head
---@field ledger boolean whether a copy of the ledger was there, and was checked

local function damaged(message, details)
  return fail(message, "corrupt", details)
end

local function no_archive(path)
  return fail(path .. ": this is no archive of Tallystick's, or it is damaged from its beginning", "field-invalid",
    { field = "path" })
end

-- Unpacks into a folder for nobody else. Only plain files in one folder are taken: anything else could lead elsewhere.
local function unpack_into(folder, path)
  local done = files.run(("tar --force-local -xzf %s -C %s --no-same-owner --no-same-permissions"):format(
    files.quote(path), files.quote(folder)))
  if not done then no_archive(path) end
  local strange = need(files.run(("cd %s && find . ! -type f ! -type d"):format(files.quote(folder))))
  local tops = need(files.run(("cd %s && ls -A"):format(files.quote(folder))))
  local top = tops:match "^([^\n]+)\n$"
  if strange ~= "" or not top or not files.exists(("%s/%s/SHA256SUMS"):format(folder, top)) then no_archive(path) end
  return folder .. "/" .. top
end

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

-- The names of all files but the sums, as they are found.
local function names_in(root)
  local names = {}
  local found = need(files.run(("cd %s && find . -type f | LC_ALL=C sort"):format(files.quote(root))))
  for name in found:gmatch "%./([^\n]+)" do
    if name ~= "SHA256SUMS" then names[#names + 1] = name end
  end
  return names
end

-- Holds the files against the sums, both ways: a file without a sum was put in, a sum without a file was taken out.
local function check_sums(root)
  local listed, names = {}, names_in(root)
  for _, line in ipairs(lines_of(root .. "/SHA256SUMS")) do
    local name = line:match "^%x+ [ *](.+)$"
    if not name then damaged("SHA256SUMS: a line of it is damaged", { file = "SHA256SUMS" }) end
    listed[name] = true
  end
  for _, name in ipairs(names) do
    if not listed[name] then damaged(name .. ": it has no sum; it was put in later", { file = name }) end
    listed[name] = nil
  end
  local gone = next(listed)
  if gone then damaged(gone .. ": it is missing", { file = gone }) end
  local out, message = files.run(("cd %s && sha256sum --quiet --strict -c SHA256SUMS"):format(files.quote(root)))
  if not out then
    local failed = files.run(("cd %s && sha256sum --quiet -c SHA256SUMS; true"):format(files.quote(root)))
    local name = (failed or ""):match "([^\n]+): FAILED"
    damaged(name and name .. ": it is not what its sum says" or message, { file = name })
  end
  return names
end

local JOURNAL = "books/journal.jsonl"

-- Whether the facts name a head, days and, if any, a copy of the ledger that is one of the files.
local function are_whole(facts, names)
  if type(facts) ~= "table" or type(facts.head) ~= "table" then return false end
  if type(facts.from) ~= "string" or type(facts.to) ~= "string" then return false end
  if facts.file == nil then return true end
  for _, name in ipairs(names) do
    if name == "ledger/" .. tostring(facts.file) then return true end
  end
  return false
end

-- The lines of the journal, which every archive has.
local function journal_lines(root)
  local path = root .. "/" .. JOURNAL
  if not files.exists(path) then damaged(JOURNAL .. ": it is missing", { file = JOURNAL }) end
  return io.lines(path)
end

local function read_facts(root, names)
  local file <close> = io.open(root .. "/period.json", "rb")
  local facts = file and json.decode(file:read "a")
  return are_whole(facts, names) and facts or damaged("period.json: it cannot be read", { file = "period.json" })
end

-- These are written in the time zone of whoever made the archive; the hash holds them as they are.
local OF_THE_ZONE = { at = true, recorded_at = true }

-- Whether a line of the archive's journal tells of an entry what the ledger does, field by field.
local function tells_of(kept, entry)
  if type(kept) ~= "table" or kept.seq ~= entry.seq or kept.hash ~= entry.hash then return false end
  for name, value in pairs(kept) do
    local written, text = pcall(json.encode, value) -- a number that is none of ours cannot be written
    local is_same = written and entry[name] ~= nil and text == json.encode(entry[name])
    if not is_same and not OF_THE_ZONE[name] then return false end
  end
  return true
end

-- Holds the journal of the archive against the ledger's: the same entries of the period, in the same order.
local function compare_journal(root, facts, ledger, progress)
  local lines = journal_lines(root)
  for entry in ledger:entries {} do
    if entry.day >= facts.from and entry.day <= facts.to then
      if not tells_of(json.decode(lines() or "null"), entry) then
        damaged(("%s: entry %d is not the ledger's"):format(JOURNAL, entry.seq), { seq = tostring(entry.seq) })
      end
    end
    if entry.seq % 1000 == 0 then progress("comparing the journal", entry.seq, facts.head.seq) end
  end
  if lines() then damaged(JOURNAL .. ": it holds entries that the ledger has not") end
end

local function check_count(root, facts)
  local count = 0
  for _ in journal_lines(root) do count = count + 1 end
  if count == facts.entries then return end
  damaged(("period.json: it tells of %s entries, and there are %d"):format(tostring(facts.entries), count))
end

local function check_ledger(root, facts, progress)
  local path = ("%s/ledger/%s"):format(root, facts.file)
  local ledger <close> = need(require("tallystick.core").open(path, { mode = "ro" }))
  need(ledger:verify {
    head = { seq = facts.head.seq, hash = facts.head.hash },
    progress = function(done, total, phase) progress("verifying the " .. phase, done, total) end,
  })
  if need(ledger:info()).id ~= facts.ledger then damaged("period.json: it names another ledger") end
  compare_journal(root, facts, ledger, progress)
end

---Checks an archive; raises what archive.lua hands on.
---@param path string
---@param progress fun(label: string, done: integer, total: integer)
---@return tallystick.archive.Checked
return function(path, progress)
  if not files.exists(path) then fail(path .. ": No such file or directory", "field-invalid", { field = "path" }) end
  local folder = need(files.run "mktemp -d"):match "[^\n]+"
  local _ <close> = setmetatable({}, { __close = function() files.command("rm -rf", folder) end })
  progress("unpacking", 0, 0)
  local root = unpack_into(folder, path)
  progress("checking the sums", 0, 0)
  local names = check_sums(root)
  local facts = read_facts(root, names)
  if facts.file then check_ledger(root, facts, progress) end
  check_count(root, facts)
  return { files = #names, from = facts.from, to = facts.to, entries = facts.entries, head = facts.head,
    ledger = facts.file ~= nil }
end
