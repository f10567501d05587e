"""Which segments a quarter is told by: frozen ones from their quarter on, the same ones until others take their place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import pmo_analysis as pmo
from pmo_analysis.analysis.features import customer_features
from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.intake.demo import write_demo
from pmo_analysis.intake.load import load
from pmo_analysis.intake.schemes import NAME, FrozenScheme, read_schemes
from pmo_analysis.quarter.segments import count_in_words, look_at_segments
from pmo_analysis.run.schemes import compare_segments, freeze_segments, show_segments

DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"


def look(data: pmo.Dataset, quarter: str) -> dict:
    """What `run_quarter` makes of the segments, and the features they rest on."""
    known = data.as_of(quarter)
    features = customer_features(known, quarter, data.settings, requests=count_in_words(known, quarter, data.settings))
    return {"features": features, **look_at_segments(known, quarter, data.settings, features)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An organisation that froze its segments in 2025Q4 and again, in three, in 2026Q2."""
    written = write_demo(tmp_path_factory.mktemp("frozen") / "data", customers=60, quarters=6, seed=3)
    freeze_segments(written, "2025Q4", segments=4, frozen_on="2026-01-15")
    freeze_segments(written, "2026Q1", valid_from="2026Q2", segments=3)
    return written


@pytest.fixture(scope="module")
def looks(folder) -> dict[str, dict]:
    data = load(folder)
    return {q: look(data, q) for q in ("2025Q3", "2026Q1", "2026Q2", "2026Q3")}


@pytest.fixture(scope="module")
def quarter(folder) -> pmo.Quarter:
    """The first quarter of the second scheme, whole."""
    return pmo.run_quarter(load(folder), "2026Q2")


def test_a_report_is_told_by_the_scheme_in_force_and_the_next_one_too(folder, looks):
    first, second = read_schemes(folder / NAME)
    for name, scheme in (("2026Q1", first), ("2026Q2", second), ("2026Q3", second)):
        told = looks[name]
        names = [(s["segment"], s["name"]) for s in scheme.scheme["segments"]]
        assert list(told["segmentation"].rules[["segment", "name"]].itertuples(index=False, name=None)) == names
        again = pmo.assign_segments(told["features"].values, scheme.scheme).sort_index()
        pd.testing.assert_frame_equal(told["segmentation"].members, again)
        assert told["scheme_in_force"].frozen
        assert f"frozen from {scheme.valid_from} on" in told["scheme_in_force"].sentence


def test_before_a_scheme_holds_segments_are_cut_anew_and_the_report_says_how_to_keep_them(looks):
    told = looks["2025Q3"]
    assert told["segmentation"] is told["fresh_look"] and not told["scheme_in_force"].frozen
    assert "`pmo scheme freeze DATA --quarter 2025Q3` keeps them" in told["scheme_in_force"].sentence
    assert told["scheme_in_force"].table["told_as"].tolist() == ["in force"]


def test_both_schemes_are_told_in_the_first_quarter_of_the_new_one_alone(looks):
    both = looks["2026Q2"]
    assert both["scheme_in_force"].table["told_as"].tolist() == ["in force", "before", "fresh look"]
    assert both["scheme_comparison"].counts["customers_count"].sum() == len(both["features"].values)
    assert [looks[q]["scheme_comparison"] for q in ("2025Q3", "2026Q1", "2026Q3")] == [None, None, None]


def test_a_whole_quarter_publishes_both_schemes_and_groups_customers_by_the_frozen_names(quarter):
    names = set(quarter.segmentation.rules["name"])
    assert set(quarter.groups["segment"]) <= names | {"no recent request"}
    assert {"segment_scheme_counts", "segment_fresh_rules", "segment_schemes", "segment_stability"} <= set(
        quarter.tables()
    )
    assert quarter.history.scheme["segments"] == quarter.segmentation.scheme["segments"]


def test_customers_without_a_recent_request_stay_apart_and_what_if_still_works(quarter):
    without = quarter.groups[~quarter.groups["customer_id"].isin(quarter.segmentation.members.index)]
    assert len(without) and set(without["segment"]) == {"no recent request"}
    more = pmo.what_if(pmo.baseline(quarter, segments=[quarter.segmentation.rules["name"][0]]), volume=1.2)
    assert more.result.set_index("figure")["value"]["hours"] > 0


def test_a_segment_that_is_still_the_same_keeps_its_id_and_a_new_one_gets_a_new_one(folder):
    first, second = read_schemes(folder / NAME)
    old = {s["segment"]: s["name"] for s in first.scheme["segments"]}
    new = {s["segment"]: s["name"] for s in second.scheme["segments"]}
    kept = set(old) & set(new)
    assert kept and all(old[s] == new[s] for s in kept)
    assert set(new) - kept <= {"S5", "S6", "S7"}, "no id is used for another group"


