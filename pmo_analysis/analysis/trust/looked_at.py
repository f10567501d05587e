"""How many cells were looked at, and how many of them may not be told apart."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from pmo_analysis.analysis.trust.figure import Figure, make_figure
from pmo_analysis.analysis.trust.telling import DOMINATED, FEW, SUBTRACTION
from pmo_analysis.contract.settings import Settings


def tell_cells(cells: pd.DataFrame | None, settings: Settings) -> Iterator[Figure]:
    """Small cells, and those hidden with the reason; `cells` as protected (hidden ones have no n and say why)."""
    if cells is None or cells.empty:
        return
    shared = cells[cells["group_kind"] != "customer"]
    small = int((shared["n"] < settings["minimum_cell"]).sum())
    yield make_figure(
        "small_cells_count",
        "Cells of few observations",
        small,
        len(shared),
        f"{small:,} of {len(shared):,} cells of the whole, of groups and of services rest on fewer than "
        f"{settings['minimum_cell']} observations: too few for a range.",
    )
    if "note" in cells:
        yield from _tell_hidden(shared[shared["n"].isna()], len(shared))


def _tell_hidden(hidden: pd.DataFrame, looked_at: int) -> Iterator[Figure]:
    reasons = {reason: int(hidden["note"].str.endswith(reason).sum()) for reason in (FEW, DOMINATED, SUBTRACTION)}
    few, dominated, subtraction = reasons.values()
    yield make_figure(
        "hidden_cells_count",
        "Cells not told apart",
        len(hidden),
        looked_at,
        f"{len(hidden):,} of {looked_at:,} cells are told with others or not at all, so that nobody's answers can be "
        f"read: {few:,} of too few people, {dominated:,} in which one person gives most, {subtraction:,} that could be "
        "found by subtraction."
        if len(hidden)
        else "Every cell may be told.",
    )
    yield make_figure(
        "dominated_cells_count",
        "Cells in which one person gives most",
        dominated,
        looked_at,
        f"In {dominated:,} cells one person gives so many of the answers that the cell would tell of that person.",
    )


def tell_comparisons(changes: pd.DataFrame | None, settings: Settings) -> Iterator[Figure]:
    """How many changes were compared, and how many still stand when all are counted."""
    if changes is None or changes.empty:
        return
    compared, flagged = int(changes["p_value"].notna().sum()), int(changes["flagged"].sum())
    by_chance = compared * (1 - settings["interval_level"])
    yield make_figure(
        "cells_count",
        "Comparisons looked at",
        compared,
        len(changes),
        f"{compared:,} changes were compared; by chance alone about {by_chance:,.0f} would look clear.",
    )
    yield make_figure(
        "flagged_count",
        "Comparisons that still stand",
        flagged,
        compared,
        f"{flagged} still stand when all of them are counted; about {100 * settings['false_discovery_rate']:.0f} % of "
        "these may be false alarms.",
    )
