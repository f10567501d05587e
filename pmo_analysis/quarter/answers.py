"""Answers as protection sees them: who gave each, and which group it belonged to when something was told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pmo_analysis.analysis.history import SegmentHistory
from pmo_analysis.analysis.measures import Measures
from pmo_analysis.analysis.trust import choose_cells, label_told
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.quarter.segments import SchemeInForce

KINDS = ("category", "segment", "service")


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers behind the measures that come from surveys.

    rows: measure, quarter, customer_id, service, person (a pseudonym; where none is kept every answer is a person's own)
    groups: per quarter the category and segment of each customer as that quarter's report told them, index customer_id;
        segment missing where it is not known any more
    """

    rows: pd.DataFrame
    groups: Mapping[str, pd.DataFrame]
    quarter: str
    settings: Settings

    @property
    def measures(self) -> list[str]:
        """The measures that come from answers."""
        return list(self.rows["measure"].drop_duplicates())

    def told_now(self, measure: str) -> pd.DataFrame:
        """Which cells of the quarter may be told, as `choose_cells` gives them."""
        return self._choose(self._label(measure, self.quarter, self.quarter), [])

    def told_before(self, measure: str, quarter: str) -> pd.DataFrame:
        """Which groups of this quarter may also be told for an earlier one, given what was told of it since.

        Answers of a quarter are told by its own report, as the quarter before by the next and as a year before by the
        fourth after it, each by the groups of its time: a customer that moved between two of them would be the
        difference of two cells.
        """
        reports = [q for q in (quarter, shift_quarter(quarter, 1), shift_quarter(quarter, 4)) if q <= self.quarter]
        rows = self._label(measure, quarter, quarter)
        published: list[str] = []
        for report in reports:
            seen = self._label(measure, quarter, report)
            rows[list(KINDS)] = seen[list(KINDS)]
            told = self._choose(rows, published)
            if report == reports[-1]:
                break
            for kind in KINDS:
                rows[f"{kind} {report}"] = label_told(rows, told, kind, merge=report == quarter)
                published.append(f"{kind} {report}")
        if any(self.groups[report]["segment"].isna().all() for report in reports):
            # Segments that were cut anew are those of nobody knows whom: what was told of them cannot be set against.
            told["told"] &= told["group_kind"] != "segment"
        return told

    def _label(self, measure: str, quarter: str, report: str) -> pd.DataFrame:
        """The answers of a quarter with the groups that a report tells them by."""
        rows = self.rows[(self.rows["measure"] == measure) & (self.rows["quarter"] == quarter)]
        groups = self.groups[report]
        return rows.assign(**{kind: rows["customer_id"].map(groups[kind]) for kind in ("category", "segment")})

    def _choose(self, rows: pd.DataFrame, published: list[str]) -> pd.DataFrame:
        return choose_cells(
            rows,
            KINDS,
            published=published,
            merge=not published,
            minimum=self.settings["minimum_cell"],
            dominance=self.settings["dominance_share"],
        )


def gather_answers(
    known: Dataset,
    quarter: str,
    settings: Settings,
    measures: Measures,
    *,
    groups: pd.DataFrame,
    history: SegmentHistory,
    scheme: SchemeInForce,
) -> Answers:
    """The answers of the quarter and those it is compared with, with the groups of every report that told them."""
    asked = measures.definitions.loc[measures.definitions["table"] == "survey", "measure"]
    rows = measures.kept.read(list(asked))
    rows = rows[rows["numerator"].notna()]
    rows = rows.astype(dict.fromkeys(["measure", "quarter", "customer_id", "service_id"], "str"))
    survey = known.frame("survey", ["response_id", "respondent_id"]).drop_duplicates("response_id")
    names = rows["source_id"].map(survey.set_index("response_id")["respondent_id"])
    person = ("person " + names).fillna("answer " + rows["source_id"].astype("str"))
    kept = rows[["measure", "quarter", "customer_id"]].assign(service=rows["service_id"], person=person)
    told = {quarter: groups.set_index("customer_id")[["category", "segment"]]}
    for back in (1, 3, 4):
        before = shift_quarter(quarter, -back)
        told[before] = _groups_then(known, before, settings, groups, history, scheme)
    return Answers(kept.reset_index(drop=True), told, quarter, settings)


def _groups_then(
    known: Dataset,
    quarter: str,
    settings: Settings,
    groups: pd.DataFrame,
    history: SegmentHistory,
    scheme: SchemeInForce,
) -> pd.DataFrame:
    """Category and segment of each customer as a report of that quarter told them."""
    then = known.frame_at("customers", quarter, settings["fiscal_year_end_month"]).set_index("customer_id")["category"]
    table = pd.DataFrame(index=pd.Index(groups["customer_id"]))
    table["category"] = then.reindex(table.index).fillna("not known").astype("str")
    in_force = scheme.table.loc[scheme.table["told_as"] == "in force", "valid_from"]
    if not scheme.frozen or in_force.iloc[0] > quarter:
        return table.assign(segment=pd.Series(pd.NA, table.index, dtype="str"))
    placed = history.members[history.members["quarter"] == quarter].set_index("customer_id")["assigned"]
    return table.assign(segment=placed.reindex(table.index).astype("str").fillna("not placed"))
