"""What-if: worked by hand, quick, and refusing what it cannot mean."""

from __future__ import annotations

import time
import tomllib

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.queues import expected_wait, queue_wait
from pmo_analysis.analysis.scenarios import (
    compare_scenarios,
    count_weekly,
    headcount_rules,
    make_baseline,
    narrow_scenario,
    spread_hours,
    undo_changes,
    what_if,
)
from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.settings import Settings

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
    assert now["overhead_share"] == pytest.approx((3 * 50 + 800) / 2000)  # three process hours of R at 50
    assert (now["charged_cost"], now["customers_affected"]) == (800.0, 0.0)


def test_waiting_is_that_of_the_queue():
    now = figures(make_baseline(WORK, RATES, STAFF))
    wait = queue_wait(4 / 10, 18 / 4, 3)["mean_wait_hours"].iloc[0]  # ten hours a quarter per person
    assert now["wait_days"] == pytest.approx(wait / 8)


def test_waits_are_simulated_where_work_is_less_regular_than_erlang_takes_it():
    rng = np.random.default_rng(2001)
    hours = rng.lognormal(2, 1.2, 400)  # cv about 1.8
    work = pd.DataFrame({"service_id": "R", "customer_id": "A", "worked_hours": hours, "cost": hours})
    staff = pd.DataFrame({"role": ["r"], "fte": [3.0], "practical_hours": [hours.sum() / 0.8], "capacity_cost": [1.0]})
    weekly = rng.poisson(30, 52)
    base = make_baseline(work, RATES, staff, arrival_counts=weekly)
    each = staff["practical_hours"].iloc[0] / 3
    told = expected_wait(400 / each, hours.mean(), 3, service_times=hours, arrival_counts=weekly, seed=7)
    erlang = queue_wait(400 / each, hours.mean(), 3)["mean_wait_hours"].iloc[0] / 8
    assert told["method"].iloc[0] == "simulation" and base.traffic.reason.startswith("Simulated")
    assert figures(base)["wait_days"] == pytest.approx(told["mean_wait_hours"].iloc[0] / 8, rel=0.25)
    assert figures(base)["wait_days"] > 1.4 * erlang
    assert figures(what_if(base, fte=30))["wait_days"] < 0.01


def test_weeks_are_counted_whole():
    days = pd.Series(pd.to_datetime(["2026-07-01", "2026-07-07", "2026-07-08", "2026-06-30", "2026-07-22", None]))
    assert count_weekly(days, pd.Timestamp("2026-07-01"), pd.Timestamp("2026-07-24")).tolist() == [2, 1, 0]


def test_a_part_of_the_services_waits_in_the_same_queue_as_the_whole():
    """Narrowing what is varied changes neither the people nor the work in front of them."""
    used = STAFF.assign(used_hours=18.0 / len(STAFF))
    whole = figures(make_baseline(WORK, RATES, used))
    part, rest = WORK.iloc[:1], WORK.iloc[1:]
    some = figures(make_baseline(part, RATES, used, elsewhere=rest))
    assert some["wait_days"] == pytest.approx(whole["wait_days"])
    assert some["utilisation"] == whole["utilisation"] == pytest.approx(18 / 30)
    assert (some["hours"], some["cost"], some["unit_cost"]) == (2.0, 100.0, 100.0)


def test_volume_of_one_service_moves_only_that_service():
    more = figures(what_if(make_baseline(WORK, RATES, STAFF), volume={"R": 1.5}))
    assert more["hours"] == 12 * 1.5 + 6
    assert more["cost"] == 600 * 1.5 + 600
    assert more["unit_cost"] == pytest.approx(1500 / 5.5)
    assert more["customers_affected"] == 0, "nobody's service changes, and nobody waits half a day longer"
    piled = figures(what_if(make_baseline(WORK, RATES, STAFF), volume=3))
    assert piled["customers_affected"] == 3, "everybody waits"


def test_standard_work_takes_standard_hours():
    # In R standard work took 3 hours, bespoke 6: all standard means 3 × 3. Q never was bespoke.
    all_standard = what_if(make_baseline(WORK, RATES, STAFF), standard_share={"R": 1.0})
    assert figures(all_standard)["hours"] == pytest.approx(9 + 6)
    same = what_if(make_baseline(WORK, RATES, STAFF), standard_share={"R": 2 / 3})
    assert figures(same)["hours"] == pytest.approx(18), "the share that it has now changes nothing"


