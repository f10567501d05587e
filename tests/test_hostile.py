"""An organisation of attacks goes through everything: each stays text, readable where it can be, and nothing runs.

What would run sets a mark, a title or asks for an address; the first test proves that it would.
"""

from __future__ import annotations

import ast
import csv
import io
import re
import subprocess
import sys
import zipfile
import zlib
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import nbformat
import openpyxl
import pandas as pd
import pytest
from hostile import ANSI, ARABIC, ATTACKS, EMOJI, FORMULA, LATEX, LONG, SCRIPT, SECRET, write_hostile
from pptx import Presentation

from benchmarks.app import free_port, served
from pmo_analysis import cli, quarter
from pmo_analysis.run import servers
from pmo_analysis.run.packs import run_packs

pytestmark = [pytest.mark.slow, pytest.mark.browser]
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
ORGANISATION = f"{SCRIPT} ../../x {ANSI}"
READABLE = [SCRIPT, LATEX, FORMULA, LONG, ARABIC, EMOJI]
FOUND = """where => {
  const seen = [...document.querySelectorAll(where)].flatMap(e => [...e.querySelectorAll("*")]);
  const count = tags => seen.filter(e => e.matches(tags)).length;
  const addresses = seen.flatMap(e => [e.getAttribute("href"), e.getAttribute("src"), e.getAttribute("action")]);
  return {
    mark: window.__mark === undefined ? null : window.__mark,
    title: document.title === "owned",
    handlers: seen.filter(e => [...e.attributes].some(a => a.name.startsWith("on"))).length,
    links: addresses.filter(a => /^\\s*javascript|hostile/i.test(a || "")),
    frames: count("iframe, object, embed, form, script, base, meta, link"),
    formulas: count("mjx-container, math"),
  };
}"""
INERT = {"mark": None, "title": False, "handlers": 0, "links": [], "frames": 0, "formulas": 0}


def found_in(page, shown: str = "body") -> dict:
    """What has run, or could still run, in what a page shows of the data."""
    page.wait_for_timeout(500)  # frames, images and refreshes take their time
    return page.evaluate(FOUND, shown)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_hostile(tmp_path_factory.mktemp("hostile") / "data")


@pytest.fixture(scope="module")
def run(source, tmp_path_factory):
    """The report and three packs, made from one quarter as the command line makes them; and all that was printed."""
    folder, printed, kept = tmp_path_factory.mktemp("work"), io.StringIO(), []
    compute = quarter.run_quarter

    def once(*given, **options):
        kept[:] = kept or [compute(*given, **options)]
        return kept[0]

    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
        patch.chdir(folder)
        patch.setattr(quarter, "run_quarter", once)
        with pytest.raises(SystemExit) as ended:
            cli.main(["report", str(source), "--out", "reports", "--pdf", "--set", f"organisation={ORGANISATION}"])
        assert ended.value.code == 0, printed.getvalue()
        ids = pd.read_csv(source / "customers.csv", dtype="str")["customer_id"]
        chosen = [next(i for i in ids if i.startswith(attack)) for attack in (SCRIPT, "../..", "$")]
        run_packs(source, out="packs", only=chosen, organisation=ORGANISATION)
    return folder, printed.getvalue(), kept[0]


@pytest.fixture(scope="module")
def report(run) -> Path:
    (found,) = [p for p in (run[0] / "reports").iterdir() if p.is_dir()]
    return found


@pytest.fixture(scope="module")
def packs(run) -> list[Path]:
    """The index and the pages of the packs."""
    (found,) = [p for p in (run[0] / "packs").iterdir() if p.is_dir() and not p.name.startswith(".")]
    return [found / "index.html", *sorted(found.glob("packs/*.html"))]


@pytest.mark.parametrize("attack", [a for a in ATTACKS if "__mark=1" in a and a[0] in '<"'][:3])
def test_the_attacks_would_run_where_a_page_lets_them(page, attack):
    page.set_content(f'<p title="x">{attack}</p>')
    page.wait_for_function("window.__mark === 1")
    assert found_in(page)["title"]


