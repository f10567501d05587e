"""What a segmentation tells: one table per question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from pmo_analysis.contract.showing import show_result


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Groups of customers with like needs, or the finding that there is one group.

    `found`: whether more than one group is really there · `count`: how many (1 when not found)
    `members`: index customer_id; segment, confidence (0–1, chance of that segment), name, second (next best segment),
      second_confidence (0–1, its chance), between (whether that chance is a quarter or more: the customer sits between two)
    `evidence`: count, criterion, gain (over one group), null_median, null_high (95 %) of the gain in one population, chosen
    `profile`: segment, feature, median, overall_median, shift (in deviations), p10, p90, known_share, customers_count;
      a choice's level is a feature `column = level`, its median the share of customers
    `stability`: segment, jaccard (mean likeness to the nearest group of a new search among customers drawn again),
      low, high (5 % and 95 % of the draws), band (Hennig 2007: "very stable" from .85, "stable" from .75, "a pattern"
      from .60, else "not trustworthy"), draws, customers_count; empty where there is one group
    `null`: one row per draw from one population: draw (0 the customers themselves, 1… the draws), gain, valley, z (both
      together, in deviations of the draws); empty where no test was made; for given segments the draws are shuffles of
      the labels and have no valley
    `rules`: segment, rule, precision, coverage, name, customers_count · `left_out`: feature, reason
    `scheme`: JSON-safe, for `assign_segments` · `sentence`: the answer in plain words
    """

    found: bool
    count: int
    members: pd.DataFrame
    evidence: pd.DataFrame
    profile: pd.DataFrame
    stability: pd.DataFrame
    null: pd.DataFrame
    rules: pd.DataFrame
    left_out: pd.DataFrame
    scheme: dict[str, Any]
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.rules)
