"""Is a published report still what was published, and do its tables come out the same, byte for byte?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pmo_analysis.intake.fingerprint import fingerprint
from pmo_analysis.intake.load import load
from pmo_analysis.intake.previous import PreviousReport, read_previous
from pmo_analysis.intake.scenarios import StoredScenario, read_scenario
from pmo_analysis.intake.scratch import private_folder
from pmo_analysis.intake.told import write_told
from pmo_analysis.present.tables import write_tables
from pmo_analysis.quarter import Quarter, run_quarter
from pmo_analysis.quarter.pack_tables import gather_pack_tables
from pmo_analysis.run import manifest
from pmo_analysis.run.ledger import review_ledger
from pmo_analysis.run.manifest import Manifest

COLUMNS = ["file", "state", "why"]


def verify_report(folder: str | Path, source: str | Path | None = None, *, expect: str | None = None) -> pd.DataFrame:
    """Say of each file and each recomputed table whether it is the same, and if not why.

    Columns: file, state (same / changed since publishing / missing / not listed / recomputed the same /
    recomputed differently / rewritten), why (data, settings, code, packages). `source` defaults to the one recorded.
    `expect`: a hash of the ledger that was noted once; without it a ledger rewritten from its start goes unnoticed.
    Raises PublishError where the folder holds no report, InputError where the source cannot be read.
    """
    report = manifest.read_manifest(Path(folder))
    told = review_ledger(report.folder.resolve(), expect=expect)
    rows = told + _compare_files(report) + _recompute(report, source or report.content["parameters"]["source"])
    return pd.DataFrame(rows, columns=COLUMNS)


def differences(result: pd.DataFrame) -> pd.DataFrame:
    """The rows that are not as published."""
    return result[~result["state"].isin(["same", "recomputed the same"])]


def _compare_files(report: Manifest) -> list[tuple[str, str, str]]:
    listed = {f["path"]: f["sha256"] for f in report.content["files"]}
    found = {f["path"]: f["sha256"] for f in manifest.describe_files(report.folder)}
    rows = []
    for path in sorted(listed | found):
        if path not in found:
            rows.append((path, "missing", "it was published but is no longer there"))
        elif path not in listed:
            rows.append((path, "not listed", "it was not part of the report"))
        else:
            same = listed[path] == found[path]
            rows.append((path, "same" if same else "changed since publishing", "" if same else "its bytes differ"))
    return rows


def _recompute(report: Manifest, source: str | Path) -> list[tuple[str, str, str]]:
    content = report.content
    data = load(source, settings=content["settings"]["changed"])
    stored = _read_stored(report)
    result = run_quarter(data, content["quarter"], previous=_read_previous(report), scenario=stored)
    schemes = manifest.describe_schemes(result)
    reasons = _reasons(content, fingerprint(result.data), result.settings, schemes)
    if content.get("previous") and _read_previous(report) is None:
        reasons = f"the report before, {content['previous']['name']}, is gone or another; {reasons}"
    with private_folder() as scratch:
        _write_again(content, result, scratch / "tables")
        new = {f["path"]: f["sha256"] for f in manifest.describe_files(scratch)}
    old = {f["path"]: f["sha256"] for f in content["files"] if f["path"].startswith("tables/")}
    old |= {f"tables/{name}": digest for name, digest in content.get("told", {}).items()}
    tables = [_compare_table(path, old.get(path), new.get(path), reasons) for path in sorted(old | new)]
    return _compare_schemes(content, schemes) + _compare_scenario(content, stored) + tables


def _write_again(content: Mapping[str, Any], result: Quarter, folder: Path) -> None:
    """A report's tables; of packs those that they were made of."""
    if content.get("kind") == "packs":
        write_told(gather_pack_tables(result), folder)
    else:
        write_tables(result, folder)


def _read_previous(report: Manifest) -> PreviousReport | None:
    """The report before, where it stands beside this one as it stood when this one was made."""
    named = report.content.get("previous")
    folder = report.folder.resolve().parent / named["name"] if named else None
    if folder is None or not (folder / manifest.NAME).is_file():
        return None
    found = read_previous(folder)
    return found if found.key == named else None


def _read_stored(report: Manifest) -> StoredScenario | None:
    """The stored scenario that was published with the report, where it is still as it was."""
    told, path = report.content.get("scenario"), report.folder / manifest.SCENARIO
    if not told or not path.is_file() or manifest.file_hash(path) != told["sha256"]:
        return None
    return read_scenario(path)


def _compare_scenario(content: Mapping[str, Any], stored: StoredScenario | None) -> list[tuple[str, str, str]]:
    """A row where the stored scenario was lost with the report, or its own file says something else by now."""
    told = content.get("scenario")
    if not told:
        return []
    if stored is None:
        return [("scenario", "changed since publishing", f"{manifest.SCENARIO} is not the one of {told['name']!r}")]
    path = Path(content["parameters"]["scenario"])
    if path.is_file() and manifest.file_hash(path) != told["sha256"]:
        now = f"{path} says something else now; the report keeps what it told as {manifest.SCENARIO}"
        return [("scenario", "changed since publishing", now)]
    return []


def _compare_schemes(content: Mapping[str, Any], schemes: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """A row where the frozen segments that the report was told by are not those kept now."""
    then = content.get("schemes", [])
    if then == schemes:
        return []
    told, now = (
        " and ".join(f"{s['told_as']} from {s['valid_from']} on ({s['sha256'][:8]})" for s in rows) or "none"
        for rows in (then, schemes)
    )
    return [("frozen segments", "changed since publishing", f"then {told}; now {now}")]


def _compare_table(path: str, old: str | None, new: str | None, reasons: str) -> tuple[str, str, str]:
    if old == new:
        return (path, "recomputed the same", "")
    return (path, "recomputed differently", reasons)


def _reasons(content: Mapping[str, Any], known: pd.DataFrame, settings: Any, schemes: list[dict[str, Any]]) -> str:
    """Which of data, settings, frozen segments, code and packages differ from those of the report."""
    code = manifest.describe_code()
    then = content["code"]
    before = {e["table"]: e["sha256"] for e in content["known"]}
    now = dict(zip(known["table"], known["sha256"], strict=True))
    tables = sorted(t for t in before.keys() | now.keys() if before.get(t) != now.get(t))
    packages = sorted(n for n, v in code["packages"].items() if then["packages"].get(n) != v)
    found = [
        f"data changed: {', '.join(tables)}" if tables else "",
        "settings changed" if content["settings"]["sha256"] != manifest.describe_settings(settings)["sha256"] else "",
        "frozen segments changed" if content.get("schemes", []) != schemes else "",
        "code changed" if code["source_sha256"] != then["source_sha256"] else "",
        f"packages changed: {', '.join(packages)}" if packages else "",
    ]
    return "; ".join(f for f in found if f) or "cause not found: same data, settings, code and packages"
