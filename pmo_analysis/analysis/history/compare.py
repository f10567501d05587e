"""Two schemes told for the same customers, so that the change from one to the other is seen and not suffered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score

from pmo_analysis.analysis.segments import assign_segments
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.showing import show_result


@dataclass(frozen=True, eq=False)
class SchemeComparison:
    """The same customers under an old and a new scheme.

    `counts`: old_segment, new_segment, customers_count · `agreement`: adjusted Rand index (1 the same groups, 0 chance)
    `matched`: old_segment, new_segment, jaccard (customers in both over customers in either); pairs with most in
      common, a segment that has no counterpart with the other side missing
    `moved`: customer_id, old_segment, new_segment of customers whose new segment is not their old one's counterpart
    """

    counts: pd.DataFrame
    agreement: float
    matched: pd.DataFrame
    moved: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.counts)


def compare_schemes(values: pd.DataFrame, old: Mapping[str, Any], new: Mapping[str, Any]) -> SchemeComparison:
    """What changes for whom when customers are placed by a new scheme instead of the old one.

    values: index customer_id, with the columns of both schemes. Segments of the two correspond where they share most
    customers, each to one at most. Agreement by Hubert & Arabie (1985). InputError where columns are absent.
    """
    if values.empty:
        raise InputError("There are no customers to compare the two schemes on: the table has no rows or no columns.")
    both = pd.DataFrame(
        {"old_segment": assign_segments(values, old)["segment"], "new_segment": assign_segments(values, new)["segment"]}
    ).rename_axis("customer_id")
    counts = both.value_counts().rename("customers_count").reset_index()
    counts = counts.sort_values(["old_segment", "new_segment"], ignore_index=True)
    matched = _match(counts)
    moved = _moved(both, matched)
    agreement = float(adjusted_rand_score(both["old_segment"], both["new_segment"]))
    return SchemeComparison(counts, agreement, matched, moved, _tell(len(both), matched, moved, agreement))


def _match(counts: pd.DataFrame) -> pd.DataFrame:
    """Pairs of old and new segments with most customers in common, then those without counterpart."""
    shared = counts.pivot(index="old_segment", columns="new_segment", values="customers_count").fillna(0).astype(float)
    rows, columns = linear_sum_assignment(-shared.to_numpy())
    either = shared.sum(axis=1).to_numpy()[rows] + shared.sum(axis=0).to_numpy()[columns]
    both = shared.to_numpy()[rows, columns]
    pairs = pd.DataFrame(
        {"old_segment": shared.index[rows], "new_segment": shared.columns[columns], "jaccard": both / (either - both)}
    )
    pairs = pairs[pairs["jaccard"] > 0]
    gone = pd.DataFrame({"old_segment": shared.index.difference(pairs["old_segment"])})
    fresh = pd.DataFrame({"new_segment": shared.columns.difference(pairs["new_segment"])})
    return pd.concat([pairs, gone, fresh], ignore_index=True)[["old_segment", "new_segment", "jaccard"]]


def _moved(both: pd.DataFrame, matched: pd.DataFrame) -> pd.DataFrame:
    counterpart = matched.dropna(subset=["old_segment", "new_segment"]).set_index("old_segment")["new_segment"]
    stayed = both["old_segment"].map(counterpart).eq(both["new_segment"])
    return both[~stayed.to_numpy()].sort_index().reset_index()


def _tell(count: int, matched: pd.DataFrame, moved: pd.DataFrame, agreement: float) -> str:
    gone, fresh = int(matched["new_segment"].isna().sum()), int(matched["old_segment"].isna().sum())
    told = (
        f"Of {count} customers {count - len(moved)} are in the counterpart of their old segment "
        f"and {len(moved)} are not; agreement of the two schemes is {agreement:.2f} (1 the same, 0 chance)."
    )
    if gone or fresh:
        lost = f"{gone} old segment has" if gone == 1 else f"{gone} old segments have"
        told += f" {lost} no counterpart, {fresh} {'segment is' if fresh == 1 else 'segments are'} new."
    return told
