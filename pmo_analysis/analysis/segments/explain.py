"""Why a customer is in its segment, and what alone would place it in the next best one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.segments.columns import as_float, as_text, check_customers
from pmo_analysis.analysis.segments.mixture import Mixture, Points, log_density
from pmo_analysis.analysis.segments.moves import lands_in, nearest_level, nearest_number
from pmo_analysis.analysis.segments.naming import call_feature, tell_value
from pmo_analysis.analysis.segments.scheme import assign_segments, encode, thaw_mixture
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.showing import show_result

REST = "size and spread of the segments"
_TOLD = 3


@dataclass(frozen=True, eq=False)
class CustomerReason:
    """Why one customer is in its segment.

    `reasons`: feature, value (missing where not known), segment_median, other_median (of the next best segment; the most
      used level where it is a choice), pull — the feature's part of the log-odds of its segment against the next best;
      with the last row, what the segments' sizes and spreads add, the pulls sum to those log-odds
    `moves`: feature, value, to_value — the nearest value of that feature alone, within the range that the scheme has
      seen, that would place the customer in the next best segment; missing where there is none
    `sentence`: both in plain words
    """

    customer_id: str
    segment: str
    second: str
    reasons: pd.DataFrame
    moves: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.reasons)


def explain_customer(values: pd.DataFrame, scheme: Mapping[str, Any], customer_id: str) -> CustomerReason:
    """Why this customer is in its segment rather than the next best, and what would move it.

    values: all customers (index customer_id, the scheme's columns), whose medians are shown beside the customer's own.
    Pulls: each choice adds the log-ratio of its level's chances. Of the numbers, −½(x−m)ᵀP(x−m) of each segment (m its
    mean, P the inverse of its covariance for the cells known) is a sum over features of −½(x−m)ⱼ[P(x−m)]ⱼ; a feature's
    pull is the difference of its two terms, so that what features share is split evenly between them. A missing cell is
    integrated out and pulls nothing. The last row holds the log-ratio of sizes and of determinants. A move of a missing
    cell starts at the segment's own median. InputError for an unknown customer, or where there is one group only.
    """
    members = assign_segments(values, scheme)
    if not pd.api.types.is_scalar(customer_id):
        raise InputError(f"Give one customer_id, not {customer_id!r}: each customer is explained on its own.")
    if customer_id not in members.index:
        raise InputError(f"There is no customer {customer_id!r} among these {len(members)}.")
    if len(scheme["segments"]) < 2:
        raise InputError("The scheme tells everybody as one group: there is nothing to be moved to.")
    own, second = str(members.loc[customer_id, "segment"]), str(members.loc[customer_id, "second"])
    row = check_customers(values.loc[[customer_id]])
    table = _medians(values, members["segment"], scheme, own, second).assign(value=_cells(row, scheme))
    ids = [s["segment"] for s in scheme["segments"]]
    point = encode(row, scheme["columns"])
    pulls = split_odds(point, thaw_mixture(scheme), ids.index(own), ids.index(second))
    reasons = _tell_reasons(table, pulls)
    moves = _moves(values, scheme, table, point, ids.index(second))
    return CustomerReason(
        str(customer_id), own, second, reasons, moves, _tell(members.loc[customer_id], reasons, moves, scheme)
    )


def split_odds(point: Points, mixture: Mixture, own: int, other: int) -> np.ndarray:
    """The log-odds of one group against another for one customer, per number, then per choice, then what is left."""
    numbers = _quadratic(point.numbers[0], mixture, own) - _quadratic(point.numbers[0], mixture, other)
    choices = [
        np.log(chances[own, code] / chances[other, code]) if code >= 0 else 0.0
        for chances, code in zip(mixture.chances, point.codes[0], strict=True)
    ]
    density = log_density(point, mixture)[0]
    parts = np.concatenate([numbers, choices])
    return np.append(parts, density[own] - density[other] - parts.sum())


def _quadratic(x: np.ndarray, mixture: Mixture, group: int) -> np.ndarray:
    """Terms, one per number, that sum to the exponent of a group's density; a missing cell has none."""
    seen = np.isfinite(x)
    apart = x[seen] - mixture.means[group][seen]
    terms = np.zeros(len(x))
    terms[seen] = -0.5 * apart * np.linalg.solve(mixture.covariances[group][np.ix_(seen, seen)], apart)
    return terms


