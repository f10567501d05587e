"""Differences planted in the demo's own cells: are they found, and how many of those flagged are false?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.measures.cells import _number_cells, build_cases, estimate_cells
from pmo_analysis.analysis.measures.changes import _compare, _judge
from pmo_analysis.analysis.measures.definition import Measure
from pmo_analysis.analysis.measures.facts import Facts, gather_facts
from pmo_analysis.analysis.measures.outcomes import _gather_rows, measure_outcomes
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.demo import demo

QUARTER, BEFORE = "2026Q3", shift_quarter("2026Q3", -1)
KEYS = ["measure", "group_kind", "group"]
KINDS = ("category", "segment", "service")


@pytest.fixture(scope="module")
def known() -> Dataset:
    return demo().as_of(QUARTER)


def group(known: Dataset) -> pd.DataFrame:
    """Four segments by headcount."""
    groups = known.frame("customers", ["customer_id", "category", "headcount_count"])
    order = groups["headcount_count"].fillna(0).rank(method="first")
    return groups.assign(segment=pd.qcut(order, 4, labels=list("wxyz")).astype("str"))


@dataclass(frozen=True)
class Pair:
    """A cell of both quarters: the rows of every customer in either, and how many customers each has."""

    key: tuple[str, str, str]
    clusters: list[np.ndarray]
    now: int
    before: int


@dataclass(frozen=True)
class World:
    """The demo's rows by group, from which quarters without any difference are drawn, and with planted ones."""

    facts: Facts
    told: list[Measure]
    cases: pd.DataFrame
    pairs: list[Pair]

    def draw(self, rng: np.random.Generator, planted: dict[int, float]) -> pd.DataFrame:
        """The changes of one draw: both quarters' customers from the pool of both, `planted` (pair → shift) in the later."""
        parts = [
            (rows, now, planted.get(i, 0.0) if now else 0.0)
            for i, pair in enumerate(self.pairs)
            for size, now in ((pair.now, True), (pair.before, False))
            for rows in (pair.clusters[j] for j in rng.integers(0, len(pair.clusters), size))
        ]
        sizes = [len(rows) for rows, _, _ in parts]
        frame = self.cases.iloc[np.concatenate([rows for rows, _, _ in parts])].reset_index(drop=True)
        now, shift = (np.repeat([part[k] for part in parts], sizes) for k in (1, 2))
        period = pd.Categorical(np.where(now, QUARTER, BEFORE), dtype=frame["period"].dtype)
        frame = frame.assign(cluster=np.repeat(np.arange(len(parts)), sizes), period=period)
        frame = _number_cells(frame.assign(numerator=self.shifted(frame, shift, rng)))
        figures = estimate_cells(frame, self.told, self.facts.settings, errors=True)
        change = _compare(figures, (QUARTER, BEFORE), self.facts, customers=False).assign(against="last quarter")
        return _judge(change, self.told, self.facts).set_index(KEYS)

    def shifted(self, frame: pd.DataFrame, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Numerators moved by the shift; of yes/no answers as many are turned as move their share by it."""
        how = frame["measure"].map({m.name: m.estimate for m in self.told}).astype("str").to_numpy()
        value, share = frame["numerator"].to_numpy(), frame.groupby(KEYS, observed=True)["numerator"].transform("mean")
        turned = rng.random(len(frame)) < np.abs(shift) / np.where(shift > 0, 1 - share, share).clip(1e-9)
        answer = np.where(turned & (value == (shift < 0)), 1 - value, value)
        return np.where(how == "share", answer, value + shift * np.where(how == "ratio", frame["denominator"], 1.0))


def build_world(known: Dataset, kinds: tuple[str, ...]) -> World:
    facts = gather_facts(known, QUARTER, known.settings)
    told, kept, _ = _gather_rows(known, facts)
    told = [m for m in told if m.estimate in ("share", "ratio", "mean") and m.option != "against_base"]
    chosen = kept.read([m.name for m in told])
    cases = pd.concat(build_cases(chosen, told, group(known), facts, summed=False), ignore_index=True)
    cases["cluster"] = cases["cluster"].where(
        cases["cluster"].notna(), -1.0 - cases.index
    )  # a customer's rows are single
    cases = cases[cases["group_kind"].isin(kinds) & cases["period"].isin([QUARTER, BEFORE])].reset_index(drop=True)
    pairs = []
    for key, part in cases.groupby(KEYS, observed=True):
        where = part.groupby(["period", "cluster"]).indices
        clusters = [part.index.to_numpy()[rows] for rows in where.values()]
        now = sum(period == QUARTER for period, _ in where)
        if 0 < now < len(clusters):
            pairs.append(Pair(key, clusters, now, len(clusters) - now))
    return World(facts, told, cases, pairs)


def four_errors(world: World, pilots: int) -> dict[int, float]:
    """For each pair that has an interval in every pilot draw: four standard errors of its change, both signs possible.

    A share's error is that at the planted share; where no share is four errors away, none is planted.
    """
    keys = pd.MultiIndex.from_tuples([pair.key for pair in world.pairs])
    drawn = [world.draw(np.random.default_rng([1, i]), {}).reindex(keys) for i in range(pilots)]
    error = pd.concat([table["change"] for table in drawn], axis=1).std(axis=1).to_numpy()
    told = pd.concat([table["p_value"] for table in drawn], axis=1).notna().all(axis=1).to_numpy()
    share = world.cases.groupby(KEYS, observed=True)["numerator"].mean().reindex(keys).to_numpy()
    how = {m.name: m.estimate for m in world.told}
    shifts = {}
    for i, pair in enumerate(world.pairs):
        if not told[i] or not error[i] > 0:
            continue
        yes_no = how[pair.key[0]] == "share"
        shift = _share_shift(share[i], error[i], pair) if yes_no else 4 * error[i]
        if shift is not None:
            shifts[i] = shift
    return shifts


def _share_shift(share: float, error: float, pair: Pair) -> float | None:
    earlier = error**2 * pair.now / (pair.now + pair.before)
    for sign in (1, -1):
        steps = np.linspace(0, 1, 401)
        moved = share + sign * steps
        later = (error**2 - earlier) * np.clip(moved * (1 - moved), 0, None) / (share * (1 - share))
        enough = (moved >= 0.02) & (moved <= 0.98) & (steps >= 4 * np.sqrt(earlier + later))
        if enough.any():
            return float(sign * steps[enough][0])
    return None


def find_planted(world: World, pilots: int, draws: int) -> tuple[float, float]:
    """Share of the planted differences that are flagged, and of the flagged ones that are false: kind by kind, averaged."""
    shifts, false, found, planted = four_errors(world, pilots), [], 0, 0
    keys = pd.MultiIndex.from_tuples([pair.key for pair in world.pairs])
    kinds = keys.get_level_values(1)
    for draw in range(draws):
        rng = np.random.default_rng([2, draw])
        chosen = rng.choice(list(shifts), size=round(0.15 * len(shifts)), replace=False)
        table = world.draw(rng, {int(i): shifts[int(i)] for i in chosen})
        flagged = table["flagged"].reindex(keys).fillna(False).to_numpy("bool")
        true = np.isin(np.arange(len(keys)), chosen)
        found, planted = found + int((flagged & true).sum()), planted + len(chosen)
        for kind in kinds.unique():
            inside = flagged & (kinds == kind)
            false.append((inside & ~true).sum() / max(inside.sum(), 1))
    return found / planted, float(np.mean(false))


def test_differences_planted_in_a_few_draws_are_mostly_found(known):
    power, false = find_planted(build_world(known, ("segment",)), pilots=6, draws=2)
    assert power >= 0.5
    assert false <= 0.3


@pytest.mark.soak
def test_planted_differences_are_found_and_false_discoveries_stay_below_their_rate(known, record_property):
    power, false = find_planted(build_world(known, KINDS), pilots=40, draws=40)
    record_property("power", power)
    record_property("false", false)
    assert power >= 0.78  # .80 in 24 draws, give or take .01
    assert false <= 0.10


def test_fewer_than_six_in_ten_of_the_demos_cells_are_too_few(known):
    cells = measure_outcomes(known, QUARTER, group(known)).cells
    assert cells["note"].str.contains("too few").mean() < 0.6
    whole = cells[cells["group_kind"] != "customer"]
    assert whole["note"].str.contains("too few").mean() < 0.3
