"""Answers of fewer than five people and roles held by fewer are told with others or not at all, by difference too."""

from types import SimpleNamespace

import attacker
import numpy as np
import pandas as pd
import pytest

import pmo_analysis as pmo
from pmo_analysis.analysis.measures import measure_outcomes
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.demo import make_demo
from pmo_analysis.quarter import answers as answers_module
from pmo_analysis.quarter.answers import gather_answers
from pmo_analysis.quarter.protect import mask_people, protect_answers

SURVEYED = {"nps_points", "csat_level", "ces_level", "worth_level"}
QUARTERS = ["2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2"]


@pytest.fixture(scope="module")
def quarter():
    return pmo.run_quarter(pmo.Dataset.from_frames(make_demo(customers=60, quarters=5, seed=5)[0]), "2026Q2")


def _answers(rows: pd.DataFrame, survey: pd.DataFrame) -> pd.DataFrame:
    """The answers behind the measures, with who gave them: what nobody outside may find out."""
    told = rows[rows["measure"].isin(SURVEYED) & rows["numerator"].notna()]
    person = told["source_id"].map(survey.set_index("response_id")["respondent_id"])
    return told.assign(service=told["service_id"], points=told["numerator"], person=person).reset_index(drop=True)


def _find(reports: dict, answers: pd.DataFrame) -> list[str]:
    found = []
    for (measure, quarter), cells in attacker.read_cells(reports, answers).items():
        mine = answers[(answers["measure"] == measure) & (answers["quarter"] == quarter)]
        found += [f"{measure} {quarter}: {f}" for f in attacker.attack(cells, mine["person"].to_numpy())]
    return found


def test_whoever_adds_and_subtracts_all_published_tables_finds_nobody(quarter):
    answers = _answers(quarter.measures.rows, quarter.data.frame("survey"))
    assert len(attacker.read_cells({"2026Q2": quarter.tables()}, answers)) >= 8
    assert _find({"2026Q2": quarter.tables()}, answers) == []


def test_no_table_tells_the_answers_of_a_single_customer(quarter):
    for name in ("measures", "changes"):
        rows = quarter.tables()[name]
        assert not len(rows[rows["measure"].isin(SURVEYED) & (rows["group_kind"] == "customer")])
        assert len(rows[(rows["measure"] == "promises_kept_share") & (rows["group_kind"] == "customer")])


def test_a_customers_value_is_made_without_its_answers(quarter):
    assert SURVEYED & set(quarter.measures.observations["measure"])
    rows = quarter.measures.observations.query("measure not in @SURVEYED and outcome == 'experience'")
    scored = quarter.value.outcomes.query("outcome == 'experience'")
    assert scored["n"].sum() == len(rows)


def test_a_hidden_cell_has_no_figure_and_says_why(quarter):
    cells = quarter.measures.cells[quarter.measures.cells["measure"].isin(SURVEYED)]
    hidden = cells[cells["n"].isna()]
    assert len(hidden) and not cells["n"].between(1, 4).any()
    assert hidden[["value", "low", "high", "measured_share", "worst", "best"]].isna().all(axis=None)
    assert hidden["note"].str.contains("too few people|gives most|subtraction").all()


def test_groups_too_small_to_be_told_are_told_together(quarter):
    cells = quarter.measures.cells.query("measure == 'nps_points' and group_kind == 'category'")
    whole = quarter.measures.cells.query("measure == 'nps_points' and group_kind == 'all'").iloc[0]
    assert "other categories" in set(cells["group"])
    assert cells["n"].sum() == whole["n"]
    assert (cells["n"] * cells["value"]).sum() == pytest.approx(whole["n"] * whole["value"])


def test_roles_of_few_people_are_told_together(quarter):
    for table in (quarter.cost.unused, quarter.cost.rates, quarter.target_review.load):
        assert "PMO head / director" not in set(table["role"])
    together = quarter.cost.unused
    capacity = quarter.data.frame("capacity").query("quarter == '2026Q2'")
    assert together["supplied_cost"].sum() == pytest.approx(capacity["capacity_cost"].sum())
    used, supplied = together["used_hours"], together["supplied_hours"]
    assert (together["utilisation_share"] - used / supplied).abs().max() < 1e-12


