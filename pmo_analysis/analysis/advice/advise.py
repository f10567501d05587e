"""Choosing at most three decisions among the candidates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from pmo_analysis.analysis.advice.candidates import BUILDERS
from pmo_analysis.analysis.advice.evidence import BOARD, Candidate, Evidence
from pmo_analysis.contract.quarters import quarter_end
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result

COLUMNS = [
    "rank",
    "decision",
    "options",
    "waiting_costs",
    "decider",
    "due_on",
    "would_change_if",
    "measure",
    "expected_effect",
    "low",
    "high",
    "evidence",
    "kind",
    "stake_cost",
]
MOST = 3
_WEEKS = {BOARD: 6}  # a board meets seldom; everybody else decides within four weeks


@dataclass(frozen=True, eq=False)
class Advice:
    """What to decide now.

    decisions: rank, decision, options, waiting_costs (in words), decider (a role), due_on, would_change_if, measure,
        expected_effect, low, high (in the measure's unit; missing = not known), evidence, kind, stake_cost (money that
        a quarter's waiting costs; missing = not known). At most three rows.
    considered: the same for all candidates, rank missing where not chosen.
    """

    decisions: pd.DataFrame
    considered: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.decisions[["decision", "waiting_costs", "decider", "due_on"]])


def advise(evidence: Evidence, *, quarter: str, settings: Settings) -> Advice:
    """At most three decisions that the quarter's tables support, dearest to postpone first.

    Ranked by the money that waiting a quarter costs; at least one place is kept for what has no price (lateness, an
    offer, measuring). None where the evidence is too thin: then the sentence says what to measure. Dates are four
    weeks after the quarter's end, six where a board decides.
    """
    found = [candidate for build in BUILDERS for candidate in build(evidence, settings)]
    end = quarter_end(quarter, settings["fiscal_year_end_month"])
    for candidate in found:
        candidate["due_on"] = pd.Timestamp(end + timedelta(weeks=_WEEKS.get(candidate["decider"], 4)))
    chosen = _choose(found)
    ranks = {id(candidate): place for place, candidate in enumerate(chosen, start=1)}
    considered = pd.DataFrame([c | {"rank": ranks.get(id(c))} for c in found], columns=COLUMNS)
    considered = considered.astype({"rank": "Int64"}).sort_values("rank", kind="stable", ignore_index=True)
    decisions = considered[considered["rank"].notna()].reset_index(drop=True)
    return Advice(decisions, considered, _tell(decisions, considered, evidence))


def _choose(found: list[Candidate]) -> list[Candidate]:
    """The dearest first, the last place kept for the first candidate without a price."""
    priced = sorted((c for c in found if pd.notna(c["stake_cost"])), key=lambda c: (-c["stake_cost"], c["decision"]))
    unpriced = [c for c in found if pd.isna(c["stake_cost"])]
    kept = priced[: MOST - 1 if unpriced else MOST]
    return kept + unpriced[: MOST - len(kept)]


def _tell(decisions: pd.DataFrame, considered: pd.DataFrame, evidence: Evidence) -> str:
    if len(decisions):
        more = len(considered) - len(decisions)
        told = f"The figures support {len(considered)} decision{'s' * (len(considered) > 1)}"
        return told + (f"; these {len(decisions)} come first." if more else ".")
    lacking = list(dict.fromkeys(evidence.missing["missing"]))[:3] if evidence.missing is not None else []
    measure = (
        f" Fill in {', '.join(lacking)} first." if lacking else " Book hours by engagement and record benefits first."
    )
    return "No decision is supported by the evidence yet." + measure
