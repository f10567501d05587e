"""What a report was made from and of: inputs, settings, code, packages, files, each with its hash."""

from __future__ import annotations

import hashlib
import html
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.reach import find_source

if TYPE_CHECKING:
    from pmo_analysis.intake.scenarios import StoredScenario
    from pmo_analysis.quarter import Quarter

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent
NAME = "manifest.json"
SCENARIO = "scenario.toml"
_PACKAGES = ("duckdb", "matplotlib", "narwhals", "nbconvert", "numpy", "pandas", "papermill", "pyarrow",
             "scikit-learn", "scipy", "seaborn", "xlsxwriter")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Manifest:
    """A published report: `folder` is where it stands, `content` what `manifest.json` says."""

    folder: Path
    content: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """One sentence: what was published, where, from how many rows."""
        rows = sum(entry["rows"] for entry in self.content["inputs"])
        return (
            f"{self.content['organisation']}, {self.content['quarter']}: {len(self.content['files'])} files "
            f"from {rows:,} rows in {self.folder}"
        )

    @property
    def page(self) -> Path:
        """The page that people read."""
        return self.folder / self.content.get("page", "report.html")

    def _repr_html_(self) -> str:
        files = pd.DataFrame(self.content["files"])
        return f"<p>{html.escape(self.sentence)}</p>{files.to_html(index=False)}"


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a published report; absent or damaged is a PublishError."""
    path = folder / NAME
    if not path.is_file():
        said = f"{folder} holds no {NAME}, so it is not a published report. Give a folder under reports/."
        raise PublishError(said).as_wrong_use()
    try:
        content = json.loads(path.read_text("utf-8"))
        content["quarter"], content["organisation"]
        _ = [(entry["path"], entry["sha256"]) for entry in content["files"]], sum(e["rows"] for e in content["inputs"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise PublishError(f"{path} is damaged ({type(error).__name__}: {error}). Publish the report again.") from error
    return Manifest(folder, content)


def list_reports(folder: str | Path = "reports") -> pd.DataFrame:
    """The reports that stand in a folder, the newest first: report, organisation, quarter, published_on, page.

    The folder is looked for here and then in the folders above, so that notebooks find it; damaged reports are left out.
    """
    found = Path(find_source(str(folder)))
    made = []
    for path in sorted(found.glob(f"*/{NAME}")):
        try:
            report = read_manifest(path.parent)
        except PublishError:
            continue
        page = Path(found.name, path.parent.name, report.page.name).as_posix()
        made.append(
            (path.stat().st_mtime, path.parent.name, *(report.content[k] for k in ("organisation", "quarter")), page)
        )
    rows = pd.DataFrame(sorted(made, reverse=True), columns=["at", "report", "organisation", "quarter", "page"])
    rows["published_on"] = pd.to_datetime(rows["at"], unit="s", utc=True).dt.strftime("%Y-%m-%d")
    return rows[["report", "organisation", "quarter", "published_on", "page"]]


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write `manifest.json`, last of all files, keys in a fixed order."""
    text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / NAME).write_text(text + "\n", "utf-8")


def describe_files(folder: Path) -> list[dict[str, Any]]:
    """Every file of a report but the manifest: path, bytes and hash, in the order of their paths."""
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    return [
        {"path": p.relative_to(folder).as_posix(), "bytes": p.stat().st_size, "sha256": file_hash(p)} for p in paths
    ]


def describe_code() -> dict[str, Any]:
    """Version and hash of the package's source, hash of the lock, versions of Python and packages."""
    sources = sorted(p for p in PACKAGE.rglob("*") if p.suffix in (".py", ".toml", ".css", ".j2"))
    digest = hashlib.sha256()
    for path in sources:
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    lock = ROOT / "requirements.lock"
    return {
        "version": metadata.version("pmo-analysis"),
        "source_sha256": digest.hexdigest(),
        "lock_sha256": file_hash(lock) if lock.is_file() else None,
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES},
    }


def describe_settings(settings: Settings) -> dict[str, Any]:
    """The hash of all settings, those that differ from the house's, and every value, for the next report to compare."""
    text = json.dumps(dict(settings), sort_keys=True, ensure_ascii=False)
    return {
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "changed": settings.changed(),
        "values": dict(settings),
    }


def describe_schemes(quarter: Quarter) -> list[dict[str, Any]]:
    """The frozen segment schemes that a quarter is told by: told_as, valid_from, cut_in, sha256; none where it was cut anew."""
    table = quarter.scheme_in_force.table
    return table.loc[table["sha256"] != "", ["told_as", "valid_from", "cut_in", "sha256"]].to_dict("records")


def describe_scenario(stored: StoredScenario | None) -> dict[str, str] | None:
    """The stored scenario that a report tells: its name and the hash of its file, kept with the report as scenario.toml."""
    return {"name": stored.name, "sha256": stored.sha256} if stored else None


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
