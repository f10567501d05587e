"""Freezing segments: a quarter's cut becomes the scheme by which later quarters are told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.analysis.features import count_requests, customer_features, feature_panel
from pmo_analysis.analysis.history import SchemeComparison, segment_history
from pmo_analysis.analysis.segments import Segmentation
from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.quarters import parse_quarter, quarter_of, shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.check import require_usable
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.fingerprint import fingerprint
from pmo_analysis.intake.load import load
from pmo_analysis.intake.reach import choose_quarter
from pmo_analysis.intake.schemes import (
    FrozenScheme,
    add_scheme,
    choose_earlier,
    choose_scheme,
    refuse_taken,
    require_place,
)
from pmo_analysis.quarter.segments import (
    compare_frozen,
    compare_on,
    count_in_words,
    cut_segments,
    freeze_words,
    join_features,
    values_for,
)

_DEMO_QUARTERS = 8


@dataclass(frozen=True, eq=False)
class SchemeTold:
    """A frozen scheme in words: where it is kept, since when it holds, and its segments.

    `segments`: segment, name, rule, precision, coverage, customers_count, stability (its band when it was cut)
    `kept`: valid_from, cut_in, segments_count, state (in force / superseded / earlier / later), one row per scheme
    """

    path: Path
    scheme: FrozenScheme
    segments: pd.DataFrame
    kept: pd.DataFrame
    sentence: str


@dataclass(frozen=True, eq=False)
class SchemesCompared:
    """Two schemes on one quarter's customers; `advice` says whether a recut is advised, and why."""

    comparison: SchemeComparison
    sentence: str
    advice: str


def freeze_segments(
    source: str | Path,
    quarter: str | None = None,
    *,
    valid_from: str | None = None,
    segments: int | None = None,
    replace: bool = False,
    schemes: Path | None = None,
    frozen_on: str = "",
) -> SchemeTold:
    """Cut a quarter's segments and keep them beside the data, to tell this and later quarters by.

    quarter: None = the last complete one; valid_from: the first quarter told by them, default the quarter itself;
    segments: how many, default as many as there really are; replace: take the place of a scheme from the same quarter,
    which stays in the file as superseded; schemes: another file than the one beside the data. Segments that are still
    the same keep their id and name. InputError or SettingError with what to do.
    """
    data, chosen = _open(source, quarter, schemes)
    path, first = require_place(source, data.settings), valid_from or chosen
    _check_first(first, chosen, frozen_on)
    refuse_taken(data.schemes, first, path, replace_it=replace)
    known = data.as_of(chosen, data.settings["fiscal_year_end_month"])
    old = choose_scheme(data.schemes, first)
    new = _cut(known, chosen, first, old, segments=segments, frozen_on=frozen_on)
    kept = add_scheme(path, new, replace_it=replace)
    return _tell(path, new, kept, first, f"Frozen from {first} on, cut in {chosen}: {_count(new)}, kept in {path}.")


def freeze_demo(folder: Path, quarters: int) -> SchemeTold | None:
    """Freeze the invented organisation's segments as of a year before its end; None where it is younger than two years.

    Its tables have just been written, so schemes cut from the ones before are removed.
    """
    path = require_place(folder, Settings())
    path.unlink(missing_ok=True)
    if quarters < _DEMO_QUARTERS:
        return None
    days = load(folder)["engagements"].select("requested_on").unique().collect().to_pandas()
    last = quarter_of(pd.Timestamp(days["requested_on"].max()).date())
    return freeze_segments(folder, shift_quarter(last, -4), valid_from=shift_quarter(last, -3))


def show_segments(source: str | Path, quarter: str | None = None, *, schemes: Path | None = None) -> SchemeTold:
    """The scheme in force in a quarter (None: the last complete one) and all that are kept; InputError where none is."""
    data, chosen = _open(source, quarter, schemes)
    path, scheme = require_place(source, data.settings), _require_scheme(data, chosen)
    told = f"In force in {chosen}: {_count(scheme)}, cut in {scheme.cut_in}, from {scheme.valid_from} on."
    return _tell(path, scheme, data.schemes, chosen, told)


def compare_segments(
    source: str | Path, quarter: str | None = None, *, latest: bool = False, schemes: Path | None = None
) -> SchemesCompared:
    """The scheme in force beside a fresh cut of the quarter, or beside the one before it (`latest`).

    InputError where no scheme, or with `latest` no earlier one, is in force in the quarter.
    """
    data, chosen = _open(source, quarter, schemes)
    known, settings = data.as_of(chosen, data.settings["fiscal_year_end_month"]), data.settings
    scheme = _require_scheme(known, chosen)
    if latest:
        before = choose_earlier(known.schemes, scheme)
        if before is None:
            raise InputError(
                f"Only one scheme is in force up to {chosen}, from {scheme.valid_from} on. Freeze another."
            )
        compared = compare_frozen(known, chosen, settings, before, scheme)
        told = f"Old: the scheme from {before.valid_from} on; new: the one from {scheme.valid_from} on."
    else:
        compared = _compare_fresh(known, chosen, settings, scheme)
        told = f"Old: the scheme in force, from {scheme.valid_from} on; new: a fresh cut of {chosen}."
    return SchemesCompared(compared, f"{told} {compared.sentence}", _advise(known, chosen, settings, scheme))


