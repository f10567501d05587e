"""What a senior effect is asked of, read as it was meant, or refused in words."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number

import numpy as np
import pandas as pd

from pmo_analysis.contract.checking import require_columns
from pmo_analysis.contract.errors import InputError

ANSWERS = {"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0}


def read_engagements(
    engagements: pd.DataFrame, outcome: str, treatment: str, confounders: Sequence[str], others: Sequence[str]
) -> pd.DataFrame:
    """The engagements with numbers as numbers, days as numbers and yes/no as 1 and 0; what is endless is blank.

    InputError where a column is unknown or stands there twice, the outcome is among the confounders or holds no
    number, or a treatment is neither yes/no nor a number.
    """
    require_columns(engagements, dict.fromkeys([outcome, treatment, *confounders, *others]), "The engagements")
    if outcome in confounders:
        raise InputError(f"{outcome!r} is the outcome and stands among the confounders; take it out of them.")
    read = {name: _read_confounder(engagements[name]) for name in confounders}
    read[treatment] = _read_treatment(engagements[treatment], treatment)
    if outcome != treatment:
        read[outcome] = _read_outcome(engagements[outcome], outcome)
    return engagements.assign(**read)


def _read_confounder(column: pd.Series) -> pd.Series:
    """Numbers kept as objects are numbers, days are counted; text and categories stay levels."""
    if pd.api.types.is_datetime64_any_dtype(column):
        days = (column - column.min()) / pd.Timedelta(days=1)
        return days.astype("float64")
    if column.dtype == object and len(known := column.dropna()) and all(isinstance(v, Number) for v in known):
        column = pd.to_numeric(column, errors="coerce").astype("Float64").astype("float64")
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return column.replace([np.inf, -np.inf], np.nan)
    return column


def _read_treatment(column: pd.Series, name: str) -> pd.Series:
    answers = column.astype("object").map(lambda v: ANSWERS.get(v.strip().lower(), v) if isinstance(v, str) else v)
    numbers = pd.to_numeric(answers, errors="coerce").astype("Float64").astype("float64")
    strange = column.notna() & numbers.isna()
    if strange.any():
        raise InputError(
            f"{name} must be yes/no or a share from 0 to 1; {int(strange.sum())} of {len(column)} rows are not, "
            f"such as {column[strange].iloc[0]!r}."
        )
    return numbers


def _read_outcome(column: pd.Series, name: str) -> pd.Series:
    numbers = pd.to_numeric(column.astype("object"), errors="coerce").astype("Float64").astype("float64")
    if column.notna().any() and numbers.isna().all():
        raise InputError(
            f"The outcome {name!r} holds no number, but {column.dropna().iloc[0]!r}; name a numeric column."
        )
    return numbers.replace([np.inf, -np.inf], np.nan)
