"""Waiting times of many cells at once are those of each cell alone."""

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.estimates import censored_quantile, quantile_interval
from pmo_analysis.analysis.measures.waiting import tell_quantile, tell_waiting


def _cases(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "cell": rng.integers(0, 60, 900) ** 2,
            "numerator": np.where(rng.random(900) < 0.02, np.nan, np.rint(rng.lognormal(2, 1, 900))),
            "denominator": (rng.random(900) < 0.7).astype("float64"),
        }
    )


@pytest.mark.parametrize(("share", "minimum"), [(0.5, 5), (0.85, 10)])
def test_each_cell_is_told_as_if_it_were_alone(share: float, minimum: int) -> None:
    cases = _cases(3)
    told = tell_waiting(cases, share, level=0.95, minimum=minimum).set_index("cell")
    for cell, rows in cases.dropna().groupby("cell"):
        alone = censored_quantile(rows["numerator"], rows["denominator"] > 0, share, level=0.95, minimum=minimum)
        assert told.loc[cell, ["value", "low", "high", "n"]].tolist() == pytest.approx(
            list(alone.values()), nan_ok=True, abs=0
        )


@pytest.mark.parametrize(("share", "minimum"), [(0.5, 5), (0.8, 10)])
def test_a_quantile_of_many_cells_is_that_of_each(share: float, minimum: int) -> None:
    cases = _cases(5).assign(numerator=np.random.default_rng(5).lognormal(0, 1, 900))
    told = tell_quantile(cases, share, level=0.95, minimum=minimum).set_index("cell")
    for cell, rows in cases.groupby("cell"):
        alone = quantile_interval(rows["numerator"], share, level=0.95, minimum=minimum)
        assert told.loc[cell, ["value", "low", "high", "n"]].tolist() == pytest.approx(
            list(alone.values()), nan_ok=True, abs=0
        )
    assert tell_quantile(cases[:0], share, level=0.95, minimum=minimum).empty


def test_the_order_of_rows_does_not_matter() -> None:
    cases = _cases(4)
    shuffled = cases.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(
        tell_waiting(cases, 0.5, level=0.95, minimum=5), tell_waiting(shuffled, 0.5, level=0.95, minimum=5)
    )


def test_without_rows_and_without_an_end_nothing_is_told() -> None:
    assert tell_waiting(_cases(0)[:0], 0.5, level=0.95, minimum=5).empty
    still = pd.DataFrame({"cell": 1, "numerator": [3.0, 4.0], "denominator": 0.0})
    row = tell_waiting(still, 0.5, level=0.95, minimum=1).iloc[0]
    assert row["n"] == 2 and np.isnan(row["value"])
