"""Value scores, rank acceptability, earned value, promoters and TOPSIS."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pymcdm.methods import TOPSIS
from pymcdm.normalizations import vector_normalization
from scipy.stats import spearmanr

from pmo_analysis.analysis.value import best_first as best_first_module
from pmo_analysis.analysis.value import (
    earned_value,
    net_promoter_score,
    rank_acceptability,
    score_value,
    show_rank_reversal,
    topsis,
    weight_sensitivity,
)
from pmo_analysis.analysis.value.best_first import best_first
from pmo_analysis.contract.errors import InputError, SettingError

WEIGHTS = {"execution": 0.3, "productivity": 0.25, "decisions": 0.2, "benefit": 0.15, "experience": 0.1}

SEEN = pd.DataFrame({"unit_id": ["A", "B"], "outcome": "quality", "value": [40.0, 60.0]})


def planted(units: int, seed: int) -> tuple[pd.DataFrame, pd.Series, dict[str, str], pd.Series]:
    """Observations, true scores, groups and the best possible scores of somebody who knows every parameter.

    Units differ by sd 7 (half of the variance common to their outcomes), observations by sd 20;
    half of the units have fewer than four.
    """
    rng = np.random.default_rng(seed)
    group, count = rng.integers(0, 4, units), rng.integers(1, 4, units)
    many = rng.random(units) < 0.5
    count[many] = np.exp(rng.uniform(np.log(4), np.log(120), many.sum())).astype(int)
    group_mean = 55 + rng.normal(0, 4, 4)
    true = group_mean[group][:, None] + rng.normal(0, 24.5**0.5, units)[:, None] + rng.normal(0, 24.5**0.5, (units, 5))
    mean = true + rng.normal(0, 20, (units, 5)) / np.sqrt(count)[:, None]
    unit = np.repeat(np.arange(units), count)
    noise = rng.normal(0, 20, (len(unit), 5))
    noise -= pd.DataFrame(noise).groupby(unit).transform("mean").to_numpy()
    rows = pd.DataFrame(mean[unit] + noise, columns=list(WEIGHTS)).assign(unit_id=[f"c{i:03d}" for i in unit])
    rows = rows.melt("unit_id", var_name="outcome", value_name="value")
    names, weight = [f"c{i:03d}" for i in range(units)], np.array(list(WEIGHTS.values()))
    common = 24.5 * np.ones((5, 5)) + 24.5 * np.eye(5)
    oracle = [
        weight @ (group_mean[g] + common @ np.linalg.solve(common + 400 / n * np.eye(5), y - group_mean[g]))
        for g, n, y in zip(group, count, mean, strict=True)
    ]
    groups = dict(zip(names, [f"g{g}" for g in group], strict=True))
    return rows, pd.Series(true @ weight, index=names), groups, pd.Series(oracle, index=names)


def judge(units: int, seeds: range) -> dict[str, float]:
    """Rank correlation with the truth of the score, the oracle and raw means; coverage, and that of one or two observations."""
    told = []
    for seed in seeds:
        rows, true, groups, oracle = planted(units, seed)
        scores = score_value(rows, WEIGHTS, groups=groups, draws=100).scores.set_index("unit_id").loc[true.index]
        covered, few = (scores["low"] <= true) & (true <= scores["high"]), scores["n"] <= 2 * len(WEIGHTS)
        ranks = [spearmanr(guess, true)[0] for guess in (scores["score"], oracle, scores["raw"])]
        told.append([*ranks, covered.mean(), (covered & few).sum(), few.sum()])
    score, oracle, raw, covered, hits, few = np.mean(told, axis=0)
    return {"share": score / oracle, "raw": raw / oracle, "covered": covered, "covered_few": hits / few}


@pytest.mark.parametrize(("units", "draws", "share"), [(60, 5, 0.97), (300, 2, 0.98)])
def test_planted_value_is_ranked_nearly_as_well_as_if_all_were_known(units, draws, share):
    told = judge(units, range(draws))
    assert told["share"] >= share
    assert told["share"] > told["raw"] + 0.03
    assert 0.90 <= told["covered"] <= 0.99


@pytest.mark.soak
@pytest.mark.parametrize(("units", "draws", "share"), [(60, 60, 0.97), (300, 20, 0.98)])
def test_value_scores_rank_and_cover_as_promised_over_many_draws(units, draws, share, record_property):
    told = judge(units, range(100, 100 + draws))
    record_property("told", told)
    assert told["share"] >= share
    assert 0.93 <= told["covered"] <= 0.97
    assert told["covered_few"] >= 0.92


def test_batting_averages_shrink_to_a_third_of_their_error_as_published():
    # Efron & Morris 1975, JASA 70, 311–319: hits in the first 45 at bats of 1970, and in the rest of the season. There the
    # squared error falls from .077 to .022; with averages rounded to three places it is .075 before.
    early = [400, 378, 356, 333, 311, 311, 289, 267, 244, 244, 222, 222, 222, 222, 222, 200, 178, 156]
    later = [346, 298, 276, 222, 273, 270, 263, 210, 269, 230, 264, 256, 303, 264, 226, 285, 316, 200]
    seen, season = np.array(early) / 10, np.array(later) / 10
    rows = pd.DataFrame({"unit_id": [f"p{i:02d}" for i in range(18)], "outcome": "hits", "value": seen, "n": 45})
    rows["sd"] = np.sqrt(seen * (100 - seen) * 45 / 44)
    scores = score_value(rows).scores
    before, after = (float(((told - season) ** 2).sum()) / 10_000 for told in (seen, scores["score"].to_numpy()))
    assert before == pytest.approx(0.0754, abs=1e-4)
    assert after == pytest.approx(0.022, abs=1e-3)


def test_few_observations_are_pulled_to_their_group_and_many_stay():
    rng = np.random.default_rng(0)
    rows = [(f"u{i}", "benefit", v) for i in range(20) for v in 50 + 6 * (i % 5 - 2) + rng.normal(0, 15, 30)]
    rows += [("few", "benefit", 95.0), *[("many", "benefit", v) for v in 90 + rng.normal(0, 15, 400)]]
    scores = score_value(pd.DataFrame(rows, columns=["unit_id", "outcome", "value"])).scores.set_index("unit_id")
    assert scores.loc["few", "raw"] == 95
    assert scores.loc["few", "score"] < 80
    assert abs(scores.loc["many", "score"] - scores.loc["many", "raw"]) < 2
    width = scores["high"] - scores["low"]
    assert width["few"] > 3 * width["many"]


def test_units_of_a_group_under_eight_shrink_to_the_whole():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame(
        [(f"u{i:02d}", "benefit", v) for i in range(30) for v in rng.normal(50, 10, 4)],
        columns=["unit_id", "outcome", "value"],
    )
    rows.loc[rows["unit_id"] < "u07", "value"] += 20
    small = {f"u{i:02d}": "small" if i < 7 else "rest" for i in range(30)}
    eight = {name: "small" if name < "u08" else "rest" for name in small}
    seven_score, eight_score = (
        score_value(rows, groups=g).scores.set_index("unit_id").loc["u00", "score"] for g in (small, eight)
    )
    assert score_value(rows, groups=dict.fromkeys(small, "rest")).scores.shape == (30, 7)
    assert eight_score != pytest.approx(seven_score, abs=1e-6)


def test_order_and_names_of_rows_change_nothing():
    rows, _, groups, _ = planted(20, 3)
    once = score_value(rows, WEIGHTS, groups=groups, draws=200)
    shuffled = score_value(rows.sample(frac=1, random_state=1), WEIGHTS, groups=groups, draws=200)
    pd.testing.assert_frame_equal(once.scores, shuffled.scores, check_exact=True)
    pd.testing.assert_frame_equal(once.acceptability, shuffled.acceptability, check_exact=True)
    names = {name: f"x{99 - int(name[1:])}" for name in groups}
    renamed = score_value(
        rows.assign(unit_id=rows["unit_id"].map(names)),
        WEIGHTS,
        groups={names[k]: v for k, v in groups.items()},
        draws=200,
    )
    back = renamed.scores.set_index("unit_id").loc[[names[k] for k in once.scores["unit_id"]], "score"]
    assert back.tolist() == once.scores["score"].tolist()


def test_an_unmeasured_outcome_is_said_and_bounded():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(
        [
            (f"u{i:02d}", o, v)
            for i in range(12)
            for o in ("benefit", "experience")
            if not (i == 0 and o == "benefit")
            for v in rng.normal(60, 10, 10)
        ],
        columns=["unit_id", "outcome", "value"],
    )
    told = score_value(rows, {"benefit": 0.6, "experience": 0.3, "execution": 0.1})
    scores, bounds = told.scores.set_index("unit_id"), told.bounds.set_index("unit_id")
    assert scores.loc["u00", "measured_share"] == pytest.approx(0.3)
    assert scores.loc["u01", "measured_share"] == pytest.approx(0.9)
    assert (bounds["high_score"] - bounds["low_score"]).loc[["u00", "u01"]].tolist() == pytest.approx([70, 10])


def test_blank_values_and_outcomes_without_weight_are_left_out_with_a_reason():
    rows = pd.DataFrame(
        {"unit_id": ["a", "a", "b", None], "outcome": ["x", "y", "x", "x"], "value": [50.0, 40.0, None, 3.0]}
    )
    told = score_value(rows, {"x": 1.0})
    assert told.left_out["reason"].tolist() == ["value, unit, outcome or n is blank"] * 2 + [
        "its outcome has no weight"
    ]
    assert told.scores["unit_id"].tolist() == ["a"]


def test_nothing_measured_gives_empty_tables_and_a_sentence():
    told = score_value(pd.DataFrame({"unit_id": [], "outcome": [], "value": []}))
    assert told.scores.empty
    assert list(told.scores.columns) == ["unit_id", "score", "low", "high", "n", "measured_share", "raw"]
    assert "No value" in told.sentence


def test_rows_that_sum_up_observations_count_as_those_observations():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame(
        [(f"u{i:02d}", "x", v) for i in range(12) for v in rng.normal(50 + i, 12, 6)],
        columns=["unit_id", "outcome", "value"],
    )
    summed = rows.groupby(["unit_id", "outcome"])["value"].agg(["mean", "size", "std"]).reset_index()
    summed.columns = ["unit_id", "outcome", "value", "n", "sd"]
    one, two = score_value(rows).scores, score_value(summed).scores
    assert two["score"].to_numpy() == pytest.approx(one["score"].to_numpy(), abs=1e-6)
    assert two["n"].tolist() == [6] * 12
    assert two["raw"].to_numpy() == pytest.approx(one["raw"].to_numpy())


def test_who_was_asked_which_question_does_not_decide_the_score():
    rng = np.random.default_rng(5)
    rows = [
        (f"u{i:02d}", "experience", "hard" if i % 2 else "easy", (40 if i % 2 else 80) + e)
        for i in range(20)
        for e in rng.normal(0, 10, 30)
    ]
    scores = score_value(pd.DataFrame(rows, columns=["unit_id", "outcome", "measure", "value"])).scores
    assert scores["score"].between(52, 68).all()


def test_acceptability_of_a_dominating_alternative_is_certain():
    scores = pd.DataFrame({"a": [9.0, 5.0, 1.0], "b": [9.0, 1.0, 5.0]}, index=["best", "left", "right"])
    table = rank_acceptability(scores, draws=4000).set_index(["unit_id", "rank"])
    assert table.loc[("best", 1), "share"] == 1
    assert table.loc[("left", 2), "share"] == pytest.approx(0.5, abs=0.03)
    assert table.loc[("left", 2), "low"] < 0.5 < table.loc[("left", 2), "high"]


def test_acceptability_of_two_crossing_alternatives_is_the_share_of_weights():
    # a: (1, 0), b: (0, 2): b wins while 2·w_y > w_x, that is for two thirds of the weights; its central
    # weight is then (1/3, 2/3).
    table = rank_acceptability(pd.DataFrame({"x": [1.0, 0.0], "y": [0.0, 2.0]}, index=["a", "b"]), draws=20_000)
    first = table[table["rank"] == 1].set_index("unit_id")
    assert first.loc["b", "share"] == pytest.approx(2 / 3, abs=0.01)
    assert first.loc["b", "weight_x"] == pytest.approx(1 / 3, abs=0.01)


def test_acceptability_agrees_with_a_plain_loop_over_the_same_weights():
    rng = np.random.default_rng(6)
    scores, weights = pd.DataFrame(rng.random((30, 4))), pd.DataFrame(rng.dirichlet(np.ones(4), 200))
    table = rank_acceptability(scores, weights=weights, ranks=3).set_index(["unit_id", "rank"])["share"]
    plain: dict[tuple[int, int], float] = {}
    for weight in weights.to_numpy():
        for rank, unit in enumerate(np.argsort(-(scores.to_numpy() @ weight))[:3], start=1):
            plain[unit, rank] = plain.get((unit, rank), 0) + 1 / 200
    assert table[table > 0].to_dict() == pytest.approx(plain)


def on_a_sphere(rng: np.random.Generator) -> np.ndarray:
    """Alternatives of which none is beaten by another in every outcome."""
    arrows = np.abs(rng.standard_normal((3000, 4)))
    return arrows / np.linalg.norm(arrows, axis=1, keepdims=True)


@pytest.mark.parametrize(
    "draw",
    [
        on_a_sphere,
        lambda rng: rng.random((3000, 4)),
        lambda rng: rng.integers(1, 6, (3000, 4)).astype(float),
        lambda rng: np.full((500, 4), 7.0),
        lambda rng: rng.multivariate_normal(np.zeros(4), 0.1 * np.eye(4) + 0.9, 1000),
        lambda rng: rng.random((7, 4)),
    ],
    ids=["none beaten", "even", "tied", "all alike", "alike outcomes", "few"],
)
@pytest.mark.parametrize("ranks", [1, 10, 100])
def test_the_best_of_many_are_those_of_a_full_sort(draw, ranks):
    rng = np.random.default_rng(12)
    values, weights = draw(rng), rng.dirichlet(np.ones(4), 50)
    best = min(ranks, len(values))
    for w in (weights, weights[:, ::-1] - 0.3):  # a weight may also be negative
        told = best_first(values, w, best)
        totals = sum(w[:, [i]] * values[:, i] for i in range(4))
        np.testing.assert_array_equal(told, np.argsort(-totals, axis=1, kind="stable")[:, :best].T)


def test_many_ties_are_kept_in_pieces_without_a_trace(monkeypatch):
    # All totals alike though no two alternatives are: half of each outcome is the other's loss.
    left = np.random.default_rng(3).integers(0, 1000, 2000).astype(float)
    values, weights = np.column_stack([left, 1000 - left]), np.full((5, 2), 0.5)
    whole = best_first(values, weights, 3)
    monkeypatch.setattr(best_first_module, "_MOST_CELLS", 200)
    np.testing.assert_array_equal(best_first(values, weights, 3), whole)
    assert whole.tolist() == [[0] * 5, [1] * 5, [2] * 5]


def test_shares_over_all_ranks_add_up_to_one():
    table = rank_acceptability(pd.DataFrame(np.random.default_rng(7).random((6, 3))), draws=500)
    assert table.groupby("unit_id")["share"].sum().tolist() == pytest.approx([1] * 6)
    assert table.groupby("rank")["share"].sum().tolist() == pytest.approx([1] * 6)


def test_known_weights_leave_only_the_scores_uncertain():
    rows, _, groups, _ = planted(20, 8)
    table = score_value(rows, WEIGHTS, groups=groups, draws=400).acceptability
    assert table.groupby("unit_id")["share"].sum().tolist() == pytest.approx([1] * 20)
    assert list(table["rank_band"].unique()) == ["first quarter", "second quarter", "third quarter", "last quarter"]


LEADERS = pd.DataFrame({"lower_cost": [10.0, 80.0, 50.0], "execution": [90.0, 20.0, 60.0]}, index=["a", "b", "c"])


def test_the_weight_at_which_another_leads_is_exact():
    # a leads with 70; with t on lower cost a has 10t + 90(1 − t) and c 50t + 60(1 − t): level at t = 3/7. b, the best of
    # lower cost, draws level with a only at t = 1/2.
    table = weight_sensitivity(LEADERS, {"lower_cost": 1, "execution": 3}).set_index("outcome")
    row = table.loc["lower_cost"]
    assert row[["weight", "changes_above", "leader", "then"]].tolist() == [0.25, pytest.approx(3 / 7), "a", "c"]
    assert np.isnan(row["changes_below"])
    assert row["sentence"] == "The first place of a changes if lower cost weighs above 0.43, where c leads."
    assert table.loc["execution", "changes_below"] == pytest.approx(4 / 7)
    assert row["low"] < 3 / 7 < row["high"]  # over all weights a leads while lower cost weighs below 3/7


def test_beyond_its_threshold_a_weight_changes_the_leader_and_before_it_does_not():
    rng = np.random.default_rng(10)
    for _ in range(20):
        scores = pd.DataFrame(rng.uniform(0, 100, (8, 4)), columns=list("wxyz"))
        weights = pd.Series(rng.dirichlet(np.ones(4)), index=list("wxyz"))
        for row in weight_sensitivity(scores, weights, draws=50).itertuples():
            for level, step in ((row.changes_above, 1e-6), (row.changes_below, -1e-6)):
                if np.isnan(level):
                    level = 1 - 2e-6 if step > 0 else 2e-6
                    assert leads(scores, weights, row.outcome, level) == row.leader
                else:
                    assert leads(scores, weights, row.outcome, level - step) == row.leader
                    assert leads(scores, weights, row.outcome, level + step) != row.leader


def leads(scores: pd.DataFrame, weights: pd.Series, outcome: str, level: float) -> str:
    rest = weights.drop(outcome)
    return str((scores[rest.index] @ (rest / rest.sum()) * (1 - level) + scores[outcome] * level).idxmax())


def test_a_leader_best_in_everything_leads_whatever_weighs_what():
    table = weight_sensitivity(
        pd.DataFrame({"x": [9.0, 5.0], "y": [8.0, 1.0]}, index=["best", "other"]), {"x": 1, "y": 1}
    )
    assert table[["changes_above", "changes_below"]].isna().all(axis=None)
    assert table["then"].isna().all()
    assert table["sentence"].iloc[0] == "best leads whatever x weighs."
    assert table["leads_share"].tolist() == [1, 1]
    alone = weight_sensitivity(pd.DataFrame({"x": [9.0, 5.0]}), {"x": 1})
    assert alone["changes_above"].isna().all()
    with pytest.raises(InputError, match="no weight for y"):
        weight_sensitivity(pd.DataFrame({"y": [1.0]}), {"x": 1})


def test_the_sensitivity_of_the_value_score_is_that_of_its_outcomes():
    rows, _, groups, _ = planted(20, 11)
    told = score_value(rows, WEIGHTS, groups=groups, draws=200)
    best = told.scores.loc[told.scores["score"].idxmax(), "unit_id"]
    assert set(told.sensitivity["leader"]) == {best}
    assert told.sensitivity["outcome"].tolist() == list(WEIGHTS)
    wide = told.outcomes.pivot(index="unit_id", columns="outcome", values="score")[list(WEIGHTS)]
    again = weight_sensitivity(wide, WEIGHTS, draws=200)
    assert again["changes_above"].tolist() == pytest.approx(told.sensitivity["changes_above"].tolist(), nan_ok=True)
    assert score_value(rows.iloc[:0], WEIGHTS).sensitivity.columns.tolist() == told.sensitivity.columns.tolist()


def test_an_unwanted_alternative_reverses_topsis_and_not_the_additive_score():
    table = show_rank_reversal().set_index("alternative")
    # Equal weights: A 60, B 65, C 50; D (10, 30) is worse than each of them in both outcomes or level.
    assert table["additive_score"].tolist() == [60, 65, 50]
    assert table["additive_rank_without"].tolist() == table["additive_rank_with"].tolist() == [2, 1, 3]
    assert table["topsis_rank_without"].tolist() == [1, 2, 3]
    assert table["topsis_rank_with"].tolist() == [2, 1, 3]
    with pytest.raises(InputError):
        show_rank_reversal(added="E")


def test_the_three_task_project_rolls_up_as_published():
    # Slides "Earned Value": BAC 500, PV 300, EV 200, AC 250.
    tasks = pd.DataFrame(
        {
            "task": ["Design", "Build", "Test"],
            "BAC": [200, 200, 100],
            "PV": [200, 100, 0],
            "EV": [200, 0, 0],
            "AC": [250, 0, 0],
        }
    )
    table = earned_value(tasks)
    whole = table.iloc[-1]
    assert whole[["CV", "SV", "EAC"]].tolist() == [-50, -100, 625]
    assert whole["CPI"] == pytest.approx(0.8)
    assert whole["SPI"] == pytest.approx(0.67, abs=0.005)
    assert whole["ETC"] == pytest.approx(375)
    assert whole["VAC"] == pytest.approx(-125)
    assert whole["TCPI"] == pytest.approx(1.2)
    assert whole[["EAC_at_plan", "EAC_cpi_spi"]].tolist() == pytest.approx([550, 812.5])
    assert table["CPI"].isna().tolist() == [False, True, True, False]


def test_project_ez_at_month_eight_gives_pmis_figures():
    row = earned_value(pd.DataFrame({"BAC": [150], "PV": [48], "EV": [32], "AC": [40]})).iloc[-1]
    assert row[["SV", "CV", "EAC", "VAC"]].tolist() == pytest.approx([-16, -8, 187.5, -37.5])
    assert row[["SPI", "CPI", "TCPI"]].tolist() == pytest.approx([0.67, 0.8, 1.07], abs=0.005)
    assert row[["EAC_at_plan", "EAC_cpi_spi"]].tolist() == pytest.approx([158, 261.25])
    assert 12 / round(row["SPI"], 2) == pytest.approx(18, abs=0.1)  # months, as PMI prints it


def test_earned_value_says_which_column_is_missing():
    with pytest.raises(InputError, match="EV"):
        earned_value(pd.DataFrame({"BAC": [1], "PV": [1], "AC": [1]}))


def test_topsis_gives_tzeng_and_huangs_closeness():
    told = topsis([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]], [0.3, 0.4, 0.3], [True] * 3)
    assert told["closeness"].tolist() == pytest.approx([0.5037, 0.6581, 0.7482, 0.334], abs=1e-4)
    assert told["rank"].tolist() == [3, 2, 1, 4]


def test_topsis_without_normalisation_gives_scikit_criterias_closeness():
    told = topsis([[1, 0, 3], [0, 5, 6]], [1, 1, 1], [True] * 3, normalisation="none")
    assert told["closeness"].tolist() == pytest.approx([0.14639248, 0.85360752], abs=1e-8)


def test_topsis_agrees_with_pymcdm_for_costs_and_benefits():
    rng = np.random.default_rng(9)
    matrix, weights, more = rng.uniform(1, 9, (12, 4)), rng.dirichlet(np.ones(4)), [True, False, True, False]
    oracle = TOPSIS(vector_normalization_without_direction)(matrix, weights, np.where(more, 1, -1))
    assert topsis(matrix, weights, more)["closeness"].tolist() == pytest.approx(oracle.tolist())


def vector_normalization_without_direction(column: np.ndarray, cost: bool = False) -> np.ndarray:
    """Hwang & Yoon's: costs are scaled like benefits and turned round by the choice of the ideal; sign does that here."""
    return -vector_normalization(column) if cost else vector_normalization(column)


