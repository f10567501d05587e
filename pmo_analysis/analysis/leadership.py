"""Leading well: what decisions did, what was promised, and whether customers come back. The PMO as a whole, never a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import censored_quantile, difference_interval, median_interval, share_estimate
from pmo_analysis.contract.calendar import working_days
from pmo_analysis.contract.quarters import quarter_end, quarter_of, quarter_start, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

COMMITMENTS = {
    "promises_kept_share": ("Promises kept", "_share", "higher"),
    "promised_days": ("Working days promised, the middle one", "_days", "lower"),
    "response_days": ("Working days until work begins, the middle one", "_days", "lower"),
    "asked_again_share": ("Customers of the look-back that asked again", "_share", "higher"),
    "refused_share": ("Requests refused", "_share", "lower"),
}


@dataclass(frozen=True, eq=False)
class Leadership:
    """Whether last quarters' decisions worked and commitments were kept.

    decisions: decision_id, quarter, text, decider, due_on, measure, expected_effect, observed_effect, low, high,
        verdict (worked / did not work / not clear / too early / not measured), observed_from (decision log / run
        chart), n. Newest first.
    commitments: figure, title, value, low, high, n, unit, better. Read in pairs: promises kept beside the days
        promised, response beside requests refused, so that neither can be improved by worsening the other unseen.
    """

    decisions: pd.DataFrame
    commitments: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        said = pd.DataFrame({"": [self.sentence]}).to_html(index=False, header=False)
        return said + self.decisions.to_html(index=False)


def review_leadership(
    data: Dataset, quarter: str, settings: Settings | None = None, *, run_chart: pd.DataFrame | None = None
) -> Leadership:
    """Whether the decisions of earlier quarters did what they were expected to, and whether promises were kept.

    `run_chart`: measure, quarter, value, low, high, n; where a decision names one of its measures and the log has no
    observed effect, the change since the decision's quarter is judged. A decision worked when at least half of the
    expected effect was seen (and its interval, where there is one, excludes none at all); it did not work when
    nothing or the opposite was seen (with an interval: when half is ruled out); between them it is not clear.
    """
    settings = settings or data.settings
    data = data if data.known_at == quarter else data.as_of(quarter, settings["fiscal_year_end_month"])
    decisions = _judge(data.frame("decisions"), quarter, run_chart, settings)
    commitments = _commitments(data.frame("engagements"), quarter, settings)
    return Leadership(decisions, commitments, _tell(decisions, commitments))


def _judge(log: pd.DataFrame, quarter: str, run_chart: pd.DataFrame | None, settings: Settings) -> pd.DataFrame:
    month = settings["fiscal_year_end_month"]
    rows = log[(log["state"] != "dropped") | log["state"].isna()].drop_duplicates("decision_id").copy()
    due = [
        quarter_of(d.date(), month) if pd.notna(d) else shift_quarter(q, 1)
        for d, q in zip(rows["due_on"], rows["quarter"], strict=True)
    ]
    seen = _seen_in_chart(rows, due, quarter, run_chart)
    logged = rows["observed_effect"].notna()
    rows["observed_from"] = np.select([logged, seen["value"].notna()], ["decision log", "run chart"], default="")
    rows["observed_effect"] = rows["observed_effect"].fillna(seen["value"])
    rows["low"], rows["high"] = seen["low"].where(~logged), seen["high"].where(~logged)
    rows["n"] = seen["n"].where(~logged)
    early = pd.Series(
        [d > quarter or q >= quarter for d, q in zip(due, rows["quarter"], strict=True)], index=rows.index
    )
    rows["verdict"] = _verdict(rows, early)
    columns = [
        "decision_id",
        "quarter",
        "text",
        "decider",
        "due_on",
        "measure",
        "expected_effect",
        "observed_effect",
        "low",
        "high",
        "verdict",
        "observed_from",
        "n",
    ]
    ordered = rows.sort_values(["quarter", "decision_id"], ascending=[False, True], ignore_index=True)
    return ordered[columns].astype({"observed_from": "str"})


def _seen_in_chart(rows: pd.DataFrame, due: list[str], quarter: str, run_chart: pd.DataFrame | None) -> pd.DataFrame:
    """The change of each decision's measure from its quarter to the one in which it was due (missing if not charted)."""
    empty = pd.DataFrame({c: pd.Series(np.nan, rows.index) for c in ("value", "low", "high", "n")})
    if run_chart is None or run_chart.empty or rows.empty:
        return empty
    chart = run_chart.set_index(["measure", "quarter"])[["value", "low", "high", "n"]]
    ends = [d if d <= quarter else quarter for d in due]
    now = chart.reindex(pd.MultiIndex.from_arrays([rows["measure"], ends])).set_axis(rows.index)
    before = chart.reindex(pd.MultiIndex.from_arrays([rows["measure"], rows["quarter"]])).set_axis(rows.index)
    change = pd.DataFrame(difference_interval(now, before), index=rows.index)
    return change.where(pd.Series(ends, rows.index) > rows["quarter"])


