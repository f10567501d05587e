"""The invented organisation holds what was planted in it, fits the contract, and is the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.settings import read_settings
from pmo_analysis.contract.tables import TABLE, TABLES, key_of
from pmo_analysis.intake.demo import make_demo, write_demo
from pmo_analysis.intake.demo.build import each_quarter, make_world
from pmo_analysis.intake.demo.demand import chance_of_request, nobody_asked
from pmo_analysis.intake.demo.truth import segments_truth
from pmo_analysis.intake.demo.voices import ask_customers

COMMITTED = Path(__file__).parents[1] / "data" / "demo"
FROZEN = (
    "segment_schemes.json"  # cut from the tables by `pmo scheme freeze`; tests/test_quarter_segments.py looks at it
)
LAST_DAY = pd.Timestamp("2026-09-30")
PLANS = {"promised_on", "due_on", "planned_start_on", "planned_finish_on", "forecast_finish_on"}

Made = tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]


@pytest.fixture(scope="module")
def made() -> Made:
    return make_demo()


@pytest.fixture(scope="module")
def small() -> Made:
    return make_demo(customers=30, quarters=4, seed=3)


def problems(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Breaches of the contract, told as table.column."""
    return [*_bad_keys(tables), *_bad_values(tables), *_bad_references(tables)]


def _bad_keys(tables: dict[str, pd.DataFrame]) -> list[str]:
    keys = {name: list(key_of(TABLE[name], set(frame))) for name, frame in tables.items()}
    return [
        name
        for name, key in keys.items()
        if key and (tables[name].duplicated(key).any() or tables[name][key].isna().to_numpy().any())
    ]


def _bad_values(tables: dict[str, pd.DataFrame]) -> list[str]:
    found = []
    for name, frame in tables.items():
        for column in TABLE[name].columns:
            values = frame[column.name].dropna() if column.name in frame else pd.Series(dtype=float)
            low, high = column.low, column.high
            wrong = (
                (column.required and len(values) < len(frame))
                or (column.choices and not set(values) <= set(column.choices))
                or (low is not None and (values < low).any())
                or (high is not None and (values > high).any())
            )
            found += [f"{name}.{column.name}"] if wrong else []
    return found


def _bad_references(tables: dict[str, pd.DataFrame]) -> list[str]:
    found = []
    for name, frame in tables.items():
        for column in TABLE[name].columns:
            if column.refers and column.name in frame:
                table, key = column.refers.split(".")
                known = set(tables[table][key])
                found += [] if set(frame[column.name].dropna()) <= known else [f"{name}.{column.name}"]
    return found


def test_the_committed_files_are_made_again_byte_for_byte(tmp_path: Path) -> None:
    write_demo(tmp_path)
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == sorted(p.name for p in COMMITTED.iterdir() if p.name != FROZEN)
    assert [n for n in names if (tmp_path / n).read_bytes() != (COMMITTED / n).read_bytes()] == []


def test_the_folder_holds_every_table_of_the_contract_and_nothing_of_the_truth(made: Made) -> None:
    names = {p.name for p in COMMITTED.iterdir()} - {FROZEN}
    assert names == {f"{t.name}.csv" for t in TABLES} | {"settings.toml"}
    text = "\n".join((COMMITTED / n).read_text("utf-8") for n in sorted(names))
    assert [s for s in made[1]["segments"]["segment"].unique() if s in text] == []
    assert b"\r" not in (COMMITTED / "customers.csv").read_bytes()


def test_the_settings_beside_the_data_are_ones_the_house_knows() -> None:
    settings = read_settings(COMMITTED)
    assert settings["organisation"] == "Nordhafen Mutual"
    assert settings["currency"] == "EUR"
    assert settings["weights_known"] is False


def test_the_committed_files_stay_small(made: Made) -> None:
    assert sum(p.stat().st_size for p in COMMITTED.iterdir()) < 8_000_000
    assert len(made[0]["effort"]) < 60_000


@pytest.mark.parametrize(("customers", "quarters", "seed"), [(20, 6, 1), (1000, 2, 2), (3, 4, 3), (1, 1, 4)])
def test_every_other_size_fits_the_contract(customers: int, quarters: int, seed: int) -> None:
    tables, _ = make_demo(customers=customers, quarters=quarters, seed=seed)
    assert list(tables) == [t.name for t in TABLES]
    assert problems(tables) == []
    assert len(tables["customers"]) == customers
    assert tables["customers"]["name"].is_unique


