"""Every problem is told with its rows, an example, the remedy and what is lost; clean data with none."""

from __future__ import annotations

import pandas as pd
import pytest

from pmo_analysis.contract.errors import InputError
from pmo_analysis.intake.check import check, coverage, most_useful_addition, require_usable
from pmo_analysis.intake.dataset import Dataset

COLUMNS = ["table", "column", "problem", "rows", "example", "remedy", "answers_lost", "severity", "first_rows"]
CUSTOMERS = pd.DataFrame({"customer_id": ["A", "B"], "name": ["Ann", "Bob"], "category": ["IT", "IT"]})
SERVICES = pd.DataFrame({"service_id": ["S"], "name": ["Reviews"]})
ENGAGEMENTS = pd.DataFrame(
    {
        "engagement_id": ["E1", "E2"],
        "customer_id": ["A", "B"],
        "service_id": ["S", "S"],
        "requested_on": ["2026-01-05", "2026-01-06"],
        "delivered_on": ["2026-02-01", None],
    }
)
ROLES = pd.DataFrame({"role": ["Lead", "Analyst"], "senior": ["yes", "no"], "hourly_cost": ["90", "60"]})
EFFORT = pd.DataFrame(
    {"worked_on": ["2026-01-07", "2026-01-08"], "worked_hours": ["2", "3"], "role": ["Lead", "Analyst"],
     "engagement_id": ["E1", "E2"]}
)  # fmt: skip


def data_of(**tables: pd.DataFrame) -> Dataset:
    base = {"customers": CUSTOMERS, "services": SERVICES, "engagements": ENGAGEMENTS}
    return Dataset.from_frames({**base, **tables})


def one(**tables: pd.DataFrame) -> pd.Series:
    problems = check(data_of(**tables))
    assert len(problems) == 1, problems[["table", "column", "problem"]]
    return problems.iloc[0]


def test_clean_data_has_no_problem_and_the_columns_are_there():
    problems = check(data_of(roles=ROLES, effort=EFFORT))
    assert problems.empty and list(problems.columns) == COLUMNS
    require_usable(data_of())


@pytest.mark.parametrize(("change", "column", "problem", "example"), [
    ({"requested_on": ["05/01/2026", "2026-01-06"]}, "requested_on", "bad date", "05/01/2026"),
    ({"requested_on": ["2026-02-30", "2026-01-06"]}, "requested_on", "bad date", "2026-02-30"),
    ({"planned_hours": ["1,5", "2"]}, "planned_hours", "bad number", "1,5"),
    ({"planned_hours": ["8 h", "2"]}, "planned_hours", "bad number", "8 h"),
    ({"planned_hours": ["nan", "2"]}, "planned_hours", "bad number", "nan"),
    ({"charged_cost": ["€10", "2"]}, "charged_cost", "bad number", "€10"),
    ({"charged_cost": ["1e40", "2"]}, "charged_cost", "bad number", "1e40"),
    ({"approval_count": ["inf", "2"]}, "approval_count", "bad number", "inf"),
    ({"bespoke": ["perhaps", "no"]}, "bespoke", "bad yes/no", "perhaps"),
    ({"tier": ["deluxe", "Full"]}, "tier", "not one of the choices", "deluxe"),
    ({"planned_hours": ["-1", "2"]}, "planned_hours", "negative", "-1.0"),
    ({"complexity": ["9", "2"]}, "complexity", "above 5", "9.0"),
    ({"complexity": ["0", "2"]}, "complexity", "below 1", "0.0"),
    ({"outcome_score": ["101", "2"]}, "outcome_score", "above 100", "101.0"),
    ({"started_on": ["2026-02-02", None]}, "delivered_on", "delivered before started", "2026-02-01 is before 2026-02-02"),
    ({"delivered_on": ["2026-01-01", None]}, "delivered_on", "delivered before requested",
     "2026-01-01 is before 2026-01-05"),
    ({"promised_on": ["2026-01-01", None]}, "promised_on", "promised before requested", "2026-01-01 is before 2026-01-05"),
    ({"state": ["delivered", "open"], "delivered_on": [None, None]}, "delivered_on", "delivered without a date", "E1"),
    ({"customer_id": ["X", "B"]}, "customer_id", "not in customers", "X"),
    ({"service_id": ["X", "S"]}, "service_id", "not in services", "X"),
    ({"customer_id": [None, "B"]}, "customer_id", "required value is blank", "engagement_id = E1"),
    ({"requested_on": [None, "2026-01-06"]}, "requested_on or started_on", "none of requested_on, started_on is given",
     "engagement_id = E1"),
])  # fmt: skip
def test_a_row_that_breaks_a_rule_is_told_with_its_number(change, column, problem, example):
    found = one(engagements=ENGAGEMENTS.assign(**change))
    assert (found["table"], found["column"], found["problem"]) == ("engagements", column, problem)
    assert (found["rows"], found["example"], found["first_rows"]) == (1, example, "1")
    assert found["severity"] == "harms" and found["remedy"] and "lead time" in found["answers_lost"]


