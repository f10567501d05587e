"""Do senior people buy an outcome? The adjusted effect, beside the naive one, or a refusal that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from pmo_analysis.analysis.seniority.basis import Basis, make_basis
from pmo_analysis.analysis.seniority.heterogeneity import COLUMNS as BY_MODIFIER
from pmo_analysis.analysis.seniority.heterogeneity import effect_by, tell_difference
from pmo_analysis.analysis.seniority.inputs import read_engagements
from pmo_analysis.analysis.seniority.overlap import left_out_propensity, residual_share
from pmo_analysis.analysis.seniority.partialling import Partialled, partial_out
from pmo_analysis.analysis.seniority.sensitivity import hidden_strength
from pmo_analysis.analysis.seniority.telling import judge, tell_effect, tell_hidden
from pmo_analysis.contract.errors import InputError
from pmo_analysis.contract.showing import show_result

Numbers = npt.NDArray[np.float64]
LEAST_ROWS, LEAST_ARM, LEAST_CUSTOMERS = 40, 20, 5
MOST_OUTSIDE, REFUSED_SHARE, WEAK_SHARE = 0.25, 0.05, 0.15
TEN_POINTS = 0.1
# A number blank in more of the rows than this is marked instead, so that the comparison does not rest on a few.
MOST_BLANK = 0.25
WEAK = "The confounders leave too little of the share to claim anything."


@dataclass(frozen=True, eq=False)
class SeniorEffect:
    """What senior time did to an outcome, in the outcome's units.

    estimate, low, high: yes/no treatment, treated against not; a share, per ten points more (missing when refused)
    naive: the difference or slope without adjustment · adjusted: the same as estimate, to stand beside it
    verdict: "pays", "does not pay", "cannot tell" or "not comparable"
    overlap: figure, value, limit · sensitivity: figure, value · left_out: reason, rows_count · n: rows used
    by_modifier: part, value, low, high, n: the effect up to the modifier's median, above it, and the difference
    """

    estimate: float
    low: float
    high: float
    naive: float
    adjusted: float
    verdict: str
    overlap: pd.DataFrame
    sensitivity: pd.DataFrame
    left_out: pd.DataFrame
    by_modifier: pd.DataFrame
    n: int
    sentence: str

    def _repr_html_(self) -> str:
        figures = pd.DataFrame(
            [
                {
                    "naive": self.naive,
                    "adjusted": self.adjusted,
                    "low": self.low,
                    "high": self.high,
                    "n": self.n,
                    "verdict": self.verdict,
                }
            ]
        )
        return show_result(self.sentence, figures)


def senior_effect(
    engagements: pd.DataFrame,
    *,
    outcome: str,
    treatment: str,
    confounders: Sequence[str],
    cluster: str | None = None,
    higher_is_better: bool = True,
    outcome_value: float | None = None,
    treatment_cost: float = 0.0,
    modifier: str | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> SeniorEffect:
    """Tells whether senior time bought an outcome, like compared with like, or why that cannot be told.

    engagements: one row each with the named columns; treatment yes/no (0/1) or a planned share 0–1 (effect per
    ten points); confounders as known at intake, numbers or text; rows where a number is blank are left out, unless over a quarter
    are, then blanks are marked; blank text is a level of its own; rows with one `cluster` value
    (a customer) are left out together. With `outcome_value` (money per unit of outcome) and `treatment_cost`
    the verdict is on money gained minus cost. `modifier` is a numeric column, such as complexity, by which the
    effect may differ. Refused ("not comparable") where over a quarter of out-of-customer
    propensities lie outside .05–.95, an arm has under 20, a share is nearly determined by the confounders, the
    treatment is constant, or the outcome contains the treatment's hours. Raises InputError on unknown columns
    and treatments that are neither yes/no nor a share. Source: Chernozhukov et al. (2018); Cinelli & Hazlett (2020).
    """
    if not 0 < level < 1:
        raise InputError(f"level = {level!r}: give a share between 0 and 1, such as 0.95.")
    confounders = list(dict.fromkeys([confounders] if isinstance(confounders, str) else confounders))
    others = [c for c in (cluster, modifier) if c]
    engagements = read_engagements(engagements, outcome, treatment, confounders, others)
    rows, left_out = _usable(engagements, outcome, treatment, confounders, cluster)
    binary = _is_binary(rows[treatment], treatment)
    y, t = rows[outcome].to_numpy(float), rows[treatment].to_numpy(float) / (1.0 if binary else TEN_POINTS)
    refusal = _refuse_early(y, t, outcome, treatment, binary=binary)
    if refusal:
        return _refused(refusal, y, t, _figures([]), left_out)
    with threadpool_limits(1):
        basis, clusters = make_basis(rows[list(confounders)], seed=seed), _clusters(rows, cluster, seed)
        if len(clusters) < LEAST_CUSTOMERS:
            return _refused(f"only {len(clusters)} customers", y, t, _figures([]), left_out)
        overlap, refusal, part = _compare(y, t, basis, clusters, binary=binary)
    if refusal or part is None:
        return _refused(refusal, y, t, overlap, left_out)
    worth = (1.0 if higher_is_better else -1.0) * (1.0 if outcome_value is None else outcome_value)
    asked = _Asked(outcome, binary, worth, outcome_value is not None, treatment_cost, level)
    by = effect_by(part, rows[modifier], clusters, level=level) if modifier else pd.DataFrame(columns=BY_MODIFIER)
    sensitivity = hidden_strength(part, rows[list(confounders)], y, t, level=level)
    verdict, said = _conclude(part, asked, overlap, sensitivity, tell_difference(by, modifier or ""))
    return SeniorEffect(
        part.effect, *part.limits(level), _naive(y, t), part.effect, verdict, overlap, sensitivity, left_out, by,
        len(rows), said,
    )  # fmt: skip


@dataclass(frozen=True)
class _Asked:
    """What was asked of an effect: the outcome, its worth per unit (negative where less is better), the cost."""

    outcome: str
    binary: bool
    worth: float
    valued: bool
    cost: float
    level: float


def _conclude(
    part: Partialled, asked: _Asked, overlap: pd.DataFrame, sensitivity: pd.DataFrame, difference: str
) -> tuple[str, str]:
    """The verdict and the words."""
    low, high = part.limits(asked.level)
    weak = not asked.binary and overlap["value"].iloc[0] < WEAK_SHARE
    verdict = "cannot tell" if weak else judge(asked.worth * low, asked.worth * high, asked.cost)
    limits = (part.effect, low, high)
    told = tell_effect(limits, verdict, binary=asked.binary, outcome=asked.outcome, valued=asked.valued)
    hidden = WEAK if weak else tell_hidden(sensitivity, verdict)
    return verdict, " ".join(filter(None, [told, hidden, difference]))


def _usable(
    engagements: pd.DataFrame, outcome: str, treatment: str, confounders: Sequence[str], cluster: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = engagements
    missing = {f"no {c}": rows[c].isna() for c in (outcome, treatment, *([cluster] if cluster else []))}
    # A blank number says nothing of the difficulty it stands for: such rows could not be compared like with like.
    blank = {c: rows[c].isna() for c in confounders if pd.api.types.is_numeric_dtype(rows[c])}
    missing |= {f"no {c}": gone for c, gone in blank.items() if gone.mean() <= MOST_BLANK}
    kept, counts = pd.Series(True, index=rows.index), {}
    for reason, gone in missing.items():
        counts[reason] = int((kept & gone).sum())
        kept &= ~gone
    left_out = pd.DataFrame([(r, n) for r, n in counts.items() if n], columns=["reason", "rows_count"])
    order = list(dict.fromkeys([outcome, treatment, *confounders]))
    return rows[kept].sort_values(order, kind="stable").reset_index(drop=True), left_out


def _is_binary(treatment: pd.Series, name: str) -> bool:
    if treatment.isin([0.0, 1.0]).all():
        return True
    outside = int((~treatment.between(0, 1)).sum())
    if outside:
        raise InputError(f"{name} must be yes/no or a share from 0 to 1; {outside} of {len(treatment)} rows are not.")
    return False


def _refuse_early(y: Numbers, t: Numbers, outcome: str, treatment: str, *, binary: bool) -> str:
    if outcome == treatment or (
        outcome.endswith(("_hours", "_cost")) and ("senior" in treatment or "hours" in treatment)
    ):
        return f"{outcome} itself contains the hours of {treatment}"
    if len(y) < LEAST_ROWS:
        return f"only {len(y)} engagements have both {outcome} and {treatment}"
    if np.ptp(t) == 0:
        return f"{treatment} is the same for all"
    if np.ptp(y) == 0:
        return f"{outcome} is the same for all"
    arm = int(min(t.sum(), (1 - t).sum())) if binary else LEAST_ARM
    return f"only {arm} engagements on one side of {treatment}" if arm < LEAST_ARM else ""


def _clusters(rows: pd.DataFrame, cluster: str | None, seed: int) -> list[npt.NDArray[np.int64]]:
    if cluster is None:
        return [np.array([i]) for i in np.random.default_rng(seed).permutation(len(rows))]
    # In the order in which they first appear among rows sorted by content: names do not matter.
    return [np.asarray(v) for v in rows.groupby(cluster, sort=False).indices.values()]


def _compare(
    y: Numbers, t: Numbers, basis: Basis, clusters: list, *, binary: bool
) -> tuple[pd.DataFrame, str, Partialled | None]:
    if binary:
        chance = left_out_propensity(t, basis, clusters)
        outside = float(np.mean((chance < 0.05) | (chance > 0.95)))
        figures = _figures(
            [
                ("share of propensities outside .05–.95", outside, MOST_OUTSIDE),
                ("smaller arm, engagements", float(min(t.sum(), (1 - t).sum())), LEAST_ARM),
            ]
        )
        if outside > MOST_OUTSIDE:
            return figures, f"{100 * outside:.0f} % of the work would nearly always, or never, get senior people", None
        return figures, "", partial_out(y, t, basis, clusters)
    part = partial_out(y, t, basis, clusters)
    share = residual_share(t, part.treatment)
    figures = _figures([("share of the treatment left by the confounders", share, REFUSED_SHARE)])
    return figures, "the share is nearly determined by the confounders" if share < REFUSED_SHARE else "", part


def _figures(rows: list[tuple[str, float, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["figure", "value", "limit"])


def _naive(y: Numbers, t: Numbers) -> float:
    spread = float(np.sum((t - t.mean()) ** 2)) if len(t) else 0.0
    return float(np.sum((t - t.mean()) * y) / spread) if spread > 0 else float("nan")


def _refused(reason: str, y: Numbers, t: Numbers, overlap: pd.DataFrame, left_out: pd.DataFrame) -> SeniorEffect:
    nan = float("nan")
    sentence = f"Not comparable: {reason}. The naive difference says who got senior people, not what they did."
    empty, by = pd.DataFrame(columns=["figure", "value"]), pd.DataFrame(columns=BY_MODIFIER)
    return SeniorEffect(
        nan, nan, nan, _naive(y, t), nan, "not comparable", overlap, empty, left_out, by, len(y), sentence
    )
