-- Fills ledgers with texts of every length, erases some of them by every way there is, and reads what is left on the
-- disk byte by byte; some erasers are killed at work, and ask again: erase.lua FOLDER SEED LEDGERS. Prints two rows of
-- the trust suite's table. Ends in 1 where something of a text was left, or more than the text was gone.
local tallystick = require "tallystick"

local folder, seed, ledgers = arg[1], tonumber(arg[2]), tonumber(arg[3])
local path = folder .. "/clinic.db"
math.randomseed(seed)

local PATIENTS, DOCUMENTS, ACTS = 5, 12, 70
local LENGTHS = { 12, 30, 80, 250, 800, 1020 }
local NOTE_LENGTHS = { 12, 90, 700, 2000, 4096 }
local KILLED_OF = 3 -- every third ledger's eraser is killed first
local KILLS_MOST, EARLIEST, LATER = 80, 0.3, 0.015 -- and others after it, each later, in parts of its time
local HALFWAY_OF = 30 -- one of so many, at the least, is killed before the file is written anew

local counts = { texts = 0, erased = 0, looked = 0, killed = 0, halfway = 0, failures = 0, modes = 0,
  mode_failures = 0 }

local function failed(what, ...)
  counts.failures = counts.failures + 1
  if counts.failures > 5 then return end
  io.stderr:write(("ledger %d of seed %d: "):format(counts.ledger, seed), what:format(...), "\n")
end

-- ---- What is written ----

