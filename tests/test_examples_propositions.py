"""Cards and page 1 from a few rows: figures, words and ranges on both sides of every edge, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmo_analysis.analysis.headline import figures, saying
from pmo_analysis.analysis.headline.benefits import list_benefits
from pmo_analysis.analysis.propositions import facts, phrases, price, words
from pmo_analysis.analysis.propositions.cards import _merge_small, list_deliveries
from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.settings import Settings

SETTINGS = Settings({})
HOUSE = words.read_wording()


def test_next_quarters_price_is_students_prediction_on_logs():
    values = pd.Series([100.0, 120.0, 90.0, 130.0, 0.0, -5.0, np.nan])
    told = price.predict_next(values)
    logs = np.log([100.0, 120, 90, 130])
    reach = stats.t.ppf(0.975, 3) * logs.std(ddof=1) * np.sqrt(1 + 1 / 4)
    assert (told["value"], told["n"]) == (pytest.approx(np.exp(logs.mean())), 4)
    assert (told["low"], told["high"]) == pytest.approx((np.exp(logs.mean() - reach), np.exp(logs.mean() + reach)))
    few = price.predict_next(values.iloc[1:])
    assert few["n"] == 3 and np.isnan(few["low"])
    assert price.predict_next(pd.Series([0.2, 0.4, 0.5, 0.9]))["n"] == 4  # a price may be below one
    assert price.predict_next(values, level=0.5)["high"] < told["high"]


def test_prices_rest_on_eight_quarters_and_are_tried_on_those_with_four_before():
    quarters = [f"20{20 + i // 4}Q{1 + i % 4}" for i in range(10)]
    rows = pd.DataFrame(
        {"quarter": quarters, "customer_id": "a", "cost_to_serve_cost": [900.0, 900, *[100.0, 110] * 3, 100, 30000]}
    )
    more = rows.assign(customer_id="b", cost_to_serve_cost=[*rows["cost_to_serve_cost"].iloc[:9], np.nan])
    members = pd.DataFrame({"customer_id": ["a", "b"], "group": "g"})
    typical = price.typical_costs(pd.concat([rows, more]), members)
    assert typical["cost"].tolist() == rows["cost_to_serve_cost"].tolist()
    told = price.price_groups(typical, level=0.95).loc["g"]
    assert told["quarters_count"] == 8 and told["next_price"] == pytest.approx(stats.gmean(typical["cost"].iloc[2:]))
    checks = price.check_prices(typical, level=0.95)
    assert checks["quarter"].tolist() == quarters[4:] and checks["seen_price"].tolist() == typical["cost"].tolist()[4:]
    assert checks["held"].tolist() == [True] * 5 + [False]
    last = price.predict_next(typical["cost"].iloc[1:9])
    assert (checks["next_price_low"].iloc[-1], checks["next_price_high"].iloc[-1]) == (last["low"], last["high"])


@pytest.mark.parametrize(
    ("value", "told"), [(9.94, "9.9"), (9.96, "10"), (3.0, "3"), (0.25, "0.2"), (1234.0, "1,200"), (-12.0, "-12")]
)
def test_numbers_have_two_figures(value, told):
    assert words.number(value) == told


def test_own_words_may_use_known_names_only():
    assert words.change_wording({"own": "$hours h"})["own"] == "$hours h" and words.percent(0.256) == "26 %"
    assert words.fill({"x": "$a and $$"}, "x", a=1) == "1 and $"
    for own in ({"nope": "x"}, {"own": 1}, {"own": "$days"}, {"own": "5 $"}):
        with pytest.raises(SettingError):
            words.change_wording(own)


def card(**given: Any) -> dict[str, Any]:
    """The figures of a card, all unknown but those given."""
    names = ["cost_median", "cost_p10", "cost_p90", "unit_median", "unit_p10", "unit_p90", "unit_cost", "cost_to_serve_cost",
             "charged_cost", "own_hours", "next_price_low", "next_price_high", "waiting_days", "touchpoints"]  # fmt: skip
    return dict.fromkeys(names, np.nan) | {"quarters_count": 3, "price_tries_count": 0, "price_held_count": 0} | given


def say(basis: str = "hours", **given: Any) -> dict[str, str]:
    """A card's figures in words."""
    return phrases.say_figures(card(**given), HOUSE, basis=basis, currency="EUR")


