"""What a report would reveal of people: the tables that it would publish, looked at as a reader would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from pmo_analysis.analysis.trust import count_people
from pmo_analysis.contract.showing import show_result
from pmo_analysis.quarter.result import Quarter

COLUMNS = ["subject", "what", "count", "where", "breach"]
_PSEUDONYMS = {"effort": "person_id", "survey": "respondent_id"}
_MERGED = ("other roles", "all roles")
_FREE_TEXT = {
    "decision_log": ["text", "options", "decider"],
    "annotations": ["text", "reason"],
    "corrections": ["was", "becomes", "reason"],
}


@dataclass(frozen=True, eq=False)
class Privacy:
    """What a report would reveal.

    findings: subject (answers / roles / pseudonyms / free text / customers), what, count, where, breach (whether it
        should not be published: an answer or a role of fewer people than `minimum_cell`, somebody's pseudonym)
    """

    findings: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.findings)


def review_privacy(quarter: Quarter) -> Privacy:
    """What the published tables of a quarter reveal of people, and whether any of it should not be published.

    Answers and roles are looked at cell by cell with the people behind each; differences between cells and reports are
    excluded before a quarter is told (`quarter/protect.py`), by a proof that needs more than its tables.
    """
    tables = quarter.tables()
    found = [
        *_answers(quarter),
        *_roles(quarter, tables),
        *_pseudonyms(quarter, tables),
        *_free_text(tables),
        *_customers(tables),
    ]
    findings = pd.DataFrame(found, columns=COLUMNS)
    return Privacy(findings, _tell(findings, quarter))


def _answers(quarter: Quarter) -> Iterator[tuple[str, str, int, str, bool]]:
    definitions = quarter.measures.definitions
    minimum = quarter.settings["minimum_cell"]
    cells = quarter.measures.cells
    for measure in definitions.loc[definitions["table"] == "survey", "measure"]:
        mine = cells[(cells["measure"] == measure) & cells["group_kind"].ne("customer")]
        told = mine[mine["value"].notna()]
        if mine.empty or quarter.trace(measure).empty:
            continue
        people = _people_per_cell(quarter, measure, told)
        smallest = "" if people.empty else f", the smallest of {people.min():.0f} people"
        hidden = f"{len(mine) - len(told)} cells not told apart"
        yield "answers", f"{measure}: {len(told)} cells told{smallest}; {hidden}", len(told), "measures", False
        few = people[people < minimum]
        for cell, count in few.items():
            yield "answers", f"{measure} of {' '.join(cell)} is of {count:.0f} people", int(count), "measures", True


def _people_per_cell(quarter: Quarter, measure: str, told: pd.DataFrame) -> pd.Series:
    """How many people stand behind each told cell; index group_kind, group. Cells told together are left out."""
    rows = quarter.trace(measure)
    rows = rows[(rows["quarter"] == quarter.quarter) & rows["numerator"].notna()]
    survey = quarter.data.frame("survey", ["response_id", "respondent_id"]).drop_duplicates("response_id")
    names = rows["source_id"].map(survey.set_index("response_id")["respondent_id"])
    groups = quarter.groups.set_index("customer_id")
    labelled = rows.assign(
        person=names.fillna("answer " + rows["source_id"].astype("str")),
        all="all",
        service=rows["service_id"],
        category=rows["customer_id"].map(groups["category"]),
        segment=rows["customer_id"].map(groups["segment"]),
    )
    counts = [labelled.groupby(kind)["person"].nunique().rename_axis("group") for kind in _KINDS]
    found = pd.concat(counts, keys=_KINDS, names=["group_kind"])
    return found[found.index.isin(pd.MultiIndex.from_frame(told[["group_kind", "group"]]))]


_KINDS = ["all", "category", "segment", "service"]


def _roles(quarter: Quarter, tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, int, str, bool]]:
    people = count_people(quarter.data, quarter.quarter, quarter.settings["fiscal_year_end_month"])
    minimum = quarter.settings["minimum_cell"]
    named = {role: name for name, rows in tables.items() if "role" in rows for role in rows["role"].dropna().unique()}
    for role, table in sorted(named.items()):
        held = float(people.get(role, 0.0))
        breach = role not in _MERGED and held < minimum
        told = "told together" if role in _MERGED else f"held by {held:g} people"
        yield "roles", f"{role}: {told}", 1, table, breach


def _pseudonyms(quarter: Quarter, tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, int, str, bool]]:
    for source, column in _PSEUDONYMS.items():
        if not quarter.data.has(source, column):
            continue
        known = set(quarter.data.frame(source, [column])[column].dropna())
        places = [
            f"{table}.{name}" for table, rows in tables.items() for name in _texts(rows) if _holds(rows[name], known)
        ]
        yield "pseudonyms", f"{source}.{column}: {len(known)} counted, none published", len(known), "", False
        for place in places:
            yield "pseudonyms", f"{place} holds a value of {source}.{column}", 1, place, True


def _texts(rows: pd.DataFrame) -> list[str]:
    return [c for c in rows if not pd.api.types.is_numeric_dtype(rows[c]) and rows[c].dtype != bool]


def _holds(cells: pd.Series, known: set[str]) -> bool:
    return bool(cells.dropna().astype("str").isin(known).any())


def _free_text(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, int, str, bool]]:
    for table, columns in _FREE_TEXT.items():
        if table in tables:
            names = ", ".join(c for c in columns if c in tables[table])
            told = f"{table}: {names} are published word for word; read them for names"
            yield "free text", told, len(tables[table]), table, False


def _customers(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, str, int, str, bool]]:
    for table, what in (
        ("groups", "named, with category and segment"),
        ("cost_by_customer", "told their own cost and hours"),
    ):
        if table in tables:
            yield "customers", f"customers {what}", len(tables[table]), table, False


def _tell(findings: pd.DataFrame, quarter: Quarter) -> str:
    breaches = int(findings["breach"].sum())
    minimum = quarter.settings["minimum_cell"]
    if breaches:
        return (
            f"{quarter.quarter}: {breaches} figures or names would tell of fewer than {minimum} people; do not publish."
        )
    return (
        f"{quarter.quarter}: no figure, role or name that a report would publish tells of fewer than {minimum} people."
    )
