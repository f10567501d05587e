"""From rows to cells: who belongs to which group and period, and the estimate of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable

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
from pmo_analysis.analysis.measures.productivity import base_quarter
from pmo_analysis.contract.quarters import quarters_between, shift_quarter
from pmo_analysis.contract.settings import Settings

KEYS = ["measure", "group_kind", "group", "period"]
ESTIMATE = ["value", "low", "high", "n"]


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
    about = groups.drop_duplicates("customer_id").set_index("customer_id")
    compared = {facts.quarter, base_quarter(facts), *compared_quarters(facts).values()}
    recent = rows[rows["quarter"].isin(compared)]
    charted = rows[rows["quarter"].isin(compared | set(chart_quarters(facts)))]
    parts = [
        _grouped(charted, "all", pd.Series("all", index=charted.index)),
        _grouped(recent, "category", recent["customer_id"].map(about["category"])),
        _grouped(recent, "segment", recent["customer_id"].map(about["segment"])),
        _grouped(recent, "service", recent["service_id"]),
        _customer_cases(rows, facts),
    ]
    cases = pd.concat(parts, ignore_index=True)
    told = pd.MultiIndex.from_tuples([(m.name, kind) for m in measures for kind in m.kinds])
    return cases[pd.MultiIndex.from_frame(cases[["measure", "group_kind"]]).isin(told)]


def _grouped(rows: pd.DataFrame, kind: str, group: pd.Series) -> pd.DataFrame:
    cases = rows.assign(group_kind=kind, group=group.astype("str"), period=rows["quarter"], cluster=rows["customer_id"])
    return cases[group.notna()]


def _customer_cases(rows: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    back = facts.settings["look_back_quarters"]
    before = shift_quarter(facts.quarter, -back)
    period = {q: facts.quarter for q in quarters_between(shift_quarter(before, 1), facts.quarter)}
    period |= {q: before for q in quarters_between(shift_quarter(before, 1 - back), before)}
    rows = rows[rows["quarter"].isin(period) & rows["customer_id"].notna()]
    cases = _grouped(rows, "customer", rows["customer_id"])
    return cases.assign(period=cases["quarter"].map(period), cluster=cases["source_id"])


def estimate_cells(cases: pd.DataFrame, measures: Iterable[Measure], settings: Settings) -> pd.DataFrame:
    """One row per measure, group and period: KEYS, value, low, high, n, measured_share, worst, best."""
    measures = list(measures)
    tables = []
    for (how, option), estimate in ESTIMATORS.items():
        names = [m.name for m in measures if m.estimate == how and (m.option == "without_largest") == option]
        some = cases[cases["measure"].isin(names)]
        if len(some):
            tables.append(estimate(some, settings))
    if not tables:
        return pd.DataFrame(columns=[*KEYS, *ESTIMATE, "measured_share", "worst", "best"])
    weights = cases.groupby(KEYS)[["seen_weight", "whole_weight"]].sum()
    share = (weights["seen_weight"] / weights["whole_weight"].where(weights["whole_weight"] > 0)).clip(upper=1.0)
    table = pd.concat(tables, ignore_index=True).join(share.rename("measured_share"), on=KEYS)
    return table.reindex(columns=[*KEYS, *ESTIMATE, "measured_share", "worst", "best"]).sort_values(KEYS, ignore_index=True)


def _shares(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    sums = cases.groupby(KEYS).agg(hits=("numerator", "sum"), n=("numerator", "count"), rows=("numerator", "size"))
    sums = sums.reset_index()
    told = share_interval(sums["hits"], sums["n"], level=settings["interval_level"])
    told.loc[told["n"] < settings["minimum_estimate"], ["low", "high"]] = np.nan
    bounds = pd.DataFrame({"worst": sums["hits"] / sums["rows"], "best": (sums["hits"] + sums["rows"] - sums["n"]) / sums["rows"]})
    table = pd.concat([sums[KEYS], told, bounds], axis=1)
    return table[table["n"] > 0]


def _ratios(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return ratio_table(cases, KEYS, cluster="cluster", level=settings["interval_level"], minimum=settings["minimum_estimate"])


def _ratios_without_largest(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    known = cases[cases["numerator"].notna() & cases["denominator"].notna()]
    known = known.assign(size=known["numerator"].abs()).sort_values(["size", "denominator", "source_id"])
    return _ratios(known[known.duplicated(KEYS, keep="last")], settings)


def _means(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    return mean_table(cases, KEYS, value="numerator", cluster="cluster", level=settings["interval_level"],
                      minimum=settings["minimum_estimate"])


def _one_by_one(tell: Callable[[pd.DataFrame, Settings], dict[str, float]]) -> Callable[[pd.DataFrame, Settings], pd.DataFrame]:
    """An estimator for many cells from one for a single cell."""

    def estimate(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
        cases = cases.sort_values([*KEYS, "numerator"], kind="stable", ignore_index=True)
        keys = cases[KEYS].drop_duplicates()
        edges = [*keys.index, len(cases)]
        columns = cases[["numerator", "denominator", "whole_weight"]]
        told = [tell(columns.iloc[a:b], settings) for a, b in zip(edges[:-1], edges[1:], strict=True)]
        table = pd.concat([keys.reset_index(drop=True), pd.DataFrame(told)], axis=1)
        return table[table["n"] > 0]

    return estimate


def _quantile(share: float) -> Callable[[pd.DataFrame, Settings], dict[str, float]]:
    def tell(cell: pd.DataFrame, settings: Settings) -> dict[str, float]:
        least = settings["minimum_estimate"] if share == 0.5 else settings["minimum_quantile"]
        return quantile_interval(cell["numerator"], share, level=settings["interval_level"], minimum=least)

    return tell


def _waiting(share: float) -> Callable[[pd.DataFrame, Settings], dict[str, float]]:
    def tell(cell: pd.DataFrame, settings: Settings) -> dict[str, float]:
        least = settings["minimum_estimate"] if share == 0.5 else settings["minimum_quantile"]
        known = cell[cell["numerator"].notna()]
        return censored_quantile(known["numerator"], known["denominator"] > 0, share,
                                 level=settings["interval_level"], minimum=least)

    return tell


def _promoters(cell: pd.DataFrame, settings: Settings) -> dict[str, float]:
    points = cell["numerator"].dropna()
    counts = int((points > 0).sum()), int((points < 0).sum()), len(points)
    asked = max(int(cell["whole_weight"].sum()), counts[2]) if cell["whole_weight"].sum() else None
    if counts[2] == 0:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0, "worst": np.nan, "best": np.nan}
    low, high = np.nan, np.nan
    if counts[2] >= settings["minimum_estimate"]:
        low, high, _ = promoter_limits(*counts, asked, level=settings["interval_level"], seed=settings["seed"], draws=1000)
    net, unseen, whole = counts[0] - counts[1], (asked or counts[2]) - counts[2], asked or counts[2]
    return {"value": 100 * net / counts[2], "low": low, "high": high, "n": counts[2],
            "worst": 100 * (net - unseen) / whole, "best": 100 * (net + unseen) / whole}


# By the way a measure is estimated, and whether its largest row is left out.
ESTIMATORS: dict[tuple[str, bool], Callable[[pd.DataFrame, Settings], pd.DataFrame]] = {
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