def test_pages_run_nothing_and_show_names_as_they_are_written(report, packs, page, outside_requests):
    for path in [report / "report.html", *packs]:
        page.goto(path.as_uri())
        assert found_in(page) == INERT, path.name
        assert "default-src 'none'" in page.content()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path.name} scrolls"
        assert not STEERING.search(path.read_text("utf-8"))
    page.goto((report / "report.html").as_uri())
    text = " ".join(page.inner_text("body").split())
    assert [name for name in READABLE if " ".join(name.split())[:60] not in text] == []
    assert outside_requests == []
    assert len(packs) == 4


@pytest.fixture(scope="module")
def lab(report, tmp_path_factory):
    """JupyterLab on two copies of the executed notebook, one of them trusted; all cells are drawn, seen or not."""
    folder = tmp_path_factory.mktemp("lab")
    own = {f"JUPYTERLAB_{n}_DIR": str(folder / n) for n in ("WORKSPACES", "SETTINGS")}
    own |= {f"JUPYTER_{n}_DIR": str(folder / n) for n in ("CONFIG", "DATA", "RUNTIME")}
    drawn = folder / "SETTINGS" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    drawn.parent.mkdir(parents=True)
    drawn.write_text('{"windowingMode": "none"}')
    shown = folder / "shown"
    shown.mkdir()
    for name in ("foreign", "trusted"):
        (shown / f"{name}.ipynb").write_bytes((report / "report.ipynb").read_bytes())
    environment = {**servers.jupyter_environment(), **own}
    trust = [sys.executable, "-m", "jupyter", "trust", str(shown / "trusted.ipynb")]
    subprocess.run(trust, env=environment, check=True, capture_output=True)
    port = free_port()
    command = [*servers.lab_command(shown, "foreign.ipynb", port=port, browser=False), "--IdentityProvider.token="]
    with served(command, port, environment) as address:
        yield address


@pytest.mark.parametrize("copy", ["foreign", "trusted"])
def test_jupyterlab_runs_nothing_of_the_executed_notebook(lab, copy, page, outside_requests):
    page.set_default_timeout(120_000)
    page.goto(f"{lab}/lab/tree/{copy}.ipynb")
    last = page.locator(".jp-Notebook h2").filter(has_text="13. ")
    last.wait_for(state="attached")
    for attack in ("<script>window.__mark", LATEX[:20]):
        assert page.locator(".jp-OutputArea", has_text=attack).count() > 0
    assert found_in(page, ".jp-OutputArea") == INERT
    assert outside_requests == []


def test_the_app_runs_nothing_whatever_is_chosen(source, tmp_path, page, outside_requests):
    port, prepared = free_port(), servers._prepare(tmp_path, str(source), None)
    command = servers.app_command(prepared, port=port, browser=False)
    with served(command, port, servers.jupyter_environment()) as address:
        page.set_default_timeout(120_000)
        page.goto(address)
        page.locator(".sizing-result").wait_for()
        chooser = page.locator("select").first
        names = chooser.locator("option").all_inner_texts()
        for name in (next(n for n in names if n.startswith(start)) for start in ("<script>", "$", '"><img')):
            chooser.select_option(label=name)
            page.locator(".sizing-hours .about", has_text=name[:20]).wait_for()
            assert found_in(page, ".jp-OutputArea, .sizing-result, .sizing-hours") == INERT
        assert outside_requests == []


