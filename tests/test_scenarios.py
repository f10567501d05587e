"""What-if: worked by hand, quick, and refusing what it cannot mean."""

from __future__ import annotations

import time
import tomllib

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.queues import queue_wait
from pmo_analysis.analysis.scenarios import headcount_rules, make_baseline, what_if
from pmo_analysis.contract.errors import InputError, SettingError

RATES = pd.DataFrame({"role": ["analyst", "lead"], "hourly_cost": [50.0, 100.0]})
STAFF = pd.DataFrame(
    {"role": ["analyst", "lead"], "fte": [2.0, 1.0], "practical_hours": [20.0, 10.0], "capacity_cost": [1000.0, 1000.0]}
)
WORK = pd.DataFrame(
    {
        "service_id": ["R", "R", "R", "Q"],
        "customer_id": ["A", "B", "A", "C"],
        "worked_hours": [2.0, 4.0, 6.0, 6.0],
        "cost": [100.0, 200.0, 300.0, 600.0],
        "standard_hours": [4.0, 4.0, 4.0, 6.0],
        "bespoke": [False, False, True, False],
        "tier": ["self-service", "full", "full", "full"],
        "process_hours": [1.0, 1.0, 1.0, 0.0],
        "charged_cost": [100.0, 100.0, 100.0, 500.0],
    }
)


def figures(scenario):
    return scenario.result.set_index("figure")["value"]


def test_the_baseline_is_the_quarter_as_it_was():
    now = figures(make_baseline(WORK, RATES, STAFF))
    assert (now["hours"], now["cost"], now["unit_cost"]) == (18.0, 1200.0, 300.0)
    assert now["utilisation"] == pytest.approx(18 / 30)
    assert now["unused_cost"] == pytest.approx(2000 * 12 / 30)
    assert now["overhead_share"] == pytest.approx((1200 * 3 / 18 + 800) / 2000)
    assert (now["charged_cost"], now["customers_affected"]) == (800.0, 0.0)


def test_waiting_is_that_of_the_queue():
    now = figures(make_baseline(WORK, RATES, STAFF))
    wait = queue_wait(4 / 10, 18 / 4, 3)["mean_wait_hours"].iloc[0]  # ten hours a quarter per person
    assert now["wait_days"] == pytest.approx(wait / 8)


def test_a_part_of_the_services_waits_in_the_same_queue_as_the_whole():
    """Narrowing what is varied changes neither the people nor the work in front of them."""
    used = STAFF.assign(used_hours=18.0 / len(STAFF))
    whole = figures(make_baseline(WORK, RATES, used))
    part, rest = WORK.iloc[:1], WORK.iloc[1:]
    some = figures(make_baseline(part, RATES, used, elsewhere=rest))
    assert some["wait_days"] == pytest.approx(whole["wait_days"])
    assert some["hours"] == whole["hours"]


def test_volume_of_one_service_moves_only_that_service():
    more = figures(what_if(make_baseline(WORK, RATES, STAFF), volume={"R": 1.5}))
    assert more["hours"] == 12 * 1.5 + 6
    assert more["cost"] == 600 * 1.5 + 600
    assert more["unit_cost"] == pytest.approx(1500 / 5.5)
    assert more["customers_affected"] == 2


def test_standard_work_takes_standard_hours():
    # In R standard work took 3 hours, bespoke 6: all standard means 3 × 3. Q never was bespoke.
    all_standard = what_if(make_baseline(WORK, RATES, STAFF), standard_share={"R": 1.0})
    assert figures(all_standard)["hours"] == pytest.approx(9 + 6)


def test_self_service_takes_its_own_hours():
    # In R self-service took 2 hours, the rest 5; Q takes the same ratio, 6 × 2 / 5.
    all_self = figures(what_if(make_baseline(WORK, RATES, STAFF), self_service_share=1.0))
    assert all_self["hours"] == pytest.approx(3 * 2 + 6 * 2 / 5)


def test_new_limits_reserve_other_spare_hours():
    # Limits 3 and above: sizes 2 and (median of 4, 6) 4 leave no spare hour in R; today 4 hours leave 2.
    tiers = figures(what_if(make_baseline(WORK, RATES, STAFF), tier_limits={"R": [3]}))
    assert tiers["hours"] == 18 - 2