def test_a_value_that_cannot_be_read_is_missing_never_zero():
    frame = data_of(engagements=ENGAGEMENTS.assign(charged_cost=["€10", "2"])).frame("engagements")
    assert frame["charged_cost"].isna().tolist() == [True, False]


def test_many_rows_are_counted_and_the_first_five_named():
    effort = pd.concat([EFFORT] * 4, ignore_index=True).assign(worked_hours="-1")
    found = one(roles=ROLES, effort=effort)
    assert (found["rows"], found["first_rows"]) == (8, "1, 2, 3, 4, 5")


def test_a_missing_table_and_a_missing_column_stop_the_report_in_one_error():
    data = Dataset.from_frames({"customers": CUSTOMERS.drop(columns="category"), "services": SERVICES})
    problems = check(data)
    assert problems[["table", "column", "severity", "answers_lost"]].to_numpy().tolist() == [
        ["customers", "category", "stops", "everything"],
        ["engagements", "", "stops", "everything"],
    ]
    with pytest.raises(InputError) as caught:
        require_usable(data)
    assert "customers.category: required column is missing" in str(caught.value)
    assert "engagements: required table is missing" in str(caught.value)


def test_a_required_column_that_is_there_but_wholly_blank_is_missing():
    found = one(customers=CUSTOMERS.assign(category=" "))
    assert found["problem"] == "required column is missing or wholly blank" and found["severity"] == "stops"


def test_no_date_at_all_in_engagements_stops_the_report():
    found = one(engagements=ENGAGEMENTS.drop(columns=["requested_on", "delivered_on"]))
    assert (found["column"], found["severity"]) == ("requested_on or started_on", "stops")


def test_a_key_given_twice_stops_the_report_where_the_table_is_required():
    found = one(customers=pd.concat([CUSTOMERS, CUSTOMERS.head(1)]))
    assert (found["problem"], found["rows"], found["example"]) == ("duplicate key", 2, "customer_id = A")
    assert found["first_rows"] == "1, 3" and found["severity"] == "stops"


def test_a_key_is_told_twice_only_on_the_same_day():
    dated = pd.concat([CUSTOMERS.assign(as_of_on="2026-01-01"), CUSTOMERS.assign(as_of_on="2026-02-01")])
    assert check(data_of(customers=dated)).empty
    again = pd.concat([dated, dated.head(1)])
    assert one(customers=again)["example"] == "customer_id = A, as_of_on = 2026-01-01"


def test_a_customer_that_ends_before_it_begins():
    found = one(customers=CUSTOMERS.assign(active_from_on="2026-02-01", active_to_on="2026-01-01"))
    assert (found["problem"], found["rows"]) == ("ended before it began", 2)


def test_an_unknown_role_is_told_only_where_roles_are_known():
    effort = EFFORT.assign(role=["Lead", "Wizard"])
    assert check(data_of(effort=effort)).empty
    assert one(effort=effort, roles=ROLES)["problem"] == "not in roles"


def test_a_role_without_a_cost_is_told_unless_capacity_prices_it():
    roles = ROLES.assign(hourly_cost=["90", None])
    assert one(roles=roles)["example"] == "Analyst"
    capacity = pd.DataFrame({"quarter": ["2026Q1"], "role": ["Analyst"], "fte": [1], "capacity_cost": [30000]})
    assert check(data_of(roles=roles, capacity=capacity)).empty
    assert check(data_of(roles=roles.assign(side=["pmo", "customer"]))).empty


