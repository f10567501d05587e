"""The mapping file, checked against the contract before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.mapping_file import list_presets, read_mapping

GOOD = """
[source.s]
files = "s.csv"
helpers.h = "a"
[map.m]
values = { a = "A" }
[table.customers]
from = "s"
columns.customer_id = { map = "m", of = "a" }
columns.name = "a"
columns.category = "'x'"
"""


def problems_of(folder: Path, text: str) -> str:
    path = folder / "m.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError) as told:
        read_mapping(path)
    return str(told.value)


def test_a_good_mapping_is_read_and_takes_its_name_from_the_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    mapping = read_mapping(path)
    assert mapping.name == "mine" and mapping.maps["m"].values == {"a": "A"}
    assert mapping.tables["customers"].helpers == {"h": "a"}
    assert mapping.tables["customers"].columns["customer_id"].otherwise == "keep"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[table.customers]", "[table.custmers]"), "Did you mean 'customers'?"),
        (("columns.name", "columns.nam"), "Did you mean 'name'?"),
        (('columns.name = "a"\n', ""), "gives no name, which the table must have"),
        (('from = "s"', 'from = "t"'), "from = 't' is not a source"),
        (('files = "s.csv"', 'file = "s.csv"'), "Did you mean 'files'?"),
        (('files = "s.csv"', 'files = "s.csv"\nreader = "pdf"'), "choose one of auto, csv"),
        (('files = "s.csv"', 'files = "s.csv"\nnewline = "nl"'), "choose one of auto, cr, lf, crlf"),
        (('map = "m"', 'map = "n"'), "uses the map 'n'"),
        (('of = "a" }', 'of = "a", otherwise = "drop" }'), "choose one of keep, blank, set aside, fill"),
        (('columns.name = "a"', "columns.name = 3"), "neither an SQL expression"),
        (('from = "s"', 'from = "s"\nunreadable = "skip"'), "choose one of refuse, blank, set aside"),
        (('from = "s"', 'from = "s"\nset_aside = [{ where = "a" }]'), "set_aside takes entries"),
        (('from = "s"', 'from = "s"\none_row_per = ["custmer_id"]'), "Did you mean 'customer_id'?"),
        (('from = "s"', 'from = "s"\ncontrol = { source = "a" }'), "control takes"),
        (('from = "s"', 'from = "s"\nunpivot = { columns = ["a"] }'), "unpivot takes"),
        (("[source.s]", "[settings]\ncurrncy = 'EUR'\n[source.s]"), "Did you mean 'currency'?"),
        (('values = { a = "A" }', 'file = "../../secret.csv"'), "must be a plain file name"),
    ],
)
def test_each_mistake_has_its_own_sentence(tmp_path, change, said):
    assert GOOD.count(change[0]) >= 1
    assert said in problems_of(tmp_path, GOOD.replace(*change))


def test_all_mistakes_are_told_at_once(tmp_path):
    text = problems_of(tmp_path, GOOD.replace("columns.name", "columns.nam").replace('from = "s"', 'from = "t"'))
    assert "3 problems" in text and "'nam'" in text and "no name" in text and "'t'" in text


def test_engagements_need_a_day(tmp_path):
    text = problems_of(tmp_path, GOOD.replace("[table.customers]", "[table.engagements]"))
    assert "gives none of requested_on, started_on" in text


def test_broken_toml_an_empty_file_and_another_encoding_are_told(tmp_path):
    assert "not valid TOML" in problems_of(tmp_path, "[source")
    assert "no [table.NAME] section" in problems_of(tmp_path, "")
    (tmp_path / "m.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(InputError, match="is not UTF-8"):
        read_mapping(tmp_path / "m.toml")


def test_an_unknown_preset_suggests_the_nearest():
    with pytest.raises(InputError, match="Did you mean 'jira_csv'"):
        read_mapping("jira_cvs")


def test_map_files_lie_beside_the_mapping_and_their_blank_rows_do_not_count(tmp_path):
    (tmp_path / "m.csv").write_text("key,value\na,A\nb,\n")
    (tmp_path / "m.toml").write_text(GOOD.replace('values = { a = "A" }', 'file = "m.csv"'))
    assert read_mapping(tmp_path / "m.toml").maps["m"].values == {"a": "A"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"k,value\na,A\n", "no column 'key'"),
        (b"key,value\na,A\na,B\n", "stand twice"),
        (b"key,value\n\xff,A\n", "Save it as a UTF-8 CSV"),
        (b"", "cannot be read"),
    ],
)
def test_a_bad_map_file_is_told(tmp_path, data, said):
    (tmp_path / "m.csv").write_bytes(data)
    assert said in problems_of(tmp_path, GOOD.replace('values = { a = "A" }', 'file = "m.csv"'))


def test_every_preset_is_a_sound_mapping_with_notes():
    presets = list_presets()
    assert {
        "jira_csv",
        "tempo",
        "servicenow_time_cards",
        "servicenow_incidents",
        "msproject_xml",
        "openproject_xls",
        "redmine_csv",
        "template",
    } == set(presets["preset"])
    for name in presets["preset"]:
        mapping = read_mapping(name)
        assert mapping.notes and mapping.about and {"customers", "services", "engagements"} <= set(mapping.tables)
