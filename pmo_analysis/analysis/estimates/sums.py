"""Means and ratios of sums, with intervals that know which rows belong together."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.estimates.tails import draw_tail

_CHUNK_CELLS = 4_000_000
_TAILS: tuple[Literal["lognormal", "pareto"], ...] = ("lognormal", "pareto")
_FARTHEST = 8.0  # standard errors
# Upwards limits lie farther off by this over the number of clusters, for the longest that have mostly not been seen yet.
# Tuned on lognormal, Pareto and mixed hours so that of 30 rows, too, about 95 % of the intervals cover.
_UNSEEN, _UNSEEN_QUICK = 3.0, 4.0
Estimate = dict[str, float]


def too_few(n: float, minimum: int) -> str:
    """The words for a number of observations below the minimum; empty text when there are enough."""
    return "" if n >= minimum else f"too few to say (n = {int(n)})"


def ratio_interval(
    frame: pd.DataFrame,
    numerator: str,
    denominator: str,
    *,
    cluster: str | None = None,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
    minimum: int = 5,
) -> Estimate:
    """The ratio of two sums and how sure we are of it.

    Rows with a blank in either column are set aside. `n` counts rows; the bootstrap resamples whole
    clusters (rows where `cluster` is None). Studentised bootstrap on the log scale (Efron & Tibshirani
    1993, ch. 12) where the sums are positive, on the plain scale otherwise, widened by t/z. Of few rows the
    longest hours have mostly not been seen yet, so further draws extend the ratios' upper half as a lognormal and as a
    Pareto tail. The reach upwards is the mean of the three, and a little farther; downwards that of the first two.
    """
    rows, totals = _cluster_totals(frame, numerator, denominator, cluster)
    value = _divide(totals[:, 0].sum(), totals[:, 1].sum())
    if len(rows) < minimum or len(totals) < 2 or not np.isfinite(value):
        return {"value": value, "low": np.nan, "high": np.nan, "n": len(rows)}
    low, high = _studentised_limits(totals, level, draws, seed)
    return {"value": value, "low": low, "high": high, "n": len(rows)}


def _cluster_totals(
    frame: pd.DataFrame, numerator: str, denominator: str, cluster: str | None
) -> tuple[pd.DataFrame, np.ndarray]:
    """Complete rows, and the two sums per cluster ordered by content, so that names and order do not matter."""
    rows = frame.loc[frame[numerator].notna() & frame[denominator].notna()]
    pairs = rows[[numerator, denominator]].astype("float64")
    order = np.lexsort((pairs[denominator], pairs[numerator]))
    pairs = pairs.iloc[order].set_axis(["above", "below"], axis=1)
    if cluster is not None:
        pairs = pairs.groupby(rows[cluster].iloc[order].to_numpy(), dropna=False, sort=False).sum()
    totals = pairs.to_numpy()
    return rows, totals[np.lexsort((totals[:, 1], totals[:, 0]))]


def _divide(above: float, below: float) -> float:
    return float(above / below) if below != 0 else np.nan


def _studentised_limits(totals: np.ndarray, level: float, draws: int, seed: int) -> tuple[float, float]:
    value, error = (float(told[0]) for told in _ratio_and_error(np.ones((1, len(totals))), totals))
    drawn, drawn_error = _resample(totals, draws, seed)
    logs = bool(value > 0 and (drawn > 0).all())
    centre, spread = (np.log(value), error / value) if logs else (value, error)
    t = _studentise(drawn, drawn_error, value, logs=logs)
    if not spread > 1e-12 * abs(centre) or len(t) < draws // 2:
        return np.nan, np.nan  # without any spread nothing tells how sure we are
    shares, factor = [(1 + level) / 2, (1 - level) / 2], _small_sample_factor(len(totals), level)
    down, up = np.quantile(t, shares)
    tails = [draw_tail(totals, draws, seed, shape) for shape in _TAILS] if logs else []
    if tails and None not in tails:
        told = [np.quantile(_studentise(*tail, logs=True), shares) for tail in tails if tail is not None]
        # Of few rows a resample may hold one row many times: its error then says nothing.
        down = (down + told[0][0]) / 2
        farther = 1 + _UNSEEN * (totals[:, 1] ** 2).sum() / totals[:, 1].sum() ** 2
        up = farther * (max(up, -_FARTHEST) + told[0][1] + told[1][1]) / 3
    limits = centre - spread * factor * np.array([down, up])
    low, high = np.exp(limits) if logs else limits
    return float(low), float(high)


def _studentise(drawn: np.ndarray, error: np.ndarray, truth: float, *, logs: bool) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (np.log(drawn) - np.log(truth)) / (error / drawn) if logs else (drawn - truth) / error
    return t[np.isfinite(t)]


def _resample(totals: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratio and error of each resample; in pieces, since draws × clusters can be large."""
    rng, size = np.random.default_rng(seed), len(totals)
    step = max(1, _CHUNK_CELLS // size)
    told = [
        _ratio_and_error(
            rng.multinomial(size, np.full(size, 1 / size), min(step, draws - start)).astype("float64"), totals
        )
        for start in range(0, draws, step)
    ]
    ratio, error = (np.concatenate(parts) for parts in zip(*told, strict=True))
    return ratio, error


def _small_sample_factor(clusters: Any, level: float) -> Any:
    """Resamples never reach beyond the tail that was seen; t/z makes up for most of it. A number or a column."""
    share = (1 + level) / 2
    return special.stdtrit(clusters - 1, share) / special.ndtri(share) * np.sqrt(clusters / (clusters - 1))


def _ratio_and_error(counts: np.ndarray, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ratio and its linearised standard error for each resample, given as counts per cluster."""
    with np.errstate(divide="ignore", invalid="ignore"):
        above, below = (counts @ totals).T
        ratio = above / below
        squares = counts @ np.column_stack([totals[:, 0] ** 2, totals[:, 0] * totals[:, 1], totals[:, 1] ** 2])
        variance = squares[:, 0] - 2 * ratio * squares[:, 1] + ratio**2 * squares[:, 2]
        size = counts.sum(axis=1)
        return ratio, np.sqrt(np.maximum(variance, 0) * size / (size - 1)) / np.abs(below)


def ratio_table(
    frame: pd.DataFrame,
    by: list[str],
    *,
    numerator: str = "numerator",
    denominator: str = "denominator",
    cluster: str | None = None,
    count: str | None = None,
    level: float = 0.95,
    minimum: int = 5,
    errors: bool = False,
) -> pd.DataFrame:
    """Ratios of sums for many groups at once: the columns of `by`, value, low, high, n.

    Linearised variance over clusters, Student's t corrected for skewness (Hall 1992) or, where it is wider and nothing
    is negative, taken on the log scale and farther off above, for the tail not seen; without resampling, so cheap enough
    for thousands of cells, where `ratio_interval` is meant for one figure. `n` counts rows, or adds up `count`: how
    many rows each stands for. With `errors` also error (the standard error) and freedom (its degrees), from which
    differences are told.
    """
    rows = frame.loc[frame[numerator].notna() & frame[denominator].notna()]
    rows = rows.assign(above=rows[numerator].astype("float64"), below=rows[denominator].astype("float64"))
    sums = _sums_by_cluster(rows, by, cluster, count)
    return _linearised(sums, by, level, minimum, skewed=True)[_columns(by, errors=errors)]


def mean_interval(
    values: pd.Series, *, cluster: pd.Series | None = None, level: float = 0.95, minimum: int = 5
) -> Estimate:
    """The mean and its Student interval; with `cluster`, answers of one cluster count as belonging together."""
    frame = pd.DataFrame({"value": np.asarray(values, "float64"), "all": "all"})
    frame["cluster"] = np.arange(len(frame)) if cluster is None else np.asarray(cluster)
    table = mean_table(frame, ["all"], cluster="cluster", level=level, minimum=minimum)
    if table.empty:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0}
    row = table.iloc[0]
    return {"value": float(row["value"]), "low": float(row["low"]), "high": float(row["high"]), "n": int(row["n"])}


def mean_table(
    frame: pd.DataFrame,
    by: list[str],
    *,
    value: str = "value",
    cluster: str | None = None,
    count: str | None = None,
    level: float = 0.95,
    minimum: int = 5,
    errors: bool = False,
) -> pd.DataFrame:
    """Means for many groups at once: the columns of `by`, value, low, high, n; clustered Student intervals.

    `count`: of how many values each row's is the sum, where it is not one.
    """
    rows = frame.loc[frame[value].notna()]
    rows = rows.assign(above=rows[value].astype("float64"), below=1.0 if count is None else rows[count])
    table = _linearised(_sums_by_cluster(rows, by, cluster, count), by, level, minimum, skewed=False)
    return table[_columns(by, errors=errors)]


def _columns(by: list[str], *, errors: bool) -> list[str]:
    return [*by, "value", "low", "high", "n", *(("error", "freedom") if errors else ())]


def _sums_by_cluster(rows: pd.DataFrame, by: list[str], cluster: str | None, count: str | None) -> pd.DataFrame:
    """Sums per group and cluster, added in an order that depends on the content only."""
    chosen = ["above", "below", "rows"]
    names = list(dict.fromkeys([*by, *([cluster] if cluster else [])]))
    rows = _by_content(rows.assign(rows=1 if count is None else rows[count])[[*names, *chosen]])
    if cluster is None:
        return rows
    return _by_content(rows.groupby(names, dropna=False, sort=False)[chosen].sum().reset_index())


def _by_content(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order of their sums; many are in that order already."""
    above, below = rows["above"].to_numpy(), rows["below"].to_numpy()
    tied = np.diff(above) == 0
    if ((np.diff(above) > 0) | (tied & (np.diff(below) >= 0))).all():
        return rows
    return rows.iloc[np.lexsort((below, above))]


def _linearised(sums: pd.DataFrame, by: list[str], level: float, minimum: int, *, skewed: bool) -> pd.DataFrame:
    table = _moments(sums, by)
    t = pd.Series(special.stdtrit(table["clusters"] - 1, (1 + level) / 2), index=table.index)
    upper, lower = t * table["error"], -t * table["error"]
    if skewed:
        scale = table["error"] * t / special.ndtri((1 + level) / 2)
        upper, lower = scale * _unbend(t, table["bend"]), scale * _unbend(-t, table["bend"])
    table["low"], table["high"] = table["value"] - upper, table["value"] - lower
    table = _reach_for_the_tail(_widen_by_logs(table, t, level)) if skewed else table
    table["low"] = table["low"].mask((table["least"] >= 0) & (table["low"] < 0), 0.0)
    # Without any spread nothing tells how sure we are: five equal answers are not certainty.
    table.loc[(table["n"] < minimum) | ~(table["error"] > 1e-12 * table["value"].abs()), ["low", "high"]] = np.nan
    return table.assign(freedom=np.maximum(table["even"] - 1, 1.0).where(table["clusters"].notna())).reset_index()


def _widen_by_logs(table: pd.DataFrame, t: pd.Series, level: float) -> pd.DataFrame:
    """The wider of the limits and those of the log; where the error is as large as the value the log says nothing."""
    reach = t**2 / special.ndtri((1 + level) / 2) * table["error"] / table["value"].where(table["value"] > 0)
    reach = reach.where((table["least"] >= 0) & (reach < 1))
    low, high = table["value"] * np.exp(-reach), table["value"] * np.exp(reach)
    return table.assign(
        low=table["low"].mask(low < table["low"], low), high=table["high"].mask(high > table["high"], high)
    )


def _reach_for_the_tail(table: pd.DataFrame) -> pd.DataFrame:
    """The limit above farther off where nothing is negative: of few rows the longest have mostly not been seen yet."""
    farther = table["value"] + (table["high"] - table["value"]) * (1 + _UNSEEN_QUICK / table["even"])
    return table.assign(high=table["high"].mask(table["least"] >= 0, farther))


def _moments(sums: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Per group: value, n, clusters, even, linearised error, and bend: the residuals' skewness over the root of n."""
    grouped = sums.groupby(by, dropna=False)
    table = grouped[["above", "below", "rows"]].sum().rename(columns={"rows": "n"})
    table["clusters"], table["least"] = grouped.size(), grouped["above"].min()
    squares = (sums["below"] ** 2).groupby([sums[name] for name in by], dropna=False).sum()
    # Of unequal clusters only the large ones tell how much clusters differ: as many as so many equal ones.
    table["even"] = table["below"] ** 2 / squares.where(squares > 0)
    table["value"] = table["above"] / table["below"].where(table["below"] != 0)
    table["clusters"] = table["clusters"].where(table["clusters"] > 1)
    whole = grouped[["above", "below"]].transform("sum")
    rest = sums["above"] - whole["above"] / whole["below"] * sums["below"]
    powers = sums[by].assign(square=rest**2, cube=rest**3).groupby(by, dropna=False)[["square", "cube"]].sum()
    table["error"] = np.sqrt(powers["square"] * table["clusters"] / (table["clusters"] - 1)) / table["below"].abs()
    table["bend"] = (powers["cube"] / powers["square"] ** 1.5).fillna(0.0) * np.sign(table["below"])
    return table


def _unbend(t: pd.Series, bend: pd.Series) -> pd.Series:
    """Hall's inverse of the skewness transformation; `bend` is skewness over the root of n."""
    bend = bend.where(bend.abs() > 1e-6, 1e-6)
    return 3 / bend * (np.cbrt(1 + bend * (t - bend / 6)) - 1)
