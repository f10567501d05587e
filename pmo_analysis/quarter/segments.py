"""Which segments a quarter is told by: the scheme frozen beside the data, or a fresh cut where none is frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pmo_analysis.analysis.features import Features, Requests, Words, count_requests, customer_features
from pmo_analysis.analysis.history import SchemeComparison, compare_schemes
from pmo_analysis.analysis.segments import (
    Segmentation,
    add_absent,
    describe_given,
    keep_ids,
    segment_customers,
    tell_frozen,
)
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.schemes import FrozenScheme, choose_earlier, choose_scheme

_FEWEST_GIVEN = 20


@dataclass(frozen=True, eq=False)
class SchemeInForce:
    """By which cut a quarter's segments are told.

    `frozen`: whether a scheme kept beside the data is in force; else the segments were cut for this quarter
    `table`: told_as (in force / before / fresh look), valid_from, cut_in (quarters), segments_count, sha256
    """

    frozen: bool
    table: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.table)


def count_in_words(known: Dataset, quarter: str, settings: Settings) -> Requests:
    """Requests counted in the words of the scheme in force, so that its features mean what they meant; else in today's."""
    frozen = choose_scheme(known.schemes, quarter)
    return count_requests(known, quarter, settings, words=thaw_words(frozen) if frozen else None)


def thaw_words(frozen: FrozenScheme) -> Words | None:
    """The families, stages and sizes that a frozen scheme counts in; None where it does not say."""
    kept = frozen.words
    if not kept:
        return None
    return Words(tuple(kept["families"]), tuple(kept["stages"]), tuple(kept["sizes"]), kept["amount"])


def freeze_words(words: Words) -> dict[str, Any]:
    """Words as JSON holds them."""
    return {
        "families": list(words.families),
        "stages": list(words.stages),
        "sizes": list(words.sizes),
        "amount": words.amount,
    }


def look_at_segments(known: Dataset, quarter: str, settings: Settings, features: Features) -> dict[str, Any]:
    """The fields of a Quarter that say who belongs together: segmentation, fresh_look, scheme_in_force, …

    `segmentation` follows the scheme in force; `fresh_look` is what a cut of this quarter alone would give, the very
    same where nothing is frozen.
    """
    frozen = choose_scheme(known.schemes, quarter)
    # A scheme that does not fit these features is told before anything is cut.
    values = add_absent(features.values, frozen.scheme) if frozen else features.values
    look = cut_segments(features.values, settings, frozen, values)
    told = tell_frozen(values, frozen.scheme, look, seed=settings["seed"]) if frozen else look
    before = choose_earlier(known.schemes, frozen) if frozen and frozen.valid_from == quarter else None
    return {
        "segmentation": told,
        "fresh_look": look,
        "scheme_in_force": _tell_scheme(quarter, frozen, before, look),
        "scheme_comparison": compare_frozen(known, quarter, settings, before, frozen) if before and frozen else None,
        "given": _look_at_given(known, features, settings["seed"]),
    }


def cut_segments(
    values: pd.DataFrame,
    settings: Settings,
    old: FrozenScheme | None,
    earlier: pd.DataFrame,
    *,
    segments: int | None = None,
) -> Segmentation:
    """A fresh cut; segments that are still those of an older scheme keep its ids and names.

    earlier: features of the same customers counted in the older scheme's words.
    """
    seed, most = settings["seed"], settings["max_segments"]
    look = segment_customers(values, segments=segments, max_segments=most, seed=seed)
    return keep_ids(look, old.scheme, join_features(values, earlier)) if old else look


def values_for(known: Dataset, quarter: str, settings: Settings, frozen: FrozenScheme) -> pd.DataFrame:
    """The features of a quarter counted in the words of a frozen scheme."""
    requests = count_requests(known, quarter, settings, words=thaw_words(frozen))
    return customer_features(known, quarter, settings, requests=requests).values


def join_features(values: pd.DataFrame, earlier: pd.DataFrame) -> pd.DataFrame:
    """Features with those added that only another scheme's words give."""
    return values.join(earlier[[column for column in earlier if column not in values]])


def compare_frozen(
    known: Dataset, quarter: str, settings: Settings, old: FrozenScheme, new: FrozenScheme
) -> SchemeComparison:
    """Two frozen schemes on the customers of one quarter, on features counted in the words of each."""
    values, earlier = (values_for(known, quarter, settings, scheme) for scheme in (new, old))
    return compare_on(join_features(values, earlier), old.scheme, new.scheme)


def compare_on(values: pd.DataFrame, old: Mapping[str, Any], new: Mapping[str, Any]) -> SchemeComparison:
    """`compare_schemes` where a feature of either scheme may be absent; it counts as missing."""
    return compare_schemes(add_absent(add_absent(values, new), old), old, new)


def _look_at_given(known: Dataset, features: Features, seed: int) -> Segmentation | None:
    """Segments that the organisation gave itself, through the same evidence; None where too few customers have one."""
    customers = known.frame("customers", ["customer_id", "segment_given"]).dropna()
    given = customers.drop_duplicates("customer_id").set_index("customer_id")["segment_given"]
    given = given[given.index.isin(features.values.index)]
    return describe_given(features.values, given, seed=seed) if len(given) >= _FEWEST_GIVEN else None


def _tell_scheme(
    quarter: str, frozen: FrozenScheme | None, before: FrozenScheme | None, look: Segmentation
) -> SchemeInForce:
    rows = [
        (told_as, scheme.valid_from, scheme.cut_in, len(scheme.scheme["segments"]), scheme.sha256)
        for told_as, scheme in (("in force", frozen), ("before", before))
        if scheme
    ]
    rows.append(("fresh look" if frozen else "in force", quarter if not frozen else "", quarter, look.count, ""))
    table = pd.DataFrame(rows, columns=["told_as", "valid_from", "cut_in", "segments_count", "sha256"])
    return SchemeInForce(frozen is not None, table, _tell(quarter, frozen, before, look))


def _tell(quarter: str, frozen: FrozenScheme | None, before: FrozenScheme | None, look: Segmentation) -> str:
    if frozen is None:
        return (
            f"The segments were cut anew for {quarter} and need not be those of another quarter; "
            f"`pmo scheme freeze DATA --quarter {quarter}` keeps them."
        )
    found = f"finds {look.count} groups" if look.found else "does not find more than one group"
    text = (
        f"The segments are those cut in {frozen.cut_in} and frozen from {frozen.valid_from} on; "
        f"a fresh look at {quarter} {found}."
    )
    return text + (f" Those before, from {before.valid_from} on, are told beside them this once." if before else "")
