"""Page 1: cost, value, experience, load and competitive advantage, each with its range, its change and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.estimates import mean_interval, median_interval, ratio_interval, tell_direction
from pmo_analysis.analysis.headline.benefits import list_benefits
from pmo_analysis.analysis.headline.saying import say_change, say_measured, say_range
from pmo_analysis.analysis.headline.wanted import BESIDE, MAIN, TITLES
from pmo_analysis.contract.quarters import shift_quarter
from pmo_analysis.contract.settings import Settings
from pmo_analysis.contract.showing import show_result
from pmo_analysis.contract.units import tell_money

TOPICS = ("cost", "value", "experience", "load", "competitive advantage")
COLUMNS = [
    "topic",
    "figure",
    "title",
    "value",
    "low",
    "high",
    "n",
    "unit",
    "change",
    "change_low",
    "change_high",
    "against",
    "direction",
    "sentence",
]


@dataclass(frozen=True, eq=False)
class Headline:
    """The five topics of page 1.

    figures: topic, figure, title, value, low, high, n, unit (a column suffix such as _share, or a word), change,
        change_low, change_high (the interval of the difference), against (the quarter compared with), direction
        (better / worse / higher / lower / no clear change / not estimable), sentence. One row per topic; a topic
        that is not measured has no value and says why.
    beside: the same columns for the figures that belong beside them (charged cost, cost to serve per delivery, lead
        time, promises kept, benefit measured, benefit due, realised, confirmed, not measured and planned in money,
        strategic benefit and lateness).
    """

    figures: pd.DataFrame
    beside: pd.DataFrame
    sentence: str

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.figures[["topic", "sentence"]])


def tell_headline(
    costs: pd.DataFrame,
    history: pd.DataFrame,
    capacity: pd.DataFrame,
    cells: pd.DataFrame,
    changes: pd.DataFrame,
    *,
    quarter: str,
    settings: Settings,
    missing: pd.DataFrame | None = None,
    scores: pd.DataFrame | None = None,
    benefits: pd.DataFrame | None = None,
) -> Headline:
    """The five figures of page 1, their change and what is not measured.

    `costs`: CostToServe.table by customer; `history`: of `cost_history`; `capacity`: the contract's table; `cells`,
    `changes`, `missing`: those of Measures; `scores`: ValueScores.scores, told where no benefit is measured;
    `benefits`: the contract's table, told in money beside the value.
    A direction is told only where the interval of the difference excludes 0.
    """
    before = shift_quarter(quarter, -settings["headline_quarters_back"])
    about = _About(quarter, before, settings, cells, changes, missing)
    cost, load = _tell_cost(costs, history, about), _tell_load(history, capacity, about)
    measured = {
        topic: _tell_measured(topic, MAIN[topic], about) for topic in ("value", "experience", "competitive advantage")
    }
    if not np.isfinite(measured["value"]["value"]) and scores is not None and scores["score"].notna().any():
        measured["value"] = _tell_scores(scores, settings)
    rows = {"cost": cost, "load": load, **measured}
    beside = [
        *_beside_cost(costs, about),
        *(row for topic, wanted in BESIDE.items() for row in _each(topic, wanted, about, rows[topic]["figure"])),
        *_beside_value(benefits, about),
    ]
    figures = _table([_with_beside(rows[topic], beside) for topic in TOPICS])
    return Headline(figures, _table(beside), _tell(figures, before))


@dataclass(frozen=True, eq=False)
class _About:
    quarter: str
    before: str
    settings: Settings
    cells: pd.DataFrame
    changes: pd.DataFrame
    missing: pd.DataFrame | None

    @property
    def against(self) -> str:
        """The words under which Measures compares the quarter with the one chosen; empty when it does not."""
        return {1: "last quarter", 4: "last year"}.get(self.settings["headline_quarters_back"], "")


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    texts = dict.fromkeys(("topic", "figure", "title", "unit", "against", "direction", "sentence"), "str")
    return pd.DataFrame(rows, columns=COLUMNS).astype(texts)


def _figure(
    topic: str, figure: str, title: str, estimate: Mapping[str, Any], unit: str, **change: Any
) -> dict[str, Any]:
    nothing = {
        "change": np.nan,
        "change_low": np.nan,
        "change_high": np.nan,
        "against": "",
        "direction": "not estimable",
    }
    return {
        "topic": topic,
        "figure": figure,
        "title": title,
        "unit": unit,
        **nothing,
        **change,
        **{k: estimate[k] for k in ("value", "low", "high", "n")},
    }


def _unmeasured(topic: str, why: str) -> dict[str, Any]:
    blank = {"value": np.nan, "low": np.nan, "high": np.nan, "n": 0}
    return _figure(topic, "", topic.capitalize(), blank, "") | {"direction": "", "sentence": why}


def _compare_sums(now: pd.Series, before: pd.Series, settings: Settings) -> dict[str, Any]:
    """The change of a total and its interval over customers; a customer absent in one quarter counts 0 there."""
    if before.empty:
        return {}
    differences = now.sub(before, fill_value=0.0)
    mean = mean_interval(differences, level=settings["interval_level"], minimum=settings["minimum_estimate"])
    change = {f"change{k}": len(differences) * mean[v] for k, v in (("", "value"), ("_low", "low"), ("_high", "high"))}
    low, high = pd.Series([change["change_low"]]), pd.Series([change["change_high"]])
    return change | {"direction": tell_direction(low, high, pd.Series(["none"])).iloc[0]}


def _of_quarter(history: pd.DataFrame, quarter: str, column: str) -> pd.Series:
    return history[history["quarter"] == quarter].set_index("customer_id")[column].dropna()


def _tell_cost(costs: pd.DataFrame, history: pd.DataFrame, about: _About) -> dict[str, Any]:
    known = costs["cost_to_serve_cost"].dropna()
    if known.empty:
        return _unmeasured(
            "cost", "Cost is not known: there are no hours with a rate, no charges and no standard hours."
        )
    total, currency = float(known.sum()), about.settings["currency"]
    basis = costs["basis"].iloc[0]
    change = _compare_sums(
        known.set_axis(costs.loc[known.index, "customer_id"]),
        _of_quarter(history, about.before, "cost_to_serve_cost"),
        about.settings,
    )
    estimate = {"value": total, "low": total, "high": total, "n": len(known)}
    # What was charged is not what serving cost: the title must not say so where only charges are known.
    title = "Charged to customers" if basis == "charged" else "Cost to serve"
    row = _figure("cost", "cost_to_serve_cost", title, estimate, "_cost", against=about.before, **change)
    many, money = f"{len(known):,} customers", tell_money(total, currency)
    said = {
        "hours": f"Serving {many} cost {money}",
        "charged": f"{many} were charged {money}; what serving them cost is not known, since no hours are booked",
        "standard hours": f"Serving {many} cost {money} by standard hours, since no hours are booked",
    }[basis] + f"{say_change(row, currency)}."
    return row | {"sentence": said}


def _beside_cost(costs: pd.DataFrame, about: _About) -> list[dict[str, Any]]:
    currency, rows = about.settings["currency"], []
    charged, count = costs["charged_cost"].dropna(), costs["engagement_count"].sum()
    if len(charged) and costs["basis"].iloc[0] != "charged":
        exact = dict.fromkeys(("value", "low", "high"), float(charged.sum())) | {"n": len(charged)}
        rows.append(
            _figure("cost", "charged_cost", "Charged to customers", exact, "_cost")
            | {"sentence": f"{tell_money(exact['value'], currency)} was charged."}
        )
    if count > 0 and costs["cost_to_serve_cost"].notna().any():
        rows.append(_tell_unit_cost(costs, int(count), about))
    return rows


def _tell_unit_cost(costs: pd.DataFrame, count: int, about: _About) -> dict[str, Any]:
    """All costs over all deliveries, with a range from the spread between customers."""
    settings, charged = about.settings, costs["basis"].iloc[0] == "charged"
    unit = ratio_interval(
        costs, "cost_to_serve_cost", "engagement_count", level=settings["interval_level"], seed=settings["seed"],
        minimum=settings["minimum_estimate"],
    ) | {"n": count}  # fmt: skip
    title = "Charged per delivery" if charged else "Cost to serve per delivery"
    each = tell_money(unit["value"], settings["currency"])
    whole = "All that was charged" if charged else "All that serving cost"
    return _figure("cost", "unit_cost", title, unit, "_cost") | {
        "sentence": f"{whole}, over {count:,} deliveries: about {each} each."
    }


def _beside_value(benefits: pd.DataFrame | None, about: _About) -> list[dict[str, Any]]:
    """Benefit in money, each kind apart."""
    if benefits is None:
        return []
    table = list_benefits(benefits, about.quarter, about.settings)
    return [
        _figure("value", r["figure"], r["title"], {**r, "low": r["value"], "high": r["value"]}, "_benefit")
        | {"sentence": r["sentence"]}
        for r in table.to_dict("records")
    ]


def _tell_load(history: pd.DataFrame, capacity: pd.DataFrame, about: _About) -> dict[str, Any]:
    """Hours worked over practical hours; without either the lead time stands for load."""
    practical = capacity["practical_hours"].fillna(capacity["theoretical_hours"] * about.settings["practical_share"])
    supplied = practical.groupby(capacity["quarter"]).sum(min_count=1)
    worked = _of_quarter(history, about.quarter, "worked_hours")
    here = supplied.get(about.quarter, np.nan)
    if worked.empty or not here > 0 or set(history["basis"]) != {"hours"}:
        return _tell_measured("load", MAIN["load"], about)
    earlier = _of_quarter(history, about.before, "worked_hours") / supplied.get(about.before, np.nan)
    change = _compare_sums(worked / here, earlier.dropna(), about.settings)
    used = float(worked.sum() / here)
    row = _figure(
        "load",
        "utilisation_share",
        "Capacity used",
        {"value": used, "low": used, "high": used, "n": len(worked)},
        "_share",
        against=about.before,
        **change,
    )
    limit = about.settings["utilisation_warning_share"]
    warning = f", above the {100 * limit:.0f} % from which waits grow steeply" if used > limit else ""
    return row | {"sentence": f"{100 * used:.0f} % of the practical hours were used{warning}{say_change(row)}."}


def _tell_measured(topic: str, wanted: tuple[tuple[str, str, str], ...], about: _About) -> dict[str, Any]:
    """The first of the wanted measures that has a value; else why there is none."""
    told = _each(topic, wanted, about, "")
    if told:
        return told[0]
    lacking = about.missing
    if lacking is not None:
        reasons = lacking[lacking["measure"].isin([name for name, _, _ in wanted])]
        if len(reasons):
            return _unmeasured(topic, str(reasons["sentence"].iloc[0]))
    return _unmeasured(topic, f"{topic.capitalize()} is not measured: the tables have nothing on it for the quarter.")


def _each(topic: str, wanted: tuple[tuple[str, str, str], ...], about: _About, but: str) -> list[dict[str, Any]]:
    cells = about.cells[(about.cells["group_kind"] == "all") & about.cells["value"].notna()].set_index("measure")
    rows = []
    for name, unit, words in wanted:
        if name in cells.index and name != but:
            row = _figure(topic, name, TITLES[name], cells.loc[name].to_dict(), unit, **_change_of(name, about))
            rows.append(row | {"sentence": say_measured(row, words, beside=bool(but))})
    return rows


def _change_of(measure: str, about: _About) -> dict[str, Any]:
    changes = about.changes
    mine = changes[
        (changes["measure"] == measure) & (changes["group_kind"] == "all") & (changes["against"] == about.against)
    ]
    if mine.empty:
        return {}
    row = mine.iloc[0]
    return {
        "change": row["change"],
        "change_low": row["low"],
        "change_high": row["high"],
        "against": about.before,
        "direction": row["direction"],
    }


def _tell_scores(scores: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    middle = median_interval(scores["score"], level=settings["interval_level"], minimum=settings["minimum_estimate"])
    row = _figure("value", "value_score", "Value score of the middle customer", middle, "_score")
    said = (
        f"The middle customer's value score is {middle['value']:.0f} of 100{say_range(row)}; no benefit was measured."
    )
    return row | {"sentence": said}


def _with_beside(row: dict[str, Any], beside: list[dict[str, Any]]) -> dict[str, Any]:
    """The topic's sentence followed by those of the figures that belong beside it."""
    told = row["figure"] or row["topic"] == "value"  # what was due is worth telling though nobody measured it
    more = [b["sentence"] for b in beside if b["topic"] == row["topic"] and told]
    return row | {"sentence": " ".join([row["sentence"], *more])}


def _tell(figures: pd.DataFrame, before: str) -> str:
    clear = figures[figures["direction"].isin(["better", "worse", "higher", "lower"])]
    if figures["value"].isna().all():
        return "None of the five topics can be told from these tables."
    unknown = figures.loc[figures["value"].isna(), "topic"].tolist()
    moves = ", ".join(
        f"{topic} {direction}" for topic, direction in zip(clear["topic"], clear["direction"], strict=True)
    )
    told = (
        f"Since {before}: {moves}; none of the others changed clearly." if moves else f"No clear change since {before}."
    )
    return told + (f" Not measured: {', '.join(unknown)}." if unknown else "")
