"""Whether intervals cover what they promise, against planted truth: `python -m benchmarks.coverage --what value --n 60`.

Prints a Markdown table per subject. Methods were tuned on seeds 0 to 99; figures told are of seeds from 2000 on.
A figure that misses what is wanted has a *.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from benchmarks.planted import HOURS, VALUE, WEIGHTS, plant_hours, plant_value
from pmo_analysis.analysis.estimates import (
    benjamini_hochberg,
    difference_of_means,
    mean_table,
    median_interval,
    promoter_limits,
    ratio_interval,
    ratio_table,
    share_interval,
)
from pmo_analysis.analysis.value import score_value

COVERED = (0.93, 0.97)
FEW_COVERED, SHARE = 0.92, {60: 0.97, 300: 0.98}
PER_SEED = 20


def tell_value(seeds: range, n: int) -> pd.DataFrame:
    """Rank correlation as a share of the oracle's, of one that knows the variances only, of raw means; and coverage."""
    return pd.DataFrame([_tell_family(family, seeds, n) for family in VALUE])


def _tell_family(family: str, seeds: range, n: int) -> dict[str, Any]:
    told = [_score(family, n, seed) for seed in seeds]
    score, oracle, informed, raw, covered, hits, few = np.mean(told, axis=0)
    return {
        "family": family,
        "n": n,
        "sets": len(seeds),
        "oracle": round(oracle, 3),
        "share": _mark(score / oracle, SHARE.get(n, 0), 2),
        "of variances known": round(score / informed, 3),
        "raw": round(raw / oracle, 3),
        "covered": _mark(covered, *COVERED),
        "of 1 or 2": _mark(hits / few, FEW_COVERED, 1),
    }


def _score(family: str, n: int, seed: int) -> list[float]:
    planted = plant_value(family, n, seed)
    known = planted.units
    told = score_value(planted.rows, WEIGHTS, groups=planted.groups, draws=10).scores
    scores = told.set_index("unit_id").loc[known.index]
    inside = (scores["low"] <= known["truth"]) & (known["truth"] <= scores["high"])
    few = known["count"] <= 2
    guesses = (scores["score"], known["oracle"], known["informed"], scores["raw"])
    ranks = [float(spearmanr(guess, known["truth"])[0]) for guess in guesses]
    return [*ranks, float(inside.mean()), float((inside & few).sum()), float(few.sum())]


def _mark(figure: float, low: float, high: float) -> str:
    return f"{figure:.3f}{'' if low <= figure <= high else '*'}"


def tell_shares(seeds: range, n: int) -> pd.DataFrame:
    """Wilson's interval, averaged over true shares from .05 to .95."""
    rng = np.random.default_rng([n, *seeds[:1]])
    truth = rng.uniform(0.05, 0.95, 100 * len(seeds))
    told = share_interval(rng.binomial(n, truth), np.full(len(truth), n))
    return _one_line("shares (Wilson)", n, _judge(told, truth))


def tell_promoters(seeds: range, n: int) -> pd.DataFrame:
    """Net promoter score of those who answered, over all splits with at least a twentieth of each kind."""
    rng = np.random.default_rng([n, *seeds[:1]])
    shares = 0.05 + 0.85 * rng.dirichlet(np.ones(3), PER_SEED * len(seeds))
    counts = rng.multinomial(n, shares)
    limits = np.array([promoter_limits(int(up), int(down), n, None)[:2] for up, down, _ in counts])
    told = pd.DataFrame(limits, columns=["low", "high"])
    return _one_line("net promoter score", n, _judge(told, 100 * (shares[:, 0] - shares[:, 1])))


def tell_medians(seeds: range, n: int) -> pd.DataFrame:
    """The median of lognormal hours."""
    rng = np.random.default_rng([n, *seeds[:1]])
    rows = rng.lognormal(0, 1.2, (PER_SEED * len(seeds), n))
    told = pd.DataFrame([median_interval(pd.Series(row)) for row in rows])
    return _one_line("medians of lognormal hours", n, _judge(told, np.ones(len(rows))))


def tell_ratios(seeds: range, n: int) -> pd.DataFrame:
    """Hours worked over standard hours, one figure at a time."""

    def tell(frames: list[pd.DataFrame]) -> pd.DataFrame:
        return pd.DataFrame([ratio_interval(frame, "worked", "standard", seed=i) for i, frame in enumerate(frames)])

    return _tell_hours("ratio", tell, seeds, n)


def tell_cells(seeds: range, n: int) -> pd.DataFrame:
    """The same by the quick version for many cells."""

    def tell(frames: list[pd.DataFrame]) -> pd.DataFrame:
        rows = pd.concat(frames, keys=range(len(frames)), names=["cell", None]).reset_index("cell")
        return ratio_table(rows, ["cell"], numerator="worked", denominator="standard")

    return _tell_hours("cell", tell, seeds, n)


