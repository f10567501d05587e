"""A notebook and its quarter become a published report: complete, or the one before stays."""

from __future__ import annotations

import re
import shutil
import time
import unicodedata
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from pmo_analysis.contract.errors import PublishError
from pmo_analysis.contract.periods import list_period
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.intake.addresses import name_source, require_no_secret
from pmo_analysis.intake.check import require_usable
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.fingerprint import file_states, fingerprint
from pmo_analysis.intake.load import load
from pmo_analysis.intake.previous import PreviousReport, read_previous
from pmo_analysis.intake.reach import choose_quarter
from pmo_analysis.intake.scenarios import StoredScenario, read_scenario
from pmo_analysis.run import ledger, manifest, shelf
from pmo_analysis.run.limits import read_limits
from pmo_analysis.run.manifest import ROOT, Manifest
from pmo_analysis.run.pdf import print_page
from pmo_analysis.run.templates import find_template
from pmo_analysis.run.warm import Zygote, can_fork, can_leave, require_kernel, start_zygote

Progress = Callable[[str], None]
REPORT = ROOT / "notebooks" / "quarterly_report.ipynb"


def run_report(
    source: str | Path,
    quarter: str | None = None,
    *,
    out: str | Path = "reports",
    notebook: str | Path = REPORT,
    wait: bool = False,
    pdf: bool = False,
    progress: Progress | None = None,
    parameters: Mapping[str, Any] | None = None,
    **overrides: Any,
) -> Manifest:
    """Publish a quarter's report and say where it stands.

    `source` is whatever `pmo.load` reads; `overrides` are settings by name, `**{"weight.execution": 0.3}` for
    dotted ones; `parameters` further parameters of the notebook, such as the file of a stored `scenario`;
    `pdf` prints the page as well, where there is a Chromium. The report is built in a scratch folder, verified and put
    in place whole; on any failure the one before stays.

    Raises InputError, SettingError, BusyError or PublishError, each with what to do.
    """
    require_no_secret(source)
    require_kernel()
    say = progress or (lambda text: None)
    given = {"source": str(source), "settings": overrides, **(parameters or {})}
    forks = can_fork() and Path(notebook) == REPORT  # a notebook of one's own runs as it does in JupyterLab
    with start_zygote("report") if forks else nullcontext() as zygote:
        return _report(given, quarter, Path(notebook), Path(out), say, wait=wait, pdf=pdf, zygote=zygote)


def _report(
    given: dict[str, Any],
    quarter: str | None,
    notebook: Path,
    out: Path,
    say: Progress,
    *,
    wait: bool,
    pdf: bool,
    zygote: Zygote | None,
) -> Manifest:
    """Check everything that can be checked before a kernel is asked for; then build, look again and publish."""
    from pmo_analysis.run.parameters import check_parameters, read_parameters

    source = given["source"]
    declared = read_parameters(notebook)
    check_parameters(declared, {**given, "quarter": quarter or ""}, notebook)
    say(f"reading {name_source(source)}")
    states = file_states(source)
    data = load(source, settings=given["settings"])
    require_usable(data)  # what is wrong with the data is told within seconds
    template = find_template(data)
    chosen = choose_quarter(data, quarter)
    list_period(chosen, data.settings)  # a year that is not over is told before anything runs
    check_parameters(declared, {**given, "quarter": chosen}, notebook)
    _read_stored(given)  # a scenario that cannot be read is told before anything runs
    before = find_previous(out, data, chosen)
    if before and "previous" in declared:
        given["previous"] = str(before)
    name = report_name(data, chosen, notebook)
    asked = {**given, "quarter": chosen}
    with shelf.one_at_a_time(out, name, wait=wait), shelf.scratch(out, name) as folder:
        previous = read_previous(before) if before else None
        _build(folder, data, notebook, asked, say, previous=previous, template=template, pdf=pdf, zygote=zygote)
        _require_unchanged(source, states)
        shelf.put_in_place(folder, out / name)
        ledger.enter(out / name)
    return manifest.read_manifest(out / name)


