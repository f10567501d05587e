"""Two reports side by side: what changed, by how much and by what, and never blamed on what did not differ."""

import dataclasses

import pandas as pd
import pytest

from pmo_analysis.analysis.differences import Published, compare, gather_figures
from pmo_analysis.analysis.differences.reasons import list_causes
from pmo_analysis.present.differences import tell_rows
from pmo_analysis.run.compare import name_groups
from pmo_analysis.run.manifest import describe_files, write_manifest

NAN = float("nan")
FIGURES = pd.DataFrame(
    [("promises_kept_share", "all", "all", 0.80, 0.70, 0.88, 60), ("nps_points", "all", "all", 20.0, 5.0, 35.0, 90),
     ("nps_points", "segment", "Red", 10.0, -9.0, 29.0, 30), ("value_score", "customer", "C1", 55.0, 40.0, 70.0, 6)],
    columns=["figure", "group_kind", "group", "value", "low", "high", "n"],
)  # fmt: skip
NOTHING = pd.DataFrame(columns=["measure", "group_kind", "group", "against", "low", "high"])
CHART = pd.DataFrame({"measure": ["nps_points"] * 2, "quarter": ["2026Q1", "2026Q2"], "value": [18.0, 20.0]})
THEN = Published(
    "then", "2026Q2", FIGURES, NOTHING, CHART, {"seed": 0, "weight.execution": 0.2, "organisation": "A"},
    {"nps_points": "promoters less detractors"}, {"survey": "aa", "effort": "bb"}, ("s1",), "code1", {"pandas": "3.0"},
)  # fmt: skip
USES = {"nps_points": frozenset({"survey"}), "promises_kept_share": frozenset({"engagements"})}


def after(**changes):
    figures = changes.pop("values", {})
    moved = FIGURES.assign(value=[figures.get(k, v) for k, v in zip(FIGURES["figure"], FIGURES["value"], strict=True)])
    return dataclasses.replace(THEN, name="now", figures=moved, **changes)


def reason(found, figure):
    return found.table.loc[found.table["figure"] == figure, "reason"].iloc[0]


def test_reports_that_tell_the_same_have_no_row_and_say_so():
    found = compare(THEN, after())
    assert found.table.empty
    assert found.sentence == "then and now tell the same in all 4 figures."


def test_a_change_within_one_quarter_has_no_interval_since_both_rest_on_the_same_rows():
    found = compare(THEN, after(values={"promises_kept_share": 0.9}, tables={"engagements": "x"}), USES)
    row = found.table.iloc[0]
    assert (row["before"], row["after"], round(row["change"], 6)) == (0.8, 0.9, 0.1)
    assert pd.isna(row["low"])


def test_a_changed_table_is_blamed_only_for_figures_that_rest_on_it():
    changed = after(values={"promises_kept_share": 0.9, "nps_points": 30.0}, tables={"survey": "zz", "effort": "bb"})
    found = compare(THEN, changed, USES)
    assert reason(found, "nps_points") == "data: survey"
    assert reason(found, "promises_kept_share") == "cause not found"


def test_weights_are_blamed_for_the_value_score_and_for_nothing_else():
    changed = after(
        values={"value_score": 60.0, "nps_points": 30.0}, settings={**THEN.settings, "weight.execution": 0.5}
    )
    found = compare(THEN, changed, USES)
    assert reason(found, "value_score") == "settings: weight.execution"
    assert reason(found, "nps_points") == "cause not found"


def test_a_name_is_told_among_the_causes_and_blamed_for_no_figure():
    found = compare(THEN, after(values={"nps_points": 30.0}, settings={**THEN.settings, "organisation": "B"}), USES)
    assert found.causes["what"].tolist() == ["organisation"]
    assert reason(found, "nps_points") == "cause not found"


def test_definition_code_and_packages_are_each_named():
    changed = after(
        values={"nps_points": 30.0}, definitions={"nps_points": "other"}, code="code2", packages={"pandas": "3.1"}
    )
    assert reason(compare(THEN, changed, USES), "nps_points") == "definition; code; packages: pandas"


def test_other_frozen_segments_are_blamed_for_figures_of_segments():
    found = compare(THEN, after(values={"nps_points": 30.0}, schemes=("s2",)), USES)
    assert found.table.set_index("group_kind")["reason"].to_dict() == {
        "all": "cause not found", "segment": "frozen segments",
    }  # fmt: skip


