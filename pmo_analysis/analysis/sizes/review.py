"""Are the offerings the right size? Quoted against actual, new limits, and what standardising would save."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import share_estimate, share_interval
from pmo_analysis.analysis.sizes.saving import standardising_saving
from pmo_analysis.analysis.sizes.sized_work import delivered_work, hourly_cost, standards_at_request
from pmo_analysis.analysis.sizes.stability import COLUMNS as LIMITS
from pmo_analysis.analysis.sizes.stability import move_limits
from pmo_analysis.analysis.sizes.tiers import size_tiers
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset, require_dataset
from pmo_analysis.intake.memory import gives_back

LEAST_FOR_TIERS = 20
# A size that hardly anything takes is no offer; among very many deliveries a few dear ones do not make a size.
LEAST_IN_SIZE, _FEW = 5, 2000
ROUND_STEPS = np.array([0.25, 0.5, 1, 2, 5, 10, 20, 50, 100])
QUOTED = [
    "service_id",
    "size",
    "standard_hours",
    "n",
    "median_hours",
    "p10_hours",
    "p90_hours",
    "misquoted_share",
    "low",
    "high",
    "bespoke_share",
]
TIERS = ["service_id", "tier", "from_hours", "to_hours", "standard_hours", "n", "share"]
WORK = ["engagement_id", "customer_id", "service_id", "size_quoted", "bespoke", "worked_hours", "effort_proxy_count"]
BESPOKE = ["service_id", "bespoke_count", "could_be_standard_count", "could_be_standard_share", "low", "high"]


@dataclass(frozen=True, eq=False)
class SizeReview:
    """How well the sizes on offer fit, over the look-back's deliveries.

    quoted: service_id, size, standard_hours, n, median_hours, p10_hours, p90_hours, misquoted_share, low, high,
    bespoke_share · tiers: service_id, tier, from_hours, to_hours, standard_hours, n, share
    limits: service_id, tier (below the limit), limit_hours, low, high (where other engagements would put it),
    changed_share (of the engagements, whose size would change with it), n
    proxy_tiers: the tiers in effort_proxy_count where no hours are booked (never called hours)
    bespoke: service_id, bespoke_count, could_be_standard_count, could_be_standard_share, low, high
    saving: service_id, saving_hours, low, high, saving_cost, n · total_saving: the same in one row, "all"
    left_out: service_id, n, reason
    work: engagement_id, customer_id, service_id, size_quoted, bespoke, worked_hours, effort_proxy_count (the deliveries)
    """

    quoted: pd.DataFrame
    tiers: pd.DataFrame
    limits: pd.DataFrame
    proxy_tiers: pd.DataFrame
    bespoke: pd.DataFrame
    saving: pd.DataFrame
    total_saving: pd.DataFrame
    left_out: pd.DataFrame
    work: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.quoted)


@gives_back
def review_sizes(data: Dataset, quarter: str, settings: Settings | None = None) -> SizeReview:
    """Tells whether the sizes on offer fit what the work took, and what new ones or fewer bespoke ones would save.

    Hours are the lifetime hours of each delivery on the PMO's side; a delivery is misquoted when another size
    on offer at its request would have cost less (settings under_cost, over_cost). Columns: see SizeReview.
    """
    require_dataset(data)
    settings = settings or data.settings
    work = delivered_work(data, quarter, settings)
    timed = work.dropna(subset="worked_hours")
    quoted, sure = _quoted(data, timed, settings)
    tiers, left_out = _tiers(timed, "worked_hours", settings)
    proxy, proxy_left = _proxy_tiers(work, settings) if timed.empty else (_empty_proxy(), left_out.iloc[:0])
    saving, total = standardising_saving(
        timed,
        hourly_cost=hourly_cost(data),
        level=settings["interval_level"],
        draws=settings["bootstrap_draws"],
        seed=settings["seed"],
    )
    left = pd.concat([left_out, proxy_left], ignore_index=True)
    limits = _limits(timed, tiers, settings)
    sentence = _sentence(timed, work, sure, total, settings)
    return SizeReview(
        quoted, tiers, limits, proxy, _bespoke(timed, settings), saving, total, left, work[WORK], sentence
    )


def _quoted(data: Dataset, work: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = work.dropna(subset="size_quoted")
    sizes = standards_at_request(data, rows).merge(rows[["engagement_id", "size_quoted", "worked_hours"]])
    gap = sizes["worked_hours"] - sizes["standard_hours"]
    cost = np.where(gap > 0, settings["under_cost"] * gap, -settings["over_cost"] * gap)
    sizes = sizes.assign(cost=cost, mine=sizes["size"] == sizes["size_quoted"])
    best = sizes.groupby("engagement_id")["cost"].transform("min")
    own = sizes[sizes["mine"]].assign(misquoted=(sizes["cost"] > best + 1e-9))
    rows = rows.merge(own[["engagement_id", "standard_hours", "misquoted"]], how="left", on="engagement_id")
    return _quoted_table(rows.rename(columns={"size_quoted": "size"}), settings), rows


def _quoted_table(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    flags = {c: rows[c].astype("boolean").astype("Float64").astype(float) for c in ("misquoted", "bespoke")}
    groups = rows.assign(**flags).groupby(["service_id", "size"], sort=True)
    hours, judged = groups["worked_hours"], groups["misquoted"].count()
    told = hours.count() >= settings["minimum_quantile"]
    share = share_interval(groups["misquoted"].sum(), judged, level=settings["interval_level"]).set_axis(judged.index)
    sure = judged >= settings["minimum_estimate"]
    return pd.DataFrame(
        {
            "standard_hours": groups["standard_hours"].median(),
            "n": hours.count(),
            "median_hours": hours.median(),
            "p10_hours": hours.quantile(0.1).where(told),
            "p90_hours": hours.quantile(0.9).where(told),
            "misquoted_share": groups["misquoted"].mean(),
            "low": share["low"].where(sure),
            "high": share["high"].where(sure),
            "bespoke_share": groups["bespoke"].mean(),
        }
    ).reset_index()[QUOTED]


def _tiers(work: pd.DataFrame, column: str, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    tables, left = [pd.DataFrame(columns=TIERS)], []
    for service, group in work.groupby("service_id", sort=True):
        if len(group) < LEAST_FOR_TIERS:
            left.append((service, len(group), f"fewer than {LEAST_FOR_TIERS} deliveries: too few to cut sizes"))
            continue
        tables.append(_cut(group[column], settings).assign(service_id=service)[TIERS])
    full = [t for t in tables if len(t)] or tables
    return pd.concat(full, ignore_index=True), pd.DataFrame(left, columns=["service_id", "n", "reason"])


def _limits(work: pd.DataFrame, tiers: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """How sure the limits of each service's tiers are."""
    hours = work.groupby("service_id")["worked_hours"]
    tables = [
        move_limits(
            hours.get_group(service),
            sizes,
            under_cost=settings["under_cost"],
            over_cost=settings["over_cost"],
            level=settings["interval_level"],
            seed=settings["seed"],
        ).assign(service_id=service)
        for service, sizes in tiers.groupby("service_id", sort=True)
    ]
    full = [t for t in tables if len(t)]
    empty = pd.DataFrame(columns=["service_id", *LIMITS])
    return pd.concat(full, ignore_index=True)[list(empty.columns)] if full else empty


