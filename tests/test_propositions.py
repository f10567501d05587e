"""Value propositions: figures by hand, words from numbers, nothing told of one customer alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pmo_analysis.analysis.propositions import (
    Offered,
    Propositions,
    change_wording,
    check_prices,
    list_deliveries,
    predict_next,
    read_wording,
    typical_costs,
    write_propositions,
)
from pmo_analysis.contract.errors import SettingError
from pmo_analysis.contract.settings import Settings

SERVICES = pd.DataFrame({"service_id": ["plan", "gate"], "name": ["Planning", "Gate review"]})


def _tables(count: int = 12) -> dict[str, pd.DataFrame]:
    """`count` customers of one category; customer i costs 100·(i + 1), 2 deliveries each, 4 process hours of gate."""
    ids = [f"c{i:02d}" for i in range(count)]
    return {
        "groups": pd.DataFrame(
            {"customer_id": ids, "category": "IT", "segment": pd.Series(np.nan, range(count), dtype="str")}
        ),
        "costs": pd.DataFrame(
            {
                "customer_id": ids,
                "cost_to_serve_cost": [100.0 * (i + 1) for i in range(count)],
                "engagement_count": 2,
                "charged_cost": 50.0,
                "own_hours": 3.0,
                "own_cost": np.nan,
                "basis": "hours",
            }
        ),
        "engagements": pd.DataFrame(
            {
                "engagement_id": [f"{c}-{s}" for c in ids for s in ("plan", "gate")],
                "customer_id": np.repeat(ids, 2),
                "service_id": ["plan", "gate"] * count,
                "process_hours": [0.0, 4.0] * count,
                "mandated": False,
            }
        ),
        "deliveries": pd.DataFrame(
            {"engagement_id": [f"{c}-{s}" for c in ids for s in ("plan", "gate")], "customer_id": np.repeat(ids, 2)}
            | {"service_id": ["plan", "gate"] * count, "delivered": True, "touchpoint_count": 3.0, "waiting_days": 6.0}
        ),
    }


def _told(tables: dict[str, pd.DataFrame], *, unplaced=None, wording=None, **more) -> Propositions:
    offered = Offered(tables["costs"], tables["engagements"], tables["deliveries"], SERVICES, **more)
    return write_propositions(tables["groups"], offered, settings=Settings(), unplaced=unplaced, wording=wording)


def _cards(tables: dict[str, pd.DataFrame], **more) -> pd.DataFrame:
    return _told(tables, **more).cards


def test_a_card_tells_the_figures_of_its_group() -> None:
    card = _cards(_tables()).iloc[0]
    assert card["customers_count"] == card["n"] == 12
    assert (
        card["cost_median"] == 650
        and card["cost_p10"] == pytest.approx(210)
        and card["cost_p90"] == pytest.approx(1090)
    )
    assert card["unit_cost"] == 7800 / 24 and card["charged_cost"] == 600
    assert card["touchpoints"] == 3 and card["waiting_days"] == 6 and card["own_hours"] == 3


def test_the_sentence_is_made_from_the_numbers_with_two_significant_figures() -> None:
    sentence = _cards(_tables())["sentence"].iloc[0]
    for words in (
        "24 deliveries",
        "Benefit: not measured",
        "EUR 650 a quarter",
        "between EUR 210 and EUR 1,100",
        "cost EUR 7,800 to serve and were charged EUR 600",
        "all costs over all deliveries come to about EUR 320 each",
        "3 contacts and took 6 working days",
        "Gate review: 48 hours of process",
    ):
        assert words in sentence, sentence


def test_an_unmeasured_benefit_is_said_and_a_measured_one_is_told_with_its_range() -> None:
    cells = pd.DataFrame(
        {
            "measure": ["benefit_realised_share"],
            "group_kind": "category",
            "group": "IT",
            "value": 0.61,
            "low": 0.48,
            "high": 0.72,
            "n": 23,
        }
    )
    assert _cards(_tables())["benefit"].iloc[0] == "not measured"
    assert (
        "61 % of the benefit that was due and measured was realised (48 % to 72 %; 23 benefits)."
        in _cards(_tables(), cells=cells)["sentence"].iloc[0]
    )


def test_groups_of_fewer_than_five_customers_are_told_together_or_not_at_all() -> None:
    tables = _tables()
    tables["groups"].loc[:2, "category"], tables["groups"].loc[3:5, "category"] = "Sales", "Legal"
    told = _cards(tables).set_index("group")["customers_count"]
    assert told.to_dict() == {"IT": 6, "other small groups": 6}
    few = _tables(3)
    card = _cards(few).iloc[0]
    assert np.isnan(card["cost_median"]) and "fewer than 5 customers" in card["sentence"]


def test_a_range_needs_ten_customers() -> None:
    card = _cards(_tables(9)).iloc[0]
    assert (
        card["cost_median"] == 500
        and np.isnan(card["cost_p10"])
        and "too few customers for a range" in card["sentence"]
    )


def test_what_to_stop_is_never_what_the_law_requires() -> None:
    tables = _tables()
    tables["engagements"]["mandated"] = tables["engagements"]["service_id"] == "gate"
    assert _cards(tables)["stop"].iloc[0] == "nothing stands out"


def test_most_hours_off_target_outweigh_fewer_hours_of_process() -> None:
    off = pd.DataFrame({"service_id": ["plan"], "category": ["IT"], "worked_hours": [60.0]})
    assert _cards(_tables(), off_target=off)["stop"].iloc[0].startswith("Planning: 60 hours outside")


def test_the_next_price_is_students_prediction_on_logs() -> None:
    told = predict_next(pd.Series([100.0, 200.0, 100.0, 200.0]))
    spread = np.std(np.log([100, 200, 100, 200]), ddof=1)
    assert told["value"] == pytest.approx(np.sqrt(20_000))
    assert told["high"] / told["value"] == pytest.approx(np.exp(3.182446 * spread * np.sqrt(1.25)), rel=1e-6)
    assert told["low"] * told["high"] == pytest.approx(told["value"] ** 2)


def test_the_next_price_is_not_estimable_from_three_quarters() -> None:
    told = predict_next(pd.Series([100.0, 110.0, 120.0]))
    assert np.isnan(told["low"]) and np.isnan(told["value"]) and told["n"] == 3
    history = pd.DataFrame(
        {"quarter": ["2026Q1", "2026Q2", "2026Q3"], "customer_id": "c00", "cost_to_serve_cost": 100.0}
    )
    assert "not estimable (it takes four quarters; 3 known)" in _cards(_tables(), history=history)["sentence"].iloc[0]


def test_prediction_intervals_cover_the_next_quarter_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    draws = np.exp(rng.normal(7, 0.3, size=(2000, 9)))
    told = [predict_next(pd.Series(row[:8])) for row in draws]
    covered = np.mean([t["low"] <= row[8] <= t["high"] for t, row in zip(told, draws, strict=True)])
    assert 0.93 <= covered <= 0.97


def test_waiting_counts_working_days_and_open_requests() -> None:
    engagements = pd.DataFrame(
        {
            "engagement_id": ["e1", "e2", "e3"],
            "customer_id": "a",
            "service_id": "plan",
            "touchpoint_count": 1.0,
            "requested_on": pd.to_datetime(["2026-07-03", "2026-09-28", "2026-07-01"]),
            "started_on": pd.NaT,
            "delivered_on": pd.to_datetime(["2026-07-06", None, None]),
            "state": ["delivered", "open", "refused"],
        }
    )
    told = list_deliveries(engagements, "2026Q3", Settings()).set_index("engagement_id")
    assert told["waiting_days"].to_dict() == {"e1": 1.0, "e2": 2.0}  # Friday to Monday; Monday to Wednesday, still open
    assert told["delivered"].to_dict() == {"e1": True, "e2": False}


def test_what_was_measured_and_confirmed_stands_beside_what_was_realised() -> None:
    cells = pd.DataFrame(
        {"measure": ["benefit_realised_share", "benefit_measured_share", "benefit_confirmed_share"], "n": [3, 9, 3]}
        | {"group_kind": "category", "group": "IT", "value": [0.61, 0.4, 0.25], "low": np.nan, "high": np.nan}
    )
    assert _cards(_tables(), cells=cells)["benefit"].iloc[0] == (
        "61 % of the benefit that was due and measured was realised (too few benefits to say how sure: 3)"
        "; 40 % of what was due was measured; customers have confirmed 25 % of what was realised so far"
    )


def test_the_cost_of_a_delivery_is_a_median_with_a_range() -> None:
    tables = _tables()
    each = pd.DataFrame({"engagement_id": tables["deliveries"]["engagement_id"], "cost": 10.0 * np.arange(1, 25)})
    card = _cards(tables, delivery_costs=each).iloc[0]
    assert card[["unit_median", "unit_p10", "unit_p90"]].tolist() == pytest.approx([125, 33, 217])
    assert (
        "work on a typical delivery is worth about EUR 120 (eight in ten between EUR 33 and EUR 220)"
        in card["sentence"]
    )
    few = _cards(tables, delivery_costs=each[:9])["sentence"].iloc[0]
    assert "worth about EUR 50 (too few deliveries for a range)" in few


def test_money_that_was_charged_is_not_called_what_serving_costs() -> None:
    tables = _tables()
    tables["costs"]["basis"] = "charged"
    sentence = _cards(tables)["sentence"].iloc[0]
    assert "A typical customer is charged about EUR 650" in sentence and "what serving costs is not known" in sentence
    assert "to serve and were charged" not in sentence and "Serving a typical customer costs" not in sentence


def test_customers_of_no_group_get_a_line_and_no_card() -> None:
    tables = _tables()
    tables["groups"]["segment"] = ["often"] * 7 + ["no recent request"] * 5
    told = _told(tables, unplaced={"segment": "no recent request"})
    assert told.cards.loc[told.cards["group_kind"] == "segment", "group"].tolist() == ["often"]
    assert told.unplaced.startswith("5 customers are in no segment") and "EUR 5,000 to serve" in told.unplaced
    assert told.sentence.endswith(told.unplaced) and _told(_tables()).unplaced == ""


def _history(costs: list[float]) -> pd.DataFrame:
    quarters = ["2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"][-len(costs) :]
    rows = [(q, f"c{i:02d}", cost) for q, cost in zip(quarters, costs, strict=True) for i in range(12)]
    return pd.DataFrame(rows, columns=["quarter", "customer_id", "cost_to_serve_cost"])


def test_each_quarter_is_predicted_from_those_before_it_alone() -> None:
    members = pd.DataFrame({"customer_id": [f"c{i:02d}" for i in range(12)], "group": "IT"})
    checks = check_prices(typical_costs(_history([100, 200, 100, 200, 150, 9000]), members), level=0.95)
    told = predict_next(pd.Series([100.0, 200, 100, 200]))
    assert checks["quarter"].tolist() == ["2026Q2", "2026Q3"] and checks["held"].tolist() == [True, False]
    assert checks.loc[0, ["next_price_low", "next_price_high", "seen_price"]].tolist() == [
        told["low"],
        told["high"],
        150,
    ]


def test_a_card_says_how_often_such_a_price_held() -> None:
    told = _told(_tables(), history=_history([100, 200, 100, 200, 150, 9000]))
    card = told.cards.iloc[0]
    assert card[["price_held_count", "price_tries_count"]].tolist() == [1, 2] and len(told.price_checks) == 2
    assert "(such ranges held in 1 of 2 earlier quarters)" in card["sentence"]
    assert "could not yet be tried" in _cards(_tables(), history=_history([100, 110, 100, 110]))["sentence"].iloc[0]


def test_a_price_that_may_be_anything_is_not_sold_as_a_plan() -> None:
    sentence = _cards(_tables(), history=_history([10, 1000, 10, 1000]))["sentence"].iloc[0]
    assert "swings too much to plan with" in sentence
    assert "swings" not in _cards(_tables(), history=_history([100, 110, 100, 110]))["sentence"].iloc[0]


def test_words_can_be_translated(tmp_path: Path) -> None:
    own = tmp_path / "wording.toml"
    own.write_text(
        'benefit_unknown = "nicht gemessen"\n'
        'told = "$cards Kundengruppen; für $measured ist der Nutzen gemessen."\n'
        'sentence = "$group ($customers Kunden): $what. Nutzen: $benefit. Weglassen: $stop."',
        "utf-8",
    )
    told = _told(_tables(), wording=read_wording(own))
    assert told.cards["sentence"].iloc[0].startswith("IT (12 Kunden): ")
    assert "Nutzen: nicht gemessen." in told.cards["sentence"].iloc[0]
    assert told.sentence == "1 Kundengruppen; für 0 ist der Nutzen gemessen."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('stop_process = "$dienst"', r"uses \$dienst.*Known: \$service, \$hours"),
        ('cost = "etwa $ $median"', r"a \$ without a name.*\$median, \$p10, \$p90"),
        ('cost = "etwa ${median"', r"a \$ without a name"),
        ('kost = "etwa"', "no words 'kost'. Did you mean 'cost'"),
        ("cost = 5", "must be text in quotes, not 5"),
        ("cost = ", "not valid TOML"),
    ],
)
def test_a_broken_wording_is_refused_with_the_way_to_mend_it(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "wording.toml"
    own.write_text(text, "utf-8")
    with pytest.raises(SettingError, match=said):
        read_wording(own)
    with pytest.raises(SettingError, match="cannot be read"):
        read_wording(tmp_path / "none.toml")


def test_words_in_the_settings_are_checked_like_a_file() -> None:
    assert change_wording(Settings({"wording": {"what_unknown": "nichts"}})["wording"])["what_unknown"] == "nichts"
    with pytest.raises(SettingError, match=r"\[wording\]: 'stop_process' uses \$dienst"):
        change_wording({"stop_process": "$dienst"})


def test_without_groups_there_is_no_card_and_that_is_said() -> None:
    tables = _tables()
    tables["groups"] = tables["groups"].assign(category=pd.Series(np.nan, range(12), dtype="str"))
    told = _told(tables)
    assert told.cards.empty and told.sentence == "No segments or categories are known."


def test_shuffled_tables_give_the_same_cards() -> None:
    tables = _tables()
    mixed = {name: table.sample(frac=1, random_state=2) for name, table in tables.items()}
    pd.testing.assert_frame_equal(_cards(tables), _cards(mixed))


def test_without_hours_nobody_knows_what_to_stop() -> None:
    tables = _tables()
    tables["engagements"]["process_hours"] = np.nan
    assert _cards(tables)["stop"].iloc[0] == "not known, since no hours are booked"


def test_customers_without_a_cost_are_not_said_to_cost_nothing() -> None:
    tables = _tables()
    tables["groups"]["segment"] = ["often"] * 7 + ["no recent request"] * 5
    tables["costs"] = tables["costs"][:7]
    told = _told(tables, unplaced={"segment": "no recent request"})
    assert told.unplaced == "5 customers are in no segment, since they made no recent request."


def test_a_group_that_is_hidden_counts_as_not_measured() -> None:
    assert _told(_tables(3)).sentence == "Groups of customers: 1; the benefit is measured for 0 of them."


def test_deliveries_whose_cost_nobody_knows_are_deliveries_all_the_same() -> None:
    tables = _tables()
    tables["costs"], tables["engagements"] = tables["costs"][:0], tables["engagements"][:0]
    sentence = _cards(tables)["sentence"].iloc[0]
    assert "24 deliveries in the quarter, mostly Gate review, Planning." in sentence
    assert "What it costs is not known; the cost of one delivery is not known" in sentence


def test_a_card_and_page_one_mean_the_same_wait() -> None:
    cells = pd.DataFrame({"measure": ["lead_time_days"], "group_kind": "category", "group": "IT", "value": 4.0})
    assert _cards(_tables(), cells=cells)["waiting_days"].tolist() == [4]
    assert "took one working day from" in _cards(_tables(), cells=cells.assign(value=1.0))["sentence"].iloc[0]