def test_the_workbook_holds_text_and_no_formula_and_no_link_outside(report, run):
    book = openpyxl.load_workbook(report / "report.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [c.coordinate for c in cells if c.data_type == "f"] == []
    assert [c.hyperlink.target for c in cells if c.hyperlink and c.hyperlink.target] == []
    texts = [c for c in cells if isinstance(c.value, str)]
    assert all(any(c.value.startswith(name) for c in texts) for name in READABLE)
    assert {c.quotePrefix for c in texts if c.value.startswith("=HYPERLINK")} == {True}


def test_a_spreadsheet_takes_the_workbook_and_the_csvs_for_text(report, office, tmp_path):
    csvs = [str(report / "tables" / name) for name in ("groups.csv", "cost_by_customer.csv")]
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"  # formulas as formulas
    command = [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", options,
               "--outdir", str(tmp_path), str(report / "report.xlsx"), *csvs]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    read = [row for path in tmp_path.glob("*.csv") for row in csv.reader(path.open(encoding="utf-8", newline=""))]
    cells = {cell for row in read for cell in row}
    assert any(c.startswith("=HYPERLINK") for c in cells), "the workbook's own text, as it was written"
    assert any(c.startswith("'=HYPERLINK") for c in cells), "the CSV's, behind its apostrophe"
    assert [c for c in cells if re.match(r"#(NAME|REF|VALUE|N/A)|Err:\d", c)] == []


def test_no_csv_holds_a_formula_or_steers_a_terminal_and_parquet_is_untouched(report, source):
    texts = {path: path.read_text("utf-8") for path in (report / "tables").glob("*.csv")}
    assert [path.name for path, text in texts.items() if STEERING.search(text)] == []
    cells = {cell for text in texts.values() for row in csv.reader(io.StringIO(text, newline="")) for cell in row}
    assert [c for c in cells if c[:1] in "=+@\t\r" and c and not re.fullmatch(r"[+][\d.]+", c)] == []
    names = pd.read_csv(source / "customers.csv", dtype="str")["customer_id"]
    assert set(pd.read_parquet(report / "tables" / "groups.parquet")["customer_id"]) <= set(names)


def test_slides_and_pdf_link_and_run_nothing(report):
    with zipfile.ZipFile(report / "slides.pptx") as archive:
        links = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".rels"))
        books = [
            archive.read(name) for name in archive.namelist() if name.endswith(".xlsx")
        ]  # what charts are drawn from
    assert b"External" not in links and books
    for book in books:
        with zipfile.ZipFile(io.BytesIO(book)) as inside:
            sheet = inside.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet and b"hyperlink" not in sheet
    deck = Presentation(str(report / "slides.pptx"))
    shapes = [shape for slide in deck.slides for shape in slide.shapes if shape.has_text_frame]
    assert any("<script>" in shape.text_frame.text for shape in shapes)
    printed = (report / "page.pdf").read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", printed, re.S)
    whole = printed + b"".join(zlib.decompressobj().decompress(s) for s in streams if s[:1] == b"x")
    assert not re.search(rb"/(URI|JavaScript|JS|Launch|SubmitForm|EmbeddedFile|RichMedia)\b", whole)


def test_the_console_prints_no_character_that_steers_it(run, source, tmp_path, capsys):
    assert "<script>" in run[1] and not STEERING.search(run[1])
    customers = pd.read_csv(source / "customers.csv", dtype="str")
    for path in source.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    pd.concat([customers, customers]).to_csv(tmp_path / "customers.csv", index=False)
    for command in (["check", str(tmp_path)], ["report", str(tmp_path), "--out", str(tmp_path / "out")]):
        with pytest.raises(SystemExit) as ended:
            cli.main(command)
        said = "".join(capsys.readouterr())
        assert ended.value.code == 1 and "customer_id" in said and not STEERING.search(said)


@pytest.mark.parametrize(
    "name", ["x=1\nimport os", '__import__("os").system("touch owned")', "source;import os", "{0}"]
)
def test_a_parameter_that_is_code_is_refused_by_name(source, tmp_path, capsys, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        cli.main(["report", str(source), "--out", str(tmp_path / "out"), "-p", f"{name}=1"])
    assert ended.value.code == 2 and "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "owned").exists()


def test_values_are_handed_to_the_notebook_as_values_and_no_file_lands_outside(run, report):
    (given,) = [
        c
        for c in nbformat.read(report / "report.ipynb", 4).cells
        if "injected-parameters" in c.metadata.get("tags", [])
    ]
    assert ORGANISATION in eval_literals(given.source)["settings"].values()
    assert sorted(p.name for p in run[0].iterdir()) == ["packs", "reports"]


def eval_literals(code: str) -> dict:
    """What an injected cell assigns, read without running it."""
    return {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(code).body}


def test_no_published_file_tells_a_comment_or_a_person(run, source):
    assert SECRET in (source / "survey.csv").read_text("utf-8")
    files = [p for p in run[0].rglob("*") if p.is_file()]
    assert [p.name for p in files if SECRET.encode() in unpacked(p)] == []
    assert sum(p.suffix == ".parquet" for p in files) > 50


def unpacked(path: Path) -> bytes:
    """A file's content, also of what is packed in it."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).to_csv().encode()
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())