def test_effort_that_belongs_to_nothing_is_told():
    found = one(roles=ROLES, effort=EFFORT.assign(engagement_id=["E1", None]))
    assert found["problem"] == "none of engagement_id, project_id, customer_id is given"
    assert found["first_rows"] == "2"


def test_a_bad_quarter_is_told():
    capacity = pd.DataFrame({"quarter": ["2026Q5", "2026q1"], "role": ["Lead", "Lead"], "fte": [1, 1]})
    found = one(capacity=capacity)
    assert (found["problem"], found["example"]) == ("bad quarter", "2026Q5")
    assert data_of(capacity=capacity).frame("capacity")["quarter"].dropna().tolist() == ["2026Q1"]


@pytest.mark.parametrize(("question", "score", "wrong"), [
    ("nps", "0", False), ("nps", "10", False), ("csat", "6", True), ("ces", "7", False), ("worth", "0", True),
])  # fmt: skip
def test_an_answer_outside_its_questions_scale_is_told(question, score, wrong):
    survey = pd.DataFrame({"response_id": ["R"], "customer_id": ["A"], "answered_on": ["2026-01-01"],
                           "question": [question], "score": [score]})  # fmt: skip
    assert (not check(data_of(survey=survey)).empty) == wrong


def bookings(weeks: list[int], *, per_week: int) -> pd.DataFrame:
    monday = pd.Timestamp("2026-01-05")
    days = [monday + pd.Timedelta(days=7 * w + d % 5) for w in weeks for d in range(per_week)]
    return pd.DataFrame({"worked_on": days, "worked_hours": 1, "role": "Lead", "engagement_id": "E1"})


def test_a_week_without_hours_among_busy_weeks_is_told():
    found = one(roles=ROLES, effort=bookings([0, 1, 2, 4, 5], per_week=10))
    assert (found["problem"], found["rows"]) == ("weeks in which nobody booked hours", 1)
    assert found["example"] == "everybody, week of 2026-01-26"


def test_a_week_that_one_role_misses_is_told_by_role():
    other = bookings([0, 1, 2, 3, 4], per_week=10).assign(role="Analyst")
    found = one(roles=ROLES, effort=pd.concat([bookings([0, 1, 3, 4], per_week=10), other]))
    assert found["example"] == "Lead, week of 2026-01-19"


def test_a_week_that_chance_leaves_empty_is_not_called_missing():
    assert check(data_of(roles=ROLES, effort=bookings([0, 1, 2, 4, 5], per_week=1))).empty


def test_space_around_identifiers_is_removed_and_noted():
    found = one(customers=CUSTOMERS.assign(customer_id=[" A", "B\u00a0"]))
    assert (found["severity"], found["rows"], found["answers_lost"]) == ("note", 2, "")


def test_customers_with_one_name_are_noted():
    assert one(customers=CUSTOMERS.assign(name="Ann"))["severity"] == "note"


def test_worst_comes_first_and_the_order_of_rows_only_moves_row_numbers():
    engagements = ENGAGEMENTS.assign(customer_id=["X", "Y"], planned_hours=["-1", "a"], engagement_id="E")
    straight = check(data_of(engagements=engagements))
    assert straight["severity"].tolist() == ["stops", "harms", "harms", "harms"]
    turned = check(data_of(engagements=engagements.iloc[::-1]))
    moved = ["first_rows"]
    pd.testing.assert_frame_equal(straight.drop(columns=moved), turned.drop(columns=moved))


def test_data_told_at_a_quarters_end_has_no_row_numbers():
    known = data_of(engagements=ENGAGEMENTS.assign(charged_cost=["a", "b"])).as_of("2026Q1")
    assert check(known)["first_rows"].tolist() == [""]


def test_coverage_tells_what_is_there_and_what_one_addition_would_answer_most():
    table = coverage(data_of(roles=ROLES)).set_index(["table", "column"])
    assert table.loc[("roles", "hourly_cost"), "rows"] == 2
    assert not table.loc[("survey", ""), "there"]
    assert "experience" in table.loc[("survey", ""), "answers"]
    addition, answers = most_useful_addition(data_of(roles=ROLES))
    assert addition == "effort" and answers.startswith("cost to serve by hours, ")


def test_what_is_named_for_addition_is_no_longer_named_once_it_is_there():
    addition, _ = most_useful_addition(data_of(effort=EFFORT))
    assert addition != "effort" and not data_of(effort=EFFORT).rows(addition)
