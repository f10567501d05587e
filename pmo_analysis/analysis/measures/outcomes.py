"""All measures of a quarter, from one set of definitions: cells, changes, run chart, observations and their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import too_few
from pmo_analysis.analysis.measures.benefit import BENEFIT
from pmo_analysis.analysis.measures.cells import ESTIMATE, KEYS, build_cases, chart_quarters, estimate_cells
from pmo_analysis.analysis.measures.changes import divide_by_base, tell_changes
from pmo_analysis.analysis.measures.decisions import DECISIONS
from pmo_analysis.analysis.measures.definition import KINDS, ROW_COLUMNS, Measure
from pmo_analysis.analysis.measures.execution import EXECUTION
from pmo_analysis.analysis.measures.experience import EXPERIENCE
from pmo_analysis.analysis.measures.facts import Facts, gather_facts
from pmo_analysis.analysis.measures.lower_cost import LOWER_COST, SAVINGS, estimate_savings
from pmo_analysis.analysis.measures.observations import list_observations, sum_observations, tell_scales
from pmo_analysis.analysis.measures.process import PROCESS
from pmo_analysis.analysis.measures.productivity import PRODUCTIVITY
from pmo_analysis.analysis.measures.reach import REACH
from pmo_analysis.analysis.measures.strata import find_reversals, split_sums, sum_strata
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.quarters import quarters_between, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset, require_dataset
from pmo_analysis.intake.kept_rows import KeptRows
from pmo_analysis.intake.memory import give_back, gives_back
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
_ESTIMATED = [name for name in ROW_COLUMNS if name != "source_id"]
_MOST_ROWS = 500_000
# Engagements and what was worked on them in quarters, from which on the rows of measures (some thirty each) lie in files.
MOST_IN_MEMORY = 300_000


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
        denominator, seen_weight, whole_weight; read where they are `kept`, which also gives some measures or quarters.
    scales: measure, outcome, is_ratio, worst, best, base: how a row becomes an observation.
    """

    cells: pd.DataFrame
    changes: pd.DataFrame
    run_chart: pd.DataFrame
    definitions: pd.DataFrame
    splits: pd.DataFrame
    reversals: pd.DataFrame
    missing: pd.DataFrame
    kept: KeptRows = field(repr=False)
    scales: pd.DataFrame = field(repr=False)
    groups: pd.DataFrame = field(repr=False)
    quarter: str
    look_back_quarters: int
    sentence: str

    @property
    def rows(self) -> pd.DataFrame:
        """The rows of all measures; there may be hundreds of millions: `kept.read` gives those of some."""
        return self.kept.read()

    @property
    def observations(self) -> pd.DataFrame:
        """The rows of the look-back as observations on the 0–100 scale."""
        return list_observations(self.kept, self.scales, self._look_back)

    def sum_observations(self) -> pd.DataFrame:
        """The same per customer and measure: customer_id, outcome, measure, n, value (their mean), sd."""
        return sum_observations(self.kept, self.scales, self._look_back)

    @property
    def _look_back(self) -> list[str]:
        return quarters_between(shift_quarter(self.quarter, 1 - self.look_back_quarters), self.quarter)

    def trace(self, measure: str, group_kind: str = "all", group: str = "all") -> pd.DataFrame:
        """The rows behind a cell; `source_id` is the key in the table that `definitions` names."""
        known = self.definitions["measure"]
        if measure not in set(known):
            raise InputError(f"There is no measure {measure!r}. {nearest(measure, known)}")
        rows = self.kept.read([measure], self._look_back if group_kind == "customer" else [self.quarter])
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


@gives_back
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
    told, kept, missing = _gather_rows(known, facts)
    savings = estimate_savings(facts, groups) if any(m.name in SAVINGS for m in told) else None
    facts = facts.without_rows()
    give_back()
    figures, splits = _estimate_in_parts(kept, told, groups, facts)
    savings = figures.iloc[:0] if savings is None else savings
    divided = figures["measure"].isin([m.name for m in told if m.option == "against_base"])
    based, scaled = divide_by_base(figures[divided], told, facts)
    figures = figures[~divided]  # millions where customers are many: no second copy beside what is divided
    changes = tell_changes(pd.concat([figures, scaled], ignore_index=True), savings, told, facts)
    now = (table[table["period"] == quarter] for table in (figures, based, savings))
    cells = _tell_cells(pd.concat(now), told, facts)
    charted = figures[figures["group_kind"] == "all"]
    return Measures(
        cells,
        changes,
        _tell_run_chart(pd.concat([charted, scaled, savings]), told, facts),
        _tell_definitions(settings),
        splits,
        find_reversals(changes),
        missing,
        kept,
        tell_scales(kept, told, facts),
        groups,
        quarter,
        settings["look_back_quarters"],
        _tell_sentence(cells, missing, facts),
    )


