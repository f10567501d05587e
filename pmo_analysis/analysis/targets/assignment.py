"""Which customers get which service when hours are short: the best use of each role's hours, and their price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.showing import show_result

Numbers = npt.NDArray[np.float64]
EXACT_PAIRS = 300
CORE_PAIRS = 20_000
NODES = 1_000
ROUNDS = 200


@dataclass(frozen=True, eq=False)
class Assignment:
    """Who gets what within the hours.

    plan: customer_id, service_id, value (the pairs served) · objective: their value · bound: no plan can be worth more
    prices: role, capacity_hours, used_hours, hourly_price (what one hour more of the role would add)
    exact: whether the plan is proven best · left_out: pairs_count, reason
    """

    plan: pd.DataFrame
    objective: float
    bound: float
    prices: pd.DataFrame
    exact: bool
    left_out: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.prices)


@dataclass(frozen=True, eq=False)
class _Problem:
    """value per pair; need: pair × role hours; limit per role; least: rows of pairs of which a number must be served."""

    value: Numbers
    need: Numbers
    limit: Numbers
    least: sparse.csr_matrix
    floor: Numbers


def assign_capacity(
    pairs: pd.DataFrame,
    capacity: Mapping[str, float] | pd.Series,
    *,
    minimum_share: float | Mapping[str, float] | None = None,
) -> Assignment:
    """Tells which customers get which service so that the value is greatest within the hours of each role.

    pairs: customer_id, service_id, value, eligible (yes/no, optional) and one column <role>_hours per role;
    capacity: role → hours. minimum_share: the least share of its eligible pairs that each customer must get, or
    that the named customers or services must get. Up to 300 pairs a whole-number program (HiGHS) proves the
    best plan; above, prices from a linear program on the pairs near the margin, whose dual value bounds every
    plan. Raises InputError on missing columns, negative or missing hours, and shares that no plan can meet.
    """
    roles = _refuse(pairs, capacity)
    able = (
        pairs["eligible"].astype("boolean").fillna(False).astype(bool)
        if "eligible" in pairs
        else pd.Series(True, pairs.index)
    )
    rows = pairs[able & pairs["value"].notna()].sort_values(["customer_id", "service_id"], ignore_index=True)
    need = rows[[f"{r}_hours" for r in roles]].fillna(0.0).to_numpy(float)
    least, floor = _minimums(rows, minimum_share)
    problem = _Problem(rows["value"].to_numpy(float), need, np.array([float(capacity[r]) for r in roles]), least, floor)
    chosen, prices, bound, exact = _solve(problem)
    objective = float(problem.value[chosen].sum())
    left = [(int((~able).sum()), "not eligible"), (int((able & pairs["value"].isna()).sum()), "no value")]
    table = pd.DataFrame(
        {"role": roles, "capacity_hours": problem.limit, "used_hours": need[chosen].sum(0), "hourly_price": prices}
    )
    plan = rows.loc[chosen, ["customer_id", "service_id", "value"]].reset_index(drop=True)
    left_out = pd.DataFrame([x for x in left if x[0]], columns=["pairs_count", "reason"])
    bound = max(bound, objective)
    return Assignment(
        plan, objective, bound, table, exact, left_out, _sentence(plan, len(rows), objective, bound, table)
    )


def _refuse(pairs: pd.DataFrame, capacity: Mapping[str, float] | pd.Series) -> list[str]:
    roles = [str(r) for r in dict(capacity)]
    needed = ["customer_id", "service_id", "value", *(f"{r}_hours" for r in roles)]
    missing = [c for c in needed if c not in pairs]
    if missing:
        raise InputError(f"The pairs have no column {missing[0]!r}. {nearest(missing[0], pairs.columns)}")
    bad = [r for r in roles if not float(capacity[r]) >= 0]
    if bad:
        raise InputError(f"Capacity must be hours of zero or more; negative or missing for {', '.join(bad)}.")
    negative = int((pairs[[f"{r}_hours" for r in roles]] < 0).any(axis=1).sum())
    if negative:
        raise InputError(f"{negative} of {len(pairs)} pairs need negative hours; mend them.")
    return roles


def _minimums(rows: pd.DataFrame, share: float | Mapping[str, float] | None) -> tuple[sparse.csr_matrix, Numbers]:
    if share is None:
        return sparse.csr_matrix((0, len(rows))), np.empty(0)
    wanted = (
        dict.fromkeys(sorted(rows["customer_id"].unique()), share) if isinstance(share, int | float) else dict(share)
    )
    wrong = [n for n, s in wanted.items() if not 0 <= float(s) <= 1]
    if wrong:
        raise InputError(f"minimum_share must lie between 0 and 1; it does not for {wrong[0]!r}.")
    masks = {n: ((rows["customer_id"] == n) | (rows["service_id"] == n)).to_numpy() for n in wanted}
    unknown = [n for n, m in masks.items() if not m.any()]
    if unknown:
        raise InputError(f"minimum_share names {unknown[0]!r}, which has no eligible pair.")
    floor = np.array([np.ceil(float(wanted[n]) * m.sum() - 1e-9) for n, m in masks.items()])
    return sparse.csr_matrix(np.array(list(masks.values()), dtype=float).reshape(len(masks), len(rows))), floor


def _solve(problem: _Problem) -> tuple[npt.NDArray[np.bool_], Numbers, float, bool]:
    if len(problem.value) == 0:
        return np.zeros(0, dtype=bool), np.zeros(len(problem.limit)), 0.0, True
    chosen, prices, bound = _by_prices(problem)
    if len(problem.value) > EXACT_PAIRS or bound - problem.value[chosen].sum() < 1e-9 * max(bound, 1.0):
        return chosen, prices, bound, bool(bound - problem.value[chosen].sum() < 1e-9 * max(bound, 1.0))
    whole = _whole_numbers(problem)
    if whole is None:
        return chosen, prices, bound, False
    best, proven, gap_bound = whole
    return best, prices, min(bound, gap_bound), proven


def _whole_numbers(problem: _Problem) -> tuple[npt.NDArray[np.bool_], bool, float] | None:
    limits = [LinearConstraint(problem.need.T, ub=problem.limit)]
    if len(problem.floor):
        limits.append(LinearConstraint(problem.least, lb=problem.floor))
    # A limit on nodes, not on time: the same answer on every machine.
    found = milp(
        -problem.value,
        constraints=limits,
        bounds=Bounds(0, 1),
        integrality=np.ones(len(problem.value)),
        options={"mip_rel_gap": 1e-6, "node_limit": NODES},
    )
    if found.status == 2:
        raise InputError("No plan meets every minimum_share within the capacity; lower the shares or add hours.")
    if found.x is None:
        return None
    return found.x > 0.5, found.status == 0, float(-found.mip_dual_bound)


def _by_prices(problem: _Problem) -> tuple[npt.NDArray[np.bool_], Numbers, float]:
    """The linear program's prices (by sifting when there are many pairs), a whole plan from them, and the bound."""
    prices, extra = _sift(problem)
    worth = problem.value + extra - problem.need @ prices
    bound = float(prices @ problem.limit + np.maximum(worth, 0).sum() - _floor_value(problem, extra))
    return _fill(problem, worth), prices, bound