def test_figures_of_a_card_in_words():
    spread = {"cost_median": 640.0, "cost_p10": 100.0, "cost_p90": 900.0}
    assert (
        say(**spread)["cost"]
        == "Serving a typical customer costs about EUR 640 a quarter (eight in ten between EUR 100 and EUR 900)"
    )
    assert "too few customers" in say(cost_median=640.0)["cost"] and say()["cost"] == "What it costs is not known"
    assert say("charged", **spread)["cost"].startswith("A typical customer is charged about EUR 640")
    assert "standard hours worth" in say("standard hours", cost_median=1.0)["cost"]
    assert "eight in ten" in say(unit_median=5.0, unit_p10=1.0, unit_p90=9.0)["unit"]
    assert (
        "too few deliveries" in say("charged", unit_median=5.0)["unit"] and "EUR 7 each" in say(unit_cost=7.0)["unit"]
    )
    assert (
        say(own_hours=3.0)["own"] == "a typical customer's own people spent 3 hours" and "not recorded" in say()["own"]
    )


def test_what_all_cost_together_and_were_charged():
    both = {"cost_to_serve_cost": 10.0, "charged_cost": 20.0}
    assert say(**both)["together"] == "all of them together cost EUR 10 to serve and were charged EUR 20"
    assert (
        say("charged", **both)["together"]
        == say(charged_cost=20.0)["together"]
        == "all of them together were charged EUR 20"
    )
    assert "nothing is recorded" in say(cost_to_serve_cost=10.0)["together"]
    assert say()["together"] == "nothing is recorded as charged" == say("charged")["together"]


def test_prices_and_what_is_asked_in_words():
    told = say(next_price_low=10.0, next_price_high=100.0)["price"]
    assert told.startswith("Next quarter expect EUR 10 to EUR 100") and "could not yet be tried" in told
    wide = say(next_price_low=10.0, next_price_high=100.1, price_tries_count=4, price_held_count=3)["price"]
    assert "swings too much" in wide and "held in 3 of 4" in wide and "3 known" in say()["price"]
    assert say(waiting_days=1.0, touchpoints=2.0)["asks"].endswith("took one working day from the request")
    assert "took 2 working days" in say(waiting_days=2.0, touchpoints=2.0)["asks"]
    assert "not recorded" in say(waiting_days=2.0)["asks"] and "contacts and waiting" in say(touchpoints=2.0)["asks"]


def offered(**given: Any) -> facts.Offered:
    """Two customers, two services and three deliveries."""
    tables = {
        "costs": pd.DataFrame(
            {
                "customer_id": ["a", "b"],
                "cost_to_serve_cost": [30.0, np.nan],
                "charged_cost": [5.0, 6.0],
                "own_hours": [1.0, 3.0],
                "own_cost": [np.nan, np.nan],
                "engagement_count": [1, 2],
                "basis": [None, "charged"],
            }
        ),
        "engagements": pd.DataFrame(
            {
                "customer_id": ["a", "a", "b"],
                "service_id": ["S", "T", "S"],
                "mandated": [False, False, True],
                "process_hours": [0.4, 0.7, 9.0],
            }
        ),
        "deliveries": pd.DataFrame(
            {
                "customer_id": ["a", "b", "b"],
                "service_id": ["S", "S", "T"],
                "engagement_id": ["1", "2", "3"],
                "delivered": [True, True, False],
                "touchpoint_count": [2.0, 4.0, 99.0],
                "waiting_days": [3.0, 5.0, 9.0],
            }
        ),
        "services": pd.DataFrame({"service_id": ["S", "T", "S"], "name": ["Staff", "Tools", "x"]}),
    }
    return facts.Offered(**(tables | given))


def test_costs_of_a_group_by_hand():
    told = facts.cost_facts(offered(), {"a", "b"}, 1)
    assert (told["cost_median"], told["cost_to_serve_cost"], told["charged_cost"], told["own_hours"]) == (30, 30, 11, 2)
    assert (told["deliveries"], told["unit_cost"], told["n"]) == (3, 10, 1) and np.isnan(told["own_cost"])
    assert np.isnan(facts.cost_facts(offered(), {"a", "b"}, 2)["cost_p10"])
    none = offered(costs=offered().costs.assign(engagement_count=0))
    assert facts.cost_facts(none, {"a", "b"}, 1)["deliveries"] == 2 and facts.cost_facts(none, {"z"}, 1)["n"] == 0
    assert np.isnan(facts.cost_facts(none, {"z"}, 1)["unit_cost"]) and offered().basis == "charged"


