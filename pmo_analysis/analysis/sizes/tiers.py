"""Tiers of effort that cost least: exact limits and standard sizes, and how many tiers there should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.analysis.sizes.groups import MOST_VALUES, count_groups
from pmo_analysis.analysis.sizes.many import Cuts, cheapest_cuts
from pmo_analysis.analysis.sizes.programme import Costs, Indices, Runs, even_limits
from pmo_analysis.contract.checking import read_numbers
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
    evidence: tiers_count, loss, least_loss (no cut can be below it; missing where not proven), total_cost,
    and where groups were looked for groups_count, valley, gain, null_gain, p_value, kept · left_out: position, reason
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
    up to 6,000 distinct values, above within 1e-5 of a bound that no cut can be below (evidence, least_loss).
    Raises InputError on no hours, and on negative hours, costs or weights.
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
    costs = Costs(float(under_cost), float(over_cost), round_to)
    cuts = cheapest_cuts(values, weight, tiers or max_tiers, costs, min_share=min_share)
    evidence = _evidence(cuts, fixed_cost)
    count, chosen_by, evidence = _choose(evidence, cuts.runs, tiers, fixed_cost, seed)
    bounds = cuts.bounds[min(count, len(cuts.bounds)) - 1]
    table, loss = _table(cuts.runs, bounds), cuts.runs.cut_cost(bounds)
    return Tiers(table, loss, chosen_by, evidence, left_out, _sentence(table, loss, chosen_by, len(values), tiers))


def _refuse_options(tiers: int | None, max_tiers: int, **numbers: float | None) -> None:
    wrong = []
    for name, low in (("tiers", tiers), ("max_tiers", max_tiers)):
        whole = isinstance(low, int | np.integer) and not isinstance(low, bool) and low >= 1
        if not whole and (low is not None or name == "max_tiers"):
            wrong.append(f"{name} = {low!r} (a whole number from 1)")
    for name, value in numbers.items():
        if value is None and name in ("fixed_cost", "round_to"):
            continue
        least_open = name in ("under_cost", "over_cost", "round_to")
        least, most = np.nextafter(0, 1) if least_open else 0, 1 if name == "min_share" else np.finfo(float).max
        if not isinstance(value, int | float | np.number) or not least <= value <= most:
            allowed = "a share, 0 to 1" if name == "min_share" else f"a number {'above' if least_open else 'from'} 0"
            wrong.append(f"{name} = {value!r} ({allowed})")
    if wrong:
        raise InputError(f"Sizes cannot be cut with {'; '.join(wrong)}.")


def _usable(hours: Any, weights: Any) -> tuple[Numbers, Numbers | None, pd.DataFrame]:
    if isinstance(hours, pd.DataFrame) or np.ndim(hours) > 1:
        raise InputError("hours must be one list or column of hours, one per engagement, not a table.")
    values = pd.to_numeric(pd.Series(hours), errors="coerce").to_numpy(float, na_value=np.nan)
    weight = None if weights is None else read_numbers(pd.Series(weights), "weights").to_numpy(float)
    if weight is not None and len(weight) != len(values):
        raise InputError(f"weights has {len(weight)} rows, hours {len(values)}: give one weight per engagement.")
    wrong = int((values < 0).sum()), 0 if weight is None else int(((weight < 0) | np.isinf(weight)).sum())
    if any(wrong):
        raise InputError(
            f"Hours and weights cannot be negative: {wrong[0]} negative hours, {wrong[1]} negative or endless weights in "
            f"{len(values)} rows; mend them."
        )
    kept = np.isfinite(values) if weight is None else np.isfinite(values) & (weight > 0)
    if not kept.any():
        raise InputError(f"No hours to cut into sizes: all {len(values)} rows are missing or without weight.")
    dropped = np.flatnonzero(~kept)
    reason = np.where(np.isfinite(values[dropped]), "no weight", "hours missing or not a number")
    left_out = pd.DataFrame({"position": dropped, "reason": pd.Series(reason, dtype="str")})
    if kept.all():
        return values, weight, left_out
    return values[kept], None if weight is None else weight[kept], left_out


def _evidence(cuts: Cuts, fixed_cost: float | None) -> pd.DataFrame:
    losses = np.array([cuts.runs.cut_cost(b) for b in cuts.bounds])
    counts = np.arange(1, len(losses) + 1)
    total = losses + counts * fixed_cost if fixed_cost is not None else np.nan
    return pd.DataFrame(
        {"tiers_count": counts, "loss": losses, "least_loss": np.minimum(cuts.least_loss, losses), "total_cost": total}
    )


def _choose(
    evidence: pd.DataFrame, runs: Runs, tiers: int | None, fixed_cost: float | None, seed: int
) -> tuple[int, str, pd.DataFrame]:
    if tiers is not None:
        return tiers, "given", evidence
    if len(runs.values) == 1:
        return 1, "one value", evidence
    if fixed_cost is not None:
        return int(evidence["tiers_count"].iloc[evidence["total_cost"].argmin()]), "total cost", evidence
    groups = count_groups(_some_hours(runs, seed), most=len(evidence), seed=seed)
    merged = evidence.merge(groups, how="left", left_on="tiers_count", right_on="groups_count")
    return int(groups.loc[groups["kept"], "groups_count"].max()), "groups on log hours", merged


def _some_hours(runs: Runs, seed: int) -> Numbers:
    """All the hours where they are few and counted whole, otherwise 2,000 drawn by their weight."""
    counts, total = np.diff(runs.weight), runs.weight[-1]
    if total <= MOST_VALUES and np.all(counts == np.round(counts)):
        return np.repeat(runs.values, counts.astype(int))
    drawn = np.random.default_rng(seed).uniform(0, total, int(min(MOST_VALUES, max(total, len(counts)))))
    return np.sort(runs.values[np.searchsorted(runs.weight, drawn, side="right") - 1])


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
    """Where both neighbours cost the same, at the nearest round number that moves no engagement."""
    last, first = runs.values[bounds[1:-1] - 1], runs.values[bounds[1:-1]]
    same = even_limits(size, runs.costs)
    inside = np.where((same >= last) & (same < first), same, last)
    step = runs.costs.step or 10.0 ** np.floor(np.log10(np.maximum(first - last, 1e-9)))
    for rounded in (np.floor(inside / step) * step, np.ceil(inside / step) * step, np.round(inside / step) * step):
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
