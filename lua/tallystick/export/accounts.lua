-- accounts.lua - what the ledger's accounts are called in an accountant's tree of names.
--
-- One naming serves hledger, ledger and beancount, of which beancount is the strictest: a component begins with a
-- capital or a digit, and has letters, digits and hyphens only. What else a name holds is escaped by two hyphens, which
-- nothing else begins with, so that two names never become one account.
local accounts = {}

-- An account that begins with one of these is taken as a whole name; others stand below Assets, or Expenses.
local ROOTS = { Assets = true, Liabilities = true, Equity = true, Income = true, Expenses = true }

-- Below this stand payment types that name no account. An account that a script puts there is told apart.
local OWN, NOT_OWN = "Tender", "Tender--own"

-- A hyphen stands for itself where a letter or digit follows; any other byte that is neither is two hexadecimal digits.
local function escape(name)
  return (name:gsub("()([^A-Za-z0-9])", function(position, byte)
    if byte == "-" and name:find("^[A-Za-z0-9]", position + 1) then return byte end
    return ("--%02X"):format(byte:byte())
  end))
end

---Writes any text as one component of an account's name. Two texts give two components: a small first letter is made
---a capital and told by "--l" at the end, any other strange beginning stands behind an X and is told by "--x".
---@param text string
---@return string
function accounts.component(text)
  local body = escape(text)
  if text:find "^[A-Z0-9]" then return body end
  if text:find "^[a-z]" then return body:sub(1, 1):upper() .. body:sub(2) .. "--l" end
  return "X" .. body .. "--x"
end

---Writes the account that a payment type names: "1000" is Assets:1000, "Assets:Cash" is itself.
---@param text string
---@param root string where an account stands that names no root
---@return string
function accounts.path(text, root)
  local parts = {}
  for part in (text .. ":"):gmatch "([^:]*):" do parts[#parts + 1] = accounts.component(part) end
  if not (ROOTS[parts[1]] and #parts > 1) then table.insert(parts, 1, root) end
  if parts[1] == "Assets" and parts[2] == OWN then parts[2] = NOT_OWN end
  return table.concat(parts, ":")
end

---Writes the account of a payment type that names none. Ids begin with a small letter, so its mark can go.
---@param id string
---@return string
function accounts.of_type(id)
  return "Assets:" .. OWN .. ":" .. accounts.component(id):gsub("%-%-l$", "")
end

---@class tallystick.export.Names
---@field private ledger tallystick.Ledger
---@field private by_key boolean whether documents and patients have accounts of their own
---@field private named table<string, string|false> what types name, by id and version: there are few
local Names = {}
Names.__index = Names

---What the accounts of one ledger are called.
---@param ledger tallystick.Ledger
---@param detail? "class"|"document" default "class"
---@return tallystick.export.Names
function accounts.new(ledger, detail)
  return setmetatable({ ledger = ledger, by_key = detail == "document", named = {} }, Names)
end

-- The account that a type named in the version under which the entry was made; false where it named none.
local function named_by_type(self, account)
  local id = ("%s %d"):format(account.type, account.version)
  if self.named[id] == nil then
    self.named[id] = assert(self.ledger:type(account.type, account.version)).account or false
  end
  return self.named[id]
end

local function below(self, name, key)
  return self.by_key and name .. ":" .. accounts.component(key) or name
end

local function expense(name)
  return function(self, account)
    local named = named_by_type(self, account)
    return named and accounts.path(named, "Expenses") or "Expenses:" .. name
  end
end

local function always(name)
  return function() return name end
end

---@type table<string, fun(self: tallystick.export.Names, account: tallystick.export.Account): string>
local NAME = {
  receivable = function(self, account) return below(self, "Assets:Receivable", account.key) end,
  ["patient credit"] = function(self, account) return below(self, "Liabilities:PatientCredit", account.key) end,
  tender = function(self, account)
    local named = named_by_type(self, account)
    return named and accounts.path(named, "Assets") or accounts.of_type(account.key)
  end,
  discounts = expense "Discounts",
  losses = expense "Losses",
  rounding = always "Expenses:Rounding",
  ["over/short"] = always "Expenses:OverShort",
  income = always "Income:Services",
}

---Gives an account's name.
---@param account tallystick.export.Account
---@return string
function Names:of(account)
  return NAME[account.class](self, account)
end

return accounts
