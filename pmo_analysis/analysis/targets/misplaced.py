"""Services that reach the wrong customer or come too late, judged against the catalogue's own words, never by uptake."""

from __future__ import annotations

import pandas as pd

STAGES = ("idea", "business case", "planning", "delivery", "closing", "benefits")
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
    rows = requests[requests["state"] != "refused"].merge(
        groups[["customer_id", "category"]], how="left", on="customer_id"
    )
    declared = services[["service_id", "target_categories", "stages"]].drop_duplicates("service_id")
    rows = rows.merge(declared, how="left", on="service_id")
    meant = rows["target_categories"].map(_words)
    off = [bool(m) and pd.notna(c) and _word(c) not in m for m, c in zip(meant, rows["category"], strict=True)]
    last, at = rows["stages"].map(_last_stage), rows["stage"].map(_stage_order)
    late = (at > last) & last.notna() & at.notna()
    return rows.assign(off_target=pd.Series(off, index=rows.index, dtype=bool), too_late=late.astype(bool))


def _tell(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    groups = rows.groupby(["service_id", "category", "stage"], dropna=False, sort=True)
    sums = groups[["worked_hours", "cost"]].sum(min_count=1)
    return sums.assign(engagement_count=groups.size(), kind=kind).reset_index()[OFF_TARGET]


def _word(text: object) -> str:
    return " ".join(str(text).lower().split())


def _words(text: object) -> frozenset[str]:
    return frozenset(_word(w) for w in str(text).split(";") if w.strip()) if pd.notna(text) else frozenset()


def _stage_order(text: object) -> float:
    return float(STAGES.index(_word(text))) if pd.notna(text) and _word(text) in STAGES else float("nan")


def _last_stage(text: object) -> float:
    known = [STAGES.index(w) for w in _words(text) if w in STAGES]
    return float(max(known)) if known else float("nan")
