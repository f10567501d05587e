"""What limits the report: what is missing, what was guessed, and how much was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import share_estimate
from pmo_analysis.analysis.trust.changed import tell_corrections, tell_definitions, tell_settings
from pmo_analysis.analysis.trust.figure import COLUMNS, Figure, make_figure
from pmo_analysis.analysis.trust.looked_at import tell_cells, tell_comparisons
from pmo_analysis.contract.quarters import quarter_end, quarter_start
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.contract.tables import TABLES
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.previous import PreviousReport


@dataclass(frozen=True, eq=False)
class Trust:
    """How far the report can be trusted.

    figures: figure, title, value, low, high, n, unit (a column suffix), sentence. Figures: unmapped_hours_share,
        largest_shift_share (if all unmapped hours belonged to one group), allocated_hours_share, missing_weeks_count,
        response_share, small_cells_count, hidden_cells_count, dominated_cells_count, cells_count, flagged_count,
        undated_rows_share, changed_settings_count, changed_definitions_count (or earlier_reports_count = 0),
        corrections_count, problems_count, unanswered_count. What does not apply is absent.
    """

    figures: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.figures[["title", "sentence"]])


def review_trust(
    data: Dataset,
    problems: pd.DataFrame,
    *,
    quarter: str,
    settings: Settings | None = None,
    groups: pd.DataFrame | None = None,
    costs: pd.DataFrame | None = None,
    left_out: pd.DataFrame | None = None,
    cells: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
    unanswered: pd.DataFrame | None = None,
    previous: PreviousReport | None = None,
    definitions: pd.DataFrame | None = None,
    corrections: pd.DataFrame | None = None,
) -> Trust:
    """What limits the report, each with its size and what it would change.

    `problems`: of `check`; `costs`, `left_out`: CostToServe by customer; `groups`: customer_id, category, segment;
    `cells`, `changes`: those of Measures; `unanswered`: one row per question without an answer;
    `previous`: what the report before told; `definitions`: those of Measures; `corrections`: those found
    beside the data, with their state.
    """
    settings = settings or data.settings
    data = data if data.known_at == quarter else data.as_of(quarter, settings["fiscal_year_end_month"])
    found = [
        *_hours(costs, left_out, groups),
        *_weeks(data, quarter, settings),
        *_responses(data, quarter, cells, settings),
        *tell_cells(cells, settings),
        *tell_comparisons(changes, settings),
        *_undated(data),
        *tell_settings(settings),
        *tell_definitions(settings, definitions, previous),
        *tell_corrections(corrections),
        *_known_problems(problems, unanswered),
    ]
    figures = pd.DataFrame(found, columns=COLUMNS)
    return Trust(figures, _tell(figures))


def _hours(costs: pd.DataFrame | None, left_out: pd.DataFrame | None, groups: pd.DataFrame | None) -> Iterator[Figure]:
    if costs is None or not costs["worked_hours"].notna().any():
        return
    lost = 0.0 if left_out is None else float(left_out["worked_hours"].sum())
    mapped = float(costs["worked_hours"].sum())
    share = lost / (mapped + lost) if mapped + lost > 0 else np.nan
    told = f"{_percent(share)} of the hours ({lost:,.0f}) belong to no customer that is known."
    yield make_figure(
        "unmapped_hours_share",
        "Hours that no map covers",
        share,
        len(costs),
        told if lost > 0 else "All hours belong to a customer that is known.",
    )
    if lost > 0 and groups is not None:
        yield from _shift(costs, lost, groups)
    allocated = (costs["allocated_share"] * costs["worked_hours"]).sum() / mapped if mapped > 0 else np.nan
    yield make_figure(
        "allocated_hours_share",
        "Hours allocated by standard hours",
        allocated,
        len(costs),
        f"{_percent(allocated)} of the hours name no engagement and were given to services by standard hours.",
    )


def _shift(costs: pd.DataFrame, lost: float, groups: pd.DataFrame) -> Iterator[Figure]:
    """What would change if all unmapped hours belonged to one group: the group whose share would change most."""
    kind = "segment" if groups["segment"].notna().any() else "category"
    names = costs["customer_id"].map(groups.drop_duplicates("customer_id").set_index("customer_id")[kind])
    hours = costs.groupby(names)["worked_hours"].sum()
    if hours.empty:
        return
    now, then = hours / hours.sum(), (hours + lost) / (hours.sum() + lost)
    group = str((then - now).sort_index().idxmax())
    yield make_figure(
        "largest_shift_share",
        f"If they all belonged to one {kind}",
        then[group],
        len(hours),
        f"If all of them belonged to {group}, its share of the hours would be {_percent(then[group])} instead of "
        f"{_percent(now[group])}.",
        low=float(now[group]),
        high=float(then[group]),
    )


def _weeks(data: Dataset, quarter: str, settings: Settings) -> Iterator[Figure]:
    """Weeks in which a role that worked in the quarter booked nothing."""
    if not data.has("effort", "worked_on"):
        return
    month = settings["fiscal_year_end_month"]
    first, last = quarter_start(quarter, month), quarter_end(quarter, month)
    day = nw.col("worked_on")
    booked = data["effort"].filter(day >= first, day <= last).select("role", "worked_on").unique().collect().to_pandas()
    start = pd.Timestamp(first)
    whole = (pd.Timestamp(last) - start).days // 7  # whole weeks from the quarter's first day
    if booked.empty or whole == 0:
        return
    weeks = (pd.to_datetime(booked["worked_on"]) - start).dt.days // 7
    seen = booked.assign(week=weeks)[weeks < whole].drop_duplicates(["role", "week"]).groupby("role").size()
    missing = whole - seen.reindex(booked["role"].dropna().unique(), fill_value=0)
    empty = whole - weeks[weeks < whole].nunique()
    nobody = f"in {empty} of {whole} weeks nobody booked any" if empty else "there was no week without any"
    yield make_figure(
        "missing_weeks_count",
        "Weeks without hours",
        missing.sum(),
        whole * len(missing),
        f"{len(missing)} roles over {whole} weeks: {int(missing.sum())} of {whole * len(missing)} times a role booked no "
        f"hours in a week; {nobody}.",
    )


def _responses(data: Dataset, quarter: str, cells: pd.DataFrame | None, settings: Settings) -> Iterator[Figure]:
    if not data.has("survey_invitations"):
        return
    keys = ["customer_id", "question"]
    asked = data.frame("survey_invitations")
    asked = asked[asked["quarter"] == quarter].groupby(keys)["invited_count"].sum()
    survey, month = data.frame("survey"), settings["fiscal_year_end_month"]
    inside = survey["answered_on"].between(
        pd.Timestamp(quarter_start(quarter, month)), pd.Timestamp(quarter_end(quarter, month))
    )
    answers = survey[inside & survey["score"].notna()].groupby(keys).size()
    answered, invited = float(np.minimum(answers.reindex(asked.index, fill_value=0), asked).sum()), float(asked.sum())
    if invited == 0:
        return
    rate = share_estimate(answered, invited, level=settings["interval_level"], minimum=settings["minimum_estimate"])
    told = f"{_percent(rate['value'])} of {invited:,.0f} invitations were answered."
    yield make_figure(
        "response_share",
        "Response rate",
        rate["value"],
        invited,
        told + _bounds(cells),
        low=rate["low"],
        high=rate["high"],
    )


def _bounds(cells: pd.DataFrame | None) -> str:
    """How far the net promoter score could move if those who did not answer were all against or all for."""
    if cells is None or not {"worst", "best"} <= set(cells.columns):
        return ""
    mine = cells[(cells["measure"] == "nps_points") & (cells["group_kind"] == "all")].dropna(subset=["worst", "best"])
    if mine.empty:
        return ""
    worst, best = mine["worst"].iloc[0], mine["best"].iloc[0]
    ends = " or ".join(f"{end:.0f}".replace("-", "−") for end in (worst, best))
    return f" With every other answer the worst or the best, the net promoter score would be {ends}."


def _undated(data: Dataset) -> Iterator[Figure]:
    """Rows that tell what the export says, not what was known at the quarter's end."""
    names = [t.name for t in TABLES if "as_of_on" in t.names and data.rows(t.name)]
    counts = {name: (data.frame(name, ["as_of_on"])["as_of_on"].isna().sum(), data.rows(name)) for name in names}
    undated, rows = sum(u for u, _ in counts.values()), sum(r for _, r in counts.values())
    if rows:
        wholly = [name for name, (u, r) in counts.items() if u == r]
        where = f" (all of {', '.join(wholly)})" if wholly else ""
        yield make_figure(
            "undated_rows_share",
            "Rows as of the export",
            undated / rows,
            rows,
            f"{_percent(undated / rows)} of the rows that can change have no as_of_on{where}: their values are "
            "those of the export.",
        )


