"""The command line: parse, call one function, print what it made."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pmo_analysis.cli.arguments import Quarter, Schema, Source, read_assignments
from pmo_analysis.cli.beside import correct, note
from pmo_analysis.cli.diff import diff
from pmo_analysis.cli.packs import packs
from pmo_analysis.cli.printing import err, out, print_block, print_table, progress, tell
from pmo_analysis.cli.privacy import privacy
from pmo_analysis.cli.running import back_fill, new_report, schedule
from pmo_analysis.cli.scheme import scheme
from pmo_analysis.contract.errors import InputError, PmoError

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(
    name="pmo", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Runs a project management office as a service for its internal customers.",
    epilog="Exit codes: 0 done, 1 the data (or a check of it) says no, 2 wrong use, setting or parameter, "
    "3 another run writes the same report, 4 the report could not be completed, 130 interrupted.",
)  # fmt: skip
app.add_typer(scheme, name="scheme")
app.command()(note)
app.command()(correct)
app.command()(privacy)
app.command()(packs)
app.command()(diff)
app.command()(new_report)
app.command()(schedule)

INTERRUPTED = 130

Set = Annotated[list[str] | None, typer.Option("--set", help="A setting for this run, name=value; may be repeated")]
Report = Annotated[Path, typer.Argument(help="A published report: a folder under reports/")]
Moved = Annotated[str | None, typer.Option("--source", help="The data, where it has moved")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on; default: a free one")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Do not open the browser")]


@app.command()
def report(
    source: Source,
    *,
    quarter: Quarter = None,
    to: Annotated[Path, typer.Option("--out", help="Folder that holds the reports")] = Path("reports"),
    notebook: Annotated[Path | None, typer.Option(help="Your own report notebook instead of the quarterly one")] = None,
    parameter: Annotated[list[str] | None, typer.Option("-p", help="A notebook's own parameter, name=value")] = None,
    scenario: Annotated[Path | None, typer.Option(help="A stored scenario (TOML), told in section 11")] = None,
    settings: Set = None,
    schema: Schema = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait where another run writes the same report")] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print the page as page.pdf, by Chromium where there is one")
    ] = False,
    template: Annotated[
        Path | None, typer.Option(help="Template of the slides; see the setting slides_template")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(help="Also tell year_to_date, or the year at its last quarter; the setting report_period"),
    ] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all-quarters", help="Every quarter that the data reaches, oldest first; goes on where it stopped"
        ),
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="With --all-quarters: also those that are up to date")] = False,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser")] = False,
) -> None:
    """Publish a quarter's report: page, notebook, workbook, tables and manifest; prints the path of the page."""
    say = progress()
    say("starting")
    from pmo_analysis.run.ledger import read_head
    from pmo_analysis.run.publish import REPORT, run_report

    options: dict[str, Any] = {
        "out": to, "notebook": notebook or REPORT, "wait": wait, "pdf": pdf, "progress": say,
        "parameters": read_assignments(parameter) | ({"scenario": str(scenario)} if scenario else {}),
        **read_assignments(settings), **({"slides_template": str(template.resolve())} if template else {}),
        **({"report_period": period} if period else {}), **({"database_schema": schema} if schema else {}),
    }  # fmt: skip
    if every:
        raise typer.Exit(back_fill(source, quarter, again=again, **options))
    manifest = run_report(source, quarter, **options)
    say("published")
    out.print(manifest.sentence, markup=False)
    if head := read_head(to):
        out.print(f"Entered in the ledger; its head is now {head[:16]} (pmo verify --expect {head[:16]})", markup=False)
    out.print(str(manifest.page), markup=False)
    if show:
        webbrowser.open(manifest.page.resolve().as_uri())


@app.command()
def check(
    source: Source,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 also where some answers are harmed")] = False,
    schema: Schema = None,
) -> None:
    """List every problem of the data with its rows and remedy, and what would answer most.

    Exit 1 where a report could not be trusted: a problem that stops it, or one that harms customers, services or
    engagements, which every answer rests on. Problems of other tables harm the answers named beside them.
    """
    from pmo_analysis.contract.tables import REQUIRED
    from pmo_analysis.intake.check import check as find_problems
    from pmo_analysis.intake.check import most_useful_addition
    from pmo_analysis.intake.load import load

    data = load(source, schema=schema)
    problems = find_problems(data)
    for problem in problems.to_dict("records"):
        _print_problem(problem)
    addition, answers = most_useful_addition(data)
    out.print(_count_problems(problems, len(data.tables)))
    if addition:
        out.print(f"Adding {addition} would answer most: {answers}.", markup=False)
    harmed = problems[problems["severity"] == "harms"]
    trusted = not (problems["severity"] == "stops").any() and not harmed["table"].isin(REQUIRED).any()
    raise typer.Exit(0 if trusted and not (strict and len(harmed)) else 1)


