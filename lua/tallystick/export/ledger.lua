-- ledger.lua - the journal as ledger reads it, also with `ledger --strict --pedantic`.
local journal = require "tallystick.export.journal"

return journal.format {
  name = "ledger",
  first = "1400-01-01",
  last = "9999-12-31",
  head = function(info, sample)
    local commodity = ("commodity %s\n    format %s %s\n"):format(info.currency, sample, info.currency)
    return journal.plain_title(info) .. commodity .. journal.plain_tags()
  end,
  declare = function(account) return ("\naccount %s\n"):format(account) end,
  transaction = journal.plain_transaction,
}
