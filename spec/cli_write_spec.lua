-- The command line: each command that writes, what it says to people and to programs, what it refuses, and how it ends.
local call = require "tallystick.cli.call"
local command = require "spec.command"
local csv = require "tallystick.csv"
local helper = require "spec.helper"
local json = require "tallystick.json"
local patience = require "tallystick.cli.patience"

local SCRIPT = helper.SCRIPT .. [[
clinic:workflow { id = "reminders", document = "invoice", initial = "issued", stages = { "issued", "reminded" },
  transitions = { { from = "issued", to = "reminded", manual = true, by = { "manager" } } } }
clinic:before("deposit", { id = "known" }, function(event, ctx)
  if event.patient == "P99" then return ctx.refuse("patient-blocked", "P99 pays nothing in advance") end
  ctx.log("looked at " .. event.patient)
end)
clinic:after("withdraw", { id = "thank" }, function() error("no paper") end)
]]

local AT = "2025-01-06T10:00"

describe("a command that writes", function()
  local path

  before_each(function()
    path = helper.folder() .. "/clinic.db"
    helper.open({ path = path, script = SCRIPT, now = "2025-01-05T09:00:00Z" }):close()
  end)
  after_each(helper.finish)

  local function run(name, ...)
    return command.run(name, path, ...)
  end

  -- Runs it, and expects that it is done without a word of complaint.
  local function done(name, ...)
    local ended = run(name, ...)
    assert.equal("", ended.err)
    assert.equal(0, ended.code)
    return ended.out
  end

  local function head()
    local ledger <close> = helper.open { path = path, mode = "ro" }
    return assert(ledger:head()).seq
  end

  it("is told of as written where its answer cannot be", function()
    done("consultation", "P17", "120")
    local ended = command.shell(("bin/tallystick pay %s C-00001 50 >/dev/full"):format(command.quote(path)))
    assert.equal("tallystick: the output cannot be written: No space left on device; it was written: R-00001 "
      .. "50.00 CHF by cash on C-00001; C-00001 is – pending, 70.00 CHF remaining (full)\n", ended.err)
    assert.equal(4, ended.code)
    ended = command.shell(("bin/tallystick pay %s C-00001 50 --dry-run >/dev/full"):format(command.quote(path)))
    assert.equal("tallystick: the output cannot be written: No space left on device (full)\n", ended.err)
    ended = command.shell(("bin/tallystick close %s --role manager >/dev/full"):format(command.quote(path)))
    assert.matches("No space left on device; all days through %d+%-%d+%-%d+ are closed %(full%)\n$", ended.err)
    assert.equal(4, ended.code)
  end)

  it("says that nobody knows what an interruption left that came while it was written", function()
    local run_command <const> = patience.run
    function patience.run() error("interrupted!", 0) end
    local _ <close> = setmetatable({}, { __close = function() patience.run = run_command end })
    local function interrupted(args)
      local one = call.new { definition = { name = "pay" }, args = args, door = "line" }
      assert.is_false((pcall(require("tallystick.cli.run.write").run, one)))
      return one:left()
    end
    assert.equal(call.UNKNOWN, interrupted { document = "C-00001" })
    assert.is_nil(interrupted { document = "C-00001", dry_run = true })
  end)

  local function state(number)
    local ledger <close> = helper.open { path = path, mode = "ro" }
    return helper.state(ledger, number)
  end

  -- Every command of design §6, in an order that works: its words, what it says, and some of what programs get.
  local STEPS = {
    { "consultation P17 120.00 --label check-up",
      "C-00001 made, a consultation of P17: 120.00 CHF; C-00001 is – pending, 120.00 CHF remaining",
      { number = "C-00001", status = "pending", remaining = "120.00", label = "check-up" } },
    { "consultation --patient P17 --amount 60 --number X-7",
      "X-7 made, a consultation of P17: 60.00 CHF; X-7 is – pending, 60.00 CHF remaining", { number = "X-7" } },
    { "invoice C-00001 X-7 --due 2025-02-20",
      "F-00001 made, an invoice of P17: 180.00 CHF; F-00001 is ✗ unpaid, 180.00 CHF remaining",
      { number = "F-00001", charged = "180.00", due = "2025-02-20" } },
    { "charge F-00001 20.00 --label reminder",
      "F-00001 charges 200.00 CHF; F-00001 is ✗ unpaid, 200.00 CHF remaining",
      { document = "F-00001", charged = "200.00" } },
    { "charge F-00001 -5.00", "F-00001 charges 195.00 CHF; F-00001 is ✗ unpaid, 195.00 CHF remaining",
      { charged = "195.00" } },
    { "pay F-00001 50 --type card --group POS-1 --reference T-9",
      "R-00001 50.00 CHF by card on F-00001, group POS-1; F-00001 is – partial, 145.00 CHF remaining",
      { number = "R-00001", type = "card", group = "POS-1", reference = "T-9" } },
    { "pay F-00001 100 --tendered 200 --note big",
      "R-00002 100.00 CHF by cash on F-00001, change 100.00 CHF; F-00001 is – partial, 45.00 CHF remaining",
      { amount = "100.00", change = "100.00", note = "big" } },
    { "pay --documents F-00001 --type insurance --field policy=123 --field claims=4",
      "R-00003 45.00 CHF by insurance on F-00001; F-00001 is ✓ paid", { status = "paid", remaining = "0.00" } },
    { "correct R-00003 40.00 --reason slip",
      "R-00004 40.00 CHF by insurance on F-00001, in the place of R-00003; F-00001 is – partial, 5.00 CHF remaining",
      { corrects = "R-00003", reason = "slip" } },
    { "refund R-00002 30 --reopen yes --reason twice --role manager",
      "R-00005 30.00 CHF paid back by cash, of R-00002; F-00001 is – partial, 35.00 CHF remaining",
      { number = "R-00005", refund_of = "R-00002" } },
    { "reverse R-00004 wrong",
      "R-00004 is reversed: 40.00 CHF by insurance; F-00001 is – partial, 75.00 CHF remaining",
      { payment = "R-00004", reversed = true } },
    { "deposit P17 100 --type card --group POS-1", "R-00006 100.00 CHF by card on the credit of P17\nlooked at P17",
      { number = "R-00006", deposited = "100.00" } },
    { "consultation P18 10",
      "C-00002 made, a consultation of P18: 10.00 CHF; C-00002 is – pending, 10.00 CHF remaining",
      { number = "C-00002" } },
    { "transfer P17 P18 30 --reason brother", "30.00 CHF from the credit of P17 to that of P18",
      { from = "P17", to = "P18", amount = "30.00" } },
    { "cancel C-00002 absent", "C-00002 is cancelled", { document = "C-00002", status = "cancelled" } },
    { "print R-00001", "R-00001 counts as printed, 1 time by now", { payment = "R-00001", prints = 1 } },
    { "move F-00001 reminded --workflow reminders --role manager",
      "F-00001 moved from issued to reminded; F-00001 is – partial, 75.00 CHF remaining",
      { from = "issued", to = "reminded" } },
    { "close_days 2025-01-31 --counted cash=70.00 --role manager", "all days through 2025-01-31 are closed; head 20 ",
      { through = "2025-01-31", act = 20 } },
  }

  local function words_of(line, ...)
    local words = {}
    for word in line:gmatch "%S+" do words[#words + 1] = word end
    return table.unpack(table.move({ "--at", AT, ... }, 1, 2 + select("#", ...), #words + 1, words))
  end

  local function step(line, ...)
    local name, rest = line:match "^(%S+) (.*)$"
    return done(name, words_of(rest, ...))
  end

  -- The one record that CSV has, by name.
  local function record(text)
    local rows, object = {}, {}
    for cells in csv.reader(text) do rows[#rows + 1] = cells end
    assert.equal(2, #rows)
    for index, name in ipairs(rows[1]) do object[name] = rows[2][index] end
    return object
  end

  it("is there for each command of the ledger, and each is tried here", function()
    local tried = { withdraw = true }
    for _, one in ipairs(STEPS) do tried[one[1]:match "^%S+"] = true end
    for _, one in ipairs(require("tallystick").commands) do assert.is_true(tried[one.name], one.name) end
  end)

  it("says in a line what was written", function()
    for _, one in ipairs(STEPS) do
      local out = step(one[1])
      assert.equal(one[2], out:sub(1, #one[2]))
      assert.equal("\n", out:sub(-1))
      if not out:find "head" then assert.equal(one[2] .. "\n", out) end
    end
    assert.equal("partial 75.00: charged 195.00, collected 120.00", state "F-00001")
  end)

  it("answers in JSON, one object on a line, with amounts as strings", function()
    for _, one in ipairs(STEPS) do
      local out = step(one[1], "--json")
      assert.matches("^{[^\n]+}\n$", out)
      local object = assert(json.decode(out))
      for name, value in pairs(one[3]) do assert.equal(value, object[name], one[1] .. ": " .. name) end
      assert.is_nil(out:find("{}", 1, true), out)
    end
    assert.equal("partial 75.00: charged 195.00, collected 120.00", state "F-00001")
  end)

  it("answers in CSV, a line of names and a line of values", function()
    for _, one in ipairs(STEPS) do
      local object = record(step(one[1], "--csv"))
      for name, value in pairs(one[3]) do assert.equal(tostring(value), object[name], one[1] .. ": " .. name) end
    end
    assert.equal("partial 75.00: charged 195.00, collected 120.00", state "F-00001")
  end)

  it("lets no cell of CSV begin as a formula does", function()
    local object = record(done("consultation", "P17", "5", "--label", "=1+1", "--csv"))
    assert.equal("'=1+1", object.label)
    assert.equal("5.00", object.charged)
  end)

  describe("with a document to pay", function()
    before_each(function() done("consultation", "P17", "120.00", "--at", AT) end)

    for _, case in ipairs {
      { "an unknown document", { "pay", "C-00009" }, "document-unknown" },
      { "more than is owed", { "pay", "C-00001", "500", "--type", "twint" }, "amount-exceeds-remaining" },
      { "an amount below zero", { "pay", "C-00001", "-5.00", "--type", "twint" }, "amount-not-positive" },
      { "an amount that is no amount", { "pay", "C-00001", "5,00" }, "amount-invalid" },
      { "an empty amount", { "pay", "C-00001", "" }, "amount-invalid" },
      { "an amount between five centimes", { "pay", "C-00001", "5.01" }, "amount-not-tenderable" },
      { "a type that nobody declared", { "pay", "C-00001", "5", "--type", "gold" }, "type-unknown" },
      { "a retired type", { "pay", "C-00001", "5", "--type", "cheque" }, "type-retired" },
      { "a card without its terminal", { "pay", "C-00001", "5", "--type", "card" }, "group-required" },
      { "an unknown terminal", { "pay", "C-00001", "5", "--type", "card", "--group", "X" }, "group-unknown" },
      { "a field that the type has not", { "pay", "C-00001", "5", "--field", "policy=1" }, "field-unknown" },
      { "a document and documents", { "pay", "--document", "C-00001", "--documents", "C-00001" }, "field-invalid" },
      { "nothing to pay", { "pay", "--type", "cash" }, "field-missing" },
      { "a time that is none", { "pay", "C-00001", "5", "--at", "yesterday" }, "date-invalid" },
      { "a role that is missing", { "refund", "R-00001", "--reopen", "no", "--reason", "x" }, "payment-unknown" },
      { "closing without the role", { "close_days", "2025-01-06" }, "permission-denied" },
      { "what the script forbids", { "deposit", "P99", "5" }, "refused" },
      { "a move without the role", { "move", "C-00001", "reminded" }, "field-invalid" },
      { "a charge below zero", { "charge", "C-00001", "-500" }, "charge-below-settled" },
      { "cancelling the unknown", { "cancel", "C-00009", "x" }, "document-unknown" },
      { "a transfer to oneself", { "transfer", "P17", "P17", "5" }, "field-invalid" },
    } do
      local name, words, code = table.unpack(case)
      it("refuses " .. name .. ", writes nothing and ends with 1", function()
        local before = head()
        local ended = run(table.unpack(words))
        assert.equal(1, ended.code)
        assert.equal("", ended.out)
        assert.matches("^tallystick: [^\n]+ %(" .. code:gsub("%-", "%%-") .. "%)\n$", ended.err)
        assert.equal(before, head())
      end)
    end

    it("puts a refusal into JSON on the messages, with its code and details", function()
      local ended = run("pay", "C-00009", "5", "--json")
      assert.equal(1, ended.code)
      assert.equal("", ended.out)
      assert.matches("^[^\n]+\n$", ended.err)
      local object = assert(json.decode(ended.err))
      assert.equal("document-unknown", object.code)
      assert.is_false(object.ok)
      assert.matches("C%-00009", object.message)
      assert.same({ document = "C-00009" }, object.details)
    end)

    for _, case in ipairs {
      { "a field that is required", { "refund", "R-00001", "--reason", "x" }, "reopen is missing; give --reopen" },
      { "neither yes nor no", { "refund", "R-00001", "--reopen", "perhaps", "--reason", "x" }, "needs yes or no" },
      { "an option twice", { "pay", "C-00001", "--type", "cash", "--type", "card" }, "at most 1 time" },
      { "a field by its place and by its name", { "pay", "C-00001", "5", "--amount", "5" }, "one argument too many" },
      { "a name without a value", { "pay", "C-00001", "--field", "policy" }, "--field needs NAME=VALUE" },
    } do
      local name, words, message = table.unpack(case)
      it("takes no " .. name .. ", and ends with 2 and the usage", function()
        local before = head()
        local ended = run(table.unpack(words))
        assert.equal(2, ended.code)
        assert.equal("", ended.out)
        assert(ended.err:find(message, 1, true), ended.err)
        assert.matches("Usage: tallystick " .. words[1], ended.err)
        assert.equal(before, head())
      end)
    end

    it("takes not JSON and CSV at once, and says so in JSON", function()
      local ended = run("pay", "C-00001", "--json", "--csv")
      assert.equal(2, ended.code)
      assert.matches("exclude each other", json.decode(ended.err).message)
    end)

    it("answers a repeated key with what was done, and writes nothing", function()
      local first = json.decode(done("pay", "C-00001", "50", "--key", "k1", "--json"))
      local after = head()
      local second = json.decode(done("pay", "C-00001", "50", "--key", "k1", "--json"))
      assert.is_true(second.replayed)
      second.replayed = nil
      assert.same(first, second)
      assert.matches("^done before: R%-00001 ", done("pay", "C-00001", "50", "--key", "k1"))
      local other = run("pay", "C-00001", "60", "--key", "k1")
      assert.equal(1, other.code)
      assert.matches("%(key%-conflict%)", other.err)
      assert.equal(after, head())
    end)

    it("shows with --dry-run what it would do, and writes nothing", function()
      local before = head()
      assert.equal("would be: R-00001 120.00 CHF by cash on C-00001; C-00001 is ✓ paid (nothing was written)\n",
        done("pay", "C-00001", "--dry-run"))
      assert.is_true(json.decode(done("pay", "C-00001", "--dry-run", "--json")).dry_run)
      assert.equal(before, head())
    end)

    it("takes roles one by one and in a list", function()
      done("pay", "C-00001", "50", "--at", AT)
      assert.equal(1, run("refund", "R-00001", "5", "--reopen", "yes", "--reason", "x", "--role", "clerk").code)
      done("refund", "R-00001", "5", "--reopen", "yes", "--reason", "x", "--role", "clerk", "--role", "manager")
      done("refund", "R-00001", "5", "--reopen", "yes", "--reason", "x", "--role", "clerk,manager")
    end)

    it("keeps a note as it was typed, also one that begins with a dash", function()
      done("pay", "C-00001", "5", "--note", "- by hand = 'cash' \u{2713}", "--at", AT)
      done("pay", "C-00001", "5", "--note=--json", "--at", AT)
      local ledger <close> = helper.open { path = path, mode = "ro" }
      assert.equal("- by hand = 'cash' \u{2713}", ledger:payment("R-00001").note)
      assert.equal("--json", ledger:payment("R-00002").note)
    end)

    it("closes through today where no day is named", function()
      local object = json.decode(done("close_days", "--role", "manager", "--json"))
      assert.equal(os.date "!%Y-%m-%d", object.through)
    end)

    it("says what a hook could not do once it was written", function()
      done("deposit", "P17", "50", "--at", AT)
      local ended = run("withdraw", "P17", "20", "--at", AT)
      assert.equal(0, ended.code)
      assert.equal("R-00002 20.00 CHF by cash from the credit of P17\n", ended.out)
      assert.matches("^tallystick: [^\n]*no paper[^\n]* %(script%-failed%)\n$", ended.err)
    end)
  end)

  it("puts what a hook could not do into its answer in JSON, as it was done all the same", function()
    done("deposit", "P17", "50", "--at", AT)
    local object = json.decode(done("withdraw", "P17", "20", "--at", AT, "--json"))
    assert.equal("R-00002", object.number)
    assert.equal("script-failed", object.warnings[1].code)
    assert.same({ "looked at P17" }, json.decode(done("deposit", "P17", "5", "--json")).log)
  end)

  describe("is done by", function()
    local function actor_of(environment, ...)
      local words = {}
      for index, word in ipairs { ... } do words[index] = command.quote(word) end
      local ended = command.shell(("%s TZ=UTC bin/tallystick consultation %s P17 5 --json %s"):format(environment,
        command.quote(path), table.concat(words, " ")))
      assert.equal("", ended.err)
      local ledger <close> = helper.open { path = path, mode = "ro" }
      local last
      for entry in ledger:entries {} do last = entry end
      return last.actor
    end

    it("who is named", function() assert.equal("anna", actor_of("TALLYSTICK_ACTOR=desk", "--actor", "anna")) end)
    it("$TALLYSTICK_ACTOR where nobody is", function() assert.equal("desk", actor_of "TALLYSTICK_ACTOR=desk") end)
    it("nobody where that is empty", function() assert.is_nil(actor_of "TALLYSTICK_ACTOR=") end)
  end)

  describe("ends with", function()
    it("3 where another process holds the ledger #slow", function()
      local holder = helper.open { path = path }
      local ended
      holder:transaction(function(tx)
        assert(tx:consultation { patient = "P1", amount = "1.00" })
        ended = run("consultation", "P17", "5")
        return true
      end)
      assert.equal(3, ended.code)
      assert.matches("%(busy%)\n$", ended.err)
    end)

    -- Nothing keeps root from writing, so that root does it as nobody.
    it("2 where the file may not be written", function()
      local is_root = command.shell("id -u").out == "0\n"
      local as_nobody = is_root and "setpriv --reuid 65534 --regid 65534 --clear-groups " or ""
      local tallystick = "TZ=UTC " .. as_nobody .. "bin/tallystick "
      if command.shell(tallystick .. "--version").code ~= 0 then return pending "nobody cannot run it here" end
      local file, folder = command.quote(path), command.quote(path:match "^(.*)/")
      local ended = command.shell(("chmod 755 %s && chmod 444 %s && %s consultation %s P17 5"):format(folder, file,
        tallystick, file))
      assert.equal(2, ended.code)
      assert.matches("may not be written[^\n]+%(read%-only%)\n$", ended.err)
    end)

    it("2 where there is no ledger, and makes none", function()
      local ended = command.run("consultation", path .. "x", "P17", "5")
      assert.equal(2, ended.code)
      assert.matches("No such file", ended.err)
      assert.is_nil(io.open(path .. "x"))
    end)

    it("4 where the file is no ledger", function()
      command.write(path .. ".txt", ("no ledger at all\n"):rep(100))
      local ended = command.run("consultation", path .. ".txt", "P17", "5", "--json")
      assert.equal(4, ended.code)
      assert.equal("not-a-ledger", json.decode(ended.err).code)
    end)

    it("130 at Ctrl-C, with nothing written #slow", function()
      local holder = helper.open { path = path }
      local before, ended = head(), nil
      holder:transaction(function(tx)
        assert(tx:consultation { patient = "P1", amount = "1.00" })
        ended = command.shell("TZ=UTC timeout --preserve-status -s INT 0.5 bin/tallystick consultation "
          .. command.quote(path) .. " P17 5")
        return nil, "not to be kept"
      end)
      assert.equal(130, ended.code)
      assert.equal(before, head())
    end)
  end)
end)
