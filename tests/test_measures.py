"""Measures worked by hand on a small organisation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.measures import MEASURES, changes, find_reversals, lower_cost, measure_outcomes, outcomes
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

QUARTER = "2026Q3"
LOOSE = Settings({"minimum_estimate": 2, "minimum_quantile": 2})
GROUPS = pd.DataFrame({"customer_id": ["A", "B"], "category": ["IT", "HR"], "segment": ["s1", "s1"]})


def engagement(key: str, customer: str, asked: str, done: str | None, **more: object) -> dict[str, object]:
    state = "open" if done is None else "delivered"
    return {
        "engagement_id": key,
        "customer_id": customer,
        "service_id": "S1",
        "requested_on": asked,
        "delivered_on": done,
        "state": state,
        "size_quoted": "S",
        **more,
    }


def tables(**more: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Two customers, one service of 10 standard hours with a target of 5 working days, four engagements this quarter."""
    engagements = [
        engagement(
            "E1", "A", "2026-07-06", "2026-07-10", promised_on="2026-07-10", reworked="no", project_id="P1"
        ),  # 4 days, kept
        engagement("E2", "A", "2026-07-06", "2026-07-20", promised_on="2026-07-17", reworked="yes"),  # 10 days, late
        engagement("E3", "B", "2026-08-03", "2026-08-05", promised_on="2026-08-07", reworked="no"),  # 2 days, kept
        engagement("E4", "B", "2026-09-01", None, promised_on="2026-09-10"),  # 21 days and still open: late
        engagement("E0", "A", "2025-08-04", "2025-08-08", promised_on="2025-08-08", reworked="no"),
    ]
    base = {
        "customers": pd.DataFrame(
            {
                "customer_id": ["A", "B"],
                "name": ["Anna", "Bert"],
                "category": ["IT", "HR"],
                "active_from_on": "2024-01-01",
            }
        ),
        "services": pd.DataFrame(
            {
                "service_id": ["S1"],
                "name": ["Review"],
                "lead_time_target_days": ["5"],
                "process": ["no"],
                "mandated": ["no"],
            }
        ),
        "engagements": pd.DataFrame(engagements),
    }
    return base | more


def told(settings: Settings = LOOSE, **more: pd.DataFrame):
    return measure_outcomes(Dataset.from_frames(tables(**more)), QUARTER, GROUPS, settings)


def cell(measures, name: str, kind: str = "all", group: str = "all") -> pd.Series:
    cells = measures.cells
    return cells[(cells["measure"] == name) & (cells["group_kind"] == kind) & (cells["group"] == group)].iloc[0]


PROJECTS = pd.DataFrame(
    {
        "project_id": ["P1", "P2", "P3", "P4", "P5"],
        "customer_id": ["A", "A", "B", "B", "B"],
        "status": ["closed", "closed", "closed", "stopped", "running"],
        "strategic": ["yes", "no", "no", "no", "yes"],
        "planned_start_on": "2026-01-05",
        "planned_finish_on": ["2026-07-31", "2026-07-31", None, "2026-12-01", "2026-12-01"],
        "actual_finish_on": ["2026-07-31", "2026-08-01", "2026-09-01", "2026-09-15", None],
        "planned_cost": ["100", "200", "300", "400", "500"],
        "actual_cost": ["100", "320", "270", "100", "50"],
        "planned_value_cost": ["100", "200", "300", "", "100"],
        "earned_value_cost": ["100", "200", "300", "", "80"],
    }
)
BENEFITS = pd.DataFrame(
    {
        "benefit_id": ["b1", "b2", "b3", "b4"],
        "project_id": ["P1", "P1", "P2", "P3"],
        "due_on": ["2026-07-01", "2026-08-01", "2026-09-01", "2026-09-01"],
        "planned_benefit": ["100", "100", "300", "500"],
        "realised_benefit": ["90", "30", "", "200"],
        "confirmed": ["yes", "no", "", "no"],
    }
)


