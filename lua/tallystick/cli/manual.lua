-- The manual pages, made from the grammar: an overview, tallystick(1), and a page for each command. They are written in
-- the man macros, with nothing beyond ASCII in them, so that every formatter sets them alike.
local grammar = require "tallystick.cli.grammar"
local parse = require "tallystick.cli.parse"

local manual = {}

-- ---- Roff ----

-- As wide as a line of roff should be.
local LINE_BYTES = 79

-- What a formatter would change in text that is typed as it stands: a hyphen for a dash, curly quotes, accents.
local LITERAL = { ["-"] = "\\-", ["'"] = "\\(aq", ["`"] = "\\(ga", ["^"] = "\\(ha", ["~"] = "\\(ti", ["\\"] = "\\e" }

local function beyond_ascii(text)
  return (text:gsub(utf8.charpattern, function(char)
    local code = utf8.codepoint(char)
    if code >= 0x80 then return ("\\[u%04X]"):format(code) end
  end))
end

-- Hyphens in numbers, days and options are typed; those between words are not.
local function hyphens(word)
  return (word:find "%d" or word:find "^%p*%-%-") and word:gsub("%-", "\\-") or word
end

---Sets a sentence.
---@param text string
---@return string
function manual.prose(text)
  return beyond_ascii((text:gsub("[\\^~`]", LITERAL):gsub("%S+", hyphens)))
end

---Sets what is typed as it stands.
---@param text string
---@return string
function manual.literal(text)
  return beyond_ascii((text:gsub("[-'`^~\\]", LITERAL)))
end

local function bold(text)
  return "\\fB" .. manual.literal(text) .. "\\fR"
end

local function italic(text)
  return "\\fI" .. manual.literal(text) .. "\\fR"
end

---@class tallystick.cli.Page
local Page = {}
Page.__index = Page

