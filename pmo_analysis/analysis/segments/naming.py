"""Names of segments in plain words, each of its own, that stay the same while the segment does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from pmo_analysis.analysis.segments.scheme import EVERYBODY, assign_segments
from pmo_analysis.contract.units import tell_number, unit_of

SAME_SHARE = 0.5
_HARDLY = 0.15
# What a column's name ends with or is: how a rule calls it, how a name says much of it, how little.
_PHRASES = (
    (
        r"remaining_requests_count",
        "requests of other kinds",
        "many requests of other kinds",
        "few requests of other kinds",
    ),
    (r"(.+)_requests_count", "{} requests", "many {} requests", "few {} requests"),
    (r"(.+)_stage_share", "requests in {}", "often in {}", "seldom in {}"),
    (r"size_(.+)_share", "requests of size {}", "often size {}", "seldom size {}"),
    (r"active_months_share", "active months", "often active", "seldom active"),
    (r"bespoke_share", "bespoke requests", "often bespoke", "seldom bespoke"),
    (r"(.+)_need", "need of {}", "strong need of {}", "little need of {}"),
    (r"typical_request_cost", "cost of a typical request", "costly requests", "cheap requests"),
    (r"headcount_count", "headcount", "large headcount", "small headcount"),
    (r"(.+s)_count", "{}", "many {}", "few {}"),
    (r"(.+)_share", "{} share", "high {} share", "low {} share"),
    (r"(.+)_days", "{} days", "long {}", "short {}"),
)


def plain(feature: str) -> str:
    """A feature's name in plain words: without underscores and without the suffix that only says its unit."""
    unit = unit_of(feature)
    bare = feature.removesuffix(unit.suffix) if unit and unit.suffix != "_hours" else feature
    return bare.replace("_", " ").strip() or feature


def call_feature(feature: str) -> str:
    """What a rule calls a feature: `planning_stage_share` is `requests in planning`."""
    return _phrase(feature)[0]


def tell_value(value: float, feature: str) -> str:
    """A limit in the unit of its feature: 0.196 of a share is `19.6 %`."""
    unit = unit_of(feature)
    if unit and unit.suffix == "_share":
        return f"{100 * value:.3g} %"
    return tell_number(value, feature).strip() if unit and abs(value) >= 100 else f"{value:,.3g}"


def tell_level(feature: str, *, there: bool) -> str:
    """A choice in words, as written in the data: `stage other than plan`; a yes/no by its name alone."""
    column, level = feature.split(" = ", 1)
    if level in ("yes", "no"):
        return plain(column) if (level == "yes") == there else f"not {plain(column)}"
    return f"{plain(column)} {level}" if there else f"{plain(column)} other than {level}"


def word_shift(feature: str, shift: float) -> str:
    """How a group differs from the others in one feature, in a word or two; shift from −1 to 1."""
    if " = " in feature:
        return tell_level(feature, there=shift > 0)
    called, more, less = _phrase(feature)
    if abs(shift) < _HARDLY:
        return f"medium {called}"
    return more if shift > 0 else less


def name_segments(shown: pd.DataFrame, segment: pd.Series, telling: Mapping[str, list[str]]) -> dict[str, str]:
    """A name of its own for each segment, from the two features of its rule in which it differs most from the others.

    telling: per segment the features of its rule. Names that would say the same are told apart by the feature in
    which the segments differ most.
    """
    shift = shift_segments(shown, segment)
    words = {
        s: [word_shift(f, shift.loc[s, f]) for f in sorted(features, key=lambda f: (-abs(shift.loc[s, f]), f))[:2]]
        for s, features in telling.items()
    }
    for alike in _alike(words) if shown.shape[1] else []:
        _tell_apart(words, alike, shift)
    names = {s: ", ".join(w) or EVERYBODY for s, w in words.items()}
    return {s: name if list(names.values()).count(name) == 1 else f"{name} ({s})" for s, name in names.items()}


