"""A column's suffix gives its unit, its format and its words."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from pmo_analysis.contract.tables import TABLES
from pmo_analysis.contract.units import UNITS, round_significant, tell_money, tell_number, unit_of


@pytest.mark.parametrize(("value", "column", "told"), [
    (0.314, "senior_share", "31 %"), (0.0, "senior_share", "0 %"), (1234.56, "worked_hours", "1,234.6"),
    (3, "engagement_count", "3"), (72.04, "outcome_score", "72.0"), (48213.0, "charged_cost", "EUR 48k"),
    (None, "worked_hours", "not known"), (math.nan, "charged_cost", "not known"), (math.inf, "x", "not known"),
    (pd.NA, "worked_hours", "not known"), (0.5, "plain", "0.5"), (512.3, "plain", "512"),
])  # fmt: skip
def test_a_number_is_told_in_its_columns_words(value, column, told):
    assert tell_number(value, column, "EUR") == told


@pytest.mark.parametrize(("value", "told"), [
    (48213, "EUR 48k"), (1_234_567, "EUR 1.2m"), (640.4, "EUR 640"), (-48213, "−EUR 48k"), (0, "EUR 0"),
    (9_960_000, "EUR 10m"), (999_999, "EUR 1m"), (156_618_803.68, "EUR 160m"), (2_500_000_000, "EUR 2.5bn"),
    (4.56, "EUR 4.6"), (9_949, "EUR 9,900"), (9_999, "EUR 10k"), (math.nan, "not known"),
])  # fmt: skip
def test_money_is_told_to_two_significant_figures(value, told):
    assert tell_money(value, "EUR") == told


@pytest.mark.parametrize(("value", "rounded"), [(48213, 48000), (0.01234, 0.012), (-995, -1000), (0, 0)])
def test_rounding_keeps_two_significant_figures(value, rounded):
    assert round_significant(value) == pytest.approx(rounded)


def test_every_number_of_the_contract_has_a_unit_or_is_a_score_of_its_own():
    plain = {
        c.name for t in TABLES for c in t.columns if c.kind in ("number", "money", "count") and not unit_of(c.name)
    }
    assert plain == {"complexity", "score", "importance", "fte", "expected_effect", "observed_effect"}


def test_suffixes_do_not_hide_each_other():
    for unit in UNITS:
        assert unit_of("x" + unit.suffix) == unit
    assert unit_of("name") is None
