-- testing.lua - for a clinic that tests its own scripts: a ledger in memory with a clock that is set by hand, and
-- assertions that say in the words of the ledger what was expected and what came. They are registered with luassert
-- where that is there, as under busted; as plain functions they need nothing.
local calendar = require "tallystick.calendar"
local core = require "tallystick.core"
local nearest = require "tallystick.config.nearest"
local tallystick = require "tallystick"

---@class tallystick.testing
local testing = {}

-- A Monday morning, the same in each run; long enough ago that no test meets the real time.
testing.NOW = "2026-01-05T09:00"

-- ---- The clock ----

local SECONDS_PER_DAY = 86400
local SECONDS_PER_UNIT = { h = 3600, m = 60 }
-- Six digits are more than a thousand years of days; no test means more.
local SPAN_DIGITS_MAX = 6

---A clock that stands still until it is told otherwise.
---@class tallystick.testing.Clock
---@field private seconds integer of the epoch
local Clock = {}
Clock.__index = Clock

---Seconds of the epoch, of a time of day that is read as if it were in UTC.
---@param text string without its zone
---@return integer? seconds nil where no calendar or clock has it
local function seconds_of(text)
  local date, time = text:match "^(%d%d%d%d%-%d%d%-%d%d)(.*)$"
  if not date then return nil end
  if time == "" then time = "T00:00" end
  if #time == #"T00:00" then time = time .. ":00" end
  local hour, minute, second = time:match "^T(%d%d):(%d%d):(%d%d)$"
  if not hour then return nil end
  local seconds = calendar.day_of(date) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second
  -- A day or an hour too many comes out as another one.
  return os.date("!%Y-%m-%dT%H:%M:%S", seconds) == date .. time and seconds or nil
end

---How far local clocks are ahead of UTC at an instant.
---@param instant integer
---@return integer seconds
local function local_offset(instant)
  return seconds_of(os.date("%Y-%m-%dT%H:%M:%S", instant)) - instant
end

---The instant at which local clocks show a time: the first of two where an hour comes twice, and where clocks leave the
---time out, as much later as they go forward. The ledger reads times so (csrc/time.c).
---@param shown integer seconds, as if in UTC
---@return integer instant
---@return boolean exact whether clocks show that time at all
local function local_instant(shown)
  local before = shown - local_offset(shown - SECONDS_PER_DAY)
  local after = shown - local_offset(shown + SECONDS_PER_DAY)
  local first
  for _, candidate in ipairs { before, after } do
    local shows = candidate + local_offset(candidate) == shown
    if shows and (not first or candidate < first) then first = candidate end
  end
  return first or before, first ~= nil
end

---Reads a time as commands do: ISO 8601, local where it names no zone; a day alone is its first instant.
---@param time tallystick.Time
---@return integer? seconds
local function read_time(time)
  if math.type(time) == "integer" then return time end
  if type(time) ~= "string" then return nil end
  local bare, sign, hours, minutes = time:match "^(.+T.+)([+-])(%d%d):(%d%d)$"
  if bare then
    local shown, offset = seconds_of(bare), hours * 3600 + minutes * 60
    return shown and shown - (sign == "+" and offset or -offset)
  end
  bare = time:match "^(.+T.+)Z$"
  if bare then return seconds_of(bare) end
  local shown = seconds_of(time)
  if not shown then return nil end
  local instant, exact = local_instant(shown)
  return (exact or not time:find "T") and instant or nil
end

---Sets the clock, also back.
---@param time tallystick.Time such as "2026-03-30" (its midnight), "2026-03-30T10:15", or seconds of the epoch
function Clock:set(time)
  local seconds = read_time(time)
  if not seconds then
    error(('clock:set takes a time such as "2026-03-30" or "2026-03-30T10:15", not %s'):format(tostring(time)), 2)
  end
  self.seconds = seconds
end

---@param instant integer
---@param count integer
---@param unit "d"|"h"|"m"
---@return integer instant
local function later(instant, count, unit)
  if unit ~= "d" then return instant + count * SECONDS_PER_UNIT[unit] end
  -- The same time of day, however long the days between are.
  return count == 0 and instant or (local_instant(instant + local_offset(instant) + count * SECONDS_PER_DAY))
end

---Puts the clock forward: by days, which keep the time of day also where clocks are changed in between, by hours and
---by minutes.
---@param span string such as "30d", "2h", "15m" or "1d 2h 15m"
function Clock:advance(span)
  local seconds, rest = self.seconds, span
  while type(rest) == "string" and rest ~= "" do
    local count, unit, behind = rest:match "^(%d+)([dhm])%s*(.*)$"
    if not count or #count > SPAN_DIGITS_MAX then break end
    seconds, rest = later(seconds, math.tointeger(count), unit), behind
  end
  if rest ~= "" or span == "" then
    error(('clock:advance takes days, hours and minutes such as "30d" or "2h 15m", not %s'):format(tostring(span)), 2)
  end
  self.seconds = seconds