def test_execution_is_counted_over_finished_projects():
    measures = told(projects=PROJECTS)
    on_time = cell(measures, "on_time_share")
    assert (on_time["value"], on_time["n"]) == (0.5, 2)  # P3 has no approved finish
    assert on_time["measured_share"] == pytest.approx(2 / 3)
    assert (on_time["worst"], on_time["best"]) == pytest.approx((1 / 3, 2 / 3))
    assert cell(measures, "on_budget_share")["value"] == pytest.approx(2 / 3)
    assert cell(measures, "severe_overrun_share")["value"] == pytest.approx(1 / 3)  # P2: +60 %
    assert cell(measures, "overrun_median_share")["value"] == pytest.approx(0.0)


def test_cpi_and_spi_are_ratios_of_sums_over_what_is_known():
    measures = told(projects=PROJECTS)
    assert cell(measures, "cost_performance")["value"] == pytest.approx(680 / 740)  # P1, P2, P3, P5
    assert cell(measures, "schedule_performance")["value"] == pytest.approx(680 / 700)
    changes = measures.changes[measures.changes["measure"] == "cost_performance"]
    assert set(changes["direction"]) == {"not estimable"}


def test_decisions_tell_the_unspent_and_the_bias_with_and_without_the_largest():
    measures = told(projects=PROJECTS)
    assert cell(measures, "unspent_at_stop_share")["value"] == pytest.approx(0.75)
    assert cell(measures, "forecast_bias_share")["value"] == pytest.approx((0 + 120 - 30) / 600)
    without = cell(measures, "forecast_bias_without_largest_share")
    assert (without["value"], without["n"]) == (pytest.approx(-30 / 400), 2)


def test_paid_back_has_bounds_for_the_unmeasured():
    row = cell(told(projects=PROJECTS, benefits=BENEFITS), "paid_back_share")
    # P1: 120 of 100 paid back; P2: unmeasured; P3: 200 of 270 did not.
    assert (row["value"], row["n"]) == (0.5, 2)
    assert (row["worst"], row["best"]) == pytest.approx((1 / 3, 2 / 3))


def test_unmeasured_benefit_is_neither_zero_nor_planned():
    measures = told(projects=PROJECTS, benefits=BENEFITS)
    realised = cell(measures, "benefit_realised_share")
    assert (realised["value"], realised["n"]) == (pytest.approx(320 / 700), 3)
    assert realised["measured_share"] == pytest.approx(0.7)
    assert cell(measures, "benefit_measured_share")["value"] == pytest.approx(0.7)
    assert cell(measures, "benefit_confirmed_share")["value"] == pytest.approx(90 / 320)
    assert cell(measures, "strategic_realised_share")["value"] == pytest.approx(120 / 200)
    assert cell(measures, "strategic_spend_share")["value"] == pytest.approx(600 / 1500)


def test_promises_count_late_and_still_open_ones():
    measures = told()
    row = cell(measures, "promises_kept_share")
    assert (row["value"], row["n"]) == (0.5, 4)
    assert cell(measures, "promises_kept_share", "category", "IT")["value"] == 0.5
    assert cell(measures, "consistency_share")["value"] == 0  # A and B each broke one
    assert cell(measures, "first_time_right_share")["value"] == pytest.approx(2 / 3)


def test_lead_times_are_in_working_days_and_open_ones_count():
    measures = told()
    assert cell(measures, "lead_time_ratio")["value"] == pytest.approx((4 + 10 + 2) / 15)
    assert cell(measures, "lead_time_days")["value"] == 4  # 2, 4, 10 and one open for 21
    rows = measures.trace("lead_time_days").set_index("source_id")
    assert rows["numerator"].to_dict() == {"E1": 4, "E2": 10, "E3": 2, "E4": 21}
    assert rows["denominator"].to_dict() == {"E1": 1, "E2": 1, "E3": 1, "E4": 0}


def test_holidays_and_working_days_of_the_organisation_count():
    settings = LOOSE.replace(holidays=["2026-07-07"], working_days=["Mon", "Tue", "Wed", "Thu"])
    rows = told(settings).trace("lead_time_days").set_index("source_id")["numerator"]
    assert rows["E1"] == 3  # Mon 6 to Fri 10: Tue 7 is off; Mon 6, Wed 8, Thu 9
    assert rows["E2"] == 7


def survey(scores: list[int], question: str = "nps") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "response_id": [f"{question}{i}" for i in range(len(scores))],
            "question": question,
            "score": [str(s) for s in scores],
            "customer_id": ["A" if i % 2 else "B" for i in range(len(scores))],
            "answered_on": "2026-08-01",
        }
    )


