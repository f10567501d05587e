"""The invented organisation put together, quarter by quarter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.tables import TABLE, TABLES
from pmo_analysis.intake.cast import DTYPE
from pmo_analysis.intake.demo import benefits as gains
from pmo_analysis.intake.demo import offer, truth, voices
from pmo_analysis.intake.demo.catalogue import Catalogue, read_catalogue
from pmo_analysis.intake.demo.chance import Calendar
from pmo_analysis.intake.demo.customers import Customers, make_customers
from pmo_analysis.intake.demo.decisions import decisions_table
from pmo_analysis.intake.demo.deliveries import deliver, engagements_table
from pmo_analysis.intake.demo.demand import Demand, draw_requests, nobody_asked, plan_demand, remember
from pmo_analysis.intake.demo.effort import Habit, book_hours, lose_weeks
from pmo_analysis.intake.demo.projects import ProjectIndex, make_projects, project_panel, projects_table

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class World:
    """What stands before the first request: catalogue, calendar, customers, projects and the demand planned."""

    catalogue: Catalogue
    calendar: Calendar
    customers: Customers
    demand: Demand
    projects: pd.DataFrame
    panel: pd.DataFrame
    seed: int
    habit: Habit = field(default_factory=Habit)


def make_demo(
    *, customers: int = 180, quarters: int = 12, seed: int = 0, last_quarter: str = "2026Q3"
) -> tuple[Tables, Tables]:
    """An invented organisation: its thirteen tables by contract name, and what was planted in them.

    The truth's tables are segments, affinity, tiers, movers, senior_effect, benefits, projects, survey,
    missing_weeks and next_requests; `truth.py` lists their columns. Raises SettingError on sizes that make no sense.
    """
    if customers < 1 or quarters < 1:
        raise SettingError(f"customers={customers}, quarters={quarters}: both must be at least 1.")
    tables, planted, used = fill_world(make_world(customers, quarters, seed, last_quarter))
    tables["capacity"] = offer.capacity_table(read_catalogue(), Calendar(last_quarter, quarters), used)
    return {name: shape(name, tables[name]) for name in (t.name for t in TABLES)}, planted


def fill_world(world: World) -> tuple[Tables, Tables, pd.DataFrame]:
    """The world's tables but for the capacity, what was planted, and the hours used per role and quarter."""
    made, last_asked = _deliveries(world)
    effort, gaps, used = _effort(world, made)
    asked = _survey(world, pd.concat(made, ignore_index=True))
    gain = gains.make_benefits(world.calendar, world.projects, world.panel, world.seed)
    tables = _tables(world, made, asked, gain) | {"effort": effort}
    return tables, _truth(world, last_asked, asked, gain, gaps), used


def make_world(
    customers: int,
    quarters: int,
    seed: int,
    last_quarter: str,
    *,
    liking_seed: int | None = None,
    volume: float = 1.0,
    habit: Habit | None = None,
) -> World:
    """Everything that does not depend on what is asked for.

    `liking_seed`: of the segments' liking for services, where it is another than that of all else; `volume`: requests
    as a multiple of the catalogue's; `habit`: how finely hours are booked.
    """
    catalogue, calendar = read_catalogue(), Calendar(last_quarter, quarters)
    people = make_customers(catalogue, calendar, customers, seed)
    projects = make_projects(catalogue, calendar, people, seed)
    panel = project_panel(calendar, projects, seed)
    demand = plan_demand(catalogue, calendar, people, seed if liking_seed is None else liking_seed, volume=volume)
    return World(catalogue, calendar, people, demand, projects, panel, seed, habit or Habit())


def each_quarter(world: World) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
    """The deliveries requested in one quarter after another, and who had asked for what by then."""
    last_asked = nobody_asked(world.demand)
    index = ProjectIndex(world.panel, world.catalogue.stages)
    for quarter in range(world.calendar.count):
        requests = draw_requests(world.demand, quarter, last_asked, world.seed)
        last_asked = remember(last_asked, requests, quarter)
        yield deliver(requests, world.catalogue, world.calendar, world.customers, index, seed=world.seed), last_asked


