-- signing.lua - signed closings: a statement of the head at a closing, and an Ed25519 signature of it, which anyone can
-- check without Tallystick (docs/format.md).
local core = require "tallystick.core"
local files = require "tallystick.files"

local signing = {}

---What a statement says.
---@class tallystick.Statement
---@field id string the ledger's UUID
---@field through string the last day that was sealed
---@field seq integer of the closing's entry
---@field hash string 64 hexadecimal digits
---@field recorded_at string in UTC
---@field public_key string 64 hexadecimal digits

local STATEMENT = "tallystick closing 1\nledger: %s\nthrough: %s\nseq: %d\nhash: %s\nrecorded-at: %s\npublic-key: %s\n"
local PATTERN = "^tallystick closing 1\nledger: ([%x-]+)\nthrough: ([%d-]+)\nseq: (%d+)\nhash: (%x+)\n"
  .. "recorded%-at: ([%dTZ:.-]+)\npublic%-key: (%x+)\n$"

-- No statement is longer.
local STATEMENT_BYTES_MAX = 4096

local function refuse(field, message, code)
  return nil, message, code or "field-invalid", { field = field }
end

local function hex_of(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function bytes_of(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function render(facts)
  return STATEMENT:format(facts.id, facts.through, facts.seq, facts.hash, facts.recorded_at, facts.public_key)
end

-- ---- Keys ----

local function write(path, text)
  local file <close>, message = io.open(path, "wb")
  if not file then return nil, message end
  local done, wrong = file:write(text)
  if done then done, wrong = file:close() end
  return done, wrong
end

---Makes a key: the secret half in a file that only its owner may read, the public half as PEM beside it.
---Codes: `io-error` (a file is there already, the folder may not be written).
---@param path string
---@return { key: string, public: string, public_key: string }? made the two files, and the public key in hexadecimal
---@return string? message
---@return string? code
---@return table? details
function signing.make_keys(path)
  local public = path .. ".pub"
  for _, name in ipairs { path, public } do
    if files.exists(name) then
      return refuse("key", name .. ": a file is there already, and is never replaced", "io-error")
    end
  end
  local key, message, code, details = core.key_make(path)
  if not key then return nil, message, code, details end
  local saved, wrong = write(public, core.public_key_print(key))
  if not saved then
    return refuse("key", ("%s was made, but not its public half: %s"):format(path, wrong), "io-error")
  end
  files.command("chmod go-w", public) -- whatever the umask: who could change it could pass off another's signatures
  return { key = path, public = public, public_key = hex_of(key) }
end

-- ---- Statements ----

local function utc_of(ledger, time)
  local ms = core.instant(ledger, time)
  return os.date("!%Y-%m-%dT%H:%M:%S", ms // 1000) .. (".%03dZ"):format(ms % 1000)
end

-- The closing that sealed a day: the last one where none is named.
local function closing_of(ledger, through)
  local closings, message, code, details = ledger:closings()
  if not closings then return nil, message, code, details end
  if #closings == 0 then return refuse("through", "no day is closed yet: a closing is what is signed", "refused") end
  if not through then return closings[#closings] end
  for _, closing in ipairs(closings) do
    if closing.through >= through then return closing end
  end
  return refuse("through", ("through: %s is not closed yet; the last closed day is %s"):format(through,
    closings[#closings].through), "refused")
end

---Signs the closing that sealed a day. Verify the ledger first: what is signed is taken as it stands there.
---Codes: `refused` (that day is not closed), `field-invalid` (no such key, or others may read it), `io-error`.
---@param ledger tallystick.Ledger
---@param key string the path of the secret key
---@param through? string a day; the last closing where there is none
---@return string? statement
---@return string? signature 64 bytes; or the message
---@return tallystick.Statement|string|nil facts or the code
---@return table? details
function signing.sign(ledger, key, through)
  local closing, message, code, details = closing_of(ledger, through)
  if not closing then return nil, message, code, details end
  local info
  info, message, code, details = ledger:info()
  if not info then return nil, message, code, details end
  -- The statement names the key that signs it; which one that is a first signature tells.
  local first, public
  first, public, code, details = core.key_sign(key, "")
  if not first then return nil, public, code, details end
  local facts = {
    id = info.id, through = closing.through, seq = closing.head.seq, hash = closing.head.hash,
    recorded_at = utc_of(ledger, closing.recorded_at), public_key = hex_of(public),
  }
  local text = render(facts)
  local signature, signer = core.key_sign(key, text)
  if signer ~= public then return refuse("key", key .. ": the file was changed while it was used", "io-error") end
  return text, signature, facts
end

---Reads a statement, exactly as one is written.
---@param text string
---@return tallystick.Statement? facts
---@return string? message
---@return string? code
---@return table? details
function signing.read(text)
  local id, through, seq, hash, recorded_at, public_key
  if #text <= STATEMENT_BYTES_MAX then id, through, seq, hash, recorded_at, public_key = text:match(PATTERN) end
  local facts = id and { id = id, through = through, seq = math.tointeger(tonumber(seq)), hash = hash,
    recorded_at = recorded_at, public_key = public_key }
  local is_one = facts and facts.seq and #hash == 64 and #public_key == 64 and render(facts) == text
  if is_one then return facts end
  return refuse("signed", "this is no statement of a closing, or it was changed since it was written")
end

---Checks the signature of a statement. Without a public key it is only known that whoever has the key which the
---statement names has signed it.
---@param text string
---@param signature string
---@param public? string as PEM: whose signature it must be
---@return tallystick.Statement? facts
---@return string? message
---@return string? code
---@return table? details
function signing.check(text, signature, public)
  local facts, message, code, details = signing.read(text)
  if not facts then return nil, message, code, details end
  local key = bytes_of(facts.public_key)
  if public then
    local wanted = core.public_key_parse(public)
    if not wanted then return refuse("public", "this is no public Ed25519 key in PEM") end
    if wanted ~= key then return refuse("public", "the statement names another key than this one") end
  end
  if #signature ~= 64 then return refuse("signed", "this is no signature: one has 64 bytes") end
  if core.signature_holds(key, text, signature) then return facts end
  return refuse("signed", "the signature is not one of this statement: either was changed, or another key signed it")
end

-- ---- Against a ledger ----

local function has_closing(ledger, facts)
  local closings, message, code, details = ledger:closings()
  if not closings then return nil, message, code, details end
  for _, closing in ipairs(closings) do
    local head = closing.head
    if head.seq == facts.seq and closing.through == facts.through then
      return utc_of(ledger, closing.recorded_at) == facts.recorded_at
    end
  end
  return false
end

---Verifies that a ledger is the one of a statement, with the closing that it names and all that came before it.
---Codes: `refused` (another ledger, no such closing), and those of `ledger:verify`.
---@param ledger tallystick.Ledger
---@param facts tallystick.Statement
---@param verify? fun(head: tallystick.Head): tallystick.Report?, string?, string?, table? recomputes, as ledger:verify
---@return tallystick.Report? report
---@return string? message
---@return string? code
---@return table? details
function signing.verify(ledger, facts, verify)
  local info, message, code, details = ledger:info()
  if not info then return nil, message, code, details end
  if info.id ~= facts.id then
    return refuse("signed", ("the statement is of another ledger, %s; this one is %s"):format(facts.id, info.id),
      "refused")
  end
  verify = verify or function(head)
    local holds, found, wrong, where = ledger:verify { head = head }
    if holds then return found end
    return nil, found, wrong, where
  end
  local report
  report, message, code, details = verify { seq = facts.seq, hash = facts.hash }
  if not report then return nil, message, code, details end
  local found
  found, message, code, details = has_closing(ledger, facts)
  if found then return report end
  if found == nil then return nil, message, code, details end
  return refuse("signed", ("the ledger has no closing through %s that is its entry %d, recorded at %s"):format(
    facts.through, facts.seq, facts.recorded_at), "refused")
end

return signing
