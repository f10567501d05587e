"""Pictures of the segments: whether they are there, what marks them, and who moved."""

from __future__ import annotations

import pandas as pd

from pmo_analysis.analysis.segments import Segmentation
from pmo_analysis.present import plots
from pmo_analysis.present.answers.segments import mark_shift, needs_of, order_features
from pmo_analysis.present.formats import join, tell, told
from pmo_analysis.present.names import names_of
from pmo_analysis.present.plots.style import head, new_axes, panels
from pmo_analysis.present.shown import Picture, draw
from pmo_analysis.quarter import Quarter

_FEATURES = 14
_FARTHEST = 2.5
_MOST_BANDS = 14


def draw_evidence(cut: Segmentation) -> Picture | str:
    """Is there more than one group, and how many: the customers beside what one group shows by chance."""
    counts = cut.evidence[cut.evidence["gain"].notna()]
    if len(counts) < 2:
        return f"No picture: {cut.sentence}"
    if cut.null.empty:
        return draw(plots.plot_counts(counts, new_axes(2.8)), _say_counts(counts))
    limit = float(cut.evidence["threshold"].iloc[0])
    own = float(cut.null.loc[cut.null["draw"] == 0, "z"].iloc[0])
    verdict = "Yes" if cut.found else "No, no gap parts them" if own > limit else "No"
    title, said = f"Is there more than one group? {verdict}.", _say_null(cut.null, limit, "customer bases of one group")
    if not cut.found:  # the number of groups is no question then
        return draw(plots.plot_null(cut.null, limit=limit, title=title), f"{title} {said}")
    left, right = panels(1, 2, 2.9)
    plots.plot_null(cut.null, left, limit=limit, title=title)
    plots.plot_counts(counts, right)
    return draw(left, f"{title} {said} {_say_counts(counts)}")


def draw_given(cut: Segmentation) -> Picture | str:
    """Do segments that the organisation gave itself differ in need: they beside the same segments shuffled."""
    if cut.null.empty:
        return f"No picture: {cut.sentence}"
    limit = float(cut.null.loc[cut.null["draw"] > 0, "z"].max())
    title = f"Do the given segments differ in need? {'Yes' if cut.found else 'No'}."
    axes = plots.plot_null(
        cut.null, new_axes(2.9), limit=limit, title=title, draws="segments, the same\nnames shuffled"
    )
    return draw(axes, f"{title} {_say_null(cut.null, limit, 'segments with the same names shuffled')}")


def _say_null(null: pd.DataFrame, limit: float, draws: str) -> str:
    own, chance = null.loc[null["draw"] == 0, "z"], null.loc[null["draw"] > 0, "z"]
    place = "beyond" if float(own.iloc[0]) > limit else "within"
    reached = f"{len(chance)} made-up {draws} reach {tell(chance.min())} to {tell(chance.max())}"
    return (
        f"Our customers fall apart by {tell(own.iloc[0])} deviations; {reached}; "
        f"the limit is {tell(limit)}, so ours lie {place} chance."
    )


def _say_counts(counts: pd.DataFrame) -> str:
    chosen = counts.loc[counts["chosen"], "count"]
    best = join(f"{n:.0f}" for n in chosen)
    return f"Of the numbers of groups tried, 1 to {counts['count'].max():.0f}, most speaks for {best}."


