-- receipt.lua - sets receipts and statements as text or HTML, in two steps: blocks are made from what the ledger
-- gives, then set. It reads no ledger and no file: all that it shows is in the data that it is given.
local blocks_of = require "tallystick.receipt.blocks"
local common = require "tallystick.receipt.common"
local html = require "tallystick.receipt.html"
local labels = require "tallystick.labels"
local nearest = require "tallystick.config.nearest"
local payment_blocks = require "tallystick.receipt.payment"
local statement_blocks = require "tallystick.receipt.statement"
local text = require "tallystick.receipt.text"
local tools_of = require "tallystick.receipt.tools"

---What receipts and statements have in common.
---@class tallystick.receipt.Common
---@field types? table<string, { label?: string|table<string, string> }> payment types by id; the preset's words serve
---@field print? { count: integer } how often this was printed, this time included; from 2 on it is a duplicate
---@field head? tallystick.Head the journal's head when this was printed
---@field ledger? { id: string }
---@field clinic? { lines: string[]? } what stands on top: name, address, telephone
---@field printed_at? string ISO 8601, as the ledger gives times
---@field preview? boolean not counted as a print, and marked as no receipt

---@class tallystick.receipt.Data : tallystick.receipt.Common
---@field kind? "receipt"
---@field payment tallystick.Payment as ledger:payment gives it
---@field documents? tallystick.Document[] those of its allocations, as ledger:document gives them now

---@class tallystick.receipt.Charge
---@field at string
---@field amount tallystick.Money below zero where it took from what is owed
---@field label? string
---@field document? string the consultation of an invoice that it stands on

---@class tallystick.receipt.StatementData : tallystick.receipt.Common
---@field kind "statement"
---@field document tallystick.Document as ledger:document gives it
---@field payments? tallystick.Payment[] on it and on its consultations, oldest first
---@field charges? tallystick.receipt.Charge[] oldest first

---Changes or replaces the blocks of a receipt. It gets those that would be set, and may change and return them; what
---it returns is checked.
---@alias tallystick.receipt.Template
---| fun(blocks: tallystick.receipt.Block[], data: table, tools: tallystick.receipt.Tools): tallystick.receipt.Block[]

---@class tallystick.receipt.Options
---@field format? "text"|"html" default "text"
---@field width? integer columns of a line of text, 24 to 200, default 48; a roll of 58 mm has 32, one of 80 mm 48
---@field lang? string default "en"
---@field template? tallystick.receipt.Template

local receipt = {}

-- Below 24 columns not even a number and an amount stand on one line; no terminal or paper is wider than 200.
local WIDTH_MIN, WIDTH_MAX = 24, 200
local WIDTH_DEFAULT = 48
local LANG_DEFAULT = "en"

local function refuse(field, value, expected)
  local shown = type(value) == "string" and ("%q"):format(value) or tostring(value)
  return nil, ("%s: %s will not do; give %s"):format(field, shown, expected), "field-invalid",
    { field = field, value = tostring(value), expected = expected }
end

local function is_width(value)
  return math.type(value) == "integer" and value >= WIDTH_MIN and value <= WIDTH_MAX
end

-- Each option with its check and what would do.
local OPTIONS = {
  format = { check = function(value) return value == "text" or value == "html" end, expected = '"text" or "html"' },
  width = { check = is_width, expected = ("an integer from %d to %d"):format(WIDTH_MIN, WIDTH_MAX) },
  lang = { check = labels.language, expected = "one of " .. table.concat(labels.languages, ", ") },
  template = { check = function(value) return type(value) == "function" end, expected = "a function" },
}
local OPTION_NAMES = { "format", "lang", "template", "width" }

local function unknown_option(name)
  local near = nearest(name, OPTION_NAMES)
  local hint = near and ('; did you mean "%s"?'):format(near) or ""
  local message = ("a receipt has no option %q%s"):format(tostring(name), hint)
  return nil, message, "field-unknown", { field = tostring(name), nearest = near }
end

local function check_options(options)
  if type(options) ~= "table" then return refuse("options", options, "a table") end
  for name in pairs(options) do
    if not OPTIONS[name] then return unknown_option(name) end
  end
  for _, name in ipairs(OPTION_NAMES) do
    local value = options[name]
    if value ~= nil and not OPTIONS[name].check(value) then return refuse(name, value, OPTIONS[name].expected) end
  end
  return true