def test_schemes_that_hold_later_change_nothing_of_an_earlier_quarter(folder, looks):
    data = load(folder)
    past = look(replace(data, schemes=tuple(s for s in data.schemes if s.valid_from <= "2026Q1")), "2026Q1")
    then = looks["2026Q1"]
    pd.testing.assert_frame_equal(past["scheme_in_force"].table, then["scheme_in_force"].table)
    pd.testing.assert_frame_equal(past["segmentation"].members, then["segmentation"].members)
    assert past["scheme_in_force"].sentence == then["scheme_in_force"].sentence


def test_rows_of_later_quarters_leave_members_under_a_frozen_scheme(folder, looks):
    data = load(folder)
    asked = data.frame("engagements")
    tables = {name: data.frame(name) for name in ("customers", "services", "needs")}
    tables["needs"] = tables["needs"][~(tables["needs"]["asked_on"] > "2026-03-31")]
    tables["engagements"] = asked[~(asked["requested_on"] > "2026-03-31")]
    then = look(replace(pmo.Dataset.from_frames(tables), schemes=data.schemes), "2026Q1")
    pd.testing.assert_frame_equal(then["segmentation"].members, looks["2026Q1"]["segmentation"].members)


def test_a_scheme_from_other_columns_is_told_in_words(folder):
    strange = read_schemes(folder / NAME)[0]
    columns = [{**c, "name": f"other_{c['name']}"} for c in strange.scheme["columns"]]
    other = FrozenScheme("2025Q4", "2025Q4", {**strange.scheme, "columns": columns}, words=strange.words)
    data = replace(load(folder), schemes=(other,))
    with pytest.raises(
        InputError, match=r"frozen segments rest on \d+ features, of which \d+ are not there.*freeze again"
    ):
        look(data, "2026Q1")


def test_freezing_says_what_was_frozen_and_where(folder):
    told = show_segments(folder, "2026Q3")
    assert told.sentence == "In force in 2026Q3: 3 segments, cut in 2026Q1, from 2026Q2 on."
    assert told.kept["state"].tolist() == ["earlier", "in force in 2026Q3"]
    assert {"rule", "precision", "coverage", "customers_count", "stability"} <= set(told.segments)
    assert told.scheme.source_sha256 and read_schemes(folder / NAME)[0].frozen_on == "2026-01-15"


def test_a_scheme_cannot_hold_before_it_was_known(folder):
    with pytest.raises(SettingError, match="were not known in 2025Q4"):
        freeze_segments(folder, "2026Q1", valid_from="2025Q4")
    with pytest.raises(SettingError, match="is not a day"):
        freeze_segments(folder, "2026Q3", frozen_on="yesterday")


def test_a_quarter_without_a_scheme_in_force_is_told_which_one_comes(folder):
    with pytest.raises(
        InputError, match=r"No segment scheme is in force in 2025Q3. The first one holds from 2025Q4 on"
    ):
        show_segments(folder, "2025Q3")
    with pytest.raises(InputError, match="Only one scheme is in force up to 2026Q1"):
        compare_segments(folder, "2026Q1", latest=True)


def test_two_frozen_schemes_are_compared_on_one_quarters_customers(folder):
    told = compare_segments(folder, "2026Q2", latest=True)
    assert told.sentence.startswith("Old: the scheme from 2025Q4 on; new: the one from 2026Q2 on.")
    assert "ecut is advised" in told.advice
    assert told.comparison.counts["customers_count"].sum() > 40


@pytest.mark.skipif(not (DEMO / NAME).is_file(), reason="no segments are frozen beside the invented organisation")
def test_the_demos_frozen_segments_are_what_freezing_gives(tmp_path):
    (kept,) = read_schemes(DEMO / NAME)
    again = freeze_segments(DEMO, kept.cut_in, valid_from=kept.valid_from, schemes=tmp_path / "again.json").scheme
    told = [(s["segment"], s["name"], s["rule"], s["customers_count"]) for s in kept.scheme["segments"]]
    assert told == [(s["segment"], s["name"], s["rule"], s["customers_count"]) for s in again.scheme["segments"]]
    assert kept.source_sha256 == again.source_sha256


def test_segments_that_the_organisation_gave_go_through_the_same_evidence(folder, looks, quarter):
    assert looks["2026Q1"]["given"] is None
    tables = {name: load(folder).frame(name) for name in ("customers", "services", "engagements")}
    customers = tables["customers"].assign(segment_given=tables["customers"]["category"])
    told = look(pmo.Dataset.from_frames({**tables, "customers": customers}), "2026Q1")["given"]
    assert set(told.members["segment"]) <= set(customers["category"])
    published = replace(quarter, given=told).tables()
    assert {"segment_given_members", "segment_given_evidence", "segment_given_rules"} <= set(published)
    few = customers.assign(segment_given=customers["segment_given"].where(customers.index < 15))
    assert look(pmo.Dataset.from_frames({**tables, "customers": few}), "2026Q1")["given"] is None
