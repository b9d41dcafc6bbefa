-- grammar/reading.lua - the commands that look things up, and the reports.
local FROM = { name = "from", kind = "day", argname = "DAY", help = "The first business day" }
local TO = { name = "to", kind = "day", argname = "DAY", help = "The last business day" }
local LIMIT = { name = "limit", kind = "count", argname = "N", help = "At most so many" }
local HTML = { name = "html", kind = "path", argname = "FILE", help = "Write it as one HTML page with charts" }
local LANG = { name = "lang", kind = "choice", choices = { "de", "en", "fr", "it" }, argname = "LANG",
  help = "The language for people (default: the clinic's)" }
local FORCE = { name = "force", kind = "flag", help = "Replace the file where there is one" }
local SHEET = { name = "sheet", kind = "text", argname = "NAME", help = "Only this table of the report" }

local PATIENT = { name = "patient", kind = "patient", argname = "ID", help = "Only this patient's" }
local DOCUMENT = { name = "document", kind = "document", argname = "NUMBER", help = "Only of this document" }

local reading = {
  { name = "document", summary = "Show a document with its facts and payments",
    arguments = { { name = "number", kind = "document", required = true, help = "The document, such as F-00012" } },
    options = { { name = "as_of", kind = "time", argname = "TIME", help = "As it stood then" } },
    examples = { "document F-00012", "document F-00012 --as-of 2026-06-30" } },
  { name = "documents", summary = "List documents, the newest first", list = "document",
    options = {
      { name = "kind", kind = "choice", choices = { "consultation", "invoice" }, argname = "KIND",
        help = "consultation or invoice" },
      { name = "status", kind = "status", argname = "STATUS", help = "Only in this status, such as unpaid" },
      PATIENT, FROM, TO,
      { name = "open", kind = "flag", help = "Only those with something remaining" },
      { name = "overdue", kind = "flag", help = "Only those that are overdue" },
      { name = "order", kind = "choice", choices = { "newest", "oldest" }, argname = "ORDER",
        help = "newest (the default) or oldest first" },
      LIMIT,
      { name = "after", kind = "document", argname = "NUMBER", help = "Go on behind this document" },
    },
    examples = { "documents --patient P17", "documents --kind invoice --overdue --order oldest" } },
  { name = "unpaid", summary = "List the invoices that are not paid, the oldest first", list = "document",
    options = { PATIENT, { name = "overdue", kind = "flag", help = "Only those that are overdue" }, LIMIT },
    examples = { "unpaid", "unpaid --overdue" } },
  { name = "payment", summary = "Show a payment with what it settled",
    arguments = { { name = "number", kind = "payment", required = true, help = "The payment, such as R-00003" } },
    examples = { "payment R-00003" } },
  { name = "payments", summary = "List payments, in the order of their recording", list = "payment",
    options = { DOCUMENT, PATIENT,
      { name = "type", kind = "type", argname = "ID", help = "Only of this payment type" },
      { name = "group", kind = "group", argname = "GROUP", help = "Only of this group" },
      FROM, TO,
      { name = "actor", kind = "text", argname = "NAME", help = "Only by this actor" },
      { name = "reversed", kind = "boolean", argname = "yes|no", help = "Only those that were reversed, or were not" },
      LIMIT,
      { name = "after", kind = "payment", argname = "NUMBER", help = "Go on behind this payment" } },
    examples = { "payments --from 2026-11-01 --type card" } },
  { name = "entries", summary = "List rows of the journal",
    options = {
      { name = "from_seq", kind = "count", argname = "SEQ", help = "From this entry on" },
      DOCUMENT, PATIENT,
      { name = "act", kind = "count", argname = "SEQ", help = "Only of this act" },
      { name = "kind", kind = "choice", choices = "kinds", argname = "KIND", help = "Only of this kind, such as reversal" },
      LIMIT,
    },
    examples = { "entries --document F-00012", "entries --kind reversal" } },
  { name = "patient", summary = "Show what a patient owes and has on credit",
    list = "document",
    arguments = { { name = "id", kind = "patient", required = true, help = "The patient's id" } },
    examples = { "patient P17" } },
  { name = "totals", summary = "Sum business days",
    options = { FROM, TO, { name = "by", kind = "texts", choices = "ways", argname = "LIST",
      help = "Split by these: type, group, day, month, year, actor (default: type)" } },
    examples = { "totals --from 2026-01-01 --to 2026-12-31 --by month,type" } },
  { name = "types", summary = "List the payment types in force", options = {}, examples = { "types" } },
  { name = "closings", summary = "List the closings", options = {}, examples = { "closings" } },
  { name = "stage", summary = "Show where a document stands in its workflow",
    arguments = { { name = "document", kind = "document", required = true, help = "The document" } },
    options = { { name = "workflow", kind = "text", argname = "ID", help = "The workflow, where there are several" } },
    examples = { "stage F-00012" } },
  { name = "receipt", summary = "Print a payment's receipt; from the second time on it says duplicate", ledger = "rw",
    reads_with = "preview", formats = {},
    arguments = { { name = "payment", kind = "payment", required = true, help = "The payment, such as R-00003" } },
    options = {
      { name = "preview", kind = "flag", help = "Show it without counting a print" },
      { name = "format", kind = "choice", choices = { "text", "html" }, argname = "FORMAT", help = "text or html" },
      { name = "width", kind = "count", argname = "N", help = "Columns of a line of text (default: 48)" },
      LANG,
      { name = "output", kind = "path", argname = "FILE", help = "Write it to a file" }, FORCE,
      { name = "actor", kind = "text", argname = "NAME", help = "Who prints" },
      { name = "roles", option = "role", kind = "texts", argname = "ROLE", help = "A role of the actor" },
    },
    examples = { "receipt R-00003", "receipt R-00003 --format html --output R-00003.html" } },
}

