"""Each segment in a sentence: at most three conditions in units people use, and a name that follows from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from pmo_analysis.contract.units import tell_number, unit_of

_DEPTH = 3
_HARDLY = 0.2


@dataclass(frozen=True)
class Condition:
    """One condition: a feature above `low` and at most `high`; NaN where there is no limit."""

    feature: str
    low: float
    high: float

    def holds(self, column: np.ndarray) -> np.ndarray:
        """Where the condition holds."""
        return ~(column <= self.low) & ~(column > self.high)

    def tell(self) -> str:
        """The condition in words."""
        if " = " in self.feature:
            return self.feature if np.isfinite(self.low) else self.feature.replace(" = ", " other than ", 1)
        low, high = (_tell(v, self.feature) for v in (self.low, self.high))
        name = plain(self.feature)
        if np.isfinite(self.low) and np.isfinite(self.high):
            return f"{name} between {low} and {high}"
        return f"{name} above {low}" if np.isfinite(self.low) else f"{name} at most {high}"


def describe_segments(shown: pd.DataFrame, segment: pd.Series) -> pd.DataFrame:
    """One rule per segment. shown: features as numbers (levels as 0/1 columns), gaps at the median.

    Returns segment, rule, precision (share of those the rule names that belong), coverage (share of the segment
    that the rule names), name, customers_count. From a one-against-the-rest tree of depth three (Breiman 1984).
    """
    rows, used = [], set[str]()
    for name in sorted(segment.unique(), key=_natural):
        inside = (segment == name).to_numpy()
        conditions = find_rule(shown, inside)
        caught = _caught(shown, conditions)
        title = _unique(name_segment(shown, inside, conditions), name, used)
        rows.append(
            {
                "segment": name,
                "rule": " and ".join(c.tell() for c in conditions) or "all customers",
                "precision": inside[caught].mean() if caught.any() else np.nan,
                "coverage": caught[inside].mean(),
                "name": title,
                "customers_count": int(inside.sum()),
            }
        )
    return pd.DataFrame(rows, columns=["segment", "rule", "precision", "coverage", "name", "customers_count"])


def find_rule(shown: pd.DataFrame, inside: np.ndarray) -> list[Condition]:
    """The path of a shallow tree that tells a group best (precision and coverage in balance)."""
    if inside.all() or shown.shape[1] == 0:
        return []
    tree = DecisionTreeClassifier(
        max_depth=_DEPTH, class_weight="balanced", random_state=0, min_samples_leaf=max(2, len(shown) // 100)
    ).fit(shown.to_numpy(), inside)
    paths = [_shorten(shown, path) for path in _paths(tree, list(shown.columns))]
    return max(paths, key=lambda path: _balance(_caught(shown, path), inside))


def name_segment(shown: pd.DataFrame, inside: np.ndarray, conditions: list[Condition]) -> str:
    """A plain name from the two conditions in which the group differs most from everybody."""
    spread = shown.std().replace(0, 1)
    shift = (shown[inside].mean() - shown.mean()) / spread
    ordered = sorted(conditions, key=lambda c: (-abs(shift[c.feature]), c.feature))[:2]
    return ", ".join(_word(c, shift[c.feature]) for c in ordered) or "all customers"


def plain(feature: str) -> str:
    """A feature's name in plain words: without underscores and without the suffix that only says its unit."""
    unit = unit_of(feature)
    bare = feature.removesuffix(unit.suffix) if unit and unit.suffix != "_hours" else feature
    return bare.replace("_", " ").strip() or feature


def _tell(value: float, feature: str) -> str:
    unit = unit_of(feature)
    if unit and unit.suffix == "_share":
        return f"{100 * value:.3g} %"
    return tell_number(value, feature).strip() if unit and abs(value) >= 100 else f"{value:,.3g}"


def _word(condition: Condition, shift: float) -> str:
    if " = " in condition.feature:
        return condition.tell()
    unit, name = unit_of(condition.feature), plain(condition.feature)
    more, less = ("many", "few") if unit and unit.suffix == "_count" and name.endswith("s") else ("high", "low")
    more, less = (
        ("much", "few" if name.endswith("s") else "little") if unit and unit.suffix == "_share" else (more, less)
    )
    more = "many" if less == "few" else more
    if abs(shift) < _HARDLY:
        return f"medium {name}"
    return f"{more} {name}" if shift > 0 else f"{less} {name}"


def _unique(title: str, segment: str, used: set[str]) -> str:
    title = title if title not in used else f"{title} ({segment})"
    used.add(title)
    return title


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


def _shorten(shown: pd.DataFrame, path: list[Condition]) -> list[Condition]:
    """Limits at the roundest number that still parts the same customers."""
    return [Condition(c.feature, _round(c.low, shown[c.feature]), _round(c.high, shown[c.feature])) for c in path]


def _round(cut: float, column: pd.Series) -> float:
    if not np.isfinite(cut) or cut == 0:
        return cut
    below = (column <= cut).sum()
    for figures in range(1, 8):
        rounded = float(f"{cut:.{figures}g}")
        if (column <= rounded).sum() == below:
            return rounded
    return cut