def shift_segments(shown: pd.DataFrame, segment: pd.Series) -> pd.DataFrame:
    """How far each segment (row) lies above the others in each feature, by Cliff's delta (1993).

    The chance that one of its customers has more than one of the others, less the chance of the reverse: −1 to 1.
    """
    ranks = shown.rank()
    inside = ranks.groupby(segment).sum()
    size = segment.value_counts().reindex(inside.index)
    others = (ranks.sum() - inside).div((len(segment) - size).clip(lower=1), axis=0)
    return 2 * (inside.div(size, axis=0) - others) / len(segment)


def keep_names(new_scheme: Mapping[str, Any], old_scheme: Mapping[str, Any], values: pd.DataFrame) -> dict[str, Any]:
    """The new scheme, in which segments that are still the same keep the id and the name of the old scheme.

    values: customers with the columns of both schemes. A segment is the same where at least half of all who are in
    the one or the other are in both (Jaccard; pairs by the Hungarian method, Kuhn 1955). Other segments get ids that
    no scheme of this line has used (`ids_used`). InputError where a scheme does not fit the customers.
    """
    new, old = assign_segments(values, new_scheme)["segment"], assign_segments(values, old_scheme)["segment"]
    used = list(old_scheme.get("ids_used", [s["segment"] for s in old_scheme["segments"]]))
    same = _match(new, old, new_scheme, old_scheme)
    names = {s["segment"]: s["name"] for s in old_scheme["segments"]}
    taken, told = {names[o] for o in same.values()}, []
    for s in new_scheme["segments"]:
        kept = same.get(s["segment"])
        own = kept or _fresh_id(s["segment"], used)
        name = names[kept] if kept else s["name"] if s["name"] not in taken else f"{s['name']} ({own})"
        told.append({**s, "segment": own, "name": name})
        taken.add(name)
        used += [own] if own not in used else []
    return {**new_scheme, "segments": told, "ids_used": used}


def _phrase(feature: str) -> tuple[str, str, str]:
    for pattern, called, more, less in _PHRASES:
        found = re.fullmatch(pattern, feature)
        if found:
            word = (found[1] if found.groups() else "").replace("_", " ")
            return called.format(word), more.format(word), less.format(word)
    return plain(feature), f"high {plain(feature)}", f"low {plain(feature)}"


def _alike(words: Mapping[str, list[str]]) -> list[list[str]]:
    """Segments whose words are the same, in whatever order."""
    groups: dict[frozenset[str], list[str]] = {}
    for s, own in words.items():
        groups.setdefault(frozenset(own), []).append(s)
    return [group for group in groups.values() if len(group) > 1]


def _tell_apart(words: dict[str, list[str]], alike: list[str], shift: pd.DataFrame) -> None:
    """Add to each of two or more segments the feature in which they lie furthest apart."""
    among = shift.loc[alike]
    feature = str((among.max() - among.min()).idxmax())
    middle = float((among[feature].max() + among[feature].min()) / 2)
    for s in alike:
        more = among.loc[s, feature] > middle
        word = tell_level(feature, there=bool(more)) if " = " in feature else _phrase(feature)[1 if more else 2]
        side = " (more so)" if more else " (less so)"
        words[s] = [w + side if w == word else w for w in words[s]] if word in words[s] else [*words[s], word]


def _match(
    new: pd.Series, old: pd.Series, new_scheme: Mapping[str, Any], old_scheme: Mapping[str, Any]
) -> dict[str, str]:
    """New segment → the old one that it is still; nobody is like a whole organisation told as one group."""
    ids = [[s["segment"] for s in scheme["segments"]] for scheme in (new_scheme, old_scheme)]
    if (len(ids[0]) == 1) != (len(ids[1]) == 1):
        return {}
    shared = pd.crosstab(new, old).reindex(index=ids[0], columns=ids[1], fill_value=0).to_numpy(dtype=float)
    joint = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    likeness = shared / np.maximum(joint, 1)
    pairs = zip(*linear_sum_assignment(-likeness), strict=True)
    return {ids[0][a]: ids[1][b] for a, b in pairs if likeness[a, b] >= SAME_SHARE}


def _fresh_id(own: str, used: list[str]) -> str:
    """An id never used before, one above the highest; a single group has no number."""
    if own == EVERYBODY:
        return own
    numbers = [int(u[1:]) for u in used if re.fullmatch(r"S\d+", u)]
    return f"S{max(numbers, default=0) + 1}"
