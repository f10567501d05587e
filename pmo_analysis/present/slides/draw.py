"""Charts, tables and text put on a slide as PowerPoint's own, in the template's colours."""

from __future__ import annotations

import io
import math
import re
from datetime import datetime
from typing import Any

import pandas as pd
import xlsxwriter
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR
from pptx.oxml.xmlchemy import OxmlElement
from pptx.util import Emu, Inches, Pt

from pmo_analysis.present.excel_cells import clean_text
from pmo_analysis.present.slides.bodies import Bars, Body, Lines, Points, Rows, Tiles
from pmo_analysis.present.slides.template import Place

_SERIES = (MSO_THEME_COLOR.ACCENT_1, MSO_THEME_COLOR.ACCENT_2)
_TURNED = {"better": "▲ better", "worse": "▼ worse"}
# Between a figure and its unit no line may end.
_APART = re.compile(r"(?<=\d) (?=[%½]|days\b|hours\b|points\b)|(?<=\b[A-Z]{3}) (?=\d)|(?<=n) (?=[=])|(?<==) (?=\d)")
_GOOD, _BAD = RGBColor(0x0D, 0x6B, 0x4A), RGBColor(0xA3, 0x3F, 0x08)
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


def draw(slide: Any, body: Body, place: Place) -> None:
    """Put a body where the template has its content."""
    match body:
        case Tiles():
            _draw_tiles(slide, body, place)
        case Bars():
            _draw_bars(slide, body, place)
        case Lines():
            _draw_lines(slide, body, place)
        case Rows():
            _draw_rows(slide, body, place)
        case Points():
            _draw_points(slide, body, place)


def say(text: object, most: int = 400, *, keep_lines: bool = False) -> str:
    """A text that cannot break a slide: no control characters, no lines of its own, a figure and its unit together."""
    lines = clean_text(str(text)).encode("utf-8", "replace").decode().split("\n" if keep_lines else None)
    plain = _APART.sub("\u00a0", ("\n" if keep_lines else " ").join(lines))
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def _draw_tiles(slide: Any, body: Tiles, place: Place) -> None:
    gap = Inches(0.35)
    wide = (place.width - gap * (len(body.tiles) - 1)) // max(len(body.tiles), 1)
    for i, tile in enumerate(body.tiles):
        left = place.left + i * (wide + gap)
        rule = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, Emu(left), Emu(place.top), Emu(wide), Inches(0.06))
        rule.fill.solid()
        rule.fill.fore_color.theme_color = MSO_THEME_COLOR.ACCENT_1
        rule.line.fill.background()
        rule.shadow.inherit = False
        _write_tile(slide, tile, Place(left, place.top, wide, place.height))


def _write_tile(slide: Any, tile: dict[str, Any], place: Place) -> None:
    """Topic, figure and change at the same height on every tile, so that eyes can run along them."""
    turn = tile.get("direction", "")
    colour = {"better": _GOOD, "worse": _BAD}.get(turn)

    def frame_at(top: float, height: float) -> Any:
        at = (place.left, place.top + Inches(top), place.width, Inches(height))
        return _open_frame(slide.shapes.add_textbox(*(Emu(int(v)) for v in at)))

    head = frame_at(0.15, 1.1)
    _write(head, tile["topic"], 16, bold=True, first=True)
    _write(head, tile["title"], 13, soft=True)
    _write(
        frame_at(1.3, 0.8), tile["value"], 40 if len(tile["value"]) <= 6 else 30, bold=True, colour=colour, first=True
    )
    below = frame_at(2.1, 2.4)
    _write(below, tile["range"] or "–", 13, soft=True, first=True)
    _write(below, _TURNED.get(turn, ""), 14, bold=True, colour=colour)
    _write(below, tile["change"], 13)
    for beside in tile.get("beside", [])[:1]:
        _write(below, f"{beside['title']}: {beside['value']}", 13)


def _open_frame(box: Any) -> Any:
    frame = box.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    return frame


