"""The audit says what a report reveals, and finds a small cell, a rare role and a pseudonym where one slips through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pmo_analysis.quarter.privacy import review_privacy


@pytest.fixture(scope="module")
def quarter(told_quarter):
    return told_quarter


def breaches(quarter):
    found = review_privacy(quarter).findings
    return found[found["breach"]]


def test_a_protected_quarter_reveals_nothing_of_few(quarter):
    audit = review_privacy(quarter)
    assert not audit.findings["breach"].any()
    assert audit.sentence.endswith("tells of fewer than 5 people.")
    assert set(audit.findings["subject"]) >= {"answers", "roles", "pseudonyms", "customers"}


def test_a_cell_of_few_people_is_found(quarter):
    cells = quarter.measures.cells
    hidden = cells["measure"].eq("nps_points") & cells["note"].str.contains("too few people")
    assert hidden.any()
    bare = replace(quarter.measures, cells=cells.assign(value=cells["value"].mask(hidden, 10.0)))
    found = breaches(replace(quarter, measures=bare))
    assert len(found) >= 1
    assert found["what"].str.contains("nps_points of .* is of [1-4] people").all()


def test_a_role_that_few_hold_is_found(quarter):
    load = quarter.target_review.load
    rare = load.assign(role=["head of the PMO", *load["role"].iloc[1:]])
    found = breaches(replace(quarter, target_review=replace(quarter.target_review, load=rare)))
    assert found["what"].tolist() == ["head of the PMO: held by 0 people"]


def test_a_pseudonym_in_a_published_table_is_found(quarter):
    person = quarter.data.frame("survey", ["respondent_id"])["respondent_id"].dropna().iloc[0]
    log = quarter.leadership.decisions
    named = log.assign(decider=[person, *log["decider"].iloc[1:]])
    found = breaches(replace(quarter, leadership=replace(quarter.leadership, decisions=named)))
    assert found["what"].tolist() == ["decision_log.decider holds a value of survey.respondent_id"]
