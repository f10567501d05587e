"""The invented organisation at any size: made house by house and written to Parquet, in memory that does not grow.

A house is an organisation of up to a thousand customers, made exactly as the small one is. All share the catalogue, the
segments' liking for services and the true effects; each has customers, projects and people of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.intake.demo import offer
from pmo_analysis.intake.demo.build import Tables, each_quarter, fill_world, make_world, shape
from pmo_analysis.intake.demo.catalogue import read_catalogue
from pmo_analysis.intake.demo.chance import Calendar, rng_for
from pmo_analysis.intake.demo.demand import nobody_asked, request_rates
from pmo_analysis.intake.demo.effort import Habit, count_bookings
from pmo_analysis.intake.demo.parquet import TableFiles, in_house, to_arrow
from pmo_analysis.intake.demo.write import settings_text

HOUSE = 1_000  # customers made at a time: what memory is bounded by
_COMMON = ("services", "offerings", "roles", "decisions", "capacity")
_PLANTED = ("segments", "movers", "affinity", "tiers", "senior_effect")
_REQUESTS, _BOOKINGS = 44, 4  # engagements a customer and bookings an engagement, where nothing else is asked for
_PILOT = 150  # customers on whom the fineness of bookings is tried out
_STEPS, _MOST = 30, 60
_VOLUME = (0.05, 40.0)  # requests as a multiple of what the catalogue is meant for
# What a row takes on disk, as measured, with the pieces that stand beside the whole while it is put together.
_BYTES = {"engagements": 70, "effort": 24, "customers": 6_000}
_SPARE = 1.3


@dataclass(frozen=True)
class Amount:
    """How much is to be made; engagements and effort are met to within about two in a hundred."""

    customers: int
    engagements: int
    effort: int
    quarters: int = 12
    seed: int = 0
    last_quarter: str = "2026Q3"

    @classmethod
    def of(cls, customers: int, engagements: int | None, effort: int | None, **more: Any) -> Amount:
        """An amount of which one may be left open: it is then as in the small organisation, or as fine as asked."""
        work = engagements or (effort // _BOOKINGS if effort else _REQUESTS * customers)
        return cls(customers, work, effort or _BOOKINGS * work, **more)


@dataclass(frozen=True, eq=False)
class Streamed:
    """Where it was written, and the rows of each table."""

    folder: Path
    rows: dict[str, int]


def stream_demo(
    folder: str | Path,
    amount: Amount,
    *,
    truth: str | Path | None = None,
    replace: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> Streamed:
    """Writes the organisation as Parquet, one file per table and oldest quarter first, and its `settings.toml`.

    It is made in a scratch folder beside and put in place in one step: whole or not at all. What was planted goes to
    the folder `truth`, if one is named: segments, movers, affinity (mean over the houses), tiers, senior_effect.
    Raises SettingError where the numbers make no sense, InputError where the folder is taken or the disk too small.
    """
    target = Path(folder)
    if not replace and target.exists() and (target.is_file() or any(target.iterdir())):
        raise InputError(f"{target} is not empty. Name another folder, or say --replace to take its place.")
    volume, habit = plan_houses(amount)
    target.parent.mkdir(parents=True, exist_ok=True)
    require_room(amount, target.parent)
    scratch = target.with_name(f".{target.name}.building-{os.getpid()}")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        rows = _write(scratch, amount, volume, habit, Path(truth) if truth else None, say)
        _put_in_place(scratch, target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Streamed(target, rows)


def plan_houses(amount: Amount) -> tuple[float, Habit]:
    """The volume of requests and the fineness of bookings that give about the amount; SettingError where none does."""
    _require_sense(amount)
    world = make_world(min(amount.customers, HOUSE), amount.quarters, amount.seed, amount.last_quarter)
    nobody = nobody_asked(world.demand)
    usual = sum(request_rates(world.demand, quarter, nobody).sum() for quarter in range(amount.quarters))
    volume = amount.engagements / amount.customers / (usual / len(world.customers.ids))
    if not _VOLUME[0] <= volume <= _VOLUME[1]:
        low, high = (round(usual / len(world.customers.ids) * v * amount.customers) for v in _VOLUME)
        raise SettingError(
            f"{amount.engagements:,} engagements are not to be had of {amount.customers:,} customers in {amount.quarters} "
            f"quarters. Ask for {low:,} to {high:,}, or for another number of customers."
        )
    return volume, _find_habit(amount, volume)


def _require_sense(amount: Amount) -> None:
    if min(amount.customers, amount.quarters) < 1 or amount.customers < 20:
        raise SettingError(
            f"customers={amount.customers}, quarters={amount.quarters}: at least 20 customers and 1 quarter."
        )
    if amount.effort < amount.engagements:
        raise SettingError(
            f"{amount.effort:,} rows of effort for {amount.engagements:,} engagements: each takes several bookings. "
            "Ask for more effort or fewer engagements."
        )


def _find_habit(amount: Amount, volume: float) -> Habit:
    """How many hours go into a booking, so that the rows of effort come out as asked; found on a few customers."""
    pilot = min(amount.customers, _PILOT)
    world = make_world(pilot, amount.quarters, amount.seed, amount.last_quarter, volume=volume)
    made = [frame for frame, _ in each_quarter(world)]
    per, work = amount.effort / amount.engagements, max(sum(map(len, made)), 1)
    count = count_bookings(made, world.catalogue, world.calendar, world.customers)

    def rows_per(hours: float) -> float:
        return count(Habit(hours, _MOST)) / work

    low, high = np.log(0.02), np.log(60.0)
    if not (least := rows_per(np.exp(high))) <= per <= (most := rows_per(np.exp(low))):
        raise SettingError(
            f"{amount.effort:,} rows of effort are {per:.1f} an engagement; the invented organisation books between "
            f"{least:.1f} and {most:.1f}. Ask for {least * amount.engagements:,.0f} to {most * amount.engagements:,.0f}."
        )
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rows_per(np.exp(middle)) > per else (low, middle)
    return Habit(float(np.exp(high)), _MOST)


def require_room(amount: Amount, place: Path) -> None:
    """InputError where the disk has less room than the files will take while they are made."""
    needed = _SPARE * sum(_BYTES[name] * getattr(amount, name) for name in _BYTES)
    free = shutil.disk_usage(place).free
    if needed > free:
        raise InputError(
            f"This takes about {needed / 1e9:.1f} GB while it is made, and {place} has {free / 1e9:.1f} GB left. "
            "Free some space, name a folder on another disk, or ask for less."
        )


def _write(
    scratch: Path, amount: Amount, volume: float, habit: Habit, truth: Path | None, say: Callable[[str], None]
) -> dict[str, int]:
    calendar = Calendar(amount.last_quarter, amount.quarters)
    used, planted = 0.0, TableFiles(truth) if truth else None
    with TableFiles(scratch, calendar) as files:
        for house, (tables, told, hours) in enumerate(_houses(amount, volume, habit)):
            for name in [n for n in tables if n not in _COMMON]:
                files.add(name, in_house(to_arrow(name, tables[name]), house))
            _keep_planted(planted, told, house)
            used = used + hours
            say(f"house {house + 1} of {_count_houses(amount)}: {files.rows['effort']:,} rows of effort")
        tables["capacity"] = offer.capacity_table(read_catalogue(), calendar, used)
        for name in _COMMON:
            files.add(name, to_arrow(name, tables[name]))
        say("putting the quarters one after the other")
    if planted:
        planted.close()
    settings = settings_text(shape("capacity", tables["capacity"]))
    (scratch / "settings.toml").write_text(settings, "utf-8", newline="\n")
    return files.rows


def _houses(amount: Amount, volume: float, habit: Habit) -> Iterator[tuple[Tables, Tables, pd.DataFrame]]:
    """One organisation after the other: its tables, what was planted, and the hours used per role and quarter."""
    limits = np.linspace(0, amount.customers, _count_houses(amount) + 1).round().astype(int)
    for house, customers in enumerate(np.diff(limits)):
        seed = int(rng_for(amount.seed, "house", house).integers(2**32))
        world = make_world(
            int(customers), amount.quarters, seed, amount.last_quarter,
            liking_seed=amount.seed, volume=volume, habit=habit,
        )  # fmt: skip
        tables, planted, used = fill_world(world)
        tables["customers"] = tables["customers"].assign(name=tables["customers"]["name"] + f", house {house + 1}")
        yield tables, planted, used


def _count_houses(amount: Amount) -> int:
    return -(-amount.customers // HOUSE)


def _keep_planted(planted: TableFiles | None, told: Tables, house: int) -> None:
    if planted is None:
        return
    for name in _PLANTED if house == 0 else ("segments", "movers"):
        planted.add(name, in_house(to_arrow("", told[name]), house))


def _put_in_place(scratch: Path, target: Path) -> None:
    """The finished folder takes its place in one step; what was there before goes after."""
    aside = target.with_name(f".{target.name}.before-{os.getpid()}")
    if target.exists():
        target.rename(aside)
    scratch.rename(target)
    shutil.rmtree(aside, ignore_errors=True)
