---@meta
-- types.lua - what the API that is written in C looks like, for editors and for people. Nothing requires this file.
-- The rules behind it are in docs/reference.md.
-- luacheck: ignore 212 241 (functions without bodies)

-- ---- Values ----

---An exact amount: int64 minor units with a currency. It never changes; operators make new ones. Two currencies never
---mix: adding or comparing them raises, and so does a sum beyond int64.
---@class tallystick.Money
---@field minor integer minor units, such as 12050 for 120.50 CHF
---@field currency string the ISO 4217 code
---@operator add(tallystick.Money): tallystick.Money
---@operator sub(tallystick.Money): tallystick.Money
---@operator mul(integer): tallystick.Money
---@operator unm: tallystick.Money
---@operator concat(string|tallystick.Money): string
local Money = {}

---Gives the amount without its currency: "120.50".
---@return string
function Money:decimal() end

---Rounds to the nearest multiple of a step, halves up.
---@param step tallystick.Money above zero, of the same currency
---@return tallystick.Money
function Money:round_to(step) end

---Splits into parts that sum to the whole, to the last unit; earlier parts get what is left over.
---@param parts integer|integer[] how many equal parts, or a weight for each; 1 to 1000 of them
---@return tallystick.Money[]
function Money:split(parts) end

---What an amount is given as. Lua numbers are refused.
---@alias tallystick.Amount string|tallystick.Money

---A time: ISO 8601, or an integer of epoch seconds. Without Z or an offset it is local time.
---@alias tallystick.Time string|integer

---A calendar day: "2026-11-20", or any instant of it.
---@alias tallystick.Day string|integer

---@alias tallystick.DocumentKind "consultation"|"invoice"
---@alias tallystick.Status
---| "cancelled"
---| "invoiced"
---| "overpaid"
---| "pending"
---| "unpaid"
---| "partial"
---| "written_off"
---| "offered"
---| "paid"
---@alias tallystick.Effect "money"|"credit"|"discount"|"loss"

---What a refusal tells beside its sentence and its code: the field, what was found, what would do.
---@alias tallystick.Details table<string, string>

---What a document's status is a function of. Amounts are money values of one currency, or decimal strings; what is left
---out is zero. A document will do.
---@class tallystick.Facts
---@field kind tallystick.DocumentKind
---@field charged? tallystick.Amount
---@field collected? tallystick.Amount
---@field credited? tallystick.Amount
---@field discounted? tallystick.Amount
---@field lost? tallystick.Amount
---@field rounded? tallystick.Amount
---@field invoiced? boolean
---@field cancelled? boolean

-- ---- Opening ----

---@class tallystick.Options
---@field mode? "rw"|"ro" "rw", the default, makes the file where there is none
---@field config? string a configuration script's path; without one the ledger's own stays in force, else the preset
---@field actor? string who acts where a command names nobody
---@field roles? string[] the roles that the actor holds where a command names none
---@field clock? fun(): tallystick.Time gives the present time, for tests and hosts
---@field busy_timeout? integer milliseconds to wait for another process, 5000 by default; 0 waits not at all
---@field on_error? fun(message: string, warning: tallystick.Warning) told of hooks that failed after their commit
---@field on_log? fun(line: string) told of each line that hooks log
---@field script_limits? tallystick.Limits what one call into the script may use
---@field anchor? boolean makes the anchor where there is none; where there is one it is kept up anyway

---@class tallystick.Limits
---@field instructions? integer of Lua's, 10,000,000 by default
---@field memory_bytes? integer 16 MiB by default, the state's own 0.2 MB included
---@field seconds? number of processor time, 2 by default

-- ---- What is read ----

---A consultation or an invoice.
---@class tallystick.Document
---@field number string
---@field kind tallystick.DocumentKind
---@field patient string
---@field status tallystick.Status
---@field charged tallystick.Money
---@field collected tallystick.Money
---@field credited tallystick.Money
---@field discounted tallystick.Money
---@field lost tallystick.Money
---@field rounded tallystick.Money
---@field settled tallystick.Money the sum of the five before
---@field remaining tallystick.Money zero on a cancelled document and on an invoiced consultation
---@field invoiced boolean
---@field cancelled boolean
---@field invoice? string the invoice that the consultation stands on
---@field at string
---@field day string the business day
---@field recorded_at string
---@field due? string
---@field overdue boolean
---@field label? string not in lists
---@field note? string of the act that made it; not in lists
---@field consultations? string[] on an invoice; not in lists
---@field payments? string[] numbers of the payments made on the document itself; not in lists
---@field mark? string the mark for people; on what ledger:document gives

