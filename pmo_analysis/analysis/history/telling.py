"""Segments over time: who is where, who moved, what drifted for everybody, and whether the old cut still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.history.paths import Paths, flag_moves, follow_paths
from pmo_analysis.analysis.history.split import split_changes
from pmo_analysis.analysis.segments import assign_segments, segment_customers
from pmo_analysis.analysis.segments.partitions import score_labels, search_partitions
from pmo_analysis.analysis.segments.place import complete_points
from pmo_analysis.analysis.segments.scheme import encode, thaw_mixture
from pmo_analysis.contract.errors import InputError

_FALSE_MOVES = 0.05
_LOSES = 0.5
_CLIP = 5.0


@dataclass(frozen=True, eq=False)
class SegmentHistory:
    """Segments over quarters under one scheme.

    `members`: customer_id, quarter, segment (changes only where a move is told), assigned (by the scheme in that
      quarter alone), confidence (of the latter)
    `movers`: customer_id, quarter (first in the new segment), from_segment, to_segment, probability
    `drift`: feature, quarter, shift (of everybody, in deviations of the cut, against the first quarter)
    `split`: feature (or choice = level), quarter, change (of its mean against the quarter before, in its own unit), mix
      (other customers in the segments), rate (other values within them), known_count, missing_count; change = mix + rate
    `migration`: from_segment, to_segment, customers_count (first quarter known to last)
    `recut_advised`, `reason`, `sentence`, `scheme`
    """

    members: pd.DataFrame
    movers: pd.DataFrame
    drift: pd.DataFrame
    split: pd.DataFrame
    migration: pd.DataFrame
    recut_advised: bool
    reason: str
    sentence: str
    scheme: Mapping[str, Any]

    def _repr_html_(self) -> str:
        return pd.DataFrame({"": [self.sentence]}).to_html(index=False, header=False) + self.migration.to_html(
            index=False
        )


def segment_history(values: pd.DataFrame, *, scheme: Mapping[str, Any] | None = None, seed: int = 0) -> SegmentHistory:
    """How customers moved between segments, apart from noise and from what changed for everybody.

    values: long, customer_id, quarter and the feature columns, one row per customer and quarter.
    scheme: the frozen scheme; without one, segments are cut on each customer's median over the quarters.
    Moves need two quarters on either side; expected share of false moves at most .05. A feature of the scheme that is
    absent counts as missing. InputError for repeated rows or missing keys.
    """
    panel = _check_panel(values)
    given = scheme is not None
    cut = scheme if scheme is not None else segment_customers(_typical(panel), seed=seed).scheme
    features = [c["name"] for c in cut["columns"]]
    panel = panel.reindex(columns=["customer_id", "quarter", *features])
    with threadpool_limits(1):
        scores, drift = _scores(panel, cut)
        assigned = _assign(panel, cut)
        movers, steady = _find_movers(panel, scores, cut)
    members = _members(assigned, steady, movers)
    advised, reason = _advise(panel, cut, seed) if given else (False, "the segments were cut on these very quarters")
    sentence = _tell(members, movers, advised, reason)
    split = split_changes(panel, members["segment"], cut["columns"])
    return SegmentHistory(members, movers, drift, split, _migration(members), advised, reason, sentence, cut)


def _check_panel(values: pd.DataFrame) -> pd.DataFrame:
    absent = {"customer_id", "quarter"} - set(values.columns)
    if absent:
        raise InputError(f"A history needs the column {sorted(absent)[0]!r}: one row per customer and quarter.")
    repeated = values.duplicated(["customer_id", "quarter"])
    if repeated.any():
        row = values[repeated].iloc[0]
        raise InputError(
            f"{int(repeated.sum())} rows repeat a customer and quarter (first: {row['customer_id']}, "
            f"{row['quarter']}). Give one row each."
        )
    if values.empty:
        raise InputError("The history has no rows.")
    return values.sort_values(["customer_id", "quarter"], ignore_index=True)


def _typical(panel: pd.DataFrame) -> pd.DataFrame:
    """Each customer's median over the quarters, or its most frequent text."""
    grouped = panel.drop(columns="quarter").groupby("customer_id")
    numbers = grouped.median(numeric_only=True)
    texts = [c for c in panel.columns.drop(["customer_id", "quarter"]) if c not in numbers]
    return numbers.join([grouped[c].agg(lambda s: s.mode().iloc[0] if s.notna().any() else None) for c in texts])