def test_promoters_are_told_for_the_invited_with_bounds():
    invited = pd.DataFrame(
        {"quarter": [QUARTER] * 2, "customer_id": ["A", "B"], "question": "nps", "invited_count": ["5", "5"]}
    )
    row = cell(told(survey=survey([10, 9, 8, 3]), survey_invitations=invited), "nps_points")
    assert (row["value"], row["n"], row["measured_share"]) == (25, 4, 0.4)
    assert (row["worst"], row["best"]) == (-50, 70)
    assert row["worst"] <= row["low"] <= row["value"] <= row["high"] <= row["best"]


def test_a_question_nobody_was_asked_is_missing_not_zero():
    measures = told(survey=survey([5, 4, 3, 4], "csat"))
    assert cell(measures, "csat_level")["value"] == 4
    assert "nps_points" not in set(measures.cells["measure"])
    missing = measures.missing.set_index("measure")
    assert missing.loc["nps_points", "missing"] == "survey"
    assert missing.loc["on_time_share", "missing"] == "projects"


def test_three_tables_alone_name_what_is_missing():
    bare = {
        name: table[[c for c in table if c not in ("promised_on", "reworked", "size_quoted", "project_id")]]
        for name, table in tables().items()
    }
    measures = measure_outcomes(Dataset.from_frames(bare), QUARTER, GROUPS, LOOSE)
    assert set(measures.cells["measure"]) == {
        "lead_time_days",
        "lead_time_p85_days",
        "lead_time_ratio",
        "quiet_share",
        "never_served_share",
        "came_back_share",
    } & set(measures.cells["measure"])
    assert {"engagements.promised_on", "effort", "survey", "benefits", "projects"} <= set(measures.missing["missing"])
    assert measures.missing["sentence"].str.len().min() > 20


def test_no_rows_at_all_give_empty_tables():
    empty = {name: table.iloc[:0] for name, table in tables().items()}
    measures = measure_outcomes(Dataset.from_frames(empty), QUARTER, GROUPS, LOOSE)
    assert measures.cells.empty and measures.changes.empty and measures.run_chart.empty and measures.observations.empty
    assert len(measures.missing) == len(MEASURES)
    assert list(measures.cells.columns)[:5] == ["measure", "outcome", "group_kind", "group", "value"]


def effort(**hours: float) -> pd.DataFrame:
    day = {"E0": "2025-08-05", "E4": "2026-09-02"}
    return pd.DataFrame(
        {
            "engagement_id": list(hours),
            "worked_hours": [str(h) for h in hours.values()],
            "role": "analyst",
            "worked_on": [day.get(key, "2026-07-08") for key in hours],
        }
    )


OFFERINGS = pd.DataFrame(
    {"service_id": ["S1"], "size": ["S"], "standard_hours": ["10"], "valid_from_on": ["2024-01-01"]}
)
ROLES = pd.DataFrame({"role": ["analyst"], "senior": ["no"], "hourly_cost": ["50"], "side": ["pmo"]})


def test_productivity_is_output_per_hour_against_the_year_before():
    measures = told(effort=effort(E0=10, E1=8, E2=12, E3=5), offerings=OFFERINGS, roles=ROLES)
    assert cell(measures, "productivity_ratio")["value"] == pytest.approx((30 / 25) / (10 / 10))


def test_cancelled_work_has_hours_and_no_output():
    frames = tables(effort=effort(E0=10, E1=8, E2=12, E3=5), offerings=OFFERINGS, roles=ROLES)
    frames["engagements"].loc[1, ["state", "delivered_on"]] = ["cancelled", None]
    measures = measure_outcomes(Dataset.from_frames(frames), QUARTER, GROUPS, LOOSE)
    assert cell(measures, "productivity_ratio")["value"] == pytest.approx(20 / 25)


