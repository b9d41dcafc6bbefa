-- import/csv.lua - reads payments from a table of comma-separated values, by a map that says which column holds what.
local cells = require "tallystick.import.cells"
local credit = require "tallystick.import.credit"
local file = require "tallystick.import.file"
local nearest = require "tallystick.config.nearest"
local table_of = require "tallystick.csv"

local csv = {}

-- The text is read as a whole. A million payments have about so many bytes.
csv.FILE_BYTES_MAX = 1 << 26

-- Enough for years of a clinic; each takes about a kilobyte of memory.
csv.ROWS_MAX = 200000

-- What a column can hold, in the order in which it counts for the key.
local FIELDS = { "document", "amount", "currency", "at", "type", "group", "patient", "reference", "text", "key" }

local IS_FIELD = {}
for _, field in ipairs(FIELDS) do IS_FIELD[field] = true end

local SEPARATORS = { [","] = ",", [";"] = ";", tab = "\t" }

---@class tallystick.import.CsvOptions
---@field columns table<string, string> the name of the column by what it holds: document, amount, currency, at, type,
---group, patient, reference, text, key
---@field constants? table<string, string> what holds for each row, by the same names, but amount and key
---@field currency string of amounts that no column gives a currency
---@field separator? "auto"|","|";"|"tab" by default the one that the first line has
---@field decimal? "."|"," what stands before the decimals; "." by default
---@field dates? "YYYY-MM-DD"|"DD.MM.YYYY"|"MM/DD/YYYY" how days are written; "YYYY-MM-DD" by default
---@field encoding? "utf-8"|"latin-1" "utf-8" by default
---@field name? string of the file, for messages

local KNOWN = {
  columns = "table", constants = "table", currency = "string", separator = { "auto", ",", ";", "tab" },
  decimal = { ".", "," }, dates = cells.dates, encoding = { "utf-8", "latin-1" }, name = "string",
}

---@class tallystick.import.Table
---@field name string of the file
---@field separator string that it was read with
---@field rows integer
---@field credits tallystick.import.Credit[] one for each row, in the order of the file

local function refuse(code, field, message, details)
  details = details or {}
  details.field = field
  return nil, message, code, details
end

-- ---- What was asked for ----

local function check_names(option, names)
  for field, value in pairs(names) do
    if not IS_FIELD[field] then
      local near = nearest(field, FIELDS)
      return refuse("field-unknown", option, ("%s: no payment has a %q%s"):format(option, tostring(field),
        near and ("; did you mean %q?"):format(near) or ""), { value = tostring(field), nearest = near })
    end
    if type(value) ~= "string" or value == "" then
      return refuse("field-invalid", option, ("%s: give a text for %s"):format(option, field), { value = field })
    end
  end
  return true
end

local function check_once(columns, constants)
  for field in pairs(constants) do
    if field == "amount" or field == "key" then
      return refuse("field-invalid", "constants", ("constants: the %s cannot be the same in each row"):format(field),
        { value = field })
    end
    if columns[field] then
      return refuse("field-invalid", "constants", ("constants: %s has the column %q already"):format(field,
        columns[field]), { value = field })
    end
  end
  return true
end

local function check(what, options)
  local checked, message, code, details = file.options(what, options, KNOWN)
  if not checked then return nil, message, code, details end
  local columns, constants = checked.columns or {}, checked.constants or {}
  local sound
  for option, names in pairs { columns = columns, constants = constants } do
    sound, message, code, details = check_names(option, names)
    if not sound then return nil, message, code, details end
  end
  sound, message, code, details = check_once(columns, constants)
  if not sound then return nil, message, code, details end
  if not columns.amount then
    return refuse("field-missing", "columns", "columns: name the column of the amount, such as { amount = \"Amount\" }")
  end
  local has_currency = checked.currency or columns.currency or constants.currency
  if not has_currency then
    return refuse("field-missing", "currency", "currency: name the currency of the amounts, such as \"CHF\"")
  end
  return {
    columns = columns, constants = constants, currency = checked.currency, separator = checked.separator or "auto",
    decimal = checked.decimal or ".", dates = checked.dates or cells.dates[1], encoding = checked.encoding or "utf-8",
    name = checked.name,
  }
end

-- ---- The text ----

