"""The quarters that a report tells beside its own: the fiscal year so far, or all of it."""

from __future__ import annotations

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.quarters import parse_quarter, quarters_between
from pmo_analysis.contract.settings import Settings


def list_period(quarter: str, settings: Settings) -> list[str]:
    """The quarters that the setting `report_period` means; none for a report of the quarter alone.

    SettingError where the whole year is asked for before it is over.
    """
    kind = settings["report_period"]
    year, number = parse_quarter(quarter)
    if kind == "quarter":
        return []
    if kind == "year" and number != 4:
        raise SettingError(
            f"{year} is not over in {quarter}. Set report_period to year_to_date, or take the quarter {year - 1}Q4."
        )
    return quarters_between(f"{year:04d}Q1", quarter)