def test_a_saving_splits_exactly_into_hours_and_rates():
    capacity = pd.DataFrame(
        {
            "quarter": ["2025Q3", "2026Q3"],
            "role": "analyst",
            "fte": "1",
            "practical_hours": "100",
            "capacity_cost": ["5000", "6000"],
        }
    )
    measures = told(effort=effort(E0=10, E1=8, E2=8, E3=8), offerings=OFFERINGS, roles=ROLES, capacity=capacity)
    # Unit cost 10 h × 50 = 500 before, 8 h × 60 = 480 now, three units: 60 saved = 3·2·55 by hours − 3·10·9 by rates.
    assert cell(measures, "unit_cost_saving_cost")["value"] == pytest.approx(60)
    assert cell(measures, "efficiency_saving_cost")["value"] == pytest.approx(330)
    assert cell(measures, "rate_saving_cost")["value"] == pytest.approx(-270)
    assert cell(measures, "unit_cost_saving_cost")["measured_share"] == 1
    assert measures.trace("unit_cost_saving_cost")["numerator"].sum() == pytest.approx(60)


def test_process_is_told_by_hours_and_by_money_and_the_customers_own_hours_apart():
    rows = effort(E1=6, E3=2)
    process = pd.DataFrame(
        {
            "engagement_id": ["E1", "E1"],
            "worked_hours": ["2", "3"],
            "role": ["lead", "user"],
            "worked_on": "2026-07-08",
            "activity": ["process", "delivery"],
            "side": ["", "customer"],
        }
    )
    roles = pd.DataFrame(
        {"role": ["analyst", "lead"], "senior": ["no", "yes"], "hourly_cost": ["50", "100"], "side": ["pmo", "pmo"]}
    )
    measures = told(effort=pd.concat([rows, process]), roles=roles)
    assert cell(measures, "process_hours_share")["value"] == pytest.approx(2 / 10)
    assert cell(measures, "process_cost_share")["value"] == pytest.approx(200 / 600)
    assert cell(measures, "mandated_process_hours_share")["value"] == 0
    own = cell(measures, "own_hours")
    assert (own["value"], own["n"]) == (pytest.approx(3 / 2), 2)  # E2 has no hours at all


def test_reach_counts_running_projects_that_were_served():
    row = cell(told(projects=PROJECTS), "reach_share")
    assert (row["value"], row["n"]) == (pytest.approx(1 / 5), 5)


def test_quiet_customers_have_asked_before_and_stopped():
    frames = tables()
    frames["engagements"] = frames["engagements"][frames["engagements"]["engagement_id"].isin(["E0", "E3", "E4"])]
    measures = measure_outcomes(Dataset.from_frames(frames), QUARTER, GROUPS, LOOSE)
    assert cell(measures, "quiet_share")["value"] == 0.5  # A asked a year ago
    assert cell(measures, "never_served_share")["value"] == 0


def test_below_the_minimum_the_figure_says_too_few():
    row = cell(told(Settings()), "promises_kept_share")
    assert row["value"] == 0.5
    assert np.isnan(row["low"])
    assert row["note"] == "too few to say (n = 4)"


def test_later_rows_do_not_change_a_past_quarter():
    later = tables()
    extra = engagement("E9", "A", "2026-10-05", "2026-10-06", promised_on="2026-10-06", reworked="no")
    later["engagements"] = pd.concat([later["engagements"], pd.DataFrame([extra])])
    before, after = told(), measure_outcomes(Dataset.from_frames(later), QUARTER, GROUPS, LOOSE)
    for name in ("cells", "changes", "run_chart", "observations"):
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name), check_exact=True)


def test_order_of_rows_changes_nothing():
    frames = tables(
        projects=PROJECTS, benefits=BENEFITS, effort=effort(E0=10, E1=8, E2=12, E3=5), offerings=OFFERINGS, roles=ROLES
    )
    shuffled = {name: table.sample(frac=1, random_state=3) for name, table in frames.items()}
    once, again = (measure_outcomes(Dataset.from_frames(f), QUARTER, GROUPS, LOOSE) for f in (frames, shuffled))
    for name in ("cells", "changes", "run_chart", "observations"):
        pd.testing.assert_frame_equal(getattr(once, name), getattr(again, name), check_exact=True)


def many(promised: dict[str, list[tuple[str, int, int]]]) -> dict[str, pd.DataFrame]:
    """Engagements by quarter start: (customer, kept, broken)."""
    rows = [
        engagement(f"{start}{customer}{i}", customer, start, start, promised_on=start)
        | ({} if i < kept else {"delivered_on": str(pd.Timestamp(start) + pd.Timedelta(days=3))[:10]})
        for start, parts in promised.items()
        for customer, kept, broken in parts
        for i in range(kept + broken)
    ]
    return tables() | {"engagements": pd.DataFrame(rows)}


