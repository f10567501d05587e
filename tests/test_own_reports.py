"""An own report: started from a template, published with the same care, refused in words where it cannot be."""

import json

import nbformat
import pytest

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.intake.demo import write_demo
from pmo_analysis.run.own_reports import TEMPLATE, start_report
from pmo_analysis.run.parameters import read_parameters
from pmo_analysis.run.publish import run_report


def test_a_new_report_has_a_parameter_cell_and_its_own_title(tmp_path):
    path = start_report("retail_review", folder=tmp_path)
    assert path.name == "retail_review.ipynb"
    assert set(read_parameters(path)) == {"source", "quarter", "settings", "previous", "group_kind"}
    assert nbformat.read(path, as_version=4).cells[0].source.startswith("# Retail review\n")


def test_a_notebook_that_is_there_is_never_written_over(tmp_path):
    path = start_report("retail_review", folder=tmp_path)
    path.write_text("mine")
    with pytest.raises(SettingError, match="is there already and stays as it is"):
        start_report("retail_review", folder=tmp_path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", ["", "A", "../x", "a b", "a/b", "-x", "x" * 61, "Ünit", ".hidden", "a\nb"])
def test_a_name_that_is_no_plain_word_is_refused(tmp_path, name):
    with pytest.raises(SettingError, match="cannot name a notebook"):
        start_report(name, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_ending_may_be_given_with_the_name(tmp_path):
    assert start_report("mine.ipynb", folder=tmp_path).name == "mine.ipynb"


def test_the_template_is_thin_and_stored_without_outputs():
    for cell in nbformat.read(TEMPLATE, as_version=4).cells:
        assert len(cell.source.splitlines()) <= 10
        assert not cell.get("outputs")


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="cannot be written"):
        start_report("mine", folder=tmp_path / "file")


def test_a_notebook_without_a_parameter_cell_is_refused_with_what_it_needs(tmp_path):
    path = tmp_path / "bare.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), path)
    with pytest.raises(SettingError, match="0 cells tagged 'parameters'; it needs one"):
        run_report("data/demo", notebook=path, out=tmp_path / "reports")
    assert not (tmp_path / "reports").exists()


@pytest.mark.slow
def test_a_new_report_is_published_with_its_own_parameter(tmp_path):
    source = write_demo(tmp_path / "data", customers=25, quarters=4, seed=2)
    path = start_report("by_segment", folder=tmp_path)
    told = run_report(source, "2026Q2", out=tmp_path / "reports", notebook=path, parameters={"group_kind": "segment"})
    assert told.folder.name.endswith("-2026Q2-by-segment")
    assert json.loads((told.folder / "manifest.json").read_text())["parameters"]["group_kind"] == "segment"
    assert "By segment" in (told.folder / "report.html").read_text("utf-8")
