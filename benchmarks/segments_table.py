"""The measured accuracy of segments as Markdown, each figure beside what is wanted of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
from scipy.stats import binomtest

# Least mean adjusted Rand index as a share of the oracle's, by family and number of customers.
WANTED = {
    "clear": {60: 0.98, 300: 0.99, 3000: 0.98},
    "overlapping": {60: 0.55, 300: 0.93, 3000: 0.97},
    "unequal": {60: 0.88, 300: 0.96, 3000: 0.98},
    "heavy": {60: 0.93, 300: 0.96, 3000: 0.97},
    "mixed": {60: 0.65, 300: 0.90, 3000: 0.93},
}
WANTED_FOUND = {("clear", 300): 0.98, ("overlapping", 300): 0.95}
MOST_CLAIMS = {60: 0.07}
MOST_CLAIMS_ELSE = 0.05
BEHIND_KMEANS = 0.03
BARRED_ONE = ("gradient", "lognormal", "t4", "uniform", "gamma", "curved", "mixed_one")

HEAD = """# How right segments are

Made by `python -m benchmarks.segments` on {day} (code {code}). Planted groups are of `generators.py`, sets without groups of
`populations.py`; the analysis was tuned on seeds 0 to 99, these are seeds {seeds}. A figure that misses what is wanted has a *.
"""
GROUPED_HEAD = """
## Planted groups

Share: mean adjusted Rand index over the mean of the oracle's, which knows the true parameters and sees the same table; in
brackets the tenth and ninetieth percentile of the share set by set. k-means: k of 2 to 8 by silhouette, standardised; the better
of columns as they are and Yeo–Johnson powers of them is named. Count right: share of sets with as many groups as planted.

| family | n | sets | oracle | share | wanted | found | count right | k-means | its share | CPU s |
|---|---|---|---|---|---|---|---|---|---|---|
"""
ONE_HEAD = """
## One population

Share of sets in which more than one group is claimed, with Wilson's 95 % interval. A choice of k by silhouette
claims groups in every set.

| family | n | sets | claims | share | interval | wanted | CPU s |
|---|---|---|---|---|---|---|---|
"""


def render(rows: pd.DataFrame, code: str) -> str:
    """Markdown of the rows that `segments.measure` gave."""
    ordered = rows.assign(family=pd.Categorical(rows["family"], rows["family"].unique()))
    planted = ordered[ordered["oracle"].notna()] if "oracle" in ordered else ordered.head(0)
    parts = [
        HEAD.format(day=datetime.now(UTC).date(), code=code, seeds=f"{rows['seed'].min()} to {rows['seed'].max()}")
    ]
    if len(planted):
        groups = planted.groupby(["family", "n"], observed=True)
        parts += [GROUPED_HEAD, *(_grouped_line(*key, part) for key, part in groups)]
    one = ordered.drop(planted.index)
    if len(one):
        parts += [ONE_HEAD, *(_one_line(*key, part) for key, part in one.groupby(["family", "n"], observed=True))]
    return "".join(parts)


def _grouped_line(family: str, n: int, part: pd.DataFrame) -> str:
    oracle = part["oracle"].mean()
    share = part["ari"].mean() / oracle
    low, high = (part["ari"] / part["oracle"]).quantile([0.1, 0.9])
    habit = part[["kmeans", "kmeans_powers"]].mean() / oracle
    bar = WANTED.get(family, {}).get(n)
    miss = "*" if share < max(bar or 0, habit.max() - BEHIND_KMEANS) else ""
    found = part["found"].mean()
    lost = "*" if found < WANTED_FOUND.get((family, n), 0) else ""
    right = (part["count"] == part["planted"]).mean()
    name = {"kmeans": "as is", "kmeans_powers": "powers"}[str(habit.idxmax())]
    return (
        f"| {family} | {n:,} | {len(part)} | {oracle:.3f} | {share:.3f}{miss} ({low:.2f} to {high:.2f}) | "
        f"{f'{bar:.2f}' if bar else '–'} | {found:.2f}{lost} | {right:.2f} | {name} | {habit.max():.3f} | "
        f"{part['seconds'].median():.1f} |\n"
    )


def _one_line(family: str, n: int, part: pd.DataFrame) -> str:
    claims = int(part["found"].sum())
    interval = binomtest(claims, len(part)).proportion_ci(method="wilson")
    bar = MOST_CLAIMS.get(n, MOST_CLAIMS_ELSE) if family in BARRED_ONE else None
    miss = "*" if bar is not None and claims > bar * len(part) else ""
    return (
        f"| {family} | {n:,} | {len(part)} | {claims} | {claims / len(part):.3f}{miss} | {interval.low:.3f} to "
        f"{interval.high:.3f} | {f'{bar:.2f}' if bar else '–'} | {part['seconds'].median():.1f} |\n"
    )
