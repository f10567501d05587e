"""An executed notebook as one self-contained page: no script, nothing fetched, code folded away."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mistune
import nbformat
import nh3

from pmo_analysis.contract.showing import still
from pmo_analysis.present.templating import render, stylesheet

_TAGS = nh3.ALLOWED_TAGS | {"section", "figure", "figcaption", "svg", "path"}
_ATTRIBUTES = {
    "*": {"class", "id", "role", "dir", "lang", "title", "aria-label", "aria-hidden"},
    "a": {"href"},
    "img": {"alt"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "ol": {"start"},
    "details": {"open"},
    "svg": {"viewBox", "preserveAspectRatio"},
    "path": {"d"},
}
_IMAGE = "image/png"
SHEETS = ("parts.css", "page.css")
PACK_SHEETS = (*SHEETS, "pack.css", "pack_page.css")


def make_page(
    executed: nbformat.NotebookNode, path: Path, *, title: str, sheets: Sequence[str] = SHEETS, code: bool = True
) -> Path:
    """Write an executed notebook as an HTML page; the same notebook gives the same bytes.

    Markdown becomes headings and text, each code cell its outputs and a folded block. Whatever a table holds
    is text: HTML from outputs passes an allow-list without scripts, styles, addresses to load or event handlers.
    `sheets`: the style sheets, later ones over earlier ones; `code` false leaves the cells' code in the notebook.
    """
    style = "".join(stylesheet(name) for name in sheets)
    page = render("page.html.j2", title=title, style=style, sections=_sections(executed, code=code), headings=_headings(executed),
                  policy=policy(style))  # fmt: skip
    path.write_text(still(page), "utf-8")
    return path


def policy(style: str) -> str:
    """Only this page's own style and inline images may be used; nothing is loaded, nothing runs."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _sections(executed: nbformat.NotebookNode, *, code: bool) -> list[dict[str, Any]]:
    """A section per heading: what its cells show, in their order, and then their code."""
    sections: list[dict[str, Any]] = []
    for cell in executed.cells:
        headed = cell.cell_type == "markdown" and any(line.startswith("## ") for line in cell.source.splitlines())
        if headed or not sections:
            sections.append({"parts": [], "code": []})
        if cell.cell_type == "markdown":
            sections[-1]["parts"].append({"kind": "html", "html": clean(str(_markdown()(cell.source)))})
        elif cell.source.strip():
            sections[-1]["parts"] += [found for output in cell.get("outputs", []) if (found := _output(output))]
            sections[-1]["code"] += [cell.source] if code else []
    return sections


def _markdown() -> mistune.Markdown:
    return mistune.create_markdown(escape=True, plugins=["table"], renderer=_Headed())


class _Headed(mistune.HTMLRenderer):
    """Markdown whose headings can be linked to."""

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        return f'<h{level} id="{anchor(html.unescape(text))}">{text}</h{level}>\n'


def anchor(text: str) -> str:
    """The id of a heading: letters, digits and hyphens."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


def _headings(executed: nbformat.NotebookNode) -> list[dict[str, str]]:
    lines = [line for c in executed.cells if c.cell_type == "markdown" for line in c.source.splitlines()]
    found = [line.removeprefix("## ").strip() for line in lines if line.startswith("## ")]
    return [{"text": text, "anchor": anchor(text)} for text in found]


def _output(output: nbformat.NotebookNode) -> dict[str, str] | None:
    """One output in the richest form that is safe: HTML of the allow-list, a picture, or text."""
    data = output.get("data", {})
    if "text/html" in data:
        return {"kind": "html", "html": clean(data["text/html"])}
    if _IMAGE in data:
        alt = output.get("metadata", {}).get(_IMAGE, {}).get("alt", "") or data.get("text/plain", "")
        return {"kind": "picture", "data": data[_IMAGE].replace("\n", ""), "alt": alt}
    text = data.get("text/plain") or output.get("text")
    return {"kind": "plain", "text": text} if text else None


def clean(fragment: str) -> str:
    """HTML reduced to the allow-list: no script, style, form, frame, event handler or address to load."""
    return nh3.clean(fragment, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"mailto"}, link_rel=None,
                     clean_content_tags={"script", "style"})  # fmt: skip
