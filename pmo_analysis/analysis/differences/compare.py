"""Two reports figure by figure: before, after, the change with its interval, and what could have made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pmo_analysis.analysis.differences.published import ESTIMATE, KEYS, Published
from pmo_analysis.analysis.differences.reasons import Causes, give_reasons, list_causes
from pmo_analysis.analysis.estimates import difference_interval
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.showing import show_result

COLUMNS = [*KEYS, "state", "before", "after", "change", "low", "high", "n_before", "n_after", "known_now", "reason"]
# Figures of a customer look back over quarters that two reports share: their difference has no interval of its own.
_SHARED = ("customer", "role")


@dataclass(frozen=True, eq=False)
class Comparison:
    """What differs between two reports.

    table: figure, group_kind, group, state (changed, new, gone), before, after, change, low, high (the interval of the
        change where both reports carry one and rest on other rows), n_before, n_after, known_now (what is known now of
        the earlier quarter, where that is not what was published then), reason. What is the same is left out.
    causes: cause (quarter, data, setting, definition, segments, code, package), what, before, after.
    """

    before: str
    after: str
    table: pd.DataFrame = field(repr=False)
    causes: pd.DataFrame = field(repr=False)
    same_count: int
    currency: str
    sentence: str

    @property
    def clear(self) -> pd.DataFrame:
        """The rows whose change has an interval without nought, in the order of the figures."""
        rows = self.table
        return rows[(rows["low"] > 0) | (rows["high"] < 0)]

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.table)


def compare(before: Published, after: Published, uses: Mapping[str, frozenset[str]] | None = None) -> Comparison:
    """What changed from one report to another, figure by figure, and by what.

    `uses`: figure → input tables that it rests on, so that a changed table is blamed only for what it bears on.
    """
    rows = before.figures.merge(after.figures, on=KEYS, how="outer", suffixes=("_before", "_after"), sort=True)
    then, now = (_side(rows, which) for which in ("before", "after"))
    rows["state"] = np.where(then["value"].isna(), "new", np.where(now["value"].isna(), "gone", "changed"))
    same = (then["value"] == now["value"]) & _alike(then, now, "low") & _alike(then, now, "high")
    rows = rows.assign(before=then["value"], after=now["value"], change=now["value"] - then["value"])
    rows[["low", "high"]] = _intervals(rows, then, now, (before, after))
    rows = rows[~same].reset_index(drop=True)
    causes = list_causes(before, after)
    rows["known_now"] = _known_now(rows, before, after)
    rows["reason"] = give_reasons(rows, causes, uses or {}) + np.where(rows["known_now"].notna(), "; data of then", "")
    currency, equal = str(after.settings.get("currency", "")), int(same.sum())
    said = _say(before, after, rows, causes, equal)
    return Comparison(before.name, after.name, rows[COLUMNS], causes.table, equal, currency, said)


def _side(rows: pd.DataFrame, which: str) -> pd.DataFrame:
    return rows[[f"{name}_{which}" for name in ESTIMATE]].set_axis(ESTIMATE, axis=1).astype("float64")


def _alike(then: pd.DataFrame, now: pd.DataFrame, column: str) -> pd.Series:
    return (then[column] == now[column]) | (then[column].isna() & now[column].isna())


def _intervals(
    rows: pd.DataFrame, then: pd.DataFrame, now: pd.DataFrame, sides: tuple[Published, Published]
) -> pd.DataFrame:
    """The interval of each change: the later report's own where it told one, else from both sides' limits."""
    before, after = sides
    blank = pd.DataFrame(np.nan, index=rows.index, columns=["low", "high"])
    if before.quarter >= after.quarter:
        return blank  # the same rows told twice, or told backwards: not two independent estimates
    told = difference_interval(now, then)
    exact = then["low"] == then["high"]
    apart = ~rows["group_kind"].isin(_SHARED) & ~(exact | (now["low"] == now["high"]))
    mine = pd.DataFrame({"low": told["low"], "high": told["high"]}).where(apart, np.nan)
    return _own(rows, after, before.quarter).combine_first(mine)


def _own(rows: pd.DataFrame, after: Published, quarter: str) -> pd.DataFrame:
    """The intervals that the later report itself told of a change against this quarter."""
    against = {shift_quarter(after.quarter, -1): "last quarter", shift_quarter(after.quarter, -4): "last year"}.get(
        quarter
    )
    told = after.changes
    if against is None or told.empty:
        return pd.DataFrame(np.nan, index=rows.index, columns=["low", "high"])
    told = told[told["against"] == against].rename(columns={"measure": "figure"})
    return rows[KEYS].merge(told[[*KEYS, "low", "high"]], on=KEYS, how="left").set_index(rows.index)[["low", "high"]]


def _known_now(rows: pd.DataFrame, before: Published, after: Published) -> pd.Series:
    """What the later report's run chart says of the earlier quarter, where that is not what was published then."""
    chart = after.run_chart
    now = (
        rows["figure"].map(chart[chart["quarter"] == before.quarter].set_index("measure")["value"])
        if len(chart)
        else np.nan
    )
    first = before.run_chart
    then = (
        rows["figure"].map(first[first["quarter"] == before.quarter].set_index("measure")["value"])
        if len(first)
        else np.nan
    )
    now, then = pd.Series(now, index=rows.index, dtype="float64"), pd.Series(then, index=rows.index, dtype="float64")
    moved = (now - then).abs() > 1e-9 * (1 + then.abs())
    return now.where(moved & (rows["group_kind"] == "all") & (before.quarter != after.quarter))


def _say(before: Published, after: Published, rows: pd.DataFrame, causes: Causes, same: int) -> str:
    if rows.empty:
        return f"{before.name} and {after.name} tell the same in all {same:,} figures."
    kinds = causes.table.groupby("cause", sort=False)["what"].agg(list)
    told = [f"{_NAMES[kind]} ({_few(names)})" for kind, names in kinds.items()]
    by = (
        f" What is not the same behind them: {'; '.join(told)}."
        if told
        else " Nothing behind them differs: make both again."
    )
    clear = int(((rows["low"] > 0) | (rows["high"] < 0)).sum())
    sure = f", {clear:,} of them clearly" if rows["low"].notna().any() else ""
    counts = rows["state"].value_counts()
    ends = "".join(f"; {counts[s]:,} {word}" for s, word in (("new", "are new"), ("gone", "are gone")) if s in counts)
    changed = f"{counts.get('changed', 0):,} figures changed{sure}{ends}; {same:,} are the same"
    return f"From {before.name} to {after.name} {changed}.{by}"


_NAMES = {"quarter": "the quarter", "data": "data", "setting": "settings", "definition": "definitions",
          "segments": "segments", "code": "code", "package": "packages"}  # fmt: skip


def _few(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
