"""What `make bench` measures: each case with what it needs ready before the clock starts, and what is wanted of it.

Nothing but the standard library is imported above, so that a case pays for what it alone needs.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Case:
    """A thing to time: `imports` are loaded and `prepare` is run before the clock starts.

    Memory is counted above that of the imports, so the prepared table is part of it. `wanted`: at most so many
    seconds and MB. `beside` names the case of another way to the same, by whose time this one's is divided, round by round.
    """

    what: str
    run: Callable[[Any], object]
    prepare: Callable[[], Any] = lambda: None
    imports: tuple[str, ...] = ()
    wanted: tuple[float | None, float | None] = (None, None)
    beside: str = ""


def _import_package(_: None) -> object:
    return importlib.import_module("pmo_analysis")


def _read_settings(_: None) -> object:
    from pmo_analysis.contract.settings import read_settings

    return read_settings()


def _customers(n: int, columns: int) -> Callable[[], Any]:
    """Customers of three to five overlapping groups in the first so many columns of the family's twelve."""

    def prepare() -> Any:
        from benchmarks.generators import few_columns

        return few_columns(n, 1000)[0].iloc[:, :columns]

    return prepare


def _panel() -> Any:
    from benchmarks.generators import shopping

    return shopping(300, 1000)[0]


def _segment(values: Any) -> object:
    from pmo_analysis.analysis.segments import segment_customers

    return segment_customers(values)


