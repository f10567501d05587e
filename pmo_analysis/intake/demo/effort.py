"""Hours booked: spread over the days of a delivery, by role and side, with the gaps that teams leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo import plan
from pmo_analysis.intake.demo.catalogue import Catalogue
from pmo_analysis.intake.demo.chance import Calendar, leave_blank, random_days, rng_for, working_day
from pmo_analysis.intake.demo.customers import Customers
from pmo_analysis.intake.demo.offer import CUSTOMER_SENIOR, CUSTOMER_STAFF, team_sizes

_GENERAL_SHARE = 0.10  # of a role's hours that belong to no engagement
_GENERAL_ROWS = 0.9  # such bookings per customer and quarter
COLUMNS = [
    "worked_on",
    "worked_hours",
    "role",
    "engagement_id",
    "project_id",
    "customer_id",
    "activity",
    "side",
    "person_id",
]


@dataclass(frozen=True)
class Habit:
    """How finely people book: hours they put into one booking, and the most bookings of a role on a delivery."""

    hours: float = 9.0
    most: int = 8


def book_hours(
    frame: pd.DataFrame,
    catalogue: Catalogue,
    calendar: Calendar,
    customers: Customers,
    *,
    seed: int,
    habit: Habit = Habit(),
) -> pd.DataFrame:
    """All bookings on the engagements requested in one quarter, nothing later than the last day."""
    quarter = int(frame["quarter"].iloc[0]) if len(frame) else 0
    rng = rng_for(seed, "effort", quarter)
    worked = frame[frame["state"] != "refused"]
    ours = _spread(rng, _by_role(worked, catalogue), habit)
    ours["person_id"] = _people(rng, ours["role_number"], catalogue, len(customers.ids))
    own = _of_customers(rng, worked, catalogue, rng_for(seed, "bookkeeping"), len(customers.ids))
    theirs = _spread(rng, own, habit)
    general = _general(rng, catalogue, calendar, customers, worked, quarter)
    rows = pd.concat([ours, theirs.assign(person_id=None), general], ignore_index=True)
    rows["worked_hours"] = np.maximum(np.round(rows["worked_hours"], 2), 0.01)
    rows["activity"] = _activity(rng, rows)
    rows = rows[rows["worked_on"] <= calendar.last_day]
    return rows.sort_values(
        ["worked_on", "engagement_id", "customer_id", "project_id", "role", "worked_hours"],
        kind="stable",
        ignore_index=True,
    )[COLUMNS]


def count_bookings(
    frames: list[pd.DataFrame], catalogue: Catalogue, calendar: Calendar, customers: Customers
) -> Callable[[Habit], float]:
    """How many bookings a habit makes of some quarters' deliveries, about: without chance, so that it is quick to ask."""
    own = rng_for(0, "bookkeeping")
    pieces = [_by_role(f, catalogue) for f in (f[f["state"] != "refused"] for f in frames)]
    pieces += [_of_customers(own, f[f["state"] != "refused"], catalogue, own, len(customers.ids)) for f in frames]
    rows = pd.concat(pieces)
    first, last = (rows[c].to_numpy().astype("datetime64[D]") for c in ("first", "last"))
    days = np.maximum(np.busday_count(first, last), 0) + 1
    kept = np.clip((calendar.last_day - first).astype(int) + 1, 0, None) / np.maximum((last - first).astype(int) + 1, 1)
    hours, kept = rows["hours"].to_numpy(), np.minimum(kept, 1.0)
    general = round(_GENERAL_ROWS * len(customers.ids)) * len(frames)

    def count(habit: Habit) -> float:
        parts = np.clip(np.ceil(hours / habit.hours), 1, np.minimum(days, habit.most))
        return float((parts * kept).sum()) + general

    return count


