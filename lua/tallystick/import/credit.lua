-- import/credit.lua - what readers of files share: exact amounts, texts without surprises, and the keys by which a
-- credit is known again.
local core = require "tallystick.core"

local credit = {}

-- A key of the ledger has at most so many bytes (design.md §6).
credit.KEY_BYTES_MAX = 128

---A structured reference, as a file has it.
---@class tallystick.import.NamedReference
---@field text string
---@field type? string what the file says it is: "QRR" or "SCOR"

---Money that came in, as a file tells it. What cannot be paid, whatever the ledger says, has a refusal.
---@class tallystick.import.Credit
---@field line integer where it stands in the file
---@field source "camt"|"csv"
---@field dated boolean whether the file tells days
---@field amount? tallystick.Money
---@field amount_text? string as the file has it
---@field currency? string as the file has it
---@field booked? string "2026-01-15"
---@field valued? string
---@field account? string the IBAN or number of the account that it came to
---@field booking? string the bank's id of the booking that it is part of
---@field id? string the bank's
---@field key? string the ledger's idempotency key for it
---@field references tallystick.import.NamedReference[] structured references
---@field texts string[] free text
---@field debtor? string who paid; for people to look at, and never written to the ledger
---@field document? string the number that a column names
---@field reference? string what a column names to be kept with the payment
---@field type? string
---@field group? string
---@field patient? string
---@field refusal? { code: string, message: string }

---Takes out of a text what no line should hold: control characters, line breaks, marks that turn the direction, and
---spaces beyond one.
---@param text string UTF-8
---@return string
function credit.clean(text)
  local cleaned = text:gsub("%c", " "):gsub("\xC2[\x80-\xA0]", " "):gsub("\xE2\x80[\xA8-\xAE]", " ")
    :gsub("\xE2\x81[\xA6-\xA9]", " ")
  return (cleaned:gsub(" +", " "):match "^ ?(.-) ?$")
end

---Reads an amount as XML has decimals: digits, and behind a point as many as will do. Decimals beyond those of the
---currency must be zeros. Whether it is above zero is another question: see `credit.unpayable`.
---@param text string?
---@param currency string?
---@return tallystick.Money? amount
---@return string? message
function credit.decimal(text, currency)
  local sign, whole, fraction = (text or ""):match "^([+-]?)(%d+)%.?(%d*)$"
  if not whole then return nil, ("the amount %q is not a decimal number"):format(text or "") end
  fraction = fraction:gsub("0+$", "")
  local plain = (sign == "-" and sign or "") .. whole .. (fraction ~= "" and "." .. fraction or "")
  local amount, message = core.money(plain, currency or "")
  if amount then return amount end
  return nil, ("the amount %q of currency %q cannot be read: %s"):format(text, currency or "", message)
end

---Why an amount cannot be paid, if that is so.
---@param amount tallystick.Money?
---@param message? string why there is none
---@return { code: string, message: string }?
function credit.unpayable(amount, message)
  if not amount then return { code = "amount-invalid", message = message } end
  if amount.minor > 0 then return nil end
  return { code = "amount-not-positive", message = ("the amount %s is not above zero"):format(amount:decimal()) }
end

local function escape(character)
  return ("%%%02X"):format(character:byte())
end

---Joins parts to a key. A part may have any bytes: those that would be taken for a joint are escaped, so that different
---parts never make one key.
---@param ... string
---@return string? key nil where it would be too long
function credit.key(...)
  local parts = { ... }
  for index, part in ipairs(parts) do parts[index] = part:gsub("[^%w %.,_/+*()-]", escape) end
  local key = table.concat(parts, ":")
  return #key <= credit.KEY_BYTES_MAX and key or nil
end

-- FNV-1a, 64 bits. It tells apart what an honest bank or export has in one file. Where it fails to, two credits have
-- one key and other contents, which goes to the list.
local FNV_OFFSET, FNV_PRIME = -3750763034362895579, 1099511628211

---Gives 16 hexadecimal digits for a list of texts. The length of each counts, so that what is moved from one to the
---next makes a difference.
---@param texts string[]
---@return string
function credit.digest(texts)
  local hash = FNV_OFFSET
  for _, text in ipairs(texts) do
    for byte in (#text .. ":" .. text):gmatch "." do hash = (hash ~ byte:byte()) * FNV_PRIME end
  end
  return ("%016x"):format(hash)
end

---Gives the references of a credit as texts.
---@param references tallystick.import.NamedReference[]
---@return string[]
function credit.texts_of(references)
  local texts = {}
  for index, one in ipairs(references) do texts[index] = one.text end
  return texts
end

---Numbers equal things: gives a function that counts how often it was asked for one.
---@return fun(name: string): integer
function credit.counter()
  local seen = {}
  return function(name)
    seen[name] = (seen[name] or 0) + 1
    return seen[name]
  end
end

return credit
