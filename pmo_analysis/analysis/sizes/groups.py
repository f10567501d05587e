"""How many groups of effort are really there, on log hours, against chance and against rounding.

A mixture of k + 1 normal groups is claimed over k only where its density has a valley between neighbouring
groups (skewed effort is not two sizes) and its likelihood gain exceeds that of every one of 49 data sets drawn
from the k groups and rounded as the data are (a parametric bootstrap at level .02; McLachlan 1987).
A rounded value stands for all hours that round to it (interval likelihood), so that its step is not taken for a group.
Criteria such as BIC find groups in rounded hours where there is one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
DRAWS = 49
CELLS = 120
ROUNDS = 40
LEAST_VALUES = 20
LEAST_IN_GROUP = 5
MOST_VALUES = 2000
STEPS = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 0.05, 0.01)


@dataclass(frozen=True, eq=False)
class _Grid:
    """Cells on log hours (their middles), and where each run of cells that round to the same value begins."""

    at: Numbers
    starts: npt.NDArray[np.int64]

    def share_out(self, cells: Numbers, density: Numbers) -> tuple[Numbers, Numbers]:
        """Counts per cell, each value's spread over its run by the density; and the density of each cell's run."""
        if len(self.starts) == len(self.at):
            return cells, density
        lengths = np.diff(np.append(self.starts, len(self.at)))
        counts, whole = (np.add.reduceat(v, self.starts, axis=1) for v in (cells, density))
        whole = np.repeat(whole, lengths, axis=1)
        return np.repeat(counts, lengths, axis=1) * density / whole, whole


@dataclass(frozen=True, eq=False)
class _Mixture:
    """Normal groups, one mixture per row: means, spreads, shares and the log-likelihood."""

    mean: Numbers
    spread: Numbers
    share: Numbers
    likelihood: Numbers

    def take(self, rows: npt.NDArray[np.int64]) -> _Mixture:
        return _Mixture(self.mean[rows], self.spread[rows], self.share[rows], self.likelihood[rows])


def count_groups(hours: Numbers, *, most: int, seed: int = 0) -> pd.DataFrame:
    """One row per number of groups tried: groups_count, valley, gain, null_gain, p_value, kept (yes/no).

    The last kept row is the answer; it starts with one group. Above 2,000 values a random 2,000 are used;
    below 20 only one group can be told.
    """
    rng = np.random.default_rng(seed)
    chosen = np.sort(hours if len(hours) <= MOST_VALUES else rng.choice(np.sort(hours), MOST_VALUES, replace=False))
    untested = dict.fromkeys(("valley", "gain", "null_gain", "p_value"), np.nan)
    rows: list[dict[str, object]] = [{"groups_count": 1, **untested, "kept": True}]
    if len(chosen) >= LEAST_VALUES and chosen[0] < chosen[-1]:
        rows += _try_more(chosen, most, rng)
    return pd.DataFrame(rows)


def rounding_step(hours: Numbers) -> float:
    """The coarsest usual step of which at least 95 % of the hours are multiples; 0 where there is none."""
    for step in STEPS:
        if np.mean(np.abs(hours / step - np.round(hours / step)) < 1e-6) >= 0.95:
            return step
    return 0.0


def _try_more(hours: Numbers, most: int, rng: np.random.Generator) -> list[dict[str, object]]:
    step = rounding_step(hours)
    logs = _logs(hours, step)
    grid = _grid(logs, step)
    cells = _histogram(logs[None, :], grid)
    fitted = _one_group(cells, grid)
    rows: list[dict[str, object]] = []
    for count in range(2, most + 1):
        more = _split_each(fitted, cells, grid)
        gain = float(more.likelihood[0] - fitted.likelihood[0])
        valley = _valley(more, len(hours))
        null = _null_gain(fitted, len(hours), step, grid, rng) if valley < 0.9 else np.nan
        kept = bool(valley < 0.9 and gain > null)
        p_value = 1 / (DRAWS + 1) if kept else np.nan
        rows.append(
            {"groups_count": count, "valley": valley, "gain": gain, "null_gain": null, "p_value": p_value, "kept": kept}
        )
        if not kept:
            break
        fitted = more
    return rows


def _logs(hours: Numbers, step: float) -> Numbers:
    positive = hours[hours > 0]
    least = step / 2 if step else (positive.min() / 2 if len(positive) else 1.0)
    return np.log(np.maximum(hours, least))


def _grid(logs: Numbers, step: float) -> _Grid:
    at = np.linspace(logs.min() - 0.5 * logs.std(), logs.max() + 0.5 * logs.std(), CELLS)
    rounded = np.round(np.exp(at) / step) if step else at
    return _Grid(at, np.flatnonzero(np.append(True, np.diff(rounded) > 0)))


def _histogram(logs: Numbers, grid: _Grid) -> Numbers:
    width = grid.at[1] - grid.at[0]
    cell = np.clip(np.round((logs - grid.at[0]) / width).astype(int), 0, CELLS - 1)
    flat = (np.arange(len(logs))[:, None] * CELLS + cell).ravel()
    return np.bincount(flat, minlength=len(logs) * CELLS).reshape(len(logs), CELLS).astype(float)


def _one_group(cells: Numbers, grid: _Grid) -> _Mixture:
    total, at = cells.sum(1, keepdims=True), grid.at
    mean = (cells @ at)[:, None] / total
    spread = np.sqrt(np.maximum((cells * (at - mean) ** 2).sum(1, keepdims=True) / total, (at[1] - at[0]) ** 2))
    return _fit(cells, grid, mean, spread, np.ones_like(mean), rounds=1 if len(grid.starts) == len(at) else ROUNDS // 2)


def _split_each(fitted: _Mixture, cells: Numbers, grid: _Grid) -> _Mixture:
    """The best mixture with one group more, started by splitting each group in two."""
    rows, count = fitted.mean.shape
    tried = [_fit(cells, grid, *_split(fitted, at)) for at in range(count)]
    best = np.argmax(np.stack([t.likelihood for t in tried]), axis=0)
    stacked = _Mixture(*[np.concatenate([getattr(t, f) for t in tried]) for f in _Mixture.__dataclass_fields__])
    return stacked.take(best * rows + np.arange(rows))


def _split(fitted: _Mixture, at: int) -> tuple[Numbers, Numbers, Numbers]:
    mean = np.insert(fitted.mean, at + 1, fitted.mean[:, at] + fitted.spread[:, at], axis=1)
    mean[:, at] -= fitted.spread[:, at]
    spread = np.insert(fitted.spread, at + 1, 0.6 * fitted.spread[:, at], axis=1)
    spread[:, at] *= 0.6
    share = np.insert(fitted.share, at + 1, 0.5 * fitted.share[:, at], axis=1)
    share[:, at] *= 0.5
    return mean, spread, share


def _fit(
    cells: Numbers, grid: _Grid, mean: Numbers, spread: Numbers, share: Numbers, *, rounds: int = ROUNDS
) -> _Mixture:
    total, at = cells.sum(1, keepdims=True), grid.at
    floor = max(2 * (at[1] - at[0]), 0.03)
    powers = np.stack([np.ones_like(at), at, at**2], axis=1)
    for _ in range(rounds):
        part, top = _parts(at, mean, spread, share)
        mass, _ = grid.share_out(cells, _density(part, top))
        moments = (part * (mass / part.sum(1))[:, None, :]) @ powers
        weight = moments[:, :, 0] + 1e-9
        mean, square = moments[:, :, 1] / weight, moments[:, :, 2] / weight
        spread, share = np.sqrt(np.maximum(square - mean**2, floor**2)), weight / total
    part, top = _parts(at, mean, spread, share)
    likelihood = (cells * np.log(grid.share_out(cells, _density(part, top))[1])).sum(1)
    return _Mixture(mean, spread, share, likelihood)


def _density(part: Numbers, top: Numbers) -> Numbers:
    return part.sum(1) * np.exp(np.maximum(top, -600.0))


def _parts(grid: Numbers, mean: Numbers, spread: Numbers, share: Numbers) -> tuple[Numbers, Numbers]:
    """Each group's density at each cell, over the largest of them, and that largest's logarithm."""
    logs = (grid - mean[:, :, None]) / spread[:, :, None]
    logs *= -0.5 * logs
    logs += np.log(share / spread)[:, :, None]
    top = logs.max(1)
    return np.exp(logs - top[:, None, :]), top


def _valley(fitted: _Mixture, count: int) -> float:
    """The shallowest valley between neighbouring groups over the lower of its two peaks; 1 = no valley."""
    if fitted.share[0].min() * count < LEAST_IN_GROUP:
        return 1.0
    order = np.argsort(fitted.mean[0])
    mean, spread, share = fitted.mean[0][order], fitted.spread[0][order], fitted.share[0][order]

    def density(at: Numbers) -> Numbers:
        return (share / spread * np.exp(-0.5 * ((at[:, None] - mean) / spread) ** 2)).sum(1)

    ratios = []
    for low, high in itertools.pairwise(mean):
        between = density(np.linspace(low, high, 60))
        ratios.append(between.min() / min(between[0], between[-1]))
    return float(max(ratios))


def _null_gain(fitted: _Mixture, count: int, step: float, grid: _Grid, rng: np.random.Generator) -> float:
    """The largest gain of one group more over data sets drawn from the fitted groups and rounded alike."""
    share = fitted.share[0] / fitted.share[0].sum()
    group = rng.choice(len(share), size=(DRAWS, count), p=share)
    drawn = np.exp(fitted.mean[0][group] + fitted.spread[0][group] * rng.standard_normal((DRAWS, count)))
    hours = np.round(drawn / step) * step if step else drawn
    cells = _histogram(np.log(np.maximum(hours, step / 2 if step else np.exp(grid.at[0]))), grid)
    same = [np.repeat(v, DRAWS, axis=0) for v in (fitted.mean, fitted.spread, fitted.share)]
    base = _one_group(cells, grid) if len(share) == 1 else _fit(cells, grid, *same, rounds=ROUNDS // 2)
    return float((_split_each(base, cells, grid).likelihood - base.likelihood).max())
