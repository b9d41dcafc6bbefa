-- The shape of a credit notification, as the schema of ISO 20022 has it: which elements stand in which, in what order.
-- Only what the specs' files use is here; an element that is not is a fault, so that they cannot drift.
local lxp = require "lxp"

local shape = {}

-- The children of each element in their order; `!` must be there, `*` may be repeated, `|` is one of several.
local COMMON = {
  Document = "BkToCstmrDbtCdtNtfctn!",
  BkToCstmrDbtCdtNtfctn = "GrpHdr! Ntfctn!*",
  GrpHdr = "MsgId! CreDtTm! MsgRcpt MsgPgntn OrgnlBizQry AddtlInf",
  MsgPgntn = "PgNb! LastPgInd!",
  FrToDt = "FrDtTm! ToDtTm!",
  Acct = "Id! Tp Ccy Nm Prxy Ownr Svcr",
  ["Acct/Id"] = "IBAN|Othr",
  Ownr = "Nm PstlAdr Id CtryOfRes CtctDtls",
  Ntry = "NtryRef Amt! CdtDbtInd! RvslInd Sts! BookgDt ValDt AcctSvcrRef Avlbty* BkTxCd! ComssnWvrInd AddtlInfInd "
    .. "AmtDtls Chrgs TechInptChanl Intrst CardTx NtryDtls* AddtlNtryInf",
  BookgDt = "Dt|DtTm", ValDt = "Dt|DtTm",
  BkTxCd = "Domn Prtry", Domn = "Cd! Fmly!", Fmly = "Cd! SubFmlyCd!",
  NtryDtls = "Btch TxDtls*",
  Btch = "MsgId PmtInfId NbOfTxs TtlAmt CdtDbtInd",
  AmtDtls = "InstdAmt TxAmt CntrValAmt AnncdPstngAmt PrtryAmt*",
  InstdAmt = "Amt! CcyXchg", TxAmt = "Amt! CcyXchg",
  RltdPties = "InitgPty Dbtr DbtrAcct UltmtDbtr Cdtr CdtrAcct UltmtCdtr TradgPty Prtry*",
  RmtInf = "Ustrd* Strd*",
  Strd = "RfrdDocInf* RfrdDocAmt CdtrRefInf Invcr Invcee TaxRmt GrnshmtRmt AddtlRmtInf*",
  CdtrRefInf = "Tp Ref", Tp = "CdOrPrtry! Issr", CdOrPrtry = "Cd|Prtry",
  RtrInf = "OrgnlBkTxCd Orgtr Rsn AddtlInf*", Rsn = "Cd|Prtry",
}

local PARTY = "Nm PstlAdr Id CtryOfRes CtctDtls"

local BY_VERSION = {
  ["04"] = {
    Ntfctn = "Id! NtfctnPgntn ElctrncSeqNb LglSeqNb CreDtTm! FrToDt CpyDplctInd RptgSrc Acct! RltdAcct Intrst* "
      .. "TxsSummry Ntry* AddtlNtfctnInf",
    TxDtls = "Refs Amt! CdtDbtInd! AmtDtls Avlbty* BkTxCd Chrgs Intrst RltdPties RltdAgts Purp RltdRmtInf* RmtInf "
      .. "RltdDts RltdPric RltdQties* FinInstrmId Tax RtrInf CorpActn SfkpgAcct CshDpst* CardTx AddtlTxInf "
      .. "SplmtryData*",
    Refs = "MsgId AcctSvcrRef PmtInfId InstrId EndToEndId TxId MndtId ChqNb ClrSysRef AcctOwnrTxId AcctSvcrTxId "
      .. "MktInfrstrctrTxId PrcgId Prtry*",
    Dbtr = PARTY, PstlAdr = "AdrTp Dept SubDept StrtNm BldgNb PstCd TwnNm CtrySubDvsn Ctry AdrLine*",
  },
  ["08"] = {
    Ntfctn = "Id! NtfctnPgntn ElctrncSeqNb RptgSeq LglSeqNb CreDtTm FrToDt CpyDplctInd RptgSrc Acct! RltdAcct Intrst* "
      .. "TxsSummry Ntry* AddtlNtfctnInf",
    TxDtls = "Refs Amt CdtDbtInd AmtDtls Avlbty* BkTxCd Chrgs Intrst RltdPties RltdAgts LclInstrm Purp RltdRmtInf* "
      .. "RmtInf RltdDts RltdPric RltdQties* FinInstrmId Tax RtrInf CorpActn SfkpgAcct CshDpst* CardTx AddtlTxInf "
      .. "SplmtryData*",
    Refs = "MsgId AcctSvcrRef PmtInfId InstrId EndToEndId UETR TxId MndtId ChqNb ClrSysRef AcctOwnrTxId AcctSvcrTxId "
      .. "MktInfrstrctrTxId PrcgId Prtry*",
    Sts = "Cd|Prtry", Dbtr = "Pty|Agt", Pty = PARTY,
    PstlAdr = "AdrTp Dept SubDept StrtNm BldgNb BldgNm Flr PstBx Room PstCd TwnNm TwnLctnNm DstrctNm CtrySubDvsn Ctry "
      .. "AdrLine*",
  },
}

