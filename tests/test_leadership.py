"""Decisions judged by what they were expected to do; commitments of the PMO as a whole; measures in pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.leadership import PAIRS, chart_costs, chart_senior_share, chart_services, review_leadership
from pmo_analysis.analysis.leadership.charted import average_quarters, ordinary_change
from pmo_analysis.analysis.leadership.decisions import Record, judge_decisions
from pmo_analysis.analysis.leadership.elsewhere import compare_elsewhere, find_scope, is_ratio
from pmo_analysis.analysis.leadership.pairs import tell_pairs
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

QUARTERS = ["2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"]
DEFINITIONS = pd.DataFrame(
    {
        "measure": ["nps_points", "unit_cost", "own_hours", "unspent_at_stop_share"],
        "title": ["Net promoter score", "Cost to serve per delivery", "Own hours", "Unspent at stop"],
        "better": ["higher", "lower", "lower", "higher"],
    }
)


def _data(decisions: list[tuple], engagements: pd.DataFrame | None = None, **tables: pd.DataFrame) -> Dataset:
    log = pd.DataFrame(
        decisions, columns=["decision_id", "quarter", "due_on", "measure", "expected_effect", "observed_effect"]
    )
    empty = pd.DataFrame(
        {"engagement_id": ["e"], "customer_id": ["a"], "service_id": ["s"], "requested_on": ["2020-01-01"]}
    )
    return Dataset.from_frames(
        {
            "customers": pd.DataFrame({"customer_id": ["a"], "name": ["A"], "category": ["x"]}),
            "services": pd.DataFrame({"service_id": ["s"], "name": ["S"]}),
            "engagements": empty if engagements is None else engagements,
            "decisions": log.assign(text="do it", state="taken"),
            **tables,
        }
    )


def _told(decisions: list[tuple], run_chart: pd.DataFrame | None = None) -> pd.DataFrame:
    told = review_leadership(_data(decisions), "2026Q3", run_chart=run_chart, definitions=DEFINITIONS)
    return told.decisions.set_index("decision_id")


def _chart(values: list[float], reach: float = 1.0, measure: str = "nps_points") -> pd.DataFrame:
    """One measure over the quarters up to 2026Q3, each with value ± reach, from 80 rows."""
    quarters = QUARTERS[-len(values) :]
    return pd.DataFrame(
        {"measure": measure, "quarter": quarters, "value": values, "n": 80}
        | {"low": np.array(values) - reach, "high": np.array(values) + reach}
    )


def test_an_effect_that_was_only_written_down_is_reported_not_measured() -> None:
    told = _told(
        [
            ("whole", "2026Q1", "2026-06-30", "not charted", -0.10, -0.10),
            ("opposite", "2026Q1", "2026-06-30", "not charted", -0.10, 0.04),
            ("unseen", "2026Q1", "2026-06-30", "not charted", -0.10, None),
        ]
    )
    assert told["verdict"].to_dict() == {
        "opposite": "reported, not measured",
        "unseen": "not measured",
        "whole": "reported, not measured",
    }
    assert told.loc["whole", ["reported_effect", "observed_effect", "observed_from"]].tolist() == [
        -0.10,
        -0.10,
        "decision log",
    ]


@pytest.mark.parametrize(
    ("due_on", "verdict"),
    [("2026-06-30", "worked"), ("2026-07-01", "worked"), ("2026-07-02", "too early"), ("2026-12-31", "too early")],
)
def test_a_decision_is_judged_after_one_whole_quarter(due_on: str, verdict: str) -> None:
    assert _told([("d", "2026Q1", due_on, "nps_points", 5, None)], _chart([10, 10, 16]))["verdict"].tolist() == [
        verdict
    ]


def test_without_a_day_it_should_work_in_the_quarter_after_the_next() -> None:
    decisions = [("old", "2026Q1", None, "nps_points", 5, None), ("new", "2026Q2", None, "nps_points", 5, None)]
    assert _told(decisions, _chart([10, 10, 16]))["verdict"].to_dict() == {"new": "too early", "old": "worked"}


@pytest.mark.parametrize(
    ("value", "reach", "verdict"),
    [
        (16.0, 1.0, "worked"),  # 6 ± √2 of 5 expected
        (12.0, 1.0, "not clear"),  # 2 ± √2: something, but less than half of 5 for all we know, or more
        (9.0, 1.0, "did not work"),  # −1 ± √2 rules out 2.5
        (16.0, 8.0, "not clear"),  # 6 ± 11.3
        (16.0, np.nan, "not measured"),
    ],
)
def test_a_measured_decision_is_judged_by_the_interval_of_the_difference(
    value: float, reach: float, verdict: str
) -> None:
    told = _told([("d", "2026Q1", "2026-06-30", "nps_points", 5, None)], _chart([10, 11, value], reach))
    assert told["verdict"].tolist() == [verdict]
    if np.isfinite(reach):
        row = told.iloc[0]
        assert row["observed_effect"] == value - 10 and row["observed_from"] == "run chart" and row["n"] == 80
        assert [row["low"], row["high"]] == pytest.approx(
            [value - 10 - reach * np.sqrt(2), value - 10 + reach * np.sqrt(2)]
        )


def test_what_is_measured_counts_before_what_was_logged_and_both_are_told() -> None:
    row = _told([("d", "2026Q1", "2026-06-30", "nps_points", 5, 40)], _chart([10, 11, 9])).iloc[0]
    assert row[["reported_effect", "observed_effect", "verdict"]].tolist() == [40, -1, "did not work"]


def test_what_is_bad_by_chance_mends_by_itself_and_is_no_success() -> None:
    """30, 30, 30 and one bad quarter of 10 in which it was decided: back at 30 is 5 above their mean of 25."""
    row = _told([("d", "2026Q1", "2026-06-30", "nps_points", 10, None)], _chart([30, 30, 30, 10, 20, 30])).iloc[0]
    assert row["observed_effect"] == 5
    # s = 10 over four quarters: t(3) = 3.182 × 10 × √(1 + 1/4)
    assert row["ordinary_change"] == pytest.approx(3.182446 * 10 * np.sqrt(1.25), rel=1e-6)
    assert row["verdict"] == "not clear" and row["because"] == "quarters stray as far without a decision"


def test_a_change_beyond_what_quarters_stray_anyway_is_a_success() -> None:
    row = _told([("d", "2026Q1", "2026-06-30", "nps_points", 10, None)], _chart([30, 31, 30, 31, 40, 45])).iloc[0]
    assert row["verdict"] == "worked" and row["observed_effect"] == 14.5
    assert row["ordinary_change"] == pytest.approx(3.182446 * np.sqrt(1 / 3) * np.sqrt(1.25), rel=1e-6)


def test_a_total_is_judged_by_how_far_other_quarters_stray() -> None:
    exact = _chart([100, 102, 98, 100, 90, 80], 0.0, "cost_to_serve")
    decision = [("d", "2026Q1", "2026-06-30", "cost_to_serve", -20, None)]
    row = _told(decision, exact).iloc[0]
    reach = 3.182446 * np.std([100, 102, 98, 100], ddof=1) * np.sqrt(1.25)
    assert row["verdict"] == "worked" and [row["low"], row["high"]] == pytest.approx([-20 - reach, -20 + reach])
    assert _told(decision, exact[-3:])["verdict"].tolist() == ["not measured"]  # nobody knows how far it strays


def test_without_an_expected_effect_the_better_direction_counts() -> None:
    told = _told(
        [
            ("good", "2026Q1", "2026-06-30", "nps_points", None, None),
            ("bad", "2026Q1", "2026-06-30", "unit_cost", None, None),
        ],
        pd.concat([_chart([10, 11, 16]), _chart([10, 11, 16], measure="unit_cost")]),
    )
    assert told["verdict"].to_dict() == {"bad": "did not work", "good": "worked"}


def test_an_effect_written_after_the_quarter_is_not_yet_known() -> None:
    assert _told([("d", "2026Q2", "2026-12-31", "nps_points", 5, 6)])["verdict"].tolist() == ["too early"]


def test_quarters_count_alike_and_their_distances_are_added_as_squares() -> None:
    told = average_quarters(_chart([10, 20], 3.0), ["2026Q2", "2026Q3", "2027Q1"])
    reach = np.sqrt(9 + 9) / 2
    assert (told["value"], told["low"], told["high"], told["n"]) == (15, 15 - reach, 15 + reach, 160)


def test_how_far_quarters_stray_holds_as_often_as_it_says() -> None:
    rng, inside = np.random.default_rng(3), []
    for values in rng.normal(50, 4, size=(2000, 6)):
        reach = ordinary_change(_chart(list(values)), QUARTERS[:4], 2, level=0.95)
        inside.append(abs(values[4:].mean() - values[:4].mean()) <= reach)
    assert 0.93 <= np.mean(inside) <= 0.97


GROUPS = pd.DataFrame(
    {"customer_id": ["a", "b", "c"], "category": ["IT", "IT services", "IT"], "segment": ["S1 often", "S1", np.nan]}
)


def test_a_decision_names_a_group_only_by_its_whole_name() -> None:
    assert find_scope("Mend lateness for IT: 50 %", GROUPS) == ("category", "IT", "IT")
    assert find_scope("Mend lateness for IT services", GROUPS) == ("category", "IT services", "IT services")
    assert find_scope("Wait with it; ITIL is no category", GROUPS) == ("", "", "")


def test_a_decision_may_name_a_service_in_small_letters_and_with_hyphens() -> None:
    services = pd.DataFrame(
        {"service_id": ["S01", "S02", "S03"], "name": ["Health check", "Board-pack review", "Report"]}
    )
    assert find_scope("Do the health-check earlier", GROUPS, services) == ("service", "S01", "Health check")
    assert find_scope("Retire the board pack review", GROUPS, services) == ("service", "S02", "Board-pack review")
    assert find_scope("Charge for S03", GROUPS, services) == ("service", "S03", "S03")
    assert find_scope("Write one report a month", GROUPS, services) == ("", "", "")


def test_a_decision_about_a_service_is_judged_by_what_that_service_cost() -> None:
    """The whole cost rises by 5,000 a quarter; the health check's falls from 100 to 40 and stays there."""
    quarters = [f"{year}Q{q}" for year in (2024, 2025, 2026) for q in (1, 2, 3, 4)][:11]
    late = [q > "2025Q4" for q in quarters]
    history = pd.DataFrame(
        {
            "quarter": quarters * 2,
            "service_id": ["S01"] * 11 + ["S02"] * 11,
            "customer_id": "c",
            "worked_hours": 10.0,
            "senior_hours": 2.0,
            "cost_to_serve_cost": [40.0 if after else 100.0 + i % 2 for i, after in enumerate(late)]
            + [5000.0 * i for i in range(11)],
            "engagement_count": 1,
        }
    )
    log = pd.DataFrame(
        {"decision_id": ["d"], "quarter": ["2025Q4"], "text": ["Shorten the health check"], "due_on": ["2026-01-01"]}
        | {"measure": ["cost_to_serve"], "expected_effect": [-50.0]}
    )
    services = pd.DataFrame({"service_id": ["S01", "S02"], "name": ["Health check", "Recovery"]})
    data = Dataset.from_frames({"decisions": log, "services": services})
    chart, own = chart_costs(history, Settings()), chart_services(history, Settings())
    row = review_leadership(data, "2026Q3", run_chart=chart, service_chart=own).decisions.iloc[0]
    assert row["scope"] == "Health check" and row["verdict"] == "worked"
    assert row["observed_effect"] == pytest.approx(40 - 100.5)
    whole = review_leadership(data, "2026Q3", run_chart=chart).decisions.iloc[0]
    assert whole["scope"] == "" and whole["verdict"] != "worked"


