"""Opens report pages in a headless Chromium and measures them: at the widths of a desk, a phone and paper, in light and
in dark. Nothing may leave its place, no text in a chart may be clipped or lie over another, and every number of a page
must be its report's.

  check.py FOLDER [--pictures FOLDER]    measures; with a picture of every view
  check.py FOLDER --docs FOLDER          takes the pictures that docs/reports.md shows, and measures nothing

FOLDER holds pages and the data of each (spec/pages/make.lua writes them). Needs chromium and chromedriver.
"""
import base64
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
]
# Paper is A4 less its margins, at 96 pixels an inch: upright, or across where the page asks for that.
PAPER, UPRIGHT, ACROSS = "paper", 680, 1009
VIEWS = [
    ("desk-light", 1280, "screen", "light"), ("desk-dark", 1280, "screen", "dark"),
    ("tablet-light", 768, "screen", "light"), ("phone-light", 390, "screen", "light"),
    ("phone-dark", 390, "screen", "dark"), ("small-phone-light", 320, "screen", "light"),
    (PAPER, UPRIGHT, "print", "light"),
]
HEIGHT = 900
# What the documentation shows: the page, how it is seen, and how much of it.
DOCS = [
    ("year-period-fr", "desk-light", 830), ("year-receivables-de", "desk-dark", 860),
    ("year-period-it", "phone-light", 1060), ("year-day-fr", PAPER, 1000),
]

# What a page looks like, measured by the browser itself. Pixels may be off by one for rounding.
MEASURE = r"""
const near = 1.01, found = [];
const open = [...document.querySelectorAll("details")];
open.forEach(one => { one.open = true; });
const root = document.documentElement;
if (root.scrollWidth > window.innerWidth + near) found.push(`the page is ${root.scrollWidth} wide`);
for (const one of document.querySelectorAll("main *:not(svg *)")) {
  const box = one.getBoundingClientRect();
  if (box.width && (box.right > window.innerWidth + near || box.left < -near))
    found.push(`${one.tagName} leaves the page: ${one.textContent.slice(0, 40)}`);
}
const main = document.querySelector("main"), room = main.clientWidth - parseFloat(getComputedStyle(main).paddingLeft)
  - parseFloat(getComputedStyle(main).paddingRight);
for (const table of document.querySelectorAll("table"))
  if (table.getBoundingClientRect().width > room + near) found.push(`the table ${table.dataset.sheet} is too wide`);
for (const cell of document.querySelectorAll("td, th, dd, dt, li, h1, h2, figcaption")) {
  if (cell.scrollWidth > cell.clientWidth + near && cell.clientWidth)
    found.push(`${cell.tagName} is too narrow for: ${cell.textContent.slice(0, 40)}`);
}
let texts = 0, charts = 0;
for (const svg of document.querySelectorAll("svg.chart")) {
  if (!svg.getBoundingClientRect().width) continue;
  charts++;
  const view = svg.viewBox.baseVal, boxes = [];
  for (const text of svg.querySelectorAll("text")) {
    const box = text.getBBox();
    texts++;
    const words = text.firstChild ? text.firstChild.data : "";
    if (box.x < -near || box.y < -near || box.x + box.width > view.width + near || box.y + box.height > view.height + near)
      found.push(`clipped in a chart: ${words}`);
    for (const [other, name] of boxes) {
      const across = Math.min(box.x + box.width, other.x + other.width) - Math.max(box.x, other.x);
      const down = Math.min(box.y + box.height, other.y + other.height) - Math.max(box.y, other.y);
      if (across > 0 && down > 1) found.push(`"${words}" lies over "${name}"`);
    }
    boxes.push([box, words]);
  }
  for (const rect of svg.querySelectorAll("rect")) {
    const box = rect.getBBox();
    if (box.x < -near || box.y < -near || box.x + box.width > view.width + near || box.y + box.height > view.height + near)
      found.push("a bar leaves its chart");
    if (rect.className.baseVal !== "s0" && !getComputedStyle(rect).fill.startsWith("url")) found.push("a bar has no pattern");
  }
  const size = svg.querySelector("text") && svg.getBoundingClientRect().width / view.width * 12;
  if (size && size < 9) found.push(`letters of ${size.toFixed(1)} pixels in a chart`);
}
open.forEach(one => { one.open = false; });
const ink = getComputedStyle(document.querySelector("h1")).color;
const paper = getComputedStyle(document.querySelector("main")).backgroundColor;
return {found: found.slice(0, 12), count: found.length, texts, charts, ink, paper,
        links: document.querySelectorAll("[src], link, script, a[href]").length};
"""