def _by_role(frame: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Hours per engagement and role: the senior share goes to senior roles, the rest to the others."""
    senior = catalogue.roles["senior"].to_numpy()
    mix = catalogue.role_mix[frame["service"]]
    usual = np.where(senior, mix, 0.0)
    # Services planned without senior people borrow them from the manager, seldom from the head.
    usual[usual.sum(axis=1) == 0] = np.where(senior, np.cumsum(senior) == 1, 0.0)
    lead = usual / usual.sum(axis=1, keepdims=True)
    rest = np.where(senior, 0.0, mix)
    rest = rest / rest.sum(axis=1, keepdims=True)
    share = frame["true_senior_share"].to_numpy()[:, None]
    hours = frame["true_hours"].to_numpy()[:, None] * (share * lead + (1 - share) * rest)
    row, role = np.nonzero(hours > 0.02)
    names = catalogue.roles["name"].to_numpy()
    return _rows(frame, row, hours[row, role], names[role], "pmo", catalogue).assign(role_number=role)


def _rows(
    frame: pd.DataFrame, row: np.ndarray, hours: np.ndarray, role: np.ndarray, side: str, catalogue: Catalogue
) -> pd.DataFrame:
    part = frame.iloc[row]
    return pd.DataFrame(
        {
            "engagement_id": part["engagement_id"].to_numpy(),
            "project_id": part["project_id"].to_numpy(),
            "customer_id": None,
            "first": part["work_from"].to_numpy().astype("datetime64[D]"),
            "last": part["work_to"].to_numpy().astype("datetime64[D]"),
            "hours": hours,
            "role": role,
            "side": side,
            "process": catalogue.column("process").astype(bool)[part["service"]],
        }
    )


def _of_customers(
    rng: np.random.Generator, frame: pd.DataFrame, catalogue: Catalogue, habit: np.random.Generator, customers: int
) -> pd.DataFrame:
    """Hours that customers book themselves; about a third of them never do."""
    books = (habit.random(customers) < 0.65)[frame["customer"]]
    asked = catalogue.customer_senior_hours[frame["service"], frame["quoted"]]
    senior = asked * rng.lognormal(0, 0.4, len(frame)) * (books & (rng.random(len(frame)) < 0.75))
    process = catalogue.column("process").astype(bool)[frame["service"]]
    staff = frame["true_hours"].to_numpy() * np.where(process, 0.45, 0.22) * rng.lognormal(0, 0.4, len(frame))
    staff = staff * (books & (rng.random(len(frame)) < 0.55))
    hours = np.stack([staff, senior], axis=1)
    row, role = np.nonzero(hours > 0.05)
    return _rows(frame, row, hours[row, role], np.array([CUSTOMER_STAFF, CUSTOMER_SENIOR])[role], "customer", catalogue)


def _spread(rng: np.random.Generator, frame: pd.DataFrame, habit: Habit) -> pd.DataFrame:
    """One row per booking: hours cut into even parts with some jitter, over the working days of the delivery."""
    first, last = (frame[c].to_numpy().astype("datetime64[D]") for c in ("first", "last"))
    days = np.maximum(np.busday_count(first, last), 0)
    parts = np.clip(np.ceil(frame["hours"].to_numpy() / habit.hours), 1, np.minimum(days + 1, habit.most))
    parts = parts.astype(int)
    rows = np.repeat(np.arange(len(frame)), parts)
    turn = np.arange(len(rows)) - np.repeat(np.cumsum(parts) - parts, parts)
    weight = rng.uniform(0.6, 1.4, len(rows))
    total = np.bincount(rows, weight, len(frame))
    later = np.floor((turn + rng.random(len(rows))) / parts[rows] * (days[rows] + 1)).astype(int)
    booked = frame.iloc[rows].reset_index(drop=True)
    return booked.assign(
        worked_hours=booked["hours"] * weight / total[rows],
        worked_on=working_day(first[rows], np.minimum(later, days[rows])),
    )


def _people(rng: np.random.Generator, role: pd.Series, catalogue: Catalogue, customers: int) -> np.ndarray:
    volume = catalogue.column("volume_per_quarter") * customers / 180
    mean = (volume * (catalogue.hours * catalogue.size_mix).sum(axis=1)) @ catalogue.role_mix
    size = team_sizes(catalogue, mean)
    first = np.cumsum(size) - size
    number = first[role] + np.floor(rng.random(len(role)) * size[role]).astype(int)
    return np.array([f"W{n:03d}" for n in range(int(size.sum()))], object)[number]


def _general(
    rng: np.random.Generator,
    catalogue: Catalogue,
    calendar: Calendar,
    customers: Customers,
    worked: pd.DataFrame,
    quarter: int,
) -> pd.DataFrame:
    """Hours on a customer or a project as a whole, with no engagement to put them on."""
    names = catalogue.roles["name"].to_numpy()
    share = np.array([0.08, 0.16, 0.07, 0.04, 0.15, 0.15, 0.35])  # the head mostly sees customers
    count = max(1, round(_GENERAL_ROWS * len(customers.ids))) if len(worked) else 0
    source = worked.iloc[rng.integers(0, max(len(worked), 1), count)]
    role = rng.choice(len(names), count, p=share)
    hours = _GENERAL_SHARE * worked["true_hours"].sum() * rng.dirichlet(np.full(count, 2.0)) if count else np.empty(0)
    by_project = source["project_id"].notna().to_numpy() & (rng.random(count) < 0.5)
    span = np.tile([calendar.starts[quarter], calendar.ends[quarter]], (count, 1))
    return pd.DataFrame(
        {
            "engagement_id": None,
            "project_id": leave_blank(source["project_id"], ~by_project),
            "customer_id": leave_blank(customers.ids[source["customer"]], by_project),
            "role": names[role],
            "side": "pmo",
            "process": False,
            "worked_hours": hours,
            "worked_on": random_days(rng, span[:, 0], span[:, 1]) if count else np.empty(0, "datetime64[D]"),
            "person_id": _people(rng, pd.Series(role), catalogue, len(customers.ids)),
        }
    )


def _activity(rng: np.random.Generator, rows: pd.DataFrame) -> np.ndarray:
    """Delivery or process as booked; one booking in eight leaves it to the catalogue."""
    draw = rng.random((2, len(rows)))
    process = draw[0] < np.where(rows["process"].to_numpy(bool), 0.85, 0.12)
    return leave_blank(np.where(process, "process", "delivery"), draw[1] < 0.125)


def missing_weeks(calendar: Calendar) -> pd.DataFrame:
    """Weeks in which a role booked nothing: role, first_on, last_on."""
    monday = calendar.last_day - np.timedelta64(int((calendar.last_day.astype(int) + 3) % 7), "D")
    rows = []
    for role, before, weeks in plan.MISSING_WEEKS:
        first = monday - np.timedelta64(7 * before, "D")
        rows.append((role, first, first + np.timedelta64(7 * weeks - 1, "D")))
    table = pd.DataFrame(rows, columns=["role", "first_on", "last_on"])
    return table[table["first_on"] >= pd.Timestamp(calendar.starts[0])].reset_index(drop=True)


def lose_weeks(effort: pd.DataFrame, calendar: Calendar) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The bookings without the missing weeks, and what was lost: role, first_on, last_on, lost_hours, lost_count."""
    gaps = missing_weeks(calendar)
    lost = [
        (effort["role"] == role) & effort["worked_on"].between(first, last)
        for role, first, last in zip(gaps["role"], gaps["first_on"], gaps["last_on"], strict=True)
    ]
    gaps["lost_hours"] = [float(effort.loc[rows, "worked_hours"].sum()) for rows in lost]
    gaps["lost_count"] = [int(rows.sum()) for rows in lost]
    keep = ~np.any(lost, axis=0) if lost else np.ones(len(effort), bool)
    return effort[keep].reset_index(drop=True), gaps
