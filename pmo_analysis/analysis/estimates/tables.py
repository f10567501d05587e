"""Means and ratios of sums of many groups at once, with intervals that know which rows belong together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import special

# Upwards limits lie farther off by this over the number of clusters, for the longest that have mostly not been seen yet.
_UNSEEN_QUICK = 4.0


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
    parts: bool = False,
) -> pd.DataFrame:
    """Ratios of sums for many groups at once: the columns of `by`, value, low, high, n.

    Linearised variance over clusters, Student's t corrected for skewness (Hall 1992) or, where it is wider and nothing
    is negative, taken on the log scale and farther off above, for the tail not seen; without resampling, so cheap enough
    for thousands of cells, where `ratio_interval` is meant for one figure. `n` counts rows, or adds up `count`: how
    many rows each stands for. With `errors` also error (the standard error) and freedom (its degrees), from which
    differences are told. `parts`: each numerator is a part of its denominator, so that the ratio lies between 0 and 1; then
    the limits are those of its log-odds, and there are no errors.
    """
    columns = {"above": frame[numerator], "below": frame[denominator], "rows": 1.0 if count is None else frame[count]}
    return _tabulate(frame, columns, by, cluster, parts=parts, level=level, minimum=minimum, skewed=True)[
        _columns(by, errors=errors)
    ]


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
    many = 1.0 if count is None else frame[count]
    columns = {"above": frame[value], "below": many, "rows": many}
    return _tabulate(frame, columns, by, cluster, level=level, minimum=minimum, skewed=False)[
        _columns(by, errors=errors)
    ]


def _columns(by: list[str], *, errors: bool) -> list[str]:
    return [*by, "value", "low", "high", "n", *(("error", "freedom") if errors else ())]


def _tabulate(
    frame: pd.DataFrame,
    columns: Mapping[str, pd.Series | float],
    by: list[str],
    cluster: str | None,
    *,
    level: float,
    minimum: int,
    skewed: bool,
    parts: bool = False,
) -> pd.DataFrame:
    count_rows = isinstance(columns["rows"], float)
    whole = {name: np.broadcast_to(np.asarray(values, "float64"), len(frame)) for name, values in columns.items()}
    known = np.flatnonzero(~np.isnan(whole["above"]) & ~np.isnan(whole["below"]))
    keys, group = _number_groups(frame[by], known)
    sums = {name: values[known] for name, values in whole.items()}
    belong = None if cluster is None else pd.factorize(frame[cluster].iloc[known], use_na_sentinel=False)[0]
    table = _moments(*_sums_by_cluster(group, sums, belong), len(keys))
    if count_rows:
        table = table.astype({"n": "int64"})
    return pd.concat([keys, _limit(table, level, minimum, skewed=skewed, parts=parts)], axis=1)


def _number_groups(keys: pd.DataFrame, known: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """The different keys of the known rows in their order, blank last, and the number of each row's."""
    rows = keys.iloc[known]
    group = rows.groupby(list(keys), dropna=False, observed=True).ngroup().to_numpy()
    first = np.zeros(int(group.max(initial=-1)) + 1, "int64")
    first[group[::-1]] = np.arange(len(group))[::-1]
    return rows.iloc[first].reset_index(drop=True), group


