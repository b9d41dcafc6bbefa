-- final.lua - writes a ledger's documents, credits and totals as the model does: lua5.4 spec/model/final.lua LEDGER
local json = require "dkjson"
local tallystick = require "tallystick"

local FACTS = { "charged", "collected", "credited", "discounted", "lost", "rounded" }
local COLUMNS = { "collected", "refunded", "deposited", "withdrawn", "credited", "discounted", "lost", "rounded" }

local function documents(ledger)
  local list, patients = {}, {}
  for document in ledger:documents { order = "oldest" } do
    local row = { number = document.number, kind = document.kind, patient = document.patient, status = document.status,
      remaining = document.remaining:decimal(), invoice = document.invoice or json.null }
    for _, name in ipairs(FACTS) do row[name] = document[name]:decimal() end
    list[#list + 1] = row
    patients[document.patient] = true
  end
  return list, patients
end

--- Patients are those of documents and of entries without one, such as deposits.
local function credits(ledger, patients)
  local list = setmetatable({}, { __jsontype = "object" })
  for entry in ledger:entries() do
    if entry.patient then patients[entry.patient] = true end
    if entry.counter_patient then patients[entry.counter_patient] = true end
  end
  for patient in pairs(patients) do
    local read = ledger:patient(patient)
    if read and read.credit.minor ~= 0 then list[patient] = read.credit:decimal() end
  end
  return list
end

local function add(sums, key, row)
  local sum = sums[key] or { count = 0 }
  sums[key] = sum
  sum.count = sum.count + row.count
  for _, name in ipairs(COLUMNS) do sum[name] = sum[name] and sum[name] + row[name] or row[name] end
end

--- Zero columns and rows of zeros are left out.
local function shown(sums)
  local list = setmetatable({}, { __jsontype = "object" })
  for key, sum in pairs(sums) do
    local row = {}
    if sum.count > 0 then row.count = sum.count end
    for _, name in ipairs(COLUMNS) do
      if sum[name].minor ~= 0 then row[name] = sum[name]:decimal() end
    end
    if next(row) then list[key] = row end
  end
  return list
end

local function totals(ledger, by, key_of)
  local sums = {}
  local rows, message, code = ledger:totals { by = by }
  -- Random amounts may fit every day and not their sum: the core says so, and there is nothing to compare.
  if code == "amount-overflow" then os.exit(7, true) end
  for _, row in ipairs(assert(rows, message)) do add(sums, key_of(row), row) end
  return shown(sums)
end

local ledger <close> = assert(tallystick.open(arg[1], { mode = "ro" }))
local list, patients = documents(ledger)
print(json.encode({
  documents = list,
  credit = credits(ledger, patients),
  totals_by_type = totals(ledger, { "type" }, function(row) return row.type end),
  totals_by_type_and_group = totals(ledger, { "type", "group" }, function(row) return row.type .. "/" .. row.group end),
  totals_by_month_and_type = totals(ledger, { "day", "type" }, function(row)
    return row.day:sub(1, 7) .. "/" .. row.type
  end),
}))
