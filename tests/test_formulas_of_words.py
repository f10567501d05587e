"""Prices of next quarter and figures in words, by hand and against the textbook's formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pmo_analysis.analysis.headline.saying import say_change, say_measured, say_range
from pmo_analysis.analysis.propositions.price import check_prices, predict_next, price_groups, typical_costs
from pmo_analysis.analysis.value.scores import LEAST_VALUE, MOST_VALUE, score_value
from pmo_analysis.contract.errors import InputError


def test_next_quarters_price_is_told_from_four_quarters_on_as_a_new_draw_would_lie():
    costs = pd.Series([100.0, 0.5, 130.0, 90.0, 0.0, -4.0])
    logs = np.log([100.0, 0.5, 130.0, 90.0])
    low, high = stats.t.interval(0.95, 3, logs.mean(), logs.std(ddof=1) * np.sqrt(1.25))
    told = predict_next(costs)
    assert told == pytest.approx({"value": np.exp(logs.mean()), "low": np.exp(low), "high": np.exp(high), "n": 4})
    assert predict_next(costs, level=0.8)["high"] < told["high"]
    few = predict_next(costs[:3])
    assert few["n"] == 3
    assert np.isnan([few["value"], few["low"], few["high"]]).all()


def _typical(count: int) -> pd.DataFrame:
    quarters = [f"20{20 + i // 4}Q{i % 4 + 1}" for i in range(count)]
    rng = np.random.default_rng(1)
    parts = [pd.DataFrame({"group": g, "quarter": quarters, "cost": rng.lognormal(4, 0.3, count)}) for g in "ab"]
    return pd.concat(parts, ignore_index=True)


def test_prices_rest_on_the_last_eight_quarters():
    typical = _typical(10)
    told = price_groups(typical, level=0.9)
    for group, part in typical.groupby("group"):
        assert told.loc[group].tolist() == pytest.approx(list(predict_next(part["cost"].iloc[2:], level=0.9).values()))
    assert told["quarters_count"].tolist() == [8, 8]


def test_each_quarter_with_four_before_it_is_predicted_from_those_alone():
    typical = _typical(10)
    told = check_prices(typical.sample(frac=1, random_state=2), level=0.9).set_index(["group", "quarter"])
    assert len(told) == 2 * 6
    own = typical[typical["group"] == "b"].reset_index(drop=True)
    for place in (4, 9):
        wanted = predict_next(own["cost"].iloc[max(place - 8, 0) : place], level=0.9)
        row = told.loc[("b", own["quarter"][place])]
        assert row.tolist()[:3] == pytest.approx([wanted["low"], wanted["high"], own["cost"][place]])
        assert row["held"] == (wanted["low"] <= own["cost"][place] <= wanted["high"])


def test_a_typical_customer_is_the_one_in_the_middle():
    history = pd.DataFrame(
        {"quarter": "2026Q3", "customer_id": list("abcd"), "cost_to_serve_cost": [1.0, 5.0, np.nan, 30.0]}
    )
    members = pd.DataFrame({"customer_id": list("abc"), "group": "g"})
    assert typical_costs(history, members).to_dict("records") == [{"group": "g", "quarter": "2026Q3", "cost": 3.0}]


def _row(**more: Any) -> dict[str, Any]:
    row = {"value": 0.62, "low": 0.5, "high": 0.71, "n": 20, "unit": "_share", "direction": "better", "change": 0.1}
    return row | {"change_low": 0.01, "change_high": 0.07, "against": "2026Q2"} | more


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (_row(), " (50% to 71%, n = 20)"),
        (_row(low=0.62, high=0.62), ""),
        (_row(low=np.nan), " (n = 20: too few to say how sure)"),
        (_row(high=np.inf), " (n = 20: too few to say how sure)"),
        (_row(unit="_days", low=9.94, high=10.4), " (9.9 to 10, n = 20)"),
    ],
)
def test_a_range_is_told_or_why_there_is_none(row, text):
    assert say_range(row).replace(" %", "%") == text


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (_row(), "; 1 to 7 points more than in 2026Q2: better"),
        (
            _row(direction="worse", change=-0.1, change_low=-0.07, change_high=-0.01),
            "; 1 to 7 points less than in 2026Q2: worse",
        ),
        (_row(direction="higher"), "; 1 to 7 points more than in 2026Q2"),
        (
            _row(direction="no clear change", change_low=-0.02, change_high=0.03),
            "; no clear change since 2026Q2 (between 2 points less and 3 points more)",
        ),
        (
            _row(direction="no clear change", change_low=-0.01, change_high=0.0),
            "; no clear change since 2026Q2 (between 1 point less and 0 points more)",
        ),
        (_row(direction="not estimable"), ""),
        (_row(direction=""), ""),
    ],
)
def test_a_change_is_told_by_its_range(row, text):
    assert say_change(row) == text


def test_one_day_is_a_day_and_figures_beside_others_tell_only_clear_changes():
    day = _row(unit="_days", value=1.0, low=1.0, high=1.0, direction="no clear change")
    assert say_measured(day, "working days of waiting", beside=True) == "1 working day of waiting."
    assert "no clear change" in say_measured(day, "working days of waiting", beside=False)
    assert say_measured(day | {"value": 2.0}, "working days", beside=True).startswith("2 working days")
    points = _row(unit="points", value=31.4, low=31.4, high=31.4, direction="")
    assert say_measured(points, "recommendation", beside=False) == "Recommendation: 31."


def _scored(strange: float, count: int) -> pd.DataFrame:
    """Ten values of ten customers, `count` of them as given and the others in the middle of the scale."""
    values = [strange] * count + [50.0] * (10 - count)
    return pd.DataFrame({"unit_id": [f"u{i}" for i in range(10)], "outcome": "execution", "value": values, "n": 4})


def test_half_of_the_values_off_the_scale_are_refused_and_fewer_or_just_inside_are_not():
    for strange in (LEAST_VALUE - 1, MOST_VALUE + 1):
        with pytest.raises(InputError, match="5 of 10 values are far from the scale"):
            score_value(_scored(strange, 5))
        assert len(score_value(_scored(strange, 4)).scores) == 10
    for inside in (LEAST_VALUE, MOST_VALUE):
        assert len(score_value(_scored(inside, 10)).scores) == 10