---What a payment did on one document.
---@class tallystick.Allocation
---@field document string
---@field amount tallystick.Money
---@field rounded tallystick.Money
---@field refunded tallystick.Money

---An act with a number of the payment series: pay, deposit, withdraw or refund.
---@class tallystick.Payment
---@field number string "R-00001"
---@field act integer
---@field kind "pay"|"deposit"|"withdraw"|"refund"
---@field type string
---@field type_version integer
---@field effect tallystick.Effect
---@field patient? string
---@field group? string
---@field reference? string
---@field actor? string
---@field note? string
---@field reason? string
---@field amount tallystick.Money what was recorded, the deposited part included
---@field deposited tallystick.Money what went to the patient's credit
---@field tendered? tallystick.Money what was handed over
---@field change tallystick.Money tendered less amount
---@field refunded tallystick.Money
---@field at string
---@field day string
---@field recorded_at string
---@field allocations tallystick.Allocation[]
---@field fields? table<string, string> extra fields of its type
---@field reversed boolean
---@field reversed_by? integer the act
---@field corrected_by? string the payment that replaced it
---@field corrects? string the payment that it replaced
---@field refund_of? string on a refund: the payment
---@field refunds string[] numbers of its refunds

---One row of the journal.
---@class tallystick.Entry
---@field seq integer
---@field act integer
---@field kind string charge, payment, discount, loss, rounding, deposit, credit, withdrawal, transfer, refund, …
---@field command string the command that wrote it
---@field debit? string the account's class
---@field credit? string the account's class
---@field number? string of the payment, on its first entry
---@field document? string
---@field counter_document? string
---@field patient? string
---@field counter_patient? string
---@field type? string
---@field type_version? integer
---@field amount tallystick.Money
---@field at string
---@field day string
---@field recorded_at string
---@field actor? string
---@field group? string
---@field reference? string
---@field tendered? tallystick.Money
---@field due? string
---@field note? string the act's free text, on its first entry, unless erased
---@field label? string
---@field reason? string
---@field key? string
---@field refers? integer the entry that it reverses or refunds; of a print, the first of the payment
---@field fields? table<string, string> a payment's extra fields; a stage's workflow, from, to and what was handed on
---@field script_version integer
---@field hash string 64 hexadecimal digits

---@class tallystick.Patient
---@field patient string
---@field credit tallystick.Money
---@field owed tallystick.Money
---@field documents tallystick.Document[] those with something remaining, oldest first

---A row of totals. The first four are there where `by` names them; no group and no actor are the empty string.
---@class tallystick.Totals
---@field type? string
---@field group? string
---@field day? string
---@field actor? string
---@field collected tallystick.Money
---@field refunded tallystick.Money
---@field deposited tallystick.Money
---@field withdrawn tallystick.Money
---@field money tallystick.Money collected − refunded + deposited − withdrawn
---@field credited tallystick.Money
---@field discounted tallystick.Money
---@field lost tallystick.Money
---@field rounded tallystick.Money
---@field count integer numbered acts

---@class tallystick.Counted
---@field expected tallystick.Money
---@field counted tallystick.Money
---@field variance tallystick.Money counted − expected

---@class tallystick.Closing
---@field from? string the first sealed day; none on the first closing
---@field through string the last sealed day
---@field at string
---@field recorded_at string
---@field actor? string
---@field head tallystick.Head of the closing's entry: write it down outside
---@field totals? tallystick.Totals[] of the sealed days, by type; none where a sum of them leaves 64 bits
---@field counted table<string, tallystick.Counted> by type

---A payment type as the script declares it.
---@class tallystick.PaymentType
---@field id string
---@field version integer
---@field effect tallystick.Effect
---@field excess "refuse"|"change"|"credit"
---@field default boolean
---@field retired boolean
---@field label table<string, string> by language; under "" one for all
---@field applies_to tallystick.DocumentKind[]
---@field group? { required: boolean, one_of: string[]? }
---@field fields? table<string, { type: string, required: boolean, pattern: string? }>
---@field round_to? tallystick.Money
---@field max? tallystick.Money
---@field roles? string[]
---@field account? string

