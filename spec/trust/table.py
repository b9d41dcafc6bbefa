"""Prints the rows that the parts of the trust suite wrote ("| promise | tried | faults | failures |") as one table, the
long cells wrapped; with --markdown as a table of a page. Ends with how many rows held; exits with 1 where one did not,
or cannot be read, or a file has none. Usage: table.py [--markdown] FILE…"""
import shutil
import sys
import textwrap

TITLES = ["promise", "points or histories tried", "faults injected", "failures"]


def rows_of(path):
    """The rows of a part, and what is wrong with them: a row that cannot be read must not go missing."""
    rows, wrong = [], []
    with open(path, errors="replace") as lines:
        for line in lines:
            if not line.startswith("| "):
                continue
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) == len(TITLES) and line.rstrip().endswith("|"):
                rows.append(cells)
            else:
                wrong.append(f"{path}: this is no row of {len(TITLES)} cells: {line.strip()}")
    return rows, wrong if rows else wrong + [f"{path} has no row"]


def widths(room):
    """Of the four columns, of what a line has room for."""
    room = max(min(room, 150), 80) - len(TITLES[3]) - 3 * 2
    return [room * 42 // 100, room * 27 // 100, room * 31 // 100, len(TITLES[3])]


def print_row(cells, columns):
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, columns)]
    wrapped[3] = [cells[3].rjust(columns[3])]
    for line in range(max(map(len, wrapped))):
        parts = [(cell[line] if line < len(cell) else "").ljust(width) for cell, width in zip(wrapped, columns)]
        print("  ".join(parts).rstrip())


def main(arguments):
    markdown = "--markdown" in arguments
    rows, wrong = [], []
    for path in (argument for argument in arguments if argument != "--markdown"):
        found, problems = rows_of(path)
        rows += found
        wrong += problems
    if markdown:
        for cells in [TITLES, ["---", "---", "---", "---:"]] + rows:
            print("| " + " | ".join(cells) + " |")
    else:
        columns = widths(shutil.get_terminal_size((120, 24)).columns)
        print_row(TITLES, columns)
        print("  ".join("-" * width for width in columns))
        for cells in rows:
            print_row(cells, columns)
    broken = sum(cells[3] != "0" for cells in rows)
    if not markdown:
        print(f"{len(rows) - broken} promises held, {broken} broken")
    for problem in wrong:
        print(problem, file=sys.stderr)
    return 1 if broken or wrong or not rows else 0


sys.exit(main(sys.argv[1:]))
