"""Somebody who reads all published tables of answers and adds and subtracts them: what can be found out of few people?"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import shift_quarter

BACK = {"last quarter": 1, "last year": 4}


def read_cells(
    reports: dict[str, dict[str, pd.DataFrame]], answers: pd.DataFrame
) -> dict[tuple, dict[str, np.ndarray]]:
    """Per measure and quarter of answers: every published cell with the answers that its figure is the mean of.

    `reports`: per quarter its tables measures, changes, run_chart, groups; `answers`: measure, quarter, customer_id,
    service, person, points. Each figure is compared with that mean, so that the attack is on what is really told.
    """
    found: dict[tuple, dict[str, np.ndarray]] = {}

    def note(measure, quarter, name, rows, value):
        mine = answers[(answers["measure"] == measure) & (answers["quarter"] == quarter)]
        mask = mine.index.isin(rows.index)
        assert abs(mine["points"][mask].mean() - value) < 1e-6, (measure, quarter, name)
        found.setdefault((measure, quarter), {})[name] = mask

    for report, tables in reports.items():
        cells = tables["measures"]
        cells = cells[cells["measure"].isin(answers["measure"]) & cells["value"].notna()]
        for cell in cells.itertuples():
            rows = _members(answers, tables, cell.measure, report, report, cell.group_kind, cell.group)
            assert len(rows) == cell.n
            note(cell.measure, report, f"{report} {cell.group_kind} {cell.group}", rows, cell.value)
        value = cells.set_index(["measure", "group_kind", "group"])["value"]
        changes = tables["changes"]
        for c in changes[changes["measure"].isin(answers["measure"]) & changes["change"].notna()].itertuples():
            then = shift_quarter(report, -BACK[c.against])
            rows = _members(answers, tables, c.measure, then, report, c.group_kind, c.group)
            told = value[(c.measure, c.group_kind, c.group)] - c.change
            note(c.measure, then, f"{report} change {c.group_kind} {c.group}", rows, told)
        chart = tables["run_chart"]
        for c in chart[chart["measure"].isin(answers["measure"]) & chart["value"].notna()].itertuples():
            rows = _members(answers, tables, c.measure, c.quarter, report, "all", "all")
            note(c.measure, c.quarter, f"{report} chart", rows, c.value)
    return found


def _members(answers, tables, measure, quarter, report, kind, group):
    rows = answers[(answers["measure"] == measure) & (answers["quarter"] == quarter)]
    groups = tables["groups"].set_index("customer_id")
    if kind == "all":
        return rows
    label = rows["service"] if kind == "service" else rows["customer_id"].map(groups[kind])
    cells = tables["measures"]
    mine = cells[(cells["measure"] == measure) & (cells["group_kind"] == kind)]
    if str(group).startswith("other "):
        return rows[label.isin(mine.loc[mine["note"].str.startswith("told with other"), "group"])]
    return rows[label == group]


def attack(cells: dict[str, np.ndarray], people: np.ndarray) -> list[str]:
    """Sums and differences of up to three cells, and any combination at all that tells one answer alone."""
    different = {mask.tobytes(): (name, mask) for name, mask in cells.items()}
    names = [name for name, _ in different.values()]
    table = np.array([mask for _, mask in different.values()], "float64")
    gave = pd.get_dummies(pd.Series(people)).to_numpy("float64")
    found = []
    for size in (1, 2, 3):
        chosen = list(combinations(range(len(names)), size))
        for signs in product((1.0, -1.0), repeat=size - 1):
            sums = sum(s * table[[c[i] for c in chosen]] for i, s in enumerate((1.0, *signs))) if chosen else table[:0]
            weak = weigh(sums, gave, dominance=size < 3)
            found += [f"{[names[i] for i in chosen[k]]} {signs}: {weak[k]}" for k in np.flatnonzero(weak != "")]
    basis = np.linalg.svd(table, full_matrices=False)
    seen = basis.Vh[basis.S > 1e-9]
    found += [f"an answer of {people[i]}" for i in np.flatnonzero((seen**2).sum(axis=0) > 1 - 1e-9)]
    return found + isolate(table, people)


def isolate(table: np.ndarray, people: np.ndarray) -> list[str]:
    """Groups of one to four people of whom any combination of cells whatever, with whatever weights, tells alone.

    Answers that stand in the same cells can only be told together: they are one piece. A combination that is nought on
    all other pieces is there where the cells lose rank without the pieces in question.
    """
    pieces, piece = np.unique(table, axis=1, return_inverse=True)
    who = [set(people[piece.ravel() == i]) for i in range(pieces.shape[1])]
    small = [i for i, mine in enumerate(who) if len(mine) < 5 and pieces[:, i].any()]
    large = [i for i in range(pieces.shape[1]) if i not in small]
    outside = np.linalg.svd(pieces[:, large].T)  # weights of cells under which every large piece comes to nought
    weights = outside.Vh[(outside.S > 1e-9).sum() :]
    alone = weights @ pieces[:, small]
    rank = np.linalg.matrix_rank(alone)
    reach = [i for i in range(len(small)) if np.abs(alone[:, i]).max(initial=0) > 1e-9] if rank else []
    found = []
    for size in (1, 2, 3) if len(reach) <= 40 else (1, 2):
        for chosen in combinations(reach, size):
            together = set().union(*(who[small[i]] for i in chosen))
            if len(together) < 5 and np.linalg.matrix_rank(np.delete(alone, chosen, axis=1)) < rank:
                found.append(f"only {sorted(map(str, together))} by some combination")
    return found


def weigh(combinations_of_cells: np.ndarray, gave: np.ndarray, *, dominance: bool) -> np.ndarray:
    """Why each combination of cells tells of few people; blank where it does not."""
    amount = np.abs(combinations_of_cells) @ gave
    people = (amount > 1e-9).sum(axis=1)
    most = (amount.max(axis=1) > 0.7 * amount.sum(axis=1)) & (people > 0) & dominance
    return np.where((people > 0) & (people < 5), "few people", np.where(most, "one gives most", ""))


def read_voices(
    reports: dict[str, dict[str, pd.DataFrame]], packs: dict[str, list], answers: pd.DataFrame
) -> dict[tuple, dict[str, np.ndarray]]:
    """As `read_cells`, of the packs of each quarter: every figure of answers with the answers that it is the mean of."""
    found: dict[tuple, dict[str, np.ndarray]] = {}
    for quarter, some in packs.items():
        for pack in some:
            for cell in pack.voice[pack.voice["value"].notna()].itertuples():
                rows = _members(answers, reports[quarter], cell.measure, quarter, quarter, cell.group_kind, cell.group)
                assert len(rows) == cell.n and abs(rows["points"].mean() - cell.value) < 1e-6, (pack.group, cell)
                mine = (answers["measure"] == cell.measure) & (answers["quarter"] == quarter)
                mask = answers.index[mine].isin(rows.index)
                found.setdefault((cell.measure, quarter), {})[f"{quarter} pack {pack.group} {cell.group}"] = mask
    return found


def read_compared(packs: dict[str, list], rows: pd.DataFrame, groups: dict[str, pd.DataFrame]) -> dict[str, dict]:
    """Per measure: every side of every comparison that packs tell with the rows that its figure is the mean of.

    `rows`: measure, quarter, customer_id, numerator, denominator, of means and shares alone: middles do not add up;
    `groups`: per quarter customer_id, category, segment.
    """
    found: dict[str, dict] = {}
    for quarter, some in packs.items():
        for pack in some:
            own, others = _sides(pack, groups[quarter])
            back = [shift_quarter(quarter, -i) for i in range(4)] if pack.kind == "customer" else [quarter]
            for cell in pack.compared[pack.compared["measure"].isin(rows["measure"])].itertuples():
                about = rows[rows["measure"] == cell.measure]
                for side, who, value, n in (
                    ("own", own, cell.value, cell.n),
                    ("others", others, cell.others_value, cell.others_n),
                ):
                    if pd.notna(value):
                        mask = (about["customer_id"].isin(who) & about["quarter"].isin(back)).to_numpy()
                        mine = about[mask]
                        assert (
                            len(mine) == n and abs(mine["numerator"].sum() / mine["denominator"].sum() - value) < 1e-6
                        )
                        found.setdefault(cell.measure, {})[f"{quarter} {pack.kind} {pack.group}: {side}"] = mask
    return found


def _sides(pack, groups: pd.DataFrame) -> tuple[set[str], set[str]]:
    """Whom a pack is about, and with whom it compares them."""
    key = "customer_id" if pack.kind == "customer" else pack.kind
    own = set(groups.loc[groups[key] == pack.group, "customer_id"])
    alike = groups
    if pack.kind == "customer":
        kind = "segment" if pd.notna(groups.loc[groups[key] == pack.group, "segment"].iloc[0]) else "category"
        alike = groups[groups[kind] == groups.loc[groups[key] == pack.group, kind].iloc[0]]
    return own, set(alike["customer_id"]) - own


def attack_as(reader: str, cells: dict[str, np.ndarray], customers: np.ndarray) -> list[str]:
    """What one customer, who knows all of itself, finds out of fewer than five others by cells in any combination."""
    others = customers != reader
    known = {name: mask[others] for name, mask in cells.items() if mask[others].any()}
    return attack(known, customers[others]) if known else []
