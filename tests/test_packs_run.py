"""Packs are made in clean forked kernels, kept when a run is stopped, published together; a dead kernel harms no other."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError, PublishError
from pmo_analysis.intake.demo import write_demo
from pmo_analysis.intake.load import load
from pmo_analysis.intake.told import read_told, write_told
from pmo_analysis.quarter import run_quarter
from pmo_analysis.quarter.pack_tables import gather_pack_tables
from pmo_analysis.quarter.packs import make_pack, require_group
from pmo_analysis.run import kernels, manifest
from pmo_analysis.run.packs import PACK, run_packs
from pmo_analysis.run.warm import can_fork, start_zygote

QUARTER = "2026Q2"
pytestmark = pytest.mark.skipif(not can_fork(), reason="kernels are forked on Linux only")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_demo(tmp_path_factory.mktemp("organisation") / "data", customers=30, quarters=4, seed=2)


@pytest.fixture(scope="module")
def quarter(source):
    return run_quarter(load(source), QUARTER)


@pytest.fixture(scope="module")
def tables(quarter):
    return gather_pack_tables(quarter)


@pytest.fixture(scope="module")
def computed_once(quarter):
    """A quarter takes long and is not what is tested here; nor is code that somebody saves meanwhile."""
    code = manifest.describe_code()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pmo_analysis.quarter.run_quarter", lambda *_, **__: quarter)
        patch.setattr(manifest, "describe_code", lambda: code)
        yield


def notebook_that(tmp_path: Path, code: str) -> Path:
    """The pack's notebook with a cell of mischief after its parameters."""
    notebook = nbformat.read(PACK, 4)
    notebook.cells.insert(2, nbformat.v4.new_code_cell(code))
    path = tmp_path / "own.ipynb"
    nbformat.write(notebook, path)
    return path


def pages(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / "packs").iterdir())


def test_tables_are_handed_over_as_they_are(tables, tmp_path):
    write_told(tables, tmp_path)
    again = read_told(str(tmp_path))
    assert set(again) == set(tables)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(
            again[name], table.reset_index(drop=True), check_dtype=False, check_column_type=False
        )
    with pytest.raises(InputError, match="holds no tables"):
        read_told(str(tmp_path / "nothing"))


def test_a_pack_tells_the_money_and_the_comparisons_that_the_report_tells(quarter, tables):
    told = quarter.measures.cells
    told = told[told["group_kind"] == "customer"].set_index(["measure", "group"])
    for customer in quarter.showback.table["customer_id"].unique()[:4]:
        pack = make_pack(tables, "customer", customer)
        whole = quarter.showback.table.query("customer_id == @customer and service_id == 'all services'").iloc[0]
        assert pack.figures["charged_cost"] == pytest.approx(whole["charged_cost"], nan_ok=True)
        assert pack.services["cost_to_serve_cost"].sum() == pytest.approx(whole["cost_to_serve_cost"])
        for row in pack.compared[pack.compared["measure"] != "delivery_cost"].itertuples():
            cell = told.loc[(row.measure, customer)]
            assert (row.value, row.low, row.high, row.n) == pytest.approx(
                tuple(cell[["value", "low", "high", "n"]]), nan_ok=True
            )


def test_of_answers_a_pack_tells_only_cells_that_the_report_tells(quarter, tables):
    cells = quarter.measures.cells.set_index(["measure", "group_kind", "group"])
    groups = quarter.groups
    wanted = [("customer", c) for c in groups["customer_id"].iloc[:8]] + [
        ("category", c) for c in groups["category"].unique()
    ]
    count = 0
    for by, group in wanted:
        voice = make_pack(tables, by, group).voice
        assert not (voice["group_kind"] == "customer").any()
        for row in voice.itertuples():
            told = cells.loc[(row.measure, row.group_kind, row.group)]
            assert (row.value, row.n) == pytest.approx((told["value"], told["n"]), nan_ok=True)
            count += 1
    assert count > 50
    survey = {"survey", "survey_invitations", "responses"}
    assert not survey & set(tables) and not {"respondent_id", "person_id"} & {c for t in tables.values() for c in t}


