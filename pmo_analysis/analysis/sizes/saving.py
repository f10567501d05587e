"""What bespoke work costs more than standard work that was quoted the same size."""

from __future__ import annotations

import numpy as np
import pandas as pd

# From so many deliveries on the mean of a redraw is told by the normal law: a thousand redraws of each would tell no more.
MANY = 5_000
COLUMNS = ["service_id", "saving_hours", "low", "high", "saving_cost", "n"]


def standardising_saving(
    work: pd.DataFrame, *, hourly_cost: float, level: float = 0.95, draws: int = 1000, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hours that the bespoke deliveries would have saved as standard ones: per service, and in all.

    work: service_id, size_quoted, bespoke (yes/no), worked_hours. Bespoke and standard are compared only
    within service and size quoted at intake, n bespoke × (their mean − the standard mean); the interval is a
    bootstrap that redraws both within each such cell, the same redraws for the services and the whole (the means of
    5,000 deliveries or more vary by the normal law).
    Cells with fewer than two of either are left out. Both tables: service_id ("all" for the whole),
    saving_hours, low, high, saving_cost, n (bespoke deliveries compared).
    """
    usable = work.dropna(subset=["service_id", "size_quoted", "bespoke", "worked_hours"])
    usable = usable.sort_values(["service_id", "size_quoted", "bespoke", "worked_hours"])
    rng = np.random.default_rng(seed)
    tried = [_cell(cell, draws, rng) for _, cell in usable.groupby(["service_id", "size_quoted"], sort=True)]
    cells = [c for c in tried if c is not None]
    if not cells:
        return pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=COLUMNS)
    services = sorted({c[0] for c in cells})
    rows = [_row(s, [c for c in cells if c[0] == s], hourly_cost, level) for s in services]
    return pd.DataFrame(rows, columns=COLUMNS), pd.DataFrame([_row("all", cells, hourly_cost, level)], columns=COLUMNS)


def _cell(cell: pd.DataFrame, draws: int, rng: np.random.Generator) -> tuple[str, int, float, np.ndarray] | None:
    is_bespoke = cell["bespoke"].astype(bool).to_numpy()
    hours = cell["worked_hours"].to_numpy(float)
    bespoke, standard = hours[is_bespoke], hours[~is_bespoke]
    if min(len(bespoke), len(standard)) < 2:
        return None
    drawn = _redrawn_means(bespoke, draws, rng) - _redrawn_means(standard, draws, rng)
    saving = len(bespoke) * (bespoke.mean() - standard.mean())
    return str(cell["service_id"].iloc[0]), len(bespoke), float(saving), len(bespoke) * drawn


def _redrawn_means(hours: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    if len(hours) >= MANY:
        return rng.normal(hours.mean(), hours.std() / np.sqrt(len(hours)), draws)
    return hours[rng.integers(0, len(hours), (draws, len(hours)))].mean(axis=1)


def _row(
    service: str, cells: list[tuple[str, int, float, np.ndarray]], hourly_cost: float, level: float
) -> tuple[str, float, float, float, float, int]:
    saving = sum(c[2] for c in cells)
    low, high = np.quantile(sum(c[3] for c in cells), [(1 - level) / 2, (1 + level) / 2])
    return service, saving, float(low), float(high), saving * hourly_cost, sum(c[1] for c in cells)
