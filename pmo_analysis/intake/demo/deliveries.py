"""Requests become deliveries: size and hours, senior share, days, effort asked of the customer, and outcome."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo import plan
from pmo_analysis.intake.demo.catalogue import SIZES, Catalogue
from pmo_analysis.intake.demo.chance import Calendar, leave_blank, random_days, rng_for, working_day
from pmo_analysis.intake.demo.customers import Customers
from pmo_analysis.intake.demo.offer import price_year
from pmo_analysis.intake.demo.projects import ProjectIndex

_NO_DAY = np.datetime64("NaT", "D")


def deliver(
    requests: pd.DataFrame,
    catalogue: Catalogue,
    calendar: Calendar,
    customers: Customers,
    projects: ProjectIndex,
    *,
    seed: int,
) -> pd.DataFrame:
    """The requests of one quarter with all that happens to them: one row each, in order of request."""
    quarter = int(requests["quarter"].iloc[0]) if len(requests) else 0
    rng = rng_for(seed, "deliveries", quarter)
    frame = _ask(rng, requests, calendar, customers, quarter)
    frame["project_id"] = _projects(rng, frame, catalogue, projects, quarter)
    frame = _size(rng, frame, catalogue)
    frame = _decide(rng, frame)
    frame = _schedule(rng, frame, catalogue, calendar)
    frame = _work(rng, frame, catalogue)
    frame = _seniors(rng, frame, catalogue)
    frame = _burden(rng, frame, catalogue)
    frame = _outcome(rng, frame, len(catalogue.services), rng_for(seed, "taste"), len(customers.ids))
    return _charge(frame, catalogue, calendar)


def _ask(
    rng: np.random.Generator, requests: pd.DataFrame, calendar: Calendar, customers: Customers, quarter: int
) -> pd.DataFrame:
    who = requests["customer"].to_numpy()
    left = customers.left_on[who]
    first = np.maximum(calendar.starts[quarter], customers.joined_on[who])
    last = np.minimum(calendar.ends[quarter], np.where(np.isnat(left), calendar.ends[quarter], left))
    days = np.minimum(random_days(rng, first, last), np.maximum(last, first))
    frame = requests.assign(requested_on=days).sort_values(
        ["requested_on", "customer", "service", "stage", "group"], kind="stable", ignore_index=True
    )
    width = max(4, len(str(len(frame))))
    frame["engagement_id"] = [f"E{calendar.quarters[quarter]}-{i:0{width}d}" for i in range(1, len(frame) + 1)]
    return frame


def _projects(
    rng: np.random.Generator, frame: pd.DataFrame, catalogue: Catalogue, projects: ProjectIndex, quarter: int
) -> np.ndarray:
    found = projects.find(rng, frame["customer"].to_numpy(), quarter, frame["stage"].to_numpy())
    enabling = (catalogue.column("family") == "Enablement")[frame["service"]]
    return leave_blank(found, rng.random(len(frame)) >= np.where(enabling, 0.35, 0.9))


def _size(rng: np.random.Generator, frame: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """The true group of effort, and the size quoted at intake, which does not always fit."""
    count, group = len(frame), frame["group"].to_numpy().copy()
    quoted = group.copy()
    ids = catalogue.column("service_id")[frame["service"]]
    draw = rng.random((3, count))
    for service, (groups, _) in plan.MISFIT.items():
        share = np.cumsum([s for _, s in groups])
        group = np.where(ids == service, np.minimum(np.searchsorted(share, draw[0]), len(groups) - 1), group)
        if len(groups) == 2:
            quoted = np.where(ids == service, group + (draw[1] < 0.5), quoted)
        if len(groups) == 3:
            quoted = np.where(ids == service, group, quoted)
    step = np.where(quoted == 0, 1, np.where(quoted == 2, -1, np.where(rng.random(count) < 0.5, 1, -1)))
    quoted = np.where(draw[2] < plan.MISQUOTED_SHARE, quoted + step, quoted)
    complexity = rng.normal(plan.COMPLEXITY[frame["segment"]] + 0.35 * (group == 2) - 0.2 * (group == 0), 0.9)
    return frame.assign(
        group=group,
        quoted=quoted,
        complexity=np.clip(np.round(complexity), 1, 5),
        bespoke=rng.random(count) < plan.BESPOKE_SHARE,
    )


def _decide(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    draw, count = rng.random(len(frame)), len(frame)
    refused = ~frame["offered"] | (draw < plan.REFUSED_SHARE)
    return frame.assign(
        refused=refused,
        cancelled=~refused & (draw > 1 - plan.CANCELLED_SHARE),
        reworked=rng.random(count) < plan.REWORKED_SHARE + 0.01 * (frame["complexity"] - 3).clip(0),
    )


def _schedule(rng: np.random.Generator, frame: pd.DataFrame, catalogue: Catalogue, calendar: Calendar) -> pd.DataFrame:
    count, asked = len(frame), frame["requested_on"].to_numpy().astype("datetime64[D]")
    target = catalogue.column("lead_time_target_days")[frame["service"]]
    median = plan.LEAD_MEDIAN - plan.LEAD_GAIN * frame["quarter"] + 0.03 * (frame["complexity"] - 3)
    lead = target * median * rng.lognormal(0, plan.LEAD_SPREAD, count)
    lead = np.ceil(lead + np.where(rng.random(count) < plan.STALLED_SHARE, 130, 0)).astype(int)
    begun = np.floor(lead * rng.uniform(0.1, 0.5, count)).astype(int)
    start, end = working_day(asked, begun), working_day(asked, lead)
    stop = working_day(start, (lead - begun) // 2)
    cancelled = frame["cancelled"].to_numpy() & (stop <= calendar.last_day)
    dropped = frame["refused"].to_numpy() | cancelled
    done = ~dropped & (end <= calendar.last_day)
    return frame.assign(
        promised_on=working_day(asked, target),
        work_from=start,
        work_to=np.where(cancelled, stop, end),
        state=np.select([frame["refused"], cancelled, done], ["refused", "cancelled", "delivered"], "open"),
        started_on=np.where(frame["refused"] | (start > calendar.last_day), _NO_DAY, start),
        delivered_on=np.where(done, end, _NO_DAY),
    )


def true_group_hours(catalogue: Catalogue) -> np.ndarray:
    """Service × group: the hours around which the work truly lies."""
    hours = catalogue.hours.copy()
    for service, (groups, _) in plan.MISFIT.items():
        row = list(catalogue.column("service_id")).index(service)
        hours[row] = np.array([h for h, _ in groups] + [groups[-1][0]] * (3 - len(groups)))
    return hours


def _work(rng: np.random.Generator, frame: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    count, harder = len(frame), plan.COMPLEXITY_HOURS * (frame["complexity"].to_numpy() - 3)
    bespoke = frame["bespoke"].to_numpy()
    standard = catalogue.hours[frame["service"], frame["quoted"]]
    planned = standard * np.exp(rng.normal(harder, 0.08, count)) * np.where(bespoke, 1.15, 1.0)
    middle = true_group_hours(catalogue)[frame["service"], frame["group"]]
    actual = middle * np.exp(rng.normal(harder, plan.TIER_SPREAD, count)) * np.where(bespoke, plan.BESPOKE_HOURS, 1.0)
    actual = actual * np.where(frame["reworked"], 1.25, 1.0) * (1 - plan.EFFICIENCY_GAIN) ** frame["quarter"].to_numpy()
    part = np.where(frame["state"] == "cancelled", rng.uniform(0.15, 0.6, count), 1.0)
    return frame.assign(planned_hours=np.maximum(np.round(planned, 2), 0.1), true_hours=actual * part)


def _seniors(rng: np.random.Generator, frame: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Senior people are planned for complex work; overruns then pull in more of them."""
    mix, names = catalogue.role_mix, list(catalogue.roles["name"])
    senior = catalogue.roles["senior"].to_numpy()
    weighty = (mix[:, senior].sum(axis=1) > 0) | (mix[:, names.index("Senior PMO consultant / coach")] > 0)
    scale = np.where(weighty, 1.0, 0.35)[frame["service"]]
    base = plan.SENIOR_BASE * scale + 0.3 * mix[:, senior].sum(axis=1)[frame["service"]]
    share = base + scale * rng.normal(plan.SENIOR_PER_COMPLEXITY * (frame["complexity"] - 3), plan.SENIOR_SPREAD)
    share = np.clip(share, 0, 0.65)
    overrun = np.log(frame["true_hours"] / frame["planned_hours"])
    actual = np.clip(share + 0.10 * overrun + rng.normal(0, 0.02, len(frame)), 0, 0.8)
    return frame.assign(
        planned_senior_hours=np.round(frame["planned_hours"] * share, 2),
        planned_senior_share=share,
        true_senior_share=np.where(share > 0, actual, 0.0),
    )