local function to_utf8(character)
  return utf8.char(character:byte())
end

local function decode(text, asked)
  if asked.encoding == "latin-1" then return (text:gsub("[\128-\255]", to_utf8)) end
  local _, wrong = utf8.len(text)
  if not wrong then return text end
  local _, breaks = text:sub(1, wrong):gsub("\n", "")
  return refuse("field-invalid", "file", ("%s:%d: this is not UTF-8; is it latin-1?"):format(asked.name, breaks + 1),
    { file = asked.name, line = tostring(breaks + 1) })
end

-- ---- The first line ----

local function places_of(header)
  local places, twice = {}, {}
  for index, name in ipairs(header) do
    name = credit.clean(name)
    twice[name], places[name] = places[name] ~= nil, index
  end
  return places, twice
end

-- Finds the columns that the map names in a header. Gives their places by field, or what is wrong.
local function locate(header, columns)
  local places, twice = places_of(header)
  local located = {}
  for _, field in ipairs(FIELDS) do
    local name = columns[field] and credit.clean(columns[field])
    if name and twice[name] then return nil, ("two columns have the name %q"):format(name), name end
    if name and not places[name] then return nil, ("no column has the name %q"):format(name), name end
    if name then located[field] = places[name] end
  end
  return located
end

local function refuse_header(asked, header, message, name)
  local names = {}
  for index, one in ipairs(header or {}) do names[index] = credit.clean(one) end
  local near = nearest(name, names)
  local hint = near and ("; did you mean %q?"):format(near) or ""
  return refuse("field-invalid", "columns", ("%s:1: %s%s"):format(asked.name, message, hint),
    { file = asked.name, line = "1", value = name, nearest = near })
end

-- Tries the separators: the one by which the first line has all the columns is the one. Where none has, the one that
-- makes the most columns tells best what is wrong.
local function choose_separator(text, asked)
  local best
  for _, name in ipairs { ";", ",", "tab" } do
    if asked.separator == "auto" or asked.separator == name then
      local header = table_of.reader(text, SEPARATORS[name])()
      local located, message, missing = nil, "its first line names no columns", ""
      if header then located, message, missing = locate(header, asked.columns) end
      local found = { name = name, separator = SEPARATORS[name], header = header, located = located }
      if located then return found end
      found.message, found.missing = message, missing
      if not best or #(header or {}) > #(best.header or {}) then best = found end
    end
  end
  return refuse_header(asked, best.header, best.message, best.missing)
end

-- ---- Rows ----

-- The values of a row by field. A row may end in separators that the header lacks, with nothing between them.
local function values_of(record, layout, asked)
  for index = #layout.header + 1, #record do
    if record[index] ~= "" then return nil end
  end
  if #record < #layout.header then return nil end
  local values = {}
  for field, value in pairs(asked.constants) do values[field] = value end
  for field, place in pairs(layout.located) do
    local value = credit.clean(record[place])
    values[field] = value ~= "" and value or nil
  end
  return values
end

local function wrong_cell(asked, field, value, expected)
  local column = asked.columns[field]
  local place = column and ("column %q"):format(column) or ("constant %q"):format(field)
  return { code = field == "at" and "date-invalid" or "amount-invalid",
    message = ("%s: %q is not %s"):format(place, value or "", expected) }
end

-- Reads the amount and the day of a row into its credit; gives why it cannot be paid, if that is so.
local function read_values(made, values, asked)
  local decimal = values.amount and cells.amount(values.amount, asked.decimal)
  if not decimal then
    return wrong_cell(asked, "amount", values.amount, ("an amount with %q before its decimals"):format(asked.decimal))
  end
  local message
  made.amount, message = credit.decimal(decimal, made.currency)
  local unpayable = credit.unpayable(made.amount, message)
  if unpayable then
    local column = ("column %q: %s"):format(asked.columns.amount, unpayable.message)
    return { code = unpayable.code, message = column }
  end
  if not values.at then return nil end
  made.booked = cells.day(values.at, asked.dates)
  made.valued = made.booked
  if not made.booked then return wrong_cell(asked, "at", values.at, "a day as " .. asked.dates) end
  return nil
end

