"""From rows to cells: who belongs to which group and period, and the estimate of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import (
    mean_table,
    promoter_limits,
    ratio_table,
    share_interval,
)
from pmo_analysis.analysis.measures.definition import KINDS, Measure
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.analysis.measures.waiting import tell_quantile, tell_waiting
from pmo_analysis.contract.quarters import quarters_between, shift_quarter
from pmo_analysis.contract.settings import Settings

KEYS = ["measure", "group_kind", "group", "period"]
ESTIMATE = ["value", "low", "high", "n"]
# Of means and ratios of sums: what their differences are told from.
ERROR = ["error", "freedom"]
_AMOUNTS = ("numerator", "denominator", "seen_weight", "whole_weight")
_COUNTS = ("known_count", "rows_count")
TellCell = Callable[[np.ndarray, Settings], dict[str, float]]
TellCells = Callable[[pd.DataFrame, Settings], pd.DataFrame]


def compared_quarters(facts: Facts) -> dict[str, str]:
    """What the quarter is compared with: the words, and the quarter."""
    return {"last quarter": shift_quarter(facts.quarter, -1), "last year": shift_quarter(facts.quarter, -4)}


def chart_quarters(facts: Facts) -> list[str]:
    """The quarters of a run chart, oldest first."""
    return quarters_between(shift_quarter(facts.quarter, 1 - facts.settings["run_chart_quarters"]), facts.quarter)


def build_cases(
    rows: pd.DataFrame,
    measures: Iterable[Measure],
    groups: pd.DataFrame,
    facts: Facts,
    *,
    kinds: Sequence[str] = KINDS,
    summed: bool = True,
) -> Iterator[pd.DataFrame]:
    """Rows once per group they belong to, a table for each of `kinds`: adds group_kind, group, period, cell, cluster.

    The whole is told for every quarter of the run chart; categories, segments and services for this quarter and those
    it is compared with; a customer, who has few rows a quarter, over the look-back and the look-back before. Its rows
    are single ones, each a cluster of its own; the others' are added up by customer and service where only sums count (not if
    `summed` is false).
    """
    # Names are kept as small numbers into one sorted list: texts would be copied and compared letter by letter.
    keys = ["measure", "quarter", "customer_id", "service_id"]
    rows = rows.drop(columns="source_id", errors="ignore").astype(dict.fromkeys(keys, "category"))
    content = [rows[name].to_numpy("float64") for name in ("denominator", "numerator")]
    rows = rows.iloc[np.lexsort(content)]  # so that sums depend on content only
    names = _name_groups(rows, groups, facts)
    compared = {facts.quarter, facts.base_quarter, *compared_quarters(facts).values()}
    measures = list(measures)
    charted = rows[rows["quarter"].isin(compared | set(chart_quarters(facts)))]
    charted = _add_up(charted, measures) if summed else charted
    recent = charted[charted["quarter"].isin(compared)]
    for kind in kinds:
        wanted = [m.name for m in measures if kind in m.kinds]
        chosen = {"all": charted, "customer": rows}.get(kind, recent)
        if len(wanted) < len(measures):
            chosen = chosen[chosen["measure"].isin(wanted)]
        cases = _customer_cases(chosen, names, facts) if kind == "customer" else names.group(chosen, kind)
        yield _number_cells(cases)


def _add_up(rows: pd.DataFrame, measures: list[Measure]) -> pd.DataFrame:
    """Rows of one measure, quarter, customer and service as one, where sums are all that the measure asks for.

    Adds known_count and rows_count: how many rows with a figure, and how many rows, each stands for.
    """
    rows = count_rows(rows)
    names = [m.name for m in measures if m.estimate in ("share", "ratio", "mean") and m.option != "without_largest"]
    sums = rows["measure"].isin(names).to_numpy()
    some = rows[sums]
    if some.empty:
        return rows
    columns = [some[key].cat for key in ("measure", "quarter", "customer_id", "service_id")]
    places = [column.codes.to_numpy("int64") + 1 for column in columns]  # a blank name has the code −1
    code, found = pd.factorize(np.ravel_multi_index(places, [len(column.categories) + 1 for column in columns]))
    first = np.empty(len(found), "int64")
    first[code[::-1]] = np.arange(len(code))[::-1]
    known = some["known_count"].to_numpy("bool")
    amounts = {name: some[name].to_numpy("float64") for name in (*_AMOUNTS, *_COUNTS)}
    for name in ("numerator", "denominator"):
        amounts[name] = np.where(known, amounts[name], 0.0)
    told = {name: np.bincount(code, amount, len(found)) for name, amount in amounts.items()}
    for name in ("numerator", "denominator"):
        told[name] = np.where(told["known_count"] > 0, told[name], np.nan)
    return pd.concat([rows[~sums], some.iloc[first].assign(**told)], ignore_index=True)


def count_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with known_count and rows_count, which single rows do not have."""
    if "rows_count" in rows:
        return rows
    known = rows["numerator"].notna() & rows["denominator"].notna()
    return rows.assign(known_count=known.astype("float64"), rows_count=1.0)