def _floor_value(problem: _Problem, extra: Numbers) -> float:
    if not len(problem.floor):
        return 0.0
    # `extra` is the sum of the prices of the minimums that a pair counts for.
    solved = sparse.linalg.lsqr(problem.least.T, extra)[0]
    return float(np.maximum(solved, 0) @ problem.floor)


def _sift(problem: _Problem) -> tuple[Numbers, Numbers]:
    count = len(problem.value)
    if count <= CORE_PAIRS or len(problem.floor):
        return _linear(problem, np.arange(count), problem.limit)
    step = np.arange(0, count, max(count // CORE_PAIRS, 1))
    sample = np.argsort(problem.value, kind="stable")[step]
    prices, _extra = _linear(problem, sample, problem.limit * len(sample) / count)
    for _ in range(2):
        worth, hours = problem.value - problem.need @ prices, problem.need @ prices
        near = np.argpartition(np.abs(worth) / np.maximum(hours, 1e-12), CORE_PAIRS)[:CORE_PAIRS]
        sure = worth > 0
        sure[near] = False
        rest = problem.limit - sure @ problem.need
        if (rest < 0).any():
            break
        newer, _extra = _linear(problem, np.sort(near), rest)
        if _bound_at(problem, newer) >= _bound_at(problem, prices):
            break
        prices = newer
    return prices, np.zeros(count)


def _bound_at(problem: _Problem, prices: Numbers) -> float:
    return float(prices @ problem.limit + np.maximum(problem.value - problem.need @ prices, 0).sum())


def _linear(problem: _Problem, at: npt.NDArray[np.int64], limit: Numbers) -> tuple[Numbers, Numbers]:
    matrix = sparse.vstack([sparse.csr_matrix(problem.need[at].T), -problem.least[:, at]]).tocsr()
    found = linprog(
        -problem.value[at], A_ub=matrix, b_ub=np.concatenate([limit, -problem.floor]), bounds=(0, 1), method="highs"
    )
    if found.x is None:
        raise InputError("No plan meets every minimum_share within the capacity; lower the shares or add hours.")
    price = np.maximum(-found.ineqlin.marginals, 0.0)
    return price[: len(limit)], problem.least.T @ price[len(limit) :]


def _fill(problem: _Problem, worth: Numbers) -> npt.NDArray[np.bool_]:
    """Whole pairs in the order of their worth above price per hour, as long as they fit."""
    paid = np.maximum(problem.value - worth, 1e-12)
    order = np.argsort(-worth / paid, kind="stable")
    order = order[problem.value[order] > 0]
    chosen, left = np.zeros(len(worth), dtype=bool), problem.limit + 1e-9
    for _ in range(ROUNDS):
        order = order[(problem.need[order] <= left).all(axis=1)]
        if not len(order):
            break
        fits = (np.cumsum(problem.need[order], axis=0) <= left).all(axis=1)
        count = len(order) if fits.all() else int(np.argmin(fits))
        chosen[order[:count]] = True
        left = left - problem.need[order[:count]].sum(0)
        order = order[count:]
    return chosen


def _sentence(plan: pd.DataFrame, pairs: int, objective: float, bound: float, prices: pd.DataFrame) -> str:
    gap = (bound - objective) / bound if bound > 0 else 0.0
    dear = prices.sort_values(["hourly_price", "role"], ascending=[False, True]).iloc[0] if len(prices) else None
    told = f"{len(plan):,} of {pairs:,} pairs fit, worth {objective:,.4g}, at most {100 * gap:.2g} % below the best possible."
    if dear is None or dear["hourly_price"] <= 0:
        return f"{told} No role is short of hours."
    return f"{told} The scarcest hour is {dear['role']}'s: one more would add {dear['hourly_price']:,.3g}."
