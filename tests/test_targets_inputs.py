"""However the same history and pairs are written down, the answer is the same; what cannot be read is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.targets import assign_capacity, target_services
from pmo_analysis.contract.errors import InputError

QUARTERS = ["2025Q3", "2025Q4", "2026Q1", "2026Q2"]
PAIRS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c"],
        "service_id": "s",
        "value": [60.0, 100.0, 120.0],
        "eligible": [True, False, True],
        "pmo_hours": [10.0, 20.0, 30.0],
    }
)


def _history() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (str(c), f"S{s}", q)
        for c in range(20)
        for s in range(4)
        for q in QUARTERS
        if rng.random() < (0.7 if s % 2 == c % 2 else 0.1)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "service_id", "quarter"])


SEGMENTS = {str(c): "even" if c % 2 == 0 else "odd" for c in range(20)}


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda h: h.astype("category"),
        lambda h: h.assign(customer_id=h["customer_id"].astype(int)),
        lambda h: h.assign(customer_id=h["customer_id"].astype(float)),
        lambda h: h.convert_dtypes(),
    ],
    ids=["category", "whole numbers", "decimals", "nullable"],
)
def test_ids_and_quarters_may_be_written_as_text_categories_or_numbers(rewrite):
    plain, again = (target_services(h, segments=SEGMENTS) for h in (_history(), rewrite(_history())))
    pd.testing.assert_frame_equal(again.probabilities, plain.probabilities)
    pd.testing.assert_frame_equal(again.fit, plain.fit)
    assert set(plain.fit["verdict"]) >= {"offer", "keep"}


def test_requests_without_a_customer_are_counted_among_what_is_left_out():
    history = _history()
    history.loc[:4, "customer_id"] = None
    left_out = target_services(history).left_out
    assert left_out["reason"].tolist() == ["5 requests name no customer, service or quarter"]


def test_a_segment_that_asks_less_than_the_whole_is_not_said_to_be_like_it():
    fit = target_services(_history(), segments=SEGMENTS).fit
    less = fit[(fit["verdict"] == "keep") & (fit["high"] < fit["whole_uptake"])]
    assert len(less)
    assert less["reason"].str.endswith("fewer than elsewhere, yet too many to stop it").all()


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (lambda h: h.assign(quarter=h["quarter"].where(h.index > 1, "2026-Q5")), {}, "2 of .* such as '2026-Q5'"),
        (lambda h: h.assign(engagement_count="many"), {}, "engagement_count: .* such as 'many'"),
        (lambda h: h.assign(engagement_count=-1), {}, "engagement_count are endless or below zero, such as -1"),
        (lambda h: h.assign(unit_cost=np.inf), {}, "unit_cost are endless"),
        (lambda h: h, {"customers": ["C1"]}, "customers: give a table"),
        (lambda h: h, {"services": {"S0": "x"}}, "services: give a table"),
        (
            lambda h: h,
            {"customers": pd.DataFrame({"customer_id": ["1", None]})},
            "1 of 2 customers have no customer_id",
        ),
    ],
)
def test_a_history_that_cannot_be_read_is_refused_in_words(change, options, told):
    with pytest.raises(InputError, match=told):
        target_services(change(_history()), **options)


@pytest.mark.parametrize("eligible", [["yes", "no", "Yes"], [1, 0, 1], [1.0, None, 1.0], ["True", "false", "true"]])
def test_eligible_may_be_yes_and_no_or_one_and_nought_and_a_blank_is_no(eligible):
    told = assign_capacity(PAIRS.assign(eligible=eligible), {"pmo": 50})
    assert told.plan["customer_id"].tolist() == ["a", "c"]


def test_a_pair_without_a_customer_is_left_out():
    told = assign_capacity(PAIRS.assign(eligible=True, customer_id=["a", None, "c"]), {"pmo": 50})
    assert (told.objective, told.left_out.to_dict("records")) == (
        180.0,
        [{"pairs_count": 1, "reason": "no customer or service"}],
    )


@pytest.mark.parametrize(
    ("pairs", "capacity", "share", "told"),
    [
        (PAIRS.assign(eligible=["yes", "perhaps", "no"]), {"pmo": 50}, None, "1 of 3 eligible .* 'perhaps'"),
        (PAIRS.assign(value="high"), {"pmo": 50}, None, "value: 3 of 3 are not numbers"),
        (PAIRS, {"pmo": None}, None, "missing for pmo"),
        (PAIRS, {"pmo": "much"}, None, "missing for pmo"),
        (PAIRS, [50], None, "give role → hours"),
        (PAIRS, pd.Series([50, 20], index=["pmo", "pmo"]), None, "each role once"),
        (PAIRS, {"pmo": 50}, "half", "minimum_share: give a share"),
        (PAIRS.assign(customer_id=["a", "c", "c"]), {"pmo": 50}, None, "1 of 3 rows .* 'c' and 's'; keep one"),
        (PAIRS.assign(lead_hours=2.0), {"pmo": 50}, None, "'lead_hours', of which capacity tells nothing"),
    ],
)
def test_pairs_that_cannot_be_planned_are_refused_in_words(pairs, capacity, share, told):
    with pytest.raises(InputError, match=told):
        assign_capacity(pairs, capacity, minimum_share=share)
