"""What the analysis is measured on: planted truth as hard as said, and tables that mark what falls short."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import bars, coverage, generators, populations, ranks, segments_table
from benchmarks.bench import CASES, describe_machine, render, summarise
from benchmarks.planted import HOURS, VALUE, plant_hours, plant_value

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    ("family", "wanted"),
    [("clear", 0.99), ("overlapping", 0.86), ("unequal", 0.99), ("heavy", 0.98), ("mixed", 0.89)],
)
def test_the_oracle_is_as_right_as_the_family_says(family, wanted):
    oracle = np.mean([generators.GROUPED[family](1000, seed)[2] for seed in range(12)])
    assert oracle == pytest.approx(wanted, abs=0.03)


@pytest.mark.parametrize("family", generators.GROUPED)
def test_a_family_gives_the_same_customers_for_a_seed_and_others_for_another(family):
    first, planted, oracle = generators.GROUPED[family](60, 5)
    again, _, _ = generators.GROUPED[family](60, 5)
    pd.testing.assert_frame_equal(first, again)
    assert not generators.GROUPED[family](60, 6)[0].equals(first)
    assert planted.index.equals(first.index) and planted.nunique() in (2, 3, 4, 5) and 0.4 < oracle <= 1


@pytest.mark.parametrize("family", populations.UNGROUPED)
def test_a_family_of_one_population_has_as_many_customers_as_asked_for(family):
    assert populations.UNGROUPED[family](37, 5).index.nunique() == 37


def test_families_know_nothing_of_the_analysis():
    for name in ("generators.py", "populations.py"):
        tree = ast.parse((ROOT / "benchmarks" / name).read_text("utf-8"))
        sources = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        sources += [a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names]
        assert not [s for s in sources if s and s.startswith("pmo_analysis")]


def test_a_figure_that_falls_short_is_marked_and_claims_have_wilsons_interval():
    grouped = pd.DataFrame(
        {"family": "clear", "n": 300, "seed": [1, 2], "found": True, "count": [3, 4], "planted": 3, "seconds": 1.0}
    ).assign(oracle=[1.0, 1.0], ari=[1.0, 0.9], kmeans=[0.5, 0.7], kmeans_powers=[0.4, 0.6])
    one = pd.DataFrame({"family": "t4", "n": 300, "seed": range(10), "found": [True] + [False] * 9, "count": 1})
    text = segments_table.render(pd.concat([grouped, one.assign(seconds=0.5)], ignore_index=True), "abc")
    assert "| clear | 300 | 2 | 1.000 | 0.950* (0.91 to 0.99) | 0.99 | 1.00 | 0.50 | as is | 0.600 | 1.0 |" in text
    # Wilson (1927) for 1 of 10: 0.018 to 0.404.
    assert "| t4 | 300 | 10 | 1 | 0.100* | 0.018 to 0.404 | 0.05 | 0.5 |" in text


def test_times_are_told_as_medians_beside_what_is_wanted():
    runs = [{"seconds": s, "cpu_seconds": s / 2, "peak_mb": m} for s, m in ((3.0, 10), (1.0, 30), (2.0, 20))]
    row = summarise("segments_300", runs)
    assert (row["median_seconds"], row["best_seconds"], row["cpu_seconds"], row["peak_mb"]) == (2.0, 1.0, 1.0, 30)
    assert f"| {CASES['segments_300'].what} | 2 | 1 | 1 | 30 | 3 | – | ≤ 3 s |" in render(describe_machine(), [row])


@pytest.mark.parametrize("family", HOURS)
def test_planted_hours_take_their_standard_on_average(family):
    hours = plant_hours(family, 400_000, 0, sized=True)
    assert hours["worked"].sum() / hours["standard"].sum() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("family", VALUE)
def test_who_knows_more_of_planted_value_guesses_it_better(family):
    known = [plant_value(family, 60, seed).units for seed in range(10)]
    error = {name: np.mean([((k[name] - k["truth"]) ** 2).mean() for k in known]) for name in ("oracle", "informed")}
    assert error["oracle"] < error["informed"] < pd.concat(known)["truth"].var()
    counts = pd.concat(known)["count"]
    assert (counts.min(), counts.max() <= 120) == (1, True)
    assert (counts < 4).mean() == pytest.approx(0.5, abs=0.06)


def test_best_tens_of_other_libraries_are_ours():
    told = ranks.compare(200).set_index("family")
    for name in ranks.LOOPS:
        assert (told[f"{name}_agree"].drop("tied") == 1).all()


def test_a_figure_outside_what_is_wanted_is_marked():
    told = coverage.tell_shares(range(5), 30)
    assert told.loc[0, ["n", "draws"]].tolist() == [30, 500]
    assert coverage._mark(0.95, 0.93, 0.97) == "0.950"
    assert coverage._mark(0.98, 0.93, 0.97) == "0.980*"
    assert coverage.as_markdown(told).startswith("| what | n | draws | covered |")


def test_a_case_is_told_beside_another_way_round_by_round():
    runs = [{"seconds": s, "cpu_seconds": s, "peak_mb": 1} for s in (3.0, 8.0, 2.0)]
    others = [{"seconds": s} for s in (1.0, 2.0, 2.0)]  # 3, 4 and 1 times as long: the median is 3
    row = summarise("segments_300", runs, others)
    assert row["times"] == 3.0 and "| 3 | 3 | ≤ 3 s |" in render(describe_machine(), [row])
    assert all(case.beside in {"", *CASES} for case in CASES.values())


def test_figures_are_told_beside_what_is_wanted_and_marked_where_they_miss():
    low, right = bars.Figure("s", "covered", 0.92, 5, 0.93, 0.97), bars.Figure("s", "covered", 0.95, 5, 0.93, 0.97)
    free = bars.Figure("s", "share", 12.34, 1)
    lines = bars.render([low, right, free]).splitlines()[2:]
    assert lines == [
        "| s | covered | 0.920* | 5 | ≥ 0.93 and ≤ 0.97 |",
        "| s | covered | 0.950 | 5 | ≥ 0.93 and ≤ 0.97 |",
        "| s | share | 12.3 | 1 | – |",
    ]


def test_subjects_draw_planted_truth_and_cases_have_other_names():
    told = bars.measure("discoveries", 3)
    assert [figure.draws for figure in told] == [3, 3] and all(0 <= figure.value <= 1 for figure in told)
    assert not set(bars.SUBJECTS) & set(CASES)


def test_a_figure_of_numpy_is_marked_where_it_misses_what_is_wanted():
    table = bars.render(
        [bars.Figure("s", "low", np.float64(0.5), 2, least=0.9), bars.Figure("s", "fine", 1.0, 2, 0.9, 1.1)]
    )
    assert "| s | low | 0.500* | 2 | ≥ 0.9 |" in table and "| s | fine | 1.000 | 2 | ≥ 0.9 and ≤ 1.1 |" in table
