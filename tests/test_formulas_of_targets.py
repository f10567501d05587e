"""Formulas behind targets, comparisons and ranks, each on a few rows by hand or against an independent computation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmo_analysis.analysis.cost.showback import _compare
from pmo_analysis.analysis.differences.compare import _say
from pmo_analysis.analysis.estimates import difference_interval, difference_of_means, difference_p_value, tell_direction
from pmo_analysis.analysis.sizes import size_tiers
from pmo_analysis.analysis.targets.kinds import recurring_services, step_gap_effects
from pmo_analysis.analysis.targets.misplaced import find_misplaced
from pmo_analysis.analysis.targets.neglect import count_refused, find_unused
from pmo_analysis.analysis.targets.workload import hourly_rates
from pmo_analysis.analysis.value import best_first as ranks
from pmo_analysis.analysis.value.sensitivity import _crossing
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset


def _asked(service: str, customers: int, again: int) -> list[tuple[str, str, str]]:
    once = [(service, f"c{i}", "2026Q2") for i in range(customers)]
    return once + [(service, f"c{i}", "2026Q3") for i in range(again)]


def test_a_service_is_judged_from_five_customers_on_and_used_again_from_one_in_ten():
    rows = [*_asked("B", 4, 0), *_asked("C", 5, 0), *_asked("D", 11, 1), *_asked("E", 10, 1), *_asked("G", 6, 0)]
    requests = pd.DataFrame(rows, columns=["service_id", "customer_id", "quarter"])
    every = requests.assign(asked_on=pd.Timestamp("2026-08-01"))
    every = pd.concat([every, every[:1].assign(service_id="A", asked_on=pd.Timestamp("2024-01-01"))])
    since = pd.Timestamp("2025-10-01")
    services = pd.DataFrame({"service_id": list("ABCDEFG"), "name": list("abcdefg"), "active_from_on": since})
    services.loc[services["service_id"].isin(["F", "G"]), "active_from_on"] = pd.Timestamp("2025-10-02")
    told = find_unused(requests, services, every, since).set_index("service_id")
    assert told["verdict"].to_dict() == {
        "A": "nobody asked",
        "F": "too new to say",
        "B": "too few to say",
        "C": "nobody asked twice",
        "G": "too new to say",
        "D": "hardly anybody asked twice",
    }
    assert told["customers_count"].tolist() == [0, 0, 4, 5, 6, 11]
    assert told.loc["A", "last_requested_on"] == pd.Timestamp("2024-01-01")
    assert pd.isna(told.loc["F", "last_requested_on"])


def test_refusals_have_a_range_from_the_minimum_on():
    states = ["refused", "delivered", "delivered", "open", "refused"]
    requests = pd.DataFrame({"service_id": list("AAAAABBBBC"), "state": [*states, *states[:4], "open"]})
    told = count_refused(requests, Settings({"minimum_estimate": 5})).set_index("service_id")
    assert told[["refused_count", "asked_count"]].to_numpy().tolist() == [[2, 5], [1, 4]]
    wanted = stats.binomtest(2, 5).proportion_ci(method="wilson")
    assert told.loc["A", ["refused_share", "low", "high"]].tolist() == pytest.approx([0.4, wanted.low, wanted.high])
    assert told.loc["B", "refused_share"] == 0.25
    assert told.loc["B", ["low", "high"]].isna().all()


def test_requests_are_misplaced_by_the_catalogues_own_words_however_they_are_spelled():
    services = pd.DataFrame(
        {
            "service_id": ["A", "B", "C"],
            "target_categories": [" Human  Resources; it", None, "IT"],
            "stages": ["Planning;Idea", "idea", "whenever"],
        }
    )
    groups = pd.DataFrame({"customer_id": ["h", "f", "n"], "category": ["human resources", "Finance", None]})
    rows = [
        ("h", "A", "planning", "delivered", 1.0),
        ("f", "A", "Delivery", "delivered", 2.0),
        ("n", "A", "closing", "open", 4.0),
        ("f", "A", "idea", "refused", 8.0),
        ("f", "B", "business case", "delivered", 16.0),
        ("f", "B", "elsewhere", "delivered", 32.0),
        ("h", "C", "benefits", "delivered", np.nan),
    ]
    requests = pd.DataFrame(rows, columns=["customer_id", "service_id", "stage", "state", "worked_hours"])
    requests = requests.assign(engagement_id=range(len(rows)), cost=requests["worked_hours"] * 10)
    told = find_misplaced(requests, services, groups)
    kinds = told.groupby("kind")["worked_hours"].sum().to_dict()
    assert kinds == {"off target": 2.0, "too late": 2.0 + 4.0 + 16.0}
    assert told["cost"].sum() == 240.0
    off = told[told["kind"] == "off target"].set_index("service_id")
    assert off["engagement_count"].to_dict() == {"A": 1, "C": 1}
    assert np.isnan(off.loc["C", "worked_hours"])


def test_a_role_without_a_rate_takes_what_its_capacity_costs_an_hour():
    frames = {
        "roles": pd.DataFrame({"role": ["k", "r"], "hourly_cost": ["50", None]}),
        "capacity": pd.DataFrame(
            {
                "quarter": ["2026Q2", "2026Q3", "2026Q3", "2026Q3"],
                "role": ["r", "r", "k", "z"],
                "practical_hours": ["100", "300", "100", "0"],
                "capacity_cost": ["1000", "5000", "99", "70"],
            }
        ),
        "customers": pd.DataFrame({"customer_id": ["A"], "name": ["Anna"]}),
        "services": pd.DataFrame({"service_id": ["S"], "name": ["Review"]}),
        "engagements": pd.DataFrame({"engagement_id": ["E"], "customer_id": "A", "service_id": "S"}),
    }
    told = hourly_rates(Dataset.from_frames(frames))
    assert told[["k", "r"]].tolist() == [50.0, 15.0]
    assert np.isnan(told.get("z", np.nan))


def test_effects_of_services_gather_at_two_kinds():
    steep = np.full((6, 5), 400.0)
    wanted = np.repeat([[0, 1.2, 0.8, 0.5, 0.3], [0, -1.5, -1.0, -0.5, -0.2]], 3, axis=0)
    gap = np.zeros((6, 5))
    for _ in range(40):
        gap = step_gap_effects(gap, steep * (wanted - gap), steep)
    assert gap[:, 0].tolist() == [0.0] * 6
    assert gap == pytest.approx(wanted, abs=0.03)
    assert recurring_services(gap).tolist() == [True] * 3 + [False] * 3
    unknown = step_gap_effects(np.zeros((1, 5)), np.zeros((1, 5)), np.zeros((1, 5)))
    assert np.abs(unknown).max() < 0.2


def test_differences_of_means_are_welchs():
    rng = np.random.default_rng(3)
    now, before = rng.normal(3, 1, 9), rng.normal(2, 3, 14)
    sides = [
        pd.DataFrame({"value": [x.mean()], "n": len(x), "error": stats.sem(x), "freedom": len(x) - 1.0})
        for x in (now, before)
    ]
    told = difference_of_means(*sides).iloc[0]
    wanted = stats.ttest_ind(now, before, equal_var=False)
    reach = wanted.confidence_interval(0.95)
    assert told.tolist() == pytest.approx([now.mean() - before.mean(), reach.low, reach.high, 9, wanted.pvalue])
    wider = difference_of_means(*sides, level=0.99).iloc[0]
    assert wider["low"] == pytest.approx(wanted.confidence_interval(0.99).low)


def test_an_uneven_difference_stays_uneven_and_its_p_is_five_in_a_hundred_where_it_just_excludes_nought():
    now, before = (
        {"value": v, "low": a, "high": b, "n": n} for v, a, b, n in ((9.0, 6.0, 10.0, 7), (4.0, 3.0, 8.0, 5))
    )
    told = difference_interval(now, before)
    assert told == {"value": 5.0, "low": 5.0 - 5.0, "high": pytest.approx(5.0 + np.sqrt(2.0)), "n": 5}
    assert difference_p_value(told) == pytest.approx(0.05)
    fallen = {"value": -5.0, "low": -9.0, "high": -2.5}
    assert difference_p_value(fallen) == pytest.approx(2 * stats.norm.sf(2 * stats.norm.ppf(0.975)))
    assert difference_p_value(fallen, level=0.9) == pytest.approx(2 * stats.norm.sf(2 * stats.norm.ppf(0.95)))
    assert difference_p_value({"value": 0.0, "low": -1.0, "high": 1.0}) == 1.0
    assert np.isnan(difference_p_value({"value": 1.0, "low": np.nan, "high": np.nan}))


def test_a_direction_is_told_where_the_range_excludes_nought():
    low = pd.Series([0.01, 0.0, -0.5, -0.5, 0.01, np.nan])
    high = pd.Series([0.5, 0.5, -0.01, 0.0, 0.5, 1.0])
    better = pd.Series(["higher", "higher", "higher", "lower", "none", "higher"])
    told = tell_direction(low, high, better).tolist()
    assert told == ["better", "no clear change", "worse", "no clear change", "higher", "not estimable"]
    assert tell_direction(low[:1], high[:1], pd.Series(["lower"])).tolist() == ["worse"]
    assert tell_direction(low[2:3], high[2:3], pd.Series(["none"], index=[2])).tolist() == ["lower"]


def test_the_best_ranks_are_those_of_a_full_sort_whatever_is_held_at_once(monkeypatch):
    rng = np.random.default_rng(8)
    values = rng.normal(size=(700, 4))
    values[300:] = values[:400]  # equal rows: the earlier comes first
    weights = rng.dirichlet(np.ones(4), 60)
    wanted = np.argsort(-(weights @ values.T), axis=1, kind="stable")[:, :7].T
    wanted_totals = np.take_along_axis(values @ weights.T, wanted, 0)
    for most in (ranks._MOST_CELLS, 50):
        monkeypatch.setattr(ranks, "_MOST_CELLS", most)
        told = ranks.best_first(values, weights, 7)
        assert np.take_along_axis(values @ weights.T, told, 0) == pytest.approx(wanted_totals)
        equal = np.isclose(np.diff(wanted_totals, axis=0), 0, atol=1e-12)
        assert (np.diff(told, axis=0)[equal] > 0).all()


def test_a_weight_of_two_is_a_row_that_stands_twice_among_very_many_hours_too():
    hours = np.random.default_rng(2).lognormal(2, 0.9, 7_000)
    weights = np.tile([1.0, 2.0], 3_500)
    costs = {"tiers": 3, "under_cost": 2.0}
    weighed, repeated = (
        size_tiers(hours, weights=weights, **costs),
        size_tiers(np.repeat(hours, weights.astype(int)), **costs),
    )
    columns = ["from_hours", "to_hours", "standard_hours"]
    assert weighed.table[columns].to_numpy() == pytest.approx(repeated.table[columns].to_numpy(), rel=1e-3)
    assert weighed.loss == pytest.approx(repeated.loss, rel=1e-5)


def test_nobody_overtakes_at_all_or_nothing():
    assert np.isnan(_crossing(np.array([[2.0, 3.0], [2.0, 1.0]]), np.array([0.5, 0.5]), 0, upwards=True)[0])
    assert np.isnan(_crossing(np.array([[3.0, 2.0], [1.0, 2.0]]), np.array([0.5, 0.5]), 0, upwards=False)[0])


def test_amounts_that_nobody_knows_are_not_nought_when_compared():
    unknown = pd.Series([np.nan, np.nan])
    assert np.isnan(_compare("charged", unknown, unknown)[1:]).all()
    assert _compare("charged", pd.Series([0.25, np.nan]), pd.Series([0.125])) == ("charged", 0.25, 0.125, 0.125)


def test_changes_are_clear_where_their_range_excludes_nought():
    sides = SimpleNamespace(name="June"), SimpleNamespace(name="September")
    causes = SimpleNamespace(table=pd.DataFrame({"cause": [], "what": []}))
    rows = pd.DataFrame(
        {"low": [0.5, -1.0, -1.0, np.nan], "high": [1.0, -0.5, 1.0, np.nan], "state": ["changed"] * 3 + ["new"]}
    )
    told = _say(*sides, rows, causes, 1200)
    assert "3 figures changed, 2 of them clearly; 1 are new; 1,200 are the same" in told
    assert "clearly" not in _say(*sides, rows[3:], causes, 0)
    assert _say(*sides, rows[:0], causes, 1200) == "June and September tell the same in all 1,200 figures."
