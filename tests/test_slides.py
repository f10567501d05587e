"""The slides of a board: one message each, its range and n beside it, inert, the same bytes, on any fitting template."""

import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from pptx import Presentation

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.present.slides import HOUSE, require_template, write_slides
from pmo_analysis.present.slides.draw import say
from pmo_analysis.present.slides.house import make_template
from pmo_analysis.present.slides.template import MESSAGE, NEEDED, find_placeholder
from pmo_analysis.quarter import run_quarter

QUARTER = "2026Q3"


@pytest.fixture(scope="module")
def quarter(told_quarter):
    return told_quarter


@pytest.fixture(scope="module")
def deck(quarter, tmp_path_factory) -> Path:
    return write_slides(quarter, tmp_path_factory.mktemp("deck") / "slides.pptx")


def titles(path: Path) -> list[str]:
    return [slide.shapes.title.text_frame.text for slide in Presentation(str(path)).slides]


def texts(path: Path) -> str:
    found = []
    for slide in Presentation(str(path)).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                found.append(shape.text_frame.text)
            if getattr(shape, "has_table", False) and shape.has_table:
                found += [cell.text_frame.text for row in shape.table.rows for cell in row.cells]
    return "\n".join(found)


def rename(layout: str, was: str, becomes: str, path: Path) -> Path:
    template = Presentation(str(HOUSE))
    shape = find_placeholder(template.slide_layouts.get_by_name(layout), was)
    shape._element.nvSpPr.cNvPr.set("name", becomes)
    template.save(str(path))
    return path


def test_each_slide_says_one_thing_in_its_title_and_no_two_the_same(deck):
    said = titles(deck)
    assert 8 <= len(said) <= 13
    assert len(set(said)) == len(said)
    assert all(10 < len(title) <= 150 for title in said[1:])


def test_page_ones_figures_come_first_and_what_is_not_known_last(quarter, deck):
    said = titles(deck)
    assert said[0] == quarter.organisation
    assert said[1] == quarter.headline.sentence
    assert said[-1].startswith("What we do not know")


def test_charts_and_tables_are_powerpoints_own_and_have_words_for_those_who_cannot_see_them(deck):
    shapes = [shape for slide in Presentation(str(deck)).slides for shape in slide.shapes]
    drawn = [s for s in shapes if getattr(s, "has_chart", False) and s.has_chart]
    tables = [s for s in shapes if getattr(s, "has_table", False) and s.has_table]
    assert len(drawn) >= 3
    assert len(tables) >= 2
    assert not [s for s in shapes if s.shape_type == 13]  # no picture
    assert all(s._element.nvGraphicFramePr.cNvPr.get("descr") for s in drawn + tables)


def test_every_figure_of_a_group_stands_with_its_range_and_n(quarter, deck):
    slides = Presentation(str(deck)).slides
    chart = next(s for slide in slides if "by category" in slide.shapes.title.text_frame.text
                 or "A delivery costs" in slide.shapes.title.text_frame.text
                 for s in slide.shapes if getattr(s, "has_chart", False) and s.has_chart)  # fmt: skip
    labels = list(chart.chart.plots[0].categories)
    assert labels
    assert all("n\xa0=\xa0" in str(label) and " to " in str(label) for label in labels)


def test_the_same_quarter_gives_the_same_bytes(quarter, deck, tmp_path):
    assert write_slides(quarter, tmp_path / "again.pptx").read_bytes() == deck.read_bytes()


def test_the_files_inside_tell_no_day_and_nobody(deck):
    with zipfile.ZipFile(deck) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        about = packed.read("docProps/core.xml").decode()
    assert "2026-09-30T00:00:00Z" in about


def test_a_quarter_of_which_little_is_known_still_has_slides_that_say_so(tmp_path):
    tables = {
        "customers": pd.DataFrame({"customer_id": ["C1", "C2"], "name": ["A", "B"], "category": ["X", "Y"]}),
        "services": pd.DataFrame({"service_id": ["S1"], "name": ["Advice"]}),
        "engagements": pd.DataFrame({
            "engagement_id": ["E1", "E2"], "customer_id": ["C1", "C2"], "service_id": ["S1", "S1"],
            "requested_on": pd.to_datetime(["2026-07-02", "2026-08-02"]),
        }),
    }  # fmt: skip
    path = write_slides(run_quarter(Dataset.from_frames(tables), QUARTER), tmp_path / "slides.pptx")
    assert "not measured" in texts(path)
    assert titles(path)[-1].startswith("What we do not know")


def test_the_committed_template_is_the_one_that_the_script_makes(tmp_path):
    assert make_template(tmp_path / "house.pptx").read_bytes() == HOUSE.read_bytes()


def test_a_template_without_a_needed_placeholder_is_refused_by_its_name(tmp_path):
    path = rename(MESSAGE, "Note", "Remark", tmp_path / "own.pptx")
    with pytest.raises(SettingError, match="in the layout “PMO message” the placeholder “Note”"):
        require_template(path)


def test_a_template_with_other_layouts_is_told_each_one_that_it_lacks(tmp_path):
    Presentation().save(str(tmp_path / "plain.pptx"))
    with pytest.raises(SettingError) as refused:
        require_template(tmp_path / "plain.pptx")
    assert all(name in str(refused.value) for name in NEEDED)
    assert "Title and Content" in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_presentation_is_refused(tmp_path, content):
    (tmp_path / "broken.pptx").write_bytes(content)
    with pytest.raises(SettingError, match="not a PowerPoint presentation"):
        require_template(tmp_path / "broken.pptx")


def test_an_absent_template_is_refused(tmp_path):
    with pytest.raises(SettingError, match="There is no slide template"):
        require_template(tmp_path / "none.pptx")


def test_slides_of_a_template_are_left_out_and_its_size_is_kept(quarter, tmp_path):
    template = Presentation(str(HOUSE))
    template.slide_width = 9_144_000
    slide = template.slides.add_slide(template.slide_layouts.get_by_name(MESSAGE))
    slide.shapes.title.text_frame.text = "How to use this template"
    template.save(str(tmp_path / "own.pptx"))
    path = write_slides(quarter, tmp_path / "slides.pptx", tmp_path / "own.pptx")
    assert "How to use this template" not in texts(path)
    assert Presentation(str(path)).slide_width == 9_144_000
    with zipfile.ZipFile(path) as packed:
        assert b"How to use" not in b"".join(packed.read(n) for n in packed.namelist())


def test_a_figure_and_its_unit_are_not_parted():
    assert say("70 % of EUR 330k, n = 5") == "70\xa0% of EUR\xa0330k, n\xa0=\xa05"


def test_a_text_is_cut_where_it_is_too_long_and_has_no_lines_of_its_own():
    assert say("a\x00b\nc\ud800", 5) == "ab c"
    assert say("x" * 20, 5) == "xxxx…"


def test_libreoffice_opens_the_slides_one_page_each(deck, office, tmp_path):
    done = subprocess.run(
        [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "pdf:impress_pdf_Export",
         "--outdir", str(tmp_path), str(deck)], capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    if not (tmp_path / "slides.pdf").exists() and b"no export filter" in done.stderr + done.stdout:
        pytest.skip("LibreOffice has no Impress here")
    assert (tmp_path / "slides.pdf").read_bytes()[:5] == b"%PDF-"
