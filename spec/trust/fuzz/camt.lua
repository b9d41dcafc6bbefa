-- camt.lua - fuzzes a bank's notification. An input that begins with "<" is the file itself. Any other is what such a
-- file says, of which it is made, so that what stands in its elements changes and not only their marks: a line of
-- options, then lines that begin with A (account, version), E (a booking) or T (a transaction of the booking above).
-- The credits that are read must be those of the file, to the last unit, as a second reading finds them.
local camt = require "tallystick.import.camt"
local credits = require "spec.trust.fuzz.credits"
local lxp = require "lxp"
local oracle = require "spec.trust.fuzz.oracle"
local tallystick = require "tallystick"

local must = oracle.must

local NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.054.001."

-- ---- A file from what it says ----

local function escaped(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

local function element(name, text)
  return text and text ~= "" and ("<%s>%s</%s>"):format(name, escaped(text), name) or ""
end

local function amount(name, text, currency)
  if not text or text == "" then return "" end
  return ('<%s Ccy="%s">%s</%s>'):format(name, escaped(currency or ""):gsub('"', "&quot;"), escaped(text), name)
end

local function inside(name, text)
  return text ~= "" and ("<%s>%s</%s>"):format(name, text, name) or ""
end

local function transaction(fields)
  local sum, currency, direction, id, ref, text, flags = table.unpack(fields)
  flags = flags or ""
  local deep = flags:find "o" ~= nil
  return inside("TxDtls", inside("Refs", element("AcctSvcrRef", id) .. element("EndToEndId", flags:match "e.*"))
    .. (deep and "" or amount("Amt", sum, currency)) .. element("CdtDbtInd", direction)
    .. (deep and inside("AmtDtls", inside("TxAmt", amount("Amt", sum, currency))) or "")
    .. inside("RmtInf", element("Ustrd", text) .. inside("Strd", inside("CdtrRefInf", element("Ref", ref))))
    .. (flags:find "r" and "<RtrInf/>" or "") .. "<!-- -->")
end

local function booking(fields, transactions)
  local sum, currency, direction, status, id, day, batch, info, flags = table.unpack(fields)
  flags = flags or ""
  return inside("Ntry", amount("Amt", sum, currency) .. element("CdtDbtInd", direction)
    .. (flags:find "v" and "<RvslInd>true</RvslInd>" or "")
    .. (flags:find "c" and inside("Sts", element("Cd", status)) or element("Sts", status))
    .. inside("BookgDt", element("Dt", day)) .. inside("ValDt", element("DtTm", day)) .. element("AcctSvcrRef", id)
    .. inside("NtryDtls", inside("Btch", element("NbOfTxs", batch)) .. transactions) .. element("AddtlNtryInf", info))
end

local function fields_of(line)
  local fields = {}
  for field in (line:sub(3) .. "|"):gmatch "([^|]*)|" do fields[#fields + 1] = field end
  return fields
end

-- Puts a file together of lines; gives it with the options of the first.
local function file_of(input)
  local parts, version, entry, transactions = {}, "04", nil, ""
  local function add_entry()
    if entry then parts[#parts + 1] = booking(entry, transactions) end
    entry, transactions = nil, ""
  end
  local options, rest = input:match "^([^\n]*)\n?(.*)$"
  for line in rest:gmatch "[^\n]+" do
    local mark, fields = line:sub(1, 1), fields_of(line)
    if mark == "E" then
      add_entry()
      entry = fields
    elseif mark == "T" then
      transactions = transactions .. transaction(fields)
    elseif mark == "A" then
      add_entry()
      version = fields[2] or version
      parts[#parts + 1] = ("</Ntfctn><Ntfctn><Acct><Id>%s</Id></Acct>"):format(element("IBAN", fields[1]))
    end
  end
  add_entry()
  return ('<?xml version="1.0"?><Document xmlns="%s%s"><BkToCstmrDbtCdtNtfctn><Ntfctn>%s</Ntfctn></BkToCstmrDbtCdt\z
    Ntfctn></Document>'):format(NAMESPACE, escaped(version):gsub('"', ""), table.concat(parts)), options
end

-- ---- A second reading ----

-- Reads a file into elements: name, text, attributes and children; what is of another namespace is left out.
local function tree_of(text)
  local stack, root, foreign = {}, nil, 0
  local parser = lxp.new({
    StartElement = function(_, full, attributes)
      local own, name = full:match "^(%S+) (.*)$"
      local top = stack[#stack]
      if foreign > 0 or top and own ~= stack[1].own then
        foreign = foreign + 1
        return
      end
      local node = { own = own, name = name or full, text = "", attributes = attributes }
      if top then top[#top + 1] = node else root = node end
      stack[#stack + 1] = node
    end,
    EndElement = function()
      if foreign > 0 then foreign = foreign - 1 else stack[#stack] = nil end
    end,
    CharacterData = function(_, piece)
      local top = stack[#stack]
      if foreign == 0 and top then top.text = top.text .. piece end
    end,
  }, " ")
  assert(parser:parse(text))
  assert(parser:parse())
  parser:close()
  return root
end

-- The elements that a path leads to.
local function all(node, path)
  local found = { node }
  for name in path:gmatch "[^/]+" do
    local below = {}
    for _, one in ipairs(found) do
      for _, child in ipairs(one) do
        if child.name == name then below[#below + 1] = child end
      end
    end
    found = below
  end
  return found
end

-- The text of an element; what has elements in it has none of its own.
local function text_of(node)
  if not node or #node > 0 then return nil end
  local text = node.text:match "^%s*(.-)%s*$"
  return text ~= "" and text or nil
end

-- Where the first element of each name on the way leads.
local function at(node, path)
  for name in path:gmatch "[^/]+" do node = node and all(node, name)[1] end
  return node
end

local function first_text(node, path)
  return text_of(at(node, path))
end

-- An amount, where it is one: zeros behind the currency's decimals say nothing.
local function money(text, currency)
  local plain = text and text:match "^[+-]?%d+%.?%d*$" and text:gsub("^%+", ""):gsub("(%.%d-)0*$", "%1"):gsub("%.$", "")
  return plain and tallystick.money(plain, currency or "") or nil
end

-- A transaction may have its amount a step deeper.
local function amount_of(node)
  local found = at(node, "Amt") or node.name == "TxDtls" and at(node, "AmtDtls/TxAmt/Amt")
  if not found then return nil, nil end
  return text_of(found) or "", found.attributes.Ccy
end

local function batch_counts(node)
  local count
  for _, details in ipairs(all(node, "NtryDtls")) do
    local number = first_text(details, "Btch/NbOfTxs")
    if number then count = (count or 0) + (number:find "^%d+$" and #number <= 15 and tonumber(number) or math.huge) end
  end
  return count
end

-- Whether the transactions of a booking that came in are all of it (docs/imports.md).
local function is_whole(node, transactions)
  local text, currency = amount_of(node)
  local whole, count = money(text, currency), batch_counts(node)
  if not whole or count and count ~= #transactions and (#transactions > 0 or count ~= 1) then return false end
  local sum = whole - whole
  for _, one in ipairs(transactions) do
    local own, own_currency = amount_of(one)
    local part = not own and #transactions == 1 and whole or money(own, own_currency)
    if own_currency and own_currency ~= currency or not part or part.currency ~= whole.currency then return false end
    local fits, next_sum = pcall(function()
      return first_text(one, "CdtDbtInd") == "DBIT" and sum - part or sum + part
    end)
    if not fits then return false end
    sum = next_sum
  end
  return #transactions == 0 or sum == whole
end

local function is_taken_apart(node, transactions)
  local reversal = first_text(node, "RvslInd")
  local status = first_text(node, "Sts/Cd") or first_text(node, "Sts")
  return reversal ~= "true" and reversal ~= "1" and first_text(node, "CdtDbtInd") == "CRDT" and status == "BOOK"
    and is_whole(node, transactions)
end

-- The amounts of the credits that a booking must make, each as its text, or as money.
local function expected(node)
  local transactions, amounts = all(node, "NtryDtls/TxDtls"), {}
  local text, currency = amount_of(node)
  local whole = { text = text, currency = currency }
  if not is_taken_apart(node, transactions) or #transactions == 0 then return { whole } end
  for index, one in ipairs(transactions) do
    local own, own_currency = amount_of(one)
    amounts[index] = own and { text = own, currency = own_currency } or whole
  end
  return amounts
end

local function compare(text, statement)
  local read = 0
  for _, node in ipairs(all(tree_of(text), "BkToCstmrDbtCdtNtfctn/Ntfctn/Ntry")) do
    for _, wanted in ipairs(expected(node)) do
      read = read + 1
      local credit = statement.credits[read]
      must(credit, "credit %s of %s is read", read, wanted.text)
      must(money(wanted.text, wanted.currency) == credit.amount, "credit %s is %s in the file, and was read as %s",
        read, wanted.text, credit.amount)
      must(credit.refusal or credit.amount.minor > 0, "a credit without a refusal has an amount above zero")
    end
  end
  must(read == #statement.credits, "the file has %s credits, and %s were read", read, #statement.credits)
end

-- ---- The target ----

local function options_of(letters)
  return {
    deposit = letters:find "x" ~= nil, qr_prefix = letters:find "q" and "880042" or nil,
    at = letters:find "v" and "value" or letters:find "n" and "now" or nil,
  }
end

return function(input)
  local text, letters = input, "q"
  if input:sub(1, 1) ~= "<" then text, letters = file_of(input) end
  local statement, message, code, details = camt.parse(text)
  if not statement then
    must(details.field == "file" and message:find "^%(text%):", "a file that is none says where: %s", message)
    return credits.refused(message, code)
  end
  compare(text, statement)
  credits.pay(input, statement.credits, options_of(letters))
end
