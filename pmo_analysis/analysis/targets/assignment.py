"""Which customers get which service when hours are short: the best use of each role's hours, and their price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmo_analysis.analysis.targets.hour_prices import Indices, Numbers, Problem, count_groups
from pmo_analysis.analysis.targets.whole_plans import best_plan
from pmo_analysis.contract.checking import read_numbers, require_columns
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.showing import show_result

Roles = list[str]
Flags = npt.NDArray[np.bool_]
ANSWERS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, eq=False)
class Assignment:
    """Who gets what within the hours.

    plan: customer_id, service_id, value (the pairs served) · objective: their value · bound: no plan can be worth more
    prices: role, capacity_hours, used_hours, hourly_price (what one hour more of the role would add), told
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


def assign_capacity(
    pairs: pd.DataFrame,
    capacity: Mapping[str, float] | pd.Series,
    *,
    minimum_share: float | Mapping[str, float] | None = None,
) -> Assignment:
    """Tells which customers get which service so that the value is greatest within the hours of each role.

    pairs: customer_id, service_id, value, eligible (yes/no, optional) and one column <role>_hours per role;
    capacity: role → hours. minimum_share: the least share of its eligible pairs that each customer must get, or that
    the named customers or services must get. Prices per hour give a bound that no plan can exceed (duality); where at
    most 300 pairs remain open between them and the plan, a whole-number program (HiGHS) finds the best one and proves
    it. Raises InputError on missing columns, pairs listed twice, negative hours, hours of a role without capacity,
    capacity that is no number, and minimum shares that no plan meets.
    """
    roles = _refuse(pairs, capacity)
    rows, left_out = _usable(pairs, roles)
    problem = _problem(pairs, rows, capacity, minimum_share)
    fits = (problem.need <= problem.limit).all(axis=1)
    if not fits.all():
        left_out.loc[len(left_out)] = [int((~fits).sum()), "needs more hours than there are"]
        rows, problem = rows[fits], problem.take(np.flatnonzero(fits), problem.limit, problem.floor)
    chosen, hourly, bound, exact = best_plan(problem)
    if chosen is None:
        _explain_infeasible(problem, roles)
        raise InputError(
            "No plan was found that meets every minimum_share within the capacity; lower shares or add hours."
        )
    table = _tell_prices(roles, problem, chosen, _first_hours(problem, hourly, pairs, roles))
    plan = pairs.loc[pairs.index[rows[chosen]], ["customer_id", "service_id", "value"]].reset_index(drop=True)
    objective = float(problem.value[chosen].sum())
    sentence = _sentence(len(plan), len(rows), objective, max(bound, objective), table)
    return Assignment(plan, objective, max(bound, objective), table, exact, left_out, sentence)


def _refuse(pairs: pd.DataFrame, capacity: Mapping[str, float] | pd.Series) -> Roles:
    if not isinstance(capacity, Mapping | pd.Series) or (
        isinstance(capacity, pd.Series) and capacity.index.has_duplicates
    ):
        raise InputError("capacity: give role → hours, each role once, as a mapping or a Series indexed by role.")
    roles = [str(r) for r in dict(capacity)]
    require_columns(pairs, ["customer_id", "service_id", "value", *(f"{r}_hours" for r in roles)], "The pairs")
    hours = pd.to_numeric(pd.Series(dict(capacity), dtype=object), errors="coerce").astype("Float64").fillna(-1.0)
    bad = [r for r, held in zip(roles, hours, strict=True) if not 0 <= held < np.inf]
    if bad:
        raise InputError(f"Capacity must be hours of zero or more; negative or missing for {', '.join(bad)}.")
    negative = sum((_numbers(pairs, f"{r}_hours") < 0).astype(int) for r in roles)
    if np.any(negative):
        raise InputError(f"{np.count_nonzero(negative)} of {len(pairs)} pairs need negative hours; mend them.")
    _refuse_unlimited(pairs, roles)
    return roles


def _refuse_unlimited(pairs: pd.DataFrame, roles: Roles) -> None:
    """A column of hours of which capacity tells nothing would silently be without limit."""
    spare = [c for c in pairs.columns if str(c).endswith("_hours") and str(c).removesuffix("_hours") not in roles]
    if spare:
        raise InputError(
            f"The pairs have {', '.join(map(repr, spare))}, of which capacity tells nothing: give the hours of "
            f"{str(spare[0]).removesuffix('_hours')!r} in capacity, or drop the column where they are not limited."
        )


