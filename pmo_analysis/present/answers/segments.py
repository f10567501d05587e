"""The segments in words: a card for each, who sits between, what the organisation's own segments are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pmo_analysis.analysis.segments import Segmentation
from pmo_analysis.present.formats import cell, join, table, tell, tell_limits, told
from pmo_analysis.present.names import Names, names_of
from pmo_analysis.present.templating import render
from pmo_analysis.quarter import Quarter

_FIGURES = 3
_CHANGES = 4
_CLEAR = 0.5
_MUCH = 1.25
_STABLE = {
    "very stable": "Very stable",
    "stable": "Stable",
    "a pattern": "A pattern rather than a group: its edges move",
    "not trustworthy": "Not to be relied on",
}


@dataclass(frozen=True)
class Needs:
    """What features are called and in which unit they are told."""

    meanings: Mapping[str, str]
    units: Mapping[str, str]
    currency: str

    def name(self, feature: object) -> str:
        """A feature in plain words; a level of a choice is `column: level`."""
        column, _, level = str(feature).partition(" = ")
        plain = self.meanings.get(column, column.replace("_", " ")).removesuffix(", geometric mean")
        return f"{plain}: {level}" if level else plain

    def tell(self, feature: object, value: object) -> str:
        """A value of a feature in its unit."""
        return tell(value, self._unit(feature), self.currency)

    def tell_cell(self, feature: object, value: object) -> str:
        """A cell of a feature, number or choice; a dash where it is not known."""
        return value if isinstance(value, str) else self.tell(feature, value)

    def tell_change(self, feature: object, value: float) -> str:
        """A change of a feature's mean with its sign; shares in points."""
        if pd.isna(value):
            return cell(None)
        if self._unit(feature) == "_share":
            told = f"{100 * value:+.1f} points"
        else:
            told = f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+.2f}"
        return "0" if told.strip("+-0. points") == "" else told.replace("-", "−")

    def _unit(self, feature: object) -> str:
        if " = " in str(feature):
            return "_share"
        unit = self.units.get(str(feature), "")
        return {"share": "_share", "count": "_count", "hours": "_hours", "money": "_cost"}.get(unit, "")


def needs_of(quarter: Quarter) -> Needs:
    """How the quarter's features are told."""
    meaning = quarter.features.meaning.set_index("feature")
    return Needs(meaning["meaning"].to_dict(), meaning["unit"].to_dict(), quarter.settings["currency"])


def order_features(profile: pd.DataFrame) -> list[str]:
    """Features by how far they set segments apart, first what tells most."""
    shift = profile.pivot_table("shift", "feature", "segment", aggfunc="first")
    apart = (shift.max(axis=1) - shift.min(axis=1)).rename("apart").reset_index()
    return apart.sort_values(["apart", "feature"], ascending=[False, True])["feature"].tolist()


def mark_shift(shift: float) -> str:
    """An arrow for clearly more or less than everybody, two for much more or less."""
    if pd.isna(shift) or abs(shift) < _CLEAR:
        return ""
    return ("▲" if shift > 0 else "▼") * (2 if abs(shift) >= _MUCH else 1)


def tell_found(quarter: Quarter) -> str:
    """How many groups there are, and which."""
    cut, names = quarter.segmentation, names_of(quarter)
    if not cut.found:
        return cut.sentence
    rules = cut.rules.sort_values(["customers_count", "segment"], ascending=[False, True])
    said = [
        f"{names.segment(s)} ({tell(n, '_count')})"
        for s, n in zip(rules["segment"], rules["customers_count"], strict=True)
    ]
    return f"The {len(cut.members):,} customers with a recent request form {cut.count} groups: {'; '.join(said)}."


def tell_outside(quarter: Quarter) -> str:
    """Customers that no segment holds, told apart from the segments: how many, and why."""
    reasons = quarter.features.left_out["reason"].value_counts().rename_axis("reason").reset_index()
    if reasons.empty:
        return ""
    ordered = reasons.sort_values(["count", "reason"], ascending=[False, True])
    said = "; ".join(f"{n:,} {reason}" for reason, n in zip(ordered["reason"], ordered["count"], strict=True))
    return f"In no segment, since there is no recent request to go by: {said}."


def show_cards(quarter: Quarter) -> str:
    """One card per segment, the largest first; nothing where there is one group."""
    cut, names, needs = quarter.segmentation, names_of(quarter), needs_of(quarter)
    if not cut.found:
        return ""
    rules = cut.rules.sort_values(["customers_count", "segment"], ascending=[False, True])
    cards = [_make_card(quarter, row, names, needs) for row in rules.to_dict("records")]
    return render("segments.html.j2", cards=cards, outside=tell_outside(quarter))


