"""Notes and corrections are kept beside the data, dated, with a reason; a correction that does not fit is told."""

from datetime import date

import pandas as pd
import pytest

import pmo_analysis as pmo
from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.intake.annotations import tell_notes, write_correction, write_note
from pmo_analysis.intake.check import check
from pmo_analysis.intake.load import load
from pmo_analysis.quarter.protect import mask_corrections

DAY = date(2026, 9, 30)


@pytest.fixture
def folder(tmp_path):
    write = {
        "customers": "customer_id,name,category\nA,Alpha,x\nB,Beta,x\n",
        "services": "service_id,name\nS,Support\n",
        "engagements": "engagement_id,customer_id,service_id,requested_on,charged_cost,delivered_on\n"
        "E1,A,S,2026-07-01,1000.50,2026-08-01\nE2,B,S,2026-07-02,many,\n",
        "capacity": "quarter,role,fte,capacity_cost\n2026Q3,head,1,30000\n2026Q3,lead,2,50000\n",
        "survey": "response_id,customer_id,answered_on,question,score\nR1,A,2026-08-02,csat,4\n",
        "effort": "worked_on,worked_hours,role,customer_id\n2026-07-01,3,head,A\n",
    }
    for name, text in write.items():
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    return tmp_path


def corrections(folder, *rows):
    head = ["table", "key", "column", "was", "becomes", "reason", "corrected_on"]
    pd.DataFrame(list(rows), columns=head).to_csv(folder / "corrections.csv", index=False)
    return load(folder)


def states(data, quarter="2026Q3"):
    return data.as_of(quarter).corrections["state"].tolist()


def test_a_correction_counts_from_its_day_on_and_the_source_stays_as_it_is(folder):
    before = (folder / "engagements.csv").read_bytes()
    write_correction(folder, "engagements", "E1", "charged_cost", "900", reason="credit note", on=date(2026, 10, 2))
    data = load(folder)
    cost = [data.as_of(q).frame("engagements").set_index("engagement_id").loc["E1", "charged_cost"]
            for q in ("2026Q3", "2026Q4")]  # fmt: skip
    assert cost == [1000.5, 900.0]
    assert data.as_of("2026Q4").corrections["was"].tolist() == ["1000.5"]
    assert (folder / "engagements.csv").read_bytes() == before


def test_an_unreadable_value_can_be_corrected_and_is_a_problem_no_more(folder):
    assert "bad number" in set(check(load(folder).as_of("2026Q3"))["problem"])
    write_correction(folder, "engagements", "E2", "charged_cost", "250", reason="typing error", on=DAY)
    known = load(folder).as_of("2026Q3")
    assert known.frame("engagements").set_index("engagement_id").loc["E2", "charged_cost"] == 250
    assert "bad number" not in set(check(known)["problem"])


def test_a_corrected_day_of_delivery_is_known_from_that_day(folder):
    write_correction(folder, "engagements", "E1", "delivered_on", "2026-10-05", reason="signed later", on=DAY)
    data = load(folder)
    assert pd.isna(data.as_of("2026Q3").frame("engagements")["delivered_on"].iloc[0])
    assert data.as_of("2026Q4").frame("engagements")["delivered_on"].iloc[0] == pd.Timestamp("2026-10-05")


def test_one_correction_can_follow_another(folder):
    write_correction(folder, "engagements", "E1", "charged_cost", "900", reason="credit", on=date(2026, 8, 1))
    assert write_correction(folder, "engagements", "E1", "charged_cost", "", reason="void", on=DAY)[1] == "900"
    known = load(folder).as_of("2026Q3")
    assert pd.isna(known.frame("engagements")["charged_cost"].iloc[0]) and states(load(folder)) == ["applied"] * 2


def test_a_key_of_several_columns_is_given_in_parts(folder):
    write_correction(folder, "capacity", "2026Q3; lead", "fte", "3", reason="new hire", on=DAY)
    assert load(folder).as_of("2026Q3").frame("capacity")["fte"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("engagements", "E1", "charged_cost", "1001", "900"), "does not hold"),
        (("engagements", "E9", "charged_cost", "", "900"), "no row of this key"),
        (("engagements", "E1", "price", "", "900"), "no column of engagements"),
        (("engagements", "E1", "engagement_id", "E1", "E3"), "says which row"),
        (("engagement", "E1", "charged_cost", "1000.5", "900"), "no table"),
        (("corrections", "E1", "was", "", "900"), "no table"),
        (("effort", "1", "worked_hours", "3", "2"), "have no key"),
        (("engagements", "E1", "charged_cost", "1000.5", "nine"), "cannot be read as money"),
        (("capacity", "2026Q3", "fte", "1", "2"), "needs 2 parts"),
        (("capacity", "2026Q3; lead", "fte", "2", "-1"), "'-1' is not allowed: negative"),
        (("capacity", "2026Q3; lead", "fte", "2", ""), "'' is not allowed: required value is blank"),
        (("survey", "R1", "score", "4", "8"), "'8' is not allowed: outside the question's scale"),
    ],
)
def test_a_correction_that_does_not_fit_is_left_out_and_told_by_check(folder, row, says):
    data = corrections(folder, (*row, "why", "2026-09-01"))
    before = data.as_of("2026Q3").frame("engagements")
    assert says in states(data)[0]
    told = check(data).query("table == 'corrections'")
    assert len(told) == 1 and says in told["problem"].iloc[0] and told["severity"].iloc[0] == "harms"
    assert before["charged_cost"].iloc[0] == 1000.5


