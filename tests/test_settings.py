"""Every number that shapes a result is declared, sourced, checked, and can be changed by its name."""

from __future__ import annotations

import pytest

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.settings import Settings, declared, parse_assignment, read_settings


def test_every_setting_says_its_unit_source_and_meaning():
    for setting in declared().values():
        assert setting.unit and setting.source and setting.help, setting.name


def test_the_houses_values_keep_their_own_rules():
    assert Settings({name: setting.value for name, setting in declared().items()}).changed() == {}


def test_weights_of_the_outcomes_add_up_to_one():
    assert sum(Settings().group("weight").values()) == pytest.approx(1.0)


def test_anchors_are_two_different_numbers():
    for name, value in Settings().group("anchor").items():
        assert len(value) == 2 and value[0] != value[1], name


@pytest.mark.parametrize(("change", "told"), [
    ({"curency": "GBP"}, "Did you mean 'currency'"),
    ({"weight.excution": 0.3}, "Did you mean 'weight.execution'"),
    ({"seed": "7"}, "must be a whole number"),
    ({"seed": True}, "must be a whole number"),
    ({"seed": -1}, "outside 0 to"),
    ({"interval_level": 1.0}, "outside 0.5 to 0.999"),
    ({"weights_known": 1}, "must be true or false"),
    ({"currency": 5}, "must be text"),
    ({"price_basis": "real"}, "choose one of nominal, constant"),
    ({"anchor.nps_points": [1.0]}, "two numbers"),
    ({"holidays": "2026-12-25"}, "must be a list"),
    ({"price_index": []}, "must be a table"),
    ({"hours_per_day": float("nan")}, "outside"),
])  # fmt: skip
def test_a_wrong_setting_is_refused_with_the_way_to_mend_it(change, told):
    with pytest.raises(SettingError, match=told):
        Settings(change)


def test_reading_an_unknown_setting_suggests_the_nearest():
    with pytest.raises(SettingError, match="Did you mean 'seed'"):
        Settings()["sead"]


def test_a_whole_number_serves_where_a_number_is_asked():
    assert Settings({"hours_per_day": 8})["hours_per_day"] == 8.0


def test_the_file_beside_the_data_yields_to_the_command_line(tmp_path):
    (tmp_path / "settings.toml").write_text('currency = "GBP"\nseed = 5\n[weight]\nexecution = 0.4\n', "utf-8")
    settings = read_settings(tmp_path, {"seed": 7})
    assert settings.changed() == {"currency": "GBP", "seed": 7, "weight.execution": 0.4}
    assert settings.replace(currency="EUR").changed() == {"seed": 7, "weight.execution": 0.4}


def test_a_table_of_quarters_is_one_setting_not_many(tmp_path):
    (tmp_path / "settings.toml").write_text("[price_index]\n2025Q4 = 100.0\n", "utf-8")
    assert read_settings(tmp_path)["price_index"] == {"2025Q4": 100.0}


@pytest.mark.parametrize("content", [b"seed = ", b'currency = "\xff"', b"[weight\n"])
def test_a_damaged_settings_file_is_named(tmp_path, content):
    (tmp_path / "settings.toml").write_bytes(content)
    with pytest.raises(SettingError, match=r"settings\.toml is not valid TOML"):
        read_settings(tmp_path)


@pytest.mark.parametrize(("text", "read"), [
    ("seed=7", ("seed", 7)), ("currency=GBP", ("currency", "GBP")), ('currency="GBP"', ("currency", "GBP")),
    (" weight.execution = 0.3 ", ("weight.execution", 0.3)), ("weights_known=true", ("weights_known", True)),
    ("anchor.nps_points=[-20, 60]", ("anchor.nps_points", [-20, 60])), ("organisation=a=b", ("organisation", "a=b")),
    ("organisation=", ("organisation", "")),
])  # fmt: skip
def test_an_assignment_of_the_command_line_is_read_as_toml_else_as_text(text, read):
    assert parse_assignment(text) == read


def test_an_assignment_without_an_equals_sign_is_refused():
    with pytest.raises(SettingError, match="--set name=value"):
        parse_assignment("seed 7")


def test_settings_are_not_changed_through_what_they_give():
    Settings()["working_days"].append("Sun")
    assert Settings()["working_days"] == ["Mon", "Tue", "Wed", "Thu", "Fri"]


def test_the_table_tells_what_was_changed():
    table = Settings({"seed": 3}).table().set_index("name")
    assert table.loc["seed", "value"] == "3" and table["changed"].sum() == 1