def _cut(hours: pd.Series, settings: Settings) -> pd.DataFrame:
    fixed = settings["tier_fixed_cost"] * settings["look_back_quarters"]
    cut = size_tiers(
        hours,
        max_tiers=5,
        min_share=LEAST_IN_SIZE / len(hours) if len(hours) <= _FEW else 0.0,
        under_cost=settings["under_cost"],
        over_cost=settings["over_cost"],
        fixed_cost=fixed or None,
        round_to=usable_step(hours),
        seed=settings["seed"],
    )
    return cut.table.rename(columns={"count": "n"})


def usable_step(hours: pd.Series) -> float:
    """A step for sizes that people can use: about an eighth of the usual effort, a round number."""
    return float(ROUND_STEPS[max(np.searchsorted(ROUND_STEPS, hours.median() / 8, side="right") - 1, 0)])


def _proxy_tiers(work: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame]:
    counted = work.dropna(subset="effort_proxy_count").astype({"effort_proxy_count": float})
    tiers, left = _tiers(counted, "effort_proxy_count", settings)
    return tiers.rename(columns=_proxy_name), left


def _empty_proxy() -> pd.DataFrame:
    return pd.DataFrame(columns=[_proxy_name(c) for c in TIERS])


def _proxy_name(column: str) -> str:
    return column.replace("_hours", "_effort_proxy_count")


def _bespoke(work: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Bespoke deliveries whose hours lie where eight in ten standard ones of that service and size lie."""
    known = work.dropna(subset=["bespoke", "size_quoted"])
    is_bespoke = known["bespoke"].astype(bool)
    standard = known[~is_bespoke].groupby(["service_id", "size_quoted"])["worked_hours"]
    range_ = (
        standard.quantile([0.1, 0.9])
        .unstack()
        .set_axis(["p10", "p90"], axis=1)[standard.count() >= settings["minimum_quantile"]]
        if len(known[~is_bespoke])
        else pd.DataFrame()
    )
    if range_.empty or not is_bespoke.any():
        return pd.DataFrame(columns=BESPOKE)
    rows = known[is_bespoke].merge(range_.reset_index(), on=["service_id", "size_quoted"])
    fits = rows["worked_hours"].between(rows["p10"], rows["p90"]).groupby(rows["service_id"])
    table = pd.DataFrame({"bespoke_count": fits.count(), "could_be_standard_count": fits.sum()}).reset_index()
    share = share_interval(table["could_be_standard_count"], table["bespoke_count"], level=settings["interval_level"])
    table[["could_be_standard_share", "low", "high"]] = share[["value", "low", "high"]].to_numpy()
    return table[BESPOKE]


def _sentence(
    timed: pd.DataFrame, work: pd.DataFrame, rows: pd.DataFrame, total: pd.DataFrame, settings: Settings
) -> str:
    if work.empty:
        return "Nothing was delivered in the look-back, so sizes cannot be judged."
    if timed.empty:
        proxy = work["effort_proxy_count"].notna().any()
        basis = " Sizes are cut by effort_proxy_count, a stand-in and not hours." if proxy else ""
        return f"No hours are booked on engagements (effort.engagement_id): sizes are not measured in hours.{basis}"
    judged = rows["misquoted"].dropna().astype(bool)
    if judged.empty:
        text = "No delivery has a size quoted that is in offerings, so quoted against actual is not known."
    else:
        share = share_estimate(judged.sum(), len(judged), level=settings["interval_level"])
        text = (
            f"Of {len(judged):,} quoted deliveries {100 * share['value']:.0f} % "
            f"({100 * share['low']:.0f} to {100 * share['high']:.0f} %) fitted another size on offer better."
        )
    if total.empty:
        return text
    saved = total.iloc[0]
    middle, low, high = (_beside(saved[c]) for c in ("saving_hours", "low", "high"))
    return f"{text} The {saved['n']:,} bespoke ones took {middle} than standard ones quoted the same size ({low} to {high})."


def _beside(hours: float) -> str:
    return f"{abs(hours):,.0f} hours {'less' if round(hours) < 0 else 'more'}"