def test_a_quarter_without_work_for_a_service_cost_nought_and_shares_are_ratios_of_sums() -> None:
    history = pd.DataFrame(
        {
            "quarter": ["2026Q2"] * 5 + ["2026Q3"],
            "service_id": ["S01"] * 5 + ["S02"],
            "customer_id": [*"abcde", "a"],
            "worked_hours": [10.0, 10, 10, 10, 60, 5],
            "senior_hours": [0.0, 1, 2, 3, 24, np.nan],
            "cost_to_serve_cost": [1.0, 2, 3, 4, 5, 6],
            "engagement_count": [1, 1, 1, 1, 1, 0],
        }
    )
    told = chart_services(history, Settings()).set_index(["service_id", "measure", "quarter"])
    assert told.loc[("S01", "cost_to_serve", "2026Q3"), ["value", "low", "high", "n"]].tolist() == [0, 0, 0, 0]
    assert told.loc[("S01", "senior_share", "2026Q2"), "value"] == pytest.approx(30 / 100)
    assert told.loc[("S01", "unit_cost", "2026Q2"), "value"] == 3 and ("S02", "unit_cost", "2026Q3") not in told.index
    assert chart_senior_share(history, Settings())["value"].tolist() == pytest.approx([0.3])


def _promises(kept: dict[tuple[str, str], int], each: int = 20) -> pd.DataFrame:
    """`each` promises per customer and quarter, so many of them kept."""
    rows = [
        (q, c, float(i < count), 1.0) for (q, c), count in kept.items() for i in range(each)
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["quarter", "customer_id", "numerator", "denominator"])
    return frame.assign(measure="promises_kept_share")