def test_topsis_takes_names_and_refuses_what_does_not_fit():
    frame = pd.DataFrame({"value": [1.0, 2.0], "cost": [5.0, 1.0]}, index=["a", "b"])
    told = topsis(frame, {"cost": 0.5, "value": 0.5}, {"value": True, "cost": False})
    assert told.loc["b", "closeness"] == 1
    with pytest.raises(InputError):
        topsis(frame, [1.0], [True])
    with pytest.raises(SettingError):
        topsis(frame, [1, 1], [True, True], normalisation="linear")


def test_promoters_by_adjusted_wald_give_the_golden_values():
    # Rocks 2016: 3 added to n, 3/4 to promoters and to detractors.
    for promoters, detractors, n, nps, low, high in [
        (7, 3, 15, 26.6667, -13.2474, 57.6918),
        (50, 20, 100, 30.0, 14.0511, 44.2013),
    ]:
        row = net_promoter_score([10] * promoters + [3] * detractors + [8] * (n - promoters - detractors)).iloc[0]
        assert row[["nps", "low", "high"]].tolist() == pytest.approx([nps, low, high], abs=0.001)
        adjusted = 100 * (promoters - detractors) / (n + 3)
        assert (row["low"] + row["high"]) / 2 == pytest.approx(adjusted, abs=0.001)


