"""How far a weight may move before another unit leads: exact, since an additive score is a straight line in each weight."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from pmo_analysis.analysis.value.acceptability import rank_acceptability
from pmo_analysis.contract.errors import InputError

SENSITIVITY = {
    "outcome": "str",
    "weight": "float64",
    "changes_above": "float64",
    "changes_below": "float64",
    "leader": "str",
    "then": "str",
    "sentence": "str",
    "leads_share": "float64",
    "low": "float64",
    "high": "float64",
}


def weight_sensitivity(
    scores: pd.DataFrame, weights: Mapping[str, float] | pd.Series, *, draws: int = 10_000, seed: int = 0
) -> pd.DataFrame:
    """Whether the best stays the best when one outcome weighs more or less, the others keeping their proportions.

    `scores`: units × outcomes, higher is better, nothing blank; `weights`: outcome → weight. One row per outcome: outcome,
    weight, changes_above, changes_below (weights of 0 to 1 beyond which another unit leads; blank = never), leader, then
    (who leads beyond the nearer of the two), sentence, and beside it leads_share, low, high: the share of all possible
    weights in which the leader comes first (SMAA-2). InputError for a blank score or an outcome without weight.
    """
    if scores.empty:
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in SENSITIVITY.items()})
    values, weight = _read(scores, weights)
    leader = int(np.argmax(values @ weight))
    names = scores.index.astype("str")
    rows = [
        {"outcome": str(outcome), "leader": names[leader], **_tell_outcome(values, weight, i, names, str(outcome))}
        for i, outcome in enumerate(scores.columns)
    ]
    ranks = rank_acceptability(scores.reset_index(drop=True), draws=draws, ranks=1, seed=seed)
    first = ranks.set_index("unit_id").reindex([leader]).fillna(0.0).iloc[0]
    table = pd.DataFrame(rows).assign(leads_share=first["share"], low=first["low"], high=first["high"])
    return table.astype(SENSITIVITY)[list(SENSITIVITY)]


def _read(scores: pd.DataFrame, weights: Mapping[str, float] | pd.Series) -> tuple[np.ndarray, np.ndarray]:
    values, told = scores.to_numpy("float64"), dict(weights)
    lacking = [str(name) for name in scores.columns if name not in told]
    if lacking:
        raise InputError(f"weight_sensitivity: no weight for {', '.join(lacking)}. Give every outcome one.")
    if not np.isfinite(values).all():
        blank = int((~np.isfinite(values)).sum())
        raise InputError(f"weight_sensitivity: {blank} scores are blank. Leave those units out or score them.")
    weight = np.array([told[name] for name in scores.columns], "float64")
    if (weight < 0).any() or not weight.sum() > 0:
        raise InputError("Weights are at least 0 and not all 0: give each outcome a number.")
    return values, weight / weight.sum()


def _tell_outcome(values: np.ndarray, weight: np.ndarray, i: int, names: pd.Index, outcome: str) -> dict[str, object]:
    above, next_above = _crossing(values, weight, i, upwards=True)
    below, next_below = _crossing(values, weight, i, upwards=False)
    leader, here = int(np.argmax(values @ weight)), weight[i]
    nearer = next_below if next_above is None or here - below < above - here else next_above
    known = (
        (above, None if next_above is None else names[next_above], "above"),
        (below, None if next_below is None else names[next_below], "below"),
    )
    return {
        "weight": here,
        "changes_above": above,
        "changes_below": below,
        "then": None if nearer is None else names[nearer],
        "sentence": _tell_sentence(names[leader], outcome.replace("_", " "), known),
    }


def _crossing(values: np.ndarray, weight: np.ndarray, i: int, *, upwards: bool) -> tuple[float, int | None]:
    """The nearest weight at which another unit draws level with the leader, and that unit.

    With weight t on the outcome and 1 − t on the rest, lead(t) = lead(now) + slope · (t − now): one root per unit.
    """
    rest = np.delete(weight, i)
    others = np.delete(values, i, axis=1) @ (rest / rest.sum() if rest.sum() > 0 else rest)
    if not rest.sum() > 0:
        return np.nan, None
    total = values @ weight
    leader = int(np.argmax(total))
    lead = total[leader] - total
    slope = (values[leader, i] - values[:, i]) - (others[leader] - others)
    losing = slope < -1e-12 if upwards else slope > 1e-12
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.where(losing, weight[i] - lead / slope, np.nan)
    level = np.where((level > 0) & (level < 1), level, np.nan)
    if np.isnan(level).all():
        return np.nan, None
    nearest = np.nanmin(level) if upwards else np.nanmax(level)
    # Of several that draw level at once the one leads beyond it that gains fastest.
    there = np.flatnonzero(np.abs(level - nearest) <= 1e-12)
    fastest = there[np.argmax(np.abs(slope[there]))]
    return float(nearest), int(fastest)


def _tell_sentence(leader: str, outcome: str, known: tuple[tuple[float, str | None, str], ...]) -> str:
    parts = [f"{side} {level:.2f}, where {other} leads" for level, other, side in known if other is not None]
    if not parts:
        return f"{leader} leads whatever {outcome} weighs."
    return f"The first place of {leader} changes if {outcome} weighs {', or '.join(parts)}."