def _number_cells(cases: pd.DataFrame) -> pd.DataFrame:
    """Adds `cell`, the number of measure, kind, group and period in their order: grouping by one number is fast."""
    codes = [cases[key].cat.codes.to_numpy("int64") for key in KEYS]
    sizes = [len(cases[key].cat.categories) for key in KEYS]
    return cases.assign(cell=np.ravel_multi_index(codes, sizes) if len(cases) else np.zeros(0, "int64"))


@dataclass(frozen=True)
class _Names:
    """The names of all groups and of all periods in one order, and by kind the group that each customer or service is in."""

    names: pd.CategoricalDtype
    kinds: pd.CategoricalDtype
    periods: pd.CategoricalDtype
    codes: dict[str, np.ndarray]

    def group(self, rows: pd.DataFrame, kind: str) -> pd.DataFrame:
        """The rows as cases of the groups of a kind; rows that belong to none are left out."""
        if kind == "all":
            codes = np.full(len(rows), self.names.categories.get_loc("all"))
        else:
            own = rows["service_id" if kind == "service" else "customer_id"].cat.codes.to_numpy()
            codes = np.append(self.codes[kind], -1)[own]  # a row without customer or service has the code −1
        cases = rows[[c for c in ("measure", *_AMOUNTS, *_COUNTS) if c in rows]].assign(
            group_kind=pd.Categorical.from_codes(
                np.full(len(rows), self.kinds.categories.get_loc(kind)), dtype=self.kinds
            ),
            group=pd.Categorical.from_codes(codes, dtype=self.names),
            period=rows["quarter"].astype(self.periods),
            cluster=rows["customer_id"].cat.codes,
        )
        return cases if (codes >= 0).all() else cases[codes >= 0]


def _name_groups(rows: pd.DataFrame, groups: pd.DataFrame, facts: Facts) -> _Names:
    about = groups.drop_duplicates("customer_id").set_index("customer_id")[["category", "segment"]].astype("str")
    customers, services = rows["customer_id"].cat.categories, rows["service_id"].cat.categories
    told = [pd.Index(["all"]), *(pd.Index(about[kind].dropna().unique()) for kind in about), customers, services]
    names = pd.CategoricalDtype(told[0].append(told[1:]).unique().sort_values())
    periods = pd.CategoricalDtype(sorted({*facts.quarters, *rows["quarter"].cat.categories}))
    own = about.reindex(customers)
    ids = {"category": own["category"], "segment": own["segment"], "customer": customers, "service": services}
    codes = {kind: pd.Categorical(values, dtype=names).codes for kind, values in ids.items()}
    return _Names(names, pd.CategoricalDtype(sorted(KINDS)), periods, codes)