def test_every_table_fits_the_contract(made: Made) -> None:
    assert list(made[0]) == [t.name for t in TABLES]
    assert problems(made[0]) == []
    assert sorted(made[1]) == [
        "affinity",
        "benefits",
        "missing_weeks",
        "movers",
        "next_requests",
        "projects",
        "segments",
        "senior_effect",
        "survey",
        "tiers",
    ]


def test_days_follow_each_other_and_none_lies_after_the_last(made: Made) -> None:
    tables, _ = made
    engagements = tables["engagements"]
    assert not (engagements["started_on"] < engagements["requested_on"]).any()
    assert not (engagements["delivered_on"] < engagements["started_on"]).any()
    days = {
        f"{name}.{c}": frame[c].max()
        for name, frame in tables.items()
        for c in frame.select_dtypes("datetime").columns.difference(list(PLANS))
    }
    assert [c for c, day in days.items() if day > LAST_DAY] == []
    stays = engagements.merge(tables["customers"], on="customer_id")
    assert not (stays["requested_on"] < stays["active_from_on"]).any()
    assert not (stays["requested_on"] > stays["active_to_on"]).any()


def test_states_agree_with_their_days(made: Made) -> None:
    engagements = made[0]["engagements"].set_index("state")
    assert engagements.loc["delivered", "delivered_on"].notna().all()
    assert engagements.loc[["open", "cancelled", "refused"], "delivered_on"].isna().all()
    assert engagements.loc["refused", "started_on"].isna().all()
    share = engagements.index.value_counts(normalize=True)
    assert 0.02 < share["cancelled"] < 0.045
    assert 0.015 < share["refused"] < 0.045


def test_the_same_seed_gives_the_same_and_another_seed_another(small: Made) -> None:
    again, other = make_demo(customers=30, quarters=4, seed=3), make_demo(customers=30, quarters=4, seed=4)
    for first, second in zip(small, again, strict=True):
        for name in first:
            pd.testing.assert_frame_equal(first[name], second[name])
    assert not small[0]["engagements"].equals(other[0]["engagements"])


def test_volumes_grow_with_the_customers() -> None:
    counts = [len(make_demo(customers=n, quarters=3, seed=1)[0]["engagements"]) for n in (60, 240)]
    assert 3.2 < counts[1] / counts[0] < 4.8
    assert 0.85 < counts[1] / (660 * 3 * 240 / 180) < 1.15


def test_a_senseless_size_is_refused() -> None:
    with pytest.raises(SettingError, match="at least 1"):
        make_demo(customers=0)


def test_segments_cut_across_the_given_categories() -> None:
    for seed in range(5):
        world = make_world(180, 12, seed, "2026Q3")
        truth = segments_truth(world.calendar, world.customers).query("quarter == '2026Q3'").set_index("customer_id")
        category = world.customers.table.set_index("customer_id")["category"].reindex(truth.index)
        assert truth["segment"].nunique() == 4
        assert adjusted_rand_score(category, truth["segment"]) <= 0.3


def test_segments_can_be_found_in_requests_and_stated_needs(made: Made) -> None:
    tables, truth = made
    asked = tables["engagements"].merge(tables["services"][["service_id", "family"]], on="service_id")
    asked = asked[asked["requested_on"] >= "2025-10-01"]
    count = np.log1p(pd.crosstab(asked["customer_id"], asked["family"]))
    needs = tables["needs"].sort_values("asked_on").groupby(["customer_id", "family"])["importance"].last().unstack()
    features = count.join(needs.add_suffix(" need")).join(asked.groupby("customer_id")["complexity"].mean())
    features = (features - features.mean()) / features.std()
    now = truth["segments"].query("quarter == '2026Q3'").set_index("customer_id")["segment"]
    both = features.fillna(0).loc[features.index.intersection(now.index)]
    with threadpool_limits(1):
        found = KMeans(4, n_init=10, random_state=0).fit_predict(both)
    assert adjusted_rand_score(now.reindex(both.index), found) > 0.7


def test_movers_change_once_in_the_quarter_that_is_told(made: Made) -> None:
    _, truth = made
    wide = truth["segments"].pivot(index="customer_id", columns="quarter", values="segment")
    known = wide.notna() & wide.shift(axis=1).notna()
    changes = ((wide != wide.shift(axis=1)) & known).stack()
    told = truth["movers"].set_index(["customer_id", "quarter"]).index
    assert set(changes[changes].index) == set(told)
    assert 0.03 < len(told) / len(wide) < 0.10
    assert truth["movers"]["customer_id"].is_unique