---@class tallystick.Head
---@field seq integer 0 in an empty ledger
---@field hash string 64 hexadecimal digits

---The head that is kept outside of the ledger's file, in a small file beside it. What it says is there where it could
---be read.
---@class tallystick.Anchor
---@field path string
---@field state "none"|"holds"|"contradicted"|"unreadable"
---@field id? string the ledger's that it is of
---@field seq? integer of the entry that it names
---@field hash? string of that entry
---@field recorded_at? string
---@field why? string what speaks against it, where it is contradicted or unreadable
---@field error? string why this handle could last not keep it up
---@field replaced? string where the one that was reset is kept

---@class tallystick.Script
---@field version integer
---@field name string
---@field text string empty for the preset

---@class tallystick.Info
---@field version string Tallystick's
---@field lua_version string
---@field sqlite_version string
---@field schema_version integer
---@field path string
---@field id string the ledger's UUID
---@field currency string
---@field language string
---@field created_at string
---@field entries integer
---@field documents integer
---@field payments integer
---@field closings integer
---@field file_bytes integer
---@field mode "rw"|"ro"
---@field journal_mode string "wal"; "memory" for ":memory:"
---@field synchronous string "FULL"
---@field closed_through? string the last sealed day
---@field script tallystick.Script the configuration in force
---@field anchor? tallystick.Anchor the head that is kept outside of the file; none for ":memory:"

---@class tallystick.Report
---@field entries integer
---@field acts integer
---@field documents integer
---@field patients integer
---@field payments integer
---@field days integer
---@field closings integer
---@field head tallystick.Head
---@field anchor? tallystick.Anchor as it stood when the verification began; none for ":memory:"

-- ---- What commands take ----

---Fields that every writing command takes.
---@class tallystick.CommonFields
---@field at? tallystick.Time when the money changed hands; default now
---@field actor? string default that of open
---@field roles? string[] default those of open
---@field note? string at most 4 KiB
---@field key? string idempotency key, at most 128 bytes
---@field dry_run? boolean answers and writes nothing

---@class tallystick.ConsultationFields : tallystick.CommonFields
---@field patient string
---@field amount tallystick.Amount zero or more
---@field number? string the host's own, at most 32 bytes of A-Z a-z 0-9 . _ / -
---@field label? string

---@class tallystick.InvoiceFields : tallystick.CommonFields
---@field consultations? string[]
---@field patient? string needed where there are no consultations
---@field amount? tallystick.Amount its own; needed where there are no consultations
---@field due? tallystick.Day
---@field number? string
---@field label? string

---@class tallystick.ChargeFields : tallystick.CommonFields
---@field document string
---@field amount tallystick.Amount negative takes from what is owed
---@field label? string

---@class tallystick.CancelFields : tallystick.CommonFields
---@field document string
---@field reason string

---@class tallystick.PayFields : tallystick.CommonFields
---@field document? string this or documents
---@field documents? string[]|"oldest" spread in this order; "oldest" needs patient
---@field type? string default the default type
---@field amount? tallystick.Amount default all that remains
---@field group? string
---@field reference? string
---@field tendered? tallystick.Amount what was handed over; must cover the amount
---@field fields? table<string, string|integer|boolean> extra fields of the type
---@field patient? string whose the documents must be

---@class tallystick.ReverseFields : tallystick.CommonFields
---@field payment string
---@field reason string

---@class tallystick.CorrectFields : tallystick.CommonFields
---@field payment string
---@field reason string
---@field document? string
---@field documents? string[]
---@field type? string
---@field amount? tallystick.Amount
---@field group? string
---@field reference? string
---@field tendered? tallystick.Amount
---@field fields? table<string, string|integer|boolean>
---@field patient? string

---@class tallystick.RefundFields : tallystick.CommonFields
---@field payment string
---@field reopen boolean true: it is owed again; false: the charge falls too
---@field reason string
---@field amount? tallystick.Amount default all that is left of the payment on the document
---@field type? string how the money goes back; default the payment's own
---@field document? string needed where the payment has several

---@class tallystick.DepositFields : tallystick.CommonFields
---@field patient string
---@field amount tallystick.Amount
---@field type? string
---@field group? string
---@field reference? string