def _tell_hours(
    what: str, tell: Callable[[list[pd.DataFrame]], pd.DataFrame], seeds: Iterable[int], n: int
) -> pd.DataFrame:
    lines = []
    for family in HOURS:
        for sized in (False, True):
            frames = [
                plant_hours(family, n, PER_SEED * seed + i, sized=sized) for seed in seeds for i in range(PER_SEED)
            ]
            told = tell(frames)
            name = f"{what}, {family}, {'three sizes' if sized else 'one size'}"
            wide = float(np.median((told["high"] - told["low"]) / _student_width(frames)))
            lines.append(_one_line(name, n, _judge(told, np.ones(len(told)))).assign(width=round(wide, 2)))
    return pd.concat(lines)


def _student_width(frames: list[pd.DataFrame]) -> np.ndarray:
    """How wide Student's interval of the linearised ratio is: what widths are told in."""
    widths = []
    for frame in frames:
        ratio = frame["worked"].sum() / frame["standard"].sum()
        rest = (frame["worked"] - ratio * frame["standard"]) / frame["standard"].mean()
        widths.append(4.1 * rest.std() / np.sqrt(len(frame)))
    return np.array(widths)


def _judge(told: pd.DataFrame, truth: np.ndarray) -> np.ndarray:
    """Covered, below the low end, above the high end: shares of the intervals."""
    below, above = truth < told["low"].to_numpy(), truth > told["high"].to_numpy()
    return np.array([len(truth), 1 - below.mean() - above.mean(), below.mean(), above.mean()])


def _one_line(what: str, n: int, judged: np.ndarray) -> pd.DataFrame:
    count, covered, below, above = judged
    row = {"what": what, "n": n, "draws": int(count), "covered": _mark(covered, *COVERED)}
    return pd.DataFrame([row | {"truth below": round(below, 3), "truth above": round(above, 3)}])


def tell_discoveries(seeds: range, n: int) -> pd.DataFrame:
    """Of 200 cells with n answers in each of two quarters a tenth differ by four standard errors: power and false share."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng([n, seed])
        planted = np.arange(200) < 20
        moved = np.where(planted, 4 * np.sqrt(2 / n), 0.0) * rng.choice([-1, 1], 200)
        quarters = [rng.normal(shift, 1, (n, 200)) for shift in (0 * moved, moved)]
        before, now = (_cells(values) for values in quarters)
        flagged = benjamini_hochberg(difference_of_means(now, before)["p_value"]) <= 0.10
        found.append([flagged[planted].mean(), (flagged & ~planted).sum() / max(flagged.sum(), 1)])
    power, false = np.mean(found, axis=0)
    row = {"what": "false discoveries", "n": n, "sets": len(seeds), "power": _mark(power, 0.8, 1)}
    return pd.DataFrame([row | {"false share": _mark(false, 0, 0.10)}])


def _cells(values: np.ndarray) -> pd.DataFrame:
    n, cells = values.shape
    rows = pd.DataFrame({"cell": np.tile(np.arange(cells), n), "value": values.ravel()})
    return mean_table(rows, ["cell"], errors=True)


SUBJECTS: dict[str, tuple[Callable[[range, int], pd.DataFrame], list[int]]] = {
    "value": (tell_value, [60, 300]),
    "shares": (tell_shares, [3, 5, 10, 30, 100, 500]),
    "promoters": (tell_promoters, [5, 10, 30, 100, 500]),
    "medians": (tell_medians, [30, 100, 300]),
    "ratios": (tell_ratios, [30, 100, 300]),
    "cells": (tell_cells, [30, 100, 300]),
    "discoveries": (tell_discoveries, [10, 30]),
}


def as_markdown(table: pd.DataFrame) -> str:
    """A table with a line per row."""
    lines = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _seeds(text: str) -> range:
    first, _, stop = text.partition(":")
    return range(int(first), int(stop) if stop else int(first) + 1)


def main() -> None:
    """Measure what the options ask for and print the tables."""
    parser = argparse.ArgumentParser(description="Whether intervals cover what they promise, against planted truth.")
    parser.add_argument("--what", nargs="+", default=list(SUBJECTS), choices=list(SUBJECTS))
    parser.add_argument("--seeds", type=_seeds, default="2000:2100", help="first:stop (2000:2100)")
    parser.add_argument("--n", type=int, nargs="+", help="units, rows or answers per draw (each subject's own)")
    chosen = parser.parse_args()
    with threadpool_limits(1):
        for what in chosen.what:
            tell, sizes = SUBJECTS[what]
            table = pd.concat([tell(chosen.seeds, n) for n in chosen.n or sizes])
            print(f"\n{as_markdown(table)}", flush=True)


if __name__ == "__main__":
    main()