def test_a_change_has_a_direction_only_where_its_interval_excludes_zero():
    frames = many({"2026-04-06": [("A", 20, 20), ("B", 20, 20)], "2026-07-06": [("A", 38, 2), ("B", 21, 19)]})
    changes = measure_outcomes(Dataset.from_frames(frames), QUARTER, GROUPS).changes
    rows = changes[(changes["measure"] == "promises_kept_share") & (changes["against"] == "last quarter")].set_index(
        "group"
    )
    assert rows.loc["IT", "direction"] == "better"
    assert rows.loc["HR", "direction"] == "no clear change"
    assert rows.loc["IT", "change"] == pytest.approx(0.45)
    assert rows.loc["IT", "flagged"] and not rows.loc["HR", "flagged"]
    # Newcombe's hybrid of Wilson's (.8350, .9862) for 38 of 40 and (.3520, .6480) for 20 of 40, by hand.
    assert rows.loc["IT", ["low", "high"]].tolist() == pytest.approx([0.2625, 0.6024], abs=1e-4)
    year = changes[(changes["measure"] == "promises_kept_share") & (changes["against"] == "last year")]
    assert set(year["direction"]) == {"not estimable"}


def test_a_reversal_of_the_whole_against_every_part_is_said():
    # Both categories keep more of their promises, yet the whole keeps fewer: the weaker one grew.
    frames = many({"2026-04-06": [("A", 63, 7), ("B", 12, 18)], "2026-07-06": [("A", 29, 1), ("B", 35, 35)]})
    measures = measure_outcomes(Dataset.from_frames(frames), QUARTER, GROUPS)
    rows = measures.reversals[measures.reversals["measure"] == "promises_kept_share"]
    assert rows["group_kind"].tolist() == ["category"]
    assert "fell against last quarter on the whole, yet rose in every category" in rows["sentence"].iloc[0]
    splits = measures.splits[
        (measures.splits["measure"] == "promises_kept_share") & (measures.splits["group_kind"] == "category")
    ]
    split = splits[splits["against"] == "last quarter"].iloc[0]
    assert split["change"] == pytest.approx(0.64 - 0.75)
    assert split["mix"] + split["rate"] == pytest.approx(split["change"])
    # By hand: mix = (.3 − .7)·(.9 + .9667)/2 + (.7 − .3)·(.4 + .5)/2, rate = (.0667·.5) + (.1·.5).
    assert split[["mix", "rate"]].tolist() == pytest.approx([-0.19333, 0.08333], abs=1e-5)


def test_kidney_stones_are_a_reversal():
    # Charig et al. 1986: A is better for small and for large stones, B on the whole.
    rows = [
        ("all", "all", 273 / 350 - 289 / 350),
        ("category", "small", 81 / 87 - 234 / 270),
        ("category", "large", 192 / 263 - 55 / 80),
    ]
    changes = pd.DataFrame(rows, columns=["group_kind", "group", "change"]).assign(measure="success", against="B")
    assert find_reversals(changes)["groups_count"].tolist() == [2]
    assert find_reversals(changes.assign(change=changes["change"].abs())).empty


def test_observations_average_to_the_measures_value_function():
    measures = told()
    seen = measures.observations[measures.observations["measure"] == "promises_kept_share"]
    worst, best = Settings()["anchor.promises_kept_share"]
    now = seen[seen["quarter"] == QUARTER]["value"].mean()
    assert now == pytest.approx(100 * (0.5 - worst) / (best - worst))
    assert set(measures.observations.columns) == {"customer_id", "quarter", "outcome", "measure", "value"}


def test_the_rows_behind_every_share_give_it_back():
    measures = told(projects=PROJECTS, benefits=BENEFITS)
    shares = {m.name for m in MEASURES if m.estimate in ("share", "ratio") and not m.option}
    for row in measures.cells[measures.cells["measure"].isin(shares)].itertuples():
        rows = measures.trace(row.measure, row.group_kind, row.group).dropna(subset=["numerator", "denominator"])
        assert rows["numerator"].sum() / rows["denominator"].sum() == pytest.approx(row.value)
        assert len(rows) == row.n


