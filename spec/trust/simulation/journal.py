"""The books as the entries of the journal alone tell them: a third reckoning, neither the core's nor the model's.

Each entry is taken once, in order. The table of kinds is that of design.md §4.
"""

from collections import defaultdict

from model import FACTS

# kind: (debit, credit, the fact it moves, its sign, the column of a day's totals)
KINDS = {
    "charge": ("receivable", "income", "charged", 1, None),
    "payment": ("tender", "receivable", "collected", 1, "collected"),
    "discount": ("discounts", "receivable", "discounted", 1, "discounted"),
    "loss": ("losses", "receivable", "lost", 1, "lost"),
    "rounding": ("rounding", "receivable", "rounded", 1, "rounded"),
    "deposit": ("tender", "credit", None, 0, "deposited"),
    "credit": ("credit", "receivable", "credited", 1, "credited"),
    "withdrawal": ("credit", "tender", None, 0, "withdrawn"),
    "transfer": ("credit", "counter credit", None, 0, None),
    "refund": ("receivable", "tender", "collected", -1, "refunded"),
    "invoicing": ("counter receivable", "receivable", None, 0, None),
    "release": ("receivable", "counter receivable", None, 0, None),
    "variance": ("over/short", "tender", None, 0, None),
}
NO_MONEY = ("stage", "print", "closing")


class Broken(Exception):
    """The journal is not what it may be."""


class Entry:
    __slots__ = ("seq", "act", "kind", "command", "number", "document", "counter_document", "patient",
                 "counter_patient", "type", "amount", "day", "at", "recorded_at", "actor", "group", "key", "refers",
                 "hash")

    def __init__(self, values):
        for name, value in zip(self.__slots__, values):
            setattr(self, name, value)


class Books:
    def __init__(self):
        self.entries = []
        self.balances = defaultdict(int)  # account: debits less credits
        self.facts = {}  # document: its own facts
        self.invoice, self.members, self.cancelled = {}, defaultdict(list), set()
        self.days = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
        self.reversed, self.refunded = set(), defaultdict(int)
        self.keys, self.payments, self.touched = {}, [], set()

    def take(self, values):
        entry = Entry(values)
        self.check(entry)
        self.entries.append(entry)
        if entry.number:
            self.payments.append(entry.number)
        if entry.kind not in NO_MONEY:
            self.book(entry)
        if entry.number:
            self.days[entry.day][self.row(entry)]["count"] += 1

    @staticmethod
    def row(entry):
        return entry.type, entry.group or "", entry.actor or ""

    def original(self, entry):
        return self.entries[entry.refers - 1]

    # -- what must hold of an entry

    def check(self, entry):
        last = self.entries[-1] if self.entries else None
        self.must(entry.seq == len(self.entries) + 1, "seq without gaps", entry)
        begins = last is None or entry.act != last.act
        self.must(entry.act == (entry.seq if begins else last.act), "an act is its first entry's seq", entry)
        self.must(last is None or entry.recorded_at >= last.recorded_at, "recorded at never goes back", entry)
        self.must(begins or entry.recorded_at == last.recorded_at, "an act is recorded at once", entry)
        self.must(0 <= entry.refers < entry.seq, "what is referred to is older", entry)
        if entry.key:
            self.must(begins and entry.key not in self.keys, "a key has one effect", entry)
            self.keys[entry.key] = entry.act
        if entry.number:
            self.must(entry.number == "R-%05d" % (len(self.payments) + 1), "receipts are numbered without gaps", entry)
        if entry.kind == "reversal":
            self.check_reversal(entry)
        if entry.kind == "refund":
            self.check_refund(entry)

    @staticmethod
    def must(holds, rule, entry):
        if not holds:
            raise Broken("%s: entry %d" % (rule, entry.seq))

    def check_reversal(self, entry):
        original = self.original(entry)
        self.must(entry.refers and entry.refers not in self.reversed, "an entry is reversed once", entry)
        self.must(original.kind in KINDS, "what is reversed moved money", entry)
        same = all(getattr(entry, name) == getattr(original, name) for name in
                   ("document", "patient", "type", "group", "amount"))
        self.must(same, "a reversal undoes its original exactly", entry)
        self.reversed.add(entry.refers)

    def check_refund(self, entry):
        original = self.original(entry)
        self.refunded[entry.refers] += entry.amount
        fits = entry.refers and original.kind == "payment" and original.document == entry.document
        self.must(fits and entry.refers not in self.reversed, "a refund is of money collected on its document", entry)
        self.must(self.refunded[entry.refers] <= original.amount, "no more is refunded than was collected", entry)

    # -- what an entry moves

    def account(self, name, entry):
        key = {"receivable": entry.document, "counter receivable": entry.counter_document, "tender": entry.type,
               "credit": entry.patient, "counter credit": entry.counter_patient}.get(name)
        return name.replace("counter ", ""), key

    def book(self, entry):
        meant, sign = (self.original(entry), -1) if entry.kind == "reversal" else (entry, 1)
        debit, credit, fact, fact_sign, column = KINDS[meant.kind]
        amount = sign * entry.amount
        self.balances[self.account(debit, meant)] += amount
        self.balances[self.account(credit, meant)] -= amount
        if entry.document:
            self.of_document(entry)
        if fact:
            self.facts[entry.document][fact] += fact_sign * amount
        if column:
            self.days[entry.day][self.row(entry)][column] += amount

    def of_document(self, entry):
        for number in (entry.document, entry.counter_document):
            if number and number not in self.facts:
                self.facts[number] = dict.fromkeys(FACTS, 0)
        if entry.kind == "invoicing":
            self.invoice[entry.document] = entry.counter_document
            self.members[entry.counter_document].append(entry.document)
        if entry.kind == "release":
            self.invoice[entry.document] = None
            self.members[entry.counter_document].remove(entry.document)
        if entry.command == "cancel":
            self.cancelled.add(entry.counter_document or entry.document)

    # -- reading

    def show_facts(self, number):
        """A document's facts, an invoice's with those of its consultations; then what remains, by the accounts."""
        facts = dict(self.facts.get(number, ()))
        for member in self.members.get(number, ()):
            for name, amount in self.facts[member].items():
                facts[name] += amount
        return [facts.get(name, 0) for name in FACTS] + [self.balances.get(("receivable", number), 0)]

    def credit(self, patient):
        return -self.balances.get(("credit", patient), 0)

    def show_day(self, day, columns):
        rows = {}
        for key, row in self.days.get(day, {}).items():
            values = [row.get(column, 0) for column in columns] + [row.get("count", 0)]
            if any(values):
                rows[key] = values
        return rows
