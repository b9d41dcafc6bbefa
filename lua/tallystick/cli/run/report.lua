-- tallystick day, period, receivables, statement, corrections: the reports, as tables, JSON, CSV or one HTML page.
local exit = require "tallystick.cli.exit"
local labels = require "tallystick.labels"
local reports = require "tallystick.report"
local save = require "tallystick.cli.save"
local text = require "tallystick.cli.text"
local width = require "tallystick.width"

local report = {}

-- What is asked of a report, by its name: the options of the command that it takes.
local ASKED = {
  day = { "day", "lang" }, period = { "from", "to", "by", "lang" },
  receivables = { "as_of", "age", "by_patient", "lang" }, statement = { "from", "to", "lang" },
  corrections = { "from", "to", "lang" },
}

-- The sheet that CSV has, where none is named; else the first.
local MAIN = { receivables = "documents", corrections = "corrections" }

-- What every report says of itself. It stands below it.
local OF_ITSELF = { currency = true, made_at = true, entry = true, hash = true }

-- What can be left out where the window is narrow, by sheet and column: the highest first.
local SPARE = {
  documents = { kind = 6, age = 5, settled = 4, day = 3, due = 2, charged = 1 },
  account = { reverses = 4, type = 3, text = 2, document = 1 },
  corrections = { recorded_at = 5, type = 4, document = 3, new_number = 2, actor = 1 },
  patients = { oldest = 2, count = 1 },
}

-- Notes are easier to read in lines of a letter's width, also where the window is wider.
local NOTE_COLUMNS_MAX = 100

local function options_of(call)
  local options = {}
  for _, name in ipairs(ASKED[call.definition.name]) do options[name] = call.args[name] end
  return options
end

-- ---- Which sheets ----

local function names_of(made)
  local names = {}
  for index, sheet in ipairs(made.sheets) do names[index] = sheet.name end
  return table.concat(names, ", ")
end

local function find(made, name)
  for _, sheet in ipairs(made.sheets) do
    if sheet.name == name then return sheet end
  end
end

-- The sheets that are written: CSV has one.
local function chosen(call, made)
  local name = call.args.sheet
  if name then
    local sheet = find(made, name)
    if sheet then return { sheet } end
    return nil, ("--sheet needs one of %s, not '%s'"):format(names_of(made), name)
  end
  if call.output.format ~= "csv" then return made.sheets end
  return { find(made, MAIN[made.name]) or made.sheets[1] }
end

-- ---- For people ----

local function facts_of(made, of_itself)
  local facts = {}
  for _, fact in ipairs(made.facts) do
    if (OF_ITSELF[fact.name] or false) == of_itself then facts[#facts + 1] = fact end
  end
  return facts
end

-- In the shell the open documents have places, by which the next command can name them.
local function give_places(call, sheets)
  if not (call.session and call.definition.list) then return end
  for _, sheet in ipairs(sheets) do
    if sheet.name == "documents" then
      local numbers = {}
      for index, row in ipairs(sheet.rows) do row.place, numbers[index] = index, row.number end
      table.insert(sheet.columns, 1, { name = "place", title = "#", kind = "count" })
      call:remember(numbers)
    end
  end
end

local function give_spares(sheet)
  for _, column in ipairs(sheet.columns) do
    column.spare = SPARE[sheet.name] and SPARE[sheet.name][column.name]
  end
end

local function say_wrapped(output, line)
  local room = math.min(output.window or NOTE_COLUMNS_MAX, NOTE_COLUMNS_MAX)
  for _, part in ipairs(width.wrap(width.printable(line), room)) do output:say(output:grey(part)) end
end

local function show(call, made, sheets)
  local output = call.output
  give_places(call, sheets)
  output:record { title = made.title, fields = facts_of(made, false), object = {} }
  for _, sheet in ipairs(sheets) do
    output:say()
    give_spares(sheet)
    sheet.empty = labels.get(made.lang, "report", "nothing")
    output:sheet(sheet)
  end
  output:say()
  for _, note in ipairs(made.notes) do say_wrapped(output, note) end
  local parts = {}
  for index, fact in ipairs(facts_of(made, true)) do
    parts[index] = fact.title .. " " .. output:cell(fact.value, fact.kind)
  end
  say_wrapped(output, table.concat(parts, " · "))
end

-- ---- For programs ----

local function write_facts(call, made)
  local fields = { { name = "report", title = "report", value = made.name } }
  for index, fact in ipairs(made.facts) do fields[index + 1] = fact end
  call.output:record { fields = fields }
end

local function write(call, made, sheets)
  if call.output.format == "json" then write_facts(call, made) end
  for _, sheet in ipairs(sheets) do call.output:sheet(sheet, sheet.name) end
end

-- ---- As a page ----

-- Writes a page to the file that a person names, and says so.
local function write_page(call, html)
  local path = call.args.html
  if path == "-" then
    call.output:raw(html)
    return exit.DONE
  end
  local done, message, code = save.all(path, html, call.args.force)
  if not done then
    if code then return call:refuse(message, code) end
    return call:misuse(message)
  end
  if call.output.format ~= "text" then
    call.output:record { fields = { { name = "path", title = "path", value = path },
      { name = "bytes", title = "bytes", value = #html } } }
  else
    call.output:say(("%s: written, %s bytes"):format(path, text.grouped(#html)))
  end
  return exit.DONE
end

-- ---- A document's statement ----

-- A document's statement is a letter: it is set as text or as a page, and has no rows.
local function run_letter(call)
  local args, number = call.args, call.args.of
  if args.json or args.csv or args.sheet then
    return call:misuse(("the statement of a document is text or --html; tallystick document %s has its figures"):format(
      number))
  end
  if args.from or args.to then return call:misuse "--from and --to are for the account of a patient" end
  local format = args.html and "html" or "text"
  local letter, message, code, details = call.ledger:statement(number, { format = format, lang = args.lang })
  if not letter then return call:refuse(message, code, details) end
  if args.html then return write_page(call, letter) end
  call.output:raw(letter)
  return exit.DONE
end

-- Whether a document has this name. A patient may have it too: who gave both one name means the document.
local function is_document(call)
  return call.ledger:document(call.args.of) ~= nil
end

local function refuse(call, message, code, details)
  if code == "patient-unknown" then
    message = ("of: no patient and no document has the name %q"):format(call.args.of)
  end
  return call:refuse(message, code, details)
end

---@param call tallystick.cli.Call
---@return integer exit_code
function report.run(call)
  local name, args = call.definition.name, call.args
  local options = options_of(call)
  if name == "statement" then
    if is_document(call) then return run_letter(call) end
    options.patient = args.of
  end
  local made, message, code, details = reports[name](call.ledger, options)
  if not made then return refuse(call, message, code, details) end
  if args.html then
    local html
    html, message, code, details = reports.html(made)
    if not html then return call:refuse(message, code, details) end
    return write_page(call, html)
  end
  local sheets, wrong = chosen(call, made)
  if not sheets then return call:misuse(wrong) end
  if call.output.format == "text" then show(call, made, sheets) else write(call, made, sheets) end
  return exit.DONE
end

return report
