"""One place composes the parts: what one needs from another is handed over as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from pmo_analysis.analysis.advice import Advice, Evidence, advise
from pmo_analysis.analysis.cost import (
    CostToServe,
    cost_history,
    review_budget,
    service_history,
    tell_costs,
    write_showback,
)
from pmo_analysis.analysis.features import Requests, customer_features, feature_panel
from pmo_analysis.analysis.headline import Headline, tell_headline
from pmo_analysis.analysis.history import SegmentHistory, segment_history
from pmo_analysis.analysis.leadership import (
    COST_DEFINITIONS,
    Leadership,
    chart_costs,
    chart_senior_share,
    chart_services,
    list_cost_rows,
    review_leadership,
)
from pmo_analysis.analysis.measures import Measures, measure_outcomes
from pmo_analysis.analysis.propositions import (
    DELIVERY,
    Offered,
    Propositions,
    change_wording,
    list_deliveries,
    write_propositions,
)
from pmo_analysis.analysis.requests import request_history
from pmo_analysis.analysis.segments import Segmentation
from pmo_analysis.analysis.seniority import SeniorReview, review_senior_time
from pmo_analysis.analysis.sizes import SizeReview, review_sizes
from pmo_analysis.analysis.targets import TargetReview, Targets, review_targets, target_services
from pmo_analysis.analysis.trust import Trust, count_people, name_roles, review_trust
from pmo_analysis.analysis.value import ValueScores, score_value
from pmo_analysis.contract.settings import Settings
from pmo_analysis.intake.annotations import tell_notes
from pmo_analysis.intake.answers import list_unanswered
from pmo_analysis.intake.check import check
from pmo_analysis.intake.dataset import Dataset
from pmo_analysis.intake.previous import PreviousReport
from pmo_analysis.intake.scenarios import StoredScenario
from pmo_analysis.quarter.answers import gather_answers
from pmo_analysis.quarter.protect import mask_corrections, mask_people, protect_answers, protect_roles
from pmo_analysis.quarter.result import Quarter
from pmo_analysis.quarter.scenario import build_baseline, tell_stored
from pmo_analysis.quarter.segments import count_in_words, look_at_segments

NO_SEGMENT = "no recent request"
NO_CATEGORY = "category not known"


def compose(
    known: Dataset,
    quarter: str,
    settings: Settings,
    previous: PreviousReport | None = None,
    scenario: StoredScenario | None = None,
) -> Quarter:
    """The whole of a quarter from what was known at its end.

    `previous` is what the report before told, `scenario` the stored one that is told beside the quarter.
    """
    unanswered = list_unanswered(known)
    requests = count_in_words(known, quarter, settings)
    features = customer_features(known, quarter, settings, requests=requests)
    problems = mask_people(check(known), known, quarter, settings)
    segments = look_at_segments(known, quarter, settings, features)
    groups = _group(known, segments["segmentation"])
    history = _look_back(known, quarter, settings, segments["segmentation"], requests)
    del requests  # of very many customers long, and wanted by nothing below
    measures = measure_outcomes(known, quarter, groups, settings)
    answers = gather_answers(
        known, quarter, settings, measures, groups=groups, history=history, scheme=segments["scheme_in_force"]
    )
    measures = protect_answers(measures, answers, previous.run_chart if previous else None)
    offer = _review_offer(known, quarter, settings, groups)
    costs, past, by_service = _cost(known, quarter, settings, groups)
    measures = _chart_costs(measures, past, by_service, settings)
    told = {"measures": measures, "value": _score(measures, groups, settings), "cost_by": costs, **offer}
    return Quarter(
        quarter=quarter,
        organisation=settings["organisation"] or known.name,
        settings=settings,
        data=known,
        problems=problems,
        unanswered=unanswered,
        annotations=tell_notes(known, quarter, settings["fiscal_year_end_month"]),
        corrections=mask_corrections(known.corrections),
        groups=groups,
        features=features,
        **segments,
        history=history,
        propositions=_propose(known, quarter, settings, groups, told, past),
        budget=review_budget(known, quarter, settings),
        showback=write_showback(costs["customer"], settings["currency"]),
        leadership=_lead(known, quarter, settings, measures, groups, by_service),
        **_vary(known, quarter, settings, costs["customer"], groups, scenario),
        headline=_headline(known, quarter, settings, told, past),
        advice=_advise(known, quarter, settings, told),
        trust=_trust(known, quarter, problems, unanswered, told | {"groups": groups}, previous),
        **_protect(known, quarter, settings, told),
    )


def _protect(known: Dataset, quarter: str, settings: Settings, told: dict[str, Any]) -> dict[str, Any]:
    """The parts as anybody may see them; what was derived from the costs above used every role."""
    people = count_people(known, quarter, settings["fiscal_year_end_month"])
    return {
        **told,
        "cost_by": {by: protect_roles(cost, people, settings) for by, cost in told["cost_by"].items()},
    }


def _vary(
    known: Dataset,
    quarter: str,
    settings: Settings,
    cost: CostToServe,
    groups: pd.DataFrame,
    stored: StoredScenario | None,
) -> dict[str, Any]:
    """What what-if starts from, and the stored scenario beside it."""
    start = build_baseline(known, quarter, settings, cost)
    return {"baseline": start, "scenario": tell_stored(start, groups, settings, stored)}


def _look_back(
    known: Dataset, quarter: str, settings: Settings, segmentation: Segmentation, requests: Requests
) -> SegmentHistory:
    """Who was in which segment before, by the scheme that the quarter is told by."""
    return segment_history(
        feature_panel(known, quarter, settings, requests=requests),
        scheme=segmentation.scheme,
        look_back=settings["look_back_quarters"],
        recorded_from=requests.recorded_from(settings["fiscal_year_end_month"]),
        seed=settings["seed"],
    )


def _group(known: Dataset, segmentation: Segmentation) -> pd.DataFrame:
    """customer_id, name, category, segment: every customer known, and those that only engagements name."""
    customers = known.frame("customers", ["customer_id", "name", "category"])
    seen = known.frame("engagements", ["customer_id"])["customer_id"].dropna().drop_duplicates()
    strangers = pd.DataFrame({"customer_id": seen[~seen.isin(customers["customer_id"])]})
    groups = pd.concat([customers, strangers.assign(name=strangers["customer_id"])], ignore_index=True)
    groups["category"] = groups["category"].fillna(NO_CATEGORY)
    groups["segment"] = groups["customer_id"].map(segmentation.members["name"]).fillna(NO_SEGMENT)
    return groups.sort_values("customer_id", ignore_index=True)


def _cost(
    known: Dataset, quarter: str, settings: Settings, groups: pd.DataFrame
) -> tuple[dict[str, CostToServe], pd.DataFrame, pd.DataFrame]:
    """Cost by each kind of group, and the cost of the quarters before by customer, and by customer and service."""
    segments, back = groups.set_index("customer_id")["segment"], settings["run_chart_quarters"]
    costs = tell_costs(known, quarter, segments=segments, settings=settings, seed=settings["seed"])
    past = cost_history(known, quarter, quarters=back, settings=settings)
    return costs, past, service_history(known, quarter, quarters=back, settings=settings)


def _chart_costs(measures: Measures, past: pd.DataFrame, by_service: pd.DataFrame, settings: Settings) -> Measures:
    """Measures whose run chart also tells what serving cost, so that decisions about cost can be judged by it."""
    charts = [measures.run_chart, chart_costs(past, settings), chart_senior_share(by_service, settings)]
    return replace(
        measures,
        run_chart=pd.concat(charts, ignore_index=True),
        definitions=pd.concat([measures.definitions, COST_DEFINITIONS], ignore_index=True),
    )


def _lead(
    known: Dataset,
    quarter: str,
    settings: Settings,
    measures: Measures,
    groups: pd.DataFrame,
    by_service: pd.DataFrame,
) -> Leadership:
    asked = measures.definitions.loc[measures.definitions["table"] == "survey", "measure"]
    named = known.frame("decisions", ["measure"])["measure"]
    wanted = named[~named.isin(asked)].dropna().unique()  # answers are told of the whole only
    rows = measures.kept.read(list(wanted))
    rows = rows.astype(dict.fromkeys(["measure", "quarter", "customer_id", "service_id"], "str"))
    rows = pd.concat([rows, list_cost_rows(by_service)], ignore_index=True)
    return review_leadership(
        known, quarter, settings,
        run_chart=measures.run_chart, definitions=measures.definitions, rows=rows, groups=groups,
        service_chart=chart_services(by_service, settings),
    )  # fmt: skip


def _score(measures: Measures, groups: pd.DataFrame, settings: Settings) -> ValueScores:
    """Value per customer, shrunk towards its given category; weights only where somebody has decided them.

    A customer's answers are those of a few people and are told of groups only: its own score is made without them.
    """
    weights = settings.group("weight") if settings["weights_known"] else None
    rows = measures.sum_observations().rename(columns={"customer_id": "unit_id"})
    asked = measures.definitions.loc[measures.definitions["table"] == "survey", "measure"]
    rows = rows[rows["outcome"].isin(list(settings.group("weight"))) & ~rows["measure"].isin(asked)]
    return score_value(
        rows, weights, groups=groups.set_index("customer_id")["category"],
        level=settings["interval_level"], seed=settings["seed"],
    )  # fmt: skip


def _review_offer(known: Dataset, quarter: str, settings: Settings, groups: pd.DataFrame) -> dict[str, Any]:
    """Right service, right size, least senior time."""
    targets: Targets = target_services(
        request_history(known, quarter, settings),
        customers=known.frame("customers").drop_duplicates("customer_id"),
        services=known.frame("services").drop_duplicates("service_id"),
        segments=groups.set_index("customer_id")["segment"], needs=known.frame("needs"), k=settings["next_services"],
        quarter=quarter, fiscal_year_end_month=settings["fiscal_year_end_month"], seed=settings["seed"],
    )  # fmt: skip
    people = count_people(known, quarter, settings["fiscal_year_end_month"])
    roles = name_roles(known.frame("roles")["role"], people, minimum=settings["minimum_cell"])
    review: TargetReview = review_targets(known, quarter, groups, settings, roles=roles)
    sizes: SizeReview = review_sizes(known, quarter, settings)
    seniority: SeniorReview = review_senior_time(known, quarter, groups, settings, people=people)
    return {"targets": targets, "target_review": review, "sizes": sizes, "seniority": seniority}


def _propose(
    known: Dataset, quarter: str, settings: Settings, groups: pd.DataFrame, told: Mapping[str, Any], past: pd.DataFrame
) -> Propositions:
    costs, measures = told["cost_by"], told["measures"]
    offered = Offered(
        costs=costs["customer"].table, engagements=costs["customer"].engagements,
        deliveries=list_deliveries(known.frame("engagements", DELIVERY), quarter, settings), services=known.frame("services"),
        history=past, cells=measures.cells,
        unit_costs={by: costs[by].table for by in ("category", "segment") if by in costs},
        off_target=told["target_review"].off_target, delivery_costs=_delivery_costs(costs["customer"], measures, quarter),
    )  # fmt: skip
    return write_propositions(
        groups, offered, settings=settings,
        unplaced={"category": NO_CATEGORY, "segment": NO_SEGMENT}, wording=change_wording(settings["wording"]),
    )  # fmt: skip


def _delivery_costs(cost: CostToServe, measures: Measures, quarter: str) -> pd.DataFrame:
    """engagement_id, cost: a delivery's money over its life; where no hours are booked, what it was charged or stands for."""
    if cost.basis != "hours":
        return cost.engagements[["engagement_id", "cost"]]
    rows = measures.kept.read(["unit_cost_saving_cost"], [quarter], ["source_id", "whole_weight"])
    return rows.set_axis(["engagement_id", "cost"], axis=1)


