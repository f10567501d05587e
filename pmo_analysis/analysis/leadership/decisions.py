"""What earlier decisions did: the quarters since beside the quarters before, beyond what quarters stray anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import Estimate, difference_interval
from pmo_analysis.analysis.leadership.charted import average_quarters, ordinary_change
from pmo_analysis.analysis.leadership.elsewhere import compare_elsewhere, find_scope, is_ratio
from pmo_analysis.contract.quarters import quarter_of, quarter_start, quarters_between, shift_quarter
from pmo_analysis.contract.settings import Settings

WORKED, FAILED, UNCLEAR = "worked", "did not work", "not clear"
EARLY, REPORTED, UNMEASURED = "too early", "reported, not measured", "not measured"
VERDICTS = (WORKED, FAILED, UNCLEAR, EARLY, REPORTED, UNMEASURED)
_NO_GROUPS = pd.DataFrame({"customer_id": [], "category": [], "segment": []}, dtype="str")
_FIGURES = ["observed_effect", "low", "high", "n", "ordinary_change", "elsewhere_effect", "expected_effect"]
_TEXTS = ["scope", "observed_from", "verdict", "because"]
COLUMNS = [
    "decision_id",
    "quarter",
    "text",
    "decider",
    "due_on",
    "measure",
    "scope",
    "expected_effect",
    "reported_effect",
    "observed_effect",
    "low",
    "high",
    "n",
    "ordinary_change",
    "elsewhere_effect",
    "verdict",
    "observed_from",
    "because",
]


@dataclass(frozen=True, eq=False)
class Record:
    """What decisions are judged by; absent tables are None.

    chart: measure, quarter, value, low, high, n of the whole · better: measure → higher, lower or none ·
    rows: measure, quarter, customer_id, service_id, numerator, denominator · groups: customer_id, category, segment ·
    services: service_id, name · service_chart: as chart, by service_id
    """

    chart: pd.DataFrame | None = None
    better: Mapping[str, str] | None = None
    rows: pd.DataFrame | None = None
    groups: pd.DataFrame | None = None
    services: pd.DataFrame | None = None
    service_chart: pd.DataFrame | None = None

    def of(self, measure: object) -> pd.DataFrame:
        """The run chart of one measure; empty where it is not charted."""
        if self.chart is None:
            return pd.DataFrame(columns=["quarter", "value", "low", "high", "n"])
        return self.chart[self.chart["measure"] == measure]

    def of_service(self, measure: object, service: str) -> pd.DataFrame:
        """The run chart of one measure for one service; empty where it is not charted."""
        if self.service_chart is None:
            return pd.DataFrame(columns=["quarter", "value", "low", "high", "n"])
        chart = self.service_chart
        return chart[(chart["measure"] == measure) & (chart["service_id"] == service)]


def judge_decisions(log: pd.DataFrame, quarter: str, record: Record, settings: Settings) -> pd.DataFrame:
    """Each decision of the log that was not dropped, with what its measure did and a verdict, newest first.

    The mean of the whole quarters since it should work (at most the look-back) less that of the quarters up to the one
    in which it was taken; where the text names a category, segment or service, the change there less the change elsewhere.
    Worked: at least half of what was expected, and more than both the interval and what quarters stray anyway. Did not
    work: half of what was expected is ruled out. An effect that was only written into the log is reported, not measured.
    """
    rows = log[(log["state"] != "dropped") | log["state"].isna()].drop_duplicates("decision_id")
    told = [_judge(row, quarter, record, settings) for row in rows.to_dict("records")]
    table = pd.DataFrame(told, columns=COLUMNS).astype(dict.fromkeys(_TEXTS, "str"))
    table = table.astype({**dict.fromkeys(_FIGURES, "float64"), "due_on": "datetime64[ns]"})
    return table.sort_values(["quarter", "decision_id"], ascending=[False, True], ignore_index=True)


def _judge(row: dict[str, Any], quarter: str, record: Record, settings: Settings) -> dict[str, Any]:
    reported = float(row["observed_effect"]) if pd.notna(row["observed_effect"]) else np.nan
    nothing = dict.fromkeys(("observed_effect", "low", "high", "n", "ordinary_change", "elsewhere_effect"), np.nan)
    told = {**row, **nothing, "reported_effect": reported, "scope": "", "observed_from": ""}
    before, since = _quarters_around(row, quarter, settings)
    if not since:
        return told | {"verdict": EARLY, "because": "less than one whole quarter has passed since it should work"}
    seen = _observe(row, before, since, record, settings)
    # An interval, or the straying of other quarters, is what makes a difference a measurement.
    if np.isfinite(seen["low"]) and np.isfinite(seen["high"]):
        return told | seen | {"observed_from": "run chart"} | _verdict(row, seen, record)
    if np.isfinite(reported):
        why = "somebody wrote down what was seen; no interval backs it"
        return told | {
            "observed_effect": reported,
            "observed_from": "decision log",
            "verdict": REPORTED,
            "because": why,
        }
    return told | {"verdict": UNMEASURED, "because": "the run chart does not hold its measure on both sides"}


def _quarters_around(row: Mapping[str, Any], quarter: str, settings: Settings) -> tuple[list[str], list[str]]:
    """The quarters up to the one in which it was taken, and the whole ones since it should work (none = too early)."""
    month, back = settings["fiscal_year_end_month"], settings["look_back_quarters"]
    taken, due = str(row["quarter"]), row["due_on"]
    first = shift_quarter(taken, 2)
    if pd.notna(due):
        first = quarter_of(due.date(), month)
        first = first if quarter_start(first, month) == due.date() else shift_quarter(first, 1)
    first = max(first, shift_quarter(taken, 1))
    since = [q for q in quarters_between(first, quarter) if q <= quarter][:back]
    return quarters_between(shift_quarter(taken, 1 - back), taken), since


def _observe(
    row: Mapping[str, Any], before: list[str], since: list[str], record: Record, settings: Settings
) -> dict[str, Any]:
    """observed_effect, low, high, n, ordinary_change, elsewhere_effect and scope, as far as the tables give them."""
    level = settings["interval_level"]
    kind, key, name = _scope(row, record)
    aimed = _observe_in_scope(row, (kind, key), before, since, record, settings) if name else {}
    if aimed:
        return aimed | {"scope": name}
    own = record.of_service(row["measure"], key) if kind == "service" else pd.DataFrame()
    if len(own):
        return _observe_chart(own, before, since, level) | {"scope": name}
    return _observe_chart(record.of(row["measure"]), before, since, level)


def _scope(row: Mapping[str, Any], record: Record) -> tuple[str, str, str]:
    return find_scope(str(row["text"]), _NO_GROUPS if record.groups is None else record.groups, record.services)


def _observe_chart(chart: pd.DataFrame, before: list[str], since: list[str], level: float) -> dict[str, Any]:
    """What a run chart says on both sides of a decision."""
    now, was = average_quarters(chart, since), average_quarters(chart, before)
    change = difference_interval(now, was)
    strays = ordinary_change(chart, before, int(chart["quarter"].isin(since).sum()), level=level)
    exact = change["low"] == change["high"]  # a sum is counted, so only other quarters tell how far it strays
    if exact and not np.isfinite(strays):
        change = change | {"low": np.nan, "high": np.nan}
    elif exact:
        change = change | {"low": change["value"] - strays, "high": change["value"] + strays}
    return _seen(change, now["n"]) | {"ordinary_change": strays}


def _seen(change: Estimate, n: float) -> dict[str, Any]:
    seen = {"observed_effect": change["value"], "low": change["low"], "high": change["high"], "n": n}
    return {**seen, "ordinary_change": np.nan, "elsewhere_effect": np.nan}


def _observe_in_scope(
    row: Mapping[str, Any],
    scope: tuple[str, str],
    before: list[str],
    since: list[str],
    record: Record,
    settings: Settings,
) -> dict[str, Any]:
    """What changed where the decision was aimed (kind and key), beyond everybody else; empty where that cannot be told."""
    kind, key = scope
    if record.rows is None:
        return {}
    rows = record.rows[record.rows["measure"] == row["measure"]]
    if not is_ratio(rows, record.of(row["measure"])):
        return {}
    if kind == "service":
        inside = rows["service_id"] == key
    else:
        groups = _NO_GROUPS if record.groups is None else record.groups
        inside = rows["customer_id"].map(groups.drop_duplicates("customer_id").set_index("customer_id")[kind]) == key
    level, minimum = settings["interval_level"], settings["minimum_estimate"]
    change, there = compare_elsewhere(rows, inside, before, since, level=level, minimum=minimum)
    if not np.isfinite(change["low"]):
        return {}
    return _seen(change, change["n"]) | {"elsewhere_effect": there["value"]}


def _verdict(row: Mapping[str, Any], seen: Mapping[str, Any], record: Record) -> dict[str, str]:
    """In shares of the expected effect, so that the sign of what was wanted does not matter."""
    expected, known = _expected(row, record)
    if not expected:
        return {"verdict": UNCLEAR, "because": "neither the log nor the measure says which way it should go"}
    strays = np.nan_to_num(seen["ordinary_change"])
    value = seen["observed_effect"]
    ends = (min(seen["low"], value - strays) / expected, max(seen["high"], value + strays) / expected)
    least, most, half = min(ends), max(ends), 0.5 if known else 0.0
    if least > 0 and value / expected >= half:
        return {"verdict": WORKED, "because": "the change is clear" + (" and at least half of it" if known else "")}
    if most < half or most < 0:
        why = "half of what was expected is ruled out" if known else "it clearly went the other way"
        return {"verdict": FAILED, "because": why}
    inside = np.isfinite(seen["ordinary_change"]) and abs(value) <= strays
    why = "quarters stray as far without a decision" if inside else "the range holds both success and failure"
    return {"verdict": UNCLEAR, "because": why}


def _expected(row: Mapping[str, Any], record: Record) -> tuple[float, bool]:
    """What was expected and whether it was said; where not, the sign of what is better (0 = nobody says)."""
    expected = row["expected_effect"]
    if pd.notna(expected) and expected != 0:
        return float(expected), True
    better = (record.better or {}).get(str(row["measure"]), "none")
    return {"higher": 1.0, "lower": -1.0}.get(better, 0.0), False
