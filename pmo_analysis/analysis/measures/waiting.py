"""Quantiles of many cells at once: of values, and of how long it takes until a share has ended."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.estimates import quantile_interval

_MOST_STEPS = 4_000_000


def tell_waiting(cases: pd.DataFrame, share: float, *, level: float, minimum: int) -> pd.DataFrame:
    """Per cell the time by which a share has ended: cell, value, low, high, n.

    `cases`: cell, numerator (time), denominator (above nought: ended). Kaplan–Meier with log–log limits (Brookmeyer &
    Crowley 1982), as `censored_quantile` tells one cell; missing where the curve does not reach the share.
    """
    rows = cases.loc[cases["numerator"].notna(), ["cell", "numerator", "denominator"]]
    cell, time = rows["cell"].to_numpy(), rows["numerator"].to_numpy("float64")
    order = np.lexsort((time, cell))
    cell, time, done = cell[order], time[order], rows["denominator"].to_numpy("float64")[order] > 0
    cells, first, count = np.unique(cell, return_index=True, return_counts=True)
    place = np.repeat(np.arange(len(cells)), count)
    new = np.append(True, (np.diff(time) != 0) | (np.diff(place) != 0))[: len(time)]
    begin = np.flatnonzero(new)  # one step per cell and time
    steps = pd.DataFrame(
        {
            "place": place[begin],
            "time": time[begin],
            "ended": np.add.reduceat(done.astype("float64"), begin) if len(begin) else np.zeros(0),
            "at_risk": (first + count)[place[begin]] - begin,
        }
    )
    steps = steps[steps["ended"] > 0]
    told = np.full((3, len(cells)), np.nan)
    for chosen in _share_out(steps):
        part = steps.iloc[chosen]
        own, rank = np.unique(part["place"], return_inverse=True)
        told[:, own] = _tell_steps(part, rank, len(own), share, level)
    told[1:, count < minimum] = np.nan
    return pd.DataFrame({"cell": cells, "value": told[0], "low": told[1], "high": told[2], "n": count})


def tell_quantile(cases: pd.DataFrame, share: float, *, level: float, minimum: int) -> pd.DataFrame:
    """Per cell the quantile of its numerators: cell, value, low, high, n; limits, as of `quantile_interval`, from `minimum` on.

    Between two values the quantile is interpolated as `numpy.quantile` does, to the last digit.
    """
    rows = cases.loc[cases["numerator"].notna(), ["cell", "numerator"]]
    cell, value = rows["cell"].to_numpy(), rows["numerator"].to_numpy("float64")
    order = np.lexsort((value, cell))
    value = value[order]
    cells, first, count = np.unique(cell[order], return_index=True, return_counts=True)
    place = (count - 1) * share
    before = np.floor(place).astype("int64")
    a, b = value[first + before], value[first + np.minimum(before + 1, count - 1)]
    part = place - before
    middle = np.where(part < 0.5, a + (b - a) * part, b - (b - a) * (1 - part))
    limits = np.full((len(cells), 2), np.nan)
    for i in np.flatnonzero(count >= minimum):
        own = pd.Series(value[first[i] : first[i] + count[i]])
        told = quantile_interval(own, share, level=level, minimum=minimum)
        limits[i] = told["low"], told["high"]
    return pd.DataFrame({"cell": cells, "value": middle, "low": limits[:, 0], "high": limits[:, 1], "n": count})


def _share_out(steps: pd.DataFrame) -> list[np.ndarray]:
    """The steps of whole cells in parts, those with about as many steps together, so that tables hold few blanks."""
    counts = steps.groupby("place").size().sort_values(kind="stable")
    size = np.cumsum(counts.to_numpy()) // _MOST_STEPS + np.ceil(np.log2(counts.to_numpy()))
    part = pd.Series(size, index=counts.index).reindex(steps["place"]).to_numpy()
    return [np.flatnonzero(part == number) for number in np.unique(part)]


def _tell_steps(steps: pd.DataFrame, row: np.ndarray, rows: int, share: float, level: float) -> np.ndarray:
    """Value, low and high of each row's cell, from its steps in the order of time."""
    column = pd.Series(row).groupby(row).cumcount().to_numpy()
    shape = (rows, int(column.max()) + 1)
    times, kept, terms = np.full(shape, np.nan), np.ones(shape), np.zeros(shape)
    ended, at_risk = steps["ended"].to_numpy(), steps["at_risk"].to_numpy("float64")
    with np.errstate(divide="ignore", invalid="ignore"):
        times[row, column], kept[row, column] = steps["time"], 1 - ended / at_risk
        terms[row, column] = ended / (at_risk * (at_risk - ended))
        survival, error = np.cumprod(kept, axis=1), np.sqrt(np.cumsum(terms, axis=1))
        reach = special.ndtri((1 + level) / 2) * error / np.abs(np.log(survival))
        curves = (survival, survival ** np.exp(reach), survival ** np.exp(-reach))
        reached = [(curve <= 1 - share + 1e-12) & ~np.isnan(times) for curve in curves]
    where = [(np.arange(rows), np.argmax(r, axis=1)) for r in reached]
    return np.array([np.where(r.any(axis=1), times[at], np.nan) for r, at in zip(reached, where, strict=True)])
