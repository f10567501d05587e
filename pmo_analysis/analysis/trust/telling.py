"""Which cells of a table of answers may be told: none from which, with all others, few people could be told apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pmo_analysis.analysis.trust.isolation import can_isolate, find_isolated

FEW, DOMINATED, SUBTRACTION = "too few people", "one person gives most of it", "it could be found by subtraction"
OTHERS = "(told together)"
_COLUMNS = ["group_kind", "group", "told", "reason"]


def choose_cells(
    answers: pd.DataFrame,
    kinds: Sequence[str],
    *,
    published: Sequence[str] = (),
    merge: bool = True,
    minimum: int = 5,
    dominance: float = 0.7,
) -> pd.DataFrame:
    """Which groups may be told apart, beside the whole and whatever was published of the same answers before.

    `answers`: one row per answer, `person` and a column per kind with the group it belongs to (missing = none);
    `kinds`: the most important first, which is given up last; `published`: further columns whose groups are known
    already. Groups not told apart are told together where `merge` says so. What is told isolates no one to `minimum` − 1
    people by adding and subtracting, and in no group gives one person more than `dominance` of the answers.

    Returns group_kind, group, told, reason (too few people / one person gives most of it / it could be found by
    subtraction; blank where told). The whole is group_kind and group "all"; where it is not told, nothing is.
    """
    whole = _why_not(answers["person"], minimum, dominance)
    rows = [("all", "all", not whole, whole)]
    for kind in kinds:
        for group, people in answers.groupby(kind, sort=True)["person"]:
            why = whole or _why_not(people, minimum, dominance)
            rows.append((kind, group, not why, why))
    cells = pd.DataFrame(rows, columns=_COLUMNS)
    while not whole and (weak := _find_weak(answers, cells, published, merge, minimum, dominance)) is not None:
        cells.loc[weak, ["told", "reason"]] = [False, SUBTRACTION]
    return cells


def label_told(answers: pd.DataFrame, cells: pd.DataFrame, kind: str, *, merge: bool = True) -> pd.Series:
    """Under which name each answer is told by a kind: its group's, `OTHERS` where merged, missing where not at all."""
    mine = cells[cells["group_kind"] == kind]
    hidden = OTHERS if merge and mine["told"].any() else None
    names = {g: g if told else hidden for g, told in zip(mine["group"], mine["told"], strict=True)}
    return answers[kind].map(names)


def _why_not(people: pd.Series, minimum: int, dominance: float) -> str:
    counts = people.value_counts()
    if len(counts) < minimum:
        return FEW
    return DOMINATED if counts.iloc[0] > dominance * counts.sum() else ""


def _find_weak(
    answers: pd.DataFrame, cells: pd.DataFrame, published: Sequence[str], merge: bool, minimum: int, dominance: float
) -> int | None:
    """The row of the next cell to give up; None where what is told is safe."""
    kinds = list(dict.fromkeys(cells.loc[cells["told"], "group_kind"]))[1:]
    labels = {kind: label_told(answers, cells, kind, merge=merge) for kind in kinds}
    for kind in kinds:
        # What is left beside the cells told is told too: by subtraction from the whole.
        beside = answers.loc[~labels[kind].isin(cells.loc[cells["told"], "group"]), "person"]
        if len(beside) and _why_not(beside, 1, dominance):
            return _smallest(answers, cells, kind, answers["person"].isin(beside))
    counts = {kind: _count(answers["person"], labels[kind]) for kind in kinds}
    known = [np.hstack([_count(answers["person"], answers[c]) for c in published])] if published else []
    known.append(_count(answers["person"], pd.Series("all", index=answers.index)))
    isolated = find_isolated(np.hstack([*known, *counts.values()]), minimum)
    if isolated is None or not kinds:
        return None
    people = np.unique(answers["person"])[isolated]
    for kind in reversed(kinds):
        others = [table for name, table in counts.items() if name != kind]
        if not can_isolate(np.hstack([*known, *others]), isolated):
            return _smallest(answers, cells, kind, answers["person"].isin(people))
    return _smallest(answers, cells, kinds[-1], answers["person"].isin(people))


def _count(people: pd.Series, groups: pd.Series) -> np.ndarray:
    """People × groups: how many answers each gave to each; people in sorted order."""
    _, person = np.unique(people, return_inverse=True)
    codes, names = pd.factorize(groups, sort=True)
    table = np.zeros((person.max() + 1, len(names)))
    np.add.at(table, (person[codes >= 0], codes[codes >= 0]), 1.0)
    return table


def _smallest(answers: pd.DataFrame, cells: pd.DataFrame, kind: str, inside: pd.Series) -> int:
    """Of the cells told of a kind, the smallest that holds one of the answers `inside`; the smallest where none does."""
    mine = cells[(cells["group_kind"] == kind) & cells["told"]]
    sizes = answers.groupby(kind)["person"].nunique().reindex(mine["group"]).to_numpy()
    touched = mine["group"].isin(answers.loc[inside, kind]).to_numpy()
    order = np.lexsort((mine["group"], sizes, ~touched))
    return int(mine.index[order[0]])
