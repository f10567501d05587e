"""What a PMO can say of one quarter, and the rows behind each figure."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from pmo_analysis.analysis.advice import Advice
from pmo_analysis.analysis.cost import Budget, CostToServe, Showback
from pmo_analysis.analysis.differences import Comparison
from pmo_analysis.analysis.features import Features
from pmo_analysis.analysis.headline import Headline
from pmo_analysis.analysis.history import SchemeComparison, SegmentHistory
from pmo_analysis.analysis.leadership import Leadership
from pmo_analysis.analysis.measures import Measures
from pmo_analysis.analysis.propositions import Propositions
from pmo_analysis.analysis.scenarios import Scenario, ScenarioComparison
from pmo_analysis.analysis.segments import Segmentation
from pmo_analysis.analysis.seniority import SeniorReview
from pmo_analysis.analysis.sizes import SizeReview
from pmo_analysis.analysis.targets import TargetReview, Targets
from pmo_analysis.analysis.trust import Trust
from pmo_analysis.analysis.value import ValueScores
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.quarter.period import Period
from pmo_analysis.quarter.segments import SchemeInForce

_KINDS = {"customer": "customer_id", "service": "service_id", "segment": "segment", "category": "category"}


@dataclass(frozen=True, eq=False)
class Quarter:
    """One field per result, each described by its own class.

    `data` is what was known at the quarter's end; groups: customer_id, name, category, segment;
    problems: of `pmo.check`; annotations: note_id, figure, text, by, on, reason: notes for this report;
    corrections: table, key, column, was, becomes, reason, on, state: values corrected beside the data;
    unanswered: question, title, missing, sentence; cost: by customer, cost_by: by
    service, category and segment; baseline: the scenario that what-if starts
    from, scenario: the stored one beside it; None where no hours or no capacity is known.
    segmentation: by the scheme in force; fresh_look: what a cut of this quarter alone gives (the same where none is
    frozen); scheme_comparison: in the quarter in which a scheme takes another's place, else None; given: segments
    that the organisation gave itself, None where fewer than 20 customers have one. since: what differs from the report
    before, None where there is none. period: the fiscal year's quarters so far, None in a report of the quarter alone.
    """

    quarter: str
    organisation: str
    settings: Settings
    data: Dataset = field(repr=False)
    problems: pd.DataFrame
    unanswered: pd.DataFrame
    annotations: pd.DataFrame
    corrections: pd.DataFrame
    groups: pd.DataFrame
    features: Features
    segmentation: Segmentation
    fresh_look: Segmentation
    scheme_in_force: SchemeInForce
    scheme_comparison: SchemeComparison | None
    given: Segmentation | None
    history: SegmentHistory
    measures: Measures
    value: ValueScores
    cost_by: Mapping[str, CostToServe]
    budget: Budget
    showback: Showback
    targets: Targets
    target_review: TargetReview
    sizes: SizeReview
    seniority: SeniorReview
    propositions: Propositions
    leadership: Leadership
    baseline: Scenario | None
    scenario: ScenarioComparison | None
    headline: Headline
    advice: Advice
    trust: Trust
    since: Comparison | None = None
    period: Period | None = None

    @property
    def cost(self) -> CostToServe:
        """Cost to serve by customer."""
        return self.cost_by["customer"]

    @property
    def sentences(self) -> dict[str, str]:
        """What each part says in a sentence or two, by the part's name."""
        parts = {name: getattr(self, name) for name in (*self.__dataclass_fields__, "cost")}
        parts |= {} if self.scheme_in_force.frozen else {"fresh_look": None}
        return {name: part.sentence for name, part in parts.items() if isinstance(getattr(part, "sentence", None), str)}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every result table by the name under which it is published; empty ones are left out."""
        return {name: rows for name, rows in list_tables(self).items() if len(rows)}

    def trace(self, figure: str, group_kind: str = "all", group: str = "all") -> pd.DataFrame:
        """The rows behind a figure: a measure's name, `cost_to_serve`, or the name of a published table.

        `trace("nps_points", "segment", "S1")` gives the answers; `trace("cost_to_serve", "customer", "C001")`
        the engagements that make up its cost. An unknown figure is an InputError that suggests the nearest.
        """
        measures, tables = set(self.measures.definitions["measure"]), list_tables(self)
        if figure in ("cost_to_serve", "unit_cost"):
            return self._trace_cost(group_kind, group)
        if figure in measures:
            return self.measures.trace(figure, group_kind, group)
        if figure not in tables:
            known = ["cost_to_serve", *measures, *tables]
            raise InputError(f"There is no figure {figure!r}. {nearest(figure, known)}")
        return tables[figure]

    def _trace_cost(self, group_kind: str, group: str) -> pd.DataFrame:
        """Engagements of a group, then what was booked on no engagement, so that the rows add up to the figure."""
        rows = self.cost.engagements.merge(self.groups[["customer_id", "category", "segment"]], how="left")
        told = self.cost_by.get("customer" if group_kind == "all" else group_kind)
        if told is None:
            raise InputError(f"There is no kind of group {group_kind!r}. {nearest(group_kind, ['all', *_KINDS])}")
        column = _KINDS.get(group_kind, "")
        figures = told.table if group_kind == "all" else told.table[told.table[column] == group]
        rows = rows if group_kind == "all" else rows[rows[column] == group]
        figure = {"worked_hours": "worked_hours", "cost": "cost_to_serve_cost"}
        rest = {name: figures[of].sum(min_count=1) - rows[name].sum() for name, of in figure.items()}
        loose = pd.DataFrame([{"engagement_id": "booked on no engagement", **rest}])
        return pd.concat([rows, loose], ignore_index=True)

    def _repr_html_(self) -> str:
        said = pd.DataFrame(self.sentences.items(), columns=["part", "finding"])
        return f"<p>{html.escape(self.organisation)}, {self.quarter}</p>{said.to_html(index=False)}"


def list_tables(quarter: Quarter) -> dict[str, pd.DataFrame]:
    """All result tables in the order of the report, the empty ones too."""
    q = quarter
    return {
        "page_1_figures": q.headline.figures,
        "page_1_beside": q.headline.beside,
        "page_1_decisions": q.advice.decisions,
        "decisions_considered": q.advice.considered,
        "propositions": q.propositions.cards,
        "price_checks": q.propositions.price_checks,
        "measures": q.measures.cells,
        "changes": q.measures.changes,
        "run_chart": q.measures.run_chart,
        "run_chart_services": q.leadership.service_chart,
        "definitions": q.measures.definitions,
        **_customer_tables(q),
        **_cost_tables(q),
        **_offer_tables(q),
        "decision_log": q.leadership.decisions,
        "commitments": q.leadership.commitments,
        "pairs": q.leadership.pairs,
        "trust": q.trust.figures,
        "period": q.period.table if q.period else pd.DataFrame(),
        "since_last_report": q.since.table if q.since else pd.DataFrame(),
        "unanswered": q.unanswered,
        "problems": q.problems,
        "annotations": q.annotations,
        "corrections": q.corrections,
        "settings": q.settings.table(),
    }


def _customer_tables(q: Quarter) -> dict[str, pd.DataFrame]:
    return {
        "groups": q.groups,
        **_segment_tables(q),
        "customers_left_out": q.features.left_out,
        "value_scores": q.value.scores,
        "value_bounds": q.value.bounds,
        "value_acceptability": q.value.acceptability,
        "value_sensitivity": q.value.sensitivity,
    }


def _segment_tables(q: Quarter) -> dict[str, pd.DataFrame]:
    """Who belongs together: by the scheme in force, as a fresh look finds it, over time and as the organisation gave it."""
    nothing = pd.DataFrame()
    frozen, compared, given = q.scheme_in_force.frozen, q.scheme_comparison, q.given
    return {
        "segment_schemes": q.scheme_in_force.table,
        "segment_members": q.segmentation.members.reset_index(),
        "segment_rules": q.segmentation.rules,
        "segment_profile": q.segmentation.profile,
        "segment_stability": q.segmentation.stability,
        "segment_evidence": q.fresh_look.evidence,
        "segment_null": q.fresh_look.null,
        "segment_fresh_rules": q.fresh_look.rules if frozen else nothing,
        "segment_movers": q.history.movers,
        "segment_possible_movers": q.history.possible,
        "segment_migration": q.history.migration,
        "segment_drift": q.history.drift,
        "segment_split": q.history.split,
        "segment_scheme_counts": compared.counts if compared else nothing,
        "segment_scheme_moved": compared.moved if compared else nothing,
        "segment_given_members": given.members.reset_index() if given else nothing,
        "segment_given_evidence": given.evidence if given else nothing,
        "segment_given_stability": given.stability if given else nothing,
        "segment_given_rules": given.rules if given else nothing,
        "segment_given_profile": given.profile if given else nothing,
    }


def _cost_tables(q: Quarter) -> dict[str, pd.DataFrame]:
    return {
        **{f"cost_by_{by}": cost.table for by, cost in q.cost_by.items()},
        "rates": q.cost.rates,
        "capacity": q.cost.unused,
        "concentration": q.cost.concentration,
        "cost_reconciliation": q.cost.reconciliation,
        "cost_left_out": q.cost.left_out,
        "cost_by_size": q.cost.by_size,
        "time_equations": q.cost.time_equations,
        "showback": q.showback.table,
        "showback_reconciliation": q.showback.reconciliation,
        "pmo_budget": q.budget.budget,
        "pmo_overhead": q.budget.overhead,
        "pmo_cost_references": q.budget.references,
    }


def _offer_tables(q: Quarter) -> dict[str, pd.DataFrame]:
    named = q.data.frame("services", ["service_id", "name"]).drop_duplicates("service_id")
    return {
        "service_names": named.sort_values("service_id", ignore_index=True),
        "next_services": q.targets.next_services,
        "fit": q.targets.fit,
        "forecast_holdout": q.targets.holdout,
        "off_target": q.target_review.off_target,
        "unused_services": q.target_review.unused,
        "refused": q.target_review.refused,
        "demand": q.target_review.demand,
        "total_demand": q.target_review.total_demand,
        "load": q.target_review.load,
        "to_stop": q.target_review.to_stop,
        "sizes_quoted": q.sizes.quoted,
        "tiers": q.sizes.tiers,
        "tier_limits": q.sizes.limits,
        "saving": q.sizes.saving,
        "senior_shares": q.seniority.shares,
        "delegable": q.seniority.delegable,
        "delegable_by": q.seniority.delegable_by,
        "senior_worth": q.seniority.worth,
        "executives": q.seniority.executives,
        "scenario": q.scenario.table if q.scenario else pd.DataFrame(),
        "scenario_inputs": q.scenario.inputs if q.scenario else pd.DataFrame(),
    }
