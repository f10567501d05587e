"""Pictures: the same table gives the same bytes, names cannot break them, and each says the same in words."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.present import plots
from pmo_analysis.present.plots.style import house_style, label, new_axes
from pmo_analysis.present.shown import draw

RANGES = pd.DataFrame({"label": ["Training", "Health check"], "value": [0.4, np.nan], "low": [0.3, np.nan], "high": [0.5, np.nan],
                       "note": ["n = 12", "n = 3"]})  # fmt: skip
RUN = pd.DataFrame({"quarter": ["2026Q1", "2026Q2", "2026Q3"], "value": [0.7, np.nan, 0.8], "low": [0.6, np.nan, 0.75],
                    "high": [0.8, np.nan, 0.85], "n": [30, 0, 31]})  # fmt: skip
CELLS = pd.DataFrame(
    {"row": ["Training", "Training"], "column": ["A", "B"], "value": [0.5, 0.1], "mark": ["offer", "10"]}
)
USED = pd.DataFrame({"label": ["Analyst"], "used_hours": [90.0], "supplied_hours": [100.0], "utilisation_share": [0.9]})
CURVE = pd.DataFrame({"customers_share": [0.25, 0.5, 1.0], "cost_share": [0.6, 0.8, 1.0], "low": [0.5, 0.7, 1.0],
                      "high": [0.7, 0.9, 1.0]})  # fmt: skip
QUOTED = pd.DataFrame({"label": ["Training, S"], "standard_hours": [4.0], "median_hours": [6.0], "p10_hours": [3.0],
                       "p90_hours": [9.0]})  # fmt: skip
PARTS = pd.DataFrame({"label": ["Training"], "cost": [900.0], "process_cost": [300.0]})
THEN = pd.DataFrame(
    {"label": ["as it was", "scenario"], "value": [0.8, 0.9], "low": [0.7, np.nan], "high": [0.9, np.nan]}
)
EFFECTS = pd.DataFrame(
    {"label": ["Retire it"], "reached": [0.5], "low": [np.nan], "high": [np.nan], "verdict": ["worked"]}
)

NULL = pd.DataFrame({"draw": [0, 1, 2, 3], "z": [6.0, -1.0, 0.1, 0.1]})
COUNTS = pd.DataFrame({"count": [1, 2, 3], "gain": [0.0, 5.0, 3.0], "chosen": [False, True, False]})
FLOWS = pd.DataFrame({"from_group": ["A", "A", "B"], "to_group": ["A", "B", "B"], "customers_count": [90, 1, 9]})
WORTH = pd.DataFrame({"cost": [90.0, 4000.0], "value": [50.0, 80.0], "low": [40.0, 70.0], "high": [60.0, 90.0]})
OWN = pd.DataFrame({"label": ["under EUR 100k"], "value": [0.04], "low": [0.03], "high": [0.06], "note": ["4 %"]})
RULES = pd.DataFrame(
    {"label": ["a survey", "rule of thumb"], "low": [0.05, 0.18], "high": [0.05, 0.45], "note": ["5 %", "18 to 45 %"]}
)
PULLS = pd.DataFrame({"label": ["requests", "size"], "pull": [1.5, -0.5], "note": ["2 (here 3, there 1)", ""]})

DRAWN = {
    "ranges": lambda ax: plots.plot_ranges(RANGES, ax, unit="_share", title="share", limit=0.45, limit_name="all"),
    "run": lambda ax: plots.plot_run(RUN, ax, unit="share", title="Promises kept"),
    "map": lambda ax: plots.plot_map(CELLS, ax, rows=["Training"], columns=["A", "B"], title="uptake"),
    "used": lambda ax: plots.plot_used(USED, ax, warning=0.85),
    "curve": lambda ax: plots.plot_concentration(CURVE, ax),
    "quoted": lambda ax: plots.plot_quoted(QUOTED, ax),
    "parts": lambda ax: plots.plot_parts(PARTS, ax, currency="EUR"),
    "scenario": lambda ax: plots.plot_scenario(THEN, ax, title="Load", unit="_share"),
    "effects": lambda ax: plots.plot_effects(EFFECTS, ax),
    "null": lambda ax: plots.plot_null(NULL, ax, limit=2.5),
    "counts": lambda ax: plots.plot_counts(COUNTS, ax),
    "flows": lambda ax: plots.plot_flows(FLOWS, ax, order=["A", "B"], first="2025Q1", last="2026Q4"),
    "worth": lambda ax: plots.plot_worth(WORTH, ax, title="value score", currency="EUR"),
    "beside": lambda ax: plots.plot_beside(OWN, RULES, ax, title="share", here="ours", there="rules of thumb"),
    "pulls": lambda ax: plots.plot_pulls(PULLS, ax, here="A", there="B"),
}


def texts(axes) -> str:
    inside = [t.get_text() for t in axes.texts]
    ticks = [t.get_text() for t in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    return " | ".join([*inside, *ticks, axes.get_title(loc="left"), axes.get_title(), axes.get_xlabel()])


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_table_gives_the_same_bytes_and_no_warning(name):
    with warnings.catch_warnings(), house_style():
        warnings.simplefilter("error")
        first, second = (draw(DRAWN[name](None), "words").png for _ in range(2))
    assert first == second
    assert first.startswith(b"\x89PNG") and b"Software" not in first


@pytest.mark.parametrize("name", DRAWN)
def test_a_picture_is_drawn_into_the_axes_that_are_given(name):
    with house_style():
        given = new_axes(3.0)
        assert DRAWN[name](given) is given


def test_a_row_without_a_value_stays_and_says_that_it_is_not_estimable():
    with house_style():
        assert "not estimable · n = 3" in texts(plots.plot_ranges(RANGES, unit="_share", title="share"))
    said = plots.say_ranges(RANGES, "Senior share", unit="_share")
    assert said == "Senior share: Training 40 % (30 to 50 %); Health check not estimable."


def test_the_last_quarter_is_written_at_its_point_and_gaps_stay_gaps():
    with house_style():
        axes = plots.plot_run(RUN, unit="share", title="Promises kept")
    assert "80 %" in texts(axes)
    assert np.isnan(axes.lines[0].get_ydata()[1])
    said = plots.say_run(RUN, "Promises kept", unit="share")
    assert said == "Promises kept: 70 % (60 to 80 %) in 2026Q1, 80 % (75 to 85 %) in 2026Q3."


def test_a_measure_without_any_quarter_is_said_to_be_not_measured():
    assert plots.say_run(RUN.assign(value=np.nan), "Ease", unit="level") == "Ease: not measured."


def test_names_are_shortened_and_never_read_as_formulas():
    assert len(label("x" * 300, 34)) <= 34
    assert label(r"$\frac{a}{b}$") == r"\$\frac{a}{b}\$"
    assert label("Rocket 🚀") == "Rocket ·"


@pytest.mark.parametrize("name", ["$x^2", "🚀 Rocket", "إدارة المشتريات", "<script>alert(1)</script>", "w" * 300, ""])
def test_any_name_can_stand_in_a_picture(name):
    rows = pd.DataFrame({"label": [name], "value": [1.0], "low": [0.5], "high": [2.0]})
    with warnings.catch_warnings(), house_style():
        warnings.simplefilter("error")
        assert len(draw(plots.plot_ranges(rows, unit="_cost", title="cost", currency="US$"), "words").png) > 1000


def test_the_notebooks_own_style_does_not_change_a_picture():
    import matplotlib as mpl

    with house_style():
        plain = draw(DRAWN["used"](None), "words").png
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "pink"}), house_style():
        assert draw(DRAWN["used"](None), "words").png == plain


def test_draws_that_fall_together_are_heaped_so_that_each_is_seen():
    with house_style():
        heaped = plots.plot_null(NULL, limit=2.5).lines[0]
    assert sorted(heaped.get_ydata()) == [0, 0, 1]


def test_the_customers_own_mark_lies_apart_from_the_draws():
    with house_style():
        axes = plots.plot_null(NULL, limit=2.5)
    own = next(line for line in axes.lines if line.get_marker() == "D")
    assert own.get_xdata() == [6.0] and own.get_ydata()[0] < 0
    assert "3 made-up" in texts(axes)


def test_a_single_mover_among_many_is_drawn_thick_enough_to_be_seen_and_counted():
    with house_style():
        axes = plots.plot_flows(FLOWS, order=["A", "B"], first="2025Q1", last="2026Q4")
    moved = axes.collections[2].get_paths()[0].vertices  # after the two bands of those that stayed
    middle = moved[np.isclose(moved[:, 0], 0.5, atol=0.02), 1]
    assert {"1", "90 stayed", "A (91)", "B (9)", "A (90)", "B (10)"} <= {t.get_text() for t in axes.texts}
    assert np.ptp(middle) > 0.008 - 1e-9


def test_a_group_that_everybody_left_keeps_its_place():
    gone = pd.DataFrame({"from_group": ["A", "B"], "to_group": ["B", "B"], "customers_count": [3, 4]})
    with house_style():
        axes = plots.plot_flows(gone, order=["A", "B"], first="2025Q1", last="2026Q4")
    assert {"A (3)", "A (0)", "B (7)"} <= {t.get_text() for t in axes.texts}


def test_marks_on_dark_cells_are_white_and_on_light_cells_dark():
    cells = pd.DataFrame({"row": ["x", "x"], "column": ["A", "B"], "value": [1.0, 0.02], "mark": ["much", "little"]})
    with house_style():
        axes = plots.plot_map(cells, rows=["x"], columns=["A", "B"], title="")
    assert [t.get_color() for t in axes.texts] == ["white", "#1c2430"]


def test_customers_whose_ranges_all_overlap_are_not_called_dear_or_cheap_for_what_they_get():
    alike = WORTH.assign(value=[50.0, 52.0], low=[40.0, 42.0], high=[60.0, 62.0])
    apart, together = (texts(plots.plot_worth(rows, title="value score")) for rows in (WORTH, alike))
    assert "dear, gets little" in apart and "no customer clearly gets more" not in apart
    assert "dear, gets little" not in together and "no customer clearly gets more" in together
    assert "no customer clearly gets more" in plots.say_worth(alike, "Value score")


def test_rules_of_thumb_stand_below_our_own_figures_each_with_its_words():
    drawn = texts(plots.plot_beside(OWN, RULES, title="share", here="ours", there="rules of thumb"))
    assert drawn.index("4 %") < drawn.index("18 to 45 %")
    assert "a survey" in drawn