-- A mark that stands nowhere else, again and again up to the length: a piece of it is enough to find it.
local function text_of(texts, length, about)
  local mark = ("<%08x>"):format(math.random(0, 0xffffffff))
  texts[#texts + 1] = { mark = mark, about = about }
  counts.texts = counts.texts + 1
  return (mark:rep(length // #mark + 1)):sub(1, math.max(length, #mark))
end

local function any(list)
  return list[math.random(#list)]
end

local function one_act(ledger, texts, number)
  local document = number <= DOCUMENTS and ("C-%05d"):format(number) or ("C-%05d"):format(math.random(DOCUMENTS))
  local patient = "P" .. (tonumber(document:sub(3)) % PATIENTS + 1)
  local function about(kind)
    return { kind = kind, document = document, patient = patient }
  end
  local note = text_of(texts, any(NOTE_LENGTHS), about "note")
  if number <= DOCUMENTS then
    local label = text_of(texts, any(LENGTHS), about "label")
    return assert(ledger:consultation { patient = patient, amount = "900.00", label = label, note = note })
  end
  if math.random(3) == 1 then
    return assert(ledger:charge { document = document, amount = "1.00", note = note })
  end
  local paid = assert(ledger:pay { document = document, amount = "1.00", note = note })
  texts[#texts].about.payment = paid.number
  if math.random(4) == 1 then
    local reason = text_of(texts, any(LENGTHS), about "reason")
    assert(ledger:reverse { payment = paid.number, reason = reason })
  end
end

-- Some of it is taken back: its texts are in the log, and belong to nothing.
local function taken_back(ledger, texts)
  ledger:transaction(function(tx)
    local note = text_of(texts, any(NOTE_LENGTHS), { kind = "note", gone = true })
    assert(tx:charge { document = "C-00001", amount = "1.00", note = note })
    return nil, "not after all"
  end)
end

local function fill(ledger)
  local texts = {}
  for number = 1, ACTS do
    one_act(ledger, texts, number)
    if number > DOCUMENTS and math.random(10) == 1 then taken_back(ledger, texts) end
  end
  return texts
end

-- ---- What is erased ----

local function choice()
  local way = math.random(4)
  local kinds = math.random(3) == 1 and { any { "note", "label", "reason" } } or nil
  if way == 1 then return { patient = "P" .. math.random(PATIENTS), texts = kinds } end
  if way == 2 then return { document = ("C-%05d"):format(math.random(DOCUMENTS)), texts = kinds } end
  if way == 3 then return { payment = "R-00001" } end
  return { act = 1, texts = kinds }
end

local function is_chosen(about, chosen)
  if chosen.texts and chosen.texts[1] ~= about.kind then return false end
  if chosen.act then return about.document == "C-00001" and about.first end
  for _, name in ipairs { "patient", "document", "payment" } do
    if chosen[name] then return about[name] == chosen[name] end
  end
end

-- Read by another process: where one closes a file it loses all the locks that it has on it.
local function on_disk()
  local pipe <close> = io.popen(("cd %s && cat clinic.db* 2>/dev/null"):format(folder))
  return pipe:read "a"
end

-- How long a process that erases takes here and now, in seconds: it writes the file anew, whatever it finds.
local function time_of_erasing()
  local line = "TIMEFORMAT=%%R; time lua5.4 bin/tallystick erase %s --act 1 --text reason --yes"
  local pipe <close> = io.popen("bash -c '" .. line:format(path) .. "' 2>&1 >/dev/null")
  return assert(tonumber((pipe:read "a"):match "([%d.]+)%s*$"), "a process that erases does not come to its end")
end

local function is_left(texts, chosen)
  local bytes = on_disk()
  for _, text in ipairs(texts) do
    if not text.about.gone and is_chosen(text.about, chosen) and bytes:find(text.mark, 1, true) then return true end
  end
  return false
end

-- Kills processes that erase, each a little later, until one has taken the texts out of the ledger: that one is just
-- behind its commit, or further.
local function erase_killed(ledger, texts, chosen)
  local words = {}
  for name, value in pairs(chosen) do
    if name == "texts" then name, value = "text", value[1] end
    words[#words + 1] = ("--%s %s"):format(name, value)
  end
  local seconds, asked = time_of_erasing(), { dry_run = true }
  for name, value in pairs(chosen) do asked[name] = value end
  local line = ("lua5.4 bin/tallystick erase %s %s --yes >/dev/null 2>&1"):format(path, table.concat(words, " "))
  for times = 1, KILLS_MOST do
    if assert(ledger:erase(asked)).texts == 0 then break end
    local moment = seconds * (EARLIEST + LATER * times) -- by no lot: all else is the same with the same seed
    local _, _, code = os.execute(("timeout -s KILL %.4f "):format(moment) .. line)
    if code == 137 then counts.killed = counts.killed + 1 end
  end
  if is_left(texts, chosen) then counts.halfway = counts.halfway + 1 end
end

-- ---- What is left ----

local function look(texts, when)
  local bytes = on_disk()
  for _, text in ipairs(texts) do
    counts.looked = counts.looked + 1
    -- A text is cut where its length ends: a piece of a mark is looked for, too.
    local found = bytes:find(text.mark, 1, true) or bytes:find(text.mark:sub(1, 7), 1, true)
    if text.erased and found then failed("%s of %s was erased, and bytes of it are left %s", text.about.kind,
      text.about.document or "nothing", when) end
    if not text.erased and not text.about.gone and not found then
      failed("%s of %s was not erased, and is gone %s", text.about.kind, text.about.document, when)
    end
  end
end

local function look_at_rights()
  local pipe <close> = io.popen(("find %s -type f -printf '%%m %%P\\n'"):format(folder))
  for line in pipe:lines() do
    counts.modes = counts.modes + 1
    if line:sub(1, 4) ~= "600 " then counts.mode_failures = counts.mode_failures + 1 end
  end
end

-- Neither the text nor the salt by which it could be guessed.
local SALTS = [[python3 -c "import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(
    'SELECT count(*) FROM annotation WHERE body IS NULL AND salt IS NOT NULL'): print(row[0])" %s]]

local function salts_left()
  local pipe <close> = io.popen(SALTS:format(path))
  return tonumber(pipe:read "l")
end

local function one_ledger(number)
  counts.ledger = number
  os.execute("rm -f " .. path .. "*")
  local ledger = assert(tallystick.open(path, { actor = "desk-1" }))
  local texts = fill(ledger)
  look_at_rights()
  for index, text in ipairs(texts) do text.about.first = index <= 2 end
  local head = assert(ledger:head())
  look(texts, "before anything was erased")
  for round = 1, 2 do
    local chosen = choice()
    if number % KILLED_OF == 0 and round == 1 then erase_killed(ledger, texts, chosen) end
    local erased, message, code = ledger:erase(chosen)
    if not erased then failed("erasing was answered %s: %s", code, message) end
    for _, text in ipairs(texts) do
      if text.about.gone or is_chosen(text.about, chosen) then
        if not text.erased then counts.erased = counts.erased + 1 end
        text.erased = true
      end
    end
    look(texts, "in the open file")
  end
  local holds, message = ledger:verify { head = head }
  if not holds then failed("the ledger does not verify: %s", message) end
  ledger:close()
  look(texts, "in the closed file")
  if salts_left() ~= 0 then failed "the salt of an erased text is left: it could be guessed" end
end

for number = 1, ledgers do one_ledger(number) end
if counts.halfway * KILLED_OF * HALFWAY_OF < ledgers then
  failed("of %d erasers killed only %d had taken texts out, and no more", counts.killed, counts.halfway)
end
print(("| an erased note, label or reason leaves no byte in file and log, and the chain holds "
  .. "| %d ledgers, %d texts, %d erased | %d looks at every byte, %d erasers killed, %d of them halfway | %d |")
  :format(ledgers, counts.texts, counts.erased, counts.looked, counts.killed, counts.halfway, counts.failures))
print(("| a ledger's files are their owner's alone | %d files, %d ledgers | made under umask 000 | %d |")
  :format(counts.modes, ledgers, counts.mode_failures))
os.exit(counts.failures + counts.mode_failures == 0)
