"""Source against import, row by row and to the last decimal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd

from pmo_analysis.intake.cells import plain_decimal
from pmo_analysis.intake.mapping_file import TableRule
from pmo_analysis.intake.tabling import Built

RECONCILED = [
    "table",
    "source_file",
    "source_rows",
    "source_total",
    "imported_rows",
    "imported_total",
    "set_aside_rows",
    "set_aside_total",
    "merged_rows",
    "difference",
    "reason",
]


def reconcile(built: Sequence[Built], rules: dict[str, TableRule]) -> pd.DataFrame:
    """What each source file held, what was imported, what was set aside or merged, and why.

    One row per table and source file, columns RECONCILED. Totals are exact decimals of the control column, missing
    where the mapping declares none. `difference` is source − imported − set aside: of the totals where there are
    any, of the rows (less those merged) otherwise; missing where one source row gives several rows and there is
    no total.
    """
    rows = [_line(table, rules[table.name], file) for table in built for file in sorted(table.source["_file"].unique())]
    return pd.DataFrame(rows, columns=RECONCILED)


def _line(table: Built, rule: TableRule, file: str) -> list[object]:
    source = table.source[table.source["_file"] == file]
    imported = table.rows[table.rows["_file"] == file]
    aside = table.aside[(table.aside["source_file"] == file) & (table.aside["kind"] == "row")]
    merged = int((table.merged["_file"] == file).sum())
    left = aside["source_row"].nunique()
    totals = _totals(source, imported, set(aside["source_row"]), rule)
    rows_difference = None if rule.unpivot else len(source) - len(imported) - left - merged
    difference = rows_difference if totals[0] is None else _plain(totals[0] - totals[1] - totals[2])
    reason = _reason(table, rule, file, merged, difference)
    return [
        table.name,
        file,
        len(source),
        totals[0],
        len(imported),
        totals[1],
        left,
        totals[2],
        merged,
        difference,
        reason,
    ]


def _totals(
    source: pd.DataFrame, imported: pd.DataFrame, left: set[object], rule: TableRule
) -> tuple[Decimal, ...] | tuple[None, ...]:
    if not rule.control:
        return None, None, None
    aside = source[source["_row"].isin(left)]
    return _total(source["_control"]), _total(imported[rule.control["column"]]), _total(aside["_control"])


def _total(cells: pd.Series) -> Decimal:
    """The exact sum of numbers told as text; what is missing or no number counts nothing."""
    numbers = (plain_decimal(c.strip()) for c in cells.dropna())
    return _plain(sum((n for n in numbers if n is not None), Decimal(0)))


def _plain(number: Decimal) -> Decimal:
    """The same number without trailing zeros or exponent."""
    text = f"{number:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _reason(table: Built, rule: TableRule, file: str, merged: int, difference: object) -> str:
    aside = table.aside[table.aside["source_file"] == file]
    counts = aside.groupby(["kind", "reason"], sort=True).size()
    said = [f"{_rows(count, kind)}: {reason}" for (kind, reason), count in counts.items()]
    if merged:
        said.append(f"{_rows(merged)} merged: one row per {', '.join(rule.one_row_per)}")
    flagged = int((table.flagged["source_file"] == file).sum()) if len(table.flagged) else 0
    if flagged:
        said.append(f"{_rows(flagged)} {table.flagged['reason'].iloc[0]}")
    if rule.unpivot:
        said.append("one source row gives a row for each filled cell")
    if difference:
        said.append("the source's control total differs from what its rows give: compare them before relying on it")
    return "; ".join(said) or "all rows"


def _rows(count: int, kind: str = "row") -> str:
    return f"{count} {kind}{'' if count == 1 else 's'}"
