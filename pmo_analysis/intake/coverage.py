"""What no customer, service or role map covers, largest first, and the rows to fill in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.import_folder import write_csv

COVERAGE = ["map", "value", "table", "column", "row_count", "hours", "cost"]
_FILL = ("key", "value", "hours", "row_count")
_MAP_OF = {"customer_id": "customer", "service_id": "service", "role": "role"}
_TABLE_OF = {"customer_id": "customers", "service_id": "services", "role": "roles"}


def unmapped(source: Path | Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What no map covers, ranked by hours, then money, then rows: columns COVERAGE.

    Of an import's folder: the values its maps lacked. Of any folder of CSV tables or mapping of frames, besides: customers,
    services and roles that are used but not in their own table, and effort that leads to no customer (blank value).
    """
    told = _told(source) if isinstance(source, Path) else pd.DataFrame(columns=COVERAGE)
    frames = _folder_frames(source) if isinstance(source, Path) else source
    parts = [told, *_dangling(frames), _without_customer(frames)]
    whole = pd.concat([p for p in parts if len(p)] or [told], ignore_index=True)[COVERAGE]
    return _ranked(whole)


def rank_gaps(open_rows: pd.DataFrame, effort: pd.DataFrame | None = None) -> pd.DataFrame:
    """The values that maps lack, each told once, with all hours and money that hang on it: columns COVERAGE.

    `open_rows`: map, value, table, column, engagement_id, hours, cost; an engagement weighs the hours booked on it in
    `effort` (engagement_id, worked_hours). Of several tables with the value, the one that tells most is told.
    """
    merged = (open_rows["table"] == "engagements") & open_rows.duplicated(["map", "value", "column", "engagement_id"])
    rows = open_rows[~merged]
    rows = rows.assign(hours=rows["hours"].astype(float), cost=rows["cost"].astype(float))
    if effort is not None and "engagement_id" in effort:
        booked = pd.to_numeric(effort["worked_hours"]).groupby(effort["engagement_id"]).sum()
        through = rows["engagement_id"].map(booked).where(rows["table"] == "engagements")
        rows["hours"] = rows["hours"].fillna(through)
    counted = rows.groupby(["map", "value", "table", "column"], sort=True)
    gaps = counted.agg(row_count=("table", "size"), hours=("hours", _sum), cost=("cost", _sum)).reset_index()
    fullest = gaps.assign(_h=gaps["hours"].isna(), _c=gaps["cost"].isna(), _n=-gaps["row_count"])
    fullest = fullest.sort_values(["map", "value", "_h", "_c", "_n", "table", "column"]).drop_duplicates(
        ["map", "value"]
    )
    return _ranked(fullest[COVERAGE])


def _sum(values: pd.Series) -> float:
    """A sum that is missing where all values are."""
    return float(values.sum(min_count=1))


def _ranked(whole: pd.DataFrame) -> pd.DataFrame:
    order = whole.assign(
        _h=-whole["hours"].astype(float).fillna(0),
        _c=-whole["cost"].astype(float).abs().fillna(0),
        _n=-whole["row_count"].astype(float),
        _v=whole["value"].fillna(""),
    )
    order = order.sort_values(["_h", "_c", "_n", "map", "table", "column", "_v"], kind="stable")
    return order[COVERAGE].reset_index(drop=True)


def write_unmapped(source: Path) -> tuple[pd.DataFrame, Path]:
    """What no map covers, and the folder `SOURCE-maps` beside the source with the rows to fill in, one CSV per map.

    Fill in the column value, then import again with that folder as the one for maps.
    """
    gaps = unmapped(source)
    folder = source.resolve().with_name(f"{source.resolve().name}-maps")
    write_rows_to_fill(gaps, folder)
    return gaps, folder


def write_rows_to_fill(gaps: pd.DataFrame, folder: Path) -> list[Path]:
    """One CSV per map, `MAP.csv`: key, value (to be filled in), hours, row_count, largest first.

    Rows that are already in the file stay as they are; only keys that it lacks are added.
    """
    paths = []
    for name, rows in gaps.dropna(subset=["value"]).groupby("map", sort=True):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.csv"
        keys = rows.groupby("value", sort=False).agg(hours=("hours", "max"), row_count=("row_count", "max"))
        new = keys.reset_index().rename(columns={"value": "key"}).assign(value="")[list(_FILL)]
        paths.append(write_csv(_with_existing(new, path), path))
    return paths


def _with_existing(new: pd.DataFrame, path: Path) -> pd.DataFrame:
    if not path.is_file():
        return new
    old = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    if not {"key", "value"} <= set(old):
        raise InputError(
            f"{path} has no columns key and value, so no rows can be added to it. Rename it or its columns."
        )
    return pd.concat([old, new[~new["key"].isin(old["key"])].astype("str")], ignore_index=True)


def _told(folder: Path) -> pd.DataFrame:
    path = folder / "unmapped.csv"
    return pd.read_csv(path, dtype={"value": "str", "map": "str"}) if path.is_file() else pd.DataFrame(columns=COVERAGE)


def _folder_frames(folder: Path) -> dict[str, pd.DataFrame]:
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}. Name the folder of an import or of CSV tables.")
    names = ("customers", "services", "roles", "engagements", "effort", "projects")
    return {n: _read(folder / f"{n}.csv") for n in names if (folder / f"{n}.csv").is_file()}


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path, dtype="str")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path} cannot be read as a UTF-8 CSV ({error}). Run pmo check {path.parent}.") from error


def _dangling(frames: Mapping[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Identifiers that are used in a table but not in their own; a table that is wholly absent is the check's to tell."""
    return [
        _counted(rows[rows[column].notna() & ~rows[column].isin(frames[own][column])], table, column)
        for table, rows in frames.items()
        for column, own in _TABLE_OF.items()
        if table != own and own in frames and column in rows
    ]


def _without_customer(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Hours that lead to no customer, neither directly nor through their engagement or project."""
    if "effort" not in frames:
        return pd.DataFrame(columns=COVERAGE)
    effort = frames["effort"]
    reached = effort["customer_id"].notna() if "customer_id" in effort else pd.Series(False, index=effort.index)
    for table, key in (("engagements", "engagement_id"), ("projects", "project_id")):
        if table in frames and key in effort and {key, "customer_id"} <= set(frames[table]):
            reached |= effort[key].isin(frames[table].dropna(subset=["customer_id"])[key])
    return _counted(effort[~reached].assign(customer_id=pd.NA), "effort", "customer_id")


def _counted(rows: pd.DataFrame, table: str, column: str) -> pd.DataFrame:
    numbers = {
        n: pd.to_numeric(rows[c], errors="coerce") if c in rows else pd.Series(float("nan"), index=rows.index)
        for n, c in (("hours", "worked_hours"), ("cost", "charged_cost"))
    }
    counted = pd.DataFrame({"value": rows[column], **numbers}).groupby("value", dropna=False)
    told = counted.agg(row_count=("value", "size"), hours=("hours", _sum), cost=("cost", _sum)).reset_index()
    return told.assign(map=_MAP_OF[column], table=table, column=column)[COVERAGE]
