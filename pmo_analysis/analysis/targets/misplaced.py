"""Services that reach the wrong customer or come too late, judged against the catalogue's own words, never by uptake."""

from __future__ import annotations

import numpy as np
import pandas as pd

STAGES = ("idea", "business case", "planning", "delivery", "closing", "benefits")
_KEYS = ["service_id", "category", "stage"]
OFF_TARGET = ["service_id", "category", "stage", "engagement_count", "worked_hours", "cost", "kind"]


def find_misplaced(requests: pd.DataFrame, services: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Requests outside a service's target_categories (off target) or after its last stage (too late), added up.

    Columns: service_id, category, stage, engagement_count, worked_hours, cost, kind; a request that is both stands
    under both kinds. See mark_misplaced for what is asked of the tables.
    """
    rows = mark_misplaced(requests, services, groups)
    parts = [_tell(rows[rows["off_target"]], "off target"), _tell(rows[rows["too_late"]], "too late")]
    parts = [p for p in parts if len(p)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=OFF_TARGET)


def mark_misplaced(requests: pd.DataFrame, services: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Each request that was not refused, with category, off_target and too_late (yes or no).

    requests: engagement_id, customer_id, service_id, stage, worked_hours, cost; services: service_id,
    target_categories, stages (lists with ;). Order of stages: idea, business case, planning, delivery, closing,
    benefits; other words are not judged, nor services that declare nothing. Refused requests cost nothing and
    are not counted.
    """
    rows = requests[requests["state"] != "refused"].reset_index(drop=True)
    category = groups.drop_duplicates("customer_id").set_index("customer_id")["category"]
    rows = rows.assign(category=rows["customer_id"].map(category))
    # Requests that are alike are judged once.
    place = rows.groupby(_KEYS, dropna=False, observed=True, sort=False).ngroup().to_numpy()
    _, firsts = np.unique(place, return_index=True)
    kinds = _judge(rows.loc[firsts, _KEYS].astype("str"), services)
    return rows.assign(**{name: kinds[name].to_numpy()[place] for name in ("off_target", "too_late")})


def _judge(kinds: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """service_id, category and stage with off_target and too_late."""
    declared = services[["service_id", "target_categories", "stages"]].drop_duplicates("service_id")
    rows = kinds.merge(declared, how="left", on="service_id")
    meant = rows["target_categories"].map(_words)
    off = [bool(m) and pd.notna(c) and _word(c) not in m for m, c in zip(meant, rows["category"], strict=True)]
    last, at = rows["stages"].map(_last_stage), rows["stage"].map(_stage_order)
    late = (at > last) & last.notna() & at.notna()
    return rows.assign(off_target=pd.Series(off, index=rows.index, dtype=bool), too_late=late.astype(bool))


def _tell(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    groups = rows.groupby(_KEYS, dropna=False, sort=True, observed=True)
    sums = groups[["worked_hours", "cost"]].sum(min_count=1)
    told = sums.assign(engagement_count=groups.size(), kind=kind).reset_index()
    return told.astype(dict.fromkeys(_KEYS, "str"))[OFF_TARGET]


def _word(text: object) -> str:
    return " ".join(str(text).lower().split())


def _words(text: object) -> frozenset[str]:
    return frozenset(_word(w) for w in str(text).split(";") if w.strip()) if pd.notna(text) else frozenset()


def _stage_order(text: object) -> float:
    return float(STAGES.index(_word(text))) if pd.notna(text) and _word(text) in STAGES else float("nan")


def _last_stage(text: object) -> float:
    known = [STAGES.index(w) for w in _words(text) if w in STAGES]
    return float(max(known)) if known else float("nan")
