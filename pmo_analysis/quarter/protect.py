"""What a quarter may tell of people: nothing of one to four of them, whoever reads it and in whatever table.

Answers of fewer than `minimum_cell` respondents and hours of roles held by fewer people are told together with
others or not at all, also where they could be found by subtraction: from the whole, from groups of another kind, from
another quarter's report. A customer's own money and hours are its own and stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from pmo_analysis.analysis.cost import CostToServe
from pmo_analysis.analysis.measures import Measures, estimate_groups
from pmo_analysis.analysis.trust import count_people, merge_roles, name_roles
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.memory import gives_back
from pmo_analysis.quarter.answers import KINDS, Answers

_FIGURES = ["value", "low", "high", "n", "measured_share", "worst", "best"]
_CHANGE = ["change", "low", "high", "p_value", "adjusted_p"]
_CELL = ["group_kind", "group"]
_OTHERS = {"category": "other categories", "segment": "other segments", "service": "other services"}
_AGAINST = {"last quarter": 1, "last year": 4}


@gives_back
def protect_answers(measures: Measures, answers: Answers, earlier: pd.DataFrame | None = None) -> Measures:
    """Measures without the answers of few people: no customer's alone, no small cell, none found by subtraction.

    Groups that may not be told apart keep their row, without figures and with the reason; together they are told as
    `other categories`, `other segments` or `other services`. `earlier`: the run chart that the report before told; a
    point of it that has changed by few answers, or was not told, stays untold.
    """
    asked = set(measures.definitions.loc[measures.definitions["table"] == "survey", "measure"])
    now = {measure: answers.told_now(measure) for measure in answers.measures}
    chart = _hide_points(measures.run_chart, asked, answers, earlier)
    return replace(
        measures,
        cells=_hide_cells(_without_customers(measures.cells, asked), measures, answers.settings, now),
        changes=_hide_changes(_without_customers(measures.changes, asked), chart, answers, now),
        run_chart=chart,
    )


def _without_customers(rows: pd.DataFrame, asked: set[str]) -> pd.DataFrame:
    return rows[~(rows["measure"].isin(asked) & (rows["group_kind"] == "customer"))].reset_index(drop=True)


def _hide_cells(
    cells: pd.DataFrame, measures: Measures, settings: Settings, now: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    parts = []
    for measure, rows in cells.groupby("measure", sort=False):
        parts.append(_merge_cells(rows, measures, settings, now[str(measure)]) if measure in now else rows)
    return pd.concat(parts, ignore_index=True).astype(dict.fromkeys(_FIGURES, "float64")) if parts else cells


def _merge_cells(rows: pd.DataFrame, measures: Measures, settings: Settings, told: pd.DataFrame) -> pd.DataFrame:
    """The cells of one measure: those told, those that are not with the reason, and these together."""
    verdict = rows[_CELL].merge(told, how="left", on=_CELL).set_index(rows.index)
    hidden = verdict["told"].eq(False)
    where = verdict["group_kind"].map(
        lambda kind: f"told with {_OTHERS[kind]}" if _is_merged(told, kind) else "not told"
    )
    kept = rows.astype(dict.fromkeys(_FIGURES, "float64")).copy()
    kept.loc[hidden, _FIGURES] = np.nan
    kept.loc[hidden, "note"] = where + ": " + verdict["reason"]
    merged = [_tell_others(measures, rows, settings, told, kind) for kind in KINDS if _is_merged(told, kind)]
    return pd.concat([kept, *merged]).sort_values("group_kind", key=_rank, kind="stable")


def _rank(kinds: pd.Series) -> pd.Series:
    return kinds.map({kind: i for i, kind in enumerate(("all", *KINDS, "customer"))})


def _is_merged(told: pd.DataFrame, kind: str) -> bool:
    """Whether the hidden groups of a kind are told together: where some are told apart and some are not."""
    mine = told.loc[told["group_kind"] == kind, "told"]
    return bool(mine.any() and not mine.all())


def _tell_others(
    measures: Measures, rows: pd.DataFrame, settings: Settings, told: pd.DataFrame, kind: str
) -> pd.DataFrame:
    groups = told.loc[(told["group_kind"] == kind) & ~told["told"], "group"]
    measure = str(rows["measure"].iloc[0])
    table = estimate_groups(measures, measure, kind, list(groups), name=_OTHERS[kind], settings=settings)
    return table.assign(note=f"{len(groups)} told together").reindex(columns=rows.columns)


def _hide_changes(
    changes: pd.DataFrame, chart: pd.DataFrame, answers: Answers, now: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """A change tells the earlier quarter too: it is told only where both may be, by the groups of today."""
    betrays = pd.Series(False, index=changes.index)
    shown = chart[chart["value"].notna()].set_index(["measure", "quarter"]).index
    for (measure, against), rows in changes.groupby(["measure", "against"]):
        if measure in now:
            before = shift_quarter(answers.quarter, -_AGAINST[str(against)])
            allowed = _told(now[measure])
            if len(allowed) > 0:
                allowed = allowed.intersection(_told(answers.told_before(str(measure), before)))
            safe = pd.MultiIndex.from_frame(rows[_CELL]).isin(allowed) & ((measure, before) in shown)
            betrays.loc[rows.index] = ~safe
    told = changes.copy()
    told[_CHANGE] = told[_CHANGE].mask(betrays)
    told["n"] = told["n"].astype("float64").mask(betrays)
    told["direction"] = told["direction"].mask(betrays, "not estimable")
    told["flagged"] = told["flagged"] & ~betrays
    return told


def _told(cells: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(cells.loc[cells["told"], _CELL])


def _hide_points(chart: pd.DataFrame, asked: set[str], answers: Answers, earlier: pd.DataFrame | None) -> pd.DataFrame:
    """The run chart without quarters of few answers, and without those whose difference to what was told is few."""
    keys = ["measure", "quarter"]
    people = answers.rows.groupby(keys)["person"].value_counts().groupby(level=keys).agg(["size", "max", "sum"])
    about = chart[keys].join(people, on=keys)
    few = (about["size"] < answers.settings["minimum_cell"]) | (
        about["max"] > answers.settings["dominance_share"] * about["sum"]
    )
    hidden = few
    if earlier is not None:
        then = chart[keys].merge(earlier.drop_duplicates(keys), how="left", on=keys).set_index(chart.index)
        covered = chart["quarter"] <= earlier["quarter"].max()
        alike = (then["value"] == chart["value"]) & (then["n"] == chart["n"])
        many = (then["n"] - chart["n"]).abs() >= answers.settings["minimum_cell"]
        hidden = few | (covered & ~alike & ~many)
    hidden &= chart["measure"].isin(asked)
    return chart.assign(**{c: chart[c].astype("float64").mask(hidden) for c in ("value", "low", "high", "n")})


def protect_roles(cost: CostToServe, people: pd.Series, settings: Settings) -> CostToServe:
    """Capacity and rates with the roles that few people hold told together, rates blended over them."""
    minimum = settings["minimum_cell"]
    unused = merge_roles(
        cost.unused, people, ratios={"utilisation_share": ("used_hours", "supplied_hours")}, minimum=minimum
    )
    blended = unused.assign(hourly_cost=unused["supplied_cost"] / unused["supplied_hours"], basis="blended over people")
    return replace(cost, unused=unused, rates=blended[["role", "hourly_cost", "basis"]])


def mask_people(problems: pd.DataFrame, known: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    """Problems whose examples name no role that few people hold, no pseudonym and nobody's answer."""
    month, minimum = settings["fiscal_year_end_month"], settings["minimum_cell"]
    people = count_people(known, quarter, month)
    seen = [known.frame(table, ["role"])["role"] for table in ("roles", "capacity") if known.has(table)]
    named = pd.concat([*seen, people.index.to_series(), _unknown_roles(problems)]).dropna()
    told = name_roles(named, people, minimum=minimum)
    hidden = {role: name for role, name in told.items() if role != name}
    masked = problems["example"].map(lambda text: _replace(text, hidden))
    about_people = problems["column"].str.contains("person_id|respondent_id") | (problems["table"] == "survey")
    return problems.assign(example=masked.mask(about_people, "").astype("str"))


def _unknown_roles(problems: pd.DataFrame) -> pd.Series:
    """Names that stand for a role in the data and in no table of roles."""
    return problems.loc[(problems["column"] == "role") & (problems["problem"] == "not in roles"), "example"]


def _replace(text: str, names: Mapping[str, str]) -> str:
    """A text with whole names replaced, longer ones first."""
    if not names:
        return text
    pattern = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
    return re.sub(rf"(?<!\w)({pattern})(?!\w)", lambda found: names[found[1]], text)


_OF_PEOPLE = {"survey", "roles", "capacity"}


def mask_corrections(corrections: pd.DataFrame) -> pd.DataFrame:
    """Corrections as anybody may see them: of answers, roles and pseudonyms only that something was corrected."""
    if corrections.empty:
        return corrections
    hidden = corrections["table"].isin(_OF_PEOPLE) | corrections["column"].isin(["person_id", "respondent_id"])
    shown = ["key", "was", "becomes"]
    return corrections.assign(**{c: corrections[c].mask(hidden, "not shown").astype("str") for c in shown})
