"""Question 12: whether last quarter's decisions worked, and whether one figure was bought with another."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.present.answers.section import Section
from pmo_analysis.present.formats import MISSING, day, is_number, table, tell, tell_change, told, told_ranges
from pmo_analysis.present.names import names_of
from pmo_analysis.quarter import Quarter


def tell_decisions(quarter: Quarter) -> Section:
    """What earlier decisions were expected to do and what they did; commitments in pairs."""
    rows, names = quarter.leadership.decisions, names_of(quarter)
    shown = pd.DataFrame({
        "Decision": rows["text"].tolist(),
        "Taken": rows["quarter"].tolist(),
        "Should work by": [day(d) for d in rows["due_on"]],
        "Figure": [_figure(names.measure(m)) if isinstance(m, str) else MISSING for m in rows["measure"]],
        "Expected": [_effect(quarter, m, v) for m, v in zip(rows["measure"], rows["expected_effect"], strict=True)],
        "Seen": _seen(quarter, rows),
        "So it": rows["verdict"].tolist(),
    })  # fmt: skip
    kept = quarter.leadership.commitments
    promises = pd.DataFrame(
        {"Commitment": kept["title"], "This quarter": told_ranges(kept, unit="unit"), "n": told(kept, "n")}
    )
    tables = (table(shown, caption="Decisions and their effects, newest first", most=8),
              table(promises, caption="What was promised and kept"), _list_pairs(quarter))  # fmt: skip
    counted = "An effect is called seen where its range leaves out nought and goes beyond what quarters stray anyway."
    watched = quarter.leadership.pairs
    first, _, rest = quarter.leadership.sentence.partition(". ")
    return Section(
        (f"{first.removesuffix('.')}.", rest), counted, tables, (*watched["measure"], *watched["counterweight"])
    )


def _list_pairs(quarter: Quarter) -> str:
    """Figures that watch each other: the change of both, and a warning where one was bought with the other."""
    rows = quarter.leadership.pairs
    shown = pd.DataFrame({
        "Looks good": [f"{r['title']}: {r['direction']}" for r in rows.to_dict("records")],
        "Watched by": [f"{r['counter_title']}: {r['counter_direction']}" for r in rows.to_dict("records")],
        "Because": [str(s).split(":")[0] for s in rows["sentence"]],
        "Warning": ["beware" if w else "none" for w in rows["warning"]],
    })  # fmt: skip
    return table(shown, caption="Figures read in pairs, so that none is bought with another")


def _figure(title: str) -> str:
    return title[:1].upper() + title[1:]


def _unit(quarter: Quarter, measure: object) -> str:
    """The unit of a decision's measure; its name may carry it where no definition does."""
    units = quarter.measures.definitions.set_index("measure")["unit"]
    if measure in units.index:
        return str(units[measure])
    return "share" if str(measure).endswith("_share") else "money" if "cost" in str(measure) else ""


def _effect(quarter: Quarter, measure: object, value: float) -> str:
    if not is_number(value):
        return MISSING
    unit = _unit(quarter, measure)
    sign = "+" if value > 0 else ""
    if unit in ("share", "points"):
        return f"{sign}{tell(100 * value if unit == 'share' else value)} points"
    return sign + tell(value, unit, quarter.settings["currency"])


def _seen(quarter: Quarter, rows: pd.DataFrame) -> list[str]:
    """The effect seen with its range, where it has one."""
    currency = quarter.settings["currency"]
    ranges = [
        tell_change(low, high, _unit(quarter, m), currency)
        for m, low, high in zip(rows["measure"], rows["low"], rows["high"], strict=True)
    ]
    values = [_effect(quarter, m, v) for m, v in zip(rows["measure"], rows["observed_effect"], strict=True)]
    return [v if r == MISSING else f"{v} ({r})" for v, r in zip(values, ranges, strict=True)]
