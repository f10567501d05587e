"""What was planted, as tables that tests can read; none of it is among the organisation's tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo import plan
from pmo_analysis.intake.demo.catalogue import SIZES, Catalogue
from pmo_analysis.intake.demo.chance import Calendar
from pmo_analysis.intake.demo.customers import NEVER, Customers
from pmo_analysis.intake.demo.deliveries import true_group_hours
from pmo_analysis.intake.demo.demand import Demand, chance_of_request, request_rates

_SEGMENTS = np.array(plan.SEGMENTS)


def segments_truth(calendar: Calendar, customers: Customers) -> pd.DataFrame:
    """The segment of every customer in every quarter in which it is one: customer_id, quarter, segment."""
    active = np.stack([customers.active(q) for q in range(calendar.count)], axis=1)
    row, quarter = np.nonzero(active)
    return pd.DataFrame(
        {
            "customer_id": customers.ids[row],
            "quarter": np.array(calendar.quarters)[quarter],
            "segment": _SEGMENTS[customers.segment[row, quarter]],
        }
    )


def movers_truth(calendar: Calendar, customers: Customers) -> pd.DataFrame:
    """Who changed segment: customer_id, quarter (the first in the new one), from_segment, to_segment."""
    who = np.flatnonzero(customers.moved_in != NEVER)
    quarter = customers.moved_in[who]
    return pd.DataFrame(
        {
            "customer_id": customers.ids[who],
            "quarter": np.array(calendar.quarters, object)[quarter],
            "from_segment": _SEGMENTS[customers.segment[who, quarter - 1]],
            "to_segment": _SEGMENTS[customers.segment[who, quarter]],
        }
    )


def affinity_truth(demand: Demand, last_asked: np.ndarray) -> pd.DataFrame:
    """Requests expected per active customer and quarter: segment, service_id, stage, propensity, kind, repeat."""
    quarter = demand.calendar.count - 1
    rate, active = request_rates(demand, quarter, last_asked), demand.customers.active(quarter)
    member = demand.customers.segment[:, quarter][None] == np.arange(len(_SEGMENTS))[:, None]
    member = member & active[None]
    mean = member.astype(float) @ rate / np.maximum(member.sum(axis=1, keepdims=True), 1)
    value = mean[:, :, None] * demand.stage_share
    segment, service, stage = (i.ravel() for i in np.indices(value.shape))
    services = demand.catalogue.services.iloc[service]
    return pd.DataFrame(
        {
            "segment": _SEGMENTS[segment],
            "service_id": services["service_id"].to_numpy(),
            "stage": np.array(demand.catalogue.stages)[stage],
            "propensity": value.ravel(),
            "kind": services["kind"].to_numpy(),
            "repeat": services["repeat"].to_numpy(),
        }
    )


def next_requests_truth(demand: Demand, last_asked: np.ndarray) -> pd.DataFrame:
    """Customer × service: probability of at least one request in the quarter after the last, if the customer stays."""
    chance = chance_of_request(demand, demand.calendar.count, last_asked)
    index = pd.Index(demand.customers.ids, name="customer_id")
    return (
        pd.DataFrame(chance, index=index, columns=demand.catalogue.column("service_id"))
        .loc[demand.customers.active(demand.calendar.count)]
        .reset_index()
    )


def tiers_truth(catalogue: Catalogue) -> pd.DataFrame:
    """True groups of effort per service: service_id, group, hours, spread (log sd), share, standard_hours, note."""
    rows, hours = [], true_group_hours(catalogue)
    for i, service in enumerate(catalogue.column("service_id")):
        groups, note = plan.MISFIT.get(service, ([], "sizes fit"))
        shares = [s for _, s in groups] or list(catalogue.size_mix[i])
        for g, share in enumerate(shares):
            standard = catalogue.hours[i, g] if len(shares) == len(SIZES) else np.nan
            rows.append((service, g + 1, hours[i, g], plan.TIER_SPREAD, share, standard, note))
    return pd.DataFrame(rows, columns=["service_id", "group", "hours", "spread", "share", "standard_hours", "note"])


def senior_truth() -> pd.DataFrame:
    """The one true effect: outcome, treatment, effect per ten points of planned senior share, and the confounder's."""
    return pd.DataFrame(
        [
            {
                "outcome": "outcome_score",
                "treatment": "planned_senior_share",
                "effect": plan.SENIOR_EFFECT,
                "confounder": "complexity",
                "confounder_effect": plan.COMPLEXITY_EFFECT,
                "confounder_on_treatment": plan.SENIOR_PER_COMPLEXITY * 10,
            }
        ]
    )


def benefits_truth(benefits: pd.DataFrame) -> pd.DataFrame:
    """What every benefit truly brings: benefit_id, project_id, due_on, planned_benefit, true_benefit, measured."""
    table = benefits.assign(true_benefit=benefits["planned_benefit"] * benefits["true_ratio"] * ~benefits["stopped"])
    return table[["benefit_id", "project_id", "due_on", "planned_benefit", "true_benefit", "true_ratio", "measured"]]


def projects_truth(projects: pd.DataFrame) -> pd.DataFrame:
    """How every project ends: project_id, cost_ratio (final over planned cost), finish_on, stopped."""
    return projects[["project_id", "cost_ratio", "finish_on", "stopped"]].copy()


def survey_truth(asked: pd.DataFrame) -> pd.DataFrame:
    """Mean of all who were asked beside those who answered: quarter, question, asked, answered, invited_count, answer_count."""
    groups = asked.groupby(["quarter", "question"])
    answered = asked[asked["answered"]].groupby(["quarter", "question"])["true_score"]
    table = groups["true_score"].agg(asked_mean="mean", invited_count="size")
    return table.join(answered.agg(answered_mean="mean", answer_count="size")).reset_index()
