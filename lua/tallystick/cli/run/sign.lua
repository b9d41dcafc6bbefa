-- tallystick sign: writes a statement of a closing and its signature, which anyone can check without Tallystick.
local exit = require "tallystick.cli.exit"
local files = require "tallystick.files"
local save = require "tallystick.cli.save"
local verify = require "tallystick.cli.run.verify"

local sign = {}

local CHECK = [[
To check it, with the public key of %s:
  tallystick verify %s --signed %s --public KEY.pub
  openssl pkeyutl -verify -pubin -inkey KEY.pub -rawin -in %s -sigfile %s.sig]]

-- The name of the ledger without its folder and ending, and the day.
local function default_path(ledger_path, facts)
  return ("%s-%s.closing"):format((files.name_of(ledger_path):gsub("%.%w+$", "")), facts.through)
end

-- What is already there is known before anything is written.
local function check_free(paths, force)
  for _, path in ipairs(paths) do
    if not force and files.exists(path) then
      return nil, path .. ": a file is there already; name a new one, or give --force to replace it"
    end
  end
  return true
end

local function write(call, path, statement, signature)
  local free, message = check_free({ path, path .. ".sig" }, call.args.force)
  local code
  if free then free, message, code = save.all(path, statement, call.args.force) end
  if free then free, message, code = save.all(path .. ".sig", signature, call.args.force) end
  if free then return exit.DONE end
  call:complain(message, code)
  return exit.of(code, exit.USAGE)
end

local function report(call, path, facts)
  if call.output.format ~= "text" then
    local fields = { { name = "path", title = "path", value = path } }
    for _, name in ipairs { "id", "through", "seq", "hash", "recorded_at", "public_key" } do
      fields[#fields + 1] = { name = name, title = name, value = facts[name] }
    end
    return call.output:record { fields = fields }
  end
  if call.args.quiet then return end
  call.output:say(("%s and %s.sig: the closing through %s, signed"):format(path, path, facts.through))
  call.output:say(("  %d:%s"):format(facts.seq, facts.hash))
  call.output:say(CHECK:format(call.args.key, call.path, path, path, path))
end

---@param call tallystick.cli.Call
---@return integer exit_code
function sign.run(call)
  local args, ledger = call.args, call.ledger
  if not args.no_verify then
    local sound, message, code, details = verify.recompute(call, ledger)
    if not sound then return verify.complain(call, call.path, message, code, details) end
  end
  local statement, signature, facts, details = require("tallystick.signing").sign(ledger, args.key, args.through)
  if not statement then return call:refuse(signature, facts, details) end
  local path = args.output or default_path(call.path, facts)
  local exit_code = write(call, path, statement, signature)
  if exit_code == exit.DONE then report(call, path, facts) end
  return exit_code
end

return sign
