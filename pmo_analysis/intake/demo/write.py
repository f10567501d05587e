"""The invented organisation as files: one CSV per table and the organisation's settings."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.demo.build import make_demo
from pmo_analysis.intake.demo.catalogue import read_catalogue


def write_demo(
    folder: str | Path, *, customers: int = 180, quarters: int = 12, seed: int = 0, last_quarter: str = "2026Q3"
) -> Path:
    """Writes the tables as CSV (UTF-8, ISO dates, yes/no, blank = missing) and `settings.toml`; gives the folder.

    Nothing of what was planted is written.
    """
    tables, _ = make_demo(customers=customers, quarters=quarters, seed=seed, last_quarter=last_quarter)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        write_table(target / f"{name}.csv", name, frame)
    (target / "settings.toml").write_text(settings_text(tables["capacity"]), "utf-8", newline="\n")
    return target


def write_table(path: Path, name: str, frame: pd.DataFrame) -> None:
    """One table as CSV, the same bytes wherever it is written."""
    texts = [_as_text(name, column, frame[column]) for column in frame.columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(frame.columns)
        writer.writerows(zip(*texts, strict=True))


def _as_text(name: str, column: str, values: pd.Series) -> list[str]:
    kind, known = TABLE[name].column(column).kind, values.notna().tolist()
    match kind:
        case "date":
            told = values.dt.strftime("%Y-%m-%d").tolist()
        case "flag":
            told = ["yes" if v is True else "no" for v in values.tolist()]
        case "count":
            told = [f"{v:.0f}" for v in values.tolist()]
        case "number" | "money":
            told = [f"{v:.2f}".removesuffix(".00") for v in values.tolist()]
        case _:
            told = values.tolist()
    return [t if k else "" for t, k in zip(told, known, strict=True)]


def settings_text(capacity: pd.DataFrame) -> str:
    """The organisation's settings; its budget is what a quarter's capacity cost over the last year, about."""
    organisation = read_catalogue().organisation
    budget = capacity.groupby("quarter")["capacity_cost"].sum().tail(4).mean()
    return (
        f'organisation = "{organisation["organisation"]}"\n'
        f'currency = "{organisation["currency"]}"\n'
        f"customer_hourly_cost = {organisation['customer_staff_rate']}\n"
        f"pmo_budget_cost = {round(float(budget), -4):.1f}\n"
        "weights_known = false\n"
    )
