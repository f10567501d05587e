"""Projects of the customers as a panel: what was known of each at every quarter's end."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo import plan
from pmo_analysis.intake.demo.catalogue import Catalogue
from pmo_analysis.intake.demo.chance import Calendar, leave_blank, rng_for
from pmo_analysis.intake.demo.customers import Customers
from pmo_analysis.intake.demo.names import project_names

# A project is known as an idea so long before it starts.
_IDEA_BEFORE_START = np.timedelta64(170, "D")
# Projects approved per customer in twenty quarters, by category.
_PER_CUSTOMER = {"EXE": 3.0, "FIN": 1.5, "BU": 6.0, "IT": 5.5, "PM": 7.0, "OPM": 2.4, "DPMO": 2.0, "SPO": 3.2}
_EARLIEST = -8  # quarters before the first in which a project may have started
_DAYS = 91.3125


def make_projects(catalogue: Catalogue, calendar: Calendar, customers: Customers, seed: int) -> pd.DataFrame:
    """One row per project: plan, and how it truly ends (`cost_ratio`, `finish_on`, `stopped`)."""
    rng = rng_for(seed, "projects")
    rate = catalogue.categories["code"].map(_PER_CUSTOMER).to_numpy()[customers.category]
    owner = np.repeat(np.arange(len(rate)), rng.poisson(rate * (calendar.count - _EARLIEST) / 20))
    frame = _approve(rng, calendar, customers, owner)
    frame = _finish(rng, frame)
    frame = frame[(frame["finish_on"] >= calendar.starts[0]) & _while_customer(calendar, customers, frame)]
    frame = frame.sort_values(["start_on", "owner"], kind="stable", ignore_index=True)
    width = max(4, len(str(len(frame))))
    frame["project_id"] = [f"P{i:0{width}d}" for i in range(1, len(frame) + 1)]
    frame["name"] = project_names(len(frame), rng)
    return frame


def _approve(rng: np.random.Generator, calendar: Calendar, customers: Customers, owner: np.ndarray) -> pd.DataFrame:
    count = len(owner)
    origin = calendar.start_of(_EARLIEST)
    window = int((calendar.last_day - origin).astype(int)) + 120
    start = origin + rng.integers(0, window, count).astype("timedelta64[D]")
    duration = np.round(_DAYS * (1.2 + rng.gamma(3.0, 0.9, count)))
    segment = customers.segment[owner, np.clip(calendar.number_of(start), 0, calendar.count - 1)]
    return pd.DataFrame(
        {
            "owner": owner,
            "start_on": start,
            "planned_days": duration,
            "planned_finish_on": start + duration.astype("timedelta64[D]"),
            "planned_cost": np.round(rng.lognormal(np.log(150_000), 0.9, count), -3) + 5_000,
            "complexity": np.clip(np.round(rng.normal(plan.COMPLEXITY[segment], 0.9)), 1, 5),
            "strategic": rng.random(count) < plan.STRATEGIC_SHARE,
            "earned_value_kept": rng.random(count) < 0.75,
        }
    )


def _finish(rng: np.random.Generator, frame: pd.DataFrame) -> pd.DataFrame:
    """Cost and time at the end: 18 % severe with a fat tail, the others close to plan."""
    count = len(frame)
    severe = _spread_severe(rng, frame)
    tail = np.minimum(1.5 * (1 - rng.random(count)) ** (-1 / plan.SEVERE_TAIL) + 0.005, plan.SEVERE_CAP)
    usual = np.minimum(plan.USUAL_MEDIAN * rng.lognormal(0, plan.USUAL_SPREAD, count), 1.49)
    ratio = np.where(severe, tail, usual)
    slip = rng.lognormal(0.05, 0.17, count) + 0.06 * np.clip(ratio - 1, 0, 3)
    stopped = rng.random(count) < plan.STOPPED_SHARE
    reached = np.where(stopped, rng.uniform(0.2, 0.8, count), 1.0)
    days = np.round(frame["planned_days"].to_numpy() * slip)
    end = frame["start_on"].to_numpy().astype("datetime64[D]") + np.round(days * reached).astype("timedelta64[D]")
    return frame.assign(cost_ratio=ratio, true_days=days, stopped=stopped, reached=reached, finish_on=end)


def _spread_severe(rng: np.random.Generator, frame: pd.DataFrame) -> np.ndarray:
    """Which projects run far over: evenly among those due to finish one after the other, so every year has its share."""
    order = np.argsort(frame["planned_finish_on"].to_numpy(), kind="stable")
    severe = np.zeros(len(frame), bool)
    severe[order] = np.diff(np.floor((np.arange(len(frame) + 1) + rng.random()) * plan.SEVERE_SHARE)) > 0
    return severe


def _while_customer(calendar: Calendar, customers: Customers, frame: pd.DataFrame) -> np.ndarray:
    owner = frame["owner"].to_numpy()
    left = customers.left_on[owner]
    before_leaving = np.isnat(left) | (frame["finish_on"].to_numpy().astype("datetime64[D]") <= left)
    idea_on = frame["start_on"].to_numpy().astype("datetime64[D]") - _IDEA_BEFORE_START
    return before_leaving & (idea_on >= customers.joined_on[owner])


def project_panel(calendar: Calendar, projects: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per project and quarter's end, from its idea to a year after its close."""
    rng = rng_for(seed, "project panel")
    first = np.maximum(
        calendar.number_of(projects["start_on"].to_numpy().astype("datetime64[D]") - _IDEA_BEFORE_START), 0
    )
    end = calendar.number_of(projects["finish_on"].to_numpy().astype("datetime64[D]"))
    last = np.minimum(np.where(projects["stopped"], end, end + 4), calendar.count - 1)
    length = np.maximum(last - first + 1, 0)
    rows = np.repeat(np.arange(len(projects)), length)
    quarter = np.arange(len(rows)) - np.repeat(np.cumsum(length) - length, length) + first[rows]
    panel = projects.iloc[rows].reset_index(drop=True).assign(quarter=quarter, as_of_on=calendar.ends[quarter])
    panel = _progress(panel)
    return _forecast(rng, panel)


