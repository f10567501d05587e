"""Scenarios side by side: each figure with its range, and what each of them changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from pmo_analysis.analysis.scenarios.arithmetic import Scenario, undo_changes
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.showing import show_result

AS_IT_WAS = "as it was"
EVERYTHING = "all"


@dataclass(frozen=True, eq=False)
class ScenarioComparison:
    """Scenarios of one quarter beside each other, the first as it was.

    table: figure, scenario, value, low, high, change (from the first)
    inputs: scenario, input, input_of (a service, a role or all), becomes (in words)
    scenarios: name → Scenario, in the order in which they were given
    """

    table: pd.DataFrame
    inputs: pd.DataFrame
    scenarios: Mapping[str, Scenario] = field(repr=False)
    sentence: str = ""

    @property
    def wide(self) -> pd.DataFrame:
        """One row per figure, one column per scenario: its value."""
        rows = self.table.pivot(index="figure", columns="scenario", values="value")
        return rows.reindex(index=self.table["figure"].unique(), columns=list(self.scenarios))

    def _repr_html_(self) -> str:
        return show_result(self.sentence, self.wide.reset_index())


def compare_scenarios(scenarios: Mapping[str, Scenario]) -> ScenarioComparison:
    """What several scenarios of one quarter come to, beside how it was.

    `scenarios`: name → `pmo.what_if`'s answer; the quarter as it was is put first where it is not among them.
    Raises InputError where there is none, or where they start from different engagements.
    """
    if not isinstance(scenarios, Mapping) or not scenarios:
        raise InputError("No scenario to compare. Give a mapping of names to scenarios of pmo.what_if.")
    given = list(scenarios.values())
    odd = [name for name, scenario in scenarios.items() if not _same_work(scenario, given[0])]
    if odd:
        raise InputError(f"Scenario {odd[0]!r} starts from other engagements. Compare scenarios of one baseline.")
    plain = {n: s for n, s in scenarios.items() if not s.inputs}
    named = {**(plain or {AS_IT_WAS: undo_changes(given[0])}), **scenarios}
    parts = [s.result.assign(scenario=name) for name, s in named.items()]
    table = pd.concat(parts, ignore_index=True)[["figure", "scenario", "value", "low", "high"]]
    first = parts[0].set_index("figure")["value"]
    before = table["figure"].map(first)
    change = (table["value"] - before).where(~np.isclose(table["value"], before), 0.0)
    table["change"] = change.where(table["scenario"] != next(iter(named)))
    inputs = [row for name, scenario in named.items() for row in _list_inputs(name, scenario.inputs)]
    sentences = [named[n].sentence for n in named]
    return ScenarioComparison(
        table, pd.DataFrame(inputs, columns=["scenario", "input", "input_of", "becomes"]), named, sentences[-1]
    )


def _same_work(one: Scenario, other: Scenario) -> bool:
    return one.work is other.work or one.work.rows.equals(other.work.rows)


def _list_inputs(name: str, inputs: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    rows = []
    for change, value in inputs.items():
        parts = value if isinstance(value, Mapping) else {EVERYTHING: value}
        rows += [(name, change, of, _tell(v)) for of, v in parts.items()]
    return rows


def _tell(value: Any) -> str:
    return ", ".join(f"{v:g}" for v in value) if isinstance(value, list) else f"{value:g}"
