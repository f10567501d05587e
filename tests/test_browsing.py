"""Tables that sort and filter: by widgets alone, by words, and with the first rows where no kernel answers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import pmo_analysis as pmo
from pmo_analysis.analysis.scenarios import compare_scenarios, make_baseline
from pmo_analysis.contract.errors import InputError

TABLE = pd.DataFrame({
    "name": ["Beta", "alpha", "<b>Gamma</b>", None],
    "cost": [1234567.25, 30.0, np.nan, 200.0],
    "since_on": pd.to_datetime(["2026-01-01", "2025-01-01", None, "2024-01-01"]),
})  # fmt: skip


def names(browser):
    return browser.rows["name"].tolist()


def test_rows_are_sorted_by_a_column_and_missing_ones_come_last():
    browser = pmo.browse(TABLE)
    browser.order.value = "cost"
    assert browser.rows["cost"].tolist()[:3] == [30, 200, 1234567.25] and browser.rows["cost"].isna().iloc[3]
    browser.falling.value = True
    assert browser.rows["cost"].tolist()[0] == 1234567.25 and browser.rows["cost"].isna().iloc[3]
    browser.order.value, browser.falling.value = "name", False
    assert names(browser)[1:3] == ["alpha", "Beta"], "capitals do not matter"


def test_rows_are_filtered_by_all_words_in_any_column():
    browser = pmo.browse(TABLE)
    browser.filter.value = "ALPHA 2025"
    assert names(browser) == ["alpha"] and "filtered from 4" in browser.shown.value
    browser.filter.value = "alpha 2026"
    assert names(browser) == [] and "No row holds these words" in browser.shown.value
    browser.filter.value = "(["
    assert names(browser) == [], "words, not patterns"


def test_text_is_escaped_and_figures_are_whole():
    shown = pmo.browse(TABLE).shown.value
    assert "&lt;b&gt;Gamma" in shown and "<b>Gamma" not in shown
    assert "1.23457e+06" in shown or "1,234,567" in shown
    assert "2026-01-01" in shown and "–" in shown


def test_pages_begin_at_a_row():
    browser = pmo.browse(pd.DataFrame({"x": range(45)}), page=20)
    assert "Rows 1 to 20 of 45" in browser.shown.value
    browser.from_row.value = 41
    assert "Rows 41 to 45 of 45" in browser.shown.value and '<td class="number">44</td>' in browser.shown.value
    browser.filter.value = "4"
    assert "Rows 1 to 9" in browser.shown.value, "a new filter begins at the top"


def test_a_result_offers_all_its_tables_and_an_index_with_a_name_becomes_a_column():
    work = pd.DataFrame({"service_id": ["A"] * 5, "customer_id": list("abcde"), "worked_hours": 1.0, "cost": 2.0})
    staff = pd.DataFrame({"role": ["r"], "fte": [1.0], "practical_hours": [10.0], "capacity_cost": [5.0]})
    told = compare_scenarios({"now": make_baseline(work, pd.DataFrame({"role": ["r"], "hourly_cost": [1.0]}), staff)})
    browser = pmo.browse(told)
    assert list(browser.table.options) == ["table", "inputs"]
    browser.table.value = "inputs"
    assert "input_of" in browser.shown.value and list(browser.order.options)[1] == "scenario"
    assert "customer_id" in pmo.browse(TABLE.set_axis(pd.Index(list("abcd"), name="customer_id"))).rows


def test_without_a_table_it_says_what_to_give():
    with pytest.raises(InputError, match="no table in this SimpleNamespace"):
        pmo.browse(SimpleNamespace())


def test_where_no_kernel_answers_the_first_rows_are_shown():
    told = pmo.browse(TABLE)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in told and "alpha" in told["text/html"]
