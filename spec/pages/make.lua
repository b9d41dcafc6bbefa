-- make.lua - writes report pages for spec/pages/check: of a year of a practice in four languages, and of ledgers that
-- are made to be hard to draw. Beside each page stands the report's own data as JSON.
--   make.lua FOLDER
local json = require "tallystick.json"
local report = require "tallystick.report"
local tallystick = require "tallystick"

local folder = assert(arg[1], "make.lua FOLDER")

local YEAR_NOW = "2025-12-31T18:00"
local CONFIG = "examples/practice-year/clinic.lua"
local LOG = "examples/practice-year/practice-year.jsonl"

local function write(name, text)
  local file <close> = assert(io.open(folder .. "/" .. name, "wb"))
  assert(file:write(text))
end

---@param name string of the page
---@param ledger tallystick.Ledger
---@param kind string which report
---@param options table
local function make(name, ledger, kind, options)
  local made = assert(report[kind](ledger, options))
  write(name .. ".html", assert(report.html(made)))
  write(name .. ".json", json.encode(made))
end

-- ---- A year of a practice ----

local function open_year()
  local path = folder .. "/year.db"
  local command = ("bin/tallystick replay %s %s --config %s --batch 500 --quiet"):format(path, LOG, CONFIG)
  assert(os.execute(command), "the year was not replayed")
  return assert(tallystick.open(path, { mode = "ro", clock = function() return YEAR_NOW end }))
end

local function make_year()
  local ledger <close> = open_year()
  for _, lang in ipairs { "fr", "de", "it", "en" } do
    make("year-period-" .. lang, ledger, "period", { from = "2025-01-01", by = { "month", "type" }, lang = lang })
    make("year-receivables-" .. lang, ledger, "receivables", { lang = lang })
    make("year-corrections-" .. lang, ledger, "corrections", { lang = lang })
  end
  make("year-day-fr", ledger, "day", { day = "2025-11-03", lang = "fr" })
  make("year-day-sealed-de", ledger, "day", { day = "2025-10-28", lang = "de" })
  make("year-statement-fr", ledger, "statement", { patient = "P0418", from = "2025-03-01", lang = "fr" })
  make("year-patients-it", ledger, "receivables",
    { by_patient = true, as_of = "2025-06-30", age = "issue", lang = "it" })
  make("year-days-en", ledger, "period", { from = "2025-09-01", to = "2025-10-31", by = { "actor" }, lang = "en" })
end

-- ---- What is hard to draw ----

local NAMES = {
  "<script>alert('x')</script> & \"quoted\"", "Donaudampfschifffahrtsgesellschaftskapitänsmützenabrechnung",
  "クレジットカード決済（海外発行）", "🏥💳 Terminal", "iiiiiiiiiiiiiiiiiiii", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
  "Versement par l’assurance complémentaire du canton de Neuchâtel", "\u{202E}reversed",
}
local TYPES = 40

local function many_types()
  local lines = { "local clinic = ...", 'clinic:currency "CHF"', 'clinic:language "en"' }
  for place = 1, TYPES do
    local label = ("%s %d"):format(NAMES[place % #NAMES + 1], place)
    lines[#lines + 1] = ("clinic:payment_type { id = %q, label = %q, default = %s }"):format("t" .. place, label,
      place == 1)
  end
  local path = folder .. "/many.lua"
  write("many.lua", table.concat(lines, "\n"))
  return path
end

local function open_new(now, config)
  local clock = { now = now }
  local ledger = assert(tallystick.open(":memory:", {
    config = config, actor = "desk-1", roles = { "manager" }, clock = function() return clock.now end,
  }))
  return ledger, clock
end

-- Five years, forty types, long names of everything; now and then a payment is reversed on a later day.
local function make_hard()
  local ledger <close>, clock = open_new("2026-12-31T18:00", many_types())
  math.randomseed(40)
  local number = 0
  for year = 2022, 2026 do
    for month = 1, 12 do
      for _ = 1, 12 do
        number = number + 1
        local at = ("%d-%02d-%02dT10:00"):format(year, month, math.random(28))
        local patient = number % 9 == 0 and ("P" .. ("7"):rep(120)) or "P" .. number
        local made = assert(ledger:consultation { patient = patient, amount = math.random(10, 900) .. ".35", at = at })
        if number % 7 > 0 then
          local payment = assert(ledger:pay { document = made.number, type = "t" .. math.random(TYPES), at = at,
            group = number % 5 > 0 and NAMES[number % #NAMES ~= 7 and number % #NAMES + 1 or 1] or nil,
            actor = number % 4 == 0 and NAMES[6] .. NAMES[2] or nil })
          if number % 6 == 0 then
            assert(ledger:reverse { payment = payment.number, reason = NAMES[2] .. " " .. NAMES[1],
              at = at:gsub("T10", "T11") })
          end
        end
      end
    end
  end
  make("hard-five-years", ledger, "period", { from = "2022-01-01", by = { "type", "group" } })
  make("hard-twenty-years", ledger, "period", { from = "2007-01-01", by = { "year" } })
  make("hard-all-ways", ledger, "period",
    { from = "2026-11-01", to = "2026-12-31", by = { "type", "group", "day", "actor" } })
  make("hard-corrections", ledger, "corrections", { from = "2024-01-01" })
  make("hard-receivables", ledger, "receivables", { by_patient = true })
  make("hard-statement", ledger, "statement", { patient = "P" .. ("7"):rep(120) })
  assert(ledger:consultation { patient = "P1", amount = "100.00", number = "LAST-DAY" })
  local payment = assert(ledger:pay { document = "LAST-DAY", type = "t3" })
  clock.now = "2027-01-01T10:00"
  assert(ledger:reverse { payment = payment.number, reason = "by mistake" })
  make("hard-negative-day", ledger, "period", { from = "2027-01-01", to = "2027-01-01" })
  make("hard-negative-between", ledger, "period", { from = "2026-12-20", to = "2027-01-01", by = { "day" } })
  make("hard-day", ledger, "day", {})
end

local function make_empty()
  local ledger <close> = open_new("2026-03-02T10:00")
  make("empty-day", ledger, "day", {})
  make("empty-period", ledger, "period", {})
  make("empty-receivables", ledger, "receivables", {})
  make("empty-corrections", ledger, "corrections", {})
end

-- Amounts near the end of 64 bits, and one unit beside them.
local function make_huge()
  local ledger <close> = open_new("2026-03-02T10:00")
  for number, amount in ipairs { "90000000000000000.00", "0.05" } do
    local made = assert(ledger:consultation { patient = "P" .. number, amount = amount })
    assert(ledger:pay { document = made.number, type = number == 1 and "card" or "cash" })
  end
  assert(ledger:consultation { patient = "P3", amount = "12345678901234.56" })
  make("huge-day", ledger, "day", {})
  make("huge-period", ledger, "period", { from = "2026-03-01", to = "2026-03-02" })
  make("huge-receivables", ledger, "receivables", {})
end

make_year()
make_hard()
make_empty()
make_huge()
