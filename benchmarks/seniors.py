"""How right the senior effect is: `python -m benchmarks.seniors --seeds 2000:2200 --families smooth --effects 0`.

Engagements with a planted effect (`senior_work.py`) are judged, and per family, treatment and effect are told: bias,
share of intervals that hold the effect, wrong-sign claims (an interval beyond zero on the other side; where nothing
is planted, beyond zero at all), refusals, width, and beside them the comparison without adjustment and ordinary
least squares with the same confounders as straight lines and errors by customer. Every draw is one line of a cache that is
resumed as long as the analysis and the families are the same. Tune on seeds 0 to 99 alone; tell those from 2000.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from threadpoolctl import threadpool_limits

from benchmarks.senior_work import COMPARABLE, CONFOUNDERS, FAMILIES, REFUSED, Treatment, draw
from pmo_analysis.analysis.seniority import senior_effect

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / "reports" / "benchmarks" / "seniors.jsonl"
MOST_BIAS, LEAST_COVERED, MOST_COVERED, MOST_WRONG, MOST_REFUSED, LEAST_REFUSED = 0.03, 0.93, 0.97, 0.05, 0.05, 0.95

Job = tuple[str, Treatment, float, int]


def measure(job: Job) -> dict[str, Any]:
    """One draw: what is told of the effect, and what plain comparisons would tell."""
    family, treatment, effect, seed = job
    table = draw(family, effect, seed, treatment=treatment)
    began = time.process_time()
    with threadpool_limits(1):
        told = senior_effect(table, outcome="outcome", treatment="senior", confounders=CONFOUNDERS, cluster="customer")
    seconds = time.process_time() - began
    plain = plain_regression(table, treatment)
    row = {"family": family, "treatment": treatment, "effect": effect, "seed": seed, "verdict": told.verdict}
    row |= {"estimate": told.estimate, "low": told.low, "high": told.high, "naive": told.naive}
    return row | {"plain": plain[0], "plain_low": plain[1], "plain_high": plain[2], "seconds": round(seconds, 4)}


def plain_regression(table: pd.DataFrame, treatment: Treatment) -> tuple[float, float, float]:
    """The habit: least squares with confounders as straight lines, 95 % by errors clustered by customer (CR1)."""
    lines = table[["complexity", "novelty", "parties_count"]].assign(log_hours=np.log(table["planned_hours"]))
    kinds = pd.get_dummies(table["kind"], drop_first=True, dtype=float)
    scale = 1.0 if treatment == "lead" else 0.1
    x = np.column_stack([table["senior"].to_numpy(float) / scale, np.ones(len(table)), lines, kinds])
    inverse, y = np.linalg.inv(x.T @ x), table["outcome"].to_numpy(float)
    coefficient = inverse @ (x.T @ y)
    scores = pd.DataFrame(x * (y - x @ coefficient)[:, None]).groupby(table["customer"].to_numpy()).sum().to_numpy()
    groups, (rows, width) = len(scores), x.shape
    correction = groups / (groups - 1) * (rows - 1) / (rows - width)
    error = float(np.sqrt(correction * (inverse @ scores.T @ scores @ inverse)[0, 0]))
    return float(coefficient[0]), float(coefficient[0] - 1.96 * error), float(coefficient[0] + 1.96 * error)


def fingerprint() -> str:
    """A hash of the families and of the code that judges: figures of other code are not mixed in."""
    sources = [ROOT / "benchmarks" / "senior_work.py"]
    folder = ROOT / "pmo_analysis" / "analysis" / "seniority"
    sources += [folder / f"{name}.py" for name in ("basis", "effect", "overlap", "partialling", "smoothing")]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def run(jobs: list[Job], cache: Path) -> pd.DataFrame:
    """All jobs' rows; those not in the cache are measured and appended to it as they come."""
    code, keys = fingerprint(), ("family", "treatment", "effect", "seed")
    lines = cache.read_text("utf-8").splitlines() if cache.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]
    known = {tuple(row[k] for k in keys): row for row in rows if row["code"] == code}
    cache.parent.mkdir(parents=True, exist_ok=True)
    with cache.open("a", encoding="utf-8") as file:
        for job in (job for job in jobs if job not in known):
            known[job] = measure(job) | {"code": code}
            file.write(json.dumps(known[job]) + "\n")
            file.flush()
    return pd.DataFrame([known[job] for job in jobs])


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per family, treatment and effect; `falls_short` names the figures that miss what is wanted."""
    keys = ["family", "treatment", "effect"]
    return pd.DataFrame(
        [dict(zip(keys, key, strict=True)) | _line(part) for key, part in rows.groupby(keys, sort=False)]
    )


def _line(part: pd.DataFrame) -> dict[str, Any]:
    effect, told = part["effect"].iloc[0], part[part["estimate"].notna()]
    off = told["estimate"] - effect
    figures = {
        "draws": len(part),
        "refused": 1 - len(told) / len(part),
        "bias": off.mean(),
        "bias_error": off.std() / np.sqrt(max(len(told), 1)),
        "covered": told["low"].le(effect).where(told["high"] >= effect, False).mean(),
        "wrong_sign": _wrong(told, effect),
        "width": (told["high"] - told["low"]).mean(),
        "naive_bias": (part["naive"] - effect).mean(),
        "plain_bias": (part["plain"] - effect).mean(),
        "plain_covered": part["plain_low"].le(effect).where(part["plain_high"] >= effect, False).mean(),
        "seconds": part["seconds"].median(),
    }
    return figures | {"falls_short": _falls_short(str(part["family"].iloc[0]), figures)}


def _wrong(told: pd.DataFrame, effect: float) -> float:
    above, below = told["low"] > 0, told["high"] < 0
    return float((below if effect > 0 else above if effect < 0 else above | below).mean())


def _falls_short(family: str, figures: dict[str, Any]) -> str:
    if family in REFUSED:
        return "" if figures["refused"] >= LEAST_REFUSED else "refused"
    if family not in COMPARABLE:
        return ""
    misses = {
        "bias": abs(figures["bias"]) > MOST_BIAS,
        "covered": not LEAST_COVERED <= figures["covered"] <= MOST_COVERED,
        "wrong_sign": figures["wrong_sign"] > MOST_WRONG,
        "refused": figures["refused"] > MOST_REFUSED,
    }
    return ", ".join(name for name, missed in misses.items() if missed)


def render(lines: pd.DataFrame) -> str:
    """The lines as a table; in brackets what the number of draws leaves open (one error, Wilson's 95 %)."""
    heads = ["family", "treatment", "effect", "draws", "refused", "bias", "covered", "wrong sign", "width"]
    heads += ["naive bias", "plain OLS: bias, covered", "CPU s", "falls short"]
    table = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for one in lines.to_dict("records"):
        told = round(one["draws"] * (1 - one["refused"]))
        cells = [one["family"], one["treatment"], f"{one['effect']:+.1f}", f"{one['draws']:,}", f"{one['refused']:.3f}"]
        cells += [
            f"{one['bias']:+.3f} (±{one['bias_error']:.3f})",
            _share(one["covered"], told),
            _share(one["wrong_sign"], told),
        ]
        cells += [
            f"{one['width']:.2f}",
            f"{one['naive_bias']:+.2f}",
            f"{one['plain_bias']:+.3f}, {one['plain_covered']:.2f}",
        ]
        cells += [f"{one['seconds']:.2f}", one["falls_short"] or "–"]
        table.append(f"| {' | '.join(cells)} |")
    return "\n".join(table)


def _share(share: float, count: int) -> str:
    if not count:
        return "–"
    spread = binomtest(round(share * count), count).proportion_ci(method="wilson")
    return f"{share:.3f} ({spread.low:.3f}–{spread.high:.3f})"


def _parse() -> argparse.Namespace:
    def seeds(text: str) -> range:
        first, _, stop = text.partition(":")
        return range(int(first), int(stop) if stop else int(first) + 1)

    parser = argparse.ArgumentParser(description="How right the senior effect is, against planted effects.")
    parser.add_argument("--seeds", type=seeds, default="2000:2200", help="first:stop (2000:2200)")
    parser.add_argument("--families", nargs="+", default=[*FAMILIES], choices=[*FAMILIES])
    parser.add_argument("--effects", nargs="+", type=float, default=[-0.4, 0.0, 0.4])
    parser.add_argument("--treatments", nargs="+", default=["lead", "share"], choices=["lead", "share"])
    parser.add_argument("--cache", type=Path, default=CACHE, help="measured draws, resumed")
    return parser.parse_args()


def main() -> None:
    """Measure what the options ask for and print the table."""
    chosen = _parse()
    order = product(chosen.seeds, chosen.families, chosen.treatments, chosen.effects)
    # Seed by seed, so that a run stopped early has measured all families alike.
    jobs = [(family, treatment, effect, seed) for seed, family, treatment, effect in order]
    rows = run(jobs, chosen.cache)
    ordered = rows.assign(family=pd.Categorical(rows["family"], chosen.families)).sort_values(
        ["family", "treatment", "effect"]
    )
    print(render(summarise(ordered.astype({"family": "str"}))))


if __name__ == "__main__":
    main()
