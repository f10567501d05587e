"""One quarter composed from tables: the same whatever comes later, whatever the order, and honest about gaps."""

import pandas as pd
import pytest
from same_figures import assert_as_kept, summarise

import pmo_analysis as pmo
from pmo_analysis.contract.errors import InputError, SettingError
from pmo_analysis.contract.tables import TABLE
from pmo_analysis.intake.demo import make_demo
from pmo_analysis.intake.reach import choose_quarter

QUARTER = "2026Q1"


@pytest.fixture(scope="module")
def tables():
    return make_demo(customers=60, quarters=6, seed=3)[0]


@pytest.fixture(scope="module")
def quarter(tables):
    return pmo.run_quarter(pmo.Dataset.from_frames(tables), QUARTER)


def assert_same(one: pmo.Quarter, other: pmo.Quarter) -> None:
    first, second = one.tables(), other.tables()
    assert list(first) == list(second)
    for name, table in first.items():
        pd.testing.assert_frame_equal(table, second[name], check_exact=True, obj=name)
    assert one.sentences == other.sentences


def known_by_then(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that an export made at the quarter's end would have held."""
    dated = TABLE[name].dated
    day = rows["as_of_on"] if "as_of_on" in rows else pd.Series(pd.NaT, index=rows.index)
    if dated == "quarter":
        return rows[rows["quarter"] <= QUARTER]
    day = day.fillna(rows[dated]) if dated else day
    return rows[~(pd.to_datetime(day) > "2026-03-31")]


def test_rows_of_later_quarters_and_the_order_of_rows_change_nothing(tables, quarter):
    """Half a year more of everything, and later versions of what was known: the past stays byte for byte."""
    then = {name: known_by_then(name, rows) for name, rows in tables.items()}
    longer = [name for name in tables if len(then[name]) < len(tables[name])]
    assert {"engagements", "effort", "survey", "projects", "benefits", "decisions", "capacity"} <= set(longer)
    shuffled = {name: rows.sample(frac=1, random_state=1) for name, rows in then.items()}
    assert_same(quarter, pmo.run_quarter(pmo.Dataset.from_frames(shuffled), QUARTER))


def test_what_is_told_is_told_of_the_quarter(tables, quarter):
    effort = tables["effort"]
    roles = tables["roles"].drop_duplicates("role").set_index("role")["side"]
    worked = effort[pd.to_datetime(effort["worked_on"]).between("2026-01-01", "2026-03-31")]
    pmo_hours = worked[worked["side"].fillna(worked["role"].map(roles)) == "pmo"]["worked_hours"].sum()
    assert quarter.cost.table["worked_hours"].sum() == pytest.approx(pmo_hours, abs=0.01)


def test_three_tables_are_enough_and_the_rest_is_named(tables):
    bare = {name: tables[name] for name in ("customers", "services", "engagements")}
    result = pmo.run_quarter(pmo.Dataset.from_frames(bare), QUARTER)
    assert {"effort", "survey", "projects", "benefits", "capacity", "decisions"} <= set(result.unanswered["missing"])
    assert result.baseline is None
    assert "nps_points" not in set(result.measures.cells["measure"])
    assert result.seniority.shares.empty
    assert result.cost.table["worked_hours"].isna().all()


def test_a_figure_leads_to_its_rows(quarter):
    kept = quarter.measures.cells.query("measure == 'promises_kept_share' and group_kind == 'all'").iloc[0]
    rows = quarter.trace("promises_kept_share")
    assert rows["numerator"].sum() / rows["denominator"].sum() == pytest.approx(kept["value"])
    customer = quarter.cost.table.sort_values("cost_to_serve_cost").iloc[-1]
    behind = quarter.trace("cost_to_serve", "customer", customer["customer_id"])
    assert behind["cost"].sum() == pytest.approx(customer["cost_to_serve_cost"], abs=0.01)


def test_an_unknown_figure_suggests_the_nearest(quarter):
    with pytest.raises(InputError, match="promises_kept_share"):
        quarter.trace("promises_kept")


def test_settings_change_the_result_and_are_told():
    data = pmo.demo(customers=10, quarters=2, seed=3)
    result = pmo.run_quarter(data, settings={"currency": "GBP"})
    assert "GBP" in result.cost.sentence
    assert result.settings.changed() == {"currency": "GBP"}
    with pytest.raises(SettingError, match="currency"):
        pmo.run_quarter(data, settings={"curency": "GBP"})


@pytest.mark.parametrize("wanted", ["2031Q1", "1999Q4"])
def test_a_quarter_that_the_data_does_not_reach_is_refused(tables, wanted):
    with pytest.raises(InputError, match=f"says nothing of {wanted}"):
        pmo.run_quarter(pmo.Dataset.from_frames(tables), wanted)


def test_the_last_complete_quarter_is_the_default(tables):
    assert choose_quarter(pmo.Dataset.from_frames(tables)) == "2026Q3"


def test_what_if_starts_from_the_quarter(quarter):
    some = quarter.cost.engagements["service_id"].value_counts().index[:3]
    start = pmo.baseline(quarter, services=list(some))
    more = pmo.what_if(start, volume=1.2)
    hours = start.result.set_index("figure")["value"]["hours"]
    assert more.result.set_index("figure")["value"]["hours"] > hours
    one = pmo.baseline(quarter, services=some[0]).result
    pd.testing.assert_frame_equal(one, pmo.baseline(quarter, services=pd.Series([some[0]])).result)
    with pytest.raises(InputError, match="No service"):
        pmo.baseline(quarter, services=["nothing"])


def test_the_invented_organisations_figures_are_those_that_were_last_looked_at(quarter):
    said = pd.DataFrame({"sentence": list(quarter.sentences.values())}, index=list(quarter.sentences))
    assert_as_kept(summarise({**quarter.tables(), "sentences": said}), "quarter_figures.csv")
