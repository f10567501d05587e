"""How right the figures are on planted truth, beside what is wanted: the accuracy and coverage part of `make bench`.

Each subject draws a small sample from seeds that nobody tuned on and tells figures with the number of draws; `make soak`
draws many. A figure that misses what is wanted has a *; with few draws a miss may be chance, and so may a hit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

FIRST = 7000


@dataclass(frozen=True)
class Figure:
    """One measured figure: of which issue's subject, over how many draws, and the least and the most that is wanted."""

    subject: str
    what: str
    value: float
    draws: int
    least: float | None = None
    most: float | None = None

    @property
    def missed(self) -> bool:
        """Whether it lies outside what is wanted."""
        value = float(self.value)
        return (self.least is not None and value < self.least) or (self.most is not None and value > self.most)

    @property
    def wanted(self) -> str:
        """The limits in words."""
        limits = (("≥", self.least), ("≤", self.most))
        return " and ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None) or "–"


def _seeds(count: int) -> range:
    return range(FIRST, FIRST + count)


def segments(draws: int) -> Iterator[Figure]:
    """Planted groups as a share of the oracle's adjusted Rand index, and claims where there are none."""
    from benchmarks.segments import measure
    from benchmarks.segments_table import BARRED_ONE, MOST_CLAIMS, MOST_CLAIMS_ELSE, WANTED, WANTED_FOUND

    for n in (60, 300):
        for family, wanted in WANTED.items():
            rows = pd.DataFrame([measure((family, n, seed)) for seed in _seeds(draws)])
            share = rows["ari"].mean() / rows["oracle"].mean()
            yield Figure("segments", f"{family}, {n} customers, share of oracle", share, draws, wanted[n])
            if (family, n) in WANTED_FOUND:
                found = WANTED_FOUND[family, n]
                yield Figure("segments", f"{family}, {n} customers, found", rows["found"].mean(), draws, found)
        claims = [measure((family, n, seed))["found"] for family in BARRED_ONE for seed in _seeds(draws)]
        most = MOST_CLAIMS.get(n, MOST_CLAIMS_ELSE)
        what = f"one population, {n} customers, {len(BARRED_ONE)} families, claims"
        yield Figure("segments", what, fmean(claims), len(claims), None, most)


def movers(draws: int) -> Iterator[Figure]:
    """Moves between groups: precision and recall, clean and with heavy tails or one-quarter blips."""
    from benchmarks.generators import shopping
    from pmo_analysis.analysis.history import segment_history

    for name, options, precision, recall in (
        ("clean", {}, 0.95, 0.95),
        ("t tails", {"tails": 4.0}, None, 0.88),
        ("blips", {"blips": 0.08}, None, 0.88),
    ):
        right = told = planted = 0
        for seed in _seeds(draws):
            panel, moved = shopping(300, seed, **options)
            flagged = set(segment_history(panel).movers["customer_id"])
            right, told = right + len(flagged & set(moved["customer_id"])), told + len(flagged)
            planted += len(moved)
        yield Figure("movers", f"{name}, precision", right / max(told, 1), draws, precision)
        yield Figure("movers", f"{name}, recall", right / max(planted, 1), draws, recall)