def test_what_changed_elsewhere_is_taken_off() -> None:
    """IT customers went from 40 % to 80 %, the others from 50 % to 70 %: 20 points are the decision's."""
    before, since = {}, {}
    for i in range(12):
        before |= {("2026Q1", f"it{i}"): 7 + 2 * (i % 2), ("2026Q1", f"x{i}"): 9 + 2 * (i % 2)}
        since |= {("2026Q3", f"it{i}"): 15 + 2 * (i % 2), ("2026Q3", f"x{i}"): 13 + 2 * (i % 2)}
    rows = _promises(before | since)
    inside = rows["customer_id"].str.startswith("it")
    change, there = compare_elsewhere(rows, inside, ["2026Q1"], ["2026Q3"], level=0.95, minimum=5)
    assert change["value"] == pytest.approx(0.2) and there["value"] == pytest.approx(0.2)
    assert 0.1 < change["low"] < 0.2 < change["high"] < 0.3


def test_only_a_ratio_of_sums_can_be_told_in_parts() -> None:
    rows = _promises({("2026Q1", "a"): 10, ("2026Q1", "b"): 5})
    chart = pd.DataFrame({"quarter": ["2026Q1"], "value": [15 / 40]})
    assert is_ratio(rows, chart) and not is_ratio(rows, chart.assign(value=0.4)) and not is_ratio(rows, chart[:0])


