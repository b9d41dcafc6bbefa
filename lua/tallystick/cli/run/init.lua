-- tallystick init: makes a new ledger, whole or not at all, and says what was made and how to go on.
local anchors = require "tallystick.cli.anchors"
local backup = require "tallystick.cli.run.backup"
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"

local init = {}

-- ---- The script ----

-- The currency of a ledger comes from its script: where a person names one alone, it is this script that does.
local function minimal_script(currency)
  return ("-- The ledger's configuration. Declare payment types here, and give it with --config.\n"
    .. "local clinic = ...\nclinic:currency %q\n"):format(currency)
end

local function unknown_currency(currency)
  local upper = currency:upper()
  local near = require("tallystick").money("0", upper) and "did you mean " .. upper .. "?" or "give one such as CHF"
  return nil, ("--currency: ISO 4217 has no %q; %s"):format(currency, near)
end

-- What speaks against the script and the currency that were named, if anything does.
local function check(call)
  local config, currency = call.args.config, call.args.currency
  if currency and not require("tallystick").money("0", currency) then return unknown_currency(currency) end
  if not config then return true end
  local sound, declared, code, details = require("tallystick").check(config)
  if not sound then return nil, config .. ": the script has mistakes; nothing was made", code, details end
  if not currency or declared.currency == currency then return true end
  return nil, declared.currency
    and ("--currency: the script says %s, not %s; leave the option out"):format(declared.currency, currency)
    or ("--currency: the script is to say it; write clinic:currency %q into %s"):format(currency, config)
end

-- Mistakes come all at once, each with its place.
local function complain(call, message, code, details)
  call:complain(message, code, details)
  for _, mistake in ipairs(type(details) == "table" and details.errors or {}) do
    call:complain(("%s:%d: %s: %s"):format(mistake.file, mistake.line, mistake.path, mistake.message))
  end
  return exit.of(code, exit.USAGE)
end

-- ---- The file ----

-- Gives the script's path: the one that was named, or one that is made in a folder for the time being.
local function script_of(args, folder)
  if args.config or not args.currency then return args.config end
  local path = folder .. "/clinic.lua"
  local file <close> = assert(io.open(path, "wb"))
  file:write(minimal_script(args.currency))
  return path
end

-- Makes the ledger under a name for the time being, closed again: a file by itself, without a log beside it.
local function make(args, partial)
  local folder = assert(files.run "mktemp -d"):match "[^\n]+"
  local _ <close> = setmetatable({}, { __close = function() files.command("rm -rf", folder) end })
  local ledger <close>, message, code, details =
    require("tallystick").open(partial, { config = script_of(args, folder) })
  if not ledger then return nil, message, code, details end
  return { info = ledger:info(), types = ledger:types() }
end

-- ---- What was made ----

local function record_of(path, made)
  local info, ids = made.info, {}
  for index, one in ipairs(made.types) do ids[index] = one.id end
  local script = info.script.text ~= "" and ("%s, version %d"):format(info.script.name, info.script.version) or "preset"
  local fields = {}
  for _, field in ipairs { { "path", path }, { "currency", info.currency }, { "types", ids, "payment types" },
    { "script", script }, { "id", info.id }, { "mode", files.facts(path).mode, "rights" } } do
    fields[#fields + 1] = { name = field[1], title = field[3] or field[1], value = field[2] }
  end
  return { fields = fields }
end

local NEXT = [[

Nobody but you may read it. Note its id outside: backups are known by it. Then:
  tallystick consultation %s P17 120.00      a first document
  tallystick pay %s C-00001 --actor NAME     and its payment
  tallystick shell %s                        or all of it at a prompt
docs/administration.md tells of closing the day, backups and checks.]]

local function report(call, made)
  local path = call.args.ledger
  call.output:record(record_of(path, made))
  call.output:say((NEXT:gsub("%%s", function() return path end)))
end

local function make_at(call, partial)
  local path = call.args.ledger
  local made, message, code, details = make(call.args, partial)
  if not made then return complain(call, (message:gsub("^.*%.partial: ", path .. ": ")), code, details) end
  local done, taken = files.publish(partial, path)
  if not done then return call:misuse(taken) end
  report(call, made)
  -- One that lies here is of a ledger that is gone: the new one must not be held against it.
  local note, problem = anchors.accept(path)
  if note then call.output:say(note) end
  if problem then call:complain(problem) end
  return exit.DONE
end

---@param call tallystick.cli.Call
---@return integer exit_code
function init.run(call)
  local path = call.args.ledger
  local free, taken = files.is_free_for_ledger(path)
  if not free then return call:misuse(taken) end
  local sound, message, code, details = check(call)
  if not sound then return complain(call, message, code, details) end
  return backup.with_partial(path, function(partial) return make_at(call, partial) end)
end

return init