local reports = {
  { name = "day", summary = "The day: by type and group, counted against expected, what is left to close",
    arguments = { { name = "day", kind = "day", help = "The business day (default: today)" } },
    options = { SHEET, HTML, LANG, FORCE }, examples = { "day", "day 2026-11-20 --html day.html" } },
  { name = "period", summary = "A period: collections, settlements and refunds, split as you like",
    arguments = { { name = "from", kind = "day", help = "The first business day (default: the year's first)" },
      { name = "to", kind = "day", help = "The last business day (default: today)" } },
    options = { { name = "by", kind = "texts", choices = "ways", argname = "LIST",
      help = "Split by these: type, group, day, month, year, actor (default: type,group)" },
      SHEET, HTML, LANG, FORCE },
    examples = { "period 2026-01-01 2026-12-31 --by month,type", "period 2026-01-01 2026-12-31 --html year.html" } },
  { name = "receivables", summary = "What is owed, by age: up to 30, 60, 90 days, and over", list = "document",
    options = { { name = "as_of", kind = "day", argname = "DAY", help = "As the books stood at the end of this day" },
      { name = "age", kind = "choice", choices = { "due", "issue" }, argname = "FROM",
        help = "Count the age from the due day (the default) or the day of issue" },
      { name = "by_patient", kind = "flag", help = "With a table of the patients" }, SHEET, HTML, LANG, FORCE },
    examples = { "receivables", "receivables --as-of 2026-06-30" } },
  { name = "statement", summary = "A patient's account with its running balance, or a document's statement",
    arguments = { { name = "of", kind = "party", required = true, help = "A patient's id, or a document's number" } },
    options = { FROM, TO, SHEET, HTML, LANG, FORCE }, examples = { "statement P17", "statement F-00012" } },
  { name = "corrections", summary = "What was corrected, and by whom",
    arguments = { { name = "from", kind = "day", help = "The first business day (default: the year's first)" },
      { name = "to", kind = "day", help = "The last business day (default: today)" } },
    options = { SHEET, HTML, LANG, FORCE }, examples = { "corrections 2026-11-01 2026-11-30" } },
}

return { reading = reading, reports = reports }
