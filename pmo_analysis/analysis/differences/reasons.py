"""What could make the figures of two reports differ, and which of it bears on which figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from pmo_analysis.analysis.differences.published import Published

CAUSES = ["cause", "what", "before", "after"]
# Settings that only name or place things: no figure rests on them.
_LABELS = (
    "organisation",
    "wording",
    "segment_names",
    "slides_template",
    "segment_schemes",
    "report_period",
    "headline_quarters_back",
)
# Settings of the value score alone.
_SCORING = ("weight.", "anchor.", "weights_known")


@dataclass(frozen=True, eq=False)
class Causes:
    """Everything that is not the same on both sides: `table` has cause, what, before, after."""

    table: pd.DataFrame

    def names(self, cause: str) -> list[str]:
        """What differs of one kind: quarter, data, setting, definition, segments, code or package."""
        return self.table.loc[self.table["cause"] == cause, "what"].tolist()


def list_causes(before: Published, after: Published) -> Causes:
    """What differs between the makings of two reports: cause, what, before, after; empty where nothing does."""
    rows = [*_quarter(before, after), *_data(before, after), *_settings(before, after), *_made(before, after)]
    return Causes(pd.DataFrame(rows, columns=CAUSES, dtype="str"))


Row = tuple[str, str, str, str]


def _quarter(before: Published, after: Published) -> Iterator[Row]:
    if before.quarter != after.quarter:
        yield "quarter", after.quarter, before.quarter, after.quarter


def _data(before: Published, after: Published) -> Iterator[Row]:
    if before.tables is None or after.tables is None:
        return
    for table in sorted(before.tables.keys() | after.tables.keys()):
        then, now = before.tables.get(table, "absent"), after.tables.get(table, "absent")
        if then != now:
            yield "data", table, then[:12], now[:12]


def _settings(before: Published, after: Published) -> Iterator[Row]:
    # a setting that only one of them knows came or went with the code, and nobody has changed it
    for name in sorted(before.settings.keys() & after.settings.keys()):
        then, now = _plain(before.settings.get(name)), _plain(after.settings.get(name))
        if then != now:
            yield "setting", name, then, now


def _made(before: Published, after: Published) -> Iterator[Row]:
    both = before.definitions.keys() & after.definitions.keys() if before.definitions else set()
    for measure in sorted(both):
        if before.definitions[measure] != after.definitions[measure]:
            yield "definition", measure, before.definitions[measure], after.definitions[measure]
    if before.schemes != after.schemes:
        then, now = (" and ".join(s[:12] for s in side.schemes) or "none" for side in (before, after))
        yield "segments", "frozen segments", then, now
    if before.code != after.code:
        yield "code", "source", before.code[:12], after.code[:12]
    for name in sorted(before.packages.keys() | after.packages.keys()):
        then, now = before.packages.get(name, "absent"), after.packages.get(name, "absent")
        if then != now:
            yield "package", name, then, now


def _plain(value: object) -> str:
    """A setting's value as text; JSON keeps tuples as lists."""
    return str(list(value) if isinstance(value, tuple) else value)


def give_reasons(rows: pd.DataFrame, causes: Causes, uses: Mapping[str, frozenset[str]]) -> pd.Series:
    """Per row of figure and group_kind what could have made it differ, in words; several where several could.

    `uses`: figure → input tables that it rests on; one that is not named may rest on all.
    """
    keys = rows[["figure", "group_kind"]].astype("str").drop_duplicates()
    said = {
        (figure, kind): "; ".join(_bearing(figure, kind, causes, uses)) or "cause not found"
        for figure, kind in keys.itertuples(index=False)
    }
    found = [said[key] for key in zip(rows["figure"].astype("str"), rows["group_kind"].astype("str"), strict=True)]
    return pd.Series(found, index=rows.index, dtype="str")


def _bearing(figure: str, kind: str, causes: Causes, uses: Mapping[str, frozenset[str]]) -> Iterator[str]:
    if causes.names("quarter"):
        yield f"another quarter ({causes.names('quarter')[0]})"
    else:
        tables = [t for t in causes.names("data") if figure not in uses or t in uses[figure]]
        if tables:
            yield f"data: {', '.join(tables)}"
    settings = [s for s in causes.names("setting") if _matters(s, figure)]
    if settings:
        yield f"settings: {', '.join(settings)}"
    if figure in causes.names("definition"):
        yield "definition"
    if kind == "segment" and causes.names("segments"):
        yield "frozen segments"
    if causes.names("code"):
        yield "code"
    if causes.names("package"):
        yield f"packages: {', '.join(causes.names('package'))}"


def _matters(setting: str, figure: str) -> bool:
    if setting in _LABELS or setting.startswith("notebook_"):
        return False
    return figure == "value_score" or not setting.startswith(_SCORING)
