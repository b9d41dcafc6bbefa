-- Hostile scripts: whatever a clinic's script does, at load or in a hook, ends in its code within its budget; the
-- host's own state, the books and the next honest command are as if it had not been there.
local config = require "tallystick.config"
local helper = require "spec.helper"
local script = require "tallystick.script"
local tallystick = require "tallystick"

-- Small, so that hundreds of cases end within seconds. A state that has run our own modules holds some 400 KB.
local LIMITS = { instructions = 400000, memory_bytes = 4 * 1024 * 1024, seconds = 0.15 }
-- What no case may pass, in seconds of processor time, the sanitizers' builds apart.
local SECONDS_MAX = os.getenv "ASAN_OPTIONS" and 60 or 4

local SPENT = "ran for more than"
local MEMORY = "memory"
local LONG = "would take too long"
local FINE = {} -- the script does no harm: it is taken, and its command with it

--- A pattern of several: any will do, as it depends on the machine which budget ends first.
local function any(...)
  return { ... }
end
local BUDGET = any(SPENT, MEMORY)

local LOOP = "while true do end"

-- ---- The scripts ----

--- Name, body, what is expected of it. A body runs as the script itself and as a hook before and after a command.
local everywhere = {
  -- loops
  { "an endless while", LOOP, SPENT },
  { "an endless repeat", "repeat until false", SPENT },
  { "an endless goto", "::again:: goto again", SPENT },
  { "a count to infinity", "for i = 1, math.huge do end", SPENT },
  { "a count of integers without end", "for i = math.mininteger, math.maxinteger do end", SPENT },
  { "an iterator that never ends", "for _ in function() return 1 end do end", SPENT },
  { "a next that never ends", "local t = { 1 } for _ in function() return next(t) end do end", SPENT },
  { "a tail call without end", "local function f() return f() end f()", SPENT },
  { "a loop in pcall", "pcall(function() while true do end end)", SPENT },
  { "a loop around pcall", "while true do pcall(function() while true do end end) end", SPENT },
  { "a nest of pcalls", "local function f() pcall(f) while true do end end f()", any(SPENT, MEMORY, "overflow") },
  { "pcall of pcall of pcall", "pcall(pcall, pcall, pcall, function() while true do end end)", SPENT },
  { "a loop in xpcall", "xpcall(function() while true do end end, function() end)", SPENT },
  { "a message handler that loops", "xpcall(error, function() while true do end end)", SPENT },
  { "a message handler that loops after a loop",
    "xpcall(function() while true do end end, function() while true do end end)", SPENT },
  { "message handlers within handlers",
    [[local function f() while true do end end
    xpcall(f, function() xpcall(f, function() xpcall(f, f) end) end)]], SPENT },
  { "an error in error handling, again and again",
    "while true do xpcall(error, function(e) error(e) end) end", any(SPENT, MEMORY) },
  { "a message handler that calls itself", "local function h() return xpcall(error, h) end while true do h() end",
    any(SPENT, MEMORY, "overflow") },
  { "a loop in a coroutine", "coroutine.resume(coroutine.create(function() while true do end end))", SPENT },
  { "a loop in a coroutine, again and again",
    "while true do coroutine.resume(coroutine.create(function() while true do end end)) end", SPENT },
  { "many coroutines that end before they are counted",
    "while true do coroutine.wrap(function() for i = 1, 30 do end end)() end", BUDGET },
  { "a tree of coroutines that end before they are counted",
    [[local s = ("x"):rep(1000000)
    local function grow(n)
      if n == 0 then return utf8.len(s) end
      for _ = 1, 8 do coroutine.wrap(grow)(n - 1) end
    end
    grow(9)]], any(SPENT, MEMORY) },
  { "a coroutine in a coroutine in a coroutine",
    "local function f() coroutine.wrap(f)() end f()", any("overflow", SPENT, MEMORY) },
  { "a coroutine that yields without end",
    "local f = coroutine.wrap(function() while true do coroutine.yield() end end) while true do f() end", SPENT },
  { "coroutine.wrap as an iterator without end",
    "for _ in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end", SPENT },
  { "pcall as the body of a coroutine", "coroutine.wrap(pcall)(function() while true do end end)", SPENT },
  { "a closing that loops as its block ends",
    "do local x <close> = setmetatable({}, { __close = function() while true do end end }) end", SPENT },
  { "a closing that loops after an error",
    "pcall(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error() end)",
    SPENT },
  { "a closing that loops after a loop",
    [[local function f() while true do end end
    pcall(function() local x <close> = setmetatable({}, { __close = f }) f() end)]], SPENT },
  { "a closing that loops in a coroutine.wrap that a loop ended",
    [[local function f() while true do end end
    pcall(coroutine.wrap(function() local x <close> = setmetatable({}, { __close = f }) f() end))]], SPENT },
  { "a closing that loops in a coroutine.wrap that failed",
    [[local function f() while true do end end
    pcall(coroutine.wrap(function() local x <close> = setmetatable({}, { __close = f }) error "x" end))]], SPENT },
  { "coroutine.close of what waits with a closing that loops",
    [[local co = coroutine.create(function()
      local x <close> = setmetatable({}, { __close = function() while true do end end })
      coroutine.yield()
    end)
    coroutine.resume(co)
    coroutine.close(co)]], SPENT },
  { "coroutine.close of what a loop ended, with a closing that loops",
    [[local function f() while true do end end
    local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = f }) f() end)
    coroutine.resume(co)
    coroutine.close(co)]], SPENT },
  { "a thousand closings that loop",
    [[local function f() while true do end end
    local function nest(n) local x <close> = setmetatable({}, { __close = f }) if n > 0 then nest(n - 1) end end
    pcall(nest, 150)]], SPENT },
  { "the last value of a for loop, whose closing loops",
    "for _ in next, {}, nil, setmetatable({}, { __close = function() while true do end end }) do end", SPENT },
  { "a comparator of sort that loops", "table.sort({ 1, 2, 3 }, function() while true do end end)", SPENT },
  { "a comparator of sort that is never sure",
    "local t = {} for i = 1, 30000 do t[i] = i end table.sort(t, function() return true end)",
    any(SPENT, "invalid order function") },
  { "a comparator of sort that is a function of C", "table.sort({ 1, 2 }, rawequal)", "sort wants a function" },
  { "an element of sort whose comparison loops",
    "local m = { __lt = function() while true do end end } table.sort { setmetatable({}, m), setmetatable({}, m) }",
    SPENT },
  { "a callback of gsub that loops", [[("x"):gsub(".", function() while true do end end)]], SPENT },
  { "a callback of gsub that is called without end", [[while true do ("xx"):gsub(".", function() end) end]], SPENT },
  { "an iterator of gmatch without end", [[while true do for _ in ("xxx"):gmatch "." do end end]],
    any(SPENT, MEMORY) },
  { "tostring that loops", "tostring(setmetatable({}, { __tostring = function() while true do end end }))", SPENT },
  { "string.format of a thing whose tostring loops",
    [[("%s"):format(setmetatable({}, { __tostring = function() while true do end end }))]], SPENT },
  { "pairs that loops", "for _ in pairs(setmetatable({}, { __pairs = function() while true do end end })) do end",
    SPENT },
  { "a pairs whose next loops",
    "for _ in pairs(setmetatable({}, { __pairs = function() return function() return 1 end end })) do end", SPENT },
  { "an index of a metatable that is its own", "local t = {} setmetatable(t, { __index = t }) return t.x",
    "__index. chain too long" },
  { "an assignment through a metatable that is its own",
    "local t = {} setmetatable(t, { __newindex = t }) t.x = 1", "__newindex. chain too long" },
  { "a call of what calls itself", "local t = {} setmetatable(t, { __call = t }) t()", "__call wants a function" },
  { "a call of what calls another thing",
    "local t = setmetatable({}, { __call = function() end }) setmetatable({}, { __call = t })()",
    "__call wants a function" },
  { "a chain of metatables, read by unpack",
    [[local t = {} for _ = 1, 1900 do t = setmetatable({}, { __index = t }) end
    while true do table.unpack(t, 1, 30000) end]], "unpack wants a table without a metatable" },
  { "a chain of metatables, read by gsub",
    [[local t = {} for _ = 1, 1900 do t = setmetatable({}, { __index = t }) end
    return (("a"):rep(500000)):gsub("a", t)]], "gsub wants a table without a metatable" },
  { "a long chain of metatables, read again and again",
    [[local t = {} for _ = 1, 1900 do t = setmetatable({}, { __index = t }) end
    while true do local x = t.x end]], SPENT },

  -- memory
  { "string.rep of a gigabyte", [[return ("x"):rep(2 ^ 30 // 1 | 0)]], MEMORY },
  { "string.rep of more than there is", [[return ("x"):rep(math.maxinteger)]], any(MEMORY, "too large") },
  { "string.rep of nothing without end", [[return (""):rep(2 ^ 60 // 1 | 0)]], LONG },
  { "string.rep with a separator", [[return ("x"):rep(2 ^ 20 // 1 | 0, ("y"):rep(1000))]], MEMORY },
  { "string.rep again and again", [[while true do pcall(string.rep, "x", 2 ^ 30 // 1 | 0) end]], BUDGET },
  { "a text that doubles", [[local s = "x" while true do s = s .. s end]], MEMORY },
  { "a megabyte again and again", [[local n = 0 while true do n = n + 1 local s = ("x"):rep(1000000) .. n end]],
    any("again and again", SPENT) },
  { "a table without end", "local t = {} while true do t[#t + 1] = 1 end", MEMORY },
  { "a table of names without end", "local t, n = {}, 0 while true do n = n + 1 t['k' .. n] = n end", MEMORY },
  { "tables within tables", "local t = {} while true do t = { t } end", any(MEMORY, SPENT) },
  { "tables that are all kept", "local all = {} while true do all = { all, {}, {}, {}, {}, {} } end", MEMORY },
  { "closures that are all kept", "local f while true do local g = f f = function() return g end end",
    any(MEMORY, SPENT) },
  { "coroutines that are all kept", "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
    BUDGET },
  { "coroutines that all wait",
    [[local t = {}
    while true do
      local f = coroutine.wrap(function() local a, b, c, d = 1, 2, 3, 4 coroutine.yield() return a, b, c, d end)
      f()
      t[#t + 1] = f
    end]], MEMORY },
  { "table.concat that doubles",
    [[local t = { "xxxxxxxx" } while true do local s = table.concat({ t[1], t[1] }) t[1] = s end]], MEMORY },
  { "string.format of much text", [[local s = ("x"):rep(1000000) return ("%s%s%s"):format(s, s, s)]], MEMORY },
  { "string.format with a width of a million", [[return ("%999999d"):format(1)]], "invalid conversion" },
  { "string.pack of a gigabyte", [[return string.pack("c1000000000", "")]], MEMORY },
  { "gsub that multiplies", [[local s = "x" while true do s = s:gsub(".", "%0%0%0%0%0%0%0%0") end]],
    any(MEMORY, LONG) },
  { "utf8.char of thousands",
    "local t = {} for i = 1, 30000 do t[i] = 0x7fffffff end while true do utf8.char(table.unpack(t)) end",
    any(MEMORY, SPENT, "too many results") },
  { "unpack of more than a stack holds", "return table.unpack({}, 1, 10000000)", "too many results" },
  { "unpack of all there is", "return table.unpack({}, math.mininteger, math.maxinteger)", "too many results" },
  { "unpack of a large table, again and again",
    "local t = {} for i = 1, 20000 do t[i] = i end while true do select('#', table.unpack(t)) end",
    any(SPENT, MEMORY) },
  { "arguments that double", "local function f(...) return f(1, ..., ...) end f()", any(MEMORY, SPENT, "overflow") },
  { "varargs that grow", "local function f(...) return f(1, ...) end f()", any(MEMORY, SPENT, "overflow") },
  { "table.pack of a large table",
    "local t = {} for i = 1, 20000 do t[i] = i end while true do t = table.pack(table.unpack(t)) end",
    any(SPENT, MEMORY) },
  { "an upvalue that holds a megabyte, in a thousand closures",
    [[local t = {} for i = 1, 1000 do local s = ("x"):rep(1000000) .. i t[i] = function() return s end end]], MEMORY },
  { "memory that runs out inside pcall, again and again",
    [[local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end]], any(SPENT, MEMORY) },
  { "memory that runs out in a coroutine",
    [[local t = {} coroutine.wrap(function() while true do t[#t + 1] = {} end end)()]], MEMORY },
  { "memory that runs out in a closing",
    [[local t = {}
    local x <close> = setmetatable({}, { __close = function() while true do t[#t + 1] = {} end end })]], MEMORY },
  { "memory that runs out in a message handler",
    [[local t = {} xpcall(error, function() while true do t[#t + 1] = {} end end) error "over"]],
    any(MEMORY, "over", SPENT) },

  -- recursion
  { "recursion without end", "local function f() return 1 + f() end f()", any(MEMORY, "overflow") },
  { "recursion through pcall", "local function f() return 1, pcall(f) end f() error 'over'",
    any("over", MEMORY, SPENT) },
  { "recursion through a metatable",
    "local t t = setmetatable({}, { __index = function(_, k) return t[k .. 'x'] end }) return t.x",
    any("overflow", MEMORY) },
  { "recursion through gsub", [[local function f() return (("x"):gsub(".", f)) end f()]], any("overflow", MEMORY) },
  { "recursion through sort",
    "local function f() table.sort({ 1, 2 }, f) end f()", any("overflow", MEMORY, "invalid order") },
  { "recursion through tostring",
    "local t t = setmetatable({}, { __tostring = function() return tostring(t) end }) tostring(t)",
    any("overflow", MEMORY) },
  { "recursion through coroutines",
    "local function f() return coroutine.resume(coroutine.create(f)) end f() error 'over'",
    any("over", MEMORY, SPENT) },
  { "recursion through closings",
    [[local function f() local x <close> = setmetatable({}, { __close = function() f() end }) end f()]],
    any("overflow", MEMORY, SPENT) },

  -- long work in one instruction
  { "find with a blown-up pattern", [[return (("a"):rep(5000)):find(".-.-.-.-b")]], LONG },
  { "match with a blown-up pattern", [[return (("a"):rep(5000)):match("(.*)(.*)(.*)(.*)b")]], LONG },
  { "gmatch with a blown-up pattern", [[for _ in (("a"):rep(5000)):gmatch("a*a*a*a*b") do end]], LONG },
  { "gsub with a blown-up pattern", [[return (("a"):rep(5000)):gsub("a-a-a-a-b", "")]], LONG },
  { "find as a function with a blown-up pattern", [[return string.find(("a"):rep(5000), ".-.-.-.-b")]], LONG },
  { "a method of a literal with a blown-up pattern", [[return ("x").find(("a"):rep(5000), ".-.-.-.-b")]], LONG },
  { "a blown-up pattern that is anchored", [[return (("a"):rep(100000)):find("^.-.-.-b")]], LONG },
  { "a pattern of many signs that may be left out", [[return (("a"):rep(40)):find(("a?"):rep(40) .. ("a"):rep(40))]],
    LONG },
  { "a long %b", [[return (("("):rep(500000)):find("%b()")]], LONG },
  { "a back reference", [[return (("a"):rep(50000)):find("(.-)%1%1b")]], LONG },
  { "a set of nearly a megabyte", [[return (("a"):rep(10000)):find("[" .. ("b"):rep(900000) .. "]*x")]], LONG },
  { "a pattern of half a megabyte", [[return (("a"):rep(900000)):find(("a"):rep(400000) .. ".b")]], LONG },
  { "a plain pattern of half a megabyte",
    [[return (("a"):rep(900000)):find(("a"):rep(400000) .. "b", 1, true)]], LONG },
  { "a text without signs of half a megabyte, searched",
    [[return (("a"):rep(900000)):find(("a"):rep(400000) .. "b")]], LONG },
  { "a long replacement that comes to nothing",
    [[return (("a"):rep(500000)):gsub("(b?)a", ("%1"):rep(200000))]], LONG },
  { "long matches that end in an error, again and again",
    [[local t = ("a"):rep(1000) .. "zcb" while true do pcall(string.find, t, "a-a-cb[") end]], SPENT },
  { "long matches, again and again",
    [[local t = ("a"):rep(500) while true do string.find(t, "a-a-b") end]], SPENT },
  { "comparing long texts", [[local s = ("x"):rep(900000) local t = s .. "" while true do local x = s < t .. "" end]],
    any(SPENT, MEMORY) },
  { "comparing the same long texts",
    [[local s, t = ("x"):rep(900000) .. "a", ("x"):rep(900000) .. "b" while true do local x = s <= t end]], SPENT },
  { "sorting long texts",
    [[local s, t = ("x"):rep(30000), {} for i = 1, 60 do t[i] = s .. i end while true do table.sort(t) end]],
    any(LONG, SPENT) },
  { "counting the characters of a long text", [[local s = ("x"):rep(900000) while true do utf8.len(s) end]], SPENT },
  { "going through a long text by utf8.codes", [[while true do for _ in utf8.codes(("x"):rep(100000)) do end end]],
    SPENT },
  { "a long format of unpack", [[local s = ("x"):rep(900000) while true do string.unpack(s, s) end]], SPENT },
  { "a number of nearly a megabyte", [[local s = "0." .. ("9"):rep(900000) while true do tonumber(s) end]], SPENT },
  { "inserting at the front of a long table",
    "local t = {} for i = 1, 30000 do t[i] = i end while true do table.insert(t, 1, 1) table.remove(t, 1) end",
    SPENT },
  { "inserting into a table that tells its length",
    "table.insert(setmetatable({}, { __len = function() return 2 ^ 60 // 1 | 0 end }), 1, 1)",
    "insert wants a table without a metatable" },
  { "removing from a table that tells its length",
    "table.remove(setmetatable({}, { __len = function() return 2 ^ 60 // 1 | 0 end }), 1)",
    "remove wants a table without a metatable" },
  { "concatenating a table that tells its length",
    "return table.concat(setmetatable({}, { __len = function() return 2 ^ 60 // 1 | 0 end }))",
    "concat wants a table without a metatable" },
  { "concatenating from here to there", "return table.concat({}, '', 1, math.maxinteger)", "invalid value" },
  { "table.move", "table.move({}, 1, math.maxinteger, 2)", "attempt to call a nil value" },
  { "the length of a table of holes",
    "local t = {} for i = 1, 60 do t[2 ^ i // 1 | 0] = i end while true do local x = #t end", SPENT },
  { "the first of a table that was emptied",
    "local t = {} for i = 1, 30000 do t[i] = i end for i = 1, 30000 do t[i] = nil end while true do next(t) end",
    SPENT },
  { "keys that all fall into one place",
    "local t = {} for i = 1, 8000 do t[i * 16383 * 8191] = i end while true do local x = t[0] end", SPENT },

  -- finalizers and weak tables
  { "a finalizer", "setmetatable({}, { __gc = function() while true do end end })", "__gc is not for scripts" },
  { "a finalizer that is no function", "setmetatable({}, { __gc = true })", "__gc is not for scripts" },
  { "a finalizer that is added later",
    [[local m = {} local t = setmetatable({}, m) m.__gc = function() while true do end end
    t = nil for _ = 1, 20000 do local x = {} end error "over"]], "over" },
  { "a finalizer behind a metatable's metatable",
    [[local m = setmetatable({}, { __index = { __gc = function() while true do end end } })
    setmetatable({}, m) for _ = 1, 20000 do local x = {} end error "over"]], "over" },
  { "a finalizer that is set raw into what getmetatable gives",
    [[local t = setmetatable({}, {}) rawset(getmetatable(t), "__gc", function() while true do end end)
    t = nil for _ = 1, 20000 do local x = {} end error "over"]], "over" },
  { "a finalizer in a coroutine that was closed",
    [[local co = coroutine.create(function()
      local x = setmetatable({}, { __gc = function() while true do end end })
      coroutine.yield(x)
    end)
    local _, message = coroutine.resume(co) coroutine.close(co) error(message, 0)]], "__gc is not for scripts" },
  { "weak keys", "setmetatable({}, { __mode = 'k' })", "__mode is not for scripts" },
  { "weak keys, later: a chain that the collector goes through again and again",
    [[local m, weak, keys = {}, {}, {}
    for c = 1, 4 do weak[c] = setmetatable({}, m) end
    m.__mode = "k"
    local N, at = 8000, 0
    for i = 0, N - 1 do keys[i] = function() end end
    local key = keys[0]
    for i = 1, N do
      at = (at + 4871) % N
      weak[i * 5 % 4 + 1][key] = keys[at]
      key = keys[at]
    end
    keys = nil
    while true do local x = {} end]], any(SPENT, MEMORY) },

  -- what is not there, and what is protected
  { "debug", "debug.sethook()", "global 'debug'" },
  { "io", "io.open('/etc/passwd')", "global 'io'" },
  { "os", "os.exit()", "global 'os'" },
  { "package", "return package.loaded", "global 'package'" },
  { "require", "require 'tallystick'", "global 'require'" },
  { "load", "load('return 1')()", "global 'load'" },
  { "loadfile, dofile", "return loadfile or dofile or error 'none'", "none" },
  { "collectgarbage", "collectgarbage 'stop'", "global 'collectgarbage'" },
  { "print", "print 'hello'", "global 'print'" },
  { "string.dump", "string.dump(function() end)", "field 'dump'" },
  { "chance", "math.random()", "field 'random'" },
  { "the ledger", "return ledger:pay {}", "global 'ledger'" },
  { "_G", "return _G.print", "global '_G'" },
  { "another environment", "local _ENV = {} x = 1 return pairs", FINE },
  { "the metatable of strings", [[getmetatable("").__index = nil]], "attempt to index a boolean value" },
  { "a metatable for strings", [[setmetatable("", {})]], "table expected" },
  { "the metatable of the globals", "return getmetatable(_ENV).__index", "attempt to index a boolean value" },
  { "a metatable for the globals", "setmetatable(_ENV, nil)", "protected metatable" },
  { "methods of strings, replaced in the script's own copy",
    [[string.find, string.rep, string.format = nil, nil, nil assert(("x"):rep(2):find "x")]], FINE },
  { "a second metatable", "local t = setmetatable({}, {}) setmetatable(t, {})", "protected metatable" },

  -- what can be raised
  { "nothing, raised", "error()", "raised a nil" },
  { "a boolean, raised", "error(false)", "raised a boolean" },
  { "a number, raised", "error(42, 0)", any("raised a number", "42") },
  { "a table, raised", "error({})", "raised a table" },
  { "a table whose tostring loops, raised",
    "error(setmetatable({}, { __tostring = function() while true do end end }))", "raised a table" },
  { "a function, raised", "error(print or function() end)", "raised a function" },
  { "a coroutine, raised", "error(coroutine.create(function() end))", "raised a thread" },
  { "an empty text, raised", "error('', 0)", "" },
  { "a long text, raised", [[error(("long "):rep(100000), 0)]], "long long" },
  { "control characters, raised", [[error("a\27[2J\0\r\n\u{9b}b", 0)]], "a.+b" },
  { "what is no UTF-8, raised", [[error("a\xff\xc3", 0)]], "a" },
  { "what seems to tell a line", [[error("script:99999999999999999999: x", 0)]], "x" },
  { "assert with a table", "assert(false, {})", "raised a table" },

  -- what does no harm
  { "many short matches", [[for _ = 1, 1000 do assert(("R-00001"):find "^%u%-%d+$") end]], FINE },
  { "a class", [[local C = {} C.__index = C function C:get() return self.x end
    assert(setmetatable({ x = 1 }, C):get() == 1)]], FINE },
  { "a generator", [[local n = 0 for i in coroutine.wrap(function() for i = 1, 9 do coroutine.yield(i) end end) do
    n = n + i end assert(n == 45)]], FINE },
  { "an error that is caught",
    [[assert(not pcall(error, "x")) assert(select(2, xpcall(error, function() return 7 end)) == 7)]], FINE },
  { "a closing",
    [[local n = 0 do local x <close> = setmetatable({}, { __close = function() n = 1 end }) end assert(n == 1)]],
    FINE },
  { "a coroutine that fails and is closed",
    [[local n = 0
    local f = coroutine.wrap(function()
      local x <close> = setmetatable({}, { __close = function() n = 1 end }) error({ "x" })
    end)
    local ok, raised = pcall(f) assert(not ok and raised[1] == "x" and n == 1)]], FINE },
  { "a trimmed text", [[assert((("  a note of some words  "):rep(10)):match "^%s*(.-)%s*$")]], FINE },
}

for _, event in ipairs {
  { "__index", "return t.x" }, { "__newindex", "t.x = 1" }, { "__call", "t()" }, { "__concat", "return t .. 1" },
  { "__len", "return #t" }, { "__eq", "return t == setmetatable({}, getmetatable(t))" }, { "__lt", "return t < t" },
  { "__le", "return t <= t" }, { "__unm", "return -t" }, { "__add", "return t + 1" }, { "__idiv", "return t // 1" },
  { "__band", "return t & 1" }, { "__shl", "return t << 1" },
} do
  everywhere[#everywhere + 1] = {
    "a metamethod that loops: " .. event[1],
    ("local t = setmetatable({}, { %s = function() while true do end end }) %s"):format(event[1], event[2]), SPENT,
  }
end

--- Only as a script is loaded: name, text, what is expected.
local at_load = {
  { "a text that is compiled slower with every sign",
    "local a\nreturn a" .. (" or a"):rep(130000), any(SPENT, MEMORY) },
  { "many labels", ("goto a%d ::b%d:: do end "):rep(1):format(1, 1) .. (" do local x end"):rep(20000),
    "no visible label" },
  { "brackets within brackets", "return " .. ("("):rep(100000) .. ("return"), any("overflow", "levels") },
  { "functions within functions", ("local function f() "):rep(5000), any("overflow", "levels", "limit") },
  { "too many locals", ("local a "):rep(300), "too many local variables" },
  { "more than a megabyte", ("-"):rep(1024 * 1024 + 1), "more than 1048576 bytes" },
  { "compiled code", "\27Lua", "compiled" },
  { "a NUL", "local a = 1 \0", "NUL" },
  { "no UTF-8", "local a = '\xff'", "valid UTF%-8" },
  { "a global", "x = 1", "sets the global x" },
  { "a yield", "coroutine.yield()", "attempt to yield from outside a coroutine" },
  { "mistakes without end", "local clinic = ... while true do clinic:currency(1) end", "too many mistakes" },
  { "the builder's metatable", "local clinic = ... getmetatable(clinic).__index = nil",
    "attempt to index a boolean value" },
  { "a payment type whose fields are computed without end",
    "local clinic = ... clinic:payment_type(setmetatable({}, { __index = function() while true do end end }))",
    any(SPENT, "missing", "metatable") },
  { "a payment type whose pairs loop",
    [[local clinic = ...
    clinic:payment_type(setmetatable({ id = "x" }, { __pairs = function() while true do end end }))]],
    any(SPENT, "default", "metatable") },
  { "a list that holds itself",
    "local clinic = ... local t = { id = 'x', default = true } t.roles = t clinic:payment_type(t)", "plain list" },
  { "a hook that is no function", "local clinic = ... clinic:before('pay', { id = 'x' }, 1)", "number" },
  { "ten thousand hooks",
    "local clinic = ... for i = 1, 10000 do clinic:before('pay', { id = 'x' .. i }, function() end) end",
    any(SPENT, MEMORY) },
}

--- Only in hooks: name, body, what is expected.
local in_hooks = {
  { "a yield", "coroutine.yield()", "attempt to yield from outside a coroutine" },
  { "a global", "x = 1", "sets the global x" },
  { "the builder", "clinic:currency 'EUR'", "declares while a hook runs" },
  { "the builder's function, kept", "before(clinic, 'pay', { id = 'y' }, function() end)",
    "declares while a hook runs" },
  { "an unknown field of ctx", "return ctx.mony '1'", "ctx has no field mony; did you mean money?" },
  { "a field of ctx, set", "ctx.money = 1", "ctx is not to be changed" },
  { "a field of ctx whose name loops",
    "return ctx[setmetatable({}, { __tostring = function() while true do end end })]", SPENT },
  { "the metatable of ctx", "return getmetatable(ctx).__index", "attempt to index a boolean value" },
  { "a metatable for ctx", "setmetatable(ctx, {})", "protected metatable" },
  { "a field of ctx, set raw", "rawset(ctx, 'money', 1) assert(ctx.zero) rawset(ctx, 'money', nil)", FINE },
  { "an unknown field of the event", "return event.amout", "the event has no field amout; did you mean amount?" },
  { "a field of the event whose name loops",
    "return event[setmetatable({}, { __tostring = function() while true do end end })]", SPENT },
  { "a field of the event, set", "event.amount = nil", "the event is not to be changed" },
  { "the metatable of the event", "return getmetatable(event).__index.x", any("nil value", "string") },
  { "ctx.document without end", "while true do ctx.document 'C-00001' end", SPENT },
  { "ctx.totals without end", "while true do ctx.totals { by = { 'type' } } end", any(SPENT, MEMORY) },
  { "ctx.document as a callback of gsub", [[("C-00001 "):rep(1000):gsub("%S+", ctx.document)]],
    "invalid replacement value" },
  { "ctx.money as a callback of gsub", [[("1 "):rep(100000):gsub("%d", ctx.money)]], "invalid replacement value" },
  { "pairs of the event without end", "while true do for _ in pairs(event) do end end", any(SPENT, MEMORY) },
  { "the documents of the event without end", "while true do local x = event.documents end", any(SPENT, MEMORY) },
  { "ctx.document of a number", "ctx.document(1)", "give a string" },
  { "ctx.document of nothing", "ctx.document()", "give a string" },
  { "ctx.document of a megabyte", [[assert(not ctx.document(("x"):rep(1000000)))]], any(FINE, "document") },
  { "ctx.document of control characters", [[assert(not ctx.document "\0\27")]], any(FINE, "document") },
  { "ctx.payment of a table", "ctx.payment({})", "give a string" },
  { "ctx.patient of a boolean", "ctx.patient(true)", "give a string" },
  { "ctx.totals of nothing", "ctx.totals()", "table expected" },
  { "ctx.totals of a day that is none", "ctx.totals { from = 'yesterday' }", "from" },
  { "ctx.totals of a day that is a number", "ctx.totals { from = 1 }", "give a string" },
  { "ctx.totals by a text", "ctx.totals { by = 'type' }", "table expected" },
  { "ctx.totals by what there is not", "ctx.totals { by = { 'moon' } }", "moon" },
  { "ctx.totals by a list with a table in it", "ctx.totals { by = { {} } }", "give a string" },
  { "ctx.totals by thousands", "local t = {} for i = 1, 30000 do t[i] = 'type' end ctx.totals { by = t }", "by" },
  { "ctx.totals with a field that it has not", "ctx.totals { form = '2026-01-01' }", "no field form" },
  { "ctx.money of a number", "ctx.money(10)", "give a string" },
  { "ctx.money of a money value", "ctx.money(ctx.zero)", "give a string" },
  { "ctx.money of no amount", "ctx.money 'ten'", "no amount in CHF" },
  { "ctx.money of a megabyte", [[ctx.money(("9"):rep(1000000))]], "no amount" },
  { "ctx.money of too many decimals", "ctx.money '1.005'", "no amount" },
  { "money that leaves 64 bits", "return ctx.money '92233720368547758.07' + ctx.money '0.01'", "amount%-overflow" },
  { "money and a number", "return ctx.zero < 1", "money" },
  { "money, split into too many parts", "ctx.money '1.00':split(2 ^ 40 // 1 | 0)", "1 to 1000 parts" },
  { "money, split without end", "while true do ctx.money '1.00':split(1000) end", any(SPENT, MEMORY) },
  { "money, raised", "error(ctx.zero)", "raised a userdata" },
  { "money's metatable", "getmetatable(ctx.zero).__index = nil", any("string", "boolean", "nil") },
  { "a log of much text", [[ctx.log(("x"):rep(900000))]], FINE },
  { "a log of many lines", [[for i = 1, 1000 do ctx.log("line\n", i) end]], FINE },
  { "a log of what is no UTF-8", [[ctx.log("\xff\0\27", ctx, event, {}, print)]], FINE },
  { "a log of a thing whose tostring loops",
    "ctx.log(setmetatable({}, { __tostring = function() while true do end end }))", SPENT },
  { "a log without end", "while true do ctx.log 'x' end", SPENT },
  { "a log of thousands of values",
    "local t = {} for i = 1, 30000 do t[i] = i end ctx.log(table.unpack(t))", any(FINE, MEMORY, SPENT) },
  { "a charge", "ctx.charge { amount = '1.00' }", "for the action of a transition" },
}

--- Only in hooks before a command, as what they return counts: name, body, what is expected.
local in_before = {
  { "a refusal that is not returned", "ctx.refuse 'x'", "return ctx.refuse" },
  { "a refusal that is caught", "pcall(ctx.refuse, 'x')", "return ctx.refuse" },
  { "true, returned", "return true", "returned a boolean" },
  { "a text, returned", "return 'no'", "returned a string" },
  { "ctx, returned", "return ctx", "returned a table" },
  { "the event, returned", "return event", "returned a userdata" },
  { "what equals every refusal", [[ctx.refuse "x" return setmetatable({}, { __eq = function() return true end })]],
    "returned a table" },
  { "a refusal of an earlier call", "if kept then return kept end kept = ctx.refuse 'x' error 'first'",
    any("first", "returned a table") },
  { "a refusal without a code", "return ctx.refuse()", "code: give a text" },
  { "a refusal with a table as its code", "return ctx.refuse({})", "code: give a text" },
  { "a refusal with a long code", [[return ctx.refuse(("x"):rep(65))]], "code: give a text" },
  { "a refusal with a long message", [[return ctx.refuse("x", ("x"):rep(401))]], "message: give a text" },
  { "a budget that is spent in a coroutine",
    "coroutine.resume(coroutine.create(function() while true do end end)) return ctx.refuse 'x'", SPENT },
}

--- What takes longest, under the limits of who sets none: name, body.
local by_default = {
  { "a loop", LOOP },
  { "a text that is compiled slower with every sign", "local a\nreturn a" .. (" or a"):rep(130000) },
  { "a tree of coroutines",
    [[local s = ("x"):rep(1000000)
    local function grow(n)
      if n == 0 then return utf8.len(s), utf8.len(s), utf8.len(s), utf8.len(s) end
      for _ = 1, 8 do coroutine.wrap(grow)(n - 1) end
    end
    grow(9)]] },
  { "sixteen megabytes of weak keys, in a chain",
    [[local m, weak, keys = {}, {}, {}
    for c = 1, 8 do weak[c], keys[c] = setmetatable({}, m), {} end
    m.__mode = "k"
    local each = 7500
    for c = 1, 8 do for i = 1, each do keys[c][i] = function() end end end
    local at, key = 0, keys[1][1]
    for i = 1, each * 8 do
      at = (at + 77773) % (each * 8)
      local following = keys[at // each + 1][at % each + 1]
      weak[i * 5 % 8 + 1][key] = following
      key = following
    end
    keys = nil
    while true do local x = {} end]] },
  { "sixteen megabytes of small tables, and a large text asked for again and again",
    [[local all pcall(function() while true do all = { all } end end)
    while true do pcall(string.rep, "x", 2000000) end]] },
  { "the longest matches that are allowed",
    [[local t = ("a"):rep(600) while true do pcall(string.find, t, "a-a-b") end]] },
  { "long texts, compared", [[local s, t = ("x"):rep(1000000) .. "a", ("x"):rep(1000000) .. "b" while true do
    local x = s < t end]] },
  { "the largest tables, shifted", [[local t = {} for i = 1, 65000 do t[i] = i end
    while true do table.insert(t, 1, table.remove(t)) end]] },
  { "a long format, unpacked", [[local s = ("x"):rep(1000000) while true do pcall(string.unpack, s, s) end]] },
  { "the largest stacks", [[local t = {} for i = 1, 30000 do t[i] = i end
    while true do pcall(select, -1, table.unpack(t)) end]] },
}

-- ---- Running them ----

local function is_expected(expected, message)
  if expected == FINE then return message == nil end
  if type(expected) == "string" then return message ~= nil and message:find(expected) ~= nil end
  for _, one in ipairs(expected) do
    if is_expected(one, message) then return true end
  end
  return false
end

--- A message for people: it can be printed, and is no novel.
local function check_message(message)
  assert.truthy(utf8.len(message), "the message is no UTF-8")
  assert.is_nil(message:find "[\0-\31\127]", message)
  assert.is_true(#message < 2000)
end

local function check_outcome(expected, message)
  assert(is_expected(expected, message), ("ended otherwise: %s"):format(message or "as if nothing was"))
end

--- What a script could change of the host's: compared before and after.
local function host_state()
  local globals, methods = {}, {}
  for name, value in pairs(_G) do globals[name] = value end
  for name, value in pairs(string) do methods[name] = value end
  local hook, mask, count = debug.gethook()
  return {
    globals = globals, methods = methods, hook = hook or false, mask = mask, count = count,
    strings = getmetatable "".__index, running = collectgarbage "isrunning",
  }
end

--- Runs a case between two looks at the host: its state, the memory it holds, the numbers that chance gives.
local function guarded(run)
  collectgarbage()
  local before, bytes = host_state(), collectgarbage "count"
  math.randomseed(42)
  local expected = math.random(1 << 40)
  math.randomseed(42)
  local from = os.clock()
  run()
  local took = os.clock() - from
  assert.equal(expected, math.random(1 << 40))
  assert.same(before, host_state())
  collectgarbage()
  collectgarbage()
  assert.is_true(collectgarbage "count" - bytes < 2048, "the host's memory grew")
  assert.is_true(took < SECONDS_MAX, ("took %.1f s"):format(took))
end

local function check_load(text, expected, limits)
  guarded(function()
    local checked, errors = config.check(text, "clinic.lua", limits or LIMITS)
    if checked then return check_outcome(expected, nil) end
    check_outcome(expected, config.report(errors))
    for _, mistake in ipairs(errors) do
      check_message(mistake.message)
      assert.is_true(mistake.line >= 1)
    end
  end)
end

local HOOK = [[local clinic = ...
clinic:currency "CHF"
clinic:payment_type { id = "cash", default = true }
local before, kept = clinic.before, nil
clinic:%s("deposit", { id = "hostile" }, function(event, ctx)
%s
end)]]

local function open(phase, body, limits)
  local ledger = helper.open { script = HOOK:format(phase, body), script_limits = limits or LIMITS }
  assert(ledger:consultation { patient = "P1", amount = "100.00" })
  assert(ledger:pay { document = "C-00001", amount = "20.00" })
  return ledger
end

local function check_honest(ledger, entries)
  assert.equal(entries, assert(ledger:head()).seq)
  assert(ledger:verify())
  assert.equal("C-00001", assert(ledger:pay { document = "C-00001", amount = "10.00" }).document)
end

local DEPOSIT = { patient = "P1", amount = "5.00" }

--- Twice, as what a hook leaves behind may wait for the next call.
local function check_before(body, expected, limits)
  guarded(function()
    local ledger <close> = open("before", body, limits)
    for _ = 1, 2 do
      local seq = assert(ledger:head()).seq
      local result, message, code, details = ledger:deposit(DEPOSIT)
      check_outcome(expected, message)
      if not result then
        check_message(message)
        assert.equal("script-failed", code)
        assert.equal("hostile", details.rule)
        assert.equal('before("deposit")', details.hook)
        assert.is_true(tonumber(details.line) >= 1)
      end
      check_honest(ledger, seq + (result and 1 or 0))
    end
  end)
end

local function check_after(body, expected, limits)
  guarded(function()
    local ledger <close> = open("after", body, limits)
    for _ = 1, 2 do
      local seq = assert(ledger:head()).seq
      local result = assert(ledger:deposit(DEPOSIT))
      local warning = result.warnings and result.warnings[1]
      check_outcome(expected, warning and warning.message)
      if warning then
        check_message(warning.message)
        assert.equal("hostile", warning.rule)
      end
      check_honest(ledger, seq + 1)
    end
  end)
end

describe("a hostile script", function()
  after_each(helper.finish)

  for _, row in ipairs(everywhere) do
    it("ends as it is loaded: " .. row[1], function() check_load(row[2], row[3]) end)
    it("ends in a hook before: " .. row[1], function() check_before(row[2], row[3]) end)
    it("ends in a hook after: " .. row[1], function() check_after(row[2], row[3]) end)
  end
  for _, row in ipairs(at_load) do
    it("ends as it is loaded: " .. row[1], function() check_load(row[2], row[3]) end)
  end
  for _, row in ipairs(in_hooks) do
    it("ends in a hook before: " .. row[1], function() check_before(row[2], row[3]) end)
    it("ends in a hook after: " .. row[1], function() check_after(row[2], row[3]) end)
  end
  for _, row in ipairs(in_before) do
    it("ends in a hook before: " .. row[1], function() check_before(row[2], row[3]) end)
  end
  for _, row in ipairs(by_default) do
    it("ends under the default limits: " .. row[1] .. " #slow", function() check_load(row[2], BUDGET, {}) end)
  end
end)

describe("a state without memory", function()
  after_each(helper.finish)

  local SCRIPT = [[
local clinic = ...
clinic:currency "CHF"
clinic:payment_type { id = "cash", default = true }
clinic:before("pay", { id = "look" }, function(event, ctx)
  local seen = {}
  for name, value in pairs(event) do seen[#seen + 1] = name .. tostring(value) end
  assert(ctx.document(event.document).remaining >= event.amount)
  if event.amount > ctx.money "90.00" then return ctx.refuse("too-much", ("too much: %s"):format(event.amount)) end
end)
clinic:after("pay", { id = "tell" }, function(event, ctx)
  ctx.log(event.number, ctx.document(event.document).remaining)
end)]]

  --- Commands under a limit: each ends in a result or a documented code, and leaves a whole act or none.
  local function try(memory_bytes)
    local path = helper.script(SCRIPT)
    local ledger, message, code = tallystick.open(":memory:",
      { config = path, actor = "desk-1", script_limits = { memory_bytes = memory_bytes } })
    if not ledger then
      assert.equal("config-invalid", code)
      assert.truthy(message:find "memory", message)
      return "not opened"
    end
    assert(ledger:consultation { patient = "P1", amount = "100.00" })
    local outcomes = {}
    for _, amount in ipairs { "95.00", "20.00" } do
      local seq = ledger:head().seq
      local result, _, refusal = ledger:pay { document = "C-00001", amount = amount }
      local allowed = result or refusal == "script-failed" or refusal == "refused"
      assert.truthy(allowed, refusal)
      assert.equal(result and seq + 1 or seq, ledger:head().seq)
      outcomes[#outcomes + 1] = result and (result.warnings and "warned" or "paid") or refusal
    end
    assert(ledger:verify())
    ledger:close()
    return table.concat(outcomes, ", ")
  end

  it("is a code, at any limit from 50 KB up", function()
    local last
    for kilobytes = 50, 1000, 10 do last = try(kilobytes * 1024) end
    assert.equal("refused, paid", last)
  end)

  it("is a code, wherever in a hook and its event memory ends", function()
    local held
    do
      local state <close> = script.new()
      assert(script.load(state, SCRIPT, "clinic.lua"))
      held = state:used()
    end
    local seen = {}
    for more = -60000, 40000, 487 do seen[try(held + more)] = true end
    assert.is_true(seen["not opened"])
    assert.is_true(seen["script-failed, script-failed"])
    assert.is_true(seen["refused, paid"])
  end)

  it("is the script's own fault only: events that wait do not count #slow", function()
    local ledger = helper.open { script = SCRIPT, script_limits = { memory_bytes = 2 * 1024 * 1024 } }
    assert(ledger:consultation { patient = "P1", amount = "10000.00" })
    local results = {}
    assert(ledger:transaction(function(tx)
      for i = 1, 2000 do results[i] = assert(tx:pay { document = "C-00001", amount = "1.00" }) end
      return true
    end))
    for _, result in ipairs(results) do
      assert.is_nil(result.warnings)
      assert.equal(1, #result.log)
    end
  end)
end)
