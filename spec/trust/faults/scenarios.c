/* scenarios.c - every command, iterator and reading of the C API, one or a few to a scenario, and the same in Lua. */
#include "scenarios.h"

#include <stddef.h>

const scenario scenarios[] = {
    {"consultation", NULL, "consultation patient=P6 amount=30.00 label=first note=new"},
    {"invoice", NULL, "invoice consultations=[C-00002,C-00001] amount=4.00 due=2026-12-24"},
    {"charge", NULL, "charge document=F-00002 amount=20.00 label=reminder"},
    {"charge-less", NULL, "charge document=F-00002 amount=-9.99"},
    {"cancel-invoice", NULL, "cancel document=F-00001 reason=wrong"},
    {"cancel-consultation", NULL, "cancel document=C-00006 reason=wrong"},
    {"pay-cash-rounded", NULL, "pay document=C-00002"},
    {"pay-change", NULL, "pay document=F-00001 tendered=100.00 note=change"},
    {"pay-excess-to-credit", NULL, "pay document=F-00002 amount=150.00 type=transfer"},
    {"pay-several", NULL, "pay documents=[F-00001,C-00004] amount=75.00 type=card group=POS-2"},
    {"pay-oldest", NULL, "pay documents=oldest patient=P2 amount=70.00 type=card"},
    {"pay-credit", NULL, "pay document=C-00001 type=credit"},
    {"pay-discount", NULL, "pay document=C-00001 type=discount"},
    {"pay-loss", NULL, "pay document=F-00002 type=loss"},
    {"pay-key", NULL, "pay document=C-00002 amount=10.00 key=k2"},
    {"pay-replay", NULL, "pay document=C-00001 amount=50.00 key=k1 group=POS-1 at=2026-11-02 note=part"},
    {"pay-dry", NULL, "pay document=C-00002 dry_run=true"},
    {"reverse", NULL, "reverse payment=R-00003 reason=wrong"},
    {"reverse-deposit", NULL, "reverse payment=R-00002 reason=wrong"},
    {"correct", NULL, "correct payment=R-00003 amount=25.00 reason=typo"},
    {"refund-reopen", NULL, "refund payment=R-00003 amount=5.00 reopen=true reason=goodwill"},
    {"refund-settled", NULL, "refund payment=R-00004 reopen=false reason=goodwill"},
    {"deposit", NULL, "deposit patient=P7 amount=80.00 type=card"},
    {"withdraw", NULL, "withdraw patient=P1 amount=40.00 reason=asked"},
    {"transfer", NULL, "transfer from=P1 to=P2 amount=30.00 reason=family"},
    {"close-days", NULL, "close_days through=2026-11-19"},
    {"close-days-counted", NULL, "close_days through=2026-11-19 counted={card:90.00,cash:$4950}"},
    {"move", NULL, "move document=F-00002 workflow=reminders from=reminder-1 to=reminder-2 fields={sent:post}"},
    {"print", NULL, "print payment=R-00001"},
    {"dry-runs", NULL,
     "invoice consultations=[C-00001] dry_run=true; refund payment=R-00003 reopen=true reason=x dry_run=true; "
     "close_days through=2026-11-20 dry_run=true; reverse payment=R-00003 reason=x dry_run=true"},
    {"propose-accept", NULL, "propose pay document=C-00001 amount=20.00; accept"},
    {"propose-decline", NULL, "propose pay document=C-00001 amount=20.00; decline no"},
    {"transaction", NULL,
     "begin; consultation patient=P8 amount=70.00; pay document=C-00007 amount=20.00; invoice "
     "consultations=[C-00007]; "
     "pay document=F-00004 type=card; commit"},
    {"savepoints", NULL,
     "begin; pay document=C-00001 amount=1.00; begin; pay document=C-00002 amount=2.00; rollback; begin; "
     "pay document=F-00002 amount=3.00; commit; pay document=C-00004 dry_run=true; deposit patient=P1 amount=4.00; "
     "commit"},
    {"transaction-taken-back", NULL,
     "begin; pay document=C-00001 amount=1.00; charge document=F-00002 amount=5; rollback"},
    {"pay-fields", "close; open-config",
     "pay document=C-00001 amount=$200 type=card group=POS-1 fields={terminal:7,floor:#2,remote:true}"},
    {"pay-field-mismatched", "close; open-config",
     "refused field-invalid pay document=C-00001 type=card group=POS-1 fields={terminal:!x}"},
    {"pay-shapes-refused", NULL,
     "refused amount-invalid pay document=C-00001 amount=?a-function; refused field-invalid pay document=?a-table; "
     "refused field-invalid pay document=C-00001 fields={a:?a-table}; refused field-unknown pay docment=C-00001; "
     "pay document=C-00001 amount=$100"},
    {"hosted", NULL,
     "hosted move document=F-00002 workflow=reminders from=reminder-1 to=reminder-2 key=m1; "
     "hosted move document=F-00002 workflow=reminders from=reminder-2 to=reminder-2 key=m1"},
    {"clockless", NULL,
     "refused date-invalid clockless pay document=C-00001 amount=1.00; pay document=C-00001 amount=1.00"},
    {"transaction-with-refusals", NULL,
     "begin; allow; refused document-unknown pay document=C-00099; pay document=C-00001 amount=1.00; commit"},
    {"transaction-poisoned", NULL,
     "begin; pay document=C-00001 amount=1.00; poison; refused transaction-poisoned commit"},
    {"warm-pay", "pay document=C-00001 amount=1.00; pay document=F-00002 amount=1.00",
     "pay document=C-00001 amount=2.00"},
    {"warm-invoice", "consultation patient=P9 amount=7.00; invoice consultations=[C-00007]; pay document=F-00004",
     "invoice consultations=[C-00001]"},
    {"document", NULL, "document F-00001; document C-00003"},
    {"document-as-of", NULL, "document F-00003 as_of=2026-12-01"},
    {"payment", NULL, "payment R-00001; payment R-00004"},
    {"patient", NULL, "patient P1; patient P2"},
    {"documents", NULL,
     "documents status=pending; documents overdue=true; documents order=oldest kind=invoice limit=#2"},
    {"documents-of-patient", NULL, "documents patient=P2 from=2026-11-01 to=2026-11-30"},
    {"payments", NULL, "payments; payments document=C-00001; payments type=card reversed=false; payments patient=P1"},
    {"entries", NULL, "entries; entries document=F-00002; entries patient=P1; entries kind=payment from_seq=#3"},
    {"corrections", NULL, "entries corrections=true from=2026-11-01 to=2026-11-30"},
    {"totals", NULL, "totals by=[type,group]; totals by=[day,actor] from=2026-11-02; totals"},
    {"names", NULL, "names document; names payment; names patient"},
    {"closings", NULL, "closings"},
    {"head-info", NULL, "head; info"},
    {"type-stage-reload", NULL, "type cash; stage F-00002; reload; settings"},
    {"anchor", NULL, "anchor; anchored"},
    {"anchor-brought-up", "anchor; pay document=C-00001 amount=2.00", "anchor; anchored"},
    {"anchor-reset", "anchor; garble", "anchor reset; anchored"},
    {"anchored-closing", "anchor; pay document=C-00001 amount=2.00", "close_days through=2026-11-19"},
    {"follower", NULL, "followed letters; follow 9"},
    {"verify", NULL, "verify"},
    {"backup", NULL, "backup"},
    {"erase", NULL, "erase document=C-00002; entries document=C-00002"},
    {"erase-patient", NULL, "erase patient=P1 texts=[note,reason]"},
    {"erase-dry", NULL, "erase payment=R-00001 dry_run=true"},
    {"request", NULL, "request"},
    {"open", "close", "open"},
    {"open-read-only", "close", "open ro; documents; patient P1; close"},
    {"open-config", "close", "open-config"},
    {"open-and-pay", "close", "open; pay document=C-00001 amount=2.00"},
    {"open-after-a-crash", "pay document=C-00001 amount=2.00; crash", "open"},
    {"close", "pay document=C-00001 amount=2.00", "close"},
    {"new", "new", "open"},
    {"new-config", "new", "open-config"},
};
const int scenario_count = sizeof scenarios / sizeof *scenarios;

