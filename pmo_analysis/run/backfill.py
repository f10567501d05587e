"""Reports of all quarters that a source reaches, oldest first, so that each knows what the one before told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.contract.errors import BusyError, InputError, PmoError, PublishError
from pmo_analysis.contract.quarters import quarters_between
from pmo_analysis.intake.fingerprint import fingerprint
from pmo_analysis.intake.load import load
from pmo_analysis.intake.previous import read_previous
from pmo_analysis.intake.reach import choose_quarter, list_quarters
from pmo_analysis.run import manifest
from pmo_analysis.run.publish import find_previous, report_name, run_report

COLUMNS = ["quarter", "state", "report", "why"]


@dataclass(frozen=True, eq=False)
class Backfilled:
    """What became of each quarter: `table` has quarter, state (published, up to date, failed), report, why."""

    table: pd.DataFrame

    @property
    def failed(self) -> pd.DataFrame:
        """The quarters whose report could not be made."""
        return self.table[self.table["state"] == "failed"]


def report_all_quarters(
    source: str | Path,
    *,
    out: str | Path = "reports",
    again: bool = False,
    progress: Callable[[str], None] | None = None,
    **options: Any,
) -> Backfilled:
    """Publish every quarter from the first that the data tells to the last complete one; oldest first.

    Stopped and called again it goes on where it was: a report that is whole and was made of the same data, settings,
    report before and code is kept, unless `again`. A quarter that fails is listed with its reason and the others are
    made all the same. `options` are those of `run_report`. InputError where the source itself cannot be read.
    """
    say = progress or (lambda text: None)
    settings = {k: v for k, v in options.items() if k not in ("notebook", "wait", "pdf", "parameters")}
    data = load(source, settings=settings)
    quarters = quarters_between(list_quarters(data)[0], choose_quarter(data))
    rows = []
    for number, quarter in enumerate(quarters, start=1):
        folder = Path(out) / report_name(data, quarter, options.get("notebook"))
        say(f"{quarter}, {number} of {len(quarters)}")
        if not again and is_up_to_date(folder, data, quarter):
            rows.append((quarter, "up to date", str(folder), ""))
            continue
        rows.append(_publish(source, quarter, folder, {"out": out, "progress": say, **options}))
    return Backfilled(pd.DataFrame(rows, columns=COLUMNS))


def _publish(source: str | Path, quarter: str, folder: Path, options: dict[str, Any]) -> tuple[str, str, str, str]:
    try:
        run_report(source, quarter, **options)
    except (InputError, PublishError, BusyError) as error:
        return quarter, "failed", str(folder), str(error)
    return quarter, "published", str(folder), ""


def is_up_to_date(folder: Path, data: Any, quarter: str) -> bool:
    """Whether a report stands whole and was made of this data, these settings, this code and the same report before."""
    try:
        report = manifest.read_manifest(folder)
    except PmoError:
        return False
    content = report.content
    known = data.as_of(quarter, data.settings["fiscal_year_end_month"])
    before = find_previous(folder.parent, data, quarter)
    now = {
        "settings": manifest.describe_settings(data.settings)["sha256"],
        "code": manifest.describe_code()["source_sha256"],
        "known": fingerprint(known).to_dict("records"),
        "previous": read_previous(before).key if before else None,
        "files": manifest.describe_files(folder),
    }
    then = {**content, "settings": content["settings"]["sha256"], "code": content["code"]["source_sha256"]}
    return all(then.get(name) == value for name, value in now.items())
