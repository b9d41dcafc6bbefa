-- receipt/tools.lua - how words, amounts, times and types are set on receipts; templates get these too.
local labels = require "tallystick.labels"

---@class tallystick.receipt.Tools
---@field lang string the language, one of those of tallystick.labels
---@field word fun(group: tallystick.LabelGroup, name: string, ...: string): string a word, with what is put in for %s
---@field money fun(amount: tallystick.Money): string "1'234.50 CHF"
---@field time fun(time: string): string "21.11.2026 10:15" of what the ledger gives
---@field day fun(day: string): string "21.11.2026"
---@field type fun(id: string): string what people call a payment type

-- Sets thousands apart as in Switzerland. The amount itself is as money values print it.
local function money(amount)
  local sign, whole, rest = tostring(amount):match "^(-?)(%d+)(.*)$"
  return sign .. whole:reverse():gsub("(%d%d%d)", "%1'"):reverse():gsub("^'", "") .. rest
end

-- The order of the four languages in Switzerland. What is no date is given back as it is.
local function day(text)
  return (text:gsub("^(%d%d%d%d)%-(%d%d)%-(%d%d).*$", "%3.%2.%1"))
end

-- The local time that the ledger gives, to the minute.
local function time(text)
  local clock = text:match "^[%d-]+T(%d%d:%d%d)"
  return clock and ("%s %s"):format(day(text), clock) or day(text)
end

---Makes the tools for one receipt.
---@param lang string
---@param types? table<string, { label?: string|table<string, string> }> the payment types by id
---@return tallystick.receipt.Tools
return function(lang, types)
  return {
    lang = lang, money = money, day = day, time = time,
    word = function(group, name, ...)
      local word = labels.get(lang, group, name)
      return select("#", ...) > 0 and word:format(...) or word
    end,
    type = function(id)
      local declared = types and types[id]
      return labels.type({ id = id, label = declared and declared.label }, lang)
    end,
  }
end