# The numbers of a page: of its tables, and of its charts by what each bar says and how long it is.
READ = r"""
const tables = [...document.querySelectorAll("table")].map(table => ({
  name: table.dataset.sheet,
  rows: [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent)),
  sum: table.tFoot ? [...table.tFoot.rows[0].cells].map(cell => cell.textContent) : null,
  titles: [...table.tHead.rows[0].cells].map(cell => cell.textContent),
  right: [...table.tHead.rows[0].cells].map(cell => getComputedStyle(cell).textAlign === "right"),
}));
const charts = [...document.querySelectorAll("figure")].map(figure => [...figure.querySelectorAll("svg.chart")].map(
  svg => [...svg.querySelectorAll("rect")].map(rect => ({
    title: rect.querySelector("title").textContent,
    place: Number(rect.className.baseVal.slice(1)),
    length: Number(rect.getAttribute(figure.className === "columns" ? "height" : "width")),
  }))));
const described = [...document.querySelectorAll("svg.chart")].every(svg =>
  svg.getAttribute("aria-labelledby").split(" ").every(id => document.getElementById(id).textContent.trim()));
const ids = [...document.querySelectorAll("[id]")].map(one => one.id);
return {tables, charts, described, unique: new Set(ids).size === ids.length, lang: document.documentElement.lang};
"""


