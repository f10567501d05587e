"""Earned value of projects, and TOPSIS beside the additive score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd

from pmo_analysis.contract.errors import InputError, SettingError

_EARNED = ("BAC", "PV", "EV", "AC")


def earned_value(tasks: pd.DataFrame) -> pd.DataFrame:
    """Where each task or project stands in money and time, rolled up as ratios of sums.

    `tasks`: BAC, PV, EV, AC (money), and optionally one more column that groups them. Adds CV, SV, CPI, SPI,
    EAC (BAC/CPI), ETC, VAC, TCPI (to stay within BAC). The roll-up, `all`, is the last row. Blank where a
    divisor is 0. Source: PMI, Practice Standard for Earned Value Management.
    """
    lacking = [name for name in _EARNED if name not in tasks]
    if lacking:
        raise InputError(f"earned_value needs the columns BAC, PV, EV and AC; {', '.join(lacking)} is missing.")
    others = [name for name in tasks if name not in _EARNED]
    by = others[0] if others else "task"
    rows = tasks.assign(**({} if others else {by: [str(i + 1) for i in range(len(tasks))]}))
    sums = rows.groupby(by, sort=False)[list(_EARNED)].sum(min_count=1).reset_index()
    whole = pd.DataFrame([{by: "all", **rows[list(_EARNED)].sum(min_count=1)}])
    table = pd.concat([sums.astype({by: "str"}), whole], ignore_index=True).astype(dict.fromkeys(_EARNED, "float64"))
    return _indices(table)


def _indices(table: pd.DataFrame) -> pd.DataFrame:
    def over(above: pd.Series, below: pd.Series) -> pd.Series:
        return above / below.where(below != 0)

    bac, pv, ev, ac = (table[name] for name in _EARNED)
    cpi = over(ev, ac)
    eac = over(bac, cpi)
    return table.assign(
        CV=ev - ac,
        SV=ev - pv,
        CPI=cpi,
        SPI=over(ev, pv),
        EAC=eac,
        ETC=eac - ac,
        VAC=bac - eac,
        TCPI=over(bac - ev, bac - ac),
    )


def topsis(
    matrix: pd.DataFrame | Any,
    weights: Mapping[str, float] | pd.Series | Any,
    benefit: Mapping[str, bool] | pd.Series | Any,
    *,
    normalisation: Literal["vector", "none"] = "vector",
) -> pd.DataFrame:
    """Each alternative's closeness to the best of every criterion: closeness (0–1), rank (1 = best).

    `matrix`: alternatives × criteria; `benefit`: whether more is better. Its ranks can reverse when an
    alternative is added, which an additive score's cannot. Source: Hwang & Yoon (1981).
    """
    frame = pd.DataFrame(matrix)
    values = frame.to_numpy("float64")
    weight, more = _aligned(weights, frame, "float64"), _aligned(benefit, frame, "bool")
    if normalisation not in ("vector", "none"):
        raise SettingError(f"normalisation {normalisation!r} is not known. Use vector or none.")
    if not np.isfinite(values).all():
        raise InputError(
            f"topsis: {int((~np.isfinite(values)).sum())} cells are blank. Leave those alternatives out or fill them."
        )
    length = np.sqrt((values**2).sum(axis=0)) if normalisation == "vector" else 1.0
    scaled = values / np.where(length == 0, 1.0, length) * weight
    best = np.where(more, scaled.max(axis=0), scaled.min(axis=0))
    worst = np.where(more, scaled.min(axis=0), scaled.max(axis=0))
    to_best, to_worst = (np.sqrt(((scaled - ideal) ** 2).sum(axis=1)) for ideal in (best, worst))
    apart = to_best + to_worst
    # Where all alternatives are alike none is closer than another.
    closeness = pd.Series(np.where(apart > 0, to_worst / np.where(apart > 0, apart, 1.0), 0.5), index=frame.index)
    return pd.DataFrame({"closeness": closeness, "rank": closeness.rank(ascending=False, method="min").astype("int64")})


def _aligned(given: Any, frame: pd.DataFrame, dtype: str) -> np.ndarray:
    named = isinstance(given, (Mapping, pd.Series))
    values = np.asarray([given[name] for name in frame] if named else list(given), dtype)
    if len(values) != frame.shape[1]:
        raise InputError(
            f"topsis: {frame.shape[1]} criteria but {len(values)} weights or directions. Give one per criterion."
        )
    return values
