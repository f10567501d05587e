"""The page: self-contained, nothing runs, nothing is fetched, whatever a table holds is text."""

from __future__ import annotations

import base64
import hashlib
import html
import re

import nbformat
import pytest

from pmo_analysis.present.page import anchor, clean, make_page
from pmo_analysis.present.templating import stylesheet

PNG = base64.b64encode(b"\x89PNG picture").decode()


@pytest.fixture
def executed() -> nbformat.NotebookNode:
    new = nbformat.v4
    told = new.new_output(
        "execute_result", {"text/html": '<div class="pmo"><p onclick="x()">found</p><script>bad()</script></div>'}
    )
    picture = new.new_output(
        "display_data", {"image/png": PNG, "text/plain": "spare"}, metadata={"image/png": {"alt": 'three "bars"'}}
    )
    cells = [
        new.new_markdown_cell("# Report\n\n<script>bad()</script> plain", id="a"),
        new.new_code_cell("secret = 1 < 2", id="b"),
        new.new_markdown_cell("## 1. Why & how?", id="c"),
        new.new_code_cell("show.answer(q, 1)", id="d", outputs=[told, picture]),
        new.new_code_cell("print(1)", id="e", outputs=[new.new_output("stream", text="<b>1</b>")]),
    ]
    return new.new_notebook(cells=cells)


@pytest.fixture
def page(executed, tmp_path) -> str:
    return make_page(executed, tmp_path / "report.html", title="A & B, 2026Q3").read_text("utf-8")


def test_the_same_notebook_gives_the_same_bytes(executed, tmp_path):
    first, second = (make_page(executed, tmp_path / n, title="T").read_bytes() for n in ("a.html", "b.html"))
    assert first == second


def test_nothing_on_the_page_runs_or_is_fetched(page):
    assert "<script" not in page and "onclick" not in page
    assert not re.findall(r"""(?:src|href)=["'](?!data:image/png|#)""", page)
    assert "@import" not in page and "url(" not in page
    assert "default-src 'none'; img-src data:" in html.unescape(page)


def test_the_policy_allows_the_pages_own_style_and_no_other(page):
    style = re.search(r"<style>(.*?)</style>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in html.unescape(page)
    assert page.count("<style>") == 1


def test_headings_can_be_linked_to_and_are_listed(page):
    assert '<h2 id="1-why-how">' in page
    assert '<a href="#1-why-how">1. Why &amp; how?</a>' in page
    assert '<html lang="en">' in page and 'href="#content"' in page


def test_pictures_have_a_text_alternative(page):
    assert f'<img src="data:image/png;base64,{PNG}" alt="three &#34;bars&#34;">' in page


def test_code_is_folded_away_at_the_end_of_its_section(page):
    sections = page.split("<section>")[1:]
    assert len(sections) == 2
    assert "secret = 1 &lt; 2" in sections[0] and "show.answer" in sections[1]
    assert sections[1].index("found") < sections[1].index("<details") < sections[1].index("show.answer")
    assert "<details open" not in page


def test_plain_output_is_text(page):
    assert "&lt;b&gt;1&lt;/b&gt;" in page


@pytest.mark.parametrize("bad", [
    "<script>x()</script>", '<img src="https://a.example/x.png">', "<iframe src='x'></iframe>", "<p style='color:red'>x</p>",
    "<a href='javascript:x()'>x</a>", "<svg onload=x()><path d='M0 0'></path></svg>", "<form action='x'><input></form>",
    "<style>p{}</style>", "<svg><foreignObject><p onclick=x()>a</p></foreignObject></svg>", "<object data=x></object>",
    "<link rel=stylesheet href=x>", "<meta http-equiv=refresh content=0>", "<base href=x>",
])  # fmt: skip
def test_the_allow_list_lets_nothing_through_that_runs_or_loads(bad):
    kept = clean(bad)
    assert not re.search(
        r"script|src=|iframe|style|onload|onclick|form|input|object|foreignobject|link|meta|base", kept, re.I
    )


def test_the_house_tables_and_bars_pass_the_allow_list_unchanged():
    table = '<table class="told"><thead><tr><th scope="col" class="number">n</th></tr></thead></table>'
    bar = '<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><path class="zero" d="M50 0V10"></path></svg>'
    assert 'scope="col"' in clean(table) and 'class="number"' in clean(table)
    assert clean(bar) == bar


def test_anchors_are_letters_digits_and_hyphens():
    assert anchor("12. Did last quarter's decisions work?") == "12-did-last-quarter-s-decisions-work"


def test_the_page_can_be_read_in_the_dark_and_on_paper():
    style = stylesheet("page.css")
    assert "prefers-color-scheme:dark" in style and "@media print" in style and "size:A4" in style


def test_the_page_asks_the_network_for_nothing_in_a_browser(executed, tmp_path, browser, outside_requests):
    path = make_page(executed, tmp_path / "report.html", title="T")
    asked: list[str] = []
    context = browser.new_context()
    opened = context.new_page()
    opened.on("request", lambda request: asked.append(request.url))
    errors: list[str] = []
    opened.on("console", lambda message: errors.append(message.text))
    opened.goto(path.as_uri())
    assert [a for a in asked if not a.startswith(("file:", "data:"))] == []
    assert errors == []
    assert opened.evaluate("getComputedStyle(document.querySelector('h2')).fontSize") != ""
    context.close()
