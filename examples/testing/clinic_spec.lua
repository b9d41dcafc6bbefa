-- Tests the rules of clinic.lua, as a practice tests its own: `busted clinic_spec.lua` in this folder.
-- The next line finds Tallystick in this source tree; leave it out where it is installed.
dofile "../setup.lua"
local testing = require "tallystick.testing"

describe("our clinic", function()
  local clinic, visit

  before_each(function()
    clinic = testing.clinic { config = "clinic.lua", now = "2026-03-02T10:15", actor = "desk", roles = { "secretary" } }
    visit = clinic:consultation { patient = "P17", amount = "120.02" }
  end)
  after_each(function() assert.verifies(clinic) end)

  -- An invoice for the visit, as most rules are about invoices.
  local function invoiced()
    return clinic:invoice { consultations = { visit.number }, due = "2026-04-01" }
  end

  it("numbers its papers", function()
    assert.equal("2026-0001", invoiced().number)
    assert.equal("Q-00001", clinic:deposit({ patient = "P17", amount = "20.00" }).number)
  end)

  it("takes cash unless told otherwise, to five centimes, and gives change", function()
    local payment = clinic:pay { document = visit.number, tendered = "150.00" }
    assert.status("paid", payment)
    assert.amount("120.00", payment.amount)
    assert.amount("30.00", payment.change)
    assert.refused("document-settled", clinic:try "pay" { document = visit.number, amount = "5.00" })
  end)

  it("takes cards at our two terminals only", function()
    local by_card = clinic:try "pay"
    assert.refused("group-required", by_card { document = visit.number, type = "card" })
    assert.refused("group-unknown", by_card { document = visit.number, type = "card", group = "POS-3" })
    assert.status("paid", by_card { document = visit.number, type = "card", group = "POS-1" })
  end)

  it("takes vouchers up to 200 francs, and not for invoices", function()
    clinic:charge { document = visit.number, amount = "100.00", label = "radio" }
    assert.refused("amount-above-limit", clinic:try "pay" { document = visit.number, type = "voucher" })
    assert.refused("type-not-applicable", clinic:try "pay" { document = invoiced().number, type = "voucher" })
  end)

  it("asks the insurance for a policy", function()
    for _, policy in ipairs { "756", "756-12a", "756-1234" } do
      local fields = { policy = policy }
      assert.refused("field-invalid", clinic:try "pay" { document = visit.number, type = "insurance", fields = fields })
    end
    clinic:pay { document = visit.number, type = "insurance", fields = { policy = "756-123" } }
  end)

  it("leaves losses and refunds to the manager", function()
    local invoice = invoiced()
    assert.refused("permission-denied", clinic:try "pay" { document = invoice.number, type = "loss" })
    assert.status("written_off", clinic:pay { document = invoice.number, type = "loss", roles = { "manager" } })
  end)

  it("knows what is overdue a month later", function()
    local invoice = invoiced()
    assert.is_false(clinic:document(invoice.number).overdue)
    clinic.clock:advance "31d"
    assert.is_true(clinic:document(invoice.number).overdue)
    assert.status("unpaid", clinic:document(invoice.number))
  end)

  it("does not move a day that the manager closed", function()
    clinic.clock:advance "1d"
    clinic:close_days { through = "2026-03-02", roles = { "manager" } }
    assert.refused("period-closed", clinic:try "pay" { document = visit.number, at = "2026-03-02T18:00" })
    assert.status("paid", clinic:pay { document = visit.number })
  end)
end)
