"""How right segments are: `python -m benchmarks.segments --seeds 1000:1040 --n 60 300 3000`.

Planted groups (`generators.py`) are cut and compared with the truth; families of one population (`populations.py`)
are cut and false claims counted. Every set drawn is one line of a cache that is resumed as long as the analysis and
the families are the same, so a run may be stopped at any time. The table goes to benchmarks/SEGMENTS.md.
Tune on seeds 0 to 99 alone; the table is of 1000 to 1099.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from sklearn.preprocessing import PowerTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.generators import GROUPED
from benchmarks.populations import UNGROUPED
from benchmarks.segments_table import render
from pmo_analysis.analysis.segments import segment_customers

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "reports" / "benchmarks" / "segments.jsonl"
TABLE = ROOT / "benchmarks" / "SEGMENTS.md"
SILHOUETTE_ROWS = 2000

Job = tuple[str, int, int]


def measure(job: Job) -> dict[str, Any]:
    """One set of a family: what was found, how right it was, and the same for k-means with k by silhouette."""
    family, n, seed = job
    with threadpool_limits(1):
        drawn = GROUPED[family](n, seed) if family in GROUPED else (UNGROUPED[family](n, seed), None, None)
        values, planted, oracle = drawn
        began = time.process_time()
        cut = segment_customers(values)
        row = {"family": family, "n": n, "seed": seed, "found": cut.found, "count": cut.count}
        row["seconds"] = round(time.process_time() - began, 3)
        if planted is None:
            return row
        row |= {"planted": int(planted.nunique()), "oracle": oracle}
        row["ari"] = adjusted_rand_score(planted, cut.members["segment"].loc[planted.index])
        row["kmeans"] = adjusted_rand_score(planted, by_silhouette(values, StandardScaler(), seed))
        row["kmeans_powers"] = adjusted_rand_score(planted, by_silhouette(values, PowerTransformer(), seed))
    return row


def by_silhouette(values: pd.DataFrame, scaler: Any, seed: int) -> np.ndarray:
    """The habit: gaps at the median, texts as columns of 0 and 1, scaled, k-means for 2 to 8, the best silhouette."""
    numbers = values.select_dtypes("number")
    parts = [scaler.fit_transform(numbers.fillna(numbers.median()))]
    if texts := [c for c in values if c not in numbers]:
        parts.append(StandardScaler().fit_transform(pd.get_dummies(values[texts], dtype=float)))
    x = np.hstack(parts)
    cuts = [KMeans(k, n_init=3, random_state=seed).fit_predict(x) for k in range(2, 9)]
    sample = min(len(x), SILHOUETTE_ROWS)
    return max(cuts, key=lambda cut: silhouette_score(x, cut, sample_size=sample, random_state=seed))


def fingerprint() -> str:
    """A hash of the families and of the code that cuts segments: figures of other code are not mixed in."""
    sources = [ROOT / "benchmarks" / name for name in ("generators.py", "populations.py", "segments.py")]
    sources += (ROOT / "pmo_analysis" / "analysis" / "segments").glob("*.py")
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()[:12]


def read_cache(path: Path, code: str) -> list[dict[str, Any]]:
    """Rows measured with this code; a last line cut short by an interruption is passed over."""
    if not path.exists():
        return []
    lines = [line for line in path.read_text("utf-8").splitlines() if line.endswith("}")]
    return [row for row in map(json.loads, lines) if row["code"] == code]


def run(jobs: list[Job], cache: Path, code: str, processes: int) -> list[dict[str, Any]]:
    """All jobs' rows; those not in the cache are measured and appended to it as they come."""
    known = {(row["family"], row["n"], row["seed"]): row for row in read_cache(cache, code)}
    missing = [job for job in jobs if job not in known]
    cache.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with cache.open("a", encoding="utf-8") as file:
        for done, row in enumerate(_measured(missing, processes), 1):
            known[row["family"], row["n"], row["seed"]] = row | {"code": code}
            file.write(json.dumps(row | {"code": code}) + "\n")
            file.flush()
            _tell(done, len(missing), row, time.monotonic() - began)
    return [known[job] for job in jobs]


def _measured(jobs: list[Job], processes: int) -> Iterator[dict[str, Any]]:
    if processes == 1:
        yield from map(measure, jobs)
        return
    with ProcessPoolExecutor(processes) as pool:
        for future in as_completed([pool.submit(measure, job) for job in jobs]):
            yield future.result()


def _tell(done: int, total: int, row: dict[str, Any], seconds: float) -> None:
    share = f" share {row['ari'] / row['oracle']:.3f}" if "ari" in row else ""
    left = seconds / done * (total - done)
    text = f"{row['family']} n={row['n']} seed={row['seed']} count={row['count']}{share}"
    print(f"[{done}/{total}, {left / 60:.0f} min left] {text}", file=sys.stderr, flush=True)


def _seeds(text: str) -> range:
    first, _, stop = text.partition(":")
    return range(int(first), int(stop) if stop else int(first) + 1)


def list_jobs(chosen: argparse.Namespace) -> list[Job]:
    """One job per family, size and seed; seed by seed, so that a run stopped early has measured all cells alike."""
    grouped = [(seed, n, f) for seed, n, f in product(chosen.seeds, chosen.n, GROUPED) if f in chosen.families]
    one = [(seed, n, f) for seed, n, f in product(chosen.null_seeds, chosen.n, UNGROUPED) if f in chosen.families]
    return [(f, n, seed) for seed, n, f in sorted([*grouped, *one], key=lambda job: job[0])]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How right segments are, against planted truth.")
    parser.add_argument("--seeds", type=_seeds, default="1000:1100", help="first:stop of planted sets (1000:1100)")
    parser.add_argument("--null-seeds", type=_seeds, default="1000:1200", help="first:stop without groups (1000:1200)")
    parser.add_argument("--n", type=int, nargs="+", default=[60, 300, 3000], help="customers per set (60 300 3000)")
    parser.add_argument("--families", nargs="+", default=[*GROUPED, *UNGROUPED], choices=[*GROUPED, *UNGROUPED])
    parser.add_argument("--jobs", type=int, default=1, help="processes at once (1)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="measured rows, resumed")
    parser.add_argument("--to", type=Path, default=TABLE, help="the table's file; - prints it only")
    return parser.parse_args()


def main() -> None:
    """Measure what the options ask for and write the table."""
    chosen, code = _parse(), fingerprint()
    text = render(pd.DataFrame(run(list_jobs(chosen), chosen.cache, code, chosen.jobs)), code)
    print(text)
    if str(chosen.to) != "-":
        chosen.to.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
