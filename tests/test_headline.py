"""Page 1: what is told, what is compared, and what is said to be unmeasured."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.headline import TOPICS, Headline, tell_headline
from pmo_analysis.analysis.headline.benefits import list_benefits
from pmo_analysis.analysis.headline.saying import say_measured
from pmo_analysis.contract.settings import Settings

IDS = [f"c{i:02d}" for i in range(20)]
NO_CELLS = pd.DataFrame(columns=["measure", "group_kind", "group", "value", "low", "high", "n"])
NO_CHANGES = pd.DataFrame(
    columns=["measure", "group_kind", "group", "against", "change", "low", "high", "n", "direction"]
)
CAPACITY = pd.DataFrame(
    {"quarter": ["2026Q2", "2026Q3"], "role": "analyst", "practical_hours": [100.0, 100.0], "theoretical_hours": np.nan}
)


def _costs(each: float = 110.0, basis: str = "hours") -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": IDS, "cost_to_serve_cost": each, "charged_cost": 30.0, "engagement_count": 2, "basis": basis}
    )


def _history(before: list[float], now: float = 110.0, hours: tuple[float, float] = (3.0, 4.5)) -> pd.DataFrame:
    rows = [("2026Q2", c, hours[0], b) for c, b in zip(IDS, before, strict=True)] + [
        ("2026Q3", c, hours[1], now) for c in IDS
    ]
    return pd.DataFrame(rows, columns=["quarter", "customer_id", "worked_hours", "cost_to_serve_cost"]).assign(
        basis="hours"
    )


def _told(
    costs: pd.DataFrame,
    history: pd.DataFrame,
    cells: pd.DataFrame = NO_CELLS,
    changes: pd.DataFrame = NO_CHANGES,
    **more,
) -> Headline:
    return tell_headline(costs, history, CAPACITY, cells, changes, quarter="2026Q3", settings=Settings(), **more)


def _row(told: Headline, topic: str) -> pd.Series:
    return told.figures.set_index("topic").loc[topic]


def test_there_is_one_figure_per_topic_in_the_order_of_page_one() -> None:
    assert tuple(_told(_costs(), _history([100.0] * 20)).figures["topic"]) == TOPICS


def test_cost_is_the_sum_and_its_change_is_compared_customer_by_customer() -> None:
    before = [100.0 + (i % 2) for i in range(20)]  # every customer 9 or 10 dearer: 190 in all, spread 0.513 a customer
    row = _row(_told(_costs(), _history(before)), "cost")
    assert row["value"] == row["low"] == row["high"] == 2200 and row["n"] == 20
    assert row["change"] == pytest.approx(190)
    reach = 2.093024 * np.std([9, 10] * 10, ddof=1) * np.sqrt(20)
    assert [row["change_low"], row["change_high"]] == pytest.approx([190 - reach, 190 + reach], rel=1e-6)
    assert row["direction"] == "higher" and row["against"] == "2026Q2" and "more than in 2026Q2" in row["sentence"]


def test_no_direction_unless_the_interval_of_the_difference_excludes_zero() -> None:
    before = [110.0 + (60 if i % 2 else -50) for i in range(20)]
    row = _row(_told(_costs(), _history(before)), "cost")
    assert row["change"] == pytest.approx(-100) and row["direction"] == "no clear change"
    assert "no clear change since 2026Q2" in row["sentence"]


def test_a_customer_of_one_quarter_only_counts_nothing_in_the_other() -> None:
    history = _history([100.0] * 20)
    history = history[~((history["quarter"] == "2026Q2") & (history["customer_id"] == "c00"))]
    assert _row(_told(_costs(), history), "cost")["change"] == pytest.approx(19 * 10 + 110)


def test_load_is_hours_over_practical_hours_and_warns_above_the_setting() -> None:
    history = _history([100.0] * 20)
    history.loc[history["quarter"] == "2026Q3", "worked_hours"] = [4.4, 4.6] * 10
    row = _row(_told(_costs(), history), "load")
    assert row["value"] == pytest.approx(0.9) and row["change"] == pytest.approx(0.3)
    assert "above the 85 %" in row["sentence"] and row["direction"] == "higher"


def _cell(measure: str, value: float, low: float = np.nan, high: float = np.nan, n: int = 40) -> dict:
    return {"measure": measure, "group_kind": "all", "group": "all", "value": value, "low": low, "high": high, "n": n}


def test_experience_is_the_best_available_measure() -> None:
    cells = pd.DataFrame([_cell("promises_kept_share", 0.8, 0.7, 0.9), _cell("csat_level", 4.1, 4.0, 4.2)])
    told = _told(_costs(), _history([100.0] * 20), cells)
    assert (
        _row(told, "experience")["figure"] == "csat_level"
        and "80 % of promises were kept" in _row(told, "experience")["sentence"]
    )
    told = _told(_costs(), _history([100.0] * 20), cells[:1])
    assert (
        _row(told, "experience")["figure"] == "promises_kept_share"
        and "no survey" in _row(told, "experience")["sentence"]
    )


def test_the_direction_of_a_measure_is_taken_from_the_measures_and_not_from_its_two_figures() -> None:
    cells = pd.DataFrame([_cell("nps_points", 20, 10, 30)])
    changes = pd.DataFrame(
        [
            {
                "measure": "nps_points",
                "group_kind": "all",
                "group": "all",
                "against": a,
                "change": 8.0,
                "low": low,
                "high": 14.0,
                "n": 40,
                "direction": d,
            }
            for a, low, d in (("last quarter", 2.0, "better"), ("last year", -3.0, "no clear change"))
        ]
    )
    row = _row(_told(_costs(), _history([100.0] * 20), cells, changes), "experience")
    assert row["direction"] == "better" and "2 to 14 more than in 2026Q2: better" in row["sentence"]


def test_what_is_not_measured_has_no_number_and_says_which_table_is_missing() -> None:
    missing = pd.DataFrame(
        {
            "measure": ["benefit_realised_share"],
            "missing": ["benefits"],
            "sentence": ["Benefit realised: not measured, since there is no benefits table."],
        }
    )
    told = _told(_costs(), _history([100.0] * 20), missing=missing)
    row = _row(told, "value")
    assert np.isnan(row["value"]) and "no benefits table" in row["sentence"] and row["direction"] == ""
    assert "Not measured: value, experience, competitive advantage" in told.sentence


def test_without_a_benefit_the_value_score_stands_for_value() -> None:
    scores = pd.DataFrame({"unit_id": IDS, "score": np.linspace(40, 60, 20)})
    row = _row(_told(_costs(), _history([100.0] * 20), scores=scores), "value")
    assert row["figure"] == "value_score" and row["value"] == pytest.approx(50) and row["low"] < 50 < row["high"]


def test_money_charged_is_not_called_a_cost_of_hours() -> None:
    told = _told(_costs(basis="charged"), _history([100.0] * 20).assign(basis="charged"))
    assert "what serving them cost is not known" in _row(told, "cost")["sentence"]
    assert _row(told, "cost")["title"] == "Charged to customers" and np.isnan(_row(told, "load")["value"])


def test_too_few_observations_are_said_to_be_too_few() -> None:
    told = _told(_costs(), _history([100.0] * 20), pd.DataFrame([_cell("nps_points", 20, n=3)]))
    assert "n = 3: too few" in _row(told, "experience")["sentence"]


def test_with_nothing_at_all_every_topic_says_so() -> None:
    history = pd.DataFrame(columns=["quarter", "customer_id", "worked_hours", "cost_to_serve_cost", "basis"])
    told = tell_headline(
        _costs()[:0], history, CAPACITY[:0], NO_CELLS, NO_CHANGES, quarter="2026Q3", settings=Settings()
    )
    assert told.figures["value"].isna().all() and (told.figures["sentence"].str.len() > 20).all()


def _benefits() -> pd.DataFrame:
    """Due in the quarter: 100 (80 realised, confirmed), 60 (30 realised), 40 (nobody measured); due later: 500."""
    return pd.DataFrame(
        {
            "benefit_id": list("abcd"),
            "due_on": pd.to_datetime(["2026-07-01", "2026-08-15", "2026-09-30", "2027-01-01"]),
            "planned_benefit": [100.0, 60.0, 40.0, 500.0],
            "realised_benefit": [80.0, 30.0, np.nan, np.nan],
            "confirmed": pd.array([True, False, None, None], dtype="boolean"),
        }
    )


def test_planned_due_realised_confirmed_and_unmeasured_benefit_stand_apart() -> None:
    told = _told(_costs(), _history([100.0] * 20), benefits=_benefits())
    rows = told.beside[told.beside["unit"] == "_benefit"].set_index("figure")
    assert rows["value"].to_dict() == {
        "due_benefit": 200,
        "unmeasured_benefit": 40,
        "measured_benefit": 160,
        "realised_benefit": 110,
        "confirmed_benefit": 80,
        "planned_benefit": 700,
        "confirmed_to_date_benefit": 80,
    }
    assert rows["n"].tolist() == [3, 1, 2, 2, 1, 4, 1] and (rows["low"] == rows["value"]).all()
    said = _row(told, "value")["sentence"]
    assert "EUR 200 of benefit was due in the quarter. What became of EUR 40 of it nobody measured." in said
    assert "EUR 160 of it was measured: EUR 110 was realised. Customers have confirmed EUR 80 of that." in said
    assert said.endswith("Over all quarters EUR 700 is planned. Over all quarters customers have confirmed EUR 80.")


def test_a_benefit_that_nobody_ever_confirms_is_not_told_as_confirmed_nought() -> None:
    silent = _benefits().assign(confirmed=pd.array([None] * 4, dtype="boolean"))
    told = _told(_costs(), _history([100.0] * 20), benefits=silent)
    assert "confirmed_benefit" not in set(told.beside["figure"])
    assert "whether customers confirmed that is not recorded" in _row(told, "value")["sentence"]


def test_without_a_benefit_due_only_the_plan_is_told() -> None:
    told = _told(_costs(), _history([100.0] * 20), benefits=_benefits()[3:])
    assert told.beside.loc[told.beside["unit"] == "_benefit", "figure"].tolist() == ["planned_benefit"]
    assert "No benefit was due in the quarter." in _row(told, "value")["sentence"]
    none = _told(_costs(), _history([100.0] * 20), benefits=_benefits()[:0])
    assert not (none.beside["unit"] == "_benefit").any()


def test_the_cost_of_a_delivery_says_what_it_counts() -> None:
    costs = _costs().assign(cost_to_serve_cost=[100.0, 120.0] * 10)
    row = _told(costs, _history([100.0] * 20)).beside.set_index("figure").loc["unit_cost"]
    assert row["value"] == 55 and row["n"] == 40 and row["low"] < 55 < row["high"]
    assert row["title"] == "Cost to serve per delivery"
    assert row["sentence"] == "All that serving cost, over 40 deliveries: about EUR 55 each."
    charged = _told(_costs(basis="charged"), _history([100.0] * 20).assign(basis="charged")).beside
    assert charged.set_index("figure").loc["unit_cost", "title"] == "Charged per delivery"


def test_beside_another_figure_only_a_clear_change_is_told() -> None:
    row = {
        "value": 40.0, "low": 30.0, "high": 50.0, "n": 60, "unit": "points", "against": "2026Q2",
        "direction": "no clear change", "change": 1.0, "change_low": -4.0, "change_high": 6.0,
    }  # fmt: skip
    assert say_measured(row, "net promoter score", beside=True) == "Net promoter score: 40 (30 to 50, n = 60)."
    whole = "; no clear change since 2026Q2 (between 4 less and 6 more)."
    assert say_measured(row, "net promoter score", beside=False).endswith(whole)
    clear = row | {"direction": "better", "change_low": 2.0}
    assert say_measured(clear, "net promoter score", beside=True).endswith("; 2 to 6 more than in 2026Q2: better.")
    fewer = row | {"direction": "lower", "change": -3.0, "change_low": -5.0, "change_high": -1.0}
    assert say_measured(fewer, "net promoter score", beside=True).endswith("; 1 to 5 less than in 2026Q2.")


def test_days_are_told_in_two_figures_and_one_day_is_no_plural() -> None:
    row = {"low": np.nan, "high": np.nan, "n": 3, "unit": "_days", "direction": ""}
    few = " (n = 3: too few to say how sure)."
    assert (
        say_measured(row | {"value": 1.0}, "working days to deliver", beside=False) == f"1 working day to deliver{few}"
    )
    assert say_measured(row | {"value": 9.94}, "working days", beside=False) == f"9.9 working days{few}"
    assert say_measured(row | {"value": 10.4}, "working days", beside=False) == f"10 working days{few}"


def test_the_sentence_names_what_moved_and_what_is_not_measured() -> None:
    missing = " Not measured: value, experience, competitive advantage."
    still = _told(_costs(), _history([110.0 + (i % 2) * 2 - 1 for i in range(20)], hours=(4.5, 4.5)))
    assert still.sentence == "No clear change since 2026Q2." + missing
    dearer = _told(_costs(), _history([100.0 + (i % 2) for i in range(20)], hours=(4.5, 4.5)))
    assert dearer.sentence == "Since 2026Q2: cost higher; none of the others changed clearly." + missing


def test_a_benefit_that_nobody_confirmed_is_not_counted_as_confirmed() -> None:
    benefits = pd.DataFrame(
        {
            "due_on": pd.to_datetime(["2026-08-01", "2026-01-10", "2026-02-01"]),
            "planned_benefit": [100.0, 200.0, 300.0], "realised_benefit": [90.0, 150.0, 250.0],
            "confirmed": pd.array([True, None, False], "boolean"),
        }
    )  # fmt: skip
    told = list_benefits(benefits, "2026Q3", Settings()).set_index("figure")["value"]
    assert (
        told["confirmed_to_date_benefit"] == 90 and told["confirmed_benefit"] == 90 and told["planned_benefit"] == 600
    )
