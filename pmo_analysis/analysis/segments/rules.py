"""Each segment in a sentence: at most three conditions in units people use, and a name that follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from pmo_analysis.analysis.segments.naming import call_feature, name_segments, plain, tell_level, tell_value

__all__ = ["Condition", "describe_segments", "find_rule", "plain"]

_DEPTH = 3
_MOST_ROWS = 5_000
# Weights of classes leave a pure node an impurity of some 1e-16: it is not split for that.
_LEAST_GAIN = 1e-9
# A rounder limit or a shorter rule may cost this much of the balance of precision and coverage.
_WORTH = 0.015
_COLUMNS = ["segment", "rule", "precision", "coverage", "name", "customers_count"]


@dataclass(frozen=True)
class Condition:
    """One condition: a feature above `low` and at most `high`; NaN where there is no limit; `whole`: whole numbers."""

    feature: str
    low: float
    high: float
    whole: bool = False

    def holds(self, column: np.ndarray) -> np.ndarray:
        """Where the condition holds."""
        return ~(column <= self.low) & ~(column > self.high)

    def tell(self) -> str:
        """The condition in words."""
        if " = " in self.feature:
            return tell_level(self.feature, there=bool(np.isfinite(self.low)))
        name, above, below = call_feature(self.feature), np.isfinite(self.low), np.isfinite(self.high)
        low = tell_value(np.floor(self.low) + 1 if self.whole and above else self.low, self.feature)
        high = tell_value(np.floor(self.high) if self.whole and below else self.high, self.feature)
        if above and below:
            return f"{name} {low}" if self.whole and low == high else f"{name} between {low} and {high}"
        least = "at least" if self.whole else "above"
        return f"{name} {least} {low}" if above else f"{name} at most {high}"


def describe_segments(shown: pd.DataFrame, segment: pd.Series) -> pd.DataFrame:
    """One rule per segment. shown: features as numbers (levels as 0/1 columns), gaps at the median.

    Returns segment, rule, precision (share of those the rule names that belong), coverage (share of the segment
    that the rule names), name, customers_count. From a one-against-the-rest tree of depth three (Breiman 1984), its
    limits rounded and conditions left out where that costs next to nothing.
    """
    ids = sorted(segment.unique(), key=_natural)
    rules = {s: find_rule(shown, (segment == s).to_numpy()) for s in ids}
    names = name_segments(shown, segment, {s: [c.feature for c in rule] for s, rule in rules.items()})
    rows = []
    for s, conditions in rules.items():
        inside, caught = (segment == s).to_numpy(), _caught(shown, conditions)
        told = " and ".join(c.tell() for c in conditions) or "all customers"
        precision = inside[caught].mean() if caught.any() else np.nan
        rows.append((s, told, precision, caught[inside].mean(), names[s], int(inside.sum())))
    return pd.DataFrame(rows, columns=_COLUMNS)


def find_rule(shown: pd.DataFrame, inside: np.ndarray) -> list[Condition]:
    """The path of a shallow tree that tells a group best (precision and coverage in balance), as plain as can be."""
    if inside.all() or shown.shape[1] == 0:
        return []
    rows = _some_rows(inside)
    shown, inside = shown.iloc[rows], inside[rows]
    tree = DecisionTreeClassifier(
        max_depth=_DEPTH,
        class_weight="balanced",
        random_state=0,
        min_samples_leaf=max(2, len(shown) // 100),
        min_impurity_decrease=_LEAST_GAIN,
    ).fit(shown.to_numpy(), inside)
    paths = _paths(tree, list(shown.columns))
    best = max(paths, key=lambda path: _balance(_caught(shown, path), inside))
    return _round_limits(shown, inside, _affirm(shown, inside, _shorten(shown, inside, best)))


def _some_rows(inside: np.ndarray) -> np.ndarray:
    """Rows enough to find a rule: all, or evenly spread ones of the group and of the others."""
    if len(inside) <= _MOST_ROWS:
        return np.arange(len(inside))
    parts = [np.flatnonzero(inside), np.flatnonzero(~inside)]
    shares = [part[:: max(1, 2 * len(part) // _MOST_ROWS)] for part in parts]
    return np.sort(np.concatenate(shares))


def _affirm(shown: pd.DataFrame, inside: np.ndarray, rule: list[Condition]) -> list[Condition]:
    """`stage run` instead of `stage other than plan` where one other level says as much."""
    for i, c in enumerate(rule):
        if " = " not in c.feature or np.isfinite(c.low):
            continue
        column = c.feature.split(" = ", 1)[0]
        others = [f for f in shown if f.startswith(f"{column} = ") and f != c.feature]
        tried = [[*rule[:i], Condition(other, 0.5, np.nan), *rule[i + 1 :]] for other in others]
        best = max(tried, key=lambda t: _balance(_caught(shown, t), inside), default=rule)
        if _balance(_caught(shown, best), inside) >= _balance(_caught(shown, rule), inside) - _WORTH:
            rule = best
    return rule


def _shorten(shown: pd.DataFrame, inside: np.ndarray, rule: list[Condition]) -> list[Condition]:
    """Without the conditions that change next to nothing."""
    while len(rule) > 1:
        others = [[c for c in rule if c is not dropped] for dropped in rule]
        shorter = max(others, key=lambda other: _balance(_caught(shown, other), inside))
        if _balance(_caught(shown, shorter), inside) < _balance(_caught(shown, rule), inside) - _WORTH:
            break
        rule = shorter
    return rule


def _round_limits(shown: pd.DataFrame, inside: np.ndarray, rule: list[Condition]) -> list[Condition]:
    """Limits at the roundest number that describes the group about as well."""
    least = _balance(_caught(shown, rule), inside) - _WORTH
    for i in range(len(rule)):
        for limited in (_with_low, _with_high):
            rounder = (limited(rule[i], v) for v in _rounder(rule[i].low if limited is _with_low else rule[i].high))
            tried = ([*rule[:i], c, *rule[i + 1 :]] for c in rounder)
            rule = next((t for t in tried if _balance(_caught(shown, t), inside) >= least), rule)
    return [replace(c, whole=_is_whole(shown[c.feature])) for c in rule]


def _with_low(condition: Condition, low: float) -> Condition:
    return replace(condition, low=low)


def _with_high(condition: Condition, high: float) -> Condition:
    return replace(condition, high=high)


def _is_whole(column: pd.Series) -> bool:
    return bool((column == column.round()).all())


def _rounder(limit: float) -> list[float]:
    """A limit with one significant figure, two, three and so on."""
    if not np.isfinite(limit) or limit == 0:
        return []
    return [float(f"{limit:.{figures}g}") for figures in range(1, 8)]


def _natural(name: str) -> tuple[int, str]:
    digits = "".join(ch for ch in str(name) if ch.isdigit())
    return (int(digits) if digits else 0, str(name))


def _caught(shown: pd.DataFrame, conditions: list[Condition]) -> np.ndarray:
    caught = np.ones(len(shown), bool)
    for c in conditions:
        caught &= c.holds(shown[c.feature].to_numpy())
    return caught


def _balance(caught: np.ndarray, inside: np.ndarray) -> float:
    return 2 * (caught & inside).sum() / max(caught.sum() + inside.sum(), 1)


def _paths(tree: DecisionTreeClassifier, features: list[str]) -> list[list[Condition]]:
    grown, found = tree.tree_, []

    def walk(node: int, limits: dict[str, tuple[float, float]]) -> None:
        if grown.children_left[node] < 0:
            found.append([Condition(f, lo, hi) for f, (lo, hi) in limits.items()])
            return
        feature, cut = features[grown.feature[node]], float(grown.threshold[node])
        low, high = limits.get(feature, (np.nan, np.nan))
        walk(grown.children_left[node], {**limits, feature: (low, np.nanmin([high, cut]))})
        walk(grown.children_right[node], {**limits, feature: (np.nanmax([low, cut]), high)})

    walk(0, {})
    return found
