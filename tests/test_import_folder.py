"""The folder of an import: complete or absent."""

from __future__ import annotations

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.import_folder import keep_added, refuse_foreign, whole_or_absent, write_csv, write_record


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
    (folder / "a.csv").write_text("changed by hand")
    with pytest.raises(InputError, match=r"holds 1 files that no earlier import wrote.*a\.csv"):
        refuse_foreign(folder, replace=False)
    refuse_foreign(folder, replace=True)


def test_decisions_added_to_an_import_are_carried_over_to_the_next(tmp_path):
    for text in ("first", "second"):
        with whole_or_absent(tmp_path / "to") as scratch:
            (scratch / "a.csv").write_text(text)
            write_record(scratch, mapping="m", sources={})
            keep_added(tmp_path / "to", scratch)
        (tmp_path / "to" / "decisions.csv").write_text("ours")
    refuse_foreign(tmp_path / "to", replace=False)
    assert {p.name: p.read_text() for p in (tmp_path / "to").glob("*.csv")} == {
        "a.csv": "second",
        "decisions.csv": "ours",
    }
    with (
        pytest.raises(InputError, match=r"decisions\.csv was added by hand"),
        whole_or_absent(tmp_path / "to") as scratch,
    ):
        (scratch / "decisions.csv").write_text("theirs")
        keep_added(tmp_path / "to", scratch)
    assert (tmp_path / "to" / "decisions.csv").read_text() == "ours"


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