def draw_profile(quarter: Quarter, cut: Segmentation) -> Picture | str:
    """What marks each segment: its middle customer beside the middle of all, first what sets segments apart most."""
    rows, names, needs = cut.profile, names_of(quarter), needs_of(quarter)
    if rows.empty or rows["segment"].nunique() < 2:
        return "No picture: all customers are told as one group."
    chosen = order_features(rows)[:_FEATURES]
    rows = rows[rows["feature"].isin(chosen)].sort_values(["customers_count", "segment"], ascending=[False, True])
    titles = {
        s: f"{names.segment(s)} ({tell(n, '_count')})"
        for s, n in zip(rows["segment"], rows["customers_count"], strict=True)
    }
    cells = pd.DataFrame({
        "row": [needs.name(f) for f in rows["feature"]],
        "column": rows["segment"].map(titles),
        "value": rows["shift"].clip(-_FARTHEST, _FARTHEST),
        "mark": [f"{needs.tell(f, m)} {mark_shift(s)}".strip() for f, m, s in
                 zip(rows["feature"], rows["median"], rows["shift"], strict=True)],
    })  # fmt: skip
    everybody = rows.drop_duplicates("feature")
    whole = pd.DataFrame({
        "row": [needs.name(f) for f in everybody["feature"]], "column": "Everybody", "value": 0.0,
        "mark": [needs.tell(f, m) for f, m in zip(everybody["feature"], everybody["overall_median"], strict=True)],
    })  # fmt: skip
    columns = [*titles.values(), "Everybody"]
    axes = plots.plot_map(
        pd.concat([cells, whole]), rows=[needs.name(f) for f in chosen], columns=columns, signed=True, most=17,
        title="▲ more, ▼ less than everybody; ▲▲, ▼▼ much more, much less",
    )  # fmt: skip
    head(axes, "What the middle customer of each segment is like")
    axes.axvline(len(titles), color="white", linewidth=6)
    return draw(axes, _say_profile(cells, list(titles.values())))


def _say_profile(cells: pd.DataFrame, columns: list[str]) -> str:
    said = []
    for column in columns:
        rows = cells[(cells["column"] == column) & cells["mark"].str.contains("[▲▼]")]
        more, less = (", ".join(rows.loc[rows["value"] * way > 0, "row"].head(4)) for way in (1, -1))
        told = [f"more {more}"] * bool(more) + [f"less {less}"] * bool(less) or ["like everybody"]
        said.append(f"{column}: {'; '.join(told)}")
    return "What marks each segment. " + ". ".join(said) + "."


def draw_migration(quarter: Quarter) -> Picture | str:
    """From which segment to which customers went between the first and the last quarter."""
    rows, names, members = quarter.history.migration, names_of(quarter), quarter.history.members
    if not quarter.segmentation.found or rows.empty or members["quarter"].nunique() < 2:
        return "No picture: there are no two quarters, or no two segments, to compare."
    flows = pd.DataFrame({
        "from_group": [names.segment(s) for s in rows["from_segment"]],
        "to_group": [names.segment(s) for s in rows["to_segment"]],
        "customers_count": rows["customers_count"],
    })  # fmt: skip
    sizes = rows.groupby("to_segment")["customers_count"].sum()
    segments = sorted(set(rows["from_segment"]) | set(rows["to_segment"]), key=lambda s: (-sizes.get(s, 0), s))
    ends = members["quarter"].min(), members["quarter"].max()
    order = [names.segment(s) for s in segments]
    axes = _draw_moves(flows, order, f"in {ends[0]} or when first seen", f"in {ends[1]} or when last seen")
    head(axes, "Who moved to another segment for good")
    return draw(axes, _say_flows(flows, *ends))


def _draw_moves(flows: pd.DataFrame, order: list[str], first: str, last: str) -> plots.Axes:
    """Bands from one side to the other; where these would be a tangle, a table of numbers."""
    if (flows["from_group"] != flows["to_group"]).sum() <= _MOST_BANDS:
        return plots.plot_flows(flows, order=order, first=first, last=last)
    whole = flows.groupby("from_group")["customers_count"].transform("sum")
    cells = pd.DataFrame({
        "row": flows["from_group"], "column": flows["to_group"], "value": flows["customers_count"] / whole,
        "mark": told(flows, "customers_count"),
    })  # fmt: skip
    title = f"customers; rows: {first}, columns: {last}; the darker, the more of the row"
    return plots.plot_map(cells, rows=order, columns=order, most=17, title=title)


def _say_flows(flows: pd.DataFrame, first: str, last: str) -> str:
    moved = flows[flows["from_group"] != flows["to_group"]].sort_values(
        ["customers_count", "from_group", "to_group"], ascending=[False, True, True])  # fmt: skip
    stayed = flows["customers_count"].sum() - moved["customers_count"].sum()
    said = [
        f"{r['customers_count']} from {r['from_group']} to {r['to_group']}" for r in moved.head(8).to_dict("records")
    ]
    return f"From {first} to {last}, {stayed} customers stayed in their segment; moved: {'; '.join(said) or 'nobody'}."
