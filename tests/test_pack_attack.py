"""Whoever adds and subtracts what packs tell, in themselves, beside the reports, and over the quarters, finds nobody."""

from __future__ import annotations

from types import SimpleNamespace

import attacker
import numpy as np
import pandas as pd
import pytest
from test_protect import QUARTERS, SURVEYED, _answers, _find, _organisation, _report

from pmo_analysis.contract.quarters import quarter_end, quarter_start, shift_quarter
from pmo_analysis.quarter import pack_tables, packs
from pmo_analysis.quarter.pack_tables import VOICE, gather_pack_tables
from pmo_analysis.quarter.packs import list_packs, make_pack

EMPTY = {
    "services": ["service_id", "name", "family", "status", "target_categories", "stages"],
    "showback": ["customer_id", "service_id", "engagements_count", "charged_cost", "cost_to_serve_cost", "own_hours",
                 "own_hours_cost"],
    "history": ["customer_id", "quarter", "engagement_count", "cost_to_serve_cost"],
    "requests": ["engagement_id", "customer_id", "service_id", "stage", "requested_on", "promised_on", "delivered_on", "state",
                 "asked_here", "promised_here", "delivered_here", "worked_hours", "cost"],
    "likely": ["customer_id", "service_id", "probability", "reason"],
    "prices": ["service_id", "unit_cost", "unit_cost_low", "unit_cost_high", "engagement_count"],
    "cards": ["group_kind", "group"],
    "benefits": ["customer_id", "project", "due_on", "planned_benefit", "realised_benefit", "confirmed"],
    "needs": ["customer_id", "asked_on"],
    "segment_names": ["segment", "name"],
}  # fmt: skip
VOICED = ["measure", "group_kind", "group", "value", "low", "high", "n", "note", "title", "unit"]
COMPARED = ["measure", "quarter", "customer_id", "numerator", "denominator"]


def pack_tables_of(quarter: str, groups: pd.DataFrame, *, voice=None, compared=None) -> dict[str, pd.DataFrame]:
    """What packs are made of, with nothing in it but groups, answers as the report tells them, and what is compared."""
    about = {"organisation": "O", "quarter": quarter, "basis": "hours", "settings": "{}",
             "first_on": pd.Timestamp(quarter_start(quarter, 12)), "last_on": pd.Timestamp(quarter_end(quarter, 12))}  # fmt: skip
    rows = {name: pd.DataFrame(columns=columns) for name, columns in EMPTY.items()}
    here = ("asked_here", "promised_here", "delivered_here")
    rows["requests"] = rows["requests"].astype(dict.fromkeys(here, "bool"))
    rows |= {"about": pd.DataFrame([about]), "groups": groups.assign(name=groups["customer_id"])}
    rows["voice"] = pd.DataFrame(columns=VOICED) if voice is None else voice
    rows["compared"] = pd.DataFrame(columns=COMPARED) if compared is None else compared
    return rows


def some_packs(tables: dict[str, pd.DataFrame]) -> list:
    """Those of all segments and categories and of four customers: the others are told the same answers as these."""
    wanted = [(by, list_packs(tables, by)["group"]) for by in ("segment", "category", "customer")]
    return [make_pack(tables, by, g) for by, groups in wanted for g in (groups[:4] if by == "customer" else groups)]


# Answers: everybody who reads all packs and all reports of five quarters.
def voices_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    measures = sorted(tables["measures"]["measure"].unique())
    definitions = pd.DataFrame({"measure": measures, "title": measures, "unit": "points"})
    measured = SimpleNamespace(cells=tables["measures"], definitions=definitions)
    return pack_tables._list_voice(SimpleNamespace(measures=measured))


@pytest.fixture(scope="module")
def five_quarters():
    """Five consecutive reports of an organisation in which everybody moves, and all answers behind them."""
    data, placed = _organisation(2)
    told = {q: _report(data, placed, q) for q in QUARTERS}
    return {q: tables for q, (tables, _) in told.items()}, told[QUARTERS[-1]][1]


def find_by_packs(reports, answers, made) -> list[str]:
    """As `_find` of the reports, with what packs tell added to it."""
    cells, found = attacker.read_cells(reports, answers), []
    for key, told in attacker.read_voices(reports, made, answers).items():
        cells.setdefault(key, {}).update(told)
    for (measure, quarter), told in cells.items():
        mine = answers[(answers["measure"] == measure) & (answers["quarter"] == quarter)]
        found += [f"{measure} {quarter}: {f}" for f in attacker.attack(told, mine["person"].to_numpy())]
    return found