def test_an_unknown_customer_is_refused_with_the_nearest(tables):
    name = tables["groups"].set_index("customer_id").loc["C0002", "name"]
    with pytest.raises(InputError, match=r"There is no customer 'C0002-'. Did you mean 'C0002'\?"):
        require_group(tables, "customer", "C0002-")
    with pytest.raises(InputError, match="Did you mean 'C0002'"):
        require_group(tables, "customer", name[:-1])
    assert require_group(tables, "customer", name) == "C0002"
    with pytest.raises(InputError, match="There are no packs by 'team'"):
        make_pack(tables, "team")


def test_a_customer_without_anything_is_told_so_and_gets_no_figures_of_nought(tables):
    empty = {
        name: t[t["customer_id"] != "C0003"] if name != "groups" and "customer_id" in t else t
        for name, t in tables.items()
    }
    from pmo_analysis.present.packs import show_everything

    pack = make_pack(empty, "customer", "C0003")
    html = " ".join(part.html for part in show_everything(empty, "customer", "C0003"))
    assert pack.sentence.endswith("nothing was delivered.") and pd.isna(pack.figures["charged_cost"])
    assert "Nothing was delivered to you this quarter." in html and "Nothing was charged to you" in html
    assert "EUR 0" not in html and "not known" not in html.split("Nothing was charged")[0]


