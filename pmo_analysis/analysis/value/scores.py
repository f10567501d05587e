"""The value score: what each customer gets, on 0 to 100, few observations shrunk, with honest limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.value.acceptability import check_draws, tell_bands
from pmo_analysis.analysis.value.sensitivity import weight_sensitivity
from pmo_analysis.analysis.value.shrinkage import Posterior, Seen, integrate_scores
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.memory import gives_back

SMALLEST_GROUP = 8
# A bad quarter lies beyond the worst anchor, sometimes far; half of all values ten scales out are of another unit.
LEAST_VALUE, MOST_VALUE, _STRANGE_SHARE = -1000.0, 1100.0, 0.5


@dataclass(frozen=True, eq=False)
class ValueScores:
    """Value per unit.

    scores: unit_id, score, low, high, n (observations), measured_share (of the weight), raw (unshrunk, over what is measured).
    outcomes: unit_id, outcome, score, low, high, n, raw.
    bounds: unit_id, low_score, high_score: the score with unmeasured outcomes at 0 and at 100.
    acceptability: unit_id, rank_band, share of draws in which the unit ranks there, low, high (error of the draws).
    sensitivity: outcome, weight, changes_above, changes_below, leader, then, sentence, leads_share, low, high: how far a
        weight may move before another unit leads, and the share of all weights in which the leader comes first.
    weights: outcome, weight. left_out: the rows not used, with a reason.
    """

    scores: pd.DataFrame
    outcomes: pd.DataFrame
    bounds: pd.DataFrame
    acceptability: pd.DataFrame
    sensitivity: pd.DataFrame
    weights: pd.DataFrame
    left_out: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.scores)


@gives_back
def score_value(
    measures: pd.DataFrame,
    weights: Mapping[str, float] | pd.Series | None = None,
    *,
    groups: Mapping[str, str] | pd.Series | None = None,
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> ValueScores:
    """How much value each unit gets: an additive score over outcomes, shrunk towards its group.

    `measures`: unit_id (or customer_id), outcome, value (0–100), one row per observation, optionally measure (observations
    are then compared within their measure), or n and sd where a row sums up several. `weights` None = unknown: the score
    weighs the outcomes equally and the acceptability runs over all weights. Groups under 8 units shrink to the whole; groups
    must not be built from the outcome. An observation is taken as it is where a bad quarter carries it beyond 0 or 100.
    Errors: InputError for missing columns, half of all values below −1,000 or above 1,100 (another unit), negative or
    empty weights, no draws, or a level outside 0 to 1.
    """
    _check_request(measures, weights, groups, level)
    check_draws(draws)
    rows, left_out = _read_rows(measures)
    wanted = _read_weights(weights, rows)
    rows, more = rows[rows["outcome"].isin(wanted.index)], rows[~rows["outcome"].isin(wanted.index)]
    left_out = pd.concat([left_out, more.assign(reason="its outcome has no weight")], ignore_index=True)
    if rows.empty:
        return _nothing(wanted, left_out)
    units, seen = _see(rows, wanted, groups)
    known = wanted[seen.outcomes]
    direction = (known / known.sum() if known.sum() > 0 else known * 0 + 1 / len(known)).to_numpy()
    with threadpool_limits(1):
        posterior = integrate_scores(seen.seen, np.vstack([direction, np.eye(len(known))]))
    scores = _tell_scores(units, seen, posterior, wanted, level)
    centre, spread = posterior.centre()[:, 1:], posterior.spread()[:, 1:]
    bands = tell_bands(units, centre, spread, None if weights is None else direction, draws=draws, seed=seed)
    return ValueScores(
        scores,
        _tell_outcomes(units, seen, posterior, level),
        _tell_bounds(units, seen, centre, wanted),
        bands,
        _tell_sensitivity(units, seen, centre, direction, draws=draws, seed=seed),
        wanted.rename("weight").rename_axis("outcome").reset_index(),
        left_out,
        _tell_sentence(scores, weights is None),
    )


@dataclass(frozen=True, eq=False)
class _Table:
    """What was seen, with the names of the outcomes and the unshrunk means."""

    outcomes: list[str]
    seen: Seen
    raw: np.ndarray


def _check_request(measures: object, weights: object, groups: object, level: object) -> None:
    if not isinstance(measures, pd.DataFrame):
        raise InputError(f"score_value needs a table of unit_id, outcome and value, not {type(measures).__name__}.")
    for name, given, example in (("weights", weights, "{'quality': 2}"), ("groups", groups, "{'C001': 'north'}")):
        if given is not None and not isinstance(given, (Mapping, pd.Series)):
            raise InputError(f"{name} are a mapping such as {example}, not {type(given).__name__}.")
    if isinstance(level, bool) or not isinstance(level, (int, float, np.number)) or not 0 < level < 1:
        raise InputError(f"level={level!r} is not a share between 0 and 1. Try level=0.95.")


def _read_rows(measures: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = measures.rename(columns={} if "unit_id" in measures else {"customer_id": "unit_id"})
    lacking = [name for name in ("unit_id", "outcome", "value") if name not in rows]
    if lacking:
        raise InputError(f"score_value needs the columns unit_id, outcome and value; {', '.join(lacking)} is missing.")
    rows = rows.assign(
        value=_as_numbers(rows["value"]),
        n=_as_numbers(rows["n"]) if "n" in rows else 1.0,
        sd=_as_numbers(rows["sd"]) if "sd" in rows else np.nan,
    )
    bad = ~np.isfinite(rows["value"]) | rows["unit_id"].isna() | rows["outcome"].isna() | ~(rows["n"] > 0)
    strange = ~bad & ~rows["value"].between(LEAST_VALUE, MOST_VALUE)
    if strange.any() and strange.mean() >= _STRANGE_SHARE:
        first = rows[strange].iloc[0]
        raise InputError(
            f"score_value: {int(strange.sum())} of {len(rows)} values are far from the scale of 0 to 100, such as "
            f"{first['value']:,.6g} of {first['outcome']!r}. Turn each measure into 0 to 100 by its anchors (settings) first."
        )
    left_out = rows[bad].assign(reason="value, unit, outcome or n is blank")
    return rows[~bad], left_out.reindex(columns=[*rows.columns, "reason"])


def _as_numbers(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column, errors="coerce").astype("Float64").astype("float64")


def _read_weights(weights: Mapping[str, float] | pd.Series | None, rows: pd.DataFrame) -> pd.Series:
    if weights is None:
        names = sorted(rows["outcome"].unique())
        return pd.Series(1 / max(len(names), 1), index=names, dtype="float64")
    told = pd.to_numeric(pd.Series(dict(weights), dtype="object"), errors="coerce").astype("float64")
    if not np.isfinite(told).all() or (told < 0).any() or told.sum() <= 0:
        raise InputError("Weights are at least 0 and not all 0: give each outcome a number.")
    return (told / told.sum())[lambda weight: weight > 0]


def _see(
    rows: pd.DataFrame, wanted: pd.Series, groups: Mapping[str, str] | pd.Series | None
) -> tuple[pd.Index, _Table]:
    """Counts, means and noise, units ordered by content so that their names do not matter."""
    outcomes = [name for name in wanted.index if (rows["outcome"] == name).any()]
    rows = rows.assign(adjusted=rows["value"] - _measure_offset(rows)).sort_values(
        ["adjusted", "value", "n"], kind="stable"
    )
    sums = (
        rows.assign(total=rows["adjusted"] * rows["n"], plain=rows["value"] * rows["n"])
        .groupby(["unit_id", "outcome"])[["n", "total", "plain"]]
        .sum()
    )
    wide = sums.unstack("outcome").reindex(columns=pd.MultiIndex.from_product([["n", "total", "plain"], outcomes]))
    order = np.lexsort(wide.fillna(-1e9).to_numpy().T)
    wide = wide.iloc[order]
    count = wide["n"].fillna(0.0).to_numpy("float64")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, raw = wide["total"].to_numpy() / count, wide["plain"].to_numpy() / count
    noise, freedom = _noise(rows, outcomes)
    group, loose = _number_groups(wide.index, groups)
    return wide.index, _Table(outcomes, Seen(np.where(count > 0, mean, 0.0), count, group, loose, noise, freedom), raw)


def _measure_offset(rows: pd.DataFrame) -> pd.Series | float:
    """How far a measure's mean lies from its outcome's: who was asked what must not decide who looks good."""
    if "measure" not in rows:
        return 0.0
    weighted = (
        rows.assign(total=rows["value"] * rows["n"])
        .sort_values("total")
        .groupby(["outcome", "measure"])[["total", "n"]]
        .sum()
    )
    means = weighted["total"] / weighted["n"]
    return rows.join((means - means.groupby("outcome").mean()).rename("offset"), on=["outcome", "measure"])["offset"]


def _noise(rows: pd.DataFrame, outcomes: list[str]) -> tuple[np.ndarray, float]:
    """Variance of one observation per outcome, from the spread within units, and its degrees of freedom.

    An outcome with few repeats borrows from all: ten degrees of freedom of the pooled variance are added.
    """
    keys = [rows["unit_id"], rows["outcome"]]
    centre = (rows["adjusted"] * rows["n"]).groupby(keys).transform("sum") / rows["n"].groupby(keys).transform("sum")
    inside = rows["n"] * (rows["adjusted"] - centre) ** 2 + (rows["n"] - 1) * rows["sd"].fillna(0.0) ** 2
    repeats = rows["n"].where(rows["sd"].notna() | (rows["n"] == 1), 1.0).groupby(rows["outcome"]).sum()
    freedom = (repeats - rows.groupby("outcome")["unit_id"].nunique()).reindex(outcomes)
    squares = inside.groupby(rows["outcome"]).sum().reindex(outcomes)
    pooled = squares.sum() / freedom.sum() if freedom.sum() > 0 else rows["adjusted"].var(ddof=0)
    noise = (squares + 10 * pooled) / (freedom + 10)
    return np.maximum(noise.to_numpy("float64"), 1e-6), float(freedom.sum())


def _number_groups(units: pd.Index, groups: Mapping[str, str] | pd.Series | None) -> tuple[np.ndarray, np.ndarray]:
    """A group number per unit (in order of appearance), and which groups are too small for a mean of their own."""
    named = pd.Series(units).map(dict(groups)) if groups is not None else pd.Series([None] * len(units))
    codes, names = pd.factorize(named.astype("object"), use_na_sentinel=True)
    codes = np.where(codes < 0, len(names), codes)
    sizes = np.bincount(codes, minlength=len(names) + 1)
    return codes, np.append(sizes[:-1] < SMALLEST_GROUP, True)


def _tell_scores(units: pd.Index, table: _Table, posterior: Posterior, wanted: pd.Series, level: float) -> pd.DataFrame:
    seen, weight = table.seen.count > 0, wanted[table.outcomes].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        raw = np.where(seen, table.raw, 0.0) @ weight / (seen @ weight)
    scores = pd.DataFrame(
        {
            "unit_id": units,
            "score": posterior.centre()[:, 0],
            "low": posterior.quantile((1 - level) / 2),
            "high": posterior.quantile((1 + level) / 2),
            "n": table.seen.count.sum(axis=1).astype("int64"),
            "measured_share": seen @ weight,
            "raw": raw,
        }
    )
    return scores.sort_values("unit_id", ignore_index=True)


def _tell_outcomes(units: pd.Index, table: _Table, posterior: Posterior, level: float) -> pd.DataFrame:
    tables = [
        pd.DataFrame(
            {
                "unit_id": units,
                "outcome": outcome,
                "score": posterior.centre()[:, i + 1],
                "low": posterior.quantile((1 - level) / 2, i + 1),
                "high": posterior.quantile((1 + level) / 2, i + 1),
                "n": table.seen.count[:, i].astype("int64"),
                "raw": table.raw[:, i],
            }
        )
        for i, outcome in enumerate(table.outcomes)
    ]
    return pd.concat(tables).sort_values(["unit_id", "outcome"], ignore_index=True)


def _tell_bounds(units: pd.Index, table: _Table, centre: np.ndarray, wanted: pd.Series) -> pd.DataFrame:
    seen, weight = table.seen.count > 0, wanted[table.outcomes].to_numpy()
    low = np.where(seen, centre, 0.0) @ weight
    bounds = pd.DataFrame({"unit_id": units, "low_score": low, "high_score": low + 100 * (1 - seen @ weight)})
    return bounds.sort_values("unit_id", ignore_index=True)


def _tell_sensitivity(
    units: pd.Index, table: _Table, centre: np.ndarray, direction: np.ndarray, *, draws: int, seed: int
) -> pd.DataFrame:
    scores = pd.DataFrame(centre, index=units, columns=table.outcomes)
    return weight_sensitivity(scores, dict(zip(table.outcomes, direction, strict=True)), draws=draws, seed=seed)


def _tell_sentence(scores: pd.DataFrame, unknown: bool) -> str:
    few = int((scores["n"] < 4).sum())
    told = f"{len(scores)} customers have a value score, {few} of them from fewer than four observations: close to their group."
    if unknown:
        told += " The outcomes' weights are unknown: they count equally here, and the ranks are told over all weights."
    return told


def _nothing(wanted: pd.Series, left_out: pd.DataFrame) -> ValueScores:
    def empty(*columns: str) -> pd.DataFrame:
        return pd.DataFrame(
            {c: pd.Series(dtype="str" if c in ("unit_id", "outcome", "rank_band") else "float64") for c in columns}
        )

    return ValueScores(
        empty("unit_id", "score", "low", "high", "n", "measured_share", "raw"),
        empty("unit_id", "outcome", "score", "low", "high", "n", "raw"),
        empty("unit_id", "low_score", "high_score"),
        empty("unit_id", "rank_band", "share", "low", "high"),
        weight_sensitivity(pd.DataFrame(), {}),
        wanted.rename("weight").rename_axis("outcome").reset_index(),
        left_out,
        "No value can be scored: no outcome was measured.",
    )
