"""Formats: two significant figures in the unit, with the range, and a dash where nothing is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.present import formats


@pytest.mark.parametrize(("value", "unit", "told"), [
    (0.3149, "_share", "31 %"), (1.4556, "_share", "150 %"), (-0.004, "_share", "0 %"), (48213.0, "_cost", "EUR 48k"),
    (-5100.0, "money", "−EUR 5,100"), (3.0, "days", "3 days"), (0.8669, "_hours", "0.87 hours"), (131.0, "_count", "131"),
    (1274.0, "_count", "1,274"), (974.3, "_count", "970"), (15.625, "points", "16"), (0.7612, "ratio", "0.76"),
    (np.nan, "_cost", "–"), (None, "_share", "–"), (float("inf"), "", "–"),
])  # fmt: skip
def test_a_figure_is_told_to_two_significant_figures_in_its_unit(value, unit, told):
    assert formats.tell(value, unit, "EUR") == told


def test_a_range_stands_beside_its_figure_and_missing_limits_are_said():
    assert formats.tell_range(0.31, 0.27, 0.35, "_share") == "31 % (27 to 35 %)"
    assert formats.tell_range(0.31, np.nan, np.nan, "_share") == "31 % (range not estimable)"
    assert formats.tell_range(330.0, 330.0, 330.0, "_count") == "330"
    assert formats.tell_range(np.nan, 0.1, 0.2, "_share") == "–"


def test_ranges_across_nought_keep_the_currency_on_both_ends():
    assert formats.tell_limits(-28000, 17000, "_cost", "EUR") == "−EUR 28k to EUR 17k"
    assert formats.tell_limits(700, 9500, "_cost", "EUR") == "EUR 700 to 9,500"


def test_a_change_carries_signs_and_shares_change_in_points():
    assert formats.tell_change(-0.02, 0.07, "_share") == "−2 to +7 points"
    assert formats.tell_change(-1, 0, "days") == "−1 to 0 days"
    assert formats.tell_change(np.nan, 0.1, "_share") == "–"


def test_a_table_shows_a_dash_for_missing_never_nought_and_says_how_many_rows_are_left():
    rows = pd.DataFrame({"Service": ["a", "b", "c"], "Hours": [1.0, np.nan, 3.0]})
    told = formats.table(rows, caption="Hours", most=2)
    assert told.count("<tr>") == 3  # the head and two rows
    assert "<td" in told and ">–</td>" in told and ">0</td>" not in told
    assert "1 more in the workbook" in told


def test_tables_name_their_heads_for_readers_who_listen():
    told = formats.table(pd.DataFrame({"Service": ["a"], "n": [3]}), caption="Requests")
    assert told.count('scope="col"') == 2 and told.count('scope="row"') == 1
    assert "<caption>Requests</caption>" in told


def test_an_empty_table_shows_nothing():
    assert formats.table(pd.DataFrame({"Service": []}), caption="Requests") == ""


def test_markup_in_names_and_headings_is_text():
    told = formats.table(pd.DataFrame({"<b>x": ["<script>alert(1)</script>"]}), caption="a & <i>")
    assert "<script" not in told and "<b>" not in told and "<i>" not in told
    assert "&lt;script&gt;" in told


def test_text_of_another_direction_keeps_its_own():
    told = formats.table(pd.DataFrame({"Customer": ["مكتب المشاريع"], "Wish": ["نعم"]}), caption="c")
    assert told.count('dir="auto"') == 2


def test_lists_in_a_sentence_are_cut_with_their_number():
    assert formats.join(["a"]) == "a"
    assert formats.join(["a", "b", "c"]) == "a, b and c"
    assert formats.join(list("abcdef"), most=2) == "a, b and 4 more"


def test_a_clear_change_never_seems_to_reach_nought():
    assert formats.tell_change(-0.41, -0.002, "_share") == "−41 to −0.2 points"
    assert formats.tell_change(-0.41, 0.002, "_share") == "−41 to 0 points"
    assert formats.tell_change(0.00021, 0.29) == "just over 0 to +0.29"
    assert formats.tell_change(-3, -0.001, "hours") == "−3 hours to just under 0"