def test_a_decision_for_a_category_is_judged_there() -> None:
    ids = [f"{kind}{i}" for kind in ("it", "x") for i in range(12)]
    kept = {(q, c): 8 + 2 * (i % 2) + 8 * (q == "2026Q3" and c.startswith("it")) for i, c in enumerate(ids) for q in
            ("2026Q1", "2026Q3")}  # fmt: skip
    rows = _promises(kept)
    chart = rows.groupby("quarter")["numerator"].mean().rename("value").reset_index()
    chart = chart.assign(measure="promises_kept_share", low=chart["value"] - 0.05, high=chart["value"] + 0.05, n=480)
    data = _data([("d", "2026Q1", "2026-06-30", "promises_kept_share", 0.3, None)])
    log = data.frame("decisions").assign(text="Mend lateness for IT: 45 % of promises kept")
    data = Dataset.from_frames(
        {**{t: data.frame(t) for t in ("customers", "services", "engagements")}, "decisions": log}
    )
    groups = pd.DataFrame({"customer_id": ids, "category": ["IT"] * 12 + ["X"] * 12, "segment": "S"})
    row = review_leadership(data, "2026Q3", run_chart=chart, rows=rows, groups=groups).decisions.iloc[0]
    assert row["scope"] == "IT" and row["verdict"] == "worked" and row["observed_effect"] == pytest.approx(0.4)
    assert row["elsewhere_effect"] == pytest.approx(0.0)


def test_costs_are_charted_as_a_total_and_per_delivery() -> None:
    history = pd.DataFrame(
        {
            "quarter": ["2026Q2"] * 6 + ["2026Q3"] * 6,
            "customer_id": list("abcdef") * 2,
            "cost_to_serve_cost": [100.0] * 6 + [100, 120, 140, 160, 180, 200],
            "engagement_count": [2] * 6 + [1] * 6,
        }
    )
    told = chart_costs(history, Settings()).set_index(["measure", "quarter"])
    assert told.loc[("cost_to_serve", "2026Q3"), ["value", "low", "high"]].tolist() == [900, 900, 900]
    assert told.loc[("unit_cost", "2026Q2"), "value"] == 50 and told.loc[("unit_cost", "2026Q3"), "value"] == 150
    assert told.loc[("unit_cost", "2026Q3"), "low"] < 150 < told.loc[("unit_cost", "2026Q3"), "high"]
    assert chart_costs(history[:0], Settings()).empty