def test_problems_name_no_role_of_few_people_and_no_answer(quarter):
    problems = pd.DataFrame(
        {
            "table": ["effort", "effort", "effort", "survey"],
            "column": ["worked_on", "role", "person_id", "score"],
            "problem": ["weeks in which a role booked no hours", "not in roles", "spaces", "above 10"],
            "example": ["PMO head / director, week of 2026-05-04", "Jane Smith", "p-17", "nps = 11"],
        }
    )
    told = mask_people(problems, quarter.data, "2026Q2", Settings())["example"].tolist()
    assert told[0].endswith("roles, week of 2026-05-04") and "head" not in told[0]
    assert "Jane" not in told[1] and told[2:] == ["", ""]


# A small organisation of which everything changes: customers move between categories and segments, people answer
# several times, some answers belong to no service.
def _organisation(seed: int) -> tuple[pmo.Dataset, dict[str, pd.DataFrame]]:
    rng = np.random.default_rng(seed)
    customers = [f"C{i:02d}" for i in range(24)]
    days = [pd.Timestamp(q[:4] + f"-{3 * int(q[5]) - 2:02d}-01") for q in QUARTERS]
    category = {c: rng.choice(["red", "green", "blue"]) for c in customers}
    segment = {c: rng.choice(["a", "b", "c"]) for c in customers}
    versions, placed, engagements, survey = [], [], [], []
    for quarter, day in zip(QUARTERS, days, strict=True):
        for c in customers:
            category[c] = rng.choice(["red", "green", "blue"]) if rng.random() < 0.06 else category[c]
            segment[c] = rng.choice(["a", "b", "c"]) if rng.random() < 0.12 else segment[c]
            versions.append({"customer_id": c, "name": c, "category": category[c], "as_of_on": day})
            placed.append({"quarter": quarter, "customer_id": c, "assigned": segment[c]})
            engagements.append(
                {"engagement_id": f"E{c}{quarter}", "customer_id": c, "service_id": rng.choice(["S1", "S2", "S3", "S4"]),
                 "requested_on": day, "delivered_on": day + pd.Timedelta(days=9)}
            )  # fmt: skip
            for turn in range(int(rng.integers(0, 4))):
                survey.append(
                    {"response_id": f"{c}{quarter}{turn}", "customer_id": c, "answered_on": day + pd.Timedelta(days=20),
                     "question": rng.choice(["nps", "csat"], p=[0.7, 0.3]), "score": int(rng.integers(1, 6)),
                     "engagement_id": f"E{c}{quarter}" if rng.random() < 0.8 else None,
                     "respondent_id": f"{c}-{rng.integers(0, 3)}"}
                )  # fmt: skip
    services = pd.DataFrame({"service_id": ["S1", "S2", "S3", "S4"], "name": ["one", "two", "three", "four"]})
    frames = {"customers": versions, "engagements": engagements, "survey": survey}
    frames = {name: pd.DataFrame(rows) for name, rows in frames.items()} | {"services": services}
    return pmo.Dataset.from_frames(frames), pd.DataFrame(placed)


def _report(data: pmo.Dataset, placed: pd.DataFrame, quarter: str) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """What a quarter's report tells of answers, and the answers."""
    known, settings = data.as_of(quarter), Settings()
    groups = known.frame("customers", ["customer_id", "category"]).merge(placed[placed["quarter"] == quarter])
    groups = groups.rename(columns={"assigned": "segment"})
    measures = measure_outcomes(known, quarter, groups, settings)
    scheme = SimpleNamespace(frozen=True, table=pd.DataFrame({"told_as": ["in force"], "valid_from": [QUARTERS[0]]}))
    answers = gather_answers(
        known, quarter, settings, measures, groups=groups, history=SimpleNamespace(members=placed), scheme=scheme
    )
    told = protect_answers(measures, answers)
    tables = {"measures": told.cells, "changes": told.changes, "run_chart": told.run_chart, "groups": groups}
    return tables, _answers(measures.rows, known.frame("survey"))