---@class tallystick.WithdrawFields : tallystick.CommonFields
---@field patient string
---@field amount tallystick.Amount
---@field type? string
---@field reason? string

---@class tallystick.TransferFields : tallystick.CommonFields
---@field from string
---@field to string
---@field amount tallystick.Amount
---@field reason? string

---@class tallystick.CloseDaysFields : tallystick.CommonFields
---@field through tallystick.Day
---@field counted? table<string, tallystick.Amount> by payment type

---`workflow` may be left out where the script declares one for that kind of document.
---@class tallystick.MoveFields : tallystick.CommonFields
---@field document string
---@field workflow string
---@field to string the stage
---@field from? string refused where the document stands somewhere else
---@field reason? string
---@field fields? table<string, string|integer|boolean> what is handed on to those who follow the journal

---@class tallystick.PrintFields : tallystick.CommonFields
---@field payment string

-- ---- What commands give ----

---What every command's result has, beside what it made.
---@class tallystick.Result
---@field act integer
---@field document? string where the act touched exactly one
---@field status? tallystick.Status of that document
---@field remaining? tallystick.Money of that document
---@field replayed? boolean true where the key was used before: nothing was written
---@field dry_run? boolean true where nothing was written
---@field log? string[] what hooks logged
---@field warnings? tallystick.Warning[] hooks that failed after the commit

---A hook that failed when its command was done.
---@class tallystick.Warning
---@field message string where and what: "clinic.lua:12: after("pay") "thank": …"
---@field code string "script-failed"
---@field rule string the hook's id
---@field hook string such as after("pay")
---@field script string the script's name
---@field line integer of the script

---@class tallystick.DocumentResult : tallystick.Document, tallystick.Result
---@class tallystick.PaymentResult : tallystick.Payment, tallystick.Result

---@class tallystick.ReverseResult : tallystick.Payment, tallystick.Result
---@field payment string the number of the payment that was undone

---@class tallystick.TransferResult : tallystick.Result
---@field from string
---@field to string
---@field amount tallystick.Money

---@class tallystick.MoveResult : tallystick.Result
---@field workflow string
---@field from? string the stage that it left; nil without a workflow where it was moved nowhere yet
---@field to string

---@class tallystick.PrintResult : tallystick.Payment, tallystick.Result
---@field payment string the number of the payment that was printed
---@field prints integer how often it was printed, this time included

---Where a document stands in a workflow.
---@class tallystick.Stage
---@field document string
---@field workflow string
---@field stage string
---@field since string a time
---@field day string the business day of that
---@field seq? integer of the stage's entry; none at the initial stage
---@field next tallystick.NextStage[] the ways on

---@class tallystick.NextStage
---@field to string
---@field due? string the day from which it is due
---@field due_at? integer epoch seconds, where the period is in hours
---@field by? string[] one of these roles is needed
---@field manual boolean whether only move takes it

---@class tallystick.ClosingResult : tallystick.Closing, tallystick.Result

-- ---- What readings take ----

---@class tallystick.DocumentOptions
---@field as_of? tallystick.Time as the document stood then

---@class tallystick.DocumentsQuery
---@field kind? tallystick.DocumentKind
---@field status? tallystick.Status
---@field patient? string
---@field from? tallystick.Day
---@field to? tallystick.Day
---@field open? boolean whether something remains on it and it is neither cancelled nor invoiced
---@field overdue? boolean
---@field order? "newest"|"oldest"
---@field limit? integer
---@field after? string the number of the last document of the page before

---@class tallystick.PaymentsQuery
---@field document? string
---@field patient? string
---@field type? string
---@field group? string
---@field from? tallystick.Day
---@field to? tallystick.Day
---@field actor? string
---@field reversed? boolean
---@field limit? integer
---@field after? string the number of the last payment of the page before

---@class tallystick.EntriesQuery
---@field from_seq? integer
---@field document? string
---@field patient? string
---@field act? integer
---@field kind? string
---@field corrections? boolean refunds, reversals, cancellations, charges below zero; by day, unless of a document …
---@field from? tallystick.Day
---@field to? tallystick.Day

---@class tallystick.TotalsQuery
---@field from? tallystick.Day
---@field to? tallystick.Day
---@field by? ("type"|"group"|"day"|"actor")[]

---@class tallystick.VerifyOptions
---@field progress? fun(done: integer, total: integer, phase: string)
---@field head? tallystick.Head one that was kept outside

