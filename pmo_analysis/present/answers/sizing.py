"""What `sizing.ipynb` shows beyond the report: one call a cell, a sentence where there is nothing to show."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmo_analysis.analysis.sizes import Tiers, size_tiers, usable_step
from pmo_analysis.contract.errors import InputError, nearest
from pmo_analysis.present.formats import table, tell, told, told_ranges
from pmo_analysis.present.names import names_of
from pmo_analysis.present.shown import Html
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_NO_EFFORT = (
    "No delivery of the look-back has hours booked or a stand-in for effort: there is nothing to cut into sizes."
)


def sizes(quarter: Quarter, service_id: str = "", tiers: int = 0) -> Html:
    """The sizes that one service's work falls into (empty: the most delivered service; tiers 0: as many as there are)."""
    chosen = _choose(quarter, service_id)
    if chosen is None:
        return _plain(_NO_EFFORT)
    cut, unit = _cut(quarter, chosen, tiers), _unit(quarter)
    shown = pd.DataFrame({
        "Size": cut.table["tier"].tolist(),
        "Above": told(cut.table, "from_hours", "ratio"),
        "up to": told(cut.table, "to_hours", "ratio"),
        "Stands for": told(cut.table, "standard_hours", "ratio"),
        "Deliveries": told(cut.table, "count"),
        "Share": told(cut.table, "share", "_share"),
    })  # fmt: skip
    name = names_of(quarter).service(chosen)
    sentence = cut.sentence if unit == "hours" else f"{name}, in counts and not hours."
    return _found([sentence], table(shown, caption=f"Sizes of {name}, {unit}"))


def evidence(quarter: Quarter, service_id: str = "") -> Html:
    """Why so many sizes: what each number of them costs, and whether its groups can be told from chance."""
    chosen = _choose(quarter, service_id)
    if chosen is None:
        return _plain(_NO_EFFORT)
    cut = _cut(quarter, chosen, 0)
    rows = cut.evidence.reindex(columns=["tiers_count", "loss", "valley", "gain", "null_gain", "kept"])
    shown = pd.DataFrame({
        "Sizes": told(rows, "tiers_count"),
        "Spare and missing": told(rows, "loss", "ratio"),
        "Shallowest valley over the lower peak": told(rows, "valley", "ratio"),
        "Gain in log likelihood": told(rows, "gain", "ratio"),
        "Largest gain by chance": told(rows, "null_gain", "ratio"),
        "Told from chance": np.where(rows["kept"].isna(), "not tried", np.where(rows["kept"] == True, "yes", "no")),  # noqa: E712
    })  # fmt: skip
    said = f"The number of sizes was chosen by {cut.chosen_by}."
    return _found([said], table(shown, caption=f"Numbers of sizes tried, {names_of(quarter).service(chosen)}"))


def limits(quarter: Quarter) -> Html:
    """How firm the limits between sizes are, the loosest first."""
    rows, names = quarter.sizes.limits, names_of(quarter)
    if rows.empty:
        return _plain("No service's work falls into more than one size, so there is no limit to be sure of.")
    rows = rows.sort_values(["changed_share", "service_id", "tier"], ascending=[False, True, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Limit above size": rows["tier"].tolist(),
        "Hours (others would put it)": told_ranges(rows, ("limit_hours", "low", "high"), unit="ratio"),
        "Deliveries that would change size": told(rows, "changed_share", "_share"),
        "Deliveries": told(rows, "n"),
    })  # fmt: skip
    return _found([], table(shown, caption="Limits between sizes, the loosest first", most=15))


def bespoke(quarter: Quarter) -> Html:
    """Bespoke deliveries that took what eight in ten standard ones of their service and size take."""
    rows, names = quarter.sizes.bespoke, names_of(quarter)
    if rows.empty:
        return _plain("No bespoke delivery has standard ones of its service and size to be compared with.")
    rows = rows.sort_values(["bespoke_count", "service_id"], ascending=[False, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Bespoke": told(rows, "bespoke_count"),
        "Could have been standard": told(rows, "could_be_standard_count"),
        "Share": told_ranges(rows, ("could_be_standard_share", "low", "high")),
    })  # fmt: skip
    count, could = int(rows["bespoke_count"].sum()), int(rows["could_be_standard_count"].sum())
    said = f"{could:,} of {count:,} bespoke deliveries took as long as standard ones do."
    return _found([said], table(shown, caption="Bespoke that could have been standard", most=15))


def left_out(quarter: Quarter) -> Html:
    """Services whose sizes cannot be told, and why."""
    rows, names = quarter.sizes.left_out, names_of(quarter)
    if rows.empty:
        return _plain("No service that was delivered is left out.")
    rows = rows.sort_values(["n", "service_id"], ascending=[False, True])
    shown = pd.DataFrame({
        "Service": [names.service(s) for s in rows["service_id"]],
        "Deliveries": told(rows, "n"),
        "Why": rows["reason"].tolist(),
    })  # fmt: skip
    return _found([f"{tell(len(rows), '_count')} services have no sizes."], table(shown, caption="Left out", most=15))


def _effort(quarter: Quarter) -> pd.DataFrame:
    """Deliveries with what they took, in hours, or in the stand-in where no hours are booked."""
    work = quarter.sizes.work
    column = "worked_hours" if work["worked_hours"].notna().any() else "effort_proxy_count"
    return work.assign(took=work[column].astype(float)).dropna(subset="took")


def _unit(quarter: Quarter) -> str:
    return "hours" if quarter.sizes.work["worked_hours"].notna().any() else "effort_proxy_count"


def _choose(quarter: Quarter, service_id: str) -> str | None:
    counts = _effort(quarter)["service_id"].value_counts().sort_index()
    if service_id and service_id not in counts.index:
        raise InputError(
            f"No delivery of service {service_id!r} has hours or a stand-in for effort. {nearest(service_id, list(counts.index))}"
        )
    return service_id or (str(counts.idxmax()) if len(counts) else None)


def _cut(quarter: Quarter, service_id: str, tiers: int) -> Tiers:
    work, settings = _effort(quarter), quarter.settings
    fixed = settings["tier_fixed_cost"] * settings["look_back_quarters"]
    took = work.loc[work["service_id"] == service_id, "took"]
    return size_tiers(
        took,
        tiers=tiers or None,
        max_tiers=5,
        under_cost=settings["under_cost"],
        over_cost=settings["over_cost"],
        fixed_cost=fixed or None,
        round_to=usable_step(took),
        seed=settings["seed"],
    )


def _found(sentences: list[str], html: str = "") -> Html:
    return Html(render("found.html.j2", sentences=sentences, html=html))


def _plain(sentence: str) -> Html:
    return Html(render("no_picture.html.j2", sentence=sentence))