def _burden(rng: np.random.Generator, frame: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Approvals, documents and contacts: more where the service is process, fewer documents since forms were cut."""
    process = catalogue.column("process").astype(bool)[frame["service"]]
    forms = np.where(frame["quarter"] >= plan.FORMS_CUT_IN, 0.75, 1.0)
    hard, big = frame["complexity"] - 1, frame["quoted"]
    return frame.assign(
        approval_count=rng.poisson(np.where(process, 0.9 + 0.35 * hard, 0.2 + 0.05 * hard)),
        document_count=rng.poisson(np.where(process, 1.6 + 0.5 * big, 0.5 + 0.4 * big) * forms),
        touchpoint_count=1 + rng.poisson(0.6 + 0.5 * big + 0.3 * hard),
    )


def _outcome(
    rng: np.random.Generator, frame: pd.DataFrame, services: int, taste: np.random.Generator, customers: int
) -> pd.DataFrame:
    by_customer = taste.normal(0, plan.OUTCOME_CUSTOMER, customers)[frame["customer"]]
    by_service = taste.normal(0, 1.5, services)[frame["service"]]
    score = (
        plan.OUTCOME_BASE
        + plan.COMPLEXITY_EFFECT * (frame["complexity"] - 3)
        + plan.SENIOR_EFFECT * 10 * frame["planned_senior_share"]
        - 8.0 * frame["reworked"]
        + by_customer
        + by_service
        + rng.normal(0, plan.OUTCOME_SPREAD, len(frame))
    )
    recorded = (frame["state"] == "delivered") & (rng.random(len(frame)) < plan.OUTCOME_RECORDED_SHARE)
    return frame.assign(outcome_score=np.where(recorded, np.round(np.clip(score, 0, 100)), np.nan))


def _charge(frame: pd.DataFrame, catalogue: Catalogue, calendar: Calendar) -> pd.DataFrame:
    """The price of the size quoted on the day of the request; nothing for what policy requires."""
    rate = (catalogue.role_mix @ catalogue.roles["hourly_cost"].to_numpy())[frame["service"]]
    price = np.round(catalogue.hours[frame["service"], frame["quoted"]] * rate)
    price = price * (1 + catalogue.organisation["price_rise_share"]) ** price_year(calendar, frame["requested_on"])
    free = catalogue.column("mandated").astype(bool)[frame["service"]] | (frame["state"] != "delivered")
    return frame.assign(charged_cost=np.where(free, np.nan, np.round(price * np.where(frame["bespoke"], 1.2, 1.0), 2)))


def engagements_table(frame: pd.DataFrame, catalogue: Catalogue, customers: Customers, seed: int) -> pd.DataFrame:
    """The deliveries of a quarter as the contract's table, with the blanks that intake leaves."""
    rng = rng_for(seed, "blanks", int(frame["quarter"].iloc[0]) if len(frame) else 0)
    refused = (frame["state"] == "refused").to_numpy()
    tier = np.array(["self-service", "assisted", "full"])[frame["quoted"]]
    table = frame.assign(
        customer_id=customers.ids[frame["customer"]],
        service_id=catalogue.column("service_id")[frame["service"]],
        stage=np.array(catalogue.stages)[frame["stage"]],
        size_quoted=np.array(SIZES)[frame["quoted"]],
        tier=np.where(rng.random(len(frame)) < 0.1, "assisted", tier),
        reworked=frame["reworked"].where(frame["state"] == "delivered").astype("boolean"),
    )
    blanks = {"complexity": 0.03, "stage": 0.06, "size_quoted": 0.02, "promised_on": 0.04, "touchpoint_count": 0.05}
    for column, share in blanks.items():
        table[column] = table[column].mask(rng.random(len(table)) < share)
    for column in (
        "promised_on",
        "approval_count",
        "document_count",
        "touchpoint_count",
        "planned_hours",
        "planned_senior_hours",
    ):
        table[column] = table[column].mask(refused)
    return table
