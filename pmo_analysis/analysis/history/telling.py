"""Segments over time: who is where, who moved, what drifted for everybody, and whether the old cut still holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.history.drift import tell_drift
from pmo_analysis.analysis.history.moves import flag_moves
from pmo_analysis.analysis.history.noise import look_back_windows
from pmo_analysis.analysis.history.panel import (
    KEYS,
    check_panel,
    encode_numbers,
    stack_panel,
    typical_customers,
)
from pmo_analysis.analysis.history.paths import LEARNED_FROM, follow_paths
from pmo_analysis.analysis.history.recut import advise_recut
from pmo_analysis.analysis.history.split import split_changes
from pmo_analysis.analysis.segments import assign_segments, segment_customers
from pmo_analysis.analysis.segments.mixture import Points
from pmo_analysis.analysis.segments.scheme import encode, thaw_mixture
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.quarters import quarters_between
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.memory import gives_back

_FALSE_MOVES = 0.10
_FEWEST_QUARTERS = 4
_MOVE = ["customer_id", "quarter", "from_segment", "to_segment", "probability"]


@dataclass(frozen=True, eq=False)
class SegmentHistory:
    """Segments over quarters under one scheme.

    `members`: customer_id, quarter, segment (changes only where a move is told), assigned (by the scheme in that
      quarter alone), confidence (of the latter)
    `movers`: customer_id, quarter (first in the new segment), from_segment, to_segment, probability; the expected share
      of false ones is at most .10
    `possible`: the same for moves that are more likely than not and not told, such as one seen in the last quarter only
    `drift`: feature, quarter, shift (of everybody, in deviations of the cut, against the first quarter), low, high, n,
      clear (told apart from noise, the number of features and quarters counted)
    `split`: feature (or choice = level), quarter, change (of its mean against the quarter before, in its own unit), mix
      (other customers in the segments), rate (other values within them), known_count, missing_count; change = mix + rate
    `migration`: from_segment, to_segment, customers_count (first quarter known to last)
    `recut_advised`, `reason`, `sentence`, `scheme`
    """

    members: pd.DataFrame
    movers: pd.DataFrame
    possible: pd.DataFrame
    drift: pd.DataFrame
    split: pd.DataFrame
    migration: pd.DataFrame
    recut_advised: bool
    reason: str
    sentence: str
    scheme: Mapping[str, Any]

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.migration)


@gives_back
def segment_history(
    values: pd.DataFrame,
    *,
    scheme: Mapping[str, Any] | None = None,
    look_back: int = 1,
    recorded_from: str | None = None,
    seed: int = 0,
) -> SegmentHistory:
    """How customers moved between segments, apart from noise and from what changed for everybody.

    values: long, customer_id, quarter and the feature columns, one row per customer and quarter.
    scheme: the frozen scheme; without one, segments are cut on each steady customer's median over the quarters.
    look_back: quarters that each row sums up (as in `feature_panel`); a move then shows as a ramp. recorded_from: the
    quarter in which the record begins, where that is within the first row's look-back.
    A move is told when it began two quarters after the first and two before the end at least, and is likelier than
    blips (quarters that look like another segment and pass). A feature of the scheme
    that is absent counts as missing. InputError for repeated rows, missing keys, or a scheme of other columns.
    """
    values = panel = check_panel(values)  # what came is large and not needed any more
    if look_back < 1:
        raise InputError(f"look_back={look_back}: each row looks back over at least 1 quarter.")
    cut = scheme if scheme is not None else segment_customers(typical_customers(panel), seed=seed).scheme
    panel, absent = _take_features(panel, cut)
    with threadpool_limits(1):
        assigned = _assign(panel, cut)
        points = encode(panel, cut["columns"])
        drift = tell_drift(panel, encode_numbers(points, cut["columns"]))
        movers, possible, steady = _find_movers(panel, points, assigned, cut, _windows(panel, look_back, recorded_from))
    del points
    members = _members(assigned, steady, movers)
    last = panel["quarter"].max()
    now = panel[panel["quarter"] == last].set_index("customer_id").drop(columns="quarter")
    advised, reason = (
        (False, "the segments were cut on these very quarters")
        if scheme is None
        else advise_recut(now, cut, quarter=last, seed=seed)
    )
    return SegmentHistory(
        members,
        movers,
        possible,
        drift,
        split_changes(panel, members["segment"], cut["columns"]),
        _migration(members),
        advised,
        reason,
        _tell(members, movers, possible, advised, reason) + absent,
        cut,
    )


def _take_features(panel: pd.DataFrame, scheme: Mapping[str, Any]) -> tuple[pd.DataFrame, str]:
    """The scheme's features, and what to say of those that are absent."""
    features = [c["name"] for c in scheme["columns"]]
    absent = [f for f in features if f not in panel]
    if features and len(absent) > len(features) / 2:
        raise InputError(
            f"The scheme was cut on {len(features)} columns, {len(absent)} of which these quarters do not have: "
            f"{', '.join(absent[:5])}. Compute the same features, or cut a new scheme."
        )
    told = f" Absent, and counted as missing: {', '.join(absent)}." if absent else ""
    return panel.reindex(columns=[*KEYS, *features]), told