@app.command("import")
def import_(
    mapping: Annotated[str, typer.Argument(help="Mapping file (TOML) or the name of a preset")],
    files: Annotated[list[Path], typer.Argument(help="The exported files")],
    *,
    to: Annotated[Path, typer.Option("--to", help="Folder that the tables are written to")],
    maps: Annotated[Path | None, typer.Option(help="Folder of the value maps; default: beside the mapping")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace what else is in the folder")] = False,
) -> None:
    """Turn an organisation's own exports into tables, with a reconciliation to the penny."""
    from pmo_analysis.intake.mapping import import_tables

    result = import_tables(mapping, files, to=to, maps=maps, replace=replace, progress=progress())
    for line in result.reconciliation.to_dict("records"):
        _print_reconciled(line)
    if len(result.unmapped):
        out.print(f"{len(result.unmapped)} names have no map yet: pmo map {to}", markup=False)
    out.print(f"{len(result.tables)} tables written to {to}. Next: pmo check {to}", markup=False)


@app.command("map")
def map_(
    source: Annotated[Path, typer.Argument(help="Folder that pmo import wrote, or any folder of CSV tables")],
) -> None:
    """List what no customer, service or role map covers, ranked by hours, and write the rows to fill in."""
    from pmo_analysis.intake.coverage import write_unmapped

    gaps, maps = write_unmapped(source)
    if gaps.empty:
        out.print("Everything is mapped.")
        return
    print_table(gaps.rename(columns={"row_count": "rows"}))
    out.print(
        f"{len(gaps)} names or gaps without a map. Fill in the values in {maps} and import again with --maps {maps}.",
        markup=False,
    )


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder to write the invented organisation to")],
    *,
    customers: Annotated[int, typer.Option(min=20, help="Number of customers")] = 180,
    quarters: Annotated[int, typer.Option(min=1, max=80, help="Number of quarters")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="Seed")] = 0,
    engagements: Annotated[int | None, typer.Option(min=1, help="About so many engagements, as Parquet")] = None,
    effort: Annotated[int | None, typer.Option(min=1, help="About so many rows of effort, as Parquet")] = None,
    truth: Annotated[Path | None, typer.Option(help="With these: a folder for what was planted")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over what is in the folder")] = False,
) -> None:
    """Write an invented organisation to try the workbench on: small as CSV, or of any size as Parquet."""
    from pmo_analysis.intake.demo import Amount, stream_demo, write_demo

    if folder.exists() and not replace and (folder.is_file() or any(folder.iterdir())):
        raise InputError(f"{folder} is not empty. Name another folder, or say --replace to write over its tables.")
    if engagements or effort:
        amount = Amount.of(customers, engagements, effort, quarters=quarters, seed=seed)
        rows = stream_demo(folder, amount, truth=truth, replace=replace, say=progress()).rows
        told = f"{rows['engagements']:,} engagements, {rows['effort']:,} rows of effort"
    else:
        write_demo(folder, customers=customers, quarters=quarters, seed=seed)
        told = f"{quarters} quarters"
    _freeze_demo(folder, quarters)
    joined = "," if engagements or effort else " and"
    out.print(f"An invented organisation with {customers} customers{joined} {told}: {folder}", markup=False)
    out.print(f"Next: pmo report {folder}", markup=False)


@app.command()
def verify(
    folder: Report,
    *,
    source: Moved = None,
    expect: Annotated[
        str | None, typer.Option(help="A hash of the ledger that you noted once, 8 signs or more")
    ] = None,
) -> None:
    """Say whether a report is as published and its tables come out the same; exit 1 if not."""
    say = progress()
    say("computing the tables again")
    from pmo_analysis.run.verify import differences, verify_report

    result = verify_report(folder, source, expect=expect)
    changed = differences(result)
    print_table(changed)
    tables = result["file"].str.startswith("tables/") & result["state"].str.startswith("recomputed")
    same = "all are as published." if changed.empty else f"{len(changed)} differ."
    out.print(f"{len(result) - tables.sum()} published files and {tables.sum()} recomputed tables looked at; {same}")
    raise typer.Exit(1 if len(changed) else 0)


