"""What is on offer and who works: services, offerings, roles and capacity as tables."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo.catalogue import SIZES, Catalogue
from pmo_analysis.intake.demo.chance import Calendar
from pmo_analysis.intake.demo.demand import retired_in

CUSTOMER_STAFF, CUSTOMER_SENIOR = "Customer staff", "Customer senior"
_HOURS_PER_FTE = 455.0  # paid hours of a full-time equivalent in a quarter
_PRACTICAL = 0.8
_TIERS = ("self-service", "assisted", "full")


def price_year(calendar: Calendar, days: pd.Series | np.ndarray) -> np.ndarray:
    """How many January re-pricings lie between the first quarter and a day."""
    years = np.asarray(days).astype("datetime64[Y]").astype(int)
    return np.maximum(years - calendar.starts[0].astype("datetime64[Y]").astype(int), 0)


def price_days(calendar: Calendar) -> np.ndarray:
    """Days from which prices hold: before the first quarter, then each January."""
    first, last = (d.astype("datetime64[Y]") for d in (calendar.starts[0], calendar.last_day))
    return np.arange(first, last + 1).astype("datetime64[D]")


def services_table(catalogue: Catalogue, calendar: Calendar) -> pd.DataFrame:
    """The catalogue as the contract's table."""
    names = dict(zip(catalogue.categories["code"], catalogue.categories["name"], strict=True))
    table = catalogue.services.copy()
    opened = np.datetime64("2021-01-01") + (np.arange(len(table)) % 5 * 90).astype("timedelta64[D]")
    opened = np.minimum(opened, calendar.starts[0] - np.timedelta64(200, "D"))
    pipeline, retired = (table["status"] == s for s in ("pipeline", "retired"))
    ended = calendar.starts[retired_in(calendar)] - np.timedelta64(1, "D")
    none = np.datetime64("NaT", "D")
    return table.assign(
        target_categories=[";".join(names[c] for c in codes) for codes in table["targets"]],
        active_from_on=np.where(pipeline, none, opened),
        active_to_on=np.where(retired, ended, none),
    )


def offerings_table(catalogue: Catalogue, calendar: Calendar) -> pd.DataFrame:
    """Sizes of every service with hours and price; the price rises each January, the hours stay."""
    rate = catalogue.role_mix @ catalogue.roles["hourly_cost"].to_numpy()
    rise = 1 + catalogue.organisation["price_rise_share"]
    count = len(rate)
    frames = [
        pd.DataFrame(
            {
                "service_id": np.repeat(catalogue.column("service_id"), len(SIZES)),
                "size": np.tile(SIZES, count),
                "tier": np.tile(_TIERS, count),
                "standard_hours": catalogue.hours.ravel(),
                "customer_senior_hours": catalogue.customer_senior_hours.ravel(),
                "price_cost": np.round(np.round(catalogue.hours * rate[:, None]).ravel() * rise**year, 2),
                "valid_from_on": day,
            }
        )
        for year, day in enumerate(price_days(calendar))
    ]
    return pd.concat(frames, ignore_index=True)


def roles_table(catalogue: Catalogue, calendar: Calendar) -> pd.DataFrame:
    """Roles of the PMO and of its customers with a year's hourly cost; one role has none on record."""
    ours = catalogue.roles.rename(columns={"name": "role"})[["role", "senior", "hourly_cost"]].assign(side="pmo")
    theirs = pd.DataFrame(
        {
            "role": [CUSTOMER_STAFF, CUSTOMER_SENIOR],
            "senior": [False, True],
            "hourly_cost": [
                catalogue.organisation["customer_staff_rate"],
                catalogue.organisation["customer_senior_rate"],
            ],
            "side": "customer",
        }
    )
    roles = pd.concat([ours, theirs], ignore_index=True)
    rise = 1 + catalogue.organisation["price_rise_share"]
    years = [
        roles.assign(as_of_on=day, hourly_cost=np.round(roles["hourly_cost"] * rise**year, 2))
        for year, day in enumerate(price_days(calendar))
    ]
    table = pd.concat(years, ignore_index=True)
    return table.assign(hourly_cost=table["hourly_cost"].mask(table["role"] == "PPM tool specialist"))


def capacity_table(catalogue: Catalogue, calendar: Calendar, used_hours: pd.DataFrame) -> pd.DataFrame:
    """A role in a quarter, staffed so that each is used near its planned share; `used_hours`: role × quarter."""
    rise = 1 + catalogue.organisation["price_rise_share"]
    year = price_year(calendar, calendar.starts)
    parts = []
    roles = catalogue.roles[["name", "utilisation", "hourly_cost"]].to_numpy()
    for role, utilisation, hourly_cost in roles:
        used = used_hours.loc[role].to_numpy()
        # Staffing follows most of each quarter's need, but nobody hires to the hour.
        need = 0.25 * used.mean() + 0.75 * used
        fte = np.maximum(np.round(need / (utilisation * _HOURS_PER_FTE * _PRACTICAL), 1), 0.1)
        practical = np.round(fte * _HOURS_PER_FTE * _PRACTICAL, 1)
        parts.append(
            pd.DataFrame(
                {
                    "quarter": calendar.quarters,
                    "role": role,
                    "fte": fte,
                    "theoretical_hours": np.round(fte * _HOURS_PER_FTE, 1),
                    "practical_hours": practical,
                    "capacity_cost": np.round(practical * hourly_cost * rise**year, -1),
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["quarter", "role"], ignore_index=True)


def team_sizes(catalogue: Catalogue, mean_hours: np.ndarray) -> np.ndarray:
    """People per role for pseudonyms: at least two, of senior roles, which are shared part-time, three."""
    least = np.where(catalogue.roles["senior"], 3, 2)
    return np.maximum(least, np.ceil(mean_hours / (_HOURS_PER_FTE * _PRACTICAL * 0.7)).astype(int))