def _make_card(quarter: Quarter, rule: dict[str, object], names: Names, needs: Needs) -> dict[str, object]:
    cut, segment = quarter.segmentation, rule["segment"]
    share = float(rule["customers_count"]) / max(len(cut.members), 1)  # type: ignore[arg-type]
    facts = {
        "Who belongs to it": f"{str(rule['rule'])[:1].upper()}{str(rule['rule'])[1:]}. {_tell_rule(rule)}",
        "How firm it is": tell_firmness(cut, segment),
        "Between two segments": _tell_between(cut, segment, names),
        "Moved": _tell_moves(quarter, segment),
    }
    return {
        "name": names.segment(segment),
        "size": f"{tell(rule['customers_count'], '_count')} customers, {tell(share, '_share')} of all in a segment",
        "figures": _list_marks(cut.profile, segment, needs),
        "facts": {name: text for name, text in facts.items() if text},
    }


def _tell_rule(rule: dict[str, object]) -> str:
    return (f"This holds for {tell(rule['coverage'], '_share')} of them; of all for whom it holds, "
            f"{tell(rule['precision'], '_share')} are in the segment.")  # fmt: skip


def _list_marks(profile: pd.DataFrame, segment: object, needs: Needs) -> list[dict[str, str]]:
    """The three features in which a segment is least like everybody."""
    rows = profile[(profile["segment"] == segment) & profile["shift"].notna()]
    rows = rows.assign(far=rows["shift"].abs()).sort_values(["far", "feature"], ascending=[False, True]).head(_FIGURES)
    return [
        {
            "name": needs.name(r["feature"]),
            "here": needs.tell(r["feature"], r["median"]),
            "all": needs.tell(r["feature"], r["overall_median"]),
            "mark": mark_shift(r["shift"]),
        }
        for r in rows.to_dict("records")
    ]


def tell_firmness(cut: Segmentation, segment: object) -> str:
    """How surely a segment comes back when it is cut from other customers, in words; blank where that was not tried."""
    rows = cut.stability[cut.stability["segment"] == segment]
    if rows.empty or pd.isna(rows["jaccard"].iloc[0]):
        return ""
    row = rows.iloc[0]
    spread = tell_limits(row["low"], row["high"], "_share")
    words = _STABLE.get(str(row["band"]), str(row["band"]).capitalize())
    return (f"{words}: cut again from {tell(row['draws'], '_count')} random samples of the customers, "
            f"{tell(row['jaccard'], '_share')} of it comes back ({spread}).")  # fmt: skip


def _tell_between(cut: Segmentation, segment: object, names: Names) -> str:
    members = cut.members
    near = members.loc[(members["segment"] == segment) & members["between"].astype(bool), "second"].value_counts()
    if near.empty:
        return "Nobody: each customer’s place is clear."
    ordered = near.rename("count").reset_index().sort_values(["count", "second"], ascending=[False, True])
    said = join(f"{n} towards “{names.segment(s)}”" for s, n in zip(ordered["second"], ordered["count"], strict=True))
    return f"{said[:1].upper()}{said[1:]}."


def _tell_moves(quarter: Quarter, segment: object) -> str:
    history = quarter.history
    if history.members.empty:
        return ""
    moves, since = history.movers, history.members["quarter"].min()
    come, gone = int((moves["to_segment"] == segment).sum()), int((moves["from_segment"] == segment).sum())
    return f"{come} in and {gone} out since {since}." if come or gone else f"Nobody in or out since {since}."


def list_between(quarter: Quarter) -> str:
    """How many customers sit between which two segments."""
    cut, names = quarter.segmentation, names_of(quarter)
    rows = cut.members[cut.members["between"].astype(bool)] if cut.found else cut.members[:0]
    pairs = rows.groupby(["segment", "second"]).size().rename("count").reset_index()
    pairs = pairs.sort_values(["count", "segment", "second"], ascending=[False, True, True])
    shown = pd.DataFrame({
        "In": [names.segment(s) for s in pairs["segment"]], "and nearly in": [names.segment(s) for s in pairs["second"]],
        "Customers": told(pairs, "count", "_count"),
    })  # fmt: skip
    return table(shown, caption="Customers that sit between two segments", most=6)