def test_reports_of_five_consecutive_quarters_together_betray_nobody():
    data, placed = _organisation(2)
    told = {q: _report(data, placed, q) for q in QUARTERS}
    reports = {q: tables for q, (tables, _) in told.items()}
    assert any(tables["changes"].query("measure == 'nps_points' and group_kind == 'segment'")["change"].notna().any()
               for tables in reports.values())  # fmt: skip
    assert _find(reports, told[QUARTERS[-1]][1]) == []


def test_the_attacker_finds_people_where_every_cell_is_told(monkeypatch):
    """The attack can succeed: with protection off there is somebody in every report, and in the moves between them."""
    choose = answers_module.choose_cells
    monkeypatch.setattr(answers_module, "choose_cells", lambda *a, **k: choose(*a, **k).assign(told=True))
    data, placed = _organisation(1)
    told = {q: _report(data, placed, q) for q in QUARTERS[-2:]}
    found = _find({q: tables for q, (tables, _) in told.items()}, told[QUARTERS[-1]][1])
    assert len(found) > 50
    assert any("change" in f and "2026Q1 segment" in f for f in found)


def test_the_attacker_weighs_cells_as_a_sum_of_three_and_a_double_would_need():
    """Two people stand behind no cell, sum or difference of three cells, but behind a + b + c - 2 d."""
    people = np.array(["p", "q", *[f"r{i}" for i in range(18)]])
    parts = {name: np.isin(people, [f"r{i}" for i in range(6 * k, 6 * k + 6)]) for k, name in enumerate("xyz")}
    lone = np.isin(people, ["p", "q"])
    cells = [parts["x"] | parts["y"] | lone, parts["y"] | parts["z"], parts["x"] | parts["z"],
             parts["x"] | parts["y"] | parts["z"]]  # fmt: skip
    assert "only ['p', 'q'] by some combination" in attacker.isolate(np.array(cells, "float64"), people)
    assert attacker.isolate(np.array(cells[:3], "float64"), people) == []


def test_small_cells_alone_hidden_still_betray_by_subtraction(monkeypatch):
    """Hiding only what is small is not enough: the attacker still finds people, so the rest of the rule is needed."""
    choose = answers_module.choose_cells
    few = "it could be found by subtraction"
    monkeypatch.setattr(
        answers_module, "choose_cells",
        lambda *a, **k: (c := choose(*a, **k)).assign(told=c["told"] | (c["reason"] == few)),
    )  # fmt: skip
    data, placed = _organisation(1)
    told = {q: _report(data, placed, q) for q in QUARTERS[-2:]}
    assert _find({q: tables for q, (tables, _) in told.items()}, told[QUARTERS[-1]][1])


def test_a_late_answer_does_not_show_in_the_run_chart():
    data, placed = _organisation(3)
    before, _ = _report(data, placed, "2026Q1")
    rows = data.frame("survey")
    late = rows[rows["answered_on"] == "2026-01-21"].iloc[[0]].assign(response_id="late", question="nps", score=1.0)
    frames = {t: data.frame(t) for t in data.tables} | {"survey": pd.concat([rows, late])}
    later = pmo.Dataset.from_frames(frames).as_of("2026Q2")
    groups = later.frame("customers", ["customer_id", "category"]).assign(segment="a")
    measures = measure_outcomes(later, "2026Q2", groups, Settings())
    scheme = SimpleNamespace(frozen=False, table=pd.DataFrame({"told_as": [], "valid_from": []}))
    answers = gather_answers(
        later, "2026Q2", Settings(), measures, groups=groups, history=SimpleNamespace(members=placed), scheme=scheme
    )
    for earlier, hidden in ((None, False), (before["run_chart"], True)):
        told = protect_answers(measures, answers, earlier)
        points = told.run_chart.query("measure == 'nps_points'").set_index("quarter")["value"]
        assert pd.isna(points["2026Q1"]) == hidden and pd.notna(points["2025Q4"]) and pd.notna(points["2026Q2"])
        change = told.changes.query("measure == 'nps_points' and group_kind == 'all' and against == 'last quarter'")
        assert change["change"].isna().all() == hidden
