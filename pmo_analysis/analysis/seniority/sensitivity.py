"""How strong a difficulty that nobody recorded would have to be to overturn the effect (Cinelli & Hazlett 2020)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.seniority.basis import linear_columns
from pmo_analysis.analysis.seniority.partialling import Partialled
from pmo_analysis.analysis.seniority.smoothing import Numbers


def hidden_strength(
    part: Partialled, confounders: pd.DataFrame, outcome: Numbers, treatment: Numbers, *, level: float = 0.95
) -> pd.DataFrame:
    """figure, value: the robustness value, and what the strongest recorded confounder explains of both.

    Robustness value: the share of what is left of outcome and of treatment that a hidden factor must explain
    so that the interval reaches zero. The recorded one is judged by straight lines, each dropped in turn.
    """
    spread = np.sqrt(np.mean((part.outcome - part.effect * part.treatment) ** 2) / np.mean(part.treatment**2))
    clear = abs(part.effect) - float(special.stdtrit(part.degrees, (1 + level) / 2)) * part.error
    need = max(clear, 0.0) / max(spread, 1e-12)
    rows = [("robustness value", robustness_value(need))]
    explained = _explained(linear_columns(confounders), np.column_stack([outcome, treatment]))
    if explained:
        of_outcome, of_treatment, name = max(explained, key=lambda e: (e[0] * e[1], e[2]))
        rows += [
            (f"strongest recorded: {name}, share of outcome", of_outcome),
            (f"strongest recorded: {name}, share of treatment", of_treatment),
        ]
    return pd.DataFrame(rows, columns=["figure", "value"])


def robustness_value(need: float) -> float:
    """The share of both outcome and treatment that must be explained to move the effect by `need`.

    `need`: the effect (or how far its interval is from nought) in units of error × √degrees of freedom, as t / √dof.
    """
    return float((np.sqrt(need**4 + 4 * need**2) - need**2) / 2)


def _explained(columns: dict[str, Numbers], values: Numbers) -> list[tuple[float, float, str]]:
    """Per confounder the shares of what the others leave of outcome and of treatment that it explains."""
    whole, shares = _left_over(list(columns.values()), values), []
    for name in columns:
        less = _left_over([v for other, v in columns.items() if other != name], values)
        share = np.maximum(1.0 - whole / np.maximum(less, 1e-12), 0.0)
        shares.append((float(share[0]), float(share[1]), name))
    return shares


def _left_over(columns: list[Numbers], values: Numbers) -> Numbers:
    design = np.column_stack([np.ones(len(values)), *columns])
    coefficient, *_ = np.linalg.lstsq(design, values, rcond=None)
    return np.sum((values - design @ coefficient) ** 2, axis=0)
