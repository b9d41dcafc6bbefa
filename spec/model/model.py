"""A reference model of the Tallystick ledger: the rules of design.md over plain Python values.

It is written to be read and compared against, not to be fast or durable: state is in memory, amounts are exact
integers of minor units, and every rule stands once. It knows one configuration, PRACTICE, equal to the
`practice.lua` that the sample command logs were made under, and the time zone UTC.

    python3 model.py LOG.jsonl --results OUT.jsonl --final OUT.json [--now 2026-11-21T00:00]
"""

import argparse
import datetime
import json
import re
import time

# ---------------------------------------------------------------------------------------------------------------
# Configuration

PRACTICE = {
    "decimals": 2,
    "numbering": {"consultation": "C-%05d", "invoice": "F-%05d", "payment": "R-%05d"},
    "default_type": "cash",
    "types": {
        "cash": {"effect": "money", "round_to": 5, "excess": "change"},
        "card": {"effect": "money", "group": {"required": True, "one_of": ("POS-1", "POS-2")}},
        "twint": {"effect": "money"},
        "transfer": {"effect": "money", "excess": "credit"},
        "voucher": {"effect": "money", "max": 20000, "applies_to": ("consultation",)},
        "credit": {"effect": "credit"},
        "discount": {"effect": "discount"},
        "loss": {"effect": "loss", "applies_to": ("invoice",), "roles": ("manager",)},
        "cheque": {"effect": "money", "retired": True},
    },
    "permit": {"refund": ("manager",), "close_days": ("manager",), "cancel": ("manager", "secretary")},
}

# The codes a log can meet, in the order in which they are answered: the first that fits wins.
CODES = """
field-unknown field-missing field-invalid amount-invalid date-invalid
key-conflict
type-unknown type-retired document-unknown payment-unknown patient-unknown
permission-denied
document-exists document-kind allocation-unknown document-cancelled document-invoiced document-has-payments
patient-mismatch payment-reversed payment-refunded payment-not-reversible type-not-applicable group-required
group-unknown date-in-future period-closed document-settled amount-not-positive amount-not-tenderable
amount-above-limit amount-exceeds-remaining charge-below-settled refund-exceeds-payment credit-insufficient
credit-spent tendered-too-small amount-overflow
""".split()
RANK = {code: rank for rank, code in enumerate(CODES)}

SETTLING = ("collected", "credited", "discounted", "lost", "rounded")
FACTS = ("charged",) + SETTLING
FACT_OF_EFFECT = {"money": "collected", "credit": "credited", "discount": "discounted", "loss": "lost"}
INT64_MAX = 2**63 - 1


class Refused(Exception):
    """A command was refused; `code` says why."""

    def __init__(self, code, detail=None):
        super().__init__(code)
        self.code = code
        self.detail = detail


class Findings:
    """Collects every code that fits, so that the answer is the first of the list and not the first one tested."""

    def __init__(self):
        self.codes = set()

    def add(self, code, fits=True):
        if fits:
            self.codes.add(code)

    def settle(self):
        if self.codes:
            raise Refused(min(self.codes, key=RANK.get))


# ---------------------------------------------------------------------------------------------------------------
# Values: amounts, times, texts


def parse_amount(value):
    """Minor units of an amount written as text; anything else, floats and integers too, is refused."""
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2})?", value):
        raise Refused("amount-invalid")
    whole, _, fraction = value.lstrip("-").partition(".")
    units = int(whole) * 100 + int((fraction + "00")[:2])
    if units > INT64_MAX:
        raise Refused("amount-invalid")
    return -units if value.startswith("-") else units


