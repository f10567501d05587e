"""The page as a PDF: tagged where there is a browser, and where there is none or it fails that is said."""

import os
import time
from pathlib import Path

import pytest

from pmo_analysis.run import pdf
from pmo_analysis.run.pdf import print_page

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Own title</title></head>
<body><h1>Heading</h1><p>Text</p><img src="http://192.0.2.1/x.png" alt="never fetched"></body></html>"""


@pytest.fixture
def page_file(tmp_path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(PAGE, "utf-8")
    return path


def browser_that(tmp_path, monkeypatch, script: str) -> None:
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PMO_CHROMIUM", str(path))


def test_the_page_is_printed_with_tags_and_an_outline(chromium, page_file, monkeypatch):
    monkeypatch.setenv("PMO_CHROMIUM", chromium)
    assert print_page(page_file) == "made"
    content = (page_file.parent / "page.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in content
    assert b"/Outlines" in content


def test_without_a_browser_that_is_said_and_nothing_fails(page_file, monkeypatch):
    monkeypatch.delenv("PMO_CHROMIUM", raising=False)
    monkeypatch.setattr(pdf, "BROWSERS", ())
    said = []
    assert print_page(page_file, said.append) == "no Chromium was found (PMO_CHROMIUM may name one)"
    assert said[-1].startswith("no PDF: no Chromium")
    assert not (page_file.parent / "page.pdf").exists()


def test_a_browser_that_fails_is_told_by_its_code(page_file, tmp_path, monkeypatch):
    browser_that(tmp_path, monkeypatch, "exit 7")
    assert print_page(page_file) == "Chromium ended with code 7"


def test_a_browser_that_writes_something_else_is_not_believed(page_file, tmp_path, monkeypatch):
    browser_that(
        tmp_path, monkeypatch, 'for a in "$@"; do case $a in --print-to-pdf=*) echo no > "${a#*=}";; esac; done'
    )
    assert print_page(page_file) == "Chromium wrote no PDF"


def test_a_browser_that_hangs_is_ended_with_all_it_started(page_file, tmp_path, monkeypatch):
    browser_that(tmp_path, monkeypatch, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    assert print_page(page_file, seconds=1) == "Chromium took longer than 1 seconds"
    child = int((tmp_path / "child").read_text())
    time.sleep(0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            raise ProcessLookupError


def test_a_browser_that_is_not_there_is_told(page_file, monkeypatch):
    monkeypatch.setenv("PMO_CHROMIUM", "/nowhere/chromium")
    assert "could not be started" in print_page(page_file)


def test_the_browser_has_no_way_out(page_file):
    command = pdf._command("chromium", page_file, page_file.parent)
    assert "--host-resolver-rules=MAP * ~NOTFOUND" in command
    assert any(option.startswith("--proxy-server=127.0.0.1") for option in command)
    assert ("--no-sandbox" in command) == (os.geteuid() == 0)
