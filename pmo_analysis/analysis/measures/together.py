"""Several groups told as one."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from pmo_analysis.analysis.measures.cells import estimate_cells
from pmo_analysis.analysis.measures.outcomes import MEASURES, Measures
from pmo_analysis.contract.settings import Settings


def estimate_groups(
    measures: Measures, measure: str, kind: str, groups: Collection[str], *, name: str, settings: Settings
) -> pd.DataFrame:
    """The cell of several categories, segments or services together, estimated anew from their rows under `name`.

    Columns as `Measures.cells`, without the note; no row where nothing was measured.
    """
    definition = next(m for m in MEASURES if m.name == measure)
    rows = measures.kept.read([measure], [measures.quarter])
    about = measures.groups.drop_duplicates("customer_id").set_index("customer_id")
    group = rows["service_id"] if kind == "service" else rows["customer_id"].map(about[kind])
    inside = rows[group.astype("str").isin(list(groups))]
    cases = inside.assign(
        group_kind=kind,
        group=name,
        period=measures.quarter,
        cell=np.int64(0),
        cluster=pd.factorize(inside["customer_id"])[0],
    )
    return estimate_cells(cases, [definition], settings).assign(outcome=definition.outcome).drop(columns="period")
