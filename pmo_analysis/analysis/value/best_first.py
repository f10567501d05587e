"""The best alternatives under each of many weights, exactly, without adding up every alternative under every weight.

Alternatives that are alike lie in one block. What one as good as a block's best in every outcome would have in all says, for
most weights, that nobody in the block is among the best (branch and bound). Nothing rests on alternatives being dominated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

_BLOCK = 64
_MOST_CELLS = 4_000_000
_MOST_DRAWS = 2000  # whose totals with a block stay in the processor's cache
_LOOK = 8


@dataclass(frozen=True, eq=False)
class _Blocks:
    """The alternatives' scores, and block by block their row numbers, scores, and least and highest score per outcome.

    members: blocks × outcomes × places, the last block filled up with its last row.
    """

    values: np.ndarray
    row: np.ndarray
    members: np.ndarray
    least: np.ndarray
    most: np.ndarray


def best_first(values: np.ndarray, weights: np.ndarray, best: int) -> np.ndarray:
    """Which alternative has each rank: ranks × draws.

    `values`: alternatives × outcomes, at least `best` of them; `weights`: draws × outcomes. Ties go to the earlier row.
    """
    blocks = _make_blocks(values, best)
    step = max(1, min(_MOST_DRAWS, _MOST_CELLS // max(len(blocks.most), _BLOCK * _looked_into(blocks, best))))
    with threadpool_limits(1):
        starts = range(0, len(weights), step)
        return np.hstack([_rank(blocks, weights[start : start + step], best) for start in starts])


def _make_blocks(values: np.ndarray, best: int) -> _Blocks:
    row = _ordered_by_likeness(values, _first_copies(values, best))
    filled = np.append(row, np.repeat(row[-1:], -len(row) % _BLOCK))
    members = np.ascontiguousarray(values[filled].reshape(-1, _BLOCK, values.shape[1]).swapaxes(1, 2))
    return _Blocks(values, row, members, members.min(axis=2), members.max(axis=2))


def _first_copies(values: np.ndarray, best: int) -> np.ndarray:
    """Row numbers but those of equal rows that `best` others come before: ties go to the earlier."""
    table = pd.DataFrame(values)
    return np.flatnonzero(table.groupby(list(table), sort=False).cumcount().to_numpy() < best)


def _ordered_by_likeness(values: np.ndarray, row: np.ndarray) -> np.ndarray:
    """The row numbers, halved along the outcome that varies most until each part is a block."""
    ordered, waiting = row.copy(), [(0, len(row))]
    while waiting:
        start, stop = waiting.pop()
        half = -(-(stop - start) // _BLOCK) // 2 * _BLOCK
        if half:
            part = ordered[start:stop]
            widest = np.ptp(values[part], axis=0).argmax()
            ordered[start:stop] = part[np.argpartition(values[part, widest], half)]
            waiting += [(start, start + half), (start + half, stop)]
    return ordered


def _rank(blocks: _Blocks, weights: np.ndarray, best: int) -> np.ndarray:
    """Ranks × draws: all that reach what the last rank surely reaches, in order."""
    bound = np.maximum(weights, 0.0) @ blocks.most.T + np.minimum(weights, 0.0) @ blocks.least.T
    # The same products added up in another order differ by far less than this.
    slack = 1e-12 * (np.abs(weights) @ np.maximum(-blocks.least, blocks.most).max(axis=0))
    enough = _surely_reached(blocks, weights, bound, best) - slack
    found, waiting = [np.empty((2, 0), "int64")], 0
    for reaching in _reaching(blocks, weights, bound + slack[:, None], enough):
        found.append(reaching)
        waiting += reaching.shape[1]
        if waiting > _MOST_CELLS:
            found, waiting = [_keep_best(blocks, weights, np.hstack(found), best)], 0
    return _keep_best(blocks, weights, np.hstack(found), best)[1].reshape(-1, best).T


def _reaching(blocks: _Blocks, weights: np.ndarray, bound: np.ndarray, enough: np.ndarray) -> Iterator[np.ndarray]:
    """Block by block the draws and rows with a total of at least `enough`, one above the other."""
    totals, passed = np.empty(len(weights) * _BLOCK), np.empty(len(weights) * _BLOCK, "bool")
    promises = np.ascontiguousarray((bound >= enough[:, None]).T)
    for block in np.flatnonzero(promises.any(axis=1)):
        draws, start = np.flatnonzero(promises[block]), int(block) * _BLOCK
        size = min(_BLOCK, len(blocks.row) - start)
        shape, cells = (len(draws), size), len(draws) * size
        total = np.matmul(weights[draws], blocks.members[block, :, :size], out=totals[:cells].reshape(shape))
        np.greater_equal(total, enough[draws, None], out=passed[:cells].reshape(shape))
        reached = np.flatnonzero(passed[:cells])
        yield np.vstack([draws[reached // size], blocks.row[start + reached % size]])


def _looked_into(blocks: _Blocks, best: int) -> int:
    """How many blocks per draw are added up first: with enough members, and with some luck."""
    return min(-(-best // _BLOCK) + _LOOK, len(blocks.most))


def _surely_reached(blocks: _Blocks, weights: np.ndarray, bound: np.ndarray, best: int) -> np.ndarray:
    """Per draw the total that the last of the ranks has among the members of the blocks that promise most."""
    first = _looked_into(blocks, best)
    promising = np.argpartition(-bound, first - 1, axis=1)[:, :first]
    totals = (weights[:, None, None, :] @ blocks.members[promising])[:, :, 0, :]
    totals[promising == len(blocks.most) - 1, len(blocks.row) - len(blocks.members) * _BLOCK :] = -np.inf
    last = first * _BLOCK - best
    return np.partition(totals.reshape(len(weights), -1), last, axis=1)[:, last]


def _keep_best(blocks: _Blocks, weights: np.ndarray, found: np.ndarray, best: int) -> np.ndarray:
    """Of each draw the best rows in order, the earlier first among equals."""
    draws, rows = found
    totals = np.zeros(len(rows))
    for outcome, column in enumerate(blocks.values.T):  # one by one, so that equal rows have equal totals
        totals += weights[draws, outcome] * column[rows]
    draws, rows = found[:, np.lexsort((rows, -totals, draws))]
    position = np.arange(len(rows)) - np.searchsorted(draws, draws)
    return np.vstack([draws, rows])[:, position < best]