def test_what_a_delivery_is_worth_and_asks():
    each = pd.DataFrame({"engagement_id": ["1", "2", "2", "3"], "cost": [10.0, 20.0, 7.0, 99.0]})
    by = {"category": pd.DataFrame({"category": ["x"], "unit_cost_low": [1.0], "unit_cost_high": [2.0]})}
    told = facts.unit_facts(offered(delivery_costs=each, unit_costs=by), {"a", "b"}, "category", "x", 1)
    assert (told["unit_median"], told["unit_cost_low"], told["unit_cost_high"]) == (15, 1, 2)
    other = facts.unit_facts(offered(unit_costs=by), {"a"}, "category", "y", 1)
    assert np.isnan(other["unit_cost_low"]) and np.isnan(other["unit_median"])
    asks = facts.ask_facts(offered(), {"a", "b"}, "category", "x")
    assert (asks["touchpoints"], asks["waiting_days"]) == (3, 5)
    cells = pd.DataFrame(
        {"group_kind": ["category"] * 2, "group": "x", "measure": ["lead_time_days", "y"], "value": [7.0, np.nan]}
    )
    assert facts.ask_facts(offered(cells=cells), {"a"}, "category", "x")["waiting_days"] == 7
    assert facts.group_cells(cells, "category", "x", ("y",)) == {} == facts.group_cells(None, "category", "x", ("y",))


def test_one_thing_to_stop_takes_an_hour_or_more():
    assert facts.find_stop(offered(), {"a"}, "category", "x") is None
    one = offered(engagements=offered().engagements.assign(process_hours=[1.0, 1.0, 9.0]))
    assert facts.find_stop(one, {"a", "b"}, "category", "x") == ("stop_process", "S", 1.0)  # what the law asks stays
    off = pd.DataFrame({"service_id": ["T", "T"], "category": ["x", "y"], "worked_hours": [1.5, 9.0]})
    both = offered(engagements=one.engagements, off_target=off)
    assert facts.find_stop(both, {"a"}, "category", "x") == ("stop_off_target", "T", 1.5)
    assert facts.find_stop(both, {"a"}, "segment", "x") == ("stop_process", "S", 1.0)
    assert (
        phrases.say_stop({"a"}, both, "category", "x", HOUSE) == "Tools: 1.5 hours outside the groups it is meant for"
    )
    assert phrases.say_stop({"a"}, offered(), "category", "x", HOUSE) == "nothing stands out"
    blank = offered(engagements=one.engagements.assign(process_hours=np.nan))
    assert phrases.say_stop({"a"}, blank, "category", "x", HOUSE).startswith("not known")


def test_what_was_delivered_in_words():
    told = phrases.say_what({"deliveries": 3}, {"a", "b"}, offered(), HOUSE)
    assert told == "3 deliveries in the quarter, mostly Staff, Tools"
    assert phrases.say_what({"deliveries": 0}, {"a"}, offered(), HOUSE).startswith("nothing delivered")
    assert phrases.say_what({"deliveries": 0}, {"z"}, offered(), HOUSE).startswith("no deliveries")
    assert phrases.say_what({"deliveries": 1}, {"z"}, offered(), HOUSE) == "1 deliveries in the quarter"


def test_deliveries_are_those_of_the_quarter_and_what_is_open_at_its_end():
    days = {"requested_on": ["2026-03-30", "2026-06-01", "2026-06-30", None, "2026-01-05", "2026-07-02"],
            "delivered_on": ["2026-04-01", "2026-06-30", None, None, "2026-03-31", None]}  # fmt: skip
    rows = pd.DataFrame({k: pd.to_datetime(v) for k, v in days.items()}).assign(
        engagement_id=list("123456"), customer_id="a", service_id="S", touchpoint_count=1.0, state="x"
    )
    told = list_deliveries(rows, "2026Q2", SETTINGS).set_index("engagement_id")
    assert told["delivered"].to_dict() == {"1": True, "2": True, "3": False}
    assert list_deliveries(rows.assign(state="refused"), "2026Q2", SETTINGS).empty
    groups = pd.DataFrame({"customer_id": list("abcdef"), "segment": ["S", "S", "T", None, "S", "T"]})
    assert _merge_small(groups, "segment", 3, "other")["group"].tolist() == ["S", "S", "other", "S", "other"]


def test_benefits_in_money_are_those_due_from_the_first_to_the_last_day():
    rows = pd.DataFrame({
        "due_on": pd.to_datetime(["2026-04-01", "2026-06-30", "2026-03-31", "2026-07-01", "2026-05-05", "2026-05-05"]),
        "planned_benefit": [100.0, 200, 1000, 2000, 400, np.nan], "realised_benefit": [50.0, 150, 700, np.nan, np.nan, 9],
        "confirmed": [True, False, True, None, None, True],
    })  # fmt: skip
    told = list_benefits(rows, "2026Q2", SETTINGS).set_index("figure")
    assert told["value"].to_dict() == {
        "due_benefit": 700, "unmeasured_benefit": 400, "measured_benefit": 300, "realised_benefit": 200, "confirmed_benefit": 50,
        "planned_benefit": 3700, "confirmed_to_date_benefit": 750,
    }  # fmt: skip
    assert told["n"].tolist() == [3, 1, 2, 2, 1, 5, 2]
    silent = list_benefits(rows.assign(confirmed=None), "2026Q2", SETTINGS)
    assert "confirmed_benefit" not in set(silent["figure"]) and "not recorded" in silent["sentence"].iloc[3]
    later = list_benefits(rows, "2027Q1", SETTINGS)
    assert later["figure"].tolist() == ["planned_benefit", "confirmed_to_date_benefit"]
    assert later["sentence"][0].startswith("No benefit was due in the quarter. Over all quarters EUR 3,700")
    assert list_benefits(rows.assign(planned_benefit=np.nan), "2026Q2", SETTINGS).empty


