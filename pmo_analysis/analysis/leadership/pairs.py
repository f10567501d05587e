"""Measures in pairs, so that none is improved by worsening another unseen."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.estimates import difference_interval, tell_direction
from pmo_analysis.analysis.leadership.commitments import COMMITMENTS

# A measure that can be made to look good, its counterweight, and how the one buys the other.
PAIRS = (
    ("promises_kept_share", "promised_days", "Later dates are easier to keep"),
    ("response_days", "refused_share", "Whoever refuses more begins sooner on the rest"),
    ("first_time_right_share", "approval_count", "More approvals before delivery mean fewer repairs after it"),
    ("productivity_ratio", "first_time_right_share", "Hurried work is done twice"),
    ("unit_cost", "own_hours", "Work is cheaper where the customer does it"),
    ("process_hours_share", "promises_kept_share", "Process left out may be missed later"),
    ("benefit_realised_share", "benefit_measured_share", "Measuring only what went well looks like success"),
    ("stopped_share", "unspent_at_stop_share", "Stopping late and often saves little"),
)
COLUMNS = [
    "measure",
    "title",
    "value",
    "change",
    "change_low",
    "change_high",
    "direction",
    "counterweight",
    "counter_title",
    "counter_value",
    "counter_change",
    "counter_low",
    "counter_high",
    "counter_direction",
    "against",
    "warning",
    "sentence",
]
_COUNTER = ("counterweight", "counter_title", "counter_value", "counter_change", "counter_low", "counter_high")


def tell_pairs(chart: pd.DataFrame, definitions: pd.DataFrame, quarter: str, before: str) -> pd.DataFrame:
    """Each pair of which both measures can be told, both changes, and a warning where one was bought with the other.

    `chart`: measure, quarter, value, low, high, n; `definitions`: measure, title, better. `warning` is true where one of
    the two is clearly better (of projects stopped: higher) and the other clearly worse, by the interval of its difference.
    """
    turns = _tell_turns(chart, definitions, quarter, before)
    rows = [
        {**turns.loc[one].to_dict(), "measure": one, **_as_counter(turns.loc[other]), "why": why}
        for one, other, why in PAIRS
        if one in turns.index and other in turns.index
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS[:-3], "why"])
    # “higher” without being better (more projects stopped) may look good too.
    ways = table["direction"].astype("str") + " " + table["counter_direction"].astype("str")
    table = table.assign(against=before, warning=ways.isin(["better worse", "worse better", "higher worse"]))
    table["sentence"] = [_say(row, before) for row in table.to_dict("records")]
    return table[COLUMNS].astype({"sentence": "str", "against": "str"})


def _tell_turns(chart: pd.DataFrame, definitions: pd.DataFrame, quarter: str, before: str) -> pd.DataFrame:
    """By measure: title, value, change, change_low, change_high, direction."""
    told = definitions.drop_duplicates("measure").set_index("measure")[["title", "better"]]
    own = pd.DataFrame(COMMITMENTS, index=["title", "unit", "better"]).T[["title", "better"]]
    told = pd.concat([own, told[~told.index.isin(own.index)]])
    now, was = (
        chart[chart["quarter"] == q].drop_duplicates("measure").set_index("measure")[["value", "low", "high", "n"]]
        for q in (quarter, before)
    )
    now = now[now["value"].notna() & now.index.isin(told.index)]
    change = pd.DataFrame(difference_interval(now, was.reindex(now.index)), index=now.index)
    direction = tell_direction(change["low"], change["high"], told["better"].reindex(now.index))
    return pd.DataFrame(
        {
            "title": told["title"].reindex(now.index),
            "value": now["value"],
            "change": change["value"],
            "change_low": change["low"],
            "change_high": change["high"],
            "direction": direction,
        }
    )


def _as_counter(turn: pd.Series) -> dict[str, object]:
    values = (turn.name, *turn[["title", "value", "change", "change_low", "change_high"]])
    return {**dict(zip(_COUNTER, values, strict=True)), "counter_direction": turn["direction"]}


def _say(row: dict[str, object], before: str) -> str:
    if "not estimable" in (row["direction"], row["counter_direction"]):
        return f"{row['why']}: the change since {before} is not estimable."
    if not row["warning"]:
        return f"{row['why']}: not seen since {before}."
    one = f"“{row['title']}” is clearly {row['direction']}"
    other = f"“{row['counter_title']}” clearly {row['counter_direction']}"
    return f"{row['why']}: since {before} {one} and {other}."