def _write(frame: Any, text: str, points: int, *, bold: bool = False, soft: bool = False, first: bool = False,
           colour: RGBColor | None = None) -> None:  # fmt: skip
    if not text:
        return
    paragraph = frame.paragraphs[0] if first else frame.add_paragraph()
    paragraph.space_after = Pt(4)
    run = paragraph.add_run()
    run.text = say(text)
    run.font.size, run.font.bold = Pt(points), bold
    if colour is not None:
        run.font.color.rgb = colour
    else:
        run.font.color.theme_color = MSO_THEME_COLOR.TEXT_2 if soft else MSO_THEME_COLOR.TEXT_1


def _draw_points(slide: Any, body: Points, place: Place) -> None:
    frame = _open_frame(slide.shapes.add_textbox(*_spread(place)))
    size = 18 if len(body.points) <= 7 else 15
    for i, point in enumerate(body.points):
        _write(frame, f"–  {say(point, 260)}", size, first=i == 0)
        frame.paragraphs[-1].space_after = Pt(9)


def _draw_rows(slide: Any, body: Rows, place: Place) -> None:
    """A table in plain lines: heads in the accent's colour, no stripes."""
    count = len(body.rows) + 1
    shape = slide.shapes.add_table(count, len(body.rows.columns), *_spread(place))
    _describe(shape, body.text)
    table = shape.table
    table.horz_banding = False
    size = 14 if count <= 6 else 12
    for column, (name, share) in enumerate(zip(body.rows.columns, body.widths, strict=True)):
        table.columns[column].width = Emu(int(place.width * share / sum(body.widths)))
        _fill_cell(table.cell(0, column), str(name), size, head=True)
        for row, value in enumerate(body.rows.iloc[:, column], start=1):
            _fill_cell(table.cell(row, column), str(value), size, bold=column == 0)
    for row in table.rows:
        row.height = Emu(min(place.height // count, Inches(0.8)))


def _fill_cell(cell: Any, text: str, size: int, *, head: bool = False, bold: bool = False) -> None:
    frame = cell.text_frame
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.margin_left = cell.margin_right = Inches(0.08)
    cell.fill.solid()
    cell.fill.fore_color.theme_color = MSO_THEME_COLOR.ACCENT_1 if head else MSO_THEME_COLOR.BACKGROUND_1
    _underline(cell)
    run = frame.paragraphs[0].add_run()
    run.text = say(text, 190)
    run.font.size, run.font.bold = Pt(size), head or bold
    run.font.color.theme_color = MSO_THEME_COLOR.BACKGROUND_1 if head else MSO_THEME_COLOR.TEXT_1


def _underline(cell: Any) -> None:
    """A thin line below a cell and none at its other sides, whatever the style of tables is."""
    fill = cell._tc.get_or_add_tcPr()[0]
    for side in ("a:lnL", "a:lnR", "a:lnT", "a:lnB"):
        line = OxmlElement(side)
        line.set("w", "9525" if side == "a:lnB" else "0")
        line.append(OxmlElement("a:solidFill" if side == "a:lnB" else "a:noFill"))
        if side == "a:lnB":
            colour = OxmlElement("a:schemeClr")
            colour.set("val", "accent6")
            line[0].append(colour)
        fill.addprevious(line)


def _draw_bars(slide: Any, body: Bars, place: Place) -> None:
    kind = XL_CHART_TYPE.COLUMN_CLUSTERED if body.upright else XL_CHART_TYPE.BAR_CLUSTERED
    chart = _add_chart(slide, kind, body.rows, body.form, place, body.text)
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 55, -10
    for series, colour in zip(plot.series, _SERIES, strict=False):
        series.format.fill.solid()
        series.format.fill.fore_color.theme_color = colour
        series.invert_if_negative = False
    plot.has_data_labels = True
    labels = plot.data_labels
    labels.number_format, labels.number_format_is_linked = body.form, False
    labels.position, labels.font.size = XL_LABEL_POSITION.OUTSIDE_END, Pt(13)
    for point, words in enumerate(body.told):
        label = plot.series[0].points[point].data_label
        label.text_frame.text = say(words, 40)
        label.text_frame.paragraphs[0].font.size = Pt(15)
        label.text_frame.paragraphs[0].font.bold = True
        label.position = XL_LABEL_POSITION.OUTSIDE_END
    _plain_axes(chart, body.rows)


def _plain_axes(chart: Any, rows: pd.DataFrame) -> None:
    """Labels on the bars instead of a scale: no grid, no ticks, room for what is told beside the longest bar."""
    value, names = chart.value_axis, chart.category_axis
    value.visible = value.has_major_gridlines = False
    top = max(float(rows.max().max()), 0.0)
    value.minimum_scale = min(float(rows.min().min()), 0.0) * 1.15
    value.maximum_scale = (top or 1.0) * 1.2
    names.tick_labels.font.size = Pt(13)
    names.format.line.fill.background()
    names.has_major_gridlines = False
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.reverse_order = chart.chart_type == XL_CHART_TYPE.BAR_CLUSTERED


def _draw_lines(slide: Any, body: Lines, place: Place) -> None:
    rows = body.rows[["value", "low", "high"]].set_axis([body.name, "low end of the range", "high end"], axis=1)
    chart = _add_chart(slide, XL_CHART_TYPE.LINE_MARKERS, rows, body.form, place, body.text)
    for series, (colour, points) in zip(
        chart.plots[0].series, [(_SERIES[0], 3.0)] + [(MSO_THEME_COLOR.ACCENT_4, 1.5)] * 2, strict=True
    ):
        series.smooth = False
        series.format.line.color.theme_color, series.format.line.width = colour, Pt(points)
        series.marker.style = XL_MARKER_STYLE.CIRCLE if points > 2 else XL_MARKER_STYLE.NONE
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.theme_color = colour
        series.marker.format.line.color.theme_color = colour
    value, names = chart.value_axis, chart.category_axis
    value.tick_labels.number_format, value.tick_labels.number_format_is_linked = body.form, False
    value.major_gridlines.format.line.color.theme_color = MSO_THEME_COLOR.ACCENT_6
    value.format.line.fill.background()
    for axis in (value, names):
        axis.tick_labels.font.size = Pt(13)
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    last = chart.plots[0].series[0].points[len(rows) - 1].data_label
    last.has_text_frame = False
    last.position = XL_LABEL_POSITION.ABOVE
    last.font.size, last.font.bold = Pt(15), True


def _add_chart(slide: Any, kind: Any, rows: pd.DataFrame, form: str, place: Place, text: str) -> Any:
    """A chart with its own workbook, in which nothing is a formula or a link and nothing tells the day."""
    names = [say(n, 110, keep_lines=True) for n in rows.index]
    data = CategoryChartData(number_format=form)
    data.categories = names
    columns = {say(c, 60): [float(v) if math.isfinite(v) else None for v in rows[c]] for c in rows.columns}
    for name, values in columns.items():
        data.add_series(name, values)
    shape = slide.shapes.add_chart(kind, *_spread(place), data)
    _describe(shape, text)
    chart = shape.chart
    chart.part.chart_workbook.update_from_xlsx_blob(_write_book(names, columns))
    chart.has_title = False
    chart.has_legend = len(columns) > 1
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.TOP, False
        chart.legend.font.size = Pt(13)
    return chart


def _write_book(names: list[str], columns: dict[str, list[float | None]]) -> bytes:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, _OPTIONS)
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - a property of the file, not a clock
    page = book.add_worksheet("Sheet1")
    for row, name in enumerate(names, start=1):
        page.write_string(row, 0, name)
    for column, (name, values) in enumerate(columns.items(), start=1):
        page.write_string(0, column, name)
        for row, value in enumerate(values, start=1):
            if value is not None:
                page.write_number(row, column, value)
    book.close()
    return target.getvalue()


def _describe(shape: Any, text: str) -> None:
    """The text alternative, for those who cannot see the chart or table."""
    shape._element.nvGraphicFramePr.cNvPr.set("descr", say(text))


def _spread(place: Place) -> tuple[Emu, Emu, Emu, Emu]:
    return Emu(place.left), Emu(place.top), Emu(place.width), Emu(place.height)
