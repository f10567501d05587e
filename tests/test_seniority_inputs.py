"""However the same engagements are written down, the senior effect is the same; what cannot be read is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.seniority import senior_effect
from pmo_analysis.contract.errors import InputError

ASKED = {"outcome": "y", "treatment": "senior", "confounders": ["x", "kind"], "cluster": "customer_id"}


def _engagements() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    x = rng.normal(size=200)
    senior = (rng.random(200) < 1 / (1 + np.exp(-x))).astype(int)
    y = 0.8 * senior - 1.5 * x + rng.normal(size=200)
    kind, customer = rng.choice(["a", "b"], 200), rng.integers(0, 40, 200)
    return pd.DataFrame({"y": y, "senior": senior, "x": x, "kind": kind, "customer_id": customer})


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda t: t.astype(object),
        lambda t: t.convert_dtypes(),
        lambda t: t.assign(senior=np.where(t["senior"] == 1, "yes", "No")),
        lambda t: t.assign(senior=t["senior"].astype("category")),
    ],
    ids=["objects", "nullable", "yes and no", "category"],
)
def test_numbers_kept_as_objects_and_written_yes_give_the_same_effect(rewrite):
    plain, again = senior_effect(_engagements(), **ASKED), senior_effect(rewrite(_engagements()), **ASKED)
    assert plain.low > 0
    assert (again.estimate, again.low, again.high) == pytest.approx((plain.estimate, plain.low, plain.high))


def test_an_endless_outcome_is_left_out_and_counted():
    rows = _engagements()
    rows.loc[:2, "y"] = np.inf
    told = senior_effect(rows, **ASKED)
    assert told.left_out.to_dict("records") == [{"reason": "no y", "rows_count": 3}]
    assert np.isfinite([told.naive, told.estimate, told.low, told.high]).all()


def test_a_confounder_named_twice_counts_once():
    once = senior_effect(_engagements(), **ASKED)
    twice = senior_effect(_engagements(), **{**ASKED, "confounders": ["x", "kind", "x"]})
    assert twice.estimate == once.estimate


@pytest.mark.parametrize(
    ("change", "asked", "told"),
    [
        (lambda t: t.assign(senior="often"), {}, "200 of 200 rows are not, such as 'often'"),
        (lambda t: t.assign(y="good"), {}, "The outcome 'y' holds no number, but 'good'"),
        (lambda t: t, {"confounders": ["x", "y"]}, "'y' is the outcome and stands among the confounders"),
        (lambda t: t, {"level": 2}, "level = 2"),
        (lambda t: t.to_dict(), {}, "give a table"),
        (lambda t: pd.concat([t, t[["x"]]], axis=1), {}, "'x' stands there more than once"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(change, asked, told):
    with pytest.raises(InputError, match=told):
        senior_effect(change(_engagements()), **{**ASKED, **asked})
