"""What a simulation must have met: a run in which one of these is missing tries less than it says."""

from model import CODES, COMMANDS

CODES_MET = {"ok", "read-only", "busy", "transaction-poisoned"} | set(CODES)

COMMANDS_MET = set(COMMANDS)

# How transactions end: in one commit, poisoned, or rolled back by the function's answer, by an error, by a crash; or
# they do not begin, where the ledger may only be read.
ENDINGS_MET = {"done", "transaction-poisoned", "no-more", "raised", "crashed", "read-only"}

KINDS_MET = {"charge", "payment", "discount", "loss", "rounding", "deposit", "credit", "withdrawal", "transfer",
             "refund", "invoicing", "release", "variance", "reversal", "closing"}

# Forms of commands that succeeded.
FORMS = {
    "pay one document": lambda op, command, paid: op == "pay" and "document" in command,
    "pay several documents": lambda op, command, paid: op == "pay" and isinstance(command.get("documents"), list),
    "pay the oldest": lambda op, command, paid: op == "pay" and command.get("documents") == "oldest",
    "pay an amount": lambda op, command, paid: op == "pay" and "amount" in command,
    "pay what remains": lambda op, command, paid: op == "pay" and "amount" not in command,
    "pay with a group": lambda op, command, paid: op == "pay" and "group" in command,
    "give change": lambda op, command, paid: op == "pay" and paid[2] > 0,
    "keep an excess as credit": lambda op, command, paid: op == "pay" and paid[3] > 0,
    "correct the amount": lambda op, command, paid: op == "correct" and "amount" in command,
    "correct the type": lambda op, command, paid: op == "correct" and "type" in command,
    "correct the document": lambda op, command, paid: op == "correct" and "document" in command,
    "refund and reopen": lambda op, command, paid: op == "refund" and command["reopen"],
    "refund and stay settled": lambda op, command, paid: op == "refund" and not command["reopen"],
    "refund in part": lambda op, command, paid: op == "refund" and "amount" in command,
    "invoice consultations": lambda op, command, paid: op == "invoice" and "consultations" in command,
    "invoice an amount": lambda op, command, paid: op == "invoice" and "consultations" not in command,
    "take from a charge": lambda op, command, paid: op == "charge" and command["amount"].startswith("-"),
    "close with what was counted": lambda op, command, paid: op == "close_days" and bool(command.get("counted")),
    "number a document oneself": lambda op, command, paid: "number" in command,
    "run dry": lambda op, command, paid: command.get("dry_run") is True,
}


def forms_of(command, answer):
    paid = answer.get("paid", (0, 0, 0, 0))
    return [name for name, fits in FORMS.items() if fits(command.get("op"), command, paid)]


def missing(counts):
    """What was never met, in words."""
    wanted = {"code": CODES_MET, "command": COMMANDS_MET, "ending": ENDINGS_MET, "kind": KINDS_MET, "form": set(FORMS)}
    return ["%s %s" % (what, name) for what, names in wanted.items() for name in sorted(names)
            if not counts[(what, name)]]