def test_packs_and_reports_of_five_quarters_together_betray_nobody_who_answered(five_quarters):
    reports, answers = five_quarters
    made = {q: some_packs(pack_tables_of(q, t["groups"], voice=voices_of(t))) for q, t in reports.items()}
    told = attacker.read_voices(reports, made, answers)
    assert len(told) >= 5 and sum(len(cells) for cells in told.values()) > 80
    assert find_by_packs(reports, answers, made) == []


def test_the_attacker_finds_people_in_packs_that_tell_each_customer_its_own_answers(five_quarters):
    """The attack can succeed: it looks at what packs tell, not at where they have it from."""
    reports, answers = five_quarters
    quarter = QUARTERS[-1]
    groups = reports[quarter]["groups"]
    mine = answers[(answers["measure"] == "nps_points") & (answers["quarter"] == quarter)]
    own = mine.groupby(mine["customer_id"].map(groups.set_index("customer_id")["segment"]))["points"].agg(
        ["mean", "size"]
    )
    bare = pd.DataFrame({"measure": "nps_points", "group_kind": "segment", "group": own.index, "value": own["mean"].to_numpy(),
                         "n": own["size"].to_numpy()}).reindex(columns=VOICED)  # fmt: skip
    made = {quarter: some_packs(pack_tables_of(quarter, groups, voice=bare))}
    assert _find(reports, answers) == []
    assert find_by_packs(reports, answers, made)


def test_a_whole_quarter_and_all_its_packs_betray_nobody_who_answered(told_quarter):
    tables = gather_pack_tables(told_quarter)
    assert set(tables["voice"]["measure"]) <= set(VOICE) == SURVEYED
    survey = told_quarter.data.frame("survey")
    answers = _answers(told_quarter.measures.rows, survey)
    reports = {told_quarter.quarter: told_quarter.tables()}
    made = {told_quarter.quarter: some_packs(tables)}
    assert find_by_packs(reports, answers, made) == []


# Comparisons: one customer that reads its own packs, quarter after quarter.
def deliveries(seed: int) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Deliveries, few a quarter, over eight quarters; and who is in which group in the last five."""
    rng = np.random.default_rng(seed)
    customers = [f"C{i:02d}" for i in range(24)]
    segment, category = ({c: rng.choice(list(names)) for c in customers} for names in ("abc", "xyz"))
    rows, groups = [], {}
    for quarter in [shift_quarter(QUARTERS[0], -i) for i in (3, 2, 1)] + QUARTERS:
        for c in customers:
            segment[c] = rng.choice(list("abc")) if rng.random() < 0.12 else segment[c]
            rows += [("own_hours", quarter, c, round(rng.uniform(1, 9), 3), 1.0) for _ in range(rng.poisson(1.2))]
            rows += [
                ("first_time_right_share", quarter, c, float(rng.integers(0, 2)), 1.0) for _ in range(rng.poisson(0.8))
            ]
        table = pd.DataFrame({"customer_id": customers, "category": category.values(), "segment": segment.values()})
        groups[quarter] = table.astype("str")
    return pd.DataFrame(rows, columns=COMPARED), {q: groups[q] for q in QUARTERS}


def packs_of(reader: str, rows: pd.DataFrame, groups: dict[str, pd.DataFrame]) -> dict[str, list]:
    """A customer's own pack of each quarter."""
    made = {}
    for quarter, table in groups.items():
        back = [shift_quarter(quarter, -i) for i in range(4)]
        tables = pack_tables_of(quarter, table, compared=rows[rows["quarter"].isin(back)])
        made[quarter] = [make_pack(tables, "customer", reader)]
    return made


def find_as(reader: str, rows: pd.DataFrame, groups: dict[str, pd.DataFrame]) -> list[str]:
    """What a customer finds of fewer than five others in its own packs of all quarters."""
    told, found = attacker.read_compared(packs_of(reader, rows, groups), rows, groups), []
    for measure, cells in told.items():
        who = rows.loc[rows["measure"] == measure, "customer_id"].to_numpy()
        found += [f"{reader} {measure}: {f}" for f in attacker.attack_as(reader, cells, who)]
    return found


def test_a_customer_learns_nothing_of_fewer_than_five_others_from_its_packs_of_five_quarters():
    rows, groups = deliveries(1)
    assert [f for reader in ("C00", "C02", "C05", "C11") for f in find_as(reader, rows, groups)] == []


def test_a_customer_would_learn_of_four_others_if_five_over_all_quarters_were_enough(monkeypatch):
    """The attack can succeed: what is left of two packs a quarter apart is of those alone who had something in few quarters."""
    compare = packs.compare_with_others
    monkeypatch.setattr(packs, "compare_with_others", lambda *a, **_: compare(*a))
    rows, groups = deliveries(1)
    assert any("few people" in f for f in find_as("C02", rows, groups))