---@class tallystick.AnchorOptions
---@field reset? boolean accepts what stands here now: an anchor that says something else is set aside

---@class tallystick.BackupOptions
---@field progress? fun(done: integer, total: integer)

-- ---- The ledger ----

---An open ledger. Every method gives its result, or nil, a sentence, a code and details. They raise only for misuse of
---the handle: a closed ledger, `.` for `:`, not a table.
---@class tallystick.Ledger
local Ledger = {}

---Makes a consultation. Codes: `document-exists`, `amount-not-positive`.
---@param fields tallystick.ConsultationFields
---@return tallystick.DocumentResult? consultation
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:consultation(fields) end

---Makes an invoice from consultations, an own amount, or both. Codes: `document-unknown`, `document-exists`,
---`document-kind`, `document-cancelled`, `document-invoiced`, `patient-mismatch`, `amount-not-positive`.
---@param fields tallystick.InvoiceFields
---@return tallystick.DocumentResult? invoice
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:invoice(fields) end

---Adds to what a document owes, or takes from it. Codes: `document-unknown`, `document-cancelled`, `document-invoiced`,
---`amount-not-positive` (zero), `charge-below-settled`.
---@param fields tallystick.ChargeFields
---@return tallystick.DocumentResult? document
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:charge(fields) end

---Cancels a document that has no payments of its own. Codes: `document-unknown`, `document-cancelled`,
---`document-invoiced`, `document-has-payments`.
---@param fields tallystick.CancelFields
---@return tallystick.DocumentResult? document
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:cancel(fields) end

---Settles documents. Codes: `type-unknown`, `type-retired`, `document-unknown`, `patient-unknown`,
---`document-cancelled`, `document-invoiced`, `patient-mismatch`, `type-not-applicable`, `group-required`,
---`group-unknown`, `document-settled`, `amount-not-positive`, `amount-not-tenderable`, `amount-above-limit`,
---`amount-exceeds-remaining`, `credit-insufficient`, `tendered-too-small`.
---@param fields tallystick.PayFields
---@return tallystick.PaymentResult? payment
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:pay(fields) end

---Undoes a payment or deposit by new entries. Codes: `payment-unknown`, `document-cancelled`, `document-invoiced`,
---`payment-reversed`, `payment-refunded`, `payment-not-reversible`, `credit-spent`.
---@param fields tallystick.ReverseFields
---@return tallystick.ReverseResult? payment the payment that was undone
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:reverse(fields) end

---Reverses a payment and pays again, both or neither. Codes: those of reverse, then those of pay.
---@param fields tallystick.CorrectFields
---@return tallystick.PaymentResult? payment the new one
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:correct(fields) end

---Gives money back. Codes: `type-unknown`, `type-retired`, `document-unknown`, `payment-unknown`, `allocation-unknown`,
---`document-cancelled`, `document-invoiced`, `payment-reversed`, `payment-not-reversible`, `type-not-applicable`,
---`amount-not-positive`, `amount-not-tenderable`, `refund-exceeds-payment`.
---@param fields tallystick.RefundFields
---@return tallystick.PaymentResult? refund
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:refund(fields) end

---Takes money for no document yet. Codes: `type-unknown`, `type-retired`, `type-not-applicable`, `group-required`,
---`group-unknown`, `amount-not-positive`, `amount-not-tenderable`, `amount-above-limit`.
---@param fields tallystick.DepositFields
---@return tallystick.PaymentResult? deposit
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:deposit(fields) end

---Pays patient credit out. Codes: `type-unknown`, `type-retired`, `patient-unknown`, `type-not-applicable`,
---`amount-not-positive`, `amount-not-tenderable`, `credit-insufficient`.
---@param fields tallystick.WithdrawFields
---@return tallystick.PaymentResult? withdrawal
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:withdraw(fields) end

---Moves patient credit to another patient. Codes: `patient-unknown`, `amount-not-positive`, `credit-insufficient`.
---@param fields tallystick.TransferFields
---@return tallystick.TransferResult? transfer
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:transfer(fields) end

---Seals all business days up to a date. Codes: `type-unknown`, `type-not-applicable`, `date-in-future`,
---`period-closed`.
---@param fields tallystick.CloseDaysFields
---@return tallystick.ClosingResult? closing
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:close_days(fields) end