def _open(source: str | Path, quarter: str | None, schemes: Path | None) -> tuple[Dataset, str]:
    settings = {"segment_schemes": str(schemes.expanduser().resolve())} if schemes else None
    data = load(source, settings=settings)
    require_usable(data)
    return data, choose_quarter(data, quarter)


def _check_first(first: str, cut_in: str, frozen_on: str) -> None:
    parse_quarter(first)
    if first < cut_in:
        raise SettingError(
            f"Segments cut in {cut_in} were not known in {first}. Say --from {cut_in} or later, or cut an earlier "
            "--quarter."
        )
    try:
        date.fromisoformat(frozen_on or "2000-01-01")
    except ValueError as error:
        raise SettingError(f"{frozen_on!r} is not a day. Write it like 2026-11-23.") from error


def _require_scheme(data: Dataset, quarter: str) -> FrozenScheme:
    scheme = choose_scheme(data.schemes, quarter)
    if scheme is None:
        later = [s.valid_from for s in data.schemes if not s.superseded]
        told = f" The first one holds from {min(later)} on." if later else ""
        raise InputError(
            f"No segment scheme is in force in {quarter}.{told} `pmo scheme freeze DATA --quarter {quarter}` makes one."
        )
    return scheme


def _cut(
    known: Dataset, quarter: str, first: str, old: FrozenScheme | None, *, segments: int | None, frozen_on: str
) -> FrozenScheme:
    requests = count_requests(known, quarter, known.settings)
    values = customer_features(known, quarter, known.settings, requests=requests).values
    earlier = values_for(known, quarter, known.settings, old) if old else values
    look = cut_segments(values, known.settings, old, earlier, segments=segments)
    return FrozenScheme(
        valid_from=first, cut_in=quarter, scheme=look.scheme, words=freeze_words(requests.words),
        stability=_list_stability(look), source_sha256=_hash_source(known), frozen_on=frozen_on,
    )  # fmt: skip


def _list_stability(look: Segmentation) -> tuple[Mapping[str, Any], ...]:
    rows = look.stability[["segment", "jaccard", "low", "high", "band", "draws"]]
    return tuple(rows.astype(object).where(rows.notna(), None).to_dict("records"))


def _hash_source(known: Dataset) -> str:
    """One hash of all tables as they were known at the cut."""
    rows = fingerprint(known)[["table", "sha256"]].to_numpy().tolist()
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def _compare_fresh(known: Dataset, quarter: str, settings: Settings, scheme: FrozenScheme) -> SchemeComparison:
    """The scheme in force beside a cut of this quarter in the words of today."""
    values = customer_features(known, quarter, settings, requests=count_requests(known, quarter, settings)).values
    earlier = values_for(known, quarter, settings, scheme)
    look = cut_segments(values, settings, scheme, earlier)
    return compare_on(join_features(values, earlier), scheme.scheme, look.scheme)


def _advise(known: Dataset, quarter: str, settings: Settings, scheme: FrozenScheme) -> str:
    panel = feature_panel(known, quarter, settings, requests=count_in_words(known, quarter, settings))
    history = segment_history(panel, scheme=scheme.scheme, seed=settings["seed"])
    return f"{'A recut is advised' if history.recut_advised else 'No recut is advised'}: {history.reason}."


def _tell(path: Path, scheme: FrozenScheme, kept: tuple[FrozenScheme, ...], quarter: str, sentence: str) -> SchemeTold:
    segments = pd.DataFrame(scheme.scheme["segments"])
    bands = {row["segment"]: row["band"] for row in scheme.stability}
    segments["stability"] = segments["segment"].map(bands)
    in_force = choose_scheme(kept, quarter)
    rows = [(s.valid_from, s.cut_in, len(s.scheme["segments"]), _state(s, in_force, quarter)) for s in kept]
    table = pd.DataFrame(rows, columns=["valid_from", "cut_in", "segments_count", "state"])
    return SchemeTold(path, scheme, segments, table, sentence)


def _state(scheme: FrozenScheme, in_force: FrozenScheme | None, quarter: str) -> str:
    if scheme.superseded:
        return "superseded"
    if scheme is in_force:
        return f"in force in {quarter}"
    return "earlier" if scheme.valid_from <= quarter else "later"


def _count(scheme: FrozenScheme) -> str:
    count = len(scheme.scheme["segments"])
    return f"{count} segments" if count > 1 else "one group (no more are there to be told apart)"