def _headline(
    known: Dataset, quarter: str, settings: Settings, told: Mapping[str, Any], past: pd.DataFrame
) -> Headline:
    measures = told["measures"]
    return tell_headline(
        told["cost_by"]["customer"].table, past, known.frame("capacity"), measures.cells, measures.changes,
        quarter=quarter, settings=settings, missing=measures.missing, scores=told["value"].scores,
        benefits=known.frame("benefits"),
    )  # fmt: skip


def _advise(known: Dataset, quarter: str, settings: Settings, told: Mapping[str, Any]) -> Advice:
    measures, review, sizes = told["measures"], told["target_review"], told["sizes"]
    evidence = Evidence(
        services=known.frame("services"), costs=told["cost_by"]["service"].table, cells=measures.cells,
        missing=measures.missing, to_stop=review.to_stop, quoted=sizes.quoted, saving=sizes.saving,
        delegable=_delegable(told["seniority"]), load=review.load, fit=told["targets"].fit,
        charted=frozenset(measures.run_chart["measure"]),
    )  # fmt: skip
    return advise(evidence, quarter=quarter, settings=settings)


def _delegable(seniority: SeniorReview) -> pd.DataFrame | None:
    """Senior hours that could go elsewhere; none is advised where senior time goes with better outcomes."""
    better = seniority.effect is not None and seniority.effect.verdict == "pays"
    return None if better else seniority.delegable


def _trust(
    known: Dataset,
    quarter: str,
    problems: pd.DataFrame,
    unanswered: pd.DataFrame,
    told: Mapping[str, Any],
    previous: PreviousReport | None,
) -> Trust:
    customer = told["cost_by"]["customer"]
    return review_trust(
        known, problems, quarter=quarter, groups=told["groups"], costs=customer.table, left_out=customer.left_out,
        cells=told["measures"].cells, changes=told["measures"].changes, unanswered=unanswered,
        previous=previous, definitions=told["measures"].definitions, corrections=known.corrections,
    )  # fmt: skip