def row(**given: Any) -> dict[str, Any]:
    """A figure of page 1 with its change."""
    usual = {
        "value": 0.5,
        "low": 0.4,
        "high": 0.6,
        "n": 9,
        "unit": "_share",
        "direction": "better",
        "against": "2026Q1",
    }
    return usual | {"change": 0.05, "change_low": 0.01, "change_high": 0.07} | given


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "; 1 to 7 points more than in 2026Q1: better"),
        (
            {"change": -0.05, "change_low": -0.07, "change_high": -0.01, "direction": "worse"},
            "; 1 to 7 points less than in 2026Q1: worse",
        ),
        ({"direction": "higher"}, "; 1 to 7 points more than in 2026Q1"),
        ({"direction": "not estimable"}, ""),
        (
            {"direction": "no clear change", "change_low": -0.02},
            "; no clear change since 2026Q1 (between 2 points less and 7 points more)",
        ),
        (
            {"direction": "no clear change", "change_low": 0.02},
            "; no clear change since 2026Q1 (between 0 points less and 7 points more)",
        ),
        (
            {"direction": "no clear change", "change_low": -0.01},
            "; no clear change since 2026Q1 (between 1 point less and 7 points more)",
        ),
    ],
)
def test_changes_in_words(given, told):
    assert saying.say_change(row(**given)) == told


def test_measures_in_words_with_their_range():
    assert saying.say_measured(row(), "were kept", beside=True).startswith(
        "50 % were kept (40 % to 60 %, n = 9); 1 to 7 points"
    )
    assert (
        saying.say_measured(row(direction="no clear change"), "were kept", beside=True)
        == "50 % were kept (40 % to 60 %, n = 9)."
    )
    assert "no clear change" in saying.say_measured(row(direction="no clear change"), "were kept", beside=False)
    days = row(unit="_days", value=1.0, low=np.nan, direction="")
    assert saying.say_measured(days, "working days", beside=False) == "1 working day (n = 9: too few to say how sure)."
    assert saying.say_range(row(low=0.5, high=0.5)) == "" and saying.say_range(row(high=np.nan)).startswith(
        " (n = 9: too few"
    )
    told = [
        saying._amount(v, u)
        for v, u in ((9.96, "_days"), (10.4, "_days"), (2.345, "_days"), (12.6, "points"), (3.14, "of 5"))
    ]
    assert told == ["10", "10", "2.3", "13", "3.1 of 5"]


def test_a_total_changes_by_the_sum_of_its_customers_changes():
    now, before = (
        pd.Series({"a": 10.0, "b": 20, "c": 30, "d": 40, "e": 50}),
        pd.Series({"a": 9.0, "b": 18, "c": 27, "d": 36, "f": 5}),
    )
    told = figures._compare_sums(now, before, SETTINGS)
    changes = np.array([1.0, 2, 3, 4, 50, -5])
    reach = stats.t.ppf(0.975, 5) * changes.std(ddof=1) / np.sqrt(6)
    assert told["change"] == 55
    assert (told["change_low"], told["change_high"]) == pytest.approx((55 - 6 * reach, 55 + 6 * reach))
    assert told["direction"] == "no clear change" and figures._compare_sums(now, before[:0], SETTINGS) == {}


@pytest.mark.parametrize(("hours", "warned"), [(85.0, False), (86.0, True), (0.5, False)])
def test_capacity_used_and_from_when_it_warns(hours, warned):
    history = pd.DataFrame(
        {"quarter": ["2026Q2", "2026Q1"], "customer_id": "a", "worked_hours": [hours, 40.0], "basis": "hours"}
    )
    capacity = pd.DataFrame(
        {
            "quarter": ["2026Q2", "2026Q2", "2026Q1"],
            "practical_hours": [60.0, np.nan, 80],
            "theoretical_hours": [1.0, 50, 1],
        }
    )
    about = SimpleNamespace(quarter="2026Q2", before="2026Q1", settings=SETTINGS)
    told = figures._tell_load(history, capacity, about)
    assert told["value"] == hours / 100 and ("above the 85 %" in told["sentence"]) == warned
    assert told["change"] == pytest.approx(hours / 100 - 0.5)
