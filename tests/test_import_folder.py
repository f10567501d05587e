"""The folder of an import: complete or absent."""

from __future__ import annotations

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.import_folder import refuse_foreign, whole_or_absent, write_csv, write_record


def test_a_failure_leaves_no_folder_and_no_scratch(tmp_path):
    with pytest.raises(RuntimeError), whole_or_absent(tmp_path / "to") as scratch:
        (scratch / "a.csv").write_text("x\n")
        raise RuntimeError("power cut")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_earlier_import_untouched(tmp_path):
    for text, fails in (("first", False), ("second", True)):
        try:
            with whole_or_absent(tmp_path / "to") as scratch:
                (scratch / "a.csv").write_text(text)
                if fails:
                    raise RuntimeError("power cut")
        except RuntimeError:
            pass
    assert (tmp_path / "to" / "a.csv").read_text() == "first" and len(list(tmp_path.iterdir())) == 1


def test_what_nobody_imported_is_never_replaced_unless_told(tmp_path):
    folder = tmp_path / "to"
    with whole_or_absent(folder) as scratch:
        write_csv(pd.DataFrame({"a": ["1"]}), scratch / "a.csv")
        write_record(scratch, mapping="m", sources={})
    refuse_foreign(folder, replace=False)
    (folder / "mine.txt").write_text("notes")
    with pytest.raises(InputError, match="holds 1 files that no earlier import wrote.*mine.txt"):
        refuse_foreign(folder, replace=False)
    refuse_foreign(folder, replace=True)
    (folder / "mine.txt").unlink()
    (folder / "a.csv").write_text("changed by hand")
    with pytest.raises(InputError, match="a.csv"):
        refuse_foreign(folder, replace=False)


def test_a_damaged_record_counts_as_foreign_files(tmp_path):
    (tmp_path / "import.json").write_text("{")
    (tmp_path / "a.csv").write_text("x")
    with pytest.raises(InputError, match="a.csv"):
        refuse_foreign(tmp_path, replace=False)


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "to").write_text("")
    with pytest.raises(InputError, match="is a file"):
        refuse_foreign(tmp_path / "to", replace=False)


def test_odd_text_survives_the_csv(tmp_path):
    odd = [
        '=HYPERLINK("x")',
        "<script>alert(1)</script>",
        "قسم المالية",
        "🏗️ works",
        'two\nlines, and "quotes"',
        "x" * 300,
    ]
    path = write_csv(pd.DataFrame({"name": odd}), tmp_path / "a.csv")
    assert pd.read_csv(path, dtype=str)["name"].tolist() == odd