def value(draws: int) -> Iterator[Figure]:
    """Rank correlation of the value score as a share of the oracle's, and what its intervals cover."""
    from benchmarks import coverage

    for n, count in ((60, draws), (300, max(draws // 3, 1))):
        for row in coverage.tell_value(_seeds(count), n).to_dict("records"):
            what = f"{row['family']}, {n} customers"
            yield Figure("value", f"{what}, share of oracle", _plain(row["share"]), count, coverage.SHARE[n])
            yield Figure("value", f"{what}, covered", _plain(row["covered"]), count, *coverage.COVERED)
            yield Figure("value", f"{what}, of 1 or 2 covered", _plain(row["of 1 or 2"]), count, coverage.FEW_COVERED)


def intervals(draws: int) -> Iterator[Figure]:
    """What intervals of shares, net promoter scores, medians and ratios cover: the least and the most over families."""
    from benchmarks.coverage import COVERED, SUBJECTS

    for name in ("shares", "promoters", "medians", "ratios", "cells"):
        tell, sizes = SUBJECTS[name]
        for n in sizes:
            table = tell(_seeds(draws), n)
            told = [_plain(text) for text in table["covered"]]
            most = COVERED[1] if n >= 10 else None
            many = len(told) > 1
            for word, figure in (("least", min(told)), ("most", max(told)))[: 2 if many else 1]:
                what = f"{name}, n = {n}, " + (f"{word} of {len(told)} families covered" if many else "covered")
                yield Figure("intervals", what, figure, int(table["draws"].iloc[0]), COVERED[0], most)


def discoveries(draws: int) -> Iterator[Figure]:
    """Of planted differences of four standard errors: found, and false among those claimed."""
    from benchmarks.coverage import tell_discoveries

    row = tell_discoveries(_seeds(draws), 30).iloc[0]
    yield Figure("discoveries", "power at four standard errors", _plain(row["power"]), draws, 0.8)
    yield Figure("discoveries", "false share of claims", _plain(row["false share"]), draws, None, 0.10)


def services(draws: int) -> Iterator[Figure]:
    """Next services: ranking as a share of the oracle's, calibration, and log-loss beside segment popularity's."""
    from benchmarks.adoption import measure, summarise

    for n, count, share in ((60, draws, 0.92), (300, max(draws // 3, 1), 0.945), (2000, max(draws // 10, 1), 0.96)):
        row = summarise(pd.DataFrame([measure(seed, n, "plain", 20, 12) for seed in _seeds(count)])).iloc[0]
        what = f"{n} customers"
        yield Figure("next services", f"{what}, NDCG@3 as a share of the oracle's", row["share_model"], count, share)
        yield Figure("next services", f"{what}, predicted over seen", row["cal_all"], count, 0.95, 1.05)
        for kind in ("recurring", "one_off"):
            told = f"{what}, predicted over seen, {kind.replace('_', '-')}"
            yield Figure("next services", told, row[f"cal_{kind}"], count, 0.93, 1.07)
        less = row["loss_model"] / row["loss_segment"]
        yield Figure("next services", f"{what}, log-loss over segment popularity's", less, count, None, 1.0)


def tiers(draws: int) -> Iterator[Figure]:
    """How often the number of sizes that is there is found."""
    from benchmarks.efforts import FAMILIES, count_tiers

    for family, step, least in (
        ("lognormal 1", 0.0, 0.95),
        ("lognormal 1", 0.25, 0.95),
        ("two", 0.0, 0.90),
        ("three", 0.0, 0.90),
        ("four", 0.0, 0.90),
    ):
        found = count_tiers(family, step, _seeds(draws))
        right = found[FAMILIES[family][0]] / found.total()
        rounded = f", rounded to {step:g} h" if step else ""
        yield Figure("sizes", f"{family}{rounded}: number of tiers right", right, draws, least)


def seniors(draws: int) -> Iterator[Figure]:
    """The senior effect: bias, coverage, wrong signs, refusals."""
    from benchmarks.senior_work import REFUSED
    from benchmarks.seniors import measure, summarise

    for treatment in ("lead", "share"):
        for effect in (-0.4, 0.0, 0.4):
            row = summarise(
                pd.DataFrame([measure(("smooth", treatment, effect, seed)) for seed in _seeds(draws)])
            ).iloc[0]
            what = f"{treatment}, planted {effect:+g}"
            yield Figure("senior effect", f"{what}, bias", row["bias"], draws, -0.03, 0.03)
            yield Figure("senior effect", f"{what}, covered", row["covered"], draws, 0.93, 0.97)
            yield Figure("senior effect", f"{what}, wrong sign", row["wrong_sign"], draws, None, 0.05)
            yield Figure("senior effect", f"{what}, refused", row["refused"], draws, None, 0.05)
    for family in REFUSED:
        rows = pd.DataFrame([measure((family, "lead", 0.0, seed)) for seed in _seeds(draws)])
        yield Figure(
            "senior effect", f"{family.replace('_', ' ')}, refused", rows["estimate"].isna().mean(), draws, 0.95
        )


def money(_: int) -> Iterator[Figure]:
    """Used and unused cost against what was supplied, on the demo: to the cent."""
    import pmo_analysis as pmo

    told = pmo.cost_to_serve(pmo.load("data/demo"), "2026Q3", "customer").reconciliation
    off = float(told.loc[told["what"] == "difference", "cost"].iloc[0])
    yield Figure("cost", "demo, supplied less what is told", off, 1, -0.005, 0.005)


def ranks(_: int) -> Iterator[Figure]:
    """Rank acceptability beside loops over pymcdm and scikit-criteria, by CPU in this run."""
    from benchmarks import ranks as beside

    beside.tell_ranks(beside.even(1000))
    for family in ("even", "none beaten"):
        told = beside.compare_one(beside.FAMILIES[family](10_000))
        for loop in beside.LOOPS:
            yield Figure("ranks", f"10,000 × 6, {family}, times as fast as {loop}", told[f"{loop}_times"], 1, 20)
            yield Figure("ranks", f"10,000 × 6, {family}, same best ten as {loop}", told[f"{loop}_agree"], 1, 1)


def packs(draws: int) -> Iterator[Figure]:
    """Packs by forked kernels beside a loop over papermill's command, both two at a time."""
    from statistics import median

    from benchmarks.packs import compare

    told = compare(8, draws, 2)
    yield Figure("packs", "times a loop over papermill", median(one / other for one, other in told), draws, 3)


# Subject → what measures it and how many draws `make bench` takes.
SUBJECTS: dict[str, tuple[Callable[[int], Iterator[Figure]], int]] = {
    "segments": (segments, 4),
    "moves": (movers, 2),
    "value": (value, 6),
    "intervals": (intervals, 10),
    "discoveries": (discoveries, 20),
    "next_services": (services, 10),
    "tier_count": (tiers, 20),
    "senior_truth": (seniors, 40),
    "money": (money, 1),
    "ranks": (ranks, 1),
    "packs": (packs, 3),
}


def measure(name: str, draws: int | None = None) -> list[Figure]:
    """All figures of a subject."""
    tell, usual = SUBJECTS[name]
    with threadpool_limits(1):
        return list(tell(draws or usual))


def render(figures: list[Figure]) -> str:
    """The figures as a table in Markdown; a * marks what misses."""
    lines = ["| subject | what | figure | draws | wanted |", "|---|---|---|---|---|"]
    for f in figures:
        told = f"{f.value:.1f}" if abs(f.value) >= 10 else f"{f.value:.3f}"
        lines.append(f"| {f.subject} | {f.what} | {told}{'*' if f.missed else ''} | {f.draws} | {f.wanted} |")
    return "\n".join(lines) + "\n"


def _plain(text: Any) -> float:
    return float(str(text).rstrip("*"))
