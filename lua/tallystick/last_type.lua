-- last_type.lua - a payment type as it is in force, else as it was last (design.md §5).

---Reads a payment type: one that the script declares no more as it was last. Codes: `type-unknown`.
---@param ledger tallystick.Ledger
---@param id string
---@return tallystick.PaymentType? type
---@return string? message
---@return string? code
---@return tallystick.Details? details
return function(ledger, id)
  local found, message, code, details = ledger:type(id)
  if found or code ~= "type-unknown" then return found, message, code, details end
  local last
  for version = 1, math.maxinteger do -- they are counted without gaps
    found, message, code, details = ledger:type(id, version)
    if not found then break end
    last = found
  end
  if last and code == "type-unknown" then return last end
  return nil, message, code, details
end
