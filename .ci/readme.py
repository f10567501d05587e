"""Writes the README's table list from the contract: `python .ci/readme.py`."""

from __future__ import annotations

from pathlib import Path

from pmo_analysis.contract.tables import BESIDE, TABLES, Table

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- tables: made by .ci/readme.py from contract/tables.py -->", "<!-- end of tables -->"
HEAD = "| table | one row is | columns | what it answers |\n|---|---|---|---|\n"


def render() -> str:
    """The list as Markdown: a line per table, required tables first and in bold, required columns with *."""
    ordered = sorted((*TABLES, *BESIDE), key=lambda t: not t.required)
    return HEAD + "".join(f"{_row(table)}\n" for table in ordered)


def _row(table: Table) -> str:
    name = f"**{table.name}**" if table.required else table.name
    columns = ", ".join(f"{c.name}*" if c.required else c.name for c in table.columns)
    either = "".join(f"; at least one of {' or '.join(names)}*" for names in table.either)
    return f"| {name} | {table.row} | {columns}{either} | {', '.join(table.answers)} |"


def replace(text: str) -> str:
    """The README's text with the list between its markers made anew."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{render()}{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    README.write_text(replace(README.read_text("utf-8")), "utf-8")
