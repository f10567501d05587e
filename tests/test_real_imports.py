"""The mapping files kept in data/mappings, on the published data that nobody here wrote."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from pmo_analysis.intake.check import check
from pmo_analysis.intake.load import load
from pmo_analysis.intake.mapping import Import, import_tables

MAPPINGS = Path(__file__).resolve().parents[1] / "data" / "mappings"
FILES = {
    "gcloud": "gcloud_sales.csv",
    "servicenow_incidents": "servicenow_incidents.csv",
    "nyc_capital_projects": "nyc_capital_projects.csv",
    "gmpp": "gmpp_panel.csv",
}
Fetch = Callable[[str], Import]


@pytest.fixture(scope="module")
def fetch(real_folder, tmp_path_factory) -> Fetch:
    """Each data set imported once."""
    done: dict[str, Import] = {}

    def imported(name: str) -> Import:
        if name not in done:
            to = tmp_path_factory.mktemp("real") / name
            done[name] = import_tables(MAPPINGS / f"{name}.toml", [real_folder / FILES[name]], to=to)
        return done[name]

    return imported


def table(done: Import, name: str) -> pd.DataFrame:
    return pd.read_csv(done.folder / f"{name}.csv", dtype="str")


def exact(cells: pd.Series) -> Decimal:
    return sum(map(Decimal, cells), Decimal(0)).quantize(Decimal("0.01"))


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_source_row_is_imported_set_aside_or_merged(fetch, name):
    lines = fetch(name).reconciliation
    assert (lines["difference"] == 0).all()
    assert (lines["source_rows"] == lines["imported_rows"] + lines["set_aside_rows"] + lines["merged_rows"]).all()


@pytest.mark.parametrize("name", sorted(FILES))
def test_what_was_imported_loads_without_a_fault(fetch, name):
    done = fetch(name)
    data = load(done.folder)
    assert {t: data.rows(t) for t in data.tables} == dict(done.tables[["table", "rows"]].to_numpy().tolist())
    found = check(data)
    assert found[found["rows"] > 0].empty, found


# Figures of the publisher's data, stated with it: bodies and pounds bought in and known by a quarter.
@pytest.mark.parametrize(
    ("first", "last", "bodies", "pounds"),
    [
        ("2014-01-01", "2014-03-31", 269, "62220715.69"),
        ("2012-01-01", "2014-03-31", 449, "156618803.68"),
        ("2012-01-01", "2014-06-30", 524, "217455674.39"),
    ],
)
def test_invoices_reconcile_with_their_source_to_the_penny(fetch, first, last, bodies, pounds):
    rows = table(fetch("gcloud"), "engagements")
    bought = rows[rows["started_on"].between(first, last)]
    assert (bought["customer_id"].nunique(), exact(bought["charged_cost"])) == (bodies, Decimal(pounds))


def test_an_invoice_does_not_say_when_it_was_asked_for_so_no_lead_time_of_nought_is_told(fetch):
    assert "requested_on" not in table(fetch("gcloud"), "engagements")


def test_bodies_are_customers_from_their_first_invoice_only(fetch):
    customers = table(fetch("gcloud"), "customers")
    assert (customers["active_from_on"] <= "2014-03-31").sum() == 449 and len(customers) == 524


def test_credits_stay_and_lines_alike_but_for_their_number_are_flagged_not_dropped(fetch):
    done = fetch("gcloud")
    rows = table(done, "engagements")
    # Without the description, which the published extract leaves out, 1,530 lines repeat another one.
    assert (rows["charged_cost"].map(Decimal) <= 0).sum() == 489
    assert len(done.flagged) == 1530 and len(rows) == 13492


def test_letters_of_the_invoices_are_those_of_the_publisher(fetch, real_folder):
    text = (real_folder / FILES["gcloud"]).read_bytes().decode("mac_roman")
    names = set(table(fetch("gcloud"), "customers")["name"])
    foreign = {n for n in names if not n.isascii()}
    assert all(n in text for n in names) and not any("\ufffd" in n for n in foreign)


def test_incidents_without_a_location_are_a_customer_by_that_name(fetch):
    rows = table(fetch("servicenow_incidents"), "engagements")
    assert len(rows) == 24918 and rows["customer_id"].nunique() == 225
    assert (rows["customer_id"] == "Location not recorded").sum() == 6
    assert (rows["reworked"] == "yes").sum() == 275 and "promised_on" not in rows
    assert rows["delivered_on"].notna().all()


def test_new_york_s_plan_is_the_one_before_the_first_change_and_knows_nothing_later(fetch):
    rows = table(fetch("nyc_capital_projects"), "projects").set_index("project_id").loc["project 3"]
    # first report 182,980,960 after a change of −1,915,400; finish 14 January 2020 after a change of 1 day
    assert set(rows["planned_cost"]) == {"184896360"} and set(rows["planned_finish_on"]) == {"2020-01-13"}
    assert rows["forecast_cost"].iloc[-1] == "180577716.63" and len(rows) == 13


def test_new_york_s_unstated_and_joint_clients_are_called_so(fetch):
    done = fetch("nyc_capital_projects")
    kinds = table(done, "customers")["category"].value_counts()
    assert kinds["client not stated"] == 2
    rows = table(done, "projects")
    assert rows["customer_id"].str.startswith("Client not stated").sum() == 615
    assert (rows["customer_id"] == "DEP, DOT").sum() == 45


def test_panels_keep_a_row_per_project_and_day(fetch):
    for name, count in (("nyc_capital_projects", 2259), ("gmpp", 1727)):
        rows = table(fetch(name), "projects")
        assert len(rows) == count and not rows.duplicated(["project_id", "as_of_on"]).any()


def test_sentences_in_cells_of_the_major_projects_are_set_aside_one_by_one(fetch):
    done = fetch("gmpp")
    aside = done.set_aside[done.set_aside["table"] == "projects"]
    assert aside.groupby(["kind", "column"]).size().to_dict() == {
        ("row", ""): 13,
        ("cell", "forecast_cost"): 200,
        ("cell", "forecast_finish_on"): 88,
        ("cell", "planned_start_on"): 24,
    }
    assert not aside.loc[aside["column"] == "forecast_cost", "value"].str.contains(r"^\D?\d[\d.,]*m?$").any()


def test_major_projects_money_is_in_pounds_whatever_its_sign_became(fetch):
    rows = table(fetch("gmpp"), "projects").set_index(["project_id", "as_of_on"])["forecast_cost"]
    assert rows["astute boats 1 7", "2017-09-30"] == "9941960000"
    assert rows["green investment bank", "2013-09-30"] == "278000000"


def test_a_department_under_a_plain_new_name_stays_one_customer_and_mergers_stay_apart(fetch):
    customers = set(table(fetch("gmpp"), "customers")["customer_id"])
    assert "DHSC" in customers and not {"DoH", "DOH", "DH", "DoH Capital", "MoD", "MHCLG", "DCLG"} & customers
    assert {"BIS", "DECC", "BEIS", "FCO", "FCDO"} <= customers and fetch("gmpp").unmapped.empty


def test_later_reports_change_no_earlier_row(fetch, real_folder, tmp_path):
    """Import the panel as it stood in 2020: every row of then is the same in the import of 2023."""
    whole = pd.read_csv(real_folder / FILES["gmpp"], dtype=str, keep_default_na=False)
    whole[~whole["year"].isin(["2021", "2022", "2023"])].to_csv(tmp_path / "gmpp_2020.csv", index=False)
    then = import_tables(MAPPINGS / "gmpp.toml", [tmp_path / "gmpp_2020.csv"], to=tmp_path / "to")
    for name, day in (("projects", "as_of_on"), ("engagements", "requested_on")):
        old, new = table(then, name), table(fetch("gmpp"), name)
        same = new.merge(old, how="right", on=list(old.columns), indicator=True)
        assert (same["_merge"] == "both").all(), (name, day)
