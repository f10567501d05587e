"""The start page: the data's state, what it answers, and the last report."""

import json
import os
import re
from pathlib import Path

import pandas as pd

import pmo_analysis as pmo
from pmo_analysis.present import starting

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
DATA = pmo.Dataset.from_frames({
    "customers": pd.DataFrame({"customer_id": ["C1"], "name": ["<i>One</i>"], "category": ["IT"]}),
    "services": pd.DataFrame({"service_id": ["S1"], "name": ["Plan"]}),
    "engagements": pd.DataFrame({
        "engagement_id": ["E1", "E2"], "customer_id": ["C1", "C9"], "service_id": ["S1", "S1"],
        "requested_on": ["2025-02-01", "2025-08-01"],
    }),
})  # fmt: skip


def test_the_state_of_the_data_is_one_sentence_and_its_tables():
    told = starting.data(DATA).html
    assert "3 quarters, 2025Q1 to 2025Q3; 2025Q3 is the last complete one." in told
    assert "1 kind of problem: 1 " in told, "an engagement of a customer that is not there"
    assert "engagements" in told


def test_what_is_answered_and_what_would_answer_most():
    told = starting.answered(DATA).html
    assert "of 13 questions can be answered wholly" in told and "would answer most" in told


def test_reports_are_listed_with_the_newest_first(tmp_path):
    for at, quarter in enumerate(("2026Q1", "2026Q2")):
        folder = tmp_path / "reports" / f"x-{quarter}"
        folder.mkdir(parents=True)
        content = {"organisation": "A & <b>", "quarter": quarter, "files": [], "inputs": []}
        (folder / "manifest.json").write_text(json.dumps(content))
        os.utime(folder / "manifest.json", (1e9 + at, 1e9 + at))
    (tmp_path / "reports" / "broken").mkdir()
    (tmp_path / "reports" / "broken" / "manifest.json").write_text("{")
    rows = pmo.list_reports(tmp_path / "reports")
    assert rows["quarter"].tolist() == ["2026Q2", "2026Q1"]
    assert rows["page"].iloc[0] == "reports/x-2026Q2/report.html"
    told = starting.reports(rows).html
    assert 'href="../reports/x-2026Q2/report.html"' in told and "A &amp; &lt;b&gt;, 2026Q2" in told


def test_without_a_report_it_says_how_to_make_one(tmp_path):
    assert "make report" in starting.reports(pmo.list_reports(tmp_path)).html


def test_every_notebook_is_linked_and_every_link_leads_to_one():
    text = (NOTEBOOKS / "start.ipynb").read_text("utf-8")
    linked = set(re.findall(r"\]\(([a-z_]+\.ipynb)\)", text))
    assert linked == {path.name for path in NOTEBOOKS.glob("*.ipynb")} - {"start.ipynb"}