def _turned(measure: str, change: float, before: float = 10.0) -> pd.DataFrame:
    values = np.array([before, before + change])
    return pd.DataFrame({"measure": measure, "quarter": ["2026Q2", "2026Q3"], "value": values, "low": values - 1}
                        | {"high": values + 1, "n": 50})  # fmt: skip


@pytest.mark.parametrize(
    ("cost", "own", "warning"), [(-5, 5, True), (5, -5, True), (-5, 1, False), (-5, -5, False), (5, 5, False)]
)
def test_a_pair_warns_where_one_is_clearly_better_and_the_other_clearly_worse(
    cost: float, own: float, warning: bool
) -> None:
    chart = pd.concat([_turned("unit_cost", cost), _turned("own_hours", own)])
    row = tell_pairs(chart, DEFINITIONS, "2026Q3", "2026Q2").iloc[0]
    assert bool(row["warning"]) is warning and row["change"] == cost and row["counter_change"] == own
    assert [row["change_low"], row["change_high"]] == pytest.approx([cost - np.sqrt(2), cost + np.sqrt(2)])
    said = "“Cost to serve per delivery” is clearly better and “Own hours” clearly worse"
    assert (said in row["sentence"]) is (cost == -5 and own == 5)


@pytest.mark.parametrize(("stopped", "unspent", "warning"), [(5, -5, True), (-5, 5, False), (5, 5, False)])
def test_stopping_more_projects_is_no_gain_and_warns_where_less_is_saved(
    stopped: float, unspent: float, warning: bool
) -> None:
    chart = pd.concat([_turned("stopped_share", stopped), _turned("unspent_at_stop_share", unspent)])
    assert tell_pairs(chart, DEFINITIONS, "2026Q3", "2026Q2")["warning"].tolist() == [warning]


def test_a_pair_of_which_one_is_not_known_is_not_told_and_without_any_there_is_none() -> None:
    assert tell_pairs(_turned("unit_cost", 1), DEFINITIONS, "2026Q3", "2026Q2").empty
    assert len({one for one, _, _ in PAIRS}) == len(PAIRS)


def _requests() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "engagement_id": list("abcdef"),
            "customer_id": ["a", "a", "b", "b", "c", "d"],
            "service_id": "s",
            "requested_on": ["2026-07-01"] * 5 + ["2026-05-01"],
            "started_on": ["2026-07-02"] * 4 + ["", ""],
            "promised_on": ["2026-07-10", "2026-07-10", "2026-07-10", "2026-07-10", "2026-12-01", "2026-08-03"],
            "delivered_on": ["2026-07-09", "2026-07-10", "2026-07-11", "", "", ""],
            "state": ["", "", "", "", "refused", ""],
        }
    )


def test_commitments_count_late_and_open_promises_as_broken() -> None:
    told = review_leadership(_data([], _requests()), "2026Q3").commitments.set_index("figure")
    assert told.loc["promises_kept_share", ["value", "n"]].tolist() == [2 / 5, 5]
    assert told.loc["promises_kept_share", "low"] == pytest.approx(0.1176, abs=1e-3)  # Wilson, 2 of 5
    assert told.loc["response_days", "value"] == 1 and told.loc["refused_share", "value"] == 1 / 5
    assert told.loc["asked_again_share", ["value", "n"]].tolist() == [0, 1] and np.isnan(
        told.loc["asked_again_share", "low"]
    )


def test_requests_without_a_customer_are_not_one_customer_that_asks_again() -> None:
    rows = pd.concat([_requests(), _requests().assign(customer_id=pd.NA)], ignore_index=True)
    rows = rows.assign(engagement_id=[f"E{i}" for i in range(len(rows))])
    told, alone = (
        review_leadership(_data([], table), "2026Q3").commitments.set_index("figure") for table in (rows, _requests())
    )
    both = (t.loc["asked_again_share", ["value", "n"]].tolist() for t in (told, alone))
    assert next(both) == next(both) == [0, 1]


