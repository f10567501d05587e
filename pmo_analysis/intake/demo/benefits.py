"""Benefits of the projects: planned by all, measured by few, confirmed by fewer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.intake.demo import plan
from pmo_analysis.intake.demo.chance import Calendar, rng_for

_KINDS = ("cash saving", "cost avoidance", "revenue", "risk", "service", "compliance")
_KIND_SHARES = (0.28, 0.20, 0.20, 0.12, 0.14, 0.06)


def make_benefits(calendar: Calendar, projects: pd.DataFrame, panel: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per benefit: what is planned, what truly comes, and whether and when anybody measures it."""
    rng = rng_for(seed, "benefits")
    known = projects[projects["project_id"].isin(panel["project_id"])]
    each = np.where(rng.random(len(known)) < 0.88, 1 + rng.binomial(2, 0.35, len(known)), 0)
    frame = known.loc[known.index.repeat(each)].reset_index(drop=True)
    count = len(frame)
    total = frame["planned_cost"] * rng.lognormal(np.log(1.5), 0.5, count) / np.repeat(each, each)
    delay = rng.integers(30, 420, count).astype("timedelta64[D]")
    width = max(4, len(str(count)))
    return frame.assign(
        benefit_id=[f"B{i:0{width}d}" for i in range(1, count + 1)],
        kind=rng.choice(_KINDS, count, p=_KIND_SHARES),
        planned_benefit=np.round(total, -2),
        due_on=frame["planned_finish_on"].to_numpy().astype("datetime64[D]") + delay,
        true_ratio=plan.REALISED_MEDIAN * rng.lognormal(0, plan.REALISED_SPREAD, count),
        measured=(rng.random(count) < plan.BENEFIT_MEASURED_SHARE / (1 - plan.STOPPED_SHARE)) & ~frame["stopped"],
        confirmed_too=rng.random(count) < plan.BENEFIT_CONFIRMED_SHARE,
        first_known=panel.groupby("project_id")["quarter"].min().reindex(frame["project_id"]).to_numpy(),
    )


def benefits_table(calendar: Calendar, benefits: pd.DataFrame) -> pd.DataFrame:
    """What was known of each benefit on a day: entered, then measured, then confirmed."""
    end = np.maximum(benefits["due_on"].to_numpy(), benefits["finish_on"].to_numpy()).astype("datetime64[D]")
    seen = np.maximum(calendar.number_of(end), benefits["first_known"].to_numpy() + 1)
    entered = benefits.assign(quarter=benefits["first_known"], realised_benefit=np.nan, confirmed=False)
    realised = np.round(benefits["planned_benefit"] * benefits["true_ratio"], -2)
    measured = benefits.assign(quarter=seen, realised_benefit=realised, confirmed=False)[benefits["measured"]]
    confirmed = measured.assign(quarter=measured["quarter"] + 1, confirmed=True)[measured["confirmed_too"]]
    rows = pd.concat([entered, measured, confirmed], ignore_index=True)
    rows = rows[rows["quarter"] < calendar.count]
    return rows.assign(as_of_on=calendar.ends[rows["quarter"].to_numpy(int)])