end

---The time on the clock, in seconds of the epoch.
---@return integer
function Clock:now()
  return self.seconds
end

function Clock:__tostring()
  return os.date("%Y-%m-%dT%H:%M:%S", self.seconds)
end

-- ---- What is said of answers ----

---@param details table?
---@return string lines each with a line feed before it
local function details_of(details)
  local lines = {}
  for name, value in pairs(type(details) == "table" and details or {}) do
    if type(value) ~= "table" then lines[#lines + 1] = ("\n          %s: %s"):format(name, tostring(value)) end
  end
  table.sort(lines)
  return table.concat(lines)
end

---@param message any
---@param code any
---@param details any
---@return string
local function refusal(message, code, details)
  return ("refused with %s: %s%s"):format(tostring(code), tostring(message), details_of(details))
end

local function is_money(value)
  return type(value) == "userdata" and math.type(value.minor) == "integer"
end

---What a command gave, in one line.
---@param result any
---@return string
local function outcome(result)
  if is_money(result) then return tostring(result) end
  if type(result) == "string" then return ("%q"):format(result) end
  if type(result) ~= "table" then return tostring(result) end
  local words = {}
  local function add(name) if result[name] ~= nil then words[#words + 1] = tostring(result[name]) end end
  add "number"
  if result.document ~= result.number then add "document" end
  add "status"
  if result.remaining then words[#words + 1] = ("remaining %s"):format(tostring(result.remaining)) end
  return #words > 0 and table.concat(words, ", ") or "a table without number and status"
end

---What a call answered: its result, or its refusal.
---@param ... any all that the call gave
---@return string
local function answer(...)
  local result, message, code, details = ...
  if result == nil and code ~= nil then return refusal(message, code, details) end
  return outcome(result)
end

---@param expected string
---@param got string
---@return string
local function comparison(expected, got)
  return ("expected: %s\n     got: %s"):format(expected, got)
end

-- ---- The clinic ----

---A ledger in memory with a clock. It has every method of the ledger; where the ledger would answer with nil, message,
---code and details, they raise, so that a test needs no assert around each call.
---@class tallystick.testing.Clinic : tallystick.Ledger
---@field ledger tallystick.Ledger which answers instead of raising
---@field clock tallystick.testing.Clock
local Clinic = {}

---Calls a method of the ledger. A transaction gets the clinic, so that commands in it raise too.
---@param clinic tallystick.testing.Clinic
---@param name string
---@return table results packed
local function call(clinic, name, ...)
  local arguments = table.pack(...)
  local body = arguments[1]
  if name == "transaction" and type(body) == "function" then arguments[1] = function() return body(clinic) end end
  return table.pack(clinic.ledger[name](clinic.ledger, table.unpack(arguments, 1, arguments.n)))
end

---@param name string
---@param clinic any what stands before the colon
---@param level integer
local function check_call(name, clinic, level)
  if getmetatable(clinic) ~= Clinic then error(("call clinic:%s with a colon"):format(name), level + 1) end
end

---@param name string
---@return function
local function raising(name)
  return function(clinic, ...)
    check_call(name, clinic, 2)
    local results = call(clinic, name, ...)
    if results[1] == nil and results[3] ~= nil then
      error(("%s was %s"):format(name, refusal(table.unpack(results, 2, 4))), 2)
    end
    return table.unpack(results, 1, results.n)
  end
end

---@param name any
---@param level integer
---@return string name of a method
local function known_method(name, level)
  if core.methods[name] then return name end
  local names = { "clock", "ledger", "try" }
  for method in pairs(core.methods) do names[#names + 1] = method end
  table.sort(names)
  local near = nearest(name, names)
  error(("a clinic has no %s%s"):format(tostring(name), near and ("; did you mean %s?"):format(near) or ""), level + 1)
end

---Calls a method without raising: `local result, message, code, details = clinic:try "pay" { … }`.
---@param name string
---@return fun(...: any): any, string?, string?, tallystick.Details?
local function try(clinic, name)
  check_call("try", clinic, 2)
  known_method(name, 2)
  return function(...)
    local results = call(clinic, name, ...)
    return table.unpack(results, 1, results.n)
  end
end

function Clinic:__index(name)
  if name == "try" then return try end
  local method = raising(known_method(name, 2))
  rawset(self, name, method)
  return method
end

function Clinic:__close()
  self.ledger:close()
end

function Clinic:__tostring()
  return ("a clinic at %s"):format(tostring(self.clock))
end

---@class tallystick.testing.Options
---@field config? string the path of the script to be tested; without one the preset serves
---@field now? tallystick.Time what the clock shows first, testing.NOW by default
---@field actor? string who acts where a command names nobody
---@field roles? string[] the roles of who acts where a command names none
---@field on_error? fun(message: string) as for tallystick.open
---@field script_limits? table as for tallystick.open

---Makes a clinic: a ledger in memory under a script, with a clock. Raises where the script has mistakes, with all of
---them, and where an option is not known.
---@param options? tallystick.testing.Options
---@return tallystick.testing.Clinic
function testing.clinic(options)
  local opening = {}
  for name, value in pairs(options or {}) do opening[name] = value end
  if opening.clock then error("testing.clinic has a clock of its own; set it with now, or with clinic.clock:set", 2) end
  local clock = setmetatable({ seconds = read_time(opening.now or testing.NOW) }, Clock)
  if not clock.seconds then error(("now takes a time such as %q"):format(testing.NOW), 2) end
  opening.now, opening.clock = nil, function() return clock.seconds end
  local ledger, message = tallystick.open(":memory:", opening)
  if not ledger then error(message, 2) end
  return setmetatable({ ledger = ledger, clock = clock }, Clinic)
end

-- ---- The assertions ----

---Each gives whether it holds, and what to say where it does not, or should not.
---@type table<string, fun(...: any): boolean, string>
local judges = {}

---@param name string what was expected
---@param names string[] the known ones
---@return string note empty where the name is known, or like none
local function slip(name, names)
  for _, known in ipairs(names) do
    if known == name then return "" end
  end
  local near = nearest(name, names)
  return near and ("\n          did you mean %q?"):format(near) or ""
end

-- A rule of a script refuses with the code "refused", and tells its own in the details.
local function has_code(expected, code, details)
  return code == expected or code == "refused" and type(details) == "table" and details.code == expected
end

function judges.refused(expected, ...)
  local result, _, code, details = ...
  local codes = {}
  for index, row in ipairs(tallystick.errors) do codes[index] = row.code end
  local wanted = "refused with " .. tostring(expected)
  if result == nil and code == nil then
    return false, comparison(wanted, "nil alone; give all that a call answers: assert.refused(code, ledger:pay { … })")
  end
  local got = result == nil and answer(...) or "done: " .. answer(...)
  local holds = result == nil and has_code(expected, code, details)
  return holds, comparison(holds and "not " .. wanted or wanted, got) .. (holds and "" or slip(expected, codes))
end

function judges.status(expected, ...)
  local document = ...
  local status = type(document) == "table" and document.status
  local holds = status == expected and expected ~= nil
  return holds, comparison((holds and "not the status " or "the status ") .. tostring(expected), answer(...))
    .. (holds and "" or slip(expected, tallystick.statuses))
end

function judges.amount(expected, ...)
  local money = ...
  if not is_money(money) then
    return false, comparison(tostring(expected), answer(...) .. (", a %s and no amount of money"):format(type(money)))
  end
  -- The currency may be named, and is that of the amount otherwise.
  local decimal, currency = tostring(expected):match "^(%S+) ?(%u*)$"
  local wanted, message = tallystick.money(decimal or "", currency ~= "" and currency or money.currency)
  if not wanted then return false, comparison(tostring(expected) .. ", but " .. message, tostring(money)) end
  local holds = wanted == money
  return holds, comparison((holds and "not " or "") .. tostring(wanted), tostring(money))
end

function judges.verifies(subject)
  local ledger = getmetatable(subject) == Clinic and subject.ledger or subject
  local holds, message, code, details = ledger:verify()
  if holds then return true, comparison("a ledger that does not verify", "one that does") end
  return false, comparison("a ledger that verifies", refusal(message, code, details))
end

---@param name string
---@return fun(...: any)
local function plain(name)
  return function(...)
    local holds, text = judges[name](...)
    if not holds then error(text, 2) end
  end
end

---Asserts that a call was refused with a code, or by a rule of the script that gave this code:
---`testing.refused("document-settled", clinic.ledger:pay { … })`.
---@type fun(code: string, result: any, message?: string, got?: string, details?: table)
testing.refused = plain "refused"

---Asserts the status of a document, or of the document that a command touched.
---@type fun(status: tallystick.Status, document: tallystick.Document|tallystick.Result)
testing.status = plain "status"

---Asserts an amount of money: "50.00", "50" or "50.00 CHF".
---@type fun(amount: string, money: tallystick.Money)
testing.amount = plain "amount"

---Asserts that everything in a ledger holds when it is recomputed.
---@type fun(ledger: tallystick.Ledger|tallystick.testing.Clinic)
testing.verifies = plain "verifies"

-- luassert formats a message from its arguments; here the message is ready, and takes their place.
local function register(luassert, say)
  say:set("assertion.tallystick", "%s")
  for name, judge in pairs(judges) do
    luassert:register("assertion", name, function(_, arguments)
      local holds, text = judge(table.unpack(arguments, 1, arguments.n))
      for index = 1, arguments.n do arguments[index] = nil end
      arguments[1], arguments.n, arguments.nofmt = text, 1, { true }
      return holds
    end, "assertion.tallystick", "assertion.tallystick")
  end
end

local has_luassert, luassert = pcall(require, "luassert")
local has_say, say = pcall(require, "say")
if has_luassert and has_say then register(luassert, say) end

return testing