def test_bespoke_work_that_is_larger_anyway_is_compared_within_its_size():
    # Bespoke is mostly L. Within S it takes 3 for 2 hours, within L 12 for 8: standardising saves a third, not more.
    rows = [("S", False, 2.0)] * 4 + [("S", True, 3.0)] + [("L", False, 8.0)] + [("L", True, 12.0)] * 4
    work = pd.DataFrame(rows, columns=["size", "bespoke", "worked_hours"])
    work = work.assign(service_id="R", customer_id="A", cost=work["worked_hours"] * 50)
    base = make_baseline(work, RATES, STAFF)
    assert figures(what_if(base, standard_share=1.0))["hours"] == pytest.approx(5 * 2 + 5 * 8)
    assert figures(what_if(base, standard_share=0.0))["hours"] == pytest.approx(5 * 3 + 5 * 12)
    halved = what_if(base, standard_share=0.75)  # half of what is bespoke now
    assert figures(halved)["hours"] == pytest.approx((67 + 50) / 2)


def test_self_service_takes_its_own_hours():
    # In R self-service took 2 hours, the rest 5; Q takes the same ratio, 6 × 2 / 5.
    all_self = figures(what_if(make_baseline(WORK, RATES, STAFF), self_service_share=1.0))
    assert all_self["hours"] == pytest.approx(3 * 2 + 6 * 2 / 5)


def test_a_mix_of_which_nothing_is_known_is_left_and_said():
    base = make_baseline(WORK.assign(tier=pd.NA), RATES, STAFF)
    moved = what_if(base, self_service_share={"R": 1.0})
    assert figures(moved)["hours"] == 18
    assert moved.notes[0] == "hours of self-service work are not known for R: left unchanged"


SIZED = pd.DataFrame(
    {
        "service_id": "R", "customer_id": list("ABCDEF"), "worked_hours": [1.0, 2.0, 3.0, 7.0, 9.0, 20.0],
        "cost": 100.0, "standard_hours": [4.0, 4.0, 4.0, 8.0, 8.0, 16.0],
    }
)  # fmt: skip


def test_the_present_sizes_reserve_some_hours_in_vain_and_others_too_little():
    now = figures(make_baseline(SIZED, RATES, STAFF))
    assert (now["spare_hours"], now["missing_hours"]) == (3 + 2 + 1 + 1, 1 + 4)


def test_new_limits_reserve_other_hours_and_the_work_takes_what_it_takes():
    # Up to 3: 1, 2, 3 → size 2 (the middle). Up to 9: 7, 9 → 7. Above: 20 → 20.
    tiers = figures(what_if(make_baseline(SIZED, RATES, STAFF), tier_limits={"R": [3, 9]}))
    assert (tiers["spare_hours"], tiers["missing_hours"]) == (1, 1 + 2)
    assert (tiers["hours"], tiers["cost"]) == (42, 600)
    assert tiers["customers_affected"] == 6, "every one of them gets another size"


def test_missing_hours_that_cost_three_times_as_much_make_larger_sizes():
    base = make_baseline(SIZED, RATES, STAFF, Settings({"under_cost": 3.0}))
    one = figures(what_if(base, tier_limits=[100]))  # the fifth of six (three quarters) is 9
    assert (one["spare_hours"], one["missing_hours"]) == (8 + 7 + 6 + 2, 11)


def test_the_hours_are_counted_between_edges_and_cut_into_sizes():
    base = make_baseline(SIZED, RATES, STAFF)
    now = spread_hours(base, "R", edges=[2, 8])
    assert now.bins["count"].tolist() == [2, 2, 2] and now.limits == (6.0, 12.0) and not now.changed
    assert now.sizes[["standard_hours", "count"]].to_numpy().tolist() == [[4, 3], [8, 2], [16, 1]]
    then = spread_hours(what_if(base, tier_limits={"R": [3, 5]}), "R")
    assert then.changed and then.sizes["count"].tolist() == [3, 0, 3]
    assert then.sizes["standard_hours"].tolist()[::2] == [2, 9] and then.sizes["standard_hours"].isna()[1]
    few = spread_hours(make_baseline(WORK, RATES, STAFF), "R")
    assert not few.enough and few.sentence.startswith("Too few to say how the hours are spread: 3 engagements")
    with pytest.raises(SettingError, match="no service 'S'"):
        spread_hours(base, "S")


