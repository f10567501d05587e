"""Section 4 and the notebook on segments: evidence, profile, cards, movers, both schemes, segments given."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import papermill
import pytest

from pmo_analysis.analysis.segments import CustomerReason, Segmentation
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.mapping import import_tables
from pmo_analysis.present.answers import exploring, segment_pictures, segments
from pmo_analysis.present.shown import Html, Picture

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "explore_segments.ipynb"
MEMBERS = pd.DataFrame(
    {
        "segment": ["S1"] * 3 + ["S2"] * 2,
        "confidence": [0.99, 0.95, 0.6, 0.9, 0.97],
        "name": ["often in planning"] * 3 + ["seldom <b>active</b>"] * 2,
        "second": ["S2"] * 3 + ["S1"] * 2,
        "second_confidence": [0.01, 0.05, 0.4, 0.1, 0.03],
        "between": [False, False, True, False, False],
    },
    index=pd.Index(list("abcde"), name="customer_id"),
)
PROFILE = pd.DataFrame(
    [
        ("S1", "planning_stage_share", 0.5, 0.2, 1.5, 0.4, 0.6),
        ("S1", "asked_count", 3.0, 3.0, 0.1, 1.0, 5.0),
        ("S1", "size = L", 0.1, 0.3, -0.6, 0.0, 1.0),
        ("S2", "planning_stage_share", 0.1, 0.2, -0.6, 0.0, 0.2),
        ("S2", "asked_count", 1.0, 3.0, -0.9, 0.0, 2.0),
        ("S2", "size = L", 0.4, 0.3, 0.2, 0.0, 1.0),
    ],
    columns=["segment", "feature", "median", "overall_median", "shift", "p10", "p90"],
).assign(known_share=1.0, customers_count=lambda t: t["segment"].map({"S1": 3, "S2": 2}))
RULES = pd.DataFrame(
    {
        "segment": ["S1", "S2"],
        "rule": ["requests in planning above 30 %", "active months at most 20 %"],
        "precision": [0.75, 1.0],
        "coverage": [1.0, 0.5],
        "name": ["often in planning", "seldom <b>active</b>"],
        "customers_count": [3, 2],
    }
)
EVIDENCE = pd.DataFrame(
    {
        "count": [1, 2, 3],
        "criterion": [10.0, 16.0, 14.0],
        "gain": [0.0, 6.0, 4.0],
        "null_median": [np.nan, -2.0, -4.0],
        "null_high": [np.nan, -1.0, -2.0],
        "chosen": [False, True, False],
        "z": 5.0,
        "threshold": 2.5,
    }
)
NULL = pd.DataFrame({"draw": range(6), "gain": 1.0, "valley": 0.5, "z": [5.0, -1.0, 0.0, 0.2, 1.0, 1.5]})
STABILITY = pd.DataFrame(
    {
        "segment": ["S1", "S2"],
        "jaccard": [0.9, 0.5],
        "low": [0.8, 0.3],
        "high": [1.0, 0.7],
        "band": ["very stable", "not trustworthy"],
        "draws": 40,
        "customers_count": [3, 2],
    }
)
TWO = Segmentation(True, 2, MEMBERS, EVIDENCE, PROFILE, STABILITY, NULL, RULES, pd.DataFrame(
    columns=["feature", "reason"]), {}, "Two groups.")  # fmt: skip
ONE = Segmentation(
    False, 1, MEMBERS.assign(segment="all customers", name="all customers", between=False), EVIDENCE.assign(
        gain=[0.0, -3.0, -6.0], chosen=[True, False, False]), PROFILE[:3].assign(segment="all customers"), STABILITY[:0],
    NULL.assign(z=[0.5, -1.0, 0.0, 0.2, 1.0, 1.5]), RULES[:1].assign(segment="all customers"), pd.DataFrame(
        columns=["feature", "reason"]), {}, "The 5 customers are told as one group.",
)  # fmt: skip
HISTORY = SimpleNamespace(
    members=pd.DataFrame({"customer_id": ["a", "a"], "quarter": ["2026Q1", "2026Q3"], "segment": ["S2", "S1"]}),
    movers=pd.DataFrame({"customer_id": ["a"], "quarter": ["2026Q2"], "from_segment": ["S2"], "to_segment": ["S1"],
                         "probability": [0.999]}),
    migration=pd.DataFrame({"from_segment": ["S1", "S2", "S2"], "to_segment": ["S1", "S1", "S2"], "customers_count": [2, 1, 2]}),
    split=pd.DataFrame({"feature": ["planning_stage_share", "asked_count"], "quarter": "2026Q3", "change": [0.1, -0.2],
                        "mix": [0.02, -0.2], "rate": [0.08, 0.0]}),
    drift=pd.DataFrame({"feature": ["asked_count", "planning_stage_share"], "quarter": "2026Q3", "shift": [0.4, 0.1],
                        "low": [0.3, -0.1], "high": [0.5, 0.3], "n": 5, "clear": [True, False]}),
    sentence="Of 5 customers over 3 quarters, 1 moved. A recut is advised: the old cut tells half.",
)  # fmt: skip
FEATURES = SimpleNamespace(
    values=pd.DataFrame(index=list("abcde")),
    left_out=pd.DataFrame({"customer_id": list("xyz"), "reason": ["no longer a customer"] * 2 + ["never asked"]}),
    meaning=pd.DataFrame({
        "feature": ["planning_stage_share", "asked_count", "size"], "unit": ["share", "count", ""],
        "meaning": ["share of requests in planning", "requests per quarter", "size asked for"],
    }),
    sentence="Five asked.",
)  # fmt: skip


def a_quarter(**other) -> SimpleNamespace:
    """The hand-made quarter: two segments of three and two customers, one of which sits between the two."""
    tables = {
        "services": pd.DataFrame({"service_id": [], "name": []}),
        "customers": pd.DataFrame({"customer_id": ["a"], "name": ["Archive"]}),
    }
    standard = {
        "quarter": "2026Q3", "segmentation": TWO, "fresh_look": TWO, "history": HISTORY, "features": FEATURES,
        "settings": Settings(), "data": SimpleNamespace(frame=lambda name: tables[name]), "given": None,
        "scheme_comparison": None, "scheme_in_force": SimpleNamespace(frozen=False, sentence="Cut anew."),
        "measures": SimpleNamespace(definitions=pd.DataFrame({"measure": [], "title": []})),
    }  # fmt: skip
    return SimpleNamespace(**{**standard, **other})


def read(shown: Html | str) -> str:
    text = shown if isinstance(shown, str) else shown.html
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_a_card_tells_a_segment_in_words_with_its_three_figures_beside_everybody():
    first = read(segments.show_cards(a_quarter())).split("Seldom")[0]
    assert "Often in planning 3 customers, 60 % of all in a segment" in first
    assert "share of requests in planning 50 % ▲▲ 20 %" in first
    assert "size asked for: L 10 % ▼ 30 %" in first
    assert "Requests in planning above 30 %. This holds for 100 % of them; of all for whom it holds, 75 %" in first
    assert (
        "Very stable: cut again from 40 random samples of the customers, 90 % of it comes back (80 to 100 %)." in first
    )
    assert "1 towards “Seldom" in read(segments.show_cards(a_quarter()))
    assert "1 in and 0 out since 2026Q1." in read(segments.show_cards(a_quarter()))


def test_a_segment_nobody_should_rely_on_is_said_to_be_that():
    assert "Not to be relied on: cut again" in read(segments.show_cards(a_quarter()))


def test_customers_without_a_recent_request_have_no_card_and_are_told_in_one_line():
    shown = segments.show_cards(a_quarter())
    assert shown.count('<div class="card">') == 2
    assert "2 no longer a customer; 1 never asked." in read(shown).split("In no segment")[1]


def test_names_from_data_are_escaped_on_cards():
    assert "<b>active" not in segments.show_cards(a_quarter())


def test_features_that_set_segments_apart_most_come_first():
    assert segments.order_features(PROFILE) == [
        "planning_stage_share",
        "asked_count",
        "size = L",
    ]  # 2.1, 1.0, 0.8 apart


@pytest.mark.parametrize(
    ("shift", "mark"), [(0.49, ""), (0.5, "▲"), (1.25, "▲▲"), (-0.5, "▼"), (-2.0, "▼▼"), (np.nan, "")]
)
def test_arrows_say_more_and_less_without_colour(shift, mark):
    assert segments.mark_shift(shift) == mark


def test_one_group_is_told_in_a_sentence_without_cards_or_empty_pictures():
    alone = a_quarter(segmentation=ONE, fresh_look=ONE)
    assert segments.tell_found(alone) == ONE.sentence
    assert segments.show_cards(alone) == "" and segments.tell_moves(alone) == ""
    assert isinstance(segment_pictures.draw_evidence(ONE), Picture)
    assert "No picture: " in segment_pictures.draw_migration(alone)
    assert "No picture: " in segment_pictures.draw_profile(alone, ONE)
    assert "Other mix" not in read(segments.list_changes(alone))


def test_too_few_customers_for_a_search_give_a_sentence_instead_of_evidence():
    few = Segmentation(
        False, 1, MEMBERS, EVIDENCE[:1], PROFILE, STABILITY[:0], NULL[:0], RULES, PROFILE[:0], {}, "Too few."
    )
    assert segment_pictures.draw_evidence(few) == "No picture: Too few."


@pytest.mark.parametrize(
    ("cut", "verdict", "place"), [(TWO, "? Yes.", "lie beyond chance"), (ONE, "? No.", "lie within chance")]
)
def test_the_evidence_says_in_words_whether_chance_reaches_as_far(cut, verdict, place):
    alt = segment_pictures.draw_evidence(cut).alt
    assert verdict in alt and place in alt


def test_groups_that_lie_beyond_chance_without_a_gap_between_them_are_said_to_be_one():
    close = replace(ONE, null=NULL)
    assert "? No, no gap parts them." in segment_pictures.draw_evidence(close).alt


def test_given_segments_are_shown_beside_the_same_names_shuffled():
    alt = segment_pictures.draw_given(TWO).alt
    assert (
        "Do the given segments differ in need? Yes." in alt and "5 made-up segments with the same names shuffled" in alt
    )


def test_evidence_without_null_draws_shows_the_numbers_of_groups_alone():
    asked = Segmentation(True, 2, MEMBERS, EVIDENCE, PROFILE, STABILITY, NULL[:0], RULES, PROFILE[:0], {}, "As asked.")
    assert segment_pictures.draw_evidence(asked).alt == "Of the numbers of groups tried, 1 to 3, most speaks for 2."


def test_the_migration_picture_says_who_stayed_and_who_went_where():
    alt = segment_pictures.draw_migration(a_quarter()).alt
    assert "4 customers stayed" in alt and "1 from Seldom <b>active</b> to Often in planning" in alt


def test_many_moves_are_told_as_a_table_of_numbers_instead_of_a_tangle():
    groups = [f"S{i}" for i in range(5)]
    flows = pd.DataFrame([(a, b, 9 if a == b else 1) for a in groups for b in groups],
                         columns=["from_group", "to_group", "customers_count"])  # fmt: skip
    axes = segment_pictures._draw_moves(flows, groups, "in 2026Q1", "in 2026Q3")
    assert sorted(t.get_text() for t in axes.texts) == ["1"] * 20 + ["9"] * 5


def test_the_profile_says_more_and_less_in_plain_words():
    alt = segment_pictures.draw_profile(a_quarter(), TWO).alt
    assert "Often in planning (3): more share of requests in planning; less size asked for: L" in alt


def test_a_change_of_needs_is_split_into_other_customers_and_other_needs():
    """0.1 of a spread of 0.2 beats 0.2 of a spread of 4."""
    assert segments.tell_largest_change(a_quarter()) == (
        "Since last quarter needs changed most in “share of requests in planning”: +10.0 points on average; +8.0 points "
        "because customers of the same segment ask otherwise, +2.0 points because other segments have more customers."
    )
    assert "requests per quarter −0.20 −0.20 0" in read(segments.list_changes(a_quarter()))


def test_both_schemes_are_told_in_the_quarter_in_which_a_new_one_takes_force():
    counts = pd.DataFrame({"old_segment": ["S1", "S1"], "new_segment": ["S1", "S2"], "customers_count": [3, 2]})
    table = pd.DataFrame({"told_as": ["in force", "before"], "sha256": ["new", "old"]})
    before = SimpleNamespace(sha256="old", scheme={"segments": [{"segment": "S1", "name": "large <i>units</i>"}]})
    both = a_quarter(
        scheme_comparison=SimpleNamespace(counts=counts, sentence="Two changed."),
        scheme_in_force=SimpleNamespace(frozen=True, sentence="Frozen in 2025Q4.", table=table),
        data=SimpleNamespace(frame=a_quarter().data.frame, schemes=(before,)),
    )
    assert segments.tell_schemes(both) == "Frozen in 2025Q4. Two changed."
    assert "Large <i>units</i> Often in planning 3" in read(segments.list_schemes(both))
    assert "<i>" not in segments.list_schemes(both)
    assert segments.list_schemes(a_quarter()) == "" and segments.tell_schemes(a_quarter()) == "Cut anew."


def test_segments_given_are_told_by_what_marks_them_only_where_they_differ_in_need():
    differ = a_quarter(given=TWO)
    assert segments.tell_given(differ) == "Two groups."
    assert "S1 3 ▲▲ share of requests in planning 50 % (all 20 %); ▼ size asked for: L" in read(
        segments.list_given(differ)
    )
    assert segments.list_given(a_quarter(given=ONE)) == ""
    assert "gave its customers no segments" in read(exploring.given(a_quarter()))


def test_a_customers_reasons_and_moves_are_told_in_its_units():
    reasons = pd.DataFrame({
        "feature": ["asked_count", "size and spread of the segments"], "value": [2.0, np.nan], "segment_median": [3.0, np.nan],
        "other_median": [1.0, np.nan], "pull": [1.5, -0.2],
    })  # fmt: skip
    moves = pd.DataFrame(
        {"feature": ["asked_count", "planning_stage_share"], "value": [2.0, 0.5], "to_value": [1.0, np.nan]}
    )
    reason = CustomerReason("a", "S1", "S2", reasons, moves, "why")
    alt = exploring.reasons(a_quarter(), reason).alt
    assert "Archive (a)" in alt and "requests per quarter 2 (here 3, there 1), here" in alt
    assert "requests per quarter 2 1" in read(exploring.moves(a_quarter(), reason))
    assert "planning" not in read(exploring.moves(a_quarter(), reason)).split("alone")[1]


def test_only_what_clearly_changed_for_everybody_is_drawn():
    alt = exploring.drift(a_quarter()).alt
    assert "requests per quarter" in alt and "planning" not in alt


def test_another_number_of_groups_is_told_by_what_it_gives_up():
    assert (
        exploring._tell_evidence(TWO, 3)
        == "3 groups instead of 2 give up 2 points of evidence of the 6 by which 2 beat one."
    )
    assert "chance alone makes them as well" in exploring._tell_evidence(ONE, 2)
    assert exploring._tell_evidence(TWO, 9) == "9 groups were not among the numbers tried."


@pytest.mark.parametrize("show", [exploring.between, exploring.movers])
def test_with_one_group_the_notebook_says_that_there_is_nowhere_to_go(show):
    alone = a_quarter(segmentation=ONE, fresh_look=ONE, history=SimpleNamespace(movers=HISTORY.movers[:0]))
    assert "told as one group" in read(show(alone))
    assert exploring.explain(alone) is None and exploring.moves(alone, None) is None


def run_notebook(source: Path, folder: Path) -> list[dict]:
    papermill.execute_notebook(str(NOTEBOOK), str(folder / "out.ipynb"), {"source": str(source)}, progress_bar=False)
    cells = [c for c in json.loads((folder / "out.ipynb").read_text("utf-8"))["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
    return cells


@pytest.mark.slow
def test_the_notebook_runs_on_an_organisation_too_small_for_segments_and_says_so(tmp_path):
    from pmo_analysis.intake.demo import write_demo

    cells = run_notebook(write_demo(tmp_path / "small", customers=20, quarters=3), tmp_path)
    assert "told as one group" in json.dumps(cells)


@pytest.mark.real
@pytest.mark.parametrize(
    ("mapping", "file"), [("gmpp", "gmpp_panel.csv"), ("servicenow_incidents", "servicenow_incidents.csv")]
)
def test_the_notebook_runs_on_imports_of_few_tables(real_folder, tmp_path, mapping, file):
    done = import_tables(ROOT / "data" / "mappings" / f"{mapping}.toml", [real_folder / file], to=tmp_path / mapping)
    assert "gave its customers no segments" in json.dumps(run_notebook(done.folder, tmp_path))