def _numbers(pairs: pd.DataFrame, column: str) -> Numbers:
    if pd.api.types.is_numeric_dtype(pairs[column]):
        return pairs[column].to_numpy(float, na_value=np.nan)
    return read_numbers(pairs[column], f"The pairs, {column}").to_numpy(float)


def _eligible(pairs: pd.DataFrame) -> Flags:
    """Which pairs may be served: all without the column, none where it is blank."""
    if "eligible" not in pairs:
        return np.ones(len(pairs), dtype=bool)
    if pd.api.types.is_bool_dtype(pairs["eligible"]) and not pairs["eligible"].isna().any():
        return pairs["eligible"].to_numpy(bool)
    told = pairs["eligible"].astype("object")
    written = {v: ANSWERS.get(str(v).strip().lower().removesuffix(".0")) for v in told.dropna().unique()}
    answers = told.map(written)
    strange = told.notna() & answers.isna()
    if strange.any():
        raise InputError(
            f"The pairs: {int(strange.sum())} of {len(pairs)} eligible are neither yes nor no, such as "
            f"{told[strange].iloc[0]!r}; mend them."
        )
    return (answers == True).to_numpy(bool)  # noqa: E712 - a blank is not yes


def _usable(pairs: pd.DataFrame, roles: Roles) -> tuple[Indices, pd.DataFrame]:
    """Rows of the pairs that may be served, sorted by customer, service and value; and why the others may not."""
    value, eligible = _numbers(pairs, "value"), _eligible(pairs)
    known = np.ones(len(pairs), dtype=bool)
    for role in roles:
        known &= np.isfinite(_numbers(pairs, f"{role}_hours"))
    named = pairs[["customer_id", "service_id"]].notna().to_numpy().all(axis=1)
    valued = np.isfinite(value)
    left = [
        ((eligible & ~named).sum(), "no customer or service"),
        ((~eligible).sum(), "not eligible"),
        ((eligible & named & ~valued).sum(), "no value"),
        ((eligible & named & valued & ~known).sum(), "hours not known"),
    ]
    rows = np.flatnonzero(eligible & named & valued & known)
    customer, service = (pd.factorize(pairs[c], sort=True)[0].astype(np.int64) for c in ("customer_id", "service_id"))
    key = customer * (service.max(initial=0) + 1) + service
    _refuse_repeated(pairs, np.flatnonzero(named), key)
    rows = rows[np.lexsort((value[rows], key[rows]))]
    return rows, pd.DataFrame([(int(n), why) for n, why in left if n], columns=["pairs_count", "reason"])


def _refuse_repeated(pairs: pd.DataFrame, rows: Indices, key: Indices) -> None:
    """A pair listed twice would be served twice."""
    repeated = int((np.diff(np.sort(key[rows])) == 0).sum())
    if repeated:
        first = pairs.iloc[rows[pd.Series(key[rows]).duplicated().to_numpy()][0]]
        raise InputError(
            f"The pairs: {repeated} of {len(pairs)} rows name a customer and service listed before, such as "
            f"{first['customer_id']!r} and {first['service_id']!r}; keep one row of each."
        )


def _problem(
    pairs: pd.DataFrame,
    rows: Indices,
    capacity: Mapping[str, float] | pd.Series,
    minimum_share: float | Mapping[str, float] | None,
) -> Problem:
    roles = [str(r) for r in dict(capacity)]
    # Column by column: the sums below run along the pairs.
    need = np.empty((len(rows), len(roles)), order="F")
    for at, role in enumerate(roles):
        need[:, at] = _numbers(pairs, f"{role}_hours")[rows]
    limit = np.array([float(capacity[r]) for r in roles])
    return Problem(_numbers(pairs, "value")[rows], need, limit, *_minimums(pairs, rows, minimum_share))