@pytest.fixture(scope="module")
def zygote(tables, source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("told")
    write_told(tables, folder)
    with start_zygote("packs") as started:
        started.warm(folder=str(folder), source=str(source), quarter=QUARTER, settings={})
        yield started


def cells(tmp_path: Path, *codes: str) -> Path:
    parts = [nbformat.v4.new_code_cell("x = 0  # none", metadata={"tags": ["parameters"]})]
    path = tmp_path / "cells.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=parts + [nbformat.v4.new_code_cell(c) for c in codes]), path)
    return path


def test_nothing_leaks_from_one_kernel_to_the_next(zygote, tmp_path):
    code = "import os, builtins\nseen = (os.environ.get('LEAK'), getattr(builtins, 'leak', None), 'y' in globals())\n"
    dirty = "os.environ['LEAK'] = '1'; builtins.leak = 1; y = 1\nimport pandas; pandas.DataFrame.leak = 1\n"
    notebook = cells(tmp_path, code + dirty + "print(seen, os.getpid())")
    told = [
        kernels.execute(notebook, tmp_path / f"{i}.ipynb", {}, folder=tmp_path, zygote=zygote).cells[-1].outputs[0].text
        for i in range(2)
    ]
    assert all(text.startswith("(None, None, False)") for text in told)
    assert told[0].split()[-1] != told[1].split()[-1]


def test_a_killed_kernel_is_told_and_the_next_one_runs(zygote, tmp_path):
    deadly = cells(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(PublishError, match="its kernel died"):
        kernels.execute(deadly, tmp_path / "dead.ipynb", {}, folder=tmp_path, zygote=zygote)
    alive = cells(tmp_path, "print('well')")
    assert (
        kernels.execute(alive, tmp_path / "a.ipynb", {}, folder=tmp_path, zygote=zygote).cells[-1].outputs[0].text
        == "well\n"
    )


def test_a_kernel_starts_without_a_word_of_warning(tmp_path):
    program = (
        "import sys; from pathlib import Path; from pmo_analysis.run import kernels; "
        "kernels.execute(Path(sys.argv[1]), Path(sys.argv[2]), {}, folder=Path.cwd())"
    )
    notebook = cells(tmp_path, "1")
    run = subprocess.run(
        [sys.executable, "-c", program, notebook, tmp_path / "out.ipynb"], capture_output=True, text=True, check=True
    )
    assert run.stderr == "" and run.stdout == ""


@pytest.fixture(scope="module")
def published(source, computed_once, tmp_path_factory):
    """Three packs, and what it told on its way."""
    ticks: list[tuple[int, int, int]] = []
    out = tmp_path_factory.mktemp("shelf")
    made = run_packs(source, QUARTER, only=["C0001", "C0002", "C0003"], out=out, tick=lambda *t: ticks.append(t))
    return made, ticks


def test_packs_are_published_with_index_manifest_and_executed_notebooks(published):
    made, ticks = published
    folder = made.manifest.folder
    assert pages(folder) == ["c0001.html", "c0002.html", "c0003.html"]
    assert made.manifest.page == folder / "index.html" and 'href="packs/c0001.html"' in made.manifest.page.read_text(
        "utf-8"
    )
    assert ticks[-1] == (3, 0, 3) and made.made_count == 3 and made.failed.empty
    executed = nbformat.read(folder / "notebooks" / "c0002.ipynb", 4)
    assert executed.metadata.papermill.parameters["group"] == "C0002"
    listed = {f["path"] for f in made.manifest.content["files"]}
    assert listed == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} - {"manifest.json"}
    assert not [p for p in folder.parent.iterdir() if p.suffix in (".building", ".kept")]


def test_a_pack_is_two_headed_pages_without_script_or_address(published):
    page = (published[0].manifest.folder / "packs" / "c0001.html").read_text("utf-8")
    for heading in ("What you got", "What it cost", "How you compare", "What we suggest next", "What we ask of you"):
        assert f">{heading}</h2>" in page
    assert "<script" not in page.lower() and "http" not in page.replace("http-equiv", "")
    assert "Content-Security-Policy" in page and "show.got" not in page


def test_whole_packs_are_kept_and_a_damaged_one_is_made_again(published, source, computed_once):
    made, _ = published
    out = made.manifest.folder.parent
    again = run_packs(source, QUARTER, only=["C0001", "C0002", "C0003"], out=out)
    assert (again.made_count, again.kept_count) == (0, 3)
    damaged = made.manifest.folder / "packs" / "c0002.html"
    before = damaged.read_bytes()
    damaged.write_bytes(before[:100])
    mended = run_packs(source, QUARTER, only=["C0001", "C0002", "C0003"], out=out)
    assert (mended.made_count, mended.kept_count) == (1, 2)
    assert damaged.read_bytes() == before


def test_a_pack_that_fails_is_listed_and_the_others_are_published(source, computed_once, tmp_path):
    flag = tmp_path / "kill"
    flag.touch()
    code = f"import os, signal\nif group == 'C0002' and os.path.exists({str(flag)!r}): os.kill(os.getpid(), signal.SIGKILL)"
    notebook = notebook_that(tmp_path, code)
    given = {"only": ["C0001", "C0002"], "out": tmp_path / "shelf", "notebook": notebook}
    made = run_packs(source, QUARTER, **given)
    assert list(made.failed["group"]) == ["C0002"] and "its kernel died" in made.failed["why"].iloc[0]
    assert pages(made.manifest.folder) == ["c0001.html"]
    index = made.manifest.page.read_text("utf-8")
    assert "1 could not be made" in index and "kernel died" in index
    flag.unlink()
    again = run_packs(source, QUARTER, **given)
    assert (again.made_count, again.kept_count) == (1, 1) and again.failed.empty
    assert "could not be made" not in again.manifest.page.read_text("utf-8")


def test_where_no_pack_can_be_made_what_stood_before_stays(source, computed_once, tmp_path):
    first = run_packs(source, QUARTER, only=["C0001"], out=tmp_path / "shelf")
    before = first.manifest.page.read_bytes()
    broken = notebook_that(tmp_path, "raise ValueError('no')")
    with pytest.raises(PublishError, match="None of 1 packs could be made"):
        run_packs(source, QUARTER, only=["C0001"], out=tmp_path / "shelf", notebook=broken)
    assert first.manifest.page.read_bytes() == before


def test_a_stopped_run_is_taken_up_where_it_was(source, computed_once, tmp_path):
    class StoppedError(Exception):
        pass

    def stop(done: int, _: int, __: int) -> None:
        if done == 2:
            raise StoppedError

    given = {"only": ["C0001", "C0002", "C0003", "C0004"], "out": tmp_path, "workers": 1}
    with pytest.raises(StoppedError):
        run_packs(source, QUARTER, tick=stop, **given)
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith(".")] == []
    made = run_packs(source, QUARTER, **given)
    assert made.kept_count >= 2 and made.kept_count + made.made_count == 4
    assert len(pages(made.manifest.folder)) == 4


