"""The command line: parse, call one function, print what it made."""

from __future__ import annotations

import sys
import time
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from pmo_analysis.contract.errors import PmoError, SettingError
from pmo_analysis.contract.settings import parse_assignment

app = typer.Typer(
    name="pmo", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Runs a project management office as a service for its internal customers.",
)  # fmt: skip
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

Source = Annotated[str, typer.Argument(help="Folder of CSV/Parquet, DuckDB file, or database address")]
Set = Annotated[list[str] | None, typer.Option("--set", help="A setting for this run, name=value; may be repeated")]


@app.command()
def report(
    source: Source,
    quarter: Annotated[str | None, typer.Option(help="Such as 2026Q3; default: the last complete one")] = None,
    to: Annotated[Path, typer.Option("--out", help="Folder that holds the reports")] = Path("reports"),
    notebook: Annotated[Path | None, typer.Option(help="Your own report notebook instead of the quarterly one")] = None,
    parameter: Annotated[list[str] | None, typer.Option("-p", help="A notebook's own parameter, name=value")] = None,
    settings: Set = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait where another run writes the same report")] = False,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser")] = False,
) -> None:
    """Publish a quarter's report: page, notebook, workbook, tables and manifest."""
    from pmo_analysis.run.publish import REPORT, run_report

    manifest = run_report(
        source, quarter, out=to, notebook=notebook or REPORT, wait=wait, progress=_progress(),
        parameters=_assignments(parameter), **_assignments(settings),
    )  # fmt: skip
    out.print(manifest.sentence)
    out.print(str(manifest.page))
    if show:
        webbrowser.open(manifest.page.resolve().as_uri())


@app.command()
def check(source: Source) -> None:
    """List every problem of the data with its rows and remedy; exit 1 if a report could not be trusted."""
    from pmo_analysis.intake.check import check as find_problems
    from pmo_analysis.intake.check import most_useful_addition
    from pmo_analysis.intake.load import load

    data = load(source)
    problems = find_problems(data)
    _print_table(problems.drop(columns=["severity"]))
    counts = problems["severity"].value_counts()
    out.print(
        f"{len(problems)} kinds of problem in {len(data.tables)} tables: {counts.get('stops', 0)} stop a report, "
        f"{counts.get('harms', 0)} harm it, {counts.get('note', 0)} are notes."
    )
    addition, answers = most_useful_addition(data)
    if addition:
        out.print(f"Adding {addition} would answer most: {answers}.")
    raise typer.Exit(1 if counts.get("stops", 0) else 0)


@app.command("import")
def import_(
    mapping: Annotated[str, typer.Argument(help="Mapping file (TOML) or the name of a preset")],
    files: Annotated[list[Path], typer.Argument(help="The exported files")],
    to: Annotated[Path, typer.Option("--to", help="Folder that the tables are written to")],
) -> None:
    """Turn an organisation's own exports into tables, with a reconciliation."""
    from pmo_analysis.intake.mapping import import_tables

    result = import_tables(mapping, files, to=to, progress=_progress())
    _print_table(result.reconciliation)
    out.print(f"Tables written to {to}. Next: pmo check {to}")


@app.command("map")
def map_(source: Annotated[Path, typer.Argument(help="Folder that pmo import wrote")]) -> None:
    """List what no customer, service or role map covers, ranked by hours, and write the rows to fill in."""
    from pmo_analysis.intake.coverage import write_unmapped

    rows, path = write_unmapped(source)
    _print_table(rows)
    out.print(f"{len(rows)} names without a map. Fill in {path}" if len(rows) else "Everything is mapped.")


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to write the invented organisation to")],
    customers: Annotated[int, typer.Option(min=20, help="Number of customers")] = 180,
    quarters: Annotated[int, typer.Option(min=1, max=80, help="Number of quarters")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Seed")] = 0,
) -> None:
    """Write an invented organisation to try the workbench on."""
    from pmo_analysis.intake.demo import write_demo

    write_demo(folder, customers=customers, quarters=quarters, seed=seed)
    out.print(f"An invented organisation with {customers} customers and {quarters} quarters: {folder}")


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="A published report")],
    source: Annotated[str | None, typer.Option(help="The data, where it has moved")] = None,
) -> None:
    """Say whether a report is as published and its tables come out the same; exit 1 if not."""
    from pmo_analysis.run.verify import differences, verify_report

    result = verify_report(folder, source)
    changed = differences(result)
    if len(changed):
        _print_table(changed)
    tables = result["file"].str.startswith("tables/") & result["state"].str.startswith("recomputed")
    out.print(
        f"{len(result) - tables.sum()} published files and {tables.sum()} recomputed tables looked at; "
        f"{len(changed)} differ."
    )
    raise typer.Exit(1 if len(changed) else 0)


@app.command()
def decide(
    folder: Annotated[Path, typer.Argument(help="A published report")],
    source: Annotated[str | None, typer.Option(help="The data, where it has moved")] = None,
) -> None:
    """Take the decisions of a report's page 1 into the decisions table beside the data."""
    from pmo_analysis.run.decide import take_decisions

    path, added = take_decisions(folder, source)
    out.print(f"{added} decisions written to {path}" if added else f"{path} holds these decisions already.")


@app.command()
def settings() -> None:
    """List every setting with its value, unit and source."""
    from pmo_analysis.contract.settings import Settings

    _print_table(Settings().table().drop(columns=["changed"]))


@app.command()
def lab() -> None:
    """Open the notebooks in JupyterLab."""
    from pmo_analysis.run.servers import open_lab

    raise typer.Exit(open_lab())


@app.command(name="app")
def app_() -> None:
    """Open what-if sizing as an app, on this machine only."""
    from pmo_analysis.run.servers import open_app

    raise typer.Exit(open_app())


def main() -> None:
    """Run the command line; a problem is one message and its exit code, never a traceback."""
    try:
        app()
    except PmoError as error:
        err.print(f"pmo: {error}", markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        err.print("pmo: stopped; nothing was published.")
        sys.exit(130)


def _progress() -> Any:
    started = time.monotonic()
    return lambda text: err.print(f"[{time.monotonic() - started:5.1f} s] {text}", markup=False)


def _assignments(texts: list[str] | None) -> dict[str, Any]:
    pairs = [parse_assignment(text) for text in texts or []]
    twice = {name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1}
    if twice:
        raise SettingError(f"Given twice: {', '.join(sorted(twice))}. Give each name once.")
    return dict(pairs)


def _print_table(rows: Any) -> None:
    table = Table(*[str(c) for c in rows.columns], show_lines=False)
    for row in rows.astype("object").where(rows.notna(), "").itertuples(index=False):
        table.add_row(*[_printable(value) for value in row])
    out.print(table, markup=False) if len(rows) else None


def _printable(value: Any) -> Any:
    from rich.text import Text

    text = f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return Text("".join(c if c.isprintable() else "·" for c in text))
