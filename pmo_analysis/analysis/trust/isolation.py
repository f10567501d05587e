"""Whose answers follow from published cells by adding and subtracting them.

A cell tells the sum of its answers. Whoever reads several cells also knows every weighted sum of them; where such a sum
rests on few people only, it tells about these. All of it is linear algebra: a set of people can be isolated exactly when
some combination of the cells is zero on everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_ZERO = 1e-8
_ROWS_AT_ONCE = 256
_MOST_WORK = 20_000_000  # looks × kinds²: within it a search ends in seconds


def find_isolated(counts: np.ndarray, minimum: int) -> np.ndarray | None:
    """The rows of fewer than `minimum` people who can be told apart from the rest; None where nobody can.

    `counts`: people × cells, how many answers each gave to each cell. People who gave to the same cells stand
    together: no combination tells them apart.
    """
    kinds, member, people = np.unique(counts, axis=0, return_inverse=True, return_counts=True)
    few = np.flatnonzero((people < minimum) & kinds.any(axis=1))
    if not len(few):
        return None
    seen = _basis(kinds)[few]
    if not _may_rest_on_few(seen, people[few], minimum - 1):
        return None
    chosen = _find_set(np.eye(len(few)) - seen @ seen.T, people[few], minimum - 1)
    return None if chosen is None else np.flatnonzero(np.isin(member.reshape(-1), few[chosen]))


def can_isolate(counts: np.ndarray, people: np.ndarray) -> bool:
    """Whether some combination of the cells rests on these rows alone."""
    others = np.unique(np.delete(counts, people, axis=0), axis=0)
    everybody = np.unique(counts, axis=0)
    return bool(np.linalg.matrix_rank(everybody) > (np.linalg.matrix_rank(others) if len(others) else 0))


def _basis(kinds: np.ndarray) -> np.ndarray:
    """Orthonormal columns that span what the cells can tell."""
    left, size, _ = np.linalg.svd(kinds.astype("float64"), full_matrices=False)
    return left[:, size > _ZERO * max(size.max(), 1.0)]


def _may_rest_on_few(seen: np.ndarray, people: np.ndarray, room: int) -> bool:
    """Whether `_find_set` has anything to look at: among very many kinds it seldom has, and their pairs fill the memory.

    A pair pulls at most as the roots of what is seen of both: only kinds that could be in such a pair are multiplied out.
    """
    told = (seen**2).sum(axis=1)
    if ((1 - told < _ZERO) & (people <= room)).any():
        return True
    most = np.sqrt(told * told.max()) * (room - people)
    candidates = np.flatnonzero((people < room) & (most >= 1 - told - 2 * _ZERO))
    for begin in range(0, len(candidates), _ROWS_AT_ONCE):
        rows = candidates[begin : begin + _ROWS_AT_ONCE]
        pull = np.abs(seen[rows] @ seen.T)
        pull[np.arange(len(rows)), rows] = 0.0
        if (pull.max(axis=1) * (room - people[rows]) >= 1 - told[rows] - 2 * _ZERO).any():
            return True
    return False


def _find_set(hidden: np.ndarray, people: np.ndarray, room: int) -> list[int] | None:
    """Kinds with at most `room` people on which a combination of cells can rest alone.

    `hidden` projects onto what no cell tells; a combination v rests on a set exactly where `hidden` of that set is
    singular. At its largest entry t the others must make up for hidden_tt, so the strongest of them is at least
    hidden_tt / (room − 1): only such pairs are looked at, and no set is passed over.
    """
    alone = np.flatnonzero((np.diag(hidden) < _ZERO) & (people <= room))
    if len(alone):
        return [int(alone[0])]
    looks = iter(range(max(1_000, _MOST_WORK // len(people) ** 2)))
    for t in np.flatnonzero(people < room):
        pull = np.abs(hidden[t])
        strong = np.flatnonzero(pull * (room - people[t]) >= hidden[t, t] - _ZERO)
        for a in strong[strong != t]:
            found = _complete(hidden, people, [int(t), int(a)], room, looks)
            if found:
                return found
    return None


def _complete(
    hidden: np.ndarray, people: np.ndarray, chosen: list[int], room: int, looks: Iterator[int]
) -> list[int] | None:
    """`chosen`, with others if need be, as a set that can be isolated; None where there is none.

    Where looking further would take too long, the set counts as isolated: what is not shown to be safe is not told.
    """
    left = room - int(people[chosen].sum())
    if left < 0:
        return None
    inside = hidden[np.ix_(chosen, chosen)]
    if np.linalg.eigvalsh(inside)[0] < _ZERO or next(looks, None) is None:
        return chosen
    # What no cell tells even to somebody who knows the answers of those chosen.
    rest = hidden - hidden[:, chosen] @ np.linalg.solve(inside, hidden[chosen])
    more = _singular(rest, people, chosen, left)
    if more or left < 3:
        return [*chosen, *more] if more else None
    later = range(chosen[-1] + 1 if len(chosen) > 2 else 0, len(people))
    found = (_complete(hidden, people, [*chosen, s], room, looks) for s in later if s not in chosen)
    return next((f for f in found if f), None)


def _singular(rest: np.ndarray, people: np.ndarray, chosen: list[int], left: int) -> list[int]:
    """One or two further kinds with at most `left` people that `rest` cannot tell from nothing, or from each other."""
    size = np.diag(rest).copy()
    size[chosen] = np.nan
    ones = np.flatnonzero((size < _ZERO) & (people <= left))
    if len(ones):
        return [int(ones[0])]
    alike = np.triu(rest**2 > (1 - _ZERO) * np.outer(size, size), k=1) & (np.add.outer(people, people) <= left)
    pairs = np.argwhere(alike)
    return [int(s) for s in pairs[0]] if len(pairs) else []