def test_promoters_of_the_published_distribution_score_45():
    counts = [2, 1, 1, 1, 1, 3, 3, 9, 22, 22, 35]
    assert net_promoter_score(np.repeat(np.arange(11), counts)).iloc[0]["nps"] == pytest.approx(45)


def test_promoters_among_the_invited_are_surer_the_more_answered():
    answers = [10] * 20 + [2] * 5 + [7] * 5
    rows = {asked: net_promoter_score(answers, invited=asked).iloc[0] for asked in (30, 40, 200, 1000)}
    assert rows[30]["low"] == rows[30]["high"] == 50
    widths = [rows[asked]["high"] - rows[asked]["low"] for asked in (40, 200)]
    assert 0 < widths[0] < widths[1]
    assert rows[1000]["method"] == "adjusted Wald"
    assert rows[40][["worst_points", "best_points"]].tolist() == [12.5, 62.5]


def test_answers_off_the_scale_are_refused():
    with pytest.raises(InputError, match="0 to 10"):
        net_promoter_score([11, 5])


def test_no_answers_are_no_score():
    assert net_promoter_score([]).iloc[0][["nps", "low", "high"]].isna().all()


@pytest.mark.parametrize(
    ("measures", "options", "message"),
    [
        (None, {}, "needs a table of unit_id, outcome and value, not NoneType"),
        (SEEN, {"weights": [1, 2]}, "weights are a mapping such as"),
        (SEEN, {"weights": {"quality": "much"}}, "give each outcome a number"),
        (SEEN, {"groups": ["north"]}, "groups are a mapping such as"),
        (SEEN, {"draws": 0}, "draws=0 is not a whole number of 1 or more"),
        (SEEN, {"draws": 2.5}, "draws=2.5 is not"),
        (SEEN, {"level": 1.5}, "level=1.5 is not a share"),
        (SEEN, {"level": 0}, "level=0 is not a share"),
        (SEEN, {"level": "95"}, "level='95' is not a share"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_words(measures, options, message):
    with pytest.raises(InputError, match=message):
        score_value(measures, **options)


def test_values_of_another_unit_are_refused_and_noise_beyond_the_scale_is_not():
    assert len(score_value(SEEN.assign(value=[-8.0, 109.0])).scores) == 2
    with pytest.raises(
        InputError, match="1 of 2 values are far from the scale of 0 to 100, such as 52,000 of 'quality'"
    ):
        score_value(SEEN.assign(value=[40.0, 52_000.0]))


def test_a_few_customers_far_below_the_worst_anchor_are_scored_like_any_other():
    rows = pd.DataFrame({"unit_id": list("ABCD"), "outcome": "quality", "value": [-150.0, 40.0, 50.0, 60.0]})
    assert list(score_value(rows).scores["unit_id"]) == list("ABCD")


def test_what_no_observation_stands_behind_is_left_out_and_said():
    rows = pd.DataFrame({"unit_id": ["a", "b", "c"], "outcome": "x", "value": [40.0, 60.0, 90.0], "n": [2.0, 3.0, 0.0]})
    told = score_value(rows)
    assert told.scores["unit_id"].tolist() == ["a", "b"] and told.left_out["unit_id"].tolist() == ["c"]
    assert told.scores["raw"].tolist() == [40.0, 60.0] and told.scores["n"].tolist() == [2, 3]