def test_requests_on_which_no_work_has_begun_count_as_still_waiting() -> None:
    rows = pd.DataFrame(
        {"engagement_id": [f"e{i}" for i in range(10)], "customer_id": "a", "service_id": "s", "state": ""}
        | {"requested_on": "2026-07-01", "started_on": ["2026-07-02"] * 5 + ["2026-07-09"] * 3 + ["", ""]}
    )
    told = review_leadership(_data([], rows), "2026Q3")
    response = told.commitments.set_index("figure")["value"]
    assert response["response_days"] == 1 and np.isnan(response["response_p85_days"])  # 8 of 10 have begun
    assert "within 1 working day for half of the requests, and for fewer than 85 of 100 so far." in told.sentence


def test_the_quarter_before_is_told_as_it_was_at_its_own_end() -> None:
    """Asked in June and begun in July: in the second quarter nobody knew when work would begin."""
    rows = pd.DataFrame(
        {"engagement_id": [f"e{i}" for i in range(20)], "customer_id": "a", "service_id": "s", "state": ""}
        | {"requested_on": ["2026-06-29"] * 10 + ["2026-07-01"] * 10}
        | {"started_on": ["2026-07-20"] * 10 + ["2026-07-02"] * 10}
    )
    told = review_leadership(_data([], rows), "2026Q3")
    assert told.commitments.set_index("figure").loc["response_days", "value"] == 1
    pair = told.pairs.set_index("measure").loc["response_days"]
    assert np.isnan(pair["change"]) and pair["direction"] == "not estimable" and not pair["warning"]


def test_projects_stopped_are_a_share_of_those_that_ended() -> None:
    projects = pd.DataFrame(
        {"project_id": list("pqrst"), "customer_id": "a", "name": "P"}
        | {"status": ["stopped", "closed", "closed", "running", "stopped"]}
        | {"actual_finish_on": ["2026-07-01", "2026-08-01", "2026-09-01", "", "2026-01-01"]}
    )
    told = review_leadership(_data([], projects=projects), "2026Q3").commitments.set_index("figure")
    assert told.loc["stopped_share", ["value", "n"]].tolist() == [pytest.approx(1 / 3), 3]


def test_without_decisions_and_promises_that_is_said() -> None:
    told = review_leadership(_data([]), "2026Q3")
    assert told.decisions.empty and "No decisions table" in told.sentence and "promised_on" in told.sentence
    assert told.pairs.empty


def test_the_order_of_the_log_does_not_matter() -> None:
    decisions = [(f"d{i}", "2026Q1", "2026-06-30", "nps_points", 5, None) for i in range(4)]
    pd.testing.assert_frame_equal(_told(decisions, _chart([10, 11, 16])), _told(decisions[::-1], _chart([10, 11, 16])))


def _without_effect(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A chart of measures on which nothing has any effect, and decisions, each taken in the worst of four quarters."""
    rng = np.random.default_rng(11)
    values = rng.normal(50, 4, size=(count, 6))
    worst = values[:, :4].argmin(axis=1)
    values[np.arange(count), worst], values[:, 3] = values[:, 3].copy(), values[:, :4].min(axis=1)
    chart = pd.concat([_chart(list(v), 4 * 1.96, f"m{i}") for i, v in enumerate(values)], ignore_index=True)
    log = [(f"d{i}", "2026Q1", "2026-03-31", f"m{i}", 4.0, None) for i in range(count)]
    return chart, pd.DataFrame(log, columns=["decision_id", "quarter", "due_on", "measure", "expected_effect",
                                             "observed_effect"])  # fmt: skip


def test_decisions_without_any_effect_are_hardly_ever_said_to_have_worked() -> None:
    chart, log = _without_effect(300)
    log = log.assign(state="taken", text="x", decider="y", due_on=pd.to_datetime(log["due_on"]))
    told = judge_decisions(log, "2026Q3", Record(chart), Settings())
    wide = chart.pivot(index="measure", columns="quarter", values="value")
    naive = (wide["2026Q3"] - wide["2026Q1"]) / np.sqrt(2) / 4 > 1.96
    assert (told["verdict"] == "worked").mean() <= 0.03 < 0.06 < naive.mean()