-- A key column names a payment for ever. Without one, what the row says does, and rows that say the same are numbered.
-- What counts is what the map's columns say, as it was understood: the same payment exported once more, with other
-- columns beside it or its amount written otherwise, has the same key.
local function key_of(made, values, asked, nth)
  if asked.columns.key then return values.key and credit.key("csv", "key", values.key) end
  local understood, said = { amount = made.amount:decimal(), currency = made.amount.currency, at = made.booked }, {}
  for index, field in ipairs(FIELDS) do
    said[index] = asked.columns[field] and (understood[field] or values[field]) or ""
  end
  local content = credit.digest(said)
  return credit.key("csv", "row", content .. "." .. nth(content))
end

local function row_credit(line, values, asked, nth)
  local made = {
    source = "csv", line = line, dated = (asked.columns.at or asked.constants.at) ~= nil, amount_text = values.amount,
    currency = values.currency or asked.currency, document = values.document, type = values.type, group = values.group,
    patient = values.patient, reference = values.reference, texts = { values.text }, id = values.key,
    references = { values.reference and { text = values.reference } },
  }
  made.refusal = read_values(made, values, asked)
  if made.refusal then return made end
  made.key = key_of(made, values, asked, nth)
  if not made.key then
    made.refusal = { code = "id-missing", message = ("column %q: %s"):format(asked.columns.key, values.key
      and "the key is too long" or "the row has no key") }
  end
  return made
end

local function wrong_row(line, record, layout)
  return {
    source = "csv", line = line, dated = false, references = {}, texts = { credit.clean(table.concat(record, " ")) },
    refusal = { code = "row-invalid", message = ("the row has %d cells, and the first line has %d"):format(#record,
      #layout.header) },
  }
end

local function malformed(asked, line, message)
  return refuse("field-invalid", "file", ("%s:%d: %s"):format(asked.name, line, message),
    { file = asked.name, line = tostring(line) })
end

local function read_rows(text, layout, asked)
  local credits, nth, is_header = {}, credit.counter(), true
  for record, line, message in table_of.reader(text, layout.separator) do
    if not record then return malformed(asked, line, message) end
    if #credits >= csv.ROWS_MAX then
      return malformed(asked, line, ("it has more than %d rows"):format(csv.ROWS_MAX))
    end
    if not is_header then
      local values = values_of(record, layout, asked)
      credits[#credits + 1] = values and row_credit(line, values, asked, nth) or wrong_row(line, record, layout)
    end
    is_header = false
  end
  return { name = asked.name, separator = layout.name, rows = #credits, credits = credits }
end

local function parse(source, asked)
  local text, message, code, details = decode(source, asked)
  if not text then return nil, message, code, details end
  local layout
  layout, message, code, details = choose_separator(text, asked)
  if not layout then return nil, message, code, details end
  return read_rows(text, layout, asked)
end

---Reads payments from a text. What is wrong with a row goes with its credit, to the list.
---Errors: `field-unknown`, `field-missing`, `field-invalid` (an option, the encoding, the first line, a quote that does
---not end; details name file and line).
---@param source string
---@param options tallystick.import.CsvOptions
---@return tallystick.import.Table? read
---@return string? message
---@return string? code
---@return table? details
function csv.parse(source, options)
  local asked, message, code, details = check("csv.parse", options)
  if not asked then return nil, message, code, details end
  asked.name = asked.name or "(text)"
  return parse(source, asked)
end

---Reads payments from a file; see `csv.parse`. Errors besides: `io-error`.
---@param path string
---@param options tallystick.import.CsvOptions
---@return tallystick.import.Table? read
---@return string? message
---@return string? code
---@return table? details
function csv.read(path, options)
  local asked, message, code, details = check("csv.read", options)
  if not asked then return nil, message, code, details end
  asked.name = asked.name or path
  local opened <close>, failure = io.open(path, "rb")
  if not opened then return nil, failure, "io-error", { file = path } end
  local text
  text, failure = opened:read(csv.FILE_BYTES_MAX + 1)
  if failure then return nil, ("%s: %s"):format(path, failure), "io-error", { file = path } end
  if #(text or "") > csv.FILE_BYTES_MAX then
    return malformed(asked, 1, ("the file is larger than %d bytes"):format(csv.FILE_BYTES_MAX))
  end
  return parse(text or "", asked)
end

return csv