def _ordered(scheme: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The scheme's columns, numbers first, as points hold them."""
    return sorted(scheme["columns"], key=lambda c: c["kind"] != "number")


def _cells(row: pd.DataFrame, scheme: Mapping[str, Any]) -> list[Any]:
    return [(as_float if c["kind"] == "number" else as_text)(row[c["name"]]).iloc[0] for c in _ordered(scheme)]


def _medians(
    values: pd.DataFrame, segment: pd.Series, scheme: Mapping[str, Any], own: str, second: str
) -> pd.DataFrame:
    rows = []
    for c in _ordered(scheme):
        column = values[c["name"]]
        parts = [column[(segment == s).to_numpy()] for s in (own, second)]
        rows.append((c["name"], *(_middle(p, c["kind"]) for p in parts)))
    return pd.DataFrame(rows, columns=["feature", "segment_median", "other_median"], dtype=object)


def _middle(column: pd.Series, kind: str) -> Any:
    """The median of a number, the most used level of a choice; missing where nothing is known."""
    if kind == "number":
        return float(as_float(column).median()) if column.notna().any() else np.nan
    text = as_text(column).dropna()
    return text.mode().iloc[0] if len(text) else np.nan


def _tell_reasons(table: pd.DataFrame, pulls: np.ndarray) -> pd.DataFrame:
    """Strongest pull first; what belongs to no feature last."""
    features = table.assign(pull=pulls[:-1])
    order = np.lexsort([features["feature"].to_numpy(dtype=str), -features["pull"].abs().to_numpy()])
    rest = pd.DataFrame({"feature": [REST], "pull": [pulls[-1]]})
    columns = ["feature", "value", "segment_median", "other_median", "pull"]
    return pd.concat([features.iloc[order], rest], ignore_index=True)[columns]


def _moves(
    values: pd.DataFrame, scheme: Mapping[str, Any], table: pd.DataFrame, point: Points, second: int
) -> pd.DataFrame:
    mixture, rows = thaw_mixture(scheme), []
    numbers = point.numbers.shape[1]
    for at, (c, cell) in enumerate(zip(_ordered(scheme), table.to_dict("records"), strict=True)):
        start = cell["segment_median"] if pd.isna(cell["value"]) else cell["value"]
        place = at if c["kind"] == "number" else at - numbers
        lands = lands_in(point, mixture, c, place, second)
        to_value: Any = (
            nearest_number(values[c["name"]], c, start, lands)
            if c["kind"] == "number"
            else nearest_level(c["levels"], start, mixture.chances[place][second], lands)
        )
        rows.append((c["name"], cell["value"], to_value))
    return pd.DataFrame(rows, columns=["feature", "value", "to_value"], dtype=object)


def _tell(member: pd.Series, reasons: pd.DataFrame, moves: pd.DataFrame, scheme: Mapping[str, Any]) -> str:
    names = {s["segment"]: s["name"] for s in scheme["segments"]}
    features = reasons.iloc[:-1]
    why = features[features["pull"] > 0].head(_TOLD)
    told = ", ".join(_compare(r) for r in why.to_dict("records")) or "its size more than any one feature"
    odds = f"{_tell_chance(member['confidence'])} against {_tell_chance(member['second_confidence'])}"
    first = f"In {member['segment']} ({names[member['segment']]}) rather than {member['second']} "
    first += f"({names[member['second']]}), {odds}, for: {told}."
    weight = dict(zip(features["feature"], features["pull"], strict=True))
    possible = moves.dropna(subset="to_value").sort_values("feature", key=lambda f: -f.map(weight))
    if possible.empty:
        return f"{first} No single feature within the range seen would move it to {member['second']}."
    steps = ", or ".join(_step(m) for m in possible.head(_TOLD).to_dict("records"))
    return f"{first} It would move to {member['second']} with {steps}."


def _tell_chance(chance: float) -> str:
    """A chance in per cent; none is told as certain."""
    return "over 99 %" if chance > 0.99 else "under 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"


def _compare(reason: Mapping[str, Any]) -> str:
    own, middle = (_show(reason[c], reason["feature"]) for c in ("value", "other_median"))
    return f"{call_feature(reason['feature'])} {own} (there {middle})"


def _step(move: Mapping[str, Any]) -> str:
    value = "" if pd.isna(move["value"]) else f" instead of {_show(move['value'], move['feature'])}"
    return f"{call_feature(move['feature'])} {_show(move['to_value'], move['feature'])}{value}"


def _show(value: Any, feature: str) -> str:
    if isinstance(value, str):
        return value
    return "not known" if pd.isna(value) else tell_value(float(value), feature)
