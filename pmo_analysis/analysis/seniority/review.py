"""Where senior hours went, what they bought, what could be delegated, and what we ask of customers' senior people."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pmo_analysis.analysis.seniority.delegable import DELEGABLE, DELEGABLE_BY, tell_delegable
from pmo_analysis.analysis.seniority.effect import SeniorEffect
from pmo_analysis.analysis.seniority.executives import EXECUTIVES, tell_executives
from pmo_analysis.analysis.seniority.hours import described_hours, rate_gap, role_hours
from pmo_analysis.analysis.seniority.planned import planned_effect, planned_rows
from pmo_analysis.analysis.seniority.shares import SHARES, may_tell_groups, tell_shares
from pmo_analysis.analysis.seniority.worth import extra_cost, tell_worth
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.memory import gives_back

FEW = "Fewer than {minimum} people are senior, or are not, so their hours are told for the whole only."


@dataclass(frozen=True, eq=False)
class SeniorReview:
    """Senior time of the quarter, on the PMO's side and on the customer's.

    shares: side (pmo/customer), group_kind, group, senior_share, low, high, senior_hours, all_hours,
    n (engagements), standardised_share (as if each group had the whole's mix of services and complexity)
    effect: SeniorEffect of the planned senior share on outcome_score, or None where no outcome is recorded
    delegable: service_id, senior_hours, standard_senior_hours (at the mix of comparable services), excess_hours with
    its range, cost (of the excess at the rate difference) with its range, outcome_change with its range, n
    delegable_by: the same by service_id, size_quoted and segment
    worth: figure, value, low, high, n: extra cost, the worth of an outcome point from which it pays, the net gain
    executives: figure, group_kind, group, value, low, high, n, basis: customers' senior hours per engagement, approval
    """

    shares: pd.DataFrame
    effect: SeniorEffect | None
    delegable: pd.DataFrame
    delegable_by: pd.DataFrame
    worth: pd.DataFrame
    executives: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.shares)


@gives_back
def review_senior_time(
    data: Dataset,
    quarter: str,
    groups: pd.DataFrame,
    settings: Settings | None = None,
    *,
    people: pd.Series | None = None,
) -> SeniorReview:
    """Tells where senior hours went, what they bought like compared with like, and which could be delegated.

    groups: customer_id, category, segment; people: how many hold each role (index role): where fewer than
    `minimum_cell` are senior, or are not, the PMO's hours are told for the whole only. Hours are those worked in the
    quarter; the effect is from deliveries of the run chart's quarters, with the share planned at intake as the
    treatment. Columns: see SeniorReview.
    """
    settings = settings or data.settings
    planned = planned_rows(data, quarter, groups, settings)
    known = data.has("effort", "role") and data.has("roles", "senior")
    hours = role_hours(data, quarter, settings) if known else None
    gap = rate_gap(data, hours) if hours is not None else float("nan")
    cost = extra_cost(planned["planned_hours"], gap) if planned is not None else float("nan")
    effect = planned_effect(planned, cost, settings) if planned is not None else None
    worth = tell_worth(effect, cost, float(settings["outcome_point_benefit"]))
    if hours is None:
        missing = "roles.senior" if data.has("effort", "role") else "effort"
        return _without_hours(f"No {missing}: where senior hours go is not known.", effect, worth)
    rows = described_hours(data, hours, groups)
    roles = data.frame("roles", ["role", "senior", "side"])
    apart = may_tell_groups(roles, people, settings["minimum_cell"])
    return _review(data, rows, gap, (effect, worth), settings, apart=apart)


def _review(
    data: Dataset,
    rows: pd.DataFrame,
    gap: float,
    bought: tuple[SeniorEffect | None, pd.DataFrame],
    settings: Settings,
    *,
    apart: bool,
) -> SeniorReview:
    services, (effect, worth) = data.frame("services", ["service_id", "family", "name"]), bought
    services = services.drop_duplicates("service_id").set_index("service_id")
    shares = tell_shares(rows, settings)
    ours = rows if apart else rows.head(0)
    cells = ("service_id", "size_quoted", "segment")
    delegable = tell_delegable(ours, services["family"], gap, effect, settings)
    delegable_by = tell_delegable(ours, services["family"], gap, effect, settings, by=cells)
    if not apart:
        shares = shares[(shares["side"] != "pmo") | (shares["group_kind"] == "all")].reset_index(drop=True)
    executives = tell_executives(data, rows, settings)
    said = [_summary(shares, delegable, services["name"])]
    said += [] if apart else [FEW.format(minimum=settings["minimum_cell"])]
    return SeniorReview(shares, effect, delegable, delegable_by, worth, executives, _tell(" ".join(said), effect))


def _without_hours(told: str, effect: SeniorEffect | None, worth: pd.DataFrame) -> SeniorReview:
    empty = (pd.DataFrame(columns=names) for names in (SHARES, DELEGABLE, DELEGABLE_BY, EXECUTIVES))
    shares, delegable, delegable_by, executives = empty
    return SeniorReview(shares, effect, delegable, delegable_by, worth, executives, _tell(told, effect))


def _summary(shares: pd.DataFrame, delegable: pd.DataFrame, names: pd.Series) -> str:
    whole = shares[(shares["group_kind"] == "all") & (shares["side"] == "pmo")]
    if whole.empty:
        return "No hours were booked in the quarter."
    one, excess = whole.iloc[0], delegable["excess_hours"].sum()
    told = (
        f"Senior people gave {one['senior_hours']:,.0f} of {one['all_hours']:,.0f} PMO hours "
        f"({100 * one['senior_share']:.0f} %)."
    )
    if not excess:
        return told
    most = delegable["service_id"].iloc[0]
    return f"{told} {excess:,.0f} of them are above what comparable services take; most in {names.get(most, most)}."


def _tell(summary: str, effect: SeniorEffect | None) -> str:
    if effect is None:
        return f"{summary} Whether they paid is not known: scores of outcomes or planned hours are missing."
    return f"{summary} {effect.sentence}"