def _scores(panel: pd.DataFrame, scheme: Mapping[str, Any]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Numbers on the scheme's scales without what changed for everybody, and that change."""
    names = [c["name"] for c in scheme["columns"] if c["kind"] == "number"]
    scores = pd.DataFrame(encode(panel, scheme["columns"]).numbers, columns=names)
    own = scores.groupby(panel["customer_id"]).transform("median")
    common = (scores - own).groupby(panel["quarter"]).median()
    spread = 1.4826 * (scores - own).abs().median().replace(0, np.nan).fillna(scores.std())
    level = scores - common.loc[panel["quarter"]].to_numpy()
    steady = level.clip(own - _CLIP * spread, own + _CLIP * spread)
    shift = (common - common.iloc[0]).rename_axis(columns="feature").stack().rename("shift").reset_index()
    return steady, shift[["feature", "quarter", "shift"]]


def _assign(panel: pd.DataFrame, scheme: Mapping[str, Any]) -> pd.DataFrame:
    rows = assign_segments(panel.drop(columns=["customer_id", "quarter"]), scheme)
    return panel[["customer_id", "quarter"]].assign(assigned=rows["segment"], confidence=rows["confidence"])


def _find_movers(
    panel: pd.DataFrame, scores: pd.DataFrame, scheme: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.Series]:
    """Moves that noise does not explain, and the segment in which each customer started."""
    names = [s["segment"] for s in scheme["segments"]]
    customers, quarters = sorted(panel["customer_id"].unique()), sorted(panel["quarter"].unique())
    empty = pd.DataFrame(columns=["customer_id", "quarter", "from_segment", "to_segment", "probability"])
    if len(names) == 1 or scores.shape[1] == 0:
        usual = _assign(panel, scheme).groupby("customer_id")["assigned"].agg(lambda s: s.mode().iloc[0])
        return empty, usual
    mixture = thaw_mixture(scheme)
    paths, chance = follow_paths(_cube(panel, scores, customers, quarters), mixture.means, mixture.weights)
    stays = chance[:, paths.at < 0].argmax(axis=1)
    steady = pd.Series(np.array(names, dtype=object)[stays], pd.Index(customers, name="customer_id"))
    flagged = flag_moves(paths, chance, level=_FALSE_MOVES)
    rows = [_tell_move(customers[i], quarters, names, paths, path, sure) for i, path, sure in flagged]
    movers = pd.DataFrame(rows, columns=empty.columns).sort_values(["quarter", "customer_id"], ignore_index=True)
    return movers, steady


def _tell_move(customer: str, quarters: list[str], names: list[str], paths: Paths, path: int, sure: float) -> tuple:
    return customer, quarters[paths.at[path]], names[paths.before[path]], names[paths.after[path]], sure


def _cube(panel: pd.DataFrame, scores: pd.DataFrame, customers: list[str], quarters: list[str]) -> np.ndarray:
    """Customers × quarters × features; single gaps take the customer's median, else everybody's."""
    filled = scores.fillna(scores.groupby(panel["customer_id"]).transform("median")).fillna(scores.median()).fillna(0.0)
    cube = np.full((len(customers), len(quarters), scores.shape[1]), np.nan)
    cube[np.searchsorted(customers, panel["customer_id"]), np.searchsorted(quarters, panel["quarter"])] = filled
    return cube


def _members(assigned: pd.DataFrame, steady: pd.Series, movers: pd.DataFrame) -> pd.DataFrame:
    segment = assigned["customer_id"].map(steady)
    move = assigned[["customer_id"]].merge(movers.rename(columns={"quarter": "at"}), on="customer_id", how="left")
    moved = move["at"].notna().to_numpy()
    later = moved & (assigned["quarter"] >= move["at"].fillna("9999Q9")).to_numpy()
    segment = segment.mask(moved, move["from_segment"]).mask(later, move["to_segment"])
    return assigned.assign(segment=segment.astype("str"))[
        ["customer_id", "quarter", "segment", "assigned", "confidence"]
    ]


def _migration(members: pd.DataFrame) -> pd.DataFrame:
    ends = members.groupby("customer_id")["segment"].agg(["first", "last"])
    counts = ends.value_counts().rename_axis(["from_segment", "to_segment"]).rename("customers_count")
    return counts.reset_index().sort_values(["from_segment", "to_segment"], ignore_index=True)


def _advise(panel: pd.DataFrame, scheme: Mapping[str, Any], seed: int) -> tuple[bool, str]:
    """A recut only where the old segments tell less than half of what a fresh cut of the same features tells."""
    last = panel["quarter"].max()
    now = panel[panel["quarter"] == last].set_index("customer_id").drop(columns="quarter")
    if len(scheme["segments"]) == 1 or len(now) < 20:
        return False, "too few customers, or one segment, to compare cuts"
    points = complete_points(encode(now, scheme["columns"]))
    labels = pd.factorize(assign_segments(now, scheme)["segment"], sort=True)[0]
    one = score_labels(points, np.zeros(len(labels), int))
    with threadpool_limits(1):
        fresh = search_partitions(points, range(2, len(scheme["segments"]) + 2), seed=seed, thorough=False)
    best = max(p.score for p in fresh.values()) - one
    kept = (score_labels(points, labels) - one) / best if best > 0 else 1.0
    told = f"in {last} the old segments tell {100 * np.clip(kept, 0, 1):.0f} % of what a fresh cut would"
    return bool(kept < _LOSES), told


def _tell(members: pd.DataFrame, movers: pd.DataFrame, advised: bool, reason: str) -> str:
    customers, quarters = members["customer_id"].nunique(), members["quarter"].nunique()
    advice = "A recut is advised" if advised else "No recut is advised"
    return (
        f"Of {customers} customers over {quarters} quarters, {len(movers)} moved to another segment for good, "
        f"beyond what noise explains. {advice}: {reason}."
    )
