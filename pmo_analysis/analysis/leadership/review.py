"""What decisions did, what was promised, and whether customers come back. The PMO as a whole, never a person."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pmo_analysis.analysis.leadership.charted import COST_DEFINITIONS
from pmo_analysis.analysis.leadership.commitments import ENGAGEMENT, tell_commitments
from pmo_analysis.analysis.leadership.decisions import VERDICTS, Record, judge_decisions
from pmo_analysis.analysis.leadership.pairs import tell_pairs
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.contract.units import tell_number
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.memory import gives_back

_CHART = ["measure", "quarter", "value", "low", "high", "n"]


@dataclass(frozen=True, eq=False)
class Leadership:
    """Whether last quarters' decisions worked and commitments were kept.

    decisions: decision_id, quarter, text, decider, due_on, measure, scope (the category, segment or service that the text names,
        blank = everybody), expected_effect, reported_effect (as logged), observed_effect, low, high, n,
        ordinary_change (how far quarters stray anyway, either way), elsewhere_effect (change outside the scope, already
        taken off), verdict (worked / did not work / not clear / too early / reported, not measured / not measured),
        observed_from (run chart / decision log), because. Newest first.
    commitments: figure, title, value, low, high, n, unit, better.
    pairs: measure, title, value, change, change_low, change_high, direction, counterweight, counter_title,
        counter_value, counter_change, counter_low, counter_high, counter_direction, against (the quarter compared with),
        warning (one is clearly better, the other clearly worse), sentence.
    service_chart: service_id, measure (cost_to_serve, senior_share, unit_cost), quarter, value, low, high, n.
    """

    decisions: pd.DataFrame
    commitments: pd.DataFrame
    pairs: pd.DataFrame
    service_chart: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.decisions)


@gives_back
def review_leadership(
    data: Dataset,
    quarter: str,
    settings: Settings | None = None,
    *,
    run_chart: pd.DataFrame | None = None,
    definitions: pd.DataFrame | None = None,
    rows: pd.DataFrame | None = None,
    groups: pd.DataFrame | None = None,
    service_chart: pd.DataFrame | None = None,
) -> Leadership:
    """Whether the decisions of earlier quarters did what they were expected to, and whether promises were kept.

    `run_chart`: measure, quarter, value, low, high, n (with `chart_costs`); `definitions`: measure, title, better;
    `rows`: those behind the measures; `groups`: customer_id, category, segment; `service_chart`: of
    `chart_services`. How decisions are judged: `judge_decisions`; which measures watch each other: PAIRS.
    """
    settings = settings or data.settings
    data = data if data.known_at == quarter else data.as_of(quarter, settings["fiscal_year_end_month"])
    words = COST_DEFINITIONS if definitions is None else definitions
    services = data.frame("services", ["service_id", "name"])
    chart = pd.DataFrame(columns=["service_id", *_CHART]) if service_chart is None else service_chart
    better = dict(zip(words["measure"], words["better"], strict=True))
    record = Record(run_chart, better, rows, groups, services, chart)
    decisions = judge_decisions(data.frame("decisions"), quarter, record, settings)
    before = shift_quarter(quarter, -1)
    engagements, projects = data.frame("engagements", ENGAGEMENT), data.frame("projects")
    kept, earlier = (tell_commitments(engagements, projects, q, settings) for q in (quarter, before))
    pairs = tell_pairs(_chart_all(run_chart, {quarter: kept, before: earlier}), words, quarter, before)
    return Leadership(decisions, kept, pairs, chart, _tell(decisions, kept, pairs))


def _chart_all(run_chart: pd.DataFrame | None, kept: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The run chart with the commitments; what both tell is told by the run chart."""
    own = [rows.rename(columns={"figure": "measure"}).assign(quarter=quarter) for quarter, rows in kept.items()]
    chart = pd.concat([*([] if run_chart is None else [run_chart]), *own], ignore_index=True)
    chart = chart[_CHART].astype(dict.fromkeys(_CHART[2:], "float64"))
    return chart.drop_duplicates(["measure", "quarter"])


def _tell(decisions: pd.DataFrame, commitments: pd.DataFrame, pairs: pd.DataFrame) -> str:
    told = [_tell_decisions(decisions), _tell_kept(commitments)]
    warned = pairs.loc[pairs["warning"].astype(bool), "sentence"].tolist()
    if warned:
        told.append("Beware. " + " ".join(warned))
    elif len(pairs):
        told.append(
            f"{len(pairs)} pairs of figures watch each other; in none was one clearly better and the other clearly worse."
        )
    return " ".join(told)


def _tell_decisions(decisions: pd.DataFrame) -> str:
    if decisions.empty:
        return "No decisions table: whether earlier decisions worked is not known."
    judged = decisions["verdict"].value_counts()
    parts = [f"{judged[v]} {v}" for v in VERDICTS if v in judged]
    return f"Of {len(decisions)} decision{'s' * (len(decisions) > 1)}: {'; '.join(parts)}."


def _tell_kept(commitments: pd.DataFrame) -> str:
    rows = commitments.set_index("figure")
    if "promises_kept_share" not in rows.index:
        told = "Promises kept are not known (engagements.promised_on is empty for the quarter)."
    else:
        kept = rows.loc["promises_kept_share"]
        told = f"{tell_number(kept['value'], '_share')} of {kept['n']:,.0f} promises due in the quarter were kept."
    if {"response_days", "response_p85_days"} <= set(rows.index):
        middle, most = (rows.loc[name, "value"] for name in ("response_days", "response_p85_days"))
        if pd.notna(middle):
            far = (
                f"within {most:.0f} working day{'s' if most != 1 else ''} for 85 of 100"
                if pd.notna(most)
                else "and for fewer than 85 of 100 so far"
            )
            soon = f"within {middle:.0f} working day{'s' if middle != 1 else ''}" if middle else "on the same day"
            told += f" Work began {soon} for half of the requests, {far}."
    return told


def _within(days: float) -> str:
    return f"within {days:.0f} working day" + ("" if days == 1 else "s")
