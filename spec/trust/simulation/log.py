"""Writes a run as a log and reads it again. A command stands as in a command log (design.md §10), a line of its own;
lines with `simulate` say who asks, what time it is for him, who reads it back, and what else happens.
"""

import json


def item_of(item):
    if "items" in item:
        return {"simulate": "transaction", "items": [item_of(one) for one in item["items"]], "ending": item["ending"]}
    if "command" in item and "client" in item:
        return {"simulate": "other", "client": item["client"], "command": item.get("sent", item["command"])}
    if "command" in item:
        return item.get("sent", item["command"])
    return {"simulate": "peek", "client": item["peek"]}


def item_from(line):
    kind = line.get("simulate")
    if kind == "transaction":
        return {"items": [item_from(one) for one in line["items"]], "ending": line["ending"]}
    if kind == "other":
        return {"command": line["command"], "client": line["client"]}
    return {"peek": line["client"]} if kind == "peek" else {"command": line}


def lines_of(steps):
    """The lines of a log, as values."""
    who = None
    for step in steps:
        asks = {name: step[name] for name in ("client", "now", "by") if step.get(name) is not None}
        if asks != who:
            yield dict({"simulate": "client"}, **asks)
        who = asks
        if step["step"] == "command":
            yield step.get("sent", step["command"])
        elif step["step"] == "transaction":
            yield item_of(step)
        else:
            yield {"simulate": step["step"]}
        if step.get("lost"):
            yield {"simulate": "lost"}


def write(path, steps, start, text):
    with open(path, "w", encoding="utf-8") as file:
        for line in [{"simulate": "begin", "now": start, "difference": text}, *lines_of(steps)]:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read(path):
    """The time at which a log begins, and its steps."""
    start, who, steps = 0, {"client": 1, "by": 1}, []
    with open(path, encoding="utf-8") as file:
        for line in map(json.loads, file):
            kind = line.get("simulate")
            if kind == "begin":
                start = who["now"] = line["now"]
            elif kind == "client":
                who = {name: value for name, value in line.items() if name != "simulate"}
            elif kind == "transaction":
                steps.append(dict(who, step="transaction", **item_from(line)))
            elif kind is None:
                steps.append(dict(who, step="command", command=line))
            elif kind != "lost":
                steps.append(dict(who, step=kind))
    return start, steps
