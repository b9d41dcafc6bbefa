-- Who may do what at this clinic, up to which amount. A manager approves a payment by entering it under the role
-- "manager": the journal keeps who that was.
local clinic = ...
clinic:currency "CHF"
clinic:language "fr"
clinic:payment_type { id = "cash", label = { fr = "Espèces" }, default = true, round_to = "0.05", excess = "change" }
clinic:payment_type { id = "card", label = { fr = "Carte" } }
clinic:payment_type { id = "discount", label = { fr = "Rabais" }, effect = "discount" }
clinic:payment_type { id = "staff-discount", label = { fr = "Rabais du personnel" }, effect = "discount",
  roles = { "staff-office", "manager" } }
clinic:payment_type { id = "loss", label = { fr = "Impayé / Perte" }, effect = "loss", applies_to = { "invoice" },
  roles = { "manager" } }
clinic:permit { reverse = { "manager" }, refund = { "manager" }, close_days = { "manager" } }

-- ---- Cash ----

-- Above a thousand francs at once somebody asks where the money comes from. The till is emptied at three thousand.
local function cash_limits(event, ctx)
  if event.type ~= "cash" or ctx.has_role "manager" then return end
  if event.amount > ctx.money "1000.00" then
    return ctx.refuse("cash-payment", "cash above 1000.00 needs a manager")
  end
  local day = ctx.zero
  for _, row in ipairs(ctx.totals { from = event.day, to = event.day, by = { "type" } }) do
    if row.type == "cash" then day = row.money end
  end
  if day + event.amount > ctx.money "3000.00" then
    return ctx.refuse("cash-day", ("the till would hold %s; above 3000.00 call a manager"):format(day + event.amount))
  end
end

clinic:before("pay", { id = "cash-limits", priority = 10 }, cash_limits)
clinic:before("deposit", { id = "cash-limits", priority = 10 }, cash_limits)

-- ---- Discounts ----

clinic:before("pay", { id = "discount-reason", priority = 20 }, function(event, ctx)
  if event.type == "staff-discount" and not event.note then
    return ctx.refuse("discount-reason", "say in the note for whom the staff discount is")
  end
end)

-- All discounts of a document together: up to a fifth of what is charged at the desk, up to half with a manager.
clinic:before("pay", { id = "discount-share", priority = 30 }, function(event, ctx)
  if event.effect ~= "discount" then return end
  local percent = ctx.has_role "manager" and 50 or 20
  for _, touched in ipairs(event.documents) do
    local document = touched.after
    local limit = document.charged:split { percent, 100 - percent }[1]
    if document.discounted > limit then
      return ctx.refuse("discount-share", ("%s: discounts may come to %s, that is %d %% of what is charged"):format(
        document.number, limit, percent))
    end
  end
end)

-- ---- Losses ----

-- An invoice is given up three months after its day at the earliest. Days compare as text: "2026-01-31" < "2026-02-01".
local function three_months_before(day)
  local year, month, of_month = day:match "^(%d+)%-(%d+)%-(%d+)$"
  year, month = tonumber(year), tonumber(month) - 3
  if month < 1 then year, month = year - 1, month + 12 end
  return ("%04d-%02d-%s"):format(year, month, of_month)
end

clinic:before("pay", { id = "loss-age", priority = 40 }, function(event, ctx)
  if event.effect ~= "loss" then return end
  for _, touched in ipairs(event.documents) do
    local day = touched.before.day
    if day > three_months_before(event.day) then
      return ctx.refuse("loss-age", ("%s is of %s; it is given up after three months"):format(touched.number, day))
    end
  end
end)
