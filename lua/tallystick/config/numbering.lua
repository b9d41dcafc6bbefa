-- Checks the formats of document and payment numbers, and that consultations and invoices can never share a number.

local checks = require "tallystick.config.checks"

local numbering = {}

-- A document's number has at most 32 bytes (design.md §6).
local NUMBER_BYTES_MAX = 32
-- A series may run to 18 digits: the longest that always fits into an int64.
local DIGITS_MAX = 18

local EXPECTED = 'a format with one %d or one %0Nd, such as "C-%05d"'
-- What the ledger uses for a kind that the script does not name (design.md §2).
local STANDARD = { consultation = "C-%05d", invoice = "F-%05d" }

---@param format string
---@return string? prefix
---@return string? suffix
local function split(format)
  local prefix, width, suffix = format:match "^([^%%]*)%%([0-9]*)d([^%%]*)$"
  if not prefix then return nil end
  local digits = tonumber(width:match "^0([1-9]%d?)$")
  if width ~= "" and not (digits and digits <= DIGITS_MAX) then return nil end
  return prefix, suffix
end

---What is wrong with a format, to be read after it.
---@param format string
---@return string? fault
local function format_fault(format)
  local prefix, suffix = split(format)
  if not prefix then return "is not a format for numbers" end
  local literal = prefix .. suffix
  if literal:find "[^A-Za-z0-9./_-]" then return "has a character that numbers may not have" end
  if #literal + DIGITS_MAX > NUMBER_BYTES_MAX then
    return ("makes numbers of up to %d bytes"):format(#literal + DIGITS_MAX)
  end
  return nil
end

---@param value any
---@param place tallystick.Place
---@return string?
local function format_check(value, place)
  if type(value) ~= "string" then return place:refuse_kind(value, EXPECTED) end
  local fault = format_fault(value)
  if not fault then return value end
  place:refuse(fault, {
    value = value,
    expected = EXPECTED .. (", otherwise only A-Z a-z 0-9 . / _ -, at most %d bytes with %d digits")
      :format(NUMBER_BYTES_MAX, DIGITS_MAX),
  })
end

---@param text string
---@param start string
---@return boolean
local function begins(text, start)
  return text:sub(1, #start) == start
end

---Whether two formats can make the same number. They can only where what is around the digits is the same, and digits
---of the format's own may pass for the number's: "%d" and "1%d" both make 12.
---@param left string
---@param right string
---@return boolean
local function collide(left, right)
  local left_prefix, left_suffix = split(left)
  local right_prefix, right_suffix = split(right)
  local left_stem, left_digits = left_prefix:match "^(.-)(%d*)$"
  local right_stem, right_digits = right_prefix:match "^(.-)(%d*)$"
  local left_tail, left_rest = left_suffix:match "^(%d*)(.*)$"
  local right_tail, right_rest = right_suffix:match "^(%d*)(.*)$"
  left_tail, right_tail = left_tail:reverse(), right_tail:reverse()
  return left_stem == right_stem and left_rest == right_rest
    and (begins(left_digits, right_digits) or begins(right_digits, left_digits))
    and (begins(left_tail, right_tail) or begins(right_tail, left_tail))
end

local formats_by_kind = checks.record({
  { name = "consultation", check = format_check },
  { name = "invoice", check = format_check },
  { name = "payment", check = format_check },
}, '{ invoice = "F-%05d" }')

---Formats by kind; those that the script leaves out are nil.
---@param value any
---@param place tallystick.Place
---@return table<string, string>?
function numbering.check(value, place)
  local formats = formats_by_kind(value, place)
  if not formats then return nil end
  local consultation = formats.consultation or value.consultation == nil and STANDARD.consultation
  local invoice = formats.invoice or value.invoice == nil and STANDARD.invoice
  if consultation and invoice and collide(consultation, invoice) then
    local kind = formats.invoice and "invoice" or "consultation"
    local other = kind == "invoice" and "consultation" or "invoice"
    place:at(kind):refuse(("can make the same number as the %s format %q"):format(other,
      kind == "invoice" and consultation or invoice), { value = formats[kind], expected = "another prefix" })
  end
  return formats
end

return numbering
