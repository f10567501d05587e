"""The README tells the truth of the things that can be checked without running them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from typer.main import get_command

from pmo_analysis.cli import app
from pmo_analysis.contract.questions import QUESTIONS
from pmo_analysis.contract.settings import read_settings

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme", ROOT / ".ci" / "readme.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands() -> list[str]:
    """Every line of the README's code blocks, without its remark and prompt."""
    blocks = re.findall(r"```[a-z]*\n(.*?)```", TEXT, flags=re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_the_table_list_is_the_contract(maker):
    assert maker.replace(TEXT) == TEXT, "run: .venv/bin/python .ci/readme.py"


def test_every_pmo_command_and_option_named_exists():
    known = get_command(app).commands
    for line in commands():
        words = line.split()
        if words[:1] != ["pmo"]:
            continue
        assert words[1] in known, line
        command = known[words[1]]
        command = command.commands[words[2]] if hasattr(command, "commands") else command
        options = {name for p in command.params for name in p.opts} | {"--help"}
        assert {w for w in words if w.startswith("-")} <= options, line


def test_every_make_target_named_exists():
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = {
        word
        for line in [*commands(), *re.findall(r"`([^`\n]+)`", TEXT)]
        for word in re.findall(r"^make ([a-z]+)", line)
    }
    assert named and named <= targets


def test_every_setting_named_exists():
    known = set(read_settings().table()["name"])
    named = {line.split("--set ")[1].split("=")[0] for line in commands() if "--set " in line}
    assert named and named <= known


def test_every_file_named_exists():
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in target]
    assert links and [target for target in links if not (ROOT / target).exists()] == []


def test_all_thirteen_questions_are_told():
    assert [q.title for q in QUESTIONS if q.title not in TEXT] == []