def _sums_by_cluster(
    group: np.ndarray, sums: Mapping[str, np.ndarray], belong: np.ndarray | None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The group and the sums of each cluster, in an order that depends on the content only."""
    order = _by_content(sums)
    group, sums = group[order], {name: values[order] for name, values in sums.items()}
    if belong is None:
        return group, sums
    pair = group * (int(belong.max(initial=0)) + 1) + belong[order]
    code, found = pd.factorize(pair)
    sums = {name: np.bincount(code, values, len(found)) for name, values in sums.items()}
    order = _by_content(sums)
    return (found // (int(belong.max(initial=0)) + 1))[order], {name: values[order] for name, values in sums.items()}


def _by_content(sums: Mapping[str, np.ndarray]) -> np.ndarray | slice:
    """The order of the sums; many are in that order already."""
    above, below = sums["above"], sums["below"]
    rising = above[1:] > above[:-1]
    if (rising | ((above[1:] == above[:-1]) & (below[1:] >= below[:-1]))).all():
        return slice(None)
    return np.lexsort((below, above))


def _moments(group: np.ndarray, sums: Mapping[str, np.ndarray], size: int) -> pd.DataFrame:
    """Per group: value, n, clusters, even, linearised error, and bend: the residuals' skewness over the root of n.

    least: the least numerator; spare: the least of what a denominator exceeds its numerator by; without: the error by
    leaving out one cluster after the other, which a few heavy ones do not make too small.
    """

    def add(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, values, size)

    above, below = sums["above"], sums["below"]
    table = pd.DataFrame({"above": add(above), "below": add(below), "n": add(sums["rows"])})
    clusters = np.bincount(group, minlength=size).astype("float64")
    table["clusters"] = np.where(clusters > 1, clusters, np.nan)
    for name, values in (("least", above), ("spare", below - above)):
        lowest = np.full(size, np.inf)
        np.minimum.at(lowest, group, values)
        table[name] = lowest
    squares = add(below**2)
    # Of unequal clusters only the large ones tell how much clusters differ: as many as so many equal ones.
    table["even"] = table["below"] ** 2 / np.where(squares > 0, squares, np.nan)
    table["value"] = table["above"] / table["below"].where(table["below"] != 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = table["above"].to_numpy() / table["below"].to_numpy()
        rest = above - ratio[group] * below
        square, cube = add(rest**2), add(rest**3)
        table["error"] = np.sqrt(square * table["clusters"] / (table["clusters"] - 1)) / table["below"].abs()
        without = add((rest / np.maximum(1 - below / table["below"].to_numpy()[group], 1e-6)) ** 2)
        table["without"] = np.sqrt(without * (1 - 1 / table["clusters"])) / table["below"].abs()
        table["bend"] = np.nan_to_num(cube / square**1.5) * np.sign(table["below"])
    return table


def _limit(table: pd.DataFrame, level: float, minimum: int, *, skewed: bool, parts: bool) -> pd.DataFrame:
    """The moments with low, high and freedom."""
    t = pd.Series(special.stdtrit(table["clusters"] - 1, (1 + level) / 2), index=table.index)
    upper, lower = t * table["error"], -t * table["error"]
    if skewed:
        scale = table["error"] * t / special.ndtri((1 + level) / 2)
        upper, lower = scale * _unbend(t, table["bend"]), scale * _unbend(-t, table["bend"])
    table["low"], table["high"] = table["value"] - upper, table["value"] - lower
    table = _reach_for_the_tail(_widen_by_logs(table, t, level)) if skewed else table
    table["low"] = table["low"].mask((table["least"] >= 0) & (table["low"] < 0), 0.0)
    table = _keep_inside(table, level) if parts else table
    # Without any spread nothing tells how sure we are: five equal answers are not certainty.
    table.loc[(table["n"] < minimum) | ~(table["error"] > 1e-12 * table["value"].abs()), ["low", "high"]] = np.nan
    # The difference of two parts is told from their limits, not their errors: it cannot pass −1 or 1.
    told = table["clusters"].notna() & ~(parts & (table["least"] >= 0) & (table["spare"] >= 0))
    return table.assign(freedom=np.maximum(table["even"] - 1, 1.0).where(told), error=table["error"].where(told))


def _keep_inside(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Parts of a whole: Student's limits of the log-odds, which never pass 0 or 1; of so many clusters as even ones would be.

    A part that is negative or more than its whole (a credit) is no part of it: the limits stay those of a ratio.
    """
    value, inside = table["value"], (table["least"] >= 0) & (table["spare"] >= 0)
    between = value.where((value > 0) & (value < 1))
    odds = special.logit(between)
    t = special.stdtrit(np.maximum(table["even"] - 1, 1.0), (1 + level) / 2)
    reach = t * table["without"] / (between * (1 - between))
    low, high = special.expit(odds - reach), special.expit(odds + reach)
    return table.assign(low=low.where(inside, table["low"]), high=high.where(inside, table["high"]))


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


def _unbend(t: pd.Series, bend: pd.Series) -> pd.Series:
    """Hall's inverse of the skewness transformation; `bend` is skewness over the root of n."""
    bend = bend.where(bend.abs() > 1e-6, 1e-6)
    return 3 / bend * (np.cbrt(1 + bend * (t - bend / 6)) - 1)
