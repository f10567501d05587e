"""The notebook on value and cost: scores, ranks, weights, TOPSIS beside them, books that add up, statements."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import papermill
import pytest

from pmo_analysis.analysis.value import score_value
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.mapping import import_tables
from pmo_analysis.present.answers import valuing
from pmo_analysis.present.shown import Html

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "value_and_cost.ipynb"
CUSTOMERS = pd.DataFrame({"customer_id": list("abcd"), "name": ["Alpha <b>", "Beta", "Gamma", "Delta"]})


def seen(rows: list[tuple[str, str, list[float]]]) -> pd.DataFrame:
    return pd.DataFrame([(u, o, v) for u, o, values in rows for v in values], columns=["unit_id", "outcome", "value"])


MEASURES = seen([
    ("a", "execution", [90, 92, 88, 91]), ("a", "benefit", [40, 42, 38, 41]), ("b", "execution", [50, 52, 48, 51]),
    ("b", "benefit", [85, 83, 87, 84]), ("c", "execution", [20, 22, 18, 21]), ("c", "benefit", [30, 28, 32, 29]),
    ("d", "execution", [35, 33, 37, 36]), ("d", "benefit", [25, 27, 23, 26]),
])  # fmt: skip


def a_quarter(measures: pd.DataFrame = MEASURES) -> SimpleNamespace:
    """As much of a quarter as the value part of the notebook looks at."""
    books = pd.DataFrame({"what": ["capacity supplied", "told in the table", "unused capacity, charged to nobody"],
                          "cost": [1000.0, 799.99, 200.01]})  # fmt: skip
    statements = pd.DataFrame(
        {"what": ["charged"], "statement_cost": [10.5], "total_cost": [10.5], "difference_cost": [0.0]}
    )
    data = Dataset.from_frames({"customers": CUSTOMERS, "services": pd.DataFrame({"service_id": ["1"], "name": ["S"]})})
    return SimpleNamespace(
        value=score_value(measures, {"execution": 0.5, "benefit": 0.5}), data=data, settings=Settings({"currency": "EUR"}),
        segmentation=SimpleNamespace(rules=pd.DataFrame({"segment": [], "name": []})),
        measures=SimpleNamespace(definitions=pd.DataFrame({"measure": [], "title": []})),
        cost=SimpleNamespace(reconciliation=books, sentence="Serving cost EUR 800."),
        showback=SimpleNamespace(reconciliation=statements),
    )  # fmt: skip


def read(shown: Html) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown.html)).split())


def test_scores_stand_highest_first_each_with_its_range_and_what_was_seen():
    text = read(valuing.scores(a_quarter()))
    places = [text.index(name) for name in ("Beta", "Alpha <b>", "Gamma")]
    assert places == sorted(places)
    row = a_quarter().value.scores.set_index("unit_id").loc["b"]
    assert f"Beta {row['score']:.0f} ({row['low']:.0f} to {row['high']:.0f}) {row['raw']:.0f} 100 % 8" in text
    assert "<b>" not in valuing.scores(a_quarter()).html


def test_ranks_of_a_customer_add_up_to_the_whole():
    shares = [
        int(s) for s in re.findall(r"(\d+) %", read(valuing.ranks(a_quarter())).split("Gamma")[1].split("Delta")[0])
    ]
    assert abs(sum(shares) - 100) <= 2


def test_how_far_a_weight_may_move_is_told_with_the_names_of_customers():
    rows = a_quarter().value.sensitivity.set_index("outcome")
    text = read(valuing.sensitivity(a_quarter()))
    assert text.startswith("Beta gets most by these weights")
    assert (
        f"Execution (weight 0.50): another leads above {rows.loc['execution', 'changes_above']:.2f}, Alpha <b>" in text
    )


def test_topsis_stands_beside_the_score_and_its_reversal_is_shown():
    assert "Beta 1 1" in read(valuing.closeness(a_quarter()))
    assert "A 60 2, 2 0.65, 0.78 1, 2" in read(valuing.reversal())


def test_without_an_outcome_each_call_says_that_no_customer_has_a_score():
    nothing = a_quarter(MEASURES[:0])
    for call in (valuing.scores, valuing.ranks, valuing.sensitivity, valuing.closeness):
        assert "No customer has a value score" in read(call(nothing))


def test_the_books_are_told_to_the_cent():
    text = read(valuing.reconciliation(a_quarter()))
    assert "Used + unused = supplied" in text
    assert "1,000.00" in text and "799.99" in text and "200.01" in text
    assert "charged 10.50 10.50 0.00" in text


def run_notebook(source: Path, folder: Path, **parameters: str) -> str:
    papermill.execute_notebook(
        str(NOTEBOOK), str(folder / "out.ipynb"), {"source": str(source), **parameters}, progress_bar=False
    )
    cells = [c for c in json.loads((folder / "out.ipynb").read_text("utf-8"))["cells"] if c["cell_type"] == "code"]
    assert [c["execution_count"] for c in cells] == list(range(1, len(cells) + 1))
    return json.dumps(cells, ensure_ascii=False)


@pytest.mark.slow
def test_the_notebook_runs_on_a_small_organisation_and_tells_the_statement_of_the_customer_asked_for(tmp_path):
    from pmo_analysis.intake.demo import write_demo

    source = write_demo(tmp_path / "small", customers=30, quarters=5)
    asked = pd.read_csv(source / "engagements.csv", dtype="str")["customer_id"].mode()[0]
    said = run_notebook(source, tmp_path, customer_id=asked)
    assert f"({asked}), " in said and "Used + unused = supplied" in said


@pytest.mark.real
@pytest.mark.parametrize(("mapping", "file"), [("gmpp", "gmpp_panel.csv"), ("gcloud", "gcloud_sales.csv")])
def test_the_notebook_says_of_imports_what_is_missing(real_folder, tmp_path, mapping, file):
    done = import_tables(ROOT / "data" / "mappings" / f"{mapping}.toml", [real_folder / file], to=tmp_path / mapping)
    said = run_notebook(done.folder, tmp_path)
    assert "there is no effort table" in said and "No customer has a value score" in said