end

local function check_data(data)
  if type(data) ~= "table" then return refuse("data", data, "a table") end
  local is_statement = data.kind == "statement"
  if not is_statement and data.kind ~= nil and data.kind ~= "receipt" then
    return refuse("kind", data.kind, '"receipt" or "statement"')
  end
  local field = is_statement and "document" or "payment"
  local shown = data[field]
  if type(shown) == "table" and type(shown.number) == "string" then return true end
  return refuse(field, shown, ("what ledger:%s gives"):format(field))
end

local function make_blocks(data, tools)
  return data.kind == "statement" and statement_blocks(data, tools) or payment_blocks(data, tools)
end

local function script_failed(message, details)
  return nil, "the template " .. message, "script-failed", details
end

-- Whatever a template leaves out, a duplicate is called a duplicate, and what was reversed is called so.
local function keep_notices(blocks, notices)
  local there = {}
  for _, block in ipairs(blocks) do
    if block.kind == "notice" then there[block.text] = true end
  end
  for index = #notices, 1, -1 do
    if not there[notices[index].text] then table.insert(blocks, 1, notices[index]) end
  end
  return blocks
end

local function from_template(template, data, tools)
  local ran, given = pcall(template, make_blocks(data, tools), data, tools)
  if not ran then return script_failed("raised " .. tostring(given), { field = "template" }) end
  local blocks, message, details = blocks_of.check(given)
  if not blocks then return script_failed("gave blocks that will not do: " .. message, details) end
  return keep_notices(blocks, common.notices(data, tools))
end

---Makes the blocks of a receipt or a statement: plain tables with strings, from the top to the bottom.
---Codes: `field-invalid`.
---@param data tallystick.receipt.Data|tallystick.receipt.StatementData
---@param lang? string default "en"
---@return tallystick.receipt.Block[]? blocks
---@return string? message
---@return string? code
---@return table<string, string>? details
function receipt.model(data, lang)
  local ok, message, code, details = check_options { lang = lang }
  if ok then ok, message, code, details = check_data(data) end
  if not ok then return nil, message, code, details end
  return make_blocks(data, tools_of(labels.language(lang or LANG_DEFAULT), data.types))
end

---Sets a receipt or a statement in the format that the options name.
---Codes: `field-unknown`, `field-invalid`, `script-failed` (the template raised, or gave what no receipt is made of).
---@param data tallystick.receipt.Data|tallystick.receipt.StatementData
---@param options? tallystick.receipt.Options
---@return string? set text with lines that end in newlines, or an HTML file; UTF-8
---@return string? message
---@return string? code
---@return table<string, string>? details
function receipt.render(data, options)
  options = options or {}
  local ok, message, code, details = check_options(options)
  if ok then ok, message, code, details = check_data(data) end
  if not ok then return nil, message, code, details end
  local tools = tools_of(labels.language(options.lang or LANG_DEFAULT), data.types)
  local blocks
  if options.template then
    blocks, message, code, details = from_template(options.template, data, tools)
    if not blocks then return nil, message, code, details end
  else
    blocks = make_blocks(data, tools)
  end
  if options.format == "html" then return html(blocks, tools, data.kind == "statement") end
  return text(blocks, options.width or WIDTH_DEFAULT)
end

local function with_format(options, format)
  if type(options) ~= "table" and options ~= nil then return options end
  local copy = { format = format }
  for name, value in pairs(options or {}) do
    if name ~= "format" then copy[name] = value end
  end
  return copy
end

---Sets a receipt or a statement as text. Like receipt.render with the format "text".
---@param data tallystick.receipt.Data|tallystick.receipt.StatementData
---@param options? tallystick.receipt.Options
---@return string? text
---@return string? message
---@return string? code
---@return table<string, string>? details
function receipt.text(data, options)
  return receipt.render(data, with_format(options, "text"))
end

---Sets a receipt or a statement as one HTML file. Like receipt.render with the format "html", which has no use for a
---width.
---@param data tallystick.receipt.Data|tallystick.receipt.StatementData
---@param options? tallystick.receipt.Options
---@return string? html
---@return string? message
---@return string? code
---@return table<string, string>? details
function receipt.html(data, options)
  return receipt.render(data, with_format(options, "html"))
end

return receipt