def test_another_quarter_is_the_reason_and_its_interval_is_of_the_difference():
    found = compare(THEN, after(values={"promises_kept_share": 0.95}, quarter="2026Q3"), USES)
    row = found.table[found.table["figure"] == "promises_kept_share"].iloc[0]
    # squares of the distances added: .25² + .08² below, (−.07)² + .10² above
    assert row["low"] == pytest.approx(0.15 - (0.25**2 + 0.08**2) ** 0.5)
    assert row["high"] == pytest.approx(0.15 + ((0.88 - 0.95) ** 2 + 0.10**2) ** 0.5)
    assert row["reason"] == "another quarter (2026Q3)"


def test_the_interval_that_the_later_report_told_itself_is_taken():
    told = pd.DataFrame([("nps_points", "all", "all", "last quarter", 1.0, 19.0)], columns=NOTHING.columns)
    found = compare(THEN, after(values={"nps_points": 30.0}, quarter="2026Q3", changes=told), USES)
    row = found.table[(found.table["figure"] == "nps_points") & (found.table["group_kind"] == "all")].iloc[0]
    assert (row["low"], row["high"]) == (1.0, 19.0)
    assert found.clear["figure"].tolist() == ["nps_points"]


def test_customers_look_back_over_shared_quarters_and_have_no_interval():
    found = compare(THEN, after(values={"value_score": 60.0}, quarter="2026Q3"), USES)
    assert found.table.loc[found.table["figure"] == "value_score", "low"].isna().all()


def test_what_is_known_otherwise_of_the_earlier_quarter_is_said():
    later = CHART.assign(value=[18.0, 22.0])
    found = compare(THEN, after(values={"nps_points": 30.0}, quarter="2026Q3", run_chart=later), USES)
    row = found.table[(found.table["figure"] == "nps_points") & (found.table["group_kind"] == "all")].iloc[0]
    assert row["known_now"] == 22.0
    assert "of then 22 is known now" in tell_rows(found.table)["Why"].tolist()[0]


def test_figures_that_are_new_or_gone_are_kept_and_said():
    fewer = dataclasses.replace(THEN, name="now", figures=FIGURES.iloc[:3])
    assert compare(THEN, fewer).table["state"].tolist() == ["gone"]
    assert compare(fewer, THEN).table["state"].tolist() == ["new"]
    assert "1 are gone" in compare(THEN, fewer).sentence


def test_reports_from_before_settings_were_kept_blame_no_setting():
    assert list_causes(dataclasses.replace(THEN, settings={}), THEN).table.empty


def test_figures_are_gathered_once_each_from_the_published_tables():
    measures = pd.DataFrame(
        [("nps_points", "all", "all", 20.0, 5.0, 35.0, 90)],
        columns=["measure", "group_kind", "group", "value", "low", "high", "n"],
    )
    costs = pd.DataFrame({"category": ["X"], "cost_to_serve_cost": [100.0], "low": [100.0], "high": [100.0], "n": [3]})
    page = pd.DataFrame({"figure": ["nps_points", "utilisation_share"], "value": [20.0, 0.8], "low": [5.0, 0.8],
                         "high": [35.0, 0.8], "n": [90, 3]})  # fmt: skip
    rows = gather_figures({"measures": measures, "cost_by_category": costs, "page_1_figures": page})
    assert rows["figure"].tolist() == ["cost_to_serve_cost", "nps_points", "utilisation_share"]
    assert gather_figures({}).empty


def a_report(folder, **tables):
    (folder / "tables").mkdir(parents=True)
    for name, rows in tables.items():
        rows.to_parquet(folder / "tables" / f"{name}.parquet", index=False)
    write_manifest(folder, {"organisation": "A", "quarter": "2026Q2", "inputs": [], "files": describe_files(folder)})
    return folder


def test_customers_and_services_are_told_by_their_names_the_latest_that_is_known(tmp_path):
    customers = pd.DataFrame({"customer_id": ["C1", "C2"], "name": ["Sales", None]})
    services = pd.DataFrame({"service_id": ["S1"], "name": ["Reviews"]})
    then = a_report(tmp_path / "then", groups=customers)
    now = a_report(tmp_path / "now", groups=customers.assign(name=["Sales North", None]), service_names=services)
    kinds, groups = ["customer", "customer", "service", "segment", "all"], ["C1", "C2", "S1", "C1", "all"]
    named = name_groups(pd.DataFrame({"group_kind": kinds, "group": groups}), then, now)
    assert named["group"].tolist() == ["Sales North", "C2", "Reviews", "C1", "all"]
