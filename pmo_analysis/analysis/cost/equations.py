"""Time equations: how many hours an engagement takes, and how many more for whatever makes it harder.

hours = base + Σ increment × term, per service (Kaplan & Anderson, HBR November 2004). Hours have fat tails, and their
spread grows with their size: increments are fitted on residuals relative to the fitted hours (Huber 1964), raised
together so that fitted hours sum to booked hours, and drawn towards the same increment of all services where a
service has few. The base is what then remains, so that the sum of fitted hours is exactly the sum booked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from pmo_analysis.analysis.cost.harder import AFTERWARDS, INTAKE, list_deliveries, tell_terms
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset

EQUATION = ["service_id", "term", "known_at", "hours", "low", "high", "n", "share_of_engagements", "r2", "verdict"]
_HUBER, _BLOCKS, _STEPS = 1.345, 120, 12
_POOLED = ("increments", "errors", "together", "mean_error")


def tell_time_equations(data: Dataset, quarter: str, settings: Settings) -> pd.DataFrame:
    """Per service the hours of an engagement: a base and what is added by what makes it harder. Columns: EQUATION.

    Fitted on the deliveries of the run chart's quarters; empty where no hours are booked on engagements.
    """
    if not data.has("effort", "engagement_id", "worked_hours"):
        return _empty()
    rows = list_deliveries(data, quarter, settings)
    terms, known = tell_terms(rows, data.frame("offerings", ["service_id", "size", "standard_hours"]).dropna())
    return fit_time_equations(rows, terms, known, settings=settings)


def fit_time_equations(
    rows: pd.DataFrame,
    terms: pd.DataFrame,
    known: Mapping[str, str],
    *,
    settings: Settings,
) -> pd.DataFrame:
    """Equations of several services at once. Columns: EQUATION.

    `rows`: service_id, customer_id, worked_hours; `terms`: a column per term (1, 0, missing), index as `rows`;
    `known`: term → "intake" or "afterwards". The base and every term known at intake with the verdict "used" make the
    quote; a term known afterwards is a consequence, fitted beside them and never part of a quote. n: deliveries with
    the term. Verdicts: used; too few (with it or without it: what all services show is told, and not used); no
    increment shown (the interval holds nought, or lies below it). Rows with a blank term are not
    fitted; intervals leave out one customer after the other (jackknife; groups of customers where there are many).
    """
    whole = terms.notna().all(axis=1) & rows["worked_hours"].notna()
    rows, terms = rows[whole], terms[whole]
    quote = [t for t in terms if known[t] == INTAKE]
    told = _fit(rows, terms[quote], settings).assign(known_at=INTAKE)
    if len(quote) < len(terms.columns):
        more = _fit(rows, terms, settings).assign(known_at=AFTERWARDS)
        told = pd.concat([told, more[more["term"].map(known) == AFTERWARDS]])
    order = {t: i for i, t in enumerate(["base", *terms.columns])}
    told = told.assign(order=told["term"].map(order)).sort_values(["service_id", "order"], ignore_index=True)
    return told[EQUATION]


@dataclass(frozen=True, eq=False)
class _Fit:
    """One service: its hours and terms, the raised robust increments and their errors, relative to the mean of its hours.

    mean_error: of that mean; together: how the increments' errors go with it (a covariance); freedom: a term's degrees.
    """

    service: str
    hours: np.ndarray
    terms: np.ndarray
    counts: np.ndarray
    enough: np.ndarray
    increments: np.ndarray
    errors: np.ndarray
    together: np.ndarray
    freedom: np.ndarray
    mean_error: float
    base_error: float


def _empty() -> pd.DataFrame:
    texts = {"service_id", "term", "known_at", "verdict"}
    return pd.DataFrame({c: pd.Series(dtype="str" if c in texts else "float64") for c in EQUATION})


def _fit(rows: pd.DataFrame, terms: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    minimum, share = settings["minimum_estimate"], (1 + settings["interval_level"]) / 2
    matrix = terms.to_numpy("float64")
    columns = {c: rows[c].to_numpy() for c in ("worked_hours", "customer_id")}
    fits = [
        _fit_service(str(service), {c: v[at] for c, v in columns.items()}, matrix[at], minimum=minimum)
        for service, at in sorted(rows.groupby("service_id").indices.items())
        if len(at) >= minimum
    ]
    if not fits:
        return _empty()
    weights = [np.where(f.enough, f.counts * (1 - f.counts / len(f.hours)), 0.0) for f in fits]
    values, errors, kept = _pool(*(np.array([getattr(f, n) for f in fits]) for n in _POOLED), weights=np.array(weights))
    margins = special.stdtrit(_share_freedom(np.array([f.freedom for f in fits]), kept), share) * errors
    parts = [
        _tell(f, list(terms), v * f.hours.mean(), m * f.hours.mean(), share)
        for f, v, m in zip(fits, values, margins, strict=True)
    ]
    told = pd.DataFrame({column: np.concatenate([p[column] for p in parts]) for column in parts[0]})
    texts = dict.fromkeys(("service_id", "term", "verdict"), "str")
    return told[told["n"] > 0].astype(texts)


def _fit_service(service: str, rows: Mapping[str, np.ndarray], matrix: np.ndarray, *, minimum: int) -> _Fit:
    order = np.lexsort((*matrix.T, rows["worked_hours"]))  # by content: names and order change nothing
    hours, terms = rows["worked_hours"][order], matrix[order]
    counts = terms.sum(axis=0)
    enough = (counts >= minimum) & (len(hours) - counts >= minimum)
    design = np.column_stack([np.ones(len(hours)), terms[:, enough]])
    relative = hours / hours.mean()
    weights, bend = _huber_weights(design, relative)
    customers, names = pd.factorize(rows["customer_id"][order], use_na_sentinel=False)
    size = len(names)
    value = _solve(design, relative, weights, np.ones((1, size)), customers)[0]
    blocks = min(size, _BLOCKS)
    without = 1.0 - (np.arange(size) % blocks == np.arange(blocks)[:, None])
    left = _solve(design, relative, weights, without, customers) if blocks > 1 else np.full((1, len(value)), np.nan)
    off, means = left - left.mean(axis=0), without[:, customers]
    means = means @ relative / np.maximum(means.sum(axis=1), 1.0)
    times, moved = (blocks - 1) / blocks, means - means.mean()
    spread = bend * np.sqrt(times * (off**2).sum(axis=0))
    increments, errors, together = np.full((3, terms.shape[1]), np.nan)
    increments[enough], errors[enough], together[enough] = value[1:], spread[1:], times * (off.T @ moved)[1:]
    return _Fit(
        service, hours, terms, counts, enough, increments, errors, together, _count_freedom(terms, customers),
        float(np.sqrt(times * (moved**2).sum())), float(spread[0]),
    )  # fmt: skip


def _count_freedom(terms: np.ndarray, customers: np.ndarray) -> np.ndarray:
    """Per term one less than the customers that have it, or than those that lack it, where these are fewer; at least 1."""
    pairs = [[len(np.unique(customers[terms[:, i] == on])) for on in (0, 1)] for i in range(terms.shape[1])]
    return np.maximum(np.array(pairs, dtype="float64").reshape(-1, 2).min(axis=1) - 1, 1.0)


def _huber_weights(design: np.ndarray, hours: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights of relative residuals: an engagement that ran away pulls no harder than one at the bend.

    Beside them the factor by which errors at fixed weights are too small: the mean weight over the share not bent
    (Huber's ψ(r)/r over ψ').
    """
    fitted, least = np.full(len(hours), np.median(hours)), 0.05 * np.median(hours)
    weights = bent = np.ones(len(hours))
    for _ in range(_STEPS):
        residuals = hours / fitted - 1
        scale = 1.4826 * np.median(np.abs(residuals - np.median(residuals)))
        bent = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residuals), 1e-12)) if scale > 0 else bent
        weights = bent / fitted**2
        found = _solve(design, hours, weights, np.ones((1, 1)), np.zeros(len(hours), dtype="int64"))[0]
        fitted, before = np.maximum(design @ found, least), fitted
        if np.abs(fitted - before).max() < 1e-3:
            break
    return weights, float(bent.mean() / max((bent >= 1).mean(), 0.5))


