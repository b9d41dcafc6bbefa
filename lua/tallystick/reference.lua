-- reference.lua - the references that stand on invoices and come back with a bank's credits: the Swiss QR reference and
-- the creditor reference of ISO 11649. Makes, reads and sets them, and says how a document's number stands in them.
--
-- The ledger keeps no reference on an invoice, so the number itself is in it. A QR reference holds the digits of the
-- number, a creditor reference its letters and digits. What a reference cannot hold (dashes, leading zeros, small
-- letters, and in a QR reference all letters) is lost: `qr_key` and `creditor_key` say what is left of a number. Two
-- numbers of which the same is left cannot be told apart by their references.
local reference = {}

-- 26 digits and a check digit (Swiss Implementation Guidelines for the QR-bill, annex B).
local QR_DIGITS = 26
-- "RF", two check digits, and at most so many letters and digits (ISO 11649).
local BODY_CHARACTERS_MAX = 21

-- The table of modulo 10, recursive: the carry goes in, the digit is added to choose, the next carry comes out.
local CARRIES = { [0] = 0, 9, 4, 6, 8, 2, 7, 1, 3, 5 }

local function refuse(field, value, message, expected)
  return nil, ("%s: %s"):format(field, message), "field-invalid", { field = field, value = value, expected = expected }
end

---Computes the check digit of modulo 10, recursive.
---@param digits string digits only
---@return string digit
function reference.check_digit(digits)
  local carry = 0
  for digit in digits:gmatch "%d" do carry = CARRIES[(carry + digit:byte() - 48) % 10] end
  return tostring((10 - carry) % 10)
end

-- The remainder by 97 of letters and digits, where A counts as 10 and Z as 35 (ISO 7064, MOD 97-10).
local function remainder_97(text)
  local rest = 0
  for character in text:gmatch "." do
    local value = tonumber(character, 36)
    rest = (rest * (value > 9 and 100 or 10) + value) % 97
  end
  return rest
end

local function check_digits_97(body)
  return ("%02d"):format(98 - remainder_97(body .. "RF00"))
end

---What a QR reference holds of a number: its digits, without leading zeros.
---@param number string
---@return string? key nil where it has no digit but zeros
function reference.qr_key(number)
  local digits = number:gsub("%D", ""):gsub("^0+", "")
  return digits ~= "" and digits or nil
end

---What a creditor reference holds of a number: its letters, made large, and its digits, without leading zeros.
---@param number string
---@return string? key nil where nothing is left
function reference.creditor_key(number)
  local body = number:gsub("[^%w]", ""):upper():gsub("^0+", "")
  return body ~= "" and body or nil
end

---Tells whether a prefix may stand in front of the numbers of QR references.
---@param prefix any
---@return boolean
function reference.is_prefix(prefix)
  return type(prefix) == "string" and prefix:find "^%d+$" ~= nil and #prefix < QR_DIGITS
end