-- Gives what may stand in an element: a list of { name, required, repeated }, or a set of which one must stand there.
local function parse(rule)
  if rule:find("|", 1, true) then
    local choice = { choice = true }
    for name in rule:gmatch "[^|]+" do choice[name] = true end
    return choice
  end
  local list = {}
  for name, marks in rule:gmatch "(%a+)([!*]*)" do
    list[#list + 1] = { name = name, required = marks:find "!" ~= nil, repeated = marks:find "%*" ~= nil }
  end
  return list
end

local function check_choice(choice, children, path, faults)
  if #children ~= 1 or not choice[children[1]] then
    faults[#faults + 1] = ("%s has %s"):format(path, table.concat(children, " "))
  end
end

local function check_sequence(list, children, path, faults)
  local at = 1
  for _, slot in ipairs(list) do
    local found = 0
    while children[at] == slot.name do
      at, found = at + 1, found + 1
    end
    if slot.required and found == 0 then faults[#faults + 1] = ("%s lacks %s"):format(path, slot.name) end
    if found > 1 and not slot.repeated then faults[#faults + 1] = ("%s has %s twice"):format(path, slot.name) end
  end
  if children[at] then faults[#faults + 1] = ("%s has %s out of place"):format(path, children[at]) end
end

local function check(rules, path, children, faults)
  local name, parent = path[#path], path[#path - 1] or ""
  local rule = rules[parent .. "/" .. name] or rules[name]
  local where = table.concat(path, "/")
  if not rule then
    if #children > 0 then faults[#faults + 1] = where .. " may hold no element" end
    return
  end
  local parsed = parse(rule)
  if parsed.choice then return check_choice(parsed, children, where, faults) end
  check_sequence(parsed, children, where, faults)
end

---Gives what is not as the schema has it, as lines.
---@param text string a notification
---@param version "04"|"08"
---@return string[]
function shape.faults(text, version)
  local rules, faults, path, children = {}, {}, {}, {}
  for _, from in ipairs { COMMON, BY_VERSION[version] } do
    for name, rule in pairs(from) do rules[name] = rule end
  end
  local namespace = "urn:iso:std:iso:20022:tech:xsd:camt.054.001." .. version
  local parser = lxp.new({
    StartElement = function(_, full)
      local own, name = full:match "^(%S*) (.*)$"
      if own ~= namespace then faults[#faults + 1] = full .. " is of another namespace" end
      if children[#children] then table.insert(children[#children], name) end
      path[#path + 1], children[#children + 1] = name or full, {}
    end,
    EndElement = function()
      check(rules, path, table.remove(children), faults)
      table.remove(path)
    end,
  }, " ")
  assert(parser:parse(text))
  assert(parser:parse())
  parser:close()
  return faults
end

return shape
