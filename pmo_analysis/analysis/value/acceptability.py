"""Ranks when weights or scores are uncertain: the share of all possibilities in which each rank is reached (SMAA-2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.value.best_first import best_first
from pmo_analysis.contract.checking import read_numbers, require_columns
from pmo_analysis.contract.errors import InputError

_CHUNK_CELLS = 4_000_000
QUARTERS = ("first quarter", "second quarter", "third quarter", "last quarter")


def rank_acceptability(
    scores: pd.DataFrame,
    *,
    weights: Mapping[str, float] | pd.Series | pd.DataFrame | None = None,
    draws: int = 10_000,
    ranks: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """How often each alternative comes first, second, … over all weights of the outcomes.

    `scores`: one row per alternative, one column per outcome, higher is better. `weights`: None = all weights
    equally possible; a mapping outcome → weight fixes them; a DataFrame gives one row per draw. Gives rows for
    alternatives that reach one of the best `ranks` at all: unit_id, rank, share, low, high (95 % error of the draws),
    and a central weight per outcome (mean of the weights that put it first; blank if none does), weight_<outcome>.
    Source: Lahdelma & Salminen (2001). Exact for the weights drawn; ties go to the earlier row. Memory: about 100 MB and
    three times the scores.
    """
    check_draws(draws)
    values = _read_scores(scores, ranks)
    if not np.isfinite(values).all():
        raise InputError(
            f"rank_acceptability: {int((~np.isfinite(values)).sum())} scores are blank. "
            "Leave those alternatives out or score them."
        )
    drawn = _draw_weights(list(scores.columns), weights, draws, seed)
    order = best_first(values, drawn, min(ranks, len(values)))
    return _tell_ranks(scores, order, drawn)


def _read_scores(scores: pd.DataFrame, ranks: object) -> np.ndarray:
    """Alternatives × outcomes as numbers; InputError on no table, nothing in it, text, or no ranks to tell."""
    require_columns(scores, [], "rank_acceptability")
    if isinstance(ranks, bool) or not isinstance(ranks, (int, np.integer)) or ranks < 1:
        raise InputError(f"ranks={ranks!r} is not a whole number of 1 or more. Try ranks=10.")
    if not scores.size:
        raise InputError(
            f"rank_acceptability: {len(scores)} alternatives and {scores.shape[1]} outcomes; give at least one of each."
        )
    if all(pd.api.types.is_numeric_dtype(kind) for kind in scores.dtypes):
        return scores.to_numpy("float64", na_value=np.nan)
    columns = [read_numbers(scores[name], f"rank_acceptability, {name}").to_numpy() for name in scores]
    return np.column_stack(columns)


def check_draws(draws: object) -> None:
    """InputError where a number of draws is not a whole number of 1 or more."""
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise InputError(f"draws={draws!r} is not a whole number of 1 or more. Try draws=2000.")


def _draw_weights(
    names: list[Any], weights: Mapping[str, float] | pd.Series | pd.DataFrame | None, draws: int, seed: int
) -> np.ndarray:
    """Draws × outcomes, each adding up to 1."""
    if weights is None:
        drawn = np.random.default_rng(seed).standard_exponential((draws, len(names)))
    else:
        table = weights if isinstance(weights, pd.DataFrame) else pd.DataFrame([dict(weights)])
        lacking = [name for name in names if name not in table]
        if lacking:
            raise InputError(f"rank_acceptability: no weight for {', '.join(map(str, lacking))}.")
        drawn = np.column_stack([read_numbers(table[name], f"weights, {name}").to_numpy() for name in names])
        wrong = ~np.isfinite(drawn).all(axis=1) | (drawn < 0).any(axis=1) | ~(drawn.sum(axis=1) > 0)
        if wrong.any():
            raise InputError(f"Weights are at least 0 and not all 0; {wrong.sum()} of {len(drawn)} sets are not.")
    return drawn / drawn.sum(axis=1, keepdims=True)


def _tell_ranks(scores: pd.DataFrame, order: np.ndarray, drawn: np.ndarray) -> pd.DataFrame:
    """`order`: which alternative has each rank (ranks × draws)."""
    reached, place = np.unique(order, return_inverse=True)
    place, draws = place.reshape(order.shape), len(drawn)
    hits = np.array([np.bincount(alternatives, minlength=len(reached)) for alternatives in place])
    sums = np.array([np.bincount(place[0], weights=weight, minlength=len(reached)) for weight in drawn.T])
    share = hits / draws
    error = 1.96 * np.sqrt(share * (1 - share) / draws)
    ranks, units = np.meshgrid(np.arange(1, len(hits) + 1), scores.index.to_numpy()[reached], indexing="ij")
    table = pd.DataFrame(
        {
            "unit_id": units.T.ravel(),
            "rank": ranks.T.ravel(),
            "share": share.T.ravel(),
            "low": np.maximum(share - error, 0).T.ravel(),
            "high": np.minimum(share + error, 1).T.ravel(),
        }
    )
    with np.errstate(invalid="ignore"):
        central = (sums / hits[0]).T
    for i, name in enumerate(scores.columns):
        table[f"weight_{name}"] = np.repeat(central[:, i], len(hits))
    return table


def tell_bands(
    units: pd.Index, centre: np.ndarray, spread: np.ndarray, weights: np.ndarray | None, *, draws: int, seed: int
) -> pd.DataFrame:
    """Per unit the share of draws in each quarter of the ranking (each rank below eight units).

    Scores are drawn within their uncertainty; weights are fixed, or drawn evenly over all when None.
    unit_id, rank_band, share, low, high (95 % error of the draws).
    """
    rng = np.random.default_rng(seed)
    size, outcomes = centre.shape
    labels = list(QUARTERS) if size >= 8 else [f"rank {i + 1}" for i in range(size)]
    counts = np.zeros((size, len(labels)))
    for start in range(0, draws, step := max(1, _CHUNK_CELLS // (size * outcomes))):
        some = min(step, draws - start)
        drawn = (
            _draw_weights([*range(outcomes)], None, some, seed + start)
            if weights is None
            else np.tile(weights, (some, 1))
        )
        totals = np.einsum("dio,do->di", centre + spread * rng.standard_normal((some, size, outcomes)), drawn)
        rank = np.argsort(np.argsort(-totals, axis=1, kind="stable"), axis=1)
        band = rank * len(labels) // size
        for i in range(len(labels)):
            counts[:, i] += (band == i).sum(axis=0)
    share = counts / draws
    error = 1.96 * np.sqrt(share * (1 - share) / draws)
    table = pd.DataFrame(
        {
            "unit_id": np.repeat(units.to_numpy(), len(labels)),
            "rank_band": labels * size,
            "share": share.ravel(),
            "low": np.maximum(share - error, 0).ravel(),
            "high": np.minimum(share + error, 1).ravel(),
        }
    )
    table["rank_band"] = pd.Categorical(table["rank_band"], labels, ordered=True)
    return table.sort_values(["unit_id", "rank_band"], ignore_index=True).astype({"rank_band": "str"})
