"""One table of the contract from the rows of its source, by the rules of a mapping.

Nothing leaves silently: what is not imported is set aside with a reason, merged with a row of the same key, or counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import pandas as pd

from pmo_analysis.contract.tables import TABLE, Column, key_of
from pmo_analysis.intake.cast import quote
from pmo_analysis.intake.cells import read_cells
from pmo_analysis.intake.evaluate import ASIDE, are_sound, evaluate, rows_aside
from pmo_analysis.intake.mapping_file import ColumnRule, Mapping, TableRule

FLAGGED = ["table", "source_file", "source_row", "like_file", "like_row", "reason"]
OPEN = ["map", "value", "table", "column", "engagement_id", "hours", "cost"]


@dataclass(frozen=True, eq=False)
class Built:
    """A table made from its source.

    `rows`: the contract's columns plus `_file`, `_row`; `source`: `_file`, `_row`, `_control` of every source row;
    `aside`: see ASIDE; `flagged`: see FLAGGED; `unmapped`: a row for each
    row with a value that its map lacks, see OPEN; `merged`: rows told once per key, `_file`.
    """

    name: str
    rows: pd.DataFrame
    source: pd.DataFrame
    aside: pd.DataFrame
    flagged: pd.DataFrame
    unmapped: pd.DataFrame
    merged: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def build_table(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, rule: TableRule, problems: list[str]
) -> Built | None:
    """A table by its rule; None when an expression cannot be evaluated, with every reason in `problems`."""
    where = f"{mapping.name}, table {rule.name}"
    if not are_sound(connection, rule, where, problems):
        return None
    evaluated = evaluate(connection, rule, where, problems)
    if evaluated is None:
        return None
    source, set_aside, found = evaluated
    mapped, unmapped, aside = _mapped(found, rule, mapping)
    read, cells = _read(mapped, rule, where, problems)
    once, merged, notes = _one_row_per_key(read, rule, where)
    _check_key(once, rule, where, problems)
    flagged = _alike(connection, rule, source[~source["_aside"].notna()])
    return Built(
        rule.name,
        _sorted(once, rule),
        source,
        pd.concat([set_aside, aside, cells], ignore_index=True),
        flagged,
        unmapped,
        merged,
        notes,
    )


def _mapped(found: pd.DataFrame, rule: TableRule, mapping: Mapping) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows with value maps laid over them; what no map covers; the rows set aside for it."""
    unmapped: list[pd.DataFrame] = []
    aside: list[pd.DataFrame] = []
    rows = found.copy()
    for name, column in ((n, c) for n, c in rule.columns.items() if c.map):
        given = found[name]
        rows[name] = given.map(mapping.maps[column.map].values).astype("str")
        open_ = given.notna() & rows[name].isna()
        unmapped.append(_open_rows(found[open_], name, column, rule))
        rows.loc[open_, name] = {"keep": given[open_], "fill": column.fill}.get(column.otherwise)
        if column.otherwise == "set aside":
            reason = f"no row of the map {column.map} for the {name} of the source"
            aside.append(rows_aside(rule, found[open_], column=name, value=given[open_], reason=reason))
    dropped = {(r.source_file, r.source_row) for frame in aside for r in frame.itertuples()}
    pairs = zip(rows["_file"], rows["_row"], strict=True)
    keep = pd.Series([pair not in dropped for pair in pairs], index=rows.index, dtype="bool")
    return rows[keep], _stacked(unmapped, OPEN), _stacked(aside, ASIDE)


def _open_rows(rows: pd.DataFrame, name: str, column: ColumnRule, rule: TableRule) -> pd.DataFrame:
    """Rows whose value the map lacks, with what they weigh."""
    weights = {
        w: pd.to_numeric(rows[c], errors="coerce") if c in rows else float("nan")
        for w, c in (("hours", "worked_hours"), ("cost", "charged_cost"))
    }
    engagement = rows.get("engagement_id", pd.NA)
    return pd.DataFrame(
        {
            "map": column.map,
            "value": rows[name],
            "table": rule.name,
            "column": name,
            "engagement_id": engagement,
            **weights,
        },
        columns=OPEN,
    )