def test_staff_change_capacity_not_work():
    base = make_baseline(WORK, RATES, STAFF)
    fewer, half = figures(what_if(base, fte={"analyst": 1})), figures(what_if(base, fte=1.5))
    assert fewer["hours"] == 18 and fewer["utilisation"] == pytest.approx(18 / 20)
    assert half["utilisation"] == pytest.approx(18 / 15) and np.isinf(half["wait_days"])
    assert figures(what_if(base, fte=0))["utilisation"] == np.inf


def test_price_changes_what_is_charged_and_nothing_else():
    base = make_baseline(WORK, RATES, STAFF)
    dearer = figures(what_if(base, price=1.1))
    assert dearer["charged_cost"] == pytest.approx(880) and dearer["hours"] == 18


def test_limits_enclose_the_value_and_hours_without_engagement_stay():
    staff = STAFF.assign(used_hours=[20.0, 4.0])
    base = make_baseline(WORK, RATES, staff)
    table = base.result.set_index("figure")
    assert table.loc["hours", "value"] == 24
    inside = table.dropna()
    assert ((inside["low"] <= inside["value"]) & (inside["value"] <= inside["high"])).all()
    assert table.loc["hours", "high"] - 24 == pytest.approx(1.959964 * np.sqrt(4 + 16 + 36 + 36), rel=1e-5)


def test_changes_add_up_and_can_be_written_as_toml():
    base = make_baseline(WORK, RATES, STAFF)
    both = what_if(what_if(base, volume=2), price={"R": 1.5})
    assert both.inputs == {"volume": 2.0, "price": {"R": 1.5}}
    assert tomllib.loads("volume = 2.0\nprice = {R = 1.5}") == both.inputs
    assert figures(what_if(both, volume=1, price=1))["cost"] == figures(base)["cost"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"volumes": 1}, "Did you mean 'volume'"),
        ({"volume": -1}, "outside 0"),
        ({"volume": "many"}, "must be a number"),
        ({"standard_share": 1.2}, "outside 0 to 1"),
        ({"fte": {"analist": 1}}, "Did you mean 'analyst'"),
        ({"volume": {"X": 1}}, "not in the scenario"),
        ({"tier_limits": [5, 3]}, "above the one before"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_nearest_name(change, told):
    with pytest.raises(SettingError, match=told):
        what_if(make_baseline(WORK, RATES, STAFF), **change)


def test_no_engagement_or_negative_hours_make_no_scenario():
    with pytest.raises(InputError, match="No engagement"):
        make_baseline(WORK.iloc[:0], RATES, STAFF)
    with pytest.raises(InputError, match="1 of 4"):
        make_baseline(WORK.assign(worked_hours=[1, -1, 1, 1]), RATES, STAFF)


def test_without_hours_money_is_still_told():
    scenario = make_baseline(WORK.assign(worked_hours=np.nan), RATES, STAFF)
    assert figures(scenario)["cost"] == 1200 and np.isnan(figures(scenario)["hours"])
    assert "not known" in scenario.sentence


def test_a_slider_is_answered_at_once_on_a_hundred_thousand_engagements():
    rng = np.random.default_rng(0)
    work = pd.DataFrame(
        {
            "service_id": rng.integers(0, 30, 100_000).astype(str),
            "customer_id": rng.integers(0, 999, 100_000),
            "worked_hours": rng.lognormal(2, 1, 100_000),
        }
    )
    base = make_baseline(work.assign(cost=work["worked_hours"] * 60), RATES, STAFF)
    spent = []
    for step in range(5):
        start = time.process_time()
        what_if(base, volume=1 + step / 10, tier_limits=[4, 12], standard_share=0.9, fte=3000)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.05


def test_the_published_headcount_rule_is_met():
    # Cooch (2006): 2, 3, 5, 7, 9, 13 and 20 people for programmes of 30 to 1,000.
    told = [round(headcount_rules(n)["fte"].iloc[0]) for n in (30, 60, 120, 200, 300, 500, 1000)]
    assert told == [2, 3, 5, 7, 9, 13, 20]
