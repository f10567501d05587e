"""What is not as it was: settings, definitions, corrected rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from pmo_analysis.analysis.trust.figure import Figure, make_figure
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.previous import PreviousReport, define


def tell_settings(settings: Settings) -> Iterator[Figure]:
    """Settings that the organisation has changed."""
    changed = sorted(settings.changed())
    yield make_figure(
        "changed_settings_count",
        "Settings that differ from the house's",
        len(changed),
        len(settings),
        f"{len(changed)} settings differ from the house's: {', '.join(changed)}."
        if changed
        else "All settings are the house's.",
    )


def tell_definitions(
    settings: Settings, definitions: pd.DataFrame | None, previous: PreviousReport | None
) -> Iterator[Figure]:
    """Settings and definitions that are not those of the report before; where there is none, that is said."""
    if previous is None or not previous.settings:
        yield make_figure(
            "earlier_reports_count",
            "Report before this one",
            0,
            0,
            "No earlier report stands beside this one, so changed definitions cannot be told.",
        )
        return
    moved = _differing(previous.settings, dict(settings))
    words = _differing(previous.definitions, {} if definitions is None else define(definitions))
    names = [f"setting {name}" for name in moved] + [f"measure {name}" for name in words]
    yield make_figure(
        "changed_definitions_count",
        f"Settings and definitions changed since {previous.quarter}",
        len(names),
        len(settings) + (0 if definitions is None else len(definitions)),
        f"Changed since the report of {previous.quarter}: {', '.join(names)}. Figures that rest on them do not compare."
        if names
        else f"No setting or definition changed since the report of {previous.quarter}.",
    )


def _differing(then: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """Names whose value differs, that are new or that are gone; JSON keeps tuples as lists."""
    return sorted(n for n in then.keys() | now.keys() if _plain(then.get(n)) != _plain(now.get(n)))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def tell_corrections(corrections: pd.DataFrame | None) -> Iterator[Figure]:
    """Rows that somebody corrected beside the data: how many, in which tables, and those that did not fit."""
    if corrections is None or corrections.empty:
        return
    applied = corrections[corrections["state"] == "applied"]
    unfit = len(corrections) - len(applied)
    tables = ", ".join(f"{n} in {table}" for table, n in applied["table"].value_counts().sort_index().items())
    told = f"{len(applied)} values were corrected beside the data: {tables}." if len(applied) else "None was applied."
    yield make_figure(
        "corrections_count",
        "Corrected values",
        len(applied),
        len(corrections),
        told + (f" {unfit} did not fit and were left out." if unfit else ""),
    )
