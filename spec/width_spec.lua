-- How many columns a text takes, how it is broken into lines, and what of it may be printed.
local width = require "tallystick.width"

local COMBINING_ACUTE = "\u{301}"
local FAMILY = "👨\u{200D}👩\u{200D}👧"
local REPLACED = "\u{FFFD}"

describe("the width of a text", function()
  for _, case in ipairs {
    { "nothing", "", 0 },
    { "ASCII", "Cash 12.50", 10 },
    { "accented letters", "éüàçœ", 5 },
    { "a sharp s", "ß", 1 },
    { "the euro sign", "€", 1 },
    { "typographic signs", "–’…·«»", 6 },
    { "a letter with a combining accent", "e" .. COMBINING_ACUTE, 1 },
    { "many marks on one letter", "e" .. COMBINING_ACUTE:rep(50), 1 },
    { "a mark that sits on nothing", COMBINING_ACUTE, 0 },
    { "Greek and Cyrillic", "αβγ жзи", 7 },
    { "Hebrew with its points", "שָׁלוֹם", 4 },
    { "Arabic with its marks", "مُحَمَّد", 4 },
    { "Devanagari with a vowel below", "कु", 1 },
    { "Thai with marks above", "ที่", 1 },
    { "Chinese", "日本", 4 },
    { "full-width letters", "ＡＢ", 4 },
    { "half-width katakana", "ｱｲ", 2 },
    { "a Hangul syllable", "한", 2 },
    { "a Hangul syllable in its parts", "\u{1112}\u{1161}\u{11AB}", 2 },
    { "CJK of a later plane", "\u{20000}\u{3FFFD}", 4 },
    { "an emoji", "😀", 2 },
    { "an emoji of Unicode 16", "\u{1FAE9}", 2 },
    { "an emoji with a skin tone, each for itself", "👍🏽", 4 },
    { "emoji that are joined, each for itself", FAMILY, 6 },
    { "a heart as text", "❤", 1 },
    { "a heart as an emoji", "❤\u{FE0F}", 2 },
    { "the key of a telephone as an emoji", "1\u{FE0F}\u{20E3}", 2 },
    { "a letter that has no emoji form", "a\u{FE0F}", 1 },
    { "a wide emoji that asks for its emoji form", "😀\u{FE0F}", 2 },
    { "a flag", "🇨🇭", 2 },
    { "ambiguous signs, as outside of East Asia", "§°±×", 4 },
    { "the sign for what cannot be shown", REPLACED, 1 },
  } do
    local name, text, columns = table.unpack(case)
    it("counts " .. name, function() assert.equal(columns, width.of(text)) end)
  end
end)

describe("what may be printed", function()
  for _, case in ipairs {
    { "keeps plain text", "Dr. Müller, 1. Stock", "Dr. Müller, 1. Stock" },
    { "keeps marks and emoji", "e" .. COMBINING_ACUTE .. " " .. FAMILY, "e" .. COMBINING_ACUTE .. " " .. FAMILY },
    { "makes spaces of breaks and tabs", "a\nb\r\nc\td\ve\ff\rg", "a b c d e f g" },
    { "makes spaces of Unicode's breaks", "a\u{85}b\u{2028}c\u{2029}d", "a b c d" },
    { "replaces escape sequences", "\27[31mred\27[0m", REPLACED .. "[31mred" .. REPLACED .. "[0m" },
    { "replaces other controls", "\0\1\8\31\127", REPLACED:rep(5) },
    { "replaces controls of Latin-1", "\u{80}\u{9B}31m", REPLACED:rep(2) .. "31m" },
    { "replaces what turns the writing", "\u{202E}00.1\u{202C}\u{2066}x\u{2069}",
      REPLACED .. "00.1" .. REPLACED:rep(2) .. "x" .. REPLACED },
    { "leaves out what takes no room", "\u{FEFF}a\u{AD}b\u{200B}c\u{2060}", "abc" },
    { "replaces bytes that are not UTF-8", "a\xFFb\x80", "a" .. REPLACED .. "b" .. REPLACED },
    { "replaces each byte of a character cut short", "\xE2\x82", REPLACED:rep(2) },
    { "replaces overlong forms", "\xC0\xAF", REPLACED:rep(2) },
    { "replaces surrogates", "\xED\xA0\x80", REPLACED:rep(3) },
    { "replaces what lies above Unicode", "\xF4\x90\x80\x80", REPLACED:rep(4) },
    { "keeps the end after bytes that are not UTF-8", "\xFFé\xFFü", REPLACED .. "é" .. REPLACED .. "ü" },
  } do
    local name, text, expected = table.unpack(case)
    it(name, function() assert.equal(expected, width.printable(text)) end)
  end

  it("is well-formed and without controls, whatever the bytes", function()
    math.randomseed(7)
    for _ = 1, 500 do
      local bytes = {}
      for index = 1, math.random(0, 40) do bytes[index] = string.char(math.random(0, 255)) end
      local text = width.printable(table.concat(bytes))
      assert.is_truthy(utf8.len(text))
      assert.is_nil(text:find "%c")
      assert.equal(text, width.printable(text))
    end
  end)
end)

-- Without what wrapping may take out.
local function bare(text)
  return (text:gsub("\u{FE0F}", ""):gsub(" ", ""))
end

describe("a text in lines", function()
  for _, case in ipairs {
    { "stays one where it fits", "Bar und Karte", 13, { "Bar und Karte" } },
    { "breaks between words", "Bar und Karte", 12, { "Bar und", "Karte" } },
    { "is one empty line of nothing", "", 10, { "" } },
    { "is one empty line of spaces", "   ", 10, { "" } },
    { "loses spaces at its ends and beside others", "  a   b ", 10, { "a b" } },
    { "breaks a long word behind a hyphen", "Hals-Nasen-Ohren-Praxis", 12, { "Hals-Nasen-", "Ohren-Praxis" } },
    { "breaks a longer word between letters", "abcdefghij", 4, { "abcd", "efgh", "ij" } },
    { "goes on behind the end of a long word", "abcdef gh", 5, { "abcde", "f gh" } },
    { "counts columns, not bytes", "éééé éééé", 4, { "éééé", "éééé" } },
    { "leaves a column free before a wide character", "日本語", 5, { "日本", "語" } },
    { "keeps marks on their letter", ("e" .. COMBINING_ACUTE):rep(3), 2,
      { ("e" .. COMBINING_ACUTE):rep(2), "e" .. COMBINING_ACUTE } },
    { "keeps joined emoji together", "ab" .. FAMILY, 6, { "ab", FAMILY } },
    { "parts joined emoji that no line can hold", "👨\u{200D}👩", 2, { "👨\u{200D}", "👩" } },
  } do
    local name, text, room, lines = table.unpack(case)
    it(name, function() assert.same(lines, width.wrap(text, room)) end)
  end

  it("keeps every character and never leaves its room", function()
    local letters = { "a", "é", "-", " ", "日", "😀", COMBINING_ACUTE, "\u{200D}", "\u{FE0F}", "❤", "🇨", "W" }
    math.randomseed(11)
    for _ = 1, 500 do
      local parts = {}
      for index = 1, math.random(0, 60) do parts[index] = letters[math.random(#letters)] end
      local text, room = table.concat(parts), math.random(2, 30)
      local lines = width.wrap(text, room)
      for _, line in ipairs(lines) do
        assert.is_true(width.of(line) <= room, ("%q is longer than %d"):format(line, room))
      end
      assert.equal(bare(text), bare(table.concat(lines)))
    end
  end)
end)
