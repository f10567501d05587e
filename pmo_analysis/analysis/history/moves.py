"""Paths that stay in a segment or move once, and which moves are told of those that are likely.

Moves are flagged so that the expected share of false ones stays below a level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Paths:
    """Segment before, segment after (the same for staying) and first quarter after of each path considered."""

    before: np.ndarray
    after: np.ndarray
    at: np.ndarray

    @property
    def moves(self) -> np.ndarray:
        """Which paths move."""
        return self.before != self.after

    def shares(self, segments: int, windows: np.ndarray) -> np.ndarray:
        """Share of each segment in what each quarter's row looks back on (paths × quarters × segments)."""
        single = np.arange(windows.shape[1]) - (windows.shape[1] - len(windows))
        later = (single >= self.at[:, None]) @ windows.T
        later = (later * self.moves[:, None])[:, :, None]
        return (1 - later) * np.eye(segments)[self.before][:, None] + later * np.eye(segments)[self.after][:, None]


@dataclass(frozen=True, eq=False)
class Likely:
    """Of each customer the segment it starts in if it stays, the likeliest move (a path), and how likely it moved at all."""

    stay: np.ndarray
    move: np.ndarray
    moved: np.ndarray


def list_paths(segments: int, quarters: int, earliest: int = 1) -> Paths:
    """Every way to stay, and every way to move once from `earliest` on (before 0: where rows look back further)."""
    rows = [(a, a, quarters) for a in range(segments)]
    rows += [(a, b, q) for a in range(segments) for b in range(segments) if a != b for q in range(earliest, quarters)]
    before, after, at = np.array(rows).T
    return Paths(before, after, at)


def find_likely(paths: Paths, chance: np.ndarray) -> Likely:
    """What is kept of the probabilities of paths (customers × paths), which are many."""
    moves, stay = np.flatnonzero(paths.moves), chance[:, ~paths.moves].argmax(axis=1)
    if not len(moves):
        return Likely(stay, np.zeros(len(stay), int), np.zeros(len(stay)))
    return Likely(stay, moves[chance[:, moves].argmax(axis=1)], chance[:, moves].sum(axis=1))


def join_likely(parts: tuple[Likely, ...]) -> Likely:
    """The same of all customers, from parts of them."""
    return Likely(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("stay", "move", "moved")))


def flag_moves(
    paths: Paths, likely: Likely, level: float
) -> tuple[list[tuple[int, int, float]], list[tuple[int, int, float]]]:
    """Customers that moved, and those that possibly did: row, path, probability that it moved.

    Of those that moved the expected share of false ones is at most `level` (Müller, Parmigiani & Rice 2006: by the mean
    of 1 − probability); whoever else more probably moved than stayed is possible.
    """
    best, sure = likely.move, likely.moved
    order = np.argsort(-sure, kind="stable")
    order = order[(sure[order] > 0.5) & (paths.at[best[order]] > 0)]
    false_share = np.cumsum(1 - sure[order]) / np.arange(1, len(order) + 1)
    rows = [(int(i), int(best[i]), float(sure[i])) for i in order]
    told = int((false_share <= level).sum())
    return rows[:told], rows[told:]