@app.command()
def decide(folder: Report, *, source: Moved = None) -> None:
    """Take the decisions of a report's page 1 into the decisions table beside the data."""
    from pmo_analysis.run.decide import take_decisions

    path, added = take_decisions(folder, source)
    told = f"{added} decisions written to {path}" if added else f"{path} holds these decisions already."
    out.print(told, markup=False)


@app.command()
def settings(source: Annotated[Path | None, typer.Argument(help="Folder whose settings.toml to show")] = None) -> None:
    """List every setting with its value, unit, meaning and source; those that were changed are marked *."""
    from pmo_analysis.contract.settings import read_settings

    if source and not source.is_dir():
        raise InputError(f"There is no folder {source}. Give the folder that holds settings.toml.")
    rows = read_settings(source).table()
    marked = rows.assign(name=rows["name"].where(~rows["changed"], rows["name"] + " *"))
    print_table(marked[["name", "value", "unit", "help", "source"]])


@app.command()
def lab(*, port: Port = None, no_browser: NoBrowser = False) -> None:
    """Open the notebooks in JupyterLab, on this machine only."""
    from pmo_analysis.run.servers import open_lab

    raise typer.Exit(open_lab(port=port, browser=not no_browser))


@app.command(name="app")
def app_(
    source: Annotated[str, typer.Argument(help="Folder, DuckDB file or database address")] = "data/demo",
    *,
    quarter: Quarter = None,
    port: Port = None,
    no_browser: NoBrowser = False,
) -> None:
    """Open what-if sizing as an app without code, on this machine only."""
    from pmo_analysis.run.servers import open_app

    raise typer.Exit(open_app(source, quarter, port=port, browser=not no_browser))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; a problem is one message and its exit code, never a traceback."""
    try:
        app(args=arguments)
    except PmoError as error:
        err.print(f"pmo: {error}", markup=False)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == INTERRUPTED:
            err.print("pmo: stopped before it was done; what was published before is untouched.")
        raise


def _freeze_demo(folder: Path, quarters: int) -> None:
    """Segments frozen a year before the last quarter, so that a report shows what they are for; schemes before go."""
    from pmo_analysis.run.schemes import freeze_demo

    frozen = freeze_demo(folder, quarters)
    if frozen:
        out.print(frozen.sentence, markup=False)


def _print_problem(row: dict[str, Any]) -> None:
    place = ".".join(filter(None, (row["table"], row["column"])))
    first = f", the first {row['first_rows']}" if row["first_rows"] else ""
    count = f" ({row['rows']:,} rows{first})" if row["rows"] else ""
    word = {"stops": "STOPS", "harms": "harms", "note": "note"}[row["severity"]]
    facts = [("such as", row["example"]), ("what to do", row["remedy"]), ("answers lost", row["answers_lost"])]
    print_block(f"{word}  {place}: {row['problem']}{count}", facts)


def _count_problems(problems: pd.DataFrame, tables: int) -> str:
    if problems.empty:
        return f"No problem found in {tables} tables."
    counts = problems["severity"].value_counts()
    told = [f"{counts[s]} {one if counts[s] == 1 else many}" for s, (one, many) in _SEVERITIES.items() if s in counts]
    kinds = "1 kind" if len(problems) == 1 else f"{len(problems)} kinds"
    return f"{kinds} of problem in {tables} tables: {', '.join(told)}."


_SEVERITIES = {
    "stops": ("stops a report", "stop a report"),
    "harms": ("harms some answers", "harm some answers"),
    "note": ("to be noted", "to be noted"),
}


def _print_reconciled(row: dict[str, Any]) -> None:
    """One table's reconciliation: rows and total read, imported, set aside, merged, and the difference."""
    parts = [f"{tell(row[f'{name}_rows'])} {word}" for name, word in _WHERE_ROWS.items()]
    rows = f"{tell(row['source_rows'])} read = {' + '.join(parts)}"
    total = f"{tell(row['source_total'])} read, {tell(row['imported_total'])} imported" if row["source_total"] else ""
    facts = [
        ("rows", rows),
        ("total", total),
        ("difference", str(row["difference"])),
        ("why", str(row["reason"] or "")),
    ]
    print_block(f"{row['table']} from {row['source_file']}", facts)


_WHERE_ROWS = {"imported": "imported", "set_aside": "set aside", "merged": "merged"}
