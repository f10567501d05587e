"""Reports of all quarters: oldest first, going on where it stopped, a failure never stops the others."""

import json
from pathlib import Path

import pandas as pd
import pytest
from organisations import write_least

from pmo_analysis.contract.errors import InputError, PublishError
from pmo_analysis.intake.fingerprint import fingerprint
from pmo_analysis.intake.load import load
from pmo_analysis.intake.previous import read_previous
from pmo_analysis.run import backfill, manifest


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_least(tmp_path_factory.mktemp("organisation") / "data", quarters=4, seed=1)


@pytest.fixture
def published(monkeypatch):
    """Instead of running notebooks, write what a report's manifest would hold; remembers the quarters in their order."""
    done = []

    def publish(source, quarter, *, out, **options):
        if quarter in published_fails:
            raise PublishError("the disk is full")
        done.append(quarter)
        data = load(source)
        folder = Path(out) / backfill.report_name(data, quarter)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.html").write_text(quarter)
        before = backfill.find_previous(Path(out), data, quarter)
        manifest.write_manifest(folder, {
            "organisation": data.name, "quarter": quarter, "inputs": [], "files": manifest.describe_files(folder),
            "settings": manifest.describe_settings(data.settings), "code": manifest.describe_code(),
            "known": fingerprint(data.as_of(quarter, 12)).to_dict("records"),
            "previous": read_previous(before).key if before else None,
        })  # fmt: skip

    published_fails = set()
    monkeypatch.setattr(backfill, "run_report", publish)
    return done, published_fails


def states(result) -> list[str]:
    return result.table["state"].tolist()


def test_quarters_are_made_oldest_first_and_each_knows_the_one_before(source, published, tmp_path):
    result = backfill.report_all_quarters(source, out=tmp_path)
    assert published[0] == sorted(published[0])
    assert len(published[0]) >= 4
    last = json.loads((Path(result.table["report"].iloc[-1]) / "manifest.json").read_text())
    assert last["previous"]["quarter"] == published[0][-2]


def test_called_again_it_makes_nothing_that_is_up_to_date_and_all_if_told_so(source, published, tmp_path):
    first = backfill.report_all_quarters(source, out=tmp_path)
    assert set(states(backfill.report_all_quarters(source, out=tmp_path))) == {"up to date"}
    assert len(published[0]) == len(first.table)
    assert set(states(backfill.report_all_quarters(source, out=tmp_path, again=True))) == {"published"}


def test_a_report_that_was_touched_is_made_again_and_those_told_beside_it_stay(source, published, tmp_path):
    first = backfill.report_all_quarters(source, out=tmp_path)
    (Path(first.table["report"].iloc[1]) / "report.html").write_text("changed by hand")
    assert states(backfill.report_all_quarters(source, out=tmp_path)).count("published") == 1


def test_other_settings_make_the_reports_anew(source, published, tmp_path):
    backfill.report_all_quarters(source, out=tmp_path)
    assert "published" in states(backfill.report_all_quarters(source, out=tmp_path, seed=5))


def test_a_quarter_that_fails_is_listed_with_its_reason_and_the_others_are_made(source, published, tmp_path):
    published[1].add("2026Q1")
    result = backfill.report_all_quarters(source, out=tmp_path)
    assert result.failed[["quarter", "why"]].to_numpy().tolist() == [["2026Q1", "the disk is full"]]
    assert states(result).count("published") == len(result.table) - 1
    published[1].clear()
    assert states(backfill.report_all_quarters(source, out=tmp_path)).count("up to date") >= 1


def test_progress_names_the_quarter_and_how_many_there_are(source, published, tmp_path):
    said = []
    table = backfill.report_all_quarters(source, out=tmp_path, progress=said.append).table
    assert said[0] == f"{table['quarter'].iloc[0]}, 1 of {len(table)}"


def test_a_source_that_cannot_be_read_is_one_error_and_no_list(tmp_path):
    with pytest.raises(InputError):
        backfill.report_all_quarters(tmp_path / "none", out=tmp_path)
    assert pd.Series(list(tmp_path.iterdir())).empty
