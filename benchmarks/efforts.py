"""Invented hours of engagements with a known number of sizes, and how often that number is found.

Imports nothing from the analysis above its measuring functions. `python -m benchmarks.efforts [FIRST LAST]` draws 300
hours for each family, rounding and seed, and prints the share of seeds with each number of tiers. Two to four groups lie
2.6-fold apart with a deviation of .13 on logs; one group is lognormal, gamma, Weibull, or has heavy tails.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Rng = np.random.Generator
COUNT = 300
ROUNDINGS = (0.0, 0.25, 0.5, 1.0)


def _apart(groups: int, uneven: bool) -> Callable[[Rng, int], Numbers]:
    def draw(rng: Rng, count: int) -> Numbers:
        shares = rng.dirichlet(np.full(groups, 8.0)) if uneven else np.full(groups, 1 / groups)
        group = rng.choice(groups, count, p=shares)
        return np.exp(1.0 + group * np.log(2.6) + 0.13 * rng.standard_normal(count))

    return draw


# family → how many sizes are in it, and how its hours are drawn
FAMILIES: dict[str, tuple[int, Callable[[Rng, int], Numbers]]] = {
    "lognormal .3": (1, lambda rng, n: rng.lognormal(1.8, 0.3, n)),
    "lognormal .6": (1, lambda rng, n: rng.lognormal(1.8, 0.6, n)),
    "lognormal 1": (1, lambda rng, n: rng.lognormal(1.8, 1.0, n)),
    "gamma 2": (1, lambda rng, n: rng.gamma(2.0, 4.0, n)),
    "Weibull 1.5": (1, lambda rng, n: 8 * rng.weibull(1.5, n)),
    "log t4": (1, lambda rng, n: np.exp(1.8 + 0.4 * rng.standard_t(4, n))),
    "Pareto 2.5": (1, lambda rng, n: 4 * (1 + rng.pareto(2.5, n))),
    "two": (2, _apart(2, False)),
    "three": (3, _apart(3, False)),
    "four": (4, _apart(4, False)),
    "two uneven": (2, _apart(2, True)),
    "three uneven": (3, _apart(3, True)),
    "four uneven": (4, _apart(4, True)),
}


def draw_efforts(family: str, seed: int, *, count: int = COUNT, step: float = 0.0) -> Numbers:
    """Hours of one family, rounded to multiples of `step` (0: as drawn)."""
    hours = FAMILIES[family][1](np.random.default_rng([seed, list(FAMILIES).index(family)]), count)
    return np.round(hours / step) * step if step else hours


def count_tiers(family: str, step: float, seeds: range) -> Counter[int]:
    """How often each number of tiers is found."""
    from pmo_analysis.analysis.sizes import size_tiers

    return Counter(len(size_tiers(draw_efforts(family, s, step=step), seed=s).table) for s in seeds)


def main() -> None:
    """Each family and rounding on a line: the planted number, the share found right, and what was found."""
    first, last = (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (2000, 2199)
    for family, step in itertools.product(FAMILIES, ROUNDINGS):
        found, planted = count_tiers(family, step, range(first, last + 1)), FAMILIES[family][0]
        share = found[planted] / found.total()
        print(
            f"{family:14} rounded to {step:<4g} planted {planted} right {share:.3f}  {dict(sorted(found.items()))}",
            flush=True,
        )


if __name__ == "__main__":
    main()