def test_nothing_is_written_where_a_correction_would_not_fit(folder):
    for table, key, column, value, says in (
        ("engagements", "E9", "charged_cost", "1", "no row"),
        ("engagements", "E1", "charged_costs", "1", "charged_cost"),
        ("effort", "1", "worked_hours", "1", "with a key"),
        ("engagements", "E1", "charged_cost", "one", "cannot be read"),
        ("customers", "A", "headcount_count", "-5", "'-5' is not allowed: negative. Nothing was written"),
        ("customers", "A", "customer_id", "x", "correct it at the source. Nothing was written"),
    ):
        with pytest.raises(InputError, match=says):
            write_correction(folder, table, key, column, value, reason="why", on=DAY)
    with pytest.raises(InputError, match="reason"):
        write_correction(folder, "engagements", "E1", "charged_cost", "1", reason=" ", on=DAY)
    assert not (folder / "corrections.csv").exists()


def test_a_folder_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(InputError, match="There is no folder .*nofolder"):
        write_note(tmp_path / "nofolder", "nps_points", "text", on=DAY)


def test_values_of_a_correction_are_data_and_no_query(folder):
    rows = [("engagements", "E1' OR '1'='1", "charged_cost", "1000.5", "1"), ("x'; DROP TABLE y; --", "k", "c", "", "")]
    data = corrections(folder, *((*row, "why", "2026-09-01") for row in rows))
    assert "applied" not in states(data)
    assert data.as_of("2026Q3").frame("engagements")["charged_cost"].iloc[0] == 1000.5


def test_what_was_corrected_of_people_is_counted_and_not_shown():
    rows = pd.DataFrame({"table": ["survey", "capacity", "engagements", "effort"], "key": ["R1", "2026Q3; head", "E1", "1"],
                         "column": ["score", "capacity_cost", "charged_cost", "person_id"], "was": "1", "becomes": "2",
                         "reason": "r", "on": pd.Timestamp(DAY), "state": "applied"})  # fmt: skip
    told = mask_corrections(rows)
    assert told["was"].tolist() == ["not shown", "not shown", "1", "not shown"] and len(told) == 4
    assert told["key"].tolist()[2] == "E1" and "head" not in " ".join(told["key"])


def test_a_note_belongs_to_its_quarter_or_to_every_report_from_its_day_on(folder):
    write_note(folder, "nps_points", "<b>moved offices</b>", on=date(2026, 11, 2), quarter="2026Q3", role="analyst")
    write_note(folder, "lead_time_days", "new tool", on=date(2026, 11, 3), reason="asked by the board")
    assert tell_notes(load(folder).as_of("2026Q3"), "2026Q3")["note_id"].tolist() == ["N1"]
    told = tell_notes(load(folder).as_of("2026Q4"), "2026Q4")
    assert told[["note_id", "figure", "reason"]].to_numpy().tolist() == [["N2", "lead_time_days", "asked by the board"]]


def test_a_note_without_text_or_with_no_real_quarter_is_refused(folder):
    with pytest.raises(InputError, match="1 to 1000 characters"):
        write_note(folder, "nps_points", " ", on=DAY)
    with pytest.raises(SettingError):
        write_note(folder, "nps_points", "text", on=DAY, quarter="2026Q5")
    assert not (folder / "annotations.csv").exists()


def test_a_duckdb_file_keeps_notes_and_corrections_in_tables_of_these_names(folder, tmp_path):
    import duckdb

    with duckdb.connect(str(tmp_path / "pmo.duckdb")) as connection:
        for name in ("customers", "services", "engagements"):
            connection.execute(f"CREATE TABLE {name} AS FROM read_csv('{folder / name}.csv', all_varchar=true)")
        connection.execute(
            "CREATE TABLE corrections AS SELECT 'engagements' AS \"table\", 'E1' AS key, 'charged_cost' AS \"column\", "
            "'1000.50' AS was, '7' AS becomes, 'why' AS reason, DATE '2026-09-01' AS corrected_on"
        )
    known = pmo.load(tmp_path / "pmo.duckdb").as_of("2026Q3")
    assert known.frame("engagements")["charged_cost"].iloc[0] == 7


def test_the_commands_write_a_note_and_a_correction_and_say_where(folder):
    from typer.testing import CliRunner

    from pmo_analysis.cli.commands import app

    told = CliRunner().invoke(
        app, ["note", str(folder), "nps_points", "moved offices", "--reason", "asked", "--quarter", "2026Q3"]
    )
    assert told.exit_code == 0 and tell_notes(load(folder).as_of("2026Q3"), "2026Q3")["text"].tolist() == [
        "moved offices"
    ]
    told = CliRunner().invoke(
        app,
        [
            "correct",
            str(folder),
            "engagements",
            "E1",
            "charged_cost",
            "900",
            "--reason",
            "credit",
            "--on",
            "2026-09-30",
        ],
    )
    assert told.exit_code == 0 and states(load(folder)) == ["applied"]
    assert isinstance(CliRunner().invoke(app, ["note", str(folder), "nps_pts", "x"]).exception, InputError)