def _known_problems(problems: pd.DataFrame, unanswered: pd.DataFrame | None) -> Iterator[Figure]:
    kinds = ", ".join(dict.fromkeys(f"{t} ({p})" for t, p in zip(problems["table"], problems["problem"], strict=True)))
    rows = int(problems["rows"].sum()) if len(problems) else 0
    yield make_figure(
        "problems_count",
        "Problems found in the tables",
        len(problems),
        rows,
        f"{len(problems)} {'kind' if len(problems) == 1 else 'kinds'} of problem in {rows:,} rows: {kinds}."
        if len(problems)
        else "No problem was found in the tables.",
    )
    if unanswered is not None:
        yield make_figure(
            "unanswered_count",
            "Questions without an answer",
            len(unanswered),
            len(unanswered),
            " ".join(unanswered["sentence"]) if len(unanswered) else "Every question has an answer.",
        )


def _percent(share: float) -> str:
    if not np.isfinite(share):
        return "an unknown share"
    return f"{100 * share:.1f} %" if 0 < share < 0.095 else f"{100 * share:.0f} %"


def _tell(figures: pd.DataFrame) -> str:
    known = figures.set_index("figure")["sentence"]
    first = [known[name] for name in ("unmapped_hours_share", "response_share", "problems_count") if name in known]
    return " ".join(first)
