"""What customers say: surveys that the happy and the angry answer, and the needs they state."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo import plan
from pmo_analysis.intake.demo.catalogue import Catalogue
from pmo_analysis.intake.demo.chance import Calendar, rng_for
from pmo_analysis.intake.demo.customers import Customers

# Question: scale, middle answer, spread, share of deliveries or people asked.
QUESTIONS = {
    "nps": (0, 10, 7.3, 1.9),
    "csat": (1, 5, 3.8, 0.8),
    "ces": (1, 7, 5.0, 1.1),
    "worth": (1, 5, 3.4, 0.9),
}
_ASKED_SHARE = 0.6  # of deliveries followed by csat and ces
_WARY = plan.SEGMENTS.index("needs little")  # they doubt most that it is worth what it costs them
_DAY = np.timedelta64(1, "D")


def ask_customers(
    delivered: pd.DataFrame, calendar: Calendar, customers: Customers, quarter: int, *, seed: int
) -> pd.DataFrame:
    """Everybody invited in a quarter: customer, question, true score, whether answered, and when."""
    rng = rng_for(seed, "survey", quarter)
    mood = _mood(delivered, customers, quarter)
    after = _after_delivery(rng, delivered, calendar, quarter)
    general = _in_general(rng, customers, calendar, quarter)
    rows = pd.concat([after, general], ignore_index=True)
    latent = mood[rows["customer"]] + rng.normal(0, 1, len(rows))
    latent = latent - np.where(rows["question"] == "worth", 0.25 * rows["wary"], 0)
    rows["true_score"] = _on_scale(rows["question"], latent)
    chance = 0.10 + 0.13 * (latent > 1.0) + 0.20 * (latent < -1.1)
    draw = np.where(rows["engagement_id"].isna(), rng.random(len(rows)), rows["draw"])
    return rows.assign(answered=draw < chance, quarter=calendar.quarters[quarter])


def _mood(delivered: pd.DataFrame, customers: Customers, quarter: int) -> np.ndarray:
    """How content each customer is: its segment, late deliveries and rework of the quarter."""
    late = (delivered["delivered_on"] > delivered["promised_on"]).to_numpy(float) + delivered["reworked"].to_numpy(
        float
    )
    size = len(customers.ids)
    count = np.bincount(delivered["customer"], minlength=size)
    trouble = np.bincount(delivered["customer"], late, size) / np.maximum(count, 1)
    lasting = (customers.liking.mean(axis=1) - 1.1) * 0.5
    return plan.SATISFACTION[customers.segment[:, quarter]] + lasting - 0.9 * (trouble - 0.27) + 0.012 * quarter


def _after_delivery(
    rng: np.random.Generator, delivered: pd.DataFrame, calendar: Calendar, quarter: int
) -> pd.DataFrame:
    asked = delivered[rng.random(len(delivered)) < _ASKED_SHARE]
    day = asked["delivered_on"].to_numpy().astype("datetime64[D]") + rng.integers(1, 12, len(asked)) * _DAY
    one = pd.DataFrame(
        {
            "customer": asked["customer"].to_numpy(),
            "engagement_id": asked["engagement_id"].to_numpy(),
            "answered_on": np.minimum(day, calendar.ends[quarter]),
            "draw": rng.random(len(asked)),  # whoever answers one question answers the other
            "wary": 0.0,
        }
    )
    return pd.concat([one.assign(question=q) for q in ("csat", "ces")], ignore_index=True)


def _in_general(rng: np.random.Generator, customers: Customers, calendar: Calendar, quarter: int) -> pd.DataFrame:
    who = np.flatnonzero(customers.active(quarter))
    head = customers.table["headcount_count"].fillna(20).to_numpy()[who]
    people = np.repeat(who, 2 + rng.poisson(np.clip(np.sqrt(head) / 3, 0.5, 4)))
    span = int((calendar.ends[quarter] - calendar.starts[quarter]) / _DAY)
    one = pd.DataFrame(
        {
            "customer": people,
            "engagement_id": None,
            "answered_on": calendar.ends[quarter] - rng.integers(0, min(span, 35), len(people)) * _DAY,
            "draw": np.nan,
            "wary": (customers.segment[people, quarter] == _WARY).astype(float),
        }
    )
    return pd.concat([one.assign(question=q) for q in ("nps", "worth")], ignore_index=True)


def _on_scale(question: pd.Series, latent: np.ndarray) -> np.ndarray:
    low, high, middle, spread = np.array([QUESTIONS[q] for q in question]).reshape(-1, 4).T
    return np.clip(np.round(middle + spread * latent), low, high)


def survey_table(asked: pd.DataFrame, customers: Customers) -> pd.DataFrame:
    """The answers that came in; the others stay unknown."""
    answers = asked[asked["answered"]].reset_index(drop=True)
    answers = answers.sort_values(
        ["answered_on", "customer", "question", "engagement_id", "true_score"], kind="stable", ignore_index=True
    )
    width = max(5, len(str(len(answers))))
    person = answers["customer"].astype(str).str.zfill(4)
    turn = answers.groupby("customer").cumcount() % 5 + 1
    return answers.assign(
        response_id=[f"R{i:0{width}d}" for i in range(1, len(answers) + 1)],
        customer_id=customers.ids[answers["customer"]],
        score=answers["true_score"],
        respondent_id="A" + person + "-" + turn.astype(str),
    )


def invitations_table(asked: pd.DataFrame, customers: Customers) -> pd.DataFrame:
    """How many were asked, per quarter, customer and question."""
    counts = asked.groupby(["quarter", "customer", "question"]).size().reset_index(name="invited_count")
    return counts.assign(customer_id=customers.ids[counts["customer"]])


def needs_table(catalogue: Catalogue, calendar: Calendar, customers: Customers, seed: int) -> pd.DataFrame:
    """What customers say they need, asked at the start and once a year; seven in ten answer, some leave a family out."""
    rng = rng_for(seed, "needs")
    parts = []
    yearly = list(range(calendar.count - 1, -1, -4))
    for quarter in yearly + [0] * (0 not in yearly):
        who = np.flatnonzero(customers.active(quarter) & (rng.random(len(customers.ids)) < 0.7))
        stated = plan.IMPORTANCE[customers.segment[who, quarter]]
        stated = np.clip(np.round(stated + rng.normal(0, plan.IMPORTANCE_SPREAD, stated.shape)), 1, 5)
        row, family = np.nonzero(rng.random(stated.shape) < 0.95)
        first = np.maximum(calendar.starts[quarter], customers.joined_on[who])
        day = np.minimum(first + rng.integers(0, 40, len(who)) * _DAY, calendar.ends[quarter])
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": customers.ids[who[row]],
                    "family": np.array(catalogue.families)[family],
                    "importance": stated[row, family],
                    "asked_on": day[row],
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["asked_on", "customer_id", "family"], ignore_index=True)