def _minimums(pairs: pd.DataFrame, rows: Indices, share: float | Mapping[str, float] | None) -> tuple[Indices, Indices]:
    """Each pair's group (-1: none) and how many pairs each group must get."""
    if share is None:
        return np.full(len(rows), -1), np.zeros(0, dtype=np.int64)
    if not isinstance(share, int | float | Mapping | pd.Series):
        raise InputError(
            "minimum_share: give a share from 0 to 1, or customer or service → share as a mapping or a Series."
        )
    customers, services = (pairs[c].iloc[rows] for c in ("customer_id", "service_id"))
    wanted = dict.fromkeys(sorted(customers.unique()), share) if isinstance(share, int | float) else dict(share)
    wrong = [n for n, s in wanted.items() if not 0 <= float(s) <= 1]
    if wrong:
        raise InputError(f"minimum_share must lie between 0 and 1; it does not for {wrong[0]!r}.")
    place = pd.Series(np.arange(len(wanted)), index=pd.Index(list(wanted)))
    group, other = (names.map(place).fillna(-1).to_numpy(np.int64) for names in (customers, services))
    both = np.flatnonzero((group >= 0) & (other >= 0))
    if len(both):
        names = list(wanted)
        raise InputError(
            f"{len(both)} pairs fall under two minimum shares, as {names[group[both[0]]]!r} and {names[other[both[0]]]!r}; "
            "give shares of customers or of services."
        )
    group = np.maximum(group, other)
    sizes = count_groups(group, len(wanted))
    if (sizes == 0).any():
        raise InputError(f"minimum_share names {list(wanted)[int(np.argmin(sizes))]!r}, which has no eligible pair.")
    return group, np.ceil(np.array([float(s) for s in wanted.values()]) * sizes - 1e-9).astype(np.int64)


def _explain_infeasible(problem: Problem, roles: Roles) -> None:
    """Raises with the reason where minimums need more pairs or more hours of a role than there are."""
    grouped = np.flatnonzero(problem.group >= 0)
    able = count_groups(problem.group, len(problem.floor))
    if (able < problem.floor).any():
        short = int((able < problem.floor).sum())
        raise InputError(
            f"No plan meets every minimum_share: for {short} of {len(able)} too few of the pairs fit the capacity even alone. "
            "Lower the shares or add hours."
        )
    for at, role in enumerate(roles if problem.floor.any() else []):
        rows = grouped[np.lexsort((problem.need[grouped, at], problem.group[grouped]))]
        group = problem.group[rows]
        place = np.arange(len(rows)) - np.searchsorted(group, group, side="left")
        least = problem.need[rows[place < problem.floor[group]], at].sum()
        if least > problem.limit[at] * (1 + 1e-9):
            raise InputError(
                f"No plan meets every minimum_share: {role} has {problem.limit[at]:,.4g} hours and the minimums need "
                f"at least {least:,.4g}. Lower the shares or add hours."
            )


def _first_hours(problem: Problem, hourly: Numbers, pairs: pd.DataFrame, roles: Roles) -> Numbers:
    """Prices, and for roles without any hours what the first would add for the best of the pairs that lack only them."""
    prices = hourly.copy()
    empty = np.flatnonzero(problem.limit == 0)
    if not len(empty):
        return prices
    need = pairs[[f"{r}_hours" for r in roles]].to_numpy(float)
    able = (
        pairs["eligible"].astype("boolean").fillna(False).to_numpy(bool)
        if "eligible" in pairs
        else np.ones(len(need), bool)
    )
    for at in empty:
        others = (np.delete(need, at, axis=1) <= np.delete(problem.limit, at)).all(axis=1)
        asks = able & others & (need[:, at] > 0)
        worth = pairs["value"].to_numpy(float)[asks] - need[asks] @ hourly
        prices[at] = max(0.0, np.nanmax(worth / need[asks, at], initial=0.0))
    return prices


def _tell_prices(roles: Roles, problem: Problem, chosen: npt.NDArray[np.bool_], hourly: Numbers) -> pd.DataFrame:
    used = chosen.astype(float) @ problem.need
    table = pd.DataFrame({"role": roles, "capacity_hours": problem.limit, "used_hours": used, "hourly_price": hourly})
    told = [
        f"One hour more of {row.role} would add {row.hourly_price:,.3g}."
        if row.hourly_price > 0
        else f"{row.role} has hours to spare: {row.capacity_hours - row.used_hours:,.4g} of {row.capacity_hours:,.4g}."
        for row in table.itertuples(index=False)
    ]
    return table.assign(told=pd.Series(told, dtype="str"))


def _sentence(served: int, pairs: int, objective: float, bound: float, prices: pd.DataFrame) -> str:
    gap = (bound - objective) / bound if bound > 0 else 0.0
    dear = prices.sort_values(["hourly_price", "role"], ascending=[False, True]).iloc[0] if len(prices) else None
    best = "the best there is" if gap < 1e-8 else f"at most {100 * gap:.2g} % below the best possible"
    told = f"{served:,} of {pairs:,} pairs fit, worth {objective:,.4g}, {best}."
    if dear is None or dear["hourly_price"] <= 0:
        return f"{told} No role is short of hours."
    return f"{told} The scarcest hour is {dear['role']}'s: one more would add {dear['hourly_price']:,.3g}."
