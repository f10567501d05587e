"""What is kept of a scenario: TOML, an Excel sheet and a picture, as links that a browser saves."""

from __future__ import annotations

import base64
import io

import xlsxwriter

from pmo_analysis.analysis.scenarios import ScenarioComparison
from pmo_analysis.intake.scenarios import StoredScenario, dump_scenario, name_file
from pmo_analysis.present.answers.scenario import CHANGED, FIGURES, draw_figures
from pmo_analysis.present.formats import is_number
from pmo_analysis.present.templating import render

_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_FORMATS = {"_share": "0 %", "_cost": "#,##0", "_count": "#,##0", "": "#,##0.0"}


def export_scenario(stored: StoredScenario, told: ScenarioComparison, currency: str) -> str:
    """Links to the scenario as TOML, to all compared as an Excel workbook, and to their picture."""
    name = name_file(stored.name)
    files = [
        (f"{name}.toml", "application/toml", "Scenario (TOML)", dump_scenario(stored).encode("utf-8")),
        (f"{name}.xlsx", _EXCEL, "Figures (Excel)", write_book(told, currency)),
        (f"{name}.png", "image/png", "Picture (PNG)", draw_figures(told, currency).png),
    ]
    links = [
        {"file": file, "title": title, "address": f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"}
        for file, kind, title, content in files
    ]
    return render("sizing_links.html.j2", links=links)


def write_book(told: ScenarioComparison, currency: str) -> bytes:
    """The compared scenarios as a workbook: figures with their ranges, and what each changes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, _OPTIONS)
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    formats = {unit: book.add_format({"num_format": code}) for unit, code in _FORMATS.items()}
    _write_figures(book.add_worksheet("Figures"), told, currency, bold, formats)
    sheet = book.add_worksheet("Changes")
    rows = [(r["scenario"], CHANGED[r["input"]], r["input_of"], r["becomes"]) for r in told.inputs.to_dict("records")]
    for at, row in enumerate([("Scenario", "Change", "Of", "Becomes"), *rows]):
        sheet.write_row(at, 0, row, bold if at == 0 else None)
    sheet.set_column(0, 3, 30)
    book.close()
    return buffer.getvalue()


def _write_figures(
    sheet: xlsxwriter.workbook.Worksheet,
    told: ScenarioComparison,
    currency: str,
    bold: xlsxwriter.format.Format,
    formats: dict[str, xlsxwriter.format.Format],
) -> None:
    names = list(told.scenarios)
    sheet.write_row(0, 0, ["Figure", *(f"{n}{part}" for n in names for part in ("", ", low", ", high"))], bold)
    by = told.table.set_index(["figure", "scenario"])
    for at, (figure, (title, unit)) in enumerate(FIGURES.items(), 1):
        sheet.write_string(at, 0, f"{title}, {currency}" if unit == "_cost" and currency else title)
        values = [by.loc[(figure, n), part] for n in names for part in ("value", "low", "high")]
        for column, value in enumerate(values, 1):
            if is_number(value):
                sheet.write_number(at, column, value, formats[unit])
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 3 * len(names), 14)
    sheet.freeze_panes(1, 1)
