"""From rows to cells: who belongs to which group and period, and the estimate of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import (
    censored_quantile,
    mean_table,
    promoter_limits,
    quantile_interval,
    ratio_table,
    share_interval,
)
from pmo_analysis.analysis.measures.definition import Measure
from pmo_analysis.analysis.measures.facts import Facts
from pmo_analysis.contract.quarters import quarters_between, shift_quarter
from pmo_analysis.contract.settings import Settings

KEYS = ["measure", "group_kind", "group", "period"]
ESTIMATE = ["value", "low", "high", "n"]
# Of means and ratios of sums: what their differences are told from.
ERROR = ["error", "freedom"]
TellCell = Callable[[np.ndarray, Settings], dict[str, float]]
TellCells = Callable[[pd.DataFrame, Settings], pd.DataFrame]


def compared_quarters(facts: Facts) -> dict[str, str]:
    """What the quarter is compared with: the words, and the quarter."""
    return {"last quarter": shift_quarter(facts.quarter, -1), "last year": shift_quarter(facts.quarter, -4)}


def chart_quarters(facts: Facts) -> list[str]:
    """The quarters of a run chart, oldest first."""
    return quarters_between(shift_quarter(facts.quarter, 1 - facts.settings["run_chart_quarters"]), facts.quarter)


def build_cases(rows: pd.DataFrame, measures: Iterable[Measure], groups: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """Every row once per group it belongs to: adds group_kind, group, period and cluster.

    The whole is told for every quarter of the run chart; categories, segments and services for this quarter and those
    it is compared with; a customer, who has few rows a quarter, over the look-back and the look-back before.
    """
    # Categories are compared as small numbers, where texts would be compared letter by letter.
    keys = ["measure", "quarter", "customer_id", "service_id"]
    rows = rows.drop(columns="source_id").astype(dict.fromkeys(keys, "category"))
    about = groups.drop_duplicates("customer_id").set_index("customer_id")
    compared = {facts.quarter, facts.base_quarter, *compared_quarters(facts).values()}
    recent = rows[rows["quarter"].isin(compared)]
    charted = rows[rows["quarter"].isin(compared | set(chart_quarters(facts)))]
    parts = [
        _grouped(charted, "all", pd.Series("all", index=charted.index)),
        _grouped(recent, "category", recent["customer_id"].map(about["category"])),
        _grouped(recent, "segment", recent["customer_id"].map(about["segment"])),
        _grouped(recent, "service", recent["service_id"]),
        _customer_cases(rows, facts),
    ]
    wanted = {(m.name, kind) for m in measures for kind in m.kinds}
    cases = _number_cells(pd.concat(parts, ignore_index=True))
    cells = cases.drop_duplicates("cell")
    told = cells.loc[[pair in wanted for pair in zip(cells["measure"], cells["group_kind"], strict=True)], "cell"]
    return cases[cases["cell"].isin(told)].reset_index(drop=True)


def _number_cells(cases: pd.DataFrame) -> pd.DataFrame:
    """Adds `cell`, the number of measure, kind, group and period in their order: grouping by one number is fast."""
    codes = [pd.factorize(cases[key], sort=True)[0] for key in KEYS]
    sizes = [int(code.max()) + 1 if len(code) else 1 for code in codes]
    return cases.assign(cell=np.ravel_multi_index(codes, sizes) if len(cases) else np.zeros(0, "int64"))


def _grouped(rows: pd.DataFrame, kind: str, group: pd.Series) -> pd.DataFrame:
    cases = rows.assign(
        group_kind=kind, group=group.astype("str"), period=rows["quarter"], cluster=pd.factorize(rows["customer_id"])[0]
    )
    return cases[group.notna()]


def _customer_cases(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    back = facts.settings["look_back_quarters"]
    before = shift_quarter(facts.quarter, -back)
    period = dict.fromkeys(quarters_between(shift_quarter(before, 1), facts.quarter), facts.quarter)
    period |= dict.fromkeys(quarters_between(shift_quarter(before, 1 - back), before), before)
    rows = rows[rows["quarter"].isin(period) & rows["customer_id"].notna()]
    cases = _grouped(rows, "customer", rows["customer_id"])
    return cases.assign(period=cases["quarter"].map(period), cluster=np.arange(len(cases)))


def estimate_cells(
    cases: pd.DataFrame, measures: Iterable[Measure], settings: Settings, *, errors: bool = False
) -> pd.DataFrame:
    """One row per measure, group and period: KEYS, value, low, high, n, measured_share, worst, best.

    With `errors` also error and freedom, blank where a measure is neither a mean nor a ratio.
    """
    measures = list(measures)
    columns = [*KEYS, *ESTIMATE, "measured_share", "worst", "best", *(ERROR if errors else ())]
    tables = []
    for (how, option), estimate in ESTIMATORS.items():
        names = [m.name for m in measures if m.estimate == how and (m.option == "without_largest") == option]
        some = cases[cases["measure"].isin(names)]
        if len(some):
            tables.append(estimate(some, settings))
    if not tables:
        return pd.DataFrame(columns=columns)
    weights = cases.groupby("cell")[["seen_weight", "whole_weight"]].sum()
    share = (weights["seen_weight"] / weights["whole_weight"].where(weights["whole_weight"] > 0)).clip(upper=1.0)
    keys = cases.drop_duplicates("cell").set_index("cell")[KEYS].assign(measured_share=share)
    table = pd.concat(tables, ignore_index=True).join(keys, on="cell").sort_values("cell", ignore_index=True)
    return table.reindex(columns=columns)


def _shares(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    sums = cases.groupby("cell")["numerator"].agg(["sum", "count", "size"]).reset_index()
    sums = sums.set_axis(["cell", "hits", "n", "rows"], axis=1)
    told = share_interval(sums["hits"], sums["n"], level=settings["interval_level"])
    told.loc[told["n"] < settings["minimum_estimate"], ["low", "high"]] = np.nan
    bounds = pd.DataFrame(
        {"worst": sums["hits"] / sums["rows"], "best": (sums["hits"] + sums["rows"] - sums["n"]) / sums["rows"]}
    )
    table = pd.concat([sums["cell"], told, bounds], axis=1)
    return table[table["n"] > 0]


def _ratios(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return ratio_table(
        cases,
        ["cell"],
        cluster="cluster",
        level=settings["interval_level"],
        minimum=settings["minimum_estimate"],
        errors=True,
    )


def _ratios_without_largest(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    known = cases[cases["numerator"].notna() & cases["denominator"].notna()]
    known = known.assign(size=known["numerator"].abs()).sort_values(["size", "numerator", "denominator"], kind="stable")
    return _ratios(known[known.duplicated("cell", keep="last")], settings)


def _means(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return mean_table(
        cases,
        ["cell"],
        value="numerator",
        cluster="cluster",
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


def _quantile(share: float) -> TellCell:
    def tell(cell: np.ndarray, settings: Settings) -> dict[str, float]:
        return quantile_interval(cell[:, 0], share, level=settings["interval_level"], minimum=_least(share, settings))

    return tell


def _waiting(share: float) -> TellCell:
    def tell(cell: np.ndarray, settings: Settings) -> dict[str, float]:
        return censored_quantile(
            cell[:, 0], cell[:, 1] > 0, share, level=settings["interval_level"], minimum=_least(share, settings)
        )

    return tell


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


# By the way a measure is estimated, and whether its largest row is left out.
ESTIMATORS: dict[tuple[str, bool], TellCells] = {
    ("share", False): _shares,
    ("ratio", False): _ratios,
    ("ratio", True): _ratios_without_largest,
    ("mean", False): _means,
    ("median", False): _one_by_one(_quantile(0.5)),
    ("p80", False): _one_by_one(_quantile(0.8)),
    ("waiting", False): _one_by_one(_waiting(0.5)),
    ("waiting_p85", False): _one_by_one(_waiting(0.85)),
    ("promoters", False): _one_by_one(_promoters),
}
