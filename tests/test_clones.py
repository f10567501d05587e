"""Two clones in other folders, time zones, locales and hash seeds tell the same, byte for byte."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[1]
# POSIX zones need no zone files: half the world lies between them, so a date that rests on the clock's zone differs.
PLACES = {
    "here": {"TZ": "XXX-14", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "1"},
    "in another folder": {"TZ": "YYY+11", "LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "2"},
}


def tell(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """The hash of each file of the invented organisation and of the report's tables, page and workbook, by the code of a copy."""
    for part in ("pmo_analysis", "notebooks"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    surroundings = {**os.environ, **environment, "PYTHONPATH": str(folder)}
    for command in (
        ["demo", "data", "--customers", "24", "--quarters", "4", "--seed", "5"],
        ["report", "data", "--out", "shelf"],
    ):
        asked = [sys.executable, "-m", "pmo_analysis", *command]
        done = subprocess.run(
            asked, cwd=folder, env=surroundings, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr
    files = [
        *(folder / "data").rglob("*"),
        *(folder / "shelf").glob("*/tables/*"),
        *(folder / "shelf").glob("*/report.[hx]*"),
    ]
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files if f.is_file()}


def test_two_clones_tell_the_same_report_whatever_folder_zone_locale_and_hash_seed(tmp_path):
    with ThreadPoolExecutor(2) as workers:
        one, other = workers.map(lambda place: tell(tmp_path / place, PLACES[place]), PLACES)
    assert len([name for name in one if name.endswith(".parquet")]) > 40
    assert len([name for name in one if name.endswith(("report.html", "report.xlsx"))]) == 2
    assert one == other
