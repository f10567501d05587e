"""The notebook on sizes: one service's sizes and why so many, how firm limits are, what bespoke work could have been."""

from __future__ import annotations

import html
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.sizes import review_sizes
from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.present.answers import sizing
from pmo_analysis.present.answers.work import tell_sizes

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "sizing.ipynb"


def a_quarter(hours, proxy=None):
    """As much of a quarter as the notebook on sizes looks at: one service's deliveries, half of them quoted L."""
    count = len(hours)
    rows = pd.DataFrame(
        {
            "engagement_id": [f"E{i:03}" for i in range(count)],
            "customer_id": "A",
            "service_id": "S",
            "requested_on": "2026-07-01",
            "delivered_on": "2026-08-01",
            "size_quoted": np.where(np.arange(count) % 2, "L", "S"),
            "bespoke": np.arange(count) % 5 == 0,
            "effort_proxy_count": proxy,
        }
    )
    tables = {
        "customers": pd.DataFrame({"customer_id": ["A"], "name": ["A"], "category": ["x"]}),
        "services": pd.DataFrame({"service_id": ["S"], "name": ["Plan <b>"]}),
        "engagements": rows,
    }
    if proxy is None:
        effort = {
            "worked_on": "2026-07-15",
            "worked_hours": hours,
            "role": "analyst",
            "engagement_id": rows["engagement_id"],
        }
        tables["effort"] = pd.DataFrame(effort)
    data = Dataset.from_frames(tables).as_of("2026Q3")
    sizes = review_sizes(data, "2026Q3")
    return SimpleNamespace(sizes=sizes, settings=data.settings, data=data)


@pytest.fixture
def names(monkeypatch):
    plain = SimpleNamespace(service=lambda s: {"S": "Plan <b>"}[s])
    for module in ("sizing", "work"):
        monkeypatch.setattr(f"pmo_analysis.present.answers.{module}.names_of", lambda q: plain)


def words(shown):
    return html.unescape(shown.html)


TWO = np.r_[np.linspace(1.8, 2.2, 30), np.linspace(18, 22, 30)]


def test_two_sizes_are_told_with_a_firm_limit_and_why(names):
    quarter = a_quarter(TWO)
    assert "2 sizes" in words(sizing.sizes(quarter)) and "One size" in words(sizing.sizes(quarter, "S", 1))
    assert "yes" in words(sizing.evidence(quarter)) and "groups on log hours" in words(sizing.evidence(quarter))
    assert "0 %" in words(sizing.limits(quarter))
    section = tell_sizes(quarter)
    assert any("firm" in s for s in section.finding)


def test_a_name_from_the_data_is_escaped(names):
    assert "<b>" not in sizing.sizes(a_quarter(TWO))._repr_html_()


def test_a_stand_in_for_effort_is_cut_but_never_called_hours(names):
    quarter = a_quarter(TWO, proxy=np.round(TWO))
    told = words(sizing.sizes(quarter))
    assert "counts and not hours" in told and "effort_proxy_count" in told
    assert any("counts, not hours" in t for t in tell_sizes(quarter).tables)


def test_work_without_any_effort_is_said_to_have_no_sizes(names):
    quarter = a_quarter(TWO, proxy=[None] * len(TWO))
    for shown in (sizing.sizes(quarter), sizing.evidence(quarter), sizing.limits(quarter), sizing.bespoke(quarter)):
        assert "o " in words(shown) and "<table" not in words(shown)


def test_an_unknown_service_is_refused_by_name(names):
    with pytest.raises(InputError, match="'Z'"):
        sizing.sizes(a_quarter(TWO), "Z")


def test_too_few_deliveries_are_listed_as_left_out(names):
    assert "fewer than 20" in words(sizing.left_out(a_quarter(TWO[:8])))


def test_every_call_of_the_notebook_exists():
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    source = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    called = {line.split("(")[0].removeprefix("look.") for line in source.splitlines() if line.startswith("look.")}
    assert called == {"sizes", "evidence", "limits", "bespoke", "left_out"}
    assert all(callable(getattr(sizing, name)) for name in called)
