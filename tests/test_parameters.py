"""A notebook's parameters are read from its cell and checked before anything runs."""

from pathlib import Path

import nbformat
import pytest

from pmo_analysis.contract.errors import SettingError
from pmo_analysis.run.parameters import check_parameters, read_parameters

CELL = """\
source = "data/demo"  # where the tables are
quarter = ""  # such as 2026Q3
mode = "short"  # how much [short | long]
top = 3  # services shown [1 to 10]
share = 0.5  # a share [0 to 1]
settings = {}  # settings changed"""


def notebook_with(tmp_path: Path, *cells: str, tag: str = "parameters") -> Path:
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c, metadata={"tags": [tag]}) for c in cells])
    nbformat.write(nb, tmp_path / "n.ipynb")
    return tmp_path / "n.ipynb"


def test_the_parameter_cell_is_the_declaration(tmp_path):
    declared = read_parameters(notebook_with(tmp_path, CELL))
    assert list(declared) == ["source", "quarter", "mode", "top", "share", "settings"]
    assert declared["mode"].choices == ("short", "long")
    assert declared["top"].limits == (1.0, 10.0)
    assert declared["quarter"].help == "such as 2026Q3"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"qarter": "2026Q3"}, "Did you mean 'quarter'?"),
        ({"top": "3"}, "int is needed"),
        ({"top": True}, "int is needed"),
        ({"top": 11}, "outside 1 to 10"),
        ({"mode": "middle"}, "short, long"),
        ({"share": float("nan")}, "outside 0 to 1"),
        ({"x = 1; import os": 1}, "no such parameter"),
    ],
)
def test_a_misfit_is_refused_before_anything_runs(tmp_path, given, told):
    path = notebook_with(tmp_path, CELL)
    with pytest.raises(SettingError, match="n.ipynb cannot run") as caught:
        check_parameters(read_parameters(path), given, path)
    assert told in str(caught.value)


def test_all_misfits_are_told_at_once(tmp_path):
    path = notebook_with(tmp_path, CELL)
    with pytest.raises(SettingError) as caught:
        check_parameters(read_parameters(path), {"top": 0, "mode": "x", "zzz": 1}, path)
    assert len(str(caught.value).splitlines()) == 4


def test_a_whole_number_serves_where_a_number_is_needed(tmp_path):
    path = notebook_with(tmp_path, CELL)
    assert check_parameters(read_parameters(path), {"share": 1}, path) == {"share": 1}


@pytest.mark.parametrize("cells", [[], [CELL, CELL]])
def test_a_notebook_needs_exactly_one_parameter_cell(tmp_path, cells):
    with pytest.raises(SettingError, match="needs one"):
        read_parameters(notebook_with(tmp_path, *cells))


def test_code_in_the_parameter_cell_is_refused(tmp_path):
    with pytest.raises(SettingError, match="line 2"):
        read_parameters(notebook_with(tmp_path, "a = 1\nimport os"))


@pytest.mark.parametrize("content", ["", "not json", "{}", '{"cells": 3}', "[1]"])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    with pytest.raises(SettingError, match=r"not a"):
        read_parameters(path)
