-- Signed closings: keys, statements and signatures, which OpenSSL and a few lines of Python check as well.
local clinic = require "spec.clinic"
local command = require "spec.command"
local core = require "tallystick.core"
local signing = require "tallystick.signing"
local tallystick = require "tallystick"

local run, read, write, shell = command.run, command.read, command.write, command.shell
local contains, done = clinic.contains, clinic.done

local folder, path, key, statement

local function is_there(program)
  return os.execute("command -v " .. program .. " >/dev/null 2>&1") == true
end

-- Other people's programs are run without the sanitizers that the suite may be run under.
local ALONE = "env -u LD_PRELOAD "

local function hex(bytes)
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function bytes(digits)
  return (digits:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local clock

-- A ledger with two closings.
local function make(name)
  clock = "2026-03-02T10:00:00Z"
  local ledger <close> = assert(tallystick.open(name, { actor = "desk-1", clock = function() return clock end }))
  assert(ledger:consultation { patient = "Anna Muster", amount = "100.00", label = "check-up", note = "a secret" })
  assert(ledger:pay { document = "C-00001", amount = "20.00" })
  assert(ledger:close_days { through = "2026-03-01" })
  clock = "2026-03-05T18:30:15.250Z"
  assert(ledger:pay { document = "C-00001", amount = "30.00" })
  assert(ledger:close_days { through = "2026-03-04" })
  assert(ledger:pay { document = "C-00001", amount = "10.00" })
end

before_each(function()
  folder = command.folder()
  path, key, statement = folder .. "/clinic.db", folder .. "/clinic.key", folder .. "/march.closing"
  make(path)
end)

after_each(function() command.remove(folder) end)

local function keys(name) return done(run("keys", name or key)) end

local function sign(...) return done(run("sign", path, "--key", key, "--output", statement, ...)) end

local function verify(...) return run("verify", path, "--signed", statement, ...) end

describe("keys", function()
  it("are made with the secret half for its owner alone", function()
    local told = keys()
    assert.equal("600\n644\n", shell(("stat -c %%a %s %s.pub"):format(key, key)).out)
    assert.matches("^%-%-%-%-%-BEGIN PRIVATE KEY%-%-%-%-%-\n%S+\n%-%-%-%-%-END PRIVATE KEY%-%-%-%-%-\n$", read(key))
    assert.matches("^%-%-%-%-%-BEGIN PUBLIC KEY%-%-%-%-%-\n%S+\n%-%-%-%-%-END PUBLIC KEY%-%-%-%-%-\n$",
      read(key .. ".pub"))
    contains(hex(core.public_key_parse(read(key .. ".pub"))), told)
    -- The secret is in nothing that is said.
    assert.is_nil(told:find(read(key):match "\n(%S+)\n", 1, true))
  end)

  it("are each another", function()
    keys()
    keys(folder .. "/other.key")
    assert.not_equal(read(key), read(folder .. "/other.key"))
  end)

  for _, half in ipairs { "", ".pub" } do
    it("are never written over: the file KEY" .. half, function()
      write(key .. half, "mine")
      local told = run("keys", key)
      assert.equal(2, told.code)
      contains("a file is there already, and is never replaced", told.err)
      assert.equal("mine", read(key .. half))
      assert.not_equal(0, shell("test -e " .. key .. (half == "" and ".pub" or "")).code)
    end)
  end

  it("need a folder", function()
    local told = run("keys", folder .. "/none/clinic.key")
    assert.equal(2, told.code)
    contains("No such file or directory", told.err)
  end)

  it("are OpenSSL's, both ways", function()
    if not is_there "openssl" then return pending "openssl is not here" end
    keys()
    assert.equal(read(key .. ".pub"), shell(ALONE .. "openssl pkey -pubout -in " .. key).out)
    local own = folder .. "/own.key"
    assert.equal(0, shell(("umask 077; %sopenssl genpkey -algorithm ed25519 -out %s"):format(ALONE, own)).code)
    key = own
    sign()
    local public = folder .. "/own.pub"
    write(public, shell(ALONE .. "openssl pkey -pubout -in " .. own).out)
    done(verify("--public", public))
  end)
end)

describe("signatures", function()
  -- RFC 8032, 7.1, tests 1 to 3: secret key, public key, message, signature.
  for index, vector in ipairs {
    { "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25b"
      .. "f5f0595bbe24655141438e7a100b" },
    { "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b"
      .. "2eaeb4302aeeb00d291612bb0c00" },
    { "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c"
      .. "15e9716ed28dc027beceea1ec40a" },
  } do
    it("are those of RFC 8032, test " .. index, function()
      local seed, public, message, signature = table.unpack(vector)
      local pem = core.public_key_print(bytes(public)):gsub("PUBLIC", "PRIVATE")
      assert.equal(bytes(public), core.public_key_parse(core.public_key_print(bytes(public))))
      -- The secret half, wrapped by hand: sixteen bytes of prefix, in Base64.
      local der = ("302e020100300506032b657004220420" .. seed):gsub("%x%x", function(pair)
        return ("\\%03o"):format(tonumber(pair, 16))
      end)
      local wrapped = shell(("printf '%s' | base64 -w0"):format(der)).out
      write(key, (pem:gsub("\n%S+\n", function() return "\n" .. wrapped .. "\n" end)))
      shell("chmod 600 " .. key)
      local signed, signer = assert(core.key_sign(key, bytes(message)))
      assert.same({ signature, public }, { hex(signed), hex(signer) })
      assert.is_true(core.signature_holds(bytes(public), bytes(message), bytes(signature)))
      assert.is_false(core.signature_holds(bytes(public), bytes(message) .. "x", bytes(signature)))
    end)
  end

  it("do not hold with a bit that flipped, in the message, the signature or the key", function()
    keys()
    local message = "a statement"
    local signature, public = assert(core.key_sign(key, message))
    local function flipped(text, place)
      return text:sub(1, place - 1) .. string.char(text:byte(place) ~ 1) .. text:sub(place + 1)
    end
    for place = 1, #message do assert.is_false(core.signature_holds(public, flipped(message, place), signature)) end
    for place = 1, 64 do assert.is_false(core.signature_holds(public, message, flipped(signature, place))) end
    for place = 1, 32 do assert.is_false(core.signature_holds(flipped(public, place), message, signature)) end
    assert.is_false(core.signature_holds(public, message, signature:sub(1, 63)))
    assert.is_false(core.signature_holds(public:sub(1, 31), message, signature))
  end)
end)

describe("a signed closing", function()
  it("says which ledger, which day and which head, and nothing of people or money", function()
    keys()
    sign()
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    local last = ledger:closings()[2]
    assert.equal(("tallystick closing 1\nledger: %s\nthrough: 2026-03-04\nseq: %d\nhash: %s\n"
      .. "recorded-at: 2026-03-05T18:30:15.250Z\npublic-key: %s\n"):format(ledger:info().id, last.head.seq,
      last.head.hash, hex(core.public_key_parse(read(key .. ".pub")))), read(statement))
    assert.equal(64, #read(statement .. ".sig"))
  end)

  it("is the last one, or the one that sealed a day", function()
    keys()
    for day, through in pairs { ["2026-02-01"] = "2026-03-01", ["2026-03-01"] = "2026-03-01",
      ["2026-03-02"] = "2026-03-04", ["2026-03-04"] = "2026-03-04" } do
      sign("--through", day, "--force")
      contains("through: " .. through, read(statement))
      done(verify())
    end
    local told = run("sign", path, "--key", key, "--through", "2026-03-05")
    assert.equal(1, told.code)
    contains("2026-03-05 is not closed yet; the last closed day is 2026-03-04", told.err)
  end)

  it("gets a name by the ledger and the day", function()
    keys()
    local told = shell(("cd %s && TZ=UTC %s/bin/tallystick sign clinic.db --key clinic.key"):format(folder,
      shell("pwd").out:match "[^\n]+"))
    assert.equal(0, told.code, told.err)
    contains("clinic-2026-03-04.closing and clinic-2026-03-04.closing.sig", told.out)
    assert.matches("^tallystick closing 1\n", read(folder .. "/clinic-2026-03-04.closing"))
  end)

  it("is none where no day is closed, and of a ledger that does not verify", function()
    keys()
    local fresh = folder .. "/fresh.db"
    done(run("init", fresh))
    local told = run("sign", fresh, "--key", key)
    assert.equal(1, told.code)
    contains("no day is closed yet", told.err)
    -- One that its anchor contradicts does not verify.
    done(run("anchor", path))
    os.rename(path .. "-anchor", fresh .. "-anchor")
    local closed = assert(tallystick.open(fresh))
    assert(closed:close_days { through = os.date "%Y-%m-%d" })
    closed:close()
    told = run("sign", fresh, "--key", key, "--output", statement)
    assert.equal(4, told.code)
    contains("is of another ledger", told.err)
    assert.not_equal(0, shell("test -e " .. statement).code)
    done(run("sign", fresh, "--key", key, "--output", statement, "--no-verify"))
  end)

  it("is not written over another, unless that is asked for", function()
    keys()
    sign()
    local kept = read(statement .. ".sig")
    local told = run("sign", path, "--key", key, "--output", statement, "--through", "2026-03-01")
    assert.equal(2, told.code)
    contains("a file is there already", told.err)
    assert.equal(kept, read(statement .. ".sig"))
    sign("--through", "2026-03-01", "--force")
    assert.not_equal(kept, read(statement .. ".sig"))
  end)

  it("is checked by OpenSSL", function()
    if not is_there "openssl" then return pending "openssl is not here" end
    keys()
    sign()
    local line = ALONE .. "openssl pkeyutl -verify -pubin -inkey %s.pub -rawin -in %s -sigfile %s.sig"
    assert.equal(0, shell(line:format(key, statement, statement)).code)
    write(statement, (read(statement):gsub("seq: %d", "seq: 9")))
    assert.not_equal(0, shell(line:format(key, statement, statement)).code)
  end)

  it("is verified with the ledger that goes on", function()
    keys()
    sign()
    contains("is the one that was signed by the key of " .. key .. ".pub", done(verify("--public", key .. ".pub")))
    contains("by whoever has the key that it names", done(verify()))
    local ledger = assert(tallystick.open(path, { actor = "desk-1" }))
    assert(ledger:pay { document = "C-00001", amount = "5.00" })
    ledger:close()
    done(verify("--public", key .. ".pub"))
    contains('"closings":2', done(verify("--json")))
  end)

  it("is held against an earlier file and against other books", function()
    keys()
    sign()
    local early = folder .. "/early.db"
    clock = "2026-03-02T10:00:00Z"
    make(early)
    local told = run("verify", early, "--signed", statement)
    assert.equal(1, told.code)
    contains("the statement is of another ledger", told.err)
    -- A backup from before the closing lacks it.
    local second = folder .. "/second.db"
    done(run("backup", path, second))
    local ledger = assert(tallystick.open(path, { actor = "desk-1" }))
    assert(ledger:close_days { through = "2026-03-06" })
    ledger:close()
    sign("--force")
    told = run("verify", second, "--signed", statement)
    assert.equal(4, told.code)
    contains("the head kept outside is entry", told.err)
    contains("The journal ends before the head that you kept", told.err)
  end)

  -- What the owner of a key may sign that is not so.
  it("is refused where the ledger has no such closing", function()
    keys()
    sign()
    local facts = assert(signing.read(read(statement)))
    local ledger <close> = assert(tallystick.open(path, { mode = "ro" }))
    assert(signing.verify(ledger, facts))
    for name, value in pairs { through = "2026-03-03", recorded_at = "2026-03-05T18:30:15.251Z" } do
      local other = {}
      for field, said in pairs(facts) do other[field] = said end
      other[name] = value
      local _, message, code = signing.verify(ledger, other)
      assert.equal("refused", code, name)
      contains("the ledger has no closing through", message)
    end
    local payment = {}
    for field, said in pairs(facts) do payment[field] = said end
    for entry in ledger:entries { kind = "payment" } do payment.seq, payment.hash = entry.seq, entry.hash end
    assert.equal("refused", (select(3, signing.verify(ledger, payment))))
    payment.hash = ("0"):rep(64)
    assert.equal("chain-broken", (select(3, signing.verify(ledger, payment))))
  end)
end)

describe("a statement that was altered", function()
  before_each(function()
    keys()
    sign()
  end)

  for _, case in ipairs {
    { "another seq", "seq: %d+", "seq: 1" }, { "another day", "through: %S+", "through: 2026-03-05" },
    { "another hash", "hash: %x%x%x%x%x%x", "hash: 000000" },
    { "another ledger", "ledger: %x%x%x%x%x%x", "ledger: 000000" },
    { "another time", "recorded%-at: 2026", "recorded-at: 2025" },
  } do
    it("to " .. case[1] .. " is refused", function()
      write(statement, (read(statement):gsub(case[2], case[3])))
      local told = verify()
      assert.equal(1, told.code)
      contains("either was changed, or another key signed it", told.err)
    end)
  end

  for name, changed in pairs {
    ["is empty"] = function() return "" end,
    ["has a line more"] = function(text) return text .. "\n" end,
    ["has Windows' line ends"] = function(text) return (text:gsub("\n", "\r\n")) end,
    ["is of a later version"] = function(text) return (text:gsub("closing 1", "closing 2")) end,
    ["is huge"] = function(text) return text .. ("x"):rep(100000) end,
    ["has a seq of twenty digits"] = function(text) return (text:gsub("seq: %d+", "seq: 99999999999999999999")) end,
    ["has a seq with a zero in front"] = function(text) return (text:gsub("seq: ", "seq: 0")) end,
  } do
    it("so that it " .. name .. " is refused", function()
      write(statement, changed(read(statement)))
      local told = verify()
      assert.equal(1, told.code)
      contains("this is no statement of a closing", told.err)
    end)
  end

  it("and signed by another key is refused with the public key that it must be by", function()
    local other = folder .. "/other.key"
    keys(other)
    done(run("sign", path, "--key", other, "--output", statement, "--force"))
    done(verify())
    local told = verify("--public", key .. ".pub")
    assert.equal(1, told.code)
    contains("the statement names another key than this one", told.err)
  end)

  it("or whose signature was, is refused", function()
    write(statement .. ".sig", read(statement .. ".sig"):reverse())
    assert.equal(1, verify().code)
    write(statement .. ".sig", "short")
    contains("one has 64 bytes", verify().err)
    os.remove(statement .. ".sig")
    assert.equal(2, verify().code)
  end)

  it("is told of as JSON, too", function()
    write(statement, "x")
    contains('"code":"field-invalid"', verify("--json").err)
  end)
end)

describe("a key that will not do", function()
  before_each(function() keys() end)

  local function refused(word)
    local told = run("sign", path, "--key", key, "--output", statement)
    assert.equal(1, told.code)
    contains(word, told.err)
    assert.not_equal(0, shell("test -e " .. statement).code)
  end

  for _, mode in ipairs { "640", "604", "666", "610" } do
    it("because others may use it, with mode " .. mode, function()
      shell(("chmod %s %s"):format(mode, key))
      refused "others than its owner may use it: chmod 600 it"
    end)
  end

  for _, case in ipairs {
    { "is empty", function() return "" end, "it holds no secret Ed25519 key" },
    { "is the public half", function() return read(key .. ".pub") end, "it is a public key" },
    { "has a passphrase", function(text) return (text:gsub("PRIVATE", "ENCRYPTED PRIVATE")) end,
      "it has a passphrase" },
    { "is cut", function(text) return text:sub(1, 60) end, "it holds no secret Ed25519 key" },
    { "is of another kind", function(text) return (text:gsub("MC4CAQ", "MC4CAR")) end,
      "it holds no secret Ed25519 key" },
    { "is too short", function(text) return (text:gsub("\n(%S%S%S%S)", "\n", 1)) end,
      "it holds no secret Ed25519 key" },
    { "is huge", function() return ("x"):rep(5000) end, "it holds no secret Ed25519 key" },
  } do
    it("because it " .. case[1], function()
      write(key, case[2](read(key)))
      refused(case[3])
    end)
  end

  it("because it is not there, or a folder", function()
    os.remove(key)
    local told = run("sign", path, "--key", key, "--output", statement)
    assert.equal(4, told.code)
    contains("No such file or directory", told.err)
    shell("mkdir " .. key)
    refused "it is no plain file"
  end)

  it("because it is no public key", function()
    sign()
    write(key .. ".pub", "x")
    local told = verify("--public", key .. ".pub")
    assert.equal(1, told.code)
    contains("this is no public Ed25519 key in PEM", told.err)
    assert.equal(2, verify("--public", folder .. "/none").code)
    assert.equal(2, run("verify", path, "--public", key .. ".pub").code)
    assert.equal(2, verify("--head", "1:" .. ("0"):rep(64)).code)
  end)
end)
