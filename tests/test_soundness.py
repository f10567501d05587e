"""A scheme that is none, of another version, damaged by hand or of other columns is refused in words."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.segments import assign_segments, segment_customers
from pmo_analysis.contract.errors import InputError


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1], [30, 30])
    return pd.DataFrame(
        {
            "spend_cost": np.exp(rng.normal(8 + 2 * group, 0.5)),
            "wait_days": rng.normal(30 - 8 * group, 3),
            "stage": np.where(rng.random(60) < 0.85, np.array(["plan", "run"])[group], "close"),
        },
        index=pd.Index([f"C{i:03d}" for i in range(60)], name="customer_id"),
    )


@pytest.fixture(scope="module")
def scheme(customers):
    return json.loads(json.dumps(segment_customers(customers, segments=2).scheme))


def changed(scheme, change):
    copy = deepcopy(scheme)
    change(copy)
    return copy


@pytest.mark.parametrize("thing", [None, [], "S1", {}, {"a": 1}, {"version": 2, "columns": []}])
def test_what_is_no_scheme_is_called_none(customers, thing):
    with pytest.raises(InputError, match="not a segment scheme"):
        assign_segments(customers, thing)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.update(version=1), "version 1"),
        (lambda s: s.update(version="new"), "version 'new'"),
        (lambda s: s.update(columns={"a": 1}), "not a list of named columns"),
        (lambda s: s["columns"][0].pop("transform"), "'spend_cost' has no usable transform"),
        (lambda s: s["columns"][0]["transform"].update(spread=0), "'spend_cost' has no usable transform"),
        (lambda s: s["columns"][2].update(levels=[]), "'stage' has no kind or no levels"),
        (lambda s: s["columns"][2].update(kind="colour"), "'stage' has no kind or no levels"),
        (lambda s: s.update(segments=[]), "lists no segments"),
        (lambda s: s["segments"][0].pop("name"), "lacks its id or its name"),
        (lambda s: s["segments"][1].update(segment=s["segments"][0]["segment"]), "the same id"),
        (lambda s: s["weights"].pop(), "weights are"),
        (lambda s: s["weights"].__setitem__(0, -0.5), "weights are not shares"),
        (lambda s: s.update(weights=[0.9, 0.9]), "sum to 1"),
        (lambda s: s.update(columns=[]), "no column that tells them apart"),
        (lambda s: s["columns"][0].update(name=None), "not a list of named columns"),
        (lambda s: s["columns"][0].update(name=3), "not a list of named columns"),
        (lambda s: s["columns"][0].update(name=["spend_cost"]), "not a list of named columns"),
        (lambda s: s["segments"][0].update(segment=["S1"]), "id of a segment"),
        (lambda s: s["segments"][0].update(segment={"id": "S1"}), "id of a segment"),
        (lambda s: s["segments"][0].update(segment=None), "id of a segment"),
        (lambda s: s["segments"][0].update(segment=float("nan")), "id of a segment"),
        (lambda s: s["means"][0].pop(), "means hold something other|means are"),
        (lambda s: s["means"][0].__setitem__(0, float("nan")), "means hold something other"),
        (lambda s: s["means"][0].__setitem__(0, "1"), "means hold something other"),
        (lambda s: s["covariances"][0][0].__setitem__(0, -1.0), "covariances cannot be"),
        (lambda s: s["covariances"][0].pop(), "covariances"),
        (lambda s: s["chances"].pop(), "chances for 1 choices"),
        (lambda s: s["chances"][0][0].__setitem__(0, 0.0), "not above zero"),
        (lambda s: s["chances"][0][0].pop(), "chances of stage"),
    ],
)
def test_a_scheme_damaged_by_hand_is_refused_with_what_is_wrong(customers, scheme, change, message):
    with pytest.raises(InputError, match=message):
        assign_segments(customers, changed(scheme, change))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda v: v.drop(columns=["stage", "wait_days"]),
            "2 columns that these customers do not have: wait_days, stage",
        ),
        (lambda v: v.assign(wait_days="long"), "'wait_days' was a number"),
        (lambda v: v.assign(stage=np.linspace(0, 9, 60)), "'stage' was a choice"),
    ],
)
def test_customers_of_other_columns_or_kinds_are_refused(customers, scheme, spoil, message):
    with pytest.raises(InputError, match=message):
        assign_segments(spoil(customers), scheme)


def test_a_column_wholly_missing_now_is_integrated_out(customers, scheme):
    placed = assign_segments(customers.assign(stage=np.nan, wait_days=np.nan), scheme)
    whole = assign_segments(customers, scheme)
    assert (placed["segment"] == whole["segment"]).mean() > 0.9


def test_the_second_best_and_its_chance_are_told(customers, scheme):
    placed = assign_segments(customers, scheme)
    assert (placed["segment"] != placed["second"]).all()
    assert (placed["confidence"] + placed["second_confidence"]).to_numpy() == pytest.approx(1)
    assert (placed["between"] == (placed["second_confidence"] >= 0.25)).all()


def test_a_scheme_kept_as_json_places_the_same_customers_in_another_process(customers, scheme, tmp_path):
    (tmp_path / "scheme.json").write_text(json.dumps(scheme))
    customers.iloc[::-1].to_parquet(tmp_path / "values.parquet")
    code = (
        "import json, pathlib, sys\n"
        "import pandas as pd\n"
        "from pmo_analysis.analysis.segments import assign_segments\n"
        "here = pathlib.Path(sys.argv[1])\n"
        "scheme = json.loads((here / 'scheme.json').read_text())\n"
        "assign_segments(pd.read_parquet(here / 'values.parquet'), scheme).to_parquet(here / 'members.parquet')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    again = pd.read_parquet(tmp_path / "members.parquet").sort_index()
    here = assign_segments(customers, scheme).sort_index()
    pd.testing.assert_frame_equal(again, here, rtol=1e-12)