def _progress(panel: pd.DataFrame) -> pd.DataFrame:
    since = (panel["as_of_on"] - panel["start_on"]).dt.days.to_numpy()
    done = np.clip(since / panel["true_days"].to_numpy(), 0, panel["reached"].to_numpy())
    ended = (panel["finish_on"] <= panel["as_of_on"]).to_numpy()
    status = np.where(ended, np.where(panel["stopped"], "stopped", "closed"), "running")
    after = (panel["as_of_on"] - panel["finish_on"]).dt.days.to_numpy()
    stage = np.select(
        [since < -85, since < 0, (status == "closed") & (after > 60), done < 0.2, done < 0.85],
        ["idea", "business case", "benefits", "planning", "delivery"],
        "closing",
    )
    return panel.assign(
        since=since, done=np.where(ended, panel["reached"], done), ended=ended, status=status, stage=stage
    )


def _forecast(rng: np.random.Generator, panel: pd.DataFrame) -> pd.DataFrame:
    planned, ratio, done = (panel[c].to_numpy(float) for c in ("planned_cost", "cost_ratio", "done"))
    spent = planned * ratio * _s_curve(done)
    guess = planned * (1 + (ratio - 1) * done**1.2) * rng.lognormal(0, 0.03, len(panel))
    ended = panel["ended"].to_numpy()
    earned = planned * np.where(panel["status"] == "closed", 1.0, _s_curve(done))
    due = np.clip(panel["since"].to_numpy() / panel["planned_days"].to_numpy(), 0, 1)
    known = panel["earned_value_kept"].to_numpy() & (panel["since"].to_numpy() >= 0)
    late = (panel["finish_on"] - panel["planned_finish_on"]).dt.days.to_numpy() * done**0.8
    finish = panel["planned_finish_on"].to_numpy().astype("datetime64[D]") + np.round(late).astype("timedelta64[D]")
    today, end = (panel[c].to_numpy().astype("datetime64[D]") for c in ("as_of_on", "finish_on"))
    return panel.assign(
        actual_finish_on=np.where(ended, end, np.datetime64("NaT", "D")),
        forecast_finish_on=np.where(ended, end, np.maximum(finish, today + np.timedelta64(7, "D"))),
        actual_cost=spent,
        forecast_cost=np.where(ended, spent, np.maximum(guess, spent)),
        planned_value_cost=np.where(known, planned * _s_curve(due), np.nan),
        earned_value_cost=np.where(known, earned, np.nan),
    )


def _s_curve(share: np.ndarray) -> np.ndarray:
    return share**2 * (3 - 2 * share)


def projects_table(panel: pd.DataFrame, customers: Customers) -> pd.DataFrame:
    """The panel as the contract's table."""
    return panel.assign(customer_id=customers.ids[panel["owner"]], planned_start_on=panel["start_on"])


class ProjectIndex:
    """Finds a project of a customer that is in a given stage at some time in a given quarter."""

    def __init__(self, panel: pd.DataFrame, stages: tuple[str, ...]) -> None:
        open_rows = panel[panel["status"] != "stopped"]
        stage = open_rows["stage"].map({s: i for i, s in enumerate(stages)}).to_numpy()
        owner, quarter, ids = (open_rows[c].to_numpy() for c in ("owner", "quarter", "project_id"))
        # A quarter begins in the stage in which the one before ended.
        key = np.concatenate([self._key(owner, quarter, stage), self._key(owner, quarter + 1, stage)])
        order = np.argsort(key, kind="stable")
        self._keys, self._ids = key[order], np.concatenate([ids, ids])[order]

    @staticmethod
    def _key(owner: np.ndarray, quarter: np.ndarray | int, stage: np.ndarray) -> np.ndarray:
        return (owner.astype(np.int64) * 1000 + quarter) * 10 + stage

    def find(self, rng: np.random.Generator, owner: np.ndarray, quarter: int, stage: np.ndarray) -> np.ndarray:
        """A project per row, drawn among those that fit; None where none does."""
        key = self._key(owner, quarter, stage)
        low, high = np.searchsorted(self._keys, key), np.searchsorted(self._keys, key, side="right")
        pick = low + np.floor(rng.random(len(key)) * (high - low)).astype(int)
        found = high > low
        if not len(self._ids):
            return np.full(len(key), None, object)
        return leave_blank(self._ids[np.where(found, pick, 0)], ~found)
