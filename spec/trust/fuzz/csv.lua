-- csv.lua - fuzzes a table of payments: an input's first line is letters, for how the table is to be read and which
-- columns are looked for; what follows is the table. Each row must become a credit, and no digit of its amount be lost.
local credits = require "spec.trust.fuzz.credits"
local csv = require "tallystick.import.csv"
local oracle = require "spec.trust.fuzz.oracle"
local table_of = require "tallystick.csv"

local must = oracle.must

local COLUMNS = {
  B = "amount", D = "document", C = "currency", A = "at", T = "type", G = "group", P = "patient", R = "reference",
  X = "text", K = "key",
}
local NAMES = {
  amount = "Amount", document = "Invoice", currency = "Currency", at = "Date", type = "Type", group = "Group",
  patient = "Patient", reference = "Reference", text = "Text", key = "Key",
}
local SEPARATORS = { [","] = ",", [";"] = ";", tab = "\t" }

local function options_of(letters)
  local options = { columns = {}, currency = "CHF" }
  for letter in letters:gmatch "%u" do
    local field = COLUMNS[letter]
    if field then options.columns[field] = NAMES[field] end
  end
  options.decimal = letters:find "c" and "," or nil
  options.dates = letters:find "d" and "DD.MM.YYYY" or letters:find "m" and "MM/DD/YYYY" or nil
  options.separator = letters:find "s" and ";" or letters:find "t" and "tab" or letters:find "k" and "," or nil
  options.encoding = letters:find "l" and "latin-1" or nil
  options.constants = letters:find "f" and not options.columns.document and { document = "F-00002" } or nil
  return options, { deposit = letters:find "x" ~= nil, at = letters:find "n" and "now" or nil }
end

-- Writes records anew, each cell in quotes.
local function spelled_anew(records, separator)
  local lines = {}
  for index, record in ipairs(records) do
    local cells = {}
    for place, cell in ipairs(record) do cells[place] = '"' .. cell:gsub('"', '""') .. '"' end
    lines[index] = table.concat(cells, separator)
  end
  return table.concat(lines, "\r")
end

local function records_of(text, separator)
  local records = {}
  for record, line, message in table_of.reader(text, separator) do
    must(record, "a table that was accepted has no fault in line %s: %s", line, message)
    records[#records + 1] = record
  end
  return records
end

-- Whether an amount that was written has the digits of the one that was read.
local function same_digits(written, amount, decimal)
  local sign = written:find "^ *%-" and "-" or ""
  local whole, fraction = written, ""
  local at = written:find(decimal, 1, true)
  if at then whole, fraction = written:sub(1, at - 1), written:sub(at + 1) end
  local plain = whole:gsub("%D", ""):gsub("^0+", "") .. "." .. fraction:gsub("0+$", "")
  local read_whole, read_fraction = amount:decimal():match "^%-?(%d+)%.?(%d*)$"
  local read_sign = amount.minor < 0 and "-" or ""
  if amount.minor == 0 then sign = "" end
  return sign .. plain == read_sign .. read_whole:gsub("^0+", "") .. "." .. read_fraction:gsub("0+$", "")
end

local function check(text, read, options)
  local separator = SEPARATORS[read.separator]
  local records = records_of(text, separator)
  must(#read.credits == #records - 1, "each row is a credit: %s of %s", #read.credits, #records - 1)
  local again = assert(csv.parse(spelled_anew(records, separator), options))
  for index, credit in ipairs(read.credits) do
    local amount = credit.amount
    must(credit.refusal or amount.minor > 0, "a credit without a refusal has an amount above zero")
    must(not amount or same_digits(credit.amount_text, amount, options.decimal or "."), "%s was read as %s",
      credit.amount_text, amount)
    local other = again.credits[index]
    must(amount == other.amount and credit.key == other.key, "quotes change nothing: %s, %s", credit.key, other.key)
  end
end

return function(input)
  local letters, text = input:match "^([^\n]*)\n(.*)$"
  if not letters then return end
  local options, plan_options = options_of(letters)
  local read, message, code = csv.parse(text, options)
  if not read then return credits.refused(message, code) end
  -- In another encoding the cells are read as they are; the text that is compared must be in the ledger's.
  if not options.encoding then check(text, read, options) end
  credits.pay(input, read.credits, plan_options)
end
