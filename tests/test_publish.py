"""A report is published whole or not at all, can be verified, and is the same when made again."""

import hashlib
import shutil
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from pmo_analysis.contract.errors import BusyError, InputError, PublishError
from pmo_analysis.intake.demo import write_demo
from pmo_analysis.run import shelf
from pmo_analysis.run.publish import run_report, slug
from pmo_analysis.run.schemes import freeze_segments
from pmo_analysis.run.verify import differences, verify_report

QUARTER = "2026Q2"


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_demo(tmp_path_factory.mktemp("organisation") / "data", customers=30, quarters=4, seed=2)


@pytest.fixture(scope="module")
def report(source, tmp_path_factory):
    steps: list[str] = []
    manifest = run_report(source, QUARTER, out=tmp_path_factory.mktemp("reports"), progress=steps.append)
    return manifest, steps


def content(folder: Path, pattern: str = "*") -> dict[str, str]:
    found = sorted(p for p in folder.rglob(pattern) if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def notebook_that(tmp_path: Path, code: str) -> Path:
    cells = [
        nbformat.v4.new_code_cell(
            'source = ""  # data\nquarter = ""  # quarter\nsettings = {}  # settings', metadata={"tags": ["parameters"]}
        ),
        nbformat.v4.new_code_cell(code),
    ]
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "own.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=spec), path)
    return path


def test_a_report_is_whole_and_says_what_it_was_made_of(report):
    manifest, steps = report
    names = {p.name for p in manifest.folder.iterdir()}
    assert {"report.html", "report.ipynb", "report.xlsx", "slides.pptx", "tables", "manifest.json"} == names
    assert set(content(manifest.folder)) == {f["path"] for f in manifest.content["files"]} | {"manifest.json"}
    for key in ("parameters", "settings", "inputs", "code", "durations", "seed"):
        assert key in manifest.content
    assert manifest.content["code"]["lock_sha256"]
    assert len(steps) >= 4
    assert not [p for p in manifest.folder.parent.iterdir() if p.suffix == ".building"]


def test_the_page_runs_and_fetches_nothing(report):
    page = report[0].page.read_text("utf-8")
    assert "<script" not in page.lower()
    assert "Content-Security-Policy" in page
    assert not [part for part in page.split('src="')[1:] if not part.startswith("data:image/png")]
    for number in range(1, 14):
        assert f">{number}. " in page


def test_nothing_in_the_page_bars_people_with_other_needs(report, violations):
    assert violations(report[0].page) == []


@pytest.fixture(scope="module")
def changed(report, source, tmp_path_factory) -> pd.DataFrame:
    """What verifying says of a copy with changed bytes, beside data with a changed row and newly frozen segments."""
    copy, other = tmp_path_factory.mktemp("copy") / "report", tmp_path_factory.mktemp("other") / "data"
    shutil.copytree(report[0].folder, copy)
    page = copy / "report.html"
    page.write_bytes(page.read_bytes().replace(b"Page 1", b"Page I", 1))
    (copy / "tables" / "extra.csv").write_text("x\n")
    shutil.copytree(source, other)
    effort = pd.read_csv(other / "effort.csv", dtype=str)
    worked = effort["worked_on"].between("2026-04-01", "2026-06-30")
    effort.loc[worked.idxmax(), "worked_hours"] = "99.5"
    effort.to_csv(other / "effort.csv", index=False)
    freeze_segments(other, QUARTER, segments=2)
    return differences(verify_report(copy, other)).drop_duplicates("file", keep="last").set_index("file")


def test_a_changed_byte_is_found(changed):
    assert changed.loc["report.html", "state"] == "changed since publishing"
    assert changed.loc["tables/extra.csv", "state"] == "not listed"


def test_changed_data_is_named_as_the_reason(changed):
    assert "tables/cost_by_customer.parquet" in changed.index
    assert changed["why"].str.contains("data changed: effort").any()


def test_a_report_told_by_other_frozen_segments_is_noticed(report, changed):
    assert report[0].content["schemes"] == []
    assert changed.loc["frozen segments", "why"].startswith(f"then none; now in force from {QUARTER} on")
    assert "frozen segments changed" in changed.loc["tables/segment_schemes.csv", "why"]


def test_a_report_verifies_and_later_rows_leave_it_as_it_was(report, source, tmp_path):
    other = tmp_path / "data"
    shutil.copytree(source, other)
    survey = pd.read_csv(other / "survey.csv", dtype=str)
    late = survey.iloc[[0]].assign(response_id="late", answered_on="2026-08-01")
    pd.concat([survey, late]).to_csv(other / "survey.csv", index=False)
    assert differences(verify_report(report[0].folder, other)).empty


def test_a_failing_notebook_leaves_the_last_report_and_says_where(source, tmp_path):
    path = notebook_that(tmp_path, "1 + 1")
    good = run_report(source, QUARTER, out=tmp_path / "reports", notebook=path)
    before = content(good.folder)
    notebook_that(tmp_path, 'raise ValueError("no such thing")')
    with pytest.raises(PublishError, match="ValueError: no such thing"):
        run_report(source, QUARTER, out=tmp_path / "reports", notebook=path)
    assert content(good.folder) == before
    assert [p.name for p in (tmp_path / "reports").iterdir() if p.is_dir()] == [good.folder.name]


def test_two_runs_at_once_are_one_run_and_one_refusal(source, tmp_path):
    path = notebook_that(tmp_path, "1 + 1")
    name = f"{slug('Nordhafen Mutual')}-{QUARTER}-own"
    with shelf.one_at_a_time(tmp_path / "reports", name), pytest.raises(BusyError, match="--wait"):
        run_report(source, QUARTER, out=tmp_path / "reports", notebook=path)


def test_data_that_cannot_be_reported_writes_nothing(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "customers.csv").write_text("customer_id,name,category\nC1,One,IT\n")
    with pytest.raises(InputError, match="services"):
        run_report(folder, QUARTER, out=tmp_path / "reports")
    assert not (tmp_path / "reports").exists() or not list((tmp_path / "reports").iterdir())


@pytest.mark.parametrize(
    ("text", "told"), [("Städt. Werke & Co", "stadt-werke-co"), ("../../etc", "etc"), ("شركة", "report")]
)
def test_a_name_becomes_a_folder_and_never_a_path(text, told):
    assert slug(text) == told