def _estimate_in_parts(
    kept: KeptRows, told: list[Measure], groups: pd.DataFrame, facts: Facts
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Figures by group and period, and mix and rate: a few measures at a time, and of long ones a part of the rows."""
    figures, sums = [], []
    estimated = [m for m in told if m.estimate != "saving"]
    for part, kinds, rows in _share_out(kept, estimated, facts):
        for cases in build_cases(rows, part, groups, facts, kinds=kinds):
            figures.append(estimate_cells(cases, part, facts.settings, errors=True))
            sums.append(sum_strata(cases, part))
    return _stack(figures), split_sums(sums, facts)


def _stack(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One table of several; those without rows have no types to keep."""
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


_Part = tuple[list[Measure], Sequence[str], pd.DataFrame]


def _share_out(kept: KeptRows, told: list[Measure], facts: Facts) -> Iterator[_Part]:
    """Measures, kinds of groups and rows, about _MOST_ROWS at a time: what is done with them takes several times their memory.

    Short measures go together; a long one is cut by what its figures are cut by: quarters, and for customers the customers.
    """
    short: list[Measure] = []
    for measure in told:
        count = kept.count([measure.name])
        if short and kept.count([m.name for m in short]) + count > _MOST_ROWS:
            yield short, KINDS, kept.read([m.name for m in short])
            short = []
        if count > _MOST_ROWS:
            yield from _cut(kept, measure, facts)
        else:
            short.append(measure)
    if short or not told:
        yield short, KINDS, kept.read([m.name for m in short])


def _cut(kept: KeptRows, measure: Measure, facts: Facts) -> Iterator[_Part]:
    """The rows of a long measure: quarter by quarter, then some customers at a time."""
    for quarter in kept.counts[measure.name]:
        yield [measure], KINDS[:-1], kept.read([measure.name], [quarter], _ESTIMATED)
    if KINDS[-1] not in measure.kinds:
        return
    rows = kept.read([measure.name], facts.quarters, _ESTIMATED)
    codes = rows["customer_id"].cat.codes.to_numpy()
    counts = np.bincount(codes + 1, minlength=len(facts.customer_names.categories) + 1)
    part = (np.cumsum(counts) // _MOST_ROWS)[codes + 1]
    for number in np.unique(part):
        yield [measure], KINDS[-1:], rows[part == number]


def _gather_rows(data: Dataset, facts: Facts) -> tuple[list[Measure], KeptRows, pd.DataFrame]:
    """The measures that can be told, their rows, and what the others lack."""
    told, missing = [], []
    kept = KeptRows(ROW_COLUMNS, _row_types(facts), on_disk=len(facts.engagements) + len(facts.work) > MOST_IN_MEMORY)
    for make, measures in groupby(
        MEASURES, key=lambda measure: measure.rows
    ):  # those of the same rows follow each other
        rows = None
        for measure in measures:
            lacking = next((need for need in measure.needs if not _is_there(data, need)), None)
            rows = make(facts) if lacking is None and rows is None else rows
            if lacking is None and rows is not None and rows["numerator"].notna().any():
                told.append(measure)
                kept.keep(measure.name, _as_categories(rows[rows["quarter"].isin(facts.quarters)], measure, facts))
            else:
                missing.append(_tell_missing(measure, lacking))
    return told, kept, pd.DataFrame(missing, columns=["measure", "missing", "sentence"])


def _row_types(facts: Facts) -> dict[str, pd.CategoricalDtype]:
    """Names as categories, each in one order for all measures: millions of texts are slow and large."""
    names = {"customer_id": facts.customer_names, "service_id": facts.service_names}
    return {"measure": _MEASURE_NAMES, "quarter": facts.quarter_names, **names}


def _as_categories(rows: pd.DataFrame, measure: Measure, facts: Facts) -> pd.DataFrame:
    code = np.full(len(rows), _MEASURE_NAMES.categories.get_loc(measure.name), "int8")
    types = _row_types(facts)
    return rows.assign(
        measure=pd.Categorical.from_codes(code, dtype=_MEASURE_NAMES),
        **{name: recode(rows[name], dtype) for name, dtype in types.items() if name != "measure"},
    )


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
