"""Tiers of effort that cost least: exact limits and standard sizes, and how many tiers there should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.analysis.sizes.groups import count_groups
from pmo_analysis.analysis.sizes.programme import Indices, Runs, best_cuts
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.showing import show_result

Numbers = npt.NDArray[np.float64]
LETTERS = ("XS", "S", "M", "L", "XL", "XXL", "XXXL")
NAMES = {1: LETTERS[2:3], 2: ("S", "L"), 3: LETTERS[1:4], 4: LETTERS[1:5], 5: LETTERS[:5], 6: LETTERS[:6], 7: LETTERS}


@dataclass(frozen=True, eq=False)
class Tiers:
    """Sizes in which to offer a service.

    table: tier, from_hours (above), to_hours (up to and with), standard_hours, count, share
    loss: cost of all spare and missing hours when each engagement takes its cheapest tier
    chosen_by: "given", "total cost", "groups on log hours" or "one value"
    evidence: tiers_count, loss, total_cost, and where groups were looked for groups_count, valley, gain,
    null_gain, p_value, kept · left_out: position, reason
    """

    table: pd.DataFrame
    loss: float
    chosen_by: str
    evidence: pd.DataFrame
    left_out: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.table)


def size_tiers(
    hours: Sequence[float] | Numbers | pd.Series,
    *,
    tiers: int | None = None,
    max_tiers: int = 7,
    under_cost: float = 1.0,
    over_cost: float = 1.0,
    fixed_cost: float | None = None,
    round_to: float | None = None,
    min_share: float = 0.0,
    weights: Sequence[float] | Numbers | pd.Series | None = None,
    seed: int = 0,
) -> Tiers:
    """Tells into which sizes a service should be cut, and what each should stand for.

    Each engagement takes its cheapest tier: `over_cost` per spare hour, `under_cost` per missing hour,
    `fixed_cost` per tier offered; `round_to` makes standard sizes multiples of it; every tier holds at least
    `min_share` of the weight. `tiers=None` takes the least total cost where `fixed_cost` is given, otherwise
    the groups that are really there on log hours. Missing hours are in `left_out`. Exact by dynamic programming
    up to 10,000 distinct values, above within about 1e-6 of the optimum. Raises InputError on no hours,
    negative hours, costs or weights, and limits that no cut can meet.
    """
    _refuse_options(
        tiers,
        max_tiers,
        under_cost=under_cost,
        over_cost=over_cost,
        fixed_cost=fixed_cost,
        round_to=round_to,
        min_share=min_share,
    )
    values, weight, left_out = _usable(hours, weights)
    runs = Runs.of(values, weight, under=float(under_cost), over=float(over_cost), step=round_to)
    cuts = best_cuts(runs, tiers or max_tiers, min_share * runs.weight[-1] * (1 - 1e-12))
    evidence = _evidence(runs, cuts, fixed_cost)
    count, chosen_by, evidence = _choose(evidence, values, tiers, fixed_cost, seed)
    bounds = cuts[min(count, len(cuts)) - 1]
    table, loss = _table(runs, bounds), float(runs.cost(bounds[:-1], bounds[1:]).sum())
    return Tiers(table, loss, chosen_by, evidence, left_out, _sentence(table, loss, chosen_by, len(values), tiers))


def _refuse_options(tiers: int | None, max_tiers: int, **numbers: float | None) -> None:
    wrong = []
    for name, low in (("tiers", tiers), ("max_tiers", max_tiers)):
        if low is not None and (isinstance(low, bool) or int(low) != low or low < 1):
            wrong.append(f"{name} = {low!r} (a whole number from 1)")
    for name, value in numbers.items():
        least_open = name in ("under_cost", "over_cost", "round_to")
        if value is not None and (not np.isfinite(value) or value < 0 or (least_open and value == 0)):
            wrong.append(f"{name} = {value!r} ({'above' if least_open else 'from'} 0)")
    share = numbers["min_share"]
    if share is not None and share > 1:
        wrong.append(f"min_share = {share!r} (a share, 0 to 1)")
    if wrong:
        raise InputError(f"Sizes cannot be cut with {'; '.join(wrong)}.")


def _usable(hours: Any, weights: Any) -> tuple[Numbers, Numbers | None, pd.DataFrame]:
    values = pd.to_numeric(pd.Series(hours), errors="coerce").to_numpy(float, na_value=np.nan)
    weight = None if weights is None else pd.Series(weights).to_numpy(float, na_value=np.nan)
    if weight is not None and len(weight) != len(values):
        raise InputError(f"weights has {len(weight)} rows, hours {len(values)}: give one weight per engagement.")
    if (values < 0).any() or (weight is not None and (weight < 0).any()):
        raise InputError(f"Hours and weights cannot be negative: {int((values < 0).sum())} negative hours; mend them.")
    kept = np.isfinite(values) if weight is None else np.isfinite(values) & (weight > 0)
    if not kept.any():
        raise InputError(f"No hours to cut into sizes: all {len(values)} rows are missing or without weight.")
    dropped = np.flatnonzero(~kept)
    reason = np.where(np.isfinite(values[dropped]), "no weight", "hours missing or not a number")
    left_out = pd.DataFrame({"position": dropped, "reason": pd.Series(reason, dtype="str")})
    return values[kept], None if weight is None else weight[kept], left_out


def _evidence(runs: Runs, cuts: list[Indices], fixed_cost: float | None) -> pd.DataFrame:
    if not cuts or not np.isfinite(runs.cost(cuts[0][:-1], cuts[0][1:]).sum()):
        raise InputError("No cut gives every tier its min_share; lower min_share.")
    losses = [float(runs.cost(b[:-1], b[1:]).sum()) for b in cuts]
    counts = np.arange(1, len(cuts) + 1)
    total = np.array(losses) + counts * fixed_cost if fixed_cost is not None else np.full(len(cuts), np.nan)
    return pd.DataFrame({"tiers_count": counts, "loss": losses, "total_cost": total})


def _choose(
    evidence: pd.DataFrame, hours: Numbers, tiers: int | None, fixed_cost: float | None, seed: int
) -> tuple[int, str, pd.DataFrame]:
    if tiers is not None:
        return tiers, "given", evidence
    if len(evidence) == 1 and hours.min() == hours.max():
        return 1, "one value", evidence
    if fixed_cost is not None:
        return int(evidence["tiers_count"].iloc[evidence["total_cost"].argmin()]), "total cost", evidence
    groups = count_groups(hours, most=len(evidence), seed=seed)
    merged = evidence.merge(groups, how="left", left_on="tiers_count", right_on="groups_count")
    return int(groups.loc[groups["kept"], "groups_count"].max()), "groups on log hours", merged


def _table(runs: Runs, bounds: Indices) -> pd.DataFrame:
    size = runs.size(bounds[:-1], bounds[1:])
    count = np.diff(runs.weight[bounds])
    upper = np.append(_limits(runs, bounds, size), runs.values[-1])
    names = NAMES.get(len(size), tuple(f"T{i + 1}" for i in range(len(size))))
    return pd.DataFrame(
        {
            "tier": list(names),
            "from_hours": np.append(0.0, upper[:-1]),
            "to_hours": upper,
            "standard_hours": size,
            "count": count.astype(int) if np.all(count == np.round(count)) else count,
            "share": count / count.sum(),
        }
    )


def _limits(runs: Runs, bounds: Indices, size: Numbers) -> Numbers:
    """Where both neighbours cost the same, at a round number if that moves no engagement."""
    last, first = runs.values[bounds[1:-1] - 1], runs.values[bounds[1:-1]]
    same = (runs.under * size[:-1] + runs.over * size[1:]) / (runs.under + runs.over)
    inside = np.where((same >= last) & (same < first), same, last)
    step = runs.step or 10.0 ** np.floor(np.log10(np.maximum(first - last, 1e-9)))
    for rounded in (np.floor(inside / step) * step, np.round(inside / step) * step, np.ceil(inside / step) * step):
        inside = np.where((rounded >= last) & (rounded < first), rounded, inside)
    return inside


def _sentence(table: pd.DataFrame, loss: float, chosen_by: str, count: int, asked: int | None) -> str:
    sizes = ", ".join(f"{t} {h:,.4g} h" for t, h in zip(table["tier"], table["standard_hours"], strict=True))
    how = {
        "given": "as asked",
        "total cost": "the least total cost",
        "one value": "all took the same hours",
        "groups on log hours": "as many as groups of effort can be told apart from chance",
    }[chosen_by]
    short = f" Only {len(table)} of the {asked} sizes asked for are possible." if asked and len(table) < asked else ""
    what = "One size" if len(table) == 1 else f"{len(table)} sizes"
    return f"{what} ({sizes}) for {count:,} engagements: {how}; {loss:,.4g} hours' worth of spare and missing.{short}"