def _customer_cases(rows: pd.DataFrame, names: _Names, facts: Facts) -> pd.DataFrame:
    back = facts.settings["look_back_quarters"]
    before = shift_quarter(facts.quarter, -back)
    period = dict.fromkeys(quarters_between(shift_quarter(before, 1), facts.quarter), facts.quarter)
    period |= dict.fromkeys(quarters_between(shift_quarter(before, 1 - back), before), before)
    rows = rows[rows["quarter"].isin(period) & rows["customer_id"].notna()]
    cases = names.group(rows, "customer")
    quarters = names.periods.categories
    code = quarters.get_indexer([period.get(quarter, quarter) for quarter in quarters])[cases["period"].cat.codes]
    told = pd.Categorical.from_codes(code, dtype=names.periods)
    return cases.drop(columns="cluster").assign(period=told)


def estimate_cells(
    cases: pd.DataFrame, measures: Iterable[Measure], settings: Settings, *, errors: bool = False
) -> pd.DataFrame:
    """One row per measure, group and period: KEYS, value, low, high, n, measured_share, worst, best.

    With `errors` also error and freedom, blank where a measure is neither a mean nor a ratio.
    """
    measures = list(measures)
    columns = [*KEYS, *ESTIMATE, "measured_share", "worst", "best", *(ERROR if errors else ())]
    tables = []
    for (how, without, part), estimate in ESTIMATORS.items():
        chosen = [
            m for m in measures
            if m.estimate == how and (m.option == "without_largest") == without and m.part_of_whole == part
        ]  # fmt: skip
        some = choose_measures(cases, chosen)
        if len(some):
            tables.append(estimate(some, settings))
    if not tables:
        return pd.DataFrame(columns=columns)
    code, found = pd.factorize(cases["cell"].to_numpy())
    first = np.empty(len(found), "int64")
    first[code[::-1]] = np.arange(len(code))[::-1]
    seen, whole = (np.bincount(code, cases[name].to_numpy("float64"), len(found)) for name in _AMOUNTS[2:])
    keys = cases[KEYS].iloc[first].astype("str").set_axis(found)
    keys["measured_share"] = np.minimum(seen / np.where(whole > 0, whole, np.nan), 1.0)
    table = pd.concat(tables, ignore_index=True).join(keys, on="cell").sort_values("cell", ignore_index=True)
    return table.reindex(columns=columns)


def choose_measures(cases: pd.DataFrame, measures: Iterable[Measure]) -> pd.DataFrame:
    """The cases of some measures."""
    names = [m.name for m in measures]
    if not names:
        return cases.iloc[:0]
    if not isinstance(cases["measure"].dtype, pd.CategoricalDtype):
        return cases[cases["measure"].isin(names)]
    categories = cases["measure"].cat.categories
    chosen = np.append(categories.isin(names), False)[cases["measure"].cat.codes]
    return cases if chosen.all() else cases[chosen]


