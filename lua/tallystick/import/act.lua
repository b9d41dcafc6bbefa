-- import/act.lua - the one act by which a credit is written: a payment of its document, or where that is settled and
-- the clinic wants it so, a deposit for its patient. Plans rehearse it, and applying a plan performs it.
local act = {}

-- Codes that are about the ledger as a whole, and not about one credit: nothing behind them would fare better.
local ENDING = {
  ["read-only"] = true, busy = true, full = true, ["io-error"] = true, corrupt = true, ["chain-broken"] = true,
  ["out-of-memory"] = true, ["config-invalid"] = true, ["schema-newer"] = true,
}

---Tells whether a code ends a run.
---@param code string?
---@return boolean
function act.ends(code)
  return ENDING[code] == true
end

---@class tallystick.import.Act
---@field command "pay"|"deposit"
---@field fields table

---@param item tallystick.import.Item
---@param patient string
---@return tallystick.import.Act
local function deposit_of(item, patient)
  local paid = item.act.fields
  return { command = "deposit", fields = {
    patient = patient, amount = paid.amount, type = paid.type, group = paid.group, reference = paid.reference,
    at = paid.at, actor = paid.actor, roles = paid.roles, key = paid.key,
  } }
end

local function copy(fields, dry_run)
  local copied = {}
  for name, value in pairs(fields) do copied[name] = value end
  copied.dry_run = dry_run
  return copied
end

-- Change is money that was handed back. A bank has kept it, so that a payment which gives change would lose it.
local function no_change(result)
  if not result.change or result.change.minor == 0 then return result end
  return nil, ("%s more came than is owed, and this type of payment would give it back as change"):format(
    result.change:decimal()), "amount-exceeds-remaining", { change = result.change:decimal() }
end

---Writes an act, or nothing: also where it would give change.
---@param ledger tallystick.Ledger
---@param one tallystick.import.Act
---@return table? result
---@return string? message
---@return string? code
---@return table? details
function act.perform(ledger, one)
  return ledger:transaction(function(tx)
    local result, message, code, details = tx[one.command](tx, copy(one.fields))
    if not result then return nil, message, code, details end
    return no_change(result)
  end)
end

local function try(ledger, one, dry_run)
  if not dry_run then return act.perform(ledger, one) end
  local result, message, code, details = ledger[one.command](ledger, copy(one.fields, true))
  if not result then return nil, message, code, details end
  return no_change(result)
end

-- Tries the payment of an item, then the deposit in its stead. An earlier run may have made a deposit of it: its key
-- says so, and the same deposit is that one again.
local function rehearse_one(ledger, item, dry_run)
  local result, message, code, details = try(ledger, item.act, dry_run)
  local settled = code == "document-settled" and item.deposit
  local conflict = code == "key-conflict" and details.field == "command"
  if not settled and not conflict then return result, message, code end
  local document = ledger:document(item.document)
  if not document then return nil, message, code end
  local instead = deposit_of(item, document.patient)
  local made, wrong, why = try(ledger, instead, dry_run)
  if not made and conflict then return nil, message, code end
  if made then item.act = instead end
  return made, wrong, why
end

---Finds out what becomes of the credits of one document, in their order, and writes nothing. One alone is a dry run;
---several are written in a transaction that is then undone, as what the first does matters to the next.
---@param ledger tallystick.Ledger
---@param items tallystick.import.Item[]
---@return { result?: table, message?: string, code?: string }[]? answers one for each item
---@return string? message where the ledger as a whole gave up
---@return string? code
function act.rehearse(ledger, items)
  local answers = {}
  local function run(handle, dry_run)
    for index, item in ipairs(items) do
      local result, message, code = rehearse_one(handle, item, dry_run)
      answers[index] = { result = result, message = message, code = code }
      if act.ends(code) then return nil, message, code end
    end
    return true
  end
  if #items == 1 then
    local done, message, code = run(ledger, true)
    return done and answers, message, code
  end
  local finished = false
  local _, message, code = ledger:transaction(function(tx)
    local done, wrong, why = run(tx, false)
    finished = done
    return nil, wrong or "this was a rehearsal", why or "refused"
  end)
  if finished then return answers end
  return nil, message, code
end

---Tells whether a key was used, by whatever act.
---@param ledger tallystick.Ledger
---@param credit tallystick.import.Credit with a key and an amount above zero
---@return boolean
function act.is_known(ledger, credit)
  -- A key is looked at before the document is: whatever else the answer is, the key is new.
  local probe = { document = "-", amount = credit.amount, key = credit.key, dry_run = true }
  return select(3, ledger:pay(probe)) == "key-conflict"
end

return act
