"""A panel of customers made comparable: checked, on the scheme's scales, without what changed for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.history.paths import Panel
from pmo_analysis.analysis.segments.mixture import Mixture, Points
from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.quarters import parse_quarter

KEYS = ["customer_id", "quarter"]
_POLISH = 3
_MOST_CHANGED = 0.10
_FEWEST_TO_TRIM = 40


def check_panel(values: pd.DataFrame) -> pd.DataFrame:
    """The panel sorted by customer and quarter; InputError for missing or blank keys, repeated rows, unknown quarters."""
    for key in KEYS:
        if key not in values:
            raise InputError(f"A history needs the column {key!r}: one row per customer and quarter.")
        if values[key].isna().any():
            raise InputError(f"{int(values[key].isna().sum())} rows have no {key}. Name it, or leave the rows out.")
    if values.empty:
        raise InputError("The history has no rows.")
    panel = values.assign(quarter=_read_quarters(values["quarter"]))
    repeated = panel.duplicated(KEYS)
    if repeated.any():
        row = panel[repeated].iloc[0]
        raise InputError(
            f"{int(repeated.sum())} rows repeat a customer and quarter (first: {row['customer_id']}, "
            f"{row['quarter']}). Give one row each."
        )
    if panel["customer_id"].dtype == object:
        panel["customer_id"] = panel["customer_id"].astype("str")
    return panel.sort_values(KEYS, ignore_index=True)


def _read_quarters(quarter: pd.Series) -> pd.Series:
    text = quarter.astype("str")
    for told in text.unique():
        try:
            parse_quarter(told)
        except SettingError as error:
            rows = int((text == told).sum())
            raise InputError(f"Column 'quarter', {rows} rows: {error}") from error
    return text


def typical_customers(panel: pd.DataFrame) -> pd.DataFrame:
    """What a scheme is cut on: each steady customer's median over the quarters, or its most frequent text.

    The tenth whose numbers changed most from the first half to the second is left out, since who moved lies between
    two segments and would be taken for a segment of its own.
    """
    steady = panel[~panel["customer_id"].isin(_most_changed(panel))]
    grouped = steady.drop(columns="quarter").groupby("customer_id")
    numbers = grouped.median(numeric_only=True)
    texts = [c for c in panel.columns.drop(KEYS) if c not in numbers]
    return numbers.join([grouped[c].agg(lambda s: s.mode().iloc[0] if s.notna().any() else None) for c in texts])


def _most_changed(panel: pd.DataFrame) -> pd.Index:
    numbers = panel.drop(columns=KEYS).select_dtypes("number")
    quarters = sorted(panel["quarter"].unique())
    if len(quarters) < 4 or panel["customer_id"].nunique() < _FEWEST_TO_TRIM or numbers.empty:
        return pd.Index([])
    rank = numbers.groupby(panel["quarter"]).rank(pct=True)
    late = panel["quarter"] >= quarters[len(quarters) // 2]
    halves = [rank[side].groupby(panel.loc[side, "customer_id"]).mean() for side in (~late, late)]
    change = ((halves[1] - halves[0]) ** 2).sum(axis=1).sort_index()
    return change.index[change > change.quantile(1 - _MOST_CHANGED)]


def level_scores(score: pd.Series, customer: np.ndarray, quarter: np.ndarray) -> pd.Series:
    """A feature's scores less what changed for everybody in a quarter (Tukey's median polish)."""
    level = score
    for _ in range(_POLISH):
        own = level.groupby(customer).transform("median")
        level = level - (level - own).groupby(quarter).transform("median").fillna(0.0)
    return level


def stack_panel(
    panel: pd.DataFrame, scores: pd.DataFrame, points: Points, mixture: Mixture, windows: np.ndarray
) -> Panel:
    """Customers × quarters × features without what changed for everybody, gaps missing."""
    at = (_codes(panel["customer_id"]), _codes(panel["quarter"]))
    shape = (at[0].max() + 1, at[1].max() + 1)
    cube = np.full((*shape, scores.shape[1]), np.nan)
    for j, feature in enumerate(scores):
        cube[(*at, j)] = level_scores(scores[feature], *at)
    chance = np.zeros((*shape, len(mixture.weights)))
    for j, chances in enumerate(mixture.chances):
        chance[at] += _log_chances(points.codes[:, j], chances, panel)
    return Panel(cube, chance, windows)


def _codes(keys: pd.Series) -> np.ndarray:
    return pd.factorize(keys, sort=True)[0]


def _log_chances(codes: np.ndarray, chances: np.ndarray, panel: pd.DataFrame) -> np.ndarray:
    """Log chance of each row's level per segment, weighed down where a customer's level simply lasts.

    A level that every customer keeps says once what it says; without the weight it would say so every quarter.
    """
    known = codes >= 0
    told = np.zeros((len(codes), len(chances)))
    told[known] = np.log(chances[:, codes[known]]).T
    same_customer = panel["customer_id"].to_numpy()[1:] == panel["customer_id"].to_numpy()[:-1]
    pair = same_customer & known[1:] & known[:-1]
    if not pair.any():
        return told
    likely = told.argmax(axis=1)[1:][pair]
    by_chance = (chances**2).sum(axis=1)[likely].mean()
    kept = np.clip(((codes[1:] == codes[:-1])[pair].mean() - by_chance) / max(1 - by_chance, 1e-9), 0, 1)
    return told / (1 + kept * (panel["quarter"].nunique() - 1))


def encode_numbers(points: Points, columns: list[Mapping[str, Any]]) -> pd.DataFrame:
    """The scheme's numbers by name."""
    return pd.DataFrame(points.numbers, columns=[c["name"] for c in columns if c["kind"] == "number"], copy=False)
