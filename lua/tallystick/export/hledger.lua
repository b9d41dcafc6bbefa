-- hledger.lua - the journal as hledger reads it, also with `hledger check --strict`.
local journal = require "tallystick.export.journal"

return journal.format {
  name = "hledger",
  first = "0001-01-01",
  last = "9999-12-31",
  head = function(info, sample)
    -- A commodity is declared with a decimal mark, also where it has no decimals.
    local amount = sample:find(".", 1, true) and sample or sample .. "."
    return journal.plain_title(info) .. ("decimal-mark .\ncommodity %s %s\n"):format(amount, info.currency)
      .. journal.plain_tags()
  end,
  declare = function(account) return ("\naccount %s\n"):format(account) end,
  transaction = journal.plain_transaction,
}