def read_changes(quarter: Quarter) -> pd.DataFrame:
    """The largest changes of needs since last quarter, measured by how far customers lie apart in each."""
    rows, profile = quarter.history.split, quarter.segmentation.profile
    rows = rows[(rows["quarter"] == quarter.quarter) & rows["change"].notna() & (rows["change"] != 0)]
    wide = (profile["p90"] - profile["p10"]).groupby(profile["feature"]).max()
    size = (rows["change"].abs() / rows["feature"].map(wide).astype("float64")).replace(float("inf"), float("nan"))
    ordered = rows.assign(size=size).sort_values(["size", "feature"], ascending=[False, True])
    return ordered[ordered["size"].notna()].head(_CHANGES)


def tell_largest_change(quarter: Quarter) -> str:
    """What customers' needs changed in most, and whether that is other customers or other needs."""
    rows, needs = read_changes(quarter), needs_of(quarter)
    if rows.empty:
        return ""
    row = rows.iloc[0]
    change, mix, rate = (needs.tell_change(row["feature"], row[c]) for c in ("change", "mix", "rate"))
    said = f"Since last quarter needs changed most in “{needs.name(row['feature'])}”: {change} on average"
    if not quarter.segmentation.found:
        return f"{said}."
    return (
        f"{said}; {rate} because customers of the same segment ask otherwise, "
        f"{mix} because other segments have more customers."
    )


def list_changes(quarter: Quarter) -> str:
    """The largest changes of needs, each split into mix and rate."""
    rows, needs = read_changes(quarter), needs_of(quarter)
    titles = {"Change": "change"}
    if quarter.segmentation.found:
        titles |= {"Other mix of segments": "mix", "Same segments asking otherwise": "rate"}
    shown = pd.DataFrame({"Average of": [needs.name(f) for f in rows["feature"]]} | {
        title: [needs.tell_change(f, v) for f, v in zip(rows["feature"], rows[column], strict=True)]
        for title, column in titles.items()
    })  # fmt: skip
    return table(shown, caption="What changed most in needs since last quarter")


def tell_schemes(quarter: Quarter) -> str:
    """By which scheme the segments are told or how to freeze them; in a scheme's first quarter also what it changes."""
    told = [quarter.scheme_in_force.sentence.replace("`", "")]
    told += [quarter.scheme_comparison.sentence] if quarter.scheme_comparison is not None else []
    return " ".join(told)


def list_schemes(quarter: Quarter) -> str:
    """The same customers by the scheme before and by the new one."""
    if quarter.scheme_comparison is None:
        return ""
    rows, names = quarter.scheme_comparison.counts, names_of(quarter)
    rows = rows[rows["customers_count"] > 0].sort_values(["customers_count", "old_segment", "new_segment"],
                                                         ascending=[False, True, True])  # fmt: skip
    old = _name_before(quarter)
    shown = pd.DataFrame({
        "By the scheme before": [old.get(s, s) for s in rows["old_segment"]],
        "By the new scheme": [names.segment(s) for s in rows["new_segment"]],
        "Customers": told(rows, "customers_count"),
    })  # fmt: skip
    return table(shown, caption="Both schemes, told for this quarter alone", most=10)


def _name_before(quarter: Quarter) -> dict[str, str]:
    """What the scheme in force until now calls its segments."""
    told = quarter.scheme_in_force.table
    seals = set(told.loc[told["told_as"] == "before", "sha256"])
    kept = [s for scheme in quarter.data.schemes if scheme.sha256 in seals for s in scheme.scheme["segments"]]
    return {s["segment"]: s["name"][:1].upper() + s["name"][1:] for s in kept}


def tell_moves(quarter: Quarter) -> str:
    """How many moved for good, and whether a recut is advised; nothing where there is only one group."""
    return quarter.history.sentence if quarter.segmentation.found else ""


def tell_given(quarter: Quarter) -> str:
    """Whether the segments that the organisation gave itself differ in need."""
    return quarter.given.sentence if quarter.given is not None else ""


def list_given(quarter: Quarter) -> str:
    """What marks each segment that the organisation gave itself; nothing where they do not differ in need."""
    given, needs = quarter.given, needs_of(quarter)
    if given is None or not given.found:
        return ""
    rules = given.rules
    shown = pd.DataFrame({
        "Segment": rules["segment"].tolist(),
        "Customers": told(rules, "customers_count"),
        "What marks it": [_in_short(_list_marks(given.profile, s, needs)) for s in rules["segment"]],
        "Its customers that a rule on needs finds": told(rules, "coverage", "_share"),
    })  # fmt: skip
    return table(shown, caption="Segments that the organisation gave itself")


def _in_short(marks: list[dict[str, str]]) -> str:
    said = [f"{m['mark']} {m['name']} {m['here']} (all {m['all']})" for m in marks if m["mark"]]
    return "; ".join(said[:2]) or "like everybody"