def _build(
    folder: Path,
    data: Dataset,
    notebook: Path,
    parameters: Mapping[str, Any],
    say: Progress,
    *,
    previous: PreviousReport | None,
    template: Path | None,
    pdf: bool,
    zygote: Zygote | None,
) -> None:
    """Fill the scratch folder; the notebook runs in its kernel while the other files are written."""
    started = time.monotonic()
    say(f"computing {parameters['quarter']}")
    inputs = _warm(zygote, data, parameters)
    from pmo_analysis.run import kernels

    executing = partial(
        kernels.execute, notebook, folder / "report.ipynb", parameters,
        folder=Path.cwd(), limits=read_limits(data.settings), zygote=zygote,
    )  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(executing)
        if zygote and can_leave(parameters["source"]):
            say(f"running {notebook.name}, writing tables, workbook and slides")
            about = zygote.write_files(folder, template)
        else:
            about = _compute(data, parameters, folder, previous, template)
            say(f"computed and written; waiting for {notebook.name}")
        from pmo_analysis.present.page import make_page  # while the notebook still runs

        executed = running.result()
    say("making the page")
    make_page(executed, folder / "report.html", title=f"{about['organisation']}, {about['quarter']}")
    printed = print_page(folder / "report.html", say) if pdf else "not asked for (--pdf)"
    content = _describe(folder, {**about, "inputs": inputs}, parameters, previous, time.monotonic() - started)
    manifest.write_manifest(folder, {**content, "pdf": printed})
    _require_complete(folder)


def _warm(zygote: Zygote | None, data: Dataset, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Have the quarter computed where the kernel will be forked; meanwhile look at what was read, and import papermill."""
    if zygote:
        zygote.begin(**({"asked": dict(parameters)} if can_leave(parameters["source"]) else {}))
    inputs: list[dict[str, Any]] = fingerprint(data).to_dict("records")
    import pmo_analysis.run.kernels  # noqa: F401

    if zygote:
        zygote.wait()
    return inputs


def _describe(
    folder: Path,
    about: Mapping[str, Any],
    parameters: Mapping[str, Any],
    previous: PreviousReport | None,
    seconds: float,
) -> dict[str, Any]:
    stored = _read_stored(parameters)
    if stored:
        shutil.copyfile(parameters["scenario"], folder / manifest.SCENARIO)
    return {
        **about,
        "parameters": dict(parameters),
        "previous": previous.key if previous else None,
        "scenario": manifest.describe_scenario(stored),
        "code": manifest.describe_code(),
        "durations": {"total_seconds": round(seconds, 2)},
        "files": manifest.describe_files(folder),
    }


def _compute(
    data: Dataset, parameters: Mapping[str, Any], folder: Path, previous: PreviousReport | None, template: Path | None
) -> dict[str, Any]:
    """The quarter and its files, here: a notebook of one's own computes what it shows in its own kernel."""
    from pmo_analysis.quarter import run_quarter
    from pmo_analysis.run.files import describe_quarter, write_files

    result = run_quarter(data, parameters["quarter"], previous=previous, scenario=_read_stored(parameters))
    write_files(result, folder, template)
    return describe_quarter(result)


def _read_stored(parameters: Mapping[str, Any]) -> StoredScenario | None:
    """The stored scenario that the parameters name, if they name one."""
    return read_scenario(parameters["scenario"]) if parameters.get("scenario") else None


def _require_unchanged(source: str | Path, before: Mapping[str, tuple[int, int]]) -> None:
    """A source that changes between them would tell two stories."""
    after = file_states(source)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        raise PublishError(
            f"{source}: {', '.join(changed[:3])} changed while the report was made. Nothing was published; the report "
            "before is untouched. Wait until whatever writes there is done, then run again."
        )


def _require_complete(folder: Path) -> None:
    """The last look before the report takes its place: every file there, none empty, the page closed."""
    from pmo_analysis.run.kernels import require_whole

    for name in ("report.ipynb", "report.html", "report.xlsx", "slides.pptx", manifest.NAME):
        if not (folder / name).is_file() or (folder / name).stat().st_size == 0:
            raise PublishError(f"The report lacks {name}; nothing was published.")
    require_whole(folder / "report.ipynb")
    manifest.read_manifest(folder)


def report_name(data: Dataset, quarter: str, notebook: str | Path | None = None) -> str:
    """The folder that a report stands in: organisation and quarter, and the notebook where it is an own one."""
    own = "" if notebook is None or Path(notebook) == REPORT else f"-{slug(Path(notebook).stem)}"
    period = data.settings["report_period"]
    span = "" if period == "quarter" else f"-{slug(period)}"
    return f"{slug(data.name)}-{quarter}{span}{own}"


def find_previous(shelf: Path, data: Dataset, quarter: str) -> Path | None:
    """The report of the quarter before, by the same name on the same shelf; None where there is none."""
    before = shift_quarter(quarter, -1)
    folders = [shelf / name for name in (report_name(data, before), f"{slug(data.name)}-{before}")]
    return next((folder for folder in folders if (folder / manifest.NAME).is_file()), None)


def slug(text: str) -> str:
    """A name fit for a folder: `Städt. Werke & Co` → `stadt-werke-co`; never empty, never a path."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "report"
