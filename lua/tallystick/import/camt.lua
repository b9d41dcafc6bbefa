-- import/camt.lua - reads a bank's notification into credits: camt.054 of ISO 20022, in full the
-- BankToCustomerDebitCreditNotification. All its versions from 02 on say in the same places what is read here.
local credit = require "tallystick.import.credit"
local entry = require "tallystick.import.entry"
local file = require "tallystick.import.file"
local xml = require "tallystick.import.xml"

local camt = {}

-- More than a clinic gets in years; each takes about a kilobyte of memory.
camt.CREDITS_MAX = 200000

local MESSAGE = "Document/BkToCstmrDbtCdtNtfctn"

---A bank's notification.
---@class tallystick.import.Statement
---@field name string of the file
---@field version string such as "camt.054.001.08"
---@field message? string its id
---@field created? string
---@field accounts string[] the accounts that it tells of
---@field entries integer bookings that were looked at
---@field skipped integer bookings of other accounts than the one that was asked for
---@field credits tallystick.import.Credit[] in the order of the file

---@class tallystick.import.CamtOptions
---@field account? string only this account's bookings: an IBAN, with or without spaces
---@field name? string of the file, for messages

-- What is wrong with the first element, for those who give the wrong file.
local function check_root(namespace, name)
  local message = namespace:match "^urn:iso:std:iso:20022:tech:xsd:(.+)$"
  if name == "Document" and message and message:find "^camt%.054%.001%.%d%d$" then return nil, message end
  if message then
    return ("this is %s; give the bank's credit notification, camt.054.001"):format(credit.clean(message))
  end
  return "this is no message of ISO 20022; give the bank's credit notification, camt.054.001"
end

local function bare(account)
  return (account:gsub("%s", ""):upper())
end

-- The account of a notification: one by IBAN, or a number of the bank's own.
local function account_of(node)
  local account = xml.text(node, "Id/IBAN") or xml.text(node, "Id/Othr/Id")
  return account and bare(credit.clean(account))
end

local function add_account(statement, account)
  for _, known in ipairs(statement.accounts) do
    if known == account then return end
  end
  statement.accounts[#statement.accounts + 1] = account
end

local function too_many(reading)
  local count = #reading.statement.credits + #reading.transactions
  return count > camt.CREDITS_MAX and ("it has more than %d credits"):format(camt.CREDITS_MAX) or nil
end

-- Takes a booking, and says why the file goes no further, if that is so.
local function take_entry(reading, node)
  local statement, transactions = reading.statement, reading.transactions
  reading.transactions = {}
  statement.entries = statement.entries + 1
  if reading.only and reading.only ~= reading.account then
    statement.skipped = statement.skipped + 1
    return nil
  end
  for _, made in ipairs(entry.credits(node, transactions, reading.account)) do
    statement.credits[#statement.credits + 1] = made
  end
  return too_many(reading)
end

local function new_handlers(reading)
  local statement = reading.statement
  return {
    root = function(namespace, name)
      local wrong, version = check_root(namespace, name)
      statement.version = version
      return wrong
    end,
    opened = {
      [MESSAGE] = function() reading.found = true end,
      [MESSAGE .. "/Ntfctn"] = function() reading.account = nil end,
    },
    closed = {
      [MESSAGE .. "/GrpHdr"] = function(node)
        statement.message, statement.created = xml.text(node, "MsgId"), xml.text(node, "CreDtTm")
      end,
      [MESSAGE .. "/Ntfctn/Acct"] = function(node)
        reading.account = account_of(node)
        if reading.account then add_account(statement, reading.account) end
      end,
      [MESSAGE .. "/Ntfctn/Ntry/NtryDtls/TxDtls"] = function(node)
        reading.transactions[#reading.transactions + 1] = entry.transaction(node)
        return too_many(reading)
      end,
      [MESSAGE .. "/Ntfctn/Ntry"] = function(node) return take_entry(reading, node) end,
    },
  }
end

-- An account that the file does not know is most likely a slip: all its bookings would be passed over.
local function check_account(reading)
  local statement = reading.statement
  for _, account in ipairs(statement.accounts) do
    if account == reading.only then return true end
  end
  if not reading.only or statement.skipped == 0 then return true end
  local told = #statement.accounts > 0 and "it tells of " .. table.concat(statement.accounts, ", ") or "it names none"
  return nil, ("%s: it has no account %s; %s"):format(statement.name, credit.clean(reading.only), told),
    "field-invalid", { field = "account", value = reading.only }
end

local function read(next_piece, name, options)
  local reading = {
    only = options.account and bare(options.account), transactions = {},
    statement = { name = name, accounts = {}, entries = 0, skipped = 0, credits = {} },
  }
  local done, message, code, details = xml.read(next_piece, name, new_handlers(reading))
  if not done then return nil, message, code, details end
  if not reading.found then
    return nil, ("%s: it has no notification (BkToCstmrDbtCdtNtfctn)"):format(name), "field-invalid",
      { field = "file", file = name }
  end
  local known
  known, message, code, details = check_account(reading)
  if not known then return nil, message, code, details end
  return reading.statement
end

local KNOWN = { account = "string", name = "string" }

---Reads a notification from a file, piece by piece.
---Errors: `io-error`, `field-invalid` (no XML, no camt.054, or beyond a limit; details name file, line and column; or
---an account of which it tells nothing), `field-unknown`.
---@param path string
---@param options? tallystick.import.CamtOptions
---@return tallystick.import.Statement? statement
---@return string? message
---@return string? code
---@return table? details
function camt.read(path, options)
  local checked, message, code, details = file.options("camt.read", options, KNOWN)
  if not checked then return nil, message, code, details end
  local opened <close>, failure = io.open(path, "rb")
  if not opened then return nil, failure, "io-error", { file = path } end
  return read(xml.pieces_of_file(opened), checked.name or path, checked)
end

---Reads a notification from a text.
---@param source string
---@param options? tallystick.import.CamtOptions
---@return tallystick.import.Statement? statement
---@return string? message
---@return string? code
---@return table? details
function camt.parse(source, options)
  local checked, message, code, details = file.options("camt.parse", options, KNOWN)
  if not checked then return nil, message, code, details end
  return read(xml.pieces_of_text(source), checked.name or "(text)", checked)
end

return camt
