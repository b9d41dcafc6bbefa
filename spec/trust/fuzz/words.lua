-- words.lua - writes a dictionary for the fuzzer:  words.lua TARGET. Its words are those of the code itself: the
-- commands and fields, and what the files of a target name in quotes.
local tallystick = require "tallystick"

-- Files whose quoted words a target's inputs may hold; and what is not quoted anywhere, a line of it for each kind.
local TARGETS = {
  log = {
    files = {}, commands = true,
    words = {
      "\\ud83d\\ude00", "\\u0000", "1e999", "-0", "true", "false", "null", '":"', '","', "},{", "[]", "{}", "\n",
      "C-00001", "C-00003", "F-00001", "F-00002", "F-00004", "R-00001", "R-00003", "oldest",
      "92233720368547758.07", "2026-02-28", "2026-03-02T09:59",
      "cash", "card", "transfer", "credit", "discount", "loss",
    },
  },
  camt = {
    files = { "lua/tallystick/import/camt.lua", "lua/tallystick/import/entry.lua" },
    words = {
      "CRDT", "DBIT", "BOOK", "PDNG", "CHF", "EUR", "JPY", "92233720368547758.07", "100.00", "-1", "true",
      "F-00002", "F 00003", "RF69F00002", "\nE|", "\nT|", "\nA|", "|CRDT|BOOK|",
      "<![CDATA[", "]]>", "<!--", "-->", "&#10;", "&amp;", " xmlns=\"x\"", " Ccy=\"CHF\"", "<Ntry>", "</Ntry>",
      "<TxDtls>", "</TxDtls>",
    },
  },
  csv = {
    files = {},
    words = {
      "Invoice", "Amount", "Date", "Type", "Group", "Patient", "Reference", "Text", "Key", "Currency",
      '""', '";"', '","', "\r\n", "\xE2\x80\x99", "\xEF\xBB\xBF",
      "F-00002", "F-00003", "C-00003", "RF69F00002", "transfer", "cash", "2026-02-27", "27.02.2026", "02/27/2026",
      "100.00", "1'000.00", "1 000,00", "92233720368547758.07",
    },
  },
  config = {
    files = { "lua/tallystick/config/builder.lua", "lua/tallystick/config/schema.lua",
      "lua/tallystick/config/workflow.lua", "lua/tallystick/script/context.lua" },
    commands = true,
    words = {
      "clinic:", "function(event, ctx) ", " end", "return ", "local ", "for i = 1, 1e9 do ", "while true do ", " .. ",
      "= true", "nil", '{ "manager" }', '"0.05"', "math.huge",
      "ctx.refuse(", "ctx.money ", "ctx.zero", "ctx.log(", "ctx.charge { amount = ", "document.remaining",
      "event.amount", "setmetatable(", "coroutine.wrap(", "string.rep(", "pcall(", "error(", "table.concat(",
    },
  },
}

local function add_quoted(words, path)
  local file <close> = assert(io.open(path, "rb"))
  for word in file:read("a"):gmatch '"([%w_/ -]+)"' do
    for piece in word:gmatch "[^/ ]+" do words[#words + 1] = piece end
  end
end

local function add_commands(words)
  for _, command in ipairs(tallystick.commands) do
    words[#words + 1] = command.name
    for _, field in ipairs(command.fields) do words[#words + 1] = field.name end
  end
end

local target = assert(TARGETS[...], "words.lua TARGET")
local words, seen = table.move(target.words, 1, #target.words, 1, {}), {}
for _, path in ipairs(target.files) do add_quoted(words, path) end
if target.commands then add_commands(words) end
for _, word in ipairs(words) do
  if not seen[word] and #word > 1 then
    seen[word] = true
    print('"' .. word:gsub('[^%w ._/:-]', function(character) return ("\\x%02X"):format(character:byte()) end) .. '"')
  end
end
