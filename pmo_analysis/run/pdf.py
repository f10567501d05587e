"""The page as a tagged PDF, by Chromium where there is one: nothing is fetched, and its absence is said, not a failure."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from pmo_analysis.intake.scratch import private_folder

NAME = "page.pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
DEADLINE_SECONDS = 120
# The page itself forbids scripts and loads nothing; the browser has no way out either.
_CLOSED = ("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--disable-background-networking",
           "--disable-component-update", "--disable-sync", "--disable-extensions", "--no-first-run")  # fmt: skip


def find_browser() -> str | None:
    """Where Chromium is, or None; the variable PMO_CHROMIUM names one that is not on the path."""
    named = os.environ.get("PMO_CHROMIUM", "")
    return named or next((found for name in BROWSERS if (found := shutil.which(name))), None)


def print_page(page: Path, say: Callable[[str], None] = lambda text: None, *, seconds: int = DEADLINE_SECONDS) -> str:
    """Write `page.pdf` beside a page; says “made”, or why not.

    The PDF is tagged for screen readers, has an outline and the page's print style. It holds the time at which it was
    made: unlike the tables it is not the same bytes twice.
    """
    say("printing the page")
    browser = find_browser()
    told = _print(browser, page, seconds) if browser else "no Chromium was found (PMO_CHROMIUM may name one)"
    if told != "made":
        say(f"no PDF: {told}")
    return told


def _print(browser: str, page: Path, seconds: int) -> str:
    with private_folder() as scratch:
        why = _run(_command(browser, page, scratch), str(scratch), seconds)
        made = scratch / NAME
        if why or not made.is_file() or made.read_bytes()[:5] != b"%PDF-":
            return why or "Chromium wrote no PDF"
        shutil.copyfile(made, page.parent / NAME)
    return "made"


def _command(browser: str, page: Path, profile: Path) -> list[str]:
    # Chromium's sandbox refuses to run as root, as in a container; the page has no script that could leave it.
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [browser, "--headless=new", "--disable-gpu", *root, *_CLOSED, f"--user-data-dir={profile}/profile",
            "--export-tagged-pdf", "--generate-pdf-document-outline", "--no-pdf-header-footer",
            f"--print-to-pdf={profile}/{NAME}", page.resolve().as_uri()]  # fmt: skip


def _run(command: list[str], home: str, seconds: int) -> str:
    """Run Chromium with all it starts; what is still there after the time limit is ended. Says what went wrong."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        running = subprocess.Popen(command, start_new_session=True, env={**os.environ, "HOME": home}, **quiet)  # type: ignore[call-overload]
    except OSError as error:
        return f"{command[0]} could not be started ({error.strerror})"
    try:
        code = running.wait(seconds)
    except subprocess.TimeoutExpired:
        return f"Chromium took longer than {seconds} seconds"
    finally:
        _end(running)
    return f"Chromium ended with code {code}" if code else ""


def _end(running: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):  # all of it has ended by itself
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()