def _k_loop(values: Any) -> object:
    """What scikit-learn's user guide does: k-means for 2 to 8, the best silhouette of a sample of 2,000."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from sklearn.preprocessing import StandardScaler

    x = StandardScaler().fit_transform(values)
    cuts = [KMeans(k, n_init=10 if len(x) < 100_000 else 1, random_state=0).fit_predict(x) for k in range(2, 9)]
    sample = min(len(x), 2000)
    return max(cuts, key=lambda cut: silhouette_score(x, cut, sample_size=sample, random_state=0))


def _follow(panel: Any) -> object:
    from pmo_analysis.analysis.history import segment_history

    return segment_history(panel)


def _alternatives(family: str, n: int) -> Callable[[], Any]:
    def prepare() -> Any:
        from benchmarks.ranks import FAMILIES

        return FAMILIES[family](n)

    return prepare


def _ranks(scores: Any) -> object:
    from benchmarks.ranks import tell_ranks

    return tell_ranks(scores)


def _baseline() -> Any:
    from benchmarks.app import large_quarter

    return large_quarter().baseline


def _move_all(baseline: Any) -> object:
    """Every slider at once, limits for all services too."""
    from pmo_analysis.analysis.scenarios import what_if

    return what_if(baseline, volume=1.1, tier_limits=[4.0, 12.0], standard_share=0.9, self_service_share=0.4, fte=3000)


def _work() -> Any:
    from benchmarks.work import make_work

    return make_work(1_000_000, 10_000_000)


def _tell_value_and_cost(folder: Any) -> object:
    from benchmarks.work import tell_value_and_cost

    return tell_value_and_cost(folder)


def _add_up_in_sql(folder: Any) -> object:
    from benchmarks.work import add_up_in_sql

    return add_up_in_sql(folder)


def _requests(n: int) -> Callable[[], Any]:
    def prepare() -> Any:
        from benchmarks.adoption import plant

        return plant(1000, n)

    return prepare


def _foretell(planted: Any) -> object:
    from benchmarks.adoption import foretell

    return foretell(planted, "plain")


def _ten_million_hours() -> Any:
    from benchmarks.efforts import draw_efforts

    return draw_efforts("lognormal 1", 2000, count=10_000_000)


def _cut_tiers(hours: Any) -> object:
    from pmo_analysis.analysis.sizes import size_tiers

    found = size_tiers(hours, max_tiers=5)
    assert (found.evidence["loss"] <= found.evidence["least_loss"] * (1 + 1e-5)).all()
    return found


def _kmeans_1d(hours: Any) -> object:
    import kmeans1d

    return kmeans1d.cluster(hours, 3)


def _million_pairs(kind: str) -> Callable[[], Any]:
    def prepare() -> Any:
        from benchmarks.pairs import draw_pairs

        return draw_pairs(kind, 1_000_000, 2000)

    return prepare


def _assign(problem: Any) -> object:
    from pmo_analysis.analysis.targets import assign_capacity

    told = assign_capacity(*problem)
    assert told.objective >= 0.999 * told.bound
    return told


def _engagements() -> Any:
    from benchmarks.senior_work import draw

    return draw("smooth", 0.4, 1000)


def _senior_effect(table: Any) -> object:
    from benchmarks.senior_work import CONFOUNDERS
    from pmo_analysis.analysis.seniority import senior_effect

    return senior_effect(table, outcome="outcome", treatment="senior", confounders=CONFOUNDERS, cluster="customer")


def _plain_effect(table: Any) -> object:
    from benchmarks.seniors import plain_regression

    return plain_regression(table, "lead")


def _report(_: None) -> None:
    """The whole command on the demo, as its user waits for it."""
    with tempfile.TemporaryDirectory() as out:
        command = [Path(sys.executable).with_name("pmo"), "report", "data/demo", "--out", out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _import_in_notebook(_: None) -> None:
    """papermill's own command on a notebook that only imports what the report's notebook imports."""
    import nbformat

    with tempfile.TemporaryDirectory() as out:
        path = Path(out) / "floor.ipynb"
        source = "import pandas, sklearn.cluster, scipy.stats, seaborn, duckdb, narwhals, IPython.display"
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
        command = [Path(sys.executable).with_name("papermill"), "--no-progress-bar", "-k", "python3", path, path]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


_OURS = ("benchmarks.generators", "pmo_analysis.analysis.segments", "scipy.stats")
_THEIRS = ("benchmarks.generators", "sklearn.cluster", "sklearn.metrics", "scipy.stats")


def _pair(name: str, n: int, columns: int, wanted: tuple[float, float | None]) -> dict[str, Case]:
    size = f"{n:,} customers × {columns} columns"
    ready = _customers(n, columns)
    return {
        f"segments_{name}": Case(
            f"segments with all evidence, {size}", _segment, ready, _OURS, wanted, beside=f"kmeans_{name}"
        ),
        f"kmeans_{name}": Case(
            f"scikit-learn's k-means for k = 2 to 8 with sampled silhouette, {size}",
            _k_loop,
            ready,
            _THEIRS,
        ),
    }


def _ten_million_requests() -> Any:
    from benchmarks.engines import make_requests

    return make_requests()


def _count_by(way: str) -> Callable[[Any], object]:
    def run(folder: Any) -> object:
        return getattr(importlib.import_module("benchmarks.engines"), f"with_{way}")(folder)

    return run


def _requests_counted() -> dict[str, Case]:
    """The product beside SQL by hand, and what others take; polars only where it is installed."""
    what = "10 M requests to a row per customer, 200,000 of them"
    ours = ("benchmarks.engines", "pmo_analysis.analysis.features", "pmo_analysis.intake.load", "duckdb")
    cases = {
        "requests": Case(what, _count_by("product"), _ten_million_requests, ours, beside="requests_sql"),
        "requests_sql": Case(f"{what}: SQL by hand", _count_by("sql"), _ten_million_requests, ours),
        "requests_pandas": Case(
            f"{what}: pandas", _count_by("pandas"), _ten_million_requests, ours, beside="requests_sql"
        ),
    }
    if importlib.util.find_spec("polars"):
        more = ("benchmarks.engines", "polars")
        told = f"{what}: polars"
        cases["requests_polars"] = Case(told, _count_by("polars"), _ten_million_requests, more, beside="requests_sql")
    return cases


CASES: dict[str, Case] = {
    "report": Case("`pmo report` of the demo organisation", _report, wanted=(20.0, None), beside="report_floor"),
    "report_floor": Case(
        "its floor: papermill's command on a notebook that imports the same libraries", _import_in_notebook
    ),
    "senior_effect": Case(
        "senior effect with overlap and sensitivity, 400 engagements",
        _senior_effect,
        _engagements,
        ("pmo_analysis.analysis.seniority", "benchmarks.senior_work"),
        beside="senior_plain",
    ),
    "senior_plain": Case(
        "plain least squares of the same with errors by customer", _plain_effect, _engagements, ("benchmarks.seniors",)
    ),
    **{
        f"next_services_{n}": Case(
            f"next services with hold-out, {n:,} customers × 20 services × 12 quarters",
            _foretell,
            _requests(n),
            ("benchmarks.adoption", "pmo_analysis.analysis.targets"),
        )
        for n in (300, 2_000)
    },
    "import": Case("import pmo_analysis", _import_package),
    "settings": Case("read the settings", _read_settings),
    **_pair("300", 300, 9, (3.0, None)),
    **_pair("5000", 5_000, 9, (12.0, None)),
    **_pair("million", 1_000_000, 12, (25.0, 1024.0)),
    "what_if": Case(
        "what-if with every change at once, 100,000 engagements",
        _move_all,
        _baseline,
        ("benchmarks.app", "pmo_analysis.analysis.scenarios"),
        (0.05, None),
    ),
    "quarter_value_cost": Case(
        "value and cost of a quarter, 1 M engagements and 10 M bookings",
        _tell_value_and_cost,
        _work,
        (
            "benchmarks.work",
            "pmo_analysis.analysis.cost",
            "pmo_analysis.analysis.measures",
            "pmo_analysis.analysis.value",
        ),
        (30.0, 4096.0),
        beside="quarter_floor",
    ),
    "quarter_floor": Case(
        "the floor of it: one SQL query by hand that adds up hours × rate per customer of the same files",
        _add_up_in_sql,
        _work,
        ("benchmarks.work", "duckdb"),
    ),
    **_requests_counted(),
    "movers": Case(
        "movers, 300 customers × 8 quarters",
        _follow,
        _panel,
        ("benchmarks.generators", "pmo_analysis.analysis.history"),
    ),
    **{
        f"ranks_{size}_{short}": Case(
            f"best ten ranks of {n:,} alternatives × 6 outcomes over 10,000 weights, {family}",
            _ranks,
            _alternatives(family, n),
            ("benchmarks.ranks", "pmo_analysis.analysis.value"),
            wanted,
        )
        for size, n, wanted in (("10000", 10_000, (6.0, 600.0)), ("million", 1_000_000, (60.0, None)))
        for short, family in (("even", "even"), ("unbeaten", "none beaten"))
    },
    "tiers": Case(
        "one to five tiers for 10 M efforts and how many there are, within 1e-5 of a bound",
        _cut_tiers,
        _ten_million_hours,
        ("benchmarks.efforts", "pmo_analysis.analysis.sizes"),
        (2.0, 500.0),
        beside="tiers_kmeans1d",
    ),
    "tiers_kmeans1d": Case(
        "kmeans1d's three clusters of them (squared loss only, no unequal costs, no number of tiers)",
        _kmeans_1d,
        _ten_million_hours,
        ("benchmarks.efforts", "kmeans1d"),
    ),
    **{
        f"assign_{kind.replace(' ', '_')}": Case(
            f"assignment of 1 M pairs under 20 capacities, {kind}, within 0.1 % of the bound",
            _assign,
            _million_pairs(kind),
            ("benchmarks.pairs", "pmo_analysis.analysis.targets", "scipy.optimize"),
            (5.0, None),
        )
        for kind in ("independent", "tight", "ties", "value is hours")
    },
}