def test_names_of_customers_that_are_scripts_or_paths_are_inert(source, tables, computed_once, monkeypatch, tmp_path):
    ids = {"C0001": "../../etc/passwd", "C0002": "<script>window.pwned=1</script>"}
    hostile = {
        name: t.assign(customer_id=t["customer_id"].replace(ids)) if "customer_id" in t else t
        for name, t in tables.items()
    }
    groups = hostile["groups"]
    evil = groups["customer_id"].isin(ids.values())
    hostile["groups"] = groups.assign(name=groups["name"].mask(evil, '"><img src=x onerror="window.pwned=1">'))
    monkeypatch.setattr("pmo_analysis.quarter.pack_tables.gather_pack_tables", lambda _: hostile)
    made = run_packs(source, QUARTER, only=list(ids.values()), out=tmp_path)
    folder = made.manifest.folder
    assert made.failed.empty
    assert all(set(p.stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for p in (folder / "packs").iterdir())
    for page in [*(folder / "packs").iterdir(), folder / "index.html"]:
        text = page.read_text("utf-8")
        assert "<script" not in text and "<img" not in text and "&lt;img src=x" in text


@pytest.mark.slow
def test_packs_by_segment_and_category_are_made_by_the_same_notebook(source, computed_once, tmp_path):
    by_category = run_packs(source, QUARTER, by="category", out=tmp_path)
    by_segment = run_packs(source, QUARTER, by="segment", out=tmp_path)
    assert by_category.made_count > 3 and by_category.failed.empty and by_segment.failed.empty
    text = next((by_category.manifest.folder / "packs").iterdir()).read_text("utf-8")
    assert "Category pack" in text and "all other customers" in text


@pytest.mark.slow
def test_published_packs_verify_and_a_changed_one_is_found(published, monkeypatch):
    from pmo_analysis.quarter.run import run_quarter as really
    from pmo_analysis.run.verify import differences, verify_report

    monkeypatch.setattr("pmo_analysis.run.verify.run_quarter", really)

    made, _ = published
    assert differences(verify_report(made.manifest.folder)).empty
    page = made.manifest.folder / "packs" / "c0003.html"
    page.write_text(page.read_text("utf-8") + " ", "utf-8")
    assert "packs/c0003.html" in set(differences(verify_report(made.manifest.folder))["file"])


@pytest.mark.slow
def test_the_warm_process_ends_with_the_one_that_started_it():
    program = (
        "import os, signal, time\nfrom pmo_analysis.run.warm import start_zygote\n"
        'with start_zygote("packs") as z:\n    print(z.process.pid, flush=True)\n    time.sleep(1)\n'
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == -signal.SIGKILL
    pid, deadline = int(run.stdout), time.monotonic() + 90
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not os.path.exists(f"/proc/{pid}")


def test_pack_and_index_ask_the_network_for_nothing_and_run_no_script(published, page, outside_requests):
    folder = published[0].manifest.folder
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((folder / "index.html").as_uri())
    page.click("table.index a >> nth=0")
    page.wait_for_url("**/packs/*.html")
    assert page.locator("h2").count() == 6
    page.set_viewport_size({"width": 800, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth <= 800")
    assert errors == [] and outside_requests == []


def test_nothing_in_pack_and_index_bars_people_with_other_needs(published, violations):
    folder = published[0].manifest.folder
    assert [violations(folder / name) for name in ("index.html", "packs/c0001.html")] == [[], []]


def test_a_pack_is_two_printed_pages(published, page):
    page.goto((published[0].manifest.folder / "packs" / "c0001.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") == 2


def test_the_manifest_is_plain_json_with_what_each_pack_was_made_of(published):
    content = json.loads((published[0].manifest.folder / "manifest.json").read_text("utf-8"))
    assert content["kind"] == "packs" and content["by"] == "customer" and content["failed"] == []
    assert len({p["key"] for p in content["packs"]}) == 3 and all(len(h) == 64 for h in content["told"].values())
