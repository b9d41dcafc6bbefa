-- complete/names.lua - the documents, payments and patients whose names begin as someone has begun to type one. Where
-- there are too many to show, their common beginnings stand for them: a list that was cut would have a beginning in
-- common which those left out do not share, and a shell would type that in.
local names = {}

-- As many names as a person still looks through, and as are told from each other in a moment.
local SHOWN_MAX = 100
-- What a name may hold: printable ASCII but for blanks, and the first bytes of what UTF-8 writes with several.
local BYTES = {}
for byte = 0x21, 0x7e do BYTES[#BYTES + 1] = string.char(byte) end
for byte = 0xc2, 0xf4 do BYTES[#BYTES + 1] = string.char(byte) end

-- A control character in a patient's id would act on the terminal.
local function is_harmless(name)
  return utf8.len(name) and not name:find "%c"
end

local function read(ledger, kind, prefix, limit)
  if not ledger or not ledger.names then return {} end
  return ledger:names(kind, prefix, limit) or {}
end

-- The beginnings that are one byte longer, and are those of a name.
local function branches_of(ledger, kind, prefix)
  local found = {}
  for _, byte in ipairs(BYTES) do
    if read(ledger, kind, prefix .. byte, 1)[1] then found[#found + 1] = prefix .. byte end
  end
  return found
end

local function is_name(ledger, kind, prefix)
  return read(ledger, kind, prefix, 1)[1] == prefix
end

-- Goes on while there is one way only: what all names have in common is no choice. A name by the way is one.
local function beginnings(ledger, kind, prefix)
  local branches = branches_of(ledger, kind, prefix)
  while #branches == 1 and not is_name(ledger, kind, branches[1]) do
    prefix = branches[1]
    branches = branches_of(ledger, kind, prefix)
  end
  return branches
end

---@param ledger tallystick.Ledger?
---@param kind "document"|"payment"|"patient"
---@param prefix string
---@return string[] found
---@return boolean whole false where they are beginnings only
function names.find(ledger, kind, prefix)
  local found = read(ledger, kind, prefix, SHOWN_MAX + 1)
  local whole = #found <= SHOWN_MAX
  local harmless = {}
  for _, name in ipairs(whole and found or beginnings(ledger, kind, prefix)) do
    if is_harmless(name) then harmless[#harmless + 1] = name end
  end
  return harmless, whole
end

return names
