-- The rules of a clinic whose bills are paid by two: the patient's insurer and the patient.
--
-- The ledger knows one debtor, the patient. What the insurer promised stands on the invoice's label, which never
-- changes: "insurer HELVIA 80%" says that Helvia pays 80 % of the invoice, whatever it comes to. The invoice stays one
-- document, and is paid when both have paid.
local clinic = ...
clinic:currency "CHF"
clinic:language "fr"
clinic:payment_type { id = "card", label = { fr = "Carte", en = "Card" }, default = true }
clinic:payment_type { id = "transfer", label = { fr = "Virement", en = "Bank transfer" } }
clinic:payment_type { id = "loss", label = { fr = "Impayé / Perte", en = "Loss" }, effect = "loss" }

-- The group is the insurer, so that the totals say what came from each; the claim is the number on its letter.
local INSURERS = { "ALPINA", "HELVIA", "LEMANIC" }
clinic:payment_type { id = "insurer", label = { fr = "Assurance", en = "Insurer" }, applies_to = { "invoice" },
  group = { required = true, one_of = INSURERS },
  fields = {
    claim = { required = true, pattern = "^%d%d%d%d%-%d%d%d%d%d%d$" },
    decided = { type = "date" },
  } }

-- What an invoice's label says: the insurer and its percentage; nothing where the patient pays alone.
local function promise(label)
  local insurer, percent = (label or ""):match "^insurer (%u+) (%d+)%%$"
  return insurer, math.tointeger(tonumber(percent))
end

local function is_insurer(name)
  for _, insurer in ipairs(INSURERS) do
    if insurer == name then return true end
  end
  return false
end

-- A label that is nearly right would be a promise that nobody keeps, so it is looked at when the invoice is written.
clinic:before("invoice", { id = "promise" }, function(event, ctx)
  if not (event.label or ""):lower():find "insurer" then return end
  local insurer, percent = promise(event.label)
  if not insurer or percent < 1 or percent > 100 or not is_insurer(insurer) then
    return ctx.refuse("promise", 'write the label as "insurer HELVIA 80%", with one of our insurers')
  end
end)

-- The insurer's part of an invoice, to the centime; the patient's is the rest.
local function parts(document, percent)
  local of_insurer = document.charged:split { percent, 100 - percent }[1]
  return of_insurer, document.charged - of_insurer
end

-- What insurers paid on an invoice so far, less what went back to them.
local function paid_by_insurer(document, ctx)
  local sum = ctx.zero
  for _, number in ipairs(document.payments) do
    local payment = ctx.payment(number)
    for _, allocation in ipairs(payment.allocations) do
      local counts = payment.kind == "pay" and payment.type == "insurer" and not payment.reversed
      if counts and allocation.document == document.number then sum = sum + allocation.amount - allocation.refunded end
    end
  end
  return sum
end

-- An insurer pays what it promised and not more: more is a letter that belongs to another invoice.
local function check_insurer(event, allocation, document, ctx)
  local insurer, percent = promise(document.label)
  if not insurer then return ctx.refuse("no-promise", document.number .. " has no insurer; the patient pays it") end
  if event.group ~= insurer then return ctx.refuse("other-insurer", document.number .. " is insured by " .. insurer) end
  local left = parts(document, percent) - paid_by_insurer(document, ctx)
  if allocation.amount > left then
    return ctx.refuse("above-share", ("of %s, %s pays %s more at most"):format(document.number, insurer, left))
  end
end

-- The desk asks the patient for the patient's part only. Should the insurer decline, the office takes the rest.
local function check_patient(allocation, document, ctx)
  local _, percent = promise(document.label)
  if not percent or ctx.has_role "office" then return end
  local _, of_patient = parts(document, percent)
  local left = of_patient - (document.settled - paid_by_insurer(document, ctx))
  if allocation.amount > left then
    return ctx.refuse("patient-part", ("of %s, the patient pays %s more"):format(document.number, left))
  end
end

clinic:before("pay", { id = "shares" }, function(event, ctx)
  for _, allocation in ipairs(event.allocations) do
    local document = ctx.document(allocation.document)
    local refusal
    if event.type == "insurer" then
      refusal = check_insurer(event, allocation, document, ctx)
    else
      refusal = check_patient(allocation, document, ctx)
    end
    if refusal then return refusal end
  end
end)