class Browser:
    """A session of Chromium, spoken to by WebDriver."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder = tempfile.TemporaryDirectory()
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{port}"
        self.wait()
        options = {"args": CHROMIUM + [f"--user-data-dir={self.folder.name}"]}
        made = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}})
        self.base += f"/session/{made['sessionId']}"

    def wait(self):
        for _ in range(100):
            try:
                if self.call("GET", "/status")["ready"]:
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("chromedriver did not start")

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def tell(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def show(self, width, media, scheme):
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=HEIGHT, deviceScaleFactor=1, mobile=False)
        self.tell("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, page):
        self.call("POST", "/url", {"url": page.resolve().as_uri()})

    def run(self, script):
        return self.call("POST", "/execute/sync", {"script": script, "args": []})

    def picture(self, path, height):
        clip = self.tell("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": clip["width"], "height": min(clip["height"], height), "scale": 1}
        shot = self.tell("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def print(self, path):
        made = self.tell("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        path.write_bytes(base64.b64decode(made["data"]))

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.folder.cleanup()


def shown(value):
    """A number as pages set it: thousands apart."""
    sign, whole, rest = re.fullmatch(r"(-?)(\d+)(.*)", str(value)).groups()
    return sign + f"{int(whole):,}".replace(",", "'") + rest


def minor(decimal):
    return int(decimal.replace("'", "").replace(".", ""))


def check_sheet(sheet, tables, complain):
    found = [table for table in tables if table["name"] == sheet["name"]]
    if not sheet["rows"]:
        if found:
            complain(f"{sheet['name']}: a table without rows")
        return 0
    if len(found) != 1:
        complain(f"{sheet['name']}: {len(found)} tables")
        return 0
    table, numbers = found[0], 0
    if len(table["rows"]) != len(sheet["rows"]):
        complain(f"{sheet['name']}: {len(table['rows'])} rows, {len(sheet['rows'])} in the report")
    columns = {column["title"]: column for column in sheet["columns"]}
    rows = list(zip(table["rows"], sheet["rows"])) + ([(table["sum"], sheet["sum"])] if table["sum"] else [])
    for place, title in enumerate(table["titles"]):
        column = columns[title]
        if column.get("kind") not in ("money", "count"):
            continue
        if not table["right"][place]:
            complain(f"{sheet['name']}: {title} is not set to the right")
        for cells, row in rows:
            value = row.get(column["name"])
            expected = "" if value is None else shown(value)
            numbers += 1
            if cells[place] != expected:
                complain(f"{sheet['name']}.{column['name']}: {cells[place]!r}, {expected!r} in the report")
    return numbers


def check_chart(chart, table, variants, complain):
    """The table beside a chart, and each bar's words and length, against the chart's data."""
    series, numbers = chart["series"], 0
    for at, cells in enumerate(table["rows"]):
        for place, one in enumerate(series):
            numbers += 1
            if cells[place + 1] != shown(one["values"][at]):
                complain(f"{chart['name']}: {cells[place + 1]!r}, {one['values'][at]!r} in the report")
    first = 0 if len(series) == 1 and chart["kind"] == "bars" else 1
    expected = [
        (place + first, shown(one["values"][at])) for at in range(len(chart["categories"]))
        for place, one in enumerate(series) if minor(one["values"][at]) != 0
    ]
    for rects in variants:
        if [(rect["place"], rect["title"].rsplit(": ", 1)[1]) for rect in rects] != expected:
            complain(f"{chart['name']}: its bars are not the report's values")
            continue
        longest = max(rects, key=lambda rect: abs(minor(rect["title"].rsplit(": ", 1)[1])))
        unit = longest["length"] / abs(minor(longest["title"].rsplit(": ", 1)[1]))
        for rect in rects:
            numbers += 1
            if abs(abs(minor(rect["title"].rsplit(": ", 1)[1])) * unit - rect["length"]) > 0.25:
                complain(f"{chart['name']}: a bar is not as long as its value: {rect['title']}")
    return numbers


def check_numbers(page, report, complain):
    numbers = 0
    for sheet in report["sheets"]:
        numbers += check_sheet(sheet, page["tables"], complain)
    charts = report["charts"] or []
    if len(charts) != len(page["charts"]):
        complain(f"{len(page['charts'])} charts, {len(charts)} in the report")
    for chart, variants in zip(charts, page["charts"]):
        table = next(table for table in page["tables"] if table["name"] == chart["name"])
        numbers += check_chart(chart, table, variants, complain)
    if not page["described"] or not page["unique"] or page["lang"] != report["lang"]:
        complain("a chart is not described, an id stands twice, or the language is wrong")
    return numbers


def check_page(browser, page, pictures):
    report, wrong = json.loads(page.with_suffix(".json").read_text()), []
    sums = {"views": 0, "texts": 0, "numbers": 0}
    browser.open(page)
    across = "size:A4 landscape" in page.read_text()
    for view, width, media, scheme in VIEWS:
        width = ACROSS if view == PAPER and across else width
        browser.show(width, media, scheme)
        seen = browser.run(MEASURE)
        wrong += [f"{page.stem} {view}: {one}" for one in seen["found"]]
        if seen["links"]:
            wrong.append(f"{page.stem}: it loads something")
        if len(report["charts"] or []) != seen["charts"]:
            wrong.append(f"{page.stem} {view}: {seen['charts']} charts are seen")
        if (sum(map(int, re.findall(r"\d+", seen["ink"])[:3])) > 384) != (scheme == "dark"):
            wrong.append(f"{page.stem} {view}: the ink is {seen['ink']}")
        sums["views"] += 1
        sums["texts"] += seen["texts"]
        if pictures:
            browser.picture(pictures / f"{page.stem}-{view}.png", 2600)
    sums["numbers"] = check_numbers(browser.run(READ), report, lambda what: wrong.append(f"{page.stem}: {what}"))
    if pictures:
        browser.print(pictures / f"{page.stem}.pdf")
    return wrong, sums


def take_docs(folder, pictures):
    browser = Browser()
    try:
        for name, view, height in DOCS:
            _, width, media, scheme = next(one for one in VIEWS if one[0] == view)
            browser.show(width, media, scheme)
            browser.open(folder / f"{name}.html")
            browser.picture(pictures / f"{name.removeprefix('year-')[:-3]}-{view}.png", height)
    finally:
        browser.close()


def main():
    folder = pathlib.Path(sys.argv[1])
    if sys.argv[2:3] == ["--docs"]:
        return take_docs(folder, pathlib.Path(sys.argv[3]))
    pictures = pathlib.Path(sys.argv[3]) if sys.argv[2:3] == ["--pictures"] else None
    pages, wrong, total = sorted(folder.glob("*.html")), [], {"views": 0, "texts": 0, "numbers": 0}
    if not pages:
        raise SystemExit(f"no page in {folder}")
    browser = Browser()
    try:
        for page in pages:
            found, sums = check_page(browser, page, pictures)
            wrong += found
            for name, count in sums.items():
                total[name] += count
    finally:
        browser.close()
    for one in wrong:
        print(one)
    print(f"{len(pages)} pages, {total['views']} views, {total['texts']} texts in charts, {total['numbers']} numbers "
          f"compared: {len(wrong)} mistakes")
    raise SystemExit(1 if wrong else 0)


main()
