"""The files of a schedule, filled in for a source: each path quoted as the file's own language wants it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from string import Template

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.settings import read_settings
from pmo_analysis.intake.addresses import require_no_secret
from pmo_analysis.run.manifest import ROOT

KINDS = {
    "systemd": ("pmo-report.service", "pmo-report.timer"),
    "cron": ("crontab",),
    "github": ("github.yml",),
    "airflow": ("airflow_dag.py",),
}
_HERE = Path(__file__).parent


def fill_schedule(kind: str, source: str, *, out: str = "reports", day: int = 5) -> dict[str, str]:
    """The files of one kind of schedule by name, for the quarterly report of a source.

    It is made at six on `day` of the month after each quarter's end, by the fiscal year of the source's settings; bookings
    of the last days are in by then. SettingError for an unknown kind, a day that not every month has, or a name with a
    line break, which none of these files can hold.
    """
    if kind not in KINDS or not 1 <= day <= 28:
        raise SettingError(f"A schedule is one of {', '.join(KINDS)}, on a day from 1 to 28; not {kind!r} on {day}.")
    if any(not c.isprintable() for c in source + out):
        raise SettingError("A schedule cannot name a source or folder with a line break or another control character.")
    texts = _quote(source, out, day)
    return {name: Template(_template(name).read_text("utf-8")).substitute(texts) for name in KINDS[kind]}


def _template(name: str) -> Path:
    """The template of a file; a Python file is no Python before it is filled in, and is not named as one."""
    return _HERE / (f"{name}.template" if name.endswith(".py") else name)


def _quote(source: str, out: str, day: int) -> dict[str, str]:
    require_no_secret(source)
    whole = source if "://" in source else str(Path(source).resolve())
    command = [sys.executable, "-m", "pmo_analysis", "report", whole, "--out", str(Path(out).resolve())]
    months = _months(whole)
    return {
        "day": str(day), "months": ",".join(map(str, months)), "day_unit": f"{day:02d}",
        "months_unit": ",".join(f"{m:02d}" for m in months),
        "root_unit": _unit(str(ROOT)).replace('"', ""), "command_unit": " ".join(_word(part) for part in command),
        "root_cron": _cron(str(ROOT)), "command_cron": " ".join(map(_cron, command)),
        "log_cron": _cron(str(Path(out).resolve().parent / "pmo-report.log")),
        "source_json": json.dumps(source, ensure_ascii=False), "command_python": repr(command), "root_python": repr(str(ROOT)),
    }  # fmt: skip


def _months(source: str) -> list[int]:
    """The months after each quarter's end."""
    folder = Path(source) if "://" not in source and Path(source).is_dir() else None
    last = read_settings(folder)["fiscal_year_end_month"]
    return sorted((last + 3 * quarter) % 12 + 1 for quarter in range(4))


def _unit(text: str) -> str:
    """systemd takes % for its specifiers."""
    return text.replace("%", "%%")


def _word(text: str) -> str:
    """One word of a unit's command line: quoted, and nothing in it is a variable or a specifier."""
    inside = _unit(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{inside}"'


def _cron(text: str) -> str:
    """One word of cron's command for the shell; cron itself takes % for a line break."""
    return shlex.quote(text).replace("%", "\\%")