---Makes the QR reference of a document: the prefix, zeros, the digits of its number, and a check digit.
---Errors: `field-invalid` (the number has no digits, or more than fit).
---@param number string a document's number
---@param options? { prefix?: string } digits that the bank wants in front
---@return string? text 27 digits
---@return string? message
---@return string? code
---@return table? details
function reference.qr(number, options)
  local prefix = options and options.prefix or ""
  if prefix ~= "" and not reference.is_prefix(prefix) then
    return refuse("prefix", tostring(prefix), "give digits, fewer than 26", "digits")
  end
  if type(number) ~= "string" then return refuse("number", tostring(number), "give a document's number", "a text") end
  if not reference.qr_key(number) then
    return refuse("number", number, ("%q has no digits that a QR reference could hold"):format(number), "digits")
  end
  local digits, room = number:gsub("%D", ""), QR_DIGITS - #prefix
  if #digits > room then
    return refuse("number", number, ("%q has %d digits, and %d have room"):format(number, #digits, room),
      ("at most %d digits"):format(room))
  end
  local body = prefix .. ("0"):rep(room - #digits) .. digits
  return body .. reference.check_digit(body)
end

---Makes the creditor reference of a document: RF, two check digits, and the letters and digits of its number.
---Errors: `field-invalid` (the number has none but zeros, or more than fit).
---@param number string a document's number
---@return string? text such as "RF80F00012"
---@return string? message
---@return string? code
---@return table? details
function reference.creditor(number)
  if type(number) ~= "string" then return refuse("number", tostring(number), "give a document's number", "a text") end
  if not reference.creditor_key(number) then
    return refuse("number", number, ("%q has no letters or digits that a reference could hold"):format(number),
      "letters and digits")
  end
  local body = number:gsub("[^%w]", ""):upper()
  if #body > BODY_CHARACTERS_MAX then
    return refuse("number", number, ("%q has %d letters and digits, and %d have room"):format(number, #body,
      BODY_CHARACTERS_MAX), ("at most %d letters and digits"):format(BODY_CHARACTERS_MAX))
  end
  return "RF" .. check_digits_97(body) .. body
end

---A reference that was read.
---@class tallystick.Reference
---@field kind "qr"|"creditor"
---@field text string without spaces, letters large
---@field key string what it holds of a number, as qr_key (with the prefix) or creditor_key give it

local function parse_qr(text)
  local body, check = text:sub(1, QR_DIGITS), text:sub(-1)
  local right = reference.check_digit(body)
  if check ~= right then
    return refuse("reference", text, ("the check digit of %s is %s and should be %s"):format(text, check, right), right)
  end
  -- Nothing but zeros passes the check, and is not a reference.
  local key = reference.qr_key(body)
  if not key then return refuse("reference", text, ("%s is zeros only"):format(text), "a number in it") end
  return { kind = "qr", text = text, key = key }
end

local function parse_creditor(text)
  local check, body = text:match "^RF(%d%d)(%w+)$"
  if not body or #body > BODY_CHARACTERS_MAX then
    return refuse("reference", text, ("%s is not RF, two digits, and 1 to %d letters and digits"):format(text,
      BODY_CHARACTERS_MAX), "such as RF18539007547034")
  end
  if remainder_97(body .. "RF" .. check) ~= 1 then
    local right = check_digits_97(body)
    return refuse("reference", text, ("the check digits of %s are %s and should be %s"):format(text, check, right),
      right)
  end
  local key = reference.creditor_key(body)
  if not key then return refuse("reference", text, ("%s holds zeros only"):format(text), "a number in it") end
  return { kind = "creditor", text = text, key = key }
end

---Tells of what kind a text would be by its looks, right or not.
---@param text string
---@return "qr"|"creditor"|nil kind
function reference.kind(text)
  local bare = text:gsub("%s", "")
  if #bare == QR_DIGITS + 1 and not bare:find "%D" then return "qr" end
  if bare:find "^[Rr][Ff]%d%d%w" then return "creditor" end
  return nil
end

---Reads a reference and holds it against its check digits. Spaces may stand anywhere in it.
---Errors: `field-invalid`, with what should have stood there.
---@param text string
---@return tallystick.Reference? parsed
---@return string? message
---@return string? code
---@return table? details
function reference.parse(text)
  if type(text) ~= "string" then return refuse("reference", tostring(text), "give a text", "a reference") end
  local kind, bare = reference.kind(text), text:gsub("%s", ""):upper()
  if kind == "qr" then return parse_qr(bare) end
  if kind == "creditor" then return parse_creditor(bare) end
  return refuse("reference", text, ("%q is neither 27 digits nor RF with check digits"):format(text),
    "a QR reference or a creditor reference")
end

---Gives what a QR reference holds behind a prefix, without leading zeros; nil where it has another prefix, or where
---nothing stands behind it.
---@param parsed tallystick.Reference of kind "qr"
---@param prefix? string
---@return string? key
function reference.behind_prefix(parsed, prefix)
  if not prefix or prefix == "" then return parsed.key end
  local body = parsed.text:sub(1, QR_DIGITS)
  if body:sub(1, #prefix) ~= prefix then return nil end
  return reference.qr_key(body:sub(#prefix + 1))
end

---Sets a reference as invoices print it: a QR reference in fives from the right, a creditor reference in fours from the
---left. A text that is no reference is given back as it is.
---@param text string
---@return string
function reference.format(text)
  local kind, bare = reference.kind(text), text:gsub("%s", ""):upper()
  if kind == "qr" then return (bare:sub(1, 2) .. bare:sub(3):gsub("%d%d%d%d%d", " %0")) end
  if kind == "creditor" then return (bare:gsub("%w%w%w%w", "%0 "):gsub(" $", "")) end
  return text
end

return reference