def test_the_true_chances_of_the_next_request_come_true() -> None:
    world = make_world(400, 6, 1, "2026Q3")
    last_asked, expected, seen = nobody_asked(world.demand), 0.0, 0
    for quarter, (frame, after) in enumerate(each_quarter(world)):
        expected += chance_of_request(world.demand, quarter, last_asked).sum()
        seen += len(frame[["customer", "service"]].drop_duplicates())
        last_asked = after
    assert expected / seen == pytest.approx(1, abs=0.04)


def test_one_off_services_are_sated_by_a_request_and_recurring_ones_repeat(made: Made) -> None:
    world = make_world(180, 12, 0, "2026Q3")
    never = nobody_asked(world.demand)
    once = never.copy()
    once[0, :] = 11
    service = list(world.catalogue.column("service_id"))
    change = chance_of_request(world.demand, 12, once)[0] / np.maximum(
        chance_of_request(world.demand, 12, never)[0], 1e-12
    )
    assert change[service.index("S13")] > 1.1
    assert change[service.index("S02")] < 0.8
    assert change[service.index("S18")] < 0.2
    assert set(made[1]["affinity"]["kind"]) == {"recurring", "one-off"}


def test_refused_requests_show_what_is_not_on_offer(made: Made) -> None:
    tables, _ = made
    services = tables["services"].set_index("service_id")
    asked = tables["engagements"].join(services[["status", "active_to_on"]], on="service_id")
    after_end = asked[(asked["status"] == "pipeline") | (asked["requested_on"] > asked["active_to_on"])]
    assert len(after_end) > 0
    assert set(after_end["state"]) == {"refused"}


def test_eighteen_in_a_hundred_projects_run_more_than_half_over() -> None:
    closed = []
    for seed in range(4):
        panel = make_world(180, 12, seed, "2026Q3").panel
        last = panel.sort_values("as_of_on").groupby("project_id").last().query("status == 'closed'")
        closed.append(last["actual_cost"] / last["planned_cost"])
    ratio = pd.concat(closed)
    assert (ratio > 1.5).mean() == pytest.approx(0.18, abs=0.03)
    assert 1.0 < ratio.median() < 1.12
    assert ratio.max() > 5


def test_projects_are_a_panel_in_which_money_only_grows(made: Made) -> None:
    projects = made[0]["projects"].sort_values(["project_id", "as_of_on"])
    assert not (projects.groupby("project_id")["actual_cost"].diff() < -0.01).any()
    assert not (projects["forecast_cost"] < projects["actual_cost"] - 0.01).any()
    last = projects.groupby("project_id").last()
    assert set(last["status"]) == {"running", "closed", "stopped"}
    assert last.loc[last["status"] != "running", "actual_finish_on"].notna().all()
    assert 0.15 < last["strategic"].mean() < 0.35


def test_senior_people_on_complex_work_mislead_the_naive_comparison(made: Made) -> None:
    tables, truth = made
    rows = tables["engagements"].dropna(subset=["outcome_score", "complexity", "planned_hours"])
    ten_points = (10 * rows["planned_senior_hours"] / rows["planned_hours"]).to_numpy()
    outcome, one = rows["outcome_score"].to_numpy(), np.ones((len(rows), 1))
    confounders = pd.get_dummies(rows[["complexity", "service_id"]].astype(str), drop_first=True).to_numpy(float)
    naive = np.linalg.lstsq(np.hstack([one, ten_points[:, None]]), outcome, rcond=None)[0][1]
    fair = np.linalg.lstsq(np.hstack([one, ten_points[:, None], confounders]), outcome, rcond=None)[0][1]
    effect = truth["senior_effect"]["effect"].item()
    assert naive < 0 < effect
    assert fair == pytest.approx(effect, abs=0.6)


def test_most_benefits_due_are_not_measured_and_few_are_confirmed(made: Made) -> None:
    last = made[0]["benefits"].sort_values("as_of_on").groupby("benefit_id").last()
    due = last[last["due_on"] <= LAST_DAY]
    assert due["realised_benefit"].isna().mean() == pytest.approx(0.6, abs=0.08)
    assert 0.05 < due["confirmed"].mean() < 0.3
    assert due.loc[due["confirmed"].astype(bool), "realised_benefit"].notna().all()


