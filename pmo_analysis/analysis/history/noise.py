"""Noise over quarters: what of a customer's distance from its segment lasts, and what fades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FLOOR = 0.02
_RHOS = np.arange(0, 0.91, 0.05)


@dataclass(frozen=True, eq=False)
class Noise:
    """Covariance of the lasting offset, of the fading noise, and the latter's correlation from quarter to quarter."""

    own: np.ndarray
    fading: np.ndarray
    rho: float


def look_back_windows(quarters: int, look_back: int, recorded_before: int = 0) -> np.ndarray:
    """Weight of each single quarter in each row (rows × single quarters), the first single one look_back − 1 before.

    recorded_before: quarters recorded before the first row; where the record begins later, a row sums up fewer.
    """
    before = look_back - 1
    row, single = np.arange(quarters)[:, None], np.arange(quarters + before) - before
    inside = (single <= row) & (single > row - look_back) & (single >= -recorded_before)
    return inside / inside.sum(axis=1, keepdims=True)


def fading_correlation(windows: np.ndarray, rho: float) -> np.ndarray:
    """Covariance between rows of AR(ρ) noise, each the mean over the quarters of its window; 1 for a whole window."""
    span = windows.shape[1]
    single = rho ** np.abs(np.subtract.outer(np.arange(span), np.arange(span))).astype(float)
    joint = windows @ single @ windows.T
    return joint / joint[-1, -1]


def estimate_noise(rest: np.ndarray, windows: np.ndarray) -> Noise:
    """Noise from residuals (customers × quarters × features): lagged covariances V_h ≈ S_own + c_h S_e, by least squares.

    c_h is the correlation at lag h of AR(ρ) noise under the look-back; ρ is the one that fits the traces best.
    """
    look_back = windows.shape[1] - len(windows) + 1
    whole = windows[min(look_back, len(windows)) - 1 :]
    rest = rest[:, len(windows) - len(whole) :]
    lags = np.arange(min(rest.shape[1], look_back + 3))
    lagged, pairs = zip(*(_lagged(rest, int(h)) for h in lags), strict=True)
    stacked, weight = np.stack(lagged), np.sqrt(np.array(pairs, dtype=float))
    traces = np.trace(stacked, axis1=1, axis2=2)
    fits = []
    for rho in _RHOS:
        design = _design(whole, rho, len(lags)) * weight[:, None]
        found = np.linalg.lstsq(design, traces * weight, rcond=None)[0]
        fits.append(((design @ np.maximum(found, 0) - traces * weight) ** 2).sum())
    rho = float(_RHOS[int(np.argmin(np.round(fits, 12)))])
    solve = np.linalg.pinv(_design(whole, rho, len(lags)) * weight[:, None]) * weight
    own = _positive(np.tensordot(solve[0], stacked, axes=1))
    return Noise(own, _positive(stacked[0] - own) + _FLOOR * np.eye(len(own)), rho)


def _design(windows: np.ndarray, rho: float, lags: int) -> np.ndarray:
    return np.column_stack([np.ones(lags), fading_correlation(windows, rho)[-1, ::-1][:lags]])


def _lagged(rest: np.ndarray, lag: int) -> tuple[np.ndarray, int]:
    """Covariance at a lag over the cells known at both ends, and the pairs of cells it rests on."""
    early, late = rest[:, : rest.shape[1] - lag], rest[:, lag:]
    early, late = early.reshape(-1, rest.shape[2]), late.reshape(-1, rest.shape[2])
    pairs = np.isfinite(early).T.astype(float) @ np.isfinite(late)
    product = np.nan_to_num(early).T @ np.nan_to_num(late) / np.maximum(pairs, 1)
    return (product + product.T) / 2, int(np.trace(pairs))


def median_over_quarters(numbers: np.ndarray) -> np.ndarray:
    """Each customer's median per feature over the quarters known; missing where none is."""
    middle = np.full((len(numbers), numbers.shape[2]), np.nan)
    known = np.isfinite(numbers).any(axis=1)
    middle[known] = np.nanmedian(numbers.swapaxes(1, 2)[known], axis=1)
    return middle


def _positive(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-6)) @ vectors.T
