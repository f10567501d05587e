"""From a source to a Quarter: which quarter, what was known then, and each part in its turn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from threadpoolctl import threadpool_limits

from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.check import require_usable
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.engine import reading
from pmo_analysis.intake.load import load
from pmo_analysis.intake.previous import PreviousReport, read_previous
from pmo_analysis.intake.reach import choose_quarter, find_source
from pmo_analysis.intake.scenarios import StoredScenario, read_scenario
from pmo_analysis.quarter.compose import compose
from pmo_analysis.quarter.period import tell_period
from pmo_analysis.quarter.result import Quarter
from pmo_analysis.quarter.since import tell_since


def open_quarter(
    source: str, quarter: str = "", settings: Mapping[str, Any] | None = None, previous: str = "", scenario: str = ""
) -> Quarter:
    """Load a source and run a quarter, as notebooks do; an empty quarter means the last complete one.

    `previous`: the folder of the report before; `scenario`: the TOML file of a stored scenario; blank where there is none.
    """
    key = _key(source, quarter, settings, previous, scenario)
    if key in _OFFERED:
        return _OFFERED[key]
    before = read_previous(previous) if previous else None
    stored = read_scenario(scenario) if scenario else None
    return run_quarter(load(find_source(source), settings=settings), quarter or None, previous=before, scenario=stored)


_OFFERED: dict[str, Quarter] = {}


def offer_quarter(
    result: Quarter,
    source: str,
    quarter: str = "",
    settings: Mapping[str, Any] | None = None,
    previous: str = "",
    scenario: str = "",
) -> None:
    """Keep a quarter in this process, so that `open_quarter` with the same arguments need not compute it again."""
    _OFFERED[_key(source, quarter, settings, previous, scenario)] = result


def _key(source: str, quarter: str, settings: Mapping[str, Any] | None, previous: str, scenario: str) -> str:
    return json.dumps([source, quarter, dict(settings or {}), previous, scenario], sort_keys=True, default=str)


def run_quarter(
    data: Dataset,
    quarter: str | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    previous: PreviousReport | None = None,
    scenario: StoredScenario | None = None,
) -> Quarter:
    """Everything the tables can say of one quarter, as known at its end.

    `quarter` None = the last complete one; `settings` change the data's own by dotted name. What makes the data
    unusable is gathered in one InputError; what merely is not there is listed in `unanswered`. `previous`: what the
    report before told, so that changed settings and definitions are said and its answers are not given away;
    `scenario`: a stored what-if that is told beside the quarter.
    """
    new = settings.changed() if isinstance(settings, Settings) else dict(settings or {})
    data = replace(data, settings=Settings({**data.settings.changed(), **new}))
    require_usable(data)
    chosen = choose_quarter(data, quarter)
    known = data.as_of(chosen, data.settings["fiscal_year_end_month"])
    # the tables are small: a second thread costs more than it gives
    with threadpool_limits(1), reading(data.source):
        result = compose(known, chosen, data.settings, previous, scenario)
        result = replace(result, period=tell_period(known, chosen, result.measures, data.settings))
    return replace(result, since=tell_since(previous, result))