def test_some_services_are_quoted_in_sizes_that_do_not_fit(made: Made) -> None:
    tables, truth = made
    hours = tables["effort"].query("side == 'pmo'").groupby("engagement_id")["worked_hours"].sum().rename("hours")
    done = tables["engagements"].query("state == 'delivered'").join(hours, on="engagement_id", how="inner")
    middle = done.groupby(["service_id", "size_quoted"])["hours"].median()
    assert middle["S16", "L"] / middle["S16", "S"] == pytest.approx(1, abs=0.25)  # one group, quoted 0.5 to 6 hours
    assert middle["S14", "M"] / 4 == pytest.approx(1.7, abs=0.25)  # quoted 4 hours
    assert middle["S17", "M"] / 12 == pytest.approx(1, abs=0.15)  # fits
    groups = truth["tiers"].groupby("service_id").size()
    assert (groups["S10"], groups["S16"], groups["S14"]) == (2, 1, 3)


def test_roles_are_used_near_what_was_planned_and_one_too_much(made: Made) -> None:
    effort, capacity = made[0]["effort"].query("side == 'pmo'"), made[0]["capacity"]
    used = effort.groupby("role")["worked_hours"].sum() / capacity.groupby("role")["practical_hours"].sum()
    assert used.between(0.7, 0.95).all()
    assert used["Senior PMO consultant / coach"] > 0.85
    quarter = effort["worked_on"].dt.to_period("Q").astype(str)
    total = effort.groupby(quarter)["worked_hours"].sum() / capacity.groupby("quarter")["practical_hours"].sum()
    assert total.between(0.72, 0.92).all()


def test_missing_weeks_are_empty_and_told_in_the_truth(made: Made) -> None:
    tables, truth = made
    gaps, effort = truth["missing_weeks"], tables["effort"]
    assert len(gaps) == 2
    for gap in gaps.itertuples():
        inside = effort["worked_on"].between(gap.first_on, gap.last_on)
        assert not (inside & (effort["role"] == gap.role)).any()
        assert inside.any()
        assert gap.lost_hours > 0


def test_hours_say_whose_they_are_and_what_they_were_for(made: Made) -> None:
    effort = made[0]["effort"]
    assert effort[["engagement_id", "project_id", "customer_id"]].notna().any(axis=1).all()
    alone = effort["engagement_id"].isna()
    assert 0.02 < effort.loc[alone, "worked_hours"].sum() / effort["worked_hours"].sum() < 0.15
    assert set(effort["side"]) == {"pmo", "customer"}
    assert effort.loc[effort["side"] == "customer", "person_id"].isna().all()
    asked = effort.merge(made[0]["engagements"][["engagement_id", "requested_on"]], on="engagement_id")
    assert not (asked["worked_on"] < asked["requested_on"]).any()


def test_the_happy_and_the_angry_answer_the_survey() -> None:
    world = make_world(400, 3, 1, "2026Q3")
    frames = [frame for frame, _ in each_quarter(world)]
    done = pd.concat(frames)
    done = done[done["delivered_on"].between(world.calendar.starts[1], world.calendar.ends[1])]
    asked = ask_customers(done, world.calendar, world.customers, 1, seed=1)
    rate = asked[asked["question"] == "nps"].groupby("true_score")["answered"].mean()
    assert min(rate[10], rate[4]) > 1.3 * rate[7]
    assert 0.08 < asked["answered"].mean() < 0.30


def test_decisions_are_known_first_without_and_later_with_their_effect(made: Made) -> None:
    decisions = made[0]["decisions"]
    taken = decisions.drop_duplicates("decision_id")
    assert taken["observed_effect"].isna().all()
    assert taken.groupby("quarter").size().between(1, 3).all()
    seen = decisions[decisions["observed_effect"].notna()]
    taken_on = taken.set_index("decision_id")["as_of_on"].reindex(seen["decision_id"]).to_numpy()
    assert len(seen) > 5
    assert (seen["as_of_on"].to_numpy() - taken_on > np.timedelta64(170, "D")).all()


def test_intake_leaves_the_blanks_that_it_leaves_everywhere(made: Made) -> None:
    tables, _ = made
    blank = tables["engagements"].isna().mean()
    assert blank["complexity"] == pytest.approx(0.03, abs=0.01)
    delivered = tables["engagements"].query("state == 'delivered'")
    assert delivered["outcome_score"].isna().mean() == pytest.approx(0.5, abs=0.05)
    assert 0.01 < tables["customers"]["headcount_count"].isna().mean() < 0.10
    known = delivered.dropna(subset=["promised_on"])
    assert (known["delivered_on"] <= known["promised_on"]).mean() == pytest.approx(0.77, abs=0.04)