def _read(rows: pd.DataFrame, rule: TableRule, where: str, problems: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows in the contract's writing; cells that cannot be read refused, blanked or set aside with their row."""
    aside: list[pd.DataFrame] = []
    read = rows.copy()
    drop = pd.Series(False, index=rows.index)
    for name in rule.columns:
        column = TABLE[rule.name].column(name)
        read[name], faults = read_cells(rows[name], column)
        bad = faults.notna()
        if bad.any() and rule.unreadable == "refuse":
            problems.extend(_refusals(rows[bad], faults[bad], column, where))
        elif bad.any():
            whole = bad & (column.required or rule.unreadable == "set aside")
            drop |= whole
            for kind, hit in (("row", whole), ("cell", bad & ~whole)):
                reason = f"{name}: " + faults[hit]
                aside.append(
                    rows_aside(rule, rows[hit], kind=kind, column=name, value=rows.loc[hit, name], reason=reason)
                )
    told = _stacked(aside, ASIDE)
    first = ~(told["kind"].eq("row") & told.duplicated(["source_file", "source_row", "kind"]))
    return read[~drop], told if rule.unpivot else told[first]


def _refusals(rows: pd.DataFrame, faults: pd.Series, column: Column, where: str) -> list[str]:
    told = []
    for fault, group in rows.groupby(faults):
        first = group.iloc[0]
        value = "" if pd.isna(first[column.name]) else f", such as {first[column.name][:60]!r}"
        told.append(
            f"{where}, column {column.name}: {len(group)} rows {fault}{value} (first: {first['_file']} row "
            f'{first["_row"]}). Mend the expression, set the rows aside, or state unreadable = "blank".'
        )
    return told


def _one_row_per_key(rows: pd.DataFrame, rule: TableRule, where: str) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The first row of each key, by `first_by` and then by content, so that file order does not matter."""
    if not rule.one_row_per:
        return rows, rows.iloc[:0][["_file"]], []
    keys = list(rule.one_row_per)
    order = [*(["_first"] if rule.first_by else []), *rule.columns]
    ordered = rows.sort_values(keys + [c for c in order if c not in keys], kind="stable")
    later = ordered.duplicated(keys)
    others = [c for c in rule.columns if c not in keys]
    differing = {c: int((ordered.groupby(keys)[c].nunique(dropna=False) > 1).sum()) for c in others}
    notes = [
        f"{where}: {count} of {int((~later).sum())} keys have more than one {c}; the first was taken."
        for c, count in differing.items()
        if count
    ]
    return ordered[~later], ordered.loc[later, ["_file"]], notes


def _check_key(rows: pd.DataFrame, rule: TableRule, where: str, problems: list[str]) -> None:
    keys = list(key_of(TABLE[rule.name], set(rule.columns)))
    twice = rows[rows.duplicated(keys, keep=False)] if keys else rows.iloc[:0]
    if len(twice):
        first = twice.sort_values(keys).iloc[0]
        problems.append(
            f"{where}: {len(twice)} rows share their {', '.join(keys)}, such as "
            f"{', '.join(str(first[k]) for k in keys)} ({first['_file']} row {first['_row']}). "
            "State one_row_per, or a better key."
        )


def _alike(connection: duckdb.DuckDBPyConnection, rule: TableRule, kept: pd.DataFrame) -> pd.DataFrame:
    """Source rows alike but for the columns named; told, never removed."""
    if not rule.alike_but_for:
        return pd.DataFrame(columns=FLAGGED)
    rows = connection.execute(f"SELECT * FROM {quote(rule.source)} ORDER BY _file, _row").df()
    apart = {c.lower() for c in rule.alike_but_for} | {"_file", "_row"}
    rows = rows.merge(kept[["_file", "_row"]], on=["_file", "_row"])
    same = [c for c in rows.columns if c.lower() not in apart]
    first = rows.groupby(same, dropna=False)[["_file", "_row"]].transform("first")
    again = rows.duplicated(same)
    reason = f"alike but for {', '.join(rule.alike_but_for)}; kept"
    return pd.DataFrame(
        {
            "table": rule.name,
            "source_file": rows["_file"],
            "source_row": rows["_row"],
            "like_file": first["_file"],
            "like_row": first["_row"],
            "reason": reason,
        }
    )[again]


def _stacked(frames: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    filled = [f for f in frames if len(f)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=columns)


def _sorted(rows: pd.DataFrame, rule: TableRule) -> pd.DataFrame:
    """Rows by content, columns in the contract's order."""
    names = [n for n in TABLE[rule.name].names if n in rule.columns]
    keys = [k for k in key_of(TABLE[rule.name], set(names)) if k in names]
    order = keys + [n for n in names if n not in keys]
    return rows.sort_values(order, kind="stable")[["_file", "_row", *names]].reset_index(drop=True)