def _windows(panel: pd.DataFrame, look_back: int, recorded_from: str | None) -> np.ndarray:
    quarters = sorted(panel["quarter"].unique())
    first = quarters[0] if recorded_from is None else recorded_from
    before = look_back - 1 if recorded_from is None else max(len(quarters_between(first, quarters[0])) - 1, 0)
    return look_back_windows(len(quarters), look_back, min(before, look_back - 1))


def _assign(panel: pd.DataFrame, scheme: Mapping[str, Any]) -> pd.DataFrame:
    rows = assign_segments(panel.drop(columns=KEYS), scheme)
    return panel[KEYS].assign(assigned=rows["segment"], confidence=rows["confidence"])


def _find_movers(
    panel: pd.DataFrame, points: Points, assigned: pd.DataFrame, scheme: Mapping[str, Any], windows: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Moves that noise does not explain, those that it may, and the segment in which each customer started."""
    names = [s["segment"] for s in scheme["segments"]]
    customers, quarters = sorted(panel["customer_id"].unique()), sorted(panel["quarter"].unique())
    nobody = pd.DataFrame(columns=_MOVE).astype(dict.fromkeys(_MOVE[:-1], "str") | {_MOVE[-1]: "float64"})
    if len(names) == 1 or points.numbers.shape[1] == 0 or len(quarters) == 1:
        return nobody, nobody, assigned.groupby("customer_id")["assigned"].agg(lambda s: s.mode().iloc[0])
    mixture = thaw_mixture(scheme)
    scores = encode_numbers(points, scheme["columns"])
    stacked = stack_panel(panel, scores, points, mixture, windows)
    paths, sure, anyhow = follow_paths(stacked, mixture.means, mixture.weights)
    steady = pd.Series(np.array(names, dtype=object)[sure.stay], pd.Index(customers, name="customer_id"))

    def tell(flagged: list[tuple[int, int, float]]) -> pd.DataFrame:
        rows = [
            (customers[i], quarters[max(paths.at[p], 0)], names[paths.before[p]], names[paths.after[p]], moved)
            for i, p, moved in flagged
        ]
        told = pd.DataFrame(rows, columns=_MOVE) if rows else nobody
        return told.sort_values(["quarter", "customer_id"], ignore_index=True)

    movers, doubtful = flag_moves(paths, sure, _FALSE_MOVES)
    named = {i for i, _, _ in movers + doubtful}
    # With moves allowed that one quarter alone shows, others may have moved too.
    late = [row for rows in flag_moves(paths, anyhow, _FALSE_MOVES) for row in rows if row[0] not in named]
    return tell(movers), tell(doubtful + late), steady


def _members(assigned: pd.DataFrame, steady: pd.Series, movers: pd.DataFrame) -> pd.DataFrame:
    segment = assigned["customer_id"].map(steady)
    move = assigned["customer_id"].to_frame().join(movers.set_index("customer_id"), on="customer_id")
    moved = move["quarter"].notna()
    later = moved & (assigned["quarter"] >= move["quarter"].fillna("9999Q4"))
    segment = segment.mask(moved, move["from_segment"]).mask(later, move["to_segment"])
    return assigned.assign(segment=segment.astype("str"))[
        ["customer_id", "quarter", "segment", "assigned", "confidence"]
    ]


def _migration(members: pd.DataFrame) -> pd.DataFrame:
    ends = members.groupby("customer_id")["segment"].agg(["first", "last"])
    counts = ends.value_counts().rename_axis(["from_segment", "to_segment"]).rename("customers_count")
    return counts.reset_index().sort_values(["from_segment", "to_segment"], ignore_index=True)


def _tell(members: pd.DataFrame, movers: pd.DataFrame, possible: pd.DataFrame, advised: bool, reason: str) -> str:
    customers, quarters = members["customer_id"].nunique(), members["quarter"].nunique()
    advice = f"{'A recut is advised' if advised else 'No recut is advised'}: {reason}."
    if quarters < _FEWEST_QUARTERS:
        return (
            f"{customers} customers over {quarters} quarter{'s' * (quarters > 1)}: moves for good cannot be told in "
            f"fewer than {_FEWEST_QUARTERS}; {len(possible)} may have moved. {advice}"
        )
    false = (1 - movers["probability"]).sum()
    return (
        f"Of {customers} customers over {quarters} quarters, {len(movers)} moved to another segment for good, beyond what "
        f"noise explains ({false:.1f} of them by chance, if quarters vary as the model has it); {len(possible)} more may "
        f"have moved. {_tell_learned(customers)}{advice}"
    )


def _tell_learned(customers: int) -> str:
    """On how many of the customers the noise was learned, where not on all."""
    if customers <= LEARNED_FROM:
        return ""
    return f"How quarters vary was learned from {LEARNED_FROM:,} of them, evenly spaced; all were followed. "