def test_an_unknown_measure_or_kind_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="on_time_share"):
        told().trace("on_time_shares")
    with pytest.raises(InputError, match="category"):
        told().trace("promises_kept_share", "department", "IT")


def test_a_few_measures_at_a_time_tell_the_same_as_all_at_once(monkeypatch):
    whole = told(projects=PROJECTS, benefits=BENEFITS)
    monkeypatch.setattr(outcomes, "_MOST_ROWS", 3)
    monkeypatch.setattr(changes, "MOST_TOGETHER", 0)
    parts = told(projects=PROJECTS, benefits=BENEFITS)
    for name in ("cells", "changes", "run_chart", "splits", "reversals"):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(parts, name))


def test_names_of_measures_are_unique_and_every_anchor_has_one():
    names = [m.name for m in MEASURES]
    assert len(set(names)) == len(names)
    assert set(Settings().group("anchor")) <= set(names)


def test_rows_in_files_tell_the_same_as_rows_in_memory(monkeypatch):
    whole = told(projects=PROJECTS, benefits=BENEFITS)
    monkeypatch.setattr(outcomes, "_MOST_ROWS", 8)
    monkeypatch.setattr(outcomes, "MOST_IN_MEMORY", 0)
    parts = told(projects=PROJECTS, benefits=BENEFITS)
    assert parts.kept.on_disk and not whole.kept.on_disk
    for name in ("cells", "changes", "run_chart", "splits", "reversals", "observations"):
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(parts, name))
    pd.testing.assert_frame_equal(whole.sum_observations(), parts.sum_observations())
    for row in parts.cells[::25].itertuples():
        traced = parts.trace(row.measure, row.group_kind, row.group)
        assert sorted(traced["source_id"]) == sorted(whole.trace(row.measure, row.group_kind, row.group)["source_id"])


def test_points_begin_at_nine_and_end_at_six():
    assert cell(told(survey=survey([9, 9, 6, 7, 8])), "nps_points")["value"] == pytest.approx(100 * (2 - 1) / 5)


def test_a_single_project_is_told_without_a_range():
    row = cell(told(projects=PROJECTS.iloc[:1], benefits=BENEFITS.iloc[:0]), "overrun_median_share")
    assert row["n"] == 1 and np.isnan(row["low"]) and np.isfinite(row["value"])


def test_what_the_value_score_rests_on_adds_up_to_the_observations():
    measures = told(projects=PROJECTS, benefits=BENEFITS)
    rows = measures.observations.groupby(["customer_id", "outcome", "measure"])["value"].agg(["size", "mean", "std"])
    sums = measures.sum_observations().set_index(["customer_id", "outcome", "measure"]).loc[rows.index]
    assert sums["n"].tolist() == rows["size"].tolist()
    assert sums[["value", "sd"]].to_numpy() == pytest.approx(rows[["mean", "std"]].to_numpy(), nan_ok=True)


def test_savings_of_very_many_customers_vary_as_much_in_random_parts_of_them(monkeypatch):
    rng, ratios = np.random.default_rng(6300), []
    for seed in range(12):
        hours = rng.lognormal(2, 0.8, (2, 2000, 3))
        count = rng.poisson(1.5, hours.shape).astype("float64")
        sums = np.concatenate([
            [count[at], count[at] * hours[at], rate * count[at] * hours[at]] for at, rate in ((0, 50), (1, 55))
        ])  # fmt: skip
        sums = sums[:, np.lexsort(sums.sum(axis=2)[[2, 1, 0]])]  # by content, as they come
        spread = []
        for most in (2000, 250):
            monkeypatch.setattr(lower_cost, "MOST_RESAMPLED", most)
            parts = lower_cost._together(sums, seed)
            assert parts.shape == (6, most, 3) and parts.sum(axis=1) == pytest.approx(sums.sum(axis=1))
            weights = np.random.default_rng(seed).multinomial(most, np.full(most, 1 / most), 600).astype("float64")
            spread.append(lower_cost._split_saving(weights, parts)[0].std())
        ratios.append(spread[1] / spread[0])
    assert 0.95 < np.mean(ratios) < 1.05 and min(ratios) > 0.8 and max(ratios) < 1.25
