"""Page 1's decisions become rows of the decisions table, once, and the data then loads without a fault."""

import json

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError, PublishError
from pmo_analysis.intake.check import check
from pmo_analysis.intake.load import load
from pmo_analysis.run.decide import take_decisions

PROPOSED = pd.DataFrame({
    "rank": [1, 2],
    "decision": ["Stop monthly status packs", "Offer plan reviews to Works"],
    "options": ["stop; keep", "offer; wait"],
    "decider": ["PMO head", "Head of delivery"],
    "due_on": pd.to_datetime(["2026-10-28", "2026-10-28"]),
    "measure": ["process_hours_share", "reach_share"],
    "expected_effect": [-0.05, None],
})  # fmt: skip


@pytest.fixture
def organisation(tmp_path):
    folder = tmp_path / "org"
    folder.mkdir()
    (folder / "customers.csv").write_text("customer_id,name,category\nC1,Finance,Division\n")
    (folder / "services.csv").write_text("service_id,name\nS1,Plan review\n")
    (folder / "engagements.csv").write_text("engagement_id,customer_id,service_id,requested_on\nE1,C1,S1,2026-07-01\n")
    return folder


@pytest.fixture
def report(tmp_path, organisation):
    folder = tmp_path / "report"
    (folder / "tables").mkdir(parents=True)
    PROPOSED.to_parquet(folder / "tables" / "page_1_decisions.parquet")
    content = {
        "files": [],
        "inputs": [],
        "quarter": "2026Q3",
        "organisation": "org",
        "parameters": {"source": str(organisation)},
    }
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


def test_decisions_are_written_beside_the_data_and_load_without_a_fault(report, organisation):
    assert take_decisions(report) == (organisation / "decisions.csv", 2)
    data = load(organisation)
    assert check(data).empty
    rows = data.frame("decisions")
    assert rows["decision_id"].tolist() == ["2026Q3-1", "2026Q3-2"]
    assert rows["state"].tolist() == ["open", "open"]
    assert rows["expected_effect"].tolist()[0] == -0.05 and pd.isna(rows["expected_effect"][1])


def test_a_proposed_decision_is_taken_in_the_next_quarter_and_should_work_by_the_end_of_the_one_after(
    report, organisation
):
    take_decisions(report)
    data = load(organisation)
    rows = data.frame("decisions")
    assert rows["quarter"].unique().tolist() == ["2026Q4"]
    assert rows["due_on"].dt.strftime("%Y-%m-%d").unique().tolist() == ["2027-03-31"]
    assert data.as_of("2026Q3", 12).frame("decisions").empty, "the report that proposed them must not change"


def test_taking_them_twice_adds_nothing(report, organisation):
    take_decisions(report)
    before = (organisation / "decisions.csv").read_bytes()
    assert take_decisions(report)[1] == 0
    assert (organisation / "decisions.csv").read_bytes() == before


def test_what_the_pmo_head_has_written_since_stays(report, organisation):
    take_decisions(report)
    path = organisation / "decisions.csv"
    path.write_text(path.read_text().replace(",open", ",taken"))
    take_decisions(report)
    assert load(organisation).frame("decisions")["state"].tolist() == ["taken", "taken"]


def test_the_data_may_have_moved(report, organisation, tmp_path):
    moved = organisation.rename(tmp_path / "moved")
    assert take_decisions(report, moved)[0] == moved / "decisions.csv"
    with pytest.raises(InputError, match="not a folder of tables"):
        take_decisions(report)


def test_a_report_without_decisions_is_told(report):
    (report / "tables" / "page_1_decisions.parquet").unlink()
    with pytest.raises(PublishError, match="no page_1_decisions table"):
        take_decisions(report)
