"""`pmo report --all-quarters`, `pmo new-report` and `pmo schedule`: history, own reports, and reports on a schedule."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from pmo_analysis.cli.printing import out, print_table
from pmo_analysis.contract.errors import PublishError, SettingError


def back_fill(source: str, quarter: str | None, *, again: bool, **options: Any) -> int:
    """Publish all quarters, print what became of each; the exit code says whether any failed."""
    from pmo_analysis.run.backfill import report_all_quarters

    if quarter:
        raise SettingError("Name either --quarter or --all-quarters.")
    done = report_all_quarters(source, again=again, **options)
    print_table(done.table[["quarter", "state", "report"]])
    for row in done.failed.to_dict("records"):
        out.print(f"{row['quarter']} failed: {row['why']}", markup=False)
    return PublishError.exit_code if len(done.failed) else 0


def new_report(
    name: Annotated[str, typer.Argument(help="Small letters, digits and _, such as retail_review")],
) -> None:
    """Start an own report: writes notebooks/NAME.ipynb, which `pmo report --notebook` publishes."""
    from pmo_analysis.run.own_reports import start_report

    path = start_report(name)
    out.print(f"Written: {path}", markup=False)
    out.print(f"Next: change it in JupyterLab (pmo lab), then pmo report data/demo --notebook {path}", markup=False)


def schedule(
    source: Annotated[str, typer.Argument(help="Folder, DuckDB file or database address that the report is made of")],
    *,
    systemd: Annotated[bool, typer.Option("--systemd", help="A service and a timer")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="Lines for crontab")] = False,
    github: Annotated[bool, typer.Option("--github", help="A GitHub Actions workflow")] = False,
    airflow: Annotated[bool, typer.Option("--airflow", help="An Airflow DAG")] = False,
    to: Annotated[str, typer.Option("--out", help="Folder that holds the reports")] = "reports",
    day: Annotated[int, typer.Option(help="Day of the month after each quarter's end, 1 to 28")] = 5,
) -> None:
    """Print what makes the report each quarter, filled in for a source: for systemd, cron, GitHub Actions or Airflow."""
    from pmo_analysis.run.schedule import fill_schedule

    chosen = [k for k, on in {"systemd": systemd, "cron": cron, "github": github, "airflow": airflow}.items() if on]
    if len(chosen) != 1:
        raise SettingError("Name one of --systemd, --cron, --github and --airflow.")
    files = fill_schedule(chosen[0], source, out=to, day=day)
    for name, text in files.items():
        typer.echo(f"# ---- {name}\n{text}" if len(files) > 1 else text, nl=False)