def _shares(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    counted = count_rows(cases)
    code, cell = pd.factorize(counted["cell"].to_numpy(), sort=True)
    hits = np.nan_to_num(counted["numerator"].to_numpy("float64"))
    amounts = (hits, *(counted[name].to_numpy("float64") for name in _COUNTS))
    sums = pd.DataFrame(
        {n: np.bincount(code, a, len(cell)) for n, a in zip(("hits", "n", "rows"), amounts, strict=True)}
    )
    told = share_interval(sums["hits"], sums["n"], level=settings["interval_level"])
    told.loc[told["n"] < settings["minimum_estimate"], ["low", "high"]] = np.nan
    bounds = pd.DataFrame(
        {"worst": sums["hits"] / sums["rows"], "best": (sums["hits"] + sums["rows"] - sums["n"]) / sums["rows"]}
    )
    table = pd.concat([pd.Series(cell, name="cell"), told, bounds], axis=1)
    return table[table["n"] > 0]


def _cluster(cases: pd.DataFrame) -> str | None:
    """The column of what belongs together; a customer's rows stand each for itself."""
    return "cluster" if "cluster" in cases else None


def _ratios(cases: pd.DataFrame, settings: Settings, *, parts: bool = False) -> pd.DataFrame:
    return ratio_table(
        count_rows(cases),
        ["cell"],
        cluster=_cluster(cases),
        count="known_count",
        level=settings["interval_level"],
        minimum=settings["minimum_estimate"],
        errors=True,
        parts=parts,
    )


def _ratios_without_largest(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    known = cases[cases["numerator"].notna() & cases["denominator"].notna()]
    known = known.assign(size=known["numerator"].abs()).sort_values(["size", "numerator", "denominator"], kind="stable")
    return _ratios(known[known.duplicated("cell", keep="last")], settings)


def _means(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return mean_table(
        count_rows(cases),
        ["cell"],
        value="numerator",
        cluster=_cluster(cases),
        count="known_count",
        level=settings["interval_level"],
        minimum=settings["minimum_estimate"],
        errors=True,
    )


def _one_by_one(tell: TellCell) -> TellCells:
    """An estimator for many cells from one for a single cell, given its numerators, denominators and weights."""

    def estimate(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        cases = cases.sort_values(["cell", "numerator"], kind="stable", ignore_index=True)
        keys = cases["cell"].drop_duplicates()
        edges = [*keys.index, len(cases)]
        columns = cases[["numerator", "denominator", "whole_weight"]].to_numpy("float64")
        told = [tell(columns[a:b], settings) for a, b in pairwise(edges)]
        table = pd.concat([keys.reset_index(drop=True), pd.DataFrame(told)], axis=1)
        return table[table["n"] > 0]

    return estimate


def _least(share: float, settings: Settings) -> int:
    return settings["minimum_estimate"] if share == 0.5 else settings["minimum_quantile"]


def _quantile(share: float) -> TellCells:
    def estimate(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        return tell_quantile(cases, share, level=settings["interval_level"], minimum=_least(share, settings))

    return estimate


def _waiting(share: float) -> TellCells:
    def estimate(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        return tell_waiting(cases, share, level=settings["interval_level"], minimum=_least(share, settings))

    return estimate


def _promoters(cell: np.ndarray, settings: Settings) -> dict[str, float]:
    points = cell[~np.isnan(cell[:, 0]), 0]
    up, down, n = int((points > 0).sum()), int((points < 0).sum()), len(points)
    invited = int(cell[:, 2].sum())
    asked = max(invited, n) if invited else None
    if n == 0:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0, "worst": np.nan, "best": np.nan}
    low, high = np.nan, np.nan
    if n >= settings["minimum_estimate"]:
        low, high, _ = promoter_limits(
            up, down, n, asked, level=settings["interval_level"], seed=settings["seed"], draws=1000
        )
    unseen, whole = (asked or n) - n, asked or n
    return {
        "value": 100 * (up - down) / n,
        "low": low,
        "high": high,
        "n": n,
        "worst": 100 * (up - down - unseen) / whole,
        "best": 100 * (up - down + unseen) / whole,
    }


# By the way a measure is estimated, whether its largest row is left out, and whether it is the part of a whole.
ESTIMATORS: dict[tuple[str, bool, bool], TellCells] = {
    ("share", False, False): _shares,
    ("ratio", False, False): _ratios,
    ("ratio", False, True): partial(_ratios, parts=True),
    ("ratio", True, False): _ratios_without_largest,
    ("mean", False, False): _means,
    ("median", False, False): _quantile(0.5),
    ("p80", False, False): _quantile(0.8),
    ("waiting", False, False): _waiting(0.5),
    ("waiting_p85", False, False): _waiting(0.85),
    ("promoters", False, False): _one_by_one(_promoters),
}
