"""From a source to a Quarter: which quarter, what was known then, and each part in its turn."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.cost import cost_to_serve
from pmo_analysis.analysis.scenarios import Scenario
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.check import require_usable
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.engine import reading
from pmo_analysis.intake.load import load
from pmo_analysis.intake.previous import PreviousReport, read_previous
from pmo_analysis.intake.reach import choose_quarter, find_source
from pmo_analysis.quarter.compose import compose
from pmo_analysis.quarter.result import Quarter
from pmo_analysis.quarter.scenario import build_baseline


def open_quarter(
    source: str, quarter: str = "", settings: Mapping[str, Any] | None = None, previous: str = ""
) -> Quarter:
    """Load a source and run a quarter, as notebooks do; an empty quarter means the last complete one.

    `previous`: the folder of the report before, blank where there is none.
    """
    before = read_previous(previous) if previous else None
    return run_quarter(load(find_source(source), settings=settings), quarter or None, previous=before)


def run_quarter(
    data: Dataset,
    quarter: str | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    previous: PreviousReport | None = None,
) -> Quarter:
    """Everything the tables can say of one quarter, as known at its end.

    `quarter` None = the last complete one; `settings` change the data's own by dotted name. What makes the data
    unusable is gathered in one InputError; what merely is not there is listed in `unanswered`. `previous`: what the
    report before told, so that changed settings and definitions are said and its answers are not given away.
    """
    new = settings.changed() if isinstance(settings, Settings) else dict(settings or {})
    data = replace(data, settings=Settings({**data.settings.changed(), **new}))
    require_usable(data)
    chosen = choose_quarter(data, quarter)
    known = data.as_of(chosen, data.settings["fiscal_year_end_month"])
    # the tables are small: a second thread costs more than it gives
    with threadpool_limits(1), reading(data.source):
        return compose(known, chosen, data.settings, previous)


def baseline(
    quarter: Quarter, *, services: Collection[str] | None = None, segments: Collection[str] | None = None
) -> Scenario:
    """The scenario that what-if starts from, for all or some services (ids) and segments.

    InputError where no hours or no capacity is known, or a service or segment has no engagement in the quarter.
    """
    groups = quarter.groups
    _require_known("service", services, quarter.cost.engagements["service_id"])
    _require_known("segment", segments, groups["segment"])
    customers = None if segments is None else groups.loc[groups["segment"].isin(segments), "customer_id"]
    cost = cost_to_serve(quarter.data, quarter.quarter, settings=quarter.settings)
    found = build_baseline(
        quarter.data, quarter.quarter, quarter.settings, cost, services=services, customers=customers
    )
    if found is None:
        raise InputError(
            f"{quarter.quarter}: no hours booked or no capacity stated, so nothing to vary. Add effort and capacity."
        )
    return found


def _require_known(kind: str, wanted: Collection[str] | None, known: pd.Series) -> None:
    strange = [name for name in wanted or () if name not in set(known)]
    if strange:
        raise InputError(f"No {kind} {strange[0]!r} in this quarter. {nearest(strange[0], known.dropna().unique())}")