def _solve(
    design: np.ndarray, hours: np.ndarray, weights: np.ndarray, draws: np.ndarray, customers: np.ndarray
) -> np.ndarray:
    """Coefficients for each draw of customers (draw × customer counts), raised so that fitted sums to booked."""
    width = design.shape[1]
    times = draws[:, customers]
    products = (design[:, :, None] * design[:, None, :] * weights[:, None, None]).reshape(len(hours), -1)
    square = (times @ products).reshape(-1, width, width)
    right, totals = times @ (design * (weights * hours)[:, None]), times @ np.column_stack([design, hours])
    # A whisker of ridge: a draw without any engagement of a term has no increment rather than no answer.
    ridge = 1e-6 * np.trace(square, axis1=1, axis2=2)[:, None, None] * np.eye(width)
    found = np.linalg.solve(square + ridge, right[:, :, None])[:, :, 0]
    fitted = (found * totals[:, :-1]).sum(axis=1)
    return found * np.where(fitted > 0, totals[:, -1] / fitted, 1.0)[:, None]


def _pool(
    values: np.ndarray, errors: np.ndarray, together: np.ndarray, mean_error: np.ndarray, *, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Increments (service × term, of the service's mean hours) drawn towards the same of all services.

    θ = w·y + (1 − w)·m with w = τ² / (τ² + σ²), τ² by moments (DerSimonian & Laird 1986), the error carrying that of m.
    Services weigh by how many deliveries tell a term, not by its error: hours that came out low have low errors too,
    and would pull the mean down. What comes from the other services is turned into hours by this one's mean, whose
    error (`mean_error`, and `together` with the own increment's) it takes on. `weights`: 0 where a service has too few;
    there m stands in, as sure as one more service would be. Values, errors, w.
    """
    seen = (weights > 0) & np.isfinite(errors)
    a, y = np.where(seen, weights, 0.0), np.where(seen, values, 0.0)
    own = np.where(seen, errors, 0.0) ** 2
    count, total = seen.sum(axis=0), np.where(seen.any(axis=0), a.sum(axis=0), 1.0)
    middle = (a * y).sum(axis=0) / total
    noise = (a * own).sum(axis=0) / np.maximum(count, 1) / np.where(seen, a, 1.0)
    surplus = (a * (y - middle) ** 2 - a * own * (1 - a / total)).sum(axis=0)
    between = np.maximum(surplus / np.maximum(total - (a**2).sum(axis=0) / total, 1e-12), 0.0)
    spread = (a**2 * (own + between)).sum(axis=0) / total**2
    kept = np.where(seen, np.where(count > 1, between / np.maximum(between + noise, 1e-12), 1.0), 0.0)
    value = kept * y + (1 - kept) * middle
    lent = (1 - kept) * middle
    turned = lent**2 * mean_error[:, None] ** 2 + 2 * kept * lent * np.where(seen, together, 0.0)
    error = np.sqrt(kept * own + (1 - kept) ** 2 * spread + np.where(seen, 0.0, between) + np.maximum(turned, 0.0))
    nowhere = ~seen & (count < 2)
    return np.where(nowhere, np.nan, value), np.where(nowhere, np.nan, error), kept


def _share_freedom(own: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Degrees of freedom: a service's own as far as its increment is kept, those of all services for what they lend."""
    return kept * own + (1 - kept) * own.sum(axis=0)


def _tell(fit: _Fit, names: list[str], values: np.ndarray, margins: np.ndarray, share: float) -> dict[str, np.ndarray]:
    """The columns of one service: its base, then each term."""
    with np.errstate(invalid="ignore"):
        shown = fit.enough & (values - margins > 0)
    used = np.where(shown, values, 0.0)
    base = fit.hours.mean() - float(used @ fit.terms.mean(axis=0))
    fitted = base + fit.terms @ used
    spread = ((fit.hours - fit.hours.mean()) ** 2).sum()
    r2 = 1 - ((fit.hours - fitted) ** 2).sum() / spread if spread > 0 else np.nan
    margin = special.ndtri(share) * fit.base_error * fit.hours.mean()
    return {
        "service_id": np.repeat(fit.service, len(names) + 1),
        "term": np.array(["base", *names]),
        "hours": np.array([base, *values]),
        "low": np.array([max(base - margin, 0.0), *(values - margins)]),
        "high": np.array([base + margin, *(values + margins)]),
        "n": np.array([len(fit.hours), *fit.counts], dtype="int64"),
        "share_of_engagements": np.array([1.0, *fit.terms.mean(axis=0)]),
        "r2": np.repeat(r2, len(names) + 1),
        "verdict": np.array(
            ["used", *np.select([~fit.enough, shown], ["too few", "used"], default="no increment shown")]
        ),
    }
