-- beancount.lua - the journal as beancount reads it, also with `bean-check`.
local journal = require "tallystick.export.journal"

-- The first day that beancount can read. Accounts are open from then on: an entry may be recorded late, so the day of
-- the first one that is met need not be the earliest.
local FIRST = "1700-01-01"

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function quote(text)
  return '"' .. text:gsub('["\\\n\r\t]', ESCAPES) .. '"'
end

local function value_of(value)
  return math.type(value) == "integer" and tostring(value) or quote(value)
end

-- A link for each number, so that beancount finds all that belongs to a document or a payment.
local function links(entry)
  local found = {}
  for _, name in ipairs { "number", "document", "counter_document" } do
    if entry[name] then found[#found + 1] = " ^" .. entry[name] end
  end
  return table.concat(found)
end

return journal.format {
  name = "beancount",
  first = FIRST,
  last = "2099-12-31",
  head = function(info)
    return ('option "title" "The journal of the ledger %s up to entry %d, by Tallystick %s"\n'):format(info.id,
      info.entries, info.version)
      .. ('option "operating_currency" "%s"\n\n%s commodity %s\n'):format(info.currency, FIRST, info.currency)
  end,
  declare = function(account, currency) return ("\n%s open %s %s\n"):format(FIRST, account, currency) end,
  transaction = function(moved)
    local entry, lines = moved.entry, {}
    lines[1] = ('\n%s * "%s"%s'):format(entry.day, entry.kind, links(entry))
    for _, tag in ipairs(moved.tags) do lines[#lines + 1] = ("  %s: %s"):format(tag[1], value_of(tag[2])) end
    local currency = moved.amount.currency
    lines[#lines + 1] = ("  %-40s  %12s %s"):format(moved.debit, moved.amount:decimal(), currency)
    lines[#lines + 1] = ("  %-40s  %12s %s\n"):format(moved.credit, (-moved.amount):decimal(), currency)
    return table.concat(lines, "\n")
  end,
}