def test_scenarios_stand_beside_each_other_and_the_quarter_as_it_was():
    base = make_baseline(SIZED, RATES, STAFF)
    more = what_if(base, volume=1.5)
    both = compare_scenarios({"more": more, "limits": what_if(base, tier_limits={"R": [3.0, 9.0]})})
    assert list(both.wide.columns) == ["as it was", "more", "limits"]
    assert both.wide.loc["hours"].tolist() == [42, 63, 42]
    assert both.inputs.to_dict("records") == [
        {"scenario": "more", "input": "volume", "input_of": "all", "becomes": "1.5"},
        {"scenario": "limits", "input": "tier_limits", "input_of": "R", "becomes": "3, 9"},
    ]
    assert list(compare_scenarios({"now": base, "more": more}).scenarios) == ["now", "more"]
    with pytest.raises(InputError, match="other engagements"):
        compare_scenarios({"more": more, "else": make_baseline(WORK, RATES, STAFF)})
    for nothing in ({}, [more]):
        with pytest.raises(InputError, match="No scenario to compare. Give a mapping"):
            compare_scenarios(nothing)


def test_too_few_engagements_say_nothing_of_sizes_and_have_no_range():
    limited = what_if(make_baseline(WORK, RATES, STAFF), tier_limits={"R": [3]})
    assert figures(limited)["spare_hours"] == figures(make_baseline(WORK, RATES, STAFF))["spare_hours"]
    assert limited.notes == ("too few engagements to say what sizes would reserve for R: left unchanged",)
    assert limited.sentence.startswith("Too few to say: 4 engagements, and a range needs 5.")
    assert limited.result.loc[limited.result["figure"] == "hours", ["low", "high"]].isna().all(axis=None)


def test_staff_change_capacity_not_work():
    base = make_baseline(WORK, RATES, STAFF)
    fewer, half = figures(what_if(base, fte={"analyst": 1})), figures(what_if(base, fte=1.5))
    assert fewer["hours"] == 18 and fewer["utilisation"] == pytest.approx(18 / 20)
    assert half["utilisation"] == pytest.approx(18 / 15) and np.isinf(half["wait_days"])
    none = figures(what_if(base, fte=0))
    assert none["utilisation"] == np.inf == none["wait_days"] and none["unused_cost"] == 0


def test_a_role_that_nobody_holds_yet_works_the_hours_of_the_others():
    staff = STAFF.assign(fte=[2.0, 0.0], practical_hours=[20.0, 0.0], capacity_cost=[1000.0, 0.0])
    hired = figures(what_if(make_baseline(WORK, RATES, staff), fte={"lead": 1.0}))
    assert hired["utilisation"] == pytest.approx(18 / 30)
    assert hired["unused_cost"] == pytest.approx(12 * 50)


def test_a_role_without_hours_is_said_and_no_capacity_is_not_endless_capacity():
    unknown = make_baseline(WORK, RATES, STAFF.assign(practical_hours=[20.0, np.nan], capacity_cost=np.nan))
    assert figures(unknown)["utilisation"] == pytest.approx(18 / 20)
    assert unknown.notes == ("no practical hours are stated for lead: not counted as capacity",)
    nothing = figures(make_baseline(WORK, RATES, STAFF.assign(practical_hours=np.nan, capacity_cost=np.nan)))
    assert nothing[["utilisation", "wait_days", "overhead_share", "unused_cost"]].isna().all()


def test_without_a_request_only_the_rest_of_the_work_is_left():
    staff = STAFF.assign(used_hours=[20.0, 4.0])
    none = what_if(make_baseline(WORK, RATES, staff), volume=0)
    assert (figures(none)["hours"], figures(none)["cost"]) == (0, 0)
    assert np.isnan(figures(none)["unit_cost"]) and figures(none)["utilisation"] == pytest.approx(6 / 30)
    assert figures(none)["customers_affected"] == 3, "nobody is served any more"


def test_price_changes_what_is_charged_and_nothing_else():
    base = make_baseline(WORK, RATES, STAFF)
    dearer = figures(what_if(base, price=1.1))
    assert dearer["charged_cost"] == pytest.approx(880) and dearer["hours"] == 18


def test_a_charge_that_no_service_has_is_unknown_and_some_are_said():
    nobody = make_baseline(WORK.assign(charged_cost=np.nan), RATES, STAFF)
    assert np.isnan(figures(nobody)["charged_cost"]) and nobody.notes == ()
    some = make_baseline(WORK.assign(charged_cost=[100, 100, 100, np.nan]), RATES, STAFF)
    assert figures(some)["charged_cost"] == 300
    assert some.notes == ("1 of 2 services have no charge recorded and are not in what is charged",)


