"""Presets for well-known tools, on small exports with totals worked by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.load import load
from pmo_analysis.intake.mapping import Import, import_tables

SAMPLES = Path(__file__).parent / "samples"


def imported(folder: Path, preset: str, file: str, **options) -> Import:
    return import_tables(preset, [SAMPLES / file], to=folder / "to", **options)


def table(done: Import, name: str) -> pd.DataFrame:
    return pd.read_csv(done.folder / f"{name}.csv", dtype="str")


def hours(done: Import) -> list[list[object]]:
    """Source, imported, set aside and difference of the effort table."""
    line = done.reconciliation.set_index("table").loc["effort"]
    return line[["source_total", "imported_total", "set_aside_total", "difference"]].tolist()


@pytest.mark.parametrize(
    ("preset", "file", "rows"),
    [
        # 1.5 h and 1 h on PMO-1, 2 h on PMO-2; the columns with a sum sign would give 6.5 h
        ("jira_csv", "jira_issues.csv", {"customers": 2, "services": 2, "engagements": 3, "effort": 3}),
        ("tempo", "tempo_worklogs.csv", {"customers": 2, "services": 2, "engagements": 2, "effort": 3}),
        ("servicenow_time_cards", "u_time_card.csv", {"customers": 1, "services": 2, "engagements": 2, "effort": 4}),
        ("servicenow_incidents", "incident.csv", {"customers": 2, "services": 3, "engagements": 3}),
        ("msproject_xml", "plan.xml", {"customers": 1, "services": 1, "engagements": 1, "projects": 1, "effort": 2}),
        ("openproject_xls", "cost_report.xls", {"customers": 2, "services": 2, "engagements": 2, "effort": 3}),
        ("openproject_xls", "cost_report_de.xlsx", {"customers": 2, "services": 2, "engagements": 2, "effort": 3}),
        ("redmine_csv", "timelog_en.csv", {"customers": 2, "services": 2, "engagements": 2, "effort": 3}),
        ("redmine_csv", "timelog_de.csv", {"customers": 2, "services": 2, "engagements": 2, "effort": 3}),
    ],
)
def test_every_preset_gives_tables_that_load_as_they_are(tmp_path, preset, file, rows):
    done = imported(tmp_path, preset, file)
    assert dict(done.tables[["table", "rows"]].to_numpy().tolist()) == rows
    data = load(done.folder)
    assert {t: data.rows(t) for t in data.tables} == rows


def test_jira_hours_come_from_the_work_log_by_the_day_worked(tmp_path):
    done = imported(tmp_path, "jira_csv", "jira_issues.csv")
    assert hours(done) == [Decimal("4.5"), Decimal("4.5"), Decimal(0), Decimal(0)]
    assert table(done, "effort")[["worked_on", "worked_hours", "engagement_id"]].to_numpy().tolist() == [
        ["2026-07-02", "1.5", "PMO-1"],
        ["2026-07-03", "1", "PMO-1"],
        ["2026-07-06", "2", "PMO-2"],
    ]


def test_jira_created_is_the_request_and_estimates_are_seconds(tmp_path):
    first = (
        table(imported(tmp_path, "jira_csv", "jira_issues.csv"), "engagements").set_index("engagement_id").loc["PMO-1"]
    )
    assert first[["requested_on", "promised_on", "delivered_on", "planned_hours"]].tolist() == [
        "2026-07-01",
        "2026-07-09",
        "2026-07-10",
        "4",
    ]
    assert "started_on" not in first


def test_maps_beside_the_preset_name_customers_roles_and_services(tmp_path):
    (tmp_path / "customer.csv").write_text("key,value\nFIN,Finance\n")
    (tmp_path / "role.csv").write_text("key,value\nanna,Project manager\n")
    done = imported(tmp_path, "jira_csv", "jira_issues.csv", maps=tmp_path)
    assert table(done, "customers")["name"].tolist() == ["Finance", "Operations"]
    assert table(done, "effort")["role"].tolist() == ["Project manager", "role not mapped", "Project manager"]
    assert done.unmapped[["map", "value"]].to_numpy().tolist()[:3] == [
        ["service", "Business case"],
        ["service", "Review"],
        ["role", "ben"],
    ]


def test_people_are_kept_as_pseudonyms_only(tmp_path):
    for preset, file in (
        ("jira_csv", "jira_issues.csv"),
        ("tempo", "tempo_worklogs.csv"),
        ("redmine_csv", "timelog_en.csv"),
    ):
        effort = (imported(tmp_path, preset, file).folder / "effort.csv").read_text().lower()
        assert "anna" not in effort and "ben" not in effort


def test_tempo_joins_hours_to_the_account_s_customer(tmp_path):
    done = imported(tmp_path, "tempo", "tempo_worklogs.csv")
    assert hours(done)[:2] == [Decimal("6.75"), Decimal("6.75")]
    by_customer = table(done, "effort").groupby("customer_id")["worked_hours"].apply(lambda h: h.astype(float).sum())
    assert by_customer.to_dict() == {"Finance": 3.75, "Operations": 3.0}


def test_only_approved_and_processed_time_cards_count(tmp_path):
    done = imported(tmp_path, "servicenow_time_cards", "u_time_card.csv")
    assert hours(done) == [Decimal(17), Decimal(9), Decimal(8), Decimal(0)]


def test_days_of_a_time_card_are_found_whichever_day_weeks_start_on(tmp_path):
    effort = table(imported(tmp_path, "servicenow_time_cards", "u_time_card.csv"), "effort")
    assert effort["worked_on"].tolist() == ["2026-07-06", "2026-07-07", "2026-07-10", "2026-07-12"]
    assert pd.to_datetime(effort["worked_on"]).dt.day_name().tolist() == ["Monday", "Tuesday", "Friday", "Sunday"]


def test_incidents_keep_open_ones_open_and_name_their_proxies(tmp_path):
    done = imported(tmp_path, "servicenow_incidents", "incident.csv")
    rows = table(done, "engagements").set_index("engagement_id")
    assert rows["delivered_on"].fillna("open").tolist() == ["2026-07-02", "2026-07-08", "open"]
    assert rows["complexity"].tolist() == ["2", "4", "1"] and rows["reworked"].tolist() == ["no", "yes", "no"]
    assert rows.loc["INC002", "customer_id"] == "Location not recorded"
    assert "PROXY" in done.notes["complexity"] and "promised_on" not in rows


def test_project_summary_tasks_are_not_counted_twice(tmp_path):
    done = imported(tmp_path, "msproject_xml", "plan.xml")
    lines = done.reconciliation.set_index("table")
    # leaf tasks cost 1,200 + 1,800; the project's own task and the summary repeat 3,000 + 1,200
    assert lines.loc["projects", ["source_total", "imported_total", "set_aside_total", "difference"]].tolist() == [
        Decimal(7200),
        Decimal(3000),
        Decimal(4200),
        Decimal(0),
    ]
    assert hours(done) == [Decimal(20), Decimal(12), Decimal(8), Decimal(0)]


def test_project_figures_are_baseline_nought_and_current(tmp_path):
    row = table(imported(tmp_path, "msproject_xml", "plan.xml"), "projects").iloc[0]
    assert row[
        ["planned_cost", "forecast_cost", "actual_cost", "planned_value_cost", "earned_value_cost"]
    ].tolist() == ["2500", "3000", "1200", "1500", "1000"]
    assert row[["as_of_on", "planned_finish_on", "forecast_finish_on", "status"]].tolist() == [
        "2026-07-31",
        "2026-08-07",
        "2026-08-14",
        "running",
    ]


def test_a_second_save_of_the_same_project_is_a_later_row(tmp_path):
    later = (SAMPLES / "plan.xml").read_text().replace("2026-07-31T17", "2026-08-31T17").replace("180000", "200000")
    (tmp_path / "august.xml").write_text(later)
    done = import_tables("msproject_xml", [SAMPLES / "plan.xml", tmp_path / "august.xml"], to=tmp_path / "to")
    assert table(done, "projects")[["as_of_on", "forecast_cost"]].to_numpy().tolist() == [
        ["2026-07-31", "3000"],
        ["2026-08-31", "3200"],
    ]
    assert table(done, "engagements")["project_id"].tolist() == ["Warehouse"]


@pytest.mark.parametrize("file", ["cost_report.xls", "cost_report_de.xlsx"])
def test_openproject_s_title_and_footer_are_not_counted(tmp_path, file):
    done = imported(tmp_path, "openproject_xls", file)
    assert hours(done) == [Decimal(9), Decimal("4.5"), Decimal("4.5"), Decimal(0)]
    assert "sum footer" in done.reconciliation["reason"].iloc[-1]


def test_redmine_gives_the_same_tables_in_every_language(tmp_path):
    english, german = (imported(tmp_path / lang, "redmine_csv", f"timelog_{lang}.csv") for lang in ("en", "de"))
    for name in ("customers", "services", "engagements", "effort"):
        assert (english.folder / f"{name}.csv").read_bytes() == (german.folder / f"{name}.csv").read_bytes()
    assert hours(german)[:2] == [Decimal("4.5"), Decimal("4.5")]


def test_the_template_works_as_it_stands(tmp_path):
    (tmp_path / "projects.csv").write_text(
        "Number;Department;Start;Finish\nP1;Fin;01.07.2026;31.07.2026\nP2;?;02.07.2026;\n"
    )
    (tmp_path / "hours.csv").write_text("Day;Hours;Person;Number\n02.07.2026;1,5;anna;P1\n")
    done = import_tables("template", [tmp_path / "projects.csv", tmp_path / "hours.csv"], to=tmp_path / "to")
    assert table(done, "engagements").iloc[0].tolist() == [
        "P1",
        "Finance",
        "Project delivery",
        "2026-07-01",
        "2026-07-31",
        "P1",
    ]
    assert hours(done)[:2] == [Decimal("1.5"), Decimal("1.5")] and "no department" in set(done.set_aside["reason"])


def test_an_export_of_another_tool_is_refused(tmp_path):
    with pytest.raises(InputError) as told:
        imported(tmp_path, "redmine_csv", "tempo_worklogs.csv")
    assert "has no column 'Date'" in str(told.value) and not (tmp_path / "to").exists()


def test_a_project_file_with_entities_is_refused(tmp_path):
    (tmp_path / "bomb.xml").write_text(
        '<!DOCTYPE p [<!ENTITY a "ha">]><Project xmlns="http://schemas.microsoft.com/project"><Name>&a;</Name></Project>'
    )
    with pytest.raises(InputError, match="declares entities"):
        import_tables("msproject_xml", [tmp_path / "bomb.xml"], to=tmp_path / "to")
