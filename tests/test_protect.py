"""Answers of fewer than five people and roles held by fewer are told with others or not at all."""

import pandas as pd
import pytest

import pmo_analysis as pmo
from pmo_analysis.intake.demo import make_demo

SURVEYED = {"nps_points", "csat_level", "ces_level", "worth_level"}


@pytest.fixture(scope="module")
def quarter():
    return pmo.run_quarter(pmo.Dataset.from_frames(make_demo(customers=60, quarters=5, seed=5)[0]), "2026Q2")


def test_no_table_tells_the_answers_of_a_single_customer(quarter):
    for name in ("measures", "changes"):
        rows = quarter.tables()[name]
        assert not len(rows[rows["measure"].isin(SURVEYED) & (rows["group_kind"] == "customer")])
        assert len(rows[(rows["measure"] == "promises_kept_share") & (rows["group_kind"] == "customer")])


def test_no_cell_tells_of_one_to_four_answers(quarter):
    cells = quarter.measures.cells[quarter.measures.cells["measure"].isin(SURVEYED)]
    assert not cells["n"].between(1, 4).any()
    hidden = cells[cells["n"].isna()]
    assert len(hidden)
    assert hidden[["value", "low", "high", "measured_share"]].isna().all(axis=None)
    assert not quarter.measures.run_chart.query("measure in @SURVEYED")["n"].between(1, 4).any()


def test_a_hidden_cell_cannot_be_found_by_subtraction(quarter):
    cells = quarter.measures.cells[quarter.measures.cells["measure"].isin(SURVEYED)]
    alone = cells[cells["n"].isna()].groupby(["measure", "group_kind"]).size()
    others = cells[cells["n"].notna()].groupby(["measure", "group_kind"]).size()
    assert not ((alone == 1) & (others.reindex(alone.index).fillna(0) > 0)).any()


def test_a_change_does_not_betray_a_hidden_cell(quarter):
    cells = quarter.measures.cells
    hidden = pd.MultiIndex.from_frame(cells.loc[cells["n"].isna(), ["measure", "group_kind", "group"]])
    changes = quarter.measures.changes.set_index(["measure", "group_kind", "group"])
    assert changes[changes.index.isin(hidden)]["change"].isna().all()


def test_roles_of_few_people_are_told_together(quarter):
    for table in (quarter.cost.unused, quarter.cost.rates, quarter.target_review.load):
        assert "PMO head / director" not in set(table["role"])
    together = quarter.cost.unused
    capacity = quarter.data.frame("capacity").query("quarter == '2026Q2'")
    assert together["supplied_cost"].sum() == pytest.approx(capacity["capacity_cost"].sum())
    used, supplied = together["used_hours"], together["supplied_hours"]
    assert (together["utilisation_share"] - used / supplied).abs().max() < 1e-12
