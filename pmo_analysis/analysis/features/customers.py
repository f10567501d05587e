"""What customers need, quarter by quarter, told by what they ask for; one set of expressions, run where the rows lie.

Features speak of need: requests (refused ones too), stages, sizes, rhythm, what customers say they need. Outcomes
(satisfaction, scores, lead times) describe segments and never make them; the given category is no feature either.
Requests for services that law or policy demands say nothing of need and are not counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from pmo_analysis.analysis.features.counting import MILLIONTHS, MOST_FAMILIES, Requests, Window, Words, count_requests
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset, require_dataset
from pmo_analysis.intake.memory import gives_back

# A share or a mean of a few requests says little: four requests of the average customer are mixed in.
_PRIOR_REQUESTS = 4.0
# Quarters for which a stated need counts in a history: needs are asked about once a year, and an answer carried on for
# longer would say that nothing changed.
_NEED_LASTS = 4


@dataclass(frozen=True, eq=False)
class Features:
    """What each customer needs.

    `values`: index customer_id, one column per feature, one row per customer with a request in the look-back
    `left_out`: customer_id, reason · `meaning`: feature, meaning, unit · `sentence`
    """

    values: pd.DataFrame
    left_out: pd.DataFrame
    meaning: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.meaning)


@gives_back
def customer_features(
    data: Dataset, quarter: str, settings: Settings | None = None, *, requests: Requests | None = None
) -> Features:
    """What each customer needs, as known at the end of a quarter.

    Rates are per quarter of the look-back in which the customer existed and requests were recorded; shares and means
    are drawn to the average by four requests; importance (1–5) is the latest answer. Columns whose
    table or column is absent are not made.
    """
    require_dataset(data)
    settings = settings or data.settings
    requests = requests or count_requests(data, quarter, settings)
    window = Window(quarter, settings["look_back_quarters"], settings["fiscal_year_end_month"])
    values, left_out = _features_at(requests, window)
    meaning = pd.DataFrame([(f, *requests.words.meaning[f]) for f in values], columns=["feature", "meaning", "unit"])
    return Features(values, left_out, meaning, _tell(values, left_out, requests.known, window))


def feature_panel(
    data: Dataset,
    quarter: str,
    settings: Settings | None = None,
    *,
    quarters: int = 12,
    requests: Requests | None = None,
) -> pd.DataFrame:
    """The same features at the end of each of the last quarters, for `segment_history`: customer_id, quarter, features.

    The columns are those of the last quarter, so that quarters compare; head counts are those known last; a
    stated need counts for a year.
    """
    require_dataset(data)
    settings = settings or data.settings
    requests = requests or count_requests(data, quarter, settings)
    count, month = settings["look_back_quarters"], settings["fiscal_year_end_month"]
    parts = []
    for back in range(quarters - 1, -1, -1):
        window = Window(shift_quarter(quarter, -back), count, month)
        values, _ = _features_at(requests, window, needs_last=_NEED_LASTS)
        values.insert(0, "quarter", window.quarter)
        parts.append(values.reset_index())
    return pd.concat(parts, ignore_index=True)


def _month_number(day: date) -> int:
    return day.year * 12 + day.month


def _features_at(
    requests: Requests, window: Window, *, needs_last: int | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    data, words, monthly = requests.known, requests.words, requests.monthly
    months = monthly.index.get_level_values("month")
    ever = monthly.index.get_level_values("customer_id")[months <= _month_number(window.last)].unique()
    recent = monthly[(months >= _month_number(window.first)) & (months <= _month_number(window.last))]
    sums = recent.groupby(level="customer_id").sum()
    customers = data.frame("customers").set_index("customer_id")
    left_out = _left_out(customers, sums, ever, window)
    stayed = sums.index.difference(left_out["customer_id"]).intersection(customers.index)
    sums, customers = sums.loc[stayed], customers.loc[stayed]
    exposure = _exposure(customers, window, int(months.min()) if len(months) else 0)
    parts = [
        _rates(sums, words, exposure),
        _shares(sums, words),
        _levels(sums, words, exposure),
        _needs(data, stayed, words, window, needs_last),
        _headcount(customers, words),
    ]
    values = pd.concat(parts, axis=1)
    return values.rename_axis("customer_id"), left_out


def _exposure(customers: pd.DataFrame, window: Window, first_month: int) -> pd.Series:
    """Quarters of the look-back in which a customer was one and requests were recorded at all; at least one."""
    recorded = min(window.count, (_month_number(window.last) - first_month + 1) / 3)
    days = (pd.Timestamp(window.last) - customers["active_from_on"]).dt.days / 91.3
    return days.fillna(recorded).clip(1, max(recorded, 1))


def _rates(sums: pd.DataFrame, words: Words, exposure: pd.Series) -> pd.DataFrame:
    columns = {}
    for i, family in enumerate(words.families):
        name = _name(words, f"{_slug(family)}_requests_count", f"requests for {family} per quarter", "count")
        columns[name] = sums[f"family|{i}"] / exposure
    rest = sums["asked"] - sum((sums[f"family|{i}"] for i in range(len(words.families))), start=0.0)
    if (rest > 0).any():
        name = _name(words, "remaining_requests_count", "requests for all other families per quarter", "count")
        columns[name] = rest / exposure
    return pd.DataFrame(columns, index=sums.index)


def _shares(sums: pd.DataFrame, words: Words) -> pd.DataFrame:
    columns = {}
    for i, stage in enumerate(words.stages):
        name = _name(words, f"{_slug(stage)}_stage_share", f"share of requests in stage {stage}", "share")
        columns[name] = _share(sums[f"stage|{i}"], sums["stage|known"])
    for i, size in enumerate(words.sizes):
        name = _name(words, f"size_{_spell(size)}_share", f"share of requests of size {size}", "share")
        columns[name] = _share(sums[f"size_quoted|{i}"], sums["size_quoted|known"])
    if (sums["bespoke|known"] > 0).any():
        name = _name(words, "bespoke_share", "share of requests made to order", "share")
        columns[name] = _share(sums["bespoke|yes"], sums["bespoke|known"])
    return pd.DataFrame(columns, index=sums.index)


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    """A share or mean per request, drawn to the average of all requests; missing where nothing is known."""
    overall = part.sum() / max(whole.sum(), 1)
    return ((part + _PRIOR_REQUESTS * overall) / (whole + _PRIOR_REQUESTS)).where(whole > 0)


def _levels(sums: pd.DataFrame, words: Words, exposure: pd.Series) -> pd.DataFrame:
    columns = {}
    if (sums["complexity|known"] > 0).any():
        mean = _share(sums["complexity|sum"] / MILLIONTHS, sums["complexity|known"])
        columns[_name(words, "complexity_at_intake", "mean complexity at intake", "1 to 5")] = mean
    if words.amount:
        mean = _share(sums["amount|sum"] / MILLIONTHS, sums["amount|known"])
        hours = words.amount == "planned_hours"
        name = "planned_hours" if hours else "typical_request_cost"
        money = "money charged for a typical request (stands in for its size)"
        told = "hours planned for a typical request" if hours else money
        columns[_name(words, name, told + ", geometric mean", "hours" if hours else "money")] = np.exp(mean)
    share = (sums["months"] / (3 * exposure)).clip(upper=1)
    columns[_name(words, "active_months_share", "share of months with a request", "share")] = share
    return pd.DataFrame(columns, index=sums.index)


def _needs(data: Dataset, customers: pd.Index, words: Words, window: Window, lasts: int | None) -> pd.DataFrame:
    """The latest stated importance of each family, of the last `lasts` quarters where that is given."""
    stated = data.frame("needs", ["customer_id", "family", "importance", "asked_on"])
    stated = stated[stated["asked_on"] <= pd.Timestamp(window.last)].sort_values(["asked_on", "importance"])
    if lasts is not None:
        stated = stated[stated["asked_on"] >= pd.Timestamp(Window(window.quarter, lasts, window.month).first)]
    wide = stated.groupby(["customer_id", "family"])["importance"].last().unstack("family").reindex(customers)
    asked = [f for f in sorted(wide) if wide[f].notna().any()][:MOST_FAMILIES]
    names = {f: _name(words, f"{_slug(f)}_need", f"stated importance of {f}", "1 to 5") for f in asked}
    return wide[asked].rename(columns=names)


def _headcount(customers: pd.DataFrame, words: Words) -> pd.DataFrame:
    if customers["headcount_count"].isna().all():
        return pd.DataFrame(index=customers.index)
    return customers[[_name(words, "headcount_count", "people in the customer's unit", "count")]]


def _left_out(customers: pd.DataFrame, sums: pd.DataFrame, ever: pd.Index, window: Window) -> pd.DataFrame:
    """Customers without features, each with its reason; `ever`: those that asked for anything until now."""
    last = pd.Timestamp(window.last)
    reason = np.select(
        [customers["active_to_on"] <= last, customers["active_from_on"] > last, customers.index.isin(sums.index),
         customers.index.isin(ever)],
        ["no longer a customer", "not yet a customer", "",
         f"quiet: no request of its own choice in the last {window.count} quarters"],
        default="never asked for a service of its own choice",
    )  # fmt: skip
    known = pd.Series(reason, index=customers.index)
    strangers = pd.Series("not in the customers table", index=sums.index.difference(customers.index))
    told = pd.concat([known[known != ""], strangers]).sort_index()
    return told.rename_axis("customer_id").rename("reason").reset_index().astype("str")


def _name(words: Words, name: str, meaning: str, unit: str) -> str:
    """Register a feature; two families whose plain names are alike are told apart by a number."""
    taken = words.meaning.get(name)
    if taken and taken[0] != meaning:
        return _name(words, f"other_{name}", meaning, unit)
    words.meaning[name] = (meaning, unit)
    return name


def _slug(text: str) -> str:
    return _spell(text.lower())


def _spell(text: str) -> str:
    """Letters and digits with underscores between, capitals kept: a size is told as it is written, `L`."""
    return re.sub(r"\W+", "_", text).strip("_") or "unnamed"


def _tell(values: pd.DataFrame, left_out: pd.DataFrame, data: Dataset, window: Window) -> str:
    absent = [
        what
        for what, there in {
            "needs (what customers say they need)": data.has("needs", "importance"),
            "engagements.stage": data.has("engagements", "stage"),
            "engagements.size_quoted": data.has("engagements", "size_quoted"),
            "engagements.planned_hours": data.has("engagements", "planned_hours"),
        }.items()
        if not there
    ]
    text = (
        f"{len(values)} customers asked for something in the {window.count} quarters to {window.quarter}; "
        f"{len(left_out)} are left out, each with its reason."
    )
    return text + (f" Not there, and so not among the features: {', '.join(absent)}." if absent else "")