function Page:add(line)
  self[#self + 1] = line
end

-- Lines of roff are kept short; one that begins with a dot or an apostrophe would be a request.
function Page:say(text)
  local line
  for word in manual.prose(text):gmatch "%S+" do
    if line and #line + 1 + #word > LINE_BYTES then
      self:add(line)
      line = nil
    end
    line = line and line .. " " .. word or (word:find "^[.']" and "\\&" .. word or word)
  end
  self:add(line)
end

function Page:section(title)
  self:add(".SH " .. title)
end

function Page:paragraph(text)
  self:add ".PP"
  self:say(text)
end

-- A tag and what it means.
function Page:item(tag, text)
  self:add ".TP"
  self:add(tag)
  self:say(text)
end

-- Lines as they are typed.
function Page:typed(lines)
  self:add ".RS 4"
  self:add ".nf"
  for _, line in ipairs(lines) do self:add(bold(line)) end
  self:add ".fi"
  self:add ".RE"
end

-- A build that is to be repeated names the day it counts as.
local function day()
  local epoch = math.tointeger(tonumber(os.getenv "SOURCE_DATE_EPOCH")) or os.time()
  return os.date("!%Y-%m-%d", epoch)
end

local function new_page(name, summary)
  local page = setmetatable({}, Page)
  page:add(('.TH %s 1 "%s" "tallystick %s" "Tallystick"'):format(manual.literal(name:upper()), day(),
    require("tallystick.core").version))
  page:add ".nh"
  page:add ".ad l"
  page:section "NAME"
  page:add(manual.literal(name) .. " \\- " .. manual.prose(summary))
  return page
end

---The commands that have a page.
---@return tallystick.cli.CommandDefinition[]
function manual.commands()
  local list = {}
  for _, definition in ipairs(grammar.commands) do
    if grammar.is_at(definition, "line") then list[#list + 1] = grammar.find(definition.name) end
  end
  return list
end

-- ---- The page of a command ----

local function argument_name(parameter)
  return parameter.name:upper():gsub("_", "-")
end

local function synopsis(definition)
  local parts = { bold("tallystick " .. definition.name) }
  for _, parameter in ipairs(parse.arguments(definition, "line")) do
    local name = italic(argument_name(parameter)) .. (parameter.many and " \\[u2026]" or "")
    local needed = parameter.required and not (definition.writes and parameter.name ~= "ledger")
    parts[#parts + 1] = needed and name or "[" .. name .. "]"
  end
  if #parse.options(definition) > 0 then parts[#parts + 1] = "[" .. italic "OPTION" .. " \\[u2026]]" end
  return table.concat(parts, " ")
end

-- The words that a parameter takes, unless its help names them all.
local function alternatives(parameter, help)
  local words = parameter.kind ~= "boolean" and parse.choices(parameter)
  for _, word in ipairs(words or {}) do
    if not help:find(word, 1, true) then return " One of: " .. table.concat(words, ", ") .. "." end
  end
  return ""
end

local function meaning(definition, parameter)
  local help = parse.explained(definition, parameter)
  return help .. "." .. alternatives(parameter, help)
end

local function add_arguments(page, definition)
  local arguments = parse.arguments(definition, "line")
  if #arguments == 0 then return end
  page:section "ARGUMENTS"
  for _, parameter in ipairs(arguments) do
    page:item(italic(argument_name(parameter)), meaning(definition, parameter))
  end
end

local function add_options(page, definition)
  page:section "OPTIONS"
  for _, parameter in ipairs(parse.options(definition)) do
    local tag = bold(grammar.option_name(parameter))
    if parameter.kind ~= "flag" then tag = tag .. " " .. italic(parse.argname(parameter)) end
    page:item(tag, meaning(definition, parameter))
  end
  page:item(bold "--help" .. ", " .. bold "-h", "Tell of the command in short.")
end

local OPENED = {
  rw = "It writes to the ledger.", ro = "It only reads the ledger, and may run while others write.",
}

local function add_description(page, definition)
  page:section "DESCRIPTION"
  page:say(definition.summary .. ". " .. (OPENED[definition.ledger] or ""))
  if definition.writes then
    page:paragraph("What may stand without a name may also be given by its option, in any order. The ledger refuses "
      .. "what breaks a rule of the books, with a code, and then nothing was written.")
  end
  if definition.interrupted then
    page:paragraph("It may be interrupted: " .. definition.interrupted .. ".")
  end
  if definition.aliases then
    page:paragraph("It is also called " .. table.concat(definition.aliases, ", ") .. ".")
  end
end

-- What only the shell has stands on the shell's page.
local function add_shell(page)
  page:section "COMMANDS OF THE SHELL"
  for _, definition in ipairs(grammar.commands) do
    if definition.doors == "shell" then page:item(bold(definition.name), definition.summary .. ".") end
  end
end

local function page_of_command(definition)
  local page = new_page("tallystick-" .. definition.name, definition.summary)
  page:section "SYNOPSIS"
  page:add(synopsis(definition))
  add_description(page, definition)
  add_arguments(page, definition)
  add_options(page, definition)
  if definition.name == "shell" then add_shell(page) end
  if #definition.examples > 0 then
    page:section "EXAMPLES"
    page:typed(parse.examples(definition, "line"))
  end
  page:section "EXIT STATUS"
  page:say "0 where it was done; tallystick(1) tells of the others."
  page:section "SEE ALSO"
  page:add(bold "tallystick" .. "(1)")
  return page
end

-- ---- The overview ----

local VALUES = {
  { "amounts", "120, 120.5 or 120.50; no more decimals than the currency has. One below zero has a minus in front." },
  { "days", "2026-11-20." },
  { "times", "2026-11-20, 2026-11-20T14:30, with seconds, and with Z or an offset; without one it is local time." },
  { "lists", "F-00001,F-00002; the option may also be given several times." },
  { "maps", "cash=512.35; the option is given once for each name." },
  { "what begins with a dash", "stands behind its option, or behind --, which ends the options." },
}

local EXIT_CODES = {
  { 0, "Done." }, { 1, "The ledger refused it, or part of it." },
  { 2, "The arguments, the configuration or a file's rights are wrong." },
  { 3, "Another process holds the ledger; the same command may work later." },
  { 4, "The ledger is damaged, or its storage failed." }, { 70, "An error of the program itself." },
  { 130, "Interrupted." }, { 141, "Who read the output has gone." },
}

local ENVIRONMENT = {
  { "NO_COLOR", "Where it is set and not empty, nothing is coloured." },
  { "TALLYSTICK_ACTOR", "Who acts, where a command that writes names no actor." },
  { "TALLYSTICK_HISTORY", "The file that keeps the shell's history; empty: none is kept." },
  { "PAGER", "Shows the shell's long lists; less where it is not set." },
  { "TZ", "The time zone by which business days are told." },
}

local FILES = {
  { "clinic.db", "A ledger: one file, with clinic.db-wal and clinic.db-shm beside it while it is open." },
  { "~/.local/state/tallystick/history", "The history of the shell, readable by its owner alone." },
}

local function add_items(page, title, rows, set)
  page:section(title)
  for _, row in ipairs(rows) do page:item(set(tostring(row[1])), row[2]) end
end

local function add_commands(page)
  page:section "COMMANDS"
  for _, section in ipairs(grammar.sections) do
    local title = ".SS " .. section.title
    for _, definition in ipairs(grammar.commands) do
      if definition.section == section.name and grammar.is_at(definition, "line") then
        if title then page:add(title) end
        title = nil
        page:item(bold(definition.name), definition.summary .. ".")
      end
    end
  end
end

local function see_also()
  local pages = {}
  for index, definition in ipairs(manual.commands()) do
    pages[index] = bold(manual.name(definition)) .. "(1)"
  end
  return table.concat(pages, ",\n")
end

local function overview()
  local page = new_page("tallystick", "a payment ledger for clinics")
  page:section "SYNOPSIS"
  page:add(bold "tallystick" .. " " .. italic "COMMAND" .. " [" .. italic "ARGUMENT" .. " \\[u2026]]")
  page:section "DESCRIPTION"
  page:say("Keeps consultations, invoices and payments of a clinic in one file, in a journal that is only added to. "
    .. "Each command does one thing and ends; the command shell takes the same commands at a prompt.")
  page:paragraph("The pages of the commands tell what each takes. With --json a command answers in JSON, one object a "
    .. "line, errors on the standard error too; with --csv in CSV. Without a terminal there is no prompt, no progress "
    .. "and no colour.")
  add_commands(page)
  add_items(page, "VALUES", VALUES, manual.prose)
  add_items(page, "EXIT STATUS", EXIT_CODES, bold)
  add_items(page, "ENVIRONMENT", ENVIRONMENT, bold)
  add_items(page, "FILES", FILES, italic)
  page:section "SEE ALSO"
  page:add(see_also())
  return page
end

-- ---- All pages ----

---Gives the name of a page, as man takes it.
---@param definition? tallystick.cli.CommandDefinition nil: the overview
---@return string
function manual.name(definition)
  return definition and "tallystick-" .. definition.name or "tallystick"
end

---Gives a page in roff.
---@param definition? tallystick.cli.CommandDefinition with all that it takes; nil: the overview
---@return string
function manual.page(definition)
  return table.concat(definition and page_of_command(definition) or overview(), "\n") .. "\n"
end

return manual