---Moves a document by hand along a transition of its workflow, due or not. Codes: `document-unknown`,
---`document-cancelled`, `document-invoiced`, `refused` (details.code: `no-transition`, `already-there`,
---`moved-meanwhile`, or the script's), `script-failed`, and those of the charges that the transition's action makes.
---@param fields tallystick.MoveFields
---@return tallystick.MoveResult? moved
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:move(fields) end

---Counts a print of a payment's receipt in the journal. Codes: `payment-unknown`.
---@param fields tallystick.PrintFields
---@return tallystick.PrintResult? payment
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:print(fields) end

---Runs a function as one commit. It is rolled back where the function raises (the error is raised on) or returns nil
---first; a command that was refused inside poisons it, unless that happened in a nested transaction.
---Codes: what the function returned, `refused` (it returned nil alone), `transaction-poisoned`, `busy`, `read-only`.
---With `allow_refusals` refused commands leave it alone: they have written nothing.
---@generic T
---@param body fun(tx: tallystick.Ledger): T
---@param options? { allow_refusals?: boolean }
---@return T? result what the function returned; true where that was nothing
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:transaction(body, options) end

---Reads one document. Codes: `document-unknown`, `field-unknown`, `field-invalid`, `date-invalid`.
---@param number string
---@param options? tallystick.DocumentOptions
---@return tallystick.Document? document
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:document(number, options) end

---Walks documents: `for document in ledger:documents { status = "unpaid" } do`. A bad query gives nil and a code; a
---read that fails within the loop raises.
---@param query? tallystick.DocumentsQuery
---@return (fun(): tallystick.Document?)? iterator
---@return any state or the message
---@return any control or the code
---@return any closing or the details
function Ledger:documents(query) end

---Reads one payment. Codes: `payment-unknown`, `field-invalid`.
---@param number string
---@return tallystick.Payment? payment
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:payment(number) end

---Walks payments in the order of their recording, like documents.
---@param query? tallystick.PaymentsQuery
---@return (fun(): tallystick.Payment?)? iterator
---@return any state or the message
---@return any control or the code
---@return any closing or the details
function Ledger:payments(query) end

---Walks the journal, like documents.
---@param query? tallystick.EntriesQuery
---@return (fun(): tallystick.Entry?)? iterator
---@return any state or the message
---@return any control or the code
---@return any closing or the details
function Ledger:entries(query) end

---Gives names that begin with a prefix, at most 1000: what a person may go on typing. Documents and patients are in the
---order of their bytes, payments in that of their making. Codes: `field-invalid`.
---@param kind "document"|"payment"|"patient"
---@param prefix? string
---@param limit? integer from 1 on
---@return string[]? names
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:names(kind, prefix, limit) end

---Reads a patient's credit, what the patient owes, and the open documents. Codes: `patient-unknown`, `field-invalid`.
---@param id string
---@return tallystick.Patient? patient
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:patient(id) end

---Sums business days. Without `by` there is one row. Codes: `field-unknown`, `field-invalid`, `date-invalid`,
---`amount-overflow`.
---@param query? tallystick.TotalsQuery
---@return tallystick.Totals[]? rows
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:totals(query) end

---Reads all closings, oldest first.
---@return tallystick.Closing[]? closings
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:closings() end

---Reads the last entry's seq and hash: what to keep outside.
---@return tallystick.Head? head
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:head() end

---Reads versions, counts and facts of the file.
---@return tallystick.Info? info
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:info() end

---Gives the configuration script in force.
---@return tallystick.Script? script
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:script() end

---Makes the anchor where there is none, and brings it up to the head. Codes: `read-only`, `busy` (in a transaction),
---`field-invalid` (a ledger in memory), `field-unknown`, `io-error` (it could not be written).
---@param options? tallystick.AnchorOptions
---@return tallystick.Anchor? anchor
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:anchor(options) end

---Recomputes everything from the journal, and holds it against the anchor where there is one. Codes: `chain-broken`
---(details: `seq`, `what`, and of an anchor that is contradicted `anchor`, `anchor_seq`, `anchor_hash`,
---`anchor_recorded_at`, `head_seq`, `head_hash`), `corrupt`, `field-unknown`, `field-invalid`.
---@param options? tallystick.VerifyOptions
---@return true? holds
---@return tallystick.Report|string|nil report or the message
---@return string? code
---@return tallystick.Details? details
function Ledger:verify(options) end

---What is to be erased: one of document, payment, patient and act names whose texts.
---@class tallystick.EraseOptions
---@field document? string the texts of all acts on it
---@field payment? string the texts of its act
---@field patient? string the texts of all acts of the patient, on documents and on credit
---@field act? integer the texts of one act, by the seq of its first entry
---@field texts? ("note"|"label"|"reason")[] only those of these kinds
---@field roles? string[] default: those of `open`
---@field dry_run? boolean only count them

---@class tallystick.Erasure
---@field acts integer how many acts had such a text
---@field texts integer how many texts
---@field dry_run? true

---Takes free texts out of the ledger for good, and every byte of them out of its file and log (design.md §4): the chain
---holds digests, and stays whole. The file is written anew, which takes as long as it is large. Codes: `read-only`,
---`field-unknown`, `field-missing`, `field-invalid`, `document-unknown`, `payment-unknown`, `patient-unknown`,
---`permission-denied` (the script's `permit { erase = … }`), `busy` (in a transaction; a reader that stays), `full`,
---`io-error`. After `busy`, `full` and `io-error` with `details.texts` they are erased from the ledger, and asking
---again does the rest.
---@param options tallystick.EraseOptions
---@return tallystick.Erasure? erasure
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:erase(options) end

---Copies the live ledger to a path where no file is; the copy appears whole or not at all. Codes: `field-invalid`,
---`io-error`, `full`.
---@param path string
---@param options? tallystick.BackupOptions
---@return true? done
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:backup(path, options) end

---Tells where a document stands in a workflow, which need not be named where there is one for that kind of document.
---Codes: `document-unknown`, `field-invalid` (no such workflow), `field-missing` (there are several).
---@param number string
---@param workflow? string
---@return tallystick.Stage? stage
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:stage(number, workflow) end

---Takes every transition that is due, each in a transaction of its own. Codes: `field-unknown`, `field-invalid`,
---`date-invalid`, `date-in-future`; and `read-only`, `busy`, `full`, `io-error`, `corrupt`, `chain-broken` and
---`out-of-memory`, which end the run: then the details are the report as far as it came.
---@param options? tallystick.AdvanceOptions
---@return tallystick.Advance? report
---@return string? message
---@return string? code
---@return tallystick.Advance|tallystick.Details|nil details
function Ledger:advance(options) end

---Hands every entry of the journal to a function, in order and at least once; how far the name has come is kept in the
---file. It ends at the head, where the function returns false, or where it raises. Codes: `field-invalid` (a name of
---no or more than 64 bytes), `busy` (inside a transaction), `read-only`.
---@param name string
---@param consume fun(entry: tallystick.Entry): boolean?
---@return integer? count of entries that were handed on
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:follow(name, consume) end

---Reads a payment type as it is in force, or as it was in a version. Codes: `type-unknown`, `field-invalid`.
---@param id string
---@param version? integer
---@return tallystick.PaymentType? type
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:type(id, version) end

---Reads the payment types in force, in the order of their declaration.
---@return tallystick.PaymentType[]? types
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:types() end

---Sets the receipt of a payment and counts the print: docs/receipts.md. Codes: those of print; `field-unknown`,
---`field-invalid`, `script-failed` (the script's template).
---@param number string the payment's
---@param options? table
---@return string? receipt
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:receipt(number, options) end

---Sets the statement of a document: docs/receipts.md. Codes: `document-unknown`, `field-unknown`, `field-invalid`,
---`script-failed`.
---@param number string the document's
---@param options? table
---@return string? statement
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:statement(number, options) end

---Makes a money value in the ledger's currency. Codes: `amount-invalid`.
---@param amount string
---@return tallystick.Money? money
---@return string? message
---@return string? code
---@return tallystick.Details? details
function Ledger:money(amount) end

---Closes the ledger, rolling back what is open; a second time does nothing. `local ledger <close>` calls it.
function Ledger:close() end

-- ---- What a script gets: docs/scripts.md ----

---@alias tallystick.CommandName
---| "consultation"
---| "invoice"
---| "charge"
---| "cancel"
---| "pay"
---| "reverse"
---| "correct"
---| "refund"
---| "deposit"
---| "withdraw"
---| "transfer"
---| "close_days"
---| "move"
---| "print"

---@class tallystick.HookOptions
---@field id string
---@field priority? integer the lowest runs first; 0 by default

---The argument of a script: `local clinic = ...`.
---@class tallystick.Builder
local Builder = {}

---@param code string ISO 4217
function Builder:currency(code) end

---@param code string two letters
function Builder:language(code) end

---@param formats { consultation: string?, invoice: string?, payment: string? }
function Builder:numbering(formats) end

---@param payment_type table
function Builder:payment_type(payment_type) end

---@param roles table<tallystick.CommandName, string[]> who may give a command
function Builder:permit(roles) end

---Declares a hook that may refuse a command, in its transaction and before its first write.
---@param command tallystick.CommandName
---@param options tallystick.HookOptions
---@param hook fun(event: tallystick.Event, ctx: tallystick.Context): tallystick.Refusing?
function Builder:before(command, options, hook) end

---Declares a hook that is told of a command when it is committed.
---@param command tallystick.CommandName
---@param options tallystick.HookOptions
---@param hook fun(event: tallystick.Event, ctx: tallystick.Context)
function Builder:after(command, options, hook) end

---@param workflow tallystick.WorkflowDeclaration
function Builder:workflow(workflow) end

---@param receipt { head: string[]?, template: function? } docs/receipts.md
function Builder:receipt(receipt) end

---@class tallystick.WorkflowDeclaration
---@field id string
---@field document tallystick.DocumentKind
---@field initial string
---@field stages string[]
---@field transitions tallystick.TransitionDeclaration[]
---@field settled? boolean whether advance also looks at documents on which nothing remains

---@class tallystick.TransitionDeclaration
---@field from string
---@field to string
---@field after? string how long it stands there first: "36h", "30d", "2w", "1mo", "1y"
---@field when? fun(document: tallystick.Document, ctx: tallystick.Context): boolean?
---@field by? string[] one of these roles is needed
---@field manual? boolean whether advance leaves it alone
---@field action? fun(document: tallystick.Document, ctx: tallystick.Context): tallystick.Refusing?

---What ctx.refuse gives: for returning, and for nothing else.
---@class tallystick.Refusing

---A document that an act touches.
---@class tallystick.TouchedDocument
---@field number string
---@field before? tallystick.Document none where it is made
---@field after tallystick.Document

---What a command would write, or has written. What the command has none of is nil; docs/scripts.md says which has what.
---@class tallystick.Event
---@field command tallystick.CommandName
---@field act integer
---@field number? string
---@field type? string
---@field effect? tallystick.Effect
---@field amount? tallystick.Money
---@field deposited? tallystick.Money
---@field tendered? tallystick.Money
---@field change? tallystick.Money
---@field group? string
---@field reference? string
---@field patient? string
---@field workflow? string
---@field from? string
---@field to? string
---@field actor? string
---@field roles string[]
---@field note? string
---@field reason? string
---@field label? string
---@field key? string
---@field at string
---@field day string
---@field recorded_at string
---@field fields table<string, string>
---@field payment? string
---@field reopen? boolean
---@field due? string
---@field through? string
---@field document? string
---@field before? tallystick.Document
---@field after? tallystick.Document
---@field documents tallystick.TouchedDocument[]
---@field allocations? { document: string, amount: tallystick.Money, rounded: tallystick.Money }[]
---@field dry_run boolean

---The second argument of hooks and of a workflow's functions.
---@class tallystick.Context
---@field zero tallystick.Money
---@field now string
---@field day string
---@field actor? string
---@field roles string[]
---@field currency string
---@field language string
---@field refuse fun(code: string, message: string?): tallystick.Refusing
---@field money fun(amount: string): tallystick.Money
---@field has_role fun(name: string): boolean
---@field document fun(number: string): tallystick.Document?
---@field payment fun(number: string): tallystick.Payment?
---@field patient fun(id: string): tallystick.Patient?
---@field stage fun(number: string, workflow?: string): string?, string? the stage and the day since when
---@field days_between fun(from: string, to: string): integer
---@field totals fun(query: tallystick.TotalsQuery): tallystick.Totals[]
---@field log fun(...: any)
---@field charge fun(charge: { amount: tallystick.Amount, label: string? }) in an action
---@field annotate fun(text: string) in an action
---@field emit fun(name: string, data: table<string, string>?) in an action