def format_amount(units):
    sign = "-" if units < 0 else ""
    return "%s%d.%02d" % (sign, abs(units) // 100, abs(units) % 100)


TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
EPOCH = datetime.datetime(1970, 1, 1)


def parse_time(value):
    """Epoch seconds of a time; one without an offset is local, which is UTC here."""
    if isinstance(value, int) and not isinstance(value, bool):
        day_of(value)  # refuses what no calendar day holds
        return value
    match = TIME.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise Refused("date-invalid")
    numbers = [int(part or 0) for part in match.groups()[:6]]
    try:
        moment = datetime.datetime(*numbers)
    except ValueError:
        raise Refused("date-invalid")
    return int((moment - EPOCH).total_seconds()) - offset_seconds(match.group(7))


def offset_seconds(text):
    if text in (None, "Z"):
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise Refused("date-invalid")
    return (hours * 3600 + minutes * 60) * (-1 if text[0] == "-" else 1)


def day_of(seconds):
    """The business day of an instant, as ISO text: such texts sort as days do."""
    try:
        return (EPOCH + datetime.timedelta(seconds=seconds)).date().isoformat()
    except OverflowError:
        raise Refused("date-invalid")


def parse_day(value):
    """A day: a date, or the day on which a time falls."""
    return day_of(parse_time(value))


def text(limit=None, empty=False):
    def parse(value):
        if not isinstance(value, str) or (not value and not empty) or "\0" in value:
            raise Refused("field-invalid")
        if limit is not None and len(value.encode()) > limit:
            raise Refused("field-invalid")
        return value

    return parse


def parse_number(value):
    """A host's own document number."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9./_-]{1,32}", value):
        raise Refused("field-invalid")
    return value


def parse_bool(value):
    if not isinstance(value, bool):
        raise Refused("field-invalid")
    return value


def parse_names(value):
    value = [] if value == {} else value  # an empty table is both a list and a map in Lua
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise Refused("field-invalid")
    return list(value)


def parse_distinct(value):
    """Documents named one by one: at least one, none twice."""
    names = parse_names(value)
    if not names or len(set(names)) != len(names):
        raise Refused("field-invalid")
    return names


def parse_documents(value):
    return value if value == "oldest" else parse_distinct(value)


def parse_extra(value):
    """The extra fields of a type; no type of PRACTICE declares any, so none can be named."""
    value = {} if value == [] else value
    if not isinstance(value, dict):
        raise Refused("field-invalid")
    if value:
        raise Refused("field-unknown")
    return value


def parse_counted(value):
    value = {} if value == [] else value
    if not isinstance(value, dict):
        raise Refused("field-invalid")
    return {name: parse_amount(amount) for name, amount in value.items()}


NAME = text()
COMMON = {"at": parse_time, "actor": text(), "roles": parse_names, "note": text(4096, empty=True),
          "key": text(128), "dry_run": parse_bool}
PAY = {"document": NAME, "documents": parse_documents, "type": NAME, "amount": parse_amount, "group": NAME,
       "reference": text(empty=True), "tendered": parse_amount, "fields": parse_extra, "patient": NAME}
LABEL = text(empty=True)

# command: (its fields, the required ones)
COMMANDS = {
    "consultation": ({"patient": NAME, "amount": parse_amount, "number": parse_number, "label": LABEL},
                     ("patient", "amount")),
    "invoice": ({"consultations": parse_distinct, "patient": NAME, "amount": parse_amount, "due": parse_day,
                 "number": parse_number, "label": LABEL}, ()),
    "charge": ({"document": NAME, "amount": parse_amount, "label": LABEL}, ("document", "amount")),
    "cancel": ({"document": NAME, "reason": NAME}, ("document", "reason")),
    "pay": (PAY, ()),
    "reverse": ({"payment": NAME, "reason": NAME}, ("payment", "reason")),
    "correct": (dict(PAY, payment=NAME, reason=NAME), ("payment", "reason")),
    "refund": ({"payment": NAME, "reopen": parse_bool, "amount": parse_amount, "type": NAME, "document": NAME,
                "reason": NAME}, ("payment", "reopen", "reason")),
    "deposit": ({"patient": NAME, "amount": parse_amount, "type": NAME, "group": NAME,
                 "reference": text(empty=True)}, ("patient", "amount")),
    "withdraw": ({"patient": NAME, "amount": parse_amount, "type": NAME, "reason": NAME}, ("patient", "amount")),
    "transfer": ({"from": NAME, "to": NAME, "amount": parse_amount, "reason": NAME}, ("from", "to", "amount")),
    "close_days": ({"through": parse_day, "counted": parse_counted}, ("through",)),
}


def parse_command(raw):
    """The command alone: its parsed fields, or the first code that fits."""
    if not isinstance(raw, dict) or not isinstance(raw.get("op"), str) or raw["op"] not in COMMANDS:
        raise Refused("field-invalid")
    op = raw["op"]
    fields, required = COMMANDS[op]
    # A JSON null is what a Lua table cannot hold: a field that is not there.
    given = {name: value for name, value in raw.items() if name != "op" and value is not None}
    found, parsed = Findings(), {}
    for name, value in given.items():
        parser = fields.get(name) or COMMON.get(name)
        found.add("field-unknown", parser is None)
        try:
            parsed[name] = parser(value) if parser else None
        except Refused as refusal:
            found.add(refusal.code)
    for name in required:
        found.add("field-missing", name not in given)
    check_together(op, given, parsed, found)
    found.settle()
    return op, parsed


def check_together(op, given, parsed, found):
    """What one field asks of another."""
    if op == "pay":
        found.add("field-missing", "document" not in given and "documents" not in given)
        found.add("field-missing", parsed.get("documents") == "oldest" and "patient" not in given)
    if op in ("pay", "correct"):
        found.add("field-invalid", "document" in given and "documents" in given)
    if op == "correct":
        found.add("field-invalid", parsed.get("documents") == "oldest")
    if op == "invoice":
        found.add("field-missing", "consultations" not in given and "amount" not in given)
        found.add("field-missing", "consultations" not in given and "patient" not in given)
    if op == "transfer":
        found.add("field-invalid", "from" in parsed and parsed["from"] == parsed.get("to"))


# ---------------------------------------------------------------------------------------------------------------
# State


class Document:
    def __init__(self, number, kind, patient, day):
        self.number, self.kind, self.patient, self.day = number, kind, patient, day
        self.own = dict.fromkeys(FACTS, 0)  # what happened on this document itself
        self.cancelled = False
        self.invoice = None  # the standing invoice that counts this consultation
        self.consultations = []  # those that this standing invoice counts


class Payment:
    """An act with a number of the payment series."""

    def __init__(self, number, op, type_name, group, at):
        self.number, self.op, self.type, self.group, self.at = number, op, type_name, group, at
        self.reference = None
        self.tendered = None  # what was put on the table, where that was said or change was given
        self.amount = 0  # what was recorded, a deposited excess included
        self.allocations = {}  # document number: {fact: amount}
        self.deposited = 0
        self.patient = None
        self.closed = False  # it left nothing owing on the documents it settled
        self.reversed = False
        self.refunds = {}  # document number: amount given back
        self.refunded_by = ()  # the numbers of those refunds
        self.refund_of = self.corrects = self.corrected_by = None  # numbers of other payments


def remaining_of(facts):
    return facts["charged"] - sum(facts[name] for name in SETTLING)


def status_of(kind, facts, invoiced, cancelled):
    """The status table, from the top."""
    remaining = remaining_of(facts)
    settled = facts["charged"] - remaining
    if cancelled:
        return "cancelled"
    if invoiced:
        return "invoiced"
    if remaining < 0:
        return "overpaid"
    if remaining > 0:
        if kind == "consultation":
            return "pending"
        return "unpaid" if settled <= 0 else "partial"
    if facts["lost"] > 0:
        return "written_off"
    if facts["discounted"] > 0 and facts["collected"] + facts["credited"] == 0:
        return "offered"
    return "paid"


def round_half_up(units, step):
    return (2 * units + step) // (2 * step) * step


def check_int64(*amounts):
    if any(abs(amount) > INT64_MAX for amount in amounts):
        raise Refused("amount-overflow")


MISSING = object()


class Ledger:
    def __init__(self, config=PRACTICE, now=None):
        self.config = config
        self.now = now if now is not None else int(time.time())
        self.actor, self.roles = "", ()  # of whom asks, where a command does not say; the actor, of the running command
        self.recorded = 0  # the time of the last act: the clock's, but it never goes back
        self.documents = {}  # by number, in order of making
        self.payments = {}  # by number
        self.credit = {}  # patient: units held
        self.patients = {}  # those that a document or a deposit has named
        self.next = {"consultation": 1, "invoice": 1, "payment": 1}
        self.keys = {}  # key: (op, content, result)
        self.closed_through = ""  # the last sealed day; "" sorts before every day
        self.days = {}  # day: {(type, group, actor): {column: amount}}
        self.variances = ()  # (day, type, difference) booked at closings
        self.changes = []  # (mapping, key, value before): every change of the above, so that it can be taken back

    # -- changing state

    def put(self, mapping, key, value):
        self.changes.append((mapping, key, mapping.get(key, MISSING)))
        mapping[key] = value

    def set(self, **values):
        for name, value in values.items():
            self.put(vars(self), name, value)

    def mark(self):
        return len(self.changes)

    def take_back(self, mark):
        while len(self.changes) > mark:
            mapping, key, before = self.changes.pop()
            if before is MISSING:
                del mapping[key]
            else:
                mapping[key] = before

    # -- running a command

    def run(self, raw):
        """The result of one command as the log writes it, without its line number."""
        try:
            op, fields = parse_command(raw)
            return self.perform(op, fields)
        except Refused as refusal:
            return {"ok": False, "code": refusal.code}

    def perform(self, op, fields):
        """What a command that is well by itself answers."""
        result = self.replay(op, fields)
        if result is None:
            return self.execute(op, fields)
        return dict(result, dry_run=True) if fields.get("dry_run") else result

    def replay(self, op, fields):
        """The first result of this key again; None where the key is new or there is none."""
        key = fields.get("key")
        if key is None or key not in self.keys:
            return None
        first_op, first, result = self.keys[key]
        if first_op != op:
            raise Refused("key-conflict", "op")
        content = self.content(fields)
        for name in sorted(set(first) | set(content)):
            if first.get(name) != content.get(name):
                raise Refused("key-conflict", name)
        return dict(result, replayed=True)

    @staticmethod
    def content(fields):
        """What the caller asked for; who asked, and whether in earnest, is apart."""
        return {name: value for name, value in fields.items() if name not in ("actor", "roles", "key", "dry_run")}

    def execute(self, op, fields):
        mark, actor = self.mark(), self.actor
        self.actor = fields.get("actor", actor)
        try:
            result = getattr(self, op)(fields)
        except Refused:
            self.take_back(mark)
            raise
        finally:
            self.actor = actor
        if fields.get("dry_run"):
            self.take_back(mark)
            return dict(result, dry_run=True)
        self.set(recorded=max(self.recorded, self.now))
        if "key" in fields:
            self.put(self.keys, fields["key"], (op, self.content(fields), result))
        return result

    # -- what commands share

    def facts(self, document):
        """A document's facts: its own, and on an invoice those of its consultations too."""
        total = dict(document.own)
        for number in document.consultations:
            for name, amount in self.documents[number].own.items():
                total[name] += amount
        return total

    def remaining(self, document):
        """What is owed; nothing on a cancelled document and on an invoiced consultation."""
        if document.cancelled or document.invoice:
            return 0
        return remaining_of(self.facts(document))

    def status(self, document):
        return status_of(document.kind, self.facts(document), document.invoice, document.cancelled)

    def answer(self, number=None, touched=()):
        """A result: the number made, and the document where the act touched exactly one."""
        result = {"ok": True}
        if number:
            result["number"] = number
        if len(touched) == 1:
            document = self.documents[next(iter(touched))]
            result["document"] = document.number
            result["status"] = self.status(document)
            result["remaining"] = format_amount(self.remaining(document))
        return result

    def take_number(self, series):
        """The next number of a series, past those that a host has used."""
        while True:
            number = self.config["numbering"][series] % self.next[series]
            self.put(self.next, series, self.next[series] + 1)
            if series == "payment" or number not in self.documents:
                return number

    def moment(self, fields):
        return fields.get("at", self.now)

    def check_day(self, at, found):
        # Where the clock was put back, what the ledger has recorded already has come all the same.
        found.add("date-in-future", at > max(self.now, self.recorded))
        found.add("period-closed", day_of(at) <= self.closed_through)

    def type_of(self, name, found):
        """A payment type that new acts may use; the findings are settled by the caller."""
        kind = self.config["types"].get(name)
        found.add("type-unknown", kind is None)
        found.add("type-retired", kind is not None and kind.get("retired", False))
        return kind

    def may(self, fields, op, found, *kinds):
        """Who asks: the command's permission, and that of each payment type involved."""
        roles = set(fields.get("roles", self.roles))
        lists = [self.config["permit"].get(op)] + [kind.get("roles") for kind in kinds]
        for allowed in lists:
            found.add("permission-denied", allowed is not None and not roles & set(allowed))

    def check_group(self, kind, group, found):
        rule = kind.get("group", {})
        found.add("group-required", rule.get("required", False) and group is None)
        found.add("group-unknown", group is not None and "one_of" in rule and group not in rule["one_of"])

    def named(self, numbers, found):
        """The documents of these numbers; an unknown one is a finding."""
        found.add("document-unknown", any(number not in self.documents for number in numbers))
        return [self.documents[number] for number in numbers if number in self.documents]

    def check_standing(self, documents, found):
        """Neither cancelled nor locked by an invoice."""
        found.add("document-cancelled", any(document.cancelled for document in documents))
        found.add("document-invoiced", any(document.invoice for document in documents))

    def add_credit(self, patient, amount):
        credit = self.credit.get(patient, 0) + amount
        check_int64(credit)
        self.know(patient)
        self.put(self.credit, patient, credit)

    def know(self, patient):
        if patient not in self.patients:
            self.put(self.patients, patient, True)

    def add_fact(self, document, name, amount):
        self.put(document.own, name, document.own[name] + amount)

    def move(self, at, payment, column, amount):
        rows = self.days.setdefault(day_of(at), {})
        row = rows.setdefault((payment.type, payment.group, self.actor), {})
        self.put(row, column, row.get(column, 0) + amount)

    def number_payment(self, payment, at):
        payment.number = self.take_number("payment")
        self.put(self.payments, payment.number, payment)
        self.move(at, payment, "count", 1)

    # -- documents

    def consultation(self, fields):
        found, at = Findings(), self.moment(fields)
        self.may(fields, "consultation", found)
        found.add("document-exists", fields.get("number") in self.documents)
        self.check_day(at, found)
        found.add("amount-not-positive", fields["amount"] < 0)
        found.settle()
        number = fields.get("number") or self.take_number("consultation")
        document = Document(number, "consultation", fields["patient"], day_of(at))
        return self.add_document(document, fields["amount"])

    def add_document(self, document, amount):
        document.own["charged"] = amount
        self.put(self.documents, document.number, document)
        self.know(document.patient)
        return self.answer(document.number, [document.number])

    def invoice(self, fields):
        found, at = Findings(), self.moment(fields)
        parts = self.named(fields.get("consultations", ()), found)
        found.settle()
        self.may(fields, "invoice", found)
        found.add("document-exists", fields.get("number") in self.documents)
        found.add("document-kind", any(part.kind == "invoice" for part in parts))
        self.check_standing(parts, found)
        patients = {part.patient for part in parts} | ({fields["patient"]} if "patient" in fields else set())
        found.add("patient-mismatch", len(patients) > 1)
        self.check_day(at, found)
        found.add("amount-not-positive", fields.get("amount", 0) < 0)
        found.settle()
        check_int64(fields.get("amount", 0) + sum(part.own["charged"] for part in parts))
        number = fields.get("number") or self.take_number("invoice")
        document = Document(number, "invoice", patients.pop(), day_of(at))
        document.consultations = [part.number for part in parts]
        for part in parts:
            self.put(vars(part), "invoice", number)
        return self.add_document(document, fields.get("amount", 0))

    def charge(self, fields):
        found, at, amount = Findings(), self.moment(fields), fields["amount"]
        documents = self.named([fields["document"]], found)
        found.settle()
        self.may(fields, "charge", found)
        self.check_standing(documents, found)
        self.check_day(at, found)
        found.add("amount-not-positive", amount == 0)
        document = documents[0]
        facts = self.facts(document)
        charged, settled = facts["charged"] + amount, facts["charged"] - remaining_of(facts)
        found.add("charge-below-settled", amount < 0 and (charged < settled or charged < 0))
        found.add("amount-overflow", abs(charged) > INT64_MAX)
        found.settle()
        self.add_fact(document, "charged", amount)
        return self.answer(None, [document.number])

    def cancel(self, fields):
        found, at = Findings(), self.moment(fields)
        documents = self.named([fields["document"]], found)
        found.settle()
        document = documents[0]
        self.may(fields, "cancel", found)
        self.check_standing(documents, found)
        found.add("document-has-payments", any(document.own[name] for name in SETTLING))
        self.check_day(at, found)
        found.settle()
        self.put(vars(document), "cancelled", True)
        self.put(document.own, "charged", 0)
        for number in document.consultations:
            self.put(vars(self.documents[number]), "invoice", None)
        self.put(vars(document), "consultations", [])
        return self.answer(None, [document.number])

    # -- payments

    def pay(self, fields):
        found = Findings()
        kind = self.type_of(fields.get("type", self.config["default_type"]), found)
        numbers = self.numbers_named(fields)
        documents = self.named(numbers or (), found)
        found.add("patient-unknown", "patient" in fields and fields["patient"] not in self.patients)
        found.settle()
        self.may(fields, "pay", found, kind)
        if numbers is None:
            documents = self.open_documents(fields["patient"])
        return self.settle_documents(fields, kind, documents, self.moment(fields), found)

    @staticmethod
    def numbers_named(fields):
        """The documents that a command names one by one; None for "oldest" and where it names none."""
        if "document" in fields:
            return [fields["document"]]
        return fields["documents"] if isinstance(fields.get("documents"), list) else None

    def open_documents(self, patient):
        owed = [document for document in self.documents.values()
                if document.patient == patient and self.remaining(document) > 0]
        return sorted(owed, key=lambda document: (document.day, document.number))

    def settle_documents(self, fields, kind, documents, at, found):
        """The state checks of a payment, then the payment itself."""
        group = fields.get("group")
        self.check_standing(documents, found)
        found.add("type-not-applicable", any(d.kind not in kind.get("applies_to", (d.kind,)) for d in documents))
        found.add("type-not-applicable", "tendered" in fields and kind["effect"] != "money")
        self.check_group(kind, group, found)
        self.check_day(at, found)
        opened = [document for document in documents if self.remaining(document) > 0]
        found.add("document-settled", not opened)
        self.check_patients(fields, kind, documents, found)
        plan = self.plan(fields, kind, opened, found) if opened else None
        found.settle()
        return self.record(fields, kind, opened, at, plan)

    def check_patients(self, fields, kind, documents, found):
        patients = {document.patient for document in documents}
        found.add("patient-mismatch", "patient" in fields and bool(patients - {fields["patient"]}))
        found.add("patient-mismatch", kind["effect"] == "credit" and len(patients) > 1)

    def plan(self, fields, kind, opened, found):
        """How much is recorded and how much of it the documents take: (recorded, taken)."""
        money, step = kind["effect"] == "money", kind.get("round_to", 1)
        remaining = sum(self.remaining(document) for document in opened)
        found.add("amount-overflow", remaining > INT64_MAX)
        due = round_half_up(remaining, step) if money else remaining
        credit = self.credit.get(opened[0].patient, 0)
        if "amount" in fields:
            amount = fields["amount"]
            found.add("amount-not-positive", amount <= 0)
        else:
            amount = min(remaining, credit) if kind["effect"] == "credit" else due
        self.check_step(kind, [due, amount, fields.get("tendered", step)], found)
        excess = kind.get("excess", "refuse") if money else "refuse"
        recorded = due if amount > due and excess == "change" else amount
        found.add("amount-above-limit", "max" in kind and recorded > kind["max"])
        found.add("amount-exceeds-remaining", amount > due and excess == "refuse")
        several = len({document.patient for document in opened}) > 1
        found.add("patient-mismatch", amount > due and excess == "credit" and several)
        found.add("credit-insufficient", kind["effect"] == "credit" and (amount > credit or credit <= 0))
        found.add("tendered-too-small", "tendered" in fields and fields["tendered"] < amount)
        return recorded, min(recorded, due)

    @staticmethod
    def check_step(kind, amounts, found):
        """With a smallest payable step, only positive multiples of it can change hands."""
        step = kind.get("round_to")
        found.add("amount-not-tenderable", step and any(amount <= 0 or amount % step for amount in amounts))

    def record(self, fields, kind, opened, at, plan):
        recorded, taken = plan
        type_name = fields.get("type", self.config["default_type"])
        payment = Payment(None, "pay", type_name, fields.get("group"), at)
        payment.reference = fields.get("reference")
        payment.amount = recorded
        payment.tendered = self.tendered(fields, recorded)
        payment.patient = opened[0].patient
        payment.deposited = recorded - taken
        payment.allocations = self.allocate(kind, opened, taken)
        if payment.deposited:
            self.add_credit(payment.patient, payment.deposited)
        if kind["effect"] == "credit":
            self.add_credit(payment.patient, -recorded)
        self.number_payment(payment, at)
        for number, facts in payment.allocations.items():
            for name, amount in facts.items():
                self.add_fact(self.documents[number], name, amount)
                self.move(at, payment, name, amount)
        self.move(at, payment, "deposited", payment.deposited)
        payment.closed = all(self.remaining(self.documents[number]) == 0 for number in payment.allocations)
        return self.answer(payment.number, payment.allocations)

    @staticmethod
    def tendered(fields, recorded):
        """What was given: as it was said, or the amount that was more than due and became due."""
        given = fields["amount"] if fields.get("amount", recorded) > recorded else None
        return fields.get("tendered", given)

    def allocate(self, kind, opened, taken):
        """Each document in order takes up to its own; a payment of exactly due closes all, by rounding entries."""
        fact, step = FACT_OF_EFFECT[kind["effect"]], kind.get("round_to") if kind["effect"] == "money" else None
        remaining = [self.remaining(document) for document in opened]
        closes = step and taken == round_half_up(sum(remaining), step)
        left, allocations = taken, {}
        for index, (document, owed) in enumerate(zip(opened, remaining)):
            share = min(left, owed)
            if closes and index == len(opened) - 1:
                share = left  # what rounding up adds goes to the last
            left -= share
            rounding = owed - share if closes else 0
            if share or rounding:
                allocations[document.number] = {name: value for name, value in ((fact, share), ("rounded", rounding))
                                                if value}
        return allocations

    def payment_named(self, fields, found):
        found.add("payment-unknown", fields["payment"] not in self.payments)
        return self.payments.get(fields["payment"])

    def check_reversible(self, payment, at, found):
        documents = [self.documents[number] for number in payment.allocations]
        self.check_standing(documents, found)
        found.add("payment-reversed", payment.reversed)
        found.add("payment-refunded", bool(payment.refunds))
        found.add("payment-not-reversible", payment.op not in ("pay", "deposit"))
        self.check_day(at, found)
        spent = not payment.reversed and payment.deposited > self.credit.get(payment.patient, 0)
        found.add("credit-spent", spent)
        credited = sum(facts.get("credited", 0) for facts in payment.allocations.values())
        found.add("amount-overflow", self.credit.get(payment.patient, 0) + credited > INT64_MAX)

    def undo(self, payment, at):
        """All entries of a payment undone, on the day of the reversal, under the payment's type and group."""
        self.put(vars(payment), "reversed", True)
        for number, facts in payment.allocations.items():
            for name, amount in facts.items():
                self.add_fact(self.documents[number], name, -amount)
                self.move(at, payment, name, -amount)
                if name == "credited":
                    self.add_credit(payment.patient, amount)
        if payment.deposited:
            self.add_credit(payment.patient, -payment.deposited)
            self.move(at, payment, "deposited", -payment.deposited)

    def reverse(self, fields):
        found, at = Findings(), self.moment(fields)
        payment = self.payment_named(fields, found)
        found.settle()
        self.may(fields, "reverse", found, self.config["types"][payment.type])
        self.check_reversible(payment, at, found)
        found.settle()
        self.undo(payment, at)
        return self.answer(None, payment.allocations)

    def correct(self, fields):
        """Reverse and pay again, both or neither: first all that `reverse` would refuse, then what `pay` would."""
        found, at = Findings(), self.moment(fields)
        original = self.payment_named(fields, found)
        found.settle()
        self.may(fields, "correct", found, self.config["types"][original.type])
        self.may(fields, "reverse", found)
        self.check_reversible(original, at, found)
        found.add("payment-not-reversible", original.op != "pay")
        found.settle()
        # The new payment meets the books as the reversal leaves them; where it is refused, both are taken back.
        self.undo(original, at)
        number = self.pay_again(fields, original)
        payment = self.payments[number]
        payment.corrects = original.number
        self.put(vars(original), "corrected_by", number)
        return self.answer(number, set(original.allocations) | set(payment.allocations))

    def pay_again(self, fields, original):
        """The payment of a correction, with what the original had unless named; its number."""
        again = {name: fields[name] for name in ("amount", "tendered", "patient", "roles", "fields") if name in fields}
        again["at"] = fields.get("at", original.at)
        again["type"] = fields.get("type", original.type)
        for name in ("group", "reference"):
            again[name] = fields.get(name, getattr(original, name))
        again["documents"] = self.numbers_named(fields) or list(original.allocations)
        if "amount" not in fields and (original.deposited or not original.closed):
            again["amount"] = original.amount
        return self.pay(again)["number"]

    def refund(self, fields):
        found, at = Findings(), self.moment(fields)
        payment = self.payment_named(fields, found)
        self.named([fields["document"]] if "document" in fields else (), found)
        type_name = fields.get("type", payment.type if payment else self.config["default_type"])
        kind = self.type_of(type_name, found)
        found.settle()
        self.may(fields, "refund", found, kind)
        document = self.refunded_document(fields, payment, found)
        self.check_standing([document] if document else (), found)
        found.add("payment-reversed", payment.reversed)
        effect = self.config["types"][payment.type]["effect"]
        refundable = payment.op == "pay" and effect == "money" and bool(payment.allocations)
        found.add("payment-not-reversible", not refundable)
        found.add("type-not-applicable", kind["effect"] != "money")
        self.check_day(at, found)
        left = self.refundable(payment, document) if document else 0
        amount = fields.get("amount", left)
        if "amount" in fields:
            found.add("amount-not-positive", amount <= 0)
        if refundable and document:
            found.add("refund-exceeds-payment", amount > left or left <= 0)
        if left > 0 or "amount" in fields:
            self.check_step(kind, [amount], found)
        found.settle()
        return self.pay_back(fields, payment, document, type_name, amount, left, at)

    def refunded_document(self, fields, payment, found):
        """The one document of a payment that a refund is about; None where that is not told."""
        numbers = list(payment.allocations)
        if "document" in fields:
            found.add("allocation-unknown", fields["document"] not in numbers)
            numbers = [number for number in numbers if number == fields["document"]]
        found.add("allocation-unknown", len(numbers) > 1)
        return self.documents[numbers[0]] if len(numbers) == 1 else None

    @staticmethod
    def refundable(payment, document):
        collected = payment.allocations[document.number].get("collected", 0)
        return collected - payment.refunds.get(document.number, 0)

    def pay_back(self, fields, payment, document, type_name, amount, left, at):
        refund = Payment(None, "refund", type_name, None, at)
        refund.amount = amount
        refund.patient = document.patient
        refund.allocations = {document.number: {"collected": -amount}}
        refund.refund_of = payment.number
        self.number_payment(refund, at)
        self.add_fact(document, "collected", -amount)
        self.move(at, refund, "refunded", amount)
        self.put(payment.refunds, document.number, payment.refunds.get(document.number, 0) + amount)
        self.put(vars(payment), "refunded_by", payment.refunded_by + (refund.number,))
        if not fields["reopen"]:
            self.add_fact(document, "charged", -amount)
        elif amount == left:
            rounding = payment.allocations[document.number].get("rounded", 0)
            self.add_fact(document, "rounded", -rounding)
            self.move(at, payment, "rounded", -rounding)
        return self.answer(refund.number, [document.number])

    # -- patient credit

    def check_cash(self, kind, amount, found):
        """Money that changes hands for no document."""
        found.add("type-not-applicable", kind["effect"] != "money")
        found.add("amount-not-positive", amount <= 0)
        self.check_step(kind, [amount], found)

    def deposit(self, fields):
        found, at, amount = Findings(), self.moment(fields), fields["amount"]
        type_name = fields.get("type", self.config["default_type"])
        kind = self.type_of(type_name, found)
        found.settle()
        self.may(fields, "deposit", found, kind)
        self.check_group(kind, fields.get("group"), found)
        self.check_day(at, found)
        self.check_cash(kind, amount, found)
        found.add("amount-above-limit", "max" in kind and amount > kind["max"])
        found.add("amount-overflow", self.credit.get(fields["patient"], 0) + amount > INT64_MAX)
        found.settle()
        payment = Payment(None, "deposit", type_name, fields.get("group"), at)
        payment.amount = payment.deposited = amount
        payment.reference = fields.get("reference")
        payment.patient = fields["patient"]
        self.add_credit(payment.patient, amount)
        self.number_payment(payment, at)
        self.move(at, payment, "deposited", amount)
        return self.answer(payment.number)

    def withdraw(self, fields):
        found, at, amount = Findings(), self.moment(fields), fields["amount"]
        type_name = fields.get("type", self.config["default_type"])
        kind = self.type_of(type_name, found)
        found.add("patient-unknown", fields["patient"] not in self.patients)
        found.settle()
        self.may(fields, "withdraw", found, kind)
        self.check_day(at, found)
        self.check_cash(kind, amount, found)
        found.add("credit-insufficient", amount > self.credit.get(fields["patient"], 0))
        found.settle()
        payment = Payment(None, "withdraw", type_name, None, at)
        payment.amount, payment.patient = amount, fields["patient"]
        self.add_credit(payment.patient, -amount)
        self.number_payment(payment, at)
        self.move(at, payment, "withdrawn", amount)
        return self.answer(payment.number)

    def transfer(self, fields):
        found, at, amount = Findings(), self.moment(fields), fields["amount"]
        found.add("patient-unknown", fields["from"] not in self.patients or fields["to"] not in self.patients)
        found.settle()
        self.may(fields, "transfer", found)
        self.check_day(at, found)
        found.add("amount-not-positive", amount <= 0)
        found.add("credit-insufficient", amount > self.credit.get(fields["from"], 0))
        found.add("amount-overflow", self.credit.get(fields["to"], 0) + amount > INT64_MAX)
        found.settle()
        self.add_credit(fields["from"], -amount)
        self.add_credit(fields["to"], amount)
        return self.answer()

    # -- closings

    def close_days(self, fields):
        found, at, through = Findings(), self.moment(fields), fields["through"]
        counted = fields.get("counted", {})
        found.add("type-unknown", any(name not in self.config["types"] for name in counted))
        found.settle()
        self.may(fields, "close_days", found)
        kinds = [self.config["types"][name] for name in counted]
        found.add("type-not-applicable", any(kind["effect"] != "money" for kind in kinds))
        self.check_day(at, found)
        found.add("date-in-future", through > day_of(self.now))
        found.add("period-closed", through <= self.closed_through)
        found.settle()
        for name, amount in counted.items():
            expected = self.net_money(name, through)
            if amount != expected:
                self.set(variances=self.variances + ((through, name, amount - expected),))
        self.set(closed_through=through)
        return self.answer()

    def net_money(self, type_name, through):
        """Money in less money out, of one type, on the days that a closing seals."""
        signs = {"collected": 1, "refunded": -1, "deposited": 1, "withdrawn": -1}
        return sum(signs.get(column, 0) * amount for day, rows in self.days.items()
                   if self.closed_through < day <= through
                   for (name, _, _), row in rows.items() if name == type_name for column, amount in row.items())

    # -- the final state

    def final(self):
        return {
            "documents": [self.describe(document) for document in self.documents.values()],
            "credit": {patient: format_amount(self.credit[patient])
                       for patient in sorted(self.credit) if self.credit[patient]},
            "totals_by_type": self.totals(lambda day, name, group: (name,)),
            "totals_by_type_and_group": self.totals(lambda day, name, group: (name, group)),
            "totals_by_month_and_type": self.totals(lambda day, name, group: (day[:7], name)),
        }

    def describe(self, document):
        facts = {name: format_amount(amount) for name, amount in self.facts(document).items()}
        return {"number": document.number, "kind": document.kind, "patient": document.patient,
                "status": self.status(document), "remaining": format_amount(self.remaining(document)),
                "invoice": document.invoice, **facts}

    def totals(self, row_of):
        """Totals by any split of day, type and group; what is zero is left out, and so is a row of zeros."""
        rows = {}
        for day, parts in self.days.items():
            for (name, group, _), columns in parts.items():
                row = rows.setdefault(row_of(day, name, group), {})
                for column, amount in columns.items():
                    row[column] = row.get(column, 0) + amount
        shown = {}
        # In order of the parts of a row's name; no group comes after every group.
        for parts in sorted(rows, key=lambda parts: [(part is None, part) for part in parts]):
            row = {column: amount if column == "count" else format_amount(amount)
                   for column, amount in sorted(rows[parts].items()) if amount}
            if row:
                shown["/".join(part or "" for part in parts)] = row
        return shown


# ---------------------------------------------------------------------------------------------------------------
# The command log


def refuse_duplicates(pairs):
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field twice")
    return fields


def refuse_constant(name):
    raise ValueError("%s is no JSON" % name)


def run_line(ledger, line):
    try:
        raw = json.loads(line, object_pairs_hook=refuse_duplicates, parse_constant=refuse_constant)
    except ValueError:
        return {"ok": False, "code": "field-invalid"}
    return ledger.run(raw)


def main():
    parser = argparse.ArgumentParser(description="Run a command log through the reference model.")
    parser.add_argument("log")
    parser.add_argument("--results", required=True)
    parser.add_argument("--final", required=True)
    parser.add_argument("--now", help="the time the clock shows, default the real one")
    options = parser.parse_args()
    ledger = Ledger(now=parse_time(options.now) if options.now else None)
    with open(options.log, encoding="utf-8") as log, open(options.results, "w", encoding="utf-8") as results:
        for number, line in enumerate(log, 1):
            results.write(json.dumps({"line": number, **run_line(ledger, line)}, ensure_ascii=False) + "\n")
    with open(options.final, "w", encoding="utf-8") as final:
        json.dump(ledger.final(), final, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
