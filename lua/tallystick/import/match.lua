-- import/match.lua - which document a credit pays. What names a document comes from outside, so nothing is guessed:
-- where two documents fit, or a reference fits none, a person must look.
--
-- In this order: a structured reference; a reference within the free text; numbers of documents in the free text. The
-- first of these that is there decides, right or wrong: a credit whose reference is another's is not searched for
-- numbers. A number counts as it is, or without dashes, leading zeros and capitals, as people write it.
local reference = require "tallystick.reference"

local match = {}

-- A document's number has at most so many bytes (design.md §6).
local NUMBER_BYTES_MAX = 32

-- A number of digits alone counts in free text from this length on: years, days and house numbers are shorter.
local BARE_DIGITS_MIN = 5

-- ---- Words of a free text ----

-- What a person would take for one word; letters beyond ASCII belong to it, so that "réf12" holds no "f12".
local WORD = "[%w._/\128-\255-]+"

local function is_number(word)
  if #word > NUMBER_BYTES_MAX or not word:find "%d" or word:find "[\128-\255]" then return false end
  return word:find "%D" ~= nil or #word >= BARE_DIGITS_MIN
end

-- Adds a word, and where it may be several that were joined, these.
local function add_word(words, word)
  word = word:gsub("^[._/-]+", ""):gsub("[._/-]+$", "")
  if is_number(word) then words[#words + 1] = word end
  if not word:find "[./]" then return end
  for piece in word:gmatch "[^./]+" do
    if is_number(piece) then words[#words + 1] = piece end
  end
end

-- Gives the words of a text that may be numbers of documents.
local function words_of(text)
  local words = {}
  for word in text:gmatch(WORD) do add_word(words, word) end
  return words
end

-- Gives "F 00012" as "F00012": a space stands where a dash should.
local function joined_words_of(text)
  local joined = {}
  for letters, digits in (" " .. text .. " "):gmatch "%f[%w\128-\255](%a+) (%d+)%f[^%w\128-\255]" do
    local word = letters .. digits
    if #word <= NUMBER_BYTES_MAX then joined[#joined + 1] = word end
  end
  return joined
end

---What people keep of a number: its groups of letters and of digits, without leading zeros and capitals. "F-00012",
---"f12" and "F 00012" have one key, "F-1-23" and "F-12-3" two.
---@param number string
---@return string? key nil where it has no letters, or no digits: digits alone are too much like other things
function match.loose_key(number)
  if not (number:find "%a" and number:find "%d") then return nil end
  local groups = {}
  for letters, digits in number:upper():gmatch "(%a*)(%d*)" do
    if letters ~= "" then groups[#groups + 1] = letters end
    if digits ~= "" then groups[#groups + 1] = digits:match "^0*(%d+)$" end
  end
  return table.concat(groups, "-")
end

-- ---- References ----

-- QR references in a text: 27 digits together, or in groups as invoices print them.
local QR_TOGETHER = "%f[%w](" .. ("%d"):rep(27) .. ")%f[%W]"
local QR_GROUPED = "%f[%w](%d%d" .. (" %d%d%d%d%d"):rep(5) .. ")%f[%W]"

-- A creditor reference in groups ends where the next words begin, which may look like another group: every end is
-- tried, and counts where the check digits agree.
local function each_creditor(text, add)
  for at in text:gmatch "()%f[%w][Rr][Ff]%d%d%w" do
    local together = text:match("^%w+", at)
    if reference.parse(together) then add(together) end
  end
  for grouped in text:gmatch "%f[%w][Rr][Ff]%d%d [%w ]+" do
    local taken = ""
    for group in grouped:gmatch "%w+" do
      taken = taken .. group
      if reference.parse(taken) then add(taken) end
      if #group ~= 4 then break end
    end
  end
end

-- Gives the references of a text whose check digits are right.
local function references_of(text)
  local found = {}
  local function add(one)
    local parsed = reference.parse(one)
    if parsed then found[#found + 1] = parsed end
  end
  for one in text:gmatch(QR_TOGETHER) do add(one) end
  for one in text:gmatch(QR_GROUPED) do add(one) end
  each_creditor(text, add)
  return found
end

-- ---- What a credit asks for ----

---@class tallystick.import.Clues
---@field references tallystick.Reference[]
---@field wrong? string what is wrong with a structured reference
---@field words string[]
---@field joined string[]

-- The types of references whose form is fixed; what a bank calls so and is not is a slip, not a text.
local FIXED = { QRR = true, SCOR = true }

-- Reads the structured references; one of another kind is free text.
local function read_structured(credit, clues, texts)
  for _, one in ipairs(credit.references) do
    if FIXED[one.type] or reference.kind(one.text) then
      local parsed, message = reference.parse(one.text)
      if parsed then clues.references[#clues.references + 1] = parsed else clues.wrong = message end
    else
      texts[#texts + 1] = one.text
    end
  end
end

local function clues_of(credit)
  local clues, texts = { references = {}, words = {}, joined = {} }, {}
  table.move(credit.texts, 1, #credit.texts, 1, texts)
  read_structured(credit, clues, texts)
  if clues.wrong or #clues.references > 0 then return clues end
  local text = table.concat(texts, " ; ")
  clues.references = references_of(text)
  if #clues.references == 0 then clues.words, clues.joined = words_of(text), joined_words_of(text) end
  return clues
end

-- ---- The invoices that fit ----

-- What is looked for: by kind of key, each key with the invoices that fit.
local function new_wanted() return { qr = {}, creditor = {}, loose = {} } end

local function want(wanted, kind, key)
  if not key or wanted[kind][key] then return end
  wanted[kind][key], wanted.any = {}, true
end

local function key_of(parsed, prefix)
  if parsed.kind == "creditor" then return parsed.key end
  return reference.behind_prefix(parsed, prefix)
end

local function want_clues(wanted, clues, prefix)
  for _, parsed in ipairs(clues.references) do want(wanted, parsed.kind, key_of(parsed, prefix)) end
  for _, word in ipairs(clues.words) do want(wanted, "loose", match.loose_key(word)) end
  for _, word in ipairs(clues.joined) do want(wanted, "creditor", reference.creditor_key(word)) end
end

local KEYS = { qr = reference.qr_key, creditor = reference.creditor_key, loose = match.loose_key }

-- Walks the invoices once, and keeps those that are looked for: memory grows with the file, not with the ledger.
local function find_invoices(ledger, wanted)
  if not wanted.any then return true end
  local step, message, code, cursor = ledger:documents { kind = "invoice" }
  if not step then return nil, message, code end
  for document in step, message, code, cursor do
    for kind, key in pairs(KEYS) do
      local kept = key(document.number)
      local fitting = kept and wanted[kind][kept]
      if fitting then fitting[#fitting + 1] = document.number end
    end
  end
  return true
end

-- ---- The verdict ----

local function refuse(code, message, ...)
  return { code = code, message = message:format(...) }
end

local function add_all(set, numbers)
  for _, number in ipairs(numbers or {}) do
    if not set[number] then
      set[number] = true
      set[#set + 1] = number
    end
  end
end

-- Two names at most: a text may name a hundred.
local function listed(set)
  table.sort(set)
  return #set == 2 and ("%s and %s"):format(set[1], set[2]) or ("%s, %s and %d more"):format(set[1], set[2], #set - 2)
end

local function decide(set, none)
  if #set == 0 then return none end
  if #set == 1 then return { document = set[1] } end
  return refuse("document-ambiguous", "it may pay %s; nothing says which", listed(set))
end

local function by_reference(clues, wanted, prefix)
  local set = {}
  for _, parsed in ipairs(clues.references) do
    local fitting = wanted[parsed.kind][key_of(parsed, prefix) or false]
    if not fitting or #fitting == 0 then
      return refuse("reference-unknown", "no invoice has the reference %s", reference.format(parsed.text))
    end
    add_all(set, fitting)
  end
  return decide(set)
end

-- A document that a text names as it is: an invoice, a consultation, or the invoice that the consultation is on.
local function named_document(names, number)
  if names.known[number] == nil then
    local document, message, code = names.ledger:document(number)
    if not document and code ~= "document-unknown" then names.failure = { message = message, code = code } end
    names.known[number] = document and (document.invoice or document.number) or false
  end
  return names.known[number] or nil
end

-- A word that is a document's number means that document, and none whose number people would write like it.
local function by_words(names, clues, wanted)
  local set = {}
  for _, word in ipairs(clues.words) do
    local exact = named_document(names, word)
    add_all(set, exact and { exact } or wanted.loose[match.loose_key(word) or false])
  end
  for _, word in ipairs(clues.joined) do add_all(set, wanted.creditor[reference.creditor_key(word) or false]) end
  return decide(set, refuse("document-missing", "nothing in it names a document of this ledger"))
end

local function by_number(names, number)
  local fits = #number <= NUMBER_BYTES_MAX and not number:find "[^%w./_-]"
  local document = fits and named_document(names, number)
  if document then return { document = document } end
  return refuse("document-unknown", "no document has the number %q", number)
end

local function by_clues(names, clues, wanted, prefix)
  if clues.wrong then return { code = "reference-invalid", message = clues.wrong } end
  if #clues.references > 0 then return by_reference(clues, wanted, prefix) end
  return by_words(names, clues, wanted)
end

---What a credit pays: a document, or why none was found.
---@alias tallystick.import.Match { document: string }|{ code: string, message: string }

---Finds the documents that credits pay. The ledger is only read: its invoices once, where anything asks for them.
---@param ledger tallystick.Ledger
---@param credits tallystick.import.Credit[] those that have a refusal get no match
---@param prefix? string of the QR references
---@return table<tallystick.import.Credit, tallystick.import.Match>? matches
---@return string? message
---@return string? code
function match.find(ledger, credits, prefix)
  local clues, wanted, matches, names = {}, new_wanted(), {}, { ledger = ledger, known = {} }
  for _, credit in ipairs(credits) do
    if not credit.refusal and not credit.document then
      clues[credit] = clues_of(credit)
      want_clues(wanted, clues[credit], prefix)
    end
  end
  local found, message, code = find_invoices(ledger, wanted)
  if not found then return nil, message, code end
  for _, credit in ipairs(credits) do
    if clues[credit] then
      matches[credit] = by_clues(names, clues[credit], wanted, prefix)
    elseif not credit.refusal then
      matches[credit] = by_number(names, credit.document)
    end
    if names.failure then return nil, names.failure.message, names.failure.code end
  end
  return matches
end

return match
