-- report/receivables.lua - what patients owe, by its age: today, or as the books stood at the end of a day.
local calendar = require "tallystick.calendar"
local labels = require "tallystick.labels"
local options = require "tallystick.report.options"
local past = require "tallystick.report.past"
local tools = require "tallystick.report.tools"

local KNOWN = {
  as_of = { kind = "day" }, by_patient = { kind = "flag" }, age = { kind = "choice", of = { "due", "issue" } },
  lang = { kind = "lang" },
}

-- The last day of age of each; the last has none.
local AGES = { { name = "0-30", last = 30 }, { name = "31-60", last = 60 }, { name = "61-90", last = 90 },
  { name = "over-90" } }
local AGE_NAMES = {}
for place, age in ipairs(AGES) do AGE_NAMES[place] = age.name end

local KINDS = { "consultation", "invoice" }

local function age_name(days)
  for _, age in ipairs(AGES) do
    if not age.last or days <= age.last then return age.name end
  end
end

-- What is not due yet has no age.
local function document_row(document, day, from_due)
  local counted_from = from_due and document.due or document.day
  local days = math.max(0, calendar.day_of(day) - calendar.day_of(counted_from))
  return {
    status = document.status, number = document.number, kind = document.kind, patient = document.patient,
    day = document.day, due = document.due, days = days, age = age_name(days), charged = document.charged,
    settled = document.settled, remaining = document.remaining,
    not_due = from_due and document.due and document.due >= day or false,
  }
end

local function read_rows(made, day, asked)
  local rows = {}
  local function visit(document) rows[#rows + 1] = document_row(document, day, asked.age ~= "issue") end
  if asked.as_of and day < made.today then
    past.each_open(made.ledger, made.head.seq, day, visit)
  else
    past.each_open_now(made.ledger, visit)
  end
  table.sort(rows, function(one, other)
    if one.days ~= other.days then return one.days > other.days end
    if one.day ~= other.day then return one.day < other.day end
    return one.number < other.number
  end)
  return rows
end

-- ---- Sheets ----

local function age_labels(made)
  local words = {}
  for _, name in ipairs(AGE_NAMES) do words[name] = made:word("age_" .. name:gsub("%-", "_")) end
  return words
end

local function ages_sheet(made, rows)
  local ages, by_name = {}, {}
  for place, name in ipairs(AGE_NAMES) do
    local zero = made.zero
    ages[place] = { age = name, count = 0, consultation = zero, invoice = zero, remaining = zero, not_due = zero }
    by_name[name] = ages[place]
  end
  for _, row in ipairs(rows) do
    local age = by_name[row.age]
    age.count = age.count + 1
    age[row.kind] = age[row.kind] + row.remaining
    age.remaining = age.remaining + row.remaining
    if row.not_due then age.not_due = age.not_due + row.remaining end
  end
  local columns = {
    made:column("age", nil, { labels = age_labels(made) }),
    made:column("count", "count", { title = made:word "documents" }),
  }
  made:add_columns(columns, "money", { "consultation", "invoice", "remaining", "not_due" })
  return made:sheet("ages", columns, ages)
end

local function documents_sheet(made, rows)
  local function words(group, name)
    return made.labels_of(rows, name, function(value) return labels.get(made.lang, group, value) end)
  end
  local columns = {
    made:column("status", "status", { labels = words("status", "status") }), made:column("number"),
    made:column("kind", nil, { labels = words("document", "kind") }), made:column("patient", nil, { flex = true }),
    made:column("day", "day", { title = made:word "issued" }), made:column("due", "day"),
    made:column("days", "count", { sum = false }), made:column("age", nil, { labels = age_labels(made) }),
  }
  made:add_columns(columns, "money", { "charged", "settled", "remaining" })
  return made:sheet("documents", columns, rows)
end

local function patients_sheet(made, rows)
  local patients, by_id = {}, {}
  for _, row in ipairs(rows) do
    local one = by_id[row.patient]
    if not one then
      one = { patient = row.patient, count = 0, oldest = row.day, remaining = made.zero }
      for _, name in ipairs(AGE_NAMES) do one[name] = made.zero end
      patients[#patients + 1], by_id[row.patient] = one, one
    end
    one.count, one.remaining = one.count + 1, one.remaining + row.remaining
    one[row.age] = one[row.age] + row.remaining
    if row.day < one.oldest then one.oldest = row.day end
  end
  table.sort(patients, function(one, other)
    if one.remaining ~= other.remaining then return one.remaining > other.remaining end
    return one.patient < other.patient
  end)
  local columns, words = { made:column("patient", nil, { flex = true }), made:column("count", "count",
    { title = made:word "documents" }), made:column("oldest", "day") }, age_labels(made)
  for _, name in ipairs(AGE_NAMES) do
    columns[#columns + 1] = { name = name, title = words[name], kind = "money" }
  end
  columns[#columns + 1] = made:column("remaining", "money")
  return made:sheet("patients", columns, patients)
end

local function ages_chart(made, sheet)
  if sheet.sum.count == 0 then return nil end
  local categories, all, words = {}, {}, age_labels(made)
  for place, name in ipairs(AGE_NAMES) do categories[place] = { name = name, label = words[name] } end
  for _, kind in ipairs(KINDS) do
    if sheet.sum[kind].minor ~= 0 then
      local values = {}
      for place, row in ipairs(sheet.rows) do values[place] = row[kind] end
      all[#all + 1] = { name = kind, label = made:word(kind), values = values }
    end
  end
  return {
    name = "receivables_by_age", title = made:word("chart_receivables_by_age"), kind = "bars", axis = made:word("age"),
    categories = categories, series = all,
  }
end

local function build(made, asked)
  local day = asked.as_of or made.today
  if day > made.today then
    return nil, ("as_of: %s is in the future; give a day up to %s"):format(day, made.today), "date-in-future",
      { field = "as_of", expected = "a day up to " .. made.today }
  end
  local rows = read_rows(made, day, asked)
  local ages = ages_sheet(made, rows)
  local sheets = { ages }
  if asked.by_patient then sheets[2] = patients_sheet(made, rows) end
  sheets[#sheets + 1] = documents_sheet(made, rows)
  return made:report {
    name = "receivables", title = made:word("title_receivables", tools.shown_day(day)),
    facts = { made:fact("as_of", day, "day"), made:fact("remaining", ages.sum.remaining, "money") },
    sheets = sheets, charts = { ages_chart(made, ages) },
    notes = { made:word(asked.age == "issue" and "note_age_issue" or "note_age_due") },
  }
end

---What patients owe, by its age. Errors: `field-unknown`, `field-invalid`, `date-invalid`, `date-in-future`,
---`amount-overflow`, `busy`.
---@param ledger tallystick.Ledger
---@param asked? { as_of?: tallystick.Day, by_patient?: boolean, age?: "due"|"issue", lang?: string }
---@return tallystick.report.Report? report
---@return string? message
---@return string? code
---@return table? details
return function(ledger, asked)
  local checked, message, code, details = options.check("receivables", KNOWN, asked, ledger)
  if not checked then return nil, message, code, details end
  return tools.build(ledger, checked.lang, function(made) return build(made, checked) end)
end