def test_limits_enclose_the_value_and_come_from_the_chance_of_requests():
    base = make_baseline(pd.concat([WORK, WORK]), RATES, STAFF)
    table = base.result.set_index("figure")
    inside = table.dropna()
    assert ((inside["low"] <= inside["value"]) & (inside["value"] <= inside["high"])).all()
    assert table.loc["hours", "high"] - 36 == pytest.approx(1.959964 * np.sqrt(2 * (4 + 16 + 36 + 36)), rel=1e-5)
    costs = np.array([100.0, 200.0, 300.0, 600.0] * 2)
    assert table.loc["unit_cost", "high"] - 300 == pytest.approx(1.959964 * costs.std() / np.sqrt(8), rel=1e-5)


def test_the_range_of_a_quarter_is_that_of_simulated_quarters():
    """Poisson many requests, each drawn from those that were: the hours lie in the range 95 times in a hundred."""
    rng = np.random.default_rng(2000)
    hours = rng.lognormal(2, 0.8, 60)
    work = pd.DataFrame({"service_id": "R", "customer_id": "A", "worked_hours": hours, "cost": hours})
    row = what_if(make_baseline(work, RATES, STAFF), volume=1.5).result.set_index("figure").loc["hours"]
    totals = np.array([rng.choice(hours, rng.poisson(90)).sum() for _ in range(4000)])
    assert np.mean((totals >= row["low"]) & (totals <= row["high"])) == pytest.approx(0.95, abs=0.015)


def test_work_on_no_engagement_keeps_people_busy_and_is_not_work_on_requests():
    base = make_baseline(WORK, RATES, STAFF.assign(used_hours=[20.0, 4.0]))
    assert figures(base)["hours"] == 18 and figures(base)["utilisation"] == pytest.approx(24 / 30)
    assert figures(what_if(base, volume=2))["utilisation"] == pytest.approx(42 / 30)


def test_a_change_that_changes_nothing_is_noticed_by_nobody():
    base = make_baseline(WORK, RATES, STAFF)
    same = what_if(base, volume=1, price=1, fte=3, standard_share={"Q": 1.0})
    assert figures(same)["customers_affected"] == 0
    assert figures(what_if(base, price={"Q": 2}))["customers_affected"] == 1


def test_a_narrower_scenario_is_that_of_its_own_engagements():
    base = make_baseline(WORK, RATES, STAFF)
    only = narrow_scenario(base, services=["R"], customers=["A"])
    assert (figures(only)["hours"], only.work.services) == (8, ["R"])
    assert figures(only)["wait_days"] == pytest.approx(figures(base)["wait_days"])
    assert figures(narrow_scenario(only))["hours"] == 18, "nothing is lost on the way"
    with pytest.raises(InputError, match="No service 'S'"):
        narrow_scenario(base, services=["S"])
    with pytest.raises(InputError, match="No engagement"):
        narrow_scenario(base, services=["Q"], customers=["A"])


def test_changes_add_up_and_can_be_written_as_toml():
    base = make_baseline(WORK, RATES, STAFF)
    both = what_if(what_if(base, volume=2), price={"R": 1.5})
    assert both.inputs == {"volume": 2.0, "price": {"R": 1.5}}
    assert tomllib.loads("volume = 2.0\nprice = {R = 1.5}") == both.inputs
    assert figures(what_if(both, volume=1, price=1))["cost"] == figures(base)["cost"]
    assert figures(undo_changes(both)).equals(figures(base))


def test_a_mapping_changes_only_those_it_names():
    base = make_baseline(WORK, RATES, STAFF)
    one = what_if(what_if(base, volume=2), volume={"R": 3})
    assert one.inputs["volume"] == {"Q": 2.0, "R": 3.0} and figures(one)["hours"] == 12 * 3 + 6 * 2
    staff = what_if(what_if(base, fte=6), fte={"lead": 1})
    assert staff.fte == {"analyst": 4.0, "lead": 1.0} and base.fte == {"analyst": 2.0, "lead": 1.0}


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
        ({"tier_limits": "many"}, "hours above zero"),
        ({"tier_limits": []}, "such as"),
        ({"tier_limits": [True]}, "hours above zero"),
        ({"tier_limits": {"R": [2, float("nan")]}}, "hours above zero"),
        ({"tier_limits": list(range(1, 12))}, "more than 9"),
        ({"price": {"R": True}}, "must be a number"),
        ({"fte": float("inf")}, "must be a number"),
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