const scenario lua_scenarios[] = {
    {"lua-consultation", NULL, "return ledger:consultation { patient = 'P6', amount = '30.00', note = 'new' }"},
    {"lua-invoice", NULL, "return ledger:invoice { consultations = { 'C-00001', 'C-00002' }, due = '2026-12-24' }"},
    {"lua-charge", NULL, "return ledger:charge { document = 'F-00002', amount = '20.00', label = 'reminder' }"},
    {"lua-cancel", NULL, "return ledger:cancel { document = 'F-00001', reason = 'wrong' }"},
    {"lua-pay", NULL, "return ledger:pay { document = 'C-00002' }"},
    {"lua-pay-several", NULL, "return ledger:pay { documents = { 'F-00001', 'C-00004' }, type = 'card' }"},
    {"lua-pay-replay", NULL,
     "return ledger:pay { document = 'C-00001', amount = '50.00', key = 'k1', group = 'POS-1', at = '2026-11-02', "
     "note = 'part' }"},
    {"lua-pay-dry", NULL, "return ledger:pay { document = 'C-00002', dry_run = true }"},
    {"lua-reverse", NULL, "return ledger:reverse { payment = 'R-00003', reason = 'wrong' }"},
    {"lua-correct", NULL, "return ledger:correct { payment = 'R-00003', amount = '25.00', reason = 'typo' }"},
    {"lua-refund", NULL, "return ledger:refund { payment = 'R-00003', reopen = false, reason = 'goodwill' }"},
    {"lua-deposit", NULL, "return ledger:deposit { patient = 'P7', amount = '80.00', type = 'card' }"},
    {"lua-withdraw", NULL, "return ledger:withdraw { patient = 'P1', amount = '40.00' }"},
    {"lua-transfer", NULL, "return ledger:transfer { from = 'P1', to = 'P2', amount = '30.00' }"},
    {"lua-close-days", NULL, "return ledger:close_days { through = '2026-11-19', counted = { card = '90.00' } }"},
    {"lua-receipt", NULL, "return ledger:receipt('R-00001', { width = 40 })"},
    {"lua-transaction", NULL,
     "return ledger:transaction(function(tx)\n"
     "  local made, message, code = tx:consultation { patient = 'P8', amount = '70.00' }\n"
     "  if not made then return nil, message, code end\n"
     "  local kept, why, its = tx:transaction(function(inner)\n"
     "    return inner:pay { document = made.number, amount = '20.00' }\n"
     "  end)\n"
     "  if not kept then return nil, why, its end\n"
     "  return tx:deposit { patient = 'P8', amount = '4.00' }\n"
     "end)"},
    {"lua-document", NULL, "return ledger:document 'F-00001'"},
    {"lua-print", NULL, "return ledger:print { payment = 'R-00001' }"},
    {"lua-head", NULL,
     "local head, message, code = ledger:head()\nif not head then return nil, message, code end\n"
     "return head.seq"},
    {"lua-script", NULL, "return ledger:script()"},
    {"lua-type", NULL, "return ledger:type('cash', 1)"},
    {"lua-types", NULL, "return ledger:types()"},
    {"lua-payment", NULL, "return ledger:payment 'R-00004'"},
    {"lua-patient", NULL, "return ledger:patient 'P1'"},
    {"lua-iterators", NULL,
     "for document in ledger:documents {} do seen(document.number) end\n"
     "for payment in ledger:payments {} do seen(payment.number) end\n"
     "for entry in ledger:entries {} do seen(entry.seq) end\n"
     "return true"},
    {"lua-totals", NULL, "return ledger:totals { by = { 'type', 'day' } }"},
    {"lua-closings", NULL, "return ledger:closings()"},
    {"lua-info", NULL, "return ledger:info()"},
    {"lua-names", NULL, "return ledger:names('document', 'C', 10)"},
    {"lua-follow", NULL, "return ledger:follow('letters', function(entry) return true end)"},
    {"lua-verify", NULL, "return ledger:verify()"},
    {"lua-backup", NULL, "return ledger:backup(copy)"},
    {"lua-erase", NULL, "return ledger:erase { payment = 'R-00001' }"},
    {"lua-anchor", NULL,
     "local anchor, message, code = ledger:anchor()\n"
     "if not anchor then return nil, message, code end\n"
     "return true"},
    {"lua-anchor-reset", NULL,
     "local anchor, message, code = ledger:anchor()\n"
     "if anchor then spoil(anchor.path) anchor, message, code = ledger:anchor { reset = true } end\n"
     "if not anchor then return nil, message, code end\n"
     "return anchor.state .. (anchor.replaced and ', and one was set aside' or '')"},
    {"lua-anchored-closing", NULL,
     "ledger:anchor()\n"
     "return ledger:close_days { through = '2026-11-19' }"},
    {"lua-statement", NULL, "return ledger:statement 'F-00001'"},
    {"lua-receipt-looked-at", NULL, "return ledger:receipt('R-00004', { preview = true, format = 'html' })"},
    {"lua-scripted", "script",
     "local own, message, code = tallystick.open(path, { config = 'spec/trust/faults/clinic.lua', clock = now })\n"
     "if not own then return nil, message, code end\n"
     "own:close()\nreturn true"},
    {"lua-hooked", "script", "return ledger:pay { document = 'C-00001', amount = '10.00', type = 'card' }"},
    {"lua-hook-refuses", "script",
     "local paid, message, code = ledger:pay { document = 'C-00001', amount = '0.50', type = 'card' }\n"
     "if paid or code ~= 'refused' then return paid, message, code end\n"
     "return true"},
    {"lua-move", "script", "return ledger:move { document = 'F-00001', workflow = 'reminders', to = 'reminder-1' }"},
    {"lua-stage", "script", "return ledger:stage('F-00002', 'reminders')"},
    {"lua-advance", "script",
     "local report, message, code = ledger:advance { limit = 1 }\n"
     "if not report then return nil, message, code end\n"
     "local refusal = report.refusals[1]\n"
     "if refusal then return nil, refusal.message, refusal.code end\n"
     "return report.moved == 1"},
    {"lua-money", NULL,
     "local money = tallystick.money\nlocal one, message, code = money('1.20', 'CHF')\n"
     "if not one then return nil, message, code end\nseen(tostring(one + one))\nreturn ledger:money '1.20'"},
};
const int lua_scenario_count = sizeof lua_scenarios / sizeof *lua_scenarios;
