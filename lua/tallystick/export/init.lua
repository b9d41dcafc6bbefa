-- init.lua - exports a ledger: journals for accounting programs, CSV, and the command log that replays it. It prints
-- nothing and opens no file; what it writes goes through a function, piece by piece, in memory that does not grow.
local check_options = require "tallystick.export.options"
local writer = require "tallystick.export.writer"

local export = {}

---@class tallystick.export.Format
---@field name string
---@field title string for people
---@field suffix string of a file's name
---@field start fun(ledger: tallystick.Ledger, options: table, info: tallystick.Info): tallystick.export.Writing
---@field private takes table<string, boolean> the options that it has a use for

---What a format makes of a ledger, in turn: head(), entry(entry) for each entry of the days asked for, finish(). Each
---gives text, which may be empty, or nil, a message, a code and details.
---@class tallystick.export.Writing
---@field count integer of what was written: transactions, rows or commands
---@field report? tallystick.export.Report
---@field head fun(self: tallystick.export.Writing): string
---@field entry fun(self: tallystick.export.Writing, entry: tallystick.Entry): string?, string?, string?, table?
---@field finish fun(self: tallystick.export.Writing): string?, string?, string?, table?

local function journal(name, title, suffix)
  return { name = name, title = title, suffix = suffix,
    takes = { from = true, to = true, detail = true, actor = true, notes = true } }
end

---The formats, in the order in which they are shown.
---@type tallystick.export.Format[]
export.formats = {
  journal("hledger", "hledger journal", ".journal"),
  journal("ledger", "ledger journal", ".ledger"),
  journal("beancount", "beancount journal", ".beancount"),
  { name = "csv", title = "Journal as CSV", suffix = ".csv",
    takes = { from = true, to = true, actor = true, notes = true } },
  { name = "log", title = "Command log", suffix = ".jsonl", takes = {} },
}

local NAMES, TAKES = {}, {}
for index, format in ipairs(export.formats) do
  NAMES[index], TAKES[format.name] = format.name, format.takes
end

-- How often `progress` is told.
local PROGRESS_EVERY = 1000

local function is_asked_for(entry, options)
  if options.from and entry.day < options.from or options.to and entry.day > options.to then return false end
  return options.actor == nil or (entry.actor or "") == options.actor
end

-- Walks the journal up to the head at which it began: what others add meanwhile is left for the next export.
local function write_entries(ledger, options, info, writing, out)
  for entry in ledger:entries {} do
    if entry.seq > info.entries then break end
    if is_asked_for(entry, options) then
      local text, message, code, details = writing:entry(entry)
      if not text then return nil, message, code, details end
      local done
      done, message, code, details = out:put(text)
      if not done then return nil, message, code, details end
    end
    if options.progress and entry.seq % PROGRESS_EVERY == 0 then options.progress(entry.seq, info.entries) end
  end
  return true
end

local function write_all(ledger, options, info, writing, out)
  local done, message, code, details = out:put(writing:head())
  if not done then return nil, message, code, details end
  done, message, code, details = write_entries(ledger, options, info, writing, out)
  if not done then return nil, message, code, details end
  local rest
  rest, message, code, details = writing:finish()
  if not rest then return nil, message, code, details end
  done, message, code, details = out:put(rest)
  if not done then return nil, message, code, details end
  return out:flush()
end

---@class tallystick.export.Options
---@field format "hledger"|"ledger"|"beancount"|"csv"|"log"
---@field from? string the first business day; not for the log
---@field to? string the last one; not for the log
---@field actor? string only what this one recorded, "" for what names nobody; not for the log
---@field detail? "class"|"document" whether receivables are told by document and credit by patient; for journals
---@field notes? boolean whether labels, reasons and notes are told too; the log always has them
---@field progress? fun(done: integer, total: integer)

---Exports a ledger. Codes: `field-missing`, `field-unknown`, `field-invalid`, `date-invalid` (the options; a day that
---the format cannot write), `config-invalid` (the log of a ledger whose script cannot be read), `full`, `io-error`
---(what the sink said), `refused` (an act that the log cannot express).
---@param ledger tallystick.Ledger
---@param options tallystick.export.Options
---@param sink fun(text: string): any, string? takes a piece of the text; nil and a message end the export
---@return true? done
---@return integer|string count of transactions, rows or commands; or the message
---@return tallystick.export.Report|string|nil report what the log leaves out and warns of; or the code
---@return tallystick.Details? details
function export.write(ledger, options, sink)
  local sound, message, code, details = check_options(options, NAMES, TAKES)
  if not sound then return nil, message, code, details end
  local info
  info, message, code, details = ledger:info()
  if not info then return nil, message, code, details end
  local format = require("tallystick.export." .. options.format)
  local writing
  writing, message, code, details = format.start(ledger, options, info)
  if not writing then return nil, message, code, details end
  local done
  done, message, code, details = write_all(ledger, options, info, writing, writer.new(sink))
  if not done then return nil, message, code, details end
  if options.progress then options.progress(info.entries, info.entries) end
  return true, writing.count, writing.report
end

return export
