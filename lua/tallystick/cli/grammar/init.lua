-- grammar/init.lua - the one table of commands: the command line, the shell, help, completion and the manual pages are
-- all made from it. Nothing here loads the ledger, so that --help is answered at once.
local grammar = {}

---What a command takes: an argument (known by its place) or an option (known by its name).
---@class tallystick.cli.Parameter
---@field name string as in the table of values, such as "dry_run"
---@field kind tallystick.cli.Kind
---@field help string
---@field option? string the option's name without dashes, where it is not the parameter's: "role" for roles
---@field argname? string what stands for the value in help
---@field required? boolean
---@field many? boolean an argument that takes all words that are left
---@field choices? string[]|"kinds"|"commands"|"ways" of a choice; of texts what completion offers
---@field least? integer of a count; default 0
---@field instead? string the field that is not wanted where this one is given

---@alias tallystick.cli.Kind
---| "text" | "texts" | "amount" | "day" | "time" | "count" | "boolean" | "flag" | "choice" | "map" | "path"
---| "document" | "documents" | "consultations" | "payment" | "patient" | "party" | "type" | "group" | "status"

---@class tallystick.cli.CommandDefinition
---@field name string
---@field aliases? string[]
---@field section string
---@field summary string
---@field ledger "ro"|"rw"|false how the ledger that is named first is opened; false: it is not opened for it
---@field reads_with? string the flag with which it only reads, although its ledger is "rw"
---@field doors "both"|"line"|"shell" line: not in the shell; shell: only there
---@field prefix? boolean it stands before another command, whose words it does not read
---@field live? boolean it draws on the screen, so that no pager can take what it writes
---@field run string the module that runs it: run(call) gives the exit code
---@field arguments tallystick.cli.Parameter[]
---@field options tallystick.cli.Parameter[]
---@field formats string[] which of "json" and "csv" it can answer in
---@field writes? boolean one of the ledger's commands: its values are the fields
---@field list? string what its rows are of, where the shell may point at them by their place
---@field examples string[] without the program's name and the ledger's
---@field interrupted? string what an interruption leaves
---@field ends? string how it ends, where the exit code says more than usual
---@field hidden? boolean for programs: in no list

-- In the order in which help lists them.
grammar.sections = {
  { name = "commands", title = "Write" }, { name = "reading", title = "Look up" },
  { name = "reports", title = "Reports" }, { name = "house", title = "Keep house" },
  { name = "shell", title = "In the shell" },
}

local RUNNERS = {
  documents = "lists", unpaid = "lists", payments = "lists", entries = "lists", types = "lists", closings = "lists",
  totals = "lists",
  document = "show", payment = "show", patient = "show", stage = "show", info = "show", reference = "show",
  day = "report", period = "report", receivables = "report", statement = "report", corrections = "report",
}

local function parameters_of(command, fields, list)
  local parameters = {}
  for index, field in ipairs(list) do
    local parameter = { name = field.name, required = field.required }
    for name, value in pairs(fields(command, field.name)) do parameter[name] = value end
    parameters[index] = parameter
  end
  return parameters
end

-- Splits the fields of a writing command into those that may stand without a name, in order, and all as options.
local function complete_writing(definition)
  local fields = require "tallystick.cli.grammar.fields"
  local filled = require("tallystick.cli.grammar.writing").filled[definition.name] or {}
  local by_name, options = {}, {}
  for _, command in ipairs(require("tallystick.core").commands) do
    if command.name == definition.name then
      options = parameters_of(command.name, fields, command.fields)
    end
  end
  for _, parameter in ipairs(options) do
    by_name[parameter.name] = parameter
    if filled[parameter.name] then parameter.required = false end
  end
  local arguments = {}
  for index, name in ipairs(definition.order) do
    arguments[index] = by_name[name]
    by_name[name].many = by_name[name].kind == "consultations" or nil
  end
  definition.arguments, definition.options = arguments, options
end

local function add(list, section, default)
  for _, definition in ipairs(list) do
    definition.section = section
    definition.doors = definition.doors or (section == "shell" and "shell" or "both")
    if definition.ledger == nil then definition.ledger = default end
    local runner = definition.order and "write" or RUNNERS[definition.name] or definition.name
    definition.run = section == "shell" and "tallystick.shell.commands" or "tallystick.cli.run." .. runner
    definition.writes = definition.order ~= nil or nil
    if not definition.order then
      definition.arguments, definition.options = definition.arguments or {}, definition.options or {}
    end
    definition.formats = definition.formats or { "json", "csv" }
    definition.examples = definition.examples or {}
    local list_of = definition.hidden and grammar.hidden or grammar.commands
    list_of[#list_of + 1] = definition
  end
end

---All commands, in the order of help.
---@type tallystick.cli.CommandDefinition[]
grammar.commands = {}

---Those that are in no list.
---@type tallystick.cli.CommandDefinition[]
grammar.hidden = {}

do
  local reading = require "tallystick.cli.grammar.reading"
  add(require("tallystick.cli.grammar.writing").commands, "commands", "rw")
  add(reading.reading, "reading", "ro")
  add(reading.reports, "reports", "ro")
  add(require "tallystick.cli.grammar.files", "house", "ro")
  add(require "tallystick.cli.grammar.shell", "shell", false)
end

local by_name = {}
for _, definition in ipairs(grammar.commands) do
  by_name[definition.name] = definition
  for _, alias in ipairs(definition.aliases or {}) do by_name[alias] = definition end
end
for _, definition in ipairs(grammar.hidden) do by_name[definition.name] = definition end

---Finds a command by its name, with all that it takes.
---@param name string
---@return tallystick.cli.CommandDefinition?
function grammar.find(name)
  local definition = by_name[name]
  if definition and not definition.arguments then complete_writing(definition) end
  return definition
end

---How the ledger of a command is opened for what it was given.
---@param definition tallystick.cli.CommandDefinition
---@param args table<string, any>
---@return "ro"|"rw"|false
function grammar.mode(definition, args)
  if definition.reads_with and args[definition.reads_with] then return "ro" end
  return definition.ledger
end

---Whether a command is known at a door.
---@param definition tallystick.cli.CommandDefinition
---@param door "line"|"shell"
---@return boolean
function grammar.is_at(definition, door)
  return definition.doors == "both" or definition.doors == door
end

---The name of a known command that a mistyped one may have been meant to be.
---@param name string
---@param door "line"|"shell"
---@return string?
function grammar.nearest(name, door)
  local names = {}
  for _, definition in ipairs(grammar.commands) do
    if grammar.is_at(definition, door) then names[#names + 1] = definition.name end
  end
  return require "tallystick.config.nearest"(name, names)
end

---The name of an option as it is typed, such as "--dry-run".
---@param parameter tallystick.cli.Parameter
---@return string
function grammar.option_name(parameter)
  return "--" .. (parameter.option or parameter.name):gsub("_", "-")
end

return grammar