def _deliveries(world: World) -> tuple[list[pd.DataFrame], np.ndarray]:
    made, last_asked = [], nobody_asked(world.demand)
    for frame, asked in each_quarter(world):
        made.append(frame)
        last_asked = asked
    return made, last_asked


def _effort(world: World, made: list[pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Bookings as they were kept, the weeks lost, and the hours truly used per role and quarter."""
    parts = [
        book_hours(f, world.catalogue, world.calendar, world.customers, seed=world.seed, habit=world.habit)
        for f in made
    ]
    effort = pd.concat(parts, ignore_index=True)
    quarter = world.calendar.number_of(effort["worked_on"].to_numpy().astype("datetime64[D]"))
    used = effort.groupby(["role", quarter])["worked_hours"].sum().unstack(fill_value=0)
    used = used.reindex(index=world.catalogue.roles["name"], columns=range(world.calendar.count), fill_value=0.0)
    kept, gaps = lose_weeks(effort, world.calendar)
    order = ["worked_on", "engagement_id", "customer_id", "project_id", "role", "worked_hours"]
    return kept.sort_values(order, kind="stable", ignore_index=True), gaps, used


def _survey(world: World, made: pd.DataFrame) -> pd.DataFrame:
    done = made[made["state"] == "delivered"]
    quarter = world.calendar.number_of(done["delivered_on"].to_numpy().astype("datetime64[D]"))
    return pd.concat(
        [
            voices.ask_customers(done[quarter == q], world.calendar, world.customers, q, seed=world.seed)
            for q in range(world.calendar.count)
        ],
        ignore_index=True,
    )


def _tables(world: World, made: list[pd.DataFrame], asked: pd.DataFrame, gain: pd.DataFrame) -> Tables:
    catalogue, calendar, customers = world.catalogue, world.calendar, world.customers
    kept = [engagements_table(f, catalogue, customers, world.seed) for f in made]
    return {
        "customers": customers.table,
        "services": offer.services_table(catalogue, calendar),
        "offerings": offer.offerings_table(catalogue, calendar),
        "engagements": pd.concat(kept, ignore_index=True),
        "roles": offer.roles_table(catalogue, calendar),
        "projects": projects_table(world.panel, customers),
        "benefits": gains.benefits_table(calendar, gain),
        "survey": voices.survey_table(asked, customers),
        "survey_invitations": voices.invitations_table(asked, customers),
        "needs": voices.needs_table(catalogue, calendar, customers, world.seed),
        "decisions": decisions_table(calendar),
    }


def _truth(world: World, last_asked: np.ndarray, asked: pd.DataFrame, gain: pd.DataFrame, gaps: pd.DataFrame) -> Tables:
    return {
        "segments": truth.segments_truth(world.calendar, world.customers),
        "affinity": truth.affinity_truth(world.demand, last_asked),
        "tiers": truth.tiers_truth(world.catalogue),
        "movers": truth.movers_truth(world.calendar, world.customers),
        "senior_effect": truth.senior_truth(),
        "benefits": truth.benefits_truth(gain),
        "projects": truth.projects_truth(world.projects),
        "survey": truth.survey_truth(asked),
        "missing_weeks": gaps,
        "next_requests": truth.next_requests_truth(world.demand, last_asked),
    }


def shape(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """A table with the contract's columns that it has, in order and type, money and hours to two decimals."""
    columns = [c for c in TABLE[name].columns if c.name in frame]
    typed = frame[[c.name for c in columns]].astype({c.name: DTYPE[c.kind] for c in columns})
    return typed.round({c.name: 2 for c in columns if c.kind in ("number", "money")}).reset_index(drop=True)
