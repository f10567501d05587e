"""Chance and days: a stream of random numbers per topic and quarter, and working-day arithmetic.

A stream per topic and quarter keeps each part the same when another changes, and lets quarters be
made one after the other or apart.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from pmo_analysis.contract.quarters import quarter_end, quarter_start, shift_quarter


def rng_for(seed: int, topic: str, number: int = 0) -> np.random.Generator:
    """The random numbers of one topic, and of one quarter where numbered."""
    return np.random.default_rng([seed, zlib.crc32(topic.encode()), number])


def choose_row(rng: np.random.Generator, shares: np.ndarray) -> np.ndarray:
    """One column number per row, drawn by the row's shares (need not sum to 1)."""
    ladder = np.cumsum(shares, axis=1)
    return (rng.random(len(shares))[:, None] * ladder[:, -1:] >= ladder).sum(axis=1)


@dataclass(frozen=True)
class Calendar:
    """The quarters of the demo, with first and last days as numpy days."""

    last_quarter: str
    count: int

    @cached_property
    def quarters(self) -> list[str]:
        """Names of the quarters, oldest first."""
        return [shift_quarter(self.last_quarter, i - self.count + 1) for i in range(self.count)]

    @cached_property
    def starts(self) -> np.ndarray:
        """First day of each quarter."""
        return np.array([quarter_start(q) for q in self.quarters], "datetime64[D]")

    @cached_property
    def ends(self) -> np.ndarray:
        """Last day of each quarter."""
        return np.array([quarter_end(q) for q in self.quarters], "datetime64[D]")

    @property
    def last_day(self) -> np.datetime64:
        """The day of the export: nothing is dated later."""
        return self.ends[-1]

    def start_of(self, number: int) -> np.datetime64:
        """First day of a quarter by number, which may lie outside the demo."""
        return np.datetime64(quarter_start(shift_quarter(self.quarters[0], int(number))))

    def number_of(self, days: np.ndarray) -> np.ndarray:
        """Number of the quarter in which days lie; −1 before the first."""
        return np.searchsorted(self.starts, days, side="right") - 1


def working_day(days: np.ndarray, later: np.ndarray | int = 0) -> np.ndarray:
    """The day so many working days later, counted from the next working day."""
    return np.busday_offset(days, later, roll="forward")


def random_days(rng: np.random.Generator, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Working days drawn evenly between two days, each pair for one row."""
    span = np.maximum(np.busday_count(first, last + 1), 1)
    return working_day(first, np.floor(rng.random(len(span)) * span).astype(int))


def leave_blank(values: np.ndarray | pd.Series, where: np.ndarray) -> np.ndarray:
    """Text values with None where something is left blank."""
    left = np.array(values, object)
    left[where] = None
    return left
