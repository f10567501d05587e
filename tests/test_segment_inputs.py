"""Whatever table of customers is given, segments are a clear answer or a refusal in words, never a library's traceback."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.estimates import spread_rows
from pmo_analysis.analysis.segments import assign_segments, segment_customers
from pmo_analysis.analysis.segments.columns import order_rows, read_columns
from pmo_analysis.contract.errors import InputError

pytestmark = pytest.mark.filterwarnings("error")

N = 40
GROUP = np.repeat([0, 1], N // 2)


def customers() -> pd.DataFrame:
    """Forty customers in two plain groups: money, days and a stage."""
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "a_cost": np.exp(rng.normal(8 + 3 * GROUP, 0.5)),
            "b_days": rng.normal(30 - 15 * GROUP, 2),
            "stage": np.where(rng.random(N) < 0.9, np.array(["plan", "run"])[GROUP], "close"),
        },
        index=pd.Index([f"c{i:02d}" for i in range(N)], name="customer_id"),
    )


@pytest.fixture(scope="module")
def base() -> pd.DataFrame:
    return customers()


@pytest.fixture(scope="module")
def scheme(base) -> dict:
    return segment_customers(base, segments=2).scheme


Spoil = Callable[[pd.DataFrame], object]


def with_ids(ids: object) -> Spoil:
    return lambda v: v.set_axis(pd.Index(ids) if isinstance(ids, list) else ids, axis=0)


REFUSED: dict[str, tuple[Spoil, str]] = {
    "nothing": (lambda v: None, "not NoneType"),
    "a series": (lambda v: v["a_cost"], "not Series"),
    "an array": (lambda v: v.to_numpy(), "not ndarray"),
    "an empty frame": (lambda v: pd.DataFrame(), "no rows or no columns"),
    "no rows": (lambda v: v.head(0), "no rows or no columns"),
    "no columns": (lambda v: v[[]], "no rows or no columns"),
    "an id twice": (lambda v: pd.concat([v, v.head(2)]), "2 customer_id appear more than once .first: 'c00'"),
    "no id": (with_ids([None, *range(1, N)]), "1 rows have no customer_id"),
    "two without id": (with_ids([None, None, *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKL"]), "2 rows have no customer_id"),
    "ids of two kinds": (with_ids(pd.Index([1, "1", *range(2, N)], dtype=object)), "index.map.str"),
    "ids on two levels": (with_ids(pd.MultiIndex.from_product([["x"], range(N)])), "not several levels"),
    "columns on two levels": (
        lambda v: v.set_axis(pd.MultiIndex.from_product([["x"], ["a", "b", "c"]]), axis=1),
        "several levels",
    ),
    "a column twice": (lambda v: v.set_axis(["a", "a", "b"], axis=1), "'a' appears more than once"),
    "names alike as text": (lambda v: v.set_axis(["1", 1, "b"], axis=1), "'1' appears more than once"),
    "all infinite": (lambda v: v.assign(b_days=np.inf), "'b_days' has 40 infinite values"),
    "one infinite": (
        lambda v: v.assign(b_days=[*v["b_days"][:-1], -np.inf]),
        "1 infinite values .first: customer 'c39'",
    ),
    "infinite in objects": (
        lambda v: v.assign(m=pd.Series([np.inf, *range(1, N)], v.index, dtype=object)),
        "1 infinite",
    ),
    "integers beyond floats": (lambda v: v.assign(m=[10**400 + i for i in range(N)]), "'m'"),
    "absurdly large": (lambda v: v.assign(b_days=v["b_days"] * 1e300), "beyond 1e.30.*larger unit"),
    "one absurdly large": (lambda v: v.assign(b_days=[*v["b_days"][:-1], 1e300]), "1 values beyond"),
    "times": (lambda v: v.assign(m=pd.Timestamp("2026-01-01")), "'m' holds dates"),
    "times in a zone": (lambda v: v.assign(m=pd.Timestamp("2026-01-01", tz="UTC")), "'m' holds dates"),
    "days as objects": (lambda v: v.assign(m=[dt.date(2026, 1, 1 + i % 9) for i in range(N)]), "'m' holds dates"),
    "spans of time": (lambda v: v.assign(m=pd.to_timedelta(range(N), unit="D")), "'m' holds dates"),
    "months": (lambda v: v.assign(m=pd.period_range("2026-01", periods=N, freq="M")), "'m' holds dates"),
    "complex numbers": (lambda v: v.assign(m=v["b_days"] + 1j), "neither numbers nor text"),
    "lists": (lambda v: v.assign(m=[[i % 3] for i in range(N)]), "neither numbers nor text"),
    "dictionaries": (lambda v: v.assign(m=[{"a": i % 3} for i in range(N)]), "neither numbers nor text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_meaning_is_refused_with_what_to_do(base, scheme, name):
    spoil, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        segment_customers(spoil(base))
    if name not in ("an empty frame", "no rows", "no columns"):
        with pytest.raises(InputError):
            assign_segments(spoil(base), scheme)


KINDS: dict[str, Callable[[], object]] = {
    "Int64": lambda: pd.array([1, 2, 3, None, 5, 6, 7, 8] * 5, dtype="Int64"),
    "Int64 all missing": lambda: pd.array([None] * N, dtype="Int64"),
    "Float64": lambda: pd.array([*np.linspace(0, 1, N - 1), None], dtype="Float64"),
    "boolean": lambda: pd.array([True, False, None, True] * 10, dtype="boolean"),
    "bool": lambda: GROUP == 1,
    "category": lambda: pd.Categorical(["x", "y"] * 20, categories=["x", "y", "never used"]),
    "category of numbers": lambda: pd.Categorical([1, 2, 3, 4] * 10),
    "ordered with gaps": lambda: pd.Categorical(["x", "y", None, "x"] * 10, ordered=True),
    "string": lambda: pd.array(["x", None, "y", "z"] * 10, dtype="string"),
    "float16": lambda: np.linspace(0, 1, N).astype("float16"),
    "int8": lambda: np.arange(N, dtype="int8"),
    "sparse": lambda: pd.arrays.SparseArray(np.r_[np.zeros(30), np.arange(10.0)]),
    "interval": lambda: pd.cut(np.arange(N), 4),
    "bytes": lambda: [b"x", b"y"] * 20,
    "decimals": lambda: [Decimal(i) / 3 for i in range(N)],
    "whole numbers as objects": lambda: np.array([None if i % 7 == 0 else i for i in range(N)], dtype=object),
    "integers beyond 64 bits": lambda: [10**25 + i * 10**23 for i in range(N)],
    "integers alike as floats": lambda: np.array([2**64 - 1 - i for i in range(N)], dtype="uint64"),
    "all sorts": lambda: np.array([1, "a", 2.5, None, True] * 8, dtype=object),
    "hostile text": lambda: ["<b>x</b>", "a\x00b", "", "🙂"] * 10,
    "numbers as text": lambda: [f"{x:.3f}" for x in np.linspace(0, 1, N)],
    "rare": lambda: np.r_[np.zeros(N - 2), 1, 2.0],
    "two values": lambda: [3.5, 7.25] * 20,
    "tiny": lambda: np.linspace(1, 2, N) * 1e-300,
    "far from nought": lambda: 1e15 + np.arange(N),
    "negative money": lambda: -np.exp(np.linspace(0, 9, N)),
    "money of both signs": lambda: np.linspace(-900, 900, N) ** 3,
}
CHUNKS = [list(KINDS)[i::4] for i in range(4)]


@pytest.mark.parametrize("names", CHUNKS, ids=" · ".join)
def test_every_way_to_store_a_column_is_read(base, names):
    values = base.assign(**{name: KINDS[name]() for name in names})
    answer = segment_customers(values, segments=2)
    assert answer.count == 2
    assert sorted(answer.members.index) == sorted(values.index)
    again = assign_segments(values, json.loads(json.dumps(answer.scheme, allow_nan=False)))
    assert again["segment"].loc[answer.members.index].equals(answer.members["segment"])
    assert "<b>x</b>" not in answer._repr_html_()


def test_a_quantity_is_the_same_however_it_is_stored(base):
    def stored(kind: Callable[[pd.Series], object]) -> pd.DataFrame:
        whole = base[["a_cost", "b_days"]].round().mask(np.eye(N, 2, dtype=bool))
        return pd.DataFrame({c: kind(whole[c]) for c in whole}, index=base.index)

    plain = segment_customers(stored(lambda c: c), segments=2)
    for kind in (lambda c: c.astype("Int64"), lambda c: c.astype(object), lambda c: c.astype("float32")):
        other = segment_customers(stored(kind), segments=2)
        assert other.members["segment"].equals(plain.members["segment"])
        assert other.scheme["columns"] == plain.scheme["columns"]


def test_columns_of_which_nothing_can_be_made_are_named_with_the_reason(base):
    answer = segment_customers(
        base.assign(
            constant=3.0,
            empty=np.nan,
            none=None,
            few=[1.0, 2.0, 3.0] + [np.nan] * (N - 3),
            note=[f"note {i}" for i in range(N)],
            lost=np.array([2**64 - 1 - i for i in range(N)], dtype="uint64"),
        ),
        segments=2,
    )
    assert dict(answer.left_out[["feature", "reason"]].to_numpy()) == {
        "constant": "the same for every customer",
        "empty": "wholly missing",
        "none": "wholly missing",
        "few": "known for only 3 customers",
        "note": "a different text for nearly every customer",
        "lost": "the same for every customer",
    }


def test_texts_are_levels_until_more_than_half_of_them_differ_and_rare_ones_are_lumped():
    ids = pd.Index([f"c{i:02d}" for i in range(20)], name="customer_id")
    half = [*"abcdefghi", *"j" * 11]  # ten texts in twenty rows
    table = pd.DataFrame({"half": half, "more": [*half[:-1], "k"], "spent": np.arange(20.0)}, index=ids)
    told = read_columns(table).left_out
    assert told.to_numpy().tolist() == [["more", "a different text for nearly every customer"]]
    place = pd.DataFrame({"place": ["x"] * 12 + ["y"] * 3 + ["z"] * 2 + ["v", "w", "u"]}, index=ids)
    levels = read_columns(place).choices["place"].value_counts().to_dict()
    assert levels == {"x": 12, "other": 5, "y": 3}  # three customers make a level, two do not


def test_a_number_of_two_values_is_a_choice_and_half_of_twenty_known_are_enough():
    ids = pd.Index([f"c{i:02d}" for i in range(20)], name="customer_id")
    rows = np.arange(20.0)
    table = pd.DataFrame({"two": rows % 2, "three": rows % 3, "ten": np.where(rows < 10, rows, np.nan)}, index=ids)
    told = read_columns(table.assign(nine=np.where(rows < 9, rows, np.nan)))
    assert list(told.numbers) == ["three", "ten"] and list(told.choices) == ["two"]
    assert told.left_out.to_numpy().tolist() == [["nine", "known for only 9 customers"]]


def test_rows_are_ordered_by_what_they_hold_and_a_sample_is_spread_evenly():
    table = pd.DataFrame(
        {"text": ["b", "a", None, "a", "c"], "hours": [1.5, 1.5, 0.5, np.nan, 2.5], "n": [7.0, 5, 8, 9, 1]},
        list("wxyzv"),
    )
    assert order_rows(table).index.tolist() == ["y", "x", "w", "v", "z"]  # by hours, then n; the blank last
    assert spread_rows(10, 4).tolist() == [0, 2, 5, 7] and spread_rows(4, 4).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("count", [1, 2, 19])
def test_fewer_than_twenty_customers_are_one_group_that_says_so(base, count):
    answer = segment_customers(base.head(count))
    assert not answer.found and len(answer.members) == count
    assert "fewer than 20 customers are too few to tell groups" in answer.sentence


@pytest.mark.parametrize(
    "values",
    [
        pd.DataFrame({"a": 1.0, "b": "x"}, index=range(N)),
        pd.DataFrame(np.nan, index=range(N), columns=["a", "b"]),
        pd.DataFrame({"note": [f"note {i}" for i in range(N)]}),
    ],
    ids=["all alike", "nothing known", "a text of their own each"],
)
def test_customers_whom_nothing_tells_apart_are_one_group_and_cannot_be_cut_in_two(values):
    answer = segment_customers(values)
    assert not answer.found and "no column tells them apart" in answer.sentence
    assert set(assign_segments(values, answer.scheme)["segment"]) == {"all customers"}
    with pytest.raises(InputError, match="no column tells the customers apart"):
        segment_customers(values, segments=2)


def test_customers_of_whom_nothing_is_known_make_no_group_of_their_own(base):
    more = base.reindex([*base.index, *(f"unknown {i}" for i in range(15))])
    answer = segment_customers(more)
    assert answer.count == 2
    assert pd.crosstab(GROUP, answer.members["segment"].loc[base.index].to_numpy()).max(axis=1).tolist() == [20, 20]
    few = segment_customers(more.tail(25))
    assert not few.found and "anything is known of fewer than 20 of them" in few.sentence


@pytest.mark.parametrize("column", ["a_cost", "stage"])
def test_a_single_column_will_do(base, column):
    answer = segment_customers(base[[column]], segments=2)
    assert answer.count == 2
    assert (pd.crosstab(GROUP, answer.members["segment"]).max(axis=1) >= 17).all()


def test_twenty_customers_with_any_names_are_enough(base):
    values = base.iloc[10:30].rename_axis(None)
    for ids in (range(20), pd.date_range("2026-01-01", periods=20), [f"<{i}>" for i in range(20)]):
        answer = segment_customers(values.set_axis(pd.Index(ids), axis=0), segments=2)
        assert answer.count == 2 and len(answer.members) == 20


def test_few_different_customers_are_not_split_further_than_they_differ():
    values = pd.DataFrame({"a": np.repeat([1.0, 2.0, 3.0], [18, 18, 4]), "b": np.repeat([5.0, 6.0, 9.0], [18, 18, 4])})
    assert segment_customers(values).count <= 3
    assert segment_customers(values, segments=5).count <= 3


def test_a_scheme_from_other_columns_is_refused_by_name(base, scheme):
    with pytest.raises(InputError, match="a_cost"):
        assign_segments(base.drop(columns="a_cost"), scheme)
    with pytest.raises(InputError, match="'a_cost' was a number"):
        assign_segments(base.assign(a_cost="much"), scheme)
    for nonsense in ({}, {"columns": []}, {**scheme, "weights": []}):
        with pytest.raises(InputError, match="scheme"):
            assign_segments(base, nonsense)


@pytest.mark.parametrize("options", [{"segments": 0}, {"segments": -1}, {"segments": 99}, {"max_segments": 1}])
def test_impossible_requests_are_refused_with_what_is_possible(base, options):
    with pytest.raises(InputError, match=r"choose 1 to 13|at least 2|whole number"):
        segment_customers(base, **options)
