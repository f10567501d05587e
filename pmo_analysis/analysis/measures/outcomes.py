"""All measures of a quarter, from one set of definitions: cells, changes, run chart, observations and their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import too_few
from pmo_analysis.analysis.measures.benefit import BENEFIT
from pmo_analysis.analysis.measures.cells import ESTIMATE, KEYS, build_cases, chart_quarters, estimate_cells
from pmo_analysis.analysis.measures.changes import divide_by_base, tell_changes
from pmo_analysis.analysis.measures.decisions import DECISIONS
from pmo_analysis.analysis.measures.definition import ROW_COLUMNS, Measure
from pmo_analysis.analysis.measures.execution import EXECUTION
from pmo_analysis.analysis.measures.experience import EXPERIENCE
from pmo_analysis.analysis.measures.facts import Facts, gather_facts
from pmo_analysis.analysis.measures.lower_cost import LOWER_COST, SAVINGS, estimate_savings
from pmo_analysis.analysis.measures.observations import tell_observations
from pmo_analysis.analysis.measures.process import PROCESS
from pmo_analysis.analysis.measures.productivity import PRODUCTIVITY
from pmo_analysis.analysis.measures.reach import REACH
from pmo_analysis.analysis.measures.strata import find_reversals, split_sums, sum_strata
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.quarters import quarters_between, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset, require_dataset
from pmo_analysis.intake.numbered import recode

MEASURES: tuple[Measure, ...] = (
    *EXECUTION,
    *PRODUCTIVITY,
    *DECISIONS,
    *BENEFIT,
    *LOWER_COST,
    *EXPERIENCE,
    *PROCESS,
    *REACH,
)


_MEASURE_NAMES = pd.CategoricalDtype(sorted(m.name for m in MEASURES))
_NAMES = ["measure", "quarter", "customer_id", "service_id"]
_MOST_ROWS = 500_000


@dataclass(frozen=True, eq=False)
class Measures:
    """What every measure says of a quarter.

    A figure of a past quarter is made of the rows dated in that quarter, as they are known now.

    cells: measure, outcome, group_kind (all, category, segment, service, customer), group, value, low, high, n,
        measured_share, worst, best (the unmeasured or unanswered counted as all bad and as all good), note. A customer is
        told over the last look_back_quarters, everybody else for the quarter. Below minimum_estimate low and high are
        missing and the note says so.
    changes: measure, group_kind, group, against (last quarter, last year; for a customer the look-back before), change,
        low, high, n, p_value, adjusted_p, direction (better, worse, higher, lower, no clear change, not estimable),
        flagged (still stands when all comparisons are counted, at false_discovery_rate).
    run_chart: measure, quarter, value, low, high, n for the whole; earlier quarters of productivity_ratio have the same base.
    definitions: measure, outcome, title, formula, unit, better, table, worst_anchor, best_anchor.
    observations: customer_id, quarter, outcome, measure, value (0 = worst anchor, 100 = best anchor; yes/no answers and
        points lie beyond so that their mean is the measure's value), over the last look_back_quarters.
    splits: measure, group_kind, against, change, mix, rate: how much of a change of the whole is other customers or
        services, and how much is the same ones doing otherwise; mix + rate = change.
    reversals: measure, group_kind, against, change, groups_count, sentence: the whole moved one way, every group the other.
    missing: measure, missing (table or table.column), sentence.
    rows: measure, quarter, customer_id, service_id (these four are categories: there may be millions), source_id, numerator,
        denominator, seen_weight, whole_weight.
    """

    cells: pd.DataFrame
    changes: pd.DataFrame
    run_chart: pd.DataFrame
    definitions: pd.DataFrame
    observations: pd.DataFrame
    splits: pd.DataFrame
    reversals: pd.DataFrame
    missing: pd.DataFrame
    rows: pd.DataFrame = field(repr=False)
    groups: pd.DataFrame = field(repr=False)
    quarter: str
    look_back_quarters: int
    sentence: str

    def trace(self, measure: str, group_kind: str = "all", group: str = "all") -> pd.DataFrame:
        """The rows behind a cell; `source_id` is the key in the table that `definitions` names."""
        known = self.definitions["measure"]
        if measure not in set(known):
            raise InputError(f"There is no measure {measure!r}. {nearest(measure, known)}")
        first = shift_quarter(self.quarter, 1 - self.look_back_quarters) if group_kind == "customer" else self.quarter
        rows = self.rows[
            (self.rows["measure"] == measure) & self.rows["quarter"].isin(quarters_between(first, self.quarter))
        ]
        rows = rows[self._inside(rows, group_kind, group)].reset_index(drop=True)
        return rows.astype(dict.fromkeys(_NAMES, "str"))

    def _inside(self, rows: pd.DataFrame, group_kind: str, group: str) -> pd.Series:
        match group_kind:
            case "all":
                return rows["measure"].notna()
            case "category" | "segment":
                about = self.groups.drop_duplicates("customer_id").set_index("customer_id")[group_kind].astype("str")
                return rows["customer_id"].astype("str").map(about) == group
            case "service" | "customer":
                return rows[f"{group_kind}_id"] == group
            case _:
                raise InputError(
                    f"There is no kind of group {group_kind!r}. Use all, category, segment, service or customer."
                )

    def _repr_html_(self) -> str:
        whole = self.cells[self.cells["group_kind"] == "all"].drop(columns=["group_kind", "group"])
        return show_result(self.sentence, whole)


def measure_outcomes(data: Dataset, quarter: str, groups: pd.DataFrame, settings: Settings | None = None) -> Measures:
    """What the PMO did for its customers in a quarter, by the measures of the domain, with what could not be told.

    `groups`: customer_id, category, segment, one row per customer. What is dated after the quarter is not known;
    measures whose table or column is absent are in `.missing`. Errors: InputError for an unknown name in `trace`.
    """
    require_dataset(data)
    settings = settings or data.settings
    known = data if data.known_at == quarter else data.as_of(quarter, settings["fiscal_year_end_month"])
    groups = groups.reindex(columns=["customer_id", "category", "segment"])
    facts = gather_facts(known, quarter, settings)
    told, rows, missing = _gather_rows(known, facts)
    figures, splits = _estimate_in_parts(rows, told, groups, facts)
    based, scaled = divide_by_base(figures, told, facts)
    savings = estimate_savings(facts, groups) if any(m.name in SAVINGS for m in told) else figures.iloc[:0]
    changes = tell_changes(scaled, savings, told, facts)
    cells = _tell_cells(pd.concat([based, savings[savings["period"] == quarter]]), told, facts)
    return Measures(
        cells,
        changes,
        _tell_run_chart(pd.concat([scaled, savings]), told, facts),
        _tell_definitions(settings),
        tell_observations(rows, told, facts),
        splits,
        find_reversals(changes),
        missing,
        rows,
        groups,
        quarter,
        settings["look_back_quarters"],
        _tell_sentence(cells, missing, facts),
    )


def _estimate_in_parts(
    rows: pd.DataFrame, told: list[Measure], groups: pd.DataFrame, facts: Facts
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures by group and period, and mix and rate: a few measures at a time where they have many rows."""
    figures, sums = [], []
    for part, its_rows in _share_out(rows, told):
        estimated = [m for m in part if m.estimate != "saving"]
        for cases in build_cases(its_rows, part, groups, facts):
            figures.append(estimate_cells(cases, estimated, facts.settings, errors=True))
            sums.append(sum_strata(cases, part))
    return _stack(figures), split_sums(sums, facts)


def _stack(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One table of several; those without rows have no types to keep."""
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _share_out(rows: pd.DataFrame, told: list[Measure]) -> Iterator[tuple[list[Measure], pd.DataFrame]]:
    """The measures and their rows in parts of about _MOST_ROWS: what is done with a part takes several times its memory.

    The rows of a measure lie together, in the order of the measures.
    """
    if not told:
        yield [], rows
    counts = rows["measure"].value_counts()
    last = counts.reindex([m.name for m in told]).fillna(0).astype("int64").cumsum().to_numpy()
    number = last // _MOST_ROWS
    for part in np.unique(number):
        chosen = np.flatnonzero(number == part)
        first = last[chosen[0] - 1] if chosen[0] else 0
        yield [told[i] for i in chosen], rows.iloc[first : last[chosen[-1]]]


def _gather_rows(data: Dataset, facts: Facts) -> tuple[list[Measure], pd.DataFrame, pd.DataFrame]:
    """The measures that can be told, their rows, and what the others lack."""
    told, tables, missing = [], [], []
    rows_of = cache(lambda make: make(facts))  # several measures tell the same rows in different ways
    for measure in MEASURES:
        lacking = next((need for need in measure.needs if not _is_there(data, need)), None)
        rows = rows_of(measure.rows) if lacking is None else None
        if rows is not None and rows["numerator"].notna().any():
            told.append(measure)
            tables.append(_as_categories(rows[rows["quarter"].isin(facts.quarters)], measure, facts))
        else:
            missing.append(_tell_missing(measure, lacking))
    rows = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(ROW_COLUMNS))
    return told, rows, pd.DataFrame(missing, columns=["measure", "missing", "sentence"])


def _as_categories(rows: pd.DataFrame, measure: Measure, facts: Facts) -> pd.DataFrame:
    """The rows with names as categories, each in one order for all measures: millions of texts are slow and large."""
    code = np.full(len(rows), _MEASURE_NAMES.categories.get_loc(measure.name))
    named = {
        "quarter": facts.quarter_names,
        "customer_id": facts.customer_names,
        "service_id": facts.service_names,
    }
    return rows.assign(
        measure=pd.Categorical.from_codes(code, dtype=_MEASURE_NAMES),
        **{name: recode(rows[name], dtype) for name, dtype in named.items()},
    )[list(ROW_COLUMNS)]


def _is_there(data: Dataset, need: str) -> bool:
    """Whether a table or column, or one of several alternatives `a|b`, has anything in it."""
    places = [place.partition(".") for place in need.split("|")]
    return any(data.has(table, column) if column else data.has(table) for table, _, column in places)


def _tell_missing(measure: Measure, lacking: str | None) -> tuple[str, str, str]:
    if lacking is None:
        return measure.name, measure.table, f"{measure.title}: not measured, since no row of {measure.table} tells it."
    words = " nor ".join(_tell_place(place) for place in lacking.split("|"))
    return measure.name, lacking.replace("|", " or "), f"{measure.title}: not measured, since there is {words}."


def _tell_place(place: str) -> str:
    table, _, column = place.partition(".")
    return f"nothing in column {column} of {table}" if column else f"no {table} table"


def _by_definition(table: pd.DataFrame, measures: Iterable[Measure]) -> pd.DataFrame:
    """In the order of the definitions, the whole before its parts."""
    table = table.reset_index(drop=True)
    rank = {m.name: i for i, m in enumerate(measures)}
    kinds = {kind: i for i, kind in enumerate(("all", "category", "segment", "service", "customer"))}
    order = pd.DataFrame({"measure": table["measure"].map(rank)}, index=table.index)
    order["kind"] = table["group_kind"].map(kinds) if "group_kind" in table else 0
    order["name"] = table["group"] if "group" in table else table["quarter"]
    return table.loc[order.sort_values(["measure", "kind", "name"], kind="stable").index].reset_index(drop=True)


def _tell_cells(figures: pd.DataFrame, measures: list[Measure], facts: Facts) -> pd.DataFrame:
    cells = figures[figures["period"] == facts.quarter].reset_index(drop=True)
    least = facts.settings["minimum_estimate"]
    few = cells["n"].map(lambda n: too_few(n, least))
    few = few.mask((few == "") & cells["low"].isna(), "no interval: all alike, or all from one customer")
    over = pd.Series(f"over {facts.settings['look_back_quarters']} quarters", index=cells.index).where(
        cells["group_kind"] == "customer", ""
    )
    cells["note"] = (over + "; " + few).str.strip("; ").astype("str")
    cells["outcome"] = cells["measure"].map({m.name: m.outcome for m in measures}).astype("str")
    cells["n"] = cells["n"].astype("int64")
    return _by_definition(cells, measures)[
        ["measure", "outcome", *KEYS[1:3], *ESTIMATE, "measured_share", "worst", "best", "note"]
    ]


def _tell_run_chart(figures: pd.DataFrame, measures: list[Measure], facts: Facts) -> pd.DataFrame:
    rows = figures[(figures["group_kind"] == "all") & figures["period"].isin(chart_quarters(facts))]
    rows = rows.rename(columns={"period": "quarter"})[["measure", "quarter", *ESTIMATE]]
    return _by_definition(rows.astype({"n": "int64"}), measures)


def _tell_definitions(settings: Settings) -> pd.DataFrame:
    anchors = settings.group("anchor")
    rows = [
        (m.name, m.outcome, m.title, m.formula, m.unit, m.better, m.table, *anchors.get(m.name, (float("nan"),) * 2))
        for m in MEASURES
    ]
    return pd.DataFrame(
        rows,
        columns=["measure", "outcome", "title", "formula", "unit", "better", "table", "worst_anchor", "best_anchor"],
    )


def _tell_sentence(cells: pd.DataFrame, missing: pd.DataFrame, facts: Facts) -> str:
    told = cells["measure"].nunique()
    few = int(cells["low"].isna().sum())
    text = f"{told} of {len(MEASURES)} measures can be told for {facts.quarter}, in {len(cells):,} cells"
    text += f" of which {few:,} are too small for an interval."
    if len(missing):
        lacking = ", ".join(dict.fromkeys(missing["missing"]))
        text += f" The others lack: {lacking}."
    return text