def _verdict(rows: pd.DataFrame, early: pd.Series) -> pd.Series:
    """In words; shares of the expected effect, so that the sign of what was wanted does not matter."""
    expected = rows["expected_effect"].where(rows["expected_effect"] != 0)
    reached = rows["observed_effect"] / expected
    ends = pd.concat([rows["low"] / expected, rows["high"] / expected], axis=1)
    low, high = ends.min(axis=1, skipna=False).fillna(reached), ends.max(axis=1, skipna=False).fillna(reached)
    ranged = rows["low"].notna()
    worked = (reached >= 0.5) & (low > 0)
    failed = ((high < 0.5) & ranged) | ((reached <= 0) & ~ranged)
    logged = rows["observed_from"] == "decision log"
    words = np.select(
        [early & ~logged, reached.isna() | ((rows["observed_from"] == "run chart") & ~ranged), worked, failed],
        ["too early", "not measured", "worked", "did not work"],
        default="not clear",
    )
    return pd.Series(words, rows.index, dtype="str")


def _commitments(engagements: pd.DataFrame, quarter: str, settings: Settings) -> pd.DataFrame:
    month, least, level = settings["fiscal_year_end_month"], settings["minimum_estimate"], settings["interval_level"]
    first, last = pd.Timestamp(quarter_start(quarter, month)), pd.Timestamp(quarter_end(quarter, month))
    taken = engagements[~engagements["state"].isin(["cancelled", "refused"])]
    due = taken[taken["promised_on"].between(first, last)]
    asked = engagements[engagements["requested_on"].between(first, last)]
    begun = asked[~asked["state"].isin(["cancelled", "refused"])]
    waited = working_days(begun["requested_on"], begun["started_on"].fillna(last), settings)
    known = engagements["started_on"].notna().any()
    back, before = _asked_again(engagements, quarter, settings)
    told = {
        "promises_kept_share": share_estimate(
            (due["delivered_on"] <= due["promised_on"]).sum(), len(due), level=level, minimum=least
        ),
        "promised_days": median_interval(
            working_days(asked["requested_on"], asked["promised_on"], settings), level=level, minimum=least
        ),
        "response_days": censored_quantile(
            waited[: len(waited) * known],
            begun["started_on"].notna()[: len(waited) * known],
            level=level,
            minimum=least,
        ),
        "asked_again_share": share_estimate(back, before, level=level, minimum=least),
        "refused_share": share_estimate((asked["state"] == "refused").sum(), len(asked), level=level, minimum=least),
    }
    rows = [
        (figure, COMMITMENTS[figure][0], e["value"], e["low"], e["high"], e["n"], *COMMITMENTS[figure][1:])
        for figure, e in told.items()
        if e["n"] > 0
    ]
    return pd.DataFrame(rows, columns=["figure", "title", "value", "low", "high", "n", "unit", "better"])


def _asked_again(engagements: pd.DataFrame, quarter: str, settings: Settings) -> tuple[int, int]:
    """Customers that asked in the look-back before the quarter, and how many of them asked again in it."""
    month = settings["fiscal_year_end_month"]
    start, end = pd.Timestamp(quarter_start(quarter, month)), pd.Timestamp(quarter_end(quarter, month))
    earliest = pd.Timestamp(quarter_start(shift_quarter(quarter, -settings["look_back_quarters"]), month))
    asked = engagements["requested_on"].fillna(engagements["started_on"])
    before = set(engagements.loc[(asked >= earliest) & (asked < start), "customer_id"])
    now = set(engagements.loc[asked.between(start, end), "customer_id"])
    return len(before & now), len(before)


def _tell(decisions: pd.DataFrame, commitments: pd.DataFrame) -> str:
    judged = decisions["verdict"].value_counts()
    if decisions.empty:
        told = "No decisions table: whether earlier decisions worked is not known."
    else:
        parts = [
            f"{judged[v]} {v}"
            for v in ("worked", "did not work", "not clear", "too early", "not measured")
            if v in judged
        ]
        told = f"Of {len(decisions)} decisions: {', '.join(parts)}."
    kept = commitments[commitments["figure"] == "promises_kept_share"]
    if kept.empty:
        return told + " Promises kept are not known (engagements.promised_on is empty for the quarter)."
    return (
        told
        + f" {100 * kept['value'].iloc[0]:.0f} % of {int(kept['n'].iloc[0])} promises due in the quarter were kept."
    )
